"""Reading a message that somebody saved or pasted, in whatever form they found it.

People who debug a login have XML from a log, base64 from a form field, or a whole address from the browser. The form is
told by the content alone, and what is found is handed on as if it had just arrived.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from ssolab.core.findings import InputError
from ssolab.core.xmltree import local_name, parse
from ssolab.saml.bindings import MAX_MESSAGE, MessageName, Received, decode_post, decode_redirect, inflated, unbased
from ssolab.saml.names import POST, REDIRECT

_FIELD: Final = re.compile(r"(?:^|[?&\s])(SAMLRequest|SAMLResponse)=")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BOM = b"\xef\xbb\xbf"


def read_message(data: bytes, name: str) -> Received:
    """Read raw XML, base64 with or without line breaks, deflated base64, form fields, or a whole redirect address.

    Raises:
        InputError: it is none of these, or is damaged.
    """
    if len(data) > 3 * MAX_MESSAGE:
        raise InputError(name, f"{len(data):,} bytes are too many for a message", "give one message of at most 1 MB")
    if looks_like_xml(data):
        return Received(binding=None, kind=_kind_of(data, name), xml=data)
    try:
        text = data.removeprefix(_BOM).decode("ascii").strip()
    except UnicodeDecodeError:
        raise InputError(name, "this is neither XML nor base64 nor an address", "give one SAML message") from None
    if not text:
        raise InputError(name, "there is nothing in it", "give one SAML message")
    if _FIELD.search(text):
        return _from_fields(text, name)
    return _from_base64(text, name)


def _from_fields(text: str, name: str) -> Received:
    """Read an address, a query, or the body of a posted form."""
    address = text.startswith(("http://", "https://"))
    query = (text.partition("?")[2] if address else text.removeprefix("?")).partition("#")[0]
    query = "".join(query.split())  # pasted text is often folded; real white space is escaped in here
    match = _FIELD.search(query)
    if match is None:
        raise InputError(name, "the address has no SAMLRequest or SAMLResponse in its query", "copy the whole address")
    value = query[match.end() :].partition("&")[0]
    packed = unbased(_plain(value), match[1], name)
    if address or not looks_like_xml(packed):
        # a plus sign in base64 that was pasted unescaped is a plus sign; only the unsigned text may be mended
        signed = "Signature=" in query
        return decode_redirect(query if signed else query.replace(value, value.replace("+", "%2B"), 1), name)
    pairs = [(key, given) for key, _, given in (pair.partition("=") for pair in query.split("&"))]
    return decode_post([(key, _plain(given, key=key)) for key, given in pairs], name)


def _from_base64(text: str, name: str) -> Received:
    data = unbased(_plain(text), "this text, which is neither XML nor an address,", name)
    if looks_like_xml(data):
        return Received(binding=POST, kind=_kind_of(data, name), xml=data)
    xml = inflated(data, name)
    return Received(binding=REDIRECT, kind=_kind_of(xml, name), xml=xml)


def _plain(value: str, *, key: str = "") -> str:
    return unquote(value.replace("+", " ") if key == "RelayState" else value, errors="replace")


def looks_like_xml(data: bytes) -> bool:
    """Say whether the bytes begin as XML does, whatever follows."""
    return data.startswith(_UTF16) or data.removeprefix(_BOM).lstrip().startswith(b"<")


def message_name(received: Received, name: str) -> str:
    """Name the root element as the standard does, without its prefix: Response, LogoutRequest and so on."""
    return local_name(parse(received.xml, name)).rpartition(":")[2]


def _kind_of(xml: bytes, name: str) -> MessageName:
    """Tell a request from everything else by the name of its root element."""
    request = local_name(parse(xml, name)).endswith("Request")
    return "SAMLRequest" if request else "SAMLResponse"
