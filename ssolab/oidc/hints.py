"""An ID token that comes back as a hint (OIDCCore 3.1.2.1): whose it is, if it is one of ours.

It may have expired long ago, and its key may be listed no more; that it was signed here is all that counts. It tells
who is meant and lets nobody in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ssolab.core.findings import InputError
from ssolab.core.jose import ALGORITHMS, read_compact
from ssolab.core.strictjson import parse_object
from ssolab.oidc.keyring import KeyState
from ssolab.oidc.unauthorized import unfit_parameter

if TYPE_CHECKING:
    from ssolab.core.jose import CompactJws
    from ssolab.oidc.parties import Provider

_NAME = "id_token_hint"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What one of our ID tokens says: of whom, to which clients, in which session."""

    subject: str
    audience: tuple[str, ...]
    sid: str | None = None


def read_hint(token: str, provider: Provider) -> Hint:
    """Read an ID token that we issued.

    Raises:
        OAuthError: it is none, or none of ours.
    """
    try:
        read = read_compact(token, _NAME)
        if not _is_ours(read, provider):
            raise unfit_parameter(_NAME, "no key of this provider has signed it")
        claims = parse_object(read.payload, _NAME)
    except InputError as error:
        raise unfit_parameter(_NAME, error.problem) from None
    subject, audience, sid = (claims.get(name) for name in ("sub", "aud", "sid"))
    named = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != provider.issuer or not isinstance(subject, str) or "events" in claims:
        raise unfit_parameter(_NAME, "it is no ID token of this provider")
    clients = tuple(each for each in named if isinstance(each, str))
    return Hint(subject=subject, audience=clients, sid=sid if isinstance(sid, str) else None)


def _is_ours(read: CompactJws, provider: Provider) -> bool:
    """Try the key of that name, or each where none is named; its algorithm is the key's, whatever the header says."""
    kid = read.header.get("kid")
    candidates = [
        key
        for key in provider.keys.keys
        if key.state is not KeyState.COMPROMISED
        and (kid is None or key.kid == kid)
        and key.alg == read.header.get("alg")
    ]
    return any(ALGORITHMS[key.alg].verify(key.public, read.signature, read.signing_input) for key in candidates)
