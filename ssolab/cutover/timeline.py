"""Who uses and who holds what when: the steps of a cutover as one link lives through them.

People, caches and propagation are uncertain, so every change happens somewhere between an earliest and a latest
moment. `must` is what certainly holds, `may` what possibly does; the model is that of RFC 7583, with slots and hands
added. Sets change only at listed moments, which makes a sweep over those moments exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ssolab.core.findings import ConfigError
from ssolab.cutover.habits import Known, Match, Mode, known_or
from ssolab.cutover.holdings import ALWAYS, NEVER, Change, Hold, stood
from ssolab.cutover.model import Brings, Verb
from ssolab.cutover.scene import Flow

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import Permission
    from ssolab.cutover.habits import Habits
    from ssolab.cutover.model import Cutover, Inventory, Link, Party, Step

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What a message carries that the other side has to accept: the certificate whose key signs it, and the ACS.

    A token has no ACS; `kid` and `alg` are what its header says.
    """

    certificate: Certificate
    acs: str
    kid: str | None = None
    alg: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """From somewhere in [at, by] on, messages are made of this material."""

    material: Material
    at: datetime
    by: datetime


@dataclass(frozen=True, slots=True)
class Emission:
    """What a link's messages are made of over time."""

    turns: tuple[Turn, ...]

    def may(self, start: datetime, end: datetime) -> Iterator[tuple[Material, datetime]]:
        """Give each material that a message made in [start, end] may have, with its last such moment."""
        for turn, following in zip(self.turns, (*self.turns[1:], None), strict=True):
            over = following.by if following else None
            if turn.at <= end and (over is None or over > start):
                yield turn.material, end if over is None else min(end, over - _SECOND)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One link through one cutover under one resolution of everything unknown."""

    link: Link
    habits: Habits
    emission: Emission
    certificates: Hold[Certificate]
    addresses: Hold[str]
    permit: frozenset[Permission]
    hash: str

    @property
    def in_flight(self) -> timedelta:
        """How long after it was made a message may still arrive and be welcome."""
        return self.habits.message_life + self.habits.skew

    def moments(self) -> Iterator[datetime]:
        """Give every moment at which an answer may change."""
        for key_change in self.certificates.changes:
            yield from (key_change.at, key_change.by)
        for address_change in self.addresses.changes:
            yield from (address_change.at, address_change.by)
        for turn in self.emission.turns:
            yield turn.at
            yield turn.by
            if turn.at > ALWAYS:
                yield turn.by + self.in_flight
        if self.habits.checks_expiry is Known.YES and self.habits.verifies is not Known.NO:
            for change in self.certificates.changes:
                yield change.item.not_before
                # A certificate is valid through its last second; that of the year 9999 means that it never ends.
                yield min(change.item.not_after, NEVER - _SECOND) + _SECOND


def involved(inventory: Inventory, cutover: Cutover, link: Link) -> bool:
    """Say whether the link's messages are signed with the certificate that the cutover leaves."""
    return inventory.signer(link).holds(cutover.old)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """Everything that decides how one link lives through a cutover."""

    inventory: Inventory
    cutover: Cutover
    link: Link
    habits: Habits
    leaving: bool
    before: str
    after: str

    @property
    def signer(self) -> Party:
        return self.inventory.signer(self.link)

    @property
    def verifier(self) -> Party:
        return self.inventory.verifier(self.link)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that are done on this link, in order."""
        return tuple(sorted(filter(self.concerns, self.cutover.steps), key=lambda step: step.at))

    @property
    def swap(self) -> Step | None:
        swaps = [step for step in self.steps if step.do is Verb.SWAP]
        if len(swaps) > 1:
            raise ConfigError(self.cutover.id, f"link {self.link.id} has {len(swaps)} swaps", "keep one for each link")
        return swaps[0] if swaps else None

    def concerns(self, step: Step) -> bool:
        """Say whether a step is done on this link."""
        signer, verifier = self.signer, self.verifier
        if step.do.by_signer:
            alone = step.do is Verb.SWAP and step.party == verifier.id != signer.id
            if alone and self.leaving and not signer.habits.per_partner_key:
                said = f"{signer.id} cannot swap for {verifier.id} alone: it signs with one key for all"
                raise ConfigError(self.link.id, said, "swap without a party")
            return step.party in (None, signer.id, verifier.id)
        # Where the key stays and the relying party verifies, what its partner takes over is the new address.
        acting = signer if self.link.flow is Flow.SAML_IDP_INITIATED and not self.leaving else verifier
        if step.party is None:
            return acting.habits.mode in (Mode.MANUAL, Mode.API)
        return step.party == acting.id

    @property
    def _key_stays(self) -> bool:
        return self.cutover.old.spki_sha256 == self.cutover.new.spki_sha256

    def reach(self, step: Step, habits: Habits) -> tuple[datetime, datetime] | None:
        """Give the earliest and latest moment at which what a step brings is there, None where it never is."""
        if not step.do.by_signer:
            return step.at, step.at + known_or(habits.propagation, timedelta(0))
        if habits.mode is Mode.PULL:
            return step.at, step.at + known_or(habits.refresh, timedelta(0))
        if habits.mode is Mode.ON_MISS:
            # A fetch just before bars the next one for so long; from then on an unknown key is fetched at once.
            return step.at, step.at + known_or(habits.cooldown, timedelta(0))
        return None

    def forgets(self, step: Step, habits: Habits) -> tuple[datetime, datetime] | None:
        """Give the earliest and latest moment at which what a step takes away is gone, None where it never goes."""
        if step.do.by_signer and habits.mode is Mode.ON_MISS:
            # What was fetched stays until something is missed. The first message after the swap sees to that, unless
            # its key is known already, because it is the old one under a new certificate.
            if self.swap is None or (habits.match is Match.KEY and self._key_stays):
                return step.at, NEVER
            missed = max(step.at, self.swap.at + self.signer.habits.swap_takes)
            return step.at, missed + known_or(habits.cooldown, timedelta(0))
        return self.reach(step, habits)


def course(inventory: Inventory, cutover: Cutover, link: Link, habits: Habits, address: str) -> Course:
    """Follow one link through the cutover. *habits* are resolved; *address* is the ACS where the cutover keeps it.

    Raises:
        ConfigError: a step asks for what the parties cannot do.
    """
    before, after = (
        (cutover.address.before, cutover.address.after) if cutover.address is not None else (address, address)
    )
    way = _Way(
        inventory=inventory,
        cutover=cutover,
        link=link,
        habits=habits,
        leaving=involved(inventory, cutover, link),
        before=before,
        after=after,
    )
    if way.leaving:
        emission, certificates = _leaving(way), Hold(tuple(_key_changes(way)))
    else:
        own = way.signer.signing_certificate()
        emission, certificates = _staying(way, own), Hold((stood(own),))
    moves = _relying_moves(way) if link.flow is Flow.SAML_IDP_INITIATED else _address_changes(way, habits)
    return Course(
        link=link,
        habits=habits,
        emission=emission,
        certificates=certificates,
        addresses=Hold((stood(before), *moves)),
        permit=way.verifier.permit,
        hash=cutover.hash if way.leaving else "sha256",
    )


def _leaving(way: _Way) -> Emission:
    """Sign with the old certificate up to the swap and with the new one after it."""
    turns = [Turn(material=Material(certificate=way.cutover.old, acs=way.before), at=ALWAYS, by=ALWAYS)]
    if (swap := way.swap) is not None:
        new = Material(certificate=way.cutover.new, acs=way.after)
        turns.append(Turn(material=new, at=swap.at, by=swap.at + way.signer.habits.swap_takes))
    return Emission(tuple(turns))


def _staying(way: _Way, own: Certificate) -> Emission:
    """Sign with one's own certificate all along; only the address to send to may change, when one learns of it."""
    turns = [Turn(material=Material(certificate=own, acs=way.before), at=ALWAYS, by=ALWAYS)]
    if way.link.flow is Flow.SAML_IDP_INITIATED:
        new = Material(certificate=own, acs=way.after)
        turns += [
            Turn(material=new, at=change.at, by=change.by)
            for change in _address_changes(way, way.signer.habits.worst())
        ]
    return Emission(tuple(turns))


def _relying_moves(way: _Way) -> Iterator[Change[str]]:
    """Let the relying party exchange its address in the swap."""
    if (swap := way.swap) is not None and way.before != way.after:
        by = swap.at + way.verifier.habits.swap_takes
        yield Change(item=way.after, comes=True, at=swap.at, by=by, step=swap)
        yield Change(item=way.before, comes=False, at=swap.at, by=by, step=swap)


def _address_changes(way: _Way, habits: Habits) -> Iterator[Change[str]]:
    """Let the asserting party know the new address with the first step that brings it."""
    for step in way.steps if way.before != way.after else ():
        brings = step.do in (Verb.ADD, Verb.REPLACE, Verb.PUBLISH) and step.brings is not Brings.KEY
        reach = way.reach(step, habits) if brings else None
        if reach is not None:
            yield Change(item=way.after, comes=True, at=reach[0], by=reach[1], step=step)
            return


def _key_changes(way: _Way) -> Iterator[Change[Certificate]]:
    """Fill and empty the slots of the verifier, step by step."""
    old, new = way.cutover.old, way.cutover.new
    room = way.habits.slots if isinstance(way.habits.slots, int) else None
    held = [old]
    yield stood(old)
    for step in way.steps:
        reach, forgets = way.reach(step, way.habits), way.forgets(step, way.habits)
        if step.do is Verb.SWAP or step.brings is Brings.ADDRESS or reach is None or forgets is None:
            continue
        leaves = [old] if old in held else []
        if step.do in (Verb.ADD, Verb.REPLACE, Verb.PUBLISH):
            if new not in held:
                held.append(new)
                yield Change(item=new, comes=True, at=reach[0], by=reach[1], step=step)
            full = room is not None and len(held) > room
            leaves = leaves if full or step.do is Verb.REPLACE else []
        for gone in leaves:
            held.remove(gone)
            yield Change(item=gone, comes=False, at=forgets[0], by=forgets[1], step=step)
