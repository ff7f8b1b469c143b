"""What becomes of a verifier's copy of our keys when their address fails, as the profiles of verifiers say it.

Each was measured here: a login by a key that the copy has, right after a fetch for an unknown kid failed and when the
age of the copy is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ssolab import sources
from ssolab.oidc.cache_habits import OnOutage
from tests.interop.key_set_host import KeySetHost, key_set_host
from tests.interop.nodes import Peer, Refused, needs_package, running_script
from tests.interop.openid import CLIENT_ID, NOWHERE, OLD, SCOPE, SECRET, ServedProvider, served_provider

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = {
    "openid-client": "openid-client",
    "oauth4webapi": "openid-client",
    "jose": "jose-remote-jwks",
    "jwks-rsa": "node-jwks-rsa",
}
"""The packages, and the profile that each is described by."""


@dataclass(frozen=True)
class Meeting:
    """A relying party made with one of the packages, and our provider, whose clocks go together."""

    peer: Peer
    op: ServedProvider

    def register(self, **changes: Any) -> None:
        """Have the relying party read our discovery document."""
        given = {"issuer": self.op.issuer, "id": CLIENT_ID, "secret": SECRET, "redirect_uri": NOWHERE, "signed": True}
        self.peer.do("register", given | changes)

    def logs_in(self) -> bool:
        """Whether a login works."""
        answer = self.op.log_in(self.peer.do("begin", {"scope": SCOPE}))
        try:
            self.peer.do("finish", answer)
        except Refused:
            return False
        return True

    def later(self, age: timedelta) -> None:
        """Move both clocks on, to just after that time."""
        self.op.later(age.total_seconds() + 1)
        self.peer.do("ahead", (self.op.lab.now() - datetime.now(UTC)).total_seconds())


@pytest.fixture
def host() -> Iterator[KeySetHost]:
    with served_provider() as op, key_set_host(op) as running:
        op.know()
        yield running


@pytest.mark.parametrize("package", [pytest.param(each, marks=needs_package(each)) for each in KINDS])
def test_the_profile_says_what_becomes_of_a_copy_when_the_address_fails(package: str, host: KeySetHost) -> None:
    cache = sources.load_profiles()[KINDS[package]].cache
    assert cache is not None
    keeps = cache.keeps_kid or cache.keeps
    assert isinstance(cache.cooldown, timedelta)
    assert isinstance(keeps, timedelta)
    # jwks-rsa finds keys and judges nothing itself.
    script = "jose.mjs" if package == "jwks-rsa" else f"{package}.mjs"
    with running_script(script, newer=package == "jwks-rsa") as peer:
        meeting = Meeting(peer, host.op)
        meeting.register(through=package)
        assert meeting.logs_in()
        host.up = False

        host.op.publish()
        host.op.swap()
        meeting.later(cache.cooldown)
        assert not meeting.logs_in()
        assert host.asked == 2
        host.op.swap(OLD)
        young = meeting.logs_in()

        host.up = True
        assert meeting.logs_in()
        host.up = False
        meeting.later(keeps)
        old = meeting.logs_in()
    assert cache.outage is (OnOutage.KEEP if old else OnOutage.REFUSE if young else OnOutage.WIPE)
