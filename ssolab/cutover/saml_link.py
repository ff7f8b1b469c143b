"""A link whose messages are SAML: its prediction, and how the stage is set for each play."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.cutover.causes import Told, explain
from ssolab.cutover.check import Prospect, Verdict
from ssolab.cutover.evidence import Evidence
from ssolab.cutover.exposure import of_holder
from ssolab.cutover.remarks import holds_because
from ssolab.cutover.scene import Side
from ssolab.cutover.staging import asserting_party, declared_acs, relying_party, stage
from ssolab.cutover.timeline import course, involved

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ssolab.cutover.cast import Cast
    from ssolab.cutover.check import Interval, Trial
    from ssolab.cutover.exposure import Exposure
    from ssolab.cutover.model import Cutover, Inventory, Link
    from ssolab.cutover.scene import Played, Scene


class SamlLink:
    """One SAML link through a cutover.

    Raises:
        ConfigError: metadata of a side is missing, or a step asks for what the parties cannot do.
    """

    def __init__(self, inventory: Inventory, cutover: Cutover, link: Link, cast: Cast) -> None:
        self.inventory, self.cutover, self.link = inventory, cutover, link
        self.staged = stage(inventory, cutover, link, cast)
        habits, address = inventory.habits(link), declared_acs(inventory, link)
        self.prospect = Prospect(
            worst=course(inventory, cutover, link, habits.worst(), address),
            best=course(inventory, cutover, link, habits.best(), address),
        )

    @property
    def partner(self) -> str:
        """The id of the side whose key stays."""
        verifies = self.inventory.verifier(self.link).holds(self.cutover.old)
        return self.link.signer if verifies else self.link.verifier

    @property
    def entity_id(self) -> str:
        """The entityID of that side."""
        asserting = self.partner == asserting_party(self.inventory, self.link).id
        return (self.staged.asserting if asserting else self.staged.relying).entity_id

    @property
    def remark(self) -> str:
        """Why the link holds, where it does."""
        return holds_because(self.inventory, self.cutover, self.link)

    @property
    def exposure(self) -> Exposure | None:
        """How long the old key may still be believed here, once it signs no more."""
        if not involved(self.inventory, self.cutover, self.link):
            return None
        ends = (self.link.signer, self.link.verifier)
        steps = [step for step in self.cutover.steps if step.party is None or step.party in ends]
        return of_holder(self.cutover, sorted(steps, key=lambda step: step.at), self.prospect.worst)

    def moments(self) -> Iterator[datetime]:
        """Give every moment at which an answer may change, under the worst that is not known."""
        yield from self.prospect.worst.moments()

    def scene(self, trial: Trial) -> Scene:
        """Set the stage for one trial."""
        return self.staged.scene(trial)

    def explain(self, interval: Interval, now: datetime) -> tuple[str, Told]:
        """Give the code, cause and cure of an interval that is not safe."""
        decisive = self.prospect.worst if interval.verdict is Verdict.AT_RISK else self.prospect.best
        return explain(
            Evidence(
                inventory=self.inventory,
                cutover=self.cutover,
                link=self.link,
                course=decisive,
                best=self.prospect.best,
                interval=interval,
                now=now,
            )
        )

    def refused_by(self, played: Played) -> str:
        """Give the id of the party that refused."""
        side = asserting_party if played.side is Side.ASSERTING else relying_party
        return side(self.inventory, self.link).id
