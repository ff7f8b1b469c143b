"""`ssolab sign saml`: what it writes is what `verify saml` judges, valid or with the fault that was asked for."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from ssolab.cli import run
from ssolab.core.keys import TrustedKey, private_key_pem
from ssolab.core.xmlenc import DecryptionKey
from ssolab.saml.checks import Expected, accept
from tests.saml.samples import certificate, credential, private

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.core.findings import Report
    from ssolab.saml.checks import Principal

IDP, SP, ACS = "https://idp.example", "https://sp.example", "https://sp.example/acs"
AT = "2027-01-04T09:00:00Z"


@pytest.fixture
def key(tmp_path: Path) -> str:
    """A file with a private key and its certificate."""
    own = credential("idp")
    path = tmp_path / "idp.pem"
    path.write_bytes(private_key_pem(own.private) + own.certificate.pem.encode())
    return str(path)


def options(key: str) -> list[str]:
    given = {"--key": key, "--issuer": IDP, "--audience": SP, "--recipient": ACS, "--name-id": "amira", "--at": AT}
    return ["sign", "saml", *(word for pair in given.items() for word in pair)]


def judged(xml: bytes, **changes: Any) -> Report[Principal]:
    expected = Expected(
        now=datetime(2027, 1, 4, 9, 0, tzinfo=UTC) + timedelta(seconds=5),
        trusted=(TrustedKey.of(certificate("idp"), holder=IDP),),
        issuer=IDP,
        audience=SP,
        recipient=ACS,
        in_response_to=frozenset(),
        opinions=False,
    )
    return accept(xml, replace(expected, **changes))


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_what_it_signs_is_accepted(key: str, sign: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    words = ["--sign", sign, "--attribute", "email=a@x.example", "--attribute", "email=b=c"]
    assert run([*options(key), *words]) == 0

    principal = judged(capfdbinary.readouterr().out).principal
    assert principal is not None
    assert principal.name_id == "amira"
    assert principal.attributes == {"email": ("a@x.example", "b=c")}


def test_a_fault_is_put_in_and_told(key: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run([*options(key), "--fault", "wrong-audience"]) == 0

    written = capfdbinary.readouterr()
    assert [found.code for found in judged(written.out).errors] == ["audience-mismatch"]
    assert written.err == b"wrong-audience (mistake): a sound receiver reports audience-mismatch\n"


@pytest.mark.parametrize(
    ("fault", "refused_as"),
    [
        ("encrypted-assertion", []),
        ("encrypted-name", []),
        ("content-key-by-rsa15", ["rsa15-key-transport"]),
        ("second-encrypted-assertion", ["assertion-extra"]),
        ("signed-assertion-as-advice-of-an-encrypted-one", ["assertion-extra", "signature-missing", "stray-signature"]),
    ],
)
def test_a_fault_of_encryption_encrypts_for_the_certificate_that_is_given(
    fault: str, refused_as: list[str], key: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    theirs = tmp_path / "sp.crt"
    theirs.write_text(certificate("sp").pem)
    assert run([*options(key), "--encrypt", str(theirs), "--fault", fault]) == 0
    report = judged(capfdbinary.readouterr().out, decryption=(DecryptionKey.from_credential(credential("sp")),))
    assert sorted({found.code for found in report.errors}) == refused_as
    assert report.accepted == (not refused_as)


def test_two_faults_add_up(key: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    run([*options(key), "--fault", "wrong-audience", "--fault", "wrong-recipient"])
    codes = {found.code for found in judged(capfdbinary.readouterr().out).errors}
    assert codes == {"audience-mismatch", "recipient-mismatch"}


@pytest.mark.parametrize(
    ("code", "algorithm"), [("signed-with-ecdsa", b"ecdsa-sha256"), ("signed-with-a-short-rsa-key", b"rsa-sha256")]
)
def test_a_fault_that_needs_a_special_key_gets_one(
    key: str, code: str, algorithm: bytes, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run([*options(key), "--fault", code]) == 0
    written = capfdbinary.readouterr().out
    assert algorithm in written
    assert "key-not-trusted" in [found.code for found in judged(written).errors]


def test_faults_that_exclude_each_other_are_one_clear_line(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*options(key), "--fault", "no-conditions", "--fault", "wrong-audience"]) == 2
    assert "to change; choose a fault that fits the message" in capsys.readouterr().err


def test_the_form_field_and_the_form_carry_the_same_message(
    key: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    run([*options(key), "--base64"])
    packed = capfdbinary.readouterr().out
    run([*options(key), "--form"])
    form = parse_qs(capfdbinary.readouterr().out.decode().strip())

    assert judged(base64.b64decode(packed)).accepted
    assert judged(base64.b64decode(form["SAMLResponse"][0])).accepted


def test_json_tells_what_was_made(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([*options(key), "--fault", "sent-twice", "--format", "json"])
    result = json.loads(capsys.readouterr().out)["result"]

    assert result["action"] == ACS
    assert result["faults"] == [
        {"code": "sent-twice", "nature": "attack", "trips": ["replayed-assertion"], "warns": []}
    ]
    assert [each["name"] for each in result["fields"]] == ["SAMLResponse"]


def test_a_bare_key_signs_without_a_certificate(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    bare = tmp_path / "bare.pem"
    bare.write_bytes(private_key_pem(private("idp")))
    run(options(str(bare)))
    xml = capfdbinary.readouterr().out

    assert judged(xml).accepted
    assert b"X509Certificate" not in xml


def test_a_certificate_of_another_key_is_refused(key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.crt"
    other.write_text(certificate("sp").pem)

    assert run([*options(key), "--certificate", str(other)]) == 2
    assert "does not belong to the certificate" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--fault", "wrong-audiense"], "did you mean wrong-audience"),
        (["--fault", "deflate-bomb"], "it travels in a request, not in a Response"),
        (["--fault", "response-in-an-address"], "ssolab attack sends it so"),
        (["--fault", "encrypted-and-unsigned"], "it needs encryption, which is not at hand"),
        (["--attribute", "email"], "is not NAME=VALUE"),
        (["--base64", "--form"], "choose one"),
        (["--alias", "x"], "no key store, so it has no entry 'x'"),
        (["--key", "/no/such/file"], "/no/such/file"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    words: list[str], complaint: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*options(key), *words]) == 2
    said = capsys.readouterr()
    assert complaint in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""


def test_a_file_gets_the_message_to_the_byte(key: str, tmp_path: Path) -> None:
    target = tmp_path / "response.xml"
    run([*options(key), "--fault", "written-in-utf-16", "--output", str(target), "-q"])

    assert target.read_bytes().startswith((b"\xff\xfe", b"\xfe\xff"))
    assert judged(target.read_bytes()).accepted
