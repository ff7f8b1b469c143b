"""The short way of accepting a request: ordinary ones take it, and it never says more than the long way does."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lxml import etree

from ssolab.core.findings import InputError
from ssolab.core.xmltree import parse
from ssolab.faults.engine import Carrier
from ssolab.faults.saml import faults
from ssolab.saml import request_checks
from ssolab.saml.asking import Asking
from ssolab.saml.authn_request_checks import RequestExpected
from ssolab.saml.issue import draft_request
from ssolab.saml.messages import NameIDPolicy
from ssolab.saml.names import EMAIL, POST
from ssolab.saml.plain_request import CONSIDERED, judge_plainly
from ssolab.saml.request_checks import CHECKS, accept_request
from tests.faults.parts import ask
from tests.property.test_mutations import mutated
from tests.saml.samples import IDP, NOW, REQUEST, SP, SSO, relying, trust
from tests.saml.test_request_checks import CASES, LIFE, SECOND, expected, posted, put, redirected, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Fault
    from ssolab.saml.bindings import Received
    from ssolab.saml.publishing import Flavour


def shortly(received: Received, expectation: RequestExpected) -> bool:
    """Say whether the short way says yes, and then hold its report against that of the long way."""
    if judge_plainly(received, parse(received.xml, "request"), expectation) is None:
        return False
    long = accept_request(received, expectation, CHECKS)
    assert long.findings == ()
    assert accept_request(received, expectation) == long
    return True


def drafted(flavour: Flavour = "generic", asking: Asking | None = None) -> bytes:
    """A request as the lab sends it."""
    element = draft_request(relying(flavour=flavour), asking or Asking(), now=NOW, new_id=lambda: REQUEST).element()
    written: bytes = etree.tostring(element)
    return written


def test_every_expectation_was_considered() -> None:
    assert {each.name for each in fields(RequestExpected)} == CONSIDERED


@pytest.mark.parametrize("opinions", [False, True])
@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
def test_what_the_lab_sends_goes_the_short_way(flavour: Flavour, opinions: bool) -> None:  # noqa: FBT001  a case
    assert shortly(redirected(drafted(flavour)), expected(opinions=opinions))


def test_accepting_takes_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_checks, "run_checks", None)  # the long way could not go on
    report = accept_request(redirected(drafted()), expected())
    assert report.principal is not None
    assert report.principal.request.id == REQUEST


def test_a_wish_for_a_kind_of_name_goes_the_short_way() -> None:
    wish = Asking(name_id_policy=NameIDPolicy(format=EMAIL, allow_create=True))
    assert shortly(redirected(drafted(asking=wish)), expected())


OTHERWISE: dict[str, dict[str, Any]] = {
    "no issuer": {"issuer": None},
    "no destination": {"destination": None},
    "no addresses": {"acs": None},
    "none of the addresses": {"acs": ()},
    "no life": {"message_life": None},
    "signatures are not looked at": {"verifies": False},
    "certificates are compared": {"match": "certificate"},
    "a later moment": {"now": NOW + LIFE},
    "an earlier moment": {"now": NOW - timedelta(microseconds=1)},
    "a negative skew": {"skew": -SECOND},
    "the key of another": {"trusted": (trust("sp", IDP),)},
    "another key": {"trusted": (trust("foreign", SP),)},
    "an expired certificate": {"trusted": (trust("sp", SP, not_after=NOW - SECOND),)},
}


@pytest.mark.parametrize("changes", OTHERWISE.values(), ids=OTHERWISE)
def test_whatever_is_judged_otherwise_goes_the_long_way(changes: dict[str, Any]) -> None:
    assert not shortly(redirected(request()), expected(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"want_signed": False},
        {"checks_expiry": True},
        {"destination": (SSO, "https://other.example")},
        {"trusted": (trust("foreign", SP), trust("sp", SP), trust("sp", IDP))},
        {"trusted": (replace(trust("sp"), certificate=None),)},
        {"now": NOW + LIFE - timedelta(microseconds=1)},
    ],
    ids=["unsigned too", "dates count", "several addresses", "several keys", "a bare key", "the last moment"],
)
def test_what_makes_no_difference_goes_the_short_way(changes: dict[str, Any]) -> None:
    assert shortly(redirected(request()), expected(**changes))


def appended(text: str) -> Callable[[Element], None]:
    """Put an element behind the others."""
    return lambda root: root.append(etree.fromstring(text))


@pytest.mark.parametrize(
    "change",
    [
        put(ForceAuthn="true"),
        put(Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified"),
        put(Destination=None),
        put(IssueInstant="2027-02-30T09:00:00Z"),
        put(IssueInstant=" 2027-01-04T09:00:00Z"),
        put(ID=""),
        lambda root: root.insert(0, etree.Comment("x")),
        lambda root: root[0].append(etree.Comment("x")),
        lambda root: root[0].set("NameQualifier", "x"),
        lambda root: root.append(etree.ProcessingInstruction("x", "y")),
        appended('<p:Scoping xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol"/>'),
        appended('<p:NameIDPolicy xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" AllowCreate="1"/>'),
        appended('<p:NameIDPolicy xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" SPNameQualifier="x"/>'),
    ],
)
def test_whatever_is_said_otherwise_goes_the_long_way(change: Callable[[Element], object]) -> None:
    assert not shortly(redirected(request(change)), expected())


def test_posts_and_unsigned_requests_go_the_long_way() -> None:
    assert not shortly(posted(request()), expected())
    assert not shortly(redirected(request(), key=None), expected(want_signed=False))
    assert not shortly(replace(redirected(request()), binding=POST), expected())


@pytest.mark.parametrize(("code", "change", "changes"), CASES, ids=[f"{n}-{each[0]}" for n, each in enumerate(CASES)])
def test_no_case_of_a_check_goes_the_short_way(
    code: str, change: Callable[[Element], None], changes: dict[str, Any]
) -> None:
    assert not shortly(redirected(request(change)), expected(**changes)), code


FAULTS = [(each, sign) for each in faults() if each.carrier is Carrier.REQUEST for sign in each.signs]


@pytest.mark.parametrize(("fault", "sign"), [pytest.param(*each, id=f"{each[0].code}-{each[1]}") for each in FAULTS])
def test_no_fault_makes_the_two_ways_differ(fault: Fault, sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def watched(received: Received, _root: Element, expectation: RequestExpected) -> None:
        asked.append(judge_plainly(received, parse(received.xml, "request"), expectation) is not None)
        if asked[-1]:
            assert accept_request(received, expectation, CHECKS).findings == ()

    monkeypatch.setattr(request_checks, "judge_plainly", watched)
    ask(fault, sign=sign)
    assert not (any(asked) and (fault.trips or fault.warns))


def test_no_mutation_makes_the_two_ways_differ() -> None:
    ways: list[bool] = []
    for seed in range(600):
        message = mutated(drafted(), random.Random(seed))  # noqa: S311  not for secrets
        for carried in (message, b"<!--x-->" + message):
            try:
                ways.append(shortly(redirected(carried), expected()))
            except InputError:
                continue
    assert any(ways), "some mutations change nothing that counts"
    assert not all(ways)
