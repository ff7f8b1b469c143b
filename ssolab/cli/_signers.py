"""What the user names with `--key`: a private key to sign with, and the certificate that it is known by."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ssolab.cli._shell import password_for
from ssolab.core.findings import InputError, PasswordError
from ssolab.core.keys import SigningCredential, credential_from, load_private_key, spki_of
from ssolab.core.keystores import is_store, open_store
from ssolab.core.names import name_of
from ssolab.core.pem import unwrap
from ssolab.core.selfsigned import self_signed
from ssolab.documents import recognise
from ssolab.files import read_file, shown_name

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.core.keys import PrivateKey

_LIFE = timedelta(days=365)


def read_signer(
    file: str, *, alias: str | None, certificate: str | None, password_env: str, now: datetime
) -> tuple[SigningCredential, bool]:
    """Read a key to sign with from a PEM or DER file, or the entry *alias* of a key store.

    Returns:
        The key with its certificate, and whether anybody made that certificate: a bare key gets one made on the spot,
        which is of no use beside a signature.

    Raises:
        PasswordError: the file does not open with the password.
        InputError: there is no such key in it, or the certificate is for another one.
    """
    data, name = read_file(file), shown_name(file)
    packed = unwrap(data, name)
    if is_store(packed):
        store = open_store(packed, name, password_for(name, password_env))
        entry = store.entry(alias, name)
        if certificate is None:
            return entry.credential(), True
        private = entry.private
        if private is None:
            raise InputError(name, f"entry {entry.alias!r} has no private key", "choose an entry that has one")
    elif alias is not None:
        raise InputError(name, f"no key store, so it has no entry {alias!r}", "leave --alias out")
    else:
        private = _private(data, name, password_env)
    if certificate is not None:
        shown = recognise(read_file(certificate), shown_name(certificate)).one_certificate()
        return credential_from(private, shown, shown.label), True
    if b"CERTIFICATE-----" in data:
        own = [each for each in recognise(data, name).certificates if each.spki == spki_of(private)]
        if own:
            return SigningCredential(private=private, certificate=own[0], label=own[0].label), True
    made = self_signed(
        private=private, subject=name_of([("CN", "a bare key")]), serial=1, not_before=now, not_after=now + _LIFE
    )
    return SigningCredential(private=private, certificate=made, label=name), False


def _private(data: bytes, name: str, password_env: str) -> PrivateKey:
    """Load a private key, and ask for a password only where there is no way without."""
    try:
        return load_private_key(data, name)
    except PasswordError:
        return load_private_key(data, name, password_for(name, password_env).encode())
