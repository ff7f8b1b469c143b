"""What we write, held against the XML schemas of the standard, which python3-saml brings along."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import onelogin.saml2
import pytest
from lxml import etree

from ssolab.core.keys import PublicKey, spki_of
from ssolab.core.xmltree import parse
from ssolab.saml.issue import draft_refusal, draft_request, draft_response, seal
from ssolab.saml.messages import (
    AttributeValue,
    AuthnRequest,
    Conditions,
    NameID,
    NameIDPolicy,
    ProxyRestriction,
    RequestedAuthnContext,
    Response,
    Subject,
    SubjectConfirmation,
)
from ssolab.saml.metadata import Endpoint, KeyDescriptor, write_entity
from ssolab.saml.names import PERSISTENT, POST, REDIRECT, REQUESTER
from tests.keys import ec_test_key
from tests.saml.samples import NOW, REQUEST, asserting, certificate, credential, relying

if TYPE_CHECKING:
    from ssolab.saml.publishing import Flavour

SCHEMAS = Path(onelogin.saml2.__file__).parent / "schemas"


numbers = count()


def new_id() -> str:
    return f"_{next(numbers)}"


def complaints(data: bytes, schema: str) -> str:
    """What the schema says against a document."""
    judge = etree.XMLSchema(etree.parse(str(SCHEMAS / schema)))
    return "" if judge.validate(parse(data, "written")) else str(judge.error_log)


def full_response(flavour: Flavour) -> Response:
    """A Response in which every part that we can write stands once."""
    draft = draft_response(
        asserting(flavour=flavour),
        now=NOW,
        new_id=new_id,
        name_id=NameID("a", PERSISTENT, "nq", "sq", "sp"),
        attributes={"mail": ["a@x", "b@x"]},
        in_response_to=REQUEST,
    )
    (assertion,) = draft.assertions
    assert assertion.subject is not None
    (statement,) = assertion.attribute_statements
    more = (AttributeValue(nil=True), AttributeValue(xml=b"<x></x>"))
    (mail,) = statement.attributes
    login = replace(
        assertion.authn_statements[0],
        session_not_on_or_after=NOW + timedelta(hours=8),
        authn_context_decl_ref="urn:decl",
        authenticating_authorities=("urn:up",),
        address="192.0.2.1",
        dns_name="laptop",
    )
    full = replace(
        assertion,
        subject=replace(
            assertion.subject,
            confirmations=(*assertion.subject.confirmations, SubjectConfirmation(name_id=NameID("b"))),
        ),
        conditions=Conditions(
            not_before=NOW,
            audience_restrictions=(("https://sp", "https://other"), ("https://sp",)),
            one_time_use=True,
            proxy_restriction=ProxyRestriction(count=0, audiences=("https://sp",)),
        ),
        authn_statements=(login,),
        attribute_statements=(replace(statement, attributes=(replace(mail, values=mail.values + more),)),),
    )
    return replace(draft, assertions=(full,), consent="urn:oasis:names:tc:SAML:2.0:consent:obtained")


@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
@pytest.mark.parametrize("sign", ["none", "assertion", "response", "both"])
def test_responses_are_valid(flavour: Flavour, sign: str) -> None:
    data = seal(full_response(flavour), credential("idp"), sign=sign, flavour=flavour)  # type: ignore[arg-type]  # a parameter is text
    assert complaints(data, "saml-schema-protocol-2.0.xsd") == ""


def test_refusals_are_valid() -> None:
    draft = draft_refusal(asserting(), now=NOW, new_id=new_id, codes=(REQUESTER, "urn:inner"), message="no")
    assert complaints(seal(draft, None), "saml-schema-protocol-2.0.xsd") == ""


@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
def test_requests_are_valid(flavour: Flavour) -> None:
    plain = draft_request(relying(flavour=flavour), now=NOW, new_id=lambda: REQUEST)
    full: AuthnRequest = replace(
        plain,
        consent="urn:x",
        attribute_consuming_service_index=1,
        provider_name="lab",
        force_authn=True,
        is_passive=False,
        subject=Subject(name_id=NameID("amira", PERSISTENT)),
        name_id_policy=NameIDPolicy(format=PERSISTENT, sp_name_qualifier="sq", allow_create=True),
        requested_authn_context=RequestedAuthnContext(class_refs=("urn:a", "urn:b"), comparison="minimum"),
    )
    for draft in (plain, full):
        data = seal(draft, credential("sp"), flavour=flavour)
        assert complaints(data, "saml-schema-protocol-2.0.xsd") == ""


@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
def test_metadata_is_valid(flavour: Flavour) -> None:
    logout = (Endpoint(REDIRECT, "https://x/slo", "https://x/slo/done"),)
    published = (certificate("old"), certificate("new"))
    elliptic = KeyDescriptor(key_value=PublicKey(spki_of(ec_test_key("p256"))), key_names=("k",))
    for party in (
        asserting(flavour=flavour, single_logout=logout, published=published),
        relying(flavour=flavour, single_logout=logout, published=published, acs=asserting().acs),
    ):
        entity = replace(party.metadata(NOW), cache_duration=timedelta(hours=4), id="_1")
        assert complaints(write_entity(entity), "saml-schema-metadata-2.0.xsd") == ""
        role = entity.idp
        if role is not None:
            role = replace(role, key_descriptors=(*role.key_descriptors, elliptic), valid_until=NOW)
            assert complaints(write_entity(replace(entity, idp=role)), "saml-schema-metadata-2.0.xsd") == ""


def test_the_schemas_do_complain() -> None:
    draft = draft_request(relying(), now=NOW, new_id=lambda: "1 is no NCName")
    assert complaints(seal(draft, None), "saml-schema-protocol-2.0.xsd")
    assert complaints(seal(full_response("generic"), None).replace(POST.encode(), b""), "saml-schema-metadata-2.0.xsd")
