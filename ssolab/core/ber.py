"""Turns BER into DER: some libraries write PKCS#12 files in indefinite lengths and in pieces."""

from __future__ import annotations

from ssolab.core import der

_DEEPEST = 32


def from_ber(data: bytes) -> bytes:
    """Turn BER with indefinite lengths and strings in pieces into DER lengths and whole strings (X.690 8.1.3.6, 8.7.3).

    Raises:
        ValueError: it is not one element, or nested too deeply.
    """
    found, end = _from_ber(data, 0, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes after the end")
    return found


def _from_ber(data: bytes, at: int, depth: int) -> tuple[bytes, int]:
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    tag = data[at] if at < len(data) else 0
    indefinite = tag & der.CONSTRUCTED and data[at + 1 : at + 2] == bytes((der.LONG_FORM,))
    if not tag & der.CONSTRUCTED:
        element = der.read(data, at)
        return element.der, element.end
    if tag & der.HIGH_TAG == der.HIGH_TAG:
        raise ValueError("a tag of more than one byte")
    body, end = (at + 2, len(data)) if indefinite else ((known := der.read(data, at)).body, known.end)
    parts = []
    while body < end:
        if indefinite and data[body : body + 2] == b"\0\0":
            break
        part, body = _from_ber(data, body, depth + 1)
        parts.append(part)
    if indefinite:
        if data[body : body + 2] != b"\0\0":
            raise ValueError("no end of an indefinite length")
        body += 2
    if tag == der.OCTET_STRING | der.CONSTRUCTED:
        return der.write(der.OCTET_STRING, *(der.read(part).expect(der.OCTET_STRING).content for part in parts)), body
    return der.write(tag, *parts), body
