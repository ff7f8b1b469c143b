"""Login round trips of the pair behind its production server, against the bound of its two private-key operations.

    python -m tests.bench.logins [seconds]

A round trip is what a browser does: ask at the service provider, ask at the identity provider, choose a name, bring the
Response. Server and load are processes of this machine; what counts is the processor time of both together, so that
neither a second core nor a waiting client flatters the figure. Where nanoidp is installed (its own Python in
SSOLAB_NANOIDP), its half of a round trip is timed in the same run: it has no service provider, so whole round trips of
the pair are held against that half, and the pair's same half too. Exits 1 when a figure is missed.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from ssolab.saml.bindings import encode_redirect
from ssolab.saml.issue import draft_request, seal
from ssolab.web.app import running_lab
from tests.keys import test_key
from tests.web.parts import AMIRA, config, relying_party

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS: Final = 6.0
SLICES: Final = 7
OPERATIONS: Final = 100
CLIENTS: Final = 2
OURS_ALONE: Final = 0.20
ALL_VERIFIERS: Final = 0.15
TIMES_NANOIDP: Final = 10
_FIELD: Final = re.compile(rb'<input type="hidden" name="([^"]*)" value="([^"]*)">')
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*+=*+")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class Connection:
    """One kept-alive connection; HTTP by hand, since a client library costs more than what it is to measure."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request: bytes) -> tuple[bytes, bytes]:
        """Send a request and give the head and the body of its answer."""
        self._socket.sendall(request)
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head, body = data[:end], data[end + 4 :]
        length = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])  # type: ignore[index]  # each answer has one
        while len(body) < length:
            body += self._more()
        return head, body

    def get(self, path: str) -> tuple[bytes, bytes]:
        """Open a page."""
        return self.ask(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n\r\n".encode())

    def post(self, path: str, body: bytes) -> tuple[bytes, bytes]:
        """Send a form."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return self.ask(head.encode() + body)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _more(self) -> bytes:
        if not (data := self._socket.recv(1 << 16)):
            raise SystemExit("the server hung up in the middle of the benchmark")
        return data


def form(page: bytes, **more: str) -> bytes:
    """Write the body of the one form on a page, with further fields."""
    fields = [(name.decode(), unescape(value.decode())) for name, value in _FIELD.findall(page)]
    return "&".join(f"{name}={escaped(value)}" for name, value in [*fields, *more.items()]).encode()


def escaped(value: str) -> str:
    """Escape a value as a form does; in base64 only the plus sign needs it, which a browser does not look up either."""
    return value.replace("+", "%2B") if _BASE64.fullmatch(value) else quote_plus(value)


def round_trips(ports: tuple[int, int]) -> Callable[[], object]:
    """Give a client of the pair: each call is one login, and has to end logged in."""
    idp, sp = (Connection(port) for port in ports)

    def login() -> None:
        head, _ = sp.get("/saml/login")
        place = urlsplit(re.search(rb"(?i)location: *(\S+)", head)[1].decode())  # type: ignore[index]  # it redirects
        _, page = idp.get(f"{place.path}?{place.query}")
        _, page = idp.post("/login", form(page, username=AMIRA.username))
        head, page = sp.post("/saml/acs", form(page))
        if b" 200 " not in head[:16] or AMIRA.username.encode() not in page:
            raise SystemExit("a login of the benchmark was refused")

    return login


def half_round_trips(ports: tuple[int, int]) -> Callable[[], object]:
    """Give a client of the pair's identity provider alone, from the AuthnRequest to the form with the Response."""
    head, _ = Connection(ports[1]).get("/saml/login")
    place = urlsplit(re.search(rb"(?i)location: *(\S+)", head)[1].decode())  # type: ignore[index]  # it redirects
    idp = Connection(ports[0])

    def login() -> None:
        _, page = idp.get(f"{place.path}?{place.query}")
        _, page = idp.post("/login", form(page, username=AMIRA.username))
        if b"SAMLResponse" not in page:
            raise SystemExit("the identity provider of the benchmark sent no Response")

    return login


@dataclass(frozen=True)
class Measured:
    """Logins, seconds on the clock, and of processors: of server and load together, and of one key operation then."""

    logins: int
    seconds: float
    processor: float
    operation: float

    @property
    def share(self) -> float:
        """What part of its processor time a login spends on two key operations, were they all of it."""
        return self.logins * 2 * self.operation / self.processor


def measured(client: Callable[[], Callable[[], object]], server: int, seconds: float) -> Measured:
    """Let several clients log in for some seconds, in slices of one, and give the middle one by its share.

    The machine is shared and its speed changes from second to second, so each slice is held against the private-key
    operation of its own moment.
    """
    ready = [client() for _ in range(CLIENTS)]
    for each in ready:
        each()
    slices = [_slice(ready, server, seconds / SLICES) for _ in range(SLICES)]
    return sorted(slices, key=lambda each: each.share)[SLICES // 2]


def _slice(ready: list[Callable[[], object]], server: int, seconds: float) -> Measured:
    """Let the clients log in side by side."""
    done = [0] * CLIENTS
    operation = key_operation()

    def work(number: int) -> None:
        while time.perf_counter() < until:
            ready[number]()
            done[number] += 1

    before, own, began = processor_of(server), time.process_time(), time.perf_counter()
    until = began + seconds
    threads = [threading.Thread(target=work, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used = processor_of(server) - before + time.process_time() - own
    took = time.perf_counter() - began
    return Measured(sum(done), took, used, (operation + key_operation()) / 2)


def processor_of(process: int) -> float:
    """Give the seconds of processors that a process has used, its children not counted."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def serve(opinions: str) -> None:
    """Serve the pair until standard input ends; told are the two ports."""
    settings = replace(config(), running=True, opinions=opinions == "all", token="x" * 24)
    with running_lab(settings) as lab:
        print(*(urlsplit(each).port for each in (lab.bases.asserting, lab.bases.relying)), flush=True)  # noqa: T201  told
        sys.stdin.read()


@contextlib.contextmanager
def serving(opinions: str) -> Iterator[tuple[int, tuple[int, int]]]:
    """Run the pair in a process of its own, and give its number and its two ports."""
    command = [sys.executable, "-m", "tests.bench.logins", "serve", opinions]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        idp, sp = map(int, child.stdout.readline().split())
        yield child.pid, (idp, sp)
        assert child.stdin is not None
        child.stdin.close()


def nanoidp_round_trips(port: int) -> Callable[[], object]:
    """Give a client of nanoidp: its half of a round trip, from the AuthnRequest to the form with the Response."""
    connection: list[Connection] = []
    location = f"http://127.0.0.1:{port}/saml/sso"
    request = seal(draft_request(relying_party(), now=config().at, new_id=lambda: "_bench"), None)  # type: ignore[arg-type]  # config() has a clock
    query = urlsplit(encode_redirect(request, location=location)).query

    def login() -> None:
        connection[:] = [Connection(port)]  # it closes every connection after its answer
        _, page = connection[0].get(f"/saml/sso?{query}")
        connection[:] = [Connection(port)]
        _, page = connection[0].post("/saml/sso", form(page, username="admin", password="admin"))
        if b"SAMLResponse" not in page:
            raise SystemExit("nanoidp sent no Response")

    return login


@contextlib.contextmanager
def nanoidp(python: str) -> Iterator[tuple[int, int]]:
    """Run nanoidp as it comes, and give its process number and its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = str(Path(python).with_name("nanoidp"))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, "init", f"{folder}/config"], check=True, capture_output=True)
        quiet = {
            "stdout": subprocess.DEVNULL,
            "stderr": subprocess.DEVNULL,
            "cwd": folder,
        }  # it writes keys where it is
        with subprocess.Popen([program, "--config", f"{folder}/config", "--port", str(port)], **quiet) as child:  # type: ignore[call-overload]  # DEVNULL
            for _ in range(200):
                with contextlib.suppress(OSError):
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                time.sleep(0.1)
            try:
                yield child.pid, port
            finally:
                child.terminate()


def key_operation() -> float:
    """Give the seconds of processor that one operation with the private key takes now."""
    private, began = test_key("idp"), time.process_time()
    for _ in range(OPERATIONS):
        private.sign(b"x" * 700, padding.PKCS1v15(), hashes.SHA256())
    return (time.process_time() - began) / OPERATIONS


def main(arguments: list[str]) -> int:
    """Run the benchmark and say whether each figure is met."""
    seconds = float(arguments[0]) if arguments else SECONDS
    missed: list[str] = []

    def say(text: str) -> None:
        print(text)  # noqa: T201  this script is a report

    def claim(met: Any, words: str) -> None:
        if not met:
            missed.append(words)
        say(f"  {'met   ' if met else 'MISSED'} {words}")

    say(f"login round trips, {CLIENTS} clients, {seconds:g} s each")
    rates = {}
    for opinions, least in (("ours", OURS_ALONE), ("all", ALL_VERIFIERS)):
        with serving(opinions) as (process, ports):
            found = measured(lambda ports=ports: round_trips(ports), process, seconds)  # type: ignore[misc]  # bound
            half = measured(lambda ports=ports: half_round_trips(ports), process, seconds)  # type: ignore[misc]  # bound
        rates[f"whole round trips with {opinions} verifiers"] = found.logins / found.seconds
        rates[f"the same half with {opinions} verifiers"] = half.logins / half.seconds
        took, cores = found.processor / found.logins * 1e3, found.processor / found.seconds
        say(f"  {opinions:4}  {found.logins / found.seconds:7.0f} logins/s")
        say(f"        {took:.2f} ms of processor each, on {cores:.2f} cores")
        say(f"        while one private-key operation took {found.operation * 1e6:.0f} µs")
        words = f"with {opinions} verifiers {found.share:.3f} x the bound of two key operations, at least {least}"
        claim(found.share >= least, words)
    if python := os.environ.get("SSOLAB_NANOIDP"):
        with nanoidp(python) as (process, port):
            found = measured(lambda: nanoidp_round_trips(port), process, seconds)
        rate = found.logins / found.seconds
        took, cores = found.processor / found.logins * 1e3, found.processor / found.seconds
        say(f"  nanoidp {rate:5.0f} logins/s (its half), {took:.2f} ms of processor each, on {cores:.2f} cores")
        for done, ours in rates.items():
            words = f"{done}: {ours / rate:.1f} x nanoidp's half, at least {TIMES_NANOIDP}"
            claim(ours / rate >= TIMES_NANOIDP, words)
    else:
        say("  nanoidp is not installed (SSOLAB_NANOIDP names no Python), so it is left out")
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
    else:
        sys.exit(main(sys.argv[1:]))
