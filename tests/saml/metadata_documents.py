"""Documents that use the whole metadata schema, for properties: every element and attribute that it knows.

The strategies follow saml-schema-metadata-2.0.xsd and build XML text, not our own values, so that what our reader does
not know of would show as a difference.
"""

from __future__ import annotations

import base64
import itertools
import re
from functools import cache
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

from tests.keys import test_key
from tests.saml.samples import certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACES = {
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xs": "http://www.w3.org/2001/XMLSchema",
    "x": "urn:foreign",
}
SAML2 = "urn:oasis:names:tc:SAML:2.0:protocol"
SAML1 = "urn:oasis:names:tc:SAML:1.1:protocol"

words = st.text("abcXYZ019äß≠", min_size=1, max_size=6)
texts = st.text("ab <&>\"'\t\n]]é", max_size=8)
phrases = st.builds("{}{}".format, words, texts)  # something to show, so that no white space is all of it
names = st.just("_1")
uris = st.builds("urn:{}".format, words.map(lambda word: word.encode("ascii", "ignore").decode() or "u"))
addresses = st.builds("https://e.example/{}".format, uris)
moments = st.sampled_from(["2036-11-22T03:20:48.007Z", "2027-01-04T00:00:00.000Z"])
durations = st.sampled_from(["PT4H", "P1D", "P2DT3H4M5S"])
flags = st.sampled_from(["true", "false"])
shorts = st.integers(0, 65535).map(str)
lists = st.lists


def el(name: str, attributes: Mapping[str, str | None], *inside: str) -> str:
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items() if value is not None)
    return f"<{name}{written}>{''.join(inside)}</{name}>"


def maybe(values: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | values


@st.composite
def element(
    draw: st.DrawFn,
    name: str,
    attributes: Mapping[str, st.SearchStrategy[str] | st.SearchStrategy[str | None]] | None = None,
    *inside: st.SearchStrategy[str],
    foreign: bool = False,
) -> str:
    values = {key: draw(value) for key, value in (attributes or {}).items()}
    if foreign and draw(st.booleans()):
        values["x:mark"] = draw(phrases)
    return el(name, values, *(draw(each) for each in inside))


def some(each: st.SearchStrategy[str], least: int = 0, most: int = 2) -> st.SearchStrategy[str]:
    return lists(each, min_size=least, max_size=most).map("".join)


def leaf(
    name: str, content: st.SearchStrategy[str], **attributes: st.SearchStrategy[str] | st.SearchStrategy[str | None]
) -> st.SearchStrategy[str]:
    return element(name, attributes, content.map(escape))


anything = st.recursive(
    st.builds(lambda text, mark: el("x:leaf", {"x:mark": mark}, escape(text)), phrases, maybe(phrases))
    | st.just('<x:typed xsi:type="xs:string">xs:token</x:typed>')
    | st.just('<bare xmlns=""/>').map(
        lambda _: '<o:other xmlns:o="urn:other" plain="1"><inner xmlns="">t</inner></o:other>'
    ),
    lambda inner: st.builds(lambda a, b, text: el("x:branch", {}, a, escape(text), b), inner, inner, words),
    max_leaves=3,
)
extensions = st.just("") | some(anything, 1).map(lambda inside: el("md:Extensions", {}, inside))


@cache
def numbers() -> tuple[str, str]:
    public = test_key("idp").public_key().public_numbers()
    return base64.b64encode(public.n.to_bytes(256)).decode(), "AQAB"


def x509(name: str) -> str:
    return el("ds:X509Certificate", {}, certificate(name).base64)


def rsa_value() -> str:
    modulus, exponent = numbers()
    inside = el("ds:Modulus", {}, modulus) + el("ds:Exponent", {}, exponent)
    return el("ds:KeyValue", {}, el("ds:RSAKeyValue", {}, inside))


ISSUER_SERIAL = (
    "<ds:X509IssuerSerial><ds:X509IssuerName>CN=a</ds:X509IssuerName><ds:X509SerialNumber>7</ds:X509SerialNumber>"
    "</ds:X509IssuerSerial>"
)
DSA_VALUE = "<ds:KeyValue><ds:DSAKeyValue><ds:Y>AQAB</ds:Y></ds:DSAKeyValue></ds:KeyValue>"
certificates = st.sampled_from(["idp", "sp", "old"]).map(x509)
x509_parts = certificates | st.sampled_from(
    [
        "<ds:X509SubjectName>CN=a</ds:X509SubjectName>",
        "<ds:X509SKI>AQAB</ds:X509SKI>",
        "<ds:X509CRL>AQAB</ds:X509CRL>",
        ISSUER_SERIAL,
    ]
)
key_kinds = st.one_of(
    leaf("ds:KeyName", phrases),
    st.builds(rsa_value),
    st.just(DSA_VALUE),
    some(x509_parts, 1, 3).map(lambda inside: el("ds:X509Data", {}, inside)),
    element("ds:RetrievalMethod", {"URI": uris, "Type": maybe(uris)}),
    st.just("<ds:PGPData><ds:PGPKeyID>AQAB</ds:PGPKeyID></ds:PGPData>"),
    st.just("<ds:SPKIData><ds:SPKISexp>AQAB</ds:SPKISexp></ds:SPKIData>"),
    leaf("ds:MgmtData", phrases),
    anything,
)
encryption_methods = element(
    "md:EncryptionMethod",
    {"Algorithm": uris},
    st.sampled_from(["", "<xenc:KeySize>256</xenc:KeySize>"]),
    st.sampled_from(["", "<xenc:OAEPparams>AQAB</xenc:OAEPparams>"]),
    st.just("") | st.just('<ds:DigestMethod Algorithm="urn:d"/>'),
)


def key_descriptors(kinds: st.SearchStrategy[str] = key_kinds) -> st.SearchStrategy[str]:
    return element(
        "md:KeyDescriptor",
        {"use": st.sampled_from([None, "signing", "encryption"])},
        element("ds:KeyInfo", {"Id": maybe(names)}, some(kinds, 1, 3)),
        some(encryption_methods),
    )


signing_key = st.builds(
    lambda name: el("md:KeyDescriptor", {"use": "signing"}, el("ds:KeyInfo", {}, el("ds:X509Data", {}, x509(name)))),
    st.sampled_from(["idp", "old"]),
)


def localized(name: str, content: st.SearchStrategy[str] = phrases) -> st.SearchStrategy[str]:
    return leaf(name, content, **{"xml:lang": st.sampled_from(["en", "de"])})


organizations = element(
    "md:Organization", {}, extensions, some(localized("md:OrganizationName"), 1),
    some(localized("md:OrganizationDisplayName"), 1), some(localized("md:OrganizationURL", uris), 1), foreign=True,
)  # fmt: skip
contacts = element(
    "md:ContactPerson",
    {"contactType": st.sampled_from(["technical", "support", "administrative", "billing", "other"])},
    extensions,
    st.just("") | leaf("md:Company", phrases),
    st.just("") | leaf("md:GivenName", phrases),
    st.just("") | leaf("md:SurName", phrases),
    some(leaf("md:EmailAddress", uris)),
    some(leaf("md:TelephoneNumber", phrases)),
    foreign=True,
)
locations = leaf("md:AdditionalMetadataLocation", addresses, namespace=uris)


def endpoint(name: str) -> st.SearchStrategy[str]:
    values = {"Binding": uris, "Location": addresses, "ResponseLocation": maybe(addresses)}
    return element(name, values, some(anything, 0, 1), foreign=True)


def indexed(name: str) -> st.SearchStrategy[str]:
    values = {"Binding": uris, "Location": addresses, "index": shorts, "isDefault": maybe(flags)}
    return element(name, values, some(anything, 0, 1), foreign=True)


attribute_values = st.sampled_from(
    ['<saml:AttributeValue xsi:type="xs:string">a b</saml:AttributeValue>', "<saml:AttributeValue/>"]
)


def attribute(name: str, **more: st.SearchStrategy[str | None]) -> st.SearchStrategy[str]:
    values = {"Name": words, "NameFormat": maybe(uris), "FriendlyName": maybe(words), **more}
    return element(name, values, some(attribute_values), foreign=True)


def optional(each: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("") | each


dates = {"validUntil": maybe(moments), "cacheDuration": maybe(durations), "ID": maybe(names)}


def role(
    name: str,
    keys: st.SearchStrategy[str],
    *inside: st.SearchStrategy[str],
    protocols: tuple[str, ...],
    **flagged: st.SearchStrategy[str | None],
) -> st.SearchStrategy[str]:
    spoken = {"protocolSupportEnumeration": st.sampled_from(protocols), "errorURL": maybe(addresses)}
    return element(
        name, {**dates, **spoken, **flagged}, extensions, keys, optional(organizations), some(contacts), *inside,
        foreign=True,
    )  # fmt: skip


sso_parts = (
    some(indexed("md:ArtifactResolutionService")),
    some(endpoint("md:SingleLogoutService")),
    some(endpoint("md:ManageNameIDService")),
    some(leaf("md:NameIDFormat", uris)),
)
attribute_services = element(
    "md:AttributeConsumingService", {"index": shorts, "isDefault": maybe(flags)},
    some(localized("md:ServiceName"), 1), some(localized("md:ServiceDescription")),
    some(attribute("md:RequestedAttribute", isRequired=maybe(flags)), 1),
)  # fmt: skip
MODERN = (SAML2, f"{SAML1} {SAML2}")
keys = some(key_descriptors())
identity_providers = role(
    "md:IDPSSODescriptor", st.builds("{}{}".format, signing_key, keys), *sso_parts,
    some(endpoint("md:SingleSignOnService"), 1), some(endpoint("md:NameIDMappingService")),
    some(endpoint("md:AssertionIDRequestService")), some(leaf("md:AttributeProfile", uris)),
    some(attribute("saml:Attribute")), protocols=MODERN, WantAuthnRequestsSigned=maybe(flags),
)  # fmt: skip
service_providers = role(
    "md:SPSSODescriptor", keys, *sso_parts, some(indexed("md:AssertionConsumerService"), 1), some(attribute_services),
    protocols=MODERN, AuthnRequestsSigned=maybe(flags), WantAssertionsSigned=maybe(flags),
)  # fmt: skip
other_roles = st.one_of(
    role(
        "md:AuthnAuthorityDescriptor", keys, some(endpoint("md:AuthnQueryService"), 1),
        some(endpoint("md:AssertionIDRequestService")), some(leaf("md:NameIDFormat", uris)), protocols=(SAML1, SAML2),
    ),
    role(
        "md:AttributeAuthorityDescriptor", keys, some(endpoint("md:AttributeService"), 1),
        some(endpoint("md:AssertionIDRequestService")), some(leaf("md:NameIDFormat", uris)),
        some(leaf("md:AttributeProfile", uris)), some(attribute("saml:Attribute")), protocols=(SAML1, SAML2),
    ),
    role("md:PDPDescriptor", keys, some(endpoint("md:AuthzService"), 1), protocols=(SAML2,)),
    role("md:IDPSSODescriptor", keys, some(endpoint("md:SingleSignOnService"), 1), protocols=(SAML1,)),
    st.just(
        f'<md:RoleDescriptor xsi:type="md:PDPDescriptorType" protocolSupportEnumeration="{SAML2}">'
        '<md:AuthzService Binding="urn:b" Location="https://e.example/"/></md:RoleDescriptor>'
    ),
)  # fmt: skip
affiliations = element(
    "md:AffiliationDescriptor", {**dates, "affiliationOwnerID": uris}, extensions,
    some(leaf("md:AffiliateMember", uris), 1), foreign=True,
)  # fmt: skip


@st.composite
def roles(draw: st.DrawFn) -> str:
    found = [
        draw(optional(service_providers)),
        draw(optional(identity_providers)),
        *draw(lists(other_roles, max_size=2)),
    ]
    return "".join(found) or draw(affiliations | service_providers)


def described(name: str, **more: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return element(
        name, {**dates, **more}, extensions, roles(), optional(organizations), some(contacts), some(locations),
        foreign=True,
    )  # fmt: skip


entities = described("md:EntityDescriptor", entityID=uris)
groups = st.recursive(
    entities,
    lambda inner: element("md:EntitiesDescriptor", {**dates, "Name": maybe(phrases)}, extensions, some(inner, 1)),
    max_leaves=2,
)


def document(root: str) -> bytes:
    """Declare the namespaces on the root, and make every ID the only one of its name."""
    name = re.match("<[a-zA-Z:]+", root)
    assert name is not None
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    numbers = itertools.count()
    unique = re.sub(r' (ID|Id)="[^"]*"', lambda found: f' {found[1]}="_{next(numbers)}"', root[name.end() :])
    return f"{name[0]}{declared}{unique}".encode()


documents = (entities | groups).map(document)
