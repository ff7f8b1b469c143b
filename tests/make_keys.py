"""Writes tests/keys.txt anew. Run it only to change the test keys: the sample lab and golden files hang on them."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa

HEADER = """\
# PUBLIC KNOWLEDGE. Private keys for the tests of ssolab, published on purpose.
# Anybody can sign with them. Never use one of them, or a certificate over one of them, for anything real.
#
# One key a line, numbers in hexadecimal:  rsa NAME BITS P Q   (public exponent 65537)   or   ec NAME CURVE D
# Written by tests/make_keys.py; read by tests/keys.py.
"""
PARTIES = ("proxy", "sso_2027", "greenmoor", "entra", "adfs", "okta", "pingone", "shib", "google")
ROLES = ("idp", "sp", "old", "new", "other", "foreign")
EC = (("p256", ec.SECP256R1()), ("p256b", ec.SECP256R1()), ("p384", ec.SECP384R1()))


def rsa_line(name: str, bits: int) -> str:
    numbers = rsa.generate_private_key(65537, bits).private_numbers()
    return f"rsa {name} {bits} {numbers.p:x} {numbers.q:x}"


def ec_line(name: str, curve: ec.EllipticCurve) -> str:
    return f"ec {name} {curve.name} {ec.generate_private_key(curve).private_numbers().private_value:x}"


def main() -> None:
    lines = [rsa_line(name, 2048) for name in (*PARTIES, *ROLES)]
    lines += [rsa_line("legacy", 1024), rsa_line("large", 4096)]
    lines += [ec_line(name, curve) for name, curve in EC]
    Path(__file__).with_name("keys.txt").write_text(HEADER + "\n" + "\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
