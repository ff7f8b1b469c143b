"""Clients that prove themselves by a secret (RFC 6749 2.3.1), in the header or the form, and those that have none."""

from __future__ import annotations

import hmac
from base64 import b64decode
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from ssolab.oidc.unauthenticated import client_not_authenticated, malformed_client_credentials, wrong_client_secret
from ssolab.web.op_table import Presented, client_auth

if TYPE_CHECKING:
    from ssolab.oidc.parties import Client
    from ssolab.web.op_table import Call


@client_auth("client_secret_basic")
def in_the_header(call: Call) -> Presented | None:
    """Read the header Authorization, whose two parts are form-urlencoded first."""
    scheme, _, value = (call.authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = b64decode(value.strip(), validate=True).decode()
        name, colon, secret = text.partition(":")
        client_id, secret = (unquote_plus(each, errors="strict") for each in (name, secret))
    except ValueError:  # also of letters that are no ASCII
        raise malformed_client_credentials("the header Authorization holds no base64 of UTF-8") from None
    if not colon or not client_id:
        raise malformed_client_credentials("the header Authorization has no colon, or no client_id before it")
    return Presented(client_id=client_id, prove=lambda client: _compare(client, secret))


@client_auth("client_secret_post")
def in_the_form(call: Call) -> Presented | None:
    """Read client_id and client_secret in the form."""
    secret = call.form.get("client_secret")
    if secret is None:
        return None
    if "client_id" not in call.form:
        raise client_not_authenticated(None)
    return Presented(client_id=call.form["client_id"], prove=lambda client: _compare(client, secret))


@client_auth("none")
def by_name_alone(call: Call) -> Presented | None:
    """Take a public client by its client_id, where nothing else speaks for it; PKCE has to do the rest."""
    alone = call.authorization is None and not call.form.keys() & {"client_secret", "client_assertion"}
    if not alone or "client_id" not in call.form:
        return None
    return Presented(client_id=call.form["client_id"], prove=_is_public)


def _compare(client: Client, secret: str) -> None:
    if client.secret is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
        raise wrong_client_secret(client.client_id)


def _is_public(client: Client) -> None:
    if not client.is_public:
        raise client_not_authenticated(client.client_id)
