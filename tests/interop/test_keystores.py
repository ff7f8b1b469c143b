"""Key stores made by Java's keytool are read, with the very keys that openssl finds in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ssolab.core.certs import read_certificates
from ssolab.core.findings import PasswordError
from ssolab.core.keystores import KeyStore, is_store, open_store
from ssolab.core.spki import PublicKey
from tests.interop.pair import credential
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


def pem_by_openssl(store: Path, alias: str, folder: Path) -> bytes:
    """Convert one entry to PKCS#12 with keytool and take key and certificate out with openssl."""
    single = folder / f"{alias}-single.p12"
    keytool(
        "-importkeystore", "-noprompt", "-srckeystore", store, "-srcstorepass", PASSWORD, "-srcalias", alias,
        "-destkeystore", single, "-deststoretype", "PKCS12", "-deststorepass", PASSWORD,
    )  # fmt: skip
    return output_of("openssl", "pkcs12", "-in", single, "-passin", f"pass:{PASSWORD}", "-nodes")


def numbers_by_openssl(store: Path, alias: str, folder: Path) -> object:
    return numbers(serialization.load_pem_private_key(pem_by_openssl(store, alias, folder), None))


def numbers(private: object) -> object:
    assert isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return private.private_numbers()


def opened(path: Path, password: str | None = PASSWORD) -> KeyStore:
    return open_store(path.read_bytes(), path.name, password)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One store of each kind, by its suffix: an RSA pair, an elliptic pair and a bare trusted certificate."""
    folder = tmp_path_factory.mktemp("stores")
    made = {}
    for suffix, kind in STORES.items():
        path, partner = folder / f"org.{suffix}", folder / f"partner-{suffix}.crt"
        make_pair(path, kind, "sso_2027")
        make_pair(path, kind, "elliptic", "-keyalg", "EC", "-groupname", "secp256r1")
        partner.write_text(credential("foreign").certificate.pem)
        keytool(
            "-importcert", "-noprompt", "-keystore", path, "-storepass", PASSWORD, "-alias", "partner", "-file", partner
        )  # fmt: skip
        made[suffix] = path
    return made


@pytest.mark.parametrize("suffix", STORES)
def test_a_store_made_by_keytool_is_recognised_and_every_entry_of_it_is_found(
    suffix: str, stores: dict[str, Path]
) -> None:
    store = opened(stores[suffix])

    assert is_store(stores[suffix].read_bytes())
    assert store.kind == STORES[suffix]
    assert {entry.alias for entry in store.entries} == {"sso_2027", "elliptic", "partner"}
    (partner,) = (entry for entry in store.entries if entry.alias == "partner")
    assert partner.private is None
    assert PublicKey(partner.certificates[0].spki).sha256 == credential("foreign").public.sha256


@pytest.mark.parametrize("alias", ["sso_2027", "elliptic"])
@pytest.mark.parametrize("suffix", STORES)
def test_both_of_two_keys_in_a_store_are_the_ones_that_keytool_and_openssl_find(
    suffix: str, alias: str, stores: dict[str, Path], tmp_path: Path
) -> None:
    (entry,) = (entry for entry in opened(stores[suffix]).entries if entry.alias == alias)

    assert [certificate.der for certificate in entry.certificates] == [certificate_by_keytool(stores[suffix], alias)]
    assert numbers(entry.private) == numbers_by_openssl(stores[suffix], alias, tmp_path)


@pytest.mark.parametrize("suffix", STORES)
def test_a_wrong_password_is_said_to_be_one(suffix: str, stores: dict[str, Path]) -> None:
    with pytest.raises(PasswordError, match=f"org.{suffix}") as error:
        opened(stores[suffix], "not-the-password")
    assert "not-the-password" not in str(error.value)


def test_a_password_beyond_ascii_opens_a_java_store(tmp_path: Path) -> None:
    path = tmp_path / "org.jks"
    make_pair(path, "JKS", "sso_2027", password="pässwört")

    assert [entry.alias for entry in opened(path, "pässwört").entries] == ["sso_2027"]


def test_a_pkcs12_made_by_openssl_with_the_algorithms_of_old_is_read(stores: dict[str, Path], tmp_path: Path) -> None:
    legacy = tmp_path / "legacy.p12"
    pem = pem_by_openssl(stores["p12"], "sso_2027", tmp_path)
    output_of(
        "openssl", "pkcs12", "-export", "-legacy", "-name", "sso_2027", "-passout", f"pass:{PASSWORD}",
        "-out", legacy, given=pem,
    )  # fmt: skip

    (entry,) = opened(legacy).entries

    assert entry.alias == "sso_2027"
    assert numbers(entry.private) == numbers(serialization.load_pem_private_key(pem, None))
    assert [certificate.der for certificate in entry.certificates] == [
        certificate_by_keytool(stores["p12"], "sso_2027")
    ]
