"""`ssolab verify saml` with the messages of single logout."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssolab.cli import run
from ssolab.core.xmltree import parse
from ssolab.saml.bindings import encode_redirect
from ssolab.saml.encryption import Encryption
from ssolab.saml.issue import draft_request, seal
from tests.saml.logout_samples import AMIRA, ASKED, IDP_SLO, SP_SLO, answer, idp, posted, request, sp
from tests.saml.samples import IDP, NOW, SP, certificate, credential, response, trust

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("here")
AT = ["--at", "2027-01-04T09:00:00Z"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with both messages in several forms, and the metadata of both sides."""
    monkeypatch.chdir(tmp_path)
    signed = posted(request(), "SAMLRequest").xml
    files: dict[str, bytes | str] = {
        "request.xml": signed,
        "request.b64": base64.encodebytes(signed),
        "request.url": encode_redirect(request(), location=IDP_SLO, relay_state="/bye", credential=credential("sp")),
        "unsigned.xml": request(),
        "answer.xml": posted(answer(), "SAMLResponse").xml,
        "answer.url": encode_redirect(
            answer(), location=SP_SLO, message="SAMLResponse", relay_state="/bye", credential=credential("idp")
        ),
        "idp.xml": idp().document(NOW),
        "sp.xml": sp().document(NOW),
        "sp.crt": certificate("sp").pem,
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return tmp_path


def verify(*arguments: str) -> int:
    return run(["verify", "saml", *arguments, *AT])


def envelope(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code = verify(*arguments, "--format", "json")
    read: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert read["exit_code"] == code
    return read


@pytest.mark.parametrize("file", ["request.xml", "request.b64", "request.url"])
@pytest.mark.parametrize("trust", ["sp.xml", "sp.crt"])
def test_a_logout_request_is_judged_in_every_form(file: str, trust: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(file, "--trust", trust, "--recipient", IDP_SLO, "--max-age", "300") == 0
    told = capsys.readouterr().out
    assert told.startswith(f"accepted {file} (LogoutRequest)")
    assert f"subject     {AMIRA.value}" in told
    assert "session     _session" in told
    assert ("RelayState  /bye" in told) is (file == "request.url")
    assert "not judged" in told


@pytest.mark.parametrize("file", ["answer.xml", "answer.url"])
def test_a_logout_response_is_judged(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--trust", "idp.xml", "--recipient", SP_SLO, "--in-response-to", ASKED]
    assert verify(file, *options) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"accepted {file} (LogoutResponse)")
    assert f"answers     {ASKED}" in told
    assert verify(file, "--trust", "idp.xml", "--in-response-to", "_other") == 1
    assert "logout-unasked" in capsys.readouterr().out


def test_json_says_what_was_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    asked = envelope(capsys, "request.url", "--trust", "sp.xml")
    assert (asked["verdict"], asked["result"]["message"]) == ("accepted", "LogoutRequest")
    told = asked["result"]["logout"]
    assert (told["id"], told["issuer"], told["session_indexes"]) == (ASKED, SP, ["_session"])
    assert told["name_id"]["value"] == AMIRA.value
    assert told["relay_state"] == "/bye"
    answered = envelope(capsys, "answer.xml", "--trust", "idp.xml")
    assert answered["result"]["logout"]["in_response_to"] == ASKED
    assert answered["result"]["logout"]["issuer"] == IDP
    assert answered["result"]["principal"] is None


def test_a_refusal_names_every_reason(capsys: pytest.CaptureFixture[str]) -> None:
    read = envelope(capsys, "unsigned.xml", "--trust", "sp.xml", "--recipient", SP_SLO)
    assert (read["verdict"], read["exit_code"], read["result"]["logout"]) == ("refused", 1, None)
    errors = {found["code"] for found in read["findings"] if found["severity"] == "error"}
    assert errors == {"signature-missing", "destination-mismatch"}


def test_the_keys_of_the_other_side_do_not_fit(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("request.xml", "--trust", "idp.xml", "--issuer", SP) == 1
    assert "key-not-trusted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "option"),
    [
        ("request.xml", ["--audience", SP]),
        ("request.xml", ["--in-response-to", "_1"]),
        ("answer.xml", ["--unsolicited"]),
        ("answer.xml", ["--want-signed", "both"]),
    ],
)
def test_options_of_a_login_are_refused(file: str, option: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    trust = "sp.xml" if file == "request.xml" else "idp.xml"
    assert verify(file, "--trust", trust, *option) == 2
    assert f"{option[0]} is not for a Logout" in capsys.readouterr().err


def test_metadata_of_neither_side_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "none.xml").write_text(
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://x"/>', "utf-8"
    )
    assert verify("request.xml", "--trust", "none.xml") == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--name-id", AMIRA.value], 0, "accepted"),
        (["--name-id", "ben@greenmoor.org", "--name-id", AMIRA.value], 0, "accepted"),
        (["--name-id", AMIRA.value, "--session-index", "_session"], 0, "accepted"),
        (["--name-id", AMIRA.value, "--session-index", "_old", "--session-index", "_session"], 0, "accepted"),
        (["--name-id", AMIRA.value, "--name-id-format", "emailAddress"], 0, "accepted"),
        (["--name-id", AMIRA.value, "--name-id-format", "persistent"], 1, "logout-name-unknown"),
        (["--name-id", "amira"], 1, "logout-name-unknown"),
        (["--name-id", ""], 1, "logout-name-unknown"),
        (["--name-id", AMIRA.value, "--session-index", "_old"], 1, "session-index-unknown"),
    ],
)
def test_the_sessions_that_there_are_can_be_told(
    options: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify("request.url", "--trust", "sp.xml", "--recipient", IDP_SLO, "--max-age", "300", *options) == code
    told = capsys.readouterr().out
    assert says in told
    assert "not judged" not in told


def test_a_hidden_name_is_opened_with_the_key_that_is_given(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hiding = Encryption(key=trust("idp"), parts=("name-id",))
    hidden = seal(parse(request(), "request"), credential("sp"), encrypt=hiding)
    (here / "hidden.xml").write_bytes(hidden)
    private = credential("idp").private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (here / "idp.key").write_bytes(private)
    assert verify("hidden.xml", "--trust", "sp.xml", "--decrypt", "idp.key", "--name-id", AMIRA.value) == 0
    told = capsys.readouterr().out
    assert f"subject     {AMIRA.value}" in told
    assert "decrypted   /samlp:LogoutRequest/saml:EncryptedID" in told
    assert verify("hidden.xml", "--trust", "sp.xml") == 1
    assert "logout-name-missing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "options", "says"),
    [
        ("request.xml", ["--session-index", "_1"], "give --name-id too"),
        ("request.xml", ["--name-id-format", "persistent"], "give --name-id too"),
        ("request.xml", ["--report", "salesforce"], "--report is not for a LogoutRequest"),
        ("request.xml", ["--authn-context", "Password"], "--authn-context is not for a LogoutRequest"),
        ("answer.xml", ["--name-id", "x"], "--name-id is not for a LogoutResponse"),
        ("answer.xml", ["--session-index", "x"], "--session-index is not for a LogoutResponse"),
        ("answer.xml", ["--request", "request.xml"], "--request is not for a LogoutResponse"),
        ("login.xml", ["--name-id", "x"], "--name-id is for a LogoutRequest"),
        ("response.xml", ["--session-index", "x"], "--session-index is for a LogoutRequest"),
    ],
)
def test_each_message_has_its_own_options(
    file: str, options: list[str], says: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    login = draft_request(sp(), now=NOW, new_id=lambda: "_login")
    (here / "login.xml").write_bytes(seal(login, credential("sp")))
    (here / "response.xml").write_bytes(response())
    trust = "sp.xml" if file in {"request.xml", "login.xml"} else "idp.xml"
    assert verify(file, "--trust", trust, *options) == 2
    assert says in capsys.readouterr().err
