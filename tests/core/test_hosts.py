from __future__ import annotations

import pytest

from ssolab.core.hosts import is_public

PRIVATE = ("10.0.0.1", "127.0.0.1", "224.0.0.1", "::1", "fe80::1%eth0", "100.64.0.1", "fc00::1", "::ffff:10.0.0.1")


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_local_and_set_aside_addresses_are_not(address: str) -> None:
    assert not is_public(address)


def test_what_is_no_address_is_neither() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        is_public("example.org")
