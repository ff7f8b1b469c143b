"""The authorization endpoint: what it takes, what it tells the client, and when it sends nobody anywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from ssolab.core.jose import half_hash
from tests.web.openid import BASE, CALLBACK, CHALLENGE, PHONE, SHOP, Visitor, hidden, openid_lab, sent_back
from tests.web.parts import AMIRA, BEN

EVENT = "authorization-request-judged"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_id": None}, "parameter-missing"),
        ({"client_id": "nobody"}, "unknown-client"),
        ({"redirect_uri": None}, "parameter-missing"),
        ({"redirect_uri": "https://attacker.example/"}, "unregistered-redirect-uri"),
        ({"redirect_uri": CALLBACK + "/"}, "unregistered-redirect-uri"),
        ({"redirect_uri": CALLBACK + "?more=1"}, "unregistered-redirect-uri"),
        ({"redirect_uri": CALLBACK.replace("http:", "https:")}, "unregistered-redirect-uri"),
        ({"redirect_uri": CALLBACK.replace("127.0.0.1", "127.0.0.1.attacker.example")}, "unregistered-redirect-uri"),
        ({"redirect_uri": "x" * 5000}, "oversized-parameter"),
    ],
)
def test_without_a_registered_address_nobody_is_sent_anywhere(
    method: str, changes: dict[str, str | None], code: str
) -> None:
    visitor = Visitor()
    got = visitor.ask(method, **changes)
    assert (got.status_code, "Location" in got.headers) == (400, False)
    assert [found.code for found in visitor.last(EVENT).findings] == [code]


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"response_type": None}, "invalid_request", "parameter-missing"),
        ({"response_type": "magic"}, "unsupported_response_type", "unsupported-response-type"),
        ({"response_mode": "magic"}, "invalid_request", "unfit-response-mode"),
        ({"scope": "openid  email"}, "invalid_scope", "unfit-scope"),
        ({"prompt": "none login"}, "invalid_request", "unfit-parameter"),
        ({"max_age": "-1"}, "invalid_request", "unfit-parameter"),
        ({"max_age": "9" * 30}, "invalid_request", "unfit-parameter"),
        ({"claims": "{"}, "invalid_request", "unfit-parameter"),
        ({"claims": "[]"}, "invalid_request", "unfit-parameter"),
        ({"claims": '{"id_token": {"sub": 7}}'}, "invalid_request", "unfit-parameter"),
        ({"claims": '{"id_token": {}, "id_token": {}}'}, "invalid_request", "unfit-parameter"),
        ({"request": "e30.e30."}, "request_not_supported", "request-objects-not-taken"),
        ({"request_uri": "https://a.example/"}, "request_uri_not_supported", "request-addresses-not-taken"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request", "unfit-code-challenge"),
        ({"code_challenge": CHALLENGE}, "invalid_request", "unfit-code-challenge"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request", "unfit-code-challenge"),
        ({"code_challenge_method": "S256"}, "invalid_request", "unfit-code-challenge"),
        ({"id_token_hint": "x.y.z"}, "invalid_request", "unfit-parameter"),
        ({"nonce": "n" * 5000}, "invalid_request", "oversized-parameter"),
    ],
)
def test_the_client_is_told_with_its_state_and_our_issuer(
    changes: dict[str, str | None], error: str, code: str
) -> None:
    visitor = Visitor()
    told = sent_back(visitor.ask(**changes))
    assert (told["error"], told["state"], told["iss"]) == (error, "the state", BASE)
    assert [found.code for found in visitor.last(EVENT).findings] == [code]


def test_a_repeated_parameter_is_told_and_a_repeated_state_is_nobodys() -> None:
    visitor = Visitor()
    usual = f"client_id=shop&redirect_uri={CALLBACK}&response_type=code&scope=openid"
    told = sent_back(visitor.http.get(f"/authorize?{usual}&state=a&state=b"))
    assert (told["error"], "state" in told) == ("invalid_request", False)
    got = visitor.http.get(f"/authorize?{usual}&redirect_uri=https://attacker.example/")
    assert (got.status_code, "Location" in got.headers) == (400, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": None},
        {"display": "page"},
        {"display": "popup"},
        {"ui_locales": "se"},
        {"claims_locales": "se"},
        {"login_hint": "who?"},
        {"extra": "foobar"},
        {"claims": '{"userinfo": {"name": {"essential": true}}}'},
        {"code_challenge": CHALLENGE, "code_challenge_method": "S256"},
        {"scope": "email openid"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_has_to_be_borne_is_borne(method: str, changes: dict[str, str | None]) -> None:
    visitor = Visitor()
    assert "code" in sent_back(visitor.login(visitor.ask(method, **changes)))


@pytest.mark.parametrize(
    ("kind", "there"),
    [
        ("id_token", {"id_token"}),
        ("id_token token", {"id_token", "access_token"}),
        ("token id_token", {"id_token", "access_token"}),
        ("code id_token", {"code", "id_token"}),
        ("code token", {"code", "access_token"}),
        ("code id_token token", {"code", "id_token", "access_token"}),
    ],
)
def test_what_comes_through_the_browser_comes_in_the_fragment_and_is_bound_together(kind: str, there: set[str]) -> None:
    visitor = Visitor()
    got = visitor.login(visitor.ask(response_type=kind, scope="openid email"))
    assert "#" in got.headers["Location"]
    told = sent_back(got)
    assert told.keys() & {"code", "id_token", "access_token"} == there
    if "id_token" in there:
        claims = visitor.claims(told["id_token"])
        assert claims["nonce"] == "the nonce"
        for name, beside in (("at_hash", "access_token"), ("c_hash", "code")):
            assert claims.get(name) == (half_hash("RS256", told[beside]) if beside in there else None)
        assert ("email" in claims) == (kind == "id_token")
    if "access_token" in there:
        assert visitor.userinfo(told["access_token"]).status_code == 200


def test_tokens_never_travel_in_a_query_and_need_a_nonce() -> None:
    visitor = Visitor()
    for changes in ({"response_mode": "query"}, {"nonce": None}):
        got = visitor.ask(response_type="code id_token", **changes)
        assert "#error=invalid_request" in got.headers["Location"]


def test_a_form_that_posts_itself_carries_the_answer() -> None:
    visitor = Visitor()
    page = visitor.login(visitor.ask(response_mode="form_post"))
    assert f'action="{CALLBACK}"' in page.text
    assert hidden(page.text).keys() == {"code", "state", "iss"}
    assert f"form-action 'self' {CALLBACK.rpartition('/')[0]};" in page.headers["Content-Security-Policy"]


def test_an_address_with_a_query_keeps_it() -> None:
    visitor = Visitor()
    got = visitor.login(visitor.ask(redirect_uri=f"{CALLBACK}?with=query"))
    assert got.headers["Location"].startswith(f"{CALLBACK}?with=query&code=")


def test_prompt_login_asks_again_and_the_moment_of_the_login_is_a_later_one() -> None:
    visitor = Visitor()
    first = visitor.claims(visitor.tokens()["id_token"])
    visitor.lab.clock.advance(timedelta(seconds=30))
    page = visitor.ask(prompt="login")
    assert "Go on as" not in page.text
    assert visitor.login(page, **{"continue": "yes"}).status_code == 400
    code = sent_back(visitor.login(visitor.ask(prompt="login")))["code"]
    second = visitor.claims((visitor.redeem(code).json or {})["id_token"])
    assert second["auth_time"] == first["auth_time"] + 30


@pytest.mark.parametrize("prompt", ["consent", "select_account", "consent select_account"])
def test_who_wants_consent_or_a_choice_is_never_gone_on_with_silently(prompt: str) -> None:
    visitor = Visitor()
    visitor.answer()
    page = visitor.ask(prompt=prompt)
    assert (page.status_code, AMIRA.username in page.text) == (200, True)
    assert visitor.lab.last_login is not None
    claims = visitor.claims(visitor.redeem(sent_back(visitor.login(page, BEN.username))["code"]).json["id_token"])  # type: ignore[index]  # it is told
    assert claims["sub"] == BEN.username  # who chooses somebody else is somebody else
    declined = sent_back(visitor.login(visitor.ask(prompt=prompt), decline="yes"))
    assert (declined["error"], declined["state"]) == ("access_denied", "the state")
    assert sent_back(visitor.login(visitor.ask(prompt=prompt), **{"continue": "yes"}))["code"]


def test_max_age_asks_again_where_the_login_is_older_and_not_where_it_is_not() -> None:
    visitor = Visitor()
    visitor.answer()
    visitor.lab.clock.advance(timedelta(seconds=30))
    assert "Go on as" in visitor.ask(max_age="10000").text
    assert "Go on as" not in visitor.ask(max_age="1").text
    assert sent_back(visitor.ask(max_age="1", prompt="none"))["error"] == "login_required"
    assert "code" in sent_back(visitor.ask(max_age="30", prompt="none"))


def test_a_hint_is_gone_on_with_silently_and_for_nobody_else() -> None:
    visitor = Visitor()
    hint = visitor.tokens()["id_token"]
    assert "code" in sent_back(visitor.ask(prompt="none", id_token_hint=hint))
    visitor.answer(BEN.username)
    assert sent_back(visitor.ask(prompt="none", id_token_hint=hint))["error"] == "login_required"
    told = sent_back(visitor.login(visitor.ask(id_token_hint=hint), BEN.username))
    assert told["error"] == "login_required"
    assert "code" in sent_back(visitor.login(visitor.ask(id_token_hint=hint), AMIRA.username))


def test_a_claim_can_name_whose_login_it_has_to_be() -> None:
    visitor = Visitor()
    wish = json.dumps({"id_token": {"sub": {"value": BEN.username}}})
    assert sent_back(visitor.login(visitor.ask(claims=wish)))["error"] == "login_required"
    assert "code" in sent_back(visitor.login(visitor.ask(claims=wish), BEN.username))


def test_single_claims_are_told_where_they_are_wished_for() -> None:
    visitor = Visitor()
    wish = json.dumps({"id_token": {"email": None}, "userinfo": {"name": {"essential": True}, "groups": None}})
    tokens = visitor.tokens(claims=wish)
    assert visitor.claims(tokens["id_token"])["email"] == AMIRA.username
    assert visitor.userinfo(tokens["access_token"]).json == {
        "sub": AMIRA.username,
        "name": "Amira",
        "groups": ["a", "b"],
    }


def test_one_of_the_wanted_classes_of_authentication_is_told() -> None:
    visitor = Visitor()
    assert visitor.claims(visitor.tokens(acr_values="1 2")["id_token"])["acr"] == "1"


def test_whoever_declines_or_chooses_an_error_is_heard() -> None:
    visitor = Visitor()
    assert sent_back(visitor.login(visitor.ask(), decline="yes"))["error"] == "access_denied"
    told = sent_back(visitor.login(visitor.ask(), fail="yes", status="temporarily_unavailable"))
    assert told["error"] == "temporarily_unavailable"
    assert visitor.login(visitor.ask(), fail="yes", status="magic").status_code == 400


def test_a_login_page_is_good_once() -> None:
    visitor = Visitor()
    page = visitor.ask()
    visitor.login(page)
    assert visitor.login(page).status_code == 400


def test_a_public_client_has_to_use_pkce_and_so_has_one_that_is_bound_to() -> None:
    for client in (PHONE, replace(SHOP, requires_pkce=True)):
        visitor = Visitor(lab=openid_lab(client), client=client)
        assert sent_back(visitor.ask())["error"] == "invalid_request"
        assert [found.code for found in visitor.last(EVENT).findings] == ["code-challenge-needed"]


def test_plain_is_taken_where_it_is_permitted() -> None:
    visitor = Visitor()
    state = visitor.lab.openid
    state.reconfigure(replace(state.provider, permits_plain=True))
    code = visitor.answer(code_challenge=CHALLENGE)["code"]
    assert visitor.redeem(code, code_verifier=CHALLENGE).status_code == 200


def test_a_client_gets_the_scopes_that_it_is_registered_for() -> None:
    visitor = Visitor(lab=openid_lab(replace(SHOP, scopes=frozenset({"openid", "email"}))))
    assert visitor.tokens(scope="openid phone email")["scope"] == "openid email"
    assert sent_back(visitor.ask(scope="phone"))["error"] == "invalid_scope"
