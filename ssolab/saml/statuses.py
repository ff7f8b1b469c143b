"""The status codes of SAML, and below which outer code each inner one stands (SAML2Core 3.2.2.2).

The standard lets any inner code stand below any outer one; what fits follows from whose fault it is. A tester may want
any of them on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ssolab.saml.names import REQUESTER, RESPONDER

STATUS: Final = "urn:oasis:names:tc:SAML:2.0:status:"
"""What the names of the standard's codes begin with."""

VERSION_MISMATCH: Final = STATUS + "VersionMismatch"
REQUEST_UNSUPPORTED: Final = STATUS + "RequestUnsupported"
UNKNOWN_PRINCIPAL: Final = STATUS + "UnknownPrincipal"
UNSUPPORTED_BINDING: Final = STATUS + "UnsupportedBinding"


@dataclass(frozen=True, slots=True)
class Declined:
    """Why no assertion is issued: status codes, the outermost first, and a message for people."""

    codes: tuple[str, ...]
    message: str


_INNER = {
    "AuthnFailed": (RESPONDER, "the login failed"),
    "InvalidAttrNameOrValue": (REQUESTER, "an attribute was asked for by a name or value that means nothing here"),
    "InvalidNameIDPolicy": (REQUESTER, "no NameID of the kind that was asked for can be given"),
    "NoAuthnContext": (RESPONDER, "nobody can log in here in the way that was asked for"),
    "NoAvailableIDP": (RESPONDER, "none of the identity providers that were named can be reached"),
    "NoPassive": (RESPONDER, "somebody would have to be asked"),
    "NoSupportedIDP": (RESPONDER, "none of the identity providers that were named is supported"),
    "PartialLogout": (RESPONDER, "some of the sessions could not be ended"),
    "ProxyCountExceeded": (RESPONDER, "the request may not be passed on any further"),
    "RequestDenied": (RESPONDER, "the request was understood and is not answered"),
    "RequestUnsupported": (REQUESTER, "what was asked for is not supported"),
    "RequestVersionDeprecated": (VERSION_MISMATCH, "requests of this version are not answered any more"),
    "RequestVersionTooHigh": (VERSION_MISMATCH, "requests of so new a version are not understood"),
    "RequestVersionTooLow": (VERSION_MISMATCH, "requests of so old a version are not answered"),
    "ResourceNotRecognized": (REQUESTER, "what the request is about is not known"),
    "TooManyResponses": (RESPONDER, "the answer would be too large"),
    "UnknownAttrProfile": (REQUESTER, "an attribute was asked for by a profile that is not known"),
    "UnknownPrincipal": (RESPONDER, "the person that the request is about is not known"),
    "UnsupportedBinding": (REQUESTER, "the answer cannot travel by the binding that was asked for"),
}

ON_PURPOSE: Final = {
    name: Declined((outer, STATUS + name), f"on purpose: {message}") for name, (outer, message) in _INNER.items()
}
"""Every inner code of the standard by its last part, as a lab gives it when it is told to."""
