"""Leaving the provider (OIDC RP-Initiated Logout): it ends the session and tells every client that learnt of it.

Clients are told in the browser, by a frame each (Front-Channel Logout), and from server to server, by a signed token
(Back-Channel Logout).
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from flask import Response, request

from ssolab.core.findings import InputError
from ssolab.oidc import unended
from ssolab.oidc.errors import OAuthError
from ssolab.oidc.hints import read_hint
from ssolab.oidc.malformed import unreadable_request
from ssolab.oidc.unauthenticated import unknown_client
from ssolab.oidc.unauthorized import unfit_parameter
from ssolab.salesforce import openid as org_openid
from ssolab.web.errands import Leave
from ssolab.web.op_backchannel import tell_clients
from ssolab.web.op_calls import FORM, fields_of, single_values
from ssolab.web.op_issue import subject_of
from ssolab.web.pages import draw, frames, judged, nonce, posts_to, redirect
from ssolab.web.refusals import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.oidc.hints import Hint
    from ssolab.oidc.parties import Client
    from ssolab.web.lab import Lab
    from ssolab.web.openid import ProviderSession
    from ssolab.web.pages import LabApp

END_SESSION: Final = "/logout"
CONFIRM: Final = "/logout/confirm"


def add_end_session(app: LabApp, lab: Lab) -> None:
    """Give the provider its end of sessions."""

    @app.get(END_SESSION)
    @app.get(org_openid.END_SESSION)
    def end_by_address() -> Response:
        return _receive(lab, request.query_string)

    @app.post(END_SESSION)
    @app.post(org_openid.END_SESSION)
    def end_by_form() -> Response:
        if request.mimetype != FORM:
            return _refuse(lab, unreadable_request(f"the Content-Type is {request.mimetype[:60]!r}"))
        return _receive(lab, request.get_data())

    @app.post(CONFIRM)
    def confirm() -> Response:
        leave = lab.openid.leaving.take(request.form.get("errand", ""))
        if leave is None:
            raise InputError("logout form", "it was used already, or is too old", "start the logout again")
        if "stay" in request.form:
            return draw("plain.html", heading="Still logged in", says="Nothing ended.", remedy="", bad=False, back="/")
        return _leave(lab, leave, _sessions_of_whoever_is_here(lab))


def _receive(lab: Lab, data: bytes) -> Response:
    try:
        given = single_values(fields_of(data))
        hint = read_hint(given["id_token_hint"], lab.openid.provider) if "id_token_hint" in given else None
        client = _client(lab, hint, given.get("client_id"))
        address = given.get("post_logout_redirect_uri")
        if address is not None and client is None:
            raise unended.logout_of_nobody_known()
        if address is not None and client is not None and address not in client.post_logout_redirect_uris:
            raise unended.unregistered_logout_address(address, client.client_id)
    except InputError as error:
        return _refuse(lab, error)
    leave = Leave(go_to=address, state=given.get("state"))
    if hint is not None:
        return _leave(lab, leave, _sessions_of(lab, hint))
    return _ask(lab, leave, client)  # anybody could have sent the browser here


def _client(lab: Lab, hint: Hint | None, client_id: str | None) -> Client | None:
    """Find out which client sends the browser.

    Raises:
        OAuthError: it is not registered, or the hint was not issued to it.
    """
    if hint is not None and client_id is not None and client_id not in hint.audience:
        raise unfit_parameter("client_id", "the id_token_hint was issued to another client")
    wanted = client_id or next((each for each in (hint.audience if hint else ()) if each in lab.openid.clients), None)
    if wanted is None:
        return None
    client = lab.openid.clients.get(wanted)
    if client is None:
        raise unknown_client(wanted)
    return client


def _sessions_of(lab: Lab, hint: Hint) -> list[ProviderSession]:
    provider = lab.openid.provider
    return [
        each
        for each in lab.openid.sessions
        if (each.sid == hint.sid if hint.sid else subject_of(provider, each.username) == hint.subject)
    ]


def _sessions_of_whoever_is_here(lab: Lab) -> list[ProviderSession]:
    login = lab.last_login
    return [each for each in lab.openid.sessions if login is not None and each.username == login.user.username]


def _ask(lab: Lab, leave: Leave, client: Client | None) -> Response:
    token = secrets.token_urlsafe(16)
    lab.openid.leaving.put(token, leave)
    if leave.go_to:
        posts_to(leave.go_to)  # the form's answer sends the browser on
    who = lab.last_login.user.username if lab.last_login else None
    whom = client.label if client else "Somebody"
    says = f"{whom} wants {who or 'whoever is here'} to be logged out. No ID token proves that it may."
    return draw("openid_logout.html", heading="Log out", says=says, action=CONFIRM, errand=token)


def _leave(lab: Lab, leave: Leave, sessions: Sequence[ProviderSession]) -> Response:
    """End sessions, tell the clients, and send the browser on."""
    for session in sessions:
        lab.openid.end_session(session)
        if lab.last_login is not None and lab.last_login.user.username == session.username:
            lab.last_login = None
    names = ", ".join(dict.fromkeys(each.username for each in sessions))
    entry = lab.record(
        side="asserting",
        event="logged-out",
        summary=f"{names or 'Nobody'} logged out of the OpenID provider",
        user=names or None,
    )
    addresses = tell_clients(lab, sessions)
    state = f"{'&' if '?' in (leave.go_to or '') else '?'}{urlencode({'state': leave.state})}" if leave.state else ""
    onward = f"{leave.go_to}{state}" if leave.go_to else None
    if not addresses and onward:
        return judged(entry, redirect(onward, 303 if request.method == "POST" else 302))
    frames(addresses)
    page = draw(
        "openid_logout.html",
        heading="Logged out",
        says=f"{names or 'Nobody'} is logged out here.",
        frames=addresses,
        onward=onward,
        nonce=nonce() if onward else None,
    )
    return judged(entry, page)


def _refuse(lab: Lab, error: InputError) -> Response:
    """Say on a page what is wrong; nobody is sent anywhere, and nobody is logged out."""
    said = f"{error.name}: {error.problem}"
    entry = lab.record(
        side="asserting",
        event="logout-refused",
        summary=f"Logout at the OpenID provider refused: {said}",
        accepted=False,
        findings=(error.finding,) if isinstance(error, OAuthError) else (),
    )
    says = f"{said}. Nobody was logged out, and the browser is sent nowhere."
    page = draw(
        "plain.html",
        status=400,
        heading="Logout refused",
        says=says,
        remedy=sentence(error.remedy),
        bad=True,
        back="/",
    )
    return judged(entry, page)
