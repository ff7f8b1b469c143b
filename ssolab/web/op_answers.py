"""What the authorization endpoint hands the browser in the end: codes and tokens, in the way that the client wanted."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import request

from ssolab.faults.issuing import Posted
from ssolab.oidc.flow import answer_to
from ssolab.oidc.tokens import Code, Granted
from ssolab.salesforce import openid as org_openid
from ssolab.web.forms import send_form
from ssolab.web.op_issue import check_keys, new_access_token, new_id_token, speaker, subject_of
from ssolab.web.pages import judged, redirect

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from flask import Response

    from ssolab.oidc.flow import Addressed, Authorization
    from ssolab.oidc.parties import Provider
    from ssolab.web.errands import LastLogin
    from ssolab.web.lab import Lab


def answered(lab: Lab, asked: Authorization, login: LastLogin) -> Response:
    """Answer a client that somebody logged in: with a code, tokens, or both.

    Raises:
        OAuthError: nothing can be signed.
    """
    provider, now, client = lab.openid.provider, lab.now(), asked.client
    check_keys(provider, client, id_token=asked.wants("id_token"), access_token=asked.wants("token"))
    granted = _granted(lab, asked, login)
    members: dict[str, str] = {}
    code = access_token = id_token = None
    if asked.wants("code"):
        code = secrets.token_urlsafe(32)
        lab.openid.keep_code(code, _code(provider, asked, granted, now))
        members["code"] = code
    if asked.wants("token"):
        access_token = new_access_token(lab, provider, client, granted, now, scopes=granted.scopes)
        members |= _token_members(provider, granted, access_token, now)
    if asked.wants("id_token"):
        id_token = new_id_token(
            lab,
            provider,
            client,
            granted,
            now,
            access_token=access_token,
            code=code,
            alone=asked.to.response_type == {"id_token"},
        )
        members["id_token"] = id_token
    sent = {"code": code, "token": access_token, "id_token": id_token}
    entry = lab.record(
        side="asserting",
        event="authorization-answered",
        summary=f"{' and '.join(name for name, each in sent.items() if each)} for {login.user.username} "
        f"sent to {asked.to.redirect_uri}",
        flow="oidc-code",
        user=login.user.username,
        message=(id_token or "").encode(),
    )
    return judged(entry, send_answer(asked.to, answer_to(asked.to, provider, members)))


def send_answer(to: Addressed, parameters: Iterable[tuple[str, str]]) -> Response:
    """Send the browser back: with a query, a fragment, or a form that posts itself (OAuth 2.0 Form Post 2)."""
    parameters = tuple(parameters)
    if to.response_mode == "form_post":
        return send_form(Posted(xml=b"", action=to.redirect_uri, fields=parameters), to.client.label)
    mark = "#" if to.response_mode == "fragment" else "&" if "?" in to.redirect_uri else "?"
    return redirect(f"{to.redirect_uri}{mark}{urlencode(parameters)}", 303 if request.method == "POST" else 302)


def _granted(lab: Lab, asked: Authorization, login: LastLogin) -> Granted:
    acr = next(iter((*asked.wishes.acr, *asked.acr_values)), None)
    return Granted(
        client_id=asked.client.client_id,
        subject=subject_of(lab.openid.provider, login.user.username),
        username=login.user.username,
        scopes=asked.scopes,
        family=secrets.token_urlsafe(12),
        auth_time=login.at,
        auth_time_wanted=asked.max_age is not None or "auth_time" in asked.wishes.id_token,
        nonce=asked.nonce,
        acr=acr,
        sid=lab.openid.session(login, asked.client.client_id).sid,
        wishes=asked.wishes,
    )


def _code(provider: Provider, asked: Authorization, granted: Granted, now: datetime) -> Code:
    return Code(
        granted=granted,
        redirect_uri=asked.to.redirect_uri if asked.to.redirect_given else None,
        challenge=asked.challenge,
        method=asked.challenge_method,
        expires=now + provider.lifetimes.code,
    )


def _token_members(provider: Provider, granted: Granted, access_token: str, now: datetime) -> dict[str, str]:
    """Give what stands beside an access token that comes through the browser (RFC 6749 4.2.2)."""
    if provider.flavour == "salesforce":
        return org_openid.token_answer(
            speaker(provider, granted.username),
            access_token=access_token,
            scopes=granted.scopes,
            now=now,
            secret=provider.mac_key,
        )
    return {
        "access_token": access_token,
        "token_type": "Bearer",
        "expires_in": str(int(provider.lifetimes.access_token.total_seconds())),
        "scope": " ".join(granted.scopes),
    }
