"""Certificates that Salesforce made: its self-signed ones, and the retired ones of proxy.salesforce.com.

The self-signed shape breaks rules of the web (a three-letter country, a CA without key usage), so it is written here
exactly as real files have it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import DefectError, InputError
from ssolab.core.instants import format_instant
from ssolab.core.keys import PublicKey, spki_of
from ssolab.core.selfsigned import (
    authority_key_identifier,
    basic_constraints,
    is_self_signed,
    name_of,
    self_signed,
    subject_key_identifier,
)
from ssolab.salesforce import profile
from ssolab.salesforce.proxy import (
    PROXY_CERTIFICATES,
    PROXY_NAME,
    ProxyInstance,
    ProxyMatch,
    proxy_instance,
    retired_shape,
)

if TYPE_CHECKING:
    from ssolab.core.certs import Certificate
    from ssolab.core.keys import PrivateKey

__all__ = [
    "PROXY_CERTIFICATES",
    "PROXY_NAME",
    "ProxyInstance",
    "ProxyMatch",
    "check_unique_name",
    "created_at",
    "describe",
    "generated_name",
    "made_for",
    "proxy_instance",
    "retired_shape",
    "salesforce_certificate",
]

ORGANISATION: Final = "Salesforce.com"
LONGEST_NAME: Final = 64
RANDOM_BYTES: Final = 4

_UNIQUE_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_ORG = re.compile(r"00D[A-Za-z0-9]{12}")
_SERIAL_BYTES: Final = 14
_ZEROS: Final = slice(6, 10)
_TWO_YEARS_FROM: Final = 4096
_EPOCH: Final = datetime.fromtimestamp(0, UTC)
_A_DAY: Final = timedelta(days=1)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def check_unique_name(name: str) -> str:
    """Return the name of a certificate if Setup would take it.

    Raises:
        InputError: it would not, and why.
    """
    if not _UNIQUE_NAME.fullmatch(name):
        problem = "no name for a certificate in Salesforce"
        rule = "use letters, digits and single underscores, beginning with a letter and not ending with an underscore"
        raise InputError(repr(name), problem, rule)
    if len(name) > LONGEST_NAME:
        raise InputError(repr(name), f"{len(name)} characters", f"a certificate name has at most {LONGEST_NAME}")
    return name


def generated_name(created: datetime) -> str:
    """Give the name that Salesforce makes up for a certificate: `SelfSignedCert_04Jan2027_090000`."""
    at = created.astimezone(UTC)
    return f"SelfSignedCert_{at:%d}{_MONTHS[at.month - 1]}{at:%Y_%H%M%S}"


def salesforce_certificate(
    *, private: PrivateKey, name: str, org_id: str, created: datetime, random4: bytes
) -> Certificate:
    """Make a self-signed certificate of exactly the shape that Setup makes.

    Args:
        private: the RSA key; 4096 bits give two years, smaller ones one.
        name: the unique name, which becomes the CN.
        org_id: 15 or 18 characters beginning 00D; the first 15 become the OU.
        created: its milliseconds are in the serial number.
        random4: four random bytes, the end of the serial number.

    Raises:
        InputError: the name, the id or the key is none that Salesforce would take.
    """
    check_unique_name(name)
    org = profile.org_id(org_id)
    public = PublicKey(spki := spki_of(private))
    if public.kind != "RSA":
        raise InputError(name, f"its key is {public.text}", "Salesforce makes RSA keys only")
    if len(random4) != RANDOM_BYTES:
        raise DefectError(f"{len(random4)} random bytes where {RANDOM_BYTES} belong")
    created = created.astimezone(UTC)
    parts = [("CN", name), ("OU", org), ("O", ORGANISATION), ("L", "San Francisco"), ("ST", "CA"), ("C", "USA")]
    subject = name_of(parts)
    milliseconds = profile.epoch_milliseconds(created)
    if not 0 < milliseconds < 1 << 47:  # what fits into the six bytes of the serial, without a sign
        raise InputError(name, f"created in {created.year}", "give a moment after 1970 and before 6429")
    serial = int.from_bytes(milliseconds.to_bytes(6) + bytes(4) + random4)
    return self_signed(
        private=private,
        subject=subject,
        serial=serial,
        not_before=created.replace(microsecond=0),
        not_after=_years_later(created, 2 if public.bits >= _TWO_YEARS_FROM else 1),
        extensions=(
            subject_key_identifier(spki),
            basic_constraints(ca=True),
            authority_key_identifier(spki, subject, serial),
        ),
    )


def _years_later(moment: datetime, years: int) -> datetime:
    """The same day of a later year (28 February for the 29th), at noon as Salesforce cuts it."""
    noon = moment.replace(hour=12, minute=0, second=0, microsecond=0)
    try:
        return noon.replace(year=moment.year + years)
    except ValueError:
        return noon.replace(year=moment.year + years, day=28)


def made_for(certificate: Certificate) -> str | None:
    """Return the 15-character id of the org that Salesforce made the certificate for; None for any other."""
    subject = certificate.subject
    org = subject.get("OU") or ""
    ours = certificate.self_issued and subject.get("O") == ORGANISATION and _ORG.fullmatch(org)
    return org if ours else None


def created_at(certificate: Certificate) -> datetime | None:
    """Read off its serial number when Salesforce made the certificate, to the millisecond; None for any other."""
    if not 0 < certificate.serial < 1 << (8 * _SERIAL_BYTES - 1):
        return None
    serial = certificate.serial.to_bytes(_SERIAL_BYTES)
    moment = _EPOCH + timedelta(milliseconds=int.from_bytes(serial[:6]))
    if any(serial[_ZEROS]) or abs(moment - certificate.not_before) > _A_DAY:
        return None
    return moment


def describe(certificate: Certificate) -> str:
    """Say in words what a certificate is, for people."""
    if match := proxy_instance(certificate):
        return _describe_proxy(match)
    signed = is_self_signed(certificate)
    if org := made_for(certificate):
        created = created_at(certificate)
        when = format_instant(created or certificate.not_before)
        doubt = "" if signed is not False else ", but its signature is not its own"
        return f"made by Salesforce for org {org} on {when}{doubt}"
    if signed:
        other = "" if certificate.self_issued else f", though it names {certificate.issuer.text} as its issuer"
        return f"self-signed{other}"
    if not certificate.self_issued:
        return f"CA-issued, by {certificate.issuer.get('CN') or certificate.issuer.text}"
    if signed is None:
        return f"self-issued; its signature ({certificate.signature_algorithm}) was not checked"
    return "self-issued, but its signature is not its own"


def _describe_proxy(match: ProxyMatch) -> str:
    names = " and ".join(one.label for one in match.instances)
    if match.by == "certificate":
        last = match.instances[0].not_after
        return f"{PROXY_NAME} instance {names}, retired, expired on {last:%Y-%m-%d}"
    if match.by == "key":
        return f"another certificate over the key of {PROXY_NAME} instance {names}, retired"
    return f"an unlisted {PROXY_NAME} certificate; please check where it came from"
