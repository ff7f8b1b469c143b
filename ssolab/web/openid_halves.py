"""The OpenID half of the link that is played: which provider and which relying party that is, and what they remember.

A lab file may have several providers and clients, and one of each answers at a time. Each keeps its keys, tokens and
copies while another is played, as real ones do.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from ssolab.web.openid import OpenidState
from ssolab.web.rp_state import RelyingState, own_relying

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.web.op_start import Beginning
    from ssolab.web.openid import Openid


class _Played(Protocol):
    """The part of a link as it is played that is needed here."""

    @property
    def openid(self) -> Openid | None: ...
    @property
    def client_id(self) -> str | None: ...


P = TypeVar("P", bound=_Played)


class OpenidHalves(Generic[P]):
    """The providers and relying parties of a lab, each begun when it is first asked for."""

    def __init__(self, begin: Callable[[P], Beginning]) -> None:
        self._begin = begin
        self._lock = threading.RLock()
        self._providers: dict[str, OpenidState] = {}
        self._relying: dict[tuple[str, str | None], RelyingState] = {}

    def provider(self, play: P) -> OpenidState:
        """Give the provider of a link."""
        name = play.openid.party if play.openid else ""
        if (found := self._providers.get(name)) is not None:
            return found
        with self._lock:
            if name not in self._providers:
                made = OpenidState(play.openid, self._begin(play))
                for other in self._providers.values():  # whoever carries the messages carries those of all
                    made.post = other.post
                self._providers[name] = made
            return self._providers[name]

    def relying(self, play: P) -> RelyingState:
        """Give the relying party of a link."""
        name = play.openid.party if play.openid else "", play.client_id
        if (found := self._relying.get(name)) is not None:
            return found
        with self._lock:
            if name not in self._relying:
                provider = self.provider(play)
                made = RelyingState(lambda: own_relying(provider, play.client_id))
                for other in self._relying.values():
                    made.send = other.send
                self._relying[name] = made
            return self._relying[name]

    def end_sessions(self) -> None:
        """Forget who is logged in, and whoever is about to."""
        for provider in self._providers.values():
            provider.end_sessions()
        for relying in self._relying.values():
            relying.clear()

    def clear(self) -> None:
        """Forget all that happened; settings, keys, clients and copies of keys stay."""
        for provider in self._providers.values():
            provider.clear()
        for relying in self._relying.values():
            relying.clear()
