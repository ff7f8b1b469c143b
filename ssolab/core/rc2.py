"""RC2 decryption (RFC 2268), because old PKCS#12 files hide their certificates behind 40 bits of it.

It protects nothing, and libraries have dropped it; it is here to read such files, never to write one.
"""

from __future__ import annotations

LONGEST = 1 << 18
"""Bytes. Decrypting a quarter of a megabyte in Python takes about a second."""

_BLOCK = 8
_ROTATIONS = (1, 2, 3, 5)
_PI = bytes.fromhex(
    "d978f9c419ddb5ed28e9fd794aa0d89dc67e37832b76538e624c6488448bfba2"
    "179a59f587b34f1361456d8d09817d32bd8f40eb86b77b0bf09521225c6b4e82"
    "54d66593ce60b21c7356c014a78cf1dc1275ca1f3bbee4d1423dd430a33cb626"
    "6fbf0eda4669075727f21d9bbc944303f811c7f690ef3ee706c3d52fc8661ed7"
    "08e8eade8052eef784aa72ac354d6a2a961ad2715a1549744b9fd05e0418a4ec"
    "c2e0416e0f51cbcc2491af50a1f47039997c3a8523b8b47afc02365b25559731"
    "2d5dfa98e38a92ae05df2910676cbac9d300e6cfe19ea82c6316013f58e289a9"
    "0d38341bab33ffb0bb480c5fb9b1cd2ec5f3db47e5a59c770aa62068fe7fc1ad"
)


def _expand(key: bytes) -> list[int]:
    """Expand a key whose effective length is its length (RFC 2268 2)."""
    table = bytearray(key.ljust(128, b"\0"))
    size = len(key)
    for at in range(size, 128):
        table[at] = _PI[(table[at - 1] + table[at - size]) & 0xFF]
    table[128 - size] = _PI[table[128 - size]]
    for at in range(127 - size, -1, -1):
        table[at] = _PI[table[at + 1] ^ table[at + size]]
    return [table[at] | table[at + 1] << 8 for at in range(0, 128, 2)]


def _decrypt_block(words: list[int], keys: list[int]) -> None:
    at = 63
    for rounds in (5, 6, 5):
        for _ in range(rounds):
            for i in (3, 2, 1, 0):
                turn = _ROTATIONS[i]
                word = (words[i] >> turn | words[i] << (16 - turn)) & 0xFFFF
                one, two, three = words[i - 1], words[i - 2], words[i - 3]
                words[i] = (word - keys[at] - (one & two) - (~one & three)) & 0xFFFF
                at -= 1
        if at > 0:
            for i in (3, 2, 1, 0):
                words[i] = (words[i] - keys[words[i - 1] & 63]) & 0xFFFF


def decrypt_cbc(key: bytes, vector: bytes, ciphertext: bytes) -> bytes:
    """Decrypt in CBC mode; the padding stays on.

    Raises:
        ValueError: the ciphertext is no row of blocks.
    """
    if len(ciphertext) % _BLOCK:
        raise ValueError("not a row of whole blocks")
    keys = _expand(key)
    previous = int.from_bytes(vector, "little")
    clear = bytearray()
    for at in range(0, len(ciphertext), _BLOCK):
        block = ciphertext[at : at + _BLOCK]
        words = [int.from_bytes(block[i : i + 2], "little") for i in range(0, _BLOCK, 2)]
        _decrypt_block(words, keys)
        value = words[0] | words[1] << 16 | words[2] << 32 | words[3] << 48
        clear += (value ^ previous).to_bytes(_BLOCK, "little")
        previous = int.from_bytes(block, "little")
    return bytes(clear)
