"""Groups of entities, as federations publish them: EntitiesDescriptor, however deep (SAML2Meta 2.3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import DS, MD
from ssolab.saml.fields import duration, instant
from ssolab.saml.kept import NOTHING, Carried
from ssolab.saml.metadata import ENTITIES, ENTITY, EntityDescriptor, in_full, parsed
from ssolab.saml.metadata_reasons import not_metadata
from ssolab.saml.writing import attributes, duration_text, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta
    from typing import Self

    from ssolab.core.xmltree import Element

_ORDER: Final = ({f"{{{MD}}}Extensions"},)
_ATTRIBUTES: Final = frozenset({"Name", "ID", "validUntil", "cacheDuration"})


@dataclass(frozen=True, kw_only=True)
class EntitiesDescriptor:
    """A group of entities and groups; its dates bound everything inside it."""

    members: tuple[EntityDescriptor | EntitiesDescriptor, ...] = ()
    name: str | None = None
    valid_until: datetime | None = None
    cache_duration: timedelta | None = None
    id: str | None = None
    carried: Carried = NOTHING

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read an EntitiesDescriptor with all that is in it.

        Raises:
            InputError: a part of it cannot be read.
        """
        members: list[EntityDescriptor | EntitiesDescriptor] = []
        for child in element:
            if child.tag == ENTITY:
                members.append(EntityDescriptor.read(child, document))
            elif child.tag == ENTITIES:
                members.append(EntitiesDescriptor.read(child, document))
        return cls(
            members=tuple(members),
            name=element.get("Name"),
            valid_until=instant(element, "validUntil", document),
            cache_duration=duration(element, "cacheDuration", document),
            id=element.get("ID"),
            carried=Carried.read(element, _ATTRIBUTES, {ENTITY, ENTITIES}, order=_ORDER),
        )

    def entities(self) -> Iterator[EntityDescriptor]:
        """Give every entity, in document order."""
        for member in self.members:
            if isinstance(member, EntityDescriptor):
                yield member
            else:
                yield from member.entities()

    def element(self, parent: Element | None = None) -> Element:
        """Build the element, with the prefixes md and ds that nearly everyone writes."""
        values = attributes(
            Name=self.name, ID=self.id, validUntil=self.valid_until, cacheDuration=duration_text(self.cache_duration)
        )
        element = write(parent, ENTITIES, values, nsmap={"md": MD, "ds": DS} if parent is None else None)
        self.carried.write(element, ((ENTITY, member.element) for member in self.members), _ORDER)
        return element


def read_metadata(data: bytes | Element, name: str) -> EntityDescriptor | EntitiesDescriptor:
    """Read a whole metadata document, of one entity or of a group.

    Raises:
        InputError: it is no SAML metadata, or a part of it cannot be read.
    """
    root = parsed(data, name) if isinstance(data, bytes) else data
    if root.tag == ENTITY:
        return EntityDescriptor.read(root, name)
    if root.tag == ENTITIES:
        return EntitiesDescriptor.read(root, name)
    raise not_metadata(root, name)


def write_metadata(metadata: EntityDescriptor | EntitiesDescriptor, *, indent: int | None = 2) -> bytes:
    """Write metadata as UTF-8 bytes, the same bytes for the same value; None for *indent* is one line."""
    return in_full(metadata.element(), indent)
