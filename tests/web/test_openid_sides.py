"""A lab file's provider and clients as they are served: their keys, who is registered how, and whom the lab can be."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from ssolab.core.findings import ConfigError
from ssolab.core.jose import public_of
from ssolab.cutover.cast import cast_for
from ssolab.oidc.keyring import KeyState
from ssolab.sources import load_profiles
from ssolab.web.openid_sides import openid_links, openid_of
from tests.cutover.parts import START, certificate
from tests.cutover.test_openid_labs import LAB, written
from tests.keys import test_key

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.cutover.model import Inventory
    from ssolab.web.openid import Openid

OLD, NEW = certificate("greenmoor"), certificate("sso_2027")


def sides(inventory: Inventory, party: str = "idp", **more: Any) -> Openid:
    names = cycle(("old", "new", "other"))
    cast = cast_for(inventory, lambda _kind, _bits: test_key(next(names)))
    return openid_of(inventory, inventory.parties[party], cast, START, **more)


def test_the_relying_party_is_the_client_of_the_link_as_the_lab_file_describes_it(tmp_path: Path) -> None:
    found = sides(written(tmp_path))
    assert (found.party, found.flavour) == ("idp", "generic")
    assert found.keys is not None
    assert [key.state for key in found.keys.keys] == [KeyState.ACTIVE, KeyState.GENERATED]
    (own,) = found.own
    assert (own.name, own.registered.client_id, own.registered.secret) == ("shop", "shop", "a secret of the lab")
    assert own.registered.redirect_uris == ("https://shop.example/callback",)
    assert own.registered.access_tokens == "jwt", "one of its links is about access tokens"
    assert own.profile is not None
    assert own.profile.id == "openid-client"
    assert found.clients == (), "the other client is tied to another provider"


def test_a_client_is_known_by_what_was_uploaded_for_it(tmp_path: Path) -> None:
    found = sides(written(tmp_path), "org")
    assert (found.flavour, found.keys, found.clients) == ("salesforce", None, ())
    (own,) = found.own
    pipeline = own.registered
    assert (pipeline.client_id, pipeline.name) == ("3MVG9.pipeline", "pipeline")
    certified, twin = pipeline.keys
    assert certified.certificate == OLD
    assert own.key is not None
    assert twin.public.spki == public_of(own.key.private).spki
    assert twin.certificate is not None
    assert twin.certificate.subject.der == OLD.subject.der, "the lab plays the client by a twin"


def test_what_a_cutover_brings_is_not_there_before(tmp_path: Path) -> None:
    both = LAB.replace('certificates = "old.crt"', 'certificates = ["new.crt", "old.crt"]')
    (own,) = sides(written(tmp_path, both), "org").own
    assert own.registered.keys[0].certificate == OLD
    assert NEW not in {key.certificate for key in own.registered.keys}


def test_a_relying_party_that_signs_to_prove_itself_is_played_by_a_twin_that_its_provider_knows(tmp_path: Path) -> None:
    proving = LAB.replace('client_secret = "a secret of the lab"', 'certificates = "new.crt"')
    (own,) = sides(written(tmp_path, proving)).own
    assert own.key is not None
    certified, twin = own.registered.keys
    assert certified.certificate == NEW
    assert twin.public.spki == public_of(own.key.private).spki
    assert "twin" in twin.source


def test_a_client_on_no_link_is_registered_with_every_provider(tmp_path: Path) -> None:
    more = LAB.replace(
        '[[link]]\nid = "shop-login"', '[[party]]\nid = "phone"\nkind = "rp"\n\n[[link]]\nid = "shop-login"'
    )
    inventory = written(tmp_path, more)
    for provider in ("idp", "org"):
        phone = next(each for each in sides(inventory, provider).clients if each.client_id == "phone")
        assert phone.is_public


def test_a_profile_that_is_asked_for_comes_before_the_lab_file_s(tmp_path: Path) -> None:
    (own,) = sides(written(tmp_path), profile=load_profiles()["authlib"]).own
    assert own.profile is not None
    assert own.profile.id == "authlib"


def test_two_clients_of_one_id_are_one_line(tmp_path: Path) -> None:
    same = LAB.replace(
        'id = "org"\nkind = "op"', 'id = "extra"\nkind = "rp"\nclient_id = "shop"\n\n[[party]]\nid = "org"\nkind = "op"'
    )
    with pytest.raises(ConfigError, match="parties shop and extra have one client_id at idp") as caught:
        sides(written(tmp_path, same))
    assert "\n" not in str(caught.value)


def test_the_links_of_openid_connect_are_those_of_all_providers_or_of_one(tmp_path: Path) -> None:
    inventory = written(tmp_path)
    assert [each.id for each in openid_links(inventory)] == list(inventory.links)
    assert [each.id for each in openid_links(inventory, inventory.parties["org"])] == [
        "pipeline-bearer",
        "pipeline-token",
    ]
