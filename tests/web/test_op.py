"""The provider over its routes: from the authorization request to the claims."""

from __future__ import annotations

import json

from ssolab.core.jwk import thumbprint
from ssolab.core.jwks import read_jwks
from ssolab.web.op_table import client_auths, grants
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


def test_the_discovery_document_says_what_there_is() -> None:
    visitor = Visitor()
    document = visitor.http.get("/.well-known/openid-configuration").json or {}
    assert document == visitor.http.get("/.well-known/oauth-authorization-server").json
    assert document["issuer"] == BASE
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is False
    assert set(document["grant_types_supported"]) == {*grants(), "implicit"}
    assert set(document["token_endpoint_auth_methods_supported"]) == set(client_auths())
    for name, address in document.items():
        if name.endswith("_endpoint"):
            got = visitor.http.open(address.removeprefix(BASE), method="POST")
            assert got.status_code not in {404, 405, 500}, name


def test_the_key_set_holds_public_halves_under_their_thumbprints_and_says_how_long_to_keep_it() -> None:
    visitor = Visitor()
    got = visitor.http.get("/jwks")
    [listed] = (got.json or {})["keys"]
    assert set(listed) == {"kty", "n", "e", "alg", "use", "kid"}
    [key] = read_jwks(got.data, "jwks").keys
    assert key.public is not None
    assert listed["kid"] == thumbprint(key.public)
    assert key.public.sha256 == visitor.lab.asserting.credential.public.sha256
    assert got.headers["Cache-Control"] == "public, max-age=300"


def test_no_document_holds_a_private_member_or_a_secret() -> None:
    visitor = Visitor()
    private = visitor.lab.asserting.credential.private.private_numbers()
    text = "".join(
        visitor.http.get(path).text
        for path in ("/jwks", "/id/keys", "/.well-known/openid-configuration", "/", "/authorize", "/logout")
    )
    for client in visitor.lab.openid.clients.values():
        assert not client.secret or json.dumps(client.secret)[1:-1] not in text
    assert not {"d", "p", "q", "dp", "dq", "qi"} & set((visitor.http.get("/jwks").json or {})["keys"][0])
    assert repr(visitor.lab.openid.provider).count(str(getattr(private, "d", "none"))) == 0
