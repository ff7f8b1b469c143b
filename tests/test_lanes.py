from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

import click
import pytest

from ssolab import sources
from ssolab.core.catalog import entries_of
from ssolab.core.findings import Finding, Severity
from ssolab.cutover import scenarios
from ssolab.cutover.check import Trial
from ssolab.cutover.habits import Known, Slots
from ssolab.cutover.model import UNWEIGHTED
from ssolab.cutover.rehearse import Disagreement, Rehearsal, rehearse
from ssolab.cutover.scene import Flow, Played, Scene
from ssolab.cutover.timeline import Material
from ssolab.lanes import Detail, rehearsal_text, remark
from ssolab.telling import flow_name
from ssolab.web.scene_player import FlaskPlayer
from tests.cutover.parts import HOUR, START, SWAP, certificate, fixed_cast, lab, play, step, verifier

if TYPE_CHECKING:
    from ssolab.cutover.model import Inventory

WIDTHS = (60, 72, 80, 90, 100, 120, 160)
SCENARIOS = {entry.code: entry for entry in entries_of([scenarios], scenarios.Scenario)}
KIT = scenarios.Kit(lab=sources.builtin_lab(), certificates=sources.builtin_certificates())


def accepts(_scene: Scene) -> Played:
    return Played(accepted=True, side=None, findings=(), messages=1)


@cache
def builtin() -> Rehearsal:
    inventory = sources.builtin_lab()
    return rehearse(inventory, inventory.cutover(None), player=FlaskPlayer(), cast=fixed_cast(inventory), now=START)


@cache
def scenario(name: str) -> Rehearsal:
    inventory: Inventory = SCENARIOS[name].build(KIT)
    return play(inventory, now=inventory.clock or START, player=accepts)


def drawn(played: Rehearsal, width: int = 100, *, unicode: bool = True, detail: Detail = Detail.USUAL) -> str:
    return click.unstyle(rehearsal_text(played, owner="greenmoor", width=width, unicode=unicode, detail=detail))


def lanes(text: str) -> dict[str, str]:
    """The lane of each link by its name and flow."""
    found = re.findall(r"^(\w+) +((?:sp|idp)-initiated) {2,}(\S.*)$", text, re.MULTILINE)
    return {f"{name} {flow}": lane for name, flow, lane in found}


# ---- the built-in lab ------------------------------------------------------------------------------------------------


def test_the_picture_says_who_is_out_when() -> None:
    words = {name: re.findall(r"[A-Za-z]+", lane) for name, lane in lanes(drawn(builtin())).items()}
    assert words == {
        "entra sp-initiated": ["ok"],
        "adfs sp-initiated": ["OUT", "risk", "ok"],
        "okta sp-initiated": ["ok", "OUT", "risk", "ok"],
        "pingone sp-initiated": ["ok"],
        "shib sp-initiated": ["ok", "risk", "ok"],
        "adfs idp-initiated": ["ok"],
        "okta idp-initiated": ["ok"],
    }


def test_a_verdict_begins_below_the_step_that_brings_it() -> None:
    lines = drawn(builtin()).splitlines()
    head = next(line for line in lines if line.startswith("link "))
    rows = {name: next(line for line in lines if line.startswith(name)) for name in ("okta", "shib")}
    assert rows["okta"].index("OUT") == head.index("add, replace") + 1
    assert rows["okta"].index("risk") == rows["shib"].index("risk") == head.index("swap") + 1


def test_the_title_names_org_both_certificates_the_twin_and_the_expiry() -> None:
    title = drawn(builtin(), 160).splitlines()[0]
    assert title == ("leave-proxy: greenmoor moves from proxy.salesforce.com (twin, expired 2017-10-17) to SSO_2027")


def test_each_link_that_is_not_safe_is_told_with_code_and_remedy_and_no_other_is() -> None:
    text = drawn(builtin(), 160)
    told = text[text.rindex("idp-initiated") : text.index("Whoever has the old key")]
    assert re.findall(r"ssolab explain (\S+)", told) == [
        "expired-before-swap",
        "one-slot-verifier",
        "swapped-before-readers-refreshed",
    ]
    assert "seen at adfs: request-certificate-expired" in told
    assert "do this: add SSO_2027 at adfs and swap now" in told
    assert "OUT 6 Jan 2027 09:00 to 9 Jan 2027 22:00, 3 d 13 h, then risk for 6 min" in told
    assert "risk 9 Jan 2027 22:00 to 10 Jan 2027 01:00, 3 h" in told
    assert "pingone" not in told
    assert "entra" not in told


def test_the_summary_counts_links_and_messages() -> None:
    last = drawn(builtin(), 160).splitlines()[-1]
    counted = f"{builtin().logins} logins played with {builtin().messages} real messages, every prediction met."
    assert last == f"7 links: 2 out, 1 at risk, 4 hold. {counted}"


def test_quiet_says_only_title_and_summary() -> None:
    text = drawn(builtin(), detail=Detail.LITTLE)
    assert len([line for line in text.splitlines() if line]) == 2
    assert "explain" not in text


# ---- every width -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [None, *SCENARIOS], ids=lambda name: name or "built-in")
def test_nothing_is_wider_than_the_terminal_but_a_word_that_cannot_be_broken(name: str | None, width: int) -> None:
    text = drawn(builtin() if name is None else scenario(name), width)
    for line in text.splitlines():
        assert len(line) <= width or " " not in line.strip(), line
        assert line == line.rstrip()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [None, *SCENARIOS], ids=lambda name: name or "built-in")
def test_all_lanes_of_a_picture_are_equally_long_and_all_links_are_in_it(name: str | None, width: int) -> None:
    played = builtin() if name is None else scenario(name)
    found = lanes(drawn(played, width))
    assert set(found) == {f"{each.partner} {flow_name(each.link.flow)}" for each in played.links}
    if any("─" in lane for lane in found.values()):
        assert len({len(re.split(r" {2,}", lane)[0]) for lane in found.values()}) == 1


def test_eighty_columns_are_enough_for_lanes_and_sixty_for_words() -> None:
    assert "━" in drawn(builtin(), 80)
    narrow = drawn(builtin(), 60)
    assert "━" not in narrow
    lead = " " * narrow.splitlines()[3].index("ok")
    shib = narrow.index("shib     sp-initiated   ok\n")
    assert narrow[shib:].splitlines()[1:3] == [f"{lead}risk from 9 Jan 22:00", f"{lead}ok   from 10 Jan 01:00"]


def test_a_wide_terminal_shows_remarks_beside_the_lanes() -> None:
    wide = drawn(builtin(), 160)
    assert "signs nothing with this key" in wide
    assert "does not check request signatures" in wide
    assert "signs nothing with this key" not in drawn(builtin(), 100)


def test_plain_characters_say_the_same() -> None:
    plain = drawn(builtin(), unicode=False)
    assert plain.isascii()
    fancy = drawn(builtin())
    assert plain == fancy.replace("─", "-").replace("╌", ".").replace("━", "=")


def test_colour_says_nothing_that_the_words_do_not() -> None:
    coloured = rehearsal_text(builtin(), owner="greenmoor", width=100)
    assert "\x1b[" in coloured
    assert click.unstyle(coloured) == drawn(builtin())


def test_every_character_has_the_width_of_one() -> None:
    assert all(unicodedata.east_asian_width(char) not in "WF" for char in drawn(builtin()))


# ---- other cutovers --------------------------------------------------------------------------------------------------


def test_a_rehearsal_of_the_past_does_not_say_now() -> None:
    inventory = lab(verifier(checks_expiry=Known.YES), [step("add", SWAP - HOUR), step("swap", SWAP)])
    late = drawn(play(inventory, now=SWAP + 9 * HOUR, player=accepts))
    assert "before" in late
    assert "now" not in re.sub(r"swap now", "", late)
    early = drawn(play(inventory, now=START, player=accepts))
    assert "OUT now, until 9 Jan 2027 22:00" in early


def test_an_outage_without_an_end_says_so() -> None:
    text = drawn(play(lab(verifier(), [step("swap", SWAP)]), player=accepts))
    assert "OUT from 9 Jan 2027 22:00 on: nobody gives pingone the new key" in text


def test_an_outage_that_holds_all_along_says_so() -> None:
    steps = [step("add", SWAP)]
    strict = lab(verifier(checks_expiry=Known.YES), steps)
    assert "OUT from now on: refuses" in drawn(play(strict, player=accepts))
    assert "OUT all along: refuses" in drawn(play(strict, now=SWAP + HOUR, player=accepts))


def test_an_expiry_has_a_column_of_its_own() -> None:
    lines = drawn(scenario("certificate-expires-before-the-swap")).splitlines()
    head = next(line for line in lines if line.startswith("link "))
    adfs = next(line for line in lines if line.startswith("adfs "))
    assert adfs.index("OUT") == head.index("expires") + 1
    assert "expires" not in drawn(builtin())


def test_what_was_assumed_is_told() -> None:
    unsure = lab(verifier(slots=Slots.UNKNOWN), [step("add", START + HOUR), step("swap", SWAP)])
    text = drawn(play(unsure, player=accepts))
    assert "Assumed:\n  pingone: slots is not known" in text


def test_a_prediction_that_was_not_met_is_told() -> None:
    trial = Trial(
        material=Material(certificate=certificate("proxy"), acs="x"),
        issued=SWAP,
        at=SWAP,
        certificates=(),
        addresses=(),
        worst=True,
        expected=True,
    )
    found = Finding(code="digest-mismatch", severity=Severity.ERROR, message="x")
    wrong = Disagreement(
        link="adfs-requests", trial=trial, played=Played(accepted=False, side=None, findings=(found,), messages=1)
    )
    text = drawn(replace(builtin(), disagreements=(wrong,)), 160)
    assert "1 predictions NOT met" in text
    assert "adfs-requests at 9 Jan 2027 22:00: refused, which was not predicted (digest-mismatch)" in text


def test_names_from_outside_cannot_steer_the_terminal() -> None:
    played = builtin()
    hostile = replace(played, cutover=replace(played.cutover, old_name="\x1b[2Jevil\nname", new_name="\x07new"))
    text = rehearsal_text(hostile, owner="greenmoor", width=160)
    assert "\x1b[2J" not in text
    assert "\x07" not in text
    assert "evil\\x0aname" in text


def test_many_steps_fall_back_to_words() -> None:
    steps = [step("add", START + number * HOUR) for number in range(1, 40)]
    text = drawn(play(lab(verifier(), [*steps, step("swap", SWAP)]), player=accepts), 160)
    assert lanes(text) == {"pingone sp-initiated": "ok"}


@pytest.mark.parametrize(
    ("flow", "name"),
    [
        (Flow.SAML_REQUEST, "sp-initiated"),
        (Flow.SAML_SP_INITIATED, "sp-initiated"),
        (Flow.SAML_IDP_INITIATED, "idp-initiated"),
    ],
)
def test_a_flow_is_called_by_who_begins_it(flow: Flow, name: str) -> None:
    assert flow_name(flow) == name


def test_the_remark_is_the_worst_of_a_link() -> None:
    found = {each.link.id: remark(each) for each in builtin().links}
    assert found["okta-requests"] == "one slot: the new key replaced the old 3 d 13 h early"
    assert found["entra-requests"] == "does not check request signatures"
    assert timedelta(days=3, hours=13) == SWAP - START.replace(day=6, hour=9)


def test_all_detail_adds_what_the_refused_message_was_told() -> None:
    usual, full = drawn(builtin()), drawn(builtin(), detail=Detail.ALL)
    assert set(usual.splitlines()) < set(full.splitlines())
    assert "error[request-certificate-expired]" in full
    assert "error[request-certificate-expired]" not in usual


def test_a_duration_is_never_broken_between_two_lines() -> None:
    for width in range(60, 140):
        assert "3 d 13 h" in drawn(builtin(), width), width
        assert not re.search(r"\d+ d\n +\d+ h|\d+\n +(?:d|h|min)\b", drawn(builtin(), width)), width


def test_a_rehearsal_of_the_past_says_where_it_begins() -> None:
    inventory = sources.builtin_lab()
    late = rehearse(
        inventory,
        inventory.cutover(None),
        player=FlaskPlayer(),
        cast=fixed_cast(inventory),
        now=START.replace(year=2030),
    )
    assert "The first step lies before 4 Jan 2030 00:00" in drawn(late)
    assert "The first step lies before" not in drawn(builtin())


def test_a_weight_stands_beside_the_name_where_the_lab_gives_one() -> None:
    assert "adfs sp-initiated, weight 620\n" in drawn(builtin())
    inventory = lab(verifier(), [step("swap", SWAP)])
    plain = {name: replace(link, weight=UNWEIGHTED) for name, link in inventory.links.items()}
    assert "weight" not in drawn(play(replace(inventory, links=plain), now=START, player=accepts))
