"""Single logout with peers for Node: samlify in both roles, node-saml as service provider."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from ssolab.saml.metadata import write_entity
from ssolab.saml.names import POST, REDIRECT
from tests.interop import test_node_saml as node
from tests.interop import test_samlify as samlify_login
from tests.interop.nodes import Refused, needs_package, running_peer
from tests.interop.pair import (
    AMIRA,
    OUR_IDP_SLO,
    OUR_SP_SLO,
    PEER_IDP_SLO,
    PEER_SP_SLO,
    OurIdP,
    OurSP,
    credential,
    form_on,
    our_idp_metadata,
    our_sp_metadata,
)
from tests.interop.test_logout import confirmed, judged, our_client, ours_left, theirs_left

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.test import TestResponse

    from ssolab.web.lab import Lab
    from tests.interop.nodes import Object, Peer

pytestmark = [*needs_package("samlify"), *needs_package("@node-saml/node-saml")]

BINDINGS = {"redirect": REDIRECT, "post": POST}
LOGOUT_SIGNED = {"wantLogoutRequestSigned": True, "wantLogoutResponseSigned": True}


@pytest.fixture(scope="module")
def samlify() -> Iterator[Peer]:
    with running_peer("samlify") as peer:
        yield peer


@pytest.fixture(scope="module")
def node_saml() -> Iterator[Peer]:
    with running_peer("@node-saml/node-saml") as peer:
        yield peer


def carried(sent: TestResponse, slo: str) -> dict[str, Any]:
    """What our side hands the browser for the peer, as samlify wants to be given it."""
    if sent.status_code == 302:
        url = urlsplit(sent.headers["Location"])
        assert url._replace(query="").geturl() == slo
        return {"query": dict(parse_qsl(url.query)), "octetString": url.query.rpartition("&Signature=")[0]}
    action, fields = form_on(sent.get_data(as_text=True))
    assert action == slo
    return {"body": fields}


def bring(lab: Lab, slo: str, made: dict[str, Any]) -> TestResponse:
    """Bring what samlify made to our side."""
    if "type" in made:
        fields = {made["type"]: made["context"], "RelayState": made.get("relayState") or ""}
        return our_client(lab, slo).post("/saml/slo", data={name: value for name, value in fields.items() if value})
    assert made["context"].startswith(slo + "?")
    return our_client(lab, slo).get("/saml/slo", query_string=urlsplit(made["context"]).query)


@pytest.fixture(params=BINDINGS)
def binding(request: pytest.FixtureRequest) -> str:
    how: str = request.param
    return how


@pytest.fixture
def at_samlify(samlify: Peer, binding: str) -> tuple[OurIdP, Object, Object, dict[str, Any]]:
    """Amira logged in at samlify through our identity provider; what it knows of her session."""
    idp = credential("idp")
    peer = samlify_login.peer_sp(
        samlify, credential("sp"), **LOGOUT_SIGNED,
        singleLogoutService=[{"Binding": BINDINGS[binding], "Location": PEER_SP_SLO}],
    )  # fmt: skip
    metadata = write_entity(our_idp_metadata(idp, wants_signed=True)).decode()
    known = samlify.make("IdentityProvider", {"metadata": metadata} | LOGOUT_SIGNED)
    ours = OurIdP.for_partner(samlify_login.metadata_of(peer), idp)
    taken = samlify_login.log_in(peer, known, ours)
    return ours, peer, known, {"logoutNameID": taken["nameID"], "sessionIndex": taken["sessionIndex"]["sessionIndex"]}


def test_samlify_asks_our_identity_provider_and_takes_its_answer(
    at_samlify: tuple[OurIdP, Object, Object, dict[str, Any]], binding: str
) -> None:
    ours, peer, known, session = at_samlify
    assert ours_left(ours.lab) == [AMIRA.username]

    made = peer.call("createLogoutRequest", known, binding, session, {"relayState": "/bye"})
    answer = bring(ours.lab, OUR_IDP_SLO, made)
    assert judged(ours.lab).accepted, [found.message for found in judged(ours.lab).findings]
    read = peer.call("parseLogoutResponse", known, binding, carried(answer, PEER_SP_SLO))["extract"]

    assert read["response"]["inResponseTo"] == made["id"]
    assert ours_left(ours.lab) == []


def test_our_identity_provider_asks_samlify_and_takes_its_answer(
    at_samlify: tuple[OurIdP, Object, Object, dict[str, Any]], binding: str
) -> None:
    ours, peer, known, session = at_samlify

    sent = our_client(ours.lab, OUR_IDP_SLO).get("/saml/logout")
    read = peer.call("parseLogoutRequest", known, binding, carried(sent, PEER_SP_SLO))
    page = bring(ours.lab, OUR_IDP_SLO, peer.call("createLogoutResponse", known, read, binding))

    assert read["extract"]["nameID"] == session["logoutNameID"]
    assert read["extract"]["sessionIndex"] == session["sessionIndex"]
    confirmed(ours.lab, page)
    assert ours_left(ours.lab) == []


@pytest.fixture
def through_samlify(samlify: Peer, binding: str) -> tuple[OurSP, Object, Object]:
    """Amira logged in at our service provider through samlify."""
    peer = samlify_login.peer_idp(
        samlify, credential("idp"), **LOGOUT_SIGNED,
        singleLogoutService=[{"Binding": BINDINGS[binding], "Location": PEER_IDP_SLO}],
    )  # fmt: skip
    metadata = write_entity(our_sp_metadata(credential("sp"))).decode()
    known = samlify.make("ServiceProvider", {"metadata": metadata} | LOGOUT_SIGNED)
    ours = OurSP.for_partner(samlify_login.metadata_of(peer), credential("sp"))
    fields = samlify_login.issue(peer, known, samlify_login.read_request(peer, known, ours))
    assert ours.consume(fields).accepted
    return ours, peer, known


def test_our_service_provider_asks_samlify_and_takes_its_answer(
    through_samlify: tuple[OurSP, Object, Object], binding: str
) -> None:
    ours, peer, known = through_samlify
    assert theirs_left(ours.lab) == [AMIRA.username]

    sent = our_client(ours.lab, OUR_SP_SLO).get("/saml/logout")
    read = peer.call("parseLogoutRequest", known, binding, carried(sent, PEER_IDP_SLO))
    page = bring(ours.lab, OUR_SP_SLO, peer.call("createLogoutResponse", known, read, binding))

    assert read["extract"]["nameID"] == AMIRA.username
    confirmed(ours.lab, page)
    assert theirs_left(ours.lab) == []


def test_samlify_asks_our_service_provider_and_takes_its_answer(
    through_samlify: tuple[OurSP, Object, Object], binding: str
) -> None:
    ours, peer, known = through_samlify

    session = {"logoutNameID": AMIRA.username, "sessionIndex": "_assertion"}
    made = peer.call("createLogoutRequest", known, binding, session)
    answer = bring(ours.lab, OUR_SP_SLO, made)
    assert judged(ours.lab).accepted, [found.message for found in judged(ours.lab).findings]
    read = peer.call("parseLogoutResponse", known, binding, carried(answer, PEER_IDP_SLO))["extract"]

    assert read["response"]["inResponseTo"] == made["id"]
    assert theirs_left(ours.lab) == []


def at_node_saml(node_saml: Peer, correlates: str) -> tuple[OurIdP, Object, dict[str, Any]]:
    """Amira logged in at node-saml through our identity provider, and its profile of her."""
    own, idp = credential("sp"), credential("idp")
    wants = {"logoutUrl": OUR_IDP_SLO, "logoutCallbackUrl": PEER_SP_SLO, "validateInResponseTo": correlates}
    peer = node.peer_sp(node_saml, own, idp, **wants)
    ours = OurIdP.for_partner(node.metadata_of(peer, own), idp)
    return ours, peer, node.log_in(peer, ours)


@pytest.mark.parametrize("correlates", ["ifPresent", "always"])
def test_node_saml_asks_our_identity_provider_and_takes_its_answer(correlates: str, node_saml: Peer) -> None:
    ours, peer, profile = at_node_saml(node_saml, correlates)

    url = urlsplit(peer.call("getLogoutUrlAsync", profile, "/bye", {}))
    answer = our_client(ours.lab, OUR_IDP_SLO).get("/saml/slo", query_string=url.query)
    assert judged(ours.lab).accepted, [found.message for found in judged(ours.lab).findings]
    _, fields = form_on(answer.get_data(as_text=True))
    if correlates == "always":
        # Here the peer is wrong: node-saml 5.1 looks for the InResponseTo of a Response, also in a LogoutResponse.
        with pytest.raises(Refused, match="InResponseTo is missing from response"):
            peer.call("validatePostResponseAsync", fields)
    else:
        assert peer.call("validatePostResponseAsync", fields)["loggedOut"] is True

    assert ours_left(ours.lab) == []


def test_our_identity_provider_asks_node_saml_and_takes_its_answer(node_saml: Peer) -> None:
    ours, peer, profile = at_node_saml(node_saml, "always")

    sent = our_client(ours.lab, OUR_IDP_SLO).get("/saml/logout")
    _, fields = form_on(sent.get_data(as_text=True))
    read = peer.call("validatePostRequestAsync", fields)
    assert read["loggedOut"] is True
    assert read["profile"]["nameID"] == profile["nameID"]
    url = urlsplit(peer.call("getLogoutResponseUrlAsync", read["profile"], fields.get("RelayState", ""), {}, True))
    page = our_client(ours.lab, OUR_IDP_SLO).get("/saml/slo", query_string=url.query)

    confirmed(ours.lab, page)
    assert ours_left(ours.lab) == []
