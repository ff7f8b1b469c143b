"""What follows from the settings of providers and clients."""

from __future__ import annotations

import pytest

from ssolab.core.keys import TrustedKey
from ssolab.oidc.parties import Client, endpoints_at
from tests.oidc.provider_parts import ISSUER, SHOP, provider
from tests.web.parts import credential

KEY = TrustedKey.of(credential("sp").certificate)


def test_a_generic_provider_and_an_org_have_addresses_of_their_own() -> None:
    generic, org = endpoints_at(ISSUER), endpoints_at(ISSUER, "salesforce")
    assert (generic.token, generic.jwks, generic.end_session) == (
        f"{ISSUER}/token",
        f"{ISSUER}/jwks",
        f"{ISSUER}/logout",
    )
    assert (org.token, org.jwks, org.end_session) == (
        f"{ISSUER}/services/oauth2/token",
        f"{ISSUER}/id/keys",
        f"{ISSUER}/services/auth/idp/oidc/logout",
    )
    assert (generic.registration, org.registration) == (None, f"{ISSUER}/services/oauth2/register")
    assert endpoints_at(ISSUER, registers=True).registration == f"{ISSUER}/register"


def test_an_org_does_not_name_itself_in_answers() -> None:
    assert provider().names_itself
    assert not provider(flavour="salesforce").names_itself


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (Client(client_id="a"), True),
        (Client(client_id="a", secret=""), True),
        (Client(client_id="a", secret="s"), False),
        (Client(client_id="a", keys=(KEY,)), False),
        (Client(client_id="a", secret="s", auth_method="none"), True),
        (Client(client_id="a", auth_method="private_key_jwt"), False),
    ],
)
def test_a_client_with_nothing_to_prove_itself_by_is_public(client: Client, expected: bool) -> None:  # noqa: FBT001  a parameter of pytest
    assert client.is_public is expected


def test_a_client_may_do_everything_unless_its_registration_says_what() -> None:
    narrow = Client(client_id="a", name="A", grant_types=("refresh_token",), scopes=frozenset({"api", "web"}))
    assert SHOP.may_use("anything")
    assert (narrow.may_use("refresh_token"), narrow.may_use("authorization_code")) == (True, False)
    assert SHOP.allowed(["b", "a", "b"]) == ("b", "a")
    assert narrow.allowed(["web", "id", "api", "web"]) == ("web", "api")
    assert (SHOP.label, narrow.label) == ("shop", "A")


def test_no_secret_shows_in_a_text() -> None:
    assert "secret='" not in repr(SHOP)
    assert "mac" not in repr(provider(mac_key=b"mac-of-the-org"))
