"""How `serve` plays an org: its configuration, its switches, and what it signs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.cli import run
from ssolab.cli.serve import config_of
from ssolab.core.findings import ConfigError
from ssolab.core.keys import Permission
from ssolab.cutover.habits import Habits, Known
from ssolab.salesforce.switches import Switches
from ssolab.saml.names import POST, REDIRECT
from ssolab.sources import builtin_lab

if TYPE_CHECKING:
    from ssolab.cutover.model import Inventory
    from ssolab.web.lab import LabConfig


def served(inventory: Inventory | None = None, **options: Any) -> LabConfig:
    inventory = inventory or builtin_lab()
    return config_of(inventory, inventory.links["okta-requests"], host="127.0.0.1", port=0, **options)


def org_with(**changes: Any) -> Inventory:
    """The built-in lab whose org is another one."""
    inventory = builtin_lab()
    org = replace(inventory.parties["greenmoor"], **changes)
    return replace(inventory, parties=dict(inventory.parties) | {"greenmoor": org})


def test_what_nobody_knows_is_played_leniently_and_with_the_unverified_allowance() -> None:
    relying = served().relying
    assert relying.flavour == "salesforce"
    assert (relying.checks_expiry, relying.skew) == (False, timedelta(seconds=180))


def test_switches_of_the_command_line_go_before_those_of_the_lab_file_and_those_before_habits() -> None:
    org = builtin_lab().parties["greenmoor"].org
    habits = Habits(checks_expiry=Known.YES, skew=timedelta(minutes=2))
    known = served(org_with(habits=habits)).relying
    assert (known.checks_expiry, known.skew) == (True, timedelta(minutes=2))
    said = org_with(habits=habits, org=replace(org, switches=Switches(expiry=False, clock=timedelta(minutes=8))))
    assert (served(said).relying.checks_expiry, served(said).relying.skew) == (False, timedelta(minutes=8))
    given = served(said, switches=("expiry=strict", "clock=90s", "unsolicited=refused"))
    assert (given.relying.checks_expiry, given.relying.skew) == (True, timedelta(seconds=90))
    assert given.relying_org.switches.unsolicited is False
    assert given.others[0].relying_org.switches.unsolicited is False


@pytest.mark.parametrize("given", ["expiry", "expiry=maybe", "nothing=strict", "=x", "clock=-1"])
def test_a_switch_that_is_none_is_refused_before_anything_listens(given: str) -> None:
    with pytest.raises(ConfigError, match=r"^--switch"):
        served(switches=(given,))


def test_requests_go_as_the_orgs_configuration_says() -> None:
    inventory = builtin_lab()
    org = inventory.parties["greenmoor"].org
    assert (served().relying.binding, served().relying.hash) == (REDIRECT, "sha256")
    older = replace(org.configs["Okta"], redirect_binding=False, request_signature_method=None)
    relying = served(org_with(org=replace(org, configs={"Okta": older}))).relying
    assert (relying.binding, relying.hash) == (POST, "sha1")


def test_an_org_takes_sha_1_under_an_assertion_as_salesforce_says() -> None:
    # facts/salesforce.md 4.1: RSA with SHA-1 or SHA-256
    assert Permission.SHA1 in served().relying.permit
    generic = replace(builtin_lab(), flavours={"relying": "generic"})
    assert served(generic).relying.permit == frozenset()


def test_an_org_as_identity_provider_signs_both_unless_told_otherwise() -> None:
    inventory = replace(builtin_lab(), flavours={"asserting": "salesforce"})
    assert served(inventory).asserting.sign == "both"
    assert served(inventory, sign="assertion").asserting.sign == "assertion"
    assert served().asserting.sign == "assertion"


def test_the_help_names_every_switch_with_its_words_and_its_default(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for switch in (
        "clock=SECONDS (180s)",
        "expiry=strict|lenient (lenient)",
        "destination=checked|ignored (checked)",
        "unsolicited=welcome|refused (welcome)",
        "users=known|any (any)",
    ):
        assert switch in told
