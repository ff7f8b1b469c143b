"""Config OP, and the modules of other plans that are about a provider's keys and those of its clients."""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt
import pytest

from ssolab.core.jwk import jwk_of
from ssolab.oidc.keyring import LifeKey
from tests.checklist.client import PERSON, Client
from tests.checklist.plans import Plan, allowed
from tests.web.bearers import uploaded
from tests.web.openid import SHOP, at
from tests.web.parts import NOW, credential

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.test import TestResponse

    from ssolab.oidc.parties import Client as Registered

PLAN = Plan(
    (
        "oidcc-discovery-endpoint-verification",
        "oidcc-server-rotate-keys",
        "oidcc-refresh-token-rp-key-rotation",
        "oidcc-registration-jwks-uri",
    )
)
WELL_KNOWN = "/.well-known/openid-configuration"

REQUIRED = {
    "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported",
    "subject_types_supported", "id_token_signing_alg_values_supported",
}  # fmt: skip
ADDRESSES = {
    "issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "introspection_endpoint",
    "revocation_endpoint", "end_session_endpoint", "registration_endpoint", "service_documentation", "op_policy_uri",
    "op_tos_uri",
}  # fmt: skip
LISTS = {
    "scopes_supported", "response_types_supported", "response_modes_supported", "grant_types_supported",
    "acr_values_supported", "subject_types_supported", "id_token_signing_alg_values_supported",
    "userinfo_signing_alg_values_supported", "request_object_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_methods_supported", "introspection_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_methods_supported", "revocation_endpoint_auth_signing_alg_values_supported",
    "display_values_supported", "claim_types_supported", "claims_supported", "claims_locales_supported",
    "ui_locales_supported", "code_challenge_methods_supported",
}  # fmt: skip
TRUTHS = {
    "claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported",
    "require_request_uri_registration", "authorization_response_iss_parameter_supported",
    "frontchannel_logout_supported", "frontchannel_logout_session_supported", "backchannel_logout_supported",
    "backchannel_logout_session_supported",
}  # fmt: skip
KINDS: dict[type, set[str]] = {str: ADDRESSES, list: LISTS, bool: TRUTHS}
"""Every member that OpenID Connect Discovery, RFC 8414, RFC 9207 and the logout specifications know, by its type."""

SECRET_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def _number(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _judge_document(document: Mapping[str, Any], base: str) -> None:
    assert document.keys() >= REQUIRED
    for name, value in document.items():
        [kind] = [
            kind for kind, names in KINDS.items() if name in names
        ]  # a member that nobody knows is a typing error
        assert type(value) is kind, name
    assert document["issuer"] == base
    for name in ADDRESSES & document.keys():
        parts = urlsplit(document[name])
        assert (parts.scheme, parts.hostname) == ("http", "localhost"), name
        assert (parts.query, parts.fragment, parts.username) == ("", "", None)
    for name in LISTS & document.keys():
        assert document[name], name
        assert all(isinstance(each, str) and each for each in document[name]), name
        assert len({*document[name]}) == len(document[name]), name
    assert {*document["subject_types_supported"]} <= {"public", "pairwise"}
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert "none" not in document["id_token_signing_alg_values_supported"]
    assert "code" in document["response_types_supported"]
    assert "openid" in document["scopes_supported"]
    assert all(re.fullmatch(r"[!#-\[\]-~]+", scope) for scope in document["scopes_supported"])


def _judge_keys(keys: list[dict[str, Any]]) -> None:
    assert len({key["kid"] for key in keys}) == len(keys) > 0
    for key in keys:
        assert not SECRET_MEMBERS & key.keys()
        assert key["use"] == "sig"
        assert jwt.PyJWK(key).key_id == key["kid"]


@PLAN.module("oidcc-discovery-endpoint-verification")
def discovery() -> None:
    """The discovery document has every member it needs and none that nobody knows, and its keys can be used."""
    allowed("http-on-loopback", "oidcc-discovery-endpoint-verification")
    client = Client()
    got = client.http.get(WELL_KNOWN)
    assert (got.status_code, got.mimetype) == (200, "application/json")
    document = got.json or {}
    _judge_document(document, client.lab.bases.asserting)
    keys = client.http.get(client.path("jwks_uri"))
    assert (keys.status_code, keys.mimetype) == (200, "application/json")
    _judge_keys((keys.json or {})["keys"])
    for name, methods in (
        ("authorization_endpoint", {"GET", "POST"}),
        ("token_endpoint", {"POST"}),
        ("userinfo_endpoint", {"GET", "POST"}),
        ("introspection_endpoint", {"POST"}),
        ("revocation_endpoint", {"POST"}),
        ("end_session_endpoint", {"GET", "POST"}),
    ):
        assert methods <= {*(client.http.options(client.path(name)).allow or ())}, name


@PLAN.module("oidcc-server-rotate-keys")
def rotation_of_the_providers_key() -> None:
    """A new key is listed beside the old one before it signs, and the old one stays while its tokens live."""
    client = Client()
    before, old = client.keys(), client.log_in()
    fresh = LifeKey.of(credential("other").private, NOW, alg="RS256", label="the next one")
    move = client.lab.openid.move_keys
    move(lambda ring: ring.added(fresh).published(fresh.kid, NOW))
    announced = client.keys()
    assert announced.keys() == {*before, fresh.kid}
    assert jwt.get_unverified_header(client.log_in().answer["id_token"])["kid"] in before
    assert _number(announced[fresh.kid]["n"]) not in {_number(key["n"]) for key in before.values()}
    move(lambda ring: ring.swapped(fresh.kid, NOW))
    new = client.log_in()
    assert jwt.get_unverified_header(new.answer["id_token"])["kid"] == fresh.kid
    assert client.verified(old.answer["id_token"])["sub"] == PERSON.username, "the old key is still listed"
    [gone] = before
    move(lambda ring: ring.unpublished(gone, NOW))
    assert client.keys().keys() == {fresh.kid}
    assert client.verified(new.answer["id_token"])["sub"] == PERSON.username


def _with_keys(*names: str) -> Registered:
    return replace(SHOP, secret=None, keys=tuple(key for name in names for key in uploaded(name)))


def _proving(client: Client, key: str, **form: str) -> TestResponse:
    """Call the token endpoint as a client that signs an assertion with a test key."""
    name = client.client.client_id
    claims = {
        "iss": name,
        "sub": name,
        "aud": client.discovery["token_endpoint"],
        "iat": at(0),
        "exp": at(60),
        "jti": f"{key} {form}",
    }
    proof = {
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt.encode(claims, credential(key).private, "RS256"),
    }
    return client.http.post(client.path("token_endpoint"), data=form | proof)


@PLAN.module("oidcc-refresh-token-rp-key-rotation")
def rotation_of_the_clients_key() -> None:
    """A client whose next certificate is set up too authenticates with either key, later with the new one alone."""
    allowed("clients-are-set-up", "oidcc-refresh-token-rp-key-rotation")
    client = Client()
    held = client.log_in(scope="openid offline_access").answer["refresh_token"]
    register = client.lab.openid.register
    for certificates, key, status in (
        (("sp",), "sp", 200),
        (("sp",), "other", 401),
        (("sp", "other"), "other", 200),
        (("sp", "other"), "sp", 200),
        (("other",), "sp", 401),
        (("other",), "other", 200),
    ):
        register(_with_keys(*certificates))
        got = _proving(client, key, grant_type="refresh_token", refresh_token=held)
        assert got.status_code == status, (certificates, key, got.text)
        if status == 200:
            held = client.judged(got, refreshed=True).answer["refresh_token"]
        else:
            assert (got.json or {})["error"] == "invalid_client"


@PLAN.module("oidcc-registration-jwks-uri")
def registration_with_keys() -> None:
    """A client registers with its keys; an address of keys is refused, and so is whoever has no token."""
    allowed("clients-are-set-up", "oidcc-registration-jwks-uri")
    client = Client()
    known = {*client.lab.openid.clients}
    metadata = {
        "redirect_uris": [SHOP.redirect_uris[0]],
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "private_key_jwt",
    }

    def register(token: str, **more: object) -> TestResponse:
        return client.http.post("/register", json=metadata | more, headers={"Authorization": f"Bearer {token}"})

    keys = {"keys": [jwk_of(uploaded("sp")[0].public)]}
    for got, status, error in (
        (register("guessed", jwks=keys), 401, "invalid_token"),
        (register(client.lab.token, jwks_uri="https://shop.example/jwks"), 400, "invalid_client_metadata"),
    ):
        assert (got.status_code, (got.json or {})["error"]) == (status, error)
    assert {*client.lab.openid.clients} == known
    told = register(client.lab.token, jwks=keys).json or {}
    assert {*client.lab.openid.clients} == {*known, told["client_id"]}
    client.client = client.lab.openid.clients[told["client_id"]]
    code = client.answer(PERSON.username, scope="openid offline_access")["code"]
    answer = _proving(client, "sp", grant_type="authorization_code", code=code, redirect_uri=SHOP.redirect_uris[0])
    assert client.judged(answer).claims["aud"] == told["client_id"]


@pytest.mark.parametrize("module", PLAN.cases())
def test_config_op(module: Callable[[], None]) -> None:
    module()


def test_every_module_of_the_plans_is_there() -> None:
    assert PLAN.tests.keys() == {*PLAN.modules}
