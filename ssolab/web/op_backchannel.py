"""Telling clients of a logout: which frames the browser has to load, and a signed token to each that takes one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from ssolab.core.findings import Finding, InputError, Severity
from ssolab.faults.engine import Carrier
from ssolab.oidc.tokens import header_of, key_for, logout_token_claims
from ssolab.oidc.unended import logout_not_delivered
from ssolab.web.op_calls import FORM
from ssolab.web.op_issue import subject_of
from ssolab.web.outgoing import Call, send
from ssolab.web.token_firing import send_token

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.oidc.parties import Client
    from ssolab.web.lab import Lab
    from ssolab.web.openid import ProviderSession

_LARGEST_ANSWER: Final = 64 << 10
_DONE: Final = frozenset({200, 204})  # 204 is what frameworks make of an empty answer (Back-Channel Logout 2.8)


def tell_clients(lab: Lab, sessions: Iterable[ProviderSession]) -> list[str]:
    """Post a logout token to every client that takes one, and give the addresses to load for those that want that."""
    salesforce, frames = lab.openid.provider.flavour == "salesforce", []
    for session in sessions:
        for client_id in session.clients:
            client = lab.openid.clients.get(client_id)
            if client is None:
                continue
            if client.frontchannel_logout_uri is not None:
                frames.append(_frame(lab, client.frontchannel_logout_uri, session, named=not salesforce))
            if client.backchannel_logout_uri is not None and not salesforce:  # which knows no such thing
                _post(lab, client, client.backchannel_logout_uri, session)
    return frames


def deliver(address: str, body: bytes) -> int:
    """Post a form and give the status of the answer.

    Raises:
        InputError: nobody answers there, or not in time.
    """
    call = Call(address=address, method="POST", headers={"Content-Type": FORM}, body=body)
    return send(call, logout_not_delivered, limit=_LARGEST_ANSWER).status


def _frame(lab: Lab, address: str, session: ProviderSession, *, named: bool) -> str:
    """Give the address of a frame, with issuer and session where the provider names them (Front-Channel Logout 3)."""
    if not named:
        return address
    query = urlencode({"iss": lab.openid.provider.issuer, "sid": session.sid})
    return f"{address}{'&' if '?' in address else '?'}{query}"


def _post(lab: Lab, client: Client, address: str, session: ProviderSession) -> None:
    provider = lab.openid.provider
    claims = logout_token_claims(
        provider,
        client,
        subject=subject_of(provider, session.username),
        sid=session.sid,
        now=lab.now(),
        new_id=secrets.token_urlsafe(16),
    )
    findings: tuple[Finding, ...] = ()
    token = ""
    try:
        key = key_for(provider, client.id_token_alg)
        header = header_of(key, typ="logout+jwt", named=provider.names_keys)
        token = send_token(lab, Carrier.LOGOUT_TOKEN, header, claims, key.private, key.alg)
        status = (lab.openid.post or deliver)(address, urlencode({"logout_token": token}).encode())
        if status not in _DONE:
            raise logout_not_delivered(address, f"it answers with HTTP {status}", "see what the client's log says")
        said = f"taken with HTTP {status}"
    except InputError as error:
        said = f"not taken: {error.problem}"
        findings = (Finding(code=error.code or "", severity=Severity.WARNING, message=f"{address}: {error.problem}"),)
    lab.record(
        side="asserting",
        event="logout-token-sent",
        summary=f"Logout token for {session.username} sent to {client.client_id}, {said}",
        user=session.username,
        findings=findings,
        message=token.encode(),
    )
