"""pysaml2 as service provider resolves artifacts at our identity provider, over SOAP, with its own signed question.

As identity provider it cannot be met: it writes the EndpointIndex of its artifacts as two ASCII digits instead of two
octets, so that index 0 reads as 12336, which no metadata has.
"""

from __future__ import annotations

import base64
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from saml2 import BINDING_HTTP_ARTIFACT, BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import SPConfig
from saml2.entity import create_artifact
from saml2.metadata import entity_descriptor
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256
from werkzeug.test import Client

from ssolab.core.xmltree import parse
from ssolab.saml.artifact import Artifact, ArtifactResponse
from ssolab.saml.metadata import IndexedEndpoint, write_entity
from ssolab.saml.names import SOAP
from ssolab.saml.soap import unwrap
from ssolab.web.idp import create_asserting_app
from tests.interop.pair import AMIRA, OUR_IDP, PEER_ACS, PEER_SP, OurIdP, credential, our_idp_metadata, shown
from tests.interop.programs import needs
from tests.interop.test_pysaml2 import files_of

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.saml.parties import SignedParts

pytestmark = needs("xmlsec1")

HERE = IndexedEndpoint(binding=SOAP, location="https://idp.ours.example/saml/artifact", index=0)


class Meeting:
    """pysaml2 and our identity provider, which it asks over our own route."""

    def __init__(self, folder: Path, sign: SignedParts) -> None:
        own = credential("idp")
        service = {
            "endpoints": {
                "assertion_consumer_service": [(PEER_ACS, BINDING_HTTP_ARTIFACT), (PEER_ACS, BINDING_HTTP_POST)]
            },
            "authn_requests_signed": True,
            "want_response_signed": sign != "assertion",
            "want_assertions_signed": sign != "response",
        }
        config = files_of(credential("sp"), folder) | {"entityid": PEER_SP, "service": {"sp": service}}
        theirs = str(entity_descriptor(SPConfig().load(dict(config)))).encode()
        entity = our_idp_metadata(own, wants_signed=True)
        assert entity.idp is not None
        entity = replace(entity, idp=replace(entity.idp, artifact_resolution_services=(HERE,)))
        inline = {"metadata": {"inline": [write_entity(entity).decode()]}}
        self.peer = Saml2Client(SPConfig().load(config | inline))
        self.peer.send = self.carry
        self.ours = OurIdP.for_partner(theirs, own, sign=sign, artifact_resolution=(HERE,))

    def carry(self, url: str, method: str, data: str, headers: dict[str, str]) -> Any:
        """Bring a question of pysaml2 to our route, as its HTTP client would."""
        assert (url, method) == (HERE.location, "POST")
        answer = Client(create_asserting_app(self.ours.lab)).post(
            "/saml/artifact", data=data, content_type=headers["content-type"]
        )
        return SimpleNamespace(
            status_code=answer.status_code, text=answer.get_data(as_text=True), content=answer.get_data()
        )

    def begin(self) -> tuple[str, str]:
        """Let it ask for a login, and give the ID of its request and the artifact that its browser brings back."""
        request_id, sent = self.peer.prepare_for_authenticate(
            entityid=OUR_IDP,
            binding=BINDING_HTTP_REDIRECT,
            response_binding=BINDING_HTTP_ARTIFACT,
            sign=True,
            sigalg=SIG_RSA_SHA256,
        )
        _, fields = shown(self.ours.ask(url=dict(sent["headers"])["Location"]))
        client = Client(create_asserting_app(self.ours.lab))
        answer = client.post("/login", data=fields | {"username": AMIRA.username})
        address = urlsplit(answer.headers["Location"])
        assert address._replace(query="").geturl() == PEER_ACS
        return request_id, parse_qs(address.query)["SAMLart"][0]

    def resolve(self, artifact: str, **how: Any) -> Any:
        """Let it ask what the artifact stands for."""
        how = {"sign": True, "sign_alg": SIG_RSA_SHA256, "digest_alg": DIGEST_SHA256} | how
        return self.peer.artifact2message(artifact, "idpsso", **how)


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_it_resolves_our_artifact_and_accepts_the_response_in_it(sign: SignedParts, tmp_path: Path) -> None:
    meeting = Meeting(tmp_path, sign)
    request_id, artifact = meeting.begin()
    answer = meeting.resolve(artifact)
    assert [entry.event for entry in meeting.ours.lab.journal.entries()][-2:] == ["resolve-judged", "resolve-answered"]

    # Its own parser of an ArtifactResponse forgets the prefix of xs:string, and then refuses the type. So its verifier
    # (xmlsec1) judges the answer by our key, and it takes the Response in it as it does in a login.
    xml = unwrap(answer.content, "our answer")
    pinned = tmp_path / "ours.crt"
    pinned.write_text(meeting.ours.lab.asserting.credential.certificate.pem)
    kind = "urn:oasis:names:tc:SAML:2.0:protocol:ArtifactResponse"
    assert meeting.peer.sec.verify_signature(xml.decode(), cert_file=str(pinned), node_name=kind)
    message = ArtifactResponse.read(parse(xml, "our answer")).message
    assert message is not None
    taken = meeting.peer.parse_authn_request_response(
        base64.b64encode(message).decode(), BINDING_HTTP_POST, outstanding={request_id: ""}
    )
    assert taken.name_id.text == AMIRA.username


def test_a_second_question_gets_an_empty_answer(tmp_path: Path) -> None:
    meeting = Meeting(tmp_path, "assertion")
    _, artifact = meeting.begin()
    first, second = (unwrap(meeting.resolve(artifact).content, "our answer") for _ in range(2))
    given = [ArtifactResponse.read(parse(each, "our answer")) for each in (first, second)]
    assert [each.message is not None for each in given] == [True, False]
    assert all(each.status.success for each in given)


def test_its_unsigned_question_is_denied(tmp_path: Path) -> None:
    meeting = Meeting(tmp_path, "assertion")
    _, artifact = meeting.begin()
    answer = ArtifactResponse.read(parse(unwrap(meeting.resolve(artifact, sign=False).content, "x"), "x"))
    assert not answer.status.success
    assert answer.message is None


def test_its_own_artifacts_name_an_index_in_digits() -> None:
    made = create_artifact(OUR_IDP, bytes(20), endpoint_index=0)
    assert Artifact.read(made if isinstance(made, str) else made.decode()).endpoint_index == int.from_bytes(b"00")
