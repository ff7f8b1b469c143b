"""Logout tokens on their way: over a real socket, to clients that take them, refuse them, or are not there."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

import pytest

from ssolab.core.findings import InputError
from ssolab.web.op_backchannel import deliver
from tests.web.openid import SHOP, Visitor, openid_lab
from tests.web.parts import salesforce_asserting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.saml.parties import AssertingParty


@dataclass
class Listening:
    """A client's address for logout tokens, and what was posted there: path, type and body."""

    address: str
    posted: list[tuple[str, str | None, bytes]] = field(default_factory=list)


@contextlib.contextmanager
def client(status: int = 200) -> Iterator[Listening]:
    """Listen for logout tokens and answer each with a status."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.posted.append((self.path, self.headers["Content-Type"], body))
            self.send_response(status)
            self.send_header("Location", f"{told.address}?again")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        told = Listening(f"http://127.0.0.1:{server.server_port}/back")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield told
        server.shutdown()
        thread.join()


def logged_out(address: str, asserting: AssertingParty | None = None) -> Visitor:
    """Log somebody in and out again at a provider whose client has that address."""
    shop = replace(SHOP, backchannel_logout_uri=address)
    root = "/services/oauth2" if asserting else ""
    visitor = Visitor(lab=openid_lab(shop, asserting=asserting), client=shop, root=root)
    hint = {"id_token_hint": visitor.tokens()["id_token"]}
    assert visitor.http.get(f"/logout?{urlencode(hint)}").status_code == 200
    return visitor


@pytest.mark.parametrize("status", [200, 204])
def test_a_client_that_takes_it_gets_one_form_with_one_token(status: int) -> None:
    with client(status) as told:
        visitor = logged_out(told.address)
    [(path, kind, body)] = told.posted
    assert (path, kind) == ("/back", "application/x-www-form-urlencoded")
    [token] = parse_qs(body.decode(), strict_parsing=True)["logout_token"]
    assert visitor.claims(token)["aud"] == "shop"
    entry = visitor.last("logout-token-sent")
    assert (entry.findings, entry.message.decode()) == ((), token)
    assert entry.summary.endswith(f"taken with HTTP {status}")


@pytest.mark.parametrize("status", [302, 400, 500])
def test_a_client_that_does_not_take_it_is_told_once_and_followed_nowhere(status: int) -> None:
    with client(status) as told:
        visitor = logged_out(told.address)
    assert len(told.posted) == 1
    [found] = visitor.last("logout-token-sent").findings
    assert (found.code, f"HTTP {status}" in found.message) == ("logout-not-delivered", True)
    assert visitor.lab.openid.sessions == ()


def test_a_client_that_is_not_there_stops_nobody() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/back"
        with pytest.raises(InputError) as caught:
            deliver(address, b"logout_token=x")
        visitor = logged_out(address)
    assert (caught.value.code, caught.value.name) == ("logout-not-delivered", address)
    assert [found.code for found in visitor.last("logout-token-sent").findings] == ["logout-not-delivered"]
    assert visitor.lab.last_login is None


def test_an_org_sends_none() -> None:
    with client() as told:
        logged_out(told.address, salesforce_asserting())
    assert told.posted == []
