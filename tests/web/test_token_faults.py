"""Faults of OpenID Connect in the lab: armed for one login or one message, over the real routes, with their codes."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from ssolab.faults.engine import Carrier
from ssolab.faults.oidc import faults
from ssolab.web.armed import playable
from ssolab.web.inprocess import InProcessLab
from ssolab.web.token_firing import FIRED
from tests.web.parts import AMIRA, config

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault

IN_LOGINS: Final = [
    pytest.param(each, id=each.code)
    for each in faults()
    if playable(each) is None
    and not each.receiver
    and each.carrier in {Carrier.ID_TOKEN, Carrier.JWKS, Carrier.DISCOVERY}
]
ELSEWHERE: Final = {
    "token-without-a-kid-for-two-keys": "the lab's provider lists one key, so there is nothing to choose",
    "empty-text-in-the-place-of-a-token": "an empty member of an answer is a missing one",
}
"""Faults that end in something else in the lab than before the bare checks, and why."""


@functools.cache
def lab() -> InProcessLab:
    """One lab for all, so that its throw-away keys are made once."""
    return InProcessLab(replace(config(), opinions=False))


@pytest.mark.parametrize("fault", IN_LOGINS)
def test_a_login_with_a_fault_ends_with_exactly_the_codes_that_it_declares(fault: Fault) -> None:
    played = lab()
    played.lab.openid_rp.restart()  # a copy of the keys would be used in place of those with the fault
    entry = played.login(AMIRA.username, flow="oidc-code", fault=fault.code)
    fired = [each.faults for each in played.journal if each.event == FIRED]
    assert fired[-1] == (fault.code,)
    if fault.code not in ELSEWHERE:
        assert {found.code for found in entry.errors} == set(fault.trips)
        assert entry.accepted == fault.accepted
    played.lab.openid_rp.restart()
    assert played.login(AMIRA.username, flow="oidc-code").accepted
    assert not played.lab.armed.waiting()
