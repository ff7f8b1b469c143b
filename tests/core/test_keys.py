from __future__ import annotations

import base64
import hashlib
import time

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, utils
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from ssolab.core import der
from ssolab.core.algorithms import DIGESTS, SIGNATURE_ALGORITHMS, digest_uri, signature_algorithm_for
from ssolab.core.findings import InputError, PasswordError
from ssolab.core.keys import (
    Permission,
    PublicKey,
    SigningCredential,
    TrustedKey,
    credential_from,
    load_private_key,
    new_private_key,
    new_private_key_like,
    new_token_key_like,
    private_key_pem,
    spki_of,
)
from ssolab.core.pem import write_pem
from ssolab.core.spki import exponent_of
from ssolab.salesforce.proxy import retired_shape
from tests.keys import ec_test_key, test_key

RSA = test_key("old")
EC = ec_test_key("p256")
HASHES = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}  # noqa: S303 -- old partners
DATA = b"signed bytes"
PLAIN = serialization.NoEncryption()


def of(private: object) -> PublicKey:
    """The public half of any key of the library."""
    public = private.public_key()  # type: ignore[attr-defined]  # every private key of the library has it
    return PublicKey(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def test_the_uris_are_those_of_rfc_9231() -> None:
    assert {uri: row.name for uri, row in SIGNATURE_ALGORITHMS.items()} == {
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1": "rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": "rsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": "rsa-sha384",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": "rsa-sha512",
        "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1": "rsa-pss-sha1",
        "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1": "rsa-pss-sha256",
        "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1": "rsa-pss-sha384",
        "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1": "rsa-pss-sha512",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1": "ecdsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": "ecdsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": "ecdsa-sha384",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": "ecdsa-sha512",
    }
    assert DIGESTS == {
        "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
        "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    }
    assert digest_uri("sha384") == "http://www.w3.org/2001/04/xmldsig-more#sha384"


@pytest.mark.parametrize("row", SIGNATURE_ALGORITHMS.values(), ids=lambda row: row.name)
def test_what_an_algorithm_signs_the_library_verifies_and_so_do_we(row) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- the row's type is the table's
    private = RSA if row.kind == "RSA" else EC
    signature = row.sign(private, DATA)
    hashed = HASHES[row.hash]
    if row.kind == "EC":
        halves = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        EC.public_key().verify(utils.encode_dss_signature(*halves), DATA, ec.ECDSA(hashed))
    else:
        pss = padding.PSS(padding.MGF1(hashed), hashed.digest_size)
        RSA.public_key().verify(signature, DATA, pss if row.pss else padding.PKCS1v15(), hashed)
    assert row.verify(of(private), signature, DATA)
    assert not row.verify(of(private), signature, DATA + b"!")
    assert not row.verify(of(test_key("other")), signature, DATA)
    assert not row.verify(of(ec_test_key("p384")), signature, DATA)


def test_the_three_schemes_do_not_take_one_another_for_their_own() -> None:
    rows = [row for row in SIGNATURE_ALGORITHMS.values() if row.kind == "RSA"]
    for row in rows:
        signature = row.sign(RSA, DATA)
        assert [other.name for other in rows if other.verify(of(RSA), signature, DATA)] == [row.name]


@pytest.mark.parametrize(("name", "width"), [("p256", 32), ("p384", 48)])
def test_an_ecdsa_value_has_exactly_the_width_of_its_curve(name: str, width: int) -> None:
    private = ec_test_key(name)
    row = signature_algorithm_for(of(private))
    signature = row.sign(private, DATA)
    assert len(signature) == 2 * width
    assert not row.verify(of(private), signature + b"\0", DATA)
    assert not row.verify(of(private), b"\0" + signature, DATA)
    assert not row.verify(of(private), private.sign(DATA, ec.ECDSA(hashes.SHA256())), DATA), "DER is not XML's form"
    assert not row.verify(of(private), bytes(2 * width), DATA)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(sorted(SIGNATURE_ALGORITHMS)), st.binary(max_size=80))
def test_verifying_never_raises(signature: bytes, uri: str, spki: bytes) -> None:
    row = SIGNATURE_ALGORITHMS[uri]
    for public in (of(RSA), of(EC), PublicKey(spki), of(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))):
        assert row.verify(public, signature, DATA) is False


def test_rsa_signing_is_deterministic_so_the_sample_lab_can_be_written_again() -> None:
    row = signature_algorithm_for(of(RSA))
    assert row.sign(RSA, DATA) == row.sign(RSA, DATA)


def test_a_key_of_1024_bits_signs_because_old_partners_have_them() -> None:
    small = test_key("legacy", 1024)
    row = signature_algorithm_for(of(small))
    assert row.verify(of(small), row.sign(small, DATA), DATA)


def test_a_key_signs_only_with_algorithms_of_its_kind() -> None:
    with pytest.raises(InputError, match="use a key of kind EC"):
        signature_algorithm_for(of(EC)).sign(RSA, DATA)
    with pytest.raises(InputError, match="use a key of kind RSA"):
        signature_algorithm_for(of(RSA)).sign(EC, DATA)
    with pytest.raises(InputError, match="use a larger key"):
        signature_algorithm_for(of(RSA), "sha512", pss=True).sign(test_key("legacy", 1024), DATA)  # needs 1040 bits
    with pytest.raises(InputError, match="no known hash"):
        signature_algorithm_for(of(RSA), "md5")
    with pytest.raises(InputError, match="no signature algorithm for EC keys with PSS"):
        signature_algorithm_for(of(EC), pss=True)


def test_a_public_key_tells_kind_and_size_without_the_library() -> None:
    assert (of(RSA).kind, of(RSA).bits, of(RSA).text) == ("RSA", 2048, "RSA 2048")
    assert (of(EC).kind, of(EC).bits, of(EC).text) == ("EC", 256, "EC P-256")
    assert of(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))).text == "Ed25519 256"
    numbers = dsa.DSAParameterNumbers(p=(1 << 2047) + 1, q=(1 << 255) + 1, g=2)
    oid = der.write_oid("1.2.840.10040.4.1")
    parameters = der.write(der.SEQUENCE, *map(der.write_integer, (numbers.p, numbers.q, numbers.g)))
    spki = der.write(der.SEQUENCE, der.write(der.SEQUENCE, oid, parameters), der.write_bits(der.write_integer(5)))
    assert PublicKey(spki).text == "DSA 2048"
    assert PublicKey(b"junk").kind == "unreadable"
    assert of(RSA).sha256 == hashlib.sha256(of(RSA).spki).hexdigest()


def test_a_huge_key_is_refused_before_it_costs_anything() -> None:
    modulus = der.write(der.SEQUENCE, der.write_integer((1 << 20_000) | 1), der.write_integer(65537))
    algorithm = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.1.1"), der.write(der.NULL))
    huge = PublicKey(der.write(der.SEQUENCE, algorithm, der.write_bits(modulus)))
    assert huge.bits == 20_001
    with pytest.raises(InputError, match="limit is 16384"):
        _ = huge.crypto
    assert not signature_algorithm_for(huge).verify(huge, bytes(2500), DATA)


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("private", [RSA, EC], ids=["RSA", "EC"])
def test_private_keys_are_read_in_every_usual_form(private, encoding: Encoding, form: PrivateFormat) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- either kind
    data = private.private_bytes(encoding, form, PLAIN)
    assert spki_of(load_private_key(data, "k")) == of(private).spki
    if encoding is Encoding.DER:
        assert spki_of(load_private_key(base64.b64encode(data), "k")) == of(private).spki
    else:
        assert spki_of(load_private_key(b"text\n" + data + b"text\n", "k")) == of(private).spki


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_an_encrypted_private_key_opens_with_its_password_only(form: PrivateFormat) -> None:
    data = RSA.private_bytes(Encoding.PEM, form, serialization.BestAvailableEncryption(b"right"))
    assert spki_of(load_private_key(data, "k", b"right")) == of(RSA).spki
    with pytest.raises(PasswordError, match="k: the private key is encrypted"):
        load_private_key(data, "k")
    with pytest.raises(PasswordError, match="does not open"):
        load_private_key(data, "k", b"wrong")


def pkcs8_that_asks_for(derivation: bytes) -> bytes:
    """An encrypted private key whose derivation is said to be that one."""
    scheme = der.write(der.SEQUENCE, der.write_oid("2.16.840.1.101.3.4.1.42"), der.write(der.OCTET_STRING, bytes(16)))
    parameters = der.write(der.SEQUENCE, derivation, scheme)
    algorithm = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.5.13"), parameters)
    return der.write(der.SEQUENCE, algorithm, der.write(der.OCTET_STRING, bytes(64)))


def derivation_by(oid: str, *numbers: int) -> bytes:
    salted = der.write(der.SEQUENCE, der.write(der.OCTET_STRING, bytes(8)), *map(der.write_integer, numbers))
    return der.write(der.SEQUENCE, der.write_oid(oid), salted)


@pytest.mark.parametrize(
    "data",
    [
        pkcs8_that_asks_for(derivation_by("1.2.840.113549.1.5.12", 2**31 - 1)),  # PBKDF2
        pkcs8_that_asks_for(derivation_by("1.2.840.113549.1.5.12", -1)),
        pkcs8_that_asks_for(derivation_by("1.2.840.113549.1.5.12", 1 << 20_000)),
        pkcs8_that_asks_for(derivation_by("1.3.6.1.4.1.11591.4.11", 2**20, 8, 1)),  # scrypt of a gigabyte
        der.write(
            der.SEQUENCE, derivation_by("1.2.840.113549.1.12.1.3", 2**31 - 1), der.write(der.OCTET_STRING, bytes(64))
        ),
    ],
    ids=["PBKDF2", "negative", "endless", "scrypt", "PKCS#12"],
)
def test_a_private_key_that_asks_for_hours_of_hashing_is_refused_at_once(data: bytes) -> None:
    begun = time.process_time()
    for form in (data, write_pem("ENCRYPTED PRIVATE KEY", data).encode()):
        with pytest.raises(InputError, match="rounds of hashing; the limit"):
            load_private_key(form, "k", b"password")
    hidden = write_pem("ENCRYPTED PRIVATE KEY", data).replace("KEY-----\n", "KEY-----\nX: y\n\n", 1).encode()
    with pytest.raises(InputError):
        load_private_key(hidden, "k", b"password")
    assert time.process_time() - begun < 1


def test_a_password_for_a_key_in_the_clear_does_no_harm() -> None:
    assert spki_of(load_private_key(private_key_pem(RSA), "k", b"needless")) == of(RSA).spki


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "no readable private key"),
        (b"\0" * 1000, "no readable private key"),
        (private_key_pem(RSA)[:-30], "no whole PRIVATE KEY block"),
        (private_key_pem(RSA) + private_key_pem(EC), "2 private keys"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no readable private key"),
        (
            ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, PLAIN
            ),
            "neither RSA nor EC",
        ),
    ],
)
def test_what_is_no_signing_key_is_refused_in_one_line(data: bytes, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint) as caught:
        load_private_key(data, "some.key")
    assert str(caught.value).startswith("some.key: ")
    assert "\n" not in str(caught.value)


def test_a_credential_needs_the_pair_that_belongs_together() -> None:
    certificate = retired_shape(private=RSA)
    credential = credential_from(RSA, certificate, "proxy")
    assert credential.public == of(RSA)
    assert credential.algorithm("sha384").name == "rsa-sha384"
    with pytest.raises(InputError, match="does not belong"):
        credential_from(test_key("other"), certificate, "proxy")


def test_a_credential_never_shows_its_private_key() -> None:
    credential = SigningCredential(private=RSA, certificate=retired_shape(private=RSA), label="proxy")
    assert "private" not in repr(credential).lower()
    assert str(RSA.private_numbers().d) not in repr(credential)


def test_a_trusted_key_remembers_where_it_was_declared() -> None:
    certificate = retired_shape(private=RSA)
    trusted = TrustedKey.of(certificate, "https://sp.example", "sp.xml", "signing")
    assert trusted.public.sha256 == certificate.spki_sha256
    assert (trusted.holder, trusted.source, trusted.use) == ("https://sp.example", "sp.xml", "signing")


def test_new_keys_have_the_kind_and_size_asked_for() -> None:
    assert of(new_private_key("EC", 384)).text == "EC P-384"
    assert of(new_private_key("RSA", 1024)).text == "RSA 1024"
    for kind, bits in (("RSA", 512), ("RSA", 20_000), ("EC", 224), ("DSA", 2048)):
        with pytest.raises(InputError, match="no such key can be made"):
            new_private_key(kind, bits)


def test_a_key_like_another_says_where_it_differs() -> None:
    made, said = new_private_key_like(of(EC))
    assert (of(made).text, said) == ("EC P-256", ())
    made, said = new_private_key_like(of(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))))
    assert (of(made).text, said) == ("EC P-256", ("key of kind Ed25519 256 became EC P-256",))


def test_a_key_for_tokens_is_of_the_very_kind_of_another() -> None:
    for private in (EC, RSA, ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))):
        made = of(new_token_key_like(of(private)))
        assert (made.text, made.sha256 == of(private).sha256) == (of(private).text, False)


def test_the_permissions_are_called_as_the_command_line_says() -> None:
    assert [str(one) for one in Permission] == ["sha1", "rsa1024", "rsa15", "inclusive-c14n"]


def test_the_exponent_of_an_rsa_key_is_read_without_the_library() -> None:
    assert exponent_of(spki_of(RSA)) == 65537
    assert exponent_of(spki_of(EC)) is None
    assert exponent_of(b"") is None
