"""How generators encrypt: what a sender would have encrypted is, and a signature around it is made anew.

Anybody can encrypt for a receiver, whose encryption key stands in its metadata. So a generator may hide what the
trusted sender signed, or what nobody did.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.findings import ConfigError
from ssolab.core.xmlenc import DEFAULT_CONTENT, encrypt
from ssolab.core.xmlshape import SIGNATURE
from ssolab.core.xmltree import XENC, parse, reparse, serialise
from ssolab.faults.saml.editing import assertion_of, element_of, find
from ssolab.faults.saml.resealing import digest, sign_anew, without_its_signature
from ssolab.saml.encryption import Encryption
from ssolab.saml.messages import ENCRYPTED

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.keys import TrustedKey
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit, Sealing

SHELL: Final = "saml:EncryptedAssertion"
DATA: Final = f"{{{XENC}}}EncryptedData"
KEY: Final = f"{DATA}/{{http://www.w3.org/2000/09/xmldsig#}}KeyInfo/{{{XENC}}}EncryptedKey"
METHOD: Final = f"{{{XENC}}}EncryptionMethod"
VALUE: Final = f"{{{XENC}}}CipherData/{{{XENC}}}CipherValue"


def receivers_key(kit: Kit) -> TrustedKey:
    """Give the key for which to encrypt.

    Raises:
        ConfigError: the receiver has none.
    """
    if kit.encryption is None:
        raise ConfigError("fault", "the receiver has no encryption key", "give its encryption certificate")
    return kit.encryption


def hiding(sealing: Sealing, kit: Kit, key: TrustedKey | None = None, **how: Any) -> Sealing:
    """Have a message sealed with something in it encrypted, for the receiver where no other key is named."""
    settled = {"recipient": kit.recipient} | how
    return replace(sealing, encrypt=Encryption(key=receivers_key(kit) if key is None else key, **settled))


def shell_around(element: Element, kit: Kit, name: str = SHELL, content: str = DEFAULT_CONTENT) -> Element:
    """Encrypt an element for the receiver, and give what stands in its place."""
    shell = element_of(name)
    shell.append(encrypt(element, receivers_key(kit), recipient=kit.recipient, content=content))
    return shell


def concealed(xml: bytes, kit: Kit, change: Callable[[Element], object], content: str = DEFAULT_CONTENT) -> bytes:
    """Write the message with its Assertion encrypted, then let *change* do what somebody does to it on its way.

    Where the sender encrypts anyway, the message is taken as it is.
    """
    root = parse(xml, "message")
    if root.find(ENCRYPTED) is None:
        root = reparse(serialise(hidden(root, assertion_of(root), kit, content=content)))
        vouched(root, kit)
    change(root)
    return serialise(root)


def hidden(root: Element, element: Element, kit: Kit, name: str = SHELL, content: str = DEFAULT_CONTENT) -> Element:
    """Put an encrypting element in the place of a readable one, and give the root."""
    shell = shell_around(element, kit, name, content)
    shell.tail = element.tail
    above = element.getparent()
    if above is not None:
        above.replace(element, shell)
    return root


def vouched(part: Element, kit: Kit) -> None:
    """Have the trusted sender sign a part of the message as it now is, if that carries a signature."""
    signature = part.find(SIGNATURE)
    if signature is not None:
        digest(signature, without_its_signature(signature))
        sign_anew(signature, kit.own)


def octets(element: Element) -> bytes:
    """Decode what a CipherValue holds."""
    return base64.b64decode(element.text or "")


def put_octets(element: Element, value: bytes) -> None:
    """Write a CipherValue."""
    element.text = base64.b64encode(value).decode()


def changed_octets(root: Element, path: str, change: Callable[[bytes], bytes]) -> None:
    """Let *change* rewrite the CipherValue at a path below the EncryptedAssertion."""
    value = find(root, f"{SHELL}/{path}")
    put_octets(value, change(octets(value)))
