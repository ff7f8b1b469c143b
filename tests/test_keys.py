from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from tests.keys import ec_test_key, test_key

ROOT = Path(__file__).resolve().parents[1]
KEYS = (ROOT / "tests" / "keys.txt").read_text("ascii")
ROWS = [line.split() for line in KEYS.splitlines() if line and not line.startswith("#")]


def test_the_keys_say_that_they_are_public_knowledge() -> None:
    assert KEYS.startswith("# PUBLIC KNOWLEDGE.")
    assert "Never use one of them" in KEYS


@pytest.mark.parametrize("name", [row[1] for row in ROWS if row[0] == "rsa"])
def test_every_rsa_key_signs_what_its_public_half_verifies(name: str) -> None:
    bits = next(int(row[2]) for row in ROWS if row[1] == name)
    key = test_key(name, bits)
    assert key.key_size == bits
    signature = key.sign(b"data", padding.PKCS1v15(), hashes.SHA256())
    key.public_key().verify(signature, b"data", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("name", [row[1] for row in ROWS if row[0] == "ec"])
def test_every_ec_key_signs_what_its_public_half_verifies(name: str) -> None:
    key = ec_test_key(name)
    signature = key.sign(b"data", ec.ECDSA(hashes.SHA256()))
    key.public_key().verify(signature, b"data", ec.ECDSA(hashes.SHA256()))


def test_no_two_keys_are_the_same_and_each_is_made_once() -> None:
    assert len({row[-1] for row in ROWS}) == len({row[1] for row in ROWS}) == len(ROWS)
    assert test_key("idp") is test_key("idp")


def test_an_unknown_key_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="there are proxy, sso_2027"):
        test_key("nobody")
    with pytest.raises(KeyError, match="has 1024 bits, not 2048"):
        test_key("legacy")
    with pytest.raises(KeyError, match="p256"):
        ec_test_key("nobody")


def test_no_committed_file_holds_a_private_key() -> None:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is no git checkout")
    block = re.compile(rb"^-----BEGIN [A-Z ]*PRIVATE KEY-----\s*\n[A-Za-z0-9+/=]{40}", re.MULTILINE)
    found = [
        name
        for name in done.stdout.split("\0")
        if name and (ROOT / name).is_file() and block.search((ROOT / name).read_bytes())
    ]
    assert found == []
