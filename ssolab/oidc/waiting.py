"""How long to wait in a rotation of keys, as formulas over what is known of those who verify and of the signer.

With t0 the moment of publishing, t1 that of the swap, t2 the last signature of the old key and t3 its removal:

    t1 >= t0 + W_publish      W_publish = P + max over all verifiers of min(C, d) + N + margin
    t2 <= t1 + B
    t3 >= t1 + W_drain        W_drain = B + L + S + margin
    the old key is believed nowhere from t3 + P + max C on
    a planned rotation takes at least T = W_publish + W_drain

C is how long a verifier uses its copy of the key set, d how soon after a fetch it fetches again because of an unknown
kid (`CacheHabits.learns_within` is min(C, d), `forgets_within` is C); the other letters are fields of `Delays`. An age
may be for ever: then no wait is long enough, and only a confirmation from that verifier is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.oidc.cache_habits import Always, later

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from ssolab.oidc.cache_habits import Age, CacheHabits

_NONE: Final = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """What a signer and its network need, and how long what it signs is good.

    `replicas` (P): until every replica and every cache in between serves a changed key set. `rollout` (B): from the
    first signature with the new key to the last with the old. `life` (L): the longest validity of anything signed.
    `skew` (S): by how much clocks may differ, both sides together. `negative` (N): for how long a verifier remembers
    that a kid is unknown. `margin` is added to either wait.
    """

    replicas: timedelta = _NONE
    rollout: timedelta = _NONE
    life: timedelta = timedelta(minutes=5)
    skew: timedelta = _NONE
    negative: timedelta = _NONE
    margin: timedelta = _NONE


def publish_wait(delays: Delays, verifiers: Iterable[CacheHabits]) -> Age:
    """Compute W_publish: from publishing a key to the first moment at which every verifier accepts its signatures."""
    learnt: Age = _NONE
    for habits in verifiers:
        learnt = later(learnt, habits.learns_within)
    return _plus(learnt, delays.replicas + delays.negative + delays.margin)


def drain_wait(delays: Delays) -> timedelta:
    """Compute W_drain: from the swap to the first moment at which nothing that the old key signed is good any more."""
    return delays.rollout + delays.life + delays.skew + delays.margin


def rotation_length(delays: Delays, verifiers: Iterable[CacheHabits]) -> Age:
    """Compute T: from publishing the new key to removing the old one, in the shortest planned rotation."""
    return _plus(publish_wait(delays, verifiers), drain_wait(delays))


def exposure(delays: Delays, verifiers: Iterable[CacheHabits]) -> Age:
    """Compute how long after its removal a key may still be believed somewhere: P + max C."""
    forgotten: Age = _NONE
    for habits in verifiers:
        forgotten = later(forgotten, habits.forgets_within)
    return _plus(forgotten, delays.replicas)


def listed_at_once(period: timedelta, published: timedelta, draining: timedelta) -> int:
    """Count the keys that a set lists at most where a key is swapped in every *period*.

    Args:
        period: R, between two swaps; longer than nothing.
        published: W_publish.
        draining: W_drain.
    """
    return 1 + math.ceil(published / period) + math.ceil(draining / period)


def steady_max_age(configured: timedelta, published: timedelta, delays: Delays) -> timedelta:
    """Compute the `max-age` of the key set while no change is near: min(configured, W_publish - P - margin).

    Whoever obeys it has fetched the new key before the swap, however late before the publishing it fetched.

    Args:
        configured: what the provider would say of its own accord.
        published: the time that its plan leaves between publishing and swap.
        delays: P and the margin.
    """
    return max(_NONE, min(configured, published - delays.replicas - delays.margin))


def urgent_max_age(configured: timedelta, now: datetime, change: datetime | None) -> timedelta:
    """Compute the `max-age` that ends with the next change of the key set, as in an emergency: max(0, change - now)."""
    return configured if change is None else max(_NONE, min(configured, change - now))


def cache_control(max_age: timedelta) -> str:
    """Write the header of a key set that may be kept so long (RFC 9111 5.2.2), in whole seconds."""
    seconds = int(max_age.total_seconds())
    return f"public, max-age={seconds}" if seconds else "no-cache"


def _plus(age: Age, more: timedelta) -> Age:
    return age if isinstance(age, Always) else age + more
