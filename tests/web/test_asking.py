"""What the service provider asks for, what the identity provider makes of it, and what is held against the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ssolab.cutover.model import User
from ssolab.saml.contexts import CLASSES
from ssolab.saml.names import ATTRIBUTE_URI, EMAIL, PERSISTENT, POST, PROTECTED_TRANSPORT
from ssolab.saml.statements import ANY, Attribute, AttributeValue
from ssolab.saml.statuses import ON_PURPOSE
from tests.web.parts import ACS, AMIRA, BEN, SP, SSO, Pair, asserting_party, config, relying_party
from tests.web.test_login import (
    SAML,
    SAMLP,
    ask,
    ask_for,
    carry,
    choose,
    fields_of,
    request_in,
    response_in,
)

if TYPE_CHECKING:
    from lxml import etree
    from werkzeug.test import TestResponse

    from ssolab.web.lab import LabConfig

LOGIN = "/saml/login"
X509 = CLASSES + "X509"


def asked(query: str) -> etree._Element:
    sent = Pair().sp.get(f"{LOGIN}?{query}")
    assert sent.status_code == 302, sent.text
    return request_in(sent)


def status_in(page: TestResponse) -> tuple[list[str], str | None]:
    """The last parts of the nested status codes, and the message beside them."""
    answer = response_in(page)
    codes = [(each.get("Value") or "").rpartition(":")[2] for each in answer.iter(f"{SAMLP}StatusCode")]
    return codes, answer.findtext(f"{SAMLP}Status/{SAMLP}StatusMessage")


def errors(pair: Pair) -> list[str]:
    return [found.code for found in pair.lab.journal.entries()[-1].errors]


# --- what is asked for ---


def test_without_a_wish_the_request_is_that_of_salesforce() -> None:
    request = asked("")
    assert set(request.keys()) == {
        *("ID", "Version", "IssueInstant", "Destination", "ProtocolBinding", "AssertionConsumerServiceURL"),
    }
    assert [each.tag for each in request] == [f"{SAML}Issuer"]


def test_every_wish_becomes_what_the_standard_calls_so() -> None:
    request = asked(
        "ForceAuthn=true&IsPassive=false&Format=persistent&SPNameQualifier=urn:group&AllowCreate=1&ProviderName=Us"
        "&AuthnContextClassRef=x509&AuthnContextClassRef=urn:own&Comparison=minimum&AttributeConsumingServiceIndex=2"
    )
    assert (request.get("ForceAuthn"), request.get("IsPassive"), request.get("ProviderName")) == ("true", "false", "Us")
    assert request.get("AttributeConsumingServiceIndex") == "2"
    policy = request.find(f"{SAMLP}NameIDPolicy")
    assert policy is not None
    assert dict(policy.items()) == {"Format": PERSISTENT, "SPNameQualifier": "urn:group", "AllowCreate": "true"}
    context = request.find(f"{SAMLP}RequestedAuthnContext")
    assert context is not None
    assert context.get("Comparison") == "minimum"
    assert [each.text for each in context] == [X509, "urn:own"]


@pytest.mark.parametrize(
    ("query", "url", "index"),
    [
        ("", ACS, None),
        (f"AssertionConsumerServiceURL={ACS.replace('?', '%3F')}", ACS, None),
        ("AssertionConsumerServiceIndex=0", None, "0"),
        ("AssertionConsumerServiceIndex=7", None, "7"),
        ("AssertionConsumerServiceURL=none", None, None),
        ("AssertionConsumerServiceURL=&AssertionConsumerServiceIndex=&Format=&Comparison=exact", ACS, None),
    ],
)
def test_the_address_of_the_answer_is_named_by_url_by_number_or_not_at_all(
    query: str, url: str | None, index: str | None
) -> None:
    request = asked(query)
    assert request.get("AssertionConsumerServiceURL") == url
    assert request.get("AssertionConsumerServiceIndex") == index
    assert request.get("ProtocolBinding") == (POST if url else None)
    assert len(request) == 1, "empty fields ask for nothing"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("ForceAuth=true", "did you mean ForceAuthn?"),
        ("nonsense=1", "Known here: RelayState"),
        ("ForceAuthn=yes", "Give true or false"),
        ("ForceAuthn=true&ForceAuthn=false", "it stands there twice"),
        ("AuthnContextClassRef=X509&Comparison=best", "Give one of exact, minimum, maximum, better"),
        ("AssertionConsumerServiceIndex=65536", "a number from 0 to 65535"),
        ("AssertionConsumerServiceIndex=-1", "a number from 0 to 65535"),
        ("AssertionConsumerServiceIndex=%C2%B2", "a number from 0 to 65535"),
        ("AssertionConsumerServiceIndex=0&AssertionConsumerServiceURL=none", "one of the two ways"),
        ("AssertionConsumerServiceURL=https://evil.example", "is no address of this service provider"),
        ("ProviderName=a%00b", "control characters"),
        ("AuthnContextClassRef=a%0Ab", "control characters"),
        ("Format=" + "f" * 1025, "far too long"),
    ],
)
def test_a_wish_that_means_nothing_is_one_clear_line_and_nothing_is_sent(query: str, says: str) -> None:
    pair = Pair()
    page = pair.sp.get(f"{LOGIN}?{query}")
    assert page.status_code == 400
    assert says.lower() in page.text.lower()
    assert pair.lab.journal.entries() == ()
    assert pair.lab.pending.keys() == frozenset()


def test_the_front_page_offers_the_wishes_and_may_be_sent_on_to_the_identity_provider() -> None:
    page = Pair().sp.get("/")
    assert f'action="{LOGIN}"' in page.text
    for name in ("ForceAuthn", "IsPassive", "Format", "AuthnContextClassRef", "Comparison", "RelayState"):
        assert f'name="{name}"' in page.text
    assert "<option>SmartcardPKI</option>" in page.text
    origin = SSO.removesuffix("/sso")
    assert f"form-action 'self' {origin};" in page.headers["Content-Security-Policy"]


def test_the_identity_provider_shows_what_it_is_asked_for() -> None:
    wish = "AuthnContextClassRef=Password&Comparison=better&ForceAuthn=true&Format=emailAddress&ProviderName=Greenmoor"
    form = ask(Pair(), f"{LOGIN}?{wish}")
    assert f"better: {CLASSES}Password" in form.text
    assert "a fresh login" in form.text
    assert EMAIL in form.text
    assert "Greenmoor" in form.text


# --- what the identity provider makes of it ---


@pytest.mark.parametrize(
    ("query", "codes", "says"),
    [
        ("IsPassive=true", ["Responder", "NoPassive"], "nobody is logged in here yet"),
        ("IsPassive=true&ForceAuthn=true", ["Responder", "NoPassive"], "together"),
        ("AuthnContextClassRef=X509", ["Responder", "NoAuthnContext"], "does not meet exact"),
        ("AuthnContextClassRef=X509&Comparison=minimum", ["Responder", "NoAuthnContext"], "does not meet minimum"),
        ("AuthnContextClassRef=Password&Comparison=maximum", ["Responder", "NoAuthnContext"], "does not meet maximum"),
        ("Format=urn:kerberos", ["Requester", "InvalidNameIDPolicy"], "urn:kerberos"),
        ("SPNameQualifier=urn:group", ["Requester", "InvalidNameIDPolicy"], "no member of urn:group"),
        ("AssertionConsumerServiceIndex=7", ["Requester", "RequestUnsupported"], "no address of the number 7"),
        ("Subject=carla", ["Responder", "UnknownPrincipal"], "nobody here is the subject"),
        ("Subject=carla&IsPassive=true", ["Responder", "UnknownPrincipal"], "nobody here is the subject"),
    ],
)
def test_a_wish_that_cannot_be_met_comes_back_as_nested_codes_that_the_service_provider_shows(
    query: str, codes: list[str], says: str
) -> None:
    pair = Pair()
    page = ask(pair, f"{LOGIN}?{query}")
    found, message = status_in(page)
    assert found == codes
    assert says in (message or "")
    answer = carry(pair, page)
    assert answer.status_code == 403
    assert f"{codes[0]} &gt; urn:oasis:names:tc:SAML:2.0:status:{codes[1]}" in answer.text
    assert "status-not-success" in errors(pair)
    assert says in answer.text


@pytest.mark.parametrize(
    "query",
    [
        "ForceAuthn=true",
        "Format=persistent",
        "Format=transient&AllowCreate=true",
        f"SPNameQualifier={SP}",
        "AuthnContextClassRef=PasswordProtectedTransport",
        "AuthnContextClassRef=Password&Comparison=minimum",
        "AuthnContextClassRef=X509&Comparison=maximum",
        "AuthnContextClassRef=Password&Comparison=better",
        "AssertionConsumerServiceIndex=0",
        "AssertionConsumerServiceURL=none",
        "AttributeConsumingServiceIndex=9&ProviderName=Us",
    ],
)
def test_a_wish_that_can_be_met_is_met_and_the_answer_is_found_to_meet_it(query: str) -> None:
    pair = Pair()
    page = carry(pair, choose(pair, ask(pair, f"{LOGIN}?{query}")))
    assert errors(pair) == []
    assert page.status_code == 200


def test_a_binding_without_a_registered_address_is_answered_at_the_default_address() -> None:
    pair = Pair()
    page = ask_for(pair, assertion_consumer_service_url=None, protocol_binding="urn:soap")
    assert status_in(page)[0] == ["Requester", "UnsupportedBinding"]
    assert response_in(page).get("Destination") == ACS
    refused, sent = pair.lab.journal.entries()
    assert (refused.event, refused.verdict, refused.errors[0].code) == (
        "request-judged",
        "refused",
        "acs-not-registered",
    )
    assert sent.event == "response-sent"


@pytest.mark.parametrize(
    "wishes",
    [
        {"assertion_consumer_service_url": "https://evil.example/acs"},
        {"assertion_consumer_service_index": 7},  # beside the address, which the standard forbids
        {"assertion_consumer_service_url": None, "assertion_consumer_service_index": 7, "destination": "https://other"},
    ],
)
def test_a_request_that_names_a_foreign_address_or_has_more_wrong_with_it_gets_no_answer(
    wishes: dict[str, object],
) -> None:
    pair = Pair()
    page = ask_for(pair, **wishes)
    assert page.status_code == 403
    assert "SAMLResponse" not in fields_of(page)
    assert [entry.event for entry in pair.lab.journal.entries()] == ["request-judged"]


def test_a_request_of_an_untrusted_key_is_not_answered_for_its_number_either() -> None:
    stranger = replace(relying_party(), credential=asserting_party().credential)
    page = ask(Pair(relying=stranger), f"{LOGIN}?AssertionConsumerServiceIndex=7")
    assert page.status_code == 403
    assert "SAMLResponse" not in fields_of(page)


# --- who is known already ---


def still(settings: LabConfig | None = None) -> Pair:
    """A pair where Amira logged in a minute ago."""
    pair = Pair(settings=settings)
    assert carry(pair, choose(pair, ask(pair))).status_code == 200
    pair.lab.clock.advance(timedelta(minutes=2))
    return pair


def authn_instant(page: TestResponse) -> str | None:
    statement = response_in(page).find(f".//{SAML}AuthnStatement")
    assert statement is not None
    return statement.get("AuthnInstant")


def test_who_is_logged_in_is_asserted_without_a_question_with_the_moment_of_that_login() -> None:
    pair = still()
    page = ask(pair, f"{LOGIN}?IsPassive=true")
    assert authn_instant(page) == "2027-01-04T09:00:00.000Z"
    assert carry(pair, page).status_code == 200
    assert pair.lab.journal.entries()[-1].user == AMIRA.username


def test_a_fresh_login_is_asked_for_although_somebody_is_logged_in() -> None:
    pair = still()
    form = ask(pair, f"{LOGIN}?ForceAuthn=true")
    assert f"Go on as {AMIRA.username}" not in form.text
    page = choose(pair, form, BEN.username)
    assert authn_instant(page) == "2027-01-04T09:02:00.000Z"
    assert carry(pair, page).status_code == 200


def test_whoever_is_logged_in_may_go_on_unless_a_fresh_login_was_asked_for() -> None:
    pair = still()
    form = ask(pair)
    assert f"Go on as {AMIRA.username}" in form.text
    page = pair.idp.post("/login", data=fields_of(form) | {"username": BEN.username, "continue": "yes"})
    assert authn_instant(page) == "2027-01-04T09:00:00.000Z"
    assert carry(pair, page).status_code == 200
    assert pair.lab.journal.entries()[-1].user == AMIRA.username
    forced = fields_of(ask(pair, f"{LOGIN}?ForceAuthn=true")) | {"continue": "yes"}
    refused = pair.idp.post("/login", data=forced)
    assert refused.status_code == 400
    assert "asks for a fresh login" in refused.text


def test_nobody_goes_on_who_is_not_logged_in() -> None:
    pair = Pair()
    form = ask(pair)
    assert "Go on as" not in form.text
    page = pair.idp.post("/login", data=fields_of(form) | {"continue": "yes"})
    assert page.status_code == 400
    assert "nobody is logged in any more" in page.text


def test_who_logged_in_is_forgotten_with_everything_else() -> None:
    pair = still()
    pair.lab.forget()
    assert status_in(ask(pair, f"{LOGIN}?IsPassive=true"))[0] == ["Responder", "NoPassive"]


def test_a_clock_that_was_moved_back_does_not_put_a_login_into_the_future() -> None:
    pair = still()
    pair.lab.clock.advance(timedelta(hours=-1))
    page = ask(pair, f"{LOGIN}?IsPassive=true")
    assert authn_instant(page) == "2027-01-04T08:02:00.000Z"


def test_only_whom_the_request_names_is_offered_and_asserted() -> None:
    pair = still()
    form = ask(pair, f"{LOGIN}?Subject={BEN.username}")
    assert AMIRA.username not in form.text, "neither to choose nor to go on as"
    page = choose(pair, form, BEN.username)
    assert carry(pair, page).status_code == 200
    assert pair.lab.journal.entries()[-1].user == BEN.username


@pytest.mark.parametrize("choice", [{"username": AMIRA.username}, {"continue": "yes"}])
def test_somebody_else_than_the_request_names_is_declined_even_in_a_form_that_was_changed(
    choice: dict[str, str],
) -> None:
    pair = still()
    form = ask(pair, f"{LOGIN}?Subject={BEN.username}")
    page = pair.idp.post("/login", data=fields_of(form) | choice)
    assert status_in(page)[0] == ["Responder", "UnknownPrincipal"]
    assert carry(pair, page).status_code == 403


def test_the_one_who_is_logged_in_is_not_another_whom_the_request_names() -> None:
    page = ask(still(), f"{LOGIN}?IsPassive=true&Subject={BEN.username}")
    assert status_in(page)[0] == ["Responder", "NoPassive"]


# --- errors on purpose ---


@pytest.mark.parametrize("name", list(ON_PURPOSE))
def test_every_inner_status_can_be_given_on_purpose_and_is_shown_with_its_words(name: str) -> None:
    pair = Pair()
    form = ask(pair)
    assert f"<option>{name}</option>" in form.text
    data = fields_of(form) | {"username": AMIRA.username, "status": name, "fail": "yes"}
    page = pair.idp.post("/login", data=data)
    codes, message = status_in(page)
    assert codes[1:] == [name]
    assert response_in(page).find(f"{SAML}Assertion") is None
    answer = carry(pair, page)
    assert answer.status_code == 403
    assert f"status:{name}" in answer.text
    assert message is not None
    assert message in answer.text
    assert pair.lab.last_login is None


def test_a_status_that_is_none_is_one_clear_line_and_the_form_still_works() -> None:
    pair = Pair()
    form = ask(pair)
    page = pair.idp.post("/login", data=fields_of(form) | {"status": "Success", "fail": "yes"})
    assert page.status_code == 400
    assert "there is no status code" in page.text
    assert carry(pair, choose(pair, form)).status_code == 200


def test_the_chosen_status_means_nothing_to_whoever_just_logs_in() -> None:
    pair = Pair()
    page = pair.idp.post("/login", data=fields_of(ask(pair)) | {"username": AMIRA.username, "status": "NoPassive"})
    assert carry(pair, page).status_code == 200


# --- what is held against the answer ---


def lying(pair: Pair, query: str, honest: str = "") -> None:
    """Have the identity provider meet *honest* wishes only, while the service provider asked for more."""
    sent = pair.sp.get(f"{LOGIN}?{query}")
    (identifier,) = pair.lab.pending.keys()
    pending = pair.lab.pending.take(identifier)
    assert pending is not None
    assert sent.status_code == 302
    page = ask(pair, f"{LOGIN}?{honest}")
    (easy,) = pair.lab.pending.keys()
    pair.lab.pending.put(easy, pending)
    if "username" in page.text:
        page = pair.idp.post("/login", data=fields_of(page) | {"username": AMIRA.username})
    carry(pair, page)


@pytest.mark.parametrize(
    ("query", "honest", "code"),
    [
        ("AuthnContextClassRef=X509", "", "authn-context-not-met"),
        ("Format=persistent", "Format=transient", "name-id-format-not-met"),
        (f"Subject={BEN.username}", "", "subject-not-met"),
        ("SPNameQualifier=urn:group", "", "sp-name-qualifier-mismatch"),
        ("ForceAuthn=true", "IsPassive=true", "authentication-not-fresh"),
    ],
)
def test_an_identity_provider_that_does_less_than_it_was_asked_is_found_out(query: str, honest: str, code: str) -> None:
    pair = still()
    lying(pair, query, honest)
    assert errors(pair) == [code]
    assert pair.lab.journal.entries()[-1].principal is None


def test_the_wishes_of_one_login_are_not_held_against_another() -> None:
    pair = Pair()
    pair.sp.get(f"{LOGIN}?AuthnContextClassRef=X509")
    assert carry(pair, choose(pair, ask(pair))).status_code == 200
    assert carry(pair, choose(pair, pair.idp.get("/saml/start"))).status_code == 200


def test_the_context_that_was_asked_for_is_the_one_that_the_principal_has() -> None:
    pair = Pair()
    carry(pair, choose(pair, ask(pair, f"{LOGIN}?AuthnContextClassRef=PasswordProtectedTransport")))
    person = pair.lab.journal.entries()[-1].principal
    assert person is not None
    assert person.authn_context == PROTECTED_TRANSPORT


# --- what comes with the name ---


def test_an_attribute_comes_through_with_its_name_format_type_and_friendly_name() -> None:
    mail = Attribute(
        name="urn:oid:0.9.2342.19200300.100.1.3",
        name_format=ATTRIBUTE_URI,
        friendly_name="mail",
        values=(AttributeValue(text="amira@mail.example", type=ANY),),
    )
    user = User(username=AMIRA.username, attributes={mail.name: mail.texts, "x": ("y",)}, stated={mail.name: mail})
    pair = Pair(settings=replace(config(), users=(user,)))
    page = choose(pair, ask(pair))
    written = response_in(page).find(f".//{SAML}Attribute")
    assert written is not None
    assert dict(written.items()) == {"Name": mail.name, "NameFormat": ATTRIBUTE_URI, "FriendlyName": "mail"}
    assert written[0].get("{http://www.w3.org/2001/XMLSchema-instance}type") == "xs:anyType"
    shown = carry(pair, page).text
    assert ATTRIBUTE_URI in shown
    assert "(mail)" in shown
    assert "amira@mail.example" in shown


def test_the_qualifiers_of_a_name_are_shown() -> None:
    pair = Pair()
    page = carry(pair, choose(pair, ask(pair, f"{LOGIN}?Format=persistent")))
    assert "NameQualifier" in page.text
    person = pair.lab.journal.entries()[-1].principal
    assert person is not None
    assert (person.name_qualifier, person.sp_name_qualifier) == (pair.lab.asserting.entity_id, SP)
