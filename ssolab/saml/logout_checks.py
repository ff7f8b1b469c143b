"""Checks of a LogoutRequest: how old it is, until when it holds, and whether it names a session that there is.

Whoever could end other people's sessions could keep them out for good, so a name counts only as a whole.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity
from ssolab.core.instants import format_instant
from ssolab.core.xmltree import SAML, SAMLP
from ssolab.saml.materials import Expectation, Materials, after, every, instant_of, text_of, unsaid
from ssolab.saml.message_checks import moment, outlived
from ssolab.saml.names import UNSPECIFIED
from ssolab.saml.subjects import NameID

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import timedelta

    from ssolab.core.xmltree import Element

_IDENTIFIERS = ("NameID", "BaseID", "EncryptedID")
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Session:
    """One session as its assertion named it: what a logout request has to name it by."""

    name_id: NameID
    session_index: str | None = None


@dataclass(frozen=True, kw_only=True)
class LogoutExpectation(Expectation):
    """What both messages of single logout are held against.

    `destination` is the address that received the message (several, where any of them may have), `message_life` how
    old it may be.
    """

    destination: str | tuple[str, ...] | None = None
    message_life: timedelta | None = None

    @property
    def destinations(self) -> tuple[str, ...] | None:
        """The addresses that Destination may name."""
        return (self.destination,) if isinstance(self.destination, str) else self.destination


@dataclass(frozen=True, kw_only=True)
class LogoutExpected(LogoutExpectation):
    """What either side expects of a LogoutRequest; `sessions` are those that it shares with the sender.

    `loosely` is for who knows the sessions in part only: of a session, what is None is not compared. Left out, a Format
    that is None means unspecified, and a qualifier that is None must not be there.
    """

    sessions: Collection[Session] | None = None
    loosely: bool = False

    @property
    def open(self) -> tuple[str, ...]:
        """What is not judged, since nothing was said of it."""
        return unsaid(issuer=self.issuer, destination=self.destination, sessions=self.sessions, age=self.message_life)


@check(cites="SAML2Core 3.2.1")
def logout_message_too_old(message: Materials, expected: LogoutExpectation) -> Iterator[Problem]:
    """The logout message was made longer ago than this receiver lets one travel.

    A browser that slept, a page that was loaded again or a clock that is behind are the usual causes. Begin the logout
    anew, and set both sides' clocks by the same time service.
    """
    yield from outlived(message.message, message, expected, expected.message_life)


@check(cites="SAML2Core 3.7.1")
def logout_request_expired(message: Materials, expected: LogoutExpected) -> Iterator[Problem]:
    """The sender let the logout request expire before it arrived.

    Its NotOnOrAfter has passed, so it is of no effect: a request that was caught and sent again later must not end a
    new session. Begin the logout anew; if that does not help, compare the clocks of both sides.
    """
    end = instant_of(message.message, "NotOnOrAfter")
    if end is not None and expected.now >= after(end, expected.skew):
        yield Problem(
            "the logout request has expired",
            expected=f"NotOnOrAfter later than {moment(expected.now, expected)}",
            observed=f"NotOnOrAfter {format_instant(end)}",
            where=message.where(message.message),
        )


@check(cites="SAML2Core 3.7.1")
def logout_name_missing(message: Materials, expected: LogoutExpected) -> Iterator[Problem]:
    """The logout request does not say in a readable way who shall be logged out.

    It has to hold one NameID with text in it, the very one of the assertion. An EncryptedID takes its place
    where our key opens it, and of two names nobody could say which one is meant. Have the sender write one NameID, or
    give the private key of our encryption certificate.
    """
    root = message.message
    given = [local for local in _IDENTIFIERS for _ in every(root, SAML, local)]
    if given == ["EncryptedID"] and expected.decryption:
        return  # why it was not opened is said already
    if given == ["NameID"] and message.name_id is not None and text_of(message.name_id).strip():
        return
    yield Problem(
        "the logout request names somebody more than once" if given[1:] else "the logout request names nobody",
        expected="one NameID with text",
        observed="an empty NameID" if given == ["NameID"] else " and ".join(given[:_MOST_SHOWN]) or "no NameID",
        where=message.where(root),
    )


@check(cites="SAML2Core 3.3.4")
def logout_name_unknown(message: Materials, expected: LogoutExpected) -> Iterator[Problem]:
    """Nobody of that name is logged in here through the sender.

    The NameID is compared as a whole: text, Format (left out, it means unspecified), NameQualifier, SPNameQualifier and
    SPProvidedID. Have the sender keep the NameID of the assertion and send it back unchanged. If it is right, the
    session had ended before.
    """
    if expected.sessions is None or message.name_id is None:
        return
    wanted = _name(message.name_id)
    if _of_that_name(wanted, expected):
        return
    named = (each for each in expected.sessions if each.name_id.value == wanted.value)
    alike = next((_filled(each.name_id, wanted) if expected.loosely else _known(each) for each in named), None)
    if alike is None:
        expected_name = "a name with a session here"
        observed, problem = wanted.value, "nobody of that name is logged in here"
    else:
        expected_name, observed = _differences(alike, wanted)
        problem = "the name is known here, but not with this format and these qualifiers"
    yield Problem(problem, expected=expected_name, observed=observed, where=message.where(message.name_id))


@check(cites="SAML2Prof 4.4.4.1")
def session_index_unknown(message: Materials, expected: LogoutExpected) -> Iterator[Problem]:
    """The logout request names a session that the person does not have here.

    A SessionIndex is compared character by character with the one of the assertion. With none that is known there is
    nothing to end, which refuses the request; beside a known one it is only remarked. Have the sender send the
    SessionIndex of its own AuthnStatement, or leave it out to end all sessions of that person.
    """
    if expected.sessions is None or message.name_id is None:
        return
    known = {each.session_index for each in _of_that_name(_name(message.name_id), expected)}
    given = list(every(message.message, SAMLP, "SessionIndex"))
    unknown = [each for each in given if text_of(each) not in known]
    if not known:
        return  # logout-name-unknown says it
    if expected.loosely and None in known:
        return
    for each in unknown:
        yield Problem(
            "no session of that person has this SessionIndex",
            expected=" or ".join(sorted(filter(None, known))[:_MOST_SHOWN]) or "no SessionIndex",
            observed=text_of(each) or "an empty SessionIndex",
            where=message.where(each),
            severity=None if len(unknown) == len(given) else Severity.WARNING,
        )


def sessions_named(message: Materials, expected: LogoutExpected) -> tuple[Session, ...]:
    """Give the sessions that a logout request names: those of its name, and of its indexes where it has any."""
    if message.name_id is None:
        return ()
    indexes = {text_of(each) for each in every(message.message, SAMLP, "SessionIndex")}
    found = _of_that_name(_name(message.name_id), expected)
    if not indexes:
        return found
    anyhow = {None} if expected.loosely else set()
    return tuple(each for each in found if each.session_index in indexes | anyhow)


def _of_that_name(wanted: NameID, expected: LogoutExpected) -> tuple[Session, ...]:
    """Give the sessions whose name is the wanted one, as far as it has to be known."""
    sessions = expected.sessions or ()
    if not expected.loosely:
        return tuple(each for each in sessions if _known(each) == wanted)
    return tuple(each for each in sessions if _filled(each.name_id, wanted) == wanted)


def _filled(known: NameID, wanted: NameID) -> NameID:
    """Take what is not known of a name for right."""
    return NameID(
        *(theirs if ours is None else ours for ours, theirs in zip(astuple(known), astuple(wanted), strict=True))
    )


def _known(session: Session) -> NameID:
    name = session.name_id
    return replace(name, format=name.format or UNSPECIFIED)


def _name(element: Element) -> NameID:
    get = element.get
    return NameID(
        text_of(element),
        get("Format") or UNSPECIFIED,
        get("NameQualifier"),
        get("SPNameQualifier"),
        get("SPProvidedID"),
    )


def _differences(ours: NameID, theirs: NameID) -> tuple[str, str]:
    """Say in which attributes two names of one text differ."""
    names = {
        "Format": (ours.format, theirs.format),
        "NameQualifier": (ours.name_qualifier, theirs.name_qualifier),
        "SPNameQualifier": (ours.sp_name_qualifier, theirs.sp_name_qualifier),
        "SPProvidedID": (ours.sp_provided_id, theirs.sp_provided_id),
    }
    differing = {name: both for name, both in names.items() if both[0] != both[1]}
    one, other = (
        ", ".join(f"no {name}" if both[side] is None else f"{name} {both[side]}" for name, both in differing.items())
        for side in (0, 1)
    )
    return one, other
