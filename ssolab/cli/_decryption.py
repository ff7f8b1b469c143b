"""What `--decrypt` names: the private keys of the receiver, out of PEM, DER or a key store, and what they opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from ssolab.cli._shell import password_for, password_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ssolab.core.entries import KeyStore
    from ssolab.core.findings import DecryptionFacts
    from ssolab.core.xmlenc import DecryptionKey


def decryption_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--decrypt`, `--alias` and `--password-env`."""
    options = (
        click.option(
            "--decrypt",
            multiple=True,
            metavar="KEY",
            help="Private key of the receiver, PEM, DER or key store, to open what is encrypted. May be given several "
            "times: each is tried.",
        ),
        click.option("--alias", metavar="NAME", help="Which entry of a key store to decrypt with."),
        password_option,
    )
    for option in reversed(options):
        function = option(function)
    return function


def read_decryption(names: Sequence[str], alias: str | None, password_env: str) -> tuple[DecryptionKey, ...]:
    """Read every key that may open the message.

    Raises:
        InputError: a file holds no private RSA key, or does not open.
    """
    from ssolab.core.keystores import is_store
    from ssolab.sources import read_file, shown_name

    files = [(read_file(name), shown_name(name)) for name in names]
    if alias is not None and not any(is_store(data) for data, _ in files):
        raise click.UsageError("--alias chooses an entry of a key store, and no --decrypt names one")
    return tuple(
        _from_store(data, shown, alias, password_env) if is_store(data) else _from_file(data, shown, password_env)
        for data, shown in files
    )


def _from_store(data: bytes, shown: str, alias: str | None, password_env: str) -> DecryptionKey:
    from ssolab.core.findings import InputError
    from ssolab.core.xmlenc import DecryptionKey

    entry = _opened_store(data, shown, password_env).entry(alias, shown)
    if entry.private is None:
        problem = entry.note or "it has no private key"
        raise InputError(f"{shown}, entry {entry.alias!r}", problem, "choose an entry that has one")
    certificate = entry.certificates[0] if entry.fits else None
    return DecryptionKey.of(entry.private, f"{shown}#{entry.alias}", certificate)


def _opened_store(data: bytes, shown: str, password_env: str) -> KeyStore:
    """Open a key store, and ask for a password only where there is no way to its keys without."""
    from ssolab.core.findings import PasswordError
    from ssolab.core.keystores import open_store
    from ssolab.documents import opens_without_password

    if not opens_without_password(data):
        try:
            return open_store(data, shown)
        except PasswordError:
            pass
    return open_store(data, shown, password_for(shown, password_env))


def _from_file(data: bytes, shown: str, password_env: str) -> DecryptionKey:
    from ssolab.core.certs import read_certificates
    from ssolab.core.findings import PasswordError
    from ssolab.core.keys import load_private_key, spki_of
    from ssolab.core.xmlenc import DecryptionKey

    try:
        private = load_private_key(data, shown)
    except PasswordError:
        private = load_private_key(data, shown, password_for(shown, password_env).encode())
    beside = read_certificates(data, shown) if b"-----BEGIN CERTIFICATE-----" in data else ()
    spki = spki_of(private)
    return DecryptionKey.of(private, shown, next((each for each in beside if each.spki == spki), None))


def decryption_facts(opened: Iterable[DecryptionFacts]) -> Iterator[tuple[str, str]]:
    """Say for people what was opened, and with which key."""
    for facts in opened:
        yield "decrypted", f"{facts.decrypted_element}, {facts.content} with {facts.transport}"
        yield "with", f"{facts.label}, SPKI SHA-256 {facts.key}"
