"""Checks of what ties a token to one login: the nonce, and the hashes of what came with it."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity
from ssolab.core.jose import half_hash
from ssolab.oidc.materials import TokenKind, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.oidc.materials import Expected, Token

_BESIDE = (("at_hash", "access token"), ("c_hash", "code"))


@check(cites="OIDCCore 3.1.3.7")
def nonce_missing(token: Token, expected: Expected) -> Iterator[Problem]:
    """The ID token does not carry the nonce that was sent.

    Without it nobody can tell that the token answers this login and not one that was recorded. Have the provider return
    the nonce of the request as it came.
    """
    if expected.nonce is not None and "nonce" not in token.claims and expected.kind is not TokenKind.LOGOUT_TOKEN:
        yield Problem("the nonce that was sent is missing", shown(expected.nonce), "nothing", token.where("nonce"))


@check(cites="OIDCCore 3.1.3.7")
def nonce_mismatch(token: Token, expected: Expected) -> Iterator[Problem]:
    """The ID token carries another nonce than the one that was sent.

    It answers another login: a page that was opened twice, two tabs that share a session, or a token that somebody
    slipped in. Begin the login anew.
    """
    nonce = token.text("nonce")
    if expected.nonce is None or nonce is None:
        return
    if not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        yield Problem("another nonce", shown(expected.nonce), shown(nonce), token.where("nonce"))


@check(cites="OIDCCore 3.1.3.8")
def access_token_hash_mismatch(token: Token, expected: Expected) -> Iterator[Problem]:
    """The access token is not the one that the ID token was issued with.

    `at_hash` is half of the hash of the access token that came along. Another token was put in its place, or the
    provider hashes with another algorithm than `alg` says.
    """
    yield from _mismatch(token, "at_hash", "access token", expected.access_token)


@check(cites="OIDCCore 3.3.2.10")
def code_hash_mismatch(token: Token, expected: Expected) -> Iterator[Problem]:
    """The code is not the one that the ID token was issued with.

    `c_hash` is half of the hash of the code that came along. Another code was put in its place, or the provider hashes
    with another algorithm than `alg` says.
    """
    yield from _mismatch(token, "c_hash", "code", expected.code)


@check(cites="OIDCCore 3.3.2.11")
def hash_missing(token: Token, expected: Expected) -> Iterator[Problem]:
    """The ID token does not vouch for what came with it from the authorization endpoint.

    What travels through the browser can be exchanged there, so an ID token that comes that way holds `at_hash` for the
    access token and `c_hash` for the code beside it. Have the provider write them.
    """
    if not expected.front_channel or expected.kind is not TokenKind.ID_TOKEN:
        return
    for (name, what), beside in zip(_BESIDE, (expected.access_token, expected.code), strict=True):
        if beside is not None and name not in token.claims:
            yield Problem(f"{name} is missing", f"{name} for the {what} beside it", "nothing", token.where(name))


@check(severity=Severity.INFO, cites="OIDCCore 3.1.3.8")
def hash_not_compared(token: Token, expected: Expected) -> Iterator[Problem]:
    """The ID token vouches for an access token or a code that was not given.

    So it is not judged whether it is the right one. Give the access token, or the code, to have it compared.
    """
    if expected.kind is TokenKind.ID_TOKEN:
        for (name, what), beside in zip(_BESIDE, (expected.access_token, expected.code), strict=True):
            if beside is None and name in token.claims:
                yield Problem(f"{name} was not compared: no {what} was given", where=token.where(name))


def _mismatch(token: Token, name: str, what: str, beside: str | None) -> Iterator[Problem]:
    stated = token.text(name)
    if beside is None or stated is None or token.alg is None:
        return
    made = half_hash(token.alg, beside)
    if not hmac.compare_digest(made.encode(), stated.encode()):
        yield Problem(f"{name} is not that of the {what}", made, shown(stated), token.where(name))
