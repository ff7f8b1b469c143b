"""SAML metadata of one entity, read and written (SAML2Meta).

What ssolab plays is read strictly, because the keys and addresses in here decide who is believed. Everything else is
carried along: extensions, organisations, contacts, roles other than the two of web single sign-on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree

from ssolab.core.findings import InputError
from ssolab.core.unreadable import malformed_xml
from ssolab.core.xmltree import DS, MD, local_name, parse
from ssolab.saml.endpoints import Endpoint, IndexedEndpoint
from ssolab.saml.fields import Parts, duration, instant, needed, refused
from ssolab.saml.kept import NOTHING, Carried
from ssolab.saml.key_descriptors import KeyDescriptor
from ssolab.saml.metadata_reasons import not_metadata
from ssolab.saml.names import PROTOCOL
from ssolab.saml.roles import IDP_ROLE, SP_ROLE, IDPSSODescriptor, SPSSODescriptor, default_of
from ssolab.saml.writing import attributes, duration_text, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta
    from typing import Self

    from ssolab.core.xmltree import Element

__all__ = [
    "Endpoint",
    "EntityDescriptor",
    "IDPSSODescriptor",
    "IndexedEndpoint",
    "KeyDescriptor",
    "SPSSODescriptor",
    "default_of",
    "read_entity",
    "write_entity",
]

ENTITY: Final = f"{{{MD}}}EntityDescriptor"
ENTITIES: Final = f"{{{MD}}}EntitiesDescriptor"
_ROLES = frozenset(
    f"{{{MD}}}{kind}Descriptor"
    for kind in ("Role", "IDPSSO", "SPSSO", "AuthnAuthority", "AttributeAuthority", "PDP", "Affiliation")
)
_ORDER: Final = (
    {f"{{{MD}}}Extensions"}, _ROLES,
    {f"{{{MD}}}Organization"}, {f"{{{MD}}}ContactPerson"}, {f"{{{MD}}}AdditionalMetadataLocation"},
)  # fmt: skip
_ATTRIBUTES = frozenset({"entityID", "validUntil", "cacheDuration", "ID"})
_SHOWN = 5
_BARE_AMPERSAND = re.compile(rb"&(?![A-Za-z]+;|#)")


@dataclass(frozen=True, kw_only=True)
class EntityDescriptor:
    """One entity with its SAML 2.0 roles; `carried` holds all that we do not act on, other roles among it."""

    entity_id: str
    idp: IDPSSODescriptor | None = None
    sp: SPSSODescriptor | None = None
    valid_until: datetime | None = None
    cache_duration: timedelta | None = None
    id: str | None = None
    carried: Carried = NOTHING

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read an EntityDescriptor.

        Raises:
            InputError: it has no entityID, two roles of one kind that speak SAML 2.0, or a part that cannot be read.
        """
        parts = Parts(element, document)
        idp, sp = _role(parts, IDP_ROLE, document), _role(parts, SP_ROLE, document)
        return cls(
            entity_id=needed(element, "entityID", document),
            idp=None if idp is None else IDPSSODescriptor.read(idp, document),
            sp=None if sp is None else SPSSODescriptor.read(sp, document),
            valid_until=instant(element, "validUntil", document),
            cache_duration=duration(element, "cacheDuration", document),
            id=element.get("ID"),
            carried=Carried.read(
                element, _ATTRIBUTES, but=[role for role in (idp, sp) if role is not None], order=_ORDER
            ),
        )

    def element(self, parent: Element | None = None) -> Element:
        """Build the element, with the prefixes md and ds that nearly everyone writes; roles stand sorted by kind."""
        dates = attributes(
            validUntil=self.valid_until, cacheDuration=duration_text(self.cache_duration), ID=self.id
        )  # fmt: skip
        prefixes = {"md": MD, "ds": DS} if parent is None else None
        element = write(parent, ENTITY, {"entityID": self.entity_id} | dates, nsmap=prefixes)
        played = [(tag, role.write) for tag, role in ((SP_ROLE, self.sp), (IDP_ROLE, self.idp)) if role is not None]
        self.carried.write(element, played, _ORDER)
        return element


def _role(parts: Parts, tag: str, document: str) -> Element | None:
    """Find the one role of that kind that speaks SAML 2.0; some entities keep another beside it for SAML 1.1."""
    found = speaking(parts, tag)
    if len(found) > 1:
        raise refused(
            found[1], document, f"the entity has {len(found)} {local_name(found[1])} for SAML 2.0",
            "leave the one in use and remove the other",
        )  # fmt: skip
    return found[0] if found else None


def speaking(parts: Parts, tag: str) -> list[Element]:
    """Find the roles of one kind that speak SAML 2.0."""
    return [role for role in parts.all(tag) if PROTOCOL in role.get("protocolSupportEnumeration", "").split()]


def read_entity(data: bytes | Element, name: str, *, entity_id: str | None = None) -> EntityDescriptor:
    """Read the metadata of one entity; *entity_id* picks it out of an EntitiesDescriptor, or insists on it.

    Args:
        data: the document, or its root element when it is parsed already.
        name: what to call the document in errors.
        entity_id: the exact entityID that is wanted.

    Raises:
        InputError: it is no SAML metadata, holds several entities or another one, or a part of it cannot be read.
    """
    root = parsed(data, name) if isinstance(data, bytes) else data
    if root.tag not in {ENTITY, ENTITIES}:
        raise not_metadata(root, name)
    if root.tag == ENTITY and entity_id is None:
        return EntityDescriptor.read(root, name)
    inside = list(entities_in(root))
    chosen = [element for element in inside if entity_id in {None, element.get("entityID")}]
    if len(chosen) == 1:
        return EntityDescriptor.read(chosen[0], name)
    ids = [element.get("entityID", "(no entityID)") for element in inside]
    listed = ", ".join(ids[:_SHOWN]) + (f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else "")
    if entity_id is None:
        raise InputError(
            name,
            f"holds {len(ids)} entities: {listed or 'none'}",
            "give the entityID of one, or a file with one entity",
        )
    raise InputError(
        name,
        f"holds {len(chosen) or 'no'} {'entities' if chosen else 'entity'} {entity_id}; inside: {listed or 'none'}",
        "give one of those entityIDs, to the letter",
    )


def parsed(data: bytes, name: str) -> Element:
    """Parse, and name the cure for the one mistake that Salesforce's own download can hold.

    Raises:
        InputError: it is no XML that may be processed.
    """
    try:
        return parse(data, name)
    except InputError as error:
        if _BARE_AMPERSAND.search(data):
            raise malformed_xml(name, error.problem, "write & as &amp; in its addresses") from None
        raise


def entities_in(root: Element) -> Iterator[Element]:
    """Every EntityDescriptor that stands where the schema allows one, however deep the groups are nested."""
    if root.tag == ENTITY:
        yield root
    elif root.tag == ENTITIES:
        for child in root:
            yield from entities_in(child)


def write_entity(entity: EntityDescriptor, *, indent: int | None = 2) -> bytes:
    """Write metadata as UTF-8 bytes, the same bytes for the same entity; Salesforce indents by 3, None is one line."""
    return in_full(entity.element(), indent)


def in_full(element: Element, indent: int | None) -> bytes:
    """Write a built element as a document."""
    if indent is not None:
        etree.indent(element, space=" " * indent)
    body: bytes = etree.tostring(element, encoding="UTF-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"
