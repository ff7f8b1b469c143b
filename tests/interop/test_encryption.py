"""Encryption with software that we did not write: what we encrypt they open, and what they encrypt we open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saml2 import BINDING_HTTP_REDIRECT
from saml2.xmldsig import SIG_RSA_SHA256

from ssolab.core.keys import private_key_pem
from ssolab.core.xmlenc import DecryptionKey
from ssolab.saml.metadata import read_entity, write_entity
from tests.interop import test_node_saml as node
from tests.interop import test_pysaml2 as pysaml2
from tests.interop import test_python3_saml as onelogin
from tests.interop import test_samlify as samlify_login
from tests.interop.nodes import needs_package, running_peer
from tests.interop.pair import AMIRA, OUR_IDP, OurIdP, OurSP, credential, our_idp_metadata
from tests.interop.programs import needs
from tests.interop.served import with_encryption

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from ssolab.saml.encryption import EncryptedPart
    from ssolab.saml.parties import SignedParts
    from ssolab.web.journal import Entry
    from tests.interop.nodes import Object, Peer

pytestmark = [
    *needs("xmlsec1"),
    *needs_package("samlify"),
    *needs_package("@node-saml/node-saml"),
    # python3-saml 1.16 asks datetime.utcnow() for the time, which Python 3.12 and later warn about.
    pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning:onelogin"),
]

CIPHERS = ["aes128-gcm", "aes256-gcm", "aes256-cbc"]
SIGNED = ["assertion", "response", "both"]


@pytest.fixture(scope="module")
def samlify() -> Iterator[Peer]:
    with running_peer("samlify") as peer:
        yield peer


@pytest.fixture(scope="module")
def node_saml() -> Iterator[Peer]:
    with running_peer("@node-saml/node-saml") as peer:
        yield peer


def encrypting(theirs: bytes, *parts: EncryptedPart, **changes: Any) -> OurIdP:
    """Our identity provider as it encrypts for the key in the peer's metadata."""
    return OurIdP.for_partner(theirs, credential("idp"), encrypts=parts or ("assertion",), **changes)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_python3_saml_opens_our_assertion(cipher: str) -> None:
    set_up = onelogin.settings(credential("sp"), credential("idp"), wantAssertionsEncrypted=True)

    done = onelogin.login(set_up, encrypting(set_up.get_sp_metadata(), content_cipher=cipher))

    assert done.is_authenticated(), done.get_last_error_reason()
    assert done.get_nameid() == AMIRA.username


def test_python3_saml_opens_our_encrypted_name_and_refuses_encrypted_attributes() -> None:
    set_up = onelogin.settings(credential("sp"), credential("idp"))
    theirs = write_entity(with_encryption(read_entity(set_up.get_sp_metadata(), "its metadata"), credential("sp")))

    assert onelogin.login(set_up, encrypting(theirs, "name-id")).get_nameid() == AMIRA.username
    # Here the peer is lacking: python3-saml 1.16 opens no EncryptedAttribute, and says so.
    refused = onelogin.login(set_up, encrypting(theirs, "attributes"))
    assert not refused.is_authenticated()
    assert "EncryptedAttribute" in str(refused.get_last_error_reason())


def pysaml2_login(ours: OurIdP, peer: Any) -> Any:
    request_id, sent = peer.prepare_for_authenticate(
        entityid=OUR_IDP, binding=BINDING_HTTP_REDIRECT, sign=True, sigalg=SIG_RSA_SHA256
    )
    _, fields = ours.answer(ours.ask(url=dict(sent["headers"])["Location"]))
    return pysaml2.take(peer, fields, request_id)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_pysaml2_opens_our_assertion(cipher: str, tmp_path: Path) -> None:
    peer, metadata = pysaml2.peer_sp(tmp_path, credential("idp"))
    assert pysaml2_login(encrypting(metadata, content_cipher=cipher), peer).name_id.text == AMIRA.username


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("sign", SIGNED)
def test_samlify_opens_our_assertion(sign: SignedParts, cipher: str, samlify: Peer) -> None:
    own = credential("other")
    peer = samlify_login.peer_sp(
        samlify,
        credential("sp"),
        encPrivateKey=private_key_pem(own.private).decode(),
        encryptCert=own.certificate.pem,
        wantAssertionsSigned=sign != "response",
        wantMessageSigned=sign != "assertion",
    )
    metadata = write_entity(our_idp_metadata(credential("idp"), wants_signed=True)).decode()
    known = samlify.make("IdentityProvider", {"metadata": metadata, "isAssertionEncrypted": True})
    ours = encrypting(samlify_login.metadata_of(peer), content_cipher=cipher, sign=sign)

    assert samlify_login.log_in(peer, known, ours)["nameID"] == AMIRA.username


def opening_node_saml(node_saml: Peer, sign: SignedParts = "assertion") -> tuple[Object, bytes]:
    own, opens = credential("sp"), credential("other")
    peer = node.peer_sp(
        node_saml,
        own,
        credential("idp"),
        decryptionPvk=private_key_pem(opens.private).decode(),
        wantAssertionsSigned=sign != "response",
        wantAuthnResponseSigned=sign != "assertion",
    )
    return peer, node.metadata_of(peer, own, opens)


@pytest.mark.parametrize("cipher", CIPHERS)
@pytest.mark.parametrize("sign", SIGNED)
def test_node_saml_opens_our_assertion(sign: SignedParts, cipher: str, node_saml: Peer) -> None:
    peer, metadata = opening_node_saml(node_saml, sign)
    assert node.log_in(peer, encrypting(metadata, content_cipher=cipher, sign=sign))["nameID"] == AMIRA.username


def test_node_saml_logs_in_nobody_in_particular_where_the_name_is_encrypted(node_saml: Peer) -> None:
    # Here the peer is wrong: node-saml 5.1 opens an EncryptedID in a logout alone, and accepts a login without a name.
    peer, metadata = opening_node_saml(node_saml)

    taken = node.log_in(peer, encrypting(metadata, "name-id"))

    assert taken["issuer"] == OUR_IDP
    assert "nameID" not in taken


def opened(entry: Entry) -> set[str]:
    """The codes of what was remarked of an accepted login."""
    assert entry.accepted, [found.message for found in entry.findings]
    assert entry.principal is not None
    assert entry.principal.name_id == AMIRA.username
    return {found.code for found in entry.findings}


def opener(*names: str) -> tuple[DecryptionKey, ...]:
    return tuple(DecryptionKey.of(credential(name).private, name, credential(name).certificate) for name in names)


@pytest.mark.parametrize("held", [("other",), ("new", "other")])
def test_we_open_what_samlify_encrypts_whichever_of_our_keys_it_is_for(held: tuple[str, ...], samlify: Peer) -> None:
    peer = samlify_login.peer_idp(samlify, credential("idp"), isAssertionEncrypted=True)
    known = samlify_login.our_sp_as_it_knows_it(samlify, credential("sp"), opens=credential("other"))
    ours = OurSP.for_partner(samlify_login.metadata_of(peer), credential("sp"), decryption=opener(*held))

    entry = ours.consume(samlify_login.issue(peer, known, samlify_login.read_request(peer, known, ours)))

    # What it encrypts with unless told otherwise is a cipher without a seal, which we read with a warning.
    assert opened(entry) == {"weak-encryption"}


@pytest.mark.parametrize("held", [("other",), ("new", "other")])
def test_we_open_what_pysaml2_encrypts_whichever_of_our_keys_it_is_for(held: tuple[str, ...], tmp_path: Path) -> None:
    peer, metadata = pysaml2.peer_idp(tmp_path, credential("idp"), credential("sp"), opens=credential("other"))
    ours = OurSP.for_partner(metadata, credential("sp"), decryption=opener(*held))

    entry = ours.consume(pysaml2.issue(peer, None, encrypt_assertion=True))

    # What it encrypts with unless told otherwise is a cipher without a seal, which we read with a warning.
    assert opened(entry) == {"weak-encryption"}
