from __future__ import annotations

import re

import pytest

import ssolab.core
import ssolab.salesforce
import ssolab.saml
from ssolab.core.catalog import Check, Refusal, entries_of, modules_below
from ssolab.core.findings import Finding, Severity
from ssolab.salesforce.login_codes import ELSEWHERE, PLACES, LoginCode, Step, login_code, place_of

# facts/salesforce.md 4.3, row by row; None is a text that nobody captured
HISTORY = {
    "INVALID_AUDIENCE": "Failed: Audience Invalid",
    "INVALID_CONFIG": "Failed: Configuration Error/Perm Disabled",
    "INVALID_FORMAT": "Failed: Assertion Invalid",
    "INVALID_IN_RES_TO": "Failed: InResponseTo Invalid",
    "INVALID_ISSUER": "Failed: Issuer Mismatched",
    "INVALID_ORG_ID": "Failed: Invalid Organization Id",
    "INVALID_PORTAL_ID": "Failed: Invalid Portal Id",
    "INVALID_RECIPIENT": "Failed: Recipient Mismatched",
    "INVALID_SESSION_LEVEL": None,
    "INVALID_SIGNATURE": "Failed: Signature Invalid",
    "INVALID_SITE_URL": "Failed: Invalid Site URL",
    "INVALID_STATUS": "Failed: Status Invalid",
    "INVALID_SUB_CONFIRM": "Failed: Subject Confirmation Error",
    "INVALID_TIMESTAMP": "Failed: Assertion Expired",
    "INVALID_USERNAME": "Failed: Username Or SSO Id Invalid",
    "INVALID_VERSION": None,
    "MISMATCH_CERT": "Failed: Signature Invalid/Configured Certificate Mismatch",
    "MISSING_ORG_ID": "Failed: Missing Organization Id for Portal login",
    "MISSING_PORTAL_ID": None,
    "PROVISION_ERROR": "Failed: SAML Provision Error",
    "REPLAY_ATTEMPTED": "Failed: Replay Detected",
    "SITE_INACTIVE": "Failed: Specified Site is Inactive",
}
OTHER_MESSAGES = re.compile(r"request|logout|artifact|metadata|jwk|jose|jwt")
"""Modules of these names judge something else than a Response."""


def found(*codes: str) -> list[Finding]:
    return [Finding(code=code, severity=Severity.ERROR, message="x") for code in codes]


def test_the_login_history_knows_these_codes_and_texts() -> None:
    assert {each.value: each.text for each in LoginCode} == {
        f"LOGIN_SAML_{name}": text for name, text in HISTORY.items()
    }


def refusing() -> set[str]:
    """The codes of everything that can refuse a Response."""
    packages = (ssolab.core, ssolab.saml, ssolab.salesforce)
    modules = [each for package in packages for each in modules_below(package)]
    about = [each for each in modules if not OTHER_MESSAGES.search(each.__name__.rpartition(".")[2])]
    entries = [*entries_of(about, Check), *entries_of(about, Refusal)]
    return {each.code for each in entries if each.severity is Severity.ERROR}


def test_every_check_that_can_refuse_a_response_has_a_row() -> None:
    missing = sorted(refusing() - set(PLACES))
    assert not missing, f"add {', '.join(missing)} to a row of _ROWS in ssolab/salesforce/login_codes.py"


def test_no_row_names_a_check_that_does_not_exist() -> None:
    modules = [each for package in (ssolab.core, ssolab.saml, ssolab.salesforce) for each in modules_below(package)]
    known = {each.code for each in (*entries_of(modules, Check), *entries_of(modules, Refusal))}
    assert set(PLACES) <= known


@pytest.mark.parametrize(
    ("code", "shown"),
    [  # what the help says of each (facts 4.1, 4.3)
        ("audience-mismatch", "INVALID_AUDIENCE"),
        ("issuer-mismatch", "INVALID_ISSUER"),
        ("recipient-mismatch", "INVALID_RECIPIENT"),
        ("replayed-assertion", "REPLAY_ATTEMPTED"),
        ("name-id-missing", "INVALID_FORMAT"),
        ("certificate-not-trusted", "MISMATCH_CERT"),
        ("key-not-trusted", "MISMATCH_CERT"),
        ("digest-mismatch", "INVALID_SIGNATURE"),
        ("expired-conditions", "INVALID_TIMESTAMP"),
        ("provisioning-attribute-missing", "PROVISION_ERROR"),
        ("org-id-mismatch", "INVALID_ORG_ID"),
        ("org-id-missing", "MISSING_ORG_ID"),
        ("no-such-check", "INVALID_FORMAT"),
    ],
)
def test_a_finding_has_its_code(code: str, shown: str) -> None:
    assert login_code(found(code)) is LoginCode[shown]


def test_an_untrusted_key_without_a_certificate_beside_it_is_an_invalid_signature() -> None:
    assert login_code(found("key-not-trusted"), carries_certificate=False) is LoginCode.INVALID_SIGNATURE


def test_of_several_findings_the_one_counts_that_the_validator_meets_first() -> None:
    told = found("replayed-assertion", "digest-mismatch", "key-not-trusted", "audience-mismatch", "status-not-success")
    assert [login_code(told[:count]) for count in (1, 2, 3, 4, 5)] == [
        LoginCode.REPLAY_ATTEMPTED,
        LoginCode.INVALID_SIGNATURE,
        LoginCode.MISMATCH_CERT,
        LoginCode.INVALID_AUDIENCE,
        LoginCode.INVALID_STATUS,
    ]


def test_what_does_not_refuse_is_no_row_of_the_history() -> None:
    warning = Finding(code="audience-mismatch", severity=Severity.WARNING, message="x")
    waived = Finding(code="audience-mismatch", severity=Severity.ERROR, message="x", waived="by request")
    assert login_code([warning, waived]) is None


def test_the_signature_is_section_eleven() -> None:
    assert (Step.SIGNATURE, place_of("signature-missing").step) == (11, Step.SIGNATURE)
    assert place_of("no-such-check") == ELSEWHERE
