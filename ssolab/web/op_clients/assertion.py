"""Clients that prove themselves by a token that they sign, private_key_jwt (RFC 7523 2.2, OIDCCore 9)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ssolab.core.findings import InputError
from ssolab.oidc.checks import TokenKind, accept
from ssolab.oidc.grants import JWT_ASSERTION, expected_of, issuer_in, unreadable
from ssolab.oidc.unauthenticated import client_not_authenticated
from ssolab.oidc.unbelieved import refused_client_assertion, unfit_client_assertion_type
from ssolab.web.op_table import Presented, client_auth

if TYPE_CHECKING:
    from ssolab.oidc.parties import Client
    from ssolab.web.op_table import Call


@client_auth("private_key_jwt")
def by_assertion(call: Call) -> Presented | None:
    """Read the client_assertion; whose it says it is chooses the keys and proves nothing yet."""
    assertion, kind = call.form.get("client_assertion"), call.form.get("client_assertion_type")
    if assertion is None and kind is None:
        return None
    if kind != JWT_ASSERTION:
        raise unfit_client_assertion_type(kind)
    try:
        issuer = issuer_in(assertion or "", "client_assertion")
    except InputError as error:
        raise unreadable(error, authenticates=True) from None
    return Presented(client_id=issuer, prove=partial(_prove, call, assertion or ""))


def _prove(call: Call, assertion: str, client: Client) -> None:
    if not client.signs:
        raise client_not_authenticated(client.client_id)
    state, lab = call.lab.openid, call.lab
    expected = expected_of(
        TokenKind.CLIENT_ASSERTION,
        client,
        call.provider,
        now=call.now,
        seen=state.seen,
        opinions=lab.config.opinions,
    )
    try:
        report = accept(assertion, expected)
    except InputError as error:
        raise unreadable(error, authenticates=True) from None
    if report.claims is None:
        raise refused_client_assertion(report.findings)
