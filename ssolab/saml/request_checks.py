"""Accepting an AuthnRequest: `accept_request` tells an identity provider whom to answer and where, or why it must not.

Whether signatures are looked at is the identity provider's setting; one that ignores them says so in its report.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ssolab.core.catalog import Check, entries_of
from ssolab.core.findings import Opinion, Report, has_error
from ssolab.core.xmltree import local_name, parse
from ssolab.saml import authn_request_checks, certificate_checks, message_checks
from ssolab.saml.authn_request_checks import RequestExpected, acs_of
from ssolab.saml.judging import (
    OURS,
    bounded,
    combined,
    facts_of,
    guard,
    run_checks,
    unverified_content,
)
from ssolab.saml.messages import AUTHN_REQUEST, AuthnRequest
from ssolab.saml.plain_request import judge_plainly
from ssolab.saml.structure import element_unexpected, stray_signature
from ssolab.saml.undecodable import unexpected_message
from ssolab.saml.whole_messages import judge_signatures, materials_of, missing_signature

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ssolab.core.findings import Finding
    from ssolab.saml.bindings import Received
    from ssolab.saml.judging import Judged
    from ssolab.saml.materials import Materials
    from ssolab.saml.metadata import IndexedEndpoint
    from ssolab.saml.parties import AssertingParty


__all__ = ["CHECKS", "AcceptedRequest", "RequestExpected", "accept_request", "request_expected_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedRequest:
    """A request that may be answered, and the registered address of the answer (None: no registration was given)."""

    request: AuthnRequest
    acs: IndexedEndpoint | None
    relay_state: str | None


CHECKS: tuple[Check[Any], ...] = tuple(
    each
    for each in entries_of((authn_request_checks, message_checks, certificate_checks), Check)
    if each is not message_checks.issued_in_the_future  # request-from-the-future is stricter
)
"""Everything that `accept_request` judges of what a request says."""


def accept_request(
    received: Received, expected: RequestExpected, checks: Sequence[Check[Any]] | None = None
) -> Report[AcceptedRequest]:
    """Judge one AuthnRequest.

    Args:
        received: the message with the binding that it came by, and the detached signature of a redirect.
        expected: whom we serve and trust, how strict we are, and when it is.
        checks: run these alone (for tests of single checks); signatures are judged always.

    Returns:
        Every finding; `principal` is the request that may be answered, only where no finding refuses.

    Raises:
        InputError: the bytes are no XML, or another message than an AuthnRequest, or it was sent as a SAMLResponse.
        ConfigError: signatures matter and no key is trusted, no check is left, or `ignore` names what cannot be waived.
    """
    running = CHECKS if checks is None else tuple(checks)
    guard(expected, running, CHECKS, trust=expected.verifies)
    root = parse(received.xml, expected.document)
    if root.tag != AUTHN_REQUEST:
        problem = f"this is {local_name(root)}, not samlp:AuthnRequest"
        raise unexpected_message(expected.document, problem, "give the whole AuthnRequest")
    if received.kind != "SAMLRequest":
        problem = f"the AuthnRequest came as {received.kind}"
        raise unexpected_message(expected.document, problem, "have it sent in the parameter SAMLRequest")
    if checks is None and (plain := judge_plainly(received, root, expected)) is not None:
        judged_query, acs = plain
        return Report(
            findings=(),
            principal=AcceptedRequest(
                request=AuthnRequest.read(root, expected.document), acs=acs, relay_state=received.relay_state
            ),
            signature=facts_of(judged_query),
            verifiers={OURS: Opinion.NOT_APPLICABLE} | combined([judged_query]),
        )
    findings: list[Finding] = [
        *bounded(stray_signature(root, expected.document)),
        *bounded(element_unexpected(root, expected.document)),
    ]
    judged: list[Judged] = []
    if expected.verifies:
        if expected.want_signed:
            findings += missing_signature(root, received, expected.document)
        judged = judge_signatures(root, received, expected)
        findings += [found for each in judged for found in each.findings]
    verified = not has_error(findings) and all(each.held for each in judged)
    if expected.verifies and not (verified and judged):
        findings.append(unverified_content(root, expected.document))

    materials = materials_of(root, judged if verified else [], expected.document)
    findings += run_checks(running, materials, expected)
    accepted = None
    if verified and not has_error(findings):
        accepted = AcceptedRequest(
            request=AuthnRequest.read(materials.message, expected.document),
            acs=_answer_to(materials, expected),
            relay_state=received.relay_state,
        )
    return Report(
        findings=tuple(findings),
        principal=accepted,
        signature=facts_of(judged[0]) if judged and verified else None,
        verifiers={OURS: Opinion.NOT_APPLICABLE if verified else Opinion.REFUSED} | combined(judged),
    )


def _answer_to(materials: Materials, expected: RequestExpected) -> IndexedEndpoint | None:
    """Give the registered address of the answer; None too where its absence was waived, for there is none to give."""
    try:
        return None if expected.acs is None else acs_of(materials.message, expected.acs)
    except LookupError:
        return None


def request_expected_of(
    party: AssertingParty, *, now: datetime, opinions: bool = True, document: str = "SAMLRequest"
) -> RequestExpected:
    """Say what an identity provider with these settings expects of a request."""
    return RequestExpected(
        now=now,
        trusted=party.trusted,
        issuer=party.relying,
        destination=tuple(dict.fromkeys(each.location for each in party.sso)),
        acs=party.answerable,
        verifies=party.verifies,
        want_signed=party.verifies,
        message_life=party.message_life,
        skew=party.skew,
        permit=party.permit,
        match=party.match,
        checks_expiry=party.checks_expiry,
        opinions=opinions,
        document=document,
    )
