from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import pytest

import ssolab.core
from ssolab import sources
from ssolab.core.catalog import (
    Check,
    Entry,
    Kind,
    Refusal,
    Status,
    check,
    described,
    entries_of,
    modules_below,
    refusal,
)
from ssolab.core.findings import DefectError, Problem, Severity, Subject, Where

if TYPE_CHECKING:
    from collections.abc import Iterator


@check(cites="SAML2Core 2.5.1.4")
def audience_wrong(audience: str) -> Iterator[Problem]:
    """The audience is another one.

    Let the partner issue for us.
    It takes two lines to say so.
    """
    if audience != "us":
        yield Problem("another audience", "us", audience)
        yield Problem("still another", severity=Severity.WARNING)


@refusal(severity=Severity.WARNING)
def _key_odd(number: int) -> Problem:
    """The key is odd.

    Use an even one.
    """
    return Problem(f"the key is {number}", where=Where(line=number), subject=Subject(entity_id="x"))


def module(**members: object) -> ModuleType:
    made = ModuleType("made")
    vars(made).update(members)
    return made


def test_a_check_is_called_and_explained_by_its_function() -> None:
    assert isinstance(audience_wrong, Check)
    assert (audience_wrong.code, audience_wrong.kind) == ("audience-wrong", Kind.CHECK)
    assert audience_wrong.title == "The audience is another one."
    assert audience_wrong.text == "Let the partner issue for us.\nIt takes two lines to say so."
    assert (audience_wrong.severity, audience_wrong.status) == (Severity.ERROR, Status.STABLE)


def test_a_check_stamps_code_severity_and_source_on_every_problem() -> None:
    first, second = audience_wrong("them")
    assert (first.code, first.severity, first.cites) == ("audience-wrong", Severity.ERROR, "SAML2Core 2.5.1.4")
    assert (first.message, first.expected, first.observed) == ("another audience", "us", "them")
    assert second.severity is Severity.WARNING, "a problem may be milder than its check"
    assert list(audience_wrong("us")) == []


def test_a_refusal_words_one_finding_and_a_leading_underscore_is_no_part_of_its_code() -> None:
    assert isinstance(_key_odd, Refusal)
    found = _key_odd(7)
    assert (found.code, found.severity, found.message) == ("key-odd", Severity.WARNING, "the key is 7")
    assert (found.where, found.subject) == (Where(line=7), Subject(entity_id="x"))


def test_what_has_no_docstring_cannot_be_described() -> None:
    def silent() -> None: ...

    with pytest.raises(DefectError, match="silent has no docstring"):
        described(silent)


def test_a_title_alone_is_a_description_without_text() -> None:
    def short() -> None:
        """Say little."""

    assert described(short) == ("short", "Say little.", "")


def test_entries_are_collected_by_type_and_sorted_by_code() -> None:
    made = module(zebra=_key_odd, apple=audience_wrong, other=3)
    assert [entry.code for entry in entries_of([made], Entry)] == ["audience-wrong", "key-odd"]
    assert [entry.code for entry in entries_of([made], Refusal)] == ["key-odd"]


def test_one_entry_seen_in_two_modules_is_one_entry() -> None:
    assert len(entries_of([module(a=_key_odd), module(b=_key_odd)], Entry)) == 1


def test_two_entries_of_one_code_are_a_defect() -> None:
    twin = Entry(kind=Kind.CHECK, code="key-odd", title="x", text="x")
    with pytest.raises(DefectError, match="two catalog entries are called key-odd"):
        entries_of([module(a=_key_odd), module(b=twin)], Entry)


def test_modules_are_found_below_a_package_but_those_left_out() -> None:
    names = {each.__name__ for each in modules_below(ssolab.core)}
    assert {"ssolab.core.findings", "ssolab.core.catalog"} <= names
    fewer = {each.__name__ for each in modules_below(ssolab.core, without=("ssolab.core.f",))}
    assert "ssolab.core.findings" not in fewer
    assert "ssolab.core.catalog" in fewer


def test_the_whole_catalog_has_one_entry_for_each_code() -> None:
    codes = [entry.code for entry in sources.catalog()]
    assert codes == sorted(codes)
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("entry", sources.catalog(), ids=lambda entry: entry.code)
def test_every_entry_of_the_package_reads_well(entry: Entry) -> None:
    assert entry.title.endswith(".")
    assert entry.title[0].isupper() or not entry.title[0].isalpha()
    assert len(entry.text) > len(entry.title) / 2
    assert entry.code == entry.code.lower()
    assert not {"error", "warning", "info"} & set(entry.code.split("-")), "a code carries no severity"
