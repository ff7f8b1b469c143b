"""Messages with pieces moved, copied, renamed and emptied at random: nobody new ever logs in, and nothing breaks."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ssolab.core.findings import InputError
from ssolab.saml.bindings import decode_redirect, encode_redirect
from ssolab.saml.checks import accept
from ssolab.saml.issue import draft_request, seal
from ssolab.saml.request_checks import accept_request, request_expected_of
from tests.saml.samples import NOW, REQUEST, SSO, asserting, credential, expected, relying, response

if TYPE_CHECKING:
    from random import Random

    from ssolab.core.xmltree import Element

VALUES = ("", "x", "_assertion", "_response", "2027-01-04T09:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z")
TEXTS = ("", "x", "admin@greenmoor.org", "\u2028", "-1")
CHANGES = 9


@functools.cache
def sealed(sign_as: str) -> bytes:
    return response(sign_as=sign_as)


def mutated(message: bytes, random: Random) -> bytes:
    """Change one to three places of a message."""
    root = etree.fromstring(message)
    for _ in range(random.randint(1, 3)):
        elements = list(root.iter("*"))
        change(random.choice(elements), random.choice(elements), random)
    written: bytes = etree.tostring(root)
    return written


def change(element: Element, other: Element, random: Random) -> None:
    parent = element.getparent()
    match random.randrange(CHANGES):
        case 0 if parent is not None:
            parent.remove(element)
        case 1:
            other.append(copy.deepcopy(element))
        case 2 if parent is not None and element not in (other, *other.iterancestors()):
            other.insert(0, element)
        case 3 if element.attrib:
            del element.attrib[random.choice(sorted(element.attrib))]
        case 4 if element.attrib:
            element.set(random.choice(sorted(element.attrib)), random.choice(VALUES))
        case 5:
            element.text = random.choice(TEXTS)
        case 6:
            element.insert(0, random.choice([etree.Comment("c"), etree.ProcessingInstruction("p"), etree.Element("z")]))
        case 7:
            element.tag = other.tag
        case 8:
            other.insert(0, copy.deepcopy(element))


@settings(deadline=None, max_examples=200)
@given(random=st.randoms(use_true_random=False), sign_as=st.sampled_from(["assertion", "response", "both", "none"]))
def test_a_mutated_message_logs_in_the_genuine_principal_or_nobody(random: Random, sign_as: str) -> None:
    genuine = accept(sealed("assertion"), expected()).principal
    try:
        report = accept(mutated(sealed(sign_as), random), expected())
    except InputError:
        return
    assert report.principal in (None, genuine)
    assert report.accepted != bool(report.errors)
    assert not report.accepted or sign_as != "none"


@settings(deadline=None, max_examples=200)
@given(data=st.binary(max_size=200))
def test_bytes_that_are_no_message_end_in_an_input_error(data: bytes) -> None:
    try:
        report = accept(data, expected())
    except InputError:
        return
    assert report.principal is None


@functools.cache
def query() -> str:
    request = draft_request(relying(), now=NOW, new_id=lambda: REQUEST)
    url = encode_redirect(seal(request, None), location=SSO, relay_state="/home", credential=credential("sp"))
    return url.partition("?")[2]


def test_any_changed_character_of_a_signed_query_ends_the_login() -> None:
    sent = query()
    party = request_expected_of(asserting(), now=NOW, opinions=False)
    assert accept_request(decode_redirect(sent), party).accepted
    survived = []
    for place, character in enumerate(sent):
        flipped = sent[:place] + chr(ord(character) ^ 1) + sent[place + 1 :]
        try:
            report = accept_request(decode_redirect(flipped), party)
        except InputError:
            continue
        if report.accepted:
            survived.append(sent[max(0, place - 12) : place + 1])
    assert survived == []
