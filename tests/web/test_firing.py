"""The ways on which faults travel in the lab, with generators of the tests' own: one for each carrier and stage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ssolab.faults.engine import Carrier, Nature, Sealing, Stage, fault
from ssolab.saml.names import POST
from ssolab.web.inprocess import InProcessLab
from tests.web.parts import Pair, config, relying_party
from tests.web.test_artifact import ArtifactPair

if TYPE_CHECKING:
    from ssolab.core.xmltree import Element
    from ssolab.faults.engine import Fault, Kit

LOGOUTS = (Carrier.LOGOUT_REQUEST, Carrier.LOGOUT_RESPONSE)


def made(carrier: Carrier, stage: Stage, alter: Any, **more: Any) -> Fault:
    alter.__doc__ = "A fault of the tests.\n\nIt changes one thing."
    return fault("T-00", Nature.MISTAKE, stage, carrier=carrier, **more)(alter)


def another_destination(root: Element, _kit: Kit) -> Element:
    root.set("Destination", "https://elsewhere.example/")
    return root


def signed_by_a_stranger(sealing: Sealing, kit: Kit) -> Sealing:
    return replace(sealing, credential=kit.foreign)


def another_issuer(xml: bytes, _kit: Kit) -> bytes:
    return xml.replace(b"</saml:Issuer>", b"/x</saml:Issuer>", 1)


def field_twice(fields: tuple[tuple[str, str], ...], _kit: Kit) -> tuple[tuple[str, str], ...]:
    return (*fields, fields[0])


def parameter_twice(query: str, _kit: Kit) -> str:
    return f"{query}&{query.partition('&')[0]}"


STAGES = {
    Stage.TREE: (another_destination, {"destination-mismatch"}),
    Stage.SEAL: (signed_by_a_stranger, {"key-not-trusted"}),
    Stage.FORM: (field_twice, {"parameter-repeated"}),
    Stage.QUERY: (parameter_twice, {"parameter-repeated"}),
}


@pytest.mark.parametrize("side", ["relying", "asserting"])
@pytest.mark.parametrize("carrier", LOGOUTS)
@pytest.mark.parametrize("stage", STAGES)
def test_a_fault_of_a_logout_message_reaches_the_other_side(side: str, carrier: Carrier, stage: Stage) -> None:
    alter, codes = STAGES[stage]
    lab = InProcessLab(replace(config(), opinions=False))
    lab.login()
    sender = side if carrier is Carrier.LOGOUT_REQUEST else ({"relying", "asserting"} - {side}).pop()
    lab.lab.armed.arm(made(carrier, stage, alter), side=sender)  # type: ignore[arg-type]  # one of the two
    entry = lab.logout(starts_at=side)
    assert {found.code for found in entry.errors} == codes
    assert [each.event for each in lab.journal if each.faults] == [f"{carrier}-sent"]
    assert lab.lab.armed.waiting() == ()


@pytest.mark.parametrize("binding", ["redirect", "post"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_fault_of_a_request_travels_as_it_has_to(binding: str, stage: Stage) -> None:
    alter, codes = STAGES[stage]
    asking = replace(relying_party(), binding=POST) if binding == "post" else relying_party()
    lab = InProcessLab(replace(config(relying=asking), opinions=False))
    lab.lab.armed.arm(made(Carrier.REQUEST, stage, alter))
    entry = lab.login()
    assert {found.code for found in entry.errors} == codes
    assert (entry.side, lab.login().accepted) == ("asserting", True)


@pytest.mark.parametrize(("sign", "by_form"), [("request", True), ("query", False)])
def test_a_fault_says_by_its_way_of_signing_how_the_request_goes(sign: str, *, by_form: bool) -> None:
    for asking in (relying_party(), replace(relying_party(), binding=POST)):
        pair = Pair(relying=asking)
        pair.lab.armed.arm(made(Carrier.REQUEST, Stage.SEAL, signed_by_a_stranger, signs=(sign,)))
        answer = pair.sp.get("/saml/login")
        assert (answer.status_code == 200) == by_form
        if not by_form:
            assert "Signature" in parse_qs(urlsplit(answer.headers["Location"]).query)


def test_a_form_shows_a_field_as_often_as_a_fault_repeats_it() -> None:
    pair = Pair(relying=replace(relying_party(), binding=POST))
    pair.lab.armed.arm(made(Carrier.REQUEST, Stage.FORM, field_twice))
    assert pair.sp.get("/saml/login").text.count('name="SAMLRequest"') == 2
    assert pair.sp.get("/saml/login").text.count('name="SAMLRequest"') == 1


def test_a_message_that_is_to_arrive_twice_does_not_post_itself() -> None:
    pair = Pair(relying=replace(relying_party(), binding=POST))
    pair.lab.armed.arm(made(Carrier.REQUEST, Stage.WIRE, lambda xml, _kit: xml, sent=2))
    page = pair.sp.get("/saml/login").text
    assert 'data-times="2"' in page
    assert 'target="_blank"' in page
    assert "<script" not in page
    assert "<script" in pair.sp.get("/saml/login").text


@pytest.mark.parametrize(
    ("stage", "alter", "code"),
    [
        (Stage.TREE, another_destination, None),
        (Stage.SEAL, signed_by_a_stranger, "key-not-trusted"),
        (Stage.WIRE, another_issuer, "digest-mismatch"),
    ],
)
def test_a_fault_of_an_artifact_response_reaches_who_resolves_it(stage: Stage, alter: Any, code: str | None) -> None:
    pair = ArtifactPair()
    pair.lab.armed.arm(made(Carrier.ARTIFACT_RESPONSE, stage, alter, signs=("both",)))
    pair.sp.get("/saml/acs", query_string=pair.artifact())
    entry = pair.lab.journal.entries()[-1]
    assert [each.faults for each in pair.lab.journal.entries() if each.event == "resolve-answered"] == [
        ("another-destination" if alter is another_destination else code_of(alter),)
    ]
    assert code is None or code in {found.code for found in entry.errors}


def code_of(alter: Any) -> str:
    return str(alter.__name__).replace("_", "-")


def test_a_generator_that_stumbles_sends_nothing_and_says_so() -> None:
    def stumbles(_root: Element, _kit: Kit) -> Element:
        raise LookupError("it looked for what is not there")

    pair = Pair()
    pair.lab.armed.arm(made(Carrier.REQUEST, Stage.TREE, stumbles))
    answer = pair.sp.get("/saml/login")
    assert (answer.status_code, "stumbles: it cannot be put into this message" in answer.text) == (400, True)
    entry = pair.lab.journal.entries()[-1]
    assert (entry.event, entry.faults, entry.accepted) == ("fault-not-played", ("stumbles",), False)
    assert pair.sp.get("/saml/login").status_code == 302
