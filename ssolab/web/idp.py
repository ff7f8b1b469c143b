"""The mock asserting party's pages: it takes AuthnRequests, asks who you are, and hands the browser a Response.

Nobody proves anything here: whoever chooses a name gets an assertion for it. What is real is everything that travels.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, request

from ssolab.core.findings import InputError
from ssolab.core.instants import in_words
from ssolab.cutover.scene import Flow
from ssolab.salesforce import profile
from ssolab.saml.bindings import decode_post, decode_redirect
from ssolab.saml.names import PROTECTED_TRANSPORT
from ssolab.saml.obligations import declined
from ssolab.saml.request_checks import accept_request, request_expected_of
from ssolab.web import apps
from ssolab.web.addresses import LOGIN, METADATA, METADATA_TYPE, SSO, START
from ssolab.web.answers import REFUSED_BY_USER, assert_user, decline
from ssolab.web.keys import key_rows, signing_key
from ssolab.web.lab import Errand
from ssolab.web.pages import (
    Start,
    bounded_relay_state,
    draw,
    form_fields,
    judged,
    known_facts,
    make_app,
)
from ssolab.web.verdicts import result, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ssolab.saml.bindings import Received
    from ssolab.saml.parties import AssertingParty
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp


def create_asserting_app(lab: Lab) -> LabApp:
    """Make the application of the asserting party (SAML: the identity provider)."""
    app = make_app("asserting", lab)

    @app.get("/")
    def home() -> Response:
        return _home(lab)

    @app.get(METADATA)
    @app.get(profile.IDP_METADATA)
    def metadata() -> Response:
        return Response(lab.asserting.document(lab.now()), mimetype=METADATA_TYPE)

    @app.get(SSO)
    @app.get(profile.IDP_REDIRECT)
    def sso_redirect() -> Response:
        return _receive(lab, lambda: decode_redirect(request.query_string, "the request in the address"))

    @app.post(SSO)
    @app.post(profile.IDP_POST)
    def sso_post() -> Response:
        return _receive(lab, lambda: decode_post(form_fields(), "the request in the form"))

    @app.get(START)
    def start() -> Response:
        return _start(lab)

    @app.post("/login")
    def login() -> Response:
        return _answer(lab, request.form)

    apps.add_app_pages(app, lab, lambda name: _start(lab, name))
    return app


def _receive(lab: Lab, decode: Callable[[], Received]) -> Response:
    try:
        received = decode()
        app = apps.app_of_request(lab, received.xml)
        asserting = apps.speaking(lab, app)
        expected = request_expected_of(asserting, now=lab.now(), opinions=lab.config.opinions)
        report = accept_request(received, replace(expected, known=signing_key(lab.relying)))
    except InputError as error:
        return unreadable(lab, error, side="asserting", wanted="AuthnRequest")
    accepted = report.principal
    entry = lab.record(
        side="asserting",
        event="request-judged",
        summary=f"AuthnRequest of {asserting.relying} {'accepted' if accepted else 'refused'}",
        flow=Flow.SAML_SP_INITIATED,
        accepted=accepted is not None,
        findings=report.findings,
        signature=report.signature,
        verifiers=report.verifiers,
        message=received.xml,
    )
    if accepted is None:
        says = "The identity provider does not believe this AuthnRequest, so it asks nobody to log in."
        again = [Start(href=lab.bases.relying + LOGIN, text="Try again")] if lab.bases.relying else []
        return result(entry, heading="Request refused", says=says, again=again)
    made = accepted.request
    errand = Errand(request=made, acs=accepted.acs, relay_state=bounded_relay_state(accepted.relay_state), app=app)
    context = None if asserting.flavour == "salesforce" else PROTECTED_TRANSPORT
    if (unmet := declined(made, context=context)) is not None:
        return judged(entry, decline(lab, errand, unmet))
    facts = known_facts(
        [
            ("from", made.issuer.value if made.issuer else None),
            ("ID", made.id),
            ("answer goes to", accepted.acs.location if accepted.acs else None),
            ("NameID", made.name_id_policy.format if made.name_id_policy else None),
            ("RelayState", accepted.relay_state),
            ("verifiers", ", ".join(f"{name}: {opinion}" for name, opinion in report.verifiers.items())),
            ("remarks", "; ".join(found.message for found in report.findings)),
        ]
    )
    return judged(entry, _ask_who(lab, errand, f"{asserting.relying} asks who you are.", facts))


def _start(lab: Lab, app: str | None = None) -> Response:
    asserting = apps.speaking(lab, app)
    wanted = request.args.get("sp")
    if wanted is not None and wanted != asserting.relying:
        remedy = f"this lab plays {asserting.relying}; leave sp out or name that"
        raise InputError("sp", f"no service provider {wanted!r} is registered here", remedy)
    errand = Errand(relay_state=bounded_relay_state(request.args.get("RelayState")), app=app)
    return _ask_who(
        lab, errand, f"Log in to {asserting.relying}. Nobody asked for it: the Response is unsolicited.", []
    )


def _ask_who(lab: Lab, errand: Errand, says: str, facts: list[tuple[str, str]]) -> Response:
    token = secrets.token_urlsafe(16)
    lab.errands.put(token, errand)
    return draw("login.html", heading="Log in", says=says, errand=token, users=lab.users.values(), request_facts=facts)


def _answer(lab: Lab, form: Mapping[str, str]) -> Response:
    user = lab.users.get(form.get("username", ""))
    declines = "decline" in form
    if user is None and not declines:
        problem = f"nobody is called {form.get('username', '')!r} here"
        raise InputError("username", problem, "choose one of the names in the form")
    errand = lab.errands.take(form.get("errand", ""))
    if errand is None:
        raise InputError("login form", "it was used already, or is too old", "start the login again")
    if user is None or declines:
        return decline(lab, errand, REFUSED_BY_USER)
    return assert_user(lab, errand, user)


def _home(lab: Lab) -> Response:
    asserting = lab.asserting
    salesforce = asserting.flavour == "salesforce"
    addresses = [("metadata", profile.IDP_METADATA if salesforce else METADATA)]
    addresses += [(f"metadata of {each['name']} (path unconfirmed)", each["metadata"]) for each in apps.app_rows(lab)]
    return draw(
        "home.html",
        heading="Mock identity provider",
        intro=["It asks who you are, believes you, and says so to the service provider in a signed Response."],
        remarks=lab.remarks,
        starts=[
            Start(
                href=profile.IDP_START if salesforce else START,
                text="Log in to the service provider",
                says="IdP-initiated: an unsolicited Response.",
            ),
            *apps.app_starts(lab),
        ],
        facts=_settings(asserting),
        keys=key_rows(lab, asserting),
        addresses=[(name, lab.bases.asserting + path) for name, path in addresses]
        + [(f"SingleSignOnService, {each.binding.rpartition(':')[2]}", each.location) for each in asserting.sso],
    )


def _settings(asserting: AssertingParty) -> list[tuple[str, str]]:
    return known_facts(
        [
            ("entityID", asserting.entity_id),
            ("flavour", asserting.flavour),
            ("service provider", asserting.relying),
            ("answers go to", ", ".join(each.location for each in asserting.acs)),
            (
                "signs",
                {"both": "Response and Assertion"}.get(asserting.sign, f"the {asserting.sign}")
                + f" with {asserting.hash}",
            ),
            ("verifies requests", "yes" if asserting.verifies else "no: signatures of requests are not looked at"),
            ("refuses expired request certificates", "yes" if asserting.checks_expiry else "no"),
            ("compares", asserting.match),
            ("a message lives", f"{in_words(asserting.message_life)}, skew {in_words(asserting.skew)}"),
        ]
    )
