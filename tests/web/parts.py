"""A pair for tests: fixed keys, a fixed day, and settings that a test replaces where it wants something else."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ssolab.core.keys import SigningCredential, TrustedKey
from ssolab.core.names import name_of
from ssolab.core.selfsigned import self_signed
from ssolab.cutover.model import User
from ssolab.cutover.scene import Flow
from ssolab.saml.metadata import Endpoint, IndexedEndpoint
from ssolab.saml.names import POST, REDIRECT
from ssolab.saml.parties import AssertingParty, RelyingParty
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Lab, LabConfig, Play
from ssolab.web.sp import create_relying_app
from tests.keys import test_key

if TYPE_CHECKING:
    from flask.testing import FlaskClient

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
IDP = "https://idp.partner.example/saml"
SP = "https://greenmoor.my.salesforce.com"
SSO = "https://idp.partner.example/sso"
ACS = "https://greenmoor.my.salesforce.com?so=00D000000000062"
ORG = "00D000000000062EAA"
AMIRA = User(username="amira@greenmoor.org", attributes={"email": ("amira@greenmoor.org",), "groups": ("a", "b")})
BEN = User(username="ben@greenmoor.org")


@functools.cache
def credential(key: str, *, days: int = 365, bits: int = 2048) -> SigningCredential:
    """A credential over a fixed test key, valid for *days* from the first of January 2027."""
    private = test_key(key, bits)
    begins = datetime(2027, 1, 1, tzinfo=UTC)
    certificate = self_signed(
        private=private,
        subject=name_of([("CN", f"{key} of the tests")]),
        serial=7,
        not_before=min(begins, begins + timedelta(days=days - 365)),
        not_after=begins + timedelta(days=days),
    )
    return SigningCredential(private=private, certificate=certificate, label=key)


def trusted(key: str, holder: str, *, days: int = 365) -> TrustedKey:
    return TrustedKey.of(credential(key, days=days).certificate, holder=holder, source="the tests", use="signing")


@functools.cache
def asserting_party() -> AssertingParty:
    return AssertingParty(
        entity_id=IDP,
        credential=credential("idp"),
        trusted=(trusted("sp", SP),),
        sso=(Endpoint(REDIRECT, SSO), Endpoint(POST, SSO)),
        relying=SP,
        acs=(IndexedEndpoint(binding=POST, location=ACS, index=0, is_default=True),),
    )


@functools.cache
def relying_party() -> RelyingParty:
    return RelyingParty(
        entity_id=SP,
        credential=credential("sp"),
        trusted=(trusted("idp", IDP),),
        acs=asserting_party().acs,
        asserting=IDP,
        sso=asserting_party().sso,
    )


def config(asserting: AssertingParty | None = None, relying: RelyingParty | None = None) -> LabConfig:
    return LabConfig(
        asserting=asserting or asserting_party(),
        relying=relying or relying_party(),
        users=(AMIRA, BEN),
        link="partner",
        at=NOW,
        running=False,
        token="a-token-of-the-tests",
    )


def with_second_link() -> LabConfig:
    """Settings of a lab that can play another link too, one whose request key is not trusted."""
    other = replace(relying_party(), credential=credential("foreign"))
    play = Play(link="stranger", flow=Flow.SAML_REQUEST, asserting=asserting_party(), relying=other)
    return replace(config(), others=(play,))


def salesforce_relying() -> RelyingParty:
    return replace(relying_party(), flavour="salesforce", org_id=ORG)


def salesforce_asserting() -> AssertingParty:
    return replace(asserting_party(), flavour="salesforce", sign="both")


class Pair:
    """A lab with a client for each of its two parties."""

    def __init__(
        self,
        asserting: AssertingParty | None = None,
        relying: RelyingParty | None = None,
        *,
        settings: LabConfig | None = None,
    ) -> None:
        self.lab = Lab(settings or config(asserting, relying))
        self.idp: FlaskClient = create_asserting_app(self.lab).test_client()
        self.sp: FlaskClient = create_relying_app(self.lab).test_client()
