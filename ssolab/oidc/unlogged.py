"""Why a logout of OpenID Connect is refused, or finds nobody to log out."""

from __future__ import annotations

from ssolab.core.catalog import refusal
from ssolab.core.findings import Problem, Severity
from ssolab.core.keyreasons import excerpt


@refusal(cites="OpenID Connect RP-Initiated Logout 3")
def logout_state_unknown(state: str) -> Problem:
    """The browser came back from a logout that nobody began here.

    Its `state` was answered already or never given out. Nothing was ended; see whose page sent the browser.
    """
    return Problem("the answer belongs to no open logout", "the state of an open logout", excerpt(state, 80))


@refusal(cites="OpenID Connect Back-Channel Logout 2.5")
def logout_token_missing(found: int) -> Problem:
    """The form of a back-channel logout does not hold one logout token.

    The provider posts `logout_token` once, form-urlencoded. Look at what it really sent.
    """
    return Problem("there is not one logout_token in the form", "1", str(found))


@refusal(cites="OpenID Connect Front-Channel Logout 3")
def logout_of_another_issuer(expected: str, observed: str) -> Problem:
    """The page that logs out was loaded in the name of another provider.

    `iss` has to be the provider at which the session began. Nothing was ended.
    """
    return Problem("the logout is another provider's", expected, excerpt(observed))


@refusal(severity=Severity.INFO, cites="OpenID Connect Back-Channel Logout 2.7")
def session_unknown(named: str | None) -> Problem:
    """A logout names nobody who is logged in here.

    It may have ended before, or begun at another party. A provider need not know the difference, so it is told that all
    is well.
    """
    return Problem("no session here is meant by it", None, excerpt(named))
