"""The addresses in the sender's metadata, to which browsers are sent, and what is missing or stands there twice."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import added, element_of, find, put, remove, rewritten

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_ROLE: Final = "md:IDPSSODescriptor"
_ADDRESS: Final = f"{_ROLE}/md:SingleSignOnService"
_SCRIPT: Final = "javascript:alert(document.domain)//"
_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
_PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
_NOWHERE: Final = ("endpoint-not-http",)
_CITES: Final = "SAML2Meta 2.2.2"


def _leading_to(xml: bytes, address: str) -> bytes:
    return rewritten(xml, lambda root: put(root, _ADDRESS, Location=address))


@fault(
    "B-11",
    Nature.ATTACK,
    Stage.METADATA,
    carrier=Carrier.METADATA,
    trips=_NOWHERE,
    cites="crewjam, TestMetadataValidatesUrlSchemeForProtocolBinding",
)
def script_for_an_address_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The address for requests is a script.

    The page that sends a browser there would run it, in the receiver's name. Only http and https lead anywhere.
    """
    return _leading_to(xml, _SCRIPT)


@fault("B-11", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_NOWHERE, cites=_CITES)
def script_behind_a_blank_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The address for requests is a script in capitals behind a blank.

    Browsers trim addresses and do not mind capitals, and filters that look at the beginning let it through.
    """
    return _leading_to(xml, " JaVaScRiPt:alert(1)")


@fault("B-11", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_NOWHERE, cites=_CITES)
def page_for_an_address_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The address for requests is a whole page, written into a data: address.

    It would show a login form that nobody can tell from the real one. Only http and https lead anywhere.
    """
    return _leading_to(xml, "data:text/html,<h1>Log in</h1>")


@fault("B-11", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_NOWHERE, cites=_CITES)
def file_for_an_address_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The address for requests is a file of the receiver's.

    Whoever asks addresses itself, as with artifacts, would read it.
    """
    return _leading_to(xml, "file:///etc/passwd")


@fault("B-11", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=_NOWHERE, cites=_CITES)
def path_for_an_address_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The address for requests is a path without a host.

    The metadata was written for one server, and its reader is another one.
    """
    return _leading_to(xml, "/saml/sso")


@fault("B-11", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_NOWHERE, cites=_CITES)
def script_for_the_answers_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The address for logout is a good one, and that for its answers is a script.

    Browsers are sent to the one as well as to the other, so both are looked at.
    """
    logout = element_of(
        "md:SingleLogoutService", Binding=_POST, Location="https://idp.example.org/slo", ResponseLocation=_SCRIPT
    )

    def placed(root: Element) -> Element:
        find(root, f"{_ROLE}/md:KeyDescriptor").addnext(logout)
        return root

    return rewritten(xml, placed)


@fault("B-11", Nature.ATTACK, Stage.METADATA, carrier=Carrier.METADATA, trips=_NOWHERE, cites=_CITES)
def script_in_the_other_role_of_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The entity is a service provider too, and its address for assertions is a script.

    The same document is loaded for both roles one day, so each address in it is looked at.
    """

    def doubled(root: Element) -> Element:
        root = added(root, ".", "md:SPSSODescriptor", protocolSupportEnumeration=_PROTOCOL)
        return added(
            root, "md:SPSSODescriptor", "md:AssertionConsumerService", Binding=_POST, Location=_SCRIPT, index="0"
        )

    return rewritten(xml, doubled)


@fault("M-08", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, trips=("unreadable-metadata",), cites=_CITES)
def address_without_a_location_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The address for requests has a binding and no location.

    A variable of a template was not set. Nobody knows where requests go.
    """
    return rewritten(xml, lambda root: put(root, _ADDRESS, Location=None))


@fault("M-08", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, cites="SAML2Meta 2.4.3")
def no_address_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata has no address for requests, although the schema wants one.

    Its keys are as good as ever, so what this side sends is accepted; it can only be asked for nothing.
    """

    def bare(root: Element) -> Element:
        for each in list(find(root, _ROLE).iterchildren(find(root, _ADDRESS).tag)):
            remove(each)
        return root

    return rewritten(xml, bare)


@fault("M-08", Nature.MISTAKE, Stage.METADATA, carrier=Carrier.METADATA, cites=_CITES)
def address_twice_in_metadata(xml: bytes, _kit: Kit) -> bytes:
    """The metadata has two addresses of one binding.

    Senders differ on which one they take. Its keys are as good as ever, so what this side sends is accepted.
    """

    def doubled(root: Element) -> Element:
        own = find(root, _ADDRESS)
        twin = copy.deepcopy(own)
        twin.set("Location", "https://old.idp.example.org/sso")
        own.addnext(twin)
        return root

    return rewritten(xml, doubled)
