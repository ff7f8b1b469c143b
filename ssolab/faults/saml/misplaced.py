"""Assertions, messages and signatures in places where SAML has none, so that two readers see two different ones."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from lxml import etree

from ssolab.core.xmltree import DS, SAML, SAMLP, parse, serialise
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import (
    assertion_of,
    element_of,
    find,
    forged,
    holding,
    signature_of,
    signed_part,
)
from ssolab.faults.saml.styles import ANYHOW, ONCE

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_STATUS = "samlp:Status"


@fault(
    "X-25",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    trips=("assertion-extra", "object-in-signature"),
)
def forged_assertion_in_object(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion hides in an Object of the genuine signature.

    The signature leaves itself out of its digest, and with that the Object, so the value still holds. Nothing may stand
    in there.
    """
    root = parse(xml, "message")
    evil = forged(assertion_of(root), kit)
    signature_of(signed_part(root)).append(holding("Object", evil, DS))
    return serialise(root)


@fault("X-25", Nature.ATTACK, Stage.WIRE, keeps=True, trips=("assertion-extra",))
def forged_assertion_in_status_detail(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion stands in the StatusDetail, where schemas allow anything.

    A reader that searches the whole message for an Assertion finds it first. There is one Assertion, directly below the
    Response.
    """
    root = parse(xml, "message")
    find(root, _STATUS).append(holding("StatusDetail", forged(assertion_of(root), kit)))
    return serialise(root)


@fault(
    "X-25",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    trips=("assertion-extra", "stray-signature", "duplicate-id"),
)
def signed_assertion_doubled_in_status_detail(xml: bytes, kit: Kit) -> bytes:
    """The signed Assertion stands a second time, in the StatusDetail, there with the forged name.

    Both have the same ID and the same signature, so a verifier and a reader may take a different one.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    twin = forged(original, kit, identifier=original.get("ID"), signed=True)
    find(root, _STATUS).append(holding("StatusDetail", twin))
    return serialise(root)


@fault("X-29", Nature.ATTACK, Stage.WIRE, keeps=True, cites="CVE-2022-41912", trips=("assertion-extra",))
def second_assertion_without_signature(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion without a signature follows the signed one.

    A receiver that verifies the first and reads the last, or reads all of them, believes it. One Assertion is all that
    a login needs.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    original.addnext(forged(original, kit))
    return serialise(root)


@fault("X-30", Nature.ATTACK, Stage.WIRE, keeps=True, trips=("malformed-xml",))
def second_root_after_the_message(xml: bytes, kit: Kit) -> bytes:
    """A forged Response follows the signed one, as a second root of the same document.

    A parser that mends what it reads keeps one of the two, and another parser the other. XML has one root.
    """
    return xml + serialise(forged(parse(xml, "message"), kit))


@fault("X-30", Nature.ATTACK, Stage.WIRE, keeps=True, trips=("unexpected-message",))
def two_responses_in_a_wrapper(xml: bytes, kit: Kit) -> bytes:
    """A forged Response and the signed one stand side by side in an element that SAML does not know.

    A reader that searches for Responses finds two. The root of what is posted has to be the Response.
    """
    root = parse(xml, "message")
    wrapper = etree.Element("Responses")
    wrapper.extend([forged(root, kit), root])
    return serialise(wrapper)


@fault("X-30", Nature.ATTACK, Stage.WIRE, trips=("response-nested",), lax=True)
def second_response_in_extensions(xml: bytes, kit: Kit) -> bytes:
    """A second Response, without an Assertion, stands in the Extensions of the first.

    It says Success and lends its Status to a reader that takes the last one. No profile allows it.
    """
    root = parse(xml, "message")
    second = etree.Element(root.tag, ID=kit.new_id(), Version="2.0")
    second.append(copy.deepcopy(find(root, _STATUS)))
    find(root, _STATUS).addprevious(holding("Extensions", second))
    return serialise(root)


def _captured(xml: bytes, kit: Kit, kind: str) -> bytes:
    """Put the signed Assertion into a message of another kind, which is nobody's."""
    root = parse(xml, "message")
    wrapper = etree.Element(f"{{{SAMLP}}}{kind}", nsmap={"samlp": SAMLP, "saml": SAML})
    for name in ("Version", "IssueInstant", "Destination"):
        wrapper.set(name, root.get(name, ""))
    wrapper.set("ID", kit.new_id())
    wrapper.append(copy.deepcopy(find(root, "saml:Issuer")))
    wrapper.append(element_of("saml:NameID", kit.forged))
    wrapper.append(assertion_of(root))
    return serialise(wrapper)


@fault("X-28", Nature.ATTACK, Stage.WIRE, keeps=True, cites="samlify, issue 634", trips=("unexpected-message",))
def captured_assertion_in_a_logout_request(xml: bytes, kit: Kit) -> bytes:
    """A signed Assertion that somebody captured stands in a LogoutRequest that nobody signed.

    A verifier that is content with any good signature takes the request for a signed one. A signature counts for the
    element that holds it, and a Response is awaited here.
    """
    return _captured(xml, kit, "LogoutRequest")


@fault("X-28", Nature.ATTACK, Stage.WIRE, keeps=True, cites="samlify, issue 634", trips=("unexpected-message",))
def captured_assertion_in_an_authn_request(xml: bytes, kit: Kit) -> bytes:
    """A signed Assertion that somebody captured stands in an AuthnRequest that nobody signed.

    As with the LogoutRequest: the signature is good, and it is not the message's own, which has none at all.
    """
    return _captured(xml, kit, "AuthnRequest")


@fault(
    "X-33",
    Nature.ATTACK,
    Stage.WIRE,
    keeps=True,
    trips=("assertion-extra", "stray-signature", "signature-missing"),
)
def signed_assertion_as_advice_of_a_forged_one(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion without a signature quotes the signed one as its Advice.

    Advice is what an issuer has seen elsewhere. It lends no trust to the Assertion around it.
    """
    root = parse(xml, "message")
    original = assertion_of(root)
    evil = forged(original, kit)
    root.replace(original, evil)
    find(evil, "saml:Conditions").addnext(holding("Advice", original, SAML))
    return serialise(root)


def _bare(root: Element, kit: Kit, name: str) -> Element:
    """Copy the Assertion that is not signed yet, about another name."""
    twin = copy.deepcopy(assertion_of(root))
    twin.set("ID", kit.new_id())
    find(twin, "saml:Subject/saml:NameID").text = name
    return twin


@fault(
    "X-33",
    Nature.MISTAKE,
    Stage.TREE,
    signs=ANYHOW,
    keeps=True,
    trips=("assertion-extra",),
)
def other_assertion_as_signed_advice(root: Element, kit: Kit) -> Element:
    """The trusted party quotes another Assertion in the Advice of its own.

    Standards allow that and readers trip over it: whoever takes the last NameID logs in the quoted person. Web browser
    single sign-on has no use for it.
    """
    quoted = _bare(root, kit, kit.forged)
    find(root, "saml:Assertion/saml:Conditions").addnext(holding("Advice", quoted, SAML))
    return root


@fault(
    "X-33",
    Nature.MISTAKE,
    Stage.TREE,
    signs=ANYHOW,
    keeps=True,
    trips=("assertion-extra",),
    lax=True,
)
def other_assertion_in_an_attribute(root: Element, kit: Kit) -> Element:
    """The trusted party sends another Assertion as the value of an attribute.

    A value may be any XML. A reader that searches for Assertions finds two.
    """
    quoted = _bare(root, kit, kit.forged)
    find(root, "saml:Assertion/saml:AttributeStatement/saml:Attribute/saml:AttributeValue").append(quoted)
    return root


@fault("X-26", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=("misplaced-signature",), lax=True)
def signature_at_the_end(xml: bytes, _kit: Kit) -> bytes:
    """The signature stands last in its element, not behind the Issuer.

    Some libraries append it. The digest still holds, but the schema wants it in its place, and so do strict receivers.
    """
    root = parse(xml, "message")
    part = signed_part(root)
    part.append(signature_of(part))
    return serialise(root)


@fault("X-26", Nature.ATTACK, Stage.WIRE, trips=("stray-signature",), lax=True)
def detached_signature_in_extensions(xml: bytes, _kit: Kit) -> bytes:
    """A copy of the Assertion's signature stands in Extensions.

    It makes the message look signed, and a verifier that takes the first signature of the document takes this one.
    """
    root = parse(xml, "message")
    stray = copy.deepcopy(signature_of(assertion_of(root)))
    find(root, _STATUS).addprevious(holding("Extensions", stray))
    return serialise(root)


@fault("X-26", Nature.ATTACK, Stage.WIRE, trips=("reference-not-to-parent", "digest-mismatch"), lax=True)
def signature_of_the_assertion_at_the_message_too(xml: bytes, _kit: Kit) -> bytes:
    """A copy of the Assertion's signature stands where that of the message would.

    The message looks signed, and its own attributes would be believed. A signature has to name the element that holds
    it.
    """
    root = parse(xml, "message")
    root.insert(1, copy.deepcopy(signature_of(assertion_of(root))))
    return serialise(root)


@fault(
    "X-26",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    trips=("several-signatures", "stray-signature"),
    lax=True,
)
def signature_twice_in_one_element(xml: bytes, _kit: Kit) -> bytes:
    """One element holds its signature twice.

    The transform takes one of them out of the digest, and which one is for each library to say. An element is signed
    once.
    """
    root = parse(xml, "message")
    signature = signature_of(signed_part(root))
    signature.addnext(copy.deepcopy(signature))
    return serialise(root)
