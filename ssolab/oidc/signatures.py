"""Judging the signature of a token, stage by stage: algorithm, key, value, second opinion.

Only a trusted key can make a signature hold. All other keys that are known, and those that the token brings along, are
tried for the explanation alone: whose key it was is the question that people have on the day of a cutover.
"""

from __future__ import annotations

import base64
import hmac
from binascii import Error as BinasciiError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ssolab.core.certs import Certificate
from ssolab.core.findings import InputError, Opinion, Where, has_error
from ssolab.core.jose import ALGORITHMS, HMAC_ALGORITHMS
from ssolab.core.jwks import read_jwk
from ssolab.core.keyreasons import weak_rsa_key
from ssolab.core.keys import Permission, PublicKey
from ssolab.core.xmlkeys import is_weak
from ssolab.oidc import key_reasons, signature_reasons
from ssolab.oidc.key_choice import choose
from ssolab.oidc.materials import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ssolab.core.findings import Finding
    from ssolab.core.jose import CompactJws, JoseAlgorithm
    from ssolab.core.jwk import TrustedJwk
    from ssolab.oidc.materials import Expected

OURS: Final = "ssolab"

_LEAST_SECRET: Final = 256
_LEAST: Final = 1024
_MOST_TRIED: Final = 64
_WIDTHS: Final = {"P-256": 32, "P-384": 48, "P-521": 66}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of the signature: `key` is the trusted key that made it, and `held` says whether to believe it.

    A shared secret holds without a key. `alg` is None where none of ours is named.
    """

    held: bool
    key: TrustedJwk | None
    alg: str | None
    findings: tuple[Finding, ...]
    verifiers: Mapping[str, Opinion]


def judge(jws: CompactJws, expected: Expected, found: list[Finding]) -> Judged:
    """Verify the signature of a token with our verifier and, where it is wanted, hear the second opinion.

    Args:
        jws: the token.
        expected: whom we trust, and which algorithms.
        found: what was found in the header already; with an error among it no signature holds.
    """
    alg = jws.header.get("alg")
    where = Where(document=expected.document, path="/header/alg")
    algorithm = ALGORITHMS.get(alg) if isinstance(alg, str) else None
    refused = list(_algorithm(jws, expected, where))
    if refused:
        return _judged(jws, expected, algorithm, None, [*refused, *found])
    if algorithm is None:
        return _by_secret(jws, expected, where, found)
    choice = choose(algorithm, jws.header.get("kid"), expected)
    findings = list(choice.findings)
    key = _fitting(jws, algorithm, choice.candidates)
    if key is None:
        findings += _explain(jws, algorithm, choice.candidates, expected)
    else:
        findings += _weakness(key, expected)
    return _judged(jws, expected, algorithm, key, [*findings, *found])


def _judged(
    jws: CompactJws,
    expected: Expected,
    algorithm: JoseAlgorithm | None,
    key: TrustedJwk | None,
    findings: list[Finding],
) -> Judged:
    """Put the outcome together, once PyJWT was heard; it is not asked about what it would have to guess at."""
    held = key is not None and not has_error(findings)
    verifiers = {OURS: Opinion.ACCEPTED if held else Opinion.REFUSED}
    if expected.opinions:
        # Imported late: it loads the libraries for XML, which a token does not need.
        from ssolab.core.joseopinions import PYJWT, token_opinion

        keys = [key.public] if key is not None and held else [each.public for each in expected.keys]
        askable = algorithm is not None and algorithm.name in expected.allowed
        keys = [each for each in keys if askable and algorithm is not None and algorithm.fits(each)]
        if keys and algorithm is not None:
            heard = token_opinion(jws, algorithm.name, keys, accepted=held)
            verifiers |= heard.verdicts
            findings += heard.findings
            held = held and not has_error(heard.findings)
        else:
            verifiers[PYJWT] = Opinion.NOT_APPLICABLE
    return Judged(
        held=held,
        key=key if held else None,
        alg=None if algorithm is None else algorithm.name,
        findings=tuple(findings),
        verifiers=verifiers,
    )


def _algorithm(jws: CompactJws, expected: Expected, where: Where) -> Iterator[Finding]:
    """Say why the algorithm is refused whatever the keys say."""
    alg = jws.header.get("alg")
    if (isinstance(alg, str) and alg.lower() == "none") or not jws.signature:
        yield signature_reasons.unsigned_token(f"alg {shown(alg)}" if jws.signature else "no signature", where)
    elif isinstance(alg, str) and alg in HMAC_ALGORITHMS and expected.secret is None:
        yield signature_reasons.hmac_token(f"alg {alg}", where)
    elif not isinstance(alg, str) or (alg not in ALGORITHMS and alg not in HMAC_ALGORITHMS):
        yield signature_reasons.unknown_token_algorithm("no alg" if alg is None else f"alg {shown(alg)}", where)
    elif alg not in expected.allowed:
        yield signature_reasons.algorithm_not_allowed(" or ".join(expected.allowed), f"alg {alg}", where)


def _by_secret(jws: CompactJws, expected: Expected, where: Where, found: list[Finding]) -> Judged:
    """Judge an HMAC over the one secret that was agreed on; `guard` has seen to it that no key is trusted beside it."""
    alg, secret = str(jws.header["alg"]), expected.secret or b""
    findings = list(found)
    if len(secret) * 8 < _LEAST_SECRET:
        findings.append(signature_reasons.short_secret(len(secret) * 8, where))
    if not hmac.compare_digest(hmac.digest(secret, jws.signing_input, HMAC_ALGORITHMS[alg]), jws.signature):
        observed = f"{len(jws.signature)} bytes of {alg}"
        findings.append(key_reasons.token_signature_mismatch("an HMAC over the client secret", observed, where))
    held = not has_error(findings)
    verifiers = {OURS: Opinion.ACCEPTED if held else Opinion.REFUSED}
    if expected.opinions:
        from ssolab.core.joseopinions import PYJWT, token_opinion

        verifiers[PYJWT] = Opinion.NOT_APPLICABLE
        if held:
            heard = token_opinion(jws, alg, [secret], accepted=True)
            verifiers |= heard.verdicts
            findings += heard.findings
            held = not has_error(heard.findings)
    return Judged(held=held, key=None, alg=alg, findings=tuple(findings), verifiers=verifiers)


def _fitting(jws: CompactJws, algorithm: JoseAlgorithm, keys: Sequence[TrustedJwk]) -> TrustedJwk | None:
    fitting = (key for key in keys if algorithm.verify(key.public, jws.signature, jws.signing_input))
    return next(fitting, None)


def _weakness(key: TrustedJwk, expected: Expected) -> Iterator[Finding]:
    if key.public.kind == "RSA" and is_weak(key.public):
        permitted = Permission.RSA1024 in expected.permit and key.public.bits >= _LEAST
        where = Where(document=expected.document)
        yield weak_rsa_key(key.public.bits, key.public.sha256, where, permitted=permitted)


def _explain(
    jws: CompactJws, algorithm: JoseAlgorithm, candidates: Sequence[TrustedJwk], expected: Expected
) -> Iterator[Finding]:
    """Say whose key it was, or why it is nobody's that is known."""
    where = Where(document=expected.document, path="/signature")
    if odd := list(_odd_ecdsa(jws.signature, algorithm.curve, where)):
        yield from odd
        return
    for keys, reason in (
        (expected.keys, key_reasons.signed_by_another_key),
        (expected.announced, key_reasons.signed_by_announced_key),
        (expected.retired, key_reasons.signed_by_retired_key),
        (expected.known, key_reasons.signed_by_untrusted_key),
    ):
        if signer := _fitting(jws, algorithm, keys[:_MOST_TRIED]):
            yield reason(signer, where)
            return
    for member, public in _brought(jws.header):
        if algorithm.verify(public, jws.signature, jws.signing_input):
            yield key_reasons.signed_by_key_in_header(member, public.sha256, where)
            return
    if candidates:
        tried = " or ".join(key.text for key in candidates[:4])
        observed = f"{len(jws.signature)} bytes that fit no key that is known here"
        yield key_reasons.token_signature_mismatch(f"a signature by {tried}", observed, where)


def _odd_ecdsa(signature: bytes, curve: str | None, where: Where) -> Iterator[Finding]:
    """Say what is wrong with the shape of an ECDSA signature (RFC 7518 3.4)."""
    if curve is None:
        return
    width = _WIDTHS[curve]
    r, s = signature[:width], signature[width:]
    if len(signature) != 2 * width:
        observed = f"{len(signature)} bytes" + (" that begin as DER does" if signature[:1] == b"\x30" else "")
        yield signature_reasons.ecdsa_signature_shape(f"r and s, {width} bytes each", observed, where)
    elif not any(r) or not any(s):
        zero = "r and s" if not any(signature) else "s" if any(r) else "r"
        yield signature_reasons.zero_ecdsa_signature(zero, where)


def _brought(header: Mapping[str, object]) -> Iterator[tuple[str, PublicKey]]:
    """Yield the keys that the token brings along, for the explanation and nothing else."""
    public = read_jwk(header["jwk"], 0, "header").public if "jwk" in header else None
    if public is not None:
        yield "jwk", public
    chain = header.get("x5c")
    first = chain[0] if isinstance(chain, list) and chain else None
    if isinstance(first, str) and first.isascii():
        try:
            certificate = Certificate.from_der(base64.b64decode(first, validate=True), "x5c")
        except (BinasciiError, InputError):
            return
        yield "x5c", PublicKey(certificate.spki)
