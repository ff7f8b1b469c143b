"""What the README shows is what ssolab does: its console blocks are run, its commands and options exist.

A fenced block of language `console` holds commands after `$ ` and their real output; a line of `...` stands for any.
Other blocks are not run, but every `ssolab` command in them has to exist with its options.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from ssolab.cli import entry
from ssolab.core.findings import ConfigError, InputError
from ssolab.sources import load_lab

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = [(language, body) for language, body in FENCE.findall(README)]
PAGES = [page.read_text("utf-8") for page in sorted((ROOT / "docs").glob("*.md"))]
WIDTH = 100


def console_commands() -> Iterator[tuple[str, str]]:
    """Every command of the README's console blocks with the output that is shown for it."""
    for language, body in BLOCKS:
        if language == "console":
            for piece in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                command, _, shown = piece.partition("\n")
                yield command.strip(), shown.strip("\n")


def mentioned() -> Iterator[list[str]]:
    """Every ssolab command line in any block of the README and the pages of docs, as words."""
    for _, body in (*BLOCKS, *(block for page in PAGES for block in FENCE.findall(page))):
        for line in body.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\|", line.removeprefix("$ ")):
                if part.strip().startswith("ssolab "):
                    yield shlex.split(part, comments=True)[1:]


def pattern(shown: str) -> str:
    lines = [
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()) + r"\n" for line in shown.splitlines()
    ]
    return "".join(lines)


@pytest.mark.parametrize(("command", "shown"), [pytest.param(*pair, id=pair[0]) for pair in console_commands()])
def test_a_console_block_of_the_readme_shows_the_real_output(command: str, shown: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "metadata", tmp_path / "metadata")
    words = shlex.split(command)
    assert words[0] == "ssolab", "only ssolab's own commands are shown with output"
    environment = os.environ | {"COLUMNS": str(WIDTH), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "ssolab.cli", *words[1:]],
        cwd=tmp_path, env=environment, text=True, encoding="utf-8", stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip

    real = "".join(line.rstrip() + "\n" for line in done.stdout.strip("\n").splitlines())
    assert re.fullmatch(pattern(shown), real), f"$ {command}\n{real}"


def options_of(words: list[str]) -> tuple[set[str], str]:
    """The options that the command of a command line knows, and its name."""
    command: click.Command = entry
    context = click.Context(entry, info_name="ssolab")
    for word in words:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        found = command.get_command(context, word)
        assert found is not None, f"ssolab {' '.join(words)}: there is no command {word}"
        command, context = found, click.Context(found, info_name=word, parent=context)
    known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    return known | {"--help", "-h"}, context.command_path


@pytest.mark.parametrize("words", [pytest.param(words, id=" ".join(words)) for words in mentioned()])
def test_a_command_in_readme_and_docs_exists_with_its_options(words: list[str]) -> None:
    known, path = options_of(words)

    unknown = [word for word in words if word.startswith("-") and word != "-" and word.split("=")[0] not in known]
    assert unknown == [], f"{path} has no such option"


PARTIES = [party for language, body in BLOCKS if language == "toml" for party in tomllib.loads(body)["party"]]


@pytest.mark.parametrize("party", PARTIES, ids=[party["id"] for party in PARTIES])
def test_the_keys_of_a_party_in_the_readme_are_known(party: dict[str, object], tmp_path: Path) -> None:
    written = tmp_path / "ssolab.toml"
    written.write_text("[[party]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in party.items()), "utf-8")
    # Keys are looked at before files are, so whoever complains of a file has found every key.
    with pytest.raises((ConfigError, InputError), match=r"no such file|is not there"):
        load_lab(tmp_path, environ={})


def toml(value: object) -> str:
    """Write a value of the README again as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + " }"
    return json.dumps(value)


def test_the_readme_tells_a_newcomer_how_to_install_to_rehearse_and_to_test() -> None:
    assert re.search(r"pip install .*&& ssolab rehearse", README)
    assert re.search(r"^pip install -e '\.\[test\]' && pytest$", README, re.MULTILINE), ".ci/run calls this very line"
    assert "ssolab rehearse" in [command for command, _ in console_commands()], "the rehearsal's real output is shown"


def leaves(command: click.Command, context: click.Context) -> Iterator[click.Context]:
    """Every command that does something, groups resolved."""
    if not isinstance(command, click.Group):
        yield context
        return
    for name in command.list_commands(context):
        found = command.get_command(context, name)
        assert found is not None
        yield from leaves(found, click.Context(found, info_name=name, parent=context))


COMMANDS = list(leaves(entry, click.Context(entry, info_name="ssolab")))


@pytest.mark.parametrize("context", [pytest.param(each, id=each.command_path) for each in COMMANDS])
def test_every_command_has_help_with_an_example(context: click.Context) -> None:
    usage, _, rest = context.command.get_help(context).partition("\n")

    assert usage.startswith("Usage:")
    assert context.command_path in rest, "its help has no example"


@pytest.mark.parametrize("path", sorted({" ".join(each.command_path.split()[:2]) for each in COMMANDS}))
def test_every_command_stands_in_the_readme(path: str) -> None:
    assert path in README


def test_the_version_is_told_once_and_the_changelog_begins_with_it() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    headings = re.findall(r"^## \[?([^\]\s]+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)

    assert headings[:1] in ([version], ["Unreleased"])
