"""Why a client is not registered (RFC 7591 3.2.2).

The standard has two words for it. What an org of Salesforce says instead is not confirmed, so it says the same.
"""

from __future__ import annotations

from ssolab.core.catalog import barrier
from ssolab.oidc.errors import UNAUTHORIZED, UNAVAILABLE, OAuthError


@barrier(cites="RFC 7591 3")
def registration_without_token() -> OAuthError:
    """A client asks to be registered, and does not have the token of the lab.

    Whatever changes the lab needs the token, which is then the initial access token of the standard: send it in the
    header Authorization as `serve` printed it. Where anybody may register, the lab says so with
    `serve --open-registration`, and the discovery document names the address.
    """
    problem = "registering changes the lab and needs its token"
    remedy = "send Bearer and the token that serve printed, or start it with --open-registration"
    return OAuthError("invalid_token", "access token", problem, remedy, status=UNAUTHORIZED)


@barrier(cites="RFC 7591 3.2.2")
def unreadable_client_metadata(problem: str) -> OAuthError:
    """The metadata of the client are no JSON object, or do not call themselves so.

    Post one object with the Content-Type application/json. A form is for the token endpoint, not for this one.
    """
    return OAuthError(
        "invalid_client_metadata", "client metadata", problem, "send one JSON object, as application/json"
    )


@barrier(cites="RFC 7591 3.2.2")
def unfit_redirect_uri(address: str, problem: str) -> OAuthError:
    """A redirect_uri cannot be registered.

    It is a whole address without a fragment, of http or https, or of a scheme of the application's own that has a dot
    in it (RFC 8252 7.1). The browser of whoever logs in is sent there, so it is nothing that a browser would run.
    """
    shown = f"{address[:200]!r} {problem}" if address else problem
    return OAuthError("invalid_redirect_uri", "redirect_uris", shown, "send whole addresses")


@barrier(cites="RFC 7591 2")
def unfit_client_metadata(name: str, problem: str) -> OAuthError:
    """A member of the metadata of the client is of the wrong type, or asks for what the provider does not do.

    The discovery document says what there is. Members that the provider does not know are ignored, as the standard
    wants; one that it knows and cannot honour is refused, so that nobody counts on it.
    """
    return OAuthError("invalid_client_metadata", name, problem, "compare it with the discovery document")


@barrier(cites="RFC 7591 3.2.2")
def too_many_clients(most: int) -> OAuthError:
    """The lab has as many clients as it keeps.

    Nobody can fill its memory by registering without end. Start the lab anew, which forgets who was registered.
    """
    problem = f"there are {most:,} of them, and no more are kept"
    return OAuthError("temporarily_unavailable", "clients", problem, "start the lab anew", status=UNAVAILABLE)
