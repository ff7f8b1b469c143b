"""TOML tables that know where they stand, so that every complaint about a lab names the file and the line.

`tomllib` gives values without places. The places are found by a second, simple look at the text; where that look finds
none (inside an inline table), the line of the table around it is named.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from ssolab.core.findings import ConfigError
from ssolab.core.instants import parse_duration, parse_instant

if TYPE_CHECKING:
    import enum
    from collections.abc import Iterable, Mapping

E = TypeVar("E", bound="enum.StrEnum")
Path = tuple[str | int, ...]

MAX_BYTES: Final = 1 << 19
MAX_TEXT: Final = 10_000

_HEADER = re.compile(r"""\s*(\[\[?)\s*([\w"'.\s-]+?)\s*\]\]?\s*(?:#.*)?""")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*[.=]""")
_QUOTED = re.compile(r"""\"[^\"\n]*\"|'[^'\n]*'""")
_MOST_DOTS = 100  # in one line outside quotes; tomllib takes time with the square of the parts of a dotted key
_LONGEST_HEADER = 300  # characters; the pattern takes time with the square of its spaces
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a TOML file: its values, how it is called there, and the line of every key."""

    values: Mapping[str, Any]
    name: str
    lines: Mapping[Path, int]
    path: Path = ()

    def place(self, key: str | None = None) -> str:
        """Name the file and, where it is known, the line of the key or else of this table."""
        path = self.path if key is None else (*self.path, key)
        for length in range(len(path), 0, -1):
            if line := self.lines.get(path[:length]):
                return f"{self.name}:{line}"
        return self.name

    def wrong(self, key: str | None, problem: str, remedy: str) -> ConfigError:
        """Make the error that says *problem* of a key; the caller raises it."""
        return ConfigError(self.place(key), problem if key is None else f"{self._called(key)} {problem}", remedy)

    def only(self, known: Iterable[str]) -> None:
        """Refuse keys that nobody reads: a misspelt key would silently change nothing.

        Raises:
            ConfigError: there is another key.
        """
        names = tuple(known)
        for key in self.values:
            if key not in names:
                remedy = suggestion(key, names, f"known here: {', '.join(names)}")
                raise ConfigError(self.place(key), f"unknown key {_short(key)!r}{self._inside()}", remedy)

    def text(self, key: str) -> str:
        """Read a text that has to be there.

        Raises:
            ConfigError: it is missing, empty, no text, or longer than any name.
        """
        value = self.values.get(key)
        if value is None:
            raise self.wrong(None, f"{self._called(key)} is missing", f'add {key} = "..."')
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(key, f"is {_kind(value)}, not text", f'write {key} = "..."')
        if len(value) > MAX_TEXT or not value.isprintable():
            raise self.wrong(key, "holds control characters or is far too long", "write a short plain text")
        return value

    def text_or(self, key: str, otherwise: str) -> str:
        """Read a text, or give *otherwise* where it is left out."""
        return self.text(key) if key in self.values else otherwise

    def texts(self, key: str) -> tuple[str, ...]:
        """Read one text or a list of texts; nothing where it is left out.

        Raises:
            ConfigError: it is neither.
        """
        value = self.values.get(key, [])
        if isinstance(value, str):
            return (self.text(key),)
        if not isinstance(value, list) or not all(isinstance(each, str) and each.strip() for each in value):
            raise self.wrong(key, f"is {_kind(value)}, not text or a list of texts", f'write {key} = ["...", "..."]')
        if not all(each.isprintable() and len(each) <= MAX_TEXT for each in value):
            raise self.wrong(key, "holds control characters or is far too long", "write short plain texts")
        return tuple(value)

    def number(self, key: str, otherwise: float) -> float:
        """Read a number above zero.

        Raises:
            ConfigError: it is none.
        """
        value = self.values.get(key, otherwise)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
            raise self.wrong(key, f"is {_kind(value)}, not a number above 0", f"write {key} = 100")
        return float(value)

    def flag(self, key: str) -> bool:
        """Read true or false; false where it is left out.

        Raises:
            ConfigError: it is neither.
        """
        value = self.values.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, f"is {_kind(value)}, neither true nor false", f"write {key} = true")
        return value

    def choice(self, key: str, among: type[E]) -> E:
        """Read one of a few words that has to be there.

        Raises:
            ConfigError: it is missing or another word.
        """
        value, words = self.text(key), [each.value for each in among]
        if value not in words:
            remedy = suggestion(value, words, f"write one of: {', '.join(words)}")
            raise self.wrong(key, f"cannot be {_short(value)!r}", remedy)
        return among(value)

    def choice_or(self, key: str, otherwise: E) -> E:
        """Read one of a few words, or give *otherwise* where it is left out."""
        return self.choice(key, type(otherwise)) if key in self.values else otherwise

    def truth(self, key: str) -> bool | None:
        """Read true or false, or None where it is left out.

        Raises:
            ConfigError: it is something else.
        """
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(key, f"is {_kind(value)}, not true or false", f"write {key} = true")
        return value

    def moment(self, key: str) -> datetime:
        """Read a moment with a zone, as text or as TOML writes one.

        Raises:
            ConfigError: it is missing, none, or has no zone.
        """
        value = self.values.get(key)
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(UTC)
        if isinstance(value, date):
            raise self.wrong(key, f"has no time zone: {value}", 'write one such as "2027-01-04T09:00:00Z"')
        try:
            return parse_instant(self.text(key))
        except ValueError as error:
            raise self.wrong(key, f"is no moment: {error}", 'write one such as "2027-01-04T09:00:00Z"') from None

    def span(self, key: str) -> timedelta | None:
        """Read a duration, or None where it is left out.

        Raises:
            ConfigError: it is none, or no time at all.
        """
        if key not in self.values:
            return None
        try:
            span = parse_duration(self.text(key))
        except ValueError:
            span = timedelta(0)
        if span <= timedelta(0):
            raise self.wrong(key, f"is no duration: {self.text(key)[:80]!r}", "write one such as PT5M, PT24H or P3D")
        return span

    def table(self, key: str) -> Table:
        """Read a table; an empty one where it is left out.

        Raises:
            ConfigError: it is something else.
        """
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, f"is {_kind(value)}, not a table", f"write [{key}] or {key} = {{ ... }}")
        return Table(value, self.name, self.lines, (*self.path, key))

    def tables(self, key: str) -> tuple[Table, ...]:
        """Read a list of tables; none where it is left out.

        Raises:
            ConfigError: it is something else.
        """
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise self.wrong(key, f"is {_kind(value)}, not a list of tables", f"write [[{key}]]")
        return tuple(Table(each, self.name, self.lines, (*self.path, key, i)) for i, each in enumerate(value))

    def _called(self, key: str) -> str:
        return f"{key}{self._inside()}"

    def _inside(self) -> str:
        names = [part for part in self.path if isinstance(part, str)]
        if not names:
            return ""
        called = self.values.get("id")
        return f" of {names[-1]} {_short(called)}" if isinstance(called, str) else f" of {'.'.join(names)}"


def suggestion(word: str, known: Iterable[str], otherwise: str) -> str:
    """Word the remedy for an unknown word: the nearest known one, or *otherwise* where none is near."""
    near = difflib.get_close_matches(word, tuple(known), n=1)
    return f"did you mean {near[0]}?" if near else otherwise


def parse(data: bytes, name: str) -> Table:
    """Parse a TOML file.

    Raises:
        ConfigError: it is too large, not UTF-8, or not TOML.
    """
    if len(data) > MAX_BYTES:
        raise ConfigError(name, f"{len(data):,} bytes", f"a lab file has at most {MAX_BYTES:,}")
    try:
        text = data.decode("utf-8-sig")
        if max(line.count(".") for line in _QUOTED.sub("''", text).split("\n")) > _MOST_DOTS:
            raise ConfigError(name, "a key of more parts than anybody writes", "write tables instead of dotted keys")
        values = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}:{line}", "not UTF-8 text", "save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        place = f"{name}:{found[1]}" if found else name
        problem = _short(_AT_LINE.sub("", str(error)))
        raise ConfigError(place, f"not TOML: {problem}", "correct that line") from None
    except RecursionError:
        raise ConfigError(name, "not TOML that anybody wrote: nested too deeply", "write it flatter") from None
    except ValueError as error:  # such as the 30th of February
        raise ConfigError(name, f"not TOML: {_short(str(error))}", "correct that value") from None
    return Table(values, name, _lines(text))


def _lines(text: str) -> dict[Path, int]:
    """Find the line of every table and key that stands at the beginning of one."""
    lines: dict[Path, int] = {}
    seen: dict[Path, int] = {}
    here: Path = ()
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) < _LONGEST_HEADER and (header := _HEADER.fullmatch(line.rstrip("\r"))):
            here = ()
            names = [part.strip(" \t\"'") for part in header[2].split(".")]
            for position, part in enumerate(names):
                here = (*here, part)
                last = position == len(names) - 1
                if last and header[1] == "[[":
                    seen[here] = seen.get(here, -1) + 1
                if here in seen:
                    here = (*here, seen[here])
            lines.setdefault(here, number)
            # the tables below a new element of a list count from nought again
            seen = {path: count for path, count in seen.items() if path[: len(here)] != here}
        elif key := _KEY.match(line):
            lines.setdefault((*here, key[1]), number)
    return lines


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "empty" if not value.strip() else f"the text {_short(value)!r}"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | date):
        return str(value)[:40]
    return "a list" if isinstance(value, list) else "a table" if isinstance(value, dict) else "something else"


def _short(text: str) -> str:
    line = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    return line if len(line) <= 80 else line[:79] + "…"  # noqa: PLR2004 - one line of a terminal
