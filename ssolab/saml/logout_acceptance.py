"""Accepting the messages of single logout: `accept_logout_request` says which sessions end, or why none does.

Over the front channel a browser carries these messages, and anybody can write one; so nothing counts that was not
signed as a whole (SAML2Prof 4.4.4.1 and 4.4.4.2). A signed assertion inside a logout message is no signature of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ssolab.core.catalog import Check, entries_of
from ssolab.core.findings import Opinion, Report, has_error
from ssolab.core.xmltree import local_name, parse
from ssolab.saml import certificate_checks, logout_checks, logout_response_checks, message_checks
from ssolab.saml.assertion_checks import name_id_not_whole
from ssolab.saml.authn_request_checks import certificate_not_compared
from ssolab.saml.judging import OURS, bounded, combined, facts_of, guard, run_checks, unverified_content
from ssolab.saml.logout import LOGOUT_REQUEST, LOGOUT_RESPONSE, LogoutRequest, LogoutResponse
from ssolab.saml.logout_checks import LogoutExpected, Session, sessions_named
from ssolab.saml.logout_names import open_name
from ssolab.saml.logout_response_checks import LogoutResponseExpected
from ssolab.saml.response_checks import element_repeated
from ssolab.saml.structure import element_unexpected, stray_signature
from ssolab.saml.undecodable import unexpected_message
from ssolab.saml.whole_messages import judge_signatures, materials_of, missing_signature

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from ssolab.core.findings import DecryptionFacts, Finding
    from ssolab.saml.bindings import Received
    from ssolab.saml.judging import Judged
    from ssolab.saml.logout_checks import LogoutExpectation
    from ssolab.saml.materials import Materials
    from ssolab.saml.parties import AssertingParty, RelyingParty

__all__ = [
    "REQUEST_CHECKS",
    "RESPONSE_CHECKS",
    "AcceptedLogout",
    "AcceptedLogoutAnswer",
    "LogoutExpected",
    "LogoutResponseExpected",
    "Session",
    "accept_logout_request",
    "accept_logout_response",
    "logout_expected_of",
    "logout_response_expected_of",
    "only_unknown",
]

_SHARED = (message_checks, certificate_checks)
_BORROWED: tuple[Check[Any], ...] = (element_repeated, certificate_not_compared)

REQUEST_CHECKS: tuple[Check[Any], ...] = (
    *entries_of((logout_checks, *_SHARED), Check),
    *_BORROWED,
    name_id_not_whole,
)
"""Everything that `accept_logout_request` judges of what a request says."""

RESPONSE_CHECKS: tuple[Check[Any], ...] = (*entries_of((logout_response_checks, *_SHARED), Check), *_BORROWED)
"""Everything that `accept_logout_response` judges of what a response says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedLogout:
    """A request that may be obeyed, and the sessions that end (None: nobody said which there are)."""

    request: LogoutRequest
    sessions: tuple[Session, ...] | None
    relay_state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedLogoutAnswer:
    """An answer that may be believed: the partner ended its session."""

    response: LogoutResponse
    relay_state: str | None


@dataclass(frozen=True, kw_only=True)
class _Judgement:
    """What came of a message before anything is read from it."""

    materials: Materials
    judged: list[Judged]
    findings: tuple[Finding, ...]
    verified: bool
    decryption: tuple[DecryptionFacts, ...]

    @property
    def believed(self) -> bool:
        return self.verified and not has_error(self.findings)

    def report(self, principal: Any) -> Report[Any]:
        return Report(
            findings=self.findings,
            principal=principal,
            signature=facts_of(self.judged[0]) if self.verified else None,
            verifiers={OURS: Opinion.REFUSED} | combined(self.judged),
            decryption=self.decryption,
        )


def accept_logout_request(
    received: Received, expected: LogoutExpected, checks: Sequence[Check[Any]] | None = None
) -> Report[AcceptedLogout]:
    """Judge one LogoutRequest.

    Args:
        received: the message with the binding that it came by, and the detached signature of a redirect.
        expected: whom we trust, which sessions we share with them, and when it is.
        checks: run these alone (for tests of single checks); shape and signatures are judged always.

    Returns:
        Every finding; `principal` is the request that may be obeyed with the sessions that end, only where the
        signature verified and no finding refuses.

    Raises:
        InputError: the bytes are no XML, or another message than a LogoutRequest, or it was sent as a SAMLResponse.
        ConfigError: no key is trusted, no check is left, or `ignore` names what cannot be waived.
    """
    judgement = _judge(received, expected, checks, REQUEST_CHECKS, LOGOUT_REQUEST)
    if not judgement.believed:
        return judgement.report(None)
    materials = judgement.materials
    return judgement.report(
        AcceptedLogout(
            request=LogoutRequest.read(materials.message, expected.document),
            sessions=None if expected.sessions is None else sessions_named(materials, expected),
            relay_state=received.relay_state,
        )
    )


def accept_logout_response(
    received: Received, expected: LogoutResponseExpected, checks: Sequence[Check[Any]] | None = None
) -> Report[AcceptedLogoutAnswer]:
    """Judge one LogoutResponse.

    Args:
        received: the message with the binding that it came by, and the detached signature of a redirect.
        expected: whom we trust, which logout requests wait for an answer, and when it is.
        checks: run these alone (for tests of single checks); shape and signatures are judged always.

    Returns:
        Every finding; `principal` is the answer, only where the signature verified and no finding refuses: not where
        the partner says that it failed.

    Raises:
        InputError: the bytes are no XML, or another message than a LogoutResponse, or it was sent as a SAMLRequest.
        ConfigError: no key is trusted, no check is left, or `ignore` names what cannot be waived.
    """
    judgement = _judge(received, expected, checks, RESPONSE_CHECKS, LOGOUT_RESPONSE)
    if not judgement.believed:
        return judgement.report(None)
    response = LogoutResponse.read(judgement.materials.message, expected.document)
    return judgement.report(AcceptedLogoutAnswer(response=response, relay_state=received.relay_state))


def only_unknown(report: Report[AcceptedLogout]) -> bool:
    """Whether a refused request was believed all the same, and only names no session: then its sender is told so.

    A responder says UnknownPrincipal to that (SAML2Core 3.2.2.2 and 3.7.3.2); anything else that refuses means that the
    sender may not be who it seems, and gets no answer.
    """
    errors = {found.code for found in report.errors}
    unknown = {logout_checks.logout_name_unknown.code, logout_checks.session_index_unknown.code}
    return report.signature is not None and bool(errors) and errors <= unknown


def _judge(
    received: Received,
    expected: LogoutExpectation,
    checks: Sequence[Check[Any]] | None,
    known: tuple[Check[Any], ...],
    tag: str,
) -> _Judgement:
    running = known if checks is None else tuple(checks)
    guard(expected, running, known)
    root = parse(received.xml, expected.document)
    name, parameter = ("LogoutRequest", "SAMLRequest") if tag == LOGOUT_REQUEST else ("LogoutResponse", "SAMLResponse")
    if root.tag != tag:
        problem = f"this is {local_name(root)}, not samlp:{name}"
        raise unexpected_message(expected.document, problem, f"give the whole {name}")
    if received.kind != parameter:
        problem = f"the {name} came as {received.kind}"
        raise unexpected_message(expected.document, problem, f"have it sent in the parameter {parameter}")
    findings: list[Finding] = [
        *bounded(stray_signature(root, expected.document)),
        *bounded(element_unexpected(root, expected.document)),
        *missing_signature(root, received, expected.document),
    ]
    judged = judge_signatures(root, received, expected)
    findings += [found for each in judged for found in each.findings]
    verified = not has_error(findings) and bool(judged) and all(each.held for each in judged)
    if not verified:
        findings.append(unverified_content(root, expected.document))
    received_as = materials_of(root, judged if verified else [], expected.document)
    materials, opened = open_name(received_as, expected, refused=not verified)
    findings += opened.findings
    findings += run_checks(running, materials, expected)
    return _Judgement(
        materials=materials, judged=judged, findings=tuple(findings), verified=verified, decryption=opened.facts
    )


def logout_expected_of(
    party: AssertingParty | RelyingParty,
    *,
    now: datetime,
    sessions: Collection[Session],
    opinions: bool = True,
    document: str = "LogoutRequest",
) -> LogoutExpected:
    """Say what a side with these settings expects of a logout request; *sessions* are those it shares with its partner.

    A side whose requests go unsigned by habit still has to sign here.
    """
    return LogoutExpected(**_settings(party, now, document, opinions=opinions), sessions=sessions)


def logout_response_expected_of(
    party: AssertingParty | RelyingParty,
    *,
    now: datetime,
    pending: Collection[str],
    opinions: bool = True,
    document: str = "LogoutResponse",
) -> LogoutResponseExpected:
    """Say what a side with these settings expects of the answer; *pending* are the ids of its open logout requests."""
    return LogoutResponseExpected(**_settings(party, now, document, opinions=opinions), in_response_to=pending)


def _settings(party: AssertingParty | RelyingParty, now: datetime, document: str, *, opinions: bool) -> dict[str, Any]:
    addresses = (each for own in party.single_logout for each in (own.location, own.response_location))
    return {
        "now": now,
        "trusted": party.trusted,
        "issuer": party.partner,
        "destination": tuple(dict.fromkeys(filter(None, addresses))),
        "message_life": party.message_life,
        "skew": party.skew,
        "permit": party.permit,
        "decryption": party.decryption,
        "match": party.match,
        "checks_expiry": party.checks_expiry,
        "opinions": opinions,
        "document": document,
    }
