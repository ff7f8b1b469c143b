"""The certificate around the key that signs a logout message, which explicit trust passes over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier, Nature, Sealing, Stage, fault
from ssolab.faults.saml.own_key import held_early, held_expired, renewed, signed_by

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_ASKED: Final = ("request",)
_ANSWERED: Final = ("response",)


@fault("K-03", Nature.LEGITIMATE, Stage.SEAL, carrier=Carrier.LOGOUT_REQUEST, signs=_ASKED, cites="SAML2MetaIOP 2.6.1")
def logout_request_in_another_certificate(sealing: Sealing, kit: Kit) -> Sealing:
    """The logout request shows another certificate over the trusted key.

    It was renewed, as certificates are. Trust is by key, so the request is obeyed.
    """
    return signed_by(sealing, kit.own, renewed(kit))


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
    return signed_by(sealing, kit.own, renewed(kit))


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
    return signed_by(sealing, kit.own, renewed(kit))


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=("request", "query"),
    receiver={"trusted": held_expired},
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
    receiver={"trusted": held_expired, "checks_expiry": True},
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
    receiver={"trusted": held_early},
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
    receiver={"trusted": held_early, "checks_expiry": True},
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
    receiver={"trusted": held_expired},
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
    receiver={"trusted": held_expired, "checks_expiry": True},
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
    receiver={"trusted": held_early},
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
    receiver={"trusted": held_early, "checks_expiry": True},
    trips=("certificate-not-yet-valid",),
)
def logout_response_with_an_early_certificate_enforced(root: Element, _kit: Kit) -> Element:
    """The trusted certificate of the answer to the logout begins next year, and the receiver enforces dates.

    Such a receiver refuses, whatever the key. Renew the certificate over the same key before, and give the new one
    to the receiver.
    """
    return root
