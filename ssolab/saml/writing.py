"""How single values go into XML elements, each kind written in one way, whichever message it belongs to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lxml import etree

from ssolab.core.findings import InputError
from ssolab.core.instants import format_duration
from ssolab.saml.fields import XSI_TYPE, called
from ssolab.saml.names import XS, XSI

if TYPE_CHECKING:
    from datetime import timedelta

    from ssolab.core.xmltree import Element


def moment_text(moment: datetime) -> str:
    """Write a moment with milliseconds, as Salesforce and most others do; finer only where that would lose digits."""
    spec = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return moment.astimezone(UTC).isoformat(timespec=spec).removesuffix("+00:00") + "Z"


def duration_text(length: timedelta | None) -> str | None:
    """Write a duration, to the second."""
    return None if length is None else format_duration(length)


def attributes(**values: str | bool | int | datetime | None) -> dict[str, str]:
    """Turn values into the text of XML attributes, leaving out what is None."""
    return {
        name: value if isinstance(value, str) else _written(value)
        for name, value in values.items()
        if value is not None
    }


def _written(value: bool | int | datetime) -> str:  # noqa: FBT001  it is written, not obeyed
    if isinstance(value, bool):
        return "true" if value else "false"
    return moment_text(value) if isinstance(value, datetime) else str(value)


def write(
    parent: Element | None,
    tag: str,
    attrib: dict[str, str] | None = None,
    content: str | None = None,
    nsmap: dict[str, str] | None = None,
) -> Element:
    """Write an element, below *parent* where there is one.

    Raises:
        InputError: a value holds a character that XML cannot carry.
    """
    try:
        if parent is None:
            element = etree.Element(tag, attrib or {}, nsmap)
        else:
            element = etree.SubElement(parent, tag, attrib or {}, nsmap)
        if content:
            element.text = content
    except ValueError:
        raise InputError(
            called(tag),
            "a value to be written holds a control character or half of a surrogate pair, which XML cannot carry",
            "take that character out of the value",
        ) from None
    return element


def write_type(element: Element, expanded: str) -> None:
    """Write xsi:type so that `type_of` reads it back; `prefixes_for` has declared the prefix at the element."""
    namespace, _, name = expanded.removeprefix("{").rpartition("}")
    prefix = next((prefix for prefix, known in element.nsmap.items() if prefix and known == namespace), None)
    element.set(XSI_TYPE, f"{prefix}:{name}" if prefix else name)


def prefixes_for(expanded: str | None) -> dict[str, str]:
    """Namespace declarations that an element needs before `write_type` can write that type on it."""
    if expanded is None:
        return {}
    namespace = expanded.removeprefix("{").rpartition("}")[0]
    return {"xsi": XSI} | ({"xs" if namespace == XS else "t": namespace} if namespace else {})
