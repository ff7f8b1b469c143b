"""Fresh valid messages for the tests of accepting: each test changes one thing in one of them."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lxml import etree

from ssolab.core.keys import SigningCredential, TrustedKey
from ssolab.core.names import name_of
from ssolab.core.selfsigned import self_signed
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import SAML, SAMLP, parse
from ssolab.saml.checks import Expected
from ssolab.saml.issue import draft_response
from ssolab.saml.metadata import Endpoint, IndexedEndpoint
from ssolab.saml.names import POST, REDIRECT
from ssolab.saml.parties import AssertingParty, RelyingParty
from tests.keys import ec_test_key
from tests.keys import test_key as rsa_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import PrivateKey
    from ssolab.core.xmltree import Element

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
IDP = "https://idp.example.org/saml"
SP = "https://greenmoor.my.salesforce.com"
ACS = "https://greenmoor.my.salesforce.com?so=00D5g000004pXYZEA2"
SSO = "https://idp.example.org/sso"
REQUEST = "_2CAAAA" + "aB3._-xYz9" * 28 + "123456789"
"""An ID as Salesforce makes them: 296 characters (facts/salesforce.md 2.3)."""
NAMES = {"samlp": SAMLP, "saml": SAML}


def private(key: str) -> PrivateKey:
    """The RSA test key of that name, or the EC one."""
    return ec_test_key(key) if key.startswith("p") and key[1:4].isdigit() else rsa_key(key)


@functools.cache
def certificate(
    key: str, not_before: datetime = NOW - timedelta(days=300), not_after: datetime = NOW + timedelta(days=65)
) -> Certificate:
    return self_signed(
        private=private(key),
        subject=name_of([("CN", f"{key}.example.org")]),
        serial=17,
        not_before=not_before,
        not_after=not_after,
    )


def credential(key: str) -> SigningCredential:
    return SigningCredential(private=private(key), certificate=certificate(key), label=key)


def trust(key: str, holder: str | None = None, **dates: datetime) -> TrustedKey:
    return TrustedKey.of(certificate(key, **dates), holder=holder, source=f"the test key {key}", use="signing")


def asserting(**changes: Any) -> AssertingParty:
    """The identity provider of these tests."""
    settled = AssertingParty(
        entity_id=IDP,
        credential=credential("idp"),
        trusted=(trust("sp", SP),),
        sso=(Endpoint(REDIRECT, SSO), Endpoint(POST, SSO)),
        relying=SP,
        acs=(IndexedEndpoint(binding=POST, location=ACS, index=0, is_default=True),),
    )
    return replace(settled, **changes)


def relying(**changes: Any) -> RelyingParty:
    """The service provider of these tests."""
    settled = RelyingParty(
        entity_id=SP,
        credential=credential("sp"),
        trusted=(trust("idp", IDP),),
        acs=asserting().acs,
        asserting=IDP,
        sso=asserting().sso,
    )
    return replace(settled, **changes)


def expected(**changes: Any) -> Expected:
    """What that service provider expects; opinions are off, since they are slow and tested elsewhere."""
    settled = Expected(
        now=NOW,
        trusted=(trust("idp", IDP),),
        issuer=IDP,
        audience=SP,
        recipient=ACS,
        in_response_to={REQUEST},
        document="response.xml",
        opinions=False,
    )
    return replace(settled, **changes)


def draft() -> Element:
    """A Response of that identity provider, unsigned."""
    ids = iter(("_response", "_assertion", "_session"))
    return draft_response(
        asserting(),
        now=NOW,
        new_id=lambda: next(ids),
        name_id="amira@greenmoor.org",
        attributes={"email": ["amira@greenmoor.org"], "groups": ["staff", "night shift"]},
        in_response_to=REQUEST,
    ).element()


def find(root: Element, path: str) -> Element:
    found = root.find(path, NAMES)
    assert found is not None, path
    return found


def response(
    change: Callable[[Element], object] = lambda _root: None,
    *,
    sign_as: str = "assertion",
    key: str = "idp",
    after: Callable[[Element], object] = lambda _root: None,
) -> bytes:
    """A Response, changed before it is signed, and changed after."""
    root = draft()
    change(root)
    # Parsed anew, as a receiver sees it.
    root = parse(etree.tostring(root), "draft")
    if sign_as in {"assertion", "both"}:
        sign(find(root, "saml:Assertion"), credential(key))
    if sign_as in {"response", "both"}:
        sign(root, credential(key))
    after(root)
    message: bytes = etree.tostring(root)
    return message
