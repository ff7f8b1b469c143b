"""Who answers the logout, in which version and for which address."""

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
from ssolab.faults.saml.logout_responses import ANSWERED
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
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=("issuer-mismatch", "issuer-not-key-holder"),
    cites="SAML2Core 2.2.5",
)
def logout_response_of_another_issuer(root: Element, _kit: Kit) -> Element:
    """The trusted party signs an answer to the logout in the name of somebody else.

    Each party's key speaks for that party alone, so this is the word of neither of the two.
    """
    return reworded(root, "saml:Issuer", ELSEWHERE)


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    receiver={"trusted": held_as_key_of(ELSEWHERE)},
    trips=("issuer-mismatch",),
    cites="SAML2Core 2.2.5",
)
def logout_response_of_an_unexpected_issuer(root: Element, _kit: Kit) -> Element:
    """The issuer of the answer holds the key that signed, and is not the partner that was asked.

    It can say nothing of the session at the partner, which may well go on as if nothing had been asked.
    """
    return reworded(root, "saml:Issuer", ELSEWHERE)


@fault(
    "S-07",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    receiver={"trusted": held_as_key_of(ELSEWHERE)},
    trips=("issuer-not-key-holder",),
    cites="SAML2MetaIOP 2.6.1",
)
def logout_response_with_the_key_of_another_party(root: Element, _kit: Kit) -> Element:
    """The answer names the partner, and the key that signed it is trusted as that of somebody else.

    A key speaks for its holder alone, however well it is trusted, so this is not the word of the partner.
    """
    return root


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=("issuer-missing",),
    cites="SAML2Prof 4.4.4.2",
)
def logout_response_without_an_issuer(root: Element, _kit: Kit) -> Element:
    """The answer to the logout does not say who sends it.

    Nobody can tell whose session it speaks of. Its sender has to put its entityID there.
    """
    return without(root, "saml:Issuer")


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=_QUERY,
    trips=("element-repeated",),
    cites="SAML2Core 3.2.2",
)
def logout_response_with_two_issuers(root: Element, _kit: Kit) -> Element:
    """The answer to the logout names its issuer twice.

    Two readers could take it for the word of two parties. It stands there once.
    """
    find(root, "saml:Issuer").addnext(copy.deepcopy(find(root, "saml:Issuer")))
    return root


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    warns=("issuer-format-not-entity",),
    cites="SAML2Prof 4.4.4.2",
)
def issuer_of_another_format_in_a_logout_response(root: Element, _kit: Kit) -> Element:
    """The Format of the Issuer of the answer says that it is an address of e-mail.

    An issuer is an entity. The answer is believed, and the report warns, since some receivers refuse that.
    """
    return put(root, "saml:Issuer", Format=EMAIL)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=("destination-mismatch",),
    cites="SAML2Bind 3.5.5.2",
)
def logout_response_for_another_address(root: Element, _kit: Kit) -> Element:
    """The Destination of the answer to the logout is another address.

    It was made for somebody else and carried here, where it says nothing.
    """
    return put(root, ".", Destination=ELSEWHERE)


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    warns=("destination-missing",),
    cites="SAML2Bind 3.5.5.2",
)
def logout_response_without_a_destination(root: Element, _kit: Kit) -> Element:
    """The signed answer to the logout does not say for which address it was made.

    Anybody could carry it elsewhere. It is believed, and the report warns since some receivers refuse that.
    """
    return put(root, ".", Destination=None)


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=("version-unsupported",),
    cites="SAML2Core 4.1",
)
def logout_response_of_another_version(root: Element, _kit: Kit) -> Element:
    """The answer to the logout says that it is of SAML 1.1.

    There was no single logout in that, and nothing here knows what it would mean.
    """
    return put(root, ".", Version="1.1")


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=_QUERY,
    trips=("message-without-id",),
    cites="SAML2Core 1.3.4",
)
def logout_response_without_an_id(root: Element, _kit: Kit) -> Element:
    """The answer to the logout has no ID, and is signed in the query.

    Nobody can speak of it. Its sender has to give each message a fresh one.
    """
    return put(root, ".", ID=None)


@fault(
    "T-08",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=("invalid-instant",),
    cites="passport-saml, issue 547",
)
def logout_response_of_no_moment(root: Element, _kit: Kit) -> Element:
    """The moment at which the answer to the logout was issued cannot be read.

    A reader that takes it for none, or compares with it all the same, lets the answer live for ever.
    """
    return put(root, ".", IssueInstant="T16=7:00")
