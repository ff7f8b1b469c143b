"""The server under the lab: what it does with a connection, byte by byte."""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from ssolab.web import serving
from ssolab.web.app import running_lab
from tests.web.parts import config

if TYPE_CHECKING:
    from collections.abc import Iterator

FRONT_PAGE = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
STYLES = b"GET /lab.css HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    with running_lab(config()) as running:
        place = urlsplit(running.bases.relying)
        with socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=5) as opened:
            yield opened


def answer(connection: socket.socket) -> tuple[bytes, bytes]:
    """Receive one answer: its head and its body."""
    reader = connection.makefile("rb", buffering=0)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += reader.read(1)
    length = next(int(line[15:]) for line in head.splitlines() if line.lower().startswith(b"content-length:"))
    body = b""
    while len(body) < length:
        body += reader.read(length - len(body))
    return head, body


def test_requests_that_come_before_their_answers_are_answered_in_order(connection: socket.socket) -> None:
    connection.sendall(FRONT_PAGE + STYLES + FRONT_PAGE)
    (_, first), (styles, _), (_, last) = (answer(connection) for _ in range(3))
    assert b"Mock service provider" in first
    assert b"text/css" in styles
    assert b"Mock service provider" in last


def test_a_connection_serves_on_after_a_pause(connection: socket.socket) -> None:
    for pause in (0.0, 0.15, 0.0):
        time.sleep(pause)
        connection.sendall(FRONT_PAGE)
        assert b"Mock service provider" in answer(connection)[1]


def test_a_request_that_trickles_in_is_answered_when_it_is_whole(connection: socket.socket) -> None:
    for each in range(0, len(FRONT_PAGE), 7):
        connection.sendall(FRONT_PAGE[each : each + 7])
        time.sleep(0.01)
    assert answer(connection)[0].startswith(b"HTTP/1.1 200 ")


def test_a_client_that_asks_first_is_told_to_go_on_before_it_sends_the_body(connection: socket.socket) -> None:
    form = b"SAMLResponse=abc"
    head = b"POST /saml/acs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    connection.sendall(head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(form))
    assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(form)
    assert b"base64" in answer(connection)[1]


def test_an_answer_comes_in_one_piece(connection: socket.socket) -> None:
    connection.sendall(FRONT_PAGE)
    head, _, body = connection.recv(1 << 16).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body.rstrip().endswith(b"</html>")


def test_garbage_is_refused_and_the_connection_ends(connection: socket.socket) -> None:
    connection.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
    with connection.makefile("rb") as reader:
        assert reader.read().startswith(b"HTTP/1.1 400 ")


def test_a_break_while_the_servers_start_leaves_nothing_running(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare, broken = serving._Server.prepare, []

    def breaks(server: serving._Server) -> None:
        prepare(server)
        broken.append(server.bind_addr)
        if len(broken) == 2:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            time.sleep(0.3)

    monkeypatch.setattr(serving._Server, "prepare", breaks)
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt), running_lab(config()):
        pass
    assert threading.active_count() == before
    for address in broken:
        with socket.socket() as probe:
            assert probe.connect_ex(address) != 0


def test_clients_that_hang_up_before_their_answer_leave_a_server_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    unraisable: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", unraisable.append)
    with running_lab(config()) as running:
        place = urlsplit(running.bases.relying)
        address = (str(place.hostname), int(place.port or 0))
        before = threading.active_count()
        for _ in range(20):
            with socket.create_connection(address) as gone, contextlib.suppress(OSError):
                gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset, no farewell
                gone.sendall(FRONT_PAGE * 3)
        with socket.create_connection(address, timeout=5) as opened:
            opened.sendall(FRONT_PAGE)
            assert b"Mock service provider" in answer(opened)[1]
        assert threading.active_count() == before
    gc.collect()
    assert unraisable == []
