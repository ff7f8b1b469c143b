"""The mock asserting party's artifacts: the browser gets a reference, the message waits for whom it was made.

The address that gives messages out answers a message that it does not believe as one that it does: with SOAP, and with
nothing that a thief could use.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from flask import Response, request
from werkzeug.exceptions import UnsupportedMediaType

from ssolab.core.findings import InputError
from ssolab.core.xmltree import parse
from ssolab.cutover.scene import Flow
from ssolab.faults.engine import Carrier, Sealing
from ssolab.saml.artifact import HANDLE_LENGTH, Artifact, encode_artifact
from ssolab.saml.artifact_issue import draft_artifact_response
from ssolab.saml.artifact_resolve import Held, accept_resolve, resolve_expected_of, status_of
from ssolab.saml.names import ARTIFACT, POST
from ssolab.saml.soap import EnvelopeError, Fault, unwrap
from ssolab.web.firing import NOTHING, fire
from ssolab.web.keys import signing_key
from ssolab.web.pages import redirect
from ssolab.web.refreshing import judged_afresh
from ssolab.web.verdicts import findings_of

if TYPE_CHECKING:
    from ssolab.core.findings import Report
    from ssolab.saml.artifact_resolve import Released
    from ssolab.saml.metadata import IndexedEndpoint
    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.web.errands import Errand
    from ssolab.web.lab import Lab, LabConfig

BINDINGS: Final = {"post": POST, "artifact": ARTIFACT}
"""How the lab's addresses call the bindings of a Response."""
SOAP_TYPE: Final = "text/xml"
SOAP_TYPES: Final = frozenset({SOAP_TYPE, "application/soap+xml"})
"""What a request may say it is: SOAP 1.1, and what some service providers call that."""


def by_artifact(asserting: AssertingParty, acs: IndexedEndpoint) -> bool:
    """Say whether an answer to that address goes by artifact."""
    return acs.binding == ARTIFACT and bool(asserting.artifact_resolution)


def wanted_acs(party: AssertingParty | RelyingParty, binding: str | None) -> IndexedEndpoint | None:
    """Give the address for the binding that an address of the lab was asked for with; None where it named none.

    Raises:
        InputError: there is no such binding, or the pair has no address for it.
    """
    if binding is None:
        return None
    if binding not in BINDINGS:
        raise InputError("binding", f"{binding!r} is none", f"choose one of {', '.join(BINDINGS)}")
    if not any(each.binding == BINDINGS[binding] for each in party.acs):
        problem = f"no Response comes by {binding} on this link"
        raise InputError("binding", problem, "start the lab with --response-binding artifact for both of them")
    return party.acs_for(BINDINGS[binding])


def answering_by(config: LabConfig, binding: str | None) -> LabConfig:
    """Have the asserting party of every link answer by that binding where it has the choice; None changes nothing."""
    if binding is None:
        return config

    def told(asserting: AssertingParty) -> AssertingParty:
        return replace(asserting, response_binding=BINDINGS[binding])

    others = tuple(replace(play, asserting=told(play.asserting)) for play in config.others)
    return replace(config, asserting=told(config.asserting), others=others)


def send_artifact(  # noqa: PLR0913  the message, for whom it is, and what is wrong with it
    lab: Lab, errand: Errand, xml: bytes, what: str, *, username: str | None, faults: tuple[str, ...] = ()
) -> Response:
    """Keep a message and send the browser on with the artifact that stands for it."""
    asserting = lab.asserting
    location = (errand.acs or asserting.default_acs).location
    index = asserting.artifact_resolution[0].index
    artifact = Artifact.of(asserting.entity_id, secrets.token_bytes(HANDLE_LENGTH), endpoint_index=index)
    until = lab.now() + asserting.message_life
    lab.artifacts.keep(artifact.text, Held(message=xml, requester=asserting.relying, until=until))
    lab.record(
        side="asserting",
        event="artifact-sent",
        summary=f"{what} kept, and an artifact for it sent to {location}",
        flow=Flow.SAML_SP_INITIATED if errand.request else Flow.SAML_IDP_INITIATED,
        user=username,
        message=xml,
        faults=faults,
    )
    return redirect(encode_artifact(artifact, location=location, relay_state=errand.relay_state), code=302)


def answer_resolve(lab: Lab) -> Response:
    """Answer an ArtifactResolve: with the message, with an empty Success, or with a denial (SAML2Core 3.5.3).

    Raises:
        UnsupportedMediaType: what was sent does not say that it is SOAP.
    """
    if request.mimetype not in SOAP_TYPES:
        sent = request.mimetype or "nothing"
        raise UnsupportedMediaType(f"This address takes SOAP 1.1, sent as {SOAP_TYPE}; this was sent as {sent}.")

    def judge() -> Report[Released]:
        expected = resolve_expected_of(lab.asserting, now=lab.now(), memory=lab.artifacts, opinions=lab.config.opinions)
        return accept_resolve(xml, replace(expected, known=signing_key(lab.relying)))

    try:
        xml = unwrap(request.get_data(), "the envelope")
        report = judged_afresh(lab, "asserting", judge)
    except InputError as error:
        lab.record(
            side="asserting",
            event="unreadable",
            summary=f"ArtifactResolve not read: {error.problem}",
            accepted=False,
            findings=findings_of(error),
        )
        code = error.fault_code if isinstance(error, EnvelopeError) else "Client"
        return _soap(Fault(code, f"{error.problem}; {error.remedy}").write(), status=500)  # SAML2Bind 3.2.3.3
    asserting, now = lab.asserting, lab.now()
    released = report.principal
    status = status_of(report)
    outcome = "answered" if released else "answered with nothing" if status.success else "denied"
    lab.record(
        side="asserting",
        event="resolve-judged",
        summary=f"ArtifactResolve of {asserting.relying} {outcome}",
        accepted=released is not None,
        findings=report.findings,
        signature=report.signature,
        verifiers=report.verifiers,
        message=xml,
    )
    answer = draft_artifact_response(
        asserting,
        now=now,
        new_id=lambda: lab.response_id(now),
        status=status,
        in_response_to=parse(xml, "ArtifactResolve").get("ID"),
        message=released.message if released else None,
    )
    fired = NOTHING
    if released:
        fired = fire(lab, Carrier.ARTIFACT_RESPONSE, asserting, "asserting", address=asserting.relying)
    # In the words of faults, "assertion" is an answer around a signed message that is not signed itself.
    sign = "none" if fired.style("response") == "assertion" else "response"
    sealing = Sealing(credential=asserting.credential, sign=sign, hash=asserting.hash)
    envelope = fired.enveloped(answer, sealing)
    lab.record(
        side="asserting",
        event="resolve-answered",
        summary=f"ArtifactResponse {'with a message' if released else 'without a message'} sent",
        message=envelope,
        faults=fired.codes,
    )
    return _soap(envelope)


def _soap(envelope: bytes, *, status: int = 200) -> Response:
    return Response(envelope, status=status, content_type=f"{SOAP_TYPE}; charset=utf-8")
