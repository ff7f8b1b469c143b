"""The partners' metadata on the control page and in its interface: what is held, how long, and the button for more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request
from werkzeug.exceptions import NotFound

from ssolab.core.instants import format_instant
from ssolab.render import plain
from ssolab.saml.metadata_refresh import Cause, KeyChange
from ssolab.web.api import authorise, body_of
from ssolab.web.keys_api import reads_keys, refreshed_copy
from ssolab.web.pages import json_answer, redirect
from ssolab.web.refreshing import refresh

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ssolab.core.keys import TrustedKey
    from ssolab.web.lab import Lab
    from ssolab.web.origins import Held
    from ssolab.web.pages import LabApp


def add_metadata_routes(app: LabApp, lab: Lab) -> None:
    """Give the control application the addresses for the partners' metadata."""

    @app.get("/api/parties")
    def api_parties() -> Response:
        return json_answer({"parties": metadata_rows(lab)})

    @app.post("/api/parties/<path:party>/refresh")
    def api_refresh(party: str) -> Response:
        authorise(lab)
        if not lab.origins.of_party(party) and reads_keys(lab, party):
            return json_answer(refreshed_copy(lab, body_of()))
        return json_answer({"refreshed": _refreshed(lab, party)})

    @app.post("/parties/<party>/refresh")
    def button(party: str) -> Response:
        authorise(lab, request.form.get("token", ""))
        _refreshed(lab, party)
        return redirect(f"/?token={lab.token}", code=303)


def metadata_rows(lab: Lab) -> list[dict[str, object]]:
    """Describe every copy of a partner's metadata that a side holds."""
    return [_row(lab, held) for held in lab.origins]


def _row(lab: Lab, held: Held) -> dict[str, object]:
    origin, holding = held.origin, held.holding
    return {
        "party": origin.party,
        "side": origin.side,
        "entity_id": origin.entity_id,
        "metadata": origin.place,
        "signer": holding.accepted.signer.public.sha256 if holding.accepted.signer else None,
        "fetched": format_instant(holding.fetched),
        "valid_until": _moment(holding.expires),
        "due": _moment(holding.due),
        "expired": holding.expired(lab.now()),
        "failed": holding.failed,
        "keys": _keys(holding.accepted.keys),
    }


def _refreshed(lab: Lab, party: str) -> list[dict[str, object]]:
    """Refresh everything that is held of a party.

    Raises:
        NotFound: nothing is.
    """
    found = lab.origins.of_party(party)
    if not found:
        known = ", ".join(dict.fromkeys(held.origin.party for held in lab.origins)) or "none"
        raise NotFound(f"No metadata of a party {party!r} is held here; that of these is: {known}.")
    done: list[dict[str, object]] = []
    for held in found:
        with held.lock:
            before = held.holding.accepted.keys
            entry = refresh(lab, held, Cause.HAND)
            change = KeyChange.between(before, held.holding.accepted.keys)
        done.append(
            _row(lab, held)
            | {
                "accepted": entry.accepted,
                "appeared": _keys(change.appeared),
                "gone": _keys(change.gone),
                "summary": entry.summary,
                "findings": plain(entry.findings),
                "journal": entry.number,
            }
        )
    return done


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else format_instant(moment)


def _keys(keys: Iterable[TrustedKey]) -> list[dict[str, object]]:
    return [
        {"label": key.certificate.label if key.certificate else key.public.text, "spki_sha256": key.public.sha256}
        for key in keys
    ]
