"""Checks of an AuthnRequest: where its answer may go, how old it is, what its signature counts for.

The address of the answer comes from what is registered for the service provider and never from the request alone, which
anybody can write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity
from ssolab.core.instants import format_instant, in_words
from ssolab.saml.certificate_checks import certificates_out_of_date, out_of_date
from ssolab.saml.materials import Expectation, Materials, instant_of, unsaid
from ssolab.saml.message_checks import moment, outlived
from ssolab.saml.roles import default_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from ssolab.core.xmltree import Element
    from ssolab.saml.metadata import IndexedEndpoint


@dataclass(frozen=True, kw_only=True)
class RequestExpected(Expectation):
    """What an identity provider expects of an AuthnRequest.

    `destination` is the address that received it (several, where any of them may have), `acs` the addresses
    registered for the service provider. `verifies` says whether signatures are looked at at all, `want_signed`
    whether a request without one is refused then; `message_life` how old a request may be.
    """

    destination: str | tuple[str, ...] | None = None
    acs: tuple[IndexedEndpoint, ...] | None = None
    verifies: bool = True
    want_signed: bool = True
    message_life: timedelta | None = None

    @property
    def destinations(self) -> tuple[str, ...] | None:
        """The addresses that Destination may name."""
        return (self.destination,) if isinstance(self.destination, str) else self.destination

    @property
    def open(self) -> tuple[str, ...]:
        """What is not judged, since nothing was said of it."""
        return unsaid(
            issuer=self.issuer,
            destination=self.destination,
            registered_addresses=self.acs,
            age=self.message_life,
        )


@check(cites="SAML2Core 3.4.1")
def acs_not_registered(message: Materials, expected: RequestExpected) -> Iterator[Problem]:
    """The request wants its answer sent to an address that is not registered.

    Sending it there would hand the login to whoever wrote the request. Register the address (load the service
    provider's current metadata); it is compared character by character, with its query.
    """
    if expected.acs is None:
        return
    try:
        acs_of(message.message, expected.acs)
    except LookupError as error:
        wanted, found = error.args
        yield Problem(
            "the answer is wanted at an address that is not registered",
            expected=wanted,
            observed=found,
            where=message.where(message.message),
        )


def acs_of(request: Element, registered: tuple[IndexedEndpoint, ...]) -> IndexedEndpoint:
    """Choose the registered address of the answer: by URL, by index, or the default.

    Raises:
        LookupError: there is none; its two arguments are what would have been right and what was asked for.
    """
    url = request.get("AssertionConsumerServiceURL")
    index = request.get("AssertionConsumerServiceIndex")
    binding = request.get("ProtocolBinding")
    known = " or ".join(f"{each.location} (index {each.index})" for each in registered) or "no address is registered"
    if url is not None and index is not None:
        raise LookupError("AssertionConsumerServiceURL or AssertionConsumerServiceIndex", "both of them")
    fitting = registered
    if binding is not None:
        fitting = tuple(each for each in registered if each.binding == binding)
        if not fitting:
            raise LookupError(" or ".join(sorted({each.binding for each in registered})) or known, f"binding {binding}")
    if url is not None:
        found = next((each for each in fitting if each.location == url), None)
        asked = f"AssertionConsumerServiceURL {url}"
    elif index is not None:
        found = next((each for each in fitting if str(each.index) == index.strip()), None)
        asked = f"AssertionConsumerServiceIndex {index}"
    else:
        found, asked = default_of(fitting), "no address"
    if found is None:
        raise LookupError(known, asked)
    return found


@check(cites="SAML2Core 3.2.1")
def request_too_old(message: Materials, expected: RequestExpected) -> Iterator[Problem]:
    """The request was made longer ago than this identity provider lets one travel.

    A login page that was left open, a bookmark of the identity provider's page or a clock that is behind are the usual
    causes. Begin the login anew at the service provider.
    """
    yield from outlived(message.message, message, expected, expected.message_life)


@check(cites="SAML2Core 3.2.1")
def request_from_the_future(message: Materials, expected: RequestExpected) -> Iterator[Problem]:
    """The request says that it was made later than now.

    The service provider's clock is ahead of the identity provider's by more than the allowed skew. Set both by the same
    time service.
    """
    issued = instant_of(message.message, "IssueInstant")
    if issued is not None and issued - expected.now > expected.skew:
        yield Problem(
            f"the request was made {in_words(issued - expected.now)} in the future",
            expected=f"IssueInstant at or before {moment(expected.now, expected)}",
            observed=f"IssueInstant {format_instant(issued)}",
            where=message.where(message.message),
        )


@check(cites="SAML2MetaIOP 2.6.1")
def request_certificate_expired(message: Materials, expected: RequestExpected) -> Iterator[Problem]:
    """The certificate around the key that signed the request has expired, and this identity provider refuses that.

    AD FS does so. The login fails at the identity provider although key and signature are right. Give it a
    certificate that is in date: over the same key that is enough, over a new key the service provider has to begin to
    sign with it too.
    """
    if expected.checks_expiry:
        for certificate in certificates_out_of_date(message, expected):
            if certificate.not_after < expected.now:
                yield out_of_date(certificate, expected)


@check(severity=Severity.INFO, cites="SAML2Bind 3.4.4.1")
def certificate_not_compared(message: Materials, expected: Expectation) -> Iterator[Problem]:
    """This receiver compares certificates, and with a redirect none can travel.

    So the key decided. The same party may refuse the same key in a POST, where the certificate stands in KeyInfo: have
    it load the certificate that is really sent.
    """
    if expected.match == "certificate" and message.detached and message.keys:
        yield Problem(
            "over HTTP-Redirect no certificate travels, so the key decided", where=message.where(message.message)
        )


@check(severity=Severity.INFO, cites="SAML2Prof 4.1.4.1")
def signature_not_judged(message: Materials, expected: RequestExpected) -> Iterator[Problem]:
    """This identity provider does not look at the signatures of requests.

    Whichever key signs, the request goes on; so a change of the request certificate cannot break the login here. What
    the request asks for is still held against what is registered.
    """
    if not expected.verifies:
        yield Problem("signatures of requests are not looked at here", where=message.where(message.message))
