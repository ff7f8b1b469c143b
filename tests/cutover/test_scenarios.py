from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest

from ssolab import sources
from ssolab.core.catalog import entries_of
from ssolab.core.findings import DefectError
from ssolab.cutover import scenarios
from ssolab.cutover.causes import Cause
from ssolab.cutover.model import Verb
from ssolab.cutover.scenarios import Kit, Scenario
from tests.cutover.parts import IN_FLIGHT, SECOND, play

if TYPE_CHECKING:
    from ssolab.cutover.model import Inventory
    from ssolab.cutover.rehearse import Rehearsal

KIT = Kit(lab=sources.builtin_lab(), certificates=sources.builtin_certificates())
ALL = {entry.code: entry for entry in entries_of([scenarios], Scenario)}


def built(name: str) -> Inventory:
    return ALL[name].build(KIT)


@cache
def played(name: str) -> Rehearsal:
    inventory = built(name)
    assert inventory.clock is not None
    return play(inventory, now=inventory.clock)


def outcomes(rehearsal: Rehearsal) -> dict[str, tuple[str, set[str | None]]]:
    """The verdict of each link, and the causes of its windows that are not safe."""
    return {
        each.link.id: (each.verdict.value, {window.code for window in each.windows if window.code})
        for each in rehearsal.links
    }


def test_the_scenarios_are_those_that_the_release_promises() -> None:
    assert set(ALL) == {
        "overlap",
        "hard-swap",
        "late-partner-adds-after-the-swap",
        "swap-before-publish",
        "old-key-removed-before-the-swap",
        "certificate-expires-before-the-swap",
        "idp-initiated-unaffected",
        "single-to-multiple-configurations",
        "renewal-of-2012-same-key",
    }


def test_no_scenario_is_called_as_a_cause_is() -> None:
    causes = {entry.code for entry in sources.catalog() if isinstance(entry, Cause)}
    assert not causes & set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_each_scenario_comes_to_its_declared_verdict_with_every_prediction_met(name: str) -> None:
    assert played(name).verdict is ALL[name].verdict
    assert played(name).disagreements == ()
    assert ALL[name].title.endswith(".")
    assert len(ALL[name].text) > 60


@pytest.mark.parametrize("name", ALL)
def test_a_scenario_assumes_nothing_about_its_partners(name: str) -> None:
    assert played(name).assumptions == ()


def test_with_an_overlap_nothing_is_ever_out() -> None:
    assert outcomes(played("overlap")) == {"pingone-requests": ("safe", set()), "shib-requests": ("safe", set())}


def test_a_hard_swap_with_one_slot_is_at_risk_for_as_long_as_a_message_lives() -> None:
    (link,) = played("hard-swap").links
    risks = [window for window in link.windows if window.code]
    assert [(each.verdict.value, each.end - each.start) for each in risks] == [("at-risk", IN_FLIGHT)]
    assert risks[0].code == "one-slot-verifier"


def test_the_late_partner_alone_is_out_and_who_ignores_signatures_is_not() -> None:
    assert outcomes(played("late-partner-adds-after-the-swap")) == {
        "pingone-requests": ("outage", {"late-partner"}),
        "entra-requests": ("safe", set()),
    }


def test_swapping_before_publishing_is_out_until_published_and_at_risk_until_read() -> None:
    steps = {step.do: step.at for step in built("swap-before-publish").cutover(None).steps}
    (link,) = played("swap-before-publish").links
    bad = [(each.verdict.value, each.start, each.end) for each in link.windows if each.code]
    published = steps[Verb.PUBLISH]
    reads = KIT.lab.parties["shib"].habits.refresh
    assert bad == [
        ("outage", steps[Verb.SWAP], published),
        ("at-risk", published, published + reads),  # type: ignore[operator]
    ]


def test_removing_too_early_is_out_from_the_removal_to_the_swap() -> None:
    steps = {step.do: step.at for step in built("old-key-removed-before-the-swap").cutover(None).steps}
    (link,) = played("old-key-removed-before-the-swap").links
    assert {each.code for each in link.windows if each.code} == {"removed-too-early"}
    outage = next(each for each in link.windows if each.verdict.value == "outage")
    assert (outage.start, outage.end) == (steps[Verb.REMOVE], steps[Verb.SWAP])


def test_an_expiry_breaks_only_who_looks_at_dates_from_the_second_after_the_last() -> None:
    rehearsal = played("certificate-expires-before-the-swap")
    assert outcomes(rehearsal) == {
        "adfs-requests": ("outage", {"expired-before-swap"}),
        "pingone-requests": ("safe", set()),
    }
    outage = next(each for each in rehearsal.links[0].windows if each.verdict.value == "outage")
    assert outage.start == rehearsal.cutover.old.not_after + SECOND
    assert "request-certificate-expired" in {found.code for found in outage.findings}


def test_idp_initiated_logins_go_on_while_the_requests_of_the_same_org_fail() -> None:
    found = outcomes(played("idp-initiated-unaffected"))
    assert found.pop("pingone-requests") == ("outage", {"never-added"})
    assert found == {"okta-idp-initiated": ("safe", set()), "adfs-idp-initiated": ("safe", set())}


def test_a_change_of_address_breaks_who_took_the_key_alone_who_ignores_signatures_and_idp_initiated_logins() -> None:
    rehearsal = played("single-to-multiple-configurations")
    moved = ("outage", {"address-not-updated"})
    assert outcomes(rehearsal) == {
        "shib-requests": ("safe", set()),  # reads the new address in the metadata
        "pingone-requests": moved,
        "entra-requests": moved,
        "okta-idp-initiated": moved,
    }
    refused = {
        each.link.id: {found.code for window in each.windows for found in window.findings} for each in rehearsal.links
    }
    assert "acs-not-registered" in refused["pingone-requests"]
    assert {"recipient-mismatch", "destination-mismatch"} <= refused["okta-idp-initiated"]


def test_the_renewal_of_2012_has_three_outcomes_for_three_verifiers() -> None:
    rehearsal = played("renewal-of-2012-same-key")
    old, new = rehearsal.cutover.old, rehearsal.cutover.new
    assert old.spki_sha256 == new.spki_sha256
    assert old.sha256 != new.sha256
    assert outcomes(rehearsal) == {
        "shib-requests": ("safe", set()),  # compares keys
        "pingone-requests": ("safe", set()),  # compares certificates, and holds both
        "okta-requests": ("outage", {"certificate-compared"}),  # compares certificates, and has room for one
    }
    assert {each.link.id: each.remark for each in rehearsal.links}["shib-requests"].startswith("compares keys")
    refused = {found.code for each in rehearsal.links[2].windows for found in each.findings}
    assert "certificate-not-trusted" in refused


def test_the_renewal_of_2012_is_refused_everywhere_when_its_permission_is_taken_away() -> None:
    inventory = built("renewal-of-2012-same-key")
    strict = {name: replace(party, permit=frozenset()) for name, party in inventory.parties.items()}
    assert inventory.clock is not None
    rehearsal = play(replace(inventory, parties=strict), now=inventory.clock)
    assert rehearsal.disagreements == ()
    for outcome in rehearsal.links:
        assert [(window.verdict.value, window.code) for window in outcome.windows] == [
            ("outage", "algorithm-not-permitted")
        ]
        refused = {found.code for found in outcome.windows[0].findings if found.severity == "error"}
        assert {"sha1-signature", "weak-rsa-key"} & refused


def test_without_its_clock_the_built_in_lab_makes_no_scenario() -> None:
    with pytest.raises(DefectError, match="no clock"):
        Kit(lab=replace(KIT.lab, clock=None), certificates=KIT.certificates).at(1)
