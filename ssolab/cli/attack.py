"""`ssolab attack`: every fault and attack, sent to a relying party on this machine, and what it let in."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click
from click.termui import progressbar

from ssolab.cli._shell import Shell, password_option, shared

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ssolab.cli._attacker import Attacker, Attempt
    from ssolab.core.findings import Finding
    from ssolab.faults.engine import Fault
    from ssolab.render import Case

EXIT_UNDECIDED = 3
_STYLES = ("assertion", "response", "both")


@click.command(
    short_help="Send every fault and attack to a relying party on loopback.",
    epilog="Example:  ssolab attack http://127.0.0.1:8081/saml/acs --idp idp.xml --key idp.pem --sp sp.xml "
    "--marker 'Logged in'",
)
@click.argument("address", metavar="ACS_URL")
@click.option("--idp", required=True, metavar="FILE", help="Metadata of the identity provider that it trusts.")
@click.option("--key", required=True, metavar="FILE", help="The key that it trusts for that: PEM or a key store.")
@click.option("--alias", metavar="NAME", help="Which entry of a key store.")
@click.option("--sp", required=True, metavar="FILE", help="Metadata of the relying party itself.")
@click.option("--marker", required=True, metavar="TEXT", help="What its page shows only after a login.")
@click.option("--name-id", default="ssolab-*@attack.example", show_default=True, metavar="NAME",
              help="The names to try; * is a fresh part in each attempt.")  # fmt: skip
@click.option("--attribute", "attributes", multiple=True, metavar="NAME=VALUE", help="An attribute that it wants.")
@click.option("--login", metavar="URL", help="Where it begins a login, if it takes answers to its own requests only.")
@click.option("--cookies", metavar="FILE", help="Cookies that each attempt begins with (Netscape format).")
@click.option("--retired", metavar="FILE", help="A key that it trusted once, to try as well.")
@click.option("--relay-state", metavar="VALUE", help="RelayState to send along.")
@click.option("--select", multiple=True, metavar="CODE", help="Only these faults; ssolab catalog --kind fault.")
@password_option
@shared("attack", formats=("text", "json", "junit"))
def command(shell: Shell, address: str, **options: Any) -> None:
    """Send every fault and attack to a relying party on loopback, and report what it let in.

    The key has to be the one that the relying party trusts: each message is valid but for one thing. A valid one has
    to log in before the first and after the last, or nothing is decided.
    """
    from ssolab.cli._attempts import on_loopback
    from ssolab.core.findings import ConfigError

    on_loopback(address, "ACS_URL")
    if options["login"]:
        on_loopback(options["login"], "--login")
    if not options["marker"].strip():
        raise ConfigError("--marker", "it is empty, so every page would show it", "name a text of the page after login")
    chosen = _chosen(options["select"])
    attacker = _attacker(shell, address, options, chosen)
    attempts, logged_in = _run(shell, attacker, chosen)
    findings = tuple(_findings(attempts))
    undecided = not logged_in
    code = EXIT_UNDECIDED if undecided else shell.code_for(findings)
    verdict = "undecided" if undecided else "fail" if any(each.severity == "error" for each in findings) else "pass"
    if shell.format == "junit":
        _finish_junit(shell, address, attempts, code)
    shell.finish(
        text=lambda: "\n".join(_lines(shell, address, attempts, logged_in=logged_in)),
        verdict=verdict,
        findings=findings,
        result={"address": address, "control": logged_in, "attempts": [_row(each) for each in attempts]},
        exit_code=code,
    )


def _attacker(shell: Shell, address: str, options: dict[str, Any], chosen: Sequence[Fault]) -> Attacker:
    from ssolab.cli._attacker import Attacker, Target
    from ssolab.cli._attempts import read_cookies
    from ssolab.cli._signers import read_signer
    from ssolab.cli.sign import attributes_of
    from ssolab.core.findings import ConfigError
    from ssolab.core.keys import new_private_key_like
    from ssolab.faults.kits import receivers_keys, special_keys
    from ssolab.files import read_file, shown_name
    from ssolab.saml.metadata import IndexedEndpoint, read_entity
    from ssolab.saml.names import POST
    from ssolab.saml.parties import AssertingParty

    idp = read_entity(read_file(options["idp"]), shown_name(options["idp"]))
    sp = read_entity(read_file(options["sp"]), shown_name(options["sp"]))
    for entity, role, name in ((idp, idp.idp, "--idp"), (sp, sp.sp, "--sp")):
        if role is None:
            problem = f"{entity.entity_id} is not of that role"
            raise ConfigError(name, problem, "give the identity provider with --idp, the relying party with --sp")
    secret = {"password_env": options["password_env"], "now": shell.at, "certificate": None}
    own, _ = read_signer(options["key"], alias=options["alias"], **secret)
    known = {each.public.sha256: each for each in (idp.idp.trusted_keys(idp.entity_id) if idp.idp else ())}
    if own.public.sha256 not in known:
        problem = f"its key {own.public.sha256[:16]} is not in the metadata of {idp.entity_id}"
        raise ConfigError("--key", problem, "give the key that the relying party trusts for it")
    retired = read_signer(options["retired"], alias=None, **secret)[0] if options["retired"] else None
    acs = IndexedEndpoint(binding=POST, location=address, index=0)
    party = AssertingParty(entity_id=idp.entity_id, credential=own, sso=(), relying=sp.entity_id, acs=(acs,))
    encryption, further = receivers_keys(sp.sp.encryption_keys(sp.entity_id) if sp.sp else (), shell.at)
    target = Target(
        acs=acs,
        marker=options["marker"],
        name=options["name_id"],
        cookies=read_cookies(options["cookies"]),
        login=options["login"],
        relay_state=options["relay_state"],
        attributes=attributes_of(options["attributes"]),
        encryption=encryption,
        encryption_keys=further,
    )
    shift = shell.at - datetime.now(UTC)
    return Attacker(
        party=party,
        target=target,
        throw_away=new_private_key_like(own.public)[0],
        retired=retired,
        now=lambda: datetime.now(UTC) + shift,
        others=special_keys(chosen, own.certificate),
    )


def _chosen(codes: Sequence[str]) -> tuple[Fault, ...]:
    from ssolab.cli._faults import chosen_faults
    from ssolab.faults.engine import Carrier
    from ssolab.faults.saml import faults

    return chosen_faults(codes) if codes else tuple(each for each in faults() if each.carrier is Carrier.RESPONSE)


def _run(shell: Shell, attacker: Attacker, faults: Sequence[Fault]) -> tuple[list[Attempt], bool]:
    """Send the controls, every fault in each way of signing that logs in, and a control again."""
    from ssolab.cli._attacker import Attempt, Outcome

    wanted = [style for style in _STYLES if any(style in each.signs for each in faults)] or ["assertion"]
    controls = {style: attacker.control(style) for style in wanted}
    attempts = list(controls.values())
    working = [style for style, control in controls.items() if control.outcome is Outcome.ACCEPTED]
    if not working:
        return attempts, False
    tries = [(fault, style) for fault in faults for style in fault.signs]
    hidden = shell.quiet or not sys.stderr.isatty()
    with progressbar(tries, label="attacking", file=sys.stderr, hidden=hidden) as bar:
        for fault, style in bar:
            if style in working or style not in controls:
                attempts.append(attacker.attempt(fault, style))
            else:
                said = f"it takes no message of which the {style} is signed" if style != "both" else "no such control"
                attempts.append(Attempt(fault=fault, sign=style, outcome=Outcome.NOT_SENT, name="", said=said))
    after = attacker.control(working[0])
    attempts.append(after)
    return attempts, after.outcome is Outcome.ACCEPTED


def _findings(attempts: Sequence[Attempt]) -> Iterator[Finding]:
    from ssolab.cli._attacker import Outcome
    from ssolab.core.findings import Finding, Severity

    severities = {
        Outcome.LET_IN: Severity.ERROR,
        Outcome.LAX: Severity.WARNING,
        Outcome.POLICY: Severity.INFO,
        Outcome.REFUSED_ALTHOUGH_LEGITIMATE: Severity.INFO,
    }
    for each in attempts:
        if each.fault is not None and each.outcome in severities:
            yield Finding(
                code=each.fault.code,
                severity=severities[each.outcome],
                message=f"{each.outcome}: {each.fault.title}",
                expected=", ".join(each.fault.trips) or "a login",
                observed=f"{each.name}, HTTP {each.status}, {each.sign} signed",
                cites=each.fault.cites,
            )


def _row(attempt: Attempt) -> dict[str, object]:
    fault = attempt.fault
    return {
        "fault": None if fault is None else fault.code,
        "row": None if fault is None else fault.row,
        "nature": "control" if fault is None else fault.nature,
        "signed": attempt.sign,
        "outcome": attempt.outcome,
        "name": attempt.name,
        "status": attempt.status,
        "seconds": round(attempt.seconds, 3),
        "said": attempt.said,
    }


def _lines(shell: Shell, address: str, attempts: Sequence[Attempt], *, logged_in: bool) -> Iterator[str]:
    """Write the report for people: what was let in first, then what else is worth a look."""
    from ssolab.cli._attacker import Outcome
    from ssolab.render import printable

    sent = [each for each in attempts if each.fault is not None]
    let_in = [each for each in sent if each.outcome is Outcome.LET_IN]
    colour = "red" if let_in or not logged_in else "green"
    verdict = f"{len(let_in)} let in" if logged_in else "nothing decided"
    tried = sum(each.outcome is not Outcome.NOT_SENT for each in sent)
    yield f"{click.style(verdict, fg=colour, bold=True)}: {tried} messages with faults sent to {printable(address)}"
    if shell.quiet:
        return
    for each in attempts:
        if each.fault is None and each.outcome is not Outcome.ACCEPTED:
            when = "after the last attempt" if sent and each is attempts[-1] else f"with the {each.sign} signed"
            said = printable(each.said) or f"HTTP {each.status}"
            yield f"  the valid message {when} did not log in: {said}"
    if not logged_in:
        yield "  look at the marker, the name, the key, the audience and the address, or begin at --login"
    shown = [Outcome.LET_IN, Outcome.LAX, Outcome.POLICY, Outcome.REFUSED_ALTHOUGH_LEGITIMATE, Outcome.NOT_SENT]
    if shell.verbose:
        shown += [Outcome.REFUSED, Outcome.ACCEPTED]
    for outcome in shown:
        rows = [each for each in sent if each.outcome is outcome]
        if rows:
            yield ""
            yield click.style(f"{outcome} ({len(rows)})", bold=True)
            yield from (_attempt_line(each) for each in rows)
    counts = {outcome: sum(each.outcome is outcome for each in sent) for outcome in Outcome}
    yield ""
    yield ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "nothing was sent"


def _attempt_line(attempt: Attempt) -> str:
    from ssolab.render import printable

    fault = attempt.fault
    if fault is None:
        return ""
    said = f": {printable(attempt.said)}" if attempt.said else f" (HTTP {attempt.status})"
    return f"  {fault.row}  {fault.code} ({fault.nature}, {attempt.sign} signed){said}"


def _finish_junit(shell: Shell, address: str, attempts: Sequence[Attempt], code: int) -> None:
    """Write one test case an attempt, the controls among them."""
    from ssolab.render import junit
    from ssolab.sources import write_file

    body = junit(f"ssolab attack {address}", [_case(each) for each in attempts])
    if shell.output is None:
        click.echo(body)
    else:
        write_file(shell.output, body.encode())
    raise click.exceptions.Exit(code)


def _case(attempt: Attempt) -> Case:
    from ssolab.cli._attacker import Outcome
    from ssolab.render import Case

    fault = attempt.fault
    name = "a valid message logs in" if fault is None else fault.code
    failed = attempt.outcome is Outcome.LET_IN or (fault is None and attempt.outcome is not Outcome.ACCEPTED)
    told = attempt.said or f"HTTP {attempt.status}"
    return Case(
        group=f"ssolab.attack.{'control' if fault is None else fault.row}",
        name=f"{name} ({attempt.sign} signed)",
        seconds=attempt.seconds,
        failure=f"{attempt.outcome}: {attempt.name}, {told}" if failed else None,
        skipped=told if attempt.outcome is Outcome.NOT_SENT else None,
    )
