"""Plays whole logins through the pair without a browser: over both applications' own routes, with real messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote_plus, urlsplit

from werkzeug.test import Client

from ssolab.core.findings import DefectError
from ssolab.cutover.scene import Flow, Side
from ssolab.web.addresses import ACS, LOGIN, LOGOUT, RESOLUTION, SLO, SSO, START
from ssolab.web.artifact import SOAP_TYPE
from ssolab.web.pages import ENTRY_HEADER

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab

REQUEST: Final = "request"
ASK: Final = "ask"
RESPOND: Final = "respond"
ARRIVE: Final = "arrive"
OK: Final = 200
FOUND: Final = 302
_FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_TIMES = re.compile(r' data-times="(\d+)">')
_BASE64 = re.compile(r"[A-Za-z0-9+/=]*")

Moment = Callable[[str], object]
"""Called before each leg of a login: the request is made, it arrives, the response is made, it arrives."""


def _no_pause(_leg: str) -> None:
    """Let the next leg begin at once."""


@dataclass(frozen=True, slots=True)
class Drive:
    """Carries messages between the two applications as a browser would."""

    lab: Lab
    asserting: Flask
    relying: Flask

    def connect(self) -> None:
        """Have artifacts resolved by the other application itself, where the pair listens on no port."""
        asserting = Client(self.asserting, use_cookies=False)

        def resolve(_address: str, envelope: bytes) -> bytes:
            return asserting.post(RESOLUTION, data=envelope, content_type=SOAP_TYPE).get_data()

        self.lab.resolve = resolve

    def login(self, flow: Flow, username: str, before: Moment = _no_pause, binding: str | None = None) -> Entry:
        """Play one login and give the journal entry of its last judgement; *binding* is how the Response shall come.

        Raises:
            DefectError: the pair did not judge anything.
        """
        idp, sp = Client(self.asserting, use_cookies=False), Client(self.relying, use_cookies=False)
        asked = {} if binding is None else {"binding": binding}
        if flow is Flow.SAML_IDP_INITIATED:
            form = idp.get(START, query_string=asked)
        else:
            before(REQUEST)
            sent = sp.get(LOGIN, query_string=asked)
            before(ASK)
            if sent.status_code == FOUND:
                form = idp.get(SSO, query_string=urlsplit(sent.headers["Location"]).query)
            else:
                form = _carry(idp, SSO, sent)
        last = form
        if any(name == "SAMLResponse" for name, _ in _fields(form)):  # it declines, and asks nobody
            last = _carry(sp, ACS, form)
        elif form.status_code == OK:
            before(RESPOND)
            carried = _post(idp, "/login", [*_fields(form), ("username", username)])
            before(ARRIVE)
            if carried.status_code == FOUND:
                last = sp.get(ACS, query_string=urlsplit(carried.headers["Location"]).query)
            else:
                last = _carry(sp, ACS, carried)
        entry = self.lab.journal.entry(int(last.headers.get(ENTRY_HEADER, 0)))
        if entry is None:
            raise DefectError(f"a login of {username} ({flow}) ended without a judgement: {last.status}")
        return entry

    def logout(self, starts_at: Side, key: str) -> Entry:
        """Play one logout from the side that begins it, and give the journal entry of its last judgement.

        Args:
            starts_at: where the person asks to leave.
            key: names one of that side's sessions.

        Raises:
            DefectError: the pair did not judge anything.
        """
        here, there = Client(self.relying, use_cookies=False), Client(self.asserting, use_cookies=False)
        if starts_at is Side.ASSERTING:
            here, there = there, here
        last = here.get(LOGOUT, query_string={"session": key})
        for receiver in (there, here):
            if last.status_code == FOUND:
                last = receiver.get(SLO, query_string=urlsplit(last.headers["Location"]).query)
            elif _fields(last):
                last = _carry(receiver, SLO, last)
        entry = self.lab.journal.entry(int(last.headers.get(ENTRY_HEADER, 0)))
        if entry is None:
            raise DefectError(f"a logout that began at the {starts_at} party ended unjudged: {last.status}")
        return entry


def _fields(page: TestResponse) -> list[tuple[str, str]]:
    """Read the hidden fields of the one form on a page, in order; a name may stand there twice."""
    return [(unescape(name), unescape(value)) for name, value in _FIELD.findall(page.get_data(as_text=True))]


def _carry(client: Client, path: str, page: TestResponse) -> TestResponse:
    """Post the form on a page, as often as it asks for, and give the last answer."""
    fields, times = _fields(page), _TIMES.search(page.get_data(as_text=True))
    for _ in range(int(times[1]) - 1 if times else 0):
        _post(client, path, fields)
    return _post(client, path, fields)


def _post(client: Client, path: str, fields: Iterable[tuple[str, str]]) -> TestResponse:
    """Send a form as a browser does; in base64 only the plus sign needs an escape, which saves most of the work."""
    body = "&".join(f"{name}={_form_text(value)}" for name, value in fields)
    return client.post(path, data=body.encode(), content_type="application/x-www-form-urlencoded")


def _form_text(value: str) -> str:
    return value.replace("+", "%2B") if _BASE64.fullmatch(value) else quote_plus(value)
