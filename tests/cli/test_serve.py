from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssolab.cli import run
from ssolab.cli.serve import config_of
from ssolab.core.instants import parse_instant
from ssolab.sources import builtin_lab
from ssolab.web.app import running_lab

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
LONG_ENOUGH = 30


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ssolab.cli", "serve", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[subprocess.Popen[str], str, Path]]:
    """A lab of the built-in inventory on free ports, in an empty folder, with what it printed and its token file."""
    folder = tmp_path_factory.mktemp("serve")
    with start("--port", "0", "--link", "okta-requests", "--token-file", "token", cwd=folder) as process:
        assert process.stdout is not None
        told = ""
        ends = time.monotonic() + LONG_ENOUGH
        while "Ctrl-C" not in told:
            line = process.stdout.readline()
            assert line, process.stderr and process.stderr.read()
            assert time.monotonic() < ends
            told += line
        yield process, told, folder / "token"
        if process.poll() is None:
            process.kill()


def test_serve_says_what_it_plays_and_where(served: tuple[subprocess.Popen[str], str, Path]) -> None:
    _, told, _ = served
    assert "okta-requests of the built-in lab" in told
    assert "played by twins" in told
    bases = re.findall(r"(asserting party|relying party|control page) +(http://127\.0\.0\.1:\d+)/", told)
    assert [name for name, _ in bases] == ["asserting party", "relying party", "control page"]
    for _, base in bases:
        with urllib.request.urlopen(base, timeout=10) as answer:  # noqa: S310  an address of the lab
            assert b"Rehearsal lab on loopback" in answer.read()


def test_the_token_is_printed_and_written_for_its_owner_alone(
    served: tuple[subprocess.Popen[str], str, Path],
) -> None:
    _, told, file = served
    assert f"?token={file.read_text().strip()}\n" in told
    assert len(file.read_text().strip()) >= 32
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_ctrl_c_ends_the_lab_cleanly(served: tuple[subprocess.Popen[str], str, Path]) -> None:
    process, told, _ = served
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=LONG_ENOUGH)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert "PRIVATE" not in told + errors


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_a_lab_that_is_told_to_answers_by_artifact(tmp_path: Path) -> None:
    with start("--port", "0", "--format", "json", "--response-binding", "artifact", cwd=tmp_path) as process:
        assert process.stdout is not None
        told = ""
        for line in process.stdout:
            told += line
            if line == "}\n":
                break
        where = json.loads(told)["result"]
        asked = urllib.request.Request(  # noqa: S310  an address of the lab
            f"{where['control']['address']}/api/login",
            b'{"binding": "artifact", "flow": "saml-idp-initiated"}',
            {"Authorization": f"Bearer {where['control']['token']}"},
        )
        with urllib.request.urlopen(asked, timeout=LONG_ENOUGH) as answer:  # noqa: S310  likewise
            report = json.loads(answer.read())
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=LONG_ENOUGH)
    assert report["verdict"] == "accepted"
    assert "ArtifactResponse with a message sent" in errors


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_a_lab_that_is_told_to_lets_any_client_register(tmp_path: Path) -> None:
    with start("--port", "0", "--format", "json", "--open-registration", cwd=tmp_path) as process:
        assert process.stdout is not None
        told = ""
        for line in process.stdout:
            told += line
            if line == "}\n":
                break
        base = json.loads(told)["result"]["asserting"]["address"]
        with urllib.request.urlopen(f"{base}/.well-known/openid-configuration", timeout=LONG_ENOUGH) as answer:  # noqa: S310  an address of the lab
            address = json.loads(answer.read())["registration_endpoint"]
        asked = urllib.request.Request(  # noqa: S310  likewise
            address, b'{"redirect_uris": ["https://app.example/cb"]}', {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=LONG_ENOUGH) as answer:  # noqa: S310  likewise
            registered = json.loads(answer.read())
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=LONG_ENOUGH)
    assert registered["redirect_uris"] == ["https://app.example/cb"]
    assert f"Client {registered['client_id']} registered" in errors
    assert registered["client_secret"] not in errors


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_a_script_reads_the_addresses_as_json_and_ends_the_lab_as_service_managers_do(tmp_path: Path) -> None:
    with start("--port", "0", "--format", "json", "--verbose", cwd=tmp_path) as process:
        assert process.stdout is not None
        told = ""
        for line in process.stdout:
            told += line
            if line == "}\n":
                break
        where = json.loads(told)
        assert (where["schema"], where["result"]["link"]) == ("ssolab.serve/1", next(iter(builtin_lab().links)))
        base = where["result"]["relying"]["address"]
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{base}/saml/acs", b"SAMLResponse=%1b%5b2J", timeout=10)  # noqa: S310  the lab's
        caught.value.close()
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=LONG_ENOUGH)
    assert process.returncode == 0
    assert "Response not read" in errors
    assert "\x1b" not in errors


def test_a_port_in_use_is_one_line_with_the_remedy_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        if port > 65533:
            pytest.skip("the system gave one of the last two ports")
        assert run(["serve", "--port", str(port)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert f"port {port}" in told.err
    assert "--port" in told.err


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "example.org", "::"])  # noqa: S104  refused here
def test_an_address_that_others_can_reach_needs_to_be_asked_for(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--host", host]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "--unsafe-bind" in told


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--link", "nobody"], "choose one of"),
        (["--port", "65534"], "65534"),
        (["--port", "eighty"], "eighty"),
        (["--sign", "everything"], "everything"),
        (["--at", "tomorrow"], "tomorrow"),
        (["nowhere"], "nowhere"),
        (["--token-file", "/nowhere/at/all"], "/nowhere/at/all"),
        (["--colour"], "--colour"),
        (["--encrypt", "everything"], "everything"),
        (["--encrypt", "assertion", "--cipher", "aes256"], "aes256"),
        (["--encrypt", "assertion", "--key-transport", "rsa"], "rsa"),
        (["--cipher", "aes256-gcm"], "--cipher: nothing is encrypted; add --encrypt assertion"),
        (["--key-transport", "rsa-oaep"], "--key-transport: nothing is encrypted"),
        (["--response-binding", "redirect"], "redirect"),
        (["--switch", "clock"], "write NAME=VALUE"),
        (["--switch", "clock=soon"], "clock"),
        (["--switch", "colour=red"], "colour"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", *([] if "--port" in arguments else ["--port", "0"]), *arguments]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert complaint in told


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--help"]) == 0
    assert "Example:  ssolab serve" in capsys.readouterr().out


def test_a_link_is_played_by_twins_that_are_marked_and_keep_names_and_dates() -> None:
    inventory = builtin_lab()
    link = inventory.links["adfs-requests"]
    config = config_of(inventory, link, host="127.0.0.1", port=0)
    used = config.relying.credential
    old = inventory.cutover(None).old
    assert config.twins[used.public.sha256] == old.spki_sha256
    assert used.public.sha256 != old.spki_sha256
    assert used.certificate.subject.der == old.subject.der
    assert (used.certificate.not_before, used.certificate.not_after) == (old.not_before, old.not_after)
    assert config.asserting.trusted[0].public.sha256 == used.public.sha256


def test_the_clock_and_what_is_signed_can_be_chosen() -> None:
    inventory = builtin_lab()
    link = next(iter(inventory.links.values()))
    at = parse_instant("2027-06-01T00:00:00Z")
    config = config_of(inventory, link, host="127.0.0.1", port=9000, at=at, sign="both")
    assert (config.at, config.asserting.sign, config.ports) == (at, "both", (9000, 9001, 9002))
    assert config_of(inventory, link, host="127.0.0.1", port=0).at == inventory.clock


def test_a_lab_without_users_has_somebody_to_log_in() -> None:
    inventory = replace(builtin_lab(), users=())
    link = next(iter(inventory.links.values()))
    assert [user.username for user in config_of(inventory, link, host="127.0.0.1", port=0).users] == [
        "somebody@lab.example"
    ]


def test_every_link_of_the_built_in_lab_is_served_and_ends_as_its_partner_would_have_it() -> None:
    inventory = builtin_lab()
    link = inventory.links["shib-requests"]
    with running_lab(config_of(inventory, link, host="127.0.0.1", port=0)) as running:
        assert running.lab.links[0] == "shib-requests"
        assert sorted(running.lab.links) == sorted(inventory.links)
        verdicts = {}
        for name in running.lab.links:
            asked = urllib.request.Request(  # noqa: S310  an address of the lab
                f"{running.bases.control}/api/login",
                json.dumps({"link": name}).encode(),
                {"Authorization": f"Bearer {running.lab.token}"},
            )
            with urllib.request.urlopen(asked, timeout=LONG_ENOUGH) as answer:  # noqa: S310  likewise
                verdicts[name] = json.loads(answer.read())["verdict"]
    # On the lab's own day only AD FS looks at the dates of the retired certificate, and only in requests.
    assert {name for name, verdict in verdicts.items() if verdict == "refused"} == {"adfs-requests"}
