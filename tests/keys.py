"""The fixed test keys of keys.txt, built from their numbers: making an RSA key costs 50 to 150 ms, reading one nothing.

They are public knowledge. Known names: see keys.txt, or the KeyError that an unknown name raises.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from cryptography.hazmat.primitives.asymmetric import ec, rsa

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

F = TypeVar("F", bound="Callable[..., object]")
PUBLIC_EXPONENT: Final = 65537
CURVES: Final[Mapping[str, ec.EllipticCurve]] = {
    curve.name: curve for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())
}


def not_a_test(function: F) -> F:
    """Keep pytest from collecting a function whose name begins with `test_`."""
    vars(function)["__test__"] = False
    return function


@functools.cache
def _lines() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The lines of keys.txt by kind and name, without the two."""
    text = Path(__file__).with_name("keys.txt").read_text(encoding="ascii")
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    return {(kind, name): tuple(rest) for kind, name, *rest in rows}


def _line(kind: str, name: str) -> tuple[str, ...]:
    try:
        return _lines()[kind, name]
    except KeyError:
        known = ", ".join(known for of, known in _lines() if of == kind)
        raise KeyError(f"no {kind} test key {name!r}; there are {known}") from None


@functools.cache
def _rsa(name: str) -> rsa.RSAPrivateKey:
    p, q = (int(number, 16) for number in _line("rsa", name)[1:])
    d = pow(PUBLIC_EXPONENT, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(PUBLIC_EXPONENT, p * q)
    ).private_key(unsafe_skip_rsa_key_validation=True)


@not_a_test
def test_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:  # noqa: PT028 - no test, only called like one
    """The fixed RSA key *name*, which has to have that many bits.

    Raises:
        KeyError: there is no such key, or it has another size; the message says which there are.
    """
    key = _rsa(name)
    if key.key_size != bits:
        raise KeyError(f"the test key {name} has {key.key_size} bits, not {bits}")
    return key


@not_a_test
@functools.cache
def ec_test_key(name: str = "p256") -> ec.EllipticCurvePrivateKey:
    """The fixed EC key: p256, p256b or p384.

    Raises:
        KeyError: there is no such key; the message says which there are.
    """
    curve, value = _line("ec", name)
    return ec.derive_private_key(int(value, 16), CURVES[curve])
