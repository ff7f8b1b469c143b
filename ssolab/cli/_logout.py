"""What `verify saml` does with the two messages of single logout, which either side of a link may send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ssolab.core.findings import Report
    from ssolab.saml.bindings import Received
    from ssolab.saml.logout_acceptance import AcceptedLogout, AcceptedLogoutAnswer
    from ssolab.saml.logout_checks import LogoutExpectation, Session

    Judged = tuple[LogoutExpectation, Report[Any], tuple[tuple[str, str], ...], dict[str, Any]]

F = TypeVar("F", bound="Callable[..., Any]")

MESSAGES = ("LogoutRequest", "LogoutResponse")
NAMES = ("name_id", "session_index")
_NOT_FOR_LOGOUT = ("audience", "unsolicited", "want_signed", "report", "request", "authn_context", "authn_comparison")
_FOR_A_REQUEST = (*NAMES, "name_id_format")


def logout_options(function: F) -> F:
    """Add the options that say which sessions a LogoutRequest may end."""
    for option in reversed(
        (
            click.option(
                "--name-id",
                multiple=True,
                metavar="NAME",
                help="Who is logged in, for a LogoutRequest. May be given several times.",
            ),
            click.option(
                "--session-index",
                multiple=True,
                metavar="INDEX",
                help="The SessionIndex that those of --name-id were logged in under. May be given several times.",
            ),
        )
    ):
        function = option(function)
    return function


def judge_logout(
    received: Received, message: str, common: Mapping[str, Any], options: Mapping[str, Any], file: str
) -> Judged:
    """Judge a message of single logout: what was expected, the report, the facts for people, and those for scripts.

    Raises:
        InputError: the message cannot be judged.
        UsageError: an option was given that such a message has no use for.
    """
    from ssolab.saml.logout_acceptance import (
        LogoutExpected,
        LogoutResponseExpected,
        accept_logout_request,
        accept_logout_response,
    )

    request = message == "LogoutRequest"
    for name in (*_NOT_FOR_LOGOUT, *(("in_response_to",) if request else _FOR_A_REQUEST)):
        if options[name] not in {None, (), False, "either"}:
            raise click.UsageError(f"--{name.replace('_', '-')} is not for a {message}, which {file} is")
    destination = options["recipient"] or None
    if request:
        asked = LogoutExpected(**common, destination=destination, sessions=_sessions(options), loosely=True)
        report = accept_logout_request(received, asked)
        return asked, report, _request_facts(report.principal), {"principal": None, "logout": _result(report.principal)}
    answered = LogoutResponseExpected(
        **common,
        destination=destination,
        in_response_to=frozenset(options["in_response_to"]) if options["in_response_to"] else None,
    )
    answer = accept_logout_response(received, answered)
    return answered, answer, _answer_facts(answer.principal), {"principal": None, "logout": _result(answer.principal)}


def _sessions(options: Mapping[str, Any]) -> tuple[Session, ...] | None:
    """Say which sessions there are, as far as the user says; None where nothing is said."""
    if not options["name_id"]:
        for name in ("session_index", "name_id_format"):
            if options[name]:
                raise click.UsageError(f"--{name.replace('_', '-')} belongs to a name; give --name-id too")
        return None

    from ssolab.saml.logout_checks import Session
    from ssolab.saml.names import format_named
    from ssolab.saml.subjects import NameID

    format_ = format_named(options["name_id_format"]) if options["name_id_format"] else None
    return tuple(
        Session(NameID(name, format_), index)
        for name in options["name_id"]
        for index in options["session_index"] or (None,)
    )


def _request_facts(accepted: AcceptedLogout | None) -> tuple[tuple[str, str], ...]:
    if accepted is None:
        return ()
    request = accepted.request
    facts = [
        ("request", request.id),
        ("issuer", request.issuer.value if request.issuer else "none given"),
        ("subject", request.name_id.value if request.name_id else "none given"),
        ("format", (request.name_id.format if request.name_id else None) or "none given"),
        ("session", ", ".join(request.session_indexes) or "every session of that name"),
        ("reason", request.reason or "none given"),
    ]
    return (*facts, *_relay_state(accepted))


def _answer_facts(accepted: AcceptedLogoutAnswer | None) -> tuple[tuple[str, str], ...]:
    if accepted is None:
        return ()
    response = accepted.response
    facts = [
        ("response", response.id),
        ("issuer", response.issuer.value if response.issuer else "none given"),
        ("answers", response.in_response_to or "no request"),
        ("status", " > ".join(response.status.codes)),
    ]
    return (*facts, *_relay_state(accepted))


def _relay_state(accepted: AcceptedLogout | AcceptedLogoutAnswer) -> tuple[tuple[str, str], ...]:
    return () if accepted.relay_state is None else (("RelayState", accepted.relay_state),)


def _result(accepted: AcceptedLogout | AcceptedLogoutAnswer | None) -> dict[str, Any] | None:
    """Write what was accepted for scripts."""
    from ssolab.saml.logout_acceptance import AcceptedLogout

    if accepted is None:
        return None
    if not isinstance(accepted, AcceptedLogout):
        response = accepted.response
        return {
            "id": response.id,
            "issuer": response.issuer.value if response.issuer else None,
            "in_response_to": response.in_response_to,
            "status": response.status.codes,
            "relay_state": accepted.relay_state,
        }
    request = accepted.request
    return {
        "id": request.id,
        "issuer": request.issuer.value if request.issuer else None,
        "name_id": request.name_id,
        "session_indexes": request.session_indexes,
        "reason": request.reason,
        "not_on_or_after": request.not_on_or_after,
        "relay_state": accepted.relay_state,
    }
