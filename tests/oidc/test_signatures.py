"""Whose signature it is, and every reason why it is nobody's that is trusted."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssolab.core.findings import ConfigError, InputError, Opinion, Severity
from ssolab.core.jose import ALGORITHMS, encode, public_of, sign_compact
from ssolab.core.jwk import TrustedJwk, jwk_of
from ssolab.core.keys import Permission, PublicKey
from ssolab.core.strictjson import compact
from ssolab.oidc.checks import CHECKS, TokenKind, accept
from tests.core.signing import credential
from tests.core.test_jose import ED25519, KEYS
from tests.keys import ec_test_key, test_key
from tests.oidc.tokens import CLAIMS, A, B, Seen, expected, jwk, token

ID = TokenKind.ID_TOKEN
P256 = ec_test_key("p256")
SECRET = bytes(range(32))


def raw(header: dict[str, Any], signature: bytes = b"x", payload: bytes | None = None) -> str:
    """A token whose header and signature are what a test says, whether they make sense or not."""
    body = compact(CLAIMS[ID]) if payload is None else payload
    return f"{encode(compact(header))}.{encode(body)}.{encode(signature)}"


def hs256(secret: bytes, alg: str = "HS256", **header: Any) -> str:
    signed = f"{encode(compact({'alg': alg, **header}))}.{encode(compact(CLAIMS[ID]))}"
    hashed = {"HS256": "sha256", "HS512": "sha512"}[alg]
    return f"{signed}.{encode(hmac.digest(secret, signed.encode(), hashed))}"


def reasons(sealed: str, **more: Any) -> list[str]:
    """Why a token is refused, by its signature; that it was refused for good is asserted."""
    report = accept(sealed, expected(**more))
    assert report.claims is None
    assert report.signature is None
    assert report.verifiers["ssolab"] is Opinion.REFUSED
    found = [each.code for each in report.findings if each.severity is Severity.ERROR]
    assert "unverified-token" in {each.code for each in report.findings}
    return found


@pytest.mark.parametrize("alg", list(ALGORITHMS))
def test_every_algorithm_is_accepted_under_its_key_and_under_no_other(alg: str) -> None:
    key = jwk(KEYS[alg], "k")
    sealed = token(header={"kid": "k"}, key=KEYS[alg], alg=alg)
    report = accept(sealed, expected(keys=(key,)))
    assert report.accepted
    assert report.verifiers["pyjwt"] is (Opinion.NOT_APPLICABLE if alg == "Ed25519" else Opinion.ACCEPTED)

    other = jwk(test_key("other") if ALGORITHMS[alg].kind == "RSA" else ec_test_key("p256b"), "k")
    assert not accept(sealed, expected(keys=(other,))).accepted


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("signature", [b"", b"x"])
def test_a_token_that_is_not_signed_is_refused_in_every_spelling(alg: str, signature: bytes) -> None:
    assert reasons(raw({"alg": alg, "kid": "a"}, signature)) == ["unsigned-token"]


def test_a_signature_that_was_cut_off_is_no_signature() -> None:
    assert reasons(token().rpartition(".")[0] + ".") == ["unsigned-token"]


@pytest.mark.parametrize("alg", [None, 5, "", "rs256", "RS1", "RSA-SHA256", ["RS256"], {"a": 1}, "ES256K", "HS1"])
def test_an_algorithm_that_is_not_known_letter_by_letter_is_refused(alg: object) -> None:
    assert reasons(raw({"alg": alg, "kid": "a"}))[0] == "unknown-token-algorithm"
    assert reasons(raw({"kid": "a"})) == ["unknown-token-algorithm"]


def test_an_algorithm_that_is_not_allowed_is_refused_although_the_key_fits() -> None:
    sealed = token(alg="RS512")
    plain = replace(A, alg=None)
    assert accept(sealed, expected(keys=(plain,))).accepted
    assert reasons(sealed, keys=(plain,), algorithms=("RS256", "ES256")) == ["algorithm-not-allowed"]
    assert reasons(sealed, keys=(A,)) == ["key-for-another-algorithm", "signed-by-another-key"]


def test_salesforce_takes_rs256_alone_in_assertions() -> None:
    kind = TokenKind.BEARER_ASSERTION
    sealed = token(kind, alg="RS512")
    assert accept(sealed, expected(kind)).accepted
    report = accept(sealed, expected(kind, profile="salesforce"))
    assert [each.code for each in report.errors] == ["algorithm-not-allowed"]


# ---- shared secrets ----------------------------------------------------------------------------------------------


def forms_of_the_public_key() -> list[bytes]:
    key = test_key("idp").public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return [
        pem,
        pem.strip(),
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        key.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        json.dumps(jwk_of(public_of(test_key("idp")))).encode(),
        credential("idp").certificate.der,
        b"",
    ]


@pytest.mark.parametrize("secret", forms_of_the_public_key())
def test_a_public_key_is_never_a_secret(secret: bytes) -> None:
    assert reasons(hs256(secret, kid="a")) == ["hmac-token"]


@pytest.mark.parametrize("secret", [forms_of_the_public_key()[n] for n in (0, 3, 4)])
def test_whoever_gives_a_public_key_for_the_secret_is_told_so(secret: bytes) -> None:
    with pytest.raises(ConfigError, match="the shared secret is a public key"):
        accept(hs256(secret), expected(keys=(), secret=secret))


def test_a_client_secret_is_accepted_where_it_is_the_one_key() -> None:
    report = accept(hs256(SECRET), expected(keys=(), secret=SECRET))
    assert report.accepted
    assert report.verifiers == {"ssolab": Opinion.ACCEPTED, "pyjwt": Opinion.ACCEPTED}
    assert report.key is None

    assert reasons(hs256(SECRET[::-1]), keys=(), secret=SECRET) == ["token-signature-mismatch"]
    assert reasons(hs256(SECRET, "HS512"), keys=(), secret=SECRET) == ["algorithm-not-allowed"]
    assert reasons(token(), keys=(), secret=SECRET) == ["algorithm-not-allowed"]
    assert reasons(hs256(SECRET[:31]), keys=(), secret=SECRET[:31]) == ["short-secret"]
    assert reasons(hs256(b""), keys=(), secret=b"") == ["short-secret"]


def test_a_secret_and_public_keys_are_never_trusted_together() -> None:
    with pytest.raises(ConfigError, match="trusted together"):
        accept(hs256(SECRET), expected(secret=SECRET))


def test_no_secret_shows_in_the_text_of_an_expectation() -> None:
    shown = repr(expected(keys=(), secret=b"hidden-secret", access_token="hidden-token", code="hidden-code"))
    assert "hidden" not in shown


# ---- which key ---------------------------------------------------------------------------------------------------


def test_a_key_that_is_announced_and_not_trusted_yet_is_named() -> None:
    sealed = token(header={"kid": "b"}, key=test_key("new"))
    assert reasons(sealed, keys=(A,), announced=(B,)) == ["unknown-kid", "signed-by-announced-key"]
    report = accept(sealed, expected(keys=(A,), announced=(B,)))
    found = next(each for each in report.errors if each.code == "signed-by-announced-key")
    assert "kid b" in str(found.observed)
    assert found.subject is not None
    assert found.subject.spki_sha256 == B.public.sha256
    assert accept(sealed, expected(keys=(A, B))).accepted


def test_a_retired_key_and_the_key_of_somebody_else_are_named() -> None:
    sealed = token(header={"kid": "b"}, key=test_key("new"))
    assert reasons(sealed, keys=(A,), retired=(B,)) == ["unknown-kid", "signed-by-retired-key"]
    assert reasons(sealed, keys=(A,), known=(B,)) == ["unknown-kid", "signed-by-untrusted-key"]
    assert reasons(sealed, keys=(A,)) == ["unknown-kid"]


def test_one_kid_over_a_new_key_is_seen_for_what_it_is() -> None:
    sealed = token(header={"kid": "a"}, key=test_key("new"))
    assert reasons(sealed, keys=(A,)) == ["token-signature-mismatch"]
    assert reasons(sealed, keys=(A, B)) == ["signed-by-another-key"]
    assert reasons(sealed, keys=(A,), announced=(replace(B, kid="a"),)) == ["signed-by-announced-key"]


def test_the_kid_of_another_trusted_key_is_not_enough() -> None:
    assert reasons(token(header={"kid": "b"})) == ["signed-by-another-key"]
    assert reasons(token(header={"kid": "c"})) == ["unknown-kid", "signed-by-another-key"]


@pytest.mark.parametrize("kid", ["../../dev/null", "a' OR '1'='1", "a\0", "a ", "A", "", "\u202ea"])
def test_a_kid_is_looked_up_and_nothing_else(kid: str) -> None:
    assert reasons(token(header={"kid": kid})) == ["unknown-kid", "signed-by-another-key"]


@pytest.mark.parametrize("kid", [5, None, ["a"], {"a": 1}, True])
def test_a_kid_that_is_no_text_is_refused(kid: object) -> None:
    assert reasons(token(header={"kid": kid}), keys=(A,)) == ["header-of-wrong-type"]


def test_without_a_kid_one_trusted_key_is_enough() -> None:
    report = accept(token(drop=("kid",)), expected(keys=(A,)))
    assert report.accepted
    assert [each.code for each in report.findings] == ["token-without-kid"]


def test_without_a_kid_several_keys_are_refused_by_the_strict_profile_and_tried_by_that_of_salesforce() -> None:
    sealed = token(drop=("kid",))
    assert reasons(sealed) == ["several-keys-fit"]
    lenient = accept(sealed, expected(profile="salesforce"))
    assert lenient.accepted
    assert [each.code for each in lenient.findings] == ["several-keys-fit", "token-without-kid"]
    pinned = (TrustedJwk.of(credential("new").certificate), TrustedJwk.of(credential("idp").certificate))
    assert accept(sealed, expected(keys=pinned)).accepted, "what is pinned by hand is tried one after the other"


def test_a_key_of_another_type_or_curve_is_no_candidate() -> None:
    keys = (A, jwk(P256, "e"), jwk(ec_test_key("p384"), "f"))
    assert accept(token(drop=("kid",), key=P256, alg="ES256"), expected(keys=keys)).accepted, "one fits its alg"
    assert reasons(token(key=P256, alg="ES256"), keys=keys) == ["key-of-another-type", "signed-by-another-key"]
    on_another = token(header={"kid": "f"}, key=P256, alg="ES256")
    assert reasons(on_another, keys=keys) == ["key-on-another-curve", "signed-by-another-key"]


def test_one_kid_may_name_keys_of_two_types() -> None:
    keys = (A, jwk(P256, "a"))
    assert accept(token(), expected(keys=keys)).accepted
    assert accept(token(key=P256, alg="ES256"), expected(keys=keys)).accepted


def test_one_kid_over_two_keys_of_a_type_is_no_name() -> None:
    assert reasons(token(), keys=(A, replace(B, kid="a"))) == ["several-keys-fit"]
    assert accept(token(), expected(keys=(A, A))).accepted, "the same key twice is one key"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"use": "enc"}, "key-not-for-signatures"),
        ({"use": "SIG"}, "key-not-for-signatures"),
        ({"key_ops": ("encrypt", "wrapKey")}, "key-ops-without-verify"),
        ({"key_ops": ("sign",)}, "key-ops-without-verify"),
        ({"alg": "PS256"}, "key-for-another-algorithm"),
        ({"alg": "RSA-OAEP"}, "key-for-another-algorithm"),
    ],
)
def test_a_key_for_something_else_is_not_used(change: dict[str, Any], code: str) -> None:
    assert reasons(token(), keys=(replace(A, **change), B)) == [code, "signed-by-another-key"]
    assert accept(token(), expected(keys=(replace(A, key_ops=("verify",)),))).accepted


def test_a_key_of_either_name_of_eddsa_takes_both() -> None:
    for alg in ("EdDSA", "Ed25519"):
        sealed = token(key=ED25519, alg=alg)
        for named in ("EdDSA", "Ed25519", None):
            assert accept(sealed, expected(keys=(jwk(ED25519, "a", alg=named),))).accepted


def test_a_key_without_a_name_takes_a_token_with_one() -> None:
    assert accept(token(), expected(keys=(replace(A, kid=None),))).accepted
    assert reasons(token(), keys=(replace(A, kid=None), replace(B, kid="a"))) == ["signed-by-another-key"]
    assert accept(token(header={"kid": "zz"}), expected(keys=(TrustedJwk.of(credential("idp").certificate),))).accepted


def test_the_salesforce_profile_does_not_look_at_the_name_of_a_pinned_key() -> None:
    kind = TokenKind.BEARER_ASSERTION
    pinned = TrustedJwk.of(credential("idp").certificate, kid="app")
    sealed = token(kind, header={"kid": "other"})
    assert accept(sealed, expected(kind, keys=(pinned,), profile="salesforce")).accepted
    assert "unknown-kid" in {each.code for each in accept(sealed, expected(kind, keys=(pinned,))).errors}


# ---- what a token brings along -----------------------------------------------------------------------------------


def brought() -> list[dict[str, Any]]:
    attacker = test_key("foreign")
    chain = [base64.b64encode(credential("foreign").certificate.der).decode()]
    return [
        {"jwk": jwk_of(public_of(attacker))},
        {"x5c": chain},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/x5u"},
        {"jwk": jwk_of(public_of(attacker)), "x5c": chain, "kid": jwk_of(public_of(attacker))["kid"]},
    ]


@pytest.mark.parametrize("header", brought(), ids="+".join)
def test_a_key_in_the_header_is_never_used_and_always_reported(header: dict[str, Any]) -> None:
    forged = token(header=header, key=test_key("foreign"))
    found = reasons(forged)
    shown = {"jwk", "x5c"} & set(header)
    assert ("signed-by-key-in-header" in found) == bool(shown)
    honest = accept(token(header={**header, "kid": "a"}), expected())
    assert honest.accepted, "an honest issuer may send them"
    told = [each for each in honest.findings if each.code == "key-in-header"]
    assert len(told) == len(set(header) - {"kid"})


@pytest.mark.parametrize("value", [None, 5, [], {}, "x", [5], ["AAAA"], ["é"], {"kty": "oct", "k": "AA"}, {"kty": []}])
@pytest.mark.parametrize("member", ["jwk", "x5c"])
def test_whatever_stands_there_in_place_of_a_key_breaks_nothing(member: str, value: object) -> None:
    assert reasons(token(header={member: value}, key=test_key("foreign"))) == ["token-signature-mismatch"]


# ---- values and headers ------------------------------------------------------------------------------------------


def es256(signature: bytes) -> str:
    return raw({"alg": "ES256", "kid": "e"}, signature)


def test_psychic_and_misshapen_ecdsa_signatures_are_told_apart() -> None:
    keys = (jwk(P256, "e"),)
    one = (1).to_bytes(32)
    assert reasons(es256(bytes(64)), keys=keys) == ["zero-ecdsa-signature"]
    assert reasons(es256(bytes(32) + one), keys=keys) == ["zero-ecdsa-signature"]
    assert reasons(es256(one + bytes(32)), keys=keys) == ["zero-ecdsa-signature"]
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    assert reasons(es256(order.to_bytes(32) * 2), keys=keys) == ["token-signature-mismatch"]
    head, payload, _ = es256(b"x").split(".")
    der = P256.sign(f"{head}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    assert reasons(es256(der), keys=keys) == ["ecdsa-signature-shape"]
    assert reasons(es256(b"\0" + bytes(64)), keys=keys) == ["ecdsa-signature-shape"]
    report = accept(es256(der), expected(keys=keys))
    assert "begin as DER does" in str(report.errors[0].observed)


def test_a_weak_key_is_refused_unless_it_is_permitted() -> None:
    weak = test_key("legacy", 1024)
    sealed = token(header={"kid": "w"}, key=weak)
    assert reasons(sealed, keys=(jwk(weak, "w"),)) == ["weak-rsa-key"]
    report = accept(sealed, expected(keys=(jwk(weak, "w"),), permit=frozenset({Permission.RSA1024})))
    assert report.accepted
    assert report.verifiers["pyjwt"] is Opinion.NOT_APPLICABLE
    assert ("weak-rsa-key", Severity.WARNING) in {(each.code, each.severity) for each in report.findings}


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"crit": ["exp"], "exp": 5}, "critical-header-not-understood"),
        ({"crit": ["b64"], "b64": True}, "critical-header-not-understood"),
        ({"crit": []}, "critical-header-not-understood"),
        ({"crit": "exp"}, "critical-header-not-understood"),
        ({"crit": None}, "critical-header-not-understood"),
        ({"b64": False}, "unencoded-payload"),
        ({"b64": 0}, "unencoded-payload"),
        ({"b64": "false"}, "unencoded-payload"),
        ({"typ": 5}, "header-of-wrong-type"),
        ({"cty": ["JWT"]}, "header-of-wrong-type"),
    ],
)
def test_a_header_that_changes_the_meaning_refuses_and_cannot_be_waived(header: dict[str, Any], code: str) -> None:
    kind = TokenKind.JWT
    for checks in (None, [CHECKS[0]]):
        report = accept(token(kind, header=header), expected(kind), checks)
        assert [each.code for each in report.errors] == [code]
        assert report.claims is None
    with pytest.raises(ConfigError, match="never its signature or form"):
        accept(token(kind, header=header), expected(kind, ignore=frozenset({code})))


def test_a_header_that_says_what_is_so_anyway_does_no_harm() -> None:
    assert accept(token(header={"b64": True, "x": 1, "x5t": "abc"}), expected()).accepted


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", "empty-document"),
        (b"[]", "json-not-an-object"),
        (b'{"iss": "a", "iss": "b"}', "repeated-member"),
        (b'{"iss": NaN}', "malformed-json"),
        (b"\xff", "json-not-utf8"),
        (b"[" * 5000, "oversized-document"),
        (b'{"exp": ' + b"9" * 5000 + b"}", "oversized-number"),
        (token().encode(), "malformed-json"),
    ],
)
def test_claims_that_cannot_be_read_end_in_an_error_with_a_code(payload: bytes, code: str) -> None:
    sealed = sign_compact({"kid": "a"}, payload, test_key("idp"), "RS256")
    with pytest.raises(InputError) as caught:
        accept(sealed, expected())
    assert caught.value.code == code
    assert "payload" in str(caught.value)


def test_a_token_in_a_token_is_refused_by_name() -> None:
    sealed = sign_compact({"kid": "a", "cty": "JWT"}, token().encode(), test_key("idp"), "RS256")
    with pytest.raises(InputError, match="holds another token"):
        accept(sealed, expected())


# ---- the rest ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kid", ["a", None])
@pytest.mark.parametrize("spki", [b"", b"no key", A.public.spki[:-40], jwk(P256, "x").public.spki[:-8] + bytes(8)])
def test_a_trusted_key_that_is_none_refuses_and_breaks_nothing(spki: bytes, kid: str | None) -> None:
    broken = TrustedJwk(public=PublicKey(spki), kid=kid)
    assert reasons(token(), keys=(broken,))
    assert reasons(token(key=P256, alg="ES256"), keys=(broken,))
    assert accept(token(), expected(keys=(replace(broken, kid="z"), A))).accepted


def test_a_token_is_used_once() -> None:
    kind, seen = TokenKind.BEARER_ASSERTION, Seen()
    sealed = token(kind)
    assert accept(sealed, expected(kind, seen=seen)).accepted
    again = accept(sealed, expected(kind, seen=seen))
    assert [each.code for each in again.errors] == ["replayed-token"]
    assert again.claims is None
    assert accept(token(kind, jti="t2"), expected(kind, seen=seen)).accepted


def test_a_refused_token_is_not_remembered() -> None:
    kind, seen = TokenKind.BEARER_ASSERTION, Seen()
    for wrong in (expected(kind, seen=seen, audience="x"), expected(kind, seen=seen, keys=(B,))):
        assert not accept(token(kind), wrong).accepted
    assert seen.until == {}
    assert accept(token(kind), expected(kind, seen=seen)).accepted
    assert len(seen.until) == 1


def test_an_end_beyond_the_calendar_is_remembered_to_its_end() -> None:
    kind, seen = TokenKind.BEARER_ASSERTION, Seen()
    sealed = token(kind, exp=10**17)
    lenient = expected(kind, seen=seen, profile="salesforce")
    assert accept(sealed, lenient).accepted
    assert not accept(sealed, lenient).accepted
    assert [each.year for each in seen.until.values()] == [9999]


def test_nothing_is_judged_without_trust_checks_or_with_an_unknown_waiver() -> None:
    with pytest.raises(ConfigError, match="the trust set is empty"):
        accept(token(), expected(keys=()))
    with pytest.raises(ConfigError, match="the set of checks is empty"):
        accept(token(), expected(), [])
    with pytest.raises(ConfigError, match="did you mean token-expired"):
        accept(token(), expected(ignore=frozenset({"token-expird"})))
    with pytest.raises(ConfigError, match="no algorithm that can be allowed"):
        accept(token(), expected(algorithms=("HS256",)))


def test_a_signature_that_only_we_accept_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    import jwt

    def refuse(*_: object, **__: object) -> bytes:
        raise jwt.InvalidSignatureError("no")

    monkeypatch.setattr(jwt.PyJWS, "decode", refuse)
    report = accept(token(), expected())
    assert [(each.code, each.cites) for each in report.errors] == [("verifiers-disagree", "RFC 7515 5.2")]
    assert report.claims is None
    assert report.verifiers == {"ssolab": Opinion.ACCEPTED, "pyjwt": Opinion.REFUSED}


def test_a_second_opinion_that_reads_another_payload_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    import jwt

    monkeypatch.setattr(jwt.PyJWS, "decode", lambda *_, **__: b"{}")
    assert [each.code for each in accept(token(), expected()).errors] == ["verifiers-disagree"]


def test_pyjwt_is_given_one_algorithm_and_no_pem(monkeypatch: pytest.MonkeyPatch) -> None:
    import jwt

    asked: list[tuple[object, object]] = []
    decode = jwt.PyJWS.decode

    def listening(self: Any, sealed: Any, key: Any = "", algorithms: Any = None, **more: Any) -> Any:
        asked.append((key, algorithms))
        return decode(self, sealed, key, algorithms, **more)

    monkeypatch.setattr(jwt.PyJWS, "decode", listening)
    accept(token(), expected())
    accept(token(key=test_key("foreign")), expected())
    accept(hs256(b"-----BEGIN PUBLIC KEY-----"), expected())
    assert [algorithms for _, algorithms in asked] == [["RS256"]] * 3
    assert not [key for key, _ in asked if isinstance(key, (bytes, str))]


def test_a_second_opinion_that_cannot_be_loaded_is_told_and_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jwt", None)
    report = accept(token(), expected())
    assert report.accepted
    assert report.verifiers == {"ssolab": Opinion.ACCEPTED, "pyjwt": Opinion.UNAVAILABLE}
    assert [(each.code, each.severity) for each in report.findings] == [("verifier-unavailable", Severity.WARNING)]


def test_without_second_opinions_ours_alone_decides() -> None:
    report = accept(token(), expected(opinions=False))
    assert report.accepted
    assert report.verifiers == {"ssolab": Opinion.ACCEPTED}
    assert hashlib.sha256(A.public.spki).hexdigest() == report.signature.key  # type: ignore[union-attr]
