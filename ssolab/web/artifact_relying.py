"""The mock relying party's side of an artifact: it asks the keeper, over a connection of its own, what was meant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ssolab.core.findings import Opinion, Report
from ssolab.faults.engine import Carrier, Sealing
from ssolab.saml.artifact import Artifact
from ssolab.saml.artifact_issue import draft_resolve
from ssolab.saml.artifact_resolve_checks import artifact_of_another_issuer, foreign_artifact
from ssolab.saml.artifact_response import accept_artifact_response, artifact_endpoint_unknown, resolution_expected_of
from ssolab.saml.checks import expected_of
from ssolab.saml.judging import OURS
from ssolab.saml.names import SOAP
from ssolab.saml.soap import unwrap
from ssolab.web.firing import fire
from ssolab.web.keys import signing_key
from ssolab.web.refreshing import judged_afresh

if TYPE_CHECKING:
    from ssolab.core.findings import Finding
    from ssolab.saml.artifact import Carried
    from ssolab.saml.checks import Principal
    from ssolab.saml.metadata import IndexedEndpoint
    from ssolab.saml.parties import RelyingParty
    from ssolab.web.lab import Lab


def resolved(lab: Lab, carried: Carried) -> tuple[bytes, Report[Principal]]:
    """Resolve what the browser brought: the ArtifactResponse as XML, empty where nobody was asked, and the judgement.

    Raises:
        InputError: the artifact cannot be read, nobody answers, or with something that is no ArtifactResponse.
    """
    relying = lab.relying
    artifact = Artifact.read(carried.artifact, "the artifact")
    if not artifact.is_of(relying.asserting):
        return b"", _refused(artifact_of_another_issuer.finding(foreign_artifact(artifact, relying.asserting)))
    service = _service(relying, artifact)
    if service is None:
        known = [each.index for each in relying.artifact_resolution]
        return b"", _refused(artifact_endpoint_unknown(artifact, known, relying.asserting))
    now = lab.now()
    resolve = draft_resolve(relying, artifact, location=service.location, now=now, new_id=lambda: lab.request_id(now))
    sign = "request" if relying.sign_requests else "none"
    fired = fire(lab, Carrier.ARTIFACT_RESOLVE, relying, "relying", address=service.location)
    question = fired.enveloped(
        resolve, Sealing(credential=relying.credential, sign=fired.style(sign), hash=relying.hash)
    )
    lab.record(
        side="relying",
        event="resolve-sent",
        summary=f"ArtifactResolve ({'signed' if relying.sign_requests else 'unsigned'}) sent to {service.location}",
        message=question,
        faults=fired.codes,
    )
    xml = unwrap(lab.resolve(service.location, question), "the answer")
    opinions, known_keys = lab.config.opinions, signing_key(lab.asserting)

    def judge() -> Report[Principal]:
        party, now = lab.relying, lab.now()
        around = resolution_expected_of(party, now=now, resolve=resolve.id, opinions=opinions)
        login = expected_of(party, now=now, pending=lab.pending.keys(), replay=lab.seen, opinions=opinions)
        return accept_artifact_response(xml, replace(around, known=known_keys), replace(login, known=known_keys))

    return xml, judged_afresh(lab, "relying", judge)


def _service(relying: RelyingParty, artifact: Artifact) -> IndexedEndpoint | None:
    """Give the address that the artifact names by its index, if it is one for SOAP."""
    soap = (each for each in relying.artifact_resolution if each.binding == SOAP)
    return next((each for each in soap if each.index == artifact.endpoint_index), None)


def _refused(finding: Finding) -> Report[Principal]:
    """Report that nobody was asked, and why."""
    return Report(findings=(finding,), principal=None, signature=None, verifiers={OURS: Opinion.NOT_APPLICABLE})
