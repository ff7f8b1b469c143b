from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ssolab.core.hosts import is_loopback
from ssolab.cutover.model import User
from ssolab.saml.parties import RelyingParty
from ssolab.sources import catalog
from ssolab.web.explaining import coded
from ssolab.web.pages import local_path, template_folder, text_of
from tests.keys import test_key
from tests.web.parts import Pair

if TYPE_CHECKING:
    from datetime import datetime

HOSTILE = '"><script>alert(1)</script>'


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("lab.localhost", True),
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),  # noqa: S104  nothing is bound here
        ("192.168.0.1", False),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("evillocalhost", False),
        ("", False),
    ],
)
def test_only_names_that_mean_this_machine_are_loopback(*, host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("/", "/"),
        ("/home?tab=1#here", "/home?tab=1#here"),
        ("//evil.example/", None),
        ("/\\evil.example", None),
        ("/a\\b", None),
        ("https://evil.example/", None),
        ("javascript:alert(1)", None),
        ("home", None),
        ("/a\r\nSet-Cookie: a=b", None),
        ("/\t/evil.example", None),
        ("", None),
        (None, None),
    ],
)
def test_a_relay_state_leads_to_a_path_of_this_site_or_nowhere(value: str | None, path: str | None) -> None:
    assert local_path(value) == path


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8081", "127.0.0.1.nip.io", "192.168.1.5", "[bad", "a b"]
)
def test_a_request_for_a_host_that_is_not_loopback_is_refused(host: str) -> None:
    pair = Pair()
    for client in (pair.sp, pair.idp):
        answer = client.get("/saml/metadata", headers={"Host": host})
        assert answer.status_code == 421
        assert b"EntityDescriptor" not in answer.data


@pytest.mark.parametrize("host", ["127.0.0.1:8081", "localhost", "[::1]:8081"])
def test_a_request_for_a_loopback_host_is_answered(host: str) -> None:
    assert Pair().sp.get("/saml/metadata", headers={"Host": host}).status_code == 200


def test_every_answer_forbids_framing_foreign_content_and_sniffing() -> None:
    pair = Pair()
    for client, path in ((pair.sp, "/"), (pair.idp, "/"), (pair.sp, "/nowhere"), (pair.idp, "/saml/start")):
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_every_page_says_that_it_is_a_rehearsal_lab_on_loopback() -> None:
    pair = Pair()
    for client, path in ((pair.sp, "/"), (pair.idp, "/"), (pair.sp, "/nowhere"), (pair.idp, "/saml/start")):
        assert "Rehearsal lab on loopback" in client.get(path).text


def test_what_comes_from_outside_is_escaped() -> None:
    pair = Pair()
    pair.lab.users = {HOSTILE: User(username=HOSTILE, attributes={HOSTILE: (HOSTILE,)})}
    for client, path in (
        (pair.sp, f"/{HOSTILE}"),
        (pair.idp, "/saml/start"),
        (pair.idp, f"/saml/start?sp={HOSTILE}"),
        (pair.idp, f"/saml/sso?SAMLRequest={HOSTILE}"),
    ):
        assert "<script>alert" not in client.get(path).text
    form = pair.idp.get("/saml/start", query_string={"RelayState": HOSTILE}).text
    errand = re.search(r'name="errand" value="([^"]+)"', form)
    assert errand is not None
    page = pair.idp.post("/login", data={"errand": errand[1], "username": HOSTILE}).text
    assert "<script>alert" not in page
    assert 'value="&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"' in page  # the RelayState, whole


def test_the_wrong_method_says_which_one_is_right() -> None:
    answer = Pair().sp.get("/saml/acs")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"
    assert "HTTP-POST" in answer.text


def test_a_failure_of_our_own_is_a_page_and_one_line_never_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pair = Pair()

    def broken(_self: RelyingParty, _now: datetime) -> bytes:
        raise RuntimeError("oh\x1b[2J dear")

    monkeypatch.setattr(RelyingParty, "document", broken)
    answer = pair.sp.get("/saml/metadata")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "defect" in told
    assert "\x1b" not in told


def test_a_huge_body_is_refused() -> None:
    answer = Pair().sp.post("/saml/acs", data={"SAMLResponse": "A" * (3 << 20)})
    assert answer.status_code == 413
    assert "2,097,152 bytes" in answer.text


def test_bytes_are_shown_as_text_whatever_they_are() -> None:
    assert text_of(b"<a>\n\x1b[2J\xff</a>") == "<a>\n\\x1b[2J\N{REPLACEMENT CHARACTER}</a>"
    assert text_of(b"<a><b>c</b></a>") == "<a>\n  <b>c</b>\n</a>"
    assert text_of(b"no XML\n") == "no XML"
    assert text_of("a\u202eb\tc\u2028d".encode()) == "a\\u202eb\\x09c\nd"
    assert text_of(b"") == ""


def test_the_templates_are_found() -> None:
    assert (template_folder() / "base.html").is_file()


def test_a_lab_shows_no_private_key_anywhere() -> None:
    pair = Pair()
    shown = repr(pair.lab.config) + repr(pair.lab.pair) + pair.sp.get("/").text + pair.idp.get("/").text
    assert "PRIVATE" not in shown
    assert "RSAPrivateKey" not in shown
    private = test_key("idp").private_numbers()
    for number in (private.d, private.p, private.q):
        assert str(number) not in shown
        assert f"{number:x}" not in shown


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("a `kid` and `alg`", "a <code>kid</code> and <code>alg</code>"),
        ("`<b>` & co", "<code>&lt;b&gt;</code> &amp; co"),
        ("a ` alone", "a ` alone"),
        ("none", "none"),
        ("", ""),
    ],
)
def test_words_between_backticks_are_code_on_a_page(text: str, markup: str) -> None:
    assert coded(text) == markup


def test_no_text_of_the_catalog_shows_its_backticks_on_a_page() -> None:
    assert [entry.code for entry in catalog() if "`" in coded(entry.title) + coded(entry.text)] == []
