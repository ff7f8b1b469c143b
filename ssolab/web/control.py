"""The control page and its JSON interface: what happened, which keys, what time it is, and logins without a browser.

Reading is free to whoever may reach loopback; whatever changes the lab needs the token that `ssolab serve` prints, so
that no page in the same browser can steer it.
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING, Any, Final

from flask import Response, request
from werkzeug.exceptions import Forbidden, NotFound

from ssolab.core.findings import InputError
from ssolab.core.instants import format_instant, parse_duration, parse_instant
from ssolab.cutover.scene import Flow
from ssolab.render import envelope_json, plain
from ssolab.web.keys import key_rows
from ssolab.web.pages import Start, draw, json_answer, make_app, redirect, shown
from ssolab.web.player import Drive

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from flask import Flask

    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp

ADVANCES: Final = (
    ("PT5M", "+ 5 min"),
    ("PT1H", "+ 1 h"),
    ("P1D", "+ 1 day"),
    ("P30D", "+ 30 days"),
    ("-P1D", "- 1 day"),
)
SHOWN: Final = 100


def create_control_app(lab: Lab, asserting: Flask, relying: Flask) -> LabApp:
    """Make the control application of a lab whose two parties are these applications."""
    app = make_app("control", lab)
    drive = Drive(lab, asserting, relying)

    @app.get("/")
    def home() -> Response:
        return draw(
            "control.html",
            heading="The lab at a glance",
            remarks=lab.config.remarks,
            starts=starts(lab),
            token=lab.token if _query(lab) else "",
            query=_query(lab),
            advances=ADVANCES,
            keys=_sides(lab),
            entries=lab.journal.entries()[: -SHOWN - 1 : -1],
        )

    @app.get("/journal/<int:number>")
    def one_entry(number: int) -> Response:
        entry = lab.journal.entry(number)
        if entry is None:
            raise NotFound(f"The journal has no entry {number}; it keeps the newest ones.")
        heading = f"{number}: {entry.summary}"
        return draw("entry.html", heading=heading, entry=entry, xml=shown(entry.message), back=f"/{_query(lab)}")

    @app.post("/clock")
    def move_clock() -> Response:
        _authorise(lab, request.form.get("token", ""))
        _move(lab, {name: value for name, value in request.form.items() if name in ("at", "advance")})
        return redirect(f"/?token={lab.token}", code=303)

    _add_interface(app, lab, drive)
    return app


def _add_interface(app: LabApp, lab: Lab, drive: Drive) -> None:
    @app.get("/api/journal")
    def api_journal() -> Response:
        wanted = _journal_filter(request.args.get("link"), request.args.get("verdict"), request.args.get("since"))
        return json_answer({"entries": [as_json(entry) for entry in lab.journal.entries() if wanted(entry)]})

    @app.get("/api/clock")
    def api_clock() -> Response:
        return json_answer({"at": format_instant(lab.now())})

    @app.post("/api/clock")
    def api_move_clock() -> Response:
        _authorise(lab)
        return json_answer({"at": format_instant(_move(lab, _body()))})

    @app.get("/api/keys")
    def api_keys() -> Response:
        return json_answer(
            {
                "keys": [
                    {"party": side["entity_id"], "side": side["side"]} | row
                    for side in _sides(lab)
                    for row in side["rows"]
                ]
            }
        )

    @app.post("/api/login")
    def api_login() -> Response:
        _authorise(lab)
        return _login(lab, drive, _body())


def starts(lab: Lab) -> tuple[Start, ...]:
    """Give the links that start a login, each way round."""
    return (
        Start(
            href=f"{lab.bases.relying}/saml/login",
            text="Log in at the service provider",
            says="SP-initiated: an AuthnRequest goes to the identity provider first.",
        ),
        Start(
            href=f"{lab.bases.asserting}/saml/start",
            text="Start at the identity provider",
            says="IdP-initiated: an unsolicited Response, no request at all.",
        ),
    )


def as_json(entry: Entry) -> dict[str, object]:
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
        "findings": plain(entry.findings),
        "principal": plain(entry.principal),
        "signature": plain(entry.signature),
        "verifiers": plain(entry.verifiers),
        "message": entry.message.decode("utf-8", "replace") or None,
    }


def _sides(lab: Lab) -> list[dict[str, Any]]:
    asserting, relying = lab.pair
    return [
        {"side": "asserting", "title": "Identity provider", "entity_id": asserting.entity_id}
        | {"rows": key_rows(lab, asserting)},
        {"side": "relying", "title": "Service provider", "entity_id": relying.entity_id}
        | {"rows": key_rows(lab, relying)},
    ]


def _same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())


def _query(lab: Lab) -> str:
    """Keep the token in the addresses of a page that was asked for with it."""
    return f"?token={lab.token}" if _same(request.args.get("token", ""), lab.token) else ""


def _authorise(lab: Lab, given: str = "") -> None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if not _same(value.strip() if scheme.lower() == "bearer" else given, lab.token):
        raise Forbidden(
            "This changes the lab and needs its token: send `Authorization: Bearer TOKEN` as serve printed it."
        )


def _body() -> dict[str, Any]:
    try:
        value = json.loads(request.get_data() or b"{}")
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InputError("request body", "is not a JSON object", 'send one, such as {"advance": "PT24H"}')
    return value


def _move(lab: Lab, wanted: dict[str, Any]) -> datetime:
    given = {name: value for name, value in wanted.items() if name in ("at", "advance") and isinstance(value, str)}
    if len(given) != 1 or set(wanted) != set(given):
        raise InputError(
            "clock", "needs either `at` or `advance`", 'send {"at": "2027-01-04T09:00:00Z"} or {"advance": "PT24H"}'
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
    unknown = sorted(set(wanted) - {"link", "user", "flow"})
    if unknown:
        raise InputError("login", f"does not know {', '.join(map(repr, unknown))}", "it takes link, user and flow")
    link, user = wanted.get("link", lab.config.link), wanted.get("user", next(iter(lab.users), None))
    if link != lab.config.link:
        raise InputError("link", f"this lab plays {lab.config.link}, not {link!r}", "start it with --link")
    if not isinstance(user, str) or user not in lab.users:
        raise InputError("user", f"nobody is called {user!r}", f"the lab knows {', '.join(lab.users)}")
    try:
        flow = Flow(wanted.get("flow", lab.config.flow or Flow.SAML_SP_INITIATED))
    except ValueError:
        raise InputError("flow", f"{wanted['flow']!r} is none", f"choose one of {', '.join(Flow)}") from None
    entry = drive.login(flow, user)
    report = envelope_json(
        "login",
        at=entry.at,
        verdict=entry.verdict or "refused",
        exit_code=0 if entry.accepted else 1,
        findings=entry.findings,
        result={
            "link": link,
            "flow": flow,
            "user": user,
            "side": entry.side,
            "principal": entry.principal,
            "signature": entry.signature,
            "verifiers": entry.verifiers,
            "journal": entry.number,
        },
    )
    return Response(report, mimetype="application/json")
