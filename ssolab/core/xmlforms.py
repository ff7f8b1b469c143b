"""The bytes that a signature is about: the canonical form of SignedInfo, and of an element without its signature.

The signature is cut out of the canonical bytes instead of being taken out of the tree, so the caller's tree is never
touched. A wrong cut could only cause a refusal: what is returned counts only after its digest was found to be signed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import Element, canonical, compiled, reparse, serialise

if TYPE_CHECKING:
    from ssolab.core.xmlshape import Form, Shape

_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_DEFAULT: Final = "#default"
_DIGESTED = compiled("self::* | descendant::*[not(ancestor-or-self::ds:Signature)]")
_INHERITED = compiled("boolean(ancestor::*/@xml:*)")
_PRECEDING = compiled("count($signature/preceding::ds:Signature) - count($parent/preceding::ds:Signature)")


def canonical_in(element: Element, form: Form, *, comments: bool = False) -> bytes:
    """Write the canonical form of an element where it stands.

    The inclusive form takes the namespaces and the xml: attributes of the ancestors in (Canonical XML 1.0, 2.4).

    Raises:
        ValueError: the form is undefined or empty.
    """
    if not form.exclusive and element.getparent() is not None and _INHERITED(element):
        copy = reparse(serialise(element))  # serialising a part writes the namespaces that are in scope
        for ancestor in element.iterancestors():
            for name, value in ancestor.items():
                if str(name).startswith(_XML) and name not in copy.attrib:
                    copy.set(name, value)
        element = copy
    if _DEFAULT in form.prefixes and any(None in found.nsmap for found in _DIGESTED(element)):
        # lxml drops #default from the list without a word, which is right only where no default namespace is in scope
        raise ValueError("PrefixList names #default, and a default namespace is in use")
    return canonical(element, exclusive=form.exclusive, prefixes=form.prefixes, comments=comments)


def signed_info_bytes(shape: Shape, form: Form) -> bytes:
    """Write the bytes that SignatureValue covers (XMLDSig 3.2.2).

    Raises:
        ValueError: the form is undefined or empty.
    """
    return canonical_in(shape.signed_info, form)


def digested_bytes(shape: Shape, form: Form, *, comments: bool = False) -> bytes:
    """Write the bytes that DigestValue covers: the parent without its signature (XMLDSig 6.6.4).

    Raises:
        ValueError: the form is undefined or empty.
    """
    return without_signature(canonical_in(shape.parent, form, comments=comments), shape)


def without_signature(written: bytes, shape: Shape) -> bytes:
    """Cut the signature out of the canonical form of its parent."""
    start, end = signature_span(written, shape)
    return written[:start] + written[end:]


def signature_span(written: bytes, shape: Shape) -> tuple[int, int]:
    """Find the signature in the canonical form of its parent.

    Raises:
        ValueError: it is not there, so something stands around it that has no place in a signed message.
    """
    skip = 0 if shape.in_place else int(_PRECEDING(shape.parent, signature=shape.signature, parent=shape.parent))
    prefix = shape.signature.prefix
    nested = sum(1 for inner in shape.signature.iterdescendants(shape.signature.tag) if inner.prefix == prefix)
    return span_of(prefix, written, skip, nested)


def span_of(prefix: str | None, written: bytes, skip: int = 0, nested: int = 0) -> tuple[int, int]:
    """Find where the signature with that prefix begins, after *skip* others, and ends, with *nested* ones inside.

    Canonical text has no `<` of its own, and a tag name is followed by a space or `>`.

    Raises:
        ValueError: it is not there.
    """
    name = b"%b:Signature" % prefix.encode() if prefix else b"Signature"
    start = -1
    while skip >= 0:
        start = written.index(b"<" + name, start + 1)
        if written[start + len(name) + 1] in b" >":
            skip -= 1
    closing = b"</" + name + b">"
    end = start
    for _ in range(nested + 1):
        end = written.index(closing, end) + len(closing)
    return start, end


def relative_namespace_in(element: Element) -> tuple[str, Element] | None:
    """Find a relative namespace URI, for which canonicalisation is undefined (Canonical XML 1.0, 1.3)."""
    for found in element.iter("*"):
        for uri in found.nsmap.values():
            if uri and ":" not in uri.partition("/")[0]:
                return uri, found
    return None
