"""Checks that a token says what its receiver needs of it: how the user was authenticated, and what it is good for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity
from ssolab.oidc.materials import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.oidc.materials import Expected, Token


@check(cites="OIDCCore 3.1.3.7")
def authentication_class_not_met(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token does not say that the user was authenticated as was asked for.

    `acr` has to be one of the classes of the request. Asked for as essential (`claims`), anything else is a login that
    failed; asked for with `acr_values` it is a wish, which the provider may pass over. Look at what the provider calls
    its classes, and whether the user has what the class needs.
    """
    if not expected.acr or token.text("acr") in expected.acr:
        return
    observed = shown(token.claims["acr"]) if "acr" in token.claims else "no acr"
    yield Problem(
        "the login is of another class than was asked for",
        " or ".join(shown(each) for each in expected.acr[:8]),
        observed,
        token.where("acr"),
        severity=None if expected.acr_essential else Severity.WARNING,
    )


@check(cites="RFC 9068 2.2.3")
def scope_not_granted(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token was not granted a scope that its receiver requires.

    `scope` holds the granted ones, apart by spaces; Salesforce writes them into `scp`. Have the client ask for the
    scope, and look whether the provider may grant it to that client.
    """
    granted = token.scopes(salesforce=expected.lenient)
    missing = [each for each in expected.scopes if each not in granted]
    if missing:
        said = token.claims.get("scope", token.claims.get("scp") if expected.lenient else None)
        observed = "no scope" if said is None else shown(said)
        problem = f"the token was not granted {' '.join(missing)}"
        yield Problem(problem, shown(" ".join(expected.scopes)), observed, token.where("scope"))
