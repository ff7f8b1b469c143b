"""The messages of single logout: what is read is what was written, and drafts are what partners expect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.findings import ConfigError, InputError
from ssolab.core.xmltree import parse, serialise
from ssolab.saml.issue import seal
from ssolab.saml.logout import LogoutRequest, LogoutResponse
from ssolab.saml.logout_issue import answer_location, draft_logout_request, draft_logout_response, logout_endpoint
from ssolab.saml.metadata import Endpoint
from ssolab.saml.names import ENTITY, LOGOUT_BY_USER, POST, REDIRECT, REQUESTER, UNKNOWN_PRINCIPAL
from tests.saml.logout_samples import AMIRA, IDP_SLO, SESSION, SP_SLO, answer, idp, request, sp
from tests.saml.samples import IDP, NOW, SP, asserting, credential, relying, response
from tests.saml.strategies import maybe_moment, maybe_word, moments, name_ids, patient, statuses, words
from tests.saml.test_schema import complaints

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.saml.publishing import Flavour

XMLNS = (
    'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
    ' ID="_1" Version="2.0" IssueInstant="2027-01-04T09:00:00.123Z"'
)
NAMED = "<saml:NameID>amira</saml:NameID>"

logout_requests = st.builds(
    LogoutRequest,
    id=words,
    issue_instant=moments,
    name_id=st.none() | name_ids,
    version=words,
    destination=maybe_word,
    consent=maybe_word,
    issuer=st.none() | name_ids,
    not_on_or_after=maybe_moment,
    reason=maybe_word,
    session_indexes=st.lists(words, max_size=3).map(tuple),
    encrypted=st.just(False),
    passed_over=st.just(()),
)
logout_responses = st.builds(
    LogoutResponse,
    id=words,
    issue_instant=moments,
    status=statuses,
    version=words,
    destination=maybe_word,
    in_response_to=maybe_word,
    consent=maybe_word,
    issuer=st.none() | name_ids,
    passed_over=st.just(()),
)


def read(inside: str, attributes: str = "") -> LogoutRequest:
    text = f"<samlp:LogoutRequest {XMLNS} {attributes}>{inside}</samlp:LogoutRequest>"
    return LogoutRequest.read(parse(text.encode(), "l.xml"), "l.xml")


@patient
@given(logout_requests)
def test_a_logout_request_that_was_written_is_read_back(made: LogoutRequest) -> None:
    assert LogoutRequest.read(parse(serialise(made.element()), "l.xml"), "l.xml") == made


@patient
@given(logout_responses)
def test_a_logout_response_that_was_written_is_read_back(made: LogoutResponse) -> None:
    assert LogoutResponse.read(parse(serialise(made.element()), "l.xml"), "l.xml") == made


def test_a_request_is_read_with_all_its_parts() -> None:
    inside = (
        f"<saml:Issuer>{SP}</saml:Issuer><saml:NameID Format='urn:f' NameQualifier='n' SPNameQualifier='s'>amira"
        "</saml:NameID><samlp:SessionIndex>a</samlp:SessionIndex><samlp:SessionIndex>b</samlp:SessionIndex>"
    )
    made = read(inside, 'Reason="urn:r" NotOnOrAfter="2027-01-04T09:05:00Z" Destination="https://slo"')
    assert made.name_id is not None
    assert (made.name_id.value, made.name_id.format, made.name_id.sp_name_qualifier) == ("amira", "urn:f", "s")
    assert made.session_indexes == ("a", "b")
    assert (made.reason, made.destination) == ("urn:r", "https://slo")
    assert made.not_on_or_after == NOW + timedelta(minutes=5)
    assert not made.encrypted


def test_what_cannot_be_read_of_a_name_is_said() -> None:
    made = read("<saml:EncryptedID/>")
    assert made.encrypted
    assert made.name_id is None
    assert read("<saml:BaseID/>").passed_over == ("{urn:oasis:names:tc:SAML:2.0:assertion}BaseID",)


@pytest.mark.parametrize(
    "inside",
    [
        NAMED + NAMED,
        NAMED + "<saml:EncryptedID/>",
        "<saml:BaseID/>" + NAMED,
        "<saml:NameID>amira<!-- x -->.attacker.test</saml:NameID>",
        NAMED + "<samlp:SessionIndex>a<b/></samlp:SessionIndex>",
    ],
)
def test_a_request_that_two_readers_could_read_in_two_ways_is_refused(inside: str) -> None:
    with pytest.raises(InputError, match=r"^l\.xml: "):
        read(inside)


@pytest.mark.parametrize("xml", [response(), answer(), b"<LogoutRequest/>"])
def test_another_message_is_not_read_as_a_request(xml: bytes) -> None:
    with pytest.raises(InputError, match="LogoutRequest is read"):
        LogoutRequest.read(parse(xml, "l.xml"), "l.xml")


# --- drafts ---


def test_a_draft_names_the_session_and_goes_to_the_partner() -> None:
    made = LogoutRequest.read(parse(request(), "l.xml"), "l.xml")
    assert made.name_id == AMIRA
    assert made.session_indexes == (SESSION.session_index,)
    assert (made.destination, made.reason) == (IDP_SLO, LOGOUT_BY_USER)
    assert made.not_on_or_after == NOW + sp().message_life
    assert made.issuer is not None
    assert made.issuer.value == SP


@pytest.mark.parametrize(("flavour", "format_"), [("generic", None), ("salesforce", ENTITY)])
def test_the_issuer_is_written_as_the_flavour_does(flavour: Flavour, format_: str | None) -> None:
    party = idp(flavour=flavour)
    made = draft_logout_request(party, now=NOW, new_id=lambda: "_1", name_id=AMIRA)
    assert made.issuer is not None
    assert (made.issuer.value, made.issuer.format) == (IDP, format_)
    assert made.destination == SP_SLO


def test_an_answer_repeats_the_id_and_says_how_it_went() -> None:
    made = draft_logout_response(
        sp(), now=NOW, new_id=lambda: "_a", in_response_to="_q", codes=(REQUESTER, UNKNOWN_PRINCIPAL), message="gone"
    )
    assert made.in_response_to == "_q"
    assert not made.status.success
    assert made.status.codes == (REQUESTER, UNKNOWN_PRINCIPAL)
    assert LogoutResponse.read(parse(answer(), "a.xml"), "a.xml").status.success


@pytest.mark.parametrize("party", [sp(), idp()])
def test_redirect_is_chosen_where_the_partner_takes_it(party: AssertingParty | RelyingParty) -> None:
    assert logout_endpoint(party).binding == REDIRECT


def test_post_is_chosen_where_the_partner_has_nothing_else() -> None:
    soap = Endpoint("urn:oasis:names:tc:SAML:2.0:bindings:SOAP", "https://idp.example.org/soap")
    post = Endpoint(POST, IDP_SLO, "https://idp.example.org/slo/answers")
    party = relying(partner_logout=(soap, post))
    assert logout_endpoint(party) == post
    made = draft_logout_response(party, now=NOW, new_id=lambda: "_a", in_response_to="_q")
    assert made.destination == answer_location(post) == "https://idp.example.org/slo/answers"
    with pytest.raises(ConfigError, match="no SingleLogoutService"):
        logout_endpoint(asserting(partner_logout=(soap,)))


@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
@pytest.mark.parametrize("key", ["sp", None])
def test_both_messages_are_valid_by_the_schema(flavour: Flavour, key: str | None) -> None:
    signer = None if key is None else credential(key)
    name = replace(AMIRA, sp_provided_id="own")
    asked = draft_logout_request(
        sp(flavour=flavour), now=NOW, new_id=lambda: "_1", name_id=name, session_indexes=("a", "b")
    )
    answered = draft_logout_response(
        idp(flavour=flavour), now=NOW, new_id=lambda: "_2", in_response_to="_1", codes=("urn:a", "urn:b"), message="no"
    )
    consented = "urn:oasis:names:tc:SAML:2.0:consent:obtained"
    for draft in (asked, replace(asked, consent=consented), answered, replace(answered, consent=consented)):
        assert complaints(seal(draft, signer, flavour=flavour), "saml-schema-protocol-2.0.xsd") == ""


def test_a_side_that_chose_a_binding_uses_that_alone() -> None:
    assert logout_endpoint(sp(logout_binding=POST)) == Endpoint(POST, IDP_SLO)
    only_post = relying(partner_logout=(Endpoint(POST, IDP_SLO),), logout_binding=REDIRECT)
    with pytest.raises(ConfigError, match="for HTTP-Redirect; add the address"):
        logout_endpoint(only_post)


# --- seals ---


@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
def test_both_messages_are_signed_as_a_whole(flavour: Flavour) -> None:
    asked = draft_logout_request(sp(), now=NOW, new_id=lambda: "_1", name_id=AMIRA)
    answered = draft_logout_response(idp(), now=NOW, new_id=lambda: "_2", in_response_to="_1")
    for message, key in ((asked, "sp"), (answered, "idp")):
        root = parse(seal(message, credential(key), flavour=flavour), "l.xml")
        assert signature_after_issuer(root)
        assert b"Signature" not in seal(message, None)
        assert b"Signature" not in seal(message, credential(key), sign="none")


def signature_after_issuer(root: Element) -> bool:
    return [str(each.tag).rpartition("}")[2] for each in root][:2] == ["Issuer", "Signature"]


def test_a_seal_that_does_not_fit_the_message_is_refused() -> None:
    asked = draft_logout_request(sp(), now=NOW, new_id=lambda: "_1", name_id=AMIRA)
    answered = draft_logout_response(idp(), now=NOW, new_id=lambda: "_2", in_response_to="_1")
    with pytest.raises(ConfigError, match="'assertion' does not fit LogoutRequest"):
        seal(asked, credential("sp"), sign="assertion")
    with pytest.raises(ConfigError, match="'both' does not fit LogoutResponse"):
        seal(answered, credential("idp"), sign="both")
