from __future__ import annotations

import base64
import re
import tracemalloc
import zlib
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.findings import InputError
from ssolab.core.keys import TrustedKey
from ssolab.core.xmldsig import verify_detached
from ssolab.saml.bindings import (
    MAX_MESSAGE,
    POST,
    REDIRECT,
    decode_post,
    decode_redirect,
    encode_post,
    encode_redirect,
)
from tests.keys import test_key as rsa_key
from tests.saml.samples import certificate, credential
from tests.saml.strategies import patient

if TYPE_CHECKING:
    from ssolab.saml.bindings import Received

XML = b'<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1"/>'
SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
TRUSTED = (TrustedKey.of(certificate("sp")),)


def packed(xml: bytes = XML) -> bytes:
    return zlib.compress(xml)[2:-4]  # RFC 1950: two bytes before the deflated data, four behind


def value(xml: bytes = XML) -> str:
    return quote(base64.b64encode(packed(xml)), safe="")


def query_of(url: str) -> str:
    return urlsplit(url).query


def verified(received: Received) -> bool:
    detached = received.detached
    assert detached is not None
    result = verify_detached(detached.signed, detached.signature, detached.algorithm, TRUSTED)
    return result.key is not None


@patient
@given(xml=st.binary(max_size=500), relay_state=st.none() | st.text())
def test_what_is_redirected_arrives(xml: bytes, relay_state: str | None) -> None:
    url = encode_redirect(XML + xml, location="https://idp/sso", relay_state=relay_state)
    received = decode_redirect(query_of(url))
    assert (received.xml, received.relay_state) == (XML + xml, relay_state)
    assert (received.binding, received.kind, received.detached) == (REDIRECT, "SAMLRequest", None)


@patient
@given(xml=st.binary(min_size=1, max_size=500), relay_state=st.none() | st.text())
def test_what_is_posted_arrives(xml: bytes, relay_state: str | None) -> None:
    form = encode_post(xml, location="https://sp/acs", relay_state=relay_state)
    received = decode_post(form.fields)
    assert form.action == "https://sp/acs"
    assert (received.xml, received.relay_state) == (xml, relay_state)
    assert (received.binding, received.kind, received.detached) == (POST, "SAMLResponse", None)


def test_the_signed_text_is_the_one_that_the_standard_spells_out() -> None:
    # SAML2Bind 3.4.4.1: SAMLRequest=value&RelayState=value&SigAlg=value, verified here with nothing of ours
    url = encode_redirect(XML, location="https://idp/sso", relay_state="/a b", credential=credential("sp"))
    text, _, signature = query_of(url).partition("&Signature=")
    names = [name for name, _ in parse_qsl(text)]
    assert names == ["SAMLRequest", "RelayState", "SigAlg"]
    given_ = dict(parse_qsl(query_of(url)))
    assert given_["SigAlg"] == SHA256
    rsa_key("sp").public_key().verify(
        base64.b64decode(given_["Signature"]), text.encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    assert signature
    assert zlib.decompress(base64.b64decode(given_["SAMLRequest"]), -15) == XML


def test_without_relay_state_none_is_signed() -> None:
    url = encode_redirect(XML, location="https://idp/sso", credential=credential("sp"))
    assert "RelayState" not in url
    received = decode_redirect(query_of(url))
    assert received.relay_state is None
    assert verified(received)


def test_the_query_of_the_location_stays() -> None:
    url = encode_redirect(XML, location="https://sp/?so=00D&sc=0LE")
    assert url.startswith("https://sp/?so=00D&sc=0LE&SAMLRequest=")
    assert decode_redirect(query_of(url)).xml == XML


def signed_by_hand(text: str) -> str:
    signature = rsa_key("sp").sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}&Signature={quote(base64.b64encode(signature), safe='')}"


def lower(text: str) -> str:
    return "".join(part.lower() if place % 2 else part for place, part in enumerate(_escapes(text)))


def _escapes(text: str) -> list[str]:
    return re.split(r"(%[0-9A-F]{2})", text)


def test_lower_case_escapes_are_verified_as_they_were_sent() -> None:
    # AD FS and .NET write %2f where others write %2F: facts/attacks.md B-01
    text = f"SAMLRequest={lower(value())}&RelayState=%2fhome&SigAlg={lower(quote(SHA256, safe=''))}"
    assert "%2f" in text
    received = decode_redirect(signed_by_hand(text))
    assert received.relay_state == "/home"
    assert verified(received)


def test_escapes_that_changed_after_signing_do_not_verify() -> None:
    signed = signed_by_hand(f"SAMLRequest={value()}&SigAlg={quote(SHA256, safe='')}")
    assert verified(decode_redirect(signed))
    changed = signed.replace("%3A", "%3a", 1)
    received = decode_redirect(changed)
    assert received.xml == XML
    assert not verified(received)


def test_a_blank_may_be_a_plus_or_an_escape_and_counts_as_sent() -> None:
    for blank in ("+", "%20"):
        text = f"SAMLRequest={value()}&RelayState=a{blank}b&SigAlg={quote(SHA256, safe='')}"
        received = decode_redirect(signed_by_hand(text))
        assert received.relay_state == "a b"
        assert verified(received)


def test_parameters_may_come_in_any_order_and_are_judged_in_the_standard_one() -> None:
    relay, algorithm = "RelayState=r%2D1", f"SigAlg={quote(SHA256, safe='')}"
    _, _, signature = signed_by_hand(f"SAMLRequest={value()}&{relay}&{algorithm}").rpartition("&")
    shuffled = f"{signature}&so=00D&{algorithm}&{relay}&SAMLRequest={value()}&x"
    assert verified(decode_redirect(shuffled))


def test_a_signature_over_another_order_does_not_verify() -> None:
    wrong = signed_by_hand(f"RelayState=r&SAMLRequest={value()}&SigAlg={quote(SHA256, safe='')}")
    assert not verified(decode_redirect(wrong))


def test_a_relay_state_that_was_added_or_changed_or_taken_away_breaks_the_signature() -> None:
    signed = signed_by_hand(f"SAMLRequest={value()}&RelayState=a&SigAlg={quote(SHA256, safe='')}")
    assert verified(decode_redirect(signed))
    assert not verified(decode_redirect(signed.replace("RelayState=a", "RelayState=b")))
    assert not verified(decode_redirect(signed.replace("&RelayState=a", "")))
    bare = signed_by_hand(f"SAMLRequest={value()}&SigAlg={quote(SHA256, safe='')}")
    assert not verified(decode_redirect(bare + "&RelayState="))


def test_an_empty_relay_state_that_was_signed_verifies() -> None:
    received = decode_redirect(signed_by_hand(f"SAMLRequest={value()}&RelayState=&SigAlg={quote(SHA256, safe='')}"))
    assert received.relay_state == ""
    assert verified(received)


def test_a_key_value_pair_of_another_key_does_not_verify() -> None:
    url = encode_redirect(XML, location="https://idp/sso", credential=credential("old"))
    detached = decode_redirect(query_of(url)).detached
    assert detached is not None
    with pytest.raises(InvalidSignature):
        rsa_key("sp").public_key().verify(detached.signature, detached.signed, padding.PKCS1v15(), hashes.SHA256())


def test_a_query_is_taken_as_bytes_too() -> None:
    assert decode_redirect(f"SAMLResponse={value()}".encode()).kind == "SAMLResponse"


def test_the_encoding_may_be_named() -> None:
    named = quote("urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE", safe="")
    assert decode_redirect(f"SAMLRequest={value()}&SAMLEncoding={named}").xml == XML


BOMB = zlib.compressobj(9, wbits=-15)
BOMB_BYTES = BOMB.compress(bytes(MAX_MESSAGE * 50)) + BOMB.flush()


def request(data: bytes) -> str:
    return "SAMLRequest=" + quote(base64.b64encode(data), safe="")


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("", "neither SAMLRequest nor SAMLResponse"),
        ("samlrequest=x", "neither SAMLRequest nor SAMLResponse"),
        ("SAMLRequest", "SAMLRequest is empty"),
        ("SAMLRequest=", "SAMLRequest is empty"),
        (f"SAMLRequest={value()}&SAMLRequest={value()}", "SAMLRequest stands there more than once"),
        (f"SAMLRequest={value()}&SAMLResponse={value()}", "side by side"),
        (f"SAMLRequest={value()}&RelayState=a&RelayState=b", "RelayState stands there more than once"),
        (f"SAMLRequest={value()}&SigAlg=a&SigAlg=a&Signature=AAAA", "SigAlg stands there more than once"),
        (f"SAMLRequest={value()}&Signature=AAAA&Signature=AAAA&SigAlg=a", "Signature stands there more than once"),
        (f"SAMLRequest={value()}&SAML%52equest={value()}", "the name SAMLRequest is escaped"),
        (f"SAMLRequest={value()}&Relay%53tate=x", "the name RelayState is escaped"),
        (f"SAMLRequest={value()}&Signature=AAAA", "a Signature but no SigAlg"),
        (f"SAMLRequest={value()}&SigAlg=x", "a SigAlg but no Signature"),
        (f"SAMLRequest={value()}&SigAlg=x&Signature=%25", "Signature is not base64"),
        (f"SAMLRequest={value()}&SigAlg=x&Signature=AA+A", "Signature holds a +"),
        (f"SAMLRequest={value()}&SAMLEncoding=urn:x", "SAMLEncoding is 'urn:x'"),
        (f"SAMLRequest={value()}&RelayState=%ff", "RelayState is not escaped text"),
        (f"SAMLRequest={value()}&RelayState=%zz", "RelayState is not escaped text"),
        (f"SAMLRequest={value()}&RelayState=é", "beyond ASCII"),
        (f"SAMLRequest={value()}&RelayState=\udcff", "beyond ASCII"),
        ("SAMLRequest=%25%25", "SAMLRequest is not base64"),
        ("SAMLRequest=AAA", "SAMLRequest is not base64"),
        ("SAMLRequest=AAAA-_", "SAMLRequest is not base64"),
        ("SAMLRequest=AAAA=AAA", "SAMLRequest is not base64"),
        ("SAMLRequest=AA+A", "SAMLRequest holds a +"),
        (request(XML), "not deflated"),
        (request(zlib.compress(XML)), "not deflated"),
        (request(packed()[:-5]), "breaks off"),
        (request(packed() + b"more"), "something stands behind"),
        (request(BOMB_BYTES), "larger than 1 MB"),
        (f"SAMLRequest={'A' * (MAX_MESSAGE * 4)}", "larger than 1 MB"),
    ],
)
def test_a_bad_redirect_is_refused_in_one_line(query: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        decode_redirect(query, "the address")
    assert says in caught.value.problem
    assert caught.value.name == "the address"
    assert "\n" not in str(caught.value)


def test_a_message_of_exactly_the_limit_is_taken() -> None:
    assert len(decode_redirect(request(packed(bytes(MAX_MESSAGE)))).xml) == MAX_MESSAGE
    with pytest.raises(InputError, match="larger"):
        decode_redirect(request(packed(bytes(MAX_MESSAGE + 1))))


def test_a_bomb_is_refused_before_it_grows() -> None:
    query = request(BOMB_BYTES)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match="larger"):
            decode_redirect(query)
        assert tracemalloc.get_traced_memory()[1] < 8 * MAX_MESSAGE
    finally:
        tracemalloc.stop()


B64 = base64.b64encode(XML * 3).decode()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", " ", "\t"])
def test_posted_base64_may_have_line_breaks(line_end: str) -> None:
    folded = line_end.join(B64[place : place + 76] for place in range(0, len(B64), 76))
    assert decode_post({"SAMLResponse": folded}).xml == XML * 3


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ([], "neither SAMLRequest nor SAMLResponse"),
        ([("SAMLResponse", "")], "SAMLResponse is empty"),
        ([("SAMLResponse", " \n")], "SAMLResponse is empty"),
        ([("SAMLResponse", B64), ("SAMLResponse", B64)], "SAMLResponse stands there more than once"),
        ([("SAMLResponse", B64), ("RelayState", ""), ("RelayState", "")], "RelayState stands there more than once"),
        ([("SAMLResponse", B64), ("SAMLRequest", B64)], "side by side"),
        ([("SAMLResponse", "PHg+é")], "not base64"),
        ([("SAMLResponse", B64 + "*")], "not base64"),
        ([("SAMLResponse", "*" + B64)], "not base64"),
        ([("SAMLResponse", B64.replace("A", "_"))], "not base64"),
        ([("SAMLResponse", B64 + "\x00")], "not base64"),
        ([("SAMLResponse", "A" * (MAX_MESSAGE * 2))], "larger than 1 MB"),
        ([("SAMLResponse", "A" * (MAX_MESSAGE * 4))], "larger than 1 MB"),
    ],
)
def test_a_bad_form_is_refused_in_one_line(fields: list[tuple[str, str]], says: str) -> None:
    with pytest.raises(InputError) as caught:
        decode_post(fields, "the form")
    assert says in caught.value.problem
    assert caught.value.name == "the form"
    assert "\n" not in str(caught.value)


def test_other_fields_may_stand_twice() -> None:
    assert decode_post([("x", "1"), ("x", "2"), ("SAMLRequest", B64)]).kind == "SAMLRequest"
