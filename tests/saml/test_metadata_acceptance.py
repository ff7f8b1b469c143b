"""Accepting metadata: a fresh document that is good, changed in one place by each test."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from ssolab.core.findings import ConfigError, InputError, Opinion, Severity
from ssolab.core.keys import PublicKey
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import parse
from ssolab.saml.metadata import Endpoint, EntityDescriptor, IDPSSODescriptor, KeyDescriptor, SPSSODescriptor
from ssolab.saml.metadata_acceptance import AcceptedMetadata, MetadataExpected, accept_metadata
from ssolab.saml.metadata_groups import EntitiesDescriptor, write_metadata
from ssolab.saml.names import REDIRECT
from tests.keys import test_key as rsa_key
from tests.saml.metadata_documents import documents
from tests.saml.samples import IDP, NOW, SP, SSO, certificate, credential, trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

    from ssolab.core.findings import Finding, Report
    from ssolab.core.xmltree import Element

DAY = timedelta(days=1)
DS = "http://www.w3.org/2000/09/xmldsig#"


def key(name: str, use: str | None = "signing") -> KeyDescriptor:
    return KeyDescriptor(certificates=(certificate(name),), use=use)


def spki(public: PublicKeyTypes) -> PublicKey:
    return PublicKey(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def bare(public: PublicKeyTypes) -> KeyDescriptor:
    return KeyDescriptor(key_value=spki(public), use="signing")


def idp(*keys: KeyDescriptor, **changes: Any) -> EntityDescriptor:
    role = IDPSSODescriptor(key_descriptors=keys or (key("idp"),), single_sign_on_services=(Endpoint(REDIRECT, SSO),))
    settled = EntityDescriptor(entity_id=IDP, idp=role, valid_until=NOW + 7 * DAY, id="_1")
    return replace(settled, **changes)


def signed(
    metadata: EntityDescriptor | EntitiesDescriptor,
    by: str = "other",
    change: Callable[[Element], object] = lambda _root: None,
    after: Callable[[Element], object] = lambda _root: None,
) -> bytes:
    root = parse(write_metadata(metadata), "draft")
    change(root)
    sign(root, credential(by))
    after(root)
    document: bytes = etree.tostring(root)
    return document


def judged(document: bytes, **changes: Any) -> Report[AcceptedMetadata]:
    settled = MetadataExpected(
        now=NOW, trusted=(trust("other"),), entity_id=IDP, role="idp", opinions=False, document="partner.xml"
    )
    return accept_metadata(document, replace(settled, **changes))


def codes(report: Report[AcceptedMetadata]) -> set[str]:
    return {found.code for found in report.findings}


def only(report: Report[AcceptedMetadata]) -> Finding:
    (found,) = report.findings
    return found


def test_signed_metadata_is_believed_under_a_pinned_key() -> None:
    report = judged(signed(idp()), opinions=True)
    assert report.findings == ()
    assert report.principal is not None
    assert report.principal.entity == idp()
    assert [each.public.sha256 for each in report.principal.keys] == [certificate("idp").spki_sha256]
    assert report.principal.valid_until == NOW + 7 * DAY
    assert report.principal.signer == trust("other")
    assert report.signature is not None
    assert report.signature.key == certificate("other").spki_sha256
    assert set(report.verifiers.values()) == {Opinion.ACCEPTED}
    assert {"ssolab", "signxml", "xmlsec"} <= set(report.verifiers)


def test_the_certificate_around_the_pinned_key_does_not_count() -> None:
    old = trust("other", not_before=NOW - 900 * DAY, not_after=NOW - 800 * DAY)
    assert judged(signed(idp()), trusted=(old,)).findings == ()


@pytest.mark.parametrize("place", range(3))
def test_any_of_several_pinned_keys_may_have_signed(place: int) -> None:
    keys = [trust("old"), trust("new"), trust("sp")]
    keys[place] = trust("other")
    assert judged(signed(idp()), trusted=tuple(keys)).accepted


def test_metadata_signed_by_an_unknown_key_is_refused() -> None:
    report = judged(signed(idp(), by="foreign"))
    assert report.principal is None
    assert codes(report) == {"key-not-trusted", "unverified-content"}
    assert report.signature is None


def test_metadata_signed_by_its_own_key_is_not_believed_for_that() -> None:
    assert "key-not-trusted" in codes(judged(signed(idp(), by="idp")))


def test_metadata_changed_after_signing_is_refused() -> None:
    def swap(root: Element) -> None:
        (holder,) = root.iterfind(f".//{{*}}IDPSSODescriptor//{{{DS}}}X509Certificate")
        holder.text = certificate("foreign").base64

    report = judged(signed(idp(), after=swap))
    assert report.principal is None
    assert "digest-mismatch" in codes(report)


def test_a_transform_that_leaves_roles_out_is_refused() -> None:
    # facts/attacks.md M-03
    def leave_out(root: Element) -> None:
        (transforms,) = root.iter(f"{{{DS}}}Transforms")
        etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116")

    assert judged(signed(idp(), after=leave_out)).principal is None


def test_unsigned_metadata_is_refused_where_a_key_is_pinned() -> None:
    report = judged(write_metadata(idp()))
    assert report.principal is None
    assert codes(report) == {"unsigned-metadata"}


def test_an_unsigned_file_is_used_with_a_warning_where_it_is_welcome() -> None:
    report = judged(write_metadata(idp()), unsigned=True)
    assert only(report).severity is Severity.WARNING
    assert report.accepted


def test_a_signature_that_is_there_counts_also_where_unsigned_is_welcome() -> None:
    assert not judged(signed(idp(), by="foreign"), unsigned=True).accepted


def test_a_file_without_pinned_key_is_used_and_the_report_says_so() -> None:
    report = judged(write_metadata(idp()), trusted=(), unsigned=True)
    assert only(report).code == "unverified-metadata"
    assert only(report).severity is Severity.INFO
    assert report.accepted
    assert report.verifiers == {"ssolab": Opinion.NOT_APPLICABLE}


def test_without_pinned_key_and_without_welcome_nothing_is_judged() -> None:
    with pytest.raises(ConfigError, match="no key is pinned for its signature; pin the key"):
        judged(signed(idp()), trusted=())


@pytest.mark.parametrize(
    ("document", "says"),
    [(b"", "nothing in it"), (b"<a/>", "no SAML 2.0 metadata"), (b'<!DOCTYPE a><a b="1"/>', "DOCTYPE")],
)
def test_what_is_no_metadata_is_refused_in_one_line(document: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        judged(document)


# ---- which entity, which role ---------------------------------------------------------------------------------------


def group(*members: EntityDescriptor | EntitiesDescriptor, **changes: Any) -> EntitiesDescriptor:
    return replace(EntitiesDescriptor(members=members, id="_group"), **changes)


def test_the_entity_is_picked_out_of_a_signed_group() -> None:
    report = judged(signed(group(idp(entity_id="https://a", id=None), group(idp(id=None), id=None))), opinions=True)
    assert report.findings == ()
    assert report.principal is not None
    assert report.principal.entity.entity_id == IDP
    assert dict(report.verifiers) == {"ssolab": Opinion.ACCEPTED}


def test_an_entity_that_is_signed_itself_is_believed_inside_an_unsigned_group() -> None:
    root = parse(write_metadata(group(idp(entity_id="https://a", id="_2"))), "group")
    root.append(parse(signed(idp()), "entity"))
    report = judged(etree.tostring(root))
    assert report.findings == ()
    assert report.accepted


def test_the_signature_of_another_entity_proves_nothing() -> None:
    root = parse(write_metadata(group(idp(id="_2"))), "group")
    root.append(parse(signed(idp(entity_id="https://a")), "entity"))
    assert codes(judged(etree.tostring(root))) == {"unsigned-metadata"}


@pytest.mark.parametrize("wanted", [IDP + "/", IDP.upper(), "https://other"])
def test_entity_ids_are_compared_to_the_letter(wanted: str) -> None:
    report = judged(signed(idp()), entity_id=wanted)
    assert only(report).code == "entity-not-in-metadata"
    assert only(report).observed == IDP


def test_an_entity_that_stands_twice_is_not_guessed_at() -> None:
    twice = signed(group(idp(id=None), idp(key("foreign"), id=None)))
    assert codes(judged(twice)) == {"entity-in-metadata-ambiguous"}


def test_one_of_several_entities_has_to_be_named() -> None:
    several = signed(group(idp(id=None), idp(entity_id="https://a", id=None)))
    assert codes(judged(several, entity_id=None)) == {"entity-in-metadata-ambiguous"}
    assert judged(signed(group(idp(id=None))), entity_id=None).accepted


def test_the_wanted_role_has_to_be_there() -> None:
    assert codes(judged(signed(idp()), role="sp")) == {"role-not-in-metadata"}
    other = EntityDescriptor(entity_id=IDP, id="_1", sp=SPSSODescriptor())
    assert codes(judged(signed(other))) == {"role-not-in-metadata"}


def test_a_role_that_stands_twice_is_not_guessed_at() -> None:
    def twice(root: Element) -> None:
        root.append(parse(etree.tostring(root[0]), "role"))

    assert codes(judged(signed(idp(), change=twice))) == {"role-in-metadata-ambiguous"}


# ---- keys -----------------------------------------------------------------------------------------------------------


def test_several_keys_serve_what_their_use_says() -> None:
    keys = (key("idp"), key("old", "encryption"), key("new", None))
    report = judged(signed(idp(*keys)))
    assert report.principal is not None
    assert [each.certificate for each in report.principal.keys] == [certificate("idp"), certificate("new")]


@pytest.mark.parametrize("use", ["encryption", None])
def test_a_role_without_a_key_to_verify_with_is_no_trust(use: str | None) -> None:
    named = KeyDescriptor(key_names=("k",), use="signing") if use is None else key("idp", use)
    report = judged(signed(idp(named)))
    assert codes(report) == {"metadata-without-signing-key"}


def test_a_service_provider_that_signs_needs_a_key_and_another_needs_none() -> None:
    silent = EntityDescriptor(entity_id=SP, id="_1", sp=SPSSODescriptor(authn_requests_signed=False))
    signing = replace(silent, sp=SPSSODescriptor(authn_requests_signed=True))
    assert judged(signed(silent), entity_id=SP, role="sp").findings == ()
    assert codes(judged(signed(signing), entity_id=SP, role="sp")) == {"metadata-without-signing-key"}


@pytest.mark.parametrize("text", ["", "AAAA", "-----BEGIN CERTIFICATE-----"])
def test_an_empty_or_damaged_certificate_is_refused(text: str) -> None:
    def damage(root: Element) -> None:
        (holder,) = root.iter(f"{{{DS}}}X509Certificate")
        holder.text = text

    report = judged(signed(idp(), change=damage))
    assert codes(report) == {"unreadable-metadata"}
    assert "line" in only(report).message


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "/sso", "file:///etc/passwd"])
def test_an_address_that_is_not_http_is_refused(address: str) -> None:
    def point(root: Element) -> None:
        (sso,) = root.iter("{*}SingleSignOnService")
        sso.set("Location", address)

    report = judged(signed(idp(), change=point))
    assert only(report).code == "endpoint-not-http"
    assert only(report).observed == address


MODULUS = rsa_key("idp").public_key().public_numbers().n


def rsa_spki(exponent: int, modulus: int = MODULUS) -> PublicKey:
    """The SubjectPublicKeyInfo of an RSA key that no library would make."""

    def der(tag: int, body: bytes) -> bytes:
        size = len(body)
        length = size.to_bytes((size.bit_length() + 7) // 8)
        return bytes([tag, *([size] if size < 128 else [0x80 + len(length), *length])]) + body

    def number(value: int) -> bytes:
        return der(2, value.to_bytes(value.bit_length() // 8 + 1))

    algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
    return PublicKey(der(0x30, algorithm + der(3, b"\0" + der(0x30, number(modulus) + number(exponent)))))


@pytest.mark.parametrize(
    ("public", "code", "severity"),
    [
        (rsa_spki(65537), None, None),
        (rsa_spki(3), None, None),
        (spki(rsa_key("legacy", 1024).public_key()), "weak-metadata-key", Severity.WARNING),
        (rsa_spki(65537, (1 << 1000) + 1), "weak-metadata-key", Severity.ERROR),
        (rsa_spki(1), "weak-metadata-key", Severity.ERROR),
        (rsa_spki(65536), "weak-metadata-key", Severity.ERROR),
        (rsa_spki((1 << 900) + 1), "oversized-metadata-key", Severity.ERROR),
        (rsa_spki(65537, (1 << 8191) + 1), None, None),
        (rsa_spki(65537, (1 << 8192) + 1), "oversized-metadata-key", Severity.ERROR),
        (rsa_spki(65537, (1 << 40_000) + 1), "oversized-metadata-key", Severity.ERROR),
        (spki(ec.generate_private_key(ec.SECP192R1()).public_key()), "weak-metadata-key", Severity.ERROR),
        (spki(ec.generate_private_key(ec.SECP256R1()).public_key()), None, None),
        (spki(ed25519.Ed25519PrivateKey.generate().public_key()), "unusable-metadata-key", Severity.WARNING),
        (PublicKey(b"\x30\x00"), "unusable-metadata-key", Severity.WARNING),
    ],
)  # fmt: skip
def test_a_key_that_proves_nothing_or_costs_too_much_is_reported(
    public: PublicKey, code: str | None, severity: Severity | None
) -> None:
    beside = KeyDescriptor(key_value=public, use="signing")
    report = judged(signed(idp(key("idp"), beside)))
    assert [(each.code, each.severity) for each in report.findings] == ([] if code is None else [(code, severity)])
    assert report.accepted == (severity is not Severity.ERROR)
    if report.principal is not None:
        count = 1 if code == "unusable-metadata-key" else 2
        assert len(report.principal.keys) == count


def test_a_role_with_nothing_but_keys_of_other_kinds_is_no_trust() -> None:
    report = judged(signed(idp(bare(ed25519.Ed25519PrivateKey.generate().public_key()))))
    assert codes(report) == {"unusable-metadata-key", "metadata-without-signing-key"}
    assert not report.accepted


def test_several_certificates_in_one_key_are_warned_of_and_the_first_counts() -> None:
    report = judged(signed(idp(KeyDescriptor(certificates=(certificate("idp"), certificate("new"))))))
    assert only(report).code == "several-certificates-in-key"
    assert report.principal is not None
    assert [each.certificate for each in report.principal.keys] == [certificate("idp")]


# ---- time -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("left", "accepted"), [(timedelta(milliseconds=1), True), (timedelta(0), False)])
@pytest.mark.parametrize("holder", ["group", "inner group", "entity", "role"])
def test_the_earliest_valid_until_of_group_entity_and_role_decides(
    holder: str, left: timedelta, *, accepted: bool
) -> None:
    end, late = NOW + left, NOW + 30 * DAY
    entity = idp(id=None, valid_until=end if holder == "entity" else late)
    assert entity.idp is not None
    entity = replace(entity, idp=replace(entity.idp, valid_until=end if holder == "role" else None))
    inner = group(entity, id=None, valid_until=end if holder == "inner group" else None)
    report = judged(signed(group(inner, valid_until=end if holder == "group" else late)))
    assert report.accepted == accepted
    assert codes(report) == (set() if accepted else {"metadata-expired"})
    if report.principal is not None:
        assert report.principal.valid_until == end


def test_the_dates_of_another_entity_do_not_count() -> None:
    gone = idp(entity_id="https://a", id=None, valid_until=NOW - DAY)
    assert judged(signed(group(gone, idp(id=None)))).accepted


def test_a_valid_until_that_is_no_moment_is_refused() -> None:
    report = judged(signed(idp(), change=lambda root: root.set("validUntil", "T16=7:00")))
    assert codes(report) == {"unreadable-metadata"}


@pytest.mark.parametrize(("until", "warned"), [(NOW + 14 * DAY, False), (NOW + 15 * DAY, True), (None, True)])
def test_a_validity_beyond_the_policy_is_warned_of(until: datetime | None, *, warned: bool) -> None:
    report = judged(signed(idp(valid_until=until)), longest=14 * DAY)
    assert codes(report) == ({"metadata-valid-too-long"} if warned else set())
    assert report.accepted


@pytest.mark.parametrize(("age", "warned"), [(timedelta(hours=4), False), (timedelta(hours=5), True)])
def test_a_stale_copy_is_warned_of_and_used(age: timedelta, *, warned: bool) -> None:
    report = judged(signed(idp(cache_duration=timedelta(hours=4))), fetched=NOW - age)
    assert codes(report) == ({"metadata-stale"} if warned else set())
    assert report.accepted


def held(**changes: Any) -> AcceptedMetadata:
    found = judged(signed(idp(**changes))).principal
    assert found is not None
    return found


@pytest.mark.parametrize(("until", "refused"), [(8, False), (7, False), (6, True), (None, True)])
def test_metadata_that_expires_before_the_copy_in_use_is_a_step_back(until: int | None, *, refused: bool) -> None:
    later = None if until is None else NOW + until * DAY
    report = judged(signed(idp(key("new"), valid_until=later)), held=held())
    assert codes(report) == ({"metadata-rolled-back"} if refused else set())


@pytest.mark.parametrize(
    ("before", "after", "refused"),
    [
        ("F20270103T0900Z", "F20270104T0900Z", False),
        ("F20270104", "F20270103", True),
        ("F20270104", "F20270104", False),
        ("F20270104", "G20270103", False),
        ("_938271", "_138271", False),
        ("_a", "_9", False),
    ],
)
def test_an_id_with_an_earlier_date_is_a_step_back(before: str, after: str, *, refused: bool) -> None:
    old = held(id=before, valid_until=None)
    report = judged(signed(idp(id=after, valid_until=None)), held=old)
    assert codes(report) == ({"metadata-rolled-back"} if refused else set())


def test_every_refusal_says_what_to_change() -> None:
    report = judged(signed(idp(valid_until=datetime(2020, 1, 1, tzinfo=UTC))))
    assert only(report).message == "partner.xml is expired"
    assert only(report).expected == "read before 2020-01-01T00:00:00Z"
    assert only(report).cites == "SAML2Meta 2.3.1"


def test_a_group_of_a_thousand_entities_is_judged() -> None:
    members = (idp(entity_id=f"https://{number}", id=None) for number in range(1000))
    report = judged(signed(group(*members, idp(id=None))), opinions=True)
    assert report.findings == ()
    assert report.accepted


def test_the_keys_that_these_tests_build_have_the_right_shape() -> None:
    assert isinstance(rsa_spki(65537).crypto, rsa.RSAPublicKey)


@pytest.mark.parametrize(("count", "refused"), [(64, False), (65, True), (20_000, True)])
def test_more_keys_than_anybody_needs_are_refused_before_they_are_read(count: int, *, refused: bool) -> None:
    one = write_metadata(idp(KeyDescriptor(key_names=("k",), use="signing")), indent=None)
    begin, end = one.index(b"<md:KeyDescriptor"), one.index(b"</md:KeyDescriptor>") + len(b"</md:KeyDescriptor>")
    good = write_metadata(idp(), indent=None)
    real = good[good.index(b"<md:KeyDescriptor") : good.index(b"</md:KeyDescriptor>") + len(b"</md:KeyDescriptor>")]
    document = one[:begin] + real + one[begin:end] * (count - 1) + one[end:]
    report = judged(document, trusted=(), unsigned=True)
    assert ("metadata-keys-too-many" in codes(report)) == refused
    assert report.accepted != refused


def test_ten_thousand_bad_addresses_are_not_all_listed() -> None:
    def many(root: Element) -> None:
        (sso,) = root.iter("{*}SingleSignOnService")
        sso.set("Location", "javascript:alert(1)")
        for _ in range(10_000):
            sso.addnext(parse(etree.tostring(sso, with_tail=False), "sso"))

    assert len(judged(signed(idp(), change=many)).findings) == 20


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents, st.data())
def test_damaged_documents_are_judged_or_refused_and_never_more(document: bytes, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(document)))
        end = data.draw(st.integers(start, min(len(document), start + 40)))
        document = document[:start] + data.draw(st.binary(max_size=8)) + document[end:]
    said, report = "", None
    try:
        report = judged(document, trusted=(), unsigned=True, entity_id=None, role=None)
    except InputError as error:
        said = str(error)
    assert "\n" not in said
    assert said or (report is not None and report.accepted == (not report.errors))


@pytest.mark.parametrize("place", ["md:Extensions", "md:KeyDescriptor"])
def test_two_hundred_levels_of_somebody_elses_elements_are_carried(place: str) -> None:
    inside = "<x:a>" * 200 + "</x:a>" * 200
    inside = inside if place == "md:Extensions" else f"<ds:KeyInfo><ds:KeyName>k</ds:KeyName>{inside}</ds:KeyInfo>"
    good = write_metadata(idp(), indent=None).decode()
    head, tail = good.split("<md:KeyDescriptor", 1)
    deep = f'{head}<{place} xmlns:x="urn:x">{inside}</{place}><md:KeyDescriptor{tail}'
    report = judged(deep.encode(), trusted=(), unsigned=True)
    assert report.principal is not None
    written = parse(write_metadata(report.principal.entity), "written")
    assert sum(1 for _ in written.iter("{urn:x}a")) == 200
