"""Damaged documents of every kind: either a clear refusal, or something that is written and read back the same."""

from __future__ import annotations

import base64
import re
from functools import cache
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssolab.core.findings import InputError
from ssolab.core.xmltree import parse, serialise
from ssolab.saml.asking import Asking
from ssolab.saml.bindings import decode_post, decode_redirect, encode_redirect
from ssolab.saml.issue import draft_request, draft_response, seal
from ssolab.saml.logout import LogoutRequest, LogoutResponse
from ssolab.saml.messages import AuthnRequest, NameIDPolicy, Response
from ssolab.saml.metadata import read_entity, write_entity
from ssolab.saml.reading import read_message
from ssolab.saml.soap import unwrap, wrap
from tests.saml.logout_samples import answer as logout_response
from tests.saml.logout_samples import posted
from tests.saml.logout_samples import request as logout_request
from tests.saml.samples import NOW, REQUEST, asserting, credential, relying
from tests.saml.strategies import patient

if TYPE_CHECKING:
    from collections.abc import Callable

VALUES = (
    *("", " ", "x", "{a", "a:b:c", ":", "-1", "65536", "true", "xs:string", "P1Y", "-P1D", "https://x", "javascript:x"),
    *("2027-13-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "0000-01-01T00:00:00Z"),
)
TEXTS = (
    b"",
    b"AA==",
    b"====",
    b"<!--x-->",
    b"a<?p?>b",
    b"<![CDATA[x]]>",
    b"&#10;",
    b"&#xD800;",
    b"&bomb;",
    b"<x/>",
    b"\xff",
)


@cache
def samples() -> dict[str, bytes]:
    numbers = count()
    response = draft_response(
        asserting(flavour="salesforce"),
        now=NOW,
        new_id=lambda: f"_{next(numbers)}",
        name_id="amira",
        attributes={"mail": ["a", "b"]},
        in_response_to=REQUEST,
    )
    request = draft_request(
        relying(),
        Asking(name_id_policy=NameIDPolicy(format="urn:f", allow_create=True), force_authn=True),
        now=NOW,
        new_id=lambda: "_q",
    )
    return {
        "response": seal(response, credential("idp"), sign="both"),
        "request": seal(request, credential("sp")),
        "logout request": posted(logout_request(), "SAMLRequest").xml,
        "logout response": posted(logout_response(), "SAMLResponse").xml,
        "sp": relying(flavour="salesforce").document(NOW),
        "idp": asserting().document(NOW),
    }


def reread_response(data: bytes) -> bool:
    read = Response.read(parse(data, "hostile"), "hostile")
    return Response.read(parse(serialise(read.element()), "again")) == read


def reread_request(data: bytes) -> bool:
    read = AuthnRequest.read(parse(data, "hostile"), "hostile")
    return AuthnRequest.read(parse(serialise(read.element()), "again")) == read


def reread_logout_request(data: bytes) -> bool:
    read = LogoutRequest.read(parse(data, "hostile"), "hostile")
    return LogoutRequest.read(parse(serialise(read.element()), "again")) == read


def reread_logout_response(data: bytes) -> bool:
    read = LogoutResponse.read(parse(data, "hostile"), "hostile")
    return LogoutResponse.read(parse(serialise(read.element()), "again")) == read


def reread_entity(data: bytes) -> bool:
    read = read_entity(data, "hostile")
    return read_entity(write_entity(read), "again") == read


READERS: dict[str, Callable[[bytes], bool]] = {
    "response": reread_response,
    "request": reread_request,
    "logout request": reread_logout_request,
    "logout response": reread_logout_response,
    "sp": reread_entity,
    "idp": reread_entity,
}


def unwrapped(data: bytes) -> object:
    return unwrap(data, "hostile")


@pytest.mark.parametrize("kind", [*READERS, "envelope"])
def test_a_hundred_thousand_elements_inside_a_valid_document_are_refused(kind: str) -> None:
    message = wrap(samples()["logout request"]) if kind == "envelope" else samples()[kind]
    read = READERS.get(kind, unwrapped)
    assert read(message)
    body, slash, end = message.rpartition(b"</")
    with pytest.raises(InputError) as caught:
        read(body + b"<a>" * 100_000 + b"</a>" * 100_000 + slash + end)
    assert caught.value.code == "oversized-document"


def survives(read: Callable[[], object]) -> None:
    """Whatever is read, it is read whole or refused in one line."""
    try:
        assert read()
    except InputError as error:
        assert "\n" not in str(error)  # noqa: PT017  both outcomes are good, and this is what the bad one must look like
        assert len(str(error)) < 1000  # noqa: PT017


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A document in which tags were dropped, doubled and moved, and values replaced."""
    kind = draw(st.sampled_from(sorted(READERS)))
    tokens = re.findall(rb"<[^>]*>|[^<]+", samples()[kind])
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(tokens) - 1))
        match draw(st.sampled_from(["drop", "double", "value", "text", "byte"])):
            case "drop":
                del tokens[place]
            case "double":
                tokens.insert(place, tokens[draw(st.integers(0, len(tokens) - 1))])
            case "value":
                value = draw(st.sampled_from(VALUES)).encode()
                tokens[place] = re.sub(rb'="[^"]*"', lambda _: b'="' + value + b'"', tokens[place], count=1)  # noqa: B023  called at once
            case "text":
                tokens[place] = draw(st.sampled_from(TEXTS))
            case _:
                at = draw(st.integers(0, len(tokens[place])))
                tokens[place] = tokens[place][:at] + draw(st.binary(min_size=1, max_size=2)) + tokens[place][at:]
    return kind, b"".join(tokens)


@settings(patient, max_examples=300)
@given(damaged())
def test_a_damaged_document_is_read_whole_or_refused(case: tuple[str, bytes]) -> None:
    kind, data = case
    survives(lambda: READERS[kind](data))


@patient
@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    survives(lambda: read_message(data, "hostile"))
    survives(lambda: read_message(base64.b64encode(data), "hostile"))
    survives(lambda: read_message(b"SAMLResponse=" + data, "hostile"))
    survives(lambda: read_entity(data, "hostile"))


@patient
@given(st.text(max_size=200))
def test_any_text_is_a_query_and_a_form_or_refused(text: str) -> None:
    survives(lambda: decode_redirect(text, "hostile"))
    survives(lambda: decode_redirect(f"SAMLRequest={text}&RelayState={text}&SigAlg=x&Signature={text}", "hostile"))
    survives(lambda: decode_post([("SAMLResponse", text), ("RelayState", text)], "hostile"))


@patient
@given(st.data())
def test_a_damaged_address_is_read_or_refused(data: st.DataObject) -> None:
    url = encode_redirect(
        samples()["request"], location="https://idp/sso", relay_state="/", credential=credential("sp")
    )
    at = data.draw(st.integers(0, len(url)))
    end = data.draw(st.integers(at, min(at + 5, len(url))))
    broken = url[:at] + data.draw(st.text("%&=+?#aZ09-_ \n", max_size=3)) + url[end:]
    survives(lambda: read_message(broken.encode(), "hostile"))
    survives(lambda: decode_redirect(broken.partition("?")[2], "hostile"))
