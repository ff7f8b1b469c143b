"""What somebody saved from the back channel: an ArtifactResolve, or a Response inside an ArtifactResponse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.findings import Report
    from ssolab.saml.artifact_resolve import Released
    from ssolab.saml.artifact_resolve_checks import ResolveExpected
    from ssolab.saml.checks import Expected, Principal


def resolve_in(xml: bytes, name: str) -> bytes | None:
    """Give the ArtifactResolve that was saved, with or without its envelope; None where it is another message.

    Raises:
        InputError: it is an envelope that cannot be opened, or holds a fault.
    """
    from ssolab.core.xmltree import parse
    from ssolab.saml.artifact import ARTIFACT_RESOLVE
    from ssolab.saml.artifact_response import answer_in

    inside = answer_in(xml, name)
    return inside if parse(inside, name).tag == ARTIFACT_RESOLVE else None


def judge_resolve(xml: bytes, expected: ResolveExpected) -> tuple[Report[Released], dict[str, Any]]:
    """Judge an ArtifactResolve, and give what scripts are told of it.

    Raises:
        InputError: it cannot be judged.
    """
    from ssolab.saml.artifact_resolve import accept_resolve

    report = accept_resolve(xml, expected)
    facts = dict(resolve_facts(report.principal))
    return report, {
        "principal": None,
        "resolve": {name.replace(" ", "_"): each for name, each in facts.items()} or None,
    }


def resolve_facts(released: Released | None) -> Iterator[tuple[str, str]]:
    """Say who asks, and what for."""
    if released is not None:
        issuer = released.resolve.issuer
        yield "id", released.resolve.id
        yield "issuer", issuer.value if issuer else "none given"
        yield "artifact", released.resolve.artifact


def accept_saved(xml: bytes, expected: Expected) -> tuple[Report[Principal], str]:
    """Judge a Response, wherever it stands in what was saved, and say in what it came.

    Raises:
        InputError: there is no Response in it.
    """
    from ssolab.saml.artifact_response import (
        RESOLUTION_CHECKS,
        ResolutionExpected,
        accept_artifact_response,
        answer_in,
        is_artifact_response,
    )
    from ssolab.saml.checks import accept

    if not is_artifact_response(xml, expected.document):
        return accept(xml, expected), "Response"
    around = ResolutionExpected(
        now=expected.now,
        trusted=expected.trusted,
        issuer=expected.issuer,
        skew=expected.skew,
        permit=expected.permit,
        ignore=expected.ignore & {each.code for each in RESOLUTION_CHECKS},
        known=expected.known,
        match=expected.match,
        checks_expiry=expected.checks_expiry,
        document=expected.document,
    )
    report = accept_artifact_response(answer_in(xml, expected.document), around, expected)
    return report, "Response in an ArtifactResponse"
