"""The claims parameter: what is wished for, where, and whose login it has to be."""

from __future__ import annotations

import json

import pytest

from ssolab.oidc.errors import OAuthError
from ssolab.oidc.wishes import Wishes, classes_asked, wishes_in


def test_nothing_is_wished_for_where_nothing_is_said() -> None:
    assert wishes_in(None) == wishes_in("{}") == wishes_in('{"unheard": 7, "userinfo": null}') == Wishes()


def test_wishes_are_kept_by_where_they_are_wanted() -> None:
    text = {
        "userinfo": {"email": None, "sub": {"value": "a"}},
        "id_token": {
            "auth_time": {"essential": True},
            "sub": {"values": ["b", 7, "a"]},
            "acr": {"value": "gold", "values": ["silver", None]},
        },
    }
    assert wishes_in(json.dumps(text)) == Wishes(
        userinfo=("email", "sub"),
        id_token=("auth_time", "sub", "acr"),
        subjects=("a", "b"),
        acr=("gold", "silver"),
    )


def test_a_wish_that_names_no_text_names_nobody() -> None:
    assert wishes_in('{"id_token": {"sub": {"value": 7, "values": "a"}}, "userinfo": {"sub": null}}').subjects == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "claims"),
        ('{"userinfo": {}, "userinfo": {}}', "claims"),
        ("[]", "no JSON object"),
        ("7", "no JSON object"),
        ('{"userinfo": []}', "userinfo is no object"),
        ('{"id_token": {"email": true}}', "id_token is no object"),
        (json.dumps({"id_token": dict.fromkeys(map(str, range(101)))}), "more than 100"),
    ],
)
def test_what_has_another_form_is_refused(text: str, why: str) -> None:
    with pytest.raises(OAuthError) as caught:
        wishes_in(text)
    assert why in f"{caught.value.name}: {caught.value.problem}"
    assert caught.value.code == "unfit-parameter"


@pytest.mark.parametrize(
    ("acr_values", "claims", "asked"),
    [
        (None, None, ((), False)),
        ("gold silver", None, (("gold", "silver"), False)),
        ("silver", '{"id_token": {"acr": {"value": "gold"}}}', (("gold", "silver"), False)),
        ("silver", '{"id_token": {"acr": {"essential": true, "values": ["gold"]}}}', (("gold",), True)),
        ("silver", '{"id_token": {"acr": {"essential": true}}}', (("silver",), False)),
        ("silver", '{"id_token": {"acr": {"essential": "yes", "value": "gold"}}}', (("gold", "silver"), False)),
        ("silver", "{", (("silver",), False)),
    ],
)
def test_classes_are_asked_for_as_a_wish_or_as_essential(
    acr_values: str | None, claims: str | None, asked: tuple[tuple[str, ...], bool]
) -> None:
    assert classes_asked(acr_values, claims) == asked
