"""The short way says yes only where the long way has nothing at all to say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.findings import Opinion
from ssolab.core.jose import half_hash, read_compact
from ssolab.core.strictjson import parse_object
from ssolab.oidc.checks import CHECKS, Expected, TokenKind, accept
from ssolab.oidc.plain import plainly
from tests.core.signing import credential
from tests.core.test_jose import ED25519
from tests.keys import test_key
from tests.oidc.test_each_check import BOUNDS, ERRORS, TOLERATED_BY_SALESFORCE, WARNINGS, Case, by_id
from tests.oidc.tokens import CLIENT, ISSUER, SECONDS, A, B, Seen, expected, jwk, token

ID = TokenKind.ID_TOKEN
KINDS = [kind for kind in TokenKind if not kind.is_assertion]


def short(sealed: str, wanted: Expected) -> bool:
    jws = read_compact(sealed, "token")
    return plainly(jws, parse_object(jws.payload, "claims"), wanted) is not None


def silent(sealed: str, wanted: Expected) -> bool:
    """Whether the long way accepts without a word."""
    report = accept(sealed, wanted, CHECKS)
    return report.accepted and report.findings == ()


@pytest.mark.parametrize("kind", KINDS)
def test_an_honest_token_goes_the_short_way_to_the_same_report(kind: TokenKind) -> None:
    sealed = token(kind)
    assert short(sealed, expected(kind))
    assert accept(sealed, expected(kind)) == accept(sealed, expected(kind), CHECKS)


@pytest.mark.parametrize("kind", [TokenKind.CLIENT_ASSERTION, TokenKind.BEARER_ASSERTION])
def test_an_assertion_goes_the_short_way_where_it_names_its_key(kind: TokenKind) -> None:
    wanted = expected(kind, keys=(A,))
    assert short(token(kind, header={"kid": "a"}), wanted)
    assert not short(token(kind), wanted)


@pytest.mark.parametrize("case", [*ERRORS, *TOLERATED_BY_SALESFORCE, *WARNINGS, *BOUNDS], ids=by_id)
@pytest.mark.parametrize("profile", ["strict", "salesforce"])
def test_the_short_way_never_says_more_than_the_long_one(case: Case, profile: Any) -> None:
    sealed = token(case.kind, header={**case.header, **({"kid": "a"} if case.kind.is_assertion else {})},
                   drop=case.drop, **case.claims)  # fmt: skip
    wanted = expected(case.kind, **{**case.more, "profile": profile, "keys": (A, B)})
    if short(sealed, wanted):
        assert silent(sealed, wanted)


@pytest.mark.parametrize(
    ("header", "more"),
    [
        ({"x5t": "abc"}, {}),
        ({"jku": "https://x"}, {}),
        ({"crit": []}, {}),
        ({"kid": "b"}, {}),
        ({"kid": 5}, {}),
        ({"typ": ["JWT"]}, {}),
        ({"typ": None}, {}),
        ({"typ": "at+jwt"}, {}),
        ({}, {"keys": (B,)}),
        ({}, {"keys": (A, jwk(test_key("new"), "a"))}),
        ({}, {"keys": (jwk(test_key("idp"), "a", use="enc"),)}),
        ({}, {"keys": (jwk(test_key("idp"), "a", key_ops=("sign",)),)}),
        ({}, {"keys": (jwk(test_key("idp"), "a", alg="PS256"),)}),
        ({}, {"keys": (jwk(test_key("new"), "a"),)}),
        ({}, {"keys": (jwk(ED25519, "a"),)}),
        ({}, {"keys": (jwk(test_key("idp"), "a", certificate=credential("idp").certificate),)}),  # out of date
        ({}, {"algorithms": ("PS256",)}),
        ({}, {"keys": (), "secret": bytes(32)}),
        ({}, {"issuer": None}),
        ({}, {"nonce": None}),
        ({}, {"subject": "bea"}),
        ({}, {"access_token": "x", "front_channel": True}),
    ],
)
def test_whatever_is_not_exactly_so_goes_the_long_way(header: dict[str, Any], more: dict[str, Any]) -> None:
    assert not short(token(header=header), expected(**more))


def test_hashes_that_fit_go_the_short_way() -> None:
    sealed = token(at_hash=half_hash("RS256", "y"), c_hash=half_hash("RS256", "z"))
    assert short(sealed, expected(access_token="y", code="z"))
    assert not short(sealed, expected(access_token="y", code="y"))
    assert not short(sealed, expected(access_token="y"))


def test_a_token_is_used_once_on_the_short_way_too() -> None:
    kind, seen = TokenKind.ACCESS_TOKEN, Seen()
    assert accept(token(kind), expected(kind, seen=seen)).accepted
    assert [each.code for each in accept(token(kind), expected(kind, seen=seen)).errors] == ["replayed-token"]


def test_the_second_opinion_is_heard_on_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    import jwt

    assert accept(token(), expected()).verifiers["pyjwt"] is Opinion.ACCEPTED
    monkeypatch.setattr(jwt.PyJWS, "decode", lambda *_, **__: b"{}")
    assert [each.code for each in accept(token(), expected()).errors] == ["verifiers-disagree"]


MOMENTS: st.SearchStrategy[Any] = st.sampled_from(
    [-1, 0, 5, 1e300, 10**39, "x", str(SECONDS), True, None, [], SECONDS * 1000]
) | st.integers(SECONDS - 1000, SECONDS + 1000)
ODD: st.SearchStrategy[Any] = st.sampled_from(
    ["", "a", CLIENT, ISSUER, None, 5, [], {}, [CLIENT], [CLIENT, "b"], ["b"]]
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("exp", "iat", "nbf", "auth_time"), MOMENTS),
        **dict.fromkeys(
            ("iss", "sub", "aud", "azp", "nonce", "jti", "sid", "acr", "events", "at_hash", "client_id"), ODD
        ),
    },
)
WANTS = st.fixed_dictionaries(
    {},
    optional={
        "max_age": st.sampled_from([timedelta(0), timedelta(minutes=5)]),
        "issued_within": st.sampled_from([timedelta(0), timedelta(minutes=5)]),
        "longest": st.just(timedelta(minutes=1)),
        "skew": st.sampled_from([timedelta(0), timedelta(minutes=10)]),
        "subject": st.just("amira"),
        "client_id": st.sampled_from([CLIENT, "a"]),
        "audience": st.sampled_from([None, CLIENT, ("a", CLIENT)]),
        "profile": st.just("salesforce"),
    },
)


@given(
    kind=st.sampled_from(list(TokenKind)),
    changes=CHANGES,
    wants=WANTS,
    drop=st.sets(st.sampled_from(["exp", "sub", "iss", "nonce", "typ"])),
)
def test_both_ways_agree_over_whatever_a_token_says(
    kind: TokenKind, changes: dict[str, Any], wants: dict[str, Any], drop: set[str]
) -> None:
    sealed = token(kind, header={"kid": "a"}, drop=tuple(drop), **changes)
    wanted = expected(kind, **{"keys": (A, B), "opinions": False, **wants})
    long = accept(sealed, wanted, CHECKS)
    assert accept(sealed, expected(kind, **{"keys": (A, B), "opinions": False, **wants})) == long
    if short(sealed, wanted):
        assert long.findings == ()
        assert long.claims == parse_object(read_compact(sealed, "t").payload, "c")
