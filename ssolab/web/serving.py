"""Listens on real ports and serves applications there, each behind a production server of its own.

Taking the ports is apart from serving on them: the parties declare their addresses before the first request arrives,
and a port in use leaves nothing running. Requests run in threads of their own, so that the relying party may ask the
asserting party while it answers.
"""

from __future__ import annotations

import contextlib
import errno
import io
import ipaddress
import os
import selectors
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Server

from ssolab.core.findings import ConfigError
from ssolab.core.hosts import is_loopback
from ssolab.web.refusals import MAX_BODY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

WAYS: Final = ("asserting party", "relying party", "control page")
THREADS: Final = 8
WAITING: Final = 100  # connections that nobody has accepted yet, and those that are kept open between requests
BUFFER: Final = 1 << 16  # bytes that are read or written at once; an ordinary page fits
LINGER: Final = 0.02  # seconds for which a thread waits for the next request of its connection
WAKE_UP: Final = 0.1  # seconds after which an idle server looks whether it shall stop


# Made anew for every wait, so the one that a single call of the system makes; Windows has only the other.
_Waiting: Final = getattr(selectors, "PollSelector", selectors.SelectSelector)


def _has_more(connection: socket.socket) -> bool:
    with _Waiting() as waiting:
        waiting.register(connection, selectors.EVENT_READ)
        return bool(waiting.select(LINGER))


class _Source(socket.SocketIO):
    """The bytes of a connection, counted."""

    taken = 0

    def readinto(self, buffer: Any) -> int | None:
        count = super().readinto(buffer)
        self.taken += count or 0
        return count


class _Reader(io.BufferedReader):
    """What the library's own reader of a connection does, which is written in Python down to the single line."""

    def __init__(self, connection: socket.socket) -> None:
        self._source = _Source(connection, "r")
        super().__init__(self._source, BUFFER)
        self.bytes_read = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self.bytes_read += len(line)
        return line

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.bytes_read += len(data)
        return data

    def has_data(self) -> bool:
        """Say whether something was received that nobody has asked for yet."""
        return self._source.taken > self.bytes_read


class _Request(HTTPRequest):
    """A request whose answer leaves in one piece, head and body together."""

    def read_request_headers(self) -> bool:
        read: bool = super().read_request_headers()  # type: ignore[no-untyped-call]  # the library has few types
        self.conn.wfile.flush()  # perhaps that the body may come
        return read


class _Connection(HTTPConnection):
    """A connection that has a thread only while there is something to read, or was a moment ago.

    Handing a connection back to be watched costs more than many an answer, and a login is a handful of requests close
    together. But browsers open connections in advance, which would keep every thread waiting for their first request.
    """

    RequestHandlerClass = _Request

    def __init__(self, server: Server, connection: socket.socket, *_: object) -> None:
        super().__init__(server, connection, lambda *_: None)
        self.rfile = _Reader(connection)
        self.wfile = io.BufferedWriter(socket.SocketIO(connection, "w"), BUFFER)

    def communicate(self) -> bool:
        while self.rfile.has_data() or _has_more(self.socket):
            goes_on = super().communicate()  # type: ignore[no-untyped-call]  # likewise
            try:
                self.wfile.flush()
            except OSError:  # who asked has hung up
                return False
            if not goes_on:
                return False
        return True

    def close(self) -> None:
        super().close()
        with contextlib.suppress(OSError):  # what the client did not take is given up, now and not at some later time
            self.wfile.close()


class _Server(Server):
    """A server on a socket that is already taken; a client that hangs up is no news to it."""

    ConnectionClass = _Connection

    def __init__(self, app: Flask, taken: socket.socket) -> None:
        name = taken.getsockname()[:2]
        super().__init__(name, app, numthreads=THREADS, server_name="ssolab", request_queue_size=WAITING)
        self._taken = taken
        self.keep_alive_conn_limit = WAITING
        self.expiration_interval = WAKE_UP
        self.max_request_body_size = MAX_BODY
        self.max_request_header_size = MAX_BODY // 8

    def bind(self, family: int, type: int, proto: int = 0) -> socket.socket:  # noqa: A002, ARG002  the library's names
        self.socket = self._taken
        return self._taken

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:  # noqa: FBT001, FBT002  likewise
        pass

    def stop(self) -> None:
        super().stop()
        self._taken.close()  # the library leaves it where it never began
        self.wsgi_app = None  # the library remembers every server there was


class Servers:
    """Serves applications side by side, one on each socket, until it is told to stop."""

    def __init__(self, apps: Sequence[Flask], sockets: Sequence[socket.socket]) -> None:
        self._servers = [_Server(*each) for each in zip(apps, sockets, strict=True)]
        self._threads: list[threading.Thread] = []
        self._starting = threading.Thread(target=self._start, name="ssolab-start", daemon=True)
        self._begun = threading.Event()  # a thread whose join was broken off counts as ended (Python 3.11)

    def start(self) -> None:
        """Answer from now on; a break by the user in the middle leaves nothing half begun, which nobody could stop."""
        self._starting.start()
        self._begun.wait()

    def _start(self) -> None:
        try:
            for each in self._servers:
                each.prepare()
                self._threads.append(threading.Thread(target=each.serve, name="ssolab-lab", daemon=True))
                self._threads[-1].start()
        finally:
            self._begun.set()

    def stop(self) -> None:
        """Let what is being answered come to its end, and give the ports back."""
        if self._starting.ident is not None:
            self._begun.wait()
            self._starting.join()
        stopping = [threading.Thread(target=each.stop, name="ssolab-stop") for each in self._servers]
        for each in stopping:
            each.start()
        for each in (*stopping, *self._threads):
            each.join()


def listening(host: str, ports: tuple[int, int, int]) -> list[socket.socket]:
    """Take three ports, all of them or none.

    Raises:
        ConfigError: a port is in use or may not be taken, or the host is no address of this machine.
    """
    taken: list[socket.socket] = []
    try:
        for way, port in zip(WAYS, ports, strict=True):
            taken.append(_listening(host, port, way))
    except ConfigError:
        for each in taken:
            each.close()
        raise
    return taken


def _listening(host: str, port: int, way: str) -> socket.socket:
    address = "127.0.0.1" if is_loopback(host) and not is_address(host) else host
    try:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ConfigError(host, f"no socket for it: {error.strerror}", "choose --host 127.0.0.1") from None
    try:
        if os.name == "posix":  # elsewhere this would let two programs share a port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # each connection inherits it
        made.bind((address, port))
        made.listen()
    except PermissionError:
        made.close()
        raise ConfigError(f"port {port}", f"may not be taken for the {way}", "choose --port 8080 or above") from None
    except OSError as error:
        made.close()
        if isinstance(error, socket.gaierror) or error.errno != errno.EADDRINUSE:
            problem = f"the lab cannot listen there: {error.strerror or error}"
            raise ConfigError(host, problem, "choose an address of this machine, such as 127.0.0.1") from None
        remedy = f"stop what listens there, or move all three with --port {_elsewhere(port)}"
        raise ConfigError(f"port {port}", f"already in use, and the {way} needs it", remedy) from None
    return made


def _elsewhere(port: int) -> int:
    return 9080 if 8070 <= port <= 8090 else 8080  # noqa: PLR2004  away from the ports that were asked for


def is_address(host: str) -> bool:
    """Say whether a host is an IP address rather than a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
