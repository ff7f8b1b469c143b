"""The front pages tell how to log in by OpenID Connect, without a key being made for that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ssolab.core.jwk import TrustedJwk
from ssolab.oidc.relying import JwksTrust, PinnedTrust
from ssolab.web import op_start
from ssolab.web.sp import create_relying_app
from tests.web.openid import BASE, SHOP, Visitor, openid_lab
from tests.web.openid_pair import OpenidPair
from tests.web.parts import salesforce_asserting


def test_the_front_page_of_the_provider_names_its_addresses_its_clients_and_a_way_in() -> None:
    visitor = Visitor()
    page = visitor.http.get("/").text
    told = visitor.http.get("/.well-known/openid-configuration").json or {}
    for name in ("issuer", "jwks_uri", "authorization_endpoint", "token_endpoint", "end_session_endpoint"):
        assert f">{told[name]}</dd>" in page
    assert f">{BASE}/.well-known/openid-configuration</dd>" in page
    assert "shop (the shop), proves itself by a secret" in page
    assert "phone, proves itself by nothing, as a public client" in page
    assert 'href="http://localhost:8081/oidc/login"' in page


def test_many_clients_are_counted_and_not_listed() -> None:
    clients = (replace(SHOP, client_id=f"shop {number}") for number in range(30))
    page = Visitor(openid_lab(*clients)).http.get("/").text
    assert "shop 18 (the shop)" in page
    assert "shop 19 (" not in page
    assert '<dt>further clients</dt><dd class="mono">11</dd>' in page


def test_looking_at_an_org_makes_none_of_its_large_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> None:
        pytest.fail("a key was made for a page that shows none")

    monkeypatch.setattr(op_start, "_made_keys", made)
    visitor = Visitor(openid_lab(asserting=salesforce_asserting()))
    assert f">{BASE}/services/oauth2/authorize</dd>" in visitor.http.get("/").text
    assert (visitor.http.get("/.well-known/openid-configuration").json or {})["issuer"] == BASE
    assert "ssolab-rp" in create_relying_app(visitor.lab).test_client().get("/").text


def test_the_front_page_of_the_client_says_whose_it_is_and_whom_it_believes() -> None:
    pair = OpenidPair.made()
    http = create_relying_app(pair.lab).test_client()
    page = http.get("/").text
    assert ">ssolab-rp</dd>" in page
    assert ">http://127.0.0.1:8081/oidc/callback</dd>" in page
    assert "those that the provider lists, kept as by default" in page
    pair.client(trust=JwksTrust(profile="go-oidc"))
    assert "kept as by go-oidc" in http.get("/").text
    pair.client(trust=PinnedTrust(keys=(TrustedJwk.of(pair.lab.asserting.credential.certificate),)))
    assert "1 pinned by hand" in http.get("/").text
