"""Refreshing the partner's metadata: when it is due, on a key that it does not know, and by hand.

Whatever comes of it stands in the journal, with the keys that appeared and those that are gone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ssolab.core.findings import InputError, errors_of
from ssolab.core.instants import format_instant
from ssolab.core.keyreasons import algorithm_key_mismatch, key_not_trusted
from ssolab.saml.materials import after
from ssolab.saml.metadata_acceptance import MetadataExpected, accept_metadata
from ssolab.saml.metadata_reasons import metadata_expired, metadata_stale
from ssolab.saml.metadata_refresh import Cause, KeyChange
from ssolab.web.trusting import believe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from ssolab.core.findings import Finding, Report
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from ssolab.web.origins import Held, Side

P = TypeVar("P")

_UNKNOWN_KEY = {key_not_trusted.code}
_KEY_FAULTS = {key_not_trusted.code, algorithm_key_mismatch.code}


def judged_afresh(lab: Lab, side: Side, judge: Callable[[], Report[P]]) -> Report[P]:
    """Judge a message that a side received, under metadata that is as fresh as it should be.

    *judge* reads the side's settings each time that it is called. Where nothing is wrong with the message but its key,
    the metadata is looked at once more, at most once a minute, and the message judged again.
    """
    partner = lab.relying.asserting if side == "relying" else lab.asserting.relying
    held = lab.origins.of(side, partner)
    if held is None:
        return judge()
    _refresh_where(lab, held, lambda: held.holding.cause(lab.now()))
    report = judge()
    if _only_the_key_is_unknown(report) and _refresh_where(
        lab, held, lambda: Cause.MISS if held.holding.asks_on_miss(lab.now()) else None
    ):
        report = judge()
    until, now, origin = held.holding.expires, lab.now(), held.origin
    if until is None or not held.holding.expired(now):
        return replace(report, findings=(*report.findings, *_stale(held, now)))
    found = metadata_expired(until, now, origin.place, warns=not origin.enforced)
    return replace(
        report,
        findings=(*report.findings, found),
        principal=None if origin.enforced else report.principal,
    )


def refresh(lab: Lab, held: Held, cause: Cause) -> Entry:
    """Look at the metadata anew; the caller holds the lock.

    A copy that cannot be had, or is refused, leaves the one that is held in place.
    """
    origin, holding, now = held.origin, held.holding, lab.now()
    document = b""
    try:
        document = origin.read()
        report = accept_metadata(
            document,
            MetadataExpected(
                now=now,
                trusted=origin.pinned,
                unsigned=origin.unsigned,
                entity_id=origin.entity_id,
                role=origin.role,
                longest=origin.longest,
                held=holding.accepted,
                opinions=lab.config.opinions,
                document=origin.place,
            ),
        )
    except InputError as error:
        held.holding = holding.kept(now, cause)
        return _told(lab, held, cause, f"{error.problem}; {_stays(held)}", accepted=False, message=document)
    if report.principal is None:
        held.holding = holding.kept(now, cause)
        codes = ", ".join(dict.fromkeys(found.code for found in errors_of(report.findings)))
        says = f"refused ({codes}); {_stays(held)}"
        return _told(lab, held, cause, says, accepted=False, message=document, report=report)
    change = KeyChange.between(holding.accepted.keys, report.principal.keys)
    held.holding = holding.renewed(report.principal, now, cause)
    believe(lab, origin.side, origin.entity_id, origin.believed(report.principal.keys))
    return _told(lab, held, cause, str(change), accepted=True, message=document, report=report)


def _refresh_where(lab: Lab, held: Held, cause: Callable[[], Cause | None]) -> bool:
    """Refresh where there is cause, once for all who wait; say whether a new copy is held."""
    before = held.holding
    if cause() is None:
        return False
    with held.lock:
        found = cause()
        if found is not None:
            refresh(lab, held, found)
    return held.holding.accepted is not before.accepted


def _only_the_key_is_unknown(report: Report[P]) -> bool:
    codes = {found.code for found in report.errors}
    return _UNKNOWN_KEY <= codes <= _KEY_FAULTS


def _stale(held: Held, now: datetime) -> Iterator[Finding]:
    """Remark that the copy should be newer, where every look at a new one was in vain."""
    holding = held.holding
    keep = holding.accepted.cache_duration
    if keep is not None and holding.failed and now >= after(holding.fetched, keep):
        yield metadata_stale(holding.fetched, keep, now, held.origin.place)


def _stays(held: Held) -> str:
    return f"the copy of {format_instant(held.holding.fetched)} stays in use"


def _told(  # noqa: PLR0913  what happened, to what, and why
    lab: Lab,
    held: Held,
    cause: Cause,
    says: str,
    *,
    accepted: bool,
    message: bytes,
    report: Report[object] | None = None,
) -> Entry:
    origin = held.origin
    done = "refreshed" if accepted else "not refreshed"
    return lab.record(
        side=origin.side,
        event="metadata-refreshed",
        summary=f"Metadata of {origin.entity_id} {done} from {origin.place}, {cause}: {says}",
        accepted=accepted,
        findings=() if report is None else report.findings,
        signature=None if report is None else report.signature,
        verifiers={} if report is None else report.verifiers,
        message=message,
    )
