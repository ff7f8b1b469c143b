from __future__ import annotations

import base64
import zlib
from urllib.parse import quote, quote_plus, urlsplit

import pytest

from ssolab.core.findings import InputError
from ssolab.saml.bindings import MAX_MESSAGE, POST, REDIRECT, encode_redirect
from ssolab.saml.reading import read_message
from tests.saml.samples import credential

SAMLP = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
REQUEST = f'<samlp:AuthnRequest {SAMLP} ID="_1">größer ~~~???>>></samlp:AuthnRequest>'
RESPONSE = REQUEST.replace("AuthnRequest", "Response").encode()
XML = REQUEST.encode()
B64 = base64.b64encode(XML).decode()
DEFLATED = base64.b64encode(zlib.compress(XML)[2:-4]).decode()
URL = encode_redirect(XML, location="https://idp/sso?x=1", relay_state="/a", credential=credential("sp"))


@pytest.mark.parametrize(
    ("data", "binding"),
    [
        (XML, None),
        (b"\xef\xbb\xbf\n" + XML, None),
        (b'<?xml version="1.0"?>\n<!-- saved -->' + XML + b"\n", None),
        (REQUEST.encode("utf-16"), None),
        (B64.encode(), POST),
        (b"\n" + base64.encodebytes(XML) + b"\n", POST),
        (quote(B64, safe="").encode(), POST),
        (DEFLATED.encode(), REDIRECT),
        (quote(DEFLATED, safe="").encode(), REDIRECT),
        (f"SAMLRequest={quote(B64, safe='')}&RelayState=%2Fa".encode(), POST),
        (f"SAMLRequest={B64}".encode(), POST),
        (f"RelayState=/a&SAMLRequest={quote_plus(B64)}\n".encode(), POST),
        (f"SAMLRequest={quote(DEFLATED, safe='')}".encode(), REDIRECT),
        (f"?SAMLRequest={DEFLATED}".encode(), REDIRECT),
        (URL.encode(), REDIRECT),
        (f"  {URL}#top\n".encode(), REDIRECT),
        (urlsplit(URL).query.encode(), REDIRECT),
        ("\n".join(URL[place : place + 60] for place in range(0, len(URL), 60)).encode(), REDIRECT),
    ],
)
def test_a_message_is_read_in_whatever_form_it_was_saved(data: bytes, binding: str | None) -> None:
    received = read_message(data, "saved.txt")
    assert received.binding == binding
    assert received.kind == "SAMLRequest"
    if binding is None:
        assert received.xml == data
    else:
        assert received.xml == XML


def test_a_redirect_address_keeps_its_signature_and_relay_state() -> None:
    received = read_message(URL.encode(), "u")
    assert received.relay_state == "/a"
    assert received.detached is not None
    assert received.detached.signed.decode() == urlsplit(URL).query.partition("x=1&")[2].partition("&Signature")[0]


def test_relay_state_of_a_pasted_form_is_unescaped() -> None:
    assert read_message(f"SAMLRequest={quote(B64)}&RelayState=a+b%2Fc".encode(), "f").relay_state == "a b/c"


@pytest.mark.parametrize(
    "data", [RESPONSE, base64.b64encode(RESPONSE), b"SAMLResponse=" + quote(base64.b64encode(RESPONSE)).encode()]
)
def test_a_response_is_told_from_a_request(data: bytes) -> None:
    assert read_message(data, "r").kind == "SAMLResponse"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "nothing in it"),
        (b" \n", "nothing in it"),
        (b"\xef\xbb\xbf", "nothing in it"),
        (b"hello world!", "not base64"),
        (b"aGVsbG8gd29ybGQh", "not deflated"),
        (b"\x00\x01\x02", "not base64"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b"\x89PNG\r\n", "neither XML nor base64"),
        (b"<a>", "not well-formed"),
        (XML[:40], "not well-formed"),
        (base64.b64encode(XML[:40]), "not well-formed"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DOCTYPE"),
        (b"https://idp/sso", "not base64"),
        (b"https://idp/sso?x=SAMLRequest", "not base64"),
        (b"https://idp/sso#SAMLRequest=x", "not base64"),
        (b"SAMLRequest=", "SAMLRequest is empty"),
        (b"SAMLRequest=***", "not base64"),
        (f"SAMLRequest={DEFLATED[:-8]}".encode(), "breaks off"),
        (f"SAMLRequest={B64}&SAMLRequest={B64}".encode(), "more than once"),
        (f"{URL}&SAMLResponse=x".encode(), "side by side"),
        (b"<" * (4 * MAX_MESSAGE), "too many"),
    ],
)
def test_what_is_no_message_is_refused_in_one_line(data: bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read_message(data, "saved.txt")
    assert says in caught.value.problem
    assert caught.value.name == "saved.txt"
    assert "\n" not in str(caught.value)
