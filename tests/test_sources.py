from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from ssolab import sources
from ssolab.core.catalog import Kind
from ssolab.core.findings import ConfigError, InputError, PasswordError
from ssolab.core.keys import Permission
from ssolab.cutover.habits import Known, Slots
from ssolab.cutover.labfile import Surroundings, read_lab
from ssolab.cutover.model import AddressChange, Brings, PartyKind
from ssolab.saml.names import ARTIFACT, POST
from tests.keys import test_key
from tests.write_metadata import certificates

SAMPLE = Path(__file__).resolve().parents[1] / "metadata"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A copy of the sample lab that a test may spoil."""
    return Path(shutil.copytree(SAMPLE, tmp_path / "metadata"))


def edit(lab: Path, *changes: tuple[str, str]) -> Path:
    file = lab / "ssolab.toml"
    text = file.read_text("utf-8")
    for old, new in changes:
        assert old in text, f"the sample has no {old!r}"
        text = text.replace(old, new, 1)
    file.write_text(text, "utf-8")
    return lab


def refusal(lab: Path, *changes: tuple[str, str]) -> str:
    with pytest.raises(InputError) as raised:
        sources.load_lab(edit(lab, *changes), environ={})
    text = str(raised.value)
    assert "\n" not in text
    return text.replace(str(lab), "metadata")


# ---- the sample -----------------------------------------------------------------------------------------------------


def test_the_folder_the_file_and_the_built_in_lab_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    built_in = replace(sources.builtin_lab(), name="")
    assert replace(sources.load_lab(SAMPLE, environ={}), name="") == built_in
    assert replace(sources.load_lab(str(SAMPLE / "ssolab.toml"), environ={}), name="") == built_in
    monkeypatch.chdir(SAMPLE)
    assert replace(sources.load_lab("ssolab.toml", environ={}), name="") == built_in
    assert replace(sources.load_lab(".", environ={}), name="") == built_in


def test_without_a_name_the_folder_metadata_is_taken_else_the_built_in_lab(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert sources.load_lab(None, environ={}).name == sources.BUILT_IN
    shutil.copytree(SAMPLE, tmp_path / "metadata")
    assert sources.load_lab(None, environ={}).name == "metadata"


def test_a_party_is_read_with_all_that_belongs_to_it() -> None:
    lab = sources.load_lab(SAMPLE, environ={})
    org = lab.parties["greenmoor"]
    assert org.kind is PartyKind.SALESFORCE
    assert org.flavour == "salesforce"
    assert [bool(entity.sp) for entity in org.entities] == [True, False]
    assert set(org.certificates) == {
        "salesforce/certs/SSO_2027.crt",
        "salesforce/certs/SelfSignedCert_12Mar2026_083015.crt",
        "salesforce/certs/proxy.crt",
    }
    okta = lab.parties["okta"]
    assert okta.flavour == "generic"
    assert okta.profile is not None
    assert okta.profile.habits.verifies is Known.UNKNOWN
    assert okta.habits.verifies is Known.YES, "the override counts"
    assert lab.links["okta-requests"].weight == 380
    assert lab.users[0].attributes == {"email": ("amira@greenmoor.org",)}
    assert lab.flavours == {"asserting": "generic", "relying": "salesforce"}


def test_every_optional_key_is_read(lab: Path) -> None:
    edit(
        lab,
        ('clock = "2027-01-04T00:00:00Z"', 'clock = 2027-01-04T02:00:00+02:00\nhost = "::1"'),
        ('metadata = ["salesforce/SAMLSP-00D5f000004GrnM.xml", "salesforce/samlidp.xml"]', 'metadata = "salesforce"'),
        (
            'profile = "salesforce-sp"',
            (
                'flavour = "generic"\nallow = ["sha1", "rsa1024"]\nencrypt = ["attributes", "assertion"]\n'
                'cipher = "aes128-gcm"\nkey_transport = "rsa-oaep"\nresponse_binding = "artifact"\n'
                'single_logout = true\nlogout_binding = "post"\nlogout_hash = "sha1"'
            ),
        ),
        ('override = { mode = "manual" }', 'override = { slots = 3, lead = "P3D", match = "certificate" }'),
        (
            'from = "sal',
            'hash = "sha1"\nacs = { from = "https://a.example?so=1", to = "https://b.example" }\nfrom = "sal',
        ),
        ('do = "publish"', 'do = "publish"\nbrings = "key"'),
    )
    read = sources.load_lab(lab, environ={})
    assert read.clock == datetime(2027, 1, 4, tzinfo=UTC)
    assert read.host == "::1"
    org, plan = read.parties["greenmoor"], read.cutovers["leave-proxy"]
    assert (org.flavour, org.profile, len(org.entities)) == ("generic", None, 2)
    assert org.permit == {Permission.SHA1, Permission.RSA1024}
    assert org.answers.encrypts == ("assertion", "attributes")
    assert (org.answers.content_cipher, org.answers.key_transport) == ("aes128-gcm", "rsa-oaep")
    assert org.answers.response_binding == ARTIFACT
    assert (org.single_logout, org.logout_binding, org.logout_hash) == (True, POST, "sha1")
    okta = read.parties["okta"]
    assert (okta.single_logout, okta.logout_binding, okta.logout_hash) == (None, None, None)
    assert read.parties["adfs"].habits.slots == 3
    assert read.parties["adfs"].habits.lead == timedelta(days=3)
    assert plan.hash == "sha1"
    assert plan.address == AddressChange(before="https://a.example?so=1", after="https://b.example")
    assert plan.steps[3].brings is Brings.KEY


def test_a_lab_without_cutovers_and_links_is_a_lab(tmp_path: Path) -> None:
    (tmp_path / "ssolab.toml").write_text("", "utf-8")
    read = sources.load_lab(tmp_path, environ={})
    assert (read.parties, read.links, read.cutovers, read.users, read.clock) == ({}, {}, {}, (), None)


# ---- certificates ---------------------------------------------------------------------------------------------------


def key_store(lab: Path) -> None:
    """Put a certificate and its private key into a PKCS#12 beside the lab; never committed."""
    own = x509.load_der_x509_certificate(certificates()["entra"].der)
    body = pkcs12.serialize_key_and_certificates(
        b"entra", test_key("entra"), own, None, BestAvailableEncryption(b"open sesame")
    )
    (lab / "partners" / "entra" / "keys.p12").write_bytes(body)
    edit(
        lab,
        ('profile = "entra-idp-request"', 'profile = "entra-idp-request"\ncertificates = "partners/entra/keys.p12"'),
    )


def test_a_key_store_brings_its_private_key_along(lab: Path) -> None:
    key_store(lab)
    party = sources.load_lab(lab, environ={"SSOLAB_PASSWORD": "open sesame"}).parties["entra"]
    assert list(party.certificates) == ["partners/entra/keys.p12#entra"]
    (credential,) = party.credentials.values()
    assert credential.certificate.sha256 == certificates()["entra"].sha256
    assert credential.certificate.sha256 in party.credentials
    assert "PRIVATE" not in repr(party)
    assert str(test_key("entra").private_numbers().p) not in repr(party)


def test_the_password_of_a_key_store_comes_from_the_named_variable(lab: Path) -> None:
    key_store(lab)
    edit(lab, ('certificates = "partners/entra', 'password_env = "ENTRA_PW"\ncertificates = "partners/entra'))
    assert sources.load_lab(lab, environ={"ENTRA_PW": "open sesame"}).parties["entra"].credentials
    with pytest.raises(ConfigError, match="names ENTRA_PW, which is not in the environment; export ENTRA_PW"):
        sources.load_lab(lab, environ={"SSOLAB_PASSWORD": "open sesame"})


def test_a_key_store_without_a_password_says_what_a_lab_can_do_about_it(lab: Path) -> None:
    key_store(lab)
    with pytest.raises(PasswordError, match="export SSOLAB_PASSWORD, or name another variable with password_env"):
        sources.load_lab(lab, environ={})


def test_a_wrong_password_is_refused_and_never_shown(lab: Path) -> None:
    key_store(lab)
    with pytest.raises(PasswordError) as raised:
        sources.load_lab(lab, environ={"SSOLAB_PASSWORD": "open barley"})
    assert "keys.p12" in str(raised.value)
    assert "barley" not in str(raised.value)


def test_a_certificate_inside_a_key_store_is_named_by_its_alias(lab: Path) -> None:
    key_store(lab)
    environ = {"SSOLAB_PASSWORD": "open sesame"}
    edit(lab, ("certs/SSO_2027.crt", "../partners/entra/keys.p12#entra"))
    found = sources.load_lab(lab, environ=environ).cutovers["leave-proxy"].new
    assert found.sha256 == certificates()["entra"].sha256
    edit(lab, ("keys.p12#entra", "keys.p12"))
    with pytest.raises(ConfigError, match=r"names no certificate of .*keys\.p12; write one of: .*p12#entra"):
        sources.load_lab(lab, environ=environ)


def test_a_folder_of_certificates_may_hold_requests_and_empty_files(lab: Path) -> None:
    folder = lab / "salesforce" / "certs"
    (folder / "Requested.crt").write_text(
        "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n", "ascii"
    )
    (folder / "Deployed.crt").write_bytes(b"")
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "notes.txt").write_text("nothing", "utf-8")
    assert len(sources.load_lab(lab, environ={}).parties["greenmoor"].certificates) == 3


@pytest.mark.parametrize("spelling", ["salesforce/own.crt", "./salesforce//own.crt", "salesforce\\\\own.crt"])
def test_a_named_file_has_to_hold_a_certificate_however_its_path_is_spelt(lab: Path, spelling: str) -> None:
    (lab / "salesforce" / "own.crt").write_bytes(b"")
    told = refusal(lab, ('certificates = "salesforce/certs"', f'certificates = "{spelling}"'))
    assert "own.crt: it is empty" in told


def test_a_file_whose_name_cannot_be_shown_is_refused(lab: Path) -> None:
    try:
        (lab / "salesforce" / "certs" / "own\udcff.crt").write_bytes(b"")
    except OSError:
        pytest.skip("this file system has no such names")
    assert "salesforce/certs, in which a file has a name that cannot be shown; rename it" in refusal(lab)


def test_further_certificates_of_a_file_are_numbered(lab: Path) -> None:
    chain = lab / "salesforce" / "chain.pem"
    chain.write_bytes(b"".join((lab / f"salesforce/certs/{name}.crt").read_bytes() for name in ("SSO_2027", "proxy")))
    edit(lab, ('certificates = "salesforce/certs"', 'certificates = ["salesforce/chain.pem", "salesforce/certs"]'))
    held = sources.load_lab(lab, environ={}).parties["greenmoor"].certificates
    assert held["salesforce/chain.pem"].label == "SSO_2027"
    assert held["salesforce/chain.pem#2"].label == "proxy.salesforce.com"


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "empty"),
        (b"\x30\x82\x05", "not a certificate"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n", "no whole CERTIFICATE block"),
        (b"\xff\xfe\x00hello", "not a certificate"),
    ],
)
def test_a_named_file_without_a_whole_certificate_is_refused(lab: Path, data: bytes, complaint: str) -> None:
    (lab / "salesforce" / "own.crt").write_bytes(data)
    told = refusal(lab, ('certificates = "salesforce/certs"', 'certificates = "salesforce/own.crt"'))
    assert "own.crt" in told
    assert complaint in told


# ---- mistakes in the lab file ---------------------------------------------------------------------------------------


MISTAKES: dict[str, tuple[tuple[str, str], str]] = {
    "unknown-key-of-party": (
        ('profile = "okta-idp-request"', 'profil = "okta-idp-request"'),
        "metadata/ssolab.toml:40: unknown key 'profil' of party okta; did you mean profile?",
    ),
    "unknown-table": (("[lab]", "[laboratory]\n[lab]"), "ssolab.toml:4: unknown key 'laboratory'"),
    "later-key": (('do = "publish"', 'window = 1\n  do = "publish"'), "unknown key 'window'"),
    "clause": (("weight = 1400", "weight = 1400\n[[link.must]]\nclause = 'x'\n#"), "unknown key 'must'"),
    "no-id": (('id = "okta"\nkind', "kind"), "id of party is missing"),
    "wrong-id": (('id = "okta"\nkind', 'id = "ok ta"\nkind'), "id of party ok ta cannot be"),
    "double-party": (('id = "okta"\nkind', 'id = "adfs"\nkind'), "id of party adfs stands there twice"),
    "double-link": (('id = "okta-requests"', 'id = "adfs-requests"'), "id of link adfs-requests stands there twice"),
    "unknown-kind": (('kind = "idp"', 'kind = "ipd"'), "kind of party entra cannot be 'ipd'; did you mean idp?"),
    "kind-is-a-number": (('kind = "idp"', "kind = 7"), "kind of party entra is 7, not text"),
    "unknown-profile": (
        ('profile = "okta-idp-request"', 'profile = "okta-idp-reqest"'),
        "profile of party okta is 'okta-idp-reqest', which is not known; did you mean okta-idp-request?",
    ),
    "unknown-habit": (('{ mode = "manual" }', '{ mod = "manual" }'), "unknown habit 'mod'; did you mean mode?"),
    "wrong-habit": (('{ mode = "manual" }', '{ slots = "two" }'), "slots: 'two' is no number of keys"),
    "override-no-table": (
        ('{ mode = "manual" }', '"manual"'),
        "override of party adfs is the text 'manual', not a table",
    ),
    "wrong-flavour": (('relying = "salesforce"', 'relying = "sales"'), "relying of lab.flavours cannot be 'sales'"),
    "wrong-permission": (
        ('profile = "salesforce-sp"', 'allow = ["md5"]'),
        "allow of party greenmoor cannot hold 'md5'; write some of: sha1, rsa1024",
    ),
    "nothing-that-encrypts": (
        ('profile = "salesforce-sp"', 'encrypt = ["asertion"]'),
        "encrypt of party greenmoor cannot hold 'asertion'; did you mean assertion?",
    ),
    "cipher-that-is-none": (
        ('profile = "salesforce-sp"', 'encrypt = "assertion"\ncipher = "aes256"'),
        "cipher of party greenmoor cannot hold 'aes256'; did you mean aes256-gcm?",
    ),
    "cipher-of-another-type": (
        ('profile = "salesforce-sp"', 'encrypt = "assertion"\ncipher = 256'),
        "cipher of party greenmoor",
    ),
    "cipher-for-nothing": (
        ('profile = "salesforce-sp"', 'cipher = "aes256-gcm"'),
        "cipher of party greenmoor stands where nothing is encrypted; add encrypt",
    ),
    "key-transport-for-nothing": (
        ('profile = "salesforce-sp"', 'key_transport = "rsa-oaep"'),
        "key_transport of party greenmoor stands where nothing is encrypted",
    ),
    "key-transport-that-is-not-allowed": (
        ('profile = "salesforce-sp"', 'encrypt = "assertion"\nkey_transport = "rsa-1_5"'),
        "key_transport of party greenmoor is rsa-1_5, which has to be allowed; add allow",
    ),
    "response-binding-that-is-none": (
        ('profile = "salesforce-sp"', 'response_binding = "redirect"'),
        "response_binding of party greenmoor",
    ),
    "response-binding-without-issuing": (
        ('kind = "idp"', 'kind = "sp"\nresponse_binding = "artifact"'),
        "response_binding of party entra stands at a service provider",
    ),
    "encrypts-without-issuing": (
        ('kind = "idp"', 'kind = "sp"\nencrypt = "assertion"'),
        "encrypt of party entra stands at a service provider, which issues no Response; give it to its partner",
    ),
    "logout-is-no-truth": (
        ('profile = "salesforce-sp"', 'single_logout = "yes"'),
        "single_logout of party greenmoor is the text 'yes', not true or false; write single_logout = true",
    ),
    "unknown-logout-binding": (
        ('profile = "salesforce-sp"', 'logout_binding = "soap"'),
        "logout_binding of party greenmoor cannot be 'soap'; write one of: redirect, post",
    ),
    "unknown-logout-hash": (
        ('profile = "salesforce-sp"', 'logout_hash = "md5"'),
        "logout_hash of party greenmoor cannot be 'md5'",
    ),
    "missing-file": (
        ("partners/okta/metadata.xml", "partners/okta/meta.xml"),
        "metadata names metadata/partners/okta/meta.xml: there is no such file; check the path",
    ),
    "folder-of-nothing": (
        ('"partners/okta/metadata.xml"', '"salesforce/settings/"'),
        "metadata of party okta is the folder salesforce/settings, which holds no .xml file",
    ),
    "address": (
        ("partners/okta/metadata.xml", "https://harrowgate.okta.com/app/metadata"),
        "and no key is pinned for its signature; add metadata_key",
    ),
    "not-metadata": (
        ("partners/okta/metadata.xml", "salesforce/settings/SingleSignOn.settings-meta.xml"),
        "no SAML 2.0",
    ),
    "twice-the-same-entity": (
        ('"partners/okta/metadata.xml"', '["partners/okta/metadata.xml", "partners/okta/metadata.xml"]'),
        "twice in one role",
    ),
    "metadata-is-a-number": (
        ('"partners/okta/metadata.xml"', "[1]"),
        "metadata of party okta is a list, not text or a",
    ),
    "unknown-signer": (
        ('signer = "okta"', 'signer = "otka"'),
        "signer of link okta-idp-initiated is 'otka', which is not in the lab; did you mean okta?",
    ),
    "signer-verifies": (
        ('signer = "greenmoor"\nverifier = "okta"', 'signer = "okta"\nverifier = "okta"'),
        "the signer itself",
    ),
    "signer-cannot-request": (
        ('signer = "greenmoor"\nverifier = "okta"', 'signer = "entra"\nverifier = "okta"'),
        "signer of link okta-requests is entra, whose metadata describes no service provider, as saml-request needs",
    ),
    "later-flow": (
        ('flow = "saml-request"', 'flow = "mtls-api"'),
        "flow of link entra-requests cannot be 'mtls-api'",
    ),
    "no-weight": (("weight = 1400", "weight = 0"), "weight of link entra-requests is 0, not a number above 0"),
    "weight-true": (("weight = 1400", "weight = true"), "is true, not a number"),
    "weight-nan": (("weight = 1400", "weight = nan"), "not a number above 0"),
    "unknown-link": (
        ('links = [\n    "entra-requests"', 'links = [\n    "entra-request"'),
        "did you mean entra-requests?",
    ),
    "link-twice": (
        ('links = [\n    "entra-requests"', 'links = [\n    "adfs-requests"'),
        "names no link, or one twice",
    ),
    "certificate-is-a-folder": (("certs/SSO_2027.crt", "certs"), "metadata/salesforce/certs: it is a folder"),
    "certificate-is-something-else": (("certs/SSO_2027.crt", "samlidp.xml"), "samlidp.xml: not a certificate"),
    "same-certificate": (("certs/SSO_2027.crt", "certs/proxy.crt"), "is the same certificate as from"),
    "no-certificate": (("certs/SSO_2027.crt", "certs/SSO_2028.crt"), "there is no such file"),
    "wrong-verb": (
        ('do = "swap"', 'do = "switch"'),
        "do of cutover.step cannot be 'switch'; write one of: publish, add, replace, swap,",
    ),
    "no-moment": (('at = "2027-01-09T22:00:00Z"', ""), "at of cutover.step is missing"),
    "moment-without-zone": (
        ('at = "2027-01-09T22:00:00Z"', 'at = "2027-01-09T22:00:00"'),
        "has no time zone; end it with Z",
    ),
    "toml-moment-without-zone": (
        ('at = "2027-01-09T22:00:00Z"', "at = 2027-01-09T22:00:00"),
        "at of cutover.step has no time zone: 2027-01-09 22:00:00",
    ),
    "date": (('at = "2027-01-09T22:00:00Z"', "at = 2027-01-09"), "has no time zone: 2027-01-09"),
    "impossible-moment": (('at = "2027-01-09T22:00:00Z"', 'at = "2027-02-30T22:00:00Z"'), "not a moment that exists"),
    "step-of-a-stranger": (('party = "pingone"', 'party = "nobody"'), "party of cutover.step is 'nobody'"),
    "acs-no-address": (('from = "sal', 'acs = { from = "x", to = "y" }\nfrom = "sal'), "is no http or https address"),
    "user-twice": (('username = "tomas@', 'username = "amira@'), "amira@greenmoor.org stands there twice"),
    "lab-is-a-list": (("[lab]", "[[lab]]"), "lab is a list, not a table"),
    "party-is-a-table": (("[[party]]", "[party]"), "ssolab.toml:"),
    "not-toml": (("[[party]]", "[[party]"), "ssolab.toml:15: not TOML"),
    "no-such-date": (('clock = "2027-01-04T00:00:00Z"', "clock = 2027-02-30"), "not TOML"),
    "control-character-in-a-list": (('"partners/okta/metadata.xml"', '["a\\u0007"]'), "control characters"),
    "control-character": (('id = "okta"\nkind', 'id = "ok\\u0007"\nkind'), "control characters"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_lab_file_is_named_with_its_line_and_its_remedy(lab: Path, mistake: str) -> None:
    change, complaint = MISTAKES[mistake]
    told = refusal(lab, change)
    assert complaint in told
    assert told.startswith("metadata/")


LINES = (SAMPLE / "ssolab.toml").read_text("utf-8").split("\n")
PAGES = {path.relative_to(SAMPLE).as_posix(): path.read_bytes() for path in SAMPLE.rglob("*") if path.is_file()}


@given(
    line=st.integers(0, len(LINES) - 1),
    other=st.sampled_from(LINES) | st.text(max_size=20) | st.sampled_from(["x = 1", "[[party]]", "[lab]", "id = []"]),
    kept=st.integers(0, 1),
)
@settings(deadline=None, max_examples=150)
def test_a_lab_file_with_any_line_exchanged_is_read_or_refused_in_one_line(line: int, other: str, kept: int) -> None:
    text = "\n".join([*LINES[:line], other, *LINES[line + 1 - kept :]])
    pages = sources.Pages(PAGES | {"ssolab.toml": text.encode("utf-8", "surrogatepass")}, "lab")
    around = Surroundings(files=pages, profiles=sources.load_profiles(), environ={})
    try:
        read_lab("lab", around)
    except InputError as error:
        assert str(error).startswith("lab: ")  # noqa: PT017 - it need not be refused
        assert str(error).isprintable()  # noqa: PT017


def test_the_line_of_a_mistake_is_the_right_one(lab: Path) -> None:
    text = (lab / "ssolab.toml").read_text("utf-8").split("\n")
    for wrong, key in ((("flow = ", "flaw = "), "flaw"), (("  do = ", "  dough = "), "dough")):
        for number, line in enumerate(text, 1):
            if line.startswith(wrong[0]):
                spoilt = [*text[: number - 1], line.replace(*wrong), *text[number:]]
                (lab / "ssolab.toml").write_text("\n".join(spoilt), "utf-8")
                with pytest.raises(ConfigError, match=rf"ssolab\.toml:{number}: unknown key '{key}'"):
                    sources.load_lab(lab, environ={})


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"\x00\x01\x02\xff", "ssolab.toml:1: not UTF-8 text"),
        ('[lab]\nhost = "é"'.encode("latin-1"), "ssolab.toml:2: not UTF-8 text"),
        (b"a = " + b"[" * 200_000, "ssolab.toml: not TOML that anybody wrote: nested too deeply"),
        (b"#" * (1 << 19) + b"#", "ssolab.toml: 524,289 bytes; a lab file has at most"),
        (b"[lab]\nhost = ", "not TOML"),
        (b"a.b = 1\na = 2", "not TOML"),
        (b"x = " + b"9" * 5000, "not TOML"),
        (b"id = '" + b"x" * 100_000 + b"'", "unknown key 'id'"),
    ],
)
def test_a_lab_file_that_is_none_is_refused(tmp_path: Path, data: bytes, complaint: str) -> None:
    (tmp_path / "ssolab.toml").write_bytes(data)
    with pytest.raises(ConfigError) as raised:
        sources.load_lab(tmp_path, environ={})
    assert complaint in str(raised.value)
    assert len(str(raised.value)) < 1000


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(lab: Path) -> None:
    file = lab / "ssolab.toml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    assert sources.load_lab(lab, environ={}).clock == datetime(2027, 1, 4, tzinfo=UTC)


def test_a_lab_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file or folder; name a folder with a ssolab\.toml"):
        sources.load_lab(tmp_path / "nowhere", environ={})
    with pytest.raises(ConfigError, match=r"there is no ssolab\.toml in it"):
        sources.load_lab(tmp_path, environ={})
    with pytest.raises(InputError, match=r"^a\?b: "):
        sources.load_lab("a\0b", environ={})


# ---- the package's data ---------------------------------------------------------------------------------------------


def test_every_profile_is_read_and_stands_in_the_catalog() -> None:
    profiles = sources.load_profiles()
    assert {"entra-idp-request", "adfs-rp", "okta-idp-request", "pingone-ent", "shibboleth-idp-verifier"} <= set(
        profiles
    )
    assert profiles["shibboleth-idp-verifier"].habits.slots is Slots.MANY
    entries = sources.catalog()
    assert [entry.code for entry in entries if entry.kind is Kind.PROFILE] == sorted(profiles)
    assert [entry.code for entry in entries] == sorted(entry.code for entry in entries)
    assert any(entry.kind is Kind.CHECK for entry in entries)


def test_every_profile_file_is_called_as_its_id() -> None:
    folder = Path(sources.__file__).parent / "cutover" / "profiles"
    assert sorted(path.stem for path in folder.glob("*.toml")) == sorted(sources.load_profiles())
