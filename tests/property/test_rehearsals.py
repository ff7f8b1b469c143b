"""Any habits and any steps: what is predicted holds in a world that is simulated otherwise, and in real messages."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssolab.cutover import causes
from ssolab.cutover.causes import Cause
from ssolab.cutover.evidence import Evidence
from ssolab.cutover.habits import UNKNOWN, Habits, Known, Match, Mode, Slots
from ssolab.cutover.model import Step, Verb
from ssolab.cutover.scene import Played, Scene
from tests.cutover.parts import (
    AT_RISK,
    HOUR,
    MINUTE,
    OUTAGE,
    SAFE,
    SECOND,
    SWAP,
    certificate,
    course_of,
    courses,
    lab,
    play,
)
from tests.cutover.world import NONE, START, some_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from ssolab.cutover.check import Interval
    from ssolab.cutover.model import Inventory

SPANS: Final = (NONE, SECOND, 5 * MINUTE, HOUR, 24 * HOUR)
OFFSETS: Final = (
    NONE,
    SECOND,
    4 * MINUTE,
    5 * MINUTE,
    6 * MINUTE,
    6 * MINUTE - SECOND,
    HOUR,
    5 * HOUR,
    24 * HOUR,
    30 * HOUR,
)
RENEWED: Final = certificate("greenmoor").not_after
PAIRS: Final = (("proxy", "sso_2027"), ("proxy_2010", "proxy_2011"), ("greenmoor", "sso_2027"))
LINKS: Final = {"pingone-requests": ("greenmoor", "pingone"), "okta-idp-initiated": ("okta", "greenmoor")}
QUIET: Final = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])

spans = st.sampled_from(SPANS)
offsets = st.sampled_from(sorted({*OFFSETS, *(-each for each in OFFSETS)}))
habits_ = st.builds(
    Habits,
    slots=st.sampled_from([1, 2, 3, Slots.MANY, Slots.UNKNOWN]),
    mode=st.sampled_from(Mode),
    propagation=st.one_of(spans, st.just(UNKNOWN)),
    refresh=st.one_of(spans, st.just(UNKNOWN)),
    cooldown=spans,
    verifies=st.sampled_from([Known.YES, Known.YES, Known.UNKNOWN, Known.NO]),
    checks_expiry=st.sampled_from(Known),
    match=st.sampled_from(Match),
    message_life=st.sampled_from([SECOND, 5 * MINUTE, HOUR]),
    skew=st.sampled_from([NONE, MINUTE]),
)


@dataclass(frozen=True)
class Plan:
    """What hypothesis draws, in a form that reads well where it fails: steps are a verb, an offset and a party."""

    link: str
    pair: tuple[str, str]
    middle: datetime
    habits: Habits
    steps: tuple[tuple[Verb, timedelta, str | None], ...]
    swap_takes: timedelta

    @property
    def first(self) -> datetime:
        """When the first step is taken."""
        return self.middle + min(offset for _, offset, _ in self.steps)

    def lab(self) -> Inventory:
        """Give the lab that this describes."""
        steps = [Step(do=verb, at=self.middle + offset, party=party) for verb, offset, party in self.steps]
        old, new = self.pair
        return lab(self.habits, steps, link=self.link, old=old, new=new, signer={"swap_takes": self.swap_takes})


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A link, what is known of its verifier, and some steps around a swap, at moments that like to coincide."""
    link, pair = draw(st.sampled_from(sorted(LINKS))), draw(st.sampled_from(PAIRS))
    signer, verifier = LINKS[link]
    verbs = draw(st.lists(st.sampled_from([each for each in Verb if each is not Verb.SWAP]), max_size=4))
    steps: list[tuple[Verb, timedelta, str | None]] = [
        (verb, draw(offsets), signer if verb.by_signer else draw(st.sampled_from([verifier, verifier, None])))
        for verb in verbs
    ]
    if draw(st.booleans()) or not verbs:
        steps.insert(draw(st.integers(0, len(steps))), (Verb.SWAP, NONE, signer))
    return Plan(
        link=link,
        pair=pair,
        middle=draw(st.sampled_from([SWAP, RENEWED])) if pair[0] == "greenmoor" else SWAP,
        habits=draw(habits_),
        steps=tuple(steps),
        swap_takes=draw(st.sampled_from([NONE, NONE, MINUTE, 2 * HOUR])),
    )


def verdicts(plan: Plan) -> Iterator[Interval]:
    return iter(courses(plan.lab()).intervals(plan.first - 30 * HOUR, plan.first + 100 * HOUR))


@settings(QUIET, max_examples=150)
@given(plans(), st.integers(0, 2**32))
def test_nothing_fails_where_it_is_safe_and_nothing_works_where_it_is_out(plan: Plan, seed: int) -> None:
    inventory, dice = plan.lab(), random.Random(seed)  # noqa: S311  a die, no secret
    in_flight = course_of(inventory).in_flight
    for interval in verdicts(plan):
        length = int((interval.end - interval.start).total_seconds())
        for _ in range(6):
            world = some_world(inventory, dice)
            at = interval.start + dice.choice([0, length - 1, dice.randrange(length)]) * SECOND
            if interval.verdict is SAFE:
                age = dice.choice([NONE, in_flight - SECOND, in_flight * dice.random()])
                assert world.accepts(at - age, at), (interval, world, at, age)
            elif interval.verdict is OUTAGE:
                assert not world.accepts(at, at), (interval, world, at)


# ---- real messages ---------------------------------------------------------------------------------------------------


@settings(QUIET, max_examples=60)
@given(plans())
def test_a_rehearsal_with_real_messages_meets_every_prediction(plan: Plan) -> None:
    played = play(plan.lab(), now=plan.first - HOUR)
    assert played.disagreements == ()
    (outcome,) = played.links
    assert (outcome.windows[0].start, outcome.windows[-1].end) == (played.start, played.end)
    assert all(one.end == other.start for one, other in pairwise(outcome.windows))
    for window in outcome.windows:
        told = (window.code, window.cause, window.cure)
        assert all(told) if window.verdict is not SAFE else told == (None, None, None)
        if window.verdict is OUTAGE:
            assert window.findings
            assert window.refused_by == LINKS[outcome.link.id][1]


@settings(QUIET, max_examples=100)
@given(plans())
def test_a_player_that_accepts_everything_is_caught_wherever_something_can_fail(plan: Plan) -> None:
    def accepts(_scene: Scene) -> Played:
        return Played(accepted=True, side=None, findings=(), messages=1)

    played = play(plan.lab(), player=accepts)
    assert bool(played.disagreements) == (played.verdict is not SAFE)


# ---- causes ----------------------------------------------------------------------------------------------------------

# What else may recognise a window, behind the cause that speaks: each pair is on purpose, and the order is that of the
# module. Whoever is first here names the thing itself; whoever follows, its timing.
TIMING: Final = {
    "late-partner",
    "removed-too-early",
    "swapped-before-publishing",
    "swapped-before-readers-refreshed",
}
BEHIND: Final = {
    "one-slot-verifier": TIMING,
    "unknown-habit": TIMING
    | {"one-slot-verifier", "never-added", "expired-before-swap", "not-yet-valid-at-swap"}
    | {"certificate-compared"},
}


@settings(QUIET, max_examples=300)
@given(plans())
def test_each_window_that_is_not_safe_has_one_cause_or_an_order_on_purpose(plan: Plan) -> None:
    inventory = plan.lab()
    cutover, both = inventory.cutover(None), courses(inventory)
    link = inventory.links[cutover.links[0]]
    for interval in verdicts(plan):
        if interval.verdict is SAFE:
            continue
        seen = Evidence(
            inventory=inventory,
            cutover=cutover,
            link=link,
            course=both.worst if interval.verdict is AT_RISK else both.best,
            best=both.best,
            interval=interval,
            now=START,
        )
        found = [
            entry.code
            for entry in vars(causes).values()
            if isinstance(entry, Cause) and entry.recognise(seen) is not None
        ]
        assert found
        assert set(found[1:]) <= BEHIND.get(found[0], set()), found
