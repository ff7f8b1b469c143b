"""The command line: one module a command, found by name and imported only when it is asked for."""

from __future__ import annotations

import difflib
import errno
import importlib
import os
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
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant, and help with one that is misspelt."""
        names = self.list_commands(ctx)
        if not ctx.resilient_parsing and not args[0].startswith("-") and args[0] not in names:
            near = difflib.get_close_matches(args[0], names, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            ctx.fail(f"no such command {args[0]!r}: {hint}")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:  # noqa: FBT001  click's signature
    if wanted:
        from ssolab.render import package_version

        click.echo(f"ssolab {package_version()}")
        ctx.exit()


version_option = click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version."
)


@click.group(
    cls=CommandFolder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Begin with:  ssolab rehearse",
)
@version_option
def entry() -> None:
    """Rehearse a single sign-on certificate change before anyone touches a key."""


def _one_line(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "ssolab"
    said = " ".join(error.format_message().split()).rstrip(".")
    return f"{path}: {said}{' See' if said.endswith('?') else '; see'} {path} --help"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with the documented code: every failure is one line on stderr."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    _open_streams()
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
        from ssolab.render import printable

        line, code = _ending(error)
        click.echo(printable(line), err=True)
        return code
    return done if isinstance(done, int) else 0


def _open_streams() -> None:
    """Give a process that was started without standard streams, as `>&-` does, ones that lead nowhere."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123  open until the end


def _ending(error: BaseException) -> tuple[str, int]:
    """Word any failure as one line, with its exit code."""
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "ssolab: stopped", EXIT_INTERRUPTED
    if isinstance(error, click.ClickException):
        return _one_line(error), EXIT_USAGE
    if isinstance(error, SsolabError) and not isinstance(error, DefectError):
        return f"ssolab: {error}", EXIT_USAGE
    if isinstance(error, OSError) and error.filename is None and error.errno in _FULL:
        said = (error.strerror or "no reason given").lower()
        return f"ssolab: standard output: cannot be written ({said}); make room, or send it elsewhere", EXIT_USAGE
    said = str(error) if isinstance(error, DefectError) else f"{type(error).__name__}: {error} ({_innermost(error)})"
    return f"ssolab: this is a defect of ssolab, please report it: {said}", EXIT_DEFECT


def _innermost(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else "no place"
