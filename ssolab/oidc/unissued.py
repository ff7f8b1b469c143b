"""Why the token endpoint issues nothing to a client that is itself."""

from __future__ import annotations

from typing import Final

from ssolab.core.catalog import barrier
from ssolab.oidc.errors import BROKEN, OAuthError

_AGAIN: Final = "begin with a new authorization request"
_OLD: Final = ("invalid_grant", "expired access/refresh token")
_CODE: Final = ("invalid_grant", "invalid authorization code")


@barrier(cites="RFC 6749 5.2")
def unknown_grant_type(asked: str) -> OAuthError:
    """The token endpoint knows no such grant_type.

    The discovery document lists those that there are. Look at what the client sends, and at its spelling.
    """
    said = ("unsupported_grant_type", "grant type not supported")
    problem = f"there is no {asked[:80]!r} here"
    return OAuthError("unsupported_grant_type", "grant_type", problem, "use one of the supported ones", salesforce=said)


@barrier(cites="RFC 6749 5.2")
def grant_not_allowed(client_id: str, grant_type: str) -> OAuthError:
    """The client is not registered for this grant_type.

    Add it to the registration of the client, or use another one.
    """
    return OAuthError(
        "unauthorized_client", "grant_type", f"{client_id!r} may not use {grant_type}", "register it for it"
    )


@barrier(cites="RFC 6749 5.2")
def unknown_code() -> OAuthError:
    """The code was not issued here, or is long forgotten.

    A provider that was started anew knows none of its old codes. Begin with a new authorization request.
    """
    return OAuthError("invalid_grant", "code", "it was not issued here", _AGAIN, salesforce=_CODE)


@barrier(cites="RFC 6749 4.1.2")
def code_of_another_client(client_id: str) -> OAuthError:
    """The code was issued to another client than the one that brings it.

    It goes on being good for its own client. Either two clients share a redirect_uri, or somebody injects codes.
    """
    return OAuthError("invalid_grant", "code", f"it was not issued to {client_id!r}", _AGAIN, salesforce=_CODE)


@barrier(cites="RFC 6749 4.1.2")
def used_code() -> OAuthError:
    """The code was used before.

    Somebody may have stolen it, and nobody knows which of both was the thief. So everything that was issued for it is
    revoked. Begin with a new authorization request.
    """
    problem = "it was used before; what was issued for it is revoked"
    return OAuthError("invalid_grant", "code", problem, _AGAIN, salesforce=_CODE)


@barrier(cites="RFC 6749 4.1.2")
def expired_code(life: str) -> OAuthError:
    """The code has expired.

    It only has to last from the browser to the client. Look at the clocks, and at what keeps the client from asking.
    """
    said = ("invalid_grant", "expired authorization code")
    return OAuthError("invalid_grant", "code", f"it was good for {life}", _AGAIN, salesforce=said)


@barrier(cites="RFC 6749 4.1.3")
def redirect_uri_changed(sent: str | None, first: str) -> OAuthError:
    """The redirect_uri is not the one of the authorization request.

    The client sends the same address again, to the letter, so that nobody can bring it a code caught elsewhere.
    """
    said = ("invalid_grant", "redirect uri does not match configuration")
    problem = (
        f"it was {first[:200]!r}, and now it is {sent[:200]!r}" if sent else f"it was {first[:200]!r}, and is missing"
    )
    return OAuthError("invalid_grant", "redirect_uri", problem, "send the same one again", salesforce=said)


@barrier(cites="RFC 7636 4.6")
def wrong_code_verifier(problem: str) -> OAuthError:
    """The code_verifier does not belong to the code_challenge of the authorization request.

    Whoever brings the code is not who asked for it, or the client mixed up two logins. plain and S256 are told apart by
    code_challenge_method; look at that too.
    """
    said = ("invalid_grant", "invalid code verifier")
    return OAuthError("invalid_grant", "code_verifier", problem, "send the verifier of that request", salesforce=said)


@barrier(cites="RFC 6749 5.2")
def unknown_refresh_token() -> OAuthError:
    """The refresh token was not issued here, or is revoked.

    A provider that was started anew knows none of its old tokens. Begin with a new authorization request.
    """
    return OAuthError("invalid_grant", "refresh_token", "it is unknown or revoked", _AGAIN, salesforce=_OLD)


@barrier(cites="RFC 6749 10.4")
def refresh_token_of_another_client(client_id: str) -> OAuthError:
    """The refresh token was issued to another client than the one that brings it.

    It goes on being good for its own client. Somebody has stolen it, or two clients share their store.
    """
    problem = f"it was not issued to {client_id!r}"
    return OAuthError("invalid_grant", "refresh_token", problem, _AGAIN, salesforce=_OLD)


@barrier(cites="RFC 9700 4.14.2")
def used_refresh_token() -> OAuthError:
    """The refresh token was replaced by a newer one.

    It is used again by a thief, or by a client that lost the answer. Nobody knows which, so all that came of this grant
    is revoked. Have the client keep the newest one, and not refresh twice at once.
    """
    problem = "it was replaced by a newer one; what came of this grant is revoked"
    return OAuthError("invalid_grant", "refresh_token", problem, _AGAIN, salesforce=_OLD)


@barrier(cites="RFC 6749 5.2")
def expired_refresh_token() -> OAuthError:
    """The refresh token has expired.

    It lives long, and not for ever. Begin with a new authorization request.
    """
    return OAuthError("invalid_grant", "refresh_token", "it has expired", _AGAIN, salesforce=_OLD)


@barrier(cites="RFC 6749 6")
def widened_scope(more: str) -> OAuthError:
    """The client asks for a scope that was not granted in the first place.

    A refresh can only ask for less. Begin with a new authorization request.
    """
    return OAuthError("invalid_scope", "scope", f"{more[:120]} was not granted", _AGAIN)


@barrier(cites="RFC 6749 4.1.2.1")
def nothing_to_sign_with(problem: str, remedy: str) -> OAuthError:
    """The provider has no active key for what it would have to sign.

    The key was taken out of use before its successor was swapped in, or the client is registered for an algorithm of
    which the provider has no key. A code or refresh token that was brought stays good. Swap to a published key, or
    register the client for an algorithm of the discovery document.
    """
    return OAuthError("server_error", "signing key", problem, remedy, status=BROKEN)


@barrier(cites="RFC 6749 4.4")
def nobody_to_run_as(client_id: str) -> OAuthError:
    """The client asks in its own name, and the org does not say whom it stands for.

    An org runs client credentials as the user that is chosen for the app. Set run_as for it.
    """
    said = ("invalid_grant", "no client credentials user enabled")
    problem = f"{client_id!r} has no user to run as"
    return OAuthError("invalid_grant", "client", problem, "choose the user of the app", salesforce=said)


@barrier(cites="RFC 6749 5.2")
def user_gone(username: str) -> OAuthError:
    """The user to whom the grant belongs is not in the lab any more.

    Who is in the lab stands in its file. Begin with a new authorization request, and choose somebody who is there.
    """
    said = ("invalid_grant", "authentication failure")
    return OAuthError("invalid_grant", "user", f"nobody is called {username!r} any more", _AGAIN, salesforce=said)
