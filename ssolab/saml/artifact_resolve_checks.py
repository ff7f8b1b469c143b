"""Checks of an ArtifactResolve: whether it asks for a message that is kept here, and for whom.

A stolen artifact must be worth nothing, so who asks for a message that is not theirs, or not there any more, is told
no more than that there is none (SAML2Core 3.5.3). The journal of the side that keeps it says which of these it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from ssolab.core.catalog import check, refusal
from ssolab.core.findings import InputError, Problem
from ssolab.core.instants import format_instant
from ssolab.core.xmltree import SAMLP, children
from ssolab.saml.artifact import Artifact
from ssolab.saml.authn_request_checks import RequestExpected
from ssolab.saml.fields import SPACE
from ssolab.saml.materials import Materials, text_of, unsaid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A message that waits to be asked for: for whom it was made, and until when; None where it was given out."""

    message: bytes | None
    requester: str
    until: datetime


class ArtifactMemory(Protocol):
    """Keeps the messages that artifacts stand for. The caller owns it, and with it the state that this has not."""

    def take(self, artifact: str, /) -> Held | None:
        """Give what an artifact stands for and forget the message in the same moment; None where it never was here."""


@dataclass(frozen=True, kw_only=True)
class ResolveExpected(RequestExpected):
    """What an identity provider expects of an ArtifactResolve; `entity_id` is its own name, `memory` what it keeps."""

    memory: ArtifactMemory | None = None
    entity_id: str | None = None

    @property
    def open(self) -> tuple[str, ...]:
        """What is not judged, since nothing was said of it."""
        return unsaid(
            issuer=self.issuer,
            destination=self.destination,
            age=self.message_life,
            entity_id=self.entity_id,
            kept_messages=self.memory,
        )


@check(cites="SAML2Bind 3.6.4")
def artifact_unreadable(message: Materials, _expected: ResolveExpected) -> Iterator[Problem]:
    """The question holds no artifact that can be read.

    An artifact of SAML 2.0 is 44 octets in base64 and begins with 0x0004; there is one in a question. Have the service
    provider hand it on exactly as the browser brought it, decoded from the address once and not twice.
    """
    written = children(message.message, SAMLP, "Artifact")
    if len(written) != 1:
        yield Problem(
            f"the question holds {len(written)} artifacts",
            expected="one Artifact",
            observed=str(len(written)),
            where=message.where(message.message),
        )
        return
    try:
        _artifact_in(message)
    except InputError as error:
        yield Problem(
            error.problem,
            expected="an artifact of type 0x0004",
            observed=text_of(written[0]),
            where=message.where(written[0]),
        )


@check(cites="SAML2Bind 3.6.4.2")
def artifact_of_another_issuer(message: Materials, expected: ResolveExpected) -> Iterator[Problem]:
    """The artifact was made by somebody else.

    Its SourceID is the SHA-1 of the entityID of whoever keeps the message, and that is another one. Have the service
    provider ask the party that the SourceID names, and keep one list of SourceIDs for all its identity providers.
    """
    try:
        artifact = _artifact_in(message)
    except InputError:
        return  # artifact-unreadable says it
    if artifact is not None and expected.entity_id is not None and not artifact.is_of(expected.entity_id):
        yield foreign_artifact(artifact, expected.entity_id)


def foreign_artifact(artifact: Artifact, entity_id: str) -> Problem:
    """Word that an artifact is not one of that entity."""
    wanted = Artifact.of(entity_id, artifact.handle).source_id.hex()
    return Problem(
        f"the artifact is not of {entity_id}", expected=f"SourceID {wanted}", observed=artifact.source_id.hex()
    )


@refusal(cites="SAML2Core 3.5.3")
def artifact_unknown() -> Problem:
    """No message is kept under this artifact.

    It was never given out here, or was forgotten since. The answer says Success and holds nothing, as the standard
    wants it. Begin the login anew.
    """
    return Problem("no message is kept under this artifact", expected="an artifact that was made here")


@refusal(cites="SAML2Core 3.5.3")
def artifact_used_before(held: Held) -> Problem:
    """The artifact was resolved before.

    Each is good for one question. A page that was loaded again asks twice, and so does a thief, who comes second here
    and gets an empty answer. Begin the login anew.
    """
    return Problem("the message was given out before", expected="the first question", observed=f"by {held.requester}")


@refusal(cites="SAML2Core 3.5.3")
def artifact_of_another_party(held: Held, requester: str) -> Problem:
    """The artifact was made for another service provider than the one that asks.

    A browser, or somebody on its way, carried it to the wrong party. It is spent now, so that nobody else can use it.
    Begin the login anew, at the service provider that is meant.
    """
    return Problem("the message is for another party", expected=held.requester, observed=requester)


@refusal(cites="SAML2Bind 3.6.5.1")
def artifact_expired(held: Held, now: datetime) -> Problem:
    """The artifact was resolved too late.

    The message behind it is kept for as long as a message lives. A service provider that asks later was slow, or its
    browser slept; begin the login anew.
    """
    return Problem(
        "the message is kept no longer", expected=f"before {format_instant(held.until)}", observed=format_instant(now)
    )


EMPTY_HANDED: Final = frozenset(
    each.code
    for each in (
        artifact_unreadable,
        artifact_of_another_issuer,
        artifact_unknown,
        artifact_used_before,
        artifact_of_another_party,
        artifact_expired,
    )
)
"""The codes that are answered with an empty Success and not with a denial."""


def _artifact_in(message: Materials) -> Artifact | None:
    """Read the artifact; None where there is not exactly one."""
    written = children(message.message, SAMLP, "Artifact")
    return Artifact.read(text_of(written[0]).strip(SPACE), message.document) if len(written) == 1 else None
