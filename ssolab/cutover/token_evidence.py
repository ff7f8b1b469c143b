"""What is known of one window of a link with a JWKS that is not safe: all that the causes look at to tell why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ssolab.cutover.check import Verdict
from ssolab.oidc.cache_habits import sooner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ssolab.cutover.check import Interval
    from ssolab.cutover.keyset_check import KeySetProspect, TokenCourse
    from ssolab.cutover.model import Cutover, Link, Step, Verb
    from ssolab.cutover.rotation import Mishap, Rotation, Trouble
    from ssolab.cutover.timeline import Material
    from ssolab.oidc.cache_habits import Age, CacheHabits


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEvidence:
    """One window of a link with a JWKS that is not safe.

    `cache` is what is known of how the verifier keeps the set, `steps` are those of this link, `swap_takes` (B) is how
    long the signer's nodes disagree.
    """

    link: Link
    cutover: Cutover
    rotation: Rotation
    cache: CacheHabits
    steps: tuple[Step, ...]
    swap_takes: timedelta
    prospect: KeySetProspect
    interval: Interval

    @property
    def verifier(self) -> str:
        """The id of the party that refuses."""
        return self.link.verifier

    @property
    def course(self) -> TokenCourse:
        """The resolution that the verdict rests on."""
        return self.prospect.best if self.interval.verdict is Verdict.OUTAGE else self.prospect.worst

    def first(self, verb: Verb) -> datetime | None:
        """When the signer does something first."""
        return next((step.at for step in self.steps if step.do is verb), None)

    @property
    def compromised(self) -> bool:
        """Whether the signer leaves its key because somebody else has it."""
        return any(step.compromised for step in self.steps)

    @property
    def learns(self) -> Age:
        """How long the verifier may take to learn of a key: min(C, d)."""
        refetches = self.course.cache.unknown_kid == "refetch" and self.rotation.named
        return sooner(self.course.keeps, self.course.cooldown) if refetches else self.course.keeps

    @property
    def leaves_old(self) -> bool:
        """Whether the refused token is signed with the old key."""
        old, _ = self.turns
        return self.interval.material == old

    @property
    def turns(self) -> tuple[Material, Material]:
        """What tokens are made of before and after the first swap."""
        turns = self.course.emission.turns
        return turns[0].material, turns[min(1, len(turns) - 1)].material

    def troubles(self, *kinds: Trouble) -> Iterator[Mishap]:
        """Give what is or was wrong with the address, as far as it can still be felt."""
        for mishap in self.rotation.mishaps:
            felt = self.learns if isinstance(self.learns, timedelta) else timedelta.max
            over = mishap.end + felt if felt < timedelta(days=3650) else None
            if (
                mishap.trouble in kinds
                and mishap.start <= self.interval.start
                and (over is None or self.interval.start < over)
            ):
                yield mishap
