"""The picture of a rehearsal in a terminal: one lane a link, one column a step, and below it what to do about it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import click

from ssolab.core.instants import day
from ssolab.cutover.check import Verdict
from ssolab.render import printable
from ssolab.telling import COLOURS, WORDS, flow_name, told, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ssolab.cutover.rehearse import LinkOutcome, Rehearsal, Window

_LINES = {Verdict.SAFE: "─", Verdict.AT_RISK: "╌", Verdict.OUTAGE: "━"}
_PLAIN = str.maketrans({"─": "-", "╌": ".", "━": "="})
_GAP = 2
_AROUND = 3
_NARROW = 8
_WIDE = 15


@dataclass(frozen=True, slots=True)
class Column:
    """The time from one step to the next: what is written above it, and how many characters it fills."""

    start: datetime
    end: datetime
    heads: tuple[str, str, str]
    width: int


class Detail(enum.Enum):
    """How much to tell: the heading and the sum, what a person acts on, or every refusal in full too."""

    LITTLE = enum.auto()
    USUAL = enum.auto()
    ALL = enum.auto()


def rehearsal_text(
    played: Rehearsal, *, owner: str, width: int, unicode: bool = True, detail: Detail = Detail.USUAL
) -> str:
    """Write a rehearsal for people."""
    parts = ["\n".join(wrapped(_title(played, owner), "", width))]
    if detail is not Detail.LITTLE:
        parts += ["\n".join(_picture(played, width)), *told(played, width, verbose=detail is Detail.ALL)]
    parts.append("\n".join(line for said in _summary(played) for line in wrapped(said, "", width)))
    text = "\n\n".join(part for part in parts if part)
    return text if unicode else text.translate(_PLAIN)


def _title(played: Rehearsal, owner: str) -> str:
    old = played.cutover.old
    notes = ["twin"] if played.twins else []
    if old.not_after < played.start:
        notes.append(f"expired {old.not_after:%Y-%m-%d}")
    note = f" ({', '.join(notes)})" if notes else ""
    new = printable(played.cutover.new_name)
    return f"{played.cutover.id}: {owner} moves from {printable(played.cutover.old_name)}{note} to {new}"


def _picture(played: Rehearsal, width: int) -> Iterator[str]:
    """Draw a lane for each link, or write each in words where the lanes are wider than the terminal."""
    names = [(outcome.partner, flow_name(outcome.link.flow)) for outcome in played.links]
    first = max(len("link"), *(len(name) for name, _ in names)) + _GAP
    label = first + max(len(flow) for _, flow in names) + _GAP
    columns = _columns(played, width - label)
    if label + sum(column.width for column in columns) > width:
        for (name, flow), outcome in zip(names, played.links, strict=True):
            begin, *changes = _listed(outcome)
            yield f"{name:<{first}}{flow:<{label - first}}{begin}"
            yield from (" " * label + change for change in changes)
        return
    for line in range(3):
        lead = "link".ljust(label) if line == len(columns[0].heads) - 1 else " " * label
        yield (lead + "".join(column.heads[line].ljust(column.width) for column in columns)).rstrip()
    lane = sum(column.width for column in columns)
    remarks = all(label + lane + _GAP + len(remark(outcome)) <= width for outcome in played.links)
    for (name, flow), outcome in zip(names, played.links, strict=True):
        said = f"{' ' * _GAP}{remark(outcome)}" if remarks else ""
        yield f"{name:<{first}}{flow:<{label - first}}{_lane(outcome, columns)}{said}"


def _listed(outcome: LinkOutcome) -> Iterator[str]:
    """Say with which verdict a link begins, and when it changes."""
    for verdict, windows in groupby(outcome.windows, key=lambda window: window.verdict):
        start = next(windows).start
        begins = start == outcome.windows[0].start
        word = click.style(WORDS[verdict], fg=COLOURS[verdict])
        yield word if begins else f"{word}{' ' * (5 - len(WORDS[verdict]))}from {start.day} {start:%b %H:%M}"


def remark(outcome: LinkOutcome) -> str:
    """Say in a few words why a link holds, or what is the worst of it."""
    worst = next((each for each in outcome.windows if each.verdict is outcome.verdict), None)
    return worst.cause if worst is not None and worst.cause else outcome.remark


def _columns(played: Rehearsal, room: int) -> tuple[Column, ...]:
    marks: dict[datetime, list[str]] = {played.start: ["now" if played.start == played.now else "before"]}
    for step in played.cutover.steps:
        marks.setdefault(step.at, [])
        if step.do.value not in marks[step.at]:
            marks[step.at].append(step.do.value)
    for certificate in played.expiries:
        # It is good through its last second.
        marks.setdefault(certificate.not_after + timedelta(seconds=1), []).append("expires")
    starts = sorted(mark for mark in marks if played.start <= mark < played.end)
    spans = list(zip(starts, [*starts[1:], played.end], strict=True))
    heads = [
        (
            f"{start.day} {start:%b}",
            "" if (start.hour, start.minute) == (0, 0) else f"{start:%H:%M}",
            ", ".join(marks[start]),
        )
        for start in starts
    ]
    needs = [
        max(_NARROW, *(len(head) + _GAP for head in three), _needed(played, start, end))
        for three, (start, end) in zip(heads, spans, strict=True)
    ]
    spare = max(0, (room - sum(needs)) // len(needs))
    return tuple(
        Column(start=start, end=end, heads=three, width=min(max(need, _WIDE), need + spare))
        for (start, end), three, need in zip(spans, heads, needs, strict=True)
    )


def _needed(played: Rehearsal, start: datetime, end: datetime) -> int:
    """Give the characters that the busiest link needs to write each of its verdicts between two steps."""
    return max(
        sum(len(WORDS[window.verdict]) + _AROUND for window in _within(outcome.windows, start, end))
        for outcome in played.links
    )


def _within(windows: Sequence[Window], start: datetime, end: datetime) -> list[Window]:
    return [window for window in windows if window.start < end and window.end > start]


def _lane(outcome: LinkOutcome, columns: Sequence[Column]) -> str:
    drawn: list[str] = []
    shown: Verdict | None = None
    for column in columns:
        inside = _within(outcome.windows, column.start, column.end)
        for window, share in zip(inside, _shares(inside, column), strict=True):
            word = "" if window.verdict is shown else f"{WORDS[window.verdict]} "
            joint = "" if not drawn or not word else " "
            line = _LINES[window.verdict] * max(1, share - len(word) - len(joint))
            drawn.append(joint + click.style(word + line, fg=COLOURS[window.verdict]))
            shown = window.verdict
    return "".join(drawn)


def _shares(windows: Sequence[Window], column: Column) -> list[int]:
    """Divide a column among its windows: each gets room for its word, and what is left goes by time."""
    least = [len(WORDS[window.verdict]) + _AROUND for window in windows]
    spare = max(0, column.width - sum(least))
    whole = (column.end - column.start).total_seconds()
    shares = [
        room + int(spare * (min(window.end, column.end) - max(window.start, column.start)).total_seconds() / whole)
        for window, room in zip(windows, least, strict=True)
    ]
    shares[-1] += column.width - sum(shares)
    return shares


def _summary(played: Rehearsal) -> Iterator[str]:
    count = {verdict: sum(outcome.verdict is verdict for outcome in played.links) for verdict in Verdict}
    links = f"{len(played.links)} link{'s' if len(played.links) != 1 else ''}"
    told = f"{count[Verdict.OUTAGE]} out, {count[Verdict.AT_RISK]} at risk, {count[Verdict.SAFE]} hold"
    kept = "every prediction met" if not played.disagreements else f"{len(played.disagreements)} predictions NOT met"
    yield f"{links}: {told}. {played.logins} logins played with {played.messages} real messages, {kept}."
    for wrong in played.disagreements:
        was = "accepted" if wrong.played.accepted else "refused"
        codes = ", ".join(found.code for found in wrong.played.findings) or "no finding"
        yield f"  {wrong.link} at {day(wrong.trial.at)}: {was}, which was not predicted ({codes})"
