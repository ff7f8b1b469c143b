"""An answer held against what was asked for: a weaker, an older or another login must not pass for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ssolab.core.findings import Severity
from ssolab.saml.asking import Asking
from ssolab.saml.checks import accept, expected_of
from ssolab.saml.issue import draft_request
from ssolab.saml.messages import NameID, NameIDPolicy, RequestedAuthnContext
from ssolab.saml.names import EMAIL, ENCRYPTED_NAME, PERSISTENT, PROTECTED_TRANSPORT, UNSPECIFIED
from tests.saml.samples import NOW, REQUEST, SP, expected, relying, response
from tests.saml.test_checks import (
    CONDITIONS,
    DATA,
    NAME_ID,
    NO_PROXY,
    ONCE,
    SECOND,
    SKEW,
    STATEMENT,
    add,
    both,
    codes,
    drop,
    instant,
    judged,
    put,
)

CONTEXT = f"{STATEMENT}/saml:AuthnContext"
CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
X509 = CLASSES + "X509"
AFFILIATION = "https://affiliation.example"
FRESH = Asking(force_authn=True, at=NOW)


def contexts(*class_refs: str, comparison: str | None = None) -> Asking:
    return Asking(requested_authn_context=RequestedAuthnContext(class_refs=class_refs, comparison=comparison))


def named(format_: str | None, qualifier: str | None = None) -> Asking:
    return Asking(name_id_policy=NameIDPolicy(format=format_, sp_name_qualifier=qualifier))


@pytest.mark.parametrize(
    ("asking", "verdict"),
    [
        (contexts(PROTECTED_TRANSPORT), "met"),
        (contexts(X509, PROTECTED_TRANSPORT), "met"),
        (contexts(X509), "unmet"),
        (contexts(X509, comparison="minimum"), "unmet"),
        (contexts(CLASSES + "Password", comparison="minimum"), "met"),
        (contexts(X509, comparison="maximum"), "met"),
        (contexts(CLASSES + "Password", comparison="maximum"), "unmet"),
        (contexts(CLASSES + "Password", comparison="better"), "met"),
        (contexts(PROTECTED_TRANSPORT, comparison="better"), "unmet"),
        (Asking(requested_authn_context=RequestedAuthnContext(decl_refs=("urn:d",))), "unmet"),
    ],
)
def test_the_context_is_compared_as_the_request_said(asking: Asking, verdict: str) -> None:
    report = judged(asked={REQUEST: asking})
    assert codes(report) == ([] if verdict == "met" else ["authn-context-not-met"])


def test_a_weaker_statement_beside_a_good_one_is_not_passed_over() -> None:
    weak = (
        f'<saml:AuthnStatement AuthnInstant="{instant(timedelta(0))}"><saml:AuthnContext>'
        f"<saml:AuthnContextClassRef>{CLASSES}Password</saml:AuthnContextClassRef>"
        "</saml:AuthnContext></saml:AuthnStatement>"
    )
    report = judged(add("saml:Assertion", weak), asked=contexts(PROTECTED_TRANSPORT))
    assert codes(report) == ["authn-context-not-met"]


def test_a_statement_without_a_class_meets_nothing_but_a_declaration_that_was_asked_for() -> None:
    change = both(
        drop(f"{CONTEXT}/saml:AuthnContextClassRef"),
        add(CONTEXT, "<saml:AuthnContextDeclRef> urn:d </saml:AuthnContextDeclRef>"),
    )
    assert codes(judged(change, asked=contexts(X509))) == ["authn-context-not-met"]
    by_declaration = Asking(requested_authn_context=RequestedAuthnContext(decl_refs=("urn:d",)))
    assert codes(judged(change, asked=by_declaration)) == []


@pytest.mark.parametrize("skew", [timedelta(0), SKEW])
def test_a_login_is_fresh_to_the_second(skew: timedelta) -> None:
    at_the_edge = judged(put(STATEMENT, AuthnInstant=instant(-skew)), asked=FRESH, skew=skew)
    before = judged(put(STATEMENT, AuthnInstant=instant(-skew - SECOND)), asked=FRESH, skew=skew)
    assert codes(at_the_edge) == []
    assert codes(before) == ["authentication-not-fresh"]


def test_a_login_without_a_moment_is_not_fresh_and_an_unreadable_moment_is_reported_once() -> None:
    assert codes(judged(put(STATEMENT, AuthnInstant=None), asked=FRESH)) == ["authentication-not-fresh"]
    assert codes(judged(put(STATEMENT, AuthnInstant="just now"), asked=FRESH)) == ["invalid-instant"]


@pytest.mark.parametrize("asking", [Asking(), Asking(force_authn=False, at=NOW), Asking(force_authn=True)])
def test_an_old_login_will_do_where_no_fresh_one_was_asked_for_or_the_moment_is_not_known(asking: Asking) -> None:
    assert judged(put(STATEMENT, AuthnInstant=instant(timedelta(days=-1))), asked=asking).accepted


@pytest.mark.parametrize(
    ("asked", "given", "verdict"),
    [
        (None, EMAIL, "met"),
        (UNSPECIFIED, EMAIL, "met"),
        (ENCRYPTED_NAME, EMAIL, "met"),
        (EMAIL, EMAIL, "met"),
        (EMAIL, PERSISTENT, "unmet"),
        (EMAIL, UNSPECIFIED, "unmet"),
        (EMAIL, None, "unmet"),
        (EMAIL, EMAIL.lower(), "unmet"),
    ],
)
def test_the_format_of_the_name_is_the_one_that_was_asked_for(
    asked: str | None, given: str | None, verdict: str
) -> None:
    report = judged(put(NAME_ID, Format=given), asked={REQUEST: named(asked)})
    assert codes(report) == ([] if verdict == "met" else ["name-id-format-not-met"])


@pytest.mark.parametrize(
    ("asked", "given", "verdict"),
    [
        (None, SP, "met"),
        (None, AFFILIATION, "unmet"),
        (None, "", "unmet"),
        (SP, None, "met"),
        (SP, SP, "met"),
        (AFFILIATION, AFFILIATION, "met"),
        (AFFILIATION, SP, "unmet"),
    ],
)
def test_the_name_belongs_to_us_or_to_those_that_were_asked_for(
    asked: str | None, given: str | None, verdict: str
) -> None:
    change = put(NAME_ID, SPNameQualifier=given) if given is not None else put(NAME_ID)
    report = judged(change, asked={REQUEST: named(None, asked)})
    assert codes(report) == ([] if verdict == "met" else ["sp-name-qualifier-mismatch"])


def test_a_name_that_was_wanted_for_a_group_is_not_ours_where_it_does_not_say_so() -> None:
    assert codes(judged(asked=named(None, AFFILIATION))) == ["sp-name-qualifier-mismatch"]


def test_the_qualifier_is_judged_in_a_message_that_nobody_asked_for_and_not_where_nobody_says_who_we_are() -> None:
    unasked = both(put(".", InResponseTo=None), put(DATA, InResponseTo=None))
    foreign = both(unasked, put(NAME_ID, SPNameQualifier=AFFILIATION))
    assert codes(judged(foreign, unsolicited=True)) == ["sp-name-qualifier-mismatch"]
    assert judged(foreign, unsolicited=True, audience=None).accepted


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (NameID("amira@greenmoor.org"), "met"),
        (NameID("amira@greenmoor.org", UNSPECIFIED), "met"),
        (NameID("amira@greenmoor.org", UNSPECIFIED, sp_name_qualifier=SP), "met"),
        (NameID("amira@greenmoor.org", EMAIL), "unmet"),
        (NameID("Amira@greenmoor.org"), "unmet"),
        (NameID("amira@greenmoor.org", name_qualifier="https://other.example"), "unmet"),
        (NameID(""), "unmet"),
    ],
)
def test_the_assertion_is_about_whom_it_was_asked_for(subject: NameID, verdict: str) -> None:
    report = judged(put(NAME_ID, NameQualifier="https://idp.example.org"), asked={REQUEST: Asking(subject=subject)})
    assert codes(report) == ([] if verdict == "met" else ["subject-not-met"])


def test_only_the_request_that_is_answered_counts() -> None:
    strict = replace(contexts(X509), force_authn=True, at=NOW + timedelta(hours=1))
    assert codes(judged(asked={REQUEST: strict})) == ["authentication-not-fresh", "authn-context-not-met"]
    assert judged(asked={REQUEST: Asking(), "_other": strict}).accepted
    unasked = both(put(".", InResponseTo=None), put(DATA, InResponseTo=None))
    assert judged(unasked, unsolicited=True, asked={REQUEST: strict}).accepted


def test_what_an_unsigned_wrapper_says_it_answers_does_not_choose_the_request() -> None:
    def lie(root: object) -> None:
        put(".", InResponseTo="_easy")(root)  # type: ignore[arg-type]  # the root of the message

    pending = {REQUEST: contexts(X509), "_easy": Asking()}
    report = accept(response(after=lie), expected(in_response_to=pending, asked=pending))
    assert codes(report) == ["authn-context-not-met", "in-response-to-mismatch"]


def test_a_finding_says_what_was_asked_for_and_what_came() -> None:
    (found,) = judged(asked=contexts(X509, comparison="minimum")).errors
    assert (found.expected, found.observed) == (f"minimum {X509}", PROTECTED_TRANSPORT)
    assert found.severity is Severity.ERROR


def test_the_open_requests_of_a_party_become_its_expectation_with_what_they_asked_for() -> None:
    asking = contexts(X509)
    made = draft_request(relying(), asking, now=NOW, new_id=lambda: REQUEST)
    pending = {made.id: Asking.of(made)}
    wanted = expected_of(relying(), now=NOW, pending=pending, replay=None, opinions=False)
    assert codes(accept(response(), wanted)) == ["authn-context-not-met"]
    by_id_alone = expected_of(relying(), now=NOW, pending=tuple(pending), replay=None, opinions=False)
    assert accept(response(), by_id_alone).accepted


@pytest.mark.parametrize("condition", [ONCE, NO_PROXY, '<saml:ProxyRestriction Count="2"/>'])
def test_a_condition_that_binds_whoever_passes_the_assertion_on_does_not_bind_a_login(condition: str) -> None:
    # SAML2Core 2.5.1.5 and 2.5.1.6: no caching for later, no assertions made from this one; a login does neither
    assert judged(add(CONDITIONS, condition)).accepted


def test_an_identity_is_told_with_both_qualifiers() -> None:
    person = judged(put(NAME_ID, NameQualifier="https://idp.example.org/other", SPNameQualifier=SP)).principal
    assert person is not None
    assert (person.name_qualifier, person.sp_name_qualifier) == ("https://idp.example.org/other", SP)
    plain = judged().principal
    assert plain is not None
    assert (plain.name_qualifier, plain.sp_name_qualifier) == (None, None)


def test_attributes_are_told_with_the_name_format_and_the_friendly_name_of_the_first_of_a_name() -> None:
    more = (
        '<saml:AttributeStatement><saml:Attribute Name="email" NameFormat="urn:second" FriendlyName="mail"/>'
        '<saml:Attribute Name="bare"/></saml:AttributeStatement>'
    )
    person = judged(add("saml:Assertion", more)).principal
    assert person is not None
    unspecified = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
    assert person.attribute_formats == {"email": unspecified, "groups": unspecified}
    assert person.friendly_names == {"email": "mail"}
