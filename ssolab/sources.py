"""The only reader of disk: files and folders that users name, the lab file, and the data inside the package.

Everything below works on bytes; so every way in which a disk can refuse is put into one clear line here, once.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ssolab
from ssolab.core.catalog import Entry, entries_of, modules_below
from ssolab.core.certs import read_certificates
from ssolab.core.findings import ConfigError, DefectError, InputError
from ssolab.cutover import builtin, tables
from ssolab.cutover.labfile import FILE_NAME, Surroundings, read_lab
from ssolab.cutover.profiles import entry_of, parse_profile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from ssolab.core.certs import Certificate
    from ssolab.cutover.belongings import Files
    from ssolab.cutover.model import Inventory, Profile

MAX_BYTES: Final = 100 << 20
DEFAULT_FOLDER: Final = "metadata"
BUILT_IN: Final = "the built-in lab"
STDIN: Final = "-"

_PACKAGE: Final = Path(__file__).resolve().parent
_PROFILES: Final = _PACKAGE / "cutover" / "profiles"
_CERTIFICATES: Final = _PACKAGE / "cutover" / "greenmoor.pem"
_REASONS: Final = {
    errno.ENOENT: ("there is no such file", "check the path"),
    errno.ENOTDIR: ("a part of its path is no folder", "check the path"),
    errno.EISDIR: ("it is a folder", "name a file in it"),
    errno.EACCES: ("this user may not read it", "change its permissions, or run as its owner"),
    errno.EPERM: ("this user may not read it", "change its permissions, or run as its owner"),
    errno.ELOOP: ("its links go round in a circle", "name the file itself"),
    errno.ENAMETOOLONG: ("its name is too long", "check the path"),
}


# ---- files ----------------------------------------------------------------------------------------------------------


def read_file(name: str | Path) -> bytes:
    """Read a file that a user named; `-` is standard input.

    Raises:
        InputError: it is missing, a folder, unreadable, or larger than 100 MB.
    """
    if str(name) == STDIN:
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        return _bounded(data, "standard input")
    shown = shown_name(name)
    try:
        with Path(name).open("rb") as file:
            return _bounded(_read_bounded(file), shown)
    except (OSError, ValueError) as error:
        raise _refused(error, shown) from None


def _read_bounded(file: BinaryIO) -> bytes:
    size = os.fstat(file.fileno()).st_size
    return b"\0" * size if size > MAX_BYTES else file.read(MAX_BYTES + 1)


def _bounded(data: bytes, shown: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise InputError(shown, f"more than {MAX_BYTES >> 20} MB", "nothing that ssolab reads is so large")
    return data


def _refused(error: Exception, shown: str) -> InputError:
    if isinstance(error, OSError):
        known = _REASONS.get(error.errno or 0)
        return InputError(shown, *(known or (str(error.strerror or "it cannot be read").lower(), "check the path")))
    return InputError(shown, "this is no path", "check the path")  # such as one with a NUL in it


def write_file(path: str | Path, data: bytes, *, private: bool = False) -> None:
    """Write a file whole or not at all; *private* keeps others from reading it.

    What stands there already is replaced only when the new file is complete. A device or pipe is written to directly.

    Raises:
        InputError: it cannot be written.
    """
    target, shown = Path(path), shown_name(path)
    try:
        target = target.resolve()
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_bytes(data)
            return
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder")
        _replace(target, data, 0o600 if private else 0o666)
    except (OSError, ValueError, RuntimeError) as error:
        problem = error.strerror if isinstance(error, OSError) and error.strerror else "no path"
        raise InputError(shown, f"cannot be written ({problem.lower()})", "name another place") from None


def _replace(target: Path, data: bytes, mode: int) -> None:
    beside = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        if mode & stat.S_IRGRP and target.exists():
            beside.chmod(stat.S_IMODE(target.stat().st_mode))
        beside.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def shown_name(name: str | Path) -> str:
    """Give a file's name as it can be printed: in one line, and in characters that every terminal takes."""
    text = str(name).encode("utf-8", "replace").decode("utf-8")
    return "".join(char if char.isprintable() else "?" for char in text) or "(no name)"


# ---- labs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Folder:
    """A lab's folder on disk."""

    root: Path

    def read(self, path: str) -> bytes:
        """Give the bytes of a file."""
        return read_file(self.root / path)

    def names(self, path: str) -> tuple[str, ...] | None:
        """List the files of a folder; None where it is none.

        Raises:
            InputError: the folder cannot be listed.
        """
        place = self.root / path
        try:
            if not place.is_dir():
                return None
            return tuple(sorted(each.name for each in place.iterdir() if each.is_file() and each.name[0] != "."))
        except (OSError, ValueError) as error:
            raise _refused(error, shown_name(place)) from None

    def called(self, path: str) -> str:
        """Name a file as the user would."""
        return shown_name(self.root / path)


@dataclass(frozen=True, slots=True)
class Pages:
    """A lab that is on no disk: its files by path."""

    files: Mapping[str, bytes]
    name: str

    def read(self, path: str) -> bytes:
        """Give the bytes of a file."""
        try:
            return self.files[path]
        except KeyError:
            raise InputError(self.called(path), *_REASONS[errno.ENOENT]) from None

    def names(self, path: str) -> tuple[str, ...] | None:
        """List the files of a folder; None where it is none."""
        start = f"{path}/"
        inside = [name.removeprefix(start) for name in self.files if name.startswith(start)]
        return tuple(sorted(name for name in inside if "/" not in name)) if inside else None

    def called(self, path: str) -> str:
        """Name a file as part of this lab."""
        return f"{self.name}: {path}"


def load_lab(path: str | Path | None, *, environ: Mapping[str, str]) -> Inventory:
    """Read a lab from its folder or its `ssolab.toml`; None is ./metadata where there is one, else the built-in lab.

    Args:
        path: the folder or the file.
        environ: where the names of secrets are looked up.

    Raises:
        ConfigError: there is no lab file, or it is missing something, contradictory or misspelt.
        InputError: a file that it names cannot be read as what it should be.
    """
    if path is None:
        if not (Path(DEFAULT_FOLDER) / FILE_NAME).is_file():
            return builtin_lab()
        path = DEFAULT_FOLDER
    place, shown = Path(path), shown_name(path)
    try:
        is_folder = place.is_dir()
        exists = place.exists()
    except (OSError, ValueError) as error:
        raise _refused(error, shown) from None
    if not exists:
        raise ConfigError(
            shown, "there is no such file or folder", f"name a folder with a {FILE_NAME}, or leave it out"
        )
    if is_folder and not (place / FILE_NAME).is_file():
        remedy = f"write one; ssolab.toml of the sample lab in {DEFAULT_FOLDER}/ shows how"
        raise ConfigError(shown, f"there is no {FILE_NAME} in it", remedy)
    folder, file = (place, FILE_NAME) if is_folder else (place.parent, place.name)
    return read_lab(shown, _around(Folder(folder), environ), file=file)


@functools.cache
def builtin_lab() -> Inventory:
    """Give the built-in lab, read through the same door as a folder on disk."""
    pages = Pages(builtin.lab_files(builtin_certificates()), BUILT_IN)
    return read_lab(BUILT_IN, _around(pages, {}))


def _around(files: Files, environ: Mapping[str, str]) -> Surroundings:
    return Surroundings(files=files, profiles=load_profiles(), environ=environ)


@functools.cache
def builtin_certificates() -> Mapping[str, Certificate]:
    """Give the public certificates that the built-in lab and the scenarios are made of, by name."""
    found = read_certificates(_CERTIFICATES.read_bytes(), _CERTIFICATES.name)
    return dict(zip(builtin.CERTIFICATES, found, strict=True))


# ---- the rest of the package's data ---------------------------------------------------------------------------------


@functools.cache
def load_profiles() -> Mapping[str, Profile]:
    """Give the partner profiles of the package by id.

    Raises:
        DefectError: two of them share an id.
    """
    found: dict[str, Profile] = {}
    for path in sorted(_PROFILES.glob("*.toml")):
        profile = parse_profile(tables.parse(path.read_bytes(), path.name).values, path.name)
        if profile.id in found:
            raise DefectError(f"two profiles are called {profile.id}")
        found[profile.id] = profile
    return found


def catalog() -> tuple[Entry, ...]:
    """Give every catalog entry of the package, sorted by code: checks and refusals of the engines, and profiles."""
    modules = modules_below(ssolab, without=("ssolab.cli", "ssolab.web", "ssolab.__main__"))
    profiles = (entry_of(profile) for profile in load_profiles().values())
    return tuple(sorted((*entries_of(modules, Entry), *profiles), key=lambda entry: (entry.code, entry.kind)))
