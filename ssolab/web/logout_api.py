"""The lab's JSON interface to sessions and single logout: who is logged in, and a logout without a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response

from ssolab.core.findings import InputError
from ssolab.core.instants import format_instant
from ssolab.cutover.scene import Side
from ssolab.render import envelope_json
from ssolab.web.api import authorise, body_of, codes_in, members_of, signature_of, text_in
from ssolab.web.arming import IN_LOGOUTS, IN_OPENID_LOGOUTS, armed_for, fired_since
from ssolab.web.logout_side import FLOW
from ssolab.web.logout_side import Side as LogoutSide
from ssolab.web.openid_player import LOGOUT_FLOW, openid_drive
from ssolab.web.pages import json_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp
    from ssolab.web.player import Drive
    from ssolab.web.sessions import Held


def add_logout_interface(app: LabApp, lab: Lab, drive: Drive) -> None:
    """Give an application the addresses for sessions and logout."""

    @app.get("/api/sessions")
    def api_sessions() -> Response:
        return json_answer({"sessions": [row for side in Side for row in _rows(lab, side)]})

    @app.post("/api/logout")
    def api_logout() -> Response:
        authorise(lab)
        return _logout(lab, drive, body_of())


def session_of(lab: Lab, side: Side, user: str | None) -> Held:
    """Find the newest session of a side, or of one user there.

    Raises:
        InputError: there is none.
    """
    shared = LogoutSide(lab, side.value).shared
    held = next((each for each in reversed(shared) if user in (None, each.name)), None)
    if held is None:
        who = "nobody" if user is None else f"nobody called {user!r}"
        raise InputError("user", f"{who} is logged in at the {side} party", "log in first, with /api/login")
    return held


def logout_by(
    drive: Drive, flow: str, user: str | None, *, starts_at: str = Side.RELYING, faults: Sequence[str] = ()
) -> tuple[Entry, str]:
    """Play one logout of either protocol, and give the journal entry that tells how it went, and whose it was.

    Args:
        drive: the two applications.
        flow: `saml-logout` or `oidc-logout`.
        user: whose session ends; the newest where nobody is named.
        starts_at: the side that begins; of OpenID Connect the relying one.
        faults: the codes of faults to put in.

    Raises:
        InputError: nobody is logged in there, there is no such flow, side or fault, or the fault did not fire.
    """
    try:
        side = Side(starts_at)
    except ValueError:
        raise InputError("starts_at", f"{starts_at!r} is no side", f"choose one of {', '.join(Side)}") from None
    if flow == FLOW:
        held = session_of(drive.lab, side, user)
        with armed_for(drive.lab, faults, IN_LOGOUTS):
            return drive.logout(side, held.key), held.name
    if flow != LOGOUT_FLOW:
        raise InputError("flow", f"{flow!r} is no logout", f"choose {FLOW} or {LOGOUT_FLOW}")
    if side is not Side.RELYING:
        raise InputError("starts_at", f"{LOGOUT_FLOW} begins at the relying party", "leave it out")
    openid = openid_drive(drive)
    session = openid.session_of(user)
    with armed_for(drive.lab, faults, IN_OPENID_LOGOUTS):
        return openid.log_out(session), session.subject


def _rows(lab: Lab, side: Side) -> list[dict[str, str | None]]:
    """Describe the sessions of one side, without the keys by which its pages end them."""
    return [
        {
            "side": side,
            "user": held.name,
            "format": held.session.name_id.format,
            "session_index": held.session.session_index,
            "partner": held.partner,
            "since": format_instant(held.since),
        }
        for held in LogoutSide(lab, side.value).shared
    ]


def _logout(lab: Lab, drive: Drive, wanted: dict[str, Any]) -> Response:
    members_of(wanted, "logout", "user", "flow", "starts_at", "fault")
    flow, starts_at = (
        text_in({"flow": FLOW} | wanted, "flow"),
        text_in({"starts_at": Side.RELYING} | wanted, "starts_at"),
    )
    user = text_in(wanted, "user") if "user" in wanted else None
    with lab.playing:
        before = lab.journal.newest
        entry, name = logout_by(drive, flow, user, starts_at=starts_at, faults=codes_in(wanted))
        fired = fired_since(lab, before)
    report = envelope_json(
        "logout",
        at=entry.at,
        verdict="accepted" if entry.accepted else "refused",
        exit_code=0 if entry.accepted else 1,
        findings=entry.findings,
        result={
            "link": entry.link,
            "flow": flow,
            "user": name,
            "starts_at": starts_at,
            "side": entry.side,
            "signature": signature_of(lab, entry),
            "verifiers": entry.verifiers,
            "faults": fired,
            "journal": entry.number,
        },
    )
    return Response(report, mimetype="application/json")
