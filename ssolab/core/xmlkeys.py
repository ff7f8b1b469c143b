"""The key question of a signature: which trusted key fits, and if none does, whose key it was.

Only keys that the caller trusts can answer it. What a message says about its own key puts them in order and helps to
explain a refusal; it never adds one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ssolab.core import keyreasons as reasons
from ssolab.core.algorithms import SIGNATURE_ALGORITHMS, SignatureAlgorithm
from ssolab.core.certs import Certificate
from ssolab.core.findings import ConfigError, InputError, Where
from ssolab.core.keys import LARGEST_KEY, Permission, PublicKey, TrustedKey
from ssolab.core.xmltree import DS, DS11, Element, decode_base64, where

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from ssolab.core.findings import Finding

_STRONG: Final = 2048
_LEAST: Final = 1024
_LEAST_CURVE: Final = 224
_MOST_IN_KEY_INFO = 16
_SHOWN_HASH = 16
_X509 = f"{{{DS}}}X509Data/{{{DS}}}X509Certificate"
_MODULUS = f"{{{DS}}}KeyValue/{{{DS}}}RSAKeyValue/{{{DS}}}Modulus"
_EXPONENT = f"{{{DS}}}KeyValue/{{{DS}}}RSAKeyValue/{{{DS}}}Exponent"
_CURVE = f"{{{DS}}}KeyValue/{{{DS11}}}ECKeyValue/{{{DS11}}}NamedCurve"
_POINT = f"{{{DS}}}KeyValue/{{{DS11}}}ECKeyValue/{{{DS11}}}PublicKey"
_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "urn:oid:1.2.840.10045.3.1.7": ec.SECP256R1(),
    "urn:oid:1.3.132.0.34": ec.SECP384R1(),
    "urn:oid:1.3.132.0.35": ec.SECP521R1(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a key has to fit: the algorithm, the value, the bytes that it covers, and where the message holds them."""

    algorithm: SignatureAlgorithm
    value: bytes
    data: bytes
    document: str | None
    signature: Element | None = None
    key_info: Element | None = None

    @property
    def place(self) -> Where:
        """Where the signature stands."""
        return Where(document=self.document) if self.signature is None else where(self.signature, self.document)


def usable(trusted: Sequence[TrustedKey]) -> list[TrustedKey]:
    """Take the keys that may verify signatures: those not declared for encryption only.

    Raises:
        ConfigError: there is none, and a verifier without a key must never pass for one that has looked.
    """
    usable = [key for key in trusted if key.use != "encryption"]
    if not usable:
        what = "no key is trusted" if not trusted else "every trusted key is declared for encryption only"
        raise ConfigError("trusted keys", what, "give at least one signing key of the sender")
    return usable


def judge_algorithm(
    uri: str | None, permit: Collection[Permission], element: Element | None = None, document: str | None = None
) -> tuple[SignatureAlgorithm | None, list[Finding]]:
    """Look a signature algorithm up, and say what is wrong with it."""
    found = SIGNATURE_ALGORITHMS.get(uri or "")
    if found is not None and found.hash != "sha1":
        return found, []
    place = Where(document=document) if element is None else where(element, document)
    name = "SigAlg" if element is None else "SignatureMethod"
    if found is not None:
        return found, [reasons.sha1_signature(name, place, permitted=Permission.SHA1 in permit)]
    if uri and "#hmac-" in uri:
        return None, [reasons.hmac_signature(uri, place)]
    return None, [reasons.forbidden_algorithm(name, uri, place)]


def certificates_of(key_info: Element | None) -> tuple[bytes, ...]:
    """Take the certificates that KeyInfo carries, as DER; what is no base64 is left out."""
    if key_info is None:
        return ()
    texts = (found.text for found in key_info.iterfind(_X509))
    decoded = (decode_base64(text) for _, text in zip(range(_MOST_IN_KEY_INFO), texts, strict=False))
    return tuple(der for der in decoded if der)


def judge_key(
    evidence: Evidence,
    trusted: Sequence[TrustedKey],
    *,
    permit: Collection[Permission] = (),
    known: Sequence[TrustedKey] = (),
) -> tuple[TrustedKey | None, list[Finding]]:
    """Find the trusted key that the signature fits; explain why there is none.

    Raises:
        ConfigError: no signing key is trusted.
    """
    candidates = usable(trusted)
    for key in in_likely_order(candidates, certificates_of(evidence.key_info)):
        if evidence.algorithm.verify(key.public, evidence.value, evidence.data):
            return key, list(_weakness(key.public, evidence, permit))
    return None, list(_explain(evidence, candidates, [*trusted, *known]))


def key_words(key: TrustedKey) -> str:
    """Name a key for people: its certificate's label or its kind, whose it is, where it was declared."""
    name = key.certificate.label if key.certificate else key.public.text
    words = [name]
    if key.holder:
        words.append(f"of {key.holder}")
    if key.source:
        words.append(f"from {key.source}")
    if key.use == "encryption":
        words.append("declared for encryption only")
    return f"{', '.join(words)} (SPKI {key.public.sha256[:_SHOWN_HASH]})"


def in_likely_order(candidates: Sequence[TrustedKey], certificates: tuple[bytes, ...]) -> Sequence[TrustedKey]:
    """Put the keys first that the certificates in the message speak for; none is added, none left out."""
    return sorted(candidates, key=lambda key: _unlikeliness(key, certificates)) if certificates else candidates


def is_weak(public: PublicKey) -> bool:
    """Say whether an RSA key is shorter than is accepted without permission, or a curve smaller than ever is.

    The key has verified something, so the library knows it, also on a curve that we have no name for.
    """
    if public.kind == "RSA":
        return public.bits < _STRONG
    return isinstance(public.crypto, ec.EllipticCurvePublicKey) and public.crypto.curve.key_size < _LEAST_CURVE


def _unlikeliness(key: TrustedKey, certificates: tuple[bytes, ...]) -> int:
    if key.certificate is not None and key.certificate.der in certificates:
        return 0
    # A certificate contains the DER of its key; finding it there is enough to decide which key is tried first.
    return 1 if any(key.public.spki in der for der in certificates) else 2


def _weakness(public: PublicKey, evidence: Evidence, permit: Collection[Permission]) -> Iterator[Finding]:
    if not is_weak(public):
        return
    if isinstance(public.crypto, ec.EllipticCurvePublicKey):
        yield reasons.weak_curve(public.crypto.curve.key_size, public.sha256, evidence.place)
    else:
        permitted = Permission.RSA1024 in permit and public.bits >= _LEAST
        yield reasons.weak_rsa_key(public.bits, public.sha256, evidence.place, permitted=permitted)


def _explain(evidence: Evidence, trusted: Sequence[TrustedKey], nameable: Sequence[TrustedKey]) -> Iterator[Finding]:
    algorithm, place = evidence.algorithm, evidence.place
    several = len(trusted) > 1
    count = f"one of the {len(trusted)} trusted keys" if several else f"the trusted key {key_words(trusted[0])}"
    unfit = f"none of the {len(trusted)} trusted keys fits" if several else "the trusted key does not fit"
    if all(key.public.kind != algorithm.kind for key in trusted):
        kinds = ", ".join(dict.fromkeys(key.public.text for key in trusted))
        yield reasons.algorithm_key_mismatch(f"{algorithm.name}, so a key of kind {algorithm.kind}", kinds, place)
    shown = list(_shown_keys(evidence.key_info))
    if signer := next((key for key in shown if algorithm.verify(key.public, evidence.value, evidence.data)), None):
        whose = _whose(signer, nameable)
        problem = "signed by the key that KeyInfo shows, which is not trusted" + _another_use(signer, nameable)
        yield reasons.key_not_trusted(problem, count, whose, place, signer.public.sha256)
        return
    if signer := next((key for key in nameable if algorithm.verify(key.public, evidence.value, evidence.data)), None):
        problem = "signed by a key that we know and do not trust"
        yield reasons.key_not_trusted(problem, count, key_words(signer), place, signer.public.sha256)
        return
    if not shown:
        problem = f"{unfit}, and KeyInfo shows no other"
        if certificates_of(evidence.key_info):
            problem = f"{unfit}, and the certificate in KeyInfo cannot be read"
        yield reasons.key_not_trusted(problem, count, None, place)
        return
    spkis = {key.public.spki for key in trusted}
    for key in shown[:1]:
        same = f"{_whose(key, nameable)}, {key.public.text}"
        if key.public.kind != algorithm.kind:
            same += f", which cannot make {algorithm.name}"
        problem = "the signature value does not fit the key that KeyInfo shows"
        yield reasons.signature_value_mismatch(problem, "a value made by that key", same, place, key.public.sha256)
        if key.public.spki not in spkis:
            problem = f"{unfit}, and the key that KeyInfo shows is not trusted"
            yield reasons.key_not_trusted(problem, count, _whose(key, nameable), place, key.public.sha256)


def _whose(shown: TrustedKey, nameable: Sequence[TrustedKey]) -> str:
    """Say whose key it is: as we know it, else as the message calls it, which is worth less."""
    for key in nameable:
        if key.public.spki == shown.public.spki:
            return key_words(key)
    return f"{key_words(shown)}, known to us only from this message"


def _another_use(shown: TrustedKey, nameable: Sequence[TrustedKey]) -> str:
    uses = [key.use for key in nameable if key.public.spki == shown.public.spki]
    return " for signatures, only for encryption" if uses and set(uses) == {"encryption"} else ""


def _shown_keys(key_info: Element | None) -> Iterator[TrustedKey]:
    """Yield the keys that KeyInfo shows, for an explanation and nothing else."""
    for der in certificates_of(key_info):
        try:
            yield TrustedKey.of(Certificate.from_der(der, "KeyInfo"))
        except InputError:
            continue
    if key_info is not None:
        value = _rsa_value(key_info) or _ec_value(key_info)
        if value is not None:
            encoding, shape = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            yield TrustedKey(public=PublicKey(value.public_bytes(encoding, shape)))


def _rsa_value(key_info: Element) -> rsa.RSAPublicKey | None:
    modulus, exponent = (decode_base64(key_info.findtext(path)) for path in (_MODULUS, _EXPONENT))
    if not modulus or not exponent or len(modulus) * 8 > LARGEST_KEY:
        return None
    try:
        return rsa.RSAPublicNumbers(int.from_bytes(exponent), int.from_bytes(modulus)).public_key()
    except ValueError:
        return None


def _ec_value(key_info: Element) -> ec.EllipticCurvePublicKey | None:
    named, point = key_info.find(_CURVE), decode_base64(key_info.findtext(_POINT))
    curve = None if named is None else _CURVES.get(named.get("URI") or "")
    if curve is None or not point:
        return None
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    except ValueError:
        return None
