"""The token endpoint. It is the path that is walked most, so it does little beside what has to be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.oidc.errors import OAuthError
from ssolab.oidc.malformed import parameter_missing
from ssolab.oidc.unissued import grant_not_allowed, unknown_grant_type
from ssolab.salesforce import openid as org_openid
from ssolab.web.op_calls import authenticated, json_told, read_call, refused
from ssolab.web.op_issue import issue
from ssolab.web.op_table import grants
from ssolab.web.pages import judged

if TYPE_CHECKING:
    from flask import Response

    from ssolab.web.lab import Lab
    from ssolab.web.op_table import Call, Issue
    from ssolab.web.pages import LabApp

TOKEN = "/token"  # noqa: S105  a path


def add_token(app: LabApp, lab: Lab) -> None:
    """Give the provider its token endpoint."""

    @app.post(TOKEN)
    @app.post(org_openid.TOKEN)
    def token() -> Response:
        return _answer(lab)


def _answer(lab: Lab) -> Response:
    try:
        call = read_call(lab)
        wanted = _judge(call)
        made = issue(lab, call.provider, wanted, call.now)
    except OAuthError as error:
        return refused(lab, error, "token-refused", "Token request")
    what = "ID token and access token" if made.id_token else "Access token"
    who, believed = wanted.granted.username or wanted.client.client_id, wanted.believed
    entry = lab.record(
        side="asserting",
        event="token-issued",
        summary=f"{what} for {who} sent to {wanted.client.client_id}",
        flow=wanted.flow,
        user=wanted.granted.username,
        accepted=True,
        findings=wanted.remarks,
        claims=believed.claims if believed else None,
        signature=believed.signature if believed else None,
        verifiers=believed.verifiers if believed else {},
        message=(made.id_token or "").encode(),
    )
    return judged(entry, json_told(made.members))


def _judge(call: Call) -> Issue:
    """Find out what is to be issued.

    Raises:
        OAuthError: nothing.
    """
    kind = call.form.get("grant_type")
    if kind is None:
        raise parameter_missing("grant_type")
    row = grants().get(kind)
    if row is None:
        raise unknown_grant_type(kind)
    call = authenticated(call, needed=row.authenticated)
    if call.caller is not None and not call.caller.may_use(kind):
        raise grant_not_allowed(call.caller.client_id, kind)
    return row.judge(call)
