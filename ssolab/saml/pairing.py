"""How two pieces of metadata become the two sides of a link: each party's settings, as its partner's metadata has it.

This is the one place that decides what metadata alone can say of a party; a lab's own words are laid over it later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.ciphers import CONTENT_CIPHERS, KEY_TRANSPORTS
from ssolab.core.findings import ConfigError
from ssolab.core.xmlenc import DEFAULT_CONTENT, DEFAULT_TRANSPORT
from ssolab.saml.names import REDIRECT
from ssolab.saml.parties import AssertingParty, RelyingParty

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import SigningCredential, TrustedKey
    from ssolab.core.xmlenc import DecryptionKey
    from ssolab.saml.metadata import EntityDescriptor, IDPSSODescriptor, KeyDescriptor, SPSSODescriptor
    from ssolab.saml.publishing import Flavour


def relying_from(
    own: EntityDescriptor,
    partner: EntityDescriptor,
    *,
    credential: SigningCredential,
    flavour: Flavour = "generic",
    decryption: tuple[DecryptionKey, ...] = (),
) -> RelyingParty:
    """Set up a service provider from its own metadata and the metadata of its identity provider.

    Metadata shows for which keys others encrypt for it; what it can open with is its own secret, *decryption*.

    Raises:
        ConfigError: *own* is no service provider, or *partner* no identity provider.
    """
    if own.sp is None:
        raise _without(own, "SPSSODescriptor")
    if partner.idp is None:
        raise _without(partner, "IDPSSODescriptor")
    sso = partner.idp.single_sign_on_services
    return RelyingParty(
        entity_id=own.entity_id,
        credential=credential,
        trusted=partner.idp.trusted_keys(partner.entity_id),
        flavour=flavour,
        published=_signing(own.sp),
        decryption=decryption,
        single_logout=own.sp.single_logout_services,
        partner_logout=partner.idp.single_logout_services,
        name_id_formats=own.sp.name_id_formats,
        acs=own.sp.assertion_consumer_services,
        asserting=partner.entity_id,
        sso=sso,
        artifact_resolution=partner.idp.artifact_resolution_services,
        binding=REDIRECT if not sso or any(endpoint.binding == REDIRECT for endpoint in sso) else sso[0].binding,
        sign_requests=own.sp.authn_requests_signed is not False,
    )


def asserting_from(
    own: EntityDescriptor, partner: EntityDescriptor, *, credential: SigningCredential, flavour: Flavour = "generic"
) -> AssertingParty:
    """Set up an identity provider from its own metadata and the metadata of its service provider.

    It verifies requests where either side's metadata says that they are signed. What it encrypts is its own choice; for
    which key and in which way, the partner's metadata says.

    Raises:
        ConfigError: *own* is no identity provider, or *partner* no service provider.
    """
    if own.idp is None:
        raise _without(own, "IDPSSODescriptor")
    if partner.sp is None:
        raise _without(partner, "SPSSODescriptor")
    keys = tuple(key for key in partner.sp.encryption_keys(partner.entity_id) if key.public.kind == "RSA")
    content, transport = wanted_methods(partner.sp, keys)
    return AssertingParty(
        entity_id=own.entity_id,
        credential=credential,
        trusted=partner.sp.trusted_keys(partner.entity_id),
        flavour=flavour,
        published=_signing(own.idp),
        single_logout=own.idp.single_logout_services,
        partner_logout=partner.sp.single_logout_services,
        name_id_formats=own.idp.name_id_formats,
        sso=own.idp.single_sign_on_services,
        artifact_resolution=own.idp.artifact_resolution_services,
        relying=partner.entity_id,
        acs=partner.sp.assertion_consumer_services,
        verifies=bool(own.idp.want_authn_requests_signed or partner.sp.authn_requests_signed),
        encryption_keys=keys,
        content_cipher=content,
        key_transport=transport,
    )


def wanted_methods(role: SPSSODescriptor, keys: Sequence[TrustedKey]) -> tuple[str, str]:
    """Give the content cipher and the key transport with which to encrypt for the first of the role's *keys*.

    That is the first that its EncryptionMethods name and we would choose; a CBC cipher only where no better one is
    named, RSA 1.5 never (SAML2Meta 2.4.1.1).
    """
    chosen = next((each for each in role.key_descriptors if keys and each.public == keys[0].public), None)
    named = () if chosen is None else chosen.encryption_methods
    ciphers = [CONTENT_CIPHERS[uri] for uri in named if uri in CONTENT_CIPHERS]
    ciphers.sort(key=lambda cipher: not cipher.sealed)
    ways = [KEY_TRANSPORTS[uri].name for uri in named if uri in KEY_TRANSPORTS and not KEY_TRANSPORTS[uri].is_rsa15]
    return ciphers[0].name if ciphers else DEFAULT_CONTENT, ways[0] if ways else DEFAULT_TRANSPORT


def _signing(role: IDPSSODescriptor | SPSSODescriptor) -> tuple[Certificate, ...]:
    keys: Sequence[KeyDescriptor] = role.key_descriptors
    return tuple(key.certificates[0] for key in keys if key.use != "encryption" and key.certificates)


def _without(entity: EntityDescriptor, role: str) -> ConfigError:
    return ConfigError(
        entity.entity_id, f"its metadata holds no {role} for SAML 2.0", "give the metadata of the other side"
    )
