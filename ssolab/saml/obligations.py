"""What an accepted AuthnRequest obliges the identity provider to: which name it gives, and when it has to decline.

A request may ask for a kind of name, for a way of logging in, or that nobody is asked anything. Whoever cannot do as
asked has to say so with a status (SAML2Core 3.2.2.2) and must not answer as if nothing had been asked.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from ssolab.saml.contexts import COMPARISONS, meets
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
from ssolab.saml.statuses import REQUEST_UNSUPPORTED, UNKNOWN_PRINCIPAL, Declined
from ssolab.saml.subjects import NameID, same_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ssolab.saml.messages import AuthnRequest, NameIDPolicy, RequestedAuthnContext

FORMATS: Final = frozenset({UNSPECIFIED, EMAIL, PERSISTENT, TRANSIENT})


STRANGER: Final = Declined((RESPONDER, UNKNOWN_PRINCIPAL), "whoever logs in here is not the subject of the request")


def declined(
    request: AuthnRequest, *, context: str | None, known: bool = False, recognised: bool = True
) -> Declined | None:
    """Say why the request cannot be met, or None.

    Args:
        request: a request that was accepted.
        context: the authentication context class that an assertion will state; None where requested ones are ignored.
        known: whether it is known who sits at the browser, so that nobody has to be asked.
        recognised: whether anybody here is the subject that the request names.
    """
    if not recognised:
        return Declined((RESPONDER, UNKNOWN_PRINCIPAL), "nobody here is the subject that the request names")
    if request.is_passive and request.force_authn:
        # SAML2Core 3.4.1: both together can never be met, for a fresh login needs somebody who is asked.
        return Declined((RESPONDER, NO_PASSIVE), "IsPassive and ForceAuthn were asked for together")
    if request.is_passive and not known:
        return Declined((RESPONDER, NO_PASSIVE), "IsPassive was asked for, and nobody is logged in here yet")
    return _name_declined(request.name_id_policy, request) or _context_declined(
        request.requested_authn_context, context
    )


def _name_declined(policy: NameIDPolicy | None, request: AuthnRequest) -> Declined | None:
    if policy is None:
        return None
    if policy.format and policy.format not in FORMATS:
        return Declined((REQUESTER, INVALID_POLICY), f"no NameID of format {policy.format} can be given")
    requester = request.issuer.value if request.issuer else None
    if policy.sp_name_qualifier and policy.sp_name_qualifier != requester:
        problem = f"the requester is no member of {policy.sp_name_qualifier}, which SPNameQualifier names"
        return Declined((REQUESTER, INVALID_POLICY), problem)
    return None


def _context_declined(wanted: RequestedAuthnContext | None, context: str | None) -> Declined | None:
    if wanted is None or context is None:
        return None
    if wanted.comparison and wanted.comparison not in COMPARISONS:
        problem = f"there is no Comparison {wanted.comparison!r}, only {', '.join(COMPARISONS)}"
        return Declined((REQUESTER, REQUEST_UNSUPPORTED), problem)
    if not meets(context, wanted):
        comparison = wanted.comparison or "exact"
        asked = ", ".join((*wanted.class_refs, *wanted.decl_refs))
        return Declined((RESPONDER, NO_CONTEXT), f"the login is by {context}, which does not meet {comparison} {asked}")
    return None


def recognised(
    request: AuthnRequest | None, usernames: Iterable[str], *, issuer: str, audience: str
) -> tuple[str, ...]:
    """Say who may answer a request: everybody, or whom alone its Subject names (SAML2Prof 4.1.4.1).

    A transient name is nobody's any more, and an encrypted one or one with a qualifier of others cannot be told.
    """
    if request is None or request.subject is None:
        return tuple(usernames)
    wanted = request.subject.name_id
    if wanted is None or not wanted.value or (wanted.format or UNSPECIFIED) not in FORMATS:
        return ()

    def names(username: str) -> NameID:
        return _named(wanted.format, username, issuer=issuer, audience=audience, new_id=lambda: "")

    return tuple(each for each in usernames if same_name(wanted, names(each)))


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
    """Give the name in the format that was asked for, by policy or by the subject named; else in the unspecified one.

    A persistent name is opaque, always the same for one user at one service provider and another at the next
    (SAML2Core 8.3.7); a transient one is new each time (8.3.8).
    """
    policy = request.name_id_policy if request else None
    subject = request.subject.name_id if request and request.subject else None
    format_ = (policy.format if policy else None) or (subject.format if subject else None)
    return _named(format_, username, issuer=issuer, audience=audience, new_id=new_id)


def _named(format_: str | None, username: str, *, issuer: str, audience: str, new_id: Callable[[], str]) -> NameID:
    format_ = format_ or UNSPECIFIED
    if format_ == PERSISTENT:
        opaque = hashlib.sha256(f"{issuer}\0{audience}\0{username}".encode()).hexdigest()
        return NameID(opaque, PERSISTENT, name_qualifier=issuer, sp_name_qualifier=audience)
    if format_ == TRANSIENT:
        return NameID(new_id(), TRANSIENT, name_qualifier=issuer, sp_name_qualifier=audience)
    return NameID(username, format_)
