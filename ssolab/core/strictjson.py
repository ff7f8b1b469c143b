"""JSON as strangers send it, read so that nobody could read it in another way.

The standard library forgives much that attackers live on: the last of two equal members wins, NaN is a number, half a
surrogate is text, a number may have a thousand digits. Here each of them ends in an error that has a code.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ssolab.core.unreadable import empty_document, oversized_document
from ssolab.core.unreadable_json import (
    json_not_an_object,
    json_not_utf8,
    malformed_json,
    oversized_number,
    repeated_member,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_JSON: Final = 1 << 20
"""Bytes of any JSON document; a set of a hundred keys with their certificates has a third of it."""

_DEEPEST: Final = 32
_MOST_DIGITS: Final = 40
_SHOWN: Final = 60
_PIECE: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_WORDS: Final = {list: "an array", str: "a text", bool: "true or false", int: "a number", float: "a number"}


class _RepeatedError(ValueError):
    """A member stands twice in one object."""


class _NumberError(ValueError):
    """A number is longer than any honest one."""


def parse(data: bytes, name: str, *, limit: int = LARGEST_JSON) -> object:
    """Read one JSON document (RFC 8259): UTF-8, no member twice, no NaN, bounded in size, depth and digits.

    Args:
        data: the bytes as they came.
        name: what errors call the document.
        limit: the most bytes that it may have.

    Raises:
        InputError: it is empty, too large or too deep, no UTF-8, no JSON, or has a member twice.
    """
    text = _text(data, name, limit)
    try:
        value: object = _DECODER.decode(text)
    except _RepeatedError as error:
        raise repeated_member(name, _shown(str(error))) from None
    except _NumberError as error:
        raise oversized_number(name, str(error)) from None
    except json.JSONDecodeError as error:
        problem = f"not JSON: {_first_lower(error.msg)}"
        raise malformed_json(name, f"{problem} (line {error.lineno}, column {error.colno})") from None
    except ValueError as error:
        raise malformed_json(name, f"not JSON: {error}") from None
    if "\\u" in text and _SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        raise json_not_utf8(name, "a text in it holds half of a surrogate pair")
    return value


def parse_object(data: bytes, name: str, *, limit: int = LARGEST_JSON) -> dict[str, Any]:
    """Read one JSON document whose outermost value is an object.

    Raises:
        InputError: as `parse` does, or because it is no object.
    """
    value = parse(data, name, limit=limit)
    if not isinstance(value, dict):
        raise json_not_an_object(name, _WORDS.get(type(value), "null"))
    return value


def compact(value: Mapping[str, Any]) -> bytes:
    """Write an object as tokens hold it: UTF-8, no blanks, members in their order.

    Raises:
        ValueError: a number in it is not finite.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _text(data: bytes, name: str, limit: int) -> str:
    """Decode the bytes, once everything is bounded that costs time."""
    if len(data) > limit:
        raise oversized_document(name, f"{len(data):,} bytes, and the limit is {limit:,}")
    if not data.strip():
        raise empty_document(name, "give a JSON document")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise json_not_utf8(name, f"byte {error.start + 1} is no UTF-8") from None
    if text.startswith("\ufeff"):
        raise json_not_utf8(name, "it begins with a byte order mark")
    if text.count("[") + text.count("{") > _DEEPEST and _depth(text) > _DEEPEST:
        raise oversized_document(name, f"it is nested deeper than {_DEEPEST} levels")
    return text


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedError(next(name for index, name in enumerate(names) if name in names[:index]))
    return found


def _integer(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise _NumberError(f"a number of {len(digits)} digits")
    return int(digits)


def _decimal(digits: str) -> float:
    number = math.inf if len(digits) > _MOST_DIGITS else float(digits)
    if math.isinf(number):
        raise _NumberError(f"the number {_shown(digits)}")
    return number


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _depth(text: str) -> int:
    depth = deepest = 0
    for found in _PIECE.finditer(text):
        if found[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif found[0] in "]}":
            depth -= 1
    return deepest


def _shown(text: str) -> str:
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"
    return "".join(character if character.isprintable() else "?" for character in short)


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:]


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_decimal, parse_constant=_constant
)
