"""Judging what a browser brings back from a provider, before anything in it is used (OpenID Connect Core 3.1.2.5).

An answer belongs to a login that this party began, and to the provider that it sent the browser to. Only then is a code
worth taking to the token endpoint, and to no other than that provider's.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ssolab.core.catalog import barrier, refusal
from ssolab.core.findings import InputError, Problem, Severity
from ssolab.core.keyreasons import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime, timedelta

    from ssolab.core.findings import Finding
    from ssolab.oidc.asking import Asked

_READ = ("state", "iss", "error", "error_description", "error_uri", "code", "id_token", "access_token", "token_type")
_LONGEST = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """The parameters of an authorization answer, as they came; `posted` says by form and not in the address."""

    posted: bool
    values: dict[str, str] = field(repr=False)
    repeated: tuple[str, ...] = ()

    def get(self, name: str) -> str | None:
        """Give a parameter; an empty one counts as none."""
        return self.values.get(name) or None

    @property
    def tokens(self) -> tuple[str, ...]:
        """Name the tokens in it."""
        return tuple(name for name in ("id_token", "access_token") if self.get(name))


def returned(pairs: Sequence[tuple[str, str]], *, posted: bool) -> Returned:
    """Read an authorization answer; parameters that nobody knows are ignored."""
    counted = Counter(name for name, _ in pairs if name in _READ)
    return Returned(
        posted=posted,
        values={name: value[:_LONGEST] for name, value in pairs if name in _READ},
        repeated=tuple(name for name, count in counted.items() if count > 1),
    )


def judge_return(
    answer: Returned,
    take: Callable[[str], Asked | None],
    *,
    now: datetime,
    life: timedelta,
) -> tuple[Asked | None, tuple[Finding, ...]]:
    """Judge an authorization answer, and give the request that it answers.

    Args:
        answer: what came.
        take: takes the open request of a state out of the memory, so that nobody gets it twice.
        now: the moment.
        life: how long a login may take.
    """
    if answer.repeated:
        return None, tuple(repeated_answer_parameter(name) for name in answer.repeated)
    state = answer.get("state")
    asked = take(state) if state else None
    if asked is None:
        return None, (unknown_state(state),)
    found = [*_judged(answer, asked)]
    if now - asked.at > life:
        found.append(late_answer(life, now - asked.at))
    return asked, tuple(found)


def _judged(answer: Returned, asked: Asked) -> Iterator[Finding]:
    issuer, asked_for = answer.get("iss"), asked.provider.issuer
    if issuer is not None and issuer != asked_for:
        yield return_of_another_issuer(asked_for, issuer)
    elif issuer is None and asked.provider.names_itself and not _signed(answer, asked):
        yield return_without_issuer(asked_for)
    if answer.tokens and not answer.posted:
        yield tokens_in_the_address(", ".join(answer.tokens))
    if (error := answer.get("error")) is not None:
        yield login_declined(error, answer.get("error_description"))
        return
    for name, member in (("code", "code"), ("id_token", "id_token"), ("token", "access_token")):
        if name in asked.response_type.split() and answer.get(member) is None:
            yield answer_incomplete(member, asked.response_type)


def _signed(answer: Returned, asked: Asked) -> bool:
    """Say whether the answer brings an ID token that was asked for, whose own `iss` says whose it is."""
    return "id_token" in asked.response_type.split() and answer.get("id_token") is not None


@refusal(cites="RFC 6749 3.1")
def repeated_answer_parameter(name: str) -> Problem:
    """A parameter of the authorization answer stands there more than once.

    Two readers would take two different values. Look at what built the address, and who could add to it on the way.
    """
    return Problem("a parameter stands in the answer more than once", "once", excerpt(name))


@refusal(cites="RFC 6749 10.12")
def unknown_state(state: str | None) -> Problem:
    """The authorization answer belongs to no login that this party began.

    Its `state` is missing, was answered already, or was never given out: a login that was begun elsewhere and is
    slipped to a victim looks like this (CSRF), and so does a page that was loaded again. Begin anew at the relying
    party.
    """
    problem = "the answer has no state" if state is None else "the answer belongs to no open login"
    return Problem(problem, "the state of an open login", excerpt(state))


@refusal(cites="OpenID Connect Core 15.5.2")
def late_answer(life: timedelta, took: timedelta) -> Problem:
    """The authorization answer came long after the login was begun.

    What was begun and forgotten may be found by somebody else. Begin anew; where people need longer at the provider,
    let a login take more time.
    """
    return Problem("the login took too long", f"{life.total_seconds():.0f} s", f"{took.total_seconds():.0f} s")


@refusal(cites="RFC 9207 2.4")
def return_of_another_issuer(expected: str, observed: str) -> Problem:
    """The authorization answer names another provider than the one that was asked.

    Were its code taken to the asked one's token endpoint, one of two providers could steal what the other gave: the
    mix-up attack. Where only the spelling differs, correct the issuer in the settings.
    """
    return Problem("the answer is another provider's", expected, excerpt(observed))


@refusal(cites="RFC 9207 2.4")
def return_without_issuer(expected: str) -> Problem:
    """The authorization answer does not name its provider, although the provider's document says that it does.

    Somebody may have taken `iss` out so that answers of two providers cannot be told apart. See what the provider sent.
    """
    return Problem("the answer does not say whose it is", f"iss = {expected}", "nothing")


@refusal(cites="OAuth 2.0 Multiple Response Types 3")
def tokens_in_the_address(names: str) -> Problem:
    """A token came in the address of a page.

    Addresses end up in histories and logs. Tokens come by form_post or in the fragment; have the provider send them so.
    """
    return Problem("a token stands in the address", "form_post", names)


@refusal(cites="RFC 6749 4.1.2.1")
def login_declined(error: str, description: str | None) -> Problem:
    """The provider declined, and said why in a word of the standard.

    `access_denied` is the user's no, `login_required` the answer to prompt=none where nobody is logged in; the others
    name something in the request. The provider's own log says more.
    """
    told = f"{error}: {description}" if description else error
    return Problem("the provider declined", "a code", excerpt(told))


@refusal(cites="OpenID Connect Core 3.1.2.5")
def answer_incomplete(member: str, response_type: str) -> Problem:
    """The authorization answer lacks what was asked for.

    Each word of `response_type` stands for something in the answer. Where the provider has the client registered for
    another one, correct that.
    """
    return Problem(f"the answer has no {member}", f"what response_type {response_type!r} says", "nothing")


@refusal(severity=Severity.INFO, cites="OpenID Connect Core 10.1.1")
def keys_used(told: str, observed: str) -> Problem:
    """Which copy of the provider's keys the token was judged by, and how that came.

    A relying party judges by its own copy, whose age depends on its habits; the profiles in the catalog say which
    product has which. Where a rotation broke a login, the cause is found here: what was fetched when, and what held
    another fetch back.
    """
    return Problem(told, None, observed)


@refusal(cites="OpenID Connect Core 10.1.1")
def no_keys_at_hand(told: str) -> Problem:
    """The relying party has no keys of its provider to judge a token by.

    The address of the JWKS did not answer, or not with one, and no older copy may be used. See whether the provider is
    well; a verifier that keeps its copy through an outage would have gone on.
    """
    return Problem("no key of the provider is at hand", "its JWKS", excerpt(told, 400))


@barrier(cites="RFC 9110 15")
def provider_unanswered(address: str, problem: str, remedy: str) -> InputError:
    """The provider does not answer the relying party, not as a whole, or not in time.

    Its document, its keys, its token endpoint and userinfo are asked directly and not through the browser. See whether
    the address is right and the server well; no redirect is followed, and an answer has bounds in time and size.
    """
    return InputError(address, problem, remedy)
