"""Which of the keys in a role may verify signatures: what is too weak, too large or of another kind is no trust."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import ec

from ssolab.core.findings import InputError, has_error
from ssolab.core.spki import exponent_of
from ssolab.saml import metadata_reasons as reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.findings import Finding
    from ssolab.core.keys import PublicKey, TrustedKey
    from ssolab.saml.roles import IDPSSODescriptor, SPSSODescriptor

LARGEST: Final = 8192
"""Bits of an RSA key that metadata may bring along; nobody honest has a larger one."""
_STRONG: Final = 2048
_LEAST: Final = 1024
_LEAST_CURVE: Final = 224
_LEAST_EXPONENT: Final = 3
_LONGEST_EXPONENT: Final = 64  # bits


def judge_keys(
    role: IDPSSODescriptor | SPSSODescriptor, entity_id: str, document: str
) -> tuple[tuple[TrustedKey, ...], list[Finding]]:
    """Give the keys of a role that may verify, and say what is wrong with each that may not, or with how it came."""
    good, findings = [], []
    for key in role.trusted_keys(entity_id):
        found = list(_flaws(key, document))
        findings += found
        if not has_error(found) and all(each.code != reasons.unusable_metadata_key.code for each in found):
            good.append(key)
    for place, descriptor in enumerate(role.key_descriptors, 1):
        if len(descriptor.certificates) > 1:
            labels = [each.label for each in descriptor.certificates]
            findings.append(reasons.several_certificates_in_key(place, labels, document, entity_id))
    return tuple(good), findings


def _flaws(key: TrustedKey, document: str) -> Iterator[Finding]:
    public = key.public
    if public.kind == "RSA":
        yield from _flaws_of_rsa(key, public, document)
        return
    curve = _curve(public) if public.kind == "EC" else None
    if curve is None:
        yield reasons.unusable_metadata_key(key, public.text, document)
    elif curve.key_size < _LEAST_CURVE:
        yield reasons.weak_metadata_key(key, f"EC of {curve.key_size} bits", document, warns=False)


def _flaws_of_rsa(key: TrustedKey, public: PublicKey, document: str) -> Iterator[Finding]:
    exponent = exponent_of(public.spki)
    if exponent is None or not public.bits:
        yield reasons.unusable_metadata_key(key, "an RSA key that cannot be read", document)
        return
    if public.bits > LARGEST:
        yield reasons.oversized_metadata_key(key, public.text, f"at most {LARGEST} bits", document)
    elif public.bits < _STRONG:
        yield reasons.weak_metadata_key(key, public.text, document, warns=public.bits >= _LEAST)
    if exponent < _LEAST_EXPONENT or not exponent % 2:
        shown = str(exponent) if exponent.bit_length() <= _LONGEST_EXPONENT else "even"
        yield reasons.weak_metadata_key(key, f"{public.text}, exponent {shown}", document, warns=False)
    elif exponent.bit_length() > _LONGEST_EXPONENT:
        says = f"{public.text}, an exponent of {exponent.bit_length()} bits"
        yield reasons.oversized_metadata_key(key, says, f"an exponent of at most {_LONGEST_EXPONENT} bits", document)


def _curve(public: PublicKey) -> ec.EllipticCurve | None:
    try:
        key = public.crypto
    except InputError:
        return None
    return key.curve if isinstance(key, ec.EllipticCurvePublicKey) else None
