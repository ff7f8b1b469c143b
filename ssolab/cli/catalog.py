"""`ssolab catalog`: every code that ssolab knows."""

from __future__ import annotations

import click

from ssolab.cli._shell import Shell, shared
from ssolab.core.catalog import Kind

_COLUMN = 34


@click.command(epilog="Example:  ssolab catalog --kind scenario")
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
        lines: list[str] = []
        for one in Kind:
            rows = [entry for entry in entries if entry.kind is one]
            if rows:
                lines += ["", click.style(f"{one} ({len(rows)})", bold=True)]
                lines += [f"  {entry.code:<{_COLUMN}} {entry.title}" for entry in rows]
        return "\n".join(lines).lstrip("\n")

    shell.finish(text=text, result=[as_row(entry) for entry in entries])
