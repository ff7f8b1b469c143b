"""Client credentials: a client speaks for itself, at Salesforce as the user that its app names (RFC 6749 4.4)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ssolab.oidc import unissued
from ssolab.oidc.flow import granted_of
from ssolab.oidc.tokens import Granted
from ssolab.oidc.unauthenticated import client_not_authenticated
from ssolab.web.op_issue import subject_of
from ssolab.web.op_table import Issue, grant

if TYPE_CHECKING:
    from ssolab.web.op_table import Call


@grant("client_credentials")
def client_credentials(call: Call) -> Issue:
    """Issue an access token for the client alone: no ID token, since nobody logged in, and no refresh token."""
    client, salesforce = call.client, call.provider.flavour == "salesforce"
    if client.is_public:
        raise client_not_authenticated(client.client_id)
    if salesforce and client.run_as is None:
        raise unissued.nobody_to_run_as(client.client_id)
    user = client.run_as
    if user is not None and user not in call.lab.users:
        raise unissued.user_gone(user)
    asked = call.form.get("scope")
    scopes = tuple(sorted(client.scopes or (("api",) if salesforce else ()))) if asked is None else ()
    granted = Granted(
        client_id=client.client_id,
        subject=subject_of(call.provider, user) if user else client.client_id,
        username=user,
        scopes=scopes if asked is None else granted_of(asked, client),
        family=secrets.token_urlsafe(12),
    )
    return Issue(client=client, granted=granted, scopes=granted.scopes, flow="oidc-access-token")
