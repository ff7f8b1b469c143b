"""Certificates made byte by byte, because the ones to rehearse with break rules that builders insist on.

Salesforce writes a three-letter country, and a twin has to carry names over as they were encoded. A certificate made
with RSA PKCS#1 v1.5 depends on its arguments alone, so the sample lab can be written again and again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from ssolab.core import der
from ssolab.core.algorithms import SIGNATURE_ALGORITHMS, signature_algorithm_for
from ssolab.core.certs import LONGEST_SERIAL, SIGNATURES, Certificate, Extension
from ssolab.core.findings import DefectError, InputError
from ssolab.core.keys import PrivateKey, PublicKey, spki_of
from ssolab.core.names import Name, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

__all__ = [
    "Name",
    "Twin",
    "authority_key_identifier",
    "basic_constraints",
    "extension",
    "is_self_signed",
    "key_identifier",
    "name_of",
    "self_signed",
    "subject_key_identifier",
    "twin",
]

SUBJECT_KEY_IDENTIFIER: Final = "2.5.29.14"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
AUTHORITY_KEY_IDENTIFIER: Final = "2.5.29.35"
_KEY_ID, _ISSUER, _SERIAL = 0x80, 0xA1, 0x82  # the fields of an AuthorityKeyIdentifier, RFC 5280 4.2.1.1
_DIRECTORY_NAME = 0xA4
_DEEPEST = 32
_ALGORITHMS = {row.name: row for row in SIGNATURE_ALGORITHMS.values()}
_IDENTIFIERS = {name: oid for oid, name in SIGNATURES.items()}


@dataclass(frozen=True)
class Twin:
    """A certificate that mirrors another over a fresh key, and in words what could not be carried over."""

    certificate: Certificate
    replaced: tuple[str, ...]


def extension(oid: str, value: bytes, *, critical: bool = False) -> Extension:
    """Make an extension of the DER that belongs inside its OCTET STRING."""
    flag = der.write(der.BOOLEAN, b"\xff") if critical else b""
    encoded = der.write(der.SEQUENCE, der.write_oid(oid), flag, der.write(der.OCTET_STRING, value))
    return Extension(oid, critical, value, encoded)


def key_identifier(spki: bytes) -> bytes:
    """Return the SHA-1 of the key bits, method 1 of RFC 5280 4.2.1.2."""
    _, bits = der.read_all(spki).parts(2)
    return hashlib.sha1(der.read_bits(bits), usedforsecurity=False).digest()


def subject_key_identifier(spki: bytes) -> Extension:
    """Make the extension that says which key the certificate is for."""
    return extension(SUBJECT_KEY_IDENTIFIER, der.write(der.OCTET_STRING, key_identifier(spki)))


def authority_key_identifier(spki: bytes, issuer: Name | None = None, serial: int | None = None) -> Extension:
    """Make the extension that says which key signed, by key and, where given, by issuer name and serial number too."""
    parts = [der.write(_KEY_ID, key_identifier(spki))]
    if issuer is not None and serial is not None:
        parts.append(der.write(_ISSUER, der.write(_DIRECTORY_NAME, issuer.der)))
        parts.append(der.write(_SERIAL, der.read_all(der.write_integer(serial)).content))
    return extension(AUTHORITY_KEY_IDENTIFIER, der.write(der.SEQUENCE, *parts))


def basic_constraints(*, ca: bool, critical: bool = True) -> Extension:
    """Make the extension that says whether the key may sign certificates; explicit key trust never asks."""
    value = der.write(der.SEQUENCE, der.write(der.BOOLEAN, b"\xff") if ca else b"")
    return extension(BASIC_CONSTRAINTS, value, critical=critical)


def self_signed(  # noqa: PLR0913 -- the fields of a certificate
    *,
    private: PrivateKey | ed25519.Ed25519PrivateKey,
    subject: Name,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    issuer: Name | None = None,
    extensions: Sequence[Extension] = (),
    hash: str = "sha256",  # noqa: A002 -- the word of the standards
) -> Certificate:
    """Make a certificate that the private key signs itself, whatever *issuer* it names (default: the subject).

    Deterministic with an RSA key; dates are cut to the second.

    Raises:
        InputError: the hash is unknown, or the key too small for it.
    """
    spki = spki_of(private)
    algorithm, sign = _sealing(private, hash)
    fields = [
        der.write(der.context(0), der.write_integer(2)),  # version 3
        der.write_integer(serial),
        algorithm,
        (issuer or subject).der,
        der.write(der.SEQUENCE, der.write_time(not_before), der.write_time(not_after)),
        subject.der,
        spki,
    ]
    if extensions:
        fields.append(der.write(der.context(3), der.write(der.SEQUENCE, *(one.der for one in extensions))))
    tbs = der.write(der.SEQUENCE, *fields)
    signature = der.write_bits(sign(tbs))
    return Certificate.from_der(der.write(der.SEQUENCE, tbs, algorithm, signature), "new certificate")


def _sealing(
    private: PrivateKey | ed25519.Ed25519PrivateKey,
    hash: str,  # noqa: A002 -- as above
) -> tuple[bytes, Callable[[bytes], bytes]]:
    """Give the identifier of the algorithm by which a key signs certificates, and what signs."""
    if isinstance(private, ed25519.Ed25519PrivateKey):  # its hash is inside (RFC 8410 3)
        return der.write(der.SEQUENCE, der.write_oid(_IDENTIFIERS["ed25519"])), private.sign
    row = signature_algorithm_for(PublicKey(spki_of(private)), hash)
    parameters = der.write(der.NULL) if row.kind == "RSA" else b""  # RFC 3279 2.2.1 and 2.2.3
    identifier = der.write(der.SEQUENCE, der.write_oid(_IDENTIFIERS[row.name]), parameters)
    if isinstance(private, ec.EllipticCurvePrivateKey):  # a certificate has DER where XML has r and s side by side
        hashed = ec.ECDSA(row.hasher)
        return identifier, lambda tbs: private.sign(tbs, hashed)
    return identifier, lambda tbs: row.sign(private, tbs)


def is_self_signed(certificate: Certificate) -> bool | None:
    """Say whether the certificate's own key made its signature; None where that cannot be checked."""
    row = _ALGORITHMS.get(certificate.signature_algorithm)
    public = PublicKey(certificate.spki)
    if row is None or public.kind not in {"RSA", "EC"}:
        return None
    if row.kind != public.kind:
        return False
    try:
        key = public.crypto
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(certificate.signature, certificate.tbs, ec.ECDSA(row.hasher))
        elif isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(row.hasher), padding.PSS.AUTO)  # in certificates any length of salt is met
            key.verify(certificate.signature, certificate.tbs, pss if row.pss else padding.PKCS1v15(), row.hasher)
    except InvalidSignature:
        return False
    except (InputError, UnsupportedAlgorithm, ValueError):
        return None
    return True


def twin(certificate: Certificate, private: PrivateKey | ed25519.Ed25519PrivateKey) -> Twin:
    """Mirror a certificate over another key: names byte for byte, dates, serial number and extensions.

    The identifiers of the keys are made anew, and the signature is the twin's own, with SHA-256. A serial number that
    RFC 5280 forbids gives way to one derived from the original, an extension that cannot be read is left out.
    """
    replaced: list[str] = []
    serial = certificate.serial
    if serial <= 0 or serial.bit_length() >= 8 * LONGEST_SERIAL:
        serial = int.from_bytes(hashlib.sha256(certificate.der).digest()[:16]) >> 1 | 1
        rule = f"one has to be positive and of at most {LONGEST_SERIAL} bytes"
        replaced.append(f"serial number {certificate.serial:x} became {serial:x}: {rule}")
    extensions = tuple(_mirrored(certificate, spki_of(private), serial, replaced))
    made = self_signed(
        private=private,
        subject=certificate.subject,
        issuer=certificate.issuer,
        serial=serial,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        extensions=extensions,
    )
    if made.signature_algorithm != certificate.signature_algorithm:
        change = f"{certificate.signature_algorithm} became {made.signature_algorithm}"
        replaced.append(f"signature algorithm {change}: a twin signs itself with SHA-256")
    if (made.not_before, made.not_after) != (certificate.not_before, certificate.not_after):
        raise DefectError("a twin has other dates than its original")
    replaced.extend(flaw for flaw in certificate.flaws if "extensions cannot be read" in flaw)
    return Twin(made, tuple(replaced))


def _mirrored(original: Certificate, spki: bytes, serial: int, replaced: list[str]) -> Iterator[Extension]:
    seen: set[str] = set()
    for one in original.extensions:
        if one.oid in seen:
            replaced.append(f"extension {one.oid} stands twice: the second was left out")
        elif one.oid == SUBJECT_KEY_IDENTIFIER:
            yield extension(one.oid, subject_key_identifier(spki).value, critical=one.critical)
        elif not _readable(one.value):
            replaced.append(f"extension {one.oid} was left out: it cannot be read")
        elif one.oid == AUTHORITY_KEY_IDENTIFIER:
            parts = _authority(der.read_all(one.value), original, spki, serial)
            yield extension(one.oid, der.write(der.SEQUENCE, *parts), critical=one.critical)
        else:
            yield one
        seen.add(one.oid)


def _authority(parts: Iterable[der.Element], original: Certificate, spki: bytes, serial: int) -> Iterator[bytes]:
    for part in parts:
        own = original.self_issued and int.from_bytes(part.content, signed=True) == original.serial
        if part.tag == _KEY_ID:
            yield der.write(_KEY_ID, key_identifier(spki))
        elif part.tag == _SERIAL and own:
            yield der.write(_SERIAL, der.read_all(der.write_integer(serial)).content)
        else:
            yield part.der


def _readable(value: bytes) -> bool:
    """Say whether the bytes are one well-formed element, all the way down."""
    try:
        waiting = [(der.read_all(value), 0)]
        while waiting:
            element, depth = waiting.pop()
            if depth > _DEEPEST:
                return False
            if element.constructed:
                waiting.extend((inner, depth + 1) for inner in element)
    except ValueError:
        return False
    return True
