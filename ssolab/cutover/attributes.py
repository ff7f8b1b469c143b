"""An attribute of a user, as the lab file writes it: plain texts, or a table that says how it is named and typed."""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING, Final

from ssolab.cutover import tables
from ssolab.saml.names import ATTRIBUTE_BASIC, ATTRIBUTE_UNSPECIFIED, ATTRIBUTE_URI, XS
from ssolab.saml.statements import Attribute, AttributeValue

if TYPE_CHECKING:
    from ssolab.cutover.tables import Table

NAME_FORMATS: Final = {"basic": ATTRIBUTE_BASIC, "uri": ATTRIBUTE_URI, "unspecified": ATTRIBUTE_UNSPECIFIED}
"""The name formats of SAML2Core 8.2 by their last part; any other one is written as its URI."""

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


class ValueType(enum.StrEnum):
    """What xsi:type of the values says; `none` leaves it out."""

    STRING = "string"
    ANY = "anyType"
    BOOLEAN = "boolean"
    INTEGER = "integer"
    DECIMAL = "decimal"
    DATE = "date"
    DATE_TIME = "dateTime"
    URI = "anyURI"
    BASE64 = "base64Binary"
    NONE = "none"


def attributes_of(table: Table) -> tuple[dict[str, tuple[str, ...]], dict[str, Attribute]]:
    """Read the attributes of a user: the texts of them all, and those again that are written as tables.

    Plain texts get the name format and type that the flavour of the identity provider writes; a table is stated as it
    stands: `values`, `name_format` (default unspecified), `friendly_name`, `type` (default string).

    Raises:
        ConfigError: an attribute is neither, or a part of it cannot be so.
    """
    stated = {key: _attribute(table, key) for key, value in table.values.items() if isinstance(value, dict)}
    return {key: stated[key].texts if key in stated else table.texts(key) for key in table.values}, stated


def _attribute(table: Table, key: str) -> Attribute:
    inner = table.table(key)
    inner.only(("values", "name_format", "friendly_name", "type"))
    kind = inner.choice_or("type", ValueType.STRING)
    type_ = None if kind is ValueType.NONE else f"{{{XS}}}{kind.value}"
    return Attribute(
        name=key,
        values=tuple(AttributeValue(text=each, type=type_) for each in inner.texts("values")),
        name_format=_name_format(inner),
        friendly_name=inner.text("friendly_name") if "friendly_name" in inner.values else None,
    )


def _name_format(table: Table) -> str:
    wanted = table.text_or("name_format", "unspecified")
    found = NAME_FORMATS.get(wanted, wanted)
    if not _URI.fullmatch(found):
        otherwise = f"write one of: {', '.join(NAME_FORMATS)}; or a URI"
        raise table.wrong(
            "name_format", f"cannot be {wanted[:80]!r}", tables.suggestion(wanted, NAME_FORMATS, otherwise)
        )
    return found
