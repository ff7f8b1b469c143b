from __future__ import annotations

from datetime import timedelta
from itertools import pairwise, permutations, product
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.cutover.check import Reason
from ssolab.cutover.habits import UNKNOWN, Habits, Known, Match, Mode, Slots
from tests.cutover.parts import (
    AT_RISK,
    HOUR,
    IN_FLIGHT,
    MINUTE,
    OUTAGE,
    SAFE,
    SECOND,
    START,
    SWAP,
    certificate,
    intervals,
    lab,
    lasting,
    step,
    told,
    verifier,
)

if TYPE_CHECKING:
    from datetime import datetime

DAY = 24 * HOUR
SAME_KEY: dict[str, Any] = {"old": "proxy_2010", "new": "proxy_2011"}
PULL = verifier(mode=Mode.PULL, refresh=4 * HOUR)
ON_MISS = verifier(mode=Mode.ON_MISS, cooldown=10 * MINUTE)
IS_SAFE: list[object] = []


def in_order(*verbs: str, gap: timedelta = DAY) -> list[Any]:
    return [step(verb, START + (number + 1) * gap) for number, verb in enumerate(verbs)]


# ---- B.5: all orders, with long gaps ---------------------------------------------------------------------------------


@pytest.mark.parametrize("order", list(permutations(("add", "swap", "remove"))))
def test_only_add_swap_remove_is_safe_for_two_slots_by_hand(order: tuple[str, ...]) -> None:
    inventory = lab(verifier(slots=2), in_order(*order))
    outcome = told(inventory)
    if order == ("add", "swap", "remove"):
        assert outcome == IS_SAFE
    else:
        assert OUTAGE in [verdict for verdict, _, _ in outcome]


@pytest.mark.parametrize(
    ("order", "out"),
    [
        (("add", "remove", "swap"), (2, 3)),  # until the swap
        (("swap", "add", "remove"), (1, 2)),  # until the add
        (("swap", "remove", "add"), (1, 3)),
        (("remove", "add", "swap"), (1, 3)),  # the longest
        (("remove", "swap", "add"), (1, 3)),
    ],
)
def test_a_wrong_order_is_out_for_exactly_the_gap(order: tuple[str, ...], out: tuple[int, int]) -> None:
    outcome = told(lab(verifier(slots=2), in_order(*order)))
    outages = [(start, end) for verdict, start, end in outcome if verdict is OUTAGE]
    assert outages == [(START + out[0] * DAY, START + out[1] * DAY)]


@pytest.mark.parametrize("habits", [PULL, ON_MISS], ids=["pull", "on-miss"])
@pytest.mark.parametrize("order", list(permutations(("publish", "swap", "unpublish"))))
def test_only_publish_swap_unpublish_is_safe_for_a_reader_of_metadata(habits: Habits, order: tuple[str, ...]) -> None:
    outcome = told(lab(habits, in_order(*order)))
    assert (outcome == IS_SAFE) == (order == ("publish", "swap", "unpublish"))


@pytest.mark.parametrize(
    ("to_swap", "to_unpublish"), list(product([4 * HOUR, 4 * HOUR - SECOND], [IN_FLIGHT, IN_FLIGHT - SECOND]))
)
def test_a_reader_needs_both_gaps_to_the_second(to_swap: timedelta, to_unpublish: timedelta) -> None:
    steps = [step("publish", SWAP - to_swap), step("swap", SWAP), step("unpublish", SWAP + to_unpublish)]
    verdicts = {verdict for verdict, _, _ in told(lab(PULL, steps))}
    enough = to_swap == 4 * HOUR and to_unpublish == IN_FLIGHT
    assert verdicts == (set() if enough else {AT_RISK})


@pytest.mark.parametrize("to_swap", [timedelta(0), HOUR, 3 * HOUR])
@pytest.mark.parametrize("to_unpublish", [timedelta(0), MINUTE])
def test_the_right_order_with_short_gaps_is_at_risk_and_no_outage(to_swap: timedelta, to_unpublish: timedelta) -> None:
    steps = [step("publish", SWAP - to_swap), step("swap", SWAP), step("unpublish", SWAP + to_unpublish)]
    assert {verdict for verdict, _, _ in told(lab(PULL, steps))} == {AT_RISK}


@pytest.mark.parametrize(
    ("lead", "risk"), [(timedelta(0), 4), (HOUR, 3), (2 * HOUR, 2), (3 * HOUR, 1), (4 * HOUR, 0), (DAY, 0)]
)
def test_a_swap_too_early_costs_a_reader_at_worst_the_rest_of_its_interval(lead: timedelta, risk: int) -> None:
    # F16: the worst case is R - l
    inventory = lab(PULL, [step("publish", SWAP - lead), step("swap", SWAP)])
    assert lasting(inventory, AT_RISK) == risk * HOUR
    assert lasting(inventory, OUTAGE) == timedelta(0)


@pytest.mark.parametrize(("lead", "risk"), [(0, 10), (4, 6), (10, 0), (60, 0)])
def test_on_miss_the_first_gap_may_be_nothing_and_costs_the_cooldown(lead: int, risk: int) -> None:
    # A fetch made before the publication bars another one for the cooldown, and no longer than that.
    inventory = lab(ON_MISS, [step("publish", SWAP - lead * MINUTE), step("swap", SWAP)])
    assert lasting(inventory, AT_RISK) == risk * MINUTE
    assert lasting(inventory, OUTAGE) == timedelta(0)


def test_on_miss_a_cached_key_outlives_its_removal_until_something_is_missed() -> None:
    gone = [step("unpublish", SWAP - DAY), step("publish", SWAP - DAY), step("swap", SWAP)]
    assert {verdict for verdict, start, _ in told(lab(ON_MISS, gone)) if start < SWAP} == {AT_RISK}
    assert {verdict for verdict, _, _ in told(lab(ON_MISS, [step("unpublish", SWAP)]))} == {AT_RISK}


def test_on_miss_a_renewed_certificate_over_a_cached_key_is_never_missed() -> None:
    steps = [step("swap", SWAP), step("unpublish", SWAP + SECOND)]
    assert {verdict for verdict, _, _ in told(lab(ON_MISS, steps, **SAME_KEY))} == {AT_RISK}
    assert OUTAGE in {verdict for verdict, _, _ in told(lab(ON_MISS, steps))}


@pytest.mark.parametrize("order", list(permutations(("add", "swap"))))
@pytest.mark.parametrize("verb", ["add", "replace"])
def test_one_slot_has_no_safe_order_and_the_outage_equals_the_gap(order: tuple[str, ...], verb: str) -> None:
    steps = in_order(*(verb if each == "add" else each for each in order))
    inventory = lab(verifier(slots=1), steps)
    assert lasting(inventory, OUTAGE) == DAY


@pytest.mark.parametrize("order", list(permutations(("add", "swap", "remove"))))
def test_with_one_key_in_both_certificates_any_order_is_safe_where_keys_are_compared(order: tuple[str, ...]) -> None:
    # The verifier never holds nothing: the old certificate leaves only where the new one has come.
    outcome = told(lab(verifier(slots=2), in_order(*order), **SAME_KEY))
    holds_something = order.index("add") < order.index("remove")
    assert (outcome == IS_SAFE) == holds_something


@pytest.mark.parametrize("order", list(permutations(("replace", "swap"))))
def test_with_one_key_in_both_certificates_even_one_slot_is_safe(order: tuple[str, ...]) -> None:
    assert told(lab(verifier(slots=1), in_order(*order), **SAME_KEY)) == IS_SAFE
    whole = told(lab(verifier(slots=1, match=Match.CERTIFICATE), in_order(*order), **SAME_KEY))
    assert (OUTAGE, START + DAY, START + 2 * DAY) in whole


@pytest.mark.parametrize("match", [Match.CERTIFICATE, Match.FINGERPRINT])
@pytest.mark.parametrize("order", list(permutations(("add", "swap", "remove"))))
def test_where_whole_certificates_are_compared_a_renewal_is_a_new_key(match: Match, order: tuple[str, ...]) -> None:
    renewal = told(lab(verifier(slots=2, match=match), in_order(*order), **SAME_KEY))
    new_key = told(lab(verifier(slots=2), in_order(*order)))
    assert renewal == new_key


# ---- B.9: worked cases ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [START + HOUR, SWAP])
def test_w1_where_requests_are_not_verified_a_swap_is_safe_at_any_time(at: datetime) -> None:
    assert told(lab(verifier(verifies=Known.NO, slots=1), [step("swap", at)])) == IS_SAFE


def test_w2_where_the_old_one_has_expired_the_order_is_irrelevant_and_login_fails_already() -> None:
    strict = verifier(checks_expiry=Known.YES)
    early = told(lab(strict, [step("add", SWAP - DAY), step("swap", SWAP), step("remove", SWAP + DAY)]))
    assert early == [(OUTAGE, START, SWAP), (AT_RISK, SWAP, SWAP + IN_FLIGHT)]
    late = told(lab(strict, [step("swap", SWAP), step("add", SWAP + DAY)]))
    assert late == [(OUTAGE, START, SWAP + DAY)]


@pytest.mark.parametrize(
    ("late", "out", "risk"),
    [(timedelta(0), 0.0, 0.1), (30 * MINUTE, 0.5, None), (-30 * MINUTE, 0.4, 0.2)],
)
def test_w3_one_slot_replaced_in_the_same_minute_or_half_an_hour_off(
    late: timedelta, out: float, risk: float | None
) -> None:
    # P = L = 6 min, in hours: outage 0 and at risk 0.1; 30 min late 0.5; 30 min early 0.4 and 0.2
    slow = verifier(slots=1, propagation=6 * MINUTE)
    inventory = lab(slow, [step("replace", SWAP + late), step("swap", SWAP)])
    assert lasting(inventory, OUTAGE) == out * HOUR
    if risk is not None:
        assert lasting(inventory, AT_RISK) == risk * HOUR


def test_w4_a_daily_reader_is_at_risk_for_22_hours_after_two_and_safe_after_24() -> None:
    daily = verifier(mode=Mode.PULL, refresh=DAY)
    after_two = lab(daily, [step("publish", SWAP - 2 * HOUR), step("swap", SWAP)])
    assert told(after_two) == [(AT_RISK, SWAP, SWAP + 22 * HOUR)]
    assert told(lab(daily, [step("publish", SWAP - DAY), step("swap", SWAP)])) == IS_SAFE
    # F17: unpublishing at the swap puts the messages that are under way at risk, L of them
    coupled = lab(daily, [step("publish", SWAP - DAY), step("swap", SWAP), step("unpublish", SWAP)])
    assert told(coupled) == [(AT_RISK, SWAP, SWAP + IN_FLIGHT)]


# ---- F18: one slot ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("propagation", [0, 1, 6, 30, 1440])
@pytest.mark.parametrize("swap_takes", [0, 5, 90])
def test_the_least_risk_with_one_slot_is_reached_by_replacing_at_the_swap(propagation: int, swap_takes: int) -> None:
    wait, takes = propagation * MINUTE, swap_takes * MINUTE
    slow = verifier(slots=1, propagation=wait)

    def played(at: timedelta) -> tuple[timedelta, timedelta]:
        inventory = lab(slow, [step("replace", SWAP + at), step("swap", SWAP)], signer={"swap_takes": takes})
        return lasting(inventory, OUTAGE), lasting(inventory, AT_RISK)

    least = max(wait, takes + IN_FLIGHT)
    assert played(timedelta(0)) == (timedelta(0), least)
    for x in (SECOND, 17 * MINUTE, 5 * HOUR):
        early, late = played(-wait - x), played(takes + x)
        assert early[0] == late[0] == x, "being x late or early beyond the uncertainty costs x"
    for within in (-wait, -wait / 2, takes / 2, takes):
        out, risk = played(within)
        assert out == timedelta(0)
        assert risk >= least


# ---- the exact second ------------------------------------------------------------------------------------------------


def test_a_certificate_is_good_through_its_last_second() -> None:
    last = certificate("greenmoor").not_after
    strict = verifier(checks_expiry=Known.YES)
    inventory = lab(strict, [step("add", START + HOUR), step("swap", last + DAY)], old="greenmoor")
    found = [each for each in intervals(inventory, START, last + 2 * DAY) if each.verdict is not SAFE]
    assert (found[0].verdict, found[0].start) == (OUTAGE, last + SECOND)
    assert found[0].reason is Reason.EXPIRED


def test_a_swap_leaves_time_for_the_last_messages_before_the_old_one_expires() -> None:
    # F11: s + Ds + L + eps <= notAfter of the old one
    last, strict = certificate("greenmoor").not_after, verifier(checks_expiry=Known.YES)
    takes = 10 * MINUTE

    def risk(swap: timedelta) -> timedelta:
        steps = [step("add", START), step("swap", last + SECOND - swap)]
        inventory = lab(strict, steps, old="greenmoor", signer={"swap_takes": takes})
        return sum(
            (each.end - each.start for each in intervals(inventory, START, last + DAY) if each.verdict is AT_RISK),
            timedelta(0),
        )

    assert risk(takes + IN_FLIGHT) == timedelta(0)
    assert risk(takes + IN_FLIGHT - SECOND) == SECOND


def test_a_new_certificate_is_refused_until_its_first_second() -> None:
    begins = certificate("sso_2027").not_before
    strict = verifier(checks_expiry=Known.YES)
    inventory = lab(strict, [step("add", begins - DAY), step("swap", begins - HOUR)], old="greenmoor")
    found = [each for each in intervals(inventory, begins - DAY, begins + DAY) if each.verdict is not SAFE]
    assert [(each.verdict, each.start, each.end, each.reason) for each in found] == [
        (OUTAGE, begins - HOUR, begins, Reason.NOT_YET_VALID)
    ]


@pytest.mark.parametrize("short", [timedelta(0), SECOND])
def test_propagation_counts_to_the_second(short: timedelta) -> None:
    slow = verifier(propagation=20 * MINUTE)
    inventory = lab(slow, [step("add", SWAP - 20 * MINUTE + short), step("swap", SWAP)])
    assert lasting(inventory, AT_RISK) == short
    assert lasting(inventory, OUTAGE) == timedelta(0)


@pytest.mark.parametrize("short", [timedelta(0), SECOND])
@pytest.mark.parametrize("swap_takes", [timedelta(0), 3 * HOUR])
def test_the_old_key_has_to_stay_until_every_node_swapped_and_all_messages_arrived(
    short: timedelta, swap_takes: timedelta
) -> None:
    # F9, F10: Iret = Ds + L + eps
    life: dict[str, Any] = {"message_life": 8 * MINUTE, "skew": 2 * MINUTE}
    steps = [step("add", START), step("swap", SWAP), step("remove", SWAP + swap_takes + 10 * MINUTE - short)]
    inventory = lab(verifier(**life), steps, signer={"swap_takes": swap_takes})
    assert lasting(inventory, AT_RISK) == short


def test_while_the_nodes_disagree_either_key_may_be_missing_without_an_outage() -> None:
    steps = [step("swap", SWAP), step("add", SWAP + 3 * HOUR)]
    slow = {"swap_takes": 2 * HOUR}
    assert told(lab(verifier(), steps, signer=slow)) == [
        (AT_RISK, SWAP, SWAP + 2 * HOUR),
        (OUTAGE, SWAP + 2 * HOUR, SWAP + 3 * HOUR),
    ]


def test_removing_while_a_node_still_signs_with_it_is_at_risk() -> None:
    # I8
    steps = [step("add", START), step("swap", SWAP), step("remove", SWAP + HOUR)]
    found = told(lab(verifier(), steps, signer={"swap_takes": 2 * HOUR}))
    assert found == [(AT_RISK, SWAP + HOUR, SWAP + 2 * HOUR + IN_FLIGHT)]


# ---- what is not known -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unknown", "steps"),
    [
        ({"slots": Slots.UNKNOWN}, [step("add", SWAP - DAY), step("swap", SWAP)]),
        ({"verifies": Known.UNKNOWN}, [step("swap", SWAP)]),
        ({"checks_expiry": Known.UNKNOWN}, [step("add", START - DAY)]),
    ],
)
def test_what_nobody_knows_is_at_risk_and_never_out_or_safe(unknown: dict[str, Any], steps: list[Any]) -> None:
    inventory = lab(verifier(**unknown), steps)
    assert {verdict for verdict, _, _ in told(inventory)} == {AT_RISK}


def test_what_is_compared_matters_only_where_the_key_stays() -> None:
    unsure = verifier(match=Match.UNKNOWN)
    assert {verdict for verdict, _, _ in told(lab(unsure, [step("swap", SWAP)], **SAME_KEY))} == {AT_RISK}
    assert {verdict for verdict, _, _ in told(lab(unsure, [step("swap", SWAP)]))} == {OUTAGE}


def test_an_unknown_refresh_counts_as_a_day_and_an_unknown_propagation_as_ten_minutes() -> None:
    reader = verifier(mode=Mode.PULL, refresh=UNKNOWN)
    assert lasting(lab(reader, [step("publish", SWAP), step("swap", SWAP)]), AT_RISK) == DAY
    by_hand = verifier(propagation=UNKNOWN)
    assert lasting(lab(by_hand, [step("add", SWAP), step("swap", SWAP)]), AT_RISK) == 10 * MINUTE


def test_an_outage_counts_only_where_nothing_unknown_could_help() -> None:
    unsure = verifier(slots=Slots.UNKNOWN, propagation=UNKNOWN)
    inventory = lab(unsure, [step("swap", SWAP), step("add", SWAP + DAY)])
    assert told(inventory)[0] == (OUTAGE, SWAP, SWAP + DAY)


# ---- the sweep itself ------------------------------------------------------------------------------------------------


def test_the_sweep_leaves_no_gap_and_begins_and_ends_where_it_is_told() -> None:
    inventory = lab(PULL, in_order("publish", "swap", "unpublish"))
    found = intervals(inventory, START, SWAP)
    assert found[0].start == START
    assert found[-1].end == SWAP
    assert all(one.end == other.start for one, other in pairwise(found))
