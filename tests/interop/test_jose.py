"""jose for Node believes our tokens by every algorithm that they can be signed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from ssolab.core.jose import ALGORITHMS
from tests.interop.nodes import Peer, needs_package, running_script
from tests.interop.openid import CLIENT_ID, NOWHERE, SCOPE, SECRET, ServedProvider, served_provider
from tests.interop.pair import AMIRA, credential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ssolab.core.jose import JosePrivateKey

pytestmark = needs_package("jose")

MADE: dict[str, Callable[[], JosePrivateKey]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    with running_script("jose.mjs") as running:
        yield running


@pytest.fixture(scope="module")
def op() -> Iterator[ServedProvider]:
    with served_provider() as running:
        yield running


@pytest.mark.parametrize("alg", sorted(ALGORITHMS))
def test_it_believes_our_tokens(alg: str, peer: Peer, op: ServedProvider) -> None:
    if alg != "RS256":  # with which it signs from the start
        op.sign_also(MADE[alg]() if alg in MADE else credential("new").private, alg, kid=f"for {alg}")
    op.know(id_token_alg=alg)
    peer.do("register", {"issuer": op.issuer, "id": CLIENT_ID, "secret": SECRET, "redirect_uri": NOWHERE})

    taken = peer.do("finish", op.log_in(peer.do("begin", {"scope": SCOPE})))

    assert taken["alg"] == alg
    assert taken["info"]["email"] == AMIRA.username
