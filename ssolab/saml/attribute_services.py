"""Which attributes a service provider asks for in its metadata, by the number that its requests may name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import MD
from ssolab.saml.fields import Parts, flag, needed, needed_number
from ssolab.saml.kept import NOTHING, Carried
from ssolab.saml.writing import attributes, write

if TYPE_CHECKING:
    from typing import Self

    from ssolab.core.xmltree import Element

ATTRIBUTE_SERVICE: Final = f"{{{MD}}}AttributeConsumingService"
SERVICE_NAME: Final = f"{{{MD}}}ServiceName"
SERVICE_DESCRIPTION: Final = f"{{{MD}}}ServiceDescription"
_REQUESTED: Final = f"{{{MD}}}RequestedAttribute"
_ORDER: Final = ({SERVICE_NAME}, {SERVICE_DESCRIPTION}, {_REQUESTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedAttribute:
    """An attribute that a service wants; one with values wants no others (SAML2Meta 2.4.4.2)."""

    name: str
    name_format: str | None = None
    friendly_name: str | None = None
    is_required: bool | None = None
    carried: Carried = NOTHING
    """Its values, and attributes of other schemas."""

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read a RequestedAttribute.

        Raises:
            InputError: it has no Name, or isRequired is no boolean.
        """
        return cls(
            name=needed(element, "Name", document),
            name_format=element.get("NameFormat"),
            friendly_name=element.get("FriendlyName"),
            is_required=flag(element, "isRequired", document),
            carried=Carried.read(element, {"Name", "NameFormat", "FriendlyName", "isRequired"}),
        )

    def write(self, parent: Element) -> None:
        """Write it below an AttributeConsumingService."""
        values = attributes(
            Name=self.name,
            NameFormat=self.name_format,
            FriendlyName=self.friendly_name,
            isRequired=self.is_required,
        )
        self.carried.write(write(parent, _REQUESTED, values))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeConsumingService:
    """A service and the attributes that it wants (SAML2Meta 2.4.4.1)."""

    index: int = 0
    is_default: bool | None = None
    requested: tuple[RequestedAttribute, ...] = ()
    carried: Carried = NOTHING
    """ServiceName and ServiceDescription, each in one language, and whatever else stands there."""

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read an AttributeConsumingService.

        Raises:
            InputError: its index is missing or no number, or a requested attribute cannot be read.
        """
        wanted = Parts(element, document).all(_REQUESTED)
        return cls(
            index=needed_number(element, "index", document),
            is_default=flag(element, "isDefault", document),
            requested=tuple(RequestedAttribute.read(each, document) for each in wanted),
            carried=Carried.read(element, {"index", "isDefault"}, {_REQUESTED}, order=_ORDER),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """What the service is called, once for each language."""
        return tuple(each.text for each in self.carried.named(SERVICE_NAME))

    def write(self, parent: Element) -> None:
        """Write it below an SPSSODescriptor."""
        element = write(parent, ATTRIBUTE_SERVICE, attributes(index=self.index, isDefault=self.is_default))
        self.carried.write(element, ((_REQUESTED, each.write) for each in self.requested), _ORDER)
