"""What the mock OpenID provider remembers: settings and keys as they stand now, codes, tokens, and who is logged in.

Settings are frozen values that are replaced whole. A lab that says nothing of OpenID speaks it all the same: the issuer
is the asserting party's own address, its key the one that signs SAML, and the one client is the relying party.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TypeVar

from ssolab.oidc import metadata
from ssolab.web.key_plan import KeyPlan, Pending
from ssolab.web.memory import Memory, Seen
from ssolab.web.op_start import OWN_CLIENT, Outside, OwnClient, at_home, outside_of, provider_of, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from ssolab.oidc.keyring import KeyRing
    from ssolab.oidc.parties import AssertionRules, Client, Flavour, Provider
    from ssolab.oidc.tokens import Code, Token
    from ssolab.web.errands import LastLogin, Leave, OpenidErrand
    from ssolab.web.op_start import Beginning

__all__ = ["OWN_CLIENT", "Openid", "OpenidState", "ProviderSession"]

_K = TypeVar("_K")
_V = TypeVar("_V")
_MOST_TOKENS: Final = 20_000
_MOST_SESSIONS: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Openid:
    """What a lab is started with in OpenID Connect.

    Without a `provider` one is made: of the asserting party, unless its `party` in the lab file, its `flavour`, its
    `keys` and its `rules` for what clients sign are named. `own` are the parties that the lab's relying party can be,
    one of its own making where there is none. `clients` are registered beside them, or in their stead where one has the
    same client_id. `open_registration` lets anybody register further ones, which else needs the token of the lab.
    `plan` is what the keys do by the lab's clock.
    """

    party: str = ""
    provider: Provider | None = None
    flavour: Flavour | None = None
    rules: AssertionRules | None = None
    own: tuple[OwnClient, ...] = ()
    clients: tuple[Client, ...] = ()
    open_registration: bool = False
    keys: KeyRing | None = None
    plan: KeyPlan = field(default_factory=KeyPlan)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSession:
    """A login at the provider: its `sid`, whose it is, and the clients that learnt of it."""

    sid: str
    username: str
    since: datetime
    clients: tuple[str, ...] = ()


class OpenidState:
    """The state of one provider. Every part keeps its own lock."""

    def __init__(self, settings: Openid | None, beginning: Beginning) -> None:
        self._settings = settings or Openid()
        self._beginning = replace(beginning, flavour=self._settings.flavour or beginning.flavour)
        self._lock = threading.RLock()
        self._provider: Provider | None = None
        self._first: KeyRing | None = None
        self.pending = Pending(self._settings.plan)
        """What is planned for the keys and has not come yet."""
        self.own = self._settings.own or (stand_in(secrets.token_urlsafe(24), beginning.partner_credential),)
        """The parties that the lab's relying party can be."""
        self._clients: Mapping[str, Client] = {}
        self._origins: frozenset[str] = frozenset()
        for each in (*(at_home(own, beginning.partner) for own in self.own), *self._settings.clients):
            self.register(each)
        self.errands: Memory[OpenidErrand] = Memory(limit=200)
        """Authorization requests that wait for somebody to say who they are."""
        self.leaving: Memory[Leave] = Memory(limit=200)
        """Logouts that wait for somebody to say that they are meant."""
        self.seen = Seen()
        """Assertions by (issuer, jti) until they could not be accepted anyway."""
        self.jwks_life: Callable[[datetime], timedelta] = self._settings.plan.max_age
        """How long whoever fetches the key set at a moment may keep it."""
        self.key_set: Callable[[], Mapping[str, object]] = lambda: metadata.jwks(self.provider)
        """Writes the key set that is served now."""
        self.post: Callable[[str, bytes], int] | None = None
        """Takes a form to an address and gives the status of the answer; None for the lab's own way."""
        self._codes: OrderedDict[str, Code] = OrderedDict()
        self._tokens: OrderedDict[str, Token] = OrderedDict()
        self._revoked: OrderedDict[str, None] = OrderedDict()
        self._sessions: OrderedDict[tuple[str, datetime], ProviderSession] = OrderedDict()

    # --- settings ---

    @property
    def begun(self) -> datetime:
        """When the lab was started, by its own clock."""
        return self._beginning.at

    @property
    def provider(self) -> Provider:
        """The provider's settings now. Its keys are made when they are first needed."""
        if (made := self._provider) is not None:
            return made
        with self._lock:
            if self._provider is None:
                seen = self._at_first()
                made = self._settings.provider or provider_of(self._beginning, self._settings.keys)
                self._first = self._settings.keys or made.keys
                rules = self._settings.rules or made.rules
                home = replace(made, issuer=seen.issuer, endpoints=seen.endpoints)
                self._provider = replace(home, keys=self._first, rules=rules)
            return self._provider

    @property
    def first_keys(self) -> KeyRing:
        """The ring of keys as the provider began with it."""
        return self.provider.keys if self._first is None else self._first

    @property
    def outside(self) -> Outside:
        """How the provider looks from outside now; no key is made for that."""
        made = self._provider
        if made is None:
            return self._at_first()
        return Outside(issuer=made.issuer, flavour=made.flavour, endpoints=made.endpoints)

    def _at_first(self) -> Outside:
        return outside_of(self._beginning, self._settings.provider, registers=self._settings.open_registration)

    @property
    def open_registration(self) -> bool:
        """Whether anybody may register a client, without the token of the lab."""
        return self._settings.open_registration

    def reconfigure(self, provider: Provider) -> None:
        """Replace the provider's settings; what was issued stays, as in a real one."""
        with self._lock:
            self._provider = provider

    def move_keys(self, move: Callable[[KeyRing], KeyRing]) -> KeyRing:
        """Replace the ring of keys by what *move* makes of it, with nobody else moving it at that time."""
        with self._lock:
            ring = move(self.provider.keys)
            self._provider = replace(self.provider, keys=ring)
            return ring

    @property
    def clients(self) -> Mapping[str, Client]:
        """The registered clients by client_id."""
        return self._clients

    def register(self, client: Client) -> None:
        """Register a client, or replace its registration."""
        with self._lock:
            self._clients = {**self._clients, client.client_id: client}
            self._origins = frozenset().union(*(each.origins for each in self._clients.values()))

    def own_client(self, client_id: str | None) -> OwnClient:
        """Give the party of that client_id that the lab's relying party can be; the first where there is none."""
        return next((each for each in self.own if each.registered.client_id == client_id), self.own[0])

    @property
    def browser_origins(self) -> frozenset[str]:
        """The origins of clients that run in a browser, whose pages may read the provider's answers."""
        return self._origins

    # --- codes and tokens ---

    def keep_code(self, text: str, code: Code) -> None:
        """Keep what a code means."""
        with self._lock:
            _keep(self._codes, text, code, _MOST_TOKENS)

    def code(self, text: str) -> Code | None:
        """Give what a code means, also where it was used."""
        return self._codes.get(text)

    def use_code(self, text: str) -> bool:
        """Mark a code as used, and say whether it was not yet."""
        with self._lock:
            code = self._codes.get(text)
            if code is None or code.used:
                return False
            self._codes[text] = replace(code, used=True)
            return True

    def keep(self, text: str, token: Token) -> None:
        """Keep what an access or refresh token means."""
        with self._lock:
            _keep(self._tokens, text, token, _MOST_TOKENS)

    def token(self, text: str) -> Token | None:
        """Give what a token means; nothing where it was revoked. Whether it has expired is for the caller to see."""
        token = self._tokens.get(text)
        return None if token is None or token.granted.family in self._revoked else token

    def use_refresh_token(self, text: str) -> bool:
        """Mark a refresh token as replaced, and say whether it was not yet."""
        with self._lock:
            token = self._tokens.get(text)
            if token is None or token.used:
                return False
            self._tokens[text] = replace(token, used=True)
            return True

    def revoke(self, text: str) -> None:
        """Forget a token: one alone, or with a refresh token everything that came of its grant (RFC 7009 2.1)."""
        with self._lock:
            token = self._tokens.pop(text, None)
        if token is not None and token.refreshes:
            self.revoke_family(token.granted.family)

    def revoke_family(self, family: str) -> None:
        """Revoke everything that came of one grant, and what may still come."""
        with self._lock:
            _keep(self._revoked, family, None, _MOST_TOKENS)

    # --- who is logged in ---

    def session(self, login: LastLogin, client_id: str) -> ProviderSession:
        """Give the session of a login, which *client_id* learns of from now on."""
        key = login.user.username, login.at
        with self._lock:
            held = self._sessions.get(key) or ProviderSession(
                sid=secrets.token_urlsafe(16), username=login.user.username, since=login.at
            )
            if client_id not in held.clients:
                held = replace(held, clients=(*held.clients, client_id))
            _keep(self._sessions, key, held, _MOST_SESSIONS)
            return held

    @property
    def sessions(self) -> tuple[ProviderSession, ...]:
        """The sessions that have not ended, the oldest first."""
        with self._lock:
            return tuple(self._sessions.values())

    def end_session(self, session: ProviderSession) -> bool:
        """End a session, and say whether it was still there."""
        with self._lock:
            return self._sessions.pop((session.username, session.since), None) is not None

    def end_sessions(self) -> None:
        """Forget who is logged in, and whoever is about to."""
        with self._lock:
            self._sessions.clear()
        self.errands.clear()
        self.leaving.clear()

    def clear(self) -> None:
        """Forget all that happened; settings, keys and clients stay."""
        with self._lock:
            for each in (self._codes, self._tokens, self._revoked):
                each.clear()
        self.seen.clear()
        self.end_sessions()


def _keep(memory: OrderedDict[_K, _V], key: _K, value: _V, most: int) -> None:
    memory[key] = value
    if len(memory) > most:
        memory.popitem(last=False)
