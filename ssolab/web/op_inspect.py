"""Asking about tokens (RFC 7662) and revoking them (RFC 7009)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Response

from ssolab.core.findings import has_error
from ssolab.oidc.errors import OAuthError
from ssolab.oidc.malformed import parameter_missing
from ssolab.oidc.tokens import epoch
from ssolab.oidc.unauthenticated import client_not_authenticated
from ssolab.oidc.unended import revocation_of_a_foreign_token
from ssolab.salesforce import openid as org_openid
from ssolab.web.op_access import said_of
from ssolab.web.op_calls import authenticated, json_told, read_call, refused
from ssolab.web.pages import judged

if TYPE_CHECKING:
    from ssolab.oidc.tokens import Token
    from ssolab.web.lab import Lab
    from ssolab.web.op_table import Call
    from ssolab.web.pages import LabApp

INTROSPECT: Final = "/introspect"
REVOKE: Final = "/revoke"


def add_inspection(app: LabApp, lab: Lab) -> None:
    """Give the provider the endpoints of introspection and revocation."""

    @app.post(INTROSPECT)
    @app.post(org_openid.INTROSPECT)
    def introspect() -> Response:
        return _introspect(lab)

    @app.post(REVOKE)
    @app.post(org_openid.REVOKE)
    def revoke() -> Response:
        return _revoke(lab)


def _introspect(lab: Lab) -> Response:
    try:
        call = authenticated(read_call(lab))
        if call.client.is_public:  # whoever knows its name could ask
            raise client_not_authenticated(call.client.client_id)
        text = _token_of(call)
    except OAuthError as error:
        return refused(lab, error, "introspection-refused", "Introspection")
    token = lab.openid.token(text)
    active = token is not None and call.now < token.expires and not token.used
    if token is not None and token.refreshes and token.granted.client_id != call.client.client_id:
        active = False
    reasons = said_of(lab, text, token)
    if has_error(reasons):  # RFC 7662 4: a signature has to be validated where there is one
        active = False
    told = _facts(call, token) if active and token is not None else {"active": False}
    entry = lab.record(
        side="asserting",
        event="introspected",
        summary=f"Token of {told.get('client_id', 'somebody')} is {'active' if active else 'not active'}, "
        f"{call.client.client_id} was told",
        accepted=True,
        findings=reasons,
    )
    return judged(entry, json_told(told))


def _facts(call: Call, token: Token) -> dict[str, object]:
    """Say what a good token means (RFC 7662 2.2)."""
    granted = token.granted
    facts: dict[str, object] = {
        "active": True,
        "scope": " ".join(token.scopes),
        "client_id": granted.client_id,
        "username": granted.username,
        "token_type": None if token.refreshes else "Bearer",
        "exp": epoch(token.expires),
        "iat": epoch(token.issued),
        "sub": granted.subject,
        "iss": call.provider.issuer,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _revoke(lab: Lab) -> Response:
    salesforce = lab.openid.provider.flavour == "salesforce"  # where whoever holds a token may revoke it
    try:
        call = authenticated(read_call(lab), needed=not salesforce)
        text = _token_of(call)
        token = lab.openid.token(text)
        if token is not None and call.caller is not None and token.granted.client_id != call.caller.client_id:
            raise revocation_of_a_foreign_token(call.caller.client_id)
    except OAuthError as error:
        return refused(lab, error, "revocation-refused", "Revocation")
    lab.openid.revoke(text)
    what = (
        "An unknown token" if token is None else "Refresh token and its access tokens" if token.refreshes else "Token"
    )
    whose = "" if token is None else f" of {token.granted.client_id}"
    entry = lab.record(side="asserting", event="revoked", summary=f"{what}{whose} revoked", accepted=True)
    answer = Response(status=200, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})
    return judged(entry, answer)


def _token_of(call: Call) -> str:
    if "token" not in call.form:
        raise parameter_missing("token")
    return call.form["token"]
