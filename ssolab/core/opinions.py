"""Second opinions on a signature, from verifiers that we did not write.

They judge one thing: whether this element was signed with this public key, which our own verifier has found among the
trusted ones. Where one of them disagrees the message is refused, because either it or we have a hole. They are imported
only when asked, since a broken installation of one must not take ssolab down with it.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from importlib.util import find_spec
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ssolab.core.algorithms import DIGESTS, SIGNATURE_ALGORITHMS
from ssolab.core.catalog import refusal
from ssolab.core.findings import DefectError, Opinion, Problem, Severity, Where, has_error
from ssolab.core.keyreasons import excerpt
from ssolab.core.keys import Permission, PublicKey, new_private_key
from ssolab.core.xmlkeys import usable
from ssolab.core.xmlshape import Form, read_shape
from ssolab.core.xmltree import DS, Element, counterpart, reparse, serialise, where

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from ssolab.core.algorithms import SignatureAlgorithm
    from ssolab.core.findings import Finding
    from ssolab.core.keys import TrustedKey
    from ssolab.core.xmldsig import Signed
    from ssolab.core.xmlshape import Shape

Q = TypeVar("Q")

_SIGNATURE: Final = f"{{{DS}}}Signature"
_EXTRA: Final = "pybergshamra"
_MOST_KEYS: Final = 8
_RARELY_REASON: Final = 160


@refusal(cites="SAML2Core 5.4")
def verifiers_disagree(name: str, reason: str, place: Where) -> Problem:
    """A second verifier refuses a signature that ours accepts.

    One of the two has a defect, or the message was built to be read in two ways. It is refused until it is known which;
    please report it with the message.
    """
    return Problem(f"{name} refuses what ssolab accepts: {reason}", "the same answer", "refused", place)


@refusal(severity=Severity.WARNING, cites="SAML2Core 5.4")
def verifier_unavailable(name: str, reason: str) -> Problem:
    """A second verifier could not be loaded, so its opinion is missing.

    Usually two libraries were built against different versions of libxml2. Reinstall ssolab with its own dependencies;
    the message is judged without this opinion.
    """
    return Problem(f"{name} could not be loaded: {reason}", "its opinion", "none")


@dataclass(frozen=True, slots=True)
class Opinions:
    """What each verifier says, why where it does not simply accept, and the findings that follow from it."""

    verdicts: Mapping[str, Opinion]
    reasons: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def second_opinions(
    parent: Element,
    signed: Signed | None,
    *,
    permit: Collection[Permission] = (),
    trusted: Sequence[TrustedKey] = (),
    document: str | None = None,
) -> Opinions:
    """Ask every other verifier about the signature that *parent* holds.

    Where ours has refused (*signed* is None) they are asked about each of the *trusted* keys, and their answer is shown
    and changes nothing. A signature that is not of the one shape is never put before them: some of them would run its
    transforms and fetch what it refers to.

    Raises:
        ConfigError: ours has refused, and no signing key is trusted.
    """
    keys = [signed.key.public] if signed else [key.public for key in usable(trusted)][:_MOST_KEYS]
    names = [name for name in _XML if name != _EXTRA or find_spec(name) is not None]
    shape, flaws = read_shape(parent, frozenset(Permission), document)
    if shape is None or has_error(flaws):
        reason = "not asked, because the signature is not of the shape that is safe to process"
        return gathered(dict.fromkeys(names, (Opinion.NOT_APPLICABLE, reason)), where(parent, document), accepted=False)
    spkis = list(dict.fromkeys(key.spki for key in keys))
    questions = [_Question(shape=shape, public=PublicKey(spki), signed=signed, permit=permit) for spki in spkis]
    verdicts = {name: ask_library(name, _XML[name], questions) for name in names}
    return gathered(verdicts, where(parent, document), accepted=signed is not None)


def detached_opinions(
    data: bytes, signature: bytes, algorithm: SignatureAlgorithm, key: TrustedKey, *, document: str | None = None
) -> Opinions:
    """Ask about a signature over raw bytes, which ours has accepted with *key*; only xmlsec can judge one."""

    def by_xmlsec(xmlsec: Any, public: PublicKey) -> None:
        _xmlsec_detached(xmlsec, data, signature, algorithm, public)

    verdicts = {
        "signxml": (Opinion.NOT_APPLICABLE, "it verifies XML signatures only"),
        "xmlsec": ask_library("xmlsec", by_xmlsec, [key.public]),
    }
    return gathered(verdicts, Where(document=document), accepted=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Was this signature, of the one shape, made with this key?"""

    shape: Shape
    public: PublicKey
    signed: Signed | None
    permit: Collection[Permission]


class NotApplicableError(Exception):
    """The verifier cannot judge such a signature."""


def ask_library(name: str, ask: Callable[[Any, Q], None], questions: Sequence[Q]) -> tuple[Opinion, str]:
    """Put the questions until one is accepted; the last reason stands."""
    try:
        library = importlib.import_module(name)
    except Exception as error:  # noqa: BLE001  xmlsec fails at import with an error of its own, not with ImportError
        return Opinion.UNAVAILABLE, _reason(error)
    reason = "no key"
    for question in questions:
        try:
            ask(library, question)
        except NotApplicableError as error:
            return Opinion.NOT_APPLICABLE, str(error)
        except Exception as error:  # noqa: BLE001  whatever another verifier raises is its refusal
            reason = _reason(error)
        else:
            return Opinion.ACCEPTED, ""
    return Opinion.REFUSED, reason


def gathered(verdicts: Mapping[str, tuple[Opinion, str]], place: Where, *, accepted: bool) -> Opinions:
    """Put the verdicts together with the findings that follow; a refusal is one where ours has *accepted*."""
    findings = []
    for name, (opinion, reason) in verdicts.items():
        if opinion is Opinion.UNAVAILABLE:
            findings.append(verifier_unavailable(name, reason))
        elif opinion is Opinion.REFUSED and accepted:
            findings.append(verifiers_disagree(name, reason, place))
    return Opinions(
        MappingProxyType({name: opinion for name, (opinion, _) in verdicts.items()}),
        MappingProxyType({name: reason for name, (_, reason) in verdicts.items() if reason}),
        tuple(findings),
    )


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {excerpt(str(error).strip() or 'no reason given', _RARELY_REASON)}"


def _by_signxml(signxml: Any, asked: _Question) -> None:
    """Ask signxml, which takes nothing but a certificate in date, with its search pinned to the one signature."""
    result = signxml.XMLVerifier().verify(
        serialise(_root(asked.shape.parent)),
        x509_cert=_envelope(asked.public.spki),
        expect_config=_signxml_config(signxml, _location(asked.shape.parent), weak=Permission.SHA1 in asked.permit),
        id_attribute="ID",
        validate_schema=False,  # our own shape is narrower
    )
    if asked.signed and result.signed_data != asked.signed.canonical:
        raise ValueError("it verified another element, or other bytes of it")


@lru_cache(maxsize=256)
def _signxml_config(signxml: Any, location: str, *, weak: bool) -> Any:
    return signxml.SignatureConfiguration(
        location=location,
        signature_methods=frozenset(
            signxml.SignatureMethod(uri) for uri, row in SIGNATURE_ALGORITHMS.items() if weak or row.hash != "sha1"
        ),
        digest_algorithms=frozenset(
            signxml.DigestAlgorithm(uri) for uri, hashed in DIGESTS.items() if weak or hashed != "sha1"
        ),
        # Without a canonicalisation among the transforms the standard means Canonical XML 1.0.
        default_reference_c14n_method=signxml.CanonicalizationMethod.CANONICAL_XML_1_0,
        ignore_ambiguous_key_info=True,  # KeyInfo is not what is asked about
    )


def _by_xmlsec(xmlsec: Any, asked: _Question) -> None:
    """Ask xmlsec, with the raw public key; only the one element has an ID in its copy of the document."""
    root = _root(asked.shape.parent)
    copy = reparse(serialise(root))
    element = counterpart(asked.shape.parent, root, copy, without="")
    context = xmlsec.SignatureContext()
    context.register_id(element, "ID")
    context.key = _xmlsec_key(asked.public.spki)
    context.verify(element.find(_SIGNATURE))


def _by_pybergshamra(library: Any, asked: _Question) -> None:
    """Ask the verifier that does not stand on libxml2; the element is given as a document of its own."""
    parent = asked.shape.parent
    if parent.getparent() is not None and not (asked.shape.form == asked.shape.info_form == Form()):
        raise NotApplicableError("the canonical form depends on the document around the element")
    manager = library.KeysManager()
    manager.add_key(library.load_spki_der(asked.public.spki))
    result = library.verify(library.DsigContext.secure(manager), serialise(parent).decode())
    if not result:
        raise ValueError(str(result.reason))


_XML: Final[Mapping[str, Callable[[Any, _Question], None]]] = {
    "signxml": _by_signxml,
    "xmlsec": _by_xmlsec,
    _EXTRA: _by_pybergshamra,
}


def _xmlsec_detached(
    xmlsec: Any, data: bytes, signature: bytes, algorithm: SignatureAlgorithm, public: PublicKey
) -> None:
    transforms = (found for found in vars(xmlsec.constants).values() if getattr(found, "href", None) == algorithm.uri)
    transform = next(transforms, None)
    if transform is None:
        raise NotApplicableError(f"its binding has no name for {algorithm.name}")
    context = xmlsec.SignatureContext()
    context.key = _xmlsec_key(public.spki)
    context.verify_binary(data, transform, signature)


def _root(element: Element) -> Element:
    return element.getroottree().getroot()


def _location(parent: Element) -> str:
    """Write the ElementPath from the root to the parent, each step pinned by its position."""
    steps = []
    for element in (parent, *parent.iterancestors()):
        if element.getparent() is not None:
            position = 1 + sum(1 for _ in element.itersiblings(element.tag, preceding=True))
            steps.append(f"{element.tag}[{position}]/")
    return "./" + "".join(reversed(steps))


@lru_cache(maxsize=256)
def _xmlsec_key(spki: bytes) -> Any:
    xmlsec = importlib.import_module("xmlsec")
    return xmlsec.Key.from_memory(_crypto(spki).public_bytes(_PEM, _SPKI), xmlsec.KeyFormat.PEM)


@lru_cache(maxsize=256)
def _envelope(spki: bytes) -> x509.Certificate:
    """Put a key into a certificate that is in date whatever the time, because signxml takes no bare key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an envelope for a trusted key")])
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=_crypto(spki),
        serial_number=1,
        not_valid_before=datetime(1950, 1, 1, tzinfo=UTC),
        not_valid_after=datetime(9999, 12, 31, tzinfo=UTC),
    )
    return builder.sign(_throw_away(), hashes.SHA256())


@lru_cache(maxsize=1)
def _throw_away() -> ec.EllipticCurvePrivateKey:
    key = new_private_key("EC", 256)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise DefectError("asked for an EC key and got another")
    return key


def _crypto(spki: bytes) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    key = PublicKey(spki).crypto
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise NotApplicableError("only RSA and EC keys are asked about")
    return key


_PEM: Final = serialization.Encoding.PEM
_SPKI: Final = serialization.PublicFormat.SubjectPublicKeyInfo
