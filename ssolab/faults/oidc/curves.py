"""Faults of ECDSA signatures: numbers that no key makes, the wrong shape, and keys of another kind or curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric import utils

from ssolab.faults.oidc.making import (
    ATTACK,
    LEGITIMATE,
    MISTAKE,
    by,
    by_own,
    meant_for,
    of_token,
    taken_apart,
    trusting,
    written,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.faults.engine import Kit

_CURVE: Final[dict[str, Any]] = {"receiver": {"keys": trusting("own", "curve")}, "needs": ("curve",)}
_WIDTH: Final = 32
_ALONE: Final[dict[str, Any]] = {"receiver": {**_CURVE["receiver"], "access_token": None}, "needs": ("curve",)}
"""As above, where `alg` also says how the access token is hashed, which is another matter."""


def _on_the_curve(token: str, kit: Kit, change: Callable[[bytes], bytes], alg: str = "ES256") -> str:
    """Sign anew with the trusted key on P-256, and change what came of it."""
    header, payload, _ = taken_apart(token)
    key = kit.others["curve"]
    named = {**header, "alg": alg, "kid": trusting("curve")(kit)[0].kid}
    return written(named, payload, lambda data: change(by(key.private, "ES256")(data)))


@of_token("J-08", LEGITIMATE, **_CURVE)
def token_signed_on_a_curve(token: str, kit: Kit) -> str:
    """The token is signed with a trusted key on P-256, as the standard says.

    The others of its kind start from here. It is accepted. ES256 goes with this curve and no other.
    """
    return _on_the_curve(token, kit, lambda value: value)


@of_token("J-07", ATTACK, "zero-ecdsa-signature", cites="CVE-2022-21449", **_CURVE)
def ecdsa_signature_of_zeros(token: str, kit: Kit) -> str:
    """Both numbers of the signature are zero.

    Java once accepted it for every message and every key. No key makes such a signature.
    """
    return _on_the_curve(token, kit, lambda value: bytes(len(value)))


@of_token("J-07", ATTACK, "zero-ecdsa-signature", **_CURVE)
def ecdsa_signature_whose_first_number_is_zero(token: str, kit: Kit) -> str:
    """The first number of the signature is zero.

    The standard wants both to be at least one. It is the other half of the check that Java had left out.
    """
    return _on_the_curve(token, kit, lambda value: bytes(_WIDTH) + value[_WIDTH:])


@of_token("J-07", ATTACK, "zero-ecdsa-signature", **_CURVE)
def ecdsa_signature_whose_second_number_is_zero(token: str, kit: Kit) -> str:
    """The second number of the signature is zero.

    It has no inverse, which a careless verifier takes for zero as well.
    """
    return _on_the_curve(token, kit, lambda value: value[:_WIDTH] + bytes(_WIDTH))


@of_token("J-08", MISTAKE, "ecdsa-signature-shape", **_CURVE)
def ecdsa_signature_in_der(token: str, kit: Kit) -> str:
    """The signature is in DER, as crypto libraries give it.

    Tokens carry both numbers side by side. Verifiers that take either let one token come in two spellings.
    """

    def packed(value: bytes) -> bytes:
        return utils.encode_dss_signature(int.from_bytes(value[:_WIDTH]), int.from_bytes(value[_WIDTH:]))

    return _on_the_curve(token, kit, packed)


@of_token("J-08", MISTAKE, "ecdsa-signature-shape", **_CURVE)
def ecdsa_signature_that_is_cut_short(token: str, kit: Kit) -> str:
    """The last octet of the signature is missing.

    Both numbers are as wide as the curve, with zeros in front, and nothing is filled up.
    """
    return _on_the_curve(token, kit, lambda value: value[:-1])


@of_token("J-08", MISTAKE, "ecdsa-signature-shape", **_CURVE)
def ecdsa_signature_with_wider_numbers(token: str, kit: Kit) -> str:
    """Each number of the signature has a zero octet in front, as signed integers do.

    The value is the same and its spelling is another. One spelling counts. The width of the curve is the width of
    each number.
    """
    return _on_the_curve(token, kit, lambda value: b"\0" + value[:_WIDTH] + b"\0" + value[_WIDTH:])


@of_token("J-08", MISTAKE, "key-on-another-curve", "ecdsa-signature-shape", **_ALONE)
def algorithm_of_another_curve(token: str, kit: Kit) -> str:
    """The header says ES384, and the key is on P-256.

    Each algorithm goes with one curve, and its signatures have one width.
    """
    return _on_the_curve(token, kit, lambda value: value, "ES384")


@of_token("J-08", ATTACK, "key-on-another-curve", **_ALONE)
def algorithm_of_another_curve_with_a_signature_as_wide(token: str, kit: Kit) -> str:
    """The header says ES384 and the signature is as wide as that, and the key is on P-256.

    The curve of the key decides, and not the width of what came. Each algorithm goes with one curve alone.
    """
    return _on_the_curve(token, kit, lambda value: value + value[:_WIDTH], "ES384")


@of_token("J-02", MISTAKE, "key-of-another-type", "signed-by-another-key", **_CURVE)
def rsa_signature_under_the_name_of_a_key_on_a_curve(token: str, kit: Kit) -> str:
    """The token is signed with the RSA key and names the key on a curve.

    Two keys of one set were mixed up. The name decides which key is meant, and that one cannot have signed.
    """
    header, payload, _ = taken_apart(token)
    meant_for(str(header["alg"]), "RS", "PS", why="it takes an RSA key to mix it up")
    return written({**header, "kid": trusting("curve")(kit)[0].kid}, payload, by_own(kit, header))
