"""What a fault must not do beside the verdict: change the lab, run on its pages, forge its log, or show a secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from ssolab.cli.serve import bound_host
from ssolab.core.catalog import entries_of
from ssolab.core.findings import ConfigError
from ssolab.faults import calls
from ssolab.faults.engine import Call, Carrier, Fault, Stage, altered
from ssolab.faults.issuing import posted
from ssolab.faults.saml import faults
from ssolab.faults.saml.markup import SCRIPT
from ssolab.render import printable
from ssolab.sources import catalog
from ssolab.web.control import create_control_app
from tests.faults.parts import issued, kit
from tests.saml.samples import ACS, asserting, private, relying
from tests.web.parts import Pair, config

if TYPE_CHECKING:
    from ssolab.core.keys import PrivateKey

TOKEN: Final = "a-token-of-the-tests"
CALLS: Final = entries_of((calls,), Fault)
RESPONSES: Final = [each for each in faults() if each.carrier is Carrier.RESPONSE and each.stage is not Stage.QUERY]
GOOD: Final = Call(
    method="POST",
    path="/api/clock",
    headers={"Host": "127.0.0.1:8082", "Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"},
    body=b'{"advance": "PT1H"}',
)


class Lab(Pair):
    """A lab of the parties that the faults know, with its control page."""

    def __init__(self) -> None:
        super().__init__(settings=config(asserting(), relying()))
        self.control = create_control_app(self.lab, self.idp.application, self.sp.application).test_client()

    def call(self, call: Call) -> tuple[int, Any]:
        """Make a call, and give the status and the JSON of its answer."""
        answer = self.control.open(call.path, method=call.method, headers=dict(call.headers), data=call.body)
        return answer.status_code, answer.get_json()

    def pages_after(self, fault: Fault) -> list[str]:
        """Send a Response with a fault and a hostile RelayState, and give every page and answer that shows it."""
        sign, tools = fault.signs[0], kit()
        xml = issued(fault, sign=sign, tools=tools)
        form = posted(xml, tools, [fault], location=ACS, relay_state=SCRIPT)
        answer = self.sp.post("/saml/acs", data=dict(form.fields))
        shown = [answer.text, self.control.get("/").text, self.control.get("/api/journal").text]
        if entries := self.lab.journal.entries():
            shown.append(self.control.get(f"/journal/{entries[-1].number}").text)
        return shown


def test_the_call_without_a_fault_changes_the_lab() -> None:
    lab = Lab()
    before = lab.lab.now()
    status, _ = lab.call(GOOD)
    assert status == 200
    assert lab.lab.now() > before


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.code) for each in CALLS])
def test_a_call_with_a_fault_changes_nothing_and_says_why(fault: Fault) -> None:
    lab = Lab()
    before = lab.lab.now()
    status, said = lab.call(altered([fault], Stage.CALL, GOOD, kit()))
    assert (said["code"],) == fault.trips
    assert 400 <= status < 500
    assert said["error"].endswith(".")
    assert lab.lab.now() == before
    assert lab.call(GOOD)[0] == 200


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.code) for each in CALLS])
def test_a_refusal_of_a_call_can_be_explained(fault: Fault) -> None:
    assert set(fault.trips) <= {each.code for each in catalog()}


def secrets_of(key: PrivateKey) -> list[str]:
    """Give the private numbers of a key, as a careless program would write them."""
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = key.private_numbers()
    return [written for each in (numbers.d, numbers.p, numbers.q) for written in (str(each), f"{each:x}")]


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.code) for each in RESPONSES])
def test_no_page_or_journal_entry_shows_a_secret_or_runs_what_came_in(fault: Fault) -> None:
    shown = Lab().pages_after(fault)
    hidden = [TOKEN, "PRIVATE KEY", *secrets_of(private("idp")), *secrets_of(private("sp"))]
    assert not [each for each in hidden if any(each in page for page in shown)]
    pages = [page for page in shown if page.lstrip().startswith("<")]
    assert pages
    assert not [page for page in pages if "<script>alert" in page or "<img src=x" in page]


@pytest.mark.parametrize("code", [each.code for each in RESPONSES if each.row in {"O-01", "O-03"}])
def test_hostile_texts_are_in_the_journal_and_told_in_one_line(code: str) -> None:
    lab = Lab()
    (fault,) = [each for each in RESPONSES if each.code == code]
    shown = lab.pages_after(fault)
    assert json.loads(shown[2])["entries"]
    for entry in lab.lab.journal.entries():
        for said in (entry.summary, *(found.message for found in entry.findings)):
            line = printable(said)
            assert len(line.splitlines()) <= 1
            assert not [each for each in line if each < " " or "\x7f" <= each <= "\x9f"]


def test_names_from_metadata_are_shown_as_text_on_every_side() -> None:
    pair = Pair(settings=config(asserting(entity_id=SCRIPT), relying(entity_id=SCRIPT, asserting=SCRIPT)))
    control = create_control_app(pair.lab, pair.idp.application, pair.sp.application).test_client()
    pages = [control.get("/").text, pair.idp.get("/").text, pair.sp.get("/").text]
    assert all("&lt;script&gt;alert(1)" in page for page in pages)
    assert not [page for page in pages if "<script>alert" in page or "<img src=x" in page]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.1", "::"])  # noqa: S104  they are refused
def test_a_lab_that_others_could_reach_is_not_started_by_accident(host: str) -> None:
    with pytest.raises(ConfigError, match="others could reach the lab there"):
        bound_host(host, unsafe=False)
    assert bound_host(host, unsafe=True) == host
