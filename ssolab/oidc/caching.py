"""A verifier's copy of its provider's JWKS: a state that knows no clock and no network, and explains each decision.

`Cache.look` takes the moment and a function that fetches, and gives the keys to judge a token by, the next state, and
what was done in words: used the copy of 09:00, unknown kid, fetched anew or held back by the cooldown until 09:01.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Generic, Protocol, TypeVar

from ssolab.core.findings import InputError
from ssolab.core.instants import in_words
from ssolab.core.keyreasons import excerpt
from ssolab.oidc.cache_habits import Always, OnOutage, OnUnknownKid, Since, Unsaid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ssolab.oidc.cache_habits import CacheHabits, MaybeAge


class Keyed(Protocol):
    """What the cache has to know of a key."""

    @property
    def kid(self) -> str | None:
        """The name of the key."""


K = TypeVar("K", bound=Keyed)

MINUTE: Final = timedelta(minutes=1)
_MOST_SINGLES = 100
_CLOCKED = "%Y-%m-%d %H:%M:%S"


class Did(enum.StrEnum):
    """One step of a look."""

    FETCHED = "fetched"
    NOT_FETCHED = "not-fetched"
    USED = "used"
    USED_SINGLE = "used-single"
    TOO_OLD = "too-old"
    UNKNOWN_KID = "unknown-kid"
    FAILED_ALL = "failed-all"
    NEVER_AGAIN = "never-again"
    COOLING = "cooling"
    BOUNDED = "bounded"


@dataclass(frozen=True, slots=True)
class Step:
    """What a verifier did, or did not do and why; `until` says when it would."""

    did: Did
    says: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched(Generic[K]):
    """What the address answered: the keys of the set, and how long the answer says that it may be kept."""

    keys: tuple[K, ...]
    max_age: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy(Generic[K]):
    """A set of keys as it was fetched at a moment."""

    keys: tuple[K, ...]
    fetched: datetime
    max_age: timedelta | None = None

    def has(self, kid: str) -> bool:
        """Say whether a key of that name is in it."""
        return any(key.kid == kid for key in self.keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look(Generic[K]):
    """What a verifier judges by, and how it came to it.

    `keys` is empty where there is nothing to judge by; `failure` then says why nothing could be fetched. `fetched` is
    the moment of the copy that they come from.
    """

    cache: Cache[K]
    keys: tuple[K, ...]
    fetched: datetime | None
    steps: tuple[Step, ...]
    failure: InputError | None = None

    @property
    def told(self) -> str:
        """Read as one sentence."""
        return "; ".join(step.says for step in self.steps)

    def did(self, what: Did) -> bool:
        """Say whether that was one of the steps."""
        return any(step.did is what for step in self.steps)

    def again(self, habits: CacheHabits, *, now: datetime, fetch: Callable[[], Fetched[K]]) -> Look[K] | None:
        """Look for other keys after none of these made the signature; None where this verifier has no others."""
        if not habits.any_failure or self.did(Did.FETCHED):
            return None
        found = _Errand(self.cache, habits.worst(), now, fetch).look_again()
        return replace(found, steps=(*self.steps, *found.steps)) if found.did(Did.FETCHED) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache(Generic[K]):
    """What a verifier holds between two tokens; a fresh one is a cold start.

    `singles` are keys by kid with the moment of their copy, `missed` is when an unknown kid last had the set fetched,
    `tried` are the fetches of the last minute. The moments come from one clock, which a user may set back; what then
    lies ahead is as good as never.
    """

    copy: Copy[K] | None = None
    singles: Mapping[str, tuple[K, datetime]] = field(default_factory=dict)
    missed: datetime | None = None
    tried: tuple[datetime, ...] = ()

    def look(self, habits: CacheHabits, *, kid: str | None, now: datetime, fetch: Callable[[], Fetched[K]]) -> Look[K]:
        """Find the keys to judge a token by.

        Args:
            habits: how this verifier keeps the set; what is unknown of it counts as the worst.
            kid: what the token names, if it names a key.
            now: the moment.
            fetch: asks the address, and raises InputError where it has no good answer.
        """
        return _Errand(self, habits.worst(), now, fetch).look(kid)


class _Errand(Generic[K]):
    """One look: what is held is replaced as it goes on."""

    def __init__(self, cache: Cache[K], habits: CacheHabits, now: datetime, fetch: Callable[[], Fetched[K]]) -> None:
        self.cache, self.habits, self.now, self.fetch = cache, habits, now, fetch
        self.steps: list[Step] = []
        self.failure: InputError | None = None
        self.fresh = False

    def look(self, kid: str | None) -> Look[K]:
        if kid is not None and (single := self._single(kid)) is not None:
            key, fetched = single
            self._say(Did.USED_SINGLE, f"used the key of {_clocked(fetched)} that it keeps by its kid")
            return self._found((key,), fetched)
        self._see_to_a_copy()
        copy = self.cache.copy
        if copy is None:
            return self._found((), None)
        if kid is not None and not copy.has(kid):
            self._say(Did.UNKNOWN_KID, f"kid {excerpt(kid, 80)!r} is not in the copy of {_clocked(copy.fetched)}")
            copy = self._after_a_miss(copy)
        return self._judged_by(copy, kid)

    def look_again(self) -> Look[K]:
        copy = self.cache.copy
        self._say(Did.FAILED_ALL, "no key of the copy made the signature")
        if copy is not None:
            copy = self._refetched(copy)
        return self._found(copy.keys if copy else (), copy.fetched if copy else None)

    def _judged_by(self, copy: Copy[K] | None, kid: str | None) -> Look[K]:
        if copy is None:
            return self._found((), None)
        self._say(Did.USED, f"used the copy of {_clocked(copy.fetched)}")
        if kid is not None and self.habits.keeps_kid is not None:
            named = [key for key in copy.keys if key.kid == kid]
            if named:
                kept = {**self.cache.singles, kid: (named[0], copy.fetched)}
                newest = dict(list(kept.items())[-_MOST_SINGLES:])
                self.cache = replace(self.cache, singles=newest)
        return self._found(copy.keys, copy.fetched)

    def _found(self, keys: tuple[K, ...], fetched: datetime | None) -> Look[K]:
        failure = None if keys else self.failure
        return Look(cache=self.cache, keys=keys, fetched=fetched, steps=tuple(self.steps), failure=failure)

    def _single(self, kid: str) -> tuple[K, datetime] | None:
        single, age = self.cache.singles.get(kid), self.habits.keeps_kid
        if single is None or age is None or not _within(age, single[1], self.now):
            return None
        return single

    def _see_to_a_copy(self) -> None:
        """Fetch the first copy, or a new one where the age of the old is over."""
        copy = self.cache.copy
        if copy is not None:
            age = copy.max_age if self.habits.max_age and copy.max_age is not None else self.habits.keeps
            if _within(age, copy.fetched, self.now):
                return
            self._say(Did.TOO_OLD, f"the copy of {_clocked(copy.fetched)} is too old ({_aged(age)})")
        if not self._fetched() and copy is not None and self.habits.outage is not OnOutage.KEEP:
            self.cache = replace(self.cache, copy=None)

    def _after_a_miss(self, copy: Copy[K]) -> Copy[K] | None:
        if self.fresh:
            return copy
        if self.habits.unknown_kid is not OnUnknownKid.REFETCH:
            self._say(Did.NEVER_AGAIN, "this verifier does not fetch for that")
            return copy
        return self._refetched(copy)

    def _refetched(self, copy: Copy[K]) -> Copy[K] | None:
        """Fetch anew because the copy did not help, where the cooldown allows it."""
        since = copy.fetched if self.habits.since is Since.FETCH else self.cache.missed
        cooldown = self.habits.cooldown
        if since is not None and _within(cooldown, since, self.now):
            until = None if isinstance(cooldown, (Always, Unsaid)) else since + cooldown
            told = f"the cooldown holds a refetch back {f'until {_clocked(until)}' if until else 'for ever'}"
            self._say(Did.COOLING, told, until)
            return copy
        self.cache = replace(self.cache, missed=self.now)
        if not self._fetched() and self.habits.outage is OnOutage.WIPE:
            self.cache = replace(self.cache, copy=None)
        return self.cache.copy

    def _fetched(self) -> bool:
        """Fetch, unless there were too many fetches; say whether a new copy is held."""
        most = self.habits.a_minute
        recent = tuple(at for at in self.cache.tried if _within(MINUTE, at, self.now)) if most else ()
        if most and len(recent) >= most:
            until = recent[-most] + MINUTE
            self._say(Did.BOUNDED, f"{most} fetches a minute are the most, the next is at {_clocked(until)}", until)
            return False
        self.cache = replace(self.cache, tried=(*recent, self.now) if most else ())
        try:
            answer = self.fetch()
        except InputError as error:
            self.failure = error
            self._say(Did.NOT_FETCHED, f"could not fetch ({error.problem})")
            return False
        copy = Copy(keys=answer.keys, fetched=self.now, max_age=answer.max_age)
        self.cache, self.fresh = replace(self.cache, copy=copy), True
        self._say(Did.FETCHED, f"fetched at {_clocked(self.now)}")
        return True

    def _say(self, did: Did, says: str, until: datetime | None = None) -> None:
        self.steps.append(Step(did, says, until))


def _within(age: MaybeAge, since: datetime, now: datetime) -> bool:
    """Say whether an age is not over yet; a moment that lies ahead, from before the clock was set back, is no start."""
    if isinstance(age, (Always, Unsaid)):
        return True
    return timedelta(0) <= now - since < age


def _clocked(moment: datetime) -> str:
    return moment.strftime(_CLOCKED)


def _aged(age: MaybeAge) -> str:
    return f"it is used for {in_words(age)}" if isinstance(age, timedelta) and age else "it fetches at each token"
