from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from itertools import product

import pytest

from ssolab import sources
from ssolab.core.findings import ConfigError
from ssolab.cutover.habits import UNKNOWN, Habits, Known, Match, Mode, Slots, known_or
from ssolab.cutover.model import Verb
from tests.cutover.parts import certificate, verifier

NOBODY_KNOWS = Habits(
    slots=Slots.UNKNOWN,
    propagation=UNKNOWN,
    refresh=UNKNOWN,
    cooldown=UNKNOWN,
    verifies=Known.UNKNOWN,
    checks_expiry=Known.UNKNOWN,
    match=Match.UNKNOWN,
)


# ---- habits ----------------------------------------------------------------------------------------------------------


def test_what_nobody_knows_is_at_worst_one_strict_and_slow_slot() -> None:
    worst = NOBODY_KNOWS.worst()
    assert (worst.slots, worst.verifies, worst.checks_expiry) == (1, Known.YES, Known.YES)
    assert worst.match is Match.CERTIFICATE
    assert (worst.refresh, worst.propagation) == (timedelta(hours=24), timedelta(minutes=10))


def test_what_nobody_knows_is_at_best_many_lenient_slots_and_no_faster() -> None:
    worst, best = NOBODY_KNOWS.worst(), NOBODY_KNOWS.best()
    assert (best.slots, best.verifies, best.checks_expiry) == (Slots.MANY, Known.NO, Known.NO)
    assert best.match is Match.KEY
    assert (best.refresh, best.propagation, best.cooldown) == (worst.refresh, worst.propagation, worst.cooldown)


@pytest.mark.parametrize("mode", Mode)
def test_nothing_is_unknown_of_what_was_settled(mode: Mode) -> None:
    unsure = replace(NOBODY_KNOWS, mode=mode)
    assert unsure.worst().unknowns() == unsure.best().unknowns() == ()


def test_what_is_known_stays_in_both_cases() -> None:
    known = verifier(slots=2, checks_expiry=Known.YES, match=Match.FINGERPRINT, refresh=timedelta(hours=1))
    for case in (known.worst(), known.best()):
        for each in fields(Habits):
            if each.name != "lead":
                assert getattr(case, each.name) == getattr(known, each.name)


@pytest.mark.parametrize(
    ("mode", "counts"),
    [(Mode.MANUAL, set()), (Mode.API, set()), (Mode.PULL, {"refresh"}), (Mode.ON_MISS, {"cooldown"})],
)
def test_only_what_matters_in_its_mode_counts_as_unknown(mode: Mode, counts: set[str]) -> None:
    always = {"slots", "verifies", "checks_expiry", "match", "propagation"}
    assert set(replace(NOBODY_KNOWS, mode=mode).unknowns()) == always | counts


def test_of_who_does_not_verify_nothing_else_matters() -> None:
    assert replace(NOBODY_KNOWS, verifies=Known.NO).unknowns() == ()


def test_a_known_duration_is_taken_and_an_unknown_one_replaced() -> None:
    hour = timedelta(hours=1)
    assert known_or(timedelta(0), hour) == timedelta(0)
    assert known_or(UNKNOWN, hour) == hour


# ---- steps and links -------------------------------------------------------------------------------------------------


def test_each_verb_is_the_signers_or_the_verifiers() -> None:
    assert {verb for verb in Verb if verb.by_signer} == {Verb.PUBLISH, Verb.SWAP, Verb.UNPUBLISH}


@pytest.mark.parametrize(("known", "link"), list(product(Known, ["pingone-requests", "okta-idp-initiated"])))
def test_an_assertion_is_always_verified_whatever_is_done_with_requests(known: Known, link: str) -> None:
    lab = sources.builtin_lab()
    chosen = lab.links[link]
    changed = replace(lab.parties[chosen.verifier], habits=verifier(verifies=known))
    lab = replace(lab, parties={**lab.parties, chosen.verifier: changed})
    assert lab.habits(chosen).verifies is (Known.YES if chosen.flow.signed_by_asserting else known)


def test_a_party_holds_what_its_files_and_its_metadata_show() -> None:
    org = sources.builtin_lab().parties["greenmoor"]
    assert org.holds(certificate("proxy"))
    assert org.holds(certificate("sso_2027"))
    assert not org.holds(certificate("okta"))
    okta = sources.builtin_lab().parties["okta"]
    assert okta.certificates == {}
    assert okta.holds(certificate("okta"))
    assert okta.signing_certificate() == certificate("okta")


def test_a_party_without_metadata_signs_with_nothing() -> None:
    bare = replace(sources.builtin_lab().parties["okta"], entities=())
    with pytest.raises(ConfigError, match="okta: has no signing certificate in its metadata"):
        bare.signing_certificate()


# ---- which cutover ---------------------------------------------------------------------------------------------------


def test_the_only_cutover_needs_no_name() -> None:
    lab = sources.builtin_lab()
    assert lab.cutover(None) is lab.cutover("leave-proxy")


def test_a_cutover_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"no cutover is called 'leave-prox'.*leave-proxy"):
        sources.builtin_lab().cutover("leave-prox")


@pytest.mark.parametrize(("count", "remedy"), [(0, r"add a \[\[cutover\]\]"), (2, "name one with --cutover")])
def test_none_or_several_cutovers_need_a_name(count: int, remedy: str) -> None:
    lab = sources.builtin_lab()
    one = lab.cutover(None)
    several = {f"c{number}": replace(one, id=f"c{number}") for number in range(count)}
    with pytest.raises(ConfigError, match=f"the lab has {count} cutovers.*{remedy}"):
        replace(lab, cutovers=several).cutover(None)
