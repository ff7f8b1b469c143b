from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from ssolab import sources
from ssolab.core.findings import ConfigError
from ssolab.cutover.habits import UNKNOWN, Known, Match, Mode, Slots
from ssolab.cutover.rehearse import horizon, play_of, rehearse
from ssolab.cutover.scene import Played, Scene, Side
from ssolab.web.scene_player import FlaskPlayer
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
    fixed_cast,
    lab,
    play,
    step,
    verifier,
)

if TYPE_CHECKING:
    from ssolab.cutover.model import Inventory
    from ssolab.cutover.rehearse import Rehearsal

DAY = 24 * HOUR
SAME_KEY: dict[str, Any] = {"old": "proxy_2010", "new": "proxy_2011"}


@pytest.fixture(scope="module")
def builtin() -> Rehearsal:
    inventory = sources.builtin_lab()
    cutover = inventory.cutover(None)
    return rehearse(inventory, cutover, player=FlaskPlayer(), cast=fixed_cast(inventory), now=START)


def windows(played: Rehearsal, link: str) -> list[tuple[str, datetime, datetime]]:
    outcome = next(each for each in played.links if each.link.id == link)
    return [(each.verdict.value, each.start, each.end) for each in outcome.windows]


# ---- the built-in lab ------------------------------------------------------------------------------------------------


def test_the_built_in_lab_shows_who_is_out_when(builtin: Rehearsal) -> None:
    add, end = datetime(2027, 1, 6, 9, tzinfo=UTC), builtin.end
    after = SWAP + IN_FLIGHT
    holds = [("safe", START, end)]
    assert windows(builtin, "entra-requests") == holds
    assert windows(builtin, "adfs-requests") == [
        ("outage", START, SWAP),
        ("at-risk", SWAP, after),
        ("safe", after, end),
    ]
    assert windows(builtin, "okta-requests") == [
        ("safe", START, add),
        ("outage", add, SWAP),  # 3 d 13 h
        ("at-risk", SWAP, after),
        ("safe", after, end),
    ]
    assert windows(builtin, "shib-requests") == [
        ("safe", START, SWAP),
        ("at-risk", SWAP, SWAP + 3 * HOUR),  # it reads every 4 h, the swap came 1 h after publishing
        ("safe", SWAP + 3 * HOUR, end),
    ]
    assert windows(builtin, "pingone-requests") == holds
    assert windows(builtin, "adfs-idp-initiated") == holds
    assert windows(builtin, "okta-idp-initiated") == holds


def test_the_built_in_lab_comes_to_an_outage_with_every_prediction_met(builtin: Rehearsal) -> None:
    assert builtin.verdict is OUTAGE
    assert builtin.disagreements == ()
    assert Counter(outcome.verdict for outcome in builtin.links) == {OUTAGE: 2, AT_RISK: 1, SAFE: 4}
    assert builtin.twins
    assert builtin.assumptions == ()


def test_the_side_that_refuses_and_its_code_are_told(builtin: Rehearsal) -> None:
    out = {
        outcome.link.id: next(each for each in outcome.windows if each.verdict is not SAFE)
        for outcome in builtin.links
        if outcome.verdict is not SAFE
    }
    seen = {link: (each.refused_by, {found.code for found in each.findings}) for link, each in out.items()}
    assert seen["adfs-requests"][0] == "adfs"
    assert "request-certificate-expired" in seen["adfs-requests"][1]
    assert seen["okta-requests"][0] == "okta"
    assert "key-not-trusted" in seen["okta-requests"][1]
    assert "key-not-trusted" in seen["shib-requests"][1]
    assert {link: each.code for link, each in out.items()} == {
        "adfs-requests": "expired-before-swap",
        "okta-requests": "one-slot-verifier",
        "shib-requests": "swapped-before-readers-refreshed",
    }


def test_partners_are_told_by_id_and_by_entity_id(builtin: Rehearsal) -> None:
    names = {outcome.link.id: (outcome.partner, outcome.entity_id) for outcome in builtin.links}
    okta = ("okta", "http://www.okta.com/exk4r7m2k9GreenMoor5d7")
    assert names["okta-requests"] == names["okta-idp-initiated"] == okta


def test_the_key_that_was_refused_is_told(builtin: Rehearsal) -> None:
    refused = {
        outcome.link.id: {each.key for each in outcome.windows if each.verdict is not SAFE} for outcome in builtin.links
    }
    assert refused["adfs-requests"] == {certificate("proxy").spki_sha256}
    assert refused["shib-requests"] == {certificate("sso_2027").spki_sha256}


# ---- prediction against play -----------------------------------------------------------------------------------------


def accepts(_scene: Scene) -> Played:
    return Played(accepted=True, side=None, findings=(), messages=2)


def refuses(_scene: Scene) -> Played:
    return Played(accepted=False, side=Side.ASSERTING, findings=(), messages=1)


def test_a_player_that_lets_everybody_in_is_found_out() -> None:
    played = play(lab(verifier(), [step("swap", SWAP)]), player=accepts)
    assert played.disagreements
    assert {each.trial.expected for each in played.disagreements} == {False}
    assert all(each.played.accepted for each in played.disagreements)


def test_a_player_that_lets_nobody_in_is_found_out() -> None:
    played = play(lab(verifier(), [step("add", START), step("swap", SWAP)]), player=refuses)
    assert len(played.disagreements) == played.logins
    assert {each.trial.expected for each in played.disagreements} == {True}


def test_a_risk_is_played_both_ways() -> None:
    inventory = lab(verifier(slots=1), [step("replace", SWAP), step("swap", SWAP)])
    one_sided = play(inventory, player=accepts)
    assert one_sided.disagreements
    assert play(inventory).disagreements == ()


def test_logins_and_messages_are_counted() -> None:
    seen: list[Scene] = []

    def player(scene: Scene) -> Played:
        seen.append(scene)
        return Played(accepted=True, side=None, findings=(), messages=3)

    played = play(lab(verifier(verifies=Known.NO), [step("swap", SWAP)]), player=player)
    assert played.logins == len(seen) > 3
    assert played.messages == 3 * len(seen)
    assert all(scene.issued <= scene.at for scene in seen)


# ---- whatever the habits: each with real messages --------------------------------------------------------------------

PLANS: dict[str, tuple[Any, list[Any], dict[str, Any]]] = {
    "two slots": (verifier(slots=2), [step("add", START), step("swap", SWAP), step("remove", SWAP + DAY)], {}),
    "nothing held": (verifier(), [step("remove", SWAP), step("swap", SWAP + HOUR)], {}),
    "nothing held, one slot": (verifier(slots=1), [step("remove", SWAP), step("swap", SWAP + HOUR)], {}),
    "slow nodes": (
        verifier(propagation=HOUR),
        [step("add", SWAP), step("swap", SWAP), step("remove", SWAP + HOUR)],
        {"signer": {"swap_takes": 2 * HOUR}},
    ),
    "strict dates": (
        verifier(checks_expiry=Known.YES),
        [step("add", START), step("swap", certificate("greenmoor").not_after - MINUTE)],
        {"old": "greenmoor"},
    ),
    "strict dates, unknown": (
        verifier(checks_expiry=Known.UNKNOWN, verifies=Known.UNKNOWN, slots=Slots.UNKNOWN, match=Match.UNKNOWN),
        [step("add", SWAP - HOUR), step("swap", SWAP), step("remove", SWAP + HOUR)],
        {},
    ),
    "renewal, compared as a whole": (
        verifier(match=Match.CERTIFICATE, propagation=HOUR),
        [step("add", SWAP - MINUTE), step("swap", SWAP), step("remove", SWAP + HOUR)],
        SAME_KEY,
    ),
    "renewal by fingerprint in SHA-1": (
        verifier(match=Match.FINGERPRINT, slots=1),
        [step("replace", SWAP - MINUTE), step("swap", SWAP)],
        {**SAME_KEY, "hash": "sha1"},
    ),
    "reader": (
        verifier(mode=Mode.PULL, refresh=UNKNOWN),
        [step("publish", SWAP - HOUR), step("swap", SWAP), step("unpublish", SWAP + MINUTE)],
        {},
    ),
    "fetcher": (
        verifier(mode=Mode.ON_MISS, cooldown=MINUTE),
        [step("publish", SWAP), step("swap", SWAP), step("unpublish", SWAP)],
        {},
    ),
    "a message that lives for a second": (
        verifier(message_life=SECOND, skew=timedelta(0)),
        [step("add", SWAP), step("swap", SWAP), step("remove", SWAP + SECOND)],
        {},
    ),
    "a message that lives for a day": (
        verifier(message_life=DAY, skew=HOUR),
        [step("add", SWAP), step("swap", SWAP), step("remove", SWAP + HOUR)],
        {},
    ),
    "an assertion key": (
        verifier(slots=1, propagation=MINUTE),
        [step("replace", SWAP, "greenmoor"), step("swap", SWAP, "okta")],
        {"link": "okta-idp-initiated", "old": "okta", "new": "sso_2027"},
    ),
    "an assertion key, strict and under way": (
        verifier(checks_expiry=Known.YES, message_life=HOUR),
        [step("add", START, "greenmoor"), step("swap", SWAP, "okta"), step("remove", SWAP + MINUTE, "greenmoor")],
        {"link": "okta-idp-initiated", "old": "greenmoor", "new": "sso_2027"},
    ),
    "a weak assertion, compared as a whole": (
        verifier(match=Match.CERTIFICATE),
        [step("add", SWAP + HOUR, "greenmoor"), step("swap", SWAP, "okta")],
        {"link": "okta-idp-initiated", **SAME_KEY, "hash": "sha1"},
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_every_prediction_is_met_by_real_messages(name: str) -> None:
    habits, steps, changes = PLANS[name]
    played = play(lab(habits, steps, **changes))
    assert played.disagreements == ()
    assert played.logins > 0


@pytest.mark.parametrize("name", PLANS)
def test_the_windows_cover_the_span_and_each_that_is_not_safe_has_a_cause_and_a_cure(name: str) -> None:
    habits, steps, changes = PLANS[name]
    played = play(lab(habits, steps, **changes), player=accepts)
    for outcome in played.links:
        assert outcome.windows[0].start == played.start
        assert outcome.windows[-1].end == played.end
        assert all(one.end == other.start for one, other in pairwise(outcome.windows))
        for window in outcome.windows:
            assert window.start < window.end
            told = (window.code, window.cause, window.cure)
            assert all(told) if window.verdict is not SAFE else told == (None, None, None)


@pytest.mark.parametrize("edge", [-SECOND, timedelta(0), SECOND])
@pytest.mark.parametrize("link", ["pingone-requests", "okta-idp-initiated"])
def test_the_last_message_under_way_is_judged_to_the_second(edge: timedelta, link: str) -> None:
    signer, party = ("greenmoor", "pingone") if link == "pingone-requests" else ("okta", "greenmoor")
    steps = [step("add", START, party), step("swap", SWAP, signer), step("remove", SWAP + IN_FLIGHT + edge, party)]
    played = play(lab(verifier(), steps, link=link, old="greenmoor"))
    assert played.disagreements == ()
    assert played.verdict is (AT_RISK if edge < timedelta(0) else SAFE)


def test_parts_of_a_second_do_no_harm() -> None:
    odd = timedelta(milliseconds=457)
    steps = [step("add", SWAP - HOUR), step("swap", SWAP + odd), step("remove", SWAP + 2 * odd)]
    assert play(lab(verifier(), steps), now=START + odd).disagreements == ()
    strict = lab(
        verifier(checks_expiry=Known.YES), [step("add", certificate("greenmoor").not_after + odd)], old="greenmoor"
    )
    assert play(strict, now=START + odd).disagreements == ()


def test_a_swap_between_two_seconds_is_played_on_either_link() -> None:
    odd = timedelta(milliseconds=999)
    for link, signer, party in (
        ("pingone-requests", "greenmoor", "pingone"),
        ("okta-idp-initiated", "okta", "greenmoor"),
    ):
        for after in (IN_FLIGHT - SECOND, IN_FLIGHT - odd, IN_FLIGHT, odd, SECOND):
            steps = [step("add", START, party), step("swap", SWAP + odd, signer), step("remove", SWAP + after, party)]
            assert play(lab(verifier(), steps, link=link, old="greenmoor")).disagreements == ()


# ---- what is looked at -----------------------------------------------------------------------------------------------


def span(inventory: Inventory, now: datetime) -> tuple[datetime, datetime]:
    cutover = inventory.cutover(None)
    cast = fixed_cast(inventory)
    return horizon(cutover, [play_of(inventory, cutover, inventory.links[each], cast) for each in cutover.links], now)


def test_a_rehearsal_begins_now_or_an_hour_before_the_first_step_where_that_is_past() -> None:
    inventory = lab(verifier(), [step("add", SWAP - DAY), step("swap", SWAP)])
    assert span(inventory, START)[0] == START
    for late in (SWAP - HOUR, SWAP + DAY, SWAP + 1000 * DAY):
        assert span(inventory, late)[0] == SWAP - DAY - HOUR
        assert play(inventory, now=late).verdict is SAFE


def test_a_rehearsal_ends_when_all_has_settled() -> None:
    inventory = lab(verifier(mode=Mode.PULL, refresh=3 * DAY), [step("swap", SWAP), step("publish", SWAP + HOUR)])
    assert span(inventory, START)[1] > SWAP + HOUR + 3 * DAY
    assert play(inventory).links[0].windows[-1].verdict is SAFE


def test_unknown_durations_are_told_as_assumed_and_the_rest_as_played_both_ways() -> None:
    unsure = verifier(mode=Mode.PULL, refresh=UNKNOWN, checks_expiry=Known.UNKNOWN)
    played = play(lab(unsure, [step("publish", START), step("swap", SWAP)]), player=accepts)
    assert set(played.assumptions) == {
        "pingone: refresh is not known, so up to 1 d was assumed",
        "pingone: checks_expiry is not known, so the worst and the best case were played",
    }


def test_what_is_unknown_of_a_partner_that_the_cutover_does_not_touch_is_no_assumption() -> None:
    inventory = lab(verifier(slots=Slots.UNKNOWN, verifies=Known.NO), [step("swap", SWAP)])
    assert play(inventory, player=accepts).assumptions == ()


# ---- set-ups that a user may write -----------------------------------------------------------------------------------


def test_without_steps_or_links_there_is_nothing_to_play() -> None:
    inventory = lab(verifier(), [])
    with pytest.raises(ConfigError, match=r"the cutover has no steps; add \[\[cutover.step\]\]"):
        play(inventory)
    bare = replace(lab(verifier(), [step("swap", SWAP)]).cutover(None), links=())
    with pytest.raises(ConfigError, match="the cutover has no links"):
        play(replace(inventory, cutovers={"c": bare}))


def test_a_certificate_that_nobody_has_cannot_be_left() -> None:
    # Without this, every link would be said to hold because it signs nothing with that key.
    inventory = lab(verifier(), [step("swap", SWAP)])
    stranger = replace(inventory.cutover(None), old=certificate("proxy_2010"))
    with pytest.raises(ConfigError, match="no party has the certificate to leave, the old one; add it to"):
        play(replace(inventory, cutovers={"c": stranger}))


def test_a_lab_without_users_is_played_all_the_same() -> None:
    inventory = replace(lab(verifier(), [step("add", START), step("swap", SWAP)]), users=())
    assert play(inventory).disagreements == ()


def test_a_cutover_without_a_swap_keeps_what_it_has() -> None:
    assert play(lab(verifier(), [step("add", SWAP)])).verdict is SAFE
    assert play(lab(verifier(slots=1), [step("add", SWAP)])).verdict is OUTAGE


def test_a_step_that_concerns_no_link_changes_nothing() -> None:
    played = play(lab(verifier(), [step("add", SWAP, "shib"), step("remove", SWAP, "nobody")]))
    assert played.verdict is SAFE


def test_steps_may_stand_in_any_order() -> None:
    steps = [step("remove", SWAP + DAY), step("swap", SWAP), step("add", SWAP - DAY)]
    assert play(lab(verifier(), steps)).verdict is SAFE


def test_two_swaps_and_a_swap_that_the_signer_cannot_do_are_one_line() -> None:
    with pytest.raises(ConfigError, match="2 swaps"):
        play(lab(verifier(), [step("swap", SWAP), step("swap", SWAP + HOUR)]))
    with pytest.raises(ConfigError, match="it signs with one key for all"):
        play(lab(verifier(), [step("swap", SWAP, "pingone")], signer={"per_partner_key": False}))


@pytest.mark.parametrize(
    ("habits", "at"),
    [
        (verifier(), datetime.max.replace(tzinfo=UTC)),
        (verifier(), datetime.min.replace(tzinfo=UTC)),
        (verifier(propagation=timedelta(days=9_999_999)), SWAP),
        (verifier(mode=Mode.PULL, refresh=timedelta(days=9_999_999)), SWAP),
        (verifier(message_life=timedelta(days=9_999_999)), SWAP),
    ],
)
def test_dates_beyond_the_calendar_are_one_line(habits: Any, at: datetime) -> None:
    inventory = lab(habits, [step("add", at), step("publish", at), step("swap", at)])
    with pytest.raises(ConfigError, match="beyond the years 1 to 9999"):
        play(inventory, player=accepts)


def test_a_certificate_that_never_ends_is_played() -> None:
    # RFC 5280 4.1.2.5: 99991231235959Z says that there is no date
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    inventory = lab(verifier(checks_expiry=Known.YES), [step("add", START), step("swap", SWAP)], old="greenmoor")
    cutover = inventory.cutover(None)
    ageless = replace(cutover, new=replace(cutover.new, not_after=last))
    assert play(replace(inventory, cutovers={"c": ageless}), player=accepts).verdict is SAFE


def test_weak_signatures_that_nobody_permits_are_a_prediction_and_no_defect() -> None:
    inventory = lab(verifier(), [step("add", START), step("swap", SWAP)], **SAME_KEY, hash="sha1")
    strict = {name: replace(party, permit=frozenset()) for name, party in inventory.parties.items()}
    played = play(replace(inventory, parties=strict))
    assert played.disagreements == ()
    assert [each.code for each in played.links[0].windows] == ["algorithm-not-permitted"]
    assert {"sha1-signature", "weak-rsa-key"} & {found.code for found in played.links[0].windows[0].findings}
