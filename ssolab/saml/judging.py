"""What judging a Response and judging a request have in common: signature, opinions, checks, waivers, the report.

The order is the point: the signature is verified first, every check then reads what the verifier handed back, and
only a message without a single error yields anything to believe.
"""

from __future__ import annotations

import difflib
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ssolab.core import xmldsig
from ssolab.core.catalog import refusal
from ssolab.core.findings import ConfigError, Opinion, Problem, Severity, SignatureFacts, has_error
from ssolab.core.xmltree import where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ssolab.core.catalog import Check
    from ssolab.core.findings import Finding, Report, Where
    from ssolab.core.keys import SignatureAlgorithm, TrustedKey
    from ssolab.core.xmldsig import Signed
    from ssolab.core.xmltree import Element
    from ssolab.saml.bindings import Detached
    from ssolab.saml.materials import Expectation, Materials

OURS = "ssolab"
_ALIKE = 0.85
_MOST_FINDINGS = 20
_LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of one signature.

    `key` is the trusted key that made it and None unless everybody accepts it; `signed` is what an enveloped signature
    covered, and None too for a detached one, which covers the whole message.
    """

    parent: Element
    signed: Signed | None
    key: TrustedKey | None
    algorithm: SignatureAlgorithm | None
    findings: tuple[Finding, ...]
    verifiers: Mapping[str, Opinion]

    @property
    def held(self) -> bool:
        """Whether the signature can be believed."""
        return self.key is not None


def guard(
    expected: Expectation, checks: Sequence[Check[Any]], known: Iterable[Check[Any]], *, trust: bool = True
) -> None:
    """Refuse to judge without trust, without checks, or with a waiver for what must not be waived.

    Raises:
        ConfigError: says which of them.
    """
    if trust and not expected.trusted:
        raise ConfigError(
            expected.document, "the trust set is empty", "name at least one key that may sign this message"
        )
    if not checks:
        raise ConfigError(expected.document, "the set of checks is empty", "leave it out to run them all")
    if not expected.ignore:
        return
    codes = {each.code for each in (*known, *checks)}
    for code in sorted(expected.ignore - codes):
        near = difflib.get_close_matches(code, codes, n=1, cutoff=_ALIKE)
        hint = f"did you mean {near[0]}?" if near else "only what a message says can be, never its signature or shape"
        raise ConfigError(code, "no check that can be ignored has this code", hint)


def judge_signature(parent: Element, expected: Expectation) -> Judged:
    """Verify the signature below *parent* with our verifier and, where they are wanted, hear the second opinions."""
    verification = xmldsig.verify(
        parent, expected.trusted, permit=expected.permit, known=expected.known, document=expected.document
    )
    findings = verification.findings
    return judge_verified(parent, None if has_error(findings) else verification.signed, expected, findings)


def judge_verified(
    parent: Element, signed: Signed | None, expected: Expectation, findings: tuple[Finding, ...] = ()
) -> Judged:
    """Hear the second opinions, where they are wanted, on what our verifier made of the signature below *parent*."""
    verifiers = {OURS: Opinion.ACCEPTED if signed is not None else Opinion.REFUSED}
    if expected.opinions:
        # Imported late: they load two more XML security libraries, which bulk work does not need.
        from ssolab.core.opinions import second_opinions

        opinions = second_opinions(
            parent, signed, permit=expected.permit, trusted=expected.trusted, document=expected.document
        )
        findings += opinions.findings
        verifiers |= opinions.verdicts
        if has_error(opinions.findings):
            signed = None
    return Judged(
        parent=parent,
        signed=signed,
        key=None if signed is None else signed.key,
        algorithm=None if signed is None else signed.algorithm,
        findings=findings,
        verifiers=verifiers,
    )


def judge_detached(root: Element, detached: Detached, expected: Expectation) -> Judged:
    """Verify the signature over a query as it was sent."""
    verification = xmldsig.verify_detached(
        detached.signed,
        detached.signature,
        detached.algorithm,
        expected.trusted,
        permit=expected.permit,
        known=expected.known,
        document=expected.document,
    )
    findings = verification.findings
    key = None if has_error(findings) else verification.key
    verifiers = {OURS: Opinion.ACCEPTED if key is not None else Opinion.REFUSED}
    if expected.opinions and key is not None and verification.algorithm is not None:
        from ssolab.core.opinions import detached_opinions

        opinions = detached_opinions(
            detached.signed, detached.signature, verification.algorithm, key, document=expected.document
        )
        findings += opinions.findings
        verifiers |= opinions.verdicts
        if has_error(opinions.findings):
            key = None
    return Judged(
        parent=root,
        signed=None,
        key=key,
        algorithm=verification.algorithm,
        findings=findings,
        verifiers=verifiers,
    )


def combined(judged: Iterable[Judged | Report[Any]]) -> dict[str, Opinion]:
    """Join the verdicts over several signatures or messages: the worst one stands."""
    order = (Opinion.REFUSED, Opinion.UNAVAILABLE, Opinion.NOT_APPLICABLE, Opinion.ACCEPTED)
    joined: dict[str, Opinion] = {}
    for each in judged:
        for name, verdict in each.verifiers.items():
            joined[name] = min(joined.get(name, verdict), verdict, key=order.index)
    return joined


def facts_of(judged: Judged, place: Where | None = None) -> SignatureFacts | None:
    """Say what was believed of a signature; *place* is that of its element, where the element cannot know it."""
    if judged.key is None or judged.algorithm is None:
        return None
    return SignatureFacts(
        key=judged.key.public.sha256,
        algorithm=judged.algorithm.name,
        signed_element=(place or where(judged.parent)).path or "",
    )


@refusal(severity=Severity.INFO)
def unverified_content(element: Element, document: str) -> Problem:
    """No trusted signature covers the content that the other findings speak of.

    They are shown to help with debugging, and may describe what an attacker wrote. Settle the signature first, then
    read them again.
    """
    return Problem("the content was read as it came in; no trusted key signed it", where=where(element, document))


def run_checks(checks: Iterable[Check[Any]], message: Materials, expected: Expectation) -> tuple[Finding, ...]:
    """Run every check and mark what is waived."""
    return tuple(waived(found, expected.ignore) for each in checks for found in bounded(each(message, expected)))


def bounded(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Keep a hostile message from costing minutes and megabytes: so many findings of one check, each so long."""
    for found in itertools.islice(findings, _MOST_FINDINGS):
        yield replace(
            found,
            message=_shortened(found.message),
            expected=None if found.expected is None else _shortened(found.expected),
            observed=None if found.observed is None else _shortened(found.observed),
        )


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … ({len(text):,} characters)"


def waived(finding: Finding, ignore: frozenset[str]) -> Finding:
    """Mark a finding as waived where its code is ignored."""
    return replace(finding, waived="ignored by request") if finding.code in ignore else finding
