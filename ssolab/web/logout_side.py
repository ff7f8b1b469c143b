"""One side of the pair as its logout pages see it: whose settings, whose sessions, and how its messages leave.

Both sides do logout alike, so nothing here asks which of the two it is, but for names and addresses.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from ssolab.faults.engine import Carrier
from ssolab.saml.logout import LogoutRequest
from ssolab.saml.names import POST
from ssolab.saml.parties import AssertingParty
from ssolab.web.addresses import LOGIN, LOGOUT, START
from ssolab.web.firing import fire
from ssolab.web.forms import post_message, redirect_message
from ssolab.web.pages import Start

if TYPE_CHECKING:
    from flask import Response

    from ssolab.saml.logout import LogoutResponse
    from ssolab.saml.parties import RelyingParty
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab
    from ssolab.web.sessions import Held, Sessions

SideName = Literal["asserting", "relying"]
FLOW: Final = "saml-logout"
_LOG_OUT: Final = Start(href=LOGOUT, text="Log out", says="Single logout: a LogoutRequest goes to the other side.")
_QUIRK: Final = "as Salesforce does where useConfigRequestMethod is false"


@dataclass(frozen=True)
class Side:
    """One side of a lab, as its logout pages see it."""

    lab: Lab
    name: SideName

    @property
    def party(self) -> AssertingParty | RelyingParty:
        """Its settings now."""
        return self.lab.asserting if self.name == "asserting" else self.lab.relying

    @property
    def other(self) -> AssertingParty | RelyingParty:
        """The other side's settings now."""
        return self.lab.relying if self.name == "asserting" else self.lab.asserting

    @property
    def sessions(self) -> Sessions:
        """Who is logged in here."""
        return self.lab.sessions[self.name]

    def end(self, held: Held) -> bool:
        """End a session, and say whether it was still there; whoever left the identity provider has to log in again."""
        ended = self.sessions.end(held)
        if ended and self.name == "asserting":
            self.lab.last_login = None
        return ended

    @property
    def shared(self) -> tuple[Held, ...]:
        """The sessions that the partner may end."""
        return self.sessions.shared_with(self.party.partner)

    @property
    def again(self) -> list[Start]:
        """Where a login can begin on this side."""
        return [Start(href=START if self.name == "asserting" else LOGIN, text="Log in again")]

    def record(self, event: str, summary: str, **facts: Any) -> Entry:
        """Write one line into the journal."""
        return self.lab.record(side=self.name, event=event, summary=summary, flow=FLOW, **facts)


def ways_out(party: AssertingParty | RelyingParty) -> list[Start]:
    """Give the link to logout, where the side offers it."""
    return [_LOG_OUT] if party.single_logout else []


def log_out_of(held: Held) -> Start:
    """Give the link that ends one session at both sides."""
    return Start(href=f"{LOGOUT}?session={held.key}", text="Log out", says=f"{held.name}, since {held.since:%H:%M:%S}")


def logout_addresses(party: AssertingParty | RelyingParty) -> list[tuple[str, str]]:
    """Give the addresses of a side for logout, each with its name."""
    return [(f"SingleLogoutService, {each.binding.rpartition(':')[2]}", each.location) for each in party.single_logout]


def logout_said(party: AssertingParty | RelyingParty) -> str:
    """Say in a few words how a side does single logout."""
    if not party.single_logout:
        return "off"
    quirk = f" ({_QUIRK})" if party.logout_hash == "sha1" else ""
    return f"on, messages signed with {party.logout_hash or party.hash}{quirk}"


@dataclass(frozen=True, slots=True)
class Carried:
    """A message that the browser is about to carry: its XML, the answer that makes it, the binding, what fired."""

    xml: bytes
    answer: Response
    binding: str
    faults: tuple[str, ...]


def carried(  # noqa: PLR0913  the message, and where it goes
    side: Side,
    draft: LogoutRequest | LogoutResponse,
    binding: str,
    location: str,
    relay_state: str | None,
    *,
    name: str | None = None,
) -> Carried:
    """Sign a message for its binding and hand it to the browser; *name* is whose session it ends."""
    party, asks = side.party, isinstance(draft, LogoutRequest)
    carrier = Carrier.LOGOUT_REQUEST if asks else Carrier.LOGOUT_RESPONSE
    fired = fire(side.lab, carrier, party, side.name, address=location, genuine=name)
    binding = fired.binding(binding)
    carry = post_message if binding == POST else redirect_message
    xml, answer = carry(
        fired,
        draft.element(),
        party.credential,
        location=location,
        message="SAMLRequest" if asks else "SAMLResponse",
        relay_state=relay_state,
        hash=party.logout_hash or party.hash,
        flavour=party.flavour,
        partner=party.partner,
        encrypt=party.encryption if isinstance(party, AssertingParty) else None,
    )
    return Carried(xml, answer, binding, fired.codes)


def new_id() -> str:
    """Make the ID of a logout message; what Salesforce's look like is not known."""
    return "_" + secrets.token_hex(16)
