"""Finding the token in what people have: a file with a line break at its end, or a header that was copied whole."""

from __future__ import annotations

import re
from typing import Final

_SPACE: Final = b" \t\r\n"
_MARK: Final = b"\xef\xbb\xbf"
_BEFORE: Final = re.compile(rb"(?:authorization:[ \t]*)?bearer[ \t]+", re.IGNORECASE)
_TOKEN: Final = re.compile(r"ey[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")


def token_in(data: bytes) -> bytes:
    """Take off what stands around a token: white space, a byte order mark, `Bearer` (RFC 6750 2.1) in front.

    Nothing inside is touched: reading it is strict.
    """
    inner = data.removeprefix(_MARK).strip(_SPACE)
    before = _BEFORE.match(inner)
    return inner[before.end() :] if before else inner


def looks_like_a_token(text: str) -> bool:
    """Say whether a word is a token itself and no name of a file."""
    return _TOKEN.fullmatch(text) is not None
