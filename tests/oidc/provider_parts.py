"""A provider and a client for tests of what is pure about them."""

from __future__ import annotations

from typing import Any, Final

from ssolab.oidc.keyring import KeyRing, KeyState, LifeKey
from ssolab.oidc.parties import Client, Provider, endpoints_at
from tests.keys import test_key
from tests.web.parts import NOW

ISSUER: Final = "https://op.example"
CALLBACK: Final = "https://shop.example/cb"
SHOP: Final = Client(client_id="shop", secret="secret", redirect_uris=(CALLBACK,))


def life_key(name: str = "idp", state: KeyState = KeyState.ACTIVE, **more: Any) -> LifeKey:
    """A key of the tests, under its name."""
    return LifeKey.of(test_key(name), NOW, **({"kid": name, "state": state} | more))


def provider(*keys: LifeKey, **changes: Any) -> Provider:
    """A provider that signs with these keys."""
    usual: dict[str, Any] = {
        "issuer": ISSUER,
        "endpoints": endpoints_at(ISSUER),
        "keys": KeyRing(keys or (life_key(),)),
    }
    return Provider(**(usual | changes))
