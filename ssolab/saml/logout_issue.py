"""Drafting the messages of single logout; `issue.seal` signs them and `bindings` carries them, as any other.

Either side of a link may begin, so both drafts take either party. The partner's metadata says where they go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.findings import ConfigError
from ssolab.saml.logout import LogoutRequest, LogoutResponse
from ssolab.saml.messages import Status
from ssolab.saml.names import ENTITY, LOGOUT_BY_USER, POST, REDIRECT, SUCCESS
from ssolab.saml.parties import AssertingParty
from ssolab.saml.subjects import NameID

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ssolab.saml.endpoints import Endpoint
    from ssolab.saml.parties import RelyingParty

FRONT_CHANNEL: Final = (REDIRECT, POST)
"""The bindings that a browser carries, the one that is chosen first in front."""


def logout_endpoint(party: AssertingParty | RelyingParty) -> Endpoint:
    """Choose where a side sends its logout messages: its partner's address for Redirect, else the one for POST.

    A side that has chosen a binding of its own, as a Salesforce org has with singleLogoutBinding, uses that alone.

    Raises:
        ConfigError: the partner's metadata has no such address.
    """
    bindings = FRONT_CHANNEL if party.logout_binding is None else (party.logout_binding,)
    for binding in bindings:
        for endpoint in party.partner_logout:
            if endpoint.binding == binding:
                return endpoint
    wanted = " or ".join(each.rpartition(":")[2] for each in bindings)
    problem = f"knows no SingleLogoutService of {party.partner} for {wanted}"
    raise ConfigError(party.entity_id, problem, "add the address to the partner's metadata")


def answer_location(endpoint: Endpoint) -> str:
    """Give the address of an answer, which metadata may name apart (SAML2Meta 2.2.2)."""
    return endpoint.response_location or endpoint.location


def draft_logout_request(  # noqa: PLR0913  each is a field of the standard's request
    party: AssertingParty | RelyingParty,
    *,
    now: datetime,
    new_id: Callable[[], str],
    name_id: NameID,
    session_indexes: Sequence[str] = (),
    reason: str | None = LOGOUT_BY_USER,
) -> LogoutRequest:
    """Draft a LogoutRequest, good for the party's message_life.

    Args:
        party: who asks its partner.
        now: the moment of issue.
        new_id: makes the request's ID.
        name_id: whose sessions shall end, with format and qualifiers exactly as the assertion named them.
        session_indexes: which of them; none for all.
        reason: why, as a URI of SAML2Core 3.7.3.

    Raises:
        ConfigError: the partner has no address for logout.
    """
    return LogoutRequest(
        id=new_id(),
        issue_instant=(issued := now.replace(microsecond=now.microsecond // 1000 * 1000)),
        destination=logout_endpoint(party).location,
        issuer=_issuer(party),
        not_on_or_after=issued + party.message_life,
        reason=reason,
        name_id=name_id,
        session_indexes=tuple(session_indexes),
    )


def draft_logout_response(  # noqa: PLR0913  each is a field of the standard's response
    party: AssertingParty | RelyingParty,
    *,
    now: datetime,
    new_id: Callable[[], str],
    in_response_to: str,
    codes: tuple[str, ...] = (SUCCESS,),
    message: str | None = None,
) -> LogoutResponse:
    """Draft a LogoutResponse.

    Args:
        party: who answers its partner.
        now: the moment of issue.
        new_id: makes the response's ID.
        in_response_to: ID of the request, to the letter.
        codes: the status codes, outermost first.
        message: the StatusMessage, for people.

    Raises:
        ConfigError: the partner has no address for logout.
    """
    return LogoutResponse(
        id=new_id(),
        issue_instant=now.replace(microsecond=now.microsecond // 1000 * 1000),
        status=Status(codes=codes, message=message),
        destination=answer_location(logout_endpoint(party)),
        in_response_to=in_response_to,
        issuer=_issuer(party),
    )


def _issuer(party: AssertingParty | RelyingParty) -> NameID:
    """Name a side as it does elsewhere: Salesforce writes the Format where it is the identity provider."""
    salesforce_idp = party.flavour == "salesforce" and isinstance(party, AssertingParty)
    return NameID(party.entity_id, ENTITY if salesforce_idp else None)
