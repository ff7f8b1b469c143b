"""Checks of the SubjectConfirmation: the signed words that tie an assertion to this address, this request, this moment.

A Subject may carry several confirmations and any one that holds is enough. So every check looks at the same one: the
bearer confirmation with the fewest problems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity
from ssolab.core.instants import format_instant
from ssolab.core.xmltree import SAML
from ssolab.saml.materials import every, instant_of, only
from ssolab.saml.message_checks import attribute_of, moment, name_of
from ssolab.saml.names import BEARER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.xmltree import Element
    from ssolab.saml.materials import Expected, Materials

_SHOWN = 3
_LONG = 100


def chosen(message: Materials, expected: Expected) -> Element | None:
    """Give the bearer confirmation that comes nearest to holding, or None where there is none."""
    if len(message.bearers) <= 1:
        return next(iter(message.bearers), None)

    def problems(confirmation: Element) -> int:
        found = sum(1 for judge in (_misdirected, _misanswered, _late) for _ in judge(confirmation, message, expected))
        data = data_of(confirmation)
        return found if data is None else found + sum(1 for _ in early(data, message, expected))

    return min(message.bearers, key=problems, default=None)


def data_of(confirmation: Element) -> Element | None:
    """Give the SubjectConfirmationData of a confirmation."""
    return only(confirmation, SAML, "SubjectConfirmationData")


@check(cites="SAML2Prof 4.1.4.2")
def subject_confirmation_missing(message: Materials, _expected: Expected) -> Iterator[Problem]:
    """The assertion has no bearer SubjectConfirmation.

    Only a bearer confirmation says that whoever brings the assertion may use it, here and now. Other methods (holder
    of key, sender vouches) belong to other profiles; have the identity provider issue for web browser single sign-on.
    """
    if message.assertion is None or message.bearers:
        return
    methods = [each.get("Method", "no Method") for each in every(message.subject, SAML, "SubjectConfirmation")]
    yield Problem(
        "no bearer SubjectConfirmation" if message.subject is not None else "the Assertion has no Subject",
        expected=BEARER,
        observed=", ".join(methods) or "no SubjectConfirmation",
        where=message.where(message.assertion if message.subject is None else message.subject),
    )


@check(cites="SAML2Prof 4.1.4.3")
def recipient_mismatch(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The assertion was made for another address.

    Recipient has to be the AssertionConsumerService address that received the message, character by character, with its
    query. Load the current metadata into the identity provider, or correct the address there.
    """
    confirmation = chosen(message, expected)
    if confirmation is not None:
        yield from _misdirected(confirmation, message, expected)


def _misdirected(confirmation: Element, message: Materials, expected: Expected) -> Iterator[Problem]:
    addresses = expected.destinations
    data = data_of(confirmation)
    recipient = None if data is None else data.get("Recipient")
    if addresses is not None and recipient not in addresses:
        yield Problem(
            "the assertion was made for another address" if recipient else "the assertion names no Recipient",
            expected=" or ".join(addresses),
            observed="no SubjectConfirmationData" if data is None else attribute_of(data, "Recipient"),
            where=message.where(confirmation if data is None else data),
        )


@check(cites="SAML2Prof 4.1.4.3")
def in_response_to_mismatch(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The message answers a request that is not pending here.

    InResponseTo of the Response and of the signed SubjectConfirmationData have to be the ID of one pending request,
    byte for byte; Salesforce's IDs have 296 characters and are often cut off by a column that is too short. A second
    answer, a login that took too long, or a lost session cookie look the same.
    """
    answered = message.message.get("InResponseTo")
    if expected.in_response_to is not None and answered is not None and answered not in expected.in_response_to:
        yield Problem(
            "the Response answers a request that is not pending",
            expected=_pending(expected),
            observed=_answered(answered),
            where=message.where(message.message),
        )
    confirmation = chosen(message, expected)
    if confirmation is not None:
        yield from _misanswered(confirmation, message, expected)


def _misanswered(confirmation: Element, message: Materials, _expected: Expected) -> Iterator[Problem]:
    # The Response may be an unsigned wrapper that anybody could change: the signed data has to agree with it.
    data = data_of(confirmation)
    inner = None if data is None else data.get("InResponseTo")
    outer = message.message.get("InResponseTo")
    if inner != outer:
        yield Problem(
            "Response and SubjectConfirmationData answer different requests",
            expected=_answered(outer),
            observed=_answered(inner),
            where=message.where(confirmation if data is None else data),
        )


@check(cites="SAML2Prof 4.1.5")
def unsolicited_response(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The message answers no request, and only answers are welcome here.

    IdP-initiated login sends such messages; they can be forced upon a browser, so many receivers refuse them. Start the
    login at the service provider, or allow unsolicited responses.
    """
    if expected.in_response_to and not expected.unsolicited and message.message.get("InResponseTo") is None:
        yield Problem(
            "the Response answers no request",
            expected=_pending(expected),
            observed="no InResponseTo",
            where=message.where(message.message),
        )


def _answered(value: str | None) -> str:
    return "no InResponseTo" if value is None else f"InResponseTo {_measured(value)}"


def _measured(value: str) -> str:
    """Show an ID with its length where that is what people overlook."""
    return f"{value} ({len(value)} characters)" if len(value) > _LONG else value


def _pending(expected: Expected) -> str:
    pending = sorted(expected.in_response_to or ())
    if not pending:
        return "no InResponseTo, since no request is pending"
    more = f" or {len(pending) - _SHOWN} more" if len(pending) > _SHOWN else ""
    return "InResponseTo " + " or ".join(map(_measured, pending[:_SHOWN])) + more


@check(cites="SAML2Prof 4.1.4.3")
def expired_confirmation(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The time to deliver the assertion is over, or was never bounded.

    NotOnOrAfter of the SubjectConfirmationData ends the time in which the browser may bring the assertion; the moment
    itself is already too late. The profile demands it. A slow login, a sleeping browser or a wrong clock are the
    usual causes.
    """
    confirmation = chosen(message, expected)
    if confirmation is not None:
        yield from _late(confirmation, message, expected)


def _late(confirmation: Element, message: Materials, expected: Expected) -> Iterator[Problem]:
    data = data_of(confirmation)
    end = instant_of(data, "NotOnOrAfter")
    if data is None or data.get("NotOnOrAfter") is None:
        yield Problem(
            "the SubjectConfirmation has no end",
            expected="NotOnOrAfter in SubjectConfirmationData",
            observed="no SubjectConfirmationData" if data is None else "no NotOnOrAfter",
            where=message.where(confirmation if data is None else data),
        )
    elif end is not None and expected.now - end >= expected.skew:
        yield Problem(
            "the assertion was delivered too late",
            expected=f"NotOnOrAfter after {moment(expected.now, expected)}",
            observed=f"NotOnOrAfter {format_instant(end)}",
            where=message.where(data),
        )


def early(element: Element, message: Materials, expected: Expected) -> Iterator[Problem]:
    """Report that the NotBefore of an element lies in the future."""
    begin = instant_of(element, "NotBefore")
    if begin is not None and begin - expected.now > expected.skew:
        yield Problem(
            f"{name_of(element)} begins in the future",
            expected=f"NotBefore at or before {moment(expected.now, expected)}",
            observed=f"NotBefore {format_instant(begin)}",
            where=message.where(element),
        )


@check(severity=Severity.WARNING, cites="SAML2Prof 4.1.4.2")
def confirmation_with_not_before(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The bearer SubjectConfirmationData has a NotBefore, which the profile forbids.

    It is obeyed here like any other; some receivers refuse it outright. Have the identity provider leave it out.
    """
    confirmation = chosen(message, expected)
    data = None if confirmation is None else data_of(confirmation)
    if data is not None and data.get("NotBefore") is not None:
        yield Problem(
            "NotBefore in a bearer SubjectConfirmationData",
            expected="no NotBefore",
            observed=attribute_of(data, "NotBefore"),
            where=message.where(data),
        )
