"""python3-saml as service provider accepts what our identity provider issues, and we accept its requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from ssolab.saml.metadata import read_entity, write_entity
from tests.interop.pair import AMIRA, PEER_ACS, PEER_SP, OurIdP, credential, our_idp_metadata
from tests.interop.rollover import HOLDS, SIGNERS, STAGES, held, signer
from tests.interop.served import with_keys
from tests.keys import ec_test_key

if TYPE_CHECKING:
    from ssolab.core.keys import SigningCredential
    from ssolab.saml.parties import SignedParts

# python3-saml 1.16 asks datetime.utcnow() for the time, which Python 3.12 and later warn about.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning:onelogin")

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


def pem_of(key: SigningCredential) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def settings(own: SigningCredential, *idp: SigningCredential, **security: Any) -> OneLogin_Saml2_Settings:
    """Set the peer up from our metadata, as its own parser reads it; strict, as its manual tells users to be."""
    metadata = write_entity(with_keys(our_idp_metadata(idp[0], wants_signed=True), *idp)).decode()
    read = OneLogin_Saml2_IdPMetadataParser.parse(metadata)
    sp = {
        "entityId": PEER_SP,
        "assertionConsumerService": {"url": PEER_ACS},
        "x509cert": own.certificate.base64,
        "privateKey": pem_of(own),
    }
    wanted = {"authnRequestsSigned": True, "signatureAlgorithm": RSA_SHA256, "digestAlgorithm": SHA256} | security
    read = OneLogin_Saml2_IdPMetadataParser.merge_settings(read, {"strict": True, "sp": sp, "security": wanted})
    return OneLogin_Saml2_Settings(read)


def peer(set_up: OneLogin_Saml2_Settings, fields: dict[str, str] | None = None) -> OneLogin_Saml2_Auth:
    where = urlsplit(PEER_ACS)
    data = {"https": "on", "http_host": where.netloc, "script_name": where.path, "post_data": fields or {}}
    return OneLogin_Saml2_Auth(data, set_up)


def login(set_up: OneLogin_Saml2_Settings, ours: OurIdP) -> OneLogin_Saml2_Auth:
    """A whole login: its request, our judgement, our response, its judgement."""
    asking = peer(set_up)
    action, fields = ours.answer(ours.ask(url=asking.login(return_to="/where?from=a&b=c")))
    assert action == PEER_ACS
    assert fields["RelayState"] == "/where?from=a&b=c"
    taking = peer(set_up, fields)
    taking.process_response(request_id=asking.get_last_request_id())
    return taking


@pytest.mark.parametrize(
    ("sign", "wants"),
    [
        ("assertion", {"wantAssertionsSigned": True}),
        ("response", {"wantMessagesSigned": True}),
        ("both", {"wantAssertionsSigned": True, "wantMessagesSigned": True}),
    ],
)
def test_a_login_at_our_identity_provider_is_accepted_with_name_and_attributes(
    sign: SignedParts, wants: dict[str, bool]
) -> None:
    own, idp = credential("sp"), credential("idp")
    set_up = settings(own, idp, **wants)

    done = login(set_up, OurIdP.for_partner(set_up.get_sp_metadata(), idp, sign=sign))

    assert done.get_errors() == [], done.get_last_error_reason()
    assert done.is_authenticated()
    assert done.get_nameid() == AMIRA.username
    assert done.get_attributes() == {name: list(values) for name, values in AMIRA.attributes.items()}


def test_an_unsolicited_response_is_accepted() -> None:
    own, idp = credential("sp"), credential("idp")
    set_up = settings(own, idp)
    _, fields = OurIdP.for_partner(set_up.get_sp_metadata(), idp).start()

    done = peer(set_up, fields)
    done.process_response()

    assert done.is_authenticated(), done.get_last_error_reason()


@pytest.mark.parametrize("hashed", ["sha384", "sha512"])
def test_longer_hashes_are_accepted(hashed: str) -> None:
    own, idp = credential("sp"), credential("idp")
    set_up = settings(own, idp)

    done = login(set_up, OurIdP.for_partner(set_up.get_sp_metadata(), idp, hash=hashed))

    assert done.is_authenticated(), done.get_last_error_reason()


def test_an_elliptic_signature_of_ours_is_accepted() -> None:
    own, idp = credential("sp"), credential("p256", ec_test_key("p256"))
    set_up = settings(own, idp)

    done = login(set_up, OurIdP.for_partner(set_up.get_sp_metadata(), idp))

    assert done.is_authenticated(), done.get_last_error_reason()


def test_after_a_swap_that_the_peer_did_not_hear_of_both_refuse_for_the_key() -> None:
    own, idp = credential("sp"), credential("idp")
    set_up = settings(own, idp)
    swapped = OurIdP.for_partner(set_up.get_sp_metadata(), credential("new"))

    done = login(set_up, swapped)

    assert not done.is_authenticated()
    assert "Signature validation failed" in str(done.get_last_error_reason())


def test_our_identity_provider_refuses_its_request_once_it_signs_with_another_key() -> None:
    own, idp = credential("sp"), credential("idp")
    ours = OurIdP.for_partner(settings(own, idp).get_sp_metadata(), idp)

    answer = ours.ask(url=peer(settings(credential("other"), idp)).login())

    assert answer.status_code == 403
    assert "key-not-trusted" in {found.code for found in ours.last.errors}


@pytest.mark.parametrize("stage", STAGES)
def test_rollover_of_the_key_that_we_sign_responses_with(stage: str) -> None:
    set_up = settings(credential("sp"), *held(stage, "idp"))
    for which in SIGNERS:
        done = login(set_up, OurIdP.for_partner(set_up.get_sp_metadata(), signer(which, "idp")))

        assert done.is_authenticated() is HOLDS[stage, which], done.get_last_error_reason()
        assert ("Signature validation failed" in str(done.get_last_error_reason())) is not HOLDS[stage, which]


@pytest.mark.parametrize("stage", STAGES)
def test_rollover_of_the_key_that_it_signs_requests_with(stage: str) -> None:
    idp = credential("idp")
    for which in SIGNERS:
        set_up = settings(signer(which, "sp"), idp)
        theirs = with_keys(read_entity(set_up.get_sp_metadata(), "its metadata"), *held(stage, "sp"))
        ours = OurIdP.for_partner(write_entity(theirs), idp)

        ours.ask(url=peer(set_up).login())

        assert ours.last.accepted is HOLDS[stage, which]
        assert {found.code for found in ours.last.errors} == (set() if HOLDS[stage, which] else {"key-not-trusted"})
