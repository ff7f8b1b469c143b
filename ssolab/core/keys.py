"""Keys: public ones that are trusted, private ones that sign, and what is allowed although it is weak.

A party's key is its SubjectPublicKeyInfo and nothing else; a certificate is what the key happened to arrive in. This is
the one module below the edges that makes something random: private keys.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ssolab.core.algorithms import (
    DIGESTS,
    SIGNATURE_ALGORITHMS,
    PrivateKey,
    SignatureAlgorithm,
    digest_uri,
    signature_algorithm_for,
)
from ssolab.core.findings import InputError, PasswordError
from ssolab.core.pem import LARGEST_FILE, has_headers, pem_blocks, unwrap
from ssolab.core.spki import LARGEST_KEY, PublicKey, first_line

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from ssolab.core.certs import Certificate

__all__ = [
    "DIGESTS",
    "LARGEST_KEY",
    "SIGNATURE_ALGORITHMS",
    "Permission",
    "PrivateKey",
    "PublicKey",
    "SignatureAlgorithm",
    "SigningCredential",
    "TrustedKey",
    "credential_from",
    "digest_uri",
    "load_any_private_key",
    "load_private_key",
    "new_private_key",
    "new_private_key_like",
    "private_key_from_der",
    "private_key_pem",
    "signature_algorithm_for",
    "spki_of",
]

_ENCRYPTED = "ENCRYPTED PRIVATE KEY"
_LARGEST_NEW = 8192  # bits; a larger RSA key takes minutes to make
_NEW_CURVES: dict[int, ec.EllipticCurve] = {256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}


class Permission(enum.StrEnum):
    """Weak things that are refused unless their name is given, and reported all the same."""

    SHA1 = "sha1"
    RSA1024 = "rsa1024"
    RSA15 = "rsa15"
    INCLUSIVE_C14N = "inclusive-c14n"


@dataclass(frozen=True, kw_only=True)
class TrustedKey:
    """A public key that somebody declared, with what is known of where.

    `holder` is the entityID of the party whose key it is, `source` says for people where it was declared, `use` is
    `signing`, `encryption` or None for both.
    """

    public: PublicKey
    certificate: Certificate | None = None
    holder: str | None = None
    source: str = ""
    use: str | None = None

    @classmethod
    def of(
        cls, certificate: Certificate, holder: str | None = None, source: str = "", use: str | None = None
    ) -> TrustedKey:
        """Trust the key of a certificate."""
        return cls(public=PublicKey(certificate.spki), certificate=certificate, holder=holder, source=source, use=use)


@dataclass(frozen=True, kw_only=True)
class SigningCredential:
    """A private key with the certificate it is known by. The private key never shows in its text."""

    private: PrivateKey = field(repr=False)
    certificate: Certificate
    label: str

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(self.certificate.spki)

    def algorithm(self, hash: str = "sha256", *, pss: bool = False) -> SignatureAlgorithm:  # noqa: A002 -- the word of the standards
        """Choose what this key signs with.

        Raises:
            InputError: no algorithm fits the key and the hash.
        """
        return signature_algorithm_for(self.public, hash, pss=pss)


def credential_from(private: PrivateKey, certificate: Certificate, label: str) -> SigningCredential:
    """Join a private key and its certificate.

    Raises:
        InputError: the certificate is for another key.
    """
    if spki_of(private) != certificate.spki and _numbers(private) != _numbers_of(certificate):
        raise InputError(
            label, "the private key does not belong to the certificate", "give the pair that belongs together"
        )
    return SigningCredential(private=private, certificate=certificate, label=label)


def _numbers(private: PrivateKey) -> object:
    return private.public_key().public_numbers()


def _numbers_of(certificate: Certificate) -> object:
    public = PublicKey(certificate.spki).crypto
    return public.public_numbers() if isinstance(public, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)) else None


def spki_of(private: PrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    """Return the DER of the SubjectPublicKeyInfo that belongs to a private key."""
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def new_private_key(kind: str = "RSA", bits: int = 2048) -> PrivateKey:
    """Make a private key: RSA of 1024 to 16384 bits, or EC of 256, 384 or 521 (P-256, P-384, P-521).

    Raises:
        InputError: no such key can be made.
    """
    if kind == "RSA" and 1024 <= bits <= LARGEST_KEY:  # noqa: PLR2004 -- the smallest that the 2012 renewal needs
        return rsa.generate_private_key(public_exponent=65537, key_size=bits)
    if kind == "EC" and bits in _NEW_CURVES:
        return ec.generate_private_key(_NEW_CURVES[bits])
    raise InputError(
        f"{kind} {bits}", "no such key can be made", "use RSA of 1024 to 16384 bits or EC of 256, 384 or 521"
    )


def tiny_private_key() -> PrivateKey:
    """Make a private key on secp192r1, a curve too small to sign for anybody: for messages that are to be refused."""
    return ec.generate_private_key(ec.SECP192R1())


def new_private_key_like(public: PublicKey) -> tuple[PrivateKey, tuple[str, ...]]:
    """Make a private key of the kind and size of another, and say in words where that could not be.

    RSA of an odd size becomes the next multiple of 256 bits between 1024 and 8192; what is neither RSA nor a curve of
    NIST becomes P-256.
    """
    if public.kind == "RSA":
        bits = min(max(-(-public.bits // 256) * 256, 1024), _LARGEST_NEW)
        said = () if bits == public.bits else (f"key of {public.bits} bits became one of {bits}",)
        return new_private_key("RSA", bits), said
    if public.curve in {"P-256", "P-384", "P-521"}:
        return new_private_key("EC", public.bits), ()
    return new_private_key("EC", 256), (f"key of kind {public.text} became EC P-256",)


def new_token_key_like(public: PublicKey) -> PrivateKey | ed25519.Ed25519PrivateKey:
    """Make a private key like another one, of Ed25519 too, by which tokens are signed and XML is not."""
    if public.kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return new_private_key_like(public)[0]


def private_key_pem(private: PrivateKey) -> bytes:
    """Write a private key as unencrypted PKCS#8 PEM, for a file that only its owner may read."""
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_private_key(data: bytes, name: str, password: bytes | None = None) -> PrivateKey:
    """Read the one private key of a PEM (anything may stand around it), DER or base64 file.

    Loading checks the numbers of an RSA key, which costs tens of milliseconds: load once.

    Raises:
        PasswordError: it is encrypted, and the password is missing or wrong.
        InputError: there is no key, more than one, or one that cannot sign.
    """
    return _rsa_or_ec(load_any_private_key(data, name, password), name)


def load_any_private_key(data: bytes, name: str, password: bytes | None = None) -> PrivateKeyTypes:
    """Read the one private key of a file, of whatever kind: tokens are signed with more kinds than XML is.

    Raises:
        PasswordError: it is encrypted, and the password is missing or wrong.
        InputError: there is no key, or more than one.
    """
    data = unwrap(data, name)
    if b"-----BEGIN " not in data:
        return _any_from_der(data, name, password)
    blocks = [(label, body) for label, body in pem_blocks(data, name) if label.endswith("PRIVATE KEY")]
    if not blocks:
        raise InputError(name, "no whole PRIVATE KEY block in it", "give the file that holds the private key")
    if len(blocks) > 1:
        raise InputError(name, f"{len(blocks)} private keys in it", "give a file with one")
    label, body = blocks[0]
    # The old OpenSSL encryption keeps its parameters in headers, which the library reads itself; PKCS#8 has none.
    if has_headers(body) and label != _ENCRYPTED:
        body = b"-----BEGIN %b-----%b-----END %b-----\n" % (label.encode(), body, label.encode())
    return _any_from_der(body, name, password)


def private_key_from_der(data: bytes, name: str, password: bytes | None = None) -> PrivateKey:
    """Read a private key in PKCS#8 (encrypted or not), PKCS#1 or SEC 1.

    Raises:
        PasswordError: it is encrypted, and the password is missing or wrong.
        InputError: it is no private key, or one that cannot sign.
    """
    return _rsa_or_ec(_any_from_der(data, name, password), name)


def _any_from_der(data: bytes, name: str, password: bytes | None = None) -> PrivateKeyTypes:
    if len(data) > LARGEST_FILE:
        raise InputError(name, f"{len(data)} bytes", f"the limit is {LARGEST_FILE >> 20} MB")
    if password:
        from ssolab.core.pbe import Budget, claimed_rounds  # few keys are encrypted, and it loads old ciphers

        Budget(name).spend(claimed_rounds(data))
    load = serialization.load_pem_private_key if data.startswith(b"-----") else serialization.load_der_private_key
    try:
        try:
            private = load(data, password or None)
        except TypeError:
            if not password:
                raise PasswordError(name, "the private key is encrypted", "give its password") from None
            private = load(data, None)  # a password was given, but the key is in the clear
    except (ValueError, UnsupportedAlgorithm) as error:
        if password:
            raise PasswordError(name, "the password does not open the private key", "check it, or the file") from None
        raise InputError(name, f"no readable private key ({first_line(error)})", "give PEM or DER") from None
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size > LARGEST_KEY:
        raise InputError(name, f"a key of {private.key_size} bits", f"the limit is {LARGEST_KEY} bits")
    return private


def _rsa_or_ec(private: PrivateKeyTypes, name: str) -> PrivateKey:
    if not isinstance(private, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise InputError(name, "its private key is neither RSA nor EC", "use an RSA or EC key")
    return private
