"""Every fault of a logout message against its door: exactly the declared codes, and the sessions that end.

Every check of the two doors is needed: a fault trips it alone, and without that check the fault would get through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from ssolab.core.findings import Severity
from ssolab.faults.engine import Carrier
from ssolab.faults.saml import faults
from ssolab.saml import logout_acceptance as door
from tests.faults.logging_out import answer_a_logout, ask_to_log_out, deliver
from tests.faults.parts import FORGED, GENUINE, Outcome

if TYPE_CHECKING:
    from ssolab.core.catalog import Check
    from ssolab.faults.engine import Fault

CARRIERS: Final = (Carrier.LOGOUT_REQUEST, Carrier.LOGOUT_RESPONSE)
PLAYED: Final = [(each, sign) for each in faults() if each.carrier in CARRIERS for sign in each.signs]
CHECKS: Final[dict[Carrier, dict[str, Check[Any]]]] = {
    Carrier.LOGOUT_REQUEST: {each.code: each for each in door.REQUEST_CHECKS},
    Carrier.LOGOUT_RESPONSE: {each.code: each for each in door.RESPONSE_CHECKS},
}
ENDED: Final = {
    "logout-of-all-sessions": f"{GENUINE} _desk, {GENUINE} _phone",
    Carrier.LOGOUT_REQUEST: f"{GENUINE} _desk",
    Carrier.LOGOUT_RESPONSE: "the answer to _logout",
}
"""What an accepted message does, by code or by its carrier."""

NOTHING_ENDS: Final = {
    "logout-name-unknown": "there is no session of that name to end",
    "session-index-unknown": "there is no such session to end",
    "logout-name-missing": "there is no name whose sessions could end",
}
"""Checks without which a request is obeyed and nothing ends, since sessions are found by the whole name anyway."""

CANNOT_BE_READ: Final = {
    "message-without-id": "a message without an ID is none",
    "invalid-instant": "a moment has to be read",
    "element-repeated": "one Issuer is read",
    "two-kinds-of-name-in-the-logout-request": "one name is read",
    "logout-response-without-a-status-code": "a status has a code",
    "comment-in-the-name-to-log-out-query": "a text is read in one piece, and in a query nothing drops the comment",
}
"""Checks and faults without which, or of which, the message is still refused when it is read, as unreadable."""


def named(fault: Fault, sign: str) -> str:
    return f"{fault.code}-{sign}"


@pytest.mark.parametrize(("fault", "sign"), [pytest.param(*each, id=named(*each)) for each in PLAYED])
def test_a_logout_message_with_a_fault_is_refused_for_exactly_the_declared_reasons(fault: Fault, sign: str) -> None:
    said = deliver(fault, sign)
    name = ENDED.get(fault.code, ENDED[fault.carrier]) if fault.accepted else None
    assert said == Outcome(tuple(sorted(fault.trips)), tuple(sorted(fault.warns)), name)
    assert deliver(fault, sign, opinions=True) == said


@pytest.mark.parametrize("sign", ["request", "query"])
def test_the_same_request_without_a_fault_ends_one_session(sign: str) -> None:
    ended = Outcome((), (), ENDED[Carrier.LOGOUT_REQUEST])
    assert ask_to_log_out(sign=sign) == ask_to_log_out(sign=sign, opinions=True) == ended


@pytest.mark.parametrize("sign", ["response", "query"])
def test_the_same_answer_without_a_fault_is_believed(sign: str) -> None:
    believed = Outcome((), (), ENDED[Carrier.LOGOUT_RESPONSE])
    assert answer_a_logout(sign=sign) == answer_a_logout(sign=sign, opinions=True) == believed


def alone(carrier: Carrier, code: str) -> list[tuple[Fault, str]]:
    """List the faults of that carrier that trip this and nothing else, each as it may be signed."""
    return [each for each in PLAYED if each[0].carrier is carrier and (*each[0].trips, *each[0].warns) == (code,)]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_check_has_a_fault_that_trips_it_alone(carrier: Carrier) -> None:
    tells = {code for code, check in CHECKS[carrier].items() if check.severity is Severity.INFO}
    assert {code for code in CHECKS[carrier] if not alone(carrier, code)} == tells


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
    name = "REQUEST_CHECKS" if carrier is Carrier.LOGOUT_REQUEST else "RESPONSE_CHECKS"
    monkeypatch.setattr(door, name, tuple(each for each in getattr(door, name) if each.code != code))
    said = deliver(fault, sign)
    if {code, fault.code, named(fault, sign)} & set(CANNOT_BE_READ):
        assert said == Outcome(("unreadable-element",), (), None)
        return
    assert (said.errors, said.warnings) == ((), ())
    if carrier is Carrier.LOGOUT_RESPONSE:
        assert said.name is not None
    elif code in NOTHING_ENDS and not fault.accepted:
        assert said.name == ""
    else:
        assert said.name == f"{GENUINE} _desk" if fault.accepted else f"{FORGED} _victims"
