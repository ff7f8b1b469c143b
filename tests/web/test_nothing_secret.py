"""Nothing that the lab can emit holds a private key, a number of one, or a secret: pages, documents, journal, logs.

A lab of each flavour is played with secrets that only it knows, used rightly and wrongly. Then everything that can be
read is read, and looked through for the numbers of every private key in whatever way numbers are written.
"""

from __future__ import annotations

import json
import logging
from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization as write
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ssolab.core.keys import private_key_pem
from ssolab.oidc.keyring import KeyRing, KeyState, LifeKey
from ssolab.oidc.parties import LIFETIMES, Client, Provider, endpoints_at
from ssolab.web.app import create_asserting_app, create_control_app, create_relying_app
from ssolab.web.inprocess import InProcessLab
from ssolab.web.openid import Openid
from tests.keys import ec_test_key
from tests.web.bearers import uploaded
from tests.web.parts import NOW, config, credential, salesforce_asserting, salesforce_relying

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from ssolab.core.jose import JosePrivateKey
    from ssolab.oidc.parties import Flavour

ORG = "00D28000001QJay"
MAC_KEY = bytes(range(200, 232))
CALLBACK = "http://127.0.0.1:9000/callback"
SECRETS = ("s3cret-of-the-shop-8c1f", "guessed-secret-41d7")


# --- what is looked for ---


def private_numbers(key: JosePrivateKey) -> dict[str, int]:
    """The numbers of a private key that nobody else may know, by their names in a JWK."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        return {
            "d": numbers.d,
            "p": numbers.p,
            "q": numbers.q,
            "dp": numbers.dmp1,
            "dq": numbers.dmq1,
            "qi": numbers.iqmp,
        }
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"d": key.private_numbers().private_value}
    return {"d": int.from_bytes(key.private_bytes(write.Encoding.Raw, write.PrivateFormat.Raw, write.NoEncryption()))}


def spellings(raw: bytes) -> Iterator[bytes]:
    """How bytes can stand in a text: as they are, in hex, as a number, or in base64 with whatever before and after."""
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    yield str(int.from_bytes(raw)).encode()
    for before in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            whole = encode(b"\0" * before + raw)
            yield whole[4 if before else 0 : (before + len(raw)) // 3 * 4][:64]


@dataclass
class Search:
    """What must not be found, and where it was."""

    needles: dict[bytes, str] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    read: int = 0

    def forbid_key(self, name: str, key: JosePrivateKey) -> None:
        """Look for the private numbers of a key."""
        for member, number in private_numbers(key).items():
            for each in spellings(number.to_bytes((number.bit_length() + 7) // 8)):
                self.needles[each] = f"{member} of {name}"

    def forbid(self, name: str, secret: bytes) -> None:
        """Look for a secret."""
        for each in (secret, secret.hex().encode(), b64encode(secret).rstrip(b"="), repr(secret).encode()):
            self.needles[each] = name

    def look_at(self, where: str, text: bytes | str) -> None:
        """Look through a text."""
        data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        self.read += 1
        self.found += [f"{name} in {where}" for needle, name in self.needles.items() if needle in data]
        self.found += [f"a private key in {where}"] * (b"PRIVATE KEY--" in data)

    def look_at_json(self, where: str, value: object) -> None:
        """Look through a document for the members of a private JWK."""
        if isinstance(value, dict):
            if "kty" in value:
                bad = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & value.keys()
                self.found += [f"private members {sorted(bad)} in {where}"] * bool(bad)
            value = list(value.values())
        if isinstance(value, list):
            for each in value:
                self.look_at_json(where, each)


# --- the lab that is looked at ---


def lab_with_secrets(flavour: Flavour) -> InProcessLab:
    """A lab whose provider signs with three families of keys and whose clients have secrets and certificates."""
    edwards = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
    signing: dict[str, Any] = {"RS256": credential("idp").private, "ES256": ec_test_key("p256"), "EdDSA": edwards}
    keys = tuple(
        LifeKey.of(key, NOW, alg=alg, label=f"the key of {alg}", state=KeyState.ACTIVE) for alg, key in signing.items()
    )
    announced = LifeKey.of(credential("other").private, NOW, alg="RS256", label="the next", state=KeyState.PUBLISHED)
    provider = Provider(
        issuer="http://127.0.0.1:8080",
        endpoints=endpoints_at("http://127.0.0.1:8080", flavour),
        keys=KeyRing((*keys, announced)),
        flavour=flavour,
        lifetimes=LIFETIMES[flavour],
        org=ORG if flavour == "salesforce" else None,
        mac_key=MAC_KEY,
    )
    shop = Client(client_id="shop", secret=SECRETS[0], redirect_uris=(CALLBACK,), keys=uploaded("sp"))
    parties = (salesforce_asserting(), salesforce_relying()) if flavour == "salesforce" else (None, None)
    return InProcessLab(replace(config(*parties), openid=Openid(provider=provider, clients=(shop,))))


def secrets_of(played: InProcessLab) -> Search:
    """Everything secret that the lab holds."""
    lab, search = played.lab, Search()
    for key in lab.openid.provider.keys.keys:
        search.forbid_key(key.label, key.private)
    for side, party in (("asserting", lab.asserting), ("relying", lab.relying)):
        search.forbid_key(f"the {side} party", party.credential.private)
    for client in lab.openid.clients.values():
        if client.secret:
            search.forbid(f"the secret of {client.client_id}", client.secret.encode())
    search.forbid("a secret that was guessed", SECRETS[1].encode())
    search.forbid("the key of the org's signature", MAC_KEY)
    search.forbid("the token of the lab", lab.token.encode())
    return search


def play(played: InProcessLab, idp: FlaskClient) -> None:
    """Use the secrets rightly and wrongly, so that journal and pages have reason to speak of them."""
    assert played.login().accepted
    played.login(flow="oidc-code")
    for form in (
        {"grant_type": "client_credentials", "client_id": "shop", "client_secret": SECRETS[0]},
        {"grant_type": "client_credentials", "client_id": "shop", "client_secret": SECRETS[1]},
        {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": SECRETS[0]},
        {"grant_type": "refresh_token", "client_id": "shop", "client_secret": SECRETS[0], "refresh_token": "x"},
        {"grant_type": "client_credentials", "client_id": SECRETS[0][:4], "client_secret": SECRETS[1]},
    ):
        idp.post("/token", data=form)
        idp.post("/token", data=form, headers={"Authorization": f"Basic {b64encode(SECRETS[0].encode()).decode()}"})
        idp.post(f"/token?client_secret={SECRETS[0]}", data=form)
        idp.post("/introspect", data=form | {"token": "x"})
        idp.post("/revoke", data=form | {"token": "x"})
    key = credential("idp").private
    assert isinstance(key, rsa.RSAPrivateKey)
    idp.post("/register", json={"client_name": "x", "jwks": {"keys": [private_jwk(key)]}})
    idp.post("/register", json={"certificate": private_key_pem(key).decode()}, headers=bearer(played.lab.token))
    idp.post("/register", json={"jwks": {"keys": [private_jwk(key)]}}, headers=bearer(played.lab.token))
    idp.get(f"/authorize?client_id=shop&redirect_uri={CALLBACK}&response_type=code&client_secret={SECRETS[0]}")
    idp.post("/token", data={"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"})


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def private_jwk(key: rsa.RSAPrivateKey) -> dict[str, str]:
    """A private key as a JWK: what somebody registers who takes the wrong file."""
    public = key.public_key().public_numbers()
    numbers = {"n": public.n, "e": public.e} | private_numbers(key)
    return {"kty": "RSA"} | {
        name: urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8)).rstrip(b"=").decode()
        for name, number in numbers.items()
    }


def addresses(client: FlaskClient, played: InProcessLab) -> Iterator[str]:
    """Every address of an application that answers GET, with every journal entry and one of each other thing."""
    filled: dict[str, str] = {"name": "ssolab-rp", "org": ORG, "record": "0050000000000AB", "version": "v60.0"}
    for rule in client.application.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        if "number" in rule.arguments:
            yield from (rule.rule.replace("<int:number>", str(entry.number)) for entry in played.journal)
            continue
        path = rule.rule
        for name in rule.arguments:
            for kind in ("", "path:", "int:"):
                path = path.replace(f"<{kind}{name}>", filled.get(name, "x"))
        yield path


def settings(value: object, depth: int = 0) -> Iterator[object]:
    """Every value that settings and state are made of, down to a depth."""
    yield value
    if depth > 5:
        return
    if is_dataclass(value):
        parts: list[Any] = [getattr(value, each.name) for each in fields(value)]
    elif isinstance(value, dict):
        parts = [*value.values()]
    elif isinstance(value, (tuple, list, frozenset, set)):
        parts = [*value]
    else:
        parts = []
    for each in parts:
        if not isinstance(each, (str, bytes, int, float, type(None))):  # what stands alone is no repr of anything
            yield from settings(each, depth + 1)


@pytest.mark.parametrize("flavour", ["generic", "salesforce"])
def test_nothing_that_the_lab_emits_holds_what_is_secret(
    flavour: Flavour, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    played = lab_with_secrets(flavour)
    lab = played.lab
    asserting, relying = create_asserting_app(lab), create_relying_app(lab)
    apps = [each.test_client() for each in (asserting, relying, create_control_app(lab, asserting, relying))]
    play(played, apps[0])
    search = secrets_of(played)
    asked = 0
    for client in apps:
        for address in addresses(client, played):
            with client.get(address) as got:
                assert got.status_code < 500, address
                asked += 1
                search.look_at(address, got.data)
                search.look_at(f"the headers of {address}", str(got.headers))
                if got.mimetype == "application/json":
                    search.look_at_json(address, json.loads(got.data))
    state = [*settings(lab.config), *settings(lab.openid.provider), *settings(dict(lab.openid.clients))]
    state += [*settings(lab.openid_rp.client), *lab.journal.entries(), lab.openid.provider.keys]
    state += [each for each in vars(lab).values() if not isinstance(each, str)]  # its token, which has to be somewhere
    for value in state:
        search.look_at(f"the text of a {type(value).__name__}", repr(value))
        search.look_at(f"the text of a {type(value).__name__}", str(value))
    search.look_at("the log", caplog.text)
    search.look_at("what was written", "".join(capfd.readouterr()))
    assert search.found == []
    assert (asked > 60, search.read > 250, len(search.needles) > 200) == (True, True, True)


def test_the_search_sees_what_it_looks_for() -> None:
    key = credential("idp").private
    assert isinstance(key, rsa.RSAPrivateKey)
    numbers = private_numbers(key)
    der = key.private_bytes(write.Encoding.DER, write.PrivateFormat.PKCS8, write.NoEncryption())
    for text, seen in (
        (json.dumps(private_jwk(key)), {"d", "p", "q", "dp", "dq", "qi"}),
        (repr(key.private_numbers().d), {"d"}),
        (f"{numbers['p']:x}", {"p"}),
        (b64encode(der).decode(), {"d", "p", "q", "dp", "dq", "qi"}),
        (b64encode(b"x" + der).decode(), {"d", "p", "q", "dp", "dq", "qi"}),
    ):
        search = Search()
        search.forbid_key("it", key)
        search.look_at("here", text)
        assert {each.partition(" of")[0] for each in search.found} == seen
    search = Search()
    search.look_at("here", private_key_pem(key))
    search.look_at_json("there", {"keys": [{"kty": "EC", "d": "x"}]})
    assert search.found == ["a private key in here", "private members ['d'] in there"]
