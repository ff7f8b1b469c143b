"""Who is logged in at one side of the pair, so that a logout has something to end.

A browser would hold a cookie; the lab holds the sessions itself, since tests and the rehearsal log in without a browser
and a person at the lab wants to see them all.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssolab.saml.logout_checks import Session
from ssolab.saml.messages import NameID
from ssolab.web.memory import Memory

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.saml.materials import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One session: the key by which the lab's own pages name it, with whom it is shared, and since when."""

    key: str
    partner: str
    session: Session
    since: datetime

    @property
    def name(self) -> str:
        """Whose it is."""
        return self.session.name_id.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A logout that waits for the partner's answer, with the local path to go to afterwards."""

    name: str
    go_to: str | None


class Sessions:
    """The sessions of one side, the oldest forgotten when there are too many."""

    def __init__(self, limit: int = 1000) -> None:
        self._lock = threading.Lock()
        self._limit = limit
        self._held: OrderedDict[str, Held] = OrderedDict()
        self.leaving: Memory[Leaving] = Memory()
        """The logout requests that wait for an answer, by ID."""

    def begin(self, partner: str, session: Session, since: datetime) -> Held:
        """Keep a new session that is shared with *partner*."""
        held = Held(key=secrets.token_urlsafe(12), partner=partner, session=session, since=since)
        with self._lock:
            self._held[held.key] = held
            if len(self._held) > self._limit:
                self._held.popitem(last=False)
        return held

    def shared_with(self, partner: str) -> tuple[Held, ...]:
        """Give the sessions that are shared with a partner, the oldest first."""
        with self._lock:
            return tuple(held for held in self._held.values() if held.partner == partner)

    def end(self, held: Held) -> bool:
        """End a session, and say whether it was still there."""
        with self._lock:
            return self._held.pop(held.key, None) is not None

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
        self.leaving.clear()


def session_of(person: Principal) -> Session:
    """Give the session of somebody who has just logged in, named as the assertion named them."""
    name = NameID(person.name_id, person.format, person.name_qualifier, person.sp_name_qualifier, person.sp_provided_id)
    return Session(name, person.session_index)
