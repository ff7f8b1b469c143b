"""The only door through which XML comes in, and the few ways in which the rest of ssolab walks it.

One hardened parser for every document keeps two readers from ever disagreeing about a message, the root of many
signature wrapping attacks. Nothing is fetched, no document type is processed, and size, depth and counts are bounded
before anything walks the tree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from lxml import etree

from ssolab.core import unreadable
from ssolab.core.findings import InputError, Where
from ssolab.core.xmltext import as_utf8, decode_base64, in_one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = [
    "DS",
    "DS11",
    "EC",
    "MD",
    "PREFIXES",
    "SAML",
    "SAMLP",
    "XENC",
    "Element",
    "canonical",
    "child",
    "children",
    "compiled",
    "counterpart",
    "decode_base64",
    "elements",
    "exact_text",
    "local_name",
    "parse",
    "reparse",
    "serialise",
    "where",
]

Element: TypeAlias = etree._Element  # noqa: SLF001  lxml has no public name for the type of its elements

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
DS11 = "http://www.w3.org/2009/xmldsig11#"
EC = "http://www.w3.org/2001/10/xml-exc-c14n#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
PREFIXES = {SAML: "saml", SAMLP: "samlp", MD: "md", DS: "ds", DS11: "dsig11", EC: "ec", XENC: "xenc"}

MAX_BYTES = 10 << 20
MAX_NODES = 250_000
MAX_DEPTH = 256
"""Levels of elements; libxml2 keeps this one by itself while `huge_tree` is off."""
MAX_ATTRIBUTES = 256
"""Attributes that one element may carry, and namespace declarations that may be in scope at one place."""
MAX_DECLARATIONS = 50_000
"""Namespace declarations in one document; libxml2 takes time with the square of those on one element."""

_PROLOG = re.compile(rb"(?>\s+|<\?(?>.*?\?>)|<!--(?>.*?-->))*+<!DOCTYPE", re.DOTALL)

_LONGEST_NAME = 100

_STRICT: Final[dict[str, Any]] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "huge_tree": False,
    "recover": False,
    "collect_ids": False,
}
# Parsers are shared: lxml locks one for the length of a parse, and making one costs as much as a small document.
_PARSER = etree.XMLParser(**_STRICT)
_DECLARED = etree.XMLParser(encoding="utf-8", **_STRICT)
"""For a document that declares an encoding: its bytes were already proven to be UTF-8, whatever it says. Slower."""


def parse(data: bytes, name: str, *, max_bytes: int = MAX_BYTES, max_nodes: int = MAX_NODES) -> Element:
    """Parse a document called *name* in error messages and return its root.

    Comments and processing instructions stay in the tree, so that a check can refuse them where they mislead.

    Raises:
        InputError: the bytes are empty, too many, not UTF-8 or UTF-16, not well-formed, too deep, or hold a DOCTYPE.
    """
    if len(data) > max_bytes:
        raise unreadable.oversized_document(name, f"{len(data):,} bytes are more than the {max_bytes:,} allowed")
    data = as_utf8(data, name)
    # A limit is looked at only where so many bytes could break it, so that a small message is not counted through.
    if len(data) > max_nodes and (tags := data.count(b"<")) > max_nodes:
        raise unreadable.oversized_document(name, f"about {tags:,} tags are more than the {max_nodes:,} allowed")
    if len(data) > MAX_DECLARATIONS and (declarations := data.count(b"xmlns")) > MAX_DECLARATIONS:
        problem = f"about {declarations:,} namespace declarations"
        raise unreadable.oversized_document(name, problem, "declare each namespace once")
    if _PROLOG.match(data):
        raise unreadable.forbidden_document_type(name)
    try:
        root = etree.fromstring(data, _DECLARED if data.startswith(b"<?xml") else _PARSER)
    except etree.XMLSyntaxError as error:
        raise _refused(error, name) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise unreadable.forbidden_document_type(name)
    # Every attribute and every namespace declaration has an equals sign. The depth is bounded by the parser.
    if data.count(b"=") > MAX_ATTRIBUTES:
        if _CROWDED(root):
            problem = f"an element has more than {MAX_ATTRIBUTES} attributes"
            raise unreadable.oversized_document(name, problem, "give a simpler document")
        if data.count(b"xmlns") > MAX_ATTRIBUTES and _namespaces_in_scope(root) > MAX_ATTRIBUTES:
            problem = f"more than {MAX_ATTRIBUTES} namespaces in one place"
            raise unreadable.oversized_document(name, problem, "give a simpler document")
    return root


def reparse(canonical: bytes) -> Element:
    """Parse bytes that our own canonicalisation has just written.

    Raises:
        InputError: they are not well-formed, so what was digested is no XML element.
    """
    try:
        return etree.fromstring(canonical, _PARSER)
    except etree.XMLSyntaxError as error:
        raise InputError("canonical form", _said(error), "sign a well-formed element") from None


def compiled(path: str) -> Callable[..., Any]:
    """Compile an XPath with the usual prefixes, once, to be called with an element (and variables by name).

    A verification of a small message costs less than compiling one of them.
    """
    return etree.XPath(path, namespaces={prefix: uri for uri, prefix in PREFIXES.items()})


def canonical(
    element: Element, *, exclusive: bool = True, prefixes: Iterable[str] = (), comments: bool = False
) -> bytes:
    """Write the canonical form of an element and all below it (Exclusive XML Canonicalization, or Canonical XML 1.0).

    *prefixes* is the InclusiveNamespaces PrefixList of the exclusive form. Namespaces of the ancestors are honoured.

    Raises:
        ValueError: the form is undefined, because a relative namespace URI is in scope, or it is empty.
    """
    try:
        written = etree.tostring(
            element,
            method="c14n",
            exclusive=exclusive,
            inclusive_ns_prefixes=list(prefixes) or None,
            with_comments=comments,
            with_tail=False,
        )
    except etree.C14NError as error:
        raise ValueError(str(error)) from None
    if not written:
        raise ValueError("the canonical form is empty")
    return written


def serialise(element: Element, *, declaration: bool = False) -> bytes:
    """Write an element as UTF-8, byte for byte as it stands in the tree, without what follows it."""
    text = etree.tostring(element, encoding="unicode", with_tail=False).encode()
    return b"<?xml version='1.0' encoding='UTF-8'?>\n" + text if declaration else text


def where(element: Element, document: str | None = None, attribute: str | None = None) -> Where:
    """Say where an element, or an *attribute* of it, stands: XPath with the usual prefixes, and the line."""
    path = f"/@{attribute}" if attribute else ""
    step: Element | None = element
    while step is not None:
        path = f"/{_step(step)}{path}"
        step = step.getparent()
    return Where(document=document, path=path, line=cast("int | None", element.sourceline))


def local_name(element: Element) -> str:
    """Name an element for people, with its usual prefix where it has one: `saml:Assertion`, `Frob`."""
    tag: object = element.tag  # a function where it is a comment or a processing instruction
    if not isinstance(tag, str):
        return "processing-instruction()" if tag is etree.ProcessingInstruction else "comment()"
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    name = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    return f"{PREFIXES[namespace]}:{name}" if namespace in PREFIXES else name


def exact_text(element: Element, document: str | None = None) -> str:
    """Read the whole text of an element that must hold text and nothing else.

    Raises:
        InputError: a comment, a processing instruction or an element stands inside, where readers could disagree.
    """
    for intruder in element:
        place = where(element, document)
        raise InputError(
            document or "document",
            f"{local_name(intruder)} inside the text of {place.path} (line {place.line})",
            "write the text in one piece",
        )
    return element.text or ""


def child(element: Element, namespace: str, name: str, document: str | None = None) -> Element | None:
    """Find the one child element of that name; None where there is none.

    Raises:
        InputError: there is more than one, so that two readers could take different ones.
    """
    found = children(element, namespace, name)
    if len(found) > 1:
        place = where(found[1], document)
        raise InputError(
            document or "document", f"{place.path} (line {place.line}) must stand once", "remove the others"
        )
    return found[0] if found else None


def children(element: Element, namespace: str, name: str) -> list[Element]:
    """List the child elements of that name, in document order."""
    return list(element.iterchildren(f"{{{namespace}}}{name}"))


def elements(element: Element) -> list[Element]:
    """List the child elements, in document order, without comments and processing instructions."""
    return list(element.iterchildren("*"))


def counterpart(element: Element, root: Element, other: Element, *, without: str) -> Element:
    """Find in the tree below *other* what *element* is below *root*, where *other* has one child element more.

    *without* is the expanded name of that child of *other*. Comments are not counted, since canonicalisation drops
    them.
    """
    steps = []
    while element is not root:
        steps.append(sum(1 for _ in element.itersiblings("*", preceding=True)))
        above = element.getparent()
        if above is None:
            return other
        element = above
    for step in reversed(steps):
        candidates = [found for found in elements(other) if found.tag != without]
        if step >= len(candidates):
            break
        other, without = candidates[step], ""
    return other


def _step(element: Element) -> str:
    tag: object = element.tag
    name = local_name(element)
    if not isinstance(tag, str):
        return name
    step = name if ":" in name or not tag.startswith("{") else f"*[local-name()='{name}']"
    before = sum(1 for _ in element.itersiblings(tag, preceding=True))
    if before or next(element.itersiblings(tag), None) is not None:
        return f"{step}[{before + 1}]"
    return step


_CROWDED = compiled(f"boolean(//*[@*[{MAX_ATTRIBUTES + 1}]])")


def _namespaces_in_scope(root: Element) -> int:
    """Count the most declarations that hold at one place: canonicalisation takes time with their number."""
    depth = most = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        depth += 1 if event == "start-ns" else -1
        most = max(most, depth)
    return most


def _refused(error: etree.XMLSyntaxError, name: str) -> InputError:
    """Tell a document that breaks the parser's own limits from one that is not well-formed."""
    limits: bool = getattr(error, "code", None) == etree.ErrorTypes.ERR_RESOURCE_LIMIT
    if limits:
        return unreadable.oversized_document(name, _said(error), "give a simpler document")
    return unreadable.malformed_xml(name, _said(error), "give the whole XML document")


def _said(error: etree.XMLSyntaxError) -> str:
    """Word the parser's complaint in one line; it ends with the line and the column."""
    return f"not well-formed XML: {in_one_line(error.msg or 'no reason given')}"
