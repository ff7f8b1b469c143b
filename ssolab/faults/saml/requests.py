"""What an AuthnRequest must not get an answer for: foreign addresses, wrong times, wrong places."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.instants import format_instant
from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.addressing import ELSEWHERE
from ssolab.faults.saml.editing import find, forged, holding, put
from ssolab.saml.bindings import MAX_MESSAGE
from ssolab.saml.names import ARTIFACT

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_REQUEST: Final = Carrier.REQUEST
_BOTH: Final = ("query", "request")
_INSIDE: Final = ("request",)
_FOREIGN: Final = ("acs-not-registered",)
_CORE: Final = "SAML2Core 3.4.1"
_ACS: Final = "AssertionConsumerServiceURL"
_HOUR: Final = timedelta(hours=1)


@fault("S-13", Nature.ATTACK, Stage.TREE, carrier=_REQUEST, signs=_BOTH, trips=_FOREIGN, cites="idenplane, issue 397")
def answer_wanted_elsewhere(root: Element, _kit: Kit) -> Element:
    """The request wants its answer at an address that is not registered.

    Whoever writes the request would receive the login. The address comes from what is registered and from nowhere
    else.
    """
    return put(root, ".", AssertionConsumerServiceURL=f"{ELSEWHERE}/acs")


@fault(
    "S-13",
    Nature.ATTACK,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    receiver={"verifies": False},
    trips=_FOREIGN,
    cites="spid-testenv2, issue 122",
)
def answer_wanted_elsewhere_where_nothing_is_verified(root: Element, _kit: Kit) -> Element:
    """The request wants its answer at another address, and the identity provider looks at no signatures.

    Then the registered addresses are all that protects the login: anybody can write such a request, and nobody asks who
    did.
    """
    return put(root, ".", AssertionConsumerServiceURL=f"{ELSEWHERE}/acs")


@fault("S-13", Nature.ATTACK, Stage.TREE, carrier=_REQUEST, signs=_BOTH, trips=_FOREIGN, cites=_CORE)
def answer_wanted_below_the_registered_address(root: Element, _kit: Kit) -> Element:
    """The address for the answer begins like the registered one, and goes on.

    A receiver that compares beginnings sends the login to another page, or to another host where the beginning ends in
    a name. Addresses are compared as a whole.
    """
    return put(root, ".", AssertionConsumerServiceURL=f"{root.get(_ACS, '')}.attacker.invalid/")


@fault("S-13", Nature.MISTAKE, Stage.TREE, carrier=_REQUEST, signs=_BOTH, trips=_FOREIGN, cites=_CORE)
def unknown_acs_index(root: Element, _kit: Kit) -> Element:
    """The request names its address by a number that is not registered.

    The service provider's metadata has changed, and the identity provider holds the old one.
    """
    return put(root, ".", AssertionConsumerServiceURL=None, ProtocolBinding=None, AssertionConsumerServiceIndex="77")


@fault("S-13", Nature.MISTAKE, Stage.TREE, carrier=_REQUEST, signs=_BOTH, trips=_FOREIGN, cites=_CORE)
def acs_by_address_and_by_index(root: Element, _kit: Kit) -> Element:
    """The request names its address and a number as well.

    The two may disagree, and two readers may take one each. The standard allows one of them.
    """
    return put(root, ".", AssertionConsumerServiceIndex="0")


@fault("S-13", Nature.MISTAKE, Stage.TREE, carrier=_REQUEST, signs=_BOTH, trips=_FOREIGN, cites=_CORE)
def answer_wanted_by_another_binding(root: Element, _kit: Kit) -> Element:
    """The request wants its answer by a binding for which no address is registered.

    The address is registered for forms. Register it for the other binding too, or ask for forms.
    """
    return put(root, ".", ProtocolBinding=ARTIFACT)


@fault("S-13", Nature.LEGITIMATE, Stage.TREE, carrier=_REQUEST, signs=_BOTH, cites=_CORE)
def acs_by_index(root: Element, _kit: Kit) -> Element:
    """The request names its address by the number under which it is registered.

    One of the two ways to ask for an address. The answer goes to the one that is registered under it.
    """
    return put(root, ".", AssertionConsumerServiceURL=None, ProtocolBinding=None, AssertionConsumerServiceIndex="0")


@fault("S-13", Nature.LEGITIMATE, Stage.TREE, carrier=_REQUEST, signs=_BOTH, cites=_CORE)
def acs_left_out(root: Element, _kit: Kit) -> Element:
    """The request says nothing of where its answer is wanted.

    It goes to the address that is registered as the default.
    """
    return put(root, ".", AssertionConsumerServiceURL=None, ProtocolBinding=None)


@fault(
    "S-13",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    trips=("request-too-old",),
    cites="SAML2Core 3.2.1",
)
def old_request(root: Element, kit: Kit) -> Element:
    """The request was made an hour ago.

    A bookmark of the identity provider's page, or somebody sends again what he once saw. Begin the login anew.
    """
    return put(root, ".", IssueInstant=format_instant(kit.now - _HOUR))


@fault(
    "S-13",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    trips=("request-from-the-future",),
    cites="SAML2Core 3.2.1",
)
def request_of_a_fast_clock(root: Element, kit: Kit) -> Element:
    """The request says that it was made in an hour.

    A request for later could be kept and used then. Set the clock of the service provider.
    """
    return put(root, ".", IssueInstant=format_instant(kit.now + _HOUR))


@fault(
    "S-13",
    Nature.ATTACK,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    trips=("destination-mismatch",),
    cites="SAML2Bind 3.4.5.2",
)
def request_for_another_identity_provider(root: Element, _kit: Kit) -> Element:
    """The request was made for the address of another identity provider.

    A signed request is carried over from there. Destination ties it to one address.
    """
    return put(root, ".", Destination=f"{ELSEWHERE}/sso")


@fault(
    "S-13",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    trips=("destination-mismatch",),
    cites="SAML2Bind 3.4.5.2",
)
def request_with_an_empty_destination(root: Element, _kit: Kit) -> Element:
    """The Destination of the request is there and empty.

    An empty address is no address of the receiver, and must not be taken for a missing one.
    """
    return put(root, ".", Destination="")


@fault(
    "S-13",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    warns=("destination-missing",),
    cites="SAML2Bind 3.4.5.2",
)
def request_without_a_destination(root: Element, _kit: Kit) -> Element:
    """The signed request has no Destination.

    The bindings demand one on a signed message. It is accepted here with a warning; stricter receivers refuse it.
    """
    return put(root, ".", Destination=None)


@fault(
    "D-04",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=_REQUEST,
    signs=_INSIDE,
    trips=("oversized-message",),
    cites="CVE-2025-54572",
)
def request_of_megabytes(xml: bytes, _kit: Kit) -> bytes:
    """A signed request is followed by more white space than a message may have bytes.

    In a form nothing is compressed, so the size is known, and looked at, before anything of it is read.
    """
    return xml + b" " * MAX_MESSAGE


@fault(
    "D-01",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=_REQUEST,
    signs=_BOTH,
    trips=("forbidden-document-type",),
    cites="CVE-2016-10127",
)
def request_with_a_document_type(xml: bytes, _kit: Kit) -> bytes:
    """The request begins with a document type that names a file of the identity provider.

    A parser that resolves it shows the file on the page with the error. Document types are refused unread.
    """
    return b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + xml


@fault(
    "X-28",
    Nature.ATTACK,
    Stage.WIRE,
    carrier=_REQUEST,
    signs=_INSIDE,
    trips=("stray-signature", "signature-missing"),
    cites="samlify, issue 634",
)
def signed_request_in_a_forged_one(xml: bytes, kit: Kit) -> bytes:
    """A forged request without a signature holds the signed original in its Extensions.

    A verifier that searches for a signature finds the original's, and the reader goes on with the root.
    """
    original = parse(xml, "message")
    evil = forged(original, kit)
    find(evil, "saml:Issuer").addnext(holding("Extensions", original))
    return serialise(evil)
