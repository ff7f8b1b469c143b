"""Both sides of resolving an artifact for the faults: a question for the message, and the answer, each at its door."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ssolab.core.findings import InputError
from ssolab.faults.engine import Carrier, Sealing
from ssolab.faults.issuing import enveloped
from ssolab.saml.artifact import Artifact
from ssolab.saml.artifact_issue import draft_artifact_response, draft_resolve
from ssolab.saml.artifact_resolve import Held, accept_resolve, resolve_expected_of
from ssolab.saml.artifact_response import accept_artifact_response, resolution_expected_of
from ssolab.saml.messages import Status
from ssolab.saml.metadata import IndexedEndpoint
from ssolab.saml.names import SOAP
from ssolab.saml.soap import unwrap
from tests.faults.parts import Outcome, Seen, issued, kit, look_alike, outcome, refused, settings_of
from tests.saml.samples import IDP, NOW, SP, asserting, credential, expected, relying

if TYPE_CHECKING:
    from ssolab.faults.engine import Fault

WHERE = "https://idp.example.org/artifact"
ARTIFACT = Artifact.of(IDP, bytes(range(20)))
ASKED = "_resolve"
KEPT = b"<the-message/>"


class Kept:
    """A memory with one message, which is given out once."""

    def __init__(self) -> None:
        self.held = {ARTIFACT.text: Held(message=KEPT, requester=SP, until=NOW + timedelta(minutes=5))}

    def take(self, artifact: str) -> Held | None:
        """Give the message and forget it."""
        if (found := self.held.get(artifact)) is not None:
            self.held[artifact] = replace(found, message=None)
        return found


def ask_for_a_message(*faults: Fault, sign: str = "request", opinions: bool = False) -> Outcome:
    """Send an ArtifactResolve of the service provider; the name of the outcome is the message that is given out."""
    tools = replace(kit(), own=credential("sp"), foreign=look_alike("sp"), recipient=IDP, address=WHERE)
    draft = draft_resolve(relying(), ARTIFACT, location=WHERE, now=NOW, new_id=tools.new_id)
    party = asserting(artifact_resolution=(IndexedEndpoint(binding=SOAP, location=WHERE),))
    here = resolve_expected_of(party, now=NOW, memory=Kept(), opinions=opinions)
    here = replace(here, **settings_of(faults, tools))
    said = Outcome((), (), None)
    for _ in range(max((each.sent for each in faults), default=1)):
        try:
            sent = enveloped(draft, Sealing(credential=tools.own, sign=sign), tools, faults)
            report = accept_resolve(unwrap(sent, "question"), here)
        except InputError as error:
            said = refused(error)
        else:
            given = report.principal.message if report.principal else None
            said = outcome(report, given.decode() if given else None)
    return said


def answer_with_a_message(*faults: Fault, sign: str = "both", opinions: bool = False) -> Outcome:
    """Send an ArtifactResponse of the identity provider; the name of the outcome is that of who is logged in.

    Signed is the assertion in its Response, the answer around that, or both.
    """
    tools = kit()
    draft = draft_artifact_response(
        asserting(),
        now=NOW,
        new_id=tools.new_id,
        status=Status(),
        in_response_to=ASKED,
        message=issued(
            *(replace(each, alter=lambda value, _kit: value) for each in faults), sign=_inner(sign), tools=tools
        ),
    )
    sealing = Sealing(credential=tools.own, sign="none" if sign == "assertion" else "response")
    here = resolution_expected_of(relying(), now=NOW, resolve=ASKED, opinions=opinions)
    try:
        sent = enveloped(draft, sealing, tools, faults)
        report = accept_artifact_response(
            unwrap(sent, "answer"),
            replace(here, **settings_of(faults, tools)),
            expected(replay=Seen(), opinions=opinions),
        )
    except InputError as error:
        return refused(error)
    return outcome(report, report.principal.name_id if report.principal else None)


def _inner(sign: str) -> str:
    return "none" if sign == "response" else "assertion"


def deliver(fault: Fault, sign: str, **options: Any) -> Outcome:
    """Send what carries a fault to whoever has to refuse it."""
    play = ask_for_a_message if fault.carrier is Carrier.ARTIFACT_RESOLVE else answer_with_a_message
    return play(fault, sign=sign, **options)
