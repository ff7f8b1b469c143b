"""A verifier's copy of a JWKS: the state machine, step by step, and the bounds of section 5.3 of the rotation model."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from ssolab.core.findings import InputError
from ssolab.oidc.cache_habits import FOREVER, UNKNOWN, CacheHabits, OnOutage, OnUnknownKid, Since
from ssolab.oidc.caching import Cache, Did, Fetched, Look

NINE = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Key:
    """A key that is only a name."""

    kid: str | None


@dataclass
class Place:
    """Where a JWKS is fetched; `down` answers with nothing."""

    kids: tuple[str | None, ...] = ("a",)
    max_age: timedelta | None = None
    down: bool = False
    asked: int = 0

    def __call__(self) -> Fetched[Key]:
        """Answer one question."""
        self.asked += 1
        if self.down:
            raise InputError("jwks", "it answers 503", "try again")
        return Fetched(keys=tuple(map(Key, self.kids)), max_age=self.max_age)


@dataclass
class Verifier:
    """A verifier that looks again and again on one clock."""

    habits: CacheHabits
    place: Place = field(default_factory=Place)
    cache: Cache[Key] = field(default_factory=Cache)

    def look(self, kid: str | None, second: float = 0) -> Look[Key]:
        """Find the keys for a token that names *kid*."""
        look = self.cache.look(self.habits, kid=kid, now=after(second), fetch=self.place)
        self.cache = look.cache
        return look


def after(second: float) -> datetime:
    return NINE + timedelta(seconds=second)


def kids(look: Look[Key]) -> list[str | None]:
    return [key.kid for key in look.keys]


def seconds(number: float) -> timedelta:
    return timedelta(seconds=number)


def test_the_first_token_has_the_set_fetched_and_the_second_is_judged_by_the_copy() -> None:
    verifier = Verifier(CacheHabits())
    first, second = verifier.look("a"), verifier.look("a", 10)
    assert [step.did for step in first.steps] == [Did.FETCHED, Did.USED]
    assert second.told == "used the copy of 2027-01-04 09:00:00"
    assert (kids(second), second.fetched, verifier.place.asked) == (["a"], NINE, 1)


def test_an_unknown_kid_has_the_set_fetched_once_the_cooldown_is_over() -> None:
    verifier = Verifier(CacheHabits(cooldown=seconds(60)))
    verifier.look("a")
    verifier.place.kids = ("a", "b")
    held_back = verifier.look("b", 59)
    assert held_back.told == (
        "kid 'b' is not in the copy of 2027-01-04 09:00:00; the cooldown holds a refetch back until "
        "2027-01-04 09:01:00; used the copy of 2027-01-04 09:00:00"
    )
    assert held_back.steps[1].until == after(60)
    assert kids(held_back) == ["a"]
    late = verifier.look("b", 60)
    assert [step.did for step in late.steps] == [Did.UNKNOWN_KID, Did.FETCHED, Did.USED]
    assert (kids(late), late.fetched) == (["a", "b"], after(60))


def test_a_kid_that_nobody_has_costs_one_fetch_a_cooldown() -> None:
    verifier = Verifier(CacheHabits(cooldown=seconds(30), keeps=seconds(600)))
    for second in range(300):
        verifier.look("forged", second)
    assert verifier.place.asked == 10


def test_a_cooldown_that_counts_from_the_last_miss_lets_the_first_one_through() -> None:
    verifier = Verifier(CacheHabits(cooldown=seconds(60), since=Since.MISS))
    verifier.look("a")
    assert verifier.look("b", 1).did(Did.FETCHED)
    assert verifier.look("c", 60).did(Did.COOLING)
    assert verifier.look("c", 61).did(Did.FETCHED)


def test_a_set_that_was_fetched_in_this_look_is_not_fetched_again() -> None:
    verifier = Verifier(CacheHabits(keeps=seconds(0), cooldown=seconds(0)))
    assert not verifier.look("b").did(Did.COOLING)
    assert verifier.place.asked == 1


def test_a_copy_is_used_until_its_age_is_over() -> None:
    verifier = Verifier(CacheHabits(keeps=seconds(300)))
    verifier.look("a")
    verifier.place.kids = ("b",)
    assert kids(verifier.look("a", 299)) == ["a"]
    late = verifier.look("a", 300)
    assert [step.did for step in late.steps] == [Did.TOO_OLD, Did.FETCHED, Did.UNKNOWN_KID, Did.USED]
    assert kids(late) == ["b"]


def test_a_verifier_that_fetches_only_at_its_start_never_learns() -> None:
    verifier = Verifier(CacheHabits(keeps=FOREVER, unknown_kid=OnUnknownKid.REFUSE))
    verifier.look("a")
    verifier.place.kids = ("b",)
    years_later = verifier.look("b", 3e8)
    assert kids(years_later) == ["a"]
    assert years_later.did(Did.NEVER_AGAIN)
    verifier.cache = Cache()
    assert kids(verifier.look("b", 3e8)) == ["b"], "a restart is the only cure"


@pytest.mark.parametrize(("outage", "used", "then"), [("keep", ["a"], ["a"]), ("refuse", [], []), ("wipe", [], [])])
def test_an_outage_when_the_age_is_over(outage: str, used: list[str], then: list[str]) -> None:
    verifier = Verifier(CacheHabits(outage=OnOutage(outage)))
    verifier.look("a")
    verifier.place.down = True
    late = verifier.look("a", 3000)
    assert kids(late) == used
    assert late.did(Did.NOT_FETCHED)
    assert (late.failure is None) is bool(used)
    assert kids(verifier.look("a", 3001)) == then


@pytest.mark.parametrize(("outage", "left"), [("keep", ["a"]), ("refuse", ["a"]), ("wipe", [])])
def test_an_outage_while_an_unknown_kid_is_asked_for(outage: str, left: list[str]) -> None:
    verifier = Verifier(CacheHabits(outage=OnOutage(outage)))
    verifier.look("a")
    verifier.place.down = True
    assert kids(verifier.look("b", 100)) == left
    assert kids(verifier.look("a", 101)) == left


def test_single_keys_outlive_the_set_where_they_are_kept_by_kid() -> None:
    verifier = Verifier(CacheHabits(keeps=seconds(300), keeps_kid=FOREVER))
    verifier.look("a")
    verifier.place.kids = ("b",)
    assert kids(verifier.look("b", 400)) == ["b"]
    removed = verifier.look("a", 1e6)
    assert (kids(removed), removed.fetched) == (["a"], NINE)
    assert removed.told == "used the key of 2027-01-04 09:00:00 that it keeps by its kid"


def test_single_keys_that_are_kept_for_a_time_are_fetched_again_afterwards() -> None:
    verifier = Verifier(CacheHabits(keeps=seconds(0), keeps_kid=seconds(600)))
    verifier.look("a")
    verifier.place.kids = ("b",)
    assert kids(verifier.look("a", 599)) == ["a"]
    assert kids(verifier.look("a", 600)) == ["b"]


def test_fetches_can_be_bounded_by_the_minute() -> None:
    verifier = Verifier(CacheHabits(keeps=seconds(0), a_minute=10))
    looks = [verifier.look(f"forged-{second}", second) for second in range(20)]
    assert verifier.place.asked == 10
    assert looks[10].did(Did.BOUNDED)
    assert kids(looks[10]) == []
    assert looks[10].steps[-1].until == after(60)
    assert verifier.look("a", 60).did(Did.FETCHED)


@pytest.mark.parametrize(("obeys", "kept"), [("yes", ["a"]), ("no", ["b"])])
def test_the_age_that_the_answer_gives_counts_where_it_is_obeyed(obeys: str, kept: list[str]) -> None:
    verifier = Verifier(CacheHabits(max_age=obeys == "yes"), Place(max_age=timedelta(days=7)))
    verifier.look("a")
    verifier.place.kids = ("b",)
    assert kids(verifier.look("a", 3 * 86_400)) == kept


def test_a_failed_signature_has_some_verifiers_fetch() -> None:
    verifier = Verifier(CacheHabits(keeps=FOREVER, any_failure=True, cooldown=seconds(0)))
    verifier.look("a")
    look = verifier.look("a", 5)
    again = look.again(verifier.habits, now=after(5), fetch=verifier.place)
    assert again is not None
    assert [step.did for step in again.steps] == [Did.USED, Did.FAILED_ALL, Did.FETCHED]
    assert again.fetched == after(5)
    assert again.again(verifier.habits, now=after(5), fetch=verifier.place) is None, "once is enough"
    assert look.again(CacheHabits(), now=after(500), fetch=verifier.place) is None, "others do not"


def test_a_clock_that_was_set_back_lets_everything_begin_anew() -> None:
    verifier = Verifier(CacheHabits())
    verifier.look("a", 1000)
    assert verifier.look("a", 0).did(Did.FETCHED)


def test_a_token_without_a_kid_is_judged_by_the_whole_copy() -> None:
    verifier = Verifier(CacheHabits(), Place(kids=(None, "a")))
    assert kids(verifier.look(None)) == [None, "a"]


def test_a_hostile_kid_is_shown_in_one_bounded_line() -> None:
    told = Verifier(CacheHabits()).look("x\n" * 5000).told
    assert len(told) < 400
    assert "\n" not in told


def test_the_unknown_is_resolved_to_the_worst_and_to_the_best() -> None:
    nothing = CacheHabits(keeps=UNKNOWN, cooldown=UNKNOWN, unknown_kid=OnUnknownKid.UNKNOWN, outage=OnOutage.UNKNOWN)
    assert nothing.unknowns == ("keeps", "unknown_kid", "cooldown", "outage")
    assert nothing.worst().unknowns == nothing.best().unknowns == ()
    assert nothing.learns_within == timedelta(hours=24)
    assert nothing.best().learns_within == timedelta(0)
    assert CacheHabits().unknowns == ()


@pytest.mark.parametrize(
    ("habits", "learns", "forgets"),
    [
        (CacheHabits(keeps=seconds(600), cooldown=seconds(30)), seconds(30), seconds(600)),
        (CacheHabits(keeps=seconds(600), cooldown=seconds(900)), seconds(600), seconds(600)),
        (CacheHabits(keeps=seconds(600), unknown_kid=OnUnknownKid.REFUSE), seconds(600), seconds(600)),
        (CacheHabits(keeps=FOREVER, cooldown=seconds(0)), seconds(0), FOREVER),
        (CacheHabits(keeps=seconds(300), keeps_kid=FOREVER, cooldown=seconds(30)), seconds(30), FOREVER),
        (CacheHabits(keeps=FOREVER, unknown_kid=OnUnknownKid.REFUSE), FOREVER, FOREVER),
    ],
)
def test_how_long_a_verifier_takes_to_learn_and_to_forget(
    habits: CacheHabits, learns: timedelta, forgets: timedelta
) -> None:
    assert habits.learns_within == learns
    assert habits.forgets_within == forgets


@pytest.mark.parametrize("since", Since)
@pytest.mark.parametrize(("keeps", "cooldown"), [*itertools.product((60, 300), (0, 30, 90, None))])
def test_the_bound_holds_in_every_phase_and_two_seconds_less_do_not(
    keeps: int, cooldown: int | None, since: Since
) -> None:
    habits = CacheHabits(keeps=seconds(keeps), since=since)
    refuses = replace(habits, unknown_kid=OnUnknownKid.REFUSE)
    habits = refuses if cooldown is None else replace(habits, cooldown=seconds(cooldown))
    bound = habits.learns_within
    assert isinstance(bound, timedelta)

    def learnt(published: int, asked: float) -> bool:
        """Fetch at 0, publish b, meet a forged kid at the worst moment before, then a token by b."""
        verifier = Verifier(habits)
        verifier.look("a")
        verifier.look("forged", published)
        verifier.place.kids = ("a", "b")
        return "b" in kids(verifier.look("b", asked))

    phases = range(0, keeps, 7)
    assert all(learnt(phase, phase + bound.total_seconds()) for phase in phases)
    if bound.total_seconds() > 2:
        assert not all(learnt(phase, phase + bound.total_seconds() - 2) for phase in phases)
