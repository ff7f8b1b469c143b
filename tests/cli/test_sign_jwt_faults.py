"""`ssolab sign jwt --fault`: a token with one thing wrong, and what a sound receiver makes of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssolab.cli import run
from ssolab.core.jose import public_of, read_compact
from ssolab.core.jwk import jwk_of, thumbprint
from ssolab.faults.oidc import faults
from ssolab.faults.tokens import TOKENS
from tests.core.test_jose import ED25519
from tests.faults.test_other_algorithms import NO_MEANING
from tests.keys import ec_test_key, test_key

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.core.jose import JosePrivateKey

ON_TOKENS: Final = [each for each in faults() if each.carrier in TOKENS]
KEYS: Final[dict[str, JosePrivateKey]] = {
    "idp.pem": test_key("idp"),
    "old.pem": test_key("old"),
    "curve.pem": ec_test_key(),
    "ed.pem": ED25519,
}
OF_A_LOGIN: Final = {"nonce-in-a-list": "'nonce', which is not in this message"}
"""Faults of a claim that the command does not write by itself."""

Out = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, key in KEYS.items():
        (tmp_path / name).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def sign(*words: str, key: str = "idp.pem") -> int:
    said = ["--issuer", "app", "--audience", "https://op.example", "--subject", "amira"]
    return run(["sign", "jwt", "--key", key, *said, *words])


def test_a_fault_is_put_into_the_token_and_told(capsys: Out) -> None:
    assert sign("--fault", "token-without-its-signature") == 0
    token, told = capsys.readouterr()
    assert token.strip()[-1] == "."
    assert "token-without-its-signature (attack): a sound receiver reports unsigned-token" in told


def test_scripts_are_told_the_same(capsys: Out) -> None:
    assert sign("--fault", "token-with-its-own-key-in-the-header", "--format", "json") == 0
    result = json.loads(capsys.readouterr().out)["result"]
    assert result["faults"] == [
        {
            "code": "token-with-its-own-key-in-the-header",
            "nature": "attack",
            "trips": ["signed-by-key-in-header"],
            "warns": ["key-in-header"],
        }
    ]
    assert sign("--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["result"]["faults"] == []


@pytest.mark.parametrize(("key", "alg"), [("curve.pem", "ES256"), ("ed.pem", "EdDSA")])
def test_every_fault_goes_into_tokens_of_every_kind_of_key_or_says_why_not(key: str, alg: str, capsys: Out) -> None:
    for fault in ON_TOKENS:
        retired = ["--retired", key] if "retired" in fault.needs else []
        code = sign("--fault", fault.code, *retired, key=key)
        out, err = capsys.readouterr()
        without = alg in NO_MEANING.get(fault.code, ())
        if not without and fault.code not in OF_A_LOGIN:
            assert (code, f"{fault.code} ({fault.nature}): a sound receiver" in err) == (0, True), err
            continue
        assert (code, out, err.count("\n")) == (2, "", 1), err
        assert f"{fault.code}: {'it has no meaning here: ' if without else 'it changes '}" in err


def test_a_fault_of_a_claim_wants_that_claim(capsys: Out) -> None:
    assert sign("--fault", "nonce-in-a-list") == 2
    assert OF_A_LOGIN["nonce-in-a-list"] in capsys.readouterr().err
    assert sign("--fault", "nonce-in-a-list", "--claim", 'nonce="n"') == 0


@pytest.mark.parametrize("old", ["old.pem", "ed.pem"])
def test_the_key_that_was_retired_signs_under_its_own_name_or_another(old: str, capsys: Out) -> None:
    def signed(code: str) -> Any:
        assert sign("--fault", code, "--retired", old) == 0
        return read_compact(capsys.readouterr().out.strip(), "token")

    named, posing = signed("token-signed-with-the-retired-key-by-name"), signed("token-signed-with-the-retired-key")
    assert named.header["kid"] == thumbprint(public_of(KEYS[old]))
    assert posing.header["kid"] == thumbprint(public_of(KEYS["idp.pem"]))
    assert {named.header["alg"], posing.header["alg"]} == {"RS256" if old == "old.pem" else "EdDSA"}


def test_what_is_told_of_it_is_what_a_receiver_finds_that_knows_the_retired_key(tmp_path: Path, capsys: Out) -> None:
    for name in ("idp", "old"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"keys": [jwk_of(public_of(test_key(name)))]}), "ascii")
    assert sign("--fault", "token-signed-with-the-retired-key", "--retired", "old.pem", "-o", "made.jwt") == 0
    assert "signed-by-retired-key" in capsys.readouterr().err
    words = ["--trust", "idp.json", "--retired", "old.json", "--format", "json"]
    assert run(["verify", "jwt", "made.jwt", *words]) == 1
    found = {each["code"] for each in json.loads(capsys.readouterr().out)["findings"] if each["severity"] == "error"}
    assert found == {"signed-by-retired-key"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--fault", "key-set-without-keys"], "arm it in the lab"),
        (["--fault", "wrong-audience"], "not in a token"),
        (["--fault", "token-with-alg"], "did you mean token-with-alg-none"),
        (["--fault", ""], "no fault is called so"),
        (["--fault", "token-signed-with-the-retired-key"], "give that key with --retired"),
        (["--retired", "old.pem"], "give --fault"),
        (["--fault", "token-with-alg-none", "--retired", "old.pem"], "none of the faults signs with a retired key"),
        (["--fault", "token-signed-with-the-retired-key", "--retired", "nowhere.pem"], "there is no such file"),
        (["--fault", "token-with-alg-none", "--alg", "ES256"], "cannot sign with ES256"),
        (["--fault", "bearer-assertion-of-a-stranger", "--alg", "none"], "no known algorithm"),
        (
            ["--fault", "token-in-the-general-json-form", "--fault", "token-with-alg-none"],
            "another fault has left no plain token",
        ),
    ],
)
def test_what_cannot_be_put_in_is_one_line(words: list[str], said: str, capsys: Out) -> None:
    assert sign(*words) == 2
    out, err = capsys.readouterr()
    assert (out, "Traceback" in err, said in err) == ("", False, True), err
    assert len(err.strip().splitlines()) <= 3  # click shows how a command is used before what is wrong with a word
