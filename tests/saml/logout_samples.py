"""Fresh valid messages of single logout, and what their receivers expect: each test changes one thing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lxml import etree

from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import parse
from ssolab.saml.bindings import Received, decode_redirect, encode_redirect
from ssolab.saml.logout_acceptance import LogoutExpected, LogoutResponseExpected, Session
from ssolab.saml.logout_issue import draft_logout_request, draft_logout_response
from ssolab.saml.messages import NameID
from ssolab.saml.metadata import Endpoint
from ssolab.saml.names import EMAIL, POST, REDIRECT
from tests.saml.samples import IDP, NOW, SP, asserting, credential, relying, trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.xmltree import Element
    from ssolab.saml.bindings import MessageName

IDP_SLO = "https://idp.example.org/slo"
SP_SLO = "https://greenmoor.my.salesforce.com/services/auth/sp/saml2/logout"
AMIRA = NameID("amira@greenmoor.org", EMAIL, name_qualifier=IDP, sp_name_qualifier=SP)
SESSION = Session(AMIRA, "_session")
OTHER_SESSION = Session(AMIRA, "_phone")
STRANGER = Session(NameID("ben@greenmoor.org", EMAIL, name_qualifier=IDP, sp_name_qualifier=SP), "_bens")
SESSIONS = (SESSION, OTHER_SESSION, STRANGER)
ASKED = "_logout"


def endpoints(location: str) -> tuple[Endpoint, ...]:
    return (Endpoint(REDIRECT, location), Endpoint(POST, location))


def sp(**changes: Any) -> Any:
    """The service provider of these tests, which asks and answers."""
    return relying(single_logout=endpoints(SP_SLO), partner_logout=endpoints(IDP_SLO), **changes)


def idp(**changes: Any) -> Any:
    """The identity provider of these tests, which asks and answers too."""
    return asserting(single_logout=endpoints(IDP_SLO), partner_logout=endpoints(SP_SLO), **changes)


def nothing(_root: Element) -> None:
    """Change nothing."""


def request(change: Callable[[Element], object] = nothing) -> bytes:
    """A LogoutRequest of the service provider, unsigned."""
    made = draft_logout_request(
        sp(), now=NOW, new_id=lambda: ASKED, name_id=AMIRA, session_indexes=[SESSION.session_index or ""]
    )
    root = made.element()
    change(root)
    message: bytes = etree.tostring(root)
    return message


def answer(change: Callable[[Element], object] = nothing) -> bytes:
    """A LogoutResponse of the identity provider, unsigned."""
    root = draft_logout_response(idp(), now=NOW, new_id=lambda: "_answer", in_response_to=ASKED).element()
    change(root)
    message: bytes = etree.tostring(root)
    return message


def key_of(kind: MessageName) -> str:
    """Requests of these tests come from the service provider, answers from the identity provider."""
    return "sp" if kind == "SAMLRequest" else "idp"


def posted(xml: bytes, kind: MessageName, key: str | None = "", **options: Any) -> Received:
    root = parse(xml, "message")
    if key is not None:
        sign(root, credential(key or key_of(kind)), **options)
    return Received(binding=POST, kind=kind, xml=etree.tostring(root))


def redirected(xml: bytes, kind: MessageName, key: str | None = "", relay_state: str | None = "/bye") -> Received:
    url = encode_redirect(
        xml,
        location=IDP_SLO,
        message=kind,
        relay_state=relay_state,
        credential=None if key is None else credential(key or key_of(kind)),
    )
    return decode_redirect(url.partition("?")[2])


def expected(**changes: Any) -> LogoutExpected:
    """What the identity provider expects of the request; opinions are off, since they are slow."""
    settled = LogoutExpected(
        now=NOW,
        trusted=(trust("sp", SP),),
        issuer=SP,
        destination=IDP_SLO,
        sessions=SESSIONS,
        message_life=sp().message_life,
        document="logout.xml",
        opinions=False,
    )
    return replace(settled, **changes)


def answer_expected(**changes: Any) -> LogoutResponseExpected:
    """What the service provider expects of the answer."""
    settled = LogoutResponseExpected(
        now=NOW,
        trusted=(trust("idp", IDP),),
        issuer=IDP,
        destination=SP_SLO,
        in_response_to={ASKED},
        message_life=idp().message_life,
        document="answer.xml",
        opinions=False,
    )
    return replace(settled, **changes)
