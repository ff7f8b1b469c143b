"""The token endpoint: who may have what, once, and what it says to everybody else."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.openid import (
    CALLBACK,
    CHALLENGE,
    OTHER,
    PHONE,
    SHOP,
    VERIFIER,
    Visitor,
    basic_header,
    openid_lab,
    sent_back,
)
from tests.web.parts import AMIRA

if TYPE_CHECKING:
    from werkzeug.test import TestResponse


def refused(visitor: Visitor, got: TestResponse, error: str, code: str, status: int = 400) -> None:
    """Assert that a call was refused with the error of the standard, and explained in the journal."""
    assert (got.status_code, (got.json or {}).get("error")) == (status, error), got.text
    assert got.headers["Cache-Control"] == "no-store"
    assert [found.code for found in visitor.last("token-refused").findings] == [code]
    assert visitor.last("token-refused").accepted is False


def test_a_code_is_good_once_and_its_second_use_revokes_what_the_first_brought() -> None:
    visitor = Visitor()
    code = visitor.answer()["code"]
    tokens: dict[str, Any] = visitor.redeem(code).json or {}
    assert visitor.userinfo(tokens["access_token"]).status_code == 200
    refused(visitor, visitor.redeem(code), "invalid_grant", "used-code")
    assert visitor.userinfo(tokens["access_token"]).status_code == 401


def test_of_two_that_bring_a_code_at_once_one_gets_tokens() -> None:
    visitor = Visitor()
    code, got = visitor.answer()["code"], []
    threads = [threading.Thread(target=lambda: got.append(visitor.redeem(code).status_code)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(got) == [200, 400, 400, 400]


def test_a_code_of_another_client_is_refused_and_stays_good_for_its_own() -> None:
    visitor = Visitor()
    code = visitor.answer()["code"]
    refused(visitor, visitor.redeem(code, client=OTHER), "invalid_grant", "code-of-another-client")
    assert visitor.redeem(code).status_code == 200


def test_a_code_lives_as_long_as_the_provider_says() -> None:
    visitor = Visitor()
    code = visitor.answer()["code"]
    visitor.lab.clock.advance(timedelta(minutes=1))
    refused(visitor, visitor.redeem(code), "invalid_grant", "expired-code")


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"redirect_uri": f"{CALLBACK}?with=query"}, "redirect-uri-changed"),
        ({"redirect_uri": ""}, "redirect-uri-changed"),
        ({"code_verifier": VERIFIER}, "wrong-code-verifier"),
        ({"code": "of-somebody"}, "unknown-code"),
    ],
)
def test_a_code_needs_what_belongs_to_it(more: dict[str, str], code: str) -> None:
    visitor = Visitor()
    fetched = visitor.answer()["code"]
    refused(visitor, visitor.redeem(fetched, more), "invalid_grant", code)
    assert visitor.redeem(fetched).status_code == 200  # nothing else changed


@pytest.mark.parametrize("verifier", ["", VERIFIER[:-1] + "x", CHALLENGE, "ü" * 43])
def test_the_verifier_of_pkce_is_the_one_that_was_challenged(verifier: str) -> None:
    visitor = Visitor()
    code = visitor.answer(code_challenge=CHALLENGE, code_challenge_method="S256")["code"]
    refused(visitor, visitor.redeem(code, code_verifier=verifier), "invalid_grant", "wrong-code-verifier")
    assert visitor.redeem(code, code_verifier=VERIFIER).status_code == 200


def test_a_public_client_proves_itself_by_pkce_alone() -> None:
    visitor = Visitor(client=PHONE)
    code = visitor.answer(code_challenge=CHALLENGE, code_challenge_method="S256")["code"]
    assert visitor.redeem(code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.parametrize("basic", [True, False])
def test_a_client_proves_itself_in_the_header_or_in_the_form(basic: bool) -> None:  # noqa: FBT001  a parameter of pytest
    visitor = Visitor()
    assert visitor.redeem(visitor.answer()["code"], basic=basic).status_code == 200
    wrong = replace(SHOP, secret="guessed")
    got = visitor.redeem(visitor.answer()["code"], basic=basic, client=wrong)
    refused(visitor, got, "invalid_client", "wrong-client-secret", 401)
    assert got.headers["WWW-Authenticate"].startswith("Basic ")


def test_what_a_client_is_told_does_not_say_which_half_was_wrong() -> None:
    visitor = Visitor()
    one = visitor.redeem("x", client=replace(SHOP, secret="guessed"))
    two = visitor.redeem("x", client=replace(SHOP, client_id="nobody"))
    assert (one.status_code, one.json["error"]) == (two.status_code, two.json["error"])  # type: ignore[index]  # both are told
    assert [found.code for found in visitor.last("token-refused").findings] == ["unknown-client"]


@pytest.mark.parametrize(
    ("form", "headers", "error", "code"),
    [
        ({"scope": "openid"}, {}, "invalid_request", "parameter-missing"),
        ({"grant_type": "magic"}, {}, "unsupported_grant_type", "unknown-grant-type"),
        ({"grant_type": "client_credentials"}, {}, "invalid_client", "client-not-authenticated"),
        ({"grant_type": "client_credentials", "client_id": "shop"}, {}, "invalid_client", "client-not-authenticated"),
        (
            {"grant_type": "client_credentials", "client_id": "shop", "client_secret": "x"},
            basic_header(SHOP),
            "invalid_request",
            "several-client-authentications",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "other"},
            basic_header(SHOP),
            "invalid_request",
            "several-client-authentications",
        ),
        (
            {"grant_type": "client_credentials"},
            {"Authorization": "Basic ****"},
            "invalid_client",
            "malformed-client-credentials",
        ),
        ({"grant_type": "client_credentials", "scope": "a  b"}, basic_header(SHOP), "invalid_scope", "unfit-scope"),
        ({"grant_type": "authorization_code"}, basic_header(SHOP), "invalid_request", "parameter-missing"),
        (
            {"grant_type": "refresh_token", "refresh_token": "x"},
            basic_header(SHOP),
            "invalid_grant",
            "unknown-refresh-token",
        ),
        ({"grant_type": "x" * 200_000}, {}, "invalid_request", "oversized-parameter"),
    ],
)
def test_bad_calls_get_the_error_of_the_standard(
    form: dict[str, str], headers: dict[str, str], error: str, code: str
) -> None:
    visitor = Visitor()
    got = visitor.http.post("/token", data=form, headers=headers)
    refused(visitor, got, error, code, 401 if error == "invalid_client" else 400)


@pytest.mark.parametrize(
    ("data", "kind", "code"),
    [
        (b"grant_type=a&grant_type=b", "application/x-www-form-urlencoded", "repeated-parameter"),
        (b'{"grant_type":"client_credentials"}', "application/json", "unreadable-request"),
        (b"grant_type=%ff%fe", "application/x-www-form-urlencoded", "unreadable-request"),
        (
            b"&".join(b"p%d=1" % number for number in range(99)),
            "application/x-www-form-urlencoded",
            "unreadable-request",
        ),
    ],
)
def test_bodies_that_are_no_form_are_refused(data: bytes, kind: str, code: str) -> None:
    visitor = Visitor()
    refused(visitor, visitor.http.post("/token", data=data, content_type=kind), "invalid_request", code)


def test_a_secret_in_the_address_is_not_even_looked_at() -> None:
    visitor = Visitor()
    got = visitor.http.post("/token?client_secret=x", data={"grant_type": "client_credentials"})
    refused(visitor, got, "invalid_request", "unreadable-request")


def test_a_refresh_token_is_replaced_and_its_second_use_ends_everything() -> None:
    visitor = Visitor()
    first = visitor.tokens(scope="openid offline_access")
    asked = {"grant_type": "refresh_token"}
    second: dict[str, Any] = visitor.token(asked, refresh_token=first["refresh_token"]).json or {}
    one, two = visitor.claims(first["id_token"]), visitor.claims(second["id_token"])
    assert all(one[name] == two[name] for name in ("iss", "sub", "aud", "auth_time"))
    assert second["refresh_token"] != first["refresh_token"]
    got = visitor.token(asked, refresh_token=first["refresh_token"])
    refused(visitor, got, "invalid_grant", "used-refresh-token")
    got = visitor.token(asked, refresh_token=second["refresh_token"])
    refused(visitor, got, "invalid_grant", "unknown-refresh-token")
    assert visitor.userinfo(second["access_token"]).status_code == 401


def test_a_refresh_token_is_bound_to_its_client_and_can_ask_for_less_only() -> None:
    visitor = Visitor()
    held = visitor.tokens(scope="openid email offline_access")["refresh_token"]
    asked = {"grant_type": "refresh_token", "refresh_token": held}
    refused(visitor, visitor.token(asked, client=OTHER), "invalid_grant", "refresh-token-of-another-client")
    refused(visitor, visitor.token(asked, scope="openid phone"), "invalid_scope", "widened-scope")
    less = visitor.token(asked, scope="openid")
    assert (less.status_code, (less.json or {})["scope"]) == (200, "openid")


def test_a_refresh_token_expires() -> None:
    visitor = Visitor()
    held = visitor.tokens(scope="openid offline_access")["refresh_token"]
    visitor.lab.clock.advance(timedelta(days=30))
    got = visitor.token(grant_type="refresh_token", refresh_token=held)
    refused(visitor, got, "invalid_grant", "expired-refresh-token")


def test_a_client_may_speak_for_itself() -> None:
    visitor = Visitor()
    got = visitor.token(grant_type="client_credentials", scope="orders")
    told = got.json or {}
    assert (got.status_code, told["scope"], "id_token" in told, "refresh_token" in told) == (
        200,
        "orders",
        False,
        False,
    )
    assert visitor.userinfo(told["access_token"]).status_code == 403


def test_a_client_uses_the_grants_that_it_is_registered_for() -> None:
    bound = replace(SHOP, grant_types=("authorization_code",))
    visitor = Visitor(lab=openid_lab(bound))
    got = visitor.token(grant_type="client_credentials")
    refused(visitor, got, "unauthorized_client", "grant-not-allowed")


def test_a_client_authenticates_as_it_is_registered() -> None:
    visitor = Visitor(lab=openid_lab(replace(SHOP, auth_method="client_secret_post")))
    got = visitor.token(grant_type="client_credentials")
    refused(visitor, got, "invalid_client", "unfit-client-authentication", 401)
    assert visitor.token(grant_type="client_credentials", basic=False).status_code == 200


def test_a_jwt_access_token_is_one_of_rfc_9068() -> None:
    visitor = Visitor(lab=openid_lab(replace(SHOP, access_tokens="jwt")))
    token = visitor.tokens(scope="openid email")["access_token"]
    claims = visitor.claims(token)
    assert (claims["sub"], claims["client_id"], claims["scope"]) == (AMIRA.username, "shop", "openid email")
    assert visitor.userinfo(token).status_code == 200


def test_nothing_that_is_secret_reaches_the_journal() -> None:
    visitor = Visitor()
    code = visitor.answer(scope="openid offline_access")["code"]
    tokens: dict[str, Any] = visitor.redeem(code).json or {}
    text = repr(visitor.lab.journal.entries())
    for secret in (code, tokens["access_token"], tokens["refresh_token"], SHOP.secret or ""):
        assert secret not in text


def test_where_nothing_can_be_signed_the_client_is_told_and_what_it_brought_stays_good() -> None:
    visitor = Visitor()
    held = visitor.tokens(scope="openid offline_access")["refresh_token"]
    code = visitor.answer()["code"]
    whole = visitor.lab.openid.provider.keys
    [key] = whole.keys
    visitor.lab.openid.move_keys(lambda ring: ring.compromised(key.kid, visitor.lab.now()))
    for got in (visitor.redeem(code), visitor.token(grant_type="refresh_token", refresh_token=held)):
        refused(visitor, got, "server_error", "nothing-to-sign-with", 500)
    told = sent_back(visitor.login(visitor.ask(response_type="code id_token")))
    assert (told["error"], "code" in told) == ("server_error", False)
    assert [found.code for found in visitor.last("authorization-request-judged").findings] == ["nothing-to-sign-with"]
    visitor.lab.openid.move_keys(lambda _ring: whole)
    assert visitor.redeem(code).status_code == 200
    assert visitor.token(grant_type="refresh_token", refresh_token=held).status_code == 200
