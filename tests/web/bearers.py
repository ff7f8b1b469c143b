"""Clients that bring assertions, and a lab of either flavour that knows their certificates."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.jose import sign_compact
from ssolab.core.keys import TrustedKey
from ssolab.oidc.grants import JWT_BEARER
from ssolab.oidc.keyring import KeyRing, KeyState, LifeKey
from ssolab.oidc.parties import LIFETIMES, Client, Provider, endpoints_at
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Bases, Lab, LabConfig
from ssolab.web.openid import Openid
from tests.web.parts import AMIRA, BEN, NOW, asserting_party, credential, relying_party

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from ssolab.oidc.parties import Flavour
    from ssolab.web.journal import Entry

BASE: Final = "http://localhost"
ORG: Final = "00D28000001QJay"
TOKEN: Final[Mapping[Flavour, str]] = {"generic": "/token", "salesforce": "/services/oauth2/token"}
PIPELINE: Final = "3MVG9pipeline"
OTHER: Final = "3MVG9other"


def uploaded(key: str, *, days: int = 365) -> tuple[TrustedKey, ...]:
    """What stands at the provider once the certificate of a client was uploaded."""
    return (TrustedKey.of(credential(key, days=days).certificate, source="the upload", use="signing"),)


def client(**changes: Any) -> Client:
    """A pipeline that signs with the key `sp`, and for which amira has been pre-authorised."""
    usual: dict[str, Any] = {
        "client_id": PIPELINE,
        "keys": uploaded("sp"),
        "scopes": frozenset({"api", "web", "refresh_token"}),
        "approved": frozenset({AMIRA.username}),
    }
    return Client(**usual | changes)


def lab_of(flavour: Flavour, *clients: Client) -> Lab:
    """A lab whose provider is of that flavour."""
    own = credential("idp")
    key = LifeKey.of(own.private, NOW, alg="RS256", certificate=own.certificate, label="idp", state=KeyState.ACTIVE)
    provider = Provider(
        issuer=BASE,
        endpoints=endpoints_at(BASE, flavour),
        keys=KeyRing((key,)),
        flavour=flavour,
        lifetimes=LIFETIMES[flavour],
        org=ORG if flavour == "salesforce" else None,
        mac_key=b"m" * 32,
    )
    config = LabConfig(
        asserting=asserting_party(),
        relying=relying_party(),
        users=(AMIRA, BEN),
        at=NOW,
        running=False,
        openid=Openid(
            provider=provider, clients=clients or (client(), client(client_id=OTHER, keys=uploaded("other")))
        ),
    )
    return Lab(config, Bases(asserting=BASE, relying="http://localhost:8081"))


def in_seconds(moment: datetime) -> int:
    """Seconds since 1970."""
    return int(moment.timestamp())


def claims(flavour: Flavour, **changes: Any) -> dict[str, Any]:
    """The claims of an assertion that is right; None leaves one out."""
    usual: dict[str, Any] = {
        "iss": PIPELINE,
        "sub": AMIRA.username,
        "aud": "https://login.salesforce.com" if flavour == "salesforce" else BASE + TOKEN[flavour],
        "exp": in_seconds(NOW + timedelta(minutes=3)),
        "jti": "one",
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def signed(said: Mapping[str, Any], key: str = "sp", alg: str = "RS256", **header: Any) -> str:
    """Sign claims with a test key."""
    return sign_compact({"alg": alg, "typ": "JWT"} | header, said, credential(key).private, alg)


class Bringer:
    """A client of the token endpoint."""

    def __init__(self, flavour: Flavour, *clients: Client) -> None:
        self.flavour: Flavour = flavour
        self.lab = lab_of(flavour, *clients)
        self.http: FlaskClient = create_asserting_app(self.lab).test_client()

    def post(self, **form: str) -> TestResponse:
        """Post a form to the token endpoint."""
        return self.http.post(TOKEN[self.flavour], data=form)

    def bring(self, assertion: str, **more: str) -> TestResponse:
        """Bring a token as a grant."""
        return self.post(grant_type=JWT_BEARER, assertion=assertion, **more)

    def good(self, **changes: Any) -> str:
        """Make an assertion that is right but for the changes."""
        return signed(claims(self.flavour, **changes))

    @property
    def last(self) -> Entry:
        """The newest entry of the journal."""
        return self.lab.journal.entries()[-1]

    def codes(self, *severities: str) -> set[str]:
        """The codes of what the newest entry found, of these severities."""
        return {each.code for each in self.last.findings if each.severity in (severities or ("error",))}


def base64url(data: bytes) -> str:
    """Write as RFC 7522 wants it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
