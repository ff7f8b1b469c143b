"""What is planned for the provider's keys: which one moves when, and what that lets the key set promise until then."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.oidc.keyring import KeyVerb
from ssolab.oidc.waiting import Delays, steady_max_age, urgent_max_age

if TYPE_CHECKING:
    from datetime import datetime

JWKS_LIFE: Final = timedelta(minutes=5)
"""How long a key set may be kept where no plan says less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMove:
    """A key, called by its kid, moves at a moment of the lab's clock."""

    at: datetime
    verb: KeyVerb
    kid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPlan:
    """The moves of a cutover in the order of their dates; `id` is that of the cutover."""

    id: str = ""
    moves: tuple[PlannedMove, ...] = ()
    delays: Delays = field(default_factory=Delays)
    configured: timedelta = JWKS_LIFE

    def max_age(self, now: datetime) -> timedelta:
        """Compute how long a key set that is fetched now may be kept.

        Where the plan leaves time between publishing and swap, whoever obeys knows the new key in time; where it leaves
        none, as in an emergency, the age ends with the next move.
        """
        age = self.configured
        for swap in self.moves:
            if swap.verb is not KeyVerb.SWAP or swap.at <= now:
                continue
            before = [
                move.at
                for move in self.moves
                if move.verb is KeyVerb.PUBLISH and move.kid == swap.kid and move.at < swap.at
            ]
            if before:
                age = min(age, steady_max_age(self.configured, swap.at - before[-1], self.delays))
            else:
                following = next(move.at for move in self.moves if move.at > now)
                age = min(age, urgent_max_age(self.configured, now, following))
        return age


class Pending:
    """The moves of a plan that are still to come. Each is given out once, whoever asks and wherever the clock goes."""

    def __init__(self, plan: KeyPlan) -> None:
        self.plan = plan
        self._left = list(plan.moves)
        self._lock = threading.Lock()

    def due(self, now: datetime) -> tuple[PlannedMove, ...]:
        """Take out the moves whose moment has come, the earliest first."""
        if not self._left or self._left[0].at > now:
            return ()
        with self._lock:
            due = tuple(move for move in self._left if move.at <= now)
            del self._left[: len(due)]
            return due
