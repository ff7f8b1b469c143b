"""What a relying party sends a browser off with: the authorization request, and what it has to remember of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from ssolab.core.jose import encode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    from ssolab.oidc.discovered import Discovered
    from ssolab.oidc.relying import RelyingClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Dice:
    """The random values of one login, each of which nobody can guess."""

    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An authorization request that waits for its answer; kept by its state, and good for one answer.

    `provider` is the document as it was then: the code goes to its token endpoint and to no other. `verifier` proves
    there that the code is ours (RFC 7636). `subject` is who the answer has to be about, where an id_token_hint said so;
    `acr` are the classes of authentication that were asked for.
    """

    provider: Discovered
    redirect_uri: str
    response_type: str
    at: datetime
    nonce: str | None = None
    verifier: str | None = field(default=None, repr=False)
    max_age: timedelta | None = None
    acr: tuple[str, ...] = ()
    acr_essential: bool = False
    subject: str | None = None
    go_to: str = "/"


def challenge_of(verifier: str) -> str:
    """Make the S256 challenge of a verifier (RFC 7636 4.2)."""
    return encode(hashlib.sha256(verifier.encode()).digest())


def authorization_request(client: RelyingClient, provider: Discovered, dice: Dice, wishes: Mapping[str, str]) -> str:
    """Write the address to send the browser to (OpenID Connect Core 3.1.2.1).

    *wishes* are further parameters, such as `prompt` or `max_age`; they may replace what the client would send by
    itself, but for what ties the answer to this login.
    """
    parameters = {
        "response_type": client.response_type,
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": " ".join(client.scopes),
    }
    if client.returns != {"code"}:
        parameters["response_mode"] = "form_post"  # a fragment never reaches a server
    parameters |= wishes
    parameters["state"] = dice.state
    if client.sends_nonce:
        parameters["nonce"] = dice.nonce
    if client.uses_pkce and "code" in parameters["response_type"].split():
        parameters |= {"code_challenge": challenge_of(dice.verifier), "code_challenge_method": "S256"}
    mark = "&" if "?" in provider.authorization else "?"
    return f"{provider.authorization}{mark}{urlencode(parameters)}"
