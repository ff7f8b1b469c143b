"""A relying party as frozen settings: who it is at its provider, whom it believes and how it asks.

The web application serves these settings and the rehearsal plays them, so a lab and its rehearsal cannot drift apart.
Changing a setting is `dataclasses.replace`, never a mutation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from ssolab.core.findings import ConfigError
from ssolab.oidc.cache_habits import CacheHabits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.core.jose import JosePrivateKey
    from ssolab.core.jwk import TrustedJwk
    from ssolab.core.keys import Permission

AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
Judging = Literal["strict", "salesforce"]

SCOPES: Final = ("openid", "profile", "email")
USUAL_SKEW: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class JwksTrust:
    """Trust in the keys that the provider lists at its `jwks_uri`, in a copy that is kept as `habits` say.

    `profile` is the id of the profile that they come from, for people. `address` takes the place of the one in the
    provider's document. `thumbprints` (RFC 7638) narrow the set: of what is listed, only these keys count. `whole` is a
    party that takes a key out of the certificate beside it (`x5c`), where there is one.
    """

    habits: CacheHabits = field(default_factory=CacheHabits)
    profile: str | None = None
    address: str | None = None
    thumbprints: frozenset[str] = frozenset()
    whole: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedTrust:
    """Trust in keys that a person brought in, most often as certificates; no document is ever asked."""

    keys: tuple[TrustedJwk, ...]

    def __post_init__(self) -> None:
        """Refuse to trust nobody.

        Raises:
            ConfigError: there is no key.
        """
        if not self.keys:
            raise ConfigError("trust", "no key is pinned, so nobody could log in", "pin a certificate or a public key")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """The private key with which a client proves itself (private_key_jwt); it never shows in its text.

    `kid` names it to the provider, None not at all: a provider that holds an uploaded certificate needs no name.
    """

    private: JosePrivateKey = field(repr=False)
    alg: str = "RS256"
    kid: str | None = None


@dataclass(frozen=True, kw_only=True)
class RelyingClient:
    """A relying party of OpenID Connect: one client of one provider.

    `issuer` is the provider's, to the letter; its document is read from there. `name` is that of the Auth. Provider
    where an org of Salesforce is the relying party, and part of its addresses. `judging` is the profile by which ID
    tokens are judged, `algorithms` what they may be signed with, None
    every one that goes with a trusted key. `asks_userinfo` has claims fetched as well;
    `sends_nonce` and `uses_pkce` can be left out to see what a provider says to that. `message_life` is how long a
    login may take from the request to the answer, `assertion_life` how long what it signs is good, if not as long as
    is usual. `checks_expiry` says whether the dates of a pinned certificate decide, `permit` which weak things are
    allowed.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    secret: str | None = field(default=None, repr=False)
    key: ClientKey | None = None
    auth_method: AuthMethod = "client_secret_basic"
    trust: JwksTrust | PinnedTrust = field(default_factory=JwksTrust)
    scopes: tuple[str, ...] = SCOPES
    response_type: str = "code"
    algorithms: tuple[str, ...] | None = None
    judging: Judging = "strict"
    name: str = "ssolab"
    asks_userinfo: bool = True
    sends_nonce: bool = True
    uses_pkce: bool = True
    skew: timedelta = USUAL_SKEW
    message_life: timedelta = timedelta(minutes=10)
    assertion_life: timedelta | None = None
    checks_expiry: bool | None = None
    permit: frozenset[Permission] = frozenset()
    post_logout_redirect_uri: str | None = None

    def __post_init__(self) -> None:
        """Refuse a client that has nothing to prove itself with.

        Raises:
            ConfigError: its way of authenticating needs a secret or a key, and there is none.
        """
        if self.auth_method in ("client_secret_basic", "client_secret_post") and not self.secret:
            raise ConfigError(self.client_id, f"{self.auth_method} needs a secret", "name one, or use private_key_jwt")
        if self.auth_method == "private_key_jwt" and self.key is None:
            raise ConfigError(self.client_id, "private_key_jwt needs a private key", "give it one, or use a secret")

    @property
    def returns(self) -> frozenset[str]:
        """What comes back through the browser: `code`, `id_token`, `token`."""
        return frozenset(self.response_type.split())

    def counted(self, keys: Iterable[TrustedJwk]) -> tuple[TrustedJwk, ...]:
        """Keep the keys of a set that count for this party."""
        from ssolab.core.jwk import thumbprint

        wanted = self.trust.thumbprints if isinstance(self.trust, JwksTrust) else frozenset()
        return tuple(key for key in keys if not wanted or thumbprint(key.public) in wanted)
