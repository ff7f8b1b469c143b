"""`ssolab catalog`: every code that ssolab knows."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from ssolab.cli._shell import Shell, shared
from ssolab.core.catalog import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ssolab.core.catalog import Entry

_NARROWEST = 40  # columns beside the codes in which a title can still be read


@click.command(
    short_help="List every code: checks, scenarios, partner profiles.",
    epilog="Example:  ssolab catalog --kind scenario",
)
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), help="Only entries of this kind.")
@shared("catalog")
def command(shell: Shell, kind: str | None) -> None:
    """List everything that has a code: checks, scenarios, partner profiles."""
    from ssolab.cli.explain import as_row
    from ssolab.sources import catalog

    entries = [entry for entry in catalog() if kind in (None, entry.kind)]

    def text() -> str:
        if not entries:
            return f"There is no entry of kind {kind} in this release."
        kinds = ([entry for entry in entries if entry.kind is one] for one in Kind)
        return "\n\n".join(_table(rows, shell.width) for rows in kinds if rows)

    shell.finish(text=text, result=[as_row(entry) for entry in entries])


def _table(rows: Sequence[Entry], width: int) -> str:
    """Write the entries of one kind under each other: titles beside the codes, or below where both do not fit."""
    column = max(len(entry.code) for entry in rows) + 2
    lines = [click.style(f"{rows[0].kind} ({len(rows)})", bold=True)]
    for entry in rows:
        if width - column - 2 >= _NARROWEST:
            beside = f"  {entry.code:<{column}}"
            after = " " * len(beside)
        else:
            lines.append(f"  {entry.code}")
            beside = after = "    "
        lines.append(
            textwrap.fill(entry.title, width, initial_indent=beside, subsequent_indent=after, break_on_hyphens=False)
        )
    return "\n".join(lines)
