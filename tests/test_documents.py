from __future__ import annotations

import base64
import contextlib
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from ssolab.core.findings import InputError, PasswordError
from ssolab.core.keys import private_key_pem
from ssolab.core.names import name_of
from ssolab.core.selfsigned import self_signed
from ssolab.documents import Kind, opens_without_password, recognise
from tests.keys import ec_test_key, test_key

KEY, EC = test_key("old"), ec_test_key("p256")
CERTIFICATE, OTHER = (
    self_signed(
        private=private,
        subject=name_of([("CN", name)]),
        serial=3,
        not_before=datetime(2027, 1, 4, tzinfo=UTC),
        not_after=datetime(2028, 1, 4, tzinfo=UTC),
    )
    for private, name in ((KEY, "one"), (EC, "two"))
)
PEM = CERTIFICATE.pem.encode()
REQUEST = (
    x509.CertificateSigningRequestBuilder(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "asked")]))
    .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
    .sign(KEY, hashes.SHA256())
)
STORE = pkcs12.serialize_key_and_certificates(
    b"k", KEY, x509.load_der_x509_certificate(CERTIFICATE.der), None, serialization.BestAvailableEncryption(b"p")
)
METADATA = f"""<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
    entityID="https://idp.example">
  <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data>
      <ds:X509Certificate>{CERTIFICATE.base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/"/>
  </md:IDPSSODescriptor>
</md:EntityDescriptor>""".encode()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PEM, Kind.CERTIFICATES),
        (CERTIFICATE.der, Kind.CERTIFICATES),
        (CERTIFICATE.base64.encode(), Kind.CERTIFICATES),
        (b"\xef\xbb\xbf" + PEM, Kind.CERTIFICATES),
        (REQUEST.public_bytes(Encoding.PEM), Kind.REQUEST),
        (REQUEST.public_bytes(Encoding.DER), Kind.REQUEST),
        (base64.b64encode(REQUEST.public_bytes(Encoding.DER)), Kind.REQUEST),
        (METADATA, Kind.METADATA),
        (METADATA.decode().replace("?>", ' encoding="utf-16"?>', 1).encode("utf-16"), Kind.METADATA),
        (private_key_pem(KEY), Kind.PRIVATE_KEY),
        (private_key_pem(EC), Kind.PRIVATE_KEY),
        (KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), Kind.PUBLIC_KEY),
        (KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), Kind.PUBLIC_KEY),
    ],
)
def test_a_document_is_told_by_its_content_whatever_its_name(data: bytes, kind: Kind) -> None:
    for name in ("x.crt", "x.jks", "x.xml", "x"):
        assert recognise(data, name).kind is kind


def test_the_certificates_of_every_kind_end_up_in_one_place() -> None:
    assert recognise(PEM + OTHER.pem.encode(), "x").certificates == (CERTIFICATE, OTHER)
    assert recognise(STORE, "x", "p").certificates == (CERTIFICATE,)
    assert recognise(METADATA, "x").certificates == (CERTIFICATE,)


def test_a_request_shows_its_name_and_key() -> None:
    (request,) = recognise(REQUEST.public_bytes(Encoding.PEM), "x").requests
    assert request.subject.text == "CN=asked"
    assert request.spki == CERTIFICATE.spki
    assert request.label == "asked"
    assert request.signature_algorithm == "rsa-sha256"


def test_the_public_half_of_a_private_key_is_shown_and_no_more() -> None:
    document = recognise(private_key_pem(KEY), "x")
    assert [key.spki for key in document.keys] == [CERTIFICATE.spki]
    assert document.private_keys == 1
    assert document.notes == ()


def test_a_private_key_beside_a_certificate_is_noted() -> None:
    document = recognise(PEM + private_key_pem(KEY), "x")
    assert document.kind is Kind.CERTIFICATES
    assert document.notes == ("it holds a private key too; keep the file to yourself",)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_private_key_is_noted_and_left_shut(form: PrivateFormat) -> None:
    data = KEY.private_bytes(Encoding.PEM, form, serialization.BestAvailableEncryption(b"p"))
    document = recognise(data, "x")
    assert document.kind is Kind.PRIVATE_KEY
    assert document.keys == ()
    assert document.notes == ("its private key is encrypted and was not opened",)


def test_a_store_needs_its_password() -> None:
    with pytest.raises(PasswordError, match="needs a password"):
        recognise(STORE, "x")
    assert not opens_without_password(STORE)
    assert opens_without_password(b"\xfe\xed\xfe\xed")


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "it is empty"),
        (b"\xef\xbb\xbf", "nothing but zeros and white space"),
        (bytes(50_000_000), "nothing but zeros and white space"),
        (b"b" * 50_000_000, "limit"),
        (b"hello", "neither PEM nor DER nor base64"),
        (b"\xff\xd8\xff\xe0", "neither PEM nor DER nor base64"),
        (b"{}", "JSON has no certificate"),
        (b"<a/>", "EntityDescriptor"),
        (b"<a", "x: "),
        (PEM[:-30], "a PEM block is cut off"),
        (b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", "only X509 CRL"),
        (CERTIFICATE.der[:-9], "cut off"),
        (STORE[:-9], "damaged PKCS#12"),
        (REQUEST.public_bytes(Encoding.DER)[:-9], "cut off"),
        (b"\x30\x0b\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", "PKCS#7"),
        (b"\x30\x00", "neither certificate nor key"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(data: bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        recognise(data, "x", "p")
    assert str(caught.value).startswith("x")
    assert "\n" not in str(caught.value)


def test_one_certificate_is_chosen_by_number_where_there_are_several() -> None:
    both = recognise(PEM + OTHER.pem.encode(), "x.pem")
    assert both.one_certificate(2) == OTHER
    assert recognise(PEM, "x.pem").one_certificate() == CERTIFICATE
    for number in (None, 3):
        with pytest.raises(InputError, match=r"2 certificates in it; choose one by its number: 1 one, 2 two"):
            both.one_certificate(number)
    with pytest.raises(InputError, match=r"one certificate in it; choose one by its number: 1 one$"):
        recognise(PEM, "x.pem").one_certificate(2)
    with pytest.raises(InputError, match="no certificate in it"):
        recognise(private_key_pem(KEY), "x").one_certificate()


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x30", b"0\x82", b"-----BEGIN CERTIFICATE-----", b"M", b"<", STORE[:40]]),
)
def test_no_bytes_end_in_anything_but_our_errors(data: bytes, start: bytes) -> None:
    with contextlib.suppress(InputError):
        assert recognise(start + data, "x", "p").kind


@settings(max_examples=100, deadline=None)
@given(st.sampled_from([PEM, REQUEST.public_bytes(Encoding.DER), private_key_pem(EC), METADATA]), st.data())
def test_a_damaged_document_ends_in_our_errors_only(whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        assert recognise(bytes(damaged), "x").kind
