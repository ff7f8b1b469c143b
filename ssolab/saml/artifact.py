"""The artifact: a short reference that the browser carries instead of the message, and its two messages.

Whoever gets one asks the issuer, from server to server, for what it stands for (SAML2Bind 3.6, SAML2Core 3.5). The
message inside an ArtifactResponse is kept as bytes and put in as text: a tree would give its prefixes other names, and
its own signature would no longer hold.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from ssolab.core.findings import InputError
from ssolab.core.xmlshape import SIGNATURE
from ssolab.core.xmltree import SAMLP, decode_base64, elements, serialise
from ssolab.saml.fields import SPACE, Parts, read_as, refused, text
from ssolab.saml.protocol import STATUS, Message, StatusResponse, answer_fields, message_fields
from ssolab.saml.subjects import ISSUER
from ssolab.saml.undecodable import message_missing, parameter_repeated
from ssolab.saml.unresolvable import artifact_beside_message, malformed_artifact
from ssolab.saml.writing import write

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from ssolab.core.xmltree import Element

__all__ = [
    "ARTIFACT_RESOLVE",
    "ARTIFACT_RESPONSE",
    "PARAMETER",
    "Artifact",
    "ArtifactResolve",
    "ArtifactResponse",
    "Carried",
    "decode_artifact",
    "embedded_in",
    "encode_artifact",
]

PARAMETER: Final = "SAMLart"
HANDLE_LENGTH: Final = 20
"""Octets of the MessageHandle: random, so that nobody can guess an artifact that another browser carries."""
ARTIFACT_RESOLVE: Final = f"{{{SAMLP}}}ArtifactResolve"
ARTIFACT_RESPONSE: Final = f"{{{SAMLP}}}ArtifactResponse"
_ARTIFACT = f"{{{SAMLP}}}Artifact"
_AROUND = frozenset({ISSUER, SIGNATURE, f"{{{SAMLP}}}Extensions", STATUS})
_END = b"</samlp:ArtifactResponse>"

_TYPE = b"\x00\x04"
_SOURCE_LENGTH = 20
_LENGTH = len(_TYPE) + 2 + _SOURCE_LENGTH + HANDLE_LENGTH
_LONGEST = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """An artifact of type 0x0004 (SAML2Bind 3.6.4.2): who keeps the message, at which of its addresses, and which."""

    source_id: bytes
    handle: bytes
    endpoint_index: int = 0

    @classmethod
    def of(cls, entity_id: str, handle: bytes, *, endpoint_index: int = 0) -> Self:
        """Make the artifact of a message that *entity_id* keeps.

        Args:
            entity_id: who keeps it.
            handle: twenty random octets.
            endpoint_index: of the ArtifactResolutionService that gives it out.

        Raises:
            InputError: the handle has another length, or the index does not fit into two octets.
        """
        if len(handle) != HANDLE_LENGTH or not 0 <= endpoint_index <= 0xFFFF:  # noqa: PLR2004  two octets
            problem = f"a handle of {len(handle)} octets and index {endpoint_index}"
            raise InputError("artifact", problem, f"give {HANDLE_LENGTH} octets, and an index from 0 to 65535")
        return cls(source_id=source_id_of(entity_id), handle=handle, endpoint_index=endpoint_index)

    @classmethod
    def read(cls, written: str, name: str = PARAMETER) -> Self:
        """Read an artifact.

        Raises:
            InputError: it is not base64, of another type, or cut short.
        """
        data = None if len(written) > _LONGEST else decode_base64(written)
        if not data:
            raise malformed_artifact(name, "the artifact is not base64", "give it whole and as it was sent")
        if not data.startswith(_TYPE):
            problem = f"the artifact is of type 0x{data[:2].hex()}"
            raise malformed_artifact(name, problem, "have the sender use type 0x0004, the only one of SAML 2.0")
        if len(data) != _LENGTH:
            problem = f"the artifact has {len(data)} octets, not {_LENGTH}"
            raise malformed_artifact(name, problem, "give it whole; addresses are often cut short")
        index, source, handle = data[2:4], data[4 : 4 + _SOURCE_LENGTH], data[4 + _SOURCE_LENGTH :]
        return cls(source_id=source, handle=handle, endpoint_index=int.from_bytes(index))

    @property
    def text(self) -> str:
        """The artifact as it travels."""
        octets = _TYPE + self.endpoint_index.to_bytes(2) + self.source_id + self.handle
        return base64.b64encode(octets).decode()

    def is_of(self, entity_id: str) -> bool:
        """Say whether the artifact names that entity as the keeper of the message."""
        return self.source_id == source_id_of(entity_id)


def source_id_of(entity_id: str) -> bytes:
    """Give the SourceID of an entity: the SHA-1 of its entityID, a name and no protection (SAML2Bind 3.6.4.2)."""
    return hashlib.sha1(entity_id.encode(), usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class Carried:
    """What the browser brought: the artifact as it was written, and the RelayState beside it."""

    artifact: str
    relay_state: str | None = None


def encode_artifact(artifact: Artifact, *, location: str, relay_state: str | None = None) -> str:
    """Make the URL that carries an artifact to *location* (SAML2Bind 3.6.3.1)."""
    query = f"{PARAMETER}={quote(artifact.text, safe='')}"
    if relay_state is not None:
        query += f"&RelayState={quote(relay_state, safe='')}"
    return f"{location}{'&' if '?' in location else '?'}{query}"


def decode_artifact(pairs: Iterable[tuple[str, str]], name: str = "artifact") -> Carried:
    """Take the artifact out of a query or a form, given as pairs so that one that stands twice is seen.

    Raises:
        InputError: it is missing or repeated, or a message stands beside it.
    """
    found: dict[str, str] = {}
    for parameter, value in pairs:
        if parameter in {"SAMLRequest", "SAMLResponse"}:
            raise artifact_beside_message(name, parameter)
        if parameter in {PARAMETER, "RelayState"}:
            if parameter in found:
                raise parameter_repeated(name, parameter)
            found[parameter] = value
    if not (artifact := found.get(PARAMETER)):
        raise message_missing(name, f"there is no {PARAMETER}", "begin the login again at the sender")
    if " " in artifact:
        raise malformed_artifact(name, f"{PARAMETER} holds a + that means a blank here", "have it escaped as %2B")
    return Carried(artifact, found.get("RelayState"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactResolve(Message):
    """The question what an artifact stands for (SAML2Core 3.5.1); the artifact is kept as it was written."""

    artifact: str

    @classmethod
    def read(cls, element: Element, document: str = "resolve") -> Self:
        """Read an ArtifactResolve, whose signature, if any, is not looked at.

        Raises:
            InputError: it is another element, lacks what the schema requires, or a part of it cannot be read.
        """
        read_as(element, ARTIFACT_RESOLVE, document)
        parts = Parts(element, document)
        return cls(
            **message_fields(element, parts, document),
            artifact=text(parts.needed(_ARTIFACT), document).strip(SPACE),
        )

    def write(self) -> bytes:
        """Write it without a signature."""
        element = self.begun(ARTIFACT_RESOLVE)
        write(element, _ARTIFACT, content=self.artifact)
        return serialise(element)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactResponse(StatusResponse):
    """The answer (SAML2Core 3.5.2): the message as bytes, or None, which says Success too when it is just not there."""

    message: bytes | None = None

    @classmethod
    def read(cls, element: Element, document: str = "answer") -> Self:
        """Read an ArtifactResponse; the signatures of it and in it, if any, are not looked at.

        Raises:
            InputError: it is another element, lacks what the schema requires, or a part of it cannot be read.
        """
        read_as(element, ARTIFACT_RESPONSE, document)
        parts = Parts(element, document)
        embedded = embedded_in(element)
        others = [each for each in elements(element) if each.tag not in _AROUND]
        if len(others) > 1:
            raise refused(others[1], document, "ArtifactResponse holds more than one message")
        return cls(
            **answer_fields(element, parts, document),
            message=None if embedded is None else serialise(embedded),
        )

    def write(self) -> bytes:
        """Write it without a signature, the message in it to the byte."""
        return serialise(self.answering(ARTIFACT_RESPONSE)).removesuffix(_END) + (self.message or b"") + _END


def embedded_in(response: Element) -> Element | None:
    """Give the message inside an ArtifactResponse: its first child that is not the ArtifactResponse's own."""
    return next((each for each in elements(response) if each.tag not in _AROUND), None)
