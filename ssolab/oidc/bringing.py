"""A client that brings a token of its own making as a grant: the assertion, and the form that carries it (RFC 7523)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.catalog import barrier
from ssolab.core.findings import InputError
from ssolab.core.jose import sign_compact
from ssolab.oidc.grants import JWT_BEARER

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.oidc.redeeming import Signer
    from ssolab.oidc.relying import RelyingClient

LIFE: Final = timedelta(minutes=3)
"""How long an assertion is good; Salesforce takes none that ends later."""


@barrier(cites="RFC 7523 3")
def nothing_to_assert_with(client_id: str) -> InputError:
    """The client has no key, so it can make no assertion.

    A client with a secret alone proves itself by that, and speaks for nobody. Give its party a certificate or a key set
    in the lab file, and the provider the same certificate.
    """
    return InputError(client_id, "it has no key to sign an assertion with", "give its party a certificate")


def bearer_assertion(  # noqa: PLR0913  who says it, to whom, of whom, when, and under which name
    client: RelyingClient, audience: str, subject: str, *, now: datetime, jti: str, sign: Signer = sign_compact
) -> str:
    """Assert to a token endpoint that a client may act for a user (RFC 7523 3).

    Args:
        client: whose word it is.
        audience: the token endpoint.
        subject: the user.
        now: the moment.
        jti: the identifier of the assertion.
        sign: signs it.

    Raises:
        InputError: the client has no key, or one that cannot sign with its algorithm.
    """
    if client.key is None:
        raise nothing_to_assert_with(client.client_id)
    issued = int(now.timestamp())
    claims = {
        "iss": client.client_id,
        "sub": subject,
        "aud": audience,
        "jti": jti,
        "iat": issued,
        "exp": issued + int((client.assertion_life or LIFE).total_seconds()),
    }
    header = {"typ": "JWT"} | ({} if client.key.kid is None else {"kid": client.key.kid})
    return sign(header, claims, client.key.private, client.key.alg)


def assertion_grant(assertion: str) -> dict[str, str]:
    """Give the parameters that take an assertion to the token endpoint (RFC 7523 2.1)."""
    return {"grant_type": JWT_BEARER, "assertion": assertion}
