"""The levers for faults: what there is to arm, what is armed now, arming and disarming, as JSON and as a page."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from flask import Response, request

from ssolab.core.findings import InputError
from ssolab.faults.every import faults
from ssolab.web.api import authorise, body_of, members_of, text_in
from ssolab.web.armed import SIDES, playable
from ssolab.web.arming import arm, disarm
from ssolab.web.pages import draw, json_answer, redirect

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.faults.engine import Fault
    from ssolab.web.armed import Arming
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp


def add_fault_levers(app: LabApp, lab: Lab, query: Callable[[], str]) -> None:
    """Give an application the addresses for faults; *query* keeps the token in the addresses of its pages."""

    @app.get("/api/faults")
    def api_faults() -> Response:
        return json_answer({"armed": _waiting(lab), "faults": [fault_row(each) for each in faults()]})

    @app.post("/api/faults")
    def api_arm() -> Response:
        authorise(lab)
        wanted = body_of()
        members_of(wanted, "fault", "code", "times", "party")
        party = text_in(wanted, "party") if wanted.get("party") is not None else None
        arm(lab, text_in(wanted, "code"), times=_whole(wanted.get("times", 1)), party=party)
        return json_answer({"armed": _waiting(lab)})

    @app.delete("/api/faults")
    def api_disarm() -> Response:
        authorise(lab)
        return json_answer({"disarmed": disarm(lab), "armed": _waiting(lab)})

    @app.get("/faults")
    def page() -> Response:
        wanted = request.args.get("q", "")[:200]
        found = [each for each in faults() if _matches(each, wanted)]
        return draw(
            "faults.html",
            heading="Faults",
            armed=_waiting(lab),
            groups=_by_subject(found),
            found=len(found),
            wanted=wanted,
            token=lab.token if query() else "",
            back=f"/{query()}",
        )

    @app.post("/faults")
    def arm_from_page() -> Response:
        authorise(lab, request.form.get("token", ""))
        arm(
            lab,
            request.form.get("code", ""),
            times=_whole(request.form.get("times", "1")),
            party=request.form.get("party") or None,
        )
        return redirect(f"/faults?token={lab.token}", code=303)

    @app.post("/faults/disarm")
    def disarm_from_page() -> Response:
        authorise(lab, request.form.get("token", ""))
        disarm(lab)
        return redirect(f"/faults?token={lab.token}", code=303)


def fault_row(fault: Fault) -> dict[str, Any]:
    """Describe a fault; `receiver` names the settings of the receiver under which alone it trips what it says."""
    why = playable(fault)
    return {
        "code": fault.code,
        "title": fault.title,
        "subject": subject_of(fault),
        "nature": fault.nature,
        "row": fault.row,
        "carrier": fault.carrier,
        "parties": [] if why else list(SIDES[fault.carrier]),
        "trips": list(fault.trips),
        "warns": list(fault.warns),
        "receiver": sorted(fault.receiver),
        "needs": sorted(fault.needs),
        "not_played": why,
    }


def subject_of(fault: Fault) -> str:
    """Name what a fault is about: the faults stand in modules by subject."""
    return fault.alter.__module__.rpartition(".")[2].replace("_", " ")


def _waiting(lab: Lab) -> list[dict[str, Any]]:
    return [_arming_row(each) for each in lab.armed.waiting()]


def _arming_row(arming: Arming) -> dict[str, Any]:
    fault = arming.fault
    return {"code": fault.code, "times": arming.left, "party": arming.side, "carrier": fault.carrier}


def _by_subject(found: list[Fault]) -> list[tuple[str, list[dict[str, Any]]]]:
    ordered = sorted(found, key=lambda each: (subject_of(each), each.code))
    return [(subject, [fault_row(each) for each in group]) for subject, group in groupby(ordered, key=subject_of)]


def _matches(fault: Fault, wanted: str) -> bool:
    """Say whether every word that is looked for stands somewhere in what the page shows of a fault."""
    shown = [fault.code, fault.title, subject_of(fault), fault.row, fault.nature, fault.carrier, *fault.trips]
    text = " ".join(shown).lower()
    return all(word in text for word in wanted.lower().split())


def _whole(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value[:9])
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise InputError("times", f"{str(value)[:80]!r} is no whole number", "send how often it shall fire, such as 1")
