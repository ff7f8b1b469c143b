"""What is known of one window that is not safe: everything that the causes look at to tell why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ssolab.core.instants import day
from ssolab.cutover.check import Interval, Verdict, surely_refused
from ssolab.cutover.habits import Mode, known_or
from ssolab.cutover.holdings import ALWAYS
from ssolab.cutover.model import Verb

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.cutover.habits import Habits
    from ssolab.cutover.holdings import Change
    from ssolab.cutover.model import Cutover, Inventory, Link
    from ssolab.cutover.timeline import Course


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One window that is not safe, with everything that led to it; `now` is when the rehearsal begins."""

    inventory: Inventory
    cutover: Cutover
    link: Link
    course: Course
    best: Course
    interval: Interval
    now: datetime

    @property
    def hinges_on_unknown(self) -> bool:
        """Whether the link would be safe if everything unknown of the verifier were for us."""
        at, material = self.interval.start, self.interval.material
        return (
            self.interval.verdict is Verdict.AT_RISK
            and material is not None
            and surely_refused(self.best, material, at) is None
        )

    @property
    def verifier(self) -> str:
        """The id of the party that refuses."""
        return self.link.verifier

    @property
    def habits(self) -> Habits:
        """How the verifier behaves, in the resolution that the verdict rests on."""
        return self.course.habits

    @property
    def signs_old(self) -> bool:
        """Whether the refused message is signed with the certificate that the cutover leaves."""
        return self.interval.material is not None and self.interval.material.certificate == self.cutover.old

    @property
    def swap(self) -> datetime | None:
        """When the link's signer begins to swap."""
        turns = [turn.at for turn in self.course.emission.turns if turn.at > ALWAYS]
        return turns[0] if turns else None

    @property
    def swapped(self) -> datetime | None:
        """When it has swapped on every node."""
        turns = [turn.by for turn in self.course.emission.turns if turn.at > ALWAYS]
        return turns[0] if turns else None

    def change(self, certificate: Certificate, *, comes: bool) -> Change[Certificate] | None:
        """Find the step that brings or takes a certificate at the verifier."""
        for change in self.course.certificates.changes:
            if change.step is not None and change.item == certificate and change.comes is comes:
                return change
        return None

    @property
    def moved(self) -> datetime | None:
        """When the relying party exchanges its address, where that is what the cutover does on this link."""
        for change in self.course.addresses.changes:
            if change.step is not None and change.step.do is Verb.SWAP:
                return change.at
        return self.swap

    @property
    def by_itself(self) -> bool:
        """Whether the verifier learns of keys by reading what is published."""
        return self.habits.mode in (Mode.PULL, Mode.ON_MISS)

    @property
    def delay(self) -> timedelta:
        """How long after an action the verifier certainly acts on it."""
        spans = {Mode.PULL: self.habits.refresh, Mode.ON_MISS: self.habits.cooldown}
        return known_or(spans.get(self.habits.mode, self.habits.propagation), timedelta(0))

    @property
    def ask_by(self) -> str:
        """When to ask the partner, in words that follow the cure; empty where nobody knows how long they need."""
        lead = known_or(self.habits.lead, timedelta(0))
        return f", so ask by {day(self.swap - lead - self.delay)}" if lead and self.swap else ""
