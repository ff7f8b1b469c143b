"""The registration endpoint over its routes: who may register, what it answers, and what a client can do then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.oidc.parties import Client
from ssolab.web.lab import Bases, Lab
from ssolab.web.op_register import MOST_CLIENTS
from ssolab.web.openid import Openid
from tests.web.openid import BASE, CALLBACK, SHOP, Visitor
from tests.web.parts import config, salesforce_asserting

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

METADATA = {"redirect_uris": [CALLBACK], "client_name": "Kasse 3"}
DISCOVERY = "/.well-known/openid-configuration"


def open_visitor(**settings: Any) -> Visitor:
    lab = Lab(replace(config(), openid=Openid(open_registration=True, **settings)), Bases(asserting=BASE))
    return Visitor(lab)


def register(visitor: Visitor, metadata: Any = METADATA, token: str = "", path: str = "/register") -> TestResponse:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return visitor.http.post(path, json=metadata, headers=headers)


def test_a_client_that_registers_can_log_somebody_in() -> None:
    visitor = open_visitor()
    got = register(visitor)
    assert (got.status_code, got.headers["Cache-Control"]) == (201, "no-store")
    told = got.json or {}
    assert told["client_id_issued_at"] == int(visitor.lab.now().timestamp())
    client = Client(client_id=told["client_id"], secret=told["client_secret"], redirect_uris=(CALLBACK,))
    registered = replace(visitor, client=client)
    assert registered.claims(registered.tokens()["id_token"])["aud"] == client.client_id


def test_the_secret_is_told_once_and_stands_in_no_journal() -> None:
    visitor = open_visitor()
    told = register(visitor).json or {}
    entry = visitor.last("client-registered")
    assert entry.accepted
    assert entry.summary == f"Client {told['client_id']} registered as Kasse 3"
    assert told["client_secret"] not in repr(entry)
    assert told["client_secret"] not in repr(visitor.lab.openid.clients)
    assert told["client_secret"] not in visitor.http.get("/").text


def test_registering_needs_the_token_of_the_lab_unless_the_lab_is_open() -> None:
    visitor = Visitor()
    for token in ("", "wrong", "w\u00f6rng"):
        got = register(visitor, token=token)
        assert got.status_code == 401
        assert (got.json or {})["error"] == "invalid_token"
        assert got.headers["WWW-Authenticate"].startswith('Bearer realm="ssolab", error="invalid_token"')
    assert [each.code for each in visitor.last("registration-refused").findings] == ["registration-without-token"]
    assert len(visitor.lab.openid.clients) == 4
    assert register(visitor, token=visitor.lab.token).status_code == 201
    assert len(visitor.lab.openid.clients) == 5


def test_the_discovery_document_names_the_address_where_anybody_may_register() -> None:
    assert "registration_endpoint" not in (Visitor().http.get(DISCOVERY).json or {})
    assert (open_visitor().http.get(DISCOVERY).json or {})["registration_endpoint"] == f"{BASE}/register"


def test_an_org_registers_clients_where_its_discovery_document_says() -> None:
    lab = Lab(replace(config(salesforce_asserting()), openid=Openid()), Bases(asserting=BASE))
    visitor = Visitor(lab)
    address = (visitor.http.get(DISCOVERY).json or {})["registration_endpoint"]
    assert address == f"{BASE}/services/oauth2/register"
    path = address.removeprefix(BASE)
    assert register(visitor, path=path).status_code == 401
    assert register(visitor, token=lab.token, path=path).status_code == 201
    assert lab.openid.provider.endpoints.registration == address


@pytest.mark.parametrize(
    ("body", "kind", "error", "code"),
    [
        (b"{", "application/json", "invalid_client_metadata", "unreadable-client-metadata"),
        (b"[]", "application/json", "invalid_client_metadata", "unreadable-client-metadata"),
        (b'{"scope": "a", "scope": "b"}', "application/json", "invalid_client_metadata", "unreadable-client-metadata"),
        (b"{}", "text/plain", "invalid_client_metadata", "unreadable-client-metadata"),
        (b"{}", "application/json", "invalid_redirect_uri", "unfit-redirect-uri"),
        (b'{"redirect_uris": 7}', "application/json", "invalid_client_metadata", "unfit-client-metadata"),
    ],
)
def test_what_is_refused_is_told_in_the_words_of_the_standard(body: bytes, kind: str, error: str, code: str) -> None:
    visitor = open_visitor()
    before = dict(visitor.lab.openid.clients)
    got = visitor.http.post("/register", data=body, content_type=kind)
    assert (got.status_code, (got.json or {})["error"]) == (400, error)
    assert [each.code for each in visitor.last("registration-refused").findings] == [code]
    assert visitor.lab.openid.clients == before


def test_nobody_can_fill_the_memory_with_clients() -> None:
    visitor = open_visitor(
        clients=tuple(replace(SHOP, client_id=f"shop {number}") for number in range(MOST_CLIENTS - 1))
    )
    got = register(visitor)
    assert (got.status_code, (got.json or {})["error"]) == (503, "temporarily_unavailable")
    assert len(visitor.lab.openid.clients) == MOST_CLIENTS
