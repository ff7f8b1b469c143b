"""What the mock relying party of OpenID Connect remembers: its settings, open logins, sessions, and its copy of keys.

Settings are frozen values that are replaced whole. A lab that says nothing of OpenID has one all the same: it is the
client of the lab's own provider that belongs to the relying party.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, cast

from ssolab.core.jwk import TrustedJwk
from ssolab.oidc.caching import Cache
from ssolab.oidc.keyring import KeyState
from ssolab.oidc.redeeming import HttpAnswer
from ssolab.oidc.relying import JwksTrust, PinnedTrust, RelyingClient
from ssolab.oidc.returning import provider_unanswered
from ssolab.web.memory import Memory, Seen
from ssolab.web.outgoing import Call, Told, send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ssolab.oidc.asking import Asked
    from ssolab.oidc.parties import Client
    from ssolab.oidc.relying import AuthMethod
    from ssolab.web.op_start import OwnClient
    from ssolab.web.openid import OpenidState

MAX_ANSWER: Final = 1 << 20
"""Bytes of any answer of a provider: more than any honest one has."""
_MOST_SESSIONS: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingSession:
    """A login at the relying party: by whom, in which session of the provider, and what it holds of it.

    `key` names it to the lab's own pages. None of the tokens ever shows in its text.
    """

    key: str
    issuer: str
    subject: str
    sid: str | None
    since: datetime
    claims: Mapping[str, Any]
    id_token: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A logout that waits for the provider to send the browser back."""

    subject: str
    go_to: str = "/"


class RelyingState:
    """The state of one relying party. Every part keeps its own lock."""

    def __init__(self, begin: Callable[[], RelyingClient]) -> None:
        self._begin = begin
        self._lock = threading.RLock()
        self._client: RelyingClient | None = None
        self.send: Callable[[Call], Told] = ask
        """Takes a request to the provider and gives its answer."""
        self.keys: Cache[TrustedJwk] = Cache()
        """The copy of the provider's keys."""
        self.looking = threading.Lock()
        """Held while the copy is looked at and perhaps replaced, so that two logins do not fetch it twice."""
        self.open: Memory[Asked] = Memory()
        """Logins that were begun, by their state."""
        self.leaving: Memory[Leaving] = Memory()
        """Logouts that were begun, by their state."""
        self.seen = Seen()
        """Logout tokens by (issuer, jti) until they could not be accepted anyway."""
        self._sessions: OrderedDict[str, RelyingSession] = OrderedDict()

    @property
    def client(self) -> RelyingClient:
        """The settings now."""
        with self._lock:
            if self._client is None:
                self._client = self._begin()
            return self._client

    def reconfigure(self, client: RelyingClient) -> None:
        """Replace the settings; sessions and open logins stay, and the copy of the keys unless others count."""
        with self._lock:
            if self._client is not None and (client.trust, client.issuer) != (self._client.trust, self._client.issuer):
                self.keys = Cache()
            self._client = client

    def restart(self) -> None:
        """Forget the copy of the keys, as a process that starts anew."""
        with self.looking:
            self.keys = Cache()

    def begin(self, session: RelyingSession) -> None:
        """Keep a session."""
        with self._lock:
            self._sessions[session.key] = session
            if len(self._sessions) > _MOST_SESSIONS:
                self._sessions.popitem(last=False)

    @property
    def sessions(self) -> tuple[RelyingSession, ...]:
        """The sessions that have not ended, the oldest first."""
        with self._lock:
            return tuple(self._sessions.values())

    def session(self, key: str | None) -> RelyingSession | None:
        """Find a session by its key; without one, the newest."""
        with self._lock:
            return self._sessions.get(key) if key else next(reversed(self._sessions.values()), None)

    def renew(self, session: RelyingSession, **changes: Any) -> RelyingSession:
        """Replace what a session holds."""
        with self._lock:
            renewed = replace(session, **changes)
            if session.key in self._sessions:
                self._sessions[session.key] = renewed
            return renewed

    def end(self, issuer: str, *, sid: str | None, subject: str | None) -> tuple[RelyingSession, ...]:
        """End the sessions of a provider that are *sid*, or those of *subject* where no sid is named."""
        with self._lock:
            found = tuple(
                each
                for each in self._sessions.values()
                if each.issuer == issuer
                and (each.sid == sid if sid is not None else subject is not None)
                and (subject is None or each.subject == subject)
            )
            for each in found:
                del self._sessions[each.key]
            return found

    def end_one(self, session: RelyingSession) -> bool:
        """End a session, and say whether it was still there."""
        with self._lock:
            return self._sessions.pop(session.key, None) is not None

    def clear(self) -> None:
        """Forget all that happened; settings and the copy of the keys stay."""
        with self._lock:
            self._sessions.clear()
        for each in (self.open, self.leaving, self.seen):
            each.clear()


def ask(call: Call) -> Told:
    """Send a request to a provider by HTTP.

    Raises:
        InputError: there is no answer.
    """
    return send(call, provider_unanswered, limit=MAX_ANSWER)


def answered(told: Told) -> HttpAnswer:
    """Hand an answer to those who read it."""
    shown = {"WWW-Authenticate": told.headers["www-authenticate"]} if "www-authenticate" in told.headers else {}
    return HttpAnswer(status=told.status, kind=told.kind, body=told.body, headers=shown)


def fresh() -> str:
    """Roll a value that nobody can guess."""
    return secrets.token_urlsafe(32)


def own_relying(openid: OpenidState, client_id: str | None = None) -> RelyingClient:
    """Make the lab's relying party: the client of the lab's own provider of that client_id, or the first.

    Raises:
        ConfigError: it holds its keys by hand, and there is none.
    """
    own = openid.own_client(client_id)
    registered = openid.clients[own.registered.client_id]
    return RelyingClient(
        issuer=openid.outside.issuer,
        client_id=registered.client_id,
        secret=registered.secret,
        key=own.key,
        auth_method=_proving(registered),
        trust=_trust(own, openid),
        redirect_uri=registered.redirect_uris[0],
        post_logout_redirect_uri=next(iter(registered.post_logout_redirect_uris[::-1]), None),
        algorithms=own.algorithms,
        name=own.name,
        skew=own.skew,
        checks_expiry=own.checks_expiry,
        permit=own.permit,
    )


def _proving(client: Client) -> AuthMethod:
    """Say how a client proves itself: as it is registered, else by what it has got."""
    if client.auth_method is not None:
        return cast("AuthMethod", client.auth_method)
    return "none" if client.is_public else "client_secret_basic" if client.secret else "private_key_jwt"


def _trust(own: OwnClient, openid: OpenidState) -> JwksTrust | PinnedTrust:
    """Trust as the profile does; one that reads no key set was given the keys that signed when the lab began."""
    profile = own.profile
    if profile is None:
        return JwksTrust(whole=own.whole)
    if profile.cache is not None:
        return JwksTrust(habits=profile.cache, profile=profile.id, whole=own.whole)
    signing = [key for key in openid.first_keys.keys if key.state is KeyState.ACTIVE]
    return PinnedTrust(
        keys=tuple(
            TrustedJwk(
                public=key.public,
                kid=key.kid,
                alg=key.alg,
                certificate=key.certificate,
                pinned=True,
                source=f"the lab's beginning, by hand as {profile.id}",
            )
            for key in signing
        )
    )
