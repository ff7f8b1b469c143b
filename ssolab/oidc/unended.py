"""Why a logout is not carried out, or not told to everybody, and why a token is not revoked."""

from __future__ import annotations

from ssolab.core.catalog import barrier
from ssolab.core.findings import InputError
from ssolab.oidc.errors import OAuthError


@barrier(cites="OIDC RP-Initiated Logout 2")
def logout_of_nobody_known() -> OAuthError:
    """The browser is to be sent on after a logout, and nobody knows by which client.

    An address counts only where it is registered, and it is registered for a client. Send id_token_hint, or client_id.
    """
    problem = "there is neither id_token_hint nor client_id beside it"
    return OAuthError("invalid_request", "post_logout_redirect_uri", problem, "send id_token_hint or client_id")


@barrier(cites="OIDC RP-Initiated Logout 3")
def unregistered_logout_address(address: str, client: str) -> OAuthError:
    """The post_logout_redirect_uri is not registered for the client.

    It is compared letter by letter, and nobody is sent to another one: whoever knows the address of a logout could
    otherwise have the provider send people anywhere. Nobody was logged out. Register the address to the letter.
    """
    problem = f"{address[:300]!r} is not registered for {client}"
    return OAuthError("invalid_request", "post_logout_redirect_uri", problem, "register it to the letter")


@barrier(cites="OIDC Back-Channel Logout 2.5")
def logout_not_delivered(address: str, problem: str, remedy: str) -> InputError:
    """The client could not be told of a logout, so its session goes on.

    A logout token was posted to its backchannel_logout_uri. The client has to answer 200; 400 says that it does not
    believe the token, and its log says why.
    """
    return InputError(address, problem, remedy)


@barrier(cites="RFC 7009 2.1")
def revocation_of_a_foreign_token(client_id: str) -> OAuthError:
    """The token that is to be revoked was issued to another client.

    Nobody can end the sessions of others, so it goes on being good. Have its own client revoke it.
    """
    return OAuthError("invalid_grant", "token", f"it was not issued to {client_id!r}", "have its own client revoke it")
