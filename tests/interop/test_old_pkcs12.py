"""PKCS#12 files with every cipher that openssl still writes, also those that nobody should use any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from ssolab.core.findings import InputError, PasswordError
from ssolab.core.keys import private_key_pem, spki_of
from ssolab.core.keystores import open_store
from ssolab.salesforce.certificates import salesforce_certificate
from tests.interop.programs import needs, output_of
from tests.keys import test_key as rsa_key

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [*needs("openssl")]

CREATED = datetime(2027, 1, 4, 9, tzinfo=UTC)
CERTIFICATE = salesforce_certificate(
    private=rsa_key("old"), name="OLD", org_id="00D5g00000XyZAb", created=CREATED, random4=b"\1\2\3\4"
)


def export(folder: Path, *options: str) -> bytes:
    """A PKCS#12 that openssl wrote of our key and certificate."""
    (folder / "pair.pem").write_bytes(private_key_pem(rsa_key("old")) + CERTIFICATE.pem.encode())
    target = folder / "store.p12"
    providers = ("-provider", "default", "-provider", "legacy")
    files: tuple[str | Path, ...] = (
        "-export",
        "-in",
        folder / "pair.pem",
        "-out",
        target,
        "-passout",
        "pass:p\u00e4ss",
    )
    output_of("openssl", "pkcs12", *files, *providers, *options)
    return target.read_bytes()


@pytest.mark.parametrize(
    "cipher",
    ["AES-128-CBC", "AES-192-CBC", "AES-256-CBC", "DES-EDE3-CBC"]
    + [f"PBE-SHA1-{old}" for old in ("3DES", "2DES", "RC2-128", "RC2-40")],
)
def test_a_store_of_any_cipher_opens(tmp_path: Path, cipher: str) -> None:
    data = export(tmp_path, "-keypbe", cipher, "-certpbe", cipher, "-name", "Old key")
    (entry,) = open_store(data, "store.p12", "p\u00e4ss").entries
    assert (entry.alias, entry.certificates, entry.fits) == ("Old key", (CERTIFICATE,), True)
    assert entry.private is not None
    assert spki_of(entry.private) == CERTIFICATE.spki


@pytest.mark.parametrize("hashed", ["sha1", "sha256", "sha384", "sha512"])
def test_an_integrity_check_of_any_hash_is_checked(tmp_path: Path, hashed: str) -> None:
    data = export(tmp_path, "-macalg", hashed)
    assert open_store(data, "store.p12", "p\u00e4ss").certificates == (CERTIFICATE,)
    with pytest.raises(PasswordError, match="the password is wrong"):
        open_store(data, "store.p12", "pass")


def test_a_cipher_that_is_not_supported_is_named(tmp_path: Path) -> None:
    data = export(tmp_path, "-keypbe", "PBE-SHA1-RC4-128", "-certpbe", "NONE")
    with pytest.raises(InputError, match=r"not supported \(1\.2\.840\.113549\.1\.12\.1\.1\); export the store again"):
        open_store(data, "store.p12", "p\u00e4ss")
