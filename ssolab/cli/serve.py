"""`ssolab serve`: the pair on loopback, for a browser, a test suite, or a partner's product on the same machine."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ssolab.cli import version_option
from ssolab.cli._ciphers import cipher_options
from ssolab.cli._greeting import described, greeting, remarks
from ssolab.cli._orgs import switch_option
from ssolab.cli._shell import instant
from ssolab.core.findings import ConfigError
from ssolab.files import shown_name

if TYPE_CHECKING:
    from ssolab.cutover.model import Inventory, Link, Profile
    from ssolab.saml.parties import SignedParts
    from ssolab.web.journal import Entry
    from ssolab.web.lab import LabConfig

LAST_BASE_PORT = 65_533
BY_HAND = "pinned-certificate"  # the profile of those that read no key set at all
SOMEBODY = "somebody@lab.example"  # logs in where the lab names no users


@click.command(
    short_help="Start the mock pair and its control page on loopback.",
    epilog="Example:  ssolab serve --link adfs-requests",
)
@version_option
@click.argument("lab", required=False, type=click.Path(path_type=Path))
@click.option("--link", "wanted", metavar="ID", help="Which link of the lab to play. Default: the first.")
@click.option(
    "--port",
    type=click.IntRange(0, LAST_BASE_PORT),
    default=8080,
    show_default=True,
    help="Port of the asserting party; the relying party and the control page take the next two. 0: any free.",
)
@click.option("--host", metavar="ADDRESS", help="Address to listen on. Default: the lab's own, else 127.0.0.1.")
@click.option(
    "--unsafe-bind", is_flag=True, help="Allow a --host that others can reach. Anybody there can log in as anybody."
)
@click.option(
    "--at", callback=instant, metavar="ISO-8601", help="Where the lab's clock starts. Default: the lab's own, else now."
)
@click.option("--sign", type=click.Choice(["assertion", "response", "both"]), help="What the asserting party signs.")
@switch_option
@click.option(
    "--encrypt",
    multiple=True,
    type=click.Choice(["assertion", "name-id", "attributes"]),
    help="What the asserting party encrypts; may be given several times. Default: the lab's own setting.",
)
@cipher_options
@click.option(
    "--response-binding",
    type=click.Choice(["post", "artifact"]),
    help="How Responses come: by the browser, or from server to server for an artifact. Default: as metadata says.",
)
@click.option(
    "--verifier",
    metavar="PROFILE",
    help="The product as which the OpenID relying party keeps its provider's keys. Default: as the lab says.",
)
@click.option(
    "--open-registration",
    is_flag=True,
    help="Let any OpenID client register itself. Default: that needs the control token.",
)
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the control token there too, readable by you alone.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to write the addresses.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print the addresses and no journal.")
@click.option("--verbose", "-v", is_flag=True, help="Print every finding beside the journal.")
def command(lab: Path | None, wanted: str | None, host: str | None, **options: Any) -> None:
    """Start the mock asserting party, the relying party and the control page.

    LAB is a folder or its ssolab.toml; left out, ./metadata, else the built-in lab. Certificates whose private key the
    lab does not hold are played by twins. Stop with Ctrl-C.
    """
    from ssolab.cutover.envelopes import encrypting
    from ssolab.sources import load_lab, write_file
    from ssolab.web.app import running_lab
    from ssolab.web.artifact import answering_by

    inventory = encrypting(
        load_lab(lab, environ=os.environ),
        options["encrypt"],
        cipher=options["cipher"],
        transport=options["key_transport"],
    )
    link = chosen_link(inventory, wanted)
    place = bound_host(host or inventory.host, unsafe=options["unsafe_bind"])
    config = config_of(
        inventory,
        link,
        host=place,
        port=options["port"],
        at=options["at"],
        sign=options["sign"],
        switches=options["switches"],
        verifier=verifier_named(options["verifier"]),
        open_registration=options["open_registration"],
    )
    config = answering_by(config, options["response_binding"])
    with running_lab(config) as running:
        if options["token_file"] is not None:
            write_file(options["token_file"], f"{running.lab.token}\n".encode(), private=True)
        as_json = options["format_"] == "json"
        if not options["quiet"]:  # before the addresses are told, or a fast script's first message goes untold
            running.lab.on_entry = functools.partial(_tell, verbose=options["verbose"])
        click.echo(described(running) if as_json else "\n".join(greeting(inventory, link, running)))
        sys.stdout.flush()
        wait()
    click.echo("ssolab serve: stopped", err=True)


def chosen_link(inventory: Inventory, wanted: str | None) -> Link:
    """Give the link of that id, or the first.

    Raises:
        ConfigError: there is none.
    """
    if not inventory.links:
        raise ConfigError(inventory.name, "the lab has no link", "add a [[link]] with flow, signer and verifier")
    if wanted is None:
        return next(iter(inventory.links.values()))
    if wanted not in inventory.links:
        raise ConfigError(
            inventory.name, f"no link is called {wanted!r}", f"choose one of {', '.join(inventory.links)}"
        )
    return inventory.links[wanted]


def verifier_named(wanted: str | None) -> Profile | None:
    """Give the profile of that id, which has to be one of a verifier of tokens; None where none is asked for.

    Raises:
        ConfigError: there is none.
    """
    from ssolab.cutover.tables import suggestion
    from ssolab.sources import load_profiles

    if wanted is None:
        return None
    fitting = {each.id: each for each in load_profiles().values() if each.cache is not None or each.id == BY_HAND}
    if wanted not in fitting:
        problem = "is no profile of a verifier of tokens" if wanted in load_profiles() else "no such profile is known"
        remedy = suggestion(wanted, fitting, f"choose one of {', '.join(fitting)}")
        raise ConfigError(f"--verifier {shown_name(wanted)[:80]}", problem, remedy)
    return fitting[wanted]


def bound_host(host: str, *, unsafe: bool) -> str:
    """Give the address to listen on.

    Raises:
        ConfigError: others could reach it, and nobody said that they may.
    """
    from ssolab.core.hosts import is_loopback

    if not (unsafe or is_loopback(host)):
        problem = "others could reach the lab there, and it lets anybody log in as anybody"
        raise ConfigError(f"--host {host}", problem, "choose 127.0.0.1, or add --unsafe-bind if that is what you want")
    return host


def config_of(  # noqa: PLR0913  each is an option of the command
    inventory: Inventory,
    link: Link,
    *,
    host: str,
    port: int,
    at: datetime | None = None,
    sign: SignedParts | None = None,
    switches: tuple[str, ...] = (),
    verifier: Profile | None = None,
    open_registration: bool = False,
) -> LabConfig:
    """Set up a lab that plays one link, with twins where private keys are missing.

    Raises:
        ConfigError: metadata of a side is missing, or parties contradict one another.
    """
    from ssolab.cli._origins import believing, origins_of
    from ssolab.cli._plays import Wishes, plays_of
    from ssolab.core.hosts import is_loopback
    from ssolab.core.keys import new_private_key
    from ssolab.cutover.cast import cast_for
    from ssolab.cutover.model import User
    from ssolab.web.lab import LabConfig

    cast = cast_for(inventory, new_private_key)
    starts = at or inventory.clock or datetime.now(UTC)
    wishes = Wishes(sign=sign, switches=switches, verifier=verifier, open_registration=open_registration)
    plays = tuple(plays_of(inventory, link, cast, starts, wishes))
    origins = origins_of(inventory, plays, cast, starts)
    first, *others = (believing(play, origins) for play in plays)
    return LabConfig(
        asserting=first.asserting,
        relying=first.relying,
        users=inventory.users or (User(username=SOMEBODY),),
        link=link.id,
        flow=link.flow,
        asserting_org=first.asserting_org,
        relying_org=first.relying_org,
        at=at or inventory.clock,
        host=host,
        ports=(port, port + 1, port + 2) if port else (0, 0, 0),
        names=frozenset() if is_loopback(host) else frozenset({host}),
        remarks=tuple(remarks(inventory, twins=bool(cast.twins))),
        twins=cast.twins,
        others=tuple(others),
        origins=origins,
        openid=first.openid,
        client_id=first.client_id,
        called=first.called,
    )


def _tell(entry: Entry, *, verbose: bool) -> None:
    from ssolab.core.instants import format_instant
    from ssolab.render import finding_lines, printable

    codes = " ".join(found.code for found in entry.errors)
    line = "  ".join(part for part in (format_instant(entry.at), entry.side, entry.summary, codes) if part)
    more = [line for found in entry.findings for line in finding_lines(found)] if verbose else []
    with contextlib.suppress(OSError):  # whoever read along may have gone; the lab goes on
        click.echo("\n".join([printable(line), *more]), err=True)


def wait() -> None:
    """Wait for Ctrl-C, or for the signal with which service managers end a program."""
    done = threading.Event()

    def stop(_number: int, _frame: object) -> None:
        done.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        while not done.wait(1):
            pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
