from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.findings import InputError
from ssolab.core.jose import (
    ALGORITHMS,
    LARGEST_TOKEN,
    algorithm_for,
    decode,
    encode,
    half_hash,
    public_of,
    read_compact,
    sign_compact,
)
from ssolab.core.keys import PublicKey
from tests.keys import ec_test_key, test_key

if TYPE_CHECKING:
    from ssolab.core.jose import JosePrivateKey

ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
P521 = ec.derive_private_key(0x1234_5678_9ABC_DEF0, ec.SECP521R1())
KEYS: dict[str, JosePrivateKey] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), test_key("idp")),
    "ES256": ec_test_key("p256"),
    "ES384": ec_test_key("p384"),
    "ES512": P521,
    "EdDSA": ED25519,
    "Ed25519": ED25519,
}
TOKEN = sign_compact({"typ": "JWT", "kid": "k"}, {"sub": "amira"}, test_key("idp"), "RS256")
HEADER, PAYLOAD, SIGNATURE = TOKEN.split(".")


@pytest.mark.parametrize("alg", list(ALGORITHMS))
def test_what_is_signed_verifies_with_its_key_alone(alg: str) -> None:
    token = sign_compact({"typ": "JWT"}, {"sub": "amira"}, KEYS[alg], alg)
    read = read_compact(token, "t")

    assert json.loads(read.payload) == {"sub": "amira"}
    assert dict(read.header) == {"alg": alg, "typ": "JWT"}
    fitting = {
        name for name, key in KEYS.items() if ALGORITHMS[alg].verify(public_of(key), read.signature, read.signing_input)
    }
    assert fitting == {name for name, key in KEYS.items() if key is KEYS[alg]}
    other = test_key("other") if ALGORITHMS[alg].kind == "RSA" else ec_test_key("p256b")
    assert not ALGORITHMS[alg].verify(public_of(other), read.signature, read.signing_input)


@pytest.mark.parametrize("alg", [name for name in ALGORITHMS if name != "Ed25519"])  # PyJWT does not know the new name
def test_pyjwt_reads_what_we_write_and_we_what_it_writes(alg: str) -> None:
    key: Any = KEYS[alg]
    token = sign_compact({"kid": "k"}, {"sub": "amira", "n": 1.5}, key, alg)
    assert jwt.decode_complete(token, key.public_key(), algorithms=[alg])["payload"] == {"sub": "amira", "n": 1.5}

    theirs = jwt.encode({"sub": "amira"}, key, algorithm=alg)
    read = read_compact(theirs, "t")
    assert ALGORITHMS[alg].verify(public_of(key), read.signature, read.signing_input)


def test_the_example_of_rfc_8037_is_made_again() -> None:
    private = ed25519.Ed25519PrivateKey.from_private_bytes(
        decode(b"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "k", "d")
    )
    token = sign_compact({"alg": "EdDSA"}, b"Example of Ed25519 signing", private, "EdDSA")
    assert token == (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


def test_the_examples_of_rfc_7515_verify() -> None:
    coordinates = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
    x, y = (int.from_bytes(decode(each.encode(), "k", "x")) for each in coordinates)
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    token = (
        "eyJhbGciOiJFUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    )
    read = read_compact(token, "t")
    public = PublicKey(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert ALGORITHMS["ES256"].verify(public, read.signature, read.signing_input)


def test_the_algorithm_stands_where_the_header_has_it_and_is_always_the_one_that_signed() -> None:
    salesforce = {"tnk": "core/x", "ver": "1.0", "kid": "k", "tty": "sfdc-core-token", "typ": "JWT", "alg": "none"}
    read = read_compact(sign_compact(salesforce, {}, test_key("idp"), "RS256"), "t")
    assert list(read.header.items())[-1] == ("alg", "RS256")
    assert list(read.header) == list(salesforce)
    assert list(read_compact(TOKEN, "t").header) == ["alg", "typ", "kid"]


@pytest.mark.parametrize(
    ("alg", "key"),
    [("RS256", ec_test_key("p256")), ("ES256", ec_test_key("p384")), ("ES256", ED25519), ("EdDSA", test_key("idp"))],
)
def test_a_key_signs_with_no_algorithm_of_another_kind(alg: str, key: JosePrivateKey) -> None:
    with pytest.raises(InputError, match=f"cannot sign with {alg}"):
        sign_compact({}, {}, key, alg)


def test_an_algorithm_that_is_not_in_the_table_signs_nothing() -> None:
    for name in ("none", "HS256", "rs256", ""):
        with pytest.raises(InputError, match="no known algorithm"):
            sign_compact({}, {}, test_key("idp"), name)


def test_each_key_has_an_algorithm_that_it_signs_with_when_nobody_says() -> None:
    assert [algorithm_for(public_of(KEYS[name])).name for name in ("PS512", "ES256", "ES384", "ES512", "Ed25519")] == [
        "RS256", "ES256", "ES384", "ES512", "EdDSA",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("", "empty-document"),
        ("   ", "empty-document"),
        ("abc", "not-a-token"),
        ("a.b", "not-a-token"),
        ("a.b.c.d", "not-a-token"),
        ("00D000000000001!AQ0AQ", "not-a-token"),
        (TOKEN + "é", "not-a-token"),
        ("a.b.c.d.e", "encrypted-token"),
        ('{"payload": "", "signatures": []}', "token-in-json-form"),
        ('{"payload":"a.b.c","protected":"","signature":""}', "token-in-json-form"),
        (f" {TOKEN}", "not-base64url"),
        (f"{TOKEN}\n", "not-base64url"),
        (f"{TOKEN}=", "not-base64url"),
        (f"{HEADER}.{PAYLOAD}=.{SIGNATURE}", "not-base64url"),
        (f"{HEADER}.{PAYLOAD}.{SIGNATURE[:-1]}", "not-base64url"),
        (f"{HEADER}.{PAYLOAD}.a", "not-base64url"),
        (f"{HEADER}.{PAYLOAD}.ab+/", "not-base64url"),
        (f"{HEADER}.{PAYLOAD}.ab!d", "not-base64url"),
        (f"{HEADER}.{PAYLOAD}.ab\x00d", "not-base64url"),
        (f"{HEADER}.{PAYLOAD}.ab d", "not-base64url"),
        (f".{PAYLOAD}.{SIGNATURE}", "empty-document"),
        (f"{encode(b'[]')}.{PAYLOAD}.{SIGNATURE}", "json-not-an-object"),
        (f"""{encode(b'{"alg":"RS256","alg":"none"}')}.{PAYLOAD}.{SIGNATURE}""", "repeated-member"),
        (f"{encode(b'{' + b' ' * 20_000 + b'}')}.{PAYLOAD}.{SIGNATURE}", "oversized-document"),
        ("a" * (LARGEST_TOKEN + 1), "oversized-document"),
    ],
)
def test_what_is_no_compact_token_is_refused_by_name(token: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_compact(token, "the token")
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=40))
def test_base64url_has_one_spelling(data: bytes) -> None:
    text = encode(data)
    assert text == base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert decode(text.encode(), "x", "x") == data


@given(st.text(st.sampled_from("AQgw-_9+/= \n"), max_size=12))
def test_no_two_spellings_have_one_meaning(text: str) -> None:
    try:
        data = decode(text.encode(), "x", "x")
    except InputError:
        return
    assert encode(data) == text


def test_at_hash_is_that_of_the_standard() -> None:
    # OpenID Connect Core, appendix A.3 and A.4, and A.6
    access, code = (
        "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y",
        "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk",
    )
    assert half_hash("RS256", access) == "77QmUPtjPfzWtF2AnpK9RQ"
    assert half_hash("RS256", code) == "LDktKdoQak3Pk0cnXxCltA"
