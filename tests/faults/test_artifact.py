"""Every fault of artifact resolution against its door: exactly the declared codes, and what is given out or believed.

Every check of the two doors is needed: a fault trips it alone, and without that check the fault would get through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from ssolab.core.catalog import Refusal, entries_of
from ssolab.core.findings import Severity
from ssolab.faults.engine import Carrier
from ssolab.faults.saml import faults
from ssolab.saml import artifact_resolve, artifact_resolve_checks, artifact_response
from tests.faults.parts import FORGED, GENUINE, Outcome
from tests.faults.resolving import KEPT, answer_with_a_message, ask_for_a_message, deliver

if TYPE_CHECKING:
    from types import ModuleType

    from ssolab.core.catalog import Check
    from ssolab.faults.engine import Fault

CARRIERS: Final = (Carrier.ARTIFACT_RESOLVE, Carrier.ARTIFACT_RESPONSE)
PLAYED: Final = [(each, sign) for each in faults() if each.carrier in CARRIERS for sign in each.signs]
DOORS: Final[dict[Carrier, tuple[ModuleType, str]]] = {
    Carrier.ARTIFACT_RESOLVE: (artifact_resolve, "RESOLVE_CHECKS"),
    Carrier.ARTIFACT_RESPONSE: (artifact_response, "RESOLUTION_CHECKS"),
}
CHECKS: Final[dict[Carrier, dict[str, Check[Any]]]] = {
    carrier: {each.code: each for each in getattr(*door)} for carrier, door in DOORS.items()
}

NOT_ALONE: Final = {
    (Carrier.ARTIFACT_RESOLVE, "message-without-id"): "a question has to be signed, and nothing without an ID can be",
    (Carrier.ARTIFACT_RESOLVE, "request-certificate-expired"): "expired-certificate warns beside it",
}
"""Checks that no fault can trip alone, and why."""

STILL_NOTHING: Final = {
    "artifact-unreadable": ("malformed-artifact",),
    "artifact-of-another-issuer": ("artifact-unknown",),
    "two-artifacts-in-a-question": ("unreadable-element",),
    "invalid-instant": ("unreadable-element",),
    "artifact-response-empty": (),
    "issuer-mismatch": ("artifact-of-another-party",),
    "issuer-missing": ("artifact-of-another-party",),
}
"""Checks, or faults, without which something else says no: what is not there cannot be given out."""


def named(fault: Fault, sign: str) -> str:
    return f"{fault.code}-{sign}"


def name_of(carrier: Carrier, name: str) -> str:
    return KEPT.decode() if carrier is Carrier.ARTIFACT_RESOLVE else name


@pytest.mark.parametrize(("fault", "sign"), [pytest.param(*each, id=named(*each)) for each in PLAYED])
def test_a_message_of_resolution_with_a_fault_is_refused_for_exactly_the_declared_reasons(
    fault: Fault, sign: str
) -> None:
    said = deliver(fault, sign)
    name = name_of(fault.carrier, GENUINE) if fault.accepted else None
    assert said == Outcome(tuple(sorted(fault.trips)), tuple(sorted(fault.warns)), name)
    assert deliver(fault, sign, opinions=True) == said


def test_the_same_question_without_a_fault_gets_the_message() -> None:
    assert ask_for_a_message() == ask_for_a_message(opinions=True) == Outcome((), (), KEPT.decode())


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_the_same_answer_without_a_fault_logs_in_the_genuine_name(sign: str) -> None:
    logged_in = Outcome((), (), GENUINE)
    assert answer_with_a_message(sign=sign) == answer_with_a_message(sign=sign, opinions=True) == logged_in


def alone(carrier: Carrier, code: str) -> list[tuple[Fault, str]]:
    """List the faults of that carrier that trip this and nothing else, each as it may be signed."""
    return [each for each in PLAYED if each[0].carrier is carrier and (*each[0].trips, *each[0].warns) == (code,)]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_check_has_a_fault_that_trips_it_alone_or_a_reason(carrier: Carrier) -> None:
    tells = {code for code, check in CHECKS[carrier].items() if check.severity is Severity.INFO}
    missing = {code for code in CHECKS[carrier] if not alone(carrier, code)} - tells
    assert missing == {code for of, code in NOT_ALONE if of is carrier}


def test_every_answer_of_the_memory_has_a_fault_that_trips_it_alone() -> None:
    reasons = {each.code for each in entries_of((artifact_resolve_checks,), Refusal)}
    assert {code for code in reasons if not alone(Carrier.ARTIFACT_RESOLVE, code)} == set()


@pytest.mark.parametrize(
    ("carrier", "code", "fault", "sign"),
    [
        pytest.param(carrier, code, *each, id=f"{code}-{named(*each)}")
        for carrier in CARRIERS
        for code in CHECKS[carrier]
        for each in alone(carrier, code)
    ],
)
def test_without_its_check_a_fault_gets_through(
    carrier: Carrier, code: str, fault: Fault, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, name = DOORS[carrier]
    monkeypatch.setattr(module, name, tuple(each for each in getattr(module, name) if each.code != code))
    said = deliver(fault, sign)
    instead = STILL_NOTHING.get(fault.code, STILL_NOTHING.get(code))
    if instead is not None and (carrier is Carrier.ARTIFACT_RESOLVE or not instead):
        assert said == Outcome(instead, (), None)
        return
    assert said == Outcome((), (), name_of(carrier, GENUINE if fault.accepted else FORGED))
