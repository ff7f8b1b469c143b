"""Both sides of a single logout for the faults: a request to end a session and the answer to it, each at its door."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ssolab.core.findings import InputError
from ssolab.faults.engine import Carrier, Sealing, Stage, speaks_of
from ssolab.faults.issuing import addressed, posted, sealed
from ssolab.saml.bindings import decode_post, decode_redirect
from ssolab.saml.logout_acceptance import (
    Session,
    accept_logout_request,
    accept_logout_response,
    logout_expected_of,
    logout_response_expected_of,
)
from ssolab.saml.logout_issue import draft_logout_request, draft_logout_response
from tests.faults.parts import FORGED, GENUINE, Outcome, kit, look_alike, outcome, refused, settings_of
from tests.saml.logout_samples import AMIRA, ASKED, IDP_SLO, SP_SLO, STRANGER, idp, sp
from tests.saml.samples import IDP, NOW, SP, credential

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault, Kit
    from ssolab.saml.bindings import MessageName, Received
    from ssolab.saml.logout import LogoutRequest, LogoutResponse

VICTIM = replace(AMIRA, value=FORGED)
SESSIONS = (Session(AMIRA, "_desk"), Session(AMIRA, "_phone"), Session(VICTIM, "_victims"), STRANGER)
ONE = {GENUINE: SESSIONS[0], FORGED: SESSIONS[2]}
"""Which session ends where that person shall be logged out."""


@dataclass(frozen=True)
class Carried:
    """A message, who sends it, and how its receiver is called."""

    draft: LogoutRequest | LogoutResponse
    tools: Kit
    message: MessageName
    location: str


def received(carried: Carried, faults: tuple[Fault, ...], sign: str) -> Received:
    """Send a logout message with those faults, by form, or by redirect where it is signed in the query."""
    tools = carried.tools
    element = carried.draft.element()
    if sign == "query" or any(each.stage is Stage.QUERY for each in faults):
        sealing = Sealing(credential=tools.own, sign="query")
        sent = addressed(element, sealing, tools, faults, location=carried.location, message=carried.message)
        return decode_redirect(sent.url.partition("?")[2])
    xml = sealed(element, Sealing(credential=tools.own, sign=sign), tools, faults)
    return decode_post(posted(xml, tools, faults, location=carried.location, message=carried.message).fields)


def ask_to_log_out(*faults: Fault, sign: str = "request", opinions: bool = False) -> Outcome:
    """Send a LogoutRequest of the service provider, and say what the identity provider makes of it.

    The name of the outcome is that of each session which ends, with its index.
    """
    tools = replace(kit(), own=credential("sp"), foreign=look_alike("sp"), recipient=IDP, address=IDP_SLO)
    session = ONE[speaks_of(faults, tools)]
    draft = draft_logout_request(
        sp(), now=NOW, new_id=tools.new_id, name_id=session.name_id, session_indexes=[session.session_index or ""]
    )
    carried = Carried(draft, tools, "SAMLRequest", IDP_SLO)
    left, said = set(SESSIONS), Outcome((), (), None)
    for _ in range(max((each.sent for each in faults), default=1)):
        here = logout_expected_of(idp(), now=NOW, sessions=left, opinions=opinions)
        try:
            arrived = received(carried, faults, sign)
            report = accept_logout_request(arrived, replace(here, **settings_of(faults, tools)))
        except InputError as error:
            said = refused(error)
            continue
        if report.principal is None:
            said = outcome(report, None)
            continue
        ended = report.principal.sessions or ()
        left -= set(ended)
        said = outcome(report, ", ".join(sorted(f"{each.name_id.value} {each.session_index}" for each in ended)))
    return said


def answer_a_logout(*faults: Fault, sign: str = "response", opinions: bool = False) -> Outcome:
    """Send a LogoutResponse of the identity provider, and say what the service provider makes of it.

    The name of the outcome is that of the logout which it answers.
    """
    tools = replace(kit(), recipient=SP, address=SP_SLO)
    draft = draft_logout_response(idp(), now=NOW, new_id=tools.new_id, in_response_to=ASKED)
    carried = Carried(draft, tools, "SAMLResponse", SP_SLO)
    pending, said = {ASKED}, Outcome((), (), None)
    for _ in range(max((each.sent for each in faults), default=1)):
        here = logout_response_expected_of(sp(), now=NOW, pending=pending, opinions=opinions)
        try:
            arrived = received(carried, faults, sign)
            report = accept_logout_response(arrived, replace(here, **settings_of(faults, tools)))
        except InputError as error:
            said = refused(error)
            continue
        answered = report.principal.response.in_response_to if report.principal else None
        pending = pending - {answered}
        said = outcome(report, None if report.principal is None else f"the answer to {answered}")
    return said


def deliver(fault: Fault, sign: str, **options: Any) -> Outcome:
    """Send what carries a fault to whoever has to refuse it."""
    play = ask_to_log_out if fault.carrier is Carrier.LOGOUT_REQUEST else answer_a_logout
    return play(fault, sign=sign, **options)
