"""JKS and JCEKS, the key stores that Salesforce imports and exports, read without a Java machine.

Structure and integrity are checked before any key is derived: the SHA-1 over password and content comes first, and an
iteration count is believed only if a file of that password says so and the budget allows it.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ssolab.core import der
from ssolab.core.certs import Certificate
from ssolab.core.entries import EXPORT_AGAIN, JCEKS_MAGIC, MOST_ENTRIES, KeyStore, StoreEntry, wrong_password
from ssolab.core.findings import InputError
from ssolab.core.javaserial import object_end
from ssolab.core.names import printable
from ssolab.core.pbe import Budget, triple_des

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSIONS = (1, 2)
_KEY, _CERTIFICATE, _SECRET = 1, 2, 3
_DIGEST = 20
_SALT = 20
_WHITENER = b"Mighty Aphrodite"
_JKS_PROTECTION = "1.3.6.1.4.1.42.2.17.1.1"
_JCEKS_PROTECTION = "1.3.6.1.4.1.42.2.19.1"
_MD5_SALT = 8
_LONGEST_CHAIN = 100


@dataclass(frozen=True)
class _Sealed:
    """An entry before its private key is opened."""

    entry: StoreEntry
    protected: bytes | None = None


class _Reader:
    """A row of Java's DataOutput values; every one is checked against what is left."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        taken = self.data[self.at : self.at + size]
        if len(taken) != size:
            raise ValueError(f"it ends at byte {len(self.data)} where {size} more belong")
        self.at += size
        return taken

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size))

    def text(self) -> str:
        return printable(self.take(self.number(2)).decode("utf-8", "replace"))

    def block(self) -> bytes:
        return self.take(self.number())


def open_jks(data: bytes, name: str, password: str | None) -> KeyStore:
    """Open a JKS or JCEKS store. Without password its certificates are read unchecked and its keys stay shut.

    Raises:
        PasswordError: the password is wrong (or the content damaged: the format cannot tell the two apart).
        InputError: it is no such store, is cut off, or asks for too much work.
    """
    kind = "JCEKS" if data.startswith(JCEKS_MAGIC) else "JKS"
    try:
        sealed = list(_read_entries(_Reader(data[:-_DIGEST]), name))
    except ValueError as error:
        raise InputError(name, f"a damaged {kind} key store ({error})", EXPORT_AGAIN) from None
    if password is None:
        notes = ("without password: its integrity was not checked, and its private keys stay shut",)
        return KeyStore(kind, tuple(one.entry for one in sealed), notes)
    secret = password.encode("utf-16-be", "surrogatepass")
    if not hmac.compare_digest(_sha1(secret + _WHITENER + data[:-_DIGEST]), data[-_DIGEST:]):
        raise wrong_password(name)
    budget = Budget(name)
    return KeyStore(kind, tuple(_opened(one, password, budget) for one in sealed))


def _read_entries(reader: _Reader, name: str) -> Iterator[_Sealed]:
    reader.take(4)
    if (version := reader.number()) not in _VERSIONS:
        raise ValueError(f"version {version}")
    if (count := reader.number()) > MOST_ENTRIES:
        raise ValueError(f"{count} entries, where the limit is {MOST_ENTRIES}")
    for _ in range(count):
        yield _read_entry(reader, version, name)
    if reader.at != len(reader.data):
        raise ValueError(f"{len(reader.data) - reader.at} bytes after the last entry")


def _read_entry(reader: _Reader, version: int, name: str) -> _Sealed:
    tag = reader.number()
    alias = reader.text()
    reader.take(8)  # the date of creation, which nobody needs
    where = f"{name} (entry {alias!r})"
    if tag == _KEY:
        protected = reader.block()
        if (length := reader.number()) > _LONGEST_CHAIN:
            raise ValueError(f"a chain of {length} certificates")
        certificates, note = _readable([_certificate(reader, version) for _ in range(length)], where)
        return _Sealed(StoreEntry(alias, certificates, None, note, holds_key=True), protected)
    if tag == _CERTIFICATE:
        certificates, note = _readable([_certificate(reader, version)], where)
        return _Sealed(StoreEntry(alias, certificates, None, note))
    if tag == _SECRET:
        reader.at = object_end(reader.data, reader.at)
        return _Sealed(StoreEntry(alias, note="a secret key, which no certificate has; it was skipped"))
    raise ValueError(f"an entry of kind {tag}")


def _certificate(reader: _Reader, version: int) -> bytes:
    if version > 1:
        reader.text()  # the type: X.509 in every store ever seen, and the certificate itself will tell
    return reader.block()


def _readable(chain: list[bytes], where: str) -> tuple[tuple[Certificate, ...], str]:
    read, note = [], ""
    for each in chain:
        try:
            read.append(Certificate.from_der(each, where))
        except InputError as error:
            note = note or error.problem
    return tuple(read), note


def _opened(sealed: _Sealed, password: str, budget: Budget) -> StoreEntry:
    if sealed.protected is None:
        return sealed.entry
    try:
        pkcs8 = _recover(sealed.protected, password, budget)
    except ValueError:
        problem = "its private key has another password than the store; Salesforce refuses such a store"
        return replace(sealed.entry, note="; ".join(filter(None, (sealed.entry.note, problem))))
    return replace(sealed.entry, pkcs8=pkcs8)


def _recover(protected: bytes, password: str, budget: Budget) -> bytes:
    """Open the EncryptedPrivateKeyInfo of one entry.

    Raises:
        InputError: the iteration count is beyond the budget.
        ValueError: the password does not open it.
    """
    algorithm, inner = der.read_all(protected).parts(2)
    oid, *parameters = algorithm
    content = inner.expect(der.OCTET_STRING).content
    dotted = der.read_oid(oid)
    if dotted == _JKS_PROTECTION:
        return _unmasked(content, password.encode("utf-16-be", "surrogatepass"))
    if dotted == _JCEKS_PROTECTION and parameters:
        salt, rounds = parameters[0].parts(2)
        derived = b"".join(_derive(salt.expect(der.OCTET_STRING).content, der.read_integer(rounds), password, budget))
        clear = triple_des(derived[:24], derived[24:], content)
        der.read_all(clear).expect(der.SEQUENCE)  # padding alone lets one wrong password in 256 through
        return clear
    raise ValueError(f"protected by {dotted}")


def _unmasked(content: bytes, secret: bytes) -> bytes:
    """Undo Sun's own key protection: a key stream of chained SHA-1, then SHA-1 over password and key."""
    if len(content) < _SALT + _DIGEST:
        raise ValueError("too short")
    digest, masked, expected = content[:_SALT], content[_SALT:-_DIGEST], content[-_DIGEST:]
    stream = bytearray()
    while len(stream) < len(masked):
        digest = _sha1(secret + digest)
        stream += digest
    size = len(masked)
    clear = (int.from_bytes(masked) ^ int.from_bytes(stream[:size])).to_bytes(size)
    if not hmac.compare_digest(_sha1(secret + clear), expected):
        raise ValueError("the password does not fit")
    return clear


def _derive(salt: bytes, rounds: int, password: str, budget: Budget) -> Iterator[bytes]:
    """Yield the two halves of key and vector of PBEWithMD5AndTripleDES, Sun's own, with its slip kept.

    Where both halves of the salt are equal, the first is meant to be reversed; an index typed wrongly makes it
    bytes 3, 0, 1, 3 instead, and every JCEKS store since depends on it.
    """
    if len(salt) != _MD5_SALT:
        raise ValueError("a salt of 8 bytes belongs here")
    halves = [salt[:4], salt[4:]]
    if halves[0] == halves[1]:
        halves[0] = bytes(salt[at] for at in (3, 0, 1, 3))
    secret = password.encode("ascii")
    for half in halves:
        digest = half
        for _ in range(budget.spend(rounds)):
            digest = hashlib.md5(digest + secret, usedforsecurity=False).digest()
        yield digest


def _sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()
