"""How Salesforce writes its source files: simple elements below one root, in the order of the alphabet.

A type of file is a frozen dataclass whose fields say how their elements are read. A reader keeps simple elements that
it does not know, because every release of Salesforce adds some, and writes them back.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from ssolab.core import xmltree
from ssolab.core.findings import InputError
from ssolab.core.instants import format_instant, parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from dataclasses import Field
    from datetime import datetime

    from ssolab.core.xmltree import Element

NAMESPACE: Final = "http://soap.sforce.com/2006/04/metadata"

_UNWRITABLE = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FLAGS: Final[Mapping[str, bool]] = {"true": True, "1": True, "false": False, "0": False}
_INDENT: Final = "    "


@dataclass(frozen=True, kw_only=True)
class Elements:
    """What every such type has: the name of its root element, and the simple elements that it does not know."""

    root: ClassVar[str]

    more: Mapping[str, str] = field(default_factory=dict)


S = TypeVar("S", bound=Elements)


def flag(text: str) -> bool:
    """Read true or false.

    Raises:
        ValueError: it is neither.
    """
    try:
        return _FLAGS[text]
    except KeyError:
        raise ValueError(f"{text!r} is neither true nor false") from None


def number(text: str) -> int:
    """Read a number of at most nine digits.

    Raises:
        ValueError: it is none.
    """
    if not (text.isascii() and text.isdecimal() and len(text) < 10):  # noqa: PLR2004 - int() has no use for more digits
        raise ValueError(f"{text!r} is not a number")
    return int(text)


def date(text: str) -> datetime:
    """Read a date, as documented, or a moment with milliseconds, as retrieved.

    Raises:
        ValueError: it is neither.
    """
    return parse_instant(text, date_only=True)


def one_of(*words: str) -> Callable[[str], str]:
    """Give a reader that knows these words and no other.

    Raises:
        ValueError: the text is none of them (raised by that reader).
    """

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text[:80]!r} is none of {', '.join(words)}")
        return text

    return read


def element(read: Callable[[str], object] = str) -> Any:
    """Declare an element that may be absent."""
    return field(default=None, metadata={"read": read})


def required(read: Callable[[str], object] = str) -> Any:
    """Declare an element that Salesforce demands."""
    return field(metadata={"read": read})


def nested(kind: type[Elements]) -> Any:
    """Declare an element that may be absent and holds elements of its own."""
    return field(default=None, metadata={"inside": kind})


def root_of(data: bytes, name: str, *wanted: str) -> Element:
    """Parse a source file.

    Raises:
        InputError: it is no XML, or has another root than one of those.
    """
    root = xmltree.parse(data, name)
    if root.tag not in {f"{{{NAMESPACE}}}{each}" for each in wanted}:
        found = str(root.tag).removeprefix(f"{{{NAMESPACE}}}")
        raise InputError(
            name, f"its root is {found}, not {' or '.join(wanted)}", "give a file in Salesforce source format"
        )
    return root


def read_elements(into: type[S], root: Element, name: str) -> S:
    """Read what is below a root.

    Raises:
        InputError: an element is missing, repeated, or holds something else than it should.
    """
    known = {_camel(each.name): each for each in _elements(into)}
    values: dict[str, object] = {}
    more: dict[str, str] = {}
    seen: set[str] = set()
    for found in root.iterchildren("{*}*"):
        local = str(found.tag).rpartition("}")[2]
        place = f"{name}:{found.sourceline}"
        if local in seen and local in known:
            raise InputError(place, f"{local} stands there twice", "keep one of the two")
        seen.add(local)
        if local not in known:
            if not len(found):
                more[local] = found.text or ""
            continue
        each = known[local]
        if (inside := each.metadata.get("inside")) is not None:
            values[each.name] = read_elements(inside, found, name)
            continue
        try:
            values[each.name] = each.metadata["read"](xmltree.exact_text(found, name).strip())
        except ValueError as error:
            raise InputError(
                place, f"{local}: {error}", "correct it, or retrieve the file from the org again"
            ) from None
    missing = [_camel(each.name) for each in _elements(into) if each.name not in values and _demanded(each)]
    if missing:
        raise InputError(name, f"{', '.join(missing)} missing", "retrieve the file from the org again")
    return into(**values, more=more)


def write_elements(file: Elements) -> bytes:
    """Write the file as the Salesforce CLI does: elements in the order of the alphabet, four spaces, a line end.

    Raises:
        InputError: a text holds a character that XML cannot carry.
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{file.root} xmlns="{NAMESPACE}">']
    return "\n".join([*lines, *_lines(file, _INDENT), f"</{file.root}>", ""]).encode("utf-8")


def _lines(file: Elements, indent: str) -> Iterator[str]:
    texts = {_camel(each.name): getattr(file, each.name) for each in _elements(type(file))} | dict(file.more)
    for name, value in sorted(texts.items()):
        if isinstance(value, Elements):
            yield f"{indent}<{name}>"
            yield from _lines(value, indent + _INDENT)
            yield f"{indent}</{name}>"
        elif value is not None:
            text = _written(value)
            if _UNWRITABLE.search(text):
                raise InputError(name, "it holds a character that XML cannot carry", "take out control characters")
            yield f"{indent}<{name}>{html.escape(text, quote=False)}</{name}>"


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | str):
        return str(value)
    return format_instant(value, milliseconds=True)  # type: ignore[arg-type]  # the only type left is datetime


def _elements(kind: type[Elements]) -> tuple[Field[object], ...]:
    return tuple(each for each in fields(kind) if each.name != "more")


def _demanded(each: Field[object]) -> bool:
    return each.default is not None


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
