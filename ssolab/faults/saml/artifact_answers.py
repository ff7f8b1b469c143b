"""Answers to an ArtifactResolve: to another question, empty, forged, or believed for the connection alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier, Nature, Sealing, Stage, fault
from ssolab.faults.saml.editing import added, element_of, find, forge, forged, put, remove, rewritten, without
from ssolab.faults.saml.styles import ANYHOW
from ssolab.saml.names import REQUEST_DENIED, REQUESTER

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_CODE: Final = "samlp:Status/samlp:StatusCode"
_MESSAGE: Final = "samlp:Response"


def _forged_in(envelope: Element, kit: Kit) -> Element:
    forge(envelope, kit)
    return envelope


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=ANYHOW,
    trips=("artifact-response-to-another",),
    cites="SAML2Core 3.2.2",
)
def answer_to_another_question(root: Element, kit: Kit) -> Element:
    """The answer is to another ArtifactResolve than the one that was asked.

    It was recorded earlier, with the login of somebody else in it, or a proxy mixed up two of them.
    """
    return put(root, ".", InResponseTo=kit.new_id())


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=ANYHOW,
    trips=("artifact-response-to-another",),
    cites="SAML2Core 3.2.2",
)
def answer_to_no_question(root: Element, _kit: Kit) -> Element:
    """The answer does not say which ArtifactResolve it belongs to.

    It would fit any, and so can be kept and played to whoever asks.
    """
    return put(root, ".", InResponseTo=None)


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=ANYHOW,
    trips=("artifact-not-resolved",),
    cites="SAML2Core 3.5.3",
)
def denied_answer_with_a_message(root: Element, _kit: Kit) -> Element:
    """The answer denies the request, and holds a message all the same.

    A reader that looks for the message alone logs somebody in on a denial. The status comes first.
    """
    find(root, _CODE).set("Value", REQUESTER)
    return added(root, _CODE, "samlp:StatusCode", Value=REQUEST_DENIED)


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=ANYHOW,
    trips=("artifact-response-empty",),
    cites="SAML2Core 3.5.3",
)
def answer_without_a_message(root: Element, _kit: Kit) -> Element:
    """The answer says Success and holds no message.

    The artifact was used before, is too old, or was made for somebody else. There is nobody to log in.
    """
    return without(root, _MESSAGE)


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.SEAL,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("response",),
    trips=("signature-missing",),
    cites="CVE-2026-49283",
)
def unsigned_answer_with_an_unsigned_message(sealing: Sealing, _kit: Kit) -> Sealing:
    """Neither the answer nor the message in it is signed.

    It came over a connection of the receiver's own, which is all that speaks for it. Whoever sits at the other end
    of that could be anybody, so it is not enough.
    """
    return replace(sealing, sign="none")


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    receiver={"want_signed": True},
    trips=("signature-missing",),
    cites="SAML2Prof 5.4",
)
def unsigned_answer_where_a_signed_one_is_wanted(root: Element, _kit: Kit) -> Element:
    """The answer is not signed, and the receiver wants it to be; the message in it is.

    The profile leaves it to the receiver. Have the identity provider sign its answers too.
    """
    return root


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.SEAL,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("both",),
    trips=("key-not-trusted",),
    cites="SAML2MetaIOP 2.6.1",
)
def answer_of_a_stranger(sealing: Sealing, kit: Kit) -> Sealing:
    """The answer is signed by somebody whom nobody trusts, around a message that is signed as ever.

    Any signature that is there has to hold, whatever else is signed and by whom. Nothing of such an answer is
    believed.
    """
    return replace(sealing, credential=kit.foreign)


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("both",),
    keeps=True,
    trips=("digest-mismatch",),
    cites="XMLDSig 3.2.1",
)
def name_changed_in_a_signed_answer(xml: bytes, kit: Kit) -> bytes:
    """The name in the message was changed after message and answer were signed.

    Two signatures cover it, and the digest of neither of them fits what arrives.
    """
    return rewritten(xml, lambda root: _forged_in(root, kit))


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    keeps=True,
    trips=("element-unexpected", "signature-missing", "stray-signature"),
    cites="SAML2Core 3.5.3",
)
def forged_message_before_the_signed_one(root: Element, kit: Kit) -> Element:
    """The answer holds a forged message without a signature before the signed one.

    A verifier that finds a good signature is content, and a reader takes the first message. There is one in an
    answer.
    """
    own = find(root, _MESSAGE)
    own.addprevious(forged(own, kit))
    return root


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    keeps=True,
    trips=("signature-missing", "stray-signature"),
    cites="SAML2Core 3.5.3",
)
def signed_message_in_the_extensions_of_an_answer(root: Element, kit: Kit) -> Element:
    """The answer keeps the signed message in its Extensions and holds a forged one in its place.

    Schemas allow anything in there, so the shape alone gives nothing away. What is read has to be signed itself.
    """
    own = find(root, _MESSAGE)
    evil = forged(own, kit)
    own.addprevious(evil)
    extensions = element_of("samlp:Extensions")
    extensions.append(remove(own))
    find(root, "saml:Issuer").addnext(extensions)
    return root


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESPONSE,
    signs=("assertion",),
    trips=("unexpected-message",),
    cites="SAML2Core 3.5.3",
)
def another_kind_of_message_behind_the_artifact(root: Element, kit: Kit) -> Element:
    """A request to log out stands behind the artifact, where a Response is awaited.

    Each address takes one kind of message. One that is verified as the one and read as the other is refused for
    what it is.
    """
    own = find(root, _MESSAGE)
    own.addprevious(element_of("samlp:LogoutRequest", ID=kit.new_id(), Version="2.0"))
    remove(own)
    return root
