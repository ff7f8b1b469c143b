"""Logging out at the relying party of OpenID Connect: begun here, told through the browser, or told by the provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from flask import Response, request

from ssolab.oidc.checks import TokenKind
from ssolab.oidc.unlogged import (
    logout_of_another_issuer,
    logout_state_unknown,
    logout_token_missing,
    session_unknown,
)
from ssolab.web.addresses import OIDC_LOGIN
from ssolab.web.pages import ENTRY_HEADER, Start, draw, framed_by, json_answer, redirect
from ssolab.web.rp_answers import record, refused
from ssolab.web.rp_keys import expected_by, judged
from ssolab.web.rp_login import discovered
from ssolab.web.rp_state import Leaving, fresh
from ssolab.web.verdicts import result

if TYPE_CHECKING:
    from ssolab.core.findings import Finding
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab

LOGOUT_JUDGED: Final = "openid-logout-judged"
_WHAT: Final = "Logout"


def leave(lab: Lab) -> Response:
    """Log out by itself, and send the browser to the provider to do the same (RP-Initiated Logout 2)."""
    state = lab.openid_rp
    if request.args.get("state"):
        return _returned(lab, request.args["state"])
    session = state.session(request.args.get("session"))
    if session is None:
        entry = record(lab, LOGOUT_JUDGED, "Logout asked for, and nobody is logged in", accepted=None)
        return _page(entry, "Nobody is logged in", "There is no session to end.")
    state.end_one(session)
    client = state.client
    provider, findings = discovered(lab, client)
    if provider is None or provider.end_session is None:
        summary = f"{session.subject} logged out here alone; the provider offers no logout"
        entry = record(lab, "logged-out", summary, findings, accepted=None)
        return _page(entry, "Logged out", "Here alone: the provider has no address for it.")
    parameters = {"id_token_hint": session.id_token, "client_id": client.client_id}
    if client.post_logout_redirect_uri is not None:
        ticket = fresh()
        state.leaving.put(ticket, Leaving(subject=session.subject))
        parameters |= {"post_logout_redirect_uri": client.post_logout_redirect_uri, "state": ticket}
    summary = f"Logout of {session.subject} sent to {provider.end_session}"
    record(lab, "openid-logout-sent", summary, findings)
    mark = "&" if "?" in provider.end_session else "?"
    return redirect(f"{provider.end_session}{mark}{urlencode(parameters)}")


def _returned(lab: Lab, ticket: str) -> Response:
    leaving = lab.openid_rp.leaving.take(ticket)
    if leaving is None:
        return refused(lab, LOGOUT_JUDGED, _WHAT, (logout_state_unknown(ticket),))
    entry = record(lab, LOGOUT_JUDGED, f"{leaving.subject} logged out at the provider too", accepted=True)
    return _page(entry, "Logged out", "Here and at the provider.")


def told_by_provider(lab: Lab, pairs: list[tuple[str, str]]) -> Response:
    """Judge a logout token, and end the sessions that it names (Back-Channel Logout 2.6)."""
    state, client = lab.openid_rp, lab.openid_rp.client
    tokens = [value for name, value in pairs if name == "logout_token"]
    if len(tokens) != 1:
        return _backchannel_refused(lab, (logout_token_missing(len(tokens)),), "")
    expected = expected_by(
        lab,
        TokenKind.LOGOUT_TOKEN,
        issuer=client.issuer,
        seen=state.seen,
        document="the logout token",
    )
    provider, findings = discovered(lab, client)
    if provider is None:
        return _backchannel_refused(lab, findings, tokens[0])
    report = judged(lab, tokens[0], expected, address=provider.jwks)
    findings += report.findings
    if report.claims is None:
        return _backchannel_refused(lab, findings, tokens[0])
    sid, subject = report.claims.get("sid"), report.claims.get("sub")
    ended = state.end(client.issuer, sid=sid, subject=subject)
    if not ended:
        findings = (*findings, session_unknown(sid or subject))
    summary = f"Back-channel logout accepted; sessions ended: {len(ended)}"
    entry = record(lab, LOGOUT_JUDGED, summary, findings, report=report, token=tokens[0], accepted=True)
    return _told(entry, Response(status=200))


def _backchannel_refused(lab: Lab, findings: tuple[Finding, ...], token: str) -> Response:
    entry = record(lab, LOGOUT_JUDGED, "Back-channel logout refused", findings, token=token, accepted=False)
    first = next((each.message for each in findings), "refused")
    return _told(entry, json_answer({"error": "invalid_request", "error_description": first[:200]}, 400))


def told_by_browser(lab: Lab) -> Response:
    """End the session that a frame in the browser names (Front-Channel Logout 3)."""
    state, client = lab.openid_rp, lab.openid_rp.client
    framed_by(client.issuer)
    issuer, sid = request.args.get("iss"), request.args.get("sid")
    if issuer is not None and issuer != client.issuer:
        return refused(lab, LOGOUT_JUDGED, _WHAT, (logout_of_another_issuer(client.issuer, issuer),))
    if sid is not None:
        ended = state.end(client.issuer, sid=sid, subject=None)
        named = f"session {sid[:80]}"
    else:  # whoever loads the page means the browser's own session; the lab has one browser
        newest = state.session(None)
        ended = (newest,) if newest is not None and state.end_one(newest) else ()
        named = "the browser's session"
    findings = () if ended else (session_unknown(sid),)
    summary = f"Front-channel logout of {named}; sessions ended: {len(ended)}"
    entry = record(lab, LOGOUT_JUDGED, summary, findings, accepted=True)
    return _page(entry, "Logged out", "The provider had this page loaded.")


def _page(entry: Entry, heading: str, says: str) -> Response:
    again = [Start(href=OIDC_LOGIN, text="Log in")]
    if entry.accepted is None:
        page = draw("plain.html", heading=heading, says=says, remedy="", bad=False, back="/")
        page.headers[ENTRY_HEADER] = str(entry.number)
        return page
    return result(entry, heading=heading, says="", again=again, remark=says)


def _told(entry: Entry, answer: Response) -> Response:
    answer.headers[ENTRY_HEADER] = str(entry.number)
    answer.headers["Cache-Control"] = "no-store"
    return answer
