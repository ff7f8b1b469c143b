"""Every file that a command for SAML messages takes, given badly: one clear line, exit code 2, and nothing written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssolab.cli import run
from ssolab.core.keys import private_key_pem
from ssolab.saml.issue import draft_request, seal
from tests.saml.samples import ACS, IDP, NOW, SP, asserting, certificate, credential, private, relying, response

if TYPE_CHECKING:
    from collections.abc import Callable

AT = ["--at", "2027-01-04T09:00:00Z"]
VERIFY = ["verify", "saml"]
SIGN = ["sign", "saml", "--issuer", IDP, "--audience", SP, "--recipient", ACS, "--name-id", "amira", *AT,
        "--output", "made"]  # fmt: skip
ATTACK = ["attack", "http://127.0.0.1:9/acs", "--marker", "x", "--output", "made"]

PLACES: dict[str, Callable[[str], list[str]]] = {
    "the message": lambda bad: [*VERIFY, bad, "--trust", "idp.xml", "--output", "made", *AT],
    "the message, reported as Salesforce does": lambda bad: [
        *VERIFY, bad, "--trust", "idp.xml", "--report", "salesforce", "--output", "made", *AT,
    ],
    "--trust": lambda bad: [*VERIFY, "response.xml", "--trust", bad, "--output", "made", *AT],
    "--decrypt": lambda bad: [*VERIFY, "response.xml", "--trust", "idp.xml", "--decrypt", bad, "--output", "made", *AT],
    "--request": lambda bad: [*VERIFY, "response.xml", "--trust", "idp.xml", "--request", bad, "--output", "made", *AT],
    "sign --key": lambda bad: [*SIGN, "--key", bad],
    "sign --certificate": lambda bad: [*SIGN, "--key", "idp.key", "--certificate", bad],
    "sign --encrypt": lambda bad: [*SIGN, "--key", "idp.pem", "--encrypt", bad],
    "attack --idp": lambda bad: [*ATTACK, "--idp", bad, "--key", "idp.pem", "--sp", "sp.xml"],
    "attack --key": lambda bad: [*ATTACK, "--idp", "idp.xml", "--key", bad, "--sp", "sp.xml"],
    "attack --sp": lambda bad: [*ATTACK, "--idp", "idp.xml", "--key", "idp.pem", "--sp", bad],
    "attack --cookies": lambda bad: [
        *ATTACK, "--idp", "idp.xml", "--key", "idp.pem", "--sp", "sp.xml", "--cookies", bad,
    ],
    "the lab": lambda bad: ["serve", bad, "--port", "0", "--token-file", "made"],
}  # fmt: skip
BAD = {
    "empty": b"",
    "white": b" \n\t\n",
    "truncated.xml": b"<samlp:Response xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol'",
    "truncated.pem": b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkq",
    "truncated.der": b"\x30\x82\x04\xbd\x02\x01\x00",
    "deep.xml": b"<a>" * 100_000,
    "huge": b"A" * (11 << 20),
    "wrong-type.xml": b"<html><body>502 Bad Gateway</body></html>",
    "utf16": "<a/>".encode("utf-16"),
    "latin1": b"\xe9\xe8\xff\xfe\x00",
    "doctype.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "null": bytes(64),
    "numbers": b"1234567890",
}
LOCKED = "locked.p12"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with what is good, and what is bad."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SSOLAB_PASSWORD", "not the one")
    own = private_key_pem(credential("idp").private)
    good = {
        "idp.xml": asserting().document(NOW),
        "sp.xml": relying().document(NOW),
        "response.xml": response(),
        "request.xml": seal(draft_request(relying(), now=NOW, new_id=lambda: "_1"), credential("sp")),
        "idp.key": own,
        "idp.pem": own + certificate("idp").pem.encode(),
        "locked.p12": locked(),
    }
    for name, data in (good | BAD).items():
        Path(name).write_bytes(data)
    Path("folder").mkdir()


def locked() -> bytes:
    """A key store whose password is another one."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

    own = x509.load_der_x509_certificate(certificate("idp").der)
    key = private("idp")
    return pkcs12.serialize_key_and_certificates(b"idp", key, own, None, BestAvailableEncryption(b"open sesame"))


@pytest.mark.parametrize("bad", [*BAD, LOCKED, "folder", "nowhere", "idp.xml/below", "x" * 300])
@pytest.mark.parametrize("place", PLACES)
def test_bad_input_is_one_line_and_leaves_nothing_behind(
    place: str, bad: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(Path().iterdir())
    code = run(PLACES[place](bad))
    told = capsys.readouterr()
    assert code == 2, told
    assert told.out == ""
    assert told.err.count("\n") == 1, told.err
    assert len(told.err) < 1000
    assert "Traceback" not in told.err
    assert sorted(Path().iterdir()) == before
