"""Accepting a Response: `accept` tells a relying party who logs in, or every reason why nobody does.

First the shape of the message, then its signatures, then every check over what was signed. All of them run whatever the
others say, because people debug with the report; the principal exists only when nothing refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ssolab.core.catalog import Check, entries_of, refusal
from ssolab.core.findings import Opinion, Problem, Report, Subject, has_error
from ssolab.core.instants import format_instant
from ssolab.core.xmltree import local_name, parse
from ssolab.saml import (
    asking_checks,
    assertion_checks,
    certificate_checks,
    confirmation_checks,
    message_checks,
    response_checks,
    window_checks,
)
from ssolab.saml import structure as shape
from ssolab.saml.assertions import ASSERTION
from ssolab.saml.confirmation_checks import data_of
from ssolab.saml.decryption import Opened, open_assertion, open_parts, shut, unproven, within
from ssolab.saml.judging import (
    OURS,
    Judged,
    bounded,
    combined,
    facts_of,
    guard,
    judge_signature,
    run_checks,
    unverified_content,
)
from ssolab.saml.materials import Expected, Materials, Principal, after, instant_of, issuer_of
from ssolab.saml.messages import RESPONSE
from ssolab.saml.plain import accept_plain
from ssolab.saml.principals import principal_of
from ssolab.saml.undecodable import unexpected_message

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from ssolab.core.findings import Finding
    from ssolab.core.replay import ReplayMemory
    from ssolab.core.xmltree import Element
    from ssolab.saml.asking import Asking
    from ssolab.saml.parties import RelyingParty

__all__ = ["CHECKS", "Expected", "Principal", "accept", "expected_of"]

STRUCTURE = entries_of((shape,), Check)
"""What is looked at before anything is read; never left out."""

CHECKS: tuple[Check[Any], ...] = entries_of(
    (
        response_checks,
        message_checks,
        assertion_checks,
        confirmation_checks,
        asking_checks,
        window_checks,
        certificate_checks,
    ),
    Check,
)
"""Everything that `accept` judges of what a Response says."""


@refusal(cites="SAML2Prof 4.1.4.5")
def replayed_assertion(message: Materials, issuer: str, identifier: str, until: datetime) -> Problem:
    """The assertion has been used before.

    An assertion logs in once. A page that was loaded again sends it twice, and so does a thief; begin the login anew.
    The memory keeps issuer and ID until the assertion could not be accepted anyway.
    """
    return Problem(
        "this assertion was used before",
        expected="an assertion that is new here",
        observed=f"{identifier}, remembered until {format_instant(until)}",
        where=message.where(message.assertion if message.assertion is not None else message.message),
        subject=Subject(entity_id=issuer),
    )


def accept(
    message: bytes,
    expected: Expected,
    checks: Sequence[Check[Any]] | None = None,
    *,
    covered_by: Judged | None = None,
) -> Report[Principal]:
    """Judge one Response.

    Args:
        message: the XML, as decoded from its binding.
        expected: who we are, whom we trust and when it is.
        checks: run these alone (for tests of single checks); shape and signatures are judged always.
        covered_by: a signature that held over a message around this one (an ArtifactResponse); *message* then has to
            be the part of its digested bytes.

    Returns:
        Every finding; `principal` only where the signatures verified and no finding refuses.

    Raises:
        InputError: the bytes are no XML, or another message than a Response.
        ConfigError: no key is trusted, no check is left, or `ignore` names what cannot be waived.
    """
    running = CHECKS if checks is None else tuple(checks)
    guard(expected, running, CHECKS)
    root = parse(message, expected.document)
    if root.tag != RESPONSE:
        problem = f"this is {local_name(root)}, not samlp:Response"
        raise unexpected_message(expected.document, problem, "give the whole Response")
    if checks is None and covered_by is None and (report := accept_plain(message, root, expected)) is not None:
        return report

    findings = _shape(root, expected)
    outer = _judge(root, expected)
    findings += () if outer is None else outer.findings
    covered = covered_by is not None
    unsigned = outer is None and not covered and expected.want_signed in {"response", "both"}
    opened = open_assertion(root, outer, expected, refused=unsigned or has_error(findings))
    inner = _judge(opened.element if opened.element is not None else root.find(ASSERTION), expected)
    if unproven(opened, outer or covered_by, inner):
        opened, inner = shut(opened, expected), None
    findings += opened.findings
    found = [] if inner is None else [*inner.findings]
    assertion = root.find(ASSERTION)
    if opened.element is not None:
        assertion = opened.element
        found = [*within([*_shape(assertion, expected), *found], opened, expected.document)]
    findings += found
    findings += shape.missing_signatures(root, assertion, expected.want_signed, expected.document, covered=covered)

    judged = [each for each in (covered_by, outer, inner) if each is not None]
    verified = not has_error(findings) and bool(judged) and all(each.held for each in judged)
    materials = _materials(root, assertion, (outer, inner), opened, expected.document)
    parts = open_parts(materials, expected, refused=not verified)
    if parts.element is not None:
        shells = {**materials.shells, **parts.shells}
        materials = replace(materials, assertion=parts.element, origins=parts.origins, shells=shells)
    findings += parts.findings
    if not verified:
        findings.append(unverified_content(root, expected.document))
    findings += run_checks(running, materials, expected)

    principal = None
    if verified and not has_error(findings):
        findings += _replayed(materials, expected)
        if not has_error(findings):
            principal = principal_of(materials, expected)
    return Report(
        findings=tuple(findings),
        principal=principal,
        signature=facts_of(judged[-1], materials.where(judged[-1].parent)) if verified else None,
        verifiers={OURS: Opinion.REFUSED} | combined(judged),
        decryption=(*opened.facts, *parts.facts),
    )


def _shape(root: Element, expected: Expected) -> list[Finding]:
    """Look at the shape of a document: of the Response, or of an Assertion that was decrypted."""
    running = (each for each in STRUCTURE if each is not shape.assertion_encrypted or not expected.decryption)
    return [found for each in running for found in bounded(each(root, expected.document))]


def _judge(element: Element | None, expected: Expected) -> Judged | None:
    """Judge the signature of an element, where it has one."""
    return None if element is None or shape.signature_in(element) is None else judge_signature(element, expected)


def _materials(
    root: Element,
    assertion: Element | None,
    signatures: tuple[Judged | None, Judged | None],
    opened: Opened,
    document: str,
) -> Materials:
    """Put together what the checks read: signed elements wherever a signature held, received ones elsewhere."""
    signed_outer, signed_inner = (None if each is None else each.signed for each in signatures)
    message, counterparts, assertion_read = root, [], assertion
    if signed_outer is not None:
        message = signed_outer.element
        counterparts.append((message, root))
        if opened.element is None:
            assertion_read = message.find(ASSERTION)
    if signed_inner is not None and assertion is not None:
        assertion_read = signed_inner.element
        counterparts.append((assertion_read, assertion))
    held = [each for each in (signed_outer, signed_inner) if each is not None]
    return Materials(
        message=message,
        assertion=assertion_read,
        received=root,
        counterparts=tuple(counterparts),
        message_signed=signed_outer is not None,
        keys=tuple(each.key for each in held),
        key_infos=tuple(each.certificates for each in held),
        shells=opened.shells,
        document=document,
    )


def _replayed(message: Materials, expected: Expected) -> list[Finding]:
    """Remember the assertion, now that everything else accepts it, and report it when it was known."""
    # Later another confirmation may be the one that holds, so the last end of them all counts.
    bounds = (*map(data_of, message.bearers), message.conditions)
    ends = [end for each in bounds if (end := instant_of(each, "NotOnOrAfter")) is not None]
    issuer = issuer_of(message.assertion)
    if expected.replay is None or message.assertion is None or issuer is None:
        return []
    identifier = message.assertion.get("ID", "")
    until = after(max([*ends, expected.now]), expected.skew)
    seen = expected.replay.remember(issuer, identifier, until, expected.now)
    return [replayed_assertion(message, issuer, identifier, until)] if seen else []


def expected_of(  # noqa: PLR0913  each is a thing of the moment that the settings cannot know
    party: RelyingParty,
    *,
    now: datetime,
    pending: Collection[str] | Mapping[str, Asking] | None,
    replay: ReplayMemory | None,
    unsolicited: bool = True,
    recipient: str | None = None,
    opinions: bool = True,
    document: str = "SAMLResponse",
) -> Expected:
    """Say what a relying party with these settings expects.

    Args:
        party: the settings.
        now: the moment of judgement.
        pending: the ids of its open requests, or what each of them asked for, by id.
        replay: its memory of used assertions.
        unsolicited: whether IdP-initiated login is welcome.
        recipient: the address that received the message; any of the party's own where it is left out.
        opinions: whether the second opinions are heard.
        document: what findings call the message.
    """
    return Expected(
        now=now,
        trusted=party.trusted,
        issuer=party.asserting,
        audience=party.entity_id,
        recipient=recipient or tuple(dict.fromkeys(each.location for each in party.acs)),
        in_response_to=pending,
        asked=pending if isinstance(pending, Mapping) else None,
        unsolicited=unsolicited,
        message_life=party.message_life,
        skew=party.skew,
        permit=party.permit,
        decryption=party.decryption,
        match=party.match,
        checks_expiry=party.checks_expiry,
        replay=replay,
        opinions=opinions,
        document=document,
    )
