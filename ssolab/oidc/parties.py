"""A provider and its clients as frozen settings: who they are, what they sign with and what they have agreed upon.

The web application serves these settings and the rehearsal plays them, so a lab and its rehearsal cannot drift apart.
Changing a setting is `dataclasses.replace`, never a mutation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.core.jwk import TrustedJwk
    from ssolab.core.keys import Permission, TrustedKey
    from ssolab.oidc.keyring import KeyRing

Flavour = Literal["generic", "salesforce"]
AccessTokens = Literal["opaque", "jwt"]

ACCESS_TOKENS: Final = "access-token"
"""The purpose of keys that sign access tokens and nothing else; Salesforce has such."""
OPENID: Final = "openid"
OFFLINE: Final = frozenset({"offline_access", "refresh_token"})
"""The scopes that ask for a refresh token: the standard's (Core 11), and Salesforce's own name for it."""

RESPONSE_TYPES: Final = ("code", "id_token", "id_token token", "code id_token", "code token", "code id_token token")
"""Every response type of OpenID Connect; the salesforce flavour has three of its own (`salesforce.openid`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """The provider's addresses, each whole."""

    authorization: str
    token: str
    userinfo: str
    jwks: str
    introspection: str
    revocation: str
    end_session: str
    registration: str | None = None


def endpoints_at(base: str, flavour: Flavour = "generic", *, registers: bool = False) -> Endpoints:
    """Give the addresses of a provider below *base* (without a slash at its end), in the shape of its flavour.

    *registers* says whether anybody may register a client; an org of Salesforce names the address for that anyway.
    """
    salesforce = flavour == "salesforce"
    root = f"{base}/services/oauth2" if salesforce else base
    return Endpoints(
        authorization=f"{root}/authorize",
        token=f"{root}/token",
        userinfo=f"{root}/userinfo",
        jwks=f"{base}/id/keys" if salesforce else f"{base}/jwks",
        introspection=f"{root}/introspect",
        revocation=f"{root}/revoke",
        end_session=f"{base}/services/auth/idp/oidc/logout" if salesforce else f"{base}/logout",
        registration=f"{root}/register" if registers or salesforce else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetimes:
    """How long what the provider issues stays good."""

    code: timedelta = timedelta(minutes=1)
    id_token: timedelta = timedelta(minutes=5)
    access_token: timedelta = timedelta(minutes=10)
    refresh_token: timedelta = timedelta(days=30)
    logout_token: timedelta = timedelta(minutes=2)


LIFETIMES: Final = {
    "generic": Lifetimes(),
    "salesforce": Lifetimes(code=timedelta(minutes=15), id_token=timedelta(minutes=2), access_token=timedelta(hours=2)),
}
"""What each flavour begins with; two minutes are Salesforce's own default for ID tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssertionRules:
    """How a provider judges what clients sign, where its flavour does not decide.

    `longest` is how far ahead an assertion may end, `checks_expiry` whether the dates of an uploaded certificate
    decide, `algorithms` what may sign; each is as usual where it is None. `permit` allows weak things.
    """

    skew: timedelta | None = None
    longest: timedelta | None = None
    checks_expiry: bool | None = None
    algorithms: tuple[str, ...] | None = None
    permit: frozenset[Permission] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Provider:
    """An OpenID provider: the asserting party of OpenID Connect.

    `keys` sign whatever it signs; access tokens have keys of their own where the ring has some of the purpose
    `ACCESS_TOKENS`. `org` is the 15-character id of the org that a provider of the salesforce flavour plays, and
    `mac_key` what it computes the `signature` of its token answers with. `rotates` says whether a refresh token is
    replaced at each use. `permits_plain` allows the PKCE method `plain` (RFC 7636 4.2). `names_keys` says whether its
    key set and its tokens carry a kid.
    """

    issuer: str
    endpoints: Endpoints
    keys: KeyRing
    flavour: Flavour = "generic"
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    access_tokens: AccessTokens = "opaque"
    response_types: tuple[str, ...] = RESPONSE_TYPES
    rotates: bool = True
    permits_plain: bool = False
    names_keys: bool = True
    rules: AssertionRules = field(default_factory=AssertionRules)
    org: str | None = None
    mac_key: bytes = field(default=b"", repr=False)

    @property
    def names_itself(self) -> bool:
        """Whether authorization answers carry `iss` (RFC 9207); Salesforce does not know it."""
        return self.flavour != "salesforce"


@dataclass(frozen=True, kw_only=True)
class Client:
    """An application that is registered with a provider.

    `secret` never shows in its text. `keys` are the public keys that it signs assertions with, most often those of a
    certificate that was uploaded for it; `jwks` are those that its own key set lists, each under its name there.
    `auth_method` is how it has to authenticate; None takes every way for which it has got something, and one without
    `secret` and keys is public. `scopes` are what it may ask for, None everything. `approved` are the users who may be
    spoken for without being asked, None all of them. `run_as` is whom client credentials stand for, where the provider
    wants a user. `response_types` narrows the provider's. `access_tokens` and `id_token_life` are the provider's where
    they are None. `id_token_audiences` are named in an ID token beside itself.
    """

    client_id: str
    name: str = ""
    secret: str | None = field(default=None, repr=False)
    keys: tuple[TrustedKey, ...] = ()
    jwks: tuple[TrustedJwk, ...] = ()
    auth_method: str | None = None
    redirect_uris: tuple[str, ...] = ()
    response_types: tuple[str, ...] | None = None
    grant_types: tuple[str, ...] | None = None
    scopes: frozenset[str] | None = None
    approved: frozenset[str] | None = None
    run_as: str | None = None
    access_tokens: AccessTokens | None = None
    id_token_life: timedelta | None = None
    id_token_alg: str | None = None
    id_token_audiences: tuple[str, ...] = ()
    requires_pkce: bool = False
    post_logout_redirect_uris: tuple[str, ...] = ()
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False

    @property
    def is_public(self) -> bool:
        """Whether it has nothing to authenticate with, as an application on a telephone."""
        return self.auth_method == "none" or (self.auth_method is None and not self.secret and not self.signs)

    @property
    def signs(self) -> bool:
        """Whether a key of its own is known here."""
        return bool(self.keys or self.jwks)

    @property
    def origins(self) -> frozenset[str]:
        """The origins of the pages of a public client, as browsers write them; others ask from their servers."""
        found = (_origin(address) for address in self.redirect_uris if self.is_public)
        return frozenset(each for each in found if each is not None)

    @property
    def label(self) -> str:
        """What to call it."""
        return self.name or self.client_id

    def may_use(self, grant_type: str) -> bool:
        """Say whether it may ask for tokens in that way."""
        return self.grant_types is None or grant_type in self.grant_types

    def allowed(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """Keep the scopes that it may have, in the order in which they were asked for."""
        return tuple(each for each in dict.fromkeys(scopes) if self.scopes is None or each in self.scopes)


def _origin(address: str) -> str | None:
    """Give the origin of an address of the web (RFC 6454 6.1): with its port where it is not the usual one."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    if usual is None or host is None:
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in (None, usual) else f":{port}")
