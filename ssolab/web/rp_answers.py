"""The page and the journal entry in which something ends at the relying party of OpenID Connect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssolab.core.findings import has_error
from ssolab.cutover.scene import Flow
from ssolab.web.addresses import OIDC_LOGIN, OIDC_LOGOUT, OIDC_REFRESH
from ssolab.web.pages import Start, local_path
from ssolab.web.verdicts import result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flask import Response

    from ssolab.core.findings import Finding
    from ssolab.oidc.materials import TokenReport
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from ssolab.web.rp_state import RelyingSession

LOGIN_JUDGED = "openid-login-judged"


def record(  # noqa: PLR0913  what happened, and everything that explains it
    lab: Lab,
    event: str,
    summary: str,
    findings: Sequence[Finding] = (),
    *,
    report: TokenReport | None = None,
    claims: Mapping[str, Any] | None = None,
    user: str | None = None,
    flow: Flow = Flow.OIDC_CODE,
    token: str = "",
    accepted: bool | None = None,
) -> Entry:
    """Write what the relying party did or judged into the journal; *token* is shown, so no secret may be in it."""
    return lab.record(
        side="relying",
        event=event,
        summary=summary,
        flow=flow,
        user=name_of(claims) if claims else user,
        accepted=accepted,
        findings=tuple(findings),
        claims=claims,
        signature=report.signature if report else None,
        verifiers=report.verifiers if report else {},
        message=token.encode(),
    )


def name_of(claims: Mapping[str, Any]) -> str:
    """Give the name by which people know whom claims are about."""
    names = (claims.get(each) for each in ("preferred_username", "email", "sub"))
    return next((name for name in names if isinstance(name, str) and name), "somebody")


def refused(  # noqa: PLR0913  what was refused, and everything that explains it
    lab: Lab,
    event: str,
    what: str,
    findings: Sequence[Finding],
    *,
    report: TokenReport | None = None,
    token: str = "",
) -> Response:
    """End in a refusal."""
    entry = record(lab, event, f"{what} refused", findings, report=report, token=token, accepted=False)
    return result(
        entry,
        heading=f"{what} refused",
        says="Nobody was logged in. Every reason stands below.",
        again=[Start(href=OIDC_LOGIN, text="Try again")],
    )


def logged_in(
    lab: Lab, session: RelyingSession, findings: Sequence[Finding], report: TokenReport, wanted: str
) -> Response:
    """End in a login; *wanted* is where it would go on."""
    claims = session.claims
    summary = f"Login of {name_of(claims)} accepted"
    entry = record(
        lab, LOGIN_JUDGED, summary, findings, report=report, claims=claims, token=session.id_token, accepted=True
    )
    again = [Start(href=f"{OIDC_LOGOUT}?session={session.key}", text="Log out")]
    if session.refresh_token:
        again.append(Start(href=f"{OIDC_REFRESH}?session={session.key}", text="Refresh the tokens"))
    again.append(Start(href=OIDC_LOGIN, text="Log in again"))
    go_to = local_path(wanted)
    return result(entry, heading="Logged in", says="", again=again, go_to=go_to if go_to != "/" else None)


def refuses(*several: Sequence[Finding]) -> bool:
    """Say whether any of the findings refuses."""
    return any(has_error(each) for each in several)
