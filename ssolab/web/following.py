"""Doing to keys and trust what the plan says, once the lab's clock has come so far: before anything is answered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ssolab.core.findings import InputError
from ssolab.core.instants import format_instant
from ssolab.oidc.relying import JwksTrust
from ssolab.web.holders import Holder
from ssolab.web.key_plan import PlannedMove, PlannedTrust
from ssolab.web.rings import move_key
from ssolab.web.trusting import change_trust

if TYPE_CHECKING:
    from ssolab.web.key_plan import Planned, PlannedSigning
    from ssolab.web.lab import Lab


def follow_plan(lab: Lab) -> None:
    """Do all of the plan that is due; what is not possible any more stands in the journal with why.

    A clock that is set back takes nothing back: keys were moved, as in a real provider.
    """
    pending = lab.openid.pending
    for planned in pending.due(lab.now(), lambda: lab.openid_rp.client.client_id):
        why = f"as {planned.plan or pending.plan.id} plans for {format_instant(planned.at)}"
        try:
            _do(lab, planned, why)
        except InputError as error:
            side, event, what = _called(planned)
            summary = f"No {what} of {error.name}, {why}: {error.problem}"
            lab.record(side=side, event=event, summary=summary)


def _called(planned: Planned) -> tuple[str, str, str]:
    """Name the side that should have done something, the journal's event, and what it was."""
    if isinstance(planned, PlannedMove):
        return "asserting", "key-not-moved", planned.verb.value
    if isinstance(planned, PlannedTrust):
        return "asserting" if planned.by_provider else "relying", "trust-not-changed", planned.verb.value
    return "relying", "key-not-moved", "swap"


def _do(lab: Lab, planned: Planned, why: str) -> None:
    """Do one thing.

    Raises:
        InputError: it is not possible any more.
    """
    if isinstance(planned, PlannedMove):
        move_key(lab, planned.kid, planned.verb, Holder.PROVIDER, why=why, at=planned.at)
    elif isinstance(planned, PlannedTrust):
        _trust(lab, planned, why)
    else:
        _sign(lab, planned, why)


def _trust(lab: Lab, planned: PlannedTrust, why: str) -> None:
    if planned.by_provider:
        change_trust(lab, Holder.PROVIDER, planned.verb, planned.certificate, planned.client_id, why=why)
    elif isinstance(lab.openid_rp.client.trust, JwksTrust):
        lab.openid_rp.restart()
        summary = f"{planned.client_id} starts cold, {why}: it reads the key set anew at the next token"
        lab.record(side="relying", event="keys-forgotten", summary=summary, accepted=True)
    else:
        change_trust(lab, Holder.CLIENT, planned.verb, planned.certificate, why=why)


def _sign(lab: Lab, planned: PlannedSigning, why: str) -> None:
    state = lab.openid_rp
    state.reconfigure(replace(state.client, key=planned.key))
    lab.record(
        side="relying",
        event="key-moved",
        summary=f"{planned.client_id} signs with {planned.label} from now on, {why}",
    )
