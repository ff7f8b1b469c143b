"""The one way in which a party of the lab asks another over HTTP: one request to one address that settings name.

No proxy stands between, no redirect is followed, and neither a slow nor a talkative server can hold a login for longer,
or fill more memory, than is said here.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ssolab.core.xmltext import in_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ssolab.core.findings import InputError

PATIENCE: Final = 5.0
"""Seconds that a whole exchange may take, from the first byte to the last."""
_SHOWN = 200
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. What it carries never shows in its text."""

    address: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came back, whole: the headers by their names in lower case, the first of each."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def kind(self) -> str:
        """The media type, without parameters and in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def send(
    call: Call, unanswered: Callable[[str, str, str], InputError], *, limit: int, patience: float = PATIENCE
) -> Told:
    """Send a request and give what comes back.

    Args:
        call: what to ask, and where.
        unanswered: words why there is no answer: the address, the problem, the remedy.
        limit: the most bytes of an answer.
        patience: the most seconds of all this.

    Raises:
        InputError: nobody answers there, not in time, not as a whole, or with more than that.
    """
    address = call.address
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
        connection = http.client.HTTPConnection(host, port, timeout=patience)
    except (ValueError, http.client.InvalidURL):
        raise unanswered(address, "this is no address", "load metadata with a real one") from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    passed = threading.Event()
    try:
        taken = _taken(host, port or _PORTS.get(parts.scheme, 80), patience, secure=parts.scheme == "https")
        with taken, _deadline(taken, patience, passed), contextlib.closing(connection):
            if isinstance(taken, ssl.SSLSocket):
                taken.do_handshake()
            connection.sock = taken
            connection.request(call.method, path, call.body, {**call.headers, "Connection": "close"})
            with connection.getresponse() as answer:
                body = answer.read(limit + 1)
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        if passed.is_set() or isinstance(error, TimeoutError):
            raise _late(address, patience, unanswered) from None
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        problem = f"nobody answers as HTTP does there: {in_one_line(said[:_SHOWN])}"
        raise unanswered(address, problem, "see whether it is up, and try again") from None
    if passed.is_set():  # a body without a length ends like this, and looks whole
        raise _late(address, patience, unanswered)
    if len(body) > limit:
        raise unanswered(address, f"the answer is larger than {limit:,} bytes", "have one message sent")
    if answer.length:  # what is still to come, by its own word
        raise unanswered(address, "the answer breaks off", "see why it hangs up, and try again")
    return Told(
        status=answer.status,
        headers={name.lower(): value for name, value in reversed(answer.getheaders())},
        body=body,
    )


def _taken(host: str, port: int, patience: float, *, secure: bool) -> socket.socket:
    """Connect, without the handshake: that too has to end in time."""
    plain = socket.create_connection((host, port), timeout=patience)
    if not secure:
        return plain
    context = ssl.create_default_context()
    return context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)


@contextlib.contextmanager
def _deadline(taken: socket.socket, patience: float, passed: threading.Event) -> Iterator[None]:
    """Hang up when the time is over: the timeout of a socket counts from each byte anew."""

    def hang_up() -> None:
        passed.set()
        with contextlib.suppress(OSError):
            socket.socket.shutdown(taken, socket.SHUT_RDWR)  # TLS would first forget what another thread works with

    timer = threading.Timer(patience, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _late(address: str, patience: float, unanswered: Callable[[str, str, str], InputError]) -> InputError:
    return unanswered(address, f"no whole answer within {patience:g} seconds", "see whether it is up, and try again")
