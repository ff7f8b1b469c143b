"""What a lab knows of a party of OpenID Connect or OAuth beside its certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.core.jwk import TrustedJwk
    from ssolab.oidc.relying import AuthMethod


@dataclass(frozen=True, kw_only=True)
class OpenidParty:
    """A provider by its `issuer`, a client by its `client_id`, with what was agreed upon.

    `listed` are the keys of its published key set that can sign, in their order. `auth_method` is how a client has to
    prove itself; left open, in any way for which it has got something. `algorithms` are those that it allows in tokens,
    all of them where there are none.
    """

    issuer: str | None = None
    client_id: str | None = None
    secret: str | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = ()
    auth_method: AuthMethod | None = None
    listed: tuple[TrustedJwk, ...] = ()
    algorithms: tuple[str, ...] = ()

    @property
    def kids(self) -> Mapping[str, str]:
        """The names that its key set gives to keys, by the SHA-256 of their SubjectPublicKeyInfo."""
        return {key.public.sha256: key.kid for key in self.listed if key.kid is not None}

    def lists(self, spki_sha256: str) -> bool:
        """Say whether its key set has this key."""
        return any(key.public.sha256 == spki_sha256 for key in self.listed)
