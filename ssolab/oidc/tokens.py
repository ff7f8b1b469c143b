"""What a provider issues: what was granted to whom, and the claims of ID tokens, access tokens and logout tokens."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.findings import ConfigError
from ssolab.core.jose import half_hash, sign_compact
from ssolab.oidc.life import KeyState
from ssolab.oidc.parties import ACCESS_TOKENS
from ssolab.oidc.unissued import nothing_to_sign_with
from ssolab.oidc.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ssolab.oidc.keyring import LifeKey
    from ssolab.oidc.parties import Client, Provider

BACKCHANNEL_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
USUAL_ALGORITHM: Final = "RS256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a client was granted, and what is to be said of the login in which it was.

    `username` is None where the client speaks for itself. `family` is shared by everything that comes of one grant, so
    that it can be revoked together. `auth_time_wanted` says whether the ID token has to tell the moment of the login.
    """

    client_id: str
    subject: str
    username: str | None
    scopes: tuple[str, ...]
    family: str
    auth_time: datetime | None = None
    auth_time_wanted: bool = False
    nonce: str | None = None
    acr: str | None = None
    sid: str | None = None
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """An authorization code's meaning: what it is good for, until when, and what its bearer has to prove."""

    granted: Granted
    redirect_uri: str | None
    challenge: str | None
    method: str | None
    expires: datetime
    used: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access or refresh token's meaning; `used` marks a refresh token that was replaced by a newer one."""

    granted: Granted
    scopes: tuple[str, ...]
    issued: datetime
    expires: datetime
    refreshes: bool = False
    used: bool = False


def epoch(moment: datetime) -> int:
    """Count the seconds since 1970 (RFC 7519 2, NumericDate)."""
    return int(moment.timestamp())


def fits_challenge(verifier: str, challenge: str, method: str | None) -> bool:
    """Say whether a code_verifier is the one of which a code_challenge was made (RFC 7636 4.6)."""
    made = verifier
    if method == "S256":
        made = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(made.encode(), challenge.encode())


def key_for(provider: Provider, alg: str | None = None, *, access_token: bool = False) -> LifeKey:
    """Choose the key that signs now: for access tokens one of theirs where there is, RS256 where nobody says otherwise.

    Raises:
        OAuthError: none is active.
    """
    families = provider.keys.families
    by_alg = {
        key.alg: key.family
        for key in provider.keys.keys
        if key.state is KeyState.ACTIVE and key.purpose != ACCESS_TOKENS
    }
    usual = USUAL_ALGORITHM if USUAL_ALGORITHM in by_alg or not families else families[0]
    family = by_alg.get(alg or usual, alg or usual)
    if access_token and ACCESS_TOKENS in families:
        family = ACCESS_TOKENS
    try:
        return provider.keys.signing(family)
    except ConfigError as error:
        raise nothing_to_sign_with(f"of the {error.name} {error.problem}", error.remedy) from None


def signed(key: LifeKey, claims: Mapping[str, Any], *, typ: str = "JWT") -> str:
    """Sign claims as a compact token whose header is alg, typ and kid, in that order."""
    return sign_compact(header_of(key, typ=typ), claims, key.private, key.alg)


def header_of(key: LifeKey, *, typ: str = "JWT", named: bool = True) -> dict[str, str]:
    """Give the header of what a key signs; *named* says whether it carries the kid."""
    return {"alg": key.alg, "typ": typ} | ({"kid": key.kid} if named else {})


def id_token_claims(  # noqa: PLR0913  what an ID token tells
    provider: Provider,
    client: Client,
    granted: Granted,
    *,
    now: datetime,
    alg: str,
    access_token: str | None = None,
    code: str | None = None,
    told: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Give the claims of an ID token (OIDCCore 2, 3.3.2.11); *told* are those about the person.

    An ID token of the salesforce flavour has the members of real ones, in their order.
    """
    life = provider.lifetimes.id_token if client.id_token_life is None else client.id_token_life
    others = tuple(each for each in client.id_token_audiences if each != client.client_id)
    audience: str | list[str] = [client.client_id, *others] if others else client.client_id
    hashes = {
        name: half_hash(alg, value)
        for name, value in (("at_hash", access_token), ("c_hash", code))
        if value is not None
    }
    if provider.flavour == "salesforce":
        claims: dict[str, Any] = {"exp": epoch(now + life), "sub": granted.subject, **hashes, "aud": audience}
        claims |= {"iss": provider.issuer, "iat": epoch(now)}
    else:
        claims = {"iss": provider.issuer, "sub": granted.subject, "aud": audience}
        claims |= {"exp": epoch(now + life), "iat": epoch(now)}
    if granted.auth_time is not None and (granted.auth_time_wanted or provider.flavour != "salesforce"):
        claims["auth_time"] = epoch(min(granted.auth_time, now))  # the clock may have been moved back since
    if granted.nonce is not None:
        claims["nonce"] = granted.nonce
    if provider.flavour != "salesforce":
        more = {"acr": granted.acr, "azp": client.client_id if others else None, "sid": granted.sid}
        claims |= {name: value for name, value in more.items() if value is not None} | hashes
    return claims | {name: value for name, value in (told or {}).items() if name not in claims}


def access_token_claims(
    provider: Provider, granted: Granted, scopes: tuple[str, ...], *, now: datetime, new_id: str
) -> dict[str, Any]:
    """Give the claims of a JWT access token (RFC 9068 2.2)."""
    claims: dict[str, Any] = {
        "iss": provider.issuer,
        "sub": granted.subject,
        "aud": provider.issuer,
        "client_id": granted.client_id,
        "exp": epoch(now + provider.lifetimes.access_token),
        "iat": epoch(now),
        "jti": new_id,
        "scope": " ".join(scopes),
    }
    if granted.auth_time is not None:
        claims["auth_time"] = epoch(min(granted.auth_time, now))
    return claims


def logout_token_claims(  # noqa: PLR0913  what a logout token tells
    provider: Provider, client: Client, *, subject: str, sid: str | None, now: datetime, new_id: str
) -> dict[str, Any]:
    """Give the claims of a logout token (OIDC Back-Channel Logout 2.4): never a nonce."""
    claims: dict[str, Any] = {
        "iss": provider.issuer,
        "sub": subject,
        "aud": client.client_id,
        "iat": epoch(now),
        "exp": epoch(now + provider.lifetimes.logout_token),
        "jti": new_id,
        "events": {BACKCHANNEL_EVENT: {}},
    }
    if sid is not None:
        claims["sid"] = sid
    return claims
