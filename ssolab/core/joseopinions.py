"""The second opinion on a token, from PyJWT. It judges the signature under one key, and nothing else.

It never sees a PEM, from which it would have to guess what is meant, nor any algorithm beside the one that the settings
and our own verifier have agreed on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from ssolab.core.findings import Where
from ssolab.core.jose import encode
from ssolab.core.opinions import NotApplicableError, Opinions, ask_library, gathered
from ssolab.core.xmlkeys import is_weak

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.core.jose import CompactJws
    from ssolab.core.keys import PublicKey

PYJWT: Final = "pyjwt"

_CITES: Final = "RFC 7515 5.2"
_MOST_KEYS: Final = 8


@dataclass(frozen=True, slots=True)
class _Question:
    """Was this token signed with this key, or this secret?"""

    jws: CompactJws
    algorithm: str
    key: PublicKey | bytes


def token_opinion(jws: CompactJws, algorithm: str, keys: Sequence[PublicKey | bytes], *, accepted: bool) -> Opinions:
    """Ask PyJWT about a token, under each key until one fits.

    Where ours has refused, its answer is shown and changes nothing; where ours has *accepted*, *keys* is the one key,
    and a refusal is a finding that refuses.

    Args:
        jws: the token.
        algorithm: the one algorithm that may be used.
        keys: public keys, or the shared secret.
        accepted: whether our own verifier accepts.
    """
    questions = [_Question(jws, algorithm, key) for key in dict.fromkeys(keys)][:_MOST_KEYS]
    heard = gathered({PYJWT: ask_library("jwt", _ask, questions)}, Where(document=jws.name), accepted=accepted)
    return replace(heard, findings=tuple(replace(found, cites=_CITES) for found in heard.findings))


@lru_cache(maxsize=32)
def _judge(library: Any, algorithm: str) -> Any:
    """Make a verifier that knows one algorithm; it keeps no state of any token."""
    if algorithm not in library.algorithms.get_default_algorithms():
        raise NotApplicableError(f"it has no name for {algorithm}")
    return library.PyJWS(algorithms=[algorithm], options={"enforce_minimum_key_length": True})


def _ask(library: Any, asked: _Question) -> None:
    judge = _judge(library, asked.algorithm)
    if not isinstance(asked.key, bytes) and is_weak(asked.key):
        raise NotApplicableError("it is not asked about keys so short")
    key = asked.key if isinstance(asked.key, bytes) else asked.key.crypto
    token = asked.jws.signing_input + b"." + encode(asked.jws.signature).encode()
    if judge.decode(token, key, algorithms=[asked.algorithm]) != asked.jws.payload:
        raise ValueError("it read another payload")
