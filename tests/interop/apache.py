"""A private Apache: its own folder, configuration, loopback port and log, nothing of the system's instance.

Debian's modules are loaded from where its packages put them. Root may run it as well as anybody else: root's Apache
hands its work to www-data, so the folder is one that everybody may read. It holds test keys, which are public anyway.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.interop.programs import APACHE_MODULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE = 30  # seconds
BASE = ("mpm_event", "authn_core", "authz_core", "authz_user", "include")
WHOLE = """
ServerRoot "{folder}"
ServerName {base}
UseCanonicalName On
Listen {host}
DefaultRuntimeDir "{folder}"
PidFile "{folder}/apache.pid"
ErrorLog "{folder}/error.log"
LogLevel notice
ServerLimit 1
StartServers 1
ThreadsPerChild 8
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
{user}
{modules}
DocumentRoot "{folder}/pages"
<Directory "{folder}/pages">
    Options +Includes
    SetOutputFilter INCLUDES
    Require all granted
</Directory>
{rest}
"""


def until(is_so: Callable[[], bool], what: str, log: Callable[[], str] = str) -> None:
    """Wait for something that a program is about to do."""
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end, f"waited {PATIENCE} s in vain until {what}\n{log()}"
        time.sleep(0.02)


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that other users may read, which pytest's own are not."""
    with tempfile.TemporaryDirectory(prefix="ssolab-apache-") as made:
        folder = Path(made)
        folder.chmod(0o755)
        yield folder


def free_port() -> int:
    """A port of this moment; Apache has to be told one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextlib.contextmanager
def started(command: Sequence[str], log: Path, **how: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program, what it says going to *log*, until the block ends; at the latest it is stopped by force."""
    with log.open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said, **how) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


@dataclass(frozen=True)
class Apache:
    """The running server: where it answers and where it lives."""

    folder: Path
    base: str
    process: subprocess.Popen[bytes]

    def log(self) -> str:
        """What it said so far, before it opened its log and after."""
        files = [self.folder / "started.log", self.folder / "error.log"]
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def reload(self) -> None:
        """Have it read its configuration anew, as `apachectl graceful` does, and wait for the new children."""
        before, children = self._readings(), self._children()
        assert children, self.log()
        self.process.send_signal(signal.SIGUSR1)
        until(lambda: self._readings() > before and not children & self._children(), "Apache read anew", self.log)

    def _readings(self) -> int:
        return self.log().count("resuming normal operations")

    def _children(self) -> set[str]:
        pid = self.process.pid
        return set(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())


@contextlib.contextmanager
def running_apache(
    folder: Path, *, port: int, module: tuple[str, str], rest: str, pages: dict[str, str]
) -> Iterator[Apache]:
    """Run Apache with a module, its further configuration and these pages, until the block ends."""
    for name, text in pages.items():
        page = folder / "pages" / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    host = f"127.0.0.1:{port}"
    modules = [*((f"{name}_module", f"mod_{name}.so") for name in BASE), module]
    configuration = folder / "apache.conf"
    configuration.write_text(
        WHOLE.format(
            folder=folder,
            base=f"http://{host}",
            host=host,
            user="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
            modules="\n".join(f"LoadModule {name} {APACHE_MODULES}/{file}" for name, file in modules),
            rest=rest,
        ),
        encoding="utf-8",
    )
    command = ["apache2", "-f", str(configuration), "-DFOREGROUND"]
    with started(command, folder / "started.log") as process:
        apache = Apache(folder, f"http://{host}", process)
        until(lambda: apache._readings() > 0 or process.poll() is not None, "Apache answers", apache.log)
        assert process.poll() is None, apache.log()
        yield apache
