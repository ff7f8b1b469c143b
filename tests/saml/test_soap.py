"""The SOAP envelope: one Body, one message, and nothing that two readers could take in two ways."""

from __future__ import annotations

import pytest

from ssolab.core.findings import InputError
from ssolab.core.xmltree import parse
from ssolab.saml.soap import MAX_ENVELOPE, EnvelopeError, Fault, FaultError, is_envelope, unwrap, wrap

NS = "http://schemas.xmlsoap.org/soap/envelope/"
NEXT = "http://www.w3.org/2003/05/soap-envelope"
MESSAGE = b'<p:Frob xmlns:p="urn:one" a="1"><q:x xmlns:q="urn:two">t &amp; u</q:x></p:Frob>'


def envelope(inside: str, *, namespace: str = NS) -> bytes:
    return f'<s:Envelope xmlns:s="{namespace}">{inside}</s:Envelope>'.encode()


def test_what_is_wrapped_comes_out_again() -> None:
    wrapped = wrap(MESSAGE)
    assert MESSAGE in wrapped
    assert is_envelope(parse(wrapped, "envelope"))
    assert parse(unwrap(wrapped, "envelope"), "message").findtext("{urn:two}x") == "t & u"


def test_namespaces_of_the_envelope_come_along() -> None:
    data = envelope('<s:Body><Frob xmlns="" t="x:y"/></s:Body>').replace(b"xmlns:s", b'xmlns:x="urn:x" xmlns:s', 1)
    assert parse(unwrap(data, "envelope"), "message").nsmap["x"] == "urn:x"


@pytest.mark.parametrize(
    "inside",
    [
        "<s:Body><a/></s:Body>",
        "<s:Header/><s:Body><a/></s:Body>",
        '<s:Header><h xmlns="urn:h"/></s:Header><s:Body><a/></s:Body>',
        '<s:Header><h xmlns="urn:h" s:mustUnderstand="0"/></s:Header><s:Body>\n<a/>\n</s:Body>\n',
        "<!-- a word --><s:Body><a/></s:Body>",
    ],
)
def test_a_plain_envelope_is_opened(inside: str) -> None:
    assert parse(unwrap(envelope(inside), "envelope"), "message").tag == "a"


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (b"<a/>", "Client", "this is a, not a SOAP envelope"),
        (envelope("<s:Body><a/></s:Body>", namespace=NEXT), "VersionMismatch", "another version of SOAP"),
        (envelope(""), "Client", "holds nothing, not one Body"),
        (envelope("<s:Header/>"), "Client", "holds nothing, not one Body"),
        (envelope("<s:Body><a/></s:Body><s:Body><b/></s:Body>"), "Client", "not one Body"),
        (envelope("<s:Body><a/></s:Body><s:Header/>"), "Client", "not one Body"),
        (envelope("<s:Header/><s:Header/><s:Body><a/></s:Body>"), "Client", "not one Body"),
        (envelope("<Body><a/></Body>"), "Client", "not one Body"),
        (envelope("<s:Body><a/></s:Body><x/>"), "Client", "not one Body"),
        (envelope("<s:Body/>"), "Client", "the Body holds 0 elements"),
        (envelope("<s:Body><a/><b/></s:Body>"), "Client", "the Body holds 2 elements"),
        (envelope("<s:Body>x<a/></s:Body>"), "Client", "text stands beside"),
        (envelope("<s:Body><a/>x</s:Body>"), "Client", "text stands beside"),
        (envelope("<s:Body><a/></s:Body>x"), "Client", "text stands beside"),
        (envelope('<s:Header><h s:mustUnderstand="1"/></s:Header><s:Body><a/></s:Body>'), "MustUnderstand", "header h"),
        (envelope('<s:Header><h s:mustUnderstand="true"/></s:Header><s:Body><a/></s:Body>'), "MustUnderstand", "h"),
    ],
)
def test_an_envelope_that_could_be_read_in_two_ways_is_refused_in_one_line(data: bytes, code: str, says: str) -> None:
    with pytest.raises(EnvelopeError) as caught:
        unwrap(data, "the envelope")
    assert caught.value.fault_code == code
    assert caught.value.code == "malformed-envelope"
    assert says in caught.value.problem
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "nothing in it"),
        (b"SAMLart=AAQ", "not XML"),
        (wrap(MESSAGE)[:-9], "not well-formed"),
        (b"<!DOCTYPE s:Envelope>" + wrap(MESSAGE), "DOCTYPE"),
        (wrap(b"<a>" + b"x" * MAX_ENVELOPE + b"</a>"), "more than"),
        (wrap(b"<a>" * 5_000 + b"</a>" * 5_000), "not well-formed"),
    ],
)
def test_what_is_no_document_is_refused_in_one_line(data: bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        unwrap(data, "the envelope")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_fault_is_written_and_read_again() -> None:
    fault = Fault("MustUnderstand", "the header <wsse:Security> & more")
    with pytest.raises(FaultError) as caught:
        unwrap(fault.write(), "the answer")
    assert caught.value.fault == fault
    assert "MustUnderstand" in str(caught.value)


def test_a_fault_without_words_is_read_and_one_without_a_code_is_refused() -> None:
    with pytest.raises(FaultError) as caught:
        unwrap(envelope("<s:Body><s:Fault><faultcode>s:Server</faultcode></s:Fault></s:Body>"), "the answer")
    assert caught.value.fault == Fault("Server", "")
    with pytest.raises(InputError, match="faultcode"):
        unwrap(envelope("<s:Body><s:Fault/></s:Body>"), "the answer")
