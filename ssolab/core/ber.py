"""Turns BER into DER: some libraries write PKCS#12 files in indefinite lengths and in pieces."""

from __future__ import annotations

from ssolab.core import der

_DEEPEST = 32
_MOST_ELEMENTS = 200_000  # a key store of the most entries that we read has a quarter of them
_END = b"\0\0"  # of an element of indefinite length


def from_ber(data: bytes) -> bytes:
    """Turn BER with indefinite lengths and strings in pieces into DER lengths and whole strings (X.690 8.1.3.6, 8.7.3).

    Raises:
        ValueError: it is not one element, is nested too deeply, or has more elements than any key store.
    """
    found, end = _Walk(data).element(0, 0)
    if end != len(data):
        raise ValueError(f"{len(data) - end} bytes after the end")
    return found


class _Walk:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.count = 0

    def element(self, at: int, depth: int) -> tuple[bytes, int]:
        """Give the element at an offset as DER, and the offset behind it."""
        self.count += 1
        if depth > _DEEPEST or self.count > _MOST_ELEMENTS:
            raise ValueError("nested too deeply, or of too many elements")
        tag, length = self.data[at : at + 1], self.data[at + 1 : at + 2]
        if not tag or not tag[0] & der.CONSTRUCTED:
            whole = der.read(self.data, at)
            return whole.der, whole.end
        if tag[0] & der.HIGH_TAG == der.HIGH_TAG:
            raise ValueError("a tag of more than one byte")
        if length == bytes((der.LONG_FORM,)):
            parts, end = self.until_the_mark(at + 2, depth)
        else:
            whole = der.read(self.data, at)
            parts, end = self.until(whole.body, whole.end, depth), whole.end
        if tag[0] == der.OCTET_STRING | der.CONSTRUCTED:
            pieces = (der.read(part).expect(der.OCTET_STRING).content for part in parts)
            return der.write(der.OCTET_STRING, *pieces), end
        return der.write(tag[0], *parts), end

    def until_the_mark(self, at: int, depth: int) -> tuple[list[bytes], int]:
        parts = []
        while self.data[at : at + 2] != _END:
            part, at = self.element(at, depth + 1)
            parts.append(part)
        return parts, at + 2

    def until(self, at: int, end: int, depth: int) -> list[bytes]:
        parts = []
        while at < end:
            part, at = self.element(at, depth + 1)
            parts.append(part)
        if at != end:
            raise ValueError("an element reaches beyond the one around it")
        return parts
