"""The ring of a lab file's provider: which keys there are, what they are called, and where each stands at first."""

from __future__ import annotations

import json
from itertools import cycle
from typing import TYPE_CHECKING

import pytest

from ssolab import sources
from ssolab.core.findings import ConfigError
from ssolab.core.jwk import jwk_of, thumbprint
from ssolab.core.keys import PublicKey
from ssolab.cutover.cast import cast_for
from ssolab.cutover.openid_staging import cutovers_of, kid_of, ring_of
from ssolab.oidc.keyring import KeyState
from tests.cutover.parts import START, certificate
from tests.cutover.test_openid_labs import LAB, written
from tests.keys import test_key

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.cutover.model import Inventory
    from ssolab.oidc.keyring import KeyRing

OLD, NEW, OTHER = certificate("greenmoor"), certificate("sso_2027"), certificate("proxy")
WITHOUT_CUTOVERS = LAB.partition("[[cutover]]")[0]


def ring(inventory: Inventory, party: str = "idp") -> KeyRing | None:
    names = cycle(("old", "new", "other"))
    cast = cast_for(inventory, lambda _kind, _bits: test_key(next(names)))
    return ring_of(inventory, inventory.parties[party], cast, START)


def states(inventory: Inventory) -> list[tuple[str, str]]:
    found = ring(inventory)
    assert found is not None
    return [(key.kid, key.state.value) for key in found.keys]


def jwks(folder: Path, *keys: dict[str, object]) -> None:
    (folder / "jwks.json").write_text(json.dumps({"keys": keys}))


def listed(name: str, kid: str, **more: object) -> dict[str, object]:
    return jwk_of(PublicKey(certificate(name).spki), kid=kid) | more


def test_the_key_that_a_cutover_leaves_signs_and_the_one_that_it_brings_waits(tmp_path: Path) -> None:
    inventory = written(tmp_path)
    assert states(inventory) == [("264", "active"), (thumbprint(PublicKey(NEW.spki)), "generated")]
    found = ring(inventory)
    assert found is not None
    assert found.keys[0].certificate is not None
    assert found.keys[0].public.sha256 != OLD.spki_sha256, "a twin plays it"
    assert found.keys[0].certificate.subject.der == OLD.subject.der
    assert {key.since for key in found.keys} == {START}


def test_the_order_and_the_names_are_those_of_the_key_set(tmp_path: Path) -> None:
    written(tmp_path)
    jwks(tmp_path, listed("sso_2027", "b"), listed("proxy", "a"), listed("greenmoor", "c"))
    inventory = sources.load_lab(tmp_path, environ={})
    assert states(inventory) == [("b", "published"), ("a", "published"), ("c", "active")]


def test_without_a_cutover_the_first_certificate_over_a_listed_key_signs(tmp_path: Path) -> None:
    written(tmp_path, WITHOUT_CUTOVERS)
    jwks(tmp_path, listed("sso_2027", "b"))
    assert states(sources.load_lab(tmp_path, environ={})) == [
        ("b", "active"),
        (thumbprint(PublicKey(OLD.spki)), "generated"),
    ]


def test_a_key_set_alone_is_enough_and_its_first_key_signs(tmp_path: Path) -> None:
    text = WITHOUT_CUTOVERS.replace('certificates = ["old.crt", "new.crt"]\n', "")
    written(tmp_path, text)
    jwks(tmp_path, listed("proxy", "enc", use="enc"), listed("sso_2027", "b", alg="RS384"), listed("greenmoor", "c"))
    inventory = sources.load_lab(tmp_path, environ={})
    assert states(inventory) == [("b", "active"), ("c", "published")]
    found = ring(inventory)
    assert found is not None
    assert [key.alg for key in found.keys] == ["RS384", "RS256"]


def test_a_key_is_called_by_the_key_set_or_by_the_thumbprint_of_the_original(tmp_path: Path) -> None:
    provider = written(tmp_path).parties["idp"]
    assert kid_of(provider, OLD) == "264"
    assert kid_of(provider, NEW) == thumbprint(PublicKey(NEW.spki))


def test_the_keys_of_a_ring_take_over_from_one_another_whatever_their_algorithm(tmp_path: Path) -> None:
    found = ring(written(tmp_path))
    assert found is not None
    new = found.keys[1].kid
    swapped = found.published(new, START).swapped(new, START)
    assert [key.state for key in swapped.keys] == [KeyState.DRAINING, KeyState.ACTIVE]


def test_the_cutovers_of_a_party_are_those_that_leave_its_key(tmp_path: Path) -> None:
    inventory = written(tmp_path)
    assert [each.id for each in cutovers_of(inventory, inventory.parties["idp"])] == ["provider"]
    assert [each.id for each in cutovers_of(inventory, inventory.parties["pipeline"])] == ["client"]
    assert cutovers_of(inventory, inventory.parties["shop"]) == ()


def test_a_provider_of_whose_keys_nothing_is_known_has_no_ring(tmp_path: Path) -> None:
    assert ring(written(tmp_path), "org") is None


def test_two_keys_of_one_name_are_one_line_that_names_the_party(tmp_path: Path) -> None:
    written(tmp_path)
    jwks(tmp_path, listed("sso_2027", "b"), listed("greenmoor", "b"))
    with pytest.raises(ConfigError, match="party idp: key b: has the kid of another key") as caught:
        ring(sources.load_lab(tmp_path, environ={}))
    assert "\n" not in str(caught.value)
