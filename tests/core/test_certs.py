from __future__ import annotations

import hashlib
import time
import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from ssolab.core import der
from ssolab.core.certs import LARGEST_CERTIFICATE, Certificate, read_certificates
from ssolab.core.findings import InputError
from ssolab.core.names import Name, name_of
from ssolab.core.pem import LARGEST_FILE, write_pem
from ssolab.core.selfsigned import extension, self_signed
from tests.keys import test_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

BEGIN = datetime(2027, 1, 4, 9, tzinfo=UTC)
END = datetime(2051, 1, 4, 12, tzinfo=UTC)


def by_library(private: RSAPrivateKey, *, pss: bool = False) -> x509.Certificate:
    """A certificate that we had no hand in."""
    name = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Salesforce.com, Inc."),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, "proxy.example"),
        ]
    )
    builder = x509.CertificateBuilder(name, name, private.public_key(), 0xABCDEF, BEGIN, END)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    scheme = padding.PSS(padding.MGF1(hashes.SHA384()), padding.PSS.DIGEST_LENGTH) if pss else None
    return builder.sign(private, hashes.SHA384(), rsa_padding=scheme)


ORIGINAL = by_library(test_key("old"))
DER = ORIGINAL.public_bytes(Encoding.DER)
OURS = Certificate.from_der(DER, "original")


def broken_certificate(*, serial: int = 1, country: str = "USA", value: bytes = b"\x30\x03\x01") -> Certificate:
    """What strict readers refuse: a serial number, a country, an extension."""
    subject = name_of([("C", country), ("CN", "broken")])
    strange = extension("2.5.29.19", value, critical=True)
    return self_signed(
        private=test_key("old"), subject=subject, serial=serial, not_before=BEGIN, not_after=END, extensions=[strange]
    )


def test_every_field_agrees_with_an_independent_reader() -> None:
    assert OURS.serial == ORIGINAL.serial_number
    assert (OURS.not_before, OURS.not_after) == (ORIGINAL.not_valid_before_utc, ORIGINAL.not_valid_after_utc)
    assert OURS.subject.der == ORIGINAL.subject.public_bytes()
    assert OURS.sha256 == ORIGINAL.fingerprint(hashes.SHA256()).hex()
    assert OURS.sha1 == ORIGINAL.fingerprint(hashes.SHA1()).hex()  # noqa: S303 -- a name, not a proof
    spki = ORIGINAL.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert OURS.spki == spki
    assert OURS.spki_sha256 == hashlib.sha256(spki).hexdigest()
    assert OURS.pem == ORIGINAL.public_bytes(Encoding.PEM).decode()
    assert OURS.tbs == ORIGINAL.tbs_certificate_bytes
    assert OURS.signature == ORIGINAL.signature
    assert OURS.signature_algorithm == "rsa-sha384"
    assert [(one.oid, one.critical) for one in OURS.extensions] == [("2.5.29.19", True)]
    assert OURS.self_issued
    assert OURS.flaws == ()


def test_the_pss_signature_is_named_with_its_hash() -> None:
    pss = by_library(test_key("old"), pss=True)
    assert Certificate.from_der(pss.public_bytes(Encoding.DER), "pss").signature_algorithm == "rsa-pss-sha384"


def test_a_name_reads_in_encoded_order_and_is_quoted_where_it_has_to_be() -> None:
    assert OURS.subject.text == 'C=US, O="Salesforce.com, Inc.", CN=proxy.example'
    assert OURS.subject.get("O") == "Salesforce.com, Inc."
    assert OURS.subject.get("OU") is None
    assert OURS.label == "proxy.example"


def test_a_name_cannot_move_the_cursor_or_turn_the_line_round() -> None:
    hostile = name_of([("CN", "a\x1b[2Jb\u202ec\n")])
    assert hostile.text == r'CN="a\1b[2Jb\e2\80\aec\0a"'
    made = self_signed(private=test_key("old"), subject=hostile, serial=1, not_before=BEGIN, not_after=END)
    assert made.label.isprintable()


def test_relative_names_of_several_attributes_stay_together() -> None:
    pair = [
        der.write(der.SEQUENCE, der.write_oid(oid), der.write_text(text, der.PRINTABLE_STRING))
        for oid, text in (("2.5.4.3", "x"), ("2.5.4.11", "y"))
    ]
    assert Name(der.write(der.SEQUENCE, der.write_set_of(*pair))).text == "CN=x+OU=y"


@pytest.mark.parametrize(
    ("tag", "encoded", "text"),
    [
        (der.T61_STRING, b"caf\xe9", "café"),
        (der.BMP_STRING, b"\x00A\x20\xac", "A€"),
        (der.UNIVERSAL_STRING, b"\x00\x00\x00A", "A"),
        (der.UTF8_STRING, "łódź".encode(), "łódź"),
        (der.UTF8_STRING, b"\xff", "#0c01ff"),
        (der.OCTET_STRING, b"A", "#040141"),
    ],
)
def test_every_text_type_is_read_and_the_rest_shown_as_hex(tag: int, encoded: bytes, text: str) -> None:
    attribute = der.write(der.SEQUENCE, der.write_oid("2.5.4.3"), der.write(tag, encoded))
    assert Name(der.write(der.SEQUENCE, der.write_set_of(attribute))).get("CN") == text


def test_what_the_library_refuses_still_yields_its_key() -> None:
    for serial in (0, -5, 1 << 200):
        broken = broken_certificate(serial=serial)
        assert broken.spki == OURS.spki
        assert broken.serial == serial
        assert broken.subject.text == "C=USA, CN=broken"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=r"."):
            _ = x509.load_der_x509_certificate(broken_certificate().der).extensions


def test_flaws_are_said_in_words() -> None:
    flaws = broken_certificate(serial=0).flaws
    assert flaws == ("its serial number 0 is not positive", "its country 'USA' is not two letters")
    assert broken_certificate(serial=1 << 160, country="US").flaws == ("its serial number is longer than 20 bytes",)


def test_extensions_that_cannot_be_walked_cost_nothing_but_themselves() -> None:
    tbs, algorithm, signature = der.read_all(DER).parts(3)
    *fields, _ = list(tbs)
    broken = der.write(0xA3, b"\x30\x05\x30\x01")
    rebuilt = der.write(der.SEQUENCE, *(one.der for one in fields), broken)
    certificate = Certificate.from_der(der.write(der.SEQUENCE, rebuilt, algorithm.der, signature.der), "x")
    assert certificate.spki == OURS.spki
    assert certificate.extensions == ()
    assert "extensions cannot be read" in certificate.flaws[0]


def test_a_certificate_is_found_in_every_wrapping() -> None:
    pem = OURS.pem.encode()
    second = broken_certificate()
    assert read_certificates(DER, "x") == (OURS,)
    assert read_certificates(pem, "x") == (OURS,)
    assert read_certificates(pem.replace(b"\n", b"\r\n"), "x") == (OURS,)
    assert read_certificates(OURS.base64.encode(), "x") == (OURS,)
    assert read_certificates(b" " + b"\n".join(pem.splitlines()[1:-1]) + b"\n", "x") == (OURS,)
    around = b"Bag Attributes\n  name: x\n" + pem + b"subject=...\n" + second.pem.encode() + b"the end"
    assert read_certificates(around, "x") == (OURS, second)
    assert read_certificates(DER + second.der + b"\n", "x") == (OURS, second)


def test_a_private_key_in_the_file_is_passed_over() -> None:
    mixed = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n" + OURS.pem.encode()
    assert read_certificates(mixed, "x") == (OURS,)


def test_the_trust_settings_that_openssl_puts_behind_a_certificate_are_passed_over() -> None:
    settings_of_openssl = der.write(der.SEQUENCE, der.write_text("alias"))
    assert read_certificates(write_pem("TRUSTED CERTIFICATE", DER + settings_of_openssl).encode(), "x") == (OURS,)
    with pytest.raises(InputError, match="not a readable"):
        read_certificates(write_pem("TRUSTED CERTIFICATE", DER[:-9]).encode(), "x")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (write_pem("CERTIFICATE REQUEST", b"\x30\x00").encode(), "a certificate request, not a certificate"),
        (b"", "empty"),
        (b"\0" * 100, "empty"),
        (b"hello", "not a certificate"),
        (DER[:-10], "cut off"),
        (OURS.pem.encode()[:-40], "no whole CERTIFICATE block"),
        (OURS.pem.encode().replace(b"MII", b"M!!", 1), "damaged: not base64"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "not a readable X.509 certificate"),
        (b"\0" * (LARGEST_FILE + 1), "limit"),
        (b"\x30\x84" + (LARGEST_CERTIFICATE + 9).to_bytes(4) + bytes(LARGEST_CERTIFICATE + 9), "limit"),
        (b"-----BEGIN X-----\nAAAA\n-----END X-----\n" * 10_001, "more than 10000 PEM blocks"),
        (b"\x30\0" * 5_000_000, "more than 10000 certificates"),
    ],
)
def test_bad_input_is_refused_in_one_line_that_names_it(data: bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        read_certificates(data, "old.crt")
    assert str(caught.value).startswith("old.crt")
    assert "\n" not in str(caught.value)


def test_thousands_of_beginnings_without_end_are_read_in_linear_time() -> None:
    begun = time.perf_counter()
    with pytest.raises(InputError):
        read_certificates(b"-----BEGIN CERTIFICATE-----\n" * 300_000, "x")
    assert time.perf_counter() - begun < 5


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(DER) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_read_or_refused_and_nothing_else(place: int, flip: int) -> None:
    damaged = bytearray(DER)
    damaged[place] ^= flip
    try:
        certificate = Certificate.from_der(bytes(damaged), "x")
    except InputError:
        return
    assert certificate != OURS
    assert certificate.label
    assert certificate.subject.text.isprintable()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(DER) - 1))
def test_a_certificate_cut_off_anywhere_is_refused(length: int) -> None:
    with pytest.raises(InputError):
        read_certificates(DER[:length], "x")
