"""The client that the checklist plays: it knows what the provider publishes, and judges with PyJWT instead of us."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import jwt

from ssolab.cutover.model import User
from ssolab.web.lab import Lab
from tests.web.openid import BASE, CLIENTS, Visitor, openid_lab, sent_back

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

PERSON: Final = User(
    username="yara@greenmoor.org",
    attributes={
        "name": ("Yara Haddad",),
        "family_name": ("Haddad",),
        "given_name": ("Yara",),
        "middle_name": ("M.",),
        "nickname": ("yaya",),
        "profile": ("https://greenmoor.example/yara",),
        "picture": ("https://greenmoor.example/yara.png",),
        "website": ("https://yara.example/",),
        "gender": ("female",),
        "birthdate": ("1990-02-28",),
        "zoneinfo": ("Africa/Cairo",),
        "locale": ("ar-EG",),
        "updated_at": ("1700000000",),
        "email": ("yara@greenmoor.org",),
        "email_verified": ("true",),
        "address": ("1 Nile Street, Cairo",),
        "phone_number": ("+20 2 5550100",),
        "phone_number_verified": ("false",),
    },
)
"""Somebody of whom every standard claim is known."""


def checklist_lab() -> Lab:
    """A lab in which the person of the checklist can log in."""
    lab = openid_lab(*CLIENTS)
    return Lab(replace(lab.config, users=(PERSON, *lab.config.users)), lab.bases)


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a login brought: the answer of the token endpoint, and the claims of its ID token once it was judged."""

    answer: dict[str, Any] = field(repr=False)
    claims: dict[str, Any]

    @property
    def access(self) -> str:
        """The access token."""
        return str(self.answer["access_token"])


class Client(Visitor):
    """A browser and a client that found the provider by discovery."""

    def __init__(self) -> None:
        super().__init__(lab=checklist_lab())
        self.discovery: dict[str, Any] = self.http.get("/.well-known/openid-configuration").json or {}

    def path(self, name: str) -> str:
        """Where an endpoint is, below the provider's address, as discovery tells it."""
        return str(self.discovery[name]).removeprefix(BASE)

    def keys(self) -> dict[str, dict[str, Any]]:
        """The published keys by kid."""
        listed = (self.http.get(self.path("jwks_uri")).json or {})["keys"]
        assert len({key["kid"] for key in listed}) == len(listed)
        return {key["kid"]: key for key in listed}

    def code(self, **changes: str | None) -> str:
        """Log in, and give the code."""
        return self.answer(PERSON.username, **changes)["code"]

    def log_in(self, *, nonce: str | None = "the nonce", **changes: str | None) -> Tokens:
        """Log in, redeem the code and judge the ID token."""
        return self.judged(self.redeem(self.code(nonce=nonce, **changes)), nonce=nonce)

    def go_on(self, *, nonce: str | None = "the nonce", **changes: str | None) -> Tokens:
        """Ask with prompt=none, redeem the code that comes without a page, and judge the ID token."""
        answer = self.sent_back(self.ask(prompt="none", nonce=nonce, **changes))
        return self.judged(self.redeem(answer["code"]), nonce=nonce)

    def judged(self, got: TestResponse, *, nonce: str | None = "the nonce", refreshed: bool = False) -> Tokens:
        """Judge an answer of the token endpoint with its ID token (OIDCCore 3.1.3.3, 3.1.3.7)."""
        assert got.status_code == 200, got.text
        assert got.mimetype == "application/json"
        assert (got.headers["Cache-Control"], got.headers["Pragma"]) == ("no-store", "no-cache")
        answer: dict[str, Any] = got.json or {}
        assert answer["token_type"].lower() == "bearer"
        assert isinstance(answer["expires_in"], int)
        claims = self.verified(answer["id_token"])
        assert claims.get("nonce") == (None if refreshed else nonce)
        if "at_hash" in claims:
            half = hashlib.sha256(answer["access_token"].encode()).digest()[:16]
            assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
        return Tokens(answer=answer, claims=claims)

    def verified(self, id_token: str) -> dict[str, Any]:
        """Verify an ID token with PyJWT and the published key of its kid, and judge its claims by the lab's clock."""
        key = self.keys()[jwt.get_unverified_header(id_token)["kid"]]
        claims: dict[str, Any] = jwt.decode(
            id_token,
            jwt.PyJWK(key),
            algorithms=self.discovery["id_token_signing_alg_values_supported"],
            audience=self.client.client_id,
            issuer=self.discovery["issuer"],
            options={"verify_exp": False, "verify_iat": False, "require": ["iss", "sub", "aud", "exp", "iat"]},
        )
        now = self.lab.now().timestamp()
        assert now - 300 < claims["iat"] <= now < claims["exp"] < now + 86_400
        assert 0 < len(claims["sub"]) <= 255
        assert claims["sub"].isascii()
        assert claims.get("acr") != ""
        assert claims.get("auth_time", 0) <= now
        return claims

    def claims_of(self, tokens: Tokens) -> dict[str, Any]:
        """Ask the userinfo endpoint, whose answer has to be about whom the ID token is about (OIDCCore 5.3.2)."""
        got = self.http.get(self.path("userinfo_endpoint"), headers={"Authorization": f"Bearer {tokens.access}"})
        assert (got.status_code, got.mimetype) == (200, "application/json")
        told: dict[str, Any] = got.json or {}
        assert told["sub"] == tokens.claims["sub"]
        return told

    def sent_back(self, got: TestResponse) -> dict[str, str]:
        """The parameters with which the browser came back, which carry the state."""
        told = sent_back(got)
        assert told["state"] == "the state"
        return told
