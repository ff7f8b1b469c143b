"""One changed byte: outside KeyInfo it ends the login, inside KeyInfo it never changes who logs in."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

import pytest

from ssolab.core.findings import InputError
from ssolab.core.xmltree import canonical, parse
from ssolab.saml.checks import accept
from ssolab.saml.message_checks import version_unsupported
from tests.saml.samples import IDP, expected, find, response, trust

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.xmltree import Element
    from ssolab.saml.checks import Principal

KEY_INFO = re.compile(rb"<ds:KeyInfo>.*?</ds:KeyInfo>", re.DOTALL)
EXPECTED = expected(trusted=(trust("p256", IDP),), in_response_to={"_q"})
ONE_CHECK = (version_unsupported,)
"""Signature and shape alone have to notice, so nearly every other check is left out; it is quicker too."""
VALUES = re.compile(rb"<ds:(DigestValue|SignatureValue)>([^<]*)</ds:")


def lean(root: Element) -> None:
    """Shorten what is only long: the request's ID and the second attribute."""
    for element in (root, find(root, ".//saml:SubjectConfirmationData")):
        element.set("InResponseTo", "_q")
    attributes = find(root, ".//saml:AttributeStatement")
    attributes.remove(attributes[1])


def message_signed_as(sign_as: str) -> bytes:
    """A short message over a short key: every byte of it is changed in turn."""
    return response(lean, sign_as=sign_as, key="p256")


def flips(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Every message that differs in one byte: another letter, and where it matters a bit of the encoding."""
    for place in range(len(message)):
        byte = message[place]
        other = byte ^ (0x20 if chr(byte).isalpha() else 0x01)
        yield place, message[:place] + bytes([other]) + message[place + 1 :]


def principal(message: bytes) -> Principal | None:
    try:
        return accept(message, EXPECTED, ONE_CHECK).principal
    except InputError:
        return None


def meaning(message: bytes) -> bytes | None:
    """The canonical form, with base64 values decoded: what a change has to alter to be a change at all."""
    try:
        written = canonical(parse(message, "message"), exclusive=True)
    except (InputError, ValueError):
        return None
    return VALUES.sub(lambda match: base64.b64decode(match[2], validate=False), written)


@pytest.mark.parametrize("sign_as", ["response", "both"])
def test_any_changed_byte_outside_keyinfo_ends_the_login(sign_as: str) -> None:
    message = message_signed_as(sign_as)
    kept = principal(message)
    assert kept is not None
    inside = {place for match in KEY_INFO.finditer(message) for place in range(*match.span())}
    genuine = meaning(message)
    survived = [
        place
        for place, flipped in flips(message)
        if place not in inside and principal(flipped) is not None and meaning(flipped) != genuine
    ]
    assert survived == []


def test_any_changed_byte_of_an_assertion_outside_keyinfo_ends_the_login() -> None:
    message = message_signed_as("assertion")
    begin, end = message.index(b"<saml:Assertion"), message.index(b"</samlp:Response>")
    key_info = KEY_INFO.search(message)
    assert key_info is not None
    genuine = meaning(message)
    survived = [
        place
        for place, flipped in flips(message)
        if begin <= place < end
        and place not in range(*key_info.span())
        and principal(flipped) is not None
        and meaning(flipped) != genuine
    ]
    assert survived == []


def test_any_changed_byte_around_a_signed_assertion_never_changes_the_principal() -> None:
    message = message_signed_as("assertion")
    kept = principal(message)
    begin = message.index(b"<saml:Assertion")
    outcomes = [principal(flipped) for place, flipped in flips(message) if place < begin]
    assert [each for each in outcomes if each is not None and each != kept] == []


def test_a_changed_byte_in_keyinfo_never_changes_the_principal() -> None:
    message = message_signed_as("assertion")
    kept = principal(message)
    key_info = KEY_INFO.search(message)
    assert key_info is not None
    span = range(*key_info.span())
    outcomes = [principal(flipped) for place, flipped in flips(message) if place in span]
    assert [each for each in outcomes if each is not None and each != kept] == []
    assert kept in outcomes, "most of KeyInfo decides nothing"
