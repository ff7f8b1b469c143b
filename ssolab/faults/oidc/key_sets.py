"""Faults of key sets: keys that came, went or changed their name at the wrong time, and decoys beside the good one.

The token that follows is signed as ever, by the key that the honest set lists.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.jose import encode
from ssolab.core.jwk import jwk_of
from ssolab.faults.oidc.documents import beside, changed, each_changed, each_without, read, write
from ssolab.faults.oidc.making import ATTACK, LEGITIMATE, MISTAKE, key_of, of_key_set

if TYPE_CHECKING:
    from ssolab.faults.engine import Kit

_NONE: Final = "no-keys-at-hand"
_UNKNOWN: Final = "unknown-kid"
_ANNOUNCED: Final = "signed-by-announced-key"
_GENUINE: Final = "signed-by-another-key"
_COORDINATE: Final = encode(hashlib.sha256(b"a coordinate").digest())


def _kid(document: bytes) -> str:
    """Give the name of the key that signs, which the honest set lists first."""
    return str(read(document)["keys"][0]["kid"])


def _key(kit: Kit, name: str, **members: Any) -> dict[str, Any]:
    return {**jwk_of(key_of(kit, name).public), **members}


# ---- whole sets -----------------------------------------------------------------------------------------------------


@of_key_set("J-20", MISTAKE, _UNKNOWN, _ANNOUNCED)
def key_set_that_was_swapped(document: bytes, kit: Kit) -> bytes:
    """The whole set was exchanged for another one, and the tokens are still signed with the old key.

    So an emergency looks, and so do conformance tests rotate. What was signed before is refused. Keep the old key
    listed for as long as what it signed is valid.
    """
    return changed(document, keys=[_key(kit, "foreign")])


@of_key_set("J-20", MISTAKE, _NONE)
def key_set_without_keys(document: bytes, _kit: Kit) -> bytes:
    """The set is empty.

    The old key was taken out before the new one was put in.
    """
    return changed(document, keys=[])


@of_key_set("J-20", MISTAKE, _ANNOUNCED)
def key_set_with_a_new_key_under_the_old_name(document: bytes, kit: Kit) -> bytes:
    """The set lists a new key under the name of the old one, and the tokens are still signed with that.

    Whoever holds a copy sees no reason to fetch it anew, and whoever does not is cut off. Give each new key a name
    of its own.
    """
    return changed(document, keys=[_key(kit, "foreign", kid=_kid(document))])


@of_key_set("J-20", MISTAKE, _UNKNOWN, _GENUINE)
def key_set_with_the_key_under_a_new_name(document: bytes, _kit: Kit) -> bytes:
    """The set lists the same key under another name than the tokens say.

    The name was made anew, of the certificate for example, and the issuer was not told.
    """
    return each_changed(document, kid="renamed")


@of_key_set("J-20", LEGITIMATE)
def key_set_with_the_next_key(document: bytes, kit: Kit) -> bytes:
    """The set lists the next key beside the one that signs.

    So a planned cutover begins. The token names its key, and is accepted.
    """
    return beside(document, _key(kit, "foreign"))


@of_key_set("J-20", LEGITIMATE, warns=())
def key_set_without_names(document: bytes, _kit: Kit) -> bytes:
    """The one key of the set has no name.

    The name in the token cannot speak against it, so it is used.
    """
    return each_without(document, "kid")


@of_key_set("J-06", MISTAKE, "several-keys-fit")
def key_set_with_one_name_for_two_keys(document: bytes, kit: Kit) -> bytes:
    """Two keys of the set bear the same name.

    Verifiers take the first, the last or each. A name that means two keys means none.
    """
    return beside(document, _key(kit, "foreign", kid=_kid(document), alg=read(document)["keys"][0].get("alg")))


@of_key_set("J-06", LEGITIMATE)
def key_set_with_the_same_key_twice(document: bytes, _kit: Kit) -> bytes:
    """The set lists the key twice.

    There is nothing to choose: both are one key.
    """
    return beside(document, read(document)["keys"][0])


@of_key_set("J-06", LEGITIMATE, needs=("curve",))
def key_set_with_a_decoy_of_another_type(document: bytes, kit: Kit) -> bytes:
    """A key on a curve bears the same name as the one that signs.

    The standard allows it, and conformance tests do it. `alg` says which of them is meant.
    """
    return beside(document, _key(kit, "curve", kid=_kid(document)))


@of_key_set("J-15", LEGITIMATE, needs=("curve",))
def key_set_with_many_others(document: bytes, kit: Kit) -> bytes:
    """Keys of every kind stand before the one that signs: on curves, for encryption, and of kinds that nobody knows.

    A reader that hands the whole set to a library at once may break off. The others are passed over. Each key is
    read by itself.
    """
    others = [
        _key(kit, "curve"),
        _key(kit, "foreign", use="enc", alg="RSA-OAEP-256", kid="encryption"),
        {"kty": "EC", "crv": "secp256k1", "x": _COORDINATE, "y": _COORDINATE, "kid": "bitcoin"},
        {"kty": "OKP", "crv": "X25519", "x": _COORDINATE, "use": "enc", "kid": "exchange"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": _COORDINATE, "kid": "after-quantum"},
    ]
    return beside(document, *others)


@of_key_set("J-15", LEGITIMATE)
def key_set_with_a_key_of_an_unknown_kind(document: bytes, _kit: Kit) -> bytes:
    """A key of a kind that nobody knows stands beside the one that signs.

    The standard wants it passed over. The key beside it is used as ever.
    """
    return beside(document, {"kty": "future", "kid": "future"})


@of_key_set("J-15", LEGITIMATE)
def key_set_with_an_unknown_curve(document: bytes, _kit: Kit) -> bytes:
    """A key on a curve that nobody knows stands beside the one that signs.

    A library was found that refuses the whole set for it, and with it every login.
    """
    return beside(document, {"kty": "EC", "crv": "P-999", "x": _COORDINATE, "y": _COORDINATE, "kid": "p-999"})


# ---- what cannot be read as a set -----------------------------------------------------------------------------------


@of_key_set("J-12", MISTAKE, "malformed-json", _NONE)
def page_in_the_place_of_a_key_set(_document: bytes, _kit: Kit) -> bytes:
    """A page comes where a key set is expected.

    A proxy answered, or the address is that of a document for people.
    """
    return b"<!doctype html><title>502 Bad Gateway</title>"


@of_key_set("J-12", MISTAKE, "empty-document", _NONE)
def nothing_in_the_place_of_a_key_set(_document: bytes, _kit: Kit) -> bytes:
    """The answer is empty where a key set is expected.

    The file was being written when it was served. A relying party with an older copy may go on with that.
    """
    return b""


@of_key_set("J-12", MISTAKE, "malformed-json", _NONE)
def key_set_that_is_cut_off(document: bytes, _kit: Kit) -> bytes:
    """The end of the set is missing.

    The connection broke off, and nobody compared the length.
    """
    return document[:-2]


@of_key_set("J-12", MISTAKE, "json-not-an-object", _NONE)
def key_set_that_is_a_list(document: bytes, _kit: Kit) -> bytes:
    """The keys come as a list, without the object around it.

    Some readers forgive it. The standard has a member `keys`.
    """
    return write(read(document)["keys"])


@of_key_set("J-12", MISTAKE, "not-a-key-set", _NONE)
def lone_key_in_the_place_of_a_key_set(document: bytes, _kit: Kit) -> bytes:
    """A single key comes where a set is expected.

    It is the answer of another address. A set holds even one key in its array.
    """
    return write(read(document)["keys"][0])


@of_key_set("J-12", MISTAKE, "not-a-key-set", _NONE)
def discovery_in_the_place_of_a_key_set(_document: bytes, kit: Kit) -> bytes:
    """The discovery document comes where the key set is expected.

    The wrong address was copied into the settings. Follow `jwks_uri` in it.
    """
    return write({"issuer": kit.address, "jwks_uri": f"{kit.address}/jwks"})


@of_key_set("J-12", MISTAKE, "not-a-key-set", _NONE)
def keys_in_an_object(document: bytes, _kit: Kit) -> bytes:
    """The member `keys` is an object with the names of the keys as members.

    Firebase and others publish certificates so. It is no key set. Ask the provider for its address of JWKS.
    """
    return changed(document, keys={_kid(document): read(document)["keys"][0]})


@of_key_set("J-12", ATTACK, "repeated-member", _NONE)
def keys_twice(document: bytes, kit: Kit) -> bytes:
    """The set has two members `keys`, the first with a key of a stranger.

    Some readers take the first and most take the last. No set with a member twice is read.
    """
    return b'{"keys":' + write([_key(kit, "foreign")]) + b"," + document[1:]


@of_key_set("J-12", ATTACK, "repeated-member", _NONE)
def modulus_twice(document: bytes, kit: Kit) -> bytes:
    """A key of the set has its modulus twice, that of a stranger first.

    One part of a program may show the one key, and another trust the other.
    """
    other = write({"n": _key(kit, "foreign").get("n", _COORDINATE)})[:-1]
    return document.replace(b'{"kty"', other + b', "n": "AQAB", "kty"', 1)


@of_key_set("J-11", ATTACK, "oversized-document", _NONE)
def key_set_of_hundreds_of_keys(document: bytes, _kit: Kit) -> bytes:
    """The set has three hundred keys.

    Each would be read, and tried where a token names none.
    """
    return changed(document, keys=read(document)["keys"] * 300)


@of_key_set("J-11", ATTACK, "oversized-document", _NONE)
def key_set_of_megabytes(document: bytes, _kit: Kit) -> bytes:
    """The set has two megabytes.

    No honest one is as large. It is refused before it is read.
    """
    return changed(document, note="x" * (2 << 20))
