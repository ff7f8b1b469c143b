"""Logouts of the relying party of OpenID Connect: told by the provider, told through the browser, and begun here."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.core.jose import sign_compact
from tests.web.openid_pair import OpenidPair, codes
from tests.web.parts import NOW

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from ssolab.web.journal import Entry

EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
def pair() -> OpenidPair:
    made = OpenidPair.made()
    assert made.login().accepted
    return made


def logout_token(pair: OpenidPair, *, typ: str = "logout+jwt", **claims: Any) -> str:
    """A logout token of the provider for the session of the relying party; `...` takes a claim away."""
    session = pair.lab.openid_rp.session(None)
    issued = int(NOW.timestamp())
    usual = {
        "iss": "http://127.0.0.1:8080",
        "aud": "ssolab-rp",
        "iat": issued,
        "exp": issued + 120,
        "jti": uuid.uuid4().hex,
        "sub": session.subject if session else "amira",
        "sid": session.sid if session else "s",
        "events": {EVENT: {}},
    }
    kept = {name: value for name, value in {**usual, **claims}.items() if value is not ...}
    key = pair.lab.openid.provider.keys.keys[0]
    return sign_compact({"typ": typ, "kid": key.kid}, kept, key.private, key.alg)


def tell(pair: OpenidPair, *tokens: str) -> TestResponse:
    return pair.drive.relying.test_client().post("/oidc/backchannel", data={"logout_token": list(tokens)})


def newest(pair: OpenidPair) -> Entry:
    return pair.lab.journal.entries()[-1]


def test_a_logout_token_ends_the_session_that_it_names(pair: OpenidPair) -> None:
    answer = tell(pair, logout_token(pair))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert pair.lab.openid_rp.sessions == ()
    assert (newest(pair).event, newest(pair).accepted) == ("openid-logout-judged", True)


@pytest.mark.parametrize("claims", [{"sid": ...}, {"sub": ...}])
def test_one_name_is_enough(pair: OpenidPair, claims: dict[str, Any]) -> None:
    assert tell(pair, logout_token(pair, **claims)).status_code == 200
    assert pair.lab.openid_rp.sessions == ()


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "n"}, {"events": ...}, {"events": {}}, {"events": {"http://evil.example": {}}}, {"iss": "https://e"},
        {"aud": "another"}, {"sid": ..., "sub": ...}, {"iat": ...}, {"jti": ...}, {"exp": 1},
    ],
)  # fmt: skip
def test_a_logout_token_that_is_wrong_ends_nothing(pair: OpenidPair, claims: dict[str, Any]) -> None:
    answer = tell(pair, logout_token(pair, **claims))
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "invalid_request"
    assert len(pair.lab.openid_rp.sessions) == 1
    assert codes(newest(pair))


def test_an_id_token_is_no_logout_token(pair: OpenidPair) -> None:
    session = pair.lab.openid_rp.session(None)
    assert session is not None
    assert tell(pair, session.id_token).status_code == 400
    assert len(pair.lab.openid_rp.sessions) == 1


def test_a_logout_token_is_good_once(pair: OpenidPair) -> None:
    token = logout_token(pair)
    assert tell(pair, token).status_code == 200
    assert pair.login().accepted
    assert tell(pair, token).status_code == 400
    assert codes(newest(pair)) == ["replayed-token"]
    assert len(pair.lab.openid_rp.sessions) == 1


@pytest.mark.parametrize("tokens", [(), ("a", "b")])
def test_the_form_holds_one_logout_token(pair: OpenidPair, tokens: tuple[str, ...]) -> None:
    assert tell(pair, *tokens).status_code == 400
    assert codes(newest(pair)) == ["logout-token-missing"]


def test_a_logout_of_nobody_is_well(pair: OpenidPair) -> None:
    assert tell(pair, logout_token(pair, sid="another", sub=...)).status_code == 200
    assert "session-unknown" in [found.code for found in newest(pair).findings]
    assert len(pair.lab.openid_rp.sessions) == 1


def test_a_frame_ends_the_session_that_it_names(pair: OpenidPair) -> None:
    relying, session = pair.drive.relying.test_client(), pair.lab.openid_rp.session(None)
    assert session is not None
    other = relying.get("/oidc/frontchannel", query_string={"iss": "https://evil.example", "sid": session.sid})
    assert (other.status_code, codes(newest(pair))) == (403, ["logout-of-another-issuer"])
    relying.get("/oidc/frontchannel", query_string={"iss": session.issuer, "sid": "another"})
    assert pair.lab.openid_rp.session(None) == session
    got = relying.get("/oidc/frontchannel", query_string={"iss": session.issuer, "sid": session.sid})
    assert pair.lab.openid_rp.sessions == ()
    assert got.headers["Content-Security-Policy"].endswith(f"; frame-ancestors {session.issuer}")
    assert relying.get("/").headers["Content-Security-Policy"].endswith("; frame-ancestors 'none'")


def test_a_logout_that_begins_here_ends_the_session_and_goes_to_the_provider(pair: OpenidPair) -> None:
    session = pair.lab.openid_rp.session(None)
    assert session is not None
    answer = pair.drive.relying.test_client().get("/oidc/logout")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(f"http://127.0.0.1:8080/logout?id_token_hint={session.id_token}")
    assert pair.lab.openid_rp.sessions == ()


def test_a_whole_logout_ends_both_sessions_and_tells_the_client_in_every_way(pair: OpenidPair) -> None:
    entry = pair.drive.logout()
    assert (entry.side, entry.event, entry.accepted) == ("relying", "openid-logout-judged", True)
    assert (pair.lab.openid_rp.sessions, pair.lab.openid.sessions, pair.lab.last_login) == ((), (), None)
    told = [each.summary.partition(" logout")[0] for each in pair.lab.journal.entries() if " logout " in each.summary]
    assert {"Back-channel", "Front-channel"} <= set(told)


def test_a_return_from_a_logout_that_nobody_began_is_refused(pair: OpenidPair) -> None:
    assert pair.drive.relying.test_client().get("/oidc/logout?state=mine").status_code == 403
    assert codes(newest(pair)) == ["logout-state-unknown"]
    assert len(pair.lab.openid_rp.sessions) == 1


def test_without_a_session_there_is_nothing_to_end() -> None:
    pair = OpenidPair.made()
    answer = pair.drive.relying.test_client().get("/oidc/logout")
    assert "Nobody is logged in" in answer.get_data(as_text=True)
