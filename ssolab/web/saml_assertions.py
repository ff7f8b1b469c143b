"""The assertion of SAML that a client of a rehearsal brings to a token endpoint (RFC 7522), signed as any other."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from lxml import etree

from ssolab.core.findings import InputError
from ssolab.core.jose import encode
from ssolab.core.keys import SigningCredential
from ssolab.core.xmltree import SAML, parse
from ssolab.saml.issue import draft_response, seal
from ssolab.saml.metadata import IndexedEndpoint
from ssolab.saml.names import POST
from ssolab.saml.parties import AssertingParty

if TYPE_CHECKING:
    from ssolab.cutover.token_scene import TokenScene
    from ssolab.oidc.parties import Provider


def saml_assertion(scene: TokenScene, provider: Provider) -> str:
    """Make the assertion of a scene, in base64url as it travels.

    Raises:
        InputError: its key signs no SAML.
    """
    if scene.certificate is None or isinstance(scene.private, Ed25519PrivateKey):
        raise InputError(scene.client_id, "its key signs no SAML", "give it an RSA or EC key in a certificate")
    own = SigningCredential(private=scene.private, certificate=scene.certificate, label=scene.certificate.label)
    acs = IndexedEndpoint(binding=POST, location=provider.endpoints.token, index=0, is_default=True)
    party = AssertingParty(
        entity_id=scene.client_id,
        credential=own,
        sso=(),
        relying=provider.issuer,
        acs=(acs,),
        message_life=scene.life,
        hash=scene.hash,
    )
    drafted = draft_response(
        party,
        now=scene.issued,
        new_id=lambda: f"_{secrets.token_hex(16)}",
        name_id=scene.username,
        acs=acs,
    )
    sealed = seal(drafted.element(), own, sign="assertion", hash=scene.hash)
    found = parse(sealed, "assertion").find(f"{{{SAML}}}Assertion")
    assert found is not None  # noqa: S101  it was drafted
    return encode(etree.tostring(found))
