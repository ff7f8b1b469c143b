"""A provider for tests, and a client that walks through it as a browser and its application do."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, field, replace
from hashlib import sha256
from html import unescape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from ssolab.core.jose import ALGORITHMS, read_compact
from ssolab.core.strictjson import parse_object
from ssolab.oidc.parties import Client
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Bases, Lab
from ssolab.web.openid import Openid
from tests.web.parts import AMIRA, NOW, config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from ssolab.saml.parties import AssertingParty

BASE: Final = "http://localhost"
CALLBACK: Final = "http://127.0.0.1:9000/callback"
VERIFIER: Final = "a" * 20 + "-._~" + "Z9" * 12
CHALLENGE: Final = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SHOP: Final = Client(
    client_id="shop",
    name="the shop",
    secret="s3cret:+%/ of the shop",
    redirect_uris=(CALLBACK, f"{CALLBACK}?with=query"),
    post_logout_redirect_uris=("http://127.0.0.1:9000/bye",),
)
OTHER: Final = Client(client_id="other", secret="another secret", redirect_uris=("http://127.0.0.1:9001/callback",))
PHONE: Final = Client(client_id="phone", redirect_uris=("http://127.0.0.1:9002/callback",))
CLIENTS: Final = (SHOP, OTHER, PHONE)


def openid_lab(*clients: Client, asserting: AssertingParty | None = None) -> Lab:
    """A lab that says of OpenID no more than who its clients are."""
    settings = replace(config(asserting), openid=Openid(clients=clients or CLIENTS))
    return Lab(settings, Bases(asserting=BASE, relying="http://localhost:8081"))


@dataclass
class Visitor:
    """A browser and the application behind the client, at one provider."""

    lab: Lab = field(default_factory=openid_lab)
    client: Client = SHOP
    root: str = ""
    """`/services/oauth2` for an org of Salesforce."""

    def __post_init__(self) -> None:
        """Open the browser."""
        self.http: FlaskClient = create_asserting_app(self.lab).test_client()

    def ask(self, method: str = "GET", /, **changes: str | None) -> TestResponse:
        """Send an authorization request; None leaves a parameter out."""
        usual = {
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uris[0],
            "response_type": "code",
            "scope": "openid",
            "state": "the state",
            "nonce": "the nonce",
        }
        given = {name: value for name, value in (usual | changes).items() if value is not None}
        path = f"{self.root}/authorize"
        if method == "POST":
            return self.http.post(path, data=given)
        return self.http.get(f"{path}?{urlencode(given)}")

    def login(self, page: TestResponse, username: str = AMIRA.username, **more: str) -> TestResponse:
        """Choose a name on the login page, or answer it otherwise."""
        assert page.status_code == 200, page.text
        fields = hidden(page.text) | ({} if more else {"username": username}) | more
        return self.http.post("/authorize/login", data=fields)

    def answer(self, username: str = AMIRA.username, **changes: str | None) -> dict[str, str]:
        """Ask, log in, and give the parameters of the answer."""
        return sent_back(self.login(self.ask(**changes), username))

    def token(
        self,
        given: Mapping[str, str] | None = None,
        /,
        *,
        basic: bool = True,
        client: Client | None = None,
        **more: str,
    ) -> TestResponse:
        """Call the token endpoint as a client that has a secret, or has none."""
        form = dict(given or {}) | more
        who = client or self.client
        headers = {}
        if who.secret is None:
            form = {"client_id": who.client_id} | form
        elif basic:
            headers = basic_header(who)
        else:
            form = {"client_id": who.client_id, "client_secret": who.secret} | form
        return self.http.post(f"{self.root}/token", data=form, headers=headers)

    def redeem(
        self,
        code: str,
        given: Mapping[str, str] | None = None,
        /,
        *,
        basic: bool = True,
        client: Client | None = None,
        **more: str,
    ) -> TestResponse:
        """Bring a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.client.redirect_uris[0]}
        form |= dict(given or {}) | more
        return self.token(form, basic=basic, client=client)

    def tokens(self, username: str = AMIRA.username, **changes: str | None) -> dict[str, Any]:
        """Log in and fetch the tokens."""
        got = self.redeem(self.answer(username, **changes)["code"])
        assert got.status_code == 200, got.text
        return dict(got.json or {})

    def userinfo(self, access_token: str) -> TestResponse:
        """Ask who it is."""
        return self.http.get(f"{self.root}/userinfo", headers={"Authorization": f"Bearer {access_token}"})

    def claims(self, token: str) -> dict[str, Any]:
        """Verify a token of the provider against its published keys, and give its claims."""
        read = read_compact(token, "token")
        listed = {key.kid: key for key in self.lab.openid.provider.keys.listed()}
        key = listed[read.header["kid"]]
        assert ALGORITHMS[key.alg].verify(key.public, read.signature, read.signing_input)
        return parse_object(read.payload, "token")

    def last(self, event: str) -> Any:
        """The newest journal entry of that event."""
        return next(entry for entry in reversed(self.lab.journal.entries()) if entry.event == event)


def basic_header(client: Client) -> dict[str, str]:
    """The header Authorization of a client, both parts form-urlencoded first (RFC 6749 2.3.1)."""
    text = f"{quote_plus(client.client_id)}:{quote_plus(client.secret or '')}"
    return {"Authorization": f"Basic {b64encode(text.encode()).decode()}"}


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of a page."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return {unescape(name): unescape(value) for name, value in found}


def sent_back(response: TestResponse) -> dict[str, str]:
    """The parameters of an answer that sends the browser back to the client."""
    assert response.status_code in {302, 303}, response.text
    parts = urlsplit(response.headers["Location"])
    return dict(parse_qsl(parts.fragment or parts.query, strict_parsing=True))


def at(seconds: float) -> int:
    """Seconds since 1970, so many after the moment of the tests."""
    return int(NOW.timestamp() + seconds)
