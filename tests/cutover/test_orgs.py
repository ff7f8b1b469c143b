"""What a lab file says of an org beyond its metadata: the project's folder, and the switches."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ssolab.core.findings import ConfigError, InputError
from ssolab.salesforce.apps import app_path
from ssolab.salesforce.source import config_path
from ssolab.salesforce.switches import Switches
from ssolab.sources import load_lab
from tests.salesforce.test_apps import APP
from tests.salesforce.test_source import CONFIG
from tests.saml.samples import certificate

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.salesforce.org import Org


def lab(folder: Path, party: str, *, kind: str = "salesforce") -> Path:
    (folder / "ssolab.toml").write_text(f'[[party]]\nid = "greenmoor"\nkind = "{kind}"\n{party}\n')
    for path, text in ((config_path("Scratch"), CONFIG), (app_path("Harvest"), APP)):
        file = folder / "force-app" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


def org(folder: Path, party: str) -> Org:
    return load_lab(lab(folder, party), environ={}).parties["greenmoor"].org


def test_configurations_and_apps_come_out_of_the_project(tmp_path: Path) -> None:
    read = org(tmp_path, 'source = "force-app"')
    assert list(read.configs) == ["Scratch"]
    assert list(read.apps) == ["Harvest"]
    found = read.config_for("https://idp.example.org")
    assert found is not None
    assert found.user_provisioning is True
    assert read.config_for("https://another.example") is None
    assert read.switches == Switches()


def test_certificates_are_called_as_apps_call_them(tmp_path: Path) -> None:
    folder = lab(tmp_path, 'source = "force-app"\ncertificates = "keys/Partner.crt"')
    for path, key in (("force-app/certs/Harvest.crt", "sp"), ("keys/Partner.crt", "idp")):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(certificate(key).pem)
    read = load_lab(folder, environ={}).parties["greenmoor"].org
    assert {name: each.sha256 for name, each in read.certificates.items()} == {
        "Harvest": certificate("sp").sha256,
        "Partner": certificate("idp").sha256,
    }
    assert read.encrypts_for("https://harvest.example/saml") is True
    assert read.encrypts_for("https://another.example") is False


def test_switches_are_set_in_the_lab_file(tmp_path: Path) -> None:
    read = org(tmp_path, 'switches = { clock = "480000ms", expiry = "strict", users = "known" }')
    assert read.switches == Switches(clock=timedelta(minutes=8), expiry=True, users=True)


@pytest.mark.parametrize(
    ("party", "complaint"),
    [
        ('source = "nowhere"', "holds neither samlssoconfigs nor connectedApps"),
        ('source = "https://example.org/project"', "only metadata is read from an address"),
        ('switches = { expiry = "maybe" }', r"ssolab\.toml:\d+ \(switches\): .*strict or lenient"),
        ('switches = { clocks = "180s" }', "there is no switch 'clocks'"),
        ("switches = { clock = 180 }", "clock"),
        ("source = 3", "source"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(party: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=complaint):
        org(tmp_path, party)


def test_a_user_of_the_lab_can_have_the_attributes_that_provisioning_wants(tmp_path: Path) -> None:
    folder = lab(tmp_path, "")
    named = 'attributes = { "User.LastName" = "Haddad", "User.ProfileId" = "Standard User" }'
    text = (folder / "ssolab.toml").read_text()
    (folder / "ssolab.toml").write_text(f'[lab]\nusers = [{{ username = "amira", {named} }}]\n{text}')
    (user,) = load_lab(folder, environ={}).users
    assert dict(user.attributes) == {"User.LastName": ("Haddad",), "User.ProfileId": ("Standard User",)}


@pytest.mark.parametrize("party", ['source = "force-app"', 'switches = { expiry = "strict" }'])
def test_only_an_org_has_them(party: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is for an org of Salesforce"):
        load_lab(lab(tmp_path, party, kind="idp"), environ={})


def test_a_broken_file_of_the_project_is_named(tmp_path: Path) -> None:
    lab(tmp_path, 'source = "force-app"')
    (tmp_path / "force-app" / app_path("Harvest")).write_text("<ConnectedApp")
    with pytest.raises(InputError, match="Harvest"):
        load_lab(tmp_path, environ={})
