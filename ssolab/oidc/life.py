"""One key with a life: the private key, the name of its public half, and where in its life it stands."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ssolab.core.findings import ConfigError
from ssolab.core.jose import ALGORITHMS, JosePrivateKey, algorithm_for, public_of
from ssolab.core.jwk import thumbprint

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import PublicKey


class KeyState(enum.StrEnum):
    """Where in its life a key is (RFC 7583 3.1 has the same for DNSSEC).

    GENERATED: made, and nobody outside knows it. PUBLISHED: the JWKS lists it, it signs nothing yet. ACTIVE: it signs.
    DRAINING: it signs no longer, and is listed for the sake of what it has signed. REMOVED: listed no longer.
    COMPROMISED: somebody else may have it, so it is neither listed nor used, now or ever.
    """

    GENERATED = "generated"
    PUBLISHED = "published"
    ACTIVE = "active"
    DRAINING = "draining"
    REMOVED = "removed"
    COMPROMISED = "compromised"

    @property
    def listed(self) -> bool:
        """Whether the JWKS shows a key in this state."""
        return self in (KeyState.PUBLISHED, KeyState.ACTIVE, KeyState.DRAINING)


@dataclass(frozen=True, kw_only=True)
class LifeKey:
    """A private key, the name under which its public half is published, and where in its life it stands.

    `kid` is its RFC 7638 thumbprint unless somebody named it otherwise. `purpose` tells apart keys of one algorithm
    that sign different things, each with an active key of its own; keys of one purpose may differ in `alg` (RFC 7518
    3.1).
    `since` is when it came into its `state`.
    """

    kid: str
    alg: str
    private: JosePrivateKey = field(repr=False)
    certificate: Certificate | None = None
    label: str = ""
    state: KeyState = KeyState.GENERATED
    since: datetime
    purpose: str = ""

    @classmethod
    def of(  # noqa: PLR0913  a key has this many sides
        cls,
        private: JosePrivateKey,
        now: datetime,
        *,
        alg: str | None = None,
        kid: str | None = None,
        certificate: Certificate | None = None,
        label: str = "",
        purpose: str = "",
        state: KeyState = KeyState.GENERATED,
    ) -> LifeKey:
        """Give a private key a life: named by its thumbprint, signing as its kind usually does, unless told otherwise.

        Raises:
            ConfigError: the algorithm does not fit the key.
            InputError: a key of this kind signs no token.
        """
        public = public_of(private)
        name = thumbprint(public) if kid is None else kid
        chosen = algorithm_for(public).name if alg is None else alg
        if chosen not in ALGORITHMS or not ALGORITHMS[chosen].fits(public):
            problem = f"{chosen} cannot be made with a key of kind {public.text}"
            raise ConfigError(f"key {label or name}", problem, f"use {algorithm_for(public).name}, or another key")
        return cls(
            kid=name,
            alg=chosen,
            private=private,
            certificate=certificate,
            label=label or (certificate.label if certificate else name),
            state=state,
            since=now,
            purpose=purpose,
        )

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        return public_of(self.private)

    @property
    def family(self) -> str:
        """What it is one of: the keys of its purpose, else of its algorithm, of which one at a time is active."""
        return self.purpose or self.alg

    def ready(self, publish_wait: timedelta, now: datetime) -> bool:
        """Say whether every verifier knows it by now, *publish_wait* being W_publish."""
        return self.state is KeyState.PUBLISHED and now >= self.since + publish_wait

    def dead(self, drain_wait: timedelta, now: datetime) -> bool:
        """Say whether all that it signed has run out by now, *drain_wait* being W_drain."""
        return self.state is KeyState.DRAINING and now >= self.since + drain_wait
