"""Why a key does not move from where it is in its life, and why nothing can be signed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssolab.core.catalog import barrier
from ssolab.core.findings import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ssolab.oidc.life import LifeKey

_SHOWN = 80


@barrier(cites="OIDCCore 10.1.1")
def key_move_impossible(key: LifeKey, because: str, remedy: str) -> ConfigError:
    """There is no such move from where the key is in its life.

    A key is generated, published, active, draining and removed, in this order, and may be compromised from anywhere. It
    signs only while others can find it, and is never taken away while it signs. Make the move that is missing first.
    """
    return ConfigError(f"key {key.label}", f"is {key.state}: {because}", remedy)


@barrier(cites="OIDCCore 10.1.1")
def unknown_key(kid: str, there: Iterable[str]) -> ConfigError:
    """No key of that name is there.

    Keys are called by their kid, which is the RFC 7638 thumbprint unless somebody named them otherwise. Ask for the
    list of them, and mind that case counts.
    """
    known = ", ".join(there) or "none"
    return ConfigError(f"key {kid[:_SHOWN]}", "there is no such key", f"the ring has: {known}")


@barrier(cites="OIDCCore 10.1.1")
def no_active_key(family: str, active: Iterable[str]) -> ConfigError:
    """None of the keys that could sign this is active.

    That is so after the active one was compromised, or where a client asks for an algorithm of which there is no key.
    Publish a key of that kind and swap to it.
    """
    known = ", ".join(active) or "none"
    remedy = f"swap to a published key of that family; active now: {known}"
    return ConfigError(f"keys for {family}", "none of them is active, so nothing can be signed", remedy)
