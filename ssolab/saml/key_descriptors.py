"""The keys in SAML metadata, and which key a party believes in.

A KeyDescriptor speaks for one key, its first certificate is that key's envelope, and without `use` it serves both
signing and encryption (SAML2Meta 2.4.1.1, SAML2MetaIOP 2.5.1).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssolab.core.certs import Certificate
from ssolab.core.findings import InputError
from ssolab.core.keys import LARGEST_KEY, PublicKey
from ssolab.core.xmltree import DS, DS11, MD, decode_base64, local_name
from ssolab.saml.fields import Parts, needed, refused, text
from ssolab.saml.writing import attributes, write

if TYPE_CHECKING:
    from typing import Self

    from ssolab.core.xmltree import Element

_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "urn:oid:1.2.840.10045.3.1.7": ec.SECP256R1,
    "urn:oid:1.3.132.0.34": ec.SECP384R1,
    "urn:oid:1.3.132.0.35": ec.SECP521R1,
}


@dataclass(frozen=True)
class KeyDescriptor:
    """A key that the role uses: `use` is "signing", "encryption" or None for both (SAML2Meta 2.4.1.1)."""

    certificates: tuple[Certificate, ...] = ()
    use: str | None = None
    key_value: PublicKey | None = None
    key_names: tuple[str, ...] = ()
    encryption_methods: tuple[str, ...] = ()

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read a KeyDescriptor.

        Raises:
            InputError: it has another `use`, a certificate or KeyValue that cannot be read, or no key and no name.
        """
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
        if not (certificates or values or names):
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
        element = write(parent, f"{{{MD}}}KeyDescriptor", attributes(use=self.use))
        info = write(element, f"{{{DS}}}KeyInfo")
        for name in self.key_names:
            write(info, f"{{{DS}}}KeyName", content=name)
        if self.key_value is not None:
            encoded = base64.b64encode(self.key_value.spki).decode()
            write(info, f"{{{DS11}}}DEREncodedKeyValue", content=encoded, nsmap={"dsig11": DS11})
        if self.certificates:
            data = write(info, f"{{{DS}}}X509Data")
            for certificate in self.certificates:
                write(data, f"{{{DS}}}X509Certificate", content=certificate.base64)
        for method in self.encryption_methods:
            write(element, f"{{{MD}}}EncryptionMethod", {"Algorithm": method})


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


def _key_value(element: Element, document: str) -> PublicKey:
    """Read ds:KeyValue or dsig11:DEREncodedKeyValue (XMLDSig 4.5.2 and 4.5.9)."""
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
        else:
            raise refused(element, document, "KeyValue is neither an RSAKeyValue nor an ECKeyValue")
    except (ValueError, UnsupportedAlgorithm) as error:
        raise refused(element, document, f"KeyValue holds no usable key: {error}") from None
    return PublicKey(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
