"""The checklist: modules of the OpenID Foundation's conformance suite by name, and where ssolab differs on purpose.

A plan is a list of published module names. A test module ties each name to a function of its own and has pytest run
them, so that the name of a module is the id of its test: `pytest -k oidcc-prompt-login`. What the suite wants and we do
otherwise stands in `exceptions.toml` with its reason; the tests read it there, and docs/openid.md shows it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _pytest.mark import ParameterSet

DATA = Path(__file__).with_name("exceptions.toml")


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """One deliberate exception: what ssolab does otherwise, why, and the modules that see it."""

    id: str
    side: Literal["provider", "relying party"]
    modules: tuple[str, ...]
    does: str
    reason: str


@dataclass
class Plan:
    """The modules of one test plan, each of which a function is tied to."""

    modules: tuple[str, ...]
    tests: dict[str, Callable[[], None]] = field(default_factory=dict)

    def module(self, name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
        """Tie a function to a module of the plan."""
        assert name in self.modules, f"{name} is no module of the plan"
        assert name not in self.tests, f"{name} is there twice"

        def tie(function: Callable[[], None]) -> Callable[[], None]:
            assert function.__doc__, f"{name} does not say what it shows"
            self.tests[name] = function
            return function

        return tie

    def cases(self) -> list[ParameterSet]:
        """Give what is tied as parameters of one test, each with the module's name as its id."""
        return [pytest.param(function, id=name) for name, function in self.tests.items()]


def deviations() -> dict[str, Deviation]:
    """Every deliberate exception by its id."""
    rows = tomllib.loads(DATA.read_text("utf-8"))["exception"]
    found = [Deviation(**row | {"modules": tuple(row["modules"])}) for row in rows]
    assert len({each.id for each in found}) == len(found), "an id is there twice"
    return {each.id: each for each in found}


def allowed(id_: str, module: str) -> Deviation:
    """Claim a deliberate exception in the test of a module; it has to be listed for that one."""
    listed = deviations()[id_]
    assert module in listed.modules, f"{id_} is not listed for {module}"
    return listed


def table(rows: Iterable[Deviation]) -> str:
    """Write exceptions as docs/openid.md shows them."""
    lines = [
        f"| {each.side} | {each.does} | {each.reason} | {', '.join(f'`{name}`' for name in each.modules)} |"
        for each in rows
    ]
    return "\n".join(["| side | what it does | why | modules |", "|---|---|---|---|", *lines])
