"""Our OpenID provider on a real port, its keys, and a login there as clients that are programs of their own see it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ssolab.oidc.keyring import KeyState, LifeKey
from ssolab.oidc.parties import Client
from tests.interop.pair import AMIRA, credential
from tests.interop.served import served_idp
from tests.interop.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssolab.core.jose import JosePrivateKey
    from ssolab.oidc.keyring import KeyRing
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from tests.interop.visitor import Page

OLD, NEW = "idp", "new"
SCOPE: Final = "openid email"
CLIENT_ID, SECRET = "a-client", "the-secret-of-a-client"
NOWHERE = "http://127.0.0.1:9/back"
"""The address of clients that are programs without one: nobody listens there, and nobody goes there."""


@dataclass(frozen=True)
class ServedProvider:
    """Our provider, running; it begins with the old key alone."""

    lab: Lab

    @property
    def issuer(self) -> str:
        """Its name, which is its address."""
        return self.lab.openid.provider.issuer

    def know(self, redirect_uri: str = NOWHERE, **settings: Any) -> Client:
        """Register the one client of these tests."""
        client = Client(client_id=CLIENT_ID, redirect_uris=(redirect_uri,), **{"secret": SECRET, **settings})
        self.lab.openid.register(client)
        return client

    def become(self, **settings: Any) -> None:
        """Change settings of the provider."""
        self.lab.openid.reconfigure(replace(self.lab.openid.provider, **settings))

    @property
    def judged(self) -> Entry:
        """What it thought of the last thing that it was asked for."""
        return next(each for each in reversed(self.lab.journal.entries()) if each.accepted is not None)

    def log_in(self, url: str, redirect_uri: str = NOWHERE) -> str:
        """Amira goes where a client sent her and says who she is; the address is where the provider sends her then."""
        visitor = Visitor.stopping_at(redirect_uri)
        page = visitor.open(url)
        return page.leads_to or visitor.submit(page, username=AMIRA.username).leads_to

    def log_out(self, url: str, redirect_uri: str = NOWHERE) -> str:
        """Amira goes where a client sent her to log out; the address is where the provider sends her then."""
        return Visitor.stopping_at(redirect_uri).open(url).leads_to

    def leave(self, visitor: Visitor) -> Page:
        """Somebody logs out here and says that this is meant; gives our page."""
        return visitor.submit(visitor.open(self.lab.openid.provider.endpoints.end_session), leave="yes")

    def logged_in(self) -> tuple[str, ...]:
        """Who is logged in here, a name for each session."""
        return tuple(each.username for each in self.lab.openid.sessions)

    # --- the life of its keys ---

    def later(self, seconds: float) -> None:
        """Move its clock on."""
        self.lab.clock.advance(timedelta(seconds=seconds))

    def publish(self, name: str = NEW) -> None:
        """Publish a key, the new one."""
        now = self.lab.now()
        key = LifeKey.of(credential(name).private, now, label=name)
        self._move(lambda ring: ring.added(key).published(key.kid, now))

    def sign_also(self, private: JosePrivateKey, alg: str, *, kid: str | None = None) -> None:
        """Have a key for another algorithm, published and in use."""
        key = LifeKey.of(private, self.lab.now(), alg=alg, kid=kid, state=KeyState.ACTIVE)
        self._move(lambda ring: ring.added(key))

    def swap(self, name: str = NEW) -> None:
        """Sign with a published key, the new one."""
        self._move(lambda ring: ring.swapped(_kid(ring, name), self.lab.now()))

    def unpublish(self, name: str = OLD) -> None:
        """Publish a key no longer, the old one."""
        self._move(lambda ring: ring.unpublished(_kid(ring, name), self.lab.now()))

    def rotation(self) -> Iterator[str]:
        """Rotate from the old key to the new; gives each moment by name, and whoever waits does so in between."""
        yield "before"
        self.publish()
        yield "published"
        self.swap()
        yield "swapped"
        self.unpublish()
        yield "unpublished"

    def swap_at_once(self) -> None:
        """Publish the new key in the moment in which it begins to sign, and the old one no longer: what not to do."""
        self.publish()
        self.swap()
        self.unpublish()

    @property
    def signs_with(self) -> str:
        """The kid of the key that signs."""
        return self.lab.openid.provider.keys.signing("RS256").kid

    def _move(self, move: Callable[[KeyRing], KeyRing]) -> None:
        self.lab.openid.move_keys(move)


def _kid(ring: KeyRing, name: str) -> str:
    private = credential(name).private
    wanted = private.public_key()
    return next(key.kid for key in ring.keys if key.private.public_key() == wanted)


@contextlib.contextmanager
def served_provider() -> Iterator[ServedProvider]:
    """Run our provider until the block ends."""
    with served_idp() as idp:
        yield ServedProvider(idp.running.lab)
