"""Key sets of strangers (RFC 7517 5), read key by key: one odd key never spoils the set.

Libraries that hand a whole set to one call break off at the first key that they do not know, and every login with them.
Here each key stands alone, with what is wrong with it.
"""

from __future__ import annotations

import base64
import hashlib
from binascii import Error as BinasciiError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssolab.core import jwk_problems as problems
from ssolab.core.catalog import barrier
from ssolab.core.certs import Certificate
from ssolab.core.findings import InputError, Where, has_error
from ssolab.core.jose import decode, encode
from ssolab.core.jwk import CURVES, TrustedJwk
from ssolab.core.keyreasons import excerpt
from ssolab.core.keys import LARGEST_KEY, PublicKey
from ssolab.core.strictjson import parse_object
from ssolab.core.unreadable import oversized_document

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from ssolab.core.findings import Finding

_MOST_KEYS: Final = 200
_MOST_CERTIFICATES: Final = 16
_PRIVATE: Final = ("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv")
_TEXTS: Final = ("kty", "kid", "alg", "use")
_LONGEST: Final = 80


@dataclass(frozen=True, kw_only=True)
class Jwk:
    """One key of a set. `public` is None where the key must not or cannot be used; `problems` says why.

    `certificates` are those of `x5c`, the one of the key first; they describe the key and never vouch for it.
    """

    index: int
    kid: str | None
    kty: str | None
    alg: str | None
    use: str | None
    key_ops: tuple[str, ...]
    public: PublicKey | None
    certificates: tuple[Certificate, ...] = ()
    problems: tuple[Finding, ...] = ()

    @property
    def enclosed(self) -> PublicKey | None:
        """The key of the first certificate, where there is one, else the key itself."""
        return PublicKey(self.certificates[0].spki) if self.certificates else self.public

    @property
    def own_certificate(self) -> Certificate | None:
        """The first certificate, where it is one over this very key."""
        first = self.certificates[0] if self.certificates else None
        return first if first is not None and self.public is not None and first.spki == self.public.spki else None


@dataclass(frozen=True, kw_only=True)
class Jwks:
    """A key set, in its order."""

    keys: tuple[Jwk, ...]
    name: str

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Everything that is wrong with single keys."""
        return tuple(found for key in self.keys for found in key.problems)

    def trusted(self, source: str | None = None, *, whole: bool = False) -> tuple[TrustedJwk, ...]:
        """Take the keys that can be used as trusted ones.

        Args:
            source: where the set came from, for people.
            whole: take a key out of the certificate beside it, where there is one, as some verifiers do.
        """
        return tuple(
            TrustedJwk(
                public=public,
                kid=key.kid,
                alg=key.alg,
                use=key.use,
                key_ops=key.key_ops,
                certificate=key.own_certificate,
                source=self.name if source is None else source,
            )
            for key in self.keys
            if (public := key.enclosed if whole else key.public) is not None
        )


@barrier(cites="RFC 7517 5.1")
def not_a_key_set(name: str, problem: str) -> InputError:
    """The JSON document is no key set.

    A set is an object whose member `keys` is an array. A discovery document (follow its `jwks_uri`) and an error page
    in JSON are the usual finds.
    """
    return InputError(name, problem, 'give a key set, such as {"keys": [...]}')


def read_jwks(data: bytes, name: str, *, lone: bool = False) -> Jwks:
    """Read a key set, key by key.

    Args:
        data: the bytes as they came.
        name: what errors and findings call the set.
        lone: whether a single JWK will do for a set of one, as people have it in files.

    Raises:
        InputError: it is no strict JSON, no key set, or has more keys than any honest one.
    """
    document = parse_object(data, name)
    keys = document.get("keys")
    if lone and keys is None and "kty" in document:
        keys = [document]
    if not isinstance(keys, list):
        raise not_a_key_set(name, "its member keys is no array" if "keys" in document else "it has no member keys")
    if len(keys) > _MOST_KEYS:
        raise oversized_document(name, f"{len(keys)} keys, and the limit is {_MOST_KEYS}", "give a smaller set")
    return Jwks(keys=tuple(read_jwk(each, index, name) for index, each in enumerate(keys)), name=name)


def read_jwk(members: object, index: int, name: str) -> Jwk:
    """Read one key of a set. Never raises: what is wrong with it stands in its `problems`."""
    where = Where(document=name, path=f"/keys/{index}")
    if not isinstance(members, dict):
        odd = problems.unreadable_jwk("it is no JSON object", "an object", type(members).__name__, where)
        return Jwk(index=index, kid=None, kty=None, alg=None, use=None, key_ops=(), public=None, problems=(odd,))
    kty, kid, alg, use = (value if isinstance(value := members.get(each), str) else None for each in _TEXTS)
    found = [*_wrong_types(members, where)]
    if kty == "oct":
        found.append(problems.symmetric_key_in_jwks(where))
    elif shown := [each for each in _PRIVATE if each in members]:
        found.append(problems.private_key_in_jwks(", ".join(shown), where))
    public = None if has_error(found) else _public(members, where, found)
    certificates = () if public is None else _certificates(members, public, where, found)
    return Jwk(
        index=index,
        kid=kid,
        kty=kty,
        alg=alg,
        use=use,
        key_ops=_operations(members),
        public=public,
        certificates=certificates,
        problems=tuple(found),
    )


def _operations(members: Mapping[str, Any]) -> tuple[str, ...]:
    value = members.get("key_ops")
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _wrong_types(members: Mapping[str, Any], where: Where) -> Iterator[Finding]:
    for name in _TEXTS:
        if name in members and not isinstance(members[name], str):
            yield problems.unreadable_jwk(f"{name} is no text", "a text", _shown(members[name]), where)
    operations = members.get("key_ops", [])
    if not isinstance(operations, list) or not all(isinstance(each, str) for each in operations):
        yield problems.unreadable_jwk("key_ops is no array of texts", '["verify"]', _shown(operations), where)
    if "kty" not in members:
        yield problems.unreadable_jwk("kty is missing", "RSA, EC or OKP", "nothing", where)


def _public(members: Mapping[str, Any], where: Where, found: list[Finding]) -> PublicKey | None:
    """Build the key; None where its kind is not used here or its members make none."""
    kty, crv = members["kty"], members.get("crv")
    try:
        if kty == "RSA":
            return _spki(_rsa(members, where, found))
        if kty == "EC" and isinstance(crv, str) and crv in CURVES:
            return _spki(_ec(members, CURVES[crv], where, found))
        if kty == "OKP" and crv == "Ed25519":
            octets = _octets(members, "x", where, found)
            return _spki(ed25519.Ed25519PublicKey.from_public_bytes(octets))
    except (InputError, ValueError) as error:
        said = error.problem if isinstance(error, InputError) else str(error).partition("\n")[0]
        found.append(problems.unreadable_jwk(excerpt(said), "a public key", None, where))
        return None
    what = f"kty {kty}" + (f", crv {_shown(crv)}" if "crv" in members else "")
    found.append(problems.unsupported_jwk(excerpt(what), where))
    return None


def _spki(key: PublicKeyTypes) -> PublicKey:
    public = PublicKey(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    _ = public.crypto  # an exponent that everybody can sign with is refused here
    return public


def _rsa(members: Mapping[str, Any], where: Where, found: list[Finding]) -> rsa.RSAPublicKey:
    modulus, exponent = (_octets(members, each, where, found) for each in ("n", "e"))
    if len(modulus) * 8 > LARGEST_KEY + 8:
        raise ValueError(f"a key of {len(modulus) * 8} bits, and the limit is {LARGEST_KEY}")
    if modulus[:1] == b"\0":
        observed = f"{len(modulus)} octets, the first of them zero"
        found.append(problems.sloppy_jwk("n begins with a zero octet", "as few octets as hold it", observed, where))
    return rsa.RSAPublicNumbers(int.from_bytes(exponent), int.from_bytes(modulus)).public_key()


def _ec(
    members: Mapping[str, Any], curve: ec.EllipticCurve, where: Where, found: list[Finding]
) -> ec.EllipticCurvePublicKey:
    width = (curve.key_size + 7) // 8
    x, y = (_octets(members, each, where, found) for each in ("x", "y"))
    for name, octets in (("x", x), ("y", y)):
        if len(octets) > width:
            raise ValueError(f"{name} has {len(octets)} octets, and the curve has {width}")
        if len(octets) < width:
            observed = f"{len(octets)} octets"
            found.append(problems.sloppy_jwk(f"{name} was cut short", f"{width} octets", observed, where))
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve).public_key()


def _octets(members: Mapping[str, Any], name: str, where: Where, found: list[Finding]) -> bytes:
    """Read a member of base64url; padding alone is forgiven, and reported."""
    value = members.get(name)
    if not isinstance(value, str) or not value.isascii():
        raise ValueError(f"{name} is {'missing' if name not in members else 'no base64url'}")
    stripped = value.rstrip("=")
    octets = decode(stripped.encode(), "key", name)
    if stripped != value:
        found.append(problems.sloppy_jwk(f"{name} is padded", "base64url without =", f"…{value[-8:]}", where))
    if not octets:
        raise ValueError(f"{name} is empty")
    return octets


def _certificates(
    members: Mapping[str, Any], public: PublicKey, where: Where, found: list[Finding]
) -> tuple[Certificate, ...]:
    """Read `x5c` and compare what stands beside it; nothing of it decides whether the key is used."""
    chain = members.get("x5c")
    if chain is None:
        return ()
    try:
        certificates = tuple(_certificate(each) for each in _array(chain))
    except (BinasciiError, ValueError, InputError) as error:
        said = error.problem if isinstance(error, InputError) else str(error)
        found.append(problems.jwk_certificate_unreadable(f"x5c cannot be read: {excerpt(said)}", where))
        return ()
    first = certificates[0]
    if first.spki != public.spki:
        observed = f"{first.label}, SPKI SHA-256 {first.spki_sha256}"
        found.append(problems.jwk_certificate_of_another_key(f"SPKI SHA-256 {public.sha256}", observed, where))
    for name, hashed in (("x5t", hashlib.sha1), ("x5t#S256", hashlib.sha256)):
        expected = encode(hashed(first.der, usedforsecurity=False).digest())
        if name in members and members[name] != expected:
            found.append(problems.jwk_thumbprint_mismatch(name, expected, _shown(members[name]), where))
    return certificates


def _array(chain: object) -> list[object]:
    if not isinstance(chain, list) or not chain:
        raise ValueError("it is no array with a certificate in it")
    if len(chain) > _MOST_CERTIFICATES:
        raise ValueError(f"{len(chain)} certificates, and the limit is {_MOST_CERTIFICATES}")
    return chain


def _certificate(text: object) -> Certificate:
    if not isinstance(text, str) or not text.isascii():
        raise ValueError("an entry is no text of base64")
    return Certificate.from_der(base64.b64decode(text, validate=True), "x5c")


def _shown(value: object) -> str:
    return excerpt(value if isinstance(value, str) else repr(value), _LONGEST)
