"""One token to be played: who makes it, with which key, and how its verifier came to the keys that it trusts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ssolab.cutover.rotation import Mishap, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from ssolab.core.certs import Certificate
    from ssolab.core.jose import JosePrivateKey
    from ssolab.core.jwk import TrustedJwk
    from ssolab.core.keys import Permission
    from ssolab.cutover.keyset_check import Way
    from ssolab.cutover.scene import Flow
    from ssolab.oidc.cache_habits import CacheHabits

_NO_ANSWER: Final = (Trouble.DOWN, Trouble.ERROR_PAGE)


@dataclass(frozen=True, kw_only=True)
class Address:
    """The address of a JWKS as a verifier meets it: documents from the ring of keys, and what goes wrong with it."""

    documents: tuple[tuple[datetime, Mapping[str, object]], ...] = field(repr=False)
    mishaps: tuple[Mishap, ...] = ()
    max_age: timedelta | None = None

    def document(self, as_of: datetime) -> Mapping[str, object]:
        """Give the key set as an edge serves it that has heard of nothing since a moment."""
        return next(document for at, document in reversed(self.documents) if at <= as_of)

    def changed(self, as_of: datetime) -> datetime:
        """Give the moment since which that document is served."""
        return next(at for at, _ in reversed(self.documents) if at <= as_of)

    def trouble(self, now: datetime) -> Trouble | None:
        """Say what stands in the way of an answer."""
        return next((each.trouble for each in self.mishaps if each.lasts(now) and each.trouble in _NO_ANSWER), None)


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
    """A token: made at `issued`, judged at `at` under `trusted` keys, or under those that `reader` finds.

    An assertion of SAML is signed in the name of `certificate`, over a `hash` of that name.
    """

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
    certificate: Certificate | None = None
    hash: str = "sha256"
    reader: KeySetReader | None = None
