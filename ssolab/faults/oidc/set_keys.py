"""Faults of single keys in a set: private halves, what a key is not published for, and members that do not fit."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from ssolab.core.jose import decode, encode
from ssolab.core.jwk import jwk_of
from ssolab.faults.engine import UnfitError
from ssolab.faults.oidc.documents import beside, each_changed, each_without, read
from ssolab.faults.oidc.making import ATTACK, LEGITIMATE, MISTAKE, of_key_set

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit

_NONE: Final = "no-keys-at-hand"
_GENUINE: Final = "signed-by-another-key"
_MADE_UP: Final = encode(b"".join(hashlib.sha512(bytes([number])).digest() for number in range(4)))
"""What stands where a private member would: no key has it, since the lab never shows one of a key that signs."""
_COORDINATE: Final = encode(hashlib.sha256(b"a coordinate").digest())


def _of_rsa(document: bytes) -> bytes:
    """See to it that the first key is one of RSA, whose numbers are changed.

    Raises:
        UnfitError: it is another.
    """
    if (kind := read(document)["keys"][0]["kty"]) != "RSA":
        raise UnfitError(f"the key that signs is of type {kind}, and RSA alone has such a number")
    return document


def _modulus(document: bytes) -> bytes:
    return decode(read(_of_rsa(document))["keys"][0]["n"].encode(), "key set", "n")


def _certificate(kit: Kit, *, own: bool = True) -> bytes:
    return (kit.own if own else kit.foreign).certificate.der


@of_key_set("J-15", MISTAKE, _NONE, warns=("private-key-in-jwks",))
def private_half_in_the_key_set(document: bytes, _kit: Kit) -> bytes:
    """The key in the set holds a private member.

    Whoever has fetched the set could sign. The key is not used any more, by nobody. What the lab writes there is made
    up and fits no key.
    """
    return each_changed(document, d=_MADE_UP)


@of_key_set("J-15", MISTAKE, _NONE, warns=("private-key-in-jwks",))
def prime_factor_in_the_key_set(document: bytes, _kit: Kit) -> bytes:
    """The key in the set holds a prime factor of its modulus, and no `d`.

    One factor is as good as the whole private key, and filters that look for `d` alone let it through.
    """
    return each_changed(document, p=_MADE_UP)


@of_key_set("J-15", MISTAKE, warns=("private-key-in-jwks",))
def private_half_of_another_key_in_the_key_set(document: bytes, kit: Kit) -> bytes:
    """Another key in the set holds a private member, and the one that signs does not.

    The other is not used. The one that signs is, and the token is accepted. Its publisher has to take the other one
    out of service.
    """
    return beside(document, {**jwk_of(kit.foreign.public), "d": _MADE_UP})


@of_key_set("J-15", ATTACK, warns=("symmetric-key-in-jwks",))
def shared_secret_in_the_key_set(document: bytes, _kit: Kit) -> bytes:
    """A shared secret stands in the set, where everybody can read it.

    It is never used, so that nobody can prove anything by it. The key beside it is.
    """
    return beside(document, {"kty": "oct", "k": _MADE_UP, "kid": "shared", "alg": "HS256"})


@of_key_set("J-15", MISTAKE, "key-not-for-signatures", _GENUINE)
def signing_key_published_for_encryption(document: bytes, _kit: Kit) -> bytes:
    """The key that signs is published for encryption.

    Libraries that take the key by its name alone verify by it all the same. Its publisher has said that it does not
    sign.
    """
    return each_changed(document, use="enc")


@of_key_set("J-15", MISTAKE, "key-ops-without-verify", _GENUINE)
def signing_key_published_to_sign(document: bytes, _kit: Kit) -> bytes:
    """The operations of the key that signs hold signing, and not verifying.

    They were copied from the private half. A public key verifies; have its publisher write `verify`.
    """
    return each_changed(document, key_ops=["sign"])


@of_key_set("J-15", LEGITIMATE)
def signing_key_published_to_verify(document: bytes, _kit: Kit) -> bytes:
    """The key that signs says twice what it is for, by its use and by its operations.

    One would do. The two agree, and it is used. The standard advises to write only one of them.
    """
    return each_changed(document, key_ops=["verify"])


@of_key_set("J-15", MISTAKE, "key-for-another-algorithm", _GENUINE)
def signing_key_published_for_another_algorithm(document: bytes, _kit: Kit) -> bytes:
    """The key that signs is published for another algorithm.

    One of the two was changed, in the set or where tokens are made.
    """
    return each_changed(document, alg="PS256")


@of_key_set("J-02", ATTACK, "key-for-another-algorithm", _GENUINE)
def signing_key_published_for_a_shared_secret(document: bytes, _kit: Kit) -> bytes:
    """The key that signs is published for HS256.

    A reader that takes the algorithm from the key would take the public key for a secret.
    """
    return each_changed(document, alg="HS256")


@of_key_set("J-15", LEGITIMATE)
def signing_key_without_use_and_algorithm(document: bytes, _kit: Kit) -> bytes:
    """The key that signs does not say what it is for.

    Both members may be left out where a set holds keys for signatures alone.
    """
    return each_without(document, "use", "alg")


@of_key_set("J-15", MISTAKE, _NONE, warns=("unreadable-jwk",))
def signing_key_without_a_type(document: bytes, _kit: Kit) -> bytes:
    """The key that signs does not say of which type it is.

    Nothing is guessed from its other members. Have its publisher write `kty`.
    """
    return each_without(document, "kty")


@of_key_set("J-15", MISTAKE, _NONE, warns=("unreadable-jwk",))
def signing_key_without_its_modulus(document: bytes, _kit: Kit) -> bytes:
    """The key that signs has no modulus.

    What is left names a key and is none.
    """
    return each_without(_of_rsa(document), "n")


@of_key_set("J-15", MISTAKE, _NONE, warns=("unreadable-jwk",))
def signing_key_with_a_number_for_a_name(document: bytes, _kit: Kit) -> bytes:
    """The name of the key that signs is a number.

    Names are text; a reader that converts it finds it and the next one does not.
    """
    return each_changed(document, kid=1)


@of_key_set("J-15", MISTAKE, _NONE, warns=("unreadable-jwk",))
def signing_key_with_a_modulus_of_plain_base64(document: bytes, _kit: Kit) -> bytes:
    """The modulus is in the other alphabet, with + and / in it.

    It was written with the function for plain base64. Have it written with the one for base64url.
    """
    plain = base64.b64encode(_modulus(document)).decode().rstrip("=")
    return each_changed(document, n=plain if set("+/") & set(plain) else f"+{plain[1:]}")


@of_key_set("J-15", ATTACK, _NONE, warns=("unreadable-jwk",))
def signing_key_with_an_exponent_of_one(document: bytes, _kit: Kit) -> bytes:
    """The public exponent is one.

    With that a signature is the padded digest itself, which everybody can write.
    """
    return each_changed(_of_rsa(document), e=encode(b"\1"))


@of_key_set("J-15", MISTAKE, _NONE, warns=("unreadable-jwk",))
def signing_key_with_an_even_exponent(document: bytes, _kit: Kit) -> bytes:
    """The public exponent is two.

    No RSA key has an even one. Some libraries refuse the whole set for it.
    """
    return each_changed(_of_rsa(document), e=encode(b"\2"))


@of_key_set("J-14", MISTAKE, warns=("sloppy-jwk",))
def signing_key_with_padding(document: bytes, _kit: Kit) -> bytes:
    """The modulus ends in the padding of plain base64.

    It is plain which key is meant, so it is used, with a warning: strict libraries refuse it.
    """
    return each_changed(_of_rsa(document), n=f"{read(document)['keys'][0]['n']}==")


@of_key_set("J-14", MISTAKE, warns=("sloppy-jwk",))
def signing_key_with_a_leading_zero(document: bytes, _kit: Kit) -> bytes:
    """The modulus begins with a zero octet, as Java writes signed integers.

    The standard forbids it. It is used, with a warning; its thumbprint is another one to whoever hashes the text.
    """
    return each_changed(document, n=encode(b"\0" + _modulus(document)))


@of_key_set("J-15", MISTAKE, warns=("unreadable-jwk",))
def text_among_the_keys(document: bytes, _kit: Kit) -> bytes:
    """An entry of the set is a text and no key.

    It is left out, and the key beside it is used.
    """
    return beside(document, "a key in words")


@of_key_set("J-15", MISTAKE, warns=("unreadable-jwk",))
def point_that_is_on_no_curve(document: bytes, _kit: Kit) -> bytes:
    """A key of the set is a point that does not lie on its curve.

    With such a point other curves can be forced on a reader. It is left out, and the key beside it is used.
    """
    return beside(document, {"kty": "EC", "crv": "P-256", "x": _COORDINATE, "y": _COORDINATE, "kid": "off-curve"})


@of_key_set("J-05", MISTAKE, warns=("jwk-certificate-of-another-key",))
def certificate_of_another_key_in_the_key_set(document: bytes, kit: Kit) -> bytes:
    """The certificate beside the key that signs is for another key.

    It is the old certificate, left standing beside a new key. Whoever reads it trusts another key than whoever reads
    the modulus.
    """
    return each_changed(document, x5c=[base64.b64encode(_certificate(kit, own=False)).decode()])


@of_key_set("J-05", LEGITIMATE)
def certificate_in_the_key_set(document: bytes, kit: Kit) -> bytes:
    """The certificate of the key stands beside it, with its thumbprint.

    It describes the key and does not vouch for it. The key is used, as it would be without.
    """
    der = _certificate(kit)
    said = {"x5c": [base64.b64encode(der).decode()], "x5t#S256": encode(hashlib.sha256(der).digest())}
    return each_changed(document, **said)


@of_key_set("J-05", MISTAKE, warns=("jwk-certificate-unreadable",))
def certificate_in_base64url_in_the_key_set(document: bytes, kit: Kit) -> bytes:
    """The certificate beside the key is in base64url.

    Everything else in a set is, and certificates are not.
    """
    return each_changed(document, x5c=[encode(b"\xfb\xff" + _certificate(kit))])


@of_key_set("J-05", MISTAKE, warns=("jwk-certificate-unreadable",))
def certificate_in_pem_in_the_key_set(document: bytes, kit: Kit) -> bytes:
    """The certificate beside the key is PEM.

    The armour does not belong there, nor do the line breaks.
    """
    return each_changed(document, x5c=[kit.own.certificate.pem])


@of_key_set("J-05", MISTAKE, warns=("jwk-thumbprint-mismatch",))
def thumbprint_in_hexadecimal_in_the_key_set(document: bytes, kit: Kit) -> bytes:
    """The thumbprint beside the key is the base64 of its hexadecimal digits.

    That is the usual mistake; it is twice as long as the right one. The key itself is used.
    """
    der = _certificate(kit)
    wrong = encode(hashlib.sha256(der).hexdigest().encode())
    return each_changed(document, **{"x5c": [base64.b64encode(der).decode()], "x5t#S256": wrong})
