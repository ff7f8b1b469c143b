"""XML signatures under explicit key trust: one strict shape, every reason for a refusal, and only what was signed.

The order is verify first, then read: a caller gets the element parsed again from exactly the bytes that were digested,
and nothing that it reads afterwards can be anything else. Every stage that can still be judged is judged, because
people debug with the findings.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ssolab.core import xmlreasons as reasons
from ssolab.core.algorithms import DIGESTS
from ssolab.core.findings import has_error
from ssolab.core.xmldiagnosis import explain_digest
from ssolab.core.xmlforms import digested_bytes, relative_namespace_in, signed_info_bytes
from ssolab.core.xmlkeys import Evidence, certificates_of, judge_algorithm, judge_key, usable
from ssolab.core.xmlplain import Plain, verify_plain
from ssolab.core.xmlshape import read_shape
from ssolab.core.xmlsign import sign, sign_detached
from ssolab.core.xmltree import DS, Element, counterpart, reparse, where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.core.findings import Finding, Where
    from ssolab.core.keys import Permission, SignatureAlgorithm, TrustedKey
    from ssolab.core.xmlshape import Shape

__all__ = [
    "DetachedVerification",
    "Signed",
    "Verification",
    "sign",
    "sign_detached",
    "signed_by",
    "verify",
    "verify_detached",
]


_DIGEST = {name: getattr(hashlib, name) for name in DIGESTS.values()}  # hashlib.new looks each one up again


@dataclass(frozen=True, kw_only=True)
class Signed:
    """What a trusted key signed: `canonical` are the very bytes that were digested, `id` is the ID in the Reference."""

    canonical: bytes = field(repr=False)
    key: TrustedKey
    algorithm: SignatureAlgorithm
    id: str
    document: str | None = None
    _arrived: Element = field(repr=False)
    _key_info: Element | None = field(repr=False)

    @cached_property
    def element(self) -> Element:
        """The signed element, parsed from `canonical`: the only thing that may be read of the message."""
        return reparse(self.canonical)

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The certificates that KeyInfo shows, as DER. Nobody vouches for them."""
        return certificates_of(self._key_info)

    def where(self, element: Element | None = None, attribute: str | None = None) -> Where:
        """Say where an element of the signed tree (the signed element itself by default) stood in the document."""
        inside = self.element if element is None else element
        original = counterpart(inside, self.element, self._arrived, without=f"{{{DS}}}Signature")
        return where(original, self.document, attribute)


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome: `signed` is None unless a trusted key fits, the digest fits, and no finding is an error."""

    signed: Signed | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class DetachedVerification:
    """The outcome for raw bytes: `key` is None unless a trusted key fits and no finding is an error."""

    key: TrustedKey | None
    algorithm: SignatureAlgorithm | None
    findings: tuple[Finding, ...]


def verify(
    parent: Element,
    trusted: Sequence[TrustedKey],
    *,
    permit: frozenset[Permission] = frozenset(),
    known: Sequence[TrustedKey] = (),
    document: str | None = None,
) -> Verification:
    """Verify the enveloped signature that *parent* holds, with nothing but the *trusted* keys.

    *known* keys are never trusted; they let a refusal say whose key it was. The caller's tree is not changed.

    Raises:
        ConfigError: no signing key is trusted.
    """
    plain = verify_plain(parent, usable(trusted))
    if plain is not None:
        return Verification(signed_by(plain, parent, document), ())
    shape, findings = read_shape(parent, permit, document)
    if shape is None:
        return Verification(None, tuple(findings))
    key = _judge_signer(shape, trusted, permit, known, document, findings)
    digested = _judge_digest(shape, document, findings)
    findings = list(dict.fromkeys(findings))  # an undefined canonical form shows in both stages
    if key is None or digested is None or shape.algorithm is None or shape.id is None or has_error(findings):
        return Verification(None, tuple(findings))
    verified = Plain(digested, key, shape.algorithm, shape.id, shape.key_info)
    return Verification(signed_by(verified, parent, document), tuple(findings))


def verify_detached(  # noqa: PLR0913  what is verified, with what, and how strictly
    data: bytes,
    signature: bytes,
    algorithm_uri: str,
    trusted: Sequence[TrustedKey],
    *,
    permit: frozenset[Permission] = frozenset(),
    known: Sequence[TrustedKey] = (),
    document: str | None = None,
) -> DetachedVerification:
    """Verify a signature over raw bytes, as the redirect binding carries it (SAML2Bind 3.4.4.1).

    Raises:
        ConfigError: no signing key is trusted.
    """
    usable(trusted)
    algorithm, findings = judge_algorithm(algorithm_uri, permit, document=document)
    key = None
    if algorithm is not None:
        evidence = Evidence(algorithm=algorithm, value=signature, data=data, document=document)
        key, more = judge_key(evidence, trusted, permit=permit, known=known)
        findings += more
    return DetachedVerification(None if has_error(findings) else key, algorithm, tuple(findings))


def signed_by(verified: Plain, parent: Element, document: str | None = None) -> Signed:
    """Hand on what *parent*'s signature covers, where it has been verified."""
    return Signed(
        canonical=verified.digested,
        key=verified.key,
        algorithm=verified.algorithm,
        id=verified.id,
        document=document,
        _arrived=parent,
        _key_info=verified.key_info,
    )


def _judge_signer(  # noqa: PLR0913, PLR0917  one stage of verify, with what it works on
    shape: Shape,
    trusted: Sequence[TrustedKey],
    permit: frozenset[Permission],
    known: Sequence[TrustedKey],
    document: str | None,
    findings: list[Finding],
) -> TrustedKey | None:
    if shape.algorithm is None or shape.value is None or shape.info_form is None:
        return None
    try:
        data = signed_info_bytes(shape, shape.info_form)
    except ValueError as error:
        findings.append(_undefined(shape, error, document))
        return None
    evidence = Evidence(
        algorithm=shape.algorithm,
        value=shape.value,
        data=data,
        signature=shape.signature,
        document=document,
        key_info=shape.key_info,
    )
    key, more = judge_key(evidence, trusted, permit=permit, known=known)
    findings += more
    return key


def _judge_digest(shape: Shape, document: str | None, findings: list[Finding]) -> bytes | None:
    if shape.form is None or shape.hash is None or shape.digest is None:
        return None
    try:
        digested = digested_bytes(shape, shape.form)
    except ValueError as error:
        findings.append(_undefined(shape, error, document))
        return None
    digest = _DIGEST[shape.hash](digested).digest()
    if hmac.compare_digest(digest, shape.digest):
        return digested
    expected, observed = (base64.b64encode(value).decode() for value in (shape.digest, digest))
    problem = explain_digest(shape, shape.form, digested)
    findings.append(reasons.digest_mismatch(problem, expected, observed, where(shape.reference, document)))
    return None


def _undefined(shape: Shape, error: ValueError, document: str | None) -> Finding:
    relative = relative_namespace_in(shape.parent)
    if relative is not None:
        return reasons.relative_namespace(relative[0], where(relative[1], document))
    return reasons.undefined_canonical_form(str(error), where(shape.parent, document))
