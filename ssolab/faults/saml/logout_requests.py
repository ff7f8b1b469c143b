"""Which sessions shall end, and until when: logout requests that name other sessions, or come too late or again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from lxml import etree

from ssolab.core.instants import format_instant
from ssolab.faults.engine import Carrier, Nature, Stage, fault
from ssolab.faults.saml.editing import (
    added,
    find,
    put,
    remove,
    reworded,
)

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

BOTH: Final = ("request", "query")
"""A logout request is signed in a form, or in the query of a redirect."""
SKEW: Final = timedelta(seconds=60)
LIFE: Final = timedelta(minutes=5)
_SECOND: Final = timedelta(seconds=1)
_INDEX: Final = "samlp:SessionIndex"
_UNKNOWN: Final = ("logout-name-unknown",)
_NO_SESSION: Final = ("session-index-unknown",)


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=_NO_SESSION,
    cites="SAML2Prof 4.4.4.1",
)
def session_of_nobody_to_log_out(root: Element, _kit: Kit) -> Element:
    """The logout request names a session that nobody has.

    It may have ended before, or its number was cut short. Nothing ends.
    """
    return reworded(root, _INDEX, "_nobodys")


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=_NO_SESSION,
    cites="SAML2Prof 4.4.4.1",
)
def session_of_another_person_to_log_out(root: Element, _kit: Kit) -> Element:
    """The logout request names a session that somebody else has.

    A receiver that looks for the session alone ends it. Name and session belong together.
    """
    return reworded(root, _INDEX, "_bens")


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=_NO_SESSION,
    cites="SAML2Prof 4.4.4.1",
)
def empty_session_to_log_out(root: Element, _kit: Kit) -> Element:
    """The SessionIndex in the logout request is empty.

    It names no session, and is not the same as none, which would mean all of them.
    """
    return reworded(root, _INDEX, "")


@fault(
    "S-14",
    Nature.LEGITIMATE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    warns=_NO_SESSION,
    cites="SAML2Prof 4.4.4.1",
)
def known_and_unknown_session_to_log_out(root: Element, _kit: Kit) -> Element:
    """The logout request names a session of that person and another one that ended before.

    The one that there is ends; the report remarks on the other one, which is no reason to refuse.
    """
    return added(root, ".", _INDEX, "_ended")


@fault("S-14", Nature.LEGITIMATE, Stage.TREE, carrier=Carrier.LOGOUT_REQUEST, signs=BOTH, cites="SAML2Core 3.7.3.2")
def logout_of_all_sessions(root: Element, _kit: Kit) -> Element:
    """The logout request names no session.

    Then all sessions of that person end, which the sender shares with the receiver.
    """
    remove(find(root, _INDEX))
    return root


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=("logout-request-expired",),
    cites="SAML2Core 3.7.1",
)
def expired_logout_request(root: Element, kit: Kit) -> Element:
    """The NotOnOrAfter of the logout request has passed, by the allowed skew.

    It was caught and is sent again, to end a newer session. An expired request is of no effect.
    """
    return put(root, ".", NotOnOrAfter=format_instant(kit.now - SKEW))


@fault("S-14", Nature.LEGITIMATE, Stage.TREE, carrier=Carrier.LOGOUT_REQUEST, signs=BOTH, cites="SAML2Core 3.7.1")
def logout_request_that_ends_within_the_skew(root: Element, kit: Kit) -> Element:
    """The NotOnOrAfter of the logout request has passed, by a second less than the allowed skew.

    Clocks differ a little, so the request is good for that one second more, and after that it is of no effect.
    """
    return put(root, ".", NotOnOrAfter=format_instant(kit.now - SKEW + _SECOND))


@fault("S-14", Nature.LEGITIMATE, Stage.TREE, carrier=Carrier.LOGOUT_REQUEST, signs=BOTH, cites="SAML2Core 3.7.1")
def endless_logout_request(root: Element, _kit: Kit) -> Element:
    """The logout request has no NotOnOrAfter.

    The attribute may be left out. Its age is bounded all the same, by when it was issued.
    """
    return put(root, ".", NotOnOrAfter=None)


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    trips=("logout-message-too-old",),
    cites="SAML2Core 3.2.1",
)
def old_logout_request(root: Element, kit: Kit) -> Element:
    """The logout request was issued longer ago than a message may travel, and says that it is good for an hour more.

    It was caught and is sent again. How long a message may travel is for the receiver to say, whatever the message
    says of itself.
    """
    later = format_instant(kit.now + timedelta(hours=1))
    return put(root, ".", IssueInstant=format_instant(kit.now - LIFE - SKEW), NotOnOrAfter=later)


@fault(
    "S-14",
    Nature.MISTAKE,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    warns=("issued-in-the-future",),
    cites="SAML2Core 3.2.1",
)
def logout_request_from_the_future(root: Element, kit: Kit) -> Element:
    """The logout request was issued ten minutes from now.

    The clock of its sender is ahead. It is obeyed, and the report warns, since some receivers refuse that.
    """
    return put(root, ".", IssueInstant=format_instant(kit.now + timedelta(minutes=10)))


@fault(
    "S-14",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=BOTH,
    sent=2,
    trips=_UNKNOWN,
    cites="SAML2Core 3.7.3.2",
)
def logout_request_sent_again(root: Element, _kit: Kit) -> Element:
    """The very logout request is sent a second time.

    The session that it names has ended, so there is nothing left to end, and whoever sent it is told so.
    """
    return root


@fault(
    "T-01",
    Nature.ATTACK,
    Stage.TREE,
    carrier=Carrier.LOGOUT_REQUEST,
    signs=("query",),
    trips=("unreadable-element",),
    cites="CVE-2017-11427",
)
def comment_in_the_session_to_log_out(root: Element, _kit: Kit) -> Element:
    """A comment cuts the SessionIndex in two, which is a known one once it is joined, and a redirect carries it.

    The query is signed as it is, and with it the comment. A reader that stops there ends another session, so nothing of
    it is obeyed.
    """
    index = find(root, _INDEX)
    written = index.text or ""
    comment = etree.Comment("")
    index.text, comment.tail = written[:2], written[2:]
    index.append(comment)
    return root
