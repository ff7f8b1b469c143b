"""mod_auth_mellon under Apache logs in at our identity provider, through a rollover of the key on either side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from ssolab.core.keys import private_key_pem
from ssolab.saml.metadata import read_entity
from ssolab.saml.names import POST, TRANSIENT
from tests.interop.apache import free_port, open_folder, running_apache
from tests.interop.pair import AMIRA, credential
from tests.interop.programs import needs
from tests.interop.rollover import HOLDS, SIGNERS, STAGES, held, signer
from tests.interop.served import ServedIdP, served_idp, with_keys
from tests.interop.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ssolab.core.keys import SigningCredential
    from ssolab.saml.parties import SignedParts
    from ssolab.web.journal import Entry
    from tests.interop.apache import Apache
    from tests.interop.visitor import Page

pytestmark = needs("apache2", "mod_auth_mellon.so")

LOGGED_IN = f"user {AMIRA.username}\n"
PAGE = """user <!--#echo encoding="none" var="REMOTE_USER" -->
name <!--#echo encoding="none" var="MELLON_NAME_ID" -->
groups <!--#echo encoding="none" var="MELLON_groups_0" -->, <!--#echo encoding="none" var="MELLON_groups_1" -->
"""
PLACES = """
MellonLockFile "{folder}/mellon.lock"
<Location />
    MellonEndpointPath "/mellon"
    MellonSPentityId "{base}/mellon/metadata"
    MellonSPPrivateKeyFile "{folder}/sp-key.pem"
    MellonSPCertFile "{folder}/sp.crt"
    MellonIdPMetadataFile "{folder}/idp.xml"
    MellonSecureCookie Off
    MellonUser "email"
    MellonSignatureMethod rsa-sha256
</Location>
<Location /private>
    AuthType Mellon
    MellonEnable auth
    Require valid-user
</Location>
"""


@dataclass(frozen=True)
class Mellon:
    """The running service provider, and the identity provider that it knows."""

    apache: Apache
    idp: ServedIdP

    def hold(self, *keys: SigningCredential, binding: str | None = None) -> None:
        """Give it the metadata of our identity provider with these keys; it reads the file when Apache does."""
        (self.apache.folder / "idp.xml").write_bytes(self.idp.metadata(*keys, binding=binding))
        self.apache.reload()

    def sign_with(self, key: SigningCredential) -> None:
        """Swap the key that it signs its requests with."""
        keep(self.apache.folder, key)
        self.apache.reload()

    def metadata(self) -> bytes:
        """What it publishes of itself."""
        return Visitor().open(f"{self.apache.base}/mellon/metadata").text.encode()

    def log_in(self, visitor: Visitor | None = None) -> Page:
        """Amira opens the private page, in a browser of its own where none is given."""
        return (visitor or Visitor()).log_in(f"{self.apache.base}/private/page.html", AMIRA.username)


def keep(folder: Path, key: SigningCredential) -> None:
    (folder / "sp-key.pem").write_bytes(private_key_pem(key.private))
    (folder / "sp.crt").write_text(key.certificate.pem, encoding="ascii")


@pytest.fixture(scope="module")
def running() -> Iterator[Mellon]:
    port = free_port()
    with open_folder() as folder, served_idp() as idp:
        (folder / "idp.xml").write_bytes(idp.metadata(credential("idp")))
        keep(folder, credential("sp"))
        with running_apache(
            folder,
            port=port,
            module=("auth_mellon_module", "mod_auth_mellon.so"),
            rest=PLACES.format(folder=folder, base=f"http://127.0.0.1:{port}"),
            pages={"private/page.html": PAGE, "left.html": "logged out"},
        ) as apache:
            yield Mellon(apache, idp)


@pytest.fixture
def mellon(running: Mellon) -> Iterator[Mellon]:
    """Both sides as they begin: each holds the other's old key, and signs with its own."""
    running.idp.sign_with(credential("idp"))
    running.idp.join(running.metadata())
    yield running
    keep(running.apache.folder, credential("sp"))
    running.hold(credential("idp"))


def refused_for(entry: Entry) -> set[str]:
    return {found.code for found in entry.errors}


def test_the_private_page_shows_who_logged_in_under_the_name_that_was_asked_for(mellon: Mellon) -> None:
    page = mellon.log_in()

    assert page.url == f"{mellon.apache.base}/private/page.html"
    assert LOGGED_IN in page.text
    # It asks for a transient name, which is a fresh one each time.
    assert mellon.idp.name_sent.format == TRANSIENT
    assert f"name {mellon.idp.name_sent.value}\n" in page.text
    assert mellon.idp.judged.signature is not None


def test_it_hands_on_an_attribute_as_it_is_escaped_in_the_xml(mellon: Mellon) -> None:
    # Here the peer is wrong: the value is "ops & <dev>", and mod_auth_mellon 0.18 passes the XML that it is written in.
    assert "groups admins, ops &amp; &lt;dev&gt;\n" in mellon.log_in().text


@pytest.mark.parametrize("sign", ["response", "both"])
def test_it_accepts_a_signature_over_the_response(sign: SignedParts, mellon: Mellon) -> None:
    mellon.idp.join(mellon.metadata(), sign=sign)

    assert LOGGED_IN in mellon.log_in().text


@pytest.mark.parametrize("hashed", ["sha384", "sha512"])
def test_it_accepts_longer_hashes(hashed: str, mellon: Mellon) -> None:
    mellon.idp.join(mellon.metadata(), hash=hashed)

    assert LOGGED_IN in mellon.log_in().text


def test_our_identity_provider_accepts_its_request_by_post_with_the_signature_inside(mellon: Mellon) -> None:
    mellon.hold(credential("idp"), binding=POST)

    page = mellon.log_in()

    assert LOGGED_IN in page.text
    assert b"SignatureValue>" in mellon.idp.judged.message
    assert set(mellon.idp.judged.verifiers.values()) == {"accepted"}


def test_it_accepts_another_certificate_over_the_key_that_it_trusts(mellon: Mellon) -> None:
    mellon.idp.sign_with(credential("idp", serial=8))

    assert LOGGED_IN in mellon.log_in().text


@pytest.mark.parametrize("stage", STAGES)
def test_rollover_of_the_key_that_we_sign_responses_with(stage: str, mellon: Mellon) -> None:
    mellon.hold(*held(stage, "idp"))
    for which in SIGNERS:
        mellon.idp.sign_with(signer(which, "idp"))

        page = mellon.log_in()

        assert (LOGGED_IN in page.text) is HOLDS[stage, which], mellon.apache.log()
        assert page.status == (200 if HOLDS[stage, which] else 400)
        assert mellon.idp.judged.accepted
    assert ("Failed to verify signature" in mellon.apache.log()) or stage == "both"


@pytest.mark.parametrize("stage", STAGES)
def test_rollover_of_the_key_that_it_signs_requests_with(stage: str, mellon: Mellon) -> None:
    mellon.idp.join(with_keys(read_entity(mellon.metadata(), "its metadata"), *held(stage, "sp")))
    for which in SIGNERS:
        mellon.sign_with(signer(which, "sp"))

        page = mellon.log_in()

        assert (LOGGED_IN in page.text) is HOLDS[stage, which], page
        assert mellon.idp.judged.accepted is HOLDS[stage, which]
        assert refused_for(mellon.idp.judged) == (set() if HOLDS[stage, which] else {"key-not-trusted"})


def is_logged_out(mellon: Mellon, visitor: Visitor) -> bool:
    return "errand" in visitor.open(f"{mellon.apache.base}/private/page.html").fields


def test_whoever_logs_out_there_is_logged_out_here_too(mellon: Mellon) -> None:
    visitor = Visitor()
    assert LOGGED_IN in mellon.log_in(visitor).text

    page = visitor.open(f"{mellon.apache.base}/mellon/logout?ReturnTo={mellon.apache.base}/left.html")

    assert page.url == f"{mellon.apache.base}/left.html"
    judged = mellon.idp.judged
    assert (judged.event, judged.accepted) == ("logout-request-judged", True), judged.findings
    assert judged.user == mellon.idp.name_sent.value
    assert judged.verifiers["xmlsec"] == "accepted"
    assert is_logged_out(mellon, visitor)


def test_whoever_logs_out_here_is_logged_out_there_too(mellon: Mellon) -> None:
    visitor = Visitor()
    assert LOGGED_IN in mellon.log_in(visitor).text

    page = visitor.open(mellon.idp.way_out)

    judged = mellon.idp.judged
    assert (judged.event, judged.accepted) == ("logout-response-judged", True), judged.findings
    assert page.status == 200
    assert is_logged_out(mellon, visitor)


def test_a_logout_request_by_a_key_that_is_not_held_ends_no_session_at_the_other_side(mellon: Mellon) -> None:
    visitor = Visitor()
    assert LOGGED_IN in mellon.log_in(visitor).text
    mellon.idp.sign_with(credential("new"))
    visitor.open(mellon.idp.way_out)
    assert not is_logged_out(mellon, visitor)

    visitor, theirs = Visitor(), read_entity(mellon.metadata(), "its metadata")
    mellon.idp.sign_with(credential("idp"))
    assert LOGGED_IN in mellon.log_in(visitor).text
    mellon.idp.join(with_keys(theirs, credential("new")))
    visitor.open(f"{mellon.apache.base}/mellon/logout?ReturnTo={mellon.apache.base}/left.html")
    assert not mellon.idp.judged.accepted
    assert {found.code for found in mellon.idp.judged.errors} == {"key-not-trusted"}


@pytest.mark.parametrize("cipher", ["aes128-gcm", "aes256-gcm", "aes256-cbc"])
def test_it_opens_our_encrypted_assertion(cipher: str, mellon: Mellon) -> None:
    mellon.idp.join(mellon.metadata(), encrypts=("assertion",), content_cipher=cipher)

    assert LOGGED_IN in mellon.log_in().text, mellon.apache.log()
