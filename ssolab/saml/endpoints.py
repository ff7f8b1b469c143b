"""The addresses in SAML metadata. One that is not http or https is refused: browsers would run `javascript:`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssolab.core.xmltree import local_name
from ssolab.saml.fields import flag, needed, needed_number, refused
from ssolab.saml.kept import NOTHING, Carried
from ssolab.saml.writing import attributes, write

if TYPE_CHECKING:
    from typing import Self

    from ssolab.core.xmltree import Element

_KNOWN = frozenset({"Binding", "Location", "ResponseLocation"})
_KNOWN_INDEXED = _KNOWN | {"index", "isDefault"}
_LOCATION = re.compile(r"https?://[^\s/?#]+\S*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that takes messages of one binding (SAML2Meta 2.2.2)."""

    binding: str
    location: str
    response_location: str | None = None
    carried: Carried = NOTHING

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read any element of EndpointType.

        Raises:
            InputError: the binding is missing, or an address is not http or https.
        """
        return cls(*_endpoint(element, document), Carried.read(element, _KNOWN))

    def write(self, parent: Element, tag: str) -> None:
        """Write the endpoint as the element *tag*."""
        element = write(
            parent, tag,
            attributes(Binding=self.binding, Location=self.location, ResponseLocation=self.response_location),
        )  # fmt: skip
        self.carried.write(element)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedEndpoint:
    """An endpoint that a message may name by its number (SAML2Meta 2.2.3)."""

    binding: str
    location: str
    index: int = 0
    is_default: bool | None = None
    response_location: str | None = None
    carried: Carried = NOTHING

    @classmethod
    def read(cls, element: Element, document: str) -> Self:
        """Read any element of IndexedEndpointType.

        Raises:
            InputError: the index is missing or no number, or the endpoint itself is unreadable.
        """
        binding, location, response_location = _endpoint(element, document)
        return cls(
            binding=binding,
            location=location,
            index=needed_number(element, "index", document),
            is_default=flag(element, "isDefault", document),
            response_location=response_location,
            carried=Carried.read(element, _KNOWN_INDEXED),
        )

    def write(self, parent: Element, tag: str) -> None:
        """Write the endpoint as the element *tag*."""
        element = write(
            parent, tag,
            attributes(
                Binding=self.binding, Location=self.location, ResponseLocation=self.response_location,
                index=self.index, isDefault=self.is_default,
            ),
        )  # fmt: skip
        self.carried.write(element)


def is_address(text: str) -> bool:
    """Say whether a browser may be sent there: an http or https address with a host."""
    return _LOCATION.fullmatch(text) is not None


def _endpoint(element: Element, document: str) -> tuple[str, str, str | None]:
    binding = needed(element, "Binding", document)
    location = needed(element, "Location", document)
    response_location = element.get("ResponseLocation")
    for address in (location, response_location):
        if address is not None and not is_address(address):
            raise refused(
                element, document, f"{local_name(element)} points to {address!r}, which is no http or https address",
                "ask the partner for metadata with real addresses",
            )  # fmt: skip
    return binding, location, response_location
