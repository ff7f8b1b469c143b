from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssolab.cli.serve import config_of
from ssolab.cutover.envelopes import encrypting
from ssolab.cutover.model import User
from ssolab.salesforce.apps import ConnectedApp, SamlAppConfig
from ssolab.salesforce.org import Org
from ssolab.saml.names import POST
from ssolab.sources import builtin_lab
from ssolab.web.app import running_lab
from ssolab.web.artifact import answering_by
from tests.web.parts import (
    AMIRA,
    BEN,
    SP,
    asserting_party,
    config,
    credential,
    relying_party,
    salesforce_asserting,
    salesforce_relying,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from ssolab.web.app import RunningLab

pytestmark = pytest.mark.browser


def log_in(page: Page, running: RunningLab, username: str = AMIRA.username) -> None:
    """Choose a user on the login form; the page in between sends itself on."""
    page.get_by_label(username).check()
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{running.bases.relying}/**")


def test_a_person_logs_in_from_the_service_provider(page: Page) -> None:
    with running_lab(config()) as running:
        page.goto(running.bases.relying)
        page.get_by_role("link", name="Log in", exact=True).click()
        assert page.url.startswith(running.bases.asserting)
        log_in(page, running, BEN.username)
        assert page.get_by_role("heading", name="Logged in").is_visible()
        assert BEN.username in page.inner_text("main")


def test_a_person_logs_in_from_the_identity_provider(page: Page) -> None:
    with running_lab(config()) as running:
        page.goto(running.bases.asserting)
        page.get_by_role("link", name="Log in to the service provider").click()
        log_in(page, running)
        assert page.get_by_role("heading", name="Logged in").is_visible()


def test_a_posted_request_and_both_salesforce_flavours_work_in_a_browser(page: Page) -> None:
    settings = replace(config(), asserting=salesforce_asserting(), relying=replace(salesforce_relying(), binding=POST))
    with running_lab(settings) as running:
        page.goto(f"{running.bases.relying}/saml/login")
        page.wait_for_url(f"{running.bases.asserting}/idp/endpoint/HttpPost")
        log_in(page, running)
        assert page.get_by_role("heading", name="Logged in").is_visible()
        assert "so=" in page.url


def test_a_person_logs_out_from_either_side(page: Page) -> None:
    for by_post in (False, True):
        with running_lab(config()) as running:
            if by_post:
                idp, sp = running.lab.pair
                running.lab.reconfigure(
                    replace(idp, partner_logout=idp.partner_logout[1:]),
                    replace(sp, partner_logout=sp.partner_logout[1:]),
                )
            page.goto(f"{running.bases.relying}/saml/login")
            log_in(page, running)
            page.get_by_role("link", name="Log out").click()
            page.get_by_role("heading", name="Logged out").wait_for()
            assert page.url.startswith(running.bases.relying)
            assert f"{AMIRA.username} is logged out at" in page.inner_text("main")

            page.goto(f"{running.bases.relying}/saml/login")
            log_in(page, running, BEN.username)
            page.goto(running.bases.asserting)
            page.get_by_role("link", name="Log out").click()
            page.get_by_role("heading", name="Logged out").wait_for()
            assert page.url.startswith(running.bases.asserting)
            assert f"{BEN.username} is logged out at" in page.inner_text("main")


def test_a_person_follows_a_refusal_of_an_org_to_its_validator_and_pastes_the_message_there(page: Page) -> None:
    settings = replace(config(), relying=replace(salesforce_relying(), entity_id="https://other.example"))
    with running_lab(settings) as running:
        page.goto(f"{running.bases.asserting}/saml/start")
        log_in(page, running)
        assert "Failed: Audience Invalid" in page.inner_text("main")
        page.get_by_role("link", name="SAML Assertion Validator").click()
        assert page.get_by_role("heading", name="11. Validating the Signature").is_visible()
        message = running.lab.journal.entries()[-1].message.decode()
        page.get_by_label("SAML Response").fill(message)
        page.get_by_role("button", name="Validate").click()
        assert "Validated: the pasted message." in page.inner_text("main")
        assert "Is the assertion signed? true" in page.inner_text("main")


def test_a_person_logs_in_by_artifact_and_sees_what_was_hidden(page: Page) -> None:
    inventory = encrypting(builtin_lab(), ("assertion", "name-id", "attributes"))
    settings = config_of(inventory, inventory.links["okta-idp-initiated"], host="127.0.0.1", port=0)
    with running_lab(answering_by(settings, "artifact")) as running:
        page.goto(f"{running.bases.relying}/saml/login")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{running.bases.relying}/**")
        assert "SAMLart=" in page.url
        assert page.get_by_role("heading", name="Logged in").is_visible()
        assert page.get_by_text("/samlp:Response/saml:EncryptedAssertion", exact=True).is_visible()
        assert page.get_by_text("saml:EncryptedAttribute").is_visible()


def test_a_person_leaves_where_the_name_is_hidden(page: Page) -> None:
    inventory = encrypting(builtin_lab(), ("name-id",))
    parties = {name: replace(party, single_logout=True) for name, party in inventory.parties.items()}
    inventory = replace(inventory, parties=parties)
    with running_lab(config_of(inventory, inventory.links["okta-idp-initiated"], host="127.0.0.1", port=0)) as running:
        page.goto(f"{running.bases.asserting}/saml/start")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{running.bases.relying}/**")
        page.goto(f"{running.bases.asserting}/saml/logout")
        page.get_by_role("heading", name="Logged out").wait_for()
        assert "is logged out at" in page.inner_text("main")


def test_a_person_starts_an_app_of_the_org(page: Page) -> None:
    settings = SamlAppConfig(acs_url="http://127.0.0.1/acs", entity_url=SP, saml_subject_type="Username")
    apps = {"Greenmoor": ConnectedApp(contact_email="ops@greenmoor.org", label="Portal", saml_config=settings)}
    lab = replace(config(), asserting=salesforce_asserting(), asserting_org=Org(apps=apps))
    with running_lab(lab) as running:
        page.goto(running.bases.asserting)
        page.get_by_role("link", name="Portal").click()
        log_in(page, running)
        assert page.get_by_role("heading", name="Logged in").is_visible()
        page.goto(f"{running.bases.asserting}/idp/login?app=Nowhere")
        assert page.get_by_role("link", name="Portal").is_visible()


def test_a_person_sees_the_login_history_and_the_page_of_a_user_of_an_org(page: Page) -> None:
    settings = replace(config(), relying=replace(salesforce_relying(), entity_id="https://other.example"))
    with running_lab(settings) as running:
        page.goto(f"{running.bases.asserting}/saml/start")
        log_in(page, running)
        ends_at = page.get_by_role("link", name="What the user sees").get_attribute("href")
        page.get_by_role("link", name="Login history").click()
        assert "Failed: Audience Invalid" in page.inner_text("main")
        page.goto(f"{running.bases.relying}{ends_at}")
        assert page.locator("h1").is_visible()


def test_a_person_has_metadata_looked_at_again(page: Page) -> None:
    inventory = builtin_lab()
    with running_lab(config_of(inventory, inventory.links["okta-idp-initiated"], host="127.0.0.1", port=0)) as running:
        page.goto(running.control_url)
        page.get_by_role("button", name="Refresh okta").click()
        page.locator("tbody tr").first.get_by_text("by hand: the same keys").wait_for()


def test_a_person_without_scripts_presses_the_button(browser: Browser) -> None:
    with running_lab(config()) as running:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{running.bases.asserting}/saml/start")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="Continue").click()
        assert page.get_by_role("heading", name="Logged in").is_visible()
        context.close()


def test_a_person_asks_for_more_with_the_form_and_gets_an_error_on_purpose(page: Page) -> None:
    with running_lab(config()) as running:
        page.goto(running.bases.relying)
        page.get_by_label("a fresh login (ForceAuthn)").check()
        page.get_by_label("NameID").select_option("persistent")
        page.get_by_role("button", name="Ask").click()
        page.wait_for_url(f"{running.bases.asserting}/**")
        assert "a fresh login" in page.inner_text("main")
        page.get_by_text("Answer with an error on purpose").click()
        page.get_by_label("status code").select_option("RequestDenied")
        page.get_by_role("button", name="Answer so").click()
        page.wait_for_url(f"{running.bases.relying}/**")
        assert "status:RequestDenied" in page.inner_text("main")


def test_a_refusal_shows_every_reason_with_both_sides(page: Page) -> None:
    with running_lab(replace(config(), relying=replace(relying_party(), credential=credential("foreign")))) as running:
        page.goto(f"{running.bases.relying}/saml/login")
        assert page.get_by_role("heading", name="Request refused").is_visible()
        finding = page.locator("article", has_text="key-not-trusted")
        assert finding.get_by_text("expected", exact=True).is_visible()
        assert finding.get_by_text("observed", exact=True).is_visible()


def test_the_clock_is_moved_on_the_control_page_and_decides(page: Page) -> None:
    settings = replace(config(), asserting=replace(asserting_party(), checks_expiry=True))
    with running_lab(settings) as running:
        page.goto(running.control_url)
        page.get_by_label("Moment").fill("2028-06-01T00:00:00Z")
        page.get_by_role("button", name="Set").click()
        assert "2028-06-01T00:00:00Z" in page.inner_text("main")
        page.get_by_role("link", name="Log in at the service provider").click()
        assert "request-certificate-expired" in page.inner_text("main")
        page.goto(running.control_url)
        page.locator("table a").first.click()
        assert "request-certificate-expired" in page.inner_text("main")


def test_a_hostile_name_stays_text_in_a_browser(page: Page) -> None:
    name = '"><script>document.title="taken over"</script><img src=x onerror=alert(1)>'
    with running_lab(replace(config(), users=(User(username=name, attributes={name: (name,)}),))) as running:
        page.goto(f"{running.bases.relying}/saml/login")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{running.bases.relying}/**")
        assert page.get_by_role("heading", name="Logged in").is_visible()
        assert name in page.inner_text("main")
        assert "taken over" not in page.title()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_no_page_scrolls_sideways(browser: Browser, scheme: str, width: int) -> None:
    with running_lab(replace(config(), relying=salesforce_relying())) as running:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,  # type: ignore[arg-type]  # one of its literals
        )
        page = context.new_page()
        page.goto(f"{running.bases.relying}/saml/login")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{running.bases.relying}/**")
        bases = running.bases
        running.lab.record(side="control", event="long", summary=f"Metadata of https://{'long' * 20}.example refreshed")
        pages = [f"{bases.control}/journal/{number}" for number in (4, len(running.lab.journal.entries()))]
        for address in (None, bases.relying, bases.asserting, running.control_url, *pages):
            if address:
                page.goto(address)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, address
        context.close()
