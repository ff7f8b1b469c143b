"""The refresh token: bound to its client, replaced at each use where the provider rotates them (RFC 6749 6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ssolab.oidc import unissued
from ssolab.oidc.malformed import parameter_missing
from ssolab.oidc.parties import OPENID
from ssolab.web.op_issue import check_keys
from ssolab.web.op_table import Issue, grant

if TYPE_CHECKING:
    from ssolab.oidc.tokens import Token
    from ssolab.web.op_table import Call


@grant("refresh_token")
def refresh_token(call: Call) -> Issue:
    """Issue anew; a token that was replaced already takes everything with it that came of its grant."""
    state, client = call.lab.openid, call.client
    text = call.form.get("refresh_token")
    if text is None:
        raise parameter_missing("refresh_token")
    token = state.token(text)
    if token is None or not token.refreshes:
        raise unissued.unknown_refresh_token()
    granted = token.granted
    if granted.client_id != client.client_id:
        raise unissued.refresh_token_of_another_client(client.client_id)
    if token.used:
        state.revoke_family(granted.family)
        raise unissued.used_refresh_token()
    if call.now >= token.expires:
        raise unissued.expired_refresh_token()
    if granted.username is not None and granted.username not in call.lab.users:
        raise unissued.user_gone(granted.username)
    scopes = _scopes(token, call.form.get("scope"))
    check_keys(call.provider, client, id_token=OPENID in scopes)
    if call.provider.rotates and not state.use_refresh_token(text):  # another request was faster
        state.revoke_family(granted.family)
        raise unissued.used_refresh_token()
    return Issue(
        client=client,
        granted=replace(granted, nonce=None),  # which belonged to the first ID token (OIDCCore 12.2)
        scopes=scopes,
        flow="oidc-code",
        with_refresh_token=call.provider.rotates,
        with_id_token=OPENID in scopes,
    )


def _scopes(token: Token, asked: str | None) -> tuple[str, ...]:
    if asked is None:
        return token.scopes
    wanted = dict.fromkeys(asked.split())
    if more := [each for each in wanted if each not in token.granted.scopes]:
        raise unissued.widened_scope(" ".join(more))
    return tuple(wanted)
