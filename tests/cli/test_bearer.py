"""`ssolab sign jwt --bearer` and `--post`: the client of the JWT bearer flow, against a running org."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from ssolab.cli import run
from ssolab.core.jose import read_compact
from ssolab.core.keys import private_key_pem
from ssolab.faults.oidc import faults
from tests.interop.org import CONSUMER_KEY, app_with, running_org
from tests.interop.pair import AMIRA
from tests.keys import test_key as rsa_key
from tests.web.serving import reply, serving

if TYPE_CHECKING:
    from pathlib import Path

LOGIN = "https://login.salesforce.com"


@pytest.fixture
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The private key of the app, in the folder that the command runs in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "server.key").write_bytes(private_key_pem(rsa_key("sp")))
    return "server.key"


def sign(key: str, *words: str) -> int:
    usual = ("--key", key, "--issuer", CONSUMER_KEY, "--subject", AMIRA.username, "--audience", LOGIN)
    return run(["sign", "jwt", *usual, *words])


def test_an_assertion_is_made_as_the_flow_has_it(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert sign(key, "--bearer", "--at", "2027-01-04T09:00:00Z") == 0
    token = read_compact(capsys.readouterr().out.strip(), "token")
    claims = json.loads(token.payload)
    assert dict(token.header) == {"alg": "RS256", "typ": "JWT"}
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CONSUMER_KEY, AMIRA.username, LOGIN)
    assert claims["exp"] - claims["iat"] == 180
    assert sign(key, "--bearer", "--life", "181") == 2
    assert "at most 180 seconds" in capsys.readouterr().err


def test_an_assertion_fetches_a_token_until_the_certificate_is_swapped(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_org("sp") as running:
        endpoint = f"{running.bases.asserting}/services/oauth2/token"
        assert sign(key, "--post", endpoint) == 0
        answer = json.loads(capsys.readouterr().out)
        assert list(answer) == ["access_token", "scope", "instance_url", "id", "token_type"]
        assert sign(key, "--post", endpoint, "--format", "json") == 0
        envelope = json.loads(capsys.readouterr().out)
        assert (envelope["verdict"], envelope["result"]["status"]) == ("accepted", 200)

        running.lab.openid.register(app_with("other"))
        assert sign(key, "--post", endpoint) == 1
        out = capsys.readouterr().out
        assert out == f"refused by {endpoint}: invalid_grant: invalid assertion (HTTP 400)\n"
        assert sign(key, "--post", endpoint, "--format", "json") == 1
        envelope = json.loads(capsys.readouterr().out)
        assert envelope["verdict"] == "refused"
        assert envelope["result"]["answer"] == {"error": "invalid_grant", "error_description": "invalid assertion"}


FAULTS = (
    "bearer-assertion-of-a-stranger",
    "bearer-assertion-that-is-used-twice",
    "bearer-assertion-with-a-longer-hash",
)


@pytest.mark.parametrize("code", FAULTS)
def test_an_assertion_with_a_fault_is_refused_for_its_reasons(
    code: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trips = next(each.trips for each in faults() if each.code == code)
    with running_org("sp") as running:
        endpoint = f"{running.bases.asserting}/services/oauth2/token"
        assert sign(key, "--post", endpoint) == 0
        capsys.readouterr()
        assert sign(key, "--post", endpoint, "--fault", code, "--format", "json") == 1
        envelope = json.loads(capsys.readouterr().out)
        assert [each["code"] for each in envelope["result"]["faults"]] == [code]
        entry = running.lab.journal.entries()[-1]
        assert (entry.event, {found.code for found in entry.errors}) == ("token-refused", set(trips))
        assert sign(key, "--post", endpoint) == 0


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://login.salesforce.com/services/oauth2/token", "would show the assertion"),
        ("http://user:secret@127.0.0.1/token", "leave user and password out"),
        ("ftp://127.0.0.1/token", "no http or https address"),
        ("127.0.0.1:8080", "no http or https address"),
        ("http://127.0.0.1:99999/", "no http or https address"),
        ("http://127.0.0.1/\x1b[31m", "no http or https address"),
    ],
)
def test_an_assertion_is_brought_to_this_machine_or_by_https(
    key: str, address: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sign(key, "--post", address) == 2
    err = capsys.readouterr().err
    assert told in err
    assert len(err.splitlines()) == 1
    assert "secret" not in err
    assert "\x1b" not in err


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"a":1,"a":2}', b"\xff", b"", b'{"x":"' + b"y" * 300_000 + b'"}'])
def test_an_answer_that_is_none_ends_in_one_line(key: str, body: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(reply(body)) as lab:
        assert sign(key, "--post", f"{lab}/token") == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_nobody_there_is_one_line(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert sign(key, "--post", "http://127.0.0.1:9/token") == 2
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "http://127.0.0.1:9/token" in err


def test_no_redirect_is_followed(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(reply(b"{}", 307, Location="http://127.0.0.1:9/elsewhere")) as lab:
        assert sign(key, "--post", f"{lab}/token") == 1
    assert "no access token and no error in the answer (HTTP 307)" in capsys.readouterr().out


def test_an_assertion_is_signed_as_asked_and_an_org_believes_no_other_algorithm(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sign(key, "--bearer", "--alg", "PS256") == 0
    assert read_compact(capsys.readouterr().out.strip(), "token").header["alg"] == "PS256"
    with running_org("sp") as running:
        assert sign(key, "--alg", "PS256", "--post", f"{running.bases.asserting}/services/oauth2/token") == 1
    assert "invalid assertion" in capsys.readouterr().out


def test_an_algorithm_that_the_key_has_not_names_the_file_and_those_that_it_has(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sign(key, "--alg", "ES256") == 2
    err = capsys.readouterr().err
    assert err.startswith(f"ssolab: {key}: ")
    assert "its RSA 2048 key cannot sign with ES256; give --alg RS256 or PS256" in err
    assert len(err.splitlines()) == 1
