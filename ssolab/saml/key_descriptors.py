"""The keys in SAML metadata, and which key a party believes in.

A KeyDescriptor speaks for one key, its first certificate is that key's envelope, and without `use` it serves both
signing and encryption (SAML2Meta 2.4.1.1, SAML2MetaIOP 2.5.1).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssolab.core.certs import Certificate
from ssolab.core.findings import InputError
from ssolab.core.keys import LARGEST_KEY, PublicKey
from ssolab.core.xmltree import DS, DS11, MD, decode_base64, local_name
from ssolab.saml.fields import Parts, needed, refused, text
from ssolab.saml.kept import Kept
from ssolab.saml.writing import attributes, write

if TYPE_CHECKING:
    from typing import Self

    from ssolab.core.xmltree import Element

_X509: Final = f"{{{DS}}}X509Certificate"
_DER: Final = f"{{{DS11}}}DEREncodedKeyValue"
_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "urn:oid:1.2.840.10045.3.1.7": ec.SECP256R1,
    "urn:oid:1.3.132.0.34": ec.SECP384R1,
    "urn:oid:1.3.132.0.35": ec.SECP521R1,
}
KEY_DESCRIPTOR: Final = f"{{{MD}}}KeyDescriptor"
_OTHER_KINDS: Final = frozenset(
    f"{{{DS}}}{name}" for name in ("RetrievalMethod", "X509Data", "PGPData", "SPKIData", "MgmtData")
)
_OF_SIGNATURES: Final = ("KeyInfo", "KeyName", "KeyValue", "X509Data", "X509Certificate", "DEREncodedKeyValue")


@dataclass(frozen=True)
class KeyDescriptor:
    """A key that the role uses: `use` is "signing", "encryption" or None for both (SAML2Meta 2.4.1.1).

    `kept` is how it stood in its document, where that says more than the other fields: it is written again as long as
    it still says what they say, and is never fetched from nor trusted.
    """

    certificates: tuple[Certificate, ...] = ()
    use: str | None = None
    key_value: PublicKey | None = None
    key_names: tuple[str, ...] = ()
    encryption_methods: tuple[str, ...] = ()
    kept: Kept | None = None

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read a KeyDescriptor.

        Raises:
            InputError: it has another `use`, a certificate or KeyValue that cannot be read, or says nothing of a key.
        """
        found = cls._said(element, document)
        whole = Kept.read(element)
        return found if _unbroken(whole) == Kept.read(_plainly(found, None)) else replace(found, kept=whole)

    @classmethod
    def _said(cls, element: Element, document: str) -> Self:
        """Read the fields."""
        use = element.get("use")
        if use not in {None, "signing", "encryption"}:
            raise refused(element, document, f"use of KeyDescriptor is {use!r}, not signing or encryption")
        parts = Parts(element, document)
        info = Parts(parts.needed(f"{{{DS}}}KeyInfo"), document)
        certificates = tuple(
            _certificate(holder, document)
            for data in info.all(f"{{{DS}}}X509Data")
            for holder in data.iterchildren(f"{{{DS}}}X509Certificate")
        )
        values = info.all(f"{{{DS}}}KeyValue") + info.all(f"{{{DS11}}}DEREncodedKeyValue")
        names = tuple(text(name, document) for name in info.all(f"{{{DS}}}KeyName"))
        if not (certificates or values or names or any(_is_other_kind(each) for each in info.by_name)):
            raise refused(
                element, document, "KeyDescriptor holds no key: neither X509Certificate nor KeyValue stands in it",
                "ask the partner for metadata with its certificate",
            )  # fmt: skip
        return cls(
            certificates=certificates,
            use=use,
            key_value=_key_value(values[0], document) if values else None,
            key_names=names,
            encryption_methods=tuple(
                needed(method, "Algorithm", document) for method in parts.all(f"{{{MD}}}EncryptionMethod")
            ),
        )

    @property
    def public(self) -> PublicKey | None:
        """The one key it speaks for: the first certificate's, else the KeyValue, else none."""
        return PublicKey(self.certificates[0].spki) if self.certificates else self.key_value

    def write(self, parent: Element) -> None:
        """Write the KeyDescriptor; a KeyValue goes out as DEREncodedKeyValue, which holds a key of any kind."""
        if self.kept is not None:
            element = self.kept.write(parent)
            if self._said(element, "the kept KeyDescriptor") == replace(self, kept=None):
                return
            parent.remove(element)  # a field was replaced since it was read, and the fields count
        _plainly(self, parent)


def _plainly(descriptor: KeyDescriptor, parent: Element | None) -> Element:
    """Write the fields of a descriptor."""
    element = write(parent, KEY_DESCRIPTOR, attributes(use=descriptor.use))
    info = write(element, f"{{{DS}}}KeyInfo")
    for name in descriptor.key_names:
        write(info, f"{{{DS}}}KeyName", content=name)
    if descriptor.key_value is not None:
        encoded = base64.b64encode(descriptor.key_value.spki).decode()
        write(info, _DER, content=encoded, nsmap={"dsig11": DS11})
    if descriptor.certificates:
        data = write(info, f"{{{DS}}}X509Data")
        for certificate in descriptor.certificates:
            write(data, _X509, content=certificate.base64)
    for method in descriptor.encryption_methods:
        write(element, f"{{{MD}}}EncryptionMethod", {"Algorithm": method})
    return element


def _unbroken(kept: Kept) -> Kept:
    """Take the white space out of base64, which counts for nothing there."""
    if kept.name in {_X509, _DER}:
        return replace(kept, content=("".join(kept.text.split()),), prefixes=())
    return replace(kept, content=tuple(each if isinstance(each, str) else _unbroken(each) for each in kept.content))


def _is_other_kind(tag: str) -> bool:
    """Say whether a child of KeyInfo speaks of a key in a way of its own, which we pass on without following it.

    A name of XML Signature in a wrong namespace is a mistake and not another way.
    """
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    if namespace == DS:
        return tag in _OTHER_KINDS
    return namespace not in {"", MD} and name not in _OF_SIGNATURES


def _base64(element: Element, document: str) -> bytes:
    if (data := decode_base64(text(element, document))) is None:
        raise refused(
            element, document, f"{local_name(element)} is not base64",
            "put the base64 of the DER there, without BEGIN and END lines",
        )  # fmt: skip
    return data


def _certificate(element: Element, document: str) -> Certificate:
    data = _base64(element, document)
    try:
        return Certificate.from_der(data, document)
    except InputError as error:
        raise refused(element, document, error.problem, error.remedy) from None


def _key_value(element: Element, document: str) -> PublicKey | None:
    """Read ds:KeyValue or dsig11:DEREncodedKeyValue (XMLDSig 4.5.2 and 4.5.9); None for DSA, which SAML has left."""
    if element.tag == f"{{{DS11}}}DEREncodedKeyValue":
        return PublicKey(_base64(element, document))
    parts = Parts(element, document)
    try:
        key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey
        if (given := parts.one(f"{{{DS}}}RSAKeyValue")) is not None:
            inner = Parts(given, document)
            exponent, modulus = (
                int.from_bytes(_base64(inner.needed(f"{{{DS}}}{part}"), document)) for part in ("Exponent", "Modulus")
            )
            if modulus.bit_length() > LARGEST_KEY:
                raise refused(element, document, f"the key has {modulus.bit_length()} bits, more than {LARGEST_KEY}")
            key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
        elif (given := parts.one(f"{{{DS11}}}ECKeyValue")) is not None:
            inner = Parts(given, document)
            curve = needed(inner.needed(f"{{{DS11}}}NamedCurve"), "URI", document)
            if curve not in _CURVES:
                raise refused(element, document, f"{curve} is not a curve that SAML partners use")
            point = _base64(inner.needed(f"{{{DS11}}}PublicKey"), document)
            key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVES[curve](), point)
        elif parts.one(f"{{{DS}}}DSAKeyValue") is not None:
            return None
        else:
            raise refused(element, document, "KeyValue is neither an RSAKeyValue nor an ECKeyValue")
    except (ValueError, UnsupportedAlgorithm) as error:
        raise refused(element, document, f"KeyValue holds no usable key: {error}") from None
    return PublicKey(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
