"""Labs with providers and clients: from the file on disk to tokens that are played."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ssolab import sources
from ssolab.core.findings import ConfigError, InputError
from ssolab.core.jwk import jwk_of
from ssolab.core.keys import PublicKey
from ssolab.cutover.model import PartyKind
from ssolab.cutover.scene import Flow
from tests.cutover.parts import SECOND, certificate, play

if TYPE_CHECKING:
    from pathlib import Path

    from ssolab.cutover.model import Inventory
    from ssolab.cutover.rehearse import Rehearsal

LAB = """
[lab]
clock = "2027-01-04T00:00:00Z"

[[party]]
id = "idp"
kind = "op"
metadata = ["openid-configuration.json", "jwks.json"]
certificates = ["old.crt", "new.crt"]
override = { propagation = "PT1M" }

[[party]]
id = "shop"
kind = "rp"
client_id = "shop"
client_secret = "a secret of the lab"
redirect_uris = ["https://shop.example/callback"]
profile = "openid-client"

[[party]]
id = "pipeline"
kind = "client"
client_id = "3MVG9.pipeline"
certificates = "old.crt"

[[party]]
id = "org"
kind = "op"
issuer = "https://login.salesforce.com"
flavour = "salesforce"
override = { slots = 2, propagation = "PT10M", verifies = "yes", checks_expiry = "no", message_life = "PT3M" }

[[link]]
id = "shop-login"
flow = "oidc-code"
signer = "idp"
verifier = "shop"

[[link]]
id = "shop-api"
flow = "oidc-access-token"
signer = "idp"
verifier = "shop"

[[link]]
id = "pipeline-bearer"
flow = "jwt-bearer"
signer = "pipeline"
verifier = "org"

[[link]]
id = "pipeline-token"
flow = "private-key-jwt"
signer = "pipeline"
verifier = "org"

[[cutover]]
id = "provider"
links = ["shop-login", "shop-api"]
from = "old.crt"
to = "new.crt"
step = [
    { do = "publish", at = "2027-01-05T09:00:00Z", party = "idp" },
    { do = "swap", at = "2027-01-05T09:01:30Z", party = "idp" },
    { do = "unpublish", at = "2027-01-05T12:00:00Z", party = "idp" },
]

[[cutover]]
id = "client"
links = ["pipeline-bearer", "pipeline-token"]
from = "old.crt"
to = "new.crt"
step = [
    { do = "add", at = "2027-01-05T09:00:00Z", party = "org" },
    { do = "swap", at = "2027-01-05T09:04:00Z", party = "pipeline" },
    { do = "remove", at = "2027-01-05T12:00:00Z", party = "org" },
]
"""


def written(folder: Path, text: str = LAB) -> Inventory:
    old, new = certificate("greenmoor"), certificate("sso_2027")
    (folder / "old.crt").write_text(old.pem)
    (folder / "new.crt").write_text(new.pem)
    (folder / "openid-configuration.json").write_text(json.dumps({"issuer": "https://id.example"}))
    (folder / "jwks.json").write_text(json.dumps({"keys": [jwk_of(PublicKey(old.spki), kid="264")]}))
    (folder / "ssolab.toml").write_text(text)
    return sources.load_lab(folder, environ={"SHOP_SECRET": "from outside"})


def test_providers_and_clients_are_read_with_what_they_publish(tmp_path: Path) -> None:
    inventory = written(tmp_path)
    provider, shop = inventory.parties["idp"], inventory.parties["shop"]
    assert (provider.kind, shop.kind) == (PartyKind.OP, PartyKind.RP)
    assert provider.openid is not None
    assert provider.openid.issuer == "https://id.example"
    assert provider.openid.kids == {certificate("greenmoor").spki_sha256: "264"}
    assert shop.openid is not None
    assert (shop.openid.client_id, shop.openid.secret) == ("shop", "a secret of the lab")
    assert "secret" not in repr(shop)
    assert inventory.links["pipeline-token"].flow is Flow.PRIVATE_KEY_JWT


def test_a_secret_comes_from_the_environment(tmp_path: Path) -> None:
    named = LAB.replace('client_secret = "a secret of the lab"', 'client_secret_env = "SHOP_SECRET"')
    shop = written(tmp_path, named).parties["shop"].openid
    assert shop is not None
    assert shop.secret == "from outside"


def test_the_tokens_of_a_provider_are_at_risk_until_copies_and_edges_have_the_new_key(tmp_path: Path) -> None:
    inventory = written(tmp_path)
    played = play_one(inventory, "provider")
    assert played.disagreements == ()
    for link in played.links:
        # One minute until every edge serves the key, one minute of cooldown, and the swap after a minute and a half.
        bad = [(each.verdict.value, each.term, each.end - each.start) for each in link.windows if each.code]
        assert bad == [("at-risk", "min(C, d)", 30 * SECOND)]


def test_the_assertions_of_a_client_are_at_risk_until_the_upload_has_spread(tmp_path: Path) -> None:
    played = play_one(written(tmp_path), "client")
    assert played.disagreements == ()
    for link in played.links:
        bad = [(each.verdict.value, each.code, each.end - each.start) for each in link.windows if each.code]
        assert bad == [("at-risk", "late-partner", timedelta(minutes=6))]


def play_one(inventory: Inventory, cutover: str) -> Rehearsal:
    return play(replace(inventory, cutovers={cutover: inventory.cutovers[cutover]}))


@pytest.mark.parametrize(
    ("line", "instead", "said"),
    [
        ('client_id = "shop"', 'client_idd = "shop"', "did you mean client_id"),
        ('client_secret = "a secret of the lab"', 'client_secret_env = "NOT_THERE"', "export NOT_THERE"),
        ('redirect_uris = ["https://shop.example/callback"]', 'redirect_uris = ["shop"]', "http or https"),
        ('issuer = "https://login.salesforce.com"', 'issuer = "salesforce"', "http or https"),
        ('flow = "jwt-bearer"\nsigner = "pipeline"', 'flow = "jwt-bearer"\nsigner = "idp"', "kind op"),
        (
            'flow = "oidc-code"\nsigner = "idp"',
            'flow = "oidc-code"\nsigner = "org"',
            "give the party org certificates, or a key set",
        ),
        ('profile = "openid-client"', 'algorithms = ["RS257"]', "did you mean RS256"),
        ('id = "shop"\nkind = "rp"', 'id = "shop"\nkind = "sp"', "give it to a party of kind rp, client or salesforce"),
        ('id = "idp"\nkind = "op"', 'id = "idp"\nkind = "op"\nclient_id = "idp"', "kind rp, client or salesforce"),
        ('client_id = "3MVG9.pipeline"', 'issuer = "https://id.example"', "kind op or salesforce"),
        ('client_id = "3MVG9.pipeline"', 'auth_method = "secret"', "client_secret_basic"),
        ('client_id = "3MVG9.pipeline"', 'auth_method = "client_secret_post"', "add client_secret_env"),
        ('profile = "openid-client"', 'auth_method = "private_key_jwt"', "or a key set as metadata"),
        ('profile = "openid-client"', 'auth_method = "none"', "there is a secret"),
        ('"jwks.json"]', '"https://id.example/jwks"]', "download it"),
    ],
)
def test_a_mistake_is_one_line_with_its_place_and_a_remedy(tmp_path: Path, line: str, instead: str, said: str) -> None:
    assert line in LAB
    with pytest.raises(ConfigError, match=said) as caught:
        written(tmp_path, LAB.replace(line, instead))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "said"), [("[lab]", "JSON"), ('{"key": 1}', "no discovery document and no key set")])
def test_a_file_that_is_neither_discovery_document_nor_key_set_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(InputError, match=said) as caught:
        written(tmp_path, LAB.replace('"jwks.json"]', '"odd.json"]'))
    assert "odd.json" in str(caught.value)


def test_an_assertion_of_saml_is_at_risk_until_the_upload_has_spread(tmp_path: Path) -> None:
    """RFC 7522: what rotates is the key with which the client signs SAML."""
    inventory = written(tmp_path, LAB.replace('flow = "jwt-bearer"', 'flow = "saml-bearer"'))
    played = play_one(inventory, "client")
    assert played.disagreements == ()
    bearer, token = played.links
    assert bearer.link.flow is Flow.SAML_BEARER
    assert [(each.verdict, each.code, each.start, each.end) for each in bearer.windows] == [
        (each.verdict, each.code, each.start, each.end) for each in token.windows
    ], "as a token of the same key"
    said = {found.code for window in bearer.windows for found in window.findings}
    assert "key-not-trusted" in said, said


def test_a_saml_bearer_link_that_a_provider_signs_is_refused_with_its_place(tmp_path: Path) -> None:
    wrong = LAB.replace('flow = "jwt-bearer"\nsigner = "pipeline"', 'flow = "saml-bearer"\nsigner = "idp"')
    with pytest.raises(ConfigError, match="which saml-bearer cannot have there") as caught:
        written(tmp_path, wrong)
    assert "name a party of kind rp or client or salesforce or idp" in str(caught.value)


def bare(folder: Path, *, start: str = "264", to: str = "jwks-new.json") -> Inventory:
    """A provider of which nothing is known but its key set, that of now and that to come."""
    new = certificate("sso_2027")
    (folder / "jwks-new.json").write_text(json.dumps({"keys": [jwk_of(PublicKey(new.spki), kid="265")]}))
    text = LAB.replace('certificates = ["old.crt", "new.crt"]\n', "", 1)
    text = text.replace('from = "old.crt"\nto = "new.crt"', f'from = "{start}"\nto = "{to}"', 1)
    return written(folder, text.replace('certificates = "old.crt"', 'certificates = "new.crt"', 1))


@pytest.mark.parametrize("start", ["264", "jwks.json", "jwks.json#264"])
@pytest.mark.parametrize("to", ["jwks-new.json", "jwks-new.json#265"])
def test_a_cutover_may_go_from_one_bare_key_of_a_key_set_to_another(start: str, to: str, tmp_path: Path) -> None:
    inventory = bare(tmp_path, start=start, to=to)
    cutover = inventory.cutover("provider")
    assert cutover.old.spki == certificate("greenmoor").spki
    assert cutover.new.spki == certificate("sso_2027").spki
    assert cutover.old_name == "264"
    assert cutover.rotation is not None
    assert cutover.rotation.new_kid == "265", "the name that its set gives it"


def test_a_rotation_of_bare_keys_is_predicted_and_played_as_one_of_certificates(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    played, known = play_one(bare(tmp_path / "a"), "provider"), play_one(written(tmp_path / "b"), "provider")
    assert played.disagreements == ()
    assert [(each.verdict, each.code, each.start) for link in played.links for each in link.windows] == [
        (each.verdict, each.code, each.start) for link in known.links for each in link.windows
    ]


@pytest.mark.parametrize(
    ("start", "remedy"),
    [
        ("jwks.json#999", "write one of: jwks.json#264"),
        ("other.json", "there is no such file"),
        ("ssolab.json", "no such"),
    ],
)
def test_a_key_that_is_in_no_key_set_is_one_line_with_the_place(start: str, remedy: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=remedy) as caught:
        bare(tmp_path, start=start)
    assert "ssolab.toml:" in caught.value.name
    assert "\n" not in str(caught.value)
