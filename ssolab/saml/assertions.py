"""The assertion and its conditions, named as SAML2Core 2.3 and 2.5 name them, read from XML and written back.

Reading trusts nothing and decides nothing: what the schema requires has to be there, text is taken to the character,
times become moments, and whether any of it is to be believed is for the checks to say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ssolab.core.xmlshape import SIGNATURE
from ssolab.core.xmltree import SAML
from ssolab.saml.fields import Parts, instant, needed, needed_instant, number, read_as, type_of, uri
from ssolab.saml.names import VERSION, XS, XSI
from ssolab.saml.statements import ATTRIBUTE_STATEMENT, AUTHN_STATEMENT, Attribute, AttributeStatement, AuthnStatement
from ssolab.saml.subjects import ISSUER, SUBJECT, NameID, Subject
from ssolab.saml.writing import attributes, prefixes_for, write, write_type

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from ssolab.core.xmltree import Element

ASSERTION: Final = f"{{{SAML}}}Assertion"
_CONDITIONS = f"{{{SAML}}}Conditions"
_CONDITION = f"{{{SAML}}}Condition"
_AUDIENCES = f"{{{SAML}}}AudienceRestriction"
_AUDIENCE = f"{{{SAML}}}Audience"
_ONE_TIME_USE = f"{{{SAML}}}OneTimeUse"
_PROXIES = f"{{{SAML}}}ProxyRestriction"
KNOWN_CONDITIONS = frozenset({_AUDIENCES, _ONE_TIME_USE, _PROXIES})
_KNOWN = frozenset({ISSUER, SUBJECT, _CONDITIONS, AUTHN_STATEMENT, ATTRIBUTE_STATEMENT, SIGNATURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyRestriction:
    """How many further parties may base assertions on this one, and which (SAML2Core 2.5.1.6)."""

    count: int | None = None
    audiences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What has to hold for the assertion to be used (SAML2Core 2.5.1).

    Each of `audience_restrictions` is one restriction with its audiences; every restriction has to be met. `unknown`
    holds the expanded names of the conditions that ssolab does not know, by type where they are of a named type.
    """

    not_before: datetime | None = None
    not_on_or_after: datetime | None = None
    audience_restrictions: tuple[tuple[str, ...], ...] = ()
    one_time_use: bool = False
    proxy_restriction: ProxyRestriction | None = None
    unknown: tuple[str, ...] = ()

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read Conditions.

        Raises:
            InputError: a moment in it is no moment, or a part of it cannot be read.
        """
        parts = Parts(element, document)
        proxies = parts.one(_PROXIES)
        return cls(
            not_before=instant(element, "NotBefore", document),
            not_on_or_after=instant(element, "NotOnOrAfter", document),
            audience_restrictions=tuple(_audiences(each, document) for each in parts.all(_AUDIENCES)),
            one_time_use=bool(parts.all(_ONE_TIME_USE)),
            proxy_restriction=None
            if proxies is None
            else ProxyRestriction(count=number(proxies, "Count", document), audiences=_audiences(proxies, document)),
            unknown=tuple(
                type_of(each, document) or tag
                for tag, found in parts.by_name.items()
                if tag not in KNOWN_CONDITIONS
                for each in found
            ),
        )

    def write(self, parent: Element) -> None:
        """Write them below an Assertion; of an unknown condition only the name is left."""
        element = write(parent, _CONDITIONS, attributes(NotBefore=self.not_before, NotOnOrAfter=self.not_on_or_after))
        for name in self.unknown:
            condition = write(element, _CONDITION, nsmap=prefixes_for(name))
            write_type(condition, name)
        for audiences in self.audience_restrictions:
            _write_audiences(write(element, _AUDIENCES), audiences)
        if self.one_time_use:
            write(element, _ONE_TIME_USE)
        if self.proxy_restriction is not None:
            restriction = write(element, _PROXIES, attributes(Count=self.proxy_restriction.count))
            _write_audiences(restriction, self.proxy_restriction.audiences)


def _audiences(element: Element, document: str) -> tuple[str, ...]:
    return tuple(uri(audience, document) for audience in element.iterchildren(_AUDIENCE))


def _write_audiences(parent: Element, audiences: tuple[str, ...]) -> None:
    for audience in audiences:
        write(parent, _AUDIENCE, content=audience)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What an identity provider says of one subject (SAML2Core 2.3.3); `passed_over` names the parts not read."""

    id: str
    issue_instant: datetime
    issuer: NameID
    version: str = VERSION
    subject: Subject | None = None
    conditions: Conditions | None = None
    authn_statements: tuple[AuthnStatement, ...] = ()
    attribute_statements: tuple[AttributeStatement, ...] = ()
    passed_over: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, element: Element, document: str = "assertion") -> Self:
        """Read an Assertion, whose signature, if any, is not looked at.

        Raises:
            InputError: it is another element, lacks what the schema requires, or a part of it cannot be read.
        """
        read_as(element, ASSERTION, document)
        parts = Parts(element, document)
        subject, conditions = parts.one(SUBJECT), parts.one(_CONDITIONS)
        return cls(
            id=needed(element, "ID", document),
            issue_instant=needed_instant(element, "IssueInstant", document),
            version=needed(element, "Version", document),
            issuer=NameID.read(parts.needed(ISSUER), document),
            subject=None if subject is None else Subject.read(subject, document),
            conditions=None if conditions is None else Conditions.read(conditions, document),
            authn_statements=tuple(AuthnStatement.read(each, document) for each in parts.all(AUTHN_STATEMENT)),
            attribute_statements=tuple(
                AttributeStatement.read(each, document) for each in parts.all(ATTRIBUTE_STATEMENT)
            ),
            passed_over=parts.others(_KNOWN),
        )

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes of all statements, in document order."""
        return tuple(attribute for statement in self.attribute_statements for attribute in statement.attributes)

    def element(self) -> Element:
        """Build the Assertion as a document of its own."""
        return self.write(None)

    def write(self, parent: Element | None) -> Element:
        """Write it, below a Response where one is given.

        The prefixes of the values' types stand at the Assertion, where a signature can name them in its PrefixList.
        """
        types = any(value.type or value.nil for attribute in self.attributes for value in attribute.values)
        nsmap = ({"saml": SAML} if parent is None else {}) | ({"xs": XS, "xsi": XSI} if types else {})
        values = attributes(ID=self.id, IssueInstant=self.issue_instant, Version=self.version)
        element = write(parent, ASSERTION, values, nsmap=nsmap)
        self.issuer.write(element, ISSUER)
        if self.subject is not None:
            self.subject.write(element)
        if self.conditions is not None:
            self.conditions.write(element)
        for login in self.authn_statements:
            login.write(element)
        for statement in self.attribute_statements:
            statement.write(element)
        return element
