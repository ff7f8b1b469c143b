"""Signed access tokens where they are used: at userinfo, at the API of an org, and where somebody asks about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest

from ssolab.core.jose import read_compact, sign_compact
from ssolab.core.strictjson import parse_object
from ssolab.faults.engine import Carrier
from ssolab.faults.oidc import faults
from ssolab.web.arming import arm
from tests.keys import test_key
from tests.web.bearers import Bringer, client
from tests.web.openid import SHOP, Visitor, basic_header, openid_lab

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault

FAULTS: Final = [pytest.param(each, id=each.code) for each in faults() if each.carrier is Carrier.ACCESS_TOKEN]
SIGNED: Final = replace(SHOP, access_tokens="jwt")


def shop(client: Any = SIGNED) -> Visitor:
    return Visitor(lab=openid_lab(client), client=client)


def codes(visitor: Visitor, event: str) -> list[str]:
    return sorted({found.code for found in visitor.last(event).errors})


def active(visitor: Visitor, token: str) -> bool:
    """What the provider says to a client that asks about a token."""
    told = visitor.http.post("/introspect", data={"token": token}, headers=basic_header(SHOP)).get_json()
    return bool(told["active"])


def anew(token: str, key: str = "idp", **claims: Any) -> str:
    """Sign a token once more, with other claims or by another key."""
    read = read_compact(token, "token")
    return sign_compact(read.header, {**parse_object(read.payload, "token"), **claims}, test_key(key), "RS256")


@pytest.mark.parametrize("settings", [SIGNED, SHOP], ids=["signed", "opaque"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_wherever_the_token_is_used(fault: Fault, settings: Any) -> None:
    visitor = shop(settings)
    arm(visitor.lab, fault.code)
    token = visitor.tokens()["access_token"]
    assert [each.faults for each in visitor.lab.journal.entries() if each.event == "fault-fired"] == [(fault.code,)]
    narrow = fault.trips == ("scope-not-granted",)  # RFC 6750 3.1: good, and not for this
    assert visitor.userinfo(token).status_code == (403 if narrow else 401)
    assert codes(visitor, "userinfo-refused") == sorted(fault.trips)
    assert active(visitor, token) == narrow
    assert codes(visitor, "introspected") == ([] if narrow else sorted(fault.trips))
    good = visitor.tokens()["access_token"]
    assert (good.count(".") == 2) == (settings is SIGNED)  # and an opaque token is opaque again
    assert visitor.userinfo(good).status_code == 200
    assert active(visitor, good)


@pytest.mark.parametrize(("settings", "code"), [(SIGNED, "scope-not-granted"), (SHOP, "scope-too-small")])
def test_a_token_without_the_scope_of_userinfo_is_good_and_not_for_this(settings: Any, code: str) -> None:
    visitor = shop(settings)
    token = visitor.tokens(scope="email", nonce=None)["access_token"]
    refused = visitor.userinfo(token)
    assert (refused.status_code, (refused.json or {})["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    assert codes(visitor, "userinfo-refused") == [code]


def test_who_makes_a_token_with_the_right_claims_has_to_have_the_right_key() -> None:
    visitor = shop()
    good = visitor.tokens()["access_token"]
    forged = anew(good, "foreign")
    refused = visitor.userinfo(forged)
    assert (refused.status_code, (refused.json or {})["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert codes(visitor, "userinfo-refused") == ["token-signature-mismatch"]
    assert not active(visitor, forged)


def test_a_token_that_is_good_by_itself_has_to_be_known_as_well() -> None:
    visitor = shop()
    good = visitor.tokens()["access_token"]
    assert visitor.userinfo(anew(good, jti="another")).status_code == 401
    assert codes(visitor, "userinfo-refused") == ["access-token-not-good"]
    visitor.http.post("/revoke", data={"token": good}, headers=basic_header(SHOP))
    assert visitor.userinfo(good).status_code == 401
    assert codes(visitor, "userinfo-refused") == ["access-token-not-good"]


def test_a_token_of_a_key_that_was_taken_away_is_good_for_nothing() -> None:
    visitor = shop()
    good, now = visitor.tokens()["access_token"], visitor.lab.now()
    [key] = visitor.lab.openid.provider.keys.keys
    visitor.lab.openid.move_keys(lambda ring: ring.compromised(key.kid, now))
    assert visitor.userinfo(good).status_code == 401


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("eyJ.eyJ.eyJ", "not-base64url"),
        ("eyJhbGciOiJub25lIn0.e30.", "unsigned-token"),
        ("eyJ" + "A" * 70_000 + ".e30.AAAA", "oversized-document"),
        ("eyJhbGciOiJSUzI1NiIsImFsZyI6Im5vbmUifQ.e30.AAAA", "repeated-member"),
        ("eyJhbGciOiJSUzI1NiJ9.W10.AAAA", "json-not-an-object"),
        ("no.token.atall", "access-token-not-good"),
    ],
)
def test_what_is_no_good_token_is_refused_for_a_reason(token: str, code: str) -> None:
    visitor = shop()
    assert visitor.userinfo(token).status_code == 401
    assert code in codes(visitor, "userinfo-refused")


def test_an_org_judges_the_tokens_of_its_api_too() -> None:
    bringer = Bringer("salesforce", client(access_tokens="jwt"))
    good: dict[str, str] = bringer.bring(bringer.good()).json or {}
    path = good["id"].removeprefix("http://localhost")
    assert bringer.http.get(path, headers={"Authorization": f"Bearer {good['access_token']}"}).status_code == 200
    arm(bringer.lab, "access-token-of-a-stranger")
    bad: dict[str, str] = bringer.bring(bringer.good(jti="two")).json or {}
    refused = bringer.http.get(path, headers={"Authorization": f"Bearer {bad['access_token']}"})
    assert (refused.status_code, refused.json and refused.json[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
    assert (bringer.last.event, bringer.codes()) == ("api-call-refused", {"token-signature-mismatch"})


def test_an_org_says_why_a_token_of_its_api_is_over() -> None:
    bringer = Bringer("salesforce", client(access_tokens="jwt"))
    token = (bringer.bring(bringer.good()).json or {})["access_token"]
    bringer.lab.clock.advance(timedelta(hours=3))
    query = "/services/data/v60.0/query?q=SELECT+Id+FROM+User"
    assert bringer.http.get(query, headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert bringer.codes() == {"token-expired"}
