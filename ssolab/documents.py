"""Bytes and a name become what they are, told by their content: file names lie more often than first bytes do.

A `.crt` may be a certificate, several, a request, or a key store that somebody renamed; Setup and partners hand out all
of them. Whatever is found, its certificates end up in one place.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssolab.core import der
from ssolab.core.certs import Certificate, read_certificates
from ssolab.core.entries import JCEKS_MAGIC, JKS_MAGIC, public_half
from ssolab.core.findings import InputError
from ssolab.core.pem import has_headers, pem_blocks, unwrap
from ssolab.core.requests import CertificateRequest, is_request
from ssolab.core.spki import PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.core.keystores import KeyStore
    from ssolab.saml.metadata import EntityDescriptor

_XML = (b"<", b"\xff\xfe", b"\xfe\xff")
_JSON = (b"{", b"[")
_BOM = b"\xef\xbb\xbf"
_REMEDY = "give a certificate, a certificate request, a key store or SAML metadata"


class Kind(enum.StrEnum):
    """What a document is."""

    CERTIFICATES = "certificates"
    REQUEST = "certificate-request"
    KEY_STORE = "key-store"
    PRIVATE_KEY = "private-key"
    PUBLIC_KEY = "public-key"
    METADATA = "saml-metadata"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A recognised document. `keys` are public keys without certificate: bare ones, and halves of private keys.

    `private_keys` counts the private keys outside of key stores, `notes` are for people.
    """

    kind: Kind
    name: str
    certificates: tuple[Certificate, ...] = ()
    requests: tuple[CertificateRequest, ...] = ()
    keys: tuple[PublicKey, ...] = ()
    private_keys: int = 0
    store: KeyStore | None = None
    entity: EntityDescriptor | None = None
    notes: tuple[str, ...] = ()

    def one_certificate(self, number: int | None = None) -> Certificate:
        """Return the only certificate, or the one of that number, counted from 1.

        Raises:
            InputError: there is none, or several and no number.
        """
        count = len(self.certificates)
        if number is not None and 1 <= number <= count:
            return self.certificates[number - 1]
        if number is None and count == 1:
            return self.certificates[0]
        if not count:
            raise InputError(self.name, f"no certificate in it (it is a {self.kind})", "give one that has")
        labels = ", ".join(f"{at} {one.label}" for at, one in enumerate(self.certificates[:9], 1))
        there = f"{count} certificates" if count > 1 else "one certificate"
        raise InputError(self.name, f"{there} in it", f"choose one by its number: {labels}")


def opens_without_password(data: bytes) -> bool:
    """Say whether this is a key store that shows its certificates, though not its keys, without password."""
    return data.startswith((JKS_MAGIC, JCEKS_MAGIC))


def recognise(data: bytes, name: str, password: str | None = None) -> Document:
    """Tell what a document is, and read it.

    Raises:
        PasswordError: a key store needs a password, or another one.
        InputError: it is nothing that we know, or is damaged.
    """
    text = data.removeprefix(_BOM)
    if not text.strip(b"\0 \t\r\n"):
        problem = "it holds nothing but zeros and white space" if data else "it is empty"
        raise InputError(name, problem, _REMEDY)
    if text.lstrip().startswith(_XML):
        return _metadata(data, name)
    if text.lstrip().startswith(_JSON):
        raise InputError(name, "JSON has no certificate to show", _REMEDY)
    data = unwrap(text, name)
    if b"-----BEGIN " in data:
        return _pem(data, name)
    from ssolab.core.keystores import is_store, open_store  # most documents need none of those old ciphers

    if is_store(data):
        store = open_store(data, name, password)
        return Document(kind=Kind.KEY_STORE, name=name, certificates=store.certificates, store=store, notes=store.notes)
    return _der(data, name)


def _metadata(data: bytes, name: str) -> Document:
    from ssolab.saml.metadata import read_entity  # loads an XML parser, which certificates do not need

    entity = read_entity(data, name)
    found = dict.fromkeys(
        one for role in (entity.idp, entity.sp) if role for key in role.key_descriptors for one in key.certificates
    )
    return Document(kind=Kind.METADATA, name=name, certificates=tuple(found), entity=entity)


def _pem(data: bytes, name: str) -> Document:
    blocks = list(pem_blocks(data, name))
    labels = [label for label, _ in blocks]
    certificates: tuple[Certificate, ...] = ()
    if any(label.endswith("CERTIFICATE") for label in labels):
        certificates = read_certificates(data, name)
    requests = tuple(
        CertificateRequest.from_der(body, name) for label, body in blocks if label.endswith("CERTIFICATE REQUEST")
    )
    keys = [PublicKey(body) for label, body in blocks if label == "PUBLIC KEY"]
    private = [(label, body) for label, body in blocks if label.endswith("PRIVATE KEY")]
    keys.extend(PublicKey(public_half(body, name)) for label, body in private if label == "PRIVATE KEY")
    kind = next(
        (
            kind
            for kind, there in (
                (Kind.CERTIFICATES, certificates),
                (Kind.REQUEST, requests),
                (Kind.PRIVATE_KEY, private),
                (Kind.PUBLIC_KEY, keys),
            )
            if there
        ),
        None,
    )
    if kind is None:
        what = f"no certificate in it, only {', '.join(sorted(set(labels)))}" if labels else "a PEM block is cut off"
        raise InputError(name, what, _REMEDY)
    return Document(
        kind=kind,
        name=name,
        certificates=certificates,
        requests=requests,
        keys=tuple(dict.fromkeys(keys)),
        private_keys=len(private),
        notes=tuple(_notes(kind, private)),
    )


def _notes(kind: Kind, private: list[tuple[str, bytes]]) -> Iterable[str]:
    if private and kind is not Kind.PRIVATE_KEY:
        yield "it holds a private key too; keep the file to yourself"
    if any(label == "ENCRYPTED PRIVATE KEY" or has_headers(body) for label, body in private):
        yield "its private key is encrypted and was not opened"


def _der(data: bytes, name: str) -> Document:
    if data[0] != der.SEQUENCE:
        raise InputError(name, "neither PEM nor DER nor base64 of a certificate", _REMEDY)
    if is_request(data):
        request = CertificateRequest.from_der(data, name)
        return Document(kind=Kind.REQUEST, name=name, requests=(request,))
    try:
        first, *rest = der.read(data).expect(der.SEQUENCE)
    except ValueError as error:
        raise InputError(name, f"neither certificate nor key ({error})", _REMEDY) from None
    if first.tag == der.INTEGER and rest and rest[0].tag == der.SEQUENCE:
        return Document(kind=Kind.PRIVATE_KEY, name=name, keys=(PublicKey(public_half(data, name)),), private_keys=1)
    if first.tag == der.SEQUENCE and len(rest) == 1 and rest[0].tag == der.BIT_STRING:
        return Document(kind=Kind.PUBLIC_KEY, name=name, keys=(PublicKey(data),))
    if first.tag == der.OID:
        raise InputError(name, "a PKCS#7 file", "take the certificates out: openssl pkcs7 -inform DER -print_certs")
    return Document(kind=Kind.CERTIFICATES, name=name, certificates=read_certificates(data, name))
