from __future__ import annotations

import base64
import re
import zlib
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from ssolab.saml.asking import Asking
from ssolab.saml.bindings import encode_redirect
from ssolab.saml.issue import draft_request, seal
from ssolab.saml.messages import NameIDPolicy, RequestedAuthnContext
from ssolab.saml.metadata import read_entity
from ssolab.saml.names import EMAIL, PERSISTENT, POST, PROTECTED_TRANSPORT, TRANSIENT
from ssolab.web.errands import Pending
from tests.web.parts import (
    ACS,
    AMIRA,
    BEN,
    IDP,
    NOW,
    ORG,
    SP,
    SSO,
    Pair,
    asserting_party,
    credential,
    relying_party,
    salesforce_asserting,
    salesforce_relying,
    trusted,
)

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"


def fields_of(page: TestResponse) -> dict[str, str]:
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    return {unescape(name): unescape(value) for name, value in found}


def ask(pair: Pair, path: str = "/saml/login") -> TestResponse:
    """Start at the SP and carry its redirect to the IdP."""
    sent = pair.sp.get(path)
    assert sent.status_code == 302
    target = urlsplit(sent.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == SSO
    return pair.idp.get("/saml/sso", query_string=target.query)


def choose(pair: Pair, form: TestResponse, username: str = AMIRA.username) -> TestResponse:
    return pair.idp.post("/login", data=fields_of(form) | {"username": username})


def carry(pair: Pair, page: TestResponse, path: str = "/saml/acs") -> TestResponse:
    return pair.sp.post(path, data=fields_of(page))


def response_in(page: TestResponse) -> etree._Element:
    return etree.fromstring(base64.b64decode(fields_of(page)["SAMLResponse"]))


def request_in(sent: TestResponse) -> etree._Element:
    query = parse_qs(urlsplit(sent.headers["Location"]).query)
    return etree.fromstring(zlib.decompress(base64.b64decode(query["SAMLRequest"][0]), -15))


def test_a_login_that_starts_at_the_service_provider_ends_with_the_principal() -> None:
    pair = Pair()
    page = carry(pair, choose(pair, ask(pair)))
    assert page.status_code == 200
    assert "Logged in" in page.text
    assert AMIRA.username in page.text
    assert "a, b" in page.text  # both values of the attribute groups
    last = pair.lab.journal.entries()[-1]
    assert last.principal is not None
    assert (last.principal.name_id, last.principal.issuer) == (AMIRA.username, IDP)
    assert last.principal.in_response_to is not None
    assert dict(last.verifiers) == {"ssolab": "accepted", "signxml": "accepted", "xmlsec": "accepted"} | {
        name: opinion for name, opinion in last.verifiers.items() if name not in ("ssolab", "signxml", "xmlsec")
    }


def test_a_login_that_starts_at_the_identity_provider_needs_no_request() -> None:
    pair = Pair()
    page = carry(pair, choose(pair, pair.idp.get(f"/saml/start?sp={SP}")))
    assert page.status_code == 200
    last = pair.lab.journal.entries()[-1]
    assert last.principal is not None
    assert last.principal.in_response_to is None
    assert [entry.event for entry in pair.lab.journal.entries()] == ["response-sent", "response-judged"]


def test_the_journal_tells_a_login_in_four_lines() -> None:
    pair = Pair()
    carry(pair, choose(pair, ask(pair)))
    told = [(entry.side, entry.event, entry.verdict) for entry in pair.lab.journal.entries()]
    assert told == [
        ("relying", "request-sent", None),
        ("asserting", "request-judged", "accepted"),
        ("asserting", "response-sent", None),
        ("relying", "response-judged", "accepted"),
    ]


def test_a_request_can_be_posted_too() -> None:
    pair = Pair(relying=replace(relying_party(), binding=POST))
    sent = pair.sp.get("/saml/login?RelayState=/inbox")
    assert f'action="{SSO}"' in sent.text
    assert "form-action 'self' https://idp.partner.example;" in sent.headers["Content-Security-Policy"]
    request = etree.fromstring(base64.b64decode(fields_of(sent)["SAMLRequest"]))
    assert request.find(SIGNATURE) is not None
    form = pair.idp.post("/saml/sso", data=fields_of(sent))
    assert form.status_code == 200
    assert "<code>/inbox</code>" in carry(pair, choose(pair, form)).text


def test_the_one_inline_script_is_named_by_the_policy() -> None:
    page = choose(pair := Pair(), pair.idp.get("/saml/start"))
    nonce = re.search(r'<script nonce="([^"]+)">', page.text)
    assert nonce is not None
    assert f"script-src 'nonce-{nonce[1]}'" in page.headers["Content-Security-Policy"]
    assert "form-action 'self' https://greenmoor.my.salesforce.com;" in page.headers["Content-Security-Policy"]
    assert '<button type="submit">' in page.text  # for a browser without scripts


@pytest.mark.parametrize(("sign", "signed"), [("assertion", (0, 1)), ("response", (1, 0)), ("both", (1, 1))])
def test_what_is_signed_of_a_response_is_a_setting(sign: str, signed: tuple[int, int]) -> None:
    pair = Pair(asserting=replace(asserting_party(), sign=sign))  # type: ignore[arg-type]  # one of the three
    page = choose(pair, ask(pair))
    response = response_in(page)
    assertion = response.find(f"{SAML}Assertion")
    assert assertion is not None
    assert (len(response.findall(SIGNATURE)), len(assertion.findall(SIGNATURE))) == signed
    assert carry(pair, page).status_code == 200


def test_declared_addresses_come_from_the_settings_and_never_from_the_host_that_was_asked() -> None:
    pair = Pair()
    sent = pair.sp.get("/saml/login", headers={"Host": "localhost:1"})
    assert request_in(sent).get("AssertionConsumerServiceURL") == ACS
    assert request_in(sent).get("Destination") == SSO
    form = pair.idp.get("/saml/sso", query_string=urlsplit(sent.headers["Location"]).query)
    response = response_in(choose(pair, form))
    assert response.get("Destination") == ACS
    data = response.find(f".//{SAML}SubjectConfirmationData")
    assert data is not None
    assert data.get("Recipient") == ACS


def test_the_relay_state_of_a_login_leads_back_to_where_it_began() -> None:
    pair = Pair()
    page = carry(pair, choose(pair, ask(pair, "/saml/login?RelayState=/reports%3Fyear%3D2027")))
    assert "go on at <code>/reports?year=2027</code>" in page.text


def test_a_relay_state_that_leads_elsewhere_is_shown_and_not_followed() -> None:
    pair = Pair()
    form = pair.idp.get("/saml/start?RelayState=https://evil.example/")
    page = carry(pair, choose(pair, form))
    assert page.status_code == 200
    assert 'href="https://evil.example/"' not in page.text
    assert "go on at" not in page.text
    assert "was not followed" in page.text
    assert "RelayState" not in parse_qs(
        urlsplit(pair.sp.get("/saml/login?RelayState=//evil").headers["Location"]).query
    )


def test_a_response_that_is_sent_twice_is_refused_the_second_time() -> None:
    pair = Pair()
    form = choose(pair, pair.idp.get("/saml/start"))
    assert carry(pair, form).status_code == 200
    again = carry(pair, form)
    assert again.status_code == 403
    assert "replayed-assertion" in again.text


def test_a_response_to_a_request_nobody_made_is_refused() -> None:
    asked, other = Pair(), Pair()
    form = choose(asked, ask(asked))
    page = carry(other, form)
    assert page.status_code == 403
    assert "in-response-to-mismatch" in page.text


def test_a_login_form_works_once() -> None:
    pair = Pair()
    form = pair.idp.get("/saml/start")
    assert choose(pair, form).status_code == 200
    again = choose(pair, form)
    assert again.status_code == 400
    assert "used already" in again.text


def test_whoever_declines_is_not_logged_in_and_the_service_provider_is_told_why() -> None:
    pair = Pair()
    form = ask(pair)
    page = pair.idp.post("/login", data=fields_of(form) | {"username": AMIRA.username, "decline": "yes"})
    response = response_in(page)
    assert response.find(f"{SAML}Assertion") is None
    assert response.find(SIGNATURE) is not None
    codes = [each.get("Value") for each in response.iter(f"{SAMLP}StatusCode")]
    assert codes == [f"urn:oasis:names:tc:SAML:2.0:status:{name}" for name in ("Responder", "AuthnFailed")]
    answer = carry(pair, page)
    assert answer.status_code == 403
    assert "status-not-success" in answer.text
    assert "AuthnFailed" in answer.text


def ask_for(pair: Pair, **wishes: Any) -> TestResponse:
    """Bring the IdP a signed request with wishes of its own."""
    relying = pair.lab.relying
    made = replace(draft_request(relying, now=NOW, new_id=lambda: "_asked"), **wishes)
    url = encode_redirect(seal(made, None), location=SSO, credential=relying.credential)
    pair.lab.pending.put("_asked", Pending(asking=Asking.of(made)))
    return pair.idp.get("/saml/sso", query_string=urlsplit(url).query)


@pytest.mark.parametrize(
    ("wishes", "code"),
    [
        ({"is_passive": True}, "NoPassive"),
        (
            {"name_id_policy": NameIDPolicy(format="urn:oasis:names:tc:SAML:2.0:nameid-format:kerberos")},
            "InvalidNameIDPolicy",
        ),
        ({"requested_authn_context": RequestedAuthnContext(class_refs=("urn:x509",))}, "NoAuthnContext"),
    ],
)
def test_a_request_that_cannot_be_met_is_answered_with_its_status_and_nobody_is_asked(
    wishes: dict[str, object], code: str
) -> None:
    pair = Pair()
    page = ask_for(pair, **wishes)
    assert 'name="username"' not in page.text
    codes = [each.get("Value") for each in response_in(page).iter(f"{SAMLP}StatusCode")]
    assert codes[1] == f"urn:oasis:names:tc:SAML:2.0:status:{code}"
    assert response_in(page).get("InResponseTo") == "_asked"
    assert carry(pair, page).status_code == 403


@pytest.mark.parametrize(
    "wishes",
    [
        {"is_passive": False, "force_authn": True},
        {"name_id_policy": NameIDPolicy(allow_create=True)},
        {"requested_authn_context": RequestedAuthnContext(class_refs=("urn:x509", PROTECTED_TRANSPORT))},
        {"requested_authn_context": RequestedAuthnContext(class_refs=(PASSWORD,), comparison="minimum")},
    ],
)
def test_a_request_that_can_be_met_is_met(wishes: dict[str, object]) -> None:
    pair = Pair()
    assert carry(pair, choose(pair, ask_for(pair, **wishes))).status_code == 200


def name_given(pair: Pair, format_: str, username: str = AMIRA.username) -> tuple[str | None, str | None]:
    page = choose(pair, ask_for(pair, name_id_policy=NameIDPolicy(format=format_)), username)
    name = response_in(page).find(f".//{SAML}Subject/{SAML}NameID")
    assert name is not None
    assert carry(pair, page).status_code == 200
    return name.get("Format"), name.text


def test_the_name_comes_in_the_format_that_was_asked_for() -> None:
    pair = Pair()
    assert name_given(pair, EMAIL) == (EMAIL, AMIRA.username)
    kind, opaque = name_given(pair, PERSISTENT)
    assert kind == PERSISTENT
    assert AMIRA.username not in str(opaque)
    assert name_given(pair, PERSISTENT) == (PERSISTENT, opaque)
    assert name_given(pair, PERSISTENT, BEN.username)[1] != opaque
    first, second = name_given(pair, TRANSIENT), name_given(pair, TRANSIENT)
    assert first[0] == second[0] == TRANSIENT
    assert first[1] != second[1]


def test_a_relay_state_beyond_all_measure_is_refused() -> None:
    pair = Pair()
    assert pair.idp.get("/saml/start", query_string={"RelayState": "x" * 4096}).status_code == 200
    page = pair.idp.get("/saml/start", query_string={"RelayState": "x" * 4097})
    assert page.status_code == 400
    assert "RelayState" in page.text


def test_the_journal_keeps_no_more_of_a_message_than_an_honest_one_has() -> None:
    pair = Pair()
    pair.sp.post("/saml/acs", data={"SAMLResponse": base64.b64encode(b"<a>" + b"x" * 500_000 + b"</a>").decode()})
    assert [len(entry.message) <= 64 << 10 for entry in pair.lab.journal.entries()] == [True]


def test_nobody_logs_in_under_a_name_that_the_lab_does_not_know() -> None:
    pair = Pair()
    form = pair.idp.get("/saml/start")
    assert choose(pair, form, "mallory").status_code == 400
    assert choose(pair, form).status_code == 200  # the form itself is still good


def test_a_login_form_without_an_errand_issues_nothing() -> None:
    pair = Pair()
    assert pair.idp.post("/login", data={"username": AMIRA.username}).status_code == 400
    assert pair.lab.journal.entries() == ()


def test_a_refused_response_shows_expected_and_observed_side_by_side() -> None:
    pair = Pair(relying=replace(relying_party(), entity_id="https://other.example"))
    page = carry(pair, choose(pair, pair.idp.get("/saml/start")))
    assert page.status_code == 403
    article = page.text[page.text.index("audience-mismatch") :]
    expected, observed = re.findall(r"<pre>([^<]*)</pre>", article)[:2]
    assert "https://other.example" in expected
    assert SP in observed
    assert "Logged in" not in page.text


def test_every_reason_for_a_refusal_is_shown_not_the_first_one_only() -> None:
    relying = replace(relying_party(), entity_id="https://other.example", asserting="https://elsewhere.example")
    pair = Pair(relying=relying)
    form = choose(pair, pair.idp.get("/saml/start"))
    pair.lab.clock.advance(timedelta(hours=2))
    page = carry(pair, form)
    shown = set(re.findall(r"</span> <code>([a-z-]+)</code>", page.text))
    assert {"audience-mismatch", "issuer-mismatch", "expired-conditions", "expired-confirmation"} <= shown


def test_a_response_signed_by_a_key_that_is_not_trusted_lets_nobody_in_and_names_whose_key_it_is() -> None:
    pair = Pair(asserting=replace(asserting_party(), credential=credential("foreign")))
    page = carry(pair, choose(pair, pair.idp.get("/saml/start")))
    assert page.status_code == 403
    assert "key-not-trusted" in page.text
    assert IDP in page.text


def test_a_request_signed_by_a_key_that_is_not_trusted_is_refused_at_the_identity_provider() -> None:
    pair = Pair(relying=replace(relying_party(), credential=credential("foreign")))
    page = ask(pair)
    assert page.status_code == 403
    assert "key-not-trusted" in page.text
    assert 'name="username"' not in page.text
    last = pair.lab.journal.entries()[-1]
    assert (last.side, last.verdict) == ("asserting", "refused")


def test_an_identity_provider_that_ignores_signatures_takes_any_request() -> None:
    relying = replace(relying_party(), credential=credential("foreign"))
    page = ask(Pair(replace(asserting_party(), verifies=False), relying))
    assert page.status_code == 200
    assert 'name="username"' in page.text


def test_an_identity_provider_that_checks_expiry_refuses_an_expired_request_certificate() -> None:
    asserting = replace(asserting_party(), checks_expiry=True, trusted=(trusted("sp", SP, days=2),))
    pair = Pair(asserting, replace(relying_party(), credential=credential("sp", days=2)))
    page = ask(pair)
    assert page.status_code == 403
    assert "request-certificate-expired" in page.text
    pair.lab.clock.set(NOW - timedelta(days=2))
    assert ask(pair).status_code == 200


def test_a_request_for_an_address_that_is_not_registered_is_refused() -> None:
    elsewhere = tuple(replace(each, location="https://elsewhere.example/acs") for each in relying_party().acs)
    page = ask(Pair(relying=replace(relying_party(), acs=elsewhere)))
    assert page.status_code == 403
    assert "acs-not-registered" in page.text


def test_parties_can_be_replaced_while_the_lab_runs() -> None:
    pair = Pair()
    assert carry(pair, choose(pair, ask(pair))).status_code == 200
    pair.lab.reconfigure(replace(asserting_party(), credential=credential("new")), relying_party())
    assert carry(pair, choose(pair, ask(pair))).status_code == 403
    fresh = replace(relying_party(), trusted=(*relying_party().trusted, trusted("new", IDP)))
    pair.lab.reconfigure(pair.lab.asserting, fresh)
    assert carry(pair, choose(pair, ask(pair))).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SAMLRequest=",
        "SAMLRequest=%00",
        "SAMLRequest=AAAA",
        "SAMLRequest=PHg+",
        "SAMLRequest=a&SAMLRequest=b",
        "SAMLResponse=PHg%2BPC94Pg%3D%3D",
        "SAMLRequest=PHg%2B&SAMLResponse=PHg%2B",
        "x=" + "y" * 5000,
    ],
)
def test_a_request_that_cannot_be_read_is_one_clear_page_and_a_journal_entry(query: str) -> None:
    pair = Pair()
    page = pair.idp.get("/saml/sso", query_string=query)
    assert page.status_code in (400, 403)
    assert "Traceback" not in page.text
    assert [entry.verdict for entry in pair.lab.journal.entries()] == ["refused"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"SAMLResponse": ""},
        {"SAMLResponse": "%%%"},
        {"SAMLResponse": base64.b64encode(b"no xml").decode()},
        {"SAMLResponse": base64.b64encode(b"\x00\xff" * 50).decode()},
        {"SAMLResponse": base64.b64encode(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>').decode()},
        {"SAMLResponse": base64.b64encode(b"<a>" * 5000).decode()},
        {"SAMLRequest": base64.b64encode(b"<a/>").decode()},
        {"SAMLResponse": ["PGEvPg==", "PGIvPg=="]},
    ],
)
def test_a_response_that_cannot_be_read_is_one_clear_page_and_a_journal_entry(form: dict[str, object]) -> None:
    pair = Pair()
    page = pair.sp.post("/saml/acs", data=form)
    assert page.status_code in (400, 403)
    assert "Traceback" not in page.text
    assert [entry.verdict for entry in pair.lab.journal.entries()] == ["refused"]


def test_a_message_in_the_address_beside_the_one_in_the_form_is_refused() -> None:
    pair = Pair()
    form = choose(pair, pair.idp.get("/saml/start"))
    page = carry(pair, form, "/saml/acs?SAMLResponse=AAAA")
    assert page.status_code == 400
    assert carry(pair, form).status_code == 200


def test_both_sides_publish_the_metadata_that_the_other_could_load() -> None:
    pair = Pair()
    idp = read_entity(pair.idp.get("/saml/metadata").data, "idp")
    sp = read_entity(pair.sp.get("/saml/metadata").data, "sp")
    assert idp.entity_id == IDP
    assert idp.idp is not None
    assert [key.public.sha256 for key in idp.idp.trusted_keys(IDP)] == [credential("idp").public.sha256]
    assert {each.location for each in idp.idp.single_sign_on_services} == {SSO}
    assert sp.entity_id == SP
    assert sp.sp is not None
    assert [each.location for each in sp.sp.assertion_consumer_services] == [ACS]
    assert pair.sp.get("/saml/metadata").mimetype == "application/samlmetadata+xml"


def test_an_org_asks_with_an_id_of_296_characters_that_comes_back_to_the_letter() -> None:
    pair = Pair(relying=salesforce_relying())
    sent = pair.sp.get("/saml/login")
    made = request_in(sent)
    identifier = made.get("ID")
    assert identifier is not None
    assert len(identifier) == 296
    assert identifier.startswith("_2CAAAA")
    instant = made.get("IssueInstant")
    assert instant == "2027-01-04T09:00:00.000Z"
    form = choose(pair, pair.idp.get("/saml/sso", query_string=urlsplit(sent.headers["Location"]).query))
    assert response_in(form).get("InResponseTo") == identifier
    assert carry(pair, form, f"/?so={ORG}").status_code == 200


@pytest.mark.parametrize("path", ["/", f"/?so={ORG}", f"/?so={ORG[:15]}"])
def test_an_org_takes_responses_at_its_root_but_not_under_the_id_of_another(path: str) -> None:
    pair = Pair(relying=salesforce_relying())
    form = choose(pair, pair.idp.get("/saml/start"))
    stray = carry(pair, form, "/?so=00D000000000099")
    assert stray.status_code == 403
    assert pair.lab.journal.entries()[-1].login_status == "LOGIN_SAML_INVALID_ORG_ID"
    assert carry(pair, form, path).status_code == 200


def test_a_generic_service_provider_takes_nothing_at_its_root() -> None:
    pair = Pair()
    assert carry(pair, choose(pair, pair.idp.get("/saml/start")), f"/?so={ORG}").status_code == 404


def test_an_org_as_identity_provider_answers_at_its_own_addresses_with_its_own_attributes() -> None:
    pair = Pair(asserting=salesforce_asserting())
    assert read_entity(pair.idp.get("/.well-known/samlidp.xml").data, "idp").entity_id == IDP
    sent = pair.sp.get("/saml/login")
    query = urlsplit(sent.headers["Location"]).query
    assert pair.idp.get("/idp/endpoint/HttpRedirect", query_string=query).status_code == 200
    page = choose(pair, pair.idp.get("/idp/login?app=0sp000000000001"))
    response = response_in(page)
    issuer = response.find(f"{SAML}Issuer")
    assert issuer is not None
    assert issuer.get("Format") == "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
    assert re.fullmatch(r"_[0-9a-f]{32}\d{13}", response.get("ID") or "")
    names = [each.get("Name") for each in response.iter(f"{SAML}Attribute")]
    assert names[:4] == ["userId", "username", "email", "is_portal_user"]
    assert carry(pair, page).status_code == 200


def test_an_org_as_identity_provider_takes_posted_requests_at_its_own_address() -> None:
    pair = Pair(asserting=salesforce_asserting(), relying=replace(relying_party(), binding=POST))
    form = pair.idp.post("/idp/endpoint/HttpPost", data=fields_of(pair.sp.get("/saml/login")))
    assert carry(pair, choose(pair, form)).status_code == 200


def test_an_unsolicited_login_for_an_unknown_service_provider_is_refused_with_the_known_one_named() -> None:
    page = Pair().idp.get("/saml/start?sp=https://unknown.example")
    assert page.status_code == 400
    assert SP in page.text
