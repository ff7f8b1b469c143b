"""References that lead elsewhere than to the element that holds the signature; what they cover is signed anew.

Nothing of this is ever fetched: an address is compared with the one that it has to be, and that is all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.xmltree import parse, serialise
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.editing import find, forge, signed_part
from ssolab.faults.saml.resealing import digest, resealed, without_its_signature
from ssolab.faults.saml.styles import ONCE

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit

_ELSEWHERE: Final = ("reference-not-to-parent",)
_NOWHERE: Final = "attacker.invalid"
"""A host that cannot exist (RFC 2606, section 2)."""


def _referring(xml: bytes, kit: Kit, uri: str | None) -> bytes:
    def refer(signature: Element) -> None:
        reference = find(signature, "ds:SignedInfo/ds:Reference")
        if uri is None:
            del reference.attrib["URI"]
        else:
            reference.set("URI", uri)

    return resealed(xml, kit, refer)


def _id_of(xml: bytes) -> str:
    return signed_part(parse(xml, "message")).get("ID", "")


@fault("X-15", Nature.MISTAKE, Stage.WIRE, signs=("response",), trips=_ELSEWHERE, lax=True)
def reference_to_the_whole_document(xml: bytes, kit: Kit) -> bytes:
    """The Reference has an empty URI, which means the whole document.

    Old identity providers sign a Response so. It holds as long as nobody puts the message into another document; the
    Reference has to name the ID of the message.
    """
    return _referring(xml, kit, "")


@fault("X-16", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=_ELSEWHERE, lax=True)
def reference_without_uri(xml: bytes, kit: Kit) -> bytes:
    """The Reference has no URI at all.

    The standard leaves it to the application what that means, so every receiver means something else. The Reference has
    to name the ID of its element.
    """
    return _referring(xml, kit, None)


@fault("X-17", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=_ELSEWHERE)
def reference_by_xpointer(xml: bytes, kit: Kit) -> bytes:
    """The Reference names the ID inside an XPointer.

    It leads to the right element where XPointers are followed, and to a choice of the sender's where more of that
    language is. Only a bare ID counts.
    """
    return _referring(xml, kit, f"#xpointer(id('{_id_of(xml)}'))")


@fault("X-17", Nature.ATTACK, Stage.WIRE, signs=("response",), trips=_ELSEWHERE)
def reference_by_xpointer_to_the_root(xml: bytes, kit: Kit) -> bytes:
    """The Reference is an XPointer to the root of the document.

    It means the whole document with its comments. Only a bare ID counts.
    """
    return _referring(xml, kit, "#xpointer(/)")


@fault("X-17", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=_ELSEWHERE)
def reference_to_a_web_address(xml: bytes, kit: Kit) -> bytes:
    """The Reference is an http address.

    A verifier that fetches it asks a server of the sender's choice from inside the network, before it knows who sent
    the message. Nothing is ever fetched.
    """
    return _referring(xml, kit, f"http://{_NOWHERE}/assertion.xml")


@fault("X-17", Nature.ATTACK, Stage.WIRE, signs=ONCE, trips=_ELSEWHERE)
def reference_to_a_file(xml: bytes, kit: Kit) -> bytes:
    """The Reference is the address of a file.

    A verifier that opens it reads what the sender names, or waits for a device for ever. Nothing is ever opened.
    """
    return _referring(xml, kit, "file:///dev/null")


@fault("X-18", Nature.MISTAKE, Stage.WIRE, signs=ONCE, trips=_ELSEWHERE)
def reference_to_no_element(xml: bytes, kit: Kit) -> bytes:
    """The Reference names an ID that nothing in the message has.

    So it looks when a template gives the message a new ID after the signature was prepared. A verifier that finds
    nothing must not take that for nothing to check.
    """
    return _referring(xml, kit, f"#{kit.new_id()}")


@fault(
    "X-18",
    Nature.ATTACK,
    Stage.WIRE,
    signs=ONCE,
    keeps=True,
    trips=("reference-not-to-parent", "digest-mismatch"),
)
def genuine_signature_on_an_element_of_another_id(xml: bytes, kit: Kit) -> bytes:
    """The signed element got a new ID and the forged name; its signature still names the old ID.

    A verifier that finds nothing of that ID and goes on has checked nothing. The Reference has to name its own element.
    """
    root = parse(xml, "message")
    forge(root, kit)
    signed_part(root).set("ID", kit.new_id())
    return serialise(root)


@fault(
    "X-40",
    Nature.MISTAKE,
    Stage.WIRE,
    signs=("response",),
    trips=("missing-id", "message-without-id", "reference-not-to-parent"),
    lax=True,
)
def signed_message_without_id(xml: bytes, kit: Kit) -> bytes:
    """The signed message has no ID, and its Reference an empty URI.

    Nothing can refer to such a message: no signature, no answer, no memory of what was used. Every message has an ID.
    """
    root = parse(xml, "message")
    del root.attrib["ID"]

    def refer(signature: Element) -> None:
        find(signature, "ds:SignedInfo/ds:Reference").set("URI", "")
        digest(signature, without_its_signature(signature))

    return resealed(serialise(root), kit, refer)
