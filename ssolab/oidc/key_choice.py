"""Choosing the key for a token among those that are trusted, and saying at which step none was left.

The token may ask for a key by name; it can never add one. The steps are those of oauth4webapi and jose: kid, key type,
curve, alg, use, key_ops.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssolab.core.findings import Severity, Where
from ssolab.oidc import key_reasons as reasons
from ssolab.oidc.materials import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ssolab.core.findings import Finding
    from ssolab.core.jose import JoseAlgorithm
    from ssolab.core.jwk import TrustedJwk
    from ssolab.oidc.materials import Expected

_MOST_SHOWN = 8
_NEW_NAMES = {"EdDSA": "Ed25519"}  # one algorithm under two names, RFC 9864 3.1


@dataclass(frozen=True, slots=True)
class Choice:
    """The keys that a token may have been signed with, and what is to be said of how they were found."""

    candidates: tuple[TrustedJwk, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing that a key has to be, and how to say that none is."""

    fits: Callable[[TrustedJwk], bool]
    refuse: Callable[[Sequence[TrustedJwk]], Finding]


def choose(algorithm: JoseAlgorithm, kid: object, expected: Expected) -> Choice:
    """Choose the trusted keys that fit the header of a token.

    None left is an error that says at which step; several are one too, unless they are pinned by hand or the profile
    is that of Salesforce.
    """
    name = kid if isinstance(kid, str) else None
    left = named(expected.keys, name, lenient=expected.lenient)
    if not left:
        names = _listed(key.kid for key in expected.keys if key.kid is not None)
        where = Where(document=expected.document, path="/header/kid")
        return Choice((), (reasons.unknown_kid(shown(name), names, where),))
    for step in _steps(algorithm, expected.document):
        fitting = tuple(key for key in left if step.fits(key))
        if not fitting:
            return Choice((), (step.refuse(left),))
        left = fitting
    candidates = tuple({key.public.spki: key for key in reversed(left)}.values())[::-1]
    return Choice(candidates, tuple(_said(candidates, name, expected)))


def named(keys: Sequence[TrustedJwk], kid: str | None, *, lenient: bool) -> tuple[TrustedJwk, ...]:
    """Take the keys that a `kid` asks for; where none has the name, those that have no name at all.

    Without a `kid` every key may be meant. The salesforce profile does not look at the names of pinned keys.
    """
    if kid is None:
        return tuple(keys)
    exact = tuple(key for key in keys if key.kid == kid)
    return exact or tuple(key for key in keys if key.kid is None or (lenient and key.pinned))


def _steps(algorithm: JoseAlgorithm, document: str) -> tuple[_Step, ...]:
    where = Where(document=document, path="/header/alg")
    needs = f"{algorithm.name}, so a key of kind {algorithm.kind}"
    return (
        _Step(
            lambda key: key.public.kind == algorithm.kind,
            lambda keys: reasons.key_of_another_type(needs, _listed(key.public.text for key in keys), where),
        ),
        _Step(
            lambda key: algorithm.fits(key.public),
            lambda keys: reasons.key_on_another_curve(
                f"{algorithm.name}, so {algorithm.curve}", _listed(key.public.text for key in keys), where
            ),
        ),
        _Step(
            lambda key: key.alg is None or _new(key.alg) == _new(algorithm.name),
            lambda keys: reasons.key_for_another_algorithm(
                _listed(f"alg {key.alg}" for key in keys), f"alg {algorithm.name}", where
            ),
        ),
        _Step(
            lambda key: key.use is None or key.use == "sig",
            lambda keys: reasons.key_not_for_signatures(_listed(f"use {key.use}" for key in keys), where),
        ),
        _Step(
            lambda key: not key.key_ops or "verify" in key.key_ops,
            lambda keys: reasons.key_ops_without_verify(_listed(" ".join(key.key_ops) for key in keys), where),
        ),
    )


def _said(candidates: Sequence[TrustedJwk], kid: str | None, expected: Expected) -> Iterable[Finding]:
    where = Where(document=expected.document, path="/header/kid")
    pinned = all(key.pinned for key in candidates)
    if len(candidates) > 1 and not pinned:
        names = _listed(key.text for key in candidates)
        yield reasons.several_keys_fit(len(candidates), names, where, expected.tolerated)
    if kid is None:
        harmless = pinned or len(expected.keys) == 1
        tried = f"{len(candidates)} trusted key{'s' * (len(candidates) != 1)} tried"
        yield reasons.token_without_kid(tried, where, Severity.INFO if harmless else Severity.WARNING)


def _new(alg: str) -> str:
    return _NEW_NAMES.get(alg, alg)


def _listed(names: Iterable[str]) -> str:
    """Write a few names for people, each once."""
    several = list(dict.fromkeys(shown(name) for name in names))
    more = f" and {len(several) - _MOST_SHOWN} more" if len(several) > _MOST_SHOWN else ""
    return (", ".join(several[:_MOST_SHOWN]) or "keys without a kid") + more
