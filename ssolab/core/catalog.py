"""One function is one catalog entry: its name is the code, its docstring the documentation.

The first line of the docstring is the title, the rest the explanation that `ssolab explain CODE` prints. Entries are
collected by looking through modules, so adding one means writing one function and nothing else.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from ssolab.core.findings import DefectError, Finding, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType

    from ssolab.core.findings import InputError

P = ParamSpec("P")
E = TypeVar("E", bound="Entry")
X = TypeVar("X", bound="InputError")


class Kind(enum.StrEnum):
    """What an entry is."""

    RULE = "rule"
    CHECK = "check"
    FAULT = "fault"
    SCENARIO = "scenario"
    PROFILE = "profile"
    CLAUSE = "clause"


class Status(enum.StrEnum):
    """Whether an entry may still change its mind: a preview is reported and never fails a build."""

    STABLE = "stable"
    PREVIEW = "preview"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A documented thing with a code: a word or words that name what is wrong, or what is done, and read well aloud."""

    kind: Kind
    code: str
    title: str
    text: str
    severity: Severity | None = None
    cites: str | None = None
    aliases: tuple[str, ...] = ()
    status: Status = Status.STABLE


def described(function: Callable[..., object]) -> tuple[str, str, str]:
    """Read code, title and text off a function.

    Raises:
        DefectError: the function has no docstring of at least a title.
    """
    name = getattr(function, "__name__", "")
    title, _, text = (inspect.getdoc(function) or "").partition("\n")
    if not title:
        raise DefectError(f"{name} has no docstring, so the catalog cannot describe it")
    return name.strip("_").replace("_", "-"), title.strip(), text.strip()


@dataclass(frozen=True, kw_only=True)
class _Stamping(Entry):
    """An entry whose function reports problems, on which code, severity and citation are stamped."""

    severity: Severity = Severity.ERROR
    kind: Kind = field(default=Kind.CHECK)

    def finding(self, problem: Problem) -> Finding:
        """Make the finding that says *problem* under this entry's code."""
        return Finding(
            code=self.code,
            severity=problem.severity or self.severity,
            message=problem.message,
            expected=problem.expected,
            observed=problem.observed,
            where=problem.where,
            subject=problem.subject,
            cites=self.cites,
        )


@dataclass(frozen=True, kw_only=True)
class Check(_Stamping, Generic[P]):
    """A check that looks at its arguments and yields every problem it sees."""

    run: Callable[P, Iterable[Problem]]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Iterator[Finding]:
        """Run the check and stamp what it yields."""
        for problem in self.run(*args, **kwargs):
            yield self.finding(problem)


@dataclass(frozen=True, kw_only=True)
class Refusal(_Stamping, Generic[P]):
    """A reason that a staged procedure found; its function only words it."""

    word: Callable[P, Problem]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Finding:
        """Word the reason as a finding."""
        return self.finding(self.word(*args, **kwargs))


def check(
    *, severity: Severity = Severity.ERROR, cites: str | None = None
) -> Callable[[Callable[P, Iterable[Problem]]], Check[P]]:
    """Make a check of a function that yields problems."""

    def decorate(function: Callable[P, Iterable[Problem]]) -> Check[P]:
        code, title, text = described(function)
        return Check(code=code, title=title, text=text, severity=severity, cites=cites, run=function)

    return decorate


def refusal(
    *, severity: Severity = Severity.ERROR, cites: str | None = None
) -> Callable[[Callable[P, Problem]], Refusal[P]]:
    """Make a catalog entry of a function that words one problem."""

    def decorate(function: Callable[P, Problem]) -> Refusal[P]:
        code, title, text = described(function)
        return Refusal(code=code, title=title, text=text, severity=severity, cites=cites, word=function)

    return decorate


@dataclass(frozen=True, kw_only=True)
class Barrier(Entry, Generic[P, X]):
    """A reason why input cannot be judged at all; its function words it as an error, which carries the code."""

    severity: Severity = Severity.ERROR
    kind: Kind = field(default=Kind.CHECK)
    word: Callable[P, X]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> X:
        """Word the reason as an error; the caller raises it."""
        error = self.word(*args, **kwargs)
        error.code = self.code
        return error


def barrier(*, cites: str | None = None) -> Callable[[Callable[P, X]], Barrier[P, X]]:
    """Make a catalog entry of a function that words why input cannot be judged."""

    def decorate(function: Callable[P, X]) -> Barrier[P, X]:
        code, title, text = described(function)
        return Barrier(code=code, title=title, text=text, cites=cites, word=function)

    return decorate


def modules_below(package: ModuleType, *, without: Iterable[str] = ()) -> Iterator[ModuleType]:
    """Import and yield every module of *package* but those whose dotted name starts with one of *without*."""
    skipped = tuple(without)
    for info in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not info.name.startswith(skipped):
            yield importlib.import_module(info.name)


def entries_of(modules: Iterable[ModuleType], of: type[E]) -> tuple[E, ...]:
    """Collect the entries of one type that the modules define, sorted by code.

    Raises:
        DefectError: two different entries share a code.
    """
    found: dict[str, E] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, of) and found.setdefault(value.code, value) is not value:
                raise DefectError(f"two catalog entries are called {value.code}")
    return tuple(found[code] for code in sorted(found))
