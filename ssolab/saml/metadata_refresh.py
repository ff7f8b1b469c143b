"""When a partner's metadata is looked at again, and what a copy is good for meanwhile: a state that knows no clock.

A copy serves until its validUntil; a fetch that fails leaves it in place. It is due for another look when its
cacheDuration is over, and once in a while when a message comes signed by a key that is not in it.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.saml.materials import after

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from ssolab.core.keys import TrustedKey
    from ssolab.saml.metadata_acceptance import AcceptedMetadata

PAUSE: Final = timedelta(minutes=1)
"""The least time between two looks that nobody asked for by hand: forged messages must not make us a burden."""
LONGEST_PAUSE: Final = timedelta(hours=1)
"""The most that failures in a row put off the next look."""
_SHORT = 16  # digits of a fingerprint in a sentence


class Cause(enum.StrEnum):
    """Why metadata is looked at again."""

    EXPIRED = "validUntil is past"
    DUE = "cacheDuration is over"
    MISS = "a message came signed by a key that is not in it"
    HAND = "by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A partner's metadata as one party holds it.

    `fetched` is when the copy was fetched, `tried` when anybody last tried, `failed` how often in a row that was in
    vain, `missed` when an unknown key last was the cause. The moments come from one clock, which a user may set back;
    then everything is allowed anew.
    """

    accepted: AcceptedMetadata
    fetched: datetime
    tried: datetime
    failed: int = 0
    missed: datetime | None = None

    @property
    def expires(self) -> datetime | None:
        """When the copy may no longer be used; None is never."""
        return self.accepted.valid_until

    @property
    def due(self) -> datetime | None:
        """When the copy should be looked at again by itself; None is never."""
        keep = self.accepted.cache_duration
        ends = [self.expires, None if keep is None else after(self.fetched, max(keep, PAUSE))]
        return min((end for end in ends if end is not None), default=None)

    def expired(self, now: datetime) -> bool:
        """Say whether the copy may no longer be used."""
        return self.expires is not None and now >= self.expires

    def cause(self, now: datetime) -> Cause | None:
        """Say why it has to be looked at now, before a message is judged; None where it has not."""
        if self.due is None or now < self.due or self._pausing(now):
            return None
        return Cause.EXPIRED if self.expired(now) else Cause.DUE

    def asks_on_miss(self, now: datetime) -> bool:
        """Say whether an unknown key is worth another look; not if one was only just the cause of one."""
        return self.missed is None or not _within(PAUSE, self.missed, now)

    def renewed(self, accepted: AcceptedMetadata, now: datetime, cause: Cause) -> Holding:
        """Hold the new copy."""
        return Holding(accepted=accepted, fetched=now, tried=now, missed=self._missed(now, cause))

    def kept(self, now: datetime, cause: Cause) -> Holding:
        """Go on with the old copy, since there was no good new one."""
        return replace(self, tried=now, failed=self.failed + 1, missed=self._missed(now, cause))

    def _missed(self, now: datetime, cause: Cause) -> datetime | None:
        return now if cause is Cause.MISS else self.missed

    def _pausing(self, now: datetime) -> bool:
        doubled: timedelta = PAUSE * (1 << min(max(self.failed - 1, 0), 10))
        return _within(min(doubled, LONGEST_PAUSE), self.tried, now)


def _within(pause: timedelta, since: datetime, now: datetime) -> bool:
    return timedelta(0) <= now - since < pause


@dataclass(frozen=True, slots=True)
class KeyChange:
    """Which keys a refresh brought, and which it took away."""

    appeared: tuple[TrustedKey, ...]
    gone: tuple[TrustedKey, ...]

    @classmethod
    def between(cls, held: Iterable[TrustedKey], given: Iterable[TrustedKey]) -> KeyChange:
        """Compare two trust sets by key; certificates do not count."""
        olds = {key.public.spki: key for key in held}
        news = {key.public.spki: key for key in given}
        return cls(
            tuple(key for spki, key in news.items() if spki not in olds),
            tuple(key for spki, key in olds.items() if spki not in news),
        )

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return bool(self.appeared or self.gone)

    def __str__(self) -> str:
        """Read as `key appeared: A; key gone: B`."""
        return "; ".join(self._parts()) or "the same keys"

    def _parts(self) -> Iterator[str]:
        for word, keys in (("appeared", self.appeared), ("gone", self.gone)):
            if keys:
                what = "key" if len(keys) == 1 else "keys"
                yield f"{what} {word}: {', '.join(_named(key) for key in keys)}"


def _named(key: TrustedKey) -> str:
    name = key.certificate.label if key.certificate else key.public.text
    return f"{name} (SPKI {key.public.sha256[:_SHORT]})"
