"""The settings with which the pair plays one token: its provider, the client that is registered there, and that client.

Whoever is not under test is as lenient as a partner can be, so that only the key and its verifier decide.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ssolab.core.hosts import is_loopback
from ssolab.core.keys import SigningCredential, TrustedKey, new_private_key
from ssolab.core.names import name_of
from ssolab.core.selfsigned import self_signed
from ssolab.cutover.model import User
from ssolab.cutover.scene import Flow
from ssolab.oidc.keyring import KeyRing, KeyState, LifeKey
from ssolab.oidc.parties import AssertionRules, Client, Lifetimes, Provider, endpoints_at
from ssolab.oidc.relying import ClientKey, JwksTrust, PinnedTrust, RelyingClient
from ssolab.saml.metadata import Endpoint, IndexedEndpoint
from ssolab.saml.names import POST
from ssolab.saml.parties import AssertingParty, RelyingParty
from ssolab.web.lab import LabConfig
from ssolab.web.op_start import org_of

if TYPE_CHECKING:
    from ssolab.core.jwk import TrustedJwk
    from ssolab.cutover.token_scene import TokenScene

_NOBODY: Final = "https://provider.invalid"
_CLIENT: Final = "https://client.invalid"
_SECRET: Final = "a secret of the rehearsal"  # noqa: S105  between two halves of one process
_PATIENCE: Final = timedelta(days=1)
_BEGIN, _END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)


def provider_of(scene: TokenScene) -> Provider:
    """Set up the provider of a token: the one that signs it, or the one that is to believe it."""
    issuer = scene.issuer if _may_publish(scene.issuer) else _NOBODY
    flavour = "salesforce" if scene.salesforce and not scene.flow.signed_by_asserting else "generic"
    salesforce = flavour == "salesforce"
    return Provider(
        issuer=issuer,
        endpoints=endpoints_at(issuer.rstrip("/"), "salesforce" if salesforce else "generic"),
        keys=_ring(scene),
        flavour="salesforce" if salesforce else "generic",
        lifetimes=Lifetimes(code=_PATIENCE, id_token=scene.life, access_token=scene.life),
        access_tokens="jwt" if scene.flow is Flow.OIDC_ACCESS_TOKEN else "opaque",
        names_keys=scene.kid is not None,
        rules=AssertionRules(
            skew=scene.skew,
            longest=scene.life,
            checks_expiry=scene.checks_expiry,
            algorithms=scene.algorithms or None,
            permit=scene.permit,
        ),
        org=org_of(issuer) if salesforce else None,
        mac_key=b"rehearsal" if salesforce else b"",
    )


def _ring(scene: TokenScene) -> KeyRing:
    if not scene.flow.signed_by_asserting:
        return KeyRing()
    key = LifeKey.of(scene.private, scene.issued, alg=scene.alg, kid=scene.kid, state=KeyState.ACTIVE)
    return KeyRing((key,))


def _may_publish(issuer: str) -> bool:
    """Say whether a relying party would believe a document there; others are played by one who may."""
    parts = urlsplit(issuer)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))


def client_of(scene: TokenScene, listed: tuple[TrustedJwk, ...] = ()) -> Client:
    """Register the client at the provider, by its certificates or by the keys of its own set (*listed*)."""
    held = (each.certificate for each in scene.trusted if each.certificate is not None)
    by_key = not scene.flow.signed_by_asserting
    return Client(
        client_id=scene.client_id,
        secret=None if by_key else _SECRET,
        keys=tuple(TrustedKey.of(each, source="the keys held at that moment") for each in held) if by_key else (),
        jwks=listed if by_key else (),
        redirect_uris=(f"{_CLIENT}/oidc/callback",),
        run_as=scene.username,
        id_token_alg=scene.alg,
    )


def relying_of(scene: TokenScene, provider: Provider) -> RelyingClient:
    """Set up the client itself: with the trust that is under test, or with the key that is."""
    reader = scene.reader
    signs = not scene.flow.signed_by_asserting
    usual = RelyingClient(
        issuer=provider.issuer,
        client_id=scene.client_id,
        redirect_uri=f"{_CLIENT}/oidc/callback",
        secret=_SECRET,
        key=ClientKey(private=scene.private, alg=scene.alg, kid=scene.kid) if signs else None,
        auth_method="private_key_jwt" if scene.flow is Flow.PRIVATE_KEY_JWT else "client_secret_basic",
        assertion_life=scene.life,
        message_life=_PATIENCE,
        asks_userinfo=False,
        algorithms=scene.algorithms or None,
        skew=scene.skew,
        permit=scene.permit,
        checks_expiry=scene.checks_expiry,
    )
    if not scene.flow.signed_by_asserting:
        return usual
    if reader is None:
        return replace(usual, trust=PinnedTrust(keys=scene.trusted))
    return replace(usual, trust=JwksTrust(habits=reader.cache, address=provider.endpoints.jwks, whole=reader.whole))


def silent_pair(scene: TokenScene) -> LabConfig:
    """Give the settings of a pair of which nobody asks anything in SAML."""
    private = new_private_key("EC", 256)
    certificate = self_signed(
        private=private,
        subject=name_of([("CN", "says nothing in SAML (made by ssolab)")]),
        serial=1,
        not_before=_BEGIN,
        not_after=_END,
    )
    own = SigningCredential(private=private, certificate=certificate, label=certificate.label)
    acs = (IndexedEndpoint(binding=POST, location=f"{_CLIENT}/saml/acs", index=0, is_default=True),)
    sso = (Endpoint(POST, f"{_NOBODY}/saml/sso"),)
    return LabConfig(
        asserting=AssertingParty(entity_id=_NOBODY, credential=own, sso=sso, relying=_CLIENT, acs=acs),
        relying=RelyingParty(entity_id=_CLIENT, credential=own, acs=acs, asserting=_NOBODY, sso=sso),
        users=(User(username=scene.username),),
        at=scene.issued,
        running=False,
        opinions=False,
    )
