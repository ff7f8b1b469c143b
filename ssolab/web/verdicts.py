"""The page on which a message ends, the same at either side: judged, with every reason, or not even read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, current_app

from ssolab.core.findings import Finding, Severity
from ssolab.web.pages import UNSEEN, draw, judged, shown
from ssolab.web.refusals import sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.core.findings import InputError
    from ssolab.salesforce.login_codes import LoginCode
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from ssolab.web.pages import Start


def result(  # noqa: PLR0913  each is a part of the page
    entry: Entry,
    *,
    heading: str,
    says: str,
    again: Sequence[Start],
    go_to: str | None = None,
    remark: str | None = None,
) -> Response:
    """Show a judgement; *says* stands there only where it is a refusal."""
    status = 200 if entry.accepted else 403
    if current_app.config[UNSEEN]:
        return judged(entry, Response(status=status))
    page = draw(
        "result.html",
        status=status,
        heading=heading,
        says=says,
        entry=entry,
        go_to=go_to,
        remark=remark,
        xml=shown(entry.message),
        again=again,
    )
    return judged(entry, page)


def unreadable(
    lab: Lab, error: InputError, *, side: str, wanted: str, login_status: LoginCode | None = None
) -> Response:
    """Say why the message that a side was sent is not the *wanted* one, and journal it as refused."""
    remedy = sentence(error.remedy)
    summary = f"{wanted} not read: {error.problem}"
    says, findings = _said(error), findings_of(error)
    entry = lab.record(
        side=side, event="unreadable", summary=summary, accepted=False, findings=findings, login_status=login_status
    )
    heading = f"This is no {wanted}"
    page = draw("plain.html", status=400, heading=heading, says=says, remedy=remedy, bad=True, back="/")
    return judged(entry, page)


def findings_of(error: InputError) -> tuple[Finding, ...]:
    """Give the finding for a message that cannot be read; none where the reason has no code."""
    return () if error.code is None else (Finding(code=error.code, severity=Severity.ERROR, message=_said(error)),)


def _said(error: InputError) -> str:
    return f"{error.name}: {error.problem}."
