"""How a request is signed: not at all, by a stranger, or under another certificate."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.keys import SigningCredential, TrustedKey
from ssolab.core.selfsigned import self_signed
from ssolab.faults.engine import Carrier, Nature, Stage, fault

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ssolab.core.certs import Certificate
    from ssolab.faults.engine import Kit, Sealing

_REQUEST: Final = Carrier.REQUEST
_BOTH: Final = ("query", "request")
_INSIDE: Final = ("request",)
_CORE: Final = "SAML2Core 3.4.1"
_TRUST: Final = "SAML2MetaIOP 2.6.1"
_YEAR: Final = timedelta(days=365)


@fault("S-13", Nature.ATTACK, Stage.SEAL, carrier=_REQUEST, signs=_BOTH, trips=("signature-missing",), cites=_CORE)
def unsigned_request(sealing: Sealing, _kit: Kit) -> Sealing:
    """The request is not signed, and the identity provider wants it to be.

    Anybody can write such a request. Where signatures are wanted, one that is missing is as bad as a wrong one.
    """
    return replace(sealing, sign="none")


@fault(
    "S-13",
    Nature.LEGITIMATE,
    Stage.SEAL,
    carrier=_REQUEST,
    signs=_BOTH,
    receiver={"want_signed": False},
    cites=_CORE,
)
def unsigned_request_where_none_is_wanted(sealing: Sealing, _kit: Kit) -> Sealing:
    """The request is not signed, and the identity provider does not ask for that.

    Most do not. What protects the login then is that the answer goes to a registered address only.
    """
    return replace(sealing, sign="none")


@fault(
    "S-13",
    Nature.ATTACK,
    Stage.SEAL,
    carrier=_REQUEST,
    signs=_BOTH,
    trips=("key-not-trusted",),
    cites="SSP, issue 2653",
)
def request_signed_by_a_stranger(sealing: Sealing, kit: Kit) -> Sealing:
    """A stranger signs the request, with a certificate that looks like the registered one.

    The names in a certificate prove nothing. A signature that is there and not good refuses, wherever requests are
    looked at.
    """
    return replace(sealing, credential=kit.foreign)


@fault(
    "S-13",
    Nature.ATTACK,
    Stage.SEAL,
    carrier=_REQUEST,
    signs=_BOTH,
    receiver={"want_signed": False},
    trips=("key-not-trusted",),
    cites="SSP, issue 2653",
)
def request_signed_by_a_stranger_where_none_is_wanted(sealing: Sealing, kit: Kit) -> Sealing:
    """A stranger signs the request, and the identity provider would take an unsigned one.

    It need not be signed, and may not be signed wrongly: somebody tries to pass for this service provider.
    """
    return replace(sealing, credential=kit.foreign)


@fault(
    "K-03",
    Nature.LEGITIMATE,
    Stage.SEAL,
    carrier=_REQUEST,
    signs=_INSIDE,
    cites=_TRUST,
)
def renewed_request_certificate(sealing: Sealing, kit: Kit) -> Sealing:
    """The request shows a renewed certificate over the registered key.

    Trust is by key, so it is accepted, and the report says that the certificate is another one.
    """
    return _shown(sealing, kit, _dated(kit, kit.now, kit.now + _YEAR))


@fault(
    "K-03",
    Nature.MISTAKE,
    Stage.SEAL,
    carrier=_REQUEST,
    signs=_INSIDE,
    receiver={"match": "certificate"},
    trips=("certificate-not-trusted",),
    cites=_TRUST,
)
def renewed_request_certificate_where_that_counts(sealing: Sealing, kit: Kit) -> Sealing:
    """The request shows a renewed certificate over the registered key, and the identity provider compares certificates.

    For such a receiver a renewal is a change of trust like any other. Give it the new certificate before the first
    request.
    """
    return _shown(sealing, kit, _dated(kit, kit.now, kit.now + _YEAR))


def _shown(sealing: Sealing, kit: Kit, certificate: Certificate) -> Sealing:
    own = kit.own
    return replace(sealing, credential=SigningCredential(private=own.private, certificate=certificate, label=own.label))


def _dated(kit: Kit, begin: datetime, end: datetime) -> Certificate:
    """Make a certificate over the sender's own key."""
    own = kit.own
    return self_signed(
        private=own.private,
        subject=own.certificate.subject,
        serial=own.certificate.serial + 1,
        not_before=begin,
        not_after=end,
    )


def _registered(begin: int, end: int) -> Callable[[Kit], tuple[TrustedKey, ...]]:
    """Have the sender's key registered in a certificate that is valid from so many years before or after now."""

    def trusting(kit: Kit) -> tuple[TrustedKey, ...]:
        return (TrustedKey.of(_dated(kit, kit.now + begin * _YEAR, kit.now + end * _YEAR)),)

    return trusting


_EXPIRED: Final[dict[str, Any]] = {"trusted": _registered(-2, -1)}


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.SEAL,
    carrier=_REQUEST,
    signs=_BOTH,
    receiver=_EXPIRED,
    warns=("expired-certificate",),
    cites=_TRUST,
)
def expired_request_certificate(sealing: Sealing, _kit: Kit) -> Sealing:
    """The certificate around the key that signs the request has expired.

    Trust is by key, so it is accepted with a warning. Others look at the dates.
    """
    return sealing


@fault(
    "K-04",
    Nature.MISTAKE,
    Stage.SEAL,
    carrier=_REQUEST,
    signs=_BOTH,
    receiver={**_EXPIRED, "checks_expiry": True},
    trips=("request-certificate-expired",),
    cites=_TRUST,
)
def expired_request_certificate_where_dates_count(sealing: Sealing, _kit: Kit) -> Sealing:
    """The certificate around the key that signs the request has expired, and this identity provider looks at dates.

    AD FS does so. Give it a certificate in date: over the same key that is enough, and the service provider goes on as
    it is.
    """
    return sealing


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.SEAL,
    carrier=_REQUEST,
    signs=_BOTH,
    receiver={"trusted": _registered(1, 2)},
    warns=("certificate-not-yet-valid",),
    cites=_TRUST,
)
def future_request_certificate(sealing: Sealing, _kit: Kit) -> Sealing:
    """The certificate around the key that signs the request is not valid yet.

    Trust is by key, so it is accepted with a warning. Others look at the dates, and the key should wait.
    """
    return sealing
