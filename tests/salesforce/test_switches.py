from __future__ import annotations

from datetime import timedelta

import pytest

from ssolab.core.findings import ConfigError
from ssolab.salesforce.switches import SWITCHES, Switches, described, set_switches


@pytest.mark.parametrize(
    ("word", "allowed"),
    [
        ("180s", timedelta(seconds=180)),
        ("180", timedelta(seconds=180)),
        ("480000ms", timedelta(minutes=8)),
        ("PT3M", timedelta(minutes=3)),
        ("0s", timedelta(0)),
    ],
)
def test_the_clock_allowance_is_read_in_every_form_that_people_meet(word: str, allowed: timedelta) -> None:
    assert set_switches([("clock", word)], called="x").clock == allowed


def test_every_switch_can_be_turned_both_ways() -> None:
    on = [(each.name, each.words[0]) for each in SWITCHES if each.words[0]]
    off = [(each.name, each.words[1]) for each in SWITCHES if each.words[1]]
    assert set_switches(on, called="x") == Switches(expiry=True, destination=True, unsolicited=True, users=True)
    assert set_switches(off, called="x") == Switches(expiry=False, destination=False, unsolicited=False, users=False)
    assert set_switches(off, called="x").ignore == {"destination-mismatch"}
    assert Switches().ignore == frozenset()


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("clocks", "180s"),
        ("expiry", "yes"),
        ("expiry", ""),
        ("clock", ""),
        ("clock", "soon"),
        ("clock", "P2D"),
        ("clock", "99999999999s"),
        ("clock", "-5s"),
    ],
)
def test_what_no_switch_knows_is_refused_with_the_words_that_it_knows(name: str, word: str) -> None:
    with pytest.raises(ConfigError, match=r"^ssolab\.toml:3: .*; "):
        set_switches([(name, word)], called="ssolab.toml:3")


def test_a_switch_that_nobody_set_says_on_what_its_default_rests() -> None:
    told = dict(described(Switches(expiry=True), clock=timedelta(seconds=180), expiry=True))
    assert told["clock"] == "3 min (default: unverified; some remember 480000ms of the setup guide)"
    assert told["expiry"] == "strict"
    assert told["unsolicited"].startswith("welcome (default: ")
    assert list(told) == [each.name for each in SWITCHES]
