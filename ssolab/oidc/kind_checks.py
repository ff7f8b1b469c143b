"""Checks that a token is of the kind that it is offered as: one kind must never pass for another (RFC 8725 3.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity
from ssolab.oidc.materials import TokenKind, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ssolab.oidc.materials import Expected, Token

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
"""The event that makes a logout token (OpenID Connect Back-Channel Logout 1.0, 2.4)."""

SALESFORCE_ACCESS_TOKEN: Final = "sfdc-core-token"  # noqa: S105  a name, no secret
"""What the header member `tty` of an access token of Salesforce says."""

_TYPES: Final[Mapping[TokenKind, tuple[str, ...]]] = {
    TokenKind.ID_TOKEN: ("jwt",),
    TokenKind.ACCESS_TOKEN: ("at+jwt",),
    TokenKind.LOGOUT_TOKEN: ("logout+jwt", "jwt"),
    TokenKind.CLIENT_ASSERTION: ("jwt", "client-authentication+jwt"),
    TokenKind.BEARER_ASSERTION: ("jwt", "authorization-grant+jwt"),
}


def type_of(token: Token) -> str | None:
    """Give `typ` as it is compared: in small letters, without `application/` (RFC 7515 4.1.9)."""
    typ = token.header.get("typ")
    return typ.lower().removeprefix("application/") if isinstance(typ, str) else None


def _from_salesforce(token: Token) -> bool:
    return token.header.get("tty") == SALESFORCE_ACCESS_TOKEN


@check(cites="RFC 8725 3.11")
def token_type_mismatch(token: Token, expected: Expected) -> Iterator[Problem]:
    """The header says that the token is of another type than it is offered as.

    An access token is `at+jwt` (that of Salesforce says `sfdc-core-token` in `tty` instead), a logout token
    `logout+jwt`, an ID token `JWT` or nothing. Find out what the token was made for; an issuer that writes no type for
    its access tokens has to be told to.
    """
    allowed, typ = _TYPES.get(expected.kind), type_of(token)
    if allowed is None or typ in allowed:
        return
    if typ is None and "typ" not in token.header and expected.kind is not TokenKind.ACCESS_TOKEN:
        return
    if expected.kind is TokenKind.ACCESS_TOKEN and expected.lenient and _from_salesforce(token):
        return
    observed = shown(token.header["typ"]) if "typ" in token.header else "no typ"
    yield Problem(f"this is no {expected.kind.words}", " or ".join(allowed), observed, token.in_header("typ"))


@check(cites="RFC 8725 3.11")
def access_token_in_its_place(token: Token, expected: Expected) -> Iterator[Problem]:
    """An access token of Salesforce is offered as something else.

    It says `JWT` in `typ` as an ID token does, and `sfdc-core-token` in `tty`. An access token proves that somebody may
    call an API, not who logged in; take the `id_token` of the answer.
    """
    if expected.kind not in {TokenKind.ACCESS_TOKEN, TokenKind.JWT} and _from_salesforce(token):
        problem = f"an access token of Salesforce is offered as {expected.kind.words}"
        yield Problem(problem, "no tty", SALESFORCE_ACCESS_TOKEN, token.in_header("tty"))


@check(cites="OIDCBackChannel 4")
def logout_token_in_its_place(token: Token, expected: Expected) -> Iterator[Problem]:
    """A logout token is offered as something else.

    It holds the event that ends a session. Whoever takes it for an ID token logs the user in with what was sent to log
    the user out.
    """
    if expected.kind in {TokenKind.LOGOUT_TOKEN, TokenKind.JWT}:
        return
    if "events" in token.claims:
        problem = f"a logout token is offered as {expected.kind.words}"
        yield Problem(problem, "no events", shown(token.claims["events"]), token.where("events"))


@check(cites="OIDCBackChannel 2.4")
def logout_event_missing(token: Token, expected: Expected) -> Iterator[Problem]:
    """The logout token does not say that it is one.

    `events` is an object with the one member that names back-channel logout, whose value is an object as well. Without
    it any ID token could end sessions. Have the provider write it.
    """
    if expected.kind is not TokenKind.LOGOUT_TOKEN or "events" not in token.claims:
        return
    events = token.claims["events"]
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        problem = "the event of a back-channel logout is missing"
        yield Problem(problem, f'{{"{LOGOUT_EVENT}": {{}}}}', shown(events), token.where("events"))


@check(cites="OIDCBackChannel 2.4")
def nonce_in_logout_token(token: Token, expected: Expected) -> Iterator[Problem]:
    """The logout token carries a nonce.

    It must not, so that no logout token can be passed off as an ID token. An ID token was sent, or the provider builds
    the one from the other.
    """
    if expected.kind is TokenKind.LOGOUT_TOKEN and "nonce" in token.claims:
        yield Problem("a logout token has no nonce", "no nonce", shown(token.claims["nonce"]), token.where("nonce"))


@check(cites="OIDCBackChannel 2.4")
def logout_of_nobody(token: Token, expected: Expected) -> Iterator[Problem]:
    """The logout token says neither whom nor which session it logs out.

    It has `sub`, `sid` or both. Have the provider write at least one.
    """
    if expected.kind is TokenKind.LOGOUT_TOKEN and not {"sub", "sid"} & set(token.claims):
        yield Problem("nobody is logged out", "sub or sid", "neither", token.place)


@check(cites="OIDCCore 9")
def assertion_of_another_client(token: Token, expected: Expected) -> Iterator[Problem]:
    """The client assertion speaks of another client than the one that made it.

    `iss` and `sub` are both the client id. Assertions that users' tokens are fetched with name a user in `sub`: those
    are sent as a grant and not to authenticate the client.
    """
    issuer, subject = token.text("iss"), token.text("sub")
    if expected.kind is TokenKind.CLIENT_ASSERTION and None not in {issuer, subject} and issuer != subject:
        yield Problem("iss and sub differ", f"sub {shown(issuer)}", shown(subject), token.where("sub"))


@check(severity=Severity.WARNING, cites="RFC 7523 3")
def assertion_for_several(token: Token, expected: Expected) -> Iterator[Problem]:
    """The assertion is for several audiences.

    Each of them could use it at the others. Have the client make one for the one server that it talks to.
    """
    if expected.kind.is_assertion and len(token.audiences) > 1:
        observed = ", ".join(shown(each) for each in token.audiences[:8])
        yield Problem("the assertion is for several audiences", "one audience", observed, token.where("aud"))
