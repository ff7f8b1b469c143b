"""Encrypting and decrypting elements: every algorithm, every place of a key, one answer to all that does not open."""

from __future__ import annotations

import base64
import functools
import importlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from lxml import etree

from ssolab.core import ciphers, xmlencshape
from ssolab.core.ciphers import CONTENT_CIPHERS, CONTENT_NAMES, TRANSPORT_NAMES, content_cipher, key_transport
from ssolab.core.findings import ConfigError, Severity
from ssolab.core.keys import Permission, PublicKey, TrustedKey, spki_of
from ssolab.core.xmlenc import DecryptionKey, decrypt, encrypt
from ssolab.core.xmltree import DS, SAML, XENC, parse, serialise
from tests.keys import ec_test_key
from tests.keys import test_key as rsa_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.xmlenc import Decryption
    from ssolab.core.xmltree import Element

xmlsec: Any = importlib.import_module("xmlsec")  # its stubs leave out most of what encrypts

XENC11 = ciphers.XENC11
NAMES = {"xenc": XENC, "ds": DS, "saml": SAML, "xenc11": XENC11}
ASSERTION = f"{{{SAML}}}Assertion"
EVERYTHING = frozenset(Permission)
OURS = "https://sp.example"
SEALED = [name for name in CONTENT_NAMES if name.endswith("gcm")]
CLEAR = (
    f'<saml:Response xmlns:saml="{SAML}" xmlns:xs="http://www.w3.org/2001/XMLSchema">'
    '<saml:Assertion ID="_a"><!-- kept --><saml:Issuer>ä &amp; b</saml:Issuer></saml:Assertion></saml:Response>'
)


@functools.cache
def private(name: str) -> DecryptionKey:
    return DecryptionKey.of(rsa_key(name), name)


def public(name: str) -> TrustedKey:
    return TrustedKey(public=private(name).public)


def clear() -> Element:
    return parse(CLEAR.encode(), "clear")[0]


def shell(*, key: str = "sp", permit: frozenset[Permission] = EVERYTHING, **how: Any) -> Element:
    """An EncryptedAssertion with a fresh ciphertext, parsed as a receiver would."""
    outer = etree.Element(f"{{{SAML}}}EncryptedAssertion", nsmap={"saml": SAML})
    outer.append(encrypt(clear(), public(key), permit=permit, **how))
    return parse(etree.tostring(outer), "shell")


def opened(outer: Element, *names: str, permit: frozenset[Permission] = EVERYTHING, **how: Any) -> Decryption:
    return decrypt(outer, [private(name) for name in names or ("sp",)], wanted=ASSERTION, permit=permit, **how)


def codes(done: Decryption) -> list[str]:
    return sorted({found.code for found in done.findings if found.severity is Severity.ERROR})


def find(root: Element, path: str) -> Element:
    found = root.find(path, NAMES)
    assert found is not None, path
    return found


def remove(element: Element) -> Element:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return element


# --- both ways, every algorithm, and another implementation ---


@pytest.mark.parametrize("content", CONTENT_NAMES)
@pytest.mark.parametrize("transport", TRANSPORT_NAMES)
def test_every_algorithm_opens_to_the_same_element(content: str, transport: str) -> None:
    done = opened(shell(content=content, transport=transport))

    assert done.element is not None
    assert etree.tostring(done.element, method="c14n", exclusive=True) == etree.tostring(
        clear(), method="c14n", exclusive=True
    )
    assert done.facts is not None
    assert (done.facts.content, done.facts.transport, done.facts.label) == (content, transport, "sp")
    assert done.facts.key == private("sp").public.sha256
    assert done.facts.decrypted_element == "/saml:EncryptedAssertion"


@pytest.mark.parametrize("content", CONTENT_NAMES)
@pytest.mark.parametrize("transport", TRANSPORT_NAMES)
def test_xmlsec_opens_what_we_encrypt(content: str, transport: str) -> None:
    manager = xmlsec.KeysManager()
    pem = rsa_key("sp").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    manager.add_key(xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM))

    read = xmlsec.EncryptionContext(manager).decrypt(shell(content=content, transport=transport)[0])

    assert read.tag == ASSERTION
    assert read.findtext("saml:Issuer", namespaces=NAMES) == "ä & b"


@pytest.mark.parametrize(
    ("content", "kind", "bits"),
    [
        ("AES128", xmlsec.KeyData.AES, 128),
        ("AES256", xmlsec.KeyData.AES, 256),
        ("DES3", xmlsec.KeyData.DES, 192),
        ("AES128_GCM", xmlsec.KeyData.AES, 128),
        ("AES256_GCM", xmlsec.KeyData.AES, 256),
    ],
)
@pytest.mark.parametrize("transport", ["RSA_OAEP", "RSA_PKCS1"])
def test_we_open_what_xmlsec_encrypts_in_the_middle_of_a_document(
    content: str, kind: Any, bits: int, transport: str
) -> None:
    root = parse(CLEAR.encode(), "clear")
    template = xmlsec.template.encrypted_data_create(
        root, getattr(xmlsec.Transform, content), type=xmlsec.EncryptionType.ELEMENT, ns="xenc"
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
    travelling = xmlsec.template.add_encrypted_key(info, getattr(xmlsec.Transform, transport))
    xmlsec.template.encrypted_data_ensure_cipher_value(travelling)
    manager = xmlsec.KeysManager()
    pem = rsa_key("sp").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    manager.add_key(xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM))
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(kind, bits, xmlsec.KeyDataType.SESSION)
    context.encrypt_xml(template, root[0])

    # What xmlsec encrypts leaves the declaration of its prefix to the document around it.
    done = opened(parse(etree.tostring(root), "encrypted"))

    assert done.element is not None
    assert done.element.findtext("saml:Issuer", namespaces=NAMES) == "ä & b"


def test_an_oaep_key_with_other_parameters_and_a_label_opens() -> None:
    outer = shell(transport="rsa-oaep", content="aes128-gcm")
    method = find(outer, ".//xenc:EncryptedKey/xenc:EncryptionMethod")
    find(method, "ds:DigestMethod").set("Algorithm", "http://www.w3.org/2001/04/xmlenc#sha512")
    find(method, "xenc11:MGF").set("Algorithm", f"{XENC11}mgf1sha224")
    method.insert(0, method.makeelement(f"{{{XENC}}}OAEPparams"))
    method[0].text = base64.b64encode(b"label").decode()
    scheme = padding.OAEP(padding.MGF1(hashes.SHA224()), hashes.SHA512(), b"label")
    key, vector = bytes(16), bytes(12)
    wrapped = rsa_key("sp").public_key().encrypt(key, scheme)
    find(outer, ".//xenc:EncryptedKey//xenc:CipherValue").text = base64.b64encode(wrapped).decode()
    sealed = vector + AESGCM(key).encrypt(vector, etree.tostring(clear()), None)
    find(outer, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue").text = base64.b64encode(sealed).decode()

    assert opened(outer).element is not None
    method[0].text = base64.b64encode(b"lapel").decode()
    assert codes(opened(outer)) == ["decryption-failed"]


def test_the_parameters_of_oaep_are_sha1_where_they_are_left_out() -> None:
    outer = shell(transport="rsa-oaep-mgf1p")
    remove(find(outer, ".//ds:DigestMethod"))
    assert opened(outer).element is not None


# --- where the key travels, and for whom ---


def beside(outer: Element) -> Element:
    """Move the EncryptedKey beside the EncryptedData; gives the KeyInfo that it left."""
    info = find(outer, "xenc:EncryptedData/ds:KeyInfo")
    key = remove(find(info, "xenc:EncryptedKey"))
    key.set("Id", "_key")
    outer.append(key)
    return info


def test_a_key_beside_the_data_is_found_with_a_reference_or_without() -> None:
    plain = shell()
    beside(plain)
    assert opened(plain).element is not None

    referring = shell()
    info = beside(referring)
    etree.SubElement(info, f"{{{DS}}}RetrievalMethod", {"URI": "#_key", "Type": f"{XENC}EncryptedKey"})
    assert opened(referring).element is not None

    bare = shell()
    remove(beside(bare))
    assert opened(bare).element is not None


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/key", "file:///etc/passwd", "#elsewhere"])
def test_a_key_at_an_address_or_elsewhere_in_the_message_is_never_fetched(address: str) -> None:
    outer = shell()
    info = beside(outer)
    etree.SubElement(info, f"{{{DS}}}RetrievalMethod", {"URI": address})
    around = etree.Element("around")
    around.append(remove(find(outer, "xenc:EncryptedKey")))
    around.append(outer)

    done = opened(outer)

    assert codes(done) == ["encrypted-key-missing"]
    assert address in (done.findings[0].observed or "")


def test_a_message_without_any_key_says_so() -> None:
    outer = shell()
    remove(find(outer, ".//ds:KeyInfo"))
    assert codes(opened(outer)) == ["encrypted-key-missing"]


def test_one_of_several_keys_and_one_of_our_several_keys_fits() -> None:
    outer = shell()
    for other in ("idp", "old"):
        info = find(outer, "xenc:EncryptedData/ds:KeyInfo")
        info.insert(0, find(shell(key=other), ".//xenc:EncryptedKey"))

    done = opened(outer, "foreign", "sp")

    assert done.element is not None
    assert done.facts is not None
    assert done.facts.label == "sp"
    assert codes(opened(outer, "foreign", "other")) == ["decryption-failed"]


def test_a_key_for_somebody_else_is_passed_over() -> None:
    assert opened(shell(recipient=OURS), recipient=OURS).element is not None
    assert opened(shell(), recipient=OURS).element is not None
    theirs = shell(recipient="https://other.example")
    assert codes(opened(theirs, recipient=OURS)) == ["encrypted-key-missing"]
    assert "https://other.example" in (opened(theirs, recipient=OURS).findings[0].observed or "")
    assert opened(theirs).element is not None, "who we are was not said"


def test_a_key_that_cannot_be_read_does_not_stand_in_the_way_of_one_that_can() -> None:
    outer = shell()
    info = find(outer, "xenc:EncryptedData/ds:KeyInfo")
    info.insert(0, find(shell(transport="rsa-1_5"), ".//xenc:EncryptedKey"))

    done = opened(outer, permit=frozenset())

    assert done.element is not None
    assert codes(done) == []


def test_more_keys_than_anybody_sends_are_refused_before_one_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    outer = shell()
    info = find(outer, "xenc:EncryptedData/ds:KeyInfo")
    for _ in range(xmlencshape.MAX_KEYS):
        info.append(find(shell(), ".//xenc:EncryptedKey"))
    monkeypatch.setattr(ciphers.KeyTransport, "unwrap", lambda *_: pytest.fail("a private key was used"))
    assert codes(opened(outer)) == ["malformed-encryption"]


# --- what is weak, and what is forbidden ---


def test_rsa15_is_refused_unless_permitted_and_reported_all_the_same() -> None:
    outer = shell(transport="rsa-1_5")

    assert codes(opened(outer, permit=frozenset())) == ["rsa15-key-transport"]
    permitted = opened(outer, permit=frozenset({Permission.RSA15}))
    assert permitted.element is not None
    assert [(found.code, found.severity) for found in permitted.findings] == [("rsa15-key-transport", Severity.WARNING)]


def test_without_permission_no_private_key_touches_rsa15(monkeypatch: pytest.MonkeyPatch) -> None:
    outer = shell(transport="rsa-1_5")
    monkeypatch.setattr(ciphers.KeyTransport, "unwrap", lambda *_: pytest.fail("a private key was used"))
    assert opened(outer, permit=frozenset()).element is None


@pytest.mark.parametrize("content", [name for name in CONTENT_NAMES if name not in SEALED])
def test_cbc_is_read_with_a_warning(content: str) -> None:
    done = opened(shell(content=content))
    assert done.element is not None
    assert not done.sealed
    assert [(found.code, found.severity) for found in done.findings] == [("weak-encryption", Severity.WARNING)]


def test_what_is_written_unless_somebody_asks_is_gcm_and_oaep() -> None:
    done = opened(shell())
    assert done.facts is not None
    assert (done.facts.content, done.facts.transport) == ("aes256-gcm", "rsa-oaep-mgf1p")
    with pytest.raises(ConfigError, match="rsa-1_5 is not permitted"):
        shell(transport="rsa-1_5", permit=frozenset())


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("xenc:EncryptedData/xenc:EncryptionMethod", "http://www.w3.org/2001/04/xmlenc#kw-aes128"),
        ("xenc:EncryptedData/xenc:EncryptionMethod", "urn:x:none"),
        (".//xenc:EncryptedKey/xenc:EncryptionMethod", "http://www.w3.org/2001/04/xmlenc#kw-aes128"),
        (".//xenc:EncryptedKey/xenc:EncryptionMethod", "http://www.w3.org/2001/04/xmlenc#dh"),
        (".//ds:DigestMethod", "http://www.w3.org/2001/04/xmldsig-more#md5"),
        (".//xenc11:MGF", f"{XENC11}mgf1md5"),
    ],
)
def test_another_algorithm_is_named_and_refused(path: str, uri: str) -> None:
    outer = shell(transport="rsa-oaep")
    find(outer, path).set("Algorithm", uri)

    done = opened(outer)

    assert codes(done) == ["forbidden-encryption-algorithm"]
    assert done.findings[-1].observed == uri


@pytest.mark.parametrize("path", ["xenc:EncryptedData", ".//xenc:EncryptedKey"])
def test_a_missing_algorithm_is_refused_like_a_foreign_one(path: str) -> None:
    outer = shell()
    remove(find(outer, f"{path}/xenc:EncryptionMethod"))
    assert codes(opened(outer)) == ["forbidden-encryption-algorithm"]


# --- shapes ---


def twice(outer: Element) -> None:
    outer.append(shell()[0])


def by_reference(outer: Element) -> None:
    data = find(outer, "xenc:EncryptedData/xenc:CipherData")
    remove(data[0])
    etree.SubElement(data, f"{{{XENC}}}CipherReference", {"URI": "http://127.0.0.1:9/"})


def commented(outer: Element) -> None:
    find(outer, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue").append(etree.Comment("x"))


def garbled(outer: Element) -> None:
    find(outer, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue").text = "not base64!"


def emptied(outer: Element) -> None:
    find(outer, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue").text = None


def garbled_key(outer: Element) -> None:
    find(outer, ".//xenc:EncryptedKey//xenc:CipherValue").text = "?"


def content_only(outer: Element) -> None:
    find(outer, "xenc:EncryptedData").set("Type", f"{XENC}Content")


def huge(outer: Element) -> None:
    value = find(outer, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue")
    value.text = "A" * (4 * xmlencshape.MAX_CIPHERTEXT)


def hollow(outer: Element) -> None:
    outer.clear()


@pytest.mark.parametrize(
    "change", [twice, by_reference, commented, garbled, emptied, garbled_key, content_only, huge, hollow]
)
def test_another_shape_is_refused_before_a_private_key_is_used(
    change: Callable[[Element], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    outer = shell()
    change(outer)
    monkeypatch.setattr(ciphers.KeyTransport, "unwrap", lambda *_: pytest.fail("a private key was used"))
    assert codes(opened(outer)) == ["malformed-encryption"]


# --- one answer for whatever does not open ---


def sealed_as(content: str, transport: str, inside: bytes) -> Element:
    """A shell around any bytes, encrypted for us."""
    outer = shell(content=content, transport=transport)
    cipher, way = content_cipher(content), key_transport(transport)
    key = bytes(range(1, cipher.key_size + 1))
    hidden = cipher.encrypt(key, bytes(cipher.vector_size), inside)
    wrapped = way.wrap(private("sp").public, key)
    find(outer, ".//xenc:EncryptedKey//xenc:CipherValue").text = base64.b64encode(wrapped).decode()
    find(outer, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue").text = base64.b64encode(hidden).decode()
    return outer


def short_key(outer: Element) -> None:
    """Hide a content key of the wrong length."""
    method = find(outer, ".//xenc:EncryptedKey/xenc:EncryptionMethod").get("Algorithm", "")
    wrapped = ciphers.KEY_TRANSPORTS[method].wrap(private("sp").public, bytes(5))
    find(outer, ".//xenc:EncryptedKey//xenc:CipherValue").text = base64.b64encode(wrapped).decode()


def noise_for_a_key(outer: Element) -> None:
    find(outer, ".//xenc:EncryptedKey//xenc:CipherValue").text = base64.b64encode(b"\1" * 256).decode()


def key_of_another_size(outer: Element) -> None:
    find(outer, ".//xenc:EncryptedKey//xenc:CipherValue").text = base64.b64encode(b"\1" * 64).decode()


def short_content(outer: Element) -> None:
    find(outer, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue").text = base64.b64encode(b"\1" * 9).decode()


def odd_content(outer: Element) -> None:
    find(outer, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue").text = base64.b64encode(b"\1" * 77).decode()


@pytest.mark.parametrize("content", CONTENT_NAMES)
@pytest.mark.parametrize("transport", TRANSPORT_NAMES)
def test_every_way_of_not_opening_is_told_in_the_same_words(content: str, transport: str) -> None:
    told = set()
    for change in (short_key, noise_for_a_key, key_of_another_size, short_content, odd_content):
        outer = shell(content=content, transport=transport)
        change(outer)
        told.add(opened(outer).findings)
    told.add(opened(shell(content=content, transport=transport, key="other")).findings)
    for inside in (b"", b"not XML", b"<open>", b"<x/>", b"<!DOCTYPE x><x/>", b"\xff\xfe", b"</w><w>", b"<x:y/>"):
        told.add(opened(sealed_as(content, transport, inside)).findings)

    assert len(told) == 1
    assert [found.code for found in told.pop() if found.severity is Severity.ERROR] == ["decryption-failed"]


def test_a_missing_content_key_does_not_end_the_work_early(monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[bytes] = []
    before = ciphers.ContentCipher.decrypt

    def watched(self: ciphers.ContentCipher, key: bytes, value: bytes) -> bytes | None:
        used.append(key)
        return before(self, key, value)

    monkeypatch.setattr(ciphers.ContentCipher, "decrypt", watched)
    for change in (noise_for_a_key, short_key):
        outer = shell()
        change(outer)
        opened(outer, "sp", "other")
    assert [len(key) for key in used] == [32] * 4
    assert len(set(used)) == 4, "each time another random key"


def test_what_comes_out_is_parsed_by_the_same_hardened_parser() -> None:
    bomb = b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><saml:Assertion xmlns:saml='%b'>&a;</saml:Assertion>" % SAML.encode()
    assert codes(opened(sealed_as("aes256-gcm", "rsa-oaep", bomb))) == ["decryption-failed"]
    deep = b"<a>" * 100_000
    assert codes(opened(sealed_as("aes256-gcm", "rsa-oaep", deep))) == ["decryption-failed"]


def test_declarations_of_the_surroundings_are_added_and_never_repeated() -> None:
    inside = b"<saml:Assertion ID='_a' xmlns:xs='urn:own'><saml:Issuer xs:x='1'/></saml:Assertion>"
    done = opened(sealed_as("aes256-gcm", "rsa-oaep", inside))
    assert done.element is not None
    assert done.element.nsmap["xs"] == "urn:own"
    assert done.element.nsmap["saml"] == SAML


# --- the properties of GCM ---


def test_two_encryptions_share_neither_vector_nor_key() -> None:
    made = [shell(content="aes128-gcm") for _ in range(200)]
    values = [
        base64.b64decode(find(each, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue").text or "") for each in made
    ]
    assert len({value[:12] for value in values}) == len(values)
    assert len({value[12:28] for value in values}) == len(values)


@pytest.mark.parametrize("content", SEALED)
def test_the_tag_is_whole_and_no_shorter_one_is_taken(content: str) -> None:
    outer = shell(content=content)
    value = find(outer, "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue")
    whole = base64.b64decode(value.text or "")
    assert len(whole) == 12 + len(serialise(clear())) + 16
    for missing in range(1, 17):
        value.text = base64.b64encode(whole[:-missing]).decode()
        assert codes(opened(outer)) == ["decryption-failed"]


# --- keys ---


def test_an_ec_key_neither_decrypts_nor_is_encrypted_for() -> None:
    with pytest.raises(ConfigError, match="only RSA keys decrypt"):
        DecryptionKey.of(ec_test_key(), "ec")
    with pytest.raises(ConfigError, match="cannot carry a content key"):
        encrypt(clear(), TrustedKey(public=PublicKey(spki_of(ec_test_key()))))


def test_without_a_key_nothing_is_judged() -> None:
    with pytest.raises(ConfigError, match="no decryption key was given"):
        decrypt(shell(), [], wanted=ASSERTION)


def test_a_key_shows_in_no_text() -> None:
    assert "private" not in repr(private("sp"))
    assert str(rsa_key("sp").private_numbers().d) not in repr(private("sp"))


@pytest.mark.parametrize("look", [content_cipher, key_transport])
def test_an_unknown_algorithm_is_answered_with_the_known_ones(look: Callable[[str], object]) -> None:
    with pytest.raises(ConfigError, match="use one of"):
        look("rot13")


def test_the_uris_are_those_of_the_standard() -> None:
    assert sorted(CONTENT_CIPHERS) == [
        *(f"http://www.w3.org/2001/04/xmlenc#aes{bits}-cbc" for bits in (128, 192, 256)),
        "http://www.w3.org/2001/04/xmlenc#tripledes-cbc",
        *(f"http://www.w3.org/2009/xmlenc11#aes{bits}-gcm" for bits in (128, 192, 256)),
    ]
    assert replace(key_transport("rsa-oaep-mgf1p"), label=b"x").hash == "sha1"
