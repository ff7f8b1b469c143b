"""The short way of accepting: it is taken by ordinary messages, and never says more than the long way does."""

from __future__ import annotations

import functools
from dataclasses import fields, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from lxml import etree

from ssolab.core import opinions
from ssolab.core.findings import Finding, InputError, Opinion, Severity
from ssolab.core.opinions import Opinions
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import SAML, parse
from ssolab.faults.engine import Carrier
from ssolab.faults.saml import faults
from ssolab.saml import checks
from ssolab.saml.asking import Asking
from ssolab.saml.checks import CHECKS, Expected, accept
from ssolab.saml.issue import draft_response, seal
from ssolab.saml.messages import NameIDPolicy
from ssolab.saml.names import EMAIL, ENTITY, POST, REDIRECT
from ssolab.saml.plain import CONSIDERED, WISHES, accept_plain
from ssolab.saml.subjects import NameID
from tests.faults.parts import Seen, respond
from tests.property.test_flips import flips, lean
from tests.property.test_mutations import mutated, sealed
from tests.saml.samples import IDP, NOW, REQUEST, SP, asserting, credential, expected, find, response, trust
from tests.saml.strategies import patient, texts, words

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from ssolab.core.findings import Report
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Fault
    from ssolab.saml.checks import Principal
    from ssolab.saml.publishing import Flavour


def everything(**changes: Any) -> Expected:
    """An expectation that leaves nothing open, with a memory that has seen nothing."""
    return replace(expected(replay=Seen()), **changes)


def shortly(message: bytes, expectation: Expected) -> Report[Principal] | None:
    """Go the short way and, where it says yes, hold its report against that of the long way, which is the same."""
    expectation = replace(expectation, replay=Seen())
    report = accept_plain(message, parse(message, "message"), expectation)
    if report is not None:
        long = accept(message, replace(expectation, replay=Seen()), CHECKS)
        assert long.findings == ()
        assert report == long
    return report


@functools.cache
def ordinary(flavour: Flavour = "generic", **options: Any) -> bytes:
    """A Response as the lab issues it."""
    ids = iter(("_response", "_assertion", "_session"))
    draft = draft_response(
        asserting(flavour=flavour),
        now=NOW,
        new_id=lambda: next(ids),
        name_id="amira@greenmoor.org",
        attributes={"email": ["amira@greenmoor.org"], "groups": ["staff", "night shift"], "none": []},
        in_response_to=REQUEST,
    )
    return seal(draft, credential("idp"), flavour=flavour, **options)


def test_every_expectation_and_every_wish_was_considered() -> None:
    assert {each.name for each in fields(Expected)} == CONSIDERED
    assert {each.name for each in fields(Asking)} == WISHES


@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
@pytest.mark.parametrize("options", [{}, {"key_info": False}, {"hash": "sha512"}, {"pss": True}], ids=str)
def test_what_the_lab_issues_goes_the_short_way(flavour: Flavour, options: dict[str, Any]) -> None:
    report = shortly(ordinary(flavour, **options), everything())
    assert report is not None
    assert report.principal is not None
    assert report.principal.attributes == {
        "email": ("amira@greenmoor.org",),
        "groups": ("staff", "night shift"),
        "none": (),
    }


def test_accepting_takes_the_short_way_and_remembers_the_assertion(monkeypatch: pytest.MonkeyPatch) -> None:
    expectation = everything()
    with monkeypatch.context() as patch:
        patch.setattr(checks, "run_checks", None)  # the long way could not go on
        assert accept(ordinary(), expectation).accepted
    assert [each.code for each in accept(ordinary(), expectation).errors] == ["replayed-assertion"]


@pytest.mark.parametrize("severity", [Severity.ERROR, Severity.WARNING])
def test_a_second_opinion_that_demurs_sends_a_message_the_long_way(
    severity: Severity, monkeypatch: pytest.MonkeyPatch
) -> None:
    demur = Opinions(
        {"xmlsec": Opinion.REFUSED}, findings=(Finding(code="verifiers-disagree", severity=severity, message="no"),)
    )
    monkeypatch.setattr(opinions, "second_opinions", lambda *_, **__: demur)
    assert accept_plain(ordinary(), parse(ordinary(), "message"), everything(opinions=True)) is None
    assert [each.code for each in accept(ordinary(), everything(opinions=True)).findings][:1] == ["verifiers-disagree"]


OTHERWISE: dict[str, dict[str, Any]] = {
    "no issuer": {"issuer": None},
    "an empty issuer": {"issuer": ""},
    "no audience": {"audience": None},
    "no recipient": {"recipient": None},
    "no requests": {"in_response_to": None},
    "certificates are compared": {"match": "certificate"},
    "the Response has to be signed": {"want_signed": "response"},
    "both have to be signed": {"want_signed": "both"},
    "by redirect": {"binding": REDIRECT},
    "a skew that takes time away": {"skew": timedelta(seconds=-1)},
    "a fresh login was asked for": {"asked": Asking(force_authn=True, at=NOW)},
    "a name of some kind was asked for": {"asked": {REQUEST: Asking(name_id_policy=NameIDPolicy(format=EMAIL))}},
    "somebody was asked for": {"asked": {REQUEST: Asking(subject=NameID("amira@greenmoor.org"))}},
    "another request is pending": {"in_response_to": {"_other"}},
    "the key is another party's": {"trusted": (trust("idp", SP),)},
    "the certificate has expired": {"trusted": (trust("idp", IDP, not_after=NOW - timedelta(days=1)),)},
    "the certificate is renewed": {"trusted": (trust("idp", IDP, not_after=NOW + timedelta(days=9)),)},
}


@pytest.mark.parametrize("changes", OTHERWISE.values(), ids=OTHERWISE)
def test_whatever_is_judged_otherwise_goes_the_long_way(changes: dict[str, Any]) -> None:
    whole = everything(**changes)
    assert accept_plain(ordinary(), parse(ordinary(), "message"), whole) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"opinions": True},
        {"binding": POST},
        {"want_signed": "assertion"},
        {"asked": Asking()},
        {"asked": {REQUEST: Asking(is_passive=True)}},
        {"asked": {"_other": Asking(force_authn=True)}},
        {"trusted": (trust("foreign", SP), trust("idp", SP), trust("idp", IDP))},
        {"trusted": (replace(trust("idp"), certificate=None),)},
        {"trusted": (trust("idp", IDP), trust("idp", IDP, not_after=NOW - timedelta(days=1)))},
        {"in_response_to": (REQUEST, "_other"), "unsolicited": True},
        {"recipient": ("https://other.example", everything().recipient)},
    ],
    ids=str,
)
def test_what_makes_no_difference_goes_the_short_way(changes: dict[str, Any]) -> None:
    assert shortly(ordinary(), everything(**changes)) is not None


FAULTS = [(each, sign_as) for each in faults() if each.carrier is Carrier.RESPONSE for sign_as in each.signs]


@pytest.mark.parametrize(("fault", "sign_as"), [pytest.param(*each, id=f"{each[0].code}-{each[1]}") for each in FAULTS])
def test_no_fault_makes_the_two_ways_differ(fault: Fault, sign_as: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []

    def watched(message: bytes, _root: Element, expectation: Expected) -> Report[Principal] | None:
        asked.append(shortly(message, expectation) is not None)
        return None  # the long way judges replays too

    monkeypatch.setattr(checks, "accept_plain", watched)
    respond(fault, sign=sign_as)
    assert not (any(asked) and (fault.trips or fault.warns) and fault.sent == 1)


@settings(deadline=None, max_examples=300)
@given(random=st.randoms(use_true_random=False), flavour=st.sampled_from(["generic", "salesforce", None]))
def test_no_mutation_makes_the_two_ways_differ(random: Random, flavour: Flavour | None) -> None:
    message = mutated(sealed("assertion") if flavour is None else ordinary(flavour), random)
    try:
        report = shortly(message, everything())
    except InputError:
        return
    assert report is None or report.principal == accept(ordinary_or_sample(flavour), everything()).principal


def ordinary_or_sample(flavour: Flavour | None) -> bytes:
    return sealed("assertion") if flavour is None else ordinary(flavour)


def test_no_changed_byte_makes_the_two_ways_differ() -> None:
    message = response(lean, key="p256")
    here = everything(trusted=(trust("p256", IDP),), in_response_to={"_q"})
    genuine = shortly(message, here)
    assert genuine is not None
    yes = 0
    for _, flipped in flips(message):
        try:
            report = shortly(flipped, here)
        except InputError:
            continue
        assert report is None or report == genuine
        yes += report is not None
    assert yes, "the ID of the Response decides nothing, for one"


EDGES = [
    timedelta(microseconds=each) for each in (-60_000_001, -60_000_000, -1_000_000, -1, 0, 1, 59_999_999, 60_000_000)
]
MOMENTS = {
    "IssueInstant of the Response": (".", "IssueInstant"),
    "IssueInstant": ("saml:Assertion", "IssueInstant"),
    "NotBefore": (".//saml:Conditions", "NotBefore"),
    "end": (".//saml:Conditions", "NotOnOrAfter"),
    "delivery": (".//saml:SubjectConfirmationData", "NotOnOrAfter"),
    "login": (".//saml:AuthnStatement", "AuthnInstant"),
    "session": (".//saml:AuthnStatement", "SessionNotOnOrAfter"),
}


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("by", EDGES, ids=str)
@pytest.mark.parametrize("life", [None, timedelta(seconds=1), timedelta(minutes=1)], ids=str)
def test_at_no_edge_of_a_window_do_the_two_ways_differ(name: str, by: timedelta, life: timedelta | None) -> None:
    path, attribute = MOMENTS[name]
    written = (NOW + by).isoformat().replace("+00:00", "Z")

    def change(root: Element) -> None:
        (root if path == "." else find(root, path)).set(attribute, written)

    report = shortly(response(change), everything(message_life=life))
    inside = {
        "NotBefore": by <= timedelta(0),
        "end": by > timedelta(0),
        "delivery": by > timedelta(0),
        "session": by > timedelta(0),
        "login": True,
    }.get(name, by <= timedelta(0) and (life is None or -by < life))
    assert (report is not None) == inside


@pytest.mark.parametrize(
    "written", ["2027-02-30T09:00:00Z", "2027-01-03T24:00:00Z", "2027-01-04T08:59:60Z", "0000-01-01T00:00:00Z", ""]
)
@pytest.mark.parametrize("name", MOMENTS)
def test_moments_that_do_not_exist_go_the_long_way(name: str, written: str) -> None:
    path, attribute = MOMENTS[name]
    message = response(lambda root: (root if path == "." else find(root, path)).set(attribute, written))
    assert shortly(message, everything()) is None


def renamed(message: Element, prefix: str | None) -> Element:
    """Write the Response with another prefix for the Assertion's namespace."""
    text = etree.tostring(message, encoding="unicode")
    new, declared = (f"{prefix}:", f"xmlns:{prefix}=") if prefix else ("", "xmlns=")
    return parse(
        text.replace("<saml:", f"<{new}").replace("</saml:", f"</{new}").replace("xmlns:saml=", declared).encode(), "x"
    )


@st.composite
def varied(draw: Callable[..., Any]) -> bytes:
    """A valid message, written in one of the ways in which senders differ."""
    given_attributes = draw(st.dictionaries(words, st.lists(texts, max_size=3), max_size=4))
    ids = iter(("_response", "_assertion", "_session"))
    flavour = draw(st.sampled_from(["generic", "salesforce"]))
    name = NameID(draw(words), *(draw(st.none() | st.sampled_from(["", "a&b", SP, ENTITY])) for _ in range(4)))
    root = draft_response(
        asserting(flavour=flavour),
        now=NOW,
        new_id=lambda: next(ids),
        name_id=name,
        attributes=given_attributes,
        in_response_to=REQUEST,
    ).element()
    for each in root.iter(f"{{{SAML}}}Attribute"):
        if draw(st.booleans()):
            each.set("FriendlyName", draw(texts))
        if draw(st.booleans()):
            del each.attrib["NameFormat"]
    if draw(st.booleans()):
        find(root, ".//saml:AuthnContextClassRef").text = draw(texts)
    if draw(st.booleans()):
        find(root, ".//saml:Audience").text = draw(st.sampled_from(["", " ", "\t", "\n"])) + SP + "\n "
    if draw(st.booleans()):
        find(root, ".//saml:SubjectConfirmationData").set("Address", "192.0.2.1")
    if draw(st.booleans()):
        root.remove(root[0])
    if draw(st.booleans()):
        etree.indent(root)
    prefix = draw(st.sampled_from(["saml", "saml2", "x", "xs", "xsi", "ds", None]))
    prefixes = draw(st.sampled_from(["", "xs", "ds saml samlp xs xsi", "xsi saml2", "#default xs"]))
    root = renamed(root, prefix)
    assertion = root.find(f"{{{SAML}}}Assertion")
    assume(assertion is not None)  # xs and xsi are the prefixes of types too
    assume(prefix or "#default" not in prefixes)  # which cannot be signed
    assert assertion is not None
    sign(assertion, credential("idp"), prefixes=prefixes)
    written: bytes = etree.tostring(root, xml_declaration=draw(st.booleans()), encoding="UTF-8")
    return written


@settings(patient, max_examples=200)
@given(message=varied())
def test_however_a_valid_message_is_written_the_two_ways_say_the_same(message: bytes) -> None:
    report = shortly(message, everything())
    event(f"short: {report is not None}")
    assert report is None or accept(message, everything(opinions=True)).principal == report.principal


@pytest.mark.parametrize("prefix", ["saml", "saml2", "x", None])
def test_the_prefix_of_the_sender_makes_no_difference(prefix: str | None) -> None:
    root = renamed(parse(response(sign_as="none"), "x"), prefix)
    assertion = root.find(f"{{{SAML}}}Assertion")
    assert assertion is not None
    sign(assertion, credential("idp"), prefixes="xs")
    assert shortly(etree.tostring(root), everything()) is not None


NOT_ORDINARY: dict[str, Callable[[Element], object]] = {
    "a second audience": lambda root: etree.SubElement(
        find(root, ".//saml:AudienceRestriction"), f"{{{SAML}}}Audience"
    ),
    "an attribute of two names": lambda root: find(root, ".//saml:Attribute[2]").set("Name", "email"),
    "an attribute of the Response": lambda root: root.set("NotBefore", "soon"),
    "a Format of the Issuer": lambda root: find(root, "saml:Issuer").set("Format", EMAIL),
    "an Issuer elsewhere": lambda root: find(root, "saml:Assertion/saml:Issuer").set("NotBefore", "soon"),
    "a status below": lambda root: etree.SubElement(
        find(root, "samlp:Status/samlp:StatusCode"), "{urn:oasis:names:tc:SAML:2.0:protocol}StatusCode", Value="x"
    ),
    "a comment in a value": lambda root: find(root, ".//saml:AttributeValue").append(etree.Comment("c")),
    "an instruction in the name": lambda root: find(root, ".//saml:NameID").append(etree.ProcessingInstruction("p")),
    "an extension": lambda root: root.insert(1, etree.Element("{urn:oasis:names:tc:SAML:2.0:protocol}Extensions")),
    "a name of white space": lambda root: setattr(find(root, ".//saml:NameID"), "text", " \u2003 "),
    "a value of elements": lambda root: etree.SubElement(find(root, ".//saml:AttributeValue"), "{urn:x}v"),
}


@pytest.mark.parametrize("change", NOT_ORDINARY.values(), ids=NOT_ORDINARY)
def test_what_is_not_ordinary_goes_the_long_way(change: Callable[[Element], object]) -> None:
    assert shortly(response(change), everything()) is None
