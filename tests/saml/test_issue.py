from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssolab.core.findings import ConfigError, InputError
from ssolab.core.xmldsig import verify
from ssolab.core.xmltree import DS, EC, SAML, SAMLP, child, parse
from ssolab.saml.asking import Asking
from ssolab.saml.issue import draft_refusal, draft_request, draft_response, seal
from ssolab.saml.messages import (
    Assertion,
    Attribute,
    AttributeValue,
    AuthnRequest,
    NameID,
    NameIDPolicy,
    RequestedAuthnContext,
    Response,
    Subject,
)
from ssolab.saml.metadata import Endpoint, IndexedEndpoint
from ssolab.saml.names import (
    ATTRIBUTE_UNSPECIFIED,
    ATTRIBUTE_URI,
    BEARER,
    ENTITY,
    POST,
    REQUESTER,
    UNSPECIFIED,
)
from ssolab.saml.statements import ANY, STRING
from tests.saml.samples import ACS, IDP, NOW, REQUEST, SP, SSO, asserting, certificate, credential, relying, trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.xmltree import Element
    from ssolab.saml.issue import Seal
    from ssolab.saml.publishing import Flavour

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
LATER = NOW + timedelta(microseconds=123_999)


def ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"_{next(numbers)}"


def drafted(flavour: Flavour = "generic", **attributes: str) -> Response:
    party = asserting(flavour=flavour)
    return draft_response(
        party, now=LATER, new_id=ids(), name_id="amira@greenmoor.org", attributes=attributes, in_response_to=REQUEST
    )


def signature_of(element: Element) -> Element | None:
    return child(element, DS, "Signature")


def trusting(element: Element, key: str = "idp") -> Element | None:
    result = verify(element, (trust(key),))
    return result.signed.element if result.signed else None


def test_a_salesforce_request_has_the_attributes_and_the_one_child_of_the_real_ones() -> None:
    # facts/salesforce.md 2.3
    party = relying(flavour="salesforce", sso=(Endpoint(POST, SSO),), binding=POST)
    draft = draft_request(party, now=LATER, new_id=lambda: REQUEST)
    root = parse(seal(draft, party.credential, flavour="salesforce"), "request")
    assert dict(root.items()) == {
        "AssertionConsumerServiceURL": ACS,
        "Destination": SSO,
        "ID": REQUEST,
        "IssueInstant": "2027-01-04T09:00:00.123Z",
        "ProtocolBinding": POST,
        "Version": "2.0",
    }
    assert [each.tag for each in root] == [f"{{{SAML}}}Issuer", f"{{{DS}}}Signature"]
    assert root[0].text == SP
    assert root[0].items() == []
    algorithms = [each.get("Algorithm") for each in root.iter() if each.get("Algorithm")]
    assert algorithms == [
        EC,
        RSA_SHA256,
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        EC,
        "http://www.w3.org/2001/04/xmlenc#sha256",
    ]
    assert [each.get("PrefixList") for each in root.iter(f"{{{EC}}}InclusiveNamespaces")] == ["ds saml samlp"]
    (held,) = root.iter(f"{{{DS}}}X509Certificate")
    assert "".join((held.text or "").split()) == certificate("sp").base64
    assert trusting(root, "sp") is not None


def test_a_request_may_name_its_consumer_by_number() -> None:
    consumer = IndexedEndpoint(binding=POST, location="https://sp/7", index=7)
    draft = draft_request(relying(), Asking(acs=7), now=NOW, new_id=ids())
    assert (draft.assertion_consumer_service_index, draft.assertion_consumer_service_url) == (7, None)
    assert draft.protocol_binding is None
    draft = draft_request(relying(), Asking(acs=consumer), now=NOW, new_id=ids())
    assert (draft.assertion_consumer_service_index, draft.assertion_consumer_service_url) == (None, "https://sp/7")
    assert draft.protocol_binding == POST


@pytest.mark.parametrize("acs", [None, 7])
def test_a_request_may_leave_its_consumer_to_the_identity_provider(acs: int | None) -> None:
    draft = draft_request(relying(), Asking(acs=acs, names_acs=False), now=NOW, new_id=ids())
    assert (draft.assertion_consumer_service_index, draft.assertion_consumer_service_url) == (None, None)
    assert draft.protocol_binding is None


def test_a_request_may_ask_for_more_and_what_it_asks_for_can_be_read_off_it() -> None:
    asking = Asking(
        subject=NameID("amira", UNSPECIFIED),
        name_id_policy=NameIDPolicy(format=UNSPECIFIED, sp_name_qualifier="https://all.example", allow_create=False),
        requested_authn_context=RequestedAuthnContext(class_refs=("urn:a", "urn:b"), comparison="better"),
        force_authn=True,
        is_passive=False,
        provider_name="Greenmoor",
        attribute_consuming_service_index=3,
    )
    draft = draft_request(relying(), asking, now=NOW, new_id=ids())
    again = AuthnRequest.read(parse(seal(draft, None), "request"))
    assert again == draft
    assert again.subject == Subject(name_id=asking.subject)
    assert again.name_id_policy == asking.name_id_policy
    assert again.requested_authn_context == asking.requested_authn_context
    assert (again.force_authn, again.is_passive) == (True, False)
    assert (again.provider_name, again.attribute_consuming_service_index) == ("Greenmoor", 3)
    assert Asking.of(again) == replace(asking, provider_name=None, attribute_consuming_service_index=None, at=NOW)


def test_an_attribute_is_stated_with_the_name_format_and_type_that_it_has() -> None:
    mail = Attribute(
        name="urn:oid:0.9.2342.19200300.100.1.3",
        name_format=ATTRIBUTE_URI,
        friendly_name="mail",
        values=(AttributeValue(text="a@b.example", type=ANY), AttributeValue(text="c@b.example")),
    )
    draft = draft_response(
        asserting(), now=NOW, new_id=ids(), name_id="a", attributes={mail.name: mail, "plain": "text"}
    )
    (first, second) = draft.assertions[0].attributes
    assert first == mail
    assert (second.name_format, second.values) == (ATTRIBUTE_UNSPECIFIED, (AttributeValue(text="text", type=STRING),))


def test_a_response_holds_from_half_a_minute_before_to_five_minutes_after() -> None:
    # the lifetimes of a real Salesforce response: facts/salesforce.md 2.4
    draft = drafted()
    (assertion,) = draft.assertions
    issued = datetime(2027, 1, 4, 9, 0, 0, 123_000, tzinfo=UTC)
    assert draft.issue_instant == assertion.issue_instant == issued
    assert assertion.conditions is not None
    assert assertion.conditions.not_before == issued - timedelta(seconds=30)
    assert assertion.conditions.not_on_or_after == issued + timedelta(minutes=5)
    assert assertion.conditions.audience_restrictions == ((SP,),)
    assert assertion.subject is not None
    (confirmation,) = assertion.subject.confirmations
    assert confirmation.method == BEARER
    assert confirmation.data is not None
    assert confirmation.data.not_on_or_after == issued + timedelta(minutes=5)
    assert confirmation.data.not_before is None  # forbidden for bearer: SAML2Prof 4.1.4.2
    assert confirmation.data.recipient == draft.destination == ACS
    assert confirmation.data.in_response_to == draft.in_response_to == REQUEST


def test_the_life_of_a_response_is_the_partys_or_the_callers() -> None:
    def end(life: timedelta | None) -> datetime | None:
        party = asserting(message_life=timedelta(minutes=9))
        conditions = draft_response(party, now=NOW, new_id=ids(), name_id="a", life=life).assertions[0].conditions
        assert conditions is not None
        return conditions.not_on_or_after

    assert end(None) == NOW + timedelta(minutes=9)
    assert end(timedelta(hours=1)) == NOW + timedelta(hours=1)


def test_an_unsolicited_response_answers_nothing() -> None:
    draft = draft_response(asserting(), now=NOW, new_id=ids(), name_id=NameID("a", "urn:f"))
    assert b"InResponseTo" not in seal(draft, None)
    assert draft.assertions[0].subject is not None
    assert draft.assertions[0].subject.name_id == NameID("a", "urn:f")
    assert draft.assertions[0].attribute_statements == ()


def test_ids_are_asked_for_in_a_known_order() -> None:
    draft = drafted()
    assert (draft.id, draft.assertions[0].id, draft.assertions[0].authn_statements[0].session_index) == (
        "_1",
        "_2",
        "_3",
    )


def test_the_salesforce_flavour_speaks_as_salesforce_does() -> None:
    # facts/salesforce.md 2.4
    root = parse(seal(drafted("salesforce", userId="005"), credential("idp"), sign="both", flavour="salesforce"), "r")
    issuer = child(root, SAML, "Issuer")
    assert issuer is not None
    assert issuer.get("Format") == ENTITY
    (value,) = root.iter(f"{{{SAML}}}AttributeValue")
    assert value.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "xs:anyType"
    lists = [each.get("PrefixList") for each in root.iter(f"{{{EC}}}InclusiveNamespaces")]
    assert lists == ["ds saml samlp xs xsi", "ds saml xs xsi"]
    (reference,) = root.iter(f"{{{SAML}}}AuthnContextClassRef")
    assert reference.text == "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"


@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
@pytest.mark.parametrize(
    ("sign", "outer", "inner"),
    [("assertion", False, True), ("response", True, False), ("both", True, True), ("none", False, False)],
)
def test_what_is_signed_is_what_was_asked_for(sign: Seal, outer: bool, inner: bool, flavour: Flavour) -> None:  # noqa: FBT001  a table of truth
    draft = drafted(flavour, mail="amira@greenmoor.org")
    root = parse(seal(draft, credential("idp"), sign=sign, flavour=flavour), "response")
    assertion = child(root, SAML, "Assertion")
    assert assertion is not None
    assert (signature_of(root) is not None, signature_of(assertion) is not None) == (outer, inner)
    if outer:
        signed = trusting(root)
        assert signed is not None
        assert Response.read(signed) == draft
    if inner:
        signed = trusting(assertion)
        assert signed is not None
        assert Assertion.read(signed) == draft.assertions[0]


def test_types_of_values_survive_the_canonical_form() -> None:
    # xs: stands only inside a value, so without its PrefixList exclusive canonicalisation would drop the declaration
    root = parse(seal(drafted(mail="a@x"), credential("idp")), "response")
    signed = trusting(root[-1])
    assert signed is not None
    assert Assertion.read(signed).attributes[0].values[0].type == "{http://www.w3.org/2001/XMLSchema}string"


def test_signatures_stand_where_the_schema_wants_them() -> None:
    root = parse(seal(drafted(), credential("idp"), sign="both"), "response")
    assert [each.tag for each in root][:3] == [f"{{{SAML}}}Issuer", f"{{{DS}}}Signature", f"{{{SAMLP}}}Status"]
    assert [each.tag for each in root[-1]][:3] == [f"{{{SAML}}}Issuer", f"{{{DS}}}Signature", f"{{{SAML}}}Subject"]


def test_the_same_draft_gives_the_same_bytes() -> None:
    assert seal(drafted(), credential("idp"), sign="both") == seal(drafted(), credential("idp"), sign="both")


def test_without_a_credential_nothing_is_signed() -> None:
    assert b"Signature" not in seal(drafted(), None)
    assert b"Signature" not in seal(draft_request(relying(), now=NOW, new_id=ids()), None)


def test_hashes_may_differ_and_key_info_may_stay_out() -> None:
    written = seal(drafted(), credential("idp"), hash="sha512", digest_hash="sha1", key_info=False)
    assert b"xmldsig-more#rsa-sha512" in written
    assert b"http://www.w3.org/2000/09/xmldsig#sha1" in written
    assert b"KeyInfo" not in written


def test_a_refusal_says_why_and_asserts_nothing() -> None:
    draft = draft_refusal(
        asserting(), now=NOW, new_id=ids(), codes=(REQUESTER, "urn:inner"), message="no", in_response_to="_9"
    )
    again = Response.read(parse(seal(draft, credential("idp"), sign="response"), "r"))
    assert again == draft
    assert (again.status.success, again.assertions, again.issuer) == (False, (), NameID(IDP))


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_a_request_is_signed_as_a_whole_or_not_at_all(sign: Seal) -> None:
    with pytest.raises(ConfigError, match="does not fit AuthnRequest"):
        seal(draft_request(relying(), now=NOW, new_id=ids()), credential("sp"), sign=sign)


def test_a_response_is_not_signed_as_a_request() -> None:
    with pytest.raises(ConfigError, match="does not fit Response"):
        seal(drafted(), credential("idp"), sign="request")


def test_to_sign_takes_a_key() -> None:
    with pytest.raises(ConfigError, match="needs a key"):
        seal(drafted(), None, sign="both")


def test_a_name_that_xml_cannot_carry_is_refused() -> None:
    with pytest.raises(InputError, match="XML cannot carry"):
        seal(draft_response(asserting(), now=NOW, new_id=ids(), name_id="amira\x00"), None)


def test_a_draft_may_be_changed_before_it_is_sealed() -> None:
    draft = replace(drafted(), assertions=(replace(drafted().assertions[0], issuer=NameID("https://evil")),))
    root = parse(seal(draft, credential("idp")), "r")
    signed = trusting(root[-1])
    assert signed is not None
    assert Assertion.read(signed).issuer.value == "https://evil"


def test_a_request_that_is_sealed_and_read_is_the_draft() -> None:
    draft = draft_request(relying(), now=LATER, new_id=ids())
    assert AuthnRequest.read(parse(seal(draft, credential("sp")), "q")) == draft


FIRST_SIGNATURE = """
from itertools import count
from ssolab.core.xmldsig import verify
from ssolab.core.xmltree import parse
from ssolab.saml.issue import draft_response, seal
from tests.saml.samples import NOW, asserting, credential, trust

numbers = count()
draft = draft_response(asserting(), now=NOW, new_id=lambda: f"_{next(numbers)}", name_id="a", attributes={"m": ["x"]})
signed = verify(parse(seal(draft, credential("idp")), "r")[-1], (trust("idp"),)).signed
raise SystemExit(0 if signed else 1)
"""


def test_the_first_signature_of_a_process_verifies() -> None:
    # lxml leaves a prefix out of a PrefixList until some parser of the process has met it
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", FIRST_SIGNATURE], cwd=root, check=False).returncode == 0
