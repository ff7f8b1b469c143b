"""What is said of a person: attributes become claims of the standard's types, and scopes choose among them."""

from __future__ import annotations

import pytest

from ssolab.oidc.claims import RESERVED, asked_for, claims_of, in_id_token
from ssolab.oidc.wishes import Wishes


def test_who_has_no_attributes_is_called_by_the_user_name() -> None:
    assert claims_of("amira_de.haan@greenmoor.org", {}) == {
        "preferred_username": "amira_de.haan@greenmoor.org",
        "name": "Amira De Haan",
        "given_name": "Amira",
        "email": "amira_de.haan@greenmoor.org",
        "email_verified": True,
    }
    assert claims_of("root", {}) == {"preferred_username": "root", "name": "Root", "given_name": "Root"}
    assert claims_of("@", {}) == {"preferred_username": "@", "name": "@"}


@pytest.mark.parametrize(
    ("name", "claim"),
    [("mail", "email"), ("givenName", "given_name"), ("sn", "family_name"), ("cn", "name"), ("language", "locale")],
)
def test_what_directories_call_otherwise_becomes_the_claim(name: str, claim: str) -> None:
    assert claims_of("a", {name: ("x",)})[claim] == "x"
    assert claims_of("a", {name: ("x",), claim: ("y",)})[claim] == "y"


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("email_verified", ("YES",), True),
        ("email_verified", ("no",), False),
        ("phone_number_verified", ("perhaps",), False),
        ("updated_at", ("1700000000",), 1_700_000_000),
        ("updated_at", ("yesterday",), "yesterday"),
        ("address", ("Cowley Road",), {"formatted": "Cowley Road"}),
        ("locale", ("en", "de"), "en"),
        ("groups", ("staff",), "staff"),
        ("groups", ("staff", "ops"), ["staff", "ops"]),
    ],
)
def test_each_claim_has_the_type_of_the_standard(name: str, values: tuple[str, ...], expected: object) -> None:
    assert claims_of("a", {name: values})[name] == expected


def test_a_telephone_is_not_verified_unless_somebody_says_so() -> None:
    assert claims_of("a", {"phone": ("123",)})["phone_number_verified"] is False
    assert claims_of("a", {"phone": ("123",), "phone_number_verified": ("true",)})["phone_number_verified"] is True


def test_no_attribute_speaks_for_the_token_itself_and_none_without_values() -> None:
    known = claims_of("a", dict.fromkeys(RESERVED, ("x",)) | {"groups": ()})
    assert not set(known) & {*RESERVED, "groups"}


KNOWN = {"name": "A", "email": "a@b", "email_verified": True, "phone_number": "1", "groups": ["staff"]}


def test_scopes_and_single_wishes_choose() -> None:
    assert asked_for(KNOWN, ("openid",), ()) == {}
    assert asked_for(KNOWN, ("email",), ()) == {"email": "a@b", "email_verified": True}
    assert asked_for(KNOWN, ("profile",), ()) == {"name": "A", "groups": ["staff"]}
    assert asked_for(KNOWN, ("openid",), ("phone_number", "groups", "unknown")) == {
        "phone_number": "1",
        "groups": ["staff"],
    }
    assert asked_for(KNOWN, ("profile", "email"), ("name",), by_scope=False) == {"name": "A"}


def test_an_id_token_tells_by_scope_only_where_it_comes_alone() -> None:
    wishes = Wishes(id_token=("phone_number",), userinfo=("name",))
    assert in_id_token(KNOWN, ("email",), wishes, alone=False) == {"phone_number": "1"}
    assert in_id_token(KNOWN, ("email",), wishes, alone=True) == {
        "email": "a@b",
        "email_verified": True,
        "phone_number": "1",
    }
