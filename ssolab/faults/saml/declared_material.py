"""How the keys in the sender's metadata are written, and keys that nobody should trust or have to calculate with."""

from __future__ import annotations

import base64
import copy
from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import DS11, parse, serialise
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import element_of, find, named, remove, rewritten
from ssolab.faults.saml.metadata_signatures import CERTIFICATE

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


@fault(
    "M-06",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    trips=_UNREADABLE,
    cites="samlify, idpmeta_rollingcert.xml",
)
def key_info_in_a_wrong_namespace(xml: bytes, _kit: Kit) -> bytes:
    """The KeyInfo stands in the namespace of metadata, not in that of XML Signature.

    It was written by hand, and readers that look for names alone do not notice. What decides who is believed is not
    guessed.
    """

    def renamed(root: Element) -> Element:
        find(root, _INFO).tag = named("md:KeyInfo")
        return root

    return rewritten(xml, renamed)


@fault("M-06", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_KEYLESS, cites="SAML2Meta 2.4.1.1")
def certificate_in_a_wrong_namespace(xml: bytes, _kit: Kit) -> bytes:
    """The X509Certificate stands in the namespace of metadata, not in that of XML Signature.

    So there is no certificate, and no key to verify with.
    """

    def renamed(root: Element) -> Element:
        find(root, CERTIFICATE).tag = named("md:X509Certificate")
        return root

    return rewritten(xml, renamed)


def _spelt(xml: bytes, text: str) -> bytes:
    root = parse(xml, "metadata")
    find(root, CERTIFICATE).text = text
    return serialise(root)


@fault("M-06", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_UNREADABLE, cites="RFC 4648 3.3")
def junk_in_the_certificate(xml: bytes, kit: Kit) -> bytes:
    """A character that is not of base64 stands in the certificate.

    One reader passes it over and another stops there. Copy the certificate again.
    """
    written = kit.own.certificate.base64
    return _spelt(xml, f"{written[:40]}*{written[40:]}")


@fault("M-06", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_UNREADABLE, cites="XMLDSig 4.5.4")
def pem_armour_in_the_certificate(xml: bytes, kit: Kit) -> bytes:
    """The certificate stands there with its BEGIN and END lines.

    A file was put in as it was. Only the base64 between these lines belongs there.
    """
    written = kit.own.certificate.base64
    return _spelt(xml, f"-----BEGIN CERTIFICATE-----\n{written}\n-----END CERTIFICATE-----")


@fault("M-06", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, cites="XMLDSig 4.5.4")
def certificate_in_indented_lines(xml: bytes, kit: Kit) -> bytes:
    """The certificate is broken into lines, indented, and has blank lines around it.

    White space means nothing in base64, and pretty printers put it there.
    """
    written = kit.own.certificate.base64
    lines = [written[at : at + 64] for at in range(0, len(written), 64)]
    return _spelt(xml, "\n\n" + "".join(f"\t    {line}\n" for line in lines) + "\n")


@fault("M-06", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, cites="SAML2Meta 2.4.3")
def key_behind_the_addresses_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The KeyDescriptor comes after the addresses, where the schema wants it before them.

    The order means nothing for trust, so the key is read all the same; validating readers refuse the document.
    """

    def moved(root: Element) -> Element:
        role = find(root, "md:IDPSSODescriptor")
        role.append(remove(find(role, "md:KeyDescriptor")))
        return root

    return rewritten(xml, moved)


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

    A certificate is an envelope for the key. The key is trusted.
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

    It is not even made into a key.
    """
    return _keyed(xml, _value((1 << 99_999) + 1))


@fault("D-06", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_ENORMOUS, cites="FIPS 186-5 A.1.1")
def enormous_exponent_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata declares an RSA key of 2,048 bits whose exponent has 2,000.

    Verifying with it costs as much as signing. Public exponents are small.
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
