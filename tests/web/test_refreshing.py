"""The sides of the lab hold each other's metadata, from files and from real addresses, and look at it again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.core.keys import TrustedKey
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import parse, serialise
from ssolab.cutover.scene import Flow
from ssolab.fetching import fetch
from ssolab.saml.metadata import (
    Endpoint,
    EntityDescriptor,
    IDPSSODescriptor,
    KeyDescriptor,
    SPSSODescriptor,
    read_entity,
    write_entity,
)
from ssolab.saml.metadata_acceptance import taken_as_read
from ssolab.saml.metadata_refresh import Holding
from ssolab.saml.names import POST, REDIRECT
from ssolab.web.control import create_control_app
from ssolab.web.origins import Origin
from ssolab.web.player import Drive
from ssolab.web.trusting import believe
from tests.web.parts import IDP, NOW, SP, SSO, Pair, asserting_party, config, credential, relying_party, trusted
from tests.web.serving import Publisher, serving
from tests.web.test_artifact import ArtifactPair
from tests.web.test_logout import carry, sides
from tests.web.test_logout import lab as logging_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask.testing import FlaskClient

    from ssolab.saml.parties import AssertingParty, RelyingParty
    from ssolab.web.journal import Entry
    from ssolab.web.origins import Side

HOUR = timedelta(hours=1)
TOKEN = "a-token-of-the-tests"


def described(*keys: str, **changes: Any) -> EntityDescriptor:
    """The identity provider with these signing keys."""
    role = IDPSSODescriptor(
        key_descriptors=tuple(KeyDescriptor(certificates=(credential(key).certificate,)) for key in keys),
        single_sign_on_services=(Endpoint(REDIRECT, SSO),),
    )
    return replace(EntityDescriptor(entity_id=IDP, idp=role, id="_m", valid_until=NOW + 48 * HOUR), **changes)


def requester(*keys: str) -> EntityDescriptor:
    descriptors = tuple(KeyDescriptor(certificates=(credential(key).certificate,)) for key in keys)
    role = SPSSODescriptor(key_descriptors=descriptors, authn_requests_signed=True)
    return EntityDescriptor(entity_id=SP, sp=role, id="_m")


def signed(entity: EntityDescriptor, by: str = "other") -> bytes:
    root = parse(write_entity(entity), "metadata")
    sign(root, credential(by))
    return serialise(root)


class Lab(Pair):
    """The pair with one origin, and its control page."""

    def __init__(  # noqa: PLR0913  what is held, and by whom
        self,
        read: Callable[[], bytes],
        first: bytes,
        *,
        idp: str = "idp",
        side: Side = "relying",
        asserting: AssertingParty | None = None,
        relying: RelyingParty | None = None,
        **changes: Any,
    ) -> None:
        accepted = taken_as_read(read_entity(first, "first"), "idp" if side == "relying" else "sp")
        origin = Origin(
            party="partner",
            side=side,
            entity_id=IDP if side == "relying" else SP,
            place="https://partner.example/metadata",
            read=read,
            first=Holding(accepted=accepted, fetched=NOW, tried=NOW),
            pinned=(trusted("other", "federation"),),
        )
        origin = replace(origin, **changes)
        asserting = replace(asserting or asserting_party(), credential=credential(idp))
        relying = relying or relying_party()
        if side == "relying":
            relying = replace(relying, trusted=origin.believed(accepted.keys))
        else:
            asserting = replace(asserting, trusted=origin.believed(accepted.keys), verifies=True)
        super().__init__(settings=replace(config(asserting, relying), origins=(origin,)))
        apps = self.idp.application, self.sp.application
        self.drive = Drive(self.lab, *apps)
        self.control: FlaskClient = create_control_app(self.lab, *apps).test_client()

    def login(self) -> Entry:
        """Play one login."""
        return self.drive.login(Flow.SAML_SP_INITIATED, "amira@greenmoor.org")

    def refreshed(self) -> list[Entry]:
        """What the journal says of refreshes."""
        return [entry for entry in self.lab.journal.entries() if entry.event == "metadata-refreshed"]

    def sign_with(self, key: str) -> None:
        """Let the identity provider sign with another key from now on."""
        asserting, relying = self.lab.pair
        self.lab.reconfigure(replace(asserting, credential=credential(key)), relying)


@pytest.fixture
def publisher() -> Publisher:
    return Publisher(signed(described("idp")))


@pytest.fixture
def lab(publisher: Publisher) -> Iterator[Lab]:
    with serving(publisher) as base:
        yield Lab(lambda: fetch(f"{base}/metadata", private=False), publisher.document)


def codes(entry: Entry) -> set[str]:
    return {found.code for found in entry.errors}


def label(key: str) -> str:
    certificate = credential(key).certificate
    return f"{certificate.label} (SPKI {certificate.spki_sha256[:16]})"


def test_a_message_by_a_known_key_asks_nobody(lab: Lab, publisher: Publisher) -> None:
    assert lab.login().accepted
    assert publisher.asked == 0


def test_an_unknown_key_is_looked_up_once_and_the_message_judged_again(lab: Lab, publisher: Publisher) -> None:
    publisher.document = signed(described("idp", "new"))
    lab.sign_with("new")
    assert lab.login().accepted
    assert publisher.asked == 1
    (entry,) = lab.refreshed()
    assert entry.accepted
    assert entry.side == "relying"
    assert entry.summary == (
        f"Metadata of {IDP} refreshed from https://partner.example/metadata, "
        f"a message came signed by a key that is not in it: key appeared: {label('new')}"
    )
    assert entry.signature is not None
    lab.sign_with("idp")
    assert lab.login().accepted, "the old key is still in there"


def test_a_key_that_is_gone_is_no_longer_believed(lab: Lab, publisher: Publisher) -> None:
    # facts/attacks.md K-07
    publisher.document = signed(described("new"))
    lab.sign_with("new")
    assert lab.login().accepted
    assert lab.refreshed()[0].summary.endswith(f"key appeared: {label('new')}; key gone: {label('idp')}")
    lab.sign_with("idp")
    assert codes(lab.login()) == {"key-not-trusted"}


def test_a_forged_message_makes_us_ask_once_a_minute_and_stays_refused(lab: Lab, publisher: Publisher) -> None:
    lab.sign_with("foreign")
    for _ in range(3):
        assert codes(lab.login()) == {"key-not-trusted"}
    assert publisher.asked == 1
    lab.lab.clock.advance(timedelta(minutes=1))
    lab.login()
    assert publisher.asked == 2
    assert [entry.summary.rpartition(": ")[2] for entry in lab.refreshed()] == ["the same keys"] * 2


def test_a_message_with_another_fault_asks_nobody(lab: Lab, publisher: Publisher) -> None:
    asserting, relying = lab.lab.pair
    lab.lab.reconfigure(replace(asserting, credential=credential("foreign"), relying="https://other"), relying)
    entry = lab.drive.login(Flow.SAML_IDP_INITIATED, "amira@greenmoor.org")
    assert codes(entry) >= {"key-not-trusted", "audience-mismatch"}
    assert publisher.asked == 0


def test_metadata_that_the_wrong_key_signed_changes_nothing(lab: Lab, publisher: Publisher) -> None:
    # facts/attacks.md M-05: keys swapped on the way
    publisher.document = signed(described("foreign"), by="foreign")
    lab.sign_with("foreign")
    assert codes(lab.login()) == {"key-not-trusted"}
    (entry,) = lab.refreshed()
    assert not entry.accepted
    assert codes(entry) == {"key-not-trusted"}
    assert "not refreshed" in entry.summary
    assert "the copy of 2027-01-04T09:00:00Z stays in use" in entry.summary
    lab.sign_with("idp")
    assert lab.login().accepted


def test_unsigned_metadata_changes_nothing(lab: Lab, publisher: Publisher) -> None:
    publisher.document = write_entity(described("foreign"))
    lab.sign_with("foreign")
    assert not lab.login().accepted
    assert codes(lab.refreshed()[0]) == {"unsigned-metadata"}


def test_an_older_copy_does_not_bring_a_key_back(lab: Lab, publisher: Publisher) -> None:
    publisher.document = signed(described("foreign", valid_until=NOW + 47 * HOUR))
    lab.sign_with("foreign")
    assert not lab.login().accepted
    assert codes(lab.refreshed()[0]) == {"metadata-rolled-back"}


def test_metadata_is_looked_at_again_when_its_cache_duration_is_over(publisher: Publisher) -> None:
    first = signed(described("idp", cache_duration=HOUR))
    publisher.document = signed(described("idp", "new", cache_duration=HOUR, valid_until=NOW + 50 * HOUR))
    with serving(publisher) as base:
        lab = Lab(lambda: fetch(base), first)
        lab.lab.clock.set(NOW + HOUR - timedelta(seconds=1))
        assert lab.login().accepted
        assert publisher.asked == 0
        lab.lab.clock.set(NOW + HOUR)
        assert lab.login().accepted
        assert publisher.asked == 1
        assert "cacheDuration is over" in lab.refreshed()[0].summary


def test_expired_metadata_refuses_until_a_new_copy_is_there(lab: Lab, publisher: Publisher) -> None:
    publisher.status = 503
    lab.lab.clock.set(NOW + 48 * HOUR)
    entry = lab.login()
    assert not entry.accepted
    assert codes(entry) == {"metadata-expired"}
    assert entry.principal is None
    assert "it answers 503" in lab.refreshed()[0].summary
    publisher.status, publisher.document = 200, signed(described("idp", valid_until=NOW + 96 * HOUR))
    lab.lab.clock.advance(timedelta(minutes=1))
    assert lab.login().accepted
    assert "validUntil is past: the same keys" in lab.refreshed()[1].summary


def test_a_failed_fetch_leaves_good_metadata_in_place(publisher: Publisher) -> None:
    publisher.status = 500
    with serving(publisher) as base:
        lab = Lab(lambda: fetch(base), signed(described("idp", cache_duration=HOUR)))
        lab.lab.clock.set(NOW + 2 * HOUR)
        assert lab.login().accepted
        assert lab.login().accepted
        assert publisher.asked == 1


def test_a_copy_that_should_be_newer_is_remarked_where_no_look_at_a_new_one_succeeds(publisher: Publisher) -> None:
    publisher.status = 500
    with serving(publisher) as base:
        lab = Lab(lambda: fetch(base), signed(described("idp", cache_duration=HOUR)))
        assert "metadata-stale" not in {found.code for found in lab.login().findings}
        lab.lab.clock.set(NOW + 2 * HOUR)
        entry = lab.login()
        assert entry.accepted
        assert "metadata-stale" in {found.code for found in entry.findings}
        publisher.status, publisher.document = 200, signed(described("idp", valid_until=NOW + 50 * HOUR))
        lab.lab.clock.advance(HOUR)
        assert "metadata-stale" not in {found.code for found in lab.login().findings}


@pytest.mark.parametrize(("longest", "warned"), [(timedelta(days=1), True), (timedelta(days=14), False), (None, False)])
def test_a_refresh_remarks_metadata_that_stays_valid_for_too_long(longest: timedelta | None, warned: bool) -> None:  # noqa: FBT001  a column of the table
    document = signed(described("idp", "new"))
    lab = Lab(lambda: document, signed(described("idp")), longest=longest)
    lab.sign_with("new")
    assert lab.login().accepted
    (entry,) = lab.refreshed()
    assert ("metadata-valid-too-long" in {found.code for found in entry.findings}) is warned


# ---- logout and artifacts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("starts_at", ["relying", "asserting"])
def test_a_logout_by_a_key_that_is_new_is_believed_after_a_look(starts_at: str, publisher: Publisher) -> None:
    asserting, relying = logging_out(binding=POST).lab.pair
    publisher.document = signed(described("idp", "new"))
    lab = Lab(lambda: publisher.document, signed(described("idp")), asserting=asserting, relying=relying)
    assert lab.login().accepted
    lab.sign_with("new")
    begins, answers = sides(lab, starts_at)
    page = carry(carry(begins.get("/saml/logout"), answers), begins)
    assert "<h1>Logged out</h1>" in page.text
    assert len(lab.refreshed()) == 1


@pytest.mark.parametrize("side", ["relying", "asserting"])
def test_an_artifact_by_a_key_that_is_new_is_believed_after_a_look(side: Side, publisher: Publisher) -> None:
    asserting, relying = ArtifactPair().lab.pair
    first, publisher.document = (
        (signed(described("idp")), signed(described("idp", "new")))
        if side == "relying"
        else (signed(requester("sp")), signed(requester("sp", "new")))
    )
    lab = Lab(lambda: publisher.document, first, side=side, asserting=asserting, relying=relying)
    lab.drive.connect()
    if side == "relying":
        lab.sign_with("new")
    else:
        asserting, relying = lab.lab.pair
        lab.lab.reconfigure(asserting, replace(relying, credential=credential("new")))
    assert lab.drive.login(Flow.SAML_IDP_INITIATED, "amira@greenmoor.org").accepted
    assert len(lab.refreshed()) == 1


# ---- files ----------------------------------------------------------------------------------------------------------


def test_a_file_that_was_uploaded_by_hand_warns_when_it_is_expired() -> None:
    first = write_entity(described("idp"))
    lab = Lab(lambda: first, first, pinned=(), unsigned=True, enforced=False)
    lab.lab.clock.set(NOW + 48 * HOUR)
    entry = lab.login()
    assert entry.accepted
    assert "metadata-expired" in {found.code for found in entry.findings}


def test_the_asserting_party_looks_up_an_unknown_request_key_too(publisher: Publisher) -> None:
    publisher.document = signed(requester("sp", "new"))
    with serving(publisher) as base:
        lab = Lab(lambda: fetch(base), signed(requester("sp")), side="asserting")
        asserting, relying = lab.lab.pair
        lab.lab.reconfigure(asserting, replace(relying, credential=credential("new")))
        assert lab.login().accepted
    (entry,) = lab.refreshed()
    assert entry.side == "asserting"
    assert entry.summary.endswith(f"key appeared: {label('new')}")


def test_keys_for_encryption_only_are_not_believed_after_a_refresh(lab: Lab, publisher: Publisher) -> None:
    # facts/attacks.md K-08
    role = described("idp", "new").idp
    assert role is not None
    first, second = role.key_descriptors
    role = replace(role, key_descriptors=(first, replace(second, use="encryption")))
    publisher.document = signed(described(idp=role))
    lab.sign_with("new")
    assert codes(lab.login()) == {"key-not-trusted"}


@pytest.mark.parametrize("signer", ["idp", "old", "new"])
def test_a_message_by_any_of_three_keys_is_accepted(publisher: Publisher, signer: str) -> None:
    # facts/attacks.md K-06
    lab = Lab(lambda: publisher.document, signed(described("idp", "old", "new")), idp=signer)
    assert lab.login().accepted


def test_a_refresh_reaches_every_link_of_that_partner(publisher: Publisher) -> None:
    publisher.document = signed(described("new"))
    lab = Lab(lambda: publisher.document, signed(described("idp")))
    believe(lab.lab, "relying", "https://stranger", ())
    assert lab.lab.relying.trusted[0].public.sha256 == credential("idp").public.sha256
    lab.sign_with("new")
    lab.login()
    lab.lab.choose("partner")
    assert lab.lab.relying.trusted[0].public.sha256 == credential("new").public.sha256


# ---- by hand --------------------------------------------------------------------------------------------------------


def test_the_interface_refreshes_by_hand_and_says_what_changed(lab: Lab, publisher: Publisher) -> None:
    publisher.document = signed(described("new"))
    answer = lab.control.post("/api/parties/partner/refresh", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    (done,) = answer.get_json()["refreshed"]
    assert done["accepted"] is True
    assert done["party"] == "partner"
    assert done["entity_id"] == IDP
    assert [each["spki_sha256"] for each in done["appeared"]] == [credential("new").public.sha256]
    assert [each["spki_sha256"] for each in done["gone"]] == [credential("idp").public.sha256]
    assert done["valid_until"] == done["due"] == "2027-01-06T09:00:00Z"
    assert done["journal"] == lab.refreshed()[0].number
    assert ", by hand: " in lab.refreshed()[0].summary
    assert lab.lab.relying.trusted == (
        TrustedKey(
            public=credential("new").public,
            certificate=credential("new").certificate,
            holder=IDP,
            source="IDPSSODescriptor, KeyDescriptor 1",
        ),
    )


def test_a_refresh_that_fails_says_why(lab: Lab, publisher: Publisher) -> None:
    publisher.document = b"<html>down for lunch</html>"
    answer = lab.control.post("/api/parties/partner/refresh", headers={"Authorization": f"Bearer {TOKEN}"})
    (done,) = answer.get_json()["refreshed"]
    assert done["accepted"] is False
    assert "no SAML 2.0 metadata" in done["summary"]
    assert done["failed"] == 1
    assert done["appeared"] == done["gone"] == []


def test_a_refresh_needs_the_token(lab: Lab, publisher: Publisher) -> None:
    assert lab.control.post("/api/parties/partner/refresh").status_code == 403
    assert lab.control.post("/parties/partner/refresh").status_code == 403
    assert publisher.asked == 0


def test_a_party_that_nothing_is_held_of_is_named(lab: Lab) -> None:
    answer = lab.control.post("/api/parties/nobody/refresh", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 404
    assert "that of these is: partner" in answer.get_data(as_text=True)


def test_what_is_held_can_be_read_without_token(lab: Lab) -> None:
    (row,) = lab.control.get("/api/parties").get_json()["parties"]
    assert (row["side"], row["metadata"], row["expired"]) == ("relying", "https://partner.example/metadata", False)
    assert row["keys"][0]["spki_sha256"] == credential("idp").public.sha256


def test_the_control_page_has_a_button(lab: Lab, publisher: Publisher) -> None:
    assert "Refresh partner" not in lab.control.get("/").get_data(as_text=True)
    page = lab.control.get(f"/?token={TOKEN}").get_data(as_text=True)
    assert 'action="/parties/partner/refresh"' in page
    answer = lab.control.post("/parties/partner/refresh", data={"token": TOKEN})
    assert answer.status_code == 303
    assert publisher.asked == 1
    assert "by hand: the same keys" in lab.control.get("/").get_data(as_text=True)


def test_a_lab_without_metadata_shows_none() -> None:
    pair = Pair()
    control = create_control_app(pair.lab, pair.idp.application, pair.sp.application).test_client()
    assert "<h2>Metadata</h2>" not in control.get("/").get_data(as_text=True)
    assert control.get("/api/parties").get_json() == {"parties": []}
