"""The checker for who verifies by a JWKS: predict, from copies and cooldowns alone, which tokens are let in.

A verifier may have fetched its copy at any moment that the age of a copy allows, or start cold. Between two moments at
which anything changes nothing depends on more than where that fetch lies, so a few fetches stand for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ssolab.core.keys import Permission
from ssolab.cutover.check import Interval, Reason, Verdict, sweep, weak
from ssolab.cutover.holdings import ALWAYS
from ssolab.cutover.keysets import INSTANT, judged
from ssolab.oidc.cache_habits import Always, OnOutage, OnUnknownKid, Since

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ssolab.cutover.habits import Habits
    from ssolab.cutover.keysets import KeySet, SetHistory
    from ssolab.cutover.timeline import Emission, Material
    from ssolab.oidc.cache_habits import Age, CacheHabits

_LONG_AGO = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One past that a verifier may have had when a token arrives.

    It fetched at `fetched`, and got the set as of `copy`; None is a cold start. `primed` means that it then used the
    token's key and keeps it by its kid, `missed` that an unknown kid caused that fetch. What it fetches on arrival is
    as of `fresh`.
    """

    fetched: datetime | None
    copy: datetime | None
    fresh: datetime
    primed: bool = False
    missed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTrial:
    """One token worth playing: its material, when it is made and arrives, and what its verifier did before.

    Trials of one `kind` differ in nothing but moments between which nothing changes.
    """

    material: Material
    issued: datetime
    at: datetime
    way: Way
    worst: bool
    expected: bool
    kind: object = None


@dataclass(frozen=True, kw_only=True)
class TokenCourse:
    """One link through one rotation under one resolution of everything unknown. `reads` are restarts by hand."""

    habits: Habits
    cache: CacheHabits
    emission: Emission
    history: SetHistory
    algorithms: tuple[str, ...] = ()
    whole: bool = False
    permit: frozenset[Permission] = frozenset()
    reads: tuple[datetime, ...] = ()

    @property
    def in_flight(self) -> timedelta:
        """How long after it was made a token may still arrive and be welcome."""
        return self.habits.message_life + self.habits.skew

    @property
    def keeps(self) -> Age:
        """How long a copy is used."""
        said = self.history.rotation.max_age
        keeps = said if self.cache.max_age and said is not None else self.cache.keeps
        assert isinstance(keeps, timedelta | Always)  # noqa: S101  a resolved age
        return keeps

    @property
    def cooldown(self) -> Age:
        """How long after a fetch nothing is fetched because of an unknown kid."""
        cooldown = self.cache.cooldown
        assert isinstance(cooldown, timedelta | Always)  # noqa: S101  a resolved age
        return cooldown

    def turning(self) -> Iterator[datetime]:
        """Give every moment at which a fetch gets something else than just before."""
        yield from self.history.moments()
        yield from self.reads

    def moments(self) -> Iterator[datetime]:
        """Give every moment at which an answer may change."""
        for turn in self.emission.turns[1:]:
            yield from (turn.at, turn.by, turn.by + self.in_flight)
        for moment in self.turning():
            yield moment
            for age in (self.keeps, self.cooldown, self.cache.keeps_kid):
                if isinstance(age, timedelta):
                    yield moment + age

    def fetches(self, at: datetime) -> tuple[datetime, ...]:
        """Choose moments before *at* that stand for every one at which the verifier may have fetched."""
        turning = sorted({moment for moment in self.turning() if moment <= at})
        found = {at - INSTANT, *turning, *(moment - INSTANT for moment in turning)}
        found.add(min([*turning, at]) - _LONG_AGO)
        for age in (self.keeps, self.cooldown, self.cache.keeps_kid):
            if isinstance(age, timedelta) and age:
                found |= {at - age, at - age + INSTANT}
        since = max((moment for moment in self.reads if moment <= at), default=ALWAYS)
        return tuple(sorted(each for each in found if since <= each < at and not self.history.down(each)))

    def endings(self, material: Material, at: datetime) -> Iterator[tuple[Way, Reason | None]]:
        """Give pasts of the verifier that stand for all of them, each with why it refuses the token, None if not."""
        for fresh in self.history.answers(at):
            yield Way(fetched=None, copy=None, fresh=fresh), self._fetching(material, at, fresh)
            for fetched in self.fetches(at):
                for copy in self.history.answers(fetched):
                    yield from self._warm(material, at, Way(fetched=fetched, copy=copy, fresh=fresh))

    def _warm(self, material: Material, at: datetime, way: Way) -> Iterator[tuple[Way, Reason | None]]:
        assert way.fetched is not None  # noqa: S101  the way of a warm verifier
        assert way.copy is not None  # noqa: S101  ditto
        keys = self.history.as_of(way.copy)
        named = [key for key in keys if material.kid is not None and key.kid == material.kid]
        if named and self.cache.keeps_kid is not None and _within(self.cache.keeps_kid, way.fetched, at):
            primed = Way(fetched=way.fetched, copy=way.copy, fresh=way.fresh, primed=True)
            yield primed, self._again(tuple(named[:1]), material, at, primed)
        if not _within(self.keeps, way.fetched, at):
            # Its copy is too old, so it fetches as one that starts cold; only where it cannot does it matter.
            kept = self.history.down(at) and self.cache.outage is OnOutage.KEEP
            yield way, self._judged(keys, material) if kept else self._fetching(material, at, way.fresh)
            return
        yield way, self._ending(keys, material, at, way)
        if self.cache.since is Since.MISS and self.cache.unknown_kid is OnUnknownKid.REFETCH:
            missed = Way(fetched=way.fetched, copy=way.copy, fresh=way.fresh, missed=True)
            yield missed, self._ending(keys, material, at, missed)

    def _ending(self, keys: KeySet, material: Material, at: datetime, way: Way) -> Reason | None:
        reason = self._judged(keys, material)
        known = material.kid is None or any(key.kid == material.kid for key in keys)
        if not known and self.cache.unknown_kid is OnUnknownKid.REFETCH and self._may_fetch(at, way):
            if self.history.down(at):
                return Reason.NO_SET if self.cache.outage is OnOutage.WIPE else reason
            return self._fetching(material, at, way.fresh)
        return reason if reason is None else self._again(keys, material, at, way)

    def _again(self, keys: KeySet, material: Material, at: datetime, way: Way) -> Reason | None:
        """Let a verifier that fetches after any failure do so."""
        reason = self._judged(keys, material)
        if reason in (None, Reason.FORBIDDEN) or not self.cache.any_failure or not self._may_fetch(at, way):
            return reason
        return reason if self.history.down(at) else self._fetching(material, at, way.fresh)

    def _may_fetch(self, at: datetime, way: Way) -> bool:
        if self.cache.since is Since.MISS and not way.missed:
            return True
        return way.fetched is None or not _within(self.cooldown, way.fetched, at)

    def _fetching(self, material: Material, at: datetime, fresh: datetime) -> Reason | None:
        return Reason.NO_SET if self.history.down(at) else self._judged(self.history.as_of(fresh), material)

    def _judged(self, keys: KeySet, material: Material) -> Reason | None:
        if weak(material) and Permission.RSA1024 not in self.permit:
            return Reason.FORBIDDEN
        return judged(keys, material, self.algorithms, whole=self.whole)


def _within(age: Age, since: datetime, now: datetime) -> bool:
    return isinstance(age, Always) or now - since < age


@dataclass(frozen=True, slots=True)
class KeySetProspect:
    """One link under both resolutions of what is unknown: `worst` bounds what must hold, `best` what may."""

    worst: TokenCourse
    best: TokenCourse

    def intervals(self, start: datetime, end: datetime) -> tuple[Interval, ...]:
        """Sweep from start to end."""
        return sweep((*self.worst.moments(), *self.best.moments()), self._interval, start, end)

    def _interval(self, start: datetime, end: datetime) -> Interval:
        refused = [
            (material, reason)
            for material, _ in self._arriving(start)
            for _, reason in self.worst.endings(material, start)
            if reason is not None
        ]
        if not refused:
            return Interval(start=start, end=end, verdict=Verdict.SAFE)
        fresh = [(each, reason) for each, _ in self._fresh(start) for _, reason in self.best.endings(each, start)]
        out = all(reason is not None for _, reason in fresh)
        material, reason = fresh[-1] if out else refused[0]
        verdict = Verdict.OUTAGE if out else Verdict.AT_RISK
        return Interval(start=start, end=end, verdict=verdict, material=material, reason=reason)

    def _fresh(self, at: datetime) -> list[tuple[Material, datetime]]:
        return list(self.worst.emission.may(at, at))

    def _arriving(self, at: datetime) -> list[tuple[Material, datetime]]:
        return list(self.worst.emission.may(at - self.worst.in_flight, at))

    def trials(self, interval: Interval, at: datetime) -> tuple[TokenTrial, ...]:
        """Choose the tokens that put the interval's verdict to the test at one of its moments.

        Safe: everything that may arrive, at every kind of past. Outage: everything made now, at every kind. At risk:
        the two extremes, of which one is accepted and the other refused.
        """
        if interval.verdict is Verdict.SAFE:
            young = [each for each in self._arriving(at) if at - each[1] < self.worst.in_flight]
            return tuple(
                replace(self._trial(each, at, way, worst=True, expected=True), kind=(each[0], kind))
                for each in young
                for kind, way in self._different(self.worst, each[0], at)
            )
        if interval.verdict is Verdict.OUTAGE:
            return tuple(
                self._trial(each, at, way, worst=False, expected=False)
                for each in self._fresh(at)
                for _, way in self._different(self.best, each[0], at)
            )
        welcome = next(
            (each, way) for each in self._fresh(at) for way, reason in self.best.endings(each[0], at) if reason is None
        )
        unwelcome = next(
            (each, way)
            for each in self._arriving(at)
            for way, reason in self.worst.endings(each[0], at)
            if reason is not None
        )
        return (
            self._trial(welcome[0], at, welcome[1], worst=False, expected=True),
            self._trial(unwelcome[0], at, unwelcome[1], worst=True, expected=False),
        )

    def _different(self, course: TokenCourse, material: Material, at: datetime) -> Iterable[tuple[object, Way]]:
        """Leave one way of those that differ in nothing but when in a span the copy was fetched."""
        kinds: dict[object, Way] = {}
        for way, _ in course.endings(material, at):
            copy = None if way.copy is None else course.history.as_of(way.copy)
            old = way.fetched is None or not _within(course.keeps, way.fetched, at)
            free = way.fetched is None or not _within(course.cooldown, way.fetched, at)
            kinds.setdefault((copy, course.history.as_of(way.fresh), old, free, way.primed, way.missed), way)
        return kinds.items()

    def _trial(
        self, made: tuple[Material, datetime], at: datetime, way: Way, *, worst: bool, expected: bool
    ) -> TokenTrial:
        return TokenTrial(material=made[0], issued=made[1], at=at, way=way, worst=worst, expected=expected)
