"""Good signatures over something else than what is read, bad ones beside good ones, and none at all."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from ssolab.core.xmltree import DS, SAML, Element, parse, serialise
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import (
    assertion_of,
    element_of,
    find,
    forge,
    forged,
    holding,
    remove,
    signature_of,
    signed_part,
)
from ssolab.faults.saml.resealing import digest, sign_anew, without_its_signature, written
from ssolab.faults.saml.styles import ONCE
from ssolab.saml.names import RESPONDER

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit


def _signing(xml: bytes, kit: Kit, covered: str | Element) -> bytes:
    """Have the trusted key sign one part of the signed element alone, under an ID of its own, and forge the name."""
    root = parse(xml, "message")
    holder = signed_part(root)
    signature = signature_of(holder)
    part = find(holder, covered) if isinstance(covered, str) else covered
    if isinstance(covered, Element):
        signature.append(part)
    part.set("ID", kit.new_id())
    find(signature, "ds:SignedInfo/ds:Reference").set("URI", f"#{part.get('ID')}")
    digest(signature, written(part))
    sign_anew(signature, kit.own)
    forge(root, kit)
    return serialise(root)


@fault(
    "X-24",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    cites="CVE-2025-54369",
    trips=("reference-not-to-parent", "digest-mismatch"),
)
def signature_over_the_issuer_alone(xml: bytes, kit: Kit) -> bytes:
    """The signature is good, and covers the Issuer alone; the name was changed.

    A verifier that asks only whether a signature holds is content. It has to be over the element that is read.
    """
    return _signing(xml, kit, "saml:Issuer")


@fault(
    "X-24",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    trips=("reference-not-to-parent", "digest-mismatch"),
)
def signature_over_the_conditions_alone(xml: bytes, kit: Kit) -> bytes:
    """The signature is good, and covers the Conditions alone; the name was changed.

    Who signs parts of an assertion leaves the rest to everybody. It has to be over the element that is read.
    """
    return _signing(xml, kit, "saml:Conditions")


@fault(
    "X-24",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    trips=("reference-not-to-parent", "digest-mismatch"),
)
def signature_over_the_advice_alone(xml: bytes, kit: Kit) -> bytes:
    """The signature is good, and covers an Advice alone; the name was changed.

    Advice holds what others have said, so a signature over it says nothing of this login.
    """
    root = parse(xml, "message")
    advice = holding("Advice", element_of("saml:AssertionIDRef", kit.new_id()), SAML)
    find(assertion_of(root), "saml:Conditions").addnext(advice)
    return _signing(serialise(root), kit, "saml:Advice")


@fault(
    "X-24",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("response",),
    keeps=True,
    trips=("reference-not-to-parent", "digest-mismatch"),
)
def signature_over_the_extensions_alone(xml: bytes, kit: Kit) -> bytes:
    """The signature is good, and covers the Extensions of the message alone; the name was changed.

    Extensions hold what only their writer understands. A signature over them says nothing of the Assertion.
    """
    root = parse(xml, "message")
    remark = holding("Extensions", element_of("saml:AssertionIDRef", kit.new_id()))
    find(root, "samlp:Status").addprevious(remark)
    return _signing(serialise(root), kit, "samlp:Extensions")


@fault(
    "X-24",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    trips=("object-in-signature", "reference-not-to-parent", "digest-mismatch"),
)
def signature_over_its_own_object(xml: bytes, kit: Kit) -> bytes:
    """The signature is good, and covers an Object that it holds itself; the name was changed.

    An enveloping signature is good XML Signature. In SAML it has no place, since nothing reads what it covers.
    """
    kept = element_of("ds:Object", "what was signed")
    return _signing(xml, kit, kept)


@fault(
    "X-26",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("response",),
    keeps=True,
    cites="OneUptime, issue 2981",
    trips=("several-signatures", "stray-signature", "assertion-extra", "status-not-success"),
)
def signed_refusal_with_a_forgery_in_a_second_signature(xml: bytes, kit: Kit) -> bytes:
    """A signed refusal carries a second signature, whose Object holds a forged Assertion.

    Everybody can have a refusal signed: a failed login is enough. Where the transform takes every signature out of the
    digest, the first one still holds. An element has one signature, and no Object in it.
    """
    root = parse(xml, "message")
    evil = forged(assertion_of(root), kit)
    remove(assertion_of(root))
    find(root, "samlp:Status/samlp:StatusCode").set("Value", RESPONDER)
    signature = signature_of(root)
    digest(signature, without_its_signature(signature))
    sign_anew(signature, kit.own)
    second = copy.deepcopy(signature)
    second.append(holding("Object", evil, DS))
    signature.addnext(second)
    return serialise(root)


@fault(
    "X-31",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    cites="CVE-2020-2021",
    trips=("signature-missing",),
)
def signature_removed(xml: bytes, kit: Kit) -> bytes:
    """The signature was taken out, and the name changed.

    The oldest attack of all. Where no signature stands there is nothing to verify, and so nothing to believe.
    """
    root = parse(xml, "message")
    remove(signature_of(signed_part(root)))
    forge(root, kit)
    return serialise(root)


@fault(
    "X-31",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    trips=("malformed-signature",),
)
def signature_emptied(xml: bytes, kit: Kit) -> bytes:
    """The signature is an empty element, and the name was changed.

    A receiver that only asks whether there is a signature, or goes through its References and finds none to be wrong,
    lets it pass.
    """
    root = parse(xml, "message")
    signature = signature_of(signed_part(root))
    for part in list(signature):
        remove(part)
    forge(root, kit)
    return serialise(root)


@fault(
    "X-31",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    trips=("malformed-base64",),
)
def signature_value_emptied(xml: bytes, kit: Kit) -> bytes:
    """The signature has no value, and its digest was made anew for a changed name.

    A verifier that takes an empty value for nothing to check lets it pass, and the digest gives no warning.
    """
    root = parse(xml, "message")
    signature = signature_of(signed_part(root))
    forge(root, kit)
    digest(signature, without_its_signature(signature))
    find(signature, "ds:SignatureValue").text = None
    return serialise(root)


@fault(
    "X-31",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    trips=("digest-mismatch",),
)
def name_changed_after_signing(xml: bytes, kit: Kit) -> bytes:
    """The name was changed after the message was signed, and nothing else.

    This is what every signature is for: the digest of what arrived no longer fits.
    """
    root = parse(xml, "message")
    forge(root, kit)
    return serialise(root)


@fault(
    "X-32",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("both",),
    cites="passport-saml, issues 546 and 547",
    trips=("digest-mismatch",),
)
def bad_signature_of_the_message_over_a_good_assertion(xml: bytes, _kit: Kit) -> bytes:
    """The message was changed after it was signed; the signature of its Assertion still holds.

    A receiver that is content with either signature passes over a manipulation that it has seen. A signature that is
    there has to hold.
    """
    root = parse(xml, "message")
    root.set("Consent", "urn:oasis:names:tc:SAML:2.0:consent:obtained")
    return serialise(root)


@fault(
    "X-32",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("both",),
    cites="passport-saml, issues 546 and 547",
    trips=("digest-mismatch",),
)
def bad_signature_of_the_assertion_in_a_good_message(xml: bytes, kit: Kit) -> bytes:
    """The Assertion was changed after it was signed, and then the message around it was signed.

    So it looks when a gateway takes a foreign Assertion, changes it and passes it on as its own. A signature that is
    there has to hold.
    """
    root = parse(xml, "message")
    find(root, "saml:Assertion/saml:AuthnStatement").set("SessionIndex", kit.new_id())
    signature = signature_of(root)
    digest(signature, without_its_signature(signature))
    sign_anew(signature, kit.own)
    return serialise(root)
