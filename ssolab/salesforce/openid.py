"""What an org of Salesforce looks like as an OpenID provider: its addresses, documents, ids and tokens.

The forms are those of real captures of 2014 to 2026, members in their order. Whatever is random or depends on the clock
arrives as an argument.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ssolab.salesforce.profile import epoch_milliseconds, long_id, short_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# ---- addresses ------------------------------------------------------------------------------------------------------

OAUTH: Final = "/services/oauth2"
AUTHORIZE: Final = f"{OAUTH}/authorize"
TOKEN: Final = f"{OAUTH}/token"
USERINFO: Final = f"{OAUTH}/userinfo"
INTROSPECT: Final = f"{OAUTH}/introspect"
REVOKE: Final = f"{OAUTH}/revoke"
REGISTER: Final = f"{OAUTH}/register"
KEYS: Final = "/id/keys"
END_SESSION: Final = "/services/auth/idp/oidc/logout"

# ---- the discovery document -----------------------------------------------------------------------------------------

SCOPES: Final = (
    "cdp_ingest_api", "custom_permissions", "cdp_segment_api", "content", "cdp_api", "chatbot_api",
    "cdp_identityresolution_api", "interaction_api", "wave_api", "web", "cdp_calculated_insight_api",
    "einstein_gpt_api", "offline_access", "id", "api", "data_cloud_user_claims", "eclair_api", "email", "pardot_api",
    "lightning", "visualforce", "cdp_query_api", "sfap_api", "address", "openid", "profile", "scrt_api",
    "cdp_profile_api", "refresh_token", "phone", "user_registration_api", "pwdless_login_api", "chatter_api",
    "mcp_api", "full", "forgot_password",
)  # fmt: skip
CLAIMS: Final = (
    "active", "address", "email", "email_verified", "family_name", "given_name", "is_app_installed", "language",
    "locale", "name", "nickname", "organization_id", "phone_number", "phone_number_verified", "photos", "picture",
    "preferred_username", "profile", "sub", "updated_at", "urls", "user_id", "user_type", "zoneinfo",
)  # fmt: skip
RESPONSE_TYPES: Final = ("code", "token", "token id_token")
AUTH_METHODS: Final = ("client_secret_post", "client_secret_basic", "private_key_jwt")


def discovery(base: str) -> dict[str, Any]:
    """Give the discovery document of a site or My Domain, whose address *base* has no slash at its end."""
    return {
        "end_session_endpoint": base + END_SESSION,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": False,
        "issuer": base,
        "authorization_endpoint": base + AUTHORIZE,
        "token_endpoint": base + TOKEN,
        "revocation_endpoint": base + REVOKE,
        "userinfo_endpoint": base + USERINFO,
        "jwks_uri": base + KEYS,
        "registration_endpoint": base + REGISTER,
        "introspection_endpoint": base + INTROSPECT,
        "scopes_supported": list(SCOPES),
        "response_types_supported": list(RESPONSE_TYPES),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "display_values_supported": ["page", "popup", "touch"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "claims_supported": list(CLAIMS),
    }


# ---- keys -----------------------------------------------------------------------------------------------------------

IDENTITY_BITS: Final = 4096
ACCESS_TOKEN_BITS: Final = 2048
IDENTITY_KIDS: Final = ("262", "260", "264")
"""The keys that all orgs share, in the order of a JWKS of July 2026: one for each of three yearly releases."""
ACCESS_TOKEN_AGES: Final = (timedelta(days=1, hours=1), timedelta(days=33, hours=3), timedelta(days=63, hours=10))
"""How old an org's own keys for access tokens were in that JWKS, in its order: about a month apart."""


def access_token_kid(org: str, made: datetime) -> str:
    """Name an org's own key for JWT access tokens, after the org and the moment in which it was made.

    Raises:
        InputError: it is no record id.
    """
    return f"CORE_ATJWT.{short_id(org)}.{epoch_milliseconds(made)}"


# ---- tokens ---------------------------------------------------------------------------------------------------------

ACCESS_TOKEN_ENTROPY: Final = 72
_NOT_BEFORE: Final = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """The org that answers, and the user that is spoken of: record ids in either form."""

    base: str
    org: str
    user: str

    @property
    def identity_url(self) -> str:
        """The address of the user in the org, which is also the subject of ID tokens."""
        return f"{self.base}/id/{long_id(self.org)}/{long_id(self.user)}"


def opaque_access_token(org: str, entropy: bytes) -> str:
    """Make an access token: the org's id, an exclamation mark, and what only the org can read.

    Raises:
        InputError: it is no record id.
    """
    return f"{short_id(org)}!{base64.b64encode(entropy, b'._').decode()}"


def access_token_header(org: str, kid: str, base: str) -> dict[str, str]:
    """Give the header of a JWT access token, members in the order of a real one."""
    instance = base.partition("//")[2].partition(".")[0].partition(":")[0]
    return {
        "tnk": f"core/{instance}/{long_id(org)}",
        "ver": "1.0",
        "kid": kid,
        "tty": "sfdc-core-token",
        "typ": "JWT",
        "alg": "RS256",
    }


def access_token_claims(  # noqa: PLR0913  whom it is for, and when
    speaker: Speaker, *, client_id: str, scopes: Sequence[str], now: datetime, life: timedelta, session: bytes
) -> dict[str, Any]:
    """Give the claims of a JWT access token, in the order of a real one; *session* is what its `sfi` is made of."""
    at = int(now.timestamp())
    return {
        "scp": " ".join(scopes),
        "aud": [speaker.base],
        "sub": f"uid:{long_id(speaker.user)}",
        "nbf": int((now - _NOT_BEFORE).timestamp()),
        "mty": "oauth",
        "sfi": hashlib.sha256(session).hexdigest(),
        "roles": [],
        "iss": speaker.base,
        "hsc": False,
        "exp": int((now + life).timestamp()),
        "iat": at,
        "client_id": client_id,
    }


def signature(identity_url: str, issued_at: str, secret: bytes) -> str:
    """Give the `signature` of a token answer: HMAC with SHA-256 over the identity URL and issued_at, in base64."""
    return base64.b64encode(hmac.digest(secret, (identity_url + issued_at).encode(), "sha256")).decode()


def issued_at(now: datetime) -> str:
    """Write the moment of a token answer: milliseconds since 1970, as text."""
    return str(epoch_milliseconds(now))


def token_answer(  # noqa: PLR0913  the members of the answer
    speaker: Speaker,
    *,
    access_token: str,
    scopes: Sequence[str],
    now: datetime,
    secret: bytes,
    refresh_token: str | None = None,
    id_token: str | None = None,
) -> dict[str, str]:
    """Give the answer of the token endpoint, which never says how long the token is good."""
    when = issued_at(now)
    members = {
        "access_token": access_token,
        "refresh_token": refresh_token,
        "signature": signature(speaker.identity_url, when, secret),
        "scope": " ".join(scopes) or None,
        "id_token": id_token,
        "instance_url": speaker.base,
        "id": speaker.identity_url,
        "token_type": "Bearer",
        "issued_at": when,
    }
    return {name: value for name, value in members.items() if value is not None}


def userinfo(speaker: Speaker, known: Mapping[str, Any], *, updated: datetime) -> dict[str, Any]:
    """Give the answer of the userinfo endpoint: the org's own members around what is known of the user."""
    told = {
        "sub": speaker.identity_url,
        "user_id": long_id(speaker.user),
        "organization_id": long_id(speaker.org),
        "preferred_username": known.get("preferred_username"),
        "nickname": known.get("nickname") or str(known.get("preferred_username", "")).partition("@")[0],
        "name": known.get("name"),
        "email": known.get("email"),
        "email_verified": known.get("email_verified"),
        "given_name": known.get("given_name"),
        "family_name": known.get("family_name"),
        "zoneinfo": known.get("zoneinfo", "Europe/London"),
        "photos": {size: f"{speaker.base}/profilephoto/005/{mark}" for size, mark in _PHOTOS},
        "profile": f"{speaker.base}/{long_id(speaker.user)}",
        "picture": f"{speaker.base}/profilephoto/005/F",
        "address": known.get("address", {}),
        "phone_number": known.get("phone_number"),
        "phone_number_verified": known.get("phone_number_verified"),
        "urls": {"rest": f"{speaker.base}/services/data/v{{version}}/"},
        "active": True,
        "user_type": "STANDARD",
        "language": "en_US",
        "locale": known.get("locale", "en_US"),
        "is_app_installed": True,
        "updated_at": updated.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return {name: value for name, value in told.items() if value is not None}


_PHOTOS: Final = (("picture", "F"), ("thumbnail", "T"))
