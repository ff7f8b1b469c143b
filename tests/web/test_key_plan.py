"""A plan moves the keys of a provider by the lab's clock, and the key set promises no more than the plan holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ssolab.oidc.keyring import KeyRing, KeyState, KeyVerb, LifeKey
from ssolab.oidc.waiting import Delays
from ssolab.web.key_plan import KeyPlan, PlannedMove
from ssolab.web.openid import Openid
from tests.web.openid_pair import OpenidPair
from tests.web.parts import NOW, credential

SWAPPED = (
    "Swap new (new), as rotate plans for 2027-01-04T11:00:00Z: provider: old active -> draining, "
    "new published -> active"
)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def move(verb: str, at: timedelta, kid: str = "new") -> PlannedMove:
    return PlannedMove(at=NOW + at, verb=KeyVerb(verb), kid=kid)


def planned(*moves: PlannedMove, **more: Any) -> OpenidPair:
    ring = KeyRing(
        tuple(
            LifeKey.of(credential(name).private, NOW, kid=name, label=name, state=state)
            for name, state in (("old", KeyState.ACTIVE), ("new", KeyState.GENERATED))
        )
    )
    return OpenidPair.made(openid=Openid(keys=ring, plan=KeyPlan(id="rotate", moves=moves, **more)))


def listed(pair: OpenidPair) -> tuple[list[str], str]:
    answer = pair.drive.asserting.test_client().get("/jwks")
    return [key["kid"] for key in answer.get_json()["keys"]], answer.headers["Cache-Control"]


def test_keys_move_when_the_clock_says_so_and_the_journal_says_why() -> None:
    pair = planned(move("publish", HOUR), move("swap", 2 * HOUR), move("unpublish", 3 * HOUR, "old"))
    assert listed(pair)[0] == ["old"]
    pair.lab.clock.advance(HOUR)
    assert listed(pair)[0] == ["old", "new"]
    assert pair.login().accepted
    pair.lab.clock.advance(HOUR)
    entry = pair.login()
    assert entry.accepted
    assert entry.signature is not None
    assert entry.signature.key == credential("new").public.sha256
    pair.lab.clock.advance(HOUR)
    assert listed(pair)[0] == ["new"]
    said = [each.summary for each in pair.lab.journal.entries() if each.event == "key-moved"]
    assert said == [
        "Publish new (new), as rotate plans for 2027-01-04T10:00:00Z: provider: new generated -> published",
        SWAPPED,
        "Unpublish old (old), as rotate plans for 2027-01-04T12:00:00Z: provider: old draining -> removed",
    ]


def test_a_clock_that_leaps_makes_every_move_at_its_own_moment_and_going_back_undoes_none() -> None:
    pair = planned(move("publish", HOUR), move("swap", 2 * HOUR))
    pair.lab.clock.advance(5 * HOUR)
    assert listed(pair)[0] == ["old", "new"]
    keys = pair.lab.openid.provider.keys
    assert [(key.state, key.since) for key in keys.keys] == [
        (KeyState.DRAINING, NOW + 2 * HOUR), (KeyState.ACTIVE, NOW + 2 * HOUR),
    ]  # fmt: skip
    pair.lab.clock.advance(-5 * HOUR)
    listed(pair)
    assert pair.lab.openid.provider.keys == keys


def test_a_move_that_is_not_possible_any_more_is_told_and_stops_nothing() -> None:
    pair = planned(move("swap", HOUR), move("publish", 2 * HOUR))
    pair.lab.clock.advance(3 * HOUR)
    assert listed(pair)[0] == ["old", "new"]
    (entry,) = [each for each in pair.lab.journal.entries() if each.event == "key-not-moved"]
    assert "no verifier can find it yet" in entry.summary


@pytest.mark.parametrize(
    ("published", "swapped", "delays", "now", "header"),
    [
        (HOUR, 2 * HOUR, Delays(), timedelta(0), "public, max-age=300"),
        (HOUR, HOUR + 4 * MINUTE, Delays(), timedelta(0), "public, max-age=240"),
        (HOUR, HOUR + 4 * MINUTE, Delays(replicas=MINUTE, margin=MINUTE), timedelta(0), "public, max-age=120"),
        (HOUR, HOUR + 4 * MINUTE, Delays(replicas=5 * MINUTE), timedelta(0), "no-cache"),
        (HOUR, HOUR + 4 * MINUTE, Delays(), 2 * HOUR, "public, max-age=300"),
        (HOUR, HOUR, Delays(), timedelta(0), "public, max-age=300"),
        (HOUR, HOUR, Delays(), 58 * MINUTE, "public, max-age=120"),
    ],
    ids=["long before", "less than usual", "with replicas", "no time left", "over", "an emergency far off", "near"],
)
def test_the_key_set_may_be_kept_no_longer_than_the_plan_allows(
    published: timedelta, swapped: timedelta, delays: Delays, now: timedelta, header: str
) -> None:
    pair = planned(move("publish", published), move("swap", swapped), delays=delays)
    pair.lab.clock.advance(now)
    assert listed(pair)[1] == header


def test_whoever_obeys_the_header_accepts_every_token_of_the_planned_rotation() -> None:
    plan = KeyPlan(moves=(move("publish", HOUR), move("swap", HOUR + 4 * MINUTE)))
    for second in range(0, 8000, 7):
        fetched = NOW + timedelta(seconds=second)
        until = fetched + plan.max_age(fetched)
        assert fetched >= NOW + HOUR or until <= NOW + HOUR + 4 * MINUTE, "an old copy would outlive the swap"
