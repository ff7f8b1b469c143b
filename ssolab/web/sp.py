"""The mock relying party's pages: it sends AuthnRequests, judges Responses, and shows the outcome with every reason.

Its login page believes `Report.principal` and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, request
from werkzeug.exceptions import MethodNotAllowed

from ssolab.core.findings import InputError, has_error
from ssolab.core.instants import in_words
from ssolab.cutover.scene import Flow
from ssolab.faults.engine import Carrier
from ssolab.saml.artifact import PARAMETER, decode_artifact
from ssolab.saml.asking import Asking
from ssolab.saml.bindings import decode_post
from ssolab.saml.checks import accept, expected_of
from ssolab.saml.issue import draft_request
from ssolab.saml.names import POST
from ssolab.web import orgs
from ssolab.web.addresses import ACS, LOGIN, METADATA, METADATA_TYPE, OIDC_LOGIN, START
from ssolab.web.artifact import wanted_acs
from ssolab.web.artifact_relying import resolved
from ssolab.web.asking import asking_of, choices_of
from ssolab.web.errands import Pending
from ssolab.web.firing import fire, published
from ssolab.web.forms import post_message, redirect_message
from ssolab.web.keys import key_rows, signing_key
from ssolab.web.logout import add_logout
from ssolab.web.logout_side import log_out_of, logout_addresses, logout_said, ways_out
from ssolab.web.pages import (
    Start,
    draw,
    form_fields,
    known_facts,
    local_path,
    make_app,
    posts_to,
)
from ssolab.web.refreshing import judged_afresh
from ssolab.web.rp import add_relying, openid_facts
from ssolab.web.sessions import session_of
from ssolab.web.verdicts import result, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.core.findings import Report
    from ssolab.saml.bindings import Received
    from ssolab.saml.checks import Principal
    from ssolab.saml.parties import RelyingParty
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp


def create_relying_app(lab: Lab) -> LabApp:
    """Make the application of the relying party (SAML: the service provider)."""
    app = make_app("relying", lab)

    @app.get("/")
    def home() -> Response:
        return _home(lab)

    @app.get(METADATA)
    def metadata() -> Response:
        return Response(published(lab, lab.relying, "relying"), mimetype=METADATA_TYPE)

    @app.get(LOGIN)
    def login() -> Response:
        return _ask(lab)

    @app.post(ACS)
    def consume() -> Response:
        return _consume(lab)

    @app.get(ACS)
    def consume_artifact() -> Response:
        if PARAMETER in request.args:
            return _resolve(lab, request.args.items(multi=True))
        raise MethodNotAllowed(
            ["POST"], "A Response comes by HTTP-POST or by artifact (SAML2Prof 4.1.2); this was a GET."
        )

    add_logout(app, lab, "relying")
    add_relying(app, lab)
    orgs.add_org_pages(app, lab, lambda: _consume(lab))
    return app


def _ask(lab: Lab) -> Response:
    relying = lab.relying
    go_to = local_path(request.args.get("RelayState"))
    now = lab.now()
    asking = asking_of(request.args, relying)
    if (acs := wanted_acs(relying, request.args.get("binding"))) is not None:
        asking = replace(asking, acs=acs)
    fired = fire(lab, Carrier.REQUEST, relying, "relying", address=relying.request_endpoint.location)
    relying = replace(relying, binding=fired.binding(relying.binding)) if fired.faults else relying
    endpoint = relying.request_endpoint
    made = draft_request(relying, asking, now=now, new_id=lambda: lab.request_id(now))
    credential = relying.credential if relying.sign_requests else None
    lab.pending.put(made.id, Pending(go_to=go_to or "/", asking=Asking.of(made)))
    carry = post_message if relying.binding == POST else redirect_message
    xml, answer = carry(
        fired,
        made.element(),
        credential,
        location=endpoint.location,
        message="SAMLRequest",
        relay_state=fired.relay_state(go_to),
        hash=relying.hash,
        flavour=relying.flavour,
        partner=relying.asserting,
    )
    signed = "signed" if credential else "unsigned"
    lab.record(
        side="relying",
        event="request-sent",
        summary=f"AuthnRequest ({signed}, {relying.binding.rpartition(':')[2]}) sent to {endpoint.location}",
        flow=Flow.SAML_SP_INITIATED,
        message=xml,
        faults=fired.codes,
    )
    return answer


def _consume(lab: Lab) -> Response:
    arrived, switches = orgs.arrival_findings(lab), lab.play.relying_org.switches

    def judge() -> Report[Principal]:
        expected = expected_of(
            lab.relying,
            now=lab.now(),
            pending=orgs.pending(lab),
            replay=None if has_error(arrived) else lab.seen,  # what came to the wrong address is not used up by that
            unsolicited=switches.unsolicited,
            opinions=lab.config.opinions,
        )
        expected = replace(expected, known=signing_key(lab.asserting), ignore=switches.ignore)
        return orgs.judged_by_org(lab, accept(received.xml, expected), arrived)

    try:
        fields = form_fields()
        if PARAMETER in dict(fields):
            return _resolve(lab, fields)
        received = _response(decode_post(fields, "the Response in the form"))
        report = judged_afresh(lab, "relying", judge)
    except InputError as error:
        return unreadable(lab, error, side="relying", wanted="Response", login_status=orgs.unread_status(lab))
    return _ended(lab, received.xml, report, received.relay_state)


def _resolve(lab: Lab, pairs: Iterable[tuple[str, str]]) -> Response:
    try:
        carried = decode_artifact(pairs, "what the browser brought")
        xml, report = resolved(lab, carried)
    except InputError as error:
        return unreadable(lab, error, side="relying", wanted="artifact that can be resolved")
    return _ended(lab, xml, orgs.judged_by_org(lab, report, ()), carried.relay_state)


def _ended(lab: Lab, xml: bytes, report: Report[Principal], wanted: str | None) -> Response:
    """Show how a login ended; *wanted* is its RelayState."""
    person = report.principal
    answered = person.in_response_to if person else None
    done = lab.pending.take(answered) if answered else None
    who = f" of {person.name_id}" if person else ""
    status = orgs.login_status(lab, report.findings, xml) if person is None else None
    entry = lab.record(
        side="relying",
        event="response-judged",
        summary=f"Login{who} {'accepted' if person else 'refused'}",
        flow=(Flow.SAML_SP_INITIATED if answered else Flow.SAML_IDP_INITIATED) if person else None,
        user=person.name_id if person else None,
        accepted=person is not None,
        findings=report.findings,
        principal=person,
        signature=report.signature,
        verifiers=report.verifiers,
        decryption=report.decryption,
        login_status=status,
        message=xml,
    )
    go_to = local_path(wanted) or (done.go_to if done else None)
    strayed = bool(wanted) and local_path(wanted) is None
    again = [Start(href=LOGIN, text="Log in again" if person else "Try again")]
    if person:
        held = lab.sessions["relying"].begin(person.issuer, session_of(person), lab.now())
        again[:0] = [log_out_of(held)] if lab.relying.single_logout else []
    if lab.bases.asserting:
        again.append(Start(href=lab.bases.asserting + START, text="IdP-initiated"))
    again += orgs.further_pages() if status else []
    return result(
        entry,
        heading="Logged in" if person else "Login refused",
        says=" ".join(filter(None, ["Nobody was logged in. Every reason stands below.", orgs.told(status)])),
        again=again,
        go_to=go_to if go_to != "/" else None,
        remark=f"RelayState {wanted!r} is no path on this site, so it was not followed." if strayed else None,
    )


def _response(received: Received) -> Received:
    if received.kind != "SAMLResponse":
        raise InputError("the form", f"it carries a {received.kind}", "send a SAMLResponse to this address")
    return received


def _home(lab: Lab) -> Response:
    relying = lab.relying
    base = lab.bases.relying
    posts_to(relying.request_endpoint.location)  # where the form is sent on to
    return draw(
        "home.html",
        heading="Mock service provider",
        intro=["It sends you to the identity provider and judges what you bring back, with every reason shown."],
        remarks=lab.remarks,
        starts=[
            Start(href=LOGIN, text="Log in", says="SP-initiated: an AuthnRequest goes first."),
            *ways_out(relying),
            Start(href=OIDC_LOGIN, text="Log in by OpenID Connect", says="Authorization code with PKCE."),
        ],
        asking=choices_of(relying),
        login=LOGIN,
        facts=_settings(relying) + orgs.facts(lab),
        openid=openid_facts(lab),
        keys=key_rows(lab, relying),
        addresses=[("metadata", base + METADATA), ("login", base + LOGIN)]
        + [(f"AssertionConsumerService, {each.binding.rpartition(':')[2]}", each.location) for each in relying.acs]
        + logout_addresses(relying),
    )


def _settings(relying: RelyingParty) -> list[tuple[str, str]]:
    return known_facts(
        [
            ("entityID", relying.entity_id),
            ("flavour", relying.flavour),
            ("org", relying.org_id),
            ("identity provider", relying.asserting),
            ("requests go to", relying.request_endpoint.location),
            ("requests are", f"signed with {relying.hash}" if relying.sign_requests else "not signed"),
            ("opens what is encrypted with", ", ".join(each.label for each in relying.decryption) or None),
            ("refuses expired certificates", "yes" if relying.checks_expiry else "no"),
            ("single logout", logout_said(relying)),
            ("compares", relying.match),
            ("a message lives", f"{in_words(relying.message_life)}, skew {in_words(relying.skew)}"),
        ]
    )
