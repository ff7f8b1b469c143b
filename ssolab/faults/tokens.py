"""Sending tokens, key sets and discovery documents with faults in them, as `issuing` does for messages of SAML.

What carries no fault is exactly what the modules of OpenID Connect write, and needs no kit.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast

from ssolab.core.jose import sign_compact
from ssolab.faults.engine import Carrier, Stage, altered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ssolab.core.jose import JosePrivateKey
    from ssolab.faults.engine import Fault, Kit

TOKENS: Final = frozenset(
    {
        Carrier.ID_TOKEN,
        Carrier.ACCESS_TOKEN,
        Carrier.LOGOUT_TOKEN,
        Carrier.CLIENT_ASSERTION,
        Carrier.BEARER_ASSERTION,
    }
)
"""What is a token, whoever makes it."""


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A token before it is signed; `payload`, where it is given, is signed in the place of the claims."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    private: JosePrivateKey = field(repr=False)
    alg: str
    payload: bytes | None = None

    def claiming(self, **claims: Any) -> Draft:
        """Set claims; the others stay, in their order."""
        return replace(self, claims={**self.claims, **claims})

    def headed(self, **members: Any) -> Draft:
        """Set members of the header; the others stay, in their order."""
        return replace(self, header={**self.header, **members})

    def without(self, *names: str) -> Draft:
        """Leave claims out."""
        return replace(self, claims={name: value for name, value in self.claims.items() if name not in names})

    def without_header(self, *names: str) -> Draft:
        """Leave members of the header out."""
        return replace(self, header={name: value for name, value in self.header.items() if name not in names})


def issued(draft: Draft, kit: Kit | None, faults: Sequence[Fault] = ()) -> str:
    """Sign a drafted token, with the faults of its stages.

    Raises:
        ConfigError: a fault needs what the kit does not have, or does not find in the token what it changes.
        InputError: the key cannot sign with the algorithm.
    """
    draft = altered(faults, Stage.DRAFT, draft, kit)
    payload = draft.claims if draft.payload is None else draft.payload
    token = sign_compact(draft.header, payload, draft.private, draft.alg)
    return cast("str", altered(faults, Stage.TOKEN, token, kit))


def published(document: Mapping[str, Any], kit: Kit | None, faults: Sequence[Fault] = ()) -> bytes:
    """Write a key set or a discovery document, with the faults of that stage.

    Raises:
        ConfigError: a fault does not find in the document what it changes.
    """
    return cast("bytes", altered(faults, Stage.DOCUMENT, json.dumps(document).encode(), kit))
