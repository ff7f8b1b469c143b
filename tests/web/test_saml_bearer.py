from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from ssolab.core.xmltree import SAML, parse
from ssolab.oidc.grants import SAML_BEARER
from ssolab.saml.issue import draft_response, seal
from ssolab.saml.metadata import IndexedEndpoint
from ssolab.saml.names import POST
from tests.web.bearers import BASE, ORG, PIPELINE, TOKEN, Bringer, base64url, client, uploaded
from tests.web.parts import AMIRA, BEN, NOW, asserting_party, credential

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.oidc.parties import Flavour

FLAVOURS: tuple[Flavour, ...] = ("generic", "salesforce")


def response(flavour: Flavour, key: str = "sp", **changes: Any) -> bytes:
    """The Response around an assertion that a client makes; the changes are of its party, or its name."""
    ids: Iterator[str] = (f"_id{number}" for number in range(9))
    name = changes.pop("name", AMIRA.username)
    issuer = "https://login.salesforce.com" if flavour == "salesforce" else BASE
    settings: dict[str, Any] = {"entity_id": PIPELINE, "credential": credential(key), "relying": issuer} | changes
    recipient = settings.pop("recipient", BASE + TOKEN[flavour])
    party = replace(asserting_party(), **settings)
    acs = IndexedEndpoint(binding=POST, location=recipient, index=0)
    drafted = draft_response(party, now=NOW, new_id=lambda: next(ids), name_id=name, acs=acs)
    return seal(drafted.element(), party.credential, sign="assertion")


def assertion(flavour: Flavour, key: str = "sp", **changes: Any) -> bytes:
    """An assertion by itself, as its client sends it."""
    found = parse(response(flavour, key, **changes), "made").find(f"{{{SAML}}}Assertion")
    assert found is not None
    return etree.tostring(found)


def bring(bringer: Bringer, xml: bytes, **more: str) -> Any:
    return bringer.post(grant_type=SAML_BEARER, assertion=base64url(xml), **more)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_an_assertion_that_the_client_signed_fetches_a_token_once(flavour: Flavour) -> None:
    bringer = Bringer(flavour)
    xml = assertion(flavour)
    answer = bring(bringer, xml)
    assert answer.status_code == 200, bringer.last.findings
    assert "refresh_token" not in answer.json
    assert (bringer.last.user, bringer.last.flow, bringer.last.accepted) == (AMIRA.username, "saml-bearer", True)
    if flavour == "salesforce":
        assert list(answer.json) == ["access_token", "scope", "instance_url", "id", "token_type"]
        assert answer.json["access_token"].startswith(f"{ORG}!")
    assert bring(bringer, xml).status_code == 400
    assert bringer.codes() == {"replayed-assertion"}


def test_an_expired_certificate_is_told_by_an_org_and_decides_elsewhere() -> None:
    expired = client(keys=uploaded("sp", days=-30))
    org, strict = Bringer("salesforce", expired), Bringer("generic", expired)
    assert bring(org, assertion("salesforce")).status_code == 200
    assert "expired-certificate" in org.codes("warning")
    assert bring(strict, assertion("generic")).status_code == 400
    assert "expired-certificate" in strict.codes()


@pytest.mark.parametrize(
    ("changes", "code", "description"),
    [
        ({"key": "other"}, "key-not-trusted", "invalid assertion"),
        ({"relying": "https://elsewhere.example"}, "audience-mismatch", "audience is invalid"),
        ({"recipient": "https://elsewhere.example/token"}, "recipient-mismatch", "invalid assertion"),
        ({"entity_id": "3MVG9stranger"}, "assertion-of-a-stranger", "client identifier invalid"),
        ({"name": BEN.username}, "user-not-approved", "user hasn't approved this consumer"),
        ({"name": "nobody@greenmoor.org"}, "unknown-subject", "invalid user credentials"),
    ],
)
def test_whatever_is_wrong_with_it_is_said_in_the_words_of_the_org_and_of_the_standard(
    changes: dict[str, Any], code: str, description: str
) -> None:
    for flavour in FLAVOURS:
        bringer = Bringer(flavour)
        answer = bring(bringer, assertion(flavour, **changes))
        assert answer.status_code == 400
        assert code in bringer.codes()
        if flavour == "salesforce":
            assert answer.json["error_description"] == description
        else:
            assert answer.json["error"] == "invalid_grant"


def test_an_assertion_that_was_changed_or_kept_too_long_is_refused() -> None:
    bringer = Bringer("salesforce")
    xml = assertion("salesforce")
    assert bring(bringer, xml.replace(AMIRA.username.encode(), BEN.username.encode())).status_code == 400
    assert "digest-mismatch" in bringer.codes()
    bringer.lab.clock.advance(timedelta(hours=1))
    assert bring(bringer, xml).status_code == 400
    assert bringer.last.accepted is False


@pytest.mark.parametrize(
    "sent",
    [
        "****",
        "PHg",
        base64url(b"no XML"),
        "PHg+\n",
        base64url(response("salesforce")),
        base64url(b'<!DOCTYPE x><x xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>'),
        base64url(b'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>'),
        base64url(
            b'<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"><Issuer>3MVG9pipeline</Issuer></Assertion>'
        ),
    ],
)
def test_whatever_is_no_signed_assertion_is_an_invalid_assertion(sent: str) -> None:
    bringer = Bringer("salesforce")
    answer = bringer.post(grant_type=SAML_BEARER, assertion=sent)
    assert (answer.status_code, answer.json) == (
        400,
        {"error": "invalid_grant", "error_description": "invalid assertion"},
    )
    assert bringer.last.errors
    assert bringer.post(grant_type=SAML_BEARER).json == {
        "error": "invalid_request",
        "error_description": "assertion: it is missing",
    }
