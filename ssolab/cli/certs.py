"""`ssolab certs`: look at certificates and make the ones to rehearse with."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ssolab.cli import EXIT_USAGE, version_option
from ssolab.cli._shell import EXIT_OK, Shell, password_for, password_option, shared

if TYPE_CHECKING:
    from ssolab.core.certs import Certificate
    from ssolab.core.keys import PrivateKey
    from ssolab.documents import Document

_directory = click.option(
    "--directory",
    "-d",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to write NAME.crt and NAME.key.  [default: here]",
)


@click.group(
    short_help="Look into certificates and key stores, and make new ones.",
    epilog="Example:  ssolab certs show SSO_2027.crt",
)
@version_option
def command() -> None:
    """Look at certificates and key stores, and make certificates to rehearse with."""


@command.command(
    short_help="Show keys, hashes, dates and makers.", epilog="Example:  ssolab certs show SSO_2027.crt keystore.jks"
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@password_option
@shared("certs")
def show(shell: Shell, files: tuple[str, ...], password_env: str) -> None:
    """Show what certificates are: their keys, hashes, dates, and who made them.

    FILE is a certificate (PEM, DER or base64), a certificate request, a key store (JKS, JCEKS, PKCS#12) or SAML
    metadata, whatever its name ends in; - is standard input.
    """
    from ssolab.cli import _certificates as shown
    from ssolab.core.findings import InputError

    read: list[Document | InputError] = []
    for file in files:
        try:
            read.append(_recognised(file, password_env))
        except InputError as error:
            read.append(error)
            click.echo(f"ssolab: {error}", err=True)
    documents = [one for one in read if not isinstance(one, InputError)]
    if not documents and shell.format == "text":
        raise click.exceptions.Exit(EXIT_USAGE)  # everything is said, and an empty file helps nobody
    shell.finish(
        text=lambda: shown.documents_text(documents, shell),
        result={"documents": [shown.as_row(one, shell.at) for one in read]},
        exit_code=EXIT_OK if len(documents) == len(read) else EXIT_USAGE,
    )


@command.command(
    short_help="Make a pair of the Salesforce shape.",
    epilog="Example:  ssolab certs new --name SSO_2027 --org-id 00D5g000004XyzA",
)
@click.option("--name", metavar="NAME", help="The unique name: letters, digits, underscores.  [default: as Setup does]")
@click.option("--org-id", required=True, metavar="00D…", help="The id of the org, 15 or 18 characters.")
@click.option("--bits", type=click.Choice(["2048", "3072", "4096"]), default="2048", show_default=True,
              help="Size of the RSA key; 4096 bits are valid for two years, the others for one.")  # fmt: skip
@_directory
@shared("certs")
def new(shell: Shell, name: str | None, org_id: str, bits: str, directory: Path) -> None:
    """Make a self-signed certificate of exactly the shape that Salesforce makes, with its private key.

    Writes NAME.crt, and NAME.key for its owner only. Nothing is ever overwritten.
    """
    from ssolab.core.keys import new_private_key
    from ssolab.salesforce.certificates import check_unique_name, generated_name, salesforce_certificate
    from ssolab.salesforce.profile import org_id as checked_org

    called = check_unique_name(name if name is not None else generated_name(shell.at))
    checked_org(org_id)  # before a key is made, which takes a moment
    _no_file(directory, called)
    private = new_private_key("RSA", int(bits))
    certificate = salesforce_certificate(
        private=private, name=called, org_id=org_id, created=shell.at, random4=os.urandom(4)
    )
    _written(shell, directory, called, private, certificate)


@command.command(
    short_help="Mirror a certificate over a fresh key.", epilog="Example:  ssolab certs twin proxy.crt --name old_twin"
)
@click.argument("certificate", metavar="CERT")
@click.option("--number", type=click.IntRange(min=1), help="Which certificate of CERT, counted from 1.")
@click.option("--name", metavar="NAME", help="Name of the files.  [default: from the common name]")
@_directory
@password_option
@shared("certs")
def twin(  # noqa: PLR0913, PLR0917 -- one argument an option
    shell: Shell, certificate: str, number: int | None, name: str | None, directory: Path, password_env: str
) -> None:
    """Make a certificate that mirrors another over a fresh key, where the private key is somebody else's.

    Names are carried over byte for byte, so are dates, kind and size of the key, and extensions; what cannot be is
    said. Writes NAME.crt, and NAME.key for its owner only. Nothing is ever overwritten.
    """
    from ssolab.core.keys import PublicKey, new_private_key_like
    from ssolab.core.selfsigned import twin as mirror

    original = _recognised(certificate, password_env).one_certificate(number)
    called = _file_name(name, original)
    _no_file(directory, called)
    private, replaced = new_private_key_like(PublicKey(original.spki))
    made = mirror(original, private)
    _written(shell, directory, called, private, made.certificate, original=original, notes=(*replaced, *made.replaced))


def _recognised(file: str, password_env: str) -> Document:
    """Read a document, and ask for a password only where there is no way without."""
    from ssolab.core.findings import PasswordError
    from ssolab.documents import opens_without_password, recognise
    from ssolab.files import read_file, shown_name

    data = read_file(file)
    name = "standard input" if file == "-" else shown_name(file)
    if opens_without_password(data) and _can_ask(password_env):
        return recognise(data, name, password_for(name, password_env) or None)  # Enter: what shows without
    try:
        return recognise(data, name)
    except PasswordError:
        return recognise(data, name, password_for(name, password_env))


def _can_ask(password_env: str) -> bool:
    return password_env in os.environ or sys.stdin.isatty()


def _file_name(name: str | None, original: Certificate) -> str:
    """Give a name that is one plain file name on every system."""
    from ssolab.core.findings import InputError

    if name is None:
        kept = "".join(char if char.isascii() and char.isalnum() else "_" for char in original.label)[:48]
        return f"{kept.strip('_') or 'certificate'}_twin"
    if not name or name.startswith(("-", ".")) or not all(char.isalnum() or char in "._-" for char in name):
        raise InputError(repr(name), "no name for a file", "use letters, digits, dots, hyphens and underscores")
    return name


def _paths(directory: Path, name: str) -> tuple[Path, Path]:
    return directory / f"{name}.crt", directory / f"{name}.key"


def _no_file(directory: Path, name: str) -> None:
    """See that nothing stands in the way before work is done.

    Raises:
        InputError: a file of that name is there already, or the folder is not.
    """
    from ssolab.core.findings import InputError

    if not directory.is_dir():
        raise InputError(str(directory), "there is no such folder", "make it first, or name another")
    for path in _paths(directory, name):
        if os.path.lexists(path):
            raise InputError(str(path), "it is there already and is never overwritten", "choose another --name")


def _written(  # noqa: PLR0913 -- what was made, and where it goes
    shell: Shell,
    directory: Path,
    name: str,
    private: PrivateKey,
    certificate: Certificate,
    *,
    original: Certificate | None = None,
    notes: tuple[str, ...] = (),
) -> NoReturn:
    """Write the pair and say so."""
    from ssolab.cli import _certificates as shown
    from ssolab.cli._exclusive import write_new
    from ssolab.core.keys import private_key_pem
    from ssolab.documents import Document, Kind

    crt, key = _paths(directory, name)
    write_new({key: (private_key_pem(private), 0o600), crt: (certificate.pem.encode(), 0o644)})
    document = Document(kind=Kind.CERTIFICATES, name=str(crt), certificates=(certificate,), notes=notes)
    shell.finish(
        text=lambda: shown.written_text(document, key, original, shell),
        result={
            "written": {"certificate": str(crt), "private_key": str(key)},
            "original": None if original is None else shown.certificate_row(original, shell.at),
            "documents": [shown.as_row(document, shell.at)],
        },
    )
