"""Salesforce project files (source format): what an org trusts and signs with, as a repository holds it.

These types matter to a cutover of SAML: certificates, single sign-on configurations, and whether the org has several of
those. Connected apps, the other half of an org, are in `apps`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from ssolab.core import xmltree
from ssolab.core.findings import InputError
from ssolab.salesforce.certificates import check_unique_name
from ssolab.salesforce.elements import (
    NAMESPACE,
    Elements,
    date,
    element,
    flag,
    number,
    read_elements,
    required,
    root_of,
    write_elements,
)

if TYPE_CHECKING:
    from datetime import datetime

MAX_LABEL: Final = 64


@dataclass(frozen=True, kw_only=True)
class CertificateMeta(Elements):
    """The file NAME.crt-meta.xml beside NAME.crt; the certificate itself, a request, or nothing is in the latter."""

    root: ClassVar[str] = "Certificate"

    ca_signed: bool = required(flag)
    encrypted_with_platform_encryption: bool | None = element(flag)
    expiration_date: datetime | None = element(date)  # noqa: RUF009 - it declares a field
    key_size: int | None = element(number)
    master_label: str = required()
    private_key_exportable: bool | None = element(flag)


@dataclass(frozen=True, kw_only=True)
class SamlSsoConfig(Elements):
    """One single sign-on configuration: one identity provider, one certificate of it, one request signing certificate.

    `request_signing_cert_id` is a record id of this org (0P1…), which means nothing in any other org.
    """

    root: ClassVar[str] = "SamlSsoConfig"

    attribute_name: str | None = element()
    attribute_name_id_format: str | None = element()
    decryption_certificate: str | None = element()
    error_url: str | None = element()
    execution_user_id: str | None = element()
    identity_location: str = required()
    identity_mapping: str = required()
    issuer: str = required()
    login_url: str | None = element()
    logout_url: str | None = element()
    name: str = required()
    oauth_token_endpoint: str | None = element()
    redirect_binding: bool | None = element(flag)
    request_signature_method: str | None = element()
    request_signing_cert_id: str | None = element()
    salesforce_login_url: str | None = element()
    saml_entity_id: str = required()
    saml_jit_handler_id: str | None = element()
    saml_version: str = required()
    single_logout_binding: str | None = element()
    single_logout_url: str | None = element()
    use_config_request_method: bool | None = element(flag)
    use_same_digest_algo_for_signing: bool | None = element(flag)
    user_provisioning: bool | None = element(flag)
    validation_cert: str = required()

    @property
    def request_hash(self) -> str:
        """The hash under request signatures: SHA-256 where it is set (retrieved files also say `1`), else SHA-1."""
        return "sha256" if self.request_signature_method in ("RSA-SHA256", "1") else "sha1"


@dataclass(frozen=True, kw_only=True)
class SingleSignOnSettings(Elements):
    """Settings of the org. Enabling several SAML configurations changes its certificate and its address at once."""

    root: ClassVar[str] = "SingleSignOnSettings"

    enable_force_delegated_callout: bool | None = element(flag)
    enable_multiple_saml_configs: bool | None = element(flag)
    enable_saml_jit_provisioning: bool | None = element(flag)
    enable_saml_login: bool | None = element(flag)


# ---- names of files -------------------------------------------------------------------------------------------------


def certificate_paths(name: str) -> tuple[str, str]:
    """Give the paths of a certificate and of its settings below the project folder.

    Raises:
        InputError: Salesforce would refuse the unique name.
    """
    check_unique_name(name)
    return f"certs/{name}.crt", f"certs/{name}.crt-meta.xml"


def config_path(name: str) -> str:
    """Give the path of a single sign-on configuration below the project folder."""
    return f"samlssoconfigs/{name}.samlssoconfig-meta.xml"


SETTINGS_PATH: Final = "settings/SingleSignOn.settings-meta.xml"


# ---- reading --------------------------------------------------------------------------------------------------------


def read_certificate(data: bytes, name: str) -> CertificateMeta:
    """Read NAME.crt-meta.xml.

    Raises:
        InputError: it is none, or an element is missing, repeated or holds something else than it should.
    """
    return read_elements(CertificateMeta, root_of(data, name, "Certificate"), name)


def read_config(data: bytes, name: str) -> SamlSsoConfig:
    """Read NAME.samlssoconfig-meta.xml.

    Raises:
        InputError: as `read_certificate`.
    """
    return read_elements(SamlSsoConfig, root_of(data, name, "SamlSsoConfig"), name)


def read_settings(data: bytes, name: str) -> SingleSignOnSettings:
    """Read the single sign-on settings, also out of the SecuritySettings that newer releases put them in.

    Raises:
        InputError: as `read_certificate`.
    """
    root = root_of(data, name, "SingleSignOnSettings", "SecuritySettings")
    if root.tag == f"{{{NAMESPACE}}}SecuritySettings":
        inside = xmltree.child(root, NAMESPACE, "singleSignOnSettings", name)
        if inside is None:
            return SingleSignOnSettings()
        root = inside
    return read_elements(SingleSignOnSettings, root, name)


# ---- writing --------------------------------------------------------------------------------------------------------


def write(file: Elements) -> bytes:
    """Write the file as the Salesforce CLI does: elements in the order of the alphabet, four spaces, a line end.

    Raises:
        InputError: a text holds a character that XML cannot carry, or a label is too long for Salesforce.
    """
    if isinstance(file, CertificateMeta) and len(file.master_label) > MAX_LABEL:
        raise InputError("masterLabel", f"{len(file.master_label)} characters", f"Salesforce takes {MAX_LABEL}")
    return write_elements(file)
