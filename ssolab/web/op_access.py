"""Judging the access token that a call carries, at every address that wants one.

A token that is signed is held against the provider's keys and its own claims, as any API would do it that holds nothing
else in hand; what it was granted for, and whether it was revoked, is what the provider remembers of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.findings import Finding, InputError, Severity, has_error
from ssolab.core.jwk import TrustedJwk
from ssolab.oidc import unauthenticated
from ssolab.oidc.checks import Expected, TokenKind, accept
from ssolab.oidc.unbelieved import refused_access_token

if TYPE_CHECKING:
    from ssolab.oidc.tokens import Token
    from ssolab.web.lab import Lab

_SIGNED: Final = ("eyJ", 2)
"""How a compact token begins, and how many dots it has: an opaque one of the lab never looks so."""


def good_token(lab: Lab, text: str, *scopes: str) -> Token:
    """Give what an access token means, which has to be granted all of *scopes*.

    Raises:
        OAuthError: it is not good, or not any more, or not for this.
    """
    token = lab.openid.token(text)
    if has_error(reasons := said_of(lab, text, token, scopes)):
        raise refused_access_token(reasons)
    if token is None or token.refreshes:
        raise unauthenticated.access_token_not_good("it is unknown or revoked")
    if lab.now() >= token.expires:
        raise unauthenticated.access_token_not_good("it has expired")
    if missing := [each for each in scopes if each not in token.scopes]:
        raise unauthenticated.scope_too_small(" ".join(missing))
    return token


def said_of(lab: Lab, text: str, token: Token | None, scopes: tuple[str, ...] = ()) -> tuple[Finding, ...]:
    """Say what there is to say of a signed access token, of which *token* is known; nothing of an opaque one."""
    begins, dots = _SIGNED
    if not (text.startswith(begins) and text.count(".") == dots):
        return ()
    provider = lab.openid.provider
    expected = Expected(
        kind=TokenKind.ACCESS_TOKEN,
        now=lab.now(),
        # Pinned: the provider knows its keys, and none of them has to be chosen by its name.
        keys=tuple(
            TrustedJwk(public=key.public, kid=key.kid, alg=key.alg, pinned=True, source="the provider's keys")
            for key in provider.keys.listed()
        ),
        issuer=provider.issuer,
        audience=provider.issuer,
        client_id=None if token is None else token.granted.client_id,
        scopes=scopes,
        profile="salesforce" if provider.flavour == "salesforce" else "strict",
        opinions=lab.config.opinions,
        document="the access token",
    )
    try:
        return accept(text, expected).findings
    except InputError as error:
        message = f"{error.name}: {error.problem}"
        return (Finding(code=error.code or "access-token-not-good", severity=Severity.ERROR, message=message),)
