"""What the mock asserting party hands the browser in the end: a Response that asserts a user, or one that declines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.cutover.scene import Flow
from ssolab.salesforce.org import user_record
from ssolab.saml.bindings import encode_post
from ssolab.saml.issue import draft_refusal, draft_response, seal
from ssolab.saml.logout_checks import Session
from ssolab.saml.names import AUTHN_FAILED, RESPONDER
from ssolab.saml.obligations import name_for
from ssolab.saml.statuses import Declined
from ssolab.web.apps import name_by_app, spoken_to
from ssolab.web.artifact import by_artifact, send_artifact
from ssolab.web.pages import draw, nonce, posts_to

if TYPE_CHECKING:
    from flask import Response

    from ssolab.cutover.model import User
    from ssolab.saml.parties import AssertingParty
    from ssolab.saml.statements import Attribute
    from ssolab.web.errands import Errand, LastLogin
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
    response = draft_response(
        asserting,
        now=now,
        new_id=new_id,
        name_id=name,
        attributes=_attributes(asserting, user),
        acs=errand.acs or asserting.default_acs,
        in_response_to=errand.request.id if errand.request else None,
        authn_instant=min(login.at, now),  # the clock may have been moved back since
    )
    xml = seal(
        response,
        asserting.credential,
        sign=asserting.sign,
        hash=asserting.hash,
        flavour=asserting.flavour,
        encrypt=asserting.encryption,
    )
    for statement in response.assertions[0].authn_statements:
        lab.sessions["asserting"].begin(asserting.relying, Session(name, statement.session_index), now)
    return _send(lab, errand, xml, f"Response for {user.username}", user.username)


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
    xml = seal(response, asserting.credential, sign="response", hash=asserting.hash, flavour=asserting.flavour)
    return _send(lab, errand, xml, f"Response without an assertion ({why.codes[-1].rpartition(':')[2]})", None)


def _send(lab: Lab, errand: Errand, xml: bytes, what: str, username: str | None) -> Response:
    asserting = spoken_to(lab, errand)
    acs = errand.acs or asserting.default_acs
    if by_artifact(asserting, acs):
        return send_artifact(lab, errand, xml, what, username)
    location = acs.location
    lab.record(
        side="asserting",
        event="response-sent",
        summary=f"{what} sent to {location}",
        flow=Flow.SAML_SP_INITIATED if errand.request else Flow.SAML_IDP_INITIATED,
        user=username,
        message=xml,
    )
    form = encode_post(xml, location=location, relay_state=errand.relay_state)
    posts_to(form.action)
    return draw("post.html", heading=f"Taking you to {asserting.relying}", form=form, nonce=nonce())


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
