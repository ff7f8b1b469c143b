"""`ssolab attack`: against our own relying party, which lets nobody in, and against careless ones, which do."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from html import escape
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask, request
from lxml import etree
from werkzeug.serving import make_server

from ssolab.cli import run
from ssolab.cli._attacker import fresh_name
from ssolab.core.keys import private_key_pem
from ssolab.core.xmlenc import DecryptionKey
from ssolab.core.xmltree import SAML
from ssolab.web.app import running_lab
from tests.web.parts import asserting_party, config, credential, relying_party

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MARKER = "Welcome back"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The options that describe both sides."""
    now = datetime.now(UTC)
    (tmp_path / "idp.xml").write_bytes(asserting_party().document(now))
    (tmp_path / "sp.xml").write_bytes(relying_party().document(now))
    own = credential("idp")
    (tmp_path / "idp.pem").write_bytes(private_key_pem(own.private) + own.certificate.pem.encode())
    given = {"--idp": "idp.xml", "--sp": "sp.xml", "--key": "idp.pem"}
    return [word for option, name in given.items() for word in (option, str(tmp_path / name))]


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/acs"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def careless(read: Callable[[bytes], str | None]) -> Flask:
    """A relying party that believes whatever *read* takes out of a Response."""
    app = Flask("careless")

    @app.post("/acs")
    def consume() -> tuple[str, int]:
        try:
            name = read(base64.b64decode(request.form["SAMLResponse"]))
        except (ValueError, KeyError, etree.XMLSyntaxError):
            name = None
        return (f"<h1>{MARKER}</h1><p>{escape(name)}</p>", 200) if name else ("<h1>Go away</h1>", 403)

    return app


def first_name(xml: bytes) -> str | None:
    """Believe the first NameID, as if a signature anywhere vouched for it."""
    found = etree.fromstring(xml, etree.XMLParser(resolve_entities=False)).find(f".//{{{SAML}}}NameID")
    return None if found is None else found.text


def attacked(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = run(["attack", *words, "--format", "json"])
    return code, json.loads(capsys.readouterr().out)


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {each["fault"]: each["outcome"] for each in report["result"]["attempts"] if each["fault"]}


def test_our_own_relying_party_lets_nobody_in(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with running_lab(replace(config(), at=None, running=True, opinions=False)) as lab:
        sp = lab.bases.relying
        code, report = attacked(
            f"{sp}/saml/acs", *files, "--marker", "Logged in", "--login", f"{sp}/saml/login", capsys=capsys
        )

    assert (code, report["verdict"]) == (0, "pass")
    assert report["result"]["control"] is True
    seen = outcomes(report)
    assert "let in" not in seen.values()
    assert seen["sent-twice"] == "refused"
    assert seen["several-audiences"] == "accepted"
    assert seen["ended-within-the-skew"] == "accepted"


def test_faults_of_encryption_and_in_an_address_are_sent_as_they_travel(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys = tuple(DecryptionKey.from_credential(credential(name)) for name in ("sp", "new"))
    party = replace(relying_party(), decryption=keys)
    (tmp_path / "sp.xml").write_bytes(party.document(datetime.now(UTC)))
    wanted = {
        "encrypted-assertion": "accepted",
        "encrypted-for-the-other-key-of-a-rollover": "accepted",
        "encrypted-for-an-expired-certificate": "not sent",
        "encrypted-and-unsigned": "refused",
        "second-encrypted-assertion": "refused",
        "response-in-an-address": "refused",
        "second-response-before-the-signed-one": "refused",
        "relay-state-that-leads-away": "accepted",
    }
    selected = [word for code in wanted for word in ("--select", code)]
    with running_lab(replace(config(relying=party), at=None, running=True, opinions=False)) as lab:
        sp = lab.bases.relying
        words = [f"{sp}/saml/acs", *files, "--marker", "Logged in", "--login", f"{sp}/saml/login", *selected]
        code, report = attacked(*words, capsys=capsys)

    assert (code, outcomes(report)) == (0, wanted)


def test_a_careless_relying_party_is_found_out(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with serving(careless(first_name)) as address:
        code, report = attacked(address, *files, "--marker", MARKER, capsys=capsys)

    assert (code, report["verdict"]) == (1, "fail")
    seen = outcomes(report)
    assert seen["wrong-audience"] == seen["stale-assertion"] == seen["comment-in-the-name"] == "let in"
    assert seen["no-name"] == seen["billion-laughs"] == "refused"
    assert seen["answer-to-an-unknown-request"] == "not sent", "nothing here begins a login"
    assert {each["code"] for each in report["findings"] if each["severity"] == "error"} == {
        code for code, outcome in seen.items() if outcome == "let in"
    }


def test_faults_that_need_a_special_key_are_sent_with_one(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    words = (
        *files,
        "--marker",
        MARKER,
        "--select",
        "signed-with-ecdsa",
        "--select",
        "signed-with-a-key-on-a-tiny-curve",
    )
    with serving(careless(first_name)) as address:
        _, report = attacked(address, *words, capsys=capsys)

    assert set(outcomes(report)) == {"signed-with-ecdsa", "signed-with-a-key-on-a-tiny-curve"}
    assert "not sent" not in outcomes(report).values()


def test_a_page_that_shows_refused_names_has_let_nobody_in(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    def only_valid(xml: bytes) -> str | None:
        return first_name(xml) if b"somebody-else" not in xml else None

    def with_name(answer: Any) -> Any:
        if answer.status_code != 200:
            answer.set_data(f"refused: {first_name(base64.b64decode(request.form['SAMLResponse']))}")
        return answer

    app = careless(only_valid)
    app.after_request(with_name)
    with serving(app) as address:
        _, report = attacked(address, *files, "--marker", MARKER, "--select", "wrong-audience", capsys=capsys)

    assert outcomes(report) == {"wrong-audience": "refused"}


def test_nothing_is_decided_where_no_valid_message_logs_in(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(careless(lambda _xml: None)) as address:
        code, report = attacked(address, *files, "--marker", MARKER, capsys=capsys)

    assert (code, report["verdict"]) == (3, "undecided")
    assert outcomes(report) == {}


def test_nothing_is_decided_where_the_last_valid_message_does_not_log_in(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    left = iter(range(2))

    with serving(careless(lambda xml: first_name(xml) if next(left, None) is not None else None)) as address:
        code, report = attacked(address, *files, "--marker", MARKER, "--select", "wrong-audience", capsys=capsys)

    assert (code, report["verdict"]) == (3, "undecided")


def test_a_report_for_machines_names_what_was_let_in(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ["--select", "wrong-audience", "--select", "several-audiences"]
    with serving(careless(first_name)) as address:
        code = run(["attack", address, *files, "--marker", MARKER, *chosen, "--format", "junit"])
    suite = etree.fromstring(capsys.readouterr().out.encode())

    assert code == 1
    assert [each.get("failures") for each in suite] == ["1"]
    failed = [case.get("name") for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == ["wrong-audience (assertion signed)"]


def test_text_tells_what_was_let_in_first(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with serving(careless(first_name)) as address:
        run(["attack", address, *files, "--marker", MARKER, "--select", "wrong-audience"])
    said = capsys.readouterr().out

    assert said.startswith("1 let in: 1 messages with faults sent to http://127.0.0.1:")
    assert "S-01  wrong-audience (mistake, assertion signed) (HTTP 200)" in said


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["http://192.168.1.7/acs", "--marker", "x"], "loopback only"),
        (["ftp://127.0.0.1/acs", "--marker", "x"], "no http or https address"),
        (["http://[::1/acs", "--marker", "x"], "no http or https address"),
        (["http://127.0.0.1:9/acs", "--marker", " "], "every page would show it"),
        (["http://127.0.0.1:9/acs", "--marker", "x", "--login", "http://sp.example/"], "loopback only"),
        (["http://127.0.0.1:9/acs", "--marker", "x", "--select", "wrong-audiense"], "did you mean wrong-audience"),
        (["http://127.0.0.1:9/acs", "--marker", "x", "--select", "deflate-bomb"], "travels in a request"),
        (["http://127.0.0.1:9/acs", "--marker", "x", "--cookies", "no-such-file"], "no-such-file"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(
    words: list[str], complaint: str, files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["attack", *words, *files]) == 2
    said = capsys.readouterr().err
    assert complaint in said
    assert said.count("\n") == 1


def test_a_key_that_the_metadata_does_not_hold_is_refused_before_anything_is_sent(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(private_key_pem(credential("sp").private))

    assert run(["attack", "http://127.0.0.1:9/acs", *files, "--key", str(other), "--marker", "x"]) == 2
    assert "is not in the metadata of" in capsys.readouterr().err


def test_an_address_where_nobody_answers_decides_nothing(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["attack", "http://127.0.0.1:9/acs", *files, "--marker", "x"]) == 3
    assert "no answer" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("pattern", "beginning", "end"),
    [("u-*@x.example", "u-", "@x.example"), ("amira@x.example", "amira-", "@x.example"), ("amira", "amira-", "")],
)
def test_each_name_is_fresh_where_the_pattern_says(pattern: str, beginning: str, end: str) -> None:
    one, other = fresh_name(pattern), fresh_name(pattern)
    assert one != other
    assert one.startswith(beginning)
    assert one.endswith(end)
