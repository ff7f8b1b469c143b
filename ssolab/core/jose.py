"""Compact signed tokens (JWS, RFC 7515): the algorithms, writing one, and reading one so that it has one meaning.

Reading judges nothing but the form. Which key has to fit, and what a header may say, is decided above (`oidc/checks`):
nothing in a token ever chooses how it is verified.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from binascii import Error as BinasciiError
from binascii import a2b_base64
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ssolab.core.algorithms import SIGNATURE_ALGORITHMS, PrivateKey, SignatureAlgorithm
from ssolab.core.findings import InputError
from ssolab.core.spki import PublicKey
from ssolab.core.strictjson import compact, parse_object
from ssolab.core.unreadable import empty_document, oversized_document
from ssolab.core.unreadable_tokens import encrypted_token, not_a_token, not_base64url, token_in_json_form

if TYPE_CHECKING:
    from collections.abc import Mapping

JosePrivateKey: TypeAlias = PrivateKey | ed25519.Ed25519PrivateKey

LARGEST_TOKEN: Final = 64 << 10
"""Characters of a compact token; honest ones have one to four thousand."""

_LARGEST_HEADER: Final = 16 << 10
_PLAIN_HEADERS: Final[dict[bytes, Mapping[str, Any]]] = {}
_MOST_PLAIN: Final = 256
_LARGEST_PLAIN: Final = 512
_PARTS: Final = 3
_PARTS_ENCRYPTED: Final = 5
_CURVES: Final = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
_STANDARD: Final = bytes.maketrans(b"-_+/", b"+/!!")


@dataclass(frozen=True)
class JoseAlgorithm:
    """One row of the table (RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2).

    `kind` is that of the key (`RSA`, `EC`, `Ed25519`) and `curve` the one curve that ECDSA goes with; `hash` is what
    `at_hash` and `c_hash` are made with.
    """

    name: str
    kind: str
    hash: str
    curve: str | None = None
    row: SignatureAlgorithm | None = field(default=None, repr=False, compare=False)

    @property
    def kty(self) -> str:
        """The key type of JWK (RFC 7518 6.1, RFC 8037 2)."""
        return "OKP" if self.kind == "Ed25519" else self.kind

    def fits(self, public: PublicKey) -> bool:
        """Say whether a key is of the kind, and on the curve, that the algorithm goes with."""
        return public.kind == self.kind and (self.curve is None or public.curve == self.curve)

    def sign(self, private: JosePrivateKey, data: bytes) -> bytes:
        """Sign *data* (not its digest).

        Raises:
            InputError: the key is of another kind or on another curve, or too small for the hash.
        """
        if isinstance(private, ed25519.Ed25519PrivateKey):
            if self.row is None:
                return private.sign(data)
        elif self.row is not None and _shape_of(private) == (self.kind, self.curve):
            return self.row.sign(private, data)
        what = f"{self.kind} on {self.curve}" if self.curve else self.kind
        raise InputError("key", f"it cannot sign with {self.name}", f"use a key of kind {what}")

    def verify(self, public: PublicKey, signature: bytes, data: bytes) -> bool:
        """Say whether *signature* over *data* fits the key; a key of another kind or curve never fits. Never raises."""
        if self.row is not None:
            return self.fits(public) and self.row.verify(public, signature, data)
        try:
            key = public.crypto
            if not isinstance(key, ed25519.Ed25519PublicKey):
                return False
            key.verify(signature, data)
        except (InvalidSignature, InputError, UnsupportedAlgorithm, ValueError):
            return False
        return True


def _shape_of(private: PrivateKey) -> tuple[str, str | None]:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return "EC", _CURVES.get(private.curve.name, private.curve.name)
    return "RSA", None


def _table() -> Mapping[str, JoseAlgorithm]:
    by_name = {row.name: row for row in SIGNATURE_ALGORITHMS.values()}
    rows = []
    for bits, curve in (("256", "P-256"), ("384", "P-384"), ("512", "P-521")):
        hashed = f"sha{bits}"
        rows.append(JoseAlgorithm(f"RS{bits}", "RSA", hashed, row=by_name[f"rsa-{hashed}"]))
        rows.append(JoseAlgorithm(f"PS{bits}", "RSA", hashed, row=by_name[f"rsa-pss-{hashed}"]))
        rows.append(JoseAlgorithm(f"ES{bits}", "EC", hashed, curve, row=by_name[f"ecdsa-{hashed}"]))
    # EdDSA is the older name of the same thing (RFC 9864 3.1); Ed25519 hashes with SHA-512 inside.
    rows += [JoseAlgorithm(name, "Ed25519", "sha512") for name in ("EdDSA", "Ed25519")]
    return MappingProxyType({row.name: row for row in rows})


ALGORITHMS: Final = _table()
"""Every signature algorithm that tokens are made and judged with, by its name in `alg`."""

HMAC_ALGORITHMS: Final = MappingProxyType({f"HS{bits}": f"sha{bits}" for bits in (256, 384, 512)})
"""What proves a shared secret and no key pair, by its name in `alg`, with its hash (RFC 7518 3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompactJws:
    """A token in its three parts. Nothing of it has been judged: whoever reads the payload verifies first.

    `signing_input` is what the signature covers: both first parts as they were sent, and the dot between them.
    """

    header: Mapping[str, Any]
    payload: bytes
    signature: bytes
    signing_input: bytes
    name: str


def public_of(private: JosePrivateKey) -> PublicKey:
    """Give the public half of a private key."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return PublicKey(private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def load_signing_key(data: bytes, name: str, password: bytes | None = None) -> JosePrivateKey:
    """Read the one private key of a file that is to sign tokens.

    Raises:
        PasswordError: it is encrypted, and the password is missing or wrong.
        InputError: there is no key, more than one, or one that signs no token.
    """
    from ssolab.core.keys import load_any_private_key

    private = load_any_private_key(data, name, password)
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise InputError(name, "its private key signs no token", "use an RSA, EC or Ed25519 key")
    return private


def algorithm_for(public: PublicKey) -> JoseAlgorithm:
    """Choose what a key signs with when nobody says: RS256, the ES of its curve, or EdDSA.

    Raises:
        InputError: no algorithm goes with such a key.
    """
    for name in ("RS256", "ES256", "ES384", "ES512", "EdDSA"):
        if ALGORITHMS[name].fits(public):
            return ALGORITHMS[name]
    raise InputError("key", f"a key of kind {public.text} signs no token", "use RSA, P-256, P-384, P-521 or Ed25519")


def algorithm_named(name: str) -> JoseAlgorithm:
    """Look up an algorithm that somebody configured.

    Raises:
        InputError: there is none of that name.
    """
    try:
        return ALGORITHMS[name]
    except KeyError:
        raise InputError(name, "no known algorithm of tokens", f"use one of {', '.join(ALGORITHMS)}") from None


def sign_compact(
    header: Mapping[str, Any], payload: Mapping[str, Any] | bytes, private: JosePrivateKey, alg: str
) -> str:
    """Write and sign a token (RFC 7515 3.1).

    `alg` stands in the header where *header* has it, else in front, and always says what signed. Other members keep
    their order. A payload that is given as bytes is signed as it is.

    Raises:
        InputError: the algorithm is unknown, or does not go with the key.
        ValueError: a number in the header or the claims is not finite.
    """
    algorithm = algorithm_named(alg)
    named = {**header, "alg": alg} if "alg" in header else {"alg": alg, **header}
    body = payload if isinstance(payload, bytes) else compact(payload)
    signing_input = f"{encode(compact(named))}.{encode(body)}"
    return f"{signing_input}.{encode(algorithm.sign(private, signing_input.encode()))}"


def read_compact(token: str | bytes, name: str) -> CompactJws:
    """Read a compact token strictly (RFC 7515 5.2, steps 1 to 7), without judging anything.

    Args:
        token: three parts of canonical base64url; white space around it is for the caller to take off.
        name: what errors call the token.

    Raises:
        InputError: it is empty or too large, encrypted, in a JSON form or no token at all, a part is not canonical
            base64url, or the header is no strict JSON object.
    """
    if len(token) > LARGEST_TOKEN:
        raise oversized_document(name, f"a token of {len(token):,} characters, and the limit is {LARGEST_TOKEN:,}")
    try:
        data = token.encode("ascii") if isinstance(token, str) else bytes(token)
    except UnicodeEncodeError:
        raise not_a_token(name, "a token is ASCII, and this is not") from None
    parts = data.split(b".")
    if len(parts) != _PARTS or data[:1] == b"{":
        raise _not_three_parts(data, parts, name)
    first, second, third = parts
    if len(first) > _LARGEST_HEADER:
        raise oversized_document(name, f"a header of {len(first):,} characters, and the limit is {_LARGEST_HEADER:,}")
    return CompactJws(
        header=_PLAIN_HEADERS.get(first) or _header(first, name),
        payload=decode(second, name, "the payload"),
        signature=decode(third, name, "the signature"),
        signing_input=data[: len(first) + 1 + len(second)],
        name=name,
    )


def _header(text: bytes, name: str) -> Mapping[str, Any]:
    """Read a header, and keep it where it is plain and short: an issuer writes the same one into every token."""
    header = MappingProxyType(parse_object(decode(text, name, "the header"), f"{name} (header)"))
    if len(text) <= _LARGEST_PLAIN and all(type(value) is str for value in header.values()):
        if len(_PLAIN_HEADERS) >= _MOST_PLAIN:
            _PLAIN_HEADERS.clear()
        _PLAIN_HEADERS[text] = header
    return header


def encode(data: bytes) -> str:
    """Write base64url without padding (RFC 7515 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: bytes, name: str, what: str) -> bytes:
    """Read canonical base64url: no padding, no other alphabet, no white space, no bits to spare.

    Raises:
        InputError: it is anything else; *what* says which part of the token *name*.
    """
    try:
        data = a2b_base64(text.translate(_STANDARD) + b"=" * (-len(text) % 4), strict_mode=True)
    except BinasciiError:
        raise not_base64url(name, what, _why(text)) from None
    if urlsafe_b64encode(data).rstrip(b"=") != text:
        raise not_base64url(name, what, _why(text))
    return data


def half_hash(alg: str, value: str) -> str:
    """Make `at_hash` or `c_hash` (OpenID Connect Core 3.1.3.6): the left half of the hash that *alg* has, in base64url.

    Raises:
        InputError: the algorithm is unknown.
    """
    hashed = HMAC_ALGORITHMS[alg] if alg in HMAC_ALGORITHMS else algorithm_named(alg).hash
    whole = hashlib.new(hashed, value.encode()).digest()
    return encode(whole[: len(whole) // 2])


def _why(text: bytes) -> str:
    if b"=" in text:
        return "it is padded"
    if b"+" in text or b"/" in text:
        return "it is in the alphabet of plain base64"
    if text.split() != [text]:
        return "there is white space in it" if text else "there is nothing"
    if len(text) % 4 == 1:
        return "a character is missing or too many"
    if not text.replace(b"-", b"").replace(b"_", b"").isalnum():
        return "there are other characters in it"
    return "its last character carries bits that mean nothing"


def _not_three_parts(data: bytes, parts: list[bytes], name: str) -> InputError:
    if not data.strip():
        return empty_document(name, "give a token")
    if data.lstrip()[:1] == b"{":
        return token_in_json_form(name)
    if len(parts) == _PARTS_ENCRYPTED:
        return encrypted_token(name)
    return not_a_token(
        name, f"it has {len(parts)} part{'s' * (len(parts) != 1)}, and a token has three with dots between"
    )
