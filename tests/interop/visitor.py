"""A browser without scripts: it keeps cookies, follows redirects, and sends the one form of a page when told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, ProxyHandler, build_opener

from tests.interop.pair import form_on

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any
    from urllib.request import Request

PATIENCE = 30  # seconds


@dataclass(frozen=True)
class Page:
    """What the browser shows in the end: where it is, how that went, and the form on it.

    `leads_to` is where it was sent and did not go.
    """

    url: str
    status: int
    text: str
    leads_to: str = ""

    @property
    def action(self) -> str:
        """Where the form goes."""
        return urljoin(self.url, form_on(self.text)[0])

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields of the form."""
        return form_on(self.text)[1]


class _Stopping(HTTPRedirectHandler):
    """Follows redirects, but not to one address."""

    def __init__(self, where: str) -> None:
        self._where = where

    def redirect_request(  # noqa: PLR0913, PLR0917  told so by its base
        self, req: Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Request | None:
        stops = self._where and newurl.startswith(self._where)
        return None if stops else super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(where: str = "") -> OpenerDirector:
    opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()), _Stopping(where))
    opener.addheaders = [("Accept", "text/html")]  # mod_auth_openidc sends only those to a login who can read its pages
    return opener


@dataclass(frozen=True)
class Visitor:
    """One person with one browser."""

    _opener: OpenerDirector = field(default_factory=_opener)

    @classmethod
    def stopping_at(cls, where: str) -> Visitor:
        """One who goes everywhere but to that address, for a client that is a program and has none that answers."""
        return cls(_opener(where))

    def open(self, url: str, fields: Mapping[str, str] | None = None) -> Page:
        """Go to an address, or post fields to it; an error page is a page too."""
        data = None if fields is None else urlencode(fields).encode()
        try:
            answer = self._opener.open(url, data, timeout=PATIENCE)
        except HTTPError as error:
            answer = error
        with answer:
            location = answer.headers.get("Location")
            leads_to = urljoin(answer.url, location) if location else ""
            return Page(answer.url, answer.status, answer.read().decode(errors="replace"), leads_to)

    def submit(self, page: Page, **filled: str) -> Page:
        """Send the form of a page, its visible fields filled in."""
        assert page.fields, f"no form at {page.url} ({page.status})\n{page.text}"
        return self.open(page.action, page.fields | filled)

    def log_in(self, url: str, username: str) -> Page:
        """Open a page that asks for a login, say who one is at the identity provider, and go where that leads."""
        page = self.open(url)
        if "SAMLRequest" in page.fields:
            page = self.submit(page)
        if "errand" not in page.fields:
            return page  # the identity provider does not ask, for it did not believe the request
        page = self.submit(page, username=username)
        return self.submit(page) if "SAMLResponse" in page.fields else page
