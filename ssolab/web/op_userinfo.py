"""The userinfo endpoint: what a client may know of whoever logged in (OIDCCore 5.3), asked for in three ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Response, request

from ssolab.oidc import unauthenticated
from ssolab.oidc.claims import asked_for
from ssolab.oidc.errors import OAuthError
from ssolab.oidc.parties import OPENID
from ssolab.salesforce import openid as org_openid
from ssolab.web.op_access import good_token
from ssolab.web.op_calls import FORM, json_told, read_form
from ssolab.web.op_issue import known_of, speaker
from ssolab.web.pages import judged

if TYPE_CHECKING:
    from ssolab.oidc.tokens import Token
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp

USERINFO: Final = "/userinfo"


def add_userinfo(app: LabApp, lab: Lab) -> None:
    """Give the provider its userinfo endpoint."""

    @app.get(USERINFO)
    @app.post(USERINFO)
    @app.get(org_openid.USERINFO)
    @app.post(org_openid.USERINFO)
    def userinfo() -> Response:
        return _answer(lab)


def bearer_token() -> str:
    """Give the access token of the request that is being answered: from its header, or from its form.

    Raises:
        OAuthError: there is none, or there are two.
    """
    scheme, _, in_header = request.headers.get("Authorization", "").partition(" ")
    in_form = None
    if request.method == "POST" and request.mimetype == FORM:
        in_form = read_form().get("access_token")
    if scheme.lower() != "bearer" or not in_header.strip():
        if in_form is None:
            raise unauthenticated.access_token_missing()
        return in_form
    if in_form is not None:
        raise unauthenticated.several_access_tokens()
    return in_header.strip()


def refused_bearer(lab: Lab, error: OAuthError, event: str, what: str) -> Response:
    """Tell the bearer of a token why it gets nothing (RFC 6750 3), and the journal too."""
    entry = lab.record(
        side="asserting",
        event=event,
        summary=f"{what} refused: {error.name}: {error.problem}",
        accepted=False,
        findings=error.findings,
    )
    told = error.told()
    bare = error.code == unauthenticated.access_token_missing.code  # who sent none is told no error (RFC 6750 3.1)
    said = "" if bare else "".join(f', {name}="{value}"' for name, value in told.items())
    answer = json_told(told, error.status)
    answer.headers["WWW-Authenticate"] = f'Bearer realm="ssolab"{said}'
    return judged(entry, answer)


def _answer(lab: Lab) -> Response:
    try:
        wanted = () if lab.openid.provider.flavour == "salesforce" else (OPENID,)
        token = good_token(lab, bearer_token(), *wanted)
        if token.granted.username is None or token.granted.username not in lab.users:
            raise unauthenticated.access_token_not_good("no user of the lab stands behind it")
    except OAuthError as error:
        return refused_bearer(lab, error, "userinfo-refused", "Userinfo request")
    entry = lab.record(
        side="asserting",
        event="userinfo-answered",
        summary=f"Claims of {token.granted.username} told to {token.granted.client_id}",
        user=token.granted.username,
        accepted=True,
    )
    return judged(entry, json_told(_claims(lab, token)))


def _claims(lab: Lab, token: Token) -> dict[str, object]:
    provider, granted = lab.openid.provider, token.granted
    known = known_of(lab, granted.username)
    if provider.flavour == "salesforce":
        return org_openid.userinfo(speaker(provider, granted.username), known, updated=lab.openid.begun)
    return {"sub": granted.subject, **asked_for(known, token.scopes, granted.wishes.userinfo)}
