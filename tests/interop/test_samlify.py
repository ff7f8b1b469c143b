"""samlify on both sides: as service provider it takes what we issue, as identity provider we take what it issues."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ssolab.core.keys import private_key_pem
from ssolab.saml.metadata import read_entity, write_entity
from ssolab.saml.names import POST, REDIRECT
from tests.interop.nodes import Refused, needs_package, running_peer
from tests.interop.pair import (
    AMIRA,
    OUR_ACS,
    OUR_SP,
    PEER_ACS,
    PEER_IDP,
    PEER_SP,
    PEER_SSO,
    OurIdP,
    OurSP,
    credential,
    form_on,
    our_idp_metadata,
    our_sp_metadata,
)
from tests.interop.rollover import HOLDS, SIGNERS, STAGES, held, signer
from tests.interop.served import with_encryption, with_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.keys import SigningCredential
    from ssolab.saml.parties import SignedParts
    from ssolab.web.journal import Entry
    from tests.interop.nodes import Object, Peer

pytestmark = needs_package("samlify")

RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


@pytest.fixture(scope="module")
def samlify() -> Iterator[Peer]:
    with running_peer("samlify") as peer:
        yield peer


def keys_of(own: SigningCredential) -> dict[str, Any]:
    return {
        "privateKey": private_key_pem(own.private).decode(),
        "signingCert": own.certificate.pem,
        "requestSignatureAlgorithm": RSA_SHA256,
    }


def peer_sp(samlify: Peer, own: SigningCredential, **wants: Any) -> Object:
    service = {
        "entityID": PEER_SP,
        "authnRequestsSigned": True,
        "wantAssertionsSigned": True,
        "wantMessageSigned": False,
        "assertionConsumerService": [{"Binding": POST, "Location": PEER_ACS}],
    }
    return samlify.make("ServiceProvider", service | keys_of(own) | wants)


def our_idp_as_it_knows_it(samlify: Peer, *keys: SigningCredential) -> Object:
    metadata = with_keys(our_idp_metadata(keys[0], wants_signed=True), *keys)
    return samlify.make("IdentityProvider", {"metadata": write_entity(metadata).decode()})


def metadata_of(peer: Object) -> bytes:
    text: str = peer.call("getMetadata")
    return text.encode()


def log_in(peer: Object, idp: Object, ours: OurIdP) -> dict[str, Any]:
    """A whole login: its request, our judgement, our response, its judgement."""
    request = peer.call("createLoginRequest", idp, "redirect", {"relayState": "/where?from=a&b"})
    action, fields = ours.answer(ours.ask(url=request["context"]))
    assert (action, fields["RelayState"]) == (PEER_ACS, "/where?from=a&b")
    taken: dict[str, Any] = peer.call("parseLoginResponse", idp, "post", {"body": fields})["extract"]
    assert taken["response"]["inResponseTo"] == request["id"]
    return taken


@pytest.mark.parametrize(
    ("sign", "wants"),
    [
        ("assertion", {"wantAssertionsSigned": True, "wantMessageSigned": False}),
        ("response", {"wantAssertionsSigned": False, "wantMessageSigned": True}),
        ("both", {"wantAssertionsSigned": True, "wantMessageSigned": True}),
    ],
)
def test_as_service_provider_it_accepts_our_response_to_its_request_by_redirect(
    sign: SignedParts, wants: dict[str, bool], samlify: Peer
) -> None:
    idp = credential("idp")
    peer = peer_sp(samlify, credential("sp"), **wants)
    ours = OurIdP.for_partner(metadata_of(peer), idp, sign=sign)

    taken = log_in(peer, our_idp_as_it_knows_it(samlify, idp), ours)

    assert taken["nameID"] == AMIRA.username
    assert taken["attributes"] == {"email": AMIRA.username, "groups": ["admins", "ops & <dev>"]}
    judged = ours.lab.journal.entries()[0]
    assert judged.accepted
    assert judged.signature is not None


def test_we_accept_its_request_by_post_with_the_signature_inside(samlify: Peer) -> None:
    idp = credential("idp")
    peer = peer_sp(samlify, credential("sp"))
    ours = OurIdP.for_partner(metadata_of(peer), idp)

    request = peer.call("createLoginRequest", our_idp_as_it_knows_it(samlify, idp), "post")
    ours.answer(ours.ask(fields={"SAMLRequest": request["context"]}))

    judged = ours.lab.journal.entries()[0]
    assert judged.accepted
    assert set(judged.verifiers.values()) == {"accepted"}


@pytest.mark.parametrize("stage", STAGES)
def test_as_service_provider_through_a_rollover_of_our_key(stage: str, samlify: Peer) -> None:
    peer = peer_sp(samlify, credential("sp"))
    idp = our_idp_as_it_knows_it(samlify, *held(stage, "idp"))
    for which in SIGNERS:
        ours = OurIdP.for_partner(metadata_of(peer), signer(which, "idp"))
        if HOLDS[stage, which]:
            assert log_in(peer, idp, ours)["nameID"] == AMIRA.username
        else:
            with pytest.raises(Refused):
                log_in(peer, idp, ours)


def test_as_service_provider_it_refuses_another_certificate_over_the_key_that_it_trusts(samlify: Peer) -> None:
    # Here the peer is wrong: SAML2MetaIOP 2.5.1 trusts the key, and samlify 2.13 compares the text of certificates.
    peer = peer_sp(samlify, credential("sp"))
    ours = OurIdP.for_partner(metadata_of(peer), credential("idp", serial=8))

    with pytest.raises(Refused, match="ERROR_UNMATCH_CERTIFICATE_DECLARATION_IN_METADATA"):
        log_in(peer, our_idp_as_it_knows_it(samlify, credential("idp")), ours)


@pytest.mark.parametrize("stage", STAGES)
def test_as_service_provider_through_a_rollover_of_its_own_key(stage: str, samlify: Peer) -> None:
    idp = credential("idp")
    for which in SIGNERS:
        peer = peer_sp(samlify, signer(which, "sp"))
        theirs = with_keys(read_entity(metadata_of(peer), "its metadata"), *held(stage, "sp"))
        ours = OurIdP.for_partner(write_entity(theirs), idp)

        request = peer.call("createLoginRequest", our_idp_as_it_knows_it(samlify, idp), "redirect")
        ours.ask(url=request["context"])

        assert ours.last.accepted is HOLDS[stage, which]
        assert {found.code for found in ours.last.errors} == (set() if HOLDS[stage, which] else {"key-not-trusted"})


def test_as_service_provider_it_takes_what_was_meant_for_another(samlify: Peer) -> None:
    # Here the peer is wrong: SAML2Core 2.5.1.4 bids it refuse another's audience, and samlify 2.13 leaves that, the
    # Recipient and the Destination to whoever calls it.
    idp = credential("idp")
    peer = peer_sp(samlify, credential("sp"))
    _, fields = OurIdP.for_partner(metadata_of(peer), idp, relying="https://another.example").start()

    taken = peer.call("parseLoginResponse", our_idp_as_it_knows_it(samlify, idp), "post", {"body": fields})["extract"]

    assert taken["audience"] == "https://another.example"
    assert taken["nameID"] == AMIRA.username


# What samlify fills; a user who wants more in a Response than its own template has writes one.
TEMPLATE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="{ID}" Version="2.0" IssueInstant="{Now}" Destination="{Acs}"
 InResponseTo="{InResponseTo}"><saml:Issuer>{Issuer}</saml:Issuer><samlp:Status><samlp:StatusCode
 Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status><saml:Assertion ID="{AssertionID}" Version="2.0"
 IssueInstant="{Now}"><saml:Issuer>{Issuer}</saml:Issuer><saml:Subject><saml:NameID>{Name}</saml:NameID>
 <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 NotOnOrAfter="{End}" Recipient="{Acs}" InResponseTo="{InResponseTo}"/></saml:SubjectConfirmation></saml:Subject>
 <saml:Conditions NotBefore="{Now}" NotOnOrAfter="{End}"><saml:AudienceRestriction><saml:Audience>{Audience}
</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{Now}"
 SessionIndex="{AssertionID}"><saml:AuthnContext><saml:AuthnContextClassRef>{Context}</saml:AuthnContextClassRef>
</saml:AuthnContext></saml:AuthnStatement></saml:Assertion></samlp:Response>""".replace("{Audience}\n", "{Audience}")


def peer_idp(samlify: Peer, own: SigningCredential, **wants: Any) -> Object:
    service = {
        "entityID": PEER_IDP,
        "wantAuthnRequestsSigned": True,
        "singleSignOnService": [{"Binding": each, "Location": PEER_SSO} for each in (REDIRECT, POST)],
        "loginResponseTemplate": {"context": TEMPLATE, "attributes": []},
    }
    return samlify.make("IdentityProvider", service | keys_of(own) | wants)


def our_sp_as_it_knows_it(
    samlify: Peer, *keys: SigningCredential, wants: str = "assertion", opens: SigningCredential | None = None
) -> Object:
    ours = with_keys(our_sp_metadata(keys[0]), *keys)
    if opens is not None:
        ours = with_encryption(ours, opens)
    assert ours.sp is not None
    ours = replace(ours, sp=replace(ours.sp, want_assertions_signed=wants != "response"))
    return samlify.make(
        "ServiceProvider", {"metadata": write_entity(ours).decode(), "wantMessageSigned": wants != "assertion"}
    )


def read_request(peer: Object, sp: Object, ours: OurSP) -> dict[str, Any]:
    """Our service provider asks, and it reads that."""
    query = urlsplit(ours.request().headers["Location"]).query
    fields = {name: values[0] for name, values in parse_qs(query).items()}
    signed, _, _ = query.rpartition("&Signature=")
    read: dict[str, Any] = peer.call("parseLoginRequest", sp, "redirect", {"query": fields, "octetString": signed})
    return read


def issue(peer: Object, sp: Object, read: dict[str, Any], **tags: str) -> dict[str, str]:
    now = datetime.now(UTC)
    filled = {
        "ID": "_response",
        "AssertionID": "_assertion",
        "Issuer": PEER_IDP,
        "Audience": OUR_SP,
        "Acs": OUR_ACS,
        "Now": f"{now:%FT%TZ}",
        "End": f"{now + timedelta(minutes=5):%FT%TZ}",
        "InResponseTo": read["extract"]["request"]["id"],
        "Name": AMIRA.username,
        "Context": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    }
    made = peer.call("createLoginResponse", sp, read, "post", {}, {"fill": filled | tags})
    return {"SAMLResponse": made["context"]}


def name_in(entry: Entry) -> str:
    assert entry.accepted, [found.message for found in entry.findings]
    assert entry.principal is not None
    return entry.principal.name_id


@pytest.mark.parametrize("wants", ["assertion", "response", "both"])
def test_our_service_provider_accepts_what_it_issues_and_all_verifiers_agree(wants: str, samlify: Peer) -> None:
    peer = peer_idp(samlify, credential("idp"))
    ours = OurSP.for_partner(metadata_of(peer), credential("sp"))
    sp = our_sp_as_it_knows_it(samlify, credential("sp"), wants=wants)

    entry = ours.consume(issue(peer, sp, read_request(peer, sp, ours)))

    assert name_in(entry) == AMIRA.username
    assert set(entry.verifiers.values()) == {"accepted"}
    assert set(entry.verifiers) >= {"ssolab", "signxml", "xmlsec"}


def test_it_accepts_the_signed_request_of_our_service_provider_by_post(samlify: Peer) -> None:
    peer = peer_idp(samlify, credential("idp"))
    ours = OurSP.for_partner(metadata_of(peer), credential("sp"), binding=POST)

    _, fields = form_on(ours.request().get_data(as_text=True))
    sp = our_sp_as_it_knows_it(samlify, credential("sp"))
    read = peer.call("parseLoginRequest", sp, "post", {"body": fields})["extract"]

    assert read["issuer"] == OUR_SP
    assert read["request"]["assertionConsumerServiceUrl"] == OUR_ACS


def test_a_response_by_its_own_template_is_refused_since_nobody_authenticated(samlify: Peer) -> None:
    # Here the peer is wrong: SAML2Prof 4.1.4.2 asks for an AuthnStatement, and samlify's own template leaves none.
    settings = {
        "entityID": PEER_IDP,
        "wantAuthnRequestsSigned": True,
        "singleSignOnService": [{"Binding": REDIRECT, "Location": PEER_SSO}],
    }
    peer = samlify.make("IdentityProvider", settings | keys_of(credential("idp")))
    ours = OurSP.for_partner(metadata_of(peer), credential("sp"))
    sp = our_sp_as_it_knows_it(samlify, credential("sp"))
    read = read_request(peer, sp, ours)

    made = peer.call("createLoginResponse", sp, read, "post", {"email": AMIRA.username})
    entry = ours.consume({"SAMLResponse": made["context"]})

    assert not entry.accepted
    assert {found.code for found in entry.errors} == {"authn-statement-missing"}


@pytest.mark.parametrize("stage", STAGES)
def test_as_identity_provider_through_a_rollover_of_its_key(stage: str, samlify: Peer) -> None:
    theirs = with_keys(read_entity(metadata_of(peer_idp(samlify, credential("idp"))), "its"), *held(stage, "idp"))
    sp = our_sp_as_it_knows_it(samlify, credential("sp"))
    for which in SIGNERS:
        peer = peer_idp(samlify, signer(which, "idp"))
        ours = OurSP.for_partner(write_entity(theirs), credential("sp"))

        entry = ours.consume(issue(peer, sp, read_request(peer, sp, ours)))

        assert entry.accepted is HOLDS[stage, which]
        assert ("key-not-trusted" in {found.code for found in entry.errors}) is not HOLDS[stage, which]


@pytest.mark.parametrize("stage", STAGES)
def test_as_identity_provider_through_a_rollover_of_our_key(stage: str, samlify: Peer) -> None:
    peer = peer_idp(samlify, credential("idp"))
    sp = our_sp_as_it_knows_it(samlify, *held(stage, "sp"))
    for which in SIGNERS:
        ours = OurSP.for_partner(metadata_of(peer), signer(which, "sp"))
        if stage == "both":
            # Here the peer is wrong: with two keys in the metadata samlify 2.13 verifies no redirected message at all.
            with pytest.raises(Refused, match="no start line"):
                read_request(peer, sp, ours)
        elif HOLDS[stage, which]:
            assert read_request(peer, sp, ours)["extract"]["issuer"] == OUR_SP
        else:
            with pytest.raises(Refused, match="ERR_FAILED_MESSAGE_SIGNATURE_VERIFICATION"):
                read_request(peer, sp, ours)


@pytest.mark.parametrize("stage", STAGES)
def test_as_identity_provider_through_a_rollover_of_our_key_with_requests_by_post(stage: str, samlify: Peer) -> None:
    peer = peer_idp(samlify, credential("idp"))
    sp = our_sp_as_it_knows_it(samlify, *held(stage, "sp"))
    for which in SIGNERS:
        ours = OurSP.for_partner(metadata_of(peer), signer(which, "sp"), binding=POST)
        _, fields = form_on(ours.request().get_data(as_text=True))
        if HOLDS[stage, which]:
            assert peer.call("parseLoginRequest", sp, "post", {"body": fields})["extract"]["issuer"] == OUR_SP
        else:
            with pytest.raises(Refused):
                peer.call("parseLoginRequest", sp, "post", {"body": fields})
