"""Every fault of a request against the identity provider that has to deal with it, by both of the ways it travels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from ssolab.core.findings import Severity
from ssolab.faults.engine import Carrier
from ssolab.faults.saml import faults
from ssolab.saml import request_checks as door
from tests.faults.parts import RELAY_STATE, Outcome, ask, asked, asking_kit

if TYPE_CHECKING:
    from ssolab.core.catalog import Check
    from ssolab.faults.engine import Fault

REQUESTS: Final = [(each, sign) for each in faults() if each.carrier is Carrier.REQUEST for sign in each.signs]
CHECKS: Final[dict[str, Check[Any]]] = {each.code: each for each in door.CHECKS}
TELLS: Final = {code for code, check in CHECKS.items() if check.severity is Severity.INFO}
"""Checks that only tell something, and neither refuse nor warn."""

ASKED: Final = asking_kit().new_id()
"""The ID of the first request that is made."""

NOT_READ: Final = {
    "request-without-an-id": "an answer names the request by its ID, so none can be read without",
    "request-with-an-unreadable-moment": "the moment is a part of what is read",
}
"""Faults that get past the checks and are refused all the same, since there is no reading them."""


def ids(fault: Fault, sign: str) -> str:
    return f"{fault.code}-{sign}"


@pytest.mark.parametrize(("fault", "sign"), [pytest.param(*each, id=ids(*each)) for each in REQUESTS])
def test_a_request_with_a_fault_is_refused_for_exactly_the_declared_reasons(fault: Fault, sign: str) -> None:
    said = ask(fault, sign=sign)
    assert (said.errors, said.warnings) == (tuple(sorted(fault.trips)), tuple(sorted(fault.warns)))
    assert (said.name is not None) == fault.accepted


@pytest.mark.parametrize(("fault", "sign"), [pytest.param(*each, id=ids(*each)) for each in REQUESTS])
def test_the_second_opinions_change_nothing(fault: Fault, sign: str) -> None:
    assert ask(fault, sign=sign, opinions=True) == ask(fault, sign=sign)


@pytest.mark.parametrize("sign", ["query", "request"])
def test_the_same_request_without_a_fault_may_be_answered(sign: str) -> None:
    assert ask(sign=sign) == ask(sign=sign, opinions=True) == Outcome((), (), ASKED)
    assert asked(sign=sign).relay_state == RELAY_STATE


def alone(code: str) -> list[tuple[Fault, str]]:
    """List the faults that trip this and nothing else, each as it may be signed."""
    return [each for each in REQUESTS if (*each[0].trips, *each[0].warns) == (code,)]


def test_every_check_of_a_request_has_a_fault_that_trips_it_alone() -> None:
    assert {code for code in CHECKS if not alone(code)} == TELLS


@pytest.mark.parametrize(
    ("code", "fault", "sign"),
    [pytest.param(code, *each, id=f"{code}-{ids(*each)}") for code in sorted(CHECKS) for each in alone(code)],
)
def test_without_its_check_a_fault_of_a_request_gets_through(
    code: str, fault: Fault, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "CHECKS", tuple(each for each in door.CHECKS if each.code != code))
    said = ask(fault, sign=sign)
    assert said.errors == (("unreadable-element",) if fault.code in NOT_READ else ())
    assert said.warnings == ()
    assert (said.name is None) == (fault.code in NOT_READ)
