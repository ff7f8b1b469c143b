"""Plays logins of OpenID Connect through the pair without a browser or a socket: over both parties' own routes.

The relying party's own questions (document, keys, tokens, userinfo) go to the other application too, so a whole
rotation can be played on a clock that stands still.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from werkzeug.test import Client

from ssolab.core.findings import DefectError, InputError
from ssolab.cutover.scene import SAML_FLOWS, Flow
from ssolab.oidc.bringing import nothing_to_assert_with
from ssolab.web.addresses import OIDC_BEARER, OIDC_CALLBACK, OIDC_LOGIN, OIDC_LOGOUT, OIDC_REFRESH, ORG_CALLBACK
from ssolab.web.outgoing import Told
from ssolab.web.pages import ENTRY_HEADER
from ssolab.web.player import ARRIVE, ASK, OK, REQUEST, RESPOND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from werkzeug.test import TestResponse

    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from ssolab.web.outgoing import Call
    from ssolab.web.player import Drive, Moment
    from ssolab.web.rp_state import RelyingSession

LOGOUT_FLOW: Final = "oidc-logout"
"""What a logout that begins at the relying party of OpenID Connect is called."""
_ELSEWHERE: Final = frozenset({302, 303})
_FORM = re.compile(r'<form method="post" action="([^"]*)"')
_FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_FRAME = re.compile(r'<iframe src="([^"]*)"')
_ONWARD = re.compile(r'id="onward" href="([^"]*)"')
TOKENS_JUDGED: Final = frozenset({"token-issued", "token-refused"})
"""The journal events of the provider's token endpoint."""
_OURS: Final = (OIDC_CALLBACK, OIDC_LOGOUT, ORG_CALLBACK)


def _no_pause(_leg: str) -> None:
    """Let the next leg begin at once."""


@dataclass(frozen=True, slots=True)
class OpenidDrive:
    """Carries requests between the two applications as a browser would, and as the relying party itself does."""

    lab: Lab
    asserting: Flask
    relying: Flask

    def connect(self) -> None:
        """Have what either party asks the other be answered by its application, where the pair has no ports."""
        provider = Client(self.asserting, use_cookies=False)
        relying = Client(self.relying, use_cookies=False)

        def send(call: Call) -> Told:
            return _told(
                provider.open(
                    self._at_provider(call.address), method=call.method, headers=dict(call.headers), data=call.body
                )
            )

        def post(address: str, form: bytes) -> int:
            kind = "application/x-www-form-urlencoded"
            return relying.post(_path(address), data=form, content_type=kind).status_code

        self.lab.openid_rp.send, self.lab.openid.post = send, post

    def login(
        self, username: str, wishes: Mapping[str, str] | None = None, before: Moment = _no_pause, at: str = OIDC_LOGIN
    ) -> Entry:
        """Play one login, and give the journal entry of its last judgement.

        Args:
            username: who logs in, where the provider asks.
            wishes: parameters for the relying party's login page, such as `prompt`.
            before: called before each leg: the request is made, it arrives, the answer is made, it arrives.
            at: where the login begins.

        Raises:
            DefectError: the pair did not judge anything.
        """
        provider, relying = Client(self.asserting, use_cookies=False), Client(self.relying, use_cookies=False)
        before(REQUEST)
        last = relying.get(at, query_string=dict(wishes or {}))
        if last.status_code in _ELSEWHERE:
            before(ASK)
            last = provider.get(self._at_provider(last.headers["Location"]))
            page = last.get_data(as_text=True)
            if last.status_code == OK and 'name="username"' in page:
                before(RESPOND)
                last = provider.post(_action(page), data={**dict(_fields(page)), "username": username})
            before(ARRIVE)
            last = self._brought_back(relying, last)
        return self._entry(last, f"a login of {username}")

    def logout(self, session: str | None = None) -> Entry:
        """Play one logout that begins at the relying party, and give the journal entry of its last judgement.

        Raises:
            DefectError: the pair did not judge anything.
        """
        provider, relying = Client(self.asserting, use_cookies=False), Client(self.relying, use_cookies=False)
        last = relying.get(OIDC_LOGOUT, query_string={"session": session} if session else {})
        if last.status_code in _ELSEWHERE:
            last = provider.get(self._at_provider(last.headers["Location"]))
            page = last.get_data(as_text=True)
            if last.status_code == OK and _FORM.search(page):  # it asks whether that is meant
                last = provider.post(_action(page), data={**dict(_fields(page)), "leave": "yes"})
            last = self._brought_back(relying, self._framed(relying, last))
        return self._entry(last, "a logout")

    def session_of(self, user: str | None = None) -> RelyingSession:
        """Find the newest session of the relying party, or of one user there.

        Raises:
            InputError: there is none.
        """
        mine = (each for each in self.lab.openid_rp.sessions if user is None or user in _names(each))
        session = next(reversed([*mine]), None)
        if session is None:
            who = "nobody" if user is None else f"nobody called {user!r}"
            problem = f"{who} is logged in at the relying party by OpenID Connect"
            raise InputError("user", problem, "log in first, with the flow oidc-code")
        return session

    def log_out(self, session: RelyingSession) -> Entry:
        """Play one logout of a session of the relying party, and give the journal entry that decided it.

        That is the first refusal, such as that of a logout token, or else the last judgement.

        Raises:
            DefectError: the pair did not judge anything.
        """
        lab = self.lab
        before = lab.journal.newest
        last = self.logout(session.key)
        judged = (each for each in lab.journal.entries() if each.number > before)
        return next((each for each in judged if each.accepted is False), last)

    def refresh(self, session: str | None = None) -> Entry:
        """Play one refresh of the tokens that a session of the relying party holds.

        Raises:
            DefectError: nothing was judged.
        """
        relying = Client(self.relying, use_cookies=False)
        return self._entry(relying.get(OIDC_REFRESH, query_string={"session": session} if session else {}), "a refresh")

    def bring(self, username: str) -> Entry:
        """Play one fetching of a token with an assertion, and give the journal entry of the provider's judgement of it.

        Raises:
            InputError: the client has no key.
            DefectError: nothing was judged.
        """
        lab, relying = self.lab, Client(self.relying, use_cookies=False)
        if lab.openid_rp.client.key is None:
            raise nothing_to_assert_with(lab.openid_rp.client.client_id)
        before = lab.journal.newest
        ended = self._entry(relying.get(OIDC_BEARER, query_string={"user": username}), "a token by an assertion")
        judged = (each for each in lab.journal.entries() if each.number > before and each.event in TOKENS_JUDGED)
        return next(reversed([*judged]), ended)

    def _framed(self, relying: Client, answer: TestResponse) -> TestResponse:
        """Load the frames of a page that are the relying party's, as a browser does before it goes on."""
        registered = self.lab.openid.clients.get(self.lab.openid_rp.client.client_id)
        told = registered.frontchannel_logout_uri if registered else None
        for address in map(unescape, _FRAME.findall(answer.get_data(as_text=True))):
            if told is not None and address.startswith(told):
                relying.get(_path(address), query_string=urlsplit(address).query)
        return answer

    def _brought_back(self, relying: Client, answer: TestResponse) -> TestResponse:
        """Take an answer of the provider to the relying party: by its address, or by the form or link on a page."""
        if answer.status_code in _ELSEWHERE:
            location = urlsplit(answer.headers["Location"])
            return relying.get(_path(location.path), query_string=dict(parse_qsl(location.query)))
        page = answer.get_data(as_text=True)
        if answer.status_code == OK and (form := _FORM.search(page)):
            return relying.post(_path(unescape(form[1])), data=dict(_fields(page)))
        if answer.status_code == OK and (link := _ONWARD.search(page)):
            location = urlsplit(unescape(link[1]))
            return relying.get(_path(location.path), query_string=location.query)
        return answer

    def _at_provider(self, address: str) -> str:
        """Give path and query of one of the provider's addresses, whose issuer may have a path of its own."""
        base = self.lab.openid.provider.issuer.rstrip("/")
        if address.startswith(f"{base}/"):
            return address.removeprefix(base)
        parts = urlsplit(address)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def _entry(self, last: TestResponse, what: str) -> Entry:
        entry = self.lab.journal.entry(int(last.headers.get(ENTRY_HEADER, 0)))
        if entry is None:
            raise DefectError(f"{what} ended without a judgement: {last.status}")
        return entry


def openid_drive(drive: Drive) -> OpenidDrive:
    """Play OpenID Connect through the two applications of another drive."""
    return OpenidDrive(drive.lab, drive.asserting, drive.relying)


def login_by(drive: Drive, flow: object, username: str, *, binding: str | None = None) -> Entry:
    """Play one login of either protocol, or one fetching of a token with an assertion.

    Raises:
        InputError: there is no such flow, or OpenID Connect shall come by a binding of SAML.
    """
    if flow in (Flow.OIDC_CODE, Flow.JWT_BEARER):  # compared and not looked up: it may be of any type
        if binding is not None:
            raise InputError("binding", "it belongs to SAML", "leave it out, or ask for a flow of SAML")
        playing = openid_drive(drive)
        return playing.bring(username) if flow == Flow.JWT_BEARER else playing.login(username)
    if flow not in SAML_FLOWS:
        known = ", ".join((*SAML_FLOWS, Flow.OIDC_CODE, Flow.JWT_BEARER))
        raise InputError("flow", f"{flow!r} is none that the pair plays", f"choose one of {known}")
    return drive.login(Flow(str(flow)), username, binding=binding)


def _names(session: RelyingSession) -> tuple[object, ...]:
    """Give the names by which people may mean whoever a session is of."""
    return (session.subject, session.claims.get("preferred_username"))


def _told(answer: TestResponse) -> Told:
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Told(status=answer.status_code, headers=headers, body=answer.get_data())


def _path(address: str) -> str:
    """Find the path of a relying party in an address, whose own base may have a path."""
    path = urlsplit(address).path
    starts = [path.rfind(each) for each in _OURS if each in path]
    return path[max(starts) :] if starts else path[path.rfind("/oidc/") :] if "/oidc/" in path else path


def _action(page: str) -> str:
    found = _FORM.search(page)
    return unescape(found[1]) if found else "/"


def _fields(page: str) -> list[tuple[str, str]]:
    return [(unescape(name), unescape(value)) for name, value in _FIELD.findall(page)]
