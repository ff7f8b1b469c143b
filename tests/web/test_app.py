from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import threading
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace
from html import unescape

import pytest

from ssolab.core.findings import ConfigError
from ssolab.saml.metadata import read_entity
from ssolab.web.app import running_lab
from tests.web.parts import AMIRA, IDP, ORG, SP, config, salesforce_asserting, salesforce_relying, with_second_link


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  an address of the lab
        text: str = answer.read().decode()
    return text


def post(url: str, fields: dict[str, str]) -> str:
    with urllib.request.urlopen(url, urllib.parse.urlencode(fields).encode(), timeout=10) as answer:  # noqa: S310  likewise
        text: str = answer.read().decode()
    return text


def form_of(page: str) -> tuple[str, dict[str, str]]:
    action = re.search(r'<form method="post" action="([^"]*)"', page)
    assert action is not None
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return unescape(action[1]), {unescape(name): unescape(value) for name, value in hidden}


def free_port() -> int:
    """A port that is free with its two successors."""
    for _ in range(50):
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            for number in range(3):
                taken = stack.enter_context(socket.socket())
                taken.bind(("127.0.0.1", port + number))
            return port
    raise AssertionError("no three free ports in a row")


def test_a_browser_logs_in_over_real_ports() -> None:
    with running_lab(config()) as running:
        page = get(f"{running.bases.relying}/saml/login")
        _, fields = form_of(page)
        carried = post(f"{running.bases.asserting}/login", fields | {"username": AMIRA.username})
        action, fields = form_of(carried)
        assert action == f"{running.bases.relying}/saml/acs"
        assert AMIRA.username in post(action, fields)


def test_parties_declare_the_addresses_of_the_lab_and_keep_their_names() -> None:
    with running_lab(config()) as running:
        idp = read_entity(get(f"{running.bases.asserting}/saml/metadata").encode(), "idp")
        sp = read_entity(get(f"{running.bases.relying}/saml/metadata").encode(), "sp")
        assert (idp.entity_id, sp.entity_id) == (IDP, SP)
        assert idp.idp is not None
        assert sp.sp is not None
        assert {each.location for each in idp.idp.single_sign_on_services} == {f"{running.bases.asserting}/saml/sso"}
        assert [each.location for each in sp.sp.assertion_consumer_services] == [f"{running.bases.relying}/saml/acs"]


def test_an_org_declares_the_addresses_of_its_flavour() -> None:
    settings = replace(config(), asserting=salesforce_asserting(), relying=salesforce_relying())
    with running_lab(settings) as running:
        idp = read_entity(get(f"{running.bases.asserting}/.well-known/samlidp.xml").encode(), "idp")
        assert idp.idp is not None
        assert [each.location for each in idp.idp.single_sign_on_services] == [
            f"{running.bases.asserting}/idp/endpoint/HttpRedirect",
            f"{running.bases.asserting}/idp/endpoint/HttpPost",
        ]
        sp = read_entity(get(f"{running.bases.relying}/saml/metadata").encode(), "sp")
        assert sp.sp is not None
        acs = f"{running.bases.relying}/?so={ORG[:15]}"
        assert [each.location for each in sp.sp.assertion_consumer_services] == [acs]
        _, fields = form_of(get(f"{running.bases.relying}/saml/login"))
        action, fields = form_of(post(f"{running.bases.asserting}/login", fields | {"username": AMIRA.username}))
        assert action == acs
        assert "Logged in" in post(action, fields)


def test_every_link_of_a_lab_is_at_home_on_its_ports() -> None:
    with running_lab(with_second_link()) as running:
        running.lab.choose("stranger")
        assert running.lab.relying.default_acs.location == f"{running.bases.relying}/saml/acs"
        assert running.lab.asserting.sso[0].location == f"{running.bases.asserting}/saml/sso"


def test_an_org_without_a_known_id_takes_it_from_the_address_it_declared() -> None:
    relying = replace(salesforce_relying(), org_id=None)
    with running_lab(replace(config(), relying=relying)) as running:
        assert running.lab.relying.default_acs.location == f"{running.bases.relying}/?so={ORG[:15]}"


def test_chunked_bodies_are_accepted() -> None:
    with running_lab(config()) as running:
        place = urllib.parse.urlsplit(running.bases.control)
        assert place.hostname is not None
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=10)
        headers = {"Authorization": f"Bearer {running.lab.token}", "Content-Type": "application/json"}
        body = iter([b'{"adv', b'ance": ', b'"PT24H"}'])
        connection.request("POST", "/api/clock", body=body, headers=headers, encode_chunked=True)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        connection.close()
        assert (answer.status, told) == (200, {"at": "2027-01-05T09:00:00Z"})


def test_a_host_name_from_elsewhere_is_refused_on_every_port() -> None:
    with running_lab(config()) as running:
        for base in (running.bases.asserting, running.bases.relying, running.bases.control):
            asked = urllib.request.Request(f"{base}/", headers={"Host": "rebound.example"})  # noqa: S310  the lab's
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(asked, timeout=10)  # noqa: S310  likewise
            with caught.value as refused:
                assert refused.code == 421


@pytest.mark.parametrize("way", [0, 1, 2])
def test_a_port_in_use_is_one_line_with_a_remedy_and_leaves_nothing_running(way: int) -> None:
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + way))
        other.listen()
        settings = replace(config(), ports=(port, port + 1, port + 2))
        wanted = rf"port {port + way}: already in use.*--port"
        with pytest.raises(ConfigError, match=wanted) as caught, running_lab(settings):
            pass
        assert "\n" not in str(caught.value)
        for number in {0, 1, 2} - {way}:
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", port + number)) != 0


def test_an_address_that_is_not_of_this_machine_is_one_clear_line() -> None:
    elsewhere = replace(config(), host="203.0.113.7")
    with pytest.raises(ConfigError, match="address of this machine"), running_lab(elsewhere):
        pass


def test_ports_are_free_again_when_the_lab_has_ended_and_no_thread_stays() -> None:
    port = free_port()
    settings = replace(config(), ports=(port, port + 1, port + 2))
    before = threading.active_count()
    for _ in range(2):
        with running_lab(settings) as running:
            assert "Mock service provider" in get(f"{running.bases.relying}/")
            assert running.bases.asserting == f"http://127.0.0.1:{port}"
    assert threading.active_count() == before


def test_connections_that_a_browser_opens_in_advance_keep_nobody_waiting() -> None:
    with running_lab(config()) as running, contextlib.ExitStack() as stack:
        place = urllib.parse.urlsplit(running.bases.relying)
        for _ in range(30):
            stack.enter_context(socket.create_connection((place.hostname, place.port)))
        with urllib.request.urlopen(running.bases.relying, timeout=5) as answer:  # noqa: S310  the lab's
            assert b"Mock service provider" in answer.read()


def test_two_labs_run_side_by_side() -> None:
    with running_lab(config()) as one, running_lab(config()) as other:
        one.lab.clock.set(one.lab.now().replace(year=2030))
        assert json.loads(get(f"{one.bases.control}/api/clock"))["at"].startswith("2030")
        assert json.loads(get(f"{other.bases.control}/api/clock"))["at"].startswith("2027")


def test_many_logins_at_once_do_not_get_in_each_others_way() -> None:
    settings = replace(config(), opinions=False)
    with running_lab(settings) as running:
        verdicts: list[str] = []

        def login() -> None:
            asked = urllib.request.Request(  # noqa: S310  an address of the lab
                f"{running.bases.control}/api/login",
                b"{}",
                {"Authorization": f"Bearer {running.lab.token}"},
            )
            with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310  likewise
                verdicts.append(json.loads(answer.read())["verdict"])

        threads = [threading.Thread(target=login) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert verdicts == ["accepted"] * 12
        numbers = [entry.number for entry in running.lab.journal.entries()]
        assert numbers == list(range(1, 49))


def test_every_answer_says_what_serves_it_and_nothing_more() -> None:
    with (
        running_lab(config()) as running,
        urllib.request.urlopen(running.bases.relying, timeout=10) as answer,  # noqa: S310  the lab's
    ):
        assert answer.headers["Server"] == "ssolab"
        assert answer.headers["Set-Cookie"] is None


def test_a_token_is_made_for_each_lab_where_none_was_given() -> None:
    settings = replace(config(), token="")
    with running_lab(settings) as one, running_lab(settings) as other:
        assert len(one.lab.token) >= 32
        assert one.lab.token != other.lab.token
        assert one.lab.token not in repr(one.lab.config)
