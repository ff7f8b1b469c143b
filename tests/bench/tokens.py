"""The token endpoint behind the production server, against the bound of its one private-key operation.

    python -m tests.bench.tokens [seconds]

Two calls are timed: a refresh that brings a signed ID token, and client credentials that bring a signed access token.
Server and load are processes of this machine; what counts is the processor time of both together, held against the
private-key operation of the same moment. Exits 1 when a figure is missed.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from ssolab.oidc.parties import Client
from ssolab.web.app import running_lab
from ssolab.web.openid import Openid
from tests.bench.logins import Connection, form, measured
from tests.web.parts import AMIRA, config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS: Final = 6.0
LEAST: Final = 0.3
CALLBACK: Final = "http://127.0.0.1:9/callback"
CLIENT: Final = Client(client_id="bench", secret="of the benchmark", redirect_uris=(CALLBACK,), access_tokens="opaque")
MACHINE: Final = Client(client_id="machine", secret="of the machine", access_tokens="jwt")


def refreshes(port: int) -> Callable[[], object]:
    """Give a client that has logged in: each call is one refresh, and has to bring an ID token."""
    connection = Connection(port)
    asked = {"client_id": "bench", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid offline_access"}
    _, page = connection.get(f"/authorize?{urlencode(asked)}")
    head, _ = connection.post("/authorize/login", form(page, username=AMIRA.username))
    place = next(line for line in head.decode().splitlines() if line.lower().startswith("location:"))
    code = parse_qs(urlsplit(place.partition(" ")[2]).query)["code"][0]
    own = {"client_id": "bench", "client_secret": CLIENT.secret or ""}
    got = _told(connection, {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **own})
    held = [got["refresh_token"]]

    def refresh() -> None:
        told = _told(connection, {"grant_type": "refresh_token", "refresh_token": held[0], **own})
        held[0] = told["refresh_token"]
        if "id_token" not in told:
            raise SystemExit("a refresh of the benchmark brought no ID token")

    return refresh


def credentials(port: int) -> Callable[[], object]:
    """Give a client that speaks for itself: each call brings an access token that is a JWT."""
    connection = Connection(port)
    own = {"client_id": "machine", "client_secret": MACHINE.secret or "", "grant_type": "client_credentials"}

    def fetch() -> None:
        if _told(connection, own)["access_token"].count(".") != 2:
            raise SystemExit("client credentials of the benchmark brought no JWT")

    return fetch


def _told(connection: Connection, fields: dict[str, str]) -> dict[str, Any]:
    head, body = connection.post("/token", urlencode(fields).encode())
    if b" 200 " not in head[:16]:
        raise SystemExit(f"a token request of the benchmark was refused: {body.decode()}")
    return dict(json.loads(body))


def serve() -> None:
    """Serve the pair until standard input ends; told is the port of the provider."""
    settings = replace(config(), running=True, token="x" * 24, openid=Openid(clients=(CLIENT, MACHINE)))
    with running_lab(settings) as lab:
        print(urlsplit(lab.bases.asserting).port, flush=True)  # noqa: T201  told
        sys.stdin.read()


@contextlib.contextmanager
def serving() -> Iterator[tuple[int, int]]:
    """Run the pair in a process of its own, and give its number and its port."""
    command = [sys.executable, "-m", "tests.bench.tokens", "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield child.pid, int(child.stdout.readline())
        assert child.stdin is not None
        child.stdin.close()


def main(arguments: list[str]) -> int:
    """Run the benchmark and say whether each figure is met."""
    if arguments == ["serve"]:
        serve()
        return 0
    seconds, missed = float(arguments[0]) if arguments else SECONDS, 0
    calls: dict[str, Callable[[int], Callable[[], object]]] = {"refresh": refreshes, "client credentials": credentials}
    for name, client in calls.items():
        with serving() as (process, port):
            done = measured(lambda make=client, at=port: make(at), process, seconds)  # type: ignore[misc]  # mypy infers no type of such a lambda
        share = done.share / 2  # one key operation, where a login has two
        missed += share < LEAST
        words = f"{name}: {share:.2f} of the key operation's rate, {done.logins / done.seconds:,.0f} a second"
        print(f"  {'met   ' if share >= LEAST else 'MISSED'} {words} (at least {LEAST})")  # noqa: T201  this script is a report
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
