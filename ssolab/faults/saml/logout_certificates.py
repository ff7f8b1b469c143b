"""The certificate around the key that signs a logout message, which explicit trust passes over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.keys import SigningCredential, TrustedKey
from ssolab.core.selfsigned import self_signed
from ssolab.faults.engine import Carrier, Nature, Sealing, Stage, fault

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_YEAR: Final = timedelta(days=365)
_ASKED: Final = ("request",)
_ANSWERED: Final = ("response",)


def _dated(kit: Kit, begins: datetime, ends: datetime) -> tuple[TrustedKey, ...]:
    """Have the receiver hold the sender's key in a certificate with other dates."""
    certificate = kit.own.certificate
    held = self_signed(
        private=kit.own.private,
        subject=certificate.subject,
        serial=certificate.serial,
        not_before=begins,
        not_after=ends,
    )
    return (TrustedKey.of(held, source="metadata", use="signing"),)


def expired(kit: Kit) -> tuple[TrustedKey, ...]:
    """Have the receiver hold the sender's key in a certificate that expired a year ago."""
    return _dated(kit, kit.now - 2 * _YEAR, kit.now - _YEAR)


def early(kit: Kit) -> tuple[TrustedKey, ...]:
    """Have the receiver hold the sender's key in a certificate that begins next year."""
    return _dated(kit, kit.now + _YEAR, kit.now + 2 * _YEAR)


def renewed(sealing: Sealing, kit: Kit) -> Sealing:
    """Sign with the same key in another certificate."""
    certificate = kit.own.certificate
    other = self_signed(
        private=kit.own.private,
        subject=certificate.subject,
        serial=certificate.serial + 1,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
    )
    return replace(sealing, credential=SigningCredential(private=kit.own.private, certificate=other, label="renewed"))


@fault("K-03", Nature.LEGITIMATE, Stage.SEAL, carrier=Carrier.LOGOUT_REQUEST, signs=_ASKED, cites="SAML2MetaIOP 2.6.1")
def logout_request_in_another_certificate(sealing: Sealing, kit: Kit) -> Sealing:
    """The logout request shows another certificate over the trusted key.

    It was renewed, as certificates are. Trust is by key, so the request is obeyed.
    """
    return renewed(sealing, kit)


@fault(
    "K-03",
    Nature.MISTAKE,
    Stage.SEAL,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_ASKED,
    receiver={"match": "certificate"},
    trips=("certificate-not-trusted",),
    cites="XMLDSig 4.5.4",
)
def logout_request_in_another_certificate_where_compared(sealing: Sealing, kit: Kit) -> Sealing:
    """The logout request shows another certificate over the trusted key, and the receiver compares certificates.

    To such a receiver a renewed certificate is as good as another key. Give it the new one before the sender begins
    to use it.
    """
    return renewed(sealing, kit)


@fault(
    "K-13",
    Nature.MISTAKE,
    Stage.SEAL,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_ASKED,
    trips=("sha1-signature",),
    cites="NIST SP 800-131A 9",
)
def logout_request_with_sha_1(sealing: Sealing, _kit: Kit) -> Sealing:
    """The logout request is signed with SHA-1.

    Two texts with one digest can be made. Salesforce signs its logout requests so unless it is told otherwise;
    whoever has to take them permits it by name.
    """
    return replace(sealing, hash="sha1")


@fault(
    "K-03",
    Nature.MISTAKE,
    Stage.SEAL,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=_ANSWERED,
    receiver={"match": "certificate"},
    trips=("certificate-not-trusted",),
    cites="XMLDSig 4.5.4",
)
def logout_response_in_another_certificate_where_compared(sealing: Sealing, kit: Kit) -> Sealing:
    """The answer to the logout shows another certificate over the trusted key, and the receiver compares certificates.

    To such a receiver a renewed certificate is as good as another key. Give it the new one before the sender begins
    to use it.
    """
    return renewed(sealing, kit)


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=("request", "query"),
    receiver={"trusted": expired},
    warns=("expired-certificate",),
    cites="SAML2MetaIOP 2.6.1",
)
def logout_request_with_an_expired_certificate(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the logout request expired a year ago.

    Trust is by key, so its dates decide nothing; the report warns, since other receivers do look at them.
    """
    return root


@fault(
    "K-04",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=("request", "query"),
    receiver={"trusted": expired, "checks_expiry": True},
    trips=("expired-certificate",),
)
def logout_request_with_an_expired_certificate_enforced(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the logout request expired a year ago, and the receiver enforces dates.

    Such a receiver refuses, whatever the key. Renew the certificate over the same key before, and give the new one
    to the receiver.
    """
    return root


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=("request", "query"),
    receiver={"trusted": early},
    warns=("certificate-not-yet-valid",),
    cites="SAML2MetaIOP 2.6.1",
)
def logout_request_with_an_early_certificate(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the logout request begins next year.

    Trust is by key, so its dates decide nothing; the report warns, since other receivers do look at them.
    """
    return root


@fault(
    "K-04",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=("request", "query"),
    receiver={"trusted": early, "checks_expiry": True},
    trips=("certificate-not-yet-valid",),
)
def logout_request_with_an_early_certificate_enforced(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the logout request begins next year, and the receiver enforces dates.

    Such a receiver refuses, whatever the key. Renew the certificate over the same key before, and give the new one
    to the receiver.
    """
    return root


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=("response", "query"),
    receiver={"trusted": expired},
    warns=("expired-certificate",),
    cites="SAML2MetaIOP 2.6.1",
)
def logout_response_with_an_expired_certificate(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the answer to the logout expired a year ago.

    Trust is by key, so its dates decide nothing; the report warns, since other receivers do look at them.
    """
    return root


@fault(
    "K-04",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=("response", "query"),
    receiver={"trusted": expired, "checks_expiry": True},
    trips=("expired-certificate",),
)
def logout_response_with_an_expired_certificate_enforced(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the answer to the logout expired a year ago, and the receiver enforces dates.

    Such a receiver refuses, whatever the key. Renew the certificate over the same key before, and give the new one
    to the receiver.
    """
    return root


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=("response", "query"),
    receiver={"trusted": early},
    warns=("certificate-not-yet-valid",),
    cites="SAML2MetaIOP 2.6.1",
)
def logout_response_with_an_early_certificate(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the answer to the logout begins next year.

    Trust is by key, so its dates decide nothing; the report warns, since other receivers do look at them.
    """
    return root


@fault(
    "K-04",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=("response", "query"),
    receiver={"trusted": early, "checks_expiry": True},
    trips=("certificate-not-yet-valid",),
)
def logout_response_with_an_early_certificate_enforced(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the answer to the logout begins next year, and the receiver enforces dates.

    Such a receiver refuses, whatever the key. Renew the certificate over the same key before, and give the new one
    to the receiver.
    """
    return root
