"""PrefixLists of the exclusive canonical form: those that real senders write, those that cost, those that protect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.xmlshape import ENVELOPED, EXCLUSIVE, Form
from ssolab.core.xmltree import SAML, parse
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import element_of, find, signed_part
from ssolab.faults.saml.resealing import USUAL, digest, resealed, step, transformed, without_its_signature
from ssolab.faults.saml.styles import ONCE

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_MANY: Final = 200


def _listed(prefixes: str) -> Element:
    return element_of("ec:InclusiveNamespaces", PrefixList=prefixes)


@fault("X-39", Nature.LEGITIMATE, Stage.WIRE, signs=ONCE)
def prefix_list_with_every_prefix(xml: bytes, kit: Kit) -> bytes:
    """The PrefixList names every prefix of the message.

    Salesforce writes such lists. They are followed, and what is read is still what was digested.
    """
    names = ("ds", "saml", "samlp", "xs", "xsi")
    listed = step(EXCLUSIVE, _listed(" ".join(names)))
    return transformed(xml, kit, step(ENVELOPED), listed, form=Form(prefixes=names))


@fault("X-39", Nature.LEGITIMATE, Stage.WIRE, signs=ONCE)
def prefix_list_with_a_prefix_of_nothing(xml: bytes, kit: Kit) -> bytes:
    """The PrefixList names a prefix that is bound to nothing.

    Libraries write fixed lists. What is not declared adds nothing to the canonical form.
    """
    listed = step(EXCLUSIVE, _listed("xs nowhere"))
    return transformed(xml, kit, step(ENVELOPED), listed, form=Form(prefixes=("xs", "nowhere")))


@fault("X-39", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=("forbidden-transform",), lax=True)
def prefix_list_of_hundreds(xml: bytes, kit: Kit) -> bytes:
    """The PrefixList names two hundred prefixes.

    Each is searched for at each element, so that a small message costs much time. No honest list is long.
    """
    names = " ".join(f"p{number}" for number in range(_MANY))
    return transformed(xml, kit, step(ENVELOPED), step(EXCLUSIVE, _listed(names)), form=Form())


@fault("X-39", Nature.ATTACK, Stage.WIRE, trips=("digest-mismatch",))
def namespace_of_a_listed_prefix_changed(xml: bytes, _kit: Kit) -> bytes:
    """A prefix that the PrefixList names was bound to another namespace after the element was signed.

    It stands in values alone (`xsi:type="xs:string"`), where canonicalisation does not look by itself; that is what
    the list is for. Who follows it sees that the types were changed.
    """
    return xml.replace(b'xmlns:xs="http://www.w3.org/2001/XMLSchema"', b'xmlns:xs="urn:example:types"')


@fault("X-39", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=("undefined-canonical-form",), lax=True)
def prefix_list_with_the_default_namespace(xml: bytes, kit: Kit) -> bytes:
    """The PrefixList names the default namespace, and one is declared on the signed element.

    Libraries differ in whether they follow that, so there are two digests for one message. It cannot be written here,
    and is refused; the sender has to leave #default out.
    """
    signed = parse(xml, "message")
    name = b"<saml:Assertion" if signed_part(signed).tag == f"{{{SAML}}}Assertion" else b"<samlp:Response"
    declared = name + b' xmlns="urn:example:default"'
    xml = xml.replace(name, declared, 1)

    def list_default(signature: Element) -> None:
        holder = find(signature, "ds:SignedInfo/ds:Reference/ds:Transforms")
        holder[:] = [step(ENVELOPED), step(EXCLUSIVE, _listed("#default xs"))]
        digest(signature, without_its_signature(signature, USUAL).replace(name, declared, 1))

    return resealed(xml, kit, list_default)
