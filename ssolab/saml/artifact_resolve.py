"""Accepting an ArtifactResolve: `accept_resolve` tells an identity provider whether to give a message out, and which.

A stolen artifact must be worth nothing: it is given out once, to the party that it was made for, when that party's own
signature asks for it. Whoever asks for one that is not there is told no more than that (SAML2Core 3.5.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ssolab.core.catalog import Check, entries_of
from ssolab.core.findings import Opinion, Report, has_error
from ssolab.core.xmltree import local_name, parse
from ssolab.saml import artifact_resolve_checks, authn_request_checks, certificate_checks, message_checks
from ssolab.saml.artifact import ARTIFACT_RESOLVE, Artifact, ArtifactResolve
from ssolab.saml.artifact_resolve_checks import (
    EMPTY_HANDED,
    ArtifactMemory,
    Held,
    ResolveExpected,
    artifact_expired,
    artifact_of_another_party,
    artifact_unknown,
    artifact_used_before,
)
from ssolab.saml.judging import (
    OURS,
    bounded,
    combined,
    facts_of,
    guard,
    judge_signature,
    run_checks,
    unverified_content,
)
from ssolab.saml.messages import Status
from ssolab.saml.names import REQUEST_DENIED, REQUESTER
from ssolab.saml.structure import element_unexpected, signature_in, stray_signature, unsigned
from ssolab.saml.undecodable import unexpected_message
from ssolab.saml.whole_messages import materials_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ssolab.core.findings import Finding
    from ssolab.saml.parties import AssertingParty

__all__ = [
    "RESOLVE_CHECKS",
    "ArtifactMemory",
    "Held",
    "Released",
    "ResolveExpected",
    "accept_resolve",
    "resolve_expected_of",
    "status_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A message that may be given out, and the question that it answers; None where nobody said what is kept."""

    resolve: ArtifactResolve
    message: bytes | None


RESOLVE_CHECKS: tuple[Check[Any], ...] = (
    *entries_of((artifact_resolve_checks,), Check),
    authn_request_checks.request_too_old,
    authn_request_checks.request_from_the_future,
    authn_request_checks.request_certificate_expired,
    authn_request_checks.signature_not_judged,
    *(
        each
        for each in entries_of((message_checks, certificate_checks), Check)
        if each is not message_checks.issued_in_the_future  # request-from-the-future is stricter
    ),
)
"""Everything that `accept_resolve` judges of what an ArtifactResolve says."""


def accept_resolve(
    message: bytes, expected: ResolveExpected, checks: Sequence[Check[Any]] | None = None
) -> Report[Released]:
    """Judge one ArtifactResolve, and take the message out of the memory where nothing refuses.

    Args:
        message: the XML, as it was in its envelope.
        expected: whom we serve and trust, what we keep, and when it is.
        checks: run these alone (for tests of single checks); signatures and the memory are judged always.

    Returns:
        Every finding; `principal` is the message to give out, only where no finding refuses. `status_of` says how to
        answer otherwise.

    Raises:
        InputError: the bytes are no XML, or another message than an ArtifactResolve.
        ConfigError: signatures matter and no key is trusted, no check is left, or `ignore` names what cannot be waived.
    """
    running = RESOLVE_CHECKS if checks is None else tuple(checks)
    guard(expected, running, RESOLVE_CHECKS, trust=expected.verifies)
    root = parse(message, expected.document)
    if root.tag != ARTIFACT_RESOLVE:
        problem = f"this is {local_name(root)}, not samlp:ArtifactResolve"
        raise unexpected_message(expected.document, problem, "ask with an ArtifactResolve")
    findings = [
        *bounded(stray_signature(root, expected.document)),
        *bounded(element_unexpected(root, expected.document)),
    ]
    judged = judge_signature(root, expected) if expected.verifies and signature_in(root) is not None else None
    if judged is not None:
        findings += judged.findings
    elif expected.verifies and expected.want_signed:
        findings.append(unsigned(root, "a signed ArtifactResolve", expected.document))
    verified = not has_error(findings) and (judged is None or judged.held)
    if expected.verifies and not (verified and judged):
        findings.append(unverified_content(root, expected.document))

    materials = materials_of(root, [judged] if judged is not None and verified else [], expected.document)
    findings += run_checks(running, materials, expected)
    released = None
    if verified and not has_error(findings):
        resolve = ArtifactResolve.read(materials.message, expected.document)
        # What was kept is found by the octets: base64 can write the same ones in several ways.
        artifact, memory = Artifact.read(resolve.artifact, expected.document), expected.memory
        held = None if memory is None else memory.take(artifact.text)
        if memory is None:
            released = Released(resolve=resolve, message=None)
        elif (refusing := _refusing(held, resolve, expected)) is not None:
            findings.append(refusing)
        elif held is not None and held.message is not None:
            released = Released(resolve=resolve, message=held.message)
    return Report(
        findings=tuple(findings),
        principal=released,
        signature=facts_of(judged) if judged is not None and verified else None,
        verifiers={OURS: Opinion.NOT_APPLICABLE if verified else Opinion.REFUSED}
        | combined(() if judged is None else (judged,)),
    )


def _refusing(held: Held | None, resolve: ArtifactResolve, expected: ResolveExpected) -> Finding | None:
    """Say why what the memory gave must not be handed on."""
    requester = "" if resolve.issuer is None else resolve.issuer.value
    if held is None:
        return artifact_unknown()
    if held.message is None:
        return artifact_used_before(held)
    if held.requester != requester:
        return artifact_of_another_party(held, requester)
    return None if expected.now < held.until else artifact_expired(held, expected.now)


def status_of(report: Report[Released]) -> Status:
    """Say how to answer: Success where there is a message or just none, and a denial to whom we do not know."""
    if all(found.code in EMPTY_HANDED for found in report.errors):
        return Status()
    return Status(codes=(REQUESTER, REQUEST_DENIED), message=f"refused: {report.errors[0].code}")


def resolve_expected_of(
    party: AssertingParty, *, now: datetime, memory: ArtifactMemory, opinions: bool = True
) -> ResolveExpected:
    """Say what an identity provider with these settings expects of an ArtifactResolve."""
    return ResolveExpected(
        now=now,
        trusted=party.trusted,
        issuer=party.relying,
        destination=tuple(dict.fromkeys(each.location for each in party.artifact_resolution)),
        verifies=party.verifies,
        want_signed=party.verifies,
        message_life=party.message_life,
        skew=party.skew,
        permit=party.permit,
        match=party.match,
        checks_expiry=party.checks_expiry,
        opinions=opinions,
        memory=memory,
        entity_id=party.entity_id,
        document="ArtifactResolve",
    )
