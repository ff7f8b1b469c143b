"""Connected apps: what an org as identity provider knows of one service provider, in source format (Metadata API).

Here stand the settings that change what travels: whom the assertion names and how, the hash under its signature, and to
whom it is encrypted. External client apps, which take over, keep their SAML policy in a file (`ecaSamlPlcy`) of which
no sample was found, so it is not read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from ssolab.salesforce import profile
from ssolab.salesforce.elements import Elements, element, nested, one_of, read_elements, required, root_of

if TYPE_CHECKING:
    from collections.abc import Mapping

APP_SUFFIX: Final = ".connectedApp-meta.xml"
APP_PREFIX: Final = "0sp"
"""How the ids begin under which `/idp/login?app=` knows an app."""

SUBJECTS: Final = ("Username", "FederationId", "UserId", "PersistentID", "CustomAttr", "SpokeId")
NAME_ID_FORMATS: Final[Mapping[str, str]] = {
    "Unspecified": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
    "EmailAddress": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "Persistent": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "Transient": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
}
SIGNING_HASHES: Final[Mapping[str, str]] = {"SHA1": "sha1", "SHA256": "sha256"}
ENCRYPTION_METHODS: Final[Mapping[str, str]] = {
    "AES_128": "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
    "AES_256": "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
    "Triple_Des": "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
}
"""The block cipher of each encryption type; that CBC is meant is inferred from the names, not confirmed."""


@dataclass(frozen=True, kw_only=True)
class SamlAppConfig(Elements):
    """The SAML part of a connected app; `certificate` is the service provider's own, for the requests that it signs.

    `encryption_certificate` is the name of a certificate in the org.
    """

    root: ClassVar[str] = "samlConfig"

    acs_url: str = required()
    certificate: str | None = element()
    encryption_certificate: str | None = element()
    encryption_type: str | None = element(one_of(*ENCRYPTION_METHODS))
    entity_url: str = required()
    issuer: str | None = element()
    saml_name_id_format: str | None = element(one_of(*NAME_ID_FORMATS))
    saml_signing_algo_type: str | None = element(one_of(*SIGNING_HASHES))
    saml_slo_url: str | None = element()
    saml_subject_custom_attr: str | None = element()
    saml_subject_type: str = required(one_of(*SUBJECTS))

    @property
    def name_id_format(self) -> str:
        """The Format of the NameID, unspecified where the app says nothing."""
        return NAME_ID_FORMATS[self.saml_name_id_format or "Unspecified"]

    @property
    def hash(self) -> str:
        """The hash under the signatures; where the app says nothing, SHA-256 is assumed, which is not confirmed."""
        return SIGNING_HASHES[self.saml_signing_algo_type or "SHA256"]


@dataclass(frozen=True, kw_only=True)
class ConnectedApp(Elements):
    """One connected app; its API name is the name of its file."""

    root: ClassVar[str] = "ConnectedApp"

    contact_email: str = required()
    label: str = required()
    saml_config: SamlAppConfig | None = nested(SamlAppConfig)  # noqa: RUF009 - it declares a field
    start_url: str | None = element()


def app_path(name: str) -> str:
    """Give the path of a connected app below the project folder."""
    return f"connectedApps/{name}{APP_SUFFIX}"


def read_app(data: bytes, name: str) -> ConnectedApp:
    """Read NAME.connectedApp-meta.xml.

    Raises:
        InputError: it is none, or an element is missing, repeated or holds something else than it should.
    """
    return read_elements(ConnectedApp, root_of(data, name, "ConnectedApp"), name)


def app_record(name: str) -> str:
    """Give an app a record id 0sp… of the lab's own: a project does not hold the real one, which only the org knows."""
    digits = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % 10**8
    return profile.long_id(f"{APP_PREFIX}000{digits:09}")


def find_app(apps: Mapping[str, ConnectedApp], wanted: str) -> str | None:
    """Find the API name of the app that `app=` means: by that very name, or by its record id in either length."""
    if wanted in apps:
        return wanted
    short = len(profile.ORG_PREFIX) + 12
    return next((name for name in apps if wanted in (app_record(name), app_record(name)[:short])), None)
