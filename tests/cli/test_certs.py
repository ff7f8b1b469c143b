from __future__ import annotations

import errno
import json
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jks
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ssolab.cli import run
from ssolab.cli._exclusive import write_new
from ssolab.core.certs import read_certificates
from ssolab.core.findings import InputError
from ssolab.core.keys import load_private_key, private_key_pem, spki_of
from ssolab.core.selfsigned import is_self_signed
from ssolab.salesforce.certificates import retired_shape, salesforce_certificate
from tests.keys import test_key

if TYPE_CHECKING:
    from collections.abc import Callable

    Cli = Callable[..., tuple[int, str, str]]

AT = "2027-06-01T00:00:00Z"
ORG = "00D5g000004XyzA"
CERTIFICATE = salesforce_certificate(
    private=test_key("old"),
    name="SSO_2027",
    org_id=ORG,
    created=datetime(2027, 1, 4, 9, tzinfo=UTC),
    random4=b"\1\2\3\4",
)
RETIRED = retired_shape(private=test_key("proxy"))


@pytest.fixture
def ssolab(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line: exit code, stdout, stderr. Nobody is at the keyboard and no password is known."""
    monkeypatch.delenv("SSOLAB_PASSWORD", raising=False)

    def call(*arguments: object) -> tuple[int, str, str]:
        code = run([str(one) for one in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "SSO_2027.crt"
    path.write_text(CERTIFICATE.pem)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    pkcs8 = test_key("old").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    entry = jks.PrivateKeyEntry.new("sso_2027", [CERTIFICATE.der], pkcs8, "pkcs8")
    path = tmp_path / "export.jks"
    path.write_bytes(jks.KeyStore.new("jks", [entry]).saves("right"))
    return path


def test_show_prints_hashes_dates_and_what_the_certificate_is(ssolab: Cli, certificate: Path) -> None:
    code, out, err = ssolab("certs", "show", certificate, "--at", AT)
    assert (code, err) == (0, "")
    for wanted in (
        f"made by Salesforce for org {ORG} on 2027-01-04T09:00:00Z",
        CERTIFICATE.spki_sha256,
        CERTIFICATE.sha256,
        CERTIFICATE.sha1,
        "2027-01-04T09:00:00Z to 2028-01-04T12:00:00Z, 217 d 12 h left",
        "RSA 2048",
    ):
        assert wanted in out


def test_show_says_how_long_ago_a_certificate_expired_at_the_moment_asked_for(ssolab: Cli, tmp_path: Path) -> None:
    (tmp_path / "old.crt").write_text(RETIRED.pem)
    _, out, _ = ssolab("certs", "show", tmp_path / "old.crt", "--at", "2017-10-19T23:59:59Z")
    assert "expired 2 d ago" in out
    assert "unlisted proxy.salesforce.com certificate" in out


def test_show_as_json_has_the_envelope_and_a_row_for_every_certificate(ssolab: Cli, certificate: Path) -> None:
    code, out, _ = ssolab("certs", "show", certificate, "--format", "json", "--at", AT)
    answer: dict[str, Any] = json.loads(out)
    assert (answer["schema"], answer["at"], answer["exit_code"], code) == ("ssolab.certs/1", AT, 0, 0)
    (document,) = answer["result"]["documents"]
    (row,) = document["certificates"]
    assert (document["kind"], row["sha256"], row["sha1"]) == ("certificates", CERTIFICATE.sha256, CERTIFICATE.sha1)
    assert row["key"] == {"kind": "RSA", "bits": 2048, "curve": None, "spki_sha256": CERTIFICATE.spki_sha256}
    assert (row["not_after"], row["expired"]) == ("2028-01-04T12:00:00Z", False)
    assert (row["salesforce_org"], row["salesforce_created"]) == (ORG, "2027-01-04T09:00:00Z")


def test_what_cannot_be_read_is_said_and_the_rest_is_shown_all_the_same(
    ssolab: Cli, certificate: Path, tmp_path: Path
) -> None:
    (tmp_path / "junk.crt").write_bytes(b"\xff\x00junk")
    code, out, err = ssolab("certs", "show", tmp_path / "junk.crt", certificate, tmp_path / "none.crt")
    assert code == 2
    assert CERTIFICATE.sha256 in out
    assert re.fullmatch(r"ssolab: \S*junk\.crt: [^\n]+; [^\n]+\nssolab: \S*none\.crt: [^\n]+; [^\n]+\n", err)
    code, out, _ = ssolab("certs", "show", tmp_path / "none.crt", "--format", "json")
    assert code == json.loads(out)["exit_code"] == 2
    assert "there is no such file" in json.loads(out)["result"]["documents"][0]["error"]


@pytest.mark.parametrize(
    "data", [b"", bytes(50_000_000), CERTIFICATE.pem.encode()[:200], CERTIFICATE.der[:200], b"\xfe\xed\xfe\xed\0\0"]
)
def test_bad_input_ends_in_one_line_and_exit_code_2(ssolab: Cli, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad").write_bytes(data)
    code, out, err = ssolab("certs", "show", tmp_path / "bad")
    assert (code, out) == (2, "")
    assert re.fullmatch(r"ssolab: \S*bad: [^\n]+; [^\n]+\n", err)


def test_a_store_opens_with_the_password_of_the_environment(
    ssolab: Cli, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSOLAB_PASSWORD", "right")
    code, out, _ = ssolab("certs", "show", store)
    assert code == 0
    assert "entry sso_2027: private key" in out
    assert "stay shut" not in out
    monkeypatch.setenv("STORE_PASSWORD", "wr0ng")
    code, _, err = ssolab("certs", "show", store, "--password-env", "STORE_PASSWORD")
    assert code == 2
    assert "the password is wrong" in err
    assert "wr0ng" not in err


def test_a_java_store_shows_its_certificates_where_nobody_knows_the_password(ssolab: Cli, store: Path) -> None:
    code, out, _ = ssolab("certs", "show", store)
    assert code == 0
    assert CERTIFICATE.sha256 in out
    assert "private keys stay shut" in out


def test_every_kind_of_document_is_shown_as_what_it_is(ssolab: Cli, tmp_path: Path) -> None:
    key = test_key("old")
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "asked")])
    request = x509.CertificateSigningRequestBuilder(name).sign(key, hashes.SHA256())
    (tmp_path / "wanted.crt").write_bytes(request.public_bytes(Encoding.DER))
    (tmp_path / "pair.pem").write_bytes(private_key_pem(key) + CERTIFICATE.pem.encode() + RETIRED.pem.encode())
    (tmp_path / "some.key").write_bytes(private_key_pem(key))
    code, out, _ = ssolab("certs", "show", *sorted(tmp_path.iterdir()), "--at", "2026-12-01T00:00:00Z")
    assert code == 0
    assert "pair.pem: 2 certificates, 1 private key" in out
    assert "it holds a private key too" in out
    assert "not valid for another 34 d 9 h" in out
    assert "some.key: 1 private key" in out
    assert "wanted.crt: 1 certificate request" in out
    assert "asked: a certificate request; the certificate is not in it" in out
    assert out.count(f"key sha256  {CERTIFICATE.spki_sha256}") == 3
    assert "BEGIN" not in out


def test_metadata_shows_its_certificates(ssolab: Cli, tmp_path: Path) -> None:
    role = f"""<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        <md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>
        {CERTIFICATE.base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
        <md:SingleSignOnService Location="https://idp.example/"
        Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"/></md:IDPSSODescriptor>"""
    head = '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example">'
    (tmp_path / "idp").write_text(f"{head}{role}</md:EntityDescriptor>")
    _, out, _ = ssolab("certs", "show", tmp_path / "idp")
    assert "SAML metadata of https://idp.example, 1 certificate" in out
    assert CERTIFICATE.sha256 in out


def test_quiet_says_one_line_a_certificate(ssolab: Cli, certificate: Path) -> None:
    _, out, _ = ssolab("certs", "show", certificate, "-q")
    assert out == f"{CERTIFICATE.spki_sha256}  2028-01-04T12:00:00Z  SSO_2027\n"


def test_a_pair_in_a_store_that_does_not_belong_together_is_told(
    ssolab: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pkcs8 = test_key("new").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    entry = jks.PrivateKeyEntry.new("mixed", [CERTIFICATE.der, RETIRED.der], pkcs8, "pkcs8")
    (tmp_path / "x").write_bytes(jks.KeyStore.new("jks", [entry]).saves("right"))
    monkeypatch.setenv("SSOLAB_PASSWORD", "right")
    _, out, _ = ssolab("certs", "show", tmp_path / "x")
    assert "chain of 2 certificates; the private key does not belong to the certificate" in out


def test_new_writes_a_pair_of_exactly_the_salesforce_shape(ssolab: Cli, tmp_path: Path) -> None:
    code, out, _ = ssolab(
        "certs", "new", "--name", "SSO_2028", "--org-id", ORG, "--directory", tmp_path, "--at", "2027-12-01T10:00:00Z"
    )
    assert code == 0
    assert str(tmp_path / "SSO_2028.crt") in out
    (made,) = read_certificates((tmp_path / "SSO_2028.crt").read_bytes(), "x")
    key = tmp_path / "SSO_2028.key"
    assert made.subject.text == f"CN=SSO_2028, OU={ORG}, O=Salesforce.com, L=San Francisco, ST=CA, C=USA"
    assert made.not_before == datetime(2027, 12, 1, 10, tzinfo=UTC)
    assert spki_of(load_private_key(key.read_bytes(), "k")) == made.spki
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["SSO_2028.crt", "SSO_2028.key"]
    assert "PRIVATE KEY" not in out


def test_new_makes_up_the_name_that_setup_would(ssolab: Cli, tmp_path: Path) -> None:
    ssolab("certs", "new", "--org-id", ORG, "-d", tmp_path, "--at", "2027-12-01T10:00:00Z")
    assert (tmp_path / "SelfSignedCert_01Dec2027_100000.crt").exists()


@pytest.mark.parametrize("there", ["SSO_2028.crt", "SSO_2028.key"])
def test_nothing_is_overwritten_and_nothing_half_written(ssolab: Cli, tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("precious")
    code, _, err = ssolab("certs", "new", "--name", "SSO_2028", "--org-id", ORG, "-d", tmp_path)
    assert code == 2
    assert f"{there}: it is there already" in err
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--name", "no good", "--org-id", ORG), "'no good': no name for a certificate in Salesforce"),
        (("--name", "../up", "--org-id", ORG), "no name for a certificate in Salesforce"),
        (("--org-id", "00E5g000004XyzA"), "not the id of an org"),
        (("--org-id", ORG, "--bits", "1024"), "'1024' is not one of"),
        (("--org-id", ORG, "-d", "/no/such/folder"), "there is no such folder"),
        ((), "--org-id"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_line(
    ssolab: Cli, tmp_path: Path, arguments: tuple[str, ...], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = ssolab("certs", "new", *arguments)
    assert code == 2
    assert complaint in err
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_twin_mirrors_a_certificate_over_a_fresh_key(ssolab: Cli, tmp_path: Path) -> None:
    (tmp_path / "proxy.crt").write_text(RETIRED.pem)
    code, out, _ = ssolab("certs", "twin", tmp_path / "proxy.crt", "-d", tmp_path, "--at", AT, "--format", "json")
    assert code == 0
    written = json.loads(out)["result"]["written"]
    assert Path(written["certificate"]) == tmp_path / "proxy_salesforce_com_twin.crt"
    (made,) = read_certificates(Path(written["certificate"]).read_bytes(), "x")
    assert (made.subject.der, made.issuer.der) == (RETIRED.subject.der, RETIRED.issuer.der)
    assert (made.not_before, made.not_after, made.serial) == (RETIRED.not_before, RETIRED.not_after, RETIRED.serial)
    assert made.spki != RETIRED.spki
    assert is_self_signed(made)
    assert spki_of(load_private_key(Path(written["private_key"]).read_bytes(), "k")) == made.spki
    assert json.loads(out)["result"]["original"]["sha256"] == RETIRED.sha256


def test_a_java_store_shows_its_certificates_to_whoever_leaves_the_password_empty(
    ssolab: Cli, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSOLAB_PASSWORD", "")
    code, out, err = ssolab("certs", "show", store)
    assert (code, err) == (0, "")
    assert CERTIFICATE.sha256 in out
    assert "without password: its integrity was not checked" in out


def test_twin_says_what_it_could_not_carry_over(ssolab: Cli, tmp_path: Path) -> None:
    weak = retired_shape(private=test_key("proxy"), hash="sha1")
    (tmp_path / "proxy.crt").write_text(weak.pem)
    code, out, _ = ssolab("certs", "twin", tmp_path / "proxy.crt", "--name", "old", "-d", tmp_path)
    assert code == 0
    assert "signature algorithm rsa-sha1 became rsa-sha256" in out
    assert (tmp_path / "old.key").exists()


def test_twin_wants_one_certificate_and_a_plain_name(ssolab: Cli, tmp_path: Path) -> None:
    (tmp_path / "two.pem").write_text(CERTIFICATE.pem + RETIRED.pem)
    assert "2 certificates in it" in ssolab("certs", "twin", tmp_path / "two.pem", "-d", tmp_path)[2]
    for name in ("../x", "", ".x", "a b"):
        code, _, err = ssolab("certs", "twin", tmp_path / "two.pem", "--number", "1", "--name", name, "-d", tmp_path)
        assert code == 2
        assert "no name for a file" in err
    assert ssolab("certs", "twin", tmp_path / "two.pem", "--number", "2", "-q", "-d", tmp_path)[0] == 0


def test_a_pair_of_which_one_file_cannot_be_written_leaves_none_behind(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"{tmp_path / 'none'}: cannot be written"):  # the folder, and no passing file
        write_new({tmp_path / "a.key": (b"k", 0o600), tmp_path / "none" / "a.crt": (b"c", 0o644)})
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.crt").symlink_to("nowhere")  # a name is taken also where it leads nowhere
    with pytest.raises(InputError, match="already"):
        write_new({tmp_path / "a.key": (b"k", 0o600), tmp_path / "a.crt": (b"c", 0o644)})
    assert [path.name for path in tmp_path.iterdir()] == ["a.crt"]


def test_a_file_system_without_links_gets_the_pair_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    write_new({tmp_path / "a.key": (b"k", 0o600)})
    assert (tmp_path / "a.key").read_bytes() == b"k"
    assert stat.S_IMODE((tmp_path / "a.key").stat().st_mode) == 0o600
    with pytest.raises(InputError, match="already"):
        write_new({tmp_path / "a.key": (b"other", 0o600)})
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]
    assert (tmp_path / "a.key").read_bytes() == b"k"


def test_showing_a_certificate_loads_neither_xml_nor_web(certificate: Path) -> None:
    program = (
        "import sys; from ssolab.cli import run; run(sys.argv[1:]);"
        "print(*sorted({'lxml', 'signxml', 'xmlsec', 'flask', 'jinja2', 'jwt'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "certs", "show", str(certificate)], capture_output=True, text=True, check=True
    )
    assert done.stderr.split() == []
