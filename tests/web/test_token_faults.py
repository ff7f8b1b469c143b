"""Faults of OpenID Connect in a lab on real ports: armed over HTTP, fired once, refused with their codes, and gone."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from html import unescape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin

import pytest
import requests

from ssolab.core.findings import InputError
from ssolab.core.keys import TrustedKey
from ssolab.faults.engine import Carrier
from ssolab.faults.oidc import faults
from ssolab.oidc.keyring import KeyRing, KeyState, LifeKey
from ssolab.oidc.relying import PinnedTrust
from ssolab.web.app import RunningLab, running_lab
from ssolab.web.armed import playable
from ssolab.web.fault_levers import subject_of
from ssolab.web.firing import CANNOT_FIRE
from ssolab.web.inprocess import InProcessLab
from ssolab.web.op_start import OWN_CLIENT
from ssolab.web.openid import Openid
from ssolab.web.pages import ENTRY_HEADER
from ssolab.web.token_firing import FIRED, kit_of
from tests.core.test_jose import ED25519
from tests.keys import ec_test_key
from tests.web.parts import AMIRA, NOW, config, credential

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ssolab.core.jose import JosePrivateKey
    from ssolab.faults.engine import Fault
    from ssolab.web.journal import Entry

PLAYED: Final = {each.code: each for each in faults()}

OF_THE_LAB: Final = frozenset(
    {"keys", "algorithms", "profile", "checks_expiry", "max_age", "code", "front_channel", "acr", "scopes"}
)
"""Settings of a receiver that a party of the lab can have, or that the way of the login makes."""
WISHES: Final[dict[str, dict[str, str]]] = {
    "max_age": {"max_age": "300"},
    "acr": {"claims": '{"id_token": {"acr": {"essential": true, "value": "gold"}}}'},
    "code": {"response_type": "code id_token", "response_mode": "form_post"},
    "front_channel": {"response_type": "id_token token", "response_mode": "form_post"},
}
"""What whoever begins the login asks for, where that makes the setting."""

_HMAC: Final = ("hmac-token",), "no party of the lab takes a shared secret in the place of keys"
_STRANGER: Final = ("token-signature-mismatch",), "nobody in the lab has heard of the key"
_NAMELESS: Final = ("unknown-kid",), "nobody in the lab has heard of the key"
ELSEWHERE: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "algorithm-of-another-curve": (
        ("key-on-another-curve", "ecdsa-signature-shape", "access-token-hash-mismatch"),
        "an access token comes along, and the algorithm also says how it is hashed",
    ),
    "algorithm-of-another-curve-with-a-signature-as-wide": (
        ("key-on-another-curve", "access-token-hash-mismatch"),
        "an access token comes along, and the algorithm also says how it is hashed",
    ),
    "client-assertion-about-another-client": (
        ("assertion-of-another-client", "token-subject-mismatch"),
        "the provider knows which client it is to be about",
    ),
    "client-assertion-by-another-issuer": (
        ("unknown-client",),
        "the issuer decides whose keys are asked",
    ),
    "empty-text-in-the-place-of-a-token": (("id-token-missing",), "the answer leaves out a member that is empty"),
    "hmac-with-a-guessed-secret": _HMAC,
    "hmac-with-a-short-secret": _HMAC,
    "hmac-with-an-empty-secret": _HMAC,
    "hmac-with-the-client-secret": _HMAC,
    "key-set-of-megabytes": (
        ("provider-unanswered", "no-keys-at-hand"),
        "whoever fetches hangs up after a megabyte, before there is anything to read",
    ),
    "new-key-under-the-old-name": _STRANGER,
    "plain-token-that-does-not-end": (("missing-claim",), "every token of a login is an ID token"),
    "several-audiences-that-are-trusted": (("additional-audience",), "the lab's client trusts no other one"),
    "several-audiences-without-a-party": (
        ("additional-audience", "authorized-party-missing"),
        "the lab's client trusts no other one",
    ),
    "token-from-a-week-ago": ((), "the lab's client does not ask when a token was issued, as long as it is good"),
    "token-signed-before-the-key-was-taken-over": _NAMELESS,
    "token-signed-with-a-short-key-that-is-permitted": (("weak-rsa-key",), "the lab's client permits nothing weak"),
    "token-signed-with-the-key-of-another-issuer": _STRANGER,
    "token-signed-with-the-retired-key": _STRANGER,
    "token-signed-with-the-retired-key-by-name": _NAMELESS,
    "token-without-a-kid-for-two-keys": ((), "the lab's provider lists one key, so there is nothing to choose"),
}
"""Faults of which the lab's own parties report something else than a receiver as the fault wants it, and why."""

JUDGED_BY: Final = {
    Carrier.ACCESS_TOKEN: ("userinfo-refused",),
    Carrier.CLIENT_ASSERTION: ("token-refused",),
    Carrier.BEARER_ASSERTION: ("token-refused", "token-issued"),
}
"""Where the reasons stand, if not in the judgement that ends the play."""


def browsing() -> requests.Session:
    """Ask the lab itself, whatever proxy the environment names."""
    session = requests.Session()
    session.trust_env = False
    return session


@dataclass
class Served:
    """A lab on real ports, and what scripts and a browser do with it over HTTP."""

    running: RunningLab

    def call(self, path: str, method: str = "POST", **body: Any) -> Any:
        """Call the interface."""
        headers = {"Authorization": f"Bearer {self.running.lab.token}"}
        with browsing() as script:
            address = self.running.bases.control + path
            return script.request(method, address, json=body, headers=headers, timeout=10).json()

    def browse(self, path: str, **query: str) -> Entry:
        """Open a page of the relying party in a browser, go wherever that leads, and give the last judgement."""
        with browsing() as browser:
            page = browser.get(self.running.bases.relying + path, params=query, timeout=10)
            for _ in range(3):
                form = re.search(r'<form method="post" action="([^"]*)"', page.text)
                if form is None:
                    break
                fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
                data = {unescape(name): unescape(value) for name, value in fields}
                here = urljoin(page.url, unescape(form[1]))
                page = browser.post(here, data=data | {"username": AMIRA.username}, timeout=10)
        entry = self.running.lab.journal.entry(int(page.headers[ENTRY_HEADER]))
        assert entry is not None
        return entry

    def since(self, number: int) -> list[Entry]:
        """What happened after an entry of the journal."""
        return [each for each in self.running.lab.journal.entries() if each.number > number]

    def good_login(self) -> None:
        """Nothing is armed, and a login goes well."""
        assert self.call("/api/faults", "GET")["armed"] == []
        assert self.call("/api/login", flow="oidc-code")["verdict"] == "accepted"


def deciding(fault: Fault, happened: list[Entry], last: Entry) -> Entry:
    """Find the judgement that has the reasons: that of whoever got the message, else the last one."""
    places = JUDGED_BY.get(fault.carrier, ())
    return next((each for each in reversed(happened) if each.event in places), last)


@pytest.fixture(scope="module")
def lab() -> Iterator[Served]:
    """A generic pair for all these plays, so that its throw-away keys are made once."""
    with running_lab(replace(config(), opinions=False)) as running:
        served = Served(running)
        served.good_login()
        yield served


@pytest.fixture(scope="module")
def org() -> Iterator[Served]:
    """The same with a provider that is as lenient with assertions as Salesforce."""
    own = credential("idp")
    key = LifeKey.of(own.private, NOW, alg="RS256", certificate=own.certificate, label="idp", state=KeyState.ACTIVE)
    openid = Openid(flavour="salesforce", keys=KeyRing((key,)))
    with running_lab(replace(config(), opinions=False, openid=openid)) as running:
        yield Served(running)


@contextlib.contextmanager
def set_up_for(served: Served, fault: Fault) -> Iterator[None]:
    """Have the lab's own receiver be as the fault wants it, as far as a party of the lab can."""
    lab = served.running.lab
    client, registered = lab.openid_rp.client, lab.openid.clients[OWN_CLIENT]
    key = client.key if fault.carrier is Carrier.BEARER_ASSERTION else None
    private = lab.openid.provider.keys.listed()[0].private if key is None else key.private
    kit = kit_of(lab, (fault,), AMIRA.username, private)
    wanted = {name: value(kit) if callable(value) else value for name, value in fault.receiver.items()}
    if "keys" in wanted and key is not None:
        held = (TrustedKey(public=each.public, certificate=each.certificate) for each in wanted["keys"])
        lab.openid.register(replace(registered, keys=tuple(held)))
    elif wanted.get("keys"):
        lab.openid_rp.reconfigure(replace(client, trust=PinnedTrust(keys=wanted["keys"])))
    changed = lab.openid_rp.client
    changed = replace(changed, algorithms=wanted.get("algorithms"), judging=wanted.get("profile", changed.judging))
    lab.openid_rp.reconfigure(changed)
    if fault.carrier is Carrier.JWKS:
        lab.openid_rp.restart()  # a copy of the keys would be used in place of those with the fault
    try:
        yield
    finally:
        lab.openid_rp.reconfigure(client)
        lab.openid.register(registered)
        if fault.carrier is Carrier.JWKS:
            lab.openid_rp.restart()


def played(served: Served, fault: Fault) -> Entry:
    """Play whatever carries the fault, with the fault, and give the last judgement."""
    lab, code = served.running.lab, fault.code
    wishes = [WISHES[name] for name in fault.receiver if name in WISHES]
    if code == "refreshed-token-of-another-subject":
        assert served.browse("/oidc/login", scope="openid offline_access").accepted
        served.call("/api/faults", code=code)
        return served.browse("/oidc/refresh")
    if wishes:
        served.call("/api/faults", code=code)
        return served.browse("/oidc/login", **wishes[0])
    if fault.carrier is Carrier.LOGOUT_TOKEN:
        served.call("/api/login", flow="oidc-code")
        answer = served.call("/api/logout", flow="oidc-logout", fault=code)
    else:
        flow = "jwt-bearer" if fault.carrier is Carrier.BEARER_ASSERTION else "oidc-code"
        answer = served.call("/api/login", flow=flow, fault=code)
    assert answer["result"]["faults"] == [code], answer
    entry = lab.journal.entry(answer["result"]["journal"])
    assert entry is not None
    return entry


IN_ORDER: Final = sorted(faults(), key=lambda each: (subject_of(each), each.code))
LAST: Final = {subject_of(each): each for each in IN_ORDER}
"""The last fault of each subject, after which a good login is played: each fault stands between two of them."""


@pytest.mark.parametrize("fault", [pytest.param(each, id=each.code) for each in IN_ORDER])
def test_a_fault_is_armed_once_and_ends_in_exactly_its_codes(fault: Fault, lab: Served, org: Served) -> None:
    lenient = fault.carrier is Carrier.BEARER_ASSERTION and "profile" in fault.receiver
    served = org if lenient else lab
    assert playable(fault) is None
    with set_up_for(served, fault):
        before = served.running.lab.journal.newest
        last = played(served, fault)
        happened = served.since(before)
    assert [each.faults for each in happened if each.event == FIRED] == [(fault.code,)]
    assert not [each for each in happened if each.event == CANNOT_FIRE]
    trips, _ = ELSEWHERE.get(fault.code, (fault.trips, ""))
    assert {found.code for found in deciding(fault, happened, last).errors} == set(trips)
    assert last.accepted == (not trips)
    assert served.running.lab.armed.waiting() == ()
    if fault is LAST[subject_of(fault)]:
        served.good_login()


def test_what_the_lab_reports_otherwise_has_a_reason() -> None:
    unset = {each.code for each in faults() if set(each.receiver) - OF_THE_LAB}
    assert unset - ELSEWHERE.keys() == {"refreshed-token-of-another-subject"}  # which is played by a refresh
    assert all(len(reason.split()) > 5 for _, reason in ELSEWHERE.values())


KINDS: Final = {
    Carrier.ID_TOKEN: "token-with-alg-none",
    Carrier.ACCESS_TOKEN: "access-token-of-a-stranger",
    Carrier.LOGOUT_TOKEN: "logout-token-with-a-nonce",
    Carrier.CLIENT_ASSERTION: "client-assertion-that-is-used-twice",
    Carrier.BEARER_ASSERTION: "bearer-assertion-that-is-used-twice",
    Carrier.JWKS: "keys-twice",
    Carrier.DISCOVERY: "discovery-of-another-issuer",
}
"""One fault of each kind of message, for the ways of arming it."""


OF_OTHER_KEYS: Final = (
    "access-token-of-a-stranger",
    "alg-twice",
    "certificate-as-shared-secret",
    "header-changed-after-signing",
    "key-set-that-was-swapped",
    "stranger-under-the-trusted-name",
    "token-with-its-own-certificate-in-the-header",
    "token-with-its-own-key-in-the-header",
)
"""Faults that sign, or show a key."""


def in_a_browser(served: Served, carrier: Carrier) -> Entry:
    """Do what sends such a message."""
    served.running.lab.openid_rp.restart()
    if carrier is Carrier.BEARER_ASSERTION:
        return served.browse("/oidc/bearer", user=AMIRA.username)
    login = served.browse("/oidc/login")
    return served.browse("/oidc/logout") if carrier is Carrier.LOGOUT_TOKEN else login


@pytest.mark.parametrize("by_page", [False, True], ids=["interface", "page"])
@pytest.mark.parametrize("carrier", KINDS)
def test_a_fault_that_was_armed_fires_in_the_next_such_message_of_a_browser(
    carrier: Carrier, lab: Served, *, by_page: bool
) -> None:
    fault, control = PLAYED[KINDS[carrier]], lab.running.bases.control
    token = lab.running.lab.token
    assert in_a_browser(lab, carrier).accepted is not False
    if by_page:
        form = {"token": token, "code": fault.code, "times": "1", "party": ""}
        with browsing() as browser:
            page = browser.post(f"{control}/faults", data=form, timeout=10).text
        assert f"<code>{fault.code}</code> for the next {carrier}" in page
    else:
        assert lab.call("/api/faults", code=fault.code)["armed"][0]["code"] == fault.code
    before = lab.running.lab.journal.newest
    last = in_a_browser(lab, carrier)
    happened = lab.since(before)
    judged = next(each for each in happened if {found.code for found in each.errors} == set(fault.trips))
    assert judged.accepted is False
    assert (last.accepted is False) == (carrier is not Carrier.LOGOUT_TOKEN)  # of which the browser sees nothing
    [fired] = [each for each in happened if each.event == FIRED]
    for entry, code in ((fired, fault.code), *((judged, each) for each in fault.trips)):
        with browsing() as browser:
            shown = browser.get(f"{control}/journal/{entry.number}?token={token}", timeout=10).text
        assert f"<code>{code}</code>" in shown
    assert lab.call("/api/faults", "GET")["armed"] == []
    assert in_a_browser(lab, carrier).accepted is not False


@pytest.mark.parametrize("key", [ED25519, ec_test_key("p384")], ids=["Ed25519", "P-384"])
def test_a_provider_may_sign_with_keys_of_another_kind(key: JosePrivateKey) -> None:
    ring = KeyRing((LifeKey.of(key, NOW, state=KeyState.ACTIVE, label="another kind"),))
    lab = InProcessLab(replace(config(), opinions=False, openid=Openid(keys=ring)))
    for code in OF_OTHER_KEYS:
        lab.lab.openid_rp.restart()
        assert lab.login(flow="oidc-code").accepted
        lab.lab.openid_rp.restart()
        before = lab.lab.journal.newest
        lab.login(flow="oidc-code", fault=code)
        judged = [each for each in lab.journal if each.number > before and each.accepted is False]
        assert any({found.code for found in each.errors} == set(PLAYED[code].trips) for each in judged), code
    for code in ("signing-key-with-padding", "rsa-signature-under-the-name-of-a-key-on-a-curve"):
        lab.lab.openid_rp.restart()
        with pytest.raises(InputError, match="it has no meaning here") as caught:
            lab.login(flow="oidc-code", fault=code)
        assert caught.value.name == code


def test_a_fault_waits_for_its_message_and_for_no_other(lab: Served) -> None:
    for code in KINDS.values():
        lab.call("/api/faults", code=code)
    assert lab.call("/api/login", flow="saml-sp-initiated")["verdict"] == "accepted"
    assert [each["code"] for each in lab.call("/api/faults", "GET")["armed"]] == [*KINDS.values()]
    assert lab.call("/api/faults", "DELETE")["disarmed"] == [*KINDS.values()]
    lab.running.lab.openid_rp.restart()
    lab.good_login()


@pytest.mark.parametrize(
    ("path", "body", "complaint"),
    [
        ("/api/login", {"flow": "jwt-bearer", "fault": "token-with-alg-none"}, "nothing was sent"),
        ("/api/login", {"flow": "oidc-code", "fault": "bearer-assertion-of-a-stranger"}, "nothing was sent"),
        ("/api/login", {"flow": "oidc-code", "fault": "logout-token-with-a-nonce"}, "the flow oidc-logout"),
        ("/api/login", {"flow": "jwt-bearer", "user": "mallory"}, "nobody is called"),
        ("/api/login", {"flow": "jwt-bearer", "fault": "bearer-assertion"}, "id you mean"),
        ("/api/logout", {"flow": "oidc-logout", "fault": "token-with-alg-none"}, "the flow oidc-code"),
        ("/api/logout", {"flow": "oidc-logout", "fault": "logout-request-of-an-unexpected-issuer"}, "saml-logout"),
        ("/api/logout", {"flow": "oidc-logout", "starts_at": "asserting"}, "begins at the relying party"),
        ("/api/logout", {"flow": "oidc-logout", "user": "mallory"}, "og in first"),
        ("/api/logout", {"flow": "oidc"}, "hoose saml-logout or oidc-logout"),
        ("/api/logout", {"flow": 1}, "is no text"),
        ("/api/faults", {"code": "bearer-assertion-of-a-stranger", "party": "asserting"}, "sends no bearer-assertion"),
        ("/api/faults", {"code": "token-with-alg-none", "party": "relying"}, "sends no id-token"),
        ("/api/faults", {"code": "token-with-alg-none", "times": -1}, "hoose 1 to 1000"),
    ],
)
def test_what_cannot_be_played_is_one_clear_line(lab: Served, path: str, body: dict[str, Any], complaint: str) -> None:
    lab.good_login()  # somebody is logged in
    answer = lab.call(path, **body)
    assert complaint in answer["error"] + " " + answer["remedy"]
    assert "\n" not in answer["error"]
    assert lab.running.lab.armed.waiting() == ()
