"""Signature wrapping: the signed original stays somewhere in the message, a forged copy stands where a reader looks.

The eight classical forms (Somorovsky et al., USENIX Security 2012, "On Breaking SAML"), in their usual numbering, and
the ninth that was found in a later library.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from ssolab.core.xmltree import DS, parse, serialise
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import (
    assertion_of,
    element_of,
    find,
    forged,
    holding,
    remove,
    signature_of,
    unsigned,
)

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_CITES = "USENIX Security 2012, On Breaking SAML"
_CREWJAM = "crewjam/saml, pull request 338"


def _robbed(root: Element, kit: Kit) -> tuple[Element, Element]:
    """Put a forged Assertion with the genuine signature in place; give the original, now bare, and that signature."""
    original = assertion_of(root)
    evil = forged(original, kit)
    root.replace(original, evil)
    signature = remove(signature_of(original))
    evil.insert(1, signature)
    return original, signature


@fault(
    "X-01",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("response",),
    keeps=True,
    cites=_CITES,
    trips=("assertion-extra", "malformed-signature", "reference-not-to-parent", "response-nested", "digest-mismatch"),
)
def xsw1_original_response_in_signature(xml: bytes, kit: Kit) -> bytes:
    """A forged Response carries the signature, and inside that the signed original Response.

    A verifier that follows the Reference finds the original, a reader that starts at the root the forgery. The
    signature of a message has to be its child and has to name it.
    """
    root = parse(xml, "message")
    evil = forged(root, kit)
    signature = copy.deepcopy(signature_of(root))
    signature.append(unsigned(root))
    evil.insert(1, signature)
    return serialise(evil)


@fault(
    "X-02",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("response",),
    keeps=True,
    cites=_CITES,
    trips=(
        "assertion-extra",
        "response-nested",
        "element-unexpected",
        "misplaced-signature",
        "reference-not-to-parent",
        "digest-mismatch",
    ),
)
def xsw2_original_response_before_signature(xml: bytes, kit: Kit) -> bytes:
    """A forged Response carries the signature, and before that the signed original Response.

    The signature has become a detached one over a sibling. It is refused since it does not name the message that holds
    it, and nothing may stand between it and the Issuer.
    """
    root = parse(xml, "message")
    evil = forged(root, kit)
    evil.insert(1, copy.deepcopy(signature_of(root)))
    evil.insert(1, unsigned(root))
    return serialise(evil)


@fault(
    "X-03",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites=_CITES,
    trips=("assertion-extra", "stray-signature", "signature-missing"),
)
def xsw3_forged_assertion_first(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion without a signature stands before the signed original.

    A verifier that finds the signature somewhere is content, and a reader takes the first Assertion. The Assertion that
    is read has to carry the signature itself, and there is only one.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    original.addprevious(forged(original, kit))
    return serialise(root)


@fault(
    "X-04",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites=_CITES,
    trips=("assertion-extra", "stray-signature", "element-unexpected", "signature-missing"),
)
def xsw4_original_assertion_in_forged_one(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion without a signature holds the signed original.

    The forged Assertion is read, the original inside it verified. An Assertion is not a child of another one.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    evil = forged(original, kit)
    root.replace(original, evil)
    evil.append(original)
    return serialise(root)


@fault(
    "X-05",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites=_CITES,
    trips=("assertion-extra", "reference-not-to-parent", "digest-mismatch"),
)
def xsw5_signature_in_forged_assertion(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion carries the signature, and the original, now without it, stands at the end.

    The Reference still leads to the original. It has to name the Assertion that holds the signature.
    """
    root = parse(xml, "message")
    original, _ = _robbed(root, kit)
    root.append(original)
    return serialise(root)


@fault(
    "X-06",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites=_CITES,
    trips=("assertion-extra", "malformed-signature", "reference-not-to-parent", "digest-mismatch"),
)
def xsw6_original_assertion_in_signature(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion carries the signature, and inside that the original, now without it.

    As with the first form, one level further down. Nothing but its own parts may stand in a signature.
    """
    root = parse(xml, "message")
    original, signature = _robbed(root, kit)
    signature.append(original)
    return serialise(root)


@fault(
    "X-07",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites=_CITES,
    trips=("assertion-extra", "duplicate-id"),
)
def xsw7_forged_assertion_in_extensions(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion with the ID of the original stands before it in Extensions, where schemas allow anything.

    A validating parser resolves the Reference to one of the two, a reader to the other. No ID may stand twice, and no
    Assertion in Extensions.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    original.addprevious(holding("Extensions", forged(original, kit, identifier=original.get("ID"))))
    return serialise(root)


@fault(
    "X-08",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites=_CITES,
    trips=("assertion-extra", "object-in-signature", "reference-not-to-parent", "digest-mismatch"),
)
def xsw8_original_assertion_in_object(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion carries the signature, and the Object in that the original, now without it.

    Schemas let an Object hold anything, so a validating parser is content. SAML has no use for one.
    """
    root = parse(xml, "message")
    original, signature = _robbed(root, kit)
    signature.append(holding("Object", original, DS))
    return serialise(root)


@fault(
    "X-09",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("response",),
    keeps=True,
    cites=_CREWJAM,
    trips=("assertion-extra", "response-nested", "object-in-signature", "reference-not-to-parent", "digest-mismatch"),
)
def xsw9_original_response_in_object(xml: bytes, kit: Kit) -> bytes:
    """A forged Response carries the signature, and the Object in that the signed original Response.

    The eighth form, for a signed message in place of an Assertion. The signature has to name the message that holds it.
    """
    root = parse(xml, "message")
    evil = forged(root, kit)
    signature = copy.deepcopy(signature_of(root))
    signature.append(holding("Object", unsigned(root), DS))
    evil.insert(1, signature)
    return serialise(evil)


@fault(
    "X-09",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites=_CREWJAM,
    trips=("assertion-extra", "stray-signature", "object-in-signature", "malformed-signature"),
)
def xsw9_signed_original_in_a_hollow_signature(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion carries a signature without a value, whose Object holds the original with its own.

    A verifier that takes the first signature with a value finds the genuine one, two levels down. The signature that
    counts is the child of the Assertion, and it has all its parts.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    evil = forged(original, kit)
    root.replace(original, evil)
    hollow = element_of("ds:Signature")
    hollow.append(holding("Object", original, DS))
    evil.insert(1, hollow)
    return serialise(root)


@fault(
    "X-34",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("response",),
    keeps=True,
    cites="simplesamlphp/saml2, issue 424",
    trips=("assertion-extra", "response-nested", "stray-signature", "element-unexpected", "signature-missing"),
)
def forged_response_around_the_signed_one(xml: bytes, kit: Kit) -> bytes:
    """A forged Response without a signature holds the whole signed original at its end.

    A verifier that searches downwards for a signed Response verifies one node, and the reader goes on with the root.
    What is read has to be the very node that was verified.
    """
    root = parse(xml, "message")
    evil = forged(root, kit)
    evil.append(root)
    return serialise(evil)


@fault(
    "X-27",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    cites="OneUptime, issue 2949",
    trips=("assertion-extra", "stray-signature", "signature-missing"),
)
def signed_assertion_moved_into_extensions(xml: bytes, kit: Kit) -> bytes:
    """The signed Assertion was moved into Extensions, and a forged one with the same ID stands in its place.

    The seventh form the other way round: here the reader finds the forgery. The Assertion that is read has to carry
    the signature.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    root.replace(original, forged(original, kit, identifier=original.get("ID")))
    find(root, "samlp:Status").addprevious(holding("Extensions", original))
    return serialise(root)
