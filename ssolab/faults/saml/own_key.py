"""The sender's own key in other certificates, or held as that of somebody else: what trust by key has to tell apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.keys import TrustedKey
from ssolab.core.selfsigned import self_signed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from ssolab.core.certs import Certificate, Extension
    from ssolab.core.keys import SigningCredential
    from ssolab.core.names import Name
    from ssolab.faults.engine import Kit, Sealing

YEAR: Final = timedelta(days=365)


def certified(
    kit: Kit, begins: datetime, ends: datetime, *, issuer: Name | None = None, extensions: Sequence[Extension] = ()
) -> Certificate:
    """Make another certificate over the sender's key."""
    trusted = kit.own.certificate
    return self_signed(
        private=kit.own.private,
        subject=trusted.subject,
        issuer=issuer,
        serial=trusted.serial + 1,
        not_before=begins,
        not_after=ends,
        extensions=extensions,
    )


def renewed(kit: Kit, issuer: Name | None = None) -> Certificate:
    """Make the certificate over the sender's key that follows the present one."""
    return certified(kit, kit.now, kit.now + YEAR, issuer=issuer)


def signed_by(sealing: Sealing, key: SigningCredential, certificate: Certificate) -> Sealing:
    """Sign with a key, and show a certificate with it."""
    return replace(sealing, credential=replace(key, certificate=certificate))


def held_expired(kit: Kit) -> tuple[TrustedKey, ...]:
    """Have the receiver hold the sender's key in a certificate that expired a year ago."""
    return _held(certified(kit, kit.now - 2 * YEAR, kit.now - YEAR))


def held_early(kit: Kit) -> tuple[TrustedKey, ...]:
    """Have the receiver hold the sender's key in a certificate that begins next year."""
    return _held(certified(kit, kit.now + YEAR, kit.now + 2 * YEAR))


def held_as_key_of(holder: str) -> Callable[[Kit], tuple[TrustedKey, ...]]:
    """Have the receiver hold the sender's key as that of another party."""
    return lambda kit: _held(kit.own.certificate, holder)


def held_beside(name: str) -> Callable[[Kit], tuple[TrustedKey, ...]]:
    """Have the receiver hold a special key of the kit beside the sender's ordinary one."""
    return lambda kit: (*_held(kit.own.certificate), *_held(kit.others[name].certificate))


def _held(certificate: Certificate, holder: str | None = None) -> tuple[TrustedKey, ...]:
    return (TrustedKey.of(certificate, holder=holder, source="metadata", use="signing"),)
