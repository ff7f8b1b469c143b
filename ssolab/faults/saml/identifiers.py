"""IDs and names that two readers resolve differently: doubled, spelt otherwise, or in a namespace that looks alike."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from lxml import etree

from ssolab.core.xmltree import SAML, parse, serialise
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import assertion_of, find, forged, holding, signature_of, signed_part
from ssolab.faults.saml.resealing import digest_of, resealed
from ssolab.faults.saml.styles import ONCE

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_XML_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_FOREIGN_ID: Final = "{urn:example:attributes}ID"
_FRAGILE: Final = "PortSwigger, The Fragile Lock (2025)"


@fault("X-19", Nature.ATTACK, Stage.WIRE, trips=("duplicate-id",), lax=True)
def id_of_the_assertion_on_a_foreign_element(xml: bytes, _kit: Kit) -> bytes:
    """An element that SAML does not know stands in Extensions and has the ID of the signed Assertion.

    Which of the two the Reference means is for each library to say. The signed ID stands once in the whole document.
    """
    root = parse(xml, "message")
    foreign = etree.Element("{urn:example:extension}Remark", ID=assertion_of(root).get("ID", ""))
    find(root, "samlp:Status").addprevious(holding("Extensions", foreign))
    return serialise(root)


@fault(
    "X-19",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    trips=("assertion-extra", "stray-signature", "duplicate-id", "digest-mismatch"),
)
def forged_assertion_of_the_same_id_first(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion with ID and signature of the original stands before it.

    A verifier resolves the Reference to the original, the signature is found in the forgery. No ID may stand twice.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    original.addprevious(forged(original, kit, identifier=original.get("ID"), signed=True))
    return serialise(root)


def _polluted(xml: bytes, attribute: str) -> bytes:
    root = parse(xml, "message")
    find(root, "samlp:Status").set(attribute, assertion_of(root).get("ID", ""))
    return serialise(root)


@fault("X-20", Nature.ATTACK, Stage.WIRE, cites=_FRAGILE, trips=("duplicate-id",), lax=True)
def id_in_an_attribute_spelt_capital_id(xml: bytes, _kit: Kit) -> bytes:
    """Another element has the ID of the signed one in an attribute `Id`.

    Libraries that know Id from other standards resolve the Reference to it. Any attribute of that value counts.
    """
    return _polluted(xml, "Id")


@fault("X-20", Nature.ATTACK, Stage.WIRE, cites=_FRAGILE, trips=("duplicate-id",), lax=True)
def id_in_an_attribute_spelt_small_id(xml: bytes, _kit: Kit) -> bytes:
    """Another element has the ID of the signed one in an attribute `id`.

    Libraries that search without regard to case resolve the Reference to it. Any attribute of that value counts.
    """
    return _polluted(xml, "id")


@fault("X-20", Nature.ATTACK, Stage.WIRE, cites=_FRAGILE, trips=("duplicate-id",), lax=True)
def id_in_the_attribute_of_xml_itself(xml: bytes, _kit: Kit) -> bytes:
    """Another element has the ID of the signed one in `xml:id`.

    XML parsers know that one without being told. Any attribute of that value counts.
    """
    return _polluted(xml, _XML_ID)


@fault("X-20", Nature.ATTACK, Stage.WIRE, cites=_FRAGILE, trips=("duplicate-id",), lax=True)
def id_in_an_attribute_of_a_foreign_namespace(xml: bytes, _kit: Kit) -> bytes:
    """Another element has the ID of the signed one in an attribute called ID of a foreign namespace.

    Libraries that look at local names alone resolve the Reference to it. Any attribute of that value counts.
    """
    return _polluted(xml, _FOREIGN_ID)


@fault(
    "X-20",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites=_FRAGILE,
    trips=("assertion-extra", "stray-signature", "signature-missing"),
)
def forged_assertion_with_the_id_in_another_case(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion without a signature stands first; its attribute `Id` has the ID of the signed original.

    A verifier that searches for Id before ID takes it for the signed one. The Assertion that is read has to carry the
    signature.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    evil = forged(original, kit)
    evil.set("Id", original.get("ID", ""))
    original.addprevious(evil)
    return serialise(root)


def _renamed(element: Element, namespace: str) -> Element:
    """Copy an element with all below it into a look-alike namespace."""
    twin = copy.deepcopy(element)
    for each in twin.iter("*"):
        each.tag = f"{{{namespace}}}{etree.QName(each).localname}"
    return twin


@fault(
    "X-21",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites="CVE-2025-66567",
    trips=("element-unexpected",),
)
def forged_assertion_in_a_look_alike_namespace(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion stands before the signed one, in a namespace that differs by a slash at its end.

    A reader that looks at local names alone takes it. Names are compared with their namespace, character by character.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    original.addprevious(_renamed(forged(original, kit), f"{SAML}/"))
    return serialise(root)


@fault(
    "X-21",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites="CVE-2025-66567",
    trips=("element-unexpected", "signature-missing"),
)
def signature_in_a_look_alike_namespace(xml: bytes, kit: Kit) -> bytes:
    """The signature stands in a namespace that differs in case, and the Assertion speaks of the forged name.

    To one reader it is signed and to the other there is no signature to verify. Names are compared with their
    namespace.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    signature = signature_of(original)
    evil = forged(original, kit)
    evil.insert(1, _renamed(signature, "http://www.w3.org/2000/09/XMLDSIG#"))
    root.replace(original, evil)
    return serialise(root)


def _declared(xml: bytes, declaration: bytes) -> bytes:
    """Write a declaration into the start tag of the message, which no XML library would write."""
    return xml.replace(b"<samlp:Response ", b"<samlp:Response " + declaration + b" ", 1)


@fault("X-21", Nature.ATTACK, Stage.WIRE, cites=_FRAGILE, trips=("malformed-xml",), lax=True)
def reserved_prefix_xml_bound_anew(xml: bytes, _kit: Kit) -> bytes:
    """The prefix xml is bound to another namespace.

    Namespaces in XML forbids that, parsers differ in what they do, and canonicalisation then writes something else than
    was read.
    """
    return _declared(xml, b'xmlns:xml="urn:example:reserved"')


@fault("X-21", Nature.ATTACK, Stage.WIRE, cites=_FRAGILE, trips=("malformed-xml",), lax=True)
def reserved_prefix_xmlns_bound_anew(xml: bytes, _kit: Kit) -> bytes:
    """The prefix xmlns is bound to a namespace.

    Namespaces in XML forbids that, and a parser that lets it pass may lose declarations.
    """
    return _declared(xml, b'xmlns:xmlns="urn:example:reserved"')


def _with_relative_namespace(xml: bytes) -> bytes:
    """Declare a relative namespace on the signed element."""
    root = parse(xml, "message")
    name = b"<saml:Assertion " if signed_part(root).tag == f"{{{SAML}}}Assertion" else b"<samlp:Response "
    return xml.replace(name, name + b'xmlns:x="relative" x:y="" ', 1)


@fault(
    "X-22",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    cites="CVE-2025-66568",
    trips=("relative-namespace",),
)
def digest_of_nothing(xml: bytes, kit: Kit) -> bytes:
    """The signed digest is that of no bytes at all, and the element has no canonical form.

    Where a failed canonicalisation yields an empty text, such a signature fits every message that fails the same way.
    A failure is never gone on from.
    """

    def void(signature: Element) -> None:
        find(signature, "ds:SignedInfo/ds:Reference/ds:DigestValue").text = digest_of(b"")

    return _with_relative_namespace(resealed(xml, kit, void))


@fault(
    "X-23",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    cites="CVE-2025-66578",
    trips=("relative-namespace",),
)
def relative_namespace_declared_after_signing(xml: bytes, _kit: Kit) -> bytes:
    """A relative namespace was declared on the signed element after it was signed.

    Canonicalisation is undefined for it. What cannot be canonicalised is refused.
    """
    return _with_relative_namespace(xml)
