"""The command line: one module a command, found by name and imported only when it is asked for."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import TYPE_CHECKING, Any

import click

from ssolab.core.findings import DefectError, SsolabError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_USAGE = 2
EXIT_DEFECT = 70
EXIT_INTERRUPTED = 130


class CommandFolder(click.Group):
    """A group whose commands are the modules of this package, each with a click object called `command`."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Name the commands after their modules."""
        return sorted(info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{__name__}.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise DefectError(f"ssolab.cli.{cmd_name} has no click command called `command`")
        return command


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  click's signature
    if wanted:
        from ssolab.render import package_version

        click.echo(f"ssolab {package_version()}")
        ctx.exit()


@click.group(
    cls=CommandFolder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with:  ssolab rehearse",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def entry() -> None:
    """Rehearse a single sign-on certificate change before anyone touches a key."""


def _one_line(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "ssolab"
    said = " ".join(error.format_message().split()).rstrip(".")
    return f"{path}: {said}; see {path} --help"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the documented code: every failure is one line on stderr."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    try:
        done: Any = entry.main(args=arguments, prog_name="ssolab", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else str(error))
        return EXIT_USAGE
    except BrokenPipeError:
        # The reader of our output went away, as `head` does; closing stderr too keeps the interpreter quiet at exit.
        sys.stderr.close()
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  the last door: a user never sees a traceback
        line, code = _ending(error)
        click.echo(line, err=True)
        return code
    return done if isinstance(done, int) else 0


def _ending(error: BaseException) -> tuple[str, int]:
    """Word any failure as one line, with its exit code."""
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "ssolab: stopped", EXIT_INTERRUPTED
    if isinstance(error, click.ClickException):
        return _one_line(error), EXIT_USAGE
    if isinstance(error, SsolabError) and not isinstance(error, DefectError):
        return f"ssolab: {error}", EXIT_USAGE
    said = str(error) if isinstance(error, DefectError) else f"{type(error).__name__}: {error} ({_innermost(error)})"
    return f"ssolab: this is a defect of ssolab, please report it: {said}", EXIT_DEFECT


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else "no place"
