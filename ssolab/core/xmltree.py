"""The only door through which XML comes in, and the few ways in which the rest of ssolab walks it.

One hardened parser for every document keeps two readers from ever disagreeing about a message, the root of many
signature wrapping attacks. Nothing is fetched, no document type is processed, and size, depth and counts are bounded
before anything walks the tree.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias, cast

from lxml import etree

from ssolab.core.findings import InputError, Where

if TYPE_CHECKING:
    from collections.abc import Iterable

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
MAX_DEPTH = 100
MAX_ATTRIBUTES = 256
"""Attributes that one element may carry, and namespace declarations that may be in scope at one place."""
MAX_DECLARATIONS = 50_000
"""Namespace declarations in one document; libxml2 takes time with the square of those on one element."""

_PROLOG = re.compile(rb"(?>\s+|<\?(?>.*?\?>)|<!--(?>.*?-->))*+<!DOCTYPE", re.DOTALL)
_DECLARED = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([^"'>]*)["']""")
_SHOWN = 160

# One parser is shared: lxml locks it for the length of a parse, and making one costs as much as a small document.
# The encoding is fixed because the bytes were already proven to be UTF-8.
_PARSER = etree.XMLParser(
    encoding="utf-8",
    resolve_entities=False,
    no_network=True,
    load_dtd=False,
    dtd_validation=False,
    attribute_defaults=False,
    huge_tree=False,
    recover=False,
    collect_ids=False,
)


def parse(
    data: bytes, name: str, *, max_bytes: int = MAX_BYTES, max_nodes: int = MAX_NODES, max_depth: int = MAX_DEPTH
) -> Element:
    """Parse a document called *name* in error messages and return its root.

    Comments and processing instructions stay in the tree, so that a check can refuse them where they mislead.

    Raises:
        InputError: the bytes are empty, too many, not UTF-8 or UTF-16, not well-formed, too deep, or hold a DOCTYPE.
    """
    if len(data) > max_bytes:
        raise InputError(name, f"{len(data):,} bytes are more than the {max_bytes:,} allowed", "give a smaller document")
    data = _as_utf8(data, name)
    tags = data.count(b"<")
    if tags > max_nodes:
        raise InputError(name, f"about {tags:,} tags are more than the {max_nodes:,} allowed", "give a smaller document")
    declarations = data.count(b"xmlns")
    if declarations > MAX_DECLARATIONS:
        raise InputError(name, f"about {declarations:,} namespace declarations", "declare each namespace once, at the top")
    if b"<!DOCTYPE" in data and _PROLOG.match(data):
        raise InputError(name, "the document has a DOCTYPE", "remove it; SAML forbids document types and entities")
    try:
        root = etree.fromstring(data, _PARSER)
    except etree.XMLSyntaxError as error:
        raise InputError(name, _said(error), "give the whole XML document") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise InputError(name, "the document has a DOCTYPE", "remove it; SAML forbids document types and entities")
    # A document too small to break a limit is not walked: every level but the last needs a closing tag, every
    # attribute two quotes, every namespace its xmlns.
    if data.count(b"</") >= max_depth and _deeper(max_depth)(root):
        raise InputError(name, f"elements are nested deeper than {max_depth}", "give a flatter document")
    if data.count(b'"') + data.count(b"'") > 2 * MAX_ATTRIBUTES and _CROWDED(root):
        raise InputError(name, f"an element has more than {MAX_ATTRIBUTES} attributes", "give a simpler document")
    if declarations > MAX_ATTRIBUTES and _namespaces_in_scope(root) > MAX_ATTRIBUTES:
        raise InputError(name, f"more than {MAX_ATTRIBUTES} namespaces in one place", "give a simpler document")
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


def canonical(element: Element, *, exclusive: bool = True, prefixes: Iterable[str] = (), comments: bool = False) -> bytes:
    """Write the canonical form of an element and all below it (Exclusive XML Canonicalization 1.0, or Canonical XML 1.0).

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
    return cast("bytes", written)


def serialise(element: Element, *, declaration: bool = False) -> bytes:
    """Write an element as UTF-8, byte for byte as it stands in the tree, without what follows it."""
    return cast("bytes", etree.tostring(element, encoding="UTF-8", xml_declaration=declaration, with_tail=False))


def where(element: Element, document: str | None = None, attribute: str | None = None) -> Where:
    """Say where an element, or an *attribute* of it, stands: XPath with the usual prefixes, and the line."""
    path = f"/@{attribute}" if attribute else ""
    step: Element | None = element
    while step is not None:
        path = f"/{_step(step)}{path}"
        step = step.getparent()
    return Where(document=document, path=path, line=element.sourceline)


def local_name(element: Element) -> str:
    """Name an element for people, with its usual prefix where it has one: `saml:Assertion`, `Frob`."""
    if not isinstance(element.tag, str):
        return "processing-instruction()" if element.tag is etree.ProcessingInstruction else "comment()"
    name = etree.QName(element)
    prefix = PREFIXES.get(name.namespace or "")
    return f"{prefix}:{name.localname}" if prefix else name.localname


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
        raise InputError(document or "document", f"{place.path} (line {place.line}) must stand once", "remove the others")
    return found[0] if found else None


def children(element: Element, namespace: str, name: str) -> list[Element]:
    """List the child elements of that name, in document order."""
    return list(element.iterchildren(f"{{{namespace}}}{name}"))


def elements(element: Element) -> list[Element]:
    """List the child elements, in document order, without comments and processing instructions."""
    return list(element.iterchildren("*"))


def counterpart(element: Element, root: Element, other: Element, *, without: str) -> Element:
    """Find in the tree below *other* what *element* is below *root*, where *other* has one child element more.

    *without* is the expanded name of that child of *other*. Comments are not counted, since canonicalisation drops them.
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


def decode_base64(text: str | None) -> bytes | None:
    """Decode base64 strictly, after removing white space and nothing else; None where it is malformed or empty."""
    try:
        packed = b"".join((text or "").encode("ascii").split())
        decoded = base64.b64decode(packed, validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return None
    # The last character may hold spare bits; only one spelling of the same bytes is accepted.
    return decoded if packed and base64.b64encode(decoded) == packed else None


def _step(element: Element) -> str:
    tag = element.tag
    if not isinstance(tag, str):
        return local_name(element)
    name = local_name(element)
    step = name if ":" in name or not tag.startswith("{") else f"*[local-name()='{name}']"
    before = sum(1 for _ in element.itersiblings(tag, preceding=True))
    if before or next(element.itersiblings(tag), None) is not None:
        return f"{step}[{before + 1}]"
    return step


@lru_cache(maxsize=8)
def _deeper(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")


_CROWDED = etree.XPath(f"boolean(//*[@*[{MAX_ATTRIBUTES + 1}]])")


def _namespaces_in_scope(root: Element) -> int:
    """Count the most declarations that hold at one place: canonicalisation takes time with their number."""
    depth = most = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        depth += 1 if event == "start-ns" else -1
        most = max(most, depth)
    return most


def _as_utf8(data: bytes, name: str) -> bytes:
    declared_as = "UTF-8"
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise InputError(name, "the text is UTF-32", "save it as UTF-8")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeError:
            raise InputError(name, "the bytes are not the UTF-16 that they begin as", "save it as UTF-8") from None
        declared_as = "UTF-16"
    else:
        data = data.removeprefix(codecs.BOM_UTF8)
        try:
            data.decode()
        except UnicodeDecodeError as error:
            problem = f"not UTF-8 text (byte {error.start:,} is 0x{data[error.start]:02x})"
            raise InputError(name, problem, "give XML saved as UTF-8") from None
    if not data.strip():
        raise InputError(name, "there is nothing in it", "give an XML document")
    if b"\0" in data:
        raise InputError(name, "binary data, or UTF-16 without its byte order mark", "give XML saved as UTF-8")
    if not data.lstrip().startswith(b"<"):
        raise InputError(name, "this is not XML: it does not begin with <", "give the XML document itself")
    declared = _DECLARED.match(data)
    if declared and not _agrees(declared[1].decode(), declared_as):
        problem = f"declared as {_in_one_line(declared[1].decode())}, read as {declared_as}"
        raise InputError(name, problem, "save it as UTF-8 and declare it so")
    return data


def _agrees(declared: str, found: str) -> bool:
    names = {"UTF-8": ("utf-8", "utf8", "us-ascii", "ascii"), "UTF-16": ("utf-16", "utf16", "utf-16le", "utf-16be")}
    return declared.lower() in names[found]


def _said(error: etree.XMLSyntaxError) -> str:
    """Word the parser's complaint in one line; it ends with the line and the column."""
    return f"not well-formed XML: {_in_one_line(error.msg or 'no reason given')}"


def _in_one_line(message: str) -> str:
    text = "".join(character if character.isprintable() else " " for character in message)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
