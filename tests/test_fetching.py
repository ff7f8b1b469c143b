"""Fetching over real HTTP on loopback, from servers that behave as badly as they can."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from ssolab.core.findings import InputError
from ssolab.core.keys import private_key_pem
from ssolab.fetching import Limits, fetch
from tests.keys import test_key
from tests.web.serving import reply, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

BODY = b"<md/>" * 100


SMALL = Limits(max_bytes=10_000)
HASTY = Limits(seconds=0.6)


def refused(answer: Callable[[BaseHTTPRequestHandler], object], limits: Limits = SMALL) -> InputError:
    with serving(answer) as base, pytest.raises(InputError) as caught:
        fetch(f"{base}/metadata", limits=limits)
    assert caught.value.name == f"{base}/metadata"
    assert "\n" not in str(caught.value)
    assert caught.value.remedy
    assert caught.value.code
    return caught.value


def test_a_document_is_fetched_from_this_machine() -> None:
    with serving(reply(BODY, Content_Type="application/samlmetadata+xml")) as base:
        assert fetch(f"{base}/metadata?a=b") == BODY
        assert fetch(base.replace("127.0.0.1", "localhost")) == BODY


def test_the_server_is_asked_for_the_path_and_the_query_as_they_were_written() -> None:
    asked = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        asked.append((request.path, request.headers["Host"], request.headers["Accept-Encoding"]))
        reply(BODY)(request)

    with serving(answer) as base:
        fetch(f"{base}/a%20b/ü?so=1&sc=%2F#part")
    assert asked == [("/a%20b/%C3%BC?so=1&sc=%2F", base.removeprefix("http://"), "gzip")]


def test_a_packed_document_is_unpacked() -> None:
    with serving(reply(gzip.compress(BODY), Content_Encoding="gzip")) as base:
        assert fetch(base) == BODY


def test_a_document_in_chunks_is_put_together() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Transfer-Encoding", "chunked")
        request.end_headers()
        request.wfile.write(b"5\r\n<md/>\r\n5\r\n<md/>\r\n0\r\n\r\n")

    with serving(answer) as base:
        assert fetch(base) == b"<md/><md/>"


@pytest.mark.parametrize("packed", [False, True])
def test_a_document_of_exactly_the_limit_is_fetched_and_of_one_byte_more_refused(*, packed: bool) -> None:
    def served(size: int) -> Callable[[BaseHTTPRequestHandler], object]:
        body = b"a" * size
        return reply(gzip.compress(body), Content_Encoding="gzip") if packed else reply(body)

    with serving(served(10_000)) as base:
        assert len(fetch(base, limits=SMALL)) == 10_000
    assert "more than 10,000 bytes" in refused(served(10_001)).problem


def test_an_endless_answer_is_cut_off() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while True:
            request.wfile.write(b"a" * 65_536)

    assert "more than 10,000 bytes" in refused(answer).problem


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = gzip.compress(bytes(50 << 20))
    assert len(bomb) < 100_000
    assert "more than 10,000 bytes" in refused(reply(bomb, Content_Encoding="gzip")).problem


@pytest.mark.parametrize("part", ["status", "headers", "body"])
def test_a_server_that_drips_is_left_when_the_time_is_up(part: str) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if part == "headers":
            request.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        if part == "body":
            request.send_response(200)
            request.end_headers()
        for _ in range(30):
            request.wfile.write(b"H")
            time.sleep(0.05)

    begun = time.monotonic()
    assert "no whole answer within 0.6 s" in refused(answer, HASTY).problem
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (reply(BODY, status=404), "it answers 404 Not Found"),
        (reply(BODY, status=500), "it answers 500"),
        (reply(b"", status=204), "it answers 204"),
        (reply(BODY, Content_Type="text/html; charset=utf-8"), "it answers with text/html"),
        (reply(b"{}", Content_Type="application/json"), "it answers with application/json"),
        (reply(BODY, Content_Encoding="br"), "it is packed as br"),
        (reply(b"no gzip", Content_Encoding="gzip"), "its gzip is damaged"),
        (reply(gzip.compress(BODY)[:-12], Content_Encoding="gzip"), "the answer is cut off"),
        (reply(BODY, Content_Length="1000"), "the answer is cut off"),
        (lambda request: request.wfile.write(b"what?\r\n\r\n"), "it does not answer"),
        (lambda request: request.wfile.write(b""), "it does not answer"),
        (reply(BODY, status=302, Location="file:///etc/passwd"), "neither https nor http, it redirects to file:///etc/passwd"),
        (reply(BODY, status=302, Location="http://example.org/"), "it redirects to http://example.org/, http"),
        (reply(BODY, status=302, Location="https://10.0.0.1/"), "10.0.0.1 lies in a private network"),
        (reply(BODY, status=302, Location="https://169.254.169.254/"), "169.254.169.254 lies in a private network"),
        (reply(BODY, status=307, Location="/again"), "more than 3 redirects"),
        (reply(BODY, status=301, Location="https://u:p@host/"), "it holds a user name"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_refused_in_one_line(
    answer: Callable[[BaseHTTPRequestHandler], object], says: str
) -> None:
    with serving(answer) as base, pytest.raises(InputError) as caught:
        fetch(f"{base}/metadata", limits=SMALL)
    assert says in caught.value.problem
    assert caught.value.code
    assert "\n" not in str(caught.value)


def test_a_redirect_on_the_same_machine_is_followed() -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        reply(BODY, status=302, Location="/there")(request) if request.path == "/" else reply(BODY)(request)

    with serving(answer) as base:
        assert fetch(f"{base}/") == BODY


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "neither https nor http"),
        ("ftp://example.org/", "neither https nor http"),
        ("file:///etc/passwd", "neither https nor http"),
        ("https:///path", "neither https nor http"),
        ("https://example.org/a b", "neither https nor http"),
        ("https://example.org/\n", "neither https nor http"),
        ("https://[::1", "no address"),
        ("https://example.org:99999/", "no address"),
        ("https://user:secret@example.org/", "user name"),
        ("http://example.org/", "http, which anybody on the way can change"),
        ("https://10.1.2.3/", "private network"),
        ("https://192.168.0.1/", "private network"),
        ("https://[fe80::1]/", "private network"),
        ("https://[::ffff:10.0.0.1]/", "private network"),
        ("https://0.0.0.0/", "private network"),
        ("https://a..b/", "cannot be"),
    ],
)  # fmt: skip
def test_an_address_that_may_not_be_asked_is_refused_before_anything_is_sent(address: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        fetch(address, limits=SMALL)
    assert says in caught.value.problem
    assert caught.value.code == "address-not-allowed"
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_name_that_leads_into_the_private_network_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    place = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: [place])
    with pytest.raises(InputError, match=r"127.0.0.1 lies in a private network; set private_network"):
        fetch("https://metadata.example.org/", limits=SMALL)


def test_a_private_network_is_asked_where_that_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(reply(BODY)) as base:
        port = int(base.rpartition(":")[2])
        place = (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: [place])
        with pytest.raises(InputError, match="does not answer"):  # it is asked, and speaks no TLS
            fetch("https://metadata.example.org/", private=True, limits=SMALL)


def test_a_port_where_nobody_listens_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(InputError, match=r"it does not answer \(.*refused"):
        fetch(f"http://127.0.0.1:{port}/", limits=SMALL)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    private, name = test_key("idp"), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the tests")])
    begins = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(private, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(made.public_bytes(Encoding.PEM) + private_key_pem(private))
    return file


def test_tls_is_spoken_and_the_certificate_of_the_server_counts(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with serving(reply(BODY), tls) as base:
        with pytest.raises(InputError, match=r"its TLS certificate is not trusted .*; set SSL_CERT_FILE"):
            fetch(base, limits=SMALL)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert fetch(base) == BODY
        with pytest.raises(InputError, match="its TLS certificate is not trusted"):
            fetch(base.replace("127.0.0.1", "localhost"), limits=SMALL)
