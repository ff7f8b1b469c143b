"""Packages of Node as peers: they run in a process of their own, which a script in `node` lets the tests speak to.

`npm ci --prefix tests/interop/node` installs them beside it. A NODE_PATH may name another folder, as Node's own does.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.interop.programs import needs

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).with_name("node")
FOLDERS = [HERE / "node_modules", *(Path(each) for each in os.environ.get("NODE_PATH", "").split(os.pathsep) if each)]


def needs_package(package: str) -> list[pytest.MarkDecorator]:
    """The marks of a module that compares with a package of Node."""
    missing = not any((folder / package / "package.json").exists() for folder in FOLDERS)
    reason = f"not installed: {package} (npm ci --prefix tests/interop/node); .ci/run does"
    return [*needs("node"), pytest.mark.skipif(missing, reason=reason)]


class Refused(Exception):  # noqa: N818  what the peer says to a message, which is no error of ours
    """The peer threw something; the text is its own."""


@dataclass(frozen=True)
class Peer:
    """The process."""

    process: subprocess.Popen[str]

    def do(self, name: str, given: Any = None) -> Any:
        """Have it do one of the tasks that its script offers.

        Raises:
            Refused: it threw.
        """
        return self.ask({"do": name, "with": given})

    def make(self, kind: str, *values: Any) -> Object:
        """Make an object of the package."""
        return Object(self, self.ask({"make": kind, "with": values}))

    def ask(self, task: dict[str, Any]) -> Any:
        """Have it do one thing.

        Raises:
            Refused: it threw.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        written = json.dumps(task, default=lambda value: {"object": value.number})
        self.process.stdin.write(written + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, f"the process ended, with {self.process.wait()}"
        outcome = json.loads(line)
        if "refused" in outcome:
            raise Refused(outcome["refused"])
        return outcome["is"]


@dataclass(frozen=True)
class Object:
    """An object of the package, in its process."""

    peer: Peer
    number: int

    def call(self, method: str, *values: Any) -> Any:
        """Call a method; promises are waited for."""
        return self.peer.ask({"on": self.number, "call": method, "with": values})


@contextlib.contextmanager
def running_peer(package: str) -> Iterator[Peer]:
    """Run a process with that package until the block ends, whose objects the tests make and call."""
    with running_script("peer.cjs", package) as peer:
        yield peer


@contextlib.contextmanager
def running_script(script: str, *arguments: str, newer: bool = False) -> Iterator[Peer]:
    """Run a script until the block ends, under a *newer* Node where its package asks for one."""
    env = os.environ | {"NODE_PATH": os.pathsep.join(map(str, FOLDERS))}
    # Debian's Node 18 has the cryptography that packages take for granted, but keeps it behind this switch.
    command = [newer_node() if newer else "node", "--experimental-global-webcrypto", str(HERE / script), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        yield Peer(process)  # leaving closes its stdin, at which it ends


def newer_node() -> str:
    """The Node that npm installed, which is newer than Debian's; on other systems the one that is there."""
    installed = (path for folder in FOLDERS for path in folder.glob("node-linux-*/bin/node"))
    return str(next(installed, "node"))
