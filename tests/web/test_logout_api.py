"""Sessions and logout over the JSON interface, without a browser."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ssolab.saml.names import POST, REDIRECT
from tests.web.parts import AMIRA, BEN, IDP, SP, asserting_party, credential, relying_party, trusted
from tests.web.test_control import BEARER, Controlled
from tests.web.test_logout import lab as at_home


def controlled(binding: str | None = None, **changes: Any) -> Controlled:
    idp, sp = at_home(binding=binding).lab.pair
    return Controlled(asserting=replace(idp, **changes), relying=sp)


def logout(lab: Controlled, **wanted: object) -> dict[str, object]:
    answer = lab.control.post("/api/logout", json=wanted, headers=BEARER)
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.get_json()
    return found


def users(lab: Controlled) -> list[tuple[str, str]]:
    return [(each["side"], each["user"]) for each in lab.control.get("/api/sessions").get_json()["sessions"]]


@pytest.mark.parametrize(("starts_at", "judged_by"), [("relying", "relying"), ("asserting", "asserting")])
@pytest.mark.parametrize("binding", [REDIRECT, POST])
def test_a_logout_is_played_from_either_side_and_reported(starts_at: str, judged_by: str, binding: str) -> None:
    lab = controlled(binding)
    lab.login(user=AMIRA.username)
    lab.login(user=BEN.username)
    assert len(users(lab)) == 4

    report = logout(lab, user=BEN.username, starts_at=starts_at)

    assert (report["schema"], report["verdict"], report["exit_code"]) == ("ssolab.logout/1", "accepted", 0)
    result = report["result"]
    assert isinstance(result, dict)
    assert (result["user"], result["starts_at"], result["side"]) == (BEN.username, starts_at, judged_by)
    assert result["flow"] == "saml-logout"
    assert result["signature"]["key"] == credential("idp" if starts_at == "relying" else "sp").public.sha256
    assert users(lab) == [("asserting", AMIRA.username), ("relying", AMIRA.username)]
    assert lab.lab.journal.entry(result["journal"]) == lab.lab.journal.entries()[-1]


def test_a_refused_logout_is_reported_with_its_reasons() -> None:
    lab = controlled(trusted=(trusted("foreign", SP),), verifies=False)
    lab.login()
    report = logout(lab)
    assert (report["verdict"], report["exit_code"]) == ("refused", 1)
    findings = report["findings"]
    assert isinstance(findings, list)
    assert "key-not-trusted" in [found["code"] for found in findings]
    assert users(lab) == [("asserting", AMIRA.username)]


def test_a_logout_at_a_side_that_has_none_is_reported_too() -> None:
    lab = Controlled(asserting=asserting_party(), relying=relying_party())
    lab.login()
    assert logout(lab)["verdict"] == "refused"
    assert lab.lab.journal.entries()[-1].event == "logout-not-offered"


def test_sessions_are_told_without_the_keys_that_end_them() -> None:
    lab = controlled()
    lab.login()
    told = lab.control.get("/api/sessions").get_json()["sessions"]
    assert [(each["side"], each["partner"], each["since"]) for each in told] == [
        ("asserting", SP, "2027-01-04T09:00:00Z"),
        ("relying", IDP, "2027-01-04T09:00:00Z"),
    ]
    assert told[0]["session_index"] == told[1]["session_index"]
    for held in lab.lab.sessions["relying"].shared_with(IDP):
        assert held.key not in lab.control.get("/api/sessions").text


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"user": "nobody@example"}, "nobody called 'nobody@example' is logged in"),
        ({"starts_at": "control"}, "is no side"),
        ({"starts_at": 5}, "is no text"),
        ({"user": ["a"]}, "is no text"),
        ({"users": "a"}, "does not know 'users'"),
    ],
)
def test_a_logout_that_cannot_be_played_says_why(wanted: dict[str, object], says: str) -> None:
    lab = controlled()
    lab.login()
    answer = lab.control.post("/api/logout", json=wanted, headers=BEARER)
    assert answer.status_code == 400
    assert says in answer.get_json()["error"]
    assert answer.get_json()["remedy"]
    assert len(users(lab)) == 2


def test_a_logout_where_nobody_is_logged_in_says_so() -> None:
    answer = controlled().control.post("/api/logout", json={}, headers=BEARER)
    assert "nobody is logged in at the relying party" in answer.get_json()["error"]


def test_a_logout_needs_the_token() -> None:
    lab = controlled()
    lab.login()
    assert lab.control.post("/api/logout", json={}).status_code == 403
    assert len(users(lab)) == 2
