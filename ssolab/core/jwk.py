"""Public keys as JSON Web Keys (RFC 7517): writing them, naming them by their thumbprint, and trusting them.

A JWK is an envelope around a key, as a certificate is; trust goes to the key. What surrounds it (kid, alg, use,
key_ops) only helps to choose among keys that are trusted already.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ssolab.core.findings import InputError
from ssolab.core.jose import encode
from ssolab.core.keys import PublicKey
from ssolab.core.strictjson import compact

if TYPE_CHECKING:
    from ssolab.core.certs import Certificate

CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
"""The curves of ES256, ES384 and ES512 by their name in `crv` (RFC 7518 6.2.1.1)."""

_SHOWN_HASH: Final = 16


@dataclass(frozen=True, kw_only=True)
class TrustedJwk:
    """A public key that somebody declared for tokens, with what was said beside it.

    `kid` None means that the key has no name, so that a token's `kid` cannot speak against it. `pinned` marks a key
    that was given by hand (a certificate, a public key) and did not come out of a set: several of them are tried one
    after the other where a token does not say which it means. `source` says for people where it was declared.
    """

    public: PublicKey
    kid: str | None = None
    alg: str | None = None
    use: str | None = None
    key_ops: tuple[str, ...] = ()
    certificate: Certificate | None = None
    pinned: bool = False
    source: str = ""

    @classmethod
    def of(cls, certificate: Certificate, source: str = "", *, kid: str | None = None) -> TrustedJwk:
        """Pin the key of a certificate."""
        return cls(public=PublicKey(certificate.spki), kid=kid, certificate=certificate, pinned=True, source=source)

    @property
    def text(self) -> str:
        """The key for people: what it is called, what it is, where it was declared."""
        name = f"kid {self.kid}" if self.kid is not None else self.certificate.label if self.certificate else "no kid"
        words = [name, self.public.text, *([f"from {self.source}"] if self.source else [])]
        return f"{', '.join(words)} (SPKI {self.public.sha256[:_SHOWN_HASH]})"


def thumbprint(public: PublicKey) -> str:
    """Give the SHA-256 thumbprint of a key in base64url (RFC 7638 3): a `kid` that two sides find without agreeing.

    Raises:
        InputError: the key is of a kind that no JWK is written for.
    """
    members = _members(public)
    required = {name: members[name] for name in sorted(members)}
    return encode(hashlib.sha256(compact(required)).digest())


def jwk_of(  # noqa: PLR0913  a JWK has this many members
    public: PublicKey,
    *,
    kid: str | None = None,
    alg: str | None = None,
    use: str | None = "sig",
    certificate: Certificate | None = None,
    x5c: bool = False,
) -> dict[str, Any]:
    """Write a public key as a JWK, in the order of Salesforce: the key, then `alg`, `use` and `kid`.

    Args:
        public: the key; only public members are ever written.
        kid: its name; left out, the thumbprint of RFC 7638.
        alg: the algorithm that it is for, where it is for one.
        use: `sig`, `enc` or None for no such member.
        certificate: the certificate around the key.
        x5c: whether to write the certificate and its `x5t#S256` as well.

    Raises:
        InputError: the key is of a kind that no JWK is written for.
    """
    written: dict[str, Any] = _members(public)
    if alg is not None:
        written["alg"] = alg
    if use is not None:
        written["use"] = use
    written["kid"] = thumbprint(public) if kid is None else kid
    if x5c and certificate is not None:
        written["x5c"] = [base64.b64encode(certificate.der).decode()]
        written["x5t#S256"] = encode(hashlib.sha256(certificate.der).digest())
    return written


def _members(public: PublicKey) -> dict[str, str]:
    """Write the members that make the key (RFC 7518 6.2.1 and 6.3.1, RFC 8037 2)."""
    key = public.crypto
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _integer(numbers.n), "e": _integer(numbers.e)}
    if isinstance(key, ec.EllipticCurvePublicKey) and public.curve in CURVES:
        width = (key.curve.key_size + 7) // 8
        point = key.public_numbers()
        return {
            "kty": "EC",
            "crv": str(public.curve),
            "x": encode(point.x.to_bytes(width)),
            "y": encode(point.y.to_bytes(width)),
        }
    if isinstance(key, ed25519.Ed25519PublicKey):
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": encode(raw)}
    what = f"a key of kind {public.text} has no JWK here"
    raise InputError(f"key {public.sha256[:_SHOWN_HASH]}", what, "use RSA, P-256, P-384, P-521 or Ed25519")


def _integer(number: int) -> str:
    return encode(number.to_bytes((number.bit_length() + 7) // 8))
