"""Why a client is not believed to be itself, and why the bearer of an access token is told nothing.

What the client is told does not say whether the client_id or the secret was wrong (RFC 6749 5.2 has one word for both);
the journal does.
"""

from __future__ import annotations

from typing import Final

from ssolab.core.catalog import barrier
from ssolab.oidc.errors import FORBIDDEN, UNAUTHORIZED, OAuthError

_SECRET: Final = ("invalid_client", "invalid client credentials")


def _invalid(problem: str, remedy: str) -> OAuthError:
    return OAuthError("invalid_client", "client", problem, remedy, status=UNAUTHORIZED, salesforce=_SECRET)


@barrier(cites="RFC 6749 4.1.2.1")
def unknown_client(client_id: str) -> OAuthError:
    """No client of that client_id is registered with the provider.

    Nobody is sent anywhere, since only a registered address may be sent to. Compare the client_id at both sides: it may
    be of another provider, of an app that was deleted, or cut off when it was copied.
    """
    problem = f"no client {client_id[:120]!r} is registered here"
    said = ("invalid_client_id", "client identifier invalid")
    return OAuthError(
        "invalid_client",
        "client_id",
        problem,
        "compare it with the registration",
        status=UNAUTHORIZED,
        salesforce=said,
    )


@barrier(cites="RFC 6749 3.2.1")
def client_not_authenticated(client_id: str | None) -> OAuthError:
    """The client has something to authenticate with, and sent nothing of it.

    Send client_id and client_secret in the header Authorization or in the form, or a client_assertion.
    """
    said = f"{client_id!r} sent nothing to authenticate with" if client_id else "there is no client_id"
    return _invalid(said, "send the client's credentials")


@barrier(cites="RFC 6749 5.2")
def wrong_client_secret(client_id: str) -> OAuthError:
    """The client_secret is not that of the client.

    It may have been made anew, cut off, or be of another app. In the header Authorization both parts are
    form-urlencoded first (RFC 6749 2.3.1); a secret with `+`, `%` or `:` shows who forgot that.
    """
    return _invalid(f"the secret is not that of {client_id!r}", "compare it with the registration")


@barrier(cites="RFC 6749 2.3")
def several_client_authentications(methods: tuple[str, ...]) -> OAuthError:
    """The client authenticates in more than one way at once.

    Two of them could name two clients. Use one: the header, or the form.
    """
    return OAuthError("invalid_request", "client", f"it authenticates by {' and '.join(methods)}", "use one of them")


@barrier(cites="OIDCCore 9")
def unfit_client_authentication(client_id: str, method: str, wanted: str) -> OAuthError:
    """The client authenticates in another way than it is registered for.

    Whoever downgrades it could steal what the other way protects. Have it use the registered one, or change the
    registration.
    """
    return _invalid(f"{client_id!r} authenticates by {method}, and is registered for {wanted}", f"use {wanted}")


@barrier(cites="RFC 7617 2")
def malformed_client_credentials(problem: str) -> OAuthError:
    """The header Authorization holds no credentials of a client.

    It is `Basic` and the base64 of client_id, colon and client_secret, each form-urlencoded first (RFC 6749 2.3.1).
    """
    return _invalid(problem, "send Basic and the base64 of client_id:client_secret")


@barrier(cites="RFC 6750 3.1")
def access_token_missing() -> OAuthError:
    """The request has no access token.

    Send it in the header Authorization, after the word Bearer, or in a form as access_token. In an address it is not
    looked for, since addresses are written into logs.
    """
    return OAuthError(
        "invalid_request", "access token", "there is none", "send Bearer and the token", status=UNAUTHORIZED
    )


@barrier(cites="RFC 6750 2")
def several_access_tokens() -> OAuthError:
    """The access token stands in the header and in the form.

    One of both could be judged and the other one used. Send it once, best in the header.
    """
    return OAuthError("invalid_request", "access token", "it stands in the header and in the form", "send it once")


@barrier(cites="RFC 6750 3.1")
def access_token_not_good(problem: str) -> OAuthError:
    """The access token is unknown, revoked, expired or none at all.

    A provider that was started anew knows none of its old tokens. Fetch a new one.
    """
    return OAuthError("invalid_token", "access token", problem, "fetch a new one", status=UNAUTHORIZED)


@barrier(cites="RFC 6750 3.1")
def scope_too_small(wanted: str) -> OAuthError:
    """The access token was not granted for this.

    Have the client ask for the scope that is named, in a new authorization request.
    """
    problem = f"it was not granted the scope {wanted}"
    return OAuthError("insufficient_scope", "access token", problem, f"ask for {wanted}", status=FORBIDDEN)
