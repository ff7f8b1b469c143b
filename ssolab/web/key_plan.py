"""What is planned for the provider's keys and its partners, and what that lets the key set promise until then."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from ssolab.oidc.keyring import KeyVerb
from ssolab.oidc.waiting import Delays, steady_max_age, urgent_max_age

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.oidc.relying import ClientKey
    from ssolab.web.holders import TrustVerb

JWKS_LIFE: Final = timedelta(minutes=5)
"""How long a key set may be kept where no plan says less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMove:
    """A key, called by its kid, moves at a moment of the lab's clock; `plan` is whose move it is, if not the plan's."""

    at: datetime
    verb: KeyVerb
    kid: str
    plan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTrust:
    """Somebody brings in or takes out a certificate: the provider for a client's keys, or the client for its own trust.

    A client that reads the provider's key set forgets its copy instead, and reads it anew.
    """

    at: datetime
    verb: TrustVerb
    certificate: Certificate
    client_id: str
    by_provider: bool
    plan: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSigning:
    """The lab's relying party signs with another key of its own from a moment on."""

    at: datetime
    key: ClientKey
    label: str
    client_id: str
    plan: str = ""


Planned: TypeAlias = "PlannedMove | PlannedTrust | PlannedSigning"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPlan:
    """The moves of a cutover in the order of their dates; `id` is that of the cutover.

    `partners` is what changes meanwhile at those who sign for the provider, or believe it, by hand.
    """

    id: str = ""
    moves: tuple[PlannedMove, ...] = ()
    partners: tuple[PlannedTrust | PlannedSigning, ...] = ()
    delays: Delays = field(default_factory=Delays)
    configured: timedelta = JWKS_LIFE

    def max_age(self, now: datetime) -> timedelta:
        """Compute how long a key set that is fetched now may be kept.

        Where the plan leaves time between publishing and swap, whoever obeys knows the new key in time; where it leaves
        none, as in an emergency, the age ends with the next move.
        """
        age = self.configured
        for swap in self.moves:
            if swap.verb is not KeyVerb.SWAP or swap.at <= now:
                continue
            before = [
                move.at
                for move in self.moves
                if move.verb is KeyVerb.PUBLISH and move.kid == swap.kid and move.at < swap.at
            ]
            if before:
                age = min(age, steady_max_age(self.configured, swap.at - before[-1], self.delays))
            else:
                following = next(move.at for move in self.moves if move.at > now)
                age = min(age, urgent_max_age(self.configured, now, following))
        return age


class Pending:
    """What of a plan is still to come. Each is given out once, whoever asks and wherever the clock goes."""

    def __init__(self, plan: KeyPlan) -> None:
        self.plan = plan
        self._left: list[Planned] = sorted([*plan.moves, *plan.partners], key=lambda each: each.at)
        self._lock = threading.Lock()

    def due(self, now: datetime, played: Callable[[], str]) -> tuple[Planned, ...]:
        """Take out that whose moment has come, the earliest first.

        Args:
            now: the moment.
            played: gives the client_id of the relying party that the lab plays; what is planned for another one waits
                until that is played.
        """
        if not self._left or self._left[0].at > now:
            return ()
        whose = played()
        with self._lock:
            due = tuple(each for each in self._left if each.at <= now and _of(each) in (None, whose))
            self._left = [each for each in self._left if each not in due]
            return due


def _of(planned: Planned) -> str | None:
    """Give the client that does it, None where the provider does."""
    if isinstance(planned, PlannedMove) or (isinstance(planned, PlannedTrust) and planned.by_provider):
        return None
    return planned.client_id
