"""Where labs come from: folders that users name, the lab inside the package, and the package's other data.

Everything below works on bytes and gets them from here. Single files are read and written by `ssolab.files`, which
loads nothing else; its names are given here too.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import ssolab
from ssolab.core.catalog import Entry, entries_of, modules_below
from ssolab.core.certs import read_certificates
from ssolab.core.findings import ConfigError, DefectError, InputError
from ssolab.cutover import builtin, tables
from ssolab.cutover.labfile import FILE_NAME, Surroundings, read_lab
from ssolab.cutover.profiles import entry_of, parse_profile
from ssolab.files import NO_FILE, read_file, refused, shown_name, write_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.core.certs import Certificate
    from ssolab.cutover.belongings import Files
    from ssolab.cutover.model import Inventory, Profile

__all__ = [
    "BUILT_IN",
    "Folder",
    "Pages",
    "builtin_certificates",
    "builtin_lab",
    "catalog",
    "load_lab",
    "load_profiles",
    "read_file",
    "shown_name",
    "write_file",
]

DEFAULT_FOLDER: Final = "metadata"
BUILT_IN: Final = "the built-in lab"

_PACKAGE: Final = Path(__file__).resolve().parent
_PROFILES: Final = _PACKAGE / "cutover" / "profiles"
_CERTIFICATES: Final = _PACKAGE / "cutover" / "greenmoor.pem"


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
            raise refused(error, shown_name(place)) from None

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
            raise InputError(self.called(path), *NO_FILE) from None

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
        raise refused(error, shown) from None
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
    fetch = None if isinstance(files, Pages) else _fetch
    return Surroundings(
        files=files,
        profiles=load_profiles(),
        environ=environ,
        fetch=fetch,
        now=datetime.now(UTC).replace(microsecond=0),
    )


def _fetch(address: str, *, private: bool) -> bytes:
    from ssolab.fetching import fetch  # few labs need the network, and TLS takes a while to load

    return fetch(address, private=private)


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


@functools.cache
def catalog() -> tuple[Entry, ...]:
    """Give every catalog entry of the package, sorted by code: checks and refusals of the engines, and profiles."""
    modules = modules_below(
        ssolab, without=("ssolab.cli", "ssolab.web", "ssolab.pytest_plugin", "ssolab.testing", "ssolab.__main__")
    )
    profiles = (entry_of(profile) for profile in load_profiles().values())
    return tuple(sorted((*entries_of(modules, Entry), *profiles), key=lambda entry: (entry.code, entry.kind)))
