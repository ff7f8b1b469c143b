"""Generated SAML values: anything that the standard lets a sender write, with the characters that break readers."""

from __future__ import annotations

from datetime import UTC, timedelta
from functools import cache

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from ssolab.core.keys import PublicKey
from ssolab.core.keys import spki_of as spki
from ssolab.saml.messages import (
    Assertion,
    Attribute,
    AttributeStatement,
    AttributeValue,
    AuthnRequest,
    AuthnStatement,
    Conditions,
    NameID,
    NameIDPolicy,
    ProxyRestriction,
    RequestedAuthnContext,
    Response,
    Status,
    Subject,
    SubjectConfirmation,
    SubjectConfirmationData,
)
from ssolab.saml.metadata import (
    Endpoint,
    EntityDescriptor,
    IDPSSODescriptor,
    IndexedEndpoint,
    KeyDescriptor,
    SPSSODescriptor,
)
from ssolab.saml.names import POST, REDIRECT, SUCCESS, XS
from tests.keys import ec_test_key
from tests.saml.samples import certificate

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For properties over whole documents: on a busy machine one example may take its time."""

# XML 1.0, production 2: no control character but tab and the line ends, no surrogate, no U+FFFE and U+FFFF
characters = st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff") | st.sampled_from(
    "\t\n\r &<>\"'"
)
texts = st.text(characters, max_size=12)
words = st.text(characters, min_size=1, max_size=12)
uris = words.map(lambda word: word.strip(" \t\r\n") or "urn:x")
moments = st.datetimes(timezones=st.just(UTC))
maybe_moment = st.none() | moments
maybe_word = st.none() | words
maybe_text = st.none() | texts
maybe_flag = st.none() | st.booleans()
indexes = st.integers(0, 65535)


name_ids = st.builds(NameID, texts, maybe_text, maybe_text, maybe_text, maybe_text)
confirmation_data = st.builds(
    SubjectConfirmationData,
    not_before=maybe_moment,
    not_on_or_after=maybe_moment,
    recipient=maybe_text,
    in_response_to=maybe_text,
    address=maybe_text,
)
confirmations = st.builds(
    SubjectConfirmation, method=words, name_id=st.none() | name_ids, data=st.none() | confirmation_data
)
subjects = st.builds(
    Subject,
    name_id=st.none() | name_ids,
    confirmations=st.lists(confirmations, max_size=3).map(tuple),
    encrypted=st.just(False),
)
audiences = st.lists(uris, max_size=3).map(tuple)
type_names = st.sampled_from([f"{{{XS}}}string", f"{{{XS}}}anyType", f"{{{XS}}}integer", "{urn:other}thing", "plain"])
conditions = st.builds(
    Conditions,
    not_before=maybe_moment,
    not_on_or_after=maybe_moment,
    audience_restrictions=st.lists(audiences, max_size=2).map(tuple),
    one_time_use=st.booleans(),
    proxy_restriction=st.none() | st.builds(ProxyRestriction, count=st.none() | indexes, audiences=audiences),
    unknown=st.lists(type_names, max_size=2).map(tuple),
)
logins = st.builds(
    AuthnStatement,
    authn_instant=moments,
    session_index=maybe_text,
    session_not_on_or_after=maybe_moment,
    authn_context_class_ref=st.none() | uris,
    authn_context_decl_ref=st.none() | uris,
    authenticating_authorities=audiences,
    address=maybe_text,
    dns_name=maybe_text,
)
_BUILT = b'<a:v xmlns:a="urn:a" a:q="1">x<w></w></a:v>'
values = st.builds(AttributeValue, text=texts, type=st.none() | type_names, nil=st.booleans()) | st.builds(
    AttributeValue, type=st.none() | type_names, xml=st.sampled_from([_BUILT, _BUILT + _BUILT])
)
stated = st.builds(
    Attribute,
    name=words,
    values=st.lists(values, max_size=3).map(tuple),
    name_format=maybe_text,
    friendly_name=maybe_text,
)
statements = st.builds(AttributeStatement, attributes=st.lists(stated, max_size=3).map(tuple))
assertions = st.builds(
    Assertion,
    id=words,
    issue_instant=moments,
    issuer=name_ids,
    version=words,
    subject=st.none() | subjects,
    conditions=st.none() | conditions,
    authn_statements=st.lists(logins, max_size=2).map(tuple),
    attribute_statements=st.lists(statements, max_size=2).map(tuple),
    passed_over=st.just(()),
)
statuses = st.builds(
    Status,
    codes=st.lists(words, max_size=7).map(lambda codes: (SUCCESS, *codes)),
    message=maybe_text,
)
responses = st.builds(
    Response,
    id=words,
    issue_instant=moments,
    status=statuses,
    version=words,
    destination=maybe_text,
    in_response_to=maybe_text,
    consent=maybe_text,
    issuer=st.none() | name_ids,
    assertions=st.lists(assertions, max_size=2).map(tuple),
    encrypted_assertions=st.just(0),
)
requests = st.builds(
    AuthnRequest,
    id=words,
    issue_instant=moments,
    version=words,
    destination=maybe_text,
    consent=maybe_text,
    issuer=st.none() | name_ids,
    assertion_consumer_service_url=maybe_text,
    assertion_consumer_service_index=st.none() | indexes,
    protocol_binding=maybe_text,
    attribute_consuming_service_index=st.none() | indexes,
    provider_name=maybe_text,
    force_authn=maybe_flag,
    is_passive=maybe_flag,
    subject=st.none() | subjects,
    name_id_policy=st.none()
    | st.builds(NameIDPolicy, format=maybe_text, sp_name_qualifier=maybe_text, allow_create=maybe_flag),
    requested_authn_context=st.none()
    | st.builds(RequestedAuthnContext, class_refs=audiences, decl_refs=audiences, comparison=maybe_text),
    passed_over=st.just(()),
)

locations = st.sampled_from(
    ["https://idp.example.org/sso", "http://localhost:8080/acs", "https://x.example?so=00D&sc=0LE", "HTTPS://X/%C3%A9"]
)
bindings = st.sampled_from([POST, REDIRECT])
endpoints = st.builds(Endpoint, binding=bindings, location=locations, response_location=st.none() | locations)
indexed = st.builds(
    IndexedEndpoint,
    binding=bindings,
    location=locations,
    index=indexes,
    is_default=maybe_flag,
    response_location=st.none() | locations,
)


@cache
def _elliptic() -> PublicKey:
    return PublicKey(spki(ec_test_key("p256")))


certificates = st.sampled_from(["idp", "sp", "old"]).map(certificate)
key_values = st.builds(_elliptic)
keys = st.builds(
    KeyDescriptor,
    certificates=st.lists(certificates, min_size=1, max_size=2).map(tuple),
    use=st.sampled_from([None, "signing", "encryption"]),
    key_value=st.none() | key_values,
    key_names=st.lists(texts, max_size=2).map(tuple),
    encryption_methods=st.lists(words, max_size=2).map(tuple),
)
durations = st.none() | st.integers(0, 10**9).map(lambda seconds: timedelta(seconds=seconds))
common = {
    "single_logout_services": st.lists(endpoints, max_size=2).map(tuple),
    "name_id_formats": audiences,
    "valid_until": maybe_moment,
    "cache_duration": durations,
}
identity_providers = st.builds(
    IDPSSODescriptor,
    key_descriptors=st.tuples(st.builds(KeyDescriptor, certificates=certificates.map(lambda each: (each,))), keys),
    single_sign_on_services=st.lists(endpoints, max_size=2).map(tuple),
    want_authn_requests_signed=maybe_flag,
    **common,
)
service_providers = st.builds(
    SPSSODescriptor,
    key_descriptors=st.lists(keys, max_size=2).map(tuple),
    assertion_consumer_services=st.lists(indexed, max_size=3).map(tuple),
    authn_requests_signed=maybe_flag,
    want_assertions_signed=maybe_flag,
    **common,
)
entities = st.builds(
    EntityDescriptor,
    entity_id=words,
    idp=st.none() | identity_providers,
    sp=st.none() | service_providers,
    valid_until=maybe_moment,
    cache_duration=durations,
    id=maybe_word,
)
