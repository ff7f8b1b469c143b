"""The registration endpoint: a client tells who it is and gets its client_id (RFC 7591 3).

Nothing changes the lab without its token, so that is the initial access token; whoever starts the lab may let anybody
register. What an org of Salesforce wants and answers there is not confirmed beyond its address.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Any, Final

from flask import Response, request

from ssolab.core.findings import InputError
from ssolab.core.strictjson import parse_object
from ssolab.oidc.errors import OAuthError
from ssolab.oidc.metadata import signing_algorithms
from ssolab.oidc.registering import Offered, registered, told
from ssolab.oidc.tokens import epoch
from ssolab.oidc.unregistered import registration_without_token, too_many_clients, unreadable_client_metadata
from ssolab.salesforce import openid as org_openid
from ssolab.web.op_calls import json_told, refused
from ssolab.web.op_table import client_auths, grants
from ssolab.web.op_userinfo import refused_bearer
from ssolab.web.pages import judged

if TYPE_CHECKING:
    from ssolab.web.lab import Lab
    from ssolab.web.pages import LabApp

REGISTER: Final = "/register"
CREATED: Final = 201
MOST_CLIENTS: Final = 500
_LARGEST: Final = 256 << 10
_EVENT: Final = "registration-refused"
_WHAT: Final = "Registration of a client"


def add_registration(app: LabApp, lab: Lab) -> None:
    """Give the provider its registration endpoint."""

    @app.post(REGISTER)
    @app.post(org_openid.REGISTER)
    def register() -> Response:
        try:
            _authorise(lab)
        except OAuthError as error:
            return refused_bearer(lab, error, _EVENT, _WHAT)
        try:
            return _register(lab, _metadata())
        except OAuthError as error:
            return refused(lab, error, _EVENT, _WHAT)


def _authorise(lab: Lab) -> None:
    """See that whoever asks may register.

    Raises:
        OAuthError: not without the token of the lab.
    """
    if lab.openid.open_registration:
        return
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    given = value.strip() if scheme.lower() == "bearer" else ""
    if not hmac.compare_digest(given.encode("utf-8", "replace"), lab.token.encode()):
        raise registration_without_token()


def _metadata() -> dict[str, Any]:
    """Read the JSON object that was sent.

    Raises:
        OAuthError: it is none.
    """
    if request.mimetype != "application/json":
        raise unreadable_client_metadata(f"the Content-Type is {request.mimetype[:60]!r}")
    try:
        return parse_object(request.get_data(), "client metadata", limit=_LARGEST)
    except InputError as error:
        raise unreadable_client_metadata(error.problem) from None


def _register(lab: Lab, metadata: dict[str, Any]) -> Response:
    if len(lab.openid.clients) >= MOST_CLIENTS:
        raise too_many_clients(MOST_CLIENTS)
    provider = lab.openid.provider
    offered = Offered(
        auth_methods=client_auths(),
        grant_types=(*grants(), "implicit"),
        response_types=provider.response_types,
        algorithms=signing_algorithms(provider),
    )
    made = registered(
        metadata, offered, client_id=secrets.token_urlsafe(16), new_secret=lambda: secrets.token_urlsafe(32)
    )
    client = made.client
    lab.openid.register(client)
    entry = lab.record(
        side="asserting",
        event="client-registered",
        summary=f"Client {client.client_id} registered{f' as {client.name}' if client.name else ''}",
        accepted=True,
        findings=made.remarks,
    )
    return judged(entry, json_told({**told(client), "client_id_issued_at": epoch(lab.now())}, CREATED))
