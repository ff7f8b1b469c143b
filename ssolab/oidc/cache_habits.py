"""How a verifier keeps the JWKS of its provider: the few numbers in which products differ, each maybe unknown.

Every outage after a rotation comes down to these: how long a copy is used, whether an unknown kid has it fetched again,
and how soon after the last time. Unknown is never guessed away: it is resolved to the worst and to the best case.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Final


class Always(enum.Enum):
    """The age that never ends."""

    FOREVER = "for-ever"


class Unsaid(enum.Enum):
    """The age that nobody knows."""

    UNKNOWN = "unknown"


FOREVER: Final = Always.FOREVER
UNKNOWN: Final = Unsaid.UNKNOWN
Age = timedelta | Always
MaybeAge = timedelta | Always | Unsaid

ASSUMED_AGE: Final = timedelta(hours=24)
"""How long a copy is used at worst, where nobody knows: what guidance for verifiers gives as the most."""


class OnUnknownKid(enum.StrEnum):
    """What a verifier does with a token whose kid is not in its copy."""

    REFETCH = "refetch"
    REFUSE = "refuse"
    UNKNOWN = "unknown"


class OnOutage(enum.StrEnum):
    """What becomes of the copy when the address does not answer.

    KEEP uses it although its age is over, REFUSE uses it no longer than its age, WIPE loses even a young one.
    """

    KEEP = "keep"
    REFUSE = "refuse"
    WIPE = "wipe"
    UNKNOWN = "unknown"


class Since(enum.StrEnum):
    """What the cooldown is counted from: any fetch, or the last one that an unknown kid caused."""

    FETCH = "fetch"
    MISS = "miss"


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheHabits:
    """How one kind of verifier keeps a JWKS; the defaults are what a careful verifier does.

    `keeps` is the hard age of a copy (C), `keeps_kid` the age of a second cache of single keys by kid, where there is
    one. `unknown_kid` has the copy fetched anew, at most once in a `cooldown` (d) that is counted `since` any fetch or
    since the last such one; `any_failure` does the same for a signature that no key of the copy made. `a_minute` bounds
    the fetches of all causes. `max_age` uses the age that the answer gave in place of `keeps`.
    """

    keeps: MaybeAge = timedelta(minutes=5)
    keeps_kid: Age | None = None
    unknown_kid: OnUnknownKid = OnUnknownKid.REFETCH
    any_failure: bool = False
    cooldown: MaybeAge = timedelta(minutes=1)
    since: Since = Since.FETCH
    a_minute: int | None = None
    outage: OnOutage = OnOutage.REFUSE
    max_age: bool = False

    @property
    def unknowns(self) -> tuple[str, ...]:
        """Name what nobody knows."""
        return tuple(
            each.name
            for each in fields(self)
            if getattr(self, each.name) in (UNKNOWN, OnUnknownKid.UNKNOWN, OnOutage.UNKNOWN)
        )

    def worst(self) -> CacheHabits:
        """Resolve every unknown against us: an old copy, never fetched anew, lost when the address does not answer."""
        return self._resolved(ASSUMED_AGE, FOREVER, OnUnknownKid.REFUSE, OnOutage.WIPE)

    def best(self) -> CacheHabits:
        """Resolve every unknown for us: fetched at each token, and kept through an outage."""
        return self._resolved(timedelta(0), timedelta(0), OnUnknownKid.REFETCH, OnOutage.KEEP)

    def _resolved(self, keeps: Age, cooldown: Age, unknown: OnUnknownKid, outage: OnOutage) -> CacheHabits:
        return replace(
            self,
            keeps=keeps if self.keeps is UNKNOWN else self.keeps,
            cooldown=cooldown if self.cooldown is UNKNOWN else self.cooldown,
            unknown_kid=unknown if self.unknown_kid is OnUnknownKid.UNKNOWN else self.unknown_kid,
            outage=outage if self.outage is OnOutage.UNKNOWN else self.outage,
        )

    @property
    def learns_within(self) -> Age:
        """How long at most after a key was published its tokens may still be refused: min(C, d), unknowns at worst.

        A copy without the new key was fetched before that; it is replaced when its age is over, or at the first unknown
        kid after the cooldown.
        """
        at_worst = self.worst()
        misses = at_worst.cooldown if at_worst.unknown_kid is OnUnknownKid.REFETCH else FOREVER
        return sooner(_known(at_worst.keeps), _known(misses))

    @property
    def forgets_within(self) -> Age:
        """How long at most a key that was removed is still believed: C, or the age of single keys where that is more.

        Fetching anew at an unknown kid does not help here: the kid of a removed key is known.
        """
        keeps = _known(self.worst().keeps)
        return keeps if self.keeps_kid is None else later(keeps, self.keeps_kid)


def _known(age: MaybeAge) -> Age:
    return ASSUMED_AGE if isinstance(age, Unsaid) else age


def sooner(one: Age, other: Age) -> Age:
    """Give the shorter of two ages."""
    if isinstance(one, Always):
        return other
    return one if isinstance(other, Always) else min(one, other)


def later(one: Age, other: Age) -> Age:
    """Give the longer of two ages."""
    if isinstance(one, Always) or isinstance(other, Always):
        return FOREVER
    return max(one, other)
