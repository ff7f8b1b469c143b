"""Single logout at either side, over the front channel: the same pages for the asserting and the relying party.

Whoever asks to leave is logged out where they asked at once, whatever the partner does: its answer only says whether
the other session has ended too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Response, request

from ssolab.core.findings import ConfigError, InputError
from ssolab.core.xmltree import parse
from ssolab.salesforce import profile
from ssolab.saml.bindings import decode_post, decode_redirect
from ssolab.saml.logout_acceptance import (
    accept_logout_request,
    accept_logout_response,
    logout_expected_of,
    logout_response_expected_of,
    only_unknown,
)
from ssolab.saml.logout_issue import answer_location, draft_logout_request, draft_logout_response, logout_endpoint
from ssolab.saml.names import REQUESTER, SUCCESS, UNKNOWN_PRINCIPAL
from ssolab.web.addresses import LOGOUT, SLO
from ssolab.web.keys import signing_key
from ssolab.web.logout_side import Side, carried, log_out_of, new_id
from ssolab.web.pages import bounded_relay_state, draw, form_fields, judged, local_path
from ssolab.web.refreshing import judged_afresh
from ssolab.web.sessions import Leaving
from ssolab.web.verdicts import result, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.findings import Report
    from ssolab.saml.bindings import Received
    from ssolab.saml.logout_acceptance import AcceptedLogout, AcceptedLogoutAnswer
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from ssolab.web.logout_side import SideName
    from ssolab.web.pages import LabApp
    from ssolab.web.sessions import Held


def add_logout(app: LabApp, lab: Lab, name: SideName) -> None:
    """Give the application of one side its logout pages."""
    side = Side(lab, name)
    alias = profile.IDP_LOGOUT if name == "asserting" else profile.SP_LOGOUT

    @app.get(SLO)
    @app.get(alias)
    def logout_by_redirect() -> Response:
        return _receive(side, lambda: decode_redirect(request.query_string, "the logout message in the address"))

    @app.post(SLO)
    @app.post(alias)
    def logout_by_post() -> Response:
        return _receive(side, lambda: decode_post(form_fields(), "the logout message in the form"))

    @app.get(LOGOUT)
    def start_logout() -> Response:
        return _start(side)


# --- from here ---


def _start(side: Side) -> Response:
    if not side.party.single_logout:
        return _not_offered(side)
    shared, wanted = side.shared, request.args.get("session")
    if wanted is None and len(shared) == 1:
        chosen: Held | None = shared[0]
    else:
        chosen = next((held for held in shared if held.key == wanted), None)
    if chosen is None and wanted is not None:
        raise InputError("session", "it has ended already, or was never here", f"see {LOGOUT} for those that there are")
    if chosen is None:
        says = "Choose whose session shall end." if shared else "Nobody is logged in here."
        starts = [log_out_of(held) for held in reversed(shared)]
        return draw("logout.html", heading="Log out", says=says, starts=starts, back="/")
    return _leave(side, chosen, bounded_relay_state(request.args.get("RelayState")))


def _leave(side: Side, held: Held, go_to: str | None) -> Response:
    """End a session here, and ask the partner to end it there."""
    party, now = side.party, side.lab.now()
    side.end(held)
    try:
        endpoint = logout_endpoint(party)
    except ConfigError:
        told = f"{held.name} is logged out here. {party.partner} takes no logout messages, so its session goes on."
        entry = side.record("logged-out", told, user=held.name)
        page = draw("plain.html", heading="Logged out here alone", says=told, remedy="", bad=False, back="/")
        return judged(entry, page)
    index = held.session.session_index
    made = draft_logout_request(
        party,
        now=now,
        new_id=new_id,
        name_id=held.session.name_id,
        session_indexes=() if index is None else (index,),
    )
    side.sessions.leaving.put(made.id, Leaving(name=held.name, go_to=local_path(go_to)))
    sent = carried(side, made, endpoint.binding, endpoint.location, go_to, name=held.name)
    how = sent.binding.rpartition(":")[2]
    side.record(
        "logout-request-sent",
        f"LogoutRequest ({how}) sent to {endpoint.location}",
        user=held.name,
        message=sent.xml,
        faults=sent.faults,
    )
    return sent.answer


# --- from the partner ---


def _receive(side: Side, decode: Callable[[], Received]) -> Response:
    if not side.party.single_logout:
        return _not_offered(side)
    try:
        received = decode()
        take = _take_request if received.kind == "SAMLRequest" else _take_response
        entry, answer = take(side, received)
    except InputError as error:
        return unreadable(side.lab, error, side=side.name, wanted="logout message")
    return judged(entry, answer())


def _take_request(side: Side, received: Received) -> tuple[Entry, Callable[[], Response]]:
    """Judge a LogoutRequest; the answer is made by a function, since its failures are none of the message."""
    shared, lab = side.shared, side.lab

    def judge() -> Report[AcceptedLogout]:
        expected = logout_expected_of(
            side.party, now=lab.now(), sessions=[held.session for held in shared], opinions=lab.config.opinions
        )
        return accept_logout_request(received, replace(expected, known=signing_key(side.other)))

    report = judged_afresh(lab, side.name, judge)
    party = side.party
    relay_state = bounded_relay_state(received.relay_state)
    accepted = report.principal
    named = accepted.sessions or () if accepted else ()
    ended = [held for held in shared if held.session in named and side.end(held)]
    who = ", ".join(dict.fromkeys(held.name for held in ended))
    entry = side.record(
        "logout-request-judged",
        f"LogoutRequest of {party.partner} " + (f"accepted: {who} is logged out" if accepted else "refused"),
        user=who or None,
        accepted=accepted is not None,
        findings=report.findings,
        signature=report.signature,
        verifiers=report.verifiers,
        decryption=report.decryption,
        message=received.xml,
    )
    if accepted:
        asked = accepted.request.id
        return entry, lambda: _answer(side, asked, relay_state, (SUCCESS,), None)
    if only_unknown(report):
        asked = parse(received.xml, "LogoutRequest").get("ID", "")
        codes, words = (REQUESTER, UNKNOWN_PRINCIPAL), report.errors[0].message
        return entry, lambda: _answer(side, asked, relay_state, codes, words)
    says = "The request is not believed, so nobody was logged out. Every reason stands below."
    return entry, lambda: result(entry, heading="Logout refused", says=says, again=[])


def _answer(side: Side, asked: str, relay_state: str | None, codes: tuple[str, ...], words: str | None) -> Response:
    party = side.party
    endpoint = logout_endpoint(party)
    made = draft_logout_response(
        party, now=side.lab.now(), new_id=new_id, in_response_to=asked, codes=codes, message=words
    )
    location = answer_location(endpoint)
    sent = carried(side, made, endpoint.binding, location, relay_state)
    said = codes[-1].rpartition(":")[2]
    summary = f"LogoutResponse ({said}) sent to {location}"
    side.record("logout-response-sent", summary, message=sent.xml, faults=sent.faults)
    return sent.answer


def _take_response(side: Side, received: Received) -> tuple[Entry, Callable[[], Response]]:
    leaving, lab = side.sessions.leaving, side.lab

    def judge() -> Report[AcceptedLogoutAnswer]:
        expected = logout_response_expected_of(
            side.party, now=lab.now(), pending=leaving.keys(), opinions=lab.config.opinions
        )
        return accept_logout_response(received, replace(expected, known=signing_key(side.other)))

    report = judged_afresh(lab, side.name, judge)
    party = side.party
    accepted = report.principal
    left = leaving.take(accepted.response.in_response_to or "") if accepted else None
    who = left.name if left else "somebody"
    entry = side.record(
        "logout-response-judged",
        f"Logout of {who} at both sides confirmed" if accepted else f"Logout at {party.partner} not confirmed",
        user=left.name if left else None,
        accepted=accepted is not None,
        findings=report.findings,
        signature=report.signature,
        verifiers=report.verifiers,
        message=received.xml,
    )
    says = (
        f"The session here has ended. Whether the one at {party.partner} has is not known: every reason stands below."
    )
    remark = f"{who} is logged out at {party.entity_id} and at {party.partner}." if accepted else None
    return entry, lambda: result(
        entry,
        heading="Logged out" if accepted else "Logout not confirmed",
        says=says,
        again=side.again,
        go_to=left.go_to if left else None,
        remark=remark,
    )


def _not_offered(side: Side) -> Response:
    party = side.party
    entry = side.record("logout-not-offered", "Nobody was logged out: single logout is off here", accepted=False)
    salesforce = party.flavour == "salesforce"
    heading = "We are unable to log you out" if salesforce else "Single logout is off here"
    page = draw(
        "plain.html",
        status=403,
        heading=heading,
        says=f"Single logout is not switched on at {party.entity_id}; nobody was logged out.",
        remedy="Set single_logout = true for this party in the lab file.",
        bad=True,
        back="/",
    )
    return judged(entry, page)
