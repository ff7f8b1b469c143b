"""Our two sides as a stranger meets them: over their routes, set up from exchanged metadata, on the real clock."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.test import Client

from ssolab.core.keys import SigningCredential, credential_from
from ssolab.core.selfsigned import name_of, self_signed
from ssolab.cutover.model import User
from ssolab.saml.metadata import (
    Endpoint,
    EntityDescriptor,
    IDPSSODescriptor,
    IndexedEndpoint,
    KeyDescriptor,
    SPSSODescriptor,
    read_entity,
)
from ssolab.saml.names import POST, REDIRECT
from ssolab.saml.pairing import asserting_from, relying_from
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Lab, LabConfig
from ssolab.web.sp import create_relying_app
from tests.keys import test_key as rsa_key

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from ssolab.core.keys import PrivateKey
    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.web.journal import Entry

OUR_IDP, OUR_SP = "https://idp.ours.example/saml/metadata", "https://sp.ours.example/saml/metadata"
OUR_SSO, OUR_ACS = "https://idp.ours.example/saml/sso", "https://sp.ours.example/saml/acs"
PEER_IDP, PEER_SP = "https://idp.peer.example/metadata", "https://sp.peer.example/metadata"
PEER_SSO, PEER_ACS = "https://idp.peer.example/sso", "https://sp.peer.example/acs"
AMIRA = User(
    username="amira@greenmoor.org", attributes={"email": ("amira@greenmoor.org",), "groups": ("admins", "ops & <dev>")}
)


@functools.cache
def credential(name: str, private: PrivateKey | None = None, *, serial: int = 7) -> SigningCredential:
    """A key, by default the test key of that name, with a certificate that is good this week.

    Another *serial* makes another certificate over the same key. The same one is given again, since some peers compare
    certificates rather than keys.
    """
    private, now = private or rsa_key(name), datetime.now(UTC)
    made = self_signed(
        private=private,
        subject=name_of([("CN", name)]),
        serial=serial,
        not_before=now - timedelta(days=1),
        not_after=now + timedelta(days=7),
    )
    return credential_from(private, made, name)


def our_idp_metadata(own: SigningCredential, *, wants_signed: bool) -> EntityDescriptor:
    role = IDPSSODescriptor(
        key_descriptors=(KeyDescriptor(certificates=(own.certificate,), use="signing"),),
        single_sign_on_services=(Endpoint(REDIRECT, OUR_SSO), Endpoint(POST, OUR_SSO)),
        want_authn_requests_signed=wants_signed,
    )
    return EntityDescriptor(entity_id=OUR_IDP, idp=role)


def our_sp_metadata(own: SigningCredential) -> EntityDescriptor:
    role = SPSSODescriptor(
        key_descriptors=(KeyDescriptor(certificates=(own.certificate,), use="signing"),),
        assertion_consumer_services=(IndexedEndpoint(binding=POST, location=OUR_ACS, index=0, is_default=True),),
        authn_requests_signed=True,
        want_assertions_signed=True,
    )
    return EntityDescriptor(entity_id=OUR_SP, sp=role)


class _Forms(HTMLParser):
    """Reads the one form of a page as a browser would."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form":
            self.action = values.get("action") or ""
        if tag == "input" and values.get("type") == "hidden":
            self.fields[values.get("name") or ""] = values.get("value") or ""


def form_on(page: str) -> tuple[str, dict[str, str]]:
    """Where the form of a page goes, and its hidden fields."""
    forms = _Forms()
    forms.feed(page)
    return forms.action, forms.fields


def shown(answer: TestResponse, status: int = 200) -> tuple[str, dict[str, str]]:
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page
    return form_on(page)


@dataclass(frozen=True)
class OurIdP:
    """Our identity provider, ready for one service provider that gave us its metadata."""

    lab: Lab

    @classmethod
    def for_partner(cls, metadata: bytes, own: SigningCredential, **changes: Any) -> OurIdP:
        """Set it up with the partner's metadata; *changes* are settings of the asserting party."""
        ours, theirs = our_idp_metadata(own, wants_signed=True), read_entity(metadata, "the peer's metadata")
        asserting: AssertingParty = replace(asserting_from(ours, theirs, credential=own), **changes)
        # Only our half of this lab is spoken to; a lab has both.
        relying = relying_from(theirs, ours, credential=own)
        return cls(Lab(LabConfig(asserting=asserting, relying=relying, users=(AMIRA,))))

    @property
    def last(self) -> Entry:
        """What it did last."""
        return self.lab.journal.entries()[-1]

    def ask(self, *, url: str = "", fields: dict[str, str] | None = None) -> TestResponse:
        """Bring a request by Redirect or by POST; the answer is the login page, or the refusal."""
        client = Client(create_asserting_app(self.lab))
        if fields is not None:
            return client.post("/saml/sso", data=fields)
        assert url.startswith(OUR_SSO + "?")
        return client.get("/saml/sso", query_string=urlsplit(url).query)

    def answer(self, login_page: TestResponse) -> tuple[str, dict[str, str]]:
        """Log Amira in and take the form that her browser would post to the service provider."""
        _, fields = shown(login_page)
        client = Client(create_asserting_app(self.lab))
        return shown(client.post("/login", data=fields | {"username": AMIRA.username}))

    def start(self) -> tuple[str, dict[str, str]]:
        """Log Amira in without a request."""
        return self.answer(Client(create_asserting_app(self.lab)).get("/saml/start"))


@dataclass(frozen=True)
class OurSP:
    """Our service provider, ready for one identity provider that gave us its metadata."""

    lab: Lab

    @classmethod
    def for_partner(cls, metadata: bytes, own: SigningCredential, **changes: Any) -> OurSP:
        """Set it up with the partner's metadata; *changes* are settings of the relying party."""
        ours, theirs = our_sp_metadata(own), read_entity(metadata, "the peer's metadata")
        relying: RelyingParty = replace(relying_from(ours, theirs, credential=own), **changes)
        asserting = asserting_from(theirs, ours, credential=own)
        return cls(Lab(LabConfig(asserting=asserting, relying=relying, users=(AMIRA,))))

    def request(self) -> TestResponse:
        """Begin a login; the answer redirects or posts to the identity provider."""
        return Client(create_relying_app(self.lab)).get("/saml/login")

    def consume(self, fields: dict[str, str]) -> Entry:
        """Bring a Response and take the judgement."""
        Client(create_relying_app(self.lab)).post("/saml/acs", data=fields)
        return self.lab.journal.entries()[-1]
