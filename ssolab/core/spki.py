"""Public keys. What kind one is gets read without a library, so that what the library refuses can still be shown."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from ssolab.core import der
from ssolab.core.findings import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

LARGEST_KEY = 16_384
"""Bits. A larger RSA key makes one verification cost seconds."""

_CURVES = {
    "1.2.840.10045.3.1.7": ("P-256", 256),
    "1.3.132.0.34": ("P-384", 384),
    "1.3.132.0.35": ("P-521", 521),
    "1.3.132.0.10": ("secp256k1", 256),
}
_KINDS = {
    "1.2.840.113549.1.1.1": "RSA",
    "1.2.840.113549.1.1.10": "RSA",  # a key that may only make PSS signatures, RFC 4055 1.2
    "1.2.840.10045.2.1": "EC",
    "1.2.840.10040.4.1": "DSA",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}
_EDWARDS_BITS = {"Ed25519": 256, "Ed448": 456}


def shape_of(spki: bytes) -> tuple[str, int, str | None]:
    """Read kind, bits and, for EC, the curve of a SubjectPublicKeyInfo (RFC 5280 4.1.2.7, RFC 3279 2.3).

    The kind is `unreadable` where the bytes are no such thing, and dotted where we have no name for it. Bits are 0
    where they cannot be read.
    """
    try:
        algorithm, bits = der.read_all(spki).parts(2)
        oid, *parameters = algorithm
        dotted = der.read_oid(oid)
        kind = _KINDS.get(dotted, dotted)
        if kind == "RSA":
            modulus, _ = der.read_all(der.read_bits(bits)).parts(2)
            return kind, der.read_integer(modulus).bit_length(), None
        if kind == "EC":
            named = der.read_oid(parameters[0]) if parameters and parameters[0].tag == der.OID else "own parameters"
            curve, size = _CURVES.get(named, (named, 0))
            return kind, size, curve
        if kind == "DSA" and parameters:
            return kind, der.read_integer(parameters[0].first()).bit_length(), None
    except ValueError:
        return "unreadable", 0, None
    return kind, _EDWARDS_BITS.get(kind, 0), None


def exponent_of(spki: bytes) -> int | None:
    """Read the public exponent of an RSA SubjectPublicKeyInfo (RFC 3279 2.3.1), also one that the library refuses."""
    try:
        _, bits = der.read_all(spki).parts(2)
        _, exponent = der.read_all(der.read_bits(bits)).parts(2)
        return der.read_integer(exponent)
    except ValueError:
        return None


@dataclass(frozen=True)
class PublicKey:
    """A public key as the DER of its SubjectPublicKeyInfo (RFC 5280 4.1.2.7)."""

    spki: bytes

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo, lower-case hex: the identity of the key."""
        return hashlib.sha256(self.spki).hexdigest()

    @cached_property
    def _shape(self) -> tuple[str, int, str | None]:
        return shape_of(self.spki)

    @property
    def kind(self) -> str:
        """`RSA`, `EC`, another name, or the dotted identifier of a kind that we have no name for."""
        return self._shape[0]

    @property
    def bits(self) -> int:
        """Length of the modulus or of the order of the curve; 0 where it cannot be read."""
        return self._shape[1]

    @property
    def curve(self) -> str | None:
        """Name of the curve of an EC key, such as `P-256`."""
        return self._shape[2]

    @property
    def text(self) -> str:
        """The key for people: `RSA 2048`, `EC P-256`."""
        return f"{self.kind} {self.curve or self.bits or ''}".rstrip()

    @cached_property
    def crypto(self) -> PublicKeyTypes:
        """The key as `cryptography` knows it.

        Raises:
            InputError: it is larger than the limit, its exponent makes it no RSA key, or the library refuses it.
        """
        name = f"key {self.sha256[:16]}"
        if self.bits > LARGEST_KEY:
            raise InputError(name, f"a key of {self.bits} bits", f"the limit is {LARGEST_KEY} bits")
        exponent = exponent_of(self.spki) if self.kind == "RSA" else None
        # RFC 8017 3.1. Asked here, since older releases of the library take 1, with which anybody can sign.
        if exponent is not None and (exponent < 3 or exponent % 2 == 0):  # noqa: PLR2004  the smallest that is allowed
            problem = "no usable public key (its exponent is less than 3 or even)"
            raise InputError(name, problem, "ask for a new certificate")
        try:
            return serialization.load_der_public_key(self.spki)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise InputError(name, f"no usable public key ({first_line(error)})", "ask for a new certificate") from None

    def __repr__(self) -> str:
        """Show what the key is called by."""
        return f"PublicKey({self.text}, sha256={self.sha256})"


def first_line(error: Exception) -> str:
    """Cut what a library says to one short line."""
    return str(error).partition("\n")[0][:120]
