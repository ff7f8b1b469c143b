"""What an assertion states: how the subject logged in, and attributes (SAML2Core 2.7.2 and 2.7.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import SAML, canonical, reparse
from ssolab.saml.fields import XSI_TYPE, Parts, flag, instant, needed, needed_instant, text, type_of, uri
from ssolab.saml.names import CONTEXT_UNSPECIFIED, XS, XSI
from ssolab.saml.writing import attributes, prefixes_for, write, write_type

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from ssolab.core.xmltree import Element

AUTHN_STATEMENT: Final = f"{{{SAML}}}AuthnStatement"
CLASS_REF: Final = f"{{{SAML}}}AuthnContextClassRef"
DECL_REF: Final = f"{{{SAML}}}AuthnContextDeclRef"
ATTRIBUTE_STATEMENT: Final = f"{{{SAML}}}AttributeStatement"
STRING: Final = f"{{{XS}}}string"
ANY: Final = f"{{{XS}}}anyType"
_CONTEXT = f"{{{SAML}}}AuthnContext"
_AUTHORITY = f"{{{SAML}}}AuthenticatingAuthority"
_LOCALITY = f"{{{SAML}}}SubjectLocality"
ATTRIBUTE: Final = f"{{{SAML}}}Attribute"
ENCRYPTED_ATTRIBUTE: Final = f"{{{SAML}}}EncryptedAttribute"
_VALUE = f"{{{SAML}}}AttributeValue"
_NIL = f"{{{XSI}}}nil"
_PLAIN_TYPES = {STRING: "xs:string", ANY: "xs:anyType"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthnStatement:
    """That the subject logged in, when and how; a SubjectLocality is kept as its address and DNS name."""

    authn_instant: datetime
    session_index: str | None = None
    session_not_on_or_after: datetime | None = None
    authn_context_class_ref: str | None = CONTEXT_UNSPECIFIED
    authn_context_decl_ref: str | None = None
    authenticating_authorities: tuple[str, ...] = ()
    address: str | None = None
    dns_name: str | None = None

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read an AuthnStatement.

        Raises:
            InputError: AuthnInstant or AuthnContext is missing, or a part of it cannot be read.
        """
        parts = Parts(element, document)
        context = Parts(parts.needed(_CONTEXT), document)
        class_ref, decl_ref, locality = context.one(CLASS_REF), context.one(DECL_REF), parts.one(_LOCALITY)
        return cls(
            authn_instant=needed_instant(element, "AuthnInstant", document),
            session_index=element.get("SessionIndex"),
            session_not_on_or_after=instant(element, "SessionNotOnOrAfter", document),
            authn_context_class_ref=None if class_ref is None else uri(class_ref, document),
            authn_context_decl_ref=None if decl_ref is None else uri(decl_ref, document),
            authenticating_authorities=tuple(uri(each, document) for each in context.all(_AUTHORITY)),
            address=None if locality is None else locality.get("Address"),
            dns_name=None if locality is None else locality.get("DNSName"),
        )

    def write(self, parent: Element) -> None:
        """Write it below an Assertion."""
        values = attributes(
            AuthnInstant=self.authn_instant,
            SessionIndex=self.session_index,
            SessionNotOnOrAfter=self.session_not_on_or_after,
        )
        element = write(parent, AUTHN_STATEMENT, values)
        if self.address is not None or self.dns_name is not None:
            write(element, _LOCALITY, attributes(Address=self.address, DNSName=self.dns_name))
        context = write(element, _CONTEXT)
        if self.authn_context_class_ref is not None:
            write(context, CLASS_REF, content=self.authn_context_class_ref)
        if self.authn_context_decl_ref is not None:
            write(context, DECL_REF, content=self.authn_context_decl_ref)
        for authority in self.authenticating_authorities:
            write(context, _AUTHORITY, content=authority)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeValue:
    """One value of an attribute.

    `type` is xsi:type as an expanded name. A value that is built of elements keeps their canonical form in `xml`, and
    its text is then empty; one marked xsi:nil is `nil`.
    """

    text: str = ""
    type: str | None = None
    xml: bytes = b""
    nil: bool = False

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read an AttributeValue.

        Raises:
            InputError: a comment or processing instruction splits its text.
        """
        inside = [child for child in element if isinstance(child.tag, str)]
        return cls(
            text="" if inside else text(element, document),
            type=type_of(element, document),
            xml=b"".join(canonical(child) for child in inside),
            nil=bool(flag(element, _NIL, document)),
        )

    def write(self, parent: Element) -> None:
        """Write it below an Attribute; the Assertion around it has declared xs and xsi."""
        plain = _PLAIN_TYPES.get(self.type or "")
        nil = {_NIL: "true"} if self.nil else None
        element = write(parent, _VALUE, nil, self.text, None if plain else prefixes_for(self.type))
        if plain:
            element.set(XSI_TYPE, plain)
        elif self.type is not None:
            write_type(element, self.type)
        if self.xml:
            element.extend(list(reparse(b"<x>" + self.xml + b"</x>")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A named attribute with its values, none of them lost (SAML2Core 2.7.3.1)."""

    name: str
    values: tuple[AttributeValue, ...] = ()
    name_format: str | None = None
    friendly_name: str | None = None

    @classmethod
    def of(cls, name: str, *values: str, name_format: str | None = None, type: str | None = STRING) -> Self:  # noqa: A002  the word of XML Schema
        """Make an attribute of plain texts."""
        return cls(
            name=name, values=tuple(AttributeValue(text=each, type=type) for each in values), name_format=name_format
        )

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read an Attribute.

        Raises:
            InputError: it has no Name, or a value that cannot be read.
        """
        return cls(
            name=needed(element, "Name", document),
            values=tuple(AttributeValue.read(value, document) for value in element.iterchildren(_VALUE)),
            name_format=element.get("NameFormat"),
            friendly_name=element.get("FriendlyName"),
        )

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of every value."""
        return tuple(value.text for value in self.values)

    def write(self, parent: Element) -> None:
        """Write it below an AttributeStatement."""
        names = attributes(Name=self.name, NameFormat=self.name_format, FriendlyName=self.friendly_name)
        element = write(parent, ATTRIBUTE, names)
        for value in self.values:
            value.write(element)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeStatement:
    """Attributes that were stated together."""

    attributes: tuple[Attribute, ...] = ()

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read an AttributeStatement.

        Raises:
            InputError: an attribute in it cannot be read.
        """
        return cls(attributes=tuple(Attribute.read(each, document) for each in element.iterchildren(ATTRIBUTE)))

    def write(self, parent: Element) -> None:
        """Write it below an Assertion."""
        element = write(parent, ATTRIBUTE_STATEMENT)
        for attribute in self.attributes:
            attribute.write(element)
