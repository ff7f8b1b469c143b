"""The inventory: parties, what is known of their habits, links between them, and the steps of a cutover.

Every habit may be unknown. Unknown is never guessed away: it is resolved twice, to the worst and to the best case, and
the two answers frame the verdict. Both planner and checker read these types and share nothing else.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import Permission, SigningCredential
    from ssolab.cutover.scene import Flow
    from ssolab.saml.metadata import EntityDescriptor


class PartyKind(enum.StrEnum):
    """What a party is: a Salesforce org is both an identity provider and a service provider."""

    SALESFORCE = "salesforce"
    IDP = "idp"
    SP = "sp"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why a profile says what it says."""

    says: str
    confidence: str
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The habits of a product in one role, with evidence and the day on which it was looked at."""

    id: str
    title: str
    role: str
    habits: Habits
    as_of: datetime
    evidence: tuple[Evidence, ...]
    notes: str = ""


@dataclass(frozen=True, kw_only=True)
class Party:
    """One organisation or system: its metadata, certificates by path within the lab, and the keys that we hold.

    `credentials` maps a certificate's SHA-256 to the private key for it, where the user gave a key store.
    """

    id: str
    kind: PartyKind
    entities: tuple[EntityDescriptor, ...] = ()
    certificates: Mapping[str, Certificate] = field(default_factory=dict)
    credentials: Mapping[str, SigningCredential] = field(default_factory=dict)
    profile: Profile | None = None
    habits: Habits = field(default_factory=Habits)
    flavour: str = "generic"
    permit: frozenset[Permission] = frozenset()

    def holds(self, certificate: Certificate) -> bool:
        """Say whether the certificate is one of this party's own."""
        return any(own.sha256 == certificate.sha256 for own in self.certificates.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One use of one party's key by another; `weight` is in users, or logins an hour."""

    id: str
    flow: Flow
    signer: str
    verifier: str
    weight: float = 1.0


class Verb(enum.StrEnum):
    """What a step does: the signer publishes, swaps and unpublishes; a verifier adds, replaces and removes."""

    PUBLISH = "publish"
    ADD = "add"
    REPLACE = "replace"
    SWAP = "swap"
    UNPUBLISH = "unpublish"
    REMOVE = "remove"

    @property
    def by_signer(self) -> bool:
        """Whether the signer does it, for all its partners at once."""
        return self in (Verb.PUBLISH, Verb.SWAP, Verb.UNPUBLISH)


class Brings(enum.StrEnum):
    """What a verifier takes over in a step, where the relying party's address changes together with its key."""

    KEY = "key"
    ADDRESS = "address"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One action at one moment; without a party it is done by every party that the verb fits."""

    do: Verb
    at: datetime
    party: str | None = None
    brings: Brings = Brings.BOTH


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChange:
    """The AssertionConsumerService location before and after the swap, where the swap changes it too."""

    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class Cutover:
    """A change from one certificate to another over some links."""

    id: str
    links: tuple[str, ...]
    old: Certificate
    new: Certificate
    old_name: str
    new_name: str
    steps: tuple[Step, ...] = ()
    address: AddressChange | None = None
    hash: str = "sha256"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Someone who can log in at the mock asserting party."""

    username: str
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """A whole lab: what `ssolab.toml` and the files that it names say."""

    name: str
    clock: datetime | None
    parties: Mapping[str, Party]
    links: Mapping[str, Link]
    cutovers: Mapping[str, Cutover]
    users: tuple[User, ...]
    host: str = "127.0.0.1"
    flavours: Mapping[str, str] = field(default_factory=dict)

    def cutover(self, wanted: str | None) -> Cutover:
        """Find the cutover of that id, or the only one.

        Raises:
            ConfigError: there is none of that id, or none or several where no id was given.
        """
        there = ", ".join(self.cutovers) or "none"
        if wanted is None:
            if len(self.cutovers) == 1:
                return next(iter(self.cutovers.values()))
            remedy = "name one with --cutover" if self.cutovers else "add a [[cutover]] with links, from, to and steps"
            raise ConfigError(self.name, f"the lab has {len(self.cutovers)} cutovers ({there})", remedy)
        if wanted not in self.cutovers:
            raise ConfigError(self.name, f"no cutover is called {wanted!r}", f"the lab has: {there}")
        return self.cutovers[wanted]

    def signer(self, link: Link) -> Party:
        """Give the party whose signature is under test on the link."""
        return self.parties[link.signer]

    def verifier(self, link: Link) -> Party:
        """Give the party that has to trust that signature."""
        return self.parties[link.verifier]
