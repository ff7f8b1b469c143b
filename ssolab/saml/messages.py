"""Requests and responses of web single sign-on, named as SAML2Core section 3 names them.

The parts of an assertion are importable from here too, so that a caller needs to know one module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ssolab.core.xmlshape import SIGNATURE
from ssolab.core.xmltree import SAML, SAMLP
from ssolab.saml.assertions import ASSERTION, Assertion, Conditions, ProxyRestriction
from ssolab.saml.fields import Parts, flag, number, read_as, uri
from ssolab.saml.protocol import Message, Status, StatusResponse, answer_fields, message_fields
from ssolab.saml.statements import CLASS_REF, DECL_REF, Attribute, AttributeStatement, AttributeValue, AuthnStatement
from ssolab.saml.subjects import ISSUER, SUBJECT, NameID, Subject, SubjectConfirmation, SubjectConfirmationData
from ssolab.saml.writing import attributes, write

if TYPE_CHECKING:
    from typing import Self

    from ssolab.core.xmltree import Element

__all__ = [
    "Assertion",
    "Attribute",
    "AttributeStatement",
    "AttributeValue",
    "AuthnRequest",
    "AuthnStatement",
    "Conditions",
    "NameID",
    "NameIDPolicy",
    "ProxyRestriction",
    "RequestedAuthnContext",
    "Response",
    "Status",
    "Subject",
    "SubjectConfirmation",
    "SubjectConfirmationData",
]

RESPONSE: Final = f"{{{SAMLP}}}Response"
AUTHN_REQUEST: Final = f"{{{SAMLP}}}AuthnRequest"
ENCRYPTED: Final = f"{{{SAML}}}EncryptedAssertion"
POLICY = f"{{{SAMLP}}}NameIDPolicy"
_CONTEXT = f"{{{SAMLP}}}RequestedAuthnContext"
_REQUEST_PARTS = frozenset({ISSUER, SUBJECT, POLICY, _CONTEXT, SIGNATURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(StatusResponse):
    """An answer of an identity provider (SAML2Core 3.3.3); of encrypted assertions only the number is known."""

    assertions: tuple[Assertion, ...] = ()
    encrypted_assertions: int = field(default=0, compare=False)

    @classmethod
    def read(cls, element: Element, document: str = "response") -> Self:
        """Read a Response with its assertions, whose signatures, if any, are not looked at.

        Raises:
            InputError: it is another element, lacks what the schema requires, or a part of it cannot be read.
        """
        read_as(element, RESPONSE, document)
        parts = Parts(element, document)
        return cls(
            **answer_fields(element, parts, document),
            assertions=tuple(Assertion.read(each, document) for each in parts.all(ASSERTION)),
            encrypted_assertions=len(parts.all(ENCRYPTED)),
        )

    def element(self) -> Element:
        """Build the Response without a signature."""
        element = self.answering(RESPONSE)
        for assertion in self.assertions:
            assertion.write(element)
        return element


@dataclass(frozen=True, slots=True, kw_only=True)
class NameIDPolicy:
    """What kind of name the requester wants (SAML2Core 3.4.1.1)."""

    format: str | None = None
    sp_name_qualifier: str | None = None
    allow_create: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedAuthnContext:
    """How the subject has to log in (SAML2Core 3.3.2.2.1): by one of some classes, or as declarations describe."""

    class_refs: tuple[str, ...] = ()
    decl_refs: tuple[str, ...] = ()
    comparison: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthnRequest(Message):
    """A service provider's wish for a login (SAML2Core 3.4.1); `passed_over` names the parts that are not read."""

    assertion_consumer_service_url: str | None = None
    assertion_consumer_service_index: int | None = None
    protocol_binding: str | None = None
    attribute_consuming_service_index: int | None = None
    provider_name: str | None = None
    force_authn: bool | None = None
    is_passive: bool | None = None
    subject: Subject | None = None
    name_id_policy: NameIDPolicy | None = None
    requested_authn_context: RequestedAuthnContext | None = None
    passed_over: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def read(cls, element: Element, document: str = "request") -> Self:
        """Read an AuthnRequest, whose signature, if any, is not looked at.

        Raises:
            InputError: it is another element, lacks what the schema requires, or a part of it cannot be read.
        """
        read_as(element, AUTHN_REQUEST, document)
        parts = Parts(element, document)
        policy, context, subject = parts.one(POLICY), parts.one(_CONTEXT), parts.one(SUBJECT)
        return cls(
            **message_fields(element, parts, document),
            assertion_consumer_service_url=element.get("AssertionConsumerServiceURL"),
            assertion_consumer_service_index=number(element, "AssertionConsumerServiceIndex", document),
            protocol_binding=element.get("ProtocolBinding"),
            attribute_consuming_service_index=number(element, "AttributeConsumingServiceIndex", document),
            provider_name=element.get("ProviderName"),
            force_authn=flag(element, "ForceAuthn", document),
            is_passive=flag(element, "IsPassive", document),
            subject=None if subject is None else Subject.read(subject, document),
            name_id_policy=None
            if policy is None
            else NameIDPolicy(
                format=policy.get("Format"),
                sp_name_qualifier=policy.get("SPNameQualifier"),
                allow_create=flag(policy, "AllowCreate", document),
            ),
            requested_authn_context=None
            if context is None
            else RequestedAuthnContext(
                class_refs=tuple(uri(each, document) for each in context.iterchildren(CLASS_REF)),
                decl_refs=tuple(uri(each, document) for each in context.iterchildren(DECL_REF)),
                comparison=context.get("Comparison"),
            ),
            passed_over=parts.others(_REQUEST_PARTS),
        )

    def element(self) -> Element:
        """Build the AuthnRequest without a signature."""
        element = self.begun(
            AUTHN_REQUEST,
            ForceAuthn=self.force_authn,
            IsPassive=self.is_passive,
            ProtocolBinding=self.protocol_binding,
            AssertionConsumerServiceURL=self.assertion_consumer_service_url,
            AssertionConsumerServiceIndex=self.assertion_consumer_service_index,
            AttributeConsumingServiceIndex=self.attribute_consuming_service_index,
            ProviderName=self.provider_name,
        )
        if self.subject is not None:
            self.subject.write(element)
        if (policy := self.name_id_policy) is not None:
            wanted = attributes(
                Format=policy.format, SPNameQualifier=policy.sp_name_qualifier, AllowCreate=policy.allow_create
            )
            write(element, POLICY, wanted)
        if (context := self.requested_authn_context) is not None:
            inside = write(element, _CONTEXT, attributes(Comparison=context.comparison))
            for class_ref in context.class_refs:
                write(inside, CLASS_REF, content=class_ref)
            for decl_ref in context.decl_refs:
                write(inside, DECL_REF, content=decl_ref)
        return element
