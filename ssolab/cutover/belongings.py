"""What a party of a lab brings along in files: its certificates, and the private keys in a key store.

A folder of a Salesforce project holds certificate requests and empty files beside certificates, and both are right
there; so a folder is read leniently, and a file that is named is read strictly.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final, Protocol

from ssolab.core.certs import read_certificates
from ssolab.core.findings import ConfigError, InputError, PasswordError
from ssolab.core.jwks import read_jwks
from ssolab.core.unsigned import enclosed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ssolab.core.certs import Certificate
    from ssolab.core.jwk import TrustedJwk
    from ssolab.core.keys import SigningCredential
    from ssolab.core.keystores import KeyStore
    from ssolab.cutover.model import Party
    from ssolab.cutover.tables import Table

PASSWORD: Final = "SSOLAB_PASSWORD"  # noqa: S105 - the name of the variable

_CERTIFICATES: Final = (".crt", ".cer", ".pem", ".der")
_STORES: Final = (".jks", ".jceks", ".p12", ".pfx")
_SHOWN: Final = 10
REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Files(Protocol):
    """The folder of a lab, on disk or made up."""

    def read(self, path: str) -> bytes:
        """Give the bytes of a file below the folder.

        Raises:
            InputError: there is no such file, or it cannot be read.
        """

    def names(self, path: str) -> tuple[str, ...] | None:
        """Give the names of the files right inside a folder, sorted; None where that is no folder."""

    def called(self, path: str) -> str:
        """Give the name of a file for people."""


def certificates_of(
    table: Table, files: Files, environ: Mapping[str, str]
) -> tuple[dict[str, Certificate], dict[str, SigningCredential]]:
    """Read the certificates that a party names, by path; further ones in one file are called `path#2`, `path#alias`.

    Private keys come along out of key stores, by the SHA-256 of their certificate. A private key that its own password
    keeps shut is left out, so a twin stands in for it.

    Raises:
        ConfigError: a file is not there, or the variable that should hold a password is not set.
        InputError: a named file holds no certificate, or a key store cannot be opened.
    """
    named = {plain_path(table, "certificates", each) for each in table.texts("certificates")}
    certificates: dict[str, Certificate] = {}
    credentials: dict[str, SigningCredential] = {}
    for path in paths_of(table, "certificates", files, (*_CERTIFICATES, *_STORES)):
        data, name = read_named(table, "certificates", path, files), files.called(path)
        if (store := _store(data, name, table, environ)) is not None:
            for entry in store.entries:
                for number, certificate in enumerate(entry.certificates, 1):
                    certificates[f"{path}#{entry.alias}" + (f".{number}" if number > 1 else "")] = certificate
                if entry.pkcs8 is not None and entry.certificates:
                    own = entry.certificates[0]
                    credentials[own.sha256] = entry.credential(f"{name}#{entry.alias}")
        elif path in named or has_certificate(data):
            for number, certificate in enumerate(read_certificates(data, name), 1):
                certificates[path + (f"#{number}" if number > 1 else "")] = certificate
    return certificates, credentials


def one_certificate(table: Table, key: str, parties: Mapping[str, Party], files: Files) -> Certificate:
    """Find the certificate that a cutover names: one that a party has under this path, or the first one in the file.

    A key of a key set is named by its kid alone, where a party lists it, or by file and kid (`jwks.json#kid`); without
    a certificate of its own it stands in one that nobody signed.

    Raises:
        ConfigError: there is no such file or key, or it is a key store and none of its entries is named.
        InputError: it holds no certificate, and is no key set.
    """
    named = table.text(key)
    listed = [each for party in parties.values() if party.openid for each in party.openid.listed]
    if (found := next((each for each in listed if each.kid == named), None)) is not None:
        return _around(found, parties)
    path = plain_path(table, key, named)
    if path.partition("#")[0].lower().endswith(".json"):
        return _around(_listed_key(table, key, path, files), parties)
    there = {name: each for party in parties.values() for name, each in party.certificates.items()}
    if path in there:
        return there[path]
    if inside := [name for name in there if name.startswith(f"{path.partition('#')[0]}#")]:
        raise table.wrong(key, f"names no certificate of {path}", f"write one of: {', '.join(inside[:_SHOWN])}")
    return read_certificates(read_named(table, key, path, files), files.called(path))[0]


def kid_in_set(table: Table, key: str, files: Files) -> str | None:
    """Give the kid of a key that a cutover names in a key set, None where it names anything else."""
    path = plain_path(table, key, table.text(key))
    return _listed_key(table, key, path, files).kid if path.partition("#")[0].lower().endswith(".json") else None


def _listed_key(table: Table, key: str, path: str, files: Files) -> TrustedJwk:
    """Find a key of a key set by file and kid; the kid may be left out where there is one key."""
    file, _, kid = path.partition("#")
    keys = read_jwks(read_named(table, key, file, files), files.called(file)).trusted()
    found = [each for each in keys if each.kid == kid or (not kid and len(keys) == 1)]
    if len(found) != 1:
        names = [each.kid for each in keys if each.kid is not None]
        problem = f"names no single key of {file}"
        raise table.wrong(key, problem, f"write one of: {', '.join(f'{file}#{each}' for each in names[:_SHOWN])}")
    return found[0]


def _around(found: TrustedJwk, parties: Mapping[str, Party]) -> Certificate:
    """Give the certificate over a listed key: the set's own, one that a party has, else one that nobody signed."""
    if found.certificate is not None:
        return found.certificate
    there = (each for party in parties.values() for each in party.certificates.values())
    own = next((each for each in there if each.spki_sha256 == found.public.sha256), None)
    return own or enclosed(found.public, found.kid or found.public.sha256[:16])


def _store(data: bytes, name: str, table: Table, environ: Mapping[str, str]) -> KeyStore | None:
    """Open a key store; None where it is something else."""
    if b"-----BEGIN " in data:
        return None
    from ssolab.core.keystores import is_store, open_store  # few labs need all those old ciphers

    if not is_store(data):
        return None
    password = _password(table, environ)
    try:
        return open_store(data, name, password)
    except PasswordError as error:
        if password is not None:
            raise
        remedy = f'export {PASSWORD}, or name another variable with password_env = "NAME"'
        raise PasswordError(name, error.problem, remedy) from None


def has_certificate(data: bytes) -> bool:
    """Tell a certificate from what else may lie in a project's folder: nothing yet, or a request."""
    return bool(data.strip()) and not (b"-----BEGIN " in data and b"CERTIFICATE-----" not in data)


def _password(table: Table, environ: Mapping[str, str]) -> str | None:
    if "password_env" not in table.values:
        return environ.get(PASSWORD)
    name = table.text("password_env")
    if name not in environ:
        remedy = f"export {name}, or give certificates without private keys"
        raise table.wrong("password_env", f"names {name}, which is not in the environment", remedy)
    return environ[name]


def paths_of(table: Table, key: str, files: Files, endings: tuple[str, ...], *named: str) -> Iterator[str]:
    """Resolve a file, a list of files, or a folder into files: those that the key names, or only the *named* ones.

    Raises:
        ConfigError: a folder holds no such file, or the key names an address.
    """
    for given in named or table.texts(key):
        path = plain_path(table, key, given)
        inside = files.names(path)
        if inside is None:
            yield path
            continue
        chosen = [name for name in inside if name.lower().endswith(endings) and not name.endswith("-meta.xml")]
        if not chosen:
            raise table.wrong(key, f"is the folder {path}, which holds no {' or '.join(endings)} file", "put one there")
        if any(not name.isprintable() for name in chosen):
            raise table.wrong(
                key, f"is the folder {path}, in which a file has a name that cannot be shown", "rename it"
            )
        yield from (f"{path}/{name}" for name in chosen)


def plain_path(table: Table, key: str, path: str) -> str:
    """Write a path with slashes and without detours.

    Raises:
        ConfigError: it is an address.
    """
    if REMOTE.match(path):
        remedy = "download the file, put it beside the lab file, and name it here"
        raise table.wrong(key, f"is the address {path[:200]}; only metadata is read from an address", remedy)
    return posixpath.normpath(path.replace("\\", "/"))


def read_named(table: Table, key: str, path: str, files: Files) -> bytes:
    """Read a file that the lab file names.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return files.read(path)
    except InputError as error:
        raise ConfigError(table.place(key), f"{key} names {error.name}: {error.problem}", error.remedy) from None
