from __future__ import annotations

import re

import pytest

from ssolab.core.findings import InputError
from ssolab.salesforce.apps import app_path, app_record, find_app, read_app
from ssolab.salesforce.elements import write_elements

APP = """\
<?xml version="1.0" encoding="UTF-8"?>
<ConnectedApp xmlns="http://soap.sforce.com/2006/04/metadata">
    <contactEmail>ops@greenmoor.org</contactEmail>
    <label>Harvest Portal</label>
    <oauthConfig>
        <callbackUrl>https://harvest.example/cb</callbackUrl>
    </oauthConfig>
    <samlConfig>
        <acsUrl>https://harvest.example/saml/acs</acsUrl>
        <encryptionCertificate>Harvest</encryptionCertificate>
        <encryptionType>AES_256</encryptionType>
        <entityUrl>https://harvest.example/saml</entityUrl>
        <issuer>https://greenmoor.my.salesforce.com</issuer>
        <samlIdpSLOBindingEnum>RedirectBinding</samlIdpSLOBindingEnum>
        <samlNameIdFormat>Persistent</samlNameIdFormat>
        <samlSigningAlgoType>SHA1</samlSigningAlgoType>
        <samlSubjectCustomAttr>employee</samlSubjectCustomAttr>
        <samlSubjectType>CustomAttr</samlSubjectType>
    </samlConfig>
</ConnectedApp>
"""


def test_a_retrieved_app_is_read() -> None:
    app = read_app(APP.encode(), "Harvest.connectedApp-meta.xml")
    assert (app.label, app.contact_email) == ("Harvest Portal", "ops@greenmoor.org")
    saml = app.saml_config
    assert saml is not None
    assert (saml.acs_url, saml.entity_url) == ("https://harvest.example/saml/acs", "https://harvest.example/saml")
    assert saml.issuer == "https://greenmoor.my.salesforce.com"
    assert saml.name_id_format == "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    assert (saml.hash, saml.saml_subject_type, saml.saml_subject_custom_attr) == ("sha1", "CustomAttr", "employee")
    assert (saml.encryption_type, saml.encryption_certificate) == ("AES_256", "Harvest")


def test_what_an_app_does_not_say_is_unspecified_and_sha_256() -> None:
    text = re.sub(r" *<saml(NameIdFormat|SigningAlgoType)>.*\n", "", APP)
    saml = read_app(text.encode(), "x").saml_config
    assert saml is not None
    assert saml.name_id_format == "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
    assert saml.hash == "sha256"


def test_an_app_without_saml_is_one_all_the_same() -> None:
    assert (
        read_app(re.sub(r" *<samlConfig>.*</samlConfig>\n", "", APP, flags=re.DOTALL).encode(), "x").saml_config is None
    )


def test_an_app_that_is_written_is_read_again() -> None:
    app = read_app(APP.encode(), "x")
    written = write_elements(app)
    assert read_app(written, "x") == app
    assert b"        <samlSubjectType>CustomAttr</samlSubjectType>\n    </samlConfig>\n" in written


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("<acsUrl>https://harvest.example/saml/acs</acsUrl>", ""), "acsUrl missing"),
        (("<label>Harvest Portal</label>", ""), "label missing"),
        (("SHA1", "SHA512"), "'SHA512' is none of SHA1, SHA256"),
        ((">CustomAttr<", ">Nickname<"), "'Nickname' is none of"),
        (("AES_256", "AES-256"), "'AES-256' is none of"),
        (("ConnectedApp", "Connected"), "its root is Connected"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_in_one_line(change: tuple[str, str], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        read_app(APP.replace(*change).encode(), "Harvest.connectedApp-meta.xml")


def test_an_app_is_found_by_its_name_and_by_its_record_id_in_either_length() -> None:
    apps = {"Harvest": read_app(APP.encode(), "x"), "Other": read_app(APP.encode(), "x")}
    record = app_record("Harvest")
    assert re.fullmatch(r"0sp[0-9]{12}[A-Z0-5]{3}", record)
    assert record != app_record("Other")
    assert {find_app(apps, wanted) for wanted in ("Harvest", record, record[:15])} == {"Harvest"}
    assert [find_app(apps, wanted) for wanted in ("harvest", "", "0sp", record[:14])] == [None] * 4
    assert app_path("Harvest") == "connectedApps/Harvest.connectedApp-meta.xml"
