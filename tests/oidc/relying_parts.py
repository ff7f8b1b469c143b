"""A relying party for tests, and the document of its provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ssolab.oidc.asking import Asked
from ssolab.oidc.discovered import Discovered
from ssolab.oidc.relying import RelyingClient

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
ISSUER = "https://op.example"
CALLBACK = "http://127.0.0.1:8081/oidc/callback"
CLIENT = RelyingClient(issuer=ISSUER, client_id="app", secret="s&cret", redirect_uri=CALLBACK)
PROVIDER = Discovered(
    issuer=ISSUER,
    authorization=f"{ISSUER}/authorize",
    token=f"{ISSUER}/token",
    jwks=f"{ISSUER}/jwks",
    userinfo=f"{ISSUER}/userinfo",
)
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
}
ASKED = Asked(provider=PROVIDER, redirect_uri=CALLBACK, response_type="code", at=NOW, nonce="n", verifier="v" * 43)


def client(**changes: Any) -> RelyingClient:
    """The relying party with other settings."""
    return replace(CLIENT, **changes)
