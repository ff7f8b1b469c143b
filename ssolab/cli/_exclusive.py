"""Writes new files all or none, and never over a file that is there: a private key lost so is lost for good."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ssolab.core.findings import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_new(files: Mapping[Path, tuple[bytes, int]]) -> None:
    """Write every file, each with its permissions; when one cannot be written, none of them stays.

    A file appears under its name only when it is whole, and only where there was none.

    Raises:
        InputError: a file is there already, or cannot be written.
    """
    made: list[Path] = []
    try:
        for path, (data, mode) in files.items():
            _write_one(path, data, mode)
            made.append(path)
    except BaseException as error:  # a break by the user too leaves none of the files behind
        for path in made:
            with contextlib.suppress(OSError):
                path.unlink()
        if isinstance(error, FileExistsError):
            name = str(error.filename2 or error.filename)
            raise InputError(name, "it is there already and is never overwritten", "choose another name") from None
        if isinstance(error, OSError):
            problem = f"cannot be written ({(error.strerror or 'no reason given').lower()})"
            raise InputError(_folder(error, files), problem, "name another folder") from None
        raise


def _folder(error: OSError, files: Mapping[Path, tuple[bytes, int]]) -> str:
    """Name the folder that refused, not the half-written file in it, of which nobody knows."""
    refused = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else next(iter(files))
    return str(refused.absolute().parent)


def _write_one(path: Path, data: bytes, mode: int) -> None:
    beside = path.with_name(f".{path.name[:100]}.{os.getpid()}.part")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(beside)  # unlike a rename, this fails where a file is
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            _write_in_place(path, data, mode)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def _write_in_place(path: Path, data: bytes, mode: int) -> None:
    """Write where no link can be made: the file shows before it is whole, but it replaces nothing and is taken back."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except BaseException:  # a break by the user too leaves no half of a file behind
        with contextlib.suppress(OSError):
            path.unlink()
        raise
