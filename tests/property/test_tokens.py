"""Tokens changed at random: one changed byte ends the login, and whatever is put in, nobody new logs in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssolab.core.findings import InputError
from ssolab.core.jose import ALGORITHMS, HMAC_ALGORITHMS, encode, read_compact, sign_compact
from ssolab.core.strictjson import compact
from ssolab.oidc.checks import TokenKind, accept
from tests.core.test_jose import KEYS
from tests.keys import ec_test_key, test_key
from tests.oidc.tokens import CLAIMS, CLIENT, ISSUER, SECONDS, A, B, expected, jwk, token

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.oidc.materials import Claims

P256 = ec_test_key("p256")
SHORT = token(key=P256, alg="ES256")
WANTED = expected(keys=(jwk(P256, "a"), B))
PARTS = ("header", "payload", "signature")


def claims_of(sealed: str | bytes, wanted: Any = WANTED) -> Claims | None:
    try:
        return accept(sealed, wanted).claims
    except InputError:
        return None


def flips(sealed: str) -> Iterator[tuple[int, bytes]]:
    """Every token that differs in one byte: three other letters, a dot, nothing, and a byte that is no letter."""
    data = sealed.encode()
    for place, byte in enumerate(data):
        for other in (byte ^ 0x20, byte ^ 0x01, ord("A"), ord("_"), ord("."), 0, 0xC3):
            if other != byte:
                yield place, data[:place] + bytes([other]) + data[place + 1 :]
        yield place, data[:place] + data[place + 1 :]
        yield place, data[:place] + b"A" + data[place:]


def test_every_byte_that_is_changed_left_out_or_put_in_refuses_the_token() -> None:
    assert claims_of(SHORT) is not None
    assert [place for place, changed in flips(SHORT) if claims_of(changed) is not None] == []


@pytest.mark.parametrize("alg", sorted({"RS256", "PS256", "EdDSA", "ES512"}))
def test_every_bit_of_a_signature_counts(alg: str) -> None:
    head, _, last = token(key=KEYS[alg], alg=alg).rpartition(".")
    wanted = expected(keys=(jwk(KEYS[alg], "a"),), opinions=False)
    signature = read_compact(f"{head}.{last}", "t").signature
    for place in range(len(signature)):
        changed = signature[:place] + bytes([signature[place] ^ 1 << place % 8]) + signature[place + 1 :]
        assert claims_of(f"{head}.{encode(changed)}", wanted) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "a", "JWT", "RS256", "none", CLIENT, ISSUER, "amira", "é", "\u2028"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
NAMES = ("alg", "typ", "kid", "crit", "b64", "jwk", "x5c", "cty", "tty", "x")
OBJECTS = st.dictionaries(
    st.sampled_from([*CLAIMS[TokenKind.ID_TOKEN], "nbf", "azp", "auth_time", "events", "x"]), JSON
)


@given(claims=OBJECTS)
def test_any_claims_are_read_as_they_were_written(claims: dict[str, Any]) -> None:
    sealed = sign_compact({"kid": "a"}, claims, P256, "ES256")
    assert json.loads(read_compact(sealed, "t").payload) == claims
    kind = TokenKind.JWT
    wanted = expected(kind, keys=(jwk(P256, "a"),), issuer=None, audience=None, skew=timedelta(0))
    report = accept(sealed, wanted)
    assert report.claims in (None, claims)
    assert report.accepted == (report.errors == ())


@given(header=st.dictionaries(st.sampled_from(NAMES), JSON), kind=st.sampled_from(list(TokenKind)), claims=OBJECTS)
def test_whatever_an_attacker_writes_nobody_logs_in_and_nothing_breaks(
    header: dict[str, Any], kind: TokenKind, claims: dict[str, Any]
) -> None:
    body = {**CLAIMS[kind], **claims}
    unsigned = f"{encode(compact(header))}.{encode(compact(body))}."
    assert claims_of(unsigned + "AAAA", expected(kind, keys=(A, B))) is None
    assert claims_of(unsigned, expected(kind, keys=(A, B))) is None
    assert claims_of(sign_compact(header, body, test_key("foreign"), "RS256"), expected(kind, keys=(A, B))) is None


@given(st.binary(max_size=80) | st.text(max_size=80))
def test_any_bytes_end_in_an_error_of_ours_that_has_a_code(data: bytes | str) -> None:
    with pytest.raises(InputError) as caught:
        accept(data, WANTED)
    assert caught.value.code
    assert "\n" not in str(caught.value)


@given(st.sampled_from([*ALGORITHMS, *HMAC_ALGORITHMS, "none", "NONE", "hs256", ""]), st.sampled_from(sorted(KEYS)))
def test_a_header_never_chooses_how_it_is_verified(named: str, signed: str) -> None:
    """Whatever `alg` a token names over a signature made with another one, it is refused."""
    body = compact(CLAIMS[TokenKind.ID_TOKEN])
    signing_input = f"{encode(compact({'alg': named, 'kid': 'a'}))}.{encode(body)}"
    sealed = f"{signing_input}.{encode(ALGORITHMS[signed].sign(KEYS[signed], signing_input.encode()))}"
    wanted = expected(keys=(jwk(KEYS[signed], "a"),), opinions=False)
    same = named == signed or {named, signed} == {"EdDSA", "Ed25519"}
    assert (claims_of(sealed, wanted) is not None) == same


# ---- PyJWT as an oracle over one corpus --------------------------------------------------------------------------


def corpus() -> Iterator[tuple[str, str]]:
    """Tokens good and bad, of which both have to say the same."""
    yield "good", token()
    yield "no kid", token(drop=("kid",))
    yield "aud as an array", token(aud=[CLIENT])
    yield "fractions", token(exp=SECONDS + 0.5, iat=SECONDS - 0.5)
    changed: dict[str, dict[str, Any]] = {
        "expired": {"exp": SECONDS - 301},
        "expired at the bound": {"exp": SECONDS - 300},
        "just not expired": {"exp": SECONDS - 299},
        "not yet": {"nbf": SECONDS + 301},
        "just valid": {"nbf": SECONDS + 300},
        "from the future": {"iat": SECONDS + 301},
        "other audience": {"aud": "x"},
        "other audiences": {"aud": ["x", "y"]},
        "longer audience": {"aud": CLIENT + "x"},
        "other issuer": {"iss": ISSUER + "/"},
        "exp in words": {"exp": "tomorrow"},
        "sub a number": {"sub": 5},
        "jti a number": {"jti": 5},
    }
    for name, changes in changed.items():
        yield name, token(**changes)
    for name in ("iss", "sub", "aud", "exp", "iat"):
        yield f"no {name}", token(drop=(name,))
    yield "another key", token(key=test_key("other"))
    yield "another algorithm", token(alg="RS512")
    yield "cut off", token()[:-4]
    yield "critical", token(header={"crit": ["x"], "x": 1})
    yield "two parts", token().rpartition(".")[0]
    head, payload, last = token().split(".")
    nothing = encode(compact({"alg": "none"}))
    yield "none", f"{nothing}.{payload}."
    yield "other payload", f"{head}.{encode(compact({**CLAIMS[TokenKind.ID_TOKEN], 'sub': 'admin'}))}.{last}"
    yield "no claims", sign_compact({"kid": "a"}, b"[]", test_key("idp"), "RS256")


class Clock(datetime):
    """A clock that stands still where the tokens are made."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Clock:
        """Give that moment."""
        return cls.fromtimestamp(SECONDS, tz or UTC)


def by_pyjwt(sealed: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr("jwt.api_jwt.datetime", Clock)
    try:
        jwt.decode(
            sealed,
            test_key("idp").public_key(),
            algorithms=["RS256"],
            audience=CLIENT,
            issuer=ISSUER,
            leeway=300,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError:
        return False
    return True


@pytest.mark.parametrize(("name", "sealed"), [pytest.param(*each, id=each[0]) for each in corpus()])
def test_pyjwt_and_we_say_the_same(name: str, sealed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = claims_of(sealed, expected(keys=(A,), opinions=False, nonce=None)) is not None
    assert ours == by_pyjwt(sealed, monkeypatch), name


def twice(name: str) -> str:
    """A token that has one member of its claims twice."""
    body = compact(CLAIMS[TokenKind.ID_TOKEN])[:-1] + f',"{name}":"admin"}}'.encode()
    return sign_compact({"kid": "a"}, body, test_key("idp"), "RS256")


STRICTER = {
    "sub twice": twice("sub"),
    "exp as text": token(exp=str(SECONDS + 60)),
    "exp in milliseconds": token(exp=SECONDS * 1000),
    "issued to another": token(azp="another"),
    "for others too": token(aud=[CLIENT, "another"], azp=CLIENT),
    "an access token": token(header={"typ": "at+jwt"}),
    "a logout token": token(events={}),
    "an empty subject": token(sub=""),
    "padded": token() + "==",
    "kid of no key": token(header={"kid": "z"}),
}


@pytest.mark.parametrize("name", STRICTER)
def test_where_pyjwt_is_content_we_look_closer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert by_pyjwt(STRICTER[name], monkeypatch), "no difference any more: move it to the corpus"
    assert claims_of(STRICTER[name], expected(keys=(A,), opinions=False, nonce=None)) is None
