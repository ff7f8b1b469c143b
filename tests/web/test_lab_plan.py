"""The cutovers of a lab file are the plan that its served provider follows, with what its partners do meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from ssolab.core.findings import ConfigError
from ssolab.core.jwk import thumbprint
from ssolab.core.keys import PublicKey
from ssolab.cutover.cast import cast_for
from ssolab.oidc.keyring import KeyState
from ssolab.oidc.relying import PinnedTrust
from ssolab.web.lab_plan import plan_of
from ssolab.web.openid_sides import openid_of
from tests.cutover.parts import START, certificate
from tests.cutover.test_openid_labs import LAB, written
from tests.keys import test_key
from tests.web.openid_pair import OpenidPair

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.core.certs import Certificate
    from ssolab.cutover.model import Inventory
    from ssolab.web.key_plan import KeyPlan

DAY = datetime(2027, 1, 5, tzinfo=UTC)
OLD, NEW = certificate("greenmoor"), certificate("sso_2027")
NEW_KID = thumbprint(PublicKey(NEW.spki))
PINNED = LAB.replace('profile = "openid-client"', 'profile = "pinned-certificate"')
UPLOADS = '{ do = "add", at = "2027-01-05T08:00:00Z", party = "shop" },\n    { do = "publish"'


def plan(inventory: Inventory, party: str = "idp", played: tuple[str, ...] = ("shop",)) -> KeyPlan:
    names = cycle(("old", "new", "other"))
    cast = cast_for(inventory, lambda _kind, _bits: test_key(next(names)))
    return plan_of(inventory, inventory.parties[party], cast, played)


def served(inventory: Inventory, party: str = "idp") -> OpenidPair:
    names = cycle(("old", "new", "other"))
    cast = cast_for(inventory, lambda _kind, _bits: test_key(next(names)))
    pair = OpenidPair.made(openid=openid_of(inventory, inventory.parties[party], cast, START))
    pair.lab.clock.set(START)
    return pair


def uploaded(pair: OpenidPair) -> list[Certificate]:
    """The certificates of the pipeline, each of which has its twin beside it, since the lab plays the pipeline too."""
    held = [key.certificate for key in pair.lab.openid.clients["3MVG9.pipeline"].keys]
    originals = [each for each in held if each in (OLD, NEW)]
    assert len(held) == 2 * len(originals)
    return [each for each in originals if each is not None]


def told(found: KeyPlan) -> list[tuple[str, str, str]]:
    return [(f"{each.at:%d %H:%M:%S}", each.verb.value, each.kid) for each in found.moves]


def test_the_steps_of_a_provider_are_the_moves_of_its_keys_under_their_own_names(tmp_path: Path) -> None:
    found = plan(written(tmp_path))
    assert found.id == "provider"
    assert told(found) == [
        ("05 09:00:00", "publish", NEW_KID),
        ("05 09:01:30", "swap", NEW_KID),
        ("05 12:00:00", "unpublish", "264"),
    ]
    assert found.delays.replicas == timedelta(minutes=1), "its habit in the lab file"


def test_a_second_swap_goes_back_and_the_new_key_is_the_one_that_is_taken_away(tmp_path: Path) -> None:
    back = LAB.replace(
        '{ do = "unpublish"',
        '{ do = "swap", at = "2027-01-05T11:00:00Z", party = "idp" },\n    { do = "unpublish"',
        1,
    )
    assert [each[1:] for each in told(plan(written(tmp_path, back)))][1:] == [
        ("swap", NEW_KID),
        ("swap", "264"),
        ("unpublish", NEW_KID),
    ]


def test_the_served_lab_follows_its_file_by_the_clock_and_says_how_long_its_key_set_may_be_kept(tmp_path: Path) -> None:
    pair = served(written(tmp_path))
    jwks = pair.drive.asserting.test_client()
    first = jwks.get("/jwks")
    assert [key["kid"] for key in first.get_json()["keys"]] == ["264"]
    assert first.headers["Cache-Control"] == "public, max-age=30", "90 seconds of lead, of which the edges need 60"
    pair.lab.clock.set(DAY + timedelta(hours=9))
    assert [key["kid"] for key in jwks.get("/jwks").get_json()["keys"]] == ["264", NEW_KID]
    pair.lab.clock.set(DAY + timedelta(hours=13))
    last = jwks.get("/jwks")
    assert [key["kid"] for key in last.get_json()["keys"]] == [NEW_KID]
    assert last.headers["Cache-Control"] == "public, max-age=300"


def test_a_compromised_key_is_replaced_and_taken_away_at_once_and_for_good(tmp_path: Path) -> None:
    steps = LAB[LAB.index('{ do = "publish"') : LAB.index(']\n\n[[cutover]]\nid = "client"')]
    only = '{ do = "compromise", at = "2027-01-05T09:00:00Z", party = "idp" },\n'
    inventory = written(tmp_path, LAB.replace(steps, only))
    assert [each.do.value for each in inventory.cutover("provider").steps] == ["publish", "swap", "unpublish"]
    assert [each[1] for each in told(plan(inventory))] == ["publish", "swap", "compromise"]
    pair = served(inventory)
    pair.lab.clock.set(DAY + timedelta(hours=8, minutes=58))
    jwks = pair.drive.asserting.test_client()
    assert jwks.get("/jwks").headers["Cache-Control"] == "public, max-age=120", "until the next change"
    pair.lab.clock.set(DAY + timedelta(hours=9))
    assert [key["kid"] for key in jwks.get("/jwks").get_json()["keys"]] == [NEW_KID]
    assert pair.lab.openid.provider.keys.key("264").state is KeyState.COMPROMISED


def test_what_was_done_before_is_not_done_again_where_a_key_is_compromised(tmp_path: Path) -> None:
    late = LAB.replace('do = "unpublish"', 'do = "compromise"', 1)
    inventory = written(tmp_path, late)
    assert [each.do.value for each in inventory.cutover("provider").steps] == ["publish", "swap", "unpublish"]


def test_an_upload_by_hand_is_planned_too_and_so_is_the_client_that_signs_with_its_new_key(tmp_path: Path) -> None:
    found = plan(written(tmp_path), "org", ())
    assert found.moves == ()
    (add, remove) = found.partners
    assert [(each.verb.value, each.certificate, each.client_id) for each in (add, remove)] == [  # type: ignore[union-attr]  # both are of trust
        ("add", NEW, "3MVG9.pipeline"),
        ("remove", OLD, "3MVG9.pipeline"),
    ]
    pair = served(written(tmp_path), "org")
    pair.lab.clock.set(DAY + timedelta(hours=9))
    pair.drive.asserting.test_client().get("/jwks")
    assert uploaded(pair) == [OLD, NEW]
    pair.lab.clock.set(DAY + timedelta(hours=12))
    pair.drive.asserting.test_client().get("/jwks")
    assert uploaded(pair) == [NEW]
    assert "as client plans for 2027-01-05T12:00:00Z" in pair.lab.journal.entries()[-1].summary


def test_a_relying_party_that_pins_keys_is_given_the_new_one_when_the_file_says_so(tmp_path: Path) -> None:
    pair = served(written(tmp_path, PINNED.replace('{ do = "publish"', UPLOADS, 1)))
    client = pair.lab.openid_rp.client
    pair.lab.openid_rp.reconfigure(replace(client, redirect_uri="http://127.0.0.1:8081/oidc/callback"))
    assert isinstance(client.trust, PinnedTrust)
    pair.lab.clock.set(DAY + timedelta(hours=8))
    pair.drive.relying.test_client().get("/")
    trust = pair.lab.openid_rp.client.trust
    assert isinstance(trust, PinnedTrust)
    assert len(trust.keys) == 2
    (entry,) = [each for each in pair.lab.journal.entries() if each.event == "trust-changed"]
    assert "as provider plans for 2027-01-05T08:00:00Z" in entry.summary


def test_a_relying_party_that_reads_the_key_set_is_restarted_when_the_file_says_so(tmp_path: Path) -> None:
    pair = served(written(tmp_path, LAB.replace('{ do = "publish"', UPLOADS, 1)))
    pair.lab.clock.set(DAY + timedelta(hours=8))
    pair.drive.relying.test_client().get("/")
    (entry,) = [each for each in pair.lab.journal.entries() if each.event == "keys-forgotten"]
    assert entry.summary.startswith("shop starts cold, as provider plans for 2027-01-05T08:00:00Z")


def test_a_client_that_the_lab_plays_signs_with_its_new_key_from_the_swap_on(tmp_path: Path) -> None:
    found = plan(written(tmp_path), "org", ("pipeline",))
    (swap,) = [each for each in found.partners if not hasattr(each, "verb")]
    assert (swap.at, swap.client_id) == (DAY + timedelta(hours=9, minutes=4), "3MVG9.pipeline")


@pytest.mark.parametrize(
    ("word", "remedy"), [("compromised", "did you mean compromise"), ("explode", "write one of: publish, add")]
)
def test_a_step_that_nobody_knows_is_one_line_with_the_place_and_the_remedy(
    word: str, remedy: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=remedy) as caught:
        written(tmp_path, LAB.replace('do = "unpublish"', f'do = "{word}"', 1))
    assert "ssolab.toml:" in caught.value.name
    assert "\n" not in str(caught.value)
