"""What a lab knows of a party of OpenID Connect or OAuth beside its certificates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class OpenidParty:
    """A provider by its `issuer`, a client by its `client_id`, with what was agreed upon.

    `kids` are the names that its published key set gives to keys, by the SHA-256 of their SubjectPublicKeyInfo.
    `algorithms` are those that it allows in tokens, all of them where there are none.
    """

    issuer: str | None = None
    client_id: str | None = None
    secret: str | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = ()
    kids: Mapping[str, str] = field(default_factory=dict)
    algorithms: tuple[str, ...] = ()
