"""The authorization code: it comes once, from its own client, with what only that client can know (RFC 6749 4.1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.instants import in_words
from ssolab.oidc import unissued
from ssolab.oidc.malformed import parameter_missing
from ssolab.oidc.parties import OFFLINE, OPENID
from ssolab.oidc.tokens import fits_challenge
from ssolab.web.op_issue import check_keys
from ssolab.web.op_table import Issue, grant

if TYPE_CHECKING:
    from ssolab.oidc.tokens import Code
    from ssolab.web.op_table import Call


@grant("authorization_code")
def authorization_code(call: Call) -> Issue:
    """Redeem a code; one that was used already takes everything with it that was issued for it."""
    state, client = call.lab.openid, call.client
    text = call.form.get("code")
    if text is None:
        raise parameter_missing("code")
    code = state.code(text)
    if code is None:
        raise unissued.unknown_code()
    if code.granted.client_id != client.client_id:
        raise unissued.code_of_another_client(client.client_id)
    if code.used:
        state.revoke_family(code.granted.family)
        raise unissued.used_code()
    if call.now >= code.expires:
        raise unissued.expired_code(in_words(call.provider.lifetimes.code))
    sent = call.form.get("redirect_uri")
    if code.redirect_uri is not None and sent != code.redirect_uri:
        raise unissued.redirect_uri_changed(sent, code.redirect_uri)
    _check_verifier(code, call.form.get("code_verifier"))
    scopes = code.granted.scopes
    check_keys(call.provider, client, id_token=OPENID in scopes)
    if not state.use_code(text):  # another request was faster
        state.revoke_family(code.granted.family)
        raise unissued.used_code()
    return Issue(
        client=client,
        granted=code.granted,
        scopes=scopes,
        flow="oidc-code",
        with_refresh_token=not OFFLINE.isdisjoint(scopes) and client.may_use("refresh_token"),
        with_id_token=OPENID in scopes,
    )


def _check_verifier(code: Code, verifier: str | None) -> None:
    """Refuse a code_verifier that is not the one (RFC 7636 4.6, RFC 9700 4.8.2)."""
    if code.challenge is None:
        if verifier is not None:
            raise unissued.wrong_code_verifier("there is one, and the authorization request had no code_challenge")
        return
    if verifier is None:
        raise unissued.wrong_code_verifier("it is missing")
    if not verifier.isascii() or not fits_challenge(verifier, code.challenge, code.method):
        raise unissued.wrong_code_verifier(f"it does not fit the code_challenge of method {code.method}")
