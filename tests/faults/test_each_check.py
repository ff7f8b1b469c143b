"""Every check is needed: a fault trips it alone, and without that check the fault would get through.

What stands in `xmlreasons` and `keyreasons` cannot be left out of a verification, so there it is only asked that a
fault trips each of them, alone where that can be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from ssolab.core import keyreasons, xmlreasons
from ssolab.core.catalog import Check, Refusal, entries_of
from ssolab.core.findings import Severity
from ssolab.faults.engine import Carrier
from ssolab.faults.saml import faults
from ssolab.saml import checks as door
from tests.faults.parts import respond

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault

SHOWN: Final = [each for each in faults() if each.carrier in {Carrier.RESPONSE, Carrier.METADATA}]
CHECKS: Final[dict[str, Check[Any]]] = {each.code: each for each in (*door.STRUCTURE, *door.CHECKS)}

TELLS: Final = {code for code, check in CHECKS.items() if check.severity is Severity.INFO}
"""Checks that only tell something, and neither refuse nor warn."""

NOBODY_THERE: Final = {
    "success-without-an-assertion": "it has no Assertion",
    "refused-by-the-identity-provider": "it has no Assertion",
    "assertion-without-an-issuer": "an identity is issuer and name together",
    "no-name": "it names nobody",
    "encrypted-for-a-receiver-without-its-key": "nobody can read whom it names",
}
"""Faults that get through and log in nobody all the same, since there is nobody in the message."""

REFUSED_ONCE_OPENED: Final = {"encrypted-original-in-extensions", "forged-encrypted-assertion-first"}
"""Faults whose ciphertext is opened where nothing refused before; then it shows that nobody signed what is in it."""

NEVER_ALONE: Final = {
    "several-signatures": "the second signature is a stray one too",
    "missing-id": "a Reference cannot name an element without an ID, and a message needs one anyway",
    "algorithm-key-mismatch": "then no trusted key fits either",
}
NEVER_SEEN: Final = {
    "document-type-present": "the parser refuses the document before",
}


def alone(code: str) -> list[tuple[Fault, str]]:
    """List the faults that trip this and nothing else, each as it may be signed."""
    return [(each, sign) for each in SHOWN if (*each.trips, *each.warns) == (code,) for sign in each.signs]


def test_every_check_has_a_fault_that_trips_it_alone() -> None:
    assert {code for code in CHECKS if not alone(code)} == TELLS


@pytest.mark.parametrize(
    ("code", "fault", "sign"),
    [
        pytest.param(code, fault, sign, id=f"{code}-{fault.code}-{sign}")
        for code in sorted(CHECKS)
        for fault, sign in alone(code)
    ],
)
def test_without_its_check_a_fault_gets_through(
    code: str, fault: Fault, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STRUCTURE", "CHECKS"):
        monkeypatch.setattr(door, name, tuple(each for each in getattr(door, name) if each.code != code))
    said = respond(fault, sign=sign)
    assert (said.errors, said.warnings) == (("signature-missing",) if fault.code in REFUSED_ONCE_OPENED else (), ())
    assert (said.name is None) == (fault.code in {*NOBODY_THERE, *REFUSED_ONCE_OPENED})


def test_every_reason_of_the_verifier_is_tripped_by_a_fault_and_alone_where_that_can_be() -> None:
    reasons = {each.code for each in entries_of((xmlreasons, keyreasons), Refusal)}
    tripped = {code for each in SHOWN for code in each.trips}
    assert reasons - tripped == set(NEVER_SEEN)
    assert {code for code in reasons if not alone(code)} == set(NEVER_SEEN) | set(NEVER_ALONE)
