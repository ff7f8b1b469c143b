"""Who vouches for the metadata: its signature is missing, of somebody else, or over something else than is read.

Whoever can change the metadata that a receiver loads can have it believe any key, so a receiver that fetches metadata
pins the key of whoever signs it.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from lxml import etree

from ssolab.core.xmlshape import ENVELOPED, EXCLUSIVE
from ssolab.core.xmltree import DS, MD, parse, serialise
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import element_of, find, remove, rewritten, signature_of, unsigned
from ssolab.faults.saml.federating import grouped, publisher, republished
from ssolab.faults.saml.resealing import step, transformed

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

CERTIFICATE: Final = "md:IDPSSODescriptor/md:KeyDescriptor/ds:KeyInfo/ds:X509Data/ds:X509Certificate"
_XPATH: Final = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_PINNED: Final = ("federation",)
_UNSIGNED: Final = ("unsigned-metadata",)
_CITES: Final = "SAML2Meta 3"


def swapped(root: Element, kit: Kit) -> Element:
    """Put the certificate of a stranger in place of the entity's own."""
    find(root, CERTIFICATE).text = kit.foreign.certificate.base64
    return root


@fault("M-01", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, needs=_PINNED, trips=_UNSIGNED, cites=_CITES)
def signature_taken_off_the_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata lost its signature on the way.

    A receiver that verifies only what happens to be signed would believe whatever comes next. Where a key is pinned,
    metadata without a signature is refused.
    """
    return rewritten(xml, unsigned)


@fault(
    "M-05",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=_PINNED,
    trips=_UNSIGNED,
    cites="keycloak, issue 52106",
)
def key_swapped_in_unsigned_metadata(xml: bytes, kit: Kit) -> bytes:
    """A refresh brings metadata without a signature and with the key of somebody else.

    So it looks when somebody stands between the receiver and the address that it fetches from. Nothing of it is used,
    and the copy that is held stays.
    """
    return rewritten(xml, lambda root: swapped(unsigned(root), kit))


@fault(
    "M-01",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=_PINNED,
    trips=("digest-mismatch",),
    cites=_CITES,
)
def key_swapped_after_the_metadata_was_signed(xml: bytes, kit: Kit) -> bytes:
    """The certificate in signed metadata was replaced on the way.

    The signature still names its document, whose digest is another one now.
    """
    return rewritten(xml, lambda root: swapped(root, kit))


@fault(
    "M-01",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=_PINNED,
    trips=("key-not-trusted",),
    cites="SAML2MetaIOP 2.6.1",
)
def metadata_signed_by_a_stranger(xml: bytes, kit: Kit) -> bytes:
    """Somebody put another key into the metadata and signed it with a key of their own.

    The certificate that travels in the signature is theirs. Only the pinned key counts, and no chain is built.
    """
    return republished(xml, kit, lambda root: swapped(root, kit), credential=kit.foreign)


@fault(
    "M-01",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=_PINNED,
    trips=("key-not-trusted",),
    cites="SAML2Meta 3",
)
def metadata_signed_by_its_entity(xml: bytes, kit: Kit) -> bytes:
    """The entity signed its metadata with its own key, where that of the federation is pinned.

    A key cannot vouch for itself: whoever swaps it signs the document with the new one. Load the metadata that the
    federation publishes, or pin the key of the entity after having compared it.
    """
    return republished(xml, kit, lambda root: root, credential=kit.own)


@fault(
    "M-03",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=_PINNED,
    trips=("forbidden-transform",),
    cites="XMLDSig 4.4.3.2",
)
def role_left_out_of_the_signature_by_a_transform(xml: bytes, kit: Kit) -> bytes:
    """An XPath transform leaves the role out of what is signed, and the key in it was replaced.

    The value holds and the digest fits whatever the role says. Only enveloped-signature and canonicalisation are
    allowed.
    """
    path = etree.Element(f"{{{DS}}}XPath", nsmap={"ds": DS, "md": MD})
    path.text = "not(ancestor-or-self::md:IDPSSODescriptor)"
    steps = (step(ENVELOPED), step(_XPATH, path), step(EXCLUSIVE))
    signer = replace(kit, own=publisher(kit))
    signed = transformed(xml, signer, *steps, without="md:IDPSSODescriptor")
    return rewritten(signed, lambda root: swapped(root, kit))


def _impostor(root: Element, kit: Kit) -> Element:
    """Copy the entity with the key of a stranger, under another ID and without the signature."""
    evil = swapped(unsigned(root), kit)
    evil.set("ID", kit.new_id())
    return evil


def _kept_inside(evil: Element, original: Element) -> Element:
    """Keep the signed original in the Extensions of a forged entity."""
    extensions = element_of("md:Extensions")
    extensions.append(original)
    evil.insert(0, extensions)
    return evil


@fault("M-01", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, needs=_PINNED, trips=_UNSIGNED, cites=_CITES)
def forged_entity_around_the_signed_one(xml: bytes, kit: Kit) -> bytes:
    """A forged entity without a signature keeps the signed original in its Extensions.

    A verifier that finds some good signature is content, and a reader starts at the root. What is read has to carry the
    signature itself.
    """
    root = parse(xml, "metadata")
    return serialise(_kept_inside(_impostor(root, kit), copy.deepcopy(root)))


@fault(
    "M-01",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=_PINNED,
    trips=("reference-not-to-parent", "digest-mismatch"),
    cites=_CITES,
)
def signature_moved_to_a_forged_entity(xml: bytes, kit: Kit) -> bytes:
    """A forged entity carries the signature, which names the original in its Extensions.

    A verifier that follows the Reference finds the original, a reader that starts at the root the forgery. A signature
    has to name the element that holds it.
    """
    root = parse(xml, "metadata")
    evil = _kept_inside(_impostor(root, kit), unsigned(root))
    evil.insert(0, copy.deepcopy(signature_of(root)))
    return serialise(evil)


@fault("M-01", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, needs=_PINNED, cites=_CITES)
def forged_twin_before_the_signed_entity(xml: bytes, kit: Kit) -> bytes:
    """A group without a signature holds a forged entity and, behind it, the signed one of the same name.

    The signature of the entity is good, and nothing else is read than what it covers: the forged one is never seen.
    """
    root = parse(xml, "metadata")
    return serialise(grouped(_impostor(root, kit), root))


@fault("M-01", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, needs=_PINNED, trips=_UNSIGNED, cites=_CITES)
def forged_entity_beside_a_signed_member(xml: bytes, kit: Kit) -> bytes:
    """A group without a signature holds the forged entity and another one that is signed.

    One good signature in a group vouches for the entity that it stands in, and for nobody else in that group.
    """
    root = parse(xml, "metadata")
    evil = _impostor(root, kit)
    root.set("entityID", "https://member.example/saml")
    member = parse(republished(serialise(root), kit, lambda each: each), "metadata")
    return serialise(grouped(evil, member))


@fault("M-01", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, needs=_PINNED, cites="SAML2Meta 2.3.1")
def entity_in_a_signed_group(xml: bytes, kit: Kit) -> bytes:
    """The publisher signs the group and not the entity in it, as federations do.

    A signature covers all that its element holds, so the entity is vouched for too.
    """
    return republished(xml, kit, grouped)


def _drop_the_value(root: Element) -> Element:
    signature = signature_of(root)
    remove(find(signature, "ds:SignatureValue"))
    return root


@fault(
    "M-01",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=_PINNED,
    trips=("malformed-signature",),
    cites=_CITES,
)
def metadata_with_an_empty_signature(xml: bytes, _kit: Kit) -> bytes:
    """The Signature in the metadata has no value.

    A receiver that takes the element for the signature is content. Any signature that is there has to hold.
    """
    return rewritten(xml, _drop_the_value)
