"""Logins by artifact over the pair's own routes and ports: what is kept, who gets it, and what a bad server can do."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ssolab.core.findings import ConfigError, InputError
from ssolab.cutover.scene import Flow, Scene, Side
from ssolab.saml.artifact import Artifact
from ssolab.saml.bindings import encode_redirect
from ssolab.saml.issue import draft_request, seal
from ssolab.saml.metadata import IndexedEndpoint, read_entity
from ssolab.saml.names import ARTIFACT, POST, SOAP
from ssolab.saml.pairing import asserting_from, relying_from
from ssolab.saml.soap import MAX_ENVELOPE, FaultError, unwrap, wrap
from ssolab.web.app import running_lab
from ssolab.web.artifact import answering_by
from ssolab.web.artifact_client import exchange
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Lab, Play
from ssolab.web.player import Drive
from ssolab.web.scene_player import FlaskPlayer
from ssolab.web.sp import create_relying_app
from tests.web.parts import (
    AMIRA,
    IDP,
    NOW,
    ORG,
    Pair,
    asserting_party,
    config,
    credential,
    relying_party,
    salesforce_asserting,
    salesforce_relying,
)
from tests.web.test_app import form_of, get, post

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.web.app import RunningLab
    from ssolab.web.lab import LabConfig

RESOLUTION = (IndexedEndpoint(binding=SOAP, location="https://idp.partner.example/artifact", index=4),)
HERE = "http://localhost/saml/acs"
ACS = (
    IndexedEndpoint(binding=POST, location=HERE, index=0),
    IndexedEndpoint(binding=ARTIFACT, location=HERE, index=1, is_default=True),
)


def asserting(**changes: Any) -> AssertingParty:
    return replace(asserting_party(), acs=ACS, artifact_resolution=RESOLUTION, **changes)


def relying(**changes: Any) -> RelyingParty:
    return replace(relying_party(), acs=ACS, artifact_resolution=RESOLUTION, **changes)


def by_artifact() -> LabConfig:
    return answering_by(config(), "artifact")


class ArtifactPair(Pair):
    """A pair whose relying party asks the other application directly."""

    def __init__(self, ours: AssertingParty | None = None, theirs: RelyingParty | None = None) -> None:
        super().__init__(ours or asserting(), theirs or relying())
        self.connect()

    def connect(self) -> None:
        """Let the relying party ask the other application itself."""
        Drive(self.lab, self.idp.application, self.sp.application).connect()

    def artifact(self, path: str = "/saml/start") -> dict[str, str]:
        """Log Amira in at the identity provider and give what her browser would carry on."""
        _, fields = form_of(self.idp.get(path).get_data(as_text=True))
        sent = self.idp.post("/login", data=fields | {"username": AMIRA.username})
        assert sent.status_code == 302, sent.get_data(as_text=True)
        assert sent.headers["Location"].startswith(HERE)
        return {name: values[0] for name, values in parse_qs(urlsplit(sent.headers["Location"]).query).items()}

    def events(self) -> list[str]:
        """Everything that happened, in order."""
        return [f"{entry.side} {entry.event}" for entry in self.lab.journal.entries()]

    def codes(self) -> list[str]:
        """The errors of the last judgement at the relying party."""
        last = [entry for entry in self.lab.journal.entries() if entry.side == "relying"][-1]
        assert last.accepted is not None
        return [found.code for found in last.errors]


# --- a login ---


@pytest.fixture(scope="module")
def running() -> Iterator[RunningLab]:
    with running_lab(by_artifact()) as started:
        yield started


def test_a_browser_logs_in_by_artifact_over_real_ports(running: RunningLab) -> None:
    running.lab.forget()
    _, fields = form_of(get(f"{running.bases.relying}/saml/login?RelayState=/reports"))
    page = post(f"{running.bases.asserting}/login", fields | {"username": AMIRA.username})
    assert "Logged in" in page
    assert AMIRA.username in page
    assert "/reports" in page
    told = [(entry.side, entry.event, entry.verdict) for entry in running.lab.journal.entries()]
    assert told == [
        ("relying", "request-sent", None),
        ("asserting", "request-judged", "accepted"),
        ("asserting", "artifact-sent", None),
        ("relying", "resolve-sent", None),
        ("asserting", "resolve-judged", "accepted"),
        ("asserting", "resolve-answered", None),
        ("relying", "response-judged", "accepted"),
    ]


@pytest.mark.parametrize("flow", ["saml-sp-initiated", "saml-idp-initiated"])
@pytest.mark.parametrize(("binding", "sent"), [("artifact", "artifact-sent"), ("post", "response-sent")])
def test_a_login_without_a_browser_can_ask_for_the_binding(
    flow: str, binding: str, sent: str, running: RunningLab
) -> None:
    running.lab.forget()
    told = login(running, {"flow": flow, "binding": binding})
    assert told["verdict"] == "accepted"
    assert sent in [entry.event for entry in running.lab.journal.entries()]


def login(running: RunningLab, wanted: dict[str, str]) -> dict[str, object]:
    asked = urllib.request.Request(  # noqa: S310  an address of the lab
        f"{running.bases.control}/api/login",
        json.dumps(wanted).encode(),
        {"Authorization": f"Bearer {running.lab.token}"},
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310  likewise
        told: dict[str, object] = json.loads(answer.read())
    return told


@pytest.mark.parametrize(("binding", "says"), [("paos", "hoose one of post, artifact"), ("artifact", "by artifact")])
def test_a_binding_that_the_link_has_not_is_one_clear_answer(binding: str, says: str) -> None:
    with running_lab(config()) as started, pytest.raises(urllib.error.HTTPError) as caught:
        login(started, {"binding": binding})
    with caught.value as refused:
        assert refused.code == 400
        assert says in refused.read().decode()


def test_metadata_has_the_addresses_where_it_is_switched_on_and_nowhere_else(running: RunningLab) -> None:
    idp = read_entity(get(f"{running.bases.asserting}/saml/metadata").encode(), "idp")
    sp = read_entity(get(f"{running.bases.relying}/saml/metadata").encode(), "sp")
    assert idp.idp is not None
    assert sp.sp is not None
    (service,) = idp.idp.artifact_resolution_services
    assert (service.binding, service.location) == (SOAP, f"{running.bases.asserting}/saml/artifact")
    assert sp.sp.default_acs is not None
    assert sp.sp.default_acs.binding == ARTIFACT
    assert {each.binding for each in sp.sp.assertion_consumer_services} == {POST, ARTIFACT}
    # What one side publishes is what the other is set up from.
    assert asserting_from(idp, sp, credential=credential("idp")).artifact_resolution == (service,)
    assert relying_from(sp, idp, credential=credential("sp")).default_acs.binding == ARTIFACT
    with running_lab(config()) as other:
        plain = read_entity(get(f"{other.bases.asserting}/saml/metadata").encode(), "idp")
        assert plain.idp is not None
        assert plain.idp.artifact_resolution_services == ()


def test_an_org_takes_artifacts_only_where_it_is_told_to() -> None:
    org = replace(config(), asserting=salesforce_asserting(), relying=salesforce_relying())
    with running_lab(org) as started:
        assert {each.binding for each in started.lab.relying.acs} == {POST}
    with running_lab(answering_by(org, "artifact")) as started:
        told = [(each.binding, urlsplit(each.location).query) for each in started.lab.relying.acs]
        assert told == [(POST, f"so={ORG[:15]}"), (ARTIFACT, "")]
        assert login(started, {})["verdict"] == "accepted"
        assert "artifact-sent" in [entry.event for entry in started.lab.journal.entries()]


def test_what_the_partners_metadata_prefers_is_kept_when_the_lab_takes_it_home() -> None:
    declared = replace(config(), asserting=asserting(), relying=relying())
    with running_lab(declared) as started:
        assert started.lab.relying.default_acs.binding == ARTIFACT
    with running_lab(answering_by(declared, "post")) as started:
        assert started.lab.relying.default_acs.binding == POST
        assert len(started.lab.relying.acs) == 2


def test_a_request_that_leaves_the_choice_gets_what_the_party_is_set_to() -> None:
    first_post = (replace(ACS[0], is_default=True), replace(ACS[1], is_default=False))
    ours = replace(asserting(response_binding=ARTIFACT), acs=first_post)
    assert ours.default_acs.binding == ARTIFACT
    assert replace(ours, response_binding=None).default_acs.binding == POST
    assert replace(ours, artifact_resolution=()).default_acs.binding == POST
    with pytest.raises(ConfigError, match="by HTTP-Artifact"):
        replace(ours, artifact_resolution=()).acs_for(ARTIFACT)


@pytest.mark.parametrize(("told", "goes"), [(ARTIFACT, 302), (POST, 200), (None, 302)])
def test_a_request_without_a_wish_is_answered_as_the_party_is_set_to(told: str | None, goes: int) -> None:
    pair = ArtifactPair(asserting(response_binding=told))
    made = draft_request(relying(), now=NOW, new_id=lambda: "_free")
    free = replace(made, destination=None, assertion_consumer_service_url=None, protocol_binding=None)
    url = encode_redirect(seal(free, None), location="/saml/sso", credential=credential("sp"))
    _, fields = form_of(pair.idp.get(url).get_data(as_text=True))
    assert pair.idp.post("/login", data=fields | {"username": AMIRA.username}).status_code == goes


def test_a_request_with_a_wish_gets_what_it_wants_whatever_the_party_is_set_to() -> None:
    pair = ArtifactPair(asserting(response_binding=ARTIFACT))
    asked = pair.sp.get("/saml/login?binding=post").headers["Location"]
    _, fields = form_of(pair.idp.get(f"/saml/sso?{urlsplit(asked).query}").get_data(as_text=True))
    assert pair.idp.post("/login", data=fields | {"username": AMIRA.username}).status_code == 200


def test_the_login_form_may_send_the_browser_on_to_the_service_provider() -> None:
    policy = ArtifactPair().idp.get("/saml/start").headers["Content-Security-Policy"]
    assert "form-action 'self' http://localhost;" in policy
    plain = Pair().idp.get("/saml/start").headers["Content-Security-Policy"]
    assert "form-action 'self';" in plain


@pytest.mark.parametrize("way", ["get", "post"])
def test_an_artifact_is_taken_from_an_address_and_from_a_form(way: str) -> None:
    pair = ArtifactPair()
    carried = pair.artifact("/saml/start?RelayState=/home")
    ended = pair.sp.get("/saml/acs", query_string=carried) if way == "get" else pair.sp.post("/saml/acs", data=carried)
    assert ended.status_code == 200
    assert AMIRA.username in ended.get_data(as_text=True)
    assert "/home" in ended.get_data(as_text=True)


def test_a_declined_login_comes_by_artifact_too() -> None:
    pair = ArtifactPair()
    _, fields = form_of(pair.idp.get("/saml/start").get_data(as_text=True))
    sent = pair.idp.post("/login", data=fields | {"decline": "1"})
    assert sent.status_code == 302
    pair.sp.get("/saml/acs", query_string=urlsplit(sent.headers["Location"]).query)
    assert "status-not-success" in pair.codes()


# --- what must not work ---


def test_an_artifact_logs_in_once() -> None:
    pair = ArtifactPair()
    carried = pair.artifact()
    assert pair.sp.get("/saml/acs", query_string=carried).status_code == 200
    assert pair.sp.get("/saml/acs", query_string=carried).status_code == 403
    assert pair.codes() == ["artifact-response-empty"]
    judged = [entry for entry in pair.lab.journal.entries() if entry.event == "resolve-judged"]
    assert [[found.code for found in entry.errors] for entry in judged] == [[], ["artifact-used-before"]]


def test_an_artifact_of_another_identity_provider_is_not_even_asked_for() -> None:
    pair = ArtifactPair()
    forged = Artifact.of("https://evil.example", bytes(20), endpoint_index=4)
    assert pair.sp.get("/saml/acs", query_string={"SAMLart": forged.text}).status_code == 403
    assert pair.codes() == ["artifact-of-another-issuer"]
    assert pair.events() == ["relying response-judged"]


def test_an_artifact_names_an_address_that_metadata_has() -> None:
    pair = ArtifactPair()
    forged = Artifact.of(IDP, bytes(20), endpoint_index=9)
    pair.sp.get("/saml/acs", query_string={"SAMLart": forged.text})
    assert pair.codes() == ["artifact-endpoint-unknown"]
    assert pair.events() == ["relying response-judged"]


def test_a_guessed_artifact_gets_an_empty_answer() -> None:
    pair = ArtifactPair()
    pair.sp.get("/saml/acs", query_string={"SAMLart": Artifact.of(IDP, bytes(20), endpoint_index=4).text})
    assert pair.codes() == ["artifact-response-empty"]


def test_an_artifact_that_came_late_is_worth_nothing() -> None:
    pair = ArtifactPair()
    carried = pair.artifact()
    pair.lab.clock.advance(timedelta(minutes=5))
    pair.sp.get("/saml/acs", query_string=carried)
    assert pair.codes() == ["artifact-response-empty"]


def test_a_key_that_the_identity_provider_does_not_trust_gets_a_denial_and_the_message_stays() -> None:
    pair = ArtifactPair(theirs=relying(credential=credential("foreign")))
    carried = pair.artifact()
    pair.sp.get("/saml/acs", query_string=carried)
    assert pair.codes() == ["artifact-not-resolved"]
    pair.lab.reconfigure(pair.lab.asserting, relying())
    assert pair.sp.get("/saml/acs", query_string=carried).status_code == 200


def test_a_link_that_was_changed_in_between_ends_the_login() -> None:
    pair = ArtifactPair()
    pair.lab = Lab(replace(pair.lab.config, others=(Play(link="other", asserting=asserting(), relying=relying()),)))
    pair.idp = create_asserting_app(pair.lab).test_client()
    pair.sp = create_relying_app(pair.lab).test_client()
    pair.connect()
    carried = pair.artifact()
    pair.lab.choose("other")
    pair.sp.get("/saml/acs", query_string=carried)
    assert pair.codes() == ["artifact-response-empty"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SAMLart=AAQ%3D", "octets"),
        ("SAMLart=***", "not base64"),
        ("SAMLart=", "there is no SAMLart"),
        ("SAMLart=AAQ%3D&SAMLart=AAQ%3D", "more than once"),
        ("SAMLart=AAQ%3D&SAMLResponse=PHgvPg", "side by side"),
        ("SAMLart=AA+A", "escaped as %2B"),
    ],
)
def test_what_is_no_artifact_is_one_clear_page(query: str, says: str) -> None:
    pair = ArtifactPair()
    answer = pair.sp.get(f"/saml/acs?{query}")
    assert answer.status_code == 400
    assert says in answer.get_data(as_text=True)
    assert pair.events() == ["relying unreadable"]


def test_an_artifact_in_the_address_of_a_posted_form_is_refused() -> None:
    pair = ArtifactPair()
    carried = pair.artifact()
    answer = pair.sp.post("/saml/acs", query_string=carried, data={"SAMLResponse": "PHgvPg=="})
    assert answer.status_code == 400
    assert "in the address of a POST" in answer.get_data(as_text=True)


def test_a_response_by_get_is_still_refused() -> None:
    answer = Pair().sp.get("/saml/acs", query_string={"SAMLResponse": "PHgvPg=="})
    assert answer.status_code == 405


# --- the address that gives messages out ---


@pytest.mark.parametrize("kind", ["text/xml", "text/xml; charset=utf-8", "application/soap+xml"])
@pytest.mark.parametrize(
    ("body", "code", "says"),
    [
        (b"", "Client", "nothing in it"),
        (b"<a/>", "Client", "not a SOAP envelope"),
        (wrap(b"<a/>"), "Client", "not samlp:ArtifactResolve"),
        (wrap(b"<a/><b/>"), "Client", "2 elements"),
        (wrap(b"<a/>").replace(b"xmlsoap.org/soap/envelope/", b"w3.example/2003"), "VersionMismatch", "version"),
        (b"<!DOCTYPE a>" + wrap(b"<a/>"), "Client", "DOCTYPE"),
        (wrap(b"<a>" + b"x" * MAX_ENVELOPE + b"</a>"), "Client", "more than"),
    ],
)
def test_what_is_no_question_is_answered_with_a_fault(kind: str, body: bytes, code: str, says: str) -> None:
    pair = ArtifactPair()
    answer = pair.idp.post("/saml/artifact", data=body, content_type=kind)
    assert answer.status_code == 500
    assert answer.mimetype == "text/xml"
    with pytest.raises(FaultError) as caught:
        unwrap(answer.get_data(), "the answer")
    assert caught.value.fault.code == code
    assert says in caught.value.fault.text
    assert pair.events() == ["asserting unreadable"]


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/json", None])
def test_another_content_type_is_told_what_is_wanted(kind: str | None) -> None:
    answer = ArtifactPair().idp.post("/saml/artifact", data=wrap(b"<a/>"), content_type=kind)
    assert answer.status_code == 415
    assert "text/xml" in answer.get_data(as_text=True)


def test_the_address_is_for_questions_only() -> None:
    assert ArtifactPair().idp.get("/saml/artifact").status_code == 405


# --- the way there ---


@contextlib.contextmanager
def server(speak: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that takes one connection, reads the question, and says what a test makes it say."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(10)

        def serve() -> None:
            with contextlib.suppress(OSError):
                taken, _ = listening.accept()
                with taken:
                    taken.settimeout(10)
                    heard = b""
                    while b"<q/>" not in heard and (more := taken.recv(65_536)):
                        heard += more
                    speak(taken)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/resolve?a=b"
        finally:
            thread.join()


def saying(*parts: bytes, pause: float = 0.0) -> Callable[[socket.socket], object]:
    def speak(taken: socket.socket) -> None:
        for part in parts:
            taken.sendall(part)
            time.sleep(pause)

    return speak


def http_answer(body: bytes, *, status: str = "200 OK", kind: str = "text/xml", more: str = "") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


def test_an_answer_is_given_as_it_came() -> None:
    with server(saying(http_answer(b"<a/>"))) as address:
        assert exchange(address, b"<q/>") == b"<a/>"
    with server(saying(http_answer(b"<fault/>", status="500 Oops"))) as address:
        assert exchange(address, b"<q/>") == b"<fault/>"


@pytest.mark.parametrize(
    ("said", "says"),
    [
        (http_answer(b"", status="302 Found", more="Location: http://127.0.0.1:1/\r\n"), "HTTP 302, to http://127"),
        (http_answer(b"", status="404 Not Found"), "HTTP 404"),
        (http_answer(b"<html/>", kind="text/html"), "text/html, not SOAP"),
        (http_answer(b"x" * (MAX_ENVELOPE + 1)), "larger than"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" + b"x" * (2 * MAX_ENVELOPE), "larger than"),
        (b"", "nobody answers"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "nobody answers"),
        (http_answer(b"x" * 100)[:-50], "the answer breaks off"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n", "nobody answers"),
    ],
)
def test_a_server_that_says_something_else_is_one_clear_line(said: bytes, says: str) -> None:
    with server(saying(said)) as address, pytest.raises(InputError) as caught:
        exchange(address, b"<q/>")
    assert says in caught.value.problem
    assert caught.value.name == address
    assert "\n" not in str(caught.value)


SLOWLY = [b"H", b"T", b"T", b"P", b"/", b"1", b".", b"1", b" ", b"2", b"0", b"0", b" ", b"O", b"K", b"\r"]


@pytest.mark.parametrize(
    "parts",
    [
        [b""] * 16,
        SLOWLY,
        [b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n", *[b"<"] * 15],
        [b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 99\r\n\r\n", *[b"<"] * 15],
    ],
)
def test_a_server_that_drips_is_left_when_the_time_is_over(parts: list[bytes]) -> None:
    """Each part comes well within a socket's timeout; all together would take more than three times as long."""
    with server(saying(*parts, pause=0.2)) as address:
        began = time.monotonic()
        with pytest.raises(InputError, match="no whole answer within 1 seconds"):
            exchange(address, b"<q/>", patience=1.0)
        assert time.monotonic() - began < 3


def test_nobody_at_the_address_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(InputError, match="nobody answers"):
        exchange(f"http://127.0.0.1:{port}/", b"<q/>")
    with pytest.raises(InputError, match="no address"):
        exchange("http://127.0.0.1:port/", b"<q/>")


def test_a_server_without_tls_is_one_clear_line_where_https_is_configured() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            taken, _ = listening.accept()
            with taken:
                taken.recv(65_536)
                taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(InputError, match="nobody answers") as caught:
            exchange(f"https://127.0.0.1:{listening.getsockname()[1]}/", b"<q/>")
        thread.join()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_is_silent_is_left_when_the_time_is_over(scheme: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:  # it is connected to by the system, and never taken up
        began = time.monotonic()
        with pytest.raises(InputError, match=r"no whole answer within 0\.3 seconds"):
            exchange(f"{scheme}://127.0.0.1:{listening.getsockname()[1]}/", b"<q/>", patience=0.3)
        assert time.monotonic() - began < 5


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    with server(saying(http_answer(b"<a/>"))) as address:
        assert exchange(address, b"<q/>") == b"<a/>"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (b"<html/>", "not a SOAP envelope"),
        (wrap(b"<a/>"), "not samlp:ArtifactResponse"),
        (wrap(b"<a/><a/>"), "2 elements"),
        (b"", "nothing in it"),
    ],
)
def test_an_answer_that_is_none_ends_on_one_clear_page(given: bytes, says: str) -> None:
    pair = ArtifactPair()
    carried = pair.artifact()
    pair.lab.resolve = lambda _address, _envelope: given
    answer = pair.sp.get("/saml/acs", query_string=carried)
    assert answer.status_code == 400
    assert says in answer.get_data(as_text=True)
    assert pair.events()[-1] == "relying unreadable"


def test_an_answer_that_was_recorded_earlier_is_refused() -> None:
    pair = ArtifactPair()
    real, given = pair.lab.resolve, []

    def recording(address: str, envelope: bytes) -> bytes:
        given.append(real(address, envelope))
        return given[0]

    pair.lab.resolve = recording
    assert pair.sp.get("/saml/acs", query_string=pair.artifact()).status_code == 200
    assert pair.sp.get("/saml/acs", query_string=pair.artifact()).status_code == 403
    assert "artifact-response-to-another" in pair.codes()


def test_questions_go_to_the_configured_address_alone() -> None:
    pair = ArtifactPair()
    real, asked = pair.lab.resolve, []

    def noting(address: str, envelope: bytes) -> bytes:
        asked.append(address)
        return real(address, envelope)

    pair.lab.resolve = noting
    pair.sp.get("/saml/acs", query_string=pair.artifact(), headers={"Host": "localhost", "X-Forwarded-Host": "x"})
    assert asked == [RESOLUTION[0].location]


# --- rehearsed ---


def scene(flow: Flow, ours: AssertingParty, theirs: RelyingParty) -> Scene:
    return Scene(flow=flow, asserting=ours, relying=theirs, issued=NOW, at=NOW, username="amira@greenmoor.org")


@pytest.mark.parametrize(("flow", "messages"), [(Flow.SAML_SP_INITIATED, 3), (Flow.SAML_IDP_INITIATED, 2)])
def test_a_rehearsal_plays_artifacts_where_metadata_prefers_them(flow: Flow, messages: int) -> None:
    player = FlaskPlayer()
    played = player(scene(flow, asserting(), relying()))
    assert (played.accepted, played.messages) == (True, messages)
    refused = player(scene(flow, asserting(), relying(credential=credential("foreign"))))
    wanted = Side.ASSERTING if flow is Flow.SAML_SP_INITIATED else Side.RELYING
    assert (refused.accepted, refused.side) == (False, wanted)
    assert "key-not-trusted" in [found.code for found in refused.findings]


def test_without_an_address_that_resolves_artifacts_a_response_comes_by_post() -> None:
    ours, theirs = replace(asserting(), artifact_resolution=()), replace(relying(), artifact_resolution=())
    played = FlaskPlayer()(scene(Flow.SAML_SP_INITIATED, ours, theirs))
    assert (played.accepted, played.messages) == (True, 2)


def test_a_question_over_a_real_port_says_what_soap_wants(running: RunningLab) -> None:
    place = urlsplit(running.bases.asserting)
    assert place.hostname is not None
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
    connection.request("POST", "/saml/artifact", wrap(b"<a/>"), {"Content-Type": "text/xml", "SOAPAction": '""'})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    assert (answer.status, answer.headers.get_content_type()) == (500, "text/xml")
    assert b"faultcode" in body
