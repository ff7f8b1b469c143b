"""Using what a login left: refreshing its tokens, with the new ID token held against that of the login."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Response, request

from ssolab.core.findings import InputError
from ssolab.oidc.checks import TokenKind
from ssolab.oidc.redeeming import judge_refreshed, refresh_grant
from ssolab.web.addresses import OIDC_LOGOUT, OIDC_REFRESH
from ssolab.web.pages import Start
from ssolab.web.rp_answers import name_of, record, refused, refuses
from ssolab.web.rp_keys import expected_by, judged
from ssolab.web.rp_login import discovered, redeemed
from ssolab.web.verdicts import result

if TYPE_CHECKING:
    from ssolab.core.findings import Finding
    from ssolab.oidc.materials import TokenReport
    from ssolab.web.lab import Lab

REFRESHED: Final = "openid-refresh-judged"
_WHAT: Final = "Refresh"
_OF_ONE_TOKEN: Final = ("nonce", "at_hash", "c_hash")
"""Claims that bind an ID token to what came with it, and say nothing of the next one."""


def refresh(lab: Lab) -> Response:
    """Refresh the tokens of a session (OpenID Connect Core 12).

    Raises:
        InputError: nobody is logged in, or the session has no refresh token.
    """
    state, client = lab.openid_rp, lab.openid_rp.client
    session = state.session(request.args.get("session"))
    if session is None or session.refresh_token is None:
        problem = "nobody is logged in" if session is None else "it has no refresh token"
        raise InputError("session", problem, "log in with the scope offline_access first")
    provider, found = discovered(lab, client)
    if provider is None:
        return refused(lab, REFRESHED, _WHAT, found)
    tokens, more = redeemed(lab, provider, refresh_grant(session.refresh_token))
    findings: list[Finding] = [*found, *more]
    if tokens is None:
        return refused(lab, REFRESHED, _WHAT, findings)
    report: TokenReport | None = None
    if tokens.id_token is not None:
        expected = expected_by(
            lab,
            TokenKind.ID_TOKEN,
            issuer=session.issuer,
            subject=session.subject,
            access_token=tokens.access,
            document="the refreshed ID token",
        )
        report = judged(lab, tokens.id_token, expected, address=provider.jwks)
        findings += report.findings
        if report.claims is not None:
            findings += judge_refreshed(session.claims, report.claims)
        if report.claims is None or refuses(findings):
            return refused(lab, REFRESHED, _WHAT, findings, report=report, token=tokens.id_token)
    told = session.claims
    if report is not None and report.claims is not None:
        told = {name: value for name, value in told.items() if name not in _OF_ONE_TOKEN} | dict(report.claims)
    renewed = state.renew(
        session,
        claims=told,
        access_token=tokens.access,
        refresh_token=tokens.refresh or session.refresh_token,
        id_token=tokens.id_token or session.id_token,
    )
    entry = record(
        lab,
        REFRESHED,
        f"Tokens of {name_of(session.claims)} refreshed",
        findings,
        report=report,
        claims=told,
        token=tokens.id_token or "",
        accepted=True,
    )
    again = [
        Start(href=f"{OIDC_LOGOUT}?session={renewed.key}", text="Log out"),
        Start(href=f"{OIDC_REFRESH}?session={renewed.key}", text="Refresh the tokens again"),
    ]
    return result(entry, heading="Tokens refreshed", says="", again=again)
