"""`ssolab verify saml`, as a person and as a script meet it."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssolab.cli import run
from ssolab.core.keys import private_key_pem
from ssolab.saml.artifact import HANDLE_LENGTH, Artifact, ArtifactResolve, ArtifactResponse
from ssolab.saml.artifact_issue import seal_artifact_message
from ssolab.saml.bindings import encode_redirect
from ssolab.saml.issue import draft_request, seal
from ssolab.saml.messages import Status
from ssolab.saml.soap import Fault, wrap
from ssolab.saml.subjects import NameID
from tests.saml.samples import ACS, IDP, NOW, REQUEST, SP, SSO, asserting, certificate, credential, private, relying
from tests.saml.samples import response as message
from tests.saml.test_decryption import message as encrypted

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.core.xmltree import Element

pytestmark = pytest.mark.usefixtures("here")
AT = ["--at", "2027-01-04T09:00:00Z"]
ARTIFACT = Artifact.of(IDP, bytes(HANDLE_LENGTH))
JUDGED = ["--audience", SP, "--recipient", ACS, "--in-response-to", REQUEST]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a message, the metadata of both sides, and the key in every form that --trust takes."""
    monkeypatch.chdir(tmp_path)
    public = private("idp").public_key()
    request = draft_request(relying(), now=NOW, new_id=lambda: REQUEST)
    files: dict[str, bytes | str] = {
        "response.xml": message(),
        "response.b64": base64.encodebytes(message()),
        "field.txt": b"SAMLResponse=" + base64.b64encode(message()).replace(b"+", b"%2B").replace(b"=", b"%3D"),
        "idp.xml": asserting().document(NOW),
        "sp.xml": relying().document(NOW),
        "idp.crt": certificate("idp").pem,
        "idp.der": certificate("idp").der,
        "idp.pub": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "pub.der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "other.crt": certificate("other").pem,
        "request.xml": seal(request, credential("sp")),
        "unsigned.xml": seal(request, None),
        "request.url": encode_redirect(
            seal(request, None), location=SSO, relay_state="/x", credential=credential("sp")
        ),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    return tmp_path


def verify(*arguments: str) -> int:
    return run(["verify", "saml", *arguments])


def envelope(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code = verify(*arguments, "--format", "json", *AT)
    read: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert read["exit_code"] == code
    return read


# --- a Response in an ArtifactResponse ---


@pytest.fixture
def saved(here: Path) -> list[str]:
    """What somebody saved from the back channel: with its envelope and without, and an unsigned Response in one."""
    empty = ArtifactResponse(id="_a", issue_instant=NOW, status=Status(), issuer=NameID(IDP), in_response_to="_q")
    sealed = seal_artifact_message(replace(empty, message=message()), credential("idp"))
    asked = ArtifactResolve(id="_q", issue_instant=NOW, artifact=ARTIFACT.text, issuer=NameID(SP))
    covering = seal_artifact_message(replace(empty, message=message(sign_as="none")), credential("idp"))
    files = {
        "plain.xml": sealed,
        "envelope.xml": wrap(sealed),
        "covering.xml": wrap(covering),
        "bare.xml": replace(empty, message=message(sign_as="none")).write(),
        "empty.xml": seal_artifact_message(empty, credential("idp")),
        "fault.xml": Fault("Client", "no such thing").write(),
        "resolve.xml": wrap(seal_artifact_message(asked, credential("sp"))),
        "bare-resolve.xml": seal_artifact_message(asked, credential("sp")),
        "unsigned-resolve.xml": wrap(asked.write()),
        "broken-resolve.xml": seal_artifact_message(replace(asked, artifact="AAQ="), credential("sp")),
    }
    for name, data in files.items():
        (here / name).write_bytes(data)
    return list(files)


@pytest.mark.parametrize("file", ["plain.xml", "envelope.xml", "covering.xml"])
def test_a_response_is_judged_in_what_it_came_in(
    file: str, saved: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert file in saved
    assert verify(file, "--trust", "idp.xml", *JUDGED, *AT) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"accepted {file} (Response in an ArtifactResponse)")
    assert "amira@greenmoor.org" in out


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    ("file", "code", "says"),
    [
        ("bare.xml", 1, "signature-missing"),
        ("empty.xml", 1, "artifact-response-empty"),
        ("fault.xml", 2, "SOAP fault: Client, 'no such thing'"),
    ],
)
def test_what_came_by_artifact_is_refused_with_its_reason(
    file: str, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(file, "--trust", "idp.xml", *JUDGED, *AT) == code
    told = capsys.readouterr()
    assert says in told.out + told.err


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize("file", ["resolve.xml", "bare-resolve.xml"])
def test_the_question_for_an_artifact_is_judged(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(file, "--trust", "sp.xml", *AT) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"accepted {file} (ArtifactResolve)")
    assert f"artifact    {ARTIFACT.text}" in told
    read = envelope(capsys, file, "--trust", "sp.xml")
    assert read["result"]["resolve"] == {"id": "_q", "issuer": SP, "artifact": ARTIFACT.text}


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(
    ("file", "options", "code", "says"),
    [
        ("unsigned-resolve.xml", [], 1, "signature-missing"),
        ("broken-resolve.xml", [], 1, "artifact-unreadable"),
        ("resolve.xml", ["--audience", SP], 2, "--audience is for a Response"),
        ("resolve.xml", ["--name-id", "x"], 2, "--name-id is for a LogoutRequest"),
    ],
)
def test_a_question_for_an_artifact_is_refused_with_its_reason(
    file: str, options: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify(file, "--trust", "sp.xml", *options, *AT) == code
    told = capsys.readouterr()
    assert says in told.out + told.err


def test_what_was_opened_in_an_artifact_response_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    around = ArtifactResponse(id="_a", issue_instant=NOW, status=Status(), issuer=NameID(IDP), in_response_to="_q")
    sealed = seal_artifact_message(replace(around, message=encrypted("assertion")), credential("idp"))
    (here / "hidden.xml").write_bytes(wrap(sealed))
    (here / "sp.key").write_bytes(private_key_pem(credential("sp").private))
    assert verify("hidden.xml", "--trust", "idp.xml", "--decrypt", "sp.key", *JUDGED, *AT) == 0
    assert "decrypted   /samlp:Response/saml:EncryptedAssertion" in capsys.readouterr().out


@pytest.mark.usefixtures("saved")
def test_a_waiver_for_the_response_is_none_for_what_is_around_it(capsys: pytest.CaptureFixture[str]) -> None:
    elsewhere = ["--audience", "https://other.example", *JUDGED[2:]]
    assert verify("envelope.xml", "--trust", "idp.xml", *elsewhere, *AT) == 1
    assert verify("envelope.xml", "--trust", "idp.xml", *elsewhere, "--ignore", "audience-mismatch", *AT) == 0
    assert "Traceback" not in capsys.readouterr().err


# --- a Response ---


@pytest.mark.parametrize("file", ["response.xml", "response.b64", "field.txt"])
@pytest.mark.parametrize("trust", ["idp.xml", "idp.crt", "idp.der", "idp.pub", "pub.der"])
def test_every_form_of_message_and_trust_is_read(file: str, trust: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify(file, "--trust", trust, *JUDGED, *AT) == 0
    assert capsys.readouterr().out.startswith(f"accepted {file}")


def test_the_principal_and_what_each_verifier_said_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    verify("response.xml", "--trust", "idp.xml", *JUDGED, *AT)
    out = capsys.readouterr().out
    for line in (
        "subject     amira@greenmoor.org",
        f"issuer      {IDP}",
        "attribute   groups = staff | night shift",
        "signed      /samlp:Response/saml:Assertion with rsa-sha256",
        f"key         SPKI SHA-256 {certificate('idp').spki_sha256}",
        "ssolab accepted, signxml accepted, xmlsec accepted",
        "not judged  replay",
    ):
        assert line in out


def test_a_refusal_names_every_reason_with_both_sides(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--trust", "idp.xml", "--audience", "https://x.example", "--recipient", "https://y.example"]
    assert verify("response.xml", *arguments, *AT) == 1
    out = capsys.readouterr().out
    assert out.startswith("refused response.xml (Response, 3 errors)")
    assert "error[audience-mismatch]" in out
    assert "    expected  https://x.example\n    observed  " + SP in out
    assert "error[recipient-mismatch]" in out
    assert "error[destination-mismatch]" in out
    assert "amira@greenmoor.org" not in out


def test_a_foreign_key_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("response.xml", "--trust", "other.crt", *AT) == 1
    out = capsys.readouterr().out
    assert "error[key-not-trusted]" in out
    assert "idp.example.org" in out
    assert "other.crt" in out


def test_several_trusted_files_are_tried() -> None:
    assert verify("response.xml", "--trust", "other.crt", "--trust", "idp.crt", *AT) == 0


def test_the_issuer_comes_from_the_metadata_or_its_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("response.xml", "--trust", "idp.crt", "--issuer", "https://x.example", *AT) == 1
    assert "issuer-mismatch" in capsys.readouterr().out
    verify("response.xml", "--trust", "idp.xml", *AT)
    assert "not judged  audience, recipient, in-response-to, replay" in capsys.readouterr().out


def test_one_party_is_picked_out_of_many_by_its_entity_id(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    namespace = "urn:oasis:names:tc:SAML:2.0:metadata"
    inside = b"".join((here / name).read_bytes().partition(b"?>")[2] for name in ("sp.xml", "idp.xml"))
    (here / "all.xml").write_bytes(
        f'<EntitiesDescriptor xmlns="{namespace}">'.encode() + inside + b"</EntitiesDescriptor>"
    )
    assert verify("response.xml", "--trust", "all.xml", "--issuer", IDP, *AT) == 0
    assert verify("response.xml", "--trust", "all.xml", *AT) == 2
    assert "say with --issuer whose is meant" in capsys.readouterr().err


def test_unsolicited_alone_wants_no_request(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("response.xml", "--trust", "idp.xml", "--unsolicited", *AT) == 1
    assert "in-response-to-mismatch" in capsys.readouterr().out


def test_the_moment_and_the_skew_decide() -> None:
    for at, skew, code in (
        ("09:05:59", "60", 0),
        ("09:06:00", "60", 1),
        ("09:05:00", "0", 1),
        ("09:04:59", "0", 0),
    ):
        assert verify("response.xml", "--trust", "idp.xml", "--skew", skew, "--at", f"2027-01-04T{at}Z") == code


def test_a_strict_receiver_can_be_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    renewed = certificate("idp", not_after=NOW - timedelta(days=1))
    (here / "expired.crt").write_text(renewed.pem)
    assert verify("response.xml", "--trust", "expired.crt", *AT) == 0
    assert "warning[expired-certificate]" in capsys.readouterr().out
    for option, code in (
        (["--checks-expiry"], "error[expired-certificate]"),
        (["--match", "certificate"], "error[certificate-not-trusted]"),
        (["--want-signed", "both"], "error[signature-missing]"),
    ):
        assert verify("response.xml", "--trust", "expired.crt", *option, *AT) == 1
        assert code in capsys.readouterr().out


def test_fail_on_moves_the_exit_code_and_not_the_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    late = ["--at", "2027-01-04T09:05:00Z"]
    assert verify("response.xml", "--trust", "idp.xml", *late) == 0
    assert verify("response.xml", "--trust", "idp.xml", "--fail-on", "warning", *late) == 1
    assert verify("response.xml", "--trust", "other.crt", "--fail-on", "never", *late) == 0
    assert capsys.readouterr().out.count("refused response.xml") == 1


def test_quiet_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    verify("response.xml", "--trust", "idp.xml", "-q", *AT)
    assert capsys.readouterr().out == "accepted response.xml (Response)\n"


def test_json_is_what_the_interface_promises(capsys: pytest.CaptureFixture[str]) -> None:
    read = envelope(capsys, "response.xml", "--trust", "idp.xml", *JUDGED)
    assert read["schema"] == "ssolab.verify/1"
    assert read["verdict"] == "accepted"
    assert read["at"] == "2027-01-04T09:00:00Z"
    principal = read["result"]["principal"]
    assert principal["name_id"] == "amira@greenmoor.org"
    assert principal["attributes"] == {"email": ["amira@greenmoor.org"], "groups": ["staff", "night shift"]}
    assert principal["session_index"] == "_session"
    assert principal["issuer"] == IDP
    assert read["result"]["signature"] == {
        "key": certificate("idp").spki_sha256,
        "algorithm": "rsa-sha256",
        "signed_element": "/samlp:Response/saml:Assertion",
    }
    verifiers = read["result"]["verifiers"]
    assert {verifiers[name] for name in ("ssolab", "signxml", "xmlsec")} == {"accepted"}


def test_json_of_a_refusal_has_no_principal(capsys: pytest.CaptureFixture[str]) -> None:
    read = envelope(capsys, "response.xml", "--trust", "idp.xml", "--audience", "https://x.example")
    assert read["verdict"] == "refused"
    assert read["exit_code"] == 1
    assert read["result"]["principal"] is None
    found = next(each for each in read["findings"] if each["code"] == "audience-mismatch")
    assert found["severity"] == "error"
    assert found["expected"] == "https://x.example"
    assert found["observed"] == SP
    assert found["cites"] == "SAML2Core 2.5.1.4"
    assert found["where"]["document"] == "response.xml"
    assert found["waived"] is None
    assert read["summary"]["errors"] == 1


def test_a_waived_code_is_shown_and_passes(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--audience", "https://x.example", "--ignore", "audience-mismatch"]
    assert verify("response.xml", "--trust", "idp.xml", *arguments, *AT) == 0
    assert "waived" in capsys.readouterr().out


def test_standard_input_is_a_dash(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(message())))
    assert verify("-", "--trust", "idp.xml", *AT) == 0
    assert capsys.readouterr().out.startswith("accepted ")


def test_control_characters_of_a_message_are_shown_and_never_obeyed(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "amira\u009b2J\naccepted"

    def change(root: Element) -> None:
        for each in root.iter("{urn:oasis:names:tc:SAML:2.0:assertion}NameID"):
            each.text = name

    (here / "evil.xml").write_bytes(message(change))
    assert verify("evil.xml", "--trust", "idp.xml", *AT) == 0
    assert "subject     amira\\x9b2J\\x0aaccepted" in capsys.readouterr().out


# --- an AuthnRequest ---


@pytest.mark.parametrize(("file", "signxml"), [("request.xml", "accepted"), ("request.url", "not-applicable")])
def test_a_request_is_judged_with_its_own_signature(
    file: str, signxml: str, capsys: pytest.CaptureFixture[str]
) -> None:
    read = envelope(capsys, file, "--trust", "sp.xml", "--recipient", SSO)
    assert read["verdict"] == "accepted"
    assert read["result"]["request"]["acs"] == ACS
    assert read["result"]["request"]["issuer"] == SP
    assert read["result"]["request"]["relay_state"] == ("/x" if file == "request.url" else None)
    assert read["result"]["verifiers"]["signxml"] == signxml
    assert read["result"]["verifiers"]["xmlsec"] == "accepted"


def test_an_unsigned_request_of_a_partner_who_signs_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("unsigned.xml", "--trust", "sp.xml", *AT) == 1
    assert "error[signature-missing]" in capsys.readouterr().out


def test_the_age_is_judged_where_a_limit_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    later = ["--at", "2027-01-04T09:06:00Z"]
    assert verify("request.url", "--trust", "sp.xml", *later) == 0
    assert verify("request.url", "--trust", "sp.xml", "--max-age", "300", *later) == 1
    assert "request-too-old" in capsys.readouterr().out


def test_options_of_a_response_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("request.url", "--trust", "sp.xml", "--audience", SP) == 2
    assert "--audience is for a Response" in capsys.readouterr().err


# --- input that cannot be judged ---


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.xml", "--trust", "idp.xml"], "missing.xml: there is no such file"),
        (["response.xml", "--trust", "missing.xml"], "missing.xml: there is no such file"),
        (["response.xml", "--trust", "sp.xml"], "sp.xml: its metadata holds no IDPSSODescriptor"),
        (["request.url", "--trust", "idp.xml"], "idp.xml: its metadata holds no SPSSODescriptor"),
        (["response.xml", "--trust", "response.xml"], "response.xml: the root element is"),
        (["response.xml"], "Missing option '--trust'"),
        (["response.xml", "--trust", "idp.xml", "--allow", "md5"], "'md5' is not one of"),
        (["response.xml", "--trust", "idp.xml", "--at", "yesterday"], "'yesterday' is not an ISO 8601 moment"),
        (["response.xml", "--trust", "idp.xml", "--skew", "-1"], "-1"),
        (["response.xml", "--trust", "idp.xml", "--skew", "nan"], "'nan' is not a valid"),
        (["response.xml", "--trust", "idp.xml", "--max-age", "1e400"], "'1e400' is not a valid"),
        (["response.xml", "--trust", "idp.xml", "--ignore", "digest-mismatch"], "never its signature or shape"),
        (["response.xml", "--trust", "idp.xml", "--ignore", "audience-mismach"], "did you mean audience-mismatch?"),
        (["-", "--trust", "-"], "standard input can be read once"),
        (["idp.xml", "--trust", "idp.xml"], "idp.xml: this is md:EntityDescriptor, not samlp:Response"),
        (["empty", "--trust", "idp.xml"], "empty: there is nothing in it"),
        (["binary", "--trust", "idp.xml"], "binary: "),
        (["cut.xml", "--trust", "idp.xml"], "cut.xml: not well-formed XML"),
        (["bomb.xml", "--trust", "idp.xml"], "bomb.xml: the document has a DOCTYPE"),
        (["response.xml", "--trust", "empty"], "empty: "),
        (["response.xml", "--trust", "binary"], "binary: "),
        (["response.xml", "--trust", "key.pem"], "key.pem: it holds PRIVATE KEY, no public key"),
        (["response.xml", "--trust", "."], ".: "),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(value),
)
def test_it_ends_in_one_line_that_names_the_input(
    here: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "empty").write_bytes(b"")
    (here / "binary").write_bytes(bytes(range(256)) * 4)
    (here / "cut.xml").write_bytes(message()[:-20])
    (here / "bomb.xml").write_bytes(b'<!DOCTYPE a [<!ENTITY b "c">]>' + message())
    (here / "key.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    assert verify(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err


def test_help_shows_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", "saml", "--help"]) == 0
    assert "Example:  ssolab verify saml" in capsys.readouterr().out


# --- as Salesforce's own validator shows it ---


def test_the_report_of_salesforce_has_its_numbered_sections(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("response.xml", "--trust", "other.crt", *JUDGED, *AT, "--report", "salesforce") == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("refused response.xml")
    assert [line.split(".")[0] for line in told if line[:1].isdigit()] == [str(number) for number in range(1, 15)]
    # facts/salesforce.md 4.2, to the letter
    start = told.index("11. Validating the Signature  FAILED")
    assert told[start + 1 : start + 7] == [
        "    Is the response signed? false",
        "    Is the assertion signed? true",
        "    Signature or certificate problems",
        "    The reference in the assertion signature is valid",
        "    The signature in the assertion is not valid",
        "    Is the correct certificate supplied in the keyinfo? false",
    ]
    assert "Login history: LOGIN_SAML_MISMATCH_CERT, Failed: Signature Invalid/Configured Certificate Mismatch" in told
    assert "not confirmed" in told[-1]


def test_the_report_of_salesforce_is_in_the_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    given = ["response.b64", "--trust", "idp.xml", "--audience", "https://other.example", "--report", "salesforce"]
    report = envelope(capsys, *given)["result"]["report"]
    assert [each["number"] for each in report["sections"]] == list(range(1, 15))
    assert report["sections"][8]["passed"] is False
    assert report["sections"][8]["codes"] == ["audience-mismatch"]
    assert (report["login_status"], report["login_text"]) == ("LOGIN_SAML_INVALID_AUDIENCE", "Failed: Audience Invalid")


def test_without_asking_there_is_no_such_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert "report" not in envelope(capsys, "response.xml", "--trust", "idp.xml")["result"]


@pytest.mark.parametrize(
    ("given", "code", "label"),
    [
        (["--report", "salesforce"], 0, "Allowed clock difference: 3 min (unverified"),
        (["--report", "salesforce", "--skew", "60"], 1, "Allowed clock difference: 1 min *"),
        ([], 1, ""),
    ],
)
def test_the_report_of_salesforce_allows_the_clocks_180_seconds_unless_told(
    given: list[str], code: int, label: str, capsys: pytest.CaptureFixture[str]
) -> None:
    late = ["--at", "2027-01-04T09:07:00Z"]  # two minutes after the end of the assertion
    assert verify("response.xml", "--trust", "idp.xml", *JUDGED, *late, *given) == code
    assert label in capsys.readouterr().out


def test_a_request_has_no_such_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert verify("request.xml", "--trust", "sp.xml", *AT, "--report", "salesforce") == 2
    assert "--report is for a Response" in capsys.readouterr().err
