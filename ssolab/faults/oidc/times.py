"""Faults of the moments in a token: too late, too early, of the wrong type, and in the wrong unit."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ssolab.faults.engine import Carrier
from ssolab.faults.oidc.making import AT_SALESFORCE, ATTACK, LEGITIMATE, MISTAKE, meant_for, of_draft
from ssolab.oidc.materials import TokenKind

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit
    from ssolab.faults.tokens import Draft

_HOUR: Final = 3600
_DAY: Final = 86_400
_NO_MOMENT: Final = "time-of-wrong-type"
_MINUTES: Final = timedelta(minutes=5)
_BEARER: Final = Carrier.BEARER_ASSERTION
_LENIENT: Final = {"profile": "salesforce"}


def _now(kit: Kit) -> int:
    return int(kit.now.timestamp())


@of_draft("J-16", MISTAKE, "token-expired")
def token_that_ended_an_hour_ago(draft: Draft, kit: Kit) -> Draft:
    """The token ended an hour ago.

    It was kept too long, or the clocks are apart. Conformance tests call this `invalid-expired-exp`.
    """
    return draft.claiming(exp=_now(kit) - _HOUR)


@of_draft("J-16", MISTAKE, "missing-claim")
def token_that_does_not_end(draft: Draft, _kit: Kit) -> Draft:
    """The token has no end.

    Whoever finds it can use it for ever. Conformance tests call this `invalid-missing-exp`.
    """
    return draft.without("exp")


@of_draft("J-16", MISTAKE, warns=("token-without-end",), receiver={"kind": TokenKind.JWT})
def plain_token_that_does_not_end(draft: Draft, _kit: Kit) -> Draft:
    """The token has no end, and nothing is known of what it is for.

    No standard requires an end of every token, so it is accepted, with a warning.
    """
    return draft.without("exp")


@of_draft("J-16", MISTAKE, "time-as-text")
def expiry_as_text(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token is a number in quotes.

    Half of all libraries take it. The standard says a number.
    """
    return draft.claiming(exp=str(draft.claims["exp"]))


@of_draft("J-16", LEGITIMATE, carrier=_BEARER, warns=("time-as-text",), receiver=_LENIENT)
def expiry_as_text_at_salesforce(draft: Draft, _kit: Kit) -> Draft:
    """The end of the assertion is a number in quotes, as simple-salesforce writes it.

    Salesforce takes it. It is accepted in that profile, with a warning. Elsewhere write the number.
    """
    meant_for(draft, "RS256", why=AT_SALESFORCE)
    return draft.claiming(exp=str(draft.claims["exp"]))


@of_draft("J-16", MISTAKE, "expiry-looks-like-milliseconds")
def expiry_in_milliseconds(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token is in milliseconds.

    To whoever reads seconds it ends in fifty thousand years, which is never.
    """
    return draft.claiming(exp=draft.claims["exp"] * 1000)


@of_draft("J-16", LEGITIMATE, carrier=_BEARER, warns=("expiry-looks-like-milliseconds",), receiver=_LENIENT)
def expiry_in_milliseconds_at_salesforce(draft: Draft, _kit: Kit) -> Draft:
    """The end of the assertion is in milliseconds, as the Salesforce CLI writes it.

    Salesforce takes it. It is accepted in that profile, with a warning. Elsewhere write seconds.
    """
    meant_for(draft, "RS256", why=AT_SALESFORCE)
    return draft.claiming(exp=draft.claims["exp"] * 1000)


@of_draft("J-16", MISTAKE, _NO_MOMENT)
def expiry_in_words(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token is a date in words.

    A reader that compares texts finds any date before the letter of a number.
    """
    return draft.claiming(exp="2099-01-01T00:00:00Z")


@of_draft("J-16", ATTACK, _NO_MOMENT)
def expiry_that_is_true(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token is the word true.

    In several languages that is the number one, and in others it compares with nothing.
    """
    return draft.claiming(exp=True)


@of_draft("J-16", ATTACK, _NO_MOMENT)
def expiry_that_is_null(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token is null.

    A reader that asks whether there is an end, and then whether it is over, may find neither.
    """
    return draft.claiming(exp=None)


@of_draft("J-16", ATTACK, _NO_MOMENT)
def expiry_in_a_list(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token is a list with that number in it.

    Some languages turn it into the number, and some into true.
    """
    return draft.claiming(exp=[draft.claims["exp"]])


@of_draft("J-16", ATTACK, _NO_MOMENT, "token-expired")
def expiry_that_is_negative(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token lies before 1970.

    Read without its sign, it is far ahead.
    """
    return draft.claiming(exp=-draft.claims["exp"])


@of_draft("J-16", ATTACK, "expiry-looks-like-milliseconds")
def expiry_that_is_huge(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token is a number that no calendar holds.

    Readers that turn it into a date fail in the middle of their checks. It is compared as the number that it is.
    """
    return draft.claiming(exp=1e300)


@of_draft("J-16", LEGITIMATE)
def expiry_with_a_fraction(draft: Draft, _kit: Kit) -> Draft:
    """The end of the token has a fraction of a second.

    The standard allows it. Readers that want whole numbers break off.
    """
    return draft.claiming(exp=draft.claims["exp"] + 0.5)


@of_draft("J-16", MISTAKE, "token-issued-long-ago", receiver={"issued_within": _MINUTES})
def token_from_a_week_ago(draft: Draft, kit: Kit) -> Draft:
    """The token was issued a week ago and has not ended.

    A token that answers a login is made at that moment. Conformance tests call this `iat-is-week-in-past`.
    """
    return draft.claiming(iat=_now(kit) - 7 * _DAY)


@of_draft("J-16", MISTAKE, "token-from-the-future")
def token_from_tomorrow(draft: Draft, kit: Kit) -> Draft:
    """The token will be issued in an hour.

    The clocks are apart, or one of them tells another time zone.
    """
    return draft.claiming(iat=_now(kit) + _HOUR)


@of_draft("J-16", MISTAKE, "token-not-yet-valid")
def token_that_begins_later(draft: Draft, kit: Kit) -> Draft:
    """The token is valid from the next hour on.

    Its issuer wanted it to wait, or the clocks are apart.
    """
    return draft.claiming(nbf=_now(kit) + _HOUR)


@of_draft("J-16", MISTAKE, "missing-claim")
def token_without_a_moment_of_issue(draft: Draft, _kit: Kit) -> Draft:
    """The token does not say when it was issued.

    Nobody can tell an old one from a new one. Conformance tests call this `missing-iat`.
    """
    return draft.without("iat")


@of_draft("J-16", MISTAKE, "time-as-text")
def moment_of_issue_as_text(draft: Draft, _kit: Kit) -> Draft:
    """The moment of issue is a number in quotes.

    What holds for the end holds for every moment.
    """
    return draft.claiming(iat=str(draft.claims["iat"]))


@of_draft("J-16", LEGITIMATE)
def clocks_a_little_apart(draft: Draft, kit: Kit) -> Draft:
    """The token was issued half a minute ahead of our clock.

    Clocks are never together. As much is allowed everywhere.
    """
    return draft.claiming(iat=_now(kit) + 30)


@of_draft("J-17", MISTAKE, "login-time-missing", receiver={"max_age": _MINUTES})
def login_of_an_unknown_time(draft: Draft, _kit: Kit) -> Draft:
    """The token does not say when the user logged in, although a fresh login was asked for.

    Who asked cannot tell a fresh login from an old one. Have the provider write `auth_time` wherever `max_age` was
    sent.
    """
    return draft.without("auth_time")


@of_draft("J-17", MISTAKE, "login-too-long-ago", receiver={"max_age": _MINUTES})
def login_of_yesterday(draft: Draft, kit: Kit) -> Draft:
    """The user logged in yesterday, although a fresh login was asked for.

    The provider let its session pass for one. Send the user there again with `prompt=login`.
    """
    return draft.claiming(auth_time=_now(kit) - _DAY)


@of_draft("J-17", MISTAKE, "login-in-the-future")
def login_of_tomorrow(draft: Draft, kit: Kit) -> Draft:
    """The token says that the user will log in tomorrow.

    A unit or a time zone is wrong at the provider. Compare the clocks of both sides.
    """
    return draft.claiming(auth_time=_now(kit) + _DAY)


@of_draft("J-17", MISTAKE, warns=("login-a-year-ago",))
def login_of_the_year_before_last(draft: Draft, kit: Kit) -> Draft:
    """The token says that the user logged in two years ago.

    No session lasts so long. It is accepted, with a warning, since nobody asked for a fresh login.
    """
    return draft.claiming(auth_time=_now(kit) - 730 * _DAY)


@of_draft("J-16", MISTAKE, "token-lives-too-long", carrier=_BEARER)
def assertion_that_is_valid_for_a_day(draft: Draft, kit: Kit) -> Draft:
    """The assertion of a client is valid for a day.

    It is used at once. Whoever finds it has a day to use it as well.
    """
    return draft.claiming(exp=_now(kit) + _DAY)


@of_draft("J-16", MISTAKE, "token-lives-too-long", carrier=Carrier.CLIENT_ASSERTION)
def client_assertion_that_is_valid_for_a_day(draft: Draft, kit: Kit) -> Draft:
    """The assertion by which a client proves itself is valid for a day.

    It is as good as a password that is written into every log on the way.
    """
    return draft.claiming(exp=_now(kit) + _DAY)


@of_draft("J-16", MISTAKE, "token-expired", carrier=Carrier.CLIENT_ASSERTION)
def client_assertion_of_an_hour_ago(draft: Draft, kit: Kit) -> Draft:
    """The assertion by which a client proves itself ended an hour ago.

    The client keeps one and sends it again, or its clock is behind. Compare the clocks of both sides first.
    """
    return draft.claiming(exp=_now(kit) - _HOUR, iat=_now(kit) - _HOUR - 60)
