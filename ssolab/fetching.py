"""Fetching what an address in the settings names: bounded in time and size, and only from where the user meant.

Whoever answers can redirect, dawdle, and pack a gigabyte into a kilobyte; and an address in a file that a stranger
wrote must not make this machine talk to its own network.
"""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import time
import zlib
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from ssolab.core.hosts import is_loopback, is_public
from ssolab.core.unfetched import address_not_allowed, address_without_answer, answer_of_another_kind
from ssolab.core.unreadable import oversized_document
from ssolab.files import shown_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

MAX_BYTES: Final = 10 << 20
SECONDS: Final = 20.0
REDIRECTS: Final = 3

_ITSELF: Final = "name the address of the document itself"
_OK: Final = 200
_MOVED: Final = (301, 302, 303, 307, 308)
_CHUNK: Final = 64 << 10
_SCHEMES: Final = {"https": 443, "http": 80}
_OTHER_TYPES: Final = ("text/html", "application/json", "image/", "video/", "audio/", "application/pdf")
_PLAIN: Final = "%/:=&?~+!$,;'@()*[]"
_ENCODINGS: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS}
_TYPES: Final = "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much an address may cost: bytes after unpacking, seconds from first to last, redirects that are followed."""

    max_bytes: int = MAX_BYTES
    seconds: float = SECONDS
    redirects: int = REDIRECTS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leave:
    """What one errand may do: until when (on the monotonic clock), and into which networks."""

    shown: str
    deadline: float
    local: bool
    private: bool

    def left(self) -> float:
        """Give the seconds that are left."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def fetch(address: str, *, private: bool = False, limits: Limits | None = None) -> bytes:
    """Fetch a document.

    Args:
        address: https; http only from this machine itself.
        private: whether the address may lie in a private network.
        limits: how much it may cost.

    Raises:
        InputError: it does not answer, answers with something else, or asks for more than it may.
    """
    allowed, shown = limits or Limits(), shown_name(address)[:200]
    leave = _Leave(
        shown=shown,
        deadline=time.monotonic() + allowed.seconds,
        local=is_loopback(_parts(address, shown).hostname or ""),
        private=private,
    )
    for _ in range(allowed.redirects + 1):
        parts = _parts(address, shown)
        if is_loopback(parts.hostname or "") and not leave.local:
            raise address_not_allowed(shown, "it redirects to this machine itself", _ITSELF)
        try:
            with _asked(parts, leave) as answer:
                if answer.status not in _MOVED:
                    return _body(answer, allowed, shown)
                address = urljoin(address, answer.getheader("Location") or "")
        except UnicodeError:
            raise address_not_allowed(shown, "its host has a name that cannot be", "write https://host/path") from None
        except TimeoutError:
            problem = f"no whole answer within {allowed.seconds:g} s"
            raise address_without_answer(shown, problem, "see whether the server is well, and try again") from None
        except ssl.SSLCertVerificationError as error:
            problem = f"its TLS certificate is not trusted ({error.verify_message})"
            raise address_without_answer(shown, problem, "set SSL_CERT_FILE to its root certificate") from None
        except (OSError, HTTPException) as error:
            said = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise address_without_answer(
                shown, f"it does not answer ({shown_name(str(said))[:120]})", "check it"
            ) from None
    raise address_not_allowed(shown, f"more than {allowed.redirects} redirects", _ITSELF)


def _parts(address: str, shown: str) -> SplitResult:
    """Take an address apart, and let only those pass that may be asked at all."""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise address_not_allowed(shown, "it is no address", "write https://host/path") from None
    if parts.scheme not in _SCHEMES or not parts.hostname or not address.isprintable() or " " in address:
        where = "" if address.startswith(shown) else f", it redirects to {shown_name(address)[:200]}"
        raise address_not_allowed(shown, f"neither https nor http{where}", "write https://host/path")
    if parts.username is not None:
        raise address_not_allowed(
            shown.partition("//")[0] + "//…", "it holds a user name", "leave user and password out of it"
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        where = "" if address.startswith(shown) else f"it redirects to {shown_name(address)[:200]}, "
        raise address_not_allowed(shown, f"{where}http, which anybody on the way can change", "use https")
    return parts


@contextlib.contextmanager
def _asked(parts: SplitResult, leave: _Leave) -> Iterator[HTTPResponse]:
    """Ask one server, on the very network address that was looked at, so that no name can change its meaning."""
    host = parts.hostname or ""
    port = parts.port or _SCHEMES[parts.scheme]
    plain = _connected(host, port, leave)
    secured = plain
    try:
        if parts.scheme == "https":
            plain.settimeout(leave.left())
            secured = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        secured.settimeout(leave.left())
        secured.sendall(_request(parts))
        with contextlib.closing(_Answer(secured, leave)) as answer:
            answer.begin()
            yield answer
    finally:
        secured.close()


def _request(parts: SplitResult) -> bytes:
    target = quote(parts.path or "/", safe=_PLAIN) + (f"?{quote(parts.query, safe=_PLAIN)}" if parts.query else "")
    lines = (
        f"GET {target} HTTP/1.1",
        f"Host: {parts.netloc.encode('idna').decode()}",
        "User-Agent: ssolab",
        f"Accept: {_TYPES}",
        "Accept-Encoding: gzip",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


def _connected(host: str, port: int, leave: _Leave) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    last: OSError = OSError("no network address")
    for family, kind, protocol, _, place in found:
        address = str(place[0])
        if not (leave.private or (leave.local and is_loopback(address)) or is_public(address)):
            problem = f"{address} lies in a private network"
            raise address_not_allowed(leave.shown, problem, "set private_network = true for it if that is meant")
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(leave.left())
            made.connect(place)
        except OSError as error:
            made.close()
            last = error
        else:
            return made
    raise last


class _Reader(io.RawIOBase):
    """Reads from a socket until one moment, however slowly the bytes drip."""

    def __init__(self, source: socket.socket, leave: _Leave) -> None:
        self._source = source
        self._leave = leave

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        self._source.settimeout(self._leave.left())
        return self._source.recv_into(buffer)


class _Answer(HTTPResponse):
    """An answer that is read through such a reader."""

    def __init__(self, source: socket.socket, leave: _Leave) -> None:
        super().__init__(source, method="GET")
        self.fp.close()
        self.fp = io.BufferedReader(_Reader(source, leave))


def _body(answer: HTTPResponse, limits: Limits, shown: str) -> bytes:
    if answer.status != _OK:
        raise answer_of_another_kind(
            shown, f"it answers {answer.status} {shown_name(answer.reason)[:60]}", "check the address"
        )
    kind = (answer.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    if kind.startswith(_OTHER_TYPES):
        raise answer_of_another_kind(shown, f"it answers with {shown_name(kind)[:60]}", _ITSELF)
    encoding = (answer.getheader("Content-Encoding") or "identity").strip().lower()
    if encoding != "identity" and encoding not in _ENCODINGS:
        raise answer_of_another_kind(
            shown, f"it is packed as {shown_name(encoding)[:60]}", "let the server send it as it is"
        )
    unpack = zlib.decompressobj(_ENCODINGS[encoding]) if encoding in _ENCODINGS else None
    body, read = bytearray(), 0
    too_large = oversized_document(shown, f"more than {limits.max_bytes:,} bytes", "name a smaller document")
    try:
        while chunk := answer.read(_CHUNK):
            read += len(chunk)
            body += chunk if unpack is None else unpack.decompress(chunk, limits.max_bytes + 1 - len(body))
            if max(len(body), read) > limits.max_bytes:
                raise too_large
    except zlib.error:
        raise answer_of_another_kind(shown, "its gzip is damaged", "try again, or mend the server") from None
    if answer.length or (unpack is not None and not unpack.eof):
        raise address_without_answer(shown, "the answer is cut off", "try again, or mend the server")
    return bytes(body)
