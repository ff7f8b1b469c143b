"""What a document says beyond the fields that ssolab acts on, kept so that writing it again loses nothing.

Extensions, organisations, contacts and the roles that we do not play pass through here. Prefixes, comments and the
white space between elements are not kept, so that equal content is an equal value whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import InputError
from ssolab.core.xmltree import DS
from ssolab.saml.fields import SPACE, XSI_TYPE, type_of
from ssolab.saml.names import XSI
from ssolab.saml.writing import write, write_type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ssolab.core.xmltree import Element

Attributes = tuple[tuple[str, str], ...]
Order = Sequence[Collection[str]]
"""How a schema orders the children of an element: names that may stand mixed together share a place."""
Piece = tuple[str, Callable[["Element"], object]]
"""A child to be written: its name, and what writes it below its parent."""

_SIGNATURE: Final = f"{{{DS}}}Signature"


@dataclass(frozen=True, slots=True)
class Kept:
    """An element and all below it, by expanded names.

    `attributes` are sorted; xsi:type stands among them as an expanded name. `prefixes` are those that the text or an
    attribute of this element may mean, as `xs:string` does.
    """

    name: str
    attributes: Attributes = ()
    content: tuple[str | Kept, ...] = ()
    prefixes: Attributes = ()

    @classmethod
    def read(cls, element: Element) -> Kept:
        """Keep an element of a parsed document."""
        content: list[str | Kept] = []
        pieces = [element.text or ""]
        for child in element:
            if isinstance(child.tag, str):
                content += ["".join(pieces), cls.read(child)]
                pieces = []
            pieces.append(child.tail or "")
        last = "".join(pieces)
        if content:
            content = [each for each in (*content, last) if not isinstance(each, str) or each.strip(SPACE)]
        elif last:
            content = [last]
        attributes = _attributes(element)
        return cls(str(element.tag), attributes, tuple(content), _prefixes(element, attributes, content))

    @property
    def text(self) -> str:
        """The text right inside the element."""
        return "".join(each for each in self.content if isinstance(each, str))

    @property
    def elements(self) -> tuple[Kept, ...]:
        """The child elements."""
        return tuple(each for each in self.content if isinstance(each, Kept))

    def get(self, name: str) -> str | None:
        """Give the value of an attribute."""
        return dict(self.attributes).get(name)

    def write(self, parent: Element) -> Element:
        """Write the element below *parent*.

        Raises:
            InputError: it holds a character that XML cannot carry.
        """
        plain = {name: value for name, value in self.attributes if name != XSI_TYPE}
        leading = self.content[0] if self.content and isinstance(self.content[0], str) else None
        element = write(parent, self.name, plain, leading, self._declared())
        if (expanded := self.get(XSI_TYPE)) is not None:
            write_type(element, expanded)
        for before, each in pairwise((None, *self.content)):
            if isinstance(each, Kept):
                each.write(element)
            elif before is not None:
                element[-1].tail = each
        return element

    def _declared(self) -> dict[str, str] | None:
        """Name the prefixes that have to be declared on the element, one for xsi:type among them."""
        declared = dict(self.prefixes)
        if (expanded := self.get(XSI_TYPE)) is not None:
            declared.setdefault("xsi", XSI)
            namespace = expanded.removeprefix("{").rpartition("}")[0]
            if namespace and namespace not in declared.values():
                declared[next(name for name in _free_names() if name not in declared)] = namespace
        return declared or None


def _free_names() -> Iterator[str]:
    yield "t"
    number = 1
    while True:
        number += 1
        yield f"t{number}"


@dataclass(frozen=True, slots=True)
class Carried:
    """The attributes and child elements of an element beyond those that its reader knows by name."""

    attributes: Attributes = ()
    elements: tuple[Kept, ...] = ()

    @classmethod
    def read(
        cls,
        element: Element,
        attributes: Collection[str],
        elements: Collection[str] = (),
        *,
        but: Collection[Element] = (),
        order: Order = (),
    ) -> Carried:
        """Keep what is not named, sorted by *order*.

        A signature is never kept, since it does not hold over what is written anew.
        """
        kept = [
            Kept.read(child)
            for child in element.iterchildren("*")
            if child.tag != _SIGNATURE and child.tag not in elements and not any(child is known for known in but)
        ]
        return cls(
            tuple(pair for pair in _attributes(element) if pair[0] not in attributes),
            tuple(sorted(kept, key=lambda each: _rank(each.name, order))),
        )

    def named(self, name: str) -> tuple[Kept, ...]:
        """Give the kept child elements of one name."""
        return tuple(each for each in self.elements if each.name == name)

    def write(self, element: Element, others: Iterable[Piece] = (), order: Order = ()) -> None:
        """Write everything on and below *element*, each child in its turn, the *others* of the caller among them.

        Raises:
            InputError: a value holds a character that XML cannot carry.
        """
        for name, value in self.attributes:
            if name != XSI_TYPE:
                element.set(name, value)
            elif value.removeprefix("{").rpartition("}")[0] in (*element.nsmap.values(), ""):
                write_type(element, value)
        # Nothing is moved once it is written: lxml would take away declarations that a text below may rely on.
        pieces: list[Piece] = [*others, *((each.name, each.write) for each in self.elements)]
        for _, piece in sorted(pieces, key=lambda piece: _rank(piece[0], order)):
            piece(element)


NOTHING: Final = Carried()


def _rank(name: str, order: Order) -> int:
    return next((place for place, names in enumerate(order) if name in names), len(order))


def _attributes(element: Element) -> Attributes:
    found = {str(name): str(value) for name, value in element.attrib.items()}
    if XSI_TYPE in found:
        try:
            found[XSI_TYPE] = type_of(element, "") or found[XSI_TYPE]
        except InputError:
            del found[XSI_TYPE]  # it is no name, so it names nothing that could be lost
    return tuple(sorted(found.items()))


def _prefixes(element: Element, attributes: Attributes, content: Sequence[str | Kept]) -> Attributes:
    """Find the prefixes in scope that a value of this element may mean: `p:` begins one of its words."""
    values = [value for name, value in attributes if name != XSI_TYPE]
    values += [each for each in content if isinstance(each, str)]
    begun = {word.partition(":")[0] for value in values if ":" in value for word in value.split() if ":" in word}
    scope = element.nsmap
    return tuple(sorted((prefix, scope[prefix]) for prefix in begun if prefix in scope))
