"""Checks of a LogoutResponse: that it answers a request of ours, and what it says of the outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity
from ssolab.core.xmltree import SAMLP
from ssolab.saml.logout_checks import LogoutExpectation, logout_message_too_old
from ssolab.saml.materials import only, text_of, unsaid
from ssolab.saml.message_checks import attribute_of
from ssolab.saml.names import PARTIAL_LOGOUT, SUCCESS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from ssolab.saml.materials import Materials

__all__ = ["LogoutResponseExpected", "logout_message_too_old", "logout_partial", "logout_refused", "logout_unasked"]

_CODE = f"{{{SAMLP}}}StatusCode"
_MOST_CODES = 8


@dataclass(frozen=True, kw_only=True)
class LogoutResponseExpected(LogoutExpectation):
    """What either side expects of a LogoutResponse; `in_response_to` holds the ids of its open logout requests."""

    in_response_to: Collection[str] | None = None

    def __post_init__(self) -> None:
        """Take a single ID for a set of one: `in` would find parts of it."""
        if isinstance(self.in_response_to, str):
            object.__setattr__(self, "in_response_to", frozenset({self.in_response_to}))

    @property
    def open(self) -> tuple[str, ...]:
        """What is not judged, since nothing was said of it."""
        return unsaid(
            issuer=self.issuer,
            destination=self.destination,
            in_response_to=self.in_response_to,
            age=self.message_life,
        )


@check(cites="SAML2Core 3.2.2")
def logout_unasked(message: Materials, expected: LogoutResponseExpected) -> Iterator[Problem]:
    """The answer belongs to no logout that was asked for here.

    InResponseTo has to repeat the ID of a LogoutRequest that is still waiting for its answer, to the letter. A page
    that was loaded again answers twice; otherwise have the sender copy the whole ID, however long it is.
    """
    if expected.in_response_to is None or message.message.get("InResponseTo") in expected.in_response_to:
        return
    waiting = len(expected.in_response_to)
    yield Problem(
        "no logout request of that ID waits for an answer",
        expected="the ID of a logout request that waits"
        if waiting != 1
        else f'InResponseTo="{next(iter(expected.in_response_to))}"',
        observed=attribute_of(message.message, "InResponseTo"),
        where=message.where(message.message),
    )


@check(cites="SAML2Core 3.7.2")
def logout_refused(message: Materials, _expected: LogoutResponseExpected) -> Iterator[Problem]:
    """The partner says that it did not log the person out.

    The outer StatusCode is not Success; the inner one and the StatusMessage, shown here, are the partner's own reason.
    UnknownPrincipal means that it has no session of that name: it had ended before, or the NameID that was sent differs
    from the one of the assertion.
    """
    if message.succeeded:
        return
    codes, words = _said(message)
    yield Problem(
        "the partner did not log the person out" if codes else "the LogoutResponse has no Status",
        expected=SUCCESS,
        observed=(" > ".join(codes) or "no StatusCode") + words,
        where=message.where(message.message if message.status is None else message.status),
    )


@check(severity=Severity.WARNING, cites="SAML2Core 3.7.3.2")
def logout_partial(message: Materials, _expected: LogoutResponseExpected) -> Iterator[Problem]:
    """The partner ended its own session, but could not reach everybody who shares it.

    Some other application may still have the person logged in. Tell people to close their browser, and look for the
    application whose logout does not work.
    """
    codes, words = _said(message)
    if message.succeeded and PARTIAL_LOGOUT in codes:
        yield Problem(
            "not every session could be ended",
            expected=f"{SUCCESS} alone",
            observed=" > ".join(codes) + words,
            where=message.where(message.message if message.status is None else message.status),
        )


def _said(message: Materials) -> tuple[list[str], str]:
    """Give the status codes, outermost first, and the StatusMessage."""
    if message.status is None:
        return [], ""
    codes = [each.get("Value", "") for each in message.status.iter(_CODE)]
    words = only(message.status, SAMLP, "StatusMessage")
    return codes[:_MOST_CODES], "" if words is None else f" {text_of(words)!r}"
