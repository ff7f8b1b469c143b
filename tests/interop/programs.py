"""Programs from Debian that the tests compare with: where one is missing its tests are skipped and say which."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

APACHE_MODULES = Path("/usr/lib/apache2/modules")
PACKAGES = {
    "apache2": "apache2-bin",
    "keytool": "default-jre-headless",
    "mod_auth_mellon.so": "libapache2-mod-auth-mellon",
    "mod_auth_openidc.so": "libapache2-mod-auth-openidc",
    "mod_shib.so": "libapache2-mod-shib",
    "node": "nodejs",
    "openssl": "openssl",
    "shibd": "shibboleth-sp-utils",
    "xmlsec1": "xmlsec1",
}
QUICK_JVM = ("-J-XX:TieredStopAtLevel=1", "-J-Duser.language=en")


def needs(*programs: str) -> list[pytest.MarkDecorator]:
    """The marks of a module that compares with *programs*; a name that ends in .so is a module of Apache."""
    missing = [each for each in programs if not _installed(each)]
    lacking = ", ".join(f"{each} (Debian package {PACKAGES[each]})" for each in missing)
    return [pytest.mark.interop, pytest.mark.skipif(bool(missing), reason=f"not installed: {lacking}; .ci/run does")]


def _installed(program: str) -> bool:
    return (APACHE_MODULES / program).exists() if program.endswith(".so") else shutil.which(program) is not None


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
