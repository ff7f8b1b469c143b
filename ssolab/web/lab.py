"""The one mutable object of the pair: its clock, both parties' settings, who may log in, what is pending and happened.

Everything else that the routes use is frozen or a plain function. Routes run in several threads, so each part that
changes keeps its own lock, and the two settings are frozen values that are replaced whole and together.
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.findings import InputError
from ssolab.cutover.scene import Flow
from ssolab.salesforce import profile
from ssolab.salesforce.org import Org
from ssolab.web.armed import Armed
from ssolab.web.artifact_client import exchange
from ssolab.web.clock import Clock
from ssolab.web.fault_keys import Tools
from ssolab.web.journal import Entry, Journal
from ssolab.web.memory import Artifacts, Memory, Seen
from ssolab.web.op_start import beginning_of
from ssolab.web.openid_halves import OpenidHalves
from ssolab.web.origins import Origins
from ssolab.web.ring_state import Rings
from ssolab.web.sessions import Sessions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ssolab.cutover.model import User
    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.web.errands import Errand, LastLogin, Pending
    from ssolab.web.openid import Openid, OpenidState
    from ssolab.web.origins import Origin
    from ssolab.web.rp_state import RelyingState

LONGEST_KEPT: Final = 64 << 10
"""Bytes of a message that the journal keeps: more than any honest one has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bases:
    """The addresses on which the three applications listen, without a slash at the end."""

    asserting: str = ""
    relying: str = ""
    control: str = ""


@dataclass(frozen=True, kw_only=True)
class Play:
    """One link as the lab can play it; what is known of a side that is an org stands beside it.

    `openid` is the provider of OpenID Connect that answers meanwhile, `client_id` which of its own clients the relying
    party is, the first where it says none. `called` maps the ids of parties in a lab file to the roles of
    `web.holders`.
    """

    link: str
    asserting: AssertingParty
    relying: RelyingParty
    flow: Flow | None = None
    asserting_org: Org = field(default_factory=Org)
    relying_org: Org = field(default_factory=Org)
    openid: Openid | None = None
    client_id: str | None = None
    called: Mapping[str, str] = field(default_factory=dict)

    @property
    def login_flow(self) -> Flow:
        """How a login goes over the link; tokens of the provider come by code, whichever of them is verified."""
        if self.flow is None:
            return Flow.SAML_SP_INITIATED
        if self.flow.is_saml or self.flow is Flow.JWT_BEARER:
            return self.flow
        return Flow.OIDC_CODE


@dataclass(frozen=True, kw_only=True)
class LabConfig:
    """Everything that a lab is started with; command line, `ssolab.toml` and tests each build one.

    `ports` are those of the asserting party, the relying party and the control page; 0 takes a free one. `names` are
    host names beyond loopback under which the lab may be asked. `remarks` stand on the front pages: whose keys are
    played by twins, for one. `twins` maps the SPKI SHA-256 of a twin's key to that of the key it stands for. `others`
    are further links that the running lab can be told to play instead. `origins` are where the sides have each other's
    metadata from, so that it can be looked at again. `openid` is what the lab says of OpenID Connect; without it the
    pair speaks that all the same. It, `client_id` and `called` are those of the link, as in `Play`.
    """

    asserting: AssertingParty
    relying: RelyingParty
    users: tuple[User, ...]
    link: str = "lab"
    flow: Flow | None = None
    asserting_org: Org = field(default_factory=Org)
    relying_org: Org = field(default_factory=Org)
    at: datetime | None = None
    running: bool = True
    opinions: bool = True
    host: str = "127.0.0.1"
    ports: tuple[int, int, int] = (0, 0, 0)
    names: frozenset[str] = frozenset()
    token: str = field(default="", repr=False)
    remarks: tuple[str, ...] = ()
    twins: Mapping[str, str] = field(default_factory=dict)
    others: tuple[Play, ...] = ()
    origins: tuple[Origin, ...] = ()
    openid: Openid | None = None
    client_id: str | None = None
    called: Mapping[str, str] = field(default_factory=dict)


class Lab:
    """The state of one running pair."""

    def __init__(self, config: LabConfig, bases: Bases | None = None) -> None:
        self.config = config
        self.bases = bases or Bases()
        self.clock = Clock(config.at, running=config.running)
        started = self.clock.now()
        self.token = config.token or secrets.token_urlsafe(24)
        self.users = {user.username: user for user in config.users}
        self.rings = Rings()
        """The keys with which both sides sign SAML, and where in their lives they stand."""
        self.journal = Journal()
        self.origins = Origins(config.origins)
        self.errands: Memory[Errand] = Memory(limit=200)
        self.pending: Memory[Pending] = Memory()
        """The relying party's open requests, by ID."""
        self.last_login: LastLogin | None = None
        """Whom the asserting party knows without asking; one for all browsers, so that a login needs no cookie."""
        self.seen = Seen()
        self.sessions = {"asserting": Sessions(), "relying": Sessions()}
        """Who is logged in at either side, and whose logout waits for the partner's answer."""
        self.artifacts = Artifacts()
        """What the asserting party's artifacts stand for."""
        self.armed = Armed()
        """The faults that wait for a message; none, unless somebody arms one."""
        self.tools = Tools()
        self.resolve: Callable[[str, bytes], bytes] = exchange
        """Takes an envelope to the address where artifacts are resolved and gives the envelope that comes back."""
        self.on_entry: Callable[[Entry], object] | None = None
        """Told of every journal entry, in the thread that made it."""
        self.playing = threading.RLock()
        """Held while a login is played without a browser, so that nobody changes the link in its middle."""
        self._lock = threading.Lock()
        self._play = Play(
            link=config.link,
            flow=config.flow,
            asserting=config.asserting,
            relying=config.relying,
            asserting_org=config.asserting_org,
            relying_org=config.relying_org,
            openid=config.openid,
            client_id=config.client_id,
            called=config.called,
        )
        self._plays = {play.link: play for play in (self._play, *config.others)}
        self.begun = dict(self._plays)
        """Every link as it was set up at first."""
        self._halves: OpenidHalves[Play] = OpenidHalves(lambda play: beginning_of(play, self.bases, started))
        self._halves.relying(self._play)

    @property
    def openid(self) -> OpenidState:
        """What the asserting party remembers as the OpenID provider of the link that is played."""
        return self._halves.provider(self._play)

    @property
    def openid_rp(self) -> RelyingState:
        """What the relying party remembers as that provider's client."""
        return self._halves.relying(self._play)

    @property
    def play(self) -> Play:
        """The link that is played now, with both settings as they stand at this moment."""
        with self._lock:
            return self._play

    @property
    def links(self) -> tuple[str, ...]:
        """The links that can be played."""
        return tuple(self._plays)

    @property
    def pair(self) -> tuple[AssertingParty, RelyingParty]:
        """Both settings."""
        play = self.play
        return play.asserting, play.relying

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the front pages say of the lab."""
        return self.config.remarks

    @property
    def asserting(self) -> AssertingParty:
        """The asserting party's settings now."""
        return self.pair[0]

    @property
    def relying(self) -> RelyingParty:
        """The relying party's settings now."""
        return self.pair[1]

    def reconfigure(self, asserting: AssertingParty, relying: RelyingParty) -> None:
        """Replace both settings at once; what is pending and remembered stays, as in a real party."""
        with self._lock:
            self._play = replace(self._play, asserting=asserting, relying=relying)
            self._plays[self._play.link] = self._play

    def change(self, alter: Callable[[Play], Play]) -> None:
        """Replace the settings of every link by what *alter* makes of them; what is pending stays, as in a real one."""
        with self._lock:
            self._plays = {link: alter(play) for link, play in self._plays.items()}
            self._play = self._plays[self._play.link]

    def choose(self, link: str) -> None:
        """Play another link from now on; logins that are under way end here.

        Raises:
            InputError: the lab has no such link.
        """
        if link not in self._plays:
            raise InputError("link", f"no link is called {link!r}", f"choose one of {', '.join(self._plays)}")
        with self._lock:
            changed = self._play.link != link
            self._play = self._plays[link]
        if changed:
            self.errands.clear()
            self.pending.clear()
            self.artifacts.clear()
            self._end_sessions()
            self.record(side="control", event="link-chosen", summary=f"Link {link} is played from now on")

    def forget(self) -> None:
        """Forget all that happened: the journal, open requests, seen assertions, artifacts, sessions."""
        for each in (self.journal, self.errands, self.pending, self.seen, self.artifacts):
            each.clear()
        self._halves.clear()
        self._end_sessions()

    def _end_sessions(self) -> None:
        self.last_login = None
        self._halves.end_sessions()
        for each in self.sessions.values():
            each.clear()

    def now(self) -> datetime:
        """Read the lab's clock."""
        return self.clock.now()

    def request_id(self, issued: datetime) -> str:
        """Make the ID of an AuthnRequest in the shape of the relying party's flavour."""
        if self.relying.flavour == "salesforce":
            return profile.request_id(issued, secrets.token_bytes(profile.REQUEST_ID_ENTROPY))
        return "_" + secrets.token_hex(16)

    def response_id(self, issued: datetime) -> str:
        """Make the ID of a Response or Assertion in the shape of the asserting party's flavour."""
        if self.asserting.flavour == "salesforce":
            return profile.response_id(issued, secrets.token_bytes(profile.RESPONSE_ID_ENTROPY))
        return "_" + secrets.token_hex(16)

    def record(self, *, side: str, event: str, summary: str, **facts: Any) -> Entry:
        """Write one line into the journal."""
        at, link = self.now(), self.play.link
        facts["message"] = facts.get("message", b"")[:LONGEST_KEPT]
        entry = self.journal.add(
            lambda number: Entry(number=number, at=at, link=link, side=side, event=event, summary=summary, **facts)
        )
        if self.on_entry is not None:
            self.on_entry(entry)
        return entry
