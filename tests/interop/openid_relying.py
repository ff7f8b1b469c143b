"""Our OpenID relying party on a real port, for providers that are programs of their own."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ssolab.oidc.relying import RelyingClient
from ssolab.web.addresses import OIDC_BACKCHANNEL, OIDC_CALLBACK, OIDC_LOGIN, OIDC_LOGOUT
from tests.interop.openid import CLIENT_ID, SECRET
from tests.interop.served import served_idp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab


@dataclass(frozen=True)
class ServedRelying:
    """Our relying party, running."""

    lab: Lab

    @property
    def callback(self) -> str:
        """Where providers send the browser back."""
        return f"{self.lab.bases.relying}{OIDC_CALLBACK}"

    @property
    def start(self) -> str:
        """Where a login begins."""
        return f"{self.lab.bases.relying}{OIDC_LOGIN}"

    @property
    def way_out(self) -> str:
        """Where a logout begins, and where the provider sends the browser back."""
        return f"{self.lab.bases.relying}{OIDC_LOGOUT}"

    @property
    def told_at(self) -> str:
        """Where a provider tells that a session has ended."""
        return f"{self.lab.bases.relying}{OIDC_BACKCHANNEL}"

    def meet(self, issuer: str, **settings: Any) -> None:
        """Believe this provider from now on, with nothing remembered of its keys."""
        given = {"secret": SECRET, "redirect_uri": self.callback, "post_logout_redirect_uri": self.way_out} | settings
        self.lab.openid_rp.reconfigure(RelyingClient(issuer=issuer, client_id=CLIENT_ID, **given))
        self.lab.openid_rp.restart()

    def later(self, seconds: float) -> None:
        """Move its clock on."""
        self.lab.clock.advance(timedelta(seconds=seconds))

    def judged(self, event: str = "openid-login-judged") -> Entry:
        """What it thought of the last login, or whatever else *event* names."""
        return next(each for each in reversed(self.lab.journal.entries()) if each.event == event)

    @property
    def refused_for(self) -> set[str]:
        """Why it refused the last login; nothing where it did not."""
        return {found.code for found in self.judged().errors}

    @property
    def fetched(self) -> int:
        """How often it has fetched the provider's key set."""
        return sum(each.event == "jwks-fetched" for each in self.lab.journal.entries())


@contextlib.contextmanager
def served_relying() -> Iterator[ServedRelying]:
    """Run our relying party until the block ends."""
    with served_idp() as idp:
        yield ServedRelying(idp.running.lab)
