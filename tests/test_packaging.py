"""The wheel, in a fresh environment and an empty folder: it rehearses, serves a page and explains a code.

Deselected by default, because it needs a package index: `pytest -m packaging`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).resolve().parents[1]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "venv", "dist", "build", ".*_cache", "__pycache__", ".hypothesis")
PRIVATE = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
KEY_FILES = {".key", ".jks", ".jceks", ".p12", ".pfx"}
LEAK = "-----BEGIN PRIVATE KEY-----\nthis file is in .gitignore\n-----END PRIVATE KEY-----\n"
OUTAGE_AHEAD = 1  # the built-in lab contains outages on purpose
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SSOLAB", "VIRTUAL"))
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel made from it, of a tree in which somebody left private keys about."""
    tree = tmp_path_factory.mktemp("tree") / "ssolab"
    shutil.copytree(ROOT, tree, ignore=NOT_COPIED)
    for place in ("templates/leak.key", "ssolab/leak.key", "ssolab/cutover/leak.p12"):
        (tree / place).write_text(LEAK)
    dist = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--outdir", dist, tree], check=True, env=ENVIRONMENT)
    return dist


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a fresh environment with nothing but the wheel and what it asks for."""
    home = tmp_path_factory.mktemp("fresh")
    venv.create(home, with_pip=True)
    subprocess.run([home / "bin" / "pip", "install", "-qq", wheel], check=True, env=ENVIRONMENT)
    return home / "bin"


def ssolab(scripts: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [scripts / "ssolab", *arguments],
        cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_wheel_holds_no_tests_no_sample_lab_and_no_private_key(wheel: Path) -> None:
    files = contents(wheel)
    tops = {name.split("/")[0] for name in files}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"ssolab"}
    assert [name for name in files if "/tests/" in name or "/metadata/" in name] == []
    assert [name for name, data in files.items() if Path(name).suffix in KEY_FILES or PRIVATE.search(data)] == []


def test_the_wheel_holds_every_template_and_every_data_file_of_the_package(wheel: Path) -> None:
    files = contents(wheel)
    wanted = {f"ssolab/templates/{path.name}" for path in (ROOT / "templates").glob("*.html")}
    for path in (ROOT / "ssolab").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in KEY_FILES:
            wanted.add(path.relative_to(ROOT).as_posix())

    assert any(name.endswith(".html") for name in wanted)
    assert any(name.endswith("greenmoor.pem") for name in wanted)
    assert any("/profiles/" in name for name in wanted)
    assert wanted - set(files) == set()


def test_the_installed_wheel_rehearses_in_an_empty_folder(scripts: Path, tmp_path: Path) -> None:
    done = ssolab(scripts, tmp_path, "rehearse")

    assert done.returncode == OUTAGE_AHEAD, done.stderr
    assert done.stderr == ""
    assert "every prediction met" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_installed_rehearsal_says_the_same_as_json(scripts: Path, tmp_path: Path) -> None:
    done = ssolab(scripts, tmp_path, "rehearse", "--format", "json")
    said = json.loads(done.stdout)

    assert said["schema"] == "ssolab.rehearse/1"
    assert (said["verdict"], said["exit_code"], done.returncode) == ("outage", OUTAGE_AHEAD, OUTAGE_AHEAD)


def test_the_installed_wheel_explains_a_code(scripts: Path, tmp_path: Path) -> None:
    done = ssolab(scripts, tmp_path, "explain", "audience-mismatch")

    assert done.returncode == 0, done.stderr
    assert "audience-mismatch" in done.stdout
    assert len(done.stdout.split()) > 20


def test_the_installed_wheel_tells_its_version(scripts: Path, tmp_path: Path) -> None:
    said = ssolab(scripts, tmp_path, "--version").stdout.split()

    assert said[0] == "ssolab"
    assert (ROOT / "pyproject.toml").read_text("utf-8").count(f'version = "{said[1]}"') == 1


def test_the_installed_wheel_serves_the_login_page(scripts: Path, tmp_path: Path) -> None:
    with serving(scripts, tmp_path) as port:
        page = fetch(f"http://127.0.0.1:{port + 1}/saml/login")

    assert "<form" in page
    assert 'name="username"' in page


def test_pytest_finds_the_fixtures_of_the_installed_wheel(scripts: Path, tmp_path: Path) -> None:
    subprocess.run([scripts / "pip", "install", "-qq", "pytest"], check=True, env=ENVIRONMENT)
    (tmp_path / "test_partner.py").write_text(
        "def test_login(sso_lab, sso_fault):\n"
        "    assert sso_lab.login().accepted\n"
        "    sso_fault('wrong-audience')\n"
        "    assert [found.code for found in sso_lab.login().errors] == ['audience-mismatch']\n"
    )
    done = subprocess.run(
        [scripts / "pytest", "-q", "--strict-markers", "-W", "error", "-p", "no:cacheprovider"],
        cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@contextmanager
def serving(scripts: Path, folder: Path) -> Iterator[int]:
    """Run `ssolab serve` on three free ports for a while; Ctrl-C has to end it in peace."""
    port = three_free_ports()
    server = subprocess.Popen(
        [scripts / "ssolab", "serve", "--port", str(port)],
        cwd=folder, env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    try:
        wait_for(port, server)
        yield port
    finally:
        server.send_signal(signal.SIGINT)
        try:
            said = server.communicate(timeout=15)[0]
        except subprocess.TimeoutExpired:
            server.kill()
            said = server.communicate()[0] + "\nTraceback: it did not stop on Ctrl-C"
    assert "Traceback" not in said, said


def three_free_ports() -> int:
    """A port that is free together with the two after it."""
    for first in range(18080, 19000, 10):
        with socket.socket() as a, socket.socket() as b, socket.socket() as c:
            try:
                for place, listener in enumerate((a, b, c)):
                    listener.bind(("127.0.0.1", first + place))
            except OSError:
                continue
            return first
    pytest.fail("no three free ports in a row between 18080 and 19000")


def wait_for(port: int, server: subprocess.Popen[str]) -> None:
    """Wait until the last of the three ports answers."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        if all(answers(number) for number in (port, port + 1, port + 2)):
            return
        time.sleep(0.1)
    pytest.fail("ssolab serve did not open its three ports within 30 seconds")


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def fetch(url: str) -> str:
    """A page of the lab, by way of its redirects and past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor())
    try:
        with opener.open(url, timeout=10) as answer:
            body: bytes = answer.read()
    except urllib.error.HTTPError as error:
        pytest.fail(f"{url} answered {error.code}: {error.read()[:500]!r}")
    return body.decode()
