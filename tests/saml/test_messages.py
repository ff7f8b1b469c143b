from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from ssolab.core.findings import InputError
from ssolab.core.xmltree import parse, serialise
from ssolab.saml.messages import (
    Assertion,
    Attribute,
    AttributeValue,
    AuthnRequest,
    NameID,
    Response,
    Status,
    Subject,
    SubjectConfirmation,
)
from ssolab.saml.names import BEARER, REQUESTER, SUCCESS, XS
from tests.saml.strategies import assertions, patient, requests, responses

if TYPE_CHECKING:
    from collections.abc import Callable

SAML = 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
SAMLP = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
XMLNS = f'{SAML} {SAMLP} xmlns:xs="{XS}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
HEAD = 'ID="_1" Version="2.0" IssueInstant="2027-01-04T09:00:00.123Z"'
OK = '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
CODE, END = '<samlp:StatusCode Value="urn:u">', "</samlp:StatusCode>"
ISSUER = "<saml:Issuer>https://idp.example.org</saml:Issuer>"


def assertion(inside: str, issuer: str = ISSUER) -> Assertion:
    return Assertion.read(
        parse(f"<saml:Assertion {XMLNS} {HEAD}>{issuer}{inside}</saml:Assertion>".encode(), "a.xml"), "a.xml"
    )


def response(inside: str, attributes: str = HEAD) -> Response:
    return Response.read(
        parse(f"<samlp:Response {XMLNS} {attributes}>{inside}</samlp:Response>".encode(), "r.xml"), "r.xml"
    )


def request(inside: str = "", attributes: str = "") -> AuthnRequest:
    text = f"<samlp:AuthnRequest {XMLNS} {HEAD} {attributes}>{inside}</samlp:AuthnRequest>"
    return AuthnRequest.read(parse(text.encode(), "q.xml"), "q.xml")


def named(text: str) -> str | None:
    subject = assertion(f"<saml:Subject><saml:NameID>{text}</saml:NameID></saml:Subject>").subject
    assert subject is not None
    assert subject.name_id is not None
    return subject.name_id.value


@patient
@given(responses)
def test_a_response_that_is_written_and_read_is_the_same(draft: Response) -> None:
    assert Response.read(parse(serialise(draft.element()), "r")) == draft


@patient
@given(assertions)
def test_an_assertion_that_is_written_and_read_is_the_same(draft: Assertion) -> None:
    assert Assertion.read(parse(serialise(draft.element()), "a")) == draft


@patient
@given(requests)
def test_a_request_that_is_written_and_read_is_the_same(draft: AuthnRequest) -> None:
    assert AuthnRequest.read(parse(serialise(draft.element()), "q")) == draft


def test_all_parts_of_an_assertion_are_read() -> None:
    read = assertion("""
      <saml:Subject>
        <saml:NameID Format="urn:f" NameQualifier="nq" SPNameQualifier="sq" SPProvidedID="sp"> amira </saml:NameID>
        <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
          <saml:SubjectConfirmationData InResponseTo="_9" Recipient="https://sp/acs"
            NotOnOrAfter="2027-01-04T10:05:00+01:00"/>
        </saml:SubjectConfirmation>
      </saml:Subject>
      <saml:Conditions NotBefore="2027-01-04T08:59:30Z" NotOnOrAfter="2027-01-04T09:05:00.5Z">
        <saml:AudienceRestriction>
          <saml:Audience> https://a </saml:Audience><saml:Audience>https://b</saml:Audience>
        </saml:AudienceRestriction>
        <saml:AudienceRestriction><saml:Audience>https://b</saml:Audience></saml:AudienceRestriction>
        <saml:OneTimeUse/>
        <saml:ProxyRestriction Count="2"><saml:Audience>https://c</saml:Audience></saml:ProxyRestriction>
      </saml:Conditions>
      <saml:AuthnStatement AuthnInstant="2027-01-04T09:00:00Z" SessionIndex="_s">
        <saml:SubjectLocality Address="192.0.2.1" DNSName="laptop"/>
        <saml:AuthnContext><saml:AuthnContextClassRef>urn:class</saml:AuthnContextClassRef>
          <saml:AuthenticatingAuthority>https://up</saml:AuthenticatingAuthority></saml:AuthnContext>
      </saml:AuthnStatement>
      <saml:AttributeStatement>
        <saml:Attribute Name="mail" NameFormat="urn:nf" FriendlyName="Mail">
          <saml:AttributeValue xsi:type="xs:string">a@x</saml:AttributeValue>
          <saml:AttributeValue>b@x</saml:AttributeValue>
        </saml:Attribute>
      </saml:AttributeStatement>
      <saml:Advice/>""")
    assert read.subject is not None
    assert read.subject.name_id == NameID(" amira ", "urn:f", "nq", "sq", "sp")
    (confirmation,) = read.subject.confirmations
    assert confirmation.method == BEARER
    assert confirmation.data is not None
    assert confirmation.data.not_on_or_after == datetime(2027, 1, 4, 9, 5, tzinfo=UTC)
    assert confirmation.data.not_before is None
    assert (confirmation.data.recipient, confirmation.data.in_response_to) == ("https://sp/acs", "_9")
    assert read.conditions is not None
    assert read.conditions.audience_restrictions == (("https://a", "https://b"), ("https://b",))
    assert read.conditions.not_on_or_after == datetime(2027, 1, 4, 9, 5, 0, 500_000, tzinfo=UTC)
    assert read.conditions.one_time_use
    assert read.conditions.proxy_restriction is not None
    assert read.conditions.proxy_restriction.audiences == ("https://c",)
    (login,) = read.authn_statements
    assert (login.session_index, login.authn_context_class_ref, login.address) == ("_s", "urn:class", "192.0.2.1")
    assert login.authenticating_authorities == ("https://up",)
    (mail,) = read.attributes
    assert mail == Attribute(
        name="mail",
        name_format="urn:nf",
        friendly_name="Mail",
        values=(AttributeValue(text="a@x", type=f"{{{XS}}}string"), AttributeValue(text="b@x")),
    )
    assert mail.texts == ("a@x", "b@x")
    assert read.passed_over == ("{urn:oasis:names:tc:SAML:2.0:assertion}Advice",)


@pytest.mark.parametrize(
    ("condition", "name"),
    [
        ('<saml:Condition xmlns:d="urn:del" xsi:type="d:DelegationType"/>', "{urn:del}DelegationType"),
        ("<saml:Condition/>", "{urn:oasis:names:tc:SAML:2.0:assertion}Condition"),
        ('<x:Weekdays xmlns:x="urn:x"/>', "{urn:x}Weekdays"),
        ('<saml:Condition xsi:type="d:Unbound"/>', "d:Unbound"),
    ],
)  # fmt: skip
def test_a_condition_that_is_not_known_keeps_its_name(condition: str, name: str) -> None:
    read = assertion(f"<saml:Conditions>{condition}</saml:Conditions>")
    assert read.conditions is not None
    assert read.conditions.unknown == (name,)
    again = Assertion.read(parse(serialise(read.element()), "again"))
    assert again == read


def test_a_value_that_is_built_of_elements_is_kept_whole_and_has_no_text() -> None:
    nested = '<saml:NameID Format="urn:p">abc</saml:NameID>'
    read = assertion(
        f'<saml:AttributeStatement><saml:Attribute Name="eptid"><saml:AttributeValue>\n{nested}\n</saml:AttributeValue>'
        "</saml:Attribute></saml:AttributeStatement>"
    )
    (value,) = read.attributes[0].values
    assert value.text == ""
    assert value.xml == f'<saml:NameID {SAML} Format="urn:p">abc</saml:NameID>'.encode()


def test_status_codes_are_read_outermost_first() -> None:
    status = response(
        f'<samlp:Status><samlp:StatusCode Value="{REQUESTER}"><samlp:StatusCode Value="urn:inner"/></samlp:StatusCode>'
        "<samlp:StatusMessage>no such user</samlp:StatusMessage></samlp:Status>"
    ).status
    assert status == Status(codes=(REQUESTER, "urn:inner"), message="no such user")
    assert not status.success
    assert Status(codes=(SUCCESS, "urn:inner")).success


def test_an_encrypted_assertion_is_counted_and_not_read() -> None:
    read = response(f"{OK}<saml:EncryptedAssertion/><saml:EncryptedAssertion/>")
    assert (read.assertions, read.encrypted_assertions) == ((), 2)


def test_a_request_names_its_consumer_by_address_or_by_number() -> None:
    by_address = request(
        attributes='AssertionConsumerServiceURL="https://sp/acs?so=00D&amp;sc=0LE" ProtocolBinding="urn:b"'
    )
    assert by_address.assertion_consumer_service_url == "https://sp/acs?so=00D&sc=0LE"
    assert by_address.assertion_consumer_service_index is None
    by_number = request(attributes='AssertionConsumerServiceIndex="3" ForceAuthn="1" IsPassive=" false "')
    assert by_number.assertion_consumer_service_index == 3
    assert (by_number.force_authn, by_number.is_passive) == (True, False)
    padded = request(attributes=f'AssertionConsumerServiceIndex="{"0" * 5000}65535"')
    assert padded.assertion_consumer_service_index == 65535


def test_name_id_policy_and_requested_context_are_read() -> None:
    read = request(
        '<samlp:NameIDPolicy Format="urn:f" AllowCreate="true"/><samlp:RequestedAuthnContext Comparison="minimum">'
        "<saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef></samlp:RequestedAuthnContext><samlp:Scoping/>"
    )
    assert read.name_id_policy is not None
    assert (read.name_id_policy.format, read.name_id_policy.allow_create) == ("urn:f", True)
    assert read.requested_authn_context is not None
    assert read.requested_authn_context.class_refs == ("urn:a",)
    assert read.passed_over == ("{urn:oasis:names:tc:SAML:2.0:protocol}Scoping",)


def test_an_id_of_three_hundred_characters_stays_whole() -> None:
    long = "_2CAAAA" + "x" * 289
    assert AuthnRequest.read(request().element()).id == "_1"
    text = f'<samlp:AuthnRequest {XMLNS} ID="{long}" Version="2.0" IssueInstant="2027-01-04T09:00:00Z"/>'
    assert AuthnRequest.read(parse(text.encode(), "q")).id == long


@pytest.mark.parametrize("text", ["amira@x<!-- -->.evil.org", "amira@x<?pi?>.evil.org", "amira@x<b/>.evil.org"])
def test_a_name_that_something_splits_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="NameID"):
        named(text)


def test_a_name_in_cdata_or_character_references_is_read_whole() -> None:
    assert named("<![CDATA[amira@x]]>.evil.org") == "amira@x.evil.org"
    assert named("amira&#64;x &amp; co") == "amira@x & co"


@pytest.mark.parametrize("text", ["admin<!---->istrator", "admin<?x?>istrator"])
def test_an_attribute_value_that_something_splits_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="AttributeValue"):
        assertion(
            f'<saml:AttributeStatement><saml:Attribute Name="r"><saml:AttributeValue>{text}</saml:AttributeValue>'
            "</saml:Attribute></saml:AttributeStatement>"
        )


def test_comments_between_elements_change_nothing() -> None:
    assert response(f"<!-- a -->{OK}<?x?>") == response(OK)


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (lambda: assertion("", issuer=""), "Assertion has no saml:Issuer"),
        (lambda: assertion(ISSUER), "Assertion has 2 saml:Issuer, not one"),
        (lambda: assertion('<saml:Conditions NotOnOrAfter="T16=7:00"/>'), "NotOnOrAfter of saml:Conditions"),
        (lambda: assertion('<saml:Conditions NotBefore="2027-01-04T09:00:00"/>'), "no time zone"),
        (lambda: assertion('<saml:Conditions NotBefore=""/>'), "NotBefore"),
        (lambda: assertion('<saml:Conditions NotBefore="2027-02-30T09:00:00Z"/>'), "2027-02-30"),
        (lambda: assertion("<saml:Conditions/><saml:Conditions/>"), "2 saml:Conditions"),
        (lambda: assertion("<saml:Subject><saml:SubjectConfirmation/></saml:Subject>"), "no Method"),
        (lambda: assertion("<saml:Subject><saml:NameID/><saml:NameID/></saml:Subject>"), "2 saml:NameID"),
        (lambda: assertion("<saml:AuthnStatement/>"), "saml:AuthnContext"),
        (lambda: assertion("<saml:AuthnStatement><saml:AuthnContext/></saml:AuthnStatement>"), "no AuthnInstant"),
        (lambda: assertion("<saml:AttributeStatement><saml:Attribute/></saml:AttributeStatement>"), "no Name"),
        (lambda: response(""), "no samlp:Status"),
        (lambda: response("<samlp:Status/>"), "no samlp:StatusCode"),
        (lambda: response("<samlp:Status><samlp:StatusCode/></samlp:Status>"), "no Value"),
        (lambda: response(f"<samlp:Status>{CODE * 9}{END * 9}</samlp:Status>"), "nested"),
        (lambda: response(OK, 'Version="2.0" IssueInstant="2027-01-04T09:00:00Z"'), "no ID"),
        (lambda: response(OK, 'ID="" Version="2.0" IssueInstant="2027-01-04T09:00:00Z"'), "no ID"),
        (lambda: response(OK, 'ID="_1" IssueInstant="2027-01-04T09:00:00Z"'), "no Version"),
        (lambda: response(OK, 'ID="_1" Version="2.0"'), "no IssueInstant"),
        (lambda: response(OK, 'ID="_1" Version="2.0" IssueInstant="yesterday"'), "yesterday"),
        (lambda: request(attributes='ForceAuthn="yes"'), "ForceAuthn of samlp:AuthnRequest is 'yes'"),
        (lambda: request(attributes='AssertionConsumerServiceIndex="65536"'), "65536"),
        (lambda: request(attributes='AssertionConsumerServiceIndex="0000065536"'), "65536"),
        (lambda: request(attributes='AssertionConsumerServiceIndex="-1"'), "-1"),
        (lambda: request(attributes='AssertionConsumerServiceIndex="٣"'), "AssertionConsumerServiceIndex"),
        (lambda: request(attributes=f'AssertionConsumerServiceIndex="{"9" * 9999}"'), "AssertionConsumerServiceIndex"),
        (lambda: Response.read(request().element(), "q.xml"), "samlp:AuthnRequest stands where samlp:Response"),
        (lambda: Assertion.read(response(OK).element(), "r.xml"), "samlp:Response stands where saml:Assertion"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(read: Callable[[], object], says: str) -> None:
    with pytest.raises(InputError) as caught:
        read()
    assert says in caught.value.problem
    assert "/saml" in caught.value.problem
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert caught.value.name in {"a.xml", "r.xml", "q.xml"}


@pytest.mark.parametrize("value", ["a\x00b", "a\x1bb", "\ud800", "\uffff"])
def test_a_value_that_xml_cannot_carry_is_refused_when_it_is_written(value: str) -> None:
    with pytest.raises(InputError, match="XML cannot carry"):
        Response(id="_1", issue_instant=datetime(2027, 1, 4, tzinfo=UTC), status=Status(message=value)).element()


def test_markup_in_a_value_stays_text() -> None:
    hostile = '</saml:NameID><saml:NameID>admin & "co"'
    draft = assertion("")
    confirmed = SubjectConfirmation(name_id=NameID(hostile, format='"><x'))
    written = replace(draft, subject=Subject(name_id=NameID(hostile), confirmations=(confirmed,)))
    assert Assertion.read(parse(serialise(written.element()), "a")) == written
