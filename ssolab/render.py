"""How outcomes are written: the JSON envelope that every command shares, and findings as text for people."""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import click

from ssolab.core.findings import Severity
from ssolab.core.instants import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ssolab.core.findings import Finding

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
# what ends a line or turns its direction, so that it reads as another line
_TURNS = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    code: f"\\u{code:04x}" for code in _TURNS
}
# JSON escapes what ASCII has of these; the rest stands in its strings only, where an escape means the same
_CONTROL_IN_JSON = {code: f"\\u{code:04x}" for code in (*range(127, 160), *_TURNS)}


def package_version() -> str:
    """Give the version of the installed package."""
    import importlib.metadata  # costs tens of milliseconds, which only JSON and --version need to pay

    return importlib.metadata.version("ssolab")


def printable(text: str) -> str:
    """Make text from outside safe for a terminal and a log: control characters are shown, never obeyed."""
    return text if text.isprintable() else text.translate(_CONTROL)


def plain(value: object) -> object:
    """Turn values of ours into what JSON knows."""
    if isinstance(value, enum.Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return format_instant(value)
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return sorted(map(str, value)) if isinstance(value, set | frozenset) else value


def envelope_json(  # noqa: PLR0913  the envelope has this many members
    command: str,
    *,
    at: datetime,
    verdict: str | None,
    exit_code: int,
    findings: Sequence[Finding],
    result: object,
    ascii_only: bool = False,
) -> str:
    """Write the envelope that interface and schemas promise: keys are only ever added to it."""
    counts = {each: sum(found.severity is each for found in findings) for each in Severity}
    text = json.dumps(
        {
            "schema": f"ssolab.{command}/1",
            "version": package_version(),
            "at": format_instant(at),
            "verdict": verdict,
            "exit_code": exit_code,
            "findings": plain(findings),
            "summary": {
                "errors": counts[Severity.ERROR],
                "warnings": counts[Severity.WARNING],
                "infos": counts[Severity.INFO],
            },
            "result": plain(result),
        },
        indent=2,
        ensure_ascii=ascii_only,
    )
    return text.translate(_CONTROL_IN_JSON)


def finding_lines(found: Finding) -> Iterable[str]:
    """Write one finding for people: what is wrong first, then both sides under one another, then where."""
    label = click.style(f"{found.severity}[{found.code}]", fg=COLOURS[found.severity], bold=True)
    yield f"{label} {printable(found.message)}" + (f" (waived: {printable(found.waived)})" if found.waived else "")
    if found.expected is not None:
        yield f"    expected  {printable(found.expected)}"
    if found.observed is not None:
        yield f"    observed  {printable(found.observed)}"
    if found.where is not None and str(found.where):
        yield f"    at        {printable(str(found.where))}"
    if found.cites:
        yield f"    see       {found.cites}"


def findings_text(findings: Iterable[Finding]) -> str:
    """Write findings for people, errors first."""
    ordered = sorted(findings, key=lambda found: list(Severity).index(found.severity))
    return "\n".join(line for found in ordered for line in finding_lines(found))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of a test report: `failure` says why it failed, `skipped` why it was not tried."""

    group: str
    name: str
    seconds: float = 0.0
    failure: str | None = None
    skipped: str | None = None


def junit(suite: str, cases: Sequence[Case]) -> str:
    """Write a test report as JUnit XML, as every CI system reads it."""
    from lxml import etree  # only this format needs it

    root = etree.Element("testsuites")
    totals = {
        "tests": str(len(cases)),
        "failures": str(sum(case.failure is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.skipped is not None for case in cases)),
        "time": f"{sum(case.seconds for case in cases):.3f}",
    }
    inside = etree.SubElement(root, "testsuite", {"name": suite} | totals)
    for case in cases:
        values = {"classname": case.group, "name": case.name, "time": f"{case.seconds:.3f}"}
        element = etree.SubElement(inside, "testcase", values)
        for kind, said in (("failure", case.failure), ("skipped", case.skipped)):
            if said is not None:
                etree.SubElement(element, kind, {"message": printable(said)})
    etree.indent(root)
    written: str = etree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}'
