"""Accepting a Response: a case for every check that trips it alone, and the exact edges of every window."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from time import process_time
from typing import TYPE_CHECKING, Any, Literal

import pytest
from lxml import etree

from ssolab.core.catalog import Check, Refusal, entries_of
from ssolab.core.findings import ConfigError, InputError, Opinion, Severity
from ssolab.core.keys import Permission
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import SAML, SAMLP
from ssolab.saml import checks as accepting
from ssolab.saml import structure
from ssolab.saml.asking import Asking
from ssolab.saml.checks import CHECKS, accept, expected_of
from ssolab.saml.issue import draft_response, seal
from ssolab.saml.messages import NameID, NameIDPolicy, RequestedAuthnContext
from ssolab.saml.names import PERSISTENT
from tests.saml.samples import (
    ACS,
    IDP,
    NOW,
    REQUEST,
    SP,
    asserting,
    certificate,
    credential,
    expected,
    find,
    relying,
    response,
    trust,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ssolab.core.findings import Report
    from ssolab.core.xmltree import Element
    from ssolab.saml.checks import Expected, Principal

SECOND = timedelta(seconds=1)
LIFE = timedelta(minutes=5)
SKEW = timedelta(seconds=60)

A = "saml:Assertion"
SUBJECT = f"{A}/saml:Subject"
NAME_ID = f"{SUBJECT}/saml:NameID"
CONFIRMATION = f"{SUBJECT}/saml:SubjectConfirmation"
DATA = f"{CONFIRMATION}/saml:SubjectConfirmationData"
CONDITIONS = f"{A}/saml:Conditions"
RESTRICTION = f"{CONDITIONS}/saml:AudienceRestriction"
STATEMENT = f"{A}/saml:AuthnStatement"


def put(path: str, **values: str | None) -> Callable[[Element], None]:
    """Set attributes of one element; None takes one away."""

    def change(root: Element) -> None:
        element = find(root, path)
        for name, value in values.items():
            if value is None:
                element.attrib.pop(name)
            else:
                element.set(name, value)

    return change


def text(path: str, value: str) -> Callable[[Element], None]:
    def change(root: Element) -> None:
        find(root, path).text = value

    return change


def drop(path: str) -> Callable[[Element], None]:
    def change(root: Element) -> None:
        element = find(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return change


def add(path: str, xml: str, place: int | None = None) -> Callable[[Element], None]:
    """Put an element, written with the usual prefixes, below another."""

    def change(root: Element) -> None:
        parent = find(root, path)
        inside = etree.fromstring(f'<x xmlns:saml="{SAML}" xmlns:samlp="{SAMLP}">{xml}</x>')[0]
        parent.insert(len(parent) if place is None else place, inside)

    return change


def both(*changes: Callable[[Element], None]) -> Callable[[Element], None]:
    def change(root: Element) -> None:
        for each in changes:
            each(root)

    return change


def instant(shift: timedelta) -> str:
    return (NOW + shift).strftime("%Y-%m-%dT%H:%M:%SZ")


class Seen:
    """The simplest replay memory: for ever."""

    def __init__(self) -> None:
        self.used: set[tuple[str, str]] = set()

    def remember(self, issuer: str, assertion_id: str, _until: datetime, _now: datetime) -> bool:
        """Say whether it is known, and know it from now on."""
        known = (issuer, assertion_id) in self.used
        self.used.add((issuer, assertion_id))
        return known


def codes(report: Report[Any], severity: Severity = Severity.ERROR) -> list[str]:
    return sorted({found.code for found in report.findings if found.severity is severity})


def judged(change: Callable[[Element], None] = lambda _root: None, **changes: Any) -> Report[Principal]:
    return accept(response(change), expected(**changes))


# --- the message that is right ---


@pytest.mark.parametrize("sign_as", ["assertion", "response", "both"])
def test_a_valid_message_gives_its_subject_and_no_complaint(sign_as: str) -> None:
    report = accept(response(sign_as=sign_as), expected())
    assert codes(report) == codes(report, Severity.WARNING) == []
    principal = report.principal
    assert principal is not None
    assert principal.name_id == "amira@greenmoor.org"
    assert principal.issuer == IDP
    assert principal.in_response_to == REQUEST
    assert principal.session_index == "_session"
    assert principal.attributes == {"email": ("amira@greenmoor.org",), "groups": ("staff", "night shift")}
    assert principal.format == "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
    assert principal.authn_context == "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


@pytest.mark.parametrize(
    ("sign_as", "element"),
    [("assertion", "/samlp:Response/saml:Assertion"), ("response", "/samlp:Response")],
)
def test_the_report_names_the_key_the_algorithm_and_the_signed_element(sign_as: str, element: str) -> None:
    signature = accept(response(sign_as=sign_as), expected()).signature
    assert signature is not None
    assert signature.signed_element == element
    assert signature.algorithm == "rsa-sha256"
    assert signature.key == certificate("idp").spki_sha256


def test_what_is_not_given_is_not_judged_and_said_once_each() -> None:
    report = judged(issuer=None, audience=None, recipient=None, in_response_to=None)
    said = [found.message.partition(" ")[0] for found in report.findings if found.code == "not-judged"]
    assert sorted(said) == ["audience", "in-response-to", "issuer", "recipient", "replay"]
    assert report.accepted


def test_second_opinions_are_heard_and_agree() -> None:
    report = judged(opinions=True)
    assert report.accepted
    assert report.verifiers == dict.fromkeys(("ssolab", "signxml", "xmlsec"), Opinion.ACCEPTED) | {
        name: Opinion.ACCEPTED for name in report.verifiers if name == "pybergshamra"
    }


@pytest.mark.parametrize("sign_as", ["assertion", "response", "both"])
def test_what_the_salesforce_flavour_issues_is_accepted_by_everybody(
    sign_as: Literal["assertion", "response", "both"],
) -> None:
    party = asserting(flavour="salesforce", sign=sign_as)
    ids = iter(("_r", "_a", "_s"))
    drafted = draft_response(
        party,
        now=NOW,
        new_id=lambda: next(ids),
        name_id="amira@greenmoor.org",
        attributes={"userId": "005"},
        in_response_to=REQUEST,
    )
    message = seal(drafted, party.credential, sign=sign_as, flavour="salesforce")
    report = accept(message, expected(opinions=True))
    assert codes(report) == codes(report, Severity.WARNING) == []
    assert report.principal is not None
    assert report.principal.attributes == {"userId": ("005",)}


def test_a_second_opinion_that_disagrees_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    from ssolab.core import opinions

    def refuse(*_: object) -> None:
        raise ValueError("not with me")

    monkeypatch.setitem(opinions._XML, "xmlsec", refuse)
    report = judged(opinions=True)
    assert codes(report) == ["verifiers-disagree"]
    assert report.principal is None
    assert report.verifiers["xmlsec"] is Opinion.REFUSED


def test_the_others_are_not_asked_about_a_signature_that_would_have_them_fetch() -> None:
    message = response().replace(b'URI="#_assertion"', b'URI="http://127.0.0.1:9/secret"')
    report = accept(message, expected(opinions=True))
    assert "reference-not-to-parent" in codes(report)
    assert report.verifiers["xmlsec"] is report.verifiers["signxml"] is Opinion.NOT_APPLICABLE


# --- one case for every check ---

UNKNOWN_CONDITION = '<x:OnlyOnSundays xmlns:x="urn:example:conditions"/>'
OTHER_RESTRICTION = (
    "<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction>"
)
SECOND_NAME = "<saml:NameID>second@greenmoor.org</saml:NameID>"
HELD = '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"/>'

ONCE = "<saml:OneTimeUse/>"
NO_PROXY = '<saml:ProxyRestriction Count="0"/>'

CASES: list[tuple[str, Callable[[Element], None], dict[str, Any]]] = [
    ("version-unsupported", put(".", Version="1.1"), {}),
    ("version-unsupported", put(A, Version=None), {}),
    ("message-without-id", put(".", ID=None), {}),
    ("issuer-missing", drop(f"{A}/saml:Issuer"), {}),
    ("issuer-mismatch", lambda _: None, {"issuer": IDP + "/", "trusted": (trust("idp"),)}),
    ("issuer-not-key-holder", lambda _: None, {"trusted": (trust("idp", "https://other.example"),)}),
    ("issuers-differ", text("saml:Issuer", "https://other.example"), {"issuer": None, "trusted": (trust("idp"),)}),
    ("destination-mismatch", put(".", Destination=ACS + "&sc=0LE"), {}),
    ("destination-mismatch", put(".", Destination=""), {}),
    ("invalid-instant", put(".", IssueInstant=None), {}),
    ("invalid-instant", put(".", IssueInstant="2027-01-04T09:00:00"), {}),
    ("invalid-instant", put(CONDITIONS, NotOnOrAfter="2027-01-04T16=7:00Z"), {}),
    ("invalid-instant", put(DATA, NotOnOrAfter="soon"), {}),
    ("invalid-instant", put(STATEMENT, SessionNotOnOrAfter="2027-13-01T00:00:00Z"), {}),
    (
        "status-not-success",
        put("samlp:Status/samlp:StatusCode", Value="urn:oasis:names:tc:SAML:2.0:status:Responder"),
        {},
    ),
    ("status-not-success", drop("samlp:Status"), {}),
    ("element-repeated", add(A, "<saml:Conditions/>"), {}),
    ("element-repeated", add(SUBJECT, SECOND_NAME), {}),
    ("element-repeated", both(add(CONDITIONS, ONCE), add(CONDITIONS, ONCE)), {}),
    ("element-repeated", both(add(CONDITIONS, NO_PROXY), add(CONDITIONS, NO_PROXY)), {}),
    ("response-by-redirect", lambda _: None, {"binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"}),
    ("in-response-to-mismatch", lambda _: None, {"in_response_to": {REQUEST[:-1]}}),
    ("in-response-to-mismatch", lambda _: None, {"in_response_to": {REQUEST.swapcase()}}),
    ("in-response-to-mismatch", lambda _: None, {"in_response_to": ()}),
    ("in-response-to-mismatch", put(DATA, InResponseTo=None), {}),
    ("in-response-to-mismatch", put(DATA, InResponseTo=REQUEST[:255]), {"in_response_to": None}),
    ("in-response-to-mismatch", put(".", InResponseTo=None), {"unsolicited": True}),
    ("unsolicited-response", both(put(".", InResponseTo=None), put(DATA, InResponseTo=None)), {}),
    (
        "authn-context-not-met",
        lambda _: None,
        {"asked": Asking(requested_authn_context=RequestedAuthnContext(class_refs=("urn:x509",)))},
    ),
    (
        "authentication-not-fresh",
        put(STATEMENT, AuthnInstant=instant(-SKEW - SECOND)),
        {"asked": Asking(force_authn=True, at=NOW)},
    ),
    ("name-id-format-not-met", lambda _: None, {"asked": Asking(name_id_policy=NameIDPolicy(format=PERSISTENT))}),
    ("subject-not-met", lambda _: None, {"asked": Asking(subject=NameID("ben@greenmoor.org"))}),
    ("sp-name-qualifier-mismatch", put(NAME_ID, SPNameQualifier=SP + "/"), {}),
    ("response-too-old", lambda _: None, {"message_life": timedelta(minutes=3), "now": NOW + timedelta(minutes=4)}),
    ("audience-mismatch", lambda _: None, {"audience": SP + "/"}),
    ("audience-mismatch", add(CONDITIONS, OTHER_RESTRICTION), {}),
    ("audience-mismatch", drop(RESTRICTION), {}),
    ("conditions-missing", drop(CONDITIONS), {}),
    ("condition-unknown", add(CONDITIONS, UNKNOWN_CONDITION), {}),
    ("condition-unknown", add(CONDITIONS, "<saml:Condition/>"), {}),
    ("authn-statement-missing", drop(STATEMENT), {}),
    ("name-id-missing", drop(NAME_ID), {}),
    ("name-id-missing", text(NAME_ID, " \n"), {}),
    ("name-id-not-whole", add(NAME_ID, "<x>.attacker.test</x>"), {}),
    ("name-id-not-whole", add(NAME_ID, "<!-- -->"), {}),
    ("name-id-not-whole", add(NAME_ID, "<?php ?>"), {}),
    ("text-not-whole", add(f"{RESTRICTION}/saml:Audience", "<!---->"), {}),
    ("text-not-whole", add(f"{A}/saml:Issuer", "<?x?>"), {}),
    ("text-not-whole", add(f"{A}/saml:AttributeStatement/saml:Attribute/saml:AttributeValue", "<!---->"), {}),
    ("subject-confirmation-missing", drop(CONFIRMATION), {}),
    ("subject-confirmation-missing", both(drop(CONFIRMATION), add(SUBJECT, HELD)), {}),
    ("recipient-mismatch", put(DATA, Recipient=ACS + "&sc=0LE"), {}),
    ("recipient-mismatch", put(DATA, Recipient=None), {}),
    ("expired-confirmation", put(DATA, NotOnOrAfter=None), {}),
    ("expired-confirmation", put(DATA, NotOnOrAfter=instant(-SKEW)), {}),
    ("not-yet-valid", put(CONDITIONS, NotBefore=instant(SKEW + SECOND)), {}),
    ("not-yet-valid", put(DATA, NotBefore=instant(SKEW + SECOND)), {}),
    ("expired-conditions", put(CONDITIONS, NotOnOrAfter=instant(-SKEW)), {}),
    ("expired-session", put(STATEMENT, SessionNotOnOrAfter=instant(-SKEW)), {}),
    (
        "expired-certificate",
        lambda _: None,
        {"trusted": (trust("idp", not_after=NOW - SECOND),), "checks_expiry": True},
    ),
    (
        "certificate-not-yet-valid",
        lambda _: None,
        {"trusted": (trust("idp", not_before=NOW + SECOND),), "checks_expiry": True},
    ),
    (
        "certificate-not-trusted",
        lambda _: None,
        {"trusted": (trust("idp", not_after=NOW + 90 * LIFE),), "match": "certificate"},
    ),
]
"""Code, change before signing, changed expectation: this and nothing else must refuse."""

WARNINGS: list[tuple[str, Callable[[Element], None], dict[str, Any]]] = [
    (
        "issuer-format-not-entity",
        put(f"{A}/saml:Issuer", Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
        {},
    ),
    ("issued-in-the-future", put(A, IssueInstant=instant(SKEW + SECOND)), {}),
    ("expired-certificate", lambda _: None, {"trusted": (trust("idp", not_after=NOW - SECOND),)}),
    ("certificate-not-yet-valid", lambda _: None, {"trusted": (trust("idp", not_before=NOW + SECOND),)}),
    ("attribute-repeated", add(f"{A}/saml:AttributeStatement", '<saml:Attribute Name="email"/>'), {}),
    ("confirmation-with-not-before", put(DATA, NotBefore=instant(-SECOND)), {}),
    ("clock-skew-used", put(CONDITIONS, NotOnOrAfter=instant(-SECOND)), {}),
]


def ids(case: tuple[str, object, object]) -> str:
    return case[0]


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_each_case_is_refused_by_its_own_check_alone(
    case: tuple[str, Callable[[Element], None], dict[str, Any]],
) -> None:
    code, change, changes = case
    report = accept(response(change), expected(**changes))
    assert codes(report) == [code]
    assert report.principal is None
    assert report.signature is not None, "the signature itself is right"


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_without_its_check_each_case_would_get_through(
    case: tuple[str, Callable[[Element], None], dict[str, Any]],
) -> None:
    code, change, changes = case
    rest = [each for each in CHECKS if each.code != code]
    report = accept(response(change), expected(**changes), rest)
    assert codes(report) == []
    # Without an Issuer or a NameID there is nobody to log in, whichever checks run.
    assert report.accepted or code in {"issuer-missing", "name-id-missing"}


@pytest.mark.parametrize("case", WARNINGS, ids=ids)
def test_each_doubt_warns_and_lets_the_message_in(
    case: tuple[str, Callable[[Element], None], dict[str, Any]],
) -> None:
    code, change, changes = case
    report = accept(response(change), expected(**changes))
    assert codes(report, Severity.WARNING) == [code]
    assert report.accepted


def test_every_check_has_a_case() -> None:
    elsewhere = {"destination-missing", "not-judged", "certificate-differs"}
    assert {each.code for each in CHECKS} == {code for code, _, _ in (*CASES, *WARNINGS)} | elsewhere


def test_a_signed_response_without_a_destination_warns() -> None:
    without = put(".", Destination=None)
    signed, unsigned = (accept(response(without, sign_as=how), expected()) for how in ("response", "assertion"))
    assert codes(signed, Severity.WARNING) == ["destination-missing"]
    assert codes(unsigned, Severity.WARNING) == []
    assert signed.accepted
    assert unsigned.accepted


def test_all_reasons_are_given_at_once() -> None:
    report = accept(
        response(both(put(DATA, Recipient="https://x.example"), put(A, Version="2.1"))), expected(audience="x")
    )
    assert codes(report) == ["audience-mismatch", "recipient-mismatch", "version-unsupported"]


def test_a_finding_shows_both_sides_the_place_and_the_standard() -> None:
    found = judged(audience="https://other.example").errors[0]
    assert (found.expected, found.observed) == ("https://other.example", SP)
    assert found.cites == "SAML2Core 2.5.1.4"
    assert found.where is not None
    assert found.where.path == "/samlp:Response/saml:Assertion/saml:Conditions/saml:AudienceRestriction"


def test_a_place_is_named_in_the_message_as_it_was_received() -> None:
    where = judged(put(DATA, Recipient="https://x.example")).errors[0].where
    assert where is not None
    assert where.document == "response.xml"
    assert where.path == (
        "/samlp:Response/saml:Assertion/saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData"
    )


def test_the_line_is_that_of_the_received_message() -> None:
    def change(root: Element) -> None:
        etree.indent(root)
        put(DATA, Recipient="https://x.example")(root)

    message = response(change)
    report = accept(message, expected())
    where = report.errors[0].where
    assert where is not None
    assert where.line is not None
    assert b"Recipient=" in message.splitlines()[where.line - 1]


# --- edges ---


@pytest.mark.parametrize(
    ("path", "name", "code"),
    [
        (CONDITIONS, "NotOnOrAfter", "expired-conditions"),
        (DATA, "NotOnOrAfter", "expired-confirmation"),
        (STATEMENT, "SessionNotOnOrAfter", "expired-session"),
    ],
)
@pytest.mark.parametrize("skew", [timedelta(0), SKEW])
def test_an_end_is_exclusive_to_the_second(path: str, name: str, code: str, skew: timedelta) -> None:
    message = response(put(path, **{name: instant(timedelta(0))}))
    inside = accept(message, expected(now=NOW + skew - SECOND, skew=skew))
    at_the_end = accept(message, expected(now=NOW + skew, skew=skew))
    assert codes(inside) == []
    assert codes(at_the_end) == [code]


@pytest.mark.parametrize("path", [CONDITIONS, DATA])
@pytest.mark.parametrize("skew", [timedelta(0), SKEW])
def test_a_beginning_is_inclusive_to_the_second(path: str, skew: timedelta) -> None:
    message = response(put(path, NotBefore=instant(timedelta(0))))
    at_the_beginning = accept(message, expected(now=NOW - skew, skew=skew))
    before = accept(message, expected(now=NOW - skew - SECOND, skew=skew))
    assert codes(at_the_beginning) == []
    assert codes(before) == ["not-yet-valid"]


def test_the_skew_is_reported_only_where_it_was_needed() -> None:
    message = response()
    in_time = accept(message, expected(now=NOW + LIFE - SECOND))
    saved = accept(message, expected(now=NOW + LIFE))
    assert "clock-skew-used" not in codes(in_time, Severity.WARNING)
    assert codes(saved, Severity.WARNING) == ["clock-skew-used"]
    assert saved.accepted


def test_a_certificate_is_good_through_its_last_second() -> None:
    last = NOW + timedelta(days=65)
    assert certificate("idp").not_after == last
    message = response(
        both(
            put(DATA, NotOnOrAfter="2040-01-01T00:00:00Z"),
            put(CONDITIONS, NotOnOrAfter="2040-01-01T00:00:00Z"),
        )
    )
    assert codes(accept(message, expected(now=last, checks_expiry=True))) == []
    assert codes(accept(message, expected(now=last + SECOND, checks_expiry=True))) == ["expired-certificate"]


def test_a_far_future_does_not_overflow() -> None:
    report = judged(put(CONDITIONS, NotOnOrAfter="9999-12-31T23:59:59Z", NotBefore="0001-01-01T00:00:00Z"))
    assert codes(report) == []


# --- keys and certificates ---


def test_the_same_key_in_another_certificate_is_accepted_and_said() -> None:
    report = judged(trusted=(trust("idp", IDP, not_after=NOW + 90 * LIFE),))
    assert report.accepted
    assert codes(report, Severity.INFO) == ["certificate-differs", "not-judged"]


def test_a_renewed_certificate_beside_the_expired_one_over_the_same_key_is_good() -> None:
    old, renewed = trust("idp", IDP, not_after=NOW - SECOND), trust("idp", IDP)
    report = judged(trusted=(old, renewed), checks_expiry=True)
    assert codes(report) == []
    assert report.accepted


def test_a_key_that_several_parties_declare_speaks_for_each_of_them() -> None:
    report = judged(trusted=(trust("idp", "https://other.example"), trust("idp", IDP)))
    assert report.accepted


def test_a_message_without_certificate_is_refused_where_certificates_are_compared() -> None:
    def change(root: Element) -> None:
        sign(find(root, A), credential("idp"), key_info=False)

    message = response(sign_as="none", after=change)
    assert accept(message, expected()).accepted
    assert codes(accept(message, expected(match="certificate"))) == ["certificate-not-trusted"]


def test_a_key_nobody_trusts_is_refused_whatever_keyinfo_says() -> None:
    report = accept(response(key="foreign"), expected())
    assert codes(report) == ["key-not-trusted"]
    assert report.principal is None
    assert report.signature is None


def test_a_retired_key_is_named() -> None:
    report = accept(response(key="old"), expected(known=(trust("old", IDP),)))
    assert codes(report) == ["key-not-trusted"]
    assert "old.example.org" in str(report.errors[0])


def test_an_encryption_key_is_not_trusted_for_signatures() -> None:
    only_encryption = replace(trust("idp", IDP), use="encryption")
    report = judged(trusted=(only_encryption, trust("other", IDP)))
    assert codes(report) == ["key-not-trusted"]


def test_sha1_is_refused_unless_permitted_and_reported_all_the_same() -> None:
    def change(root: Element) -> None:
        sign(find(root, A), credential("idp"), hash="sha1")

    message = response(sign_as="none", after=change)
    assert codes(accept(message, expected())) == ["sha1-signature"]
    permitted = accept(message, expected(permit=frozenset({Permission.SHA1})))
    assert permitted.accepted
    assert "sha1-signature" in codes(permitted, Severity.WARNING)


# --- signatures: which are wanted, and that none may be bad ---


@pytest.mark.parametrize(
    ("sign_as", "accepted_by"),
    [
        ("none", set()),
        ("assertion", {"either", "assertion"}),
        ("response", {"either", "response"}),
        ("both", {"either", "assertion", "response", "both"}),
    ],
)
def test_the_wanted_signatures_have_to_be_there(sign_as: str, accepted_by: set[str]) -> None:
    message = response(sign_as=sign_as)
    for wanted in ("either", "assertion", "response", "both"):
        report = accept(message, expected(want_signed=wanted))
        assert report.accepted == (wanted in accepted_by)
        assert codes(report) == ([] if wanted in accepted_by else ["signature-missing"])


def test_a_bad_root_signature_refuses_although_the_inner_one_is_good() -> None:
    message = response(sign_as="both").replace(b'ID="_response"', b'ID="_response" Consent="urn:x"')
    report = accept(message, expected())
    assert codes(report) == ["digest-mismatch"]
    assert report.principal is None


def test_a_bad_inner_signature_refuses_although_the_root_signature_is_good() -> None:
    def spoil(root: Element) -> None:
        sign(find(root, A), credential("foreign"))
        sign(root, credential("idp"))

    report = accept(response(sign_as="none", after=spoil), expected())
    assert codes(report) == ["key-not-trusted"]
    assert report.principal is None


def test_a_bad_signature_still_shows_every_other_problem_and_says_what_they_were_read_from() -> None:
    report = accept(response(key="foreign"), expected(audience="https://other.example", now=NOW + 2 * LIFE))
    assert codes(report) == ["audience-mismatch", "expired-conditions", "expired-confirmation", "key-not-trusted"]
    assert "unverified-content" in codes(report, Severity.INFO)
    assert report.principal is None


def test_the_unsigned_wrapper_can_refuse_and_not_let_in() -> None:
    fail = b"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
    success = b"urn:oasis:names:tc:SAML:2.0:status:Success"
    assert codes(accept(response().replace(success, fail), expected())) == ["status-not-success"]


def test_a_wrapper_that_answers_a_pending_request_does_not_lend_that_to_an_assertion_for_another() -> None:
    message = response().replace(REQUEST.encode(), b"_mine", 1)
    assert codes(accept(message, expected(in_response_to={"_mine"}))) == ["in-response-to-mismatch"]


# --- shape ---


def test_every_structural_refusal_has_a_case() -> None:
    covered = {
        "element-unexpected",
        "assertion-missing",
        "assertion-encrypted",
        "assertion-extra",
        "response-nested",
        "stray-signature",
    }
    assert {each.code for each in entries_of((structure,), Check)} == covered


def test_success_without_an_assertion_is_refused() -> None:
    report = accept(response(drop(A), sign_as="response"), expected())
    assert codes(report) == ["assertion-missing"]
    assert report.principal is None


def test_a_refusal_by_the_identity_provider_shows_its_codes_and_its_words() -> None:
    status = (
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Requester">'
        '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy"/></samlp:StatusCode>'
        "<samlp:StatusMessage>no such user</samlp:StatusMessage></samlp:Status>"
    )
    report = accept(response(both(drop(A), drop("samlp:Status"), add(".", status)), sign_as="response"), expected())
    assert codes(report) == ["status-not-success"]
    observed = report.errors[0].observed or ""
    assert "status:Requester > urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy" in observed
    assert "no such user" in observed


def test_an_encrypted_assertion_is_refused_with_what_to_do() -> None:
    report = accept(response(both(drop(A), add(".", "<saml:EncryptedAssertion/>")), sign_as="response"), expected())
    assert codes(report) == ["assertion-encrypted"]


def test_an_encrypted_name_is_nobody() -> None:
    report = judged(both(drop(NAME_ID), add(SUBJECT, "<saml:EncryptedID/>", 0)))
    assert codes(report) == ["name-id-missing"]
    assert report.errors[0].observed == "an EncryptedID"


@pytest.mark.parametrize("place", [".", f"{A}/saml:Conditions", "samlp:Status"])
def test_a_second_assertion_anywhere_is_refused(place: str) -> None:
    second = '<saml:Advice><saml:Assertion ID="_x"/></saml:Advice>' if place != "." else '<saml:Assertion ID="_x"/>'
    report = accept(response(add(place, second), sign_as="both"), expected())
    assert "assertion-extra" in codes(report)
    assert report.principal is None


def test_a_response_in_a_response_is_refused() -> None:
    report = accept(
        response(add("samlp:Status", '<samlp:StatusDetail><samlp:Response ID="_x"/></samlp:StatusDetail>')), expected()
    )
    assert codes(report) == ["response-nested"]


def test_a_signature_in_a_look_alike_namespace_does_not_count_as_absent() -> None:
    message = response(sign_as="both").replace(b'xmlns:ds="http://www.w3', b'xmlns:ds="Http://www.w3', 1)
    report = accept(message, expected())
    assert codes(report) == ["element-unexpected"]
    assert report.principal is None


@pytest.mark.parametrize("place", [".", A])
def test_an_element_that_the_schema_does_not_know_is_refused(place: str) -> None:
    assert codes(accept(response(add(place, '<y xmlns="urn:example"/>')), expected())) == ["element-unexpected"]


def test_a_signature_in_an_odd_place_is_refused() -> None:
    ds = '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>'
    report = accept(response(add(SUBJECT, ds)), expected())
    assert codes(report) == ["stray-signature"]


# --- several confirmations ---


def test_one_confirmation_that_holds_is_enough() -> None:
    bad = (
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        '<saml:SubjectConfirmationData Recipient="https://other.example" NotOnOrAfter="2001-01-01T00:00:00Z"/>'
        "</saml:SubjectConfirmation>"
    )
    report = judged(both(add(SUBJECT, bad, 1), add(SUBJECT, HELD, 1)))
    assert codes(report) == []
    assert report.principal is not None
    assert report.principal.in_response_to == REQUEST


def test_two_confirmations_that_each_hold_in_half_do_not_add_up() -> None:
    late = (
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
        f'<saml:SubjectConfirmationData Recipient="{ACS}" InResponseTo="{REQUEST}" NotOnOrAfter="2001-01-01T00:00:00Z"'
        "/></saml:SubjectConfirmation>"
    )
    report = judged(both(put(DATA, Recipient="https://other.example"), add(SUBJECT, late)))
    assert report.principal is None
    assert len(codes(report)) == 1


# --- solicited and unsolicited ---


def test_an_unsolicited_response_is_welcome_where_it_is_allowed() -> None:
    message = response(both(put(".", InResponseTo=None), put(DATA, InResponseTo=None)))
    for welcome in (expected(in_response_to=()), expected(unsolicited=True), expected(in_response_to=None)):
        report = accept(message, welcome)
        assert report.accepted
        assert report.principal is not None
        assert report.principal.in_response_to is None


def test_a_salesforce_request_id_of_296_characters_is_shown_with_its_length() -> None:
    assert len(REQUEST) == 296
    found = judged(in_response_to={REQUEST[:255]}).errors[0]
    assert "(255 characters)" in (found.expected or "")
    assert "(296 characters)" in (found.observed or "")


# --- replay ---


def test_the_second_use_of_an_assertion_is_refused() -> None:
    seen = Seen()
    message = response()
    assert accept(message, expected(replay=seen)).accepted
    again = accept(message, expected(replay=seen))
    assert codes(again) == ["replayed-assertion"]
    assert again.principal is None


def test_a_refused_message_is_not_remembered() -> None:
    seen = Seen()
    message = response()
    assert not accept(message, expected(replay=seen, audience="https://other.example")).accepted
    assert accept(message, expected(replay=seen)).accepted


def test_an_assertion_is_remembered_until_the_skew_after_its_last_end() -> None:
    calls: list[tuple[Any, ...]] = []

    class Memory:
        def remember(self, *about: Any) -> bool:
            calls.append(about)
            return False

    accept(response(put(DATA, NotOnOrAfter=instant(2 * LIFE))), expected(replay=Memory()))
    assert calls == [(IDP, "_assertion", NOW + 2 * LIFE + SKEW, NOW)]


def test_an_assertion_with_several_confirmations_is_remembered_until_the_last_of_them_ends() -> None:
    calls: list[tuple[Any, ...]] = []

    class Memory:
        def remember(self, *about: Any) -> bool:
            calls.append(about)
            return False

    def confirm_twice(root: Element) -> None:
        confirmation = find(root, "saml:Assertion/saml:Subject/saml:SubjectConfirmation")
        later = copy.deepcopy(confirmation)
        find(later, "saml:SubjectConfirmationData").set("NotOnOrAfter", instant(2 * LIFE))
        confirmation.addnext(later)

    assert accept(response(confirm_twice), expected(replay=Memory())).accepted
    assert calls == [(IDP, "_assertion", NOW + 2 * LIFE + SKEW, NOW)]


# --- settings that make no sense, and input that is none ---


def test_an_empty_trust_set_is_an_error_and_never_a_pass() -> None:
    with pytest.raises(ConfigError, match="trust set is empty"):
        accept(response(), expected(trusted=()))


def test_an_empty_set_of_checks_is_an_error_and_never_a_pass() -> None:
    with pytest.raises(ConfigError, match="set of checks is empty"):
        accept(response(), expected(), ())


def test_a_waived_code_is_shown_and_does_not_refuse() -> None:
    report = judged(audience="https://other.example", ignore=frozenset({"audience-mismatch"}))
    assert report.accepted
    waived = [found for found in report.findings if found.waived]
    assert [found.code for found in waived] == ["audience-mismatch"]
    assert waived[0].severity is Severity.ERROR


@pytest.mark.parametrize("code", ["signature-missing", "digest-mismatch", "key-not-trusted", "assertion-extra",
                                  "verifiers-disagree", "stray-signature", "replayed-assertion"])  # fmt: skip
def test_what_decides_belief_cannot_be_waived(code: str) -> None:
    with pytest.raises(ConfigError, match="never its signature or shape"):
        judged(ignore=frozenset({code}))


def test_a_misspelt_waiver_is_an_error_with_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="did you mean audience-mismatch"):
        judged(ignore=frozenset({"audience-mismach"}))


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"   ",
        b"no xml",
        b"<samlp:Response",
        response()[:-9],
        b"\x00\xff" * 40,
        b"<!DOCTYPE x [<!ENTITY a 'b'>]>" + response(),
        b"<html/>",
        etree.tostring(find(etree.fromstring(response()), A)),
        response().replace(b"samlp:Response", b"samlp:LogoutResponse"),
        b"<a>" * 300 + b"</a>" * 300,
    ],
    ids=["empty", "blank", "text", "broken", "truncated", "binary", "doctype", "html", "assertion", "logout", "deep"],
)
def test_what_is_no_response_is_an_input_error_in_one_line(message: bytes) -> None:
    with pytest.raises(InputError, match=r"^response\.xml: ") as caught:
        accept(message, expected())
    assert "\n" not in str(caught.value)


# --- parties ---


def test_the_settings_of_a_party_become_its_expectation() -> None:
    report = accept(response(), expected_of(relying(), now=NOW, pending={REQUEST}, replay=Seen(), opinions=False))
    assert report.accepted
    assert codes(report, Severity.INFO) == []


def test_a_party_that_enforces_dates_refuses_an_expired_certificate() -> None:
    party = relying(trusted=(trust("idp", IDP, not_after=NOW - SECOND),), checks_expiry=True)
    report = accept(response(), expected_of(party, now=NOW, pending={REQUEST}, replay=None, opinions=False))
    assert codes(report) == ["expired-certificate"]


def test_any_address_of_the_party_will_do_unless_the_receiving_one_is_named() -> None:
    other = replace(asserting().acs[0], location="https://greenmoor.my.salesforce.com/new", index=1)
    party = relying(acs=(other, *asserting().acs))

    def judge(recipient: str | None) -> list[str]:
        now_expected: Expected = expected_of(
            party, now=NOW, pending={REQUEST}, replay=None, recipient=recipient, opinions=False
        )
        return codes(accept(response(), now_expected))

    assert judge(None) == judge(ACS) == []
    assert judge(other.location) == ["destination-mismatch", "recipient-mismatch"]


def test_the_refusals_of_accepting_are_in_the_catalog() -> None:
    assert [each.code for each in entries_of((accepting,), Refusal)] == ["replayed-assertion", "unverified-content"]


# --- hostile sizes ---


def test_a_flood_of_the_same_problem_is_cut_off() -> None:
    many = "".join('<saml:Attribute Name="email"/>' for _ in range(20_000))
    message = response(sign_as="none").replace(
        b"</saml:AttributeStatement>", f"{many}</saml:AttributeStatement>".encode()
    )
    report = accept(message, expected())
    assert sum(found.code == "attribute-repeated" for found in report.findings) == 20


def test_a_flood_of_confirmations_is_cut_off() -> None:
    bad = '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>' * 20_000
    message = response(sign_as="none").replace(b"</saml:NameID>", f"</saml:NameID>{bad}".encode())
    assert "expired-confirmation" in codes(accept(message, expected()))


@pytest.mark.parametrize(
    ("place", "flood"),
    [
        (b"<saml:Conditions", b"<!---->" * 50_000),
        (b"</saml:Audience>", b"<!---->" * 50_000),
        (b"</saml:NameID>", b"<?x?>" * 50_000),
        (b"<samlp:Status>", b"<saml:Assertion/>" * 20_000),
        (b"</saml:Conditions>", b"<saml:Condition/>" * 20_000),
        (b"</saml:Conditions>", b"<saml:AudienceRestriction/>" * 20_000),
        (b"</saml:AttributeStatement>", b'<saml:Attribute Name="email"/>' * 20_000),
        (b"<saml:AuthnStatement", b'<saml:AuthnStatement SessionNotOnOrAfter="2001-01-01T00:00:00Z"/>' * 10_000),
    ],
    ids=[
        "comments",
        "comments-in-text",
        "instructions",
        "assertions",
        "conditions",
        "audiences",
        "attributes",
        "sessions",
    ],
)
def test_no_flood_takes_long(place: bytes, flood: bytes) -> None:
    # What grows with the square of such a message takes minutes here; the bound leaves room for a slow machine.
    begun = process_time()
    accept(response(sign_as="none").replace(place, flood + place), expected())
    assert process_time() - begun < 5


@pytest.mark.parametrize("flood", [b"<a/>" * 200_000, b'<a ID="_assertion"/>' * 50_000])
def test_no_flood_around_a_signed_assertion_takes_long(flood: bytes) -> None:
    place = b"<samlp:Status>"
    begun = process_time()
    accept(response().replace(place, flood + place), expected())
    assert process_time() - begun < 5


def test_a_value_of_a_megabyte_is_shown_shortened() -> None:
    message = response(text(f"{RESTRICTION}/saml:Audience", "x" * 1_000_000))
    observed = accept(message, expected()).errors[0].observed or ""
    assert observed.endswith("(1,000,000 characters)")
    assert len(observed) < 3000


# --- traps of types and of the end of time ---


def test_a_single_id_is_not_searched_for_its_parts() -> None:
    message = response(both(put(".", InResponseTo="_2"), put(DATA, InResponseTo="_2")))
    assert codes(accept(message, expected(in_response_to=REQUEST))) == ["in-response-to-mismatch"]
    assert accept(response(), expected(in_response_to=REQUEST)).accepted


def test_an_assertion_without_end_can_be_remembered() -> None:
    for_ever = "9999-12-31T23:59:59.999Z"
    message = response(both(put(DATA, NotOnOrAfter=for_ever), put(CONDITIONS, NotOnOrAfter=for_ever)))
    seen = Seen()
    assert accept(message, expected(replay=seen)).accepted
    assert codes(accept(message, expected(replay=seen))) == ["replayed-assertion"]


@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_time_are_judged_like_any_moment(year: int) -> None:
    report = accept(response(), expected(now=NOW.replace(year=year, month=12, day=31), skew=timedelta(days=400)))
    assert report.principal is None


def test_a_confirmation_that_is_not_valid_yet_is_passed_over_for_one_that_is() -> None:
    def early_twin(root: Element) -> None:
        twin = copy.deepcopy(find(root, CONFIRMATION))
        twin[0].set("NotBefore", instant(LIFE))
        find(root, SUBJECT).insert(1, twin)

    assert judged(early_twin).accepted
