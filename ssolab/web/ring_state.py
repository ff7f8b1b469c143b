"""What the lab remembers of the keys that its sides sign SAML with: which there are, and where each is in its life."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from ssolab.oidc.keyring import KeyRing, KeyState
from ssolab.oidc.life import LifeKey

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.web.holders import Holder

SAML: Final = "saml"
"""The purpose of a key that signs SAML: one signs at a time, whatever its kind."""


class Rings:
    """The rings of the sides of SAML, by their entityIDs; `moving` is held by whoever moves a key."""

    def __init__(self) -> None:
        self.moving = threading.RLock()
        self._rings: dict[tuple[Holder, str], KeyRing] = {}

    def of(self, holder: Holder, party: AssertingParty | RelyingParty, since: datetime) -> KeyRing:
        """Give the ring of a side; it begins anew where somebody else has changed what the side signs with.

        Raises:
            InputError: its key is of a kind that no JWK is written for, so it has no name.
        """
        with self.moving:
            held = self._rings.get((holder, party.entity_id))
            own = party.credential
            if held is not None and any(
                key.state is KeyState.ACTIVE and key.certificate == own.certificate for key in held.keys
            ):
                return held
            key = LifeKey.of(
                own.private,
                since,
                certificate=own.certificate,
                label=own.label,
                purpose=SAML,
                state=KeyState.ACTIVE,
            )
            return KeyRing((key,))

    def keep(self, holder: Holder, entity_id: str, ring: KeyRing) -> None:
        """Keep the ring of a side."""
        with self.moving:
            self._rings[holder, entity_id] = ring
