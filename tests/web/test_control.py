from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ssolab.core.instants import format_instant
from ssolab.web.control import create_control_app
from ssolab.web.lab import Bases, Lab
from tests.web.parts import (
    AMIRA,
    BEN,
    IDP,
    NOW,
    SP,
    Pair,
    asserting_party,
    config,
    credential,
    relying_party,
    with_second_link,
)

if TYPE_CHECKING:
    from flask.testing import FlaskClient

TOKEN = "a-token-of-the-tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


class Controlled(Pair):
    """A pair with its control page."""

    def __init__(self, **parties: object) -> None:
        super().__init__(**parties)  # type: ignore[arg-type]  # handed on as given
        self.control: FlaskClient = create_control_app(
            self.lab, self.idp.application, self.sp.application
        ).test_client()

    def login(self, **wanted: object) -> dict[str, object]:
        """Play a login over the interface."""
        answer = self.control.post("/api/login", json=wanted, headers=BEARER)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.get_json()
        return found


def test_a_login_is_played_without_a_browser_and_reported() -> None:
    lab = Controlled()
    report = lab.login(user=BEN.username)
    assert (report["schema"], report["verdict"], report["exit_code"]) == ("ssolab.login/1", "accepted", 0)
    result = report["result"]
    assert isinstance(result, dict)
    assert result["principal"]["name_id"] == BEN.username
    assert result["signature"]["key"] == credential("idp").public.sha256
    assert result["verifiers"]["xmlsec"] == "accepted"
    assert len(lab.lab.journal.entries()) == 4


def test_a_refused_login_reports_every_reason() -> None:
    report = Controlled(relying=replace(relying_party(), credential=credential("foreign"))).login()
    assert (report["verdict"], report["exit_code"]) == ("refused", 1)
    findings = report["findings"]
    assert isinstance(findings, list)
    assert "key-not-trusted" in [found["code"] for found in findings]
    result = report["result"]
    assert isinstance(result, dict)
    assert (result["side"], result["principal"]) == ("asserting", None)


def test_a_login_may_start_at_either_side() -> None:
    lab = Controlled()
    lab.login(flow="saml-idp-initiated")
    assert [entry.event for entry in lab.lab.journal.entries()] == ["response-sent", "response-judged"]


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"user": "mallory"}, "nobody is called"),
        ({"user": 5}, "nobody is called"),
        ({"link": "okta"}, "hoose one of partner"),
        ({"flow": "saml-logout"}, "hoose one of"),
        ({"flow": []}, "hoose one of"),
        ({"faults": "x"}, "does not know"),
        ({"fault": "x"}, "no fault is called so"),
        ({"fault": "wrong-audienc"}, "id you mean wrong-audience"),
        ({"fault": 5}, "is no code"),
        ({"fault": [["wrong-audience"]]}, "is no code"),
    ],
)
def test_a_login_that_cannot_be_played_says_why(wanted: dict[str, object], complaint: str) -> None:
    answer = Controlled().control.post("/api/login", json=wanted, headers=BEARER)
    assert answer.status_code == 400
    assert complaint in answer.get_json()["error"] + answer.get_json()["remedy"]


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'"at"', b"null"])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    for path in ("/api/clock", "/api/login"):
        answer = Controlled().control.post(path, data=body, headers=BEARER)
        assert answer.status_code == 400
        assert "JSON object" in answer.get_json()["error"]


@pytest.mark.parametrize("path", ["/api/clock", "/api/login", "/clock"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer \xe4"},
    ],
)
def test_whatever_changes_the_lab_needs_its_token(path: str, headers: dict[str, str]) -> None:
    lab = Controlled()
    data = {"advance": "PT1H"}
    answer = lab.control.post(path, data=data if path == "/clock" else b'{"advance": "PT1H"}', headers=headers)
    assert answer.status_code == 403
    assert lab.lab.now() == NOW
    assert lab.lab.journal.entries() == ()


@pytest.mark.parametrize("host", ["evil.example", "192.168.1.1"])
def test_the_control_page_answers_to_loopback_names_only(host: str) -> None:
    for path in ("/", "/api/journal", "/api/keys", "/api/clock"):
        answer = Controlled().control.get(path, headers={"Host": host})
        assert answer.status_code == 421
    assert Controlled().control.post("/api/clock", headers=BEARER | {"Host": host}).status_code == 421


def test_the_clock_is_read_set_and_advanced() -> None:
    lab = Controlled()
    assert lab.control.get("/api/clock").get_json() == {"at": "2027-01-04T09:00:00Z"}
    assert lab.control.post("/api/clock", json={"at": "2027-02-01T00:00:00+01:00"}, headers=BEARER).get_json() == {
        "at": "2027-01-31T23:00:00Z"
    }
    assert lab.control.post("/api/clock", json={"advance": "PT24H"}, headers=BEARER).get_json() == {
        "at": "2027-02-01T23:00:00Z"
    }
    assert lab.control.post("/api/clock", json={"advance": "-P1D"}, headers=BEARER).get_json() == {
        "at": "2027-01-31T23:00:00Z"
    }
    assert [entry.event for entry in lab.lab.journal.entries()] == ["clock-moved"] * 3


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"at": "tomorrow"},
        {"at": "2027-01-04T09:00:00"},
        {"at": 5},
        {"at": "0001-01-01T00:00:00Z"},
        {"at": "9999-12-31T00:00:00Z"},
        {"advance": "1 day"},
        {"advance": "P99999999D"},
        {"advance": "P999999999999999999999D"},
        {"at": "2027-01-04T09:00:00Z", "advance": "PT1H"},
        {"at": "2027-01-04T09:00:00Z", "speed": 2},
    ],
)
def test_a_clock_that_cannot_be_moved_so_stays_and_says_why(wanted: dict[str, object]) -> None:
    lab = Controlled()
    answer = lab.control.post("/api/clock", json=wanted, headers=BEARER)
    assert answer.status_code == 400
    assert answer.get_json()["remedy"]
    assert format_instant(lab.lab.now()) == "2027-01-04T09:00:00Z"


def test_moving_the_clock_decides_what_is_accepted() -> None:
    lab = Controlled(
        asserting=replace(asserting_party(), checks_expiry=True),
    )
    assert lab.login()["verdict"] == "accepted"
    lab.control.post("/api/clock", json={"at": "2028-06-01T00:00:00Z"}, headers=BEARER)
    report = lab.login()
    assert report["verdict"] == "refused"
    findings = report["findings"]
    assert isinstance(findings, list)
    assert "request-certificate-expired" in [found["code"] for found in findings]


def test_the_journal_is_filtered_by_link_verdict_and_time() -> None:
    lab = Controlled()
    lab.login()
    lab.lab.clock.set(NOW.replace(day=5))
    lab.lab.reconfigure(replace(asserting_party(), credential=credential("foreign")), relying_party())
    lab.login(flow="saml-idp-initiated")

    def numbers(query: str) -> list[int]:
        return [entry["number"] for entry in lab.control.get(f"/api/journal?{query}").get_json()["entries"]]

    assert numbers("") == [1, 2, 3, 4, 5, 6]
    assert numbers("verdict=accepted") == [2, 4]
    assert numbers("verdict=refused") == [6]
    assert numbers("since=4") == [5, 6]
    assert numbers("since=2027-01-05") == [5, 6]
    assert numbers("since=2027-01-04T10:00:00+01:00") == [1, 2, 3, 4, 5, 6]
    assert numbers("link=partner&verdict=refused") == [6]
    assert numbers("link=other") == []
    for bad in ("verdict=maybe", "since=soon"):
        assert lab.control.get(f"/api/journal?{bad}").status_code == 400


def test_the_keys_of_both_sides_are_listed_with_hashes_and_dates_and_no_private_half() -> None:
    keys = Controlled().control.get("/api/keys").get_json()["keys"]
    told = {(key["party"], key["role"], key["spki_sha256"]) for key in keys}
    idp, sp = credential("idp").public.sha256, credential("sp").public.sha256
    assert told == {(IDP, "signs with", idp), (IDP, "trusts", sp), (SP, "signs with", sp), (SP, "trusts", idp)}
    assert all(key["not_after"] == "2028-01-01T00:00:00Z" for key in keys)
    assert "private" not in str(keys).lower()


def test_a_lab_of_several_links_plays_the_one_that_is_asked_for() -> None:
    lab = Controlled(settings=with_second_link())
    assert lab.control.get("/api/links").get_json() == {"links": ["partner", "stranger"], "playing": "partner"}
    assert lab.login()["verdict"] == "accepted"
    assert lab.login(link="stranger")["verdict"] == "refused"
    assert lab.control.get("/api/links").get_json()["playing"] == "stranger"
    assert lab.login(link="partner")["verdict"] == "accepted"
    links = [entry.link for entry in lab.lab.journal.entries()]
    assert links == ["partner"] * 4 + ["stranger"] * 3 + ["partner"] * 5
    refused = lab.control.get("/api/journal?link=stranger&verdict=refused").get_json()["entries"]
    assert [entry["side"] for entry in refused] == ["asserting"]


def test_another_link_is_chosen_with_the_token_alone_and_from_those_that_there_are() -> None:
    lab = Controlled(settings=with_second_link())
    assert lab.control.post("/api/link", json={"link": "stranger"}).status_code == 403
    assert lab.control.post("/link", data={"link": "stranger"}).status_code == 403
    for bad in ({"link": "nobody"}, {"link": 5}, {}):
        assert lab.control.post("/api/link", json=bad, headers=BEARER).status_code == 400
    assert lab.lab.play.link == "partner"
    assert lab.control.post("/link", data={"link": "stranger", "token": TOKEN}).status_code == 303
    assert "stranger (playing)" in lab.control.get(f"/?token={TOKEN}").text
    assert lab.control.post("/api/link", json={"link": "partner"}, headers=BEARER).get_json()["playing"] == "partner"


def test_a_login_that_was_under_way_ends_when_another_link_is_chosen() -> None:
    lab = Controlled(settings=with_second_link())
    form = lab.idp.get("/saml/start")
    errand = re.search(r'name="errand" value="([^"]+)"', form.text)
    assert errand is not None
    lab.lab.choose("stranger")
    assert lab.idp.post("/login", data={"errand": errand[1], "username": AMIRA.username}).status_code == 400


def test_settings_that_were_replaced_stay_with_their_link() -> None:
    lab = Controlled(settings=with_second_link())
    lab.lab.reconfigure(replace(asserting_party(), sign="both"), relying_party())
    signed = []
    for name in ("stranger", "partner"):
        lab.lab.choose(name)
        signed.append(lab.lab.asserting.sign)
    assert signed == ["assertion", "both"]


def test_a_twin_is_marked_wherever_its_key_is_shown() -> None:
    twins = {credential("idp").public.sha256: "0" * 64}
    lab = Controlled(settings=replace(config(), twins=twins))
    result = lab.login()["result"]
    assert isinstance(result, dict)
    assert result["signature"]["twin_of"] == "0" * 64
    keys = lab.control.get("/api/keys").get_json()["keys"]
    assert {(key["spki_sha256"], key["twin_of"]) for key in keys} == {
        (credential("idp").public.sha256, "0" * 64),
        (credential("sp").public.sha256, None),
    }
    for client, path in ((lab.control, "/"), (lab.control, "/journal/4"), (lab.sp, "/"), (lab.idp, "/")):
        assert "0" * 64 in client.get(path).text


def test_the_page_shows_journal_keys_and_clock() -> None:
    lab = Controlled()
    lab.login()
    page = lab.control.get("/").text
    assert AMIRA.username in page
    assert credential("idp").public.sha256 in page
    assert "2027-01-04T09:00:00Z" in page
    assert 'href="/journal/4"' in page
    assert "key (SPKI SHA-256)" in page


def test_the_page_can_steer_only_when_it_was_asked_for_with_the_token() -> None:
    lab = Controlled()
    assert "<form" not in lab.control.get("/").text
    assert TOKEN not in lab.control.get("/?token=wrong").text
    page = lab.control.get(f"/?token={TOKEN}").text
    assert f'name="token" value="{TOKEN}"' in page
    moved = lab.control.post("/clock", data={"token": TOKEN, "advance": "P1D"})
    assert (moved.status_code, moved.headers["Location"]) == (303, f"/?token={TOKEN}")
    assert format_instant(lab.lab.now()) == "2027-01-05T09:00:00Z"
    assert lab.control.post("/clock", data={"token": TOKEN, "at": "soon"}).status_code == 400


def test_a_journal_entry_has_a_page_with_its_message() -> None:
    lab = Controlled()
    lab.login()
    page = lab.control.get("/journal/4").text
    assert "&lt;samlp:Response" in page or "&lt;saml2p:Response" in page
    assert AMIRA.username in page
    assert lab.control.get("/journal/99").status_code == 404
    assert lab.control.get(f"/journal/{'9' * 30}").status_code == 404


def test_pages_link_to_one_another_where_the_lab_has_addresses() -> None:
    bases = Bases(asserting="http://127.0.0.1:1", relying="http://127.0.0.1:2", control="http://127.0.0.1:3")
    lab = Lab(config(), bases)
    pair = Pair()
    page = create_control_app(lab, pair.idp.application, pair.sp.application).test_client().get("/").text
    assert 'href="http://127.0.0.1:2/saml/login"' in page
    assert 'href="http://127.0.0.1:1/saml/start"' in page


def test_an_unknown_address_of_the_interface_answers_in_json() -> None:
    answer = Controlled().control.get("/api/nothing")
    assert answer.status_code == 404
    assert answer.mimetype == "application/json"
    assert Controlled().control.delete("/api/clock", headers=BEARER).status_code == 405


def test_an_explanation_in_the_journal_shows_code_as_code() -> None:
    lab = Controlled()
    answer = lab.idp.post("/token", data={"grant_type": "refresh_token"}, headers={"Authorization": "Basic !"})
    assert answer.status_code == 401
    page = lab.control.get(f"/journal/{lab.lab.journal.newest}").text
    assert "It is <code>Basic</code> and the base64" in page
    assert "`" not in page


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "says"),
    [
        ("get", "/api/nowhere", 404, "unknown-address", "Nothing is at /api/nowhere."),
        ("get", "/api/journal/x", 404, "unknown-address", "Nothing is at /api/journal/x."),
        ("put", "/api/clock", 405, "unfit-method", "The address does not take PUT."),
        ("post", "/api/parties/partner/refresh", 404, "unknown-address", "No metadata of a party 'partner' is held"),
    ],
)
def test_a_call_that_goes_nowhere_is_refused_with_a_code(
    method: str, path: str, status: int, code: str, says: str
) -> None:
    answer = Controlled().control.open(path, method=method, json={}, headers=BEARER)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.get_json()["error"].startswith(says)
