"""The keys that faults sign with in a lab: made once, and not while a message waits for them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ssolab.core.keys import new_token_key_like
from ssolab.faults.kits import SPECIAL, look_alike, special_keys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.core.jose import JosePrivateKey
    from ssolab.core.keys import PublicKey, SigningCredential
    from ssolab.faults.engine import Fault


class Tools:
    """The keys of the generators: each is made once in a lab, when the first fault that may want it is armed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[tuple[str, str, int], JosePrivateKey] = {}
        self._special: dict[str, SigningCredential] = {}

    def throw_away(self, public: PublicKey) -> JosePrivateKey:
        """Give a key of the kind and size of another, which nobody trusts."""
        return self._like("foreign", public)

    def earlier(self, own: SigningCredential) -> SigningCredential:
        """Give a key that might have been there before a party's own."""
        return look_alike(own.certificate, self._like("earlier", own.public), "a twin in the place of an earlier key")

    def special(self, faults: Iterable[Fault], own: SigningCredential) -> dict[str, SigningCredential]:
        """Give those of the special keys that the faults need."""
        chosen = tuple(faults)
        wanted = {name for each in chosen for name in each.needs} & SPECIAL.keys()
        with self._lock:
            if not wanted <= self._special.keys():
                self._special = special_keys(chosen, own.certificate) | self._special
            return {name: self._special[name] for name in wanted}

    def _like(self, purpose: str, public: PublicKey) -> JosePrivateKey:
        place = purpose, public.kind, public.bits
        with self._lock:
            if place not in self._made:
                self._made[place] = new_token_key_like(public)
            return self._made[place]
