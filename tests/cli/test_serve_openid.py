"""`ssolab serve` on labs with providers and clients: who is served, who can log in, and what the user reads."""

from __future__ import annotations

import json
import shutil
import urllib.request
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from ssolab.cli import run
from ssolab.cli._greeting import described, greeting
from ssolab.cli.serve import chosen_link, config_of, verifier_named
from ssolab.core import keys
from ssolab.core.findings import InputError
from ssolab.core.jose import read_compact, sign_compact
from ssolab.core.jwk import thumbprint
from ssolab.core.keys import PublicKey, SigningCredential, private_key_pem
from ssolab.core.names import name_of
from ssolab.core.selfsigned import self_signed
from ssolab.oidc.keyring import KeyState, KeyVerb
from ssolab.oidc.relying import JwksTrust, PinnedTrust
from ssolab.sources import load_lab
from ssolab.web.app import running_lab
from ssolab.web.holders import Holder
from ssolab.web.inprocess import InProcessLab
from ssolab.web.party_names import holder_named
from ssolab.web.rings import add_key, move_key
from tests.cutover.parts import certificate
from tests.cutover.test_openid_labs import LAB, written
from tests.interop.visitor import Visitor
from tests.keys import ec_test_key
from tests.keys import test_key as rsa_key

if TYPE_CHECKING:
    from ssolab.core.keys import PrivateKey
    from ssolab.web.app import RunningLab
    from ssolab.web.lab import LabConfig

SAMPLE = Path(__file__).resolve().parents[2] / "metadata"
SHOP = "https://shop.example/callback"
VERIFIER = "a" * 50
SOMEBODY = "somebody@lab.example"
EC = SigningCredential(
    private=ec_test_key(),
    certificate=self_signed(
        private=ec_test_key(),
        subject=name_of([("CN", "a key of another kind")]),
        serial=1,
        not_before=datetime(2000, 1, 1, tzinfo=UTC),
        not_after=datetime(2099, 1, 1, tzinfo=UTC),
    ),
    label="a key of another kind",
)
PIPELINE = """
[[party]]
id = "idp"
kind = "op"
certificates = "idp.crt"

[[party]]
id = "pipeline"
kind = "client"
client_id = "3MVG9.pipeline"
certificates = "app.crt"

[[link]]
id = "bearer"
flow = "jwt-bearer"
signer = "pipeline"
verifier = "idp"
"""


@pytest.fixture(autouse=True)
def _set_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hand out test keys, since making them takes long."""
    names, genuine = cycle(("old", "new", "other", "foreign", "idp")), keys.new_private_key

    def handed_out(kind: str = "RSA", bits: int = 2048) -> PrivateKey:
        return rsa_key(next(names)) if (kind, bits) == ("RSA", 2048) else genuine(kind, bits)

    monkeypatch.setattr(keys, "new_private_key", handed_out)


def settings(folder: Path, link: str | None = None, **more: Any) -> LabConfig:
    inventory = load_lab(folder, environ={})
    return config_of(inventory, chosen_link(inventory, link), host="127.0.0.1", port=0, **more)


def told(running: RunningLab, folder: Path, link: str | None = None) -> str:
    inventory = load_lab(folder, environ={})
    return "\n".join(greeting(inventory, chosen_link(inventory, link), running))


def got(address: str, form: dict[str, str] | None = None) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(address, urlencode(form).encode() if form else None, timeout=30) as answer:  # noqa: S310  an address of the lab
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def log_in_as_the_shop(base: str) -> dict[str, Any]:
    """Do what the shop's own application and somebody's browser do: code with PKCE, to an address of the file."""
    challenge = urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
    asked = {"client_id": "shop", "redirect_uri": SHOP, "response_type": "code", "scope": "openid", "state": "1"}
    asked |= {"nonce": "n", "code_challenge": challenge, "code_challenge_method": "S256"}
    visitor = Visitor.stopping_at(SHOP)
    page = visitor.open(f"{base}/authorize?{urlencode(asked)}")
    back = visitor.open(page.action, page.fields | {"username": SOMEBODY})
    code = dict(parse_qsl(urlsplit(back.leads_to).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": SHOP, "code_verifier": VERIFIER}
    form |= {"client_id": "shop", "client_secret": "a secret of the lab"}
    status, answer = got(f"{base}/token", form)
    assert status == 200, answer
    return dict(answer)


def test_a_provider_is_served_with_its_keys_and_people_log_in_at_its_client(tmp_path: Path) -> None:
    written(tmp_path)
    with running_lab(settings(tmp_path)) as running:
        base = running.bases.asserting
        _, found = got(f"{base}/.well-known/openid-configuration")
        assert (found["issuer"], found["jwks_uri"]) == (base, f"{base}/jwks")
        _, jwks = got(found["jwks_uri"])
        assert [key["kid"] for key in jwks["keys"]] == ["264"], "as the file's key set has it, the new one not yet"
        page = Visitor().open(f"{running.bases.relying}/oidc/login")
        page = Visitor().open(page.action, page.fields | {"username": SOMEBODY})
        assert SOMEBODY in page.text
        assert "accepted" in page.text
        answer = log_in_as_the_shop(base)
        assert read_compact(answer["id_token"], "token").header["kid"] == "264"
        assert read_compact(answer["access_token"], "token").header["typ"] == "at+jwt"
        keys_now = [(key.kid, key.state) for key in running.lab.openid.provider.keys.keys]
    assert keys_now == [
        ("264", KeyState.ACTIVE),
        (thumbprint(PublicKey(certificate("sso_2027").spki)), KeyState.GENERATED),
    ]


def test_another_link_brings_its_own_provider_and_the_first_goes_on_where_it_was(tmp_path: Path) -> None:
    written(tmp_path)
    lab = InProcessLab(settings(tmp_path))
    assert lab.login().accepted
    first = lab.lab.openid
    lab.lab.choose("pipeline-bearer")
    assert lab.lab.openid.outside.flavour == "salesforce"
    assert set(lab.lab.openid.clients) == {"3MVG9.pipeline"}
    assert lab.lab.openid.provider.keys.keys[0].kid == "262", "nothing is known of its keys, so it has those of an org"
    brought = lab.login()
    assert (brought.accepted, brought.event) == (True, "token-issued")
    lab.lab.choose("pipeline-token")
    assert lab.login().accepted
    assert lab.lab.openid_rp.client.auth_method == "private_key_jwt"
    lab.lab.choose("shop-api")
    assert lab.lab.openid is first
    assert lab.login().accepted


def test_a_key_that_is_made_later_takes_over_from_the_file_s_whatever_its_kind(tmp_path: Path) -> None:
    written(tmp_path, LAB.partition("[[cutover]]")[0])
    pair = InProcessLab(settings(tmp_path))
    lab = pair.lab
    assert pair.login().accepted
    made, _ = add_key(lab, holder_named(lab, "idp"), EC)
    for verb in (KeyVerb.PUBLISH, KeyVerb.SWAP):
        move_key(lab, made.kid, verb)
    states = {key.kid: key.state for key in lab.openid.provider.keys.keys}
    assert (states["264"], states[made.kid]) == (KeyState.DRAINING, KeyState.ACTIVE), "one signs at a time"
    lab.clock.advance(timedelta(minutes=6))
    entry = pair.login()
    assert entry.accepted
    assert entry.signature is not None
    assert entry.signature.key == made.public.sha256
    lab.openid.register(replace(lab.openid.clients["shop"], id_token_alg="RS256"))
    assert not pair.login().accepted, "no key of that algorithm signs any more"


def test_parties_of_the_file_are_found_by_their_ids(tmp_path: Path) -> None:
    written(tmp_path)
    lab = InProcessLab(settings(tmp_path)).lab
    assert holder_named(lab, "idp") is Holder.PROVIDER
    assert holder_named(lab, "shop") is Holder.CLIENT
    with pytest.raises(InputError, match="pipeline"):
        holder_named(lab, "pipeline")
    lab.choose("pipeline-bearer")
    assert holder_named(lab, "org") is Holder.PROVIDER


@pytest.mark.parametrize(
    ("profile", "kept"),
    [(None, "openid-client"), ("authlib", "authlib"), ("pinned-certificate", None)],
)
def test_the_relying_party_keeps_keys_as_the_file_or_the_command_line_says(
    profile: str | None, kept: str | None, tmp_path: Path
) -> None:
    written(tmp_path)
    lab = InProcessLab(settings(tmp_path, verifier=verifier_named(profile)))
    assert lab.login().accepted
    trust = lab.lab.openid_rp.client.trust
    if kept is None:
        assert isinstance(trust, PinnedTrust)
        assert [key.kid for key in trust.keys] == ["264"]
    else:
        assert isinstance(trust, JwksTrust)
        assert trust.profile == kept


def test_a_lab_of_saml_alone_takes_a_verifier_for_the_client_that_stands_in() -> None:
    lab = InProcessLab(settings(SAMPLE, verifier=verifier_named("pyjwt-jwk-client")))
    assert lab.login(flow="oidc-code").accepted
    trust = lab.lab.openid_rp.client.trust
    assert isinstance(trust, JwksTrust)
    assert trust.profile == "pyjwt-jwk-client"


def test_a_lab_of_saml_alone_is_served_as_before() -> None:
    config = settings(SAMPLE)
    assert config.openid is None
    with running_lab(config) as running:
        said = told(running, SAMPLE)
        assert list(running.lab.openid.clients) == ["ssolab-rp"]
    assert "OpenID" not in said


def mixed(folder: Path) -> Path:
    """The sample lab, and a provider with its client beside it."""
    shutil.copytree(SAMPLE, folder / "mixed")
    written(folder)
    for each in ("old.crt", "new.crt", "openid-configuration.json", "jwks.json"):
        shutil.copy(folder / each, folder / "mixed" / each)
    parties = LAB.partition("[[party]]")[2].partition("[[cutover]]")[0]
    file = folder / "mixed" / "ssolab.toml"
    file.write_text(f"{file.read_text()}\n[[party]]{parties}")
    return folder / "mixed"


def test_a_mixed_lab_serves_both_and_says_so(tmp_path: Path) -> None:
    folder = mixed(tmp_path)
    by_saml = InProcessLab(settings(folder))
    assert by_saml.lab.play.flow is not None
    assert by_saml.lab.play.flow.is_saml
    assert by_saml.lab.openid.clients["shop"].secret == "a secret of the lab"
    assert by_saml.login(flow="oidc-code").accepted
    with running_lab(settings(folder, "shop-login")) as running:
        said = told(running, folder, "shop-login")
        assert running.lab.asserting.entity_id in said
        assert not running.lab.asserting.entity_id.startswith("https://idp.invalid")
        where = json.loads(described(running))["result"]
    assert f"log in           {running.bases.relying}/oidc/login\n" in said
    assert f"by SAML          {running.bases.relying}/saml/login" in said
    assert "idp, key 264 signs" in said
    assert "shop, keeps its provider's keys as openid-client" in said
    assert (where["openid"]["provider"], where["openid"]["client_id"], where["openid"]["verifier"]) == (
        "idp",
        "shop",
        "openid-client",
    )
    assert "secret" not in json.dumps(where)


def test_where_the_file_has_no_saml_a_pair_stands_in(tmp_path: Path) -> None:
    written(tmp_path)
    lab = InProcessLab(settings(tmp_path))
    entry = lab.login(flow="saml-sp-initiated")
    assert entry.accepted
    assert lab.lab.asserting.entity_id == "https://idp.invalid/saml"
    spki = lab.lab.asserting.credential.public.spki
    assert spki not in {key.public.spki for key in lab.lab.openid.provider.keys.keys[:1]}


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A provider and an application whose certificate was uploaded; its key, and another, lie beside the lab."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "ssolab.toml").write_text(PIPELINE)
    (folder / "idp.crt").write_text(certificate("greenmoor").pem)
    certified = self_signed(
        private=rsa_key("sp"),
        subject=name_of([("CN", "pipeline")]),
        serial=1,
        not_before=datetime(2000, 1, 1, tzinfo=UTC),
        not_after=datetime(2099, 1, 1, tzinfo=UTC),
    )
    (folder / "app.crt").write_text(certified.pem)
    for name in ("sp", "google"):
        (tmp_path / f"{name}.key").write_bytes(private_key_pem(rsa_key(name)))
    return folder


def test_an_application_brings_assertions_by_its_certificate_and_is_refused_with_another_key(
    pipeline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_lab(settings(pipeline)) as running:
        line = next(each for each in told(running, pipeline).splitlines() if "get a token" in each)
        words = line.split("ssolab ", 1)[1].split()
        assert run([each.replace("FILE", "sp.key") for each in words]) == 0
        assert "access_token" in json.loads(capsys.readouterr().out)
        assert run([each.replace("FILE", "google.key") for each in words]) == 1
        assert "invalid_grant" in capsys.readouterr().out


def test_an_application_proves_itself_by_its_certificate_and_not_by_another_key(pipeline: Path) -> None:
    with running_lab(settings(pipeline)) as running:
        address = f"{running.bases.asserting}/token"
        answers = []
        for name in ("sp", "google"):
            now = int(running.lab.now().timestamp())
            claims = {"iss": "3MVG9.pipeline", "sub": "3MVG9.pipeline", "aud": address, "iat": now, "exp": now + 60}
            form = {
                "grant_type": "client_credentials",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": sign_compact({"typ": "JWT"}, claims | {"jti": name}, rsa_key(name), "RS256"),
            }
            answers.append(got(address, form))
    (status, answer), (refused, why) = answers
    assert (status, refused, why["error"]) == (200, 401, "invalid_client"), answers
    assert "access_token" in answer


def test_a_relying_party_that_proves_itself_by_a_key_logs_in_with_its_twin(tmp_path: Path) -> None:
    written(tmp_path, LAB.replace('client_secret = "a secret of the lab"', 'certificates = "new.crt"'))
    lab = InProcessLab(settings(tmp_path))
    assert lab.login().accepted
    assert lab.lab.openid_rp.client.auth_method == "private_key_jwt"


def test_open_registration_holds_for_every_provider(tmp_path: Path) -> None:
    written(tmp_path)
    lab = InProcessLab(settings(tmp_path, open_registration=True)).lab
    assert lab.openid.open_registration
    lab.choose("pipeline-bearer")
    assert lab.openid.open_registration


@pytest.mark.parametrize(
    ("instead", "options", "said"),
    [
        ("", ["--verifier", "openid-clint"], "openid-clint: no such profile is known; did you mean openid-client?"),
        ("", ["--verifier", "adfs-rp"], "is no profile of a verifier of tokens; "),
        ("", ["--verifier", "nothing-near-it\n"], "no such profile is known; choose one of"),
        ("", ["--link", "nobody"], "choose one of shop-login"),
        ('profile = "openid-clint"', [], "did you mean openid-client?"),
        ('certificates = ["old.crt", "gone.crt"]', [], "certificates names"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_and_exit_code_2(
    instead: str, options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = instead.partition(" ")[0]
    lines = [instead if instead and each.startswith(f"{name} = ") else each for each in LAB.splitlines()]
    written(tmp_path)
    (tmp_path / "ssolab.toml").write_text("\n".join(lines))
    assert run(["serve", str(tmp_path), "--port", "0", *options]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert said in captured.err
