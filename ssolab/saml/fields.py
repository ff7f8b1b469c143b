"""How single values come out of XML elements: one attribute, one text, one moment at a time.

Every reader of SAML stands on these few functions, so that a missing attribute, an unreadable moment or a comment
inside a name is refused in the same words everywhere, with the place where it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree

from ssolab.core.findings import InputError
from ssolab.core.instants import parse_duration, parse_instant
from ssolab.core.xmltree import exact_text, local_name, where
from ssolab.saml.names import XSI
from ssolab.saml.undecodable import unreadable_element

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ssolab.core.xmltree import Element

SPACE = " \t\r\n"
"""What XML counts as white space."""
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_SHOWN = 240
_UNSIGNED_SHORT = 65_535
_NUMBER = re.compile(r"0*(?P<digits>[0-9]{1,5})")
XSI_TYPE = f"{{{XSI}}}type"
_QUALIFIED = re.compile(r"(?:(?P<prefix>[^\s:{}]+):)?(?P<name>[^\s:{}]+)")
_LONG_UNITS = re.compile(
    r"P(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<days>\d+(?:\.\d+)?)D)?(?P<rest>.*)", re.DOTALL
)


def refused(
    element: Element, document: str, problem: str, remedy: str = "ask its sender for a valid one"
) -> InputError:
    """Make the error that says *problem* and the place of *element*; the caller raises it."""
    place = where(element, None)
    line = "" if place.line is None else f"line {place.line}, "
    shown = problem if len(problem) <= _SHOWN else f"{problem[:_SHOWN]}…"
    return unreadable_element(document, f"{shown} ({line}{place.path})", remedy)


def called(tag: str) -> str:
    """Name an expanded name for people, as `local_name` names an element."""
    return local_name(etree.Element(tag))


class Parts:
    """The child elements of one element, by expanded name, in document order; comments between them are nothing."""

    __slots__ = ("_document", "_element", "by_name")

    def __init__(self, element: Element, document: str) -> None:
        self._element = element
        self._document = document
        self.by_name: dict[str, list[Element]] = {}
        for child in element:
            if isinstance(child.tag, str):
                self.by_name.setdefault(child.tag, []).append(child)

    def all(self, tag: str) -> list[Element]:
        """Every child of that name."""
        return self.by_name.get(tag, [])

    def one(self, tag: str) -> Element | None:
        """Give the only child of that name, or None.

        Raises:
            InputError: there are several, and choosing one would be guessing.
        """
        found = self.by_name.get(tag)
        if found is None:
            return None
        if len(found) > 1:
            raise refused(
                found[1],
                self._document,
                f"{local_name(self._element)} has {len(found)} {local_name(found[1])}, not one",
            )
        return found[0]

    def needed(self, tag: str) -> Element:
        """Give the only child of that name.

        Raises:
            InputError: there is none, or there are several.
        """
        if (found := self.one(tag)) is None:
            raise refused(self._element, self._document, f"{local_name(self._element)} has no {called(tag)}")
        return found

    def others(self, known: frozenset[str]) -> tuple[str, ...]:
        """Expanded names of the children that are not *known*."""
        return tuple(tag for tag in self.by_name if tag not in known)


def read_as(element: Element, tag: str, document: str) -> None:
    """Insist that an element is what the caller is about to read.

    Raises:
        InputError: it is another element.
    """
    if element.tag != tag:
        raise refused(
            element, document, f"{local_name(element)} stands where {called(tag)} is read",
            f"give a {called(tag)}",
        )  # fmt: skip


def text(element: Element, document: str) -> str:
    """Read the whole text of an element, to the character.

    Raises:
        InputError: a comment, processing instruction or element stands in it, so that two readers could see two texts.
    """
    try:
        return exact_text(element, document) if len(element) else element.text or ""
    except InputError as error:
        raise unreadable_element(error.name, error.problem, error.remedy) from None


def uri(element: Element, document: str) -> str:
    """Read an element of type xs:anyURI, whose surrounding white space does not count."""
    return text(element, document).strip(SPACE)


def needed(element: Element, name: str, document: str) -> str:
    """Read an attribute that the schema requires.

    Raises:
        InputError: it is absent or empty.
    """
    if not (value := element.get(name)):
        raise refused(element, document, f"{local_name(element)} has no {name}")
    return value


def instant(element: Element, name: str, document: str) -> datetime | None:
    """Read a moment from an attribute; None only when the attribute is absent.

    Raises:
        InputError: the attribute is there and is no moment.
    """
    if (value := element.get(name)) is None:
        return None
    try:
        return parse_instant(value.strip(SPACE))
    except ValueError as error:
        raise refused(element, document, f"{name} of {local_name(element)}: {error}") from None


def needed_instant(element: Element, name: str, document: str) -> datetime:
    """Read a moment that the schema requires.

    Raises:
        InputError: it is absent, or is no moment.
    """
    if (value := instant(element, name, document)) is None:
        raise refused(element, document, f"{local_name(element)} has no {name}")
    return value


def duration(element: Element, name: str, document: str) -> timedelta | None:
    """Read an xs:duration, counting a month as 28 days and a year as 365: the least that was meant.

    Raises:
        InputError: the attribute is there and is no duration.
    """
    if (value := element.get(name)) is None:
        return None
    try:
        given = value.strip(SPACE)
        match = _LONG_UNITS.fullmatch(given)
        if match and (match["years"] or match["months"]):
            days = 365 * int(match["years"] or 0) + 28 * int(match["months"] or 0) + float(match["days"] or 0)
            given = f"P{days:f}D{match['rest']}"
        return parse_duration(given)
    except (ValueError, OverflowError) as error:
        raise refused(element, document, f"{name} of {local_name(element)}: {error}") from None


def flag(element: Element, name: str, document: str) -> bool | None:
    """Read an xs:boolean; None only when the attribute is absent.

    Raises:
        InputError: the attribute is there and is no boolean.
    """
    if (value := element.get(name)) is None:
        return None
    if (truth := _BOOLEANS.get(value.strip(SPACE))) is None:
        raise refused(element, document, f"{name} of {local_name(element)} is {value!r}, not true or false")
    return truth


def number(element: Element, name: str, document: str) -> int | None:
    """Read an xs:unsignedShort, as every index in SAML is; None only when the attribute is absent.

    Raises:
        InputError: the attribute is there and is no such number.
    """
    if (value := element.get(name)) is None:
        return None
    match = _NUMBER.fullmatch(value.strip(SPACE))
    if match is None or int(match["digits"]) > _UNSIGNED_SHORT:
        raise refused(element, document, f"{name} of {local_name(element)} is {value!r}, not a number from 0 to 65535")
    return int(match["digits"])


def needed_number(element: Element, name: str, document: str) -> int:
    """Read an index that the schema requires.

    Raises:
        InputError: it is absent, or is no number from 0 to 65535.
    """
    if (value := number(element, name, document)) is None:
        raise refused(element, document, f"{local_name(element)} has no {name}")
    return value


def type_of(element: Element, document: str) -> str | None:
    """Read xsi:type as an expanded name; as written when its prefix is bound to nothing.

    Raises:
        InputError: it has not the form of a name.
    """
    if (value := element.get(XSI_TYPE)) is None:
        return None
    if not (match := _QUALIFIED.fullmatch(value.strip(SPACE))):
        raise refused(element, document, f"xsi:type of {local_name(element)} is {value!r}, which is no name")
    namespace = element.nsmap.get(match["prefix"])
    return f"{{{namespace}}}{match['name']}" if namespace else match[0]
