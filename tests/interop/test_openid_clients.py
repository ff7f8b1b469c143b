"""openid-client, oauth4webapi and jose for Node log in at our OpenID provider, through a rotation of its key.

How each keeps a key set was measured here, by its own clock, which its script can move.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.interop.nodes import Peer, Refused, needs_package, running_script
from tests.interop.openid import CLIENT_ID, NOWHERE, SCOPE, SECRET, ServedProvider, served_provider
from tests.interop.pair import AMIRA

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Kind:
    """One of the packages: how it authenticates, and for how many seconds it keeps a key set.

    `cooldown` is how old a copy has to be before an unknown kid has it fetched anew.
    """

    package: str
    auth: str
    keeps: int
    cooldown: int
    says: str = "no applicable key"


KINDS = (
    Kind("openid-client", "client_secret_basic", 300, 60),
    Kind("oauth4webapi", "client_secret_post", 300, 60),
    Kind("jose", "client_secret_post", 600, 30),
)


@pytest.fixture(
    scope="module", params=[pytest.param(kind, marks=needs_package(kind.package), id=kind.package) for kind in KINDS]
)
def peer(request: pytest.FixtureRequest) -> Iterator[tuple[Kind, Peer]]:
    kind: Kind = request.param
    with running_script(f"{kind.package}.mjs") as running:
        yield kind, running


@dataclass(frozen=True)
class Meeting:
    """A relying party made with one of the packages, and our provider, whose clocks go together."""

    kind: Kind
    peer: Peer
    op: ServedProvider

    def register(self, **changes: Any) -> None:
        """Have the relying party read our discovery document; whatever it held before is gone."""
        given = {"issuer": self.op.issuer, "id": CLIENT_ID, "secret": SECRET, "redirect_uri": NOWHERE, "signed": True}
        self.peer.do("register", given | changes)

    def log_in(self) -> dict[str, Any]:
        """A whole login; gives the claims of the ID token and the userinfo."""
        taken: dict[str, Any] = self.peer.do("finish", self.op.log_in(self.peer.do("begin", {"scope": SCOPE})))
        return taken

    def later(self, seconds: float) -> None:
        """Move both clocks on."""
        self.op.later(seconds)
        self.peer.do("ahead", (self.op.lab.now() - datetime.now(UTC)).total_seconds())

    @property
    def fetched(self) -> int:
        """How often it has fetched our key set."""
        times: int = self.peer.do("fetched", self.op.lab.openid.provider.endpoints.jwks)
        return times


@pytest.fixture
def meeting(peer: tuple[Kind, Peer]) -> Iterator[Meeting]:
    kind, running = peer
    with served_provider() as op:
        op.know(auth_method=kind.auth)
        met = Meeting(kind, running, op)
        met.later(0)
        met.register()
        yield met


def test_it_logs_in_with_claims_and_userinfo(meeting: Meeting) -> None:
    taken = meeting.log_in()

    assert taken["claims"]["iss"] == meeting.op.issuer
    assert taken["claims"]["sub"] == taken["info"]["sub"]
    assert taken["info"]["email"] == AMIRA.username
    assert meeting.op.judged.accepted


def test_it_logs_in_before_during_and_after_a_rotation_that_waits_for_it(meeting: Meeting) -> None:
    kids = []
    for moment in meeting.op.rotation():
        assert meeting.log_in()["info"]["email"] == AMIRA.username, moment
        kids.append(meeting.op.signs_with)
        meeting.later(meeting.kind.cooldown)
    assert kids == [kids[0]] * 2 + [kids[2]] * 2 != [kids[0]] * 4


def test_a_swap_too_soon_after_the_new_key_was_published_is_refused(meeting: Meeting) -> None:
    meeting.log_in()
    meeting.op.publish()
    meeting.later(meeting.kind.cooldown - 5)
    meeting.op.swap()

    with pytest.raises(Refused, match=meeting.kind.says):
        meeting.log_in()


def test_a_swap_that_nobody_announced_is_refused_until_its_cooldown_is_over(meeting: Meeting) -> None:
    meeting.log_in()
    meeting.op.swap_at_once()

    with pytest.raises(Refused, match=meeting.kind.says):
        meeting.log_in()
    meeting.later(meeting.kind.cooldown - 5)
    with pytest.raises(Refused, match=meeting.kind.says):
        meeting.log_in()
    assert meeting.fetched == 1
    meeting.later(6)
    assert meeting.log_in()["info"]["email"] == AMIRA.username
    assert meeting.fetched == 2


def test_it_keeps_a_key_set_for_that_long_whatever_we_say_of_it(meeting: Meeting) -> None:
    meeting.log_in()
    meeting.later(meeting.kind.keeps - 5)
    meeting.log_in()
    assert meeting.fetched == 1
    meeting.later(6)
    meeting.log_in()
    assert meeting.fetched == 2
