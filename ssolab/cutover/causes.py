"""Why a link is not safe, in words, and the one change that would have avoided it.

Each cause is one function over the evidence of one window; the first that recognises its case speaks. Two overlap with
others on purpose and come before them: what nobody knows, and one slot, which makes every timing wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ssolab.core.catalog import Entry, Kind, described
from ssolab.core.findings import DefectError, Severity
from ssolab.core.instants import day, in_words
from ssolab.cutover.check import Reason, forbidden
from ssolab.cutover.habits import Mode
from ssolab.cutover.model import Verb
from ssolab.cutover.scene import Flow

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.cutover.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Told:
    """A cause and its cure, each one line that needs no context but the link's name.

    `term` is the symbol of the waiting time that was too short, where one was (`oidc.waiting`).
    """

    cause: str
    cure: str
    term: str | None = None


@dataclass(frozen=True, kw_only=True)
class Cause(Entry):
    """A catalog entry that recognises why a link is not safe."""

    recognise: Callable[[Any], Told | None]


def cause(function: Callable[[Any], Told | None]) -> Cause:
    """Make a cause of a function that recognises one case."""
    code, title, text = described(function)
    return Cause(kind=Kind.CHECK, code=code, title=title, text=text, severity=Severity.ERROR, recognise=function)


def explain(evidence: Evidence, *, but: Cause | None = None) -> tuple[str, Told]:
    """Give the code, cause and cure of a window that is not safe; *but* is not asked.

    Raises:
        DefectError: no cause recognises it.
    """
    for entry in globals().values():
        if isinstance(entry, Cause) and entry is not but and (told := entry.recognise(evidence)) is not None:
            return entry.code, told
    raise DefectError(f"nothing explains why {evidence.link.id} is {evidence.interval.verdict}")


_DECIDE = {
    Reason.NOT_HELD: ("verifies", "slots"),
    Reason.OTHER_CERTIFICATE: ("verifies", "match", "slots"),
    Reason.EXPIRED: ("verifies", "checks_expiry"),
    Reason.NOT_YET_VALID: ("verifies", "checks_expiry"),
    Reason.FORBIDDEN: ("verifies",),
    Reason.ADDRESS: (),
}
_WEAK = {"sha1": "SHA-1", "rsa1024": "RSA key of fewer than 2048 bits"}


@cause
def unknown_habit(seen: Evidence) -> Told | None:
    """Nobody knows how this partner behaves, and one of the possibilities breaks the login.

    Ask the partner, or look it up, and set the fact in the party's `override` table; the verdict then becomes definite.
    A plan that fits the worst case needs no answer.
    """
    if seen.interval.reason is None or not seen.hinges_on_unknown:
        return None
    unknowns = seen.inventory.habits(seen.link).unknowns()
    decide = [each for each in _DECIDE[seen.interval.reason] if each in unknowns]
    if not decide:
        return None
    _, at_worst = explain(seen, but=unknown_habit)
    return Told(
        f"not known at {seen.verifier}: {', '.join(decide)}",
        f'find out and say so in ssolab.toml, override = {{ {decide[0]} = "..." }}; or {at_worst.cure}',
    )


@cause
def expired_before_swap(seen: Evidence) -> Told | None:
    """The verifier refuses a certificate because it has expired.

    Most partners trust a key and look at no date; this one enforces the dates of the certificate, so logins fail from
    its last second on, and no order of steps helps but a swap before that, early enough for the last message signed
    with it to arrive. Where it has expired already, add the new certificate at that partner and swap at once.
    """
    if seen.interval.reason is not Reason.EXPIRED or seen.interval.material is None:
        return None
    certificate = seen.interval.material.certificate
    if certificate == seen.cutover.new:
        cure = f"swap to a certificate that lasts longer: {seen.cutover.new_name} ends {day(certificate.not_after)}"
    elif seen.signs_old:
        takes = seen.swapped - seen.swap if seen.swap and seen.swapped else timedelta(0)
        latest = certificate.not_after - takes - seen.course.in_flight
        when = "now" if latest < seen.now else f"before {day(latest)}"
        cure = f"add {seen.cutover.new_name} at {seen.verifier} and swap {when}"
    else:
        when = "now" if certificate.not_after < seen.now else f"before {day(certificate.not_after)}"
        cure = f"renew {certificate.label} of {seen.link.signer} {when}"
    return Told(f"refuses the expired certificate, at {seen.verifier}", cure)


@cause
def not_yet_valid_at_swap(seen: Evidence) -> Told | None:
    """The verifier refuses a certificate because its validity has not begun.

    This partner enforces the dates of certificates. Swap after notBefore, with some allowance for clocks that differ.
    """
    if seen.interval.reason is not Reason.NOT_YET_VALID or seen.interval.material is None:
        return None
    begins = day(seen.interval.material.certificate.not_before + timedelta(seconds=59))
    cure = f"swap after {begins}" if not seen.signs_old else f"sign with it only after {begins}"
    return Told(f"refuses a certificate that is valid only from {begins}, at {seen.verifier}", cure)


@cause
def algorithm_not_permitted(seen: Evidence) -> Told | None:
    """The verifier accepts no signature of this kind: SHA-1, or an RSA key of fewer than 2048 bits.

    Both are too weak for today, so nobody in a lab accepts them unless the party says `allow = ["sha1"]` or
    `allow = ["rsa1024"]`. Sign with SHA-256 and a key of 2048 bits; permit the weak ones only to play what once was.
    """
    if seen.interval.reason is not Reason.FORBIDDEN or seen.interval.material is None:
        return None
    needed = [each.value for each in forbidden(seen.course, seen.interval.material)]
    permits = ", ".join(f'"{each}"' for each in needed)
    return Told(
        f"{seen.verifier} accepts no {' and no '.join(_WEAK[each] for each in needed)}",
        f"sign with SHA-256 and 2048 bits; or, if {seen.verifier} does accept it, say so there: allow = [{permits}]",
    )


@cause
def address_not_updated(seen: Evidence) -> Told | None:
    """The partner does not know the new address of the assertion consumer service, or still uses the old one.

    Going from the single SAML configuration to several changes the login address of a Salesforce org together with
    its certificate. A partner that took over the certificate alone is out, and so is one that ignores signatures.
    """
    if seen.interval.reason is not Reason.ADDRESS or seen.cutover.address is None:
        return None
    idp_first = seen.link.flow is Flow.SAML_IDP_INITIATED
    partner, after = seen.link.signer if idp_first else seen.verifier, seen.cutover.address.after
    at_swap = f"the swap, {day(seen.moved)}" if seen.moved else "the swap"
    if idp_first:
        # It sends to one address, so it can be neither early nor late.
        cause_ = f"{partner} sends logins to an address that the org does not use"
        return Told(cause_, f"set the new login address at {partner} at {at_swap}: {after}")
    lead = f"{in_words(seen.delay)} before" if seen.delay else "before"
    verb, place = ("publish", "") if seen.by_itself else ("add", f" at {partner}")
    cause_ = f"the request names an address that {partner} does not know"
    return Told(cause_, f"{verb} the new login address{place} {lead} {at_swap}: {after}")


@cause
def certificate_compared(seen: Evidence) -> Told | None:
    """The verifier trusts the key, but compares whole certificates, and this is another one.

    A renewed certificate over the same key changes nothing for a partner that trusts by key. One that compares
    certificates or fingerprints needs the new certificate beside the old one, exactly as for a new key.
    """
    if seen.interval.reason is not Reason.OTHER_CERTIFICATE:
        return None
    _, as_for_a_new_key = explain(replace(seen, interval=replace(seen.interval, reason=Reason.NOT_HELD)))
    return Told(f"same key, but {seen.verifier} compares certificates", as_for_a_new_key.cure)


@cause
def one_slot_verifier(seen: Evidence) -> Told | None:
    """The verifier holds one key, so the new one replaces the old one.

    Two keys are needed around a swap and there is room for one: no order is safe at every instant. Replacing at the
    moment of the swap keeps it to minutes; parallel configurations, a partner that compares keys with a reissued
    certificate over the same key, or a quiet hour make it harmless.
    """
    came = seen.change(seen.cutover.new, comes=True)
    if seen.habits.slots != 1 or came is None or seen.interval.reason is not Reason.NOT_HELD:
        return None
    if seen.swap is None or seen.swapped is None:
        return None
    least = in_words(max(came.takes, seen.swapped - seen.swap + seen.course.in_flight))
    early, late = seen.swap - came.by, came.at - seen.swapped
    if came.at == seen.swap:
        cause_ = "one slot: the new key replaced the old at the swap"
        return Told(cause_, f"nothing is better with one slot; choose a quiet hour: it lasts {least} at most")
    if early <= timedelta(0) and late <= timedelta(0):
        cause_ = "one slot: the new key replaced the old while the swap was under way"
        return Told(cause_, f"replace at the very beginning of the swap: the risk then lasts {least} at most")
    gap, word = (early, "early") if early > timedelta(0) else (late, "late")
    return Told(
        f"one slot: the new key replaced the old {in_words(gap)} {word}",
        f"replace at the swap, not {'before' if word == 'early' else 'after'}: outage {in_words(gap)} becomes at most "
        f"{least}",
    )


@cause
def swapped_before_readers_refreshed(seen: Evidence) -> Told | None:
    """The swap came sooner after publishing than the verifier needs to read the metadata again.

    A verifier that polls metadata knows a new key only after its refresh interval. Until then it depends on the phase
    of its timer whether logins work. Publish at least one whole interval before the swap.
    """
    came = seen.change(seen.cutover.new, comes=True)
    if seen.signs_old or seen.interval.reason is not Reason.NOT_HELD or not seen.by_itself:
        return None
    if came is None or came.by_hand or seen.swap is None or came.at > seen.swap:
        return None
    lead = in_words(seen.swap - came.at)
    reads = "reads metadata every" if seen.habits.mode is Mode.PULL else "fetches an unknown key only every"
    what = "at the moment of publishing" if seen.swap == came.at else f"{lead} after publishing"
    every = in_words(seen.delay)
    return Told(f"{reads} {every}, swap came {what}", f"publish {every} before the swap")


@cause
def swapped_before_publishing(seen: Evidence) -> Told | None:
    """The signer swapped to a key that its published metadata does not hold.

    A partner that reads metadata by itself can only learn the key from there. Publish both keys first, wait until
    every reader has refreshed, then swap.
    """
    came = seen.change(seen.cutover.new, comes=True)
    if seen.signs_old or seen.interval.reason is not Reason.NOT_HELD or not seen.by_itself or seen.swap is None:
        return None
    if came is not None and (came.by_hand or came.at <= seen.swap):
        return None
    said = "never published" if came is None else f"published {in_words(came.at - seen.swap)} after the swap"
    return Told(f"the new key was {said}", f"publish {in_words(seen.delay)} before the swap")


@cause
def late_partner(seen: Evidence) -> Told | None:
    """The partner takes over the new key by hand, and did so only after the swap.

    Nothing but that person's action makes the new key known there. Confirm that every partner has it before swapping,
    or swap for each partner alone where the signer can.
    """
    came = seen.change(seen.cutover.new, comes=True)
    if seen.signs_old or seen.interval.reason is not Reason.NOT_HELD or seen.swap is None:
        return None
    if came is None or not came.by_hand:
        return None
    late = f"was added {in_words(came.at - seen.swap)} after the swap"
    said = late if came.at > seen.swap else "was still taking effect at the swap"
    need = f", {in_words(came.takes)} before the swap" if came.takes else " before the swap"
    return Told(
        f"the new key {said}", f"add {seen.cutover.new_name} at {seen.verifier}{need}{seen.ask_by}, or swap later"
    )


@cause
def never_added(seen: Evidence) -> Told | None:
    """No step gives the verifier the new key.

    From the swap on every login over this link fails. Add the new certificate at this partner before the swap.
    """
    if seen.signs_old or seen.interval.reason is not Reason.NOT_HELD or seen.by_itself:
        return None
    if seen.change(seen.cutover.new, comes=True) is not None:
        return None
    cure = f"add {seen.cutover.new_name} at {seen.verifier} before the swap{seen.ask_by}"
    return Told(f"nobody gives {seen.verifier} the new key", cure)


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
    first = day(seen.swapped + seen.course.in_flight + timedelta(seconds=59))
    gap = seen.swapped - gone.step.at
    said = f"{in_words(gap)} before the swap" if gap > timedelta(0) else "while its last messages were under way"
    cure = f"{'unpublish' if gone.step.do is Verb.UNPUBLISH else 'remove'} it from {first} on"
    if gone.step.do is Verb.REPLACE:
        cure = f"add {seen.cutover.new_name} beside the old key, and remove the old one from {first} on"
    return Told(f"the old key was removed {said}", cure)
