"""Wrapping under encryption: anybody can encrypt for the receiver, so a ciphertext proves nothing of who wrote it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.core.ciphers import content_cipher, key_transport
from ssolab.core.xmlenc import DEFAULT_CONTENT, DEFAULT_TRANSPORT
from ssolab.core.xmltree import DS, parse, serialise
from ssolab.faults.engine import Nature, Stage, fault
from ssolab.faults.saml.concealing import (
    DATA,
    KEY,
    SHELL,
    VALUE,
    concealed,
    hiding,
    put_octets,
    receivers_key,
    shell_around,
)
from ssolab.faults.saml.editing import assertion_of, element_of, find, forged, holding
from ssolab.faults.saml.styles import ONCE

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Kit, Sealing

_NEEDS: Final = ("encryption",)
_EXTRA: Final = ("assertion-extra",)
_RUBY: Final = "ruby-saml, encrypted_new_attack"


def _forged_from(xml: bytes, kit: Kit) -> Element:
    """Give the Assertion of the readable message, unsigned, under a fresh ID and with the forged name."""
    return forged(assertion_of(parse(xml, "message")), kit)


@fault("E-01", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, keeps=True, trips=_EXTRA, cites=_RUBY)
def second_encrypted_assertion(xml: bytes, kit: Kit) -> bytes:
    """A forged EncryptedAssertion stands behind the genuine one.

    One reader opens the first and another the last. One Assertion is all that a login needs, encrypted ones counted.
    """
    evil = shell_around(_forged_from(xml, kit), kit)
    return concealed(xml, kit, lambda root: root.append(evil))


@fault("E-01", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, keeps=True, trips=_EXTRA, cites=_RUBY)
def forged_encrypted_assertion_first(xml: bytes, kit: Kit) -> bytes:
    """A forged EncryptedAssertion stands before the genuine one.

    The other order of the same attack: here the reader is the one who takes the first.
    """
    evil = shell_around(_forged_from(xml, kit), kit)
    return concealed(xml, kit, lambda root: find(root, SHELL).addprevious(evil))


@fault(
    "E-01",
    Nature.ATTACK,
    Stage.WIRE,
    needs=_NEEDS,
    keeps=True,
    trips=("assertion-extra", "signature-missing"),
    cites=_RUBY,
)
def plain_forged_assertion_beside_the_encrypted_one(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion in the clear stands behind the encrypted genuine one.

    A reader that looks for an Assertion first, and for an encrypted one only where it finds none, takes the forgery.
    """
    evil = _forged_from(xml, kit)
    return concealed(xml, kit, lambda root: root.append(evil))


@fault(
    "E-01",
    Nature.ATTACK,
    Stage.WIRE,
    needs=_NEEDS,
    keeps=True,
    trips=("assertion-extra", "signature-missing"),
    cites=_RUBY,
)
def plain_forged_assertion_before_the_encrypted_one(xml: bytes, kit: Kit) -> bytes:
    """A forged Assertion in the clear stands before the encrypted genuine one.

    The other order of the same attack: a reader that takes the first of either kind finds the forgery.
    """
    evil = _forged_from(xml, kit)
    return concealed(xml, kit, lambda root: find(root, SHELL).addprevious(evil))


@fault("E-01", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, keeps=True, trips=_EXTRA, cites=_RUBY)
def encrypted_original_in_extensions(xml: bytes, kit: Kit) -> bytes:
    """The genuine EncryptedAssertion was moved into Extensions, and a forged one stands in its place.

    A verifier that opens whatever it finds verifies the genuine one, and the reader takes the other.
    """
    evil = shell_around(_forged_from(xml, kit), kit)

    def swap(root: Element) -> None:
        original = find(root, SHELL)
        root.replace(original, evil)
        find(root, "samlp:Status").addprevious(holding("Extensions", original))

    return concealed(xml, kit, swap)


@fault(
    "E-01",
    Nature.ATTACK,
    Stage.WIRE,
    signs=("response", "both"),
    needs=_NEEDS,
    keeps=True,
    trips=("digest-mismatch",),
    cites="SAML2Core 6.2",
)
def encrypted_assertion_swapped_after_signing(xml: bytes, kit: Kit) -> bytes:
    """A forged EncryptedAssertion was put in the place of the genuine one, below the signature of the Response.

    Anybody can encrypt for the receiver. The signature covers the ciphertext, and is verified before anything is
    opened.
    """
    evil = shell_around(_forged_from(xml, kit), kit)
    return concealed(xml, kit, lambda root: root.replace(find(root, SHELL), evil))


def _in_place(xml: bytes, kit: Kit, evil: Element) -> bytes:
    """Send something else, encrypted, in the place of the genuine Assertion."""
    root = parse(xml, "message")
    root.replace(assertion_of(root), shell_around(evil, kit))
    return serialise(root)


@fault(
    "E-01",
    Nature.ATTACK,
    Stage.WIRE,
    needs=_NEEDS,
    keeps=True,
    trips=("assertion-extra", "stray-signature", "signature-missing"),
    cites=_RUBY,
)
def signed_assertion_as_advice_of_an_encrypted_one(xml: bytes, kit: Kit) -> bytes:
    """What is encrypted is a forged Assertion that holds the signed original as Advice.

    Wrapping inside the ciphertext. What comes out goes through the same checks as a message in the clear.
    """
    evil = _forged_from(xml, kit)
    advice = element_of("saml:Advice")
    advice.append(assertion_of(parse(xml, "message")))
    find(evil, "saml:Conditions").addnext(advice)
    return _in_place(xml, kit, evil)


@fault(
    "E-01",
    Nature.ATTACK,
    Stage.WIRE,
    needs=_NEEDS,
    keeps=True,
    trips=("assertion-extra", "object-in-signature", "reference-not-to-parent", "digest-mismatch"),
    cites=_RUBY,
)
def encrypted_assertion_with_the_original_in_object(xml: bytes, kit: Kit) -> bytes:
    """What is encrypted is a forged Assertion with the genuine signature, whose Object holds the original.

    The eighth form of signature wrapping, inside the ciphertext. The Reference has to name the Assertion that holds the
    signature.
    """
    original = assertion_of(parse(xml, "message"))
    evil = _forged_from(xml, kit)
    signature = find(original, "ds:Signature")
    evil.insert(1, signature)
    signature.append(holding("Object", original, DS))
    return _in_place(xml, kit, evil)


@fault("E-01", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=("decryption-failed",), cites="SAML2Core 2.3.4", lax=True)
def response_in_the_encrypted_assertion(xml: bytes, kit: Kit) -> bytes:
    """What is encrypted is the whole signed Response, and not an Assertion.

    A reader that searches what it has opened finds an Assertion in it. What comes out has to be an Assertion itself,
    and anything else counts as not opened.
    """
    return _in_place(xml, kit, parse(xml, "message"))


@fault("E-01", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=("duplicate-id",), cites="SAML2Core 1.3.4", lax=True)
def id_of_the_encrypted_assertion_outside(xml: bytes, kit: Kit) -> bytes:
    """The message around the ciphertext uses the ID of the Assertion that is inside.

    Once the Assertion is put back into the message, a Reference to its ID could lead to either.
    """
    identifier = assertion_of(parse(xml, "message")).get("ID")

    def use(root: Element) -> Element:
        holder = holding("Extensions", element_of("samlp:StatusDetail", ID=identifier or ""))
        find(root, "samlp:Status").addprevious(holder)
        return root

    return concealed(xml, kit, use)


@fault("E-02", Nature.ATTACK, Stage.SEAL, needs=_NEEDS, trips=("signature-missing",), cites="SAML2Core 6.2")
def encrypted_and_unsigned(sealing: Sealing, kit: Kit) -> Sealing:
    """The Assertion is encrypted, and nobody signed anything.

    The key to encrypt for is public, so anybody can write this. That it could be opened says nothing of who made it.
    """
    return replace(hiding(sealing, kit), sign="none")


@fault(
    "E-02",
    Nature.ATTACK,
    Stage.SEAL,
    needs=_NEEDS,
    trips=("decryption-failed",),
    warns=("weak-encryption",),
    cites="XMLEnc 6.1.1",
)
def encrypted_with_cbc_and_unsigned(sealing: Sealing, kit: Kit) -> Sealing:
    """The Assertion is encrypted in CBC mode, and nobody signed anything.

    What came out would tell a prober that it could be opened. So it is told like content that cannot be.
    """
    return replace(hiding(sealing, kit, content="aes128-cbc"), sign="none")


@fault(
    "E-02",
    Nature.ATTACK,
    Stage.SEAL,
    signs=ONCE,
    needs=_NEEDS,
    trips=("key-not-trusted",),
    cites="SAML2Core 6.2",
)
def encrypted_and_signed_by_a_stranger(sealing: Sealing, kit: Kit) -> Sealing:
    """The Assertion is encrypted for the receiver, and a stranger signed.

    The signature inside or around the ciphertext has to be of a trusted key, as in a message in the clear.
    """
    return replace(hiding(sealing, kit), credential=kit.foreign)


@fault("D-01", Nature.ATTACK, Stage.WIRE, needs=_NEEDS, trips=("decryption-failed",), cites="CVE-2016-10127", lax=True)
def document_type_in_the_encrypted_content(xml: bytes, kit: Kit) -> bytes:
    """The encrypted content begins with a document type that names a file of the receiver.

    A parser that is strict with messages and lenient with what was decrypted shows the file. Both are the same here.
    """
    cipher, way, content_key = content_cipher(DEFAULT_CONTENT), key_transport(DEFAULT_TRANSPORT), bytes(32)
    root = parse(xml, "message")
    original = assertion_of(root)
    text = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + serialise(original)
    root.replace(original, shell_around(original, kit))
    value, wrapped = (f"{SHELL}/{part}/{VALUE}" for part in (DATA, KEY))
    put_octets(find(root, value), cipher.encrypt(content_key, bytes(cipher.vector_size), text))
    put_octets(find(root, wrapped), way.wrap(receivers_key(kit).public, content_key))
    return serialise(root)
