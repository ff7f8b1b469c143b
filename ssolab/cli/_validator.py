"""`ssolab verify saml --report salesforce`: the outcome as the SAML Assertion Validator of an org shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.findings import InputError
from ssolab.salesforce.validator import Seen, ValidatorReport, look, report_lines, validator_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ssolab.core.findings import Finding
    from ssolab.saml.bindings import Received
    from ssolab.saml.materials import Expectation


def validated(
    received: Received, findings: Sequence[Finding], expected: Expectation, *, skew_given: bool
) -> ValidatorReport:
    """Put the findings about a message into the validator's sections; what is trusted is what `--trust` gave."""
    try:
        seen = look(received.xml, expected.document)
    except InputError:  # it was refused for that already
        seen = Seen()
    return validator_report(
        findings,
        seen,
        trusted=frozenset(key.certificate.der for key in expected.trusted if key.certificate),
        skew=expected.skew,
        skew_given=skew_given,
    )


def validator_text(report: ValidatorReport) -> Iterator[str]:
    """Write the report below the verdict."""
    from ssolab.render import printable

    yield ""
    yield from map(printable, report_lines(report))
