"""`ssolab verify saml`, told of the request that the Response answers."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.cli import run
from ssolab.saml.asking import Asking
from ssolab.saml.issue import draft_request, seal
from ssolab.saml.messages import NameIDPolicy, RequestedAuthnContext
from ssolab.saml.names import PERSISTENT, UNSPECIFIED
from tests.saml.samples import NOW, REQUEST, asserting, relying, response

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.core.xmltree import Element

pytestmark = pytest.mark.usefixtures("here")
X509 = "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"
JUDGED = ["response.xml", "--trust", "idp.xml", "--at", "2027-01-04T09:00:00Z"]


def asked(folder: Path, name: str, asking: Asking, identifier: str = REQUEST) -> None:
    made = draft_request(relying(), asking, now=NOW, new_id=lambda: identifier)
    (folder / name).write_bytes(seal(made, None))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "response.xml").write_bytes(response())
    (tmp_path / "idp.xml").write_bytes(asserting().document(NOW))
    asked(tmp_path, "plain.xml", Asking())
    asked(tmp_path, "foreign.xml", Asking(), "_another")
    strong = RequestedAuthnContext(class_refs=(X509,), comparison="minimum")
    asked(tmp_path, "strong.xml", Asking(requested_authn_context=strong))
    asked(tmp_path, "named.xml", Asking(name_id_policy=NameIDPolicy(format=PERSISTENT)))
    late = draft_request(relying(), Asking(force_authn=True), now=NOW + timedelta(seconds=61), new_id=lambda: REQUEST)
    (tmp_path / "late.xml").write_bytes(seal(late, None))
    (tmp_path / "late.b64").write_bytes(base64.b64encode(seal(late, None)))
    fresh = replace(late, issue_instant=NOW)
    (tmp_path / "fresh.xml").write_bytes(seal(fresh, None))
    return tmp_path


def judged(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code = run(["verify", "saml", *JUDGED, *arguments, "--format", "json"])
    read: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert read["exit_code"] == code
    return read


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (["--authn-context", "PasswordProtectedTransport"], []),
        (["--authn-context", "urn:own", "--authn-context", "passwordprotectedtransport"], []),
        (["--authn-context", "Password", "--authn-comparison", "minimum"], []),
        (["--authn-context", "Password"], ["authn-context-not-met"]),
        (["--authn-context", X509, "--authn-comparison", "minimum"], ["authn-context-not-met"]),
        (["--name-id-format", UNSPECIFIED], []),
        (["--name-id-format", "Persistent"], ["name-id-format-not-met"]),
        (["--name-id-format", "emailaddress", "--authn-context", "X509"], [
            "authn-context-not-met", "name-id-format-not-met",
        ]),
        (["--request", "plain.xml"], []),
        (["--request", "fresh.xml"], []),
        (["--request", "strong.xml"], ["authn-context-not-met"]),
        (["--request", "named.xml"], ["name-id-format-not-met"]),
        (["--request", "late.xml"], ["authentication-not-fresh"]),
        (["--request", "late.b64"], ["authentication-not-fresh"]),
        (["--request", "late.xml", "--skew", "61"], []),
        (["--request", "foreign.xml"], ["in-response-to-mismatch"]),
        (["--request", "foreign.xml", "--in-response-to", REQUEST], []),
    ],
    ids=lambda value: " ".join(value) or "accepted",
)  # fmt: skip
def test_the_answer_is_held_against_what_was_asked_for(
    arguments: list[str], codes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    read = judged(capsys, *arguments)
    assert sorted(each["code"] for each in read["findings"] if each["severity"] == "error") == codes
    assert read["verdict"] == ("refused" if codes else "accepted")


def test_the_qualifiers_and_formats_of_the_principal_are_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def change(root: Element) -> None:
        for each in root.iter("{urn:oasis:names:tc:SAML:2.0:assertion}NameID"):
            each.set("NameQualifier", "https://n.example")
            each.set("SPNameQualifier", "https://s.example")

    (here / "response.xml").write_bytes(response(change))
    principal = judged(capsys)["result"]["principal"]
    assert (principal["name_qualifier"], principal["sp_name_qualifier"]) == ("https://n.example", "https://s.example")
    assert set(principal["attribute_formats"]) == {"email", "groups"}
    assert run(["verify", "saml", *JUDGED]) == 0
    out = capsys.readouterr().out
    assert "named by    https://n.example" in out
    assert "named for   https://s.example" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--authn-comparison", "minimum"], "give that too"),
        (["--authn-context", "X509", "--authn-comparison", "best"], "'best' is not one of"),
        (["--request", "plain.xml", "--authn-context", "X509"], "--request says what was asked for"),
        (["--request", "plain.xml", "--name-id-format", "persistent"], "--request says what was asked for"),
        (["--request", "missing.xml"], "missing.xml: there is no such file"),
        (["--request", "response.xml"], "response.xml: samlp:Response stands where"),
        (["--request", "idp.xml"], "idp.xml: md:EntityDescriptor stands where"),
        (["--request", "."], ".: "),
        (["--request", "-", "--trust", "-"], "standard input can be read once"),
    ],
)
def test_a_mistake_ends_in_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "saml", *JUDGED, *arguments]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_a_request_may_come_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = io.TextIOWrapper(io.BytesIO((here / "strong.xml").read_bytes()))
    monkeypatch.setattr("sys.stdin", stream)
    assert judged(capsys, "--request", "-")["verdict"] == "refused"


@pytest.mark.parametrize("option", ["--authn-context", "--name-id-format", "--request"])
def test_they_are_for_a_response(option: str, capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "sp.xml").write_bytes(relying().document(NOW))
    assert run(["verify", "saml", "plain.xml", "--trust", "sp.xml", option, "X509"]) == 2
    assert f"{option} is for a Response" in capsys.readouterr().err
