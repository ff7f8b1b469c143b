"""Bad input at the provider: the error that the standard names, an entry that explains it, and nothing else changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from ssolab.sources import catalog
from tests.web.bearers import Bringer, claims, signed
from tests.web.openid import CALLBACK, SHOP, Visitor, basic_header, sent_back
from tests.web.parts import AMIRA

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from ssolab.web.lab import Lab

FORM = "application/x-www-form-urlencoded"
CODES = {each.code for each in catalog()}
HUGE = "9" * 5_000
USUAL = {"client_id": "shop", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid", "state": "s"}


def state(lab: Lab) -> list[object]:
    """All that a request could change."""
    openid = lab.openid
    memories = [dict(each) for each in (openid._codes, openid._tokens, openid._revoked)]
    return [*memories, openid.sessions, dict(openid.clients), openid.provider, lab.last_login, dict(lab.users)]


def explained(visitor: Visitor, event: str, code: str) -> None:
    """Assert that the newest entry refuses for that reason, and that the catalog knows more of it."""
    entry = visitor.lab.journal.entries()[-1]
    assert (entry.event, entry.accepted) == (event, False)
    assert code in [found.code for found in entry.findings]
    assert code in CODES
    assert len(entry.summary) < 1_000


# --- addresses that nobody may be sent to ---

ELSEWHERE = [
    "https://attacker.example/callback",
    "//attacker.example/callback",
    "javascript:alert(1)",
    "data:text/html,x",
    f"{CALLBACK}/../elsewhere",
    f"{CALLBACK}#fragment",
    f"{CALLBACK}%2f",
    f"{CALLBACK}\\@attacker.example",
    f"{CALLBACK}?next=https://attacker.example/",
    f"{CALLBACK} ",
    f"{CALLBACK}\r\nSet-Cookie: a=b",
    f"{CALLBACK}\0",
    CALLBACK.upper(),
    CALLBACK.replace("http://", "http://attacker.example@"),
    CALLBACK.replace("127.0.0.1", "localhost"),
    CALLBACK.replace(":9000", ":9999"),
    CALLBACK.replace("127.0.0.1", "127.1"),
    "/callback",
    "é" * 300,
]


@pytest.mark.parametrize("address", ELSEWHERE)
@pytest.mark.parametrize("extra", [{}, {"response_type": "magic"}, {"prompt": "none"}, {"request": "a.b.c"}])
def test_nobody_is_redirected_to_an_address_that_is_not_registered(address: str, extra: dict[str, str]) -> None:
    visitor = Visitor()
    before = state(visitor.lab)
    got = visitor.ask(redirect_uri=address, **extra)
    assert (got.status_code, "Location" in got.headers, "Set-Cookie" in got.headers) == (400, False, False)
    explained(visitor, "authorization-request-judged", "unregistered-redirect-uri")
    assert state(visitor.lab) == before


@pytest.mark.parametrize("address", [*ELSEWHERE, "http://127.0.0.1:9000/bye/", "http://127.0.0.1:9000/bye?a=b"])
def test_a_logout_sends_nobody_to_an_address_that_is_not_registered(address: str) -> None:
    visitor = Visitor()
    hint = visitor.tokens()["id_token"]
    before = state(visitor.lab)
    got = visitor.http.get("/logout?" + urlencode({"id_token_hint": hint, "post_logout_redirect_uri": address}))
    assert (got.status_code, "Location" in got.headers) == (400, False)
    explained(visitor, "logout-refused", "unregistered-logout-address")
    assert state(visitor.lab) == before


# --- the authorization endpoint ---


@pytest.mark.parametrize(
    ("more", "error", "code"),
    [
        ({"max_age": HUGE}, "invalid_request", "oversized-parameter"),
        ({"max_age": "9" * 30}, "invalid_request", "unfit-parameter"),
        ({"max_age": "1e3"}, "invalid_request", "unfit-parameter"),
        ({"max_age": "٣"}, "invalid_request", "unfit-parameter"),
        ({"prompt": "none login"}, "invalid_request", "unfit-parameter"),
        ({"scope": "openid\nemail"}, "invalid_scope", "unfit-scope"),
        ({"scope": "openid é"}, "invalid_scope", "unfit-scope"),
        ({"claims": "[" * 3_000}, "invalid_request", "unfit-parameter"),
        ({"claims": '{"userinfo": {"a": ' + HUGE + "}}"}, "invalid_request", "unfit-parameter"),
        ({"claims": '{"userinfo": NaN}'}, "invalid_request", "unfit-parameter"),
        ({"claims": '{"userinfo": {"email": null, "email": null}}'}, "invalid_request", "unfit-parameter"),
        ({"claims": '{"userinfo": ["email"]}'}, "invalid_request", "unfit-parameter"),
        ({"claims": '"\\ud800"'}, "invalid_request", "unfit-parameter"),
        ({"claims": "null"}, "invalid_request", "unfit-parameter"),
        (
            {"claims": json.dumps({"id_token": {str(n): None for n in range(500)}})},
            "invalid_request",
            "unfit-parameter",
        ),
        ({"claims": "x" * 20_000}, "invalid_request", "oversized-parameter"),
        ({"id_token_hint": "x" * 40_000}, "invalid_request", "oversized-parameter"),
        ({"id_token_hint": "e30.e30.e30"}, "invalid_request", "unfit-parameter"),
        ({"login_hint": "x" * 5_000}, "invalid_request", "oversized-parameter"),
        ({"nonce": "x" * 5_000}, "invalid_request", "oversized-parameter"),
        ({"x" * 5_000: "1"}, "invalid_request", "repeated-parameter"),
        ({"code_challenge": "é" * 43, "code_challenge_method": "S256"}, "invalid_request", "unfit-code-challenge"),
        ({"code_challenge": "a" * 43, "code_challenge_method": "s256"}, "invalid_request", "unfit-code-challenge"),
        ({"response_mode": "query.jwt"}, "invalid_request", "unfit-response-mode"),
        ({"response_type": "code code2"}, "unsupported_response_type", "unsupported-response-type"),
    ],
)
def test_a_bad_request_is_told_to_the_client_and_issues_nothing(more: dict[str, str], error: str, code: str) -> None:
    visitor = Visitor()
    before = state(visitor.lab)
    asked = urlencode(USUAL | more)
    if code == "repeated-parameter":
        asked = urlencode([*USUAL.items(), *more.items(), *more.items()])
    told = sent_back(visitor.http.get(f"/authorize?{asked}"))
    assert (told["error"], told["state"], "code" in told) == (error, "s", False)
    assert all(" " <= each <= "~" and each not in '"\\' for each in told["error_description"])
    explained(visitor, "authorization-request-judged", code)
    assert state(visitor.lab) == before


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (b"", "parameter-missing"),
        (b"%ff%fe", "unreadable-request"),
        (b"client_id=%ff", "unreadable-request"),
        (b"&".join(b"p%d=1" % number for number in range(99)), "unreadable-request"),
        (b"client_id=shop&client_id=shop", "repeated-parameter"),
        (b"client_id=" + b"x" * 10_000, "oversized-parameter"),
        (b"client_id=%00", "unknown-client"),
        (b"client_id[]=shop", "parameter-missing"),
    ],
)
def test_what_cannot_be_answered_ends_on_a_page(query: bytes, code: str) -> None:
    for send in ("GET", "POST"):
        visitor = Visitor()
        before = state(visitor.lab)
        if send == "GET":
            got = visitor.http.get(f"/authorize?{query.decode()}")
        else:
            got = visitor.http.post("/authorize", data=query, content_type=FORM)
        assert (got.status_code, "Location" in got.headers) == (400, False)
        explained(visitor, "authorization-request-judged", code)
        assert state(visitor.lab) == before


# --- the endpoints for clients ---

CALLS: list[tuple[str, str]] = [
    ("/token", "token-refused"),
    ("/introspect", "introspection-refused"),
    ("/revoke", "revocation-refused"),
]


@pytest.mark.parametrize(("path", "event"), CALLS)
@pytest.mark.parametrize(
    ("sent", "error", "code"),
    [
        ({"data": b"%ff=1"}, "invalid_request", "unreadable-request"),
        ({"data": "é".encode()}, "invalid_request", "unreadable-request"),
        ({"data": b"token=1&token=1"}, "invalid_request", "repeated-parameter"),
        ({"data": b"token=" + b"x" * 200_000}, "invalid_request", "oversized-parameter"),
        ({"data": b"{}", "content_type": "application/json"}, "invalid_request", "unreadable-request"),
        ({"data": b"x=1", "content_type": "text/plain"}, "invalid_request", "unreadable-request"),
        (
            {"data": b"grant_type=client_credentials", "query_string": "token=x"},
            "invalid_request",
            "unreadable-request",
        ),
        (
            {"data": b"grant_type=client_credentials", "headers": {"Authorization": "Basic é"}},
            "invalid_client",
            "malformed-client-credentials",
        ),
        (
            {"data": b"grant_type=client_credentials", "headers": {"Authorization": "Basic c2hvcA=="}},
            "invalid_client",
            "malformed-client-credentials",
        ),
        ({"data": b"grant_type=client_credentials&client_id=nobody"}, "invalid_client", "unknown-client"),
        (
            {"data": b"grant_type=client_credentials&client_assertion=a.b.c"},
            "invalid_request",
            "unfit-client-assertion-type",
        ),
    ],
)
def test_a_bad_call_gets_the_error_of_the_standard(
    path: str, event: str, sent: dict[str, Any], error: str, code: str
) -> None:
    visitor = Visitor()
    visitor.tokens(scope="openid offline_access")
    before = state(visitor.lab)
    got = visitor.http.post(path, **{"content_type": FORM} | sent)
    status = 401 if error == "invalid_client" else 400
    assert (got.status_code, got.mimetype, (got.json or {})["error"]) == (status, "application/json", error)
    assert got.headers["Cache-Control"] == "no-store"
    explained(visitor, event, code)
    assert state(visitor.lab) == before


@pytest.mark.parametrize(
    "token", ["x" * 200_000, "é", "\0", "null", "[]", "a.b.c", "Bearer x", "' or 1=1", "x" * 4_000, "9" * 5_000]
)
def test_a_token_of_any_shape_is_simply_not_good(token: str) -> None:
    visitor = Visitor()
    visitor.tokens()
    before = state(visitor.lab)
    for got in (
        visitor.http.get("/userinfo", headers={"Authorization": f"Bearer {token.replace(chr(0), '')}x"}),
        visitor.http.post("/userinfo", data={"access_token": token}),
    ):
        told = (got.status_code, (got.json or {})["error"])
        assert told in {(401, "invalid_token"), (400, "invalid_request")}
        assert visitor.lab.journal.entries()[-1].event == "userinfo-refused"
    if len(token) < 100_000:
        got = visitor.http.post("/introspect", data={"token": token}, headers=basic_header(SHOP))
        assert (got.status_code, got.json) == (200, {"active": False})
        assert visitor.http.post("/revoke", data={"token": token}, headers=basic_header(SHOP)).status_code == 200
    assert state(visitor.lab) == before


# --- assertions ---


def _bad(got: TestResponse) -> bool:
    return (got.status_code, (got.json or {}).get("error")) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "change",
    [
        {"exp": 10**400},
        {"exp": -(10**30)},
        {"exp": -1.5e308},
        {"exp": True},
        {"exp": [1]},
        {"exp": "soon"},
        {"iat": {"a": 1}},
        {"nbf": 10**30},
        {"sub": {"name": AMIRA.username}},
        {"sub": 7},
        {"aud": {}},
        {"aud": [None]},
        {"jti": 7},
        {"jti": "x" * 70_000},
    ],
)
@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
def test_an_assertion_with_a_claim_of_a_wrong_kind_is_an_invalid_grant(flavour: Any, change: dict[str, Any]) -> None:
    bringer = Bringer(flavour)
    before = state(bringer.lab)
    assert _bad(bringer.bring(signed(claims(flavour, **change))))
    assert (bringer.last.event, bringer.last.accepted) == ("token-refused", False)
    assert bringer.codes()
    assert state(bringer.lab) == before
    assert bringer.bring(bringer.good(jti="fresh")).status_code == 200


@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
def test_a_replayed_assertion_brings_nothing_and_takes_nothing(flavour: Any) -> None:
    bringer = Bringer(flavour)
    assertion = bringer.good()
    assert bringer.bring(assertion).status_code == 200
    before = state(bringer.lab)
    assert _bad(bringer.bring(assertion))
    assert bringer.codes() == {"replayed-token"}
    assert state(bringer.lab) == before


def test_a_replayed_code_takes_back_what_it_brought_and_nothing_of_others() -> None:
    visitor = Visitor()
    other = visitor.tokens()["access_token"]
    code = visitor.answer()["code"]
    tokens = visitor.redeem(code).json or {}
    got = visitor.redeem(code)
    assert (got.status_code, (got.json or {})["error"]) == (400, "invalid_grant")
    explained(visitor, "token-refused", "used-code")
    assert visitor.userinfo(tokens["access_token"]).status_code == 401
    assert visitor.userinfo(other).status_code == 200
