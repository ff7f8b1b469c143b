"""Plays what a rehearsal asks for: logins of SAML and tokens, through pairs of applications in this process.

The rehearsal asks for hundreds, so one pair of applications is made once and only its settings are replaced; no sockets
are involved, and the second opinions are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ssolab.cutover.model import User
from ssolab.cutover.scene import Flow, Played, Side, message_not_judged
from ssolab.cutover.token_scene import TokenScene
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Lab, LabConfig
from ssolab.web.pages import UNSEEN
from ssolab.web.player import ARRIVE, ASK, RESPOND, Drive
from ssolab.web.sp import create_relying_app
from ssolab.web.token_player import TokenPlayer

if TYPE_CHECKING:
    from ssolab.cutover.scene import Scene

SENT: Final = frozenset({"request-sent", "response-sent", "resolve-sent", "resolve-answered"})
"""The journal events that tell of a message of SAML."""


class FlaskPlayer:
    """A player for the rehearsal: one pair of applications, set up anew for each scene."""

    def __init__(self) -> None:
        self._drive: Drive | None = None
        self._tokens = TokenPlayer()

    def __call__(self, scene: Scene | TokenScene) -> Played:
        """Play one login, or one token, and say how it went."""
        if isinstance(scene, TokenScene):
            return self._tokens(scene)
        drive = self._drive or self._make(scene)
        lab = drive.lab
        lab.forget()
        lab.reconfigure(scene.asserting, scene.relying)
        lab.users = {scene.username: User(username=scene.username)}
        late = (ASK, RESPOND, ARRIVE) if scene.flow is Flow.SAML_REQUEST else (ARRIVE,)
        lab.clock.set(scene.issued)
        entry = drive.login(scene.flow, scene.username, lambda leg: lab.clock.set(scene.at) if leg in late else None)
        entries = lab.journal.entries()
        findings = tuple(found for each in entries for found in each.findings)
        if not entry.accepted and not entry.findings:
            findings += (message_not_judged(entry.summary),)
        return Played(
            accepted=bool(entry.accepted),
            side=None if entry.accepted else Side(entry.side),
            findings=findings,
            messages=sum(each.event in SENT for each in entries),
        )

    def _make(self, scene: Scene) -> Drive:
        config = LabConfig(
            asserting=scene.asserting, relying=scene.relying, users=(), at=scene.issued, running=False, opinions=False
        )
        lab = Lab(config)
        apps = create_asserting_app(lab), create_relying_app(lab)
        for app in apps:
            app.config[UNSEEN] = app.config["PROPAGATE_EXCEPTIONS"] = True
        self._drive = Drive(lab, *apps)
        self._drive.connect()
        return self._drive
