"""Bare keys in the sender's metadata, and keys that nobody should trust or have to calculate with.

Of most of them nobody knows the private half: their numbers were chosen for their size alone.
"""

from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import DS11, parse, serialise
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import element_of, find

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_DESCRIPTOR: Final = "md:IDPSSODescriptor/md:KeyDescriptor"
_INFO: Final = f"{_DESCRIPTOR}/ds:KeyInfo"
_UNREADABLE: Final = ("unreadable-metadata",)
_KEYLESS: Final = ("metadata-without-signing-key",)
_WEAK: Final = ("weak-metadata-key",)
_ENORMOUS: Final = ("oversized-metadata-key",)
_USUAL_EXPONENT: Final = 65537
_ED25519: Final = bytes.fromhex("302a300506032b6570032100") + bytes(range(32))
"""A key of an Edwards curve as SubjectPublicKeyInfo (RFC 8410, section 4)."""
_CROWD: Final = 64


def _value(modulus: int, exponent: int = _USUAL_EXPONENT) -> Element:
    """Write an RSA key as a KeyValue."""
    value, numbers = element_of("ds:KeyValue"), element_of("ds:RSAKeyValue")
    for name, number in (("Modulus", modulus), ("Exponent", exponent)):
        octets = number.to_bytes((number.bit_length() + 7) // 8)
        numbers.append(element_of(f"ds:{name}", base64.b64encode(octets).decode()))
    value.append(numbers)
    return value


def _encoded(spki: bytes) -> Element:
    """Write any public key as DER."""
    value = element_of("ds:KeyValue").makeelement(f"{{{DS11}}}DEREncodedKeyValue", nsmap={"dsig11": DS11})
    value.text = base64.b64encode(spki).decode()
    return value


def _keyed(xml: bytes, *keys: Element) -> bytes:
    """Declare bare keys in place of the certificate."""
    root = parse(xml, "metadata")
    find(root, _INFO)[:] = list(keys)
    return serialise(root)


def _beside(xml: bytes, *keys: Element) -> bytes:
    """Declare further bare keys, each in a KeyDescriptor of its own."""
    root = parse(xml, "metadata")
    own = find(root, _DESCRIPTOR)
    for key in keys:
        further = copy.deepcopy(own)
        find(further, "ds:KeyInfo")[:] = [key]
        own.addnext(further)
    return serialise(root)


@fault("K-05", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, cites="SAML2MetaIOP 2.5.1")
def bare_key_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The metadata declares the key without a certificate around it.

    A certificate is only an envelope for the key, and a key may come without one. It is trusted.
    """
    return _keyed(xml, _encoded(kit.own.certificate.spki))


@fault(
    "D-06",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    trips=_ENORMOUS,
    cites="NIST SP 800-57 1 5.6",
)
def enormous_key_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata declares an RSA key of 12,288 bits.

    Each message that names this issuer would cost a verifier many times the usual work. Nobody honest has such a key.
    """
    return _keyed(xml, _value((1 << 12_287) + 1))


@fault("D-06", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_UNREADABLE)
def key_beyond_every_limit_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata declares an RSA key of 100,000 bits.

    It is not even made into a key, since that alone would take long.
    """
    return _keyed(xml, _value((1 << 99_999) + 1))


@fault("D-06", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_ENORMOUS, cites="FIPS 186-5 A.1.1")
def enormous_exponent_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata declares an RSA key of 2,048 bits whose exponent has 2,000.

    Verifying with it costs as much as signing does. Exponents of public keys are small, 65537 nearly everywhere.
    """
    return _keyed(xml, _value((1 << 2_047) + 1, (1 << 1_999) + 1))


@fault("D-06", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=("metadata-keys-too-many",))
def crowd_of_keys_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata declares sixty-five keys, of which the first one signs.

    Each message without a hint would have to be tried with all of them. A rollover needs two or three.
    """
    return _beside(xml, *(_value((1 << 2_047) + 2 * number + 1) for number in range(_CROWD)))


@fault("K-14", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_WEAK, cites="NIST SP 800-131A 3")
def feeble_key_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata declares an RSA key of 768 bits.

    Keys of that size have been factored. It is no trust at all.
    """
    return _keyed(xml, _value((1 << 767) + 1))


@fault(
    "K-14",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=("short-rsa",),
    warns=_WEAK,
    cites="NIST SP 800-131A 3",
)
def short_key_beside_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The metadata declares an RSA key of 1,024 bits beside the one that signs.

    The report warns; messages that are signed with it are refused unless that is permitted.
    """
    return _beside(xml, _encoded(kit.others["short-rsa"].certificate.spki))


@fault(
    "K-14",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    needs=("tiny-curve",),
    trips=_WEAK,
    cites="NIST SP 800-131A 3",
)
def tiny_curve_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The metadata declares a key on a curve of 192 bits.

    Signatures with it can be forged. It is no trust at all.
    """
    return _keyed(xml, _encoded(kit.others["tiny-curve"].certificate.spki))


@fault("K-14", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_UNREADABLE, cites="FIPS 186-5 A.1.1")
def exponent_of_one_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata declares an RSA key whose exponent is one.

    Everybody can write a value that fits such a key. It is no key.
    """
    return _keyed(xml, _value((1 << 2_047) + 1, 1))


@fault(
    "K-18",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    warns=("unusable-metadata-key",),
    cites="RFC 8410 4",
)
def key_of_another_kind_beside_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata declares a key of an Edwards curve beside the one that signs.

    No signature of SAML is verified with it here. It is passed over with a warning, and the other one counts.
    """
    return _beside(xml, _encoded(_ED25519))


@fault(
    "K-18",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    trips=_KEYLESS,
    warns=("unusable-metadata-key",),
    cites="RFC 8410 4",
)
def key_of_another_kind_alone_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The one key that the metadata declares is of an Edwards curve.

    No signature of SAML is verified with it here, so there is nothing to load as trust.
    """
    return _keyed(xml, _encoded(_ED25519))


@fault("K-18", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_KEYLESS, cites="XMLDSig 4.5.1")
def name_for_a_key_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata names its key and does not show it.

    A name is a hint for whoever holds the key already. It verifies nothing, and is never looked up.
    """
    return _keyed(xml, element_of("ds:KeyName", "idp.example.org"))


@fault("K-09", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_KEYLESS, cites="XMLDSig 4.5.3")
def address_for_a_key_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata says where its key may be fetched from.

    A reader that goes there asks on behalf of whoever wrote the document. Nothing is fetched, so there is no key.
    """
    return _keyed(xml, element_of("ds:RetrievalMethod", URI="http://127.0.0.1:9/latest/meta-data"))
