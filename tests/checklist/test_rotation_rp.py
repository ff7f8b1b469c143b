"""Config RP, and keys that change: the modules of the suite in which a client has to look for the provider's keys anew.

The suite swaps the whole set at once; a planned rotation with an overlap is played in tests/cutover. Its sets are full
of keys that are nobody's business, and FAPI plans add decoys under the kid of the signing key: both are played too.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from ssolab.core.jose import public_of
from ssolab.core.jwk import jwk_of, thumbprint
from ssolab.oidc.cache_habits import CacheHabits
from ssolab.oidc.relying import ClientKey, JwksTrust
from ssolab.web.outgoing import Call
from tests.checklist.plans import Plan, allowed
from tests.checklist.test_basic_rp import refused, sig_none
from tests.keys import ec_test_key, test_key
from tests.web.openid_pair import BASES, DISCOVERY, OpenidPair, codes
from tests.web.parts import AMIRA, trusted

if TYPE_CHECKING:
    from collections.abc import Callable

CONFIG = Plan(
    (
        "oidcc-client-test-discovery-openid-config",
        "oidcc-client-test-discovery-jwks-uri-keys",
        "oidcc-client-test-discovery-issuer-mismatch",
        "oidcc-client-test-idtoken-sig-none",
        "oidcc-client-test-signing-key-rotation",
        "oidcc-client-test-signing-key-rotation-just-before-signing",
    )
)
DYNAMIC = Plan(("oidcc-server-rotate-keys", "oidcc-refresh-token-rp-key-rotation"))
CONFIG.module("oidcc-client-test-idtoken-sig-none")(sig_none)
AT_ONCE = CacheHabits(cooldown=timedelta(0))
"""The habits of a client that fetches at every unknown kid."""


def jwks(pair: OpenidPair) -> list[dict[str, Any]]:
    """The keys that the provider lists now."""
    return pair.drive.asserting.test_client().get("/jwks").get_json()["keys"]  # type: ignore[no-any-return]


@CONFIG.module("oidcc-client-test-discovery-openid-config")
def discovery_openid_config() -> None:
    """Every address is the one in the provider's document: another document sends the browser elsewhere."""
    pair = OpenidPair.made()
    pair.answer(DISCOVERY, lambda document: {**document, "authorization_endpoint": f"{BASES.asserting}/elsewhere?a=b"})
    sent = pair.drive.relying.test_client().get("/oidc/login")
    assert sent.headers["Location"].startswith(f"{BASES.asserting}/elsewhere?a=b&")
    assert pair.asked == [DISCOVERY]


@CONFIG.module("oidcc-client-test-discovery-jwks-uri-keys")
def discovery_jwks_uri_keys() -> None:
    """The keys are fetched from the address in the document, wherever that is."""
    pair = OpenidPair.made()
    keys = pair.lab.openid_rp.send(Call(address=f"{BASES.asserting}/jwks"))
    pair.asked.clear()
    pair.answer(DISCOVERY, lambda document: {**document, "jwks_uri": f"{BASES.asserting}/x9q2/keys"})
    pair.changes["/x9q2/keys"] = lambda _told: keys
    assert pair.login().accepted
    assert pair.asked == [DISCOVERY, "/token", "/x9q2/keys", "/userinfo"]


@CONFIG.module("oidcc-client-test-discovery-issuer-mismatch")
def discovery_issuer_mismatch() -> None:
    """A document of another issuer ends the login before the browser is sent anywhere."""
    pair = OpenidPair.made()
    pair.answer(DISCOVERY, lambda document: {**document, "issuer": "https://evil.example"})
    refused(pair, pair.login(), "discovery-issuer-mismatch")
    assert [each.event for each in pair.lab.journal.entries()] == ["openid-login-judged"]


@CONFIG.module("oidcc-client-test-signing-key-rotation")
def rotation() -> None:
    """The whole set is replaced between two logins: the second fetches it anew, at once or after the cooldown."""
    module = "oidcc-client-test-signing-key-rotation"
    pair = OpenidPair.made()
    pair.client(trust=JwksTrust(habits=AT_ONCE))
    assert pair.login().accepted
    pair.rotate()
    assert pair.login().accepted
    assert pair.asked.count("/jwks") == 2
    assert allowed("a-minute-between-fetches", module).side == "relying party"
    _held_back(lambda pair: pair.rotate())


@CONFIG.module("oidcc-client-test-signing-key-rotation-just-before-signing")
def rotation_just_before_signing() -> None:
    """The whole set is replaced after the browser was sent off, just before the token is signed."""
    module = "oidcc-client-test-signing-key-rotation-just-before-signing"
    pair = OpenidPair.made()
    pair.client(trust=JwksTrust(habits=AT_ONCE))
    assert pair.login().accepted

    def late(leg: str) -> None:
        if leg == "arrive":
            pair.rotate()

    assert pair.drive.login(AMIRA.username, before=late).accepted
    assert pair.asked.count("/jwks") == 2
    assert allowed("a-minute-between-fetches", module).side == "relying party"
    _held_back(lambda pair: pair.rotate(overlap=True))


def _held_back(rotate: Callable[[OpenidPair], object]) -> None:
    """With the habits of a careful client a login in the minute after a fetch is refused, and the next is not."""
    pair = OpenidPair.made()
    assert pair.login().accepted
    rotate(pair)
    entry = pair.login()
    assert "unknown-kid" in codes(entry)
    assert any("cooldown holds a refetch back until 2027-01-04 09:01:00" in each.message for each in entry.findings)
    pair.lab.clock.advance(timedelta(minutes=1))
    assert pair.login().accepted


# ---- of the dynamic plans for providers -----------------------------------------------------------------------------


@DYNAMIC.module("oidcc-server-rotate-keys")
def server_rotate_keys() -> None:
    """After a rotation with overlap the old key stays listed, a key with a new kid and modulus is there, and signs."""
    pair = OpenidPair.made()
    before = jwks(pair)
    kid = pair.rotate(overlap=True)
    after = jwks(pair)
    assert len({key["kid"] for key in after}) == len(after)
    assert all(key in after for key in before)
    [new] = [key for key in after if key not in before]
    assert new["kid"] == kid == thumbprint(public_of(test_key("new")))
    assert new["n"] not in {key["n"] for key in before}
    entry = pair.login()
    assert entry.accepted
    assert entry.signature is not None
    assert entry.signature.key == public_of(test_key("new")).sha256


@DYNAMIC.module("oidcc-refresh-token-rp-key-rotation")
def rp_key_rotation() -> None:
    """A client refreshes with a new key once its certificate is uploaded, and no longer with the replaced one."""
    assert allowed("clients-are-set-up", "oidcc-refresh-token-rp-key-rotation").side == "provider"
    pair = OpenidPair.made()
    state, registered = pair.lab.openid, pair.lab.openid.clients["ssolab-rp"]

    def upload(*names: str) -> None:
        state.register(replace(registered, secret=None, keys=tuple(trusted(name, "ssolab-rp") for name in names)))

    def prove(name: str) -> None:
        pair.client(auth_method="private_key_jwt", key=ClientKey(private=test_key(name)))

    prove("sp")
    upload("sp")
    assert pair.login(scope="openid offline_access").accepted
    prove("new")
    entry = pair.drive.refresh()
    assert codes(entry) == ["token-answer-failed"]
    assert "invalid_client" in str(entry.errors[0].observed)
    upload("sp", "new")
    assert pair.drive.refresh().accepted
    upload("new")
    assert pair.drive.refresh().accepted
    prove("sp")
    assert codes(pair.drive.refresh()) == ["token-answer-failed"]


@pytest.mark.parametrize("shows", [*CONFIG.cases(), *DYNAMIC.cases()])
def test_module(shows: Callable[[], None]) -> None:
    shows()


def test_every_module_of_the_plans_is_there() -> None:
    for plan in (CONFIG, DYNAMIC):
        assert set(plan.tests) == set(plan.modules)


# ---- noise and decoys -----------------------------------------------------------------------------------------------


def noise() -> list[dict[str, Any]]:
    """The other keys of one of the suite's sets: of each kind, one on a curve that few know, and one for encryption."""
    odd = ec.derive_private_key(7, ec.SECP256K1()).public_key().public_numbers()
    width = {"x": odd.x.to_bytes(32), "y": odd.y.to_bytes(32)}
    point = {name: urlsafe_b64encode(value).rstrip(b"=").decode() for name, value in width.items()}
    return [
        jwk_of(public_of(test_key("other")), kid="rsa-2", alg="PS256"),
        jwk_of(public_of(ec_test_key("p256")), kid="ec-1", alg="ES256"),
        jwk_of(public_of(ec_test_key("p256b")), kid="ec-2", alg="ES256"),
        {"kty": "EC", "crv": "secp256k1", "kid": "k1", "use": "sig", "alg": "ES256K", **point},
        jwk_of(public_of(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))), kid="okp", alg="EdDSA"),
        jwk_of(public_of(test_key("foreign")), kid="enc-1", alg="RSA-OAEP", use="enc"),
        {"kty": "AKP", "kid": "pq", "alg": "ML-DSA-44", "pub": "AAAA"},
    ]


def decoys(kid: str) -> list[dict[str, Any]]:
    """Keys under the kid of the one that signs: of another type, for another algorithm, and not for signatures."""
    return [
        jwk_of(public_of(ec_test_key("p256")), kid=kid, alg="ES256"),
        jwk_of(public_of(test_key("other")), kid=kid, alg="PS256"),
        jwk_of(public_of(test_key("foreign")), kid=kid, use="enc"),
    ]


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("what", ["noise", "decoys"])
def test_the_right_key_is_chosen_among_others(what: str, first: bool) -> None:  # noqa: FBT001 - of a parameter
    pair = OpenidPair.made()
    key = pair.lab.openid.provider.keys.signing("RS256")
    others = noise() if what == "noise" else decoys(key.kid)
    pair.answer("/jwks", lambda document: {"keys": others + document["keys"] if first else document["keys"] + others})
    entry = pair.login()
    assert (codes(entry), entry.accepted) == ([], True)
    assert entry.signature is not None
    assert entry.signature.key == key.public.sha256


def test_a_decoy_signs_nothing() -> None:
    pair = OpenidPair.made()
    key = pair.lab.openid.provider.keys.signing("RS256")
    pair.answer("/jwks", lambda _document: {"keys": decoys(key.kid)})
    entry = pair.login()
    assert not entry.accepted
    assert codes(entry)
