"""The mock relying party's pages: it sends AuthnRequests, judges Responses, and shows the outcome with every reason.

Its login page believes `Report.principal` and nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, request
from werkzeug.exceptions import MethodNotAllowed, NotFound

from ssolab.core.findings import InputError, has_error
from ssolab.core.instants import in_words
from ssolab.cutover.scene import Flow
from ssolab.saml.bindings import decode_post, encode_post, encode_redirect
from ssolab.saml.checks import accept, expected_of
from ssolab.saml.issue import draft_request, seal
from ssolab.saml.names import POST
from ssolab.web import orgs
from ssolab.web.addresses import ACS, LOGIN, METADATA, METADATA_TYPE, START
from ssolab.web.keys import key_rows, signing_key
from ssolab.web.pages import (
    Start,
    draw,
    form_fields,
    known_facts,
    local_path,
    make_app,
    nonce,
    posts_to,
    redirect,
)
from ssolab.web.verdicts import result, unreadable

if TYPE_CHECKING:
    from ssolab.saml.bindings import Received
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
        return Response(lab.relying.document(lab.now()), mimetype=METADATA_TYPE)

    @app.get(LOGIN)
    def login() -> Response:
        return _ask(lab)

    @app.post(ACS)
    def consume() -> Response:
        return _consume(lab)

    @app.get(ACS)
    def wrong_way() -> Response:
        raise MethodNotAllowed(["POST"], "A Response comes by HTTP-POST only (SAML2Prof 4.1.2); this was a GET.")

    @app.post("/")
    def consume_at_an_org() -> Response:
        if not orgs.is_org(lab):
            raise NotFound(
                f"A generic service provider takes Responses at {ACS}; only a Salesforce org does at /?so=ORG."
            )
        return _consume(lab)

    @app.post("/<path:site>/login")
    def consume_at_a_site(site: str) -> Response:
        if not orgs.is_org(lab):
            raise NotFound(f"Only an org has sites, and this is none, so nothing is at {site}/login.")
        return _consume(lab)

    orgs.add_org_pages(app, lab)
    return app


def _ask(lab: Lab) -> Response:
    relying = lab.relying
    go_to = local_path(request.args.get("RelayState"))
    endpoint = relying.request_endpoint
    now = lab.now()
    made = draft_request(relying, now=now, new_id=lambda: lab.request_id(now))
    credential = relying.credential if relying.sign_requests else None
    lab.pending.put(made.id, go_to or "/")
    if relying.binding == POST:
        xml = seal(made, credential, hash=relying.hash, flavour=relying.flavour)
        form = encode_post(xml, message="SAMLRequest", location=endpoint.location, relay_state=go_to)
        posts_to(form.action)
        answer = draw("post.html", heading=f"Taking you to {relying.asserting}", form=form, nonce=nonce())
    else:
        xml = seal(made, None)
        url = encode_redirect(
            xml, location=endpoint.location, relay_state=go_to, credential=credential, hash=relying.hash
        )
        answer = redirect(url, code=302)
    signed = "signed" if credential else "unsigned"
    lab.record(
        side="relying",
        event="request-sent",
        summary=f"AuthnRequest ({signed}, {relying.binding.rpartition(':')[2]}) sent to {endpoint.location}",
        flow=Flow.SAML_SP_INITIATED,
        message=xml,
    )
    return answer


def _consume(lab: Lab) -> Response:
    relying, arrived = lab.relying, orgs.arrival_findings(lab)
    switches = lab.play.relying_org.switches
    try:
        received = _response(decode_post(form_fields(), "the Response in the form"))
        expected = expected_of(
            relying,
            now=lab.now(),
            pending=orgs.pending(lab),
            replay=None if has_error(arrived) else lab.seen,  # what came to the wrong address is not used up by that
            unsolicited=switches.unsolicited,
            opinions=lab.config.opinions,
        )
        expected = replace(expected, known=signing_key(lab.asserting), ignore=switches.ignore)
        report = orgs.judged_by_org(lab, accept(received.xml, expected), arrived)
    except InputError as error:
        return unreadable(lab, error, side="relying", wanted="Response", login_status=orgs.unread_status(lab))
    person = report.principal
    answered = person.in_response_to if person else None
    path = lab.pending.take(answered) if answered else None
    who = f" of {person.name_id}" if person else ""
    status = orgs.login_status(lab, report.findings, received.xml) if person is None else None
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
        login_status=status,
        message=received.xml,
    )
    wanted = received.relay_state
    go_to = local_path(wanted) or path
    strayed = bool(wanted) and local_path(wanted) is None
    again = [Start(href=LOGIN, text="Log in again" if person else "Try again")]
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
    return draw(
        "home.html",
        heading="Mock service provider",
        intro=["It sends you to the identity provider and judges what you bring back, with every reason shown."],
        remarks=lab.remarks,
        starts=[Start(href=LOGIN, text="Log in", says="SP-initiated: an AuthnRequest goes first.")],
        facts=_settings(relying) + orgs.facts(lab),
        keys=key_rows(lab, relying),
        addresses=[("metadata", base + METADATA), ("login", base + LOGIN)]
        + [(f"AssertionConsumerService, {each.binding.rpartition(':')[2]}", each.location) for each in relying.acs],
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
            ("refuses expired certificates", "yes" if relying.checks_expiry else "no"),
            ("compares", relying.match),
            ("a message lives", f"{in_words(relying.message_life)}, skew {in_words(relying.skew)}"),
        ]
    )
