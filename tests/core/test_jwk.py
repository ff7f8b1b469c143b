from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.findings import InputError, has_error
from ssolab.core.jose import encode, public_of
from ssolab.core.jwk import jwk_of, thumbprint
from ssolab.core.jwks import read_jwks
from tests.core.signing import credential
from tests.core.test_jose import ED25519, P521
from tests.keys import ec_test_key, test_key

RFC_7638 = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj"
    "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ"
    "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK"
    "nqDKgw"
)
EC_JWK = jwk_of(public_of(ec_test_key("p256")))
RSA_JWK = jwk_of(public_of(test_key("idp")))


def one(members: dict[str, Any]) -> Any:
    (key,) = read_jwks(json.dumps({"keys": [members]}).encode(), "jwks.json").keys
    return key


def test_the_thumbprints_are_those_of_the_standards() -> None:
    rsa = one({"kty": "RSA", "n": RFC_7638, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert thumbprint(rsa.public) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    okp = one({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})  # RFC 8037 A.3
    assert thumbprint(okp.public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize(
    "private", [test_key("idp"), test_key("large", 4096), ec_test_key("p256"), ec_test_key("p384"), P521, ED25519]
)
def test_a_key_is_read_as_it_was_written(private: Any) -> None:
    public = public_of(private)
    key = one(jwk_of(public, alg="X"))
    assert (key.public, key.kid, key.alg, key.use, key.problems) == (public, thumbprint(public), "X", "sig", ())


def test_the_members_stand_in_the_order_of_salesforce() -> None:
    assert list(jwk_of(public_of(test_key("idp")), kid="262", alg="RS256")) == ["kty", "n", "e", "alg", "use", "kid"]
    assert list(EC_JWK) == ["kty", "crv", "x", "y", "use", "kid"]


def test_a_certificate_is_written_only_when_asked_for_and_read_as_the_keys_own() -> None:
    private = test_key("idp")
    certificate = credential("idp").certificate
    assert "x5c" not in jwk_of(public_of(private), certificate=certificate)
    key = one(jwk_of(public_of(private), certificate=certificate, x5c=True))
    assert key.own_certificate == certificate
    assert key.problems == ()
    other = one(jwk_of(public_of(test_key("new")), certificate=certificate, x5c=True))
    assert other.public == public_of(test_key("new")), "trust is by key: the certificate decides nothing"
    assert [found.code for found in other.problems] == ["jwk-certificate-of-another-key"]
    assert other.own_certificate is None


def _ec_with(**members: Any) -> dict[str, Any]:
    return {**EC_JWK, **members}


@pytest.mark.parametrize(
    ("members", "code", "used"),
    [
        ({}, "unreadable-jwk", False),
        ({"kty": 5}, "unreadable-jwk", False),
        (_ec_with(kid=7), "unreadable-jwk", False),
        (_ec_with(alg=None), "unreadable-jwk", False),
        (_ec_with(use=["sig"]), "unreadable-jwk", False),
        (_ec_with(key_ops="verify"), "unreadable-jwk", False),
        (_ec_with(key_ops=[1]), "unreadable-jwk", False),
        (_ec_with(x=EC_JWK["y"]), "unreadable-jwk", False),
        (_ec_with(x=EC_JWK["x"] + "AA"), "unreadable-jwk", False),
        (_ec_with(x="é"), "unreadable-jwk", False),
        (_ec_with(x=""), "unreadable-jwk", False),
        (_ec_with(x="+" + EC_JWK["x"][1:]), "unreadable-jwk", False),
        (_ec_with(d="AAAA"), "private-key-in-jwks", False),
        ({**RSA_JWK, "oth": []}, "private-key-in-jwks", False),
        ({"kty": "oct", "k": "AAAA"}, "symmetric-key-in-jwks", False),
        (_ec_with(crv="P-999"), "unsupported-jwk", False),
        (_ec_with(crv=["P-256"]), "unsupported-jwk", False),
        ({"kty": "AKP", "pub": "AA"}, "unsupported-jwk", False),
        ({"kty": "OKP", "crv": "X25519", "x": "AA"}, "unsupported-jwk", False),
        ({"kty": "OKP", "crv": "Ed25519", "x": "AA"}, "unreadable-jwk", False),
        ({**RSA_JWK, "e": "Ag"}, "unreadable-jwk", False),
        ({**RSA_JWK, "e": "AQ"}, "unreadable-jwk", False),
        ({**RSA_JWK, "n": encode(b"\xff" * 5000)}, "unreadable-jwk", False),
        ({"kty": "RSA", "e": "AQAB"}, "unreadable-jwk", False),
        ({**RSA_JWK, "n": RSA_JWK["n"] + "=="}, "sloppy-jwk", True),
        ({**RSA_JWK, "x5c": "AAAA"}, "jwk-certificate-unreadable", True),
        ({**RSA_JWK, "x5c": []}, "jwk-certificate-unreadable", True),
        ({**RSA_JWK, "x5c": ["AA-_"]}, "jwk-certificate-unreadable", True),
        ({**RSA_JWK, "x5c": ["AAAA"]}, "jwk-certificate-unreadable", True),
        ({**RSA_JWK, "x5c": ["AAAA"] * 17}, "jwk-certificate-unreadable", True),
    ],
)
def test_one_odd_key_never_spoils_the_set(members: dict[str, Any], code: str, used: bool) -> None:  # noqa: FBT001
    good = jwk_of(public_of(test_key("new")))
    keys = read_jwks(json.dumps({"keys": [members, good]}).encode(), "jwks.json")

    assert [found.code for found in keys.problems] == [code]
    assert has_error(keys.problems) == (code.endswith("-in-jwks") or code == "unreadable-jwk")
    assert str(keys.problems[0].where) == "jwks.json /keys/0"
    assert [key.public is not None for key in keys.keys] == [used, True]
    assert [each.kid for each in keys.trusted()][-1] == good["kid"]


def test_a_leading_zero_octet_is_reported_and_forgiven() -> None:
    number = test_key("idp").public_key().public_numbers().n
    key = one({**RSA_JWK, "n": encode(b"\0" + number.to_bytes(256))})
    assert key.public == public_of(test_key("idp"))
    assert [found.code for found in key.problems] == ["sloppy-jwk"]


def test_wrong_thumbprints_are_reported() -> None:
    certificate = credential("idp").certificate
    members = jwk_of(public_of(test_key("idp")), certificate=certificate, x5c=True)
    key = one({**members, "x5t": encode(certificate.sha1.encode()), "x5t#S256": 5})
    assert [found.code for found in key.problems] == ["jwk-thumbprint-mismatch"] * 2


@pytest.mark.parametrize("entry", [None, 5, "a", [], True])
def test_an_entry_that_is_no_object_is_one_odd_key(entry: object) -> None:
    keys = read_jwks(json.dumps({"keys": [entry, RSA_JWK]}).encode(), "x")
    assert [found.code for found in keys.problems] == ["unreadable-jwk"]
    assert len(keys.trusted()) == 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"[]", "json-not-an-object"),
        (b"{}", "not-a-key-set"),
        (b'{"keys": {}}', "not-a-key-set"),
        (b'{"jwks_uri": "https://x"}', "not-a-key-set"),
        (b'{"keys": [], "keys": []}', "repeated-member"),
        (json.dumps({"keys": [RSA_JWK] * 201}).encode(), "oversized-document"),
    ],
)
def test_what_is_no_key_set_is_refused_by_name(data: bytes, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_jwks(data, "jwks.json")
    assert caught.value.code == code


def test_a_lone_key_is_a_set_only_where_it_may_be() -> None:
    data = json.dumps(EC_JWK).encode()
    assert len(read_jwks(data, "x", lone=True).keys) == 1
    with pytest.raises(InputError, match="no member keys"):
        read_jwks(data, "x")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.sampled_from(["", "RSA", "EC", "OKP", "P-256", "AQAB", "AA==", "sig", "é", "a+/"]),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "use", "key_ops", "x5c", "d"]), JSON))
def test_whatever_a_key_says_reading_it_never_breaks_off(members: dict[str, Any]) -> None:
    for kind in (members, {**RSA_JWK, **members}, {**EC_JWK, **members}):
        data = json.dumps({"keys": [kind]}, ensure_ascii=True).encode()
        (key,) = read_jwks(data, "x").keys
        assert key.public is not None or key.problems
