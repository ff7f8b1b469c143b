"""The documents of a rotation as its ring of keys writes them: what is really played, beside what is predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssolab.core.jwk import jwk_of
from ssolab.cutover.holdings import ALWAYS
from ssolab.cutover.keysets import materials
from ssolab.cutover.model import Verb
from ssolab.oidc.keyring import KeyRing, KeyState, LifeKey

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.cutover.cast import Cast
    from ssolab.cutover.model import Cutover, Step
    from ssolab.cutover.rotation import ListedKey, Rotation

    Document = Mapping[str, object]

_OLD, _NEW = "old", "new"
"""What the two keys are called within the ring, whatever they are published as."""


@dataclass(frozen=True, slots=True)
class RingDocuments:
    """Writes the key set of a signer after each of its steps; twins play keys that the lab does not hold."""

    cutover: Cutover
    rotation: Rotation
    cast: Cast

    def through(self, steps: Sequence[Step]) -> tuple[tuple[datetime, Document], ...]:
        """Give each document with the moment from which on it is the signer's; the first was always so.

        Raises:
            ConfigError: a step asks for a move that the key cannot make.
        """
        return tuple(self._through(steps))

    def _through(self, steps: Sequence[Step]) -> Iterator[tuple[datetime, Document]]:
        ring = KeyRing((self._life(_OLD, KeyState.ACTIVE), self._life(_NEW, KeyState.GENERATED)))
        yield ALWAYS, self._document(ring, ALWAYS)
        flips = [] if self.rotation.flipped is None else [(self.rotation.flipped, None)]
        moves = [*((step.at, step.do) for step in steps), *flips]
        for at, verb in sorted(moves, key=lambda each: each[0]):
            ring = self._moved(ring, verb, at)
            yield at, self._document(ring, at)

    def _moved(self, ring: KeyRing, verb: Verb | None, at: datetime) -> KeyRing:
        if verb is Verb.PUBLISH:
            return ring.published(_NEW, at)
        if verb is Verb.SWAP:
            return ring.swapped(next(key.kid for key in ring.keys if key.state is not KeyState.ACTIVE), at)
        if verb is Verb.UNPUBLISH:
            draining = [key.kid for key in ring.keys if key.state is KeyState.DRAINING]
            return ring.unpublished(draining[0] if draining else _OLD, at)
        return ring

    def _life(self, part: str, state: KeyState) -> LifeKey:
        played = self.cast.credential(self._certificate(part))
        return LifeKey.of(
            played.private,
            ALWAYS,
            kid=part,
            alg=self.rotation.old_alg if part == _OLD else self.rotation.new_alg,
            certificate=played.certificate,
            label=self.cutover.old_name if part == _OLD else self.cutover.new_name,
            state=state,
            purpose="tokens",
        )

    def _certificate(self, part: str) -> Certificate:
        return self.cutover.old if part == _OLD else self.cutover.new

    def _document(self, ring: KeyRing, at: datetime) -> Document:
        keys = [self._listed(key) for key in ring.listed()] + [self._decoy(each) for each in self.rotation.decoys]
        if self.rotation.flipped is not None and at >= self.rotation.flipped:
            keys.reverse()
        return {"keys": keys}

    def _listed(self, key: LifeKey) -> dict[str, object]:
        """List a key under the name that the original has, though a twin may play it."""
        old, new = materials(self.cutover, self.rotation)
        stale = self.rotation.stale_envelope and key.kid == _NEW
        written = jwk_of(
            key.public,
            kid=(old if key.kid == _OLD else new).kid or "",
            alg=key.alg,
            certificate=self.cast.credential(self.cutover.old).certificate,
            x5c=stale,
        )
        return {name: value for name, value in written.items() if name != "kid" or self.rotation.named}

    def _decoy(self, decoy: ListedKey) -> dict[str, object]:
        public = self.cast.credential(decoy.certificate).public
        return jwk_of(public, kid=decoy.kid, alg=decoy.alg, use=decoy.use)
