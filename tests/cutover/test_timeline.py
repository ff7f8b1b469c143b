from __future__ import annotations

from dataclasses import replace

import pytest

from ssolab.core.findings import ConfigError
from ssolab.cutover.habits import Habits, Known, Mode, Slots
from ssolab.cutover.holdings import ALWAYS, Change, Hold
from ssolab.cutover.model import AddressChange, Brings, Inventory
from ssolab.cutover.timeline import involved
from tests.cutover.parts import (
    HOUR,
    IN_FLIGHT,
    MINUTE,
    ORG,
    SECOND,
    START,
    SWAP,
    certificate,
    course_of,
    lab,
    step,
    verifier,
)

OLD, NEW = certificate("proxy"), certificate("sso_2027")
MOVED = AddressChange(before="https://before.example/acs", after="https://after.example/acs")
SLOW = verifier(propagation=HOUR)


def held(inventory: Inventory, at: object) -> tuple[set[str], set[str]]:
    """What is certainly and what is possibly held, by label."""
    certificates = course_of(inventory).certificates
    return (
        {each.label for each in certificates.must(at)},  # type: ignore[arg-type]
        {each.label for each in certificates.may(at)},  # type: ignore[arg-type]
    )


def test_by_hand_a_key_comes_for_certain_after_the_propagation() -> None:
    # F1, without the people's lead, which the step's own date contains
    inventory = lab(SLOW, [step("add", SWAP)])
    old, both = {OLD.label}, {OLD.label, NEW.label}
    assert held(inventory, SWAP - SECOND) == (old, old)
    assert held(inventory, SWAP) == (old, both)
    assert held(inventory, SWAP + HOUR - SECOND) == (old, both)
    assert held(inventory, SWAP + HOUR) == (both, both)


def test_by_hand_a_key_goes_for_certain_after_the_propagation() -> None:
    inventory = lab(SLOW, [step("remove", SWAP)])
    old: set[str] = {OLD.label}
    assert held(inventory, SWAP - SECOND) == (old, old)
    assert held(inventory, SWAP) == (set(), old)
    assert held(inventory, SWAP + HOUR) == (set(), set())


@pytest.mark.parametrize("verb", ["add", "replace"])
def test_one_slot_is_overwritten(verb: str) -> None:
    inventory = lab(replace(SLOW, slots=1), [step(verb, SWAP)])
    assert held(inventory, SWAP) == (set(), {OLD.label, NEW.label})
    assert held(inventory, SWAP + HOUR) == ({NEW.label}, {NEW.label})


@pytest.mark.parametrize("slots", [1, 2, 3, Slots.MANY])
@pytest.mark.parametrize("verb", ["add", "replace"])
def test_a_verifier_never_certainly_holds_more_than_it_has_slots(slots: int | Slots, verb: str) -> None:
    # I3
    steps = [step(verb, START + HOUR), step("swap", SWAP), step(verb, SWAP + HOUR), step("remove", SWAP + 2 * HOUR)]
    certificates = course_of(lab(verifier(slots=slots), steps)).certificates
    for hours in range(200):
        at = START + hours * HOUR
        assert len(certificates.must(at)) <= (99 if isinstance(slots, Slots) else slots)


def test_replacing_empties_the_slot_of_the_old_key_even_where_there_is_room() -> None:
    inventory = lab(verifier(slots=2), [step("replace", SWAP)])
    assert held(inventory, SWAP) == ({NEW.label}, {NEW.label})


def test_a_reader_knows_of_a_publication_after_its_interval_at_the_latest() -> None:
    # F2
    inventory = lab(verifier(mode=Mode.PULL, refresh=4 * HOUR), [step("publish", SWAP), step("unpublish", SWAP + HOUR)])
    both = {OLD.label, NEW.label}
    assert held(inventory, SWAP + 4 * HOUR - SECOND) == (set(), both)
    assert held(inventory, SWAP + 4 * HOUR) == ({NEW.label}, both)
    assert held(inventory, SWAP + 5 * HOUR) == ({NEW.label}, {NEW.label})


@pytest.mark.parametrize("mode", [Mode.MANUAL, Mode.API])
def test_publishing_tells_nothing_to_a_partner_that_reads_no_metadata(mode: Mode) -> None:
    inventory = lab(verifier(mode=mode), [step("publish", SWAP), step("unpublish", SWAP)])
    assert held(inventory, SWAP + 99 * HOUR) == ({OLD.label}, {OLD.label})


@pytest.mark.parametrize(("mode", "told"), [(Mode.MANUAL, True), (Mode.API, True), (Mode.PULL, False)])
def test_a_step_without_a_party_is_done_by_those_who_act_by_hand(mode: Mode, told: bool) -> None:  # noqa: FBT001
    habits = verifier(mode=mode, refresh=HOUR)
    inventory = lab(habits, [replace(step("add", SWAP), party=None)])
    assert (NEW.label in held(inventory, SWAP)[1]) is told


def test_a_step_at_somebody_else_changes_nothing_here() -> None:
    inventory = lab(verifier(), [step("add", SWAP, "adfs"), step("remove", SWAP, "okta")])
    assert held(inventory, SWAP + HOUR) == ({OLD.label}, {OLD.label})


def test_steps_are_taken_in_the_order_of_their_dates() -> None:
    forwards = [step("add", SWAP - HOUR), step("swap", SWAP), step("remove", SWAP + HOUR)]
    there, back = course_of(lab(verifier(), forwards)), course_of(lab(verifier(), reversed(forwards)))
    assert there.certificates == back.certificates
    assert there.emission == back.emission


def test_a_key_that_comes_again_is_there_again() -> None:
    old, new = "old", "new"
    hold = Hold(
        (
            Change(item=old, comes=True, at=ALWAYS, by=ALWAYS),
            Change(item=old, comes=False, at=START, by=START + HOUR),
            Change(item=new, comes=True, at=START, by=START),
            Change(item=old, comes=True, at=START + 2 * HOUR, by=START + 3 * HOUR),
        )
    )
    assert set(hold.must(START + HOUR)) == {new}
    assert set(hold.may(START + HOUR)) == {new}
    assert set(hold.may(START + 2 * HOUR)) == {new, old}
    assert set(hold.must(START + 3 * HOUR)) == {new, old}


# ---- what is signed with ---------------------------------------------------------------------------------------------


def signed_with(inventory: Inventory, start: object, end: object) -> list[tuple[str, object]]:
    return [
        (material.certificate.label, last)
        for material, last in course_of(inventory).emission.may(start, end)  # type: ignore[arg-type]
    ]


def test_while_the_nodes_swap_both_keys_are_in_use() -> None:
    inventory = lab(verifier(), [step("swap", SWAP)], signer={"swap_takes": HOUR})
    assert signed_with(inventory, SWAP - HOUR, SWAP - SECOND) == [(OLD.label, SWAP - SECOND)]
    assert signed_with(inventory, SWAP, SWAP) == [(OLD.label, SWAP), (NEW.label, SWAP)]
    last = SWAP + HOUR - SECOND
    assert signed_with(inventory, last, last) == [(OLD.label, last), (NEW.label, last)]
    assert signed_with(inventory, SWAP + HOUR, SWAP + HOUR) == [(NEW.label, SWAP + HOUR)]


def test_the_last_message_with_the_old_key_is_made_in_the_second_before_the_swap() -> None:
    inventory = lab(verifier(), [step("swap", SWAP)])
    assert signed_with(inventory, SWAP - IN_FLIGHT, SWAP) == [(OLD.label, SWAP - SECOND), (NEW.label, SWAP)]


def test_without_a_swap_the_old_key_signs_for_ever() -> None:
    inventory = lab(verifier(), [step("add", SWAP)])
    assert signed_with(inventory, SWAP, SWAP + 999 * HOUR) == [(OLD.label, SWAP + 999 * HOUR)]


def test_a_link_whose_signer_has_another_key_is_not_touched() -> None:
    inventory = lab(verifier(), [step("swap", SWAP)], link="okta-idp-initiated")
    cutover = inventory.cutover(None)
    foreign = replace(
        inventory, parties={**inventory.parties, "okta": replace(inventory.parties["okta"], certificates={})}
    )
    link = inventory.links["okta-idp-initiated"]
    assert involved(inventory, cutover, link)
    assert not involved(foreign, cutover, link)
    assert signed_with(foreign, START, SWAP + HOUR) == [(certificate("okta").label, SWAP + HOUR)]


def test_a_key_that_only_the_metadata_of_its_owner_shows_is_the_owners() -> None:
    inventory = lab(verifier(), [step("swap", SWAP)], link="okta-idp-initiated", old="okta")
    okta = replace(inventory.parties["okta"], certificates={})
    bare = replace(inventory, parties={**inventory.parties, "okta": okta})
    assert involved(bare, bare.cutover(None), bare.links["okta-idp-initiated"])
    assert okta.signing_certificate() == certificate("okta")


# ---- one partner at a time -------------------------------------------------------------------------------------------


def test_a_swap_for_one_partner_leaves_the_others_as_they_are() -> None:
    mine = course_of(lab(verifier(), [step("swap", SWAP, "pingone")]))
    assert [turn.at for turn in mine.emission.turns] == [ALWAYS, SWAP]
    other = course_of(lab(verifier(), [step("swap", SWAP, "adfs")]))
    assert [turn.at for turn in other.emission.turns] == [ALWAYS]


def test_a_swap_for_one_partner_is_refused_where_the_signer_has_one_key_for_all() -> None:
    inventory = lab(verifier(), [step("swap", SWAP, "pingone")], signer={"per_partner_key": False})
    with pytest.raises(ConfigError, match=r"greenmoor cannot swap for pingone alone.*swap without a party"):
        course_of(inventory)
    assert course_of(lab(verifier(), [step("swap", SWAP)], signer={"per_partner_key": False}))


def test_what_another_signer_can_do_does_not_matter_to_a_swap() -> None:
    # greenmoor swaps; okta, whose assertions are no part of this, has one key for all its partners
    inventory = lab(verifier(), [step("swap", SWAP)], link="okta-idp-initiated", signer={"per_partner_key": False})
    okta = replace(inventory.parties["okta"], certificates={})
    inventory = replace(inventory, parties={**inventory.parties, "okta": okta})
    assert course_of(inventory)


def test_two_swaps_on_one_link_are_refused() -> None:
    inventory = lab(verifier(), [step("swap", SWAP), step("swap", SWAP + HOUR, "pingone")])
    with pytest.raises(ConfigError, match="pingone-requests has 2 swaps"):
        course_of(inventory)


# ---- the address -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("brings", "comes", "moves"), [(Brings.BOTH, True, True), (Brings.KEY, True, False), (Brings.ADDRESS, False, True)]
)
def test_a_step_brings_the_key_the_address_or_both(brings: Brings, comes: bool, moves: bool) -> None:  # noqa: FBT001
    inventory = lab(verifier(), [step("add", START, brings=brings), step("swap", SWAP)], address=MOVED)
    course = course_of(inventory)
    assert (NEW in course.certificates.must(SWAP)) is comes
    assert (MOVED.after in course.addresses.must(SWAP)) is moves
    assert MOVED.before in course.addresses.must(SWAP)
    assert [turn.material.acs for turn in course.emission.turns] == [MOVED.before, MOVED.after]


def idp_initiated(*steps: object) -> Inventory:
    """The org's address changes; okta signs with a key of its own, and needs an hour for a change."""
    inventory = lab(verifier(), steps, link="okta-idp-initiated", address=MOVED)  # type: ignore[arg-type]
    okta = replace(inventory.parties["okta"], certificates={}, habits=SLOW)
    return replace(inventory, parties={**inventory.parties, "okta": okta})


def test_in_an_idp_initiated_login_the_partner_sends_to_the_new_address_when_it_was_told() -> None:
    course = course_of(idp_initiated(step("add", SWAP + HOUR, "okta"), step("swap", SWAP)))
    assert [(turn.material.acs, turn.at, turn.by) for turn in course.emission.turns[1:]] == [
        (MOVED.after, SWAP + HOUR, SWAP + 2 * HOUR)
    ]
    assert course.addresses.may(SWAP - SECOND) == (MOVED.before,)
    assert course.addresses.must(SWAP) == (MOVED.after,)


def test_what_is_done_at_the_org_tells_the_partner_no_address() -> None:
    course = course_of(idp_initiated(step("add", SWAP, ORG), step("swap", SWAP)))
    assert [turn.material.acs for turn in course.emission.turns] == [MOVED.before]


def test_where_an_idp_swaps_its_assertion_key_the_service_provider_takes_it_over() -> None:
    steps = [step("add", SWAP - HOUR, ORG), step("swap", SWAP, "okta")]
    course = course_of(lab(verifier(), steps, link="okta-idp-initiated", old="okta"))
    assert NEW in course.certificates.must(SWAP)
    told_at_itself = [step("add", SWAP - HOUR, "okta"), step("swap", SWAP, "okta")]
    course = course_of(lab(verifier(), told_at_itself, link="okta-idp-initiated", old="okta"))
    assert NEW not in course.certificates.may(SWAP)


# ---- moments ---------------------------------------------------------------------------------------------------------


def test_the_moments_hold_every_change_and_its_latest_effect() -> None:
    inventory = lab(
        SLOW, [step("add", START), step("swap", SWAP), step("remove", SWAP + HOUR)], signer={"swap_takes": MINUTE}
    )
    moments = set(course_of(inventory).moments())
    expected = {START, START + HOUR, SWAP, SWAP + MINUTE, SWAP + MINUTE + IN_FLIGHT, SWAP + HOUR, SWAP + 2 * HOUR}
    assert expected <= moments


@pytest.mark.parametrize(
    ("habits", "counts"),
    [
        (verifier(checks_expiry=Known.YES), True),
        (verifier(checks_expiry=Known.NO), False),
        (verifier(checks_expiry=Known.YES, verifies=Known.NO), False),
    ],
)
def test_dates_of_certificates_are_moments_only_where_they_are_enforced(habits: Habits, counts: bool) -> None:  # noqa: FBT001
    moments = set(course_of(lab(habits, [step("add", START), step("swap", SWAP)])).moments())
    dates = {NEW.not_before, NEW.not_after + SECOND, OLD.not_after + SECOND}
    assert (dates <= moments) is counts
