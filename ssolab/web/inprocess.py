"""A lab inside a test: both parties over their own routes with real messages, and neither a port nor a thread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import InputError
from ssolab.web.app import at_home
from ssolab.web.arming import IN_LOGINS, arm, armed_for
from ssolab.web.artifact import wanted_acs
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Bases, Lab
from ssolab.web.logout_api import logout_by
from ssolab.web.openid_player import login_by, openid_drive
from ssolab.web.player import Drive
from ssolab.web.sp import create_relying_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.web.clock import Clock
    from ssolab.web.journal import Entry
    from ssolab.web.lab import LabConfig

NOWHERE: Final = Bases(asserting="http://127.0.0.1:8080", relying="http://127.0.0.1:8081")
"""The addresses that the parties declare; nobody listens there."""


class InProcessLab:
    """A lab that plays logins and logouts when it is told to, on a clock that stands still until it is moved.

    Attributes:
        lab: its whole state, with the settings of both sides.
    """

    def __init__(self, config: LabConfig) -> None:
        self.lab = Lab(replace(at_home(config, NOWHERE), running=False), NOWHERE)
        self._drive = Drive(self.lab, create_asserting_app(self.lab), create_relying_app(self.lab))
        self._drive.connect()
        openid_drive(self._drive).connect()

    @property
    def clock(self) -> Clock:
        """The lab's own time."""
        return self.lab.clock

    @property
    def journal(self) -> tuple[Entry, ...]:
        """What happened so far, the oldest first."""
        return self.lab.journal.entries()

    def login(
        self,
        user: str | None = None,
        *,
        flow: str | None = None,
        binding: str | None = None,
        fault: str | Sequence[str] = (),
    ) -> Entry:
        """Play one login, and give the journal entry of its last judgement.

        Args:
            user: who logs in; the first of the lab's users where nobody is named.
            flow: `saml-sp-initiated`, `saml-idp-initiated`, `saml-request`, `oidc-code`, or `jwt-bearer`, where the
                client fetches a token with an assertion; what the link is about where left out.
            binding: `post` or `artifact`, where the link has both.
            fault: the code of a fault to put in, or several.

        Raises:
            InputError: there is no such user, flow, binding or fault, or the fault did not fire.
        """
        lab = self.lab
        who = next(iter(lab.users)) if user is None else user
        if who not in lab.users:
            raise InputError("user", f"nobody is called {who!r}", f"the lab knows {', '.join(lab.users)}")
        how = flow or lab.play.login_flow
        wanted_acs(lab.relying, binding)
        with lab.playing, armed_for(lab, _codes(fault), IN_LOGINS):
            return login_by(self._drive, how, who, binding=binding)

    def logout(
        self,
        user: str | None = None,
        *,
        flow: str = "saml-logout",
        starts_at: str = "relying",
        fault: str | Sequence[str] = (),
    ) -> Entry:
        """Play one single logout, and give the journal entry that tells how it went.

        By OpenID Connect that is the first refusal, such as that of a logout token, or else the last judgement.

        Args:
            user: whose session ends; the newest where nobody is named.
            flow: `saml-logout`, or `oidc-logout` where the login went by OpenID Connect.
            starts_at: the side that begins, `relying` or `asserting`; of OpenID Connect the relying one.
            fault: the code of a fault to put in, or several.

        Raises:
            InputError: nobody is logged in there, there is no such flow, side or fault, or the fault did not fire.
        """
        with self.lab.playing:
            return logout_by(self._drive, flow, user, starts_at=starts_at, faults=_codes(fault))[0]

    def arm(self, code: str, *, times: int = 1, party: str | None = None) -> None:
        """Have a fault fire in the next message, or the next *times* messages, that it fits.

        Raises:
            InputError: there is no such fault or side, or they do not fit.
        """
        arm(self.lab, code, times=times, party=party)


def _codes(fault: str | Sequence[str]) -> Sequence[str]:
    return [fault] if isinstance(fault, str) else fault
