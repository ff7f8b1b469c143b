"""Single logout through both applications, from either side, by either binding: what ends, and what every page says."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree

from ssolab.core.keys import Permission
from ssolab.saml.bindings import encode_post, encode_redirect
from ssolab.saml.issue import seal
from ssolab.saml.logout_checks import Session
from ssolab.saml.logout_issue import draft_logout_request, draft_logout_response
from ssolab.saml.messages import NameID
from ssolab.saml.metadata import Endpoint, read_entity
from ssolab.saml.names import POST, REDIRECT, RESPONDER, UNKNOWN_PRINCIPAL, UNSPECIFIED
from ssolab.web.app import rehomed
from ssolab.web.lab import Bases
from ssolab.web.sessions import Sessions
from tests.web.parts import (
    AMIRA,
    BEN,
    IDP,
    NOW,
    SP,
    Pair,
    asserting_party,
    credential,
    relying_party,
    salesforce_asserting,
    salesforce_relying,
    trusted,
    with_second_link,
)
from tests.web.test_login import choose, fields_of, request_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from ssolab.saml.parties import AssertingParty, RelyingParty

BASES = Bases(asserting="http://127.0.0.1:8080", relying="http://127.0.0.1:8081")
BOTH = (REDIRECT, POST)


def lab(
    asserting: AssertingParty | None = None, relying: RelyingParty | None = None, *, binding: str | None = None
) -> Pair:
    """A pair at its own addresses that takes logout messages by one binding, or by both."""
    idp, sp = rehomed(asserting or asserting_party(), relying or relying_party(), BASES)
    if binding is not None:
        idp = replace(idp, partner_logout=tuple(each for each in idp.partner_logout if each.binding == binding))
        sp = replace(sp, partner_logout=tuple(each for each in sp.partner_logout if each.binding == binding))
    return Pair(idp, sp)


def login(pair: Pair, username: str = AMIRA.username) -> TestResponse:
    """Log somebody in without a request."""
    carried = choose(pair, pair.idp.get("/saml/start"), username)
    return pair.sp.post("/saml/acs", data=fields_of(carried))


def carry(sent: TestResponse, client: FlaskClient) -> TestResponse:
    """Bring what one side handed to the browser to the other side, at the very address that it names."""
    if sent.status_code == 302:
        target = urlsplit(sent.headers["Location"])
        return client.get(target.path, query_string=target.query)
    fields = fields_of(sent)
    assert fields, sent.text
    action = unescape(sent.text.partition('action="')[2].partition('"')[0])
    return client.post(urlsplit(action).path, data=fields)


def answer_in(sent: TestResponse) -> etree._Element:
    """The LogoutResponse that a redirect carries."""
    packed = parse_qs(urlsplit(sent.headers["Location"]).query)["SAMLResponse"][0]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed), -15))


def names(pair: Pair) -> dict[str, list[str]]:
    """Who is logged in at each side."""
    return {
        "asserting": [held.name for held in pair.lab.sessions["asserting"].shared_with(SP)],
        "relying": [held.name for held in pair.lab.sessions["relying"].shared_with(IDP)],
    }


def told(pair: Pair) -> list[tuple[str, str, str | None]]:
    return [
        (entry.side, entry.event, entry.verdict)
        for entry in pair.lab.journal.entries()
        if entry.event.startswith("log")
    ]


def sides(pair: Pair, starts_at: str) -> tuple[FlaskClient, FlaskClient]:
    """The client of the side that begins, and that of the other."""
    return (pair.sp, pair.idp) if starts_at == "relying" else (pair.idp, pair.sp)


FLAVOURS = {
    "generic": (asserting_party(), relying_party()),
    "salesforce": (
        replace(salesforce_asserting(), offers_logout=True),
        replace(salesforce_relying(), offers_logout=True),
    ),
}


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("binding", BOTH)
@pytest.mark.parametrize(("starts_at", "other"), [("relying", "asserting"), ("asserting", "relying")])
def test_a_logout_from_either_side_ends_the_session_at_both(
    starts_at: str, other: str, binding: str, flavour: str
) -> None:
    pair = lab(*FLAVOURS[flavour], binding=binding)
    login(pair)
    login(pair, BEN.username)
    assert names(pair) == {"asserting": [AMIRA.username, BEN.username], "relying": [AMIRA.username, BEN.username]}
    begins, answers = sides(pair, starts_at)
    key = pair.lab.sessions[starts_at].shared_with(pair.lab.pair[starts_at == "relying"].partner)[0].key

    sent = begins.get("/saml/logout", query_string={"session": key, "RelayState": "/bye?a=1&b=2"})
    assert (sent.status_code == 302) is (binding == REDIRECT)
    answer = carry(sent, answers)
    page = carry(answer, begins)

    assert page.status_code == 200
    assert "<h1>Logged out</h1>" in page.text
    assert f"{AMIRA.username} is logged out at" in page.text
    assert "/bye?a=1&amp;b=2" in page.text
    assert names(pair) == {"asserting": [BEN.username], "relying": [BEN.username]}
    assert told(pair) == [
        (starts_at, "logout-request-sent", None),
        (other, "logout-request-judged", "accepted"),
        (other, "logout-response-sent", None),
        (starts_at, "logout-response-judged", "accepted"),
    ]
    last = pair.lab.journal.entries()[-1]
    assert last.user == AMIRA.username
    assert last.flow == "saml-logout"
    assert last.verifiers["ssolab"] == last.verifiers["xmlsec"] == "accepted"


def test_the_result_of_a_login_has_a_link_that_logs_out() -> None:
    pair = lab()
    page = login(pair)
    (held,) = pair.lab.sessions["relying"].shared_with(IDP)
    assert f'href="/saml/logout?session={held.key}"' in page.text
    assert carry(carry(pair.sp.get(f"/saml/logout?session={held.key}"), pair.idp), pair.sp).status_code == 200
    assert names(pair) == {"asserting": [], "relying": []}


def test_the_request_names_the_session_as_the_assertion_did() -> None:
    pair = lab()
    login(pair)
    request = request_in(pair.sp.get("/saml/logout"))
    (held,) = pair.lab.sessions["asserting"].shared_with(SP)
    name = request.find("{*}NameID")
    assert name is not None
    assert (name.text, name.get("Format")) == (AMIRA.username, UNSPECIFIED)
    assert [each.text for each in request.findall("{*}SessionIndex")] == [held.session.session_index]
    assert request.get("Destination") == "http://127.0.0.1:8080/saml/slo"
    assert request.get("NotOnOrAfter") == "2027-01-04T09:05:00.000Z"


def test_qualifiers_travel_back_unchanged() -> None:
    pair = lab()
    pair.lab.sessions["asserting"].begin(SP, Session(NameID("opaque", "urn:f", IDP, SP, "own"), "_1"), NOW)
    pair.lab.sessions["relying"].begin(IDP, Session(NameID("opaque", "urn:f", IDP, SP, "own"), "_1"), NOW)
    assert carry(carry(pair.sp.get("/saml/logout"), pair.idp), pair.sp).status_code == 200
    assert names(pair) == {"asserting": [], "relying": []}


def test_without_a_choice_the_sessions_are_listed_and_nobody_is_logged_out() -> None:
    pair = lab()
    assert "Nobody is logged in here" in pair.sp.get("/saml/logout").text
    login(pair)
    login(pair, BEN.username)
    page = pair.idp.get("/saml/logout")
    for held in pair.lab.sessions["asserting"].shared_with(SP):
        assert f"/saml/logout?session={held.key}" in page.text
        assert held.name in page.text
    assert told(pair) == []
    gone = pair.sp.get("/saml/logout?session=gone")
    assert gone.status_code == 400
    assert "has ended already" in gone.text


def test_sessions_of_another_partner_are_neither_shown_nor_ended() -> None:
    pair = lab()
    login(pair)
    stranger = Session(NameID(AMIRA.username, UNSPECIFIED), "_elsewhere")
    held = pair.lab.sessions["relying"].begin("https://other.example", stranger, NOW)
    carry(carry(pair.idp.get("/saml/logout"), pair.sp), pair.idp)
    assert names(pair) == {"asserting": [], "relying": []}
    assert pair.lab.sessions["relying"].shared_with("https://other.example") == (held,)
    assert pair.sp.get(f"/saml/logout?session={held.key}").status_code == 400


def test_a_request_for_all_sessions_of_a_person_ends_them_all_and_nobody_else_s() -> None:
    pair = lab()
    for username in (AMIRA.username, BEN.username, AMIRA.username):
        login(pair, username)
    made = draft_logout_request(
        pair.lab.relying, now=NOW, new_id=lambda: "_all", name_id=NameID(AMIRA.username, UNSPECIFIED)
    )
    form = encode_post(
        seal(made, credential("sp")), location="x", message="SAMLRequest", relay_state="opaque <&> value"
    )
    answer = pair.idp.post("/saml/slo", data=dict(form.fields))
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["RelayState"] == ["opaque <&> value"]
    assert names(pair)["asserting"] == [BEN.username]
    assert answer_in(answer).get("InResponseTo") == "_all"


# --- what goes wrong ---


def test_a_session_that_the_partner_does_not_have_is_answered_with_unknown_principal() -> None:
    pair = lab()
    login(pair)
    pair.lab.sessions["asserting"].clear()
    page = carry(carry(pair.sp.get("/saml/logout"), pair.idp), pair.sp)
    assert page.status_code == 403
    assert "Logout not confirmed" in page.text
    assert UNKNOWN_PRINCIPAL in page.text
    judged = [(entry.event, [found.code for found in entry.errors]) for entry in pair.lab.journal.entries()[-3:]]
    assert judged == [
        ("logout-request-judged", ["logout-name-unknown"]),
        ("logout-response-sent", []),
        ("logout-response-judged", ["logout-refused"]),
    ]
    assert names(pair)["relying"] == []  # whoever asked to leave has left, whatever the partner says


@pytest.mark.parametrize("binding", BOTH)
def test_a_key_that_the_partner_does_not_trust_ends_on_its_page_with_the_reason(binding: str) -> None:
    pair = lab(relying=replace(relying_party(), credential=credential("new")), binding=binding)
    login(pair)
    page = carry(pair.sp.get("/saml/logout"), pair.idp)
    assert page.status_code == 403
    assert "Logout refused" in page.text
    assert "key-not-trusted" in page.text
    assert names(pair) == {"asserting": [AMIRA.username], "relying": []}
    assert told(pair)[-1] == ("asserting", "logout-request-judged", "refused")


def test_an_answer_by_a_key_that_is_not_trusted_confirms_nothing() -> None:
    pair = lab()
    login(pair)
    sent = pair.sp.get("/saml/logout")
    pair.lab.reconfigure(replace(pair.lab.asserting, credential=credential("foreign")), pair.lab.relying)
    page = carry(carry(sent, pair.idp), pair.sp)
    assert page.status_code == 403
    assert "key-not-trusted" in page.text
    assert IDP in page.text
    assert len(pair.lab.sessions["relying"].leaving.keys()) == 1  # the true answer may still come


def test_a_forged_or_late_request_ends_nothing() -> None:
    pair = lab()
    login(pair)
    party = pair.lab.relying
    name = NameID(AMIRA.username, UNSPECIFIED)
    made = draft_logout_request(party, now=NOW, new_id=lambda: "_1", name_id=name)
    unsigned = encode_redirect(seal(made, None), location="x").partition("?")[2]
    assert "signature-missing" in pair.idp.get("/saml/slo", query_string=unsigned).text
    signed = encode_redirect(seal(made, None), location="x", credential=credential("sp")).partition("?")[2]
    pair.lab.clock.advance(timedelta(minutes=7))
    late = pair.idp.get("/saml/slo", query_string=signed)
    assert late.status_code == 403
    assert "logout-request-expired" in late.text
    assert names(pair)["asserting"] == [AMIRA.username]
    pair.lab.clock.set(NOW)
    assert pair.idp.get("/saml/slo", query_string=signed).status_code == 302
    assert names(pair)["asserting"] == []
    again = pair.idp.get("/saml/slo", query_string=signed)  # a replay finds nobody any more
    assert [each.get("Value") for each in answer_in(again).iter("{*}StatusCode")][1:] == [UNKNOWN_PRINCIPAL]


def test_an_answer_that_nobody_waits_for_is_refused() -> None:
    pair = lab()
    made = draft_logout_response(pair.lab.asserting, now=NOW, new_id=lambda: "_1", in_response_to="_never")
    fields = encode_post(seal(made, credential("idp")), location="x").fields
    page = pair.sp.post("/saml/slo", data=dict(fields))
    assert page.status_code == 403
    assert [found.code for found in pair.lab.journal.entries()[-1].errors] == ["logout-unasked"]


def test_an_answer_counts_once() -> None:
    pair = lab()
    login(pair)
    answer = carry(pair.sp.get("/saml/logout"), pair.idp)
    assert carry(answer, pair.sp).status_code == 200
    assert carry(answer, pair.sp).status_code == 403


def test_the_words_of_the_partner_are_shown_and_escaped() -> None:
    pair = lab()
    login(pair)
    asked = request_in(pair.sp.get("/saml/logout")).get("ID", "")
    made = draft_logout_response(
        pair.lab.asserting,
        now=NOW,
        new_id=lambda: "_1",
        in_response_to=asked,
        codes=(RESPONDER,),
        message="<script>alert(1)</script>",
    )
    page = pair.sp.post("/saml/slo", data=dict(encode_post(seal(made, credential("idp")), location="x").fields))
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert" not in page.text


@pytest.mark.parametrize("path", ["/saml/slo", "/services/auth/idp/saml2/logout"])
def test_what_is_no_logout_message_is_said_so(path: str) -> None:
    pair = lab()
    for query in ("", "SAMLRequest=junk", "SAMLRequest=a&SAMLRequest=b", "SAMLRequest=a&SAMLResponse=b"):
        page = pair.idp.get(path, query_string=query)
        assert page.status_code == 400
        assert "This is no logout message" in page.text
    other = pair.sp.get("/saml/login")
    page = pair.idp.get(path, query_string=urlsplit(other.headers["Location"]).query)
    assert page.status_code == 400
    assert "this is samlp:AuthnRequest, not samlp:LogoutRequest" in page.text
    assert pair.idp.post(path, data={"SAMLResponse": "PGE+"}).status_code == 400


def test_a_relay_state_that_is_too_long_is_refused_before_anybody_is_logged_out() -> None:
    pair = lab()
    login(pair)
    assert pair.sp.get("/saml/logout", query_string={"RelayState": "x" * 5000}).status_code == 400
    assert names(pair)["relying"] == [AMIRA.username]
    made = draft_logout_request(
        pair.lab.relying, now=NOW, new_id=lambda: "_1", name_id=NameID(AMIRA.username, UNSPECIFIED)
    )
    fields = encode_post(seal(made, credential("sp")), location="x", message="SAMLRequest", relay_state="x" * 5000)
    assert pair.idp.post("/saml/slo", data=dict(fields.fields)).status_code == 400
    assert names(pair)["asserting"] == [AMIRA.username]


def test_a_relay_state_that_leads_elsewhere_is_sent_and_not_followed() -> None:
    pair = lab()
    login(pair)
    sent = pair.sp.get("/saml/logout", query_string={"RelayState": "https://attacker.test/"})
    page = carry(carry(sent, pair.idp), pair.sp)
    assert page.status_code == 200
    assert "https://attacker.test/" not in page.text.partition("Message")[0]


# --- settings ---


@pytest.mark.parametrize(
    ("party", "says"),
    [
        ("salesforce", "We are unable to log you out"),
        ("generic", "Single logout is off here"),
    ],
)
def test_a_side_whose_single_logout_is_off_says_so_and_logs_nobody_out(party: str, says: str) -> None:
    off = {
        "salesforce": salesforce_relying(),
        "generic": replace(relying_party(), offers_logout=False),
    }[party]
    pair = lab(relying=off)
    login(pair)
    for page in (
        pair.sp.get("/saml/logout"),
        pair.sp.get("/saml/slo", query_string="SAMLRequest=x"),
        pair.sp.post("/services/auth/sp/saml2/logout"),
    ):
        assert page.status_code == 403
        assert says in page.text
    assert {entry[1] for entry in told(pair)} == {"logout-not-offered"}
    assert names(pair)["relying"] == [AMIRA.username]
    alone = pair.idp.get("/saml/logout")
    assert alone.status_code == 200
    assert "Logged out here alone" in alone.text
    assert names(pair) == {"asserting": [], "relying": [AMIRA.username]}
    assert told(pair)[-1][1] == "logged-out"


def test_metadata_publishes_the_addresses_where_single_logout_is_on() -> None:
    pair = lab()
    idp, sp = (
        read_entity(pair.idp.get("/saml/metadata").data, "idp"),
        read_entity(pair.sp.get("/saml/metadata").data, "sp"),
    )
    assert idp.idp is not None
    assert sp.sp is not None
    for role, base in ((idp.idp, BASES.asserting), (sp.sp, BASES.relying)):
        assert role.single_logout_services == tuple(Endpoint(binding, f"{base}/saml/slo") for binding in BOTH)

    silent = lab(salesforce_asserting(), salesforce_relying())
    assert b"SingleLogoutService" not in silent.idp.get("/.well-known/samlidp.xml").data
    assert b"SingleLogoutService" not in silent.sp.get("/saml/metadata").data
    loud = lab(*FLAVOURS["salesforce"])
    assert b"/services/auth/idp/saml2/logout" in loud.idp.get("/.well-known/samlidp.xml").data
    assert b"/services/auth/sp/saml2/logout" in loud.sp.get("/saml/metadata").data


def test_a_salesforce_side_whose_own_metadata_names_an_address_has_single_logout() -> None:
    declared = replace(salesforce_relying(), single_logout=(Endpoint(REDIRECT, "https://x/slo"),))
    _, sp = rehomed(asserting_party(), declared, BASES)
    assert [each.location for each in sp.single_logout] == [f"{BASES.relying}/services/auth/sp/saml2/logout"] * 2
    _, off = rehomed(asserting_party(), replace(declared, offers_logout=False), BASES)
    assert off.single_logout == ()


@pytest.mark.parametrize("binding", BOTH)
def test_logout_with_sha1_needs_the_permission_of_the_other_side(binding: str) -> None:
    quirk = replace(salesforce_relying(), offers_logout=True, logout_hash="sha1")
    strict = lab(relying=quirk, binding=binding)
    assert login(strict).status_code == 200
    assert "signed with sha1 (as Salesforce does where useConfigRequestMethod is false)" in strict.sp.get("/").text
    refused = carry(strict.sp.get("/saml/logout"), strict.idp)
    assert refused.status_code == 403
    assert "sha1" in refused.text

    permitting = replace(asserting_party(), permit=frozenset({Permission.SHA1}))
    lenient = lab(permitting, quirk, binding=binding)
    login(lenient)
    assert carry(carry(lenient.sp.get("/saml/logout"), lenient.idp), lenient.sp).status_code == 200


def test_the_front_pages_name_the_addresses_and_the_way_out() -> None:
    pair = lab()
    for client, base in ((pair.idp, BASES.asserting), (pair.sp, BASES.relying)):
        page = client.get("/").text
        assert f"{base}/saml/slo" in page
        assert 'href="/saml/logout"' in page
        assert "on, messages signed with sha256" in page
    off = lab(relying=replace(relying_party(), offers_logout=False)).sp.get("/").text
    assert "SingleLogoutService" not in off


def test_the_memory_of_sessions_has_a_limit() -> None:
    sessions = Sessions(limit=3)
    held = [sessions.begin(SP, Session(NameID(str(number))), NOW) for number in range(5)]
    assert [each.name for each in sessions.shared_with(SP)] == ["2", "3", "4"]
    assert not sessions.end(held[0])
    assert sessions.end(held[4])
    assert not sessions.end(held[4])


def test_another_link_and_a_forgotten_lab_have_no_sessions() -> None:
    pair = Pair(settings=with_second_link())
    login(pair)
    assert names(pair)["relying"] == [AMIRA.username]
    pair.lab.choose("stranger")
    assert names(pair) == {"asserting": [], "relying": []}
    pair.lab.choose("partner")
    login(pair)
    pair.lab.forget()
    assert names(pair) == {"asserting": [], "relying": []}


def test_a_side_that_trusts_nobody_says_so() -> None:
    pair = lab(replace(asserting_party(), trusted=(), verifies=False))
    login(pair)
    page = carry(pair.sp.get("/saml/logout"), pair.idp)
    assert page.status_code == 400
    assert "the trust set is empty" in page.text


def test_a_request_of_a_partner_without_an_address_is_obeyed_and_cannot_be_answered() -> None:
    pair = lab()
    login(pair)
    pair.lab.reconfigure(replace(pair.lab.asserting, partner_logout=()), pair.lab.relying)
    page = carry(pair.sp.get("/saml/logout"), pair.idp)
    assert page.status_code == 400
    assert f"knows no SingleLogoutService of {SP}" in page.text
    assert names(pair) == {"asserting": [], "relying": []}
    assert told(pair)[-1] == ("asserting", "logout-request-judged", "accepted")


def test_a_key_in_another_certificate_is_as_good() -> None:
    pair = lab(replace(asserting_party(), trusted=(trusted("sp", SP, days=10),)), binding=POST)
    login(pair)
    assert carry(carry(pair.sp.get("/saml/logout"), pair.idp), pair.sp).status_code == 200


def test_no_way_out_is_shown_where_there_is_none() -> None:
    pair = lab(salesforce_asserting(), salesforce_relying())
    page = login(pair)
    assert "<h1>Logged in</h1>" in page.text
    assert "Log out" not in page.text + pair.sp.get("/").text + pair.idp.get("/").text
