"""Certificates as explicit key trust sees them: an envelope with a name and dates around a public key.

The structure is read by our own DER walk, so that a certificate which a strict library refuses still yields its key,
names and dates. Nothing here judges a certificate: no chain, no usage, no expiry.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ssolab.core import der
from ssolab.core.findings import InputError
from ssolab.core.names import Name
from ssolab.core.pem import MOST_IN_A_FILE, pem_blocks, unwrap, write_pem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["Certificate", "Extension", "Name", "algorithm_name", "read_certificates"]

LARGEST_CERTIFICATE = 1 << 20
LONGEST_SERIAL = 20  # bytes, RFC 5280 4.1.2.2
_COUNTRY_LETTERS = 2  # X.520 6.3.1
_FIELDS = 6  # serial, algorithm, issuer, validity, subject, key
_REMEDY = "give a certificate as PEM, DER or base64"

HASHES = {
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_RSA_PSS = "1.2.840.113549.1.1.10"
SIGNATURES = {
    "1.2.840.113549.1.1.2": "rsa-md2",
    "1.2.840.113549.1.1.4": "rsa-md5",
    "1.3.14.3.2.29": "rsa-sha1",  # of old; of one name the last identifier is the one to write
    "1.2.840.113549.1.1.5": "rsa-sha1",
    "1.2.840.113549.1.1.14": "rsa-sha224",
    "1.2.840.113549.1.1.11": "rsa-sha256",
    "1.2.840.113549.1.1.12": "rsa-sha384",
    "1.2.840.113549.1.1.13": "rsa-sha512",
    "1.2.840.10045.4.1": "ecdsa-sha1",
    "1.2.840.10045.4.3.1": "ecdsa-sha224",
    "1.2.840.10045.4.3.2": "ecdsa-sha256",
    "1.2.840.10045.4.3.3": "ecdsa-sha384",
    "1.2.840.10045.4.3.4": "ecdsa-sha512",
    "1.2.840.10040.4.3": "dsa-sha1",
    "1.3.101.112": "ed25519",
    "1.3.101.113": "ed448",
}


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension: dotted identifier, whether critical, the bytes inside its OCTET STRING, and all of it as DER."""

    oid: str
    critical: bool
    value: bytes
    der: bytes


@dataclass(frozen=True)
class Certificate:
    """One X.509 certificate (RFC 5280 4.1). `spki` is the DER of its SubjectPublicKeyInfo.

    `signature_algorithm` is a name such as `rsa-sha256`, or a dotted identifier that we have no name for. `flaws` says
    in words what a strict reader would refuse.
    """

    der: bytes = field(repr=False)
    serial: int = field(compare=False)
    issuer: Name = field(compare=False, repr=False)
    subject: Name = field(compare=False)
    not_before: datetime = field(compare=False)
    not_after: datetime = field(compare=False)
    spki: bytes = field(compare=False, repr=False)
    signature_algorithm: str = field(compare=False)
    extensions: tuple[Extension, ...] = field(default=(), compare=False, repr=False)
    flaws: tuple[str, ...] = field(default=(), compare=False)
    tbs: bytes = field(default=b"", compare=False, repr=False)
    signature: bytes = field(default=b"", compare=False, repr=False)

    @classmethod
    def from_der(cls, data: bytes, name: str) -> Certificate:
        """Read exactly one certificate; *name* is how errors call the input.

        Raises:
            InputError: the bytes are no certificate.
        """
        if len(data) > LARGEST_CERTIFICATE:
            raise InputError(name, f"a certificate of {len(data)} bytes", f"the limit is {LARGEST_CERTIFICATE}")
        try:
            return _read_certificate(data)
        except ValueError as error:
            raise InputError(name, f"not a readable X.509 certificate ({error})", _REMEDY) from None

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the certificate, lower-case hex."""
        return hashlib.sha256(self.der).hexdigest()

    @cached_property
    def sha1(self) -> str:
        """SHA-1 of the certificate, lower-case hex; a name for it, never a proof."""
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest()

    @cached_property
    def spki_sha256(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, lower-case hex: the identity of the key."""
        return hashlib.sha256(self.spki).hexdigest()

    @cached_property
    def self_issued(self) -> bool:
        """Whether issuer and subject are the same bytes; says nothing about the signature."""
        return self.issuer.der == self.subject.der

    @property
    def label(self) -> str:
        """What to call it: the common name, else the whole subject, else the start of its hash."""
        return self.subject.label or f"certificate {self.sha256[:12]}"

    @cached_property
    def base64(self) -> str:
        """The certificate in base64 without line breaks, as SAML metadata carries it."""
        return base64.b64encode(self.der).decode()

    @property
    def pem(self) -> str:
        """The certificate in PEM, 64 columns, ending in a line break (RFC 7468)."""
        return write_pem("CERTIFICATE", self.der)

    def extension(self, oid: str) -> Extension | None:
        """The first extension of one kind."""
        return next((extension for extension in self.extensions if extension.oid == oid), None)


def _read_certificate(data: bytes) -> Certificate:
    tbs, outer, signature = der.read_all(data).expect(der.SEQUENCE).parts(3)
    fields = list(tbs.expect(der.SEQUENCE))
    if fields and fields[0].tag == der.context(0):  # the version; nothing here depends on it
        fields.pop(0)
    if len(fields) < _FIELDS:
        raise ValueError("fields are missing")
    serial, inner, issuer, validity, subject, spki, *rest = fields
    not_before, not_after = validity.expect(der.SEQUENCE).parts(2)
    names = Name(issuer.expect(der.SEQUENCE).der), Name(subject.expect(der.SEQUENCE).der)
    flaws: list[str] = []
    try:
        extensions = tuple(_read_extensions(rest))
    except ValueError as error:
        flaws.append(f"its extensions cannot be read ({error})")
        extensions = ()
    if inner.der != outer.der:
        flaws.append("it names two different signature algorithms")
    certificate = Certificate(
        der=data,
        serial=der.read_integer(serial),
        issuer=names[0],
        subject=names[1],
        not_before=der.read_time(not_before),
        not_after=der.read_time(not_after),
        spki=spki.expect(der.SEQUENCE).der,
        signature_algorithm=algorithm_name(outer),
        extensions=extensions,
        tbs=tbs.der,
        signature=der.read_bits(signature),
    )
    return replace(certificate, flaws=(*_flaws(certificate, len(serial.content)), *flaws))


def _flaws(certificate: Certificate, serial_bytes: int) -> Iterator[str]:
    if certificate.serial <= 0:
        yield f"its serial number {certificate.serial} is not positive"
    if serial_bytes > LONGEST_SERIAL:
        yield f"its serial number is longer than {LONGEST_SERIAL} bytes"
    countries = [name.get("C") for name in dict.fromkeys((certificate.subject, certificate.issuer))]
    for country in dict.fromkeys(countries):
        if country is not None and len(country) != _COUNTRY_LETTERS:
            yield f"its country {country!r} is not two letters"


def _read_extensions(fields: list[der.Element]) -> Iterator[Extension]:
    for part in fields:
        if part.tag != der.context(3):  # [1] and [2] are unique identifiers, which nobody uses
            continue
        for item in part.first().expect(der.SEQUENCE):
            oid, *flag, value = item.expect(der.SEQUENCE)
            critical = bool(flag) and flag[0].expect(der.BOOLEAN).content != b"\0"
            yield Extension(der.read_oid(oid), critical, value.expect(der.OCTET_STRING).content, item.der)


def algorithm_name(identifier: der.Element) -> str:
    """Name the signature algorithm of an AlgorithmIdentifier; a dotted identifier where we have no name.

    Raises:
        ValueError: it is no AlgorithmIdentifier.
    """
    oid, *parameters = identifier.expect(der.SEQUENCE)
    dotted = der.read_oid(oid)
    if dotted != _RSA_PSS:
        return SIGNATURES.get(dotted, dotted)
    for part in parameters[0] if parameters else ():
        if part.tag == der.context(0):  # hashAlgorithm, RFC 4055 3.1
            hashed = der.read_oid(part.first().first())
            return f"rsa-pss-{HASHES.get(hashed, hashed)}"
    return "rsa-pss-sha1"  # the default of RFC 4055 3.1


def read_certificates(data: bytes, name: str) -> tuple[Certificate, ...]:
    """Read every certificate of a file: PEM with anything around it, DER (one or several), or bare base64.

    Raises:
        InputError: there is none, or one of them cannot be read.
    """
    data = unwrap(data, name)
    found = list(_pem_certificates(data, name) if b"-----BEGIN " in data else _elements(data, name))
    many = len(found) > 1
    return tuple(
        Certificate.from_der(body, f"{name} (certificate {number})" if many else name)
        for number, body in enumerate(found, 1)
    )


def _pem_certificates(data: bytes, name: str) -> Iterator[bytes]:
    labels = set()
    for label, body in pem_blocks(data, name):
        labels.add(label)
        if label == "TRUSTED CERTIFICATE":  # OpenSSL's own: what the owner trusts it for stands behind it
            yield _first_element(body)
        elif label.endswith("CERTIFICATE"):
            yield body
    if not any(label.endswith("CERTIFICATE") for label in labels):
        what = "a certificate request, not a certificate" if any("REQUEST" in label for label in labels) else None
        raise InputError(name, what or "no whole CERTIFICATE block in it", _REMEDY)


def _first_element(data: bytes) -> bytes:
    try:
        return der.read(data).der
    except ValueError:
        return data  # the reader of certificates words what is wrong with it


def _elements(data: bytes, name: str) -> Iterator[bytes]:
    at, end = 0, len(data.rstrip(b"\r\n\0"))
    if not end:
        raise InputError(name, "it is empty", _REMEDY)
    for _ in range(MOST_IN_A_FILE):
        try:
            element = der.read(data, at).expect(der.SEQUENCE)
        except ValueError as error:
            raise InputError(name, f"not a certificate ({error})", _REMEDY) from None
        yield element.der
        at = element.end
        if at >= end:
            return
    raise InputError(name, f"more than {MOST_IN_A_FILE} certificates", "split the file")
