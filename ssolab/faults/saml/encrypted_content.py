"""Ciphers and their keys: content that is encrypted too weakly, for somebody else, or was changed on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.keys import Permission, TrustedKey
from ssolab.core.xmlenc import DEFAULT_CONTENT
from ssolab.core.xmltree import XENC
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.concealing import DATA, KEY, METHOD, SHELL, VALUE, changed_octets, concealed, hiding
from ssolab.faults.saml.editing import put
from ssolab.faults.saml.styles import ANYHOW

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit, Sealing

_NEEDS: Final = ("encryption",)
_SHUT: Final = ("decryption-failed",)
_WEAK: Final = ("weak-encryption",)
_RSA15: Final = frozenset({Permission.RSA15})
_LENGTH_OF_A_TAG: Final = 16


@fault("E-07", Nature.LEGITIMATE, Stage.SEAL, signs=ANYHOW, needs=_NEEDS, cites="SAML2Core 6.1")
def encrypted_assertion(sealing: Sealing, kit: Kit) -> Sealing:
    """The Assertion is encrypted for the key in the receiver's metadata.

    As it should be: AES-GCM for the content, RSA-OAEP for its key. Every other fault of encryption differs from this
    message in one thing.
    """
    return hiding(sealing, kit)


@fault("E-07", Nature.LEGITIMATE, Stage.SEAL, signs=ANYHOW, needs=("encryption", "second-encryption"))
def encrypted_for_the_other_key_of_a_rollover(sealing: Sealing, kit: Kit) -> Sealing:
    """The Assertion is encrypted for the second of the receiver's two keys.

    While the receiver changes its encryption key it holds both, since a sender may not have seen the new one yet. Each
    is tried.
    """
    return hiding(sealing, kit, kit.encryption_keys["second-encryption"])


@fault("E-07", Nature.MISTAKE, Stage.SEAL, signs=ANYHOW, needs=_NEEDS, trips=_SHUT, cites="SAML2Core 6.1")
def encrypted_for_a_key_that_nobody_has(sealing: Sealing, kit: Kit) -> Sealing:
    """The Assertion is encrypted for another key than the receiver's.

    The sender still holds the certificate from before the last change, or that of another service provider. Load the
    receiver's current metadata into it.
    """
    return hiding(sealing, kit, TrustedKey.of(kit.foreign.certificate))


@fault(
    "E-07",
    Nature.MISTAKE,
    Stage.SEAL,
    signs=ANYHOW,
    needs=_NEEDS,
    receiver={"decryption": ()},
    trips=("assertion-encrypted",),
    cites="SAML2Core 6.1",
)
def encrypted_for_a_receiver_without_its_key(sealing: Sealing, kit: Kit) -> Sealing:
    """The Assertion is encrypted, and the receiver was not given its private key.

    It publishes a certificate for encryption and cannot read what comes for that. Give it the key, or take the
    certificate out of its metadata.
    """
    return hiding(sealing, kit)


@fault(
    "E-08",
    Nature.LEGITIMATE,
    Stage.SEAL,
    signs=ANYHOW,
    needs=("encryption", "expired-encryption"),
    warns=("encryption-certificate-expired",),
    cites="SAML2MetaIOP 2.6.1",
)
def encrypted_for_an_expired_certificate(sealing: Sealing, kit: Kit) -> Sealing:
    """The certificate for which the Assertion is encrypted has expired.

    Trust is by key, so the content is read, and the receiver is warned: senders that look at dates will refuse.
    """
    return hiding(sealing, kit, kit.encryption_keys["expired-encryption"])


@fault("E-03", Nature.MISTAKE, Stage.SEAL, signs=ANYHOW, needs=_NEEDS, warns=_WEAK, cites="XMLEnc 6.1.1")
def encrypted_with_cbc(sealing: Sealing, kit: Kit) -> Sealing:
    """The content is encrypted with AES in CBC mode.

    Many products know nothing better. It is read where a signature vouches for it, with a warning.
    """
    return hiding(sealing, kit, content="aes128-cbc")


@fault("E-03", Nature.MISTAKE, Stage.SEAL, signs=ANYHOW, needs=_NEEDS, warns=_WEAK, cites="XMLEnc 6.1.1")
def encrypted_with_triple_des(sealing: Sealing, kit: Kit) -> Sealing:
    """The content is encrypted with triple DES.

    The oldest cipher of the standard, with short blocks. It is read like CBC, with a warning.
    """
    return hiding(sealing, kit, content="tripledes-cbc")


@fault("E-04", Nature.MISTAKE, Stage.SEAL, signs=ANYHOW, needs=_NEEDS, trips=("rsa15-key-transport",), lax=True)
def content_key_by_rsa15(sealing: Sealing, kit: Kit) -> Sealing:
    """The content key is hidden with RSA and the padding of PKCS#1 v1.5.

    A receiver that opens it can be asked, message by message, for what it hides. It is refused unless it is permitted.
    """
    return hiding(sealing, kit, transport="rsa-1_5", permit=_RSA15)


@fault(
    "E-04",
    Nature.LEGITIMATE,
    Stage.SEAL,
    signs=ANYHOW,
    needs=_NEEDS,
    receiver={"permit": _RSA15},
    warns=("rsa15-key-transport",),
)
def content_key_by_rsa15_where_it_is_permitted(sealing: Sealing, kit: Kit) -> Sealing:
    """The content key is hidden with RSA 1.5, and the receiver permits that for this old partner.

    It is read, and told of each time, so that nobody forgets that this partner has to change to RSA-OAEP one day.
    """
    return hiding(sealing, kit, transport="rsa-1_5", permit=_RSA15)


def _another_method(xml: bytes, kit: Kit, uri: str | None) -> bytes:
    return concealed(xml, kit, lambda root: put(root, f"{SHELL}/{DATA}/{METHOD}", Algorithm=uri))


@fault("E-03", Nature.MISTAKE, Stage.WIRE, needs=_NEEDS, trips=("forbidden-encryption-algorithm",), cites="XMLEnc 5.2")
def unknown_content_cipher(xml: bytes, kit: Kit) -> bytes:
    """The content says that it is encrypted with a cipher that no standard names.

    What cannot be opened is refused, and the finding names the cipher that would be needed.
    """
    return _another_method(xml, kit, f"{XENC}arcfour")


@fault("E-03", Nature.MISTAKE, Stage.WIRE, needs=_NEEDS, trips=("forbidden-encryption-algorithm",), cites="XMLEnc 3.2")
def no_content_cipher(xml: bytes, kit: Kit) -> bytes:
    """The content does not say how it is encrypted.

    The standard lets partners agree on that beforehand, and SAML has no place for such an agreement. Nothing is tried.
    """
    return _another_method(xml, kit, None)


def _changed_at(  # noqa: PLR0913, PLR0917  which bit of what
    xml: bytes, kit: Kit, at: int, part: str = DATA, bit: int = 1, content: str = DEFAULT_CONTENT
) -> bytes:
    """Turn one bit of a ciphertext that travels."""

    def turned(value: bytes) -> bytes:
        made = bytearray(value)
        made[at] ^= bit
        return bytes(made)

    return concealed(xml, kit, lambda root: changed_octets(root, f"{part}/{VALUE}", turned), content)


@fault("E-05", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=_SHUT, cites="XMLEnc 5.2.4", lax=True)
def short_tag(xml: bytes, kit: Kit) -> bytes:
    """The tag of AES-GCM at the end of the content was shortened to four bytes.

    Some libraries check as many bytes as they find, and four can be guessed. The whole tag is wanted.
    """
    return concealed(
        xml, kit, lambda root: changed_octets(root, f"{DATA}/{VALUE}", lambda value: value[: 4 - _LENGTH_OF_A_TAG])
    )


@fault("E-05", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=_SHUT, cites="XMLEnc 5.2.4", lax=True)
def no_tag(xml: bytes, kit: Kit) -> bytes:
    """The content ends before its tag.

    Nothing shows then whether it was changed.
    """
    return concealed(
        xml, kit, lambda root: changed_octets(root, f"{DATA}/{VALUE}", lambda value: value[:-_LENGTH_OF_A_TAG])
    )


@fault("E-03", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=_SHUT, cites="XMLEnc 6.1.3")
def changed_content(xml: bytes, kit: Kit) -> bytes:
    """One bit of the encrypted content was changed on its way.

    AES-GCM shows that. What is said is the same as for content that is not for this receiver.
    """
    return _changed_at(xml, kit, 40)


@fault("E-03", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=_SHUT, warns=_WEAK, cites="Jager and Somorovsky 2011")
def changed_padding_of_cbc(xml: bytes, kit: Kit) -> bytes:
    """Content in CBC mode was changed so that it ends with an impossible padding.

    The question that a padding oracle answers. It must get the same answer as every other that does not open.
    """
    return _changed_at(xml, kit, -17, bit=0x80, content="aes128-cbc")


@fault("E-03", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=_SHUT, warns=_WEAK, cites="Jager and Somorovsky 2011")
def changed_first_block_of_cbc(xml: bytes, kit: Kit) -> bytes:
    """The initialisation vector of content in CBC mode was changed, so that it opens to something else.

    Padding and length are right, and the text is not. Whoever can tell this from a wrong padding reads the message.
    """
    return _changed_at(xml, kit, 5, content="aes128-cbc")


@fault(
    "E-03",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("response", "both"),
    needs=_NEEDS,
    trips=("digest-mismatch",),
    cites="Jager and Somorovsky 2011",
)
def changed_content_in_a_signed_message(xml: bytes, kit: Kit) -> bytes:
    """One bit of the encrypted content was changed below the signature of the Response.

    The signature is looked at first, and nothing is opened in a message that is refused already.
    """
    return _changed_at(xml, kit, 40)


@fault("E-04", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=_SHUT, cites="RFC 3218 2.3.2")
def changed_content_key(xml: bytes, kit: Kit) -> bytes:
    """One bit of the encrypted content key was changed on its way.

    A random key is taken in its place, so that neither words nor time tell how far the receiver got.
    """
    return _changed_at(xml, kit, 40, KEY)
