"""PKCS#12, walked bag by bag: a file with two private keys shows both, and every name and pairing is kept.

`cryptography` returns the first private key only and drops how keys and certificates are joined, so the containers are
read here (RFC 7292) and only the ciphers come from there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ssolab.core import der
from ssolab.core.ber import from_ber
from ssolab.core.certs import Certificate
from ssolab.core.entries import EXPORT_AGAIN, MOST_ENTRIES, KeyStore, StoreEntry, public_half, wrong_password
from ssolab.core.findings import InputError, PasswordError
from ssolab.core.names import printable
from ssolab.core.pbe import Budget, decrypt, mac_fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_DATA, _ENCRYPTED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.6"
_BAG = "1.2.840.113549.1.12.10.1."
_KEY, _SHROUDED, _CERTIFICATE, _REVOCATION, _SECRET, _NESTED = "123456"
_X509 = "1.2.840.113549.1.9.22.1"
_FRIENDLY_NAME, _LOCAL_ID = "1.2.840.113549.1.9.20", "1.2.840.113549.1.9.21"
_DEEPEST = 4
_LONGEST_CHAIN = 20
# a sequence of any or no definite length; in it the version 3, and the ContentInfo begins
_BEGINNING = re.compile(rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)\x02\x01\x03\x30", re.DOTALL)


_Held = tuple[Certificate, str, bytes]  # a certificate, its name for people, the mark that joins it with its key


@dataclass
class _Bags:
    """What the walk has found so far."""

    name: str
    password: str
    budget: Budget
    keys: list[tuple[bytes, str, bytes]] = field(default_factory=list)
    certificates: list[_Held] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    count: int = 0

    def another(self, depth: int = 0) -> None:
        """Count one more container or bag.

        Raises:
            InputError: there are more, or deeper ones, than any key store has.
        """
        self.count += 1
        if self.count > MOST_ENTRIES or depth > _DEEPEST:
            raise InputError(self.name, "too many entries, or nested too deeply", f"the limit is {MOST_ENTRIES}")


def is_pkcs12(data: bytes) -> bool:
    """Say whether the bytes begin as a PKCS#12 file does, even one that is cut off (RFC 7292 4)."""
    return bool(_BEGINNING.match(data))


def _normal(data: bytes) -> der.Element:
    """Read the file, in DER or in the indefinite lengths that some libraries write."""
    try:
        return der.read_all(data).expect(der.SEQUENCE)
    except ValueError:
        return der.read_all(from_ber(data)).expect(der.SEQUENCE)


def open_pkcs12(data: bytes, name: str, password: str | None) -> KeyStore:
    """Open a PKCS#12 file; without password one that needs none, or the empty one.

    Raises:
        PasswordError: the password is missing or wrong (or the content damaged).
        InputError: it is no such file, is protected in an unsupported way, or asks for too much work.
    """
    budget = Budget(name)
    try:
        _, content, *mac = _normal(data)
        oid, wrapped = content.parts(2)
        if der.read_oid(oid) != _DATA:
            raise InputError(
                name, "a PKCS#12 file signed with a key instead of a password", "export it with a password"
            )
        safe = _octets(wrapped)
        checked = bool(mac) and _check_mac(mac[0], safe, name, password, budget)
        bags = _Bags(name, password or "", budget)
        for info in der.read_all(safe).expect(der.SEQUENCE):
            _read_info(info, bags, checked=checked)
    except ValueError as error:
        raise InputError(name, f"a damaged PKCS#12 key store ({error})", EXPORT_AGAIN) from None
    notes = bags.notes if mac else ["it has no integrity check", *bags.notes]
    entries = tuple(_joined(bags))
    keys = [entry.alias for entry in entries if entry.holds_key]
    if len(keys) > 1:
        others = ", ".join(keys[1:])
        notes.insert(
            0, f"{len(keys)} private keys in it; many programs see only the first, {keys[0]}, and lose {others}"
        )
    return KeyStore("PKCS12", entries, tuple(notes))


def _octets(explicit: der.Element) -> bytes:
    return explicit.first().expect(der.OCTET_STRING).content


def _check_mac(mac: der.Element, safe: bytes, name: str, password: str | None, budget: Budget) -> bool:
    info, salt, *count = mac
    rounds = der.read_integer(count[0]) if count else 1
    if mac_fits(info, salt.expect(der.OCTET_STRING).content, rounds, safe, password or "", budget):
        return True
    if password is None:
        raise PasswordError(name, "the key store needs a password", "give it with --password-env")
    raise wrong_password(name)


def _read_info(info: der.Element, bags: _Bags, *, checked: bool) -> None:
    bags.another()
    oid, wrapped = info.parts(2)
    kind = der.read_oid(oid)
    if kind == _DATA:
        _read_bags(_octets(wrapped), bags, 0, checked=checked)
    elif kind == _ENCRYPTED:
        _, inner = wrapped.first().parts(2)
        _, algorithm, ciphertext = inner.parts(3)
        content = ciphertext.content if not ciphertext.constructed else b"".join(part.content for part in ciphertext)
        _read_bags(_decrypted(algorithm, content, bags, checked=checked), bags, 0, checked=checked)
    else:
        bags.notes.append("a part of it is encrypted for a certificate and was not read")


def _decrypted(algorithm: der.Element, ciphertext: bytes, bags: _Bags, *, checked: bool) -> bytes:
    try:
        clear = decrypt(algorithm, ciphertext, bags.password, bags.budget)
        der.read_all(clear).expect(der.SEQUENCE)
    except ValueError:
        problem = "a part of it does not open with the password of the rest" if checked else "the password is wrong"
        raise wrong_password(bags.name, problem) from None
    return clear


def _read_bags(safe: bytes, bags: _Bags, depth: int, *, checked: bool) -> None:
    for bag in der.read_all(safe).expect(der.SEQUENCE):
        bags.another(depth)
        oid, wrapped, *attributes = bag
        kind = der.read_oid(oid).removeprefix(_BAG)
        alias, local = _attributes(attributes)
        value = wrapped.first()
        if kind == _KEY:
            bags.keys.append((value.der, alias, local))
        elif kind == _SHROUDED:
            algorithm, ciphertext = value.parts(2)
            clear = _decrypted(algorithm, ciphertext.content, bags, checked=checked)
            bags.keys.append((clear, alias, local))
        elif kind == _CERTIFICATE:
            _read_certificate(value, alias, local, bags)
        elif kind == _NESTED:
            _read_bags(value.der, bags, depth + 1, checked=checked)
        else:
            what = {_REVOCATION: "a revocation list", _SECRET: "a secret key"}.get(kind, "an entry of an unknown kind")
            bags.notes.append(f"{what}{f' called {alias}' if alias else ''} was skipped")


def _attributes(found: Iterable[der.Element]) -> tuple[str, bytes]:
    alias, local = "", b""
    for attribute in (one for part in found for one in part):
        oid, values = attribute.parts(2)
        kind = der.read_oid(oid)
        if kind == _FRIENDLY_NAME:
            alias = printable(der.read_text(values.first()) or "")
        elif kind == _LOCAL_ID:
            local = values.first().content
    return alias, local


def _read_certificate(value: der.Element, alias: str, local: bytes, bags: _Bags) -> None:
    oid, wrapped = value.parts(2)
    if der.read_oid(oid) != _X509:
        bags.notes.append("a certificate that is not X.509 was skipped")
        return
    try:
        certificate = Certificate.from_der(_octets(wrapped), bags.name)
    except InputError as error:
        bags.notes.append(f"a certificate{f' called {alias}' if alias else ''} was skipped: {error.problem}")
        return
    bags.certificates.append((certificate, alias, local))


def _joined(bags: _Bags) -> Iterator[StoreEntry]:
    """Join each private key with its certificate and chain; what is left over is trusted certificates."""
    loose = list(bags.certificates)
    issuers = {one[0].subject.der: one for one in reversed(bags.certificates)}
    for number, (pkcs8, alias, local) in enumerate(bags.keys, 1):
        chain = _chain(pkcs8, local, bags.certificates, issuers)
        loose = [one for one in loose if one not in chain]
        named = alias or next((each for _, each, _ in chain if each), "") or f"key {number}"
        note = "" if chain else "no certificate in it belongs to this private key"
        yield StoreEntry(named, tuple(one for one, _, _ in chain), pkcs8, note, holds_key=True)
    for certificate, alias, _ in loose:
        yield StoreEntry(alias or certificate.label, (certificate,))


def _chain(pkcs8: bytes, local: bytes, known: list[_Held], issuers: Mapping[bytes, _Held]) -> list[_Held]:
    try:
        half = public_half(pkcs8)
    except InputError:
        half = b""

    def rank(one: _Held) -> tuple[bool, bool]:
        """The key decides, and among certificates over one key, as after a renewal, the mark of the exporter."""
        return one[0].spki == half, bool(local) and one[2] == local

    leaf = max(known, key=rank, default=None)
    if leaf is not None and not any(rank(leaf)):
        return []
    chain: list[_Held] = []
    while leaf is not None and leaf not in chain and len(chain) < _LONGEST_CHAIN:
        chain.append(leaf)
        if leaf[0].self_issued:
            break  # two certificates of one name, as after a renewal, are no chain
        leaf = issuers.get(leaf[0].issuer.der)
    return chain
