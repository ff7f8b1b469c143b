"""What kind of key a SubjectPublicKeyInfo holds, read without a library: what one refuses can still be shown."""

from __future__ import annotations

from ssolab.core import der

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
            return kind, der.read_integer(parameters[0].only()).bit_length(), None
    except ValueError:
        return "unreadable", 0, None
    return kind, _EDWARDS_BITS.get(kind, 0), None
