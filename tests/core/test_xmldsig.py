"""Signing and verifying, with signxml and xmlsec as oracles both ways, and what a refusal explains."""

from __future__ import annotations

import base64
import copy
import dataclasses
import random
from typing import TYPE_CHECKING, Any, Final

import pytest
import xmlsec
from cryptography.hazmat.primitives import serialization
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from ssolab.core import xmldsig
from ssolab.core.findings import ConfigError, InputError
from ssolab.core.keys import SIGNATURE_ALGORITHMS, Permission, PublicKey, SigningCredential, TrustedKey
from ssolab.core.selfsigned import name_of, self_signed
from ssolab.core.xmldsig import sign, sign_detached, verify, verify_detached
from ssolab.core.xmlplain import verify_plain
from ssolab.core.xmltree import DS, MD, SAML, SAMLP, Element, canonical, parse, serialise
from tests.core.signing import RESPONSE, assertion, credential, signed_response, trusted

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNER: Final = credential("idp")
FOREIGN: Final = credential("foreign")
LARGE_AND_CURVES: Final = {"RSA": credential("idp"), "EC": credential("p256")}
STRONG: Final = [row for row in SIGNATURE_ALGORITHMS.values() if row.hash != "sha1"]
PEM: Final = serialization.Encoding.PEM
SPKI: Final = serialization.PublicFormat.SubjectPublicKeyInfo
PKCS8: Final = serialization.PrivateFormat.PKCS8
C14N: Final = frozenset({Permission.INCLUSIVE_C14N})


def signature_of(element: Element) -> Element:
    found = element.find(f"{{{DS}}}Signature")
    assert found is not None
    return found


def xmlsec_accepts(element: Element, signer: SigningCredential) -> bool:
    context = xmlsec.SignatureContext()
    context.register_id(element, "ID")
    context.key = xmlsec.Key.from_memory(
        signer.public.crypto.public_bytes(PEM, SPKI), xmlsec.constants.KeyDataFormatPem
    )
    try:
        context.verify(signature_of(element))
    except xmlsec.Error:
        return False
    return True


def signed_by_xmlsec(  # noqa: PLR0913 -- what xmlsec lets one choose
    data: bytes,
    signer: SigningCredential,
    path: str,
    *,
    transform: Any,
    method: Any,
    prefixes: str = "",
    index: int = 1,
) -> bytes:
    """The element at *path* signed by xmlsec, with *transform* as canonicalisation of SignedInfo and Reference."""
    root = etree.fromstring(data)
    element = root.find(path)
    assert element is not None
    template = xmlsec.template.create(root, transform, method, ns="ds")
    element.insert(index, template)
    reference = xmlsec.template.add_reference(template, xmlsec.constants.TransformSha256, uri=f"#{element.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    node = xmlsec.template.add_transform(reference, transform)
    if prefixes:
        xmlsec.template.transform_add_c14n_inclusive_namespaces(node, prefixes.split())
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(template))
    context = xmlsec.SignatureContext()
    context.register_id(element, "ID")
    private = signer.private.private_bytes(PEM, PKCS8, serialization.NoEncryption())
    context.key = xmlsec.Key.from_memory(private, xmlsec.constants.KeyDataFormatPem)
    context.key.load_cert_from_memory(signer.certificate.pem.encode(), xmlsec.constants.KeyDataFormatCertPem)
    context.sign(template)
    return etree.tostring(root)


def codes(element: Element, *keys: SigningCredential, **options: Any) -> list[str]:
    return [found.code for found in verify(element, trusted(*keys), **options).findings]


@pytest.mark.parametrize("row", STRONG, ids=lambda row: row.name)
@pytest.mark.parametrize("what", ["assertion", "response"])
def test_what_we_sign_is_verified_by_xmlsec_by_signxml_and_by_us(row: Any, what: str) -> None:
    signer = LARGE_AND_CURVES[row.kind]
    root = parse(signed_response(signer, what=what, hash=row.hash, pss=row.pss), "x")
    element = assertion(root) if what == "assertion" else root
    verification = verify(element, trusted(signer))
    assert verification.findings == ()
    assert verification.signed is not None
    assert verification.signed.algorithm is row
    assert verification.signed.certificates == (signer.certificate.der,)
    assert xmlsec_accepts(element, signer)
    result = XMLVerifier().verify(
        serialise(root),
        cert_resolver=None,
        x509_cert=_in_date(signer),
        id_attribute="ID",
        expect_config=SignatureConfiguration(
            location=f"./{{{SAML}}}Assertion/" if what == "assertion" else "./",
            signature_methods=frozenset({SignatureMethod(row.uri)}),
        ),
    )
    assert isinstance(result, VerifyResult)
    assert result.signed_data == verification.signed.canonical


def _in_date(signer: SigningCredential) -> str:
    from datetime import UTC, datetime

    made = self_signed(
        private=signer.private,
        subject=name_of([("CN", "in date")]),
        serial=1,
        not_before=datetime(2020, 1, 1, tzinfo=UTC),
        not_after=datetime(2049, 1, 1, tzinfo=UTC),
    )
    return made.pem


@pytest.mark.parametrize("name", ["RSA_SHA256", "RSA_SHA512", "SHA256_RSA_MGF1", "ECDSA_SHA256", "ECDSA_SHA384"])
def test_what_signxml_signs_we_verify(name: str) -> None:
    signer = LARGE_AND_CURVES["EC" if name.startswith("EC") else "RSA"]
    root = etree.fromstring(RESPONSE)
    placeholder = etree.SubElement(root, f"{{{DS}}}Signature", Id="placeholder")
    root.insert(1, placeholder)
    made = XMLSigner(
        signature_algorithm=SignatureMethod[name],
        digest_algorithm=DigestAlgorithm.SHA384,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    ).sign(root, key=signer.private, cert=[_in_date(signer)], reference_uri="_r1", id_attribute="ID")
    root = parse(etree.tostring(made), "x")
    assert codes(root, signer) == []
    tampered = parse(etree.tostring(made).replace(b"amira@", b"admin@"), "x")
    assert codes(tampered, signer) == ["digest-mismatch"]


METHODS: Final = [
    ("RSA", xmlsec.constants.TransformRsaSha256),
    ("RSA", xmlsec.constants.TransformRsaSha384),
    ("RSA", xmlsec.constants.TransformRsaSha512),
    ("EC", xmlsec.constants.TransformEcdsaSha256),
    ("EC", xmlsec.constants.TransformEcdsaSha512),
]


@pytest.mark.parametrize(("kind", "method"), METHODS, ids=[method.name for _, method in METHODS])
def test_what_xmlsec_signs_we_verify(kind: str, method: Any) -> None:
    signer = LARGE_AND_CURVES[kind]
    data = signed_by_xmlsec(
        RESPONSE, signer, f"{{{SAML}}}Assertion", transform=xmlsec.constants.TransformExclC14N, method=method
    )
    assert codes(assertion(parse(data, "x")), signer) == []
    assert codes(assertion(parse(data.replace(b"amira@", b"admin@"), "x")), signer) == ["digest-mismatch"]


PREFIXED: Final = RESPONSE.replace(
    b"<samlp:Response", b'<samlp:Response xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:q="urn:q" xmlns="urn:d"'
).replace(b' xmlns:xs="http://www.w3.org/2001/XMLSchema"\n', b"\n")


@pytest.mark.parametrize("prefixes", ["xs", "xs q samlp", "absent"])
def test_a_prefix_list_takes_namespaces_of_the_ancestors_in(prefixes: str) -> None:
    exclusive, method = xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256
    path = f"{{{SAML}}}Assertion"
    theirs = signed_by_xmlsec(PREFIXED, SIGNER, path, transform=exclusive, method=method, prefixes=prefixes)
    verification = verify(assertion(parse(theirs, "x")), trusted(SIGNER))
    assert verification.findings == ()
    assert verification.signed is not None
    assert (b'xmlns:q="urn:q"' in verification.signed.canonical) == ("q" in prefixes.split())
    ours = parse(signed_response(SIGNER, data=PREFIXED, prefixes=prefixes), "x")
    assert codes(assertion(ours), SIGNER) == []
    assert xmlsec_accepts(assertion(ours), SIGNER)


def test_the_default_prefix_in_a_list_is_honoured_where_it_means_nothing_and_refused_where_it_does() -> None:
    exclusive, method = xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformRsaSha256
    path = f"{{{SAML}}}Assertion"
    for data, expected in ((RESPONSE, []), (PREFIXED, ["undefined-canonical-form"])):
        theirs = signed_by_xmlsec(data, SIGNER, path, transform=exclusive, method=method, prefixes="#default xs")
        assert codes(assertion(parse(theirs, "x")), SIGNER) == expected
    with pytest.raises(InputError, match="#default"):
        signed_response(SIGNER, data=PREFIXED, prefixes="#default")


@pytest.mark.parametrize(
    "data", [RESPONSE, PREFIXED, PREFIXED.replace(b"<samlp:Response", b'<samlp:Response xml:lang="en"')]
)
@pytest.mark.parametrize("path", [".", f"{{{SAML}}}Assertion"])
def test_inclusive_canonicalisation_is_understood_where_it_is_permitted(data: bytes, path: str) -> None:
    inclusive, method = xmlsec.constants.TransformInclC14N, xmlsec.constants.TransformRsaSha256
    signed = parse(signed_by_xmlsec(data, SIGNER, path, transform=inclusive, method=method), "x")
    element = signed if path == "." else assertion(signed)
    assert set(codes(element, SIGNER)) == {"inclusive-canonicalisation"}
    assert verify(element, trusted(SIGNER)).signed is None
    permitted = verify(element, trusted(SIGNER), permit=C14N)
    assert permitted.signed is not None
    assert {found.code for found in permitted.findings} == {"inclusive-canonicalisation"}


def test_a_reference_without_canonicalisation_means_the_inclusive_form() -> None:
    root = etree.fromstring(RESPONSE)
    inclusive = xmlsec.constants.TransformInclC14N
    template = xmlsec.template.create(root, inclusive, xmlsec.constants.TransformRsaSha256, ns="ds")
    root.insert(1, template)
    reference = xmlsec.template.add_reference(template, xmlsec.constants.TransformSha256, uri="#_r1")
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    context = xmlsec.SignatureContext()
    context.register_id(root, "ID")
    private = SIGNER.private.private_bytes(PEM, PKCS8, serialization.NoEncryption())
    context.key = xmlsec.Key.from_memory(private, xmlsec.constants.KeyDataFormatPem)
    context.sign(template)
    root = parse(etree.tostring(root), "x")
    assert verify(root, trusted(SIGNER)).signed is None
    assert verify(root, trusted(SIGNER), permit=C14N).signed is not None


ODD_DOCUMENTS: Final = {
    "ds is the prefix of something else": RESPONSE.replace(b"<samlp:Response", b'<samlp:Response xmlns:ds="urn:other"'),
    "xmldsig has another prefix": RESPONSE.replace(b"<samlp:Response", f'<samlp:Response xmlns:dsig="{DS}"'.encode()),
    "xmldsig is the default": RESPONSE.replace(b"<samlp:Response", f'<samlp:Response xmlns="{DS}"'.encode()),
    "both": RESPONSE.replace(b"<samlp:Response", f'<samlp:Response xmlns="{DS}" xmlns:dsig="{DS}"'.encode()),
    "carriage returns": RESPONSE.replace(b"\n", b"\r\n").replace(b"&amp;", b"&#13;"),
    "no Issuer": RESPONSE.replace(b"<saml:Issuer>https://idp.example.org</saml:Issuer>", b""),
    "comments": RESPONSE.replace(b"<saml:Issuer>", b"<!-- a --><saml:Issuer>").replace(b"amira", b"am<!-- -->ira"),
    "instructions": RESPONSE.replace(b"</saml:Subject>", b"</saml:Subject><?x <ds:Signature></ds:Signature>?>"),
    "quotes that look like an ID": RESPONSE.replace(b"amira@", b'x="_a1" y="_r1" amira@'),
    "ID with marks": RESPONSE.replace(b'ID="_a1"', 'ID="7é-a.1"'.encode()),
}


@pytest.mark.parametrize("data", ODD_DOCUMENTS.values(), ids=ODD_DOCUMENTS)
@pytest.mark.parametrize("what", ["assertion", "response", "both"])
def test_documents_of_odd_but_honest_form_are_signed_and_verified(data: bytes, what: str) -> None:
    root = parse(signed_response(SIGNER, what=what, data=data), "x")
    for element in {"assertion": [assertion(root)], "response": [root], "both": [root, assertion(root)]}[what]:
        assert codes(element, SIGNER) == []
        assert xmlsec_accepts(element, SIGNER)


@pytest.mark.parametrize("data", [*ODD_DOCUMENTS.values(), RESPONSE, PREFIXED])
@pytest.mark.parametrize("prefixes", ["", "xs", "ds saml samlp xs xsi"])
def test_the_long_way_comes_to_the_same_as_the_short_one(
    data: bytes, prefixes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = parse(signed_response(SIGNER, what="both", data=data, prefixes=prefixes), "x")
    for element in (root, assertion(root)):
        short = verify(element, trusted(FOREIGN, SIGNER)).signed
        with monkeypatch.context() as patch:
            patch.setattr(xmldsig, "verify_plain", lambda *_: None)
            long = verify(element, trusted(FOREIGN, SIGNER)).signed
        assert short is not None
        assert long is not None
        assert (short.canonical, short.key, short.algorithm, short.id) == (
            long.canonical,
            long.key,
            long.algorithm,
            long.id,
        )


@pytest.mark.parametrize("prefixes", ["", "xs", "ds saml samlp xs xsi"])
def test_the_ordinary_message_takes_the_short_way(prefixes: str) -> None:
    root = parse(signed_response(SIGNER, what="both", data=PREFIXED, prefixes=prefixes), "x")
    assert verify_plain(root, trusted(SIGNER)) is not None
    assert verify_plain(assertion(root), trusted(SIGNER)) is not None


@pytest.mark.parametrize("prefixes", ["#default", "xs #default", "xs  xsi", "1xs", " ", "x:s", " ".join(["xs"] * 33)])
def test_an_unusual_prefix_list_takes_the_long_way(prefixes: str) -> None:
    root = parse(signed_response(SIGNER, prefixes=prefixes), "x")
    assert verify_plain(assertion(root), trusted(SIGNER)) is None


def test_metadata_is_signed_first_and_white_space_around_the_signature_counts() -> None:
    root = parse(
        f'<md:EntityDescriptor xmlns:md="{MD}" ID="_m">\n  <md:Organization/>\n</md:EntityDescriptor>'.encode(), "x"
    )
    sign(root, SIGNER, key_info=False)
    assert root[0].tag == f"{{{DS}}}Signature"
    assert codes(root, SIGNER) == []
    root[0].tail = "\n  "
    assert codes(root, SIGNER) == ["digest-mismatch"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda e: e.attrib.pop("ID"), "no ID"),
        (lambda e: sign(e, SIGNER), "signed already"),
        (lambda e: e.append(etree.Element("{rel}x")), "no canonical form"),
    ],
)
def test_what_cannot_be_signed_is_said(change: Callable[[Element], object], problem: str) -> None:
    element = assertion(parse(RESPONSE, "x"))
    change(element)
    before = serialise(element)
    with pytest.raises(InputError, match=problem):
        sign(element, SIGNER)
    assert serialise(element) == before


def test_signing_with_a_hash_that_does_not_exist_is_an_input_error() -> None:
    with pytest.raises(InputError, match="md5"):
        sign(parse(RESPONSE, "x"), SIGNER, hash="md5")


def test_signing_is_deterministic_with_pkcs_1_and_never_shows_the_private_key() -> None:
    assert signed_response(SIGNER) == signed_response(SIGNER)
    assert "PrivateKey" not in repr(SIGNER)


# What is believed


def test_only_what_was_digested_is_handed_out() -> None:
    root = parse(signed_response(SIGNER), "x")
    signed = verify(assertion(root), trusted(SIGNER)).signed
    assert signed is not None
    assert canonical(signed.element) == signed.canonical
    assert signed.element.getparent() is None
    assert signed.element.find(f".//{{{DS}}}Signature") is None
    subject = assertion(root).find(f"{{{SAML}}}Subject/{{{SAML}}}NameID")
    assert subject is not None
    subject.text = "admin@greenmoor.org"
    assert b"admin" not in serialise(signed.element)


def test_a_comment_that_splits_a_name_cannot_shorten_what_is_read() -> None:
    data = signed_response(SIGNER).replace(b"amira@greenmoor.org", b"amira@greenmoor.org<!-- -->.evil.example")
    assert codes(assertion(parse(data, "x")), SIGNER) == ["digest-mismatch"]
    honest = signed_response(SIGNER).replace(b"amira@", b"amira<!-- -->@")
    signed = verify(assertion(parse(honest, "x")), trusted(SIGNER)).signed
    assert signed is not None
    assert signed.element.findtext(f".//{{{SAML}}}NameID") == "amira@greenmoor.org"


def test_places_are_those_of_the_document_that_arrived() -> None:
    root = parse(signed_response(SIGNER, data=RESPONSE.replace(b"<saml:Subject>", b"<!-- -->\n<saml:Subject>")), "x")
    signed = verify(assertion(root), trusted(SIGNER), document="in.xml").signed
    assert signed is not None
    assert signed.where().path == "/samlp:Response/saml:Assertion"
    name_id = signed.element.find(f".//{{{SAML}}}NameID")
    assert name_id is not None
    place = signed.where(name_id, "Format")
    assert place.path == "/samlp:Response/saml:Assertion/saml:Subject/saml:NameID/@Format"
    assert place.document == "in.xml"
    arrived = root.find(f".//{{{SAML}}}NameID")
    assert arrived is not None
    assert place.line == int(str(arrived.sourceline))


# Trust by key


def test_the_order_of_the_trusted_keys_is_of_no_account_and_a_copy_of_the_key_is_the_key() -> None:
    root = parse(signed_response(SIGNER), "x")
    others = [credential("other"), credential("p256"), FOREIGN]
    for at in range(4):
        keys = trusted(*others[:at], SIGNER, *others[at:])
        signed = verify(assertion(root), keys).signed
        assert signed is not None
        assert signed.key is keys[at]


def test_the_certificate_around_the_key_is_of_no_account_but_the_one_in_the_message_is_preferred() -> None:
    renewed = TrustedKey.of(_certificate_again(SIGNER), source="renewed")
    root = parse(signed_response(SIGNER), "x")
    signed = verify(assertion(root), [renewed]).signed
    assert signed is not None
    assert signed.key.source == "renewed"
    both = [renewed, *trusted(SIGNER)]
    signed = verify(assertion(root), both).signed
    assert signed is not None
    assert signed.key is both[1]


def _certificate_again(signer: SigningCredential) -> Any:
    certificate = signer.certificate
    return self_signed(
        private=signer.private,
        subject=name_of([("CN", "renewed")]),
        serial=8,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
    )


def test_without_key_info_every_trusted_key_is_tried() -> None:
    root = parse(signed_response(SIGNER, key_info=False), "x")
    assert codes(assertion(root), FOREIGN, credential("p256"), SIGNER) == []


@pytest.mark.parametrize("keys", [[], [dataclasses.replace(trusted(SIGNER)[0], use="encryption")]])
def test_no_trusted_key_is_a_mistake_of_the_caller_and_never_a_pass(keys: list[TrustedKey]) -> None:
    for element in (assertion(parse(signed_response(SIGNER), "x")), parse(RESPONSE, "x")):
        with pytest.raises(ConfigError, match="trusted keys"):
            verify(element, keys)
    with pytest.raises(ConfigError, match="trusted keys"):
        verify_detached(b"", b"", "", keys)


def test_a_key_in_the_message_is_never_trusted_but_is_named() -> None:
    root = parse(signed_response(FOREIGN), "x")
    (found,) = verify(assertion(root), trusted(SIGNER)).findings
    assert found.code == "key-not-trusted"
    assert "signed by the key that KeyInfo shows" in found.message
    assert found.observed is not None
    assert found.observed.startswith("foreign (SPKI ")
    assert found.observed.endswith("known to us only from this message")
    assert found.subject is not None
    assert found.subject.spki_sha256 == FOREIGN.public.sha256


def test_a_key_that_we_know_is_named_by_its_holder_and_source_with_or_without_key_info() -> None:
    known = TrustedKey.of(FOREIGN.certificate, holder="https://old.example.org", source="retired.xml")
    for key_info in (True, False):
        root = parse(signed_response(FOREIGN, key_info=key_info), "x")
        (found,) = verify(assertion(root), trusted(SIGNER, credential("other")), known=[known]).findings
        assert found.code == "key-not-trusted"
        assert found.expected == "one of the 2 trusted keys"
        assert found.observed is not None
        assert found.observed.startswith("foreign, of https://old.example.org, from retired.xml (SPKI ")


def test_a_key_that_is_declared_for_encryption_only_is_said_to_be() -> None:
    keys = [*trusted(SIGNER), TrustedKey.of(FOREIGN.certificate, use="encryption")]
    (found,) = verify(assertion(parse(signed_response(FOREIGN), "x")), keys).findings
    assert found.code == "key-not-trusted"
    assert found.message.endswith("not trusted for signatures, only for encryption")


def test_a_stranger_without_key_info_leaves_nothing_to_name() -> None:
    (found,) = verify(assertion(parse(signed_response(FOREIGN, key_info=False), "x")), trusted(SIGNER)).findings
    assert (found.code, found.observed) == ("key-not-trusted", None)
    assert "KeyInfo shows no other" in found.message


def test_a_message_that_shows_the_trusted_certificate_but_was_signed_by_another_key_is_told_apart() -> None:
    data = signed_response(FOREIGN).replace(FOREIGN.certificate.base64.encode(), SIGNER.certificate.base64.encode())
    (found,) = verify(assertion(parse(data, "x")), trusted(SIGNER)).findings
    assert found.code == "signature-value-mismatch"
    assert found.observed is not None
    assert found.observed.startswith("idp (SPKI ")


def test_a_broken_value_under_a_strange_certificate_raises_both_questions() -> None:
    data = signed_response(SIGNER).replace(SIGNER.certificate.base64.encode(), FOREIGN.certificate.base64.encode())
    found = verify(assertion(parse(data, "x")), trusted(credential("other"))).findings
    assert [each.code for each in found] == ["signature-value-mismatch", "key-not-trusted"]


def test_unreadable_key_info_is_said_and_never_decides() -> None:
    for certificate in (b"QUJD", b"!!!", b""):
        data = signed_response(SIGNER).replace(SIGNER.certificate.base64.encode(), certificate)
        assert codes(assertion(parse(data, "x")), SIGNER, FOREIGN) == []
        assert codes(assertion(parse(data, "x")), FOREIGN) == ["key-not-trusted"]


@pytest.mark.parametrize(
    "signer", [credential("foreign"), credential("p256"), credential("p384")], ids=lambda s: s.label
)
def test_a_key_value_is_named_like_a_certificate(signer: SigningCredential) -> None:
    root = parse(signed_response(signer), "x")
    numbers: Any = signer.private.public_key().public_numbers()
    if hasattr(numbers, "n"):
        modulus, exponent = (_octets(number) for number in (numbers.n, numbers.e))
        value = f"<RSAKeyValue><Modulus>{modulus}</Modulus><Exponent>{exponent}</Exponent></RSAKeyValue>"
    else:
        oid = {"p256": "1.2.840.10045.3.1.7", "p384": "1.3.132.0.34"}[signer.label]
        encoding = serialization.Encoding.X962
        point = signer.private.public_key().public_bytes(encoding, serialization.PublicFormat.UncompressedPoint)
        value = (
            f'<e:ECKeyValue xmlns:e="http://www.w3.org/2009/xmldsig11#"><e:NamedCurve URI="urn:oid:{oid}"/>'
            f"<e:PublicKey>{base64.b64encode(point).decode()}</e:PublicKey></e:ECKeyValue>"
        )
    info = signature_of(assertion(root)).find(f"{{{DS}}}KeyInfo")
    assert info is not None
    info[:] = [etree.fromstring(f'<KeyValue xmlns="{DS}">{value}</KeyValue>')]
    found = verify(assertion(parse(serialise(root), "x")), trusted(credential("p256b"), SIGNER)).findings[-1]
    assert found.code == "key-not-trusted"
    assert found.subject is not None
    assert found.subject.spki_sha256 == signer.public.sha256


def _octets(number: int) -> str:
    return base64.b64encode(number.to_bytes((number.bit_length() + 7) // 8)).decode()


@pytest.mark.parametrize(
    "value", ["<RSAKeyValue><Modulus>AA==</Modulus><Exponent>AA==</Exponent></RSAKeyValue>", "<x/>"]
)
def test_a_broken_key_value_names_nobody(value: str) -> None:
    data = signed_response(FOREIGN)
    shown = f"<ds:X509Data><ds:X509Certificate>{FOREIGN.certificate.base64}</ds:X509Certificate></ds:X509Data>"
    data = data.replace(shown.encode(), f'<KeyValue xmlns="{DS}">{value}</KeyValue>'.encode())
    assert codes(assertion(parse(data, "x")), SIGNER) == ["key-not-trusted"]


# What a refusal explains


def test_a_digest_that_differs_says_which_reference_what_was_digested_and_what_was_expected() -> None:
    root = parse(signed_response(SIGNER).replace(b"amira@", b"admin@"), "x")
    (found,) = verify(assertion(root), trusted(SIGNER), document="in.xml").findings
    assert found.code == "digest-mismatch"
    assert "the digest of #_a1 does not fit" in found.message
    assert "bytes: <saml:Assertion xmlns:saml=" in found.message
    assert len(found.message) < 600
    assert found.expected == signature_of(assertion(root)).findtext(f".//{{{DS}}}DigestValue")
    assert found.observed is not None
    assert len(base64.b64decode(found.observed)) == 32
    assert found.where is not None
    assert found.where.path == "/samlp:Response/saml:Assertion/ds:Signature/ds:SignedInfo/ds:Reference"


def _bare(data: bytes) -> bytes:
    root = etree.fromstring(data, etree.XMLParser(remove_blank_text=True))
    return etree.tostring(root)


def _with_digest(write: Callable[[Element], bytes]) -> bytes:
    """A message whose digest was made in another way, and is signed as it stands."""
    import hashlib

    data = PREFIXED.replace(b"<saml:Subject>", b"<!-- c --><saml:Subject>")
    digest = hashlib.sha256(write(assertion(parse(data, "x")))).digest()
    root = parse(signed_response(SIGNER, data=data), "x")
    signature = signature_of(assertion(root))
    value = signature.find(f".//{{{DS}}}DigestValue")
    assert value is not None
    value.text = base64.b64encode(digest).decode()
    signed = SIGNER.algorithm().sign(SIGNER.private, canonical(signature[0]))
    signature[1].text = base64.b64encode(signed).decode()
    return serialise(root)


def _with_prefix_list_afterwards() -> bytes:
    root = parse(signed_response(SIGNER, data=PREFIXED, prefixes="q"), "x")
    plain = parse(signed_response(SIGNER, data=PREFIXED), "x")
    values = [signature_of(assertion(each)).find(f".//{{{DS}}}DigestValue") for each in (root, plain)]
    assert values[0] is not None
    assert values[1] is not None
    values[0].text = values[1].text
    signature = signature_of(assertion(root))
    signed = SIGNER.algorithm().sign(SIGNER.private, canonical(signature[0]))
    signature[1].text = base64.b64encode(signed).decode()
    return serialise(root)


DAMAGE: Final = {
    "indented": (
        lambda: signed_response(SIGNER, data=_bare(RESPONSE)).replace(b"><saml:", b">\n  <saml:"),
        "the message was indented after it was signed",
    ),
    "CR LF": (
        lambda: signed_response(SIGNER).replace(b"\n", b"&#13;\n"),
        "line ends were changed to CR LF",
    ),
    "white space around": (
        lambda: signed_response(SIGNER, data=_bare(RESPONSE)).replace(b"<ds:Signature ", b"\n<ds:Signature "),
        "white space was put around the signature",
    ),
    "no prefix list": (
        _with_prefix_list_afterwards,
        "the sender did not follow its own PrefixList",
    ),
    "inclusive": (
        lambda: _with_digest(lambda element: canonical(element, exclusive=False)),
        "the sender used the other form of canonicalisation",
    ),
    "comments": (
        lambda: _with_digest(lambda element: canonical(element, comments=True)),
        "the sender digested the comments as well",
    ),
}


@pytest.mark.parametrize(("make", "cause"), DAMAGE.values(), ids=DAMAGE)
def test_the_usual_harmless_damage_is_recognised(make: Callable[[], bytes], cause: str) -> None:
    verification = verify(assertion(parse(make(), "x")), trusted(SIGNER))
    (found,) = verification.findings
    assert verification.signed is None
    assert found.code == "digest-mismatch"
    assert found.message.startswith(cause)


# Wrapping and flipping


def _xsw() -> list[tuple[str, Element]]:
    """The eight permutations of "On Breaking SAML" (USENIX Security 2012), made from a signed response or assertion."""
    made = []
    for number in range(1, 9):
        root = parse(signed_response(SIGNER, what="response" if number <= 2 else "assertion"), "x")
        original = root if number <= 2 else assertion(root)
        forged = copy.deepcopy(original)
        forged.set("ID", "_evil")
        for name in forged.iter(f"{{{SAML}}}NameID"):
            name.text = "admin@greenmoor.org"
        forged_signature = signature_of(forged)
        bare = copy.deepcopy(original)
        bare.remove(signature_of(bare))
        if number == 1:  # the original inside the forged one's signature
            forged_signature.append(bare)
            root = forged
        elif number == 2:  # the original beside the detached signature
            forged_signature.addprevious(bare)
            root = forged
        elif number == 3:
            forged.remove(forged_signature)
            original.addprevious(forged)
        elif number == 4:
            forged.remove(forged_signature)
            root.replace(original, forged)
            forged.append(original)
        elif number == 5:  # the original at the end, the signature in the forged one
            root.replace(original, forged)
            root.append(bare)
        elif number == 6:
            root.replace(original, forged)
            forged_signature.append(bare)
        elif number == 7:
            forged.remove(forged_signature)
            extensions = etree.SubElement(root, f"{{{SAMLP}}}Extensions")
            root.insert(1, extensions)
            extensions.append(forged)
        else:
            root.replace(original, forged)
            etree.SubElement(forged_signature, f"{{{DS}}}Object").append(bare)
        made.append((f"XSW{number}", parse(serialise(root), "x")))
    return made


XSW: Final = _xsw()


@pytest.mark.parametrize("root", [root for _, root in XSW], ids=[name for name, _ in XSW])
def test_no_wrapping_makes_the_forged_one_believed(root: Element) -> None:
    believed = []
    for element in root.iter(f"{{{SAML}}}Assertion", f"{{{SAMLP}}}Response"):
        verification = verify(element, trusted(SIGNER))
        if verification.signed is not None:
            believed.append(verification.signed)
            assert canonical(verification.signed.element) == verification.signed.canonical
    assert all(b"admin@" not in signed.canonical for signed in believed)
    top = verify(root, trusted(SIGNER)).signed
    assert top is None


def test_flipping_any_byte_leaves_the_canonical_form_or_the_belief_gone() -> None:
    data = signed_response(SIGNER)
    signed = verify(assertion(parse(data, "x")), trusted(SIGNER)).signed
    assert signed is not None
    start, end = data.index(b"<saml:Assertion"), data.index(b"</saml:Assertion>")
    chance = random.Random(7)  # noqa: S311  a fixed sample, no secret
    believed = 0
    for at in range(start, end, 9):
        flipped = data[:at] + bytes([data[at] ^ (1 << chance.randrange(7))]) + data[at + 1 :]
        try:
            root = parse(flipped, "x")
            element = assertion(root)
        except (InputError, AssertionError):
            continue
        again = verify(element, trusted(SIGNER)).signed
        if again is not None:
            believed += 1
            assert again.canonical == signed.canonical
    assert believed > 20  # flips inside the certificate of KeyInfo change nothing that is believed


# Detached


@pytest.mark.parametrize("row", STRONG, ids=lambda row: row.name)
def test_detached_signatures_go_both_ways(row: Any) -> None:
    signer = LARGE_AND_CURVES[row.kind]
    data = b"SAMLRequest=fZ&RelayState=x&SigAlg=y"
    algorithm, value = sign_detached(data, signer, hash=row.hash, pss=row.pss)
    assert algorithm is row
    verification = verify_detached(data, value, row.uri, trusted(FOREIGN, signer))
    assert verification.findings == ()
    assert verification.key is not None
    assert verification.key.public == signer.public
    changed = verify_detached(data + b"z", value, row.uri, trusted(signer), document="query")
    assert changed.key is None
    assert [found.code for found in changed.findings] == ["key-not-trusted"]
    assert str(changed.findings[0].where) == "query"


def test_a_detached_signature_is_refused_with_the_same_reasons() -> None:
    algorithm, value = sign_detached(b"x", SIGNER, hash="sha1")
    refused = verify_detached(b"x", value, algorithm.uri, trusted(SIGNER))
    assert refused.key is None
    assert [found.code for found in refused.findings] == ["sha1-signature"]
    permitted = verify_detached(b"x", value, algorithm.uri, trusted(SIGNER), permit=frozenset({Permission.SHA1}))
    assert permitted.key is not None
    hmac = verify_detached(b"x", value, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", trusted(SIGNER))
    assert [found.code for found in hmac.findings] == ["hmac-signature"]
    unknown = verify_detached(b"x", value, "urn:x", trusted(SIGNER))
    assert ([found.code for found in unknown.findings], unknown.algorithm) == (["forbidden-algorithm"], None)
    empty = verify_detached(b"x", b"", STRONG[0].uri, trusted(SIGNER))
    assert [found.code for found in empty.findings] == ["key-not-trusted"]


def test_a_detached_signature_by_a_key_that_we_know_names_it() -> None:
    algorithm, value = sign_detached(b"x", FOREIGN)
    known = [TrustedKey(public=PublicKey(FOREIGN.public.spki), holder="https://x.example", source="y")]
    (found,) = verify_detached(b"x", value, algorithm.uri, trusted(SIGNER), known=known).findings
    assert found.observed is not None
    assert found.observed.startswith("RSA 2048, of https://x.example, from y")
