"""`ssolab verify jwt`: one token, accepted or refused, with every reason."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ssolab.cli._outcome import Outcome, finish
from ssolab.cli._shell import Shell, shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.jwk import TrustedJwk
    from ssolab.oidc.materials import TokenReport

_KINDS = ("jwt", "id-token", "access-token", "logout-token", "client-assertion", "bearer-assertion")
_DAY = 86_400
_YEAR = 366 * _DAY
_USUAL_SKEW = 300
_SHOWN = 200


@click.command(
    name="jwt",
    epilog="Example:  ssolab verify jwt id_token.jwt --trust jwks.json --issuer https://op.example --audience my-app",
)
@click.argument("file")
@click.option(
    "--trust",
    multiple=True,
    metavar="FILE",
    help="Key set (JWKS), certificate or public key of the issuer. May be given several times.",
)
@click.option(
    "--announced",
    multiple=True,
    metavar="FILE",
    help="Keys that are published and not trusted yet: they only improve the explanation.",
)
@click.option(
    "--retired",
    multiple=True,
    metavar="FILE",
    help="Keys that were trusted once: they only improve the explanation.",
)
@click.option(
    "--known",
    multiple=True,
    metavar="FILE",
    help="Other keys that can be named, such as another issuer's: they only improve the explanation.",
)
@click.option(
    "--as", "kind", type=click.Choice(_KINDS), default="jwt", show_default=True, help="What the token is offered as."
)
@click.option("--issuer", metavar="ISS", help="Who must have issued it, character by character.")
@click.option(
    "--audience", multiple=True, metavar="AUD", help="Whom it must be for. Several where each of them is you."
)
@click.option("--nonce", metavar="N", help="The nonce that was sent with the request.")
@click.option("--subject", metavar="SUB", help="Whom it must be about.")
@click.option("--client-id", metavar="ID", help="The client that it must have been issued to.")
@click.option("--acr", multiple=True, metavar="CLASS", help="How the user has to be authenticated; one of several.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="What it must be granted; all of several.")
@click.option(
    "--profile",
    type=click.Choice(["strict", "salesforce"]),
    default="strict",
    show_default=True,
    help="Judge by the standards, or tolerate what the clients of Salesforce send.",
)
@click.option(
    "--alg", multiple=True, metavar="ALG", help="An algorithm that is allowed. Default: all that fit the keys."
)
@click.option(
    "--client-secret-env",
    metavar="NAME",
    help="The environment variable with the client secret of HS256, in place of --trust.",
)
@click.option("--access-token", metavar="FILE", help="The access token that came with an ID token, for at_hash.")
@click.option("--max-age", type=click.IntRange(0, _YEAR), metavar="SECONDS", help="How long ago the login may be.")
@click.option(
    "--issued-within",
    type=click.IntRange(0, _YEAR),
    metavar="SECONDS",
    help="How long ago the token may have been issued.",
)
@click.option(
    "--skew",
    type=click.IntRange(0, _DAY),
    default=_USUAL_SKEW,
    show_default=True,
    metavar="SECONDS",
    help="How far the clocks may be apart.",
)
@click.option(
    "--checks-expiry/--no-checks-expiry",
    default=None,
    help="Whether a certificate out of date refuses. Default: for assertions, when strict.",
)
@click.option("--allow", multiple=True, type=click.Choice(["rsa1024"]), help="Permit something weak by its name.")
@click.option("--ignore", multiple=True, metavar="CODE", help="Waive the errors of one check; never of a signature.")
@shared("verify")
def jwt(shell: Shell, file: str, trust: tuple[str, ...], **options: Any) -> None:
    """Judge one JSON Web Token: an ID token, access token, logout token or assertion.

    FILE is the token, or a file that holds it, with or without Bearer in front; - is standard input. What you do not
    give is not judged, and the report says so.
    """
    from ssolab.cli._token_trust import read_token_keys
    from ssolab.core.keys import Permission
    from ssolab.oidc.checks import Expected, TokenKind, accept

    named = [file, *trust, *options["announced"], *options["retired"], *options["known"], options["access_token"]]
    if named.count("-") > 1:
        raise click.UsageError("standard input can be read once; give - for one file only")
    if not trust and not options["client_secret_env"]:
        raise click.UsageError("say with --trust whose signature counts")
    token, name = _read(file)
    keys, problems = read_token_keys(trust)
    expected = Expected(
        kind=TokenKind(options["kind"]),
        now=shell.at,
        keys=keys,
        announced=read_token_keys(options["announced"])[0],
        retired=read_token_keys(options["retired"])[0],
        known=read_token_keys(options["known"])[0],
        secret=_secret(options["client_secret_env"]),
        issuer=options["issuer"],
        audience=options["audience"] if len(options["audience"]) > 1 else next(iter(options["audience"]), None),
        nonce=options["nonce"],
        subject=options["subject"],
        client_id=options["client_id"],
        profile=options["profile"],
        algorithms=options["alg"] or None,
        access_token=_read(options["access_token"])[0].decode("ascii", "replace") if options["access_token"] else None,
        max_age=_seconds(options["max_age"]),
        acr=_words(options["acr"], "--acr"),
        scopes=_words(options["scopes"], "--scope"),
        issued_within=_seconds(options["issued_within"]),
        skew=timedelta(seconds=options["skew"]),
        permit=frozenset(Permission(each) for each in options["allow"]),
        ignore=frozenset(options["ignore"]),
        checks_expiry=options["checks_expiry"],
        document=name,
    )
    report = accept(token, expected)
    report = replace(report, findings=(*report.findings, *_beside(problems, report.accepted)))
    finish(
        shell,
        Outcome(
            document=name,
            trusted=keys,
            report=report,
            message=expected.kind.words,
            facts=tuple(_facts(report)),
            extra={"kind": options["kind"], "header": report.header, "trusted_key": _key(report.key)},
        ),
    )


def _words(given: tuple[str, ...], option: str) -> tuple[str, ...]:
    """Take apart what may be named one by one or together, apart by spaces as in a token."""
    words = tuple(word for each in given for word in each.split())
    if given and not words:
        raise click.BadParameter("it names nothing", param_hint=option)
    return words


def _read(file: str) -> tuple[bytes, str]:
    """Read a token from a file, or take the word itself where it is one."""
    from ssolab.files import read_file, shown_name
    from ssolab.oidc.reading import looks_like_a_token, token_in

    if looks_like_a_token(file) and not _is_there(file):
        return file.encode(), "token"
    return token_in(read_file(file)), shown_name(file)


def _is_there(file: str) -> bool:
    try:
        return Path(file).exists()
    except OSError:  # a token is longer than a name may be
        return False


def _secret(name: str | None) -> bytes | None:
    from ssolab.core.findings import ConfigError

    if name is None:
        return None
    value = os.environ.get(name)
    if not value:
        raise ConfigError(f"${name}", "the environment variable is not set", "put the client secret into it")
    return value.encode()


def _seconds(value: int | None) -> timedelta | None:
    return None if value is None else timedelta(seconds=value)


def _beside(problems: tuple[Any, ...], accepted: bool) -> Iterator[Any]:  # noqa: FBT001  the outcome of the token
    """Tell what is odd about the keys that were named; a key that is left out refuses no token that another made."""
    from ssolab.core.findings import Severity

    for found in problems:
        yield replace(found, severity=Severity.WARNING) if accepted and found.severity is Severity.ERROR else found


def _facts(report: TokenReport) -> Iterator[tuple[str, str]]:
    """Say what was believed, the claims in their order."""
    import json

    from ssolab.oidc.materials import in_time
    from ssolab.oidc.time_checks import TIMES

    for name, value in (report.claims or {}).items():
        moment = name in TIMES and isinstance(value, int | float)
        text = in_time(value) if moment else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield name[:_SHOWN], text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"
    if report.key is not None and report.key.kid is not None:
        yield "kid", report.key.kid


def _key(key: TrustedJwk | None) -> dict[str, Any] | None:
    if key is None:
        return None
    return {"kid": key.kid, "spki_sha256": key.public.sha256, "source": key.source}
