"""An org of Salesforce on this machine, with one app that signs tokens, for clients that others wrote."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ssolab.core.keys import TrustedKey
from ssolab.oidc.keyring import KeyRing, KeyState, LifeKey
from ssolab.oidc.parties import LIFETIMES, Client, Provider, endpoints_at
from ssolab.web.app import running_lab
from ssolab.web.lab import LabConfig
from ssolab.web.openid import Openid
from tests.interop.pair import AMIRA, credential
from tests.web.parts import asserting_party, relying_party

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.web.app import RunningLab

ORG: Final = "00D28000001QJay"
CONSUMER_KEY: Final = "3MVG9.pipeline.of.the.tests"


def app_with(*keys: str) -> Client:
    """The app, for which the certificates of these test keys were uploaded."""
    return Client(
        client_id=CONSUMER_KEY,
        keys=tuple(TrustedKey.of(credential(each).certificate, source="the upload") for each in keys),
        scopes=frozenset({"api", "web", "refresh_token"}),
        approved=frozenset({AMIRA.username}),
    )


@contextlib.contextmanager
def running_org(*keys: str) -> Iterator[RunningLab]:
    """Run an org until the block ends, on the real clock."""
    own, now = credential("idp"), datetime.now(UTC)
    key = LifeKey.of(own.private, now, alg="RS256", certificate=own.certificate, label="own", state=KeyState.ACTIVE)
    provider = Provider(
        issuer="http://127.0.0.1",  # the lab gives it its own address
        endpoints=endpoints_at("http://127.0.0.1", "salesforce"),
        keys=KeyRing((key,)),
        flavour="salesforce",
        lifetimes=LIFETIMES["salesforce"],
        org=ORG,
        mac_key=b"m" * 32,
    )
    config = LabConfig(
        asserting=asserting_party(),
        relying=relying_party(),
        users=(AMIRA,),
        openid=Openid(provider=provider, clients=(app_with(*keys),)),
    )
    with running_lab(config) as running:
        yield running
