"""`ssolab verify`: one message, accepted or refused, with every reason."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from ssolab.cli import version_option
from ssolab.cli._accepted import principal_facts, request_facts, request_result
from ssolab.cli._asking import NAMES as ASKING
from ssolab.cli._asking import answered, asking_options
from ssolab.cli._decryption import decryption_options, read_decryption
from ssolab.cli._logout import MESSAGES as LOGOUT
from ssolab.cli._logout import NAMES as LEAVING
from ssolab.cli._logout import judge_logout, logout_options
from ssolab.cli._outcome import Outcome, finish
from ssolab.cli._shell import Shell, shared
from ssolab.cli._verify_jwt import jwt

if TYPE_CHECKING:
    from ssolab.cli._trust import Trust
    from ssolab.saml.bindings import Received

_DAY = 86_400
_USUAL_SKEW = 60
_OF_RESPONSES = ("audience", "in_response_to", "unsolicited", "want_signed", "report", "decrypt", "alias")
_WEAK = ("sha1", "rsa1024", "rsa15", "inclusive-c14n")


@click.group(epilog="Example:  ssolab verify saml response.xml --trust idp-metadata.xml")
@version_option
def command() -> None:
    """Judge one message: accepted or refused, with every reason."""


command.add_command(jwt)


@command.command(
    epilog="Example:  ssolab verify saml response.xml --trust idp-metadata.xml --audience https://sp.example"
)
@click.argument("file")
@click.option(
    "--trust",
    multiple=True,
    required=True,
    metavar="FILE",
    help="Metadata, certificate or public key of the sender. May be given several times.",
)
@click.option("--issuer", metavar="ENTITY_ID", help="Who must have issued it. Default: the one entity in --trust.")
@click.option("--audience", metavar="ENTITY_ID", help="The service provider that a response must be for.")
@click.option("--recipient", multiple=True, metavar="URL", help="The address that received the message.")
@click.option("--in-response-to", multiple=True, metavar="ID", help="The ID of the request that it must answer.")
@click.option("--unsolicited", is_flag=True, help="Allow a response that answers no request.")
@click.option(
    "--skew",
    type=click.IntRange(0, _DAY),
    metavar="SECONDS",
    help="How far the clocks may be apart. Default: 60; with --report salesforce 180, of which nobody is sure.",
)
@click.option("--max-age", type=click.IntRange(0, 366 * _DAY), metavar="SECONDS", help="How old the message may be.")
@click.option("--checks-expiry", is_flag=True, help="Refuse a certificate that is out of date, as AD FS does.")
@click.option(
    "--match",
    type=click.Choice(["key", "certificate"]),
    default="key",
    show_default=True,
    help="What has to be trusted: the key alone, or the very certificate that the message carries.",
)
@click.option(
    "--want-signed",
    type=click.Choice(["either", "assertion", "response", "both"]),
    default="either",
    show_default=True,
    help="What of a response has to be signed.",
)
@click.option(
    "--report",
    type=click.Choice(["salesforce"]),
    help="Show it as the SAML Assertion Validator of a Salesforce org does, with what is unconfirmed of that labelled.",
)
@click.option("--allow", multiple=True, type=click.Choice(_WEAK), help="Permit something weak by its name.")
@click.option("--ignore", multiple=True, metavar="CODE", help="Waive the errors of one check; never of a signature.")
@decryption_options
@asking_options
@logout_options
@shared("verify")
def saml(shell: Shell, file: str, trust: tuple[str, ...], **options: Any) -> None:
    """Judge one SAML Response, AuthnRequest, LogoutRequest, LogoutResponse or ArtifactResolve.

    FILE is raw XML, base64, a form field or a whole redirect address, or the ArtifactResponse around a Response, with
    or without its SOAP envelope; - is standard input. What you do not give is not judged, and the report says so.
    """
    from ssolab.cli._artifact import resolve_in
    from ssolab.cli._trust import read_trust
    from ssolab.saml.reading import message_name, read_message
    from ssolab.sources import read_file, shown_name

    if [file, *trust, *options["decrypt"], options["request"]].count("-") > 1:
        raise click.UsageError("standard input can be read once; give - for one file only")
    received = read_message(read_file(file), shown_name(file))
    if message_name(received, shown_name(file)) in LOGOUT:
        _judge_logout(shell, file, received, read_trust(trust, "either", options["issuer"]), options)
    elif (question := resolve_in(received.xml, shown_name(file))) is not None:
        _judge_resolve(shell, file, question, read_trust(trust, "sp", options["issuer"]), options)
    elif received.kind == "SAMLRequest":
        _judge_request(shell, file, received, read_trust(trust, "sp", options["issuer"]), options)
    else:
        _judge_response(shell, file, received, read_trust(trust, "idp", options["issuer"]), options)


def _common(shell: Shell, file: str, trust: Trust, options: dict[str, Any]) -> dict[str, Any]:
    """Give what every message is held against."""
    from ssolab.core.keys import Permission
    from ssolab.sources import shown_name

    return {
        "now": shell.at,
        "trusted": trust.keys,
        "known": trust.known,
        "issuer": options["issuer"] or trust.issuer,
        "skew": _skew(options),
        "message_life": None if options["max_age"] is None else timedelta(seconds=options["max_age"]),
        "decryption": read_decryption(options["decrypt"], options["alias"], options["password_env"]),
        "permit": frozenset(Permission(each) for each in options["allow"]),
        "ignore": frozenset(options["ignore"]),
        "checks_expiry": options["checks_expiry"],
        "match": options["match"],
        "document": shown_name(file),
    }


def _skew(options: dict[str, Any]) -> timedelta:
    from ssolab.salesforce.switches import CLOCK_ALLOWANCE

    if options["skew"] is not None:
        return timedelta(seconds=options["skew"])
    return CLOCK_ALLOWANCE if options["report"] == "salesforce" else timedelta(seconds=_USUAL_SKEW)


def _judge_response(shell: Shell, file: str, received: Received, trust: Trust, options: dict[str, Any]) -> None:
    from ssolab.cli._artifact import accept_saved
    from ssolab.saml.checks import Expected

    _only_for(options, {"LogoutRequest": LEAVING}, file, "a Response")
    answers = answered(options)
    expected = Expected(
        **_common(shell, file, trust, options),
        audience=options["audience"],
        recipient=options["recipient"] or None,
        in_response_to=answers.ids if answers.ids or options["unsolicited"] else None,
        asked=answers.asking,
        unsolicited=options["unsolicited"],
        want_signed=options["want_signed"],
        binding=received.binding,
    )
    report, came_as = accept_saved(received.xml, expected)
    facts = tuple(principal_facts(report.principal))
    extra: dict[str, Any] = {}
    if options["report"] == "salesforce":
        from ssolab.cli._validator import validated

        extra["report"] = validated(received, report.findings, expected, skew_given=options["skew"] is not None)
    finish(shell, Outcome.of(expected, report, message=came_as, facts=facts, extra=extra))


def _judge_request(shell: Shell, file: str, received: Received, trust: Trust, options: dict[str, Any]) -> None:
    from ssolab.saml.request_checks import RequestExpected, accept_request

    _only_for(options, {"Response": (*_OF_RESPONSES, *ASKING), "LogoutRequest": LEAVING}, file, "an AuthnRequest")
    roles = [each.sp for each in trust.entities if each.sp is not None]
    expected = RequestExpected(
        **_common(shell, file, trust, options),
        destination=options["recipient"] or None,
        acs=tuple(acs for role in roles for acs in role.assertion_consumer_services) if roles else None,
        want_signed=not roles or any(role.authn_requests_signed is not False for role in roles),
    )
    report = accept_request(received, expected)
    facts = tuple(request_facts(report.principal))
    extra = {"principal": None, "request": request_result(report.principal)}
    finish(shell, Outcome.of(expected, report, message="AuthnRequest", facts=facts, extra=extra))


def _judge_resolve(shell: Shell, file: str, question: bytes, trust: Trust, options: dict[str, Any]) -> None:
    from ssolab.cli._artifact import judge_resolve, resolve_facts
    from ssolab.saml.artifact_resolve_checks import ResolveExpected

    _only_for(options, {"Response": (*_OF_RESPONSES, *ASKING), "LogoutRequest": LEAVING}, file, "an ArtifactResolve")
    expected = ResolveExpected(
        **_common(shell, file, trust, options), destination=options["recipient"] or None, want_signed=True
    )
    report, extra = judge_resolve(question, expected)
    facts = tuple(resolve_facts(report.principal))
    finish(shell, Outcome.of(expected, report, message="ArtifactResolve", facts=facts, extra=extra))


def _only_for(options: dict[str, Any], owners: dict[str, tuple[str, ...]], file: str, kind: str) -> None:
    """Refuse options that the message at hand has no use for."""
    for owner, names in owners.items():
        for name in names:
            if options[name] not in {None, (), False, "either"}:
                raise click.UsageError(f"--{name.replace('_', '-')} is for a {owner}, and {file} is {kind}")


def _judge_logout(shell: Shell, file: str, received: Received, trust: Trust, options: dict[str, Any]) -> None:
    from ssolab.saml.reading import message_name

    common = _common(shell, file, trust, options)
    message = message_name(received, common["document"])
    expected, report, facts, extra = judge_logout(received, message, common, options, file)
    finish(shell, Outcome.of(expected, report, message=message, facts=facts, extra=extra))
