"""How SAML messages travel: HTTP-Redirect and HTTP-POST (SAML2Bind 3.4 and 3.5), and files that hold one.

The signature of a redirect is over the query as it was sent, to the letter, so decoding keeps the raw text and never
encodes anything again: senders differ in how they escape. A parameter that stands twice is refused, because a verifier
and a reader could each take another one.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, unquote_plus

from ssolab.core.xmltree import decode_base64
from ssolab.saml import undecodable
from ssolab.saml.names import DEFLATE, POST, REDIRECT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.core.keys import SigningCredential

__all__ = [
    "MAX_MESSAGE",
    "POST",
    "REDIRECT",
    "Detached",
    "PostForm",
    "Received",
    "decode_post",
    "decode_redirect",
    "encode_post",
    "encode_redirect",
    "inflated",
    "unbased",
]

MessageName = Literal["SAMLRequest", "SAMLResponse"]

MAX_MESSAGE: Final = 1 << 20
"""Bytes of XML that a message may have, however small it was made for the journey."""
_MAX_TEXT = MAX_MESSAGE * 3
_MESSAGES: tuple[MessageName, MessageName] = ("SAMLRequest", "SAMLResponse")
_PARAMETERS = frozenset({*_MESSAGES, "RelayState", "SigAlg", "Signature", "SAMLEncoding"})
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Detached:
    """The signature beside a redirected message: the very bytes it is over, the algorithm it names, its octets."""

    signed: bytes
    algorithm: str
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message as it came in, decoded and not yet believed; `binding` is None for XML that did not travel."""

    binding: str | None
    kind: MessageName
    xml: bytes
    relay_state: str | None = None
    detached: Detached | None = None


@dataclass(frozen=True, slots=True)
class PostForm:
    """A form for the browser to send: where to, and its hidden fields in order."""

    action: str
    fields: Mapping[str, str]


def encode_redirect(  # noqa: PLR0913  each is a parameter of the standard's URL
    xml: bytes,
    *,
    location: str,
    message: MessageName = "SAMLRequest",
    relay_state: str | None = None,
    credential: SigningCredential | None = None,
    hash: str = "sha256",  # noqa: A002  the word of the standards
) -> str:
    """Make the URL that carries *xml* to *location*, signed where a credential is given (SAML2Bind 3.4.4.1).

    Raises:
        InputError: the key cannot sign with that hash.
    """
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = base64.b64encode(packer.compress(xml) + packer.flush()).decode()
    query = f"{message}={quote(packed, safe='')}"
    if relay_state is not None:
        query += f"&RelayState={quote(relay_state, safe='')}"
    if credential is not None:
        algorithm = credential.algorithm(hash)
        query += f"&SigAlg={quote(algorithm.uri, safe='')}"
        signature = base64.b64encode(algorithm.sign(credential.private, query.encode())).decode()
        query += f"&Signature={quote(signature, safe='')}"
    return f"{location}{'&' if '?' in location else '?'}{query}"


def encode_post(
    xml: bytes, *, location: str, message: MessageName = "SAMLResponse", relay_state: str | None = None
) -> PostForm:
    """Make the form that carries *xml* to *location* (SAML2Bind 3.5.4)."""
    fields: dict[str, str] = {message: base64.b64encode(xml).decode()}
    if relay_state is not None:
        fields["RelayState"] = relay_state
    return PostForm(location, fields)


def decode_redirect(raw_query: bytes | str, name: str = "redirect") -> Received:
    """Decode the query of a redirect exactly as the server received it, without the question mark.

    Parameters that are not SAML's are passed over, as an address may have some of its own.

    Raises:
        InputError: a parameter is repeated, missing, or not decodable.
    """
    query = _query_text(raw_query, name)
    raw = _raw_parameters(query, name)
    kind = _kind(raw, name)
    for parameter in (kind, "Signature"):
        if "+" in raw.get(parameter, ""):
            problem = f"{parameter} holds a + that means a blank here"
            raise undecodable.malformed_query(name, problem, "have it escaped as %2B")
    encoding = _decoded(raw.get("SAMLEncoding", ""), "SAMLEncoding", name)
    if encoding not in {"", DEFLATE}:
        problem = f"SAMLEncoding is {encoding!r}"
        raise undecodable.malformed_query(name, problem, "have it sent with DEFLATE, the only one in use")
    xml = inflated(unbased(_decoded(raw[kind], kind, name), kind, name), name)
    relay_state = _decoded(raw["RelayState"], "RelayState", name) if "RelayState" in raw else None
    return Received(binding=REDIRECT, kind=kind, xml=xml, relay_state=relay_state, detached=_detached(raw, kind, name))


def decode_post(fields: Mapping[str, str] | Iterable[tuple[str, str]], name: str = "form") -> Received:
    """Decode the fields of a posted form, given as pairs so that one that stands twice is seen.

    Raises:
        InputError: a field is repeated, missing, or not decodable.
    """
    found: dict[str, str] = {}
    for field, value in fields.items() if isinstance(fields, Mapping) else fields:
        if field in _PARAMETERS:
            if field in found:
                raise undecodable.parameter_repeated(name, field)
            found[field] = value
    kind = _kind(found, name)
    xml = unbased(found[kind], kind, name)
    if len(xml) > MAX_MESSAGE:
        raise undecodable.oversized_message(name, MAX_MESSAGE >> 20)
    return Received(binding=POST, kind=kind, xml=xml, relay_state=found.get("RelayState"))


def unbased(text: str, what: str, name: str) -> bytes:
    """Decode base64 strictly, but for the line breaks and blanks that SAML2Bind 3.5.4 lets senders put in.

    Raises:
        InputError: it is empty, too long, or not base64.
    """
    if len(text) > _MAX_TEXT:
        raise undecodable.oversized_message(name, MAX_MESSAGE >> 20)
    if not text.strip():
        raise undecodable.message_missing(name, f"{what} is empty", "have the message sent again")
    if (data := decode_base64(text)) is None:
        raise undecodable.not_base64(name, what)
    return data


def inflated(data: bytes, name: str) -> bytes:
    """Undo DEFLATE, never making more than a message may have (SAML2Bind 3.4.4.1, RFC 1951).

    Raises:
        InputError: it is not deflated, breaks off, has something behind it, or grows too large.
    """
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        xml = inflater.decompress(data, MAX_MESSAGE + 1)
    except zlib.error:
        remedy = "have it sent deflated, as the redirect binding demands"
        raise undecodable.not_deflated(name, "the message is not deflated", remedy) from None
    if len(xml) > MAX_MESSAGE:
        raise undecodable.oversized_message(name, MAX_MESSAGE >> 20)
    if not inflater.eof:
        remedy = "give the whole of it; addresses are often cut short"
        raise undecodable.not_deflated(name, "the deflated message breaks off", remedy)
    if inflater.unused_data:
        raise undecodable.not_deflated(name, "something stands behind the deflated message", "have it sent without")
    return xml


def _query_text(raw_query: bytes | str, name: str) -> str:
    if len(raw_query) > _MAX_TEXT:
        raise undecodable.oversized_message(name, MAX_MESSAGE >> 20)
    if not raw_query.isascii():
        problem = "the query holds characters beyond ASCII"
        raise undecodable.malformed_query(name, problem, "have every such one escaped with %")
    return raw_query.decode() if isinstance(raw_query, bytes) else raw_query


def _raw_parameters(query: str, name: str) -> dict[str, str]:
    """Cut the query into the parameters of SAML, their values still escaped as they were sent."""
    raw: dict[str, str] = {}
    for pair in query.split("&"):
        written, _, value = pair.partition("=")
        parameter = unquote_plus(written)
        if parameter not in _PARAMETERS:
            continue
        if written != parameter:
            raise undecodable.malformed_query(name, f"the name {parameter} is escaped", "have it sent plain")
        if parameter in raw:
            raise undecodable.parameter_repeated(name, parameter)
        raw[parameter] = value
    return raw


def _kind(given: Mapping[str, str], name: str) -> MessageName:
    here = [message for message in _MESSAGES if message in given]
    if len(here) > 1:
        raise undecodable.messages_mixed(name)
    if not here:
        problem = "there is neither SAMLRequest nor SAMLResponse"
        raise undecodable.message_missing(name, problem, "begin the login again at the sender")
    return here[0]


def _decoded(raw: str, parameter: str, name: str) -> str:
    """Undo the escapes of one value."""
    try:
        if not _ESCAPE.search(raw):
            return unquote_plus(raw, errors="strict")
    except UnicodeDecodeError:
        pass
    problem = f"{parameter} is not escaped text"
    raise undecodable.malformed_query(name, problem, "have it sent as UTF-8, escaped with %")


def _detached(raw: Mapping[str, str], kind: MessageName, name: str) -> Detached | None:
    """Take the signature and the text it is over: those parameters in that order, as they were sent."""
    if "Signature" not in raw and "SigAlg" not in raw:
        return None
    algorithm, signature = (_decoded(raw.get(each, ""), each, name) for each in ("SigAlg", "Signature"))
    if not (algorithm.strip() and signature.strip()):
        there, missing = ("Signature", "SigAlg") if signature.strip() else ("SigAlg", "Signature")
        raise undecodable.half_signed_query(name, there, missing)
    order = (kind, "RelayState", "SigAlg")
    return Detached(
        signed="&".join(f"{parameter}={raw[parameter]}" for parameter in order if parameter in raw).encode(),
        algorithm=algorithm,
        signature=unbased(signature, "Signature", name),
    )
