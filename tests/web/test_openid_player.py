"""Logins of either protocol without a browser, by the JSON interface and in tests."""

from __future__ import annotations

import pytest

from ssolab.core.findings import InputError
from ssolab.web.control import create_control_app
from ssolab.web.inprocess import InProcessLab
from tests.web.openid_pair import OpenidPair
from tests.web.parts import AMIRA, config


def test_the_interface_plays_a_login_of_openid_connect() -> None:
    pair = OpenidPair.made()
    control = create_control_app(pair.lab, pair.drive.asserting, pair.drive.relying).test_client()
    headers = {"Authorization": f"Bearer {pair.lab.token}"}
    answer = control.post("/api/login", json={"flow": "oidc-code"}, headers=headers).get_json()
    assert (answer["verdict"], answer["result"]["flow"]) == ("accepted", "oidc-code")
    assert answer["result"]["principal"]["preferred_username"] == AMIRA.username
    wrong = control.post("/api/login", json={"flow": "oidc-code", "binding": "post"}, headers=headers)
    assert wrong.status_code == 400
    entry = control.get("/api/journal").get_json()["entries"][-1]
    assert entry["principal"]["sub"] == AMIRA.username


def test_a_lab_in_a_test_plays_openid_connect_without_a_socket() -> None:
    lab = InProcessLab(config())
    entry = lab.login(flow="oidc-code")
    assert entry.accepted
    assert lab.login(flow="saml-sp-initiated").accepted
    with pytest.raises(InputError, match="oidc-code"):
        lab.login(flow="oidc")


def test_an_issuer_may_have_a_path() -> None:
    from ssolab.web.idp import create_asserting_app
    from ssolab.web.lab import Lab
    from ssolab.web.openid_player import OpenidDrive
    from ssolab.web.sp import create_relying_app

    lab = Lab(config())
    drive = OpenidDrive(lab, create_asserting_app(lab), create_relying_app(lab))
    drive.connect()
    assert lab.openid.provider.issuer == "https://idp.partner.example/saml"
    assert drive.login(AMIRA.username).accepted
