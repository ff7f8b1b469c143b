"""The doors of the command line: names, streams, and what every failure looks like."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ssolab.cli import run


def ssolab(*arguments: str, redirect: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line in a shell, whose redirections make streams that Python cannot."""
    words = " ".join(f"'{each}'" for each in (sys.executable, "-c", "from ssolab.cli import main; main()", *arguments))
    return subprocess.run(f"{words} {redirect}", shell=True, capture_output=True, text=True, check=False)  # noqa: S602


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cert"], "ssolab: no such command 'cert': did you mean certs? See ssolab --help"),
        (["frobnicate"], "there are catalog, certs, explain, rehearse, serve, verify; see ssolab --help"),
        (["certs", "shwo"], "Did you mean 'show'? See ssolab certs --help"),
        (["--nonsense"], "No such option '--nonsense'; see ssolab --help"),
    ],
)
def test_a_misspelt_command_is_told_in_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert told.err.count("\n") == 1


def test_no_command_is_cut_off_in_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--help"], ["certs", "--help"], ["verify", "--help"]):
        assert run(arguments) == 0
        listed = capsys.readouterr().out.partition("Commands:")[2].splitlines()
        assert [line for line in listed if line.endswith("...") and "rehearse" not in line] == []


def test_nothing_from_outside_reaches_the_terminal_as_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "a\n\x1b[31mb"]) == 2
    assert capsys.readouterr().err == "ssolab: a\\x0a\\x1b[31mb: no such code; ssolab catalog lists every code\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell of Unix")
def test_closed_streams_are_no_defect() -> None:
    done = ssolab("catalog", redirect=">&-")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = ssolab("certs", "show", "-", redirect="<&-")
    assert done.returncode == 2
    assert done.stderr.startswith("ssolab: standard input: it is empty; ")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_no_defect() -> None:
    done = ssolab("catalog", redirect=">/dev/full")
    assert done.returncode == 2
    assert done.stderr == (
        "ssolab: standard output: cannot be written (no space left on device); make room, or send it elsewhere\n"
    )


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_catalog_fits_the_terminal_and_loses_nothing(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert run(["catalog"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= width
    assert run(["catalog", "--format", "json"]) == 0
    for entry in json.loads(capsys.readouterr().out)["result"]:
        assert f"  {entry['code']}" in text
        assert entry["title"] in " ".join(text.split())
