"""Checks of what a token says: that it says enough, in the right types, and that it is meant for us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.core.catalog import check
from ssolab.core.findings import Problem, Severity, Subject
from ssolab.core.unjudged import not_judged  # noqa: F401  one of these checks, shared with those of SAML
from ssolab.oidc.materials import TokenKind, shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ssolab.oidc.materials import Expected, Token

REQUIRED: Final[Mapping[TokenKind, tuple[tuple[str, ...], str]]] = {
    TokenKind.ID_TOKEN: (("iss", "sub", "aud", "exp", "iat"), "OpenID Connect Core 2"),
    TokenKind.ACCESS_TOKEN: (("iss", "exp", "aud", "sub", "client_id", "iat", "jti"), "RFC 9068 2.2"),
    TokenKind.LOGOUT_TOKEN: (("iss", "aud", "iat", "exp", "jti", "events"), "Back-Channel Logout 2.4"),
    TokenKind.CLIENT_ASSERTION: (("iss", "sub", "aud", "exp", "jti"), "OpenID Connect Core 9"),
    TokenKind.BEARER_ASSERTION: (("iss", "sub", "aud", "exp", "jti"), "RFC 7523 3"),
    TokenKind.JWT: ((), ""),
}
_NOT_FROM_SALESFORCE: Final = frozenset({"jti"})
TEXTS: Final = ("iss", "sub", "jti", "nonce", "azp", "sid", "client_id", "at_hash", "c_hash", "acr")
_NEVER_EMPTY: Final = ("iss", "sub", "jti", "acr", "sid", "client_id")
LONGEST_SUBJECT: Final = 255


@check(cites="RFC 7519 4.1")
def missing_claim(token: Token, expected: Expected) -> Iterator[Problem]:
    """A claim that such a token must have is not there.

    Without issuer, audience or end a token is good for anybody and for ever; without `jti` an assertion can be used
    twice. The Salesforce profile does without `jti`, which the clients of Salesforce do not send. Have the issuer add
    the claim.
    """
    required, standard = REQUIRED[expected.kind]
    for name in required:
        if name not in token.claims and not (expected.lenient and name in _NOT_FROM_SALESFORCE):
            yield Problem(f"{name} is missing", f"{name}, as {standard} requires it", "nothing", token.where(name))


@check(cites="RFC 7519 4.1")
def claim_of_wrong_type(token: Token, expected: Expected) -> Iterator[Problem]:  # noqa: ARG001  as any check
    """A claim is of another type than its standard says.

    Names are texts and `aud` is a text or an array of texts. Readers that convert, each in its own way, see different
    tokens. Have the issuer write the right type.
    """
    for name in TEXTS:
        if name in token.claims and not isinstance(token.claims[name], str):
            yield Problem(f"{name} is no text", "a text", shown(token.claims[name]), token.where(name))
    audience = token.claims.get("aud", "")
    several = audience if isinstance(audience, list) else [audience]
    if not several or not all(isinstance(each, str) for each in several):
        yield Problem("aud names nobody", "a text or an array of texts", shown(audience), token.where("aud"))


@check(cites="RFC 7519 4.1")
def empty_claim(token: Token, expected: Expected) -> Iterator[Problem]:  # noqa: ARG001  as any check
    """A claim that names something is an empty text.

    An empty subject is everybody's account and an empty `acr` is no statement about a login. Have the issuer leave the
    claim out, or fill it.
    """
    for name in _NEVER_EMPTY:
        if token.claims.get(name) == "":
            yield Problem(f"{name} is empty", "a text with something in it", "an empty text", token.where(name))


@check(cites="OIDCCore 2")
def subject_too_long(token: Token, expected: Expected) -> Iterator[Problem]:
    """The subject of the ID token is longer than the standard allows, or not ASCII.

    It has at most 255 ASCII characters, since relying parties keep it in a column of that size: longer ones are cut and
    fall together. Have the issuer choose shorter identifiers.
    """
    subject = token.text("sub")
    if expected.kind is not TokenKind.ID_TOKEN or subject is None:
        return
    if len(subject) > LONGEST_SUBJECT or not subject.isascii():
        observed = f"{len(subject)} characters{'' if subject.isascii() else ', not all of them ASCII'}"
        yield Problem("sub is no subject of an ID token", "at most 255 ASCII characters", observed, token.where("sub"))


@check(cites="RFC 7519 4.1.1")
def token_issuer_mismatch(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token comes from another issuer than the one that is trusted.

    Issuers are compared character by character: a slash at the end, http for https or another host is another issuer,
    and its keys are not those that are trusted here. Correct the issuer in the settings, or find out who sent this.
    """
    issuer = token.text("iss")
    if expected.issuer is None or issuer is None or issuer == expected.issuer:
        return
    by_slash = issuer.rstrip("/") == expected.issuer.rstrip("/")
    problem = "another issuer" + (": it differs by a slash at the end" if by_slash else "")
    yield Problem(problem, expected.issuer, shown(issuer), token.where("iss"), Subject(entity_id=shown(issuer)))


@check(cites="RFC 7519 4.1.3")
def token_audience_mismatch(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token is for somebody else.

    Whoever accepts a token that was made for another service lets that service log in as its users. Compare the client
    id (of an ID token) or the address (of an assertion) with what the other side has in its settings.
    """
    ours = expected.audiences
    if expected.audience is None or "aud" not in token.claims or set(ours) & set(token.audiences):
        return
    if expected.lenient and _by_slash(token, expected) is not None:
        return
    observed = ", ".join(shown(each) for each in token.audiences[:8]) or shown(token.claims["aud"])
    yield Problem("the token is for another audience", " or ".join(ours), observed, token.where("aud"))


@check(severity=Severity.WARNING, cites="RFC 7519 4.1.3")
def audience_differs_by_slash(token: Token, expected: Expected) -> Iterator[Problem]:
    """The audience differs from ours by a slash at the end.

    The Salesforce CLI writes its login address so, and Salesforce takes it; a strict party refuses. Nothing has to be
    done for Salesforce; elsewhere write the audience as the other side calls itself.
    """
    if expected.lenient and not set(expected.audiences) & set(token.audiences):
        audience = _by_slash(token, expected)
        if audience is not None:
            problem = "the audience differs by a slash at the end"
            yield Problem(problem, " or ".join(expected.audiences), shown(audience), token.where("aud"))


def _by_slash(token: Token, expected: Expected) -> str | None:
    ours = {each.rstrip("/") for each in expected.audiences}
    return next((each for each in token.audiences if each.rstrip("/") in ours), None)


@check(cites="OIDCCore 3.1.3.7")
def additional_audience(token: Token, expected: Expected) -> Iterator[Problem]:
    """The ID token is for others beside us, whom nobody here trusts.

    Each audience can show the token to any other one as its user's. The Salesforce profile warns, since an org can add
    audiences; name them as trusted, or have the issuer make a token for each.
    """
    if expected.kind is not TokenKind.ID_TOKEN or expected.audience is None:
        return
    others = [each for each in token.audiences if each not in {*expected.audiences, *expected.other_audiences}]
    if others and len(others) < len(token.audiences):
        observed = ", ".join(shown(each) for each in others[:8])
        expectation = " or ".join(expected.audiences) + " alone"
        problem = "the token is also for others"
        yield Problem(problem, expectation, observed, token.where("aud"), severity=expected.tolerated)


@check(cites="OIDCCore 3.1.3.7")
def authorized_party_missing(token: Token, expected: Expected) -> Iterator[Problem]:
    """The ID token has several audiences and does not say which of them asked for it.

    `azp` names the client that the token was issued to. Have the issuer write it wherever it writes more than one
    audience.
    """
    if expected.kind is TokenKind.ID_TOKEN and len(token.audiences) > 1 and "azp" not in token.claims:
        problem = "azp is missing beside several audiences"
        yield Problem(problem, expected.party or "a client id", "nothing", token.where("azp"), None, expected.tolerated)


@check(cites="OIDCCore 3.1.3.7")
def authorized_party_mismatch(token: Token, expected: Expected) -> Iterator[Problem]:
    """The ID token was issued to another client.

    `azp` is not our client id, so somebody else asked for the token and passes it on. Compare the client ids on both
    sides; treat a token that a browser brought as an attack.
    """
    party = token.text("azp")
    if expected.kind is TokenKind.ID_TOKEN and None not in {party, expected.party} and party != expected.party:
        yield Problem("issued to another client", expected.party, shown(party), token.where("azp"))


@check(cites="RFC 9068 2.2")
def token_of_another_client(token: Token, expected: Expected) -> Iterator[Problem]:
    """The access token was issued to another client.

    `client_id` names the app that asked for it. Compare it with the app that is expected here.
    """
    client = token.text("client_id")
    if expected.kind is not TokenKind.ACCESS_TOKEN or None in {client, expected.client_id}:
        return
    if client != expected.client_id:
        yield Problem("issued to another client", expected.client_id, shown(client), token.where("client_id"))


@check(cites="OIDCCore 12.2")
def token_subject_mismatch(token: Token, expected: Expected) -> Iterator[Problem]:
    """The token is about another subject than the one that is known already.

    A refreshed ID token, and the answer of the user info endpoint, are about the user who logged in. Another subject
    means that tokens were mixed up, on the way or by somebody.
    """
    subject = token.text("sub")
    if expected.subject is not None and subject is not None and subject != expected.subject:
        yield Problem("about another subject", shown(expected.subject), shown(subject), token.where("sub"))
