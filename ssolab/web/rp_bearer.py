"""Fetching a token without anybody logging in: the relying party asserts for whom, and its registered key vouches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

from flask import Response, request

from ssolab.core.findings import InputError
from ssolab.core.keyreasons import excerpt
from ssolab.cutover.scene import Flow
from ssolab.faults.engine import Carrier
from ssolab.oidc.bringing import assertion_grant, bearer_assertion
from ssolab.oidc.redeeming import read_tokens
from ssolab.web.addresses import OIDC_BEARER
from ssolab.web.outgoing import Call
from ssolab.web.pages import Start
from ssolab.web.rp_answers import record, refuses
from ssolab.web.rp_keys import said_of
from ssolab.web.rp_login import FORM, discovered
from ssolab.web.rp_state import answered, fresh
from ssolab.web.token_firing import Sender
from ssolab.web.verdicts import result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.core.findings import Finding
    from ssolab.web.lab import Lab

FETCHED: Final = "openid-token-fetched"
_LONGEST_SHOWN: Final = 120


def bring(lab: Lab) -> Response:
    """Bring an assertion about a user to the provider's token endpoint, and show what came of it (RFC 7523 2.1).

    Raises:
        InputError: the client has no key, or a fault cannot be put into its assertion.
    """
    client = lab.openid_rp.client
    user = request.args.get("user") or next(iter(lab.users), "")
    provider, found = discovered(lab, client)
    if provider is None:
        return _shown(lab, user, "", found)
    sender = Sender(lab, Carrier.BEARER_ASSERTION, side="relying")
    assertion = bearer_assertion(client, provider.token, user, now=lab.now(), jti=fresh(), sign=sender)
    call = Call(
        address=provider.token,
        method="POST",
        headers={"Content-Type": FORM, "Accept": "application/json"},
        body=urlencode(assertion_grant(assertion)).encode(),
    )
    try:
        told = sender.repeated(lambda: lab.openid_rp.send(call))
    except InputError as error:
        return _shown(lab, user, assertion, (*found, said_of(error)))
    _, more = read_tokens(answered(told), provider.token)
    return _shown(lab, user, assertion, (*found, *more))


def _shown(lab: Lab, user: str, assertion: str, found: Sequence[Finding]) -> Response:
    refused, again = refuses(found), f"{OIDC_BEARER}?user={quote(user, safe='')}"
    user = excerpt(user, _LONGEST_SHOWN)
    summary = f"Token for {user} {'not ' if refused else ''}fetched with an assertion"
    entry = record(lab, FETCHED, summary, found, flow=Flow.JWT_BEARER, user=user, token=assertion, accepted=not refused)
    says = "No token came of the assertion. The journal has the provider's own reasons."
    heading, remark = ("No token", None) if refused else ("Token fetched", f"It is for {user}, as the client asserted.")
    return result(entry, heading=heading, says=says, again=[Start(href=again, text="Fetch another one")], remark=remark)
