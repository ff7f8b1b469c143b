"""The relying party's way to the address where artifacts are resolved: one POST to one configured address.

The address comes from settings and never from a message. No proxy stands between, no redirect is followed, and neither
a slow nor a talkative server can hold the login for longer, or fill more memory, than is said here.
"""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ssolab.core.xmltext import in_one_line
from ssolab.saml.soap import MAX_ENVELOPE
from ssolab.saml.unresolvable import resolution_unanswered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.findings import InputError

PATIENCE: Final = 5.0
"""Seconds that a whole exchange may take, from the first byte to the last."""
ACTION: Final = "http://www.oasis-open.org/committees/security"
"""What SOAPAction says for every SAML message (SAML2Bind 3.2.2.2)."""
_TYPES = frozenset({"text/xml", "application/soap+xml"})
_SHOWN = 200
_ANSWERS = frozenset({200, 500})  # 500 carries a fault (SAML2Bind 3.2.3.3)


def exchange(address: str, envelope: bytes, *, patience: float = PATIENCE) -> bytes:
    """Send an envelope to an address and give the envelope that comes back.

    Raises:
        InputError: nobody answers there, not in time, or with something else than SOAP of a bearable size.
    """
    parts = urlsplit(address)
    try:
        host, port = parts.hostname or "", parts.port
        connection = http.client.HTTPConnection(host, port, timeout=patience)
    except (ValueError, http.client.InvalidURL):
        raise resolution_unanswered(address, "this is no address", "load metadata with a real one") from None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{ACTION}"', "Connection": "close"}
    secure = parts.scheme == "https"
    passed = threading.Event()
    try:
        taken = _taken(host, port or (443 if secure else 80), patience, secure=secure)
        with taken, _deadline(taken, patience, passed), contextlib.closing(connection):
            if isinstance(taken, ssl.SSLSocket):
                taken.do_handshake()
            connection.sock = taken
            connection.request("POST", path, envelope, headers)
            with connection.getresponse() as answer:
                body = answer.read(MAX_ENVELOPE + 1)
    except (OSError, http.client.HTTPException) as error:
        late = passed.is_set() or isinstance(error, TimeoutError)
        raise _late(address, patience) if late else _silent(address, error) from None
    if passed.is_set():  # a body without a length ends like this, and looks whole
        raise _late(address, patience)
    if answer.status not in _ANSWERS:
        to = in_one_line(str(answer.headers["Location"] or "")[:_SHOWN])
        where = f", to {to}" if to else ""
        problem = f"it answers with HTTP {answer.status}{where}"
        raise resolution_unanswered(
            address, problem, "give the address that resolves artifacts itself; no redirect is followed"
        )
    if len(body) > MAX_ENVELOPE:
        raise resolution_unanswered(
            address, f"the answer is larger than {MAX_ENVELOPE:,} bytes", "have one message sent"
        )
    if answer.length:  # what is still to come, by its own word
        raise resolution_unanswered(address, "the answer breaks off", "see why it hangs up, and try again")
    if (kind := answer.headers.get_content_type()) not in _TYPES:
        raise resolution_unanswered(
            address, f"the answer is {kind}, not SOAP", "give the address that resolves artifacts"
        )
    return body


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


def _late(address: str, patience: float) -> InputError:
    return resolution_unanswered(
        address, f"no whole answer within {patience:g} seconds", "see whether it is up, and try again"
    )


def _silent(address: str, error: Exception) -> InputError:
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    problem = f"nobody answers as HTTP does there: {in_one_line(said[:_SHOWN])}"
    return resolution_unanswered(address, problem, "see whether it is up, and try again")
