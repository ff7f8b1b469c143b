"""What the token and userinfo endpoints answer, read strictly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ssolab.oidc.redeeming import HttpAnswer, Tokens, judge_refreshed, read_tokens, read_userinfo

GOOD: dict[str, Any] = {"access_token": "at", "token_type": "Bearer", "id_token": "id", "expires_in": 300}


def answer(value: object, status: int = 200, kind: str = "application/json", **headers: str) -> HttpAnswer:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return HttpAnswer(status=status, kind=kind, body=body, headers=headers)


def read(value: object, status: int = 200, kind: str = "application/json") -> tuple[Tokens | None, list[str]]:
    tokens, findings = read_tokens(answer(value, status, kind), "token endpoint")
    return tokens, [each.code for each in findings]


def test_a_whole_answer_is_read() -> None:
    assert read(GOOD) == (Tokens(access="at", id_token="id"), [])
    assert read(GOOD | {"token_type": "bearer"})[1] == [], "the word is not case-sensitive"


@pytest.mark.parametrize(
    "changes",
    [
        {"access_token": None}, {"access_token": 7}, {"access_token": ""}, {"token_type": None}, {"token_type": "mac"},
        {"id_token": {"a": 1}}, {"refresh_token": []}, {"scope": ["openid"]},
    ],
)  # fmt: skip
def test_a_member_of_the_wrong_kind_is_refused(changes: dict[str, Any]) -> None:
    assert read(GOOD | changes) == (None, ["token-answer-malformed"])


@pytest.mark.parametrize("lasts", ["300", True, None, 3.5])
def test_an_odd_lifetime_spoils_nothing(lasts: object) -> None:
    assert read(GOOD | {"expires_in": lasts}) == read(GOOD)


def test_the_error_of_the_endpoint_is_told() -> None:
    body = {"error": "invalid_grant", "error_description": "spent"}
    tokens, findings = read_tokens(answer(body, 400), "token endpoint")
    assert tokens is None
    assert (findings[0].code, findings[0].observed) == ("token-answer-failed", "HTTP 400 invalid_grant: spent")
    assert read(b"<html>down</html>", 503, "text/html") == (None, ["token-answer-failed"])
    assert read(body) == (None, ["token-answer-failed"]), "an error with status 200 is one all the same"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html>", "malformed-json"),
        (b"", "empty-document"),
        (b"[1]", "json-not-an-object"),
        (b'{"access_token":"a","access_token":"b"}', "repeated-member"),
    ],
)
def test_what_is_no_strict_json_is_refused_with_its_code(body: bytes, code: str) -> None:
    assert read(body) == (None, [code])


def test_json_that_does_not_say_so_is_reported() -> None:
    tokens, codes = read(GOOD, kind="text/plain")
    assert tokens is not None
    assert codes == ["answer-not-marked-as-json"]


def test_tokens_never_show_in_their_text() -> None:
    tokens, _ = read(GOOD | {"refresh_token": "rt-secret", "access_token": "at-secret"})
    assert "secret" not in repr(tokens)


@pytest.mark.parametrize("sub", ["bob", None, 7, ["amira"], "Amira"])
def test_claims_about_somebody_else_are_not_used(sub: object) -> None:
    claims, findings = read_userinfo(answer({"sub": sub, "email": "x"}), "userinfo", "amira")
    assert claims is None
    assert [each.code for each in findings] == ["userinfo-subject-mismatch"]


def test_claims_about_the_same_person_are_used() -> None:
    claims, findings = read_userinfo(answer({"sub": "amira", "email": "x"}), "userinfo", "amira")
    assert claims == {"sub": "amira", "email": "x"}
    assert findings == ()


def test_a_refusal_of_userinfo_is_told() -> None:
    refused = answer(b"", 401, **{"WWW-Authenticate": 'Bearer error="invalid_token"'})
    claims, findings = read_userinfo(refused, "userinfo", "amira")
    assert claims is None
    assert (findings[0].code, findings[0].observed) == ("userinfo-refused", 'HTTP 401 Bearer error="invalid_token"')


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        ({"iss": "i", "sub": "s"}, []),
        ({"iss": "i", "sub": "t"}, ["sub"]),
        ({"iss": "j", "sub": "s"}, ["iss"]),
        ({"iss": "i", "sub": "s", "auth_time": 2}, ["auth_time"]),
        ({"iss": "i", "sub": "s", "azp": "app"}, ["azp"]),
        ({"iss": "i"}, ["sub"]),
    ],
)
def test_a_refreshed_id_token_is_about_the_same_login(after: dict[str, Any], changed: list[str]) -> None:
    findings = judge_refreshed({"iss": "i", "sub": "s", "auth_time": 1}, after)
    assert [each.message.split()[0] for each in findings] == changed
    assert {each.code for each in findings} <= {"refreshed-claim-changed"}
