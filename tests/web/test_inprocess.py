from __future__ import annotations

import pytest

from ssolab.core.findings import InputError
from ssolab.web.inprocess import InProcessLab
from tests.web.parts import AMIRA, BEN, config


def test_a_login_and_a_logout_are_played_and_judged() -> None:
    lab = InProcessLab(config())
    assert lab.login(BEN.username).user == BEN.username
    entry = lab.logout()
    assert (entry.accepted, entry.side, entry.event) == (True, "relying", "logout-response-judged")
    with pytest.raises(InputError, match="nobody is logged in"):
        lab.logout()


def test_a_logout_may_start_at_the_identity_provider_for_one_of_several() -> None:
    lab = InProcessLab(config())
    for user in (AMIRA, BEN):
        assert lab.login(user.username).accepted
    assert lab.logout(AMIRA.username, starts_at="asserting").user == AMIRA.username


def test_faults_fire_in_the_login_that_they_are_given_to() -> None:
    lab = InProcessLab(config())
    assert [each.code for each in lab.login(fault="wrong-audience").errors] == ["audience-mismatch"]
    assert lab.login().accepted
    lab.arm("wrong-audience", party="asserting")
    assert not lab.login(flow="saml-idp-initiated").accepted
    assert [each.faults for each in lab.journal if each.event == "response-sent"] == [
        ("wrong-audience",),
        (),
        ("wrong-audience",),
    ]


def test_the_clock_stands_still() -> None:
    lab = InProcessLab(config())
    assert lab.clock.now() == lab.clock.now() == lab.login().at


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"user": "mallory"}, "nobody is called 'mallory'"),
        ({"flow": "saml-logout"}, "choose one of"),
        ({"binding": "artifact"}, "no Response comes by artifact"),
        ({"fault": "wrong-audienc"}, "did you mean wrong-audience"),
        ({"fault": "expired-certificate-in-metadata"}, "travels in a metadata"),
    ],
)
def test_a_login_that_cannot_be_played_says_why(wanted: dict[str, str], complaint: str) -> None:
    lab = InProcessLab(config())
    with pytest.raises(InputError, match=complaint):
        lab.login(**wanted)
    assert lab.login().accepted


@pytest.mark.parametrize(
    ("wanted", "complaint"),
    [
        ({"starts_at": "middle"}, "is no side"),
        ({"user": "mallory"}, "nobody called 'mallory'"),
        ({"fault": "wrong-audience"}, "log in with it"),
    ],
)
def test_a_logout_that_cannot_be_played_says_why(wanted: dict[str, str], complaint: str) -> None:
    lab = InProcessLab(config())
    lab.login()
    with pytest.raises(InputError, match=complaint):
        lab.logout(**wanted)
    assert lab.logout().accepted
