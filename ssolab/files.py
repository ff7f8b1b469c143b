"""Reading and writing single files: every way in which a disk can refuse, put into one clear line.

It loads nothing else, so that a command about one certificate starts at once.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from pathlib import Path
from typing import Final

from ssolab.core.findings import InputError

MAX_BYTES: Final = 100 << 20
STDIN: Final = "-"
NO_FILE: Final = ("there is no such file", "check the path")

_REASONS: Final = {
    errno.ENOENT: NO_FILE,
    errno.ENOTDIR: ("a part of its path is no folder", "check the path"),
    errno.EISDIR: ("it is a folder", "name a file in it"),
    errno.EACCES: ("this user may not read it", "change its permissions, or run as its owner"),
    errno.EPERM: ("this user may not read it", "change its permissions, or run as its owner"),
    errno.ELOOP: ("its links go round in a circle", "name the file itself"),
    errno.ENAMETOOLONG: ("its name is too long", "check the path"),
}


def read_file(name: str | Path) -> bytes:
    """Read a file that a user named; `-` is standard input.

    Raises:
        InputError: it is missing, a folder, unreadable, or larger than 100 MB.
    """
    if str(name) == STDIN:
        return _bounded(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input")
    shown = shown_name(name)
    try:
        with Path(name).open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_BYTES:
                raise _too_large(shown)
            return _bounded(file.read(MAX_BYTES + 1), shown)
    except (OSError, ValueError) as error:
        raise refused(error, shown) from None


def _bounded(data: bytes, shown: str) -> bytes:
    if len(data) > MAX_BYTES:
        raise _too_large(shown)
    return data


def _too_large(shown: str) -> InputError:
    return InputError(shown, f"more than {MAX_BYTES >> 20} MB", "nothing that ssolab reads is so large; check the path")


def refused(error: Exception, shown: str) -> InputError:
    """Word what a disk, or a name that is none, said; the caller raises it."""
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
    except BaseException:  # a break by the user too leaves no half of a file behind
        with contextlib.suppress(OSError):
            beside.unlink()
        raise


def shown_name(name: str | Path) -> str:
    """Give a file's name as it can be printed: in one line, and in characters that every terminal takes."""
    text = str(name).encode("utf-8", "replace").decode("utf-8")
    return "".join(char if char.isprintable() else "?" for char in text) or "(no name)"
