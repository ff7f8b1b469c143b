"""Who asks, and in which words: AuthnRequests of other parties and other versions, or without what names them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import added, put, reworded, without
from ssolab.faults.saml.own_key import held_as_key_of
from ssolab.saml.names import EMAIL

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_REQUEST: Final = Carrier.REQUEST
_BOTH: Final = ("query", "request")
_QUERY: Final = ("query",)
_INSIDE: Final = ("request",)
_CORE: Final = "SAML2Core 3.2.1"
_TRUST: Final = "SAML2MetaIOP 2.6.1"
_SOMEBODY: Final = "https://another-partner.example/sp"


@fault(
    "S-13",
    Nature.ATTACK,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    trips=("issuer-mismatch", "issuer-not-key-holder"),
    cites=_CORE,
)
def request_in_the_name_of_another(root: Element, _kit: Kit) -> Element:
    """The request names another service provider, and is signed with this one's key.

    Its answer would go to the other one. Each party's keys speak for that party alone.
    """
    return reworded(root, "saml:Issuer", _SOMEBODY)


@fault(
    "S-13",
    Nature.ATTACK,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    receiver={"issuer": None},
    trips=("issuer-not-key-holder",),
    cites=_TRUST,
)
def request_in_the_name_of_another_where_any_is_served(root: Element, _kit: Kit) -> Element:
    """The request names another service provider, and the identity provider serves whomever it trusts.

    The name alone does not say who asks, since anybody can write it. The key says it, and it belongs to somebody else.
    """
    return reworded(root, "saml:Issuer", _SOMEBODY)


@fault(
    "S-13",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    receiver={"trusted": held_as_key_of(_SOMEBODY)},
    trips=("issuer-mismatch",),
    cites=_CORE,
)
def request_of_another_partner(root: Element, _kit: Kit) -> Element:
    """Another service provider, whose key is trusted too, asks where this one is served.

    It was given an address that was made for somebody else. Load the right metadata into it.
    """
    return reworded(root, "saml:Issuer", _SOMEBODY)


@fault(
    "S-13",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    trips=("issuer-missing",),
    cites="SAML2Prof 4.1.4.1",
)
def request_of_nobody(root: Element, _kit: Kit) -> Element:
    """The request does not say who asks.

    The standard lets a request do without, and the web browser profile does not: nobody would know where the answer
    goes.
    """
    return without(root, "saml:Issuer")


@fault(
    "S-13",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    warns=("issuer-format-not-entity",),
    cites="SAML2Prof 4.1.4.1",
)
def request_of_an_issuer_of_another_format(root: Element, _kit: Kit) -> Element:
    """The Issuer of the request says that it is an e-mail address.

    The profile allows the entity format or none. It is told of; the name itself is compared as always.
    """
    return put(root, "saml:Issuer", Format=EMAIL)


@fault(
    "S-13",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    trips=("version-unsupported",),
    cites="SAML2Core 4.1",
)
def request_of_another_version(root: Element, _kit: Kit) -> Element:
    """The request says that it is of version 1.1.

    What is not SAML 2.0 by its own word is not read as SAML 2.0.
    """
    return put(root, ".", Version="1.1")


@fault("S-13", Nature.MISTAKE, Stage.TREE, carrier=_REQUEST, signs=_QUERY, trips=("message-without-id",), cites=_CORE)
def request_without_an_id(root: Element, _kit: Kit) -> Element:
    """The request has no ID.

    The signature in the address does not need one, and the answer does: it names the request by it.
    """
    return put(root, ".", ID=None)


@fault(
    "S-13",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    trips=("invalid-instant",),
    cites="SAML2Core 1.3.3",
)
def request_with_an_unreadable_moment(root: Element, _kit: Kit) -> Element:
    """The moment at which the request was made cannot be read.

    A time that is no number compares with nothing, and must not pass every comparison.
    """
    return put(root, ".", IssueInstant="2027-01-04T16=7:00")


@fault(
    "S-13",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=_REQUEST,
    signs=_BOTH,
    trips=("element-unexpected",),
    cites="SAML2Core 3.4.1",
)
def request_with_a_foreign_element(root: Element, _kit: Kit) -> Element:
    """An element that the schema does not know stands in the request.

    It may be a look-alike of one that it knows. Additions belong into Extensions.
    """
    return added(root, ".", "Subject", "amira")
