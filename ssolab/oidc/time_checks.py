"""Checks of the moments in a token: seconds since 1970, compared as numbers and never turned into dates first."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity
from ssolab.core.instants import in_words
from ssolab.oidc.materials import TokenKind, in_time, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.oidc.materials import Expected, Token

TIMES: Final = ("exp", "nbf", "iat", "auth_time")
"""The claims that are moments."""

FIFTY_YEARS: Final = 50 * 365.25 * 86_400
YEAR: Final = 366 * 86_400
_LONGEST_ASSERTION: Final = timedelta(minutes=5)


def longest_of(expected: Expected) -> timedelta | None:
    """Say how far ahead the end of the token may lie; None where nobody minds."""
    if expected.longest is None and expected.kind.is_assertion and not expected.lenient:
        return _LONGEST_ASSERTION
    return expected.longest


def now_of(expected: Expected) -> float:
    """Give the moment of judgement in seconds since 1970."""
    return expected.now.timestamp()


@check(cites="RFC 7519 2")
def time_of_wrong_type(token: Token, expected: Expected) -> Iterator[Problem]:  # noqa: ARG001  as any check
    """A moment in the token is no number.

    Moments are seconds since 1970 as a JSON number, with or without a fraction. Dates in words, true and false, arrays
    and negative numbers are none. Have the issuer write the number.
    """
    for name in TIMES:
        if name in token.claims and ((moment := token.time(name)) is None or moment < 0):
            yield Problem(f"{name} is no moment", "seconds since 1970", shown(token.claims[name]), token.where(name))


@check(cites="RFC 7519 2")
def time_as_text(token: Token, expected: Expected) -> Iterator[Problem]:
    """A moment in the token is a number in quotes.

    simple-salesforce writes `exp` so, and Salesforce takes it, so the Salesforce profile warns; strict libraries break
    off. Have the sender write the number without quotes.
    """
    for name in TIMES:
        if isinstance(token.claims.get(name), str) and token.time(name) is not None:
            problem = f"{name} is a text"
            observed = f'"{token.claims[name]}"'
            yield Problem(problem, "a number", observed, token.where(name), severity=expected.tolerated)


@check(cites="RFC 7519 2")
def expiry_looks_like_milliseconds(token: Token, expected: Expected) -> Iterator[Problem]:
    """The end of the token lies more than fifty years ahead.

    That is what milliseconds look like to whoever reads seconds: the Salesforce CLI sends them, and Salesforce takes
    them, so the Salesforce profile warns. A token without a real end is good for ever; have the sender write seconds.
    """
    end = token.time("exp")
    if end is not None and end - now_of(expected) > FIFTY_YEARS:
        hint = f", {in_time(end / 1000)} as milliseconds"
        yield Problem(
            "exp lies more than 50 years ahead: milliseconds in place of seconds?",
            f"seconds since 1970, such as {now_of(expected):.0f}",
            in_time(end) + hint,
            token.where("exp"),
            severity=expected.tolerated,
        )


@check(cites="RFC 7519 4.1.4")
def token_expired(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token is no longer valid.

    It was used too late, kept too long, or the clocks are apart. Compare the clocks of both sides first; Salesforce
    gives its ID tokens two minutes.
    """
    end = token.time("exp")
    if end is not None and now_of(expected) >= end + expected.skew.total_seconds():
        ago = in_words(timedelta(seconds=min(now_of(expected) - end, 1e10)))
        yield Problem(f"expired {ago} ago", _at(expected), f"exp {in_time(end)}", token.where("exp"))


@check(cites="RFC 7519 4.1.5")
def token_not_yet_valid(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token is not valid yet.

    `nbf` lies ahead by more than clocks may be apart. Compare the clocks of both sides.
    """
    begin = token.time("nbf")
    if begin is not None and begin > now_of(expected) + expected.skew.total_seconds():
        yield Problem("not valid yet", _at(expected), f"nbf {in_time(begin)}", token.where("nbf"))


@check(cites="OIDCCore 3.1.3.7")
def token_from_the_future(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token says that it was issued in the future.

    `iat` lies ahead by more than clocks may be apart. Compare the clocks of both sides; milliseconds in place of
    seconds look like this as well.
    """
    issued = token.time("iat")
    if issued is not None and issued > now_of(expected) + expected.skew.total_seconds():
        yield Problem("issued in the future", _at(expected), f"iat {in_time(issued)}", token.where("iat"))


@check(cites="OIDCCore 3.1.3.7")
def token_issued_long_ago(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token was issued longer ago than is allowed here.

    A token that answers a login is made at that moment. An old one was kept or stolen, or the clocks are apart.
    """
    issued = token.time("iat")
    if issued is None or expected.issued_within is None:
        return
    if now_of(expected) - issued > (expected.issued_within + expected.skew).total_seconds():
        limit = f"at most {in_words(expected.issued_within)} old, {_at(expected)}"
        yield Problem("issued too long ago", limit, f"iat {in_time(issued)}", token.where("iat"))


@check(cites="RFC 7523 3")
def token_lives_too_long(token: Token, expected: Expected) -> Iterator[Problem]:
    """The assertion is valid for longer than is allowed here.

    An assertion is used at once; whoever finds a long-lived one can use it as well. Have the client make a new one for
    each request. Salesforce asks for three minutes and is not known to insist on them.
    """
    longest, end = longest_of(expected), token.time("exp")
    if longest is None or end is None:
        return
    if end - now_of(expected) > (longest + expected.skew).total_seconds():
        limit = f"at most {in_words(longest)} ahead, {_at(expected)}"
        yield Problem("valid for too long", limit, f"exp {in_time(end)}", token.where("exp"))


@check(severity=Severity.WARNING, cites="RFC 8725 3.8")
def token_without_end(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token never ends.

    It has no `exp`, so whoever finds it can use it for ever. Have the issuer add an end.
    """
    if expected.kind is TokenKind.JWT and "exp" not in token.claims:
        yield Problem("the token has no end", "exp", "nothing", token.where("exp"))


@check(cites="OIDCCore 3.1.2.1")
def login_time_missing(token: Token, expected: Expected) -> Iterator[Problem]:
    """The ID token does not say when the user logged in, although that was asked for.

    Whoever sends `max_age` gets `auth_time`, and cannot tell a fresh login from an old one without it. Have the
    provider write the claim.
    """
    if expected.max_age is not None and token.time("auth_time") is None:
        limit = f"a login at most {in_words(expected.max_age)} ago"
        yield Problem("auth_time is missing", limit, "nothing", token.where("auth_time"))


@check(cites="OIDCCore 3.1.3.7")
def login_too_long_ago(token: Token, expected: Expected) -> Iterator[Problem]:
    """The user logged in longer ago than was asked for.

    The provider let an older session pass for the login that `max_age` wanted. Send the user there again with
    `prompt=login`.
    """
    login = token.time("auth_time")
    if expected.max_age is None or login is None:
        return
    if now_of(expected) - login > (expected.max_age + expected.skew).total_seconds():
        limit = f"at most {in_words(expected.max_age)} ago, {_at(expected)}"
        yield Problem("the login is too old", limit, f"auth_time {in_time(login)}", token.where("auth_time"))


@check(cites="OIDCCore 2")
def login_in_the_future(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token says that the user will log in.

    `auth_time` lies ahead by more than clocks may be apart. Compare the clocks of both sides.
    """
    login = token.time("auth_time")
    if login is not None and login > now_of(expected) + expected.skew.total_seconds():
        yield Problem("a login in the future", _at(expected), f"auth_time {in_time(login)}", token.where("auth_time"))


@check(severity=Severity.WARNING, cites="OIDCCore 2")
def login_a_year_ago(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token says that the user logged in more than a year ago.

    Sessions end before that; a wrong unit or a field that was never filled looks like this. Have the provider write the
    moment of the login.
    """
    login = token.time("auth_time")
    if login is not None and now_of(expected) - login > YEAR:
        problem = "the login was more than a year ago"
        yield Problem(problem, _at(expected), f"auth_time {in_time(login)}", token.where("auth_time"))


def _at(expected: Expected) -> str:
    return f"at {in_time(now_of(expected))}, skew {expected.skew.total_seconds():g} s"
