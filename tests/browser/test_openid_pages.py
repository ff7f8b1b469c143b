"""A person at the pages of OpenID: refreshing, leaving everywhere, a refusal with a way on, and a narrow window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssolab.web.app import running_lab
from tests.web.parts import AMIRA, BEN, config

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from ssolab.web.app import RunningLab

pytestmark = pytest.mark.browser


def log_in(page: Page, running: RunningLab, username: str = AMIRA.username, wishes: str = "") -> None:
    page.goto(f"{running.bases.relying}/oidc/login{wishes}")
    assert page.url.startswith(running.bases.asserting)
    page.get_by_label(username).check()
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{running.bases.relying}/**")


def test_a_person_logs_in_refreshes_and_logs_out_everywhere(page: Page) -> None:
    with running_lab(config()) as running:
        page.goto(running.bases.asserting)
        page.get_by_role("link", name="Log in by OpenID Connect").click()
        page.get_by_label(BEN.username).check()
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{running.bases.relying}/**")
        assert page.get_by_role("heading", name="Logged in").is_visible()
        assert BEN.username in page.inner_text("main")
        log_in(page, running, wishes="?scope=openid%20offline_access&prompt=login")
        page.get_by_role("link", name="Refresh the tokens").click()
        assert page.get_by_role("heading", name="Tokens refreshed").is_visible()
        page.get_by_role("link", name="Log out").click()
        page.wait_for_url(f"{running.bases.relying}/oidc/logout?state=*")
        assert "Here and at the provider." in page.inner_text("main")
        assert [each.subject for each in running.lab.openid_rp.sessions] == [BEN.username]
        said = [each.summary for each in running.lab.journal.entries()]
        assert any("Front-channel logout" in each for each in said)
        assert any("Back-channel logout accepted" in each for each in said)


def test_a_refused_login_shows_its_reason_and_a_way_on(page: Page) -> None:
    with running_lab(config()) as running:
        page.goto(f"{running.bases.relying}/oidc/login")
        page.get_by_role("button", name="Decline").click()
        page.wait_for_url(f"{running.bases.relying}/**")
        assert page.get_by_role("heading", name="Login refused").is_visible()
        assert "access_denied" in page.inner_text("main")
        page.get_by_role("link", name="Try again").click()
        assert page.url.startswith(running.bases.asserting)


@pytest.mark.parametrize("width", [400, 1100])
def test_no_page_of_openid_scrolls_sideways(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    with running_lab(config()) as running:
        idp, sp, control = running.bases.asserting, running.bases.relying, running.bases.control
        log_in(page, running, wishes="?scope=openid%20profile%20offline_access")
        for address in (
            None, f"{sp}/oidc/login?prompt=login", f"{sp}/oidc/login?max_age=soon", f"{sp}/oidc/refresh",
            f"{sp}/oidc/logout?state=mine", f"{sp}/oidc/frontchannel", f"{sp}/oidc/logout", f"{idp}/logout",
            f"{idp}/authorize?client_id=nobody", idp, sp, control,
        ):  # fmt: skip
            if address is not None:
                page.goto(address)
            said = page.inner_text("main")
            assert said
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address
