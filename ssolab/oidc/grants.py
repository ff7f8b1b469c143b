"""Assertions that clients bring to the token endpoint: whose they are, what they are held against, whom they speak for.

The keys that were registered for a client, most often those of a certificate that was uploaded, are all that its
assertions are believed by. Whether an assertion of SAML holds is judged elsewhere; what follows from it is said here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.findings import Finding, InputError, Severity, errors_of
from ssolab.core.jose import read_compact
from ssolab.core.jwk import TrustedJwk
from ssolab.core.strictjson import parse_object
from ssolab.oidc import unbelieved
from ssolab.oidc.checks import Expected, TokenKind
from ssolab.oidc.materials import USUAL_SKEW
from ssolab.oidc.parties import OFFLINE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from ssolab.core.keys import TrustedKey
    from ssolab.core.replay import ReplayMemory
    from ssolab.oidc.errors import OAuthError
    from ssolab.oidc.parties import Client, Provider

JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SAML_BEARER: Final = "urn:ietf:params:oauth:grant-type:saml2-bearer"
JWT_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LOGIN_HOSTS: Final = ("https://login.salesforce.com", "https://test.salesforce.com")
"""The audiences that stand for every org of Salesforce: production and sandboxes."""

_SAID: Final = {
    "token-audience-mismatch": unbelieved.WRONG_AUDIENCE,
    "audience-mismatch": unbelieved.WRONG_AUDIENCE,
    "token-expired": unbelieved.EXPIRED,
}
"""What Salesforce says of one reason; of every other one, and of several, it says that the assertion is invalid."""


def audiences(provider: Provider) -> tuple[str, ...]:
    """Give the names by which an assertion may mean a provider (RFC 7523 3): its issuer and its token endpoint.

    An org of Salesforce also answers to the login hosts.
    """
    own = (provider.issuer, provider.endpoints.token)
    if provider.flavour != "salesforce":
        return own
    return (*LOGIN_HOSTS, *own, *recipients(provider)[1:])


def recipients(provider: Provider) -> tuple[str, ...]:
    """Give the addresses to which an assertion of SAML may be addressed (RFC 7522 3): the token endpoints."""
    hosts = LOGIN_HOSTS if provider.flavour == "salesforce" else ()
    return (provider.endpoints.token, *(f"{each}/services/oauth2/token" for each in hosts))


def issuer_in(assertion: str, name: str) -> str:
    """Read whose a token says it is; nothing but the choice of keys may hang on that before it is verified.

    Raises:
        InputError: it is no token, or does not say so.
    """
    claims = parse_object(read_compact(assertion, name).payload, f"{name} (payload)")
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        raise unbelieved.issuer_not_named(name)
    return issuer


def bringer(issuer: str, clients: Mapping[str, Client], caller: str | None = None) -> Client:
    """Find the client that an assertion is of; *caller* is the client_id that was sent beside it, where one was.

    Raises:
        OAuthError: there is none, it has no key, or another client brings its assertion.
    """
    client = clients.get(issuer)
    if client is None:
        raise unbelieved.assertion_of_a_stranger(issuer)
    if caller is not None and caller != client.client_id:
        raise unbelieved.assertion_of_another_caller(client.client_id, caller)
    if not client.signs:
        raise unbelieved.client_without_certificate(client.client_id)
    return client


def expected_of(  # noqa: PLR0913  what it is, whose, and what only the caller knows
    kind: TokenKind, client: Client, provider: Provider, *, now: datetime, seen: ReplayMemory, opinions: bool = True
) -> Expected:
    """Say what the token of a client is held against: its own keys, and the profile of the provider's flavour.

    In the profile of Salesforce `exp` may be in milliseconds or a text, a jti may be missing and the certificate may
    have expired; each is reported. The strict profile refuses all of that.
    """
    authenticates, rules = kind is TokenKind.CLIENT_ASSERTION, provider.rules
    return Expected(
        kind=kind,
        now=now,
        keys=client.jwks or tuple(_pinned(each) for each in client.keys),
        issuer=client.client_id,
        subject=client.client_id if authenticates else None,
        audience=audiences(provider),
        profile="salesforce" if provider.flavour == "salesforce" else "strict",
        algorithms=rules.algorithms,
        longest=rules.longest,
        skew=rules.skew or USUAL_SKEW,
        permit=rules.permit,
        checks_expiry=rules.checks_expiry,
        seen=seen,
        opinions=opinions,
        document="client_assertion" if authenticates else "assertion",
    )


def _pinned(key: TrustedKey) -> TrustedJwk:
    return TrustedJwk(public=key.public, certificate=key.certificate, pinned=True, source=key.source)


def refusal(findings: tuple[Finding, ...]) -> OAuthError:
    """Make the error of a grant whose assertion is not believed."""
    errors = {each.code for each in errors_of(findings)}
    said = _SAID.get(errors.pop(), unbelieved.INVALID) if len(errors) == 1 else unbelieved.INVALID
    return unbelieved.refused_assertion(findings, said)


def unreadable(error: InputError, *, authenticates: bool = False) -> OAuthError:
    """Make the error of an assertion that cannot even be judged."""
    message = f"{error.name}: {error.problem}"
    found = (Finding(code=error.code or "refused-assertion", severity=Severity.ERROR, message=message),)
    return unbelieved.refused_client_assertion(found) if authenticates else refusal(found)


def approve(client: Client, username: str, users: Collection[str]) -> None:
    """See that a user is there, and has approved the client or somebody has in the user's stead.

    Raises:
        OAuthError: neither is so.
    """
    if username not in users:
        raise unbelieved.unknown_subject(username)
    if client.approved is not None and username not in client.approved:
        raise unbelieved.user_not_approved(username, client.client_id)


def scopes_of(client: Client, provider: Provider) -> tuple[str, ...]:
    """Give the scopes of a token for which nobody asked for particular ones: those of the registration.

    The ones that ask for a refresh token are left out, since a bearer of assertions never gets one.
    """
    usual = ("api",) if provider.flavour == "salesforce" else ()
    return tuple(each for each in sorted(client.scopes or usual) if each not in OFFLINE)
