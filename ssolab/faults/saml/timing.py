"""Messages too early, too late, or with moments that cannot be read; and those at the very edge."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.addressing import CONFIRMED
from ssolab.faults.saml.editing import find, put
from ssolab.saml.writing import moment_text

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

CONDITIONS: Final = "saml:Assertion/saml:Conditions"
STATEMENT: Final = "saml:Assertion/saml:AuthnStatement"
LONG: Final = timedelta(hours=2)
SKEW: Final = timedelta(seconds=60)
"""What receivers usually allow; the edges are tried against it."""


def _end(kit: Kit, by: timedelta) -> str:
    return moment_text(kit.now + by)


@fault(
    "S-06", Nature.MISTAKE, Stage.TREE, trips=("expired-conditions", "expired-confirmation"), cites="SAML2Core 2.5.1.2"
)
def stale_assertion(root: Element, kit: Kit) -> Element:
    """The assertion was made two hours ago, and both its ends have passed.

    A message from the browser's history, a login page left open, or a clock that is two hours behind.
    """
    for element in root.iter():
        if isinstance(element.tag, str) and element.get("IssueInstant"):
            element.set("IssueInstant", _end(kit, -LONG))
    put(root, CONDITIONS, NotBefore=_end(kit, -LONG), NotOnOrAfter=_end(kit, -LONG + timedelta(minutes=5)))
    put(root, STATEMENT, AuthnInstant=_end(kit, -LONG))
    return put(root, CONFIRMED, NotOnOrAfter=_end(kit, -LONG + timedelta(minutes=5)))


@fault("S-06", Nature.MISTAKE, Stage.TREE, trips=("expired-conditions",), cites="SAML2Core 2.5.1.2")
def ended_conditions(root: Element, kit: Kit) -> Element:
    """The Conditions ended two hours ago, while the confirmation still holds.

    Each window is judged for itself, and one that is over makes the assertion invalid.
    """
    return put(root, CONDITIONS, NotBefore=_end(kit, -2 * LONG), NotOnOrAfter=_end(kit, -LONG))


@fault(
    "S-06",
    Nature.MISTAKE,
    Stage.TREE,
    trips=("expired-conditions",),
    cites="SAML2Core 2.5.1.2",
    receiver={"skew": SKEW},
)
def ended_this_second(root: Element, kit: Kit) -> Element:
    """The Conditions end at the moment at which the usual skew of a minute is used up.

    NotOnOrAfter is exclusive, as its name says: the moment itself is already too late.
    """
    return put(root, CONDITIONS, NotOnOrAfter=_end(kit, -SKEW))


@fault("S-06", Nature.LEGITIMATE, Stage.TREE, warns=("clock-skew-used",), cites="SAML2Core 1.3.3")
def ended_within_the_skew(root: Element, kit: Kit) -> Element:
    """The Conditions ended half of the usual skew of a minute ago.

    It is accepted with a warning, since a receiver that allows no skew refuses it.
    """
    return put(root, CONDITIONS, NotOnOrAfter=_end(kit, -SKEW / 2))


@fault("S-06", Nature.MISTAKE, Stage.TREE, trips=("expired-confirmation",), cites="SAML2Prof 4.1.4.3")
def ended_confirmation(root: Element, kit: Kit) -> Element:
    """The time to deliver the assertion ended two hours ago, while its Conditions still hold.

    A stolen assertion stays good for as long as its receiver forgets to look at this end too.
    """
    return put(root, CONFIRMED, NotOnOrAfter=_end(kit, -LONG))


@fault("S-09", Nature.MISTAKE, Stage.TREE, trips=("expired-confirmation",), cites="SAML2Prof 4.1.4.2")
def endless_confirmation(root: Element, _kit: Kit) -> Element:
    """The confirmation has no NotOnOrAfter.

    The assertion could be delivered for ever. The web browser profile demands an end.
    """
    return put(root, CONFIRMED, NotOnOrAfter=None)


@fault("S-06", Nature.MISTAKE, Stage.TREE, trips=("not-yet-valid",), cites="SAML2Core 2.5.1.2")
def early_conditions(root: Element, kit: Kit) -> Element:
    """The Conditions begin in one hour.

    The identity provider's clock is ahead, or its time zone is wrong by one.
    """
    return put(root, CONDITIONS, NotBefore=_end(kit, LONG / 2), NotOnOrAfter=_end(kit, LONG))


@fault("S-06", Nature.LEGITIMATE, Stage.TREE, warns=("clock-skew-used",), cites="SAML2Core 1.3.3")
def early_by_the_skew(root: Element, kit: Kit) -> Element:
    """The Conditions begin exactly one usual skew of a minute from now.

    NotBefore is inclusive, so the message is accepted with a warning.
    """
    return put(root, CONDITIONS, NotBefore=_end(kit, SKEW))


@fault(
    "S-06",
    Nature.LEGITIMATE,
    Stage.TREE,
    warns=("confirmation-with-not-before",),
    cites="SAML2Prof 4.1.4.2",
)
def confirmation_with_a_beginning(root: Element, kit: Kit) -> Element:
    """The bearer confirmation has a NotBefore, which has already come.

    The profile forbids the attribute; it is obeyed and told of, and some receivers refuse it outright.
    """
    return put(root, CONFIRMED, NotBefore=_end(kit, -LONG))


@fault("S-06", Nature.MISTAKE, Stage.TREE, trips=("expired-session",), cites="SAML2Core 2.7.2")
def ended_session(root: Element, kit: Kit) -> Element:
    """The session at the identity provider was over two hours ago.

    SessionNotOnOrAfter bounds every session that is built on it, so none can begin now.
    """
    return put(root, STATEMENT, SessionNotOnOrAfter=_end(kit, -LONG))


@fault("S-06", Nature.MISTAKE, Stage.TREE, warns=("issued-in-the-future",), cites="SAML2Core 2.3.3")
def issued_tomorrow(root: Element, kit: Kit) -> Element:
    """The Response says that it was issued tomorrow.

    The sender's clock is wrong. The windows of the assertion decide, so this is told of and refuses nothing.
    """
    return put(root, ".", IssueInstant=_end(kit, timedelta(days=1)))


@fault(
    "S-06",
    Nature.MISTAKE,
    Stage.TREE,
    trips=("response-too-old",),
    receiver={"message_life": timedelta(minutes=5)},
    cites="SAML2Core 3.2.2",
)
def old_message_in_a_long_window(root: Element, kit: Kit) -> Element:
    """The Response was made two hours ago, and its assertion holds for a day.

    A receiver that bounds the age of messages refuses it whatever the Conditions say.
    """
    find(root, CONDITIONS).set("NotOnOrAfter", _end(kit, timedelta(days=1)))
    return put(root, ".", IssueInstant=_end(kit, -LONG))


@fault("S-05", Nature.ATTACK, Stage.TREE, sent=2, trips=("replayed-assertion",), cites="SAML2Prof 4.1.4.5")
def sent_twice(root: Element, _kit: Kit) -> Element:
    """The same message is sent a second time.

    A thief who saw it, or a page that was loaded again. An assertion logs in once; the receiver remembers it until its
    end.
    """
    return root


@fault("T-08", Nature.ATTACK, Stage.TREE, trips=("invalid-instant",), cites="SAML2Core 1.3.3")
def unreadable_end(root: Element, _kit: Kit) -> Element:
    """NotOnOrAfter of the Conditions is no moment.

    A reader that turns it into not-a-number finds that every comparison with it is false, and lets the message pass.
    """
    return put(root, CONDITIONS, NotOnOrAfter="2027-01-04T16=7:00Z")


@fault("T-09", Nature.MISTAKE, Stage.TREE, trips=("invalid-instant",), cites="SAML2Core 1.3.3", lax=True)
def end_without_a_zone(root: Element, kit: Kit) -> Element:
    """NotOnOrAfter of the Conditions has no time zone.

    Guessing one moves the window by hours, so it is refused.
    """
    return put(root, CONDITIONS, NotOnOrAfter=_end(kit, LONG).removesuffix("Z"))


@fault("T-09", Nature.MISTAKE, Stage.TREE, trips=("invalid-instant",), cites="XSD Datatypes 3.2.7", lax=True)
def leap_second(root: Element, _kit: Kit) -> Element:
    """The session ends in the sixty-first second of a minute.

    xs:dateTime has no leap seconds. Whoever writes them has to round.
    """
    return put(root, STATEMENT, SessionNotOnOrAfter="2029-12-31T23:59:60Z")


@fault("T-09", Nature.MISTAKE, Stage.TREE, trips=("invalid-instant",), cites="SAML2Core 1.3.3", lax=True)
def year_of_five_digits(root: Element, _kit: Kit) -> Element:
    """The session ends in the year 10000.

    Calendars of programs end with 9999, so some readers fail on it and others let it wrap around.
    """
    return put(root, STATEMENT, SessionNotOnOrAfter="10000-01-01T00:00:00Z")


@fault("T-09", Nature.LEGITIMATE, Stage.TREE, cites="SAML2Core 1.3.3")
def end_with_an_offset(root: Element, kit: Kit) -> Element:
    """NotOnOrAfter of the Conditions is written with an offset of +00:00 and a fraction of nine digits.

    It is the same moment as with Z and without a fraction, and every receiver of messages should read it so.
    """
    return put(root, CONDITIONS, NotOnOrAfter=_end(kit, LONG).replace(".000Z", ".000000000+00:00"))
