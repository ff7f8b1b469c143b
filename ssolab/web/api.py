"""The lab as JSON: what the control page shows and does, for scripts and test suites, and logins without a browser.

Reading is free to whoever may reach loopback; whatever changes the lab needs the token that `ssolab serve` prints, so
that no page in the same browser can steer it.
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any

from flask import Response, request
from werkzeug.exceptions import Forbidden

from ssolab.core import unwelcome
from ssolab.core.findings import InputError
from ssolab.core.instants import format_instant, parse_duration, parse_instant
from ssolab.render import envelope_json, plain
from ssolab.web.arming import IN_LOGINS, armed_for, fired_since
from ssolab.web.artifact import wanted_acs
from ssolab.web.following import follow_plan
from ssolab.web.openid_player import login_by
from ssolab.web.pages import json_answer
from ssolab.web.refusals import sentence

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp
    from ssolab.web.player import Drive


def add_interface(app: LabApp, lab: Lab, drive: Drive) -> None:
    """Give an application the addresses of the interface."""

    @app.get("/api/journal")
    def api_journal() -> Response:
        wanted = _journal_filter(request.args.get("link"), request.args.get("verdict"), request.args.get("since"))
        return json_answer({"entries": [as_json(lab, entry) for entry in lab.journal.entries() if wanted(entry)]})

    @app.get("/api/clock")
    def api_clock() -> Response:
        return json_answer({"at": format_instant(lab.now())})

    @app.post("/api/clock")
    def api_set_clock() -> Response:
        authorise(lab)
        return json_answer({"at": format_instant(move_clock(lab, body_of()))})

    @app.get("/api/links")
    def api_links() -> Response:
        return json_answer({"links": lab.links, "playing": lab.play.link})

    @app.post("/api/link")
    def api_choose_link() -> Response:
        authorise(lab)
        with lab.playing:
            lab.choose(text_in(body_of(), "link"))
        return json_answer({"links": lab.links, "playing": lab.play.link})

    @app.post("/api/login")
    def api_login() -> Response:
        authorise(lab)
        return _login(lab, drive, body_of())


def as_json(lab: Lab, entry: Entry) -> dict[str, object]:
    """Write a journal entry as JSON."""
    return {
        "number": entry.number,
        "at": format_instant(entry.at),
        "link": entry.link,
        "flow": entry.flow,
        "side": entry.side,
        "event": entry.event,
        "summary": entry.summary,
        "user": entry.user,
        "verdict": entry.verdict,
        "login_status": entry.login_status,
        "login_text": entry.login_status.text if entry.login_status else None,
        "findings": plain(entry.findings),
        "principal": plain(entry.claims if entry.principal is None else entry.principal),
        "signature": signature_of(lab, entry),
        "verifiers": plain(entry.verifiers),
        "decryption": plain(entry.decryption),
        "faults": list(entry.faults),
        "message": entry.message.decode("utf-8", "replace") or None,
    }


def signature_of(lab: Lab, entry: Entry) -> dict[str, object] | None:
    """Write the signature that was believed; a twin's names the key that it stands for."""
    facts = entry.signature
    if facts is None:
        return None
    return {
        "key": facts.key,
        "algorithm": facts.algorithm,
        "signed_element": facts.signed_element,
        "twin_of": lab.config.twins.get(facts.key),
    }


def authorise(lab: Lab, given: str = "") -> None:
    """See to it that whoever asks knows the token, from the header or as it was *given* in a form.

    Raises:
        Forbidden: they do not.
    """
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if not same(value.strip() if scheme.lower() == "bearer" else given, lab.token):
        said = unwelcome.token_missing()
        raise Forbidden(f"{sentence(said.problem)[:-1]}: {said.remedy}.")


def same(given: str, token: str) -> bool:
    """Compare a token without telling by the time it takes how much of it was right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def body_of() -> dict[str, Any]:
    """Read the JSON object that was sent.

    Raises:
        InputError: it is none.
    """
    try:
        value = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise unwelcome.malformed_call()
    return value


def members_of(given: dict[str, Any], name: str, *known: str) -> None:
    """See to it that a JSON object has no members that would be passed over.

    Raises:
        InputError: it has.
    """
    if unknown := sorted(set(given) - set(known)):
        remedy = f"it takes {', '.join(known)}"
        raise InputError(name, f"does not know {', '.join(repr(each[:80]) for each in unknown)}", remedy)


def text_in(given: dict[str, Any], name: str) -> str:
    """Read one text of a JSON object.

    Raises:
        InputError: it is missing, or no text.
    """
    value = given.get(name)
    if not isinstance(value, str):
        raise InputError(name, f"{value!r} is no text", f"send {name} as a string")
    return value


def codes_in(given: dict[str, Any]) -> list[str]:
    """Read the codes of the faults that a play is asked for with: one, a list, or none.

    Raises:
        InputError: it is something else.
    """
    found = given.get("fault") or []
    codes = [found] if isinstance(found, str) else found
    if not isinstance(codes, list) or not all(isinstance(each, str) for each in codes):
        raise InputError("fault", f"{str(found)[:80]!r} is no code", "send the code of a fault, or a list of codes")
    return codes


def move_clock(lab: Lab, wanted: dict[str, Any]) -> datetime:
    """Set or advance the clock.

    Raises:
        InputError: neither or both was asked for, or to no moment that exists.
    """
    given = {name: value for name, value in wanted.items() if name in ("at", "advance") and isinstance(value, str)}
    if len(given) != 1 or set(wanted) != set(given):
        raise InputError(
            "clock", "needs either at or advance", 'send {"at": "2027-01-04T09:00:00Z"} or {"advance": "PT24H"}'
        )
    before = lab.now()
    try:
        if "at" in given:
            after = lab.clock.set(parse_instant(given["at"].strip(), date_only=True))
        else:
            after = lab.clock.advance(_signed_duration(given["advance"].strip()))
    except ValueError as error:
        raise InputError("clock", str(error), "write it in ISO 8601") from None
    lab.record(
        side="control",
        event="clock-moved",
        summary=f"Clock moved from {format_instant(before)} to {format_instant(after)}",
    )
    follow_plan(lab)
    return after


def _signed_duration(text: str) -> timedelta:
    return -parse_duration(text[1:]) if text.startswith("-") else parse_duration(text)


def _journal_filter(link: str | None, verdict: str | None, since: str | None) -> Callable[[Entry], bool]:
    number, moment = -1, None
    if verdict not in (None, "accepted", "refused"):
        raise InputError("verdict", f"{verdict!r} is none", "ask for accepted or refused")
    if since is not None and since.isascii() and since.isdecimal():
        number = int(since[:18])
    elif since is not None:
        try:
            moment = parse_instant(since.replace(" ", "+"), date_only=True)
        except ValueError as error:
            raise InputError("since", str(error), "give a moment, or the number of the last entry you know") from None

    def wanted(entry: Entry) -> bool:
        return (
            (link is None or entry.link == link)
            and (verdict is None or entry.verdict == verdict)
            and entry.number > number
            and (moment is None or entry.at >= moment)
        )

    return wanted


def _login(lab: Lab, drive: Drive, wanted: dict[str, Any]) -> Response:
    members_of(wanted, "login", "link", "user", "flow", "binding", "fault")
    user = wanted.get("user", next(iter(lab.users), None))
    if not isinstance(user, str) or user not in lab.users:
        raise InputError("user", f"nobody is called {user!r}", f"the lab knows {', '.join(lab.users)}")
    with lab.playing:
        lab.choose(text_in(wanted, "link") if "link" in wanted else lab.play.link)
        play = lab.play
        flow = wanted.get("flow", play.login_flow)
        binding = text_in(wanted, "binding") if "binding" in wanted else None
        wanted_acs(play.relying, binding)  # asked here, so that a wrong one is one clear answer
        before = lab.journal.newest
        with armed_for(lab, codes_in(wanted), IN_LOGINS):
            entry = login_by(drive, flow, user, binding=binding)
        fired = fired_since(lab, before)
    report = envelope_json(
        "login",
        at=entry.at,
        verdict=entry.verdict or "refused",
        exit_code=0 if entry.accepted else 1,
        findings=entry.findings,
        result={
            "link": play.link,
            "flow": flow,
            "user": user,
            "side": entry.side,
            "principal": entry.claims if entry.principal is None else entry.principal,
            "signature": signature_of(lab, entry),
            "verifiers": entry.verifiers,
            "decryption": entry.decryption,
            "login_status": entry.login_status,
            "login_text": entry.login_status.text if entry.login_status else None,
            "faults": fired,
            "journal": entry.number,
        },
    )
    return Response(report, mimetype="application/json")
