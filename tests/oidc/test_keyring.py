from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ssolab.core.findings import ConfigError, InputError
from ssolab.core.jwk import thumbprint
from ssolab.core.keys import PublicKey
from ssolab.oidc.keyring import KeyRing, KeyState, KeyVerb, LifeKey
from tests.keys import ec_test_key, test_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

START = datetime(2027, 1, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
GENERATED, PUBLISHED, ACTIVE, DRAINING, REMOVED, COMPROMISED = KeyState

# RFC 7638 3.1 prints this key and its thumbprint.
MODULUS = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3okn"
    "jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qM"
    "QvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJz"
    "KnqDKgw"
)
THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def public(key: PublicKeyTypes) -> PublicKey:
    return PublicKey(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def key(name: str, state: KeyState = GENERATED, purpose: str = "", alg: str = "RS256") -> LifeKey:
    return LifeKey.of(test_key(name), START, kid=name, alg=alg, label=name, state=state, purpose=purpose)


def ring(**states: KeyState) -> KeyRing:
    return KeyRing(tuple(key(name, state) for name, state in states.items()))


def states(found: KeyRing) -> dict[str, str]:
    return {each.kid: each.state.value for each in found.keys}


def test_a_key_is_called_by_its_thumbprint_as_the_standard_has_it() -> None:
    number = int.from_bytes(base64.urlsafe_b64decode(MODULUS + "=="), "big")
    assert thumbprint(public(rsa.RSAPublicNumbers(65537, number).public_key())) == THUMBPRINT


def test_a_key_is_called_by_its_thumbprint_unless_told_otherwise() -> None:
    made = LifeKey.of(test_key("old"), START)
    assert made.kid == thumbprint(made.public)
    assert (made.alg, made.state, made.label) == ("RS256", GENERATED, made.kid)
    assert LifeKey.of(test_key("old"), START, kid="264").kid == "264"


def test_a_key_never_shows_its_private_half() -> None:
    assert "private" not in repr(KeyRing((key("old"),)))


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "HS256", "none", "RS1"])
def test_an_algorithm_that_does_not_fit_the_key_is_refused(alg: str) -> None:
    with pytest.raises(ConfigError, match="use RS256"):
        key("old", alg=alg)


def test_a_key_signs_what_its_kind_usually_does() -> None:
    assert LifeKey.of(ec_test_key("p384"), START).alg == "ES384"
    assert key("old", alg="PS512").family == "PS512"
    assert LifeKey.of(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)), START).alg == "EdDSA"
    with pytest.raises(InputError, match="signs no token"):
        LifeKey.of(ec.derive_private_key(7, ec.SECP256K1()), START, kid="it")


def test_the_life_of_two_keys_in_a_planned_rotation() -> None:
    found = ring(old=ACTIVE, new=GENERATED)
    assert [each.kid for each in found.listed()] == ["old"]
    found = found.published("new", START + HOUR)
    assert [each.kid for each in found.listed()] == ["old", "new"]
    assert found.signing("RS256").kid == "old"
    found = found.swapped("new", START + 2 * HOUR)
    assert states(found) == {"old": "draining", "new": "active"}
    assert found.signing("RS256").kid == "new"
    assert [each.since for each in found.keys] == [START + 2 * HOUR] * 2
    found = found.unpublished("old", START + 3 * HOUR)
    assert [each.kid for each in found.listed()] == ["new"]
    assert states(found) == {"old": "removed", "new": "active"}


def test_a_rollback_swaps_back_to_the_draining_key() -> None:
    found = ring(old=DRAINING, new=ACTIVE).swapped("old", START)
    assert states(found) == {"old": "active", "new": "draining"}


def test_a_move_leaves_the_ring_that_it_came_from_as_it_was() -> None:
    before = ring(old=ACTIVE, new=PUBLISHED)
    before.swapped("new", START)
    assert states(before) == {"old": "active", "new": "published"}


POSSIBLE = {
    (KeyVerb.PUBLISH, GENERATED): PUBLISHED,
    (KeyVerb.PUBLISH, REMOVED): PUBLISHED,
    (KeyVerb.SWAP, PUBLISHED): ACTIVE,
    (KeyVerb.SWAP, DRAINING): ACTIVE,
    (KeyVerb.UNPUBLISH, PUBLISHED): REMOVED,
    (KeyVerb.UNPUBLISH, DRAINING): REMOVED,
    **{(KeyVerb.COMPROMISE, state): COMPROMISED for state in KeyState if state is not COMPROMISED},
}


@pytest.mark.parametrize(("verb", "state"), list(product(KeyVerb, KeyState)))
def test_every_move_from_every_state_is_made_or_refused_in_one_line(verb: KeyVerb, state: KeyState) -> None:
    found = KeyRing((replace(key("old"), kid="it", state=state),))
    if (verb, state) in POSSIBLE:
        moved = found.moved(verb, "it", START + HOUR).key("it")
        assert (moved.state, moved.since) == (POSSIBLE[verb, state], START + HOUR)
        return
    with pytest.raises(ConfigError) as caught:
        found.moved(verb, "it", START + HOUR)
    assert f"is {state}" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_swapping_to_what_nobody_can_find_says_that_it_has_to_be_published() -> None:
    with pytest.raises(ConfigError, match="no verifier can find it yet; publish it first"):
        ring(old=ACTIVE, new=GENERATED).swapped("new", START)


def test_a_key_in_use_is_not_taken_away() -> None:
    with pytest.raises(ConfigError, match="swap to another key first"):
        ring(old=ACTIVE).unpublished("old", START)


def test_after_a_compromise_nothing_is_signed_until_somebody_swaps() -> None:
    found = ring(old=ACTIVE, new=PUBLISHED).compromised("old", START)
    assert [each.kid for each in found.listed()] == ["new"]
    with pytest.raises(ConfigError, match="none of them is active"):
        found.signing("RS256")
    assert found.swapped("new", START).signing("RS256").kid == "new"
    with pytest.raises(ConfigError, match="somebody else may sign with it"):
        found.published("old", START)


def test_each_family_has_an_active_key_of_its_own() -> None:
    found = KeyRing(
        (
            key("old", ACTIVE),
            key("new", ACTIVE, purpose="access-tokens"),
            key("other", PUBLISHED, purpose="access-tokens"),
            key("idp", ACTIVE, alg="PS256"),
        )
    )
    assert found.families == ("RS256", "access-tokens", "PS256")
    found = found.swapped("other", START)
    assert found.signing("access-tokens").kid == "other"
    assert found.signing("RS256").kid == "old"
    assert found.signing("PS256").kid == "idp"


def test_keys_of_one_purpose_may_change_their_algorithm() -> None:
    found = KeyRing((key("old", ACTIVE, purpose="tokens"), key("new", PUBLISHED, purpose="tokens", alg="PS256")))
    found = found.swapped("new", START)
    assert found.signing("tokens").alg == "PS256"
    assert found.key("old").state is DRAINING


def test_two_active_keys_of_a_family_or_two_of_one_name_make_no_ring() -> None:
    with pytest.raises(ConfigError, match="active twice"):
        ring(old=ACTIVE).added(key("new", ACTIVE))
    with pytest.raises(ConfigError, match="kid of another key"):
        ring(old=ACTIVE).added(replace(key("new"), kid="old"))


def test_a_key_that_is_not_there_is_called_by_its_name_with_what_there_is() -> None:
    with pytest.raises(ConfigError, match="the ring has: old"):
        ring(old=ACTIVE).published("ghost", START)
    with pytest.raises(ConfigError, match="the ring has: none"):
        KeyRing().published("ghost", START)


def test_ready_and_dead_are_computed_from_the_dates() -> None:
    published, draining = key("new", PUBLISHED), key("old", DRAINING)
    just_before = START + HOUR - timedelta(seconds=1)
    assert published.ready(HOUR, START + HOUR)
    assert not published.ready(HOUR, just_before)
    assert draining.dead(HOUR, START + HOUR)
    assert not draining.dead(HOUR, just_before)
    assert not key("old", ACTIVE).ready(HOUR, START + 2 * HOUR)
    assert not key("old", ACTIVE).dead(HOUR, START + 2 * HOUR)
