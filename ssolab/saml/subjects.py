"""Whom an assertion speaks of and how that is confirmed (SAML2Core 2.2.2 and 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import SAML
from ssolab.saml.fields import Parts, instant, needed, text
from ssolab.saml.names import BEARER, UNSPECIFIED
from ssolab.saml.writing import attributes, write

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from ssolab.core.xmltree import Element

ISSUER: Final = f"{{{SAML}}}Issuer"
NAME_ID: Final = f"{{{SAML}}}NameID"
SUBJECT: Final = f"{{{SAML}}}Subject"
ENCRYPTED_ID: Final = f"{{{SAML}}}EncryptedID"
_CONFIRMATION = f"{{{SAML}}}SubjectConfirmation"
_DATA = f"{{{SAML}}}SubjectConfirmationData"


@dataclass(frozen=True, slots=True)
class NameID:
    """A name with its format and qualifiers: a NameID, or an Issuer (SAML2Core 2.2.2, 2.2.5)."""

    value: str
    format: str | None = None
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None
    sp_provided_id: str | None = None

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read any element of NameIDType.

        Raises:
            InputError: a comment, processing instruction or element stands inside the name.
        """
        get = element.get
        return cls(
            text(element, document),
            get("Format"),
            get("NameQualifier"),
            get("SPNameQualifier"),
            get("SPProvidedID"),
        )

    def write(self, parent: Element, tag: str = NAME_ID) -> None:
        """Write the name as the element *tag*."""
        qualifiers = attributes(
            Format=self.format,
            NameQualifier=self.name_qualifier,
            SPNameQualifier=self.sp_name_qualifier,
            SPProvidedID=self.sp_provided_id,
        )
        write(parent, tag, qualifiers, self.value)


def same_name(asked: NameID, given: NameID) -> bool:
    """Say whether a name is the one that was asked for; a qualifier that either leaves out is not compared."""
    qualifiers = (asked.name_qualifier, given.name_qualifier), (asked.sp_name_qualifier, given.sp_name_qualifier)
    return (
        asked.value == given.value
        and (asked.format or UNSPECIFIED) == (given.format or UNSPECIFIED)
        and all(one is None or other is None or one == other for one, other in qualifiers)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectConfirmationData:
    """When, where and in answer to what the assertion may be presented (SAML2Core 2.4.1.2)."""

    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    recipient: str | None = None
    in_response_to: str | None = None
    address: str | None = None

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read a SubjectConfirmationData.

        Raises:
            InputError: a moment in it is no moment.
        """
        return cls(
            not_before=instant(element, "NotBefore", document),
            not_on_or_after=instant(element, "NotOnOrAfter", document),
            recipient=element.get("Recipient"),
            in_response_to=element.get("InResponseTo"),
            address=element.get("Address"),
        )

    def write(self, parent: Element) -> None:
        """Write it below a SubjectConfirmation."""
        values = attributes(
            InResponseTo=self.in_response_to,
            NotBefore=self.not_before,
            NotOnOrAfter=self.not_on_or_after,
            Recipient=self.recipient,
            Address=self.address,
        )
        write(parent, _DATA, values)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectConfirmation:
    """A way in which the presenter shows that the assertion is theirs (SAML2Core 2.4.1.1)."""

    method: str = BEARER
    name_id: NameID | None = None
    data: SubjectConfirmationData | None = None

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read a SubjectConfirmation.

        Raises:
            InputError: the method is missing, or a part of it cannot be read.
        """
        parts = Parts(element, document)
        name_id, data = parts.one(NAME_ID), parts.one(_DATA)
        return cls(
            method=needed(element, "Method", document),
            name_id=None if name_id is None else NameID.read(name_id, document),
            data=None if data is None else SubjectConfirmationData.read(data, document),
        )

    def write(self, parent: Element) -> None:
        """Write it below a Subject."""
        element = write(parent, _CONFIRMATION, {"Method": self.method})
        if self.name_id is not None:
            self.name_id.write(element)
        if self.data is not None:
            self.data.write(element)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom the statements are about (SAML2Core 2.4.1); `encrypted` says that an EncryptedID stands there instead."""

    name_id: NameID | None = None
    confirmations: tuple[SubjectConfirmation, ...] = ()
    encrypted: bool = False

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read a Subject.

        Raises:
            InputError: it has two names, or a part of it cannot be read.
        """
        parts = Parts(element, document)
        name_id = parts.one(NAME_ID)
        return cls(
            name_id=None if name_id is None else NameID.read(name_id, document),
            confirmations=tuple(SubjectConfirmation.read(each, document) for each in parts.all(_CONFIRMATION)),
            encrypted=bool(parts.all(ENCRYPTED_ID)),
        )

    def write(self, parent: Element) -> None:
        """Write it below an Assertion; what was encrypted is not written."""
        element = write(parent, SUBJECT)
        if self.name_id is not None:
            self.name_id.write(element)
        for confirmation in self.confirmations:
            confirmation.write(element)
