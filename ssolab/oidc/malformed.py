"""Why a request is not even read as one of OAuth: its parameters are none, or can be taken in two ways."""

from __future__ import annotations

from ssolab.core.catalog import barrier
from ssolab.oidc.errors import OAuthError


@barrier(cites="RFC 6749 3.1")
def repeated_parameter(name: str) -> OAuthError:
    """A parameter stands in the request more than once.

    Two readers would take two different values. OAuth forbids it; look at what builds the address or the form.
    """
    return OAuthError("invalid_request", name[:80], "it is there more than once", "send each parameter once")


@barrier(cites="RFC 6749 4.1.2.1")
def oversized_parameter(name: str, most: int) -> OAuthError:
    """A parameter of the request is longer than any honest one.

    The provider would have to keep it. Look at what the client puts into it; a state is a reference, not a store.
    """
    return OAuthError("invalid_request", name[:80], f"it is longer than {most:,} characters", "send less")


@barrier(cites="RFC 6749 4.1.2.1")
def unreadable_request(problem: str) -> OAuthError:
    """The request is no list of parameters in UTF-8.

    A form of the type application/x-www-form-urlencoded is read, and the query of an address. Look at what the client
    sent, and at its Content-Type.
    """
    return OAuthError("invalid_request", "request", problem, "send application/x-www-form-urlencoded")


@barrier(cites="RFC 6749 4.1.2.1")
def parameter_missing(name: str) -> OAuthError:
    """A parameter that the request cannot do without is missing or empty.

    A parameter without a value counts as left out (RFC 6749 3.1). Look at what the client sends.
    """
    return OAuthError("invalid_request", name, "it is missing", f"send {name}")
