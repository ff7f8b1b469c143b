"""Signature values that careless arithmetic or careless parsing takes for good, although no key made them so."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from ssolab.core.algorithms import SIGNATURE_ALGORITHMS
from ssolab.core.findings import ConfigError
from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import find, forge, signature_of, signed_part
from ssolab.faults.saml.own_key import held_beside
from ssolab.faults.saml.resealing import digest, info_of, put_value, without_its_signature
from ssolab.faults.saml.styles import ONCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.faults.engine import Kit

_UNFIT: Final = ("signature-value-mismatch",)
_ECDSA: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
_CURVE: Final = "curve"
"""What a kit calls a key on P-256 that the receiver trusts."""
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256 (FIPS 186-4, D.1.2.3)."""
_WIDTH: Final = 32
_PSYCHIC: Final = "CVE-2022-21449"
_BLEICHENBACHER: Final = "CVE-2006-4339"
_DIGEST_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before a SHA-256 digest (RFC 8017, section 9.2, note 1)."""
_WITHOUT_NULL: Final = bytes.fromhex("302f300b06096086480165030402010420")
_LONG_LENGTH: Final = bytes.fromhex("308131300d060960864801650304020105000420")
_LEAST_PADDING: Final = 8


def _on_the_curve(xml: bytes, kit: Kit, make: Callable[[bytes], bytes], *, forging: bool) -> bytes:
    """Show the trusted key on P-256, and put in the value that *make* gives for SignedInfo."""
    root = parse(xml, "message")
    signature = signature_of(signed_part(root))
    if forging:
        forge(root, kit)
        digest(signature, without_its_signature(signature))
    find(signature, "ds:SignedInfo/ds:SignatureMethod").set("Algorithm", _ECDSA)
    shown = find(signature, "ds:KeyInfo/ds:X509Data/ds:X509Certificate")
    shown.text = kit.others[_CURVE].certificate.base64
    put_value(signature, make(info_of(signature)))
    return serialise(root)


def _pair(r: int, s: int) -> bytes:
    return r.to_bytes(_WIDTH) + s.to_bytes(_WIDTH)


@fault(
    "K-16",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    needs=(_CURVE,),
    receiver={"trusted": held_beside(_CURVE)},
    keeps=True,
    cites=_PSYCHIC,
    trips=_UNFIT,
)
def ecdsa_value_of_zeros(xml: bytes, kit: Kit) -> bytes:
    """The forged message has an ECDSA value whose r and s are zero.

    It fits every message and every key where nobody looks at their range.
    """
    return _on_the_curve(xml, kit, lambda _: _pair(0, 0), forging=True)


@fault(
    "K-16",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    needs=(_CURVE,),
    receiver={"trusted": held_beside(_CURVE)},
    keeps=True,
    cites=_PSYCHIC,
    trips=_UNFIT,
)
def ecdsa_value_of_the_order(xml: bytes, kit: Kit) -> bytes:
    """The forged message has an ECDSA value whose r and s are the order of the curve.

    Counted in the circle of the curve that is zero again, for a check that only looks for the digit.
    """
    return _on_the_curve(xml, kit, lambda _: _pair(_ORDER, _ORDER), forging=True)


def _ecdsa(kit: Kit, info: bytes) -> bytes:
    return SIGNATURE_ALGORITHMS[_ECDSA].sign(kit.others[_CURVE].private, info)


@fault(
    "K-16",
    Nature.MISTAKE,
    Stage.WIRE,
    signs=ONCE,
    needs=(_CURVE,),
    receiver={"trusted": held_beside(_CURVE)},
    cites="XML Signature 1.1, 6.4.3",
    trips=_UNFIT,
)
def ecdsa_value_in_der(xml: bytes, kit: Kit) -> bytes:
    """The ECDSA value is written as in certificates, in DER.

    Most libraries sign so by themselves. In XML r and s stand side by side, each as wide as the order of the curve.
    """

    def encoded(info: bytes) -> bytes:
        value = _ecdsa(kit, info)
        return encode_dss_signature(int.from_bytes(value[:_WIDTH]), int.from_bytes(value[_WIDTH:]))

    return _on_the_curve(xml, kit, encoded, forging=False)


@fault(
    "K-16",
    Nature.MISTAKE,
    Stage.WIRE,
    signs=ONCE,
    needs=(_CURVE,),
    receiver={"trusted": held_beside(_CURVE)},
    cites="XML Signature 1.1, 6.4.3",
    trips=_UNFIT,
)
def ecdsa_value_of_another_width(xml: bytes, kit: Kit) -> bytes:
    """Each half of the ECDSA value has a zero byte too many in front.

    As numbers they are right. One signature has one form, so that nobody can make a second message of the first.
    """

    def widened(info: bytes) -> bytes:
        value = _ecdsa(kit, info)
        return b"\0" + value[:_WIDTH] + b"\0" + value[_WIDTH:]

    return _on_the_curve(xml, kit, widened, forging=False)


def _padded(xml: bytes, kit: Kit, encode: Callable[[bytes, int], bytes]) -> bytes:
    """Put in the value that becomes what *encode* gives for the digest of SignedInfo and the width of the key."""
    private = kit.own.private
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ConfigError("fault", "it shows with an RSA key alone", "sign with an RSA key")
    root = parse(xml, "message")
    signature = signature_of(signed_part(root))
    numbers = private.private_numbers()
    modulus, width = numbers.public_numbers.n, (private.key_size + 7) // 8
    encoded = encode(hashlib.sha256(info_of(signature)).digest(), width)
    put_value(signature, pow(int.from_bytes(encoded), numbers.d, modulus).to_bytes(width))
    return serialise(root)


def _block(content: bytes, width: int, *, kind: bytes = b"\1", rest: bytes = b"") -> bytes:
    filling = width - len(content) - len(rest) - 3
    return b"\0" + kind + b"\xff" * filling + b"\0" + content + rest


@fault("K-16", Nature.ATTACK, Stage.WIRE, signs=ONCE, cites=_BLEICHENBACHER, trips=_UNFIT)
def rsa_padding_with_garbage_at_its_end(xml: bytes, kit: Kit) -> bytes:
    """The padding is as short as may be, and bytes of the sender's choice follow the digest.

    With a public exponent of three such a value can be made without the private key. Nothing may follow the digest.
    """

    def encode(digest: bytes, width: int) -> bytes:
        content = _DIGEST_INFO + digest
        return _block(content, width, rest=b"\xaa" * (width - len(content) - 3 - _LEAST_PADDING))

    return _padded(xml, kit, encode)


@fault("K-16", Nature.ATTACK, Stage.WIRE, signs=ONCE, cites="CVE-2014-1568", trips=_UNFIT)
def rsa_padding_with_a_long_length(xml: bytes, kit: Kit) -> bytes:
    """A length inside the padding is written in more bytes than it needs.

    A parser that skips such bytes skips what a forger puts there. The padding has one form for each digest.
    """
    return _padded(xml, kit, lambda digest, width: _block(_LONG_LENGTH + digest, width))


@fault("K-16", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=_UNFIT)
def rsa_padding_without_its_null(xml: bytes, kit: Kit) -> bytes:
    """The empty parameter of the hash is missing in the padding.

    Old signers left it out and some verifiers allow both. The padding has one form for each digest.
    """
    return _padded(xml, kit, lambda digest, width: _block(_WITHOUT_NULL + digest, width))


@fault("K-16", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=_UNFIT)
def rsa_padding_of_an_encryption(xml: bytes, kit: Kit) -> bytes:
    """The padding is of the kind that encryption has.

    Its filling is free, so a forger has room in it. A signature has the other kind.
    """
    return _padded(xml, kit, lambda digest, width: _block(_DIGEST_INFO + digest, width, kind=b"\2"))


@fault("K-16", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=_UNFIT)
def rsa_padding_around_the_bare_digest(xml: bytes, kit: Kit) -> bytes:
    """The padding holds the digest without the name of its hash.

    Then a value made with one hash counts for another. The name belongs into it.
    """
    return _padded(xml, kit, _block)
