"""How a party behaves: what is known of it, and what its unknown habits come to at worst and at best.

Every habit may be unknown. Unknown is never guessed away: it is resolved twice, to the worst and to the best case, and
the two answers frame the verdict.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Final


class Known(enum.StrEnum):
    """A fact about a partner that may not be known."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Mode(enum.StrEnum):
    """How a verifier learns of a key: by hand, by polling a document, on meeting an unknown key, or through an API."""

    MANUAL = "manual"
    PULL = "pull"
    ON_MISS = "on-miss"
    API = "api"


class Match(enum.StrEnum):
    """What a verifier compares. A fingerprint is a certificate's, so it behaves as the certificate does."""

    KEY = "key"
    CERTIFICATE = "certificate"
    FINGERPRINT = "fingerprint"
    UNKNOWN = "unknown"


class Slots(enum.StrEnum):
    """How many keys a verifier can hold, where it is not a number."""

    MANY = "many"
    UNKNOWN = "unknown"


class Unsaid(enum.Enum):
    """The duration that nobody knows."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unsaid.UNKNOWN
Span = timedelta | Unsaid

ASSUMED_REFRESH = timedelta(hours=24)
ASSUMED_PROPAGATION = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a party behaves as verifier and as signer. Durations are elapsed time; every field may be unknown.

    `lead` is how long people need to act, `propagation` how long an action takes to be effective, `refresh` the worst
    normal staleness of a polled document, `cooldown` the pause between fetches on a miss, `message_life` the longest
    time for which a message may be under way, `swap_takes` how long a signer's nodes disagree during its swap.
    """

    slots: int | Slots = Slots.UNKNOWN
    mode: Mode = Mode.MANUAL
    lead: Span = UNKNOWN
    propagation: Span = timedelta(0)
    refresh: Span = UNKNOWN
    cooldown: Span = timedelta(0)
    verifies: Known = Known.UNKNOWN
    checks_expiry: Known = Known.UNKNOWN
    match: Match = Match.KEY
    message_life: timedelta = timedelta(minutes=5)
    skew: timedelta = timedelta(minutes=1)
    swap_takes: timedelta = timedelta(0)
    per_partner_key: bool = True

    def unknowns(self) -> tuple[str, ...]:
        """Name the fields that are unknown and matter to a rehearsal in this mode."""
        matters = {"slots", "verifies", "checks_expiry", "match", "propagation"}
        matters |= {Mode.PULL: {"refresh"}, Mode.ON_MISS: {"cooldown"}}.get(self.mode, set())
        if self.verifies is Known.NO:
            return ()
        return tuple(
            each.name for each in fields(self) if each.name in matters and _is_unknown(getattr(self, each.name))
        )

    def worst(self) -> Habits:
        """Resolve every unknown against us: one slot, strict, slow."""
        return replace(
            self,
            slots=1 if self.slots is Slots.UNKNOWN else self.slots,
            verifies=Known.YES if self.verifies is Known.UNKNOWN else self.verifies,
            checks_expiry=Known.YES if self.checks_expiry is Known.UNKNOWN else self.checks_expiry,
            match=Match.CERTIFICATE if self.match is Match.UNKNOWN else self.match,
            refresh=known_or(self.refresh, ASSUMED_REFRESH),
            propagation=known_or(self.propagation, ASSUMED_PROPAGATION),
            cooldown=known_or(self.cooldown, ASSUMED_PROPAGATION),
        )

    def best(self) -> Habits:
        """Resolve every unknown for us: many slots, lenient. Durations bound an interval and stay at their worst."""
        return replace(
            self.worst(),
            slots=Slots.MANY if self.slots is Slots.UNKNOWN else self.slots,
            verifies=Known.NO if self.verifies is Known.UNKNOWN else self.verifies,
            checks_expiry=Known.NO if self.checks_expiry is Known.UNKNOWN else self.checks_expiry,
            match=Match.KEY if self.match is Match.UNKNOWN else self.match,
        )


def _is_unknown(value: object) -> bool:
    return value is UNKNOWN or value in (Slots.UNKNOWN, Known.UNKNOWN, Match.UNKNOWN)


def known_or(span: Span, otherwise: timedelta) -> timedelta:
    """Give the duration, or *otherwise* where nobody knows it."""
    return otherwise if isinstance(span, Unsaid) else span
