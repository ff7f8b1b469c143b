"""`ssolab explain`: the documentation of one code."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import click

from ssolab.cli._shell import Shell, shared

if TYPE_CHECKING:
    from ssolab.core.catalog import Entry


@click.command(epilog="Example:  ssolab explain one-slot-verifier")
@click.argument("code")
@shared("explain")
def command(shell: Shell, code: str) -> None:
    """Explain one code: what it means and what to do about it."""
    from ssolab.core.findings import InputError
    from ssolab.sources import catalog

    entries = {name: entry for entry in catalog() for name in (entry.code, *entry.aliases)}
    found = entries.get(code)
    if found is None:
        near = difflib.get_close_matches(code, entries, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "ssolab catalog lists every code"
        raise InputError(code, "no such code", hint)
    shell.finish(text=lambda: explained(found, width=shell.width), result=as_row(found))


def as_row(entry: Entry) -> dict[str, object]:
    """Give the members that `catalog --format json` promises for each entry."""
    return {
        "code": entry.code,
        "aliases": entry.aliases,
        "kind": entry.kind,
        "severity": entry.severity,
        "status": entry.status,
        "cites": entry.cites,
        "title": entry.title,
        "text": entry.text,
    }


def explained(entry: Entry, *, width: int) -> str:
    """Write an entry for people."""
    kind = f"{entry.kind}" + (f", {entry.severity}" if entry.severity else "")
    lines = [f"{click.style(entry.code, bold=True)} ({kind})", "", entry.title, ""]
    if entry.text:
        lines += [click.wrap_text(entry.text, width=width, preserve_paragraphs=True), ""]
    if entry.cites:
        lines.append(f"Source: {entry.cites}")
    return "\n".join(lines).rstrip()
