"""Checks of the header of a token: what it must not say, and what nobody listens to.

They are part of its shape, so they run always and are never waived: what a critical header asks for changes what the
payload means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity
from ssolab.oidc.materials import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.oidc.materials import Expected, Token

_TEXTS = ("alg", "typ", "cty", "kid", "jku", "x5u", "x5t", "x5t#S256")
_KEYS = ("jwk", "jku", "x5u", "x5c")


@check(cites="RFC 7515 4.1.11")
def critical_header_not_understood(token: Token, expected: Expected) -> Iterator[Problem]:  # noqa: ARG001  as any check
    """The header names extensions that must be understood.

    `crit` lists them, and a verifier that does not know one has to refuse (CVE-2025-59420 is a library that did not).
    None is known here, and an empty list or another type is an error of its own. Have the issuer leave `crit` out.
    """
    if "crit" in token.header:
        problem = "extensions are critical that are not known here"
        yield Problem(problem, "no crit", shown(token.header["crit"]), token.in_header("crit"))


@check(cites="RFC 7797 3")
def unencoded_payload(token: Token, expected: Expected) -> Iterator[Problem]:  # noqa: ARG001  as any check
    """The header says that the payload was signed without being encoded.

    With `b64` false the signature covers other bytes than those that are read here; a token of OpenID Connect or OAuth
    never has it. Have the issuer leave `b64` out.
    """
    if token.header.get("b64", True) is not True:
        problem = "the payload is said not to be encoded"
        yield Problem(problem, "no b64", shown(token.header["b64"]), token.in_header("b64"))


@check(cites="RFC 7515 4.1")
def header_of_wrong_type(token: Token, expected: Expected) -> Iterator[Problem]:  # noqa: ARG001  as any check
    """A member of the header is not the text that it has to be.

    A `kid` that is a number or an object makes one reader look up one key and another reader another. Have the issuer
    write text.
    """
    for name in _TEXTS:
        if name in token.header and not isinstance(token.header[name], str):
            yield Problem(f"{name} is no text", "a text", shown(token.header[name]), token.in_header(name))


@check(severity=Severity.WARNING, cites="RFC 8725 3.10")
def key_in_header(token: Token, expected: Expected) -> Iterator[Problem]:  # noqa: ARG001  as any check
    """The token brings a key, or the address of one, along.

    `jwk`, `x5c`, `jku` and `x5u` are never used and never fetched: the keys that are trusted here were agreed on before
    the token came. An honest issuer may send them; so does whoever tries to have a key of his own believed.
    """
    for name in _KEYS:
        if name in token.header:
            problem = f"the header holds {name}, which is not used"
            yield Problem(problem, "keys that are trusted here", shown(token.header[name]), token.in_header(name))
