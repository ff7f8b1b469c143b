"""`ssolab verify jwt` and `ssolab sign jwt`, as a person and as a script meet them."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ssolab.cli import run
from ssolab.core.jose import half_hash, public_of
from ssolab.core.jwk import jwk_of, thumbprint
from ssolab.core.keys import private_key_pem
from ssolab.oidc.checks import TokenKind
from tests.core.signing import credential
from tests.core.test_jose import ED25519
from tests.keys import ec_test_key, test_key
from tests.oidc.tokens import CLIENT, ISSUER, SECONDS, TOKEN_ENDPOINT, token

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("here")
AT = ["--at", "2027-01-04T09:00:00Z"]
TRUST = ["--trust", "jwks.json"]
JUDGED = [*TRUST, "--issuer", ISSUER, "--audience", CLIENT, "--nonce", "n-0S6_WzA2Mj", *AT]
GOOD = token()
PUBLIC = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with tokens, and the keys in every form that --trust takes."""
    monkeypatch.chdir(tmp_path)
    a, b = (jwk_of(public_of(test_key(name)), kid=kid, alg="RS256") for name, kid in (("idp", "a"), ("new", "b")))
    files: dict[str, bytes | str] = {
        "good.jwt": GOOD,
        "header.txt": f"\ufeffAuthorization: Bearer {GOOD}\r\n",
        "bearer.txt": f"  bearer {GOOD}\n\n",
        "next.jwt": token(header={"kid": "b"}, key=test_key("new")),
        "assertion.jwt": token(TokenKind.BEARER_ASSERTION),
        "cli.jwt": token(TokenKind.BEARER_ASSERTION, aud=TOKEN_ENDPOINT + "/", exp=SECONDS * 1000, drop=("jti",)),
        "jwks.json": json.dumps({"keys": [a]}),
        "fresh.json": json.dumps({"keys": [a, b]}),
        "odd.json": json.dumps({"keys": [{"kty": "RSA"}, a, {"kty": "oct", "k": "AA"}]}),
        "one.json": json.dumps(a),
        "idp.crt": credential("idp").certificate.pem,
        "idp.der": credential("idp").certificate.der,
        "idp.pub": test_key("idp").public_key().public_bytes(*PUBLIC),
        "ed.pub": ED25519.public_key().public_bytes(*PUBLIC),
        "ed.der": ED25519.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "ed.pem": ED25519.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "idp.pem": private_key_pem(test_key("idp")),
        "p384.pem": private_key_pem(ec_test_key("p384")),
        "access.txt": "opaque-token\n",
        "empty": "",
        "page.html": "<html>error</html>",
        "discovery.json": json.dumps({"jwks_uri": "https://op.example/jwks"}),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return tmp_path


def verify(*words: str) -> int:
    return run(["verify", "jwt", *words])


def test_an_accepted_token_shows_its_claims_its_key_and_who_verified(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("good.jwt", "--as", "id-token", *JUDGED) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "accepted good.jwt (ID token)"
    assert f"  iss         {ISSUER}" in out
    assert f"  exp         {SECONDS + 120} (2027-01-04T09:02:00Z)" in out
    assert "signed      /payload with RS256" in out
    assert "kid a (jwks.json)" in out
    assert "verifiers   ssolab accepted, pyjwt accepted" in out
    assert err == ""


def test_a_refused_token_says_whose_key_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("next.jwt", *JUDGED, "--announced", "fresh.json") == 1
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "refused next.jwt (JWT, 2 errors)"
    assert "error[unknown-kid] no trusted key has the kid of the token" in out
    assert "good under a key that is announced and not trusted by this party yet" in out
    assert "kid b, RSA 2048, from fresh.json" in out

    assert verify("next.jwt", *JUDGED, "--known", "fresh.json") == 1
    assert "signed-by-untrusted-key" in capsys.readouterr().out


def test_what_a_receiver_needs_of_a_token_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("good.jwt", "--as", "id-token", *JUDGED, "--acr", "gold", "--acr", "silver") == 1
    out = capsys.readouterr().out
    assert "error[authentication-class-not-met]" in out
    assert "gold or silver" in out
    assert verify("good.jwt", *JUDGED, "--scope", "api", "--scope", "web") == 1
    out = capsys.readouterr().out
    assert "error[scope-not-granted] the token was not granted api web" in out
    assert verify("good.jwt", *JUDGED, "--scope", "api web") == 1
    assert "the token was not granted api web" in capsys.readouterr().out
    for option in ("--scope", "--acr"):
        assert verify("good.jwt", *JUDGED, option, " ") == 2
        assert f"Invalid value for {option}: it names nothing" in capsys.readouterr().err


def test_a_script_gets_the_envelope(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("good.jwt", "--as", "id-token", *JUDGED, "--format", "json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["verdict"], told["exit_code"]) == ("ssolab.verify/1", "accepted", 0)
    result = told["result"]
    assert result["principal"]["sub"] == "amira"
    assert result["header"] == {"alg": "RS256", "typ": "JWT", "kid": "a"}
    assert result["verifiers"] == {"ssolab": "accepted", "pyjwt": "accepted"}
    assert result["signature"]["key"] == result["trusted_key"]["spki_sha256"] == public_of(test_key("idp")).sha256

    assert verify("good.jwt", *TRUST, "--audience", "x", *AT, "--format", "json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "refused"
    assert told["result"]["principal"] is None
    assert {each["code"] for each in told["findings"]} == {"token-audience-mismatch", "not-judged"}


@pytest.mark.parametrize("file", ["good.jwt", "header.txt", "bearer.txt", GOOD])
def test_a_token_is_found_in_what_people_have(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(file, *JUDGED, "-q") == 0
    assert capsys.readouterr().out == f"accepted {'token' if file == GOOD else file} (JWT)\n"


def test_a_token_comes_from_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(f"Bearer {GOOD}\n".encode())))
    assert verify("-", *JUDGED, "-q") == 0
    assert capsys.readouterr().out.startswith("accepted ")


@pytest.mark.parametrize("trust", ["jwks.json", "fresh.json", "odd.json", "one.json", "idp.crt", "idp.der", "idp.pub"])
def test_trust_takes_sets_certificates_and_public_keys(trust: str) -> None:
    assert verify("good.jwt", "--trust", trust, *AT) == 0


def test_odd_keys_beside_the_good_one_are_told_and_spoil_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("good.jwt", "--trust", "odd.json", *AT) == 0
    out = capsys.readouterr().out
    assert "warning[unreadable-jwk]" in out
    assert "warning[symmetric-key-in-jwks]" in out


def test_what_is_not_given_is_not_judged_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("good.jwt", *TRUST, *AT) == 0
    assert "not judged  issuer, audience: nothing is expected" in capsys.readouterr().out


def test_the_profile_of_salesforce_takes_what_its_cli_sends(capsys: pytest.CaptureFixture[str]) -> None:
    words = [
        "cli.jwt",
        "--as",
        "bearer-assertion",
        "--trust",
        "idp.crt",
        "--issuer",
        CLIENT,
        "--audience",
        TOKEN_ENDPOINT,
    ]
    assert verify(*words, *AT, "--profile", "salesforce") == 0
    out = capsys.readouterr().out
    for code in ("expiry-looks-like-milliseconds", "audience-differs-by-slash", "token-certificate-expired"):
        assert f"warning[{code}]" in out
    assert verify(*words, *AT) == 1
    assert "milliseconds in place of seconds?" in capsys.readouterr().out


def test_a_certificate_that_is_out_of_date_refuses_where_it_should() -> None:
    words = ["assertion.jwt", "--as", "bearer-assertion", "--trust", "idp.crt", *AT]
    assert verify(*words) == 1
    assert verify(*words, "--no-checks-expiry") == 0
    assert verify(*words, "--ignore", "token-certificate-expired") == 0
    assert verify(*words, "--profile", "salesforce") == 0
    assert verify(*words, "--profile", "salesforce", "--checks-expiry") == 1


def test_an_access_token_is_compared_with_its_hash(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "hashed.jwt").write_text(token(at_hash=half_hash("RS256", "opaque-token")), "ascii")
    words = ["hashed.jwt", "--as", "id-token", *JUDGED]
    assert verify(*words, "--access-token", "access.txt") == 0
    assert verify(*words, "--access-token", "empty") == 1
    assert "access-token-hash-mismatch" in capsys.readouterr().out
    assert verify(*words) == 0
    assert "at_hash was not compared" in capsys.readouterr().out


def test_a_client_secret_comes_from_the_environment(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "a secret of thirty-two bytes or more"
    (here / "hs.jwt").write_text(pyjwt.encode({"sub": "a"}, secret, "HS256"), "ascii")
    words = ["hs.jwt", "--client-secret-env", "CLIENT_SECRET", *AT]
    assert verify(*words) == 2
    assert "not set" in capsys.readouterr().err
    monkeypatch.setenv("CLIENT_SECRET", secret)
    assert verify(*words) == 0
    assert verify("good.jwt", "--client-secret-env", "CLIENT_SECRET") == 1
    assert secret not in "".join(capsys.readouterr())
    assert verify(*words, *TRUST) == 2
    assert "trusted together" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["good.jwt"], "say with --trust"),
        (["-", "--trust", "-"], "standard input can be read once"),
        (["good.jwt", "--trust", "nowhere.json"], "nowhere.json: there is no such file"),
        (["nowhere.jwt", *TRUST], "nowhere.jwt: there is no such file"),
        (["empty", *TRUST], "empty: there is nothing in it"),
        (["page.html", *TRUST], "page.html: it has 1 part, and a token has three with dots between"),
        (["jwks.json", *TRUST], "its signature is in the JSON form"),
        (["good.jwt", "--trust", "discovery.json"], "it has no member keys"),
        (["good.jwt", "--trust", "page.html"], "page.html: "),
        (["good.jwt", "--trust", "idp.pem"], "no public key"),
        (["good.jwt", *TRUST, "--alg", "RS257"], "RS257 is no algorithm"),
        (["good.jwt", *TRUST, "--ignore", "unsigned-token"], "never its signature or form"),
    ],
)
def test_bad_input_ends_in_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err


# ---- sign --------------------------------------------------------------------------------------------------------


def sign(*words: str) -> int:
    return run(["sign", "jwt", "--issuer", "app", "--audience", "https://op.example", "--subject", "amira", *words])


def test_what_is_signed_verifies_here_and_in_pyjwt(capsys: pytest.CaptureFixture[str]) -> None:
    assert sign("--key", "idp.pem", *AT) == 0
    sealed = capsys.readouterr().out.strip()
    claims = pyjwt.decode(
        sealed,
        test_key("idp").public_key(),
        algorithms=["RS256"],
        audience="https://op.example",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert {**claims, "jti": ""} == {
        "iss": "app", "sub": "amira", "aud": "https://op.example", "iat": SECONDS, "exp": SECONDS + 180, "jti": "",
    }  # fmt: skip
    header = pyjwt.get_unverified_header(sealed)
    assert header == {"alg": "RS256", "typ": "JWT", "kid": thumbprint(public_of(test_key("idp")))}
    assert verify(sealed, "--as", "bearer-assertion", "--trust", "idp.pub", "--issuer", "app",
                  "--audience", "https://op.example", *AT) == 0  # fmt: skip


@pytest.mark.parametrize(
    ("key", "trust", "alg", "words"),
    [
        ("idp.pem", "idp.pub", "PS512", ["--alg", "PS512"]),
        ("ed.pem", "ed.pub", "EdDSA", []),
        ("ed.pem", "ed.der", "Ed25519", ["--alg", "Ed25519"]),
    ],
)
def test_every_kind_of_key_signs(
    key: str, trust: str, alg: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sign("--key", key, *words, *AT, "--format", "json") == 0
    result = json.loads(capsys.readouterr().out)["result"]
    assert result["header"]["alg"] == alg
    assert verify(result["token"], "--trust", trust, *AT) == 0


def test_claims_and_header_are_said_in_json_and_null_leaves_one_out(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--claim", 'amr=["pwd"]', "--claim", "jti=null", "--claim", 'sub="bea"', "--claim", "exp=5"]
    assert sign("--key", "p384.pem", *words, "--header", 'tty="x"', "--kid", "", "--typ", "", "--format", "json") == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)["result"]
    assert result["header"] == {"alg": "ES384", "tty": "x"}
    assert "jti" not in result["claims"]
    assert (result["claims"]["amr"], result["claims"]["sub"], result["claims"]["exp"]) == (["pwd"], "bea", 5)


def test_a_token_is_written_to_a_file(here: Path) -> None:
    assert sign("--key", "idp.pem", "--audience", "b", "-o", "made.jwt", *AT) == 0
    assert (here / "made.jwt").read_text("ascii").count(".") == 2
    assert verify("made.jwt", "--trust", "idp.crt", "--audience", "b", *AT) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--key", "idp.pub"], "private key"),
        (["--key", "nowhere.pem"], "there is no such file"),
        (["--key", "idp.pem", "--alg", "ES256"], "cannot sign with ES256"),
        (["--key", "idp.pem", "--alg", "none"], "no known algorithm"),
        (["--key", "idp.pem", "--alias", "x"], "no key store"),
        (["--key", "idp.pem", "--claim", "x"], "is not NAME=JSON"),
        (["--key", "idp.pem", "--claim", "=1"], "is not NAME=JSON"),
        (["--key", "idp.pem", "--claim", "x=text"], "a text stands in double quotes"),
        (["--key", "idp.pem", "--claim", 'x={"a":1,"a":2}'], "more than once"),
        (["--key", "idp.pem", "--header", "x=NaN"], "--header"),
        (["--key", "idp.pem", "--header", 'alg="none"'], "choose that with --alg"),
    ],
)
def test_what_cannot_be_signed_is_refused_in_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sign(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    assert "Traceback" not in err
