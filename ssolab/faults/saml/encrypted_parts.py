"""Names and attributes that are encrypted inside a readable Assertion, whose signature covers the ciphertext."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from lxml import etree

from ssolab.core.keys import TrustedKey
from ssolab.core.xmltree import parse, reparse, serialise
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.concealing import hidden, hiding, shell_around, vouched
from ssolab.faults.saml.editing import assertion_of, find
from ssolab.faults.saml.styles import ANYHOW
from ssolab.faults.saml.texts import SUFFIX, elsewhere_whole

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit, Sealing

_NEEDS: Final = ("encryption",)
_NAME: Final = "saml:Subject/saml:NameID"
_ATTRIBUTE: Final = "saml:AttributeStatement/saml:Attribute"
_ID: Final = "saml:EncryptedID"
_CROWD: Final = 40


@fault("E-01", Nature.LEGITIMATE, Stage.SEAL, signs=ANYHOW, needs=_NEEDS, cites="SAML2Core 2.2.4")
def encrypted_name(sealing: Sealing, kit: Kit) -> Sealing:
    """The name is encrypted, and the rest of the Assertion can be read.

    What comes out is the name that was signed as a ciphertext, and is judged like any other.
    """
    return hiding(sealing, kit, parts=("name-id",))


@fault("E-01", Nature.LEGITIMATE, Stage.SEAL, signs=ANYHOW, needs=_NEEDS, cites="SAML2Core 2.7.3.2")
def encrypted_attributes(sealing: Sealing, kit: Kit) -> Sealing:
    """Every attribute is encrypted, and the rest of the Assertion can be read.

    What comes out stands in its place, as if it had not been encrypted, and the signature covers the ciphertext.
    """
    return hiding(sealing, kit, parts=("attributes",))


@fault("E-01", Nature.LEGITIMATE, Stage.SEAL, signs=ANYHOW, needs=_NEEDS, cites="SAML2Core 6.2")
def encrypted_inside_and_outside(sealing: Sealing, kit: Kit) -> Sealing:
    """Name and attributes are encrypted, and the Assertion around them once more.

    Nothing in the standard speaks against it. Each layer is opened in its turn.
    """
    return hiding(sealing, kit, parts=("assertion", "name-id", "attributes"))


@fault("E-07", Nature.MISTAKE, Stage.SEAL, signs=ANYHOW, needs=_NEEDS, trips=("decryption-failed",))
def encrypted_name_for_a_key_that_nobody_has(sealing: Sealing, kit: Kit) -> Sealing:
    """The name is encrypted for another key than the receiver's.

    The Assertion is good and speaks of nobody. Load the receiver's current metadata into the sender.
    """
    return hiding(sealing, kit, TrustedKey.of(kit.foreign.certificate), parts=("name-id",))


@fault(
    "E-07",
    Nature.MISTAKE,
    Stage.SEAL,
    signs=ANYHOW,
    needs=_NEEDS,
    receiver={"decryption": ()},
    warns=("attribute-encrypted",),
    cites="SAML2Core 2.7.3.2",
)
def encrypted_attributes_for_a_receiver_without_its_key(sealing: Sealing, kit: Kit) -> Sealing:
    """The attributes are encrypted, and the receiver was not given its private key.

    The login goes on without them, with a warning. What depends on them has to refuse of its own.
    """
    return hiding(sealing, kit, parts=("attributes",))


def _rearranged(kit: Kit, root: Element) -> bytes:
    """Have the trusted sender sign the Assertion as it has become."""
    root = reparse(serialise(root))
    vouched(assertion_of(root), kit)
    return serialise(root)


@fault("T-01", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=("name-id-not-whole",), cites="CVE-2017-11427")
def comment_in_the_encrypted_name(xml: bytes, kit: Kit) -> bytes:
    """A comment cuts the name in two, inside its ciphertext.

    A reader that stops at the comment sees somebody else, and no scanner on the way can see the comment.
    """
    root = parse(xml, "message")
    name = find(assertion_of(root), _NAME)
    cut = etree.Comment("")
    name.text, cut.tail = kit.forged, SUFFIX
    name.append(cut)
    return _rearranged(kit, hidden(elsewhere_whole(root, kit), name, kit, _ID))


@fault("X-30", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=("element-repeated",), cites="SAML2Core 2.4.1")
def encrypted_name_beside_a_plain_one(xml: bytes, kit: Kit) -> bytes:
    """The Subject of the signed Assertion holds a name in the clear and an encrypted one.

    One reader takes the first that it can read, another what it has opened. The schema allows one.
    """
    root = parse(xml, "message")
    name = find(assertion_of(root), _NAME)
    twin = copy.deepcopy(name)
    twin.text, twin.tail = kit.genuine, None
    name.addnext(shell_around(twin, kit, _ID))
    return _rearranged(kit, root)


@fault("D-05", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=("malformed-encryption",), cites="CWE-400", lax=True)
def crowd_of_encrypted_attributes(xml: bytes, kit: Kit) -> bytes:
    """The signed Assertion holds more encrypted attributes than any sender needs.

    Each costs the receiver an operation with its private key, and the sender nothing.
    """
    root = parse(xml, "message")
    attribute = find(assertion_of(root), _ATTRIBUTE)
    shell = shell_around(attribute, kit, "saml:EncryptedAttribute")
    for _ in range(_CROWD):
        attribute.addnext(copy.deepcopy(shell))
    return _rearranged(kit, root)
