"""Pages of other origins read the provider's answers where a client runs in a browser, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ssolab.oidc.parties import Client
from tests.web.openid import OTHER, PHONE, SHOP, Visitor, openid_lab
from tests.web.parts import salesforce_asserting

ORIGIN = "http://127.0.0.1:9002"
SHARED = (
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
    "/jwks",
    "/userinfo",
    "/token",
)
ORG = ("/id/keys", "/services/oauth2/userinfo", "/services/oauth2/token")


@pytest.mark.parametrize("path", [*SHARED, *ORG])
def test_the_page_of_a_public_client_may_read_what_it_needs(path: str) -> None:
    http = Visitor().http
    method = "POST" if path.endswith("token") else "GET"
    got = http.open(path, method=method, headers={"Origin": ORIGIN})
    assert got.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert got.headers["Access-Control-Expose-Headers"] == "WWW-Authenticate"
    assert "Access-Control-Allow-Credentials" not in got.headers
    assert "Access-Control-Allow-Headers" not in got.headers
    assert "Origin" in got.vary
    asked = http.options(path, headers={"Origin": ORIGIN, "Access-Control-Request-Headers": "authorization"})
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
    assert asked.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert asked.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize("origin", ["http://127.0.0.1:9000", "http://127.0.0.1", "null", "https://127.0.0.1:9002"])
def test_no_other_page_may_and_copies_are_kept_apart(origin: str) -> None:
    got = Visitor().http.get("/jwks", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in got.headers
    assert "Origin" in got.vary
    assert "Origin" in Visitor().http.get("/jwks").vary


@pytest.mark.parametrize("path", ["/", "/authorize", "/logout", "/introspect", "/register", "/saml/metadata"])
def test_nothing_else_is_for_pages_of_others(path: str) -> None:
    got = Visitor().http.options(path, headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in got.headers


@pytest.mark.parametrize("path", SHARED)
def test_without_a_public_client_browsers_are_told_nothing(path: str) -> None:
    got = Visitor(openid_lab(SHOP, OTHER)).http.options(path, headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in got.headers
    assert "Origin" not in got.vary


def test_a_client_that_is_registered_later_counts_at_once_and_one_that_gets_a_secret_no_more() -> None:
    visitor = Visitor(openid_lab(SHOP))
    for client, expected in ((PHONE, ORIGIN), (replace(PHONE, secret="now it has one"), None)):
        visitor.lab.openid.register(client)
        got = visitor.http.get("/jwks", headers={"Origin": ORIGIN})
        assert got.headers.get("Access-Control-Allow-Origin") == expected


def test_an_org_goes_by_the_same_rule() -> None:
    visitor = Visitor(openid_lab(PHONE, asserting=salesforce_asserting()), root="/services/oauth2")
    got = visitor.http.get("/.well-known/openid-configuration", headers={"Origin": ORIGIN})
    assert got.headers["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://APP.example/cb", "https://app.example"),
        ("https://app.example:443/cb", "https://app.example"),
        ("https://app.example:8443/cb", "https://app.example:8443"),
        ("http://app.example:80/", "http://app.example"),
        ("http://[::1]:9000/cb", "http://[::1]:9000"),
        ("com.example.app:/cb", None),
        ("http:///cb", None),
        ("http://app.example:port/cb", None),
        ("http://[::1/cb", None),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(address: str, origin: str | None) -> None:
    expected = frozenset() if origin is None else {origin}
    assert Client(client_id="page", redirect_uris=(address,)).origins == expected
    assert Client(client_id="server", secret="secret", redirect_uris=(address,)).origins == frozenset()
