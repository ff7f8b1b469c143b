from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ssolab.core.findings import Severity, errors_of
from ssolab.salesforce.provisioning import judge_provisioning

if TYPE_CHECKING:
    from collections.abc import Mapping

SUBJECT = "g-4711"
# facts/salesforce.md 3.2, JIT attributes
WHOLE: dict[str, tuple[str, ...]] = {
    "User.Username": ("amira@greenmoor.org",),
    "User.LastName": ("Haddad",),
    "User.ProfileId": ("Standard User",),
    "User.Email": ("amira@greenmoor.org",),
}
PORTAL: dict[str, tuple[str, ...]] = {
    "Contact.Email": ("kai@customer.example",),
    "Contact.LastName": ("Lindqvist",),
    "Account.Name": ("Lindqvist AB",),
    "Account.AccountNumber": ("A-88",),
}


def told(attributes: Mapping[str, tuple[str, ...]], *, portal: bool = False) -> list[tuple[str, str]]:
    return [(found.code, found.message) for found in judge_provisioning(SUBJECT, attributes, portal=portal)]


def test_all_that_is_required_makes_a_user() -> None:
    assert told(WHOLE) == []
    assert told(WHOLE | {"ProvisionVersion": ("1.0",), "User.FederationIdentifier": (SUBJECT,)}) == []
    assert told(WHOLE | PORTAL) == []


@pytest.mark.parametrize("name", ["User.Username", "User.LastName", "User.ProfileId"])
@pytest.mark.parametrize("left", [None, (), ("",), ("  ",)])
def test_a_required_attribute_is_missed_by_name(name: str, left: tuple[str, ...] | None) -> None:
    attributes = {key: value for key, value in WHOLE.items() if key != name}
    if left is not None:
        attributes[name] = left
    found = list(judge_provisioning(SUBJECT, attributes))
    assert [(each.code, each.message) for each in errors_of(found)] == [
        ("provisioning-attribute-missing", f"{name} is not in the assertion")
    ]


def test_names_are_told_apart_by_their_capitals() -> None:
    attributes = {key.lower() if key == "User.LastName" else key: value for key, value in WHOLE.items()}
    assert told(attributes) == [("provisioning-attribute-missing", "User.LastName is not in the assertion")]


def test_the_email_that_only_older_texts_demand_is_a_warning() -> None:
    found = list(judge_provisioning(SUBJECT, {key: value for key, value in WHOLE.items() if key != "User.Email"}))
    assert [(each.message, each.severity) for each in found] == [
        ("User.Email is not in the assertion", Severity.WARNING)
    ]


@pytest.mark.parametrize("name", list(PORTAL))
def test_a_portal_user_needs_a_contact_and_an_account(name: str) -> None:
    attributes = WHOLE | {key: value for key, value in PORTAL.items() if key != name}
    assert told(attributes) == [("provisioning-attribute-missing", f"{name} is not in the assertion")]


def test_at_a_site_everybody_is_a_portal_user() -> None:
    assert len(told(WHOLE, portal=True)) == 4


def test_the_federation_id_has_to_repeat_the_subject() -> None:
    found = next(judge_provisioning(SUBJECT, WHOLE | {"User.FederationIdentifier": ("g-0815",)}))
    assert (found.code, found.expected, found.observed) == ("federation-id-not-subject", SUBJECT, "g-0815")


def test_an_unknown_version_is_a_warning_since_nobody_knows_what_salesforce_does() -> None:
    found = list(judge_provisioning(SUBJECT, WHOLE | {"ProvisionVersion": ("2.0",)}))
    assert [(each.code, each.severity) for each in found] == [("provisioning-version-unknown", Severity.WARNING)]
