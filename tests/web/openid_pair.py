"""A pair that plays OpenID Connect in one process, whose provider's answers a test can replace."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Bases, Lab
from ssolab.web.openid_player import OpenidDrive
from ssolab.web.sp import create_relying_app
from tests.web.parts import AMIRA, config

if TYPE_CHECKING:
    from collections.abc import Callable

    from ssolab.web.journal import Entry
    from ssolab.web.outgoing import Call, Told

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


def codes(entry: Entry) -> list[str]:
    """The codes of what refused."""
    return [found.code for found in entry.errors]
