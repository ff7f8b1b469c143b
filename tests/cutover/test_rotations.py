"""The named rehearsals of a provider that changes its key: verdict, first failing moment and violated term of each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

from ssolab import sources
from ssolab.core.catalog import entries_of
from ssolab.core.findings import ConfigError
from ssolab.cutover import rotation_faults, rotations
from ssolab.cutover.model import Verb
from ssolab.cutover.scenarios import Kit, Scenario
from tests.cutover.parts import MINUTE, SECOND, play

if TYPE_CHECKING:
    from ssolab.cutover.model import Inventory
    from ssolab.cutover.rehearse import LinkOutcome, Rehearsal

KIT = Kit(lab=sources.builtin_lab(), certificates=sources.builtin_certificates(), profiles=sources.load_profiles())
ALL = {entry.code: entry for entry in entries_of([rotations, rotation_faults], Scenario)}
LIFE = 6 * MINUTE  # five minutes of life and one of skew


def built(name: str) -> Inventory:
    return ALL[name].build(KIT)


@cache
def played(name: str) -> Rehearsal:
    inventory = built(name)
    assert inventory.clock is not None
    return play(inventory, now=inventory.clock)


def outcome(name: str, verifier: str) -> LinkOutcome:
    return next(each for each in played(name).links if each.link.verifier == verifier)


def bad(name: str, verifier: str) -> list[tuple[str, str | None, str | None, timedelta]]:
    """The windows of one verifier that are not safe: verdict, cause, violated term, length."""
    windows = outcome(name, verifier).windows
    return [(each.verdict.value, each.code, each.term, each.end - each.start) for each in windows if each.code]


def first_failure(name: str, verifier: str) -> timedelta:
    """When the first window that is not safe begins, counted from the swap."""
    swap = next(step.at for step in built(name).cutover(None).steps if step.do is Verb.SWAP)
    return next(each.start for each in outcome(name, verifier).windows if each.code) - swap


def said(name: str, verifier: str) -> set[str]:
    """The codes with which tokens were really refused."""
    return {found.code for window in outcome(name, verifier).windows for found in window.findings}


def test_the_scenarios_are_those_of_the_research() -> None:
    assert set(ALL) == {
        "planned-overlap", "skip-announce", "promote-too-early", "retire-too-early", "race-just-before-signing",
        "same-kid-new-key", "new-kid-same-key", "kid-removed", "order-flip", "jwks-5xx-during-promote",
        "jwks-page-of-html-200", "stale-edge", "max-age-week", "x5c-of-old-cert-on-new-key", "cert-expires-in-announce",
        "alg-change-rs256-to-ps256", "single-slot-upload", "rollback", "emergency", "cold-start-in-drain", "decoys",
    }  # fmt: skip


@pytest.mark.parametrize("name", ALL)
def test_each_comes_to_its_declared_verdict_with_every_prediction_met_and_nothing_assumed(name: str) -> None:
    assert played(name).verdict is ALL[name].verdict
    assert played(name).disagreements == ()
    assert played(name).assumptions == ()
    assert len(ALL[name].text) > 60


@pytest.mark.parametrize("name", ["planned-overlap", "rollback", "order-flip", "decoys"])
def test_what_is_done_in_order_is_safe_for_every_kind_of_verifier(name: str) -> None:
    assert [bad(name, each.link.verifier) for each in played(name).links] == [[]] * 7


@pytest.mark.parametrize(
    ("verifier", "wait"),
    [
        # facts/oidc.md 5.2: the cooldown where an unknown kid is looked up, else the age of a copy
        ("jose-remote-jwks", timedelta(seconds=30)),
        ("openid-client", timedelta(seconds=60)),
        ("pyjwt-jwk-client", timedelta(seconds=30)),
        ("dotnet-configuration-manager", timedelta(minutes=5)),
        ("social-core-2021", timedelta(hours=24)),
    ],
)
def test_without_an_announcement_each_verifier_is_at_risk_for_its_own_wait(verifier: str, wait: timedelta) -> None:
    assert bad("skip-announce", verifier) == [("at-risk", "swapped-before-copies-ran-out", "min(C, d)", wait)]
    assert first_failure("skip-announce", verifier) == timedelta(0)
    assert "unknown-kid" in said("skip-announce", verifier)


def test_who_fetches_at_once_never_notices_that_nothing_was_announced() -> None:
    assert bad("skip-announce", "go-oidc") == []


def test_ten_seconds_too_early_are_ten_seconds_at_risk_for_the_slowest_alone() -> None:
    early = ("at-risk", "swapped-before-copies-ran-out", "min(C, d)", 10 * SECOND)
    assert bad("promote-too-early", "dotnet-configuration-manager") == [early]
    assert bad("promote-too-early", "openid-client") == []


def test_the_race_is_lost_for_the_rest_of_the_cooldown() -> None:
    lost = ("at-risk", "swapped-before-copies-ran-out", "min(C, d)", 50 * SECOND)
    assert bad("race-just-before-signing", "openid-client") == [lost]
    assert bad("race-just-before-signing", "spring-nimbus") == []


def test_a_key_that_goes_two_minutes_after_the_swap_is_missed_until_its_tokens_are_over() -> None:
    missed = [("at-risk", "removed-while-its-tokens-lived", "L", LIFE - 2 * MINUTE)]
    assert {
        each.link.verifier: bad("retire-too-early", each.link.verifier) for each in played("retire-too-early").links
    }
    assert bad("retire-too-early", "openid-client") == missed
    assert first_failure("retire-too-early", "openid-client") == 2 * MINUTE


def test_a_key_that_goes_in_the_drain_is_missed_by_who_starts_cold_though_a_copy_lasts_for_a_day() -> None:
    missed = ("at-risk", "removed-while-its-tokens-lived", "L", LIFE - MINUTE)
    assert bad("cold-start-in-drain", "social-core-2021") == [missed]


@pytest.mark.parametrize(
    ("verifier", "copy"),
    [("jose-remote-jwks", timedelta(minutes=10)), ("mod-auth-openidc", timedelta(hours=1)),
     ("dotnet-configuration-manager", timedelta(hours=12)), ("social-core-2021", timedelta(hours=24))],
)  # fmt: skip
def test_a_kid_that_is_used_again_fails_for_as_long_as_a_copy_lasts(verifier: str, copy: timedelta) -> None:
    assert bad("same-kid-new-key", verifier) == [("at-risk", "kid-used-again", "d", copy)]
    assert "token-signature-mismatch" in said("same-kid-new-key", verifier)


def test_after_a_kid_was_used_again_only_tokens_on_their_way_fail_at_who_fetches_after_any_failure() -> None:
    assert bad("same-kid-new-key", "go-oidc") == [("at-risk", "kid-used-again", "d", LIFE)]


def test_a_new_name_for_the_same_key_is_a_new_key_to_who_goes_by_name() -> None:
    codes = {code for _, code, _, _ in bad("new-kid-same-key", "social-core-2021")}
    assert codes == {"removed-while-its-tokens-lived", "swapped-before-copies-ran-out"}
    assert sum((length for *_, length in bad("new-kid-same-key", "social-core-2021")), timedelta(0)) == timedelta(
        days=1
    )


def test_without_names_two_keys_are_one_too_many() -> None:
    outage = [each for each in bad("kid-removed", "openid-client") if each[0] == "outage"]
    assert [code for _, code, _, _ in outage] == ["tokens-name-no-key"]
    assert "several-keys-fit" in said("kid-removed", "openid-client")


@pytest.mark.parametrize("name", ["jwks-5xx-during-promote", "jwks-page-of-html-200"])
def test_while_the_address_is_out_of_reach_who_keeps_a_copy_goes_on_and_the_others_are_out(name: str) -> None:
    both = [("at-risk", 5 * MINUTE), ("outage", 15 * MINUTE)]
    assert [(verdict, length) for verdict, _, _, length in bad(name, "openid-client")] == both
    assert [(verdict, length) for verdict, _, _, length in bad(name, "social-core-2021")] == [("at-risk", 20 * MINUTE)]
    assert first_failure(name, "openid-client") == -10 * MINUTE
    assert {code for _, code, _, _ in bad(name, "openid-client")} == {"key-set-out-of-reach"}


def test_a_stale_edge_is_felt_until_it_is_right_and_one_cooldown_longer() -> None:
    felt = ("at-risk", "stale-key-set-served", "P", timedelta(hours=4, minutes=1))
    assert bad("stale-edge", "openid-client") == [felt]


def test_a_week_of_max_age_hurts_who_obeys_it_for_six_days() -> None:
    obeyed = ("at-risk", "swapped-before-copies-ran-out", "min(C, d)", timedelta(days=6))
    assert bad("max-age-week", "obeys-max-age") == [obeyed]
    assert bad("max-age-week", "openid-client") == []


def test_the_wrong_certificate_beside_a_key_is_noticed_only_by_who_reads_it() -> None:
    assert {code for _, code, _, _ in bad("x5c-of-old-cert-on-new-key", "reads-x5c")} == {"certificate-of-another-key"}
    assert first_failure("x5c-of-old-cert-on-new-key", "reads-x5c") == timedelta(0)
    assert bad("x5c-of-old-cert-on-new-key", "pyjwt-jwk-client") == []


def test_a_certificate_that_expires_is_noticed_only_by_who_looks_at_dates() -> None:
    codes = {code for _, code, _, _ in bad("cert-expires-in-announce", "holds-certificates")}
    assert codes == {"expired-before-swap"}
    assert bad("cert-expires-in-announce", "openid-client") == []


def test_another_algorithm_is_refused_by_who_settled_on_one() -> None:
    assert {each[:3] for each in bad("alg-change-rs256-to-ps256", "allows-rs256")} == {
        ("outage", "token-algorithm-not-allowed", "alg")
    }
    assert "algorithm-not-allowed" in said("alg-change-rs256-to-ps256", "allows-rs256")
    assert bad("alg-change-rs256-to-ps256", "openid-client") == []


def test_one_slot_is_at_risk_for_as_long_as_the_upload_takes_to_spread() -> None:
    assert bad("single-slot-upload", "org") == [("at-risk", "one-slot-verifier", None, 10 * MINUTE)]


def test_an_emergency_costs_the_tokens_on_their_way_and_the_fresh_ones_of_who_does_not_fetch() -> None:
    assert sum((length for *_, length in bad("emergency", "openid-client")), timedelta(0)) == LIFE
    assert sum((length for *_, length in bad("emergency", "social-core-2021")), timedelta(0)) == timedelta(days=1)


def test_in_an_emergency_nobody_is_told_to_wait_with_a_key_that_somebody_else_has() -> None:
    windows = [window for each in played("emergency").links for window in each.windows if window.code]
    assert {window.code: window.cure for window in windows if window.code} == {
        "removed-while-its-tokens-lived": "let them fail, and have people log in again: anybody who has the old key "
        "can make such tokens",
        "swapped-before-copies-ran-out": "have social-core-2021 read the key set anew right after the swap",
    }
    unhurried = [window for each in played("cold-start-in-drain").links for window in each.windows if window.code]
    assert {window.cure for window in unhurried} == {"unpublish it 6 min after the swap"}


def test_a_swap_to_a_key_that_nobody_published_is_refused_before_anything_is_played() -> None:
    inventory = built("planned-overlap")
    cutover = inventory.cutover(None)
    unannounced = replace(cutover, steps=tuple(step for step in cutover.steps if step.do is not Verb.PUBLISH))
    with pytest.raises(ConfigError, match="publish it first"):
        play(replace(inventory, cutovers={"rotate": unannounced}))


def test_a_key_that_still_signs_is_not_taken_away() -> None:
    inventory = built("planned-overlap")
    cutover = inventory.cutover(None)
    only = replace(cutover, steps=tuple(step for step in cutover.steps if step.do is not Verb.SWAP))
    with pytest.raises(ConfigError, match="swap to another key first"):
        play(replace(inventory, cutovers={"rotate": only}))
