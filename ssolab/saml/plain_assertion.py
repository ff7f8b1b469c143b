"""The one text that an ordinary Assertion is, in canonical form and without its signature: a pattern and its reader.

Canonical XML has one spelling for everything, so a pattern can read it whole: no `<` stands in a text or an attribute,
attributes have their order, and a namespace is declared where it is first used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import SAML
from ssolab.saml.names import BEARER, ENTITY, VERSION, XS, XSI

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOMENT: Final = r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6}+)?+Z"
IS_MOMENT: Final = re.compile(MOMENT, re.ASCII)
"""The form of xs:dateTime that nearly everybody writes; that the day exists is left to the calendar."""

_ANYTHING: Final = r'[^"<]*+'
_SPACE: Final = r"[ \t\n]*+"


def _attribute(name: str, of: str = _ANYTHING, *, group: str = "") -> str:
    return rf' {name}="(?P<{group or name}>{of})"'


def _maybe(name: str, of: str = _ANYTHING) -> str:
    return rf"(?:{_attribute(name, of)})?+"


def _element(name: str, inside: str, attributes: str = "") -> str:
    return rf"<\1{name}{attributes}>{inside}</\1{name}>"


def _pieces() -> Iterator[str]:
    """Write the pattern piece by piece; white space may stand between any two.

    Every element has the prefix of the root, which the root binds to the namespace of SAML. Below it nothing is
    declared but `xs` and `xsi`, so where neither is that prefix, it means the same everywhere.
    """
    end = _attribute("NotOnOrAfter", MOMENT, group="end")
    delivery = _attribute("NotOnOrAfter", MOMENT, group="delivery")
    declared = rf'(?: xmlns:(?:xsi?|ds|samlp)="{_ANYTHING}")*+'
    yield (
        rf'<((?!xsi?:)(?:([\w.-]+):)?)Assertion{declared} xmlns(?(2):\2)="{re.escape(SAML)}"{declared}'
        rf'{_attribute("ID")}{_attribute("IssueInstant", MOMENT)} Version="{re.escape(VERSION)}">'
    )
    yield _element("Issuer", "(?P<issuer>[^<]*+)", rf'(?: Format="{re.escape(ENTITY)}")?+')
    yield r"<\1Subject>"
    qualifiers = "".join(map(_maybe, ("Format", "NameQualifier", "SPNameQualifier", "SPProvidedID")))
    yield _element("NameID", "(?P<name>[^<]*+)", qualifiers)
    yield rf'<\1SubjectConfirmation Method="{re.escape(BEARER)}">'
    data = _maybe("Address") + _maybe("InResponseTo") + delivery + _attribute("Recipient")
    yield _element("SubjectConfirmationData", "", data)
    yield r"</\1SubjectConfirmation>"
    yield r"</\1Subject>"
    yield rf"<\1Conditions{_attribute('NotBefore', MOMENT)}{end}>"
    yield r"<\1AudienceRestriction>"
    yield _element("Audience", "(?P<audience>[^<]*+)")
    yield r"</\1AudienceRestriction>"
    yield r"</\1Conditions>"
    session = _maybe("SessionIndex") + _maybe("SessionNotOnOrAfter", MOMENT)
    yield rf"<\1AuthnStatement{_attribute('AuthnInstant', MOMENT)}{session}>"
    yield r"<\1AuthnContext>"
    yield _element("AuthnContextClassRef", "(?P<context>[^<]*+)")
    yield r"</\1AuthnContext>"
    yield r"</\1AuthnStatement>"
    yield r"(?:<\1AttributeStatement>(?P<stated>)|</\1Assertion>)"


def _attribute_pieces() -> Iterator[str]:
    """Write the pattern of one Attribute: what it says of itself, its first value, and any further ones."""
    typed = rf'(?: xmlns:xs="{re.escape(XS)}")?+(?: xmlns:xsi="{re.escape(XSI)}")?+(?: xsi:type="{_ANYTHING}")?+'
    something = r'[^"<]++'
    name, more = _attribute("Name", something), rf"{_element('AttributeValue', '[^<]*+', typed)}{_SPACE}"
    yield rf"<((?:[\w.-]++:)?+)Attribute{_maybe('FriendlyName', something)}{name}{_maybe('NameFormat', something)}>"
    yield rf"(?:{_element('AttributeValue', '(?P<first>[^<]*+)', typed)}{_SPACE}(?P<more>(?:{more})*+))?+"
    yield r"</\1Attribute>"
    yield ""


_BEGIN: Final = re.compile(_SPACE.join(_pieces()), re.ASCII)
_ATTRIBUTE: Final = re.compile(_SPACE.join(_attribute_pieces()), re.ASCII)
_VALUE: Final = re.compile(r'<[^"<>/]++(?:"[^"<]*+"[^"<>]*+)*+>([^<]*+)<')
_END: Final = re.compile(rf"</((?:[\w.-]++:)?+)AttributeStatement>{_SPACE}</\1Assertion>", re.ASCII)


@dataclass(frozen=True, slots=True)
class Said:
    """What an ordinary Assertion says: its texts by the names in the pattern, and its attributes by theirs."""

    found: re.Match[str]
    escaped: bool
    attributes: Mapping[str, tuple[str, ...]]
    formats: Mapping[str, str]
    friendly_names: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        """Give a text that is always there."""
        return _meant(self.found[name]) if self.escaped else self.found[name]

    def get(self, name: str) -> str | None:
        """Give a text, or None where it was left out."""
        return None if self.found[name] is None else self[name]


def read_plain(written: str) -> Said | None:
    """Read the canonical form of an Assertion without its signature; None where it is not an ordinary one.

    Ordinary is one bearer confirmation, one audience, one statement of a login by a class, and at most one statement of
    attributes, each of which is named once.
    """
    escaped = "&" in written
    if escaped and written.count("&") != written.count("&amp;"):
        return None
    found = _BEGIN.match(written)
    if found is None:
        return None
    place, prefix = found.end(), found[1]
    attributes: dict[str, tuple[str, ...]] = {}
    formats: dict[str, str] = {}
    friendly_names: dict[str, str] = {}
    if found["stated"] is None:
        return Said(found, escaped, attributes, formats, friendly_names) if place == len(written) else None
    for each in _ATTRIBUTE.finditer(written, place):
        theirs, friendly_name, name, form, first, more = each.groups()
        if each.start() != place or theirs != prefix or name in attributes:
            return None
        place = each.end()
        attributes[name] = () if first is None else (first, *_VALUE.findall(more)) if more else (first,)
        if form is not None:
            formats[name] = form
        if friendly_name is not None:
            friendly_names[name] = friendly_name
    end = _END.fullmatch(written, place)
    if end is None or end[1] != prefix:
        return None
    if escaped:
        attributes = {_meant(name): tuple(map(_meant, values)) for name, values in attributes.items()}
        formats = {_meant(name): _meant(form) for name, form in formats.items()}
        friendly_names = {_meant(name): _meant(friendly) for name, friendly in friendly_names.items()}
    return Said(found, escaped, attributes, formats, friendly_names)


def _meant(text: str) -> str:
    """Give the text that was written with `&amp;`."""
    return text.replace("&amp;", "&")
