"""Faults in the lab: each is armed once and travels over the real routes, and nothing happens unless it is armed."""

from __future__ import annotations

import contextlib
import functools
import re
import threading
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.core.findings import InputError
from ssolab.core.xmlenc import DecryptionKey
from ssolab.faults.engine import Carrier
from ssolab.faults.saml import faults
from ssolab.salesforce.org import Org
from ssolab.salesforce.switches import Switches
from ssolab.saml.metadata_acceptance import MetadataExpected, accept_metadata
from ssolab.saml.parties import AssertingParty, RelyingParty
from ssolab.web.armed import MESSAGES, Armed, fault_called, playable
from ssolab.web.arming import arm
from ssolab.web.firing import _kit, _retired, forged_name
from ssolab.web.player import Drive
from tests.web.parts import AMIRA, BEN, IDP, NOW, SP, Pair, asserting_party, config, credential, relying_party, trusted
from tests.web.test_artifact import asserting as answering
from tests.web.test_artifact import relying as resolving
from tests.web.test_control import BEARER, TOKEN, Controlled

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault

PLAYED = [each for each in faults() if playable(each) is None]
SETTINGS = {each.name for party in (AssertingParty, RelyingParty) for each in fields(party)} | {"known", "unsolicited"}
"""What a party of the lab can be set to; what needs other settings of a receiver, the matrix of faults alone plays."""
READING = {each.name for each in fields(MetadataExpected)}
"""What a reader of metadata can be set to."""
LOGINS = [
    (each, sign)
    for each in PLAYED
    if each.carrier in {Carrier.RESPONSE, Carrier.METADATA, Carrier.REQUEST}
    and (READING if each.carrier is Carrier.METADATA else SETTINGS).issuperset(each.receiver)
    for sign in each.signs
]


FURTHER = {"stale-assertion": ["response-too-old"]}
"""What a party of the lab reports beside, since it sets how long a message lives."""


@functools.cache
def shared_lab(*, unsolicited: bool) -> Controlled:
    """A lab for all these logins, so that its throw-away keys are made once."""
    org = Org(switches=Switches(unsolicited=unsolicited))
    return Controlled(settings=replace(config(), opinions=False, relying_org=org))


def lab_for(fault: Fault, sign: str) -> Controlled:
    """A lab whose asserting party signs so, and whose receiver has the settings under which the fault shows."""
    settings = {} if fault.carrier is Carrier.METADATA else dict(fault.receiver)
    lab = shared_lab(unsolicited=settings.pop("unsolicited", True))
    settings.pop("known", None)  # the lab knows what both sides sign with
    inner = lab.lab
    inner.forget()
    asserting = replace(asserting_party(), sign=sign if sign in {"response", "both"} else "assertion")  # type: ignore[arg-type]
    asserting = replace(asserting, encryption_keys=(trusted("sp", SP),))
    relying = replace(relying_party(), decryption=(DecryptionKey.from_credential(credential("sp")),))
    inner.reconfigure(asserting, relying)
    if fault.carrier is Carrier.REQUEST:
        kit = _kit(inner, (fault,), relying, "relying", address="", genuine=None)
    else:
        kit = _kit(inner, (fault,), asserting, "asserting", address="", genuine=None)
    settings = {name: value(kit) if callable(value) else value for name, value in settings.items()}
    if fault.carrier is Carrier.REQUEST:
        asserting = replace(asserting, **settings)
    else:
        relying = replace(relying, **settings)
    inner.reconfigure(asserting, relying)
    return lab


def codes_of(report: Any, severity: str) -> list[str]:
    """The codes of a report's findings of that severity, each once, sorted."""
    return sorted({found["code"] for found in report["findings"] if found["severity"] == severity})


def load_metadata(lab: Controlled, fault: Fault) -> list[str]:
    """Have the relying party take the keys that the asserting party publishes now; gives the codes of a refusal."""
    kit = _kit(lab.lab, (fault,), lab.lab.asserting, "asserting", address="", genuine=None)
    settings = {name: value(kit) if callable(value) else value for name, value in fault.receiver.items()}
    expected = MetadataExpected(now=NOW, trusted=(), unsigned=True, entity_id=IDP, role="idp", opinions=False)
    expected = replace(expected, **settings)
    try:
        report = accept_metadata(lab.idp.get("/saml/metadata").data, expected)
    except InputError as error:
        return [error.code or "no code"]
    if report.principal is not None:
        lab.lab.reconfigure(lab.lab.asserting, replace(lab.lab.relying, trusted=report.principal.keys))
    return [found.code for found in report.errors]


@pytest.mark.parametrize(("fault", "sign"), [pytest.param(*each, id=f"{each[0].code}-{each[1]}") for each in LOGINS])
def test_a_login_with_a_fault_ends_with_exactly_the_codes_that_it_declares(fault: Fault, sign: str) -> None:
    lab = lab_for(fault, sign)
    if fault.carrier is Carrier.METADATA:
        lab.lab.armed.arm(fault, side="asserting")
        if refused := load_metadata(lab, fault):
            assert sorted(refused) == sorted(fault.trips)
            return
        report: Any = lab.login()
    else:
        # What is sent twice answers no request: that would be used up by the first.
        flow = "saml-idp-initiated" if fault.sent > 1 else "saml-sp-initiated"
        report = lab.login(flow=flow, fault=fault.code)
        assert report["result"]["faults"] == [fault.code]
    if fault.carrier is Carrier.REQUEST:  # what comes of it afterwards is another judgement
        judged = next(each for each in lab.lab.journal.entries() if each.accepted is not None)
        assert sorted({found.code for found in judged.errors}) == sorted(fault.trips)
        return
    assert codes_of(report, "error") == sorted([*fault.trips, *FURTHER.get(fault.code, [])])
    assert lab.lab.armed.waiting() == ()


def test_nothing_is_armed_by_default_and_nothing_changes_then() -> None:
    lab = Controlled()
    assert lab.control.get("/api/faults").get_json()["armed"] == []
    assert lab.login()["verdict"] == "accepted"
    assert all(entry.faults == () for entry in lab.lab.journal.entries())


def test_an_armed_fault_fires_once_and_the_journal_says_so() -> None:
    lab = Controlled()
    answer = lab.control.post("/api/faults", json={"code": "wrong-audience"}, headers=BEARER)
    assert answer.get_json() == {
        "armed": [{"code": "wrong-audience", "times": 1, "party": None, "carrier": "response"}]
    }
    assert codes_of(lab.login(), "error") == ["audience-mismatch"]
    assert lab.login()["verdict"] == "accepted"
    told = [(entry.event, entry.faults) for entry in lab.lab.journal.entries() if entry.faults]
    assert told == [("fault-armed", ("wrong-audience",)), ("response-sent", ("wrong-audience",))]
    assert [entry["faults"] for entry in lab.control.get("/api/journal").get_json()["entries"] if entry["faults"]] == [
        ["wrong-audience"],
        ["wrong-audience"],
    ]


def test_a_fault_fires_as_often_as_it_is_armed() -> None:
    lab = Controlled()
    for times in (2, 1):
        lab.control.post("/api/faults", json={"code": "wrong-audience", "times": times}, headers=BEARER)
    assert [lab.login()["verdict"] for _ in range(4)] == ["refused", "refused", "refused", "accepted"]


def test_several_faults_stand_in_one_message() -> None:
    lab = Controlled(settings=replace(config(), opinions=False))
    report: Any = lab.login(fault=["wrong-audience", "signed-by-a-stranger-without-any-certificate"])
    assert codes_of(report, "error") == ["audience-mismatch", "key-not-trusted"]
    assert report["result"]["faults"] == ["wrong-audience", "signed-by-a-stranger-without-any-certificate"]


def test_faults_that_want_the_message_signed_in_different_ways_wait_for_each_other() -> None:
    first = next(each for each in PLAYED if each.carrier is Carrier.RESPONSE and each.signs == ("assertion",))
    second = next(each for each in PLAYED if each.carrier is Carrier.RESPONSE and each.signs == ("response",))
    lab = Controlled()
    for each in (first, second):
        lab.lab.armed.arm(each)
    for expected in (first, second):
        lab.login()
        sent = [entry for entry in lab.lab.journal.entries() if entry.event == "response-sent"]
        assert sent[-1].faults == (expected.code,)


def test_faults_are_disarmed_all_at_once() -> None:
    lab = Controlled()
    lab.control.post("/api/faults", json={"code": "wrong-audience", "times": 5}, headers=BEARER)
    answer = lab.control.delete("/api/faults", headers=BEARER)
    assert answer.get_json() == {"disarmed": ["wrong-audience"], "armed": []}
    assert lab.login()["verdict"] == "accepted"
    assert [entry.event for entry in lab.lab.journal.entries()][:2] == ["fault-armed", "faults-disarmed"]


def test_published_metadata_carries_a_fault_once() -> None:
    lab = Controlled()
    honest = lab.idp.get("/saml/metadata").data
    answer = lab.control.post(
        "/api/faults", json={"code": "chain-behind-the-certificate-in-metadata", "party": IDP}, headers=BEARER
    )
    assert answer.get_json()["armed"][0]["party"] == "asserting"
    assert lab.sp.get("/saml/metadata").status_code == 200  # the other side's, in which nothing fires
    faulty, again = (lab.idp.get("/saml/metadata").data for _ in range(2))
    assert (again, faulty == honest) == (honest, False)
    entry = lab.lab.journal.entries()[-1]
    assert (entry.event, entry.message) == ("metadata-published", faulty)


def test_a_login_by_artifact_carries_the_fault_in_the_message_that_waits() -> None:
    lab = Controlled(settings=replace(config(answering(), resolving()), opinions=False))
    Drive(lab.lab, lab.idp.application, lab.sp.application).connect()
    report = lab.login(fault="wrong-audience")
    assert codes_of(report, "error") == ["audience-mismatch"]
    assert [entry.faults for entry in lab.lab.journal.entries() if entry.event == "artifact-sent"] == [
        ("wrong-audience",)
    ]


RESOLVED = [
    each
    for each in PLAYED
    if each.carrier in {Carrier.ARTIFACT_RESOLVE, Carrier.ARTIFACT_RESPONSE} and not each.receiver and each.sent == 1
]


@functools.cache
def lab_of_artifacts() -> Controlled:
    lab = Controlled(settings=replace(config(answering(), resolving()), opinions=False))
    Drive(lab.lab, lab.idp.application, lab.sp.application).connect()
    return lab


@pytest.mark.parametrize("fault", RESOLVED, ids=lambda each: each.code)
def test_a_fault_where_an_artifact_is_resolved_ends_with_exactly_the_codes_that_it_declares(fault: Fault) -> None:
    lab = lab_of_artifacts()
    lab.lab.forget()
    lab.lab.armed.arm(fault)
    before = lab.lab.journal.newest
    with contextlib.suppress(AssertionError):  # a login that ends in no judgement
        lab.login()
    entries = [each for each in lab.lab.journal.entries() if each.number > before]
    assert [each.faults for each in entries if each.faults] == [(fault.code,)]
    sent = min(each.number for each in entries if each.event == "artifact-sent")
    side = "asserting" if fault.carrier is Carrier.ARTIFACT_RESOLVE else "relying"
    judged = next(each for each in entries if each.accepted is not None and each.side == side and each.number > sent)
    # As a set: what breaks the signatures of both messages is found in both.
    assert {found.code for found in judged.errors} == set(fault.trips)
    assert lab.lab.armed.waiting() == ()


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({}, "end code as a string"),
        ({"code": "wrong-audienc"}, "id you mean wrong-audience or"),
        ({"code": "wrong-audience", "party": "relying"}, "the relying party sends no response"),
        ({"code": "wrong-audience", "party": "okta"}, "nobody is called 'okta'"),
        ({"code": "wrong-audience", "times": 0}, "hoose 1 to 1000"),
        ({"code": "wrong-audience", "times": 10**12}, "hoose 1 to 1000"),
        ({"code": "wrong-audience", "times": True}, "no whole number"),
        ({"code": "wrong-audience", "times": "x"}, "no whole number"),
        ({"code": "wrong-audience", "for": 1}, "does not know 'for'"),
    ],
)
def test_what_cannot_be_armed_is_one_clear_line(wanted: dict[str, object], complaint: str) -> None:
    lab = Controlled()
    answer = lab.control.post("/api/faults", json=wanted, headers=BEARER)
    assert answer.status_code == 400
    assert complaint in answer.get_json()["error"] + answer.get_json()["remedy"]
    assert lab.lab.armed.waiting() == ()


def test_what_the_lab_cannot_play_says_why_and_is_not_armed() -> None:
    lab = Controlled()
    listed = {row["code"]: row["not_played"] for row in lab.control.get("/api/faults").get_json()["faults"]}
    for code in (code for code, why in listed.items() if why):
        answer = lab.control.post("/api/faults", json={"code": code}, headers=BEARER)
        assert (answer.status_code, listed[code] in answer.get_json()["error"]) == (400, True)
    assert lab.lab.armed.waiting() == ()


def test_a_fault_that_finds_nothing_to_fire_in_is_taken_back_and_said() -> None:
    lab = Controlled()
    wanted = {"fault": "answer-to-no-request", "flow": "saml-idp-initiated"}
    answer = lab.control.post("/api/login", json=wanted, headers=BEARER)
    assert (answer.status_code, "nothing was sent" in answer.get_json()["error"]) == (400, True)
    assert lab.login()["verdict"] == "accepted"


def test_faults_that_do_not_go_together_are_one_clear_line() -> None:
    lab = Controlled()
    answer = lab.control.post("/api/login", json={"fault": ["no-conditions", "wrong-audience"]}, headers=BEARER)
    assert answer.status_code == 400
    assert answer.get_json()["error"].startswith("no-conditions and wrong-audience: Nothing was sent: ")
    assert lab.lab.armed.waiting() == ()
    assert lab.login()["verdict"] == "accepted"


def test_a_fault_of_metadata_is_not_for_a_login() -> None:
    answer = Controlled().control.post("/api/login", json={"fault": "expired-certificate-in-metadata"}, headers=BEARER)
    assert (answer.status_code, "POST /api/faults" in answer.get_json()["remedy"]) == (400, True)


def test_arming_needs_the_token() -> None:
    lab = Controlled()
    for answer in (
        lab.control.post("/api/faults", json={"code": "wrong-audience"}),
        lab.control.delete("/api/faults"),
        lab.control.post("/faults", data={"code": "wrong-audience"}),
        lab.control.post("/faults/disarm"),
    ):
        assert answer.status_code == 403
    assert lab.lab.armed.waiting() == ()


def test_the_page_lists_searches_arms_and_disarms() -> None:
    lab = Controlled()
    assert "<button" not in re.sub(r'role="search".*?</form>', "", lab.control.get("/faults").text)
    found = lab.control.get(f"/faults?token={TOKEN}&q=wrong+audience").text
    assert "<option>wrong-audience</option>" in found
    assert "signed-with-ecdsa" not in found
    answer = lab.control.post("/faults", data={"token": TOKEN, "code": "wrong-audience", "times": "2", "party": ""})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/faults?token={TOKEN}")
    page = lab.control.get(f"/faults?token={TOKEN}").text
    assert "<code>wrong-audience</code> for the next response, 2 times" in page
    assert "Armed now: <code>wrong-audience</code>" in lab.control.get("/").text
    lab.control.post("/faults/disarm", data={"token": TOKEN})
    assert lab.lab.armed.waiting() == ()
    lab.login(fault="wrong-audience")
    sent = next(entry for entry in lab.lab.journal.entries() if entry.event == "response-sent")
    assert "with wrong-audience" in lab.control.get("/").text
    assert "<code>wrong-audience</code>" in lab.control.get(f"/journal/{sent.number}").text


def test_two_threads_never_fire_one_arming_twice() -> None:
    fault, armed = fault_called("wrong-audience"), Armed()
    armed.arm(fault, times=1000)
    fired: list[Fault] = []
    start = threading.Barrier(4)

    def take() -> None:
        start.wait()
        for _ in range(400):
            fired.extend(armed.take(Carrier.RESPONSE, "asserting", stages=MESSAGES))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(fired), armed.waiting()) == (1000, ())


def test_a_login_played_with_a_fault_leaves_the_messages_of_others_alone() -> None:
    armed, fault = Armed(), fault_called("wrong-audience")
    armed.arm(fault, thread=threading.get_ident())
    taken: list[tuple[Fault, ...]] = []
    other = threading.Thread(target=lambda: taken.append(armed.take(Carrier.RESPONSE, "asserting", stages=MESSAGES)))
    other.start()
    other.join()
    assert taken == [()]
    assert armed.take(Carrier.RESPONSE, "asserting", stages=MESSAGES) == (fault,)


def test_the_same_keys_serve_every_fault() -> None:
    lab = Pair().lab
    for code in ("signed-with-ecdsa", "signed-with-a-short-rsa-key"):
        arm(lab, code)
    own = lab.asserting.credential
    wanted = [fault_called(code) for code in ("signed-with-ecdsa", "signed-with-a-short-rsa-key")]
    assert lab.tools.special(wanted, own) == lab.tools.special(wanted, own)
    assert lab.tools.throw_away(own.public) is lab.tools.throw_away(own.public)
    assert set(lab.tools.special(wanted, own)) == {"curve", "short-rsa"}


def test_the_key_before_a_swap_is_the_retired_one() -> None:
    lab = Pair().lab
    twin = _retired(lab, lab.asserting)
    assert twin.certificate.subject == lab.asserting.credential.certificate.subject
    assert twin.public.sha256 != lab.asserting.credential.public.sha256
    begun = lab.asserting.credential
    lab.reconfigure(replace(lab.asserting, credential=credential("new")), lab.relying)
    assert _retired(lab, lab.asserting) is begun


def test_the_forged_name_is_another_user_of_the_lab() -> None:
    assert forged_name(Pair().lab, AMIRA.username) == BEN.username
    alone = Pair(settings=replace(config(), users=(AMIRA,))).lab
    assert forged_name(alone, AMIRA.username) == "admin@greenmoor.org"
