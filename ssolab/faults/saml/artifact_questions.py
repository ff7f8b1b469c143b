"""Questions for the message behind an artifact: of somebody else, a second time, too late, or for nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.instants import format_instant
from ssolab.faults.engine import Carrier, Nature, Sealing, Stage, fault
from ssolab.faults.saml.addressing import ELSEWHERE
from ssolab.faults.saml.editing import added, find, put, reworded
from ssolab.saml.artifact import Artifact
from ssolab.saml.artifact_resolve_checks import Held

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

ASKED: Final = ("request",)
"""A question has its own signature."""
_ARTIFACT: Final = "samlp:Artifact"
_HANDLE: Final = bytes(range(100, 120))
_MINUTE: Final = timedelta(minutes=1)
_LATER: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class _Keeping:
    """A memory that has one message, whatever it is asked for."""

    held: Held

    def take(self, _artifact: str) -> Held:
        """Give the message."""
        return self.held


def _with(root: Element, artifact: Artifact) -> Element:
    return reworded(root, _ARTIFACT, artifact.text)


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("artifact-of-another-issuer",),
    cites="SAML2Bind 3.6.4.2",
)
def artifact_of_another_identity_provider(root: Element, _kit: Kit) -> Element:
    """The question holds an artifact that another identity provider made.

    A relying party that asks the wrong one hands artifacts to it which are good elsewhere. The answer is empty.
    """
    return _with(root, Artifact.of(ELSEWHERE, _HANDLE))


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("artifact-unknown",),
    cites="SAML2Core 3.5.3",
)
def artifact_that_was_guessed(root: Element, kit: Kit) -> Element:
    """The question holds an artifact that nobody gave out.

    Its handle is twenty random octets, so guessing does not help. The answer is empty.
    """
    return _with(root, Artifact.of(kit.recipient, _HANDLE))


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    sent=2,
    trips=("artifact-used-before",),
    cites="SAML2Core 3.5.3",
)
def artifact_resolved_twice(root: Element, _kit: Kit) -> Element:
    """The same artifact is resolved a second time.

    Whoever caught it on its way comes second, and gets an empty answer. It is good for one question.
    """
    return root


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    receiver={"memory": lambda kit: _Keeping(Held(message=b"<x/>", requester=ELSEWHERE, until=kit.now + _MINUTE))},
    trips=("artifact-of-another-party",),
    cites="SAML2Core 3.5.3",
)
def artifact_of_another_party_resolved(root: Element, _kit: Kit) -> Element:
    """The artifact was made for another service provider than the one that asks.

    A stolen artifact must be worth nothing: it is given out to the party that it was made for, and is spent now.
    """
    return root


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    receiver={"now": lambda kit: kit.now + _LATER},
    trips=("artifact-expired",),
    cites="SAML2Bind 3.6.5.1",
)
def artifact_resolved_too_late(root: Element, kit: Kit) -> Element:
    """The artifact is resolved five minutes after it was made.

    What it stands for is kept for as long as a message lives, and no longer.
    """
    return put(root, ".", IssueInstant=format_instant(kit.now + _LATER))


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("artifact-unreadable",),
    cites="SAML2Bind 3.6.4",
)
def half_an_artifact(root: Element, _kit: Kit) -> Element:
    """The artifact in the question was cut short.

    Addresses are often cut. There is nothing to look for.
    """
    return reworded(root, _ARTIFACT, (find(root, _ARTIFACT).text or "")[:-4])


@fault(
    "B-09",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("artifact-unreadable",),
    cites="SAML2Bind 3.6.4",
)
def artifact_of_an_older_type(root: Element, _kit: Kit) -> Element:
    """The artifact in the question is of the type that SAML 1.1 had.

    It says nothing of an address. Only type 0x0004 is one of SAML 2.0.
    """
    return reworded(root, _ARTIFACT, "AAE" + (find(root, _ARTIFACT).text or "")[3:])


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("artifact-unreadable",),
    cites="SAML2Core 3.5.1",
)
def two_artifacts_in_a_question(root: Element, _kit: Kit) -> Element:
    """The question holds two artifacts.

    One could be looked at and the other given out. There is one in a question.
    """
    return added(root, ".", _ARTIFACT, find(root, _ARTIFACT).text or "")


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.SEAL,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("signature-missing",),
    cites="SAML2Prof 5.4",
)
def unsigned_question(sealing: Sealing, _kit: Kit) -> Sealing:
    """The question is not signed.

    Whoever has a stolen artifact could ask in anybody's name. Only the party that it was made for may.
    """
    return replace(sealing, sign="none")


@fault(
    "B-09",
    Nature.ATTACK,
    Stage.SEAL,
    carrier=Carrier.ARTIFACT_RESOLVE,
    signs=ASKED,
    trips=("key-not-trusted",),
    cites="SAML2MetaIOP 2.6.1",
)
def question_of_a_stranger(sealing: Sealing, kit: Kit) -> Sealing:
    """The question is signed by somebody whom nobody trusts, with a look-alike certificate.

    Keys are compared, never names, so that a stolen artifact is worth nothing to a stranger.
    """
    return replace(sealing, credential=kit.foreign)
