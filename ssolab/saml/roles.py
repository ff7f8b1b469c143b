"""The two roles of SAML metadata that ssolab plays and rehearses: identity provider and service provider."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypedDict

from ssolab.core.keys import TrustedKey
from ssolab.core.xmltree import MD, SAML
from ssolab.saml.attribute_services import ATTRIBUTE_SERVICE, AttributeConsumingService
from ssolab.saml.endpoints import Endpoint, IndexedEndpoint
from ssolab.saml.fields import Parts, duration, flag, instant, refused, uri
from ssolab.saml.kept import NOTHING, Carried
from ssolab.saml.key_descriptors import KEY_DESCRIPTOR, KeyDescriptor
from ssolab.saml.names import PROTOCOL
from ssolab.saml.writing import attributes, duration_text, write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, timedelta
    from typing import Self

    from ssolab.core.xmltree import Element
    from ssolab.saml.kept import Piece

IDP_ROLE: Final = f"{{{MD}}}IDPSSODescriptor"
SP_ROLE: Final = f"{{{MD}}}SPSSODescriptor"
_SLO = f"{{{MD}}}SingleLogoutService"
_MANAGE = f"{{{MD}}}ManageNameIDService"
_ARTIFACT = f"{{{MD}}}ArtifactResolutionService"
_FORMAT = f"{{{MD}}}NameIDFormat"
_SSO = f"{{{MD}}}SingleSignOnService"
_MAPPING = f"{{{MD}}}NameIDMappingService"
_ASSERTION_ID = f"{{{MD}}}AssertionIDRequestService"
_PROFILE = f"{{{MD}}}AttributeProfile"
_ACS = f"{{{MD}}}AssertionConsumerService"
_SHARED: Final = (KEY_DESCRIPTOR, _ARTIFACT, _SLO, _MANAGE, _FORMAT)
_IDP_OWN: Final = (_SSO, _MAPPING, _ASSERTION_ID, _PROFILE)
_SP_OWN: Final = (_ACS, ATTRIBUTE_SERVICE)
_ORDER: Final = tuple(
    {name}
    for name in (
        f"{{{MD}}}Extensions", KEY_DESCRIPTOR, f"{{{MD}}}Organization", f"{{{MD}}}ContactPerson", *_SHARED[1:],
        *_IDP_OWN, f"{{{SAML}}}Attribute", *_SP_OWN,
    )
)  # fmt: skip
_ATTRIBUTES: Final = frozenset({"protocolSupportEnumeration", "validUntil", "cacheDuration", "ID", "errorURL"})


@dataclass(frozen=True, kw_only=True)
class _Role:
    """What both roles have in common (SAML2Meta 2.4.1 and 2.4.2).

    `protocols` are all that the role speaks, SAML 2.0 among them. `carried` holds what we do not act on: extensions,
    the organisation, contacts, attributes of other schemas.
    """

    key_descriptors: tuple[KeyDescriptor, ...] = ()
    artifact_resolution_services: tuple[IndexedEndpoint, ...] = ()
    single_logout_services: tuple[Endpoint, ...] = ()
    manage_name_id_services: tuple[Endpoint, ...] = ()
    name_id_formats: tuple[str, ...] = ()
    valid_until: datetime | None = None
    cache_duration: timedelta | None = None
    protocols: tuple[str, ...] = (PROTOCOL,)
    error_url: str | None = None
    id: str | None = None
    carried: Carried = NOTHING

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

    def _write(self, parent: Element, tag: str, flags: dict[str, str], own: Iterable[Piece]) -> None:
        """Write the role with the *own* children of its kind, everything in the order of the schema."""
        values = attributes(
            validUntil=self.valid_until,
            cacheDuration=duration_text(self.cache_duration),
            ID=self.id,
            errorURL=self.error_url,
        )
        element = write(parent, tag, flags | {"protocolSupportEnumeration": " ".join(self.protocols)} | values)
        pieces: list[Piece] = [(KEY_DESCRIPTOR, each.write) for each in self.key_descriptors]
        pieces += _pieces(_ARTIFACT, self.artifact_resolution_services)
        pieces += _pieces(_SLO, self.single_logout_services)
        pieces += _pieces(_MANAGE, self.manage_name_id_services)
        pieces += _texts(_FORMAT, self.name_id_formats)
        self.carried.write(element, (*pieces, *own), _ORDER)


def _pieces(tag: str, endpoints: Iterable[Endpoint | IndexedEndpoint]) -> Iterator[Piece]:
    return ((tag, partial(each.write, tag=tag)) for each in endpoints)


def _texts(tag: str, texts: Iterable[str]) -> Iterator[Piece]:
    return ((tag, partial(write, tag=tag, content=each)) for each in texts)


class _Shared(TypedDict):
    """The fields that both roles are read into."""

    key_descriptors: tuple[KeyDescriptor, ...]
    artifact_resolution_services: tuple[IndexedEndpoint, ...]
    single_logout_services: tuple[Endpoint, ...]
    manage_name_id_services: tuple[Endpoint, ...]
    name_id_formats: tuple[str, ...]
    valid_until: datetime | None
    cache_duration: timedelta | None
    protocols: tuple[str, ...]
    error_url: str | None
    id: str | None


def _shared(element: Element, parts: Parts, document: str) -> _Shared:
    return _Shared(
        key_descriptors=tuple(KeyDescriptor.read(key, document) for key in parts.all(KEY_DESCRIPTOR)),
        artifact_resolution_services=_indexed(parts, _ARTIFACT, document),
        single_logout_services=_endpoints(parts, _SLO, document),
        manage_name_id_services=_endpoints(parts, _MANAGE, document),
        name_id_formats=tuple(uri(form, document) for form in parts.all(_FORMAT)),
        valid_until=instant(element, "validUntil", document),
        cache_duration=duration(element, "cacheDuration", document),
        protocols=tuple(element.get("protocolSupportEnumeration", "").split()),
        error_url=element.get("errorURL"),
        id=element.get("ID"),
    )


def _endpoints(parts: Parts, tag: str, document: str) -> tuple[Endpoint, ...]:
    return tuple(Endpoint.read(each, document) for each in parts.all(tag))


def _indexed(parts: Parts, tag: str, document: str) -> tuple[IndexedEndpoint, ...]:
    return tuple(IndexedEndpoint.read(each, document) for each in parts.all(tag))


@dataclass(frozen=True, kw_only=True)
class IDPSSODescriptor(_Role):
    """An identity provider: the keys it signs with and where it takes requests (SAML2Meta 2.4.3)."""

    single_sign_on_services: tuple[Endpoint, ...] = ()
    name_id_mapping_services: tuple[Endpoint, ...] = ()
    assertion_id_request_services: tuple[Endpoint, ...] = ()
    attribute_profiles: tuple[str, ...] = ()
    want_authn_requests_signed: bool | None = None

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read an IDPSSODescriptor.

        Raises:
            InputError: it holds no key to verify with, or a part of it cannot be read.
        """
        parts = Parts(element, document)
        shared = _shared(element, parts, document)
        if not any(key.use != "encryption" and key.public for key in shared["key_descriptors"]):
            raise refused(
                element, document, "IDPSSODescriptor holds no signing key, so nothing it signs can be verified",
                "ask the partner for metadata with its signing certificate",
            )  # fmt: skip
        return cls(
            **shared,
            single_sign_on_services=_endpoints(parts, _SSO, document),
            name_id_mapping_services=_endpoints(parts, _MAPPING, document),
            assertion_id_request_services=_endpoints(parts, _ASSERTION_ID, document),
            attribute_profiles=tuple(uri(each, document) for each in parts.all(_PROFILE)),
            want_authn_requests_signed=flag(element, "WantAuthnRequestsSigned", document),
            carried=Carried.read(
                element, _ATTRIBUTES | {"WantAuthnRequestsSigned"}, {*_SHARED, *_IDP_OWN}, order=_ORDER
            ),
        )

    def write(self, parent: Element) -> None:
        """Write the role below an EntityDescriptor."""
        own = (
            *_pieces(_SSO, self.single_sign_on_services),
            *_pieces(_MAPPING, self.name_id_mapping_services),
            *_pieces(_ASSERTION_ID, self.assertion_id_request_services),
            *_texts(_PROFILE, self.attribute_profiles),
        )
        self._write(parent, IDP_ROLE, attributes(WantAuthnRequestsSigned=self.want_authn_requests_signed), own)


@dataclass(frozen=True, kw_only=True)
class SPSSODescriptor(_Role):
    """A service provider: the key it signs requests with and where it takes assertions (SAML2Meta 2.4.4)."""

    assertion_consumer_services: tuple[IndexedEndpoint, ...] = ()
    attribute_consuming_services: tuple[AttributeConsumingService, ...] = ()
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
            **_shared(element, parts, document),
            assertion_consumer_services=_indexed(parts, _ACS, document),
            attribute_consuming_services=tuple(
                AttributeConsumingService.read(each, document) for each in parts.all(ATTRIBUTE_SERVICE)
            ),
            authn_requests_signed=flag(element, "AuthnRequestsSigned", document),
            want_assertions_signed=flag(element, "WantAssertionsSigned", document),
            carried=Carried.read(
                element,
                _ATTRIBUTES | {"AuthnRequestsSigned", "WantAssertionsSigned"},
                {*_SHARED, *_SP_OWN},
                order=_ORDER,
            ),
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
        services: list[Piece] = [(ATTRIBUTE_SERVICE, each.write) for each in self.attribute_consuming_services]
        self._write(parent, SP_ROLE, flags, (*_pieces(_ACS, self.assertion_consumer_services), *services))


def default_of(endpoints: tuple[IndexedEndpoint, ...]) -> IndexedEndpoint | None:
    """Choose as SAML2Meta 2.2.3 does: the first marked default, else the first not marked otherwise, else the first."""
    return next(
        (endpoint for wanted in (True, None, False) for endpoint in endpoints if endpoint.is_default is wanted), None
    )
