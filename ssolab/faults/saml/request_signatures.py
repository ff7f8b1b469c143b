"""How a request is signed: not at all, by a stranger, or under another certificate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.own_key import held_early, held_expired, renewed, signed_by

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit, Sealing

_REQUEST: Final = Carrier.REQUEST
_BOTH: Final = ("query", "request")
_INSIDE: Final = ("request",)
_CORE: Final = "SAML2Core 3.4.1"
_TRUST: Final = "SAML2MetaIOP 2.6.1"


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
    return signed_by(sealing, kit.own, renewed(kit))


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
    return signed_by(sealing, kit.own, renewed(kit))


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.SEAL,
    carrier=_REQUEST,
    signs=_BOTH,
    receiver={"trusted": held_expired},
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
    receiver={"trusted": held_expired, "checks_expiry": True},
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
    receiver={"trusted": held_early},
    warns=("certificate-not-yet-valid",),
    cites=_TRUST,
)
def future_request_certificate(sealing: Sealing, _kit: Kit) -> Sealing:
    """The certificate around the key that signs the request is not valid yet.

    Trust is by key, so it is accepted with a warning. Others look at the dates, and the key should wait.
    """
    return sealing
