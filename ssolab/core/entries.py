"""What any key store holds, whichever format it came in. A private key stays bytes until somebody signs with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ssolab.core import der
from ssolab.core.findings import InputError, PasswordError
from ssolab.core.keys import SigningCredential, credential_from, private_key_from_der, spki_of

if TYPE_CHECKING:
    from ssolab.core.certs import Certificate
    from ssolab.core.keys import PrivateKey

JKS_MAGIC, JCEKS_MAGIC = b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"
MOST_ENTRIES = 2_000
EXPORT_AGAIN = "export the store again"
_RSA = "1.2.840.113549.1.1.1"


@dataclass(frozen=True)
class StoreEntry:
    """One entry: a private key with its chain, leaf first, or certificates that are trusted.

    `holds_key` says whether there is a private key at all, `pkcs8` is that key as PKCS#8; None also where it could not
    be opened, which `note` then says.
    """

    alias: str
    certificates: tuple[Certificate, ...] = ()
    pkcs8: bytes | None = field(default=None, repr=False)
    note: str = ""
    holds_key: bool = False

    @cached_property
    def private(self) -> PrivateKey | None:
        """The private key, loaded on first use (which costs tens of milliseconds).

        Raises:
            InputError: the bytes are no key that can sign.
        """
        return None if self.pkcs8 is None else private_key_from_der(self.pkcs8, f"private key {self.alias!r}")

    @cached_property
    def fits(self) -> bool | None:
        """Whether the private key belongs to the first certificate; None where one of the two is missing."""
        if self.pkcs8 is None or not self.certificates:
            return None
        try:
            return public_half(self.pkcs8) == self.certificates[0].spki
        except InputError:
            return False

    def credential(self, label: str | None = None) -> SigningCredential:
        """Return the entry as something that signs.

        Raises:
            InputError: the key or the certificate is missing, or they do not belong together.
        """
        if self.private is None or not self.certificates:
            problem = self.note or f"it has no {'private key' if self.private is None else 'certificate'}"
            raise InputError(f"entry {self.alias!r}", problem, "choose an entry that has both")
        return credential_from(self.private, self.certificates[0], label or self.alias)


@dataclass(frozen=True)
class KeyStore:
    """An opened key store: `kind` is `JKS`, `JCEKS` or `PKCS12`; `notes` are for people."""

    kind: str
    entries: tuple[StoreEntry, ...]
    notes: tuple[str, ...] = ()

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate of every entry, in order, each once."""
        return tuple(dict.fromkeys(one for entry in self.entries for one in entry.certificates))

    def entry(self, alias: str | None, name: str) -> StoreEntry:
        """Choose the entry of that alias, in any case; without alias the only one that holds a private key.

        Raises:
            InputError: there is no such entry, or several private keys to choose from.
        """
        keys = [entry for entry in self.entries if entry.holds_key]
        if alias is not None:
            for entry in self.entries:
                if entry.alias.casefold() == alias.casefold():
                    return entry
            raise InputError(name, f"no entry {alias!r} in it", _choices(self.entries))
        if len(keys) == 1:
            return keys[0]
        raise InputError(name, f"{len(keys)} private keys in it", f"choose one by its alias: {_choices(keys)}")


def wrong_password(name: str, problem: str = "the password is wrong, or the key store is damaged") -> PasswordError:
    """Word that a store does not open, in whichever format; the caller raises it."""
    return PasswordError(name, problem, f"check the password; if it is right, {EXPORT_AGAIN}")


def _choices(entries: list[StoreEntry] | tuple[StoreEntry, ...]) -> str:
    return f"there are {', '.join(entry.alias for entry in entries)}" if entries else "there are none"


def public_half(pkcs8: bytes, name: str = "private key") -> bytes:
    """Return the SubjectPublicKeyInfo of a PKCS#8 private key; for RSA without loading it.

    Raises:
        InputError: it is no private key.
    """
    try:
        _, algorithm, inner, *_ = der.read_all(pkcs8).expect(der.SEQUENCE)
        if der.read_oid(algorithm.first()) == _RSA:
            _, modulus, exponent, *_ = der.read_all(inner.expect(der.OCTET_STRING).content)
            public = der.write(der.SEQUENCE, modulus.expect(der.INTEGER).der, exponent.expect(der.INTEGER).der)
            return der.write(der.SEQUENCE, algorithm.der, der.write_bits(public))
    except ValueError as error:
        raise InputError(name, f"a private key that cannot be read ({error})", "export it again, as PKCS#8") from None
    return spki_of(private_key_from_der(pkcs8, name))
