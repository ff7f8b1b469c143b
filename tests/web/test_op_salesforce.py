"""The provider as an org of Salesforce: documents, keys and tokens in the forms of real ones."""

from __future__ import annotations

import base64
import hmac
import re
from dataclasses import replace
from typing import Any

import pytest

from ssolab.core.jose import half_hash, read_compact
from ssolab.oidc.keyring import KeyState
from ssolab.salesforce.org import user_record
from ssolab.web import op_start
from tests.keys import test_key
from tests.web.openid import BASE, CALLBACK, CHALLENGE, SHOP, VERIFIER, Visitor, at, openid_lab, sent_back
from tests.web.parts import AMIRA, salesforce_asserting

ROOT = "/services/oauth2"
DISCOVERY = (
    "end_session_endpoint", "frontchannel_logout_supported", "frontchannel_logout_session_supported", "issuer",
    "authorization_endpoint", "token_endpoint", "revocation_endpoint", "userinfo_endpoint", "jwks_uri",
    "registration_endpoint", "introspection_endpoint", "scopes_supported", "response_types_supported",
    "subject_types_supported", "id_token_signing_alg_values_supported", "display_values_supported",
    "token_endpoint_auth_methods_supported", "claims_supported",
)  # fmt: skip


@pytest.fixture
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that are there already; what counts is their names and their order."""
    shared, own = (tuple(map(test_key, names)) for names in (("idp", "sp", "foreign"), ("old", "new", "other")))
    monkeypatch.setattr(op_start, "_made_keys", lambda: (shared, own))


def org(**changes: Any) -> Visitor:
    """A browser and an application at an org."""
    client = replace(SHOP, **changes)
    lab = openid_lab(client, asserting=salesforce_asserting())
    return Visitor(lab=lab, client=client, root=ROOT)


def identity_url(visitor: Visitor) -> str:
    """The address of the user in the org."""
    return f"{BASE}/id/{visitor.lab.openid.provider.org}EAA/{user_record(AMIRA.username)}"


@pytest.mark.usefixtures("quick_keys")
def test_the_discovery_document_has_the_members_of_real_ones_in_their_order() -> None:
    visitor = org()
    got = visitor.http.get("/.well-known/openid-configuration")
    document = got.json or {}
    assert got.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert tuple(re.findall(r'"(\w+)":', got.text)) == DISCOVERY
    assert document["issuer"] == BASE
    assert document["jwks_uri"] == f"{BASE}/id/keys"
    assert document["end_session_endpoint"] == f"{BASE}/services/auth/idp/oidc/logout"
    assert document["response_types_supported"] == ["code", "token", "token id_token"]
    assert (len(document["scopes_supported"]), len(document["claims_supported"])) == (36, 24)
    assert visitor.http.get("/.well-known/oauth-authorization-server").status_code == 404


def test_both_families_of_keys_are_listed_unsorted_and_without_certificates() -> None:
    visitor = org()
    keys = (visitor.http.get("/id/keys").json or {})["keys"]
    assert {tuple(key) for key in keys} <= {
        ("alg", "e", "kid", "kty", "n", "use"),
        ("kty", "n", "e", "alg", "use", "kid"),
    }
    text = visitor.http.get("/id/keys").text
    assert re.findall(r'"(\w+)":', text)[1:7] == ["kty", "n", "e", "alg", "use", "kid"]
    assert [key["kid"] for key in keys][:3] == ["262", "260", "264"]
    provider = visitor.lab.openid.provider
    assert all(re.fullmatch(rf"CORE_ATJWT\.{provider.org}\.\d{{13}}", key["kid"]) for key in keys[3:])
    bits = [len(base64.urlsafe_b64decode(key["n"] + "==")) * 8 for key in keys]
    assert bits == [4096, 4096, 4096, 2048, 2048, 2048]
    assert [key.state for key in provider.keys.keys].count(KeyState.ACTIVE) == 2


@pytest.mark.usefixtures("quick_keys")
def test_an_id_token_has_the_claims_of_a_real_one_and_two_minutes() -> None:
    visitor = org()
    tokens = visitor.tokens(nonce=None, scope="openid api")
    token = read_compact(tokens["id_token"], "token")
    assert list(token.header) == ["alg", "typ", "kid"]
    assert token.header["kid"] == "262"
    claims = visitor.claims(tokens["id_token"])
    assert list(claims.items()) == [
        ("exp", at(120)),
        ("sub", identity_url(visitor)),
        ("at_hash", half_hash("RS256", tokens["access_token"])),
        ("aud", "shop"),
        ("iss", BASE),
        ("iat", at(0)),
    ]


@pytest.mark.usefixtures("quick_keys")
def test_the_token_answer_has_the_members_of_a_real_one() -> None:
    visitor = org()
    tokens = visitor.tokens(scope="openid api refresh_token")
    provider = visitor.lab.openid.provider
    assert re.fullmatch(rf"{provider.org}![A-Za-z0-9._]{{96}}", tokens["access_token"])
    assert tokens["id"] == identity_url(visitor)
    assert (tokens["instance_url"], tokens["token_type"], tokens["issued_at"]) == (BASE, "Bearer", f"{at(0)}000")
    made = hmac.digest(provider.mac_key, (tokens["id"] + tokens["issued_at"]).encode(), "sha256")
    assert base64.b64decode(tokens["signature"]) == made
    assert "expires_in" not in tokens
    again: dict[str, Any] = visitor.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json or {}
    assert "refresh_token" not in again  # an org does not replace it
    assert visitor.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).status_code == 200


@pytest.mark.usefixtures("quick_keys")
def test_a_jwt_access_token_has_the_header_and_the_claims_of_a_real_one() -> None:
    visitor = org(access_tokens="jwt")
    text = visitor.tokens(scope="openid api")["access_token"]
    token, claims = read_compact(text, "token"), visitor.claims(text)
    provider = visitor.lab.openid.provider
    assert list(token.header) == ["tnk", "ver", "kid", "tty", "typ", "alg"]
    assert token.header["kid"].startswith(f"CORE_ATJWT.{provider.org}.")
    assert (token.header["tty"], token.header["ver"], token.header["alg"]) == ("sfdc-core-token", "1.0", "RS256")
    assert list(claims) == [
        "scp", "aud", "sub", "nbf", "mty", "sfi", "roles", "iss", "hsc", "exp", "iat", "client_id",
    ]  # fmt: skip
    assert (claims["scp"], claims["aud"], claims["sub"]) == (
        "openid api",
        [BASE],
        f"uid:{user_record(AMIRA.username)}",
    )
    assert (claims["iat"] - claims["nbf"], len(claims["sfi"])) == (15, 64)
    assert visitor.userinfo(text).status_code == 200


@pytest.mark.usefixtures("quick_keys")
def test_a_challenge_without_a_method_means_s256_and_is_reported() -> None:
    visitor = org()
    code = visitor.answer(code_challenge=CHALLENGE, scope="api refresh_token")["code"]
    judged = visitor.last("authorization-request-judged")
    assert [found.code for found in judged.findings] == ["code-challenge-method-missing"]
    assert visitor.redeem(code, code_verifier=VERIFIER[:-1] + "x").status_code == 400
    assert visitor.redeem(code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.usefixtures("quick_keys")
@pytest.mark.parametrize("kind", ["token", "token id_token"])
def test_tokens_come_through_the_browser_as_an_org_sends_them(kind: str) -> None:
    visitor = org()
    told = sent_back(visitor.login(visitor.ask(response_type=kind)))
    assert "iss" not in told
    assert told["id"] == identity_url(visitor)
    assert ("id_token" in told) == (kind == "token id_token")
    assert sent_back(visitor.ask(response_type="code id_token"))["error"] == "unsupported_response_type"


@pytest.mark.usefixtures("quick_keys")
def test_userinfo_has_what_the_command_line_of_salesforce_looks_for() -> None:
    visitor = org()
    told = visitor.userinfo(visitor.tokens()["access_token"]).json or {}
    assert (told["sub"], told["preferred_username"]) == (identity_url(visitor), AMIRA.username)
    assert (told["user_id"], told["organization_id"]) == tuple(identity_url(visitor).split("/")[:3:-1])


@pytest.mark.usefixtures("quick_keys")
@pytest.mark.parametrize(
    ("form", "error", "said"),
    [
        ({"grant_type": "magic"}, "unsupported_grant_type", "grant type not supported"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant", "invalid authorization code"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant", "expired access/refresh token"),
        ({"grant_type": "client_credentials"}, "invalid_grant", "no client credentials user enabled"),
    ],
)
def test_errors_have_the_words_of_an_org(form: dict[str, str], error: str, said: str) -> None:
    visitor = org()
    got = visitor.token(form)
    assert (got.status_code, got.json) == (400, {"error": error, "error_description": said})


@pytest.mark.usefixtures("quick_keys")
def test_an_expired_code_and_a_wrong_secret_are_told_as_an_org_does() -> None:
    visitor = org()
    code = visitor.answer()["code"]
    wrong = visitor.redeem(code, client=replace(SHOP, secret="guessed"))
    assert (wrong.status_code, wrong.json) == (
        400,
        {"error": "invalid_client", "error_description": "invalid client credentials"},
    )
    visitor.lab.clock.advance(visitor.lab.openid.provider.lifetimes.code)
    assert (visitor.redeem(code).json or {})["error_description"] == "expired authorization code"


@pytest.mark.usefixtures("quick_keys")
def test_client_credentials_run_as_the_user_of_the_app() -> None:
    visitor = org(run_as=AMIRA.username)
    told = visitor.token(grant_type="client_credentials").json or {}
    assert (told["id"], told["scope"]) == (identity_url(visitor), "api")


@pytest.mark.usefixtures("quick_keys")
def test_whoever_holds_a_token_may_revoke_it() -> None:
    visitor = org()
    token = visitor.tokens()["access_token"]
    assert visitor.http.post(f"{ROOT}/revoke", data={"token": token}).status_code == 200
    assert visitor.userinfo(token).status_code == 401


@pytest.mark.usefixtures("quick_keys")
def test_the_generic_addresses_answer_too() -> None:
    visitor = org()
    visitor.root = ""
    assert visitor.redeem(visitor.answer()["code"], redirect_uri=CALLBACK).status_code == 200
    assert visitor.http.get("/jwks").json == visitor.http.get("/id/keys").json
