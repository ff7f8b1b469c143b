"""Every reason for which a signature is refused has a case of its own, and nothing else is wrong with that case."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from ssolab.core import keyreasons, xmldsig, xmlforms, xmlreasons
from ssolab.core.catalog import Refusal, entries_of
from ssolab.core.findings import Severity
from ssolab.core.keys import Permission, SigningCredential
from ssolab.core.selfsigned import name_of, self_signed
from ssolab.core.xmldsig import sign, verify
from ssolab.core.xmlplain import verify_plain
from ssolab.core.xmltree import DS, SAML, Element, canonical, parse, serialise
from tests.core.signing import RESPONSE, assertion, credential, signed_response, trusted

if TYPE_CHECKING:
    from collections.abc import Callable

SIGNER: Final = credential("idp")
DATA: Final = signed_response(SIGNER)
C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = f'<ds:Transform Algorithm="{DS}enveloped-signature"/>'
XML_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"


def signature_of(root: Element) -> Element:
    found = assertion(root).find(f"{{{DS}}}Signature")
    assert found is not None
    return found


def part(root: Element, name: str) -> Element:
    found = signature_of(root).find(f".//{{{DS}}}{name}")
    assert found is not None
    return found


def edited(*pairs: tuple[str, str], data: bytes = DATA) -> Element:
    """The signed response with texts replaced; each has to be there."""
    for old, new in pairs:
        assert old.encode() in data
        data = data.replace(old.encode(), new.encode(), 1)
    return etree.fromstring(data)


def resealed(
    root: Element, *, signer: SigningCredential = SIGNER, digest: bool = False, exclusive: bool = True
) -> Element:
    """The same signed again, so that nothing but the edit is wrong; with *digest* the digest is made to fit too."""
    if digest:
        rest = copy.deepcopy(assertion(root))
        signature = rest.find(f"{{{DS}}}Signature")
        assert signature is not None
        previous = signature.getprevious()
        if previous is not None:
            previous.tail = (previous.tail or "") + (signature.tail or "")
        rest.remove(signature)
        part(root, "DigestValue").text = base64.b64encode(hashlib.sha256(canonical(rest)).digest()).decode()
    data = canonical(part(root, "SignedInfo"), exclusive=exclusive)
    part(root, "SignatureValue").text = base64.b64encode(signer.algorithm().sign(signer.private, data)).decode()
    return root


def with_object(inside: str = "") -> Element:
    return edited(("</ds:KeyInfo>", f"</ds:KeyInfo><ds:Object>{inside}</ds:Object>"))


def twice_signed() -> Element:
    root = parse(DATA, "x")
    signature_of(root).addnext(copy.deepcopy(signature_of(root)))
    return root


def signed_at(position: int) -> Element:
    root = parse(RESPONSE, "x")
    sign(assertion(root), SIGNER, at=position)
    return root


def with_instruction_before() -> Element:
    root = parse(RESPONSE, "x")
    assertion(root).insert(0, etree.ProcessingInstruction("x", "y"))
    sign(assertion(root), SIGNER)
    return root


def with_reference_twice() -> Element:
    root = parse(DATA, "x")
    part(root, "Reference").addnext(copy.deepcopy(part(root, "Reference")))
    return resealed(root)


def with_uri(uri: str | None) -> Element:
    root = parse(DATA, "x")
    if uri is None:
        del part(root, "Reference").attrib["URI"]
    else:
        part(root, "Reference").set("URI", uri)
    return resealed(root)


def with_id(identifier: str) -> Element:
    root = parse(RESPONSE.replace(b'ID="_a1"', f'ID="{identifier}"'.encode()), "x")
    sign(assertion(root), SIGNER)
    return root


def without_id() -> Element:
    return resealed(edited((' ID="_a1"', "")), digest=True)


def with_same_id(attribute: str, *, inside: bool = False) -> Element:
    root = parse(DATA, "x")
    bearer = assertion(root)[-1] if inside else root[1]
    bearer.set(attribute, "_a1")
    return resealed(root, digest=True)


def with_transforms(*algorithms: str) -> Element:
    root = parse(DATA, "x")
    holder = part(root, "Transforms")
    holder[:] = []
    for algorithm in algorithms:
        etree.SubElement(holder, f"{{{DS}}}Transform", Algorithm=algorithm)
    return resealed(root)


def with_method(name: str, uri: str, *, exclusive: bool = True) -> Element:
    root = parse(DATA, "x")
    part(root, name).set("Algorithm", uri)
    return resealed(root, exclusive=exclusive)


def signed_by_hmac() -> Element:
    """SignatureMethod is an HMAC whose secret is the public key that everybody has."""
    root = with_method("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    mac = hmac.digest(SIGNER.public.spki, canonical(part(root, "SignedInfo")), "sha256")
    part(root, "SignatureValue").text = base64.b64encode(mac).decode()
    return root


def with_child(name: str, child: str) -> Element:
    root = parse(DATA, "x")
    etree.SubElement(part(root, name), child)
    return resealed(root)


def with_value(name: str, text: str) -> Element:
    root = parse(DATA, "x")
    part(root, name).text = text
    return resealed(root) if name != "SignatureValue" else root


def without(name: str) -> Element:
    root = parse(DATA, "x")
    gone = part(root, name)
    above = gone.getparent()
    assert above is not None
    above.remove(gone)
    return root if name in {"SignedInfo", "SignatureValue"} else resealed(root)


def with_value_of(signer: SigningCredential) -> Element:
    return resealed(parse(DATA, "x"), signer=signer)


CASES: Final[dict[str, list[Callable[[], Element]]]] = {
    "signature-missing": [lambda: parse(RESPONSE, "x")],
    "several-signatures": [twice_signed],
    "misplaced-signature": [lambda: signed_at(0), lambda: signed_at(2), lambda: signed_at(9), with_instruction_before],
    "document-type-present": [lambda: etree.fromstring(b"<!DOCTYPE samlp:Response>" + DATA)],
    "malformed-signature": [
        lambda: with_child("SignatureMethod", f"{{{DS}}}HMACOutputLength"),
        lambda: with_child("DigestMethod", "x"),
        lambda: with_child("SignedInfo", f"{{{DS}}}SignatureMethod"),
        lambda: with_child("Reference", "x"),
        lambda: without("SignedInfo"),
        lambda: without("SignatureValue"),
        lambda: without("SignatureMethod"),
        lambda: without("CanonicalizationMethod"),
        lambda: without("Reference"),
        lambda: without("Transforms"),
        lambda: without("DigestMethod"),
        lambda: without("DigestValue"),
        lambda: edited(("<ds:KeyInfo>", "<ds:KeyInfo/><ds:KeyInfo>")),
        lambda: edited(("<ds:X509Data>", f"<ds:Signature/><ds:X509Data xmlns:x='{DS}'>")),
        lambda: edited(("<ds:SignedInfo>", "<ds:SignedInfo/><ds:SignedInfo>")),
    ],
    "object-in-signature": [with_object, lambda: with_object(f'<x:Assertion xmlns:x="{SAML}" ID="_evil"/>')],
    "comment-in-signature": [
        lambda: edited(("<ds:DigestValue>", "<ds:DigestValue><!-- -->")),
        lambda: edited(("<ds:SignedInfo>", "<ds:SignedInfo><!-- -->")),
        lambda: edited(("<ds:X509Certificate>", "<ds:X509Certificate><?x?>")),
        lambda: edited(("</ds:KeyInfo>", "</ds:KeyInfo><!-- -->")),
    ],
    "several-references": [with_reference_twice],
    "reference-not-to-parent": [
        *(
            lambda uri=uri: with_uri(uri)
            for uri in (
                None,
                "",
                "#",
                "#_r1",
                "_a1",
                "#xpointer(/)",
                "#xpointer(id('_a1'))",
                "file:///etc/passwd",
                "http://127.0.0.1:9/",
                "#_a1 ",
                "#_A1",
            )
        ),
    ],
    "missing-id": [without_id, lambda: with_id("a b"), lambda: with_id("xpointer(id(1))"), lambda: with_id("a:b")],
    "duplicate-id": [
        *(
            lambda name=name, inside=inside: with_same_id(name, inside=inside)
            for name in ("ID", "Id", "id", XML_ID, "{urn:x}ID", "AssertionID", "Value")
            for inside in (False, True)
        ),
        lambda: edited(("<ds:KeyInfo>", '<ds:KeyInfo Id="_a1">')),
    ],
    "missing-enveloped-transform": [lambda: with_transforms(EXCLUSIVE), with_transforms],
    "forbidden-transform": [
        *(
            lambda uris=uris: with_transforms(*uris)
            for uris in (
                (f"{DS}enveloped-signature", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
                (f"{DS}enveloped-signature", EXCLUSIVE, "http://www.w3.org/TR/1999/REC-xpath-19991116"),
                (f"{DS}enveloped-signature", f"{DS}base64", EXCLUSIVE),
                (EXCLUSIVE, f"{DS}enveloped-signature"),
                (f"{DS}enveloped-signature", f"{DS}enveloped-signature", EXCLUSIVE),
                (f"{DS}enveloped-signature", EXCLUSIVE, EXCLUSIVE),
                (f"{DS}enveloped-signature", EXCLUSIVE + "WithComments"),
                (f"{DS}enveloped-signature", "http://www.w3.org/2006/12/xml-c14n11"),
                (f"{DS}enveloped-signature", ""),
            )
        ),
        lambda: resealed(edited((ENVELOPED, ENVELOPED.replace("/>", "><x/></ds:Transform>")))),
        lambda: with_prefixes('PrefixList="xs"', "<x/>"),
        lambda: with_prefixes('PrefixList="a(b)"'),
        lambda: with_prefixes(f'PrefixList="{"p " * 40}"'),
    ],
    "forbidden-canonicalisation": [
        lambda: with_method("CanonicalizationMethod", EXCLUSIVE + "WithComments"),
        lambda: with_method("CanonicalizationMethod", "http://www.w3.org/2006/12/xml-c14n11"),
        lambda: with_method("CanonicalizationMethod", ""),
    ],
    "inclusive-canonicalisation": [lambda: with_method("CanonicalizationMethod", C14N, exclusive=False)],
    "relative-namespace": [lambda: edited(("<saml:Assertion ", '<saml:Assertion xmlns:r="rel" '))],
    "malformed-base64": [
        lambda: with_value("SignatureValue", "QUJD!"),
        lambda: with_value("SignatureValue", ""),
        lambda: with_value("DigestValue", "QUJ="),
        lambda: with_child("DigestValue", "x"),
    ],
    "forbidden-algorithm": [
        lambda: with_method("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"),
        lambda: with_method("SignatureMethod", f"{DS}dsa-sha1"),
        lambda: with_method("SignatureMethod", ""),
        lambda: with_method("DigestMethod", "http://www.w3.org/2001/04/xmldsig-more#md5"),
    ],
    "hmac-signature": [signed_by_hmac],
    "sha1-signature": [
        lambda: parse(signed_response(SIGNER, hash="sha1"), "x"),
        lambda: parse(signed_response(SIGNER, digest_hash="sha1"), "x"),
    ],
    "weak-rsa-key": [],  # below: it needs a key of its own among the trusted ones
    "weak-curve": [],
    "algorithm-key-mismatch": [],
    "key-not-trusted": [lambda: parse(signed_response(credential("foreign")), "x")],
    "signature-value-mismatch": [
        lambda: with_value_of(credential("foreign")),
        lambda: with_value("SignatureValue", "QUJD"),
    ],
    "digest-mismatch": [
        lambda: edited(("amira@", "admin@")),
        lambda: edited(('Name="mail"', 'Name="male"')),
        lambda: edited(("</ds:Signature>", "</ds:Signature> ")),
    ],
    "undefined-canonical-form": [],
}
ALSO: Final = {  # what cannot but go along with it
    "missing-id": {"reference-not-to-parent"},
    "reference-not-to-parent": {"duplicate-id"},  # a URI without its # has the value of the ID
    "forbidden-algorithm": {"digest-mismatch"},
}


def with_prefixes(attributes: str, inside: str = "") -> Element:
    name = f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" {attributes}>{inside}</ec:InclusiveNamespaces>'
    transform = f'<ds:Transform Algorithm="{EXCLUSIVE}"/>'
    return resealed(edited((transform, transform.replace("/>", f">{name}</ds:Transform>"))))


@pytest.mark.parametrize(
    ("code", "case"),
    [pytest.param(code, case, id=f"{code}-{n}") for code, cases in CASES.items() for n, case in enumerate(cases, 1)],
)
def test_each_reason_refuses_a_message_in_which_nothing_else_is_wrong(code: str, case: Callable[[], Element]) -> None:
    root = case()
    before = serialise(root)
    verification = verify(assertion(root), trusted(SIGNER), document="in.xml")
    errors = {found.code for found in verification.findings if found.severity is Severity.ERROR}
    assert verification.signed is None
    assert code in errors
    assert errors <= {code} | ALSO.get(code, set())
    assert all(found.where and found.where.path for found in verification.findings)
    assert all(found.message.isprintable() and found.cites for found in verification.findings)
    assert verify_plain(assertion(root), trusted(SIGNER)) is None
    assert serialise(root) == before


def test_the_untouched_message_is_accepted_so_that_the_cases_prove_something() -> None:
    for root in (parse(DATA, "x"), edited(), resealed(parse(DATA, "x"), digest=True)):
        assert verify(assertion(root), trusted(SIGNER)).findings == ()
        assert verify_plain(assertion(root), trusted(SIGNER)) is not None


def test_a_session_may_have_the_id_of_its_assertion_as_microsoft_numbers_them() -> None:
    for tag, name, held in (
        (f"{{{SAML}}}AuthnStatement", "SessionIndex", True),
        (f"{{{SAML}}}AuthnStatement", "{urn:x}SessionIndex", False),
        (f"{{{SAML}}}AuthnStatement", "ID", False),
        (f"{{{SAML}}}AttributeStatement", "SessionIndex", False),
    ):
        root = parse(DATA, "x")
        etree.SubElement(assertion(root), tag).set(name, "_a1")
        root = resealed(root, digest=True)
        verification = verify(assertion(root), trusted(SIGNER))
        assert (verification.signed is not None) is held
        assert {found.code for found in verification.findings} == (set() if held else {"duplicate-id"})


def test_every_reason_has_its_case() -> None:
    assert {entry.code for entry in entries_of([xmlreasons, keyreasons], Refusal)} == set(CASES)


def test_a_signature_of_another_kind_of_key_is_said_to_be_one() -> None:
    root = parse(signed_response(credential("p256")), "x")
    verification = verify(assertion(root), trusted(SIGNER, credential("other")))
    assert [found.code for found in verification.findings] == ["algorithm-key-mismatch", "key-not-trusted"]
    assert verification.findings[0].observed == "RSA 2048"


def test_a_short_rsa_key_needs_a_permission_and_is_reported_even_then() -> None:
    weak = credential("legacy", 1024)
    root = parse(signed_response(weak), "x")
    refused = verify(assertion(root), trusted(weak))
    assert refused.signed is None
    assert [(found.code, found.severity) for found in refused.findings] == [("weak-rsa-key", Severity.ERROR)]
    permitted = verify(assertion(root), trusted(weak), permit=frozenset({Permission.RSA1024}))
    assert permitted.signed is not None
    assert [(found.code, found.severity) for found in permitted.findings] == [("weak-rsa-key", Severity.WARNING)]


def test_a_key_on_a_tiny_curve_is_refused_whatever_is_permitted() -> None:
    private = ec.derive_private_key(7, ec.SECP192R1())
    day = datetime(2027, 1, 4, tzinfo=UTC)
    certificate = self_signed(
        private=private, subject=name_of([("CN", "tiny")]), serial=7, not_before=day, not_after=day
    )
    tiny = SigningCredential(private=private, certificate=certificate, label="tiny")
    root = parse(signed_response(tiny), "x")
    refused = verify(assertion(root), trusted(tiny), permit=frozenset(Permission))
    assert refused.signed is None
    assert [(found.code, found.severity) for found in refused.findings] == [("weak-curve", Severity.ERROR)]


@pytest.mark.parametrize("options", [{"hash": "sha1"}, {"digest_hash": "sha1"}, {"hash": "sha1", "pss": True}])
def test_sha_1_needs_a_permission_and_is_reported_even_then(options: dict[str, Any]) -> None:
    root = parse(signed_response(SIGNER, **options), "x")
    permitted = verify(assertion(root), trusted(SIGNER), permit=frozenset({Permission.SHA1}))
    assert permitted.signed is not None
    assert {(found.code, found.severity) for found in permitted.findings} == {("sha1-signature", Severity.WARNING)}


def test_nothing_is_believed_where_nothing_was_digested(monkeypatch: pytest.MonkeyPatch) -> None:
    def empty(*_: object, **__: object) -> bytes:
        raise ValueError("the canonical form is empty")

    root = parse(DATA, "x")
    monkeypatch.setattr(xmlforms, "canonical", empty)
    monkeypatch.setattr(xmldsig, "verify_plain", lambda *_: None)
    verification = verify(assertion(root), trusted(SIGNER))
    assert verification.signed is None
    assert [found.code for found in verification.findings] == ["undefined-canonical-form"]


def test_all_that_can_be_judged_is_judged_at_once() -> None:
    root = edited(("amira@", "admin@"), data=signed_response(credential("foreign"), hash="sha1"))
    signature_of(root).append(etree.Element(f"{{{DS}}}Object"))
    root[1].set("Id", "_a1")
    codes = [found.code for found in verify(assertion(root), trusted(SIGNER)).findings]
    assert sorted(set(codes)) == [
        "digest-mismatch", "duplicate-id", "key-not-trusted", "object-in-signature", "sha1-signature",
    ]  # fmt: skip
