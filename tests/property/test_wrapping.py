"""The wrapping attacks XSW1 to XSW8 (Somorovsky et al., USENIX Security 2012) and their later relatives.

Each generator starts from a fresh valid message and moves the signed original to where a verifier might still find it,
while a forged copy takes its place where a reader looks. Nobody may be logged in, or the genuine subject alone.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from ssolab.core.findings import InputError
from ssolab.core.xmltree import DS, SAML, SAMLP
from ssolab.saml.checks import accept
from tests.saml.samples import expected, find, response

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.xmltree import Element

GENUINE = "amira@greenmoor.org"
FORGED = "admin@greenmoor.org"
SIGNATURE = f"{{{DS}}}Signature"
ASSERTION = f"{{{SAML}}}Assertion"


def forged(element: Element, identifier: str = "_forged", *, signed: bool = False) -> Element:
    """A copy that speaks of somebody else, with another ID; *signed* keeps its signature."""
    twin = copy.deepcopy(element)
    if not signed:
        for signature in list(twin.iter(SIGNATURE)):
            parent = signature.getparent()
            assert parent is not None
            parent.remove(signature)
    twin.set("ID", identifier)
    for name in twin.iter(f"{{{SAML}}}NameID"):
        name.text = FORGED
    return twin


def within(name: str, inside: Element, namespace: str = SAMLP) -> Element:
    holder = etree.Element(f"{{{namespace}}}{name}")
    holder.append(inside)
    return holder


def signature_of(element: Element) -> Element:
    found = element.find(SIGNATURE)
    assert found is not None
    return found


def unsigned(element: Element) -> Element:
    """Take the signature out of a copy."""
    twin = copy.deepcopy(element)
    twin.remove(signature_of(twin))
    return twin


def xsw1(root: Element) -> Element:
    """Forged Response; the original Response, without its signature, inside the signature that stays behind."""
    evil = forged(root)
    signature = copy.deepcopy(signature_of(root))
    signature.append(unsigned(root))
    evil.insert(1, signature)
    return evil


def xsw2(root: Element) -> Element:
    """Forged Response; the detached original Response stands before its signature."""
    evil = forged(root)
    evil.insert(1, copy.deepcopy(signature_of(root)))
    evil.insert(1, unsigned(root))
    return evil


def xsw3(root: Element) -> Element:
    """Forged Assertion before the original one."""
    original = find(root, "saml:Assertion")
    root.insert(root.index(original), forged(original))
    return root


def xsw4(root: Element) -> Element:
    """Original Assertion inside the forged one."""
    original = find(root, "saml:Assertion")
    evil = forged(original)
    root.replace(original, evil)
    evil.append(original)
    return root


def robbed(root: Element) -> tuple[Element, Element]:
    """Put a forged Assertion with the genuine signature in place; give the original, now bare, and that signature."""
    original = find(root, "saml:Assertion")
    signature = signature_of(original)
    evil = forged(original)
    root.replace(original, evil)
    original.remove(signature)
    evil.insert(1, signature)
    return original, signature


def xsw5(root: Element) -> Element:
    """Forged Assertion with the signature; the original without it at the end."""
    original, _ = robbed(root)
    root.append(original)
    return root


def xsw6(root: Element) -> Element:
    """Forged Assertion with the signature, which holds the original."""
    original, signature = robbed(root)
    signature.append(original)
    return root


def xsw7(root: Element) -> Element:
    """Forged Assertion in Extensions, which schemas let hold anything."""
    original = find(root, "saml:Assertion")
    root.insert(root.index(original), within("Extensions", forged(original, "_assertion")))
    return root


def xsw8(root: Element) -> Element:
    """Forged Assertion with the signature, whose Object holds the original."""
    original, signature = robbed(root)
    signature.append(within("Object", original, DS))
    return root


def original_in_extensions(root: Element) -> Element:
    """The signed Assertion in Extensions, a forged one with the same ID in its place."""
    original = find(root, "saml:Assertion")
    root.replace(original, forged(original, "_assertion"))
    root.insert(1, within("Extensions", original))
    return root


def original_in_advice(root: Element) -> Element:
    """The signed Assertion as Advice of an unsigned forged one."""
    original = find(root, "saml:Assertion")
    evil = forged(original)
    root.replace(original, evil)
    evil.append(within("Advice", original, SAML))
    return root


def forged_beside_in_status(root: Element) -> Element:
    """The forged Assertion in StatusDetail."""
    original = find(root, "saml:Assertion")
    find(root, "samlp:Status").append(within("StatusDetail", forged(original)))
    return root


def same_id_twice(root: Element) -> Element:
    """A forged Assertion of the same ID, still carrying the signature, before the original."""
    original = find(root, "saml:Assertion")
    root.insert(root.index(original), forged(original, "_assertion", signed=True))
    return root


def two_signatures(root: Element) -> Element:
    """The signature a second time, at the root."""
    root.insert(1, copy.deepcopy(signature_of(find(root, "saml:Assertion"))))
    return root


def forged_name_in_front(root: Element) -> Element:
    """A second Subject before the signed one."""
    original = find(root, "saml:Assertion")
    subject = copy.deepcopy(find(original, "saml:Subject"))
    find(subject, "saml:NameID").text = FORGED
    original.insert(1, subject)
    return root


def original_reread_from_the_wrapper(root: Element) -> Element:
    """A foreign element in a look-alike namespace carries the forged name."""
    twin = etree.Element("{urn:oasis:names:tc:SAML:2.0:assertion/}Assertion", ID="_assertion")
    twin.text = FORGED
    root.insert(1, twin)
    return root


ATTACKS = [
    xsw1,
    xsw2,
    xsw3,
    xsw4,
    xsw5,
    xsw6,
    xsw7,
    xsw8,
    original_in_extensions,
    original_in_advice,
    forged_beside_in_status,
    same_id_twice,
    two_signatures,
    forged_name_in_front,
    original_reread_from_the_wrapper,
]
ON_RESPONSES = {xsw1, xsw2}


def attacked(attack: Callable[[Element], Element], sign_as: str) -> bytes:
    message: bytes = etree.tostring(attack(etree.fromstring(response(sign_as=sign_as))))
    return message


@pytest.mark.parametrize(
    ("attack", "sign_as"),
    [
        (attack, sign_as)
        for attack in ATTACKS
        for sign_as in ("assertion", "response", "both")
        if (sign_as != "assertion" if attack in ON_RESPONSES else sign_as != "response")
    ],
)
def test_a_wrapped_message_logs_in_nobody(attack: Callable[[Element], Element], sign_as: str) -> None:
    message = attacked(attack, sign_as)
    assert message != response(sign_as=sign_as)
    report = accept(message, expected())
    assert report.principal is None
    assert report.errors


@pytest.mark.parametrize("attack", [xsw3, xsw4, original_in_extensions, forged_beside_in_status])
def test_second_opinions_never_turn_a_wrapped_message_into_a_login(attack: Callable[[Element], Element]) -> None:
    assert accept(attacked(attack, "assertion"), expected(opinions=True)).principal is None


def test_the_unattacked_message_logs_in_the_genuine_subject() -> None:
    for sign_as in ("assertion", "response", "both"):
        principal = accept(response(sign_as=sign_as), expected()).principal
        assert principal is not None
        assert principal.name_id == GENUINE


@pytest.mark.parametrize("split", ["<!---->", "<?x?>", "<x/>"])
@pytest.mark.parametrize("sign_as", ["assertion", "response", "both"])
def test_a_name_that_is_split_after_signing_logs_in_nobody(split: str, sign_as: str) -> None:
    message = response(sign_as=sign_as).replace(
        b"amira@greenmoor.org</saml:NameID>", f"amira@green{split}moor.org</saml:NameID>".encode()
    )
    assert accept(message, expected()).principal is None


@pytest.mark.parametrize("forgery", ["ID", "Id", "id", "xml:id"])
def test_an_id_that_stands_on_another_attribute_too_is_refused(forgery: str) -> None:
    message = response().replace(b"<saml:Conditions", f'<saml:Conditions {forgery}="_assertion"'.encode())
    outside = response().replace(b"<samlp:Status>", f'<samlp:Status {forgery}="_assertion">'.encode())
    assert accept(message, expected()).principal is None
    assert accept(outside, expected()).principal is None


def test_trailing_markup_is_no_message() -> None:
    with pytest.raises(InputError):
        accept(response() + response(), expected())
