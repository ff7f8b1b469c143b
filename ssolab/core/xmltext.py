"""What stands before and between the tags: the encoding of a document, its base64, and words fit for one line."""

from __future__ import annotations

import binascii
import codecs
import re

from ssolab.core import unreadable

_DECLARED = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([^"'>]*)["']""")
_SHOWN = 160


def as_utf8(data: bytes, name: str) -> bytes:
    """Bring a document to UTF-8 without its byte order mark; only UTF-8 and UTF-16 that say so come in.

    Raises:
        InputError: the bytes are empty, binary, or text in another encoding than they claim.
    """
    declared_as = "UTF-8"
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise unreadable.unsupported_encoding(name, "the text is UTF-32", "save it as UTF-8")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeError:
            problem = "the bytes are not the UTF-16 that they begin as"
            raise unreadable.unsupported_encoding(name, problem, "save it as UTF-8") from None
        declared_as = "UTF-16"
    else:
        data = data.removeprefix(codecs.BOM_UTF8)
        try:
            data.decode()
        except UnicodeDecodeError as error:
            problem = f"not UTF-8 text (byte {error.start:,} is 0x{data[error.start]:02x})"
            raise unreadable.unsupported_encoding(name, problem, "give XML saved as UTF-8") from None
    begin = data.lstrip()
    if not begin:
        raise unreadable.empty_document(name, "give an XML document")
    if b"\0" in data:
        problem = "binary data, or UTF-16 without its byte order mark"
        raise unreadable.unsupported_encoding(name, problem, "give XML saved as UTF-8")
    if not begin.startswith(b"<") and declared_as == "UTF-16":
        raise unreadable.not_xml(name, "this is UTF-16 text and no XML", "save it as UTF-8")
    if not begin.startswith(b"<"):
        raise unreadable.not_xml(name, "this is not XML: it does not begin with <", "give the XML document itself")
    declared = _DECLARED.match(data)
    if declared and not _agrees(declared[1].decode(), declared_as):
        problem = f"declared as {in_one_line(declared[1].decode())}, read as {declared_as}"
        raise unreadable.unsupported_encoding(name, problem, "save it as UTF-8 and declare it so")
    return data


def _agrees(declared: str, found: str) -> bool:
    names = {"UTF-8": ("utf-8", "utf8", "us-ascii", "ascii"), "UTF-16": ("utf-16", "utf16", "utf-16le", "utf-16be")}
    return declared.lower() in names[found]


def in_one_line(message: str) -> str:
    """Make a foreign message fit for one line of ours: printable, and not too long."""
    text = "".join(character if character.isprintable() else " " for character in message)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def decode_base64(text: str | None) -> bytes | None:
    """Decode base64 strictly, after removing white space and nothing else; None where it is malformed or empty."""
    try:
        packed = b"".join((text or "").encode("ascii").split())
        decoded = binascii.a2b_base64(packed, strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    # The last character may hold spare bits; only one spelling of the same bytes is accepted.
    return decoded if packed and binascii.b2a_base64(decoded, newline=False) == packed else None
