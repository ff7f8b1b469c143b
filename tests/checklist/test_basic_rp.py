"""Basic RP: the modules of `oidcc-client-basic-certification-test-plan`, and others of the full plan, played for us.

The provider's answers are replaced as the module says; the relying party has to log in, or to refuse and say why. What
a provider asks of the suite's tester (another client, another algorithm) is set up at the lab's own provider.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.core.jose import public_of, read_compact, sign_compact
from ssolab.core.jwk import jwk_of
from ssolab.core.strictjson import parse_object
from ssolab.oidc.keyring import KeyState, LifeKey
from tests.checklist.plans import Plan, allowed
from tests.keys import ec_test_key, test_key
from tests.web.openid_pair import DISCOVERY, OpenidPair, codes
from tests.web.parts import AMIRA

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.web.journal import Entry
    from ssolab.web.outgoing import Told

BASIC = Plan(
    (
        "oidcc-client-test",
        "oidcc-client-test-invalid-iss",
        "oidcc-client-test-missing-sub",
        "oidcc-client-test-invalid-aud",
        "oidcc-client-test-missing-iat",
        "oidcc-client-test-kid-absent-single-jwks",
        "oidcc-client-test-kid-absent-multiple-jwks",
        "oidcc-client-test-idtoken-sig-rs256",
        "oidcc-client-test-idtoken-sig-none",
        "oidcc-client-test-invalid-sig-rs256",
        "oidcc-client-test-userinfo-invalid-sub",
        "oidcc-client-test-nonce-invalid",
        "oidcc-client-test-scope-userinfo-claims",
        "oidcc-client-test-client-secret-basic",
    )
)
FULL = Plan(
    (
        "oidcc-client-test-missing-aud",
        "oidcc-client-test-missing-athash",
        "oidcc-client-test-invalid-athash",
        "oidcc-client-test-missing-chash",
        "oidcc-client-test-invalid-chash",
        "oidcc-client-test-invalid-sig-hs256",
        "oidcc-client-test-invalid-sig-es256",
        "oidcc-client-test-nonce-unless-code-flow",
        "oidcc-client-test-form-post-error",
        "oidcc-client-test-userinfo-bearer-header",
        "oidcc-client-test-userinfo-bearer-body",
        "oidcc-client-test-userinfo-signed",
        "oidcc-client-test-aggregated-claims",
        "oidcc-client-test-distributed-claims",
        "oidcc-client-test-refresh-token",
        "oidcc-client-test-refresh-token-invalid-issuer",
        "oidcc-client-test-refresh-token-invalid-sub",
        "oidcc-client-test-refresh-token-invalid-aud",
        "oidcc-client-test-refresh-token-invalid-azp",
    )
)
HALF = "AAAAAAAAAAAAAAAAAAAAAA"
"""A hash of the right length and of nothing that was sent."""
HYBRID = "code id_token token"


def refused(pair: OpenidPair, entry: Entry, *expected: str) -> None:
    """The login was refused for just these reasons, and nobody is logged in."""
    assert (codes(entry), entry.accepted, entry.claims) == (list(expected), False, None)
    assert pair.lab.openid_rp.sessions == ()


def resigned_login(**claims: Any) -> tuple[OpenidPair, Entry]:
    """Play a login whose ID token has other claims."""
    pair = OpenidPair.made()
    pair.resigned(**claims)
    return pair, pair.login()


def front(change: Callable[[OpenidPair, str], str], kinds: str = HYBRID) -> tuple[OpenidPair, Entry]:
    """Play a login whose ID token comes by the browser and is changed on the way."""
    pair = OpenidPair.made()

    def changed(fields: dict[str, str]) -> dict[str, str]:
        return {**fields, "id_token": change(pair, fields["id_token"])}

    return pair, pair.posted(changed, response_type=kinds)


def spoilt(token: str) -> str:
    """The same token under a signature of the right length that nobody made."""
    head, signature = token.rsplit(".", 1)
    return f"{head}.{signature[:20]}{'A' if signature[20] != 'A' else 'B'}{signature[21:]}"


# ---- the basic plan -------------------------------------------------------------------------------------------------


@BASIC.module("oidcc-client-test")
def happy() -> None:
    """Code flow with PKCE, state and nonce, the token endpoint and userinfo: somebody is logged in."""
    pair = OpenidPair.made()
    entry = pair.login()
    assert (codes(entry), entry.accepted, entry.user) == ([], True, AMIRA.username)
    assert pair.asked == [DISCOVERY, "/token", "/jwks", "/userinfo"]


@BASIC.module("oidcc-client-test-invalid-iss")
def invalid_iss() -> None:
    """An ID token of another issuer logs nobody in."""
    refused(*resigned_login(iss="https://evil.example"), "token-issuer-mismatch")


@BASIC.module("oidcc-client-test-missing-sub")
def missing_sub() -> None:
    """An ID token about nobody logs nobody in."""
    refused(*resigned_login(sub=...), "missing-claim")


@BASIC.module("oidcc-client-test-invalid-aud")
def invalid_aud() -> None:
    """An ID token for another client logs nobody in."""
    refused(*resigned_login(aud="another"), "token-audience-mismatch")


@BASIC.module("oidcc-client-test-missing-iat")
def missing_iat() -> None:
    """An ID token that does not say when it was issued logs nobody in."""
    refused(*resigned_login(iat=...), "missing-claim")


@BASIC.module("oidcc-client-test-kid-absent-single-jwks")
def kid_absent_single() -> None:
    """A token without kid has to be taken where the provider lists one key: there is no choice."""
    pair = OpenidPair.made()
    pair.resigned(header={"kid": ...})
    assert (codes(pair.login()), len(pair.lab.openid_rp.sessions)) == ([], 1)


@BASIC.module("oidcc-client-test-kid-absent-multiple-jwks")
def kid_absent_multiple() -> None:
    """A token without kid is refused where several keys fit; the suite leaves that to the client."""
    pair = OpenidPair.made()
    more = jwk_of(public_of(test_key("other")), kid="another", alg="RS256")
    pair.answer("/jwks", lambda document: {"keys": [*document["keys"], more]})
    pair.resigned(header={"kid": ...})
    assert allowed("kid-where-several-fit", "oidcc-client-test-kid-absent-multiple-jwks").side == "relying party"
    refused(pair, pair.login(), "several-keys-fit")


@BASIC.module("oidcc-client-test-idtoken-sig-rs256")
def sig_rs256() -> None:
    """An ID token signed with RS256 is believed by the provider's own key."""
    pair = OpenidPair.made()
    entry = pair.login()
    assert entry.accepted
    assert entry.signature is not None
    assert (entry.signature.algorithm, entry.signature.key) == (
        "RS256",
        pair.lab.openid.provider.keys.signing("RS256").public.sha256,
    )


@BASIC.module("oidcc-client-test-idtoken-sig-none")
def sig_none() -> None:
    """An unsigned ID token is refused, even from the token endpoint; the suite leaves that to the client."""
    pair = OpenidPair.made()

    def unsigned(members: dict[str, Any]) -> dict[str, Any]:
        header = urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
        return {**members, "id_token": f"{header}.{members['id_token'].split('.')[1]}."}

    pair.answer("/token", unsigned)
    assert allowed("unsigned-tokens-refused", "oidcc-client-test-idtoken-sig-none").side == "relying party"
    refused(pair, pair.login(), "unsigned-token")


@BASIC.module("oidcc-client-test-invalid-sig-rs256")
def invalid_sig_rs256() -> None:
    """A signature that does not fit is refused, though the token came from the token endpoint itself."""
    pair = OpenidPair.made()
    pair.answer("/token", lambda members: {**members, "id_token": spoilt(members["id_token"])})
    refused(pair, pair.login(), "token-signature-mismatch")


@BASIC.module("oidcc-client-test-userinfo-invalid-sub")
def userinfo_invalid_sub() -> None:
    """Userinfo about somebody else logs nobody in."""
    pair = OpenidPair.made()
    pair.answer("/userinfo", lambda claims: {**claims, "sub": "mallory"})
    refused(pair, pair.login(), "userinfo-subject-mismatch")


@BASIC.module("oidcc-client-test-nonce-invalid")
def nonce_invalid() -> None:
    """An ID token of another login, by its nonce, logs nobody in."""
    refused(*resigned_login(nonce="another"), "nonce-mismatch")


@BASIC.module("oidcc-client-test-scope-userinfo-claims")
def scope_userinfo_claims() -> None:
    """What the scopes ask for comes from userinfo and ends among the claims of the login."""
    entry = OpenidPair.made().login(scope="openid email")
    assert entry.accepted
    assert entry.claims is not None
    assert entry.claims["email"] == AMIRA.username


@BASIC.module("oidcc-client-test-client-secret-basic")
def client_secret_basic() -> None:
    """The secret goes by HTTP Basic, and nowhere else."""
    pair = OpenidPair.made()
    pair.client(auth_method="client_secret_basic")
    assert pair.login().accepted
    call = next(each for each in pair.calls if each.address.endswith("/token"))
    secret = pair.lab.openid_rp.client.secret
    assert call.headers["Authorization"].startswith("Basic ")
    assert secret
    assert secret.encode() not in (call.body or b"")


# ---- of the full plan -----------------------------------------------------------------------------------------------


@FULL.module("oidcc-client-test-missing-aud")
def missing_aud() -> None:
    """An ID token for nobody logs nobody in."""
    refused(*resigned_login(aud=...), "missing-claim")


@FULL.module("oidcc-client-test-missing-athash")
def missing_athash() -> None:
    """An ID token that comes beside an access token by the browser has to vouch for it."""
    refused(*front(lambda pair, token: pair.signed_anew(token, at_hash=...)), "hash-missing")


@FULL.module("oidcc-client-test-invalid-athash")
def invalid_athash() -> None:
    """An ID token that vouches for another access token logs nobody in, in whichever way it came."""
    refused(*front(lambda pair, token: pair.signed_anew(token, at_hash=HALF)), "access-token-hash-mismatch")
    refused(*resigned_login(at_hash=HALF), "access-token-hash-mismatch")


@FULL.module("oidcc-client-test-missing-chash")
def missing_chash() -> None:
    """An ID token that comes beside a code by the browser has to vouch for it, and the code is not even redeemed."""
    pair, entry = front(lambda pair, token: pair.signed_anew(token, c_hash=...))
    refused(pair, entry, "hash-missing")
    assert "/token" not in pair.asked


@FULL.module("oidcc-client-test-invalid-chash")
def invalid_chash() -> None:
    """An ID token that vouches for another code logs nobody in, and the code is not even redeemed."""
    pair, entry = front(lambda pair, token: pair.signed_anew(token, c_hash=HALF))
    refused(pair, entry, "code-hash-mismatch")
    assert "/token" not in pair.asked


@FULL.module("oidcc-client-test-invalid-sig-hs256")
def invalid_sig_hs256() -> None:
    """A token proved with a shared secret is refused, whatever the secret: none was agreed on for that."""
    pair = OpenidPair.made()

    def with_secret(members: dict[str, Any]) -> dict[str, Any]:
        header = urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
        return {**members, "id_token": f"{header}.{members['id_token'].split('.')[1]}.{HALF}{HALF[:21]}"}

    pair.answer("/token", with_secret)
    refused(pair, pair.login(), "hmac-token")


@FULL.module("oidcc-client-test-invalid-sig-es256")
def invalid_sig_es256() -> None:
    """A provider that signs with ES256 logs in, and one whose ES256 signature does not fit does not."""
    pair = OpenidPair.made()
    key = LifeKey.of(ec_test_key(), pair.lab.now(), state=KeyState.ACTIVE)
    pair.lab.openid.move_keys(lambda ring: ring.added(key))

    def by_curve(members: dict[str, Any]) -> dict[str, Any]:
        token = read_compact(members["id_token"], "token")
        header = {"typ": "JWT", "kid": key.kid}
        return {**members, "id_token": sign_compact(header, token.payload, key.private, "ES256")}

    pair.answer("/token", by_curve)
    assert pair.login().accepted
    pair.lab.openid_rp.clear()
    pair.answer("/token", lambda members: {**members, "id_token": spoilt(by_curve(members)["id_token"])})
    refused(pair, pair.login(), "token-signature-mismatch")


@FULL.module("oidcc-client-test-nonce-unless-code-flow")
def nonce_unless_code_flow() -> None:
    """A token by the browser without the nonce of the login logs nobody in."""
    refused(*front(lambda pair, token: pair.signed_anew(token, nonce=...), "id_token"), "nonce-missing")


@FULL.module("oidcc-client-test-form-post-error")
def form_post_error() -> None:
    """A refusal of the provider that comes by form ends in a refusal with the provider's word."""
    pair = OpenidPair.made()
    entry = pair.posted(dict, prompt="none", max_age="0")
    refused(pair, entry, "login-declined")
    assert "login_required" in str(entry.errors[0].observed)
    assert "/token" not in pair.asked


@FULL.module("oidcc-client-test-userinfo-bearer-header")
def userinfo_bearer_header() -> None:
    """The access token goes to userinfo in the header Authorization."""
    pair = OpenidPair.made()
    assert pair.login().accepted
    call = next(each for each in pair.calls if each.address.endswith("/userinfo"))
    assert (call.method, call.headers["Authorization"].split()[0], call.body) == ("GET", "Bearer", None)


@FULL.module("oidcc-client-test-userinfo-bearer-body")
def userinfo_bearer_body() -> None:
    """The access token never goes to userinfo in a form: the header is the way that every provider knows."""
    assert allowed("userinfo-by-header", "oidcc-client-test-userinfo-bearer-body").side == "relying party"
    pair = OpenidPair.made()
    assert pair.login().accepted
    assert all(each.method == "GET" for each in pair.calls if each.address.endswith("/userinfo"))


@FULL.module("oidcc-client-test-userinfo-signed")
def userinfo_signed() -> None:
    """Userinfo that comes as a token, which was not asked for, is not read, and the login says so."""
    assert allowed("userinfo-is-json", "oidcc-client-test-userinfo-signed").side == "relying party"
    pair = OpenidPair.made()

    def as_token(told: Told) -> Told:
        key = pair.lab.openid.provider.keys.signing("RS256")
        token = sign_compact({"kid": key.kid}, parse_object(told.body, "userinfo"), key.private, "RS256")
        return replace(told, body=token.encode(), headers={**told.headers, "content-type": "application/jwt"})

    pair.changes["/userinfo"] = as_token
    refused(pair, pair.login(), "malformed-json")


@FULL.module("oidcc-client-test-aggregated-claims")
def aggregated_claims() -> None:
    """Claims that another issuer vouches for are shown as they came and never taken for the provider's own."""
    _foreign_claims({"src1": {"JWT": "e30.e30."}}, "oidcc-client-test-aggregated-claims")


@FULL.module("oidcc-client-test-distributed-claims")
def distributed_claims() -> None:
    """Claims that lie elsewhere are not fetched: no provider sends this party to an address of its choice."""
    source = {"src1": {"endpoint": "http://127.0.0.1:8080/claims", "access_token": "x"}}
    _foreign_claims(source, "oidcc-client-test-distributed-claims")


def _foreign_claims(sources: dict[str, Any], module: str) -> None:
    assert allowed("claims-of-others-stay-theirs", module).side == "relying party"
    pair = OpenidPair.made()
    more = {"_claim_names": {"credit_score": "src1"}, "_claim_sources": sources}
    pair.answer("/userinfo", lambda claims: {**claims, **more})
    entry = pair.login()
    assert entry.accepted
    assert entry.claims is not None
    assert "credit_score" not in entry.claims
    assert pair.asked == [DISCOVERY, "/token", "/jwks", "/userinfo"]


# ---- refresh --------------------------------------------------------------------------------------------------------


def logged_in_to_refresh() -> OpenidPair:
    """A pair in which somebody is logged in who has a refresh token."""
    pair = OpenidPair.made()
    assert pair.login(scope="openid offline_access").accepted
    pair.lab.clock.advance(timedelta(minutes=1))
    return pair


@FULL.module("oidcc-client-test-refresh-token")
def refresh_token() -> None:
    """Tokens are refreshed, and the refresh token that came with them replaces the one before."""
    pair = logged_in_to_refresh()
    before = pair.lab.openid_rp.session(None)
    entry = pair.drive.refresh()
    after = pair.lab.openid_rp.session(None)
    assert (codes(entry), entry.accepted) == ([], True)
    assert before is not None
    assert after is not None
    assert after.refresh_token not in (None, before.refresh_token)
    assert after.access_token != before.access_token


def _refresh_refused(code: str, **claims: Any) -> None:
    pair = logged_in_to_refresh()
    before = pair.lab.openid_rp.session(None)
    pair.resigned(**claims)
    entry = pair.drive.refresh()
    assert not entry.accepted
    assert code in codes(entry)
    assert pair.lab.openid_rp.session(None) == before, "what a refused refresh brought is not kept"


@FULL.module("oidcc-client-test-refresh-token-invalid-issuer")
def refresh_invalid_issuer() -> None:
    """The ID token of a refresh has to be of the same issuer as that of the login."""
    _refresh_refused("token-issuer-mismatch", iss="https://evil.example")


@FULL.module("oidcc-client-test-refresh-token-invalid-sub")
def refresh_invalid_sub() -> None:
    """The ID token of a refresh has to be about the same person as that of the login."""
    _refresh_refused("token-subject-mismatch", sub="mallory")


@FULL.module("oidcc-client-test-refresh-token-invalid-aud")
def refresh_invalid_aud() -> None:
    """The ID token of a refresh has to be for the same client as that of the login."""
    _refresh_refused("token-audience-mismatch", aud="another")


@FULL.module("oidcc-client-test-refresh-token-invalid-azp")
def refresh_invalid_azp() -> None:
    """The ID token of a refresh must not name an authorised party that the login's did not."""
    _refresh_refused("refreshed-claim-changed", azp="ssolab-rp")


@pytest.mark.parametrize("shows", [*BASIC.cases(), *FULL.cases()])
def test_module(shows: Callable[[], None]) -> None:
    shows()


def test_every_module_of_the_plans_is_there() -> None:
    assert len(BASIC.modules) == 14
    for plan in (BASIC, FULL):
        assert set(plan.tests) == set(plan.modules)
