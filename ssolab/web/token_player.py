"""Plays one token of the rehearsal: signed for real, and judged under the keys that its verifier has by then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ssolab.core.findings import InputError
from ssolab.core.jose import sign_compact
from ssolab.core.jwk import TrustedJwk
from ssolab.core.jwks import read_jwks
from ssolab.core.keys import PublicKey
from ssolab.cutover.keysets import INSTANT
from ssolab.cutover.scene import Flow, Played, Side, message_not_judged
from ssolab.oidc.caching import Cache, Fetched
from ssolab.oidc.checks import Expected, TokenKind, accept

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ssolab.core.jwks import Jwk
    from ssolab.cutover.token_scene import KeySetReader, TokenScene
    from ssolab.oidc.checks import TokenReport

_KINDS = {
    Flow.OIDC_CODE: TokenKind.ID_TOKEN,
    Flow.OIDC_ACCESS_TOKEN: TokenKind.ACCESS_TOKEN,
    Flow.JWT_BEARER: TokenKind.BEARER_ASSERTION,
    Flow.PRIVATE_KEY_JWT: TokenKind.CLIENT_ASSERTION,
}
_NONCE = "rehearsed"
_NOBODY = "a kid that no provider has"


def play_token(scene: TokenScene) -> Played:
    """Play one token and say how it went."""
    token = _signed(scene)
    report: TokenReport | None = None
    said = "no key is trusted"
    if scene.reader is None:
        if scene.trusted:
            report = _judged(scene, token, scene.trusted)
    else:
        report, said = _read(scene, scene.reader, token)
    if report is None:
        return Played(accepted=False, side=_side(scene), findings=(message_not_judged(said),), messages=1)
    return Played(
        accepted=report.accepted,
        side=None if report.accepted else _side(scene),
        findings=report.findings,
        messages=1,
    )


def _side(scene: TokenScene) -> Side:
    return Side.RELYING if scene.flow.signed_by_asserting else Side.ASSERTING


def _signed(scene: TokenScene) -> str:
    """Make the token as its party makes it."""
    issued = int(scene.issued.timestamp())
    until = issued + int(scene.life.total_seconds())
    header: dict[str, Any] = {"typ": "at+jwt" if scene.flow is Flow.OIDC_ACCESS_TOKEN else "JWT", "alg": scene.alg}
    if scene.kid is not None:
        header["kid"] = scene.kid
    user, client = scene.username, scene.client_id
    claims: dict[str, Any] = {"exp": until, "iat": issued, "jti": f"{issued}-{scene.kid}"}
    if scene.flow.signed_by_asserting:
        claims |= {"iss": scene.issuer, "sub": user, "aud": client}
        claims |= {"nonce": _NONCE} if scene.flow is Flow.OIDC_CODE else {"client_id": client}
    else:
        subject = user if scene.flow is Flow.JWT_BEARER else client
        claims |= {"iss": client, "sub": subject, "aud": scene.issuer}
    return sign_compact(header, claims, scene.private, scene.alg)


def _judged(scene: TokenScene, token: str, keys: tuple[TrustedJwk, ...]) -> TokenReport:
    by_provider = scene.flow.signed_by_asserting
    return accept(
        token,
        Expected(
            kind=_KINDS[scene.flow],
            now=scene.at,
            keys=keys,
            issuer=scene.issuer if by_provider else scene.client_id,
            audience=scene.client_id if by_provider else scene.issuer,
            nonce=_NONCE if scene.flow is Flow.OIDC_CODE else None,
            algorithms=scene.algorithms or None,
            profile="salesforce" if scene.salesforce and not by_provider else "strict",
            longest=scene.life,
            skew=scene.skew,
            permit=scene.permit,
            checks_expiry=scene.checks_expiry,
            opinions=False,
        ),
    )


def _read(scene: TokenScene, reader: KeySetReader, token: str) -> tuple[TokenReport | None, str]:
    """Let the verifier live through its past, then look for keys and judge."""
    way, habits = reader.way, reader.cache
    cache: Cache[TrustedJwk] = Cache()
    if way.fetched is not None and way.copy is not None:
        before = _fetch(reader, way.fetched, way.copy)
        if way.missed:
            first = way.fetched - INSTANT
            cache = cache.look(habits, kid=None, now=first, fetch=_fetch(reader, way.fetched, way.copy)).cache
            cache = cache.look(habits, kid=_NOBODY, now=way.fetched, fetch=before).cache
        else:
            cache = cache.look(habits, kid=scene.kid if way.primed else None, now=way.fetched, fetch=before).cache
    fetch = _fetch(reader, scene.at, way.fresh)
    look = cache.look(habits, kid=scene.kid, now=scene.at, fetch=fetch)
    if not look.keys:
        return None, look.told
    report = _judged(scene, token, look.keys)
    if report.key is None and (again := look.again(habits, now=scene.at, fetch=fetch)) is not None and again.keys:
        report = _judged(scene, token, again.keys)
    return report, look.told


def _fetch(reader: KeySetReader, now: datetime, as_of: datetime) -> Callable[[], Fetched[TrustedJwk]]:
    def fetch() -> Fetched[TrustedJwk]:
        body = reader.address.answer(now, as_of)
        found = read_jwks(body, reader.address.name)
        keys = tuple(_by_certificate(each, found.name) for each in found.keys) if reader.whole else found.trusted()
        return Fetched(keys=keys, max_age=reader.address.max_age)

    return fetch


def _by_certificate(key: Jwk, name: str) -> TrustedJwk:
    """Take the key out of the certificate beside it, as a verifier does that looks at nothing else."""
    public = PublicKey(key.certificates[0].spki) if key.certificates else key.public
    if public is None:
        raise InputError(name, "a key in it cannot be used", "have its owner list another")
    return TrustedJwk(public=public, kid=key.kid, alg=key.alg, use=key.use, key_ops=key.key_ops, source=name)
