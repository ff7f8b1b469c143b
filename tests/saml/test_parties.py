from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ssolab.core.findings import ConfigError
from ssolab.saml.metadata import Endpoint, EntityDescriptor, IndexedEndpoint, read_entity
from ssolab.saml.names import EMAIL, POST, REDIRECT, TRANSIENT
from ssolab.saml.pairing import asserting_from, relying_from
from ssolab.saml.parties import AssertingParty, RelyingParty
from ssolab.saml.publishing import ten_years_after
from tests.saml.samples import ACS, IDP, NOW, SP, SSO, asserting, certificate, credential, relying

XMLNS = 'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
PROTOCOL = 'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"'
MOMENT = datetime(2013, 8, 6, 19, 10, 9, 985_499, tzinfo=UTC)


def test_a_salesforce_service_provider_publishes_what_its_download_holds() -> None:
    # facts/salesforce.md 2.1
    party = relying(flavour="salesforce", sign_requests=False)
    assert (
        party.document(MOMENT).decode()
        == f"""\
<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor {XMLNS} entityID="{SP}" validUntil="2023-08-06T19:10:09.985Z">
   <md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" {PROTOCOL}>
      <md:KeyDescriptor use="signing">
         <ds:KeyInfo>
            <ds:X509Data>
               <ds:X509Certificate>{certificate("sp").base64}</ds:X509Certificate>
            </ds:X509Data>
         </ds:KeyInfo>
      </md:KeyDescriptor>
      <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>
      <md:AssertionConsumerService Binding="{POST}" Location="{ACS}" index="0" isDefault="true"/>
   </md:SPSSODescriptor>
</md:EntityDescriptor>
"""
    )


def test_a_salesforce_identity_provider_publishes_what_samlidp_xml_holds() -> None:
    # facts/salesforce.md 2.4
    base = "https://greenmoor.my.salesforce.com"
    party = asserting(
        flavour="salesforce",
        entity_id=base,
        sso=(Endpoint(POST, f"{base}/idp/endpoint/HttpPost"), Endpoint(REDIRECT, f"{base}/idp/endpoint/HttpRedirect")),
    )
    assert (
        party.document(MOMENT).decode()
        == f"""\
<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor {XMLNS} entityID="{base}" validUntil="2023-08-06T19:10:09.985Z">
   <md:IDPSSODescriptor WantAuthnRequestsSigned="false" {PROTOCOL}>
      <md:KeyDescriptor use="signing">
         <ds:KeyInfo>
            <ds:X509Data>
               <ds:X509Certificate>{certificate("idp").base64}</ds:X509Certificate>
            </ds:X509Data>
         </ds:KeyInfo>
      </md:KeyDescriptor>
      <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>
      <md:SingleSignOnService Binding="{POST}" Location="{base}/idp/endpoint/HttpPost"/>
      <md:SingleSignOnService Binding="{REDIRECT}" Location="{base}/idp/endpoint/HttpRedirect"/>
   </md:IDPSSODescriptor>
</md:EntityDescriptor>
"""
    )


def test_generic_metadata_says_what_is_set_and_has_no_end() -> None:
    role = relying(sign_requests=False).metadata(NOW).sp
    assert role is not None
    assert role.authn_requests_signed is False
    entity = asserting(verifies=True).metadata(NOW)
    assert entity.idp is not None
    assert entity.idp.want_authn_requests_signed is True
    assert entity.valid_until is None


def test_published_metadata_is_read_back_as_it_was_meant() -> None:
    for party in (asserting(), relying(), asserting(flavour="salesforce"), relying(flavour="salesforce")):
        assert read_entity(party.document(NOW), "published") == party.metadata(NOW)


def test_published_certificates_may_differ_from_the_one_in_use() -> None:
    party = relying(published=(certificate("old"), certificate("new")))
    role = party.metadata(NOW).sp
    assert role is not None
    assert [key.certificates for key in role.key_descriptors] == [(certificate("old"),), (certificate("new"),)]
    assert {key.use for key in role.key_descriptors} == {"signing"}


def test_a_party_shows_no_private_key() -> None:
    for text in (repr(asserting()), repr(relying()), relying().document(NOW).decode()):
        assert "PRIVATE" not in text
        assert "RSAPrivateKey" not in text


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        (datetime(2026, 11, 22, 3, 20, 48, 7999, tzinfo=UTC), datetime(2036, 11, 22, 3, 20, 48, 7000, tzinfo=UTC)),
        (datetime(2013, 8, 6, 19, 10, 9, 985_432, tzinfo=UTC), datetime(2023, 8, 6, 19, 10, 9, 985_000, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), datetime(2038, 2, 28, tzinfo=UTC)),
        (datetime(9995, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)),
    ],
)
def test_ten_years_after_is_the_same_day_to_the_millisecond(moment: datetime, after: datetime) -> None:
    assert ten_years_after(moment) == after


def test_two_parties_are_set_up_from_each_others_metadata() -> None:
    idp = asserting(verifies=True, name_id_formats=(EMAIL, TRANSIENT)).metadata(NOW)
    sp = relying(name_id_formats=()).metadata(NOW)
    one = asserting_from(idp, sp, credential=credential("idp"))
    other = relying_from(sp, idp, credential=credential("sp"), flavour="salesforce")
    assert (one.entity_id, one.relying, one.acs, one.verifies) == (IDP, SP, relying().acs, True)
    assert [key.certificate for key in one.trusted] == [certificate("sp")]
    assert one.trusted[0].holder == SP
    assert (other.entity_id, other.asserting, other.sso) == (SP, IDP, asserting().sso)
    assert [key.certificate for key in other.trusted] == [certificate("idp")]
    assert (other.flavour, other.binding, other.sign_requests) == ("salesforce", REDIRECT, True)
    assert one.metadata(NOW) == idp
    assert replace(other, flavour="generic").metadata(NOW) == sp


def test_keys_of_the_partner_that_only_encrypt_are_not_trusted() -> None:
    idp = asserting().metadata(NOW)
    assert idp.idp is not None
    keys = tuple(replace(key, use=use) for key in idp.idp.key_descriptors for use in ("encryption", None))
    other = relying_from(
        relying().metadata(NOW), replace(idp, idp=replace(idp.idp, key_descriptors=keys)), credential=credential("sp")
    )
    assert [key.use for key in other.trusted] == [None]


def test_requests_are_posted_where_the_partner_takes_nothing_else() -> None:
    idp = asserting(sso=(Endpoint(POST, SSO),)).metadata(NOW)
    party = relying_from(relying().metadata(NOW), idp, credential=credential("sp"))
    assert party.binding == POST
    assert party.request_endpoint == Endpoint(POST, SSO)


def test_requests_are_verified_where_either_side_says_so() -> None:
    silent = asserting(verifies=False).metadata(NOW)
    for signs in (True, False):
        sp = relying(sign_requests=signs).metadata(NOW)
        assert asserting_from(silent, sp, credential=credential("idp")).verifies is signs


def test_metadata_without_the_wanted_role_is_refused() -> None:
    idp, sp = asserting().metadata(NOW), relying().metadata(NOW)
    with pytest.raises(ConfigError, match="no SPSSODescriptor"):
        relying_from(idp, idp, credential=credential("sp"))
    with pytest.raises(ConfigError, match="no IDPSSODescriptor"):
        relying_from(sp, sp, credential=credential("sp"))
    with pytest.raises(ConfigError, match="no IDPSSODescriptor"):
        asserting_from(sp, sp, credential=credential("idp"))
    with pytest.raises(ConfigError, match="no SPSSODescriptor"):
        asserting_from(idp, EntityDescriptor(entity_id="x"), credential=credential("idp"))


def test_the_default_address_is_the_marked_one() -> None:
    first = IndexedEndpoint(binding=POST, location="https://sp/0", index=0)
    marked = IndexedEndpoint(binding=POST, location="https://sp/1", index=1, is_default=True)
    assert asserting(acs=(first, marked)).default_acs == marked
    assert relying(acs=(first,)).default_acs == first


def test_a_missing_address_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="knows no AssertionConsumerService"):
        _ = asserting(acs=()).default_acs
    with pytest.raises(ConfigError, match="has no AssertionConsumerService"):
        _ = relying(acs=()).default_acs
    with pytest.raises(ConfigError, match=r"knows no SingleSignOnService of .* for .*HTTP-POST"):
        _ = relying(sso=(Endpoint(REDIRECT, SSO),), binding=POST).request_endpoint


def test_parties_are_values() -> None:
    assert asserting() == asserting()
    assert replace(relying(), skew=timedelta(0)) != relying()
    assert {type(asserting()), type(relying())} == {AssertingParty, RelyingParty}
