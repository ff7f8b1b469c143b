"""What the mock identity provider makes of a request's wishes: shows them, and answers one that finds no address."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ssolab.saml.authn_request_checks import acs_not_registered
from ssolab.saml.names import REQUESTER
from ssolab.saml.obligations import recognised
from ssolab.saml.request_checks import accept_request
from ssolab.saml.statuses import REQUEST_UNSUPPORTED, UNSUPPORTED_BINDING, Declined

if TYPE_CHECKING:
    from ssolab.core.findings import Report
    from ssolab.cutover.model import User
    from ssolab.saml.bindings import Received
    from ssolab.saml.messages import AuthnRequest
    from ssolab.saml.request_checks import AcceptedRequest, RequestExpected
    from ssolab.web.lab import Lab


def wishes_of(request: AuthnRequest) -> list[tuple[str, str | None]]:
    """Name what a request asks for beyond a login, as the standard does."""
    policy, context = request.name_id_policy, request.requested_authn_context
    listed = (*context.class_refs, *context.decl_refs) if context else ()
    comparison = (context.comparison if context else None) or "exact"
    return [
        ("Subject", _subject(request)),
        ("NameID", policy.format if policy else None),
        ("SPNameQualifier", policy.sp_name_qualifier if policy else None),
        ("login by", f"{comparison}: {', '.join(listed)}" if listed else None),
        ("ForceAuthn", "a fresh login" if request.force_authn else None),
        ("IsPassive", "nobody is asked" if request.is_passive else None),
        ("ProviderName", request.provider_name),
    ]


def _subject(request: AuthnRequest) -> str | None:
    if request.subject is None:
        return None
    return request.subject.name_id.value if request.subject.name_id else "a name that cannot be read here"


def people_for(lab: Lab, request: AuthnRequest | None) -> dict[str, User]:
    """Say who may answer a request: every user of the lab, or whom its Subject names."""
    asserting = lab.asserting
    names = recognised(request, lab.users, issuer=asserting.entity_id, audience=asserting.relying)
    return {name: lab.users[name] for name in names}


def lost(
    received: Received, report: Report[AcceptedRequest], expected: RequestExpected
) -> tuple[AcceptedRequest, Declined] | None:
    """Give a refused request that may be told so, with what to say; None for every other one.

    Where nothing is wrong but that a number, or a binding alone, finds no address, the answer can go to the registered
    default one (SAML2Core 3.4.1 allows it). A request that names a foreign address gets no answer anywhere.
    """
    if [found.code for found in report.errors] != [acs_not_registered.code]:
        return None
    accepted = accept_request(received, replace(expected, ignore=expected.ignore | {acs_not_registered.code})).principal
    if accepted is None or accepted.request.assertion_consumer_service_url is not None:
        return None
    number = accepted.request.assertion_consumer_service_index
    if number is not None:
        return accepted, Declined((REQUESTER, REQUEST_UNSUPPORTED), f"no address of the number {number} is registered")
    binding = accepted.request.protocol_binding
    return accepted, Declined((REQUESTER, UNSUPPORTED_BINDING), f"no address is registered for {binding}")
