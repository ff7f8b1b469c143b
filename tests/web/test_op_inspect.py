"""Introspection and revocation."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.web.openid import BASE, OTHER, PHONE, SHOP, Visitor, at, basic_header
from tests.web.parts import AMIRA

if TYPE_CHECKING:
    from ssolab.oidc.parties import Client


def asked(visitor: Visitor, path: str, token: str, client: Client = SHOP) -> dict[str, Any]:
    """Send a token to one of both endpoints, and give the answer with its status."""
    got = visitor.http.post(path, data={"token": token}, headers=basic_header(client))
    return {"status": got.status_code, **(got.json if got.data and isinstance(got.json, dict) else {})}


def test_a_client_is_told_what_a_token_means_until_it_expires() -> None:
    visitor = Visitor()
    token = visitor.tokens(scope="openid email")["access_token"]
    assert asked(visitor, "/introspect", token, OTHER) == {
        "status": 200,
        "active": True,
        "scope": "openid email",
        "client_id": "shop",
        "username": AMIRA.username,
        "token_type": "Bearer",
        "exp": at(600),
        "iat": at(0),
        "sub": AMIRA.username,
        "iss": BASE,
    }
    visitor.lab.clock.advance(timedelta(minutes=10))
    assert asked(visitor, "/introspect", token) == {"status": 200, "active": False}


def test_only_its_own_client_learns_of_a_refresh_token() -> None:
    visitor = Visitor()
    token = visitor.tokens(scope="openid offline_access")["refresh_token"]
    assert asked(visitor, "/introspect", token)["active"] is True
    assert asked(visitor, "/introspect", token, OTHER)["active"] is False
    assert asked(visitor, "/introspect", "of nobody")["active"] is False


def test_nobody_asks_without_authenticating() -> None:
    visitor = Visitor()
    token = visitor.tokens()["access_token"]
    for data in ({"token": token}, {"token": token, "client_id": PHONE.client_id}):
        got = visitor.http.post("/introspect", data=data)
        assert (got.status_code, (got.json or {})["error"]) == (401, "invalid_client")


def test_revoking_an_access_token_ends_it_alone() -> None:
    visitor = Visitor()
    tokens = visitor.tokens(scope="openid offline_access")
    assert asked(visitor, "/revoke", tokens["access_token"])["status"] == 200
    assert visitor.userinfo(tokens["access_token"]).status_code == 401
    got = visitor.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert got.status_code == 200


def test_revoking_a_refresh_token_ends_all_that_came_of_it() -> None:
    visitor = Visitor()
    tokens = visitor.tokens(scope="openid offline_access")
    assert asked(visitor, "/revoke", tokens["refresh_token"], OTHER)["status"] == 400
    assert visitor.userinfo(tokens["access_token"]).status_code == 200
    assert asked(visitor, "/revoke", tokens["refresh_token"])["status"] == 200
    assert visitor.userinfo(tokens["access_token"]).status_code == 401
    assert asked(visitor, "/revoke", "of nobody")["status"] == 200


def test_userinfo_takes_the_token_in_three_ways_and_never_in_the_address() -> None:
    visitor = Visitor()
    token = visitor.tokens()["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    for got in (
        visitor.http.get("/userinfo", headers=header),
        visitor.http.post("/userinfo", headers=header),
        visitor.http.post("/userinfo", data={"access_token": token}),
    ):
        assert (got.status_code, got.json) == (200, {"sub": AMIRA.username})
    got = visitor.http.get(f"/userinfo?access_token={token}")
    assert (got.status_code, got.headers["WWW-Authenticate"]) == (401, 'Bearer realm="ssolab"')
    got = visitor.http.post("/userinfo", headers=header, data={"access_token": token})
    assert (got.status_code, (got.json or {})["error"]) == (400, "invalid_request")
    got = visitor.userinfo("of nobody")
    assert 'error="invalid_token"' in got.headers["WWW-Authenticate"]
    visitor.lab.clock.advance(timedelta(minutes=10))
    assert visitor.userinfo(token).status_code == 401
