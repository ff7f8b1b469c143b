"""`ssolab sign`: issue one message with a given key, with or without faults in it."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import click

from ssolab.cli import version_option
from ssolab.cli._ciphers import cipher_options
from ssolab.cli._shell import EXIT_OK, Shell, password_option, shared
from ssolab.cli._sign_jwt import jwt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.core.keys import SigningCredential
    from ssolab.faults.engine import Fault
    from ssolab.faults.issuing import Posted
    from ssolab.saml.encryption import Encryption


@click.group(
    short_help="Issue one message with a given key, with or without faults.",
    epilog="Example:  ssolab sign saml --key idp.pem --issuer https://idp.example --audience https://sp.example "
    "--recipient https://sp.example/acs --name-id amira@example.org",
)
@version_option
def command() -> None:
    """Issue one message with a given key, with or without named faults in it."""


command.add_command(jwt)


@command.command(
    epilog="Example:  ssolab sign saml --key idp.pem --issuer https://idp.example --audience https://sp.example "
    "--recipient https://sp.example/acs --name-id amira@example.org --fault wrong-audience"
)
@click.option("--key", required=True, metavar="FILE", help="The private key: PEM, DER or a key store.")
@click.option("--alias", metavar="NAME", help="Which entry of a key store.")
@click.option("--certificate", metavar="FILE", help="The certificate to show beside the signature, if FILE has none.")
@click.option("--issuer", required=True, metavar="ENTITY_ID", help="Who says it: the identity provider.")
@click.option("--audience", required=True, metavar="ENTITY_ID", help="For whom: the service provider.")
@click.option("--recipient", required=True, metavar="ACS_URL", help="Where it goes.")
@click.option("--name-id", required=True, metavar="NAME", help="Who logs in.")
@click.option("--format-of-name", metavar="URI", help="The NameID format.  [default: unspecified]")
@click.option("--in-response-to", metavar="ID", help="The ID of the request that it answers.")
@click.option("--attribute", "attributes", multiple=True, metavar="NAME=VALUE", help="An attribute; repeat for more.")
@click.option("--sign", type=click.Choice(["assertion", "response", "both", "none"]), default="assertion",
              show_default=True, help="What is signed.")  # fmt: skip
@click.option("--hash", "hash_", type=click.Choice(["sha1", "sha256", "sha384", "sha512"]), default="sha256",
              show_default=True, help="Hash of the signature.")  # fmt: skip
@click.option("--encrypt", metavar="CERT", help="Encrypt the assertion for this certificate of the service provider.")
@cipher_options
@click.option("--fault", "codes", multiple=True, metavar="CODE",
              help="Put a fault in; ssolab catalog --kind fault lists them.")  # fmt: skip
@click.option("--forged-name", metavar="NAME", help="Whom an attack puts in the place of NAME.  [default: admin]")
@click.option("--base64", "packed", is_flag=True, help="Write the value of the form field instead of XML.")
@click.option("--form", is_flag=True, help="Write the body of the posted form instead of XML.")
@password_option
@shared("sign")
def saml(shell: Shell, **options: Any) -> None:
    """Issue one SAML Response, and write it as XML.

    A fault changes one thing in it: a mistake that partners make, or an attack that a receiver must refuse.
    """
    from ssolab.cli._faults import chosen_faults, in_the_address, in_the_form
    from ssolab.cli._signers import read_signer

    if options["packed"] and options["form"]:
        raise click.UsageError("--base64 and --form are two ways to write it; choose one")
    faults = chosen_faults(options["codes"])
    if in_the_form(faults) and not options["form"] and shell.format == "text":
        raise click.UsageError("a fault sits in the form that carries the message; add --form to see it")
    if in_the_address(faults):
        raise click.UsageError("a fault sits in an address that carries the message; ssolab attack sends it so")
    credential, shows = read_signer(
        options["key"],
        alias=options["alias"],
        certificate=options["certificate"],
        password_env=options["password_env"],
        now=shell.at,
    )
    sent, name = _issued(shell, options, faults, credential, shows=shows)
    _write(shell, options, faults, sent, name)


def _issued(
    shell: Shell, options: dict[str, Any], faults: Sequence[Fault], credential: SigningCredential, *, shows: bool
) -> tuple[Posted, str]:
    """Make the message, and say whom it speaks of."""
    from ssolab.core.keys import new_private_key_like
    from ssolab.faults.engine import Sealing, keeps_the_genuine_name, speaks_of
    from ssolab.faults.issuing import posted, sealed
    from ssolab.faults.kits import kit_for, special_keys
    from ssolab.saml.issue import draft_response
    from ssolab.saml.metadata import IndexedEndpoint
    from ssolab.saml.names import POST, UNSPECIFIED
    from ssolab.saml.parties import AssertingParty
    from ssolab.saml.subjects import NameID

    def new_id() -> str:
        return "_" + secrets.token_hex(16)

    acs = IndexedEndpoint(binding=POST, location=options["recipient"], index=0)
    party = AssertingParty(
        entity_id=options["issuer"], credential=credential, sso=(), relying=options["audience"], acs=(acs,)
    )
    hidden = encryption_for(
        options["encrypt"], options["audience"], cipher=options["cipher"], transport=options["key_transport"]
    )
    kit = kit_for(
        own=credential,
        throw_away=new_private_key_like(credential.public)[0] if faults else credential.private,
        now=shell.at,
        new_id=new_id,
        genuine=options["name_id"],
        forged=options["forged_name"] or ("admin" if keeps_the_genuine_name(faults) else options["name_id"]),
        recipient=options["audience"],
        address=options["recipient"],
        encryption=None if hidden is None else hidden.key,
        others=special_keys(faults, credential.certificate),
    )
    draft = draft_response(
        party,
        now=shell.at,
        new_id=new_id,
        name_id=NameID(speaks_of(faults, kit), options["format_of_name"] or UNSPECIFIED),
        attributes=attributes_of(options["attributes"]),
        in_response_to=options["in_response_to"],
    )
    # A fault of encryption encrypts by itself, and does it wrongly.
    encrypt = None if any("encryption" in each.needs for each in faults) else hidden
    sealing = Sealing(
        credential=credential, sign=options["sign"], hash=options["hash_"], key_info=shows, encrypt=encrypt
    )
    xml = sealed(draft.element(), sealing, kit, faults)
    return posted(xml, kit, faults, location=options["recipient"]), speaks_of(faults, kit)


def encryption_for(name: str | None, recipient: str, *, cipher: str | None, transport: str | None) -> Encryption | None:
    """Encrypt for the one certificate in a file; None where no file is named. RSA 1.5 is permitted by being named.

    Raises:
        UsageError: a cipher is named, and nothing is encrypted.
        InputError: the file holds no certificate, several, or one over another key than RSA.
    """
    if name is None:
        if cipher or transport:
            raise click.UsageError("--cipher and --key-transport say how to encrypt; give --encrypt too")
        return None
    from ssolab.core.certs import read_certificates
    from ssolab.core.findings import InputError
    from ssolab.core.keys import Permission, TrustedKey
    from ssolab.core.xmlenc import DEFAULT_CONTENT, DEFAULT_TRANSPORT
    from ssolab.saml.encryption import Encryption
    from ssolab.sources import read_file, shown_name

    shown = shown_name(name)
    certificates = read_certificates(read_file(name), shown)
    if len(certificates) != 1:
        raise InputError(shown, f"{len(certificates)} certificates in it", "give a file with the one to encrypt for")
    key = TrustedKey.of(certificates[0], holder=recipient, source=shown, use="encryption")
    if key.public.kind != "RSA":
        raise InputError(shown, f"a certificate over a key of kind {key.public.kind}", "give one over an RSA key")
    return Encryption(
        key=key,
        content=cipher or DEFAULT_CONTENT,
        transport=transport or DEFAULT_TRANSPORT,
        recipient=recipient,
        permit=frozenset({Permission.RSA15}),
    )


def attributes_of(given: Sequence[str]) -> dict[str, list[str]]:
    """Read attributes that are given as NAME=VALUE, a name more than once where it has several values."""
    found: dict[str, list[str]] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{each!r} is not NAME=VALUE", param_hint="--attribute")
        found.setdefault(name, []).append(value)
    return found


def _write(shell: Shell, options: dict[str, Any], faults: Sequence[Fault], sent: Posted, name: str) -> None:
    """Write the message to the byte: a fault may have made it anything but text."""
    from ssolab.cli._faults import told

    value = dict(sent.fields).get("SAMLResponse", base64.b64encode(sent.xml).decode())
    if shell.format == "json":
        shell.finish(
            text=lambda: "",
            result={
                "xml": sent.xml.decode("utf-8", "backslashreplace"),
                "fields": [{"name": name, "value": value} for name, value in sent.fields],
                "action": sent.action,
                "name_id": name,
                "faults": [
                    {"code": each.code, "nature": each.nature, "trips": each.trips, "warns": each.warns}
                    for each in faults
                ],
            },
        )
    body = urlencode(sent.fields).encode() if options["form"] else value.encode() if options["packed"] else sent.xml
    if shell.output is None:
        click.echo(body)  # bytes are written as they are
    else:
        from ssolab.sources import write_file

        write_file(shell.output, body)
    for each in faults:
        if not shell.quiet:
            click.echo(told(each), err=True)
    raise click.exceptions.Exit(EXIT_OK)
