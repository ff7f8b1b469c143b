"""Certificates that ssolab makes are read by openssl and by keytool, as what they are meant to be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ssolab.core.selfsigned import twin
from ssolab.salesforce.certificates import retired_shape, salesforce_certificate
from tests.interop.programs import needs, output_of
from tests.keys import test_key as rsa_key

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.core.certs import Certificate

pytestmark = [*needs("openssl")]

CREATED = datetime(2027, 1, 4, 9, 30, 15, 250_000, tzinfo=UTC)


def salesforce_shaped() -> Certificate:
    return salesforce_certificate(
        private=rsa_key("sso_2027"), name="SSO_2027", org_id="00D5g00000XyZAb", created=CREATED, random4=b"\1\2\3\4"
    )


def openssl(certificate: Certificate, *options: str) -> str:
    return output_of("openssl", "x509", "-noout", *options, given=certificate.pem.encode()).decode()


def test_openssl_reads_subject_and_issuer_in_the_order_and_string_type_of_salesforce() -> None:
    shown = openssl(salesforce_shaped(), "-subject", "-issuer", "-nameopt", "RFC2253,-dn_rev,show_type")

    name = "CN=UTF8STRING:SSO_2027,OU=UTF8STRING:00D5g00000XyZAb,O=UTF8STRING:Salesforce.com,"
    name += "L=UTF8STRING:San Francisco,ST=UTF8STRING:CA,C=UTF8STRING:USA"
    assert shown.splitlines() == [f"subject={name}", f"issuer={name}"]


def test_openssl_reads_the_dates_and_the_serial_that_tell_when_it_was_made() -> None:
    shown = openssl(salesforce_shaped(), "-startdate", "-enddate", "-serial")

    milliseconds = int(CREATED.timestamp() * 1000)
    assert shown.splitlines() == [
        "notBefore=Jan  4 09:30:15 2027 GMT",
        "notAfter=Jan  4 12:00:00 2028 GMT",
        f"serial={milliseconds:012X}0000000001020304",
    ]


def test_openssl_finds_the_three_extensions_of_salesforce_and_no_other() -> None:
    text = openssl(salesforce_shaped(), "-text")

    assert text.count("X509v3 Subject Key Identifier") == 1
    assert "X509v3 Basic Constraints: critical\n                CA:TRUE\n" in text
    assert "DirName:/CN=SSO_2027/OU=00D5g00000XyZAb/O=Salesforce.com/L=San Francisco/ST=CA/C=USA" in text
    assert text.split("X509v3 extensions:")[1].count("X509v3 ") == 3
    assert "Signature Algorithm: sha256WithRSAEncryption" in text


def test_openssl_verifies_the_signature_of_what_we_make(tmp_path: Path) -> None:
    for certificate in (
        salesforce_shaped(),
        twin(retired_shape(private=rsa_key("proxy")), rsa_key("other")).certificate,
    ):
        path = tmp_path / "made.crt"
        path.write_text(certificate.pem)
        assert b"OK" in output_of(
            "openssl", "verify", "-check_ss_sig", "-no_check_time", "-partial_chain", "-CAfile", path, path
        )


def test_openssl_prints_the_fingerprint_that_we_print() -> None:
    certificate = salesforce_shaped()

    shown = openssl(certificate, "-fingerprint", "-sha256").partition("=")[2].strip()
    assert shown.replace(":", "").lower() == certificate.sha256
