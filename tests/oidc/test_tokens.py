"""The claims of what a provider issues, for whom they hold and for how long, and the key that signs them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ssolab.core.jose import half_hash, read_compact
from ssolab.oidc.errors import OAuthError
from ssolab.oidc.keyring import KeyState
from ssolab.oidc.parties import ACCESS_TOKENS, LIFETIMES
from ssolab.oidc.tokens import (
    Granted,
    access_token_claims,
    epoch,
    fits_challenge,
    id_token_claims,
    key_for,
    logout_token_claims,
    signed,
)
from tests.oidc.provider_parts import ISSUER, SHOP, life_key, provider
from tests.web.openid import CHALLENGE, VERIFIER
from tests.web.parts import NOW

GRANTED = Granted(
    client_id="shop",
    subject="amira",
    username="amira",
    scopes=("openid",),
    family="f",
    auth_time=NOW - timedelta(minutes=1),
    nonce="n",
    sid="s",
)


def seconds(number: int) -> int:
    return epoch(NOW) + number


@pytest.mark.parametrize(
    ("verifier", "challenge", "method", "fits"),
    [
        (VERIFIER, CHALLENGE, "S256", True),
        (VERIFIER + "x", CHALLENGE, "S256", False),
        (CHALLENGE, CHALLENGE, "S256", False),
        (CHALLENGE, CHALLENGE, "plain", True),
        (CHALLENGE, CHALLENGE, None, True),
        (VERIFIER, CHALLENGE, "plain", False),
        ("\u00e4", CHALLENGE, "S256", False),
    ],
)
def test_a_verifier_fits_its_challenge(verifier: str, challenge: str, method: str | None, fits: bool) -> None:  # noqa: FBT001  a parameter of pytest
    assert fits_challenge(verifier, challenge, method) is fits


def test_an_id_token_tells_whose_it_is_and_what_it_is_bound_to() -> None:
    claims = id_token_claims(
        provider(),
        SHOP,
        GRANTED,
        now=NOW,
        alg="RS256",
        access_token="a",
        code="c",
        told={"email": "e", "sub": "not he"},
    )
    assert claims == {
        "iss": ISSUER,
        "sub": "amira",
        "aud": "shop",
        "exp": seconds(300),
        "iat": seconds(0),
        "auth_time": seconds(-60),
        "nonce": "n",
        "sid": "s",
        "at_hash": half_hash("RS256", "a"),
        "c_hash": half_hash("RS256", "c"),
        "email": "e",
    }


def test_an_id_token_for_several_names_the_one_it_was_issued_to() -> None:
    several = replace(SHOP, id_token_audiences=("shop", "api"), id_token_life=timedelta(seconds=9))
    claims = id_token_claims(provider(), several, replace(GRANTED, acr="gold"), now=NOW, alg="RS256")
    assert (claims["aud"], claims["azp"], claims["acr"]) == (["shop", "api"], "shop", "gold")
    assert claims["exp"] == seconds(9)
    assert not {"at_hash", "c_hash"} & set(claims)


def test_nothing_is_told_of_what_nobody_knows() -> None:
    bare = replace(GRANTED, auth_time=None, nonce=None, sid=None)
    claims = id_token_claims(provider(), SHOP, bare, now=NOW, alg="RS256")
    assert set(claims) == {"iss", "sub", "aud", "exp", "iat"}


def test_no_login_is_in_the_future_of_a_clock_that_was_moved_back() -> None:
    later = replace(GRANTED, auth_time=NOW + timedelta(hours=1))
    assert id_token_claims(provider(), SHOP, later, now=NOW, alg="RS256")["auth_time"] == seconds(0)
    claims = access_token_claims(provider(), later, ("openid",), now=NOW, new_id="j")
    assert claims["auth_time"] == seconds(0)


def test_an_id_token_of_an_org_has_the_members_of_real_ones_in_their_order() -> None:
    org = provider(flavour="salesforce", lifetimes=LIFETIMES["salesforce"])
    claims = id_token_claims(org, SHOP, GRANTED, now=NOW, alg="RS256", access_token="a")
    assert list(claims) == ["exp", "sub", "at_hash", "aud", "iss", "iat", "nonce"]
    assert claims["exp"] == seconds(120)
    wanted = id_token_claims(org, SHOP, replace(GRANTED, auth_time_wanted=True), now=NOW, alg="RS256")
    assert wanted["auth_time"] == seconds(-60)


def test_an_access_token_is_for_the_provider_itself_and_says_which_client_has_it() -> None:
    claims = access_token_claims(provider(), replace(GRANTED, auth_time=None), ("a", "b"), now=NOW, new_id="j")
    assert claims == {
        "iss": ISSUER,
        "sub": "amira",
        "aud": ISSUER,
        "client_id": "shop",
        "exp": seconds(600),
        "iat": seconds(0),
        "jti": "j",
        "scope": "a b",
    }


@pytest.mark.parametrize("sid", ["s", None])
def test_a_logout_token_names_the_event_and_never_a_nonce(sid: str | None) -> None:
    claims = logout_token_claims(provider(), SHOP, subject="amira", sid=sid, now=NOW, new_id="j")
    assert claims["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
    assert (claims["aud"], claims["exp"], claims.get("sid")) == ("shop", seconds(120), sid)
    assert "nonce" not in claims


def test_the_key_is_chosen_by_what_it_is_for() -> None:
    old = life_key("old", KeyState.DRAINING)
    rsa, tokens = life_key(), life_key("sp", purpose=ACCESS_TOKENS)
    ring = provider(old, rsa, tokens)
    assert key_for(ring).kid == "idp"
    assert key_for(ring, "RS256").kid == "idp"
    assert key_for(ring, access_token=True).kid == "sp"
    assert key_for(provider(rsa), access_token=True).kid == "idp"
    with pytest.raises(OAuthError) as caught:
        key_for(ring, "ES256")
    assert (caught.value.error, caught.value.status) == ("server_error", 500)
    with pytest.raises(OAuthError):
        key_for(provider(old))


def test_where_there_is_no_rs256_the_first_family_signs() -> None:
    assert key_for(provider(life_key(alg="PS256"))).alg == "PS256"


def test_a_header_is_alg_typ_and_kid_in_that_order() -> None:
    read = read_compact(signed(life_key(), {"a": 1}, typ="at+jwt"), "token")
    assert list(read.header.items()) == [("alg", "RS256"), ("typ", "at+jwt"), ("kid", "idp")]
    assert read.payload == b'{"a":1}'
