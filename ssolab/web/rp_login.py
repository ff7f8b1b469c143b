"""Logging in at the relying party of OpenID Connect: sending the browser off, and judging what it brings back.

Each step reads only what the one before has found good, and a refusal shows every reason that was found up to then.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from flask import Response, request

from ssolab.core.findings import Finding, InputError
from ssolab.faults.engine import Carrier
from ssolab.oidc.asking import Asked, Dice, authorization_request
from ssolab.oidc.checks import TokenKind
from ssolab.oidc.discovered import Discovered, document_address, read_discovery
from ssolab.oidc.redeeming import (
    code_grant,
    id_token_missing,
    proof_of,
    read_tokens,
    read_userinfo,
    two_tokens_disagree,
)
from ssolab.oidc.returning import judge_return, provider_unanswered, returned
from ssolab.oidc.wishes import classes_asked
from ssolab.web.outgoing import Call
from ssolab.web.pages import local_path, redirect
from ssolab.web.rp_answers import LOGIN_JUDGED, logged_in, record, refused, refuses
from ssolab.web.rp_keys import expected_by, judged, said_of
from ssolab.web.rp_state import RelyingSession, answered, fresh
from ssolab.web.token_firing import Sender

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ssolab.oidc.materials import TokenReport
    from ssolab.oidc.redeeming import Tokens
    from ssolab.oidc.relying import RelyingClient
    from ssolab.oidc.returning import Returned
    from ssolab.web.lab import Lab

WISHES: Final = (
    "scope", "prompt", "max_age", "login_hint", "id_token_hint", "acr_values", "claims", "display", "ui_locales",
    "claims_locales", "response_type", "response_mode",
)  # fmt: skip
"""What whoever begins a login may ask for; it is handed on."""
_OK: Final = 200
_DIGITS: Final = 9
_WHAT: Final = "Login"
FORM: Final = "application/x-www-form-urlencoded"


# ---- sending the browser off ----------------------------------------------------------------------------------------


def begin(lab: Lab, redirect_uri: str | None = None, go_to: str | None = None) -> Response:
    """Send the browser to the provider.

    Args:
        lab: whose relying party.
        redirect_uri: where the answer shall come, if not where the settings say.
        go_to: the local path to go to afterwards.

    Raises:
        InputError: a wish cannot be handed on.
    """
    state, now = lab.openid_rp, lab.now()
    client = state.client if redirect_uri is None else replace(state.client, redirect_uri=redirect_uri)
    wishes = {name: value for name in WISHES if (value := request.args.get(name))}
    client = replace(client, response_type=wishes.get("response_type", client.response_type))
    max_age = _max_age(wishes.get("max_age"))
    provider, findings = discovered(lab, client)
    if provider is None:
        return refused(lab, LOGIN_JUDGED, _WHAT, findings)
    acr, acr_essential = classes_asked(wishes.get("acr_values"), wishes.get("claims"))
    dice = Dice(state=fresh(), nonce=fresh(), verifier=fresh())
    uses_code = "code" in client.returns
    asked = Asked(
        provider=provider,
        redirect_uri=client.redirect_uri,
        response_type=client.response_type,
        at=now,
        nonce=dice.nonce if client.sends_nonce else None,
        verifier=dice.verifier if client.uses_pkce and uses_code else None,
        max_age=max_age,
        acr=acr,
        acr_essential=acr_essential,
        go_to=local_path(go_to) or "/",
    )
    state.open.put(dice.state, asked)
    address = authorization_request(client, provider, dice, wishes)
    record(lab, "openid-request-sent", f"Authorization request sent to {provider.authorization}", findings)
    return redirect(address)


def discovered(lab: Lab, client: RelyingClient) -> tuple[Discovered | None, tuple[Finding, ...]]:
    """Read the provider's document as it is now."""
    address = document_address(client.issuer)
    try:
        told = lab.openid_rp.send(Call(address=address, headers={"Accept": "application/json"}))
        if told.status != _OK:
            raise provider_unanswered(address, f"it answers with HTTP {told.status}", "check the issuer")
        return read_discovery(told.body, address, client.issuer)
    except InputError as error:
        return None, (said_of(error),)


def _max_age(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise InputError("max_age", f"{text[:40]!r} is no number of seconds", "give one such as 300")
    return timedelta(seconds=int(text))


# ---- judging what it brings back ------------------------------------------------------------------------------------


def finish(lab: Lab, pairs: Sequence[tuple[str, str]], *, posted: bool) -> Response:
    """Judge an authorization answer, and end the login."""
    state = lab.openid_rp
    answer = returned(pairs, posted=posted)
    asked, found = judge_return(answer, state.open.take, now=lab.now(), life=state.client.message_life)
    if asked is None or refuses(found):
        return refused(lab, LOGIN_JUDGED, _WHAT, found)
    return _Arrival(lab, asked, answer).ended()


class _Arrival:
    """One login that came back: what was found and what is held grow as it goes on."""

    def __init__(self, lab: Lab, asked: Asked, answer: Returned) -> None:
        self.lab, self.asked, self.answer = lab, asked, answer
        self.client = lab.openid_rp.client
        self.found: list[Finding] = []

    def ended(self) -> Response:
        """Go through the steps, and end the login where one of them refuses or all are done."""
        report, token, tokens = self._tokens_judged()
        if report is None or report.claims is None or refuses(self.found):
            return self._refused(report, token)
        access = tokens.access if tokens else self.answer.get("access_token")
        further = self._userinfo(access, report.claims)
        if refuses(self.found):
            return self._refused(report, token)
        return self._logged_in(report, {**further, **report.claims}, token, tokens)

    def _tokens_judged(self) -> tuple[TokenReport | None, str, Tokens | None]:
        """Judge the ID tokens that came: by the browser, from the token endpoint, or one by each."""
        code, front = self.answer.get("code"), self.answer.get("id_token")
        report = None
        if front is not None:
            report = self._judged(front, access=self.answer.get("access_token"), code=code, front=True)
        if code is None or (report is not None and report.claims is None):
            if report is None:
                self.found.append(id_token_missing())
            return report, front or "", None
        tokens = self._redeemed(code)
        if tokens is None or tokens.id_token is None:
            self.found += [id_token_missing()] if tokens else []
            return None, "", tokens
        back = self._judged(tokens.id_token, access=tokens.access)
        if report is not None and report.claims is not None and back.claims is not None:
            self._compare(report.claims, back.claims)
        return back, tokens.id_token, tokens

    def _judged(self, token: str, *, access: str | None, code: str | None = None, front: bool = False) -> TokenReport:
        asked = self.asked
        expected = expected_by(
            self.lab,
            TokenKind.ID_TOKEN,
            issuer=asked.provider.issuer,
            nonce=asked.nonce,
            subject=asked.subject,
            max_age=asked.max_age,
            acr=asked.acr,
            acr_essential=asked.acr_essential,
            access_token=access,
            code=code,
            front_channel=front,
            document="the ID token",
        )
        report = judged(self.lab, token, expected, address=asked.provider.jwks)
        self.found += report.findings
        return report

    def _redeemed(self, code: str) -> Tokens | None:
        tokens, found = redeemed(self.lab, self.asked.provider, code_grant(self.asked, code))
        self.found += found
        return tokens

    def _compare(self, first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
        for name in ("iss", "sub"):
            if first.get(name) != second.get(name):
                self.found.append(two_tokens_disagree(name, first.get(name), second.get(name)))

    def _userinfo(self, access: str | None, claims: Mapping[str, Any]) -> dict[str, Any]:
        address = self.asked.provider.userinfo
        if access is None or address is None or not self.client.asks_userinfo:
            return {}
        headers = {"Authorization": f"Bearer {access}", "Accept": "application/json"}
        try:
            told = self.lab.openid_rp.send(Call(address=address, headers=headers))
        except InputError as error:
            self.found.append(said_of(error))
            return {}
        further, found = read_userinfo(answered(told), address, str(claims.get("sub")))
        self.found += found
        return further or {}

    def _refused(self, report: TokenReport | None = None, token: str = "") -> Response:
        return refused(self.lab, LOGIN_JUDGED, _WHAT, self.found, report=report, token=token)

    def _logged_in(self, report: TokenReport, claims: Mapping[str, Any], token: str, tokens: Tokens | None) -> Response:
        sid = claims.get("sid")
        session = RelyingSession(
            key=fresh(),
            issuer=self.asked.provider.issuer,
            subject=str(claims.get("sub")),
            sid=sid if isinstance(sid, str) else None,
            since=self.lab.now(),
            claims=json.loads(json.dumps(claims)),
            id_token=token,
            access_token=tokens.access if tokens else self.answer.get("access_token"),
            refresh_token=tokens.refresh if tokens else None,
        )
        self.lab.openid_rp.begin(session)
        return logged_in(self.lab, session, self.found, report, self.asked.go_to)


def redeemed(lab: Lab, provider: Discovered, grant: Mapping[str, str]) -> tuple[Tokens | None, tuple[Finding, ...]]:
    """Take a grant to the provider's token endpoint."""
    sender = Sender(lab, Carrier.CLIENT_ASSERTION, side="relying")
    client = lab.openid_rp.client
    if client.key is not None and lab.armed.waits(Carrier.CLIENT_ASSERTION):
        client = replace(client, auth_method="private_key_jwt")  # a secret leaves nothing to put a fault into
    try:
        proof = proof_of(client, provider.token, now=lab.now(), jti=fresh(), sign=sender)
        body = urlencode({**grant, **proof.parameters}).encode()
        headers = {"Content-Type": FORM, "Accept": "application/json", **proof.headers}
        call = Call(address=provider.token, method="POST", headers=headers, body=body)
        told = sender.repeated(lambda: lab.openid_rp.send(call))
    except InputError as error:
        return None, (said_of(error),)
    return read_tokens(answered(told), provider.token)
