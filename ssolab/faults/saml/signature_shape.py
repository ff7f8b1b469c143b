"""Signatures with a part too many or too few, or with one that two readers see differently."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from lxml import etree

from ssolab.core.instants import format_instant
from ssolab.core.xmltree import DS, parse, serialise
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import element_of, find, forge, holding, remove, signature_of, signed_part
from ssolab.faults.saml.resealing import digest, digest_of, resealed, without_its_signature, written
from ssolab.faults.saml.styles import ONCE

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_REFERENCE = "ds:SignedInfo/ds:Reference"


def _forged_with_its_digest(xml: bytes, kit: Kit) -> tuple[Element, Element, str]:
    """Change the name, and give the root, its signature as it was, and the digest that would fit now."""
    root = parse(xml, "message")
    signature = signature_of(signed_part(root))
    forge(root, kit)
    return root, signature, digest_of(without_its_signature(signature))


@fault(
    "X-10",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("assertion",),
    keeps=True,
    cites="CVE-2024-45409",
    trips=("digest-mismatch",),
)
def decoy_digest_in_extensions(xml: bytes, kit: Kit) -> bytes:
    """The name was changed, and a DigestValue that fits it stands in Extensions, before the real one.

    A verifier that searches the whole document for a DigestValue compares with the wrong one. Only the DigestValue of
    the one Reference counts.
    """
    root, _, fitting = _forged_with_its_digest(xml, kit)
    find(root, "samlp:Status").addprevious(holding("Extensions", element_of("ds:DigestValue", fitting)))
    return serialise(root)


def _second_info(xml: bytes, kit: Kit, *, first: bool) -> bytes:
    root, signature, fitting = _forged_with_its_digest(xml, kit)
    genuine = find(signature, "ds:SignedInfo")
    evil = copy.deepcopy(genuine)
    find(evil, "ds:Reference/ds:DigestValue").text = fitting
    if first:
        genuine.addprevious(evil)
    else:
        genuine.addnext(evil)
    return serialise(root)


@fault(
    "X-11",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    cites="CVE-2025-29775",
    trips=("malformed-signature",),
)
def forged_signedinfo_before_the_genuine_one(xml: bytes, kit: Kit) -> bytes:
    """The name was changed, and a second SignedInfo with the digest that fits stands before the genuine one.

    The value is checked over one of them, and the digest is taken from the other. There has to be exactly one
    SignedInfo.
    """
    return _second_info(xml, kit, first=True)


@fault(
    "X-11",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    cites="CVE-2025-29775",
    trips=("malformed-signature",),
)
def forged_signedinfo_after_the_genuine_one(xml: bytes, kit: Kit) -> bytes:
    """The name was changed, and a second SignedInfo with the digest that fits stands after the genuine one.

    As with the one before: the value is checked over the first, and a reader that takes the last compares with the
    digest there.
    """
    return _second_info(xml, kit, first=False)


@fault("X-12", Nature.ATTACK, Stage.WIRE, signs=ONCE, keeps=True, trips=("malformed-signature",))
def signedinfo_missing(xml: bytes, kit: Kit) -> bytes:
    """The signature has a value and no SignedInfo, and the name was changed.

    Without it nothing says what was signed. A verifier that goes through no References finds none to be wrong.
    """
    root = parse(xml, "message")
    signature = signature_of(signed_part(root))
    remove(find(signature, "ds:SignedInfo"))
    forge(root, kit)
    return serialise(root)


@fault(
    "X-12",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    cites="CVE-2025-29775",
    trips=("malformed-signature", "signature-value-mismatch"),
)
def signedinfo_wrapped(xml: bytes, kit: Kit) -> bytes:
    """The genuine SignedInfo stands in another element, and one with the digest of the changed name beside that.

    A search below the signature finds the genuine one, a look at its children the other. Nothing may stand between
    the signature and its SignedInfo.
    """
    root, signature, fitting = _forged_with_its_digest(xml, kit)
    genuine = find(signature, "ds:SignedInfo")
    evil = copy.deepcopy(genuine)
    find(evil, "ds:Reference/ds:DigestValue").text = fitting
    signature.replace(genuine, evil)
    wrapper = etree.Element("kept")
    wrapper.append(genuine)
    evil.addprevious(wrapper)
    return serialise(root)


def _commented(xml: bytes, kit: Kit) -> bytes:
    root, signature, fitting = _forged_with_its_digest(xml, kit)
    value = find(signature, f"{_REFERENCE}/ds:DigestValue")
    comment = etree.Comment(fitting)
    comment.tail, value.text = value.text, None
    value.append(comment)
    return serialise(root)


@fault(
    "X-13",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites="CVE-2025-29774",
    trips=("comment-in-signature", "text-not-whole"),
)
def comment_in_the_digest_of_the_assertion(xml: bytes, kit: Kit) -> bytes:
    """The name was changed, and a comment with the digest that fits stands in the DigestValue of the Assertion.

    Canonicalisation drops comments, so the value holds; a reader that takes the first thing in the element compares
    with the comment. No library writes comments into signatures.
    """
    return _commented(xml, kit)


@fault(
    "X-13",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("response",),
    keeps=True,
    cites="CVE-2025-29774",
    trips=("comment-in-signature",),
)
def comment_in_the_digest_of_the_message(xml: bytes, kit: Kit) -> bytes:
    """The name was changed, and a comment with the digest that fits stands in the DigestValue of the message.

    As in the Assertion: canonicalisation drops the comment, so the value holds, and a careless reader compares with the
    comment alone.
    """
    return _commented(xml, kit)


def _cover(signature: Element, kit: Kit) -> None:
    """Have the signature refer to the Conditions too."""
    also = find(signature, "../saml:Conditions")
    also.set("ID", kit.new_id())
    genuine = find(signature, _REFERENCE)
    second = copy.deepcopy(genuine)
    second.set("URI", f"#{also.get('ID')}")
    find(second, "ds:DigestValue").text = digest_of(written(also))
    genuine.addnext(second)
    digest(signature, without_its_signature(signature))


@fault("X-14", Nature.MISTAKE, Stage.WIRE, trips=("several-references",), lax=True)
def two_references_that_both_hold(xml: bytes, kit: Kit) -> bytes:
    """The signature covers the Assertion, and beside that its Conditions once more.

    XML Signature allows it and SAML does not: with two References, one may be checked and the other believed.
    """
    return resealed(xml, kit, lambda signature: _cover(signature, kit))


@fault(
    "X-14",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites="CVE-2026-33487",
    trips=("several-references",),
)
def two_references_of_which_the_last_holds(xml: bytes, kit: Kit) -> bytes:
    """The signature covers the Assertion and its Conditions, and afterwards the name was changed.

    The Reference to the Conditions still holds. A verifier that keeps what the last turn of its loop found is content.
    """
    root = parse(resealed(xml, kit, lambda signature: _cover(signature, kit)), "message")
    forge(root, kit)
    return serialise(root)


@fault("X-26", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=("object-in-signature",), lax=True)
def time_of_signing_in_an_object(xml: bytes, kit: Kit) -> bytes:
    """The signature carries an Object with the time at which it was made.

    Advanced signatures have such properties and SAML does not. What stands there drops out of the digest, so nothing
    may, however harmless it looks.
    """
    root = parse(xml, "message")
    made = element_of("ds:SignatureProperty", format_instant(kit.now), Target="")
    signature_of(signed_part(root)).append(holding("Object", made, DS))
    return serialise(root)
