from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.core.findings import ConfigError
from ssolab.core.keys import Permission
from ssolab.cutover.check import Trial
from ssolab.cutover.habits import Habits, Known, Match, Slots
from ssolab.cutover.model import AddressChange
from ssolab.cutover.scene import Flow
from ssolab.cutover.staging import asserting_party, declared_acs, pair, relying_party, stage
from ssolab.cutover.timeline import Material
from ssolab.saml.names import POST, REDIRECT
from tests.cutover.parts import SWAP, certificate, fixed_cast, lab, step, verifier

if TYPE_CHECKING:
    from ssolab.cutover.model import Inventory
    from ssolab.cutover.scene import Scene

REQUESTS, RESPONSES = "pingone-requests", "okta-idp-initiated"
ACS = "https://login.salesforce.com/?so=00D5f000004GrnM"


def scene(
    habits: Habits,
    link: str = REQUESTS,
    *,
    worst: bool = True,
    held: tuple[str, ...] = ("proxy",),
    addresses: tuple[str, ...] = ("https://sp.example/acs",),
    **changes: Any,
) -> Scene:
    inventory = lab(habits, [step("swap", SWAP)], link=link, **changes)
    cutover = inventory.cutover(None)
    staged = stage(inventory, cutover, inventory.links[link], fixed_cast(inventory))
    return staged.scene(
        Trial(
            material=Material(certificate=certificate("sso_2027"), acs="https://sp.example/acs"),
            issued=SWAP,
            at=SWAP,
            certificates=tuple(certificate(name) for name in held),
            addresses=addresses,
            worst=worst,
            expected=True,
        )
    )


def labels(trusted: Any) -> list[str]:
    return [each.certificate.label for each in trusted]


def test_which_side_is_which_follows_from_the_flow() -> None:
    inventory = lab(verifier(), [step("swap", SWAP)])
    request, response = inventory.links[REQUESTS], inventory.links[RESPONSES]
    assert (asserting_party(inventory, request).id, relying_party(inventory, request).id) == ("pingone", "greenmoor")
    assert (asserting_party(inventory, response).id, relying_party(inventory, response).id) == ("okta", "greenmoor")


def test_each_side_is_set_up_from_its_metadata() -> None:
    inventory = lab(verifier(), [step("swap", SWAP)])
    asserting, relying = pair(inventory, inventory.links[REQUESTS], fixed_cast(inventory))
    assert asserting.entity_id == relying.asserting == "https://pingone.com/idp/fenwick"
    assert relying.entity_id == asserting.relying == "https://greenmoor.my.salesforce.com"
    assert asserting.credential.certificate.subject == certificate("pingone").subject
    assert relying.credential.certificate.subject == certificate("proxy").subject
    assert labels(relying.trusted) == ["fenwick"]
    assert (asserting.flavour, relying.flavour) == ("generic", "salesforce")
    assert (asserting.offers_logout, relying.logout_hash) == (None, None)


def test_what_a_party_says_of_single_logout_reaches_its_side() -> None:
    inventory = lab(verifier(), [step("swap", SWAP)])
    said = {
        name: replace(
            party, single_logout=True, logout_binding=POST, logout_hash="sha1" if name == "greenmoor" else None
        )
        for name, party in inventory.parties.items()
    }
    inventory = replace(inventory, parties=said)
    asserting, relying = pair(inventory, inventory.links[REQUESTS], fixed_cast(inventory))
    assert (asserting.offers_logout, asserting.logout_binding, asserting.logout_hash) == (True, POST, None)
    assert (relying.offers_logout, relying.logout_binding, relying.logout_hash) == (True, POST, "sha1")


def test_the_request_under_test_is_signed_by_the_material_and_judged_by_what_is_held() -> None:
    strict = verifier(checks_expiry=Known.YES, match=Match.CERTIFICATE)
    told = scene(strict, held=("proxy", "sso_2027"))
    assert told.flow is Flow.SAML_REQUEST
    assert told.relying.credential.certificate.subject == certificate("sso_2027").subject
    assert labels(told.asserting.trusted) == ["proxy.salesforce.com", "SSO_2027"]
    assert (told.asserting.verifies, told.asserting.checks_expiry, told.asserting.match) == (True, True, "certificate")
    assert (told.asserting.message_life, told.asserting.skew) == (strict.message_life, strict.skew)
    assert [each.location for each in told.asserting.acs] == ["https://sp.example/acs"]


def test_a_request_carries_its_certificate_where_that_is_compared() -> None:
    # A Redirect is signed outside the message and carries none.
    assert scene(verifier()).relying.binding == REDIRECT
    assert scene(verifier(match=Match.CERTIFICATE)).relying.binding == POST
    assert scene(verifier(match=Match.FINGERPRINT)).relying.binding == POST


def test_the_other_side_of_a_login_is_lenient() -> None:
    relying = scene(verifier(checks_expiry=Known.YES)).relying
    assert not relying.checks_expiry
    assert relying.match == "key"
    assert relying.permit == frozenset(Permission)
    assert not scene(verifier(), RESPONSES).asserting.verifies


def test_the_assertion_under_test_is_signed_by_the_material_and_judged_by_what_is_held() -> None:
    told = scene(verifier(checks_expiry=Known.YES), RESPONSES, held=("okta",))
    assert told.flow is Flow.SAML_IDP_INITIATED
    assert told.asserting.credential.certificate.subject == certificate("sso_2027").subject
    assert labels(told.relying.trusted) == ["harrowgate"]
    assert told.relying.checks_expiry


def test_an_idp_initiated_login_is_sent_where_the_partner_believes_and_judged_by_where_the_org_listens() -> None:
    told = scene(verifier(), RESPONSES, addresses=("https://new.example/acs",))
    assert [each.location for each in told.asserting.acs] == ["https://sp.example/acs"]
    assert [each.location for each in told.relying.acs] == ["https://new.example/acs"]


@pytest.mark.parametrize(("worst", "verifies", "expiry"), [(True, True, True), (False, False, False)])
def test_what_is_unknown_is_played_against_us_and_for_us(worst: bool, verifies: bool, expiry: bool) -> None:  # noqa: FBT001
    unsure = verifier(verifies=Known.UNKNOWN, checks_expiry=Known.UNKNOWN, match=Match.UNKNOWN, slots=Slots.UNKNOWN)
    asserting = scene(unsure, worst=worst).asserting
    assert (asserting.verifies, asserting.checks_expiry) == (verifies, expiry)
    assert asserting.match == ("certificate" if worst else "key")


def test_the_hash_is_the_cutovers_only_where_its_key_signs() -> None:
    assert scene(verifier(), hash="sha1").relying.hash == "sha1"
    assert scene(verifier(), RESPONSES, hash="sha1").asserting.hash == "sha1"
    inventory = lab(verifier(), [step("swap", SWAP)], link=RESPONSES, hash="sha1")
    okta = replace(inventory.parties["okta"], certificates={})
    inventory = replace(inventory, parties={**inventory.parties, "okta": okta})
    staged = stage(inventory, inventory.cutover(None), inventory.links[RESPONSES], fixed_cast(inventory))
    trial = Trial(
        material=Material(certificate=certificate("okta"), acs=ACS),
        issued=SWAP,
        at=SWAP,
        certificates=(certificate("okta"),),
        addresses=(ACS,),
        worst=True,
        expected=True,
    )
    assert staged.scene(trial).asserting.hash == "sha256"


def test_the_declared_address_is_the_default_one() -> None:
    inventory = lab(
        verifier(), [step("swap", SWAP)], address=AddressChange(before="https://a.example", after="https://b.example")
    )
    assert declared_acs(inventory, inventory.links[REQUESTS]).startswith("https://greenmoor.my.salesforce.com")


def without(inventory: Inventory, party: str, **nothing: Any) -> Inventory:
    mine = inventory.parties[party]
    bare = tuple(replace(each, **nothing) for each in mine.entities)
    return replace(inventory, parties={**inventory.parties, party: replace(mine, entities=bare)})


@pytest.mark.parametrize(("party", "role", "said"), [("greenmoor", "sp", "SP"), ("pingone", "idp", "IdP")])
def test_a_party_without_the_metadata_that_the_link_needs_is_named(party: str, role: str, said: str) -> None:
    inventory = without(lab(verifier(), [step("swap", SWAP)]), party, **{role: None})
    with pytest.raises(ConfigError, match=f"{party}: link pingone-requests needs its {said} metadata"):
        stage(inventory, inventory.cutover(None), inventory.links[REQUESTS], fixed_cast(inventory))


def with_sp(inventory: Inventory, **changes: Any) -> Inventory:
    org = inventory.parties["greenmoor"]
    entities = tuple(replace(each, sp=replace(each.sp, **changes)) if each.sp else each for each in org.entities)
    return replace(inventory, parties={**inventory.parties, "greenmoor": replace(org, entities=entities)})


def test_metadata_without_keys_is_named() -> None:
    broken = with_sp(lab(verifier(), [step("swap", SWAP)]), key_descriptors=())
    with pytest.raises(ConfigError, match="greenmoor: its metadata holds no signing certificate"):
        pair(broken, broken.links[REQUESTS], fixed_cast(broken))


def test_metadata_without_addresses_is_named() -> None:
    broken = with_sp(lab(verifier(), [step("swap", SWAP)]), assertion_consumer_services=())
    with pytest.raises(ConfigError, match="greenmoor: its metadata declares no AssertionConsumerService"):
        declared_acs(broken, broken.links[REQUESTS])
