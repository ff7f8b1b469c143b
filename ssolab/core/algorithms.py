"""The signature and digest algorithms of SAML messages: one table from URI to something that signs and verifies."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from ssolab.core.findings import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.core.spki import PublicKey

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_MORE_2001 = "http://www.w3.org/2001/04/xmldsig-more#"
_MORE_2007 = "http://www.w3.org/2007/05/xmldsig-more#"
_XENC = "http://www.w3.org/2001/04/xmlenc#"

_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1(),  # noqa: S303 -- old partners still sign so; core/keys.Permission decides whether it counts
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_PKCS1: Final = padding.PKCS1v15()


@dataclass(frozen=True)
class SignatureAlgorithm:
    """One row of the table: `kind` is `RSA` or `EC`, `hash` a value of `DIGESTS`; `pss` means RSASSA-PSS with MGF1.

    ECDSA values are r and s side by side, each as wide as the order of the curve (XML Signature 1.1, 6.4.3).
    """

    uri: str
    name: str
    kind: str
    hash: str
    pss: bool = False
    _hash: hashes.HashAlgorithm = field(init=False, repr=False, compare=False)
    _padding: padding.AsymmetricPadding = field(init=False, repr=False, compare=False)
    _ecdsa: ec.ECDSA = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare everything that does not depend on the key, so that a call costs little beside it."""
        hashed = _HASHES[self.hash]
        object.__setattr__(self, "_hash", hashed)
        # the salt is as long as the digest: RFC 9231 2.3.10
        pss = padding.PSS(mgf=padding.MGF1(hashed), salt_length=hashed.digest_size)
        object.__setattr__(self, "_padding", pss if self.pss else _PKCS1)
        object.__setattr__(self, "_ecdsa", ec.ECDSA(hashed))

    @property
    def hasher(self) -> hashes.HashAlgorithm:
        """The hash as `cryptography` knows it."""
        return self._hash

    def sign(self, private: PrivateKey, data: bytes) -> bytes:
        """Sign *data* (not its digest).

        Raises:
            InputError: the key is of another kind, or too small for the hash.
        """
        if isinstance(private, rsa.RSAPrivateKey) and self.kind == "RSA":
            try:
                return private.sign(data, self._padding, self._hash)
            except ValueError as error:
                raise InputError("key", f"it cannot sign with {self.name} ({error})", "use a larger key") from None
        if isinstance(private, ec.EllipticCurvePrivateKey) and self.kind == "EC":
            width = (private.curve.key_size + 7) // 8
            r, s = utils.decode_dss_signature(private.sign(data, self._ecdsa))
            return r.to_bytes(width) + s.to_bytes(width)
        raise InputError("key", f"it cannot sign with {self.name}", f"use a key of kind {self.kind}")

    def verify(self, public: PublicKey, signature: bytes, data: bytes) -> bool:
        """Say whether *signature* over *data* fits the key; a key of another kind never fits. Never raises."""
        try:
            key = public.crypto
            if isinstance(key, rsa.RSAPublicKey) and self.kind == "RSA":
                key.verify(signature, data, self._padding, self._hash)
            elif isinstance(key, ec.EllipticCurvePublicKey) and self.kind == "EC":
                width = (key.curve.key_size + 7) // 8
                if len(signature) != 2 * width:
                    return False
                r, s = int.from_bytes(signature[:width]), int.from_bytes(signature[width:])
                key.verify(utils.encode_dss_signature(r, s), data, self._ecdsa)
            else:
                return False
        except (InvalidSignature, InputError, UnsupportedAlgorithm, ValueError):
            return False
        return True


def _table() -> Mapping[str, SignatureAlgorithm]:
    rows = [SignatureAlgorithm(_DSIG + "rsa-sha1", "rsa-sha1", "RSA", "sha1")]
    rows += [
        SignatureAlgorithm(_MORE_2001 + f"rsa-{hashed}", f"rsa-{hashed}", "RSA", hashed)
        for hashed in ("sha256", "sha384", "sha512")
    ]
    rows += [
        SignatureAlgorithm(_MORE_2007 + f"{hashed}-rsa-MGF1", f"rsa-pss-{hashed}", "RSA", hashed, pss=True)
        for hashed in _HASHES
    ]
    rows += [SignatureAlgorithm(_MORE_2001 + f"ecdsa-{hashed}", f"ecdsa-{hashed}", "EC", hashed) for hashed in _HASHES]
    return MappingProxyType({row.uri: row for row in rows})


SIGNATURE_ALGORITHMS: Final = _table()
"""Every signature algorithm that we can make and check, by its URI (RFC 9231 2.3)."""

DIGESTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        _DSIG + "sha1": "sha1",
        _XENC + "sha256": "sha256",
        _MORE_2001 + "sha384": "sha384",
        _XENC + "sha512": "sha512",
    }
)
"""Every digest algorithm by its URI, as the name that hashlib knows."""

_DIGEST_URIS = {hashed: uri for uri, hashed in DIGESTS.items()}
_BY_KIND = {(row.kind, row.hash, row.pss): row for row in SIGNATURE_ALGORITHMS.values()}


def digest_uri(hashed: str) -> str:
    """Return the URI of a digest such as `sha256`.

    Raises:
        InputError: there is no such digest.
    """
    try:
        return _DIGEST_URIS[hashed]
    except KeyError:
        raise InputError(hashed, "no known hash", f"use one of {', '.join(_DIGEST_URIS)}") from None


def signature_algorithm_for(key: PublicKey, hash: str = "sha256", *, pss: bool = False) -> SignatureAlgorithm:  # noqa: A002 -- the word of the standards
    """Choose the algorithm that a key of this kind signs with.

    Raises:
        InputError: there is none, for the kind of key or for the hash.
    """
    digest_uri(hash)
    found = _BY_KIND.get((key.kind, hash, pss))
    if found is None:
        what = f"{key.kind} keys with {'PSS and ' if pss else ''}{hash}"
        raise InputError("key", f"no signature algorithm for {what}", "use an RSA key, or an EC key without PSS")
    return found
