"""The rehearsal: play a cutover with real signed messages and hold what happens against what was predicted.

At every interval of the checker's sweep a few logins are played through the pair: the hardest where all must work, the
easiest where none can, both where it depends. A difference between prediction and play is a defect of ssolab, and is
reported as one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ssolab.core.findings import ConfigError, Finding
from ssolab.core.instants import in_words
from ssolab.cutover.causes import explain
from ssolab.cutover.check import Interval, Prospect, Trial, Verdict
from ssolab.cutover.evidence import Evidence
from ssolab.cutover.remarks import holds_because
from ssolab.cutover.scene import Played, Side
from ssolab.cutover.staging import Stage, asserting_party, declared_acs, relying_party, stage
from ssolab.cutover.timeline import course, involved

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ssolab.core.certs import Certificate
    from ssolab.cutover.cast import Cast
    from ssolab.cutover.model import Cutover, Inventory, Link
    from ssolab.cutover.scene import Player

_ROUND = timedelta(hours=1)
_SETTLING = timedelta(days=7)
_LONG = timedelta(seconds=4)
_EDGE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One verdict over [start, end) of one link.

    Where it is not safe: the cause and cure, who refuses, the SHA-256 of the key refused, and what the refusal said.
    """

    verdict: Verdict
    start: datetime
    end: datetime
    code: str | None = None
    cause: str | None = None
    cure: str | None = None
    refused_by: str | None = None
    key: str | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A trial that ended otherwise than predicted."""

    link: str
    trial: Trial
    played: Played


@dataclass(frozen=True, kw_only=True)
class LinkOutcome:
    """What becomes of one link: its windows without gaps, and why it holds where it does.

    `partner` is the id of the side whose key stays, `entity_id` its name in metadata.
    """

    link: Link
    partner: str
    entity_id: str
    windows: tuple[Window, ...]
    remark: str

    @property
    def verdict(self) -> Verdict:
        """The worst of the windows."""
        return max((window.verdict for window in self.windows), key=list(Verdict).index)


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """One cutover, played from `start` to `end`; `start` is not `now` where the first step lies in the past."""

    cutover: Cutover
    now: datetime
    start: datetime
    end: datetime
    links: tuple[LinkOutcome, ...]
    messages: int
    logins: int
    disagreements: tuple[Disagreement, ...]
    assumptions: tuple[str, ...]
    twins: bool

    @property
    def expiries(self) -> tuple[Certificate, ...]:
        """Those of the two certificates that expire in the time that is looked at, whoever minds."""
        both = (self.cutover.old, self.cutover.new)
        return tuple(each for each in both if self.start <= each.not_after < self.end)

    @property
    def verdict(self) -> Verdict:
        """The worst of the links."""
        return max((outcome.verdict for outcome in self.links), key=list(Verdict).index)


def rehearse(
    inventory: Inventory,
    cutover: Cutover,
    *,
    player: Player,
    cast: Cast,
    now: datetime,
) -> Rehearsal:
    """Play the cutover from *now* to a while after its last step.

    Raises:
        ConfigError: the cutover has no steps or no links, nobody has its old certificate, a party lacks what a link
            needs, or cannot do what a step asks.
    """
    if not cutover.steps:
        raise ConfigError(cutover.id, "the cutover has no steps", "add [[cutover.step]] with do, at and party")
    if not cutover.links:
        raise ConfigError(cutover.id, "the cutover has no links", 'add links = ["..."] to it')
    if not any(party.holds(cutover.old) for party in inventory.parties.values()):
        said = f"no party has the certificate to leave, {cutover.old_name}"
        raise ConfigError(cutover.id, said, "add it to the certificates of the party that signs with it")
    runs = [_Run(stage(inventory, cutover, inventory.links[name], cast), player) for name in cutover.links]
    try:
        start, end = horizon(inventory, cutover, now)
        outcomes = tuple(run.outcome(start, end) for run in runs)
    except OverflowError:
        said = "its dates and durations lead beyond the years 1 to 9999"
        raise ConfigError(cutover.id, said, "correct them, or the moment to begin at") from None
    return Rehearsal(
        cutover=cutover,
        now=now,
        start=start,
        end=end,
        links=outcomes,
        messages=sum(run.messages for run in runs),
        logins=sum(run.logins for run in runs),
        disagreements=tuple(each for run in runs for each in run.disagreements),
        assumptions=_assumptions(inventory, cutover),
        twins=cast.is_twin(cutover.old),
    )


def horizon(inventory: Inventory, cutover: Cutover, now: datetime) -> tuple[datetime, datetime]:
    """Choose what to look at: from now, or an hour before the first step where that is past, until all has settled."""
    first, last = min(step.at for step in cutover.steps), max(step.at for step in cutover.steps)
    start = now if now < first else first - _ROUND
    settled = [last + _ROUND]
    for name in cutover.links:
        link = inventory.links[name]
        habits = inventory.habits(link).worst()
        way = course(inventory, cutover, link, habits, declared_acs(inventory, link))
        settled += [moment + _ROUND for moment in way.moments() if last <= moment < last + _SETTLING]
    return start, max(settled)


class _Run:
    """Plays one link and counts."""

    def __init__(self, staged: Stage, player: Player) -> None:
        self.staged = staged
        self.player = player
        self.messages = 0
        self.logins = 0
        self.disagreements: list[Disagreement] = []

    def outcome(self, start: datetime, end: datetime) -> LinkOutcome:
        """Play every interval of the sweep and tell what became of the link."""
        inventory, cutover, link = self.staged.inventory, self.staged.cutover, self.staged.link
        habits, address = inventory.habits(link), declared_acs(inventory, link)
        prospect = Prospect(
            worst=course(inventory, cutover, link, habits.worst(), address),
            best=course(inventory, cutover, link, habits.best(), address),
        )
        windows = [self._window(prospect, interval, start) for interval in prospect.intervals(start, end)]
        partner = inventory.signer(link) if inventory.verifier(link).holds(cutover.old) else inventory.verifier(link)
        side = self.staged.asserting if partner is asserting_party(inventory, link) else self.staged.relying
        return LinkOutcome(
            link=link,
            partner=partner.id,
            entity_id=side.entity_id,
            windows=_merged(windows),
            remark=holds_because(inventory, cutover, link),
        )

    def _window(self, prospect: Prospect, interval: Interval, now: datetime) -> Window:
        refused = [
            played
            for moment in _samples(interval)
            for trial in prospect.trials(interval, moment)
            if not (played := self._play(trial)).accepted
        ]
        if interval.verdict is Verdict.SAFE:
            return Window(verdict=Verdict.SAFE, start=interval.start, end=interval.end)
        inventory, link = self.staged.inventory, self.staged.link
        course_ = prospect.worst if interval.verdict is Verdict.AT_RISK else prospect.best
        code, told = explain(
            Evidence(
                inventory=inventory,
                cutover=self.staged.cutover,
                link=link,
                course=course_,
                best=prospect.best,
                interval=interval,
                now=now,
            )
        )
        return Window(
            verdict=interval.verdict,
            start=interval.start,
            end=interval.end,
            code=code,
            cause=told.cause,
            cure=told.cure,
            refused_by=_refused_by(inventory, link, refused),
            key=interval.material.certificate.spki_sha256 if interval.material else None,
            findings=tuple(self.staged.cast.named(found) for found in refused[-1].findings) if refused else (),
        )

    def _play(self, trial: Trial) -> Played:
        played = self.player(self.staged.scene(trial))
        self.logins += 1
        self.messages += played.messages
        if played.accepted is not trial.expected:
            self.disagreements.append(Disagreement(link=self.staged.link.id, trial=trial, played=played))
        return played


def _samples(interval: Interval) -> Iterable[datetime]:
    """Choose moments of an interval to play at: its beginning, its middle, and just before its end."""
    length = interval.end - interval.start
    if length < _LONG:
        return (interval.start,)
    middle = (interval.start + length / 2).replace(microsecond=0)
    return (interval.start, middle, interval.end - _EDGE)


def _refused_by(inventory: Inventory, link: Link, refusals: Sequence[Played]) -> str | None:
    if not refusals:
        return None
    side = asserting_party if refusals[-1].side is Side.ASSERTING else relying_party
    return side(inventory, link).id


def _merged(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Join neighbours that say the same."""
    joined: list[Window] = []
    for window in windows:
        if joined and (joined[-1].verdict, joined[-1].code) == (window.verdict, window.code):
            joined[-1] = replace(joined[-1], end=window.end)
        else:
            joined.append(window)
    return tuple(joined)


def _assumptions(inventory: Inventory, cutover: Cutover) -> tuple[str, ...]:
    """Say what is not known of the verifiers, and what was made of it."""
    said: dict[str, None] = {}
    for name in cutover.links:
        link = inventory.links[name]
        habits = inventory.habits(link)
        for unknown in habits.unknowns() if involved(inventory, cutover, link) else ():
            worst = getattr(habits.worst(), unknown)
            done = (
                f"so up to {in_words(worst)} was assumed"
                if isinstance(worst, timedelta)
                else "so the worst and the best case were played"
            )
            said[f"{link.verifier}: {unknown} is not known, {done}"] = None
    return tuple(said)
