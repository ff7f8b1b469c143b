from __future__ import annotations

import json
import re

import pytest

from ssolab import sources
from ssolab.cli import run
from ssolab.core.catalog import Kind

ENTRIES = sources.catalog()


def listed(text: str) -> dict[str, str]:
    """The titles of a listing by their codes, with the lines of each put together."""
    found = re.findall(r"^  (\S+)[ \n]+(\S.*(?:\n {4,}.*)*)", text, re.MULTILINE)
    return {code: " ".join(title.split()) for code, title in found}


@pytest.mark.parametrize("columns", ["60", "80", "160"])
def test_every_entry_is_listed_with_its_whole_title_and_fits_the_terminal(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert run(["catalog"]) == 0
    text = capsys.readouterr().out
    assert listed(text) == {entry.code: entry.title for entry in ENTRIES}
    assert max(len(line) for line in text.splitlines()) <= int(columns)


def test_entries_stand_below_their_kind_with_their_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for kind in Kind:
        count = sum(entry.kind is kind for entry in ENTRIES)
        assert (f"{kind} ({count})" in lines) == (count > 0)


@pytest.mark.parametrize("kind", Kind)
def test_one_kind_alone_can_be_listed(kind: Kind, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "--kind", kind.value, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["code"] for row in told["result"]] == [entry.code for entry in ENTRIES if entry.kind is kind]


def test_a_kind_without_entries_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    others = tuple(entry for entry in ENTRIES if entry.kind is not Kind.FAULT)
    monkeypatch.setattr(sources, "catalog", lambda: others)
    assert run(["catalog", "--kind", "fault"]) == 0
    assert capsys.readouterr().out == "There is no entry of kind fault in this release.\n"


def test_json_gives_each_entry_with_the_members_that_scripts_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "ssolab.catalog/1"
    assert len(told["result"]) == len(ENTRIES)
    for row in told["result"]:
        assert set(row) == {"code", "aliases", "kind", "severity", "status", "cites", "title", "text"}
        assert row["title"].endswith(".")
        assert len(row["text"]) > 20


def test_the_scenarios_and_the_causes_are_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog"]) == 0
    text = capsys.readouterr().out
    for code in (
        "overlap",
        "renewal-of-2012-same-key",
        "one-slot-verifier",
        "message-not-judged",
        "shibboleth-idp-verifier",
    ):
        assert f"  {code} " in text


def test_an_unknown_kind_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["catalog", "--kind", "mood"]) == 2
    shown = capsys.readouterr()
    assert "'mood' is not one of" in shown.err
    assert shown.err.count("\n") == 1
