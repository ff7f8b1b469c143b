"""`ssolab rehearse`: play a cutover with real signed messages and show who can log in at each moment."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ssolab.cli import EXIT_DEFECT
from ssolab.cli._shell import Shell, shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.findings import Finding
    from ssolab.cutover.exposure import Exposure
    from ssolab.cutover.model import Cutover, Inventory
    from ssolab.cutover.rehearse import Rehearsal
    from ssolab.cutover.scenarios import Scenario


@click.command(
    short_help="Play a cutover: whose logins hold, break, when and why.",
    epilog="Example:  ssolab rehearse   plays the built-in lab. Its outages are on purpose, so the exit code is 1.",
)
@click.argument("lab", required=False, type=click.Path(path_type=Path))
@click.option("--cutover", metavar="NAME", help="Which cutover of the lab, where it has several.")
@click.option("--scenario", metavar="NAME", help="Play a scenario instead: ssolab catalog --kind scenario lists them.")
@shared("rehearse")
def command(shell: Shell, lab: Path | None, cutover: str | None, scenario: str | None) -> None:
    """Play a cutover with real signed messages: who can log in when, who cannot, why, and what would avoid it.

    LAB is a folder or its ssolab.toml; without it the built-in lab is played, in which an org leaves the retired
    proxy.salesforce.com certificate.
    """
    from ssolab.core.keys import new_private_key
    from ssolab.cutover.cast import cast_for
    from ssolab.cutover.check import Verdict
    from ssolab.cutover.rehearse import rehearse
    from ssolab.lanes import Detail, rehearsal_text
    from ssolab.web.scene_player import FlaskPlayer

    inventory, chosen = _chosen(lab, cutover, scenario)
    heading = f"{scenario}: {_scenarios()[scenario].title}\n\n" if scenario else ""
    now = shell.at if shell.at_given or inventory.clock is None else inventory.clock
    played = rehearse(inventory, chosen, player=FlaskPlayer(), cast=cast_for(inventory, new_private_key), now=now)
    signers = [inventory.signer(inventory.links[name]) for name in chosen.links]
    parties = (*signers, *inventory.parties.values())
    owner = next((party.id for party in parties if party.holds(chosen.old)), inventory.name)
    findings = tuple(findings_of(played))
    detail = Detail.LITTLE if shell.quiet else Detail.ALL if shell.verbose else Detail.USUAL
    code = EXIT_DEFECT if played.disagreements else shell.code_for(findings)
    replace(shell, at=now).finish(
        text=lambda: (
            heading + rehearsal_text(played, owner=owner, width=shell.width, unicode=shell.unicode, detail=detail)
        ),
        verdict=Verdict(played.verdict).value,
        findings=findings,
        result=result_of(played, owner),
        exit_code=code,
    )


def _chosen(lab: Path | None, cutover: str | None, scenario: str | None) -> tuple[Inventory, Cutover]:
    import os

    from ssolab.render import printable
    from ssolab.sources import builtin_lab, load_lab

    if scenario is None:
        inventory = builtin_lab() if lab is None else load_lab(lab, environ=os.environ)
        for line in inventory.told():
            click.echo(printable(line), err=True)
        return inventory, inventory.cutover(cutover)
    if lab is not None or cutover is not None:
        raise click.UsageError("--scenario plays the built-in lab: leave LAB and --cutover out")
    inventory = _scenario(scenario)
    return inventory, inventory.cutover(None)


def _scenarios() -> dict[str, Scenario]:
    from ssolab.core.catalog import entries_of
    from ssolab.cutover import rotation_faults, rotations, scenarios

    modules = [scenarios, rotations, rotation_faults]
    return {entry.code: entry for entry in entries_of(modules, scenarios.Scenario)}


def _scenario(name: str) -> Inventory:
    from ssolab.core.findings import ConfigError
    from ssolab.cutover.scenarios import Kit
    from ssolab.sources import builtin_certificates, builtin_lab, load_profiles

    known = _scenarios()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"choose one of: {', '.join(known)}"
        raise ConfigError(name, "no such scenario", remedy)
    kit = Kit(lab=builtin_lab(), certificates=builtin_certificates(), profiles=load_profiles())
    return known[name].build(kit)


def findings_of(played: Rehearsal) -> Iterator[Finding]:
    """Give one finding for each window that is not safe: an outage is an error, a risk a warning."""
    from ssolab.core.findings import Finding, Severity, Subject
    from ssolab.core.instants import format_instant
    from ssolab.cutover.check import Verdict

    for outcome in played.links:
        for window in outcome.windows:
            if window.verdict is not Verdict.SAFE and window.code and window.cause:
                yield Finding(
                    code=window.code,
                    severity=Severity.ERROR if window.verdict is Verdict.OUTAGE else Severity.WARNING,
                    message=f"{outcome.link.id}: {window.cause}",
                    expected=window.cure,
                    observed=f"{window.verdict} from {format_instant(window.start)} to {format_instant(window.end)}",
                    subject=Subject(entity_id=outcome.entity_id, spki_sha256=window.key),
                )


def result_of(played: Rehearsal, owner: str) -> dict[str, object]:
    """Give what interface `ssolab.rehearse/1` promises: the timeline, the links with their windows, and the counts."""
    from ssolab.lanes import remark

    keys = {"old": played.cutover.old, "new": played.cutover.new}
    steps: list[dict[str, Any]] = [
        {
            "at": step.at,
            "what": step.do,
            "party": step.party or (owner if step.do.by_signer else None),
            "key": keys["old" if step.do.value in ("remove", "unpublish") else "new"].spki_sha256,
        }
        for step in played.cutover.steps
    ]
    events = [
        {"at": each.not_after, "what": "expires", "party": owner, "key": each.spki_sha256} for each in played.expiries
    ]
    return {
        "cutover": played.cutover.id,
        "from": {"name": played.cutover.old_name, "key": keys["old"].spki_sha256, "twin": played.twins},
        "to": {"name": played.cutover.new_name, "key": keys["new"].spki_sha256},
        "span": {"from": played.start, "to": played.end},
        "timeline": sorted([*steps, *events], key=lambda each: each["at"]),
        "links": [
            {
                "id": outcome.link.id,
                "flow": outcome.link.flow,
                "partner": outcome.partner,
                "weight": outcome.link.weight,
                "verdict": outcome.verdict,
                "remark": remark(outcome),
                "exposure": _exposure(outcome.exposure),
                "windows": [
                    {
                        "verdict": window.verdict,
                        "from": window.start,
                        "to": window.end,
                        "code": window.code,
                        "cause": window.cause,
                        "cure": window.cure,
                        "term": window.term,
                        "refused_by": window.refused_by,
                        "findings": window.findings,
                    }
                    for window in outcome.windows
                ],
            }
            for outcome in played.links
        ],
        "assumptions": played.assumptions,
        "logins": played.logins,
        "messages": played.messages,
        "predictions_met": not played.disagreements,
    }


def _exposure(known: Exposure | None) -> dict[str, object] | None:
    """Tell how long the old key is still believed; `until` and `lasts` are null where nothing ends it."""
    from ssolab.core.instants import format_duration

    if known is None:
        return None
    lasts = None if known.lasts is None else format_duration(known.lasts)
    return {"from": known.since, "until": known.until, "lasts": lasts}
