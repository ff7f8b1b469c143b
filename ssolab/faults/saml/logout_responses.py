"""Answers to logout: late, to something that was not asked, or saying that it went wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.instants import format_instant
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import (
    added,
    find,
    put,
    remove,
)
from ssolab.faults.saml.logout_requests import LIFE, SKEW
from ssolab.saml.names import PARTIAL_LOGOUT, RESPONDER, SUCCESS, UNKNOWN_PRINCIPAL

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

ANSWERED: Final = ("response", "query")
"""An answer to a logout is signed in a form, or in the query of a redirect."""
_CODE: Final = "samlp:Status/samlp:StatusCode"
_UNASKED: Final = ("logout-unasked",)
_REFUSED: Final = ("logout-refused",)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=_UNASKED,
    cites="SAML2Core 3.2.2",
)
def logout_response_to_another_request(root: Element, kit: Kit) -> Element:
    """The answer is to a logout that nobody asked for.

    An answer from another day says nothing of the session that shall end now.
    """
    return put(root, ".", InResponseTo=kit.new_id())


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=_UNASKED,
    cites="SAML2Core 3.2.2",
)
def logout_response_to_half_an_id(root: Element, _kit: Kit) -> Element:
    """The answer repeats only the beginning of the ID of the logout request.

    Salesforce's IDs are long, and columns of databases are not. It has to be repeated to the letter.
    """
    return put(root, ".", InResponseTo=(root.get("InResponseTo") or "")[:-1])


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=_UNASKED,
    cites="SAML2Core 3.2.2",
)
def logout_response_to_no_request(root: Element, _kit: Kit) -> Element:
    """The answer does not say which logout it belongs to.

    It would fit any, and so can be kept and played at will.
    """
    return put(root, ".", InResponseTo=None)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    sent=2,
    trips=_UNASKED,
    cites="SAML2Core 3.2.2",
)
def logout_response_sent_again(root: Element, _kit: Kit) -> Element:
    """The very answer to the logout is sent a second time.

    The logout that it belongs to has its answer already.
    """
    return root


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=_REFUSED,
    cites="SAML2Core 3.7.2",
)
def refused_logout(root: Element, _kit: Kit) -> Element:
    """The partner says that it knows nobody of that name.

    Its session may go on, so the person must not be told that it has ended.
    """
    find(root, _CODE).set("Value", RESPONDER)
    return added(root, _CODE, "samlp:StatusCode", Value=UNKNOWN_PRINCIPAL)


@fault(
    "S-08",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=_REFUSED,
    cites="SAML2Core 3.2.2.2",
)
def success_inside_a_refused_logout(root: Element, _kit: Kit) -> Element:
    """The partner failed, and Success stands as the inner code.

    A reader that searches for Success finds it. The outer code decides.
    """
    find(root, _CODE).set("Value", RESPONDER)
    return added(root, _CODE, "samlp:StatusCode", Value=SUCCESS)


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=_REFUSED,
    cites="SAML2Core 3.2.2.1",
)
def logout_response_without_a_status_code(root: Element, _kit: Kit) -> Element:
    """The answer to the logout has a Status with nothing in it.

    Nothing says that the session has ended, so it is not taken for ended.
    """
    remove(find(root, _CODE))
    return root


@fault(
    "S-14",
    Nature.LEGITIMATE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    warns=("logout-partial",),
    cites="SAML2Core 3.7.3.2",
)
def partial_logout(root: Element, _kit: Kit) -> Element:
    """The partner ended its session, and says that it could not reach everybody who shares it.

    The answer is good, and the report warns: some application may still have the person logged in.
    """
    return added(root, _CODE, "samlp:StatusCode", Value=PARTIAL_LOGOUT)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    trips=("logout-message-too-old",),
    cites="SAML2Core 3.2.2",
)
def old_logout_response(root: Element, kit: Kit) -> Element:
    """The answer to the logout was issued longer ago than a message may travel.

    It was caught and is sent later, or the clock of its sender is behind by minutes.
    """
    return put(root, ".", IssueInstant=format_instant(kit.now - LIFE - SKEW))


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_RESPONSE,
    signs=ANSWERED,
    warns=("issued-in-the-future",),
    cites="SAML2Core 3.2.2",
)
def logout_response_from_the_future(root: Element, kit: Kit) -> Element:
    """The answer to the logout was issued ten minutes from now.

    The clock of its sender is ahead. It is believed, and the report warns, since some receivers refuse that.
    """
    return put(root, ".", IssueInstant=format_instant(kit.now + timedelta(minutes=10)))
