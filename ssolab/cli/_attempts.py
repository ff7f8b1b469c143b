"""Sends one message to a relying party on loopback as a browser would, and looks at the page that comes of it.

Requests go to loopback and nowhere else, redirects included: a message that attacks must not reach a stranger. Times
and sizes are bounded; each attempt begins with the cookies that the user gave and nothing from the one before.
"""

from __future__ import annotations

import copy
import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from html import unescape
from http.cookiejar import CookieJar, LoadError, MozillaCookieJar
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

from ssolab.core.findings import ConfigError, InputError
from ssolab.core.hosts import is_loopback
from ssolab.files import shown_name

if TYPE_CHECKING:
    from collections.abc import Sequence

TIMEOUT: Final = 10.0  # seconds for each request
MOST: Final = 4 << 20  # bytes of a page that are read
_MOST_REDIRECTS = 10


@dataclass(frozen=True, slots=True)
class Page:
    """What the relying party showed in the end; status 0 where it hung up or answered no HTTP."""

    status: int
    text: str
    address: str
    location: str = ""
    """Where it would have led, off this machine or to the identity provider."""

    def shows(self, text: str) -> bool:
        """Say whether a text stands on the page, as it is or escaped as HTML escapes it."""
        return text in self.text or text in unescape(self.text)


def on_loopback(address: str, what: str) -> str:
    """Give an address back if it is on this machine.

    Raises:
        ConfigError: it is no http or https address, or one of another machine.
    """
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigError(
            what, f"{address!r} is no http or https address", "give one such as http://127.0.0.1:8081/acs"
        )
    if not is_loopback(host):
        remedy = "run a copy of the relying party on this machine and name it by 127.0.0.1"
        raise ConfigError(what, f"{host} is not this machine, and attacks are sent to loopback only", remedy)
    return address


def read_cookies(file: str | None) -> CookieJar:
    """Read the cookies that each attempt begins with, in the format that browsers export and curl keeps (Netscape).

    Raises:
        InputError: the file cannot be read, or is of another format.
    """
    if file is None:
        return CookieJar()
    jar = MozillaCookieJar()
    try:
        jar.load(file, ignore_discard=True, ignore_expires=True)
    except LoadError:
        problem = "no cookie file of the Netscape format"
        raise InputError(shown_name(file), problem, "export one from the browser, or let curl -c write it") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise InputError(shown_name(file), f"cannot be read ({reason.lower()})", "name a cookie file") from None
    return jar


class _OnlyHere(urllib.request.HTTPRedirectHandler):
    """Follows redirects on this machine only, and not for ever."""

    max_redirections = _MOST_REDIRECTS

    def redirect_request(  # noqa: PLR0913, PLR0917  the library's signature
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Stay on the machine, and stop where a request is handed to the identity provider."""
        leaves = "SAMLRequest=" in newurl or not is_loopback(urlsplit(newurl).hostname or "")
        return None if leaves else super().redirect_request(req, fp, code, msg, headers, newurl)


class Browser:
    """One attempt: a browser that begins with a copy of the given cookies."""

    def __init__(self, cookies: CookieJar) -> None:
        jar = CookieJar()
        for cookie in cookies:
            jar.set_cookie(copy.copy(cookie))
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), _OnlyHere(), urllib.request.HTTPCookieProcessor(jar)
        )

    def post(self, address: str, fields: Sequence[tuple[str, str]]) -> Page:
        """Post a form, and follow where it leads."""
        body = urlencode(fields).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "ssolab"}
        return self._open(urllib.request.Request(address, data=body, headers=headers))  # noqa: S310  loopback only

    def get(self, address: str) -> Page:
        """Open a page, and follow where it leads."""
        return self._open(urllib.request.Request(address, headers={"User-Agent": "ssolab"}))  # noqa: S310  loopback only

    def _open(self, request: urllib.request.Request) -> Page:
        try:
            with self._opener.open(request, timeout=TIMEOUT) as answer:
                return Page(answer.status, answer.read(MOST).decode("utf-8", "replace"), answer.url)
        except urllib.error.HTTPError as error:
            with error:
                text, location = error.read(MOST).decode("utf-8", "replace"), error.headers.get("Location", "")
                return Page(error.code, text, error.url or request.full_url, location)
        except urllib.error.URLError as error:
            return Page(0, f"no answer: {error.reason}", request.full_url)
        except (OSError, http.client.HTTPException) as error:
            return Page(0, f"no answer: {type(error).__name__}", request.full_url)
