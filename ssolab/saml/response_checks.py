"""Checks of a Response as a whole: its Status, what it answers, that its one Assertion stands where it should.

When only the Assertion is signed, these facts come from an unsigned wrapper: they can refuse a message, and nothing
that is read here can let anybody in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem
from ssolab.core.xmltree import SAML, SAMLP
from ssolab.saml.materials import every, issuer_of, only, text_of
from ssolab.saml.message_checks import name_of, outlived
from ssolab.saml.names import REDIRECT, SUCCESS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.xmltree import Element
    from ssolab.saml.materials import Expected, Materials

_AT_MOST_ONCE = {
    "Response": ((SAML, "Issuer"), (SAMLP, "Status")),
    "Assertion": ((SAML, "Issuer"), (SAML, "Subject"), (SAML, "Conditions")),
    "Conditions": ((SAML, "OneTimeUse"), (SAML, "ProxyRestriction")),
    "Subject": ((SAML, "NameID"),),
    "SubjectConfirmation": ((SAML, "SubjectConfirmationData"),),
    "LogoutRequest": ((SAML, "Issuer"), (SAML, "NameID")),
    "LogoutResponse": ((SAML, "Issuer"), (SAMLP, "Status")),
}


@check(cites="SAML2Core 3.2.2.2")
def status_not_success(message: Materials, _expected: Expected) -> Iterator[Problem]:
    """The identity provider says that the login failed.

    The outer StatusCode has to be Success; the inner one and the StatusMessage, shown here, are the identity
    provider's own reason. Look into its log for the same request.
    """
    if message.succeeded:
        return
    codes = [] if message.status is None else [each.get("Value", "") for each in _codes(message.status)]
    words = only(message.status, SAMLP, "StatusMessage")
    said = f" {text_of(words)!r}" if words is not None else ""
    yield Problem(
        "the identity provider refused the login" if codes else "the Response has no Status",
        expected=SUCCESS,
        observed=(" > ".join(codes) or "no StatusCode") + said,
        where=message.where(message.message if message.status is None else message.status),
    )


def _codes(status: Element) -> Iterator[Element]:
    code = only(status, SAMLP, "StatusCode")
    while code is not None:
        yield code
        code = only(code, SAMLP, "StatusCode")


@check(cites="SAML2Prof 4.1.4.2")
def issuers_differ(message: Materials, _expected: Expected) -> Iterator[Problem]:
    """The Response and its Assertion name different issuers.

    In the web browser profile one identity provider makes both. A difference means a proxy that passes foreign
    assertions on, or an assertion that was put into another Response.
    """
    outer, inner = issuer_of(message.message), issuer_of(message.assertion)
    if outer is not None and inner is not None and outer != inner:
        yield Problem(
            "Response and Assertion name different issuers",
            expected=outer,
            observed=inner,
            where=message.where(message.assertion if message.assertion is not None else message.message),
        )


@check(cites="SAML2Core 3.3.3")
def element_repeated(message: Materials, _expected: Expected) -> Iterator[Problem]:
    """An element stands twice where the standard allows it once.

    Two readers could then read two different things, of which only one was meant. Have the sender write it once.
    """
    assertion = message.assertion
    parents = [
        message.message,
        assertion,
        message.conditions,
        message.subject,
        *every(message.subject, SAML, "SubjectConfirmation"),
    ]
    for parent in parents:
        if parent is None:
            continue
        for namespace, local in _AT_MOST_ONCE.get(name_of(parent), ()):
            found = list(every(parent, namespace, local))
            if len(found) > 1:
                yield Problem(
                    f"{name_of(parent)} holds {local} more than once",
                    expected=f"one {local}",
                    observed=str(len(found)),
                    where=message.where(found[1]),
                )


@check(cites="SAML2Prof 4.1.2")
def response_by_redirect(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The Response came in a query string.

    The web browser profile forbids that: a Response travels by HTTP-POST or by artifact. Set the binding of the
    AssertionConsumerService in the identity provider's settings to HTTP-POST.
    """
    if expected.binding == REDIRECT:
        yield Problem(
            "a Response must not come by HTTP-Redirect",
            expected="HTTP-POST",
            observed="HTTP-Redirect",
            where=message.where(message.message),
        )


@check(cites="SAML2Core 3.2.2")
def response_too_old(message: Materials, expected: Expected) -> Iterator[Problem]:
    """The Response was issued longer ago than this receiver lets a message travel.

    Some receivers bound the age of a message whatever its Conditions say. A browser that sleeps, a queue or a clock
    that is behind are the usual causes; begin the login anew.
    """
    for each in message.spoken:
        yield from outlived(each, message, expected, expected.message_life)
