"""Who asks for the logout, in which version and for which address."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.addressing import ELSEWHERE
from ssolab.faults.saml.editing import (
    find,
    put,
    reworded,
    without,
)
from ssolab.faults.saml.logout_requests import BOTH
from ssolab.faults.saml.own_key import held_as_key_of
from ssolab.saml.names import EMAIL

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_QUERY: Final = ("query",)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=("issuer-mismatch", "issuer-not-key-holder"),
    cites="SAML2Core 2.2.5",
)
def logout_request_of_another_issuer(root: Element, _kit: Kit) -> Element:
    """The trusted party signs a logout request in the name of somebody else.

    Each party's key speaks for that party alone; otherwise one partner could log out the users of another.
    """
    return reworded(root, "saml:Issuer", ELSEWHERE)


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    receiver={"trusted": held_as_key_of(ELSEWHERE)},
    trips=("issuer-mismatch",),
    cites="SAML2Core 2.2.5",
)
def logout_request_of_an_unexpected_issuer(root: Element, _kit: Kit) -> Element:
    """The issuer of the logout request holds the key that signed, and is not the partner.

    It may be a second tenant of the same product. Its sessions are its own, and those of the partner are not for it
    to end.
    """
    return reworded(root, "saml:Issuer", ELSEWHERE)


@fault(
    "S-07",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    receiver={"trusted": held_as_key_of(ELSEWHERE)},
    trips=("issuer-not-key-holder",),
    cites="SAML2MetaIOP 2.6.1",
)
def logout_request_with_the_key_of_another_party(root: Element, _kit: Kit) -> Element:
    """The logout request names the partner, and the key that signed it is trusted as that of somebody else.

    One partner could log out the users of another. A key speaks for its holder alone, however well it is trusted.
    """
    return root


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=("issuer-missing",),
    cites="SAML2Prof 4.4.4.1",
)
def logout_request_without_an_issuer(root: Element, _kit: Kit) -> Element:
    """The logout request does not say who sends it.

    The issuer decides whose sessions are meant. Its sender has to put its entityID there.
    """
    return without(root, "saml:Issuer")


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_QUERY,
    trips=("element-repeated",),
    cites="SAML2Core 3.2.1",
)
def logout_request_with_two_issuers(root: Element, _kit: Kit) -> Element:
    """The logout request names its issuer twice.

    Two readers could take it for the wish of two parties. It stands there once.
    """
    find(root, "saml:Issuer").addnext(copy.deepcopy(find(root, "saml:Issuer")))
    return root


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    warns=("issuer-format-not-entity",),
    cites="SAML2Prof 4.4.4.1",
)
def issuer_of_another_format_in_a_logout_request(root: Element, _kit: Kit) -> Element:
    """The Format of the Issuer of the logout request says that it is an address of e-mail.

    An issuer is an entity. The request is obeyed, and the report warns, since some receivers refuse that.
    """
    return put(root, "saml:Issuer", Format=EMAIL)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=("destination-mismatch",),
    cites="SAML2Bind 3.5.5.2",
)
def logout_request_for_another_address(root: Element, _kit: Kit) -> Element:
    """The Destination of the logout request is another address.

    It was made for somebody else and carried here. A Destination has to be the address at which a message arrives.
    """
    return put(root, ".", Destination=ELSEWHERE)


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    warns=("destination-missing",),
    cites="SAML2Bind 3.5.5.2",
)
def logout_request_without_a_destination(root: Element, _kit: Kit) -> Element:
    """The signed logout request does not say for which address it was made.

    Anybody could carry it elsewhere. It is obeyed, and the report warns since some receivers refuse that.
    """
    return put(root, ".", Destination=None)


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=("version-unsupported",),
    cites="SAML2Core 4.1",
)
def logout_request_of_another_version(root: Element, _kit: Kit) -> Element:
    """The logout request says that it is of SAML 1.1.

    There was no single logout in that, and nothing here knows what it would mean.
    """
    return put(root, ".", Version="1.1")


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=_QUERY,
    trips=("message-without-id",),
    cites="SAML2Core 1.3.4",
)
def logout_request_without_an_id(root: Element, _kit: Kit) -> Element:
    """The logout request has no ID, and is signed in the query.

    No answer can refer to it. Its sender has to give each message a fresh one.
    """
    return put(root, ".", ID=None)


@fault(
    "T-08",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=("invalid-instant",),
    cites="passport-saml, issue 547",
)
def logout_request_of_no_moment(root: Element, _kit: Kit) -> Element:
    """The moment at which the logout request was issued cannot be read.

    A reader that takes it for none, or compares with it all the same, lets the request live for ever.
    """
    return put(root, ".", IssueInstant="T16=7:00")
