"""The provider over its routes: from the authorization request to the claims."""

from __future__ import annotations

from tests.web.openid import BASE, CHALLENGE, VERIFIER, Visitor, at, sent_back
from tests.web.parts import AMIRA


def test_a_login_ends_in_tokens_and_claims() -> None:
    visitor = Visitor()
    answer = visitor.answer(code_challenge=CHALLENGE, code_challenge_method="S256", scope="openid email")
    assert (answer["state"], answer["iss"]) == ("the state", BASE)
    got = visitor.redeem(answer["code"], code_verifier=VERIFIER)
    assert (got.status_code, got.headers["Cache-Control"], got.headers["Pragma"]) == (200, "no-store", "no-cache")
    tokens = got.json or {}
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 600, "openid email")
    assert "refresh_token" not in tokens
    claims = visitor.claims(tokens["id_token"])
    assert {name: claims[name] for name in ("iss", "sub", "aud", "nonce", "iat", "exp", "auth_time")} == {
        "iss": BASE,
        "sub": AMIRA.username,
        "aud": "shop",
        "nonce": "the nonce",
        "iat": at(0),
        "exp": at(300),
        "auth_time": at(0),
    }
    told = visitor.userinfo(tokens["access_token"])
    assert told.json == {"sub": AMIRA.username, "email": AMIRA.username, "email_verified": True}


def test_nobody_is_sent_to_an_address_that_is_not_registered() -> None:
    visitor = Visitor()
    got = visitor.ask(redirect_uri="https://attacker.example/")
    assert got.status_code == 400
    assert "Location" not in got.headers
    assert [found.code for found in visitor.last("authorization-request-judged").findings] == [
        "unregistered-redirect-uri"
    ]


def test_prompt_none_knows_whoever_logged_in_last_and_nobody_before() -> None:
    visitor = Visitor()
    assert sent_back(visitor.ask(prompt="none"))["error"] == "login_required"
    visitor.answer()
    assert "code" in sent_back(visitor.ask(prompt="none"))
