"""Our own walk through DER, because certificates that partners trust are not always ones that libraries accept.

A three-letter country, a serial of zero or an extension that cannot be read makes strict parsers refuse the whole
certificate; explicit key trust needs only the key inside. The reader accepts what is unambiguous and never goes
deeper than it is asked to; the writer makes DER and nothing else. Both raise ValueError; callers know the input's name.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
UTF8_STRING, PRINTABLE_STRING, T61_STRING, IA5_STRING = 0x0C, 0x13, 0x14, 0x16
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
VISIBLE_STRING, UNIVERSAL_STRING, BMP_STRING = 0x1A, 0x1C, 0x1E
SEQUENCE, SET = 0x30, 0x31

HIGH_TAG = 0x1F
CONSTRUCTED = 0x20
LONG_FORM = 0x80
_LENGTH_BYTES = 4
_MOST_INSIDE = 50_000  # elements in one row; no certificate or key store comes near, and each costs memory
_LONGEST_OID = 128
_UTC_TIME = re.compile(rb"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})")
_GENERALIZED_TIME = re.compile(rb"(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(?:(\d\d)(?:[.,]\d+)?)?)?(Z|[+-]\d{4})?")
_UTC_PIVOT = 50
_LAST_UTC_TIME_YEAR = 2049
_ENCODINGS = {
    UTF8_STRING: "utf-8",
    PRINTABLE_STRING: "latin-1",  # ASCII by the standard; real certificates put more in
    T61_STRING: "latin-1",  # what every issuer meant by it
    IA5_STRING: "latin-1",
    VISIBLE_STRING: "latin-1",
    UNIVERSAL_STRING: "utf-32-be",
    BMP_STRING: "utf-16-be",
}


@dataclass(frozen=True, slots=True)
class Element:
    """One tag, length and value inside *buffer*; nothing is copied until asked for."""

    buffer: bytes
    tag: int
    start: int
    body: int
    end: int

    @property
    def der(self) -> bytes:
        """The whole element as it stands in the buffer."""
        return self.buffer[self.start : self.end]

    @property
    def content(self) -> bytes:
        """The value without tag and length."""
        return self.buffer[self.body : self.end]

    @property
    def constructed(self) -> bool:
        """Whether the value is a row of elements."""
        return bool(self.tag & CONSTRUCTED)

    def __iter__(self) -> Iterator[Element]:
        """Walk the elements inside, one level down.

        Raises:
            ValueError: what stands inside is not a row of whole elements, or one of more than anybody writes.
        """
        if not self.constructed:
            raise ValueError(f"tag 0x{self.tag:02x} holds no elements")
        at = self.body
        for _ in range(_MOST_INSIDE):
            if at == self.end:
                return
            inner = read(self.buffer, at, self.end)
            yield inner
            at = inner.end
        if at < self.end:
            raise ValueError(f"more than {_MOST_INSIDE} elements in a row")

    def parts(self, count: int) -> tuple[Element, ...]:
        """Walk one level down and find exactly *count* elements.

        Raises:
            ValueError: there are more, fewer, or broken ones.
        """
        found = tuple(self)
        if len(found) != count:
            raise ValueError(f"{len(found)} elements where {count} belong")
        return found

    def first(self) -> Element:
        """Return the first element inside, which for an explicit tag is the only one.

        Raises:
            ValueError: there is none.
        """
        for inner in self:
            return inner
        raise ValueError("nothing inside")

    def expect(self, *tags: int) -> Element:
        """Return the element itself if its tag is one of *tags*.

        Raises:
            ValueError: it is something else.
        """
        if self.tag not in tags:
            raise ValueError(f"tag 0x{self.tag:02x} where 0x{tags[0]:02x} belongs")
        return self


def context(number: int) -> int:
    """Return the tag [number], constructed."""
    return 0xA0 | number


def read(buffer: bytes, at: int = 0, end: int | None = None) -> Element:
    """Read the element that begins at offset *at* and has to end by offset *end*.

    Raises:
        ValueError: no whole element stands there (X.690 8.1; indefinite lengths are not DER).
    """
    end = len(buffer) if end is None else end
    if at + 2 > end:
        raise ValueError("the data ends where an element should begin")
    tag, length = buffer[at], buffer[at + 1]
    if tag & HIGH_TAG == HIGH_TAG:
        raise ValueError("a tag of more than one byte")
    body = at + 2
    if length >= LONG_FORM:
        size = length - LONG_FORM
        if not 0 < size <= _LENGTH_BYTES or body + size > end:
            raise ValueError("an impossible length" if size else "an indefinite length")
        length = int.from_bytes(buffer[body : body + size])
        body += size
    if body + length > end:
        raise ValueError(f"cut off: {end - body} of {length} bytes are there")
    return Element(buffer, tag, at, body, body + length)


def read_all(data: bytes) -> Element:
    """Read *data* as exactly one element.

    Raises:
        ValueError: it is not one element, or bytes follow it.
    """
    element = read(data)
    if element.end != len(data):
        raise ValueError(f"{len(data) - element.end} bytes after the end")
    return element


def read_oid(element: Element) -> str:
    """Read an OBJECT IDENTIFIER as dotted text (X.690 8.19).

    Raises:
        ValueError: it is none, or longer than any real one.
    """
    return _dotted(element.expect(OID).content)


@functools.lru_cache(maxsize=256)
def _dotted(content: bytes) -> str:
    """Decode an object identifier; the same few come again and again."""
    if not 0 < len(content) <= _LONGEST_OID or content[-1] & LONG_FORM:
        raise ValueError("a broken object identifier")
    arcs: list[int] = []
    arc = 0
    for byte in content:
        arc = arc << 7 | byte & 0x7F
        if not byte & LONG_FORM:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def read_integer(element: Element) -> int:
    """Read an INTEGER, signed as it is encoded.

    Raises:
        ValueError: it is none, or empty.
    """
    content = element.expect(INTEGER).content
    if not content:
        raise ValueError("an integer of no bytes")
    return int.from_bytes(content, signed=True)


def read_bits(element: Element) -> bytes:
    """Read a BIT STRING of whole bytes.

    Raises:
        ValueError: it is none, or ends inside a byte.
    """
    content = element.expect(BIT_STRING).content
    if not content or content[0]:
        raise ValueError("a bit string that is no row of bytes")
    return content[1:]


def read_text(element: Element) -> str | None:
    """Read any of the ASN.1 text types; None where the element is of no such type or its bytes are no such text."""
    try:
        return element.content.decode(_ENCODINGS[element.tag])
    except (KeyError, UnicodeDecodeError):
        return None


def read_time(element: Element) -> datetime:
    """Read UTCTime or GeneralizedTime, to the second, as an aware moment in UTC (RFC 5280 4.1.2.5).

    Forms that DER forbids but real certificates have (no seconds, a numeric offset, a fraction) are read too.

    Raises:
        ValueError: it is no time, or one that does not exist.
    """
    short = element.expect(UTC_TIME, GENERALIZED_TIME).tag == UTC_TIME
    match = (_UTC_TIME if short else _GENERALIZED_TIME).fullmatch(element.content)
    if not match:
        raise ValueError(f"{element.content[:32]!r} is no time")
    *numbers, zone = match.groups()
    year, month, day, hour, minute, second = (int(number or 0) for number in numbers)
    if short:
        year += 1900 if year >= _UTC_PIVOT else 2000
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    if zone in (None, b"Z"):
        return moment
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    try:
        return moment - offset if zone.startswith(b"+") else moment + offset
    except OverflowError:
        raise ValueError("a time outside the calendar") from None


def write(tag: int, *parts: bytes) -> bytes:
    """Write one element whose value is the *parts* one after the other."""
    content = b"".join(parts)
    if len(content) < LONG_FORM:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes((tag, LONG_FORM | len(length))) + length + content


def write_set_of(*parts: bytes) -> bytes:
    """Write a SET OF, sorted as X.690 11.6 asks."""
    return write(SET, *sorted(parts))


def write_integer(number: int) -> bytes:
    """Write an INTEGER in the fewest bytes."""
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return write(INTEGER, number.to_bytes(size, signed=True))


def write_oid(dotted: str) -> bytes:
    """Write an OBJECT IDENTIFIER."""
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray()
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | LONG_FORM)
        content += bytes(reversed(groups))
    return write(OID, bytes(content))


def write_bits(content: bytes) -> bytes:
    """Write a BIT STRING of whole bytes."""
    return write(BIT_STRING, b"\0", content)


def write_text(text: str, tag: int = UTF8_STRING) -> bytes:
    """Write text in one of the ASN.1 text types.

    Raises:
        ValueError: the type cannot hold the text.
    """
    return write(tag, text.encode(_ENCODINGS[tag]))


def write_time(moment: datetime) -> bytes:
    """Write a moment, cut to the second, as UTCTime up to 2049 and GeneralizedTime after (RFC 5280 4.1.2.5)."""
    moment = moment.astimezone(UTC)
    text = f"{moment.year:04}{moment:%m%d%H%M%S}Z".encode()
    if _UTC_PIVOT + 1900 <= moment.year <= _LAST_UTC_TIME_YEAR:
        return write(UTC_TIME, text[2:])
    return write(GENERALIZED_TIME, text)
