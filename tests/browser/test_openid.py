"""OpenID Connect in a browser: a login, leaving with frames, and an application that lives in the browser."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from ssolab.oidc.parties import Client
from ssolab.web.app import running_lab
from ssolab.web.openid import OWN_CLIENT, Openid
from tests.web.openid import CHALLENGE, VERIFIER
from tests.web.parts import AMIRA, config, salesforce_asserting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from ssolab.web.app import RunningLab

pytestmark = pytest.mark.browser


def log_in(page: Page, running: RunningLab, username: str = AMIRA.username) -> None:
    page.get_by_label(username).check()
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{running.bases.relying}/oidc/callback**")
    assert page.get_by_role("heading", name="Logged in").is_visible()


@pytest.mark.parametrize("side", ["asserting", "relying"])
def test_a_person_logs_in_by_openid_connect_from_either_front_page(page: Page, side: str) -> None:
    with running_lab(config()) as running:
        page.goto(getattr(running.bases, side))
        page.get_by_role("link", name="Log in by OpenID Connect").click()
        assert page.url.startswith(running.bases.asserting)
        log_in(page, running)
        assert AMIRA.username in page.inner_text("main")


@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
def test_a_logout_reaches_the_client_in_a_frame_and_brings_the_browser_back(page: Page, flavour: str) -> None:
    settings = config() if flavour == "generic" else config(salesforce_asserting())
    with running_lab(replace(settings, running=True)) as running:
        own = running.lab.openid.clients[OWN_CLIENT]
        running.lab.openid.register(replace(own, backchannel_logout_uri=None))  # so that the frame alone can tell it
        page.goto(f"{running.bases.relying}/oidc/login")
        log_in(page, running)
        [session] = running.lab.openid_rp.sessions
        leaving = {"id_token_hint": session.id_token, "post_logout_redirect_uri": f"{running.bases.relying}/"}
        end = running.lab.openid.outside.endpoints.end_session
        page.goto(f"{end}?{urlencode(leaving)}")
        page.wait_for_url(f"{running.bases.relying}/")
        assert running.lab.openid.sessions == ()
        assert running.lab.openid_rp.sessions == ()


def test_a_person_is_asked_again_where_the_client_wants_consent_or_a_choice(page: Page) -> None:
    shop = Client(client_id="shop", secret="secret", redirect_uris=("http://127.0.0.1:9/cb",))
    with running_lab(replace(config(), openid=Openid(clients=(shop,)))) as running:
        page.goto(f"{running.bases.relying}/oidc/login")
        log_in(page, running)
        for prompt in ("consent", "select_account", "consent select_account"):
            asked = {"client_id": "shop", "redirect_uri": shop.redirect_uris[0], "response_type": "code"}
            page.goto(f"{running.bases.asserting}/authorize?{urlencode(asked | {'scope': 'openid', 'prompt': prompt})}")
            assert page.get_by_label(AMIRA.username).is_visible()
            assert prompt in page.inner_text("main")


@contextlib.contextmanager
def pages_of_an_application() -> Iterator[str]:
    """Serve an empty page on an origin of its own."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>An application</title><link rel=icon href=data:,>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


ALL_OF_IT = """
async ({base, form}) => {
    const told = await (await fetch(base + "/.well-known/openid-configuration")).json();
    const keys = await (await fetch(told.jwks_uri)).json();
    const tokens = await (await fetch(told.token_endpoint, {method: "POST", body: new URLSearchParams(form)})).json();
    const headers = {Authorization: "Bearer " + tokens.access_token};
    const claims = await (await fetch(told.userinfo_endpoint, {headers})).json();
    return {keys: keys.keys.length, sub: claims.sub};
}
"""


def test_an_application_in_the_browser_fetches_everything_itself_and_a_stranger_nothing(
    page: Page, browser: Browser
) -> None:
    with pages_of_an_application() as home, pages_of_an_application() as elsewhere:
        application = Client(client_id="application", redirect_uris=(f"{home}/callback",))
        with running_lab(replace(config(), openid=Openid(clients=(application,)))) as running:
            base = running.bases.asserting
            asked = {
                "client_id": "application",
                "redirect_uri": f"{home}/callback",
                "response_type": "code",
                "scope": "openid",
                "code_challenge": CHALLENGE,
                "code_challenge_method": "S256",
            }
            page.goto(f"{base}/authorize?{urlencode(asked)}")
            page.get_by_label(AMIRA.username).check()
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url(f"{home}/callback?**")
            code = page.evaluate("new URLSearchParams(location.search).get('code')")
            form = {
                "grant_type": "authorization_code",
                "client_id": "application",
                "code": code,
                "redirect_uri": f"{home}/callback",
                "code_verifier": VERIFIER,
            }
            assert page.evaluate(ALL_OF_IT, {"base": base, "form": form}) == {"keys": 1, "sub": AMIRA.username}
            with contextlib.closing(browser.new_context()) as context:  # not `page`, which fails where one is blocked
                stranger = context.new_page()
                stranger.goto(elsewhere)
                read = "base => fetch(base + '/jwks').then(() => 'read', () => 'kept from it')"
                assert stranger.evaluate(read, base) == "kept from it"
