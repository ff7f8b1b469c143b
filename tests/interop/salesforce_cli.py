"""The Salesforce CLI as its users have it, alone with one port of this machine.

`npm ci --ignore-scripts --prefix tests/interop/salesforce` installs it beside this file; SSOLAB_SALESFORCE_CLI may name
another `node_modules`. It needs the newer Node that comes with the other packages of Node (`nodes`). When a login is
refused it goes on to the real login hosts of Salesforce, so `alone.cjs` keeps every process of it from connecting
elsewhere and from looking up names.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.interop.nodes import newer_node

HERE = Path(__file__).with_name("salesforce")
GUARD = HERE / "alone.cjs"
FOLDERS = [Path(os.environ.get("SSOLAB_SALESFORCE_CLI") or HERE / "node_modules"), HERE / "node_modules"]
_RUN = Path("@salesforce", "cli", "bin", "run.js")
QUIET = {
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    "SF_DISABLE_TELEMETRY": "true",
    "SF_AUTOUPDATE_DISABLE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_HIDE_RELEASE_NOTES": "true",
}


def _installed() -> Path | None:
    return next((each / _RUN for each in FOLDERS if (each / _RUN).exists()), None)


def needs_salesforce_cli() -> list[pytest.MarkDecorator]:
    """The marks of a module that compares with the Salesforce CLI."""
    missing = _installed() is None or not Path(newer_node()).is_absolute()
    reason = "not installed: @salesforce/cli or a newer Node (npm ci --ignore-scripts --prefix, for tests/interop/node"
    reason += " and tests/interop/salesforce); .ci/run does"
    return [pytest.mark.interop, pytest.mark.skipif(missing, reason=reason)]


@dataclass(frozen=True)
class Told:
    """What the CLI answered: whether it succeeded, its JSON, and where it tried to go beyond the one port."""

    succeeded: bool
    answer: dict[str, Any]
    tried: tuple[str, ...]

    @property
    def result(self) -> dict[str, Any]:
        """What it says of a login that worked."""
        assert self.succeeded, self.answer.get("message")
        result: dict[str, Any] = self.answer["result"]
        return result

    @property
    def errors(self) -> list[str]:
        """What it says of one that did not, a line for each host and audience that it tried."""
        assert not self.succeeded
        return str(self.answer["message"]).partition("Errors encountered:\n")[2].splitlines()


def run_node(
    home: Path, address: str, *arguments: str | Path
) -> tuple[subprocess.CompletedProcess[str], tuple[str, ...]]:
    """Run the newer Node, able to reach the host and port of *address* and nothing else; *home* is its home folder."""
    node = newer_node()
    tried = home / "tried"
    tried.touch()
    env = QUIET | {  # and nothing of ours: no proxy, no PATH on which it would find another program
        "HOME": str(home),
        "PATH": str(Path(node).parent),
        "NODE_OPTIONS": f"--require={GUARD}",
        "SSOLAB_ONLY": urlsplit(address).netloc,
        "SSOLAB_TRIED": str(tried),
    }
    command = [node, *map(str, arguments)]
    done = subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, check=False, timeout=120)
    return done, tuple(tried.read_text().splitlines())


def run_salesforce_cli(home: Path, address: str, *arguments: str | Path) -> Told:
    """Run `sf` with *arguments* and have it answer in JSON."""
    program = _installed()
    assert program is not None
    done, tried = run_node(home, address, program, *arguments, "--json")
    assert done.stdout, done.stderr
    return Told(done.returncode == 0, json.loads(done.stdout), tried)
