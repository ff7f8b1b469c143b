"""Listens on real ports and serves applications there, each behind a production server of its own.

Taking the ports is apart from serving on them: the parties declare their addresses before the first request arrives,
and a port in use leaves nothing running. Requests run in threads of their own, so that the relying party may ask the
asserting party while it answers.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import selectors
import socket
import threading
from typing import TYPE_CHECKING, Final

from cheroot.server import HTTPConnection
from cheroot.wsgi import Server

from ssolab.core.findings import ConfigError
from ssolab.core.hosts import is_loopback
from ssolab.web.pages import MAX_BODY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Flask

WAYS: Final = ("asserting party", "relying party", "control page")
THREADS: Final = 8
WAITING: Final = 100  # connections that nobody has accepted yet, and those that are kept open between requests
LINGER: Final = 0.02  # seconds for which a thread waits for the next request of its connection
WAKE_UP: Final = 0.1  # seconds after which an idle server looks whether it shall stop


def _has_more(connection: socket.socket) -> bool:
    with selectors.DefaultSelector() as waiting:
        waiting.register(connection, selectors.EVENT_READ)
        return bool(waiting.select(LINGER))


class _Connection(HTTPConnection):
    """A connection that has a thread only while there is something to read, or was a moment ago.

    Handing a connection back to be watched costs more than many an answer, and a login is a handful of requests close
    together. But browsers open connections in advance, which would keep every thread waiting for their first request.
    """

    def communicate(self) -> bool:
        while self.rfile.has_data() or _has_more(self.socket):
            if not super().communicate():  # type: ignore[no-untyped-call]  # the library has few types
                return False
        return True


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
        self.wsgi_app = None  # the library remembers every server there was


class Servers:
    """Serves applications side by side, one on each socket, until it is told to stop."""

    def __init__(self, apps: Sequence[Flask], sockets: Sequence[socket.socket]) -> None:
        self._servers = [_Server(*each) for each in zip(apps, sockets, strict=True)]
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Answer from now on."""
        for each in self._servers:
            each.prepare()
            self._threads.append(threading.Thread(target=each.serve, name="ssolab-lab", daemon=True))
            self._threads[-1].start()

    def stop(self) -> None:
        """Let what is being answered come to its end, and give the ports back."""
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
