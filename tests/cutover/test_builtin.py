from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ssolab import sources
from ssolab.core import xmltree
from ssolab.core.certs import read_certificates
from ssolab.core.selfsigned import is_self_signed
from ssolab.cutover import builtin
from ssolab.cutover.habits import Known, Mode, Slots
from ssolab.cutover.model import Verb
from ssolab.cutover.scene import Flow
from ssolab.salesforce import source
from ssolab.saml.metadata import read_entity
from tests import write_metadata

if TYPE_CHECKING:
    from ssolab.core.certs import Certificate

SP = "salesforce/SAMLSP-00D5f000004GrnM.xml"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return builtin.lab_files(sources.builtin_certificates())


def test_the_committed_sample_is_what_the_built_in_lab_writes() -> None:
    assert write_metadata.differences() == []


def test_no_file_of_the_lab_or_the_package_holds_a_private_key(files: dict[str, bytes]) -> None:
    for data in (*files.values(), write_metadata.PACKAGED.read_bytes()):
        assert b"PRIVATE KEY" not in data
        assert re.search(rb"[0-9a-f]{200}", data) is None, "long numbers, as in tests/keys.txt"


def test_the_lab_is_pure_and_byte_stable(files: dict[str, bytes]) -> None:
    assert builtin.lab_files(sources.builtin_certificates()) == files


def test_the_service_provider_metadata_has_the_shape_that_salesforce_gives(files: dict[str, bytes]) -> None:
    # facts/salesforce.md 2.1: order, attributes, three spaces, one key, unspecified NameIDFormat, ten years
    text = files[SP].decode()
    tags = re.findall(r"<(\w+:\w+)", text)
    assert tags == [
        "md:EntityDescriptor", "md:SPSSODescriptor", "md:KeyDescriptor", "ds:KeyInfo", "ds:X509Data",
        "ds:X509Certificate", "md:NameIDFormat", "md:AssertionConsumerService",
    ]  # fmt: skip
    assert (
        '\n   <md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" '
        'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">\n      <md:KeyDescriptor use="signing">\n'
    ) in text
    assert 'validUntil="2036-12-14T10:09:33.985Z"' in text
    assert "<md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>" in text
    assert (
        'HTTP-POST" Location="https://greenmoor.my.salesforce.com?so=00D5f000004GrnM" index="0" isDefault="true"/>'
        in text
    )


def test_the_identity_provider_metadata_has_the_shape_that_salesforce_gives(files: dict[str, bytes]) -> None:
    text = files["salesforce/samlidp.xml"].decode()
    assert '<md:IDPSSODescriptor WantAuthnRequestsSigned="false" protocolSupportEnumeration="urn' in text
    services = re.findall(r'SingleSignOnService Binding="([^"]+)" Location="([^"]+)"', text)
    assert services == [
        ("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", "https://greenmoor.my.salesforce.com/idp/endpoint/HttpPost"),
        (
            "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
            "https://greenmoor.my.salesforce.com/idp/endpoint/HttpRedirect",
        ),
    ]


def certificate(files: dict[str, bytes], name: str) -> Certificate:
    return read_certificates(files[f"salesforce/certs/{name}.crt"], name)[0]


def test_the_old_certificate_has_the_shape_of_the_retired_one_over_another_key(files: dict[str, bytes]) -> None:
    # facts/salesforce.md 1.1, column C
    old = certificate(files, "proxy")
    assert old.serial == 0x4382B137B13768018FD6BA70426EA067
    assert old.not_before == datetime(2013, 10, 18, tzinfo=UTC)
    assert old.not_after == datetime(2017, 10, 17, 23, 59, 59, tzinfo=UTC)
    assert old.subject.get("OU") == "Applications"
    assert old.subject.get("CN") == "proxy.salesforce.com"
    assert old.issuer.get("CN") == "VeriSign Class 3 International Server CA - G3"
    assert old.spki_sha256 != "5ae3eae9a75e4929dccb9367775249dc9b9fc4ce6659cfce58ce2dd93f6d0249"
    read = read_entity(files[SP], SP)
    assert read.sp is not None
    assert [key.certificates for key in read.sp.key_descriptors] == [(old,)]


def test_the_new_certificate_is_of_the_salesforce_shape(files: dict[str, bytes]) -> None:
    # facts/salesforce.md 6.1
    new = certificate(files, "SSO_2027")
    assert new.subject.text == ("CN=SSO_2027, OU=00D5f000004GrnM, O=Salesforce.com, L=San Francisco, ST=CA, C=USA")
    assert is_self_signed(new)
    assert new.not_after == datetime(2027, 12, 14, 12, tzinfo=UTC)
    assert new.serial.to_bytes(14)[6:10] == bytes(4)


def test_both_2012_certificates_stand_over_one_key_of_1024_bits() -> None:
    made = sources.builtin_certificates()
    first, second = made["proxy_2010"], made["proxy_2011"]
    assert first.spki == second.spki
    assert first.sha256 != second.sha256
    assert first.not_after == datetime(2012, 1, 7, 23, 59, 59, tzinfo=UTC)
    assert second.not_after == datetime(2013, 12, 7, 23, 59, 59, tzinfo=UTC)
    assert first.signature_algorithm == "rsa-sha1"


def test_every_certificate_file_is_described_by_the_file_beside_it(files: dict[str, bytes]) -> None:
    names = [path for path in files if path.endswith(".crt")]
    assert len(names) == 3
    for path in names:
        meta = source.read_certificate(files[f"{path}-meta.xml"], path)
        body = read_certificates(files[path], path)[0]
        assert meta.expiration_date == body.not_after
        assert meta.ca_signed is (path == "salesforce/certs/proxy.crt")


def test_every_partner_has_its_own_entity_addresses_and_certificate(files: dict[str, bytes]) -> None:
    entities = [read_entity(data, path) for path, data in files.items() if path.startswith("partners/")]
    assert len(entities) >= 5
    idps = [entity.idp for entity in entities if entity.idp]
    assert len({entity.entity_id for entity in entities}) == len(entities) == len(idps)
    assert len({idp.single_sign_on_services for idp in idps}) == len(idps)
    assert len({key.public for idp in idps for key in idp.trusted_keys("x")}) == len(idps)


def test_the_org_trusts_each_partner_with_the_certificate_that_it_publishes(files: dict[str, bytes]) -> None:
    published = {}
    for path, data in files.items():
        if path.startswith("partners/"):
            entity = read_entity(data, path)
            assert entity.idp is not None
            published[entity.entity_id] = entity.idp.key_descriptors[0].certificates[0].base64
    configs = [source.read_config(data, path) for path, data in files.items() if "samlssoconfig-" in path]
    assert {config.issuer: config.validation_cert for config in configs} == published
    settings = source.read_settings(files[f"salesforce/{source.SETTINGS_PATH}"], "x")
    assert settings.enable_multiple_saml_configs is True


def test_every_xml_file_of_the_lab_is_read_by_the_one_parser(files: dict[str, bytes]) -> None:
    for path, data in files.items():
        if path.endswith(".xml"):
            xmltree.parse(data, path)


def test_the_partners_differ_in_what_decides_a_cutover() -> None:
    lab = sources.builtin_lab()
    habits = {name: party.habits for name, party in lab.parties.items()}
    assert habits["entra"].verifies is Known.NO
    assert (habits["adfs"].verifies, habits["adfs"].checks_expiry) == (Known.YES, Known.YES)
    assert (habits["okta"].slots, habits["okta"].verifies) == (1, Known.YES)
    assert habits["pingone"].slots == 2
    assert (habits["shib"].slots, habits["shib"].mode) == (Slots.MANY, Mode.PULL)
    for name in ("entra", "adfs", "okta", "pingone", "shib"):
        assert habits[name].unknowns() == (), "an integrator would have found that out"


def test_the_plan_of_the_lab_is_the_one_in_the_documentation() -> None:
    lab = sources.builtin_lab()
    assert lab.clock == datetime(2027, 1, 4, tzinfo=UTC)
    assert lab.users[0].username == "amira@greenmoor.org"
    plan = lab.cutovers["leave-proxy"]
    assert (plan.old.label, plan.new.label) == ("proxy.salesforce.com", "SSO_2027")
    assert [(step.at.day, step.at.hour, step.do, step.party) for step in plan.steps] == [
        (6, 9, Verb.ADD, "adfs"),
        (6, 9, Verb.REPLACE, "okta"),
        (6, 9, Verb.ADD, "pingone"),
        (9, 21, Verb.PUBLISH, None),
        (9, 22, Verb.SWAP, None),
        (10, 0, Verb.REMOVE, "adfs"),
        (10, 0, Verb.REMOVE, "pingone"),
    ]
    flows = [lab.links[each].flow for each in plan.links]
    assert flows.count(Flow.SAML_REQUEST) == 5
    assert flows.count(Flow.SAML_IDP_INITIATED) >= 1
