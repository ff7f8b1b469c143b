"""Signature methods other than the usual one: good ones, good ones with bad parameters, and those of another key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ssolab.core.algorithms import SIGNATURE_ALGORITHMS
from ssolab.core.findings import ConfigError
from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Nature, Sealing, Stage, fault
from ssolab.faults.saml.editing import element_of, find, signature_of, signed_part
from ssolab.faults.saml.own_key import held_beside
from ssolab.faults.saml.resealing import info_of, put_value
from ssolab.faults.saml.styles import ANYHOW, ONCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.faults.engine import Kit

_UNFIT: Final = ("signature-value-mismatch",)
_METHOD: Final = "ds:SignedInfo/ds:SignatureMethod"
_URIS: Final = {row.name: uri for uri, row in SIGNATURE_ALGORITHMS.items()}
_PSS_WITH_PARAMETERS: Final = "http://www.w3.org/2007/05/xmldsig-more#rsa-pss"
_CURVE: Final = "curve"
"""What a kit calls a key on P-256 that the receiver trusts."""


@fault("K-15", Nature.LEGITIMATE, Stage.SEAL, signs=ANYHOW, cites="RFC 9231 2.3.10")
def signed_with_pss(sealing: Sealing, _kit: Kit) -> Sealing:
    """The signature is RSA with PSS padding and MGF1.

    The better padding, which few send. It is accepted.
    """
    return replace(sealing, pss=True)


@fault("K-15", Nature.LEGITIMATE, Stage.SEAL, signs=ANYHOW)
def signed_with_sha512(sealing: Sealing, _kit: Kit) -> Sealing:
    """Signature and digest are made with SHA-512.

    It is accepted like SHA-256 and SHA-384, which are as good here.
    """
    return replace(sealing, hash="sha512")


@fault("K-15", Nature.LEGITIMATE, Stage.SEAL, signs=ANYHOW, needs=(_CURVE,), receiver={"trusted": held_beside(_CURVE)})
def signed_with_ecdsa(sealing: Sealing, kit: Kit) -> Sealing:
    """The signature is ECDSA, by a trusted key on P-256.

    Such keys are short and quick, and few partners use them. The signature is accepted.
    """
    return replace(sealing, credential=kit.others[_CURVE])


def _valued(xml: bytes, kit: Kit, method: str, make: Callable[[bytes, rsa.RSAPrivateKey], bytes]) -> bytes:
    """Name a method and put in what *make* gives for SignedInfo and the trusted RSA key."""
    private = kit.own.private
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ConfigError("fault", "it shows with an RSA key alone", "sign with an RSA key")
    root = parse(xml, "message")
    signature = signature_of(signed_part(root))
    find(signature, _METHOD).set("Algorithm", method)
    put_value(signature, make(info_of(signature), private))
    return serialise(root)


def _pss(hashed: hashes.HashAlgorithm, salt: int) -> padding.PSS:
    return padding.PSS(mgf=padding.MGF1(hashed), salt_length=salt)


@fault("K-15", Nature.MISTAKE, Stage.WIRE, signs=ONCE, cites="RFC 9231 2.3.10", trips=_UNFIT, lax=True)
def pss_without_salt(xml: bytes, kit: Kit) -> bytes:
    """The signature is PSS with a salt of no bytes.

    The name of the method says that the salt is as long as the digest. Another length is another method.
    """
    sha256 = hashes.SHA256()
    return _valued(xml, kit, _URIS["rsa-pss-sha256"], lambda info, key: key.sign(info, _pss(sha256, 0), sha256))


@fault("K-15", Nature.MISTAKE, Stage.WIRE, signs=ONCE, cites="RFC 9231 2.3.10", trips=_UNFIT, lax=True)
def pss_with_another_hash_in_its_mask(xml: bytes, kit: Kit) -> bytes:
    """The signature is PSS with SHA-256, and its mask is made with SHA-1.

    So some libraries do it by default. The name of the method says SHA-256 for both.
    """
    old = hashes.SHA1()  # noqa: S303  that it is another hash is the point
    return _valued(xml, kit, _URIS["rsa-pss-sha256"], lambda info, key: key.sign(info, _pss(old, 32), hashes.SHA256()))


@fault(
    "K-15",
    Nature.MISTAKE,
    Stage.WIRE,
    signs=ONCE,
    cites="RFC 9231 2.3.9",
    trips=("forbidden-algorithm", "malformed-signature"),
    lax=True,
)
def pss_with_parameters_of_the_sender(xml: bytes, _kit: Kit) -> bytes:
    """The signature method is the PSS whose parameters stand in the message.

    A sender that may choose them may choose bad ones. Only the methods whose name says everything are accepted.
    """
    root = parse(xml, "message")
    method = find(signature_of(signed_part(root)), _METHOD)
    method.set("Algorithm", _PSS_WITH_PARAMETERS)
    method.append(element_of("ds:DigestMethod", Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"))
    return serialise(root)


@fault("K-17", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=_UNFIT, lax=True)
def pss_value_under_the_older_name(xml: bytes, kit: Kit) -> bytes:
    """The value is PSS, and the method says PKCS#1 v1.5.

    Both are RSA with SHA-256, and neither fits the other.
    """
    sha256 = hashes.SHA256()
    return _valued(xml, kit, _URIS["rsa-sha256"], lambda info, key: key.sign(info, _pss(sha256, 32), sha256))


@fault(
    "K-17",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    trips=("algorithm-key-mismatch", "signature-value-mismatch"),
)
def elliptic_curve_method_for_an_rsa_key(xml: bytes, kit: Kit) -> bytes:
    """The method says ECDSA, and every trusted key is RSA.

    A verifier that picks its code by the method and its key by the sender mixes the two. A method is for one kind of
    key.
    """
    algorithm = SIGNATURE_ALGORITHMS[_URIS["rsa-sha256"]]
    return _valued(xml, kit, _URIS["ecdsa-sha256"], lambda info, key: algorithm.sign(key, info))
