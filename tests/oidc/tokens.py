"""One honest token of each kind, and what accepts it: the tests change one thing of either."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.jose import public_of, sign_compact
from ssolab.core.jwk import TrustedJwk
from ssolab.oidc.checks import Expected, TokenKind
from tests.core.signing import credential
from tests.keys import test_key

if TYPE_CHECKING:
    from ssolab.core.jose import JosePrivateKey

NOW: Final = datetime(2027, 1, 4, 9, tzinfo=UTC)
SECONDS: Final = int(NOW.timestamp())
ISSUER: Final = "https://op.example.org"
CLIENT: Final = "ssolab-rp"
TOKEN_ENDPOINT: Final = "https://op.example.org/token"
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"

HEADERS: Final[dict[TokenKind, dict[str, Any]]] = {
    TokenKind.ID_TOKEN: {"typ": "JWT", "kid": "a"},
    TokenKind.ACCESS_TOKEN: {"typ": "at+jwt", "kid": "a"},
    TokenKind.LOGOUT_TOKEN: {"typ": "logout+jwt", "kid": "a"},
    TokenKind.CLIENT_ASSERTION: {"typ": "JWT"},
    TokenKind.BEARER_ASSERTION: {"typ": "JWT"},
    TokenKind.JWT: {"kid": "a"},
}
_IN_TIME: Final = {"exp": SECONDS + 120, "iat": SECONDS}
CLAIMS: Final[dict[TokenKind, dict[str, Any]]] = {
    TokenKind.ID_TOKEN: {"iss": ISSUER, "sub": "amira", "aud": CLIENT, **_IN_TIME, "nonce": "n-0S6_WzA2Mj"},
    TokenKind.ACCESS_TOKEN: {
        "iss": ISSUER, "sub": "amira", "aud": ["https://api.example.org"], **_IN_TIME, "client_id": CLIENT, "jti": "t1",
    },
    TokenKind.LOGOUT_TOKEN: {
        "iss": ISSUER, "sub": "amira", "aud": CLIENT, **_IN_TIME, "jti": "t1", "events": {LOGOUT_EVENT: {}},
    },
    TokenKind.CLIENT_ASSERTION: {"iss": CLIENT, "sub": CLIENT, "aud": TOKEN_ENDPOINT, **_IN_TIME, "jti": "t1"},
    TokenKind.BEARER_ASSERTION: {"iss": CLIENT, "sub": "amira", "aud": TOKEN_ENDPOINT, **_IN_TIME, "jti": "t1"},
    TokenKind.JWT: {"iss": ISSUER, "aud": CLIENT, **_IN_TIME},
}  # fmt: skip


def jwk(private: JosePrivateKey, kid: str | None, **more: Any) -> TrustedJwk:
    """A trusted key, as it comes out of a key set."""
    return TrustedJwk(public=public_of(private), kid=kid, **more)


A: Final = jwk(test_key("idp"), "a", alg="RS256", use="sig")
B: Final = jwk(test_key("new"), "b", alg="RS256", use="sig")
PINNED: Final = TrustedJwk.of(credential("idp").certificate, "app.crt")


class Seen:
    """A replay memory."""

    def __init__(self) -> None:
        self.until: dict[tuple[str, str], datetime] = {}

    def remember(self, issuer: str, identifier: str, until: datetime, now: datetime) -> bool:
        """Remember, and say whether it was known."""
        seen = self.until.get((issuer, identifier), now - timedelta(1)) >= now
        self.until[issuer, identifier] = until
        return seen


def expected(kind: TokenKind = TokenKind.ID_TOKEN, **more: Any) -> Expected:
    """What accepts the honest token of a kind."""
    audience = {TokenKind.ACCESS_TOKEN: "https://api.example.org"}.get(kind, CLIENT)
    given: dict[str, Any] = {
        "now": NOW,
        "keys": (PINNED,) if kind.is_assertion else (A, B),
        "issuer": CLIENT if kind.is_assertion else ISSUER,
        "audience": TOKEN_ENDPOINT if kind.is_assertion else audience,
        "nonce": "n-0S6_WzA2Mj" if kind is TokenKind.ID_TOKEN else None,
        "checks_expiry": False,  # the certificates of the test keys are out of date on purpose
        "seen": Seen(),
    }
    return Expected(kind=kind, **{**given, **more})


def token(
    kind: TokenKind = TokenKind.ID_TOKEN,
    *,
    key: JosePrivateKey | None = None,
    alg: str = "RS256",
    header: dict[str, Any] | None = None,
    drop: tuple[str, ...] = (),
    **claims: Any,
) -> str:
    """The honest token of a kind; *header* and *claims* are changed or added, *drop* is left out of both."""
    head = {name: value for name, value in {**HEADERS[kind], **(header or {})}.items() if name not in drop}
    body = {name: value for name, value in {**CLAIMS[kind], **claims}.items() if name not in drop}
    return sign_compact(head, body, key or test_key("idp"), alg)
