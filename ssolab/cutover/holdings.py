"""What a verifier holds when: items that come and go, each somewhere between an earliest and a latest moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from ssolab.cutover.model import Step

T = TypeVar("T")

ALWAYS = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Generic[T]):
    """An item comes or goes somewhere in [at, by]; `step` is what made it so, None for how things stood before."""

    item: T
    comes: bool
    at: datetime
    by: datetime
    step: Step | None = None

    @property
    def takes(self) -> timedelta:
        """How long it may take until it is certain."""
        return self.by - self.at

    @property
    def by_hand(self) -> bool:
        """Whether somebody at the verifier does it, rather than the verifier by reading what is published."""
        return self.step is not None and not self.step.do.by_signer


@dataclass(frozen=True, slots=True)
class Hold(Generic[T]):
    """What a verifier holds over time, as changes in the order in which they were meant to happen."""

    changes: tuple[Change[T], ...]

    def must(self, moment: datetime) -> tuple[T, ...]:
        """Give the items that are certainly held."""
        return self._held(moment, surely=True)

    def may(self, moment: datetime) -> tuple[T, ...]:
        """Give the items that are possibly held."""
        return self._held(moment, surely=False)

    def _held(self, moment: datetime, *, surely: bool) -> tuple[T, ...]:
        held: dict[T, None] = {}
        for number, change in enumerate(self.changes):
            arrived = change.comes and (change.by if surely else change.at) <= moment
            gone = any(
                later.item == change.item and not later.comes and (later.at if surely else later.by) <= moment
                for later in self.changes[number + 1 :]
            )
            if arrived and not gone:
                held[change.item] = None
        return tuple(held)


def stood(item: T) -> Change[T]:
    """Give the change that made an item stand there before anything is done."""
    return Change(item=item, comes=True, at=ALWAYS, by=ALWAYS)
