"""mod_shib and its daemon log in at our identity provider, through a rollover of the key on either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssolab.core.xmlenc import DecryptionKey
from ssolab.saml.metadata import read_entity
from ssolab.saml.names import POST
from tests.interop.apache import open_folder
from tests.interop.pair import AMIRA, credential
from tests.interop.programs import needs
from tests.interop.rollover import HOLDS, SIGNERS, STAGES, held, signer
from tests.interop.served import served_idp, with_keys
from tests.interop.shibboleth import running_shibboleth
from tests.interop.visitor import Visitor
from tests.keys import ec_test_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.saml.parties import SignedParts
    from tests.interop.shibboleth import Shibboleth

pytestmark = needs("apache2", "mod_shib.so", "shibd")

LOGGED_IN = f"user {AMIRA.username}\n"


@pytest.fixture(scope="module")
def running() -> Iterator[Shibboleth]:
    with open_folder() as folder, served_idp() as idp, running_shibboleth(folder, idp) as shibboleth:
        yield shibboleth


@pytest.fixture
def shibboleth(running: Shibboleth) -> Shibboleth:
    """Both sides as they begin: each holds the other's old key, and signs with its own."""
    running.sign_with(credential("sp"))
    running.idp.sign_with(credential("idp"))
    running.idp.join(running.metadata())
    running.hold(credential("idp"))
    return running


def test_the_private_page_shows_who_logged_in_and_the_attributes(shibboleth: Shibboleth) -> None:
    page = shibboleth.log_in()

    assert page.url == f"{shibboleth.apache.base}/private/page.html"
    assert page.text == f"user {AMIRA.username}\nname {AMIRA.username}\ngroups admins;ops & <dev>\n"
    assert shibboleth.idp.judged.signature is not None


@pytest.mark.parametrize("sign", ["response", "both"])
def test_it_accepts_a_signature_over_the_response(sign: SignedParts, shibboleth: Shibboleth) -> None:
    shibboleth.idp.join(shibboleth.metadata(), sign=sign)

    assert LOGGED_IN in shibboleth.log_in().text


@pytest.mark.parametrize("hashed", ["sha384", "sha512"])
def test_it_accepts_longer_hashes(hashed: str, shibboleth: Shibboleth) -> None:
    shibboleth.idp.join(shibboleth.metadata(), hash=hashed)

    assert LOGGED_IN in shibboleth.log_in().text


def test_it_accepts_an_elliptic_signature(shibboleth: Shibboleth) -> None:
    elliptic = credential("p256", ec_test_key("p256"))
    shibboleth.hold(elliptic)
    shibboleth.idp.sign_with(elliptic)

    assert LOGGED_IN in shibboleth.log_in().text


def test_our_identity_provider_accepts_its_request_by_post_with_the_signature_inside(shibboleth: Shibboleth) -> None:
    shibboleth.hold(credential("idp"), binding=POST)

    assert LOGGED_IN in shibboleth.log_in().text
    assert b"SignatureValue>" in shibboleth.idp.judged.message
    assert set(shibboleth.idp.judged.verifiers.values()) == {"accepted"}


def test_it_accepts_another_certificate_over_the_key_that_it_trusts(shibboleth: Shibboleth) -> None:
    shibboleth.idp.sign_with(credential("idp", serial=8))

    assert LOGGED_IN in shibboleth.log_in().text


@pytest.mark.parametrize("stage", STAGES)
def test_rollover_of_the_key_that_we_sign_responses_with(stage: str, shibboleth: Shibboleth) -> None:
    shibboleth.hold(*held(stage, "idp"))
    for which in SIGNERS:
        shibboleth.idp.sign_with(signer(which, "idp"))

        page = shibboleth.log_in()

        assert (LOGGED_IN in page.text) is HOLDS[stage, which], shibboleth.log()
        assert ("signature could not be verified" in page.text) is not HOLDS[stage, which]
        assert shibboleth.idp.judged.accepted


@pytest.mark.parametrize("stage", STAGES)
def test_rollover_of_the_key_that_it_signs_requests_with(stage: str, shibboleth: Shibboleth) -> None:
    shibboleth.idp.join(with_keys(read_entity(shibboleth.metadata(), "its metadata"), *held(stage, "sp")))
    for which in SIGNERS:
        shibboleth.sign_with(signer(which, "sp"))

        page = shibboleth.log_in()

        judged = shibboleth.idp.judged
        assert (LOGGED_IN in page.text) is HOLDS[stage, which], page
        assert judged.accepted is HOLDS[stage, which]
        assert {found.code for found in judged.errors} == (set() if HOLDS[stage, which] else {"key-not-trusted"})


def is_logged_out(shibboleth: Shibboleth, visitor: Visitor) -> bool:
    return "errand" in visitor.open(f"{shibboleth.apache.base}/private/page.html").fields


def test_whoever_logs_out_there_is_logged_out_here_too(shibboleth: Shibboleth) -> None:
    visitor = Visitor()
    assert LOGGED_IN in shibboleth.log_in(visitor).text

    page = visitor.open(f"{shibboleth.apache.base}/Shibboleth.sso/Logout?return={shibboleth.apache.base}/left.html")

    judged = shibboleth.idp.judged
    assert (judged.event, judged.accepted) == ("logout-request-judged", True), judged.findings
    assert judged.user == AMIRA.username
    assert judged.verifiers["xmlsec"] == "accepted"
    assert page.url == f"{shibboleth.apache.base}/left.html"
    assert is_logged_out(shibboleth, visitor)


def test_whoever_logs_out_here_is_logged_out_there_too(shibboleth: Shibboleth) -> None:
    visitor = Visitor()
    assert LOGGED_IN in shibboleth.log_in(visitor).text

    page = visitor.open(shibboleth.idp.way_out)

    judged = shibboleth.idp.judged
    assert (judged.event, judged.accepted) == ("logout-response-judged", True), judged.findings
    assert page.status == 200
    assert is_logged_out(shibboleth, visitor)


def test_our_identity_provider_opens_the_name_that_it_hides_where_we_publish_a_key(shibboleth: Shibboleth) -> None:
    opening = credential("new")
    shibboleth.idp.join(shibboleth.metadata(), decryption=(DecryptionKey.from_credential(opening),))
    shibboleth.hold(credential("idp"))
    visitor = Visitor()
    assert LOGGED_IN in shibboleth.log_in(visitor).text

    visitor.open(f"{shibboleth.apache.base}/Shibboleth.sso/Logout?return={shibboleth.apache.base}/left.html")

    judged = shibboleth.idp.judged
    assert (judged.event, judged.accepted) == ("logout-request-judged", True), judged.findings
    assert b"EncryptedID" in judged.message
    assert [facts.key for facts in judged.decryption] == [opening.public.sha256]
    assert judged.user == AMIRA.username
    assert is_logged_out(shibboleth, visitor)


def test_it_opens_the_name_that_our_logout_hides(shibboleth: Shibboleth) -> None:
    shibboleth.idp.join(shibboleth.metadata(), encrypts=("name-id",))
    visitor = Visitor()
    shibboleth.log_in(visitor)

    visitor.open(shibboleth.idp.way_out)

    judged = shibboleth.idp.judged
    assert (judged.event, judged.accepted) == ("logout-response-judged", True), judged.findings
    assert is_logged_out(shibboleth, visitor)


def test_a_logout_request_by_a_key_that_is_not_held_ends_no_session_at_the_other_side(shibboleth: Shibboleth) -> None:
    visitor = Visitor()
    assert LOGGED_IN in shibboleth.log_in(visitor).text
    shibboleth.idp.sign_with(credential("new"))
    visitor.open(shibboleth.idp.way_out)
    assert not is_logged_out(shibboleth, visitor)

    visitor, theirs = Visitor(), read_entity(shibboleth.metadata(), "its metadata")
    shibboleth.idp.sign_with(credential("idp"))
    assert LOGGED_IN in shibboleth.log_in(visitor).text
    shibboleth.idp.join(with_keys(theirs, credential("new")))
    visitor.open(f"{shibboleth.apache.base}/Shibboleth.sso/Logout?return={shibboleth.apache.base}/left.html")
    assert not shibboleth.idp.judged.accepted
    assert {found.code for found in shibboleth.idp.judged.errors} == {"key-not-trusted"}


@pytest.mark.parametrize("cipher", ["aes128-gcm", "aes256-gcm", "aes256-cbc"])
def test_it_opens_our_encrypted_assertion(cipher: str, shibboleth: Shibboleth) -> None:
    shibboleth.idp.join(shibboleth.metadata(), encrypts=("assertion",), content_cipher=cipher)

    assert LOGGED_IN in shibboleth.log_in().text, shibboleth.log()


def test_it_opens_our_encrypted_name_and_refuses_a_statement_of_encrypted_attributes_alone(
    shibboleth: Shibboleth,
) -> None:
    shibboleth.idp.join(shibboleth.metadata(), encrypts=("name-id",))
    assert f"name {AMIRA.username}\n" in shibboleth.log_in().text

    # Here the peer is wrong: SAML2Core 2.7.3 allows either kind, and OpenSAML 3.2 wants one that is not encrypted.
    shibboleth.idp.join(shibboleth.metadata(), encrypts=("attributes",))
    assert "AttributeStatement must have at least one Attribute" in shibboleth.log_in().text
