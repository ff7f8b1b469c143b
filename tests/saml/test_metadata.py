from __future__ import annotations

import base64
import textwrap
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given

from ssolab.core.findings import InputError
from ssolab.core.keys import spki_of
from ssolab.saml.metadata import (
    Endpoint,
    EntityDescriptor,
    IndexedEndpoint,
    KeyDescriptor,
    SPSSODescriptor,
    default_of,
    read_entity,
    write_entity,
)
from ssolab.saml.names import POST, REDIRECT, UNSPECIFIED
from tests.keys import ec_test_key
from tests.keys import test_key as rsa_key
from tests.saml.samples import certificate
from tests.saml.strategies import entities, patient

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
XMLNS = f'xmlns:md="{MD}" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
PROTOCOL = 'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"'
ACS = f'<md:AssertionConsumerService index="0" Binding="{POST}" Location="https://sp/acs"/>'
SSO = f'<md:SingleSignOnService Binding="{REDIRECT}" Location="https://idp/sso"/>'


def key(inside: str | None = None, use: str = "") -> str:
    data = f"<ds:X509Data><ds:X509Certificate>{certificate('idp').base64}</ds:X509Certificate></ds:X509Data>"
    return f"<md:KeyDescriptor{use}><ds:KeyInfo>{data if inside is None else inside}</ds:KeyInfo></md:KeyDescriptor>"


def entity(roles: str, attributes: str = 'entityID="https://e"') -> str:
    return f"<md:EntityDescriptor {XMLNS} {attributes}>{roles}</md:EntityDescriptor>"


def sp(inside: str = ACS, attributes: str = PROTOCOL) -> str:
    return f"<md:SPSSODescriptor {attributes}>{inside}</md:SPSSODescriptor>"


def idp(inside: str | None = None, attributes: str = PROTOCOL) -> str:
    return f"<md:IDPSSODescriptor {attributes}>{key() + SSO if inside is None else inside}</md:IDPSSODescriptor>"


def read(text: str, entity_id: str | None = None) -> EntityDescriptor:
    return read_entity(text.encode(), "partner.xml", entity_id=entity_id)


def descriptor(inside: str, use: str = "") -> KeyDescriptor:
    found = read(entity(sp(key(inside, use)))).sp
    assert found is not None
    return found.key_descriptors[0]


@patient
@given(entities)
def test_an_entity_that_is_written_and_read_is_the_same(draft: EntityDescriptor) -> None:
    assert read_entity(write_entity(draft), "again") == draft
    assert read_entity(write_entity(draft, indent=None), "again") == draft


def test_salesforce_service_provider_metadata_comes_out_byte_for_byte() -> None:
    # the shape of a downloaded SAMLSP-*.xml: facts/salesforce.md 2.1
    text = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<md:EntityDescriptor {XMLNS} entityID="https://saml.salesforce.com" validUntil="2023-08-06T19:10:09.985Z">
   <md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" {PROTOCOL}>
      <md:KeyDescriptor use="signing">
         <ds:KeyInfo>
            <ds:X509Data>
               <ds:X509Certificate>{certificate("sp").base64}</ds:X509Certificate>
            </ds:X509Data>
         </ds:KeyInfo>
      </md:KeyDescriptor>
      <md:NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</md:NameIDFormat>
      <md:AssertionConsumerService Binding="{POST}" Location="https://login.salesforce.com" index="0" isDefault="true"/>
   </md:SPSSODescriptor>
</md:EntityDescriptor>
"""
    made = EntityDescriptor(
        entity_id="https://saml.salesforce.com",
        valid_until=datetime(2023, 8, 6, 19, 10, 9, 985_000, tzinfo=UTC),
        sp=SPSSODescriptor(
            key_descriptors=(KeyDescriptor(certificates=(certificate("sp"),), use="signing"),),
            name_id_formats=(UNSPECIFIED,),
            assertion_consumer_services=(
                IndexedEndpoint(binding=POST, location="https://login.salesforce.com", index=0, is_default=True),
            ),
            authn_requests_signed=True,
            want_assertions_signed=True,
        ),
    )
    assert read(text) == made
    assert write_entity(made, indent=3) == text.encode()


@pytest.mark.parametrize("width", [1, 64, 71, 76, 10_000])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "&#13;\n", " \t\n   "])
def test_a_certificate_is_read_however_its_base64_is_broken(width: int, line_end: str) -> None:
    lines = textwrap.wrap(certificate("idp").base64, width)
    broken = "<ds:X509Data><ds:X509Certificate>\n" + line_end.join(lines) + "\n</ds:X509Certificate></ds:X509Data>"
    assert descriptor(broken).certificates == (certificate("idp"),)


def test_what_is_not_played_is_carried_along() -> None:
    found = read(
        entity(
            '<md:Extensions><x:y xmlns:x="urn:x"/></md:Extensions><!-- c --><?pi?>'
            '<md:AttributeAuthorityDescriptor protocolSupportEnumeration="urn:x"/>'
            + idp('<md:Extensions/><x:KeyDescriptor xmlns:x="urn:x"/>' + key() + SSO)
            + "<md:Organization/><md:ContactPerson/>",
            'entityID="https://e" x:extra="1" xmlns:x="urn:x"',
        )
    )
    assert found.idp is not None
    assert found.sp is None
    assert len(found.idp.key_descriptors) == 1
    assert [each.name.rpartition("}")[2] for each in found.carried.elements] == [
        "Extensions", "AttributeAuthorityDescriptor", "Organization", "ContactPerson"
    ]  # fmt: skip
    assert found.carried.attributes == (("{urn:x}extra", "1"),)
    assert [each.name.rpartition("}")[2] for each in found.idp.carried.elements] == ["Extensions", "KeyDescriptor"]
    assert read_entity(write_entity(found), "again") == found


def test_names_of_another_namespace_are_other_names() -> None:
    # samlify's idpmeta_rollingcert.xml: X509Data outside the ds namespace (facts/attacks.md M-06)
    with pytest.raises(InputError, match="holds no key"):
        descriptor(f"<X509Data><X509Certificate>{certificate('idp').base64}</X509Certificate></X509Data>")
    assert read(entity('<IDPSSODescriptor xmlns="urn:oasis:names:tc:SAML:2.0:protocol"/>')).idp is None


def test_a_role_that_only_speaks_saml_1_is_not_played() -> None:
    old = 'protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol"'
    found = read(entity(idp("", old) + idp()))
    assert found.idp is not None
    assert found.idp.single_sign_on_services == (Endpoint(REDIRECT, "https://idp/sso"),)
    assert [each.get("protocolSupportEnumeration") for each in found.carried.elements] == [old.split('"')[1]]


def test_both_roles_of_one_entity_are_read() -> None:
    found = read(entity(idp() + sp()))
    assert found.idp is not None
    assert found.sp is not None


def test_keys_serve_what_their_use_says_and_without_use_both() -> None:
    def of(name: str, use: str) -> str:
        data = f"<ds:X509Data><ds:X509Certificate>{certificate(name).base64}</ds:X509Certificate></ds:X509Data>"
        return key(data, use)

    role = read(entity(idp(of("old", ' use="encryption"') + of("new", ' use="signing"') + of("idp", "")))).idp
    assert role is not None
    signing, encryption = role.trusted_keys("https://e"), role.encryption_keys("https://e")
    assert [each.certificate for each in signing] == [certificate("new"), certificate("idp")]
    assert [each.certificate for each in encryption] == [certificate("old"), certificate("idp")]
    assert [each.use for each in signing] == ["signing", None]
    assert signing[0].holder == "https://e"
    assert signing[0].source == "IDPSSODescriptor, KeyDescriptor 2"


def test_the_first_of_several_certificates_is_the_key() -> None:
    # a chain in one KeyDescriptor: SAML2MetaIOP 2.5.1 wants one key a KeyDescriptor
    both = "".join(f"<ds:X509Certificate>{certificate(name).base64}</ds:X509Certificate>" for name in ("sp", "old"))
    found = descriptor(f"<ds:X509Data>{both}</ds:X509Data>")
    assert found.certificates == (certificate("sp"), certificate("old"))
    assert found.public is not None
    assert found.public.spki == certificate("sp").spki


def test_an_rsa_key_value_is_a_key() -> None:
    numbers = rsa_key("idp").public_key().public_numbers()
    modulus = base64.encodebytes(numbers.n.to_bytes(256)).decode()
    found = descriptor(
        f"<ds:KeyName>k</ds:KeyName><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{modulus}</ds:Modulus>"
        "<ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"
    )
    assert found.public is not None
    assert found.public.spki == certificate("idp").spki
    assert found.key_names == ("k",)
    assert found.certificates == ()


def test_an_elliptic_key_value_is_a_key() -> None:
    private = ec_test_key("p256")
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    found = descriptor(
        '<ds:KeyValue><e:ECKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#">'
        '<e:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/>'
        f"<e:PublicKey>{base64.b64encode(point).decode()}</e:PublicKey></e:ECKeyValue></ds:KeyValue>"
    )
    assert found.public is not None
    assert found.public.spki == spki_of(private)


def test_a_key_that_has_only_a_name_is_read_and_is_no_trust() -> None:
    role = read(entity(sp(key("<ds:KeyName>partner</ds:KeyName>") + ACS))).sp
    assert role is not None
    assert role.key_descriptors[0].key_names == ("partner",)
    assert role.trusted_keys("https://e") == ()


def test_a_service_provider_needs_no_key() -> None:
    role = read(entity(sp())).sp
    assert role is not None
    assert role.trusted_keys("https://e") == ()


@pytest.mark.parametrize(
    ("written", "length"),
    [
        ("PT24H", timedelta(hours=24)),
        ("P0Y0M5DT0H0M0.000S", timedelta(days=5)),  # as Java writes it
        ("P1M", timedelta(days=28)),
        ("P1Y2M3DT4H", timedelta(days=365 + 56 + 3, hours=4)),
    ],
)
def test_cache_durations_are_read_as_the_least_they_can_mean(written: str, length: timedelta) -> None:
    assert read(entity(sp(), f'entityID="e" cacheDuration="{written}"')).cache_duration == length


def test_dates_of_entity_and_role_are_read_to_the_millisecond() -> None:
    dates = 'validUntil="2036-11-22T03:20:48.007Z"'
    found = read(entity(sp(attributes=f"{PROTOCOL} {dates}"), f'entityID="e" ID="_1" {dates}'))
    moment = datetime(2036, 11, 22, 3, 20, 48, 7000, tzinfo=UTC)
    assert found.sp is not None
    assert (found.valid_until, found.sp.valid_until, found.id) == (moment, moment, "_1")


def acs(index: int, *, is_default: bool | None) -> IndexedEndpoint:
    return IndexedEndpoint(binding=POST, location=f"https://sp/{index}", index=index, is_default=is_default)


@pytest.mark.parametrize(
    ("marks", "index"),
    [([None, None], 0), ([None, True], 1), ([False, None], 1), ([False, False], 0), ([True, True], 0)],
)
def test_the_default_endpoint_is_the_one_that_the_standard_names(marks: list[bool | None], index: int) -> None:
    endpoints = tuple(acs(place, is_default=mark) for place, mark in enumerate(marks))
    assert default_of(endpoints) == endpoints[index]


def test_of_no_endpoints_none_is_default() -> None:
    assert default_of(()) is None


def group(*inside: str) -> str:
    return f'<md:EntitiesDescriptor {XMLNS} Name="urn:fed">{"".join(inside)}</md:EntitiesDescriptor>'


def named(entity_id: str) -> str:
    return entity(sp(), f'entityID="{entity_id}"')


def test_one_entity_of_several_has_to_be_chosen() -> None:
    aggregate = group(named("https://a"), group(named("https://b")))
    with pytest.raises(InputError, match=r"partner.xml: holds 2 entities: https://a, https://b; give the entityID"):
        read(aggregate)
    assert read(aggregate, "https://b").entity_id == "https://b"


def test_a_group_of_one_entity_is_that_entity() -> None:
    assert read(group(named("https://a"))).entity_id == "https://a"


@pytest.mark.parametrize("wanted", ["https://A", "https://a/", "https://c"])
def test_entity_ids_are_compared_to_the_letter(wanted: str) -> None:
    with pytest.raises(InputError, match=f"holds no entity {wanted}; inside: https://a, https://b"):
        read(group(named("https://a"), named("https://b")), wanted)
    with pytest.raises(InputError, match="holds no entity"):
        read(named("https://a"), wanted)


def test_an_entity_that_stands_twice_is_not_guessed_at() -> None:
    with pytest.raises(InputError, match="holds 2 entities https://a"):
        read(group(named("https://a"), named("https://a")), "https://a")


def test_many_entities_are_not_all_listed() -> None:
    with pytest.raises(InputError, match=r"https://4 and 95 more; give"):
        read(group(*(named(f"https://{number}") for number in range(100))))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "nothing in it"),
        ("entity", "not XML"),
        (entity(sp())[:-9], "not well-formed"),
        ("<a/>", "no SAML 2.0 metadata"),
        ('<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:metadata:2.0"/>', "no SAML 2.0 metadata"),
        (group(), "holds 0 entities: none"),
        (entity(sp(), ""), "no entityID"),
        (entity(sp(), 'entityID=""'), "no entityID"),
        (entity(sp() + sp()), "2 md:SPSSODescriptor for SAML 2.0"),
        (entity(sp(), 'entityID="e" validUntil="2036-11-22"'), "validUntil"),
        (entity(sp(), 'entityID="e" validUntil="soon"'), "'soon' is not an ISO 8601 moment"),
        (entity(sp(), 'entityID="e" cacheDuration="1 day"'), "cacheDuration"),
        (entity(sp(), 'entityID="e" cacheDuration="-PT1H"'), "cacheDuration"),
        (entity(sp(), f'entityID="e" cacheDuration="P{"9" * 400}Y"'), "cacheDuration"),
        (entity(idp(SSO)), "holds no signing key"),
        (entity(idp(key(use=' use="encryption"') + SSO)), "holds no signing key"),
        (entity(sp(key(""))), "holds no key"),
        (entity(sp("<md:KeyDescriptor/>")), "no ds:KeyInfo"),
        (entity(sp(key(use=' use="both"'))), "'both', not signing or encryption"),
        (entity(sp(key("<ds:X509Data><ds:X509Certificate/></ds:X509Data>"))), "not base64"),
        (entity(sp(key("<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>"))), "certificate"),
        (entity(sp(key("<ds:X509Data><ds:X509Certificate>é</ds:X509Certificate></ds:X509Data>"))), "not base64"),
        (
            entity(sp(key(f"<ds:X509Data><ds:X509Certificate>{certificate('sp').pem}</ds:X509Certificate></ds:X509Data>"))),
            "not base64",
        ),
        (entity(sp(key("<ds:KeyValue/>"))), "neither an RSAKeyValue nor an ECKeyValue"),
        (entity(sp(key("<ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue>"))), "no ds:Exponent"),
        (
            entity(sp(key(
                "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AA==</ds:Modulus><ds:Exponent>AA==</ds:Exponent>"
                "</ds:RSAKeyValue></ds:KeyValue>"
            ))),
            "no usable key",
        ),
        (
            entity(sp(key(
                f"<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{'/' * 4000}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
                "</ds:RSAKeyValue></ds:KeyValue>"
            ))),
            "24000 bits",
        ),
        (entity(idp(key() + '<md:SingleSignOnService Location="https://x"/>')), "no Binding"),
        (entity(idp(key() + f'<md:SingleSignOnService Binding="{POST}"/>')), "no Location"),
        (entity(sp(ACS.replace("https:", "javascript:"))), "no http or https address"),
        (entity(sp(ACS.replace("https://sp/acs", "/acs"))), "no http or https address"),
        (entity(sp(ACS.replace("https://sp/acs", "https:///acs"))), "no http or https address"),
        (entity(sp(ACS.replace("https://sp/acs", "https://sp/a b"))), "no http or https address"),
        (entity(sp(ACS.replace("/>", ' ResponseLocation="ftp://x"/>'))), "'ftp://x'"),
        (entity(sp(ACS.replace('index="0"', ""))), "no index"),
        (entity(sp(ACS.replace('index="0"', 'index="first"'))), "'first', not a number"),
        (entity(sp(ACS.replace("/>", ' isDefault="yes"/>'))), "isDefault"),
    ],
)  # fmt: skip
def test_bad_metadata_is_refused_in_one_line_that_names_it(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert says in caught.value.problem
    assert caught.value.name == "partner.xml"
    assert caught.value.remedy
    assert "\n" not in str(caught.value)
    assert str(caught.value).count("(line") <= 1
    assert len(str(caught.value)) < 600


def test_a_bare_ampersand_is_refused_with_its_cure() -> None:
    # Salesforce's download can hold Location="https://...?so=...&sc=...": facts/salesforce.md 2.2
    with pytest.raises(InputError, match=r"not well-formed XML.*; write & as &amp; in its addresses"):
        read(entity(sp(ACS.replace("https://sp/acs", "https://sp?so=1&sc=2"))))
