"""What is particular about a rotation of keys that a JWKS lists: names, what it says of itself, and what goes wrong.

The defaults are a provider that does all of it well; a scenario changes one thing.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.core.certs import Certificate


class Trouble(enum.StrEnum):
    """What is wrong with the address of the JWKS for a while.

    DOWN: it answers 503. ERROR_PAGE: it answers 200 with a page in place of the set. STALE: some of its edges go on
    serving the set as it was at the beginning.
    """

    DOWN = "down"
    ERROR_PAGE = "error-page"
    STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mishap:
    """A trouble in [start, end)."""

    trouble: Trouble
    start: datetime
    end: datetime

    def lasts(self, moment: datetime) -> bool:
        """Say whether it is going on."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedKey:
    """A key as a JWKS lists it: the certificate over it, and the members beside it.

    `envelope` is a certificate in its `x5c`, which may be over another key by mistake.
    """

    kid: str | None
    certificate: Certificate
    alg: str | None = None
    use: str = "sig"
    envelope: Certificate | None = None


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """How the keys of a cutover are called and served.

    `old_kid` and `new_kid` are thumbprints where they are None; `named` says whether keys and tokens carry a kid at
    all. `old_alg` and `new_alg` are what either key signs with. `replicas` (P) is how long it takes until every edge
    serves a change, `max_age` what the answers say. `flipped` is from when on the order of the list is reversed.
    `decoys` are listed besides. `stale_envelope` leaves the old certificate in the `x5c` of the new key.
    """

    old_kid: str | None = None
    new_kid: str | None = None
    named: bool = True
    old_alg: str | None = None
    new_alg: str | None = None
    replicas: timedelta = timedelta(0)
    max_age: timedelta | None = None
    mishaps: tuple[Mishap, ...] = ()
    flipped: datetime | None = None
    decoys: tuple[ListedKey, ...] = ()
    stale_envelope: bool = False
