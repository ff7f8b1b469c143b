"""Times `accept()` of tokens with every check against a bare public-key operation and `json`.

    python -m tests.bench.verifying_jwt [rounds]

The bare work is what nobody can do without: taking the token apart, base64, `json` for header and claims, and one
operation of `cryptography` with a key that is loaded already. Rounds are interleaved and the fastest one counts. PyJWT,
with the claims that it knows, is there for comparison. Exits 1 when a figure is missed.
"""

from __future__ import annotations

import json
import sys
from base64 import urlsafe_b64decode
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, utils

from ssolab.core.jose import public_of
from ssolab.oidc.checks import Expected, TokenKind, accept
from tests.bench.signatures import fastest
from tests.core.test_jose import ED25519
from tests.keys import ec_test_key, test_key
from tests.oidc.tokens import CLIENT, ISSUER, expected, jwk, token

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.jose import JosePrivateKey

ROUNDS: Final = 2000
LIMIT: Final = 2.5
KEYS: Final[dict[str, JosePrivateKey]] = {
    "RS256": test_key("idp"),
    "PS256": test_key("idp"),
    "ES256": ec_test_key("p256"),
    "EdDSA": ED25519,
}
PROFILE: Final[dict[str, Any]] = {
    "name": "Amira Okonkwo", "preferred_username": "amira@greenmoor.org", "email": "amira@greenmoor.org",
    "email_verified": True, "zoneinfo": "Europe/Berlin", "locale": "de_DE", "updated_at": 1767225600,
}  # fmt: skip


class Forgetful:
    """A replay memory that has seen nothing, so that one token can be accepted again and again."""

    def remember(self, *_seen: object) -> bool:
        """Say that it is new."""
        return False


def sealed(alg: str) -> str:
    """An ID token of ordinary size."""
    return token(key=KEYS[alg], alg=alg, header={"kid": "k"}, jti="t1", auth_time=1798794000, azp=CLIENT, **PROFILE)


def expectation(alg: str) -> Expected:
    """Everything that can be judged of it, among three keys as they are published."""
    keys = (
        jwk(test_key("old"), "o", alg="RS256"),
        jwk(KEYS[alg], "k", alg=alg),
        jwk(test_key("new"), "n", alg="RS256"),
    )
    more: dict[str, Any] = {"max_age": timedelta(days=366), "issued_within": timedelta(minutes=5), "subject": "amira"}
    return expected(TokenKind.ID_TOKEN, keys=keys, seen=Forgetful(), opinions=False, checks_expiry=True, **more)


def bare(alg: str) -> Callable[[], None]:
    """Take the token apart and do the one operation with the public key."""
    data, key, sha256 = sealed(alg).encode(), public_of(KEYS[alg]).crypto, hashes.SHA256()
    pss = padding.PSS(padding.MGF1(sha256), 32) if alg == "PS256" else padding.PKCS1v15()
    ecdsa = ec.ECDSA(sha256)

    def decoded(part: bytes) -> bytes:
        return urlsafe_b64decode(part + b"=" * (-len(part) % 4))

    def work() -> None:
        signed, _, last = data.rpartition(b".")
        first, _, second = signed.partition(b".")
        json.loads(decoded(first))
        json.loads(decoded(second))
        signature = decoded(last)
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, signed)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
            key.verify(utils.encode_dss_signature(r, s), signed, ecdsa)
        else:
            key.verify(signature, signed, pss, sha256)  # type: ignore[union-attr, call-arg, arg-type]

    return work


def ours(alg: str) -> Callable[[], None]:
    """Judge the token with every check, our own verifier alone."""
    data, judged = sealed(alg), expectation(alg)

    def work() -> None:
        if accept(data, judged).claims is None:
            raise SystemExit("ours refuses the benchmark's own token")

    return work


def by_pyjwt(alg: str) -> Callable[[], object]:
    """Let PyJWT judge the token, with what it knows to judge but the time."""
    data, key, options = sealed(alg), KEYS[alg].public_key(), {"verify_exp": False, "verify_iat": False}
    return lambda: jwt.decode(data, key, algorithms=[alg], audience=CLIENT, issuer=ISSUER, options=options)  # type: ignore[arg-type]


def main() -> int:
    """Print the table; 1 where a figure is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    missed = 0
    print(f"{'':8}{'bare':>10}{'ours':>10}{'PyJWT':>10}{'ours/bare':>12}{'limit':>8}")  # noqa: T201  that is what it is for
    for alg in KEYS:
        best = fastest({"bare": bare(alg), "ours": ours(alg), "PyJWT": by_pyjwt(alg)}, rounds)
        ratio = best["ours"] / best["bare"]
        missed += ratio > LIMIT
        times = "".join(f"{best[name] * 1e6:>7.0f} us" for name in ("bare", "ours", "PyJWT"))
        print(f"{alg:8}{times}{ratio:>12.2f}{LIMIT:>8}")  # noqa: T201  that is what it is for
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
