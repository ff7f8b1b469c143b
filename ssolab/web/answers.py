"""What the mock asserting party hands the browser in the end: a Response that asserts a user, or one that declines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.cutover.scene import Flow
from ssolab.faults.engine import Carrier, Sealing
from ssolab.salesforce.org import user_record
from ssolab.saml.issue import draft_refusal, draft_response
from ssolab.saml.logout_checks import Session
from ssolab.saml.names import AUTHN_FAILED, RESPONDER
from ssolab.saml.obligations import name_for
from ssolab.saml.statuses import Declined
from ssolab.web.apps import name_by_app, spoken_to
from ssolab.web.armed import MESSAGES, STAGES
from ssolab.web.artifact import by_artifact, send_artifact
from ssolab.web.firing import NOTHING, fire
from ssolab.web.forms import send_form

if TYPE_CHECKING:
    from flask import Response

    from ssolab.cutover.model import User
    from ssolab.saml.parties import AssertingParty
    from ssolab.saml.statements import Attribute
    from ssolab.web.errands import Errand, LastLogin
    from ssolab.web.firing import Fired
    from ssolab.web.lab import Lab

REFUSED_BY_USER: Final = Declined((RESPONDER, AUTHN_FAILED), "the user declined to log in")


def assert_user(lab: Lab, errand: Errand, login: LastLogin) -> Response:
    """Say to the service provider who logged in, and when."""
    asserting, now, user = spoken_to(lab, errand), lab.now(), login.user

    def new_id() -> str:
        return lab.response_id(now)

    name = name_by_app(lab, errand.app, user, new_id) or name_for(
        errand.request, user.username, issuer=asserting.entity_id, audience=asserting.relying, new_id=new_id
    )
    acs = errand.acs or asserting.default_acs
    fired = fire(
        lab,
        Carrier.RESPONSE,
        asserting,
        "asserting",
        address=acs.location,
        genuine=name.value,
        stages=MESSAGES if by_artifact(asserting, acs) else STAGES[Carrier.RESPONSE],
        lacks=() if errand.request else ("request",),
    )
    response = draft_response(
        asserting,
        now=now,
        new_id=new_id,
        name_id=name,
        attributes=_attributes(asserting, user),
        acs=acs,
        in_response_to=errand.request.id if errand.request else None,
        authn_instant=min(login.at, now),  # the clock may have been moved back since
    )
    sealing = Sealing(
        credential=asserting.credential,
        sign=fired.style(asserting.sign),
        hash=asserting.hash,
        encrypt=fired.encryption(asserting.encryption),
    )
    xml = fired.sealed(response.element(), sealing, flavour=asserting.flavour)
    for statement in response.assertions[0].authn_statements:
        lab.sessions["asserting"].begin(asserting.relying, Session(name, statement.session_index), now)
    return _send(lab, errand, xml, f"Response for {user.username}", username=user.username, fired=fired)


def decline(lab: Lab, errand: Errand, why: Declined) -> Response:
    """Say to the service provider that nobody is asserted, and why; signed, so that it can be believed."""
    asserting, now = spoken_to(lab, errand), lab.now()
    response = draft_refusal(
        asserting,
        now=now,
        new_id=lambda: lab.response_id(now),
        codes=why.codes,
        message=why.message,
        acs=errand.acs or asserting.default_acs,
        in_response_to=errand.request.id if errand.request else None,
    )
    sealing = Sealing(credential=asserting.credential, sign="response", hash=asserting.hash)
    xml = NOTHING.sealed(response.element(), sealing, flavour=asserting.flavour)
    return _send(lab, errand, xml, f"Response without an assertion ({why.codes[-1].rpartition(':')[2]})")


def _send(  # noqa: PLR0913  the message, for whom it is, and what is wrong with it
    lab: Lab, errand: Errand, xml: bytes, what: str, *, username: str | None = None, fired: Fired = NOTHING
) -> Response:
    asserting = spoken_to(lab, errand)
    acs = errand.acs or asserting.default_acs
    if by_artifact(asserting, acs):
        return send_artifact(lab, errand, xml, what, username=username, faults=fired.codes)
    location = acs.location
    lab.record(
        side="asserting",
        event="response-sent",
        summary=f"{what} sent to {location}",
        flow=Flow.SAML_SP_INITIATED if errand.request else Flow.SAML_IDP_INITIATED,
        user=username,
        message=xml,
        faults=fired.codes,
    )
    form = fired.posted(
        xml, location=location, message="SAMLResponse", relay_state=fired.relay_state(errand.relay_state)
    )
    return send_form(form, asserting.relying, times=fired.sent)


def _attributes(asserting: AssertingParty, user: User) -> dict[str, tuple[str, ...] | Attribute]:
    """Say what the user's attributes are; Salesforce states four of its own by default."""
    if asserting.flavour != "salesforce":
        return {**user.attributes, **user.stated}
    own = {
        "userId": (user_record(user.username),),
        "username": (user.username,),
        "email": (user.username,),
        "is_portal_user": ("false",),
    }
    return {**own, **user.attributes, **user.stated}
