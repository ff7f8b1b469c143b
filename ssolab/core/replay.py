"""The memory of what was used already, which the edges own and the checks only ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime


class ReplayMemory(Protocol):
    """Remembers which assertions and tokens were used. The caller owns it, and with it the state that checks lack."""

    def remember(self, issuer: str, identifier: str, until: datetime, now: datetime, /) -> bool:
        """Remember one until a moment; say whether it had been seen before."""
