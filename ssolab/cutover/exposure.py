"""How long a key that somebody else has is still believed on a link, counted from the moment that it signs no more.

A cutover that is announced can bear that. In an emergency it is what matters most, and nothing that the signer does
makes it shorter than the habits of the verifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ssolab.cutover.habits import Known
from ssolab.cutover.holdings import NEVER
from ssolab.cutover.model import Verb
from ssolab.oidc.cache_habits import Always, later

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.cutover.keyset_check import TokenCourse
    from ssolab.cutover.model import Cutover, Step
    from ssolab.cutover.timeline import Course


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """The old key may be believed from `since` to `until`, where that is known: None where nothing ends it."""

    since: datetime
    until: datetime | None

    @property
    def lasts(self) -> timedelta | None:
        """How long that is; None for ever."""
        return None if self.until is None else max(timedelta(0), self.until - self.since)


def of_holder(cutover: Cutover, steps: Sequence[Step], course: Course) -> Exposure | None:
    """Give the exposure at a verifier that holds certificates; *course* is the worst.

    None where the key stays, or no signature is looked at.
    """
    since = _since(cutover, steps)
    if since is None or course.habits.verifies is Known.NO:
        return None
    ends = [
        change.by
        for change in course.certificates.changes
        if not change.comes and _same_key(change.item, cutover.old) and change.by < NEVER
    ]
    return Exposure(since=since, until=max(ends) if ends else None)


def of_reader(cutover: Cutover, steps: Sequence[Step], course: TokenCourse) -> Exposure | None:
    """Give the exposure at a verifier that reads the key set: P + C from its removal on, or until it is restarted."""
    since, removed = _since(cutover, steps), _first(steps, Verb.UNPUBLISH)
    if since is None:
        return None
    if removed is None:
        return Exposure(since=since, until=None)
    age = course.keeps if course.cache.keeps_kid is None else later(course.keeps, course.cache.keeps_kid)
    served = removed + course.history.rotation.replicas
    ends = [read for read in course.reads if read >= served]
    ends += [] if isinstance(age, Always) else [served + age]
    return Exposure(since=since, until=min(ends) if ends else None)


def _since(cutover: Cutover, steps: Sequence[Step]) -> datetime | None:
    """Give the moment from which on nobody but a stranger uses the old key; None where it goes on to be used."""
    if cutover.old.spki_sha256 == cutover.new.spki_sha256:
        return None
    swaps = sum(step.do is Verb.SWAP for step in steps)
    return _first(steps, Verb.SWAP) if swaps % 2 else None  # an even number ends where it began


def _first(steps: Sequence[Step], verb: Verb) -> datetime | None:
    return next((step.at for step in steps if step.do is verb), None)


def _same_key(one: Certificate, other: Certificate) -> bool:
    return one.spki_sha256 == other.spki_sha256
