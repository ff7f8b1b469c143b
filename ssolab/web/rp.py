"""The mock relying party of OpenID Connect: its addresses, the generic ones and those of an org of Salesforce."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response, request
from werkzeug.exceptions import NotFound

from ssolab.oidc.relying import PinnedTrust
from ssolab.web.addresses import (
    OIDC_BACKCHANNEL,
    OIDC_BEARER,
    OIDC_CALLBACK,
    OIDC_FRONTCHANNEL,
    OIDC_LOGIN,
    OIDC_LOGOUT,
    OIDC_REFRESH,
    ORG_CALLBACK,
    ORG_SSO,
)
from ssolab.web.rp_bearer import bring
from ssolab.web.rp_login import begin, finish
from ssolab.web.rp_logout import leave, told_by_browser, told_by_provider
from ssolab.web.rp_refresh import refresh

if TYPE_CHECKING:
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp


def add_relying(app: LabApp, lab: Lab) -> None:
    """Give the relying party the pages of a client of OpenID Connect."""

    @app.get(OIDC_LOGIN)
    def openid_login() -> Response:
        return begin(lab, go_to=request.args.get("go_to"))

    @app.get(OIDC_CALLBACK)
    def openid_callback() -> Response:
        return finish(lab, list(request.args.items(multi=True)), posted=False)

    @app.post(OIDC_CALLBACK)
    def openid_form() -> Response:
        return finish(lab, list(request.form.items(multi=True)), posted=True)

    @app.get(OIDC_LOGOUT)
    def openid_logout() -> Response:
        return leave(lab)

    @app.post(OIDC_BACKCHANNEL)
    def openid_backchannel() -> Response:
        return told_by_provider(lab, list(request.form.items(multi=True)))

    @app.get(OIDC_FRONTCHANNEL)
    def openid_frontchannel() -> Response:
        return told_by_browser(lab)

    @app.get(OIDC_REFRESH)
    def openid_refresh() -> Response:
        return refresh(lab)

    @app.get(OIDC_BEARER)
    def openid_bearer() -> Response:
        return bring(lab)

    _add_org(app, lab)


def _add_org(app: LabApp, lab: Lab) -> None:
    """Give it the addresses of an org as well, which the name of the Auth. Provider ends."""

    @app.get(f"{ORG_SSO}<name>")
    def org_login(name: str) -> Response:
        return begin(lab, _org_callback(lab, name), request.args.get("startURL"))

    @app.get(f"{ORG_CALLBACK}<name>")
    def org_callback(name: str) -> Response:
        _org_callback(lab, name)
        return finish(lab, list(request.args.items(multi=True)), posted=False)

    @app.post(f"{ORG_CALLBACK}<name>")
    def org_form(name: str) -> Response:
        _org_callback(lab, name)
        return finish(lab, list(request.form.items(multi=True)), posted=True)


def openid_facts(lab: Lab) -> list[tuple[str, str]]:
    """Describe the client, for the front page: whose it is, what it asks for, whom it believes, and its addresses."""
    client, base = lab.openid_rp.client, lab.bases.relying
    trust = client.trust
    if isinstance(trust, PinnedTrust):
        believed = f"{len(trust.keys)} pinned by hand"
    else:
        believed = f"those that the provider lists, kept as by {trust.profile or 'default'}"
    facts = (
        ("provider", client.issuer),
        ("client_id", client.client_id),
        ("proves itself by", client.auth_method),
        ("response_type", client.response_type),
        ("scope", " ".join(client.scopes)),
        ("judges ID tokens", client.judging),
        ("keys it believes", believed),
    )
    named = (
        ("login", OIDC_LOGIN),
        ("callback", OIDC_CALLBACK),
        ("logout", OIDC_LOGOUT),
        ("back-channel logout", OIDC_BACKCHANNEL),
        ("front-channel logout", OIDC_FRONTCHANNEL),
        ("JWT bearer", OIDC_BEARER),
    )
    return [*facts, *((name, base + path) for name, path in named)]


def _org_callback(lab: Lab, name: str) -> str:
    """Give the callback of an Auth. Provider by its name.

    Raises:
        NotFound: there is none of that name.
    """
    if name != lab.openid_rp.client.name:
        raise NotFound("The relying party has no Auth. Provider of that name.")
    return f"{lab.openid_rp.client.redirect_uri.removesuffix(OIDC_CALLBACK)}{ORG_CALLBACK}{name}"
