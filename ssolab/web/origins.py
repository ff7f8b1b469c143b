"""Where each side of the lab has its partner's metadata from, and the copy that it holds now."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import timedelta

    from ssolab.core.keys import TrustedKey
    from ssolab.saml.metadata_acceptance import RoleName
    from ssolab.saml.metadata_refresh import Holding

Side = Literal["asserting", "relying"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Metadata of the party *party* that the *side* of the lab believes its partner by.

    `read` gives the document anew, from the file or the address that `place` names; `pinned` keys judge its signature,
    and without any it has to be `unsigned`. `longest` is how far ahead its validUntil may lie without a warning.
    `first` is the copy that the lab starts with. `believed` turns the keys in the metadata into the keys to trust: a
    partner's mock signs with a twin. A copy that is past its validUntil refuses messages where this is `enforced`, and
    otherwise warns: who uploads a file by hand does not look again.
    """

    party: str
    side: Side
    entity_id: str
    place: str
    read: Callable[[], bytes] = field(repr=False, compare=False)
    first: Holding
    believed: Callable[[Sequence[TrustedKey]], tuple[TrustedKey, ...]] = field(repr=False, compare=False, default=tuple)
    pinned: tuple[TrustedKey, ...] = ()
    unsigned: bool = False
    longest: timedelta | None = None
    enforced: bool = True

    @property
    def role(self) -> RoleName:
        """What the partner is needed as."""
        return "idp" if self.side == "relying" else "sp"


class Held:
    """One origin with its copy. Whoever refreshes it holds `lock`, so that two messages do not fetch it twice."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.holding = origin.first
        self.lock = threading.Lock()


class Origins:
    """All origins of a lab, each with the copy that is held."""

    def __init__(self, origins: Iterable[Origin]) -> None:
        self._held = tuple(Held(origin) for origin in origins)

    def __iter__(self) -> Iterator[Held]:
        """Go through them in the order of the lab."""
        return iter(self._held)

    def of(self, side: Side, entity_id: str) -> Held | None:
        """Find the one by which a side believes that partner."""
        return next(
            (each for each in self._held if (each.origin.side, each.origin.entity_id) == (side, entity_id)), None
        )

    def of_party(self, party: str) -> tuple[Held, ...]:
        """Find those of a party of the lab."""
        return tuple(each for each in self._held if each.origin.party == party)
