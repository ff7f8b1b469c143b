"""A lab whose partner's metadata is named by its address: read, rehearsed, served and refreshed over real HTTP."""

from __future__ import annotations

import json
import shutil
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ssolab import fetching, sources
from ssolab.cli import run
from ssolab.cli.serve import config_of
from ssolab.core.findings import ConfigError, InputError
from ssolab.core.xmldsig import sign
from ssolab.core.xmltree import parse, serialise
from ssolab.cutover.scene import Flow
from ssolab.saml.metadata import EntityDescriptor, KeyDescriptor, read_entity, write_entity
from ssolab.saml.metadata_groups import EntitiesDescriptor, write_metadata
from ssolab.web.app import running_lab
from ssolab.web.player import Drive
from tests.web.parts import Pair, credential
from tests.web.serving import Publisher, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLE = Path(__file__).resolve().parents[1] / "metadata"
START = datetime(2027, 1, 4, tzinfo=UTC)
OKTA = read_entity((SAMPLE / "partners/okta/metadata.xml").read_bytes(), "okta")


def okta(*keys: str, **changes: Any) -> EntityDescriptor:
    """Metadata of the partner with further keys of the tests after its own."""
    assert OKTA.idp is not None
    more = tuple(KeyDescriptor(certificates=(credential(key).certificate,), use="signing") for key in keys)
    role = replace(OKTA.idp, key_descriptors=(*OKTA.idp.key_descriptors, *more))
    return replace(OKTA, idp=role, id="_okta", valid_until=START + timedelta(days=30), **changes)


def signed(metadata: EntityDescriptor | EntitiesDescriptor, by: str = "other") -> bytes:
    root = parse(write_metadata(metadata), "metadata")
    sign(root, credential(by))
    return serialise(root)


@pytest.fixture
def publisher() -> Publisher:
    return Publisher(signed(okta()))


@pytest.fixture
def base(publisher: Publisher) -> Iterator[str]:
    with serving(publisher) as address:
        yield address


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    folder = Path(shutil.copytree(SAMPLE, tmp_path / "lab"))
    (folder / "federation.crt").write_text(credential("other").certificate.pem)
    return folder


def naming(lab: Path, address: str, more: str = 'metadata_key = "federation.crt"') -> Path:
    file = lab / "ssolab.toml"
    text = file.read_text("utf-8")
    old = 'metadata = "partners/okta/metadata.xml"'
    assert old in text
    file.write_text(text.replace(old, f'metadata = "{address}"\n{more}'), "utf-8")
    return lab


def refusal(lab: Path) -> str:
    with pytest.raises(InputError) as raised:
        sources.load_lab(lab, environ={})
    assert isinstance(raised.value, ConfigError)
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_metadata_is_read_from_an_address_under_the_pinned_key(lab: Path, base: str, publisher: Publisher) -> None:
    read = sources.load_lab(naming(lab, f"{base}/okta"), environ={})
    party = read.parties["okta"]
    assert party.entities == (okta(),)
    (source,) = party.sources
    assert (source.place, source.fetched, source.entity_id) == (f"{base}/okta", START, OKTA.entity_id)
    assert publisher.asked == 1
    spki = credential("other").public.sha256[:16]
    assert list(read.told()) == [f"okta: metadata of {OKTA.entity_id} fetched from {base}/okta, signed by {spki}"]


def test_a_public_key_can_be_pinned_too(lab: Path, base: str) -> None:
    key = credential("other").private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (lab / "federation.pub").write_bytes(key)
    read = sources.load_lab(naming(lab, base, 'metadata_key = "federation.pub"'), environ={})
    assert read.parties["okta"].sources[0].pinned[0].public == credential("other").public


def test_this_machine_itself_need_not_sign(lab: Path, base: str, publisher: Publisher) -> None:
    publisher.document = write_entity(okta())
    read = sources.load_lab(naming(lab, base, ""), environ={})
    assert "not signed, from this machine itself" in next(read.told())


def test_the_entity_is_picked_out_of_an_aggregate(lab: Path, base: str, publisher: Publisher) -> None:
    members = (okta(), replace(okta(), entity_id="https://other", id=None))
    publisher.document = signed(EntitiesDescriptor(members=(replace(members[0], id=None), members[1]), id="_all"))
    more = f'metadata_key = "federation.crt"\nentity_id = "{OKTA.entity_id}"'
    read = sources.load_lab(naming(lab, base, more), environ={})
    assert read.parties["okta"].entities[0].entity_id == OKTA.entity_id


def test_several_entities_and_none_named_are_not_guessed_at(lab: Path, base: str, publisher: Publisher) -> None:
    members = (okta(), replace(okta(), entity_id="https://other", id=None))
    publisher.document = signed(EntitiesDescriptor(members=(replace(members[0], id=None), members[1]), id="_all"))
    assert "entity-in-metadata-ambiguous" in refusal(naming(lab, base))


def test_a_file_with_several_entities_is_picked_from_too(lab: Path) -> None:
    members = (replace(okta(), id=None), replace(okta(), entity_id="https://other", id=None))
    (lab / "all.xml").write_bytes(write_metadata(EntitiesDescriptor(members=members)))
    read = sources.load_lab(naming(lab, "all.xml", f'entity_id = "{OKTA.entity_id}"'), environ={})
    assert read.parties["okta"].entities == members[:1]
    assert list(read.told()) == []


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (b"<html/>", "no SAML 2.0 metadata"),
        (b"", "nothing in it"),
        (signed(okta(), by="foreign"), "is refused: key-not-trusted"),
        (write_entity(okta()).replace(b"<md:Ent", b"<md:Ent "), "not well-formed"),
        (signed(replace(okta(), valid_until=START)), "is refused: metadata-expired"),
    ],
)
def test_an_answer_that_is_no_trust_ends_in_one_line(
    lab: Path, base: str, publisher: Publisher, document: bytes, says: str
) -> None:
    publisher.document = document
    said = refusal(naming(lab, base))
    assert says in said
    assert base in said
    assert "ssolab.toml" in said


def test_an_address_that_does_not_answer_ends_in_one_line(lab: Path, base: str, publisher: Publisher) -> None:
    publisher.status = 503
    assert "it answers 503" in refusal(naming(lab, base))


@pytest.mark.parametrize(
    ("address", "more", "says"),
    [
        ("https://idp.example.org/", "", "no key is pinned for its signature; add metadata_key"),
        ("https://10.0.0.1/", 'metadata_key = "federation.crt"', "lies in a private network; set private_network"),
        ("http://idp.example.org/", 'metadata_key = "federation.crt"', "use https"),
        ("file:///etc/passwd", 'metadata_key = "federation.crt"', "neither https nor http"),
        ("https://idp.example.org/", 'metadata_key = "nowhere.crt"', "no such file"),
        ("https://idp.example.org/", 'metadata_key = "partners/okta/metadata.xml"', "a saml-metadata"),
        ("https://idp.example.org/", 'metadata_key = "https://idp.example.org/key"', "only metadata is read"),
        ("https://i.example/", 'metadata_key = "federation.crt"\nprivate_network = "yes"', "neither true nor false"),
        ("https://i.example/", 'metadata_key = "federation.crt"\nmetadata_life = "soon"', "is no duration: 'soon'"),
        ("https://i.example/", 'metadata_key = "federation.crt"\nmetadata_life = "PT0S"', "is no duration: 'PT0S'"),
        ("https://i.example/", 'metadata_key = "federation.crt"\nmetadata_life = "-P1D"', "is no duration: '-P1D'"),
        ("https://i.example/", 'metadata_key = "federation.crt"\nmetadata_life = 14', "metadata_life"),
    ],
)
def test_an_address_that_will_not_do_ends_in_one_line(lab: Path, address: str, more: str, says: str) -> None:
    assert says in refusal(naming(lab, address, more))


def test_the_private_network_is_asked_where_the_lab_says_so(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetch(address: str, *, private: bool) -> bytes:
        asked.append((address, private))
        return signed(okta())

    monkeypatch.setattr(fetching, "fetch", fetch)
    sources.load_lab(
        naming(lab, "https://10.0.0.1/", 'metadata_key = "federation.crt"\nprivate_network = true'), environ={}
    )
    assert asked == [("https://10.0.0.1/", True)]


# ---- rehearse and serve ---------------------------------------------------------------------------------------------


def test_rehearse_says_that_it_fetched(lab: Path, base: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rehearse", str(naming(lab, base)), "-q"]) == 1
    assert capsys.readouterr().err.splitlines()[0].startswith(f"okta: metadata of {OKTA.entity_id} fetched from {base}")


def test_rehearse_ends_in_one_line_where_the_network_fails(
    lab: Path, base: str, publisher: Publisher, capsys: pytest.CaptureFixture[str]
) -> None:
    publisher.status = 500
    assert run(["rehearse", str(naming(lab, base))]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "it answers 500" in shown.err
    assert shown.err.count("\n") == 1


def relying_trusts(pair: Pair) -> set[str]:
    return {key.public.sha256 for key in pair.lab.relying.trusted}


def test_a_served_lab_believes_the_partner_itself_and_its_mock(lab: Path, base: str, publisher: Publisher) -> None:
    publisher.document = signed(okta("idp"))
    inventory = sources.load_lab(naming(lab, base), environ={})
    config = config_of(inventory, inventory.links["okta-idp-initiated"], host="127.0.0.1", port=0)
    assert any("fetched from" in remark for remark in config.remarks)
    pair = Pair(settings=replace(config, opinions=False))
    drive = Drive(pair.lab, pair.idp.application, pair.sp.application)
    (user, *_) = pair.lab.users
    assert drive.login(Flow.SAML_IDP_INITIATED, user).accepted, "the mock signs with a twin"
    assert credential("idp").public.sha256 in relying_trusts(pair)

    asserting, relying = pair.lab.pair
    pair.lab.reconfigure(replace(asserting, credential=credential("new")), relying)
    assert not drive.login(Flow.SAML_IDP_INITIATED, user).accepted
    pair.lab.clock.advance(timedelta(minutes=2))
    publisher.document = signed(okta("idp", "new"))
    assert drive.login(Flow.SAML_IDP_INITIATED, user).accepted, "the partner itself signs with its new key"
    assert publisher.asked == 3
    kinds = [entry.event for entry in pair.lab.journal.entries()]
    assert kinds.count("metadata-refreshed") == 2


def test_a_lab_of_files_is_refreshed_from_its_files(lab: Path) -> None:
    inventory = sources.load_lab(lab, environ={})
    config = config_of(inventory, inventory.links["okta-idp-initiated"], host="127.0.0.1", port=0)
    with running_lab(replace(config, opinions=False)) as running:
        before = running.lab.relying.trusted
        (lab / "partners/okta/metadata.xml").write_bytes(write_entity(okta("idp")))
        request = urllib.request.Request(  # noqa: S310  an address of the lab
            f"{running.bases.control}/api/parties/okta/refresh",
            method="POST",
            headers={"Authorization": f"Bearer {running.lab.token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  an address of the lab
            (done,) = json.load(answer)["refreshed"]
        assert done["accepted"]
        assert [each["spki_sha256"] for each in done["appeared"]] == [credential("idp").public.sha256]
        assert {finding["code"] for finding in done["findings"]} == {"unverified-metadata"}
        assert len(running.lab.relying.trusted) == len(before) + 1
        assert before[0] in running.lab.relying.trusted, "the twin stays who it was"
