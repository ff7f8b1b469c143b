"""Accepting encrypted Responses: what is opened when, what it proves, and every way in which it must not let in."""

from __future__ import annotations

import base64
import copy
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from ssolab.core import ciphers
from ssolab.core.findings import ConfigError, Opinion, Severity
from ssolab.core.keys import Permission
from ssolab.core.xmldsig import sign
from ssolab.core.xmlenc import DecryptionKey, encrypt
from ssolab.core.xmltree import SAML, XENC, parse
from ssolab.saml.checks import accept, expected_of
from ssolab.saml.decryption import MAX_PARTS, decrypted_id
from ssolab.saml.encryption import PARTS, Encryption
from ssolab.saml.issue import draft_response, seal
from tests.saml.samples import (
    ACS,
    NOW,
    REQUEST,
    SP,
    asserting,
    certificate,
    credential,
    expected,
    find,
    private,
    relying,
    trust,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.findings import Report
    from ssolab.core.xmltree import Element
    from ssolab.saml.checks import Principal

NAME = "amira@greenmoor.org"
ATTRIBUTES = {"email": (NAME,), "groups": ("staff", "night shift")}
SHELL = "saml:EncryptedAssertion"
OURS = DecryptionKey.from_credential(credential("sp"))


def key(name: str) -> DecryptionKey:
    return DecryptionKey.from_credential(credential(name))


def message(
    *parts: str,
    sign_as: str = "assertion",
    with_key: str = "sp",
    changed: Callable[[Element], object] = lambda _root: None,
    **how: Any,
) -> bytes:
    """A Response that encrypts those parts (the assertion, where none is named), changed before it is sealed."""
    ids = iter(("_response", "_assertion", "_session"))
    draft = draft_response(
        asserting(),
        now=NOW,
        new_id=lambda: next(ids),
        name_id=NAME,
        attributes=ATTRIBUTES,
        in_response_to=REQUEST,
    ).element()
    changed(draft)
    chosen: Any = parts or ("assertion",)
    hidden = Encryption(key=trust(with_key, SP), parts=chosen, permit=frozenset(Permission), **how)
    wanted: Any = sign_as
    return seal(draft, None if sign_as == "none" else credential("idp"), sign=wanted, encrypt=hidden)


def judged(data: bytes, **changes: Any) -> Report[Principal]:
    return accept(data, expected(**{"decryption": (OURS,)} | changes))


def codes(report: Report[Any], severity: Severity = Severity.ERROR) -> list[str]:
    return sorted({found.code for found in report.findings if found.severity is severity})


def opened_by(report: Report[Any]) -> list[str]:
    return [facts.label for facts in report.decryption]


def after(data: bytes, change: Callable[[Element], object]) -> bytes:
    """The message, changed on its way."""
    root = parse(data, "message")
    change(root)
    changed: bytes = etree.tostring(root)
    return changed


# --- what lets in ---


@pytest.mark.parametrize("sign_as", ["assertion", "response", "both"])
@pytest.mark.parametrize(
    "parts", [("assertion",), ("name-id",), ("attributes",), ("name-id", "attributes"), tuple(PARTS)]
)
def test_every_part_is_read_as_if_it_had_not_been_encrypted(parts: tuple[str, ...], sign_as: str) -> None:
    data = message(*parts, sign_as=sign_as)
    report = judged(data, opinions=True)

    assert report.principal is not None
    assert (report.principal.name_id, dict(report.principal.attributes)) == (NAME, ATTRIBUTES)
    assert report.principal.session_index == "_session"
    assert codes(report) == codes(report, Severity.WARNING) == []
    assert len(report.decryption) == {"name-id": 1, "attributes": 2}.get(parts[0], 1) + 2 * (len(parts) > 1) + (
        len(parts) > 2
    )
    assert Opinion.REFUSED not in report.verifiers.values()
    assert [report.verifiers[name] for name in ("ssolab", "signxml", "xmlsec")] == [Opinion.ACCEPTED] * 3
    assert NAME.encode() not in data or parts in {("name-id",), ("attributes",)}


def test_the_key_that_opened_is_named_with_what_it_opened() -> None:
    (facts,) = judged(message()).decryption
    assert facts.key == trust("sp").public.sha256
    assert (facts.label, facts.content, facts.transport) == ("sp", "aes256-gcm", "rsa-oaep-mgf1p")
    assert facts.decrypted_element == "/samlp:Response/saml:EncryptedAssertion"


def test_the_signed_element_and_every_finding_are_placed_in_the_message_as_it_came() -> None:
    report = judged(message("assertion", "name-id"), audience="https://other.example")
    (found,) = report.errors
    assert found.code == "audience-mismatch"
    assert found.where is not None
    assert found.where.path == (
        "/samlp:Response/saml:EncryptedAssertion/saml:Assertion/saml:Conditions/saml:AudienceRestriction"
    )
    assert found.where.document == "response.xml"
    accepted = judged(message("assertion", "name-id"))
    assert accepted.signature is not None
    assert accepted.signature.signed_element == "/samlp:Response/saml:EncryptedAssertion/saml:Assertion"
    assert accepted.decryption[1].decrypted_element == (
        "/samlp:Response/saml:EncryptedAssertion/saml:Assertion/saml:Subject/saml:EncryptedID"
    )


def test_plain_attributes_between_encrypted_ones_keep_their_places() -> None:
    data = after(
        message("attributes", sign_as="none"),
        lambda root: find(root, "saml:Assertion/saml:AttributeStatement").insert(
            1,
            etree.fromstring(f'<saml:Attribute xmlns:saml="{SAML}" Name="groups"></saml:Attribute>'),
        ),
    )
    root = parse(data, "message")
    sign(find(root, "saml:Assertion"), credential("idp"))
    report = judged(etree.tostring(root))

    assert report.principal is not None
    (repeated,) = (found for found in report.findings if found.code == "attribute-repeated")
    assert repeated.where is not None
    assert (repeated.where.path or "").endswith("saml:AttributeStatement/saml:EncryptedAttribute[2]/saml:Attribute")


# --- which keys: E-06, E-07, E-08 ---


@pytest.mark.parametrize("used", ["old", "new"])
def test_during_a_rollover_messages_for_the_old_and_for_the_new_key_are_opened_and_the_key_is_named(used: str) -> None:
    report = judged(message(with_key=used), decryption=(key("new"), key("old")))
    assert report.accepted
    assert opened_by(report) == [used]


def test_after_the_rollover_a_message_for_the_old_key_is_not_opened() -> None:
    assert codes(judged(message(with_key="old"), decryption=(key("new"),))) == ["decryption-failed"]


def test_an_expired_encryption_certificate_warns_and_lets_in() -> None:
    ended = NOW - timedelta(days=1)
    own = DecryptionKey.of(private("sp"), "sp", certificate("sp", not_after=ended))
    report = judged(message(), decryption=(own,))
    assert report.accepted
    assert codes(report, Severity.WARNING) == ["encryption-certificate-expired"]
    assert judged(message(), decryption=(DecryptionKey.of(private("sp"), "sp"),)).accepted


@pytest.mark.parametrize(
    ("recipient", "refused_as"), [(SP, []), (None, []), ("https://other.example", ["encrypted-key-missing"])]
)
def test_a_key_for_another_recipient_is_passed_over(recipient: str | None, refused_as: list[str]) -> None:
    assert codes(judged(message(recipient=recipient))) == refused_as


# --- what refuses ---


def test_without_a_key_the_refusal_says_what_to_do() -> None:
    report = judged(message(), decryption=())
    assert codes(report) == ["assertion-encrypted"]
    assert codes(judged(message("name-id"), decryption=())) == ["name-id-missing"]


def test_an_encrypted_attribute_that_nobody_can_read_warns_and_is_left_out() -> None:
    report = judged(message("attributes"), decryption=())
    assert report.principal is not None
    assert dict(report.principal.attributes) == {}
    assert codes(report, Severity.WARNING) == ["attribute-encrypted"]


@pytest.mark.parametrize("part", PARTS)
def test_what_our_keys_do_not_open_refuses(part: str) -> None:
    report = judged(message(part, with_key="other"))
    assert codes(report) == ["decryption-failed"]
    assert report.principal is None
    assert report.decryption == ()


@pytest.mark.parametrize("content", ["aes256-gcm", "aes128-cbc"])
@pytest.mark.parametrize("part", PARTS)
def test_what_nobody_signed_is_refused_since_anybody_can_encrypt_for_us(part: str, content: str) -> None:
    report = judged(message(part, sign_as="none", content=content))
    hidden = part == "assertion" and content == "aes128-cbc"
    assert codes(report) == ["decryption-failed" if hidden else "signature-missing"]
    assert report.principal is None


def test_a_signature_of_a_stranger_inside_is_no_signature() -> None:
    root = parse(message(sign_as="none"), "message")
    outer = find(root, SHELL)
    plain = parse(message("name-id", sign_as="none"), "plain")
    sign(find(plain, "saml:Assertion"), credential("foreign"))
    outer[:] = [encrypt(find(plain, "saml:Assertion"), trust("sp"))]
    report = judged(etree.tostring(root))
    assert codes(report) == ["key-not-trusted"]
    assert report.errors[0].where is not None
    assert (report.errors[0].where.path or "").startswith(f"/samlp:Response/{SHELL}/saml:Assertion/ds:Signature")


@pytest.mark.parametrize("wanted", ["response", "both"])
def test_nothing_is_opened_where_the_wanted_outer_signature_is_missing(
    wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ciphers.KeyTransport, "unwrap", lambda *_: pytest.fail("a private key was used"))
    report = judged(message(), want_signed=wanted)
    assert codes(report) == ["signature-missing"]
    assert "left-encrypted" in codes(report, Severity.INFO)


# --- E-03: the outer signature first ---


@pytest.mark.parametrize("part", PARTS)
def test_nothing_is_opened_under_a_bad_signature(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = message(part, sign_as="response").replace(b'ID="_response"', b'ID="_response" Consent="urn:x"')
    monkeypatch.setattr(ciphers.KeyTransport, "unwrap", lambda *_: pytest.fail("a private key was used"))
    report = judged(data)
    assert codes(report) == ["digest-mismatch"]
    assert "left-encrypted" in codes(report, Severity.INFO)
    assert report.principal is None


def value_in(root: Element) -> Element:
    return find(root, f"{SHELL}/{{{XENC}}}EncryptedData/{{{XENC}}}CipherData/{{{XENC}}}CipherValue")


def garbled(at: int) -> Callable[[Element], None]:
    def change(root: Element) -> None:
        held = value_in(root)
        data = bytearray(base64.b64decode(held.text or ""))
        data[at] ^= 1
        held.text = base64.b64encode(data).decode()

    return change


@pytest.mark.parametrize("content", ["aes128-cbc", "tripledes-cbc", "aes256-gcm"])
def test_an_answer_never_tells_how_far_a_changed_ciphertext_got(content: str) -> None:
    """With CBC a changed first block leaves well-formed XML behind, a changed last one breaks the padding."""
    data = message(content=content)
    assert judged(data).accepted
    told = {judged(after(data, garbled(at))).findings for at in (0, 5, 14, 100, -17, -1)}
    assert len(told) == 1
    assert [found.code for found in told.pop() if found.severity is Severity.ERROR] == ["decryption-failed"]


def test_content_in_cbc_that_opens_to_a_forgery_is_told_like_content_that_does_not_open() -> None:
    def forged(root: Element) -> None:
        plain = parse(message("name-id", sign_as="none"), "plain")
        sign(find(plain, "saml:Assertion"), credential("foreign"))
        find(root, SHELL)[:] = [encrypt(find(plain, "saml:Assertion"), trust("sp"), content="aes128-cbc")]

    broken = judged(after(message(content="aes128-cbc"), garbled(-1)))
    report = judged(after(message(content="aes128-cbc"), forged))
    assert [each.code for each in report.findings] == [each.code for each in broken.findings]
    assert codes(report) == ["decryption-failed"]
    assert report.decryption == broken.decryption == ()


def test_with_the_response_signed_content_in_cbc_is_judged_in_the_open() -> None:
    report = judged(message(sign_as="response", content="aes128-cbc"), audience="https://other.example")
    assert codes(report) == ["audience-mismatch"]
    assert codes(report, Severity.WARNING) == ["weak-encryption"]
    assert judged(message(sign_as="response", content="tripledes-cbc")).accepted


def test_rsa15_lets_in_by_permission_only() -> None:
    data = message(transport="rsa-1_5")
    assert codes(judged(data)) == ["rsa15-key-transport"]
    permitted = judged(data, permit=frozenset({Permission.RSA15}))
    assert permitted.accepted
    assert codes(permitted, Severity.WARNING) == ["rsa15-key-transport"]


# --- E-01: wrapping ---


def forged_shell(name: str = "admin@greenmoor.org") -> Element:
    """An EncryptedAssertion that an attacker made: our key to encrypt for is public."""
    plain = parse(message("attributes", sign_as="none"), "plain")
    find(plain, "saml:Assertion/saml:Subject/saml:NameID").text = name
    outer = etree.Element(f"{{{SAML}}}EncryptedAssertion", nsmap={"saml": SAML})
    outer.append(encrypt(find(plain, "saml:Assertion"), trust("sp")))
    return outer


def second_after(root: Element) -> None:
    root.append(forged_shell())


def second_before(root: Element) -> None:
    find(root, SHELL).addprevious(forged_shell())


def plain_beside(root: Element) -> None:
    root.append(find(parse(message("attributes", sign_as="none"), "plain"), "saml:Assertion"))


def plain_before(root: Element) -> None:
    find(root, SHELL).addprevious(find(parse(message("attributes", sign_as="none"), "plain"), "saml:Assertion"))


def in_extensions(root: Element) -> None:
    hidden = root.makeelement("{urn:oasis:names:tc:SAML:2.0:protocol}Extensions")
    hidden.append(copy.deepcopy(find(root, SHELL)))
    root.insert(1, hidden)


@pytest.mark.parametrize("sign_as", ["assertion", "response", "both"])
@pytest.mark.parametrize("wrap", [second_after, second_before, plain_beside, plain_before, in_extensions])
def test_one_assertion_is_counted_over_plain_and_encrypted_ones(
    wrap: Callable[[Element], None], sign_as: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = after(message(sign_as=sign_as), wrap)
    monkeypatch.setattr(ciphers.KeyTransport, "unwrap", lambda *_: pytest.fail("a private key was used"))
    report = judged(data)
    assert "assertion-extra" in codes(report)
    assert report.principal is None


@pytest.mark.parametrize(
    ("sign_as", "refused_as"),
    [("assertion", "signature-missing"), ("response", "digest-mismatch"), ("both", "digest-mismatch")],
)
def test_a_ciphertext_that_was_swapped_after_the_signature_is_refused(sign_as: str, refused_as: str) -> None:
    def swap(root: Element) -> None:
        parent = find(root, SHELL).getparent()
        assert parent is not None
        parent.replace(find(root, SHELL), forged_shell())

    report = judged(after(message(sign_as=sign_as), swap))
    assert codes(report) == [refused_as]
    assert report.principal is None


def encrypted_again(wrap: Callable[[Element], Element]) -> bytes:
    """The genuine signed assertion, wrapped in plain sight of its signature, and encrypted for us by an attacker."""
    root = parse(message("attributes", sign_as="assertion"), "message")
    genuine = find(root, "saml:Assertion")
    around = wrap(genuine)
    outer = etree.SubElement(root, f"{{{SAML}}}EncryptedAssertion")
    outer.append(encrypt(around, trust("sp")))
    if genuine.getparent() is root:
        root.remove(genuine)
    changed: bytes = etree.tostring(root)
    return changed


def in_advice(genuine: Element) -> Element:
    forged = copy.deepcopy(genuine)
    forged.set("ID", "_forged")
    find(forged, "saml:Subject/saml:NameID").text = "admin@greenmoor.org"
    signature = find(forged, "{http://www.w3.org/2000/09/xmldsig#}Signature")
    forged.remove(signature)
    advice = forged.makeelement(f"{{{SAML}}}Advice")
    advice.append(copy.deepcopy(genuine))
    forged.append(advice)
    return forged


def in_its_signature(genuine: Element) -> Element:
    forged = copy.deepcopy(genuine)
    forged.set("ID", "_forged")
    find(forged, "saml:Subject/saml:NameID").text = "admin@greenmoor.org"
    signature = find(forged, "{http://www.w3.org/2000/09/xmldsig#}Signature")
    inside = etree.SubElement(signature, "{http://www.w3.org/2000/09/xmldsig#}Object")
    inside.append(copy.deepcopy(genuine))
    return forged


@pytest.mark.parametrize("wrap", [in_advice, in_its_signature])
def test_the_decrypted_document_is_searched_for_wrapping_like_any_other(wrap: Callable[[Element], Element]) -> None:
    report = judged(encrypted_again(wrap))
    assert "assertion-extra" in codes(report)
    assert report.principal is None


def test_the_genuine_signed_assertion_encrypted_by_somebody_else_is_who_it_says_and_nobody_else() -> None:
    report = judged(encrypted_again(lambda genuine: genuine))
    assert report.principal is not None
    assert report.principal.name_id == NAME


@pytest.mark.parametrize("sign_as", ["assertion", "both"])
def test_an_id_of_the_decrypted_assertion_must_not_stand_in_the_message_around_it(sign_as: str) -> None:
    report = judged(message(sign_as=sign_as, changed=lambda root: root.set("ID", "_assertion")))
    assert "duplicate-id" in codes(report)
    assert report.principal is None


def test_another_element_than_an_assertion_is_not_opened() -> None:
    def swap(root: Element) -> None:
        other = etree.fromstring(f'<saml:Advice xmlns:saml="{SAML}"/>')
        find(root, SHELL)[:] = [encrypt(other, trust("sp"))]

    assert codes(judged(after(message(), swap))) == ["decryption-failed"]


def test_a_name_in_the_clear_beside_an_encrypted_one_is_two_names() -> None:
    def add(root: Element) -> None:
        subject = find(root, "saml:Assertion/saml:Subject")
        subject.insert(0, etree.fromstring(f'<saml:NameID xmlns:saml="{SAML}">admin@greenmoor.org</saml:NameID>'))

    root = parse(after(message("name-id", sign_as="none"), add), "message")
    sign(find(root, "saml:Assertion"), credential("idp"))
    report = judged(etree.tostring(root))
    assert "element-repeated" in codes(report)
    assert report.principal is None


@pytest.mark.parametrize(
    ("part", "path", "refused_as"),
    [
        ("name-id", "saml:Subject/saml:NameID", "name-id-not-whole"),
        ("attributes", ".//saml:AttributeValue", "text-not-whole"),
    ],
)
def test_a_comment_in_a_decrypted_text_is_seen(part: str, path: str, refused_as: str) -> None:
    def split(root: Element) -> None:
        element = find(root, f"saml:Assertion/{path}")
        comment = etree.Comment("x")
        comment.tail, element.text = ".attacker.test", NAME
        element.insert(0, comment)

    for parts in ((part,), ("assertion",), ("assertion", part)):
        report = judged(message(*parts, sign_as="response", changed=split))
        assert codes(report) == [refused_as]
        assert len(report.errors) == 1
        assert report.principal is None


def test_more_encrypted_parts_than_anybody_sends_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def many(root: Element) -> None:
        statement = find(root, "saml:Assertion/saml:AttributeStatement")
        for _ in range(MAX_PARTS):
            statement.append(copy.deepcopy(statement[0]))

    data = message("attributes", changed=many)
    monkeypatch.setattr(ciphers.KeyTransport, "unwrap", lambda *_: pytest.fail("a private key was used"))
    assert codes(judged(data)) == ["malformed-encryption"]


# --- the settings of the parties ---


def test_a_relying_party_opens_with_its_own_keys_and_publishes_the_newest_first() -> None:
    older = DecryptionKey.of(private("old"), "old", certificate("old", not_before=NOW - timedelta(days=900)))
    party = relying(decryption=(older, key("new")))
    report = accept(
        message(with_key="old"), replace(expected_of(party, now=NOW, pending={REQUEST}, replay=None), opinions=False)
    )
    assert report.accepted
    role = party.metadata(NOW).sp
    assert role is not None
    assert [each.use for each in role.key_descriptors] == ["signing", "encryption", "encryption"]
    assert [each.public for each in role.encryption_keys(SP)] == [trust("new").public, trust("old").public]
    assert all("gcm" in "".join(each.encryption_methods) for each in role.key_descriptors[1:])
    assert not any("cbc" in uri or "1_5" in uri for each in role.key_descriptors for uri in each.encryption_methods)


def test_an_asserting_party_without_a_key_to_encrypt_for_says_so() -> None:
    assert asserting().encryption is None
    with pytest.raises(ConfigError, match="knows no key to encrypt for"):
        _ = asserting(encrypts=("assertion",)).encryption


def test_nothing_but_a_part_of_a_response_can_be_encrypted() -> None:
    wrong: Any = ("everything",)
    with pytest.raises(ConfigError, match="'everything' cannot be encrypted"):
        Encryption(key=trust("sp"), parts=wrong)
    with pytest.raises(ConfigError, match="nothing is to be encrypted"):
        Encryption(key=trust("sp"), parts=())


# --- an EncryptedID alone, as a logout request has it ---


def test_a_name_alone_is_opened_with_the_key_named() -> None:
    root = parse(message("name-id"), "message")
    done = decrypted_id(find(root, ".//saml:EncryptedID"), [key("other"), OURS], now=NOW, recipient=SP)
    assert done.element is not None
    assert done.element.text == NAME
    assert done.facts is not None
    assert done.facts.label == "sp"
    failed = decrypted_id(find(root, ".//saml:EncryptedID"), [key("other")], now=NOW)
    assert [found.code for found in failed.findings] == ["decryption-failed"]


def test_the_issuer_and_the_address_are_judged_in_what_was_decrypted() -> None:
    assert codes(judged(message(), issuer="https://other.example")) == ["issuer-mismatch"]
    assert codes(judged(message(), recipient=ACS + "x")) == ["destination-mismatch", "recipient-mismatch"]
