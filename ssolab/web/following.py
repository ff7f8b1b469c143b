"""Moving the provider's keys as the plan says, once the lab's clock has come so far: before anything is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.findings import InputError
from ssolab.core.instants import format_instant
from ssolab.web.holders import Holder
from ssolab.web.rings import move_key

if TYPE_CHECKING:
    from ssolab.web.lab import Lab


def follow_plan(lab: Lab) -> None:
    """Make every move of the plan that is due; one that is not possible any more stands in the journal with why.

    A clock that is set back takes nothing back: keys were moved, as in a real provider.
    """
    pending = lab.openid.pending
    for move in pending.due(lab.now()):
        why = f"as {pending.plan.id} plans for {format_instant(move.at)}"
        try:
            move_key(lab, move.kid, move.verb, Holder.PROVIDER, why=why, at=move.at)
        except InputError as error:
            summary = f"No {move.verb} of {error.name}, {why}: {error.problem}"
            lab.record(side="asserting", event="key-not-moved", summary=summary)
