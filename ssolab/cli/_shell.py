"""The options that every command shares, and the one way in which a command ends."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from ssolab.cli import version_option
from ssolab.core.findings import InputError, Severity
from ssolab.core.instants import parse_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from ssolab.core.findings import Finding

EXIT_OK = 0
_STDOUT = Path("-")
EXIT_FOUND = 1


def instant(_ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """Read an option as a moment with a zone, or as a date that means its midnight in UTC; for click's `callback`."""
    if value is None:
        return None
    try:
        return parse_instant(value, date_only=True)
    except ValueError as error:
        raise click.BadParameter(str(error), param=param) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What the shared options say. `at` is the moment to judge at; `at_given` is False where it is merely now."""

    command: str
    format: str
    output: Path | None
    at: datetime
    at_given: bool
    fail_on: str
    quiet: bool
    verbose: bool

    @property
    def colour(self) -> bool:
        """Whether text may be coloured: on a terminal, unless NO_COLOR is set."""
        return self.output is None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")

    @property
    def encoding(self) -> str:
        """In what the outcome is written: a file is UTF-8, a terminal what it says it is."""
        return "utf-8" if self.output is not None else (sys.stdout.encoding or "ascii").lower()

    @property
    def unicode(self) -> bool:
        """Whether every character can be written."""
        return self.encoding.startswith("utf")

    @property
    def width(self) -> int:
        """Columns that text may fill."""
        return max(60, min(shutil.get_terminal_size((100, 24)).columns, 160))

    def code_for(self, findings: Iterable[Finding]) -> int:
        """Give exit code 1 when an unwaived finding is at or above `--fail-on`, else 0."""
        failing = {"error": {Severity.ERROR}, "warning": {Severity.ERROR, Severity.WARNING}, "never": set[Severity]()}
        return int(any(found.severity in failing[self.fail_on] and not found.waived for found in findings))

    def finish(
        self,
        *,
        text: Callable[[], str],
        verdict: str | None = None,
        findings: Sequence[Finding] = (),
        result: object = None,
        exit_code: int = EXIT_OK,
    ) -> NoReturn:
        """Write the outcome in the wanted format, to the wanted place, and end with the exit code."""
        if self.format == "json":
            from ssolab.render import envelope_json

            body = envelope_json(
                self.command,
                at=self.at,
                verdict=verdict,
                exit_code=exit_code,
                findings=findings,
                result=result,
                ascii_only=not self.unicode,
            )
        else:
            # What the screen cannot show is spelt out rather than refused.
            body = text().encode(self.encoding, "backslashreplace").decode(self.encoding)
        if self.output is None:
            click.echo(body, color=self.colour)
        else:
            from ssolab.sources import write_file

            write_file(self.output, (click.unstyle(body).rstrip("\n") + "\n").encode())
        raise click.exceptions.Exit(exit_code)


def shared(command: str, *, formats: Sequence[str] = ("text", "json")) -> Callable[[Callable[..., Any]], Any]:
    """Give a command the shared options; its function takes a `Shell` first. *command* names its JSON schema."""

    def decorate(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def run(*, format_: str, output: Path | None, at: datetime | None, fail_on: str, **rest: Any) -> Any:
            quiet, verbose = rest.pop("quiet"), rest.pop("verbose")
            shell = Shell(
                command=command,
                format=format_,
                output=None if output == _STDOUT else output,
                at=at or datetime.now(UTC).replace(microsecond=0),
                at_given=at is not None,
                fail_on=fail_on,
                quiet=quiet,
                verbose=verbose,
            )
            return function(shell, **rest)

        options = (
            click.option("--format", "format_", type=click.Choice(list(formats)), default="text", show_default=True,
                         help="How to write the outcome."),
            click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                         help="Write to FILE instead of the screen; - is the screen."),
            click.option("--at", callback=instant, metavar="ISO-8601", help="The moment to judge at. Default: now."),
            click.option("--fail-on", type=click.Choice(["error", "warning", "never"]), default="error",
                         show_default=True, help="What makes the exit code 1."),
            click.option("--quiet", "-q", is_flag=True, help="Say only the verdict."),
            click.option("--verbose", "-v", is_flag=True, help="Say more."),
        )  # fmt: skip
        decorated: Any = version_option(run)
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate


password_option = click.option(
    "--password-env",
    default="SSOLAB_PASSWORD",
    show_default=True,
    metavar="NAME",
    help="The environment variable that holds the password; without it you are asked.",
)


def password_for(name: str, password_env: str) -> str:
    """Take the password from the environment, else ask on a terminal.

    Raises:
        InputError: the variable is not set and nobody is there to ask.
    """
    if (known := os.environ.get(password_env)) is not None:
        return known
    if not sys.stdin.isatty():
        raise InputError(name, "needs a password", f"put it into the environment variable {password_env}")
    # An empty answer is an answer: a Java store shows its certificates without a password.
    asked: str = click.prompt(f"Password of {name}", default="", show_default=False, hide_input=True, err=True)
    return asked
