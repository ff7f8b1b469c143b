"""A relying party's settings, the request that it sends off, and how it proves itself."""

from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, urlsplit

import pytest

from ssolab.core.findings import ConfigError
from ssolab.core.jose import ALGORITHMS, public_of, read_compact
from ssolab.core.jwk import TrustedJwk, thumbprint
from ssolab.oidc.asking import Dice, authorization_request, challenge_of
from ssolab.oidc.redeeming import ASSERTION_TYPE, code_grant, proof_of, refresh_grant
from ssolab.oidc.relying import ClientKey, JwksTrust, PinnedTrust
from tests.keys import ec_test_key, test_key
from tests.oidc.relying_parts import ASKED, CALLBACK, CLIENT, ISSUER, NOW, PROVIDER, client

DICE = Dice(state="st", nonce="no", verifier="v" * 43)


def sent(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_the_request_ties_its_answer_to_this_login() -> None:
    address = authorization_request(CLIENT, PROVIDER, DICE, {})
    assert address.startswith(f"{ISSUER}/authorize?response_type=code&client_id=app&")
    assert sent(address) == {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": CALLBACK,
        "scope": "openid profile email",
        "state": "st",
        "nonce": "no",
        "code_challenge": challenge_of("v" * 43),
        "code_challenge_method": "S256",
    }


def test_the_challenge_is_that_of_the_standard() -> None:
    # RFC 7636, appendix B
    assert challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_wishes_are_sent_but_cannot_touch_what_protects_the_login() -> None:
    wishes = {"prompt": "login", "scope": "openid", "state": "mine", "nonce": "mine", "code_challenge": "mine"}
    found = sent(authorization_request(CLIENT, PROVIDER, DICE, wishes))
    assert (found["prompt"], found["scope"]) == ("login", "openid")
    assert (found["state"], found["nonce"], found["code_challenge"]) == ("st", "no", challenge_of("v" * 43))


def test_what_would_come_in_a_fragment_is_asked_for_by_form() -> None:
    found = sent(authorization_request(client(response_type="code id_token"), PROVIDER, DICE, {}))
    assert found["response_mode"] == "form_post"


def test_nonce_and_challenge_can_be_left_out() -> None:
    found = sent(authorization_request(client(sends_nonce=False, uses_pkce=False), PROVIDER, DICE, {}))
    assert not {"nonce", "code_challenge", "code_challenge_method"} & set(found)


def test_a_code_is_taken_with_its_verifier_and_address() -> None:
    assert code_grant(ASKED, "c") == {
        "grant_type": "authorization_code",
        "code": "c",
        "redirect_uri": CALLBACK,
        "code_verifier": "v" * 43,
    }
    assert refresh_grant("r") == {"grant_type": "refresh_token", "refresh_token": "r"}


def test_a_secret_in_the_header_is_encoded_first() -> None:
    header = proof_of(client(client_id="a:b"), ISSUER, now=NOW, jti="j").headers["Authorization"]
    assert base64.b64decode(header.removeprefix("Basic ")) == b"a%3Ab:s%26cret"


def test_a_secret_can_stand_in_the_form() -> None:
    proof = proof_of(client(auth_method="client_secret_post"), ISSUER, now=NOW, jti="j")
    assert proof.parameters == {"client_id": "app", "client_secret": "s&cret"}
    assert "s&cret" not in repr(proof)


def test_a_client_without_anything_only_says_its_name() -> None:
    assert proof_of(client(auth_method="none"), ISSUER, now=NOW, jti="j").parameters == {"client_id": "app"}


def test_a_key_signs_an_assertion_for_this_request() -> None:
    private = test_key("new")
    signing = client(auth_method="private_key_jwt", key=ClientKey(private=private, kid="k1"))
    proof = proof_of(signing, f"{ISSUER}/token", now=NOW, jti="once")
    assert proof.parameters["client_assertion_type"] == ASSERTION_TYPE
    token = read_compact(proof.parameters["client_assertion"], "assertion")
    assert token.header == {"alg": "RS256", "typ": "JWT", "kid": "k1"}
    issued = int(NOW.timestamp())
    assert json.loads(token.payload) == {
        "iss": "app",
        "sub": "app",
        "aud": f"{ISSUER}/token",
        "jti": "once",
        "iat": issued,
        "exp": issued + 60,
    }
    assert ALGORITHMS["RS256"].verify(public_of(private), token.signature, token.signing_input)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_secret_is_needed_where_it_is_the_proof(method: str) -> None:
    with pytest.raises(ConfigError, match="needs a secret"):
        client(secret=None, auth_method=method)


def test_a_key_is_needed_where_it_is_the_proof() -> None:
    with pytest.raises(ConfigError, match="needs a private key"):
        client(auth_method="private_key_jwt")


def test_an_empty_trust_is_an_error() -> None:
    with pytest.raises(ConfigError, match="nobody could log in"):
        PinnedTrust(keys=())


def test_thumbprints_narrow_what_a_set_lists() -> None:
    keys = tuple(TrustedJwk(public=public_of(each)) for each in (test_key("new"), ec_test_key()))
    assert CLIENT.counted(keys) == keys
    narrowed = client(trust=JwksTrust(thumbprints=frozenset({thumbprint(keys[1].public)})))
    assert narrowed.counted(keys) == keys[1:]


def test_neither_secret_nor_key_shows_in_its_text() -> None:
    signing = client(key=ClientKey(private=test_key("new")))
    assert "s&cret" not in repr(signing)
    assert "private=" not in repr(signing)
