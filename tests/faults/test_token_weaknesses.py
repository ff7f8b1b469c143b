"""The attacks on tokens before plain libraries: what they believe is known to the last one, and ours believes none."""

from __future__ import annotations

import json
import socket
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Final

import pytest
from jwt import api_jwt

from ssolab.core.findings import InputError
from ssolab.core.jose import read_compact
from ssolab.core.jwk import TrustedJwk, jwk_of
from ssolab.core.strictjson import parse_object
from ssolab.faults.engine import Carrier, Nature
from ssolab.faults.oidc import faults
from ssolab.faults.tokens import TOKENS, published
from ssolab.oidc.plain import plainly
from tests.faults.oidc_parts import CLIENT, GENUINE, expected, judge, oidc_kit, token_of
from tests.faults.token_weaknesses import NO_READER, NOT_ASKED, PATHS, WEAKNESSES
from tests.saml.samples import NOW

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault
    from ssolab.oidc.checks import Expected

ATTACKS: Final = {each.code: each for each in faults() if each.nature is Nature.ATTACK and not each.accepted}
ASKED: Final = [each for each in ATTACKS.values() if each.carrier not in NO_READER]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise AssertionError("a library reached for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture(autouse=True)
def _at_the_moment_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop PyJWT's clock, which it cannot be handed."""

    class Stopped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Stopped:
            return cls.fromtimestamp(NOW.timestamp(), tz)

    monkeypatch.setattr(api_jwt, "datetime", Stopped)


def as_fetched(key: TrustedJwk) -> dict[str, object]:
    """A trusted key as the key set that it came from lists it."""
    listed = jwk_of(key.public, kid=key.kid, alg=key.alg, use=key.use)
    return listed | ({"key_ops": list(key.key_ops)} if key.key_ops else {})


def put_before(*faults: Fault, carrier: Carrier = Carrier.ID_TOKEN) -> tuple[str, Expected, bytes]:
    """What a receiver has in hand: the token, its settings, and the key set that it fetched."""
    carrier, tools = (faults[0].carrier if faults else carrier), oidc_kit()
    here = expected(carrier, tools, faults)
    if carrier is Carrier.JWKS:
        return token_of(tools=tools), here, published({"keys": [jwk_of(tools.own.public, alg="RS256")]}, tools, faults)
    return token_of(*faults, carrier=carrier, tools=tools), here, json.dumps(
        {"keys": [as_fetched(each) for each in here.keys]}
    ).encode()  # fmt: skip


def named_by(path: str, fault: Fault | None = None, carrier: Carrier = Carrier.ID_TOKEN) -> str | None:
    """Whom a path takes the token to be about; None where it refuses."""
    given = put_before(fault) if fault else put_before(carrier=carrier)
    named = None
    for _ in range(fault.sent if fault else 1):
        try:
            named = PATHS[path](*given)
        except Exception:  # noqa: BLE001  whatever a library raises is its refusal
            named = None
    return named


@pytest.mark.parametrize("carrier", [*sorted(TOKENS), Carrier.JWKS])
@pytest.mark.parametrize("path", PATHS)
def test_each_path_believes_the_honest_token(path: str, carrier: Carrier) -> None:
    honest = {CLIENT if carrier is Carrier.CLIENT_ASSERTION else GENUINE, "whoever it is"}
    assert named_by(path, carrier=carrier) in honest


@pytest.mark.parametrize("path", PATHS)
def test_what_a_path_believes_is_exactly_what_is_recorded(path: str) -> None:
    believed = set()
    for fault in ASKED:
        named = None if fault.code in NOT_ASKED else named_by(path, fault)
        if named is not None and not (fault.keeps and named == GENUINE):
            believed.add((path, fault.code))
    assert believed == {each for each in WEAKNESSES if each[0] == path}


@pytest.mark.parametrize("code", sorted({code for _, code in WEAKNESSES}))
def test_ours_refuses_what_a_path_believes(code: str) -> None:
    assert judge(ATTACKS[code], opinions=True).name is None


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.code) for each in ASKED if each.carrier in TOKENS])
def test_the_short_way_says_yes_to_no_attack(fault: Fault) -> None:
    token, here, _ = put_before(fault)
    try:
        read = read_compact(token, "token")
        claims = parse_object(read.payload, "claims")
    except InputError:
        return  # it never comes so far
    # A token that is used twice is refused afterwards, by the memory of those that came before.
    assert plainly(read, claims, here) is None or fault.sent > 1


def test_what_is_not_asked_is_an_attack_with_a_reason() -> None:
    assert set(NOT_ASKED) <= ATTACKS.keys()
    assert {each.carrier for each in ATTACKS.values()} == {*TOKENS, Carrier.JWKS, *NO_READER}
    assert all(len(reason.split()) > 8 for reason in (*NOT_ASKED.values(), *NO_READER.values()))
    assert {code for _, code in WEAKNESSES} <= ATTACKS.keys()
