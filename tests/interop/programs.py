"""Programs from Debian that the tests compare with: where one is missing its tests are skipped and say which."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PACKAGES = {"keytool": "default-jre-headless", "openssl": "openssl", "xmlsec1": "xmlsec1"}
QUICK_JVM = ("-J-XX:TieredStopAtLevel=1", "-J-Duser.language=en")


def needs(program: str) -> list[pytest.MarkDecorator]:
    """The marks of a module that compares with *program*."""
    missing = shutil.which(program) is None
    reason = f"{program} is not installed (Debian package {PACKAGES[program]}); .ci/run installs it"
    return [pytest.mark.interop, pytest.mark.skipif(missing, reason=reason)]


def output_of(program: str, *arguments: str | Path, given: bytes = b"") -> bytes:
    """What the program prints, on both channels; it has to succeed."""
    done = _run(program, arguments, given)
    assert done.returncode == 0, f"{program} {arguments}\n{done.stdout.decode(errors='replace')}"
    return done.stdout


def refused_by(program: str, *arguments: str | Path, given: bytes = b"") -> bytes:
    """What the program prints when it fails, which it has to."""
    done = _run(program, arguments, given)
    assert done.returncode != 0, f"{program} {arguments}\n{done.stdout.decode(errors='replace')}"
    return done.stdout


def _run(program: str, arguments: tuple[str | Path, ...], given: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [program, *(QUICK_JVM if program == "keytool" else ()), *map(str, arguments)]
    return subprocess.run(
        command, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60
    )
