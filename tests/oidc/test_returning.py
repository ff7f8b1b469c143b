"""Judging what the browser brings back from the provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ssolab.oidc.returning import judge_return, returned
from tests.oidc.relying_parts import ASKED, ISSUER, NOW, PROVIDER

if TYPE_CHECKING:
    from ssolab.oidc.asking import Asked

NAMED = replace(ASKED, provider=replace(PROVIDER, names_itself=True))
GOOD = {"code": "c", "state": "st", "iss": ISSUER}


def judge(
    *pairs: tuple[str, str], asked: Asked = ASKED, posted: bool = False, late: int = 0
) -> tuple[Asked | None, list[str]]:
    open_logins = {"st": asked}
    found, findings = judge_return(
        returned(pairs, posted=posted),
        lambda state: open_logins.pop(state, None),
        now=NOW + timedelta(seconds=late),
        life=timedelta(minutes=10),
    )
    return found, [each.code for each in findings]


def test_the_answer_to_an_open_login_is_taken() -> None:
    assert judge(*GOOD.items()) == (ASKED, [])


def test_an_answer_is_taken_once() -> None:
    open_logins = {"st": ASKED}
    answers = [
        judge_return(
            returned([*GOOD.items()], posted=False),
            lambda state: open_logins.pop(state, None),
            now=NOW,
            life=timedelta(minutes=10),
        )
        for _ in range(2)
    ]
    assert [asked for asked, _ in answers] == [ASKED, None]
    assert [each.code for each in answers[1][1]] == ["unknown-state"]


@pytest.mark.parametrize("state", [None, "", "st ", "ST", "other"])
def test_an_answer_without_an_open_login_is_refused(state: str | None) -> None:
    pairs = {**GOOD, "state": state} if state is not None else {"code": "c", "iss": ISSUER}
    assert judge(*((name, value) for name, value in pairs.items() if value is not None)) == (None, ["unknown-state"])


@pytest.mark.parametrize("name", ["state", "code", "iss", "error"])
def test_a_parameter_that_stands_twice_is_refused(name: str) -> None:
    pairs = [*GOOD.items(), (name, "x"), (name, "y")]
    assert judge(*pairs) == (None, ["repeated-answer-parameter"])


def test_unknown_parameters_are_ignored_however_often() -> None:
    assert judge(*GOOD.items(), ("session_state", "1"), ("session_state", "2")) == (ASKED, [])


@pytest.mark.parametrize("issuer", ["https://evil.example", f"{ISSUER}/"])
@pytest.mark.parametrize("asked", [ASKED, NAMED], ids=["may name itself", "has to"])
def test_the_answer_of_another_provider_is_refused(issuer: str, asked: Asked) -> None:
    pairs = {**GOOD, "iss": issuer}.items()
    assert judge(*pairs, asked=asked) == (asked, ["return-of-another-issuer"])


def test_an_answer_has_to_name_its_provider_where_that_is_promised() -> None:
    assert judge(("code", "c"), ("state", "st"), asked=NAMED) == (NAMED, ["return-without-issuer"])


@pytest.mark.parametrize(
    ("response_type", "codes"), [("code id_token", []), ("code", ["return-without-issuer"])], ids=["asked for", "not"]
)
def test_an_id_token_that_was_asked_for_names_the_provider_too(response_type: str, codes: list[str]) -> None:
    asked = replace(NAMED, response_type=response_type)
    pairs = [("code", "c"), ("state", "st"), ("id_token", "t")]

    assert judge(*pairs, asked=asked, posted=True) == (asked, codes)
    assert judge(("code", "c"), ("state", "st")) == (ASKED, [])


def test_an_error_is_told_with_its_description() -> None:
    pairs = [("error", "access_denied"), ("error_description", "the user\nsaid no"), ("state", "st"), ("iss", ISSUER)]
    assert judge(*pairs) == (ASKED, ["login-declined"])
    _, findings = judge_return(returned(pairs, posted=False), lambda _: ASKED, now=NOW, life=timedelta(minutes=1))
    assert findings[0].observed == "access_denied: the user\\nsaid no"


@pytest.mark.parametrize(
    ("response_type", "pairs", "codes"),
    [
        ("code", {}, ["answer-incomplete"]),
        ("code id_token", {"code": "c"}, ["answer-incomplete"]),
        ("code id_token token", {"id_token": "t"}, ["answer-incomplete", "answer-incomplete"]),
        ("code id_token", {"code": "c", "id_token": "t"}, []),
    ],
)
def test_everything_that_was_asked_for_has_to_come(response_type: str, pairs: dict[str, str], codes: list[str]) -> None:
    asked = replace(ASKED, response_type=response_type)
    found = judge(*pairs.items(), ("state", "st"), ("iss", ISSUER), asked=asked, posted=True)
    assert found == (asked, codes)


@pytest.mark.parametrize("name", ["id_token", "access_token"])
def test_tokens_do_not_come_in_an_address(name: str) -> None:
    assert judge(*GOOD.items(), (name, "t")) == (ASKED, ["tokens-in-the-address"])
    assert judge(*GOOD.items(), (name, "t"), posted=True) == (ASKED, [])


def test_a_login_may_take_so_long_and_no_longer() -> None:
    assert judge(*GOOD.items(), late=600) == (ASKED, [])
    assert judge(*GOOD.items(), late=601) == (ASKED, ["late-answer"])
