"""The two roles of SAML metadata that ssolab plays and rehearses: identity provider and service provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.keys import TrustedKey
from ssolab.core.xmltree import MD
from ssolab.saml.endpoints import Endpoint, IndexedEndpoint
from ssolab.saml.fields import Parts, duration, flag, instant, refused, uri
from ssolab.saml.key_descriptors import KeyDescriptor
from ssolab.saml.names import PROTOCOL
from ssolab.saml.writing import attributes, duration_text, write

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta
    from typing import Self

    from ssolab.core.xmltree import Element

IDP_ROLE: Final = f"{{{MD}}}IDPSSODescriptor"
SP_ROLE: Final = f"{{{MD}}}SPSSODescriptor"
_KEY = f"{{{MD}}}KeyDescriptor"
_SLO = f"{{{MD}}}SingleLogoutService"
_FORMAT = f"{{{MD}}}NameIDFormat"
_RESOLUTION = f"{{{MD}}}ArtifactResolutionService"
_SSO = f"{{{MD}}}SingleSignOnService"
_ACS = f"{{{MD}}}AssertionConsumerService"


@dataclass(frozen=True, kw_only=True)
class _Role:
    """What both roles have in common (SAML2Meta 2.4.1 and 2.4.2)."""

    key_descriptors: tuple[KeyDescriptor, ...] = ()
    single_logout_services: tuple[Endpoint, ...] = ()
    name_id_formats: tuple[str, ...] = ()
    valid_until: datetime | None = None
    cache_duration: timedelta | None = None

    def trusted_keys(self, entity_id: str) -> tuple[TrustedKey, ...]:
        """Give the keys that may sign for this role, in document order: those of use signing, or of no named use."""
        return tuple(self._keys(entity_id, "signing"))

    def encryption_keys(self, entity_id: str) -> tuple[TrustedKey, ...]:
        """Give the keys to encrypt for this role with: those of use encryption, or of no named use."""
        return tuple(self._keys(entity_id, "encryption"))

    def _keys(self, entity_id: str, use: str) -> Iterable[TrustedKey]:
        for place, descriptor in enumerate(self.key_descriptors, 1):
            if descriptor.use in {None, use} and (public := descriptor.public) is not None:
                yield TrustedKey(
                    public=public,
                    certificate=descriptor.certificates[0] if descriptor.certificates else None,
                    holder=entity_id,
                    source=f"{type(self).__name__}, KeyDescriptor {place}",
                    use=descriptor.use,
                )

    def _write(self, parent: Element, tag: str, flags: dict[str, str]) -> Element:
        """Write what both roles have in common, in the order of the schema."""
        dates = attributes(validUntil=self.valid_until, cacheDuration=duration_text(self.cache_duration))
        element = write(parent, tag, flags | {"protocolSupportEnumeration": PROTOCOL} | dates)
        for descriptor in self.key_descriptors:
            descriptor.write(element)
        self._write_resolution(element)
        for endpoint in self.single_logout_services:
            endpoint.write(element, _SLO)
        for form in self.name_id_formats:
            write(element, _FORMAT, content=form)
        return element

    def _write_resolution(self, element: Element) -> None:
        """Write the addresses that stand between keys and logout in the schema, where the role has any."""


@dataclass(frozen=True, kw_only=True)
class IDPSSODescriptor(_Role):
    """An identity provider: the keys it signs with and where it takes requests (SAML2Meta 2.4.3)."""

    artifact_resolution_services: tuple[IndexedEndpoint, ...] = ()
    single_sign_on_services: tuple[Endpoint, ...] = ()
    want_authn_requests_signed: bool | None = None

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read an IDPSSODescriptor.

        Raises:
            InputError: it holds no key to verify with, or a part of it cannot be read.
        """
        parts = Parts(element, document)
        keys = tuple(KeyDescriptor.read(key, document) for key in parts.all(_KEY))
        if not any(key.use != "encryption" and key.public for key in keys):
            raise refused(
                element, document, "IDPSSODescriptor holds no signing key, so nothing it signs can be verified",
                "ask the partner for metadata with its signing certificate",
            )  # fmt: skip
        return cls(
            key_descriptors=keys,
            single_logout_services=tuple(Endpoint.read(slo, document) for slo in parts.all(_SLO)),
            name_id_formats=tuple(uri(form, document) for form in parts.all(_FORMAT)),
            valid_until=instant(element, "validUntil", document),
            cache_duration=duration(element, "cacheDuration", document),
            artifact_resolution_services=tuple(IndexedEndpoint.read(ars, document) for ars in parts.all(_RESOLUTION)),
            single_sign_on_services=tuple(Endpoint.read(sso, document) for sso in parts.all(_SSO)),
            want_authn_requests_signed=flag(element, "WantAuthnRequestsSigned", document),
        )

    def write(self, parent: Element) -> None:
        """Write the role below an EntityDescriptor."""
        element = self._write(parent, IDP_ROLE, attributes(WantAuthnRequestsSigned=self.want_authn_requests_signed))
        for endpoint in self.single_sign_on_services:
            endpoint.write(element, _SSO)

    def _write_resolution(self, element: Element) -> None:
        """Write the ArtifactResolutionServices."""
        for endpoint in self.artifact_resolution_services:
            endpoint.write(element, _RESOLUTION)


@dataclass(frozen=True, kw_only=True)
class SPSSODescriptor(_Role):
    """A service provider: the key it signs requests with and where it takes assertions (SAML2Meta 2.4.4)."""

    assertion_consumer_services: tuple[IndexedEndpoint, ...] = ()
    authn_requests_signed: bool | None = None
    want_assertions_signed: bool | None = None

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read an SPSSODescriptor; one without any key is good, for a service provider need not sign.

        Raises:
            InputError: a part of it cannot be read.
        """
        parts = Parts(element, document)
        return cls(
            key_descriptors=tuple(KeyDescriptor.read(key, document) for key in parts.all(_KEY)),
            single_logout_services=tuple(Endpoint.read(slo, document) for slo in parts.all(_SLO)),
            name_id_formats=tuple(uri(form, document) for form in parts.all(_FORMAT)),
            valid_until=instant(element, "validUntil", document),
            cache_duration=duration(element, "cacheDuration", document),
            assertion_consumer_services=tuple(IndexedEndpoint.read(acs, document) for acs in parts.all(_ACS)),
            authn_requests_signed=flag(element, "AuthnRequestsSigned", document),
            want_assertions_signed=flag(element, "WantAssertionsSigned", document),
        )

    @property
    def default_acs(self) -> IndexedEndpoint | None:
        """The AssertionConsumerService that counts when a message names none (SAML2Meta 2.4.4 and 2.2.3)."""
        return default_of(self.assertion_consumer_services)

    def write(self, parent: Element) -> None:
        """Write the role below an EntityDescriptor."""
        flags = attributes(
            AuthnRequestsSigned=self.authn_requests_signed, WantAssertionsSigned=self.want_assertions_signed
        )
        element = self._write(parent, SP_ROLE, flags)
        for endpoint in self.assertion_consumer_services:
            endpoint.write(element, _ACS)


def default_of(endpoints: tuple[IndexedEndpoint, ...]) -> IndexedEndpoint | None:
    """Choose as SAML2Meta 2.2.3 does: the first marked default, else the first not marked otherwise, else the first."""
    return next(
        (endpoint for wanted in (True, None, False) for endpoint in endpoints if endpoint.is_default is wanted), None
    )
