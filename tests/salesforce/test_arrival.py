from __future__ import annotations

import pytest

from ssolab.salesforce.arrival import judge_address, subject_not_a_user

ORG = "00D5f000004GrnMEAS"
CONFIG = "0LE5f000000k9kG"


def codes(**query: object) -> list[str]:
    given = {"so": None, "sc": None, "org": ORG, "config": CONFIG} | query
    return [found.code for found in judge_address(**given)]  # type: ignore[arg-type]  # as the tests give them


@pytest.mark.parametrize("so", [None, "00D5f000004GrnM", ORG])
@pytest.mark.parametrize("sc", [None, CONFIG])
def test_the_own_ids_are_welcome_in_either_length_and_so_is_silence(so: str | None, sc: str | None) -> None:
    assert codes(so=so, sc=sc) == []


@pytest.mark.parametrize("so", ["00D000000000099", "00d5f000004grnm", "x", "00D5f000004GrnMAAA", "\x1b[2J"])
def test_any_other_org_is_refused(so: str) -> None:
    assert codes(so=so) == ["org-id-mismatch"]


def test_another_configuration_is_refused() -> None:
    assert codes(so=ORG, sc="0LE000000000001") == ["saml-config-unknown"]


def test_a_site_has_to_be_told_the_org() -> None:
    assert codes(site=True) == ["org-id-missing"]
    assert codes(site=True, so=ORG) == []


def test_what_the_lab_does_not_know_is_not_judged() -> None:
    assert codes(so="00D000000000099", sc="0LE000000000001", org=None, config=None, site=True) == []


def test_an_unknown_subject_is_shown_beside_the_users_that_there_are() -> None:
    found = subject_not_a_user("mallory", "Username", ["wen@greenmoor.org", "amira@greenmoor.org"])
    assert (found.expected, found.observed) == ("Username: amira@greenmoor.org, wen@greenmoor.org", "mallory")
