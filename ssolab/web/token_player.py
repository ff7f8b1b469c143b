"""Plays tokens of the rehearsal through the pair's two applications, from the request to whoever refuses it.

An ID token travels as a user's does: the relying party sends the browser off, the authorization endpoint asks who it
is, the code is redeemed at the token endpoint, and the token is judged by a copy of the key set that came, now or
before, from the provider's own JWKS endpoint. What a client signs is posted to the token endpoint. Between relying
party and provider stands a network that makes edges lag, answers fail and messages take time.

Two things have no request of their own. The pair has no resource server, so an access token is fetched from the token
endpoint and then judged by the relying party's own reading of the key set. And the pair's provider holds a client's
keys as registered: where a profile says that a provider reads them from the client's key set, they are read as it does,
and what it then has is registered before the assertion is posted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from ssolab.core.jwks import read_jwks
from ssolab.core.strictjson import compact
from ssolab.cutover.keysets import INSTANT
from ssolab.cutover.rotation import Trouble
from ssolab.cutover.scene import Flow, Played, Side, message_not_judged
from ssolab.oidc.caching import Cache, Fetched
from ssolab.oidc.checks import Expected, TokenKind
from ssolab.oidc.discovered import Discovered
from ssolab.oidc.grants import SAML_BEARER
from ssolab.oidc.returning import provider_unanswered
from ssolab.web.errands import LastLogin
from ssolab.web.idp import create_asserting_app
from ssolab.web.lab import Lab
from ssolab.web.openid_player import openid_drive
from ssolab.web.outgoing import Call
from ssolab.web.pages import UNSEEN
from ssolab.web.player import Drive
from ssolab.web.rp_keys import fetched, judged
from ssolab.web.rp_login import FORM, redeemed
from ssolab.web.saml_assertions import saml_assertion
from ssolab.web.sp import create_relying_app
from ssolab.web.token_network import ERROR_PAGE, Network
from ssolab.web.token_stage import client_of, provider_of, relying_of, silent_pair

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ssolab.core.findings import Finding
    from ssolab.core.jwk import TrustedJwk
    from ssolab.cutover.token_scene import KeySetReader, TokenScene
    from ssolab.oidc.parties import Provider
    from ssolab.web.openid_player import OpenidDrive

    Fetch = Callable[[datetime, datetime], Fetched[TrustedJwk]]

SENT: Final = frozenset(
    {"openid-request-sent", "authorization-answered", "token-issued", "token-refused", "jwks-fetched"}
)
"""The journal events that tell of a message from one party to another."""

_JUDGED: Final = frozenset({"token-issued", "token-refused"})
_CREDENTIALS: Final = {"grant_type": "client_credentials"}
_NOBODY: Final = "a kid that no provider has"


class TokenPlayer:
    """A player of tokens: one pair of applications, set up anew for each scene."""

    def __init__(self) -> None:
        self._drive: OpenidDrive | None = None
        self._network: Network | None = None

    def __call__(self, scene: TokenScene) -> Played:
        """Play one token and say how it went."""
        if scene.reader is None and not scene.trusted:
            return _untried(scene, "no key is trusted")
        drive = self._drive or self._make(scene)
        lab, provider = drive.lab, provider_of(scene)
        lab.forget()
        lab.clock.set(scene.issued)
        lab.users = {scene.username: replace(lab.config.users[0], username=scene.username)}
        lab.openid.reconfigure(provider)
        lab.openid_rp.reconfigure(relying_of(scene, provider))
        lab.openid_rp.keys = Cache()
        assert self._network is not None  # noqa: S101  made together with the drive
        self._network.carries(scene, provider)
        return _Play(drive, self._network, scene, provider).played()

    def _make(self, scene: TokenScene) -> OpenidDrive:
        lab = Lab(silent_pair(scene))
        apps = create_asserting_app(lab), create_relying_app(lab)
        for app in apps:
            app.config[UNSEEN] = app.config["PROPAGATE_EXCEPTIONS"] = True
        self._drive = openid_drive(Drive(lab, *apps))
        self._drive.connect()
        self._network = Network(lab)
        return self._drive


class _Play:
    """One token on its way."""

    def __init__(self, drive: OpenidDrive, network: Network, scene: TokenScene, provider: Provider) -> None:
        self.drive, self.network, self.scene, self.provider = drive, network, scene, provider
        self.lab = drive.lab

    def played(self) -> Played:
        scene = self.scene
        if scene.flow.signed_by_asserting:
            self.lab.openid.register(client_of(scene))
            if scene.reader is not None:
                self.lab.openid_rp.keys = _lived(scene.reader, scene.kid, self._fetched)
                self.lab.clock.set(scene.issued)
                self.network.as_of = scene.reader.way.fresh
            return self._code() if scene.flow is Flow.OIDC_CODE else self._access_token()
        return self._posted() if scene.reader is None else self._read_and_posted(scene.reader)

    # --- what the provider signs ---

    def _fetched(self, now: datetime, as_of: datetime) -> Fetched[TrustedJwk]:
        self.lab.clock.set(now)
        self.network.as_of = as_of
        return fetched(self.lab, self.provider.endpoints.jwks)

    def _code(self) -> Played:
        lab = self.lab
        lab.last_login = LastLogin(lab.users[self.scene.username], self.scene.issued)  # so that no page has to ask
        entry = self.drive.login(self.scene.username, {"prompt": "none"})
        return self._told(entry.findings, entry.summary, accepted=bool(entry.accepted))

    def _access_token(self) -> Played:
        scene, client = self.scene, self.lab.openid_rp.client
        tokens, found = redeemed(self.lab, self._discovered, _CREDENTIALS)
        if tokens is None:
            return self._told(found, "no access token was issued", accepted=False)
        report = judged(
            self.lab,
            tokens.access,
            Expected(
                kind=TokenKind.ACCESS_TOKEN,
                now=scene.at,
                issuer=self.provider.issuer,
                audience=self.provider.issuer,
                client_id=scene.client_id,
                algorithms=client.algorithms,
                skew=client.skew,
                permit=client.permit,
                checks_expiry=client.checks_expiry,
                opinions=False,
                document="the access token",
            ),
        )
        return self._told(report.findings, "the access token was refused", accepted=report.accepted)

    @property
    def _discovered(self) -> Discovered:
        at = self.provider.endpoints
        return Discovered(issuer=self.provider.issuer, authorization=at.authorization, token=at.token, jwks=at.jwks)

    # --- what the client signs ---

    def _posted(self, listed: tuple[TrustedJwk, ...] = ()) -> Played:
        scene, lab = self.scene, self.lab
        lab.openid.register(client_of(scene, listed))
        if scene.flow is Flow.PRIVATE_KEY_JWT:
            redeemed(lab, self._discovered, _CREDENTIALS)
        elif scene.flow is Flow.SAML_BEARER:
            form = {"grant_type": SAML_BEARER, "assertion": saml_assertion(scene, self.provider)}
            body, headers = urlencode(form).encode(), {"Content-Type": FORM}
            lab.openid_rp.send(Call(address=self.provider.endpoints.token, method="POST", headers=headers, body=body))
        else:
            self.drive.bring(scene.username)
        entry = next(each for each in reversed(lab.journal.entries()) if each.event in _JUDGED)
        return self._told(entry.findings, entry.summary, accepted=bool(entry.accepted))

    def _read_and_posted(self, reader: KeySetReader) -> Played:
        """Post to a provider that reads the client's key set."""
        scene = self.scene

        def fetch(now: datetime, as_of: datetime) -> Fetched[TrustedJwk]:
            name = f"the key set of {scene.client_id}"
            trouble = reader.address.trouble(now)
            if trouble is Trouble.DOWN:
                raise provider_unanswered(name, "it answers with HTTP 503", "see what is wrong with the server")
            body = ERROR_PAGE if trouble is Trouble.ERROR_PAGE else compact(reader.address.document(as_of))
            keys = read_jwks(body, name).trusted(whole=reader.whole)
            return Fetched(keys=keys, max_age=reader.address.max_age)

        def now_fetched() -> Fetched[TrustedJwk]:
            return fetch(scene.at, reader.way.fresh)

        look = _lived(reader, scene.kid, fetch).look(reader.cache, kid=scene.kid, now=scene.at, fetch=now_fetched)
        if not look.keys:
            return _untried(scene, look.told)
        played = self._posted(look.keys)
        again = None if played.accepted else look.again(reader.cache, now=scene.at, fetch=now_fetched)
        if again is None or not again.keys:
            return played
        self.lab.forget()
        self.lab.clock.set(scene.issued)
        more = self._posted(again.keys)
        return replace(more, messages=played.messages + more.messages)

    def _told(self, findings: tuple[Finding, ...], said: str, *, accepted: bool) -> Played:
        if not accepted and not findings:
            findings = (message_not_judged(said),)
        sent = sum(each.event in SENT for each in self.lab.journal.entries())
        return Played(accepted=accepted, side=None if accepted else _side(self.scene), findings=findings, messages=sent)


def _lived(reader: KeySetReader, kid: str | None, fetch: Fetch) -> Cache[TrustedJwk]:
    """Let a verifier live through its past: what it fetched, and why."""
    way, habits = reader.way, reader.cache
    cache: Cache[TrustedJwk] = Cache()
    if way.fetched is None or way.copy is None:
        return cache
    at, copy = way.fetched, way.copy
    if way.missed:
        before = at - INSTANT
        cache = cache.look(habits, kid=None, now=before, fetch=lambda: fetch(before, copy)).cache
        return cache.look(habits, kid=_NOBODY, now=at, fetch=lambda: fetch(at, copy)).cache
    return cache.look(habits, kid=kid if way.primed else None, now=at, fetch=lambda: fetch(at, copy)).cache


def _side(scene: TokenScene) -> Side:
    return Side.RELYING if scene.flow.signed_by_asserting else Side.ASSERTING


def _untried(scene: TokenScene, said: str) -> Played:
    return Played(accepted=False, side=_side(scene), findings=(message_not_judged(said),), messages=0)
