"""The command line as a whole: what it offers, how every failure ends, and that it stays quick."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

import ssolab.cli
from ssolab.cli import CommandFolder, entry, main, run
from ssolab.core.findings import ConfigError, DefectError, InputError, PasswordError
from ssolab.render import package_version


def commands() -> list[str]:
    return entry.list_commands(click.Context(entry)) if isinstance(entry, CommandFolder) else []


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> object:
    """A command `fail` that raises whatever a test gives it."""
    raised: list[BaseException] = []

    @click.command()
    def fail() -> None:
        """Fail."""
        raise raised[0]

    monkeypatch.setattr(CommandFolder, "list_commands", lambda *_: ["fail"])
    monkeypatch.setattr(CommandFolder, "get_command", lambda *_: fail)

    def attempt(error: BaseException) -> int:
        raised[:] = [error]
        return run(["fail"])

    return attempt


def test_the_commands_of_this_release_are_there() -> None:
    assert {"rehearse", "serve", "verify", "certs", "explain", "catalog"} <= set(commands())
    assert not any(name.startswith("_") for name in commands())


def test_help_is_the_default_and_says_where_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    helped = capsys.readouterr().out
    assert run([]) == 2
    assert capsys.readouterr().out == helped
    assert "Begin with:  ssolab rehearse" in helped


@pytest.mark.parametrize("name", commands())
def test_every_command_explains_itself_in_one_line_and_by_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = entry.get_command(click.Context(entry), name)
    assert command is not None
    assert command.get_short_help_str(200).endswith(".") or command.get_short_help_str(200)
    assert run([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: ssolab {name}")


@pytest.mark.parametrize("command", ["", "rehearse", "serve", "verify", "verify saml", "certs", "certs show"])
def test_the_version_is_the_packages_everywhere(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--version"]) == 0
    assert capsys.readouterr().out == f"ssolab {package_version()}\n"


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["reherse"], ["_shell"], ["__main__"], ["--nonsense"], ["rehearse", "--nonsense"]]
)
def test_what_is_not_there_is_one_line_and_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("ssolab")
    assert shown.err.count("\n") == 1
    assert "--help" in shown.err


@pytest.mark.parametrize("kind", [InputError, ConfigError, PasswordError])
def test_input_that_cannot_be_read_is_exit_2_with_name_problem_and_remedy(
    kind: type[InputError], failing: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(kind("lab.toml", "it is empty", "write something")) == 2  # type: ignore[operator]
    assert capsys.readouterr().err == "ssolab: lab.toml: it is empty; write something\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DefectError("two entries are called x"), "please report it: two entries are called x"),
        (ZeroDivisionError("by nothing"), "please report it: ZeroDivisionError: by nothing (tests.cli.test_entry:"),
        (RecursionError("too deep"), "RecursionError: too deep"),
    ],
)
def test_a_defect_is_exit_70_and_one_line_without_a_traceback(
    error: Exception, said: str, failing: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failing(error) == 70  # type: ignore[operator]
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1
    assert "Traceback" not in shown


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_who_interrupts_gets_130(error: BaseException, failing: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(error) == 130  # type: ignore[operator]
    assert capsys.readouterr().err.lstrip("\n") == "ssolab: stopped\n"  # click ends the line with ^C first


def test_main_exits_with_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssolab.cli, "run", lambda _: 7)
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 7


def test_help_loads_nothing_that_is_slow() -> None:
    # --help has to come in under 150 ms: nothing that parses XML, serves HTTP or reads keys is imported for it
    script = (
        "import sys; from ssolab.cli import run; run(['--help']); "
        "print(sorted({'lxml', 'flask', 'cryptography', 'xmlsec', 'signxml', 'jinja2'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.splitlines()[-1] == "[]"
