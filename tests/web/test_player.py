from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ssolab.core.findings import ConfigError
from ssolab.cutover.scene import Flow, Scene, Side
from ssolab.saml.names import POST
from ssolab.web.scene_player import FlaskPlayer
from tests.web.parts import (
    IDP,
    NOW,
    SP,
    asserting_party,
    credential,
    relying_party,
    salesforce_asserting,
    salesforce_relying,
    trusted,
)

if TYPE_CHECKING:
    from ssolab.saml.parties import AssertingParty, RelyingParty


def scene(
    flow: Flow = Flow.SAML_SP_INITIATED,
    *,
    asserting: AssertingParty | None = None,
    relying: RelyingParty | None = None,
    at: datetime = NOW,
    travels: timedelta = timedelta(0),
) -> Scene:
    return Scene(
        flow=flow,
        asserting=asserting or asserting_party(),
        relying=relying or relying_party(),
        issued=at - travels,
        at=at,
        username="amira@greenmoor.org",
    )


@pytest.mark.parametrize(
    ("flow", "messages"), [(Flow.SAML_REQUEST, 2), (Flow.SAML_SP_INITIATED, 2), (Flow.SAML_IDP_INITIATED, 1)]
)
def test_each_flow_is_played_with_its_real_messages(flow: Flow, messages: int) -> None:
    played = FlaskPlayer()(scene(flow))
    assert (played.accepted, played.side, played.messages) == (True, None, messages)


def test_a_request_that_is_not_believed_is_refused_by_the_asserting_side_after_one_message() -> None:
    played = FlaskPlayer()(scene(Flow.SAML_REQUEST, relying=replace(relying_party(), credential=credential("new"))))
    assert (played.accepted, played.side, played.messages) == (False, Side.ASSERTING, 1)
    assert "key-not-trusted" in [found.code for found in played.findings]


def test_a_response_that_is_not_believed_is_refused_by_the_relying_side() -> None:
    played = FlaskPlayer()(
        scene(Flow.SAML_IDP_INITIATED, asserting=replace(asserting_party(), credential=credential("new")))
    )
    assert (played.accepted, played.side, played.messages) == (False, Side.RELYING, 1)
    assert "key-not-trusted" in [found.code for found in played.findings]


def test_one_player_plays_scene_after_scene_and_remembers_nothing() -> None:
    player = FlaskPlayer()
    broken = replace(asserting_party(), credential=credential("new"))
    mended = replace(relying_party(), trusted=(trusted("new", IDP),))
    told = [
        player(scene()).accepted,
        player(scene(asserting=broken)).accepted,
        player(scene(asserting=broken, relying=mended)).accepted,
        player(scene(relying=mended)).accepted,
        player(scene(at=NOW - timedelta(days=1))).accepted,
    ]
    assert told == [True, False, True, False, True]


def test_of_a_request_only_the_request_is_old_when_it_arrives() -> None:
    player = FlaskPlayer()
    late = timedelta(minutes=30)
    asked = player(scene(Flow.SAML_REQUEST, travels=late))
    assert (asked.accepted, asked.side) == (False, Side.ASSERTING)
    assert "request-too-old" in [found.code for found in asked.findings]
    assert player(scene(Flow.SAML_REQUEST, travels=timedelta(minutes=4))).accepted


@pytest.mark.parametrize("flow", [Flow.SAML_SP_INITIATED, Flow.SAML_IDP_INITIATED])
def test_of_a_response_only_the_response_is_old_when_it_arrives(flow: Flow) -> None:
    player = FlaskPlayer()
    answered = player(scene(flow, travels=timedelta(minutes=30)))
    assert (answered.accepted, answered.side) == (False, Side.RELYING)
    assert player(scene(flow, travels=timedelta(minutes=4))).accepted


def test_an_expired_request_certificate_counts_at_the_moment_of_arrival() -> None:
    asserting = replace(asserting_party(), checks_expiry=True, trusted=(trusted("sp", SP, days=4),))
    relying = replace(relying_party(), credential=credential("sp", days=4))
    edge = credential("sp", days=4).certificate.not_after
    player = FlaskPlayer()

    def request(at: datetime) -> Scene:
        return scene(Flow.SAML_REQUEST, asserting=asserting, relying=relying, at=at, travels=timedelta(minutes=1))

    assert player(request(edge - timedelta(seconds=1))).accepted
    refused = player(request(edge + timedelta(seconds=1)))
    assert (refused.accepted, refused.side) == (False, Side.ASSERTING)
    assert "request-certificate-expired" in [found.code for found in refused.findings]


def test_posted_requests_are_played_too() -> None:
    played = FlaskPlayer()(scene(Flow.SAML_REQUEST, relying=replace(relying_party(), binding=POST)))
    assert (played.accepted, played.messages) == (True, 2)


def test_salesforce_on_either_side_is_played_in_its_flavour() -> None:
    player = FlaskPlayer()
    assert player(scene(Flow.SAML_REQUEST, relying=salesforce_relying())).accepted
    assert player(scene(asserting=salesforce_asserting())).accepted


def test_a_party_without_an_address_is_a_mistake_in_the_settings_not_a_refusal() -> None:
    with pytest.raises(ConfigError, match="knows no SingleSignOnService"):
        FlaskPlayer()(scene(relying=replace(relying_party(), sso=())))


def test_a_failure_of_our_own_is_raised_and_never_taken_for_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("ssolab.web.sp.accept", broken)
    with pytest.raises(RuntimeError, match="broken on purpose"):
        FlaskPlayer()(scene())
