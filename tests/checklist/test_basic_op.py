"""Basic OP: every module of the plan `oidcc-basic-certification-test-plan`, played against the provider."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import jwt
import pytest

from ssolab.oidc.claims import SCOPE_CLAIMS
from tests.checklist.client import PERSON, Client
from tests.checklist.plans import Plan, allowed
from tests.web.openid import CHALLENGE, OTHER, SHOP, VERIFIER, basic_header

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

PLAN = Plan(
    (
        "oidcc-server",
        "oidcc-response-type-missing",
        "oidcc-idtoken-signature",
        "oidcc-idtoken-unsigned",
        "oidcc-userinfo-get",
        "oidcc-userinfo-post-header",
        "oidcc-userinfo-post-body",
        "oidcc-ensure-request-without-nonce-succeeds-for-code-flow",
        "oidcc-scope-profile",
        "oidcc-scope-email",
        "oidcc-scope-address",
        "oidcc-scope-phone",
        "oidcc-scope-all",
        "oidcc-alternate-happy-flow",
        "oidcc-display-page",
        "oidcc-display-popup",
        "oidcc-prompt-login",
        "oidcc-prompt-none-not-logged-in",
        "oidcc-prompt-none-logged-in",
        "oidcc-max-age-1",
        "oidcc-max-age-10000",
        "oidcc-ensure-request-with-unknown-parameter-succeeds",
        "oidcc-id-token-hint",
        "oidcc-login-hint",
        "oidcc-ui-locales",
        "oidcc-claims-locales",
        "oidcc-ensure-request-with-acr-values-succeeds",
        "oidcc-codereuse",
        "oidcc-codereuse-30seconds",
        "oidcc-ensure-registered-redirect-uri",
        "oidcc-ensure-post-request-succeeds",
        "oidcc-server-client-secret-post",
        "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported",
        "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
        "oidcc-claims-essential",
        "oidcc-ensure-request-object-with-redirect-uri",
        "oidcc-refresh-token",
        "oidcc-ensure-request-with-valid-pkce-succeeds",
    )
)
ELSEWHERE = "https://attacker.example/callback"


def unsigned(**claims: str) -> str:
    """A request object with the algorithm none."""
    parts = ({"alg": "none"}, {"client_id": SHOP.client_id} | claims)
    return ".".join(urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts) + "."


def refused(got: TestResponse, error: str) -> None:
    """Assert that an endpoint answered with an error of the standard."""
    assert (got.status_code, (got.json or {}).get("error")) == (400, error), got.text


@PLAN.module("oidcc-server")
def happy_path() -> None:
    """A login ends in a code with state and issuer, in an ID token that holds, and in claims of the same person."""
    client = Client()
    answer = client.answer(PERSON.username)
    assert answer.keys() == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("the state", client.discovery["issuer"])
    tokens = client.judged(client.redeem(answer["code"]))
    assert tokens.claims["sub"] == PERSON.username
    assert client.claims_of(tokens) == {"sub": PERSON.username}


@PLAN.module("oidcc-response-type-missing")
def without_response_type() -> None:
    """A request without response_type goes back to the client as invalid_request."""
    client = Client()
    told = client.sent_back(client.ask(response_type=None))
    assert (told["error"], "code" in told) == ("invalid_request", False)


@PLAN.module("oidcc-idtoken-signature")
def signature_of_the_id_token() -> None:
    """ID tokens are signed with RS256 unless told otherwise, by a key that the JWKS has under their kid."""
    client = Client()
    id_token = client.log_in().answer["id_token"]
    header = jwt.get_unverified_header(id_token)
    key = client.keys()[header["kid"]]
    assert (header["alg"], key["kty"], key["alg"], key["use"]) == ("RS256", "RSA", "RS256", "sig")
    head, payload, signature = id_token.split(".")
    other = signature[:20] + ("A" if signature[20] != "A" else "B") + signature[21:]
    with pytest.raises(jwt.InvalidSignatureError):
        client.verified(f"{head}.{payload}.{other}")


@PLAN.module("oidcc-idtoken-unsigned")
def unsigned_id_token() -> None:
    """The algorithm none is not offered, and a client that is registered for it gets no token at all."""
    allowed("no-unsigned-tokens", "oidcc-idtoken-unsigned")
    client = Client()
    assert "none" not in client.discovery["id_token_signing_alg_values_supported"]
    client.lab.openid.register(replace(SHOP, id_token_alg="none"))
    got = client.redeem(client.code())
    assert (got.status_code, got.json and {*got.json}) == (500, {"error", "error_description"})


def _userinfo(ask: Callable[[Client, str, str], TestResponse]) -> None:
    client = Client()
    tokens = client.log_in(scope="openid email")
    got = ask(client, client.path("userinfo_endpoint"), tokens.access)
    assert (got.status_code, got.mimetype) == (200, "application/json")
    assert got.json == {"sub": PERSON.username, "email": PERSON.username, "email_verified": True}


@PLAN.module("oidcc-userinfo-get")
def userinfo_by_get() -> None:
    """Userinfo answers a GET with the token in its header."""
    _userinfo(lambda client, path, token: client.http.get(path, headers={"Authorization": f"Bearer {token}"}))


@PLAN.module("oidcc-userinfo-post-header")
def userinfo_by_post() -> None:
    """Userinfo answers a POST with the token in its header."""
    _userinfo(lambda client, path, token: client.http.post(path, headers={"Authorization": f"Bearer {token}"}))


@PLAN.module("oidcc-userinfo-post-body")
def userinfo_by_form() -> None:
    """Userinfo answers a POST with the token in its form."""
    _userinfo(lambda client, path, token: client.http.post(path, data={"access_token": token}))


@PLAN.module("oidcc-ensure-request-without-nonce-succeeds-for-code-flow")
def without_nonce() -> None:
    """A code needs no nonce, and then the ID token has none either."""
    assert "nonce" not in Client().log_in(nonce=None).claims


def _scope(*scopes: str) -> None:
    client = Client()
    tokens = client.log_in(scope=" ".join(("openid", *scopes)))
    told = client.claims_of(tokens)
    expected = {claim for scope in scopes for claim in SCOPE_CLAIMS[scope]}
    assert told.keys() - {"sub"} == expected
    assert not tokens.claims.keys() & expected, "they are told at userinfo, not in the ID token"
    types: dict[str, type] = {"email_verified": bool, "phone_number_verified": bool, "updated_at": int, "address": dict}
    assert all(isinstance(value, types.get(name, str)) for name, value in told.items())


@PLAN.module("oidcc-scope-profile")
def scope_profile() -> None:
    """The scope profile brings the fourteen claims of a profile at userinfo."""
    _scope("profile")


@PLAN.module("oidcc-scope-email")
def scope_email() -> None:
    """The scope email brings the address and whether it is verified."""
    _scope("email")


@PLAN.module("oidcc-scope-address")
def scope_address() -> None:
    """The scope address brings an address, which is an object."""
    _scope("address")


@PLAN.module("oidcc-scope-phone")
def scope_phone() -> None:
    """The scope phone brings the number and whether it is verified."""
    _scope("phone")


@PLAN.module("oidcc-scope-all")
def scope_all() -> None:
    """All scopes together bring the claims of all of them."""
    _scope("profile", "email", "address", "phone")


@PLAN.module("oidcc-alternate-happy-flow")
def another_order() -> None:
    """Neither the order of parameters nor that of scopes matters."""
    client = Client()
    asked = {
        "nonce": "the nonce",
        "state": "the state",
        "scope": "email openid",
        "response_type": "code",
        "redirect_uri": SHOP.redirect_uris[0],
        "client_id": SHOP.client_id,
    }
    page = client.http.get(f"{client.path('authorization_endpoint')}?{urlencode(asked)}")
    answer = client.sent_back(client.login(page, PERSON.username))
    form = {"redirect_uri": SHOP.redirect_uris[0], "code": answer["code"], "grant_type": "authorization_code"}
    got = client.http.post(client.path("token_endpoint"), data=form, headers=basic_header(SHOP))
    assert client.claims_of(client.judged(got))["email"] == PERSON.username


def _borne(**changes: str) -> None:
    client = Client()
    assert client.claims_of(client.log_in(**changes))["sub"] == PERSON.username


@PLAN.module("oidcc-display-page")
def display_page() -> None:
    """A request with display=page is answered."""
    _borne(display="page")


@PLAN.module("oidcc-display-popup")
def display_popup() -> None:
    """A request with display=popup is answered."""
    _borne(display="popup")


@PLAN.module("oidcc-prompt-login")
def prompt_login() -> None:
    """With prompt=login whoever is logged in is asked again, and auth_time is that of the second login."""
    client = Client()
    first = client.log_in()
    client.lab.clock.advance(timedelta(seconds=2))
    second = client.log_in(prompt="login")
    assert second.claims["sub"] == first.claims["sub"]
    assert second.claims["auth_time"] == first.claims["auth_time"] + 2


@PLAN.module("oidcc-prompt-none-not-logged-in")
def prompt_none_at_first() -> None:
    """With prompt=none and nobody logged in the client is told login_required, and no page is shown."""
    allowed("one-login-for-all-browsers", "oidcc-prompt-none-not-logged-in")
    client = Client()
    assert client.sent_back(client.ask(prompt="none"))["error"] == "login_required"


@PLAN.module("oidcc-prompt-none-logged-in")
def prompt_none_later() -> None:
    """With prompt=none after a login a code comes without a page, for the same person and of the same login."""
    allowed("one-login-for-all-browsers", "oidcc-prompt-none-logged-in")
    client = Client()
    first = client.log_in()
    client.lab.clock.advance(timedelta(seconds=2))
    second = client.go_on()
    assert all(second.claims[name] == first.claims[name] for name in ("sub", "auth_time"))


@PLAN.module("oidcc-max-age-1")
def max_age_of_a_second() -> None:
    """With max_age=1 an older login does not do: there is a second one, and the ID token says when."""
    client = Client()
    first = client.log_in()
    client.lab.clock.advance(timedelta(seconds=2))
    assert client.sent_back(client.ask(max_age="1", prompt="none"))["error"] == "login_required"
    second = client.log_in(max_age="1")
    assert second.claims["auth_time"] > first.claims["auth_time"]
    assert client.lab.now().timestamp() - second.claims["auth_time"] <= 1


@PLAN.module("oidcc-max-age-10000")
def max_age_of_hours() -> None:
    """With max_age=10000 a login of a moment ago does, and the ID token tells its moment."""
    client = Client()
    first = client.log_in(max_age="15000")
    client.lab.clock.advance(timedelta(seconds=2))
    second = client.go_on(max_age="10000")
    assert all(second.claims[name] == first.claims[name] for name in ("sub", "auth_time"))


@PLAN.module("oidcc-ensure-request-with-unknown-parameter-succeeds")
def unknown_parameter() -> None:
    """A parameter that nobody knows is ignored."""
    _borne(extra="foobar")


@PLAN.module("oidcc-id-token-hint")
def id_token_hint() -> None:
    """With prompt=none an ID token as hint brings a code at once, for the person whom it names."""
    client = Client()
    first = client.log_in()
    second = client.go_on(id_token_hint=first.answer["id_token"])
    assert second.claims["sub"] == first.claims["sub"]


@PLAN.module("oidcc-login-hint")
def login_hint() -> None:
    """A login_hint is borne, whoever it names."""
    _borne(login_hint="buffy@example.com")


@PLAN.module("oidcc-ui-locales")
def ui_locales() -> None:
    """A wish for the language of pages is borne."""
    _borne(ui_locales="se")


@PLAN.module("oidcc-claims-locales")
def claims_locales() -> None:
    """A wish for the language of claims is borne."""
    _borne(claims_locales="se")


@PLAN.module("oidcc-ensure-request-with-acr-values-succeeds")
def acr_values() -> None:
    """One of the classes of authentication that the client asks for stands in the ID token."""
    allowed("asked-class-is-told", "oidcc-ensure-request-with-acr-values-succeeds")
    assert Client().log_in(acr_values="1 2").claims["acr"] in {"1", "2"}


def _reuse(after: timedelta) -> None:
    client = Client()
    code = client.code()
    tokens = client.judged(client.redeem(code))
    client.lab.clock.advance(after)
    assert client.userinfo(tokens.access).status_code == 200
    refused(client.redeem(code), "invalid_grant")
    assert client.userinfo(tokens.access).status_code == 401, "what the first use brought is revoked"


@PLAN.module("oidcc-codereuse")
def code_used_twice() -> None:
    """The second use of a code is refused with invalid_grant, and revokes what the first one brought."""
    _reuse(timedelta(0))


@PLAN.module("oidcc-codereuse-30seconds")
def code_used_twice_later() -> None:
    """So it is half a minute later."""
    _reuse(timedelta(seconds=30))


@PLAN.module("oidcc-ensure-registered-redirect-uri")
def unregistered_address() -> None:
    """A redirect_uri that is not registered ends on a page, and the browser goes nowhere."""
    client = Client()
    got = client.ask(redirect_uri=ELSEWHERE)
    assert (got.status_code, "Location" in got.headers, f'href="{ELSEWHERE}' in got.text) == (400, False, False)


@PLAN.module("oidcc-ensure-post-request-succeeds")
def request_by_form() -> None:
    """An authorization request may come as a form."""
    client = Client()
    page = client.ask("POST")
    tokens = client.judged(client.redeem(client.sent_back(client.login(page, PERSON.username))["code"]))
    assert tokens.claims["sub"] == PERSON.username


@PLAN.module("oidcc-server-client-secret-post")
def secret_in_the_form() -> None:
    """The client's secret may stand in the form, as discovery says."""
    client = Client()
    assert {"client_secret_basic", "client_secret_post"} <= {*client.discovery["token_endpoint_auth_methods_supported"]}
    tokens = client.judged(client.redeem(client.code(), basic=False))
    assert client.claims_of(tokens)["sub"] == PERSON.username


@PLAN.module("oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported")
def request_by_address() -> None:
    """A request_uri is refused by its name, as discovery says."""
    allowed("no-request-addresses", "oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported")
    client = Client()
    assert client.discovery["request_uri_parameter_supported"] is False
    told = client.sent_back(client.ask(request_uri="https://shop.example/request.jwt"))
    assert (told["error"], "code" in told) == ("request_uri_not_supported", False)


@PLAN.module("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported")
def unsigned_request_object() -> None:
    """A request object is refused by its name and never ignored, as discovery says."""
    allowed("no-request-objects", "oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported")
    client = Client()
    assert client.discovery["request_parameter_supported"] is False
    told = client.sent_back(client.ask(request=unsigned(nonce="another")))
    assert (told["error"], "code" in told) == ("request_not_supported", False)


@PLAN.module("oidcc-claims-essential")
def essential_claim() -> None:
    """A single claim that is essential to the client is told at userinfo, without its scope."""
    client = Client()
    wish = json.dumps({"userinfo": {"name": {"essential": True}}})
    assert client.claims_of(client.log_in(claims=wish)) == {"sub": PERSON.username, "name": "Yara Haddad"}


@PLAN.module("oidcc-ensure-request-object-with-redirect-uri")
def address_in_the_request_object() -> None:
    """A redirect_uri inside a request object leads nowhere: the error goes to the address that is registered."""
    allowed("no-request-objects", "oidcc-ensure-request-object-with-redirect-uri")
    client = Client()
    got = client.ask(request=unsigned(redirect_uri=ELSEWHERE))
    assert got.headers["Location"].startswith(f"{SHOP.redirect_uris[0]}?")
    assert client.sent_back(got)["error"] == "request_not_supported"


@PLAN.module("oidcc-refresh-token")
def refreshing() -> None:
    """A refresh token brings an ID token of the same login, and brings nothing to another client."""
    client = Client()
    first = client.log_in(scope="openid offline_access")
    held = {"grant_type": "refresh_token", "refresh_token": first.answer["refresh_token"]}
    refused(client.token(held, client=OTHER), "invalid_grant")
    client.lab.clock.advance(timedelta(seconds=2))
    second = client.judged(client.token(held), refreshed=True)
    assert all(second.claims[name] == first.claims[name] for name in ("iss", "sub", "aud", "auth_time"))
    assert second.claims["iat"] == first.claims["iat"] + 2
    assert client.claims_of(second)["sub"] == PERSON.username


@PLAN.module("oidcc-ensure-request-with-valid-pkce-succeeds")
def with_pkce() -> None:
    """A code that was asked for with PKCE needs its verifier, and comes with it."""
    client = Client()
    assert "S256" in client.discovery["code_challenge_methods_supported"]
    code = client.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    refused(client.redeem(code), "invalid_grant")
    assert client.judged(client.redeem(code, code_verifier=VERIFIER)).claims["sub"] == PERSON.username


@pytest.mark.parametrize("module", PLAN.cases())
def test_basic_op(module: Callable[[], None]) -> None:
    module()


def test_every_module_of_the_plan_is_there() -> None:
    assert PLAN.tests.keys() == {*PLAN.modules}
    assert len(PLAN.modules) == 38
