"""Password-based decryption as key stores use it, with the cost of a guess bounded before anything is derived.

An iteration count is a number in a file: a hostile one keeps a computer busy for years. Every derivation therefore
draws on one budget for the whole file.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, algorithms, modes

from ssolab.core import der, rc2
from ssolab.core.certs import HASHES
from ssolab.core.findings import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_ROUNDS = 5_000_000
_ENDLESS = 1 << 64  # a number of thousands of digits could not even be printed
_PBES2 = "1.2.840.113549.1.5.13"
_PBKDF2 = "1.2.840.113549.1.5.12"
_SCRYPT = "1.3.6.1.4.1.11591.4.11"
_PBMAC1 = "1.2.840.113549.1.5.14"
_PKCS12_SHA1 = "1.2.840.113549.1.12.1."  # and a number: RFC 7292, appendix C
_HMACS = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_CIPHERS: dict[str, tuple[Callable[[bytes], BlockCipherAlgorithm], int]] = {
    "2.16.840.1.101.3.4.1.2": (algorithms.AES, 16),
    "2.16.840.1.101.3.4.1.22": (algorithms.AES, 24),
    "2.16.840.1.101.3.4.1.42": (algorithms.AES, 32),
    "1.2.840.113549.3.7": (TripleDES, 24),
}
_ENCRYPTION, _IV, _MAC = 1, 2, 3  # what the derived bytes are for, RFC 7292 B.3


@dataclass
class Budget:
    """How many rounds of hashing a file may still cost; *name* is how errors call the file."""

    name: str
    left: int = MOST_ROUNDS

    def spend(self, rounds: int) -> int:
        """Take *rounds* off.

        Raises:
            InputError: there are not that many left, or the count is no count.
        """
        if not 0 < rounds <= self.left:
            problem = f"its keys ask for {rounds} rounds of hashing"
            raise InputError(self.name, problem, f"the limit for one store is {MOST_ROUNDS}; export it with fewer")
        self.left -= rounds
        return rounds


def decrypt(algorithm: der.Element, ciphertext: bytes, password: str, budget: Budget) -> bytes:
    """Decrypt what an AlgorithmIdentifier of password-based encryption describes.

    Raises:
        InputError: the algorithm is not supported, or the count is beyond the budget.
        ValueError: the parameters are malformed, or the password is wrong as far as the padding shows.
    """
    oid, parameters = algorithm.parts(2)
    dotted = der.read_oid(oid)
    if dotted == _PBES2:
        return _pbes2(parameters, ciphertext, password, budget)
    if dotted.startswith(_PKCS12_SHA1):
        return _pbes1(dotted.removeprefix(_PKCS12_SHA1), parameters, ciphertext, password, budget)
    raise _unsupported(dotted, budget)


def claimed_rounds(encrypted: bytes) -> int:
    """Say how many rounds an EncryptedPrivateKeyInfo asks for (RFC 5958 3); 1 for everything else.

    A block of scrypt (RFC 7914 2) costs time and memory like many rounds of hashing, and counts for four.
    """
    try:
        algorithm, _ = der.read_all(encrypted).expect(der.SEQUENCE).parts(2)
        oid, parameters = algorithm.parts(2)
        if der.read_oid(oid) == _PBES2:
            derivation, _ = parameters.parts(2)
            oid, parameters = derivation.parts(2)
        _, *numbers = parameters
        if der.read_oid(oid) == _SCRYPT:
            return min(4 * math.prod(map(der.read_integer, numbers[:3])), _ENDLESS)
        return min(der.read_integer(numbers[0]), _ENDLESS)
    except (ValueError, IndexError):
        return 1


def _unsupported(dotted: str, budget: Budget) -> InputError:
    remedy = "export the store again with AES"
    return InputError(budget.name, f"it is encrypted in a way that is not supported ({dotted})", remedy)


def _pbes2(parameters: der.Element, ciphertext: bytes, password: str, budget: Budget) -> bytes:
    derivation, scheme = parameters.parts(2)
    oid, vector = scheme.parts(2)
    dotted = der.read_oid(oid)
    if dotted not in _CIPHERS:
        raise _unsupported(dotted, budget)
    cipher, size = _CIPHERS[dotted]
    key = pbkdf2(derivation, password, size, budget)
    return _cbc(cipher(key), vector.expect(der.OCTET_STRING).content, ciphertext)


def pbkdf2(derivation: der.Element, password: str, size: int, budget: Budget) -> bytes:
    """Derive *size* bytes as a PBKDF2 AlgorithmIdentifier says (RFC 8018 A.2).

    Raises:
        InputError: the algorithm is not supported, or the count is beyond the budget.
        ValueError: the parameters are malformed.
    """
    oid, parameters = derivation.parts(2)
    if (dotted := der.read_oid(oid)) != _PBKDF2:
        raise _unsupported(dotted, budget)
    salt, count, *rest = parameters
    hashed = "sha1"
    for part in rest:
        if part.tag == der.SEQUENCE:
            named = der.read_oid(part.first())
            if named not in _HMACS:
                raise _unsupported(named, budget)
            hashed = _HMACS[named]
    rounds = budget.spend(der.read_integer(count))
    salted = salt.expect(der.OCTET_STRING).content
    return hashlib.pbkdf2_hmac(hashed, _utf8(password), salted, rounds, size)


def _utf8(password: str) -> bytes:
    """Encode a password, also one that came from an environment in another encoding; an error would quote it."""
    try:
        return password.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return password.encode("utf-8", "surrogatepass")


def _pbes1(number: str, parameters: der.Element, ciphertext: bytes, password: str, budget: Budget) -> bytes:
    sizes = {"3": 24, "4": 16, "5": 16, "6": 5}
    if number not in sizes:
        raise _unsupported(_PKCS12_SHA1 + number, budget)
    salt, count = parameters.parts(2)
    rounds = der.read_integer(count)

    def derived(purpose: int, size: int) -> bytes:
        return pkcs12_derive("sha1", password, salt.content, rounds, purpose, size, budget)

    key, vector = derived(_ENCRYPTION, sizes[number]), derived(_IV, 8)
    if number in {"3", "4"}:
        return _cbc(TripleDES(key + key[:8] if number == "4" else key), vector, ciphertext)
    if len(ciphertext) > rc2.LONGEST:
        raise InputError(budget.name, f"{len(ciphertext)} bytes encrypted with RC2", "export the store again with AES")
    return _unpadded(rc2.decrypt_cbc(key, vector, ciphertext), 8)


def pkcs12_derive(  # noqa: PLR0913, PLR0917 -- the parameters of RFC 7292 B.2
    hashed: str, password: str, salt: bytes, rounds: int, purpose: int, size: int, budget: Budget
) -> bytes:
    """Derive *size* bytes from a password as PKCS#12 does (RFC 7292 B.2).

    Raises:
        InputError: the count is beyond the budget.
    """
    block = hashlib.new(hashed).block_size
    text = password.encode("utf-16-be", "surrogatepass") + b"\0\0"
    stretched = b"".join(_repeat(part, block) for part in (salt, text))
    result = b""
    while len(result) < size:
        budget.spend(rounds)
        digest = hashlib.new(hashed, bytes((purpose,)) * block + stretched).digest()
        for _ in range(rounds - 1):
            digest = hashlib.new(hashed, digest).digest()
        result += digest
        addend = int.from_bytes(_repeat(digest, block)[:block]) + 1
        stretched = b"".join(
            ((int.from_bytes(stretched[at : at + block]) + addend) % (1 << 8 * block)).to_bytes(block)
            for at in range(0, len(stretched), block)
        )
    return result[:size]


def _repeat(part: bytes, block: int) -> bytes:
    if not part:
        return b""
    size = -(-len(part) // block) * block
    return (part * (size // len(part) + 1))[:size]


def mac_fits(info: der.Element, salt: bytes, rounds: int, content: bytes, password: str, budget: Budget) -> bool:  # noqa: PLR0913, PLR0917 -- the fields of MacData
    """Say whether the MAC of a PKCS#12 file fits its content (RFC 7292 4, RFC 9579 3).

    Raises:
        InputError: the algorithm is not supported, or the count is beyond the budget.
        ValueError: the structure is malformed.
    """
    algorithm, expected = info.parts(2)
    oid, *parameters = algorithm
    dotted = der.read_oid(oid)
    if dotted == _PBMAC1 and parameters:
        derivation, scheme = parameters[0].parts(2)
        named = der.read_oid(scheme.first())
        if named not in _HMACS:
            raise _unsupported(named, budget)
        hashed = _HMACS[named]
        key = pbkdf2(derivation, password, hashlib.new(hashed).digest_size, budget)
    elif dotted in HASHES:
        hashed = HASHES[dotted]
        key = pkcs12_derive(hashed, password, salt, rounds, _MAC, hashlib.new(hashed).digest_size, budget)
    else:
        raise _unsupported(dotted, budget)
    return hmac.compare_digest(hmac.digest(key, content, hashed), expected.content)


def triple_des(key: bytes, vector: bytes, ciphertext: bytes) -> bytes:
    """Decrypt triple DES in CBC mode and take the padding off.

    Raises:
        ValueError: the padding is none, as after a wrong password.
    """
    return _cbc(TripleDES(key), vector, ciphertext)


def _cbc(cipher: BlockCipherAlgorithm, vector: bytes, ciphertext: bytes) -> bytes:
    decryptor = Cipher(cipher, modes.CBC(vector)).decryptor()
    return _unpadded(decryptor.update(ciphertext) + decryptor.finalize(), cipher.block_size // 8)


def _unpadded(padded: bytes, block: int) -> bytes:
    count = padded[-1] if padded else 0
    if not 0 < count <= block or padded[-count:] != bytes((count,)) * count:
        raise ValueError("the padding is wrong")
    return padded[:-count]
