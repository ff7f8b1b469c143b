"""@node-saml/node-saml as service provider accepts what our identity provider issues, and we accept its requests."""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.core.keys import private_key_pem
from ssolab.saml.metadata import read_entity, write_entity
from tests.interop.nodes import Refused, needs_package, running_peer
from tests.interop.pair import AMIRA, OUR_IDP, OUR_SSO, PEER_ACS, PEER_SP, OurIdP, credential, form_on
from tests.interop.rollover import HOLDS, SIGNERS, STAGES, held, signer
from tests.interop.served import with_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.keys import SigningCredential
    from ssolab.saml.parties import SignedParts
    from tests.interop.nodes import Object, Peer

pytestmark = needs_package("@node-saml/node-saml")

WHERE = "/where?from=a&b"


@pytest.fixture(scope="module")
def node_saml() -> Iterator[Peer]:
    with running_peer("@node-saml/node-saml") as peer:
        yield peer


def peer_sp(node_saml: Peer, own: SigningCredential, *trusted: SigningCredential, **options: Any) -> Object:
    """Set the peer up; it reads no metadata, but takes certificates, here those that our metadata holds."""
    settings = {
        "issuer": PEER_SP,
        "callbackUrl": PEER_ACS,
        "entryPoint": OUR_SSO,
        "idpIssuer": OUR_IDP,
        "idpCert": [each.certificate.pem for each in trusted],
        "privateKey": private_key_pem(own.private).decode(),
        "publicCert": own.certificate.pem,
        "signatureAlgorithm": "sha256",
        "digestAlgorithm": "sha256",
        "wantAssertionsSigned": True,
        "wantAuthnResponseSigned": False,
        "validateInResponseTo": "always",
    }
    return node_saml.make("SAML", settings | options)


def metadata_of(peer: Object, own: SigningCredential, opens: SigningCredential | None = None) -> bytes:
    encryption = None if opens is None else opens.certificate.pem
    text: str = peer.call("generateServiceProviderMetadata", encryption, own.certificate.pem)
    return text.encode()


def log_in(peer: Object, ours: OurIdP) -> dict[str, Any]:
    """A whole login: its request, our judgement, our response, its judgement."""
    action, fields = ours.answer(ours.ask(url=peer.call("getAuthorizeUrlAsync", WHERE, None, {})))
    assert (action, fields["RelayState"]) == (PEER_ACS, WHERE)
    taken: dict[str, Any] = peer.call("validatePostResponseAsync", fields)["profile"]
    return taken


@pytest.mark.parametrize(
    ("sign", "wants"),
    [
        ("assertion", {"wantAssertionsSigned": True, "wantAuthnResponseSigned": False}),
        ("response", {"wantAssertionsSigned": False, "wantAuthnResponseSigned": True}),
        ("both", {"wantAssertionsSigned": True, "wantAuthnResponseSigned": True}),
    ],
)
def test_a_login_at_our_identity_provider_is_accepted_with_name_and_attributes(
    sign: SignedParts, wants: dict[str, bool], node_saml: Peer
) -> None:
    own, idp = credential("sp"), credential("idp")
    peer = peer_sp(node_saml, own, idp, **wants)
    ours = OurIdP.for_partner(metadata_of(peer, own), idp, sign=sign)

    taken = log_in(peer, ours)

    assert (taken["nameID"], taken["issuer"]) == (AMIRA.username, OUR_IDP)
    assert taken["attributes"] == {"email": AMIRA.username, "groups": ["admins", "ops & <dev>"]}
    judged = ours.lab.journal.entries()[0]
    assert judged.accepted
    assert judged.signature is not None


def test_we_accept_its_request_by_post_with_the_signature_inside(node_saml: Peer) -> None:
    own, idp = credential("sp"), credential("idp")
    peer = peer_sp(node_saml, own, idp, authnRequestBinding="HTTP-POST", skipRequestCompression=True)
    ours = OurIdP.for_partner(metadata_of(peer, own), idp)

    action, asked = form_on(peer.call("getAuthorizeFormAsync", WHERE))
    _, fields = ours.answer(ours.ask(fields=asked))

    assert action == OUR_SSO
    judged = ours.lab.journal.entries()[0]
    assert judged.accepted
    assert set(judged.verifiers.values()) == {"accepted"}
    assert peer.call("validatePostResponseAsync", fields)["profile"]["nameID"] == AMIRA.username


def test_a_request_by_post_is_refused_while_it_is_deflated(node_saml: Peer) -> None:
    # Here the peer is wrong: SAML2Bind 3.5.4 posts the XML in base64 alone, and node-saml 5.1 deflates it by default.
    own, idp = credential("sp"), credential("idp")
    peer = peer_sp(node_saml, own, idp, authnRequestBinding="HTTP-POST")
    _, asked = form_on(peer.call("getAuthorizeFormAsync", WHERE))

    answer = OurIdP.for_partner(metadata_of(peer, own), idp).ask(fields=asked)

    assert zlib.decompress(base64.b64decode(asked["SAMLRequest"]), -zlib.MAX_WBITS).startswith(b"<?xml")
    assert answer.status_code == 400
    assert "This is no AuthnRequest" in answer.get_data(as_text=True)


def test_a_response_that_nobody_asked_for_or_that_is_for_another_is_refused(node_saml: Peer) -> None:
    own, idp = credential("sp"), credential("idp")
    peer = peer_sp(node_saml, own, idp)
    _, unsolicited = OurIdP.for_partner(metadata_of(peer, own), idp).start()
    lax = peer_sp(node_saml, own, idp, validateInResponseTo="never")
    _, for_another = OurIdP.for_partner(metadata_of(peer, own), idp, relying="https://another.example").start()

    with pytest.raises(Refused, match="InResponseTo"):
        peer.call("validatePostResponseAsync", unsolicited)
    assert lax.call("validatePostResponseAsync", unsolicited)["profile"]["nameID"] == AMIRA.username
    with pytest.raises(Refused, match="audience"):
        lax.call("validatePostResponseAsync", for_another)


def test_another_certificate_over_the_key_that_it_trusts_is_accepted(node_saml: Peer) -> None:
    own = credential("sp")
    peer = peer_sp(node_saml, own, credential("idp"))

    assert log_in(peer, OurIdP.for_partner(metadata_of(peer, own), credential("idp", serial=8)))["nameID"]


@pytest.mark.parametrize("stage", STAGES)
def test_rollover_of_the_key_that_we_sign_responses_with(stage: str, node_saml: Peer) -> None:
    own = credential("sp")
    for which in SIGNERS:
        peer = peer_sp(node_saml, own, *held(stage, "idp"))
        ours = OurIdP.for_partner(metadata_of(peer, own), signer(which, "idp"))
        if HOLDS[stage, which]:
            assert log_in(peer, ours)["nameID"] == AMIRA.username
        else:
            with pytest.raises(Refused, match="Invalid signature"):
                log_in(peer, ours)


@pytest.mark.parametrize("stage", STAGES)
def test_rollover_of_the_key_that_it_signs_requests_with(stage: str, node_saml: Peer) -> None:
    idp = credential("idp")
    for which in SIGNERS:
        own = signer(which, "sp")
        peer = peer_sp(node_saml, own, idp)
        theirs = with_keys(read_entity(metadata_of(peer, own), "its metadata"), *held(stage, "sp"))
        ours = OurIdP.for_partner(write_entity(theirs), idp)

        ours.ask(url=peer.call("getAuthorizeUrlAsync", WHERE, None, {}))

        assert ours.last.accepted is HOLDS[stage, which]
        assert {found.code for found in ours.last.errors} == (set() if HOLDS[stage, which] else {"key-not-trusted"})
