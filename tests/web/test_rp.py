"""Logins at the relying party of OpenID Connect: accepted, and refused for what the provider answers."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.core.jose import public_of, read_compact, sign_compact
from ssolab.core.jwk import TrustedJwk, jwk_of, thumbprint
from ssolab.oidc.cache_habits import FOREVER, CacheHabits, OnUnknownKid
from ssolab.oidc.checks import Expected, TokenKind, accept
from ssolab.oidc.keyring import LifeKey
from ssolab.oidc.relying import ClientKey, JwksTrust, PinnedTrust
from ssolab.oidc.returning import provider_unanswered
from ssolab.web.arming import arm
from tests.keys import test_key
from tests.web.openid_pair import DISCOVERY, OpenidPair, codes
from tests.web.parts import AMIRA, NOW, trusted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.web.outgoing import Told


@pytest.fixture
def pair() -> OpenidPair:
    return OpenidPair.made()


# ---- the happy flow (oidcc-client-test, -scope-userinfo-claims, -client-secret-basic, -idtoken-sig-rs256) -----------


def test_a_login_ends_with_the_claims_of_token_and_userinfo(pair: OpenidPair) -> None:
    entry = pair.login()
    assert (entry.accepted, entry.user, entry.event) == (True, AMIRA.username, "openid-login-judged")
    assert entry.claims is not None
    assert entry.claims["iss"] == "http://127.0.0.1:8080"
    assert entry.claims["groups"] == ["a", "b"], "what userinfo adds"
    assert pair.asked == [DISCOVERY, "/token", "/jwks", "/userinfo"]
    assert entry.signature is not None
    assert entry.signature.key == pair.lab.openid.provider.keys.keys[0].public.sha256


def test_the_judgement_says_which_copy_of_the_keys_it_used(pair: OpenidPair) -> None:
    first, second = pair.login(), pair.login()
    told = [[found.message for found in entry.findings if found.code == "keys-used"] for entry in (first, second)]
    assert told == [
        ["fetched at 2027-01-04 09:00:00; used the copy of 2027-01-04 09:00:00"],
        ["used the copy of 2027-01-04 09:00:00"],
    ]
    assert pair.asked.count("/jwks") == 1


def test_the_client_proves_itself_by_basic_or_in_the_form(pair: OpenidPair) -> None:
    for method in ("client_secret_basic", "client_secret_post"):
        pair.client(auth_method=method)
        assert pair.login().accepted
    basic, post = [call for call in pair.calls if call.address.endswith("/token")]
    assert basic.headers["Authorization"].startswith("Basic ")
    assert "Authorization" not in post.headers


def test_the_client_proves_itself_by_a_key_whose_certificate_is_uploaded(pair: OpenidPair) -> None:
    pair.client(auth_method="private_key_jwt", key=ClientKey(private=test_key("sp")))
    registered = pair.lab.openid.clients["ssolab-rp"]
    pair.lab.openid.register(replace(registered, secret=None, keys=(trusted("sp", "ssolab-rp"),)))
    assert pair.login().accepted
    call = next(each for each in pair.calls if each.address.endswith("/token"))
    assert b"client_assertion=" in (call.body or b"")
    pair.client(key=ClientKey(private=test_key("foreign")))
    refused = pair.login()
    assert codes(refused) == ["token-answer-failed"]
    assert "invalid_client" in str(refused.errors[0].observed)


def test_an_access_token_that_is_a_jwt_opens_userinfo_and_is_judged_like_any_other(pair: OpenidPair) -> None:
    pair.lab.openid.reconfigure(replace(pair.lab.openid.provider, access_tokens="jwt"))
    entry = pair.login()
    assert entry.accepted
    session, key = pair.lab.openid_rp.session(None), pair.lab.openid.provider.keys.signing("RS256")
    assert session is not None
    assert session.access_token is not None
    expected = Expected(
        kind=TokenKind.ACCESS_TOKEN,
        now=pair.lab.now(),
        issuer=session.issuer,
        audience=session.issuer,
        keys=(TrustedJwk(public=key.public, kid=key.kid),),
    )
    report = accept(session.access_token, expected)
    assert report.claims is not None
    assert (report.claims["client_id"], report.claims["sub"]) == ("ssolab-rp", session.subject)
    pair.changes["/userinfo"] = lambda told: replace(told, status=401)
    assert codes(pair.login()) == ["userinfo-refused"]


def test_wishes_are_handed_on(pair: OpenidPair) -> None:
    assert pair.login(scope="openid email", max_age="300", prompt="login", login_hint="x").accepted
    sent = next(each for each in pair.lab.journal.entries() if each.event == "authorization-request-judged")
    assert sent.accepted


ESSENTIAL = '{"id_token": {"acr": {"essential": true, "values": ["gold"]}}}'


def test_a_class_of_login_that_was_asked_for_is_looked_for(pair: OpenidPair) -> None:
    for wishes in ({"acr_values": "silver gold"}, {"claims": ESSENTIAL}):
        entry = pair.login(**wishes)
        assert (codes(entry), entry.accepted) == ([], True)
        assert entry.claims is not None
        assert entry.claims["acr"] in {"silver", "gold"}


@pytest.mark.parametrize(("wish", "accepted"), [({"acr_values": "gold"}, True), ({"claims": ESSENTIAL}, False)])
def test_another_class_refuses_where_it_is_essential_and_warns_where_it_is_a_wish(
    pair: OpenidPair, wish: dict[str, str], *, accepted: bool
) -> None:
    arm(pair.lab, "login-of-a-weaker-class")
    entry = pair.login(**wish)
    assert entry.accepted is accepted
    found = next(each for each in entry.findings if each.code == "authentication-class-not-met")
    assert (found.severity.value, found.expected, found.observed) == (
        "warning" if accepted else "error",
        "gold",
        "bronze",
    )


def test_a_max_age_that_is_no_number_is_refused_before_anything_is_sent(pair: OpenidPair) -> None:
    answer = pair.drive.relying.test_client().get("/oidc/login?max_age=soon")
    assert answer.status_code == 400
    assert pair.asked == []


@pytest.mark.parametrize("kinds", ["code id_token", "code token", "code id_token token", "id_token"])
def test_hybrid_answers_come_by_form_and_are_judged_whole(pair: OpenidPair, kinds: str) -> None:
    entry = pair.login(response_type=kinds)
    assert (codes(entry), entry.accepted) == ([], True)


def test_an_org_has_addresses_of_its_own(pair: OpenidPair) -> None:
    entry = pair.drive.login(AMIRA.username, wishes={"startURL": "/home"}, at="/services/auth/sso/ssolab-rp")
    assert (codes(entry), entry.accepted) == ([], True)
    assert any("/services/authcallback/ssolab-rp" in each.summary for each in pair.lab.journal.entries())
    relying = pair.drive.relying.test_client()
    assert relying.get("/services/auth/sso/another").status_code == 404
    assert relying.get("/services/authcallback/another?code=c").status_code == 404


def test_the_page_shows_the_claims_and_escapes_them(pair: OpenidPair) -> None:
    pair.answer("/userinfo", lambda claims: {**claims, "name": "<script>alert(1)</script>"})
    relying = pair.drive.relying.test_client()
    entry = pair.login()
    assert entry.accepted
    assert "script" in str(entry.claims)
    assert "<script>alert" not in relying.get("/").get_data(as_text=True)


# ---- what the modules of the conformance suite for relying parties replace ------------------------------------------


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"iss": "https://evil.example"}, "token-issuer-mismatch"),
        ({"sub": ...}, "missing-claim"),
        ({"aud": "another"}, "token-audience-mismatch"),
        ({"iat": ...}, "missing-claim"),
        ({"nonce": "mine"}, "nonce-mismatch"),
        ({"exp": 1}, "token-expired"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "access-token-hash-mismatch"),
    ],
)
def test_an_id_token_with_other_claims_is_refused(pair: OpenidPair, claims: dict[str, Any], code: str) -> None:
    pair.resigned(**claims)
    entry = pair.login()
    assert not entry.accepted
    assert entry.claims is None
    assert codes(entry) == [code]
    assert pair.lab.openid_rp.sessions == ()


def test_a_token_without_kid_is_accepted_where_one_key_is_listed(pair: OpenidPair) -> None:
    pair.resigned(header={"kid": ...})
    assert pair.login().accepted


def test_a_token_signed_by_a_key_that_is_not_listed_is_refused(pair: OpenidPair) -> None:
    private = test_key("foreign")

    def change(members: dict[str, Any]) -> dict[str, Any]:
        token = read_compact(members["id_token"], "token")
        return {**members, "id_token": sign_compact(token.header, token.payload, private, "RS256")}

    pair.answer("/token", change)
    entry = pair.login()
    assert not entry.accepted
    assert codes(entry)


def test_an_unsigned_token_is_refused(pair: OpenidPair) -> None:
    def change(members: dict[str, Any]) -> dict[str, Any]:
        header = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
        return {**members, "id_token": f"{header}.{members['id_token'].split('.')[1]}."}

    pair.answer("/token", change)
    assert not pair.login().accepted


def test_userinfo_about_somebody_else_refuses_the_login(pair: OpenidPair) -> None:
    pair.answer("/userinfo", lambda claims: {**claims, "sub": "mallory"})
    entry = pair.login()
    assert codes(entry) == ["userinfo-subject-mismatch"]
    assert pair.lab.openid_rp.sessions == ()


def test_a_document_of_another_issuer_stops_the_login_before_anything_is_sent(pair: OpenidPair) -> None:
    pair.answer(DISCOVERY, lambda document: {**document, "issuer": "https://evil.example"})
    entry = pair.login()
    assert codes(entry) == ["discovery-issuer-mismatch"]
    assert [each.event for each in pair.lab.journal.entries()] == ["openid-login-judged"]


def test_the_addresses_are_those_of_the_document(pair: OpenidPair) -> None:
    pair.answer(DISCOVERY, lambda document: {**document, "jwks_uri": "http://127.0.0.1:8080/id/keys"})
    assert pair.login().accepted
    assert "/id/keys" in pair.asked
    assert "/jwks" not in pair.asked


def test_keys_that_were_replaced_since_are_fetched_when_their_kid_turns_up(pair: OpenidPair) -> None:
    assert pair.login().accepted
    pair.rotate()
    pair.lab.clock.advance(timedelta(minutes=2))
    entry = pair.login()
    assert entry.accepted
    told = next(found.message for found in entry.findings if found.code == "keys-used")
    assert "is not in the copy of 2027-01-04 09:00:00; fetched at 2027-01-04 09:02:00" in told


def test_keys_that_are_replaced_just_before_signing_are_held_back_by_the_cooldown(pair: OpenidPair) -> None:
    assert pair.login().accepted
    pair.rotate(overlap=True)
    pair.lab.clock.advance(timedelta(seconds=30))
    entry = pair.login()
    assert not entry.accepted
    told = next(found.message for found in entry.findings if found.code == "keys-used")
    assert "the cooldown holds a refetch back until 2027-01-04 09:01:00" in told
    pair.lab.clock.advance(timedelta(seconds=30))
    assert pair.login().accepted


# ---- caches and trust -----------------------------------------------------------------------------------------------


def test_a_verifier_that_fetches_only_at_its_start_needs_a_restart(pair: OpenidPair) -> None:
    pair.client(trust=JwksTrust(habits=CacheHabits(keeps=FOREVER, unknown_kid=OnUnknownKid.REFUSE)))
    assert pair.login().accepted
    pair.rotate()
    pair.lab.clock.advance(timedelta(days=3))
    assert not pair.login().accepted
    pair.lab.openid_rp.restart()
    assert pair.login().accepted


def test_a_verifier_that_fetches_on_any_failure_judges_twice(pair: OpenidPair) -> None:
    habits = CacheHabits(keeps=FOREVER, any_failure=True, cooldown=timedelta(0))
    pair.client(trust=JwksTrust(habits=habits))
    assert pair.login().accepted
    key = pair.lab.openid.provider.keys.keys[0]
    now = pair.lab.now()
    same_name = LifeKey.of(test_key("new"), now, kid=key.kid)
    pair.lab.openid.move_keys(lambda ring: replace(ring, keys=(replace(same_name, state=key.state),)))
    entry = pair.login()
    assert entry.accepted
    assert any("no key of the copy made the signature" in found.message for found in entry.findings)


def test_pinned_keys_need_no_document_of_keys(pair: OpenidPair) -> None:
    key = pair.lab.openid.provider.keys.keys[0]
    assert key.certificate is not None
    pair.client(trust=PinnedTrust(keys=(TrustedJwk.of(key.certificate, "uploaded"),)))
    assert pair.login().accepted
    assert "/jwks" not in pair.asked
    pair.rotate()
    entry = pair.login()
    assert not entry.accepted


def test_pinned_thumbprints_narrow_the_set(pair: OpenidPair) -> None:
    key = pair.lab.openid.provider.keys.keys[0]
    pair.client(trust=JwksTrust(thumbprints=frozenset({thumbprint(key.public)})))
    assert pair.login().accepted
    pair.rotate(overlap=True)
    pair.lab.clock.advance(timedelta(minutes=10))
    assert not pair.login().accepted


def test_one_odd_key_never_spoils_the_set(pair: OpenidPair) -> None:
    odd = [{"kty": "AKP", "kid": "q"}, 7, {"kty": "RSA", "n": "AA", "e": "AQAB"}, jwk_of(public_of(test_key("other")))]
    pair.answer("/jwks", lambda document: {"keys": [*odd, *document["keys"]]})
    assert pair.login().accepted
    fetched = next(each for each in pair.lab.journal.entries() if each.event == "jwks-fetched")
    assert len(fetched.findings) >= 3


# ---- what endpoints answer ------------------------------------------------------------------------------------------


def down(_told: Told) -> Told:
    raise provider_unanswered("http://127.0.0.1:8080/x", "nobody answers", "see whether it is up")


@pytest.mark.parametrize(
    ("path", "change", "code"),
    [
        ("/token", lambda told: replace(told, status=400, body=b'{"error":"invalid_grant"}'), "token-answer-failed"),
        ("/token", lambda told: replace(told, body=b"<html>"), "malformed-json"),
        ("/token", lambda told: replace(told, body=b"{}"), "token-answer-malformed"),
        ("/token", down, "provider-unanswered"),
        ("/jwks", lambda told: replace(told, status=503), "no-keys-at-hand"),
        ("/jwks", lambda told: replace(told, body=b"<html>down for maintenance"), "no-keys-at-hand"),
        ("/jwks", lambda told: replace(told, body=b'{"keys":[]}'), "no-keys-at-hand"),
        ("/jwks", down, "no-keys-at-hand"),
        ("/userinfo", lambda told: replace(told, status=401), "userinfo-refused"),
        ("/userinfo", down, "provider-unanswered"),
        (DISCOVERY, lambda told: replace(told, status=404), "provider-unanswered"),
        (DISCOVERY, lambda told: replace(told, body=b"[]"), "json-not-an-object"),
        (DISCOVERY, down, "provider-unanswered"),
    ],
)
def test_an_endpoint_that_fails_refuses_the_login_and_says_so(
    pair: OpenidPair, path: str, change: Callable[[Told], Told], code: str
) -> None:
    pair.changes[path] = change
    entry = pair.login()
    assert not entry.accepted
    assert codes(entry)[0] == code


def test_an_answer_without_an_id_token_logs_nobody_in(pair: OpenidPair) -> None:
    pair.answer("/token", lambda members: {name: value for name, value in members.items() if name != "id_token"})
    assert codes(pair.login()) == ["id-token-missing"]


def test_what_is_no_token_at_all_is_refused_with_its_reason(pair: OpenidPair) -> None:
    pair.answer("/token", lambda members: {**members, "id_token": "a.b"})
    entry = pair.login()
    assert codes(entry) == ["not-a-token"]


def test_an_answer_is_good_once(pair: OpenidPair) -> None:
    relying, provider = pair.drive.relying.test_client(), pair.drive.asserting.test_client()
    pair.lab.openid_rp.open.clear()
    answer = relying.get("/oidc/callback?code=c&state=s")
    assert answer.status_code == 403
    assert "unknown-state" in answer.get_data(as_text=True)
    assert provider.get("/").status_code == 200


def test_a_no_of_the_user_is_told(pair: OpenidPair) -> None:
    entry = pair.login(prompt="none")
    assert codes(entry) == ["login-declined"]
    assert "login_required" in str(entry.errors[0].observed)


def test_no_secret_stands_in_the_journal(pair: OpenidPair) -> None:
    pair.login(scope="openid offline_access")
    session = pair.lab.openid_rp.session(None)
    assert session is not None
    secrets = [pair.lab.openid_rp.client.secret, session.access_token, session.refresh_token]
    text = repr(pair.lab.journal.entries()) + repr(session) + repr(pair.lab.openid_rp.client)
    assert [each for each in secrets if each and each in text] == []
    assert secrets[0]


# ---- refreshing -----------------------------------------------------------------------------------------------------


def test_tokens_are_refreshed_and_judged(pair: OpenidPair) -> None:
    pair.login(scope="openid offline_access")
    pair.lab.clock.advance(timedelta(minutes=2))
    entry = pair.drive.refresh()
    assert (codes(entry), entry.accepted, entry.event) == ([], True, "openid-refresh-judged")
    assert entry.claims is not None
    assert entry.claims["iat"] == int(pair.lab.now().timestamp())
    assert "nonce" not in entry.claims, "it belongs to the token of the login"


def test_a_refresh_that_speaks_of_somebody_else_is_refused(pair: OpenidPair) -> None:
    pair.login(scope="openid offline_access")
    before = pair.lab.openid_rp.session(None)
    pair.resigned(sub="mallory")
    entry = pair.drive.refresh()
    assert not entry.accepted
    assert pair.lab.openid_rp.session(None) == before


def test_nothing_is_refreshed_where_nobody_is_logged_in(pair: OpenidPair) -> None:
    assert pair.drive.relying.test_client().get("/oidc/refresh").status_code == 400


def test_a_login_may_take_ten_minutes(pair: OpenidPair) -> None:
    def late(leg: str) -> None:
        if leg == "arrive":
            pair.lab.clock.advance(timedelta(minutes=11))

    entry = pair.drive.login(AMIRA.username, before=late)
    assert codes(entry) == ["late-answer"]
    assert entry.at == NOW + timedelta(minutes=11)
