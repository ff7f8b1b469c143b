"""Any habits and any dates: what is predicted of who reads a key set holds for verifiers simulated otherwise."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssolab import sources
from ssolab.cutover.cast import cast_for
from ssolab.cutover.keyset_check import KeySetProspect
from ssolab.cutover.model import Party, PartyKind, Verb
from ssolab.cutover.rotation import Rotation
from ssolab.cutover.rotations import PROVIDER, rotation_lab
from ssolab.cutover.rotations import verifier as library
from ssolab.cutover.scenarios import Kit
from ssolab.cutover.token_link import TokenLink
from ssolab.oidc.cache_habits import FOREVER, UNKNOWN, CacheHabits, OnUnknownKid, Since
from tests.cutover.parts import AT_RISK, HOUR, MINUTE, OUTAGE, SAFE, SECOND, play, verifier
from tests.keys import test_key

if TYPE_CHECKING:
    from ssolab.cutover.model import Inventory
    from ssolab.oidc.cache_habits import MaybeAge

SWAP: Final = datetime(2027, 1, 8, 9, tzinfo=UTC)
NONE: Final = timedelta(0)
AGES: Final = (NONE, MINUTE, 5 * MINUTE, HOUR, 24 * HOUR, FOREVER)
EARLIER: Final = (NONE, SECOND, MINUTE, 5 * MINUTE, HOUR, 25 * HOUR)
QUIET: Final = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

habits_ = st.builds(
    CacheHabits,
    keeps=st.sampled_from([*AGES, UNKNOWN]),
    keeps_kid=st.sampled_from([None, None, MINUTE, HOUR, FOREVER]),
    unknown_kid=st.sampled_from(OnUnknownKid),
    any_failure=st.booleans(),
    cooldown=st.sampled_from([*AGES, UNKNOWN]),
    since=st.sampled_from(Since),
)


@dataclass(frozen=True)
class Plan:
    """What hypothesis draws: how the verifier keeps its copy, and when the keys move, counted from the swap."""

    cache: CacheHabits
    published: timedelta
    removed: timedelta | None
    back: timedelta | None
    replicas: timedelta
    takes: timedelta

    @property
    def moves(self) -> list[tuple[Verb, datetime]]:
        """The moves of the provider in order."""
        found = [(Verb.PUBLISH, SWAP - self.published), (Verb.SWAP, SWAP)]
        found += [(Verb.SWAP, SWAP + self.back)] if self.back is not None else []
        found += [(Verb.UNPUBLISH, SWAP + self.removed)] if self.removed is not None else []
        return sorted(found, key=lambda each: (each[1], list(Verb).index(each[0])))

    def lab(self) -> Inventory:
        """Give the lab that this describes."""
        kit = _kit()
        reader = library(kit, "openid-client")
        assert reader.profile is not None
        profile = replace(reader.profile, cache=self.cache)
        reader = Party(id="reader", kind=PartyKind.RP, profile=profile, habits=verifier())
        inventory = rotation_lab(kit, (), *self.moves, more=(reader,), rotation=Rotation(replicas=self.replicas))
        signer = inventory.parties[PROVIDER]
        habits = replace(signer.habits, swap_takes=self.takes, propagation=NONE)
        return replace(inventory, parties={**inventory.parties, PROVIDER: replace(signer, habits=habits)})

    def prospect(self) -> KeySetProspect:
        """Give what is predicted."""
        inventory = self.lab()
        cutover = inventory.cutover(None)
        cast = cast_for(inventory, lambda _kind, _bits: test_key("other"))
        found = TokenLink(inventory, cutover, inventory.links[cutover.links[0]], cast).prospect
        assert isinstance(found, KeySetProspect)
        return found


@cache
def _kit() -> Kit:
    return Kit(lab=sources.builtin_lab(), certificates=sources.builtin_certificates(), profiles=sources.load_profiles())


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Habits and dates that like to coincide."""
    removed = draw(st.sampled_from([None, *(each for each in EARLIER if each)]))
    back = draw(st.sampled_from([None, None, None, 2 * MINUTE + SECOND]))
    return Plan(
        cache=draw(habits_),
        published=draw(st.sampled_from([each for each in EARLIER if each])),
        removed=removed,
        back=back if removed is None or (back is not None and removed > back) else None,
        replicas=draw(st.sampled_from([NONE, NONE, MINUTE])),
        takes=draw(st.sampled_from([NONE, NONE, 30 * SECOND])),
    )


@dataclass
class Reader:
    """A verifier of the simulation: numbers and names only, nothing of the engine."""

    plan: Plan
    keeps: float
    cooldown: float
    refetches: bool
    dice: random.Random
    listed: set[str] | None = None
    fetched: datetime = SWAP
    missed: datetime | None = None
    singles: dict[str, datetime] = field(default_factory=dict)

    def signs(self, made: datetime) -> str:
        """The key with which some node of the provider signs."""
        active = "old"
        for verb, at in self.plan.moves:
            if verb is Verb.SWAP and made >= at + self.plan.takes * self.dice.choice([0, 1, self.dice.random()]):
                active = "new" if active == "old" else "old"
        return active

    def served(self, at: datetime) -> set[str]:
        """What some edge of the provider lists."""
        at -= self.plan.replicas * self.dice.choice([0, self.dice.random()])
        listed, active = {"old"}, "old"
        for verb, when in self.plan.moves:
            if when > at:
                break
            if verb is Verb.PUBLISH:
                listed.add("new")
            elif verb is Verb.SWAP:
                active = "new" if active == "old" else "old"
            else:
                listed = {active}
        return listed

    def fetch(self, at: datetime) -> None:
        """Take a new copy."""
        self.listed, self.fetched = self.served(at), at

    def may_fetch(self, at: datetime) -> bool:
        """Whether the cooldown is over."""
        since = self.missed if self.plan.cache.since is Since.MISS else self.fetched
        return since is None or (at - since).total_seconds() >= self.cooldown

    def accepts(self, key: str, at: datetime) -> bool:
        """Judge a token that names its key."""
        single = self.plan.cache.keeps_kid
        if single is not None and key in self.singles and (at - self.singles[key]).total_seconds() < _seconds(single):
            return True
        fresh = self.listed is None or (at - self.fetched).total_seconds() >= self.keeps
        if fresh:
            self.fetch(at)
        wants = self.refetches or self.plan.cache.any_failure
        if key not in (self.listed or ()) and wants and not fresh and self.may_fetch(at):
            self.missed = at
            self.fetch(at)
        if key not in (self.listed or ()):
            return False
        self.singles[key] = self.fetched
        return True


def _seconds(age: MaybeAge) -> float:
    return age.total_seconds() if isinstance(age, timedelta) else float("inf")


def some_reader(plan: Plan, dice: random.Random) -> Reader:
    """Settle what is not known of the verifier."""
    cache = plan.cache
    unknown = cache.unknown_kid is OnUnknownKid.UNKNOWN
    return Reader(
        plan=plan,
        keeps=dice.choice([0.0, 3600.0, 86400.0]) if cache.keeps is UNKNOWN else _seconds(cache.keeps),
        cooldown=dice.choice([0.0, 60.0, float("inf")]) if cache.cooldown is UNKNOWN else _seconds(cache.cooldown),
        refetches=dice.random() < 0.5 if unknown else cache.unknown_kid is OnUnknownKid.REFETCH,
        dice=dice,
    )


@settings(QUIET, max_examples=100)
@given(plans(), st.integers(0, 2**32))
def test_nobody_is_refused_where_it_is_safe_and_nobody_let_in_where_it_is_out(plan: Plan, seed: int) -> None:
    dice, prospect = random.Random(seed), plan.prospect()  # noqa: S311  a die, no secret
    first, last = plan.moves[0][1], plan.moves[-1][1]
    in_flight = prospect.worst.in_flight
    for interval in prospect.intervals(first - HOUR, last + 30 * HOUR):
        if interval.verdict is AT_RISK:
            continue
        length = max(int((interval.end - interval.start).total_seconds()), 1)
        for _ in range(8):
            at = interval.start + dice.choice([0, length - 1, dice.randrange(length)]) * SECOND
            if at >= interval.end:
                continue
            reader = some_reader(plan, dice)
            traffic = [at - dice.choice([*EARLIER, HOUR * dice.random(), 40 * HOUR * dice.random()]) for _ in range(3)]
            for moment in sorted(traffic[: dice.randrange(4)]):
                reader.accepts(reader.signs(moment), moment)
            age = dice.choice([NONE, in_flight * dice.random()]) if interval.verdict is SAFE else NONE
            accepted = reader.accepts(reader.signs(at - age), at)
            assert accepted is (interval.verdict is not OUTAGE), (interval, reader, at, age, traffic)


@settings(QUIET, max_examples=12)
@given(plans())
def test_a_rehearsal_with_real_tokens_meets_every_prediction(plan: Plan) -> None:
    played = play(plan.lab(), now=plan.moves[0][1] - HOUR)
    assert played.disagreements == ()
    (outcome,) = played.links
    assert all(one.end == other.start for one, other in zip(outcome.windows, outcome.windows[1:], strict=False))
    for window in outcome.windows:
        assert all((window.code, window.cause, window.cure)) is (window.verdict is not SAFE)
