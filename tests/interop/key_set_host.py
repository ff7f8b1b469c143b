"""A host for the key set of our OpenID provider alone, which a test can take down while logins go on."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from ssolab.oidc import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.interop.openid import ServedProvider


@dataclass
class KeySetHost:
    """The host: whether it answers with keys, and how often it was asked."""

    op: ServedProvider
    up: bool = True
    asked: int = 0


@contextlib.contextmanager
def key_set_host(op: ServedProvider) -> Iterator[KeySetHost]:
    """Have the discovery document name an address of its own for the keys, until the block ends."""
    host = KeySetHost(op)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked += 1
            body = json.dumps(metadata.jwks(op.lab.openid.provider)).encode()
            self.send_response(200 if host.up else 503)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if host.up else b" " * len(body))

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        answering = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        answering.start()
        try:
            op.become(
                endpoints=replace(op.lab.openid.provider.endpoints, jwks=f"http://127.0.0.1:{server.server_port}/keys")
            )
            yield host
        finally:
            server.shutdown()
            answering.join()
