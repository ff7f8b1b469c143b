"""Transforms and canonicalisations beside the two that SAML allows: what is digested is then not what is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lxml import etree

from ssolab.core.keys import Permission
from ssolab.core.xmlshape import ENVELOPED, EXCLUSIVE, INCLUSIVE, Form
from ssolab.core.xmltree import DS, SAML, parse, serialise
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import find, forge, remove
from ssolab.faults.saml.resealing import (
    USUAL,
    WITH_COMMENTS,
    digest,
    resealed,
    step,
    transformed,
    without_its_signature,
)
from ssolab.faults.saml.styles import ONCE

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_FORBIDDEN: Final = ("forbidden-transform",)
_C14N_11: Final = "http://www.w3.org/2006/12/xml-c14n11"
_XSLT: Final = "http://www.w3.org/TR/1999/REC-xslt-19991116"
_STYLE: Final = "http://www.w3.org/1999/XSL/Transform"
_XPATH: Final = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_FILTER: Final = "http://www.w3.org/2002/06/xmldsig-filter2"
_DECRYPT: Final = "http://www.w3.org/2002/07/decrypt#XML"


def _and_forged(xml: bytes, kit: Kit) -> bytes:
    root = parse(xml, "message")
    forge(root, kit)
    return serialise(root)


@fault("X-35", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=_FORBIDDEN)
def xslt_transform(xml: bytes, kit: Kit) -> bytes:
    """A transform is an XSLT stylesheet that replaces everything by one word.

    A stylesheet is a program of the sender's choice: it runs before anybody knows who sent it, and what it leaves over
    fits every message. It is refused and never run.
    """
    style = etree.Element(f"{{{_STYLE}}}stylesheet", version="1.0", nsmap={"xsl": _STYLE})
    template = etree.SubElement(style, f"{{{_STYLE}}}template", match="/")
    etree.SubElement(template, "accepted")
    return transformed(xml, kit, step(ENVELOPED), step(_XSLT, style), step(EXCLUSIVE), form=USUAL)


@fault("X-36", Nature.ATTACK, Stage.WIRE, keeps=True, cites="SAMLscope, docs/79", trips=_FORBIDDEN)
def xpath_transform_that_drops_the_subject(xml: bytes, kit: Kit) -> bytes:
    """An XPath transform leaves the Subject out of what is signed, and the name was changed.

    The value holds and the digest fits, whatever the Subject says. Only enveloped-signature and canonicalisation are
    allowed.
    """
    path = etree.Element(f"{{{DS}}}XPath", nsmap={"ds": DS, "saml": SAML})
    path.text = "not(ancestor-or-self::saml:Subject)"
    steps = (step(ENVELOPED), step(_XPATH, path), step(EXCLUSIVE))
    return _and_forged(transformed(xml, kit, *steps, without="saml:Subject"), kit)


@fault("X-36", Nature.ATTACK, Stage.WIRE, keeps=True, trips=_FORBIDDEN)
def xpath_filter_that_drops_the_subject(xml: bytes, kit: Kit) -> bytes:
    """An XPath filter of the second kind subtracts the Subject from what is signed, and the name was changed.

    The same as an XPath transform, in newer and quicker words. Only enveloped-signature and canonicalisation are
    allowed.
    """
    path = etree.Element(f"{{{_FILTER}}}XPath", Filter="subtract", nsmap={"filter": _FILTER, "saml": SAML})
    path.text = "//saml:Subject"
    steps = (step(ENVELOPED), step(_FILTER, path), step(EXCLUSIVE))
    return _and_forged(transformed(xml, kit, *steps, without="saml:Subject"), kit)


@fault("X-36", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=_FORBIDDEN)
def base64_transform(xml: bytes, kit: Kit) -> bytes:
    """A transform decodes the text of the element from base64, and all elements drop out of the digest.

    Two messages of the same text and of different elements would have one digest. Only enveloped-signature and
    canonicalisation are allowed.
    """
    return transformed(xml, kit, step(ENVELOPED), step(EXCLUSIVE), step(f"{DS}base64"), form=USUAL)


@fault("X-36", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=_FORBIDDEN)
def decryption_transform(xml: bytes, kit: Kit) -> bytes:
    """A transform decrypts parts of the element before they are digested.

    It has the receiver use its private key for whoever sends a message. Only enveloped-signature and canonicalisation
    are allowed.
    """
    return transformed(xml, kit, step(ENVELOPED), step(_DECRYPT), step(EXCLUSIVE), form=USUAL)


@fault("X-37", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=("missing-enveloped-transform",), lax=True)
def enveloped_transform_missing(xml: bytes, kit: Kit) -> bytes:
    """The Reference canonicalises and does not leave the signature out.

    Taken at its word the signature would cover itself, which nobody can make. Some libraries leave the transform out of
    the list and apply it all the same.
    """
    return transformed(xml, kit, step(EXCLUSIVE), form=Form())


@fault("X-37", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=_FORBIDDEN, lax=True)
def enveloped_transform_twice(xml: bytes, kit: Kit) -> bytes:
    """The Reference leaves the signature out twice.

    The second time finds nothing, or another signature. Each of the two transforms stands once.
    """
    return transformed(xml, kit, step(ENVELOPED), step(ENVELOPED), step(EXCLUSIVE), form=Form())


@fault("X-37", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=_FORBIDDEN, lax=True)
def canonicalisation_before_the_enveloped_transform(xml: bytes, kit: Kit) -> bytes:
    """The Reference canonicalises first and leaves the signature out afterwards.

    From bytes nothing can be left out any more. The enveloped-signature transform comes first.
    """
    return transformed(xml, kit, step(EXCLUSIVE), step(ENVELOPED), form=Form())


@fault("X-37", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=_FORBIDDEN, lax=True)
def canonicalisation_twice(xml: bytes, kit: Kit) -> bytes:
    """The Reference canonicalises twice.

    The bytes of the first would have to be parsed again for the second. Each of the two transforms stands once.
    """
    return transformed(xml, kit, step(ENVELOPED), step(EXCLUSIVE), step(EXCLUSIVE), form=Form())


@fault("X-37", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=("malformed-signature",), lax=True)
def transforms_missing(xml: bytes, kit: Kit) -> bytes:
    """The Reference has no Transforms at all.

    Then the element is digested as it stands, with the signature in it. Both transforms have to be named.
    """

    def bare(signature: Element) -> None:
        remove(find(signature, "ds:SignedInfo/ds:Reference/ds:Transforms"))
        digest(signature, without_its_signature(signature, Form()))

    return resealed(xml, kit, bare)


@fault("X-38", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=("inclusive-canonicalisation",), lax=True)
def inclusive_canonical_form_of_the_element(xml: bytes, kit: Kit) -> bytes:
    """The element is digested in the inclusive canonical form, which takes the namespaces around it in.

    It holds until somebody moves the Assertion into another message. The exclusive form is the one for SAML.
    """
    return transformed(xml, kit, step(ENVELOPED), step(INCLUSIVE), form=Form(exclusive=False))


@fault(
    "X-38",
    Nature.LEGITIMATE,
    Stage.WIRE,
    signs=ONCE,
    warns=("inclusive-canonicalisation",),
    receiver={"permit": frozenset({Permission.INCLUSIVE_C14N})},
)
def inclusive_canonical_form_where_it_is_permitted(xml: bytes, kit: Kit) -> bytes:
    """The element is digested in the inclusive canonical form, and the receiver permits it.

    Some old partners cannot do otherwise. It is accepted for them, and reported all the same.
    """
    return transformed(xml, kit, step(ENVELOPED), step(INCLUSIVE), form=Form(exclusive=False))


@fault("X-38", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=_FORBIDDEN, lax=True)
def canonical_form_1_1_of_the_element(xml: bytes, kit: Kit) -> bytes:
    """The element is digested in Canonical XML 1.1.

    SAML knows the exclusive form and no other. A form that is rarely implemented is rarely tested.
    """
    return transformed(xml, kit, step(ENVELOPED), step(_C14N_11), form=Form(exclusive=False))


@fault("X-38", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=_FORBIDDEN, lax=True)
def canonical_form_with_comments_of_the_element(xml: bytes, kit: Kit) -> bytes:
    """The element is digested with its comments.

    A comment that is signed is still a comment that splits a text for some readers. The form without comments is the
    one for SAML.
    """
    return transformed(xml, kit, step(ENVELOPED), step(EXCLUSIVE + WITH_COMMENTS), form=Form())


def _with_method(xml: bytes, kit: Kit, algorithm: str) -> bytes:
    def name(signature: Element) -> None:
        find(signature, "ds:SignedInfo/ds:CanonicalizationMethod").set("Algorithm", algorithm)

    return resealed(xml, kit, name)


@fault("X-38", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=("inclusive-canonicalisation",), lax=True)
def inclusive_canonical_form_of_signedinfo(xml: bytes, kit: Kit) -> bytes:
    """SignedInfo is signed in the inclusive canonical form.

    Then the namespaces of the message around it are signed too, and moving the Assertion breaks the value.
    """
    return _with_method(xml, kit, INCLUSIVE)


@fault("X-38", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=("forbidden-canonicalisation",), lax=True)
def canonical_form_with_comments_of_signedinfo(xml: bytes, kit: Kit) -> bytes:
    """SignedInfo is signed with its comments.

    No comment may stand there, so the form has no use, and two verifiers read its name differently.
    """
    return _with_method(xml, kit, EXCLUSIVE + WITH_COMMENTS)
