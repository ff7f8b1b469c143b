"""What the codes alone do not show: whose name it is, where RelayState leads, and who opens what is encrypted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from ssolab.core.findings import Subject
from ssolab.core.keys import TrustedKey
from ssolab.faults.engine import Carrier
from ssolab.faults.issuing import posted
from ssolab.faults.kits import receivers_keys
from ssolab.faults.saml import faults
from ssolab.faults.saml.issuers import PARTNER
from ssolab.saml.bindings import decode_post
from ssolab.saml.checks import Principal, accept
from ssolab.web.pages import bounded_relay_state, local_path
from tests.faults.parts import DECRYPTION, ENDED, GENUINE, RELAY_STATE, asked, issued, kit, settings_of
from tests.saml.samples import ACS, IDP, NOW, SP, certificate, expected, trust

if TYPE_CHECKING:
    from ssolab.core.findings import Report

FAULTS: Final = {each.code: each for each in faults()}


def judged(code: str | None, **changes: Any) -> Report[Principal]:
    chosen = () if code is None else (FAULTS[code],)
    settings = {"decryption": DECRYPTION} | settings_of(chosen, kit())
    return accept(issued(*chosen), expected(**settings | changes))


def identity(report: Report[Principal]) -> tuple[str, str]:
    assert report.principal is not None
    return report.principal.issuer, report.principal.name_id


def test_one_name_from_two_partners_is_two_identities() -> None:
    ours, theirs = judged(None), judged("same-name-from-another-partner")
    assert [identity(ours), identity(theirs)] == [(IDP, GENUINE), (PARTNER, GENUINE)]


def test_the_finding_names_the_partner_whose_key_it_is() -> None:
    found = judged("signed-by-another-trusted-partner").errors
    assert {(each.subject, each.observed) for each in found} == {
        (Subject(entity_id=PARTNER, spki_sha256=kit().foreign.certificate.spki_sha256), f"Issuer {IDP}")
    }


@pytest.mark.parametrize(
    "code",
    [each.code for each in faults() if each.row == "B-05" and each.carrier is Carrier.RESPONSE],
)
def test_a_relay_state_that_leads_away_is_never_followed(code: str) -> None:
    tools = kit()
    carried = posted(issued(FAULTS[code], tools=tools), tools, [FAULTS[code]], location=ACS, relay_state=RELAY_STATE)
    received = decode_post(carried.fields)
    assert received.relay_state not in {None, RELAY_STATE}
    assert local_path(received.relay_state) is None


def test_the_relay_state_of_the_valid_message_is_followed() -> None:
    carried = posted(issued(), kit(), location=ACS, relay_state=RELAY_STATE)
    assert local_path(decode_post(carried.fields).relay_state) == RELAY_STATE


@pytest.mark.parametrize("code", ["relay-state-with-markup", "long-relay-state"])
def test_the_relay_state_of_a_request_comes_back_to_the_letter(code: str) -> None:
    relay_state = asked(FAULTS[code]).relay_state
    assert relay_state is not None
    assert bounded_relay_state(relay_state) == relay_state
    assert "<script>" in relay_state or len(relay_state) > 80


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("encrypted-assertion", "sp"),
        ("encrypted-for-the-other-key-of-a-rollover", "new"),
        ("encrypted-for-an-expired-certificate", "old"),
        ("two-encrypted-keys-without-a-recipient", "sp"),
    ],
)
def test_the_key_that_opened_is_named(code: str, label: str) -> None:
    report = judged(code)
    assert [facts.label for facts in report.decryption] == [label]
    assert report.principal is not None


@pytest.mark.parametrize(
    "code", [each.code for each in faults() if "encryption" in each.needs and "decryption-failed" in each.trips]
)
def test_whatever_does_not_open_is_told_in_the_same_words(code: str) -> None:
    def told(report: Report[Principal]) -> list[tuple[str, str, str | None, str | None]]:
        return [(each.code, each.message, each.expected, each.observed) for each in report.errors]

    assert told(judged(code)) == told(judged("changed-content"))


def test_the_keys_of_a_receiver_are_told_apart() -> None:
    ended = trust("old", SP, not_after=ENDED)
    curve = replace(trust("sp", SP), public=TrustedKey.of(certificate("p256")).public)
    first, special = receivers_keys([curve, ended, trust("sp", SP), trust("new", SP)], NOW)
    assert first == trust("sp", SP)
    assert special == {"second-encryption": trust("new", SP), "expired-encryption": ended}
    assert receivers_keys([curve], NOW) == (None, {})
