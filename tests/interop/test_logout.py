"""Single logout with software that we did not write: pysaml2 in both roles, python3-saml as service provider."""

from __future__ import annotations

import base64
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.utils import CryptographyDeprecationWarning
from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.client import Saml2Client
from saml2.config import IdPConfig, SPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAMEID_FORMAT_EMAILADDRESS, NameID
from saml2.xmldsig import DIGEST_SHA256, SIG_RSA_SHA256
from werkzeug.test import Client

from ssolab.saml.metadata import write_entity
from ssolab.web.idp import create_asserting_app
from ssolab.web.sp import create_relying_app
from tests.interop.pair import (
    AMIRA,
    OUR_ACS,
    OUR_IDP,
    OUR_IDP_SLO,
    OUR_SP,
    OUR_SP_SLO,
    PEER_ACS,
    PEER_IDP,
    PEER_IDP_SLO,
    PEER_SP,
    PEER_SP_SLO,
    PEER_SSO,
    OurIdP,
    OurSP,
    credential,
    form_on,
    our_idp_metadata,
    our_sp_metadata,
)
from tests.interop.programs import needs
from tests.interop.test_pysaml2 import PASSWORD_LOGIN, files_of
from tests.interop.test_python3_saml import RSA_SHA256, settings

with warnings.catch_warnings():
    # pysaml2 takes the CFB mode from where cryptography no longer wants it to be.
    warnings.simplefilter("ignore", CryptographyDeprecationWarning)
    from saml2.server import Server

if TYPE_CHECKING:
    from pathlib import Path

    from werkzeug.test import TestResponse

    from ssolab.core.keys import SigningCredential
    from ssolab.web.journal import Entry
    from ssolab.web.lab import Lab

pytestmark = [
    *needs("xmlsec1"),
    # python3-saml 1.16 asks datetime.utcnow() for the time, which Python 3.12 and later warn about.
    pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning:onelogin"),
]

BINDINGS = [BINDING_HTTP_REDIRECT, BINDING_HTTP_POST]


def our_client(lab: Lab, slo: str) -> Client:
    """The side of the lab whose logout address that is."""
    return Client(create_asserting_app(lab) if slo == OUR_IDP_SLO else create_relying_app(lab))


def bring(lab: Lab, slo: str, message: dict[str, Any] | str) -> TestResponse:
    """Bring a peer's logout message to our side: an address, or what pysaml2 makes for a binding."""
    client = our_client(lab, slo)
    if isinstance(message, dict) and message["method"] == "POST":
        action, fields = form_on(message["data"])
        assert action == slo
        return client.post("/saml/slo", data=fields)
    url = message if isinstance(message, str) else dict(message["headers"])["Location"]
    assert url.startswith(slo + "?")
    return client.get("/saml/slo", query_string=urlsplit(url).query)


def fields_in(sent: TestResponse, slo: str) -> dict[str, str]:
    """What our side hands the browser for the peer's logout address."""
    page = sent.get_data(as_text=True)
    if sent.status_code == 302:
        assert sent.headers["Location"].startswith(slo + "?")
        return dict(parse_qsl(urlsplit(sent.headers["Location"]).query))
    assert sent.status_code == 200, page
    action, fields = form_on(page)
    assert action == slo, page
    return fields


def judged(lab: Lab) -> Entry:
    """The last judgement of our side."""
    return [entry for entry in lab.journal.entries() if entry.accepted is not None][-1]


def confirmed(lab: Lab, page: TestResponse) -> None:
    assert page.status_code == 200, [found.message for found in judged(lab).findings]
    assert judged(lab).event == "logout-response-judged"
    assert judged(lab).verifiers["xmlsec"] == "accepted"


# --- pysaml2 as service provider ---


def peer_sp(folder: Path, idp: SigningCredential, binding: str) -> tuple[Saml2Client, bytes]:
    service = {
        "endpoints": {
            "assertion_consumer_service": [(PEER_ACS, BINDING_HTTP_POST)],
            "single_logout_service": [(PEER_SP_SLO, binding)],
        },
        "logout_requests_signed": True,
        "logout_responses_signed": True,
        "want_response_signed": False,
        "want_assertions_signed": True,
    }
    config = files_of(credential("sp"), folder) | {"entityid": PEER_SP, "service": {"sp": service}}
    own = str(entity_descriptor(SPConfig().load(dict(config)))).encode()
    ours = write_entity(our_idp_metadata(idp, wants_signed=True)).decode()
    return Saml2Client(SPConfig().load(config | {"metadata": {"inline": [ours]}})), own


@pytest.fixture(params=BINDINGS, ids=["redirect", "post"])
def logged_in(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[OurIdP, Saml2Client, NameID, str]:
    """Amira logged in at pysaml2 through our identity provider, and the binding by which it takes logout messages."""
    idp = credential("idp")
    peer, metadata = peer_sp(tmp_path, idp, request.param)
    ours = OurIdP.for_partner(metadata, idp)
    request_id, sent = peer.prepare_for_authenticate(
        entityid=OUR_IDP, binding=BINDING_HTTP_REDIRECT, sign=True, sigalg=SIG_RSA_SHA256
    )
    _, fields = ours.answer(ours.ask(url=dict(sent["headers"])["Location"]))
    taken = peer.parse_authn_request_response(fields["SAMLResponse"], BINDING_HTTP_POST, outstanding={request_id: "/"})
    assert peer.is_logged_in(taken.name_id)
    return ours, peer, taken.name_id, request.param


def ours_left(lab: Lab) -> list[str]:
    return [held.name for held in lab.sessions["asserting"].shared_with(PEER_SP)]


def test_pysaml2_asks_our_identity_provider_and_takes_its_answer(
    logged_in: tuple[OurIdP, Saml2Client, NameID, str],
) -> None:
    ours, peer, name_id, binding = logged_in
    assert ours_left(ours.lab) == [AMIRA.username]

    sent = peer.do_logout(
        name_id, [OUR_IDP], "urn:oasis:names:tc:SAML:2.0:logout:user", None,
        sign=True, expected_binding=binding, sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256,
    )  # fmt: skip
    answer = bring(ours.lab, OUR_IDP_SLO, sent[OUR_IDP][1])
    assert judged(ours.lab).accepted, [found.message for found in judged(ours.lab).findings]
    fields = fields_in(answer, PEER_SP_SLO)
    taken = peer.parse_logout_request_response(fields["SAMLResponse"], binding)
    peer.handle_logout_response(taken)

    assert taken.issuer() == OUR_IDP
    assert not peer.is_logged_in(name_id)
    assert ours_left(ours.lab) == []


def test_our_identity_provider_asks_pysaml2_and_takes_its_answer(
    logged_in: tuple[OurIdP, Saml2Client, NameID, str],
) -> None:
    ours, peer, name_id, binding = logged_in

    sent = our_client(ours.lab, OUR_IDP_SLO).get("/saml/logout?RelayState=/bye%3Fa%3D1")
    fields = fields_in(sent, PEER_SP_SLO)
    reply = peer.handle_logout_request(
        fields["SAMLRequest"],
        name_id,
        binding,
        sign=True,
        sign_alg=SIG_RSA_SHA256,
        digest_alg=DIGEST_SHA256,
        relay_state=fields["RelayState"],
        sigalg=fields.get("SigAlg"),
        signature=fields.get("Signature"),
    )
    page = bring(ours.lab, OUR_IDP_SLO, reply)

    confirmed(ours.lab, page)
    assert "/bye?a=1" in page.get_data(as_text=True)
    assert not peer.is_logged_in(name_id)
    assert ours_left(ours.lab) == []


def test_we_refuse_an_unsigned_request_of_pysaml2_and_nobody_is_logged_out(
    logged_in: tuple[OurIdP, Saml2Client, NameID, str],
) -> None:
    ours, peer, name_id, binding = logged_in
    sent = peer.do_logout(name_id, [OUR_IDP], "", None, sign=False, expected_binding=binding)

    assert bring(ours.lab, OUR_IDP_SLO, sent[OUR_IDP][1]).status_code == 403

    assert "signature-missing" in {found.code for found in judged(ours.lab).errors}
    assert ours_left(ours.lab) == [AMIRA.username]


def test_a_name_that_pysaml2_alters_is_answered_with_unknown_principal(
    logged_in: tuple[OurIdP, Saml2Client, NameID, str],
) -> None:
    ours, peer, name_id, binding = logged_in
    other = NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=name_id.text)
    sent = peer.do_logout(
        other, [OUR_IDP], "", None, sign=True, expected_binding=binding, sign_alg=SIG_RSA_SHA256,
        digest_alg=DIGEST_SHA256,
    )  # fmt: skip

    fields = fields_in(bring(ours.lab, OUR_IDP_SLO, sent[OUR_IDP][1]), PEER_SP_SLO)

    assert [found.code for found in judged(ours.lab).errors] == ["logout-name-unknown"]
    xml = peer.unravel(fields["SAMLResponse"], binding, "LogoutResponse")
    assert b"status:UnknownPrincipal" in (xml if isinstance(xml, bytes) else xml.encode())
    assert ours_left(ours.lab) == [AMIRA.username]


# --- pysaml2 as identity provider ---


def peer_idp(folder: Path, own: SigningCredential, sp: SigningCredential, binding: str) -> tuple[Server, bytes]:
    endpoints = {
        "single_sign_on_service": [(PEER_SSO, BINDING_HTTP_REDIRECT)],
        "single_logout_service": [(PEER_IDP_SLO, binding)],
    }
    service = {"idp": {"endpoints": endpoints, "want_authn_requests_signed": True}}
    config = files_of(own, folder) | {"entityid": PEER_IDP, "service": service}
    metadata = str(entity_descriptor(IdPConfig().load(dict(config)))).encode()
    ours = write_entity(our_sp_metadata(sp)).decode()
    return Server(config=IdPConfig().load(config | {"metadata": {"inline": [ours]}})), metadata


@pytest.fixture(params=BINDINGS, ids=["redirect", "post"])
def logged_in_at_ours(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[OurSP, Server, str]:
    """Amira logged in at our service provider through pysaml2, and the binding by which that takes logout messages."""
    peer, metadata = peer_idp(tmp_path, credential("idp"), credential("sp"), request.param)
    ours = OurSP.for_partner(metadata, credential("sp"))
    response = peer.create_authn_response(
        {"email": [AMIRA.username]}, None, OUR_ACS, OUR_SP,
        name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=AMIRA.username, sp_name_qualifier=OUR_SP),
        authn=PASSWORD_LOGIN, sign_assertion=True, sign_response=False,
        sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256,
    )  # fmt: skip
    entry = ours.consume({"SAMLResponse": base64.b64encode(str(response).encode()).decode()})
    assert entry.accepted, [found.message for found in entry.findings]
    assert entry.principal is not None
    assert entry.principal.sp_name_qualifier == OUR_SP
    return ours, peer, request.param


def theirs_left(lab: Lab) -> list[str]:
    return [held.name for held in lab.sessions["relying"].shared_with(PEER_IDP)]


def reply_of(peer: Server, message: Any, binding: str) -> dict[str, Any]:
    """The signed answer of pysaml2 to a request that it has read."""
    redirect = binding == BINDING_HTTP_REDIRECT
    response = peer.create_logout_response(
        message, [binding], sign=not redirect, sign_alg=SIG_RSA_SHA256, digest_alg=DIGEST_SHA256
    )
    made: dict[str, Any] = peer.apply_binding(
        binding, str(response), OUR_SP_SLO, "", response=True, sign=redirect, sigalg=SIG_RSA_SHA256
    )
    return made


def test_our_service_provider_asks_pysaml2_and_takes_its_answer(logged_in_at_ours: tuple[OurSP, Server, str]) -> None:
    ours, peer, binding = logged_in_at_ours

    fields = fields_in(our_client(ours.lab, OUR_SP_SLO).get("/saml/logout"), PEER_IDP_SLO)
    read = peer.parse_logout_request(
        fields["SAMLRequest"],
        binding,
        relay_state=fields.get("RelayState"),
        sigalg=fields.get("SigAlg"),
        signature=fields.get("Signature"),
    )
    page = bring(ours.lab, OUR_SP_SLO, reply_of(peer, read.message, binding))

    assert read.message.name_id.text == AMIRA.username
    assert read.message.name_id.sp_name_qualifier == OUR_SP
    assert read.message.session_index[0].text
    confirmed(ours.lab, page)
    assert theirs_left(ours.lab) == []


def test_pysaml2_asks_our_service_provider_and_takes_its_answer(logged_in_at_ours: tuple[OurSP, Server, str]) -> None:
    ours, peer, binding = logged_in_at_ours
    assert theirs_left(ours.lab) == [AMIRA.username]
    redirect = binding == BINDING_HTTP_REDIRECT
    request_id, request = peer.create_logout_request(
        OUR_SP_SLO,
        OUR_SP,
        name_id=NameID(format=NAMEID_FORMAT_EMAILADDRESS, text=AMIRA.username, sp_name_qualifier=OUR_SP),
        sign=not redirect,
        sign_alg=SIG_RSA_SHA256,
        digest_alg=DIGEST_SHA256,
    )
    sent = peer.apply_binding(binding, str(request), OUR_SP_SLO, "opaque", sign=redirect, sigalg=SIG_RSA_SHA256)

    fields = fields_in(bring(ours.lab, OUR_SP_SLO, sent), PEER_IDP_SLO)

    assert judged(ours.lab).accepted
    assert fields["RelayState"] == "opaque"
    read = peer.parse_logout_request_response(fields["SAMLResponse"], binding)
    assert (read.issuer(), read.in_response_to) == (OUR_SP, request_id)
    assert theirs_left(ours.lab) == []


# --- python3-saml as service provider ---


def peer(
    set_up: OneLogin_Saml2_Settings, *, query: dict[str, str] | None = None, fields: dict[str, str] | None = None
) -> OneLogin_Saml2_Auth:
    where = urlsplit(PEER_ACS if fields else PEER_SP_SLO)
    data = {
        "https": "on",
        "http_host": where.netloc,
        "script_name": where.path,
        "post_data": fields or {},
        "get_data": query or {},
    }
    return OneLogin_Saml2_Auth(data, set_up)


@pytest.fixture
def logged_in_at_onelogin() -> tuple[OurIdP, OneLogin_Saml2_Settings, OneLogin_Saml2_Auth]:
    """Amira logged in at python3-saml through our identity provider."""
    idp = credential("idp")
    signed = {"logoutRequestSigned": True, "logoutResponseSigned": True, "wantMessagesSigned": False}
    read = settings(credential("sp"), idp, **signed)
    sp = read.get_sp_data() | {"singleLogoutService": {"url": PEER_SP_SLO, "binding": BINDING_HTTP_REDIRECT}}
    set_up = OneLogin_Saml2_Settings(
        {"strict": True, "sp": sp, "idp": read.get_idp_data(), "security": read.get_security_data()}
    )
    ours = OurIdP.for_partner(set_up.get_sp_metadata(), idp)
    asking = peer(set_up)
    _, fields = ours.answer(ours.ask(url=asking.login()))
    taking = peer(set_up, fields=fields)
    taking.process_response(request_id=asking.get_last_request_id())
    assert taking.is_authenticated(), taking.get_last_error_reason()
    return ours, set_up, taking


def test_python3_saml_asks_our_identity_provider_and_takes_its_answer(
    logged_in_at_onelogin: tuple[OurIdP, OneLogin_Saml2_Settings, OneLogin_Saml2_Auth],
) -> None:
    ours, set_up, session = logged_in_at_onelogin

    url = session.logout(
        return_to="/bye?a=1&b=2", session_index=session.get_session_index(), name_id=session.get_nameid(),
        name_id_format=session.get_nameid_format(), nq=session.get_nameid_nq(), spnq=session.get_nameid_spnq(),
    )  # fmt: skip
    fields = fields_in(bring(ours.lab, OUR_IDP_SLO, url), PEER_SP_SLO)
    assert fields["RelayState"] == "/bye?a=1&b=2"
    assert fields["SigAlg"] == RSA_SHA256
    done = peer(set_up, query=fields)
    done.process_slo(keep_local_session=True, request_id=session.get_last_request_id())

    assert done.get_errors() == [], done.get_last_error_reason()
    assert ours_left(ours.lab) == []


def test_our_identity_provider_asks_python3_saml_and_takes_its_answer(
    logged_in_at_onelogin: tuple[OurIdP, OneLogin_Saml2_Settings, OneLogin_Saml2_Auth],
) -> None:
    ours, set_up, _ = logged_in_at_onelogin
    ended: list[str] = []

    sent = our_client(ours.lab, OUR_IDP_SLO).get("/saml/logout?RelayState=/bye")
    asked = peer(set_up, query=fields_in(sent, PEER_SP_SLO))
    url = asked.process_slo(delete_session_cb=lambda: ended.append("ended"))
    assert asked.get_errors() == [], asked.get_last_error_reason()
    assert ended == ["ended"]

    confirmed(ours.lab, bring(ours.lab, OUR_IDP_SLO, url))
    assert ours_left(ours.lab) == []


def test_a_request_of_ours_by_a_key_that_python3_saml_does_not_hold_logs_nobody_out_there(
    logged_in_at_onelogin: tuple[OurIdP, OneLogin_Saml2_Settings, OneLogin_Saml2_Auth],
) -> None:
    ours, set_up, _ = logged_in_at_onelogin
    swapped = OurIdP.for_partner(set_up.get_sp_metadata(), credential("new"))
    swapped.lab.sessions = ours.lab.sessions
    sent = our_client(swapped.lab, OUR_IDP_SLO).get("/saml/logout")

    asked = peer(set_up, query=fields_in(sent, PEER_SP_SLO))
    asked.process_slo(keep_local_session=True)

    assert "invalid_logout_request_signature" in asked.get_errors()
