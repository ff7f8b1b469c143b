"""openid-client for Node at our OpenID provider: what else it can ask for, and what it does not look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from ssolab.core.keys import TrustedKey, private_key_pem
from ssolab.oidc.parties import LIFETIMES, endpoints_at
from ssolab.salesforce import openid as org_openid
from tests.interop.nodes import Peer, Refused, needs_package, running_script
from tests.interop.openid import CLIENT_ID, NOWHERE, SCOPE, SECRET, ServedProvider, served_provider
from tests.interop.pair import AMIRA, credential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssolab.core.jose import JosePrivateKey

pytestmark = needs_package("openid-client")

MADE: dict[str, Callable[[], JosePrivateKey]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with running_script("openid-client.mjs") as running:
        yield running


@pytest.fixture
def op() -> Iterator[ServedProvider]:
    with served_provider() as running:
        running.know()
        yield running


def register(peer: Peer, op: ServedProvider, **changes: Any) -> None:
    given = {"issuer": op.issuer, "id": CLIENT_ID, "secret": SECRET, "redirect_uri": NOWHERE, "signed": True}
    peer.do("register", given | changes)


def log_in(peer: Peer, op: ServedProvider, scope: str = SCOPE) -> dict[str, Any]:
    taken: dict[str, Any] = peer.do("finish", op.log_in(peer.do("begin", {"scope": scope})))
    return taken


def test_unless_told_to_it_looks_at_no_signature_and_a_swap_passes_unseen(peer: Peer, op: ServedProvider) -> None:
    register(peer, op, signed=False)
    before = peer.do("fetched", op.lab.openid.provider.endpoints.jwks)
    assert log_in(peer, op)["info"]["email"] == AMIRA.username
    op.swap_at_once()

    assert log_in(peer, op)["info"]["email"] == AMIRA.username
    assert peer.do("fetched", op.lab.openid.provider.endpoints.jwks) == before


@pytest.mark.parametrize("alg", ["RS512", "PS256", "ES256", "ES384", "EdDSA"])
def test_it_believes_our_tokens_by_other_algorithms(alg: str, peer: Peer, op: ServedProvider) -> None:
    op.sign_also(MADE[alg]() if alg in MADE else credential("new").private, alg)
    op.know(id_token_alg=alg)
    register(peer, op, alg=alg)

    assert log_in(peer, op)["info"]["email"] == AMIRA.username


def test_it_proves_itself_by_a_key_of_its_own(peer: Peer, op: ServedProvider) -> None:
    own = credential("sp").private
    register(peer, op, own={"pem": private_key_pem(own).decode(), "kid": "own"})
    op.know(secret=None, auth_method="private_key_jwt", keys=(TrustedKey.of(credential("sp").certificate),))
    assert log_in(peer, op)["info"]["email"] == AMIRA.username

    op.know(secret=None, auth_method="private_key_jwt", keys=(TrustedKey.of(credential("new").certificate),))
    with pytest.raises(Refused, match="responded with a challenge"):
        log_in(peer, op)


def test_a_refresh_after_the_swap_brings_a_token_by_the_new_key(peer: Peer, op: ServedProvider) -> None:
    register(peer, op)
    taken = log_in(peer, op, f"{SCOPE} offline_access")
    op.publish()
    register(peer, op)  # it starts anew, and so has the key set with both
    op.swap()

    renewed = peer.do("refresh", taken["refresh"])
    assert renewed["claims"]["sub"] == taken["claims"]["sub"]
    assert renewed["access"] != taken["access"]


def test_it_believes_the_token_that_comes_with_the_code(peer: Peer, op: ServedProvider) -> None:
    register(peer, op, hybrid=True)

    assert log_in(peer, op)["info"]["email"] == AMIRA.username


def test_it_has_a_token_for_itself(peer: Peer, op: ServedProvider) -> None:
    register(peer, op)

    assert peer.do("credentials", {"scope": "api"})
    assert op.judged.accepted


def test_it_logs_in_where_the_provider_is_an_org_of_salesforce(peer: Peer, op: ServedProvider) -> None:
    op.become(
        flavour="salesforce",
        endpoints=endpoints_at(op.issuer, "salesforce"),
        lifetimes=LIFETIMES["salesforce"],
        response_types=org_openid.RESPONSE_TYPES,
        org="00D000012345678",
        mac_key=b"a key of a test",
    )
    register(peer, op)

    taken = log_in(peer, op)

    assert taken["info"]["email"] == AMIRA.username
    assert taken["claims"]["sub"].startswith(f"{op.issuer}/id/00D000012345678")


def test_a_logout_that_it_asks_for_ends_the_session_and_brings_the_visitor_back(peer: Peer, op: ServedProvider) -> None:
    op.know(post_logout_redirect_uris=(NOWHERE,))
    register(peer, op)
    taken = log_in(peer, op)
    assert op.logged_in() == (AMIRA.username,)

    asks = {"id_token_hint": taken["id"], "post_logout_redirect_uri": NOWHERE, "state": "a state"}
    assert op.log_out(peer.do("leave", asks)) == f"{NOWHERE}?state=a+state"
    assert op.logged_in() == ()


def test_it_learns_what_a_token_is_worth_until_it_revokes_it(peer: Peer, op: ServedProvider) -> None:
    register(peer, op)
    taken = log_in(peer, op, f"{SCOPE} offline_access")

    told = peer.do("introspect", taken["access"])
    assert (told["active"], told["client_id"], told["username"]) == (True, CLIENT_ID, AMIRA.username)
    assert told["sub"] == taken["claims"]["sub"]
    assert set(told["scope"].split()) == {*SCOPE.split(), "offline_access"}

    peer.do("revoke", taken["access"])
    assert peer.do("introspect", taken["access"]) == {"active": False}
    assert peer.do("refresh", taken["refresh"])["access"]  # the grant stands


def test_revoking_the_refresh_token_takes_the_access_tokens_with_it(peer: Peer, op: ServedProvider) -> None:
    register(peer, op)
    taken = log_in(peer, op, f"{SCOPE} offline_access")
    assert peer.do("introspect", taken["refresh"])["active"]

    peer.do("revoke", taken["refresh"])

    assert [peer.do("introspect", taken[each]) for each in ("refresh", "access")] == [{"active": False}] * 2
    with pytest.raises(Refused, match="invalid_grant"):
        peer.do("refresh", taken["refresh"])


def test_who_does_not_know_the_secret_learns_nothing_of_a_token(peer: Peer, op: ServedProvider) -> None:
    register(peer, op)
    taken = log_in(peer, op)
    register(peer, op, secret="another")

    for task in ("introspect", "revoke"):
        with pytest.raises(Refused, match="challenge"):
            peer.do(task, taken["access"])
    register(peer, op)
    assert peer.do("introspect", taken["access"])["active"]
