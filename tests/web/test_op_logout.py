"""Leaving the provider: sessions end, clients are told, and nobody is sent to an address that is not registered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from ssolab.core.jose import read_compact
from ssolab.oidc.unended import logout_not_delivered
from tests.web.openid import BASE, OTHER, SHOP, Visitor, at, hidden, openid_lab, sent_back
from tests.web.parts import AMIRA, BEN

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

BYE = SHOP.post_logout_redirect_uris[0]
TOLD = replace(
    SHOP,
    backchannel_logout_uri="http://127.0.0.1:9000/back",
    frontchannel_logout_uri="http://127.0.0.1:9000/front?x=1",
)


def leave(visitor: Visitor, **parameters: str) -> TestResponse:
    """Send the browser to the end of the session."""
    return visitor.http.get(f"/logout?{urlencode(parameters)}")


def test_with_its_id_token_a_client_logs_somebody_out_and_gets_the_browser_back() -> None:
    visitor = Visitor()
    hint = visitor.tokens()["id_token"]
    got = leave(visitor, id_token_hint=hint, post_logout_redirect_uri=BYE, state="s & t")
    assert got.headers["Location"].startswith(BYE)
    assert sent_back(got) == {"state": "s & t"}
    assert sent_back(visitor.ask(prompt="none"))["error"] == "login_required"
    assert visitor.lab.openid.sessions == ()


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"post_logout_redirect_uri": "https://attacker.example/"}, "unregistered-logout-address"),
        ({"post_logout_redirect_uri": BYE + "/"}, "unregistered-logout-address"),
        ({"id_token_hint": "x.y.z"}, "unfit-parameter"),
        ({"client_id": "other"}, "unfit-parameter"),
        ({"client_id": "nobody", "id_token_hint": ""}, "unknown-client"),
        ({"id_token_hint": "", "post_logout_redirect_uri": BYE}, "logout-of-nobody-known"),
    ],
)
def test_a_bad_logout_logs_nobody_out_and_sends_nobody_anywhere(parameters: dict[str, str], code: str) -> None:
    visitor = Visitor()
    hint = visitor.tokens()["id_token"]
    got = leave(visitor, **({"id_token_hint": hint} | parameters))
    assert (got.status_code, "Location" in got.headers) == (400, False)
    assert [found.code for found in visitor.last("logout-refused").findings] == [code]
    assert len(visitor.lab.openid.sessions) == 1
    assert visitor.lab.last_login is not None


def test_without_an_id_token_whoever_sits_there_is_asked_first() -> None:
    visitor = Visitor()
    visitor.tokens()
    page = leave(visitor, client_id="shop", post_logout_redirect_uri=BYE)
    assert visitor.lab.last_login is not None
    stayed = visitor.http.post("/logout/confirm", data=hidden(page.text) | {"stay": "yes"})
    assert (stayed.status_code, visitor.lab.last_login is not None) == (200, True)
    page = leave(visitor, client_id="shop", post_logout_redirect_uri=BYE)
    got = visitor.http.post("/logout/confirm", data=hidden(page.text) | {"leave": "yes"})
    assert (got.status_code, got.headers["Location"], visitor.lab.openid.sessions) == (303, BYE, ())
    assert visitor.http.post("/logout/confirm", data=hidden(page.text)).status_code == 400


def test_every_client_of_the_session_is_told_by_a_frame_and_by_a_signed_token() -> None:
    visitor = Visitor(lab=openid_lab(TOLD, OTHER), client=TOLD)
    posted: list[tuple[str, bytes]] = []

    def post(address: str, body: bytes) -> int:
        posted.append((address, body))
        return 200

    visitor.lab.openid.post = post
    tokens = visitor.tokens()
    sid = visitor.claims(tokens["id_token"])["sid"]
    page = leave(visitor, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
    frame = page.text.partition('<iframe src="')[2].partition('"')[0].replace("&amp;", "&")
    assert dict(parse_qsl(urlsplit(frame).query)) == {"x": "1", "iss": BASE, "sid": sid}
    assert "frame-src http://127.0.0.1:9000;" in page.headers["Content-Security-Policy"]
    [(address, body)] = posted
    token = parse_qs(body.decode())["logout_token"][0]
    claims: dict[str, Any] = visitor.claims(token)
    assert (address, read_compact(token, "token").header["typ"]) == (TOLD.backchannel_logout_uri, "logout+jwt")
    assert len(claims.pop("jti")) > 16
    assert claims == {
        "iss": BASE,
        "sub": AMIRA.username,
        "aud": "shop",
        "iat": at(0),
        "exp": at(120),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        "sid": sid,
    }
    assert visitor.last("logout-token-sent").findings == ()


@pytest.mark.parametrize("answer", [400, None])
def test_a_client_that_cannot_be_told_is_named_and_stops_nobody(answer: int | None) -> None:
    visitor = Visitor(lab=openid_lab(replace(TOLD, frontchannel_logout_uri=None)))

    def post(address: str, _body: bytes) -> int:
        if answer is None:
            raise logout_not_delivered(address, "nobody is there", "look")
        return answer

    visitor.lab.openid.post = post
    got = leave(visitor, id_token_hint=visitor.tokens()["id_token"], post_logout_redirect_uri=BYE)
    assert got.headers["Location"] == BYE
    assert [found.code for found in visitor.last("logout-token-sent").findings] == ["logout-not-delivered"]


def test_a_logout_ends_the_session_of_its_own_person_alone() -> None:
    visitor = Visitor()
    hint = visitor.tokens()["id_token"]
    visitor.answer(BEN.username)
    leave(visitor, id_token_hint=hint)
    assert [each.username for each in visitor.lab.openid.sessions] == [BEN.username]
    assert visitor.lab.last_login is not None
