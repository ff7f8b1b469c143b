"""The rehearsal: play a cutover with real signed messages and hold what happens against what was predicted.

At every interval of the checker's sweep a few logins are played through the pair: the hardest where all must work, the
easiest where none can, both where it depends. A difference between prediction and play is a defect of ssolab, and is
reported as one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ssolab.core.findings import ConfigError
from ssolab.core.instants import in_words
from ssolab.cutover.check import Verdict
from ssolab.cutover.keyset_check import TokenTrial
from ssolab.cutover.saml_link import SamlLink
from ssolab.cutover.timeline import involved
from ssolab.cutover.token_link import TokenLink, cache_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.core.findings import Finding
    from ssolab.cutover.cast import Cast
    from ssolab.cutover.check import Interval, Trial
    from ssolab.cutover.exposure import Exposure
    from ssolab.cutover.model import Cutover, Inventory, Link
    from ssolab.cutover.scene import Played, Player

_ROUND = timedelta(hours=1)
_SETTLING = timedelta(days=7)
_LONG = timedelta(seconds=4)
_EDGE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One verdict over [start, end) of one link.

    Where it is not safe: the cause and cure, who refuses, the SHA-256 of the key refused, and what the refusal said;
    and, where a key set is read, the `term` of the waiting time that was too short.
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
    term: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A trial that ended otherwise than predicted."""

    link: str
    trial: Trial | TokenTrial
    played: Played


@dataclass(frozen=True, kw_only=True)
class LinkOutcome:
    """What becomes of one link: its windows without gaps, and why it holds where it does.

    `partner` is the id of the side whose key stays, `entity_id` its name in metadata. `exposure` is how long the old
    key is still believed once it signs no more, None where it goes on or nobody looks.
    """

    link: Link
    partner: str
    entity_id: str
    windows: tuple[Window, ...]
    remark: str
    exposure: Exposure | None = None

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
    try:
        links = [play_of(inventory, cutover, inventory.links[name], cast) for name in cutover.links]
        runs = [_Run(link, player, cast) for link in links]
        start, end = horizon(cutover, links, now)
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


def play_of(inventory: Inventory, cutover: Cutover, link: Link, cast: Cast) -> SamlLink | TokenLink:
    """Make a link ready to be predicted and played.

    Raises:
        ConfigError: a party lacks what the link needs, or cannot do what a step asks.
    """
    kind = SamlLink if link.flow.is_saml else TokenLink
    return kind(inventory, cutover, link, cast)


def horizon(cutover: Cutover, links: Iterable[SamlLink | TokenLink], now: datetime) -> tuple[datetime, datetime]:
    """Choose what to look at: from now, or an hour before the first step where that is past, until all has settled."""
    first, last = min(step.at for step in cutover.steps), max(step.at for step in cutover.steps)
    start = now if now < first else first - _ROUND
    settled = [last + _ROUND]
    for link in links:
        settled += [moment + _ROUND for moment in link.moments() if last <= moment < last + _SETTLING]
    return start, max(settled)


class _Run:
    """Plays one link and counts."""

    def __init__(self, link: SamlLink | TokenLink, player: Player, cast: Cast) -> None:
        self.link = link
        self.player = player
        self.cast = cast
        self.messages = 0
        self.logins = 0
        self.disagreements: list[Disagreement] = []

    def outcome(self, start: datetime, end: datetime) -> LinkOutcome:
        """Play every interval of the sweep and tell what became of the link."""
        windows = [self._window(interval, start) for interval in self.link.prospect.intervals(start, end)]
        return LinkOutcome(
            link=self.link.link,
            partner=self.link.partner,
            entity_id=self.link.entity_id,
            windows=_merged(windows),
            remark=self.link.remark,
            exposure=self.link.exposure,
        )

    def _window(self, interval: Interval, now: datetime) -> Window:
        refused = [played for trial in self._trials(interval) if not (played := self._play(trial)).accepted]
        if interval.verdict is Verdict.SAFE:
            return Window(verdict=Verdict.SAFE, start=interval.start, end=interval.end)
        code, told = self.link.explain(interval, now)
        return Window(
            verdict=interval.verdict,
            start=interval.start,
            end=interval.end,
            code=code,
            cause=told.cause,
            cure=told.cure,
            refused_by=self.link.refused_by(refused[-1]) if refused else None,
            key=interval.material.certificate.spki_sha256 if interval.material else None,
            findings=tuple(self.cast.named(found) for found in refused[-1].findings) if refused else (),
            term=told.term,
        )

    def _trials(self, interval: Interval) -> Iterator[Trial | TokenTrial]:
        """Give what is to be played in an interval; in its middle only what was not played alike at its ends."""
        ends, middle = _samples(interval)
        seen: set[object] = set()
        for moment in ends:
            for trial in self.link.prospect.trials(interval, moment):
                seen.add(_kind(trial))
                yield trial
        for moment in middle:
            for trial in self.link.prospect.trials(interval, moment):
                if _kind(trial) is None or _kind(trial) not in seen:
                    yield trial

    def _play(self, trial: Any) -> Played:
        played = self.player(self.link.scene(trial))
        self.logins += 1
        self.messages += played.messages
        if played.accepted is not trial.expected:
            self.disagreements.append(Disagreement(link=self.link.link.id, trial=trial, played=played))
        return played


def _samples(interval: Interval) -> tuple[tuple[datetime, ...], tuple[datetime, ...]]:
    """Choose moments of an interval to play at: its beginning and just before its end, and its middle."""
    length = interval.end - interval.start
    if length < _LONG:
        return (interval.start,), ()
    middle = (interval.start + length / 2).replace(microsecond=0)
    return (interval.start, interval.end - _EDGE), (middle,)


def _kind(trial: Trial | TokenTrial) -> object:
    return trial.kind if isinstance(trial, TokenTrial) else None


def _merged(windows: Iterable[Window]) -> tuple[Window, ...]:
    """Join neighbours that say the same."""
    joined: list[Window] = []
    for window in windows:
        if joined and (joined[-1].verdict, joined[-1].code, joined[-1].term) == (
            window.verdict,
            window.code,
            window.term,
        ):
            joined[-1] = replace(joined[-1], end=window.end)
        else:
            joined.append(window)
    return tuple(joined)


def _assumptions(inventory: Inventory, cutover: Cutover) -> tuple[str, ...]:
    """Say what is not known of the verifiers, and what was made of it."""
    said: dict[str, None] = {}
    for name in cutover.links:
        link = inventory.links[name]
        kept = None if link.flow.is_saml else cache_of(inventory, link)
        habits = inventory.habits(link)
        unknowns, assumed = (habits.unknowns(), habits.worst()) if kept is None else (kept.unknowns, kept.worst())
        for unknown in unknowns if involved(inventory, cutover, link) else ():
            worst = getattr(assumed, unknown)
            done = (
                f"so up to {in_words(worst)} was assumed"
                if isinstance(worst, timedelta)
                else "so the worst and the best case were played"
            )
            said[f"{link.verifier}: {unknown} is not known, {done}"] = None
    return tuple(said)
