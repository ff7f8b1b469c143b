"""What stands in KeyInfo: nothing, names, other keys, and addresses where a key could be fetched.

KeyInfo is not signed and decides nothing. Every trusted key is tried whatever it says, and nothing in it is followed.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from ssolab.core.findings import ConfigError
from ssolab.core.xmltree import DS, DS11, parse, serialise
from ssolab.faults.engine import Nature, Sealing, Stage, fault
from ssolab.faults.saml.editing import element_of, find, signature_of, signed_part
from ssolab.faults.saml.resealing import sign_anew
from ssolab.faults.saml.styles import ANYHOW, ONCE

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_ADDRESS: Final = "http://attacker.invalid/certificate.der"


def _showing(xml: bytes, *parts: Element) -> bytes:
    """Put other things into KeyInfo, which no signature covers."""
    root = parse(xml, "message")
    find(signature_of(signed_part(root)), "ds:KeyInfo")[:] = list(parts)
    return serialise(root)


def _holding(prefixed: str, *parts: Element) -> Element:
    holder = element_of(prefixed)
    holder.extend(parts)
    return holder


def _certificate(text: str) -> Element:
    return element_of("ds:X509Certificate", text)


@fault("K-05", Nature.LEGITIMATE, Stage.SEAL, signs=ANYHOW)
def without_keyinfo(sealing: Sealing, _kit: Kit) -> Sealing:
    """The signature says nothing of its key.

    KeyInfo is optional. Every trusted signing key is tried.
    """
    return replace(sealing, key_info=False)


@fault("K-05", Nature.LEGITIMATE, Stage.WIRE, signs=ONCE)
def keyinfo_with_a_name_alone(xml: bytes, kit: Kit) -> bytes:
    """The signature names its key by a KeyName, which means something to its sender alone.

    There is nothing to look it up in, and no need: every trusted signing key of the sender is tried.
    """
    return _showing(xml, element_of("ds:KeyName", kit.own.label))


@fault("K-05", Nature.LEGITIMATE, Stage.WIRE, signs=ONCE)
def keyinfo_with_a_key_value_alone(xml: bytes, kit: Kit) -> bytes:
    """The signature shows its key as the bare numbers.

    They are of no account, like a certificate: every trusted signing key is tried.
    """
    public = kit.own.private.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        raise ConfigError("fault", "it writes the numbers of an RSA key", "sign with an RSA key")
    numbers = public.public_numbers()
    parts = [
        element_of(name, base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8)).decode())
        for name, number in (("ds:Modulus", numbers.n), ("ds:Exponent", numbers.e))
    ]
    return _showing(xml, _holding("ds:KeyValue", _holding("ds:RSAKeyValue", *parts)))


@fault("K-05", Nature.LEGITIMATE, Stage.WIRE, signs=ONCE)
def keyinfo_with_issuer_and_serial_number_alone(xml: bytes, kit: Kit) -> bytes:
    """The signature names its certificate by issuer and serial number, and does not show it.

    Names are of no account, whether or not they fit the trusted certificate: every trusted signing key is tried.
    """
    certificate = kit.own.certificate
    names = _holding(
        "ds:X509IssuerSerial",
        element_of("ds:X509IssuerName", certificate.issuer.text),
        element_of("ds:X509SerialNumber", str(certificate.serial)),
    )
    return _showing(xml, _holding("ds:X509Data", names))


@fault("K-01", Nature.LEGITIMATE, Stage.WIRE, signs=ONCE)
def foreign_certificate_beside_a_genuine_signature(xml: bytes, kit: Kit) -> bytes:
    """The trusted key signed, and the certificate in KeyInfo is a stranger's.

    Nobody signs KeyInfo, so anybody could put it there, and it changes nothing: the value fits a trusted key.
    """
    return _showing(xml, _holding("ds:X509Data", _certificate(kit.foreign.certificate.base64)))


@fault("K-19", Nature.LEGITIMATE, Stage.WIRE, signs=ONCE)
def keyinfo_with_a_chain(xml: bytes, kit: Kit) -> bytes:
    """The signature shows its certificate and another behind it, as from an authority.

    No chain is built, and nothing in it is believed. They only say which trusted key to try first.
    """
    shown = (kit.own.certificate, kit.foreign.certificate)
    return _showing(xml, _holding("ds:X509Data", *(_certificate(each.base64) for each in shown)))


def _by_a_stranger(xml: bytes, kit: Kit, *parts: Element) -> bytes:
    """Have a stranger sign, and say in KeyInfo where its key is."""
    root = parse(_showing(xml, *parts), "message")
    sign_anew(signature_of(signed_part(root)), kit.foreign)
    return serialise(root)


@fault("K-09", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=("key-not-trusted",))
def key_by_retrieval_method(xml: bytes, kit: Kit) -> bytes:
    """A stranger signs, and a RetrievalMethod says at which address the certificate can be fetched.

    Whoever fetches it asks a server of the sender's choice, and then believes what that answers. Nothing is fetched.
    """
    method = element_of("ds:RetrievalMethod", URI=_ADDRESS, Type=f"{DS}rawX509Certificate")
    return _by_a_stranger(xml, kit, method)


@fault("K-09", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=("key-not-trusted",))
def key_by_retrieval_of_x509_data(xml: bytes, kit: Kit) -> bytes:
    """A stranger signs, and a RetrievalMethod says at which address its X509Data stands.

    The same for a whole KeyInfo in XML. Nothing is fetched, and what is there would not be believed.
    """
    method = element_of("ds:RetrievalMethod", URI=f"{_ADDRESS}#key", Type=f"{DS}X509Data")
    return _by_a_stranger(xml, kit, method)


@fault("K-09", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=("key-not-trusted",))
def key_by_keyinfo_reference(xml: bytes, kit: Kit) -> bytes:
    """A stranger signs, and a KeyInfoReference of XML Signature 1.1 says where the KeyInfo is.

    The newer word for a RetrievalMethod. Nothing is fetched, and what is there would not be believed.
    """
    reference = etree.Element(f"{{{DS11}}}KeyInfoReference", URI=_ADDRESS, nsmap={"dsig11": DS11})
    return _by_a_stranger(xml, kit, reference)
