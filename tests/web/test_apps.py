"""The asserting party in the flavour of Salesforce: its connected apps, and the shape of what it sends."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from ssolab.core.instants import parse_instant
from ssolab.core.xmlenc import DecryptionKey, decrypt
from ssolab.cutover.model import User
from ssolab.salesforce.apps import ConnectedApp, SamlAppConfig, app_record
from ssolab.salesforce.org import Org
from ssolab.saml.bindings import encode_redirect
from ssolab.saml.issue import draft_request, seal
from ssolab.saml.metadata import IndexedEndpoint, read_entity
from ssolab.saml.names import POST
from tests.web.parts import (
    AMIRA,
    IDP,
    NOW,
    SP,
    Pair,
    asserting_party,
    config,
    credential,
    relying_party,
    salesforce_asserting,
    trusted,
)
from tests.web.test_login import SAML, SAMLP, SIGNATURE, carry, choose, fields_of, response_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.core.certs import Certificate

HARVEST = "https://harvest.example/saml"
HARVEST_ACS = "https://harvest.example/saml/acs"
SETTINGS = SamlAppConfig(acs_url=HARVEST_ACS, entity_url=HARVEST, issuer=IDP, saml_subject_type="Username")
DS = "{http://www.w3.org/2000/09/xmldsig#}"
WEN = User(username="wen@greenmoor.org", attributes={"User.FederationIdentifier": ("g-4711",), "emp": ("88",)})


def app(**changes: Any) -> ConnectedApp:
    return ConnectedApp(contact_email="x@example.org", label="Harvest", saml_config=replace(SETTINGS, **changes))


def org_pair(apps: Mapping[str, ConnectedApp], certificates: Mapping[str, Certificate] | None = None) -> Pair:
    org = Org(apps=apps, certificates=certificates or {})
    return Pair(settings=replace(config(salesforce_asserting()), asserting_org=org, users=(AMIRA, WEN)))


def sent(pair: Pair, username: str = WEN.username, wanted: str = "Harvest") -> etree._Element:
    page = choose(pair, pair.idp.get(f"/idp/login?app={wanted}"), username)
    assert page.status_code == 200, page.text
    return response_in(page)


def name_in(response: etree._Element) -> tuple[str | None, str | None]:
    name = response.find(f".//{SAML}NameID")
    assert name is not None
    return name.text, name.get("Format")


# ---- the shape of facts/salesforce.md 2.4 ---------------------------------------------------------------------------


def test_the_response_of_an_org_has_the_shape_of_the_real_sample() -> None:
    response = sent(org_pair({"Harvest": app()}))
    assertion = response.find(f"{SAML}Assertion")
    assert assertion is not None
    for each, prefixes in ((response, "ds saml samlp xs xsi"), (assertion, "ds saml xs xsi")):
        issuer = each.find(f"{SAML}Issuer")
        assert issuer is not None
        assert issuer.get("Format") == "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
        assert re.fullmatch(r"_[0-9a-f]{32}1799053200000", each.get("ID") or "")  # the milliseconds of NOW
        signature = each.find(SIGNATURE)
        assert signature is not None
        listed = signature.find(".//{http://www.w3.org/2001/10/xml-exc-c14n#}InclusiveNamespaces")
        assert listed is not None
        assert listed.get("PrefixList") == prefixes
        assert signature.find(f".//{DS}X509Certificate") is not None
    conditions, data = (assertion.find(f".//{SAML}{name}") for name in ("Conditions", "SubjectConfirmationData"))
    assert conditions is not None
    assert data is not None
    begin, end, until = (
        parse_instant(str(each.get(name)))
        for each, name in ((conditions, "NotBefore"), (conditions, "NotOnOrAfter"), (data, "NotOnOrAfter"))
    )
    assert (begin - NOW, end - NOW, until - NOW) == (-timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=5))
    assert data.get("Recipient") == HARVEST_ACS
    context = assertion.find(f".//{SAML}AuthnContextClassRef")
    assert context is not None
    assert context.text == "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
    attributes = list(assertion.iter(f"{SAML}Attribute"))
    assert [each.get("Name") for each in attributes][:4] == ["userId", "username", "email", "is_portal_user"]
    for each in attributes:
        assert each.get("NameFormat") == "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"
        value = each.find(f"{SAML}AttributeValue")
        assert value is not None
        assert value.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "xs:anyType"
    assert name_in(response) == (WEN.username, "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")


# ---- settings of an app ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "shape"),
    [
        ("Username", r"wen@greenmoor\.org"),
        ("FederationId", "g-4711"),
        ("UserId", r"005\w{15}"),
        ("PersistentID", r"[0-9a-f]{64}"),
        ("CustomAttr", "88"),
    ],
)
def test_the_subject_type_says_whom_the_assertion_names(subject: str, shape: str) -> None:
    settings = {"saml_subject_type": subject, "saml_subject_custom_attr": "emp"}
    pair = org_pair({"Harvest": app(**settings), "Other": app(**settings, entity_url="https://other.example")})
    value, _ = name_in(sent(pair))
    assert re.fullmatch(shape, value or "")
    assert name_in(sent(pair))[0] == value
    if subject == "PersistentID":
        assert name_in(sent(pair, wanted="Other"))[0] != value


@pytest.mark.parametrize(
    ("said", "format_"),
    [
        (None, "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"),
        ("EmailAddress", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"),
        ("Persistent", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"),
        ("Transient", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"),
    ],
)
def test_the_name_id_format_is_the_apps(said: str | None, format_: str) -> None:
    pair = org_pair({"Harvest": app(saml_name_id_format=said)})
    first, second = name_in(sent(pair)), name_in(sent(pair))
    assert first[1] == format_
    assert (first == second) is (said != "Transient")


@pytest.mark.parametrize(
    ("said", "method"),
    [
        ("SHA1", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        ("SHA256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
        (None, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
    ],
)
def test_the_app_says_what_is_hashed_under_both_signatures(said: str | None, method: str) -> None:
    response = sent(org_pair({"Harvest": app(saml_signing_algo_type=said)}))
    assert [each.get("Algorithm") for each in response.iter(f"{DS}SignatureMethod")] == [method] * 2


@pytest.mark.parametrize("kind", ["FederationId", "CustomAttr"])
def test_a_user_who_has_not_got_what_the_app_wants_is_told_so(kind: str) -> None:
    pair = org_pair({"Harvest": app(saml_subject_type=kind, saml_subject_custom_attr="emp")})
    page = choose(pair, pair.idp.get("/idp/login?app=Harvest"), AMIRA.username)
    assert page.status_code == 400
    assert AMIRA.username in page.text
    assert "ssolab.toml" in page.text


@pytest.mark.parametrize(
    ("method", "cipher"), [("AES_128", "aes128-cbc"), ("AES_256", "aes256-cbc"), ("Triple_Des", "tripledes-cbc")]
)
def test_an_app_encrypts_for_the_certificate_of_the_org_that_it_names(method: str, cipher: str) -> None:
    apps = {"Harvest": app(encryption_type=method, encryption_certificate="Harvest_2027")}
    pair = org_pair(apps, {"Harvest_2027": credential("other").certificate})
    response = sent(pair)
    assert response.find(f"{SAML}Assertion") is None
    shell = response.find(f"{SAML}EncryptedAssertion")
    assert shell is not None
    assert WEN.username not in etree.tostring(response).decode()
    opened = decrypt(shell, (DecryptionKey.from_credential(credential("other")),), wanted=f"{SAML}Assertion")
    assert opened.element is not None
    assert opened.facts is not None
    assert opened.facts.content == cipher
    assert opened.element.find(f".//{SAML}NameID").text == WEN.username  # type: ignore[union-attr]  # it is there
    assert pair.idp.get("/idp/login?app=Nowhere").text.count(method) == 1


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"encryption_type": "AES_256", "encryption_certificate": "Gone"}, "certs/Gone.crt"),
        ({"encryption_type": "AES_256"}, "name it in encryptionCertificate"),
    ],
)
def test_an_app_without_a_certificate_to_encrypt_for_is_refused_rather_than_sent_in_the_clear(
    changes: dict[str, str], says: str
) -> None:
    page = org_pair({"Harvest": app(**changes)}).idp.get("/idp/login?app=Harvest")
    assert page.status_code == 400
    assert says in page.text


def test_the_link_s_service_provider_opens_what_its_app_encrypts() -> None:
    settings = config(
        replace(salesforce_asserting(), encryption_keys=(replace(trusted("sp", SP), use="encryption"),)),
        replace(relying_party(), decryption=(DecryptionKey.from_credential(credential("sp")),)),
    )
    org = Org(apps={"Greenmoor": app(entity_url=SP, encryption_type="AES_128", encryption_certificate="Theirs")})
    pair = Pair(settings=replace(settings, asserting_org=org, users=(AMIRA, WEN)))
    page = carry(pair, choose(pair, pair.idp.get("/idp/login?app=Greenmoor"), WEN.username))
    assert page.status_code == 200
    entry = pair.lab.journal.entries()[-1]
    assert entry.user == WEN.username
    assert [facts.content for facts in entry.decryption] == ["aes128-cbc"]
    assert "weak-encryption" in {found.code for found in entry.findings}


def test_what_the_lab_encrypts_for_the_link_is_not_for_the_service_provider_of_another_app() -> None:
    keys = (replace(trusted("sp", SP), use="encryption"),)
    settings = config(replace(salesforce_asserting(), encrypts=("assertion",), encryption_keys=keys))
    pair = Pair(settings=replace(settings, asserting_org=Org(apps={"Harvest": app()}), users=(AMIRA, WEN)))
    assert sent(pair).find(f"{SAML}Assertion") is not None


def test_the_app_of_the_links_service_provider_logs_in_there() -> None:
    pair = org_pair({"Greenmoor": app(entity_url=SP)})
    page = choose(pair, pair.idp.get("/idp/login?app=Greenmoor"), WEN.username)
    assert carry(pair, page).status_code == 200
    assert pair.lab.journal.entries()[-1].user == WEN.username


# ---- starting -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [15, 18])
def test_an_app_is_started_by_its_record_id_too(length: int) -> None:
    response = sent(org_pair({"Harvest": app()}), wanted=app_record("Harvest")[:length])
    assert response.get("Destination") == HARVEST_ACS


@pytest.mark.parametrize("wanted", ["Harvst", "0sp000000000001", "0sp", "%1b%5b2J", "Plain", "x" * 3000])
def test_an_unknown_app_is_one_page_that_lists_what_there_is(wanted: str) -> None:
    plain = ConnectedApp(contact_email="x@example.org", label="Plain")
    page = org_pair({"Harvest": app(), "Plain": plain}).idp.get(f"/idp/login?app={wanted}")
    assert page.status_code == 404
    assert 'href="/idp/login?app=Harvest"' in page.text
    assert app_record("Harvest") in page.text
    assert HARVEST in page.text
    assert "app=Plain" not in page.text


def test_without_project_files_a_name_is_unknown_and_a_record_id_stands_for_the_one_partner() -> None:
    pair = org_pair({})
    assert pair.idp.get("/idp/login?app=0sp000000000001").status_code == 200
    page = pair.idp.get("/idp/login?app=Harvest")
    assert page.status_code == 404
    assert "source" in page.text


def test_a_generic_identity_provider_has_no_apps() -> None:
    settings = replace(config(), asserting_org=Org(apps={"Harvest": app()}))
    pair = Pair(settings=settings)
    assert pair.idp.get("/idp/login?app=Harvest").status_code == 404
    assert pair.idp.get("/.well-known/samlidp/Harvest.xml").status_code == 404
    assert "Harvest" not in pair.idp.get("/").text


def test_each_app_has_metadata_of_its_own_with_its_issuer() -> None:
    pair = org_pair({"Harvest": app(issuer="https://issuer.example")})
    entity = read_entity(pair.idp.get("/.well-known/samlidp/Harvest.xml").data, "app")
    assert entity.entity_id == "https://issuer.example"
    assert read_entity(pair.idp.get("/.well-known/samlidp.xml").data, "org").entity_id == IDP
    front = pair.idp.get("/").text
    assert "path unconfirmed" in front
    assert 'href="/idp/login?app=Harvest"' in front
    assert pair.idp.get("/.well-known/samlidp/Nobody.xml").status_code == 404


# ---- requests -------------------------------------------------------------------------------------------------------


def asked(pair: Pair, *, key: str | None) -> Any:
    acs = (IndexedEndpoint(binding=POST, location=HARVEST_ACS, index=0, is_default=True),)
    party = replace(relying_party(), entity_id=HARVEST, acs=acs)
    made = draft_request(party, now=NOW, new_id=lambda: "_request")
    url = encode_redirect(
        seal(made, None),
        location=asserting_party().sso[0].location,
        relay_state=None,
        credential=credential(key) if key else None,
        hash="sha256",
    )
    return pair.idp.get("/idp/endpoint/HttpRedirect", query_string=url.partition("?")[2])


def test_a_request_of_an_app_is_answered_with_the_apps_settings() -> None:
    pair = org_pair({"Harvest": app(saml_signing_algo_type="SHA1", saml_subject_type="FederationId")})
    form = asked(pair, key=None)
    assert form.status_code == 200
    response = response_in(choose(pair, form, WEN.username))
    assert (response.get("InResponseTo"), response.get("Destination")) == ("_request", HARVEST_ACS)
    assert name_in(response)[0] == "g-4711"
    status = response.find(f".//{SAMLP}StatusCode")
    assert status is not None
    assert status.get("Value") == "urn:oasis:names:tc:SAML:2.0:status:Success"
    audience = response.find(f".//{SAML}Audience")
    assert audience is not None
    assert audience.text == HARVEST


@pytest.mark.parametrize(("key", "status"), [("sp", 200), ("foreign", 403), (None, 403)])
def test_an_app_with_a_certificate_has_its_requests_verified(key: str | None, status: int) -> None:
    pem = credential("sp").certificate.pem
    pair = org_pair({"Harvest": app(certificate=pem)})
    assert asked(pair, key=key).status_code == status


def test_a_certificate_of_an_app_that_cannot_be_read_is_one_clear_page() -> None:
    page = asked(org_pair({"Harvest": app(certificate="MIIC")}), key="sp")
    assert page.status_code == 400
    assert "app Harvest: certificate" in page.text


def test_whoever_declines_is_reported_to_the_app_that_asked() -> None:
    pair = org_pair({"Harvest": app()})
    form = pair.idp.get("/idp/login?app=Harvest")
    page = pair.idp.post("/login", data=fields_of(form) | {"decline": "yes"})
    assert f'action="{HARVEST_ACS}"' in page.text
