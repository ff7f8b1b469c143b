"""The relying party in the flavour of Salesforce: the pages of Setup, and what an org judges beside the message."""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from ssolab.cutover.model import User
from ssolab.salesforce.org import Org
from ssolab.salesforce.source import SamlSsoConfig
from ssolab.salesforce.switches import Switches
from ssolab.saml.metadata import IndexedEndpoint
from ssolab.saml.names import POST
from ssolab.web.app import rehomed
from ssolab.web.lab import Bases
from tests.web.parts import (
    AMIRA,
    BEN,
    IDP,
    NOW,
    ORG,
    Pair,
    asserting_party,
    config,
    credential,
    relying_party,
    salesforce_relying,
)
from tests.web.test_control import Controlled
from tests.web.test_login import carry, choose, fields_of

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from ssolab.web.journal import Entry

JIT = {
    "User.Username": ("amira@greenmoor.org",),
    "User.LastName": ("Haddad",),
    "User.ProfileId": ("Standard User",),
    "User.Email": ("amira@greenmoor.org",),
}
SSO_CONFIG = SamlSsoConfig(
    identity_location="SubjectNameId",
    identity_mapping="FederationId",
    issuer=IDP,
    name="Partner",
    salesforce_login_url=f"https://greenmoor.my.salesforce.com?so={ORG[:15]}&sc=0LE5f000000k9kG",
    saml_entity_id="https://greenmoor.my.salesforce.com",
    saml_version="SAML2_0",
    validation_cert="MIIC",
)


def org_pair(
    *,
    switches: Switches | None = None,
    sso: SamlSsoConfig | None = None,
    users: tuple[User, ...] = (AMIRA, BEN),
    **changes: object,
) -> Pair:
    org = Org(switches=switches or Switches(), configs={} if sso is None else {"Partner": sso})
    relying = replace(salesforce_relying(), **changes)  # type: ignore[arg-type]  # by name, as the dataclass has them
    return Pair(settings=replace(config(relying=relying), relying_org=org, users=users))


def last(pair: Pair) -> Entry:
    return pair.lab.journal.entries()[-1]


def unsolicited(pair: Pair, username: str = AMIRA.username) -> TestResponse:
    return choose(pair, pair.idp.get("/saml/start"), username)


def test_a_refusal_names_the_code_of_the_login_history_and_leads_to_the_validator() -> None:
    pair = org_pair(entity_id="https://other.example")
    page = carry(pair, unsolicited(pair))
    assert page.status_code == 403
    assert "Login history: LOGIN_SAML_INVALID_AUDIENCE, Failed: Audience Invalid." in page.text
    assert 'href="/saml/validator"' in page.text
    assert last(pair).login_status == "LOGIN_SAML_INVALID_AUDIENCE"


def test_a_generic_service_provider_has_no_login_history_and_no_pages_of_setup() -> None:
    pair = Pair(relying=replace(relying_party(), entity_id="https://other.example"))
    page = carry(pair, unsolicited(pair))
    assert last(pair).login_status is None
    assert "LOGIN_SAML" not in page.text
    for path in ("/saml/validator", "/saml/login-history", "/_nc_external/identity/saml/SamlError"):
        assert pair.sp.get(path).status_code == 404
    assert pair.sp.post("/saml/validator", data={"message": "x"}).status_code == 404
    assert pair.sp.post("/customer/login").status_code == 404


def test_the_page_on_which_a_user_ends_has_salesforces_words() -> None:
    # facts/salesforce.md 2.5
    page = org_pair().sp.get("/_nc_external/identity/saml/SamlError")
    assert (
        "We can't log you in. Check for an invalid assertion in the SAML Assertion Validator (available in Single "
        "Sign-On Settings) or check the login history for failed logins."
    ) in unescape(page.text)


def test_the_validator_begins_with_the_last_login_that_failed() -> None:
    pair = org_pair()
    assert "No login has failed yet." in pair.sp.get("/saml/validator").text
    foreign = replace(asserting_party(), credential=credential("foreign"))
    pair.lab.reconfigure(foreign, pair.lab.relying)
    carry(pair, unsolicited(pair))
    page = unescape(pair.sp.get("/saml/validator").text)
    for told in (
        "11. Validating the Signature",
        "Is the response signed? false",
        "Is the assertion signed? true",
        "The signature in the assertion is not valid",
        "Is the correct certificate supplied in the keyinfo? false",
        "No valid certificate specified in this response",
        "Failed: Signature Invalid/Configured Certificate Mismatch",
        "not confirmed",
    ):
        assert told in page
    assert re.findall(r"<h3>(\d+)\.", page) == [str(number) for number in range(1, 15)]


@pytest.mark.parametrize("form", ["xml", "base64", "deflated"])
def test_the_validator_takes_xml_base64_and_deflated_base64(form: str) -> None:
    pair = org_pair()
    packed = fields_of(unsolicited(pair))["SAMLResponse"]
    xml = base64.b64decode(packed)
    squeezed = zlib.compressobj(wbits=-15)
    pasted = {
        "xml": xml.decode(),
        "base64": packed,
        "deflated": base64.b64encode(squeezed.compress(xml) + squeezed.flush()).decode(),
    }
    page = pair.sp.post("/saml/validator", data={"message": pasted[form]})
    assert page.status_code == 200
    assert "Nothing in it refuses the login." in page.text
    assert "Is the correct certificate supplied in the keyinfo? true" in page.text
    # looking at a message neither uses it up nor logs anybody in
    assert [entry.event for entry in pair.lab.journal.entries()] == ["response-sent"]
    assert pair.sp.post("/saml/acs", data={"SAMLResponse": packed}).status_code == 200


@pytest.mark.parametrize("pasted", ["", "no message", "<a", "<a/>", "%%%", "PGE+", "<script>alert(1)</script>"])
def test_the_validator_says_in_one_line_why_it_cannot_read_what_was_pasted(pasted: str) -> None:
    page = org_pair().sp.post("/saml/validator", data={"message": pasted})
    assert page.status_code == 400
    assert "the pasted message" in page.text
    assert "<script>alert" not in page.text


def test_the_validator_takes_no_request() -> None:
    pair = org_pair()
    query = pair.sp.get("/saml/login").headers["Location"]
    page = pair.sp.post("/saml/validator", data={"message": query})
    assert page.status_code == 400
    assert "it is a request, not a Response" in page.text


def test_the_login_history_has_one_row_a_login() -> None:
    pair = org_pair()
    good = unsolicited(pair)
    carry(pair, good)
    carry(pair, good)
    carry(pair, unsolicited(pair), "/?so=00D000000000099")
    pair.sp.post("/saml/acs", data={"SAMLResponse": "%%%"})
    rows = re.findall(r"<tr>\s*<td.*?</tr>", pair.sp.get("/saml/login-history").text, re.DOTALL)
    assert [re.findall(r"LOGIN_SAML_\w+|accepted</span>", row) for row in rows] == [
        ["LOGIN_SAML_INVALID_FORMAT"],
        ["LOGIN_SAML_INVALID_ORG_ID"],
        ["LOGIN_SAML_REPLAY_ATTEMPTED"],
        ["accepted</span>"],
    ]
    assert "Failed: Replay Detected" in rows[2]
    assert AMIRA.username in rows[3]


def test_journal_and_played_login_tell_code_and_text_as_json() -> None:
    lab = Controlled(relying=replace(salesforce_relying(), entity_id="https://other.example"))
    result = lab.login(user=BEN.username, flow="saml-idp-initiated")["result"]
    assert isinstance(result, dict)
    entry = lab.control.get("/api/journal?verdict=refused").get_json()["entries"][0]
    for told in (result, entry):
        assert told["login_status"] == "LOGIN_SAML_INVALID_AUDIENCE"
        assert told["login_text"] == "Failed: Audience Invalid"


# ---- the address ----------------------------------------------------------------------------------------------------


def test_a_response_at_another_orgs_address_is_not_used_up_by_that() -> None:
    pair = org_pair()
    form = unsolicited(pair)
    assert carry(pair, form, "/?so=00D000000000099").status_code == 403
    assert "org-id-mismatch" in [found.code for found in last(pair).errors]
    assert carry(pair, form, f"/?so={ORG}").status_code == 200


def with_config(pair: Pair) -> Pair:
    """Bring the parties home, as starting the lab does."""
    here = Bases(asserting="http://127.0.0.1:8080", relying="http://127.0.0.1:8081")
    pair.lab.reconfigure(*rehomed(pair.lab.asserting, pair.lab.relying, here, pair.lab.play.relying_org))
    return pair


def test_the_configuration_of_the_source_is_in_the_address_and_in_the_metadata() -> None:
    pair = with_config(org_pair(sso=SSO_CONFIG))
    (acs,) = pair.lab.relying.acs
    assert acs.location == f"http://127.0.0.1:8081/?so={ORG[:15]}&sc=0LE5f000000k9kG"
    assert acs.location.replace("&", "&amp;") in pair.sp.get("/saml/metadata").text
    form = unsolicited(pair)
    assert carry(pair, form, f"/?so={ORG}&sc=0LE000000000001").status_code == 403
    assert (last(pair).login_status, last(pair).errors[0].code) == ("LOGIN_SAML_INVALID_CONFIG", "saml-config-unknown")
    assert carry(pair, form, f"/?so={ORG}&sc=0LE5f000000k9kG").status_code == 200


def test_a_site_wants_the_org_and_an_unknown_site_is_none() -> None:
    here = "https://greenmoor.my.site.com/customer/login?so=00D000000000062"
    site = IndexedEndpoint(binding=POST, location=here, index=1)
    pair = with_config(org_pair(acs=(*salesforce_relying().acs, site)))
    assert [(each.index, each.location) for each in pair.lab.relying.acs] == [
        (0, "http://127.0.0.1:8081/?so=00D000000000062"),
        (1, "http://127.0.0.1:8081/customer/login?so=00D000000000062"),
    ]
    form = unsolicited(pair)
    refused = {
        "/customer/login": "LOGIN_SAML_MISSING_ORG_ID",
        "/customer/login?so=00D000000000099": "LOGIN_SAML_INVALID_ORG_ID",
        f"/partner/login?so={ORG}": "LOGIN_SAML_INVALID_SITE_URL",
    }
    for path, code in refused.items():
        assert carry(pair, form, path).status_code == 403
        assert last(pair).login_status == code
    assert carry(pair, form, f"/customer/login?so={ORG}").status_code == 200


# ---- users ----------------------------------------------------------------------------------------------------------


def test_with_user_provisioning_an_assertion_has_to_say_whom_to_make() -> None:
    made = User(username=AMIRA.username, attributes=JIT)
    provisioning = replace(SSO_CONFIG, user_provisioning=True)
    pair = org_pair(sso=provisioning, users=(made, BEN))
    assert carry(pair, unsolicited(pair)).status_code == 200
    page = carry(pair, unsolicited(pair, BEN.username))
    assert page.status_code == 403
    assert last(pair).login_status == "LOGIN_SAML_PROVISION_ERROR"
    assert last(pair).principal is None
    assert [found.message for found in last(pair).errors] == [
        f"{name} is not in the assertion" for name in ("User.Username", "User.LastName", "User.ProfileId")
    ]
    assert "User.LastName is not in the assertion" in page.text


def test_at_a_site_provisioning_makes_a_portal_user_and_wants_a_contact_and_an_account() -> None:
    here = "https://greenmoor.my.site.com/customer/login?so=00D000000000062"
    acs = (*salesforce_relying().acs, IndexedEndpoint(binding=POST, location=here, index=1))
    made = User(username=AMIRA.username, attributes=JIT)
    pair = with_config(org_pair(sso=replace(SSO_CONFIG, user_provisioning=True), users=(made,), acs=acs))
    carry(pair, unsolicited(pair), f"/customer/login?so={ORG}")
    assert [found.message for found in last(pair).errors] == [
        f"{name} is not in the assertion"
        for name in ("Contact.Email", "Contact.LastName", "Account.Name", "Account.AccountNumber")
    ]


def test_without_user_provisioning_nobody_asks_for_those_attributes() -> None:
    pair = org_pair(sso=replace(SSO_CONFIG, user_provisioning=False))
    assert carry(pair, unsolicited(pair)).status_code == 200


@pytest.mark.parametrize(
    ("mapping", "location", "attributes", "status"),
    [
        ("Username", "SubjectNameId", {}, None),
        ("FederationId", "SubjectNameId", {}, "LOGIN_SAML_INVALID_USERNAME"),
        ("FederationId", "SubjectNameId", {"User.FederationIdentifier": (AMIRA.username,)}, None),
        ("FederationId", "Attribute", {"User.FederationIdentifier": ("g-1",), "emp": ("g-1",)}, None),
        ("FederationId", "Attribute", {"User.FederationIdentifier": ("g-1",)}, "LOGIN_SAML_INVALID_USERNAME"),
        ("UserId", "SubjectNameId", {}, "LOGIN_SAML_INVALID_USERNAME"),
    ],
)
def test_a_subject_that_is_no_user_is_told_so_where_the_lab_is_to_look(
    mapping: str, location: str, attributes: dict[str, tuple[str, ...]], status: str | None
) -> None:
    sso = replace(SSO_CONFIG, identity_mapping=mapping, identity_location=location, attribute_name="emp")
    user = User(username=AMIRA.username, attributes=attributes)
    pair = org_pair(sso=sso, users=(user,), switches=Switches(users=True))
    carry(pair, unsolicited(pair))
    assert last(pair).accepted is (status is None)
    assert last(pair).login_status == status
    if status:
        page = unescape(pair.sp.get("/saml/validator").text)
        assert "Unable to map the subject to a Salesforce user AssertionId: _" in page


# ---- switches -------------------------------------------------------------------------------------------------------


def test_an_org_that_does_not_read_destination_takes_any() -> None:
    pairs = [org_pair(switches=Switches(destination=checked)) for checked in (True, False)]
    for pair, accepted in zip(pairs, (False, True), strict=True):
        elsewhere = replace(pair.lab.asserting.acs[0], location="https://elsewhere.example")
        pair.lab.reconfigure(replace(pair.lab.asserting, acs=(elsewhere,)), pair.lab.relying)
        carry(pair, unsolicited(pair))
        codes = {found.code for found in last(pair).errors}
        assert ("destination-mismatch" not in codes) is accepted
        assert "recipient-mismatch" in codes  # which Salesforce says that it checks


def test_an_org_that_takes_no_unsolicited_response_refuses_one() -> None:
    pair = org_pair(switches=Switches(unsolicited=False))
    carry(pair, unsolicited(pair))
    assert last(pair).login_status == "LOGIN_SAML_INVALID_IN_RES_TO"
    query = urlsplit(pair.sp.get("/saml/login").headers["Location"]).query
    assert carry(pair, choose(pair, pair.idp.get("/saml/sso", query_string=query))).status_code == 200


def test_the_front_page_says_how_each_switch_stands_and_on_what_it_rests() -> None:
    pair = org_pair(switches=Switches(expiry=True), checks_expiry=True, skew=timedelta(seconds=180))
    page = unescape(pair.sp.get("/").text)
    assert "<dt>switch clock</dt>" in page
    assert "some remember 480000ms" in page
    assert '<dt>switch expiry</dt><dd class="mono">strict</dd>' in page
    assert "switch clock" not in Pair().sp.get("/").text


def test_an_expired_certificate_of_the_identity_provider_tells_both_outcomes() -> None:
    old = replace(asserting_party(), credential=credential("idp", days=2))
    trusted = (replace(relying_party().trusted[0], certificate=old.credential.certificate),)
    pair = org_pair(trusted=trusted, entity_id="https://other.example")
    pair.lab.reconfigure(old, pair.lab.relying)
    pair.lab.clock.set(NOW + timedelta(days=9))
    carry(pair, unsolicited(pair))
    assert "may work there or fail" in unescape(pair.sp.get("/saml/validator").text)
