"""XML encryption: content hidden for the key of one recipient, and opened with whichever of our keys fits.

Every way in which opening can fail ends in one finding with one set of words. A content key that cannot be had is
replaced by a random one and work goes on, so that the time does not tell either (RFC 3218 2.3.2).
"""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from ssolab.core import xmlencreasons as reasons
from ssolab.core.algorithms import digest_uri
from ssolab.core.ciphers import MASKS, XENC11, content_cipher, key_transport
from ssolab.core.findings import ConfigError, DecryptionFacts, InputError, has_error
from ssolab.core.keys import Permission, PublicKey, spki_of
from ssolab.core.xmlencshape import ELEMENT_TYPE, ENCRYPTED_DATA, read_sealed
from ssolab.core.xmltree import DS, XENC, Element, parse, serialise, where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ssolab.core.certs import Certificate
    from ssolab.core.ciphers import KeyTransport
    from ssolab.core.findings import Finding
    from ssolab.core.keys import PrivateKey, SigningCredential, TrustedKey
    from ssolab.core.xmlencshape import Sealed

DEFAULT_CONTENT: Final = "aes256-gcm"
DEFAULT_TRANSPORT: Final = "rsa-oaep-mgf1p"
"""OAEP as every product reads it; `rsa-oaep` with SHA-256 is newer and rarer."""

_START_TAG: Final = re.compile(
    rb"""\s*+<[^\s<>/!?"'=]++((?:\s++[^\s<>/"'=]++\s*+=\s*+(?:"[^"<]*+"|'[^'<]*+'))*+)(?=\s*+/?>)"""
)
_DECLARATION: Final = re.compile(rb"""\sxmlns(?::([^\s=]++))?\s*+=""")


@dataclass(frozen=True, kw_only=True)
class DecryptionKey:
    """A private key that opens what is encrypted for it; reports name it by its label. It never shows in its text."""

    private: rsa.RSAPrivateKey = field(repr=False)
    label: str
    certificate: Certificate | None = None

    @classmethod
    def of(cls, private: PrivateKey, label: str, certificate: Certificate | None = None) -> DecryptionKey:
        """Take a private key for decryption.

        Raises:
            ConfigError: it is no RSA key.
        """
        if not isinstance(private, rsa.RSAPrivateKey):
            raise ConfigError(label, "only RSA keys decrypt here, and this is an EC key", "give an RSA private key")
        return cls(private=private, label=label, certificate=certificate)

    @classmethod
    def from_credential(cls, credential: SigningCredential) -> DecryptionKey:
        """Decrypt with a private key and its certificate.

        Raises:
            ConfigError: it is no RSA key.
        """
        return cls.of(credential.private, credential.label, credential.certificate)

    @cached_property
    def public(self) -> PublicKey:
        """The public half, for which others encrypt."""
        return PublicKey(spki_of(self.private))


@dataclass(frozen=True, slots=True, kw_only=True)
class Decryption:
    """The outcome: `element` is the root of a document of its own, and None where nothing could be opened.

    `sealed` says that the cipher itself shows a change of the bytes. Nobody has vouched for what was read.
    """

    element: Element | None = None
    facts: DecryptionFacts | None = None
    key: DecryptionKey | None = None
    sealed: bool = True
    findings: tuple[Finding, ...] = ()


def decrypt(  # noqa: PLR0913  what is opened, with what, and how strictly
    shell: Element,
    keys: Sequence[DecryptionKey],
    *,
    wanted: str,
    permit: frozenset[Permission] = frozenset(),
    recipient: str | None = None,
    document: str | None = None,
) -> Decryption:
    """Open the one EncryptedData that *shell* holds, if it is an element called *wanted*.

    Args:
        shell: the encrypting element, such as saml:EncryptedAssertion; only what is inside it is looked at.
        keys: every private key that may fit; each is tried with each EncryptedKey.
        wanted: the expanded name of what has to come out; anything else counts as not opened.
        permit: RSA15 lets the old key transport pass with a warning.
        recipient: our entityID; an EncryptedKey that names another Recipient is passed over.
        document: what findings call the message.

    Raises:
        ConfigError: there is no key.
    """
    if not keys:
        raise ConfigError(document or "message", "no decryption key was given", "give the private key of the receiver")
    sealed, findings = read_sealed(shell, permit=permit, recipient=recipient, document=document)
    if sealed is None or has_error(findings):
        return Decryption(findings=tuple(findings))
    for travelling in sealed.keys:
        for key in keys:
            element = _opened(sealed, travelling.transport, travelling.wrapped, key, wanted, shell.nsmap)
            if element is not None:
                facts = DecryptionFacts(
                    key=key.public.sha256,
                    label=key.label,
                    content=sealed.cipher.name,
                    transport=travelling.transport.name,
                    decrypted_element=where(shell).path or "",
                )
                return Decryption(
                    element=element, facts=facts, key=key, sealed=sealed.cipher.sealed, findings=tuple(findings)
                )
    return Decryption(sealed=sealed.cipher.sealed, findings=(*findings, not_opened(shell, keys, document)))


def not_opened(shell: Element, keys: Sequence[DecryptionKey], document: str | None) -> Finding:
    """Say that an encrypted element could not be opened: always the same words for the same message and keys."""
    tried = " or ".join(f"SPKI SHA-256 {key.public.sha256}" for key in keys)
    data = shell.find(ENCRYPTED_DATA)
    return reasons.decryption_failed(tried, where(shell if data is None else data, document))


def _opened(  # noqa: PLR0913, PLR0917  one attempt, with what it works on
    sealed: Sealed,
    transport: KeyTransport,
    wrapped: bytes,
    key: DecryptionKey,
    wanted: str,
    context: Mapping[str | None, str],
) -> Element | None:
    content_key = transport.unwrap(key.private, wrapped)
    spare = os.urandom(sealed.cipher.key_size)
    if content_key is None or len(content_key) != sealed.cipher.key_size:
        content_key = spare
    content = sealed.cipher.decrypt(content_key, sealed.ciphertext)
    if content is None:
        return None
    for text in (content, _in_context(content, context)):
        try:
            root = parse(text, "decrypted content")
        except InputError:
            continue
        if root.tag == wanted:
            return root
    return None


def _in_context(content: bytes, context: Mapping[str | None, str]) -> bytes:
    """Declare in the first tag what was declared around the ciphertext, as the sender may have left that out.

    Replacing EncryptedData by its element (XMLEnc 4.4) puts it under the declarations of its surroundings.
    """
    tag = _START_TAG.match(content)
    if tag is None:
        return content
    declared = {prefix.decode() if prefix else None for prefix in _DECLARATION.findall(tag[1])}
    missing = {prefix: uri for prefix, uri in context.items() if prefix not in declared}
    empty = etree.Element("x", nsmap=cast("dict[str, str]", missing))  # None is the default namespace
    words = etree.tostring(empty, encoding="unicode").encode().removeprefix(b"<x").removesuffix(b"/>")
    return content[: tag.end(1)] + words + content[tag.end(1) :]


def encrypt(  # noqa: PLR0913  what is hidden, for whom, and in which way
    element: Element,
    key: TrustedKey,
    *,
    content: str = DEFAULT_CONTENT,
    transport: str = DEFAULT_TRANSPORT,
    permit: frozenset[Permission] = frozenset(),
    recipient: str | None = None,
) -> Element:
    """Encrypt an element, with all that is below it, for the owner of a public key.

    Args:
        element: what to hide; it stays as it is in its tree.
        key: the recipient's key; its certificate is put beside the key, so that the recipient finds the right one.
        content: the cipher for the element; CBC and triple DES only for partners that have nothing better.
        transport: how the content key travels.
        permit: RSA15 is needed for `rsa-1_5`.
        recipient: the recipient's entityID, named in the EncryptedKey.

    Returns:
        The EncryptedData with its EncryptedKey in KeyInfo.

    Raises:
        ConfigError: an algorithm is not known or not permitted, or the key cannot carry a content key.
    """
    cipher, way = content_cipher(content), key_transport(transport)
    if way.is_rsa15 and Permission.RSA15 not in permit:
        raise ConfigError("encryption", "rsa-1_5 is not permitted", "use rsa-oaep-mgf1p, or permit rsa15")
    content_key = os.urandom(cipher.key_size)
    hidden = cipher.encrypt(content_key, os.urandom(cipher.vector_size), serialise(element))
    data = etree.Element(ENCRYPTED_DATA, {"Type": ELEMENT_TYPE}, {"xenc": XENC, "ds": DS})
    etree.SubElement(data, f"{{{XENC}}}EncryptionMethod", {"Algorithm": cipher.uri})
    info = etree.SubElement(data, f"{{{DS}}}KeyInfo")
    travelling = etree.SubElement(
        info, f"{{{XENC}}}EncryptedKey", {} if recipient is None else {"Recipient": recipient}
    )
    _write_method(travelling, way)
    if key.certificate is not None:
        named = etree.SubElement(etree.SubElement(travelling, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
        etree.SubElement(named, f"{{{DS}}}X509Certificate").text = key.certificate.base64
    _write_value(travelling, way.wrap(key.public, content_key))
    _write_value(data, hidden)
    return data


def _write_method(parent: Element, way: KeyTransport) -> None:
    method = etree.SubElement(parent, f"{{{XENC}}}EncryptionMethod", {"Algorithm": way.uri})
    if way.is_rsa15:
        return
    etree.SubElement(method, f"{{{DS}}}DigestMethod", {"Algorithm": digest_uri(way.hash)})
    if way.uri.startswith(XENC11):
        mask = next(uri for uri, name in MASKS.items() if name == way.mask)
        etree.SubElement(method, f"{{{XENC11}}}MGF", {"Algorithm": mask}, {"xenc11": XENC11})


def _write_value(parent: Element, value: bytes) -> None:
    held = etree.SubElement(parent, f"{{{XENC}}}CipherData")
    etree.SubElement(held, f"{{{XENC}}}CipherValue").text = base64.b64encode(value).decode()
