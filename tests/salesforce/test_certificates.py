from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509 import oid as oids

from ssolab.core import der
from ssolab.core.certs import Certificate
from ssolab.core.findings import DefectError, InputError
from ssolab.core.names import name_of
from ssolab.core.selfsigned import is_self_signed, self_signed, twin
from ssolab.salesforce.certificates import (
    PROXY_CERTIFICATES,
    check_unique_name,
    created_at,
    describe,
    generated_name,
    made_for,
    proxy_instance,
    retired_shape,
    salesforce_certificate,
)
from tests.keys import ec_test_key, test_key

CREATED = datetime(2027, 1, 4, 9, 0, 1, 234_000, tzinfo=UTC)
ORG = "00D5g000004XyzA"
KEY = test_key("sso_2027")


def made(**changes: object) -> Certificate:
    """A certificate of the Salesforce shape with some arguments changed."""
    arguments = {"private": KEY, "name": "SSO_2027", "org_id": ORG, "created": CREATED, "random4": b"\xde\xad\xbe\xef"}
    return salesforce_certificate(**(arguments | changes))  # type: ignore[arg-type]  # the test names real arguments


def simple(subject: str, issuer: str | None = None) -> Certificate:
    """A certificate of nobody in particular."""
    return self_signed(
        private=KEY,
        subject=name_of([("CN", subject)]),
        issuer=name_of([("CN", issuer or subject)]),
        serial=1,
        not_before=CREATED,
        not_after=CREATED + timedelta(days=1),
    )


def test_the_name_has_the_order_and_the_text_type_of_real_ones() -> None:
    certificate = made()
    assert certificate.subject.text == f"CN=SSO_2027, OU={ORG}, O=Salesforce.com, L=San Francisco, ST=CA, C=USA"
    assert certificate.self_issued
    tags = [part.first().parts(2)[1].tag for part in der.read_all(certificate.subject.der)]
    assert tags == [0x0C] * 6, "UTF8String everywhere, also the country"


def test_the_serial_number_is_14_bytes_of_milliseconds_zeros_and_chance() -> None:
    serial = made().serial.to_bytes(14)
    assert int.from_bytes(serial[:6]) == 1_799_053_201_234  # date -u -d 2027-01-04T09:00:01 +%s
    assert serial[6:] == bytes(4) + b"\xde\xad\xbe\xef"


@pytest.mark.parametrize(
    ("created", "bits", "end"),
    [
        (CREATED, 2048, datetime(2028, 1, 4, 12, tzinfo=UTC)),
        (CREATED, 4096, datetime(2029, 1, 4, 12, tzinfo=UTC)),
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), 2048, datetime(2029, 2, 28, 12, tzinfo=UTC)),
        (datetime(2048, 12, 31, 23, tzinfo=UTC), 4096, datetime(2050, 12, 31, 12, tzinfo=UTC)),
    ],
)
def test_it_ends_at_noon_one_year_later_and_two_for_4096_bits(created: datetime, bits: int, end: datetime) -> None:
    certificate = made(created=created, private=test_key("large", 4096) if bits == 4096 else KEY)
    assert certificate.not_before == created.replace(microsecond=0)
    assert certificate.not_after == end


def test_its_extensions_are_those_three_and_no_others() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the three-letter country
        found = x509.load_der_x509_certificate(made().der).extensions
        issuer = found.get_extension_for_class(x509.AuthorityKeyIdentifier).value.authority_cert_issuer
    own = x509.SubjectKeyIdentifier.from_public_key(KEY.public_key())
    authority = found.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    constraints = found.get_extension_for_class(x509.BasicConstraints)
    assert [one.oid for one in found] == [
        oids.ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        oids.ExtensionOID.BASIC_CONSTRAINTS,
        oids.ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ]
    assert found.get_extension_for_class(x509.SubjectKeyIdentifier).value == own
    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=None)
    assert authority.key_identifier == own.digest
    assert authority.authority_cert_serial_number == made().serial
    assert issuer is not None
    assert issuer[0].value.public_bytes() == made().subject.der


def test_it_signs_itself_with_sha256_in_lines_of_64_columns() -> None:
    certificate = made()
    assert certificate.signature_algorithm == "rsa-sha256"
    assert is_self_signed(certificate)
    assert {len(line) for line in certificate.pem.splitlines()[1:-2]} == {64}


def test_org_and_moment_are_read_back_from_it() -> None:
    assert made_for(made()) == ORG
    assert created_at(made()) == CREATED
    assert describe(made()) == f"made by Salesforce for org {ORG} on 2027-01-04T09:00:01Z"


def test_an_org_id_of_18_characters_becomes_15() -> None:
    assert made_for(made(org_id="00D5g000004XyzAEAS")) == ORG  # the suffix says which letters are capitals


def test_a_twin_of_it_counts_as_the_same_org_but_with_its_own_key() -> None:
    mirrored = twin(made(), test_key("other")).certificate
    assert describe(mirrored) == describe(made())
    assert mirrored.spki != made().spki


@pytest.mark.parametrize("name", ["A", "SSO_2027", "a1_b2", "SelfSignedCert_04Jan2027_090000"])
def test_names_that_setup_takes_are_taken(name: str) -> None:
    assert check_unique_name(name) == name


@pytest.mark.parametrize("name", ["", "1A", "_A", "A_", "A__B", "A B", "A-B", "Ä", "A\n", "../A", "A" * 65])
def test_names_that_setup_refuses_are_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        check_unique_name(name)
    assert "\n" not in str(caught.value)


def test_the_generated_name_is_that_of_setup() -> None:
    assert generated_name(datetime(2024, 9, 5, 7, 8, 9, tzinfo=UTC)) == "SelfSignedCert_05Sep2024_070809"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"org_id": "00E5g000004XyzA"}, "not the id of an org"),
        ({"org_id": "00D"}, "not 15 or 18"),
        ({"private": ec_test_key("p256")}, "RSA keys only"),
        ({"created": datetime(1969, 1, 1, tzinfo=UTC)}, "after 1970"),
        ({"name": "no name"}, "no name for a certificate"),
    ],
)
def test_what_salesforce_would_not_make_is_refused(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        made(**changes)


def test_random_bytes_of_another_number_are_a_defect() -> None:
    with pytest.raises(DefectError):
        made(random4=b"")


def test_the_retired_shape_has_names_dates_and_serial_number_of_the_published_instance() -> None:
    certificate = retired_shape(private=test_key("proxy"))
    assert certificate.subject.text == (
        'C=US, ST=California, L=San Francisco, O="Salesforce.com, Inc.", OU=Applications, CN=proxy.salesforce.com'
    )
    assert certificate.issuer.get("CN") == "VeriSign Class 3 International Server CA - G3"
    assert certificate.not_before == datetime(2013, 10, 18, tzinfo=UTC)
    assert certificate.not_after == datetime(2017, 10, 17, 23, 59, 59, tzinfo=UTC)
    assert f"{certificate.serial:X}" == "4382B137B13768018FD6BA70426EA067"
    tags = [part.first().parts(2)[1].tag for part in der.read_all(certificate.subject.der)]
    assert tags == [0x13, 0x13, 0x14, 0x14, 0x14, 0x14], "C and ST PrintableString, the rest T61String"


def test_the_library_reads_every_extension_of_the_retired_shape() -> None:
    found = x509.load_der_x509_certificate(retired_shape(private=test_key("proxy")).der).extensions
    usage = found.get_extension_for_class(x509.KeyUsage)
    purposes = found.get_extension_for_class(x509.ExtendedKeyUsage).value
    names = found.get_extension_for_class(x509.SubjectAlternativeName).value
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.key_encipherment
    assert not usage.value.key_cert_sign
    assert [one.dotted_string for one in purposes] == [
        "1.3.6.1.5.5.7.3.1",
        "1.3.6.1.5.5.7.3.2",
        "2.16.840.1.113730.4.1",
    ]
    assert names.get_values_for_type(x509.DNSName) == ["proxy.salesforce.com"]
    assert not found.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_2012_renewal_can_be_made_again_with_one_key_in_two_certificates() -> None:
    key = test_key("legacy", 1024)
    first, second = (retired_shape(private=key, letter=letter, hash="sha1") for letter in "AB")
    assert first.spki == second.spki
    assert first.sha256 != second.sha256
    assert first.subject == second.subject
    assert first.subject.get("OU") == "Application"
    assert [one.signature_algorithm for one in (first, second)] == ["rsa-sha1"] * 2
    assert first.issuer.text.startswith('O=VeriSign Trust Network, OU="VeriSign, Inc."')
    with pytest.raises(DefectError):
        retired_shape(private=key, letter="D")


def test_the_published_instances_are_known_by_hash_and_by_key() -> None:
    first, second, third = PROXY_CERTIFICATES
    assert first.spki_sha256 == second.spki_sha256 != third.spki_sha256
    assert third.sha1 == "B0:67:51:6F:70:63:2A:CA:F9:F0:B1:16:C0:97:CE:EA:11:62:58:A2".replace(":", "").lower()
    assert [one.label for one in PROXY_CERTIFICATES] == ["A (2010)", "B (2011)", "C (2013)"]


def with_hashes(**hashes: str) -> Certificate:
    """A certificate that claims to hash to something; what real ones would be known by."""
    certificate = simple("real")
    vars(certificate).update(hashes)  # cached properties live here
    return certificate


def test_a_proxy_certificate_is_recognised_by_hash_then_key_then_name() -> None:
    first, second, third = PROXY_CERTIFICATES
    by_hash = proxy_instance(with_hashes(sha256=third.sha256))
    assert by_hash is not None
    assert (by_hash.by, by_hash.instances) == ("certificate", (third,))
    by_key = proxy_instance(with_hashes(spki_sha256=first.spki_sha256))
    assert by_key is not None
    assert (by_key.by, by_key.instances) == ("key", (first, second))
    by_name = proxy_instance(simple("Proxy.Salesforce.com"))
    assert by_name is not None
    assert (by_name.by, by_name.instances) == ("name", ())
    assert proxy_instance(simple("my.proxy.salesforce.com")) is None


def test_every_certificate_is_described_as_what_it_is() -> None:
    third = PROXY_CERTIFICATES[2]
    published = describe(with_hashes(sha256=third.sha256))
    assert published == "proxy.salesforce.com instance C (2013), retired, expired on 2017-10-17"
    same_key = describe(with_hashes(spki_sha256=third.spki_sha256))
    assert same_key == "another certificate over the key of proxy.salesforce.com instance C (2013), retired"
    assert "unlisted proxy.salesforce.com certificate" in describe(simple("proxy.salesforce.com"))
    assert describe(simple("idp")) == "self-signed"
    assert describe(simple("idp", issuer="Some CA")) == "self-signed, though it names CN=Some CA as its issuer"
    tbs, algorithm, _ = der.read_all(simple("idp", issuer="Some CA").der).parts(3)
    issued = der.write(der.SEQUENCE, tbs.der, algorithm.der, der.write_bits(bytes(256)))
    assert describe(Certificate.from_der(issued, "x")) == "CA-issued, by Some CA"
    tbs, algorithm, _ = der.read_all(simple("idp").der).parts(3)
    forged = der.write(der.SEQUENCE, tbs.der, algorithm.der, der.write_bits(bytes(256)))
    assert describe(Certificate.from_der(forged, "x")) == "self-issued, but its signature is not its own"


def test_a_certificate_that_only_says_salesforce_is_not_taken_for_one() -> None:
    subject = name_of([("O", "Salesforce.com"), ("OU", "not an org")])
    other = self_signed(
        private=KEY, subject=subject, serial=5, not_before=CREATED, not_after=CREATED + timedelta(days=1)
    )
    assert made_for(other) is None
    assert created_at(other) is None
