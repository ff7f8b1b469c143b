"""Everything in the metadata schema survives a read and a write: the property over documents that use all of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from ssolab.core.findings import InputError
from ssolab.core.xmltree import parse
from ssolab.saml.kept import Carried, Kept
from ssolab.saml.metadata import EntityDescriptor, read_entity
from ssolab.saml.metadata_groups import EntitiesDescriptor, read_metadata, write_metadata
from ssolab.saml.names import PROTOCOL
from tests.saml.metadata_documents import documents
from tests.saml.samples import certificate
from tests.saml.test_schema import complaints

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element

MD = "{urn:oasis:names:tc:SAML:2.0:metadata}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
ROLES = {f"{MD}{name}" for name in (
    "SPSSODescriptor", "IDPSSODescriptor", "RoleDescriptor", "AuthnAuthorityDescriptor",
    "AttributeAuthorityDescriptor", "PDPDescriptor",
)}  # fmt: skip


def content(element: Element) -> Any:
    """What an element says, without prefixes, white space between elements, comments, signatures and role order."""
    attributes = {str(name): str(value) for name, value in element.attrib.items()}
    if (named := attributes.get(TYPE)) is not None:
        prefix, _, name = named.rpartition(":")
        attributes[TYPE] = f"{{{element.nsmap.get(prefix or None)}}}{name}"
    inside: list[Any] = [element.text or ""]
    for child in element.iterchildren("*"):
        if child.tag != f"{DS}Signature":
            inside += [content(child), child.tail or ""]
    if len(inside) > 1:
        inside = [each for each in inside if not isinstance(each, str) or each.strip()]
    if element.tag == f"{MD}EntityDescriptor":
        inside.sort(key=lambda each: str(each[0]) if each[0] in ROLES else "")
        first = [each for each in inside if each[0] == f"{MD}Extensions"]
        inside = first + [each for each in inside if each[0] in ROLES] + [
            each for each in inside if each[0] not in ROLES and each not in first
        ]  # fmt: skip
    return element.tag, sorted(attributes.items()), inside


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(documents)
def test_documents_of_the_whole_schema_are_valid_and_survive_a_read_and_a_write(document: bytes) -> None:
    assert complaints(document, "saml-schema-metadata-2.0.xsd") == ""
    read = read_metadata(document, "generated")
    for indent in (2, None):
        written = write_metadata(read, indent=indent)
        assert complaints(written, "saml-schema-metadata-2.0.xsd") == ""
        assert read_metadata(written, "written") == read
        assert content(parse(written, "written")) == content(parse(document, "generated"))


def described(inside: str) -> bytes:
    declared = f'xmlns:md="{MD[1:-1]}" xmlns:ds="{DS[1:-1]}" xmlns:x="urn:x"'
    return f'<md:EntityDescriptor {declared} entityID="https://e">{inside}</md:EntityDescriptor>'.encode()


def sp(inside: str) -> bytes:
    return described(f'<md:SPSSODescriptor protocolSupportEnumeration="{PROTOCOL}">{inside}</md:SPSSODescriptor>')


def key(inside: str, *after: str) -> str:
    return f"<md:KeyDescriptor><ds:KeyInfo>{inside}</ds:KeyInfo>{''.join(after)}</md:KeyDescriptor>"


CERTIFICATE = f"<ds:X509Data><ds:X509Certificate>{certificate('sp').base64}</ds:X509Certificate></ds:X509Data>"


def test_what_a_key_says_of_itself_is_kept_beside_it() -> None:
    named = "<ds:X509Data><ds:X509SubjectName>CN=a</ds:X509SubjectName></ds:X509Data>"
    method = '<md:EncryptionMethod Algorithm="urn:a"><ds:DigestMethod Algorithm="urn:d"/></md:EncryptionMethod>'
    entity = read_entity(sp(key(CERTIFICATE + named, method)), "partner.xml")
    assert entity.sp is not None
    (descriptor,) = entity.sp.key_descriptors
    assert (descriptor.certificates, descriptor.encryption_methods) == ((certificate("sp"),), ("urn:a",))
    written = write_metadata(entity)
    assert b"X509SubjectName" in written
    assert b'DigestMethod Algorithm="urn:d"' in written


def test_a_key_that_was_replaced_is_not_written_as_it_was_read() -> None:
    entity = read_entity(sp(key("<ds:MgmtData>m</ds:MgmtData>" + CERTIFICATE)), "partner.xml")
    assert entity.sp is not None
    (descriptor,) = entity.sp.key_descriptors
    swapped = replace(descriptor, certificates=(certificate("new"),))
    written = write_metadata(replace(entity, sp=replace(entity.sp, key_descriptors=(swapped,))))
    assert certificate("new").base64.encode() in written
    assert certificate("sp").base64.encode() not in written


@pytest.mark.parametrize(
    "kind",
    ['<ds:RetrievalMethod URI="https://evil.example/key"/>', "<x:Token>t</x:Token>", "<ds:MgmtData>m</ds:MgmtData>"],
)
def test_a_key_that_is_only_referred_to_is_passed_on_and_is_no_trust(kind: str) -> None:
    entity = read_entity(sp(key(kind)), "partner.xml")
    assert entity.sp is not None
    assert entity.sp.key_descriptors[0].public is None
    assert entity.sp.trusted_keys("https://e") == ()
    assert read_entity(write_metadata(entity), "again") == entity


def test_a_signature_is_not_written_again() -> None:
    entity = read_entity(described("<ds:Signature/>"), "partner.xml")
    assert b"Signature" not in write_metadata(entity)


def test_children_in_an_odd_order_are_written_in_the_right_one() -> None:
    entity = read_entity(described("<md:ContactPerson/><md:Organization/><md:Extensions/>"), "partner.xml")
    names = [each.name.rpartition("}")[2] for each in entity.carried.elements]
    assert names == ["Extensions", "Organization", "ContactPerson"]
    assert read_entity(write_metadata(entity), "again") == entity


def test_prefixes_that_a_text_means_are_declared_where_it_stands() -> None:
    text = '<md:Extensions><x:a><x:b xmlns:p="urn:p" mark="p:m">p:n</x:b></x:a></md:Extensions>'
    written = parse(write_metadata(read_entity(described(text), "partner.xml")), "written")
    (found,) = written.iter("{urn:x}b")
    assert (found.text, found.get("mark"), found.nsmap["p"]) == ("p:n", "p:m", "urn:p")


def test_a_comment_does_not_cut_a_kept_text() -> None:
    entity = read_entity(described("<md:Extensions><x:a>one<!-- c -->two</x:a></md:Extensions>"), "partner.xml")
    assert entity.carried.elements[0].elements[0].text == "onetwo"


def test_a_control_character_in_a_kept_value_is_refused() -> None:
    entity = EntityDescriptor(entity_id="e", carried=Carried(elements=(Kept("{urn:x}a", content=("\1",)),)))
    with pytest.raises(InputError, match="control character"):
        write_metadata(entity)


def test_a_group_gives_its_entities_in_order() -> None:
    inside = "".join(f'<md:EntityDescriptor entityID="{name}"/>' for name in "ab")
    start, end = "<md:EntitiesDescriptor>", "</md:EntitiesDescriptor>"
    text = f'<md:EntitiesDescriptor xmlns:md="{MD[1:-1]}">{inside}{start}{inside}{end}{end}'
    group = read_metadata(text.encode(), "federation.xml")
    assert isinstance(group, EntitiesDescriptor)
    assert [each.entity_id for each in group.entities()] == ["a", "b", "a", "b"]


def test_a_document_that_is_no_metadata_is_refused() -> None:
    with pytest.raises(InputError, match=r"the root element is samlp:Response.*give a document whose root is"):
        read_metadata(b'<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol"/>', "response.xml")


def test_two_hundred_groups_inside_each_other_are_read() -> None:
    start, end = "<md:EntitiesDescriptor>", "</md:EntitiesDescriptor>"
    text = f'<md:EntitiesDescriptor xmlns:md="{MD[1:-1]}">' + 200 * start + 200 * end + end
    group = read_metadata(text.encode(), "deep.xml")
    assert read_metadata(write_metadata(group, indent=None), "again") == group


SAMPLE = Path(__file__).resolve().parents[2] / "metadata"
FILES = sorted(file for file in SAMPLE.rglob("*.xml") if b"EntityDescriptor" in file.read_bytes())


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_every_metadata_file_of_the_sample_says_the_same_when_it_is_written_again(file: Path) -> None:
    document = file.read_bytes()
    written = write_metadata(read_metadata(document, file.name))
    assert content(parse(written, "written")) == content(parse(document, file.name))
