"""Assertions that clients bring: whose they are, what they are held against, and what a refusal says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ssolab.core.findings import Finding, InputError, Severity
from ssolab.core.keys import TrustedKey
from ssolab.oidc.checks import TokenKind
from ssolab.oidc.errors import OAuthError
from ssolab.oidc.grants import (
    approve,
    audiences,
    bringer,
    expected_of,
    issuer_in,
    recipients,
    refusal,
    scopes_of,
    unreadable,
)
from ssolab.oidc.parties import endpoints_at
from ssolab.oidc.tokens import signed
from tests.oidc.provider_parts import ISSUER, SHOP, life_key, provider
from tests.oidc.tokens import Seen
from tests.web.parts import NOW, credential

KEYED = replace(SHOP, keys=(TrustedKey.of(credential("sp").certificate, source="the upload"),))
ORG = provider(flavour="salesforce", endpoints=endpoints_at(ISSUER, "salesforce"))


def test_a_provider_is_meant_by_its_issuer_or_its_token_endpoint_and_an_org_by_the_login_hosts() -> None:
    assert audiences(provider()) == (ISSUER, f"{ISSUER}/token")
    assert {"https://login.salesforce.com", "https://test.salesforce.com", ISSUER} < set(audiences(ORG))
    assert recipients(provider()) == (f"{ISSUER}/token",)
    assert recipients(ORG) == (
        f"{ISSUER}/services/oauth2/token",
        "https://login.salesforce.com/services/oauth2/token",
        "https://test.salesforce.com/services/oauth2/token",
    )


def test_the_issuer_is_read_and_nothing_else() -> None:
    assert issuer_in(signed(life_key(), {"iss": "shop"}), "assertion") == "shop"


@pytest.mark.parametrize("issuer", [None, "", 7])
def test_an_assertion_says_whose_it_is(issuer: object) -> None:
    with pytest.raises(InputError) as caught:
        issuer_in(signed(life_key(), {"iss": issuer}), "assertion")
    assert caught.value.code == "issuer-not-named"


@pytest.mark.parametrize(
    ("issuer", "caller", "code"),
    [
        ("nobody", None, "assertion-of-a-stranger"),
        ("keyed", "shop", "assertion-of-another-caller"),
        ("shop", None, "client-without-certificate"),
    ],
)
def test_an_assertion_is_brought_by_its_own_client_with_a_key(issuer: str, caller: str | None, code: str) -> None:
    clients = {"shop": SHOP, "keyed": replace(KEYED, client_id="keyed")}
    with pytest.raises(OAuthError) as caught:
        bringer(issuer, clients, caller)
    assert caught.value.code == code
    assert bringer("keyed", clients, "keyed") == clients["keyed"]
    assert bringer("keyed", clients).client_id == "keyed"


def test_an_assertion_is_held_against_the_keys_of_its_client_and_the_profile_of_the_provider() -> None:
    proof = expected_of(TokenKind.CLIENT_ASSERTION, KEYED, provider(), now=NOW, seen=Seen())
    assert (proof.issuer, proof.subject, proof.profile) == ("shop", "shop", "strict")
    assert (proof.document, [each.pinned for each in proof.keys]) == ("client_assertion", [True])
    assert proof.keys[0].source == "the upload"
    grant = expected_of(TokenKind.BEARER_ASSERTION, KEYED, ORG, now=NOW, seen=Seen(), opinions=False)
    assert (grant.subject, grant.profile, grant.document, grant.opinions) == (None, "salesforce", "assertion", False)
    assert grant.audience == audiences(ORG)


def found(*codes: str) -> tuple[Finding, ...]:
    return tuple(Finding(code=code, severity=Severity.ERROR, message=code) for code in codes)


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (("token-expired",), "expired authorization code"),
        (("token-audience-mismatch",), "audience is invalid"),
        (("audience-mismatch",), "audience is invalid"),
        (("signature-mismatch",), "invalid assertion"),
        (("token-expired", "audience-mismatch"), "invalid assertion"),
    ],
)
def test_an_org_says_one_thing_of_one_reason_and_another_of_several(codes: tuple[str, ...], said: str) -> None:
    error = refusal(found(*codes))
    assert error.told("salesforce") == {"error": "invalid_grant", "error_description": said}
    assert error.findings == found(*codes)


def test_what_cannot_be_read_is_refused_too() -> None:
    broken = InputError("assertion", "is no token", "send one")
    grant, proof = unreadable(broken), unreadable(broken, authenticates=True)
    assert (grant.error, proof.error) == ("invalid_grant", "invalid_client")
    assert [each.message for each in (*grant.findings, *proof.findings)] == ["assertion: is no token"] * 2


def test_a_user_is_there_and_has_approved() -> None:
    narrow = replace(KEYED, approved=frozenset({"amira"}))
    approve(KEYED, "ben", {"amira", "ben"})
    approve(narrow, "amira", {"amira", "ben"})
    for client, username, code in ((KEYED, "carl", "unknown-subject"), (narrow, "ben", "user-not-approved")):
        with pytest.raises(OAuthError) as caught:
            approve(client, username, {"amira", "ben"})
        assert caught.value.code == code


def test_without_a_scope_the_registration_counts_and_never_a_refresh_token() -> None:
    assert scopes_of(KEYED, provider()) == ()
    assert scopes_of(KEYED, ORG) == ("api",)
    wide = replace(KEYED, scopes=frozenset({"web", "api", "refresh_token", "offline_access"}))
    assert scopes_of(wide, ORG) == ("api", "web")
