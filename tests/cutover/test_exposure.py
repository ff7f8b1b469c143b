"""How long a compromised key is still believed, per verifier: P + C by a key set, else until a hand takes it out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import click
import pytest

from ssolab.lanes import rehearsal_text
from tests.cutover.parts import HOUR, MINUTE, START, SWAP, lab, play, step, verifier
from tests.cutover.test_rotations import played

if TYPE_CHECKING:
    from ssolab.cutover.rehearse import Rehearsal


def lasting(rehearsal: Rehearsal) -> dict[str, timedelta | None]:
    return {each.link.verifier: each.exposure.lasts for each in rehearsal.links if each.exposure}


def test_in_an_emergency_it_is_the_age_of_a_copy_whatever_is_fetched_for_an_unknown_kid() -> None:
    # facts/oidc.md 5.2, the hard age of a copy (C); nothing is lost between the edges here (P = 0)
    assert lasting(played("emergency")) == {
        "jose-remote-jwks": timedelta(seconds=600),
        "openid-client": timedelta(seconds=300),
        "pyjwt-jwk-client": timedelta(seconds=300),
        "mod-auth-openidc": timedelta(seconds=3600),
        "go-oidc": None,
        "dotnet-configuration-manager": timedelta(hours=12),
        "social-core-2021": timedelta(hours=24),
    }


def test_in_a_planned_rotation_the_drain_comes_first() -> None:
    assert lasting(played("planned-overlap"))["openid-client"] == HOUR + timedelta(seconds=300)


def test_where_the_old_key_signs_again_there_is_nothing_to_be_exposed_to() -> None:
    assert lasting(played("rollback")) == {}


@pytest.mark.parametrize(
    ("removed", "until"), [(SWAP + 2 * HOUR, 2 * HOUR + 10 * MINUTE), (None, None)], ids=["taken out", "left there"]
)
def test_who_holds_certificates_by_hand_is_exposed_until_somebody_takes_it_out(
    removed: object, until: timedelta | None
) -> None:
    steps = [step("add", START + HOUR), step("swap", SWAP)]
    if removed is not None:
        steps.append(step("remove", SWAP + 2 * HOUR))
    found = play(lab(verifier(propagation=10 * MINUTE), steps))
    assert lasting(found) == {"pingone": until}


def test_the_text_tells_of_links_alike_together_and_of_each_exposure() -> None:
    text = click.unstyle(rehearsal_text(played("emergency"), owner="greenmoor", width=100))
    told = text[text.rindex("oidc-code  ok") :]
    assert told.count("ssolab explain removed-while-its-tokens-lived") == 2, "six alike, and one that is out for longer"
    assert "seen at each: unknown-kid" in told
    assert "social-core-2021 may need 1 d" in told
    believed = told[told.index("Whoever has the old key") :]
    assert "  5 min: openid-client, pyjwt-jwk-client" in believed
    assert "for ever, unless it is taken out or the party restarts: go-oidc" in believed


def test_links_alike_have_one_weight_together() -> None:
    emergency = played("emergency")
    heavy = replace(
        emergency, links=tuple(replace(each, link=replace(each.link, weight=100.0)) for each in emergency.links)
    )
    text = click.unstyle(rehearsal_text(heavy, owner="greenmoor", width=200))
    assert "oidc-code, weight 600 together" in text
    assert "social-core-2021 oidc-code, weight 100" in text
