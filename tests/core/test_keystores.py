from __future__ import annotations

import hashlib
import hmac
import struct
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import jks
import pytest
from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st
from jks import sun_crypto

from ssolab.core import der, rc2
from ssolab.core.entries import public_half
from ssolab.core.findings import InputError, PasswordError, SsolabError
from ssolab.core.keys import spki_of
from ssolab.core.keystores import is_store, open_store
from ssolab.core.names import name_of
from ssolab.core.selfsigned import self_signed
from tests.keys import ec_test_key, test_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import PrivateKey

PASSWORD = "pässword"
BEGIN, END = datetime(2027, 1, 4, 9, tzinfo=UTC), datetime(2028, 1, 4, 12, tzinfo=UTC)
OLD, NEW, EC = test_key("old"), test_key("new"), ec_test_key("p256")


def certificate_of(private: PrivateKey, name: str, *, issuer: str | None = None) -> Certificate:
    subject, named = name_of([("CN", name)]), name_of([("CN", issuer or name)])
    return self_signed(private=private, subject=subject, issuer=named, serial=7, not_before=BEGIN, not_after=END)


OLD_CERTIFICATE, NEW_CERTIFICATE = certificate_of(OLD, "old"), certificate_of(NEW, "new")
EC_CERTIFICATE = certificate_of(EC, "curve")


def pkcs8_of(private: PrivateKey) -> bytes:
    return private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, serialization.NoEncryption())


def jks_of(password: str = PASSWORD) -> bytes:
    """A JKS that purejks wrote: two private keys and a trusted certificate."""
    return bytes(
        jks.KeyStore.new(
            "jks",
            [
                jks.PrivateKeyEntry.new("old", [OLD_CERTIFICATE.der, NEW_CERTIFICATE.der], pkcs8_of(OLD), "pkcs8"),
                jks.PrivateKeyEntry.new("curve", [EC_CERTIFICATE.der], pkcs8_of(EC), "pkcs8"),
                jks.TrustedCertEntry.new("trusted", NEW_CERTIFICATE.der),
            ],
        ).saves(password)
    )


def jceks_of(rounds: int = 1000, *, claimed: int | None = None, salt: bytes = b"saltsalu") -> bytes:
    """A JCEKS of one private key, put together with the derivation of purejks."""
    password = "password"
    key, vector = sun_crypto._jce_pbe_derive_key_and_iv(password, salt, rounds)
    clear = pkcs8_of(OLD)
    padding = 8 - len(clear) % 8
    encryptor = Cipher(TripleDES(key), modes.CBC(vector)).encryptor()
    hidden = encryptor.update(clear + bytes((padding,)) * padding) + encryptor.finalize()
    parameters = der.write(der.SEQUENCE, der.write(der.OCTET_STRING, salt), der.write_integer(claimed or rounds))
    algorithm = der.write(der.SEQUENCE, der.write_oid("1.3.6.1.4.1.42.2.19.1"), parameters)
    protected = der.write(der.SEQUENCE, algorithm, der.write(der.OCTET_STRING, hidden))
    certificate = b"\0\5X.509" + struct.pack(">I", len(OLD_CERTIFICATE.der)) + OLD_CERTIFICATE.der
    entry = struct.pack(">I", 1) + b"\0\3old" + bytes(8) + struct.pack(">I", len(protected)) + protected
    return sealed(b"\xce\xce\xce\xce" + struct.pack(">II", 2, 1) + entry + struct.pack(">I", 1) + certificate, password)


def sealed(content: bytes, password: str) -> bytes:
    """The content with the integrity check of JKS and JCEKS behind it."""
    secret = password.encode("utf-16-be")
    return content + hashlib.sha1(secret + b"Mighty Aphrodite" + content).digest()  # noqa: S324 -- the format's own


def pkcs12_of(
    password: str | None = PASSWORD,
    *,
    legacy: bool = False,
    certificate: Certificate = OLD_CERTIFICATE,
    others: Sequence[Certificate] = (),
) -> bytes:
    """A PKCS#12 that the library wrote."""
    leaf = x509.load_der_x509_certificate(certificate.der)
    chain = [x509.load_der_x509_certificate(one.der) for one in others]
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000)
        if legacy:
            builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())  # noqa: S303 -- what old files have
        encryption = builder.build(password.encode())
    return pkcs12.serialize_key_and_certificates(b"old", OLD, leaf, chain, encryption)


JKS, PKCS12 = jks_of(), pkcs12_of()


def test_every_entry_of_a_jks_is_read_as_purejks_wrote_it() -> None:
    store = open_store(JKS, "x.jks", PASSWORD)
    assert store.kind == "JKS"
    entries = {entry.alias: entry for entry in store.entries}
    assert {alias: entry.holds_key for alias, entry in entries.items()} == {
        "old": True,
        "curve": True,
        "trusted": False,
    }
    assert entries["old"].certificates == (OLD_CERTIFICATE, NEW_CERTIFICATE)
    assert entries["trusted"].certificates == (NEW_CERTIFICATE,)
    assert entries["old"].pkcs8 == pkcs8_of(OLD)
    for alias, private in (("old", OLD), ("curve", EC)):
        loaded = entries[alias].private
        assert loaded is not None
        assert spki_of(loaded) == spki_of(private)
        assert entries[alias].fits
    assert entries["trusted"].private is None


def test_a_jks_shows_its_certificates_without_password_and_says_what_was_not_checked() -> None:
    store = open_store(JKS, "x.jks")
    assert len(store.certificates) == 3
    assert all(entry.pkcs8 is None for entry in store.entries)
    assert "integrity was not checked" in store.notes[0]


@pytest.mark.parametrize("salt", [b"saltsalu", b"salisali"], ids=["halves differ", "halves equal"])
def test_a_jceks_is_read_with_the_slip_in_its_derivation(salt: bytes) -> None:
    data = jceks_of(salt=salt)
    assert open_store(data, "x", "password").entries[0].pkcs8 == pkcs8_of(OLD)
    assert jks.KeyStore.loads(data, "password").private_keys["old"].pkey_pkcs8 == pkcs8_of(OLD)


@pytest.mark.parametrize(
    "data", [JKS, jceks_of(), PKCS12, pkcs12_of(legacy=True)], ids=["JKS", "JCEKS", "PKCS12", "old PKCS12"]
)
def test_a_wrong_password_is_said_so_and_quickly(data: bytes) -> None:
    begun = time.perf_counter()
    for wrong in ("wrong", "", "Pässword", "密码", "\ud800", "x" * 1000):
        with pytest.raises(PasswordError, match=r"^store\.x: the password is wrong, or the key store is damaged"):
            open_store(data, "store.x", wrong)
    assert time.perf_counter() - begun < 2


def test_a_hostile_iteration_count_is_refused_before_anything_is_derived() -> None:
    begun = time.perf_counter()
    with pytest.raises(InputError, match="limit for one store is 5000000"):
        open_store(jceks_of(claimed=2**31 - 1), "x", "password")
    hostile = jceks_of().replace(der.write_integer(1000), b"\x02\x02\x7f\xff", 1)
    with pytest.raises(PasswordError):  # the integrity check comes first
        open_store(hostile, "x", "password")
    for data in (jceks_of(claimed=-1), pkcs12_with_mac(0), pkcs12_with_mac(2**31 - 1)):
        with pytest.raises(InputError, match="limit for one store is 5000000"):
            open_store(data, "x", "password")
    assert time.perf_counter() - begun < 2


def pkcs12_with_mac(rounds: int) -> bytes:
    """A PKCS#12 whose integrity check claims that many rounds."""
    version, content, mac = der.read_all(PKCS12).parts(3)
    info, salt, _ = mac.parts(3)
    claimed = der.write(der.SEQUENCE, info.der, salt.der, der.write_integer(rounds))
    return der.write(der.SEQUENCE, version.der, content.der, claimed)


def test_a_key_with_a_password_of_its_own_is_reported_and_the_rest_is_read() -> None:
    entry = jks.PrivateKeyEntry.new("own", [OLD_CERTIFICATE.der], pkcs8_of(OLD), "pkcs8")
    entry.encrypt("another")
    data = bytes(jks.KeyStore.new("jks", [entry, jks.TrustedCertEntry.new("t", NEW_CERTIFICATE.der)]).saves("store"))
    own, trusted = sorted(open_store(data, "x", "store").entries, key=lambda one: one.alias)
    assert own.pkcs8 is None
    assert own.holds_key
    assert "another password than the store" in own.note
    assert trusted.certificates == (NEW_CERTIFICATE,)


def test_a_key_that_does_not_belong_to_its_certificate_is_told() -> None:
    entry = jks.PrivateKeyEntry.new("mixed", [NEW_CERTIFICATE.der], pkcs8_of(OLD), "pkcs8")
    (mixed,) = open_store(bytes(jks.KeyStore.new("jks", [entry]).saves("p")), "x", "p").entries
    assert mixed.fits is False
    with pytest.raises(InputError, match="does not belong"):
        mixed.credential()


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pkcs12_is_read_with_key_certificate_and_chain(*, legacy: bool) -> None:
    leaf_issuer = certificate_of(NEW, "old")  # whose subject is the issuer of the self-issued leaf: not its chain
    store = open_store(pkcs12_of(legacy=legacy, others=[NEW_CERTIFICATE, leaf_issuer]), "x", PASSWORD)
    assert store.kind == "PKCS12"
    assert store.entries[0].alias == "old"
    assert store.entries[0].pkcs8 == pkcs8_of(OLD)
    assert store.entries[0].certificates[0] == OLD_CERTIFICATE
    assert store.entries[0].fits
    assert set(store.certificates) == {OLD_CERTIFICATE, NEW_CERTIFICATE, leaf_issuer}


def test_of_two_certificates_over_one_key_the_marked_one_is_taken() -> None:
    renewed = self_signed(private=OLD, subject=OLD_CERTIFICATE.subject, serial=8, not_before=BEGIN, not_after=END)
    bags = []
    for certificate, mark in ((OLD_CERTIFICATE, b"other"), (renewed, b"mine")):
        wrapped = der.write(der.OCTET_STRING, certificate.der)
        holder = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.9.22.1"), der.write(0xA0, wrapped))
        bags.append(bag("3", holder, attribute("1.2.840.113549.1.9.21", der.write(der.OCTET_STRING, mark))))
    local = attribute("1.2.840.113549.1.9.21", der.write(der.OCTET_STRING, b"mine"))
    safe = data_info(der.write(der.SEQUENCE, bag("1", pkcs8_of(OLD), local), *bags))
    data = der.write(der.SEQUENCE, der.write_integer(3), data_info(der.write(der.SEQUENCE, safe)))
    key, other = open_store(data, "x", "p").entries
    assert key.certificates == (renewed,)
    assert other.certificates == (OLD_CERTIFICATE,)


def test_a_chain_follows_the_issuers_and_a_store_of_many_entries_is_read_in_time() -> None:
    leaf = certificate_of(OLD, "leaf", issuer="middle")
    middle, root = certificate_of(NEW, "middle", issuer="root"), certificate_of(EC, "root")
    data = pkcs12_of(None, certificate=leaf, others=[root, middle, NEW_CERTIFICATE])
    assert open_store(data, "x").entries[0].certificates == (leaf, middle, root)
    bags = [bag("1", b"\x30\x00")] * 900
    for certificate in (leaf, middle, root):
        wrapped = der.write(der.OCTET_STRING, certificate.der)
        holder = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.9.22.1"), der.write(0xA0, wrapped))
        bags += [bag("3", holder)] * 300
    safe = der.write(der.SEQUENCE, data_info(der.write(der.SEQUENCE, *bags)))
    begun = time.perf_counter()
    open_store(der.write(der.SEQUENCE, der.write_integer(3), data_info(safe)), "x", "p")
    assert time.perf_counter() - begun < 10


def two_keys(password: bytes = b"password") -> bytes:
    """A PKCS#12 of two private keys, which `cryptography` cannot write: shrouded by it, wrapped by hand."""
    bags = []
    for number, (private, certificate) in enumerate(((OLD, OLD_CERTIFICATE), (NEW, NEW_CERTIFICATE)), 1):
        hidden = private.private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, serialization.BestAvailableEncryption(password)
        )
        local = attribute("1.2.840.113549.1.9.21", der.write(der.OCTET_STRING, bytes((number,))))
        named = attribute("1.2.840.113549.1.9.20", der.write_text(f"key-{number}", der.BMP_STRING))
        wrapped = der.write(der.OCTET_STRING, certificate.der)
        holder = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.9.22.1"), der.write(0xA0, wrapped))
        bags.append(bag("2", hidden, local + named))
        bags.append(bag("3", holder, local))
    safe = der.write(der.SEQUENCE, data_info(der.write(der.SEQUENCE, *bags)))
    return der.write(der.SEQUENCE, der.write_integer(3), data_info(safe))


def attribute(oid: str, value: bytes) -> bytes:
    return der.write(der.SEQUENCE, der.write_oid(oid), der.write(der.SET, value))


def bag(kind: str, value: bytes, attributes: bytes = b"") -> bytes:
    oid = der.write_oid(f"1.2.840.113549.1.12.10.1.{kind}")
    return der.write(der.SEQUENCE, oid, der.write(0xA0, value), der.write(der.SET, attributes))


def data_info(content: bytes) -> bytes:
    wrapped = der.write(0xA0, der.write(der.OCTET_STRING, content))
    return der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.7.1"), wrapped)


def test_a_second_private_key_in_a_pkcs12_is_reported_and_not_lost() -> None:
    data = two_keys()
    first, *_ = pkcs12.load_key_and_certificates(data, b"password")
    assert first is not None
    assert spki_of(first) == spki_of(OLD), "the library sees the first only; that is why we look ourselves"  # type: ignore[arg-type]  # it is an RSA key
    store = open_store(data, "x.p12", "password")
    assert [(entry.alias, entry.certificates, entry.fits) for entry in store.entries] == [
        ("key-1", (OLD_CERTIFICATE,), True),
        ("key-2", (NEW_CERTIFICATE,), True),
    ]
    assert store.notes[0].startswith("2 private keys in it; many programs see only the first, key-1, and lose key-2")


def test_a_pkcs12_without_integrity_check_still_wants_the_right_password() -> None:
    assert "it has no integrity check" in open_store(two_keys(), "x", "password").notes
    with pytest.raises(PasswordError, match="the password is wrong"):
        open_store(two_keys(), "x", "wrong")


def test_a_pkcs12_of_indefinite_lengths_is_read() -> None:
    store = der.read_all(two_keys())
    loose = b"\x30\x80" + store.content + b"\0\0"
    assert is_store(loose)
    assert len(open_store(loose, "x", "password").entries) == 2


def test_a_pkcs12_without_encryption_opens_without_password() -> None:
    assert open_store(pkcs12_of(None), "x").entries[0].certificates == (OLD_CERTIFICATE,)


def test_a_missing_password_is_asked_for() -> None:
    with pytest.raises(PasswordError, match=r"x\.p12: the key store needs a password"):
        open_store(PKCS12, "x.p12")


def test_a_java_truststore_is_read_as_certificates() -> None:
    certificate = pkcs12.PKCS12Certificate(x509.load_der_x509_certificate(NEW_CERTIFICATE.der), b"partner")
    data = pkcs12.serialize_java_truststore([certificate], serialization.BestAvailableEncryption(b"p"))
    (entry,) = open_store(data, "x", "p").entries
    assert (entry.alias, entry.certificates, entry.holds_key) == ("partner", (NEW_CERTIFICATE,), False)


def test_the_integrity_check_of_rfc_9579_is_understood() -> None:
    version, content, _ = der.read_all(PKCS12).parts(3)
    safe = content.parts(2)[1].first().content
    key = hashlib.pbkdf2_hmac("sha512", PASSWORD.encode(), b"salt", 1000, 64)
    sha512 = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.2.11"), der.write(der.NULL))
    derivation = der.write(
        der.SEQUENCE, der.write(der.OCTET_STRING, b"salt"), der.write_integer(1000), der.write_integer(64), sha512
    )
    pbkdf2 = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.5.12"), derivation)
    pbmac1 = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.5.14"), der.write(der.SEQUENCE, pbkdf2, sha512))
    digest = der.write(der.OCTET_STRING, hmac.digest(key, safe, "sha512"))
    mac = der.write(
        der.SEQUENCE, der.write(der.SEQUENCE, pbmac1, digest), der.write(der.OCTET_STRING, b""), der.write_integer(1)
    )
    data = der.write(der.SEQUENCE, version.der, content.der, mac)
    assert open_store(data, "x", PASSWORD).certificates == (OLD_CERTIFICATE,)
    with pytest.raises(PasswordError):
        open_store(data, "x", "wrong")


def test_bags_within_bags_and_other_kinds_of_bag_are_walked() -> None:
    wrapped = der.write(der.OCTET_STRING, NEW_CERTIFICATE.der)
    holder = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.9.22.1"), der.write(0xA0, wrapped))
    sdsi = der.write(der.SEQUENCE, der.write_oid("1.2.840.113549.1.9.22.2"), der.write(0xA0, wrapped))
    inner = der.write(der.SEQUENCE, bag("3", holder), bag("1", pkcs8_of(OLD)))
    named = attribute("1.2.840.113549.1.9.20", der.write_text("my secret", der.BMP_STRING))
    bags = der.write(der.SEQUENCE, bag("6", inner), bag("5", holder, named), bag("3", sdsi), bag("4", holder))
    data = der.write(der.SEQUENCE, der.write_integer(3), data_info(der.write(der.SEQUENCE, data_info(bags))))
    store = open_store(data, "x", "p")
    assert [(entry.alias, entry.holds_key, entry.certificates, entry.note) for entry in store.entries] == [
        ("key 1", True, (), "no certificate in it belongs to this private key"),
        ("new", False, (NEW_CERTIFICATE,), ""),
    ]
    assert store.notes == (
        "it has no integrity check",
        "a secret key called my secret was skipped",
        "a certificate that is not X.509 was skipped",
        "a revocation list was skipped",
    )
    nest = inner
    for _ in range(10):
        nest = der.write(der.SEQUENCE, bag("6", nest))
    deep = der.write(der.SEQUENCE, der.write_integer(3), data_info(der.write(der.SEQUENCE, data_info(nest))))
    with pytest.raises(InputError, match="nested too deeply"):
        open_store(deep, "x", "p")


def test_an_alias_cannot_move_the_cursor() -> None:
    entry = jks.TrustedCertEntry.new("a\x1b[2J\n", NEW_CERTIFICATE.der)
    (read,) = open_store(bytes(jks.KeyStore.new("jks", [entry]).saves("p")), "x", "p").entries
    assert read.alias == r"a\1b[2j\0a"


def test_what_is_no_key_store_is_said_so() -> None:
    for data in (b"", b"hello", OLD_CERTIFICATE.der, OLD_CERTIFICATE.pem.encode(), bytes(1000)):
        assert not is_store(data)
        with pytest.raises(InputError, match="no key store"):
            open_store(data, "x", "p")
    with pytest.raises(InputError, match="limit"):
        open_store(b"\xfe\xed\xfe\xed" + bytes(33 << 20), "x", "p")


@pytest.mark.parametrize("data", [JKS, PKCS12, jceks_of()], ids=["JKS", "PKCS12", "JCEKS"])
def test_a_store_cut_off_anywhere_is_refused_in_one_line(data: bytes) -> None:
    for length in (*range(4, 60), *range(60, len(data), 97)):
        with pytest.raises(InputError) as caught:
            open_store(data[:length], "cut", "password")
        assert str(caught.value).startswith("cut: ")
        assert "\n" not in str(caught.value)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JKS", "PKCS12", "JCEKS", "two"]), st.data())
def test_a_damaged_store_ends_in_our_errors_only(kind: str, data: st.DataObject) -> None:
    whole = {"JKS": JKS, "PKCS12": PKCS12, "JCEKS": jceks_of(1), "two": two_keys()}[kind]
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    for password in (PASSWORD, "password", None):
        try:
            store = open_store(bytes(damaged), "x", password)
        except SsolabError:
            continue
        assert isinstance(store.certificates, tuple)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_store_with_a_mended_integrity_check_ends_in_our_errors_only(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([JKS, jceks_of(1)]))[:-20]
    damaged = bytearray(whole)
    damaged[data.draw(st.integers(4, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        for entry in open_store(sealed(bytes(damaged), "password"), "x", "password").entries:
            _ = entry.fits
    except SsolabError:
        pass


def test_entries_are_chosen_by_alias_or_by_being_the_only_key() -> None:
    store = open_store(JKS, "x.jks", PASSWORD)
    assert store.entry("OLD", "x.jks").credential("label").label == "label"
    with pytest.raises(InputError, match="no entry 'missing' in it; there are old, curve, trusted"):
        store.entry("missing", "x.jks")
    with pytest.raises(InputError, match="2 private keys in it; choose one by its alias: there are old, curve"):
        store.entry(None, "x.jks")
    assert open_store(PKCS12, "x", PASSWORD).entry(None, "x").alias == "old"
    with pytest.raises(InputError, match="it has no private key"):
        store.entry("trusted", "x.jks").credential()


def test_no_text_of_a_store_holds_its_private_keys() -> None:
    store = open_store(JKS, "x.jks", PASSWORD)
    assert "pkcs8" not in repr(store)
    assert pkcs8_of(OLD)[30:60].hex() not in repr(store).encode().hex()


@pytest.mark.parametrize("private", [OLD, EC], ids=["RSA", "EC"])
def test_the_public_half_is_found_without_loading_the_key(private: PrivateKey) -> None:
    assert public_half(pkcs8_of(private)) == spki_of(private)
    with pytest.raises(InputError):
        public_half(b"\x30\x00")


@pytest.mark.parametrize(
    ("key", "ciphertext", "clear"),
    [
        ("ffffffffffffffff", "278b27e42e2f0d49", "ffffffffffffffff"),
        ("3000000000000000", "30649edf9be7d2c2", "1000000000000001"),
        ("88bca90e90875a7f0f79c384627bafb2", "2269552ab0f85ca6", "0000000000000000"),
    ],
)
def test_rc2_gives_the_values_of_rfc_2268(key: str, ciphertext: str, clear: str) -> None:
    assert rc2.decrypt_cbc(bytes.fromhex(key), bytes(8), bytes.fromhex(ciphertext)).hex() == clear
