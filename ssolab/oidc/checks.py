"""Accepting a token: `accept` tells what a token says and who signed it, or every reason why nobody believes it.

First the form, then the signature, then every check over what it says. All of them run whatever the others say, because
people debug with the report; the claims exist only when nothing refused.
"""

from __future__ import annotations

import difflib
import itertools
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ssolab.core.catalog import Check, entries_of
from ssolab.core.findings import ConfigError, SignatureFacts, has_error
from ssolab.core.instants import format_instant
from ssolab.core.jose import ALGORITHMS, HMAC_ALGORITHMS, read_compact
from ssolab.core.strictjson import parse_object
from ssolab.core.unreadable_tokens import nested_token
from ssolab.oidc import (
    asked_checks,
    binding_checks,
    certificate_checks,
    claim_checks,
    header_checks,
    kind_checks,
    time_checks,
)
from ssolab.oidc.materials import Expected, Profile, Token, TokenKind, TokenReport, at_most, shown
from ssolab.oidc.plain import plainly
from ssolab.oidc.signature_reasons import replayed_token, unverified_token
from ssolab.oidc.signatures import judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ssolab.core.findings import Finding
    from ssolab.core.jose import CompactJws
    from ssolab.oidc.signatures import Judged

__all__ = ["CHECKS", "Expected", "Profile", "TokenKind", "TokenReport", "accept"]

STRUCTURE = entries_of((header_checks,), Check)
"""What is looked at in a header whatever else; never left out and never waived."""

CHECKS: tuple[Check[Any], ...] = entries_of(
    (claim_checks, time_checks, binding_checks, kind_checks, certificate_checks, asked_checks), Check
)
"""Everything that `accept` judges of what a token says."""

_ALIKE = 0.85
_MOST_FINDINGS = 20
_PUBLIC_KEYS = (b"-----BEGIN ", b"ssh-", b'{"kty"', b"ecdsa-")


def accept(token: str | bytes, expected: Expected, checks: Sequence[Check[Any]] | None = None) -> TokenReport:
    """Judge one token.

    Args:
        token: a compact JWS, without white space around it.
        expected: what it is offered as, whom we trust and when it is.
        checks: run these alone (for tests of single checks); form and signature are judged always.

    Returns:
        Every finding; `claims` only where the signature verified and no finding refuses.

    Raises:
        InputError: it is no compact token, or its claims are no strict JSON object.
        ConfigError: no key is trusted, no check is left, or the expectation contradicts itself.
    """
    running = CHECKS if checks is None else tuple(checks)
    guard(expected, running)
    jws = read_compact(token, expected.document)
    claims = MappingProxyType(_claims(jws))
    read = Token(header=jws.header, claims=claims, document=expected.document)
    judged = plainly(jws, claims, expected) if checks is None else None
    findings: list[Finding] = []
    if judged is None:
        judged = judge(jws, expected, list(_bounded(STRUCTURE, read, expected)))
        read = replace(read, alg=judged.alg, key=judged.key)
        findings += judged.findings
        if not judged.held:
            findings.append(unverified_token(read.place))
        findings += _waived(_bounded(running, read, expected), expected)
    held = judged.held
    if held and not has_error(findings):
        findings += _replayed(read, expected)
    return TokenReport(
        findings=tuple(findings),
        principal=claims if held and not has_error(findings) else None,
        signature=_facts(judged) if held else None,
        verifiers=judged.verifiers,
        header=jws.header,
        key=judged.key,
    )


def guard(expected: Expected, running: Sequence[Check[Any]]) -> None:
    """Refuse to judge without trust, without checks, or by an expectation that contradicts itself.

    Raises:
        ConfigError: says which of them.
    """
    name = expected.document
    if not expected.keys and expected.secret is None:
        raise ConfigError(name, "the trust set is empty", "name at least one key that may sign this token")
    if not running:
        raise ConfigError(name, "the set of checks is empty", "leave it out to run them all")
    if expected.secret is not None:
        if expected.keys:
            raise ConfigError(name, "a secret and public keys are trusted together", "trust the one or the others")
        if expected.secret.lstrip().startswith(_PUBLIC_KEYS):
            raise ConfigError(name, "the shared secret is a public key", "give the client secret")
    known = HMAC_ALGORITHMS if expected.secret is not None else ALGORITHMS
    for alg in expected.allowed:
        if alg not in known:
            raise ConfigError(name, f"{alg} is no algorithm that can be allowed here", f"use {', '.join(known)}")
    if expected.ignore:
        codes = {each.code for each in (*CHECKS, *running)}
        for code in sorted(expected.ignore - codes):
            near = difflib.get_close_matches(code, codes, n=1, cutoff=_ALIKE)
            hint = f"did you mean {near[0]}?" if near else "only what a token says can be, never its signature or form"
            raise ConfigError(code, "no check that can be ignored has this code", hint)


def _claims(jws: CompactJws) -> dict[str, Any]:
    if str(jws.header.get("cty", "")).lower() == "jwt":
        raise nested_token(jws.name)
    return parse_object(jws.payload, f"{jws.name} (payload)")


def _bounded(checks: Iterable[Check[Any]], token: Token, expected: Expected) -> Iterator[Finding]:
    """Run every check; a hostile token gets so many findings of each and no more."""
    for each in checks:
        yield from itertools.islice(each(token, expected), _MOST_FINDINGS)


def _waived(findings: Iterable[Finding], expected: Expected) -> Iterator[Finding]:
    for found in findings:
        yield replace(found, waived="ignored by request") if found.code in expected.ignore else found


def _facts(judged: Judged) -> SignatureFacts:
    key = "" if judged.key is None else judged.key.public.sha256
    return SignatureFacts(key=key, algorithm=judged.alg or "", signed_element="/payload")


def _replayed(token: Token, expected: Expected) -> list[Finding]:
    """Remember the token, now that everything else accepts it, and report it when it was known."""
    identifier = token.text("jti")
    if expected.seen is None or identifier is None:
        return []
    end = token.time("exp")
    until = at_most(float("inf") if end is None else end + expected.skew.total_seconds())
    issuer = token.text("iss") or ""
    seen = expected.seen.remember(issuer, identifier, until, expected.now)
    return [replayed_token(shown(identifier), format_instant(until), token.where("jti"))] if seen else []
