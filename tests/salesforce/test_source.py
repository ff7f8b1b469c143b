from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.findings import InputError
from ssolab.salesforce import source
from ssolab.salesforce.elements import NAMESPACE

# As the Salesforce CLI retrieves them.
CERTIFICATE = """\
<?xml version="1.0" encoding="UTF-8"?>
<Certificate xmlns="http://soap.sforce.com/2006/04/metadata">
    <caSigned>true</caSigned>
    <encryptedWithPlatformEncryption>false</encryptedWithPlatformEncryption>
    <expirationDate>2026-11-12T14:40:53.000Z</expirationDate>
    <keySize>2048</keySize>
    <masterLabel>EC Community</masterLabel>
    <privateKeyExportable>true</privateKeyExportable>
</Certificate>
"""
CONFIG = """\
<?xml version="1.0" encoding="UTF-8"?>
<SamlSsoConfig xmlns="http://soap.sforce.com/2006/04/metadata">
    <identityLocation>SubjectNameId</identityLocation>
    <identityMapping>FederationId</identityMapping>
    <issuer>https://idp.example.org</issuer>
    <loginUrl>https://idp.example.org/idp/endpoint/HttpRedirect</loginUrl>
    <name>Scratch Org IDP</name>
    <oauthTokenEndpoint>https://greenmoor.my.salesforce.com/services/oauth2/token</oauthTokenEndpoint>
    <redirectBinding>true</redirectBinding>
    <requestSignatureMethod>1</requestSignatureMethod>
    <requestSigningCertId>0P15f000000CaWBGA0</requestSigningCertId>
    <salesforceLoginUrl>https://greenmoor.my.salesforce.com?so=00D5f000004GrnM&amp;sc=0LE5f000000k9kG</salesforceLoginUrl>
    <samlEntityId>https://greenmoor.my.salesforce.com</samlEntityId>
    <samlVersion>SAML2_0</samlVersion>
    <useConfigRequestMethod>true</useConfigRequestMethod>
    <useSameDigestAlgoForSigning>true</useSameDigestAlgoForSigning>
    <userProvisioning>true</userProvisioning>
    <validationCert>MIIC3jCCAcag</validationCert>
</SamlSsoConfig>
"""
SETTINGS = """\
<?xml version="1.0" encoding="UTF-8"?>
<SingleSignOnSettings xmlns="http://soap.sforce.com/2006/04/metadata">
    <enableMultipleSamlConfigs>true</enableMultipleSamlConfigs>
    <enableSamlLogin>true</enableSamlLogin>
    <isLoginWithSalesforceCredentialsDisabled>false</isLoginWithSalesforceCredentialsDisabled>
</SingleSignOnSettings>
"""


def test_a_retrieved_certificate_file_is_read() -> None:
    read = source.read_certificate(CERTIFICATE.encode(), "EC_Community.crt-meta.xml")
    assert read.ca_signed is True
    assert read.encrypted_with_platform_encryption is False
    assert read.expiration_date == datetime(2026, 11, 12, 14, 40, 53, tzinfo=UTC)
    assert read.key_size == 2048
    assert read.master_label == "EC Community"
    assert read.private_key_exportable is True


def test_the_documented_form_of_the_expiration_date_is_read_too() -> None:
    text = CERTIFICATE.replace("2026-11-12T14:40:53.000Z", "2017-03-19")
    assert source.read_certificate(text.encode(), "x").expiration_date == datetime(2017, 3, 19, tzinfo=UTC)


def test_a_retrieved_single_sign_on_configuration_is_read() -> None:
    read = source.read_config(CONFIG.encode(), "Scratch.samlssoconfig-meta.xml")
    assert read.issuer == "https://idp.example.org"
    assert read.request_signing_cert_id == "0P15f000000CaWBGA0"
    assert read.salesforce_login_url == "https://greenmoor.my.salesforce.com?so=00D5f000004GrnM&sc=0LE5f000000k9kG"
    assert read.user_provisioning is True
    assert read.decryption_certificate is None


@pytest.mark.parametrize(
    ("method", "expected"), [("1", "sha256"), ("RSA-SHA256", "sha256"), ("RSA-SHA1", "sha1"), ("", "sha1")]
)
def test_an_unset_request_signature_method_means_sha1(method: str, expected: str) -> None:
    text = CONFIG.replace("<requestSignatureMethod>1<", f"<requestSignatureMethod>{method}<")
    assert source.read_config(text.encode(), "x").request_hash == expected


def test_single_sign_on_settings_keep_what_is_not_known() -> None:
    read = source.read_settings(SETTINGS.encode(), "SingleSignOn.settings-meta.xml")
    assert read.enable_multiple_saml_configs is True
    assert read.more == {"isLoginWithSalesforceCredentialsDisabled": "false"}


def test_single_sign_on_settings_are_found_inside_security_settings() -> None:
    text = f"""<SecuritySettings xmlns="{NAMESPACE}"><sessionSettings/>
        <singleSignOnSettings><enableMultipleSamlConfigs>false</enableMultipleSamlConfigs></singleSignOnSettings>
        </SecuritySettings>"""
    assert source.read_settings(text.encode(), "x").enable_multiple_saml_configs is False
    bare = f'<SecuritySettings xmlns="{NAMESPACE}"/>'
    assert source.read_settings(bare.encode(), "x") == source.SingleSignOnSettings()


def test_what_was_read_is_written_byte_for_byte() -> None:
    assert source.write(source.read_certificate(CERTIFICATE.encode(), "x")) == CERTIFICATE.encode()
    assert source.write(source.read_config(CONFIG.encode(), "x")) == CONFIG.encode()
    assert source.write(source.read_settings(SETTINGS.encode(), "x")) == SETTINGS.encode()


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), min_size=1, max_size=64))
def test_any_label_survives_writing_and_reading(label: str) -> None:
    wanted = source.CertificateMeta(ca_signed=False, master_label=label.strip() or "x", key_size=4096)
    if not label.strip():
        return
    assert source.read_certificate(source.write(wanted), "x").master_label == label.strip()


def test_file_names_are_those_of_the_source_format() -> None:
    assert source.certificate_paths("SSO_2027") == ("certs/SSO_2027.crt", "certs/SSO_2027.crt-meta.xml")
    assert source.config_path("Okta") == "samlssoconfigs/Okta.samlssoconfig-meta.xml"


@pytest.mark.parametrize("name", ["", "2027", "SSO 2027", "SSO__2027", "SSO_", "_SSO", "SSO-2027", "../x", "é"])
def test_a_certificate_name_that_salesforce_refuses_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        source.certificate_paths(name)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "nothing in it"),
        ("\x00\x01\x02", "binary"),
        (CERTIFICATE[:200], "not well-formed"),
        ("<Certificate/>", "its root is Certificate, not"),
        (CONFIG, "its root is SamlSsoConfig, not Certificate"),
        (CERTIFICATE.replace(">true<", ">maybe<", 1), "caSigned: 'maybe' is neither true nor false"),
        (CERTIFICATE.replace("2048", "2e3"), "keySize: '2e3' is not a number"),
        (CERTIFICATE.replace("2048", "9" * 5000), "is not a number"),
        (CERTIFICATE.replace("2026-11-12T14:40:53.000Z", "2026-11-12T14:40:53"), "expirationDate: .* no time zone"),
        (CERTIFICATE.replace("2026-11-12T14:40:53.000Z", "12.11.2026"), "expirationDate"),
        (CERTIFICATE.replace("    <masterLabel>EC Community</masterLabel>\n", ""), "masterLabel missing"),
        (CERTIFICATE.replace("    <keySize>", "    <keySize>1024</keySize><keySize>"), "keySize stands there twice"),
        (CERTIFICATE.replace("EC Community", "EC <!-- x -->Community"), "comment"),
        (CERTIFICATE.replace("<Cert", '<!DOCTYPE x [<!ENTITY a "b">]><Cert', 1), "DOCTYPE"),
        ("<a>" * 5000 + "</a>" * 5000, "not well-formed|nested deeper"),
    ],
)
def test_a_certificate_file_that_is_none_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as raised:
        source.read_certificate(text.encode(), "SSO.crt-meta.xml")
    assert str(raised.value).startswith("SSO.crt-meta.xml")
    assert "\n" not in str(raised.value)


def test_a_wrong_value_names_its_line() -> None:
    text = CONFIG.replace("<redirectBinding>true", "<redirectBinding>yes")
    with pytest.raises(InputError, match=r"^x:9: redirectBinding"):
        source.read_config(text.encode(), "x")


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    with pytest.raises(InputError, match="UTF-8"):
        source.read_certificate(CERTIFICATE.replace("EC", "é").encode("latin-1"), "x")


def test_what_xml_or_salesforce_cannot_carry_is_not_written() -> None:
    wanted = source.read_certificate(CERTIFICATE.encode(), "x")
    with pytest.raises(InputError, match="XML cannot carry"):
        source.write(replace(wanted, master_label="a\x07b"))
    with pytest.raises(InputError, match="takes 64"):
        source.write(replace(wanted, master_label="a" * 65))
