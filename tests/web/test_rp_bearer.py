"""The relying party's page for JWT bearer: it asserts for whom, and the provider takes its registered key's word."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from ssolab.core.findings import InputError
from ssolab.core.jose import read_compact
from ssolab.core.strictjson import parse_object
from ssolab.oidc.returning import provider_unanswered
from ssolab.web.arming import arm
from ssolab.web.control import create_control_app
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Bases, Lab
from ssolab.web.op_start import OWN_CLIENT, stand_in
from ssolab.web.openid_player import OpenidDrive
from ssolab.web.sp import create_relying_app
from tests.faults.parts import special
from tests.keys import ec_test_key
from tests.web.openid_pair import BASES, OpenidPair
from tests.web.parts import AMIRA, BEN, config, credential, salesforce_asserting

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from ssolab.web.journal import Entry
    from ssolab.web.outgoing import Told


def page(pair: OpenidPair, **query: str) -> TestResponse:
    return pair.drive.relying.test_client().get("/oidc/bearer", query_string=query)


def last(pair: OpenidPair, event: str) -> Entry:
    return next(entry for entry in reversed(pair.lab.journal.entries()) if entry.event == event)


def assertion(pair: OpenidPair) -> str:
    """What was brought to the token endpoint last."""
    form = parse_qs((pair.calls[-1].body or b"").decode(), strict_parsing=True)
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    return form["assertion"][0]


def test_the_page_fetches_a_token_and_shows_what_was_brought() -> None:
    pair = OpenidPair.made()
    answer = page(pair, user=BEN.username)
    assert (answer.status_code, "Token fetched" in answer.text) == (200, True)
    token = assertion(pair)
    assert f"It is for {BEN.username}" in answer.text
    assert f'"sub": "{BEN.username}"' in unescape(answer.text)
    read = read_compact(token, "token")
    claims = parse_object(read.payload, "token")
    assert (read.header["alg"], "kid" in read.header) == ("RS256", False)
    assert (claims["iss"], claims["sub"], claims["aud"]) == (OWN_CLIENT, BEN.username, f"{BASES.asserting}/token")
    assert claims["exp"] - claims["iat"] == 180
    judged, ended = last(pair, "token-issued"), last(pair, "openid-token-fetched")
    assert (judged.flow, judged.user, judged.claims) == ("jwt-bearer", BEN.username, claims)
    assert judged.signature is not None
    assert judged.signature.key == credential("sp").public.sha256
    assert (ended.flow, ended.user, ended.accepted) == ("jwt-bearer", BEN.username, True)


def test_nobody_named_is_the_first_user_and_nobody_logs_in() -> None:
    pair = OpenidPair.made()
    assert page(pair).status_code == 200
    assert last(pair, "token-issued").user == AMIRA.username
    assert (pair.lab.openid_rp.sessions, pair.lab.last_login) == ((), None)


def test_the_same_assertion_is_good_once() -> None:
    pair = OpenidPair.made()
    page(pair)
    again = pair.drive.asserting.test_client().post(
        "/token", data=pair.calls[-1].body, content_type="application/x-www-form-urlencoded"
    )
    assert (again.status_code, [each.code for each in last(pair, "token-refused").errors]) == (400, ["replayed-token"])


@pytest.mark.parametrize("user", ["mallory", "<script>alert(1)</script>", "a" * 3000, "\u0430mira", "\x00", "-"])
def test_whoever_is_not_there_gets_no_token(user: str) -> None:
    pair = OpenidPair.made()
    answer = page(pair, user=user)
    assert (answer.status_code, "No token" in answer.text) == (403, True)
    assert "<script>alert" not in answer.text
    ended = last(pair, "openid-token-fetched")
    assert (ended.summary.isprintable(), len(ended.summary) < 200) == (True, True)
    assert [each.code for each in last(pair, "token-refused").errors] == ["unknown-subject"]
    assert [each.code for each in last(pair, "openid-token-fetched").errors] == ["token-answer-failed"]


def test_an_org_of_salesforce_gives_a_token_too() -> None:
    lab = Lab(replace(config(salesforce_asserting()), opinions=False), BASES)
    drive = OpenidDrive(lab, create_asserting_app(lab), create_relying_app(lab))
    drive.connect()
    assert drive.bring(AMIRA.username).accepted


def test_the_key_that_signs_has_to_be_the_one_that_is_registered() -> None:
    pair = OpenidPair.made()
    state = pair.lab.openid_rp
    assert state.client.key is not None
    pair.client(key=replace(state.client.key, private=credential("foreign").private))
    assert page(pair).status_code == 403
    assert [each.code for each in last(pair, "token-refused").errors] == ["token-signature-mismatch"]


def test_a_client_without_a_key_is_one_clear_line() -> None:
    pair = OpenidPair.made()
    pair.client(key=None)
    answer = page(pair)
    assert (answer.status_code, "no key to sign an assertion with" in answer.text) == (400, True)
    with pytest.raises(InputError, match="no key to sign") as caught:
        pair.drive.bring(AMIRA.username)
    assert caught.value.code == "nothing-to-assert-with"


def test_a_provider_that_is_not_there_is_one_clear_reason() -> None:
    pair = OpenidPair.made()
    pair.changes["/.well-known/openid-configuration"] = lambda told: replace(told, status=503)
    assert page(pair).status_code == 403
    assert [each.code for each in last(pair, "openid-token-fetched").errors] == ["provider-unanswered"]


def test_a_token_endpoint_that_hangs_up_is_one_clear_reason() -> None:
    pair = OpenidPair.made()

    def hangs_up(_told: Told) -> Told:
        raise provider_unanswered("/token", "nobody answers there", "see whether it is up")

    pair.changes["/token"] = hangs_up
    assert page(pair).status_code == 403
    assert [each.code for each in last(pair, "openid-token-fetched").errors] == ["provider-unanswered"]
    pair.changes["/token"] = lambda told: replace(told, body=b"<html>")
    assert page(pair).status_code == 403
    assert [each.code for each in last(pair, "openid-token-fetched").errors] == ["malformed-json"]


def test_a_relying_party_whose_key_signs_no_token_has_a_secret_alone() -> None:
    made = stand_in("a secret", special()["tiny-curve"])
    assert (made.key, made.registered.keys, made.registered.secret) == (None, (), "a secret")


def test_the_interface_plays_it_and_answers_with_the_providers_judgement() -> None:
    pair = OpenidPair.made()
    control = create_control_app(pair.lab, pair.drive.asserting, pair.drive.relying).test_client()
    headers = {"Authorization": f"Bearer {pair.lab.token}"}

    def play(**wanted: Any) -> Any:
        return control.post("/api/login", json={"flow": "jwt-bearer", **wanted}, headers=headers).get_json()

    good = play(user=BEN.username)
    assert (good["verdict"], good["result"]["flow"], good["result"]["side"]) == ("accepted", "jwt-bearer", "asserting")
    assert good["result"]["principal"]["sub"] == BEN.username
    bad = play(fault="bearer-assertion-of-a-stranger")
    assert (bad["verdict"], "token-signature-mismatch" in str(bad["findings"])) == ("refused", True)
    assert bad["result"]["faults"] == ["bearer-assertion-of-a-stranger"]
    assert play()["verdict"] == "accepted"
    assert "belongs to SAML" in play(binding="post")["error"]
    assert "nothing was sent" in play(fault="token-that-does-not-end")["error"]
    pair.client(key=None)
    assert "no key to sign" in play()["error"]
    assert "no key to sign" in play(fault="bearer-assertion-of-a-stranger")["error"]
    assert pair.lab.armed.waiting() == ()


def test_the_front_pages_lead_there() -> None:
    pair = OpenidPair.made()
    control = create_control_app(pair.lab, pair.drive.asserting, pair.drive.relying).test_client()
    assert f'{BASES.relying}/oidc/bearer"' in unescape(control.get("/").text)
    assert "/oidc/bearer" in pair.drive.relying.test_client().get("/").text


def test_a_fault_that_cannot_be_put_in_sends_nothing_and_says_so() -> None:
    pair = OpenidPair.made()
    arm(pair.lab, "bearer-assertion-with-a-longer-hash")
    state = pair.lab.openid_rp
    assert state.client.key is not None
    pair.client(key=replace(state.client.key, private=ec_test_key(), alg="ES256"))
    answer = page(pair)
    assert (answer.status_code, "bearer-assertion-with-a-longer-hash" in answer.text) == (400, True)
    assert last(pair, "fault-not-played").faults == ("bearer-assertion-with-a-longer-hash",)


def test_the_bases_do_not_matter() -> None:
    lab = Lab(config(), Bases())
    drive = OpenidDrive(lab, create_asserting_app(lab), create_relying_app(lab))
    drive.connect()
    assert drive.bring(AMIRA.username).accepted
