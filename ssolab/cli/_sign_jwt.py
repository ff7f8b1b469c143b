"""`ssolab sign jwt`: issue one token with a given key."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ssolab.cli._shell import EXIT_FOUND, EXIT_OK, Shell, password_option, shared

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ssolab.core.jose import JosePrivateKey
    from ssolab.core.keys import PublicKey
    from ssolab.faults.engine import Fault

_LIFE = 180
_LONGEST = 366 * 86_400


@click.command(
    name="jwt",
    epilog="Example:  ssolab sign jwt --key server.key --issuer 3MVG9... --audience https://login.salesforce.com "
    "--subject amira@greenmoor.org --post http://127.0.0.1:8080/services/oauth2/token",
)
@click.option("--key", required=True, metavar="FILE", help="The private key: PEM, DER or a key store.")
@click.option("--alias", metavar="NAME", help="Which entry of a key store.")
@click.option("--issuer", required=True, metavar="ISS", help="Who says it.")
@click.option("--audience", "audiences", required=True, multiple=True, metavar="AUD", help="For whom; repeat for more.")
@click.option("--subject", required=True, metavar="SUB", help="Whom it is about.")
@click.option("--claim", "claims", multiple=True, metavar="NAME=JSON", help="Another claim; null leaves one out.")
@click.option("--header", "members", multiple=True, metavar="NAME=JSON", help="Another member of the header.")
@click.option("--kid", metavar="KID", help="The name of the key. Default: its RFC 7638 thumbprint; empty for none.")
@click.option("--alg", metavar="ALG", help="The algorithm. Default: RS256, the ES of the curve, or EdDSA.")
@click.option("--typ", default="JWT", show_default=True, metavar="TYP", help="The type; empty for none.")
@click.option("--life", type=click.IntRange(1, _LONGEST), default=_LIFE, show_default=True, metavar="SECONDS",
              help="How long it is valid.")  # fmt: skip
@click.option("--fault", "codes", multiple=True, metavar="CODE",
              help="Put a fault in; ssolab catalog --kind fault lists them.")  # fmt: skip
@click.option("--retired", metavar="FILE", help="The key that signed before, for the faults that sign with it.")
@click.option("--bearer", is_flag=True, help="An assertion of the JWT bearer flow: RS256 without --alg, no kid, at "
              "most 3 minutes.")  # fmt: skip
@click.option("--post", metavar="URL", help="Bring it to this token endpoint and write the answer; means --bearer.")
@password_option
@shared("sign")
def jwt(shell: Shell, **options: Any) -> None:
    """Issue one JSON Web Token, and write it in the compact form.

    It has iss, sub, aud, iat, exp and a jti of its own; --claim replaces or adds one, and null takes one out. For
    --bearer the issuer is the client_id, which Salesforce calls the consumer key, and the subject the user name.
    """
    if options["bearer"] or options["post"]:
        options |= _as_bearer(options)
    private = read_token_key(options["key"], alias=options["alias"], password_env=options["password_env"])
    made = made_token(shell, options, private)
    if options["post"]:
        _post(shell, options["post"], made)
    if shell.format == "json":
        result = {"token": made.token, "header": made.header, "claims": made.claims, "faults": made.told}
        shell.finish(text=lambda: "", result=result)
    if shell.output is None:
        click.echo(made.token)
    else:
        from ssolab.files import write_file

        write_file(shell.output, f"{made.token}\n".encode())
    raise click.exceptions.Exit(EXIT_OK)


def _as_bearer(options: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options of an assertion as the help of Salesforce describes it, where nothing else was asked for.

    Raises:
        BadParameter: it would live for longer than three minutes.
        ConfigError: it may not be posted there.
    """
    from ssolab.cli._posting import token_endpoint

    if options["life"] > _LIFE:
        raise click.BadParameter(f"an assertion lives at most {_LIFE} seconds", param_hint="--life")
    if options["post"]:
        token_endpoint(options["post"])
    return {"kid": options["kid"] or "", "alg": options["alg"] or "RS256"}


def _post(shell: Shell, address: str, made: Made) -> None:
    """Bring the assertion to the token endpoint and end with its last answer, which is what was asked for."""
    import json

    from ssolab.cli._posting import fetch_token, issued, refusal
    from ssolab.files import shown_name

    for _ in range(max((each.sent for each in made.faults), default=1) - 1):
        fetch_token(address, made.token)
    status, members = fetch_token(address, made.token)
    good = issued(status, members)
    if not good and shell.format != "json":
        click.echo(
            f"{click.style('refused', fg='red', bold=True)} by {shown_name(address)}: {refusal(status, members)}"
        )
        raise click.exceptions.Exit(EXIT_FOUND)
    shell.finish(
        text=lambda: json.dumps(members, indent=2, ensure_ascii=True),
        verdict="accepted" if good else "refused",
        result={"status": status, "answer": dict(members), "faults": made.told},
        exit_code=EXIT_OK if good else EXIT_FOUND,
    )


@dataclass(frozen=True, kw_only=True)
class Made:
    """A token, with the header and the claims that it started from and the faults that are in it."""

    token: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    faults: tuple[Fault, ...] = ()

    @property
    def told(self) -> list[dict[str, Any]]:
        """The faults for scripts."""
        return [
            {"code": each.code, "nature": each.nature, "trips": each.trips, "warns": each.warns}
            for each in self.faults
        ]  # fmt: skip


def made_token(shell: Shell, options: Mapping[str, Any], private: JosePrivateKey) -> Made:
    """Make and sign the token that the options describe.

    Raises:
        InputError: the algorithm is unknown or does not go with the key.
        BadParameter: a claim or a member of the header is no JSON, or the member is `alg`.
    """
    from ssolab.core.findings import InputError
    from ssolab.core.jose import algorithm_for, algorithm_named, public_of, read_compact, sign_compact
    from ssolab.core.jwk import thumbprint
    from ssolab.files import shown_name

    public = public_of(private)
    kid = thumbprint(public) if options["kid"] is None else options["kid"]
    header = {name: value for name, value in (("typ", options["typ"]), ("kid", kid)) if value}
    members = read_members(options["members"], "--header")
    if "alg" in members:
        raise click.BadParameter("alg says how the token is signed; choose that with --alg", param_hint="--header")
    header |= members
    moment, audiences = int(shell.at.timestamp()), list(options["audiences"])
    claims: dict[str, Any] = {
        "iss": options["issuer"],
        "sub": options["subject"],
        "aud": audiences if len(audiences) > 1 else audiences[0],
        "iat": moment,
        "exp": moment + options["life"],
        "jti": secrets.token_urlsafe(16),
    }
    claims |= read_members(options["claims"], "--claim")
    claims = {name: value for name, value in claims.items() if value is not None}
    alg = options["alg"] or algorithm_for(public).name
    if not algorithm_named(alg).fits(public):
        raise InputError(shown_name(options["key"]), f"its {public.text} key cannot sign with {alg}", _fitting(public))
    if options["codes"]:
        from ssolab.cli._token_faults import faulty_token

        retired = options["retired"] and read_token_key(
            options["retired"], alias=None, password_env=options["password_env"]
        )
        token, faults = faulty_token(shell, options["codes"], header, claims, private, alg, retired)
        return Made(token=token, header={"alg": alg, **header}, claims=claims, faults=faults)
    if options["retired"]:
        raise click.BadParameter("it is for faults that sign with a retired key; give --fault", param_hint="--retired")
    token = sign_compact(header, claims, private, alg)
    return Made(token=token, header=dict(read_compact(token, "token").header), claims=claims)


def _fitting(public: PublicKey) -> str:
    from ssolab.core.jose import ALGORITHMS

    return f"give --alg {' or '.join(name for name, each in ALGORITHMS.items() if each.fits(public))}, or another key"


def read_members(given: Sequence[str], option: str) -> dict[str, Any]:
    """Read members that are given as NAME=JSON; what is no JSON is refused, so that a text needs its quotes.

    Raises:
        BadParameter: one of them has no name, or its value is no strict JSON.
    """
    from ssolab.core.findings import InputError
    from ssolab.core.strictjson import parse

    found: dict[str, Any] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{each!r} is not NAME=JSON", param_hint=option)
        try:
            found[name] = parse(value.encode("utf-8", "surrogateescape"), name)
        except InputError as error:
            hint = f"{error.problem}; a text stands in double quotes, such as {name}='\"text\"'"
            raise click.BadParameter(f"{name}: {hint}", param_hint=option) from None
    return found


def read_token_key(file: str, *, alias: str | None, password_env: str) -> JosePrivateKey:
    """Read a key to sign tokens with from a PEM or DER file, or the entry *alias* of a key store.

    Raises:
        PasswordError: the file does not open with the password.
        InputError: there is no such key in it.
    """
    from ssolab.cli._shell import password_for
    from ssolab.core.findings import InputError, PasswordError
    from ssolab.core.jose import load_signing_key
    from ssolab.core.keystores import is_store, open_store
    from ssolab.core.pem import unwrap
    from ssolab.files import read_file, shown_name

    data, name = read_file(file), shown_name(file)
    packed = unwrap(data, name)
    if is_store(packed):
        entry = open_store(packed, name, password_for(name, password_env)).entry(alias, name)
        if entry.private is None:
            raise InputError(name, f"entry {entry.alias!r} has no private key", "choose an entry that has one")
        return entry.private
    if alias is not None:
        raise InputError(name, f"no key store, so it has no entry {alias!r}", "leave --alias out")
    try:
        return load_signing_key(data, name)
    except PasswordError:
        return load_signing_key(data, name, password_for(name, password_env).encode())
