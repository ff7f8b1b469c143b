"""One token to be played: who makes it, with which key, and how its verifier came to the keys that it trusts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ssolab.core.catalog import barrier
from ssolab.core.findings import InputError
from ssolab.cutover.rotation import Mishap, Trouble

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ssolab.core.jose import JosePrivateKey
    from ssolab.core.jwk import TrustedJwk
    from ssolab.core.keys import Permission
    from ssolab.cutover.keyset_check import Way
    from ssolab.cutover.scene import Flow
    from ssolab.oidc.cache_habits import CacheHabits

_PAGE = b"<!doctype html><title>One moment please</title><p>We are back soon."


@barrier(cites="OIDCCore 10.1.1")
def key_set_unavailable(name: str) -> InputError:
    """The address of the key set answers with an error.

    Verifiers with a copy go on for as long as they keep it; one that starts now lets nobody in. See to the provider,
    and never change keys while its key set cannot be read.
    """
    return InputError(name, "it answers 503", "wait until the provider serves its key set again")


@dataclass(frozen=True, kw_only=True)
class Address:
    """The address of a JWKS as a verifier meets it: documents from the ring of keys, and what goes wrong with it."""

    name: str
    documents: tuple[tuple[datetime, bytes], ...] = field(repr=False)
    mishaps: tuple[Mishap, ...] = ()
    max_age: timedelta | None = None

    def answer(self, now: datetime, as_of: datetime) -> bytes:
        """Answer a fetch at *now* from an edge that serves the set as of a moment.

        Raises:
            InputError: it is down.
        """
        for mishap in self.mishaps:
            if mishap.lasts(now) and mishap.trouble is Trouble.DOWN:
                raise key_set_unavailable(self.name)
            if mishap.lasts(now) and mishap.trouble is Trouble.ERROR_PAGE:
                return _PAGE
        return next(body for at, body in reversed(self.documents) if at <= as_of)


@dataclass(frozen=True, kw_only=True)
class KeySetReader:
    """A verifier that reads a JWKS: its habits, and the past that it has when the token arrives.

    `whole` is one that takes the key out of `x5c` where there is one.
    """

    address: Address
    cache: CacheHabits
    way: Way
    whole: bool = False


@dataclass(frozen=True, kw_only=True)
class TokenScene:
    """A token: made at `issued`, judged at `at` under `trusted` keys, or under those that `reader` finds."""

    flow: Flow
    issuer: str
    client_id: str
    username: str
    private: JosePrivateKey = field(repr=False)
    alg: str
    kid: str | None
    issued: datetime
    at: datetime
    life: timedelta
    skew: timedelta
    algorithms: tuple[str, ...] = ()
    checks_expiry: bool = False
    permit: frozenset[Permission] = frozenset()
    salesforce: bool = False
    trusted: tuple[TrustedJwk, ...] = ()
    reader: KeySetReader | None = None
