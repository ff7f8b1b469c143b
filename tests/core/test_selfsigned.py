from __future__ import annotations

import hashlib
import warnings
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from ssolab.core import der
from ssolab.core.certs import Certificate
from ssolab.core.findings import InputError
from ssolab.core.jose import public_of
from ssolab.core.names import name_of
from ssolab.core.selfsigned import (
    authority_key_identifier,
    basic_constraints,
    extension,
    is_self_signed,
    self_signed,
    subject_key_identifier,
    twin,
)
from ssolab.salesforce.certificates import salesforce_certificate
from ssolab.salesforce.proxy import retired_shape
from tests.core.test_jose import ED25519
from tests.keys import ec_test_key, test_key

BEGIN, END = datetime(2027, 1, 4, 9, tzinfo=UTC), datetime(2028, 1, 4, 12, tzinfo=UTC)
OLD, NEW = test_key("old"), test_key("new")
SALESFORCE = salesforce_certificate(
    private=OLD, name="SSO_2027", org_id="00D5g000004XyzA", created=BEGIN, random4=b"\1\2\3\4"
)


def by_library(certificate: Certificate) -> x509.Certificate:
    """The certificate as an independent reader has it."""
    return x509.load_der_x509_certificate(certificate.der)


def plain(**changes: object) -> Certificate:
    """A simple certificate with some arguments changed."""
    arguments = {"private": OLD, "subject": name_of([("CN", "x")]), "serial": 5, "not_before": BEGIN, "not_after": END}
    return self_signed(**(arguments | changes))  # type: ignore[arg-type]  # the test names real arguments


def test_a_certificate_over_ed25519_is_one_to_the_library() -> None:
    made = plain(private=ED25519)
    by_library(made).verify_directly_issued_by(by_library(made))
    assert (made.signature_algorithm, made.spki) == ("ed25519", public_of(ED25519).spki)
    other = twin(SALESFORCE, ED25519).certificate
    assert (other.subject, other.not_after) == (SALESFORCE.subject, SALESFORCE.not_after)
    by_library(other).public_key()


def test_it_equals_byte_for_byte_what_the_library_builds() -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    public = OLD.public_key()
    built = (
        x509.CertificateBuilder(name, name, public, 5, BEGIN, END)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(OLD, hashes.SHA256())
    )
    spki = plain().spki
    chosen = [subject_key_identifier(spki), basic_constraints(ca=True), authority_key_identifier(spki)]
    assert plain(extensions=chosen).der == built.public_bytes(Encoding.DER)


@pytest.mark.parametrize("hashed", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("private", [OLD, ec_test_key("p256"), ec_test_key("p384")], ids=["RSA", "P-256", "P-384"])
def test_the_library_agrees_that_every_one_signed_itself(private: object, hashed: str) -> None:
    made = plain(private=private, hash=hashed)
    kind = "rsa" if private is OLD else "ecdsa"
    assert made.signature_algorithm == f"{kind}-{hashed}"
    assert is_self_signed(made) is True
    if hashed != "sha1":  # which the library no longer checks in certificates
        by_library(made).verify_directly_issued_by(by_library(made))


def test_the_same_arguments_make_the_same_bytes() -> None:
    assert plain().der == plain().der
    assert plain(serial=6).der != plain().der


def test_a_signature_of_another_key_is_told_apart() -> None:
    stranger = plain(private=NEW)
    forged = der.write(
        der.SEQUENCE, stranger.tbs, der.read_all(stranger.der).parts(3)[1].der, der.write_bits(plain().signature)
    )
    assert is_self_signed(Certificate.from_der(forged, "x")) is False


@pytest.mark.parametrize("salt", [0, 32, 222])
def test_a_pss_signature_is_its_own_whatever_the_length_of_its_salt(salt: int) -> None:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    builder = x509.CertificateBuilder(name, name, OLD.public_key(), 5, BEGIN, END)
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), salt)  # 222 is what OpenSSL 1.1 takes for 2048 bits
    made = builder.sign(OLD, hashes.SHA256(), rsa_padding=scheme).public_bytes(Encoding.DER)
    assert is_self_signed(Certificate.from_der(made, "x")) is True


def test_what_cannot_be_checked_is_not_claimed() -> None:
    tbs, _, signature = der.read_all(plain().der).parts(3)
    md5 = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.1.4"), der.write(der.NULL))
    assert is_self_signed(Certificate.from_der(der.write(der.SEQUENCE, tbs.der, md5, signature.der), "x")) is None


def test_an_unknown_hash_is_refused() -> None:
    with pytest.raises(InputError, match="md5"):
        plain(hash="md5")


@pytest.mark.parametrize("original", [SALESFORCE, *(retired_shape(private=OLD, letter=one) for one in "ABC")])
def test_a_twin_has_the_names_dates_and_serial_number_of_its_original_over_another_key(original: Certificate) -> None:
    mirrored = twin(original, NEW).certificate
    assert mirrored.subject.der == original.subject.der
    assert mirrored.issuer.der == original.issuer.der
    assert (mirrored.not_before, mirrored.not_after) == (original.not_before, original.not_after)
    assert mirrored.serial == original.serial
    assert mirrored.spki == plain(private=NEW).spki
    assert is_self_signed(mirrored)
    assert [one.oid for one in mirrored.extensions] == [one.oid for one in original.extensions]
    assert [one.critical for one in mirrored.extensions] == [one.critical for one in original.extensions]


def test_the_key_identifiers_of_a_twin_are_those_of_its_own_key() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the three-letter country
        found = by_library(twin(SALESFORCE, NEW).certificate).extensions
    own = x509.SubjectKeyIdentifier.from_public_key(NEW.public_key())
    authority = found.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert found.get_extension_for_class(x509.SubjectKeyIdentifier).value == own
    assert authority.key_identifier == own.digest
    assert authority.authority_cert_serial_number == SALESFORCE.serial


def test_a_twin_of_the_salesforce_shape_replaces_nothing() -> None:
    assert twin(SALESFORCE, NEW).replaced == ()


@pytest.mark.parametrize("serial", [0, -1, 1 << 159, 1 << 300])
def test_a_serial_number_that_rfc_5280_forbids_is_replaced_and_said(serial: int) -> None:
    original = plain(serial=serial)
    made = twin(original, NEW)
    assert 0 < made.certificate.serial < 1 << 159
    assert "serial number" in made.replaced[0]
    assert twin(original, NEW).certificate == made.certificate, "the replacement is no matter of chance"


def test_a_weak_signature_is_replaced_and_said() -> None:
    made = twin(plain(hash="sha1"), NEW)
    assert made.certificate.signature_algorithm == "rsa-sha256"
    assert made.replaced == ("signature algorithm rsa-sha1 became rsa-sha256: a twin signs itself with SHA-256",)


def test_broken_and_doubled_extensions_are_left_out_and_said() -> None:
    good = basic_constraints(ca=True)
    broken = extension("2.5.29.17", b"\x30\x09\x82")
    made = twin(plain(extensions=[broken, good, good]), NEW)
    assert [one.oid for one in made.certificate.extensions] == ["2.5.29.19"]
    assert made.replaced == (
        "extension 2.5.29.17 was left out: it cannot be read",
        "extension 2.5.29.19 stands twice: the second was left out",
    )


def test_an_unreadable_extension_list_is_said() -> None:
    tbs, algorithm, signature = der.read_all(plain().der).parts(3)
    rebuilt = der.write(der.SEQUENCE, *(one.der for one in tbs), der.write(0xA3, b"\x30\x05\x30\x01"))
    broken = Certificate.from_der(der.write(der.SEQUENCE, rebuilt, algorithm.der, signature.der), "x")
    assert "extensions cannot be read" in twin(broken, NEW).replaced[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, len(SALESFORCE.der) - 1), st.integers(1, 255))
def test_whatever_can_be_read_has_a_twin(place: int, flip: int) -> None:
    damaged = bytearray(SALESFORCE.der)
    damaged[place] ^= flip
    try:
        original = Certificate.from_der(bytes(damaged), "x")
    except InputError:
        return
    made = twin(original, NEW).certificate
    assert (made.subject.der, made.not_after) == (original.subject.der, original.not_after)
    assert hashlib.sha256(made.spki).hexdigest() == made.spki_sha256 == plain(private=NEW).spki_sha256
