"""Reading an authorization request: whom it is from, where its answer goes, and what it wants."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.oidc.errors import OAuthError
from ssolab.oidc.flow import addressed, answer_to, authorization, error_to, granted_of, is_scope
from ssolab.oidc.unauthorized import declined_by_user
from tests.oidc.provider_parts import CALLBACK, ISSUER, SHOP, provider
from tests.web.openid import CHALLENGE

if TYPE_CHECKING:
    from ssolab.oidc.flow import Addressed, Authorization
    from ssolab.oidc.parties import Client

PHONE = replace(SHOP, client_id="phone", secret=None)
CLIENTS = {each.client_id: each for each in (SHOP, PHONE)}
USUAL: dict[str, Any] = {"client_id": "shop", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid"}


def to(more: list[tuple[str, str]] | None = None, /, client: Client | None = None, **changes: Any) -> Addressed:
    given = [(name, value) for name, value in (USUAL | changes).items() if value is not None]
    return addressed([*given, *(more or [])], CLIENTS | ({client.client_id: client} if client else {}))


def read(client: Client | None = None, settings: dict[str, Any] | None = None, **changes: Any) -> Authorization:
    return authorization(to(client=client, **changes), provider(**(settings or {})))


def refusal(client: Client | None = None, settings: dict[str, Any] | None = None, **changes: Any) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        read(client, settings, **changes)
    return caught.value


@pytest.mark.parametrize(
    ("more", "changes", "code"),
    [
        ([("client_id", "shop")], {}, "repeated-parameter"),
        ([("redirect_uri", CALLBACK)], {}, "repeated-parameter"),
        ([], {"client_id": "x" * 4_097}, "oversized-parameter"),
        ([], {"redirect_uri": CALLBACK + "x" * 4_096}, "oversized-parameter"),
        ([], {"client_id": None}, "parameter-missing"),
        ([], {"client_id": ""}, "parameter-missing"),
        ([], {"client_id": "nobody"}, "unknown-client"),
        ([], {"redirect_uri": None}, "parameter-missing"),
        ([], {"redirect_uri": CALLBACK + "/"}, "unregistered-redirect-uri"),
    ],
)
def test_nothing_is_known_of_where_to_send_anybody(
    more: list[tuple[str, str]], changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(OAuthError) as caught:
        to(more, **changes)
    assert caught.value.code == code


def test_plain_oauth_may_leave_out_the_one_registered_address() -> None:
    there = to(redirect_uri=None, scope="api")
    assert (there.redirect_uri, there.redirect_given) == (CALLBACK, False)
    assert to().redirect_given
    with pytest.raises(OAuthError):
        to(client=replace(SHOP, redirect_uris=(CALLBACK, CALLBACK + "2")), redirect_uri=None, scope="api")


@pytest.mark.parametrize(
    ("kind", "wanted", "mode"),
    [
        ("code", None, "query"),
        ("code", "fragment", "fragment"),
        ("code", "form_post", "form_post"),
        ("code", "pigeon", "query"),
        ("id_token", None, "fragment"),
        ("code id_token", "query", "fragment"),
        ("code id_token", "form_post", "form_post"),
    ],
)
def test_even_a_refusal_goes_the_way_that_was_asked_for_unless_it_would_show_tokens(
    kind: str, wanted: str | None, mode: str
) -> None:
    assert to(response_type=kind, response_mode=wanted).response_mode == mode


def test_a_state_that_is_repeated_or_without_end_is_given_back_to_nobody() -> None:
    assert to(state="s").state == "s"
    assert to([("state", "t")], state="s").state is None
    assert to(state="s" * 4_097).state is None
    assert to([("response_mode", "query")], response_mode="form_post").response_mode == "query"


def test_a_request_is_read_whole() -> None:
    asked = read(
        scope="openid email",
        nonce="n",
        prompt="login consent unheard-of",
        max_age="60",
        id_token_hint="h",
        login_hint="amira",
        acr_values="one two",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
        claims='{"id_token": {"sub": {"value": "s"}}}',
    )
    assert (asked.client, asked.scopes, asked.nonce) == (SHOP, ("openid", "email"), "n")
    assert (asked.prompt, asked.max_age) == (frozenset({"login", "consent"}), timedelta(seconds=60))
    assert (asked.id_token_hint, asked.login_hint, asked.acr_values) == ("h", "amira", ("one", "two"))
    assert (asked.challenge, asked.challenge_method, asked.wishes.subjects) == (CHALLENGE, "S256", ("s",))
    assert (asked.wants("code"), asked.wants("token"), asked.remarks) == (True, False, ())


def test_an_implicit_request_has_no_use_for_a_challenge() -> None:
    asked = read(response_type="id_token", nonce="n", code_challenge="short")
    assert asked.challenge is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ui_locales": "x" * 4_097}, "oversized-parameter"),
        ({"claims": "x" * 16_385}, "oversized-parameter"),
        ({"request": "a.b.c"}, "request-objects-not-taken"),
        ({"request_uri": "https://shop.example/r"}, "request-addresses-not-taken"),
        ({"response_type": None}, "parameter-missing"),
        ({"response_type": "code code2"}, "unsupported-response-type"),
        ({"response_type": "token"}, "unsupported-response-type"),
        ({"response_mode": "pigeon"}, "unfit-response-mode"),
        ({"response_type": "id_token", "response_mode": "query", "nonce": "n"}, "unfit-response-mode"),
        ({"scope": "openid  email"}, "unfit-scope"),
        ({"scope": 'open"id'}, "unfit-scope"),
        ({"response_type": "id_token", "scope": "email", "nonce": "n"}, "unfit-scope"),
        ({"response_type": "id_token"}, "authorization-without-nonce"),
        ({"prompt": "none login"}, "unfit-parameter"),
        ({"max_age": "-1"}, "unfit-parameter"),
        ({"max_age": "1" * 10}, "unfit-parameter"),
        ({"claims": "[]"}, "unfit-parameter"),
        ({"code_challenge_method": "S256"}, "unfit-code-challenge"),
        ({"code_challenge": CHALLENGE}, "unfit-code-challenge"),  # plain, where nobody permits it
        ({"code_challenge": CHALLENGE, "code_challenge_method": "S512"}, "unfit-code-challenge"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "unfit-code-challenge"),
    ],
)
def test_what_cannot_be_answered_is_told_to_the_client(changes: dict[str, Any], code: str) -> None:
    assert refusal(**changes).code == code


def test_a_repeated_parameter_is_named() -> None:
    with pytest.raises(OAuthError) as caught:
        authorization(to([("scope", "email")]), provider())
    assert (caught.value.code, caught.value.name) == ("repeated-parameter", "scope")


def test_a_client_may_be_narrowed_to_some_response_types_and_scopes() -> None:
    narrow = replace(SHOP, response_types=("id_token",), scopes=frozenset({"openid", "email"}))
    assert refusal(narrow).code == "unsupported-response-type"
    asked = read(narrow, response_type="id_token", nonce="n", scope="email openid api email")
    assert asked.scopes == ("email", "openid")
    assert refusal(narrow, response_type="id_token", nonce="n", scope="api").code == "unfit-scope"


def test_without_a_scope_an_org_gives_what_is_registered_and_others_nothing() -> None:
    narrow = replace(SHOP, scopes=frozenset({"openid", "api"}))
    assert read(narrow, scope=None).scopes == ()
    assert read(narrow, {"flavour": "salesforce"}, scope=None).scopes == ("api", "openid")


@pytest.mark.parametrize("client", [PHONE, replace(SHOP, client_id="bound", requires_pkce=True)])
def test_a_client_without_a_secret_or_one_that_is_bound_to_has_to_use_pkce(client: Client) -> None:
    assert refusal(client, client_id=client.client_id).code == "code-challenge-needed"


def test_without_a_method_a_challenge_is_plain_and_at_an_org_s256() -> None:
    plain = read(None, {"permits_plain": True}, code_challenge=CHALLENGE)
    assert (plain.challenge_method, plain.remarks) == ("plain", ())
    org = read(None, {"flavour": "salesforce"}, code_challenge=CHALLENGE)
    assert org.challenge_method == "S256"
    assert [found.code for found in org.remarks] == ["code-challenge-method-missing"]


def test_an_answer_has_the_state_and_the_issuer_where_there_is_one_to_name() -> None:
    there, here = to(state="s"), provider()
    assert answer_to(there, here, {"code": "c"}) == (("code", "c"), ("state", "s"), ("iss", ISSUER))
    assert answer_to(to(), provider(flavour="salesforce"), {"code": "c"}) == (("code", "c"),)
    said = dict(error_to(there, here, declined_by_user("access_denied", "no")))
    assert (said["error"], said["state"], said["iss"]) == ("access_denied", "s", ISSUER)


def test_a_scope_is_a_word() -> None:
    assert all(is_scope(each) for each in ("openid", "https://api.example/read", "!"))
    assert not any(is_scope(each) for each in ("", "a b", 'a"', "a\\", "\u00e4"))
    assert granted_of("b a b", SHOP) == ("b", "a")
