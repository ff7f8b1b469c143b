"""What lies between a relying party and its provider in a rehearsal: edges that lag, failing answers, passing time."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.cutover.rotation import Trouble
from ssolab.oidc.keyring import KeyRing
from ssolab.web.outgoing import Told

if TYPE_CHECKING:
    from datetime import datetime

    from ssolab.cutover.token_scene import Address, KeySetReader, TokenScene
    from ssolab.oidc.parties import Provider
    from ssolab.web.lab import Lab
    from ssolab.web.outgoing import Call

ERROR_PAGE: Final = b"<!doctype html><title>One moment please</title><p>We are back soon."
"""What stands at the address of a key set in place of one."""


class Network:
    """What lies between the relying party and the provider: edges that lag, an address that fails, time that passes."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.as_of: datetime = lab.now()
        """What the edge that answers the next request knows of."""
        self._straight = lab.openid_rp.send
        self._edges: dict[object, Told] = {}
        self._address: Address | None = None
        self._scene: TokenScene | None = None
        self._provider: Provider | None = None
        lab.openid_rp.send = self._send

    def carries(self, scene: TokenScene, provider: Provider) -> None:
        """Carry the messages of a scene from now on."""
        self._scene, self._provider = scene, provider
        if scene.reader is not None:
            address = scene.reader.address
            if address is not self._address:
                self._address = address
                self._edges.clear()
            self.lab.openid.key_set = lambda: address.document(self.as_of)

    def _send(self, call: Call) -> Told:
        scene, provider = self._scene, self._provider
        assert scene is not None  # noqa: S101  nothing is sent before a scene is set
        assert provider is not None  # noqa: S101  ditto
        if call.address == provider.endpoints.jwks and scene.reader is not None:
            return self._key_set(call, scene.reader)
        if call.address != provider.endpoints.token:
            return self._at_an_edge(call, (provider.issuer, provider.flavour, scene.alg))
        if not scene.flow.signed_by_asserting:  # the client's message is on its way
            self.lab.clock.set(scene.at)
            return self._straight(call)
        told = self._straight(call)
        self.lab.clock.set(scene.at)  # the provider's is
        self.lab.openid.reconfigure(replace(provider, keys=KeyRing()))  # nobody knows the keys by sight meanwhile
        return told

    def _at_an_edge(self, call: Call, version: object) -> Told:
        """Have a document answered by an edge, which asks the provider once for each version of it."""
        key = call.address, version
        if key not in self._edges:
            self._edges[key] = self._straight(call)
        return self._edges[key]

    def _key_set(self, call: Call, reader: KeySetReader) -> Told:
        trouble = reader.address.trouble(self.lab.now())
        if trouble is Trouble.DOWN:
            return Told(status=503, headers={}, body=b"")
        if trouble is Trouble.ERROR_PAGE:
            return Told(status=200, headers={"content-type": "text/html"}, body=ERROR_PAGE)
        told, age = self._at_an_edge(call, reader.address.changed(self.as_of)), reader.address.max_age
        kept = {} if age is None else {"cache-control": f"public, max-age={math.ceil(age.total_seconds())}"}
        return replace(told, headers={**told.headers, "cache-control": "", **kept})
