"""How the certificate in the sender's metadata is written: where it stands, and what stands around and in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import find, named, remove, rewritten
from ssolab.faults.saml.metadata_signatures import CERTIFICATE

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_INFO: Final = "md:IDPSSODescriptor/md:KeyDescriptor/ds:KeyInfo"
_UNREADABLE: Final = ("unreadable-metadata",)
_KEYLESS: Final = ("metadata-without-signing-key",)


@fault(
    "M-06",
    Nature.MISTAKE,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    trips=_UNREADABLE,
    cites="samlify, idpmeta_rollingcert.xml",
)
def key_element_in_a_wrong_namespace(xml: bytes, _kit: Kit) -> bytes:
    """The KeyInfo stands in the namespace of metadata, not in that of XML Signature.

    It was written by hand, and readers that look for names alone do not notice. What decides who is believed is not
    guessed.
    """

    def renamed(root: Element) -> Element:
        find(root, _INFO).tag = named("md:KeyInfo")
        return root

    return rewritten(xml, renamed)


@fault("M-06", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_KEYLESS, cites="SAML2Meta 2.4.1.1")
def certificate_in_a_wrong_namespace(xml: bytes, _kit: Kit) -> bytes:
    """The X509Certificate stands in the namespace of metadata, not in that of XML Signature.

    So there is no certificate in it for anybody who reads names with their namespaces, and no key to verify with.
    """

    def renamed(root: Element) -> Element:
        find(root, CERTIFICATE).tag = named("md:X509Certificate")
        return root

    return rewritten(xml, renamed)


def _spelt(xml: bytes, text: str) -> bytes:
    root = parse(xml, "metadata")
    find(root, CERTIFICATE).text = text
    return serialise(root)


@fault("M-06", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_UNREADABLE, cites="RFC 4648 3.3")
def junk_in_the_certificate(xml: bytes, kit: Kit) -> bytes:
    """A character that is not of base64 stands in the certificate.

    One reader passes it over and another stops there. Copy the certificate again.
    """
    written = kit.own.certificate.base64
    return _spelt(xml, f"{written[:40]}*{written[40:]}")


@fault("M-06", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_UNREADABLE, cites="XMLDSig 4.5.4")
def pem_armour_in_the_certificate(xml: bytes, kit: Kit) -> bytes:
    """The certificate stands there with its BEGIN and END lines.

    A file was put in as it was. Only the base64 between these lines belongs there.
    """
    written = kit.own.certificate.base64
    return _spelt(xml, f"-----BEGIN CERTIFICATE-----\n{written}\n-----END CERTIFICATE-----")


@fault("M-06", Nature.LEGITIMATE, Stage.METADATA, carrier=Carrier.METADATA, cites="XMLDSig 4.5.4")
def certificate_in_indented_lines(xml: bytes, kit: Kit) -> bytes:
    """The certificate is broken into lines, indented, and has blank lines around it.

    White space means nothing in base64, and whoever writes XML for people to read puts some there.
    """
    written = kit.own.certificate.base64
    lines = [written[at : at + 64] for at in range(0, len(written), 64)]
    return _spelt(xml, "\n\n" + "".join(f"\t    {line}\n" for line in lines) + "\n")


@fault("M-06", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, cites="SAML2Meta 2.4.3")
def key_behind_the_addresses_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The KeyDescriptor comes after the addresses, where the schema wants it before them.

    The order means nothing for trust, so the key is read all the same; validating readers refuse the document.
    """

    def moved(root: Element) -> Element:
        role = find(root, "md:IDPSSODescriptor")
        role.append(remove(find(role, "md:KeyDescriptor")))
        return root

    return rewritten(xml, moved)
