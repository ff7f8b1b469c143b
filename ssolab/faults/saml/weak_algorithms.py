"""Algorithms and keys that prove too little: HMAC with a public key, broken hashes, keys that are too short."""

from __future__ import annotations

import hmac
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ssolab.core.findings import ConfigError
from ssolab.core.keys import Permission
from ssolab.core.pem import write_pem
from ssolab.core.xmltree import DS, parse, serialise
from ssolab.faults.engine import Nature, Sealing, Stage, fault
from ssolab.faults.saml.editing import element_of, find, forge, signature_of, signed_part
from ssolab.faults.saml.own_key import held_beside
from ssolab.faults.saml.resealing import digest, info_of, put_value, resealed, without_its_signature
from ssolab.faults.saml.styles import ANYHOW, ONCE

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_HMAC: Final = ("hmac-signature",)
_PUBLIC: Final = "CVE-2025-48994"
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_METHOD: Final = "ds:SignedInfo/ds:SignatureMethod"


def _by_hmac(  # noqa: PLR0913  the message, the kit, and what varies
    xml: bytes, kit: Kit, uri: str, hashed: str, *, secret: bytes | None = None, bits: int | None = None
) -> bytes:
    """Forge the name and sign with an HMAC, whose secret is what everybody knows: the trusted public key as PEM."""
    root = parse(xml, "message")
    signature = signature_of(signed_part(root))
    forge(root, kit)
    digest(signature, without_its_signature(signature))
    method = find(signature, _METHOD)
    method.set("Algorithm", uri)
    if bits is not None:
        method.append(element_of("ds:HMACOutputLength", str(bits)))
    known = write_pem("PUBLIC KEY", kit.own.certificate.spki).encode() if secret is None else secret
    value = hmac.new(known, info_of(signature), hashed).digest()
    put_value(signature, value if bits is None else value[: bits // 8])
    return serialise(root)


@fault("K-10", Nature.ATTACK, Stage.WIRE, signs=ONCE, keeps=True, cites=_PUBLIC, trips=_HMAC)
def hmac_sha1_with_the_public_key(xml: bytes, kit: Kit) -> bytes:
    """The forged message is signed by an HMAC with SHA-1, whose secret is the trusted public key.

    A verifier that takes key and algorithm from different places computes the same value. No HMAC is accepted.
    """
    return _by_hmac(xml, kit, f"{DS}hmac-sha1", "sha1")


@fault("K-10", Nature.ATTACK, Stage.WIRE, signs=ONCE, keeps=True, cites=_PUBLIC, trips=_HMAC)
def hmac_sha256_with_the_public_key(xml: bytes, kit: Kit) -> bytes:
    """The forged message is signed by an HMAC with SHA-256, whose secret is the trusted public key.

    A verifier that takes key and algorithm from different places computes the same value. No HMAC is accepted.
    """
    return _by_hmac(xml, kit, f"{_MORE}hmac-sha256", "sha256")


@fault("K-10", Nature.ATTACK, Stage.WIRE, signs=ONCE, keeps=True, cites=_PUBLIC, trips=_HMAC)
def hmac_sha384_with_the_public_key(xml: bytes, kit: Kit) -> bytes:
    """The forged message is signed by an HMAC with SHA-384, whose secret is the trusted public key.

    A verifier that takes key and algorithm from different places computes the same value. No HMAC is accepted.
    """
    return _by_hmac(xml, kit, f"{_MORE}hmac-sha384", "sha384")


@fault("K-10", Nature.ATTACK, Stage.WIRE, signs=ONCE, keeps=True, cites=_PUBLIC, trips=_HMAC)
def hmac_sha512_with_the_public_key(xml: bytes, kit: Kit) -> bytes:
    """The forged message is signed by an HMAC with SHA-512, whose secret is the trusted public key.

    A verifier that takes key and algorithm from different places computes the same value. No HMAC is accepted.
    """
    return _by_hmac(xml, kit, f"{_MORE}hmac-sha512", "sha512")


@fault("K-10", Nature.ATTACK, Stage.WIRE, signs=ONCE, keeps=True, cites=_PUBLIC, trips=_HMAC)
def hmac_md5_with_the_public_key(xml: bytes, kit: Kit) -> bytes:
    """The forged message is signed by an HMAC with MD5, whose secret is the trusted public key.

    A verifier that takes key and algorithm from different places computes the same value. No HMAC is accepted.
    """
    return _by_hmac(xml, kit, f"{_MORE}hmac-md5", "md5")


@fault("K-10", Nature.ATTACK, Stage.WIRE, signs=ONCE, keeps=True, cites=_PUBLIC, trips=_HMAC)
def hmac_sha256_with_the_certificate(xml: bytes, kit: Kit) -> bytes:
    """The forged message is signed by an HMAC with SHA-256, whose secret is the trusted certificate as PEM.

    The same for a verifier that hands its certificate file over as the key, whatever is in it. No HMAC is accepted.
    """
    return _by_hmac(xml, kit, f"{_MORE}hmac-sha256", "sha256", secret=kit.own.certificate.pem.encode())


@fault(
    "K-11",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    cites="CVE-2009-0217",
    trips=("hmac-signature", "malformed-signature"),
)
def hmac_cut_to_eight_bits(xml: bytes, kit: Kit) -> bytes:
    """The forged message is signed by an HMAC of which HMACOutputLength leaves eight bits.

    One in 256 guesses is right. No HMAC is accepted, and no parameter of a signature method.
    """
    return _by_hmac(xml, kit, f"{_MORE}hmac-sha256", "sha256", bits=8)


@fault("K-13", Nature.MISTAKE, Stage.SEAL, signs=ANYHOW, cites="RFC 9155 1", trips=("sha1-signature",), lax=True)
def sha1_in_the_signature(sealing: Sealing, _kit: Kit) -> Sealing:
    """The signature is made with SHA-1, the digest with SHA-256.

    Old partners sign so. It is refused unless it is permitted.
    """
    return replace(sealing, hash="sha1", digest_hash="sha256")


@fault("K-13", Nature.MISTAKE, Stage.SEAL, signs=ANYHOW, cites="RFC 9155 1", trips=("sha1-signature",), lax=True)
def sha1_in_the_digest(sealing: Sealing, _kit: Kit) -> Sealing:
    """The digest is made with SHA-1, the signature with SHA-256.

    Two messages of one digest need no forged signature. It is refused unless it is permitted.
    """
    return replace(sealing, digest_hash="sha1")


@fault(
    "K-13",
    Nature.LEGITIMATE,
    Stage.SEAL,
    signs=ANYHOW,
    receiver={"permit": frozenset({Permission.SHA1})},
    warns=("sha1-signature",),
)
def sha1_where_it_is_permitted(sealing: Sealing, _kit: Kit) -> Sealing:
    """Signature and digest are made with SHA-1, and the receiver permits it for this old partner.

    It is accepted, and reported all the same, so that the permission is not forgotten when the partner has changed.
    """
    return replace(sealing, hash="sha1")


def _by_md5(signature: Element, kit: Kit) -> None:
    find(signature, _METHOD).set("Algorithm", f"{_MORE}rsa-md5")
    private = kit.own.private
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ConfigError("fault", "only RSA keys sign with MD5", "sign with an RSA key")
    broken = hashes.MD5()  # noqa: S303  that it is broken is the point
    put_value(signature, private.sign(info_of(signature), padding.PKCS1v15(), broken))


@fault("K-13", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=("forbidden-algorithm",), lax=True)
def md5_in_the_signature(xml: bytes, kit: Kit) -> bytes:
    """The signature is made with MD5.

    Collisions cost seconds. No permission covers it.
    """
    root = parse(xml, "message")
    _by_md5(signature_of(signed_part(root)), kit)
    return serialise(root)


@fault("K-13", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=("forbidden-algorithm",), lax=True)
def md5_in_the_digest(xml: bytes, kit: Kit) -> bytes:
    """The digest is made with MD5.

    Collisions cost seconds. No permission covers it.
    """

    def name(signature: Element) -> None:
        find(signature, "ds:SignedInfo/ds:Reference/ds:DigestMethod").set("Algorithm", f"{_MORE}md5")

    return resealed(xml, kit, name)


@fault("K-14", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=("forbidden-algorithm",))
def dsa_in_the_signature(xml: bytes, _kit: Kit) -> bytes:
    """The signature method is DSA with SHA-1, the one that the first standard demanded.

    Its keys have 1024 bits and its hash is SHA-1. No permission covers it; the sender has to change its key.
    """
    root = parse(xml, "message")
    find(signature_of(signed_part(root)), _METHOD).set("Algorithm", f"{DS}dsa-sha1")
    return serialise(root)


@fault(
    "K-14",
    Nature.MISTAKE,
    Stage.SEAL,
    signs=ANYHOW,
    needs=("short-rsa",),
    receiver={"trusted": held_beside("short-rsa")},
    cites="NIST SP 800-131A 3",
    trips=("weak-rsa-key",),
)
def signed_with_a_short_rsa_key(sealing: Sealing, kit: Kit) -> Sealing:
    """A trusted RSA key of 1024 bits signs.

    It can be broken by those who can pay for it. It is refused unless it is permitted.
    """
    return replace(sealing, credential=kit.others["short-rsa"])


@fault(
    "K-14",
    Nature.LEGITIMATE,
    Stage.SEAL,
    signs=ANYHOW,
    needs=("short-rsa",),
    receiver={"trusted": held_beside("short-rsa"), "permit": frozenset({Permission.RSA1024})},
    warns=("weak-rsa-key",),
)
def signed_with_a_short_rsa_key_where_it_is_permitted(sealing: Sealing, kit: Kit) -> Sealing:
    """A trusted RSA key of 1024 bits signs, and the receiver permits it.

    It is accepted, and reported all the same, so that the permission is not forgotten.
    """
    return replace(sealing, credential=kit.others["short-rsa"])


@fault(
    "K-14",
    Nature.MISTAKE,
    Stage.SEAL,
    signs=ANYHOW,
    needs=("tiny-curve",),
    receiver={"trusted": held_beside("tiny-curve"), "permit": frozenset(Permission)},
    cites="NIST SP 800-131A 3",
    trips=("weak-curve",),
)
def signed_with_a_key_on_a_tiny_curve(sealing: Sealing, kit: Kit) -> Sealing:
    """A trusted key on a curve of 192 bits signs.

    Such a key can be computed from its public half by those who can pay for it. No permission covers it.
    """
    return replace(sealing, credential=kit.others["tiny-curve"])
