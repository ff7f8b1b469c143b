"""The ring of a party's keys: which is published, which one signs, and which moves are possible from there.

A ring is a frozen value, and every move gives a new one or says why there is no such move. What depends on time alone,
whether a published key is ready and whether a draining one is dead, is computed from its dates and never stored.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ssolab.core.findings import ConfigError
from ssolab.oidc.life import KeyState, LifeKey
from ssolab.oidc.unmoved import key_move_impossible, no_active_key, unknown_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = ["KeyRing", "KeyState", "KeyVerb", "LifeKey"]


class KeyVerb(enum.StrEnum):
    """What can be done with a key."""

    PUBLISH = "publish"
    SWAP = "swap"
    UNPUBLISH = "unpublish"
    COMPROMISE = "compromise"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one party, in the order in which its JWKS lists them.

    Raises:
        ConfigError: two keys share a kid, or two keys of a family are active.
    """

    keys: tuple[LifeKey, ...] = ()

    def __post_init__(self) -> None:
        """See to it that every key has a name of its own, and every family at most one that signs."""
        for said, names in (
            ("has the kid of another key", [key.kid for key in self.keys]),
            ("is active twice", [key.family for key in self.keys if key.state is KeyState.ACTIVE]),
        ):
            for number, name in enumerate(names):
                if name in names[:number]:
                    raise ConfigError(f"key {name}", said, "give each key its own kid, and let one of a family sign")

    def key(self, kid: str) -> LifeKey:
        """Find a key by its kid.

        Raises:
            ConfigError: there is none of that name.
        """
        for key in self.keys:
            if key.kid == kid:
                return key
        raise unknown_key(kid, (key.kid for key in self.keys))

    def signing(self, family: str) -> LifeKey:
        """Give the key that signs for a family, which is called by its algorithm or by its purpose.

        Raises:
            ConfigError: none of that family is active.
        """
        for key in self.keys:
            if key.family == family and key.state is KeyState.ACTIVE:
                return key
        raise no_active_key(family, self.families)

    @property
    def families(self) -> tuple[str, ...]:
        """The families that can sign now."""
        return tuple(key.family for key in self.keys if key.state is KeyState.ACTIVE)

    def listed(self) -> tuple[LifeKey, ...]:
        """Give the keys that the JWKS shows, in its order."""
        return tuple(key for key in self.keys if key.state.listed)

    def added(self, key: LifeKey) -> KeyRing:
        """Take in a key.

        Raises:
            ConfigError: a key of that kid is there already, or the key is active beside an active one of its family.
        """
        return KeyRing((*self.keys, key))

    def published(self, kid: str, now: datetime) -> KeyRing:
        """List a key from now on, without signing with it; one that was removed may come back.

        Raises:
            ConfigError: it is listed already, compromised, or not there.
        """
        key = self.key(kid)
        if key.state.listed:
            raise key_move_impossible(key, "it is listed already", "swap to it when every verifier can know it")
        if key.state is KeyState.COMPROMISED:
            raise key_move_impossible(key, "somebody else may sign with it", "publish a new key")
        return self._with(now, {kid: KeyState.PUBLISHED})

    def swapped(self, kid: str, now: datetime) -> KeyRing:
        """Sign with a published key from now on; the key that its family signed with goes on being listed.

        A draining key can be swapped to as well: that is a rollback, and needs no wait.

        Raises:
            ConfigError: it is not listed, signs already, is compromised, or not there.
        """
        key = self.key(kid)
        if key.state is KeyState.ACTIVE:
            raise key_move_impossible(key, "it signs already", "swap to another key")
        if key.state is KeyState.COMPROMISED:
            raise key_move_impossible(key, "somebody else may sign with it", "publish a new key and swap to that one")
        if not key.state.listed:
            raise key_move_impossible(key, "no verifier can find it yet", "publish it first")
        retired = [other for other in self.keys if other.family == key.family and other.state is KeyState.ACTIVE]
        return self._with(now, {key.kid: KeyState.ACTIVE, **{other.kid: KeyState.DRAINING for other in retired}})

    def unpublished(self, kid: str, now: datetime) -> KeyRing:
        """List a key no longer.

        Raises:
            ConfigError: it signs, is not listed, or not there.
        """
        key = self.key(kid)
        if key.state is KeyState.ACTIVE:
            raise key_move_impossible(
                key, "it signs, and nobody could verify that any more", "swap to another key first"
            )
        if not key.state.listed:
            raise key_move_impossible(key, "it is not listed", "there is nothing to take away")
        return self._with(now, {kid: KeyState.REMOVED})

    def compromised(self, kid: str, now: datetime) -> KeyRing:
        """List a key no longer and never sign with it again, from whatever state; its family then needs a swap.

        Raises:
            ConfigError: it is compromised already, or not there.
        """
        key = self.key(kid)
        if key.state is KeyState.COMPROMISED:
            raise key_move_impossible(key, "that is known already", "nothing is to be done")
        return self._with(now, {kid: KeyState.COMPROMISED})

    def moved(self, verb: KeyVerb, kid: str, now: datetime) -> KeyRing:
        """Do what a verb says.

        Raises:
            ConfigError: it cannot be done.
        """
        match verb:
            case KeyVerb.PUBLISH:
                return self.published(kid, now)
            case KeyVerb.SWAP:
                return self.swapped(kid, now)
            case KeyVerb.UNPUBLISH:
                return self.unpublished(kid, now)
            case KeyVerb.COMPROMISE:
                return self.compromised(kid, now)

    def _with(self, now: datetime, states: Mapping[str, KeyState]) -> KeyRing:
        return KeyRing(
            tuple(replace(key, state=states[key.kid], since=now) if key.kid in states else key for key in self.keys)
        )
