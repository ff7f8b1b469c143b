"""What a client gets for an assertion that was believed: an access token for the user, and never a refresh token."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from ssolab.oidc.flow import granted_of
from ssolab.oidc.grants import approve, scopes_of
from ssolab.oidc.tokens import Granted
from ssolab.oidc.unissued import grant_not_allowed
from ssolab.web.op_issue import subject_of
from ssolab.web.op_table import Issue

if TYPE_CHECKING:
    from ssolab.core.findings import Finding
    from ssolab.oidc.parties import Client
    from ssolab.web.op_table import Call


def issue_for(call: Call, client: Client, username: str, *, flow: str, remarks: tuple[Finding, ...]) -> Issue:
    """Say what is issued to a client for a user whom its assertion named.

    Raises:
        OAuthError: the client may not use the grant or the scope, or the user is unknown or has not approved it.
    """
    kind = call.form["grant_type"]
    if not client.may_use(kind):
        raise grant_not_allowed(client.client_id, kind)
    approve(client, username, call.lab.users)
    asked = call.form.get("scope")
    scopes = scopes_of(client, call.provider) if asked is None else granted_of(asked, client)
    granted = Granted(
        client_id=client.client_id,
        subject=subject_of(call.provider, username),
        username=username,
        scopes=scopes,
        family=secrets.token_urlsafe(12),
    )
    return Issue(client=client, granted=granted, scopes=scopes, flow=flow, terse=True, remarks=remarks)
