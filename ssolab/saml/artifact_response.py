"""Accepting an ArtifactResponse: the answer of the keeper, and then the Response in it, through the ordinary door.

A Response that is signed itself is believed for that signature. One that is not is believed only where the signature of
the ArtifactResponse around it held, and then it is read from the very bytes that this signature covers; that the answer
came over a connection we made is no reason to believe it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ssolab.core.catalog import Check, check, entries_of, refusal
from ssolab.core.findings import Opinion, Problem, Report, has_error
from ssolab.core.xmltree import SAMLP, local_name, parse, reparse, serialise
from ssolab.saml import certificate_checks, message_checks
from ssolab.saml.artifact import ARTIFACT_RESPONSE, embedded_in
from ssolab.saml.assertions import ASSERTION
from ssolab.saml.checks import accept
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
from ssolab.saml.materials import Expectation, Materials, only, text_of, unsaid
from ssolab.saml.names import ARTIFACT, SUCCESS
from ssolab.saml.soap import MAX_ENVELOPE, is_envelope, unwrap
from ssolab.saml.structure import element_unexpected, signature_in, stray_signature, unsigned
from ssolab.saml.undecodable import unexpected_message
from ssolab.saml.whole_messages import materials_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from ssolab.core.findings import Finding
    from ssolab.core.xmltree import Element
    from ssolab.saml.artifact import Artifact
    from ssolab.saml.checks import Expected, Principal
    from ssolab.saml.judging import Judged
    from ssolab.saml.parties import RelyingParty

__all__ = [
    "RESOLUTION_CHECKS",
    "ResolutionExpected",
    "accept_artifact_response",
    "answer_in",
    "is_artifact_response",
    "resolution_expected_of",
]


@dataclass(frozen=True, kw_only=True)
class ResolutionExpected(Expectation):
    """What a relying party expects of an ArtifactResponse.

    `in_response_to` is the ID of its ArtifactResolve; `want_signed` refuses an ArtifactResponse without a signature of
    its own, even where the Response inside has one.
    """

    in_response_to: str | None = None
    want_signed: bool = False

    @property
    def open(self) -> tuple[str, ...]:
        """What is not judged, since nothing was said of it."""
        return unsaid(issuer=self.issuer, resolve=self.in_response_to)


@check(cites="SAML2Core 3.2.2")
def artifact_response_to_another(message: Materials, expected: ResolutionExpected) -> Iterator[Problem]:
    """The ArtifactResponse answers another question than the one that was asked.

    Its InResponseTo has to be the ID of the ArtifactResolve, character by character. An answer that was recorded
    earlier looks like this, and so does one that a proxy mixed up. Have the identity provider copy the ID.
    """
    answered = message.message.get("InResponseTo")
    if expected.in_response_to is not None and answered != expected.in_response_to:
        yield Problem(
            "the answer is to another ArtifactResolve",
            expected=f'InResponseTo="{expected.in_response_to}"',
            observed="no InResponseTo" if answered is None else f'InResponseTo="{answered}"',
            where=message.where(message.message),
        )


@check(cites="SAML2Core 3.5.3")
def artifact_not_resolved(message: Materials, _expected: ResolutionExpected) -> Iterator[Problem]:
    """The identity provider refused to resolve the artifact.

    Its status stands here. A denial mostly means that it did not believe the ArtifactResolve: look there for the key
    with which this side signs its requests, and whether it is the one that the identity provider trusts.
    """
    if not message.succeeded:
        code = only(message.status, SAMLP, "StatusCode")
        codes = [] if code is None else [each.get("Value", "") for each in code.iter(code.tag)]
        words = only(message.status, SAMLP, "StatusMessage")
        said = f" {text_of(words)!r}" if words is not None else ""
        yield Problem(
            "the identity provider refused to resolve the artifact",
            expected=SUCCESS,
            observed=(" > ".join(codes) or "no StatusCode") + said,
            where=message.where(message.message),
        )


@check(cites="SAML2Core 3.5.3")
def artifact_response_empty(message: Materials, _expected: ResolutionExpected) -> Iterator[Problem]:
    """The identity provider has no message for this artifact.

    It says Success and nothing more, as the standard wants: the artifact was used before, is too old, was made for
    another party, or was never made. Begin the login anew; where it happens each time, look for a page that is loaded
    twice, and for a second node that does not know what the first one kept.
    """
    if message.succeeded and embedded_in(message.message) is None:
        yield Problem(
            "there is no message behind this artifact",
            expected="a Response",
            observed="an empty ArtifactResponse",
            where=message.where(message.message),
        )


@refusal(cites="SAML2Bind 3.6.4.2")
def artifact_endpoint_unknown(artifact: Artifact, known: Sequence[int], entity_id: str) -> Problem:
    """The artifact names an address of the identity provider that its metadata does not have.

    The EndpointIndex has to be the index of one of its ArtifactResolutionServices. Load the identity provider's current
    metadata, and see to it that it declares where artifacts are resolved.
    """
    return Problem(
        f"no ArtifactResolutionService with that index is known of {entity_id}",
        expected=", ".join(f"index {each}" for each in known) or "metadata with an ArtifactResolutionService",
        observed=f"index {artifact.endpoint_index}",
    )


RESOLUTION_CHECKS: tuple[Check[Any], ...] = (
    artifact_response_to_another,
    artifact_not_resolved,
    artifact_response_empty,
    *(
        each
        for each in entries_of((message_checks, certificate_checks), Check)
        # It comes back over our own connection, which has no address to compare.
        if each not in (message_checks.destination_missing, message_checks.destination_mismatch)
    ),
)
"""Everything that `accept_artifact_response` judges of what an ArtifactResponse says, without the message in it."""


def answer_in(data: bytes, name: str) -> bytes:
    """Give the message of a saved or received answer: what is in its envelope, or what it is without one.

    Raises:
        InputError: it is no XML, or the envelope cannot be opened or holds a fault.
    """
    return unwrap(data, name) if is_envelope(parse(data, name, max_bytes=MAX_ENVELOPE)) else data


def is_artifact_response(data: bytes, name: str) -> bool:
    """Say whether these bytes are an ArtifactResponse, or an envelope, in which one may be."""
    root = parse(data, name, max_bytes=MAX_ENVELOPE)
    return root.tag == ARTIFACT_RESPONSE or is_envelope(root)


def accept_artifact_response(
    message: bytes, expected: ResolutionExpected, login: Expected, checks: Sequence[Check[Any]] | None = None
) -> Report[Principal]:
    """Judge one ArtifactResponse, and the Response in it.

    Args:
        message: the XML, as it was in its envelope.
        expected: whom we asked and trust, what we asked, and when it is.
        login: what is expected of the Response, as for `accept`.
        checks: run these alone on the ArtifactResponse (for tests of single checks); all else is judged always.

    Returns:
        Every finding of both; `principal` only where the Response is accepted and nothing refuses the ArtifactResponse.

    Raises:
        InputError: the bytes are no XML, another message than an ArtifactResponse, or one around no Response.
        ConfigError: no key is trusted, no check is left, or `ignore` names what cannot be waived.
    """
    running = RESOLUTION_CHECKS if checks is None else tuple(checks)
    guard(expected, running, RESOLUTION_CHECKS)
    root = parse(message, expected.document)
    if root.tag != ARTIFACT_RESPONSE:
        problem = f"this is {local_name(root)}, not samlp:ArtifactResponse"
        raise unexpected_message(expected.document, problem, "give the whole ArtifactResponse")
    findings = list(_shape(root, expected.document))
    outer = judge_signature(root, expected) if signature_in(root) is not None else None
    if outer is not None:
        findings += outer.findings
    elif expected.want_signed:
        findings.append(unsigned(root, "a signed ArtifactResponse", expected.document))
    held = outer if outer is not None and outer.held and not has_error(findings) else None
    if outer is not None and held is None:
        findings.append(unverified_content(root, expected.document))
    materials = materials_of(root, [] if held is None else [held], expected.document)
    findings += run_checks(running, materials, expected)

    around: Report[Principal] = Report(
        findings=tuple(findings),
        principal=None,
        signature=None if held is None else facts_of(held),
        verifiers={OURS: Opinion.REFUSED if has_error(findings) else Opinion.NOT_APPLICABLE}
        | combined(() if outer is None else (outer,)),
    )
    inside = _inside(root, held, login if not has_error(findings) else replace(login, replay=None))
    if inside is None:
        return around
    refused = has_error(around.findings)
    return Report(
        findings=(*around.findings, *inside.findings),
        principal=None if refused else inside.principal,
        signature=inside.signature or around.signature,
        verifiers=combined((inside,) if outer is None else (outer, inside)),
        decryption=inside.decryption,
    )


def _shape(root: Element, document: str) -> Iterator[Finding]:
    """Judge the shape of the ArtifactResponse itself; that of its message is judged when that is accepted."""
    bare = reparse(serialise(root))
    if (message := embedded_in(bare)) is not None:
        bare.remove(message)
    yield from bounded(stray_signature(bare, document))
    yield from bounded(element_unexpected(bare, document))


def _inside(root: Element, held: Judged | None, login: Expected) -> Report[Principal] | None:
    """Accept the message: by its own signature where it has one, else as part of what the outer one covers."""
    message = embedded_in(root)
    if message is None:
        return None
    login = replace(login, binding=ARTIFACT)
    own = signature_in(message) is not None or signature_in(message.find(ASSERTION)) is not None
    covered = None if own or held is None or held.signed is None else embedded_in(held.signed.element)
    if covered is None:
        return accept(serialise(message), login)
    return accept(serialise(covered), login, covered_by=held)


def resolution_expected_of(
    party: RelyingParty, *, now: datetime, resolve: str, opinions: bool = True
) -> ResolutionExpected:
    """Say what a relying party with these settings expects of the answer to its ArtifactResolve of that ID."""
    return ResolutionExpected(
        now=now,
        trusted=party.trusted,
        issuer=party.asserting,
        in_response_to=resolve,
        skew=party.skew,
        permit=party.permit,
        match=party.match,
        checks_expiry=party.checks_expiry,
        opinions=opinions,
        document="ArtifactResponse",
    )
