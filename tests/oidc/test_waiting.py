"""The formulas of a rotation against a world in which verifiers, replicas and clocks do their worst."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Final

import pytest

from ssolab.oidc.cache_habits import FOREVER, CacheHabits, OnUnknownKid
from ssolab.oidc.caching import Cache, Fetched
from ssolab.oidc.waiting import (
    Delays,
    cache_control,
    drain_wait,
    exposure,
    listed_at_once,
    publish_wait,
    rotation_length,
    steady_max_age,
    urgent_max_age,
)

START: Final = datetime(2027, 1, 4, tzinfo=UTC)
PUBLISHED: Final = START + timedelta(hours=1)
SECOND: Final = timedelta(seconds=1)
EVERY: Final = timedelta(seconds=10)


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def verifier(keeps: float, cooldown: float | None) -> CacheHabits:
    if cooldown is None:
        return CacheHabits(keeps=seconds(keeps), unknown_kid=OnUnknownKid.REFUSE, cooldown=FOREVER)
    return CacheHabits(keeps=seconds(keeps), cooldown=seconds(cooldown))


@dataclass(frozen=True)
class Named:
    """A key by its name alone."""

    kid: str


@dataclass(frozen=True)
class World:
    """A rotation from `old` to `new` as one verifier meets it, with the slowest replica and the slowest node."""

    delays: Delays
    habits: CacheHabits
    swap: datetime
    removal: datetime

    def fetch(self, now: datetime) -> Fetched[Named]:
        """What the slowest replica says of a key that comes, and the fastest of one that goes."""
        new = [Named("new")] if now >= PUBLISHED + self.delays.replicas else []
        old = [Named("old")] if now < self.removal else []
        return Fetched(keys=tuple(old + new))

    def refused(self, first: datetime) -> list[datetime]:
        """When a token that is still good is refused by a verifier that starts cold at *first* and is kept busy."""
        cache: Cache[Named] = Cache()
        refused = []
        last_old = self.swap + self.delays.rollout
        dead = last_old + self.delays.life + self.delays.skew
        arrivals = {first + number * EVERY for number in range(int((dead - first) / EVERY) + 1)}
        arrivals |= {self.swap, dead - SECOND}
        for now in sorted(each for each in arrivals if each >= first):
            good = [] if now >= dead else ["old"]
            for kid in [*good, *(["new"] if now >= self.swap else [])]:
                look = cache.look(self.habits, kid=kid, now=now, fetch=lambda now=now: self.fetch(now))  # type: ignore[misc]
                cache = look.cache
                if all(key.kid != kid for key in look.keys):
                    refused.append(now)
        return refused

    def ever_refused(self) -> bool:
        """Whether some phase of the verifier, warm or cold, refuses something."""
        served = PUBLISHED + self.delays.replicas
        phases = [served - SECOND - number * EVERY / 2 for number in range(8)]
        phases += [self.removal, self.swap + self.delays.rollout + self.delays.life + self.delays.skew - SECOND]
        return any(self.refused(first) for first in phases)


CASES = list(product((0, 20), (60, 300), (None, 0, 30, 90), (50, 200), (0, 10), (0, 15)))


@pytest.mark.parametrize(("replicas", "keeps", "cooldown", "life", "skew", "rollout"), CASES)
def test_waiting_as_long_as_the_formulas_say_is_enough_and_two_seconds_less_is_not(  # noqa: PLR0913, PLR0917  the symbols
    replicas: float, keeps: float, cooldown: float | None, life: float, skew: float, rollout: float
) -> None:
    habits = verifier(keeps, cooldown)
    delays = Delays(replicas=seconds(replicas), rollout=seconds(rollout), life=seconds(life), skew=seconds(skew))
    published, drained = publish_wait(delays, [habits]), drain_wait(delays)
    assert isinstance(published, timedelta)
    swap = PUBLISHED + published
    at_the_bound = World(delays, habits, swap, swap + drained)
    assert not at_the_bound.ever_refused()
    assert replace(at_the_bound, removal=swap + drained - 2 * SECOND).ever_refused()
    if published >= 2 * SECOND:
        early = swap - 2 * SECOND
        assert World(delays, habits, early, early + drained).ever_refused()


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


WORKED = Delays(replicas=minutes(1), skew=minutes(5), rollout=minutes(5), life=minutes(60))
QUICK = [verifier(600, 30), verifier(300, 30), verifier(300, 60)]


@pytest.mark.parametrize(
    ("more", "wait", "whole"),
    [
        # facts/oidc.md 5.3, the worked examples, in minutes
        ([], 2, 72),
        ([verifier(12 * 3600, 300)], 6, 76),
        ([verifier(3600, 3600)], 61, 131),
        ([verifier(24 * 3600, None)], 24 * 60 + 1, 24 * 60 + 71),
    ],
)
def test_the_worst_verifier_rules(more: list[CacheHabits], wait: float, whole: float) -> None:
    assert publish_wait(WORKED, [*QUICK, *more]) == minutes(wait)
    assert rotation_length(WORKED, [*QUICK, *more]) == minutes(whole)


def test_no_wait_is_long_enough_for_a_verifier_that_never_reads_again() -> None:
    pinned = CacheHabits(keeps=FOREVER, unknown_kid=OnUnknownKid.REFUSE, cooldown=FOREVER)
    for computed in (publish_wait, rotation_length, exposure):
        assert computed(WORKED, [*QUICK, pinned]) is FOREVER


def test_without_verifiers_only_the_network_is_waited_for() -> None:
    assert publish_wait(WORKED, []) == minutes(1)


def test_margin_and_a_remembered_miss_are_added() -> None:
    longer = replace(WORKED, margin=minutes(3), negative=minutes(4))
    assert publish_wait(longer, QUICK) == minutes(2 + 3 + 4)
    assert drain_wait(longer) == minutes(70 + 3)


def test_a_removed_key_is_believed_for_the_longest_copy_however_soon_a_miss_is_looked_up() -> None:
    assert exposure(WORKED, QUICK) == minutes(1 + 10)


@pytest.mark.parametrize(("period", "count"), [(1, 1 + 2 + 3), (2, 1 + 1 + 2), (48, 1 + 1 + 1)])
def test_keys_that_are_swapped_often_make_a_long_list(period: int, count: int) -> None:
    assert listed_at_once(timedelta(hours=period), timedelta(hours=2), timedelta(hours=3)) == count


def test_a_steady_key_set_lets_nobody_keep_it_until_the_swap() -> None:
    delays = Delays(replicas=minutes(1), margin=minutes(2))
    assert steady_max_age(minutes(60), minutes(10), delays) == minutes(7)
    assert steady_max_age(minutes(5), minutes(10), delays) == minutes(5)
    assert steady_max_age(minutes(5), minutes(2), delays) == timedelta(0)


def test_a_verifier_that_obeys_the_steady_max_age_has_the_new_key_at_the_swap() -> None:
    """Whoever keeps the set for as long as it says has fetched the new key by the swap, whatever its phase."""
    delays = Delays(replicas=minutes(1), life=minutes(5))
    lead = minutes(10)
    said = steady_max_age(minutes(600), lead, delays)
    obeying = CacheHabits(keeps=said, unknown_kid=OnUnknownKid.REFUSE, cooldown=FOREVER)
    swap = PUBLISHED + lead
    assert not World(delays, obeying, swap, swap + drain_wait(delays)).ever_refused()
    longer = replace(obeying, keeps=said + 12 * SECOND)
    assert World(delays, longer, swap, swap + drain_wait(delays)).ever_refused()


def test_an_urgent_key_set_is_kept_until_its_next_change() -> None:
    assert urgent_max_age(minutes(60), START, START + minutes(4)) == minutes(4)
    assert urgent_max_age(minutes(60), START, START + minutes(400)) == minutes(60)
    assert urgent_max_age(minutes(60), START, START - minutes(4)) == timedelta(0)
    assert urgent_max_age(minutes(60), START, None) == minutes(60)


def test_the_header_counts_whole_seconds() -> None:
    assert cache_control(timedelta(seconds=90, microseconds=900_000)) == "public, max-age=90"
    assert cache_control(timedelta(milliseconds=900)) == "no-cache"
