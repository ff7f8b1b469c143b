"""Which host names and addresses can only mean this machine, or only a private network."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Say whether a host name or address can only mean this machine."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Say whether an IP address can be reached from anywhere: neither private nor local nor set aside.

    Raises:
        ValueError: the text is no IP address.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(found, "ipv4_mapped", None)
    return (found if inner is None else inner).is_global and not found.is_multicast
