from __future__ import annotations

import contextlib
import hashlib
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssolab.core.findings import SsolabError
from ssolab.core.javaserial import object_end
from ssolab.core.keystores import open_store
from ssolab.core.names import name_of
from ssolab.core.selfsigned import self_signed
from tests.keys import test_key

# What keytool 17 wrote for a throw-away AES key in a JCEKS: a SealedObjectForKeyProtector.
SEALED = bytes.fromhex(
    "aced000573720033636f6d2e73756e2e63727970746f2e70726f76696465722e5365616c65644f626a656374466f724b6579"
    "50726f746563746f72cd57ca59e730bb53020000787200196a617661782e63727970746f2e5365616c65644f626a6563743e"
    "363da6c3b754700200045b000d656e636f646564506172616d737400025b425b0010656e63727970746564436f6e74656e74"
    "71007e00024c0009706172616d73416c677400124c6a6176612f6c616e672f537472696e673b4c00077365616c416c677100"
    "7e00037870757200025b42acf317f8060854e0020000787000000011300f0408609639dbeb5c0a010203030d407571007e00"
    "0500000090d8dda103fb7fea92c6acf72fd526913852f79fba66d2e98dc2326cfbafc23430a080a3467f4918a0bd271c7e94"
    "c716054bfe13fd62b8c3fe2113631d47082d0b19624c0837647681b48c8eb9b805b788c5bae2b72053f42d8cddb5aa898b24"
    "cd9c7b1f18c3119dc27cc626501b2b82faaee18036568f447b391b454ed9492b976ba8dd7c0c418c432e27f25ba24e747674"
    "0016504245576974684d4435416e64547269706c65444553740016504245576974684d4435416e64547269706c65444553"
)
CERTIFICATE = self_signed(
    private=test_key("old"),
    subject=name_of([("CN", "behind")]),
    serial=1,
    not_before=datetime(2027, 1, 4, tzinfo=UTC),
    not_after=datetime(2028, 1, 4, tzinfo=UTC),
)


def store_of(sealed: bytes) -> bytes:
    """A JCEKS of a secret key and, behind it, a certificate."""
    secret = struct.pack(">I", 3) + b"\0\6secret" + bytes(8) + sealed
    certificate = b"\0\5X.509" + struct.pack(">I", len(CERTIFICATE.der)) + CERTIFICATE.der
    trusted = struct.pack(">I", 2) + b"\0\6behind" + bytes(8) + certificate
    content = b"\xce\xce\xce\xce" + struct.pack(">II", 2, 2) + secret + trusted
    key = "password".encode("utf-16-be") + b"Mighty Aphrodite"
    return content + hashlib.sha1(key + content).digest()  # noqa: S324 -- the format's own


def test_the_end_of_an_object_is_found_with_anything_behind_it() -> None:
    assert object_end(b"before" + SEALED + b"after", 6) == 6 + len(SEALED)


def test_what_stands_behind_a_secret_key_is_read() -> None:
    secret, behind = open_store(store_of(SEALED), "x", "password").entries
    assert (secret.alias, secret.holds_key) == ("secret", False)
    assert "was skipped" in secret.note
    assert behind.certificates == (CERTIFICATE,)


# From the grammar of the specification, chapter 6.4.2: handles count from 7e0000 in order of appearance.
PLAIN = "737200014100000000000000000200"  # new object, class A, serial version 0, serialisable
PRIMITIVES = "".join(f"{ord(kind):02x} 0001 61 " for kind in "BCDFIJSZ")
OBJECTS = {
    "nothing": "70",
    "text": "74 0003 616263",
    "an object of every primitive": f"{PLAIN} 08 {PRIMITIVES} 78 70" + "00" * (1 + 2 + 8 + 4 + 4 + 8 + 2 + 1),
    "an array of texts": "75 72 0002 5b41 0000000000000000 02 0000 78 70 00000002 74 0001 78 71 007e0001",
    "an object that writes more": "73 72 0001 41 0000000000000000 03 0000 78 70 77 03 010203 74 0001 78 78",
    "an object with a parent": "73 72 0001 42 0000000000000000 02 0000 78 72 0001 41 0000000000000000 02 0000 78 70",
}


@pytest.mark.parametrize("encoded", OBJECTS.values(), ids=OBJECTS)
def test_every_form_of_the_grammar_is_walked(encoded: str) -> None:
    data = bytes.fromhex("aced0005" + encoded)
    assert object_end(data + b"rest", 0) == len(data)
    for length in range(4, len(data)):
        with pytest.raises(ValueError, match="serialised object"):
            object_end(data[:length], 0)


@pytest.mark.parametrize(
    ("encoded", "complaint"),
    [
        ("", "cut off"),
        ("76", "unknown form"),
        ("7371007e0009", "refers to nothing"),
        ("7376", "unknown class"),
        ("72", "unknown form"),
        (PLAIN + "00", "cut off"),
        ("737200014100000000000000000200ffff", "too many fields"),
        ("73" + "72 0001 41 0000000000000000 02 0000 78" * 40, "deep"),
        ("757200025b410000000000000000020000787000000001" * 40, "deep"),
        ("75 72 0002 5b42 0000000000000000 02 0000 78 70 7fffffff", "cut off"),
        ("75 72 0002 5b4c 0000000000000000 02 0000 78 70 7fffffff" + "70" * 2000, "too many values"),
    ],
)
def test_what_is_no_object_is_refused(encoded: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        object_end(bytes.fromhex("aced0005" + encoded), 0)
    with pytest.raises(ValueError, match="no serialised object"):
        object_end(b"junk", 0)


@settings(max_examples=200, deadline=None)
@given(st.integers(4, len(SEALED) - 1), st.integers(1, 255))
def test_a_damaged_object_ends_in_our_errors_only(place: int, flip: int) -> None:
    damaged = bytearray(SEALED)
    damaged[place] ^= flip
    with contextlib.suppress(SsolabError):
        assert open_store(store_of(bytes(damaged)), "x", "password").kind == "JCEKS"
