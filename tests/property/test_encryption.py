"""Encryption over any content: what goes in comes out, and a changed byte has one answer and lets nobody in."""

from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ssolab.core.ciphers import CONTENT_CIPHERS, CONTENT_NAMES, KEY_TRANSPORTS
from ssolab.core.findings import InputError, Severity
from ssolab.core.xmlenc import DecryptionKey, decrypt, encrypt
from ssolab.core.xmltree import XENC, canonical, parse
from ssolab.saml.checks import accept
from ssolab.saml.message_checks import version_unsupported
from tests.saml.samples import IDP, credential, expected, find, trust
from tests.saml.test_decryption import message

if TYPE_CHECKING:
    from random import Random

    from ssolab.core.findings import Report
    from ssolab.saml.checks import Principal

VALUE = f"{{{XENC}}}CipherData/{{{XENC}}}CipherValue"
DATA = f"saml:EncryptedAssertion/{{{XENC}}}EncryptedData"
PLACES = {"content": f"{DATA}/{VALUE}", "key": f"{DATA}//{{{XENC}}}EncryptedKey/{VALUE}"}
OURS = DecryptionKey.from_credential(credential("sp"))
EXPECTED = expected(decryption=(OURS,), trusted=(trust("idp", IDP),))
AT, BIT = st.integers(0, 10_000), st.sampled_from([1 << shift for shift in range(8)])
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=200)


def judged(data: bytes) -> Report[Principal]:
    """Signature, shape and decryption alone have to notice."""
    return accept(data, EXPECTED, (version_unsupported,))


def changed(data: bytes, place: str, at: int, bit: int) -> bytes:
    root = parse(data, "message")
    held = find(root, place)
    value = bytearray(base64.b64decode(held.text or ""))
    value[at % len(value)] ^= bit
    held.text = base64.b64encode(value).decode()
    made: bytes = etree.tostring(root)
    return made


def length(data: bytes, place: str) -> int:
    return len(base64.b64decode(find(parse(data, "message"), place).text or ""))


@given(text=TEXT, name=TEXT, content=st.sampled_from(CONTENT_NAMES))
@settings(max_examples=60, deadline=None)
def test_what_goes_in_comes_out(text: str, name: str, content: str) -> None:
    element = etree.Element("{urn:x}a", {"name": name}, {"p": "urn:x", "q": "urn:unused"})
    element.text = text
    etree.SubElement(element, "b").tail = text
    shell = etree.Element("shell")
    shell.append(encrypt(element, trust("sp"), content=content))

    done = decrypt(shell, [OURS], wanted="{urn:x}a")

    assert done.element is not None
    assert canonical(done.element, comments=True) == canonical(element, comments=True)


@pytest.mark.parametrize("place", PLACES)
def test_every_changed_byte_has_one_answer_and_lets_nobody_in(place: str) -> None:
    data = message(content="aes128-gcm")
    assert judged(data).accepted
    told = set()
    for at in range(length(data, PLACES[place])):
        report = judged(changed(data, PLACES[place], at, 1 << (at % 8)))
        assert report.principal is None
        told.add(report.findings)
    assert len(told) == 1
    assert [found.code for found in told.pop() if found.severity is Severity.ERROR] == ["decryption-failed"]


@pytest.mark.parametrize("content", ["aes256-cbc", "tripledes-cbc"])
@given(at=AT, bit=BIT, key=st.booleans())
@settings(max_examples=150, deadline=None)
def test_with_cbc_too_no_change_is_told_from_another(content: str, at: int, bit: int, *, key: bool) -> None:
    data = GENUINE[content]
    place = PLACES["key" if key else "content"]
    report = judged(changed(data, place, at, bit))
    # A last block of nothing but padding may become other padding; then it is the genuine message still.
    if report.principal is None:
        assert report.findings == REFUSED[content].findings
    else:
        assert report.principal == judged(data).principal


GENUINE = {content: message(content=content) for content in ("aes256-cbc", "tripledes-cbc")}
REFUSED = {content: judged(changed(data, PLACES["key"], 0, 1)) for content, data in GENUINE.items()}


@pytest.mark.parametrize("sign_as", ["response", "both"])
@given(
    at=st.integers(0, 10_000), bit=st.sampled_from([1 << shift for shift in range(8)]), place=st.sampled_from([*PLACES])
)
@settings(max_examples=60, deadline=None)
def test_under_a_signature_a_changed_byte_is_a_changed_message(sign_as: str, at: int, bit: int, place: str) -> None:
    report = judged(changed(UNDER[sign_as], PLACES[place], at, bit))
    assert report.principal is None
    assert {found.code for found in report.errors} == {"digest-mismatch"}
    assert report.decryption == ()


UNDER = {sign_as: message(sign_as=sign_as) for sign_as in ("response", "both")}


def mangled(data: bytes, chance: Random) -> bytes:
    """The message with a few of its parts taken away, doubled, emptied, renamed or interrupted."""
    root = parse(data, "message")
    for _ in range(chance.randint(1, 3)):
        everything = list(root.iter("*"))
        one, other = chance.choice(everything[1:]), chance.choice(everything)
        above = one.getparent()
        match chance.randrange(6):
            case 0 if above is not None:
                above.remove(one)
            case 1:
                one.append(copy.deepcopy(other))
            case 2 if one.attrib:
                one.set(chance.choice(list(one.attrib)), chance.choice(["", "#x", "_assertion", *WORDS]))
            case 3:
                one.text = chance.choice(["", "AAAA", "\u00e4", " A A A A "])
            case 4:
                one.insert(0, etree.Comment("x") if chance.random() < EVEN else etree.ProcessingInstruction("x"))
            case _:
                one.tag = other.tag
    made: bytes = etree.tostring(root)
    return made


@given(chance=st.randoms(use_true_random=False), data=st.sampled_from(range(4)))
@settings(max_examples=150, deadline=None)
def test_a_mangled_message_lets_nobody_else_in_and_raises_nothing_but_our_errors(chance: Random, data: int) -> None:
    try:
        report = accept(mangled(WHOLE[data], chance), EXPECTED)
    except InputError:
        return
    assert report.principal is None or report.principal.name_id == "amira@greenmoor.org"
    assert report.accepted or report.errors


EVEN = 0.5
WORDS = [*CONTENT_CIPHERS, *KEY_TRANSPORTS]
WHOLE = (
    message(),
    message("name-id", "attributes"),
    message(content="aes128-cbc", transport="rsa-oaep"),
    message("assertion", "name-id", sign_as="both"),
)
