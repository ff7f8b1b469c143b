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
from ssolab.saml.obligations import STRANGER, asks_for_an_address, declined
from ssolab.saml.request_checks import accept_request, request_expected_of
from ssolab.saml.statuses import ON_PURPOSE, Declined
from ssolab.web import apps
from ssolab.web.addresses import LOGIN, METADATA, METADATA_TYPE, RESOLUTION, SSO, START
from ssolab.web.answers import REFUSED_BY_USER, assert_user, decline
from ssolab.web.artifact import answer_resolve, by_artifact, wanted_acs
from ssolab.web.choosing import chosen
from ssolab.web.errands import Errand
from ssolab.web.firing import published
from ssolab.web.keys import key_rows, signing_key
from ssolab.web.logout import add_logout
from ssolab.web.logout_side import logout_addresses, logout_said, ways_out
from ssolab.web.op import add_provider
from ssolab.web.op_home import provider_facts, provider_starts
from ssolab.web.pages import (
    Start,
    bounded_relay_state,
    draw,
    form_fields,
    judged,
    known_facts,
    make_app,
    posts_to,
)
from ssolab.web.refreshing import judged_afresh
from ssolab.web.verdicts import result, unreadable
from ssolab.web.wishes import lost, people_for, wishes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ssolab.core.findings import Report
    from ssolab.saml.authn_request_checks import RequestExpected
    from ssolab.saml.bindings import Received
    from ssolab.saml.parties import AssertingParty
    from ssolab.saml.request_checks import AcceptedRequest
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
        return Response(published(lab, lab.asserting, "asserting"), mimetype=METADATA_TYPE)

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

    @app.post(RESOLUTION)
    def resolution() -> Response:
        return answer_resolve(lab)

    @app.post("/login")
    def login() -> Response:
        return _answer(lab, request.form)

    add_logout(app, lab, "asserting")
    add_provider(app, lab)
    apps.add_app_pages(app, lab, lambda name: _start(lab, name))
    return app


def _receive(lab: Lab, decode: Callable[[], Received]) -> Response:
    def expected() -> RequestExpected:
        held = request_expected_of(apps.speaking(lab, app), now=lab.now(), opinions=lab.config.opinions)
        return replace(held, known=signing_key(lab.relying))

    def judge() -> Report[AcceptedRequest]:
        return accept_request(received, expected())

    try:
        received = decode()
        app = apps.app_of_request(lab, received.xml)
        asserting = apps.speaking(lab, app)
        report = judged_afresh(lab, "asserting", judge)
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
    if accepted is None and (told := lost(received, report, expected())) is not None:
        stray, why = told
        errand = Errand(request=stray.request, relay_state=bounded_relay_state(stray.relay_state))
        return judged(entry, decline(lab, errand, why))
    if accepted is None:
        says = "The identity provider does not believe this AuthnRequest, so it asks nobody to log in."
        again = [Start(href=lab.bases.relying + LOGIN, text="Try again")] if lab.bases.relying else []
        return result(entry, heading="Request refused", says=says, again=again)
    made = accepted.request
    errand = Errand(
        request=made,
        acs=accepted.acs if asks_for_an_address(made) else None,
        relay_state=bounded_relay_state(accepted.relay_state),
        app=app,
    )
    context = None if asserting.flavour == "salesforce" else PROTECTED_TRANSPORT
    people, login = people_for(lab, made), lab.last_login
    known = login is not None and login.user.username in people
    if (unmet := declined(made, context=context, known=known, recognised=bool(people))) is not None:
        return judged(entry, decline(lab, errand, unmet))
    if made.is_passive and login is not None:
        return judged(entry, assert_user(lab, errand, login))
    facts = known_facts(
        [
            ("from", made.issuer.value if made.issuer else None),
            ("ID", made.id),
            ("answer goes to", (errand.acs or asserting.default_acs).location),
            *wishes_of(made),
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
    acs = wanted_acs(asserting, request.args.get("binding"))
    errand = Errand(acs=acs, relay_state=bounded_relay_state(request.args.get("RelayState")), app=app)
    return _ask_who(
        lab, errand, f"Log in to {asserting.relying}. Nobody asked for it: the Response is unsolicited.", []
    )


def _ask_who(lab: Lab, errand: Errand, says: str, facts: list[tuple[str, str]]) -> Response:
    token = secrets.token_urlsafe(16)
    lab.errands.put(token, errand)
    acs = errand.acs or lab.asserting.default_acs
    if by_artifact(lab.asserting, acs):
        posts_to(acs.location)  # the form's answer sends the browser on, which forms need a right for
    people, login = people_for(lab, errand.request), lab.last_login
    goes_on = login is not None and login.user.username in people and not errand.fresh
    return draw(
        "login.html",
        heading="Log in",
        says=says,
        errand=token,
        users=people.values(),
        request_facts=facts,
        login=login if goes_on else None,
        statuses=ON_PURPOSE,
    )


def _answer(lab: Lab, form: Mapping[str, str]) -> Response:
    answer = _why_not(form) or chosen(lab, form)
    errand = lab.errands.take(form.get("errand", ""))
    if errand is None:
        raise InputError("login form", "it was used already, or is too old", "start the login again")
    if isinstance(answer, Declined):
        return decline(lab, errand, answer)
    if errand.fresh and "continue" in form:
        raise InputError("login form", "the request asks for a fresh login", "start again and choose a name")
    if answer.user.username not in people_for(lab, errand.request):
        return decline(lab, errand, STRANGER)
    lab.last_login = answer
    return assert_user(lab, errand, answer)


def _why_not(form: Mapping[str, str]) -> Declined | None:
    """Say why nobody shall be asserted, where whoever sits there wants that."""
    if "decline" in form:
        return REFUSED_BY_USER
    if "fail" not in form:
        return None
    wanted = form.get("status", "")
    if wanted not in ON_PURPOSE:
        raise InputError("status", f"there is no status code {wanted[:80]!r}", f"choose one of {', '.join(ON_PURPOSE)}")
    return ON_PURPOSE[wanted]


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
            *ways_out(asserting),
            *provider_starts(lab),
            *apps.app_starts(lab),
        ],
        facts=_settings(asserting),
        openid=provider_facts(lab),
        keys=key_rows(lab, asserting),
        addresses=[(name, lab.bases.asserting + path) for name, path in addresses]
        + [(f"SingleSignOnService, {each.binding.rpartition(':')[2]}", each.location) for each in asserting.sso]
        + logout_addresses(asserting)
        + [("ArtifactResolutionService", each.location) for each in asserting.artifact_resolution],
    )


def _settings(asserting: AssertingParty) -> list[tuple[str, str]]:
    return known_facts(
        [
            ("entityID", asserting.entity_id),
            ("flavour", asserting.flavour),
            ("service provider", asserting.relying),
            ("answers go to", ", ".join(dict.fromkeys(each.location for each in asserting.answerable))),
            ("answers by", ", ".join(dict.fromkeys(each.binding.rpartition(":")[2] for each in asserting.answerable))),
            (
                "signs",
                {"both": "Response and Assertion"}.get(asserting.sign, f"the {asserting.sign}")
                + f" with {asserting.hash}",
            ),
            ("encrypts", _encrypted(asserting)),
            ("verifies requests", "yes" if asserting.verifies else "no: signatures of requests are not looked at"),
            ("refuses expired request certificates", "yes" if asserting.checks_expiry else "no"),
            ("single logout", logout_said(asserting)),
            ("compares", asserting.match),
            ("a message lives", f"{in_words(asserting.message_life)}, skew {in_words(asserting.skew)}"),
        ]
    )


def _encrypted(asserting: AssertingParty) -> str | None:
    """Say what is encrypted and how."""
    if (made := asserting.encryption) is None:
        return None
    return f"{', '.join(made.parts)} with {made.content}, the key with {made.transport}"
