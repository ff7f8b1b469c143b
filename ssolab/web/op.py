"""The mock OpenID provider: its discovery document and keys, and every other page of it beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Response

from ssolab.faults.engine import Carrier
from ssolab.oidc import metadata
from ssolab.oidc.waiting import cache_control
from ssolab.salesforce import openid as org_openid
from ssolab.web.addresses import DISCOVERY, JWKS, OAUTH_DISCOVERY
from ssolab.web.op_authorize import add_authorize
from ssolab.web.op_cors import add_sharing
from ssolab.web.op_data import add_data
from ssolab.web.op_inspect import add_inspection
from ssolab.web.op_logout import add_end_session
from ssolab.web.op_register import add_registration
from ssolab.web.op_table import client_auths, grants
from ssolab.web.op_token import add_token
from ssolab.web.op_userinfo import add_userinfo
from ssolab.web.pages import draw
from ssolab.web.token_firing import send_document

if TYPE_CHECKING:
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp


def add_provider(app: LabApp, lab: Lab) -> None:
    """Give the asserting party the pages of an OpenID provider."""

    @app.get(DISCOVERY)
    def discovery() -> Response:
        return _document(send_document(lab, Carrier.DISCOVERY, _discovery(lab)))

    @app.get(OAUTH_DISCOVERY)
    def oauth_discovery() -> Response:
        if lab.openid.outside.flavour == "salesforce":
            says = "An org of Salesforce has no document of RFC 8414."
            return draw("plain.html", status=404, heading="No such document", says=says, remedy="", bad=True, back="/")
        return _document(send_document(lab, Carrier.DISCOVERY, _discovery(lab)))

    @app.get(JWKS)
    @app.get(org_openid.KEYS)
    def jwks() -> Response:
        answer = _document(send_document(lab, Carrier.JWKS, lab.openid.key_set()))
        answer.headers["Cache-Control"] = cache_control(lab.openid.jwks_life(lab.now()))
        return answer

    add_authorize(app, lab)
    add_token(app, lab)
    add_data(app, lab)
    add_userinfo(app, lab)
    add_inspection(app, lab)
    add_registration(app, lab)
    add_end_session(app, lab)
    add_sharing(app, lab)


def _discovery(lab: Lab) -> dict[str, object]:
    seen = lab.openid.outside
    if seen.flavour == "salesforce":
        return org_openid.discovery(seen.issuer)
    return metadata.discovery(lab.openid.provider, grant_types=grants(), auth_methods=client_auths())


def _document(body: bytes) -> Response:
    return Response(body, content_type="application/json;charset=UTF-8")
