"""Why a link is not safe, in words, and the one change that would have avoided it.

Each cause is one function over the evidence of one window; the first that recognises its case speaks. They are tried
in the order in which they stand here: what is wrong with the thing itself before what is wrong with its timing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ssolab.core.catalog import Entry, Kind, described
from ssolab.core.findings import DefectError, Severity
from ssolab.core.instants import in_words
from ssolab.cutover.check import Reason
from ssolab.cutover.model import Brings, Known, Mode, Verb
from ssolab.cutover.scene import Flow
from ssolab.cutover.timeline import involved

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.cutover.evidence import Evidence
    from ssolab.cutover.model import Cutover, Inventory, Link


@dataclass(frozen=True, slots=True)
class Told:
    """A cause and its cure, each one line that needs no context but the link's name."""

    cause: str
    cure: str


@dataclass(frozen=True, kw_only=True)
class Cause(Entry):
    """A catalog entry that recognises why a link is not safe."""

    recognise: Callable[[Evidence], Told | None]


def cause(function: Callable[[Evidence], Told | None]) -> Cause:
    """Make a cause of a function that recognises one case."""
    code, title, text = described(function)
    return Cause(kind=Kind.CHECK, code=code, title=title, text=text, severity=Severity.ERROR, recognise=function)


def explain(evidence: Evidence) -> tuple[str, Told]:
    """Give the code, cause and cure of a window that is not safe.

    Raises:
        DefectError: no cause recognises it.
    """
    for entry in globals().values():
        if isinstance(entry, Cause) and (told := entry.recognise(evidence)) is not None:
            return entry.code, told
    raise DefectError(f"nothing explains why {evidence.link.id} is {evidence.interval.verdict}")


def day(moment: datetime) -> str:
    """Write a moment for people, to the minute."""
    return f"{moment.day} {moment:%b %Y %H:%M}"


@cause
def unknown_habit(seen: Evidence) -> Told | None:
    """Nobody knows how this partner behaves, and one of the possibilities breaks the login.

    Ask the partner, or look it up, and set the fact in the party's `override` table; the verdict then becomes definite.
    """
    unknowns = seen.inventory.verifier(seen.link).habits.unknowns()
    if not unknowns or not seen.hinges_on_unknown:
        return None
    return Told(
        f"not known at {seen.verifier}: {', '.join(unknowns)}",
        f'find out and say so in ssolab.toml: override = {{ {unknowns[0]} = "…" }}',
    )


@cause
def expired_before_swap(seen: Evidence) -> Told | None:
    """The verifier refuses the old certificate because it has expired.

    Most partners trust a key and look at no date; this one enforces the dates of the certificate, so logins fail from
    its last second on, and no order of steps helps but a swap before that. Where it has expired already, add the new
    certificate at that partner and swap at once.
    """
    if seen.interval.reason is not Reason.EXPIRED or seen.interval.material is None:
        return None
    expiry = seen.interval.material.certificate.not_after
    over = expiry < seen.interval.start
    name = seen.cutover.old_name if seen.signs_old else seen.interval.material.certificate.label
    swap = "and swap now" if over else f"and swap before {day(expiry)}"
    cure = f"add {seen.cutover.new_name} at {seen.verifier} {swap}" if seen.signs_old else f"replace {name} {swap[4:]}"
    return Told(f"refuses the expired certificate, at {seen.verifier}", cure)


@cause
def not_yet_valid_at_swap(seen: Evidence) -> Told | None:
    """The verifier refuses the new certificate because its validity has not begun.

    This partner enforces the dates of certificates. Swap after notBefore, with some allowance for clocks that differ.
    """
    if seen.interval.reason is not Reason.NOT_YET_VALID or seen.interval.material is None:
        return None
    begins = day(seen.interval.material.certificate.not_before)
    return Told(f"refuses a certificate that is valid only from {begins}, at {seen.verifier}", f"swap after {begins}")


@cause
def address_not_updated(seen: Evidence) -> Told | None:
    """The partner does not know the new address of the assertion consumer service, or still uses the old one.

    Going from the single SAML configuration to several changes the login address of a Salesforce org together with
    its certificate. A partner that took over the certificate alone is out, and so is one that ignores signatures.
    """
    if seen.interval.reason is not Reason.ADDRESS or seen.cutover.address is None:
        return None
    idp_first = seen.link.flow is Flow.SAML_IDP_INITIATED
    partner = seen.link.signer if idp_first else seen.verifier
    moved = [step.at for step in seen.cutover.steps if step.do is Verb.SWAP]
    when = f" at the swap, {day(moved[0])}" if moved else " at the swap"
    held = f"{partner} sends logins to an address that the org does not use"
    cause_ = held if idp_first else f"the request names an address that {partner} does not know"
    return Told(cause_, f"set the new login address at {partner}{when}: {seen.cutover.address.after}")


@cause
def certificate_compared(seen: Evidence) -> Told | None:
    """The verifier trusts the key, but compares whole certificates, and this is another one.

    A renewed certificate over the same key changes nothing for a partner that trusts by key. One that compares
    certificates or fingerprints needs the new certificate beside the old one, exactly as for a new key.
    """
    if seen.interval.reason is not Reason.OTHER_CERTIFICATE:
        return None
    one = seen.habits.slots == 1
    cure = (
        f"give {seen.verifier} the new certificate at the very moment of the swap: it has room for one"
        if one
        else f"add {seen.cutover.new_name} at {seen.verifier} beside the old certificate before the swap"
    )
    return Told(f"same key, but {seen.verifier} compares certificates", cure)


@cause
def one_slot_verifier(seen: Evidence) -> Told | None:
    """The verifier holds one key, so the new one replaces the old one.

    Two keys are needed around a swap and there is room for one: no order is safe at every instant. Replacing at the
    moment of the swap keeps it to minutes; parallel configurations, a partner that compares keys with a reissued
    certificate over the same key, or a quiet hour make it harmless.
    """
    came = seen.change(seen.cutover.new, comes=True)
    if seen.habits.slots != 1 or came is None or came.step is None or seen.swap is None or seen.swapped is None:
        return None
    least = max(seen.delay, seen.swapped - seen.swap + seen.course.in_flight)
    early, late = seen.swap - came.by, came.at - seen.swapped
    if early <= timedelta(0) and late <= timedelta(0):
        cause_ = "one slot: the new key replaced the old at the swap"
        return Told(cause_, f"nothing is better with one slot; choose a quiet hour: it lasts {in_words(least)} at most")
    gap, word = (early, "early") if early > timedelta(0) else (late, "late")
    return Told(
        f"one slot: the new key replaced the old {in_words(gap)} {word}",
        f"replace at the swap, not {'before' if word == 'early' else 'after'}: outage {in_words(gap)} becomes at most "
        f"{in_words(least)}",
    )


@cause
def swapped_before_readers_refreshed(seen: Evidence) -> Told | None:
    """The swap came sooner after publishing than the verifier needs to read the metadata again.

    A verifier that polls metadata knows a new key only after its refresh interval. Until then it depends on the phase
    of its timer whether logins work. Publish at least one whole interval before the swap.
    """
    came = seen.change(seen.cutover.new, comes=True)
    by_itself = seen.habits.mode in (Mode.PULL, Mode.ON_MISS)
    published = came.step if came and came.step and came.step.do is Verb.PUBLISH else None
    if seen.signs_old or not by_itself or published is None or seen.swap is None or published.at > seen.swap:
        return None
    lead = in_words(seen.swap - published.at)
    every = in_words(seen.delay)
    what = "at the moment of publishing" if seen.swap == published.at else f"{lead} after publishing"
    return Told(f"reads metadata every {every}, swap came {what}", f"publish {every} before the swap")


@cause
def swapped_before_publishing(seen: Evidence) -> Told | None:
    """The signer swapped to a key that its published metadata does not hold.

    A partner that reads metadata by itself can only learn the key from there. Publish both keys first, wait until
    every reader has refreshed, then swap.
    """
    if (
        seen.signs_old
        or seen.habits.mode not in (Mode.PULL, Mode.ON_MISS)
        or seen.interval.reason is not Reason.NOT_HELD
    ):
        return None
    came = seen.change(seen.cutover.new, comes=True)
    when = f"{in_words(came.at - seen.swap)} after the swap" if came and seen.swap else "never"
    return Told(f"the new key was published {when}", f"publish {in_words(seen.delay)} before the swap")


@cause
def late_partner(seen: Evidence) -> Told | None:
    """The partner takes over the new key by hand, and did so only after the swap.

    Nothing but that person's action makes the new key known there. Confirm that every partner has it before swapping,
    or swap for each partner alone where the signer can.
    """
    came = seen.change(seen.cutover.new, comes=True)
    if seen.signs_old or came is None or came.step is None or seen.swap is None or came.by <= seen.swap:
        return None
    late = came.at - seen.swap
    said = (
        f"was added {in_words(late)} after the swap" if late > timedelta(0) else "was still taking effect at the swap"
    )
    need = f", {in_words(seen.delay)} before the swap" if seen.delay else " before the swap"
    return Told(f"the new key {said}", f"add {seen.cutover.new_name} at {seen.verifier}{need}, or swap later")


@cause
def never_added(seen: Evidence) -> Told | None:
    """No step gives the verifier the new key.

    From the swap on every login over this link fails. Add the new certificate at this partner before the swap.
    """
    if seen.signs_old or seen.interval.reason is not Reason.NOT_HELD:
        return None
    if seen.change(seen.cutover.new, comes=True) is not None or not involved(seen.inventory, seen.cutover, seen.link):
        return None
    return Told(
        f"nobody gives {seen.verifier} the new key", f"add {seen.cutover.new_name} at {seen.verifier} before the swap"
    )


@cause
def removed_too_early(seen: Evidence) -> Told | None:
    """The old key was taken away while messages signed with it were still being made or under way.

    Remove the old key only when every node has swapped and the last message signed with it has arrived or expired.
    """
    gone = seen.change(seen.cutover.old, comes=False)
    if not seen.signs_old or gone is None or gone.step is None or seen.interval.reason is not Reason.NOT_HELD:
        return None
    if seen.swapped is None:
        return Told("the old key was removed, and nothing swaps", "swap first, then remove the old key")
    first = seen.swapped + seen.course.in_flight
    gap = seen.swapped - gone.step.at
    said = f"{in_words(gap)} before the swap" if gap > timedelta(0) else "while its last messages were under way"
    if gone.step.brings is Brings.BOTH and gone.step.do is Verb.REPLACE:
        cure = f"add {seen.cutover.new_name} beside the old key, and remove the old one from {day(first)} on"
    else:
        cure = f"remove it from {day(first)} on"
    return Told(f"the old key was removed {said}", cure)


def holds_because(inventory: Inventory, cutover: Cutover, link: Link) -> str:
    """Say why a safe link is safe, where there is a reason worth a remark."""
    if not involved(inventory, cutover, link):
        return "signs nothing with this key"
    habits = inventory.verifier(link).habits
    if habits.verifies is Known.NO:
        return "does not check request signatures" if link.flow is Flow.SAML_REQUEST else "does not check signatures"
    room = f"holds {habits.slots} keys" if habits.slots != 1 else "holds one key"
    how = {Mode.PULL: "reads metadata in time", Mode.ON_MISS: "fetches unknown keys"}.get(habits.mode)
    return how or f"{room}, old and new overlap"
