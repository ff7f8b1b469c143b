"""How generators rearrange the query of a redirect: as text, since its signature is over the text as it stands.

Values stay escaped as they were sent. What is not changed keeps every letter, so that its signature still holds.
"""

from __future__ import annotations

import base64
import zlib
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

from ssolab.core.findings import ConfigError
from ssolab.saml.bindings import decode_redirect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.core.keys import SigningCredential
    from ssolab.faults.engine import Kit

MESSAGES: Final = ("SAMLRequest", "SAMLResponse")
ORDER: Final = (*MESSAGES, "RelayState", "SigAlg")
"""What the signature of a redirect covers, in that order (SAML2Bind 3.4.4.1)."""


def pairs_of(query: str) -> list[tuple[str, str]]:
    """Cut a query into its parameters, escaped as they are."""
    return [(name, value) for name, _, value in (each.partition("=") for each in query.split("&"))]


def query_of(pairs: Sequence[tuple[str, str]]) -> str:
    """Join parameters to a query."""
    return "&".join(f"{name}={value}" for name, value in pairs)


def escaped(text: str) -> str:
    """Escape a value as our own redirects do."""
    return quote(text, safe="")


def value_of(query: str, name: str) -> str:
    """Give one value, still escaped.

    Raises:
        ConfigError: the query does not have it, so this fault cannot be put in.
    """
    for each, value in pairs_of(query):
        if each == name:
            return value
    raise ConfigError("fault", f"the query has no {name} to change", "choose a fault that fits the message")


def message_name(query: str) -> str:
    """Say which of the two parameters carries the message."""
    return next((name for name, _ in pairs_of(query) if name in MESSAGES), MESSAGES[0])


def message_in(query: str) -> bytes:
    """Give the XML that a query carries."""
    return decode_redirect(query).xml


def deflated(xml: bytes) -> bytes:
    """Compress XML as the redirect binding does."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(xml) + packer.flush()


def packed(data: bytes) -> str:
    """Write bytes as the value of a parameter."""
    return escaped(base64.b64encode(data).decode())


def with_value(query: str, name: str, value: str | None) -> str:
    """Give one parameter another value, escaped already, or take it away.

    Raises:
        ConfigError: the query does not have it.
    """
    value_of(query, name)
    kept = ((each, value if each == name else old) for each, old in pairs_of(query))
    return query_of([(each, now) for each, now in kept if now is not None])


def signed_text(query: str, order: Sequence[str] = ORDER) -> str:
    """Give the text that a signature of this query is over."""
    pairs = dict(pairs_of(query))
    return query_of([(name, pairs[name]) for name in order if name in pairs])


def signed_anew(
    query: str,
    kit: Kit,
    text: str | None = None,
    *,
    by: SigningCredential | None = None,
    hash: str = "sha256",  # noqa: A002  the word of the standards
) -> str:
    """Have the trusted sender, or somebody else, sign the query as it now is, or another *text* in its place.

    Raises:
        ConfigError: the query is not signed, so there is nothing to make anew.
        InputError: the key cannot sign with that hash.
    """
    key = kit.own if by is None else by
    over = signed_text(query) if text is None else text
    return with_value(query, "Signature", packed(key.algorithm(hash).sign(key.private, over.encode())))


def plain(value: str) -> str:
    """Undo the escapes of a value."""
    return unquote(value)
