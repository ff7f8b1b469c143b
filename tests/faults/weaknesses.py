"""What gets past libraries that verify signatures and nothing else, where they are used without a second thought.

Each is used as its documentation begins: hand it the document and the trusted key, and if it has nothing to say, read
the first NameID. None of what stands here is a defect of a library, which answers only what it was asked. It is why
ours asks more. Nothing here may reach the network: what would be fetched or run is not put before them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives import serialization
from lxml import etree

from ssolab.core import opinions
from ssolab.core.xmltree import DS, SAML

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ssolab.core.keys import SigningCredential

_PEM = serialization.Encoding.PEM
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


def _first_name(xml: bytes) -> str | None:
    return etree.fromstring(xml).findtext(f".//{{{SAML}}}NameID")


def by_signxml(xml: bytes, key: SigningCredential) -> str | None:
    """Verify with signxml, with the key in a certificate that is in date whatever the day of the test."""
    signxml: Any = importlib.import_module("signxml")  # without types, like the other two
    signxml.XMLVerifier().verify(xml, x509_cert=opinions._envelope(key.public.spki))
    return _first_name(xml)


def by_xmlsec(xml: bytes, key: SigningCredential) -> str | None:
    """Verify the first Signature of the document with xmlsec."""
    xmlsec: Any = importlib.import_module("xmlsec")
    root = etree.fromstring(xml)
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    public = key.private.public_key().public_bytes(_PEM, _SPKI)
    context.key = xmlsec.Key.from_memory(public, xmlsec.KeyFormat.PEM)
    context.verify(xmlsec.tree.find_node(root, "Signature", DS))
    return _first_name(xml)


def by_pybergshamra(xml: bytes, key: SigningCredential) -> str | None:
    """Verify the first Signature of the document with pybergshamra, with the context that is its default."""
    library: Any = importlib.import_module("pybergshamra")
    keys = library.KeysManager()
    keys.add_key(library.load_spki_der(key.public.spki))
    result = library.verify(library.DsigContext(keys), xml.decode())
    if not result:
        raise ValueError(result.reason)
    return _first_name(xml)


LIBRARIES: Final[Mapping[str, Callable[[bytes, SigningCredential], str | None]]] = {
    "signxml": by_signxml,
    "xmlsec": by_xmlsec,
    "pybergshamra": by_pybergshamra,
}

NOT_ASKED: Final = {
    "reference-to-a-web-address": "a library might fetch it",
    "reference-to-a-file": "a library might open it",
    "xslt-transform": "a library might run it",
    "key-by-retrieval-method": "a library might fetch it",
    "key-by-retrieval-of-x509-data": "a library might fetch it",
    "key-by-keyinfo-reference": "a library might fetch it",
}

SPLIT_NAMES: Final = ("comment-in-the-name", "element-in-the-name", "instruction-in-the-name")
"""Of the faults in texts, those that are put before the libraries; the others show only to those who read more."""

_ALL: Final = ("signxml", "xmlsec", "pybergshamra")
_NOT_SIGNXML: Final = ("xmlsec", "pybergshamra")
_SEARCHED: Final = "the genuine signature is found further down, and the forged name stands before it"
_PART: Final = "the signature is good, and nobody asks whether it covers what is read"
_LEFT_OUT: Final = "the transform leaves the Subject out of the digest, as it was told to"
_OTHER_ID: Final = "the attribute is none that it takes for an ID, so nothing is doubled"
_POINTED: Final = "the XPointer is followed; it leads to what was signed, and could lead elsewhere"
_SPLIT: Final = "the text is taken up to what interrupts it, which no digest shows"

_FOUND: Final[tuple[tuple[str, tuple[str, ...], tuple[str, ...], str], ...]] = (
    (
        "bad-signature-of-the-assertion-in-a-good-message",
        ("both",),
        _ALL,
        "the first signature is verified, and the second passed over",
    ),
    ("captured-assertion-in-a-logout-request", ("assertion",), _ALL, _SEARCHED),
    ("captured-assertion-in-an-authn-request", ("assertion",), _ALL, _SEARCHED),
    ("comment-in-the-name", ("assertion",), _ALL, _SPLIT),
    ("element-in-the-name", ("assertion",), _ALL, _SPLIT),
    (
        "encrypted-name-beside-a-plain-one",
        ("assertion",),
        _ALL,
        "the trusted key signed two names, and the one in the clear is read",
    ),
    ("foreign-element-beside-the-assertion", ("assertion",), _ALL, _SEARCHED),
    ("forged-assertion-in-object", ("assertion", "response"), _ALL, "the signature leaves its own Object out"),
    ("forged-assertion-in-status-detail", ("assertion",), _ALL, _SEARCHED),
    ("forged-assertion-with-the-id-in-another-case", ("assertion",), ("xmlsec",), _SEARCHED),
    ("forged-response-around-the-signed-one", ("response",), _ALL, _SEARCHED),
    ("id-in-an-attribute-spelt-capital-id", ("assertion",), ("xmlsec",), _OTHER_ID),
    ("id-in-an-attribute-spelt-small-id", ("assertion",), ("signxml", "xmlsec"), _OTHER_ID),
    ("id-in-the-attribute-of-xml-itself", ("assertion",), ("signxml",), _OTHER_ID),
    ("instruction-in-the-name", ("assertion",), _ALL, _SPLIT),
    ("prefix-list-of-hundreds", ("assertion", "response"), _ALL, "the list is followed, however long it is"),
    ("reference-by-xpointer", ("assertion", "response"), _NOT_SIGNXML, _POINTED),
    ("reference-by-xpointer-to-the-root", ("response",), _NOT_SIGNXML, _POINTED),
    ("second-response-in-extensions", ("assertion",), _ALL, "nothing but the signature is looked at"),
    ("second-subject", ("assertion",), _ALL, "the trusted key signed two Subjects, and the first is read"),
    ("signature-over-the-advice-alone", ("assertion",), _ALL, _PART),
    ("signature-over-the-conditions-alone", ("assertion",), _ALL, _PART),
    ("signature-over-the-extensions-alone", ("response",), _ALL, _PART),
    ("signature-over-the-issuer-alone", ("assertion", "response"), _ALL, _PART),
    ("signed-assertion-as-advice-of-a-forged-one", ("assertion",), _ALL, _SEARCHED),
    ("two-responses-in-a-wrapper", ("assertion",), _ALL, _SEARCHED),
    ("xpath-filter-that-drops-the-subject", ("assertion",), _NOT_SIGNXML, _LEFT_OUT),
    ("xpath-transform-that-drops-the-subject", ("assertion",), _NOT_SIGNXML, _LEFT_OUT),
    ("xsw3-forged-assertion-first", ("assertion",), _ALL, _SEARCHED),
    ("xsw4-original-assertion-in-forged-one", ("assertion",), _ALL, _SEARCHED),
    (
        "xsw5-signature-in-forged-assertion",
        ("assertion",),
        ("signxml", "xmlsec"),
        "the Reference leads to the original",
    ),
)

WEAKNESSES: Final = {
    (library, fault, sign): sentence
    for fault, signs, libraries, sentence in _FOUND
    for library in libraries
    for sign in signs
}
"""Why each library, asked so, lets the forged name of a fault in, by how the message was signed."""
