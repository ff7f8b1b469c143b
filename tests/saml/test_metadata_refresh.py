"""When metadata is looked at again, at the exact second on both sides of each bound."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.keys import TrustedKey
from ssolab.saml.metadata import EntityDescriptor
from ssolab.saml.metadata_acceptance import AcceptedMetadata
from ssolab.saml.metadata_refresh import LONGEST_PAUSE, PAUSE, Cause, Holding, KeyChange
from tests.saml.samples import NOW, certificate, trust

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
FOREVER = timedelta(days=3_000_000)


def holding(*, until: timedelta | None = None, keep: timedelta | None = None) -> Holding:
    accepted = AcceptedMetadata(
        entity=EntityDescriptor(entity_id="e"),
        keys=(),
        valid_until=None if until is None else NOW + until,
        cache_duration=keep,
        id=None,
    )
    return Holding(accepted=accepted, fetched=NOW, tried=NOW)


def test_metadata_that_says_nothing_of_time_is_never_due() -> None:
    held = holding()
    assert held.due is None
    assert held.cause(NOW + timedelta(days=1000)) is None
    assert not held.expired(NOW + timedelta(days=1000))


@pytest.mark.parametrize(
    ("until", "keep", "after", "cause"),
    [
        (None, HOUR, HOUR - SECOND, None),
        (None, HOUR, HOUR, Cause.DUE),
        (2 * HOUR, HOUR, HOUR, Cause.DUE),
        (2 * HOUR, HOUR, 2 * HOUR, Cause.EXPIRED),
        (HOUR, None, HOUR - SECOND, None),
        (HOUR, None, HOUR, Cause.EXPIRED),
        (None, SECOND, PAUSE - SECOND, None),
        (None, SECOND, PAUSE, Cause.DUE),
        (None, FOREVER, 1000 * HOUR, None),
    ],
)
def test_it_is_due_when_one_of_its_dates_is_reached(
    until: timedelta | None, keep: timedelta | None, after: timedelta, cause: Cause | None
) -> None:
    assert holding(until=until, keep=keep).cause(NOW + after) == cause


def test_a_failure_leaves_the_copy_in_place_and_puts_the_next_look_off() -> None:
    held = holding(keep=HOUR, until=48 * HOUR)
    now, pause = NOW + HOUR, PAUSE
    for _ in range(12):
        assert held.cause(now) is Cause.DUE
        held = held.kept(now, Cause.DUE)
        assert held.cause(now + pause - SECOND) is None
        now, pause = now + pause, min(2 * pause, LONGEST_PAUSE)
    assert held.fetched == NOW
    assert not held.expired(now)
    renewed = held.renewed(held.accepted, now, Cause.DUE)
    assert (renewed.failed, renewed.fetched) == (0, now)


def test_a_miss_asks_once_a_minute() -> None:
    fresh = holding()
    assert fresh.asks_on_miss(NOW)
    for held in (fresh.kept(NOW, Cause.MISS), fresh.renewed(fresh.accepted, NOW, Cause.MISS)):
        assert not held.asks_on_miss(NOW)
        assert not held.asks_on_miss(NOW + PAUSE - SECOND)
        assert held.asks_on_miss(NOW + PAUSE)


def test_what_was_done_by_hand_does_not_count_as_a_miss() -> None:
    held = holding().kept(NOW, Cause.HAND)
    assert held.asks_on_miss(NOW)


def test_a_clock_that_was_set_back_does_not_lock_anything() -> None:
    assert holding().kept(NOW, Cause.MISS).asks_on_miss(NOW - SECOND)


@given(st.lists(st.integers(0, 300), max_size=40))
def test_however_many_misses_come_looks_stay_a_minute_apart(gaps: list[int]) -> None:
    held, now, looks = holding(), NOW, []
    for gap in gaps:
        now += gap * SECOND
        if held.asks_on_miss(now):
            held = held.kept(now, Cause.MISS)
            looks.append(now)
    assert all(later - earlier >= PAUSE for earlier, later in pairwise(looks))


def test_a_key_change_is_told_by_key_and_not_by_certificate() -> None:
    renewed = TrustedKey.of(certificate("idp", not_after=NOW + 999 * HOUR))
    change = KeyChange.between([trust("idp"), trust("old")], [renewed, trust("new")])
    assert change.appeared == (trust("new"),)
    assert change.gone == (trust("old"),)
    new, old = (f"{each.label} (SPKI {each.spki_sha256[:16]})" for each in (certificate("new"), certificate("old")))
    assert str(change) == f"key appeared: {new}; key gone: {old}"
    same = KeyChange.between([trust("idp")], [renewed])
    assert not same
    assert str(same) == "the same keys"
