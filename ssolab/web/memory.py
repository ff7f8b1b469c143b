"""What the lab remembers between two requests, with a limit on each, so that nobody can fill its memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.saml.artifact_resolve import Held

T = TypeVar("T")


class Memory(Generic[T]):
    """Values by key, the oldest forgotten when there are too many, so that nobody can fill the lab's memory."""

    def __init__(self, limit: int = 1000) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._held: OrderedDict[str, T] = OrderedDict()

    def put(self, key: str, value: T) -> None:
        """Keep a value."""
        with self._lock:
            self._held[key] = value
            if len(self._held) > self._limit:
                self._held.popitem(last=False)

    def take(self, key: str) -> T | None:
        """Take a value out: nobody gets it twice."""
        with self._lock:
            return self._held.pop(key, None)

    def keys(self) -> frozenset[str]:
        """Name what is kept now."""
        with self._lock:
            return frozenset(self._held)

    def held(self) -> dict[str, T]:
        """Give what is kept now, by key."""
        with self._lock:
            return dict(self._held)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()


class Seen:
    """The relying party's replay memory: an assertion's (issuer, ID) until it could not be accepted anyway."""

    def __init__(self, limit: int = 100_000) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._until: OrderedDict[tuple[str, str], datetime] = OrderedDict()

    def remember(self, issuer: str, assertion_id: str, until: datetime, now: datetime) -> bool:
        """Remember an assertion and say whether it was seen before.

        The clock can be moved back, so an entry is dropped only for want of room, the oldest first.
        """
        key = issuer, assertion_id
        with self._lock:
            until_then = self._until.get(key)
            seen = until_then is not None and until_then >= now
            self._until[key] = until
            if len(self._until) > self._limit:
                self._until.popitem(last=False)
            return seen

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._until.clear()


class Artifacts:
    """The asserting party's memory of what its artifacts stand for; each message is given out once."""

    def __init__(self, limit: int = 1000) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._held: OrderedDict[str, Held] = OrderedDict()

    def keep(self, artifact: str, held: Held) -> None:
        """Keep a message until it is asked for."""
        with self._lock:
            self._held[artifact] = held
            if len(self._held) > self._limit:
                self._held.popitem(last=False)

    def take(self, artifact: str) -> Held | None:
        """Give what an artifact stands for, and remember from then on only that it was given out."""
        with self._lock:
            held = self._held.get(artifact)
            if held is not None:
                self._held[artifact] = replace(held, message=None)
            return held

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
