from __future__ import annotations

import base64
from datetime import timedelta

import pytest

from ssolab.core.findings import Finding, InputError, Severity, Where
from ssolab.salesforce.login_codes import LoginCode
from ssolab.salesforce.validator import Seen, ValidatorReport, look, report_lines, validator_report

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
DER = b"\x30\x82\x01\x00" + bytes(256)
SIGNATURE = (
    f'<ds:Signature xmlns:ds="{DS}"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n'
    f"{base64.encodebytes(DER).decode()}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
)
SIGNED = Seen(signed=frozenset({"assertion"}), certificates=(DER,), subject="amira@greenmoor.org", assertion_id="_a1")


def message(*, outer: str = "", inner: str = SIGNATURE) -> bytes:
    return (
        f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}">{outer}<saml:Assertion ID="_a1">{inner}'
        "<saml:Subject><saml:NameID>amira@greenmoor.org</saml:NameID></saml:Subject></saml:Assertion></samlp:Response>"
    ).encode()


def error(code: str, path: str | None = None) -> Finding:
    where = None if path is None else Where(path=path)
    return Finding(code=code, severity=Severity.ERROR, message=f"{code} was found", where=where)


def report(*findings: Finding, seen: Seen = SIGNED, trusted: frozenset[bytes] = frozenset({DER})) -> ValidatorReport:
    return validator_report(findings, seen, trusted=trusted, skew=timedelta(seconds=180))


def confirmed(made: ValidatorReport) -> list[str]:
    lines = [line for section in made.sections for line in section.lines] + list(made.closing)
    return [line.text for line in lines if line.confirmed]


def test_a_message_is_looked_at_without_believing_it() -> None:
    assert look(message(), "x") == SIGNED
    both = look(message(outer=SIGNATURE), "x")
    assert both.signed == {"response", "assertion"}
    assert both.certificates == (DER, DER)
    assert look(b"<a/>", "x") == Seen()
    broken = message(inner=SIGNATURE.replace(base64.encodebytes(DER).decode(), "M***"))
    assert look(broken, "x").certificates == (b"",)
    with pytest.raises(InputError, match=r"^x"):
        look(b"<a", "x")


def test_a_subject_is_whole_whatever_splits_it_and_no_longer_than_a_line_bears() -> None:
    split = message().replace(b"amira@", b"amira<!-- x -->@")
    assert look(split, "x").subject == "amira@greenmoor.org"
    long = look(message().replace(b"amira@", b"a" * 5000), "x")
    assert all(len(line.text) < 900 for line in report(seen=long).closing)


def test_the_sections_are_numbered_and_only_the_eleventh_is_said_to_be_salesforces() -> None:
    sections = report().sections
    assert [each.number for each in sections] == list(range(1, 15))
    assert [(each.number, each.title) for each in sections if each.confirmed] == [(11, "Validating the Signature")]
    assert "not confirmed" in report().legend


def test_a_good_message_says_what_is_signed_and_that_the_certificate_is_the_right_one() -> None:
    made = report()
    # the fragments of facts 4.2, to the letter
    assert confirmed(made) == [
        "Is the response signed? false",
        "Is the assertion signed? true",
        "The reference in the assertion signature is valid",
        "Is the correct certificate supplied in the keyinfo? true",
    ]
    assert (made.login_status, made.login_text) == (None, None)
    assert {each.passed for each in made.sections} == {True, None}
    assert [line.text for line in made.closing] == ["Subject: amira@greenmoor.org AssertionId: _a1"]


def test_another_certificate_is_told_in_the_words_that_administrators_search_for() -> None:
    made = report(error("key-not-trusted"), trusted=frozenset({b"another"}))
    assert confirmed(made) == [
        "Is the response signed? false",
        "Is the assertion signed? true",
        "Signature or certificate problems",
        "The reference in the assertion signature is valid",
        "The signature in the assertion is not valid",
        "Is the correct certificate supplied in the keyinfo? false",
        "No valid certificate specified in this response",
    ]
    assert made.login_status is LoginCode.MISMATCH_CERT
    assert [each.number for each in made.sections if each.passed is False] == [11]


def test_a_changed_assertion_has_no_valid_reference() -> None:
    told = confirmed(report(error("digest-mismatch")))
    assert "The reference in the assertion signature is valid" not in told
    assert "The signature in the assertion is not valid" in told


def test_of_two_signatures_the_bad_one_is_named() -> None:
    seen = Seen(signed=frozenset({"response", "assertion"}), certificates=(DER,))
    inside = "/samlp:Response/saml:Assertion/ds:Signature"
    assert "The signature in the assertion is not valid" in confirmed(
        report(error("digest-mismatch", inside), seen=seen)
    )
    outside = report(error("digest-mismatch", "/samlp:Response/ds:Signature"), seen=seen)
    assert "The signature in the assertion is not valid" not in confirmed(outside)
    assert any(line.text == "The signature in the response is not valid" for line in outside.sections[10].lines)


def test_each_finding_stands_in_its_own_section() -> None:
    made = report(error("audience-mismatch"), error("status-not-success"), error("expired-conditions"))
    assert {each.number: each.codes for each in made.sections if each.codes} == {
        1: ("status-not-success",),
        4: ("expired-conditions",),
        9: ("audience-mismatch",),
    }
    assert made.login_status is LoginCode.INVALID_STATUS


def test_a_subject_that_is_nobody_is_told_in_salesforces_words() -> None:
    told = confirmed(report(error("subject-not-a-user")))
    assert told[-1] == ("Subject: amira@greenmoor.org Unable to map the subject to a Salesforce user AssertionId: _a1")


def test_the_allowance_of_the_clocks_is_labelled_unless_somebody_chose_it() -> None:
    unsure = report().sections[3].lines[0].text
    assert unsure == "Allowed clock difference: 3 min (unverified; 480000 ms is what some remember of the setup guide)"
    chosen = validator_report([], SIGNED, trusted=frozenset(), skew=timedelta(minutes=8), skew_given=True)
    assert chosen.sections[3].lines[0].text == "Allowed clock difference: 8 min"


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.ERROR])
def test_an_expired_certificate_tells_both_outcomes(severity: Severity) -> None:
    made = report(Finding(code="expired-certificate", severity=severity, message="expired"))
    lines = made.sections[10].lines
    assert any("may work there or fail" in line.text and not line.confirmed for line in lines)
    assert (made.sections[10].passed is False) == (severity is Severity.ERROR)


def test_the_text_marks_what_is_not_confirmed() -> None:
    lines = list(report_lines(report(error("audience-mismatch"))))
    assert "11. Validating the Signature" in lines
    assert "9. Validating the Audience *  FAILED" in lines
    assert "    Is the assertion signed? true" in lines
    assert "    audience-mismatch was found *" in lines
    assert "Login history: LOGIN_SAML_INVALID_AUDIENCE, Failed: Audience Invalid" in lines
    assert lines[-1].startswith("* ")
