"""The few ways in which generators move pieces of a message about; each leaves every other byte as it was.

Signed messages are parsed by lxml alone, without a change of white space, and written back the same way, so that a
signature that is not touched still holds.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from lxml import etree

from ssolab.core.findings import ConfigError
from ssolab.core.xmlshape import SIGNATURE
from ssolab.core.xmltree import PREFIXES, SAML, SAMLP, Element, parse, serialise
from ssolab.saml.assertions import ASSERTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.faults.engine import Kit

_PREFIXES: Final = {prefix: namespace for namespace, prefix in PREFIXES.items()}


def find(root: Element, path: str) -> Element:
    """Find one element by a path with the usual prefixes.

    Raises:
        ConfigError: the message has no such element, so this fault cannot be put into it.
    """
    found = root.find(path, _PREFIXES)
    if found is None:
        raise ConfigError("fault", f"the message has no {path} to change", "choose a fault that fits the message")
    return found


def named(prefixed: str) -> str:
    """Expand a name that is written with one of the usual prefixes."""
    prefix, _, name = prefixed.rpartition(":")
    return f"{{{_PREFIXES[prefix]}}}{name}" if prefix else name


def rewritten(xml: bytes, change: Callable[[Element], Element | None]) -> bytes:
    """Parse signed bytes, let *change* rearrange them, and write what it gives back (None: the same root)."""
    root = parse(xml, "message")
    changed = change(root)
    return serialise(root if changed is None else changed)


def signature_of(element: Element) -> Element:
    """Give the signature that an element holds."""
    return find(element, "ds:Signature")


def remove(element: Element) -> Element:
    """Take an element out of its parent, without what follows it, and give it."""
    parent = element.getparent()
    if parent is None:
        return element
    tail, element.tail = element.tail, None
    before = element.getprevious()
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    parent.remove(element)
    return element


def unsigned(element: Element) -> Element:
    """Copy an element without the signature that it holds."""
    twin = copy.deepcopy(element)
    remove(signature_of(twin))
    return twin


def forged(element: Element, kit: Kit, *, identifier: str | None = None, signed: bool = False) -> Element:
    """Copy an element so that it speaks of the forged name, under a fresh ID; *signed* keeps its signatures."""
    twin = copy.deepcopy(element)
    if not signed:
        for signature in list(twin.iter(SIGNATURE)):
            remove(signature)
    twin.set("ID", kit.new_id() if identifier is None else identifier)
    if twin.tag != ASSERTION:
        for inner in twin.iter(ASSERTION):
            inner.set("ID", kit.new_id())
    for name in twin.iter(f"{{{SAML}}}NameID"):
        name.text = kit.forged
    return twin


def holding(name: str, inside: Element, namespace: str = SAMLP) -> Element:
    """Put an element into a new one."""
    holder = etree.Element(f"{{{namespace}}}{name}", nsmap={PREFIXES.get(namespace, "x"): namespace})
    holder.append(inside)
    return holder


def assertion_of(root: Element) -> Element:
    """Give the Assertion of a Response."""
    return find(root, "saml:Assertion")


def put(root: Element, path: str, **values: str | None) -> Element:
    """Set attributes of the element at *path* (None takes one away), and give the root."""
    element = root if path == "." else find(root, path)
    for name, value in values.items():
        if value is None:
            element.attrib.pop(name, "")
        else:
            element.set(name, value)
    return root


def reworded(root: Element, path: str, text: str) -> Element:
    """Replace the text of the element at *path*, and give the root."""
    find(root, path).text = text
    return root


def without(root: Element, path: str) -> Element:
    """Take the element at *path* out, and give the root."""
    remove(find(root, path))
    return root


def added(root: Element, path: str, tag: str, text: str = "", **values: str) -> Element:
    """Append a new element to the one at *path*, and give the root."""
    made = etree.SubElement(root if path == "." else find(root, path), named(tag), values)
    made.text = text or None
    return root


def forge(root: Element, kit: Kit) -> None:
    """Write the forged name over the genuine one, wherever it stands, and leave all else as it was signed."""
    for name in root.iter(f"{{{SAML}}}NameID"):
        name.text = kit.forged


def signed_part(root: Element) -> Element:
    """Give what carries the signature: the Assertion where that is signed, else the message."""
    assertion = root.find(ASSERTION)
    return assertion if assertion is not None and assertion.find(SIGNATURE) is not None else root


def element_of(prefixed: str, text: str | None = None, **attributes: str) -> Element:
    """Make an element with one of the usual prefixes."""
    prefix = prefixed.partition(":")[0]
    made = etree.Element(named(prefixed), attributes, nsmap={prefix: _PREFIXES[prefix]})
    made.text = text
    return made
