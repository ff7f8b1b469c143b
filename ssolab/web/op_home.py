"""What the front page of the asserting party tells of the OpenID provider: its addresses, its clients, a way in.

It asks for nothing that hangs on keys, since those of an org take seconds to make and a front page is for looking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.web.addresses import DISCOVERY, OIDC_BEARER, OIDC_LOGIN
from ssolab.web.pages import Start, known_facts

if TYPE_CHECKING:
    from ssolab.oidc.parties import Client
    from ssolab.web.lab import Lab

_SHOWN: Final = 20


def provider_starts(lab: Lab) -> list[Start]:
    """Give the ways in by OpenID Connect and OAuth, where the lab's own client listens anywhere to begin them."""
    if not lab.bases.relying:
        return []
    own = lab.openid.own_client(lab.play.client_id)
    name = own.registered.client_id
    says = f"OpenID Connect: it begins at the service provider, which is the client {name}."
    found = [Start(href=lab.bases.relying + OIDC_LOGIN, text="Log in by OpenID Connect", says=says)]
    if own.key is not None:
        says = f"JWT bearer: the client {name} signs for whom it wants the token, and nobody logs in."
        found.append(Start(href=lab.bases.relying + OIDC_BEARER, text="Fetch a token with an assertion", says=says))
    return found


def provider_facts(lab: Lab) -> list[tuple[str, str]]:
    """Describe the provider and its clients; no secret is among that."""
    seen = lab.openid.outside
    at, clients = seen.endpoints, list(lab.openid.clients.values())
    return known_facts(
        [
            ("issuer", seen.issuer),
            ("flavour", seen.flavour),
            ("discovery", seen.issuer + DISCOVERY),
            ("jwks_uri", at.jwks),
            ("authorization", at.authorization),
            ("token", at.token),
            ("userinfo", at.userinfo),
            ("introspection", at.introspection),
            ("revocation", at.revocation),
            ("end of session", at.end_session),
            ("registration", at.registration),
            *(("client", _described(each)) for each in clients[:_SHOWN]),
            ("further clients", len(clients[_SHOWN:]) or None),
        ]
    )


def _described(client: Client) -> str:
    """Say who a client is and how it proves that."""
    ways = [*(["a secret"] if client.secret else []), *(["a key"] if client.signs else [])]
    proves = "by nothing, as a public client" if client.is_public else f"by {' or '.join(ways)}"
    name = f" ({client.name})" if client.name else ""
    return f"{client.client_id}{name}, proves itself {proves}"
