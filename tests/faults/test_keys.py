"""What the codes alone do not show of the faults on keys: what the report tells, and keys that no fault can hold."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ssolab.core import der
from ssolab.core.algorithms import SIGNATURE_ALGORITHMS
from ssolab.core.findings import Finding, InputError, Severity
from ssolab.core.keys import PublicKey, TrustedKey
from ssolab.faults.saml import faults
from ssolab.saml.checks import accept
from tests.faults.parts import issued, kit
from tests.saml.samples import expected

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
FAULTS = {each.code: each for each in faults()}


def findings(code: str, sign: str = "assertion", **changes: Any) -> list[Finding]:
    report = accept(issued(FAULTS[code], sign=sign), expected(**changes))
    return [found for found in report.findings if found.severity is not Severity.INFO or "certificate" in found.code]


@pytest.mark.parametrize(
    "code",
    [
        "renewed-certificate-over-the-same-key",
        "certificate-of-another-authority-over-the-same-key",
        "foreign-certificate-beside-a-genuine-signature",
    ],
)
def test_another_certificate_beside_the_trusted_key_is_told_and_accepted(code: str) -> None:
    assert [(found.code, found.severity) for found in findings(code)] == [("certificate-differs", Severity.INFO)]


def test_the_retired_key_is_named_by_where_it_was_known_from() -> None:
    retired = kit().retired
    assert retired is not None
    known = TrustedKey.of(retired.certificate, source="the metadata of last year")
    (found,) = findings("signed-with-the-retired-key", known=[known])
    assert "the metadata of last year" in str(found.observed)
    assert found.subject is not None
    assert found.subject.spki_sha256 == retired.certificate.spki_sha256


def test_a_strangers_key_is_never_called_ours_although_its_certificate_looks_alike() -> None:
    (found,) = findings("signed-by-a-stranger-with-a-look-alike-certificate")
    assert found.subject is not None
    assert found.subject.spki_sha256 == kit().foreign.certificate.spki_sha256
    assert "known to us only from this message" in str(found.observed)


def test_no_value_fits_a_key_whose_exponent_is_one() -> None:
    # With that exponent the value is the padded digest itself, which everybody can write (row K-14).
    private = kit().own.private
    assert isinstance(private, rsa.RSAPrivateKey)
    modulus = private.public_key().public_numbers().n
    numbers = der.write(der.SEQUENCE, der.write_integer(modulus), der.write_integer(1))
    algorithm = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.1.1"), der.write(der.NULL))
    public = PublicKey(der.write(der.SEQUENCE, algorithm, der.write_bits(numbers)))
    digest_info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(b"forged").digest()
    value = b"\0\1" + b"\xff" * (256 - len(digest_info) - 3) + b"\0" + digest_info
    assert public.bits == 2048
    assert not SIGNATURE_ALGORITHMS[RSA_SHA256].verify(public, value, b"forged")
    with pytest.raises(InputError, match="no usable public key"):
        _ = public.crypto
