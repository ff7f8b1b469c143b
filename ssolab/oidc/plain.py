"""The short way for the token that has nothing to report; thousands of rehearsed tokens go by it.

It can only say yes. Whatever is not exactly so, and every token with a single remark to make, goes the long way of
`checks`, which alone decides what is refused and says why. A yes means that none of the checks would find anything;
the tests hold both ways against each other.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.findings import Opinion
from ssolab.core.jose import ALGORITHMS, half_hash
from ssolab.oidc.claim_checks import LONGEST_SUBJECT, REQUIRED, TEXTS
from ssolab.oidc.kind_checks import LOGOUT_EVENT
from ssolab.oidc.materials import TokenKind
from ssolab.oidc.signatures import OURS, Judged
from ssolab.oidc.time_checks import FIFTY_YEARS, YEAR, longest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ssolab.core.jose import CompactJws
    from ssolab.core.jwk import TrustedJwk
    from ssolab.oidc.materials import Expected

_HEADER: Final = frozenset({"alg", "typ", "kid"})
_TYPES: Final[Mapping[TokenKind, frozenset[str | None]]] = {
    TokenKind.ID_TOKEN: frozenset({None, "JWT"}),
    TokenKind.ACCESS_TOKEN: frozenset({"at+jwt"}),
    TokenKind.LOGOUT_TOKEN: frozenset({None, "JWT", "logout+jwt"}),
    TokenKind.CLIENT_ASSERTION: frozenset({None, "JWT"}),
    TokenKind.BEARER_ASSERTION: frozenset({None, "JWT"}),
    TokenKind.JWT: frozenset({None, "JWT"}),
}
_STRONG: Final = 2048
_TEXTS: Final = frozenset(TEXTS)
_TIMES: Final = frozenset({"exp", "nbf", "iat", "auth_time"})


def plainly(jws: CompactJws, claims: Mapping[str, Any], expected: Expected) -> Judged | None:
    """Say yes to a token of which there is nothing to say but who signed it; None sends it the long way."""
    if not (_meant_for_us(claims, expected) and _in_time(claims, expected) and _of_its_kind(claims, expected)):
        return None
    alg, key = jws.header.get("alg"), _key(jws, expected)
    if type(alg) is not str or key is None or not _hashed(claims, expected, alg):
        return None
    if not ALGORITHMS[alg].verify(key.public, jws.signature, jws.signing_input):
        return None
    verifiers = {OURS: Opinion.ACCEPTED}
    if expected.opinions:
        from ssolab.core.joseopinions import token_opinion  # late, as in `signatures`

        heard = token_opinion(jws, alg, [key.public], accepted=True)
        if heard.findings:
            return None
        verifiers |= heard.verdicts
    return Judged(held=True, key=key, alg=alg, findings=(), verifiers=verifiers)


def _key(jws: CompactJws, expected: Expected) -> TrustedJwk | None:
    """Find the one key that an ordinary header names, where nothing is to be said of either."""
    header = jws.header
    ordinary = _HEADER.issuperset(header) and all(type(value) is str for value in header.values())
    if not ordinary or "kid" not in header or header.get("typ") not in _TYPES[expected.kind]:
        return None
    alg, kid = header.get("alg"), header["kid"]
    if alg not in ALGORITHMS or alg not in expected.allowed or expected.secret is not None:
        return None
    named = [key for key in expected.keys if key.kid == kid]
    return named[0] if len(named) == 1 and _usable(named[0], alg, expected) else None


def _usable(key: TrustedJwk, alg: str, expected: Expected) -> bool:
    certificate = key.certificate
    in_date = certificate is None or certificate.not_before <= expected.now <= certificate.not_after
    for_this = not key.key_ops and key.alg in {None, alg} and key.use in {None, "sig"}
    strong = key.public.kind != "RSA" or key.public.bits >= _STRONG  # a curve is settled by the algorithm
    return in_date and for_this and strong


def _meant_for_us(claims: Mapping[str, Any], expected: Expected) -> bool:
    """Look at everything but the times: all that is required, of the right type, from and for whom it should be."""
    for name in REQUIRED[expected.kind][0]:
        if name not in claims:
            return False
    for name, value in claims.items():
        if name in _TEXTS and (type(value) is not str or not value):
            return False
    audience, subject = claims.get("aud"), claims.get("sub", "")
    if type(audience) is list and len(audience) == 1:
        audience = audience[0]
    return (
        not expected.open
        and claims.get("iss") == expected.issuer
        and type(audience) is str
        and audience in expected.audiences
        and expected.subject in {None, subject}
        and (not expected.acr or claims.get("acr") in expected.acr)
        and (not expected.scopes or set(expected.scopes) <= _granted(claims))
        and len(subject) <= LONGEST_SUBJECT
        and subject.isascii()
        and (expected.nonce is None or _same(claims.get("nonce", ""), expected.nonce))
    )


def _granted(claims: Mapping[str, Any]) -> set[str]:
    scope = claims.get("scope")
    return set(scope.split()) if type(scope) is str else set()


def _same(stated: str, sent: str) -> bool:
    return hmac.compare_digest(stated.encode(), sent.encode())


def _in_time(claims: Mapping[str, Any], expected: Expected) -> bool:
    now, skew = expected.now.timestamp(), expected.skew.total_seconds()
    for name in _TIMES:
        if name in claims and (type(claims[name]) not in {int, float} or claims[name] < 0):
            return False
    end, issued, login = claims.get("exp"), claims.get("iat", now), claims.get("auth_time", now)
    longest, fresh = longest_of(expected), expected.issued_within
    return not (
        end is None
        or now >= end + skew
        or end - now > FIFTY_YEARS
        or (longest is not None and end - now > longest.total_seconds() + skew)
        or claims.get("nbf", now) > now + skew
        or issued > now + skew
        or (fresh is not None and now - issued > fresh.total_seconds() + skew)
        or login > now + skew
        or now - login > YEAR
        or (expected.max_age is not None and _too_old(claims, now - login, expected.max_age.total_seconds() + skew))
    )


def _too_old(claims: Mapping[str, Any], since: float, oldest: float) -> bool:
    return "auth_time" not in claims or since > oldest


def _of_its_kind(claims: Mapping[str, Any], expected: Expected) -> bool:
    kind = expected.kind
    if kind is TokenKind.LOGOUT_TOKEN:
        events = claims["events"]
        spoken = type(events) is dict and type(events.get(LOGOUT_EVENT)) is dict
        return spoken and "nonce" not in claims and ("sub" in claims or "sid" in claims)
    if "events" in claims:
        return False
    if kind is TokenKind.ID_TOKEN:
        return claims.get("azp") in {None, expected.party} or expected.party is None
    if kind is TokenKind.ACCESS_TOKEN:
        return expected.client_id in {None, claims["client_id"]}
    return kind is not TokenKind.CLIENT_ASSERTION or claims["iss"] == claims["sub"]


def _hashed(claims: Mapping[str, Any], expected: Expected, alg: str) -> bool:
    """Compare what came beside the token, where both it and its hash are there."""
    for name, beside in (("at_hash", expected.access_token), ("c_hash", expected.code)):
        if beside is None and name not in claims:
            continue
        if beside is None or claims.get(name) != half_hash(alg, beside):
            return False
    return True
