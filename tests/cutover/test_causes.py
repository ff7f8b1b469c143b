from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.core.catalog import entries_of
from ssolab.core.findings import DefectError
from ssolab.cutover import causes
from ssolab.cutover.causes import Cause, Told, explain
from ssolab.cutover.check import Interval
from ssolab.cutover.evidence import Evidence
from ssolab.cutover.habits import UNKNOWN, Habits, Known, Match, Mode, Slots
from ssolab.cutover.model import AddressChange, Brings
from ssolab.cutover.remarks import holds_because
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
    courses,
    lab,
    lasting,
    step,
    told,
    verifier,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.cutover.check import Verdict
    from ssolab.cutover.model import Inventory

DAY = 24 * HOUR
SAME_KEY: dict[str, Any] = {"old": "proxy_2010", "new": "proxy_2011"}
PULL = verifier(mode=Mode.PULL, refresh=4 * HOUR)
ON_MISS = verifier(mode=Mode.ON_MISS, cooldown=10 * MINUTE)
STRICT = verifier(checks_expiry=Known.YES)
MOVED = AddressChange(before="https://before.example/acs", after="https://after.example/acs")


def evidence(inventory: Inventory, interval: Interval, now: Any = START) -> Evidence:
    cutover, both = inventory.cutover(None), courses(inventory)
    return Evidence(
        inventory=inventory,
        cutover=cutover,
        link=inventory.links[cutover.links[0]],
        course=both.worst if interval.verdict is AT_RISK else both.best,
        best=both.best,
        interval=interval,
        now=now,
    )


def explained(inventory: Inventory, now: Any = START) -> list[tuple[Verdict, str, Told]]:
    """Every window that is not safe with its code, cause and cure; neighbours that say the same are told once."""
    found: list[tuple[Verdict, str, Told]] = []
    for interval in courses(inventory).intervals(now, now + 90 * DAY):
        if interval.verdict is not SAFE:
            one = (interval.verdict, *explain(evidence(inventory, interval, now)))
            found += [] if found and found[-1] == one else [one]
    return found


def only(inventory: Inventory, now: Any = START) -> tuple[str, str, str]:
    """The one code, cause and cure of a lab."""
    said = {(code, told_.cause, told_.cure) for _, code, told_ in explained(inventory, now)}
    assert len(said) == 1, said
    return said.pop()


def test_every_cause_is_in_the_catalog_with_a_remedy() -> None:
    found = {entry.code: entry for entry in entries_of([causes], Cause)}
    assert set(found) == {
        "unknown-habit",
        "expired-before-swap",
        "not-yet-valid-at-swap",
        "algorithm-not-permitted",
        "address-not-updated",
        "certificate-compared",
        "one-slot-verifier",
        "swapped-before-readers-refreshed",
        "swapped-before-publishing",
        "late-partner",
        "never-added",
        "removed-too-early",
    }
    assert all(entry.title.endswith(".") and len(entry.text) > 60 for entry in found.values())


# ---- each cause: what it says, and that its cure cures ---------------------------------------------------------------


def test_a_partner_added_late_is_told_how_late_and_adding_before_helps() -> None:
    late = lab(verifier(), [step("swap", SWAP), step("add", SWAP + 2 * DAY)])
    assert only(late) == (
        "late-partner",
        "the new key was added 2 d after the swap",
        "add the new one at pingone before the swap, or swap later",
    )
    assert not told(lab(verifier(), [step("add", SWAP - SECOND), step("swap", SWAP)]))


def test_a_partner_whose_change_is_still_spreading_at_the_swap_is_told_how_long_before() -> None:
    slow = verifier(propagation=HOUR)
    short = lab(slow, [step("add", SWAP - 20 * MINUTE), step("swap", SWAP)])
    code, cause, cure = only(short)
    assert (code, cause) == ("late-partner", "the new key was still taking effect at the swap")
    assert "1 h before the swap" in cure
    assert not told(lab(slow, [step("add", SWAP - HOUR), step("swap", SWAP)]))


def test_a_partner_whom_nobody_gives_the_new_key_is_out_for_good() -> None:
    assert only(lab(verifier(), [step("swap", SWAP)])) == (
        "never-added",
        "nobody gives pingone the new key",
        "add the new one at pingone before the swap",
    )


def test_an_old_key_removed_before_the_swap_is_told_from_when_it_may_go() -> None:
    early = lab(verifier(), [step("add", START), step("remove", SWAP - 3 * HOUR), step("swap", SWAP)])
    assert only(early) == (
        "removed-too-early",
        "the old key was removed 3 h before the swap",
        "remove it from 9 Jan 2027 22:06 on",
    )
    assert not told(lab(verifier(), [step("add", START), step("swap", SWAP), step("remove", SWAP + IN_FLIGHT)]))


def test_an_old_key_removed_right_after_the_swap_fails_what_is_under_way() -> None:
    code, cause, _ = only(lab(verifier(), [step("add", START), step("swap", SWAP), step("remove", SWAP)]))
    assert (code, cause) == ("removed-too-early", "the old key was removed while its last messages were under way")


def test_a_reader_is_told_to_unpublish_later_and_not_to_remove() -> None:
    steps = [step("publish", START), step("swap", SWAP), step("unpublish", SWAP)]
    code, _, cure = only(lab(PULL, steps))
    assert (code, cure) == ("removed-too-early", "unpublish it from 9 Jan 2027 22:06 on")


@pytest.mark.parametrize("brings", [Brings.BOTH, Brings.KEY])
def test_replacing_where_there_is_room_for_two_is_told_to_add(brings: Brings) -> None:
    early = lab(verifier(slots=2), [step("replace", SWAP - HOUR, brings=brings), step("swap", SWAP)])
    code, _, cure = only(early)
    assert code == "removed-too-early"
    assert cure == "add the new one beside the old key, and remove the old one from 9 Jan 2027 22:06 on"


def test_a_removal_that_no_swap_follows_is_told_so() -> None:
    code, cause, _ = only(lab(verifier(), [step("add", START), step("remove", SWAP)]))
    assert (code, cause) == ("removed-too-early", "the old key was removed, and nothing swaps")


@pytest.mark.parametrize(
    ("at", "cause", "cure"),
    [
        (-DAY, "replaced the old 23 h early", "replace at the swap, not before: outage 23 h becomes at most 1 h"),
        (DAY, "replaced the old 1 d late", "replace at the swap, not after: outage 1 d becomes at most 1 h"),
        (
            timedelta(0),
            "replaced the old at the swap",
            "nothing is better with one slot; choose a quiet hour: it lasts 1 h",
        ),
        (-30 * MINUTE, "while the swap was under way", "replace at the very beginning of the swap"),
    ],
)
def test_one_slot_is_told_its_hard_outage_and_the_least_there_is(at: timedelta, cause: str, cure: str) -> None:
    # F18: being x off beyond the uncertainty costs x; the least is max(P, Ds + L), at r = s
    slow = verifier(slots=1, propagation=HOUR)
    found = only(lab(slow, [step("replace", SWAP + at), step("swap", SWAP)]))
    assert found[0] == "one-slot-verifier"
    assert cause in found[1]
    assert cure in found[2]
    at_swap = lab(slow, [step("replace", SWAP), step("swap", SWAP)])
    assert (lasting(at_swap, OUTAGE), lasting(at_swap, AT_RISK)) == (timedelta(0), HOUR)


def test_a_reader_that_had_too_little_time_is_told_its_interval() -> None:
    short = lab(PULL, [step("publish", SWAP - HOUR), step("swap", SWAP)])
    assert only(short) == (
        "swapped-before-readers-refreshed",
        "reads metadata every 4 h, swap came 1 h after publishing",
        "publish 4 h before the swap",
    )
    assert not told(lab(PULL, [step("publish", SWAP - 4 * HOUR), step("swap", SWAP)]))
    at_once = lab(PULL, [step("publish", SWAP), step("swap", SWAP)])
    assert only(at_once)[1] == "reads metadata every 4 h, swap came at the moment of publishing"


def test_who_fetches_on_a_miss_is_told_its_cooldown() -> None:
    code, cause, cure = only(lab(ON_MISS, [step("publish", SWAP - MINUTE), step("swap", SWAP)]))
    assert code == "swapped-before-readers-refreshed"
    assert cause == "fetches an unknown key only every 10 min, swap came 1 min after publishing"
    assert cure == "publish 10 min before the swap"
    assert not told(lab(ON_MISS, [step("publish", SWAP - 10 * MINUTE), step("swap", SWAP)]))


@pytest.mark.parametrize("habits", [PULL, ON_MISS], ids=["pull", "on-miss"])
def test_a_key_published_after_the_swap_or_never_is_told_so(habits: Habits) -> None:
    late = lab(habits, [step("swap", SWAP), step("publish", SWAP + DAY)])
    assert only(late)[:2] == ("swapped-before-publishing", "the new key was published 1 d after the swap")
    never = lab(habits, [step("swap", SWAP)])
    assert only(never)[:2] == ("swapped-before-publishing", "the new key was never published")


def test_a_reader_that_is_told_by_hand_too_late_hears_of_its_hand_and_not_of_publishing() -> None:
    slow = replace(PULL, propagation=HOUR)
    code, cause, _ = only(lab(slow, [step("add", SWAP - 20 * MINUTE), step("swap", SWAP)]))
    assert (code, cause) == ("late-partner", "the new key was still taking effect at the swap")


def test_an_expiry_that_has_passed_says_swap_now() -> None:
    code, cause, cure = only(lab(STRICT, [step("add", START), step("swap", SWAP)]))
    assert (code, cause) == ("expired-before-swap", "refuses the expired certificate, at pingone")
    assert cure == "add the new one at pingone and swap now"


def test_an_expiry_that_lies_ahead_says_by_when_to_swap() -> None:
    # F11: the last message signed with the old key has to arrive before its certificate ends
    last = certificate("greenmoor").not_after
    takes = {"swap_takes": 10 * MINUTE}
    late = lab(STRICT, [step("add", START), step("swap", last + DAY)], old="greenmoor", signer=takes)
    assert only(late)[2] == "add the new one at pingone and swap before 12 Mar 2027 11:44"
    barely = lab(STRICT, [step("add", START), step("swap", last - 3 * MINUTE)], old="greenmoor", signer=takes)
    assert only(barely)[2] == "add the new one at pingone and swap before 12 Mar 2027 11:44"
    in_time = lab(STRICT, [step("add", START), step("swap", last - 16 * MINUTE)], old="greenmoor", signer=takes)
    assert explained(in_time) == []


def test_a_new_certificate_that_has_expired_itself_is_no_cure() -> None:
    steps = [step("add", START), step("swap", SWAP)]
    code, _, cure = only(lab(STRICT, steps, old="greenmoor", new="proxy"))
    assert code == "expired-before-swap"
    assert cure == "swap to a certificate that lasts longer: the new one ends 17 Oct 2017 23:59"


def test_a_partners_own_expired_certificate_is_told_as_its_own() -> None:
    inventory = lab(STRICT, [step("swap", SWAP)], link="adfs-idp-initiated", old="greenmoor")
    adfs = replace(inventory.parties["adfs"], certificates={})
    inventory = replace(inventory, parties={**inventory.parties, "adfs": adfs})
    ends = certificate("adfs").not_after
    code, _, cure = only(inventory, ends - DAY)
    assert code == "expired-before-swap"
    assert cure == "renew ADFS Signing - sts.birchline.example of adfs before 3 Aug 2027 08:15"
    assert only(inventory, ends + DAY)[2] == "renew ADFS Signing - sts.birchline.example of adfs now"


def test_a_certificate_that_is_not_valid_yet_says_from_when() -> None:
    begins = certificate("sso_2027").not_before  # 10:02:47
    steps = [step("add", begins - 2 * DAY), step("swap", begins - HOUR)]
    code, cause, cure = only(lab(STRICT, steps, old="greenmoor"), begins - 3 * DAY)
    assert code == "not-yet-valid-at-swap"
    assert "valid only from 14 Dec 2026 10:03" in cause
    assert cure == "swap after 14 Dec 2026 10:03"


@pytest.mark.parametrize(
    ("changes", "said", "allow"),
    [
        ({"hash": "sha1"}, "no SHA-1", 'allow = ["sha1"]'),
        (SAME_KEY, "no RSA key of fewer than 2048 bits", 'allow = ["rsa1024"]'),
        ({**SAME_KEY, "hash": "sha1"}, "no SHA-1 and no RSA key of fewer", 'allow = ["sha1", "rsa1024"]'),
    ],
)
def test_what_is_too_weak_is_told_with_the_permission_that_plays_it(
    changes: dict[str, Any], said: str, allow: str
) -> None:
    inventory = lab(verifier(), [step("add", START), step("swap", SWAP)], **changes)
    assert explained(inventory) == []
    strict = replace(inventory.parties["pingone"], permit=frozenset())
    inventory = replace(inventory, parties={**inventory.parties, "pingone": strict})
    code, cause, cure = only(inventory)
    assert code == "algorithm-not-permitted"
    assert said in cause
    assert allow in cure


@pytest.mark.parametrize(("habits", "how"), [(verifier(slots=2), "add"), (PULL, "publish")])
def test_comparing_certificates_is_cured_as_a_new_key_is(habits: Habits, how: str) -> None:
    compares = replace(habits, match=Match.CERTIFICATE)
    late = [step("swap", SWAP), step(how, SWAP + DAY)]
    code, cause, cure = only(lab(compares, late, **SAME_KEY))
    assert (code, cause) == ("certificate-compared", "same key, but pingone compares certificates")
    assert cure == only(lab(habits, late))[2]


def test_comparing_certificates_the_old_one_removed_early_is_told_to_stay() -> None:
    compares = verifier(slots=2, match=Match.FINGERPRINT)
    code, _, cure = only(
        lab(compares, [step("add", START), step("remove", START + DAY), step("swap", SWAP)], **SAME_KEY)
    )
    assert (code, cure) == ("certificate-compared", "remove it from 9 Jan 2027 22:06 on")


def test_comparing_certificates_with_one_slot_is_told_to_replace_at_the_swap() -> None:
    compares = verifier(slots=1, match=Match.CERTIFICATE)
    code, _, cure = only(lab(compares, [step("swap", SWAP), step("replace", SWAP + DAY)], **SAME_KEY))
    assert code == "certificate-compared"
    assert "replace at the swap, not after: outage 1 d becomes at most 6 min" in cure


def test_a_new_address_is_added_before_the_swap_by_who_holds_several() -> None:
    habits = verifier(verifies=Known.NO, propagation=HOUR)
    late = lab(habits, [step("swap", SWAP), step("add", SWAP + DAY)], address=MOVED)
    code, cause, cure = only(late)
    assert (code, cause) == ("address-not-updated", "the request names an address that pingone does not know")
    assert cure == (
        "add the new login address at pingone 1 h before the swap, 9 Jan 2027 22:00: https://after.example/acs"
    )
    assert not told(lab(habits, [step("add", SWAP - HOUR), step("swap", SWAP)], address=MOVED))


def test_a_new_address_is_published_for_who_reads() -> None:
    late = lab(PULL, [step("publish", SWAP), step("swap", SWAP)], address=MOVED)
    assert only(late)[2].startswith("publish the new login address 4 h before the swap")
    assert not told(lab(PULL, [step("publish", SWAP - 4 * HOUR), step("swap", SWAP)], address=MOVED))


@pytest.mark.parametrize("steps", [(0, 1), (0, -1), (0, None)])
def test_a_new_address_in_idp_initiated_logins_belongs_at_the_swap_exactly(steps: tuple[int, int | None]) -> None:
    swap, add = steps
    plan = [step("swap", SWAP + swap * DAY)]
    plan += [] if add is None else [step("add", SWAP + add * DAY, "okta")]
    inventory = lab(verifier(), plan, link="okta-idp-initiated", address=MOVED)
    okta = replace(inventory.parties["okta"], certificates={})
    inventory = replace(inventory, parties={**inventory.parties, "okta": okta})
    code, cause, cure = only(inventory)
    assert (code, cause) == ("address-not-updated", "okta sends logins to an address that the org does not use")
    assert cure == "set the new login address at okta at the swap, 9 Jan 2027 22:00: https://after.example/acs"


# ---- what is not known -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unknown", "steps", "changes", "decides"),
    [
        ({"slots": Slots.UNKNOWN}, [step("add", SWAP - DAY), step("swap", SWAP)], {}, "slots"),
        ({"verifies": Known.UNKNOWN}, [step("swap", SWAP)], {}, "verifies"),
        ({"checks_expiry": Known.UNKNOWN, "slots": Slots.UNKNOWN}, [step("swap", SWAP, "adfs")], {}, "checks_expiry"),
        ({"match": Match.UNKNOWN}, [step("swap", SWAP)], SAME_KEY, "match"),
    ],
)
def test_what_nobody_knows_is_named_and_nothing_else(
    unknown: dict[str, Any], steps: Sequence[Any], changes: dict[str, Any], decides: str
) -> None:
    inventory = lab(verifier(**unknown), steps, **changes)
    code, cause, cure = only(inventory)
    assert (code, cause) == ("unknown-habit", f"not known at pingone: {decides}")
    assert f'override = {{ {decides} = "..." }}' in cure
    assert cure.isascii()


def test_what_fails_either_way_is_told_by_its_own_cause() -> None:
    unsure = verifier(slots=Slots.UNKNOWN, match=Match.UNKNOWN)
    assert only(lab(unsure, [step("swap", SWAP)]))[0] == "never-added"


def test_an_unknown_duration_is_no_unknown_habit() -> None:
    reader = verifier(mode=Mode.PULL, refresh=UNKNOWN)
    assert only(lab(reader, [step("publish", SWAP), step("swap", SWAP)]))[0] == "swapped-before-readers-refreshed"


# ---- the order -------------------------------------------------------------------------------------------------------


def test_the_thing_itself_is_named_before_its_timing() -> None:
    # removed early and expired too: waiting longer would not help
    steps = [step("add", START), step("remove", SWAP - DAY), step("swap", SWAP)]
    codes = [code for _, code, _ in explained(lab(STRICT, steps))]
    assert codes[0] == "expired-before-swap"
    # one slot and added late: adding earlier would be an outage as well
    assert only(lab(verifier(slots=1), [step("swap", SWAP), step("add", SWAP + DAY)]))[0] == "one-slot-verifier"


def test_what_no_cause_recognises_is_a_defect_and_not_a_silence() -> None:
    inventory = lab(verifier(), [step("add", START), step("swap", SWAP)])
    nothing = Interval(start=START, end=SWAP, verdict=OUTAGE)
    with pytest.raises(DefectError, match="nothing explains why pingone-requests is outage"):
        explain(evidence(inventory, nothing))


# ---- why a safe link is safe ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("habits", "changes", "said"),
    [
        (verifier(verifies=Known.NO), {}, "does not check request signatures"),
        (verifier(slots=2), {}, "holds 2 keys, old and new overlap"),
        (verifier(slots=Slots.UNKNOWN), {}, "old and new overlap"),
        (verifier(), {}, "old and new overlap"),
        (PULL, {}, "reads metadata in time"),
        (ON_MISS, {}, "fetches unknown keys"),
        (PULL, SAME_KEY, "compares keys, and the key stays the same"),
        (replace(PULL, match=Match.CERTIFICATE), SAME_KEY, "reads metadata in time"),
    ],
)
def test_a_link_that_holds_says_why(habits: Habits, changes: dict[str, Any], said: str) -> None:
    inventory = lab(habits, [step("add", START), step("publish", START), step("swap", SWAP)], **changes)
    cutover = inventory.cutover(None)
    assert holds_because(inventory, cutover, inventory.links["pingone-requests"]) == said


def test_a_link_that_keeps_its_key_says_so() -> None:
    inventory = lab(verifier(), [step("swap", SWAP, "adfs")])
    cutover = inventory.cutover(None)
    assert holds_because(inventory, cutover, inventory.links["pingone-requests"]) == "goes on with the old key"
    assert holds_because(inventory, cutover, inventory.links["okta-idp-initiated"]) == "signs nothing with this key"


def test_a_known_lead_time_says_by_when_to_ask() -> None:
    slow = verifier(lead=3 * DAY, propagation=6 * MINUTE)
    for steps in ([step("swap", SWAP)], [step("swap", SWAP), step("add", SWAP + DAY)]):
        _, _, cure = only(lab(slow, steps))
        assert ", so ask by 6 Jan 2027 21:54" in cure
    assert "ask by" not in only(lab(verifier(), [step("swap", SWAP)]))[2]
