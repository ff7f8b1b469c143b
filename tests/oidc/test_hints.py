"""ID tokens that come back as hints: ours, whatever their age, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from ssolab.core.jose import sign_compact
from ssolab.oidc.errors import OAuthError
from ssolab.oidc.hints import read_hint
from ssolab.oidc.keyring import KeyState
from ssolab.oidc.tokens import signed
from tests.keys import test_key
from tests.oidc.provider_parts import ISSUER, life_key, provider

CLAIMS: dict[str, Any] = {"iss": ISSUER, "sub": "amira", "aud": "shop", "sid": "s", "exp": 1}


def told(**changes: Any) -> str:
    return signed(life_key(), {name: value for name, value in (CLAIMS | changes).items() if value is not None})


def test_an_old_token_still_says_whose_it_is() -> None:
    hint = read_hint(told(), provider())
    assert (hint.subject, hint.audience, hint.sid) == ("amira", ("shop",), "s")
    hint = read_hint(told(aud=["shop", 7, "other"], sid=7), provider())
    assert (hint.audience, hint.sid) == (("shop", "other"), None)
    assert read_hint(told(aud=None), provider()).audience == ()


@pytest.mark.parametrize("state", [KeyState.DRAINING, KeyState.REMOVED])
def test_a_key_that_signs_no_more_still_counts(state: KeyState) -> None:
    assert read_hint(told(), provider(life_key(state=state), life_key("sp"))).subject == "amira"


def test_a_token_without_kid_is_tried_with_every_key() -> None:
    bare = sign_compact({"alg": "RS256"}, CLAIMS, test_key("sp"), "RS256")
    assert read_hint(bare, provider(life_key(), life_key("sp", KeyState.DRAINING))).subject == "amira"
    with pytest.raises(OAuthError):
        read_hint(bare, provider())


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("nothing", "segment|part|dot"),
        (sign_compact({"alg": "RS256", "kid": "idp"}, CLAIMS, test_key("sp"), "RS256"), "no key of this provider"),
        (sign_compact({"alg": "RS256", "kid": "other"}, CLAIMS, test_key("idp"), "RS256"), "no key of this provider"),
        (sign_compact({"alg": "PS256", "kid": "idp"}, CLAIMS, test_key("idp"), "PS256"), "no key of this provider"),
        (sign_compact({"alg": "RS256", "kid": "idp"}, b"[]", test_key("idp"), "RS256"), "object"),
        (told(iss="https://other.example"), "no ID token of this provider"),
        (told(sub=None), "no ID token of this provider"),
        (told(sub=7), "no ID token of this provider"),
        (told(events={}), "no ID token of this provider"),
    ],
    ids=["none", "wrong key", "unknown kid", "wrong alg", "array", "issuer", "no subject", "odd subject", "logout"],
)
def test_what_is_no_id_token_of_ours_is_refused(token: str, why: str) -> None:
    with pytest.raises(OAuthError, match=why) as caught:
        read_hint(token, provider())
    assert (caught.value.code, caught.value.name, caught.value.error) == (
        "unfit-parameter",
        "id_token_hint",
        "invalid_request",
    )


def test_a_compromised_key_says_nothing_any_more() -> None:
    with pytest.raises(OAuthError, match="no key of this provider"):
        read_hint(told(), provider(life_key(state=KeyState.COMPROMISED), life_key("sp")))
