"""Why an assertion, or a signed access token, that a client brings gets it nothing, and what it is told (RFC 7521 4).

The client learns the standard's word and one sentence. At an org of Salesforce that sentence is the org's own, since
its clients look for it; the journal holds every reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.catalog import barrier
from ssolab.core.findings import Finding, InputError, Severity, errors_of
from ssolab.oidc.asked_checks import scope_not_granted
from ssolab.oidc.errors import FORBIDDEN, UNAUTHORIZED, OAuthError

if TYPE_CHECKING:
    from collections.abc import Iterable

_GRANT: Final = "invalid_grant"
_CLIENT: Final = "invalid_client"
INVALID: Final = "invalid assertion"
WRONG_AUDIENCE: Final = "audience is invalid"
EXPIRED: Final = "expired authorization code"
"""What Salesforce says of an assertion that has expired; nothing else in it speaks of a code."""
_NOBODY: Final = "invalid user credentials"  # the exact text is unconfirmed


class UnbelievedError(OAuthError):
    """An assertion that is refused for reasons that checks found; `reasons` are all of them, warnings too."""

    reasons: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every reason."""
        return self.reasons or (self.finding,)


@barrier(cites="RFC 7523 3.1")
def refused_assertion(reasons: tuple[Finding, ...], said: str) -> UnbelievedError:
    """The assertion of the client is not believed, so it gets no token.

    The journal names each reason with a code of its own. The signature has to fit the certificate that was uploaded for
    the client, whatever the header of the assertion says.
    """
    error = UnbelievedError(
        _GRANT, "assertion", _first(reasons), "look at each reason in the journal", salesforce=(_GRANT, said)
    )
    error.reasons = reasons
    return error


@barrier(cites="RFC 7523 3.2")
def refused_client_assertion(reasons: tuple[Finding, ...]) -> UnbelievedError:
    """The client_assertion does not prove that the client is itself.

    The journal names each reason with a code of its own. Issuer and subject are the client_id, the audience is the
    token endpoint or the issuer, it is good for a few minutes, and a jti makes it good for one use.
    """
    error = UnbelievedError(
        _CLIENT,
        "client_assertion",
        _first(reasons),
        "look at each reason in the journal",
        status=UNAUTHORIZED,
        salesforce=(_CLIENT, "invalid client credentials"),
    )
    error.reasons = reasons
    return error


@barrier(cites="RFC 9068 4")
def refused_access_token(reasons: tuple[Finding, ...]) -> UnbelievedError:
    """The access token is signed, and is not believed, so nothing is told to its bearer.

    The journal names each reason with a code of its own. Issuer and audience are the provider, the type is `at+jwt`,
    and one of the provider's listed keys has signed it. Fetch a new one, and see whether the provider makes them as it
    should.
    """
    narrow = {each.code for each in errors_of(reasons)} == {scope_not_granted.code}  # RFC 6750 3.1 tells it apart
    word, status = ("insufficient_scope", FORBIDDEN) if narrow else ("invalid_token", UNAUTHORIZED)
    error = UnbelievedError(word, "access token", _first(reasons), "look at each reason in the journal", status=status)
    error.reasons = reasons
    return error


def _first(reasons: Iterable[Finding]) -> str:
    errors = [each.message for each in reasons if each.severity is Severity.ERROR and not each.waived]
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    return f"{errors[0] if errors else 'it is refused'}{more}"


@barrier(cites="RFC 7523 3")
def assertion_of_a_stranger(issuer: str) -> OAuthError:
    """The assertion names an issuer that is no registered client.

    The issuer is the client_id, which Salesforce calls the consumer key. Compare it at both sides: it may be of another
    org, of an app that was deleted, or cut off when it was copied.
    """
    problem = f"no client {issuer[:120]!r} is registered here"
    said = ("invalid_client_id", "client identifier invalid")
    return OAuthError(_GRANT, "assertion", problem, "compare the issuer with the registration", salesforce=said)


@barrier(cites="RFC 7523 3")
def client_without_certificate(client_id: str) -> OAuthError:
    """No key is registered for the client, so nothing that it signs can be believed.

    Upload its certificate. What the assertion carries in its own header is never taken for it.
    """
    problem = f"no certificate is registered for {client_id!r}"
    return OAuthError(_GRANT, "assertion", problem, "upload its certificate", salesforce=(_GRANT, INVALID))


@barrier(cites="RFC 7521 4.1")
def assertion_of_another_caller(issuer: str, caller: str) -> OAuthError:
    """The client that authenticated, or that client_id names, is another one than the issuer of the assertion.

    Two clients share a key, or one found the other's assertion. Have each bring its own; a client_id beside it may be
    left out.
    """
    problem = f"it is of {issuer!r}, and {caller[:120]!r} brings it"
    return OAuthError(_GRANT, "assertion", problem, "have each client bring its own", salesforce=(_GRANT, INVALID))


@barrier(cites="RFC 7523 3")
def unknown_subject(username: str) -> OAuthError:
    """The assertion speaks for a user that the provider does not know.

    The subject is the user name, to the letter. A sandbox of Salesforce puts its own name behind that of each user.
    """
    problem = f"no user is called {username[:120]!r} here"
    return OAuthError(_GRANT, "assertion", problem, "name a user of the provider", salesforce=(_GRANT, _NOBODY))


@barrier(cites="RFC 7521 4.1.1")
def user_not_approved(username: str, client_id: str) -> OAuthError:
    """The user has not approved the client, and nobody has in the user's stead.

    Nobody is asked in this grant, so it has to be settled before: let an administrator pre-authorise the users of the
    app, or have the user log in through it once.
    """
    problem = f"{username!r} has not approved {client_id!r}"
    said = (_GRANT, "user hasn't approved this consumer")
    return OAuthError(_GRANT, "assertion", problem, "approve the client for the user", salesforce=said)


@barrier(cites="RFC 7523 2.2")
def unfit_client_assertion_type(given: str | None) -> OAuthError:
    """There is a client_assertion, and its type is missing or none that is known here.

    The client_assertion_type of a JSON Web Token is urn:ietf:params:oauth:client-assertion-type:jwt-bearer. Send both.
    """
    said = f"it is {given[:80]!r}" if given else "it is missing"
    return OAuthError("invalid_request", "client_assertion_type", said, "send the one of JSON Web Tokens")


@barrier(cites="RFC 7523 3")
def issuer_not_named(name: str) -> InputError:
    """The assertion does not say who made it.

    The issuer is the client_id, and decides with which keys the assertion is held against. Have the client write it.
    """
    return InputError(name, "it names no issuer", "have the client write its client_id as the issuer")
