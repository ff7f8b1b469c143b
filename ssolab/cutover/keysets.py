"""Which JWKS is served when, and what a copy of it makes of a token: the half of the prediction that needs no clock."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ssolab.core.jose import ALGORITHMS, algorithm_for
from ssolab.core.jwk import thumbprint
from ssolab.core.keys import PublicKey
from ssolab.cutover.check import Reason
from ssolab.cutover.holdings import ALWAYS
from ssolab.cutover.model import Verb
from ssolab.cutover.rotation import ListedKey, Rotation, Trouble
from ssolab.cutover.timeline import Emission, Material, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ssolab.cutover.model import Cutover, Step

INSTANT = timedelta(microseconds=1)
"""The shortest time before something."""

KeySet = tuple[ListedKey, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """From a moment on, this is what the address serves."""

    at: datetime
    keys: KeySet


@dataclass(frozen=True, kw_only=True)
class SetHistory:
    """What the address of a JWKS serves over time, in the order of the changes, the first of which was always so."""

    changes: tuple[Served, ...]
    rotation: Rotation

    def as_of(self, moment: datetime) -> KeySet:
        """Give the set as its owner meant it to be at a moment."""
        return next(change.keys for change in reversed(self.changes) if change.at <= moment)

    def down(self, moment: datetime) -> bool:
        """Say whether nothing useful is answered."""
        return any(each.lasts(moment) for each in self.rotation.mishaps if each.trouble is not Trouble.STALE)

    def answers(self, moment: datetime) -> tuple[datetime, ...]:
        """Give moments as of which a set may be served at *moment*, oldest first: edges lag behind."""
        back = moment - self.rotation.replicas if moment - ALWAYS > self.rotation.replicas else ALWAYS
        lagging = [change.at - INSTANT for change in self.changes[1:] if back < change.at <= moment]
        stale = [
            each.start - INSTANT
            for each in self.rotation.mishaps
            if each.trouble is Trouble.STALE and each.lasts(moment)
        ]
        return tuple(sorted({*lagging, *stale, moment}))

    def moments(self) -> Iterator[datetime]:
        """Give every moment at which what may be served changes."""
        for change in self.changes[1:]:
            yield change.at
            yield change.at + self.rotation.replicas
        for mishap in self.rotation.mishaps:
            yield mishap.start
            yield mishap.end


def called(key: PublicKey, kid: str | None, rotation: Rotation) -> str | None:
    """Give the kid under which a key is listed, None where keys have no names."""
    if not rotation.named:
        return None
    return thumbprint(key) if kid is None else kid


def materials(cutover: Cutover, rotation: Rotation) -> tuple[Material, Material]:
    """Give what tokens are made of with the old and with the new key."""
    made = []
    for certificate, kid, alg in (
        (cutover.old, rotation.old_kid, rotation.old_alg),
        (cutover.new, rotation.new_kid, rotation.new_alg),
    ):
        public = PublicKey(certificate.spki)
        name, chosen = called(public, kid, rotation), alg or algorithm_for(public).name
        made.append(Material(certificate=certificate, acs="", kid=name, alg=chosen))
    return made[0], made[1]


def set_history(cutover: Cutover, steps: Sequence[Step], rotation: Rotation) -> SetHistory:
    """Follow the list through the steps: publish brings the new key, unpublish takes away what signs no more."""
    old, new = (_listed(each) for each in materials(cutover, rotation))
    if rotation.stale_envelope:
        new = ListedKey(kid=new.kid, certificate=new.certificate, alg=new.alg, envelope=cutover.old)
    there, active = [old], old
    changes = {ALWAYS: _shown(there, rotation, ALWAYS)}
    flips = [] if rotation.flipped is None else [(rotation.flipped, None)]
    for at, verb in sorted([*((step.at, step.do) for step in steps), *flips], key=lambda each: each[0]):
        if verb is Verb.PUBLISH and new not in there:
            there.append(new)
        elif verb is Verb.SWAP:
            active = new if active is old else old
        elif verb is Verb.UNPUBLISH:
            there = [each for each in there if each is active]
        changes[at] = _shown(there, rotation, at)
    return SetHistory(changes=tuple(itertools.starmap(Served, changes.items())), rotation=rotation)


def _listed(material: Material) -> ListedKey:
    return ListedKey(kid=material.kid, certificate=material.certificate, alg=material.alg)


def _shown(there: Sequence[ListedKey], rotation: Rotation, at: datetime) -> KeySet:
    shown = (*there, *rotation.decoys)
    return shown[::-1] if rotation.flipped is not None and at >= rotation.flipped else shown


def emission(cutover: Cutover, steps: Sequence[Step], rotation: Rotation, takes: timedelta) -> Emission:
    """Sign with the old key up to the swap and with the new one after it; a second swap goes back."""
    old, new = materials(cutover, rotation)
    turns = [Turn(material=old, at=ALWAYS, by=ALWAYS)]
    for number, step in enumerate(step for step in steps if step.do is Verb.SWAP):
        turns.append(Turn(material=(new, old)[number % 2], at=step.at, by=step.at + takes))
    return Emission(tuple(turns))


def judged(keys: Sequence[ListedKey], material: Material, algorithms: Sequence[str], *, whole: bool) -> Reason | None:
    """Say why a copy of a set refuses a token of this material, None where it accepts it.

    *algorithms* are those that the verifier allows, all of them where it names none. A verifier that compares *whole*
    certificates takes the key out of `x5c`, where there is one.
    """
    if algorithms and material.alg not in algorithms:
        return Reason.FORBIDDEN
    named = [each for each in keys if material.kid is None or each.kid == material.kid]
    if not named:
        return Reason.UNKNOWN_KID
    algorithm = ALGORITHMS[material.alg or "RS256"]
    held = [(each, (each.envelope if whole else None) or each.certificate) for each in named]
    fitting = [
        certificate.spki
        for each, certificate in held
        if algorithm.fits(PublicKey(certificate.spki)) and each.alg in (None, material.alg) and each.use == "sig"
    ]
    if not fitting:
        return Reason.UNFIT_KEY
    if len(set(fitting)) > 1:
        return Reason.SEVERAL_KEYS
    return None if fitting[0] == material.certificate.spki else Reason.OTHER_KEY
