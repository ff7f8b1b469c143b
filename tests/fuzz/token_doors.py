"""The doors of the JSON half: a token with the report on it, and a key set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from ssolab.core.findings import InputError
from ssolab.core.jose import public_of
from ssolab.core.jwk import jwk_of
from ssolab.core.jwks import read_jwks
from ssolab.oidc.checks import CHECKS, Expected, TokenKind, accept
from ssolab.oidc.reading import token_in
from tests.core.signing import credential
from tests.core.test_jose import ED25519
from tests.fuzz.refusals import coded
from tests.keys import ec_test_key, test_key
from tests.oidc.tokens import CLAIMS, A, expected, jwk, token

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS: Final = (A, jwk(ec_test_key("p256"), "e"), jwk(ED25519, "o"))


def _wanted(kind: TokenKind) -> Expected:
    return expected(kind, keys=KEYS, opinions=False)


def token_door(data: bytes) -> None:
    """Judge bytes as each kind of token: what is believed was signed by us, and both ways of judging agree."""
    for kind in TokenKind:
        try:
            report = accept(token_in(data), _wanted(kind))
        except InputError as error:
            coded(error)
            return
        assert report == accept(token_in(data), _wanted(kind), CHECKS)
        if report.claims is not None:
            assert report.errors == ()
            assert report.claims in CLAIMS.values()


def tokens() -> Iterator[bytes]:
    """Give an honest token of each kind and algorithm, and some that are not."""
    for kind in TokenKind:
        yield token(kind).encode()
    yield b"Bearer " + token(key=ec_test_key("p256"), alg="ES256", header={"kid": "e"}).encode()
    yield token(key=ED25519, alg="EdDSA", header={"kid": "o"}).encode() + b"\n"
    yield token(header={"jwk": jwk_of(public_of(test_key("foreign")))}, key=test_key("foreign")).encode()
    yield token(header={"crit": ["b64"], "b64": False}).encode()
    yield token(exp="1", aud=["a", "b"], events={}).encode()


def key_set(data: bytes) -> None:
    """Read bytes as a key set: every key is usable or says why it is not."""
    try:
        keys = read_jwks(data, "jwks.json", lone=True).keys
    except InputError as error:
        coded(error)
        return
    for key in keys:
        assert key.public is not None or key.problems
        if key.public is not None:
            assert key.public.crypto is not None


def key_sets() -> Iterator[bytes]:
    """Give a set of each kind of key, with and without its certificate, and odd ones."""
    keys = [public_of(each) for each in (test_key("idp"), ec_test_key("p256"), ec_test_key("p384"), ED25519)]
    certificate = credential("idp").certificate
    yield json.dumps({"keys": [jwk_of(key) for key in keys]}).encode()
    yield json.dumps({"keys": [jwk_of(keys[0], certificate=certificate, x5c=True)]}).encode()
    yield json.dumps(jwk_of(keys[1])).encode()
    yield b'{"keys": [{"kty": "oct", "k": "AA"}, {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, 5]}'
