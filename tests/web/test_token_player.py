"""Tokens of a rehearsal go through the pair's own endpoints, and are refused where the verifier refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.core.jwk import TrustedJwk, jwk_of
from ssolab.cutover.holdings import ALWAYS
from ssolab.cutover.keyset_check import Way
from ssolab.cutover.rotation import Mishap, Trouble
from ssolab.cutover.scene import Flow, Side
from ssolab.cutover.token_scene import Address, KeySetReader, TokenScene
from ssolab.oidc.cache_habits import CacheHabits
from ssolab.web.token_player import TokenPlayer
from tests.web.parts import AMIRA, NOW, credential

if TYPE_CHECKING:
    from datetime import datetime

MINUTE = timedelta(minutes=1)
PLAYER = TokenPlayer()
READ = (Flow.JWT_BEARER, Flow.PRIVATE_KEY_JWT)
BY_CLIENT = (*READ, Flow.SAML_BEARER)
BY_PROVIDER = (Flow.OIDC_CODE, Flow.OIDC_ACCESS_TOKEN)


def scene(flow: Flow, **changes: Any) -> TokenScene:
    """One token of the key `sp`, made now and judged a minute later by whoever pinned its certificate."""
    usual = TokenScene(
        flow=flow,
        issuer="https://id.greenmoor.example/tenant/",
        client_id="shop",
        username=AMIRA.username,
        private=credential("sp").private,
        alg="RS256",
        kid="of-2027",
        issued=NOW,
        at=NOW + MINUTE,
        life=5 * MINUTE,
        skew=MINUTE,
        trusted=(TrustedJwk.of(credential("sp").certificate, "the tests"),),
        certificate=credential("sp").certificate,
    )
    return replace(usual, **changes)


def listed(*keys: str) -> dict[str, object]:
    return {"keys": [jwk_of(credential(key).public, kid=f"of-{key}", alg="RS256") for key in keys]}


def reader(*, cold: bool = True, fetched: datetime = NOW - MINUTE, **address: Any) -> KeySetReader:
    """A verifier of a set to which `other` has come since the evening before."""
    documents = ((ALWAYS, listed("sp")), (NOW - 60 * MINUTE, listed("sp", "other")))
    way = Way(fetched=None, copy=None, fresh=NOW) if cold else Way(fetched=fetched, copy=fetched, fresh=NOW)
    return KeySetReader(address=Address(documents=documents, **address), cache=CacheHabits(), way=way)


@pytest.mark.parametrize("flow", [*BY_PROVIDER, *BY_CLIENT])
def test_a_token_of_a_key_that_is_trusted_is_accepted_and_one_of_another_is_not(flow: Flow) -> None:
    played = PLAYER(scene(flow))
    assert played.accepted, played.findings
    assert played.messages >= 1
    stranger = PLAYER(scene(flow, private=credential("other").private, certificate=credential("other").certificate))
    assert not stranger.accepted
    assert stranger.side is (Side.RELYING if flow in BY_PROVIDER else Side.ASSERTING)
    assert {found.code for found in stranger.findings} & {
        "token-signature-mismatch", "unverified-token", "key-not-trusted"
    }  # fmt: skip


@pytest.mark.parametrize("flow", [*BY_PROVIDER, *BY_CLIENT])
@pytest.mark.parametrize(("late", "welcome"), [(6 * MINUTE - timedelta(seconds=1), True), (7 * MINUTE, False)])
def test_a_token_that_was_under_way_for_too_long_is_refused(flow: Flow, late: timedelta, welcome: bool) -> None:  # noqa: FBT001  a row of the table
    assert PLAYER(scene(flow, at=NOW + late)).accepted is welcome


@pytest.mark.parametrize("flow", [*BY_PROVIDER, *READ])
def test_who_reads_a_key_set_finds_the_new_key_and_who_holds_an_old_copy_asks_again(flow: Flow) -> None:
    new = {"private": credential("other").private, "kid": "of-other", "trusted": ()}
    assert PLAYER(scene(flow, reader=reader(), **new)).accepted
    assert PLAYER(scene(flow, reader=reader(cold=False, fetched=NOW - 61 * MINUTE), **new)).accepted
    # a copy of a minute ago has the key; one without it that young bars the next fetch, for a minute (CacheHabits)
    way = Way(fetched=NOW + timedelta(seconds=30), copy=NOW - 61 * MINUTE, fresh=NOW)
    barred = PLAYER(scene(flow, reader=replace(reader(), way=way), **new))
    assert not barred.accepted
    assert "unknown-kid" in {found.code for found in barred.findings}


@pytest.mark.parametrize("trouble", [Trouble.DOWN, Trouble.ERROR_PAGE])
@pytest.mark.parametrize("flow", [*BY_PROVIDER, *READ])
def test_an_address_that_does_not_answer_lets_nobody_in_who_starts_now(flow: Flow, trouble: Trouble) -> None:
    mishap = Mishap(trouble=trouble, start=NOW - MINUTE, end=NOW + 10 * MINUTE)
    played = PLAYER(scene(flow, reader=reader(mishaps=(mishap,)), kid="of-sp", trusted=()))
    assert not played.accepted
    assert played.findings


@pytest.mark.parametrize("flow", BY_PROVIDER)
def test_keys_and_tokens_may_go_without_a_name(flow: Flow) -> None:
    unnamed = [{n: v for n, v in jwk_of(credential("sp").public).items() if n != "kid"}]
    documents = ((ALWAYS, {"keys": unnamed}),)
    held = replace(reader(), address=Address(documents=documents))
    assert PLAYER(scene(flow, reader=held, kid=None, trusted=())).accepted


def test_nobody_is_believed_by_who_trusts_no_key() -> None:
    played = PLAYER(scene(Flow.OIDC_CODE, trusted=()))
    assert (played.accepted, played.messages) == (False, 0)
    assert [found.code for found in played.findings] == ["message-not-judged"]


def test_an_issuer_that_no_relying_party_would_ask_is_played_by_one_that_it_does() -> None:
    assert PLAYER(scene(Flow.OIDC_CODE, issuer="http://id.greenmoor.example")).accepted
    assert PLAYER(scene(Flow.JWT_BEARER, issuer="urn:example:org", salesforce=True)).accepted
