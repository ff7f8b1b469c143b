"""Metadata as a federation signs it, and signing it anew after a change that its publisher itself made.

A change in signed metadata breaks the digest, and a receiver that refuses for that alone has shown nothing. So what a
publisher could publish is signed by it again, and only what happens on the way leaves the signature as it was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.findings import ConfigError
from ssolab.core.xmldsig import sign
from ssolab.core.xmlshape import SIGNATURE
from ssolab.core.xmltree import parse, serialise
from ssolab.faults.saml.editing import element_of, remove

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.keys import SigningCredential
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit


def publisher(kit: Kit) -> SigningCredential:
    """Give the key that metadata is signed with.

    Raises:
        ConfigError: there is none.
    """
    if kit.federation is None:
        raise ConfigError("fault", "it needs federation, which is not at hand", "give it, or leave this fault out")
    return kit.federation


def federated(xml: bytes, kit: Kit) -> bytes:
    """Sign metadata as its publisher does, under a fresh ID where it has none."""
    return republished(xml, kit, lambda root: root)


def republished(
    xml: bytes, kit: Kit, change: Callable[[Element], Element], *, credential: SigningCredential | None = None
) -> bytes:
    """Let *change* rearrange metadata without its signature, and sign what it gives back.

    Its publisher signs, where no other *credential* is given.
    """
    root = parse(xml, "metadata")
    for signature in list(root.iterchildren(SIGNATURE)):
        remove(signature)
    root = change(root)
    if root.get("ID") is None:
        root.set("ID", kit.new_id())
    sign(root, credential or publisher(kit))
    return serialise(root)


def grouped(*entities: Element, **attributes: str) -> Element:
    """Put entities into a group."""
    group = element_of("md:EntitiesDescriptor", **attributes)
    group.extend(entities)
    return group
