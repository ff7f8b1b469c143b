from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ssolab.core.findings import (
    ConfigError,
    DefectError,
    Finding,
    InputError,
    PasswordError,
    Report,
    Severity,
    SsolabError,
    Where,
    errors_of,
    has_error,
)


def finding(severity: Severity = Severity.ERROR, **changes: Any) -> Finding:
    return Finding(**{"code": "audience-mismatch", "severity": severity, "message": "no", **changes})


@pytest.mark.parametrize(
    ("where", "text"),
    [
        (Where(), ""),
        (Where(document="a.xml"), "a.xml"),
        (Where(document="a.xml", line=3), "a.xml:3"),
        (Where(document="a.xml", line=3, column=7), "a.xml:3:7"),
        (Where(document="a.xml", line=3, path="/md:EntityDescriptor"), "a.xml:3 /md:EntityDescriptor"),
        (Where(path="/keys/0"), "/keys/0"),
    ],
)
def test_a_place_reads_as_far_as_it_is_known(where: Where, text: str) -> None:
    assert str(where) == text


def test_only_an_error_that_nobody_waived_refuses() -> None:
    warning, info = finding(Severity.WARNING), finding(Severity.INFO)
    waived = finding(waived="until 2027-01-31: the partner renews")
    assert not has_error([])
    assert not has_error([warning, info, waived])
    assert has_error([info, finding()])
    assert errors_of([waived, finding(), info]) == (finding(),)


def test_a_report_accepts_by_its_principal_alone() -> None:
    nobody: Report[str] = Report(findings=(), principal=None, signature=None, verifiers={})
    assert not nobody.accepted
    somebody = dataclasses.replace(nobody, principal="amira")
    assert somebody.accepted
    assert dataclasses.replace(somebody, findings=(finding(),)).errors == (finding(),)


@pytest.mark.parametrize("kind", [InputError, ConfigError, PasswordError])
def test_an_error_about_input_is_one_line_of_name_problem_and_remedy(kind: type[InputError]) -> None:
    error = kind("a.xml", "it is empty", "write something")
    assert str(error) == "a.xml: it is empty; write something"
    assert (error.name, error.problem, error.remedy) == ("a.xml", "it is empty", "write something")
    assert isinstance(error, InputError)
    assert isinstance(error, SsolabError)


def test_a_defect_is_no_complaint_about_input() -> None:
    assert issubclass(DefectError, SsolabError)
    assert not issubclass(DefectError, InputError)


def test_no_error_is_a_dataclass_and_every_finding_is_frozen() -> None:
    # a dataclass's __eq__ and __hash__ break what Python does with exceptions
    assert not any(dataclasses.is_dataclass(kind) for kind in (InputError, ConfigError, PasswordError, DefectError))
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(finding(), "code", "other")  # noqa: B010  mypy would not let us try it otherwise
