"""The control page: what happened, with which keys, what time it is, which link is played; and the levers for it.

It shows its levers only to whoever asked with the token, so that no other page in the same browser can pull them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Response, request
from werkzeug.exceptions import NotFound

from ssolab.oidc.keyring import KeyState, KeyVerb
from ssolab.web.addresses import LOGIN, START
from ssolab.web.api import add_interface, authorise, move_clock, same
from ssolab.web.fault_levers import add_fault_levers
from ssolab.web.key_waits import copy_row, ring_rows
from ssolab.web.keys import sides
from ssolab.web.keys_api import add_keys_interface
from ssolab.web.logout_api import add_logout_interface
from ssolab.web.metadata_routes import add_metadata_routes, metadata_rows
from ssolab.web.op_home import provider_starts
from ssolab.web.pages import Start, draw, make_app, redirect, shown
from ssolab.web.player import Drive
from ssolab.web.rings import HOLDERS

if TYPE_CHECKING:
    from flask import Flask

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
MOVES: Final = {
    KeyState.GENERATED: (KeyVerb.PUBLISH,),
    KeyState.PUBLISHED: (KeyVerb.SWAP, KeyVerb.UNPUBLISH, KeyVerb.COMPROMISE),
    KeyState.ACTIVE: (KeyVerb.COMPROMISE,),
    KeyState.DRAINING: (KeyVerb.SWAP, KeyVerb.UNPUBLISH, KeyVerb.COMPROMISE),
    KeyState.REMOVED: (KeyVerb.PUBLISH, KeyVerb.COMPROMISE),
    KeyState.COMPROMISED: (),
}
"""The moves that the page offers for a key where it stands."""


def create_control_app(lab: Lab, asserting: Flask, relying: Flask) -> LabApp:
    """Make the control application of a lab whose two parties are these applications."""
    app = make_app("control", lab)
    drive = Drive(lab, asserting, relying)

    @app.get("/")
    def home() -> Response:
        return draw(
            "control.html",
            heading="The lab at a glance",
            remarks=lab.remarks,
            starts=starts(lab),
            links=lab.links,
            token=lab.token if _query(lab) else "",
            query=_query(lab),
            advances=ADVANCES,
            armed=lab.armed.waiting(),
            keys=sides(lab),
            ring=ring_rows(lab),
            copy=copy_row(lab),
            moves=MOVES,
            holders=HOLDERS,
            held=metadata_rows(lab),
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
    def set_clock() -> Response:
        authorise(lab, request.form.get("token", ""))
        move_clock(lab, {name: value for name, value in request.form.items() if name in ("at", "advance")})
        return redirect(f"/?token={lab.token}", code=303)

    @app.post("/link")
    def choose_link() -> Response:
        authorise(lab, request.form.get("token", ""))
        with lab.playing:
            lab.choose(request.form.get("link", ""))
        return redirect(f"/?token={lab.token}", code=303)

    add_interface(app, lab, drive)
    add_keys_interface(app, lab)
    add_metadata_routes(app, lab)
    add_logout_interface(app, lab, drive)
    add_fault_levers(app, lab, lambda: _query(lab))
    return app


def starts(lab: Lab) -> tuple[Start, ...]:
    """Give the links that start a login, each way round."""
    return (
        Start(
            href=lab.bases.relying + LOGIN,
            text="Log in at the service provider",
            says="SP-initiated: an AuthnRequest goes to the identity provider first.",
        ),
        Start(
            href=lab.bases.asserting + START,
            text="Start at the identity provider",
            says="IdP-initiated: an unsolicited Response, no request at all.",
        ),
        *provider_starts(lab),
    )


def _query(lab: Lab) -> str:
    """Keep the token in the addresses of a page that was asked for with it."""
    return f"?token={lab.token}" if same(request.args.get("token", ""), lab.token) else ""
