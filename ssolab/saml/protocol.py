"""What all messages of the protocol have in common, which SAML2Core 3.2 says once for requests and once for answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.xmltree import SAML, SAMLP
from ssolab.saml.fields import Parts, needed, needed_instant, refused, text
from ssolab.saml.names import SUCCESS, VERSION
from ssolab.saml.subjects import ISSUER, NameID
from ssolab.saml.writing import attributes, write

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from ssolab.core.xmltree import Element

STATUS: Final = f"{{{SAMLP}}}Status"
_CODE = f"{{{SAMLP}}}StatusCode"
_STATUS_MESSAGE = f"{{{SAMLP}}}StatusMessage"
_DEEPEST_STATUS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How a request went (SAML2Core 3.2.2.1): the nested status codes, outermost first, and a message."""

    codes: tuple[str, ...] = (SUCCESS,)
    message: str | None = None

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read a Status.

        Raises:
            InputError: it holds no StatusCode, one without a Value, or they are nested without end.
        """
        parts = Parts(element, document)
        codes: list[str] = []
        code: Element | None = parts.needed(_CODE)
        while code is not None:
            if len(codes) == _DEEPEST_STATUS:
                raise refused(code, document, f"StatusCode is nested more than {_DEEPEST_STATUS} deep")
            codes.append(needed(code, "Value", document))
            code = Parts(code, document).one(_CODE)
        message = parts.one(_STATUS_MESSAGE)
        return cls(codes=tuple(codes), message=None if message is None else text(message, document))

    @property
    def success(self) -> bool:
        """Whether the outermost code is Success."""
        return self.codes[:1] == (SUCCESS,)

    def write(self, parent: Element) -> None:
        """Write it below an answer."""
        element = inner = write(parent, STATUS)
        for code in self.codes:
            inner = write(inner, _CODE, {"Value": code})
        if self.message is not None:
            write(element, _STATUS_MESSAGE, content=self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What every message says of itself, a request (SAML2Core 3.2.1) or an answer (3.2.2)."""

    id: str
    issue_instant: datetime
    version: str = VERSION
    destination: str | None = None
    consent: str | None = None
    issuer: NameID | None = None

    def begun(
        self, tag: str, *, in_response_to: str | None = None, **others: str | bool | int | datetime | None
    ) -> Element:
        """Write its beginning without a signature: the attributes, those of its own kind last, and the Issuer."""
        values = attributes(
            ID=self.id,
            InResponseTo=in_response_to,
            Version=self.version,
            IssueInstant=self.issue_instant,
            Destination=self.destination,
            Consent=self.consent,
            **others,
        )
        element = write(None, tag, values, nsmap={"samlp": SAMLP, "saml": SAML})
        if self.issuer is not None:
            self.issuer.write(element, ISSUER)
        return element


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusResponse(Message):
    """What every answer says of itself (SAML2Core 3.2.2)."""

    status: Status
    in_response_to: str | None = None

    def answering(self, tag: str) -> Element:
        """Write its beginning without a signature: the attributes, the Issuer and the Status."""
        element = self.begun(tag, in_response_to=self.in_response_to)
        self.status.write(element)
        return element


def message_fields(element: Element, parts: Parts, document: str) -> dict[str, Any]:
    """Read what a `Message` holds; a signature, if any, is not looked at.

    Raises:
        InputError: it lacks what the schema requires, or a part of it cannot be read.
    """
    issuer = parts.one(ISSUER)
    return {
        "id": needed(element, "ID", document),
        "issue_instant": needed_instant(element, "IssueInstant", document),
        "version": needed(element, "Version", document),
        "destination": element.get("Destination"),
        "consent": element.get("Consent"),
        "issuer": None if issuer is None else NameID.read(issuer, document),
    }


def answer_fields(element: Element, parts: Parts, document: str) -> dict[str, Any]:
    """Read what a `StatusResponse` holds; a signature, if any, is not looked at.

    Raises:
        InputError: it lacks what the schema requires, or a part of it cannot be read.
    """
    return message_fields(element, parts, document) | {
        "status": Status.read(parts.needed(STATUS), document),
        "in_response_to": element.get("InResponseTo"),
    }
