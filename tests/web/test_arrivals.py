"""How a message arrives: by the wrong method, as another content, twice, without a cookie, with a RelayState."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from ssolab.faults.engine import Carrier
from ssolab.faults.saml import faults
from tests.faults.parts import kit
from tests.web.parts import AMIRA, Pair

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

_FIELD: Final = re.compile(r'name="SAMLResponse" value="([^"]+)"')
ACS_PATH: Final = "/saml/acs"


def response_of(pair: Pair) -> str:
    """The value of the field with which a user's browser would log in, unasked for."""
    page = pair.idp.get("/saml/start").text
    errand = re.search(r'name="errand" value="([^"]+)"', page)
    assert errand is not None
    form = _FIELD.search(pair.idp.post("/login", data={"errand": errand[1], "username": AMIRA.username}).text)
    assert form is not None
    return form[1]


def logs_in(answer: TestResponse) -> bool:
    return answer.status_code == 200 and AMIRA.username in answer.text


def test_the_valid_response_in_a_form_logs_in() -> None:
    pair = Pair()
    assert logs_in(pair.sp.post(ACS_PATH, data={"SAMLResponse": response_of(pair)}))


def test_a_response_in_an_address_is_not_taken_and_the_page_says_how_it_is_sent() -> None:
    pair = Pair()
    answer = pair.sp.get(ACS_PATH, query_string={"SAMLResponse": response_of(pair)})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "HTTP-POST" in answer.text


@pytest.mark.parametrize("parameter", ["SAMLResponse", "SAMLRequest", "SAMLart"])
def test_a_message_in_the_address_of_a_form_refuses_both(parameter: str) -> None:
    pair = Pair()
    value = response_of(pair)
    answer = pair.sp.post(ACS_PATH, query_string={parameter: value}, data={"SAMLResponse": value})
    assert answer.status_code == 400
    assert f"{parameter} stands in the address of a POST" in answer.text
    assert logs_in(pair.sp.post(ACS_PATH, data={"SAMLResponse": value}))


@pytest.mark.parametrize("kind", ["application/json", "text/xml", "text/plain"])
def test_another_kind_of_content_is_no_form(kind: str) -> None:
    pair = Pair()
    body = f"SAMLResponse={response_of(pair)}"
    answer = pair.sp.post(ACS_PATH, data=body, content_type=kind)
    assert answer.status_code == 400
    assert "neither SAMLRequest nor SAMLResponse" in answer.text


def test_no_login_hangs_on_a_cookie_that_a_browser_would_not_send_from_another_site() -> None:
    pair = Pair()
    value = response_of(pair)
    pair.sp.delete_cookie("session")
    assert logs_in(pair.sp.post(ACS_PATH, data={"SAMLResponse": value}, headers={"Origin": "null"}))


@pytest.mark.parametrize(
    "code", [each.code for each in faults() if each.row == "B-05" and each.carrier is Carrier.RESPONSE]
)
def test_no_relay_state_leads_a_login_away_or_runs(code: str) -> None:
    (fault,) = (each for each in faults() if each.code == code)
    pair = Pair()
    fields = dict(fault.alter((("SAMLResponse", response_of(pair)),), kit()))
    answer = pair.sp.post(ACS_PATH, data=fields)
    assert logs_in(answer)
    assert "Location" not in answer.headers
    assert "<script>alert" not in answer.text
    assert f'href="{fields["RelayState"]}' not in answer.text
