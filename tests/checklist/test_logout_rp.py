"""Logout at the relying party: the modules of the suite's logout plans for clients, played between both parties.

As in the suite, the logout begins at the relying party, and the provider tells it by a logout token that is changed on
the way. There are two logins in one session of the provider: what is told has to end the one that did not begin it.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from ssolab.core.jose import read_compact, sign_compact
from tests.checklist.plans import Plan, allowed
from tests.web.openid_pair import OpenidPair, codes

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.web.journal import Entry

PLAN = Plan(
    (
        "oidcc-client-test-rp-init-logout",
        "oidcc-client-test-rp-init-logout-other-state",
        "oidcc-client-test-rp-init-logout-no-state",
        "oidcc-client-test-rp-frontchannel-rpinitlogout",
        "oidcc-client-test-rp-backchannel-rpinitlogout",
        "oidcc-client-test-rp-backchannel-rpinitlogout-alg-none",
        "oidcc-client-test-rp-backchannel-rpinitlogout-no-event",
        "oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce",
        "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg",
        "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud",
        "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event",
        "oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss",
    )
)
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@dataclass
class Leavers:
    """Two logins of one person in one browser, and what the provider says to their client when one of them leaves."""

    pair: OpenidPair
    statuses: list[int] = field(default_factory=list)

    @classmethod
    def made(cls, change: Callable[[OpenidPair, str], str] = lambda _pair, token: token) -> Leavers:
        """Log in twice, and have each logout token changed on its way."""
        pair = OpenidPair.made()
        assert [pair.login().accepted, pair.login().accepted] == [True, True]
        first, second = pair.lab.openid_rp.sessions
        assert first.sid == second.sid
        leavers, genuine = cls(pair), pair.lab.openid.post
        assert genuine is not None

        def post(address: str, form: bytes) -> int:
            token = change(pair, parse_qs(form.decode())["logout_token"][0])
            status = genuine(address, urlencode({"logout_token": token}).encode())
            leavers.statuses.append(status)
            return status

        pair.lab.openid.post = post
        return leavers

    def told(self) -> Entry:
        """Have one of them leave, and give the judgement of what the other's client was told."""
        self.pair.drive.logout()
        return next(each for each in self.pair.lab.journal.entries() if "Back-channel logout" in each.summary)


def refused(change: Callable[[OpenidPair, str], str], *expected: str) -> None:
    """The logout token is refused with HTTP 400 for just these reasons, and ends no session."""
    leavers = Leavers.made(change)
    entry = leavers.told()
    assert (codes(entry), entry.accepted, leavers.statuses) == (list(expected), False, [400])
    assert "sessions ended" not in entry.summary


def claims(**changes: Any) -> Callable[[OpenidPair, str], str]:
    """Sign a logout token anew with other claims."""
    return lambda pair, token: pair.signed_anew(token, **changes)


@PLAN.module("oidcc-client-test-rp-init-logout")
def init_logout() -> None:
    """The relying party ends its session, and comes back from the provider, where the session has ended too."""
    pair = OpenidPair.made()
    assert pair.login().accepted
    entry = pair.drive.logout()
    assert (entry.event, entry.side, entry.accepted) == ("openid-logout-judged", "relying", True)
    assert (pair.lab.openid_rp.sessions, pair.lab.openid.sessions) == ((), ())


@PLAN.module("oidcc-client-test-rp-init-logout-other-state")
def other_state() -> None:
    """A return from the logout under a state that was never sent is refused."""
    pair = OpenidPair.made()
    assert pair.login().accepted
    relying = pair.drive.relying.test_client()
    sent = dict(parse_qsl(urlsplit(relying.get("/oidc/logout").headers["Location"]).query))
    answer = relying.get("/oidc/logout", query_string={"state": sent["state"][::-1]})
    assert answer.status_code == 403
    assert codes(pair.lab.journal.entries()[-1]) == ["logout-state-unknown"]


@PLAN.module("oidcc-client-test-rp-init-logout-no-state")
def no_state() -> None:
    """Every logout carries a state; a return without one proves nothing, and nobody is told that all is well."""
    assert allowed("logout-with-state", "oidcc-client-test-rp-init-logout-no-state").side == "relying party"
    pair = OpenidPair.made()
    assert pair.login().accepted
    relying = pair.drive.relying.test_client()
    assert "state=" in relying.get("/oidc/logout").headers["Location"]
    assert "Nobody is logged in" in relying.get("/oidc/logout").get_data(as_text=True)


@PLAN.module("oidcc-client-test-rp-frontchannel-rpinitlogout")
def frontchannel() -> None:
    """The frame that the provider has the browser load ends the other session of the same login."""
    leavers = Leavers.made(lambda _pair, _token: "not.a.token")  # so that the frame alone can have ended it
    leavers.pair.drive.logout()
    assert leavers.statuses == [400]
    assert leavers.pair.lab.openid_rp.sessions == ()
    assert any("Front-channel logout" in each.summary for each in leavers.pair.lab.journal.entries())


@PLAN.module("oidcc-client-test-rp-backchannel-rpinitlogout")
def backchannel() -> None:
    """A good logout token is answered with 200 and ends the other session of the same login."""
    leavers = Leavers.made()
    entry = leavers.told()
    assert (codes(entry), entry.accepted, leavers.statuses) == ([], True, [200])
    assert entry.summary.endswith("sessions ended: 1")


@PLAN.module("oidcc-client-test-rp-backchannel-rpinitlogout-alg-none")
def alg_none() -> None:
    """An unsigned logout token is refused."""

    def unsigned(_pair: OpenidPair, token: str) -> str:
        header = urlsafe_b64encode(b'{"alg":"none","typ":"logout+jwt"}').rstrip(b"=").decode()
        return f"{header}.{token.split('.')[1]}."

    refused(unsigned, "unsigned-token")


@PLAN.module("oidcc-client-test-rp-backchannel-rpinitlogout-no-event")
def no_event() -> None:
    """A logout token that does not say that it is one is refused."""
    refused(claims(events=...), "missing-claim")


@PLAN.module("oidcc-client-test-rp-backchannel-rpinitlogout-with-nonce")
def with_nonce() -> None:
    """A logout token with a nonce is refused: it could be taken for an ID token."""
    refused(claims(nonce="n"), "nonce-in-logout-token")


@PLAN.module("oidcc-client-test-rp-backchannel-rpinitlogout-wrong-alg")
def wrong_alg() -> None:
    """A logout token under another algorithm than its key is listed for is refused."""

    def by_another(pair: OpenidPair, token: str) -> str:
        read, key = read_compact(token, "token"), pair.lab.openid.provider.keys.signing("RS256")
        return sign_compact(read.header, read.payload, key.private, "PS256")

    refused(by_another, "key-for-another-algorithm", "signed-by-another-key")


@PLAN.module("oidcc-client-test-rp-backchannel-rpinitlogout-wrong-aud")
def wrong_aud() -> None:
    """A logout token for another client is refused."""
    refused(claims(aud="another"), "token-audience-mismatch")


@PLAN.module("oidcc-client-test-rp-backchannel-rpinitlogout-wrong-event")
def wrong_event() -> None:
    """A logout token of another event is refused."""
    refused(claims(events={f"{EVENT}s": {}}), "logout-event-missing")


@PLAN.module("oidcc-client-test-rp-backchannel-rpinitlogout-wrong-iss")
def wrong_iss() -> None:
    """A logout token of another issuer is refused."""
    refused(claims(iss="https://evil.example"), "token-issuer-mismatch")


@pytest.mark.parametrize("shows", PLAN.cases())
def test_module(shows: Callable[[], None]) -> None:
    shows()


def test_every_module_of_the_plans_is_there() -> None:
    assert set(PLAN.tests) == set(PLAN.modules)
