"""Key stores made by Java's keytool are read, with the very keys that openssl finds in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ssolab.core.certs import read_certificates
from ssolab.core.findings import PasswordError
from ssolab.core.keystores import KeyStore, is_store, open_store
from tests.interop.programs import needs, output_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs("keytool")

PASSWORD = "changeit"
DNAME = "CN=SSO_2027, OU=00D5g00000XyZAb, O=Salesforce.com, L=San Francisco, ST=CA, C=USA"
STORES = {"jks": "JKS", "jceks": "JCEKS", "p12": "PKCS12"}


def keytool(*arguments: str | Path) -> bytes:
    return output_of("keytool", *arguments)


def make_pair(store: Path, kind: str, alias: str, *options: str, password: str = PASSWORD) -> None:
    keytool(
        "-genkeypair", "-keystore", store, "-storetype", kind, "-storepass", password, "-keypass", password,
        "-alias", alias, "-dname", DNAME, "-validity", "365", *(options or ("-keyalg", "RSA", "-keysize", "2048")),
    )  # fmt: skip


def certificate_by_keytool(store: Path, alias: str) -> bytes:
    pem = keytool("-exportcert", "-rfc", "-keystore", store, "-storepass", PASSWORD, "-alias", alias)
    return read_certificates(pem, "keytool -exportcert")[0].der


def numbers_by_openssl(store: Path, alias: str, tmp_path: Path) -> object:
    """Convert one entry to PKCS#12 with keytool and take its key out with openssl."""
    single = tmp_path / f"{alias}-single.p12"
    keytool(
        "-importkeystore", "-noprompt", "-srckeystore", store, "-srcstorepass", PASSWORD, "-srcalias", alias,
        "-destkeystore", single, "-deststoretype", "PKCS12", "-deststorepass", PASSWORD,
    )  # fmt: skip
    pem = output_of("openssl", "pkcs12", "-in", single, "-passin", f"pass:{PASSWORD}", "-nocerts", "-nodes")
    return numbers(serialization.load_pem_private_key(pem, None))


def numbers(private: object) -> object:
    assert isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return private.private_numbers()


def opened(path: Path, password: str | None = PASSWORD) -> KeyStore:
    return open_store(path.read_bytes(), path.name, password)


@pytest.mark.parametrize("suffix", STORES)
def test_a_store_made_by_keytool_gives_the_key_and_certificate_that_keytool_and_openssl_find(
    suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"org.{suffix}"
    make_pair(path, STORES[suffix], "sso_2027")

    store = opened(path)

    assert is_store(path.read_bytes())
    assert store.kind == STORES[suffix]
    (entry,) = store.entries
    assert entry.alias == "sso_2027"
    assert [certificate.der for certificate in entry.certificates] == [certificate_by_keytool(path, "sso_2027")]
    assert numbers(entry.private) == numbers_by_openssl(path, "sso_2027", tmp_path)


@pytest.mark.parametrize("suffix", STORES)
def test_every_entry_of_a_store_is_found_an_elliptic_key_and_a_bare_trusted_certificate_too(
    suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"org.{suffix}"
    make_pair(path, STORES[suffix], "first")
    make_pair(path, STORES[suffix], "second", "-keyalg", "EC", "-groupname", "secp256r1")
    partner = tmp_path / "partner.crt"
    partner.write_bytes(keytool("-exportcert", "-rfc", "-keystore", path, "-storepass", PASSWORD, "-alias", "first"))
    keytool(
        "-importcert", "-noprompt", "-keystore", path, "-storepass", PASSWORD, "-alias", "partner", "-file", partner
    )  # fmt: skip

    entries = {entry.alias: entry for entry in opened(path).entries}

    assert set(entries) == {"first", "second", "partner"}
    assert numbers(entries["first"].private) == numbers_by_openssl(path, "first", tmp_path)
    assert numbers(entries["second"].private) == numbers_by_openssl(path, "second", tmp_path)
    assert entries["partner"].private is None
    assert entries["partner"].certificates[0].der == certificate_by_keytool(path, "first")


@pytest.mark.parametrize("suffix", STORES)
def test_a_wrong_password_is_said_to_be_one(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"org.{suffix}"
    make_pair(path, STORES[suffix], "sso_2027")

    with pytest.raises(PasswordError, match=f"org.{suffix}") as error:
        opened(path, "not-the-password")
    assert "not-the-password" not in str(error.value)


def test_a_password_beyond_ascii_opens_a_java_store(tmp_path: Path) -> None:
    path = tmp_path / "org.jks"
    make_pair(path, "JKS", "sso_2027", password="pässwört")

    assert [entry.alias for entry in opened(path, "pässwört").entries] == ["sso_2027"]


def test_a_pkcs12_made_by_openssl_with_the_algorithms_of_old_is_read(tmp_path: Path) -> None:
    source, legacy = tmp_path / "source.p12", tmp_path / "legacy.p12"
    make_pair(source, "PKCS12", "sso_2027")
    pem = output_of("openssl", "pkcs12", "-in", source, "-passin", f"pass:{PASSWORD}", "-nodes")
    output_of(
        "openssl", "pkcs12", "-export", "-legacy", "-name", "sso_2027", "-passout", f"pass:{PASSWORD}",
        "-out", legacy, given=pem,
    )  # fmt: skip

    (entry,) = opened(legacy).entries

    assert numbers(entry.private) == numbers(serialization.load_pem_private_key(pem, None))
