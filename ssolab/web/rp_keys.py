"""Judging a provider's token by the relying party's own copy of its keys, which is kept as its habits say.

Whatever is fetched stands in the journal, and every judgement says which copy it used and how that came.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.findings import Finding, InputError, Severity
from ssolab.core.jose import read_compact
from ssolab.core.jwk import TrustedJwk
from ssolab.core.jwks import read_jwks
from ssolab.core.keyreasons import excerpt
from ssolab.oidc.caching import Fetched
from ssolab.oidc.checks import accept
from ssolab.oidc.materials import Expected, TokenKind, TokenReport
from ssolab.oidc.relying import JwksTrust, PinnedTrust
from ssolab.oidc.returning import keys_used, no_keys_at_hand, provider_unanswered
from ssolab.web.outgoing import Call

if TYPE_CHECKING:
    from ssolab.oidc.caching import Look
    from ssolab.oidc.keyring import LifeKey
    from ssolab.web.lab import Lab

_OK: Final = 200
_AGE: Final = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})\b", re.IGNORECASE)


def expected_by(lab: Lab, kind: TokenKind, *, issuer: str, document: str, **more: Any) -> Expected:
    """Say what the relying party holds a token of its provider against, by its own settings; *more* is of this one."""
    client = lab.openid_rp.client
    return Expected(
        kind=kind,
        now=lab.now(),
        issuer=issuer,
        audience=client.client_id,
        profile=client.judging,
        algorithms=client.algorithms,
        skew=client.skew,
        permit=client.permit,
        checks_expiry=client.checks_expiry,
        opinions=lab.config.opinions,
        document=document,
        **more,
    )


def judged(lab: Lab, token: str, expected: Expected, *, address: str | None = None) -> TokenReport:
    """Judge a token by the keys that the relying party trusts now.

    Args:
        lab: whose relying party.
        token: what came.
        expected: what it is held against; the keys are filled in here.
        address: where the provider says that its keys are.
    """
    state, client = lab.openid_rp, lab.openid_rp.client
    announced, known = _by_sight(lab)
    expected = replace(expected, announced=announced, known=known)
    if isinstance(client.trust, PinnedTrust):
        report = _accepted(token, replace(expected, keys=client.trust.keys))
        pinned = ", ".join(key.text for key in client.trust.keys)
        return _with(report, keys_used("the keys are pinned; no JWKS is asked", excerpt(pinned, 400)))
    habits, place = client.trust.habits, client.trust.address or address or ""

    def fetch() -> Fetched[TrustedJwk]:
        return fetched(lab, place)

    with state.looking:
        look = state.keys.look(habits, kid=_kid(token), now=lab.now(), fetch=fetch)
        state.keys = look.cache
        report = _judge(lab, token, expected, look)
        if look.keys and report.key is None and (again := look.again(habits, now=lab.now(), fetch=fetch)):
            state.keys, look = again.cache, again
            report = _judge(lab, token, expected, look)
    return report


def _judge(lab: Lab, token: str, expected: Expected, look: Look[TrustedJwk]) -> TokenReport:
    keys = lab.openid_rp.client.counted(look.keys)
    if not keys:
        findings = (no_keys_at_hand(look.told), *((said_of(look.failure),) if look.failure else ()))
        return _refused(findings)
    held = {key.public.spki for key in keys}
    fresher = tuple(key for key in expected.announced if key.public.spki not in held)
    report = _accepted(token, replace(expected, keys=keys, announced=fresher))
    return _with(report, keys_used(f"{look.told}", ", ".join(_called(key) for key in look.keys)[:400]))


def _accepted(token: str, expected: Expected) -> TokenReport:
    """Judge a token; one that cannot even be read is refused like any other."""
    try:
        return accept(token, expected)
    except InputError as error:
        return _refused((said_of(error),))


def _refused(findings: tuple[Finding, ...]) -> TokenReport:
    return TokenReport(findings=findings, principal=None, signature=None, verifiers={}, header={})


def fetched(lab: Lab, address: str) -> Fetched[TrustedJwk]:
    """Fetch the key set; whatever comes of it stands in the journal."""
    body = b""
    try:
        told = lab.openid_rp.send(
            Call(address=address, headers={"Accept": "application/jwk-set+json, application/json"})
        )
        if told.status != _OK:
            raise provider_unanswered(
                address, f"it answers with HTTP {told.status}", "see what is wrong with the server"
            )
        body = told.body
        jwks = read_jwks(body, address)
    except InputError as error:
        _record(lab, f"JWKS not fetched from {address}: {error.problem}", (said_of(error),), body, accepted=False)
        raise
    trust = lab.openid_rp.client.trust
    whole = isinstance(trust, JwksTrust) and trust.whole
    keys = jwks.trusted(address, whole=whole)
    names = ", ".join(_called(key) for key in keys) or "none that can be used"
    _record(lab, f"JWKS fetched from {address}: {names}", jwks.problems, body, accepted=True)
    age = _AGE.search(told.headers.get("cache-control", ""))
    return Fetched(keys=keys, max_age=timedelta(seconds=int(age[1])) if age else None)


def _record(lab: Lab, summary: str, findings: tuple[Finding, ...], body: bytes, *, accepted: bool) -> None:
    lab.record(
        side="relying", event="jwks-fetched", summary=summary, findings=findings, accepted=accepted, message=body
    )


def _by_sight(lab: Lab) -> tuple[tuple[TrustedJwk, ...], tuple[TrustedJwk, ...]]:
    """Give the keys that the lab's own provider lists, and its others: a refusal can then name them.

    They are trusted none the more.
    """
    provider = lab.openid.provider
    if provider.issuer != lab.openid_rp.client.issuer:
        return (), ()

    listed = provider.keys.listed()
    return (
        tuple(_seen(key, "the provider's JWKS of this moment") for key in listed),
        tuple(_seen(key, "the provider's keys") for key in provider.keys.keys if key not in listed),
    )


def _seen(key: LifeKey, source: str) -> TrustedJwk:
    return TrustedJwk(public=key.public, kid=key.kid, alg=key.alg, certificate=key.certificate, source=source)


def _kid(token: str) -> str | None:
    """Read which key a token names; it only helps to decide whether the copy is worth another look."""
    try:
        kid = read_compact(token, "token").header.get("kid")
    except InputError:
        return None
    return kid if isinstance(kid, str) else None


def _called(key: TrustedJwk) -> str:
    return f"kid {excerpt(key.kid, 80)}" if key.kid is not None else f"a key without kid ({key.public.sha256[:16]})"


def _with(report: TokenReport, found: Finding) -> TokenReport:
    return replace(report, findings=(*report.findings, found))


def said_of(error: InputError) -> Finding:
    """Give the finding for what could not be had or read."""
    told = f"{error.name}: {error.problem}"
    return Finding(code=error.code or "unreadable", severity=Severity.ERROR, message=told)
