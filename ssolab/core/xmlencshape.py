"""The shape of an encrypted element, read before any private key is touched.

Only what stands inside the encrypting element counts: a key or a ciphertext by reference to an address, or to another
place in the message, is not followed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from ssolab.core import xmlencreasons as reasons
from ssolab.core.ciphers import (
    CONTENT_CIPHERS,
    KEY_TRANSPORTS,
    MASKS,
    OAEP_HASHES,
    XENC11,
    ContentCipher,
    KeyTransport,
)
from ssolab.core.keys import Permission
from ssolab.core.xmltree import DS, XENC, Element, children, decode_base64, local_name, where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.findings import Finding

ENCRYPTED_DATA: Final = f"{{{XENC}}}EncryptedData"
ELEMENT_TYPE: Final = f"{XENC}Element"

MAX_CIPHERTEXT: Final = 2 << 20
"""Bytes of one ciphertext; a message that came by a binding is smaller."""
MAX_KEYS: Final = 8
"""EncryptedKeys beside one content: each costs one private key operation for each key of ours."""


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A content key as it travels."""

    wrapped: bytes
    transport: KeyTransport


@dataclass(frozen=True, slots=True)
class Sealed:
    """An encrypted element that can be tried with private keys."""

    ciphertext: bytes
    cipher: ContentCipher
    keys: tuple[SealedKey, ...]


class _Malformed(Exception):  # noqa: N818  it carries a finding and never leaves this module
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding


def read_sealed(
    shell: Element,
    *,
    permit: frozenset[Permission] = frozenset(),
    recipient: str | None = None,
    document: str | None = None,
) -> tuple[Sealed | None, list[Finding]]:
    """Read the EncryptedData below *shell* and the EncryptedKeys that come with it (XMLEnc 3.1, SAML2Core 6.1).

    *recipient* is our entityID: an EncryptedKey whose Recipient names another is passed over. Nothing is readable where
    one of the findings is an error.
    """
    findings: list[Finding] = []
    try:
        data = _data_in(shell, document)
        cipher = _content_cipher(data, document)
        ciphertext = _cipher_value(data, document)
        if not cipher.sealed:
            findings.append(reasons.weak_encryption(cipher.name, where(data, document)))
        keys = tuple(_keys(shell, data, permit, recipient, document, findings))
    except _Malformed as malformed:
        return None, [*findings, malformed.finding]
    return (Sealed(ciphertext, cipher, keys) if keys else None), findings


def _keys(  # noqa: PLR0913, PLR0917  one stage of read_sealed, with what it works on
    shell: Element,
    data: Element,
    permit: frozenset[Permission],
    recipient: str | None,
    document: str | None,
    findings: list[Finding],
) -> Iterator[SealedKey]:
    """Yield the keys that may be for us; where there is none, the findings say why."""
    info = data.find(f"{{{DS}}}KeyInfo")
    travelling = [] if info is None else children(info, XENC, "EncryptedKey")
    travelling += children(shell, XENC, "EncryptedKey")
    place = where(data, document)
    if len(travelling) > MAX_KEYS:
        raise _Malformed(
            reasons.malformed_encryption("too many EncryptedKeys", place, f"at most {MAX_KEYS}", str(len(travelling)))
        )
    if not travelling:
        elsewhere = [] if info is None else [each.get("URI", "") for each in info.iter(f"{{{DS}}}RetrievalMethod")]
        observed = f"a reference to {elsewhere[0]}, which is not followed" if elsewhere else "none"
        findings.append(reasons.encrypted_key_missing("no EncryptedKey comes along", "one for us", observed, place))
        return
    ours = [each for each in travelling if recipient is None or each.get("Recipient") in {None, recipient}]
    if not ours:
        named = ", ".join(each.get("Recipient", "") for each in travelling)
        problem = "every EncryptedKey is for somebody else"
        findings.append(reasons.encrypted_key_missing(problem, f"Recipient {recipient}", named, place))
        return
    refused: list[Finding] = []
    usable: list[SealedKey] = []
    for each in ours:
        # With several keys, one that we cannot read may be meant for somebody who can.
        try:
            transport = _transport(each, document)
            key = SealedKey(_cipher_value(each, document), transport)
        except _Malformed as malformed:
            refused.append(malformed.finding)
            continue
        if transport.is_rsa15:
            permitted = Permission.RSA15 in permit
            found = reasons.rsa15_key_transport(where(each, document), permitted=permitted)
            (findings if permitted else refused).append(found)
            if not permitted:
                continue
        usable.append(key)
    if not usable:
        findings += dict.fromkeys(refused)
    yield from usable


def _data_in(shell: Element, document: str | None) -> Element:
    """Find the one EncryptedData, which has to stand for a whole element."""
    found = children(shell, XENC, "EncryptedData")
    if len(found) != 1:
        problem = f"{local_name(shell)} does not hold one EncryptedData"
        raise _Malformed(reasons.malformed_encryption(problem, where(shell, document), "1", str(len(found))))
    kind = found[0].get("Type", ELEMENT_TYPE)
    if kind != ELEMENT_TYPE:
        place = where(found[0], document)
        raise _Malformed(reasons.malformed_encryption("something else than an element", place, ELEMENT_TYPE, kind))
    return found[0]


def _content_cipher(data: Element, document: str | None) -> ContentCipher:
    method = data.find(f"{{{XENC}}}EncryptionMethod")
    uri = None if method is None else method.get("Algorithm")
    if uri is None or uri not in CONTENT_CIPHERS:
        place = where(data if method is None else method, document)
        raise _Malformed(reasons.forbidden_encryption_algorithm("EncryptedData", uri, "such as aes256-gcm", place))
    return CONTENT_CIPHERS[uri]


def _transport(key: Element, document: str | None) -> KeyTransport:
    """Read how a key travels, with the parameters of OAEP (XMLEnc 5.5.2)."""
    method = key.find(f"{{{XENC}}}EncryptionMethod")
    uri = None if method is None else method.get("Algorithm")
    if method is None or uri is None or uri not in KEY_TRANSPORTS:
        place = where(key if method is None else method, document)
        raise _Malformed(reasons.forbidden_encryption_algorithm("EncryptedKey", uri, "such as rsa-oaep-mgf1p", place))
    known = KEY_TRANSPORTS[uri]
    if known.is_rsa15:
        return known

    def chosen(name: str, table: dict[str, str]) -> str:
        element = method.find(name)
        said = None if element is None else element.get("Algorithm")
        if element is not None and said not in table:
            place = where(element, document)
            raise _Malformed(reasons.forbidden_encryption_algorithm(local_name(element), said, "such as sha256", place))
        return table.get(said or "", "sha1")  # left out, both are SHA-1

    mask = chosen(f"{{{XENC11}}}MGF", dict(MASKS)) if uri.startswith(XENC11) else "sha1"
    label = b""
    params = method.find(f"{{{XENC}}}OAEPparams")
    if params is not None and (params.text or len(params)):
        label = _base64(params, document)
    return replace(known, hash=chosen(f"{{{DS}}}DigestMethod", dict(OAEP_HASHES)), mask=mask, label=label)


def _cipher_value(parent: Element, document: str | None) -> bytes:
    value = parent.find(f"{{{XENC}}}CipherData/{{{XENC}}}CipherValue")
    if value is None:
        raise _Malformed(
            reasons.malformed_encryption(f"{local_name(parent)} holds no CipherValue", where(parent, document))
        )
    return _base64(value, document)


def _base64(element: Element, document: str | None) -> bytes:
    text = None if len(element) else element.text
    decoded = decode_base64(text) if len(text or "") <= 2 * MAX_CIPHERTEXT else None
    if decoded is None or len(decoded) > MAX_CIPHERTEXT:
        wanted = f"at most {MAX_CIPHERTEXT >> 20} MB of base64 in one piece"
        problem = f"{local_name(element)} is not base64"
        raise _Malformed(reasons.malformed_encryption(problem, where(element, document), wanted))
    return decoded
