"""The two messages of single logout, named as SAML2Core section 3.7 names them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ssolab.core.xmlshape import SIGNATURE
from ssolab.core.xmltree import SAML, SAMLP
from ssolab.saml.fields import Parts, instant, needed, needed_instant, read_as, refused, text
from ssolab.saml.messages import Status
from ssolab.saml.names import VERSION
from ssolab.saml.subjects import ISSUER, NAME_ID, NameID
from ssolab.saml.writing import attributes, write

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from ssolab.core.xmltree import Element

LOGOUT_REQUEST: Final = f"{{{SAMLP}}}LogoutRequest"
LOGOUT_RESPONSE: Final = f"{{{SAMLP}}}LogoutResponse"
SESSION_INDEX: Final = f"{{{SAMLP}}}SessionIndex"
_STATUS = f"{{{SAMLP}}}Status"
_BASE_ID = f"{{{SAML}}}BaseID"
_ENCRYPTED_ID = f"{{{SAML}}}EncryptedID"
_REQUEST_PARTS = frozenset({ISSUER, NAME_ID, _ENCRYPTED_ID, SESSION_INDEX, SIGNATURE})
_RESPONSE_PARTS = frozenset({ISSUER, _STATUS, SIGNATURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """A wish that sessions of one person end (SAML2Core 3.7.1); without a session index, all of that person's.

    `encrypted` says that an EncryptedID stands in the place of the name; `passed_over` names the parts that are not
    read.
    """

    id: str
    issue_instant: datetime
    name_id: NameID | None = None
    version: str = VERSION
    destination: str | None = None
    consent: str | None = None
    issuer: NameID | None = None
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
        issuer, name_id, encrypted = parts.one(ISSUER), parts.one(NAME_ID), parts.one(_ENCRYPTED_ID)
        if sum(each is not None for each in (name_id, encrypted, parts.one(_BASE_ID))) > 1:
            raise refused(element, document, "the LogoutRequest names somebody twice, in two ways")
        return cls(
            id=needed(element, "ID", document),
            issue_instant=needed_instant(element, "IssueInstant", document),
            name_id=None if name_id is None else NameID.read(name_id, document),
            version=needed(element, "Version", document),
            destination=element.get("Destination"),
            consent=element.get("Consent"),
            issuer=None if issuer is None else NameID.read(issuer, document),
            not_on_or_after=instant(element, "NotOnOrAfter", document),
            reason=element.get("Reason"),
            session_indexes=tuple(text(each, document) for each in parts.all(SESSION_INDEX)),
            encrypted=encrypted is not None,
            passed_over=parts.others(_REQUEST_PARTS),
        )

    def element(self) -> Element:
        """Build the LogoutRequest without a signature; what was encrypted is not written."""
        values = attributes(
            ID=self.id,
            Version=self.version,
            IssueInstant=self.issue_instant,
            Destination=self.destination,
            Consent=self.consent,
            Reason=self.reason,
            NotOnOrAfter=self.not_on_or_after,
        )
        element = write(None, LOGOUT_REQUEST, values, nsmap={"samlp": SAMLP, "saml": SAML})
        if self.issuer is not None:
            self.issuer.write(element, ISSUER)
        if self.name_id is not None:
            self.name_id.write(element)
        for index in self.session_indexes:
            write(element, SESSION_INDEX, content=index)
        return element


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutResponse:
    """How the wish went (SAML2Core 3.7.2); `passed_over` names the parts that are not read."""

    id: str
    issue_instant: datetime
    status: Status
    version: str = VERSION
    destination: str | None = None
    in_response_to: str | None = None
    consent: str | None = None
    issuer: NameID | None = None
    passed_over: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, element: Element, document: str = "logout response") -> Self:
        """Read a LogoutResponse, whose signature, if any, is not looked at.

        Raises:
            InputError: it is another element, lacks what the schema requires, or a part of it cannot be read.
        """
        read_as(element, LOGOUT_RESPONSE, document)
        parts = Parts(element, document)
        issuer = parts.one(ISSUER)
        return cls(
            id=needed(element, "ID", document),
            issue_instant=needed_instant(element, "IssueInstant", document),
            status=Status.read(parts.needed(_STATUS), document),
            version=needed(element, "Version", document),
            destination=element.get("Destination"),
            in_response_to=element.get("InResponseTo"),
            consent=element.get("Consent"),
            issuer=None if issuer is None else NameID.read(issuer, document),
            passed_over=parts.others(_RESPONSE_PARTS),
        )

    def element(self) -> Element:
        """Build the LogoutResponse without a signature."""
        values = attributes(
            ID=self.id,
            InResponseTo=self.in_response_to,
            Version=self.version,
            IssueInstant=self.issue_instant,
            Destination=self.destination,
            Consent=self.consent,
        )
        element = write(None, LOGOUT_RESPONSE, values, nsmap={"samlp": SAMLP, "saml": SAML})
        if self.issuer is not None:
            self.issuer.write(element, ISSUER)
        self.status.write(element)
        return element
