"""The two messages of single logout, named as SAML2Core section 3.7 names them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ssolab.core.xmlshape import SIGNATURE
from ssolab.core.xmltree import SAML, SAMLP
from ssolab.saml.fields import Parts, instant, read_as, refused, text
from ssolab.saml.protocol import STATUS, Message, StatusResponse, answer_fields, message_fields
from ssolab.saml.subjects import ISSUER, NAME_ID, NameID
from ssolab.saml.writing import write

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from ssolab.core.xmltree import Element

LOGOUT_REQUEST: Final = f"{{{SAMLP}}}LogoutRequest"
LOGOUT_RESPONSE: Final = f"{{{SAMLP}}}LogoutResponse"
SESSION_INDEX: Final = f"{{{SAMLP}}}SessionIndex"
_BASE_ID = f"{{{SAML}}}BaseID"
_ENCRYPTED_ID = f"{{{SAML}}}EncryptedID"
_REQUEST_PARTS = frozenset({ISSUER, NAME_ID, _ENCRYPTED_ID, SESSION_INDEX, SIGNATURE})
_RESPONSE_PARTS = frozenset({ISSUER, STATUS, SIGNATURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest(Message):
    """A wish that sessions of one person end (SAML2Core 3.7.1); without a session index, all of that person's.

    `encrypted` says that an EncryptedID stands in the place of the name; `passed_over` names the parts that are not
    read.
    """

    name_id: NameID | None = None
    not_on_or_after: datetime | None = None
    reason: str | None = None
    session_indexes: tuple[str, ...] = ()
    encrypted: bool = field(default=False, compare=False)
    passed_over: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, element: Element, document: str = "logout request") -> Self:
        """Read a LogoutRequest, whose signature, if any, is not looked at.

        Raises:
            InputError: it is another element, lacks what the schema requires, names several people, or a part of it
                cannot be read.
        """
        read_as(element, LOGOUT_REQUEST, document)
        parts = Parts(element, document)
        name_id, encrypted = parts.one(NAME_ID), parts.one(_ENCRYPTED_ID)
        if sum(each is not None for each in (name_id, encrypted, parts.one(_BASE_ID))) > 1:
            raise refused(element, document, "the LogoutRequest names somebody twice, in two ways")
        return cls(
            **message_fields(element, parts, document),
            name_id=None if name_id is None else NameID.read(name_id, document),
            not_on_or_after=instant(element, "NotOnOrAfter", document),
            reason=element.get("Reason"),
            session_indexes=tuple(text(each, document) for each in parts.all(SESSION_INDEX)),
            encrypted=encrypted is not None,
            passed_over=parts.others(_REQUEST_PARTS),
        )

    def element(self) -> Element:
        """Build the LogoutRequest without a signature; what was encrypted is not written."""
        element = self.begun(LOGOUT_REQUEST, Reason=self.reason, NotOnOrAfter=self.not_on_or_after)
        if self.name_id is not None:
            self.name_id.write(element)
        for index in self.session_indexes:
            write(element, SESSION_INDEX, content=index)
        return element


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutResponse(StatusResponse):
    """How the wish went (SAML2Core 3.7.2); `passed_over` names the parts that are not read."""

    passed_over: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, element: Element, document: str = "logout response") -> Self:
        """Read a LogoutResponse, whose signature, if any, is not looked at.

        Raises:
            InputError: it is another element, lacks what the schema requires, or a part of it cannot be read.
        """
        read_as(element, LOGOUT_RESPONSE, document)
        parts = Parts(element, document)
        return cls(**answer_fields(element, parts, document), passed_over=parts.others(_RESPONSE_PARTS))

    def element(self) -> Element:
        """Build the LogoutResponse without a signature."""
        return self.answering(LOGOUT_RESPONSE)
