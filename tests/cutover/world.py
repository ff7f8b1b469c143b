"""A world of its own, the oracle of the checker: what one verifier really does when every uncertainty is settled.

It shares no thought with the engine: readers poll at their own phase, fetchers keep a copy until they miss a key, slots
are filled and emptied step by step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ssolab.cutover.habits import Habits, Known, Match, Mode, Slots, known_or
from ssolab.cutover.model import Step, Verb
from tests.cutover.parts import HOUR, SECOND, SWAP

if TYPE_CHECKING:
    import random
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.cutover.model import Inventory

START: Final = SWAP - 100 * HOUR
NONE: Final = timedelta(0)


@dataclass(frozen=True)
class World:
    """One history that the uncertainties allow: every delay, phase and unknown is settled."""

    inventory: Inventory
    habits: Habits
    delays: tuple[timedelta, ...]
    phase: float
    dice: random.Random

    @property
    def steps(self) -> list[Step]:
        """The steps in the order of their dates."""
        return sorted(self.inventory.cutover(None).steps, key=lambda step: step.at)

    @property
    def swap(self) -> datetime | None:
        """When the swap begins."""
        return next((step.at for step in self.steps if step.do is Verb.SWAP), None)

    @property
    def takes(self) -> timedelta:
        """How long the nodes disagree."""
        return self.inventory.signer(self.inventory.links[self.inventory.cutover(None).links[0]]).habits.swap_takes

    def signs_with(self, made: datetime) -> Certificate:
        """The certificate with which some node signs at that moment."""
        cutover = self.inventory.cutover(None)
        if self.swap is None:
            return cutover.old
        return cutover.new if made >= self.swap + self.takes * self.dice.random() else cutover.old

    def document(self, at: datetime) -> list[Step]:
        """What has been published and taken back by then."""
        return [step for step in self.steps if step.do in (Verb.PUBLISH, Verb.UNPUBLISH) and step.at <= at]

    def seen(self, at: datetime, key_known: Any) -> list[Step]:
        """The publications that a reader acts on."""
        if self.habits.mode is Mode.PULL:
            every = known_or(self.habits.refresh, NONE)
            since = (at - START - every * self.phase) % every if every else NONE
            return self.document(at - since)
        if self.habits.mode is Mode.ON_MISS:
            cooldown = known_or(self.habits.cooldown, NONE)
            back = self.dice.choice([NONE, SECOND, cooldown, cooldown - SECOND, HOUR, 200 * HOUR])
            fetched = at - max(back, NONE)
            if self.swap is not None and at >= self.swap + self.takes + cooldown:
                fetched = max(fetched, self.swap + self.takes)  # the first message after the swap was a miss
            copy = self.document(fetched)
            return copy if key_known(copy) or at - fetched < cooldown else self.document(at)
        return []

    def held(self, at: datetime, seen: list[Step]) -> list[Certificate]:
        """What the verifier trusts, having seen these publications."""
        cutover = self.inventory.cutover(None)
        verifier = self.inventory.verifier(self.inventory.links[cutover.links[0]])
        by_hand = self.habits.mode in (Mode.MANUAL, Mode.API)
        done = [(step.at, step) for step in seen]
        for step, delay in zip(self.steps, self.delays, strict=True):
            mine = step.party == verifier.id or (step.party is None and by_hand)
            if not step.do.by_signer and mine and step.at + delay <= at:
                done.append((step.at, step))
        holds = [cutover.old]
        for _, step in sorted(done, key=lambda each: each[0]):
            if step.do in (Verb.ADD, Verb.REPLACE, Verb.PUBLISH):
                full = isinstance(self.habits.slots, int) and len(holds) >= self.habits.slots
                if step.do is Verb.REPLACE or (full and cutover.new not in holds):
                    holds = [each for each in holds if each is not cutover.old]
                holds += [] if cutover.new in holds else [cutover.new]
            elif cutover.old in holds:
                holds.remove(cutover.old)
        return holds

    def accepts(self, made: datetime, at: datetime) -> bool:
        """Whether a message of then is let in now."""
        if self.habits.verifies is Known.NO:
            return True
        used = self.signs_with(made)

        def fitting(seen: list[Step]) -> list[Certificate]:
            whole = self.habits.match is not Match.KEY
            return [
                each
                for each in self.held(at, seen)
                if (each == used if whole else each.spki_sha256 == used.spki_sha256)
            ]

        fits = fitting(self.seen(at, fitting))
        dated = self.habits.checks_expiry is Known.YES
        return any(not dated or each.not_before <= at <= each.not_after for each in fits)


def settled(habits: Habits, dice: random.Random) -> Habits:
    """Settle what is unknown, one way or the other; an unknown duration is the one assumed."""
    worst = habits.worst()
    return replace(
        worst,
        slots=dice.choice((1, 2, 99)) if habits.slots is Slots.UNKNOWN else habits.slots,
        verifies=dice.choice([Known.YES, Known.NO]) if habits.verifies is Known.UNKNOWN else habits.verifies,
        checks_expiry=dice.choice([Known.YES, Known.NO])
        if habits.checks_expiry is Known.UNKNOWN
        else habits.checks_expiry,
        match=dice.choice([Match.KEY, Match.CERTIFICATE]) if habits.match is Match.UNKNOWN else habits.match,
    )


def some_world(inventory: Inventory, dice: random.Random) -> World:
    link = inventory.links[inventory.cutover(None).links[0]]
    habits = settled(inventory.habits(link), dice)
    spread = known_or(habits.propagation, NONE)
    steps = inventory.cutover(None).steps
    delays = tuple(spread * dice.choice([0.0, 0.5, 1.0, dice.random()]) for _ in steps)
    return World(inventory, habits, delays, dice.choice([0.0, 0.999, dice.random()]), dice)
