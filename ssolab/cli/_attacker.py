"""Makes each attempt on a relying party, and judges it by what its page shows.

A page proves a login by two things: the marker that the user named, and the fresh name of this very attempt. So neither
the memory of an earlier login nor a page that shows the names of those it refuses passes for being let in.
"""

from __future__ import annotations

import enum
import re
import secrets
import time
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Final

from ssolab.cli._attempts import Browser
from ssolab.core.findings import ConfigError, InputError
from ssolab.core.xmltree import parse
from ssolab.faults.engine import Nature, Sealing, speaks_of
from ssolab.faults.issuing import binding_for, posted, redirected, sealed
from ssolab.faults.kits import kit_for
from ssolab.faults.saml.texts import SUFFIX
from ssolab.saml.issue import draft_response
from ssolab.saml.names import POST, UNSPECIFIED
from ssolab.saml.reading import read_message
from ssolab.saml.subjects import NameID

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from http.cookiejar import CookieJar

    from ssolab.cli._attempts import Page
    from ssolab.core.keys import PrivateKey, SigningCredential, TrustedKey
    from ssolab.faults.engine import Fault, Kit
    from ssolab.saml.metadata import IndexedEndpoint
    from ssolab.saml.parties import AssertingParty

_FORM: Final = re.compile(r"""name=["']SAMLRequest["'][^>]*value=["']([^"']+)["']""")
_FRESH: Final = "*"


class Outcome(enum.StrEnum):
    """What came of one attempt."""

    LET_IN = "let in"
    """The forged name logged in: a hole."""
    LAX = "let in, which is lax"
    """It logged in, for the trusted party vouched for it; but in a form that a sound receiver refuses."""
    POLICY = "let in by policy"
    """It logged in, and whether it should is for the receiver's settings to say."""
    REFUSED = "refused"
    ACCEPTED = "accepted"
    """It logged in, and rightly."""
    REFUSED_ALTHOUGH_LEGITIMATE = "refused although legitimate"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One message and what came of it; `fault` is None for the positive control."""

    fault: Fault | None
    sign: str
    outcome: Outcome
    name: str
    status: int = 0
    seconds: float = 0.0
    said: str = ""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A relying party, as the user described it: what its pages show, how a login begins, whom it may know.

    `name` is the pattern of the names that are tried, with `*` where the fresh part goes; `login` the address at which
    it begins a login, for one that takes answers only.
    """

    acs: IndexedEndpoint
    marker: str
    name: str
    cookies: CookieJar
    login: str | None = None
    relay_state: str | None = None
    attributes: Mapping[str, Sequence[str]] | None = None
    encryption: TrustedKey | None = None
    encryption_keys: Mapping[str, TrustedKey] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Attacker:
    """Everything that the attempts have in common."""

    party: AssertingParty
    target: Target
    throw_away: PrivateKey
    retired: SigningCredential | None
    now: Callable[[], datetime]
    others: Mapping[str, SigningCredential]

    def control(self, sign: str) -> Attempt:
        """Send a valid message, which has to log in."""
        return self._try((), sign)

    def attempt(self, fault: Fault, sign: str) -> Attempt:
        """Send a message with one fault."""
        return self._try((fault,), sign)

    def _try(self, faults: tuple[Fault, ...], sign: str) -> Attempt:
        began = time.monotonic()
        kit = self._kit()
        name = speaks_of(faults, kit)
        fault = faults[0] if faults else None
        try:
            page = self._sent(kit, faults, sign, name)
        except (ConfigError, InputError) as error:
            return Attempt(fault=fault, sign=sign, outcome=Outcome.NOT_SENT, name=name, said=error.problem)
        return Attempt(
            fault=fault,
            sign=sign,
            outcome=self._judged(page, kit, fault),
            name=name,
            status=page.status,
            seconds=time.monotonic() - began,
            said=page.text if page.status == 0 else "",
        )

    def _sent(self, kit: Kit, faults: Sequence[Fault], sign: str, name: str) -> Page:
        browser = Browser(self.target.cookies)
        answered, relay_state = None, self.target.relay_state
        if self.target.login is not None:
            answered, relay_state = asked(browser.get(self.target.login))
        elif any("request" in each.needs for each in faults):
            raise ConfigError("fault", "it answers a request, and none is made", "name the login address with --login")
        draft = draft_response(
            self.party,
            now=kit.now,
            new_id=kit.new_id,
            name_id=NameID(name, UNSPECIFIED),
            attributes=self.target.attributes or {"email": [name]},
            acs=self.target.acs,
            in_response_to=answered,
        )
        sealing = Sealing(credential=kit.own, sign=sign)
        xml = sealed(draft.element(), sealing, kit, faults)
        bring = self._carried(xml, kit, faults, relay_state)
        page = bring(browser)
        for _ in range(max((each.sent for each in faults), default=1) - 1):
            page = bring(Browser(self.target.cookies))
        return page

    def _carried(
        self, xml: bytes, kit: Kit, faults: Sequence[Fault], relay_state: str | None
    ) -> Callable[[Browser], Page]:
        """Say how a browser brings the message: by form, unless a fault sits in an address."""
        where = self.target.acs.location
        if binding_for(faults, POST) == POST:
            form = posted(xml, kit, faults, location=where, relay_state=relay_state)
            return lambda browser: browser.post(form.action, form.fields)
        sent = redirected(xml, kit.own, kit, faults, location=where, message="SAMLResponse", relay_state=relay_state)
        return lambda browser: browser.get(sent.url)

    def _kit(self) -> Kit:
        genuine, forged = (fresh_name(self.target.name) for _ in range(2))
        return kit_for(
            own=self.party.credential,
            throw_away=self.throw_away,
            now=self.now(),
            new_id=lambda: "_" + secrets.token_hex(16),
            genuine=genuine,
            forged=forged,
            recipient=self.party.relying,
            address=self.target.acs.location,
            retired=self.retired,
            encryption=self.target.encryption,
            others=self.others,
            encryption_keys=self.target.encryption_keys,
        )

    def _judged(self, page: Page, kit: Kit, fault: Fault | None) -> Outcome:
        if fault is None or fault.accepted:
            inside = page.shows(self.target.marker) and page.shows(kit.genuine)
            return Outcome.ACCEPTED if inside else Outcome.REFUSED_ALTHOUGH_LEGITIMATE
        # A name that goes on behind the forged one is the attacker's own, and no forgery.
        shown = unescape(page.text).replace(kit.forged + SUFFIX, "")
        if not (page.shows(self.target.marker) and kit.forged in shown):
            return Outcome.REFUSED
        if fault.receiver or fault.nature is Nature.LEGITIMATE:
            return Outcome.POLICY
        return Outcome.LAX if fault.lax else Outcome.LET_IN


def fresh_name(pattern: str) -> str:
    """Make a name that nobody had before: at the `*` of the pattern, else before its @, else at its end."""
    fresh = secrets.token_hex(5)
    if _FRESH in pattern:
        return pattern.replace(_FRESH, fresh)
    local, at, domain = pattern.partition("@")
    return f"{local}-{fresh}{at}{domain}"


def asked(page: Page) -> tuple[str, str | None]:
    """Read the ID of the request, and the RelayState, with which a relying party begins a login.

    Raises:
        InputError: the page leads to no AuthnRequest.
    """
    form = _FORM.search(page.text)
    if "SAMLRequest=" in page.location:
        received = read_message(page.location.encode(), "the login address")
    elif form:
        received = read_message(unescape(form[1]).encode(), "the login page")
    else:
        problem = f"it answered {page.status} and leads to no AuthnRequest"
        raise InputError("the login address", problem, "name the address that begins a login with --login")
    identifier = parse(received.xml, "AuthnRequest").get("ID")
    if not identifier:
        raise InputError("the login address", "its AuthnRequest has no ID", "look at what it sends")
    return identifier, received.relay_state if form is None else _relay_state(page)


def _relay_state(page: Page) -> str | None:
    found = re.search(r"""name=["']RelayState["'][^>]*value=["']([^"']*)["']""", page.text)
    return unescape(found[1]) if found else None
