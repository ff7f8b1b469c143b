"""Every fault of OpenID Connect against the reader that has to deal with it: the declared codes, and the right name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import pytest

from ssolab.core import jwk_problems, jwks, unreadable_tokens
from ssolab.core.catalog import Barrier, Check, Refusal, entries_of
from ssolab.core.findings import Severity
from ssolab.core.jose import decode
from ssolab.faults.engine import Carrier, Nature
from ssolab.faults.oidc import faults
from ssolab.faults.tokens import TOKENS, published
from ssolab.oidc import checks as door
from ssolab.oidc import discovered, key_reasons, signature_reasons
from ssolab.sources import catalog
from tests.faults.oidc_parts import CLIENT, DISCOVERY, FORGED, GENUINE, Outcome, judge, oidc_kit, token_of

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault

FAULTS: Final = [pytest.param(each, id=each.code) for each in faults()]
ON_TOKENS: Final = [each for each in faults() if each.carrier in TOKENS]
CHECKS: Final[dict[str, Check[Any]]] = {each.code: each for each in (*door.STRUCTURE, *door.CHECKS)}
TELLS: Final = {code for code, check in CHECKS.items() if check.severity is Severity.INFO}
"""Checks that only tell something, and neither refuse nor warn."""


def believed(fault: Fault) -> str | None:
    """Whom a sound receiver believes the token to be about."""
    if not fault.accepted:
        return None
    return CLIENT if fault.carrier is Carrier.CLIENT_ASSERTION else GENUINE


@pytest.mark.parametrize("fault", FAULTS)
def test_what_carries_a_fault_is_refused_for_exactly_the_declared_reasons(fault: Fault) -> None:
    assert judge(fault) == Outcome(tuple(sorted(fault.trips)), tuple(sorted(fault.warns)), believed(fault))


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.code) for each in ON_TOKENS])
def test_the_second_opinion_changes_nothing(fault: Fault) -> None:
    assert judge(fault, opinions=True) == judge(fault)


@pytest.mark.parametrize("carrier", [*sorted(TOKENS), Carrier.JWKS, Carrier.DISCOVERY])
def test_the_same_without_a_fault_is_accepted(carrier: Carrier) -> None:
    name = CLIENT if carrier is Carrier.CLIENT_ASSERTION else GENUINE
    assert judge(carrier=carrier) == Outcome((), (), name)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_says_which_row_it_plays_and_names_codes_that_exist(fault: Fault) -> None:
    known = {each.code for each in catalog()} | {"no-keys-at-hand"}
    assert re.fullmatch(r"J-\d\d", fault.row)
    assert set(fault.trips) | set(fault.warns) <= known
    assert (fault.nature is Nature.LEGITIMATE) <= fault.accepted


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.code) for each in ON_TOKENS if each.keeps])
def test_a_fault_that_keeps_the_genuine_name_brings_the_forged_one_itself(fault: Fault) -> None:
    payload = decode(token_of(fault).split(".")[1].encode(), "token", "payload")
    assert FORGED.encode() in payload


def alone(code: str) -> list[Fault]:
    return [each for each in ON_TOKENS if (*each.trips, *each.warns) == (code,)]


def test_every_check_has_a_fault_that_trips_it_alone() -> None:
    assert {code for code in CHECKS if not alone(code)} == TELLS


@pytest.mark.parametrize(
    ("code", "fault"),
    [pytest.param(code, fault, id=f"{code}-{fault.code}") for code in sorted(CHECKS) for fault in alone(code)],
)
def test_without_its_check_a_fault_gets_through(code: str, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STRUCTURE", "CHECKS"):
        monkeypatch.setattr(door, name, tuple(each for each in getattr(door, name) if each.code != code))
    monkeypatch.setattr(door, "plainly", lambda *_: None)
    said = judge(fault)
    assert (said.errors, said.warnings) == ((), ())


NEVER_ALONE: Final = {
    "signed-by-key-in-header": "a key that the token brings along is told of wherever there is one",
}


def test_every_reason_why_a_signature_is_refused_is_tripped_alone() -> None:
    reasons = {
        each.code: each
        for each in entries_of((key_reasons, signature_reasons), Refusal)
        if each.severity is not Severity.INFO
    }
    lonely = {said[0] for each in faults() if len(said := (*each.trips, *each.warns)) == 1}
    assert set(reasons) - lonely == set(NEVER_ALONE)
    assert set(NEVER_ALONE) <= {code for each in faults() for code in each.trips}


def test_every_reason_why_something_cannot_be_read_has_a_fault() -> None:
    tripped = {code for each in faults() for code in (*each.trips, *each.warns)}
    barriers = {each.code for each in entries_of((unreadable_tokens, jwks), Barrier)}
    odd_keys = {each.code for each in entries_of((jwk_problems,), Refusal) if each.severity is not Severity.INFO}
    of_discovery = {each.code for each in entries_of((discovered,), Refusal)}
    assert barriers | odd_keys | of_discovery <= tripped


def test_a_document_that_carries_no_fault_is_published_as_it_was_written() -> None:
    on_tokens = [each for each in faults() if each.carrier in TOKENS]
    assert published(DISCOVERY, oidc_kit(), on_tokens) == published(DISCOVERY, None)
