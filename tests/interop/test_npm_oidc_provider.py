"""Our relying party logs in at oidc-provider for Node, before, during and after a rotation of that provider's key."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from ssolab.core.keys import private_key_pem
from ssolab.oidc.cache_habits import CacheHabits
from ssolab.oidc.relying import ClientKey, JwksTrust
from tests.interop.apache import free_port
from tests.interop.nodes import Peer, needs_package, running_script
from tests.interop.openid import CLIENT_ID, SECRET
from tests.interop.openid_relying import ServedRelying, served_relying
from tests.interop.pair import AMIRA, credential
from tests.interop.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.keys import PrivateKey
    from tests.interop.visitor import Page

pytestmark = needs_package("oidc-provider")

COOLDOWN = 60
OLD, NEW = "idp", "new"


@pytest.fixture(scope="module")
def node() -> Iterator[Peer]:
    with running_script("oidc-provider.mjs", newer=True) as peer:
        yield peer


def key(name: str, *, kid: str | None = None, alg: str = "RS256", private: PrivateKey | None = None) -> dict[str, str]:
    """A key as the script takes it."""
    return {"pem": private_key_pem(private or credential(name).private).decode(), "kid": kid or name, "alg": alg}


@dataclass(frozen=True)
class Meeting:
    """The provider at its address, and our relying party, whose clocks go together."""

    node: Peer
    port: int
    rp: ServedRelying

    @property
    def issuer(self) -> str:
        """The name of the provider."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, *keys: dict[str, str] | str, **client: Any) -> None:
        """Start the provider anew with these keys, of which the first signs, and what it knows of its client."""
        given = {
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "redirect_uris": [self.rp.callback],
            "post_logout_redirect_uris": [self.rp.way_out],
            "backchannel_logout_uri": self.rp.told_at,
        }
        listed = [key(each) if isinstance(each, str) else each for each in keys]
        claims = {"email": AMIRA.username, "name": "Amira"}
        self.node.do("start", {"port": self.port, "keys": listed, "client": given | client, "claims": claims})

    def log_in(self, asks: str = "", visitor: Visitor | None = None) -> Page:
        """Amira logs in, in a browser of her own; *asks* is what the relying party is told to ask for."""
        visitor = visitor or Visitor()
        page = visitor.open(f"{self.rp.start}?{asks}")
        while "prompt" in page.fields:  # its own pages: who one is, then whether the client may know
            page = visitor.submit(page, login="amira", password="any")
        return visitor.submit(page) if page.fields.keys() & {"code", "id_token"} else page

    def later(self, seconds: float) -> None:
        """Move both clocks on."""
        self.rp.later(seconds)
        self.node.do("ahead", (self.rp.lab.now() - datetime.now(UTC)).total_seconds())


@pytest.fixture
def meeting(node: Peer) -> Iterator[Meeting]:
    with ExitStack() as stack:
        rp = stack.enter_context(served_relying())
        met = Meeting(node, free_port(), rp)
        met.later(0)
        met.start(OLD)
        rp.meet(met.issuer, trust=JwksTrust(habits=CacheHabits()))
        stack.callback(node.do, "stop")
        yield met


def test_a_login_shows_who_it_was_and_by_which_key(meeting: Meeting) -> None:
    page = meeting.log_in()

    judged = meeting.rp.judged()
    assert judged.accepted, judged.findings
    assert (page.status, judged.user) == (200, AMIRA.username)
    assert judged.claims is not None
    assert (judged.claims["sub"], judged.claims["iss"]) == ("amira", meeting.issuer)
    assert set(judged.verifiers.values()) == {"accepted"}


def test_logins_before_during_and_after_a_rotation_that_waits_for_our_cache(meeting: Meeting) -> None:
    for keys in ((OLD,), (OLD, NEW), (NEW, OLD), (NEW,)):
        meeting.start(*keys)
        meeting.log_in()
        assert meeting.rp.judged().accepted, (keys, meeting.rp.judged().findings)
        meeting.later(COOLDOWN)
    assert meeting.rp.fetched == 2


def test_a_swap_that_nobody_announced_is_refused_until_our_cooldown_is_over(meeting: Meeting) -> None:
    meeting.log_in()
    meeting.start(NEW)

    meeting.log_in()
    assert not meeting.rp.judged().accepted
    assert meeting.rp.refused_for == {"unknown-kid"}
    meeting.later(COOLDOWN)
    meeting.log_in()
    assert meeting.rp.judged().accepted


def test_another_key_under_the_same_kid_is_not_believed(meeting: Meeting) -> None:
    meeting.log_in()
    meeting.start(key(NEW, kid=OLD))
    meeting.later(COOLDOWN)

    meeting.log_in()
    assert not meeting.rp.judged().accepted


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
def test_it_believes_how_our_relying_party_proves_itself(method: str, meeting: Meeting) -> None:
    own = credential("sp").private
    public = meeting.node.do("jwk", {"pem": private_key_pem(own).decode(), "kid": "own", "alg": "RS256"})
    client = {"jwks": {"keys": [public]}} if method == "private_key_jwt" else {}
    meeting.start(OLD, token_endpoint_auth_method=method, **client)
    meeting.rp.meet(meeting.issuer, auth_method=method, key=ClientKey(private=own, kid="own"))

    meeting.log_in()
    assert meeting.rp.judged().accepted, meeting.rp.judged().findings


SIGNERS = {
    "PS256": lambda: credential(OLD).private,
    "RS512": lambda: credential(OLD).private,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("alg", SIGNERS)
def test_its_tokens_by_other_algorithms_are_believed_where_we_allow_them(alg: str, meeting: Meeting) -> None:
    private: Any = SIGNERS[alg]()
    meeting.start(key("another", alg=alg, private=private), OLD, id_token_signed_response_alg=alg)
    meeting.rp.meet(meeting.issuer, algorithms=("RS256",))
    meeting.log_in()
    assert meeting.rp.refused_for == {"algorithm-not-allowed"}

    meeting.rp.meet(meeting.issuer, algorithms=(alg,))
    meeting.log_in()
    assert meeting.rp.judged().accepted, meeting.rp.judged().findings


@pytest.mark.parametrize("response_type", ["code id_token", "id_token"])
def test_tokens_that_come_through_the_browser_are_believed(response_type: str, meeting: Meeting) -> None:
    grants = ["authorization_code", "implicit"]
    meeting.start(OLD, response_types=[response_type], grant_types=grants, application_type="native")
    meeting.rp.meet(meeting.issuer, response_type=response_type)

    meeting.log_in("response_mode=form_post")
    assert meeting.rp.judged().accepted, meeting.rp.judged().findings


def test_its_logout_is_told_to_us_by_a_token_that_we_believe(meeting: Meeting) -> None:
    visitor = Visitor()
    meeting.log_in(visitor=visitor)
    assert meeting.rp.lab.openid_rp.sessions

    page = visitor.open(meeting.rp.way_out)
    page = visitor.submit(page, logout="yes")
    assert page.url.startswith(meeting.rp.way_out)
    assert meeting.rp.judged("openid-logout-judged").accepted
