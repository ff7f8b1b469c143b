"""Checks of the certificate around the key that signed.

Trust is by key, so a certificate's dates and its very bytes decide only for a party that says it looks at them.
Everything here reads the certificates that the trust set holds; the message's own are merely compared with those.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity, Subject
from ssolab.core.instants import format_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.certs import Certificate
    from ssolab.core.keys import TrustedKey
    from ssolab.saml.materials import Expectation, Materials


@check(severity=Severity.WARNING, cites="SAML2MetaIOP 2.6.1")
def expired_certificate(message: Materials, expected: Expectation) -> Iterator[Problem]:
    """The certificate around the trusted key that signed has expired.

    Explicit key trust does not look at dates, so this warns; a party that enforces them (as AD FS does) refuses, and
    then so does this check. Renew the certificate: over the same key that needs no agreement, over a new key it is a
    cutover.
    """
    if expected.checks_expiry and message.is_request:
        return  # request-certificate-expired says it
    for certificate in certificates_out_of_date(message, expected):
        if certificate.not_after < expected.now:
            yield out_of_date(certificate, expected)


@check(severity=Severity.WARNING, cites="SAML2MetaIOP 2.6.1")
def certificate_not_yet_valid(message: Materials, expected: Expectation) -> Iterator[Problem]:
    """The certificate around the trusted key that signed is not valid yet.

    Explicit key trust does not look at dates, so this warns; a party that enforces them refuses until that day. Begin
    to sign with the key only then.
    """
    for certificate in certificates_out_of_date(message, expected):
        if certificate.not_before > expected.now:
            yield out_of_date(certificate, expected)


def certificates_out_of_date(message: Materials, expected: Expectation) -> Iterator[Certificate]:
    """Yield the trusted certificates of each key that signed, where not one of them is valid now.

    A verifier that holds an old and a renewed certificate over one key finds the renewed one good.
    """
    for spki in dict.fromkeys(key.public.sha256 for key in message.keys):
        held = trusted_certificates(expected, spki)
        if held and not any(each.not_before <= expected.now <= each.not_after for each in held):
            yield max(held, key=lambda each: each.not_after)


def trusted_certificates(expected: Expectation, spki: str) -> tuple[Certificate, ...]:
    """Give the trusted certificates over one key."""
    return tuple(
        each.certificate for each in expected.trusted if each.certificate is not None and each.public.sha256 == spki
    )


def out_of_date(certificate: Certificate, expected: Expectation) -> Problem:
    """Word that a certificate is not valid now; an error where the party enforces dates."""
    expired = certificate.not_after < expected.now
    limit = certificate.not_after if expired else certificate.not_before
    return Problem(
        f"the trusted certificate {certificate.label} {'has expired' if expired else 'is not valid yet'}",
        expected=f"a certificate that is valid at {format_instant(expected.now)}",
        observed=f"valid {'until' if expired else 'from'} {format_instant(limit)}",
        subject=Subject(spki_sha256=certificate.spki_sha256),
        severity=Severity.ERROR if expected.checks_expiry else None,
    )


@check(cites="XMLDSig 4.5.4")
def certificate_not_trusted(message: Materials, expected: Expectation) -> Iterator[Problem]:
    """The key is trusted, but the certificate that travels with the message is not the trusted one.

    This receiver compares certificates, not keys, so a renewal over the same key is a change for it too. Give it the
    new certificate before the sender puts that into its messages.
    """
    if expected.match != "certificate" or message.detached:
        return
    for key, carried in zip(message.keys, message.key_infos, strict=True):
        held = trusted_certificates(expected, key.public.sha256)
        if not {each.der for each in held} & set(carried):
            yield Problem(
                "another certificate over the trusted key" if carried else "no certificate in KeyInfo to compare",
                expected=" or ".join(f"SHA-256 {each.sha256}" for each in held)
                or "a trusted certificate; only keys are",
                observed=_fingerprints(carried),
                subject=_who(key),
            )


@check(severity=Severity.INFO, cites="SAML2MetaIOP 2.6.1")
def certificate_differs(message: Materials, expected: Expectation) -> Iterator[Problem]:
    """The message carries another certificate over the same trusted key.

    Trust is decided by the key, so this is fine here. A receiver that compares certificates would refuse it: publish
    the certificate that is really sent.
    """
    if expected.match == "certificate":
        return
    for key, carried in zip(message.keys, message.key_infos, strict=True):
        held = trusted_certificates(expected, key.public.sha256)
        if carried and held and not {each.der for each in held} & set(carried):
            yield Problem(
                "the key fits, the certificate in KeyInfo is another one",
                expected=" or ".join(f"SHA-256 {each.sha256}" for each in held),
                observed=_fingerprints(carried),
                subject=_who(key),
            )


def _fingerprints(carried: tuple[bytes, ...]) -> str:
    return " and ".join(f"SHA-256 {hashlib.sha256(each).hexdigest()}" for each in carried) or "no certificate"


def _who(key: TrustedKey) -> Subject:
    return Subject(entity_id=key.holder, spki_sha256=key.public.sha256)
