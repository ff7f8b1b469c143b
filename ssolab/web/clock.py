"""The lab's own time, which the user steers."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from ssolab.core.findings import InputError

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""Beyond these a validity window of the lab would fall off the end of time."""


class Clock:
    """The lab's own time: it starts where it is told and runs, or stands still, until it is moved."""

    def __init__(self, at: datetime | None = None, *, running: bool = True) -> None:
        self._lock = threading.Lock()
        self._running = running
        self._at = datetime.now(UTC)
        self._since = time.monotonic()
        if at is not None:
            self.set(at)

    def now(self) -> datetime:
        """Read the clock."""
        with self._lock:
            return self._read()

    def set(self, at: datetime) -> datetime:
        """Move the clock to a moment, back or forth.

        Raises:
            InputError: the moment lies outside the years 1970 to 9000.
        """
        if not EARLIEST <= at <= LATEST:
            raise InputError("clock", f"{at.isoformat()} is out of range", "choose a moment between 1970 and 9000")
        with self._lock:
            self._at, self._since = at.astimezone(UTC), time.monotonic()
            return self._at

    def advance(self, by: timedelta) -> datetime:
        """Move the clock by a duration; a negative one moves it back.

        Raises:
            InputError: that would end outside the years 1970 to 9000.
        """
        try:
            return self.set(self.now() + by)
        except OverflowError:
            raise InputError("clock", "that is further than time goes", "advance by less") from None

    def _read(self) -> datetime:
        passed = timedelta(seconds=time.monotonic() - self._since) if self._running else timedelta(0)
        return min(self._at + passed, LATEST)
