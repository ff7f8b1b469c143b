"""A Response as somebody saved it from the back channel: inside an ArtifactResponse, and perhaps in its envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssolab.core.findings import Report
    from ssolab.saml.checks import Expected, Principal


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
