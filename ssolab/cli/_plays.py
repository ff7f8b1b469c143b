"""What `serve` plays: every link of the lab, each with a pair of SAML and a pair of OpenID Connect that answer."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ssolab.core.findings import ConfigError
from ssolab.cutover.staging import asserting_party, pair, relying_party
from ssolab.cutover.stand_ins import stand_in_pair
from ssolab.cutover.token_link import client_id_of
from ssolab.web.holders import Holder
from ssolab.web.lab import Play
from ssolab.web.op_start import stand_in
from ssolab.web.openid import Openid
from ssolab.web.openid_sides import openid_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ssolab.cutover.cast import Cast
    from ssolab.cutover.model import Inventory, Link, Profile
    from ssolab.saml.parties import SignedParts


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line says of how links are played."""

    sign: SignedParts | None = None
    switches: tuple[str, ...] = ()
    verifier: Profile | None = None
    open_registration: bool = False


def plays_of(inventory: Inventory, wanted: Link, cast: Cast, at: datetime, wishes: Wishes) -> Iterator[Play]:
    """Set up the wanted link first, then every other one that can be played.

    Beside a link of the one protocol the first of the other is played, and a pair of the lab's own where there is none.

    Raises:
        ConfigError: metadata of a side of the wanted link is missing, or clients of a provider contradict one another.
    """
    links = (wanted, *(other for other in inventory.links.values() if other.id != wanted.id))
    saml = dict(_saml_plays(inventory, links, wanted, cast, wishes))
    openid = _Openid(inventory, tuple(each for each in links if not each.flow.is_saml), cast, at, wishes)
    for link in links:
        if link.flow.is_saml and link.id in saml:
            yield openid.beside(saml[link.id], link)
        elif not link.flow.is_saml:
            by_saml = next(iter(saml.values()), None) or _stand_ins(inventory, link, cast, wishes)
            yield openid.over(by_saml, link, next((each for each in links if each.id in saml), None))


def _saml_plays(
    inventory: Inventory, links: tuple[Link, ...], wanted: Link, cast: Cast, wishes: Wishes
) -> Iterator[tuple[str, Play]]:
    from ssolab.cli._orgs import played

    for each in links:
        if not each.flow.is_saml:
            continue
        try:
            sides = pair(inventory, each, cast)
        except ConfigError:
            if each is wanted:
                raise
            continue
        yield each.id, played(inventory, each, sides, switches=wishes.switches, sign=wishes.sign)


def _stand_ins(inventory: Inventory, link: Link, cast: Cast, wishes: Wishes) -> Play:
    from ssolab.cli._orgs import flavoured

    sides = stand_in_pair(asserting_party(inventory, link), relying_party(inventory, link), cast)
    asserting, relying = flavoured(inventory, sides, sign=wishes.sign)
    return Play(link=link.id, flow=link.flow, asserting=asserting, relying=relying)


@dataclass(frozen=True, slots=True)
class _Openid:
    """The OpenID half of every play: each provider of the lab once, with whoever logs in there."""

    inventory: Inventory
    links: tuple[Link, ...]
    cast: Cast
    at: datetime
    wishes: Wishes

    def beside(self, play: Play, link: Link) -> Play:
        """Give a link of SAML the first of OpenID Connect, or what was asked for of the usual stand-in."""
        roles = _saml_roles(self.inventory, link)
        if self.links:
            first = self.links[0]
            return self._with(replace(play, called=_openid_roles(self.inventory, first) | roles), first)
        settings = self._wished(Openid(), play)
        return replace(play, openid=None if settings == Openid() else settings, called=roles)

    def over(self, play: Play, link: Link, beside: Link | None) -> Play:
        """Play a link of OpenID Connect beside the pair of another one's SAML, where there is one."""
        roles = _saml_roles(self.inventory, beside) if beside else {}
        called = roles | _openid_roles(self.inventory, link)
        return self._with(replace(play, link=link.id, flow=link.flow, called=called), link)

    def _with(self, play: Play, link: Link) -> Play:
        provider = asserting_party(self.inventory, link)
        settings = openid_of(self.inventory, provider, self.cast, self.at, profile=self.wishes.verifier)
        client = client_id_of(relying_party(self.inventory, link))
        return replace(play, openid=self._wished(settings, play), client_id=client)

    def _wished(self, settings: Openid, play: Play) -> Openid:
        if self.wishes.verifier is not None and not settings.own:
            own = stand_in(secrets.token_urlsafe(24), play.relying.credential)
            settings = replace(settings, own=(replace(own, profile=self.wishes.verifier),))
        return replace(settings, open_registration=self.wishes.open_registration)


def _saml_roles(inventory: Inventory, link: Link) -> dict[str, str]:
    return {
        asserting_party(inventory, link).id: Holder.ASSERTING.value,
        relying_party(inventory, link).id: Holder.RELYING.value,
    }


def _openid_roles(inventory: Inventory, link: Link) -> dict[str, str]:
    return {
        asserting_party(inventory, link).id: Holder.PROVIDER.value,
        relying_party(inventory, link).id: Holder.CLIENT.value,
    }
