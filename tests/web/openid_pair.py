"""A pair that plays OpenID Connect in one process, whose provider's answers a test can replace."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from html import unescape
from typing import TYPE_CHECKING, Any

from ssolab.core.jose import read_compact, sign_compact
from ssolab.oidc.keyring import LifeKey
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Bases, Lab
from ssolab.web.openid_player import OpenidDrive
from ssolab.web.pages import ENTRY_HEADER
from ssolab.web.sp import create_relying_app
from tests.keys import test_key
from tests.web.parts import AMIRA, config

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from ssolab.web.journal import Entry
    from ssolab.web.outgoing import Call, Told

DISCOVERY = "/.well-known/openid-configuration"
BASES = Bases(asserting="http://127.0.0.1:8080", relying="http://127.0.0.1:8081", control="http://127.0.0.1:8082")


@dataclass
class OpenidPair:
    """Both parties; `changes` replace what the provider answers at a path, and `asked` counts its questions."""

    lab: Lab
    drive: OpenidDrive
    changes: dict[str, Callable[[Told], Told]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)

    @classmethod
    def made(cls, **changes: Any) -> OpenidPair:
        """Make one on the fixed day of the tests, on a clock that stands still."""
        lab = Lab(replace(config(), running=False, opinions=False, **changes), BASES)
        drive = OpenidDrive(lab, create_asserting_app(lab), create_relying_app(lab))
        drive.connect()
        pair = cls(lab, drive)
        genuine = lab.openid_rp.send

        def send(call: Call) -> Told:
            path = call.address.removeprefix(BASES.asserting)
            pair.asked.append(path)
            pair.calls.append(call)
            told = genuine(call)
            return pair.changes[path](told) if path in pair.changes else told

        lab.openid_rp.send = send
        return pair

    def login(self, **wishes: str) -> Entry:
        """Play one login."""
        return self.drive.login(AMIRA.username, wishes)

    def client(self, **changes: Any) -> None:
        """Change the settings of the relying party."""
        state = self.lab.openid_rp
        state.reconfigure(replace(state.client, **changes))

    def answer(self, path: str, change: Callable[[dict[str, Any]], Any]) -> None:
        """Have the provider's JSON at a path changed before the relying party reads it."""

        def changed(told: Told) -> Told:
            return replace(told, body=json.dumps(change(json.loads(told.body))).encode())

        self.changes[path] = changed

    def signed_anew(self, token: str, *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Have the provider sign other claims, or under another header; `...` takes one away."""
        key = self.lab.openid.provider.keys.signing("RS256")
        read = read_compact(token, "token")
        named, told = {**read.header, **(header or {})}, {**json.loads(read.payload), **claims}
        return sign_compact(_kept(named), _kept(told), key.private, key.alg)

    def resigned(self, *, header: dict[str, Any] | None = None, **claims: Any) -> None:
        """Have every ID token of the token endpoint signed anew, with other claims or under another header."""
        self.answer(
            "/token",
            lambda members: {**members, "id_token": self.signed_anew(members["id_token"], header=header, **claims)},
        )

    def rotate(self, key: str = "new", *, overlap: bool = False) -> str:
        """Swap to a new key at once, with or without the old one staying in the set; gives the new kid."""
        now, openid = self.lab.now(), self.lab.openid
        new, old = LifeKey.of(test_key(key), now), openid.provider.keys.signing("RS256").kid
        openid.move_keys(lambda ring: ring.added(new).published(new.kid, now).swapped(new.kid, now))
        if not overlap:
            openid.move_keys(lambda ring: ring.unpublished(old, now))
        return new.kid

    def posted(self, change: Callable[[dict[str, str]], dict[str, str]], **wishes: str) -> Entry:
        """Play one login whose answer comes by form, which is changed before the browser posts it."""
        provider, relying = self.drive.asserting.test_client(), self.drive.relying.test_client()
        asked = relying.get("/oidc/login", query_string={"response_mode": "form_post", **wishes})
        page = provider.get(asked.headers["Location"])
        if 'name="username"' in page.get_data(as_text=True):
            action, fields = _form(page)
            page = provider.post(action, data={**fields, "username": AMIRA.username})
        last = relying.post("/oidc/callback", data=change(_form(page)[1]))
        entry = self.lab.journal.entry(int(last.headers[ENTRY_HEADER]))
        assert entry is not None
        return entry


def _kept(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not ...}


def _form(page: TestResponse) -> tuple[str, dict[str, str]]:
    """Read the form of a page: where it goes, and its hidden fields."""
    text = page.get_data(as_text=True)
    action = re.search(r'<form method="post" action="([^"]*)"', text)
    assert action, text
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text)
    return unescape(action[1]), {unescape(name): unescape(value) for name, value in fields}


def codes(entry: Entry) -> list[str]:
    """The codes of what refused."""
    return [found.code for found in entry.errors]
