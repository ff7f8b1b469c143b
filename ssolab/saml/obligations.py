"""What an accepted AuthnRequest obliges the identity provider to: which name it gives, and when it has to decline.

A request may ask for a kind of name, for a way of logging in, or that nobody is asked anything. Whoever cannot do as
asked has to say so with a status (SAML2Core 3.2.2.2) and must not answer as if nothing had been asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.saml.names import (
    EMAIL,
    INVALID_POLICY,
    NO_CONTEXT,
    NO_PASSIVE,
    PERSISTENT,
    REQUESTER,
    RESPONDER,
    TRANSIENT,
    UNSPECIFIED,
)
from ssolab.saml.subjects import NameID

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.saml.messages import AuthnRequest

FORMATS: Final = frozenset({UNSPECIFIED, EMAIL, PERSISTENT, TRANSIENT})


@dataclass(frozen=True, slots=True)
class Declined:
    """Why no assertion is issued: status codes, the outermost first, and a message for people."""

    codes: tuple[str, ...]
    message: str


def declined(request: AuthnRequest, *, context: str | None) -> Declined | None:
    """Say why the request cannot be met, or None.

    Args:
        request: a request that was accepted.
        context: the authentication context class that an assertion will state; None where requested ones are ignored.
    """
    if request.is_passive:
        return Declined((RESPONDER, NO_PASSIVE), "IsPassive was asked for, and somebody would have to choose a name")
    policy = request.name_id_policy
    if policy and policy.format and policy.format not in FORMATS:
        return Declined((REQUESTER, INVALID_POLICY), f"no NameID of format {policy.format} can be given")
    wanted = request.requested_authn_context
    exact = wanted is not None and wanted.comparison in (None, "exact")
    if wanted and exact and wanted.class_refs and context and context not in wanted.class_refs:
        return Declined((RESPONDER, NO_CONTEXT), f"the login is by {context}, which is not among those asked for")
    return None


def asks_for_an_address(request: AuthnRequest) -> bool:
    """Say whether a request has a wish where or how its answer comes; else the choice is the identity provider's."""
    return not (
        request.assertion_consumer_service_url is None
        and request.assertion_consumer_service_index is None
        and request.protocol_binding is None
    )


def name_for(
    request: AuthnRequest | None, username: str, *, issuer: str, audience: str, new_id: Callable[[], str]
) -> NameID:
    """Give the name in the format that was asked for; an unsolicited answer gets the unspecified one.

    A persistent name is opaque, always the same for one user at one service provider and another at the next
    (SAML2Core 8.3.7); a transient one is new each time (8.3.8).
    """
    policy = request.name_id_policy if request else None
    format_ = (policy.format if policy else None) or UNSPECIFIED
    if format_ == PERSISTENT:
        opaque = hashlib.sha256(f"{issuer}\0{audience}\0{username}".encode()).hexdigest()
        return NameID(opaque, PERSISTENT, name_qualifier=issuer, sp_name_qualifier=audience)
    if format_ == TRANSIENT:
        return NameID(new_id(), TRANSIENT, name_qualifier=issuer, sp_name_qualifier=audience)
    return NameID(username, format_)
