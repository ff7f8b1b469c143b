from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.findings import Finding, Severity, Subject, Where
from ssolab.render import envelope_json, finding_lines, findings_text, package_version, plain, printable

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


def finding(**changes: Any) -> Finding:
    return Finding(**{"code": "audience-mismatch", "severity": Severity.ERROR, "message": "not for us", **changes})


def lines(found: Finding) -> list[str]:
    return [click.unstyle(line) for line in finding_lines(found)]


# ---- JSON ------------------------------------------------------------------------------------------------------------


def envelope(**changes: Any) -> dict[str, Any]:
    given_: dict[str, Any] = {"at": NOW, "verdict": "refused", "exit_code": 1, "findings": (), "result": None}
    told: dict[str, Any] = json.loads(envelope_json("verify", **{**given_, **changes}))
    return told


def test_the_envelope_has_the_members_that_scripts_rely_on() -> None:
    assert envelope() == {
        "schema": "ssolab.verify/1",
        "version": package_version(),
        "at": "2027-01-04T09:00:00Z",
        "verdict": "refused",
        "exit_code": 1,
        "findings": [],
        "summary": {"errors": 0, "warnings": 0, "infos": 0},
        "result": None,
    }


def test_a_finding_has_every_member_even_where_nothing_is_known() -> None:
    (bare,) = envelope(findings=(finding(),))["findings"]
    members = ("code", "severity", "message", "expected", "observed", "where", "subject", "cites", "waived")
    assert set(bare) == set(members)
    (full,) = envelope(
        findings=(
            finding(
                where=Where(document="r.xml", path="/a", line=12, column=5),
                subject=Subject(entity_id="https://x", spki_sha256="ab"),
            ),
        )
    )["findings"]
    assert full["where"] == {"document": "r.xml", "path": "/a", "line": 12, "column": 5}
    assert full["subject"] == {"entity_id": "https://x", "spki_sha256": "ab"}


def test_the_summary_counts_by_severity() -> None:
    findings = [finding(severity=each) for each in (Severity.ERROR, Severity.INFO, Severity.INFO, Severity.WARNING)]
    assert envelope(findings=findings)["summary"] == {"errors": 1, "warnings": 1, "infos": 2}


def test_text_is_written_as_it_is_and_in_ascii_where_the_screen_knows_no_more() -> None:
    assert "Ærø" in envelope_json("x", at=NOW, verdict=None, exit_code=0, findings=(), result="Ærø")
    plainly = envelope_json("x", at=NOW, verdict=None, exit_code=0, findings=(), result="Ærø", ascii_only=True)
    assert plainly.isascii()
    assert json.loads(plainly)["result"] == "Ærø"


def test_json_holds_no_character_that_a_terminal_would_obey() -> None:
    hostile = "a\x1b[2J\x7f\x9b2J\u2028\u202eb"
    told = envelope_json("x", at=NOW, verdict=None, exit_code=0, findings=(finding(observed=hostile),), result=hostile)
    assert all(char.isprintable() for char in told.replace("\n", ""))
    assert json.loads(told)["result"] == hostile


class Colour(enum.StrEnum):
    """A colour."""

    RED = "red"


@dataclass(frozen=True)
class Box:
    """Something with members."""

    colour: Colour
    made: datetime
    inside: tuple[object, ...]


def test_values_of_ours_become_what_json_knows() -> None:
    box = Box(
        Colour.RED, NOW, ({"k": Colour.RED}, MappingProxyType({1: (2, 3)}), frozenset({"b", "a"}), None, True, 1.5)
    )
    assert plain(box) == {
        "colour": "red",
        "made": "2027-01-04T09:00:00Z",
        "inside": [{"k": "red"}, {"1": [2, 3]}, ["a", "b"], None, True, 1.5],
    }


# ---- text ------------------------------------------------------------------------------------------------------------


def test_a_finding_is_told_with_both_sides_under_one_another() -> None:
    found = finding(
        expected="https://us",
        observed="https://them",
        where=Where(document="r.xml", line=3),
        cites="SAML2Core 2.5.1.4",
    )
    assert lines(found) == [
        "error[audience-mismatch] not for us",
        "    expected  https://us",
        "    observed  https://them",
        "    at        r.xml:3",
        "    see       SAML2Core 2.5.1.4",
    ]


def test_what_is_not_known_of_a_finding_takes_no_line() -> None:
    assert lines(finding(where=Where())) == ["error[audience-mismatch] not for us"]


def test_an_empty_value_was_observed_all_the_same() -> None:
    assert "    observed  " in lines(finding(observed=""))


def test_a_waived_finding_says_why() -> None:
    assert lines(finding(waived="the partner renews"))[0].endswith("(waived: the partner renews)")


def test_errors_come_first_and_the_rest_keeps_its_order() -> None:
    findings = [
        finding(severity=severity, message=message)
        for severity, message in (
            (Severity.INFO, "a"),
            (Severity.ERROR, "b"),
            (Severity.WARNING, "c"),
            (Severity.ERROR, "d"),
        )
    ]
    told = click.unstyle(findings_text(findings)).splitlines()
    assert [line[-1] for line in told] == ["b", "d", "c", "a"]
    assert findings_text([]) == ""


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J", "\r", "\n", "\x00", "\x7f", "\x9b", "\u2028", "\u2029", "\u202e", "\u2066"]
)
def test_nothing_from_outside_moves_the_cursor(hostile: str) -> None:
    shown = printable(f"a{hostile}b")
    assert not any(char in shown for char in hostile if not char.isascii() or not char.isprintable())
    told = lines(finding(message=hostile, expected=hostile, observed=hostile, where=Where(path=hostile)))
    assert len(told) == 4
    assert all(char.isprintable() for line in told for char in line)


@given(st.text(max_size=30))
def test_what_can_be_seen_is_shown_as_it_is(text: str) -> None:
    shown = printable(text)
    assert "\n" not in shown
    assert "\x1b" not in shown
    if text.isascii() and text.isprintable():
        assert shown == text
