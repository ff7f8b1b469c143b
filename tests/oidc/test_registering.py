"""The metadata with which a client registers itself: read, told back, and refused."""

from __future__ import annotations

from typing import Any

import pytest

from ssolab.core.jwk import jwk_of
from ssolab.oidc.errors import OAuthError
from ssolab.oidc.parties import RESPONSE_TYPES
from ssolab.oidc.registering import Offered, registered, told
from tests.web.parts import credential

CALLBACK = "https://app.example/cb"
OFFERED = Offered(
    auth_methods=("client_secret_basic", "client_secret_post", "private_key_jwt", "none"),
    grant_types=("authorization_code", "refresh_token", "implicit", "client_credentials"),
    response_types=RESPONSE_TYPES,
    algorithms=("RS256",),
)
KEY = credential("sp").certificate
JWK = jwk_of(credential("sp").public)


def read(**metadata: Any) -> Any:
    """Register a client with a callback, or what a test has in its place."""
    given = {"redirect_uris": [CALLBACK]} | metadata
    return registered(given, OFFERED, client_id="the id", new_secret=lambda: "the secret")


def test_a_client_that_says_little_gets_what_the_standard_has_for_it() -> None:
    client = read().client
    assert told(client) == {
        "client_id": "the id",
        "client_secret": "the secret",
        "client_secret_expires_at": 0,
        "redirect_uris": [CALLBACK],
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
    }
    assert client.scopes is None
    assert client.name == ""


def test_everything_that_it_asks_for_is_kept_and_told_back() -> None:
    asked: dict[str, Any] = {
        "client_name": "Kasse 3",
        "redirect_uris": [CALLBACK, "http://127.0.0.1:9/cb?a=b", "com.example.app:/cb"],
        "token_endpoint_auth_method": "client_secret_post",
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
        "response_types": ["code", "id_token", "id_token code"],
        "scope": "openid email",
        "id_token_signed_response_alg": "RS256",
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "frontchannel_logout_uri": "https://app.example/front",
        "frontchannel_logout_session_required": True,
        "backchannel_logout_uri": "https://app.example/back",
        "backchannel_logout_session_required": True,
        "subject_type": "public",
        "application_type": "native",
        "contacts": ["nobody reads them"],
    }
    got = told(read(**asked).client)
    kept = {
        name: value for name, value in asked.items() if name not in ("subject_type", "application_type", "contacts")
    }
    kept |= {"scope": "email openid", "response_types": ["code", "id_token", "code id_token"]}
    assert {name: got[name] for name in kept} == kept
    assert set(got) == {*kept, "client_id", "client_secret", "client_secret_expires_at"}


@pytest.mark.parametrize("method", ["none", "private_key_jwt"])
def test_a_client_that_needs_no_secret_gets_none(method: str) -> None:
    made = read(token_endpoint_auth_method=method, jwks={"keys": [JWK]})
    assert made.client.secret is None
    assert not {"client_secret", "client_secret_expires_at"} & set(told(made.client))


def test_keys_come_in_a_set_or_as_certificates_and_only_their_public_half_is_told() -> None:
    private = JWK | {"kid": "leaked", "d": "AQAB"}
    made = read(jwks={"keys": [private, JWK, {"kty": "oct", "k": "c2VjcmV0"}]}, certificate=KEY.pem)
    assert [each.public.sha256 for each in made.client.keys] == [KEY.spki_sha256] * 2
    assert made.client.keys[1].certificate == KEY
    assert len(made.remarks) >= 2
    assert all(set(each) == {"kty", "n", "e", "use", "kid"} for each in told(made.client)["jwks"]["keys"])
    assert read(certificate=KEY.base64).client.keys[0].certificate == KEY


def test_a_client_that_nobody_comes_back_to_needs_no_address() -> None:
    client = read(redirect_uris=[], grant_types=["client_credentials"]).client
    assert client.response_types == ()
    assert client.may_use("client_credentials")
    assert not client.may_use("authorization_code")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("/cb", "scheme with a dot"),
        ("javascript:alert(1)", "scheme with a dot"),
        ("data:text/html,hello", "scheme with a dot"),
        ("https:///cb", "names no host"),
        ("https://somebody@app.example/cb", "somebody at one"),
        ("https://app.example/cb#part", "fragment"),
        ("https://app.example/c b", "no address holds"),
        ("https://app.example/\u00fc", "no address holds"),
        ("http://[::1/cb", "is no address"),
    ],
)
def test_no_browser_is_ever_sent_to_an_unfit_address(address: str, why: str) -> None:
    with pytest.raises(OAuthError, match=why) as caught:
        read(redirect_uris=[CALLBACK, address])
    assert (caught.value.error, caught.value.code) == ("invalid_redirect_uri", "unfit-redirect-uri")
    with pytest.raises(OAuthError, match=why) as caught:
        read(post_logout_redirect_uris=[address])
    assert caught.value.error == "invalid_client_metadata"
    with pytest.raises(OAuthError, match=why):
        read(backchannel_logout_uri=address)


@pytest.mark.parametrize(
    ("metadata", "why"),
    [
        ({"redirect_uris": []}, "nowhere to go"),
        ({"redirect_uris": CALLBACK}, "no array of texts"),
        ({"redirect_uris": [7]}, "no array of texts"),
        ({"redirect_uris": [f"{CALLBACK}{number}" for number in range(21)]}, "more than 20 members"),
        ({"redirect_uris": [CALLBACK + "x" * 2_000]}, "more than 2,000 characters"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "'client_secret_jwt' is none of"),
        ({"token_endpoint_auth_method": 7}, "no printable text"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "needs a key"),
        ({"grant_types": ["password"]}, "'password' is none of"),
        ({"response_types": ["token"]}, "'token' is none of"),
        ({"response_types": ["id_token"]}, "needs implicit"),
        ({"response_types": ["code"], "grant_types": ["implicit"]}, "needs authorization_code"),
        ({"scope": "openid  email"}, "no list of scopes"),
        ({"client_name": "two\nlines"}, "no printable text"),
        ({"client_name": "x" * 2_001}, "no printable text"),
        ({"subject_type": "pairwise"}, "'pairwise' is none of public"),
        ({"application_type": "toaster"}, "'toaster' is none of"),
        ({"id_token_signed_response_alg": "none"}, "'none' is none of RS256"),
        ({"jwks_uri": "https://app.example/jwks"}, "does not do that"),
        ({"userinfo_signed_response_alg": "RS256"}, "does not do that"),
        ({"backchannel_logout_uri": "com.example.app:/bye"}, "neither http nor https"),
        ({"backchannel_logout_session_required": "true"}, "neither true nor false"),
        ({"jwks": []}, "jwks"),
        ({"jwks": {"keys": []}}, "holds no key"),
        ({"jwks": {"keys": [{"kty": "RSA"}]}}, "jwks"),
        ({"certificate": "nothing"}, "certificate"),
        ({"certificate": {"pem": KEY.pem}}, "no text"),
        ({"certificate": "x" * 40_000}, "no text"),
    ],
)
def test_what_cannot_be_honoured_is_refused_and_not_ignored(metadata: dict[str, Any], why: str) -> None:
    with pytest.raises(OAuthError) as caught:
        read(**metadata)
    assert why in f"{caught.value.name}: {caught.value.problem}"
    assert caught.value.error == ("invalid_redirect_uri" if why == "nowhere to go" else "invalid_client_metadata")
