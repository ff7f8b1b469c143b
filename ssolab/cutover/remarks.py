"""Why a safe link is safe: a few words that stand beside its lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.cutover.habits import Known, Match, Mode
from ssolab.cutover.model import Verb
from ssolab.cutover.timeline import involved

if TYPE_CHECKING:
    from ssolab.cutover.model import Cutover, Inventory, Link


def holds_because(inventory: Inventory, cutover: Cutover, link: Link) -> str:
    """Say why a link holds; the first reason that is true is the strongest."""
    habits = inventory.habits(link)
    same_key = cutover.old.spki_sha256 == cutover.new.spki_sha256
    swaps = (step.do is Verb.SWAP and step.party in (None, link.signer, link.verifier) for step in cutover.steps)
    room = f"holds {habits.slots} keys, " if isinstance(habits.slots, int) and habits.slots > 1 else ""
    reasons = (
        (not involved(inventory, cutover, link), "signs nothing with this key"),
        (habits.verifies is Known.NO, "does not check request signatures"),
        (same_key and habits.match is Match.KEY, "compares keys, and the key stays the same"),
        (not any(swaps), "goes on with the old key"),
        (habits.mode is Mode.PULL, "reads metadata in time"),
        (habits.mode is Mode.ON_MISS, "fetches unknown keys"),
        (True, f"{room}old and new overlap"),
    )
    return next(words for holds, words in reasons if holds)
