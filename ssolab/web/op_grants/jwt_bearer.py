"""A token of the client's own making as a grant: it names the user, the client's certificate vouches (RFC 7523 2.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ssolab.core.findings import InputError
from ssolab.oidc.checks import TokenKind, accept
from ssolab.oidc.errors import OAuthError
from ssolab.oidc.grants import JWT_BEARER, bringer, expected_of, issuer_in, refusal, unreadable
from ssolab.oidc.malformed import parameter_missing
from ssolab.web.op_bearer import issue_for
from ssolab.web.op_table import grant

if TYPE_CHECKING:
    from ssolab.web.op_table import Call, Issue


@grant(JWT_BEARER, authenticated=False)
def jwt_bearer(call: Call) -> Issue:
    """Judge the assertion; its issuer chooses nothing but the client whose certificates it is held against."""
    assertion = call.form.get("assertion")
    if assertion is None:
        raise parameter_missing("assertion")
    try:
        client = bringer(issuer_in(assertion, "assertion"), call.lab.openid.clients, call.claimed)
        expected = expected_of(
            TokenKind.BEARER_ASSERTION,
            client,
            call.provider,
            now=call.now,
            seen=call.lab.openid.seen,
            opinions=call.lab.config.opinions,
        )
        report = accept(assertion, expected)
    except OAuthError:
        raise
    except InputError as error:
        raise unreadable(error) from None
    if report.claims is None:
        raise refusal(report.findings)
    wanted = issue_for(call, client, str(report.claims["sub"]), flow="jwt-bearer", remarks=report.findings)
    return replace(wanted, believed=report)
