"""The deliberate exceptions: docs/openid.md shows them as the data has them, and each is claimed by a module's test."""

from __future__ import annotations

import json
import re
from pathlib import Path

from ssolab.cli.serve import chosen_link, config_of
from ssolab.core.jwk import jwk_of
from ssolab.core.keys import PublicKey
from ssolab.sources import load_lab
from ssolab.web.inprocess import InProcessLab
from tests.checklist.plans import deviations, table
from tests.cutover.parts import certificate, play

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "openid.md").read_text("utf-8")


def test_the_page_shows_the_exceptions_as_they_are() -> None:
    shown = "\n".join(line for line in PAGE.partition("## What the checklist finds")[2].splitlines() if "|" in line)
    assert shown == table(deviations().values()), "put what stands in exceptions.toml onto the page"


def test_every_exception_is_claimed_and_each_of_its_modules_is_played() -> None:
    text = "".join(path.read_text("utf-8") for path in HERE.glob("test_*.py"))
    assert set(re.findall(r'allowed\(\s*"([^"]+)"', text)) == {*deviations()}
    missing = {module for each in deviations().values() for module in each.modules if f'"{module}"' not in text}
    assert missing == set()


def labs() -> list[str]:
    """The lab files of the page: one to rehearse, and one that takes the place of an org."""
    return re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_lab_of_the_page_that_stands_for_an_org_gives_its_app_a_token(tmp_path: Path) -> None:
    (tmp_path / "server.crt").write_text(certificate("sso_2027").pem, "utf-8")
    (tmp_path / "ssolab.toml").write_text(labs()[1], "utf-8")
    inventory = load_lab(tmp_path, environ={})
    lab = InProcessLab(config_of(inventory, chosen_link(inventory, None), host="127.0.0.1", port=0))
    entry = lab.login()
    assert (entry.event, entry.accepted) == ("token-issued", True)
    assert lab.lab.openid.outside.flavour == "salesforce"


def test_the_lab_of_the_page_holds_when_it_is_rehearsed(tmp_path: Path) -> None:
    lab, _ = labs()
    old, new = certificate("greenmoor"), certificate("sso_2027")
    for name, text in {
        "old.crt": old.pem,
        "new.crt": new.pem,
        "openid-configuration.json": json.dumps({"issuer": "https://id.example"}),
        "jwks.json": json.dumps({"keys": [jwk_of(PublicKey(old.spki), kid="264")]}),
        "ssolab.toml": lab,
    }.items():
        (tmp_path / name).write_text(text, "utf-8")
    played = play(load_lab(tmp_path, environ={}))
    assert played.disagreements == ()
    assert [link.verdict.value for link in played.links] == ["safe"]


def test_every_exception_says_what_and_why() -> None:
    assert all(len(each.does) > 20 and len(each.reason) > 20 for each in deviations().values())
