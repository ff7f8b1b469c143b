"""The authorization endpoint: it judges what a client asks for, and asks who you are where it may."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from flask import Response, request

from ssolab.core.findings import InputError
from ssolab.oidc.errors import OAuthError
from ssolab.oidc.flow import addressed, authorization, error_to
from ssolab.oidc.hints import read_hint
from ssolab.oidc.malformed import unreadable_request
from ssolab.oidc.unauthorized import declined_by_user, login_of_another, nobody_known
from ssolab.salesforce import openid as org_openid
from ssolab.web.choosing import chosen
from ssolab.web.errands import LastLogin, OpenidErrand
from ssolab.web.op_answers import answered, send_answer
from ssolab.web.op_calls import FORM, fields_of
from ssolab.web.op_issue import subject_of
from ssolab.web.pages import draw, judged, known_facts, posts_to
from ssolab.web.refusals import sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ssolab.cutover.model import User
    from ssolab.oidc.flow import Addressed, Authorization
    from ssolab.oidc.parties import Provider
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp

AUTHORIZE: Final = "/authorize"
LOGIN: Final = "/authorize/login"
_ON_PURPOSE: Final = (
    "access_denied",
    "login_required",
    "interaction_required",
    "consent_required",
    "account_selection_required",
    "server_error",
    "temporarily_unavailable",
)
_EVENT: Final = "authorization-request-judged"


def add_authorize(app: LabApp, lab: Lab) -> None:
    """Give the provider its authorization endpoint and the login page behind it."""

    @app.get(AUTHORIZE)
    @app.get(org_openid.AUTHORIZE)
    def authorize_by_address() -> Response:
        return _receive(lab, request.query_string)

    @app.post(AUTHORIZE)
    @app.post(org_openid.AUTHORIZE)
    def authorize_by_form() -> Response:
        if request.mimetype != FORM:
            return _to_nobody(lab, unreadable_request(f"the Content-Type is {request.mimetype[:60]!r}"))
        return _receive(lab, request.get_data())

    @app.post(LOGIN)
    def openid_login() -> Response:
        return _take_login(lab, request.form)


# --- judging ---


def _receive(lab: Lab, data: bytes) -> Response:
    provider = lab.openid.provider
    try:
        to = addressed(fields_of(data), lab.openid.clients)
    except InputError as error:
        return _to_nobody(lab, error)
    try:
        asked = authorization(to, provider)
        subjects = _subjects(asked, provider)
    except OAuthError as error:
        return _refuse(lab, to, error)
    entry = lab.record(
        side="asserting",
        event=_EVENT,
        summary=f"Authorization request of {asked.client.client_id} accepted",
        flow="oidc-code",
        accepted=True,
        findings=asked.remarks,
    )
    login = _still_good(lab, asked)
    if "none" not in asked.prompt:
        return judged(entry, _ask_who(lab, asked, subjects, login))
    if login is None:
        return _refuse(lab, to, nobody_known("nobody is logged in, or not as freshly as max_age wants"))
    if subjects is not None and subject_of(provider, login.user.username) not in subjects:
        return _refuse(lab, to, nobody_known("somebody else is logged in than the request is for"))
    return judged(entry, _answer(lab, asked, login))


def _subjects(asked: Authorization, provider: Provider) -> frozenset[str] | None:
    """Say whose login it has to be, where a hint or a claim names somebody.

    Raises:
        OAuthError: the hint is none of ours.
    """
    named = [frozenset(asked.wishes.subjects)] if asked.wishes.subjects else []
    if asked.id_token_hint is not None:
        named.append(frozenset((read_hint(asked.id_token_hint, provider).subject,)))
    return frozenset.intersection(*named) if named else None


def _still_good(lab: Lab, asked: Authorization) -> LastLogin | None:
    """Give the login that may be gone on with, where there is one and the request bears it."""
    login = lab.last_login
    if login is None or "login" in asked.prompt or login.user.username not in lab.users:
        return None
    return None if asked.max_age is not None and lab.now() - login.at > asked.max_age else login


def _answer(lab: Lab, asked: Authorization, login: LastLogin) -> Response:
    """Send the browser back with what the client asked for."""
    try:
        return answered(lab, asked, login)
    except OAuthError as error:
        return _refuse(lab, asked.to, error)


def _to_nobody(lab: Lab, error: InputError) -> Response:
    """Say on a page what is wrong: there is no address that the browser may be sent to."""
    finding = (error.finding,) if isinstance(error, OAuthError) else ()
    said = f"{error.name}: {error.problem}"
    entry = lab.record(
        side="asserting", event=_EVENT, summary=f"Authorization request: {said}", accepted=False, findings=finding
    )
    page = draw(
        "plain.html",
        status=400,
        heading="Request refused",
        says=f"{said}. The browser is sent nowhere.",
        remedy=sentence(error.remedy),
        bad=True,
        back="/",
    )
    return judged(entry, page)


def _refuse(lab: Lab, to: Addressed, error: OAuthError) -> Response:
    """Send the browser back to the client with an error."""
    entry = lab.record(
        side="asserting",
        event=_EVENT,
        summary=f"Authorization request of {to.client.client_id} refused: {error.name}: {error.problem}",
        flow="oidc-code",
        accepted=False,
        findings=(error.finding,),
    )
    return judged(entry, send_answer(to, error_to(to, lab.openid.provider, error)))


# --- asking who it is ---


def _ask_who(lab: Lab, asked: Authorization, subjects: frozenset[str] | None, login: LastLogin | None) -> Response:
    token = secrets.token_urlsafe(16)
    lab.openid.errands.put(token, OpenidErrand(asked=asked, subjects=subjects, fresh=login is None))
    posts_to(asked.to.redirect_uri)  # the form's answer sends the browser on, which forms need a right for
    return draw(
        "login.html",
        heading="Log in",
        says=sentence(f"{asked.client.label} asks who you are"),
        action=LOGIN,
        errand=token,
        users=_hinted_first(lab, asked, subjects),
        request_facts=_facts(asked),
        login=login,
        statuses=_ON_PURPOSE,
    )


def _hinted_first(lab: Lab, asked: Authorization, subjects: frozenset[str] | None) -> list[User]:
    """Give the users, whoever is probably meant first."""
    provider = lab.openid.provider

    def meant(user: User) -> bool:
        return user.username == asked.login_hint or subject_of(provider, user.username) in (subjects or ())

    return sorted(lab.users.values(), key=lambda user: not meant(user))


def _facts(asked: Authorization) -> list[tuple[str, str]]:
    given = asked.to.parameters
    shown = (
        "display",
        "ui_locales",
        "claims_locales",
        "acr_values",
        "login_hint",
        "max_age",
        "prompt",
        "nonce",
        "state",
    )
    return known_facts(
        [
            ("from", asked.client.client_id),
            ("answer goes to", asked.to.redirect_uri),
            ("response_type", " ".join(sorted(asked.to.response_type))),
            ("response_mode", asked.to.response_mode),
            ("scope", " ".join(asked.scopes)),
            ("PKCE", asked.challenge_method),
            ("claims", _wished((*asked.wishes.id_token, *asked.wishes.userinfo))),
            *((name, given.get(name)) for name in shown),
            ("remarks", "; ".join(found.message for found in asked.remarks)),
        ]
    )


def _wished(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def _take_login(lab: Lab, form: Mapping[str, str]) -> Response:
    """Take what the login page sends: a name, or why there is none."""
    why, login = _why_not(form), None
    if why is None:
        login = chosen(lab, form)
    errand = lab.openid.errands.take(form.get("errand", ""))
    if errand is None:
        raise InputError("login form", "it was used already, or is too old", "start the login again")
    to = errand.asked.to
    if why is not None or login is None:
        return _refuse(lab, to, why or declined_by_user("access_denied", "nobody was chosen"))
    if errand.fresh and "continue" in form:
        raise InputError("login form", "the request asks for a fresh login", "start again and choose a name")
    if "continue" not in form:
        lab.last_login = login
    subject = subject_of(lab.openid.provider, login.user.username)
    if errand.subjects is not None and subject not in errand.subjects:
        return _refuse(lab, to, login_of_another("somebody else logged in than the request is for"))
    return _answer(lab, errand.asked, login)


def _why_not(form: Mapping[str, str]) -> OAuthError | None:
    if "decline" in form:
        return declined_by_user("access_denied", "the user declined")
    if "fail" not in form:
        return None
    wanted = form.get("status", "")
    if wanted not in _ON_PURPOSE:
        raise InputError("status", f"there is no error {wanted[:80]!r}", f"choose one of {', '.join(_ON_PURPOSE)}")
    return declined_by_user(wanted, "whoever sat there chose this answer")
