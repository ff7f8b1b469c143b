"""A relying party at the token endpoint: proving who it is, and reading the answer (OpenID Connect Core 3.1.3)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

from ssolab.core.catalog import refusal
from ssolab.core.findings import Finding, InputError, Problem, Severity
from ssolab.core.jose import sign_compact
from ssolab.core.keyreasons import excerpt
from ssolab.core.strictjson import parse_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from ssolab.core.jose import JosePrivateKey
    from ssolab.oidc.asking import Asked
    from ssolab.oidc.relying import RelyingClient

    Signer = Callable[[Mapping[str, Any], Mapping[str, Any], JosePrivateKey, str], str]

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE: Final = timedelta(minutes=1)
_OK: Final = 200
_JSON: Final = ("application/json", "application/jwk-set+json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How a client proves itself in one request: parameters of the form, or a header."""

    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a token endpoint gave. None of the tokens ever shows in its text."""

    access: str = field(repr=False)
    id_token: str | None = field(default=None, repr=False)
    refresh: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What a provider's endpoint answered."""

    status: int
    kind: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)


def proof_of(client: RelyingClient, audience: str, *, now: datetime, jti: str, sign: Signer = sign_compact) -> Proof:
    """Prove to a token endpoint that this is the client (OpenID Connect Core 9).

    Args:
        client: who proves itself.
        audience: to whom.
        now: the moment.
        jti: the identifier of an assertion.
        sign: signs the assertion, where there is one.

    Raises:
        InputError: its key cannot sign with its algorithm.
    """
    if client.auth_method == "client_secret_basic":
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret or '')}"  # encoded first: RFC 6749 2.3.1
        return Proof(headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"})
    if client.auth_method == "client_secret_post":
        return Proof(parameters={"client_id": client.client_id, "client_secret": client.secret or ""})
    if client.key is None:
        return Proof(parameters={"client_id": client.client_id})
    issued = int(now.timestamp())
    claims = {
        "iss": client.client_id,
        "sub": client.client_id,
        "aud": audience,
        "jti": jti,
        "iat": issued,
        "exp": issued + int((client.assertion_life or ASSERTION_LIFE).total_seconds()),
    }
    header = {"typ": "JWT"} | ({} if client.key.kid is None else {"kid": client.key.kid})
    assertion = sign(header, claims, client.key.private, client.key.alg)
    return Proof(parameters={"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion})


def code_grant(asked: Asked, code: str) -> dict[str, str]:
    """Give the parameters that take a code to the token endpoint (RFC 6749 4.1.3, RFC 7636 4.5)."""
    verifier = {} if asked.verifier is None else {"code_verifier": asked.verifier}
    return {"grant_type": "authorization_code", "code": code, "redirect_uri": asked.redirect_uri, **verifier}


def refresh_grant(token: str) -> dict[str, str]:
    """Give the parameters that take a refresh token to the token endpoint (RFC 6749 6)."""
    return {"grant_type": "refresh_token", "refresh_token": token}


def read_tokens(answer: HttpAnswer, name: str) -> tuple[Tokens | None, tuple[Finding, ...]]:
    """Read the answer of a token endpoint, and say everything that is wrong with it."""
    try:
        members = parse_object(answer.body, name)
    except InputError as error:
        if answer.status != _OK:
            return None, (token_answer_failed(answer.status, None, None),)
        return None, (_unread(error),)
    if answer.status != _OK or "error" in members:
        said = token_answer_failed(answer.status, members.get("error"), members.get("error_description"))
        return None, (said,)
    found = [*_wrong(members)]
    if answer.kind not in _JSON:
        found.append(answer_not_marked_as_json(name, answer.kind))
    if any(each.severity is Severity.ERROR for each in found):
        return None, tuple(found)
    tokens = Tokens(
        access=members["access_token"],
        id_token=members.get("id_token"),
        refresh=members.get("refresh_token"),
    )
    return tokens, tuple(found)


def _wrong(members: Mapping[str, Any]) -> list[Finding]:
    found = []
    for member, needed in (("access_token", True), ("id_token", False), ("refresh_token", False), ("scope", False)):
        value = members.get(member)
        if (value is None and needed) or (value is not None and (not isinstance(value, str) or not value)):
            observed = "nothing" if value is None else excerpt(type(value).__name__)
            found.append(token_answer_malformed(f"{member} is {'missing' if value is None else 'no text'}", observed))
    kind = members.get("token_type")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        found.append(token_answer_malformed("token_type is not Bearer", excerpt(str(kind))))
    return found


def _unread(error: InputError) -> Finding:
    if error.code is not None:
        return Finding(code=error.code, severity=Severity.ERROR, message=f"{error.name}: {error.problem}")
    return token_answer_malformed(f"{error.name}: {error.problem}", "nothing that can be read")


def read_userinfo(answer: HttpAnswer, name: str, subject: str) -> tuple[dict[str, Any] | None, tuple[Finding, ...]]:
    """Read the answer of a userinfo endpoint; its claims count only if they are about *subject* (Core 5.3.2)."""
    if answer.status != _OK:
        return None, (userinfo_refused(answer.status, answer.headers.get("WWW-Authenticate")),)
    try:
        claims = parse_object(answer.body, name)
    except InputError as error:
        return None, (_unread(error),)
    found = () if answer.kind in _JSON else (answer_not_marked_as_json(name, answer.kind),)
    if claims.get("sub") != subject:
        return None, (*found, userinfo_subject_mismatch(subject, claims.get("sub")))
    return claims, found


def judge_refreshed(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Compare the ID token of a refresh with that of the login (OpenID Connect Core 12.2)."""
    found = []
    for name in ("iss", "sub", "auth_time", "azp"):
        optional = name == "auth_time" and (name not in before or name not in after)
        if not optional and before.get(name) != after.get(name):
            found.append(refreshed_claim_changed(name, before.get(name), after.get(name)))
    return tuple(found)


@refusal(cites="RFC 6749 5.2")
def token_answer_failed(status: int, error: object, description: object) -> Problem:
    """The token endpoint refused.

    `invalid_client` means that it does not believe who asks: secret, key or the way of authenticating. `invalid_grant`
    means that the code or the refresh token is spent, expired, another client's, or that code_verifier or redirect_uri
    do not fit. The provider's own log says which.
    """
    told = ": ".join(str(each) for each in (error, description) if each)
    return Problem("the token endpoint refused", "tokens", excerpt(f"HTTP {status} {told}".strip()))


@refusal(cites="RFC 6749 5.1")
def token_answer_malformed(problem: str, observed: str) -> Problem:
    """The answer of the token endpoint is not what the standard says.

    It is a JSON object with access_token and token_type Bearer, and with id_token where the scope has openid. Look at
    what really answered: a page for people or a proxy are the usual finds.
    """
    return Problem(problem, "access_token, token_type Bearer", observed)


@refusal(severity=Severity.WARNING, cites="RFC 6749 5.1")
def answer_not_marked_as_json(name: str, kind: str) -> Problem:
    """The answer is JSON and does not say so.

    Many clients refuse it unless Content-Type is application/json. Have the provider send that.
    """
    return Problem(f"{name} is not marked as JSON", "application/json", excerpt(kind) or "nothing")


@refusal(cites="OpenID Connect Core 3.1.3.3")
def id_token_missing() -> Problem:
    """The token endpoint gave no ID token, so nobody was said to have logged in.

    A provider gives one where `openid` is among the scopes. An access token alone says what may be done and not who is
    there; see which scopes were asked for and granted.
    """
    return Problem("there is no ID token in the answer", "id_token", "nothing")


@refusal(cites="OpenID Connect Core 5.3.2")
def userinfo_subject_mismatch(expected: str, observed: object) -> Problem:
    """The claims of the userinfo endpoint are about somebody else than the ID token.

    An access token of another person was slipped in, or the provider mixed two people up. None of these claims may be
    used.
    """
    told = "nothing" if observed is None else observed if isinstance(observed, str) else repr(observed)
    return Problem("userinfo speaks of somebody else", expected, excerpt(told))


@refusal(cites="RFC 6750 3")
def userinfo_refused(status: int, told: str | None) -> Problem:
    """The userinfo endpoint did not give the claims.

    401 means that it does not take the access token: expired, revoked, or without the scope openid.
    """
    return Problem("the userinfo endpoint refused", "claims", excerpt(f"HTTP {status} {told or ''}".strip()))


@refusal(cites="OpenID Connect Core 12.2")
def refreshed_claim_changed(name: str, before: object, after: object) -> Problem:
    """The ID token of a refresh says something else than that of the login.

    Issuer, subject, time of login and authorised party have to stay, and where the login named no authorised party the
    refresh names none either. Take it for another person's, and have the user log in anew.
    """
    return Problem(f"{name} changed at the refresh", excerpt(str(before)), excerpt(str(after)))


@refusal(cites="OpenID Connect Core 3.3.3.6")
def two_tokens_disagree(name: str, first: object, second: object) -> Problem:
    """The ID token from the browser and the one from the token endpoint disagree.

    Issuer and subject of both have to be the same. A code of one login was mixed with the ID token of another.
    """
    return Problem(f"{name} differs between the two ID tokens", excerpt(str(first)), excerpt(str(second)))
