"""Checks of time: each window is judged at its exact edges, and a message that only the skew lets in is told so.

NotBefore is inclusive, NotOnOrAfter exclusive (SAML2Core 2.5.1.2). The skew widens both ends.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity
from ssolab.core.instants import format_instant, in_words
from ssolab.saml.confirmation_checks import chosen, data_of, early
from ssolab.saml.materials import instant_of
from ssolab.saml.message_checks import moment, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.xmltree import Element
    from ssolab.saml.materials import Expected, Materials


NO_TIME = timedelta(0)


@check(cites="SAML2Core 2.5.1.2")
def not_yet_valid(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The assertion is not valid yet.

    NotBefore lies in the future by more than the allowed skew: the identity provider's clock is ahead of ours, or
    ours is behind. Set both by the same time service; the skew is for seconds, not for a wrong clock.
    """
    for element in _bounded(message, expected):
        yield from early(element, message, expected)


@check(cites="SAML2Core 2.5.1.2")
def expired_conditions(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The assertion's validity is over.

    NotOnOrAfter of the Conditions has been reached, and the moment itself is already too late. A slow login, a
    message from the browser's history or a wrong clock are the usual causes; begin the login anew.
    """
    conditions = message.conditions
    end = instant_of(conditions, "NotOnOrAfter")
    if conditions is not None and end is not None and expected.now - end >= expected.skew:
        yield Problem(
            "the Conditions of the assertion have expired",
            expected=f"NotOnOrAfter after {moment(expected.now, expected)}",
            observed=f"NotOnOrAfter {format_instant(end)}",
            where=message.where(conditions),
        )


@check(cites="SAML2Core 2.7.2")
def expired_session(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The session at the identity provider is already over.

    SessionNotOnOrAfter of the AuthnStatement bounds every session that is built on it, so none can begin now. The user
    has to log in at the identity provider again.
    """
    for statement in message.statements:
        end = instant_of(statement, "SessionNotOnOrAfter")
        if end is not None and expected.now - end >= expected.skew:
            yield Problem(
                "the session at the identity provider is over",
                expected=f"SessionNotOnOrAfter after {moment(expected.now, expected)}",
                observed=f"SessionNotOnOrAfter {format_instant(end)}",
                where=message.where(statement),
            )


@check(severity=Severity.WARNING, cites="SAML2Core 1.3.3")
def clock_skew_used(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The message is in time only because some skew between the clocks is allowed.

    Judged by the clock alone it would be refused, and a stricter receiver does refuse it. Set both clocks by the same
    time service.
    """
    for element in (*_bounded(message, expected), *message.statements):
        begin = instant_of(element, "NotBefore")
        if begin is not None and NO_TIME < begin - expected.now <= expected.skew:
            yield _saved(message, element, f"NotBefore {format_instant(begin)}", begin - expected.now, expected)
        for name in ("NotOnOrAfter", "SessionNotOnOrAfter"):
            end = instant_of(element, name)
            if end is not None and NO_TIME <= expected.now - end < expected.skew:
                yield _saved(message, element, f"{name} {format_instant(end)}", expected.now - end, expected)


def _saved(message: Materials, element: Element, observed: str, by: timedelta, expected: Expected) -> Problem:
    return Problem(
        f"{name_of(element)} is off by {in_words(by)}, which the allowed skew of {in_words(expected.skew)} lets pass",
        expected=f"in time at {format_instant(expected.now)}",
        observed=observed,
        where=message.where(element),
    )


def _bounded(message: Materials, expected: Expected) -> Iterator[Element]:
    """Yield what has a NotBefore and a NotOnOrAfter: the Conditions and the chosen SubjectConfirmationData."""
    confirmation = chosen(message, expected)
    for element in (message.conditions, None if confirmation is None else data_of(confirmation)):
        if element is not None:
            yield element
