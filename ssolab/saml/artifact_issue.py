"""Issuing the two messages of artifact resolution: draft, then seal, as `issue` does with requests and responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import reparse, serialise
from ssolab.saml.artifact import ARTIFACT_RESOLVE, ARTIFACT_RESPONSE, ArtifactResolve, ArtifactResponse
from ssolab.saml.subjects import NameID

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ssolab.core.keys import SigningCredential
    from ssolab.core.xmltree import Element
    from ssolab.saml.artifact import Artifact
    from ssolab.saml.messages import Status
    from ssolab.saml.parties import AssertingParty, RelyingParty

# The message inside may name xs in values of xsi:type only. Without the prefix in the list the digested form of the
# outer element would lose its declaration, and the message read from there its types.
PREFIXES: Final = {ARTIFACT_RESOLVE: "", ARTIFACT_RESPONSE: "xs"}


def draft_resolve(
    relying: RelyingParty, artifact: Artifact, *, location: str, now: datetime, new_id: Callable[[], str]
) -> ArtifactResolve:
    """Draft the question what an artifact stands for, to be asked at *location*."""
    return ArtifactResolve(
        id=new_id(),
        issue_instant=now.replace(microsecond=now.microsecond // 1000 * 1000),
        artifact=artifact.text,
        destination=location,
        issuer=NameID(relying.entity_id),
    )


def draft_artifact_response(  # noqa: PLR0913  each is a field of the standard's answer
    asserting: AssertingParty,
    *,
    now: datetime,
    new_id: Callable[[], str],
    status: Status,
    in_response_to: str | None,
    message: bytes | None = None,
) -> ArtifactResponse:
    """Draft the answer; *message* is what the artifact stands for, sealed, or None where there is nothing to give."""
    return ArtifactResponse(
        id=new_id(),
        issue_instant=now.replace(microsecond=now.microsecond // 1000 * 1000),
        status=status,
        in_response_to=in_response_to,
        issuer=NameID(asserting.entity_id),
        message=message,
    )


def seal_artifact_message(
    message: ArtifactResolve | ArtifactResponse | Element,
    credential: SigningCredential | None,
    *,
    hash: str = "sha256",  # noqa: A002  the word of the standards
) -> bytes:
    """Write a message of artifact resolution, signed where a credential is given.

    It may come as an element, where somebody has changed what no draft can hold.

    Raises:
        InputError: the draft holds what XML cannot carry, or the key cannot sign with that hash.
    """
    written = message.write() if isinstance(message, ArtifactResolve | ArtifactResponse) else serialise(message)
    if credential is None:
        return written
    root = reparse(written)
    sign(root, credential, hash=hash, prefixes=PREFIXES[str(root.tag)])
    return serialise(root)
