from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssolab.core.findings import ConfigError
from ssolab.cutover import tables
from ssolab.cutover.model import Verb

TEXT = b"""\
# a lab
[lab]
host = "x"
  [lab.inner]
  deep = 1

[[party]]
id = "a"
"quoted" = 1
users = [
    { name = "in a list" },
]
[[party]]
id = "b"
dotted.key = 1
  [[party.step]]
  do = "swap"
  [[party.step]]
  do = "add"
[[party]]
  [[party.step]]
  do = "remove"
"""


def place(*path: str | int) -> str:
    found: tables.Table = tables.parse(TEXT, "lab.toml")
    return tables.Table({}, found.name, found.lines, path).place()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("lab",), 2),
        (("lab", "host"), 3),
        (("lab", "inner", "deep"), 5),
        (("party", 0), 7),
        (("party", 0, "quoted"), 9),
        (("party", 0, "users", 0, "name"), 10),
        (("party", 1, "id"), 14),
        (("party", 1, "dotted"), 15),
        (("party", 1, "step", 0, "do"), 17),
        (("party", 1, "step", 1, "do"), 19),
        (("party", 2, "step", 0, "do"), 22),
    ],
)
def test_every_key_is_found_on_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert place(*path) == f"lab.toml:{line}"


def test_what_has_no_line_is_named_by_its_file() -> None:
    assert place("nowhere") == "lab.toml"


def table(text: str) -> tables.Table:
    return tables.parse(text.encode(), "lab.toml")


def test_moments_are_read_as_text_and_as_toml_writes_them() -> None:
    for text in ('"2027-01-04T09:00:00Z"', "2027-01-04T10:00:00+01:00", "2027-01-04 09:00:00Z"):
        assert table(f"at = {text}").moment("at") == datetime(2027, 1, 4, 9, tzinfo=UTC)


@pytest.mark.parametrize("text", ["10:00:00", "5", "true", "[]", "'soon'", "2027-01-04", "''"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"lab\.toml:1: at "):
        table(f"at = {text}").moment("at")


def test_one_text_counts_as_a_list_of_one() -> None:
    assert table("a = 'x'").texts("a") == ("x",)
    assert table("a = ['x', 'y']").texts("a") == ("x", "y")
    assert table("").texts("a") == ()


@pytest.mark.parametrize("text", ["1", "[1]", "['']", "{b = 1}", "' '"])
def test_what_is_no_list_of_texts_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"lab\.toml:1: a is "):
        table(f"a = {text}").texts("a")


def test_a_word_out_of_a_few_is_read_and_others_are_refused_with_the_nearest() -> None:
    assert table("do = 'swap'").choice("do", Verb) is Verb.SWAP
    with pytest.raises(ConfigError, match="did you mean publish"):
        table("do = 'publsh'").choice("do", Verb)
    assert table("").choice_or("do", Verb.ADD) is Verb.ADD


@pytest.mark.parametrize("text", ["[a]", "a = {b = 1}"])
def test_tables_are_read_in_both_forms(text: str) -> None:
    assert table(text).table("a").place() == "lab.toml:1"


def test_an_unknown_key_far_from_any_other_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="unknown key 'zzz'; known here: id, kind"):
        table("zzz = 1").only(("id", "kind"))


def told(data: bytes) -> str:
    """What is said against a file; nothing where it is read."""
    try:
        tables.parse(data, "lab.toml").only(("a",))
    except ConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "hostile",
    [
        b"[" + b" " * 250_000 + b"a" + b" " * 250_000 + b"]",
        b"[a]\n" * 2 + b"x = 1\n" * 2,
        b"a" + b".a" * 200_000 + b" = 1",
        (b"a" + b".a" * 99 + b" = 1\n") * 2_000,
        b"x = '" + b"\\" * 500_000 + b"'",
        b"\n" * 500_000,
        b"[[a]]\n" * 80_000,
        b"k = [" + b"[]," * 150_000 + b"]",
    ],
)
def test_hostile_toml_ends_soon(hostile: bytes) -> None:
    begin = time.perf_counter()
    assert len(told(hostile)) < 500
    assert time.perf_counter() - begin < 10


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    assert "\n" not in told(data)
