"""Accepting a Response: `accept` tells a relying party who logs in, or every reason why nobody does.

First the shape of the message, then its signatures, then every check over what was signed. All of them run whatever the
others say, because people debug with the report; the principal exists only when nothing refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ssolab.core.catalog import Check, entries_of, refusal
from ssolab.core.findings import Opinion, Problem, Report, Subject, has_error
from ssolab.core.instants import format_instant
from ssolab.core.xmltree import local_name, parse
from ssolab.saml import (
    assertion_checks,
    certificate_checks,
    confirmation_checks,
    message_checks,
    response_checks,
    window_checks,
)
from ssolab.saml import structure as shape
from ssolab.saml.assertion_checks import attributes_of, values_of
from ssolab.saml.assertions import ASSERTION
from ssolab.saml.confirmation_checks import chosen, data_of
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
from ssolab.saml.materials import Expected, Materials, Principal, ReplayMemory, after, instant_of, issuer_of, text_of
from ssolab.saml.messages import RESPONSE
from ssolab.saml.statements import CLASS_REF
from ssolab.saml.undecodable import unexpected_message

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from ssolab.core.findings import Finding
    from ssolab.core.xmltree import Element
    from ssolab.saml.parties import RelyingParty

__all__ = ["CHECKS", "Expected", "Principal", "ReplayMemory", "accept", "expected_of"]

STRUCTURE = entries_of((shape,), Check)
"""What is looked at before anything is read; never left out."""

CHECKS: tuple[Check[Any], ...] = entries_of(
    (response_checks, message_checks, assertion_checks, confirmation_checks, window_checks, certificate_checks), Check
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

    findings = [found for each in STRUCTURE for found in bounded(each(root, expected.document))]
    covered = covered_by is not None
    findings += shape.missing_signatures(root, expected.want_signed, expected.document, covered=covered)
    assertion = root.find(ASSERTION)
    outer, inner = (
        judge_signature(each, expected) if each is not None and shape.signature_in(each) is not None else None
        for each in (root, assertion)
    )
    judged = [each for each in (covered_by, outer, inner) if each is not None]
    findings += [found for each in judged if each is not covered_by for found in each.findings]

    materials = _covered(_materials(root, assertion, outer, inner, expected.document), covered_by)
    verified = not has_error(findings) and bool(judged) and all(each.held for each in judged)
    if not verified:
        findings.append(unverified_content(root, expected.document))
    findings += run_checks(running, materials, expected)

    principal = None
    if verified and not has_error(findings):
        findings += _replayed(materials, expected)
        if not has_error(findings):
            principal = _principal(materials, expected)
    return Report(
        findings=tuple(findings),
        principal=principal,
        signature=facts_of(judged[-1]) if verified else None,
        verifiers={OURS: Opinion.REFUSED} | combined(judged),
    )


def _materials(
    root: Element, assertion: Element | None, outer: Judged | None, inner: Judged | None, document: str
) -> Materials:
    """Put together what the checks read: signed elements wherever a signature held, received ones elsewhere."""
    signed_outer = None if outer is None else outer.signed
    signed_inner = None if inner is None else inner.signed
    message, counterparts = root, []
    if signed_outer is not None:
        message = signed_outer.element
        counterparts.append((message, root))
        assertion_read = message.find(ASSERTION)
    else:
        assertion_read = assertion
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
        document=document,
    )


def _covered(message: Materials, by: Judged | None) -> Materials:
    """Count a signature around the whole message as the message's own: its key has to be the issuer's too."""
    if by is None or by.signed is None:
        return message
    return replace(
        message,
        message_signed=True,
        keys=(by.signed.key, *message.keys),
        key_infos=(by.signed.certificates, *message.key_infos),
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


def _principal(message: Materials, expected: Expected) -> Principal | None:
    """Read who logs in; None where a caller left out the checks that see to it that this can be read."""
    issuer = issuer_of(message.assertion)
    if message.name_id is None or issuer is None:
        return None
    attributes: dict[str, list[str]] = {}
    for each in attributes_of(message.assertion):
        attributes.setdefault(each.get("Name", ""), []).extend(values_of(each))
    statement = next(iter(message.statements), None)
    contexts = [] if statement is None else list(statement.iter(CLASS_REF))
    confirmation = chosen(message, expected)
    data = None if confirmation is None else data_of(confirmation)
    return Principal(
        name_id=text_of(message.name_id),
        format=message.name_id.get("Format"),
        attributes={name: tuple(values) for name, values in attributes.items()},
        session_index=None if statement is None else statement.get("SessionIndex"),
        issuer=issuer,
        in_response_to=None if data is None else data.get("InResponseTo"),
        authn_context=text_of(contexts[0]).strip() if contexts else None,
    )


def expected_of(  # noqa: PLR0913  each is a thing of the moment that the settings cannot know
    party: RelyingParty,
    *,
    now: datetime,
    pending: Collection[str] | None,
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
        pending: the ids of its open requests.
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
        unsolicited=unsolicited,
        message_life=party.message_life,
        skew=party.skew,
        permit=party.permit,
        match=party.match,
        checks_expiry=party.checks_expiry,
        replay=replay,
        opinions=opinions,
        document=document,
    )
