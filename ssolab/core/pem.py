"""PEM and bare base64: the two ways people send DER through text, told apart and taken off in linear time."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from ssolab.core.findings import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_FILE = 32 << 20
MOST_IN_A_FILE = 10_000
_COLUMNS = 64
_MARK = re.compile(rb"-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----")
_HEADER = re.compile(rb"\s*[A-Za-z][A-Za-z0-9-]*:")
_SPACE = re.compile(rb"[\s\x00]+")


def write_pem(label: str, data: bytes) -> str:
    """Write DER as a PEM block of 64 columns, ending in a line break (RFC 7468 2)."""
    text = base64.b64encode(data).decode()
    lines = [text[at : at + _COLUMNS] for at in range(0, len(text), _COLUMNS)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""))


def pem_blocks(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield label and body of every PEM block, whatever text stands around; a body with headers is yielded undecoded.

    Raises:
        InputError: a block is not base64, or there are too many of them.
    """
    count = 0
    begun: re.Match[bytes] | None = None
    for mark in _MARK.finditer(data):
        if mark[1] == b"BEGIN":
            begun = mark
            continue
        if begun is None or begun[2] != mark[2]:
            continue
        label, body = mark[2].decode(), data[begun.end() : mark.start()]
        begun = None
        count += 1
        if count > MOST_IN_A_FILE:
            raise InputError(name, f"more than {MOST_IN_A_FILE} PEM blocks", "split the file")
        yield label, body if has_headers(body) else _unbase64(body, name, f"PEM block {count} ({label})")


def has_headers(body: bytes) -> bool:
    """Say whether the body of a block is text with headers (RFC 1421 4.4), not yet decoded; DER never begins so."""
    return bool(_HEADER.match(body))


def _unbase64(text: bytes, name: str, what: str) -> bytes:
    stripped = _SPACE.sub(b"", text)
    try:
        return base64.b64decode(stripped + b"=" * (-len(stripped) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise InputError(name, f"{what} is damaged: not base64", "copy the whole file again") from None


def unwrap(data: bytes, name: str) -> bytes:
    """Take bare base64 of DER off, such as the text of an X509Certificate element; anything else is returned as it is.

    Raises:
        InputError: the input is larger than any certificate file.
    """
    if len(data) > LARGEST_FILE:
        raise InputError(name, f"{len(data)} bytes", f"the limit for certificate files is {LARGEST_FILE >> 20} MB")
    if data.lstrip()[:1] != b"M":  # 0x30, the tag of every certificate, is `M` in base64
        return data
    try:
        return _unbase64(data, name, "the text")
    except InputError:
        return data
