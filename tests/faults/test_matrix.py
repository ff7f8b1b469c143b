"""Every fault against the receiver that has to deal with it: exactly the codes that it declares, and the right name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ssolab.faults.engine import Carrier, Nature
from ssolab.faults.saml import faults
from ssolab.sources import catalog
from tests.faults.parts import FORGED, GENUINE, Outcome, respond, written

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault

SHORTENED = {"comment-put-into-the-name-after-signing"}
"""Faults by which careless readers see a part of the genuine name, and no forged one."""

RESPONSES = [
    (each, sign) for each in faults() if each.carrier in {Carrier.RESPONSE, Carrier.METADATA} for sign in each.signs
]


@pytest.mark.parametrize(("fault", "sign"), [pytest.param(*each, id=f"{each[0].code}-{each[1]}") for each in RESPONSES])
def test_a_response_with_a_fault_is_refused_for_exactly_the_declared_reasons(fault: Fault, sign: str) -> None:
    assert respond(fault, sign=sign) == Outcome(
        tuple(sorted(fault.trips)), tuple(sorted(fault.warns)), GENUINE if fault.accepted else None
    )


@pytest.mark.parametrize(("fault", "sign"), [pytest.param(*each, id=f"{each[0].code}-{each[1]}") for each in RESPONSES])
def test_the_second_opinions_change_nothing(fault: Fault, sign: str) -> None:
    assert respond(fault, sign=sign, opinions=True) == respond(fault, sign=sign)


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_the_same_message_without_a_fault_logs_in_the_genuine_name(sign: str) -> None:
    assert respond(sign=sign) == respond(sign=sign, opinions=True) == Outcome((), (), GENUINE)


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.code) for each in faults()])
def test_a_fault_says_which_row_it_plays_and_names_codes_that_exist(fault: Fault) -> None:
    known = {each.code for each in catalog()}
    assert re.fullmatch(r"[XKTDSBEMO]-\d\d", fault.row)
    assert set(fault.trips) | set(fault.warns) <= known
    assert (fault.nature is Nature.LEGITIMATE) <= (fault.accepted or "status-not-success" in fault.trips)


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.code) for each, _ in RESPONSES if each.keeps])
def test_a_fault_that_keeps_the_genuine_name_brings_the_forged_one_itself(fault: Fault) -> None:
    said = [written(fault, sign) for sign in fault.signs]
    assert all(FORGED.encode() in each for each in said) != (fault.code in SHORTENED)
