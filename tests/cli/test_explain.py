from __future__ import annotations

import json

import pytest

from ssolab import sources
from ssolab.cli import run

ENTRIES = sources.catalog()


def test_a_code_is_explained_with_title_text_and_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "audience-mismatch"]) == 0
    text = capsys.readouterr().out
    entry = next(each for each in ENTRIES if each.code == "audience-mismatch")
    assert text.startswith("audience-mismatch (check, error)\n")
    assert entry.title in text
    assert f"Source: {entry.cites}" in text


def test_every_code_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for entry in ENTRIES:
        for name in (entry.code, *entry.aliases):
            assert run(["explain", name]) == 0
            assert entry.title in capsys.readouterr().out


def test_every_code_that_a_rehearsal_prints_can_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    for code in ("one-slot-verifier", "expired-before-swap", "unknown-habit", "overlap", "adfs-rp"):
        assert run(["explain", code]) == 0
        assert len(capsys.readouterr().out.splitlines()) > 3


def test_lines_fit_the_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert run(["explain", "one-slot-verifier"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(len(line) for line in lines if not line.startswith("The verifier holds one key")) <= 60


def test_json_gives_the_members_of_the_catalog(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "one-slot-verifier", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "ssolab.explain/1"
    assert told["exit_code"] == 0
    assert set(told["result"]) == {"code", "aliases", "kind", "severity", "status", "cites", "title", "text"}


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("audiense-mismatch", "did you mean audience-mismatch"),
        ("AUDIENCE-MISMATCH", "ssolab catalog lists every code"),
        ("zzz", "ssolab catalog lists every code"),
        ("", "ssolab catalog lists every code"),
        ("\x1b[2J", "ssolab catalog lists every code"),
    ],
)
def test_a_code_that_is_none_is_one_line_with_a_hint(code: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", code]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert hint in shown.err
    assert shown.err.count("\n") == 1
    assert "\x1b" not in shown.err


def test_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--help"]) == 0
    assert "Example:  ssolab explain one-slot-verifier" in capsys.readouterr().out
