"""`ssolab verify saml --decrypt`: every form of key, several of them, and what is said of the one that fits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from ssolab.cli import run
from ssolab.cli._ciphers import CONTENTS, TRANSPORTS
from ssolab.core.ciphers import CONTENT_NAMES, TRANSPORT_NAMES
from ssolab.saml.issue import draft_request, seal
from tests.keys import ec_test_key
from tests.keys import test_key as rsa_key
from tests.saml.samples import ACS, IDP, NOW, REQUEST, SP, asserting, certificate, credential, relying
from tests.saml.test_decryption import message

pytestmark = pytest.mark.usefixtures("here")
JUDGED = ["--trust", "idp.xml", "--audience", SP, "--recipient", ACS, "--in-response-to", REQUEST,
          "--at", "2027-01-04T09:00:00Z"]  # fmt: skip
KEYS = ["key.pem", "key.der", "both.pem", "locked.pem", "store.p12", "open.p12"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with encrypted messages and the receiver's key in every form that --decrypt takes."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE", "open sesame")
    private, own = rsa_key("sp"), x509.load_der_x509_certificate(certificate("sp").der)
    locked = BestAvailableEncryption(b"open sesame")
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files: dict[str, bytes | str] = {
        "hidden.xml": message("assertion", "name-id"),
        "cbc.xml": message(content="aes128-cbc"),
        "rsa15.xml": message(transport="rsa-1_5"),
        "idp.xml": asserting().document(NOW),
        "sp.xml": relying().document(NOW),
        "request.xml": seal(draft_request(relying(), now=NOW, new_id=lambda: REQUEST), credential("sp")),
        "key.pem": pem,
        "key.der": private.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
        "both.pem": certificate("sp").pem + pem.decode(),
        "locked.pem": private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked),
        "store.p12": pkcs12.serialize_key_and_certificates(b"sso", private, own, None, locked),
        "open.p12": pkcs12.serialize_key_and_certificates(b"sso", private, own, None, NoEncryption()),
        "other.pem": rsa_key("other").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "ec.pem": ec_test_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "idp.pem": certificate("idp").pem.encode()
        + rsa_key("idp").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "sp.crt": certificate("sp").pem,
        "two.crt": certificate("sp").pem + certificate("new").pem,
        "ec.crt": certificate("p256").pem,
        "empty.pem": b"",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def verify(*arguments: str) -> int:
    return run(["verify", "saml", *arguments])


@pytest.mark.parametrize("key", KEYS)
def test_every_form_of_key_opens_the_message(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("hidden.xml", *JUDGED, "--decrypt", key, "--password-env", "STORE") == 0
    told = capsys.readouterr().out
    assert "subject     amira@greenmoor.org" in told
    assert "decrypted   /samlp:Response/saml:EncryptedAssertion, aes256-gcm with rsa-oaep-mgf1p" in told
    assert f"with        {key}" in told
    assert certificate("sp").spki_sha256 in told


def test_several_keys_are_tried_and_the_one_used_is_named_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code = verify("hidden.xml", *JUDGED, "--decrypt", "other.pem", "--decrypt", "open.p12", "--format", "json")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (code, told["verdict"]) == (0, "accepted")
    assert [each["label"] for each in told["result"]["decryption"]] == ["open.p12#sso", "open.p12#sso"]
    assert told["result"]["decryption"][1] == {
        "key": certificate("sp").spki_sha256,
        "label": "open.p12#sso",
        "content": "aes256-gcm",
        "transport": "rsa-oaep-mgf1p",
        "decrypted_element": "/samlp:Response/saml:EncryptedAssertion/saml:Assertion/saml:Subject/saml:EncryptedID",
    }


def test_without_a_key_or_with_another_the_message_is_refused_with_the_reason(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert verify("hidden.xml", *JUDGED) == 1
    assert "assertion-encrypted" in capsys.readouterr().out
    assert verify("hidden.xml", *JUDGED, "--decrypt", "other.pem") == 1
    assert "decryption-failed" in capsys.readouterr().out


def test_what_is_weak_warns_and_rsa15_needs_its_permission(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("cbc.xml", *JUDGED, "--decrypt", "key.pem") == 0
    assert "weak-encryption" in capsys.readouterr().out
    assert verify("rsa15.xml", *JUDGED, "--decrypt", "key.pem") == 1
    assert "rsa15-key-transport" in capsys.readouterr().out
    assert verify("rsa15.xml", *JUDGED, "--decrypt", "key.pem", "--allow", "rsa15") == 0


def test_an_entry_is_chosen_by_its_alias(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("hidden.xml", *JUDGED, "--decrypt", "open.p12", "--alias", "SSO") == 0
    assert verify("hidden.xml", *JUDGED, "--decrypt", "open.p12", "--alias", "none") == 2
    assert "no entry 'none' in it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["hidden.xml", *JUDGED, "--decrypt", "nowhere.pem"], "there is no such file"),
        (["hidden.xml", *JUDGED, "--decrypt", "empty.pem"], "empty.pem"),
        (["hidden.xml", *JUDGED, "--decrypt", "idp.xml"], "idp.xml"),
        (["hidden.xml", *JUDGED, "--decrypt", "ec.pem"], "only RSA keys decrypt"),
        (["hidden.xml", *JUDGED, "--decrypt", "locked.pem", "--password-env", "NOT_SET"], "NOT_SET"),
        (["hidden.xml", *JUDGED, "--decrypt", "store.p12", "--password-env", "NOT_SET"], "NOT_SET"),
        (["hidden.xml", *JUDGED, "--decrypt", "locked.pem", "--password-env", "HOME"], "does not open"),
        (["hidden.xml", *JUDGED, "--decrypt", "key.pem", "--alias", "x"], "no --decrypt names one"),
        (["-", *JUDGED, "--decrypt", "-"], "standard input can be read once"),
        (["request.xml", "--trust", "sp.xml", "--decrypt", "key.pem"], "--decrypt is for a Response"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(*arguments) == 2
    told = capsys.readouterr()
    assert told.err.count("\n") == 1
    assert complaint in told.err
    assert told.out == ""


SIGNED = ["sign", "saml", "--key", "idp.pem", "--issuer", IDP, "--audience", SP, "--recipient", ACS,
          "--name-id", "ben@greenmoor.org", "--in-response-to", REQUEST, "--at", "2027-01-04T09:00:00Z"]  # fmt: skip


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_what_sign_encrypts_for_a_certificate_is_opened_with_its_key(
    sign: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*SIGNED, "--sign", sign, "--encrypt", "sp.crt", "--output", "made.xml"]) == 0
    assert b"ben@greenmoor.org" not in Path("made.xml").read_bytes()
    assert verify("made.xml", *JUDGED, "--decrypt", "key.pem") == 0
    assert "subject     ben@greenmoor.org" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "complaint"),
    [
        ("ec.crt", "a certificate over a key of kind EC"),
        ("two.crt", "2 certificates in it"),
        ("key.pem", "key.pem"),
        ("empty.pem", "empty.pem"),
        ("nowhere", "there is no such file"),
    ],
)
def test_nothing_is_signed_where_there_is_no_key_to_encrypt_for(
    file: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*SIGNED, "--encrypt", file, "--output", "made.xml"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert complaint in told
    assert not Path("made.xml").exists()


@pytest.mark.parametrize("cipher", CONTENTS)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_sign_encrypts_with_the_cipher_that_is_named(
    cipher: str, transport: str, capsys: pytest.CaptureFixture[str]
) -> None:
    how = ["--cipher", cipher, "--key-transport", transport]
    assert run([*SIGNED, "--encrypt", "sp.crt", *how, "--output", "made.xml"]) == 0
    allowed = ["--allow", "rsa15"] if transport == "rsa-1_5" else []
    assert verify("made.xml", *JUDGED, "--decrypt", "key.pem", *allowed) == 0
    assert f"{cipher} with {transport}" in capsys.readouterr().out


def test_the_ciphers_that_can_be_named_are_those_that_there_are() -> None:
    assert (CONTENTS, TRANSPORTS) == (CONTENT_NAMES, TRANSPORT_NAMES)


@pytest.mark.parametrize("option", [["--cipher", "aes256-gcm"], ["--key-transport", "rsa-oaep"]])
def test_a_cipher_for_nothing_is_refused(option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*SIGNED, *option, "--output", "made.xml"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "give --encrypt too" in told
    assert not Path("made.xml").exists()
