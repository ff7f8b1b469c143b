"""Where the key for encrypted content is: missing, doubled, elsewhere, for somebody else, or hidden in an odd way."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from ssolab.core.keys import TrustedKey
from ssolab.core.xmlenc import encrypt
from ssolab.core.xmltree import DS, XENC
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.addressing import ELSEWHERE
from ssolab.faults.saml.concealing import DATA, KEY, METHOD, SHELL, VALUE, concealed, hiding
from ssolab.faults.saml.editing import element_of, find, put, remove
from ssolab.faults.saml.styles import ANYHOW

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit, Sealing

_NEEDS: Final = ("encryption",)
_NO_KEY: Final = ("encrypted-key-missing",)
_MALFORMED: Final = ("malformed-encryption",)
_FORBIDDEN: Final = ("forbidden-encryption-algorithm",)
_ADDRESS: Final = "http://attacker.invalid/key.xml"
_CROWD: Final = 9


def _data(root: Element) -> Element:
    return find(root, f"{SHELL}/{DATA}")


def _travelling(root: Element) -> Element:
    return find(root, f"{SHELL}/{KEY}")


@fault("E-06", Nature.MISTAKE, Stage.WIRE, needs=_NEEDS, trips=_NO_KEY, cites="SAML2Core 6.1")
def no_encrypted_key(xml: bytes, kit: Kit) -> bytes:
    """The content comes without its key.

    The sender believes that the receiver has the content key already. SAML has no way to agree on one.
    """
    return concealed(xml, kit, lambda root: remove(_travelling(root)))


def _by_reference(root: Element, uri: str) -> Element:
    """Put a reference in the place of the key, and give the key."""
    travelling = remove(_travelling(root))
    reference = element_of("ds:RetrievalMethod", URI=uri, Type=f"{XENC}EncryptedKey")
    find(_data(root), "ds:KeyInfo").append(reference)
    return travelling


@fault("E-06", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=_NO_KEY, cites="XMLEnc 3.5.2")
def encrypted_key_at_an_address(xml: bytes, kit: Kit) -> bytes:
    """A RetrievalMethod says at which address the key for the content can be fetched.

    Whoever fetches it asks a server of the sender's choice, from inside the receiver's network. Nothing is fetched.
    """
    return concealed(xml, kit, lambda root: _by_reference(root, _ADDRESS))


@fault("E-06", Nature.LEGITIMATE, Stage.WIRE, needs=_NEEDS, cites="SAML2Core 6.1")
def encrypted_key_beside_the_content(xml: bytes, kit: Kit) -> bytes:
    """The key stands behind the content, and a RetrievalMethod points at it.

    The other of the two places that SAML has for it. The key is found because it stands in that place, and the
    reference is not needed.
    """
    identifier = kit.new_id()

    def move(root: Element) -> None:
        travelling = _by_reference(root, f"#{identifier}")
        travelling.set("Id", identifier)
        find(root, SHELL).append(travelling)

    return concealed(xml, kit, move)


@fault("E-06", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=_NO_KEY, cites="XMLEnc 3.5.2", lax=True)
def encrypted_key_elsewhere_in_the_message(xml: bytes, kit: Kit) -> bytes:
    """The key stands in the Status of the message, and a RetrievalMethod points at it.

    A receiver that follows references can be led to any part of the message. Only what stands with the content counts.
    """
    identifier = kit.new_id()

    def move(root: Element) -> None:
        travelling = _by_reference(root, f"#{identifier}")
        travelling.set("Id", identifier)
        holder = element_of("samlp:StatusDetail")
        holder.append(travelling)
        find(root, "samlp:Status").append(holder)

    return concealed(xml, kit, move)


@fault("E-06", Nature.MISTAKE, Stage.SEAL, signs=ANYHOW, needs=_NEEDS, trips=_NO_KEY, cites="XMLEnc 3.5.1", lax=True)
def encrypted_key_for_another_recipient(sealing: Sealing, kit: Kit) -> Sealing:
    """The key names somebody else as its Recipient.

    The sender has mixed up two partners that share a key, or an attacker carries a message over. A key for somebody
    else is passed over.
    """
    return hiding(sealing, kit, recipient=ELSEWHERE)


def _second_key(root: Element, kit: Kit, recipient: str | None) -> Element:
    """Make the key of the same content for somebody else, as a sender with several receivers writes it."""
    stranger = TrustedKey.of(kit.foreign.certificate)
    made = find(encrypt(element_of("saml:Assertion"), stranger, recipient=recipient), KEY.removeprefix(f"{DATA}/"))
    _travelling(root).addprevious(made)
    return made


@fault("E-06", Nature.LEGITIMATE, Stage.WIRE, needs=_NEEDS, cites="SAML2Core 6.1")
def encrypted_key_for_somebody_else_beside_ours(xml: bytes, kit: Kit) -> bytes:
    """Two keys come with the content, the first for another Recipient.

    One message for several receivers is written so. Each takes the key that names it.
    """
    return concealed(xml, kit, lambda root: _second_key(root, kit, ELSEWHERE))


@fault("E-06", Nature.LEGITIMATE, Stage.WIRE, needs=_NEEDS, cites="SAML2Core 6.1")
def two_encrypted_keys_without_a_recipient(xml: bytes, kit: Kit) -> bytes:
    """Two keys come with the content, and neither says for whom; the second one is for this receiver.

    A sender that encrypts for every certificate in the metadata, of which one is old, writes this. Each is tried.
    """

    def double(root: Element) -> None:
        put(_travelling(root), ".", Recipient=None)
        _second_key(root, kit, None)

    return concealed(xml, kit, double)


@fault("E-06", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=_MALFORMED, cites="CWE-400", lax=True)
def crowd_of_encrypted_keys(xml: bytes, kit: Kit) -> bytes:
    """More keys come with the content than any sender has receivers for one message.

    Each costs the receiver an operation with its private key, or several, and the sender nothing.
    """

    def crowd(root: Element) -> None:
        for _ in range(_CROWD - 1):
            _travelling(root).addnext(copy.deepcopy(_travelling(root)))

    return concealed(xml, kit, crowd)


@fault("E-04", Nature.MISTAKE, Stage.WIRE, needs=_NEEDS, trips=_FORBIDDEN, cites="XMLEnc 5.6")
def content_key_by_a_shared_secret(xml: bytes, kit: Kit) -> bytes:
    """The content key is wrapped with a symmetric key.

    That needs a secret which both sides share, and SAML partners share none.
    """
    path = f"{SHELL}/{KEY}/{METHOD}"
    return concealed(xml, kit, lambda root: put(root, path, Algorithm=f"{XENC}kw-aes128"))


@fault("E-04", Nature.MISTAKE, Stage.WIRE, needs=_NEEDS, trips=_FORBIDDEN, cites="XMLEnc 5.5.2")
def oaep_with_md5(xml: bytes, kit: Kit) -> bytes:
    """The content key is hidden with RSA-OAEP over MD5.

    No current product writes it, and no library has to read it. The finding names the hash.
    """
    path = f"{SHELL}/{KEY}/{METHOD}/{{{DS}}}DigestMethod"
    md5 = "http://www.w3.org/2001/04/xmldsig-more#md5"
    return concealed(xml, kit, lambda root: put(root, path, Algorithm=md5))


@fault("E-06", Nature.MISTAKE, Stage.WIRE, needs=_NEEDS, trips=_MALFORMED, cites="SAML2Core 2.3.4")
def empty_encrypted_assertion(xml: bytes, kit: Kit) -> bytes:
    """The EncryptedAssertion holds nothing.

    The sender failed while it encrypted, and sent what it had.
    """
    return concealed(xml, kit, lambda root: remove(_data(root)))


@fault("E-01", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=_MALFORMED, cites="SAML2Core 2.3.4", lax=True)
def two_contents_in_one_encrypted_assertion(xml: bytes, kit: Kit) -> bytes:
    """One EncryptedAssertion holds two encrypted contents.

    One reader may open the first and another the last. There has to be one.
    """
    return concealed(xml, kit, lambda root: _data(root).addnext(copy.deepcopy(_data(root))))


@fault("E-06", Nature.MISTAKE, Stage.WIRE, needs=_NEEDS, trips=_MALFORMED, cites="SAML2Core 6.1", lax=True)
def content_without_its_element(xml: bytes, kit: Kit) -> bytes:
    """The content says that it is what stands inside an element, and not an element.

    XML encryption can hide either one. SAML hides whole elements only, so what comes out would be no Assertion.
    """
    return concealed(xml, kit, lambda root: put(_data(root), ".", Type=f"{XENC}Content"))


@fault("E-06", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=_MALFORMED, cites="XMLEnc 3.3.1")
def content_at_an_address(xml: bytes, kit: Kit) -> bytes:
    """A CipherReference says at which address the encrypted content can be fetched.

    Whoever fetches it asks a server of the sender's choice. Like the key, it is never fetched.
    """

    def point(root: Element) -> None:
        value = find(root, f"{SHELL}/{DATA}/{VALUE}")
        value.tag, value.text = f"{{{XENC}}}CipherReference", None
        value.set("URI", _ADDRESS)

    return concealed(xml, kit, point)
