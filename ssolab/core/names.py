"""Distinguished names, kept byte for byte: twins carry them over as they are, and people read them as text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ssolab.core import der

if TYPE_CHECKING:
    from collections.abc import Iterable

ATTRIBUTES = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "street",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.15": "businessCategory",
    "2.5.4.17": "postalCode",
    "2.5.4.42": "GN",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}
IDENTIFIERS = {name: oid for oid, name in ATTRIBUTES.items()}
_DOTTED = re.compile(r"[0-2](\.\d+)+")
_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]+")
_QUOTED = re.compile(r'[,+"\\<>;=]|^[\s#]|\s$')


def printable(text: str) -> str:
    """Escape what could move a cursor or reverse a line, as RFC 4514 2.4 escapes bytes."""
    return "".join(
        char if char.isprintable() else "".join(f"\\{byte:02x}" for byte in char.encode(errors="surrogatepass"))
        for char in text
    )


@dataclass(frozen=True)
class Name:
    """A distinguished name, kept byte for byte as it was encoded."""

    der: bytes

    @cached_property
    def pairs(self) -> tuple[tuple[tuple[str, str], ...], ...]:
        """The attributes as (type, value), grouped by relative name, in encoded order.

        A type without a usual short name is its dotted identifier; a value that is no text is `#` and its DER in hex.
        """
        groups = []
        for group in der.read_all(self.der):
            pairs = []
            for attribute in group:
                kind, value = attribute.parts(2)
                oid = der.read_oid(kind)
                text = der.read_text(value)
                pairs.append((ATTRIBUTES.get(oid, oid), f"#{value.der.hex()}" if text is None else text))
            groups.append(tuple(pairs))
        return tuple(groups)

    @cached_property
    def text(self) -> str:
        """The name for people, in encoded order: `C=US, O="Salesforce.com, Inc.", CN=proxy.salesforce.com`."""
        return ", ".join("+".join(f"{kind}={_shown(value)}" for kind, value in group) for group in self.pairs)

    def get(self, kind: str) -> str | None:
        """The first value of one attribute type, such as `CN`; None where the name has none."""
        return next((value for group in self.pairs for key, value in group if key == kind), None)

    @property
    def label(self) -> str:
        """What to call its owner: the common name, else all of it; empty where the name is."""
        return printable(self.get("CN") or "") or self.text

    def __str__(self) -> str:
        """Read as `text`."""
        return self.text


def _shown(value: str) -> str:
    if not _QUOTED.search(value):
        return printable(value)
    return '"' + printable(value.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def name_of(pairs: Iterable[tuple[str, str]], string_type: str = "utf8") -> Name:
    """Write a name of one attribute per relative name, in the given order.

    Args:
        pairs: attribute type (`CN`, or a dotted identifier) and value.
        string_type: `utf8` for UTF8String everywhere, `printable` for PrintableString where the value allows it.

    Raises:
        ValueError: a type is not known.
    """
    groups = []
    for kind, value in pairs:
        oid = IDENTIFIERS.get(kind, kind)
        if not _DOTTED.fullmatch(oid):
            raise ValueError(f"{kind!r} is not an attribute of names")
        tag = der.PRINTABLE_STRING if string_type == "printable" and _PRINTABLE.fullmatch(value) else der.UTF8_STRING
        groups.append(der.write_set_of(der.write(der.SEQUENCE, der.write_oid(oid), der.write_text(value, tag))))
    return Name(der.write(der.SEQUENCE, *groups))
