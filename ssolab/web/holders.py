"""The parties that have keys or trust some: each side of SAML, and the provider and the client of OpenID Connect."""

from __future__ import annotations

import enum
from typing import Literal


class Holder(enum.StrEnum):
    """A party that has keys or trusts some."""

    ASSERTING = "asserting"
    RELYING = "relying"
    PROVIDER = "provider"
    CLIENT = "client"

    @property
    def side(self) -> Literal["asserting", "relying"]:
        """The side of the pair that plays it."""
        return "asserting" if self in (Holder.ASSERTING, Holder.PROVIDER) else "relying"


class TrustVerb(enum.StrEnum):
    """What is done with a certificate."""

    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"
