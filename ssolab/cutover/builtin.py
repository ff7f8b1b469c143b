"""The built-in lab: the org greenmoor and five partners, about to leave the retired proxy.salesforce.com certificate.

It is defined here and in `greenmoor`, once. The sample folder `metadata/` is written from it, and the command line
plays it where no lab is given. The partners differ in what decides who can log in: whether they check request
signatures, whether they refuse an expired certificate, how many keys they hold, and how they learn of a new one. The
outages in it are on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ssolab.cutover.greenmoor import README, lab_text
from ssolab.salesforce import profile, source
from ssolab.salesforce.apps import ConnectedApp, SamlAppConfig, app_path
from ssolab.salesforce.elements import write_elements
from ssolab.saml.metadata import (
    Endpoint,
    EntityDescriptor,
    IDPSSODescriptor,
    IndexedEndpoint,
    KeyDescriptor,
    SPSSODescriptor,
    write_entity,
)
from ssolab.saml.names import EMAIL, PERSISTENT, POST, REDIRECT, TRANSIENT, UNSPECIFIED
from ssolab.saml.publishing import document_of, ten_years_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.core.certs import Certificate

ORG: Final = "00D5f000004GrnM"
DOMAIN: Final = profile.my_domain("greenmoor")
ACS: Final = profile.acs(DOMAIN, org=ORG)
NEW_NAME: Final = "SSO_2027"
IDP_NAME: Final = "SelfSignedCert_12Mar2026_083015"
DOWNLOADED: Final = datetime(2026, 12, 14, 10, 9, 33, 985_000, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """An identity provider that greenmoor logs in with, and the configuration for it in the org."""

    id: str
    label: str
    entity_id: str
    sso: tuple[tuple[str, str], ...]
    formats: tuple[str, ...] = (UNSPECIFIED,)
    wants_signed: bool | None = None

    def config(self, certificate: Certificate) -> source.SamlSsoConfig:
        """Give the org's configuration for this partner; the default certificate signs its requests."""
        redirect = next(location for binding, location in self.sso if binding == REDIRECT)
        return source.SamlSsoConfig(
            identity_location="SubjectNameId",
            identity_mapping="FederationId",
            issuer=self.entity_id,
            login_url=redirect,
            name=self.label,
            oauth_token_endpoint=f"{DOMAIN}/services/oauth2/token",
            redirect_binding=True,
            request_signature_method="RSA-SHA256",
            salesforce_login_url=ACS,
            saml_entity_id=DOMAIN,
            saml_version="SAML2_0",
            use_config_request_method=True,
            use_same_digest_algo_for_signing=True,
            user_provisioning=False,
            validation_cert=certificate.base64,
        )


_TENANT: Final = "7c1f6f0e-3b52-4a7e-9d0a-5d1f0c2b8e64"
PARTNERS: Final = (
    Partner(
        id="entra",
        label="Entra ID",
        entity_id=f"https://sts.windows.net/{_TENANT}/",
        sso=(
            (REDIRECT, f"https://login.microsoftonline.com/{_TENANT}/saml2"),
            (POST, f"https://login.microsoftonline.com/{_TENANT}/saml2"),
        ),
    ),
    Partner(
        id="adfs",
        label="AD FS",
        entity_id="http://sts.birchline.example/adfs/services/trust",
        sso=(
            (REDIRECT, "https://sts.birchline.example/adfs/ls/"),
            (POST, "https://sts.birchline.example/adfs/ls/"),
        ),
        formats=(EMAIL, PERSISTENT, TRANSIENT),
    ),
    Partner(
        id="okta",
        label="Okta",
        entity_id="http://www.okta.com/exk4r7m2k9GreenMoor5d7",
        sso=(
            (POST, "https://harrowgate.okta.com/app/salesforce/exk4r7m2k9GreenMoor5d7/sso/saml"),
            (REDIRECT, "https://harrowgate.okta.com/app/salesforce/exk4r7m2k9GreenMoor5d7/sso/saml"),
        ),
        formats=(UNSPECIFIED, EMAIL),
        wants_signed=True,
    ),
    Partner(
        id="pingone",
        label="PingOne",
        entity_id="https://pingone.com/idp/fenwick",
        sso=(
            (POST, "https://sso.connect.pingidentity.com/sso/idp/SSO.saml2?idpid=5b0e7a8c"),
            (REDIRECT, "https://sso.connect.pingidentity.com/sso/idp/SSO.saml2?idpid=5b0e7a8c"),
        ),
        wants_signed=True,
    ),
    Partner(
        id="shib",
        label="Shibboleth",
        entity_id="https://idp.larkfield.example/idp/shibboleth",
        sso=(
            (REDIRECT, "https://idp.larkfield.example/idp/profile/SAML2/Redirect/SSO"),
            (POST, "https://idp.larkfield.example/idp/profile/SAML2/POST/SSO"),
        ),
        formats=(TRANSIENT, PERSISTENT),
        wants_signed=True,
    ),
)

APP: Final = ConnectedApp(
    contact_email="sso@greenmoor.org",
    label="Harvest Portal",
    saml_config=SamlAppConfig(
        acs_url="https://portal.harvest.example/saml/acs",
        entity_url="https://portal.harvest.example/saml",
        issuer=DOMAIN,
        saml_name_id_format="EmailAddress",
        saml_signing_algo_type="SHA256",
        saml_subject_type="Username",
    ),
)
"""The one app to which greenmoor itself logs people in."""

CERTIFICATES: Final = ("proxy", "sso_2027", "greenmoor", *(each.id for each in PARTNERS), "proxy_2010", "proxy_2011")
"""The names of the certificates that the lab and the scenarios are made of, in the order of the package's file."""


def lab_files(certificates: Mapping[str, Certificate]) -> dict[str, bytes]:
    """Write every file of the lab, by its path below the folder; the same bytes for the same certificates."""
    org = f"salesforce/SAMLSP-{ORG}.xml"
    files = {
        "README.md": README.encode(),
        "ssolab.toml": lab_text(org=ORG, new=NEW_NAME).encode(),
        org: document_of(_service_provider(certificates["proxy"]), "salesforce"),
        "salesforce/samlidp.xml": document_of(_identity_provider(certificates["greenmoor"]), "salesforce"),
        f"salesforce/{source.SETTINGS_PATH}": source.write(
            source.SingleSignOnSettings(
                enable_force_delegated_callout=False,
                enable_multiple_saml_configs=True,
                enable_saml_jit_provisioning=False,
                enable_saml_login=True,
            )
        ),
    }
    for name, key in (("proxy", "proxy"), (NEW_NAME, "sso_2027"), (IDP_NAME, "greenmoor")):
        body, meta = source.certificate_paths(name)
        files[f"salesforce/{body}"] = certificates[key].pem.encode()
        files[f"salesforce/{meta}"] = source.write(_meta(certificates[key], own=key != "proxy"))
    files[f"salesforce/{app_path('Harvest_Portal')}"] = write_elements(APP)
    for partner in PARTNERS:
        certificate = certificates[partner.id]
        files[f"partners/{partner.id}/metadata.xml"] = write_entity(_partner(partner, certificate))
        path = source.config_path(partner.label.replace(" ", "_"))
        files[f"salesforce/{path}"] = source.write(partner.config(certificate))
    return dict(sorted(files.items()))


def _service_provider(certificate: Certificate) -> EntityDescriptor:
    """Describe the org as Download Metadata of its single sign-on settings does."""
    return EntityDescriptor(
        entity_id=DOMAIN,
        valid_until=ten_years_after(DOWNLOADED),
        sp=SPSSODescriptor(
            key_descriptors=(KeyDescriptor(certificates=(certificate,), use="signing"),),
            name_id_formats=(UNSPECIFIED,),
            assertion_consumer_services=(IndexedEndpoint(binding=POST, location=ACS, index=0, is_default=True),),
            authn_requests_signed=True,
            want_assertions_signed=True,
        ),
    )


def _identity_provider(certificate: Certificate) -> EntityDescriptor:
    """Describe the org as its own /.well-known/samlidp.xml does."""
    return EntityDescriptor(
        entity_id=DOMAIN,
        valid_until=ten_years_after(DOWNLOADED),
        idp=IDPSSODescriptor(
            key_descriptors=(KeyDescriptor(certificates=(certificate,), use="signing"),),
            name_id_formats=(UNSPECIFIED,),
            single_sign_on_services=(
                Endpoint(POST, DOMAIN + profile.IDP_POST),
                Endpoint(REDIRECT, DOMAIN + profile.IDP_REDIRECT),
            ),
            want_authn_requests_signed=False,
        ),
    )


def _partner(partner: Partner, certificate: Certificate) -> EntityDescriptor:
    return EntityDescriptor(
        entity_id=partner.entity_id,
        idp=IDPSSODescriptor(
            key_descriptors=(KeyDescriptor(certificates=(certificate,), use="signing"),),
            name_id_formats=partner.formats,
            single_sign_on_services=tuple(Endpoint(binding, location) for binding, location in partner.sso),
            want_authn_requests_signed=partner.wants_signed,
        ),
    )


def _meta(certificate: Certificate, *, own: bool) -> source.CertificateMeta:
    """Describe a certificate as the org does: one of its own can be exported, the shared one of old could not."""
    return source.CertificateMeta(
        ca_signed=not own,
        encrypted_with_platform_encryption=False,
        expiration_date=certificate.not_after,
        key_size=2048,
        master_label=certificate.label,
        private_key_exportable=own,
    )
