"""The two sides of a link as frozen settings: who they are, what they sign with, whom they believe and how strictly.

The web applications serve these settings and the rehearsal plays them, so a lab and its rehearsal cannot drift apart.
Changing a setting is `dataclasses.replace`, never a mutation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from ssolab.core.ciphers import CONTENT_CIPHERS, KEY_TRANSPORTS
from ssolab.core.findings import ConfigError
from ssolab.core.xmlenc import DEFAULT_CONTENT, DEFAULT_TRANSPORT
from ssolab.saml.encryption import Encryption
from ssolab.saml.metadata import (
    Endpoint,
    EntityDescriptor,
    IDPSSODescriptor,
    IndexedEndpoint,
    KeyDescriptor,
    SPSSODescriptor,
    default_of,
)
from ssolab.saml.names import ARTIFACT, REDIRECT, UNSPECIFIED
from ssolab.saml.publishing import Flavour, document_of, ten_years_after

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import Permission, SigningCredential, TrustedKey
    from ssolab.core.xmlenc import DecryptionKey
    from ssolab.saml.encryption import EncryptedPart

Match = Literal["key", "certificate"]
SignedParts = Literal["assertion", "response", "both"]

_METHODS = (
    *(uri for uri, cipher in CONTENT_CIPHERS.items() if cipher.sealed),
    *(uri for uri, transport in KEY_TRANSPORTS.items() if not transport.is_rsa15),
)  # what we want to be sent; the weak ones are only read


@dataclass(frozen=True, kw_only=True)
class _Party:
    """What both sides set.

    `trusted` are the partner's signing keys as this side knows them now. `checks_expiry` and `match` say how this side
    treats the partner's certificates: whether their dates decide, and whether the key is enough or the certificate
    has to be the very one. `message_life` is how long a message that this side issues or accepts stays good.
    `published` are the signing certificates in its metadata, its own credential's where nothing else is said.
    `decryption` are the keys with which it opens what is encrypted for it; its metadata shows their certificates.
    `single_logout` are its own addresses for logout, none where it offers none, and `partner_logout` its partner's.
    `offers_logout` says whether a lab gives it such addresses; left open, the generic flavour has them and Salesforce
    where its metadata names one. `logout_binding` is how its logout messages travel; left open, by HTTP-Redirect where
    the partner takes that, else by HTTP-POST. `logout_hash` is for them too, where they are hashed otherwise:
    Salesforce signs them with SHA-1, whatever else is set, unless useConfigRequestMethod is true.
    """

    entity_id: str
    credential: SigningCredential
    trusted: tuple[TrustedKey, ...] = ()
    checks_expiry: bool = False
    match: Match = "key"
    message_life: timedelta = timedelta(minutes=5)
    skew: timedelta = timedelta(seconds=60)
    permit: frozenset[Permission] = frozenset()
    hash: str = "sha256"
    flavour: Flavour = "generic"
    published: tuple[Certificate, ...] = ()
    decryption: tuple[DecryptionKey, ...] = ()
    single_logout: tuple[Endpoint, ...] = ()
    partner_logout: tuple[Endpoint, ...] = ()
    offers_logout: bool | None = None
    logout_binding: str | None = None
    logout_hash: str | None = None
    name_id_formats: tuple[str, ...] = (UNSPECIFIED,)

    def key_descriptors(self) -> tuple[KeyDescriptor, ...]:
        """One KeyDescriptor for each published certificate; of those to encrypt for, the newest first.

        Most senders take the first, so a rollover is over for them once they have read the metadata.
        """
        signing = self.published or (self.credential.certificate,)
        held = [key.certificate for key in self.decryption if key.certificate is not None]
        held.sort(key=lambda certificate: certificate.not_before, reverse=True)
        return (
            *(KeyDescriptor(certificates=(certificate,), use="signing") for certificate in signing),
            *(
                KeyDescriptor(certificates=(certificate,), use="encryption", encryption_methods=_METHODS)
                for certificate in dict.fromkeys(held)
            ),
        )

    @property
    def has_logout(self) -> bool:
        """Whether a lab gives this side addresses for logout."""
        if self.offers_logout is None:
            return self.flavour != "salesforce" or bool(self.single_logout)
        return self.offers_logout

    def _valid_until(self, now: datetime) -> datetime | None:
        return ten_years_after(now) if self.flavour == "salesforce" else None


@dataclass(frozen=True, kw_only=True)
class AssertingParty(_Party):
    """An identity provider and what it knows of its one partner.

    `relying` and `acs` are the partner's entityID and registered addresses; `verifies` says whether the signature of a
    request is looked at, `sign` what is signed of a response, `encrypts` what of it is encrypted: with `content_cipher`
    and `key_transport`, for the first of `encryption_keys`. `artifact_resolution` are its own addresses where artifacts
    are resolved; without one it answers by artifact to nobody. `response_binding` is the binding that it answers by
    where a request leaves it the choice, if not that of the partner's default address.
    """

    sso: tuple[Endpoint, ...]
    relying: str
    acs: tuple[IndexedEndpoint, ...]
    verifies: bool = True
    sign: SignedParts = "assertion"
    encrypts: tuple[EncryptedPart, ...] = ()
    encryption_keys: tuple[TrustedKey, ...] = ()
    content_cipher: str = DEFAULT_CONTENT
    key_transport: str = DEFAULT_TRANSPORT

    @property
    def encryption(self) -> Encryption | None:
        """How responses are encrypted; None where they are not.

        Raises:
            ConfigError: they are to be, and the partner has no key for that.
        """
        if not self.encrypts:
            return None
        if not self.encryption_keys:
            problem = f"knows no key to encrypt for {self.relying}"
            raise ConfigError(self.entity_id, problem, "add an RSA key of use encryption to the partner's metadata")
        return Encryption(
            key=self.encryption_keys[0],
            parts=self.encrypts,
            content=self.content_cipher,
            transport=self.key_transport,
            recipient=self.relying,
            permit=self.permit,
        )

    @property
    def partner(self) -> str:
        """The entityID of the other side."""
        return self.relying

    artifact_resolution: tuple[IndexedEndpoint, ...] = ()
    response_binding: str | None = None

    @property
    def answerable(self) -> tuple[IndexedEndpoint, ...]:
        """The partner's addresses that this side can answer to: those for artifacts only where it resolves them."""
        return _within_reach(self.acs, self.artifact_resolution)

    @property
    def default_acs(self) -> IndexedEndpoint:
        """Where an unsolicited response goes.

        Raises:
            ConfigError: no address of the partner is registered.
        """
        wanted = tuple(each for each in self.answerable if each.binding == self.response_binding)
        if (found := default_of(wanted or self.answerable)) is None:
            raise _no_address(self.entity_id, f"knows no AssertionConsumerService of {self.relying}")
        return found

    def acs_for(self, binding: str) -> IndexedEndpoint:
        """Where a response of that binding goes.

        Raises:
            ConfigError: the partner has no such address, or nobody resolves artifacts here.
        """
        return _acs_for(self.entity_id, binding, self.answerable)

    def metadata(self, now: datetime) -> EntityDescriptor:
        """Publish this side as of *now*; the salesforce flavour writes what samlidp.xml holds."""
        salesforce = self.flavour == "salesforce"
        role = IDPSSODescriptor(
            key_descriptors=self.key_descriptors(),
            single_logout_services=self.single_logout,
            name_id_formats=self.name_id_formats,
            artifact_resolution_services=self.artifact_resolution,
            single_sign_on_services=self.sso,
            want_authn_requests_signed=False if salesforce else self.verifies,
        )
        return EntityDescriptor(entity_id=self.entity_id, idp=role, valid_until=self._valid_until(now))

    def document(self, now: datetime) -> bytes:
        """Write that metadata as this flavour does."""
        return document_of(self.metadata(now), self.flavour)


@dataclass(frozen=True, kw_only=True)
class RelyingParty(_Party):
    """A service provider and what it knows of its one partner.

    `asserting`, `sso` and `artifact_resolution` are the partner's entityID and addresses; `binding` is how requests
    travel, `sign_requests` whether they are signed, `org_id` the 18-character id of a Salesforce org.
    """

    acs: tuple[IndexedEndpoint, ...]
    asserting: str
    sso: tuple[Endpoint, ...]
    binding: str = REDIRECT
    sign_requests: bool = True
    org_id: str | None = None
    artifact_resolution: tuple[IndexedEndpoint, ...] = ()

    @property
    def partner(self) -> str:
        """The entityID of the other side."""
        return self.asserting

    @property
    def default_acs(self) -> IndexedEndpoint:
        """The address that requests name.

        Raises:
            ConfigError: this side has no address at all.
        """
        if (found := default_of(_within_reach(self.acs, self.artifact_resolution))) is None:
            raise _no_address(self.entity_id, "has no AssertionConsumerService")
        return found

    def acs_for(self, binding: str) -> IndexedEndpoint:
        """The address for responses of that binding.

        Raises:
            ConfigError: this side has none, or knows nowhere to have artifacts resolved.
        """
        return _acs_for(self.entity_id, binding, _within_reach(self.acs, self.artifact_resolution))

    @property
    def request_endpoint(self) -> Endpoint:
        """Where requests go.

        Raises:
            ConfigError: the partner has no address for the binding in use.
        """
        for endpoint in self.sso:
            if endpoint.binding == self.binding:
                return endpoint
        raise _no_address(self.entity_id, f"knows no SingleSignOnService of {self.asserting} for {self.binding}")

    def metadata(self, now: datetime) -> EntityDescriptor:
        """Publish this side as of *now*; the salesforce flavour writes what a downloaded SAMLSP-*.xml holds."""
        salesforce = self.flavour == "salesforce"
        role = SPSSODescriptor(
            key_descriptors=self.key_descriptors(),
            single_logout_services=self.single_logout,
            name_id_formats=self.name_id_formats,
            assertion_consumer_services=self.acs,
            authn_requests_signed=True if salesforce else self.sign_requests,
            want_assertions_signed=True,
        )
        return EntityDescriptor(entity_id=self.entity_id, sp=role, valid_until=self._valid_until(now))

    def document(self, now: datetime) -> bytes:
        """Write that metadata as this flavour does."""
        return document_of(self.metadata(now), self.flavour)


def _within_reach(
    acs: tuple[IndexedEndpoint, ...], resolution: tuple[IndexedEndpoint, ...]
) -> tuple[IndexedEndpoint, ...]:
    """Leave out the addresses for artifacts where nobody would resolve one."""
    return acs if resolution else tuple(each for each in acs if each.binding != ARTIFACT)


def _acs_for(name: str, binding: str, acs: tuple[IndexedEndpoint, ...]) -> IndexedEndpoint:
    if (found := default_of(tuple(each for each in acs if each.binding == binding))) is None:
        raise _no_address(name, f"has no way to a response by {binding.rpartition(':')[2]}")
    return found


def _no_address(name: str, problem: str) -> ConfigError:
    return ConfigError(name, problem, "add the address to the metadata")
