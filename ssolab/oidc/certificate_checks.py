"""Checks of the certificate around a pinned key: trust is by key, and its dates decide only where somebody says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity, Subject
from ssolab.core.instants import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.certs import Certificate
    from ssolab.oidc.materials import Expected, Token


@check(severity=Severity.WARNING, cites="RFC 5280 4.1.2.5")
def token_certificate_expired(token: Token, expected: Expected) -> Iterator[Problem]:
    """The certificate around the key that signed the token has expired.

    Salesforce does not look at the dates of the certificate that was uploaded for an app, so its profile only warns;
    the strict profile refuses an assertion. Renew the certificate, over a new key after a rehearsal.
    """
    certificate = _certificate(token)
    if certificate is not None and certificate.not_after < expected.now:
        observed = f"valid until {format_instant(certificate.not_after)}"
        yield _out_of_date(certificate, "has expired", observed, expected)


@check(severity=Severity.WARNING, cites="RFC 5280 4.1.2.5")
def token_certificate_not_yet_valid(token: Token, expected: Expected) -> Iterator[Problem]:
    """The certificate around the key that signed the token is not valid yet.

    Salesforce does not look at the dates, so its profile only warns; the strict profile refuses an assertion. Begin to
    sign with the key only on the day that its certificate says.
    """
    certificate = _certificate(token)
    if certificate is not None and certificate.not_before > expected.now:
        observed = f"valid from {format_instant(certificate.not_before)}"
        yield _out_of_date(certificate, "is not valid yet", observed, expected)


def _certificate(token: Token) -> Certificate | None:
    return None if token.key is None else token.key.certificate


def _out_of_date(certificate: Certificate, what: str, observed: str, expected: Expected) -> Problem:
    enforced = expected.checks_expiry
    if enforced is None:
        enforced = expected.kind.is_assertion and not expected.lenient
    return Problem(
        f"the certificate {certificate.label} {what}",
        f"a certificate that is valid at {format_instant(expected.now)}",
        observed,
        subject=Subject(spki_sha256=certificate.spki_sha256),
        severity=Severity.ERROR if enforced else None,
    )
