"""Keys of a running pair: made, moved through their lives, trusted and read anew, by the interface and by the page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.core.jwk import TrustedJwk
from ssolab.core.keys import private_key_pem
from ssolab.oidc.relying import PinnedTrust
from ssolab.saml.metadata import read_entity
from ssolab.web.control import create_control_app
from tests.web.openid_pair import OpenidPair
from tests.web.parts import AMIRA, IDP, SP, credential

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

OWN = credential("idp").certificate.pem
"""The certificate with which the asserting party signs."""


class Keyed:
    """A pair with its control page, on a clock that stands still."""

    def __init__(self, **changes: Any) -> None:
        self.pair = OpenidPair.made(**changes)
        self.lab, drive = self.pair.lab, self.pair.drive
        self.control: FlaskClient = create_control_app(self.lab, drive.asserting, drive.relying).test_client()

    def post(self, path: str, status: int = 200, /, **body: object) -> dict[str, Any]:
        """Call the interface with the token."""
        answer = self.control.post(path, json=body, headers={"Authorization": f"Bearer {self.lab.token}"})
        assert answer.status_code == status, answer.text
        assert "PRIVATE" not in answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    def keys(self) -> dict[str, Any]:
        """What the interface says of keys."""
        found: dict[str, Any] = self.control.get("/api/keys").get_json()
        return found

    def made(self, party: str = "asserting", **body: object) -> str:
        """Make a key, and give its kid."""
        told = self.post("/api/keys", 201, **{"party": party, "label": "next", "from": "new"} | body)
        kid: str = told["key"]["kid"]
        return kid

    def states(self, party: str) -> dict[str, str]:
        """Where the keys of a party stand."""
        return {row["label"]: row["state"] for row in self.keys()["ring"] if row["party"] == party}

    def saml(self) -> Any:
        """Play a login of SAML, and give its verdict."""
        answer = self.control.post(
            "/api/login", json={"user": AMIRA.username}, headers={"Authorization": f"Bearer {self.lab.token}"}
        )
        return answer.get_json()["verdict"]

    def listed(self) -> list[str]:
        """The kids that the key set lists."""
        document = self.pair.drive.asserting.test_client().get("/jwks").get_json()
        return [key["kid"] for key in document["keys"]]


def test_the_ring_begins_with_the_key_that_signs_both_protocols() -> None:
    lab = Keyed()
    rows = {row["party"]: row for row in lab.keys()["ring"]}
    assert {party: row["state"] for party, row in rows.items()} == {
        "asserting": "active", "relying": "active", "provider": "active",
    }  # fmt: skip
    assert rows["asserting"]["kid"] == rows["provider"]["kid"] == rows["provider"]["id"]
    assert rows["asserting"]["spki_sha256"] == credential("idp").public.sha256
    assert rows["provider"]["alg"] == "RS256"


def test_one_key_goes_through_its_life_in_metadata_and_key_set_at_once() -> None:
    lab = Keyed()
    old = lab.keys()["ring"][0]["kid"]
    assert lab.pair.login().accepted
    assert lab.saml() == "accepted"
    new = lab.made()
    assert lab.listed() == [old]
    lab.post(f"/api/keys/{new}/publish")
    assert lab.listed() == [old, new]
    idp = read_entity(lab.pair.drive.asserting.test_client().get("/saml/metadata").data, "metadata").idp
    assert idp is not None
    assert len(idp.trusted_keys("")) == 2
    lab.post(f"/api/keys/{new}/swap")
    assert lab.states("provider") == lab.states("asserting")
    assert sorted(lab.states("asserting").values()) == ["active", "draining"]
    assert lab.saml() == "refused", "the service provider was told of no new key"
    entry = lab.pair.login()
    assert not entry.accepted, "the copy was fetched a moment ago, and the cooldown holds"
    lab.lab.clock.advance(timedelta(minutes=2))
    assert lab.pair.login().accepted, "the cooldown is over"
    told = lab.post(f"/api/keys/{old}/unpublish")
    assert told["key"]["state"] == "removed"
    assert lab.listed() == [new]
    assert [each.event for each in lab.lab.journal.entries() if each.event.startswith("key-")] == [
        "key-added", "key-moved", "key-moved", "key-moved",
    ]  # fmt: skip


def test_the_partner_is_told_by_hand_and_the_old_certificate_taken_away() -> None:
    lab = Keyed()
    old = lab.keys()["ring"][0]
    new = lab.made()
    lab.post(f"/api/keys/{new}/publish")
    row = next(row for row in lab.keys()["ring"] if row["party"] == "asserting" and row["kid"] == new)
    assert row["ready"] is False
    pem = next(key for key in lab.lab.openid.provider.keys.keys if key.kid == new).certificate
    assert pem is not None
    lab.post(f"/api/parties/{SP}/trust", add=pem.pem)
    row = next(row for row in lab.keys()["ring"] if row["party"] == "asserting" and row["kid"] == new)
    assert row["ready"] is True
    assert lab.saml() == "accepted"
    lab.post(f"/api/keys/{new}/swap")
    assert lab.saml() == "accepted"
    lab.post("/api/parties/relying/trust", remove=old["kid"])
    assert len(lab.lab.relying.trusted) == 1
    told = lab.post("/api/parties/relying/trust", 400, remove=new)
    assert "last key" in told["error"]
    lab.post("/api/parties/relying/trust", replace=old["kid"])
    assert lab.saml() == "refused"
    assert lab.lab.journal.entries()[-1].accepted is False


def test_ready_and_dead_are_computed_from_the_habits_of_who_verifies() -> None:
    lab = Keyed()
    new = lab.made("provider")
    lab.post(f"/api/keys/{new}/publish")

    def row(kid: str) -> dict[str, Any]:
        found: dict[str, Any] = next(
            row for row in lab.keys()["ring"] if (row["party"], row["kid"]) == ("provider", kid)
        )
        return found

    published = row(new)
    assert (published["ready"], published["dead"]) == (False, None)
    assert published["ready_at"] == "2027-01-04T09:01:00Z", "the cooldown of a minute is the shorter of the two"
    lab.lab.clock.advance(timedelta(minutes=1))
    assert row(new)["ready"] is True
    old = lab.listed()[0]
    lab.post(f"/api/keys/{new}/swap")
    drained = row(old)
    assert (drained["dead"], drained["dead_at"]) == (False, "2027-01-04T09:12:00Z"), "ten minutes and the skew"
    lab.lab.clock.advance(timedelta(minutes=11))
    assert row(old)["dead"] is True


def test_the_copy_is_shown_read_anew_and_forgotten() -> None:
    lab = Keyed()
    assert lab.keys()["copy"]["fetched"] is None
    assert lab.pair.login().accepted
    lab.lab.clock.advance(timedelta(seconds=20))
    copy = lab.keys()["copy"]
    assert (copy["fetched"], copy["age"]) == ("2027-01-04T09:00:00Z", 20)
    assert copy["kept_until"] == "2027-01-04T09:05:00Z"
    assert copy["cooldown_until"] == "2027-01-04T09:01:00Z"
    new = lab.made()
    lab.post(f"/api/keys/{new}/publish")
    lab.post(f"/api/keys/{new}/swap")
    assert not lab.pair.login().accepted
    told = lab.post("/api/parties/client/refresh")
    assert told["accepted"] is True
    assert [key["kid"] for key in told["copy"]["keys"]] == lab.listed()
    assert lab.pair.login().accepted
    assert lab.post("/api/parties/ssolab-rp/refresh", restart=True)["copy"]["fetched"] is None
    lab.pair.changes["/jwks"] = lambda told: replace(told, status=503)
    told = lab.post("/api/parties/client/refresh")
    assert told["accepted"] is False
    assert not lab.pair.login().accepted


def test_a_compromised_key_gives_way_to_the_published_one_at_once() -> None:
    lab = Keyed()
    old = lab.listed()[0]
    told = lab.post(f"/api/keys/{old}/compromise", 400)
    assert told["code"] == "key-move-impossible"
    new = lab.made()
    lab.post(f"/api/keys/{new}/publish")
    lab.post(f"/api/keys/{old}/compromise")
    assert lab.listed() == [new]
    assert sorted(lab.states("provider").values()) == ["active", "compromised"]
    assert lab.pair.login().accepted
    assert lab.post(f"/api/keys/{old}/publish", 400)["code"] == "key-move-impossible"


def test_a_provider_without_an_active_key_says_so() -> None:
    lab = Keyed()
    old = lab.listed()[0]
    lab.post(f"/api/keys/{old}/compromise", party="provider")
    assert lab.listed() == []
    assert lab.states("asserting") == {"idp": "active"}
    answer = lab.control.post(
        "/api/login",
        json={"user": AMIRA.username, "flow": "oidc-code"},
        headers={"Authorization": f"Bearer {lab.lab.token}"},
    )
    assert answer.get_json()["verdict"] == "refused"


def test_keys_come_from_files_and_as_twins(tmp_path: Path) -> None:
    lab = Keyed()
    signer = credential("other")
    both = tmp_path / "both.pem"
    both.write_bytes(private_key_pem(signer.private) + signer.certificate.pem.encode())
    bare = tmp_path / "bare.crt"
    bare.write_text(credential("new").certificate.pem)
    from_file = lab.post("/api/keys", 201, **{"party": "relying", "from": str(both)})["key"]
    assert from_file["certificate_sha256"] == signer.certificate.sha256
    twin = lab.post("/api/keys", 201, **{"party": "relying", "from": str(bare)})["key"]
    assert twin["label"].endswith("(twin)")
    assert twin["spki_sha256"] != credential("new").public.sha256
    own = lab.post("/api/keys", 201, **{"party": IDP, "from": "twin", "label": "as before"})["key"]
    assert (own["label"], own["not_after"]) == ("as before", "2028-01-01T00:00:00Z")
    assert lab.post("/api/keys", 400, **{"party": "relying", "from": str(both)})["error"]


def test_a_client_is_trusted_by_the_certificate_that_was_brought_in() -> None:
    lab = Keyed()
    pem = credential("new").certificate.pem
    lab.post("/api/parties/provider/trust", add=pem)
    held = [key.public.sha256 for key in lab.lab.openid.clients["ssolab-rp"].keys]
    assert held == [credential(key).public.sha256 for key in ("sp", "new")]  # beside the one that it signs with
    lab.post("/api/parties/provider/trust", replace=credential("other").certificate.base64, client="ssolab-rp")
    (key,) = lab.lab.openid.clients["ssolab-rp"].keys
    assert key.public.sha256 == credential("other").public.sha256
    assert "not registered" in lab.post("/api/parties/provider/trust", 400, add=pem, client="nobody")["error"]


def test_a_relying_party_that_reads_its_keys_can_be_pinned_and_then_changed_by_hand() -> None:
    lab = Keyed()
    idp, other = credential("idp").certificate, credential("other").certificate
    assert lab.post("/api/parties/client/trust", 400, add=other.pem)["code"] == "trust-not-by-hand"
    lab.post("/api/parties/client/trust", replace=other.pem)
    assert lab.keys()["copy"]["trust"] == "pinned"
    assert not lab.pair.login().accepted
    lab.post("/api/parties/client/trust", add=idp.pem)
    assert lab.pair.login().accepted
    assert lab.post("/api/parties/client/refresh", 400)["code"] == "nothing-to-read-anew"
    assert lab.lab.openid_rp.client.trust == PinnedTrust(
        keys=tuple(TrustedJwk.of(each, "a certificate that was brought in by hand") for each in (other, idp))
    )


@pytest.mark.parametrize(
    ("path", "body", "says", "code"),
    [
        ("/api/keys", {"party": "nobody", "from": "new"}, "nobody is called 'nobody'", "unknown-party"),
        ("/api/keys", {"party": "client", "from": "new"}, "no ring of keys", "unfit-call"),
        ("/api/keys", {"party": "provider"}, "from", "unfit-call"),
        ("/api/keys", {"party": "provider", "from": "new", "size": 1}, "does not know 'size'", "unfit-call"),
        ("/api/keys", {"party": "provider", "from": "no/such/file"}, "no/such/file", "unfit-call"),
        ("/api/keys", {"party": "provider", "from": "new", "label": "x" * 65}, "too long", "unfit-call"),
        ("/api/keys", {"party": ["provider"], "from": "new"}, "is no text", "unfit-call"),
        ("/api/keys/ghost/swap", {}, "no such key", "unknown-key"),
        ("/api/parties/relying/trust", {}, "exactly one", "unfit-call"),
        ("/api/parties/relying/trust", {"add": "MIIgarbage"}, "add", "unusable-certificate"),
        ("/api/parties/relying/trust", {"add": "no/such/file"}, "no/such/file", "unusable-certificate"),
        ("/api/parties/relying/trust", {"add": "a", "remove": "b"}, "exactly one", "unfit-call"),
        ("/api/parties/relying/trust", {"remove": OWN}, "the last key", "last-trusted-key"),
        ("/api/parties/asserting/trust", {"remove": OWN}, "does not trust that key", "key-not-held"),
        ("/api/parties/provider/trust", {"remove": OWN}, "does not trust that key", "key-not-held"),
        ("/api/parties/provider/trust", {"remove": OWN, "client": "x"}, "not registered", "client-not-named"),
        ("/api/parties/client/trust", {"remove": OWN}, "reads its keys", "trust-not-by-hand"),
        ("/api/parties/client/refresh", {"restart": "yes"}, "neither true nor false", "unfit-call"),
        ("/api/clock", {"at": "soon"}, "'soon'", "unfit-call"),
        ("/api/login", {"user": "nobody"}, "nobody is called", "unfit-call"),
        ("/api/logout", {"since": "x"}, "does not know 'since'", "unfit-call"),
        ("/api/faults", {"code": "no-such-fault"}, "no fault is called so", "unfit-call"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line_with_a_code_and_changes_nothing(
    path: str, body: Any, says: str, code: str
) -> None:
    lab = Keyed()
    before = lab.keys()
    answer = lab.control.post(path, json=body, headers={"Authorization": f"Bearer {lab.lab.token}"})
    assert answer.status_code == 400
    assert says in answer.get_json()["error"]
    assert answer.get_json()["code"] == code
    assert lab.keys() == before


@pytest.mark.parametrize(
    "path",
    ["/api/keys", "/api/keys/x/swap", "/api/parties/relying/trust", "/api/parties/client/refresh", "/keys",
     "/keys/x/swap", "/keys-copy/refresh"],
)  # fmt: skip
def test_nothing_moves_without_the_token(path: str) -> None:
    lab = Keyed()
    assert lab.control.post(path, json={"from": "new", "party": "provider"}).status_code == 403
    assert len(lab.keys()["ring"]) == 3


def test_the_page_shows_the_ring_and_moves_it() -> None:
    lab = Keyed()
    token = lab.lab.token
    assert lab.control.post("/keys", data={"token": token, "party": "asserting", "label": "next"}).status_code == 303
    kid = next(row["kid"] for row in lab.keys()["ring"] if row["label"] == "next")
    assert lab.control.post(f"/keys/{kid}/publish", data={"token": token}).status_code == 303
    assert lab.control.post("/keys-copy/refresh", data={"token": token}).status_code == 303
    assert lab.control.post("/keys-copy/restart", data={"token": token}).status_code == 303
    page = lab.control.get(f"/?token={token}").text
    assert f'action="/keys/{kid}/swap"' in page
    assert "known to all from" in page
    assert "PRIVATE KEY" not in page
    assert 'action="/keys' not in lab.control.get("/").text


def test_an_org_has_a_ring_of_its_own_for_tokens() -> None:
    from tests.web.parts import asserting_party

    lab = Keyed(asserting=replace(asserting_party(), flavour="salesforce"))
    assert len(lab.states("provider")) == 6
    new = lab.made("asserting")
    assert [row["party"] for row in lab.keys()["ring"] if row["kid"] == new] == ["asserting"]
    lab.post(f"/api/keys/{new}/publish")
    assert new not in lab.listed()
