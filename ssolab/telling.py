"""What a rehearsal tells below its picture: of each link that is not safe, and of those alike together."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final

import click

from ssolab.core.instants import day, in_words
from ssolab.cutover.check import Verdict
from ssolab.cutover.model import UNWEIGHTED
from ssolab.cutover.scene import Flow
from ssolab.render import finding_lines, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ssolab.cutover.rehearse import LinkOutcome, Rehearsal, Window

WORDS: Final = {Verdict.SAFE: "ok", Verdict.AT_RISK: "risk", Verdict.OUTAGE: "OUT"}
COLOURS: Final = {Verdict.SAFE: "green", Verdict.AT_RISK: "yellow", Verdict.OUTAGE: "red"}
_DURATION = re.compile(r"\d+ (?:d|h|min|s)\b(?: \d+ (?:h|min|s)\b)?")
_HARD = "\N{NO-BREAK SPACE}"
_EACH: Final = "each"
_FOR_EVER: Final = "for ever, unless it is taken out or the party restarts"


def flow_name(flow: Flow) -> str:
    """Name the kind of login for people: what is under test within it is told elsewhere."""
    if flow.is_saml:
        return "idp-initiated" if flow is Flow.SAML_IDP_INITIATED else "sp-initiated"
    return flow.value


def told(played: Rehearsal, width: int, *, verbose: bool) -> Iterator[str]:
    """Tell of what is not safe: when, why, who shows the error, and the one change that avoids it.

    Links of which the very same is to be said, but for the name of the partner, are told of together.
    """
    together: dict[tuple[Flow, tuple[str, ...]], list[LinkOutcome]] = {}
    for outcome in played.links:
        if lines := tuple(_lines(played, outcome, width, verbose=verbose, called=_EACH)):
            together.setdefault((outcome.link.flow, lines), []).append(outcome)
    for (flow, alike), outcomes in together.items():
        first = outcomes[0]
        alone = tuple(_lines(played, first, width, verbose=verbose, called=first.partner))
        lines = alike if len(outcomes) > 1 else alone
        names = ", ".join(dict.fromkeys(outcome.partner for outcome in outcomes))
        heading = [*wrapped(f"{names} {flow_name(flow)}{_weight(outcomes)}", "", width)]
        yield "\n".join([*(click.style(line, bold=True) for line in heading), *lines])
    yield from _exposed(played, width)
    if played.start != played.now:
        yield f"The first step lies before {day(played.now)}, so the rehearsal begins an hour before that step."
    if played.assumptions:
        lines = tuple(line for each in played.assumptions for line in wrapped(each, "  ", width))
        yield "\n".join(["Assumed:", *lines])


def _weight(outcomes: Sequence[LinkOutcome]) -> str:
    if all(each.link.weight == UNWEIGHTED for each in outcomes):
        return ""
    whole = sum(each.link.weight for each in outcomes)
    return f", weight {whole:,g}" + (" together" if len(outcomes) > 1 else "")


def _lines(played: Rehearsal, outcome: LinkOutcome, width: int, *, verbose: bool, called: str) -> Iterator[str]:
    """Tell of one link, with its partner called otherwise."""
    for code, together in groupby(outcome.windows, key=lambda window: window.code):
        if code is not None:
            windows = [_renamed(each, outcome.partner, called) for each in together]
            yield from _told_once(played, windows, width)
            yield from _refusal(windows) if verbose else ()


def _renamed(window: Window, partner: str, called: str) -> Window:
    """Let a window speak of its partner by another name."""
    if called == partner:
        return window
    name = re.compile(rf"(?<![\w.-]){re.escape(partner)}(?![\w-])")

    def said(text: str | None) -> str | None:
        return text and name.sub(called, text)

    return replace(window, cause=said(window.cause), cure=said(window.cure), refused_by=said(window.refused_by))


def _exposed(played: Rehearsal, width: int) -> Iterator[str]:
    """Tell for how long the old key is still believed where it signs no more, the shortest time first."""
    times: dict[timedelta | None, list[str]] = {}
    for outcome in played.links:
        if outcome.exposure is not None:
            times.setdefault(outcome.exposure.lasts, []).append(outcome.partner)
    if not times:
        return
    lines = []
    for lasts in sorted(times, key=lambda each: timedelta.max if each is None else each):
        names = ", ".join(dict.fromkeys(times[lasts]))
        until = in_words(lasts) if lasts else _FOR_EVER if lasts is None else "not at all"
        lines += [*wrapped(f"{until}: {names}", "  ", width)]
    heading = wrapped("Whoever has the old key is believed, from the swap on, for at most:", "", width)
    yield "\n".join([*heading, *lines])


def _told_once(played: Rehearsal, windows: Sequence[Window], width: int) -> Iterator[str]:
    """Tell of neighbouring windows with one cause: an outage mostly ends in some minutes of risk."""
    first = windows[0]
    spans = ", then ".join(
        f"{click.style(WORDS[window.verdict], fg=COLOURS[window.verdict], bold=True)} {_span(played, window, first)}"
        for window in windows
    )
    yield from wrapped(f"{spans}: {printable(first.cause or '')}", "  ", width)
    codes = sorted({found.code for window in windows for found in window.findings if found.severity == "error"})
    if codes:
        yield from wrapped(f"seen at {first.refused_by}: {', '.join(codes)}", "    ", width)
    yield from wrapped(f"do this: {printable(first.cure or '')}", "    ", width)
    yield f"    more:    ssolab explain {first.code}"


def _refusal(windows: Sequence[Window]) -> Iterator[str]:
    """Write all that the last refused message of these windows was told."""
    refused = next((window for window in reversed(windows) if window.findings), None)
    for found in refused.findings if refused else ():
        yield from (f"    {line}" for line in finding_lines(found))


def wrapped(text: str, indent: str, width: int) -> Iterator[str]:
    """Break a line between words, never within a duration; what is coloured counts as long as it looks."""
    line = indent
    for word in _DURATION.sub(lambda found: found[0].replace(" ", _HARD), text).split(" "):
        if line.strip() and len(click.unstyle(line)) + len(click.unstyle(word)) >= width:
            yield line.replace(_HARD, " ").rstrip()
            line = f"{indent}  "
        line += f"{word} "
    yield line.replace(_HARD, " ").rstrip()


def _span(played: Rehearsal, window: Window, first: Window) -> str:
    length = in_words(window.end - window.start)
    if window is not first:
        return "from then on" if window.end >= played.end else f"for {length}"
    now = played.start == played.now
    if window.end >= played.end:
        if window.start > played.start:
            return f"from {day(window.start)} on"
        return "from now on" if now else "all along"
    if window.start <= played.start:
        return f"{'now, ' if now else ''}until {day(window.end)}"
    return f"{day(window.start)} to {day(window.end)}, {length}"
