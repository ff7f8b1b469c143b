"""pysaml2 on both sides: as service provider it takes what we issue, as identity provider we take what it issues."""

from __future__ import annotations

import base64
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.utils import CryptographyDeprecationWarning
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import IdPConfig, SPConfig
from saml2.metadata import entity_descriptor
from saml2.response import IncorrectlySigned
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NameID
from saml2.sigver import SignatureError
from saml2.xmldsig import DIGEST_SHA1, DIGEST_SHA256, SIG_RSA_SHA1, SIG_RSA_SHA256, SIG_RSA_SHA512

from ssolab.core.keys import Permission
from ssolab.saml.metadata import read_entity, write_entity
from tests.interop.pair import (
    AMIRA,
    OUR_ACS,
    OUR_IDP,
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
from tests.interop.programs import needs
from tests.interop.rollover import HOLDS, SIGNERS, STAGES, held, signer
from tests.interop.served import with_encryption, with_keys

with warnings.catch_warnings():
    # pysaml2 takes the CFB mode from where cryptography no longer wants it to be.
    warnings.simplefilter("ignore", CryptographyDeprecationWarning)
    from saml2.server import Server

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.core.keys import SigningCredential
    from ssolab.saml.parties import SignedParts
    from ssolab.web.journal import Entry

pytestmark = needs("xmlsec1")

PASSWORD_LOGIN = {
    "class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
    "authn_auth": PEER_IDP,
}


def files_of(own: SigningCredential, folder: Path) -> dict[str, Any]:
    """What every configuration of pysaml2 begins with: the key pair as files."""
    key, certificate = folder / f"{own.label}.pem", folder / f"{own.label}.crt"
    form = serialization.PrivateFormat.PKCS8
    key.write_bytes(own.private.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    certificate.write_text(own.certificate.pem)
    return {"key_file": str(key), "cert_file": str(certificate), "allow_unknown_attributes": True}


def peer_sp(
    folder: Path, *idp: SigningCredential, own_key: SigningCredential | None = None, **wants: Any
) -> tuple[Saml2Client, bytes]:
    """pysaml2 as service provider that read our identity provider's metadata with these keys, and its own metadata."""
    service = {
        "endpoints": {"assertion_consumer_service": [(PEER_ACS, BINDING_HTTP_POST)]},
        "authn_requests_signed": True,
        "allow_unsolicited": False,
        "want_response_signed": False,
        "want_assertions_signed": True,
    }
    files = files_of(own_key or credential("sp"), folder)
    config = files | {"entityid": PEER_SP, "service": {"sp": service | wants}, "encryption_keypairs": [files]}
    own = str(entity_descriptor(SPConfig().load(dict(config)))).encode()
    ours = write_entity(with_keys(our_idp_metadata(idp[0], wants_signed=True), *idp)).decode()
    return Saml2Client(SPConfig().load(config | {"metadata": {"inline": [ours]}})), own


def take(peer: Saml2Client, fields: dict[str, str], request_id: str) -> Any:
    return peer.parse_authn_request_response(
        fields["SAMLResponse"], BINDING_HTTP_POST, outstanding={request_id: fields.get("RelayState", "")}
    )


@pytest.mark.parametrize(
    ("sign", "wants"),
    [
        ("assertion", {"want_assertions_signed": True, "want_response_signed": False}),
        ("response", {"want_assertions_signed": False, "want_response_signed": True}),
        ("both", {"want_assertions_signed": True, "want_response_signed": True}),
    ],
)
def test_as_service_provider_it_accepts_our_response_to_its_request_by_redirect(
    sign: SignedParts, wants: dict[str, Any], tmp_path: Path
) -> None:
    idp = credential("idp")
    peer, metadata = peer_sp(tmp_path, idp, **wants)
    ours = OurIdP.for_partner(metadata, idp, sign=sign)

    request_id, sent = peer.prepare_for_authenticate(
        entityid=OUR_IDP, relay_state="/where?from=a&b", binding=BINDING_HTTP_REDIRECT, sign=True, sigalg=SIG_RSA_SHA256
    )
    action, fields = ours.answer(ours.ask(url=dict(sent["headers"])["Location"]))
    taken = take(peer, fields, request_id)

    assert (action, fields["RelayState"]) == (PEER_ACS, "/where?from=a&b")
    assert taken.name_id.text == AMIRA.username
    assert taken.issuer() == OUR_IDP
    assert taken.ava == {name: list(values) for name, values in AMIRA.attributes.items()}
    assert ours.lab.journal.entries()[0].accepted
    assert ours.lab.journal.entries()[0].signature is not None


def test_we_accept_its_request_by_post_with_the_signature_inside(tmp_path: Path) -> None:
    idp = credential("idp")
    peer, metadata = peer_sp(tmp_path, idp)
    ours = OurIdP.for_partner(metadata, idp)

    request_id, sent = peer.prepare_for_authenticate(
        entityid=OUR_IDP, binding=BINDING_HTTP_POST, sign=True, sigalg=SIG_RSA_SHA512, digest_alg=DIGEST_SHA256
    )
    _, fields = ours.answer(ours.ask(fields=form_on(sent["data"])[1]))

    signature = ours.lab.journal.entries()[0].signature
    assert signature is not None
    assert signature.algorithm == "rsa-sha512"
    assert take(peer, fields, request_id).name_id.text == AMIRA.username


def test_we_refuse_its_unsigned_request_and_it_refuses_a_response_by_an_unknown_key(tmp_path: Path) -> None:
    idp = credential("idp")
    peer, metadata = peer_sp(tmp_path, idp)
    ours = OurIdP.for_partner(metadata, credential("new"))

    _, unsigned = peer.prepare_for_authenticate(entityid=OUR_IDP, binding=BINDING_HTTP_REDIRECT, sign=False)
    assert ours.ask(url=dict(unsigned["headers"])["Location"]).status_code == 403
    assert {found.code for found in ours.last.errors} == {"signature-missing"}

    request_id, sent = peer.prepare_for_authenticate(
        entityid=OUR_IDP, binding=BINDING_HTTP_REDIRECT, sign=True, sigalg=SIG_RSA_SHA256
    )
    _, fields = ours.answer(ours.ask(url=dict(sent["headers"])["Location"]))
    with pytest.raises(SignatureError):
        take(peer, fields, request_id)


@pytest.mark.parametrize("stage", STAGES)
def test_as_service_provider_through_a_rollover_of_our_key(stage: str, tmp_path: Path) -> None:
    peer, metadata = peer_sp(tmp_path, *held(stage, "idp"))
    for which in SIGNERS:
        request_id, sent = peer.prepare_for_authenticate(
            entityid=OUR_IDP, binding=BINDING_HTTP_REDIRECT, sign=True, sigalg=SIG_RSA_SHA256
        )
        ours = OurIdP.for_partner(metadata, signer(which, "idp"))
        _, fields = ours.answer(ours.ask(url=dict(sent["headers"])["Location"]))
        if HOLDS[stage, which]:
            assert take(peer, fields, request_id).name_id.text == AMIRA.username
        else:
            with pytest.raises(SignatureError):
                take(peer, fields, request_id)


@pytest.mark.parametrize("stage", STAGES)
def test_as_service_provider_through_a_rollover_of_its_own_key(stage: str, tmp_path: Path) -> None:
    idp = credential("idp")
    for which in SIGNERS:
        peer, metadata = peer_sp(tmp_path, idp, own_key=signer(which, "sp"))
        theirs = with_keys(read_entity(metadata, "its metadata"), *held(stage, "sp"))
        ours = OurIdP.for_partner(write_entity(theirs), idp)

        _, sent = peer.prepare_for_authenticate(
            entityid=OUR_IDP, binding=BINDING_HTTP_REDIRECT, sign=True, sigalg=SIG_RSA_SHA256
        )
        ours.ask(url=dict(sent["headers"])["Location"])

        assert ours.last.accepted is HOLDS[stage, which]
        assert {found.code for found in ours.last.errors} == (set() if HOLDS[stage, which] else {"key-not-trusted"})


def peer_idp(
    folder: Path, own: SigningCredential, *sp: SigningCredential, opens: SigningCredential | None = None
) -> tuple[Server, bytes]:
    """pysaml2 as identity provider that read our service provider's metadata with these keys, and its own metadata."""
    endpoints = {"single_sign_on_service": [(PEER_SSO, BINDING_HTTP_REDIRECT), (PEER_SSO, BINDING_HTTP_POST)]}
    service = {"idp": {"endpoints": endpoints, "want_authn_requests_signed": True}}
    config = files_of(own, folder) | {"entityid": PEER_IDP, "service": service}
    metadata = str(entity_descriptor(IdPConfig().load(dict(config)))).encode()
    known = with_keys(our_sp_metadata(sp[0]), *sp)
    ours = write_entity(known if opens is None else with_encryption(known, opens)).decode()
    return Server(config=IdPConfig().load(config | {"metadata": {"inline": [ours]}})), metadata


def issue(peer: Server, request_id: str | None, **how: Any) -> dict[str, str]:
    """A Response of pysaml2 for Amira as the form that her browser would post to us."""
    how = {
        "sign_assertion": True,
        "sign_response": False,
        "sign_alg": SIG_RSA_SHA256,
        "digest_alg": DIGEST_SHA256,
    } | how
    response = peer.create_authn_response(
        {"email": [AMIRA.username]},
        request_id,
        OUR_ACS,
        OUR_SP,
        name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=AMIRA.username),
        authn=PASSWORD_LOGIN,
        **how,
    )
    return {"SAMLResponse": base64.b64encode(str(response).encode()).decode()}


def accepted(entry: Entry) -> str:
    assert entry.accepted, [found.message for found in entry.findings]
    assert entry.principal is not None
    return entry.principal.name_id


@pytest.mark.parametrize(
    "how",
    [
        {"sign_assertion": True, "sign_response": False},
        {"sign_assertion": False, "sign_response": True},
        {"sign_assertion": True, "sign_response": True},
    ],
    ids=["assertion", "response", "both"],
)
def test_our_service_provider_accepts_what_it_issues_and_all_verifiers_agree(
    how: dict[str, bool], tmp_path: Path
) -> None:
    peer, metadata = peer_idp(tmp_path, credential("idp"), credential("sp"))
    ours = OurSP.for_partner(metadata, credential("sp"))

    sent = ours.request()
    query = parse_qs(urlsplit(sent.headers["Location"]).query)
    assert sent.headers["Location"].startswith(PEER_SSO)
    assert {"SAMLRequest", "SigAlg", "Signature"} <= set(query)
    (request_id,) = ours.lab.pending.keys()
    entry = ours.consume(issue(peer, request_id, **how))

    assert accepted(entry) == AMIRA.username
    assert set(entry.verifiers.values()) == {"accepted"}
    assert set(entry.verifiers) >= {"ssolab", "signxml", "xmlsec"}


@pytest.mark.parametrize("binding", [BINDING_HTTP_REDIRECT, BINDING_HTTP_POST])
def test_it_accepts_the_signed_request_of_our_service_provider(binding: str, tmp_path: Path) -> None:
    peer, metadata = peer_idp(tmp_path, credential("idp"), credential("sp"))
    ours = OurSP.for_partner(metadata, credential("sp"), binding=binding)

    sent = ours.request()
    if binding == BINDING_HTTP_POST:
        _, fields = form_on(sent.get_data(as_text=True))
        read = peer.parse_authn_request(fields["SAMLRequest"], BINDING_HTTP_POST)
    else:
        fields = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()}
        read = peer.parse_authn_request(
            fields["SAMLRequest"],
            BINDING_HTTP_REDIRECT,
            relay_state=fields.get("RelayState"),
            sigalg=fields["SigAlg"],
            signature=fields["Signature"],
        )

    assert read.message.issuer.text == OUR_SP
    assert peer.response_args(read.message)["destination"] == OUR_ACS


def test_a_response_of_its_by_sha1_is_refused_until_that_is_permitted_by_name(tmp_path: Path) -> None:
    peer, metadata = peer_idp(tmp_path, credential("idp"), credential("sp"))
    weak = {"sign_alg": SIG_RSA_SHA1, "digest_alg": DIGEST_SHA1}

    strict = OurSP.for_partner(metadata, credential("sp"))
    assert not strict.consume(issue(peer, None, **weak)).accepted
    lenient = OurSP.for_partner(metadata, credential("sp"), permit=frozenset({Permission.SHA1}))
    entry = lenient.consume(issue(peer, None, **weak))

    assert accepted(entry) == AMIRA.username
    assert "warning" in {found.severity for found in entry.findings}


def test_a_response_by_a_key_that_its_metadata_does_not_hold_is_refused_for_that(tmp_path: Path) -> None:
    _, metadata = peer_idp(tmp_path, credential("idp"), credential("sp"))
    swapped, _ = peer_idp(tmp_path, credential("new"), credential("sp"))

    entry = OurSP.for_partner(metadata, credential("sp")).consume(issue(swapped, None))

    assert not entry.accepted
    assert "key-not-trusted" in {found.code for found in entry.errors}


@pytest.mark.parametrize("stage", STAGES)
def test_as_identity_provider_through_a_rollover_of_its_key(stage: str, tmp_path: Path) -> None:
    _, metadata = peer_idp(tmp_path, credential("idp"), credential("sp"))
    theirs = write_entity(with_keys(read_entity(metadata, "its metadata"), *held(stage, "idp")))
    for which in SIGNERS:
        peer, _ = peer_idp(tmp_path, signer(which, "idp"), credential("sp"))

        entry = OurSP.for_partner(theirs, credential("sp")).consume(issue(peer, None))

        assert entry.accepted is HOLDS[stage, which]
        assert ("key-not-trusted" in {found.code for found in entry.errors}) is not HOLDS[stage, which]


@pytest.mark.parametrize("stage", STAGES)
def test_as_identity_provider_through_a_rollover_of_our_key(stage: str, tmp_path: Path) -> None:
    peer, metadata = peer_idp(tmp_path, credential("idp"), *held(stage, "sp"))
    for which in SIGNERS:
        sent = OurSP.for_partner(metadata, signer(which, "sp")).request()
        fields = {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()}

        def read(fields: dict[str, str] = fields) -> Any:
            return peer.parse_authn_request(
                fields["SAMLRequest"], BINDING_HTTP_REDIRECT, sigalg=fields["SigAlg"], signature=fields["Signature"]
            )

        if HOLDS[stage, which]:
            assert read().message.issuer.text == OUR_SP
        else:
            with pytest.raises(IncorrectlySigned):
                read()
