"""The certificate around the key in the sender's metadata: dates, uses and issuer, which explicit trust passes over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core import der
from ssolab.core.selfsigned import basic_constraints, extension
from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import find
from ssolab.faults.saml.own_key import YEAR, certified
from ssolab.faults.saml.styles import ANYHOW

if TYPE_CHECKING:
    from ssolab.core.certs import Certificate
    from ssolab.faults.engine import Kit

_CERTIFICATE: Final = "md:IDPSSODescriptor/md:KeyDescriptor/ds:KeyInfo/ds:X509Data/ds:X509Certificate"
_LONG_AGO: Final = timedelta(days=3650)
_KEY_USAGE: Final = "2.5.29.15"
_EXTENDED_KEY_USAGE: Final = "2.5.29.37"
_SERVER_AUTHENTICATION: Final = "1.3.6.1.5.5.7.3.1"
_KEY_ENCIPHERMENT: Final = b"\5\x20"
"""The third bit alone, and five that are not used (RFC 5280, section 4.2.1.3)."""


def _declared(xml: bytes, certificate: Certificate) -> bytes:
    root = parse(xml, "metadata")
    find(root, _CERTIFICATE).text = certificate.base64
    return serialise(root)


def _expired(xml: bytes, kit: Kit) -> bytes:
    return _declared(xml, certified(kit, kit.now - _LONG_AGO, kit.now - YEAR))


def _early(xml: bytes, kit: Kit) -> bytes:
    return _declared(xml, certified(kit, kit.now + YEAR, kit.now + _LONG_AGO))


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    signs=ANYHOW,
    cites="SAML2MetaIOP 2.6.1",
    warns=("expired-certificate",),
)
def expired_certificate_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The certificate in the metadata expired a year ago.

    Trust is by key, so its dates decide nothing; the report warns, since other receivers do look at them.
    """
    return _expired(xml, kit)


@fault(
    "K-04",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    signs=ANYHOW,
    receiver={"checks_expiry": True},
    trips=("expired-certificate",),
)
def expired_certificate_where_dates_are_enforced(xml: bytes, kit: Kit) -> bytes:
    """The certificate in the metadata expired a year ago, and the receiver enforces dates.

    Such a receiver refuses from that day on. Renew the certificate over the same key before.
    """
    return _expired(xml, kit)


@fault(
    "K-04",
    Nature.LEGITIMATE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    signs=ANYHOW,
    cites="SAML2MetaIOP 2.6.1",
    warns=("certificate-not-yet-valid",),
)
def early_certificate_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The certificate in the metadata begins next year.

    Trust is by key, so its dates decide nothing; the report warns.
    """
    return _early(xml, kit)


@fault(
    "K-04",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    signs=ANYHOW,
    receiver={"checks_expiry": True},
    trips=("certificate-not-yet-valid",),
)
def early_certificate_where_dates_are_enforced(xml: bytes, kit: Kit) -> bytes:
    """The certificate in the metadata begins next year, and the receiver enforces dates.

    Such a receiver refuses until that day, whatever the key. Begin to sign with the key only then.
    """
    return _early(xml, kit)


@fault("K-04", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, signs=ANYHOW, cites="SAML2MetaIOP 2.6.1")
def certificate_for_other_uses_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The certificate in the metadata says that its key enciphers keys, serves TLS and is no authority.

    Usages are for chains of certificates, which nobody builds here. In metadata the descriptor says what the key is
    for.
    """
    server = der.write(der.SEQUENCE, der.write_oid(_SERVER_AUTHENTICATION))
    extensions = (
        extension(_KEY_USAGE, der.write(der.BIT_STRING, _KEY_ENCIPHERMENT), critical=True),
        extension(_EXTENDED_KEY_USAGE, server, critical=True),
        basic_constraints(ca=False),
    )
    return _declared(xml, certified(kit, kit.now - YEAR, kit.now + YEAR, extensions=extensions))


@fault("K-04", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, signs=ANYHOW, cites="SAML2MetaIOP 2.6.1")
def certificate_of_an_unknown_authority_in_metadata(xml: bytes, kit: Kit) -> bytes:
    """The certificate in the metadata names an issuer that nobody knows, and was not signed by it.

    No chain is built, so neither its issuer nor its signature is looked at. It is an envelope for a key.
    """
    return _declared(xml, certified(kit, kit.now - YEAR, kit.now + YEAR, issuer=kit.foreign.certificate.subject))
