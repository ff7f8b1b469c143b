"""The one door to key stores: told apart by their first bytes, never by the end of a file name."""

from __future__ import annotations

from ssolab.core.entries import JCEKS_MAGIC, JKS_MAGIC, KeyStore, StoreEntry
from ssolab.core.findings import InputError
from ssolab.core.jks import open_jks
from ssolab.core.pem import LARGEST_FILE
from ssolab.core.pkcs12 import is_pkcs12, open_pkcs12

__all__ = ["KeyStore", "StoreEntry", "is_store", "open_store"]

_JAVA = (JKS_MAGIC, JCEKS_MAGIC)


def is_store(data: bytes) -> bool:
    """Say whether the bytes begin like a JKS, JCEKS or PKCS#12 key store."""
    return data.startswith(_JAVA) or is_pkcs12(data)


def open_store(data: bytes, name: str, password: str | None = None) -> KeyStore:
    """Open a JKS, JCEKS or PKCS#12 key store; *name* is how errors call it.

    Without password the certificates of a JKS or JCEKS are read all the same, with a note; a PKCS#12 opens only if it
    has none.

    Raises:
        PasswordError: the password is missing or wrong.
        InputError: it is no key store, is damaged, or asks for too much work.
    """
    if len(data) > LARGEST_FILE:
        raise InputError(name, f"a key store of {len(data)} bytes", f"the limit is {LARGEST_FILE >> 20} MB")
    if data.startswith(_JAVA):
        return open_jks(data, name, password)
    if is_pkcs12(data):
        return open_pkcs12(data, name, password)
    raise InputError(name, "no key store", "give a JKS, JCEKS or PKCS#12 file")
